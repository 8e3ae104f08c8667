//! Tests of the statements about instances, accounts and the cluster.

use ostrakon_catalog::schema::InstanceTls;

use super::administration::*;
use super::command::{Command, Show, ShowWhat};
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

fn refused(text: &str) -> String {
    match parse(text) {
        Ok(Some(Command::Refused(what))) => what,
        Err(e) if e.errno == 1235 => e.message,
        other => panic!("{text}: {other:?}"),
    }
}

fn secret(text: &str) -> Secret {
    Secret(text.into())
}

#[test]
fn instances_are_made_changed_and_dropped() {
    let instance = |port, user: &str, password: &str| Admin::CreateInstance {
        name: "a-1".into(),
        host: "10.0.0.1".into(),
        port,
        user: user.into(),
        password: secret(password),
        tls: None,
    };
    assert_eq!(admin("CREATE INSTANCE `a-1` HOST='10.0.0.1'"), instance(3306, "root", ""));
    for (text, tls) in [
        ("TLS=DISABLED", InstanceTls::Disabled),
        ("TLS required", InstanceTls::Required),
        ("TLS = 'verify_ca'", InstanceTls::VerifyCa),
        (", TLS = VERIFY_IDENTITY", InstanceTls::VerifyIdentity),
    ] {
        let Admin::CreateInstance { tls: found, .. } = admin(&format!("CREATE INSTANCE i HOST='h' {text}"))
        else {
            panic!("{text}");
        };
        assert_eq!(found, Some(tls), "{text}");
        let change = InstanceChange { tls: Some(tls), ..InstanceChange::default() };
        let altered = Admin::AlterInstance { name: "i".into(), change };
        assert_eq!(admin(&format!("ALTER INSTANCE i {text}")), altered, "{text}");
    }
    assert_eq!(
        admin("CREATE INSTANCE 'a-1' PASSWORD='it''s', PORT 3307, USER = bob HOST '10.0.0.1'"),
        instance(3307, "bob", "it's")
    );
    assert_eq!(admin("drop instance `a-1`"), Admin::DropInstance { name: "a-1".into() });
    let altered = |change| Admin::AlterInstance { name: "i1".into(), change };
    assert_eq!(
        admin("ALTER INSTANCE i1 HOST='h', PASSWORD='p'"),
        altered(InstanceChange {
            host: Some("h".into()),
            password: Some(secret("p")),
            ..InstanceChange::default()
        })
    );
    for (text, draining) in [("ALTER INSTANCE i1 DRAIN", true), ("ALTER INSTANCE i1 UNDRAIN", false)] {
        let change = InstanceChange { draining: Some(draining), ..InstanceChange::default() };
        assert_eq!(admin(text), altered(change));
    }
    assert_eq!(refused("ALTER INSTANCE ROTATE INNODB MASTER KEY"), "ALTER INSTANCE ROTATE");
    for text in [
        "ALTER INSTANCE i1",
        "ALTER INSTANCE i1 DRAIN UNDRAIN",
        "ALTER INSTANCE i1 HOST='a' HOST='b'",
        "CREATE INSTANCE i1 PASSWORD='a' PASSWORD='b' HOST='h'",
        "CREATE INSTANCE i1 USER='u'",
        "CREATE INSTANCE i1 HOST='h' TLS=PREFERRED",
        "CREATE INSTANCE i1 HOST='h' TLS=REQUIRED TLS=REQUIRED",
    ] {
        assert_eq!(parse(text).map_err(|e| e.errno), Err(1064), "{text}");
    }
}

#[test]
fn the_cluster_is_altered_and_shown() {
    for (text, expected) in [
        ("ALTER CLUSTER ADD NODE 4 ADDRESS 'h:1'", Admin::AddNode { node: 4, address: "h:1".into() }),
        ("ALTER CLUSTER REMOVE NODE 4", Admin::RemoveNode { node: 4 }),
        ("ALTER CLUSTER PROMOTE NODE 4", Admin::PromoteNode { node: 4 }),
        ("ALTER CLUSTER DEMOTE NODE 4", Admin::DemoteNode { node: 4 }),
        ("ALTER CLUSTER DRAIN NODE 4", Admin::DrainNode { node: 4, draining: true }),
        ("alter cluster undrain node 4", Admin::DrainNode { node: 4, draining: false }),
        ("ALTER CLUSTER TRANSFER LEADER TO NODE 2", Admin::TransferLeader { to: 2 }),
        ("ALTER CLUSTER SET voters = 5", Admin::SetSetting { name: "voters".into(), value: "5".into() }),
        ("ALTER CLUSTER SET Voters = '5'", Admin::SetSetting { name: "voters".into(), value: "5".into() }),
        ("ALTER CLUSTER SET x = -5", Admin::SetSetting { name: "x".into(), value: "-5".into() }),
        ("ALTER CLUSTER SET x = ON", Admin::SetSetting { name: "x".into(), value: "ON".into() }),
        ("ALTER CLUSTER RESET voters", Admin::ResetSetting { name: "voters".into() }),
        ("BACKUP CATALOG", Admin::BackupCatalog),
        ("CHECK CLUSTER", Admin::CheckCluster),
        ("RESOLVE TRANS 'o1.1.2.3.4'", Admin::ResolveTransaction { id: "o1.1.2.3.4".into() }),
    ] {
        assert_eq!(admin(text), expected, "{text}");
    }
    for text in [
        "RESOLVE TRANS",
        "RESOLVE TRANS x",
        "ALTER CLUSTER",
        "ALTER CLUSTER ADD NODE 4",
        "ALTER CLUSTER DRAIN NODE x",
        "BACKUP CATALOG x",
    ] {
        assert_eq!(parse(text).map_err(|e| e.errno), Err(1064), "{text}");
    }
    for (text, what) in [
        ("SHOW NODES", ShowWhat::Nodes),
        ("SHOW USERS", ShowWhat::Users),
        ("SHOW SETTINGS", ShowWhat::Settings),
        ("SHOW TRANS", ShowWhat::Trans { full: false }),
        ("SHOW FULL TRANS", ShowWhat::Trans { full: true }),
        ("SHOW TRANS INDOUBT", ShowWhat::TransInDoubt),
        ("SHOW TRANSACTIONS 'o1.1.2.3.4'", ShowWhat::TransOutcome("o1.1.2.3.4".into())),
        ("SHOW GLOBAL DEADLOCKS", ShowWhat::Deadlocks { global: true }),
        ("SHOW LOCAL DEADLOCKS", ShowWhat::Deadlocks { global: false }),
    ] {
        assert_eq!(parse(text), Ok(Some(Command::Show(Show { what, like: None, filter: None }))), "{text}");
    }
}
