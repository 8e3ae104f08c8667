//! Views beyond what they answer (which is the shop's affair): SHOW and information_schema, what depends on the session, restarts, other nodes' plans.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, refused, run};
use ostrakon_tests::pair::Pair;

const TABLE: &str = "CREATE TABLE t (id BIGINT NOT NULL AUTO_INCREMENT, a INT NOT NULL, name VARCHAR(40) COLLATE utf8mb4_bin, \
                     d DECIMAL(10,2), e ENUM('x','y'), at DATETIME(3), PRIMARY KEY (id))";

/// All that servers say of columns, but defaults (see the manual).
const COLUMNS: &str = "SELECT TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, \
    CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, COLLATION_NAME, COLUMN_TYPE, COLUMN_KEY, EXTRA, \
    COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME <> 'broken' ORDER BY TABLE_NAME, ORDINAL_POSITION";

async fn strings(client: &mut Conn, sql: &str) -> Vec<String> {
    let rows: Vec<Row> = client.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter()
        .map(|row| {
            let cell = |at| row.get::<Option<String>, _>(at).flatten().unwrap_or_else(|| "NULL".to_owned());
            (0..row.len()).map(cell).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[tokio::test]
async fn views_are_told_as_by_one_server() {
    let mut pair = Pair::start().await;
    pair.create(TABLE, "DBPARTITION BY HASH(id)").await;
    pair.create("CREATE TABLE u (id INT, b INT)", "SINGLE").await;
    pair.prepare("CREATE DATABASE other").await;
    let other = "CREATE TABLE other.o (id INT UNSIGNED, at TIMESTAMP(2) NULL COMMENT 'when', d DECIMAL(7,3), s SET('a','b'), b BLOB)";
    pair.create(other, "SINGLE").await;
    for sql in [
        "CREATE VIEW v AS SELECT id, a + 1 AS b, name, d, e, at FROM t",
        "CREATE VIEW w (n, total, longest) AS SELECT COUNT(*), SUM(d), MAX(name) FROM t",
        "CREATE VIEW j AS SELECT t.a, u.b FROM t LEFT JOIN u ON u.id = t.id",
        "CREATE VIEW x AS SELECT n FROM w UNION SELECT id FROM u",
        "CREATE VIEW far AS SELECT t.name, o.at, o.d + 1 AS d, COUNT(*) AS c FROM t JOIN other.o ON o.id = t.id GROUP BY 1, 2, 3",
        "CREATE VIEW system_s AS SELECT TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES",
        "CREATE TABLE gone (a INT)",
        "CREATE VIEW broken AS SELECT a FROM gone",
        "DROP TABLE gone",
    ] {
        pair.create(sql, "").await;
    }
    for sql in [
        "DESC far",
        COLUMNS,
        "SELECT COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = 'far' ORDER BY ORDINAL_POSITION",
        "SELECT c.COLUMN_NAME FROM information_schema.COLUMNS c JOIN information_schema.VIEWS v USING (TABLE_SCHEMA, TABLE_NAME) \
         WHERE c.TABLE_SCHEMA = 'app' AND TABLE_NAME <> 'broken' ORDER BY 1",
        "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = 'nothing'",
        "SHOW TABLES",
        "SHOW FULL TABLES",
        "SHOW FULL TABLES WHERE Table_type = 'VIEW'",
        "SHOW TABLES LIKE 'v%'",
        "SHOW INDEX FROM v",
        "SHOW CREATE VIEW nothing",
        "SHOW CREATE VIEW t",
        "DESC w",
        "DESC j",
        "DESC x",
        "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME <> 'broken' \
         ORDER BY 1",
        "SELECT TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, CHECK_OPTION, SECURITY_TYPE FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'app' \
         ORDER BY TABLE_NAME",
        "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'w'",
    ] {
        pair.same_labels(sql).await;
    }
}

#[tokio::test]
async fn show_create_view_makes_the_same_view_again() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    run(&mut client, "INSERT INTO t (id, a) VALUES (1, 10), (2, 20), (3, 30)").await;
    let made = "CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW v (x, `y z`) AS SELECT id, a * 2 FROM t /* kept not */ WITH CHECK OPTION";
    run(&mut client, made).await;
    let shown: Option<(String, String, String, String)> =
        client.query_first("SHOW CREATE VIEW v").await.unwrap();
    let definition = shown.unwrap().1;
    assert_eq!(
        definition,
        "CREATE ALGORITHM=MERGE DEFINER=`root`@`%` SQL SECURITY INVOKER VIEW `v` AS SELECT id AS `x`, a * 2 AS `y z` FROM `app`.t \
         WITH CASCADED CHECK OPTION"
    );
    run(&mut client, "DROP VIEW v").await;
    run(&mut client, &definition).await;
    let again: Option<(String, String, String, String)> =
        client.query_first("SHOW CREATE TABLE v").await.unwrap();
    assert_eq!(again.unwrap().1, definition);
    // ALTER keeps what it does not name.
    run(&mut client, "ALTER VIEW v AS SELECT a FROM t").await;
    let altered: Option<(String, String, String, String)> =
        client.query_first("SHOW CREATE VIEW v").await.unwrap();
    assert_eq!(
        altered.unwrap().1,
        "CREATE ALGORITHM=MERGE DEFINER=`root`@`%` SQL SECURITY INVOKER VIEW `v` AS SELECT a FROM `app`.t"
    );
}

#[tokio::test]
async fn a_view_is_there_after_a_restart_and_goes_with_its_database() {
    let mut cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    run(&mut client, "INSERT INTO t (id, a) VALUES (1, 10), (2, 20), (3, 30)").await;
    run(&mut client, "CREATE VIEW v AS SELECT * FROM t WHERE a > 10").await;
    run(&mut client, "ALTER TABLE t ADD COLUMN later INT").await;
    let before = strings(&mut client, "SELECT * FROM v ORDER BY id").await;
    assert_eq!(before, ["2 20 NULL NULL NULL NULL", "3 30 NULL NULL NULL NULL"]);
    drop(client);
    cluster.cluster.node_mut().restart().unwrap();
    let mut client = cluster.client(Some("app")).await;
    assert_eq!(strings(&mut client, "SELECT * FROM v ORDER BY id").await, before);
    // A plan that was kept sees that the view has changed.
    run(&mut client, "ALTER VIEW v AS SELECT id FROM t WHERE a < 20").await;
    assert_eq!(strings(&mut client, "SELECT * FROM v ORDER BY id").await, ["1"]);
    let statement = client.prep("SELECT * FROM v WHERE id = ?").await.unwrap();
    let rows: Vec<i64> = client.exec(&statement, (1,)).await.unwrap();
    assert_eq!(rows, [1]);
    run(&mut client, "DROP DATABASE app").await;
    run(&mut client, "CREATE DATABASE app").await;
    run(&mut client, "USE app").await;
    assert_eq!(refused(&mut client, "SELECT * FROM v").await.0, 1146);
}

#[tokio::test]
async fn a_view_means_the_same_in_every_session() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 2").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    run(&mut client, "INSERT INTO t (id, a, name) VALUES (1, 0, 'x'), (2, 1, 'y')").await;
    run(&mut client, "CREATE VIEW either AS SELECT id FROM t WHERE a || id = 1").await;
    run(&mut client, "CREATE VIEW named AS SELECT id FROM t WHERE name = \"x\"").await;
    run(&mut client, "CREATE VIEW labelled AS SELECT id, IF(a, 'some', 'none') AS label FROM t").await;
    assert_eq!(strings(&mut client, "SELECT * FROM named").await, ["1"]);
    run(&mut client, "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'").await;
    assert_eq!(strings(&mut client, "SELECT * FROM named").await, ["1"]);
    let (errno, text) = refused(&mut client, "SELECT * FROM either").await;
    assert_eq!(errno, 1235);
    assert!(text.contains("made without PIPES_AS_CONCAT"), "{text}");
    run(&mut client, "SET sql_mode = DEFAULT").await;
    run(&mut client, "SET NAMES utf8mb4 COLLATE utf8mb4_bin").await;
    assert_eq!(strings(&mut client, "SELECT * FROM named").await, ["1"]);
    let (errno, text) = refused(&mut client, "SELECT * FROM labelled").await;
    assert_eq!(errno, 1235);
    assert!(text.contains("collation_connection"), "{text}");
    // Another current database changes nothing.
    run(&mut client, "CREATE DATABASE elsewhere").await;
    run(&mut client, "USE elsewhere").await;
    assert_eq!(strings(&mut client, "SELECT named.id FROM app.named").await, ["1"]);
    assert_eq!(strings(&mut client, "SELECT app.named.id FROM app.named").await, ["1"]);
}
