//! SELECT ... INTO user variables, whichever way the query takes.

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::pair::Pair;

#[tokio::test]
async fn variables_are_set_as_on_one_server() {
    variables_are_set(&mut Pair::start().await).await;
}

pub(crate) async fn variables_are_set(pair: &mut Pair) {
    pair.create(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT, s VARCHAR(20), d DECIMAL(8,2))",
        "DBPARTITION BY HASH(id)",
    )
    .await;
    pair.create("CREATE TABLE b (id INT PRIMARY KEY, s VARCHAR(20))", "BROADCAST").await;
    pair.prepare(
        "INSERT INTO t VALUES (1, 10, 'a', 1.50), (2, 20, 'b', 2.25), (3, 30, 'ç', NULL), (4, NULL, NULL, 4)",
    )
    .await;
    pair.prepare("INSERT INTO b VALUES (1, 'one'), (2, 'two')").await;
    for sql in [
        "SELECT v, s INTO @a, @b FROM t WHERE id = 2",
        "SELECT SUM(v), COUNT(*) INTO @a, @b FROM t",
        "SELECT s FROM t WHERE id = 3 INTO @a",
        "SELECT d FROM t WHERE id = 1 INTO @`a`",
        "SELECT x.s, y.d INTO @b, @A FROM t x JOIN t y ON y.id = x.id + 1 WHERE x.id = 1",
        "SELECT MAX(s) INTO @a FROM b",
        "SELECT id INTO @a FROM t ORDER BY id DESC LIMIT 1",
        "SELECT id FROM t WHERE v IS NULL INTO @a",
        "SELECT 1, 'two' INTO @a, @b",
        "WITH w AS (SELECT AVG(v) a FROM t) SELECT a INTO @a FROM w",
        // None, which leaves the variables as they were, and too many.
        "SELECT v INTO @a FROM t WHERE id = 77",
        "SELECT SUM(v) INTO @a FROM t WHERE id > 100 GROUP BY s",
    ] {
        pair.same(sql).await;
        pair.same_labels("SHOW WARNINGS").await;
        pair.same("SELECT @a, @b").await;
        pair.same(sql).await;
        pair.same("SELECT ROW_COUNT()").await;
    }
    pair.prepare("CREATE VIEW w AS SELECT id, v FROM t").await;
    pair.same("SELECT SUM(v) INTO @a FROM w").await;
    pair.same("SELECT @a").await;
    for sql in [
        "SELECT id INTO @a FROM t ORDER BY id",
        "SELECT id, v INTO @a FROM t WHERE id = 1",
        "SELECT missing INTO @a FROM t",
    ] {
        let (node, plain) = (refused(&mut pair.node, sql).await, refused(&mut pair.plain, sql).await);
        assert_eq!(node.0, plain.0, "{sql}\nnode: {}\nplain: {}", node.1, plain.1);
        pair.same("SELECT @a, @b").await;
    }
    pair.prepare("BEGIN").await;
    pair.prepare("UPDATE t SET v = 77 WHERE id = 1").await;
    pair.same("SELECT v INTO @a FROM t WHERE id = 1").await;
    pair.same("SELECT SUM(v) INTO @b FROM t").await;
    pair.prepare("ROLLBACK").await;
    pair.same("SELECT @a, @b").await;
    pair.same_prepared("SELECT v INTO @a FROM t WHERE id = ?", vec![Value::Int(2)]).await;
    pair.same_prepared("SELECT COUNT(*) INTO @b FROM t WHERE v > ?", vec![Value::Int(10)]).await;
    pair.same("SELECT @a, @b").await;
}

#[tokio::test]
async fn variables_stay_with_their_session_and_other_forms_are_refused() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    run(&mut client, "INSERT INTO t VALUES (1), (2), (3)").await;
    run(&mut client, "SELECT COUNT(*), MAX(id) INTO @n, @m FROM t").await;
    assert_eq!(refused(&mut client, "SELECT id INTO @n FROM t").await.0, 1172);
    let mut other = cluster.client(Some("app")).await;
    for _ in 0..20 {
        let seen: Option<(Option<i64>, Option<i64>)> = other.query_first("SELECT @n, @m").await.unwrap();
        assert_eq!(seen, Some((None, None)));
    }
    assert_eq!(value::<i64>(&mut client, "SELECT @m").await, 3);
    for sql in [
        "SELECT id INTO OUTFILE '/tmp/x' FROM t",
        "SELECT id INTO DUMPFILE 'x' FROM t",
        "SELECT id INTO n FROM t",
    ] {
        let (errno, text) = refused(&mut client, sql).await;
        assert!(errno == 1235 && text.contains("INTO anything but user variables"), "{sql}: {errno} {text}");
    }
}
