//! Tests of the bytes: golden files, unknown versions, added fields.

use std::path::PathBuf;

use serde::Serialize;

use super::*;
use crate::samples::*;

/// One command of each kind.
fn one_of_each() -> Vec<Command> {
    let (database_name, name) = ("shop".to_owned(), "orders".to_owned());
    let sequence = || "AUTO_SEQ_orders".to_owned();
    vec![
        instance("m1"),
        Command::CreateDatabase { database: database("shop", 2, 1) },
        create_sharded("shop", "orders"),
        create_single("shop", "notes"),
        Command::ReplaceTable {
            database: database_name.clone(),
            name: name.clone(),
            table: sharded_table("orders"),
            expected_id: 1,
            sequence: None,
        },
        Command::RenameTables {
            renames: vec![(("shop".to_owned(), "notes".to_owned()), ("shop".to_owned(), "memo".to_owned()))],
        },
        Command::LeaseRange { database: database_name.clone(), sequence: sequence(), count: 1000 },
        Command::RaiseSequence { database: database_name.clone(), sequence: sequence(), at_least: 5001 },
        Command::PutCollationFold { collation: "latin1_bin".to_owned(), table: vec![0, 1, 0xfe, 0xff] },
        Command::PutSetting { name: "ostrakon_x".to_owned(), value: "on".to_owned() },
        // After the catalog's golden state:
        Command::ResetSequence { database: database_name.clone(), sequence: sequence(), start: 1 },
        Command::DropTables { tables: vec![(database_name.clone(), name)] },
        Command::DropDatabase { name: database_name },
        Command::DropInstance { name: "m1".to_owned() },
    ]
}

/// What the commands up to PutSetting leave.
fn golden_state() -> Catalog {
    let mut catalog = Catalog::default();
    for command in &one_of_each()[..10] {
        catalog.apply(command).unwrap();
    }
    catalog
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.trim().as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The golden file's lines. With OSTRAKON_WRITE_GOLDEN set, writes it first: only for a new format version.
fn golden(file: &str, fresh: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(file);
    if std::env::var_os("OSTRAKON_WRITE_GOLDEN").is_some() {
        let lines: String = fresh.iter().map(|bytes| hex(bytes) + "\n").collect();
        std::fs::write(&path, lines).unwrap();
    }
    read(file)
}

fn read(file: &str) -> Vec<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(file);
    std::fs::read_to_string(&path).unwrap().lines().map(unhex).collect()
}

#[test]
fn commands_of_version_1_decode_and_encode_as_ever() {
    let fresh: Vec<_> = one_of_each().iter().map(encode_command).collect();
    let kept = golden("commands.v1.jobs.hex", &fresh);
    let decoded: Vec<_> = kept.iter().map(|bytes| decode_command(bytes).unwrap()).collect();
    assert_eq!(decoded, one_of_each());
    assert_eq!(fresh, kept);
}

/// Written before there were jobs, nodes and kinds of sequences.
#[test]
fn bytes_of_the_first_program_decode() {
    let decoded: Vec<_> =
        read("commands.v1.hex").iter().map(|bytes| decode_command(bytes).unwrap()).collect();
    assert_eq!(decoded, one_of_each()[..decoded.len()]);
    assert_eq!(decoded.len(), 14);
    let mut expected = golden_state();
    expected.last_epoch = 0;
    for database in expected.databases.values_mut() {
        for sequence in std::sync::Arc::make_mut(database).sequences.values_mut() {
            std::sync::Arc::make_mut(sequence).epoch = 0;
        }
    }
    assert_eq!(decode_catalog(&read("catalog.v1.hex")[0]).unwrap(), expected);
}

#[test]
fn catalog_of_version_1_decodes_and_encodes_as_ever() {
    let fresh = encode_catalog(&golden_state());
    let kept = golden("catalog.v1.jobs.hex", std::slice::from_ref(&fresh));
    assert_eq!(decode_catalog(&kept[0]).unwrap(), golden_state());
    assert_eq!(fresh, kept[0]);
}

#[test]
fn one_of_each_means_every_kind() {
    let mut kinds: Vec<_> = one_of_each().iter().map(Command::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 13);
}

#[test]
fn a_newer_format_is_named_in_the_error() {
    let mut bytes = encode_catalog(&golden_state());
    bytes[0] = 2;
    let error = decode_catalog(&bytes).unwrap_err();
    let text = "a catalog is in format 2, and this program knows formats up to 1: it is older than its data";
    assert_eq!(error.to_string(), text);
}

#[test]
fn damaged_bytes_are_an_error_and_no_panic() {
    let bytes = encode_catalog(&golden_state());
    for length in 0..bytes.len() {
        assert!(decode_catalog(&bytes[..length]).is_err(), "cut at {length}");
    }
    assert!(decode_command(&[1, 0xc0]).is_err());
    assert!(
        decode_command(&[1, 0x81, 0xa4, b'G', b'o', b'n', b'e', 0xc0]).is_err(),
        "a command of a later program"
    );
}

/// A catalog as another version of the program might write it: a field more, most fields fewer.
#[derive(Serialize)]
struct OtherCatalog {
    version: u64,
    added_later: Vec<String>,
}

#[test]
fn added_and_missing_fields_are_tolerated() {
    let other = OtherCatalog { version: 7, added_later: vec!["x".to_owned()] };
    let decoded = decode_catalog(&encode(&other)).unwrap();
    assert_eq!(decoded, Catalog { version: 7, ..Catalog::default() });
}
