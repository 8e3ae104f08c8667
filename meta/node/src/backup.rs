//! A catalog as bytes that stand for themselves: what it is, the catalog, and a checksum over both.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::encode::{decode_catalog, encode_catalog};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::MetaError;

/// The first bytes of a backup, readable for whoever wonders what the file is. The number is the format's.
const MAGIC: &[u8] = b"OSTRAKON CATALOG BACKUP 1\n";
const CHECKSUM_LENGTH: usize = 32;

/// Between magic and checksum. Fields added later take a default.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    /// Last entry of the log that the catalog holds.
    applied: u64,
    /// Milliseconds since 1970.
    taken: u64,
    #[serde(with = "crate::machine::bytes")]
    catalog: Vec<u8>,
}

/// A backup that was read.
#[derive(Debug)]
pub struct Backup {
    /// Milliseconds since 1970.
    pub taken: u64,
    pub catalog: Catalog,
}

/// The bytes of a backup: `applied` is the last entry of the log that the catalog holds, `taken` in milliseconds since 1970.
pub fn encode(catalog: &Catalog, applied: u64, taken: u64) -> Vec<u8> {
    let saved = Saved { applied, taken, catalog: encode_catalog(catalog) };
    let mut bytes = MAGIC.to_vec();
    // PANIC-FREE: a Vec takes all bytes, and the record holds only numbers and bytes.
    rmp_serde::encode::write_named(&mut bytes, &saved).expect("plain records always encode");
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// Reads a backup.
///
/// # Errors
/// For bytes that are no backup, are damaged or cut, or are of a newer program.
pub fn decode(bytes: &[u8]) -> Result<Backup, MetaError> {
    let unreadable = |reason: &str| MetaError::BackupUnreadable(reason.to_owned());
    let after_magic = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| unreadable("it does not begin as a backup of this version of the catalog does"))?;
    let body_length =
        after_magic.len().checked_sub(CHECKSUM_LENGTH).ok_or_else(|| unreadable("it is cut short"))?;
    let (body, checksum) = after_magic.split_at(body_length);
    let covered = bytes.get(..MAGIC.len() + body_length).unwrap_or_default();
    if Sha256::digest(covered).as_slice() != checksum {
        return Err(unreadable("its checksum is wrong: it is damaged, or cut short"));
    }
    let saved: Saved = rmp_serde::from_slice(body).map_err(|error| unreadable(&error.to_string()))?;
    let catalog = decode_catalog(&saved.catalog).map_err(|error| unreadable(&error.to_string()))?;
    ostrakon_catalog::validate::whole(&catalog).map_err(|error| unreadable(&error.to_string()))?;
    Ok(Backup { taken: saved.taken, catalog })
}

#[cfg(test)]
mod tests {
    use ostrakon_catalog::Command;

    use super::*;

    #[test]
    fn a_backup_is_read_back_and_any_damage_is_noticed() {
        let mut catalog = Catalog::default();
        catalog.apply(&Command::PutSetting { name: "a".to_owned(), value: "1".to_owned() }).unwrap();
        let bytes = encode(&catalog, 7, 99);
        let backup = decode(&bytes).unwrap();
        assert_eq!((backup.catalog, backup.taken), (catalog, 99));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(decode(&damaged).is_err(), "byte {at}");
            assert!(decode(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
