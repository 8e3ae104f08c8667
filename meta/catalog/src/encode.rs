//! Bytes of commands (in the log) and of the whole catalog (in snapshots): one format-version byte, then MessagePack maps.
//!
//! Maps carry field names, so a field added with a default needs no new version. A new version is for a change that older code
//! would misread. The files in `golden/` hold version 1 and must decode for ever.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::command::Command;
use crate::state::Catalog;

/// The version that this code writes, and the newest that it reads.
pub const FORMAT_VERSION: u8 = 1;

/// Bytes that are not a command or catalog of ours.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("metadata is empty where a {what} should be")]
    Empty { what: &'static str },
    #[error(
        "a {what} is in format {version}, and this program knows formats up to {FORMAT_VERSION}: it is older than its data"
    )]
    UnknownVersion { what: &'static str, version: u8 },
    #[error("a {what} cannot be decoded: {source}")]
    Damaged { what: &'static str, source: rmp_serde::decode::Error },
}

/// The command's bytes for the log.
pub fn encode_command(command: &Command) -> Vec<u8> {
    encode(command)
}

/// # Errors
/// `DecodeError` for bytes of a newer program, and for bytes that are no command.
pub fn decode_command(bytes: &[u8]) -> Result<Command, DecodeError> {
    decode("command", bytes)
}

/// The catalog's bytes for a snapshot: equal catalogs give equal bytes.
pub fn encode_catalog(catalog: &Catalog) -> Vec<u8> {
    encode(catalog)
}

/// # Errors
/// `DecodeError` for bytes of a newer program, and for bytes that are no catalog.
pub fn decode_catalog(bytes: &[u8]) -> Result<Catalog, DecodeError> {
    decode("catalog", bytes)
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![FORMAT_VERSION];
    // PANIC-FREE: a Vec never refuses bytes, and the records hold only strings, numbers, lists and maps of known length.
    rmp_serde::encode::write_named(&mut bytes, value).expect("plain records always encode");
    bytes
}

fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, DecodeError> {
    let (version, body) = bytes.split_first().ok_or(DecodeError::Empty { what })?;
    if *version != FORMAT_VERSION {
        return Err(DecodeError::UnknownVersion { what, version: *version });
    }
    rmp_serde::from_slice(body).map_err(|source| DecodeError::Damaged { what, source })
}

#[cfg(test)]
mod tests;
