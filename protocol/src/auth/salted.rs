//! The salted hash of caching_sha2_password, as `mysql.user.authentication_string` holds it: `$A$005$`, 20 bytes of salt, 43 characters of hash.
//!
//! It is SHA-256 crypt (Drepper's) with a longer salt. The libraries for that cut the salt to 16 bytes, so it is written out here.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Longest password, in bytes, as on a server: the work grows with its square.
pub const PASSWORD_MAX: usize = 256;

const PREFIX: &str = "$A$";
const ROUNDS_UNIT: u32 = 1000;
const SALT: usize = 20;
const HASH: usize = 43;

/// Characters of its digits, six bits each.
const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Which bytes of the digest stand together; the last group has two.
const ORDER: [[usize; 3]; 10] = [
    [0, 10, 20],
    [21, 1, 11],
    [12, 22, 2],
    [3, 13, 23],
    [24, 4, 14],
    [15, 25, 5],
    [6, 16, 26],
    [27, 7, 17],
    [18, 28, 8],
    [9, 19, 29],
];

/// A stored hash, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts<'s> {
    rounds: u32,
    salt: &'s [u8],
    hash: &'s [u8],
}

fn parts(stored: &str) -> Option<Parts<'_>> {
    let rest = stored.strip_prefix(PREFIX)?.as_bytes();
    let (digits, rest) = rest.split_at_checked(3)?;
    let (separator, rest) = rest.split_first()?;
    let digits = std::str::from_utf8(digits).ok()?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let rounds = u32::from_str_radix(digits, 16).ok().filter(|units| is_hex && *units >= 5)? * ROUNDS_UNIT;
    let (salt, hash) = rest.split_at_checked(SALT)?;
    let is_hash = hash.len() == HASH && hash.iter().all(|byte| DIGITS.contains(byte));
    (*separator == b'$' && is_hash).then_some(Parts { rounds, salt, hash })
}

/// Whether the text is such a hash.
pub fn is_hash(stored: &str) -> bool {
    parts(stored).is_some()
}

/// Whether it is the password's. Takes milliseconds, by design.
pub fn verify(stored: &str, password: &[u8]) -> bool {
    let Some(parts) = parts(stored).filter(|_| password.len() <= PASSWORD_MAX) else { return false };
    encode(&digest(password, parts.salt, parts.rounds)).as_slice().ct_eq(parts.hash).into()
}

fn digest(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let sum = |parts: &[&[u8]]| -> [u8; 32] {
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize().into()
    };
    let second = sum(&[password, salt, password]);
    let mut first = Sha256::new();
    first.update(password);
    first.update(salt);
    first.update(repeated(&second, password.len()));
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            first.update(second)
        } else {
            first.update(password)
        };
        bits >>= 1;
    }
    let mut digest: [u8; 32] = first.finalize().into();
    let password = repeated(&sum(&vec![password; password.len()]), password.len());
    let salt = repeated(&sum(&vec![salt; 16 + usize::from(digest[0])]), salt.len());
    for round in 0..rounds {
        let mut hasher = Sha256::new();
        if round % 2 == 1 {
            hasher.update(&password)
        } else {
            hasher.update(digest)
        };
        if round % 3 != 0 {
            hasher.update(&salt);
        }
        if round % 7 != 0 {
            hasher.update(&password);
        }
        if round % 2 == 1 {
            hasher.update(digest)
        } else {
            hasher.update(&password)
        };
        digest = hasher.finalize().into();
    }
    digest
}

/// So many bytes of the digest, over and over.
fn repeated(digest: &[u8; 32], length: usize) -> Vec<u8> {
    digest.iter().copied().cycle().take(length).collect()
}

fn encode(digest: &[u8; 32]) -> [u8; HASH] {
    let mut out = [0; HASH];
    let groups = ORDER.iter().map(|group| group.map(|at| u32::from(digest[at])));
    let last = [0, u32::from(digest[31]), u32::from(digest[30])];
    let mut places = out.iter_mut();
    for [high, middle, low] in groups.chain([last]) {
        let mut bits = high << 16 | middle << 8 | low;
        for place in places.by_ref().take(4) {
            *place = DIGITS[(bits & 63) as usize];
            bits >>= 6;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// crypt(3) of glibc gives these; its salts have 16 bytes at most.
    #[test]
    fn the_digest_is_that_of_sha256_crypt() {
        for (salt, rounds, expected) in [
            ("saltstring", 5000, "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
            ("saltstringsaltst", 10000, "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"),
        ] {
            let digest = digest(b"Hello world!", salt.as_bytes(), rounds);
            assert_eq!(String::from_utf8_lossy(&encode(&digest)), expected);
        }
    }

    #[test]
    fn only_whole_hashes_are_hashes() {
        let whole = format!("$A$005${}{}", "s".repeat(20), "h".repeat(43));
        assert!(is_hash(&whole));
        for wrong in [
            &whole[..69],
            &format!("{whole}h"),
            &whole.replace("005", "004"),
            &whole.replace("005", "+05"),
            &whole.replace("$A$", "$B$"),
            &whole.replace('h', "!"),
            "",
        ] {
            assert!(!is_hash(wrong), "{wrong}");
            assert!(!verify(wrong, b"x"));
        }
        assert!(!verify(&whole, &[b'x'; 257]));
    }
}
