//! Accounts made by SQL: each plugin with several clients, changes of passwords, and what is refused.

use std::process::Command;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row};
use ostrakon_tests::cluster::{TestCluster, options, refused, run, value};

use super::{files_of_node, holds};

async fn log_in(cluster: &TestCluster, user: &str, password: &str) -> Result<Conn, u16> {
    let options = options(cluster.port(), None).user(Some(user)).pass(Some(password));
    match Conn::new(options).await {
        Ok(client) => Ok(client),
        Err(Error::Server(error)) => Err(error.code),
        Err(error) => panic!("{user}: {error}"),
    }
}

/// The mariadb command line client: what it says to `SELECT CURRENT_USER()`.
fn mariadb(cluster: &TestCluster, user: &str, password: &str) -> (bool, String) {
    let mut client = Command::new("mariadb");
    client.args(["-h", "127.0.0.1", "-P", &cluster.port().to_string(), "-u", user, "-N"]);
    client.arg(format!("--password={password}")).args(["-e", "SELECT CURRENT_USER()"]);
    let output = client.output().expect("tools/setup test installs the client");
    (output.status.success(), ostrakon_tests::program::text(&output))
}

#[tokio::test]
async fn accounts_of_both_plugins_log_in_with_their_password_only() {
    let mut cluster = TestCluster::start();
    let mut root = cluster.client(None).await;
    run(&mut root, "CREATE USER sha IDENTIFIED BY 'Pw1#aÄ'").await;
    run(&mut root, "CREATE USER 'nat'@'%' IDENTIFIED WITH mysql_native_password BY 'Pw1#aÄ'").await;
    drop(root);
    for restarted in [false, true] {
        for user in ["sha", "nat"] {
            let mut client = log_in(&cluster, user, "Pw1#aÄ").await.unwrap();
            assert_eq!(value::<String>(&mut client, "SELECT CURRENT_USER()").await, format!("{user}@%"));
            assert_eq!(log_in(&cluster, user, "Pw1#a").await.err(), Some(1045), "{user}");
            assert_eq!(log_in(&cluster, user, "").await.err(), Some(1045), "{user}");
            let (well, said) = mariadb(&cluster, user, "Pw1#aÄ");
            assert!(well && said.contains(&format!("{user}@%")), "{said}");
            let (well, said) = mariadb(&cluster, user, "wrong");
            assert!(!well && said.contains("1045"), "{said}");
        }
        if !restarted {
            cluster.cluster.node_mut().restart().unwrap();
        }
    }
    assert!(!holds(&files_of_node(&cluster), "Pw1#a"));
}

#[tokio::test]
async fn accounts_are_changed_listed_and_dropped() {
    let cluster = TestCluster::start();
    let mut root = cluster.client(None).await;
    run(&mut root, "CREATE USER app IDENTIFIED BY 'one'").await;
    let (errno, _) = refused(&mut root, "CREATE USER app IDENTIFIED BY 'two'").await;
    assert_eq!(errno, 1396);
    run(&mut root, "CREATE USER IF NOT EXISTS app IDENTIFIED BY 'two'").await;
    let warning: Option<(String, u16, String)> = root.query_first("SHOW WARNINGS").await.unwrap();
    assert_eq!(warning.map(|(level, code, _)| (level, code)), Some(("Note".to_owned(), 3163)));
    log_in(&cluster, "app", "one").await.unwrap();
    run(&mut root, "ALTER USER app IDENTIFIED BY 'two'").await;
    assert_eq!(log_in(&cluster, "app", "one").await.err(), Some(1045));
    log_in(&cluster, "app", "two").await.unwrap();
    run(&mut root, "ALTER USER app IDENTIFIED WITH mysql_native_password BY 'three'").await;
    log_in(&cluster, "app", "three").await.unwrap();
    let rows: Vec<Row> = root.query("SHOW USERS").await.unwrap();
    let text = |row: &Row, name: &str| row.get::<String, _>(name).unwrap();
    let listed: Vec<_> =
        rows.iter().map(|row| (text(row, "NAME"), text(row, "PLUGIN"), text(row, "SOURCE"))).collect();
    let line =
        |name: &str, source: &str| (name.to_owned(), "mysql_native_password".to_owned(), source.to_owned());
    assert_eq!(listed, [line("root", "config"), line("app", "catalog")]);
    assert_eq!(refused(&mut root, "DROP USER app, nobody").await.0, 1396);
    log_in(&cluster, "app", "three").await.unwrap();
    run(&mut root, "DROP USER app").await;
    assert_eq!(log_in(&cluster, "app", "three").await.err(), Some(1045));
    run(&mut root, "DROP USER IF EXISTS app").await;
    for (sql, errno) in [
        ("DROP USER app", 1396),
        ("ALTER USER app IDENTIFIED BY 'x'", 1396),
        ("ALTER USER root IDENTIFIED BY 'x'", 1396),
        ("DROP USER root", 1396),
        ("CREATE USER app IDENTIFIED BY ''", 1819),
        ("CREATE USER app", 1235),
        ("CREATE USER app@app1 IDENTIFIED BY 'x'", 1235),
        ("CREATE USER app IDENTIFIED WITH client_ed25519 BY 'x'", 1524),
    ] {
        assert_eq!(refused(&mut root, sql).await.0, errno, "{sql}");
    }
}
