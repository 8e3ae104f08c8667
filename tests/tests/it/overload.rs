//! More clients than a node takes, and more statements than it has connections for, get an error that says so; nobody loses a connection.

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, options, refused, run, value};

#[tokio::test]
async fn too_many_clients_and_too_many_statements_are_told_with_1040() {
    const CLIENTS: usize = 40;
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = format!(
            "[limits]\nmax_connections = {CLIENTS}\nconnections_per_instance = 4\nconnection_wait_ms = 500\n"
        );
    });
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    run(&mut first, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut first, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4)").await;

    // Each transaction holds a connection of one instance, until there is none for the next one.
    let (mut holders, mut failed) = (Vec::new(), 0);
    for _ in 0..20 {
        holders.push(cluster.client(Some("app")).await);
    }
    for holder in &mut holders {
        run(holder, "BEGIN").await;
        match holder.query_drop("SELECT v FROM t WHERE id = 1 LOCK IN SHARE MODE").await {
            Ok(()) => {}
            Err(mysql_async::Error::Server(error)) => {
                assert_eq!(error.code, 1040, "{}", error.message);
                failed += 1;
            }
            Err(error) => panic!("a lost connection: {error}"),
        }
    }
    assert!(failed > 0, "twenty transactions over four connections");
    assert!(cluster.backend_connections() <= 4 * 2 + 8, "{}", cluster.backend_connections());
    // Those that were refused are there still, and are served when the others have ended.
    for holder in &mut holders {
        run(holder, "ROLLBACK").await;
    }
    for holder in &mut holders {
        assert_eq!(value::<i64>(holder, "SELECT v FROM t WHERE id = 1").await, 1);
    }

    // The last places are taken, and the next client is told.
    let mut others = Vec::new();
    let told = loop {
        match Conn::new(options(cluster.port(), Some("app"))).await {
            Ok(other) => others.push(other),
            Err(mysql_async::Error::Server(error)) => break error,
            Err(error) => panic!("a lost connection: {error}"),
        }
        assert!(others.len() <= CLIENTS);
    };
    assert_eq!(told.code, 1040, "{}", told.message);
    assert_eq!(value::<i64>(&mut first, "SELECT v FROM t WHERE id = 2").await, 2);
    drop(others);
    // A place is free again soon.
    for _ in 0..50 {
        if Conn::new(options(cluster.port(), Some("app"))).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (errno, message) = refused(&mut first, "SELECT nothing FROM t").await;
    panic!("no place became free ({errno}: {message})");
}
