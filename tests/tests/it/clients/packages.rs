//! Packages of other languages, which are fetched once and kept between runs, pinned by the lock files in tests/clients.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use ostrakon_tests::{place, program};

use super::scripts;

/// Where they are kept.
fn home(name: &str) -> PathBuf {
    let path = place::base().join("packages").join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Does something once for each text of a lock file, whatever processes and threads ask for it at the same time.
fn once(home: &Path, wanted: &str, make: impl FnOnce()) {
    static THREADS: Mutex<()> = Mutex::new(());
    let _threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let processes = std::fs::File::create(home.with_extension("lock")).unwrap();
    rustix::fs::flock(&processes, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let done = home.join("installed.txt");
    if std::fs::read_to_string(&done).ok().as_deref() != Some(wanted) {
        make();
        std::fs::write(done, wanted).unwrap();
    }
}

/// An interpreter of Python with the packages of requirements.txt.
pub fn python() -> PathBuf {
    let home = home("python");
    let interpreter = home.join("bin/python");
    let requirements = scripts().join("python/requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).unwrap();
    once(&home, &wanted, || {
        program::must(Command::new("python3").args(["-m", "venv"]).arg(&home));
        let mut install = Command::new(&interpreter);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
        program::must(install.arg(&requirements));
    });
    interpreter
}

/// A folder with the packages of package-lock.json, and the programs that use them.
pub fn node() -> PathBuf {
    let home = home("node");
    let lock = std::fs::read_to_string(scripts().join("node/package-lock.json")).unwrap();
    once(&home, &lock, || {
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(scripts().join("node").join(file), home.join(file)).unwrap();
        }
        program::must(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&home));
    });
    home
}

/// Go's client, compiled with the driver that the system's package brings.
pub fn go() -> PathBuf {
    let home = home("go");
    let (source, program) = (scripts().join("go/main.go"), home.join("client"));
    let wanted = std::fs::read_to_string(&source).unwrap();
    once(&home, &wanted, || {
        let mut build = Command::new("go");
        build.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOCACHE", home.join("cache"));
        program::must(build.args(["build", "-o"]).arg(&program).arg(&source));
    });
    program
}

/// sqlx's client. It is no part of the workspace, whose lock file would have all that sqlx has for other servers.
pub fn sqlx() -> PathBuf {
    let (home, source) = (home("sqlx"), scripts().join("sqlx"));
    let files = ["Cargo.toml", "Cargo.lock", "src/main.rs"];
    let texts: Vec<String> =
        files.iter().map(|file| std::fs::read_to_string(source.join(file)).unwrap()).collect();
    once(&home, &texts.concat(), || {
        let mut build = Command::new("cargo");
        // Elsewhere than the workspace's own: flags and target folder are its own too.
        build.env_remove("RUSTFLAGS").env("CARGO_TARGET_DIR", home.join("target")).current_dir(&source);
        program::must(build.args(["build", "--locked", "--quiet"]));
    });
    home.join("target/debug/ostrakon-client-sqlx")
}
