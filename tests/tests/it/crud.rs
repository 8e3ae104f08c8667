//! Rows go in and come out of sharded, broadcast and single tables as on one server, as text and prepared.

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, run, value};
use ostrakon_tests::pair::Pair;

const TABLE: &str =
    "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(40), score INT NOT NULL DEFAULT 7)";

#[tokio::test]
async fn rows_written_prepared_are_read_by_key_as_text_and_prepared() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    for id in 0i64..200 {
        client
            .exec_drop("INSERT INTO t (id, name) VALUES (?, ?)", (id * 31 - 900, format!("name {id}")))
            .await
            .unwrap();
        assert_eq!(client.affected_rows(), 1);
    }
    for id in 0i64..200 {
        let (key, expected) = (id * 31 - 900, (format!("name {id}"), 7));
        let text: Option<(String, i32)> =
            client.query_first(format!("SELECT name, score FROM t WHERE id = {key}")).await.unwrap();
        assert_eq!(text.as_ref(), Some(&expected));
        let prepared: Option<(String, i32)> =
            client.exec_first("SELECT name, score FROM t WHERE id = ?", (key,)).await.unwrap();
        assert_eq!(prepared.as_ref(), Some(&expected));
    }
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t").await, 200);
}

#[tokio::test]
async fn a_sharded_tables_rows_are_spread_over_both_instances() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    let rows: Vec<String> = (0..64).map(|id| format!("({id}, 'x', 1)")).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    for instance in &cluster.cluster.instances {
        let mut direct = instance.connect().unwrap();
        let tables = direct
            .query(
                "SELECT CONCAT('`', table_schema, '`.`', table_name, '`') FROM information_schema.tables \
                 WHERE table_type = 'BASE TABLE' AND table_schema LIKE 'app%'",
            )
            .unwrap();
        assert!(!tables.rows.is_empty(), "{} has no physical table", instance.name());
        let mut count = 0;
        for row in tables.rows {
            let name = String::from_utf8(row[0].clone().unwrap()).unwrap();
            let answer = direct.query(&format!("SELECT COUNT(*) FROM {name}")).unwrap();
            count += answer.first().unwrap().parse::<u64>().unwrap();
        }
        assert!((8..=56).contains(&count), "{} holds {count} of 64 rows", instance.name());
    }
}

/// Each kind of table, by its clause.
const KINDS: [&str; 5] = [
    "DBPARTITION BY HASH(id)",
    "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 3",
    "TBPARTITION BY HASH(id) TBPARTITIONS 4",
    "BROADCAST",
    "SINGLE",
];

#[tokio::test]
async fn writes_count_rows_warnings_and_info_as_one_server() {
    let mut pair = Pair::start().await;
    for (number, kind) in KINDS.iter().enumerate() {
        let name = format!("t{number}");
        pair.create(&TABLE.replace("TABLE t", &format!("TABLE {name}")), kind).await;
        for sql in [
            "INSERT INTO t VALUES (1, 'one', 1)",
            "INSERT INTO t (name, id) VALUES ('two', 2), ('three', 3), ('four', 4), (NULL, 5), ('six', 6)",
            "INSERT INTO t SET id = 7, name = 'seven'",
            "INSERT INTO t VALUES (1, 'again', 1)",
            "INSERT IGNORE INTO t VALUES (1, 'again', 1)",
            "INSERT INTO t VALUES (8, 'eight', 1) ON DUPLICATE KEY UPDATE score = score + 1",
            "INSERT INTO t VALUES (8, 'eight', 1) ON DUPLICATE KEY UPDATE score = score + 1",
            "REPLACE INTO t VALUES (2, 'two!', 22)",
            "REPLACE INTO t VALUES (20, 'a', 1), (21, 'b', 1), (3, 'three!', 33)",
            "UPDATE t SET score = 100 WHERE id = 3",
            "UPDATE t SET score = 100 WHERE id = 3",
            "UPDATE t SET score = score + 1 WHERE id IN (1, 2, 3, 999)",
            "UPDATE t SET name = 'many' WHERE score < 50",
            "UPDATE t SET score = 1",
            "DELETE FROM t WHERE id = 4",
            "DELETE FROM t WHERE id = 4",
            "DELETE FROM t WHERE name IS NULL OR id > 20",
            "INSERT INTO t (id, name) VALUES (30, 'a name that is far too long for a column of forty characters')",
            "INSERT INTO t (id) VALUES (NULL)",
            "DELETE FROM nothing_here WHERE id = 4",
        ] {
            pair.same(&sql.replace(" t ", &format!(" {name} "))).await;
        }
        pair.same(&format!("SELECT * FROM {name} ORDER BY id")).await;
        pair.same(&format!("SELECT COUNT(*), SUM(score), MIN(name) FROM {name}")).await;
    }
}

#[tokio::test]
async fn a_broadcast_row_is_in_every_group_and_a_join_with_it_is_complete() {
    let mut pair = Pair::start().await;
    pair.create("CREATE TABLE kind (id INT PRIMARY KEY, label VARCHAR(20))", "BROADCAST").await;
    pair.create(&TABLE.replace("score INT", "kind INT"), "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO kind VALUES (1, 'red'), (2, 'green'), (3, 'blue')").await;
    let rows: Vec<String> = (0..50).map(|id| format!("({id}, 'n{id}', {})", id % 4)).collect();
    pair.prepare(&format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    pair.same("SELECT t.id, kind.label FROM t JOIN kind ON kind.id = t.kind ORDER BY t.id").await;
    pair.same("SELECT t.id, k.label FROM t LEFT JOIN kind k ON k.id = t.kind WHERE t.id = 4").await;
    pair.same(
        "SELECT k.label, COUNT(*) FROM t JOIN kind k ON k.id = t.kind GROUP BY k.label ORDER BY k.label",
    )
    .await;
    pair.prepare("UPDATE kind SET label = 'crimson' WHERE id = 1").await;
    pair.same("SELECT DISTINCT k.label FROM t JOIN kind k ON k.id = t.kind ORDER BY 1").await;
}

#[tokio::test]
async fn prepared_statements_of_every_route_answer_as_one_server() {
    let mut pair = Pair::start().await;
    pair.create(TABLE, "DBPARTITION BY HASH(id)").await;
    for id in 0..30i64 {
        pair.same_prepared(
            "INSERT INTO t VALUES (?, ?, ?)",
            vec![id.into(), format!("n{id}").into(), (id % 5).into()],
        )
        .await;
    }
    pair.same_prepared("SELECT * FROM t WHERE id = ?", vec![7.into()]).await;
    pair.same_prepared("SELECT * FROM t WHERE id = ?", vec![Value::NULL]).await;
    pair.same_prepared("SELECT * FROM t WHERE id = ?", vec!["7".into()]).await;
    pair.same_prepared("SELECT * FROM t WHERE id = ?", vec![Value::Double(7.0)]).await;
    pair.same_prepared(
        "SELECT * FROM t WHERE id IN (?, ?, ?) ORDER BY id",
        vec![7.into(), 9.into(), 1000.into()],
    )
    .await;
    pair.same_prepared(
        "SELECT id, ? AS mark FROM t WHERE score = ? ORDER BY id DESC",
        vec!["m".into(), 2.into()],
    )
    .await;
    pair.same_prepared(
        "SELECT score, COUNT(*), AVG(id) FROM t WHERE id > ? GROUP BY score ORDER BY score",
        vec![3.into()],
    )
    .await;
    pair.same_prepared("SELECT id FROM t ORDER BY id LIMIT ?, ?", vec![4.into(), 5.into()]).await;
    pair.same_prepared("UPDATE t SET score = ? WHERE id = ?", vec![50.into(), 3.into()]).await;
    pair.same_prepared("UPDATE t SET score = score + ? WHERE score < ?", vec![1.into(), 3.into()]).await;
    pair.same_prepared("DELETE FROM t WHERE id = ?", vec![3.into()]).await;
    pair.same("SELECT * FROM t ORDER BY id").await;
}

#[tokio::test]
async fn two_tables_sharded_alike_are_joined_group_by_group() {
    let mut pair = Pair::start().await;
    pair.create("CREATE TABLE c (id INT PRIMARY KEY, name VARCHAR(20))", "DBPARTITION BY HASH(id)").await;
    pair.create(
        "CREATE TABLE o (id INT, c_id INT, total DECIMAL(10,2), PRIMARY KEY (c_id, id))",
        "DBPARTITION BY HASH(c_id)",
    )
    .await;
    let customers: Vec<String> = (1..=40).map(|id| format!("({id}, 'c{id}')")).collect();
    let orders: Vec<String> = (1..=120).map(|id| format!("({id}, {}, {}.50)", id % 40 + 1, id * 3)).collect();
    pair.prepare(&format!("INSERT INTO c VALUES {}", customers.join(","))).await;
    pair.prepare(&format!("INSERT INTO o VALUES {}", orders.join(","))).await;
    pair.same("SELECT c.name, o.id, o.total FROM c JOIN o ON o.c_id = c.id WHERE c.id = 7 ORDER BY o.id")
        .await;
    pair.same("SELECT c.name, o.id, o.total FROM c JOIN o ON o.c_id = c.id ORDER BY o.id").await;
    pair.same("SELECT c.id, c.name FROM c WHERE c.id = 5 AND EXISTS (SELECT 1 FROM o WHERE o.c_id = 5 AND o.total > 10)").await;
    pair.same("SELECT c.id, SUM(o.total) FROM c JOIN o ON o.c_id = c.id GROUP BY c.id ORDER BY c.id").await;
}

#[tokio::test]
async fn column_metadata_names_logical_objects_only() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2"))
        .await;
    run(&mut client, "INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2)").await;
    for sql in
        ["SELECT * FROM t WHERE id = 1", "SELECT id, name FROM t ORDER BY id", "SELECT x.id FROM t AS x"]
    {
        let result = client.query_iter(sql).await.unwrap();
        for column in result.columns_ref() {
            assert_eq!(column.schema_str(), "app", "{sql}");
            assert_eq!(column.org_table_str(), "t", "{sql}");
        }
        result.drop_result().await.unwrap();
    }
}
