//! Logging in to MySQL, what the node learns of it, its variables, and what CHECK CLUSTER says of it.

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{refused, run, value};

use super::{cluster, pair, rows};

/// The full way of caching_sha2_password, by RSA since the connection is plain, and the quick one from the server's cache.
#[tokio::test]
async fn a_password_goes_by_rsa_and_then_by_the_servers_cache() {
    let cluster = cluster();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    let mut direct = cluster.cluster.instances[1].connect().unwrap();
    let password = "Ein längeres Wort, \"das\" nicht in einen Block passt? Doch.";
    direct.query(&format!("CREATE USER proxy@'127.0.0.1' IDENTIFIED BY '{password}'")).unwrap();
    direct.query("GRANT ALL ON *.* TO proxy@'127.0.0.1'").unwrap();
    let plugin = direct.query("SELECT plugin FROM mysql.user WHERE user = 'proxy'").unwrap();
    assert_eq!(plugin.first().as_deref(), Some("caching_sha2_password"));
    let (errno, text) = refused(&mut client, "ALTER INSTANCE i2 USER='proxy' PASSWORD='wrong'").await;
    assert!(text.contains("i2") && text.contains("Access denied"), "{errno} {text}");
    run(&mut client, &format!("ALTER INSTANCE i2 USER='proxy' PASSWORD='{password}'")).await;
    run(&mut client, "INSERT INTO t VALUES (1), (2), (3), (4), (5), (6), (7), (8)").await;
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t").await, 8);
    // Empty caches: the whole way again, on connections that the pool makes anew.
    direct.query("FLUSH PRIVILEGES").unwrap();
    let ids = direct.query("SELECT id FROM information_schema.processlist WHERE user = 'proxy'").unwrap();
    assert!(!ids.rows.is_empty(), "the node logs in as somebody else");
    for row in ids.rows {
        let id = String::from_utf8(row[0].clone().unwrap()).unwrap();
        // It may have left meanwhile.
        let _ = direct.query(&format!("KILL {id}"));
    }
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t").await, 8);
}

#[tokio::test]
async fn the_version_and_the_variables_are_mysqls() {
    let mut pair = pair().await;
    let version: String = value(&mut pair.plain, "SELECT VERSION()").await;
    assert!(!version.contains("MariaDB"), "{version}");
    assert_eq!(value::<String>(&mut pair.node, "SELECT VERSION()").await, format!("{version}-ostrakon"));
    for sql in [
        "SELECT @@transaction_isolation, @@transaction_read_only, @@sql_mode, @@character_set_server, @@collation_connection",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SELECT @@transaction_isolation",
        "SET transaction_isolation = 'SERIALIZABLE', transaction_read_only = 1",
        "SELECT @@SESSION.transaction_isolation, @@transaction_read_only",
        "SET SESSION TRANSACTION READ WRITE",
        "SET SESSION transaction_isolation = DEFAULT",
        "SELECT @@transaction_isolation, @@transaction_read_only",
        "SET max_execution_time = 20000, cte_max_recursion_depth = 50",
        "SELECT @@max_execution_time, @@cte_max_recursion_depth",
        "SHOW VARIABLES LIKE 'transaction_%n'",
        "SET NAMES utf8mb4",
        "SELECT @@collation_connection",
        "SET NAMES utf8mb4 COLLATE utf8mb4_0900_as_cs",
        "SELECT @@collation_connection, COLLATION('a')",
        "SET @a = 'ä', @b = 1.50, @c = NULL",
        "SELECT @a, @b, @c, COLLATION(@a)",
        "SET default_collation_for_utf8mb4 = utf8mb4_0900_ai_ci",
        "SHOW COLLATION LIKE 'utf8mb4_0900%'",
        "SHOW CHARACTER SET LIKE 'utf8%'",
    ] {
        pair.same_labels(sql).await;
    }
    // Executable comments of MySQL's versions are code here, MariaDB's are not.
    for sql in [
        "SELECT 1 /*!80000 + 1 */",
        "SELECT 1 /*M! + 1 */",
        "SELECT 1 /*M!100100 + 1 */",
        "SELECT 1 /*!99999 + 1 */",
    ] {
        pair.same_labels(sql).await;
    }
}

#[tokio::test]
async fn the_doctor_is_content_with_a_sound_mysql() {
    let cluster = cluster();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    run(&mut client, "CREATE TABLE b (id INT PRIMARY KEY) BROADCAST").await;
    let found = rows(&mut client, "CHECK CLUSTER", ["CHECK_NAME", "OBJECT", "STATUS", "FOUND"]).await;
    let of = |check: &str, object: &str| {
        let row = found.iter().find(|row| row[0] == check && row[1] == object);
        row.unwrap_or_else(|| panic!("{check} {object}: {found:?}")).clone()
    };
    for check in
        ["instance_reachable", "instance_version", "lower_case_table_names", "privileges", "instance_clock"]
    {
        assert_eq!(of(check, "i1")[2], "ok", "{found:?}");
        assert_eq!(of(check, "i2")[2], "ok", "{found:?}");
    }
    let version = of("version_equal", "instances");
    assert!(version[2] == "ok" && version[3].starts_with("MySQL "), "{version:?}");
    assert_eq!(of("missing_objects", "app")[3], "none of 8 tables");
    assert_eq!(of("unknown_databases", "i1")[2], "ok");
    assert!(found.iter().all(|row| row[2] != "error"), "{found:?}");
    // What only MySQL has a privilege for.
    let mut direct = cluster.cluster.instances[0].connect().unwrap();
    direct.query("CREATE USER less@'%' IDENTIFIED BY 'p'").unwrap();
    direct
        .query("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, CREATE TEMPORARY TABLES, CREATE VIEW, LOCK TABLES, PROCESS ON *.* TO less@'%'")
        .unwrap();
    run(&mut client, "ALTER INSTANCE i1 USER='less' PASSWORD='p'").await;
    let found = rows(&mut client, "CHECK CLUSTER", ["CHECK_NAME", "OBJECT", "STATUS", "FOUND"]).await;
    let lacks = found.iter().find(|row| row[0] == "privileges" && row[1] == "i1").unwrap();
    assert_eq!(lacks[2..], ["warning", "less lacks XA_RECOVER_ADMIN"]);
}

#[tokio::test]
async fn transactions_of_one_group_and_sequences_do_as_one_server() {
    let mut pair = pair().await;
    pair.create("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT)", "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO t VALUES (1,1),(2,2),(3,3),(4,4)").await;
    for script in [
        "BEGIN; UPDATE t SET v = 10 WHERE id = 1; COMMIT",
        "START TRANSACTION; UPDATE t SET v = 20 WHERE id = 1; ROLLBACK",
        "SET autocommit = 0; UPDATE t SET v = 30 WHERE id = 2; COMMIT; UPDATE t SET v = 31 WHERE id = 2; ROLLBACK; SET autocommit = 1",
        "BEGIN; UPDATE t SET v = 40 WHERE id = 3; SAVEPOINT a; UPDATE t SET v = 41 WHERE id = 3; ROLLBACK TO a; COMMIT",
        "START TRANSACTION READ ONLY; SELECT v FROM t WHERE id = 1; COMMIT",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN; SELECT v FROM t WHERE id = 4 FOR UPDATE; COMMIT",
        "BEGIN; SELECT v FROM t WHERE id = 4 FOR UPDATE NOWAIT; SELECT v FROM t WHERE id = 4 FOR SHARE SKIP LOCKED; ROLLBACK",
    ] {
        for statement in script.split("; ") {
            pair.same(statement).await;
        }
        pair.same("SELECT * FROM t ORDER BY id").await;
    }
    // A lock of another session: the same error, and at once.
    let mut other = pair.cluster.client(Some("app")).await;
    run(&mut other, "BEGIN").await;
    run(&mut other, "UPDATE t SET v = 5 WHERE id = 1").await;
    assert_eq!(refused(&mut pair.node, "SELECT v FROM t WHERE id = 1 FOR UPDATE NOWAIT").await.0, 3572);
    run(&mut other, "ROLLBACK").await;

    pair.create(
        "CREATE TABLE s (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT)",
        "DBPARTITION BY HASH(id)",
    )
    .await;
    for sql in [
        "INSERT INTO s (v) VALUES (1)",
        "SELECT LAST_INSERT_ID()",
        "INSERT INTO s (v) VALUES (2), (3), (4)",
        "SELECT LAST_INSERT_ID()",
        "INSERT INTO s VALUES (0, 5), (NULL, 6)",
        "SELECT id, v FROM s ORDER BY id",
    ] {
        pair.same(sql).await;
    }
    let client = &mut pair.node;
    run(client, "CREATE SEQUENCE q START WITH 5").await;
    assert_eq!(value::<u64>(client, "SELECT q.NEXTVAL").await, 5);
    run(client, "INSERT INTO t (id, v) VALUES (q.NEXTVAL, 7)").await;
    let kept: Option<i32> = client.query_first("SELECT v FROM t WHERE id = 6").await.unwrap();
    assert_eq!(kept, Some(7));
    // Beside another parameter too it is an integer.
    let sum = client.exec_first("SELECT q.NEXTVAL + ?", (1u64 << 60,)).await.unwrap();
    assert_eq!(sum, Some((1u64 << 60) + 7));
    // A constant that is no date: a search for rows warns of it as it is prepared, and a strict mode makes an error of that in a write.
    let table = "CREATE TABLE d (id INT NOT NULL PRIMARY KEY, k DATE NOT NULL)";
    pair.create(table, "DBPARTITION BY YYYYMM(k)").await;
    pair.prepare("INSERT INTO d VALUES (1, '2024-01-01'), (2, '2024-03-05')").await;
    let write = "UPDATE d SET k = '2024-05-01' WHERE k IN ('2024-01-01', '2023-12-31 24:00:00')";
    for _ in 0..2 {
        assert_eq!(refused(&mut pair.plain, write).await.0, 1292);
        assert_eq!(refused(&mut pair.node, write).await.0, 1235);
    }
    pair.same("SELECT * FROM d ORDER BY id").await;
}
