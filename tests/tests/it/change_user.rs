//! COM_CHANGE_USER: another account, or the same, over the connection that is there, and nothing left of the session before.

use mysql_async::prelude::Queryable;
use mysql_async::{ChangeUserOpts, Conn, Error};
use ostrakon_tests::cluster::{TestCluster, run, value};
use ostrakon_tests::wire::Wire;

/// A database with a table, and accounts of both plugins.
async fn cluster() -> (TestCluster, Conn) {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE DATABASE other").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "CREATE USER sha IDENTIFIED BY 'Pw1#aÄ'").await;
    run(&mut client, "CREATE USER nat IDENTIFIED WITH mysql_native_password BY 'Pw2'").await;
    run(&mut client, "GRANT ALL ON *.* TO sha, nat").await;
    (cluster, client)
}

fn to(user: &str, password: &str, database: Option<&str>) -> ChangeUserOpts {
    ChangeUserOpts::new()
        .with_user(Some(user.to_owned()))
        .with_pass(Some(password.to_owned()))
        .with_db_name(database.map(str::to_owned))
}

#[tokio::test]
async fn another_account_has_a_session_of_its_own() {
    let (cluster, mut client) = cluster().await;
    let id: u64 = value(&mut client, "SELECT CONNECTION_ID()").await;
    for (user, password, database) in [
        ("sha", "Pw1#aÄ", Some("other")),
        ("nat", "Pw2", None),
        ("sha", "Pw1#aÄ", Some("app")),
        ("root", "", Some("app")),
    ] {
        run(
            &mut client,
            "SET @x = 1, sql_mode = 'ANSI_QUOTES', autocommit = 0, SESSION group_concat_max_len = 9",
        )
        .await;
        run(&mut client, "INSERT INTO app.t VALUES (1, 10), (2, 20)").await;
        client.change_user(to(user, password, database)).await.unwrap();
        assert_eq!(value::<String>(&mut client, "SELECT CURRENT_USER()").await, format!("{user}@%"));
        assert_eq!(value::<u64>(&mut client, "SELECT CONNECTION_ID()").await, id);
        assert_eq!(value::<Option<String>>(&mut client, "SELECT DATABASE()").await.as_deref(), database);
        assert_eq!(value::<Option<i64>>(&mut client, "SELECT @x").await, None);
        assert_eq!(value::<i64>(&mut client, "SELECT @@autocommit").await, 1);
        assert_eq!(value::<String>(&mut client, "SELECT \"text\"").await, "text");
        assert_ne!(value::<i64>(&mut client, "SELECT @@group_concat_max_len").await, 9);
        assert_eq!(
            value::<i64>(&mut client, "SELECT COUNT(*) FROM app.t").await,
            0,
            "{user}: not rolled back"
        );
        let listed: Vec<mysql_async::Row> = client.query("SHOW PROCESSLIST").await.unwrap();
        let own = listed.iter().find(|row| row.get::<u64, _>("Id") == Some(id)).expect("it lists itself");
        assert_eq!(own.get::<String, _>("User").as_deref(), Some(user));
    }
    assert_eq!(cluster.open_transactions(), 0);
}

#[tokio::test]
async fn who_may_not_is_told_so_and_the_connection_ends() {
    let (cluster, _client) = cluster().await;
    for (user, password, database, errno) in [
        ("sha", "wrong", None, 1045),
        ("nat", "", None, 1045),
        ("nobody", "x", None, 1045),
        ("sha", "Pw1#aÄ", Some("nowhere"), 1049),
    ] {
        let mut client = cluster.client(Some("app")).await;
        run(&mut client, "BEGIN").await;
        run(&mut client, "INSERT INTO t VALUES (1, 1)").await;
        let outcome = client.change_user(to(user, password, database)).await;
        assert!(matches!(outcome, Err(Error::Server(ref e)) if e.code == errno), "{user}: {outcome:?}");
        assert!(client.query_drop("SELECT 1").await.is_err(), "{user}: the session goes on");
    }
    assert_eq!(cluster.open_transactions(), 0);
}

/// A client without PLUGIN_AUTH cannot be switched; and what is no such command ends the connection.
#[tokio::test]
async fn old_clients_and_malformed_commands() {
    let (cluster, _client) = cluster().await;
    let mut wire = Wire::connect(cluster.port()).await;
    wire.read_packet().await.expect("a greeting");
    // PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, DEPRECATE_EOF.
    let flags: u32 = 1 | 1 << 9 | 1 << 13 | 1 << 15 | 1 << 24;
    let login =
        [&flags.to_le_bytes()[..], &(1u32 << 30).to_le_bytes(), &[45], &[0; 23], b"root\0\0"].concat();
    wire.send_packet(1, &login).await;
    assert_eq!(wire.read_packet().await.expect("an answer").first(), Some(&0));
    wire.send_packet(0, b"\x11root\0\0app\0\x2d\0").await;
    assert_eq!(wire.read_packet().await.expect("an answer").first(), Some(&0));
    wire.send_query("INSERT INTO t VALUES (5, 5)").await;
    assert_eq!(wire.read_packet().await.expect("an answer").first(), Some(&0));
    for command in [&b"\x11"[..], b"\x11root", b"\x11root\0\xff", b"\x11\xff\xfe\0\0\0"] {
        let mut wire = Wire::log_in(cluster.port(), "app").await;
        wire.send_packet(0, command).await;
        let answer = wire.read_packet().await.expect("an answer");
        assert_eq!(answer.get(..3), Some(&[0xff, 0x13, 0x04][..]), "1043 for {command:?}");
        assert_eq!(wire.read_to_end().await, 0, "{command:?}: the session goes on");
    }
}
