//! Where tests keep their servers' data and find the program under test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The folder of all test clusters: `OSTRAKON_TEST_DIRECTORY`, else one in the target folder.
pub fn base() -> PathBuf {
    match std::env::var_os("OSTRAKON_TEST_DIRECTORY") {
        Some(path) => PathBuf::from(path),
        None => target().join("test-clusters"),
    }
}

/// The repository's folder.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// The target folder, by the place of the running test: `TARGET/debug/deps/it-0123`.
fn target() -> PathBuf {
    profile_folder().parent().map(Path::to_owned).unwrap_or_default()
}

fn profile_folder() -> PathBuf {
    let program = std::env::current_exe().expect("the running program has a path");
    let folder = program.ancestors().nth(2).expect("a test program stands in PROFILE/deps");
    folder.to_owned()
}

/// The `ostrakon` program: `OSTRAKON_BINARY`, else the one built beside the tests.
pub fn ostrakon() -> PathBuf {
    let path = match std::env::var_os("OSTRAKON_BINARY") {
        Some(path) => PathBuf::from(path),
        None => profile_folder().join("ostrakon"),
    };
    assert!(
        path.is_file(),
        "{} is missing: run `make test`, or `cargo build -p ostrakon` first",
        path.display()
    );
    path
}

/// Another program that is built beside the tests.
pub fn beside(name: &str) -> PathBuf {
    let path = profile_folder().join(name);
    assert!(path.is_file(), "{} is missing: run `make test`", path.display());
    path
}

/// A folder of one test's own. It is removed when the test ends well, and stays when it fails.
#[derive(Debug)]
pub struct Folder(PathBuf);

static NEXT: AtomicU32 = AtomicU32::new(1);

impl Folder {
    /// A new empty folder.
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base().join(format!("{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap_or_else(|error| panic!("making {}: {error}", path.display()));
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("The servers' files and logs are kept in {}", self.0.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
