//! What checks passwords: the forms that the catalog keeps, and what a node learns of salted ones when somebody logs in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::user::{Proof, User};
use ostrakon_protocol::auth::login_key::LoginKey;
use ostrakon_protocol::auth::server::Credential;
use ostrakon_protocol::auth::{Plugin, SALT_LENGTH, caching_sha2, native, salted};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::secret::{from_hex, hex};

/// Before the digits of a hash of caching_sha2_password that was made here.
const SHA2_FORM: &str = "sha256x2:";

/// Salted hashes that are worked out at once: each takes a processor for milliseconds, and anybody can ask for it.
const AT_ONCE: usize = 2;

/// So long after its turn a wrong password is refused, which is longer than the work: how long that took tells of the RSA key (see `LoginKey`).
const REFUSED_AFTER: Duration = Duration::from_millis(200);

/// How an account of the catalog proves itself. `None`, which lets nobody in, for a form that this version does not know.
pub fn stored_credential(account: &User) -> Option<Credential> {
    let stored = account.authentication.as_str();
    match Plugin::from_name(&account.plugin)? {
        Plugin::Native => bytes(stored.strip_prefix('*')?).map(Credential::Native),
        Plugin::CachingSha2 if salted::is_hash(stored) => Some(Credential::Salted),
        Plugin::CachingSha2 => bytes(stored.strip_prefix(SHA2_FORM)?).map(Credential::Sha2),
    }
}

fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    from_hex(digits)?.try_into().ok()
}

/// What the catalog keeps of a password: MySQL's own form of the native hash; for caching_sha2_password SHA256(SHA256(password)), which MySQL's
/// servers keep in memory. With its salted form each node's first login would need the password itself, inside TLS or under RSA.
pub fn of_password(plugin: Plugin, password: &[u8]) -> Proof {
    let authentication = match plugin {
        Plugin::Native => format!("*{}", hex(&native::double_hash(password)).to_ascii_uppercase()),
        Plugin::CachingSha2 => format!("{SHA2_FORM}{}", hex(&caching_sha2::double_hash(password))),
    };
    Proof { plugin: plugin.name().to_owned(), authentication }
}

/// What the catalog keeps of a hash that another server has; `None` for what is none.
pub fn of_hash(plugin: Plugin, hash: &str) -> Option<Proof> {
    let is_known = match plugin {
        Plugin::Native => hash.strip_prefix('*').and_then(bytes::<20>).is_some(),
        Plugin::CachingSha2 => {
            salted::is_hash(hash) || hash.strip_prefix(SHA2_FORM).and_then(bytes::<32>).is_some()
        }
    };
    let authentication = match plugin {
        Plugin::Native => hash.to_ascii_uppercase(),
        Plugin::CachingSha2 => hash.to_owned(),
    };
    is_known.then(|| Proof { plugin: plugin.name().to_owned(), authentication })
}

/// For salted hashes the other form, once a password has been seen: later logins need neither TLS nor RSA, and no work. In memory alone; a changed account has
/// another hash, so what was known of the old one is never found again.
#[derive(Debug)]
pub struct Proofs {
    fast: Mutex<HashMap<String, (String, [u8; 32])>>,
    slow: Semaphore,
}

impl Default for Proofs {
    fn default() -> Self {
        Self { fast: Mutex::default(), slow: Semaphore::new(AT_ONCE) }
    }
}

impl Proofs {
    /// What a login by the account is checked against.
    pub fn credential(&self, account: &User) -> Option<Credential> {
        let stored = stored_credential(account)?;
        if stored != Credential::Salted {
            return Some(stored);
        }
        let fast = self.fast.lock().unwrap_or_else(PoisonError::into_inner);
        let known = fast.get(&account.key()).filter(|(hash, _)| *hash == account.authentication);
        Some(known.map_or(stored, |(_, double)| Credential::Sha2(*double)))
    }

    /// Whether the password is that of the account's salted hash; if so, it is known from now on.
    pub async fn compare(&self, account: &User, password: Zeroizing<Vec<u8>>, catalog: &Catalog) -> bool {
        self.learn(account, catalog, move |hash| salted::verify(hash, &password).then_some(password)).await
    }

    /// The same of a password under the node's RSA key.
    pub async fn open(
        &self,
        account: &User,
        key: Arc<LoginKey>,
        ciphertext: Vec<u8>,
        salt: [u8; SALT_LENGTH],
        catalog: &Catalog,
    ) -> bool {
        let work = move |hash: &str| {
            let password = key.open(&ciphertext, &salt);
            // What cannot be opened is compared too, with nothing.
            let is_right = salted::verify(hash, password.as_deref().map_or(&[], Vec::as_slice));
            password.filter(|_| is_right)
        };
        self.learn(account, catalog, work).await
    }

    /// `work` is given the account's hash, and gives its password.
    async fn learn(
        &self,
        account: &User,
        catalog: &Catalog,
        work: impl FnOnce(&str) -> Option<Zeroizing<Vec<u8>>> + Send + 'static,
    ) -> bool {
        let Ok(turn) = self.slow.acquire().await else { return false };
        let refused_at = tokio::time::Instant::now() + REFUSED_AFTER;
        let hash = account.authentication.clone();
        let worked = tokio::task::spawn_blocking(move || work(&hash)).await;
        drop(turn);
        let Ok(Some(password)) = worked else {
            tokio::time::sleep_until(refused_at).await;
            return false;
        };
        let mut fast = self.fast.lock().unwrap_or_else(PoisonError::into_inner);
        fast.retain(|key, _| catalog.users.contains_key(key));
        fast.insert(account.key(), (account.authentication.clone(), caching_sha2::double_hash(&password)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(proof: &Proof) -> User {
        User {
            name: "a".into(),
            host: "%".into(),
            plugin: proof.plugin.clone(),
            authentication: proof.authentication.clone(),
            grants: None,
            locked: false,
            requires_tls: false,
            max_connections: 0,
        }
    }

    #[test]
    fn what_the_catalog_keeps_is_what_checks_the_password() {
        let proof = of_password(Plugin::Native, b"secret");
        assert_eq!(proof.authentication, "*14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
        let native = stored_credential(&account(&proof));
        assert_eq!(native, Some(Credential::Native(native::double_hash(b"secret"))));
        assert_eq!(of_hash(Plugin::Native, &proof.authentication.to_lowercase()), Some(proof));
        let proof = of_password(Plugin::CachingSha2, b"secret");
        let sha2 = stored_credential(&account(&proof));
        assert_eq!(sha2, Some(Credential::Sha2(caching_sha2::double_hash(b"secret"))));
        assert_eq!(of_hash(Plugin::CachingSha2, &proof.authentication), Some(proof));
    }

    #[test]
    fn a_form_that_is_not_known_lets_nobody_in() {
        for (plugin, authentication) in [
            ("mysql_native_password", ""),
            ("mysql_native_password", "*14E65567ABDB5135D0CFD9A70B3032C179A49E"),
            ("mysql_native_password", "*+4E65567ABDB5135D0CFD9A70B3032C179A49EE7x"),
            ("caching_sha2_password", "$A$005$salt"),
            ("client_ed25519", "x"),
        ] {
            let proof = Proof { plugin: plugin.into(), authentication: authentication.into() };
            assert_eq!(stored_credential(&account(&proof)), None, "{plugin} {authentication}");
            let refused = Plugin::from_name(plugin).and_then(|plugin| of_hash(plugin, authentication));
            assert_eq!(refused, None, "{plugin} {authentication}");
        }
    }
}
