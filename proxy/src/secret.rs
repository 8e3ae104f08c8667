//! Secrets of the catalog: the instances' passwords, encrypted with a key that is in a file on each node and nowhere else.
//!
//! AES-256-GCM with a random nonce; the instance's name is authenticated with it, so that a password cannot be moved to another instance.
//! **Invariant:** no password of an instance is proposed to the catalog but in this form, and none is decrypted but to log in with it.

use std::fmt;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use zeroize::{Zeroize, Zeroizing};

/// Before each encrypted password: which form it has.
const FORM: &str = "ostrakon1:";
const KEY_BYTES: usize = 32;

/// The key of the running node: a process is one node.
static NODE_KEY: OnceLock<SecretKey> = OnceLock::new();

/// Why a secret cannot be used. None of these says anything of the secret itself.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(
        "the key file {} is missing, and the catalog's passwords need it: copy it from another node of the cluster (mode 0600)",
        .0.display()
    )]
    Missing(PathBuf),
    #[error("the key file {}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error(
        "the key file {} can be read by others than its owner (mode {mode:04o}): run chmod 600 on it",
        path.display()
    )]
    Mode { path: PathBuf, mode: u32 },
    #[error("the key file {} does not hold one line of base64 with {KEY_BYTES} bytes", .0.display())]
    Malformed(PathBuf),
    #[error(
        "the key file {} holds another key (fingerprint {own}) than the cluster's passwords are encrypted with ({cluster}): \
         copy the key file from another node of the cluster",
        path.display()
    )]
    Other { path: PathBuf, own: String, cluster: String },
    #[error("the operating system gave no random bytes")]
    Random,
    #[error("the password of instance '{0}' cannot be decrypted with this node's key file")]
    Undecryptable(String),
    #[error("this process has no key for the password of instance '{0}'")]
    NoKey(String),
}

/// The key of the instances' passwords.
pub struct SecretKey {
    key: LessSafeKey,
    fingerprint: String,
    path: PathBuf,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl SecretKey {
    /// Reads the key file. When it is missing it is made, if `may_make`: only for a cluster that has no key yet.
    pub fn load(path: &Path, may_make: bool) -> Result<Self, SecretError> {
        let file = |source| SecretError::File { path: path.to_owned(), source };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && may_make => make(path)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(SecretError::Missing(path.to_owned()));
            }
            Err(e) => return Err(file(e)),
        };
        let mode = std::fs::metadata(path).map_err(file)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretError::Mode { path: path.to_owned(), mode });
        }
        let malformed = || SecretError::Malformed(path.to_owned());
        let bytes = Zeroizing::new(BASE64.decode(text.trim()).map_err(|_| malformed())?);
        if bytes.len() != KEY_BYTES {
            return Err(malformed());
        }
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| malformed())?;
        let mut marked = b"ostrakon key fingerprint".to_vec();
        marked.extend_from_slice(&bytes);
        let digest = digest(&SHA256, &marked);
        marked.zeroize();
        let fingerprint = hex(digest.as_ref().get(..8).unwrap_or_default());
        Ok(Self { key: LessSafeKey::new(key), fingerprint, path: path.to_owned() })
    }

    /// What tells keys apart without giving them away.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a key that is not the cluster's.
    pub fn check(&self, cluster: Option<&str>) -> Result<(), SecretError> {
        match cluster {
            Some(cluster) if cluster != self.fingerprint => Err(SecretError::Other {
                path: self.path.clone(),
                own: self.fingerprint.clone(),
                cluster: cluster.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// The form in which a password is kept in the catalog. An empty one stays empty: there is nothing to hide.
    pub fn encrypt(&self, instance: &str, password: &str) -> Result<String, SecretError> {
        if password.is_empty() {
            return Ok(String::new());
        }
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = password.as_bytes().to_vec();
        let sealing = self.key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(instance.as_bytes()),
            &mut sealed,
        );
        if sealing.is_err() {
            sealed.zeroize();
            return Err(SecretError::Undecryptable(instance.to_owned()));
        }
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(format!("{FORM}{}", BASE64.encode(bytes)))
    }

    /// The password of a stored form. Older catalogs hold passwords as they are.
    pub fn decrypt(&self, instance: &str, stored: &str) -> Result<Zeroizing<String>, SecretError> {
        let Some(encoded) = stored.strip_prefix(FORM) else { return Ok(Zeroizing::new(stored.to_owned())) };
        let failed = || SecretError::Undecryptable(instance.to_owned());
        let bytes = BASE64.decode(encoded).map_err(|_| failed())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let opened = self
            .key
            .open_in_place(nonce, Aad::from(instance.as_bytes()), &mut plain)
            .map_err(|_| failed())?;
        let text = std::str::from_utf8(opened).map_err(|_| failed())?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

/// True for the form that `encrypt` gives.
pub fn is_encrypted(stored: &str) -> bool {
    stored.starts_with(FORM)
}

/// Makes this the key of the process; the first one stays.
pub fn set_node_key(key: SecretKey) -> &'static SecretKey {
    NODE_KEY.get_or_init(|| key)
}

/// The key of the running node.
pub fn node_key() -> Option<&'static SecretKey> {
    NODE_KEY.get()
}

/// An instance's password, to log in with. A password that is not encrypted needs no key.
pub fn reveal(instance: &str, stored: &str) -> Result<Zeroizing<String>, SecretError> {
    match node_key() {
        Some(key) => key.decrypt(instance, stored),
        None if is_encrypted(stored) => Err(SecretError::NoKey(instance.to_owned())),
        None => Ok(Zeroizing::new(stored.to_owned())),
    }
}

/// Writes a new key. Under its name it is there as a whole or not at all; a file that is there already is never overwritten.
fn make(path: &Path) -> Result<Zeroizing<String>, SecretError> {
    let file = |source| SecretError::File { path: path.to_owned(), source };
    let key = Zeroizing::new(random::<KEY_BYTES>()?);
    let text = Zeroizing::new(format!("{}\n", BASE64.encode(*key)));
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let _ = std::fs::remove_file(&temporary);
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(file)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(file)?;
    std::fs::hard_link(&temporary, path).map_err(file)?;
    std::fs::remove_file(&temporary).map_err(file)?;
    if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(file)?;
    }
    tracing::info!(path = %path.display(), "made the key file of the instances' passwords; keep a copy of it");
    Ok(text)
}

fn random<const N: usize>() -> Result<[u8; N], SecretError> {
    use ring::rand::SecureRandom;
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| SecretError::Random)?;
    Ok(bytes)
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from their hexadecimal digits, of either case.
pub fn from_hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("ostrakon-secret-{}-{name}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_password_comes_back_for_its_own_instance_and_key_only() {
        let folder = Folder::new("round");
        let key = SecretKey::load(&folder.0.join("a"), true).unwrap();
        let other = SecretKey::load(&folder.0.join("b"), true).unwrap();
        let stored = key.encrypt("i1", "pä'ss").unwrap();
        assert!(is_encrypted(&stored) && !stored.contains("ss"), "{stored}");
        assert_ne!(stored, key.encrypt("i1", "pä'ss").unwrap());
        assert_eq!(*key.decrypt("i1", &stored).unwrap(), "pä'ss");
        assert!(matches!(key.decrypt("i2", &stored), Err(SecretError::Undecryptable(name)) if name == "i2"));
        assert!(other.decrypt("i1", &stored).is_err());
        let mut changed = stored.clone();
        changed.pop();
        changed.push('!');
        assert!(key.decrypt("i1", &changed).is_err());
        assert!(key.decrypt("i1", FORM).is_err());
    }

    #[test]
    fn passwords_of_older_catalogs_and_empty_ones_stay_as_they_are() {
        let folder = Folder::new("plain");
        let key = SecretKey::load(&folder.0.join("a"), true).unwrap();
        assert_eq!(*key.decrypt("i1", "plain").unwrap(), "plain");
        assert_eq!(key.encrypt("i1", "").unwrap(), "");
        assert_eq!(*key.decrypt("i1", "").unwrap(), "");
    }

    #[test]
    fn a_key_file_is_made_once_and_is_for_its_owner_alone() {
        let folder = Folder::new("file");
        let path = folder.0.join("key");
        assert!(matches!(SecretKey::load(&path, false), Err(SecretError::Missing(_))));
        let made = SecretKey::load(&path, true).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = SecretKey::load(&path, true).unwrap();
        assert_eq!(made.fingerprint(), again.fingerprint());
        assert!(again.check(None).is_ok() && again.check(Some(made.fingerprint())).is_ok());
        assert!(matches!(again.check(Some("0000")), Err(SecretError::Other { .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(SecretKey::load(&path, true), Err(SecretError::Mode { mode: 0o640, .. })));
        std::fs::write(&path, "AAAA\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(SecretKey::load(&path, true), Err(SecretError::Malformed(_))));
    }
}
