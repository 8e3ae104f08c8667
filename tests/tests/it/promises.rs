//! What users of other proxies complain about, and the tests that show that it is otherwise here:
//!
//! | complaint | tests |
//! |---|---|
//! | a whole result is held in memory | `memory`, `big::big_results_wait_for_a_stalled_client_without_memory` |
//! | an arbitrary limit of rows breaks queries | `memory` (budgets, with an error that names them), `merge`, `gather` |
//! | binary protocol: types, NULL bitmaps, zero parameters, long data | `raw_protocol`, `types` |
//! | blobs are changed as if they were text | `bytes_of_every_value_arrive_as_they_are` here, `types::parameters_of_every_kind_are_stored_as_sent` |
//! | statements that cannot be prepared, or wrongly can | `what_can_be_prepared_is_what_a_server_prepares` here |
//! | prepared statements pile up on servers | `prepared_statements_on_servers_are_bounded` here |
//! | LAST_INSERT_ID() of another session, or stale | `insert_ids_agree` here, `sequence`, `session`, `many_clients` |
//! | LAST_INSERT_ID(expression) is not returned | `insert_ids_agree` here, `session` |
//! | SET NAMES leaks into other sessions | `many_clients`, `session::two_sessions_do_not_see_each_others_settings` |
//! | an unknown SET wedges a session or pins it | `what_cannot_be_set_changes_nothing` here |
//! | a shard key is decoded wrongly | `a_key_is_the_same_in_every_character_set` here, router's `vectors`, `types` |
//! | backend connections leak | `leak`, `gather_cancel` |
//! | shards x clients connections | `many_clients`, `leak::idle_clients_hold_no_backend_connection` |
//! | overload loses connections | `overload` |
//! | tools are not answered | `tools`, `information_schema`, `clients` |
//! | DEPRECATE_EOF and malformed packets | `raw_protocol`, `garbage` |

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{TestCluster, options, refused, run, value};
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::family::usual;
use ostrakon_tests::pair::Pair;

/// Every byte, and what text would break: NUL, quotes, backslashes, halves of UTF-8 characters.
#[tokio::test]
async fn bytes_of_every_value_arrive_as_they_are() {
    let mut pair = Pair::start().await;
    pair.create(
        "CREATE TABLE b (id INT NOT NULL PRIMARY KEY, k VARBINARY(40) NOT NULL, v LONGBLOB, t TEXT)",
        "DBPARTITION BY HASH(id)",
    )
    .await;
    let all: Vec<u8> = (0..=255).collect();
    let broken = b"\0'\"\\\xC3(\xFF\xFE\r\n\x1A".to_vec();
    for (at, names) in ["utf8mb4", "latin1", "binary"].into_iter().enumerate() {
        pair.prepare(&format!("SET NAMES {names}")).await;
        for (number, value) in [&all, &broken].into_iter().enumerate() {
            let id = at * 10 + number;
            let key = [names.as_bytes(), &[0, 0xFF, b'\'', b'\\']].concat();
            let row = vec![
                Value::from(id),
                Value::from(key.clone()),
                Value::from(value.clone()),
                Value::from("text"),
            ];
            let sql = "INSERT INTO b VALUES (?, ?, ?, ?)";
            if names == "latin1" {
                // They would have to be taken for text of latin1: refused, not changed.
                let refused = outcome(&mut pair.node, sql, &Way::Prepared(row)).await;
                assert!(refused.is_refusal(), "{refused:?}");
                continue;
            }
            pair.same_prepared(sql, row).await;
            let found = vec![Value::from(id), Value::from(key)];
            pair.same_prepared("SELECT HEX(v), v, k FROM b WHERE id = ? AND k = ?", found).await;
        }
    }
    pair.prepare("SET NAMES utf8mb4").await;
    pair.same("SELECT HEX(k), HEX(v), t FROM b ORDER BY id").await;
    let hexadecimal: String = all.iter().map(|byte| format!("{byte:02x}")).collect();
    pair.same(&format!("SELECT COUNT(*), MAX(LENGTH(v)) FROM b WHERE v = x'{hexadecimal}'")).await;
}

/// A statement of each kind; `?` in some.
const KINDS: &[&str] = &[
    "SELECT 1",
    "SELECT ?",
    "SELECT v FROM t WHERE id = ?",
    "SELECT v FROM t ORDER BY id LIMIT ?",
    "SELECT v FROM t WHERE id = ? FOR UPDATE",
    "SELECT COUNT(*) FROM t UNION SELECT ?",
    "WITH c AS (SELECT ? AS x) SELECT x FROM c",
    "SELECT @a",
    "SELECT v INTO @a FROM t WHERE id = 1",
    "INSERT INTO t VALUES (?, ?)",
    "INSERT INTO t SELECT id + 100, v FROM t WHERE id = ?",
    "REPLACE INTO t VALUES (?, ?)",
    "UPDATE t SET v = ? WHERE id = ?",
    "DELETE FROM t WHERE id = ?",
    "DO ?",
    "SET @a = ?",
    "SET @a = 1",
    "SET sql_mode = DEFAULT",
    "BEGIN",
    "START TRANSACTION",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT s",
    "SHOW TABLES",
    "SHOW DATABASES",
    "SHOW VARIABLES LIKE 'sql_mode'",
    "SHOW STATUS LIKE 'Uptime'",
    "SHOW COLUMNS FROM t",
    "SHOW INDEX FROM t",
    "SHOW CREATE TABLE t",
    "SHOW TABLE STATUS",
    "SHOW PROCESSLIST",
    "SHOW WARNINGS",
    "SHOW ERRORS",
    "SHOW ENGINES",
    "SHOW COLLATION",
    "SHOW CREATE DATABASE app",
    "EXPLAIN SELECT v FROM t WHERE id = 1",
    "DESCRIBE t",
    "CREATE TABLE other (id INT PRIMARY KEY)",
    "ALTER TABLE t ADD COLUMN w INT",
    "CREATE INDEX by_v ON t (v)",
    "DROP INDEX by_v ON t",
    "TRUNCATE TABLE t",
    "RENAME TABLE t TO u",
    "DROP TABLE other",
    "CREATE VIEW w AS SELECT id FROM t",
    "DROP VIEW w",
    "CREATE DATABASE another",
    "DROP DATABASE another",
    "KILL 12345678",
    "ANALYZE TABLE t",
    "CHECK TABLE t",
    "OPTIMIZE TABLE t",
    "FLUSH TABLES",
    "RESET MASTER",
    "CALL p()",
    "LOCK TABLES t READ",
    "UNLOCK TABLES",
    "USE app",
    "PREPARE s FROM 'SELECT 1'",
    "EXECUTE s",
    "DEALLOCATE PREPARE s",
    "LOAD DATA LOCAL INFILE 'x' INTO TABLE t",
    "HANDLER t OPEN",
    "XA START 'x'",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
    "GET DIAGNOSTICS @a = NUMBER",
    "SIGNAL SQLSTATE '45000'",
    "SELEC 1",
    "SELECT nothing FROM t",
    "SELECT * FROM nothing",
];

pub async fn preparable(kind: ServerKind) {
    let mut pair = Pair::of(kind).await;
    pair.create("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT)", "DBPARTITION BY HASH(id)").await;
    let mut found = Vec::new();
    for sql in KINDS {
        let errno = |result: Result<mysql_async::Statement, mysql_async::Error>| match result {
            Ok(statement) => Ok((statement.num_params(), statement.num_columns())),
            Err(mysql_async::Error::Server(error)) => Err((error.code, error.message)),
            Err(error) => panic!("{sql}: {error}"),
        };
        let node = errno(pair.node.prep(*sql).await);
        let plain = errno(pair.plain.prep(*sql).await);
        let is_like = match (&node, &plain) {
            // Rows of the node's own are described when they come, but for those of SHOW, which no server describes.
            (Ok((parameters, columns)), Ok((expected, others))) => {
                let is_show = sql.starts_with("SHOW") && *others == 0;
                parameters == expected && (columns == others || *columns == 0 || is_show)
            }
            (Err((node, _)), Err((plain, _))) => node == plain || *node == 1235,
            // What cannot be run here cannot be prepared here, and says why.
            (Err((errno, message)), Ok(_)) => *errno == 1235 && message.starts_with("Not supported: "),
            (Ok(_), Err(_)) => false,
        };
        if !is_like {
            found.push(format!("{sql}\n  node:  {node:?}\n  plain: {plain:?}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    // None of them has run.
    assert_eq!(value::<i64>(&mut pair.node, "SELECT COUNT(*) FROM t").await, 0);
}

#[tokio::test]
async fn what_can_be_prepared_is_what_a_server_prepares() {
    preparable(usual()).await;
}

#[tokio::test]
async fn prepared_statements_on_servers_are_bounded() {
    const EACH: usize = 10;
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = format!("[limits]\nprepared_statements_per_backend = {EACH}\n");
    });
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)").await;
    // The client would close those that it has not used for long.
    let many = options(cluster.port(), Some("app")).stmt_cache_size(1_000);
    let mut client = mysql_async::Conn::new(many).await.unwrap();
    let mut kept = Vec::new();
    for number in 0..200 {
        let statement = client.prep(format!("SELECT v + {number} FROM t WHERE id = ?")).await.unwrap();
        let answer: Option<i64> = client.exec_first(&statement, (number % 5 + 1,)).await.unwrap();
        assert_eq!(answer, Some(number + number % 5 + 1));
        kept.push(statement);
    }
    let mut on_servers = 0;
    for instance in &cluster.cluster.instances {
        let mut server = instance.connect().unwrap();
        let status = server.query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'").unwrap();
        let count = String::from_utf8_lossy(status.rows[0][1].as_deref().expect("a number")).into_owned();
        on_servers += count.parse::<usize>().unwrap();
    }
    let most = cluster.backend_connections() * EACH;
    assert!(on_servers > 0 && on_servers <= most, "{on_servers} statements, {most} expected at most");
    // The first ones work as they did.
    let answer: Option<i64> = client.exec_first(&kept[0], (2,)).await.unwrap();
    assert_eq!(answer, Some(2));
}

/// The OK packet, the function and the binary protocol tell the same, as on one server.
#[tokio::test]
async fn insert_ids_agree() {
    let mut pair = Pair::start().await;
    let table = "(id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL UNIQUE, n INT DEFAULT 0)";
    pair.create(&format!("CREATE TABLE a {table}"), "SINGLE").await;
    pair.create(
        "CREATE TABLE s (id INT NOT NULL, n INT DEFAULT 0, PRIMARY KEY (id))",
        "DBPARTITION BY HASH(id)",
    )
    .await;
    pair.prepare("INSERT INTO s VALUES (1, 0), (2, 0), (3, 0)").await;
    let statements: &[&str] = &[
        "INSERT INTO a (k) VALUES (10)",
        "INSERT INTO a (k) VALUES (20), (30)",
        "INSERT INTO a (k) VALUES (20) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), n = n + 1",
        "INSERT INTO a (k) VALUES (40) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)",
        "UPDATE a SET n = LAST_INSERT_ID(n + 7) WHERE k = 30",
        "UPDATE s SET n = LAST_INSERT_ID(n + 5) WHERE id = 2",
        "INSERT INTO s VALUES (2, 1) ON DUPLICATE KEY UPDATE n = LAST_INSERT_ID(n + 100)",
        "INSERT INTO s VALUES (9, 1)",
        "INSERT INTO a (id, k) VALUES (500, 50)",
        "DELETE FROM a WHERE k = 50",
    ];
    for sql in statements {
        pair.same(sql).await;
        pair.same("SELECT LAST_INSERT_ID(), @@last_insert_id, @@identity").await;
        pair.same_prepared("SELECT LAST_INSERT_ID()", Vec::new()).await;
    }
    pair.same_prepared("INSERT INTO a (k) VALUES (?)", vec![60.into()]).await;
    pair.same("SELECT LAST_INSERT_ID()").await;
    let sql = "INSERT INTO a (k) VALUES (?) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), n = ?";
    pair.same_prepared(sql, vec![20.into(), 5.into()]).await;
    pair.same_prepared("SELECT LAST_INSERT_ID(), n FROM a WHERE id = LAST_INSERT_ID()", Vec::new()).await;
    pair.same_prepared("UPDATE s SET n = LAST_INSERT_ID(?) WHERE id = ?", vec![321.into(), 3.into()]).await;
    pair.same("SELECT LAST_INSERT_ID()").await;
    pair.same_set("SELECT * FROM a").await;
    pair.same_set("SELECT * FROM s").await;
}

pub async fn what_cannot_be_set(kind: ServerKind) {
    let mut pair = Pair::of(kind).await;
    pair.create("CREATE TABLE t (id INT PRIMARY KEY)", "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO t VALUES (1), (2), (3)").await;
    pair.prepare("SET @kept = 'kept', time_zone = '+03:00'").await;
    for sql in [
        "SET no_such_variable = 1",
        "SET SESSION no_such_variable = 1",
        "SET @@no_such_variable = 1",
        "SET @a = 1, no_such_variable = 1",
        "SET sql_mode = 'NO_SUCH_MODE'",
        "SET time_zone = 'Nowhere/Atlantis'",
        "SET SESSION max_connections = 5",
        "SET SESSION version = '1'",
        "SET sort_buffer_size = 'many'",
        "SET NAMES no_such_charset",
        "SET NAMES utf8mb4 COLLATE latin1_bin",
        "SET character_set_client = ucs2",
        "SET autocommit = 7",
        "SET autocommit = maybe",
        "SET",
    ] {
        let node = outcome(&mut pair.node, sql, &Way::Text).await.without_message();
        let plain = outcome(&mut pair.plain, sql, &Way::Text).await.without_message();
        assert!(matches!(node, Outcome::Error { .. }), "{sql}: {node:?}");
        assert_eq!(node, plain, "{sql}");
        // A variable that is NULL again keeps a type of its own.
        pair.same_labels("SELECT @kept, @a, @@time_zone, @@autocommit, @@collation_connection").await;
        pair.same("SELECT id, @kept FROM t WHERE id = 2").await;
    }
}

#[tokio::test]
async fn what_cannot_be_set_changes_nothing() {
    what_cannot_be_set(usual()).await;
}

/// A key's row is found however the key is written, and by whatever character set a client has.
#[tokio::test]
async fn a_key_is_the_same_in_every_character_set() {
    let mut pair = Pair::start().await;
    for (name, charset) in [
        ("k8", "utf8mb4 COLLATE utf8mb4_general_ci"),
        ("kb", "utf8mb4 COLLATE utf8mb4_bin"),
        ("k1", "latin1"),
    ] {
        let table = format!(
            "CREATE TABLE {name} (k VARCHAR(20) CHARACTER SET {charset} NOT NULL PRIMARY KEY, n INT)"
        );
        pair.create(&table, "DBPARTITION BY HASH(k) TBPARTITION BY HASH(k) TBPARTITIONS 4").await;
        for (number, key) in ["é", "ÿßÆ", "straße", "plain", "ü ", "A'b\\c"].iter().enumerate() {
            let row = vec![Value::from(*key), Value::from(number)];
            pair.same_prepared(&format!("INSERT INTO {name} VALUES (?, ?)"), row).await;
        }
        for condition in [
            "k = 'é'",
            "k = _utf8mb4 x'C3A9'",
            "k = _latin1 x'E9'",
            "k = CONVERT('é' USING latin1)",
            "k = 'É'",
            "k = 'e'",
            "k = 'ü'",
            "k IN ('ÿßÆ', 'plain')",
            "k = 'PLAIN'",
            "k LIKE 'stra%'",
        ] {
            pair.same_set(&format!("SELECT k, n FROM {name} WHERE {condition}")).await;
        }
        // A client in latin1 gives and gets bytes of latin1.
        pair.prepare("SET NAMES latin1").await;
        for key in [&b"\xE9"[..], b"\xFF\xDF\xC6", b"plain"] {
            let sql = format!("SELECT k, n FROM {name} WHERE k = ?");
            let way = Way::Prepared(vec![Value::from(key)]);
            let node = outcome(&mut pair.node, &sql, &way).await;
            if !node.is_refusal() {
                let plain = outcome(&mut pair.plain, &sql, &way).await;
                assert_eq!(node, plain, "{sql} with {key:?}");
            }
        }
        pair.prepare("SET NAMES utf8mb4").await;
    }
    // More than ASCII in the text of a statement is for utf8mb4 clients: refused, never misread.
    run(&mut pair.node, "SET NAMES latin1").await;
    assert_eq!(refused(&mut pair.node, "SELECT n FROM k8 WHERE k = 'é'").await.0, 1235);
}
