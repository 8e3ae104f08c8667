//! What a session holds: database, variables, character set, warnings; multi-statements; commands that are refused.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::pair::Pair;

#[tokio::test]
async fn session_settings_hold_on_whichever_connection_a_statement_runs() {
    let mut pair = Pair::start().await;
    pair.create(
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, s VARCHAR(20), d TIMESTAMP NULL)",
        "DBPARTITION BY HASH(id)",
    )
    .await;
    let rows: Vec<String> = (0..16).map(|id| format!("({id}, 'ü{id}', '2024-01-01 12:00:00')")).collect();
    pair.prepare(&format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    for sql in [
        "SET time_zone = '+05:00'",
        "SELECT id, d FROM t ORDER BY id",
        "SET NAMES latin1",
        "SELECT id, s FROM t WHERE id = 3",
        "SELECT id, s FROM t ORDER BY id LIMIT 3",
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SELECT @@collation_connection, @@character_set_results",
        "SET sql_mode = 'PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'",
        "SELECT id, 'a' || s, 'b\\' FROM t WHERE id = 4",
        "SELECT id || 'x' FROM t ORDER BY id",
        "SET sql_mode = DEFAULT",
        "SET @x = 5, @y = 'why'",
        "SELECT @x, @y, @never",
        "SELECT id, @x + id FROM t WHERE id = @x",
        "SET @x := @x + 1",
        "SELECT @x",
        "SET SESSION sort_buffer_size = 1048576",
        "SELECT @@sort_buffer_size, @@session.sort_buffer_size",
        "SET no_such_variable = 1",
        "SELECT @@no_such_variable",
        "SELECT DATABASE(), SCHEMA()",
        "SELECT ROW_COUNT()",
        "UPDATE t SET s = 'new' WHERE id IN (1, 2)",
        "SELECT ROW_COUNT()",
        "SELECT id FROM t WHERE id < 5 ORDER BY id",
        "SELECT FOUND_ROWS()",
        "SELECT 1/0",
        "SHOW WARNINGS",
        "SELECT CONNECTION_ID() > 0, USER() LIKE 'root@%', 1 + 1 AS two",
        "DO 1 + 1",
        "USE no_such_database",
        "SELECT DATABASE()",
        "SELECT * FROM no_such_table",
        "SELECT no_such_column FROM t WHERE id = 1",
        "SELEC 1",
        "",
        "/* nothing */",
        "SELECT 1 -- the end",
        "SELECT /*! 1 + */ 1 # note",
    ] {
        match sql.starts_with("SHOW") {
            true => pair.same_labels(sql).await,
            false => pair.same(sql).await,
        }
    }
}

#[tokio::test]
async fn set_takes_every_kind_of_value_and_each_sees_what_was_before_it() {
    let mut pair = Pair::start().await;
    for sql in [
        "SET @a = 1, @b = @a",
        "SELECT @a, @b",
        "SET @a = 5, no_such = 1",
        "SELECT @a",
        "SET @d = 1e20, @e = 1.5e0, @f = 1.50, @n = NULL, @i = -5, @u = 18446744073709551615",
        "SELECT @d, @d + 1, @e, @f, @n, @i, @u",
        "SET @q = 'it''s \\ \"x\"', @x = x'41', @empty = '', @t = TIMESTAMP('2024-01-02 03:04:05')",
        "SELECT @q, LENGTH(@q), @x, @empty, @t",
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
        "SELECT @q, LENGTH(@q)",
        "SET @z = 'a\\b'",
        "SET sql_mode = DEFAULT",
        "SELECT @z, LENGTH(@z)",
        "SET @s = 'é'",
        "SET NAMES latin1",
        "SELECT HEX(@s), CHARSET(@s), COLLATION(@s)",
        "SET @l = _latin1 x'E9'",
        "SET NAMES utf8mb4",
        "SELECT HEX(@l), CHARSET(@l), @l",
        "SET character_set_connection = latin1",
        "SELECT @@collation_connection, @@character_set_connection",
        "SET NAMES utf8mb4",
        "SET @on = 'OFF'",
        "SET autocommit = @on",
        "SELECT @@autocommit",
        "SET autocommit = 1",
        "SET timestamp = 5",
        "SELECT NOW()",
        "SET timestamp = DEFAULT",
        "SELECT NOW() > '2024-01-01'",
        "SET SQL_AUTO_IS_NULL = 0",
        "SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')",
        "SELECT @@sql_mode LIKE '%ANSI_QUOTES%'",
    ] {
        // A variable that is NULL does not keep the type of what it was set from.
        pair.same_labels(sql).await;
    }
}

#[tokio::test]
async fn set_and_show_reach_no_table_behind_the_node() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    for sql in [
        "SET @c = (SELECT COUNT(*) FROM mysql.user)",
        "SET sort_buffer_size = (SELECT COUNT(*) FROM mysql.user)",
        "SHOW TABLES WHERE 1 = 0 UNION SELECT user FROM mysql.user",
        "SHOW COLUMNS FROM t WHERE Field IN (SELECT user FROM mysql.user)",
        "SHOW VARIABLES WHERE Variable_name IN (SELECT user FROM mysql.user)",
        "SET `sort_buffer_size = 1000000, @@global.max_connections` = 7",
    ] {
        refused(&mut client, sql).await;
    }
    let columns: Vec<mysql_async::Row> =
        client.query("SHOW COLUMNS FROM t WHERE Field = 'id' AND 1 = 1").await.unwrap();
    assert_eq!(columns.len(), 1);
    let found: Vec<(String, String)> =
        client.query("SHOW VARIABLES WHERE Variable_name = 'autocommit'").await.unwrap();
    assert_eq!(found, [("autocommit".to_owned(), "ON".to_owned())]);
    let there: Vec<String> =
        client.query("SHOW TABLES WHERE Tables_in_app = DATABASE() OR Tables_in_app = 't'").await.unwrap();
    assert_eq!(there, ["t"]);
}

#[tokio::test]
async fn insert_ids_row_counts_and_warnings_are_what_one_server_says() {
    let mut pair = Pair::start().await;
    let table = "(id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL UNIQUE)";
    pair.create(&format!("CREATE TABLE s {table}"), "SINGLE").await;
    pair.create(&format!("CREATE TABLE d {table}"), "DBPARTITION BY HASH(id)").await;
    for name in ["s", "d"] {
        for sql in [
            "INSERT INTO t (v) VALUES (1)",
            "SELECT LAST_INSERT_ID()",
            "INSERT INTO t VALUES (100, 2)",
            "SELECT LAST_INSERT_ID(), ROW_COUNT()",
            "SET @id = LAST_INSERT_ID()",
            "SELECT @id",
            "UPDATE t SET v = LAST_INSERT_ID(77) WHERE id = 1",
            "SELECT LAST_INSERT_ID()",
            "INSERT IGNORE INTO t (id, v) VALUES (100, 3)",
            "SELECT LAST_INSERT_ID(), @@warning_count",
            "SHOW WARNINGS",
            "SELECT SQL_CALC_FOUND_ROWS id FROM t WHERE id = 1 OR id = 1 LIMIT 0",
            "SELECT FOUND_ROWS()",
        ] {
            pair.same_labels(&sql.replace(" t ", &format!(" {name} "))).await;
        }
    }
    // A value of the session's places a row.
    pair.create("CREATE TABLE k (id BIGINT, v VARCHAR(64))", "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO s (v) VALUES (1000)").await;
    pair.same("INSERT INTO k VALUES (LAST_INSERT_ID(), DATABASE())").await;
    pair.same("SELECT v FROM k WHERE id = 101").await;
    pair.same("SELECT 'a' + 1").await;
    pair.same_labels("SELECT @@warning_count").await;
    pair.create("CREATE TABLE b (id INT PRIMARY KEY, v TINYINT)", "BROADCAST").await;
    pair.prepare("SET sql_mode = ''").await;
    pair.same("INSERT INTO b VALUES (1, 1000)").await;
    pair.same_labels("SHOW WARNINGS").await;
    // A time of the session's own holds for all copies, and goes with the session.
    pair.prepare("SET timestamp = 86400").await;
    pair.create("CREATE TABLE m (id INT PRIMARY KEY, at DATETIME)", "BROADCAST").await;
    pair.same("INSERT INTO m VALUES (1, NOW())").await;
    pair.same("SELECT * FROM m").await;
    pair.same("SELECT NOW()").await;
    pair.prepare("SET timestamp = DEFAULT").await;
    pair.same("SELECT NOW() > '2024-01-01'").await;
}

#[tokio::test]
async fn a_limit_of_the_session_is_not_taken_for_one_of_each_shard() {
    let mut pair = Pair::start().await;
    pair.create("CREATE TABLE t (id INT PRIMARY KEY)", "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO t VALUES (1),(2),(3),(4),(5),(6),(7),(8)").await;
    for limit in [0, 1, 3] {
        pair.prepare(&format!("SET sql_select_limit = {limit}")).await;
        for sql in [
            "SELECT id FROM t ORDER BY id",
            "SELECT id FROM t ORDER BY id LIMIT 5",
            "SELECT id FROM t WHERE id = 3",
            "SELECT id, COUNT(*) FROM t GROUP BY id ORDER BY id DESC",
            "SELECT a.id FROM t a JOIN t b ON b.id = a.id + 1 ORDER BY a.id",
        ] {
            pair.same(sql).await;
            pair.same_prepared(sql, Vec::new()).await;
        }
    }
    pair.prepare("SET sql_select_limit = DEFAULT").await;
    pair.same("SELECT id FROM t ORDER BY id").await;
}

#[tokio::test]
async fn two_sessions_do_not_see_each_others_settings() {
    let cluster = TestCluster::start();
    let mut one = cluster.database("app", "").await;
    let mut two = cluster.client(Some("app")).await;
    run(&mut one, "CREATE TABLE t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    run(&mut one, "INSERT INTO t VALUES (1)").await;
    run(&mut one, "SET @mark = 'one', time_zone = '+09:00', sql_mode = 'ANSI_QUOTES'").await;
    for _ in 0..10 {
        run(&mut one, "SELECT id, @mark FROM t WHERE id = 1").await;
        assert_eq!(value::<Option<String>>(&mut two, "SELECT @mark FROM t WHERE id = 1").await, None);
        assert_ne!(value::<String>(&mut two, "SELECT @@time_zone").await, "+09:00");
        assert_eq!(value::<String>(&mut two, "SELECT \"text\" FROM t WHERE id = 1").await, "text");
        assert_eq!(value::<String>(&mut one, "SELECT @@time_zone FROM t WHERE id = 1").await, "+09:00");
    }
}

async fn all_results(client: &mut Conn, sql: &str) -> Result<Vec<Vec<i64>>, mysql_async::Error> {
    let mut result = client.query_iter(sql).await?;
    let mut sets = Vec::new();
    while !result.is_empty() {
        sets.push(result.collect::<i64>().await?);
    }
    result.drop_result().await?;
    Ok(sets)
}

#[tokio::test]
async fn several_statements_in_one_packet_answer_in_order_and_stop_at_the_first_error() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    let sets = all_results(
        &mut client,
        "INSERT INTO t VALUES (1, 10), (2, 20); SELECT v FROM t WHERE id = 1; SELECT v FROM t ORDER BY v DESC; SELECT ';' = ';'",
    );
    let sets: Vec<_> = sets.await.unwrap().into_iter().filter(|set| !set.is_empty()).collect();
    assert_eq!(sets, vec![vec![10], vec![20, 10], vec![1]]);
    let failed = all_results(
        &mut client,
        "UPDATE t SET v = 11 WHERE id = 1; SELECT * FROM nothing; UPDATE t SET v = 12 WHERE id = 1",
    );
    assert!(failed.await.is_err());
    assert_eq!(value::<i64>(&mut client, "SELECT v FROM t WHERE id = 1").await, 11);
}

#[tokio::test]
async fn kill_ends_a_running_statement_and_a_session() {
    let cluster = TestCluster::start();
    let mut killer = cluster.database("app", "").await;
    let mut victim = cluster.client(Some("app")).await;
    let id: u64 = value(&mut victim, "SELECT CONNECTION_ID()").await;
    let sleeping = tokio::spawn(async move {
        let outcome = victim.query_first::<i64, _>("SELECT SLEEP(30)").await;
        (victim, outcome)
    });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    run(&mut killer, &format!("KILL QUERY {id}")).await;
    let (mut victim, outcome) = tokio::time::timeout(std::time::Duration::from_secs(10), sleeping)
        .await
        .expect("KILL QUERY ends it")
        .unwrap();
    // MariaDB ends SLEEP with error 1317, MySQL with the value 1.
    assert!(
        matches!(outcome, Err(mysql_async::Error::Server(ref error)) if error.code == 1317)
            || matches!(outcome, Ok(Some(1)))
    );
    assert_eq!(value::<i64>(&mut victim, "SELECT 5").await, 5);
    run(&mut killer, &format!("KILL {id}")).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(victim.query_drop("SELECT 1").await.is_err());
    let (errno, _) = refused(&mut killer, "KILL 999999999").await;
    assert_eq!(errno, 1094);
}

#[tokio::test]
async fn what_is_not_built_yet_is_refused_with_1235_and_the_session_goes_on() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    for sql in ["SELECT IS_USED_LOCK('a')", "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1"] {
        let (errno, message) = refused(&mut client, sql).await;
        assert_eq!(errno, 1235, "{sql}: {message}");
        assert!(message.len() > 20, "{sql}: a refusal says why, and {message:?} does not");
        assert_eq!(value::<i64>(&mut client, "SELECT 5").await, 5);
    }
}

#[tokio::test]
async fn wrong_logins_are_refused_with_1045_and_an_unknown_database_with_1049() {
    let cluster = TestCluster::start();
    let base = || ostrakon_tests::cluster::options(cluster.port(), None);
    for options in [base().user(Some("nobody")), base().pass(Some("wrong")), base().user(Some(""))] {
        match Conn::new(options).await {
            Err(mysql_async::Error::Server(error)) => assert_eq!(error.code, 1045, "{}", error.message),
            other => panic!("a login that must be refused: {other:?}"),
        }
    }
    match Conn::new(ostrakon_tests::cluster::options(cluster.port(), Some("no_such_database"))).await {
        Err(mysql_async::Error::Server(error)) => assert_eq!(error.code, 1049, "{}", error.message),
        other => panic!("a database that is not there: {other:?}"),
    }
    let mut client = cluster.client(None).await;
    assert_eq!(refused(&mut client, "SELECT * FROM t").await.0, 1046);
}

#[tokio::test]
async fn ping_and_statement_reset_and_close_work() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    client.ping().await.unwrap();
    for round in 0..50 {
        let statement = client.prep(format!("SELECT v, {round} FROM t WHERE id = ?")).await.unwrap();
        let rows: Vec<(i32, i32)> = client.exec(&statement, (round,)).await.unwrap();
        assert!(rows.is_empty());
        client.close(statement).await.unwrap();
    }
    // A statement that was prepared before a change of the table is still right after it.
    let statement = client.prep("SELECT * FROM t WHERE id = ?").await.unwrap();
    run(&mut client, "INSERT INTO t VALUES (1, 10)").await;
    run(&mut client, "ALTER TABLE t ADD COLUMN w INT NOT NULL DEFAULT 3").await;
    let rows: Vec<(i32, i32, i32)> = client.exec(&statement, (1,)).await.unwrap();
    assert_eq!(rows, vec![(1, 10, 3)]);
}
