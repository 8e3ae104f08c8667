//! caching_sha2_password: the fast exchange by scramble, the full one by the password itself inside TLS or RSA.

use rsa::pkcs8::DecodePublicKey;
use rsa::{Oaep, RsaPublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::{SALT_LENGTH, xor};

/// Server to client, after 0x01: the scramble was right, OK follows.
pub const FAST_AUTH_OK: u8 = 0x03;
/// Server to client, after 0x01: send the password itself.
pub const PERFORM_FULL_AUTH: u8 = 0x04;
/// Client to server: send the RSA public key.
pub const REQUEST_PUBLIC_KEY: u8 = 0x02;

/// What the server keeps in its cache: SHA256(SHA256(password)).
pub fn double_hash(password: &[u8]) -> [u8; 32] {
    sha256(&[&sha256(&[password])])
}

/// The client's proof. Not for an empty password, which has an empty proof.
pub fn scramble(password: &[u8], salt: &[u8; SALT_LENGTH]) -> [u8; 32] {
    let single = sha256(&[password]);
    let stored = sha256(&[&single]);
    xor(single, sha256(&[&stored, salt]))
}

/// Whether `response` proves the password that `stored` is the [`double_hash`] of. The time taken depends on the length of
/// the response only.
///
/// Some clients (PyMySQL, aiomysql, Go's driver) take the zero byte behind the salt of an AuthSwitchRequest for a part of it.
/// MySQL asks them for the password itself then; here both proofs are good, since each needs the password.
pub fn verify(stored: &[u8; 32], salt: &[u8; SALT_LENGTH], response: &[u8]) -> Choice {
    let Ok(response) = <[u8; 32]>::try_from(response) else {
        return Choice::from(0);
    };
    let proves = |mask: [u8; 32]| sha256(&[&xor(response, mask)]).ct_eq(stored);
    proves(sha256(&[stored, salt])) | proves(sha256(&[stored, salt, &[0]]))
}

/// Whether `packet`, a password with its terminating zero byte as the full exchange sends it, is the one that `stored` is
/// the [`double_hash`] of.
pub fn verify_cleartext(stored: &[u8; 32], packet: &[u8]) -> Choice {
    match packet.strip_suffix(&[0]) {
        Some(password) => double_hash(password).ct_eq(stored),
        None => Choice::from(0),
    }
}

/// Why the password could not be encrypted with the server's key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the server's RSA public key cannot be read")]
    Unreadable,
    #[error("the password is too long for the server's RSA key")]
    TooLong,
}

/// The password for the full exchange over a connection without TLS: hidden by the salt, then RSA-OAEP with SHA-1 and the
/// server's key (`pem`). Takes random bytes from the operating system.
pub fn encrypt_password(password: &[u8], salt: &[u8; SALT_LENGTH], pem: &[u8]) -> Result<Vec<u8>, KeyError> {
    let pem = std::str::from_utf8(pem).map_err(|_| KeyError::Unreadable)?;
    let key = RsaPublicKey::from_public_key_pem(pem.trim()).map_err(|_| KeyError::Unreadable)?;
    let mut plain = password.to_vec();
    plain.push(0);
    plain.iter_mut().zip(salt.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    key.encrypt(&mut rand_core::OsRng, Oaep::new::<Sha1>(), &plain).map_err(|_| KeyError::TooLong)
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use rsa::RsaPrivateKey;
    use rsa::pkcs8::{EncodePublicKey, LineEnding};

    use super::*;

    #[test]
    fn only_the_right_password_for_the_right_salt_is_accepted() {
        let stored = double_hash(b"secret");
        let salt = *b"abcdefghijklmnopqrst";
        let proof = scramble(b"secret", &salt);
        assert!(bool::from(verify(&stored, &salt, &proof)));
        assert!(!bool::from(verify(&stored, b"abcdefghijklmnopqrsu", &proof)));
        assert!(!bool::from(verify(&stored, &salt, &scramble(b"Secret", &salt))));
        assert!(!bool::from(verify(&stored, &salt, &proof[..31])));
        let with_zero = |end: u8| xor(sha256(&[b"secret"]), sha256(&[&stored, &salt, &[end]]));
        assert!(bool::from(verify(&stored, &salt, &with_zero(0))));
        assert!(!bool::from(verify(&stored, &salt, &with_zero(1))));
        assert!(bool::from(verify_cleartext(&stored, b"secret\0")));
        assert!(!bool::from(verify_cleartext(&stored, b"secret")));
        assert!(!bool::from(verify_cleartext(&stored, b"secret\0\0")));
    }

    #[test]
    fn the_scramble_is_the_published_one() {
        // The values of a public test of another client (Go's driver), password "secret".
        let salt = [10, 47, 74, 111, 75, 73, 34, 48, 88, 76, 114, 74, 37, 13, 3, 80, 82, 2, 23, 21];
        let expected = [
            244, 144, 231, 111, 102, 217, 216, 102, 101, 206, 84, 217, 140, 120, 208, 172, 254, 47, 176, 176,
            139, 66, 61, 168, 7, 20, 72, 115, 211, 11, 49, 44,
        ];
        assert_eq!(scramble(b"secret", &salt), expected);
    }

    #[test]
    fn the_encrypted_password_is_what_the_server_decrypts() {
        let private = RsaPrivateKey::new(&mut rand_core::OsRng, 1024).unwrap();
        let pem = private.to_public_key().to_public_key_pem(LineEnding::LF).unwrap();
        let salt = *b"abcdefghijklmnopqrst";
        let password = b"a password longer than the salt";
        let sent = encrypt_password(password, &salt, format!("{pem}\n").as_bytes()).unwrap();
        let plain = private.decrypt(Oaep::new::<Sha1>(), &sent).unwrap();
        let shown: Vec<u8> = plain.iter().zip(salt.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(shown, b"a password longer than the salt\0");
        assert_eq!(encrypt_password(&[b'x'; 200], &salt, pem.as_bytes()), Err(KeyError::TooLong));
        assert_eq!(encrypt_password(password, &salt, b"-----BEGIN"), Err(KeyError::Unreadable));
    }
}
