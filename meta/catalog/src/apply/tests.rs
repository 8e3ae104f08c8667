//! Tests of `apply`: each command, each refusal, and random sequences of commands.

use proptest::prelude::*;

use super::*;
use crate::encode::{decode_catalog, decode_command, encode_catalog, encode_command};
use crate::samples::*;
use crate::schema::{Table, TableKind};

fn lease(count: u64) -> Command {
    let sequence = "AUTO_SEQ_orders".to_owned();
    Command::LeaseRange { database: "shop".to_owned(), sequence, count }
}

fn name(database: &str, table: &str) -> (String, String) {
    (database.to_owned(), table.to_owned())
}

fn rename(steps: &[(&str, &str)]) -> Command {
    Command::RenameTables {
        renames: steps.iter().map(|(from, to)| (name("shop", from), name("shop", to))).collect(),
    }
}

/// Applies a command that must be refused, and checks that nothing changed.
fn refused(catalog: &mut Catalog, command: &Command) -> Rejection {
    let before = encode_catalog(catalog);
    let rejection = catalog.apply(command).unwrap_err();
    assert_eq!(before, encode_catalog(catalog), "{command:?} was refused and changed the state");
    rejection
}

#[test]
fn instance_numbers_are_not_used_again() {
    let mut catalog = Catalog::default();
    assert_eq!(catalog.apply(&instance("a")), Ok(Outcome::Instance { id: 1 }));
    assert_eq!(catalog.apply(&instance("b")), Ok(Outcome::Instance { id: 2 }));
    assert_eq!(catalog.apply(&Command::DropInstance { name: "b".to_owned() }), Ok(Outcome::Done));
    assert_eq!(catalog.apply(&instance("c")), Ok(Outcome::Instance { id: 3 }));
    assert_eq!(refused(&mut catalog, &instance("a")).errno(), 1062);
}

#[test]
fn instance_in_use_is_not_dropped() {
    let mut catalog = shop();
    let drop = Command::DropInstance { name: "m1".to_owned() };
    let rejection = refused(&mut catalog, &drop);
    assert_eq!((rejection.errno(), rejection.sqlstate()), (1451, "23000"));
    catalog.apply(&Command::DropDatabase { name: "shop".to_owned() }).unwrap();
    assert_eq!(catalog.apply(&drop), Ok(Outcome::Done));
    assert_eq!(refused(&mut catalog, &drop).errno(), 1477);
}

#[test]
fn database_refusals_carry_mysql_numbers() {
    let mut catalog = shop();
    let again = Command::CreateDatabase { database: database("shop", 1, 1) };
    assert_eq!(refused(&mut catalog, &again).to_string(), "Can't create database 'shop'; database exists");
    assert_eq!(refused(&mut catalog, &again).errno(), 1007);
    let drop = Command::DropDatabase { name: "nope".to_owned() };
    assert_eq!(refused(&mut catalog, &drop).errno(), 1008);
    assert_eq!(refused(&mut catalog, &create_single("nope", "t")).errno(), 1049);
    let nowhere = Command::CreateDatabase { database: database("other", 1, 9) };
    assert_eq!(refused(&mut catalog, &nowhere).errno(), 1477);
}

#[test]
fn no_two_groups_share_a_physical_database() {
    let mut catalog = shop();
    let mut other = database("other", 1, 1);
    other.groups[0].physical_database = "shop_k3f9_0001".to_owned();
    let create = Command::CreateDatabase { database: other.clone() };
    assert!(matches!(refused(&mut catalog, &create), Rejection::GroupTaken { .. }));
    other.groups[0].physical_database = "other_0".to_owned();
    other.groups.push(other.groups[0].clone());
    let create = Command::CreateDatabase { database: other };
    assert!(matches!(refused(&mut catalog, &create), Rejection::GroupTaken { .. }));
}

#[test]
fn table_ids_grow_over_drop_and_create() {
    let mut catalog = shop();
    assert_eq!(catalog.table("shop", "orders").unwrap().id, 1);
    assert_eq!(refused(&mut catalog, &create_single("shop", "orders")).errno(), 1050);
    catalog.apply(&Command::DropTables { tables: vec![name("shop", "orders")] }).unwrap();
    assert!(catalog.sequence("shop", "AUTO_SEQ_orders").is_none());
    assert_eq!(catalog.apply(&create_sharded("shop", "orders")), Ok(Outcome::Table { id: 3 }));
}

#[test]
fn drop_of_several_tables_is_all_or_none() {
    let mut catalog = shop();
    let some = vec![name("shop", "orders"), name("shop", "x"), name("no", "y")];
    let rejection = refused(&mut catalog, &Command::DropTables { tables: some });
    assert_eq!(rejection.to_string(), "Unknown table 'shop.x,no.y'");
    assert_eq!((rejection.errno(), rejection.sqlstate()), (1051, "42S02"));
    let twice = vec![name("shop", "orders"), name("shop", "orders")];
    assert_eq!(refused(&mut catalog, &Command::DropTables { tables: twice }).errno(), 1066);
}

#[test]
fn sharded_auto_increment_without_sequence_is_refused() {
    let mut catalog = shop();
    let create =
        Command::CreateTable { database: "shop".to_owned(), table: sharded_table("t"), sequence: None };
    assert!(matches!(refused(&mut catalog, &create), Rejection::Malformed { .. }));
}

#[test]
fn tables_with_impossible_parts_are_refused() {
    let refusal = |change: &dyn Fn(&mut Table)| {
        let mut table = sharded_table("t");
        change(&mut table);
        let sequence = Some(sequence_of(&table.name));
        refused(&mut shop(), &Command::CreateTable { database: "shop".to_owned(), table, sequence }).errno()
    };
    assert_eq!(refusal(&|table| table.columns.clear()), 1113);
    assert_eq!(refusal(&|table| table.columns[1].name = "ID".to_owned()), 1060);
    assert_eq!(refusal(&|table| table.columns[1].auto_increment = true), 1075);
    assert_eq!(refusal(&|table| table.columns[0].name = "other".to_owned()), 1072);
    assert_eq!(refusal(&|table| table.name = "n".repeat(65)), 1059);
    assert_eq!(refusal(&|table| table.name = "space ".to_owned()), 1103);
    let wider = |table: &mut Table| {
        if let TableKind::Sharded(rule) = &mut table.kind {
            rule.groups = 3;
        }
    };
    assert_eq!(refusal(&wider), 1105);
}

#[test]
fn renamed_table_keeps_its_physical_name_for_itself() {
    let mut catalog = shop();
    catalog.apply(&rename(&[("notes", "old_notes")])).unwrap();
    let renamed = catalog.table("shop", "old_notes").unwrap();
    assert_eq!((renamed.id, renamed.physical_base.as_str()), (2, "notes"));
    let rejection = refused(&mut catalog, &create_single("shop", "notes"));
    assert!(matches!(rejection, Rejection::PhysicalTableTaken { .. }), "{rejection}");
    let mut suffixed = single_table("notes");
    suffixed.name_suffix = Some("x1".to_owned());
    let create = Command::CreateTable { database: "shop".to_owned(), table: suffixed, sequence: None };
    assert_eq!(catalog.apply(&create), Ok(Outcome::Table { id: 3 }));
}

#[test]
fn rename_swaps_in_order_and_takes_sequences_along() {
    let mut catalog = shop();
    catalog.apply(&rename(&[("orders", "tmp"), ("notes", "orders"), ("tmp", "notes")])).unwrap();
    assert_eq!(catalog.table("shop", "notes").unwrap().id, 1);
    assert_eq!(catalog.table("shop", "orders").unwrap().id, 2);
    assert_eq!(catalog.sequence("shop", "AUTO_SEQ_notes").unwrap().name, "AUTO_SEQ_notes");
    assert!(catalog.sequence("shop", "AUTO_SEQ_orders").is_none());
}

#[test]
fn rename_is_all_or_none() {
    let mut catalog = shop();
    assert_eq!(refused(&mut catalog, &rename(&[("orders", "a"), ("missing", "b")])).errno(), 1146);
    assert_eq!(refused(&mut catalog, &rename(&[("orders", "notes")])).errno(), 1050);
    let across = Command::RenameTables { renames: vec![(name("shop", "orders"), name("other", "orders"))] };
    assert_eq!(refused(&mut catalog, &across).errno(), 1235);
}

#[test]
fn of_two_concurrent_replacements_one_is_refused() {
    let mut catalog = shop();
    let replace = |expected_id| {
        let mut table = single_table("notes");
        table.columns.push(column("b", crate::column::ColumnType::Date));
        let (database, name) = name("shop", "notes");
        Command::ReplaceTable { database, name, table, expected_id, sequence: None }
    };
    assert_eq!(catalog.apply(&replace(2)), Ok(Outcome::Table { id: 3 }));
    assert_eq!(refused(&mut catalog, &replace(2)), Rejection::TableChanged { expected_id: 2, id: 3 });
    assert_eq!(catalog.table("shop", "notes").unwrap().columns.len(), 2);
}

#[test]
fn sequence_follows_the_auto_increment_column() {
    let mut catalog = shop();
    catalog.apply(&lease(10)).unwrap();
    let replace = |table: Table, expected_id, sequence| {
        let (database, name) = name("shop", "orders");
        Command::ReplaceTable { database, name, table, expected_id, sequence }
    };
    catalog.apply(&replace(sharded_table("orders"), 1, Some(sequence_of("orders")))).unwrap();
    assert_eq!(catalog.sequence("shop", "AUTO_SEQ_orders").unwrap().next, 11, "an existing sequence stays");
    let mut plain = sharded_table("orders");
    plain.columns[0].auto_increment = false;
    catalog.apply(&replace(plain, 3, None)).unwrap();
    assert!(catalog.sequence("shop", "AUTO_SEQ_orders").is_none());
    let rejection = refused(&mut catalog, &replace(sharded_table("orders"), 4, None));
    assert!(matches!(rejection, Rejection::Malformed { .. }));
}

fn range(first: u64, last: u64, epoch: u64) -> Outcome {
    Outcome::Range { first, last, increment: 1, epoch }
}

#[test]
fn leases_leave_the_version_alone() {
    let mut catalog = shop();
    let (version, revision) = (catalog.version, catalog.revision);
    assert_eq!(catalog.apply(&lease(1000)), Ok(range(1, 1000, 1)));
    assert_eq!(catalog.apply(&lease(5)), Ok(range(1001, 1005, 1)));
    assert_eq!((catalog.version, catalog.revision), (version, revision + 2));
}

#[test]
fn raise_never_lowers_and_reset_does() {
    let mut catalog = shop();
    let (database, sequence) = name("shop", "AUTO_SEQ_orders");
    let raise = |at_least| Command::RaiseSequence {
        database: database.clone(),
        sequence: sequence.clone(),
        at_least,
    };
    catalog.apply(&raise(500)).unwrap();
    let revision = catalog.revision;
    catalog.apply(&raise(100)).unwrap();
    assert_eq!(catalog.revision, revision, "nothing changed");
    assert_eq!(catalog.apply(&lease(1)), Ok(range(500, 500, 1)));
    let version = catalog.version;
    catalog.apply(&Command::ResetSequence { database, sequence, start: 1 }).unwrap();
    assert_eq!(catalog.version, version + 1, "holders of ranges must notice");
    assert_eq!(catalog.apply(&lease(1)), Ok(range(1, 1, 2)));
}

#[test]
fn sequence_ends_without_repeating() {
    let mut catalog = shop();
    let (database, sequence) = name("shop", "AUTO_SEQ_orders");
    catalog.apply(&Command::RaiseSequence { database, sequence, at_least: u64::MAX - 3 }).unwrap();
    assert_eq!(catalog.apply(&lease(10)), Ok(range(u64::MAX - 3, u64::MAX - 1, 1)));
    assert_eq!(refused(&mut catalog, &lease(1)).errno(), 1467);
    assert_eq!(refused(&mut catalog, &lease(0)).errno(), 1105);
}

#[test]
fn fold_is_put_once() {
    let mut catalog = shop();
    let put = |table: &[u8]| Command::PutCollationFold {
        collation: "utf8mb4_bin".to_owned(),
        table: table.to_vec(),
    };
    catalog.apply(&put(b"abc")).unwrap();
    let version = catalog.version;
    assert_eq!(catalog.apply(&put(b"abc")), Ok(Outcome::Done));
    assert_eq!(catalog.version, version);
    assert!(matches!(refused(&mut catalog, &put(b"abd")), Rejection::FoldDiffers { .. }));
    assert_eq!(catalog.fold("utf8mb4_bin").map(|fold| &fold[..]), Some(&b"abc"[..]));
}

#[test]
fn a_published_snapshot_never_changes() {
    let mut catalog = shop();
    let (published, bytes) = (catalog.clone(), encode_catalog(&catalog));
    catalog.apply(&lease(10)).unwrap();
    catalog.apply(&rename(&[("orders", "moved")])).unwrap();
    assert_eq!(encode_catalog(&published), bytes);
}

#[test]
fn passwords_stay_out_of_debug_text() {
    let mut catalog = Catalog::default();
    catalog.apply(&instance("m1")).unwrap();
    assert!(!format!("{catalog:?} {:?}", instance("m2")).contains("secret"));
}

proptest! {
    /// Two replicas that apply the same commands are equal by bytes, whether they got them as values, as bytes from the log, or
    /// through a snapshot in the middle; and every state keeps the rules between records.
    #[test]
    fn replicas_are_equal_by_bytes(commands in any_commands(60), cut in 0..60usize) {
        let (mut first, mut second) = (Catalog::default(), Catalog::default());
        for (index, command) in commands.iter().enumerate() {
            if index == cut {
                second = decode_catalog(&encode_catalog(&second)).unwrap();
            }
            let before = encode_catalog(&first);
            let version = first.version;
            let answer = first.apply(command);
            let from_log = decode_command(&encode_command(command)).unwrap();
            prop_assert_eq!(&from_log, command);
            prop_assert_eq!(&second.apply(&from_log), &answer);
            let after = encode_catalog(&first);
            prop_assert_eq!(&after, &encode_catalog(&second));
            if answer.is_err() {
                prop_assert_eq!(&before, &after);
            }
            prop_assert!(first.version == version || (first.version == version + 1 && before != after));
            prop_assert_eq!(validate::whole(&first), Ok(()));
        }
    }
}
