//! mysql_native_password: SHA1(password) hidden by SHA1(salt, SHA1(SHA1(password))).

use sha1::{Digest, Sha1};
use subtle::{Choice, ConstantTimeEq};

use super::{SALT_LENGTH, xor};

/// What the server stores: SHA1(SHA1(password)). MySQL shows it as `*` and 40 hexadecimal digits.
pub fn double_hash(password: &[u8]) -> [u8; 20] {
    sha1(&[&sha1(&[password])])
}

/// The client's proof. Not for an empty password, which has an empty proof.
pub fn scramble(password: &[u8], salt: &[u8; SALT_LENGTH]) -> [u8; 20] {
    let single = sha1(&[password]);
    let stored = sha1(&[&single]);
    xor(single, sha1(&[salt, &stored]))
}

/// Whether `response` proves the password that `stored` is the [`double_hash`] of. The time taken depends on the length of
/// the response only.
pub fn verify(stored: &[u8; 20], salt: &[u8; SALT_LENGTH], response: &[u8]) -> Choice {
    let Ok(response) = <[u8; 20]>::try_from(response) else {
        return Choice::from(0);
    };
    let single = xor(response, sha1(&[salt, stored]));
    sha1(&[&single]).ct_eq(stored)
}

fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut hasher = Sha1::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_hash_is_what_password_shows() {
        // SELECT PASSWORD('secret') of MariaDB.
        let hex: String = double_hash(b"secret").iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(hex, "14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
    }

    #[test]
    fn only_the_right_password_for_the_right_salt_is_accepted() {
        let stored = double_hash(b"secret");
        let salt = *b"abcdefghijklmnopqrst";
        let proof = scramble(b"secret", &salt);
        assert!(bool::from(verify(&stored, &salt, &proof)));
        assert!(!bool::from(verify(&stored, b"abcdefghijklmnopqrsu", &proof)));
        assert!(!bool::from(verify(&stored, &salt, &scramble(b"Secret", &salt))));
        assert!(!bool::from(verify(&stored, &salt, &proof[..19])));
        assert!(!bool::from(verify(&stored, &salt, b"")));
    }
}
