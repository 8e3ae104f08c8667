//! DDL on all physical tables: every change shows in every group, failures name each group, the catalog follows success only.

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::pair::Pair;

#[tokio::test]
async fn alter_index_rename_and_truncate_show_in_every_group() {
    let mut pair = Pair::start().await;
    for (number, clause) in
        ["DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2", "BROADCAST", "SINGLE"]
            .iter()
            .enumerate()
    {
        let (t, u) = (format!("t{number}"), format!("u{number}"));
        pair.create(&format!("CREATE TABLE {t} (id INT NOT NULL PRIMARY KEY, v INT, w INT)"), clause).await;
        let rows: Vec<String> = (0..40).map(|id| format!("({id}, {}, {})", id * 2, id % 3)).collect();
        pair.prepare(&format!("INSERT INTO {t} VALUES {}", rows.join(","))).await;
        for sql in [
            "ALTER TABLE t ADD COLUMN x VARCHAR(10) NOT NULL DEFAULT 'new' AFTER id",
            "ALTER TABLE t DROP COLUMN w, MODIFY v BIGINT NOT NULL",
            "ALTER TABLE t CHANGE COLUMN v value BIGINT",
            "CREATE INDEX by_x ON t (x)",
            "ALTER TABLE t ADD KEY by_value (value)",
            "DROP INDEX by_x ON t",
            "ALTER TABLE t ALTER COLUMN x SET DEFAULT 'newer'",
        ] {
            pair.prepare(&format!("{sql} ").replace(" t ", &format!(" {t} "))).await;
            pair.same(&format!("SELECT * FROM {t} ORDER BY id")).await;
        }
        pair.prepare(&format!("INSERT INTO {t} (id, value) VALUES (100, 1), (101, 2), (102, 3)")).await;
        pair.same(&format!("SELECT id, x, value FROM {t} WHERE id > 90 ORDER BY id")).await;
        pair.prepare(&format!("RENAME TABLE {t} TO {u}")).await;
        pair.same(&format!("SELECT COUNT(*) FROM {u}")).await;
        pair.same(&format!("SELECT COUNT(*) FROM {t}")).await;
        pair.prepare(&format!("TRUNCATE TABLE {u}")).await;
        pair.same(&format!("SELECT COUNT(*) FROM {u}")).await;
        pair.prepare(&format!("DROP TABLE {u}")).await;
        pair.same(&format!("SELECT COUNT(*) FROM {u}")).await;
        pair.same(&format!("DROP TABLE {u}")).await;
        pair.same(&format!("DROP TABLE IF EXISTS {u}")).await;
    }
}

#[tokio::test]
async fn a_change_that_fails_is_never_ok_and_the_table_is_still_what_it_was() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)").await;
    refused(&mut client, "ALTER TABLE t DROP COLUMN nothing").await;
    refused(&mut client, "ALTER TABLE t ADD COLUMN v INT").await;
    refused(&mut client, "CREATE INDEX i ON t (nothing)").await;
    refused(&mut client, "DROP INDEX nothing ON t").await;
    refused(&mut client, "CREATE TABLE t (id INT PRIMARY KEY)").await;
    run(&mut client, "CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY)").await;
    refused(&mut client, "CREATE TABLE broken (id INT, id INT) DBPARTITION BY HASH(id)").await;
    refused(&mut client, "SELECT * FROM broken").await;
    let rows: Vec<(i32, i32)> = client.query("SELECT * FROM t ORDER BY id").await.unwrap();
    assert_eq!(rows, vec![(1, 1), (2, 2), (3, 3)]);
}

#[tokio::test]
async fn what_would_misplace_rows_or_could_not_be_told_afterwards_is_refused_before_it_begins() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (k INT NOT NULL DEFAULT 5, v INT) DBPARTITION BY HASH(k)").await;
    for (sql, reason) in [
        ("ALTER TABLE t ALTER COLUMN k SET DEFAULT 6", "the default of shard key column 'k'"),
        ("ALTER TABLE t ALTER K DROP DEFAULT", "the default of shard key column 'K'"),
        ("ALTER TABLE t DROP COLUMN v, ADD COLUMN V INT", "dropping and adding column 'V'"),
    ] {
        let (errno, message) = refused(&mut client, sql).await;
        assert_eq!(errno, 1235, "{sql}: {message}");
        assert!(message.contains(reason), "{sql}: {message}");
    }
    run(&mut client, "ALTER TABLE t ALTER COLUMN v SET DEFAULT 6").await;
    run(&mut client, "INSERT INTO t (k) VALUES (5)").await;
    let rows: Vec<(i32, i32)> = client.query("SELECT k, v FROM t WHERE k = 5").await.unwrap();
    assert_eq!(rows, vec![(5, 6)]);
}

#[tokio::test]
async fn a_failure_in_one_group_is_reported_group_by_group() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    // Behind the node's back one group gets the column already.
    let mut direct = cluster.cluster.instances[1].connect().unwrap();
    let name = direct
        .query("SELECT CONCAT('`', table_schema, '`.`', table_name, '`') FROM information_schema.tables WHERE table_schema LIKE 'app%' AND table_type = 'BASE TABLE' LIMIT 1")
        .unwrap();
    direct.query(&format!("ALTER TABLE {} ADD COLUMN extra INT", name.first().unwrap())).unwrap();
    let (_, message) = refused(&mut client, "ALTER TABLE t ADD COLUMN extra INT").await;
    assert!(
        message.to_uppercase().contains("GROUP") || message.contains("app"),
        "the groups are not named in {message:?}"
    );
    // The catalog did not follow: the column is not known.
    assert_eq!(
        refused(&mut client, "INSERT INTO t (id, v, extra) VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)").await.0
            / 1000,
        1
    );
}

#[tokio::test]
async fn a_key_without_the_shard_key_warns_and_a_global_scope_refuses() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    let table = "CREATE TABLE u (id INT NOT NULL PRIMARY KEY, email VARCHAR(50), UNIQUE KEY by_email (email)) DBPARTITION BY HASH(id)";
    run(&mut client, table).await;
    assert_eq!(client.get_warnings(), 1);
    let warnings: Vec<(String, u16, String)> = client.query("SHOW WARNINGS").await.unwrap();
    assert!(warnings.iter().any(|(_, _, text)| text.contains("by_email")), "{warnings:?}");
    run(&mut client, "DROP TABLE u").await;
    run(&mut client, "SET ostrakon_unique_scope = 'global'").await;
    let (_, message) = refused(&mut client, table).await;
    assert!(message.contains("by_email"), "{message}");
}

#[tokio::test]
async fn a_database_is_made_spread_over_both_instances_and_dropped_whole() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    let count = |cluster: &TestCluster| -> Vec<u32> {
        let sql = "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE 'app%'";
        let each = |instance: &ostrakon::dev::instance::Instance| {
            instance.connect().unwrap().query(sql).unwrap().first().unwrap().parse().unwrap()
        };
        cluster.cluster.instances.iter().map(each).collect()
    };
    assert_eq!(count(&cluster), vec![2, 2]);
    let databases: Vec<String> = client.query("SHOW DATABASES").await.unwrap();
    assert!(
        databases.contains(&"app".to_owned()) && !databases.iter().any(|name| name.starts_with("app_")),
        "{databases:?}"
    );
    assert_eq!(refused(&mut client, "CREATE DATABASE app").await.0, 1007);
    run(&mut client, "CREATE DATABASE IF NOT EXISTS app").await;
    run(&mut client, "DROP DATABASE app").await;
    assert_eq!(count(&cluster), vec![0, 0]);
    assert_eq!(refused(&mut client, "USE app").await.0, 1049);
    assert_eq!(refused(&mut client, "DROP DATABASE app").await.0, 1008);
}

#[tokio::test]
async fn tables_shard_by_primary_key_where_the_database_says_so() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DEFAULT_SHARDING = PRIMARY_KEY").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT)").await;
    run(&mut client, "CREATE TABLE one (id INT NOT NULL PRIMARY KEY) SINGLE").await;
    let groups = |rows: Vec<mysql_async::Row>| rows.len();
    assert!(groups(client.query("SHOW TOPOLOGY FROM t").await.unwrap()) > 1);
    assert_eq!(groups(client.query("SHOW TOPOLOGY FROM one").await.unwrap()), 1);
    run(&mut client, "INSERT INTO t (v) VALUES (1), (2), (3)").await;
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t").await, 3);
}

#[tokio::test]
async fn columns_that_would_move_rows_or_split_copies_are_refused() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 2").await;
    let moving = "CREATE TABLE m (id INT PRIMARY KEY, at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP) DBPARTITION BY YYYYMM(at)";
    let (errno, message) = refused(&mut client, moving).await;
    assert_eq!(errno, 1235);
    assert!(message.contains("ON UPDATE"), "{message}");
    let differing = "CREATE TABLE b (id INT PRIMARY KEY, tag VARCHAR(40) DEFAULT (UUID())) BROADCAST";
    let (errno, message) = refused(&mut client, differing).await;
    assert_eq!(errno, 1235);
    assert!(message.contains("copies would differ"), "{message}");
    // Nothing of them is left: the names are free.
    run(&mut client, "CREATE TABLE m (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    run(&mut client, "CREATE TABLE b (id INT PRIMARY KEY) BROADCAST").await;
}
