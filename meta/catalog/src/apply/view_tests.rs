//! Tests of views in `apply`: the namespace that they share with tables, what replaces what, and what jobs hold.

use super::*;
use crate::encode::{decode_catalog, encode_catalog};
use crate::job::JobAction;
use crate::samples::{create_single, job, shop, single_table};
use crate::view::View;

fn view(name: &str, query: &str) -> View {
    View { query: query.to_owned(), ..crate::samples::view(name) }
}

fn put(view: View, replace: Option<bool>) -> Command {
    Command::PutView { database: "shop".to_owned(), view, replace }
}

fn drop(names: &[&str]) -> Command {
    Command::DropViews { views: names.iter().map(|name| ("shop".to_owned(), (*name).to_owned())).collect() }
}

fn errno(catalog: &mut Catalog, command: &Command) -> u16 {
    let before = encode_catalog(catalog);
    let rejection = catalog.apply(command).unwrap_err();
    assert_eq!(before, encode_catalog(catalog), "{command:?} was refused and changed the state");
    rejection.errno()
}

#[test]
fn a_view_is_put_replaced_and_dropped() {
    let mut catalog = shop();
    let version = catalog.version;
    catalog.apply(&put(view("v", "SELECT 1"), None)).unwrap();
    assert_eq!(catalog.version, version + 1);
    assert_eq!(errno(&mut catalog, &put(view("v", "SELECT 2"), None)), 1050);
    catalog.apply(&put(view("v", "SELECT 2"), Some(true))).unwrap();
    catalog.apply(&put(view("v", "SELECT 3"), Some(false))).unwrap();
    assert_eq!(catalog.view("shop", "v").unwrap().query, "SELECT 3");
    assert_eq!(catalog.version, version + 3);
    assert_eq!(errno(&mut catalog, &put(view("w", "SELECT 1"), Some(false))), 1146);
    assert_eq!(errno(&mut catalog, &drop(&["v", "w"])), 1051);
    assert_eq!(errno(&mut catalog, &drop(&["v", "v"])), 1066);
    catalog.apply(&drop(&["v"])).unwrap();
    assert_eq!(catalog.view("shop", "v"), None);
}

#[test]
fn tables_and_views_share_their_names() {
    let mut catalog = shop();
    catalog.apply(&put(view("v", "SELECT 1"), None)).unwrap();
    assert_eq!(errno(&mut catalog, &put(view("orders", "SELECT 1"), None)), 1050);
    assert_eq!(errno(&mut catalog, &put(view("orders", "SELECT 1"), Some(true))), 1347);
    assert_eq!(errno(&mut catalog, &create_single("shop", "v")), 1050);
    let name = |table: &str| ("shop".to_owned(), table.to_owned());
    let rename = Command::RenameTables { renames: vec![(name("notes"), name("v"))] };
    assert_eq!(errno(&mut catalog, &rename), 1050);
    let twice = View { columns: vec!["a".to_owned(), "A".to_owned()], ..view("w", "SELECT 1") };
    assert_eq!(errno(&mut catalog, &put(twice, None)), 1060);
    catalog.apply(&Command::DropDatabase { name: "shop".to_owned() }).unwrap();
    assert_eq!(errno(&mut catalog, &put(view("v", "SELECT 1"), None)), 1049);
}

#[test]
fn what_a_job_holds_is_no_views() {
    let mut catalog = shop();
    let table = single_table("v");
    let action = JobAction::CreateTable {
        database: "shop".to_owned(),
        table,
        text: Default::default(),
        sequence: None,
        like: None,
    };
    catalog.apply(&Command::SubmitJob { job: job(action) }).unwrap();
    assert_eq!(errno(&mut catalog, &put(view("v", "SELECT 1"), None)), 1205);
    catalog.apply(&put(view("w", "SELECT 1"), None)).unwrap();
    let action = JobAction::CreateTable {
        database: "shop".to_owned(),
        table: single_table("w"),
        text: Default::default(),
        sequence: None,
        like: None,
    };
    assert_eq!(errno(&mut catalog, &Command::SubmitJob { job: job(action) }), 1050);
}

#[test]
fn a_snapshot_holds_views_and_none_of_them_costs_nothing() {
    let mut catalog = shop();
    let without = encode_catalog(&catalog);
    catalog.apply(&put(view("v", "SELECT 1"), None)).unwrap();
    let with = encode_catalog(&catalog);
    assert_eq!(decode_catalog(&with).unwrap(), catalog);
    crate::validate::whole(&catalog).unwrap();
    catalog.apply(&drop(&["v"])).unwrap();
    let after = decode_catalog(&encode_catalog(&catalog)).unwrap();
    let before = decode_catalog(&without).unwrap();
    assert_eq!(after.databases, before.databases);
}
