//! Files of the launcher: copies of data directories, log tails, programs on the search path.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::dev::error::DevError;

/// Bytes of a log's end that an error shows.
const LOG_TAIL_BYTES: u64 = 3000;

/// Copies a folder with all that it holds. Symbolic links and sockets are left out: a data directory has none that matter.
pub fn copy_directory(from: &Path, to: &Path) -> Result<(), DevError> {
    fs::create_dir_all(to).map_err(DevError::file("making", to))?;
    for entry in fs::read_dir(from).map_err(DevError::file("reading", from))? {
        let entry = entry.map_err(DevError::file("reading", from))?;
        let kind = entry.file_type().map_err(DevError::file("reading", &entry.path()))?;
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target).map_err(DevError::file("copying to", &target))?;
        }
    }
    Ok(())
}

/// Removes a folder and all that it holds; a folder that is not there is no failure.
pub fn remove_directory(path: &Path) -> Result<(), DevError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DevError::file("removing", path)(error))
        }
        _ => Ok(()),
    }
}

/// Makes the folder and gives its absolute path.
pub fn absolute(path: &Path) -> Result<PathBuf, DevError> {
    fs::create_dir_all(path).map_err(DevError::file("making", path))?;
    fs::canonicalize(path).map_err(DevError::file("reading", path))
}

/// Writes a whole small file by rename, so that a reader never sees half of it.
pub fn write(path: &Path, text: &str) -> Result<(), DevError> {
    let partial = path.with_extension("partial");
    fs::write(&partial, text).map_err(DevError::file("writing", &partial))?;
    fs::rename(&partial, path).map_err(DevError::file("writing", path))
}

/// A number kept in a file of its own; `None` when the file is missing or holds something else.
pub fn read_number<T: std::str::FromStr>(path: &Path) -> Option<T> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The end of a log, for an error's text; never fails.
pub fn log_tail(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    match read() {
        Ok(text) => format!("{}:\n{text}", path.display()),
        Err(error) => format!("{}: {error}", path.display()),
    }
}

/// A program on PATH, or in the system folders that an ordinary user's PATH leaves out.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system =
        ["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/mysql/bin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_the_system_is_found_and_an_invented_one_is_not() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-of-ours").is_none());
    }

    #[test]
    fn a_copy_holds_what_the_folder_held() {
        let base = std::env::temp_dir().join(format!("ostrakon-copy-{}", std::process::id()));
        fs::create_dir_all(base.join("a/b")).unwrap();
        fs::write(base.join("a/b/c"), "text").unwrap();
        copy_directory(&base.join("a"), &base.join("d")).unwrap();
        assert_eq!(fs::read_to_string(base.join("d/b/c")).unwrap(), "text");
        remove_directory(&base).unwrap();
        assert!(!base.exists());
        remove_directory(&base).unwrap();
    }
}
