//! Tests of the statements about accounts and what they may do.

use ostrakon_catalog::privilege::Privileges;
use ostrakon_catalog::user::AccountName;

use super::administration::*;
use super::command::{Command, ShowWhat};
use super::parse_command;
use crate::RouterError;
use crate::lexer::{SqlMode, tokenize};

fn parse(text: &str) -> Result<Option<Command>, RouterError> {
    let tokens = tokenize(text.as_bytes(), SqlMode::default())?;
    parse_command(text.as_bytes(), &tokens, SqlMode::default())
}

fn admin(text: &str) -> Admin {
    match parse(text) {
        Ok(Some(Command::Admin(admin))) => admin,
        other => panic!("{text}: {other:?}"),
    }
}

fn errno(text: &str) -> u16 {
    parse(text).expect_err(text).errno
}

fn name(name: &str, host: &str) -> AccountName {
    AccountName { name: name.into(), host: host.into() }
}

fn named(user: &str, host: &str) -> Whom {
    Whom::Named(name(user, host))
}

fn spec(user: &str, host: &str, plugin: Option<&str>, given: Given) -> AccountSpec {
    let identified = Some(Identified { plugin: plugin.map(Into::into), given });
    AccountSpec { whom: named(user, host), identified }
}

fn password(text: &str) -> Given {
    Given::Password(Secret(text.into()))
}

fn hash(text: &str) -> Given {
    Given::Hash(Secret(text.into()))
}

#[test]
fn accounts_have_a_host_and_a_proof() {
    const STARS: &str = "*14E65567ABDB5135D0CFD9A70B3032C179A49EE7";
    for (text, expected) in [
        ("app IDENTIFIED BY 'p'", spec("app", "%", None, password("p"))),
        ("'app'@'%' IDENTIFIED BY 'it''s'", spec("app", "%", None, password("it's"))),
        ("`a b`@`10.%` IDENTIFIED BY 'p'", spec("a b", "10.%", None, password("p"))),
        ("app@localhost IDENTIFIED BY 'p'", spec("app", "localhost", None, password("p"))),
        ("app@'LOCALHOST' IDENTIFIED BY 'p'", spec("app", "localhost", None, password("p"))),
        ("''@'10.0.0.0/8' IDENTIFIED BY 'p'", spec("", "10.0.0.0/8", None, password("p"))),
        ("a@% IDENTIFIED BY 'p'", spec("a", "%", None, password("p"))),
        (
            "a IDENTIFIED WITH 'mysql_native_password' BY 'p'",
            spec("a", "%", Some("mysql_native_password"), password("p")),
        ),
        (
            "a IDENTIFIED WITH Caching_SHA2_password AS 'x'",
            spec("a", "%", Some("caching_sha2_password"), hash("x")),
        ),
        (
            "a IDENTIFIED WITH caching_sha2_password AS 0x244124",
            spec("a", "%", Some("caching_sha2_password"), hash("$A$")),
        ),
        (
            "a IDENTIFIED VIA mysql_native_password USING '*1'",
            spec("a", "%", Some("mysql_native_password"), hash("*1")),
        ),
        (
            "a IDENTIFIED VIA mysql_native_password USING PASSWORD('p')",
            spec("a", "%", Some("mysql_native_password"), password("p")),
        ),
        (&format!("a IDENTIFIED BY PASSWORD '{STARS}'"), spec("a", "%", None, hash(STARS))),
    ] {
        let text = format!("CREATE USER {text}");
        let (accounts, options) = (vec![expected], AccountOptions::default());
        assert_eq!(admin(&text), Admin::CreateUser { accounts, options, if_not_exists: false }, "{text}");
    }
    assert!(!format!("{:?}", admin("CREATE USER a IDENTIFIED BY 'hidden'")).contains("hidden"));
    assert!(!format!("{:?}", admin("CREATE USER a IDENTIFIED BY PASSWORD 'hidden'")).contains("hidden"));
}

#[test]
fn options_are_read_in_any_order_as_servers_print_them() {
    let printed = "CREATE USER `a`@`%` IDENTIFIED WITH 'caching_sha2_password' AS 'x' REQUIRE NONE PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK \
                   PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT";
    let Admin::CreateUser { options, .. } = admin(printed) else { panic!("{printed}") };
    let expected = AccountOptions { locked: Some(false), requires_tls: Some(false), max_connections: None };
    assert_eq!(options, expected);
    let text = "CREATE USER IF NOT EXISTS a IDENTIFIED BY 'p', b@h IDENTIFIED BY 'q' REQUIRE SSL WITH MAX_USER_CONNECTIONS 5 MAX_QUERIES_PER_HOUR 0 ACCOUNT LOCK";
    let Admin::CreateUser { accounts, options, if_not_exists: true } = admin(text) else { panic!("{text}") };
    assert_eq!(accounts.len(), 2);
    let expected = AccountOptions { locked: Some(true), requires_tls: Some(true), max_connections: Some(5) };
    assert_eq!(options, expected);
    let Admin::AlterUser { accounts, if_exists: true, .. } = admin("ALTER USER IF EXISTS a ACCOUNT LOCK")
    else {
        panic!("ALTER")
    };
    assert_eq!(accounts, [AccountSpec { whom: named("a", "%"), identified: None }]);
    for text in [
        "CREATE USER a",
        "CREATE USER a IDENTIFIED WITH mysql_native_password",
        "CREATE USER a IDENTIFIED BY RANDOM PASSWORD",
        "CREATE USER a IDENTIFIED BY 'p' REQUIRE X509",
        "CREATE USER a IDENTIFIED BY 'p' PASSWORD EXPIRE",
        "CREATE USER a IDENTIFIED BY 'p' PASSWORD EXPIRE INTERVAL 3 DAY",
        "CREATE USER a IDENTIFIED BY 'p' WITH MAX_QUERIES_PER_HOUR 5",
        "CREATE USER a IDENTIFIED BY 'p' DEFAULT ROLE r",
        "CREATE USER a IDENTIFIED BY 'p' COMMENT 'c'",
        "CREATE USER a IDENTIFIED VIA mysql_native_password USING '*1' OR unix_socket",
        "ALTER USER a IDENTIFIED BY 'p' REPLACE 'q'",
    ] {
        assert_eq!(errno(text), 1235, "{text}");
    }
    for text in [
        "CREATE USER",
        "CREATE USER a IDENTIFIED 'p'",
        "CREATE USER a IDENTIFIED BY p",
        "CREATE USER a IDENTIFIED BY 'p' WITH",
        "CREATE USER a IDENTIFIED BY 'p' REQUIRE TLS",
        "CREATE USER a IDENTIFIED WITH x AS 0x2",
        "DROP USER",
        "RENAME USER a",
        "SET PASSWORD = x",
    ] {
        assert_eq!(errno(text), 1064, "{text}");
    }
    assert_eq!(errno(&format!("DROP USER {}", "x".repeat(81))), 1470);
}

#[test]
fn accounts_are_dropped_renamed_and_given_passwords() {
    let accounts = vec![named("a", "%"), named("b", "10.%"), Whom::Current];
    assert_eq!(
        admin("DROP USER IF EXISTS a, 'b'@'10.%', CURRENT_USER()"),
        Admin::DropUser { accounts, if_exists: true }
    );
    assert_eq!(
        admin("RENAME USER a TO b@localhost, c TO d"),
        Admin::RenameUser {
            renames: vec![(name("a", "%"), name("b", "localhost")), (name("c", "%"), name("d", "%"))]
        }
    );
    let stars = format!("*{}", "a1".repeat(20));
    for (text, account, plugin, given) in [
        ("SET PASSWORD = 'p'", Whom::Current, None, password("p")),
        ("SET PASSWORD = PASSWORD('p')", Whom::Current, None, password("p")),
        ("SET PASSWORD FOR a@b = 'p'", named("a", "b"), None, password("p")),
        ("ALTER USER USER() IDENTIFIED BY 'p'", Whom::Current, None, password("p")),
        (
            &format!("SET PASSWORD FOR CURRENT_USER = '{stars}'"),
            Whom::Current,
            Some("mysql_native_password"),
            hash(&stars),
        ),
    ] {
        let identified = Identified { plugin: plugin.map(Into::into), given };
        assert_eq!(admin(text), Admin::SetPassword { account, identified }, "{text}");
    }
}

#[test]
fn privileges_are_granted_at_their_places() {
    let place = |database: &str, table: &str| GrantLevel::Table {
        database: (!database.is_empty()).then(|| database.to_owned()),
        table: table.to_owned(),
    };
    let select = Privileges::SELECT;
    for (text, set, all, level) in [
        ("SELECT ON *.*", select, false, GrantLevel::Everything),
        ("ALL ON *.*", Privileges::NONE, true, GrantLevel::Everything),
        ("ALL PRIVILEGES ON `d\\_1`.*", Privileges::NONE, true, GrantLevel::Database("d\\_1".into())),
        ("SELECT, CREATE VIEW ON *", select | Privileges::CREATE_VIEW, false, GrantLevel::CurrentDatabase),
        ("USAGE ON d.t", Privileges::NONE, false, place("d", "t")),
        ("Insert ON TABLE t", Privileges::INSERT, false, place("", "t")),
        (
            "CREATE TEMPORARY TABLES, LOCK TABLES ON d.*",
            Privileges::CREATE_TEMPORARY_TABLES | Privileges::LOCK_TABLES,
            false,
            GrantLevel::Database("d".into()),
        ),
        ("GRANT OPTION ON d.t", Privileges::GRANT_OPTION, false, place("d", "t")),
    ] {
        let granted = Granted { all, set, without_meaning: Vec::new() };
        let accounts = vec![AccountSpec { whom: named("a", "%"), identified: None }];
        let expected = Admin::Grant {
            granted: granted.clone(),
            level: level.clone(),
            accounts,
            options: AccountOptions::default(),
        };
        assert_eq!(admin(&format!("GRANT {text} TO a")), expected, "{text}");
        let accounts = vec![named("a", "%"), named("b", "%")];
        let expected = Admin::Revoke { granted, level, accounts, if_exists: false, ignores_unknown: false };
        assert_eq!(admin(&format!("REVOKE {text} FROM a, b")), expected, "{text}");
    }
}

#[test]
fn grants_that_servers_print_are_read() {
    let printed = "GRANT SELECT, RELOAD, CREATE ROLE, BACKUP_ADMIN ON *.* TO `a`@`%` WITH GRANT OPTION";
    let Admin::Grant { granted, .. } = admin(printed) else { panic!("{printed}") };
    assert_eq!(granted.set, Privileges::SELECT | Privileges::RELOAD | Privileges::GRANT_OPTION);
    assert_eq!(granted.without_meaning, ["CREATE ROLE", "BACKUP_ADMIN"]);
    let printed = "GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*1' REQUIRE SSL WITH GRANT OPTION MAX_USER_CONNECTIONS 3";
    let Admin::Grant { granted, accounts, options, .. } = admin(printed) else { panic!("{printed}") };
    assert_eq!(granted.set, Privileges::GRANT_OPTION);
    assert!(accounts.iter().all(|spec| spec.identified.is_some()));
    assert_eq!((options.requires_tls, options.max_connections), (Some(true), Some(3)));
    assert_eq!(
        admin("REVOKE ALL PRIVILEGES, GRANT OPTION FROM a IGNORE UNKNOWN USER"),
        Admin::RevokeAll { accounts: vec![named("a", "%")], ignores_unknown: true }
    );
    assert!(matches!(admin("REVOKE IF EXISTS SELECT ON d.* FROM a"), Admin::Revoke { if_exists: true, .. }));
    for text in [
        "GRANT r TO a",
        "GRANT 'r'@'%' TO a",
        "REVOKE r FROM a",
        "GRANT PROXY ON a TO b",
        "GRANT SELECT (c) ON d.t TO a",
        "GRANT EXECUTE ON PROCEDURE d.p TO a",
        "GRANT SELECT ON d.t TO a AS b",
        "SHOW GRANTS FOR a USING r",
    ] {
        assert_eq!(errno(text), 1235, "{text}");
    }
    for text in [
        "GRANT SELCT ON d.t TO a",
        "GRANT SELECT TO",
        "GRANT SELECT ON d. TO a",
        "GRANT SELECT ON d.t",
        "GRANT SELECT ON d.t TO a b",
        "REVOKE SELECT FROM a",
    ] {
        assert!(matches!(errno(text), 1064 | 1235), "{text}");
    }
}

#[test]
fn grants_and_accounts_are_shown() {
    let shown = |text: &str| match parse(text) {
        Ok(Some(Command::Show(show))) => show.what,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(shown("SHOW GRANTS"), ShowWhat::Grants(Whom::Current));
    assert_eq!(shown("SHOW GRANTS FOR CURRENT_USER()"), ShowWhat::Grants(Whom::Current));
    assert_eq!(shown("SHOW GRANTS FOR 'a'@'10.%'"), ShowWhat::Grants(named("a", "10.%")));
    assert_eq!(shown("SHOW CREATE USER a"), ShowWhat::CreateUser(named("a", "%")));
    assert_eq!(shown("SHOW CREATE USER"), ShowWhat::CreateUser(Whom::Current));
}
