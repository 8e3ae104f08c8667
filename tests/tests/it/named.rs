//! PREPARE, EXECUTE and DEALLOCATE PREPARE as SQL; and what a prepared statement of either kind keeps of the time when it was prepared.

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{refused, run, value};
use ostrakon_tests::family::on_mysql;
use ostrakon_tests::pair::Pair;

#[tokio::test]
async fn statements_with_names_answer_as_on_one_server() {
    let mut pair = Pair::start().await;
    statements_with_names(&mut pair).await;
    for sql in [
        "PREPARE e FROM CONCAT('SELECT COUNT(*) FROM t WHERE v > ', @five)",
        "EXECUTE e",
        "PREPARE e FROM 'INSERT INTO t (id, v, s) VALUES (?, ?, ?)'",
        "EXECUTE e USING 101, @five, @text",
        "EXECUTE e USING 102, @none, 'it''s \\\\ \"quoted\"'",
        "EXECUTE e USING 103, -5, x'4142'",
        "PREPARE e FROM 'UPDATE t SET v = v * ? WHERE s = ? OR id = ?'",
        "EXECUTE e USING 2, @text, 2",
        "PREPARE e FROM 'SELECT id, v FROM t WHERE s IN (?, ?) OR id BETWEEN ? AND ? ORDER BY id LIMIT ?'",
        "EXECUTE e USING @text, 'b', 101, 103, @five",
        "EXECUTE IMMEDIATE 'SELECT SUM(v) / ? FROM t' USING 7",
        "EXECUTE IMMEDIATE @query",
        "SELECT * FROM t ORDER BY id",
    ] {
        pair.same(sql).await;
    }
    pair.prepare("PREPARE e FROM 'SELECT ? + 1, ? AS x, (?), UPPER(?) FROM t WHERE id = ?'").await;
    for sql in
        ["EXECUTE e USING @five, @none, @decimal, @text, 3", "EXECUTE e USING 1, 2, 3.5, 'grüße', 1 + 2"]
    {
        // The type of what is made of integers is that of literals.
        pair.same_labels(sql).await;
    }
    // What stands beside a marker, and names of columns inside.
    pair.prepare("PREPARE e FROM 'SELECT id FROM t WHERE v=? OR id=? ORDER BY id LIMIT?'").await;
    pair.same("EXECUTE e USING 10, 3, 1").await;
    pair.same("EXECUTE e USING 10, 3, 2").await;
    for sql in [
        "EXECUTE IMMEDIATE 'SELECT ? \"x\"' USING 'a'",
        "EXECUTE IMMEDIATE 'SELECT d.`?` FROM (SELECT ?) d' USING 5",
        "EXECUTE IMMEDIATE 'SELECT ? + 0' USING DATE'2001-02-03'",
        "EXECUTE IMMEDIATE 'SELECT DATE_FORMAT(?, \"%Y\")' USING TIMESTAMP'2001-02-03 04:05:06.5'",
    ] {
        pair.same_labels(sql).await;
    }
    let other = "EXECUTE IMMEDIATE 'SELECT HEX(?)' USING CONVERT('AB' USING utf16)";
    assert_eq!(refused(&mut pair.node, other).await.0, 1235);
    for sql in ["EXECUTE e USING 1", "EXECUTE IMMEDIATE 'SELECT ?'", "EXECUTE IMMEDIATE 'garbage'"] {
        same_error(&mut pair, sql).await;
    }
}

/// What both families' servers take.
pub(crate) async fn statements_with_names(pair: &mut Pair) {
    pair.create("CREATE TABLE t (id INT PRIMARY KEY, v INT, s VARCHAR(20))", "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c'), (4, NULL, NULL)").await;
    pair.prepare("SET @five = 5, @decimal = 1.50, @none = NULL, @text = 'a', @query = 'SELECT id FROM t ORDER BY id DESC'").await;
    for sql in [
        "PREPARE s FROM 'SELECT SUM(v), \"x\" FROM t'",
        "EXECUTE s",
        "PREPARE S FROM @query",
        "EXECUTE s",
        "DROP PREPARE s",
        "PREPARE s FROM 'SELECT id FROM t ORDER BY id LIMIT ? OFFSET ?'",
        "SET @two = 2, @one = 1",
        "EXECUTE s USING @two, @one",
        "EXECUTE s USING @one, @two",
        "PREPARE w FROM 'INSERT INTO t VALUES (5, 50, \"e\"), (6, 60, \"f\")'",
        "EXECUTE w",
        "PREPARE w FROM 'DELETE FROM t WHERE id > 4;'",
        "EXECUTE w",
        // How migrations do it.
        "SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't' AND column_name = 'extra')",
        "SET @sql = IF(@missing, 'ALTER TABLE t ADD COLUMN extra INT', 'SELECT 1')",
        "PREPARE stmt FROM @sql",
    ] {
        pair.same(sql).await;
    }
    // ALTER's information text is not that of a server.
    pair.prepare("EXECUTE stmt").await;
    for sql in [
        "DEALLOCATE PREPARE stmt",
        "SELECT extra FROM t WHERE id = 1",
        "PREPARE c FROM 'SET @q = 7'",
        "EXECUTE c",
        "SELECT @q",
        "SELECT id, v, s FROM t ORDER BY id",
    ] {
        pair.same(sql).await;
    }
    for sql in [
        "EXECUTE nothing",
        "DEALLOCATE PREPARE nothing",
        "EXECUTE s",
        "EXECUTE s USING @two",
        "PREPARE x FROM ''",
        "PREPARE x FROM NULL",
        "PREPARE x FROM @undefined",
        "PREPARE x FROM 'SELECT 1; SELECT 2'",
        "PREPARE x FROM 'SELECT * FROM missing'",
        "PREPARE x FROM 'SELECT missing FROM t'",
        "PREPARE x FROM 'garbage'",
        "EXECUTE x",
        "PREPARE x FROM 'PREPARE y FROM \"SELECT 1\"'",
        "PREPARE x FROM 'EXECUTE s'",
        "PREPARE x FROM 'DEALLOCATE PREPARE s'",
    ] {
        same_error(pair, sql).await;
    }
    // A name whose statement could not be made has none.
    pair.same("PREPARE again FROM 'SELECT 1'").await;
    same_error(pair, "PREPARE again FROM 'garbage'").await;
    same_error(pair, "EXECUTE again").await;
    pair.same("SELECT 1 AS one").await;
}

async fn same_error(pair: &mut Pair, sql: &str) {
    let (node, message) = refused(&mut pair.node, sql).await;
    let (plain, plain_message) = refused(&mut pair.plain, sql).await;
    assert_eq!(node, plain, "{sql}\nnode: {message}\nplain: {plain_message}");
}

#[tokio::test]
async fn a_statement_keeps_the_database_that_it_was_prepared_in() {
    let mut pair = Pair::start().await;
    statements_keep_their_database(&mut pair).await;
}

pub(crate) async fn statements_keep_their_database(pair: &mut Pair) {
    pair.prepare("CREATE DATABASE other").await;
    for database in ["app", "other"] {
        pair.prepare(&format!("USE {database}")).await;
        pair.create("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))", "DBPARTITION BY HASH(id)").await;
        pair.prepare(&format!("INSERT INTO t VALUES (1, '{database}'), (2, 'x')")).await;
    }
    pair.prepare("USE app").await;
    pair.prepare("PREPARE s FROM 'SELECT v, DATABASE() FROM t WHERE id = 1'").await;
    pair.prepare("PREPARE w FROM 'INSERT INTO t VALUES (3, DATABASE())'").await;
    let sql = "SELECT v, DATABASE() FROM t WHERE id = ?";
    let (on_node, on_plain) = (pair.node.prep(sql).await.unwrap(), pair.plain.prep(sql).await.unwrap());
    for database in ["other", "app", "other"] {
        pair.prepare(&format!("USE {database}")).await;
        pair.same("EXECUTE s").await;
        let node: Option<(String, String)> = pair.node.exec_first(&on_node, (1,)).await.unwrap();
        let plain: Option<(String, String)> = pair.plain.exec_first(&on_plain, (1,)).await.unwrap();
        assert_eq!(node, plain, "in {database}");
        pair.same("SELECT DATABASE()").await;
    }
    pair.same("EXECUTE w").await;
    pair.same("SELECT * FROM app.t ORDER BY id").await;
    pair.same("SELECT * FROM other.t ORDER BY id").await;
}

#[tokio::test]
async fn a_statement_that_another_sql_mode_would_read_otherwise_is_refused() {
    let mut pair = Pair::start().await;
    let client = &mut pair.node;
    run(client, "CREATE TABLE t (v INT) ").await;
    run(client, "INSERT INTO t VALUES (1)").await;
    run(client, "PREPARE s FROM 'SELECT \"v\" FROM t'").await;
    let prepared = client.prep("SELECT \"v\" FROM t").await.unwrap();
    run(client, "SET sql_mode = 'ANSI_QUOTES'").await;
    assert_eq!(refused(client, "EXECUTE s").await.0, 1235);
    assert!(client.exec_drop(&prepared, ()).await.is_err());
    // Modes that change no reading.
    run(client, "SET sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'").await;
    run(client, "EXECUTE s").await;
    let answer: Option<String> = client.exec_first(&prepared, ()).await.unwrap();
    assert_eq!(answer.as_deref(), Some("v"));
}

#[tokio::test]
async fn statements_with_names_end_with_their_session_and_are_counted() {
    let cluster = ostrakon_tests::cluster::TestCluster::start_with(|options| {
        options.node_settings = "[limits]\nprepared_statements_per_client = 3\n".to_owned();
    });
    let mut client = cluster.database("app", "").await;
    for name in ["a", "b", "c"] {
        run(&mut client, &format!("PREPARE {name} FROM 'SELECT 1'")).await;
    }
    assert_eq!(refused(&mut client, "PREPARE d FROM 'SELECT 1'").await.0, 1461);
    run(&mut client, "PREPARE c FROM 'SELECT 2'").await;
    assert_eq!(value::<i64>(&mut client, "EXECUTE c").await, 2);
    client.reset().await.unwrap();
    assert_eq!(refused(&mut client, "EXECUTE c").await.0, 1243);
    // Several statements of one text, and one inside of a transaction.
    let text = "PREPARE m FROM 'SELECT 5'; EXECUTE m; EXECUTE m";
    let mut answer = client.query_iter(text).await.unwrap();
    assert!(answer.collect::<i64>().await.unwrap().is_empty());
    assert_eq!(answer.collect::<i64>().await.unwrap(), [5]);
    assert_eq!(answer.collect::<i64>().await.unwrap(), [5]);
}

#[tokio::test]
async fn nothing_of_a_session_stays_behind() {
    let cluster = ostrakon_tests::cluster::TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    run(&mut client, "PREPARE s FROM 'SELECT ?'").await;
    for sql in [
        "EXECUTE s USING @a := 5",
        "EXECUTE s USING (@a := 5)",
        "PREPARE x FROM @a := 'SELECT 1'",
        "SET @b = @a := 5",
        "SET timestamp = @a := 5",
    ] {
        let (errno, text) = refused(&mut client, sql).await;
        // No syntax of MySQL's.
        if on_mysql() && !sql.starts_with("SET") {
            assert_eq!(errno, 1064, "{sql}: {text}");
            continue;
        }
        assert!(errno == 1235 && text.contains("assignments to user variables"), "{sql}: {errno} {text}");
    }
    run(&mut client, "INSERT INTO t VALUES (1), (2), (3)").await;
    for sql in [
        "INSERT INTO t SELECT id + 10 INTO @a FROM t",
        "REPLACE INTO t SELECT id + 10 INTO @a FROM t WHERE id = 1",
        "DO (SELECT 1) INTO @a FROM t",
        "DO (SELECT MAX(id) INTO @a FROM t)",
        "DO @a := 5",
        "DO (SELECT @a := 5)",
        "SHOW STATUS WHERE (@a := 1)",
        "SET @b = (SELECT @a := MAX(id) FROM t)",
        "UPDATE t SET id = id + 10 WHERE id IN (SELECT id INTO @a FROM t)",
        "DELETE FROM t WHERE id = (SELECT @a := 1)",
    ] {
        let (errno, text) = refused(&mut client, sql).await;
        assert!([1064, 1235].contains(&errno), "{sql}: {errno} {text}");
    }
    run(&mut client, "DELETE FROM t").await;
    let mut other = cluster.client(Some("app")).await;
    for _ in 0..20 {
        assert_eq!(value::<Option<i64>>(&mut other, "SELECT @a").await, None);
    }
    // Words that mean the session.
    if !on_mysql() {
        assert_eq!(value::<String>(&mut client, "EXECUTE s USING CURRENT_USER").await, "root@%");
    }
    run(&mut client, "SET @c = CURRENT_USER").await;
    assert_eq!(value::<String>(&mut client, "SELECT @c").await, "root@%");
    // A database that a prepared statement has dropped is no current one.
    run(&mut client, "PREPARE d FROM 'DROP DATABASE app'").await;
    run(&mut client, "EXECUTE d").await;
    assert_eq!(value::<Option<String>>(&mut client, "SELECT DATABASE()").await, None);
    // Traces are the session's.
    run(&mut other, "TRACE SELECT 'secret'").await;
    assert!(!other.query::<mysql_async::Row, _>("SHOW TRACE").await.unwrap().is_empty());
    other.reset().await.unwrap();
    assert!(other.query::<mysql_async::Row, _>("SHOW TRACE").await.unwrap().is_empty());
}
