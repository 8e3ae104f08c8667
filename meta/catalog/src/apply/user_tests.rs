//! Tests of accounts: what a statement changes, all or nothing, and what old records mean.

use crate::command::Command;
use crate::encode::{decode_catalog, encode_catalog};
use crate::outcome::{Outcome, Rejection};
use crate::privilege::{Grants, Privileges, Scope};
use crate::state::Catalog;
use crate::user::{AccountName, User, UserChange, UserOptions};

fn user(name: &str, host: &str) -> User {
    User {
        name: name.to_owned(),
        host: host.to_owned(),
        plugin: "mysql_native_password".to_owned(),
        authentication: "*0".to_owned(),
        grants: Some(Grants::default()),
        locked: false,
        requires_tls: false,
        max_connections: 0,
    }
}

fn name(name: &str, host: &str) -> AccountName {
    AccountName { name: name.to_owned(), host: host.to_owned() }
}

fn change(catalog: &mut Catalog, changes: Vec<UserChange>) -> Result<Outcome, Rejection> {
    catalog.apply(&Command::ChangeUsers { changes })
}

#[test]
fn accounts_of_one_name_differ_by_host() {
    let mut catalog = Catalog::default();
    change(&mut catalog, vec![UserChange::Create(user("a", "%")), UserChange::Create(user("a", "10.%"))])
        .unwrap();
    assert_eq!(catalog.users.keys().collect::<Vec<_>>(), ["a", "a\u{0}10.%"]);
    assert_eq!((catalog.version, catalog.accounts), (0, 1));
    change(&mut catalog, vec![UserChange::Drop(name("a", "%"))]).unwrap();
    assert_eq!(catalog.users.len(), 1);
    let renamed = UserChange::Rename { from: name("a", "10.%"), to: name("b", "%") };
    change(&mut catalog, vec![renamed]).unwrap();
    assert_eq!(catalog.users.keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn one_step_that_fails_undoes_the_others() {
    let mut catalog = Catalog::default();
    change(&mut catalog, vec![UserChange::Create(user("a", "%"))]).unwrap();
    let before = encode_catalog(&catalog);
    let error =
        change(&mut catalog, vec![UserChange::Create(user("b", "%")), UserChange::Create(user("a", "%"))]);
    assert_eq!(error.unwrap_err().to_string(), "Operation CREATE USER failed for 'a'@'%'");
    assert_eq!(encode_catalog(&catalog), before);
}

#[test]
fn grants_add_up_and_are_taken_back() {
    let mut catalog = Catalog::default();
    change(&mut catalog, vec![UserChange::Create(user("a", "%"))]).unwrap();
    let account = || name("a", "%");
    let scope = || Scope::Table("d".to_owned(), "t".to_owned());
    let grant = |privileges| UserChange::Grant { account: account(), scope: scope(), privileges };
    let revoke = |privileges| UserChange::Revoke { account: account(), scope: scope(), privileges };
    // What a table cannot have is left out.
    change(&mut catalog, vec![grant(Privileges::SELECT | Privileges::SUPER), grant(Privileges::INSERT)])
        .unwrap();
    let granted = |catalog: &Catalog| catalog.users["a"].granted().on_table("d", "t");
    assert_eq!(granted(&catalog), Privileges::SELECT | Privileges::INSERT);
    change(&mut catalog, vec![revoke(Privileges::SELECT)]).unwrap();
    assert_eq!(granted(&catalog), Privileges::INSERT);
    change(&mut catalog, vec![revoke(Privileges::ALL)]).unwrap();
    let error = change(&mut catalog, vec![revoke(Privileges::INSERT)]).unwrap_err();
    assert_eq!((error.errno(), error.sqlstate()), (1147, "42000"));
    assert_eq!(catalog.users["a"].granted(), Grants::default());
}

#[test]
fn an_account_of_an_older_program_has_everything_until_something_is_taken() {
    let mut catalog = Catalog::default();
    let old = User { grants: None, ..user("old", "%") };
    catalog.apply(&Command::PutUser { user: old, replace: false }).unwrap();
    let catalog_bytes = encode_catalog(&catalog);
    assert!(!catalog_bytes.windows(4).any(|bytes| bytes == b"host"), "bytes as they were");
    let mut catalog = decode_catalog(&catalog_bytes).unwrap();
    assert_eq!(catalog.users["old"].host, "%");
    assert!(catalog.users["old"].granted().is_everything());
    let account = || name("old", "%");
    let options = UserOptions { locked: Some(true), ..UserOptions::default() };
    change(&mut catalog, vec![UserChange::Alter { account: account(), options }]).unwrap();
    assert!(catalog.users["old"].granted().is_everything() && catalog.users["old"].locked);
    let revoke =
        UserChange::Revoke { account: account(), scope: Scope::Global, privileges: Privileges::SUPER };
    change(&mut catalog, vec![revoke]).unwrap();
    let left = catalog.users["old"].granted();
    assert!(left.global.has(Privileges::SELECT) && !left.global.has(Privileges::SUPER));
}
