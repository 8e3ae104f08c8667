//! The RSA key under which clients without TLS send their passwords: the configured one, or one made in the data directory when it is asked for first.
//!
//! Most nodes are never asked: their accounts' passwords are known by a form that needs no key, or their clients use TLS.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ostrakon_protocol::auth::login_key::LoginKey;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

/// The key's name in the data directory.
const FILE: &str = "login-key.pem";

/// The key of a node, once it is there.
#[derive(Debug)]
pub struct NodeKey {
    path: PathBuf,
    key: OnceCell<Arc<LoginKey>>,
}

impl NodeKey {
    /// Reads the key of the configured file, or of the data directory where there is one already. The error says which file and why.
    pub fn open(configured: Option<&Path>, data_directory: &Path) -> Result<Self, String> {
        let path = configured.map_or_else(|| data_directory.join(FILE), Path::to_owned);
        let key = match std::fs::read_to_string(&path).map(Zeroizing::new) {
            Ok(pem) => {
                let key = LoginKey::from_pem(&pem).map_err(|e| wrong(&path, &e))?;
                OnceCell::new_with(Some(Arc::new(key)))
            }
            Err(e) if e.kind() == ErrorKind::NotFound && configured.is_none() => OnceCell::new(),
            Err(e) => return Err(wrong(&path, &e)),
        };
        Ok(Self { path, key })
    }

    /// The key; the first who asks has it made.
    pub async fn get(&self) -> Result<Arc<LoginKey>, String> {
        let made = self.key.get_or_try_init(|| async {
            let path = self.path.clone();
            let making = tokio::task::spawn_blocking(move || make(&path));
            making.await.unwrap_or_else(|e| Err(wrong(&self.path, &e))).map(Arc::new)
        });
        made.await.cloned()
    }
}

fn wrong(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("the RSA key of clients without TLS {}: {why}", path.display())
}

/// Under its name the file is there as a whole or not at all.
fn make(path: &Path) -> Result<LoginKey, String> {
    let key = LoginKey::generate().map_err(|e| wrong(path, &e))?;
    let pem = key.to_pem().map_err(|e| wrong(path, &e))?;
    let partial = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(&partial)
        .and_then(|mut file| file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&partial, path))
        .map_err(|e| wrong(path, &e))?;
    tracing::info!(file = %path.display(), "made the RSA key under which clients without TLS send their passwords");
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_key_is_made_once_for_its_owner_alone_and_a_configured_one_must_be_there() {
        let folder = std::env::temp_dir().join(format!("ostrakon-login-key-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join(FILE);
        let made = NodeKey::open(None, &folder).unwrap();
        assert!(!path.exists());
        let (one, other) = tokio::join!(made.get(), made.get());
        assert!(Arc::ptr_eq(&one.clone().unwrap(), &other.unwrap()));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = NodeKey::open(Some(&path), Path::new("elsewhere")).unwrap().get().await.unwrap();
        assert_eq!(again.public_pem(), one.unwrap().public_pem());
        let missing = NodeKey::open(Some(&folder.join("none.pem")), &folder).unwrap_err();
        assert!(missing.contains("none.pem"), "{missing}");
        std::fs::write(&path, "no key").unwrap();
        assert!(NodeKey::open(None, &folder).unwrap_err().contains("holds no RSA private key"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
