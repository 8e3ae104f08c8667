//! The server's RSA key of caching_sha2_password: a client without TLS asks for its public half, and sends its password under it.
//!
//! The advisory RUSTSEC-2023-0071 says that the library's private operation takes a time that depends on the key and the ciphertext. Here it is
//! blinded by a random factor for each ciphertext, and [`LoginKey::open`] is to be called where a refusal is told at a moment that does not
//! depend on the time that it took. What could be won by measuring is one password that was overheard, at the price of thousands of refused logins.

use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use rsa::{Oaep, RsaPrivateKey};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::SALT_LENGTH;

/// Bits of a key that is made here, as MySQL makes it.
const BITS: usize = 2048;
/// Bits that a given key may have: fewer are too few today, more are more work than a login should be.
const ALLOWED: std::ops::RangeInclusive<usize> = 2048..=4096;

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginKeyError {
    #[error("it holds no RSA private key without a passphrase, in PEM (PKCS#8 or PKCS#1)")]
    Unreadable,
    #[error("its key has {0} bits, and must have {min} to {max}", min = ALLOWED.start(), max = ALLOWED.end())]
    Size(usize),
    #[error("making an RSA key failed")]
    Making,
}

/// A private key with the text of its public half.
pub struct LoginKey {
    private: RsaPrivateKey,
    public: String,
}

impl std::fmt::Debug for LoginKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginKey").field("bytes", &self.private.size()).finish_non_exhaustive()
    }
}

impl LoginKey {
    /// Makes a key, with random numbers of the operating system. Takes a processor for up to seconds.
    pub fn generate() -> Result<Self, LoginKeyError> {
        let private = RsaPrivateKey::new(&mut rand_core::OsRng, BITS).map_err(|_| LoginKeyError::Making)?;
        Self::of(private)
    }

    /// A key from its PEM text, as [`LoginKey::to_pem`] or OpenSSL or MySQL writes it.
    pub fn from_pem(pem: &str) -> Result<Self, LoginKeyError> {
        let pem = pem.trim();
        let private = RsaPrivateKey::from_pkcs8_pem(pem)
            .ok()
            .or_else(|| RsaPrivateKey::from_pkcs1_pem(pem).ok())
            .ok_or(LoginKeyError::Unreadable)?;
        private.validate().map_err(|_| LoginKeyError::Unreadable)?;
        let bits = private.n().bits();
        if ALLOWED.contains(&bits) { Self::of(private) } else { Err(LoginKeyError::Size(bits)) }
    }

    fn of(private: RsaPrivateKey) -> Result<Self, LoginKeyError> {
        let public = private.to_public_key().to_public_key_pem(LineEnding::LF);
        Ok(Self { private, public: public.map_err(|_| LoginKeyError::Making)? })
    }

    /// The private key's text, to be kept.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, LoginKeyError> {
        self.private.to_pkcs8_pem(LineEnding::LF).map_err(|_| LoginKeyError::Making)
    }

    /// The public half's text, which is everybody's.
    pub fn public_pem(&self) -> &str {
        &self.public
    }

    /// The password of a ciphertext that was made for this salt; `None` for what no client that keeps to the protocol sends.
    pub fn open(&self, ciphertext: &[u8], salt: &[u8; SALT_LENGTH]) -> Option<Zeroizing<Vec<u8>>> {
        if ciphertext.len() != self.private.size() {
            return None;
        }
        let plain = self.private.decrypt_blinded(&mut rand_core::OsRng, Oaep::new::<Sha1>(), ciphertext);
        let mut password = Zeroizing::new(plain.ok()?);
        password.iter_mut().zip(salt.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        (password.pop() == Some(0)).then_some(password)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::OnceLock;

    use proptest::prelude::*;

    use super::*;
    use crate::auth::caching_sha2::{KeyError, encrypt_password};

    const SALT: [u8; SALT_LENGTH] = *b"abcdefghijklmnopqrst";

    /// One for all tests: making it takes long.
    pub fn key() -> &'static LoginKey {
        static KEY: OnceLock<LoginKey> = OnceLock::new();
        KEY.get_or_init(|| LoginKey::generate().unwrap())
    }

    #[test]
    fn what_a_client_encrypts_is_opened_with_its_salt_only() {
        let sealed = |password: &[u8]| encrypt_password(password, &SALT, key().public_pem().as_bytes());
        for length in [0, 1, 19, 20, 21, 213] {
            let password: Vec<u8> = (1..).take(length).collect();
            let opened = key().open(&sealed(&password).unwrap(), &SALT);
            assert_eq!(opened.as_deref(), Some(&password), "{length}");
        }
        // 256 bytes, of which OAEP takes 42, and the closing zero one.
        assert_eq!(sealed(&[b'x'; 214]), Err(KeyError::TooLong));
        let ciphertext = sealed(b"secret").unwrap();
        let other = key().open(&ciphertext, b"ABCDEFGHIJKLMNOPQRST");
        assert_ne!(other.as_deref().map(Vec::as_slice), Some(&b"secret"[..]));
        for wrong in
            [&ciphertext[..255], &[&ciphertext[..], &[0]].concat(), b"", b"\x02", &[0xff; 256], &[0; 256]]
        {
            assert_eq!(key().open(wrong, &SALT), None, "{} bytes", wrong.len());
        }
        let mut changed = ciphertext;
        changed[200] ^= 1;
        assert_eq!(key().open(&changed, &SALT), None);
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_nothing_else_is_a_key() {
        let again = LoginKey::from_pem(&format!("\n{}\n", *key().to_pem().unwrap())).unwrap();
        assert_eq!(again.public_pem(), key().public_pem());
        assert!(again.public_pem().starts_with("-----BEGIN PUBLIC KEY-----\n"));
        for wrong in ["", "-----BEGIN PRIVATE KEY-----", key().public_pem()] {
            assert_eq!(LoginKey::from_pem(wrong).err(), Some(LoginKeyError::Unreadable));
        }
        let small = RsaPrivateKey::new(&mut rand_core::OsRng, 1024).unwrap();
        let small = small.to_pkcs8_pem(LineEnding::LF).unwrap();
        assert_eq!(LoginKey::from_pem(&small).err(), Some(LoginKeyError::Size(1024)));
        assert!(!format!("{again:?}").contains("BEGIN"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn no_ciphertext_that_was_not_made_by_the_key_is_opened(ciphertext in proptest::collection::vec(any::<u8>(), 256)) {
            prop_assert_eq!(key().open(&ciphertext, &SALT), None);
        }
    }
}
