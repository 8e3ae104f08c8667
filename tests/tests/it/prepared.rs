//! Prepared statements over several physical tables of a group, under other settings, and after COM_RESET_CONNECTION.

use mysql_async::Row;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, options, refused, run, value};
use ostrakon_tests::family::on_mysql;
use ostrakon_tests::pair::Pair;

/// Three physical tables in each group.
const SEVERAL: &str = "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 3";

#[tokio::test]
async fn several_physical_tables_of_a_group_answer_prepared_statements() {
    let mut pair = Pair::start().await;
    pair.create("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT)", SEVERAL).await;
    let rows: Vec<String> = (0..40).map(|id| format!("({id}, ?)")).collect();
    let values = (0..40).map(mysql_async::Value::from).collect();
    pair.same_prepared(&format!("INSERT INTO t VALUES {}", rows.join(",")), values).await;
    // The second round finds the statements on their connections.
    for round in 1..3 {
        pair.same_prepared("SELECT id, v FROM t WHERE v >= ? ORDER BY id", vec![round.into()]).await;
        pair.same_prepared("SELECT COUNT(*), SUM(v) FROM t WHERE v > ?", vec![5.into()]).await;
        pair.same_prepared("UPDATE t SET v = v + ? WHERE v > 3", vec![round.into()]).await;
        pair.same_prepared("SELECT id, v FROM t ORDER BY v DESC, id LIMIT ?", vec![7.into()]).await;
    }
    pair.prepare("BEGIN").await;
    // What a server says against it does not harm the transaction.
    pair.same_prepared("SELECT id, no_such_column FROM t WHERE v > ?", vec![1.into()]).await;
    pair.same_prepared("SELECT id, v FROM t ORDER BY id", vec![]).await;
    pair.prepare("UPDATE t SET v = 1000 WHERE id = 1").await;
    pair.same_prepared("SELECT id, no_such_column FROM t WHERE v > ?", vec![2.into()]).await;
    pair.prepare("COMMIT").await;
    pair.same("SELECT v FROM t WHERE id = 1").await;
    // A SHOW announces its columns too.
    for show in [
        "SHOW TABLES",
        "SHOW FULL TABLES",
        "SHOW TABLE STATUS",
        "SHOW COLUMNS FROM t",
        "SHOW FULL COLUMNS FROM t LIKE 'v%'",
        "SHOW INDEX FROM t",
        "SHOW CREATE TABLE t",
        "SHOW CREATE DATABASE app",
        "SHOW DATABASES",
        "SHOW VARIABLES LIKE 'auto%'",
        "SHOW STATUS LIKE 'Ssl%'",
        "SHOW ENGINES",
        "SHOW COLLATION LIKE 'utf8mb4_bin'",
        "SHOW TRIGGERS",
        "SHOW GRANTS",
        "SET @n = 1",
    ] {
        let announced = [pair.node.prep(show).await.unwrap(), pair.plain.prep(show).await.unwrap()]
            .map(|statement| statement.columns().len());
        // MySQL says of some only when they run what they answer with; the node says of each what MariaDB says.
        if on_mysql() && (show.starts_with("SHOW CREATE") || show == "SHOW GRANTS") {
            assert_eq!(announced[1], 0, "{show}");
            let answered: Vec<Row> = pair.node.exec(show, ()).await.unwrap();
            assert_eq!(announced[0], answered[0].len(), "{show}");
        } else {
            assert_eq!(announced[0], announced[1], "{show}");
        }
    }
    assert_eq!(pair.node.prep("SHOW COLUMNS FROM nothing").await.err().and_then(errno), Some(1146));
}

fn errno(error: mysql_async::Error) -> Option<u16> {
    if let mysql_async::Error::Server(error) = error { Some(error.code) } else { None }
}

#[tokio::test]
async fn a_text_is_prepared_again_where_sql_mode_reads_it_otherwise() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "INSERT INTO t VALUES (1, 10)").await;
    // Without a cache of the client's own, each execution is a COM_STMT_PREPARE.
    let without_cache = options(cluster.port(), Some("app")).stmt_cache_size(0);
    let mut client = mysql_async::Conn::new(without_cache).await.unwrap();
    for (mode, expected) in [("", "v"), ("ANSI_QUOTES", "10"), ("", "v")] {
        run(&mut client, &format!("SET sql_mode = '{mode}'")).await;
        let answer: Option<String> =
            client.exec_first("SELECT CONCAT(\"v\") FROM t WHERE id = ?", (1,)).await.unwrap();
        assert_eq!(answer.as_deref(), Some(expected), "sql_mode '{mode}'");
    }
}

#[tokio::test]
async fn reset_connection_leaves_the_account_and_the_database_and_nothing_else() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "SET @x = 1, sql_mode = 'ANSI_QUOTES', autocommit = 0").await;
    run(&mut client, "INSERT INTO t VALUES (1, 10)").await;
    assert!(client.reset().await.unwrap(), "COM_RESET_CONNECTION is answered with OK");
    assert_eq!(value::<String>(&mut client, "SELECT DATABASE()").await, "app");
    assert_eq!(value::<Option<i64>>(&mut client, "SELECT @x").await, None);
    assert_eq!(value::<i64>(&mut client, "SELECT @@autocommit").await, 1);
    assert_eq!(value::<String>(&mut client, "SELECT \"text\"").await, "text");
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t").await, 0);
    assert_eq!(cluster.open_transactions(), 0);
}

#[tokio::test]
async fn a_statement_longer_than_a_server_takes_is_refused_and_the_transaction_goes_on() {
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = "[limits]\nconnections_per_instance = 64\n".to_owned()
    });
    for instance in &cluster.cluster.instances {
        instance.connect().unwrap().query("SET GLOBAL max_allowed_packet = 2097152").unwrap();
    }
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    run(&mut first, "CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT) DBPARTITION BY HASH(id)").await;
    let long = "x".repeat(20 << 20);
    // Connections from before the change take longer ones; new ones do not. All of the old ones are taken by transactions.
    let mut holders = Vec::new();
    for _ in 0..12 {
        let mut holder = cluster.client(Some("app")).await;
        run(&mut holder, "BEGIN").await;
        run(&mut holder, "SELECT COUNT(*) FROM t").await;
        holders.push(holder);
    }
    let mut client = cluster.client(Some("app")).await;
    run(&mut client, "BEGIN").await;
    run(&mut client, "INSERT INTO t VALUES (1, 'kept')").await;
    let (errno, message) = refused(&mut client, &format!("UPDATE t SET v = '{long}' WHERE id = 1")).await;
    assert_eq!(errno, 1153, "{message}");
    run(&mut client, "COMMIT").await;
    assert_eq!(value::<String>(&mut client, "SELECT v FROM t WHERE id = 1").await, "kept");
    let outcome = client.exec_drop("INSERT INTO t VALUES (?, ?)", (2, &long)).await;
    assert!(matches!(outcome, Err(mysql_async::Error::Server(ref e)) if e.code == 1153), "{outcome:?}");
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t").await, 1);
}
