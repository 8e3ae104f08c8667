//! Tables of every kind on MySQL: rows, changes of the definition, what MySQL alone has in a definition, SHOW and CHECK TABLE.

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{refused, run};

use super::{cluster, pair, rows};

const KINDS: [&str; 4] = [
    "DBPARTITION BY HASH(id)",
    "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 3",
    "BROADCAST",
    "SINGLE",
];

#[tokio::test]
async fn rows_are_written_and_read_as_text_and_prepared() {
    let mut pair = pair().await;
    for (number, kind) in KINDS.iter().enumerate() {
        let name = format!("t{number}");
        let table = format!(
            "CREATE TABLE {name} (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(40), score INT NOT NULL DEFAULT 7, doc JSON)"
        );
        pair.create(&table, kind).await;
        for sql in [
            "INSERT INTO t (id, name, score) VALUES (1, 'one', 1)",
            "INSERT INTO t (name, id) VALUES ('two', 2), ('three', 3), ('four', 4), (NULL, 5), ('six', 6)",
            "INSERT INTO t SET id = 7, name = 'seven'",
            "INSERT INTO t (id) VALUES (1)",
            "INSERT INTO t (id, name) VALUES (8, 'eight') ON DUPLICATE KEY UPDATE score = score + 1",
            "INSERT INTO t (id, name) VALUES (8, 'acht') AS new ON DUPLICATE KEY UPDATE name = new.name",
            "REPLACE INTO t (id, name) VALUES (20, 'a'), (21, 'b'), (3, 'three!')",
            "UPDATE t SET score = score + 1 WHERE id IN (1, 2, 3, 999)",
            "UPDATE t SET doc = JSON_OBJECT('n', name, 'list', JSON_ARRAY(1, id)) WHERE id < 6",
            "UPDATE t SET doc = JSON_SET(doc, '$.n', 'new') WHERE id = 2",
            "DELETE FROM t WHERE id = 4",
            "DELETE FROM t WHERE score > 1000",
        ] {
            pair.same(&sql.replace(" t ", &format!(" {name} "))).await;
        }
        pair.same(&format!("SELECT * FROM {name} ORDER BY id")).await;
        pair.same(&format!("SELECT id, doc->'$.list[1]', doc->>'$.n' FROM {name} ORDER BY id")).await;
        for id in [1i64, 2, 4, 20] {
            pair.same_prepared(&format!("SELECT * FROM {name} WHERE id = ?"), vec![id.into()]).await;
        }
        let between =
            format!("SELECT id, score FROM {name} WHERE id BETWEEN ? AND ? ORDER BY score, id LIMIT 4");
        pair.same_prepared(&between, vec![1i64.into(), 21i64.into()]).await;
        pair.same_prepared(
            &format!("INSERT INTO {name} (id, name) VALUES (?, ?)"),
            vec![50i64.into(), Value::NULL],
        )
        .await;
        pair.same_prepared(
            &format!("UPDATE {name} SET name = ? WHERE id > ?"),
            vec!["many".into(), 5i64.into()],
        )
        .await;
        pair.same_prepared(&format!("DELETE FROM {name} WHERE id = ?"), vec![50i64.into()]).await;
        pair.same(&format!("SELECT * FROM {name} ORDER BY id")).await;
    }
}

#[tokio::test]
async fn definitions_are_changed_and_shown_as_by_one_server() {
    let mut pair = pair().await;
    for (number, kind) in KINDS.iter().enumerate() {
        let (t, u) = (format!("t{number}"), format!("u{number}"));
        let table = format!(
            "CREATE TABLE {t} (id INT NOT NULL PRIMARY KEY, v INT DEFAULT (1 + 1), w VARCHAR(20) COLLATE utf8mb4_0900_as_cs, \
             g INT GENERATED ALWAYS AS (v * 2) STORED, h INT INVISIBLE DEFAULT 3, doc JSON, KEY ((CAST(doc->'$.n' AS SIGNED))), \
             CHECK (v > -5))"
        );
        pair.create(&table, kind).await;
        pair.prepare(&format!(
            "INSERT INTO {t} (id, w, doc) VALUES (1, 'a', '{{\"n\": 3}}'), (2, 'B', NULL), (3, NULL, '[]')"
        ))
        .await;
        for sql in [
            "ALTER TABLE t ADD COLUMN x VARCHAR(10) NOT NULL DEFAULT 'new' AFTER id, ALGORITHM=INSTANT",
            "ALTER TABLE t RENAME COLUMN w TO word, ADD INDEX by_word (word)",
            "ALTER TABLE t ALTER INDEX by_word INVISIBLE",
            "ALTER TABLE t MODIFY x VARCHAR(30) NOT NULL DEFAULT 'newer', ADD CHECK (id < 1000)",
            "CREATE INDEX by_x ON t (x DESC, id)",
            "ALTER TABLE t RENAME INDEX by_x TO with_x",
            "ALTER TABLE t DROP COLUMN h",
        ] {
            pair.prepare(&format!("{sql} ").replace(" t ", &format!(" {t} "))).await;
            pair.same(&format!("SELECT * FROM {t} ORDER BY id")).await;
        }
        for sql in [
            "SHOW COLUMNS FROM t",
            "SHOW FULL COLUMNS FROM t",
            "DESCRIBE t",
            "SHOW TABLES",
            "SHOW FULL TABLES",
            "SHOW INDEX FROM t",
        ] {
            // Cardinality in SHOW INDEX is an estimate of each physical table.
            if sql != "SHOW INDEX FROM t" {
                pair.same_labels(&sql.replace(" t", &format!(" {t}"))).await;
            }
        }
        let (mut shown, plain) = {
            let show = format!("SHOW CREATE TABLE {t}");
            let node: (String, String) = pair.node.query_first(show.as_str()).await.unwrap().unwrap();
            let plain: (String, String) = pair.plain.query_first(show.as_str()).await.unwrap().unwrap();
            (node.1, plain.1)
        };
        // Ours says where the rows are; all before it is the server's own text.
        let clause = shown.find(&format!(" {}", kind.split(' ').next().unwrap())).unwrap();
        shown.truncate(clause);
        let counter = |text: &str| text.replace(" AUTO_INCREMENT=1001", "");
        assert_eq!(counter(&shown), counter(&plain), "{kind}");
        pair.same(&format!("INSERT INTO {t} (id) VALUES (1000)")).await;
        let checked = rows(&mut pair.node, &format!("CHECK TABLE {t}"), ["MSG_TYPE", "MSG_TEXT"]).await;
        assert_eq!(checked, [["status".to_owned(), "OK".to_owned()]], "{kind}");
        pair.prepare(&format!("RENAME TABLE {t} TO {u}")).await;
        pair.same(&format!("SELECT COUNT(*) FROM {u}")).await;
        pair.prepare(&format!("TRUNCATE TABLE {u}")).await;
        pair.same(&format!("SELECT COUNT(*) FROM {u}")).await;
        pair.prepare(&format!("DROP TABLE {u}")).await;
        pair.same(&format!("SELECT COUNT(*) FROM {u}")).await;
    }
}

#[tokio::test]
async fn show_create_table_can_be_run_again_and_gives_the_same_table() {
    let cluster = cluster();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    let columns = "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) DEFAULT 'x' COMMENT 'a name', v INT, \
                   at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), p POINT NOT NULL SRID 4326, SPATIAL KEY (p), \
                   FULLTEXT KEY (name), KEY ((ABS(v)))";
    for (name, clause) in [("a", KINDS[0]), ("b", KINDS[1]), ("c", KINDS[2]), ("d", KINDS[3])] {
        run(&mut client, &format!("CREATE TABLE {name} ({columns}) {clause}")).await;
        let show = format!("SHOW CREATE TABLE {name}");
        for mode in ["", "ANSI_QUOTES"] {
            run(&mut client, &format!("SET sql_mode = '{mode}'")).await;
            let (_, first): (String, String) = client.query_first(show.as_str()).await.unwrap().unwrap();
            run(&mut client, &format!("DROP TABLE {name}")).await;
            run(&mut client, &first).await;
            let (_, second): (String, String) = client.query_first(show.as_str()).await.unwrap().unwrap();
            assert_eq!(first, second);
        }
    }
}

/// MySQL's names of CHECK constraints are unique in a database: those that it makes itself are, those of a user are not where a group has
/// several physical tables.
#[tokio::test]
async fn named_checks_of_several_physical_tables_in_a_group_are_refused() {
    let cluster = cluster();
    let mut client = cluster.database("app", "DBPARTITIONS 2").await;
    let columns = "id INT PRIMARY KEY, v INT";
    let named = format!("CREATE TABLE t ({columns}, CONSTRAINT positive CHECK (v > 0))");
    let (errno, text) = refused(&mut client, &format!("{named} {}", KINDS[1])).await;
    assert!(errno == 1235 && text.contains("'positive'") && text.contains("TBPARTITIONS"), "{errno} {text}");
    run(&mut client, &format!("{named} {}", KINDS[0])).await;
    let (_, text) = refused(&mut client, "INSERT INTO t VALUES (1, 0)").await;
    assert_eq!(text, "Check constraint 'positive' is violated.");
    run(&mut client, "ALTER TABLE t DROP CHECK positive").await;
    run(&mut client, "INSERT INTO t VALUES (1, 0)").await;
    run(&mut client, &format!("CREATE TABLE u ({columns}, CHECK (v > 0)) {}", KINDS[1])).await;
    let (errno, text) = refused(&mut client, "ALTER TABLE u ADD CONSTRAINT low CHECK (v < 9)").await;
    assert!(errno == 1235 && text.contains("'low'"), "{errno} {text}");
    run(&mut client, "INSERT INTO u VALUES (1, 10)").await;
    let checked = rows(&mut client, "CHECK TABLE u", ["MSG_TYPE", "MSG_TEXT"]).await;
    assert_eq!(checked, [["status".to_owned(), "OK".to_owned()]]);
}

/// A copy of a broadcast table that is not as the others is found and named: the comparison uses functions that every MySQL has.
#[tokio::test]
async fn a_broadcast_copy_that_differs_is_found() {
    let cluster = cluster();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    let columns = "id INT PRIMARY KEY, f FLOAT, d DOUBLE, b BIT(9), j JSON, t TIME(3), x VARBINARY(9), e ENUM('a','b'), y YEAR";
    run(&mut client, &format!("CREATE TABLE b ({columns}) BROADCAST")).await;
    let values: Vec<String> = (0..300)
        .map(|id| format!("({id}, 0.1, 0.1, b'101', '[1]', '01:02:03.5', x'00ff', 'a', 2026)"))
        .collect();
    run(&mut client, &format!("INSERT INTO b VALUES {}", values.join(","))).await;
    let checked = rows(&mut client, "CHECK TABLE b", ["MSG_TYPE", "MSG_TEXT"]).await;
    assert_eq!(checked, [["status".to_owned(), "OK".to_owned()]]);
    let groups = rows(&mut client, "SHOW GROUPS", ["GROUP_NAME", "INSTANCE", "PHYSICAL_DATABASE"]).await;
    let tables = rows(&mut client, "SHOW TOPOLOGY FROM b", ["GROUP_NAME", "TABLE_NAME"]).await;
    let [group, table] = &tables[3];
    let [_, instance, database] = groups.iter().find(|row| row[0] == *group).unwrap();
    let server = cluster.cluster.instances.iter().find(|i| i.name() == instance.as_str()).unwrap();
    server
        .connect()
        .unwrap()
        .query(&format!("UPDATE {database}.{table} SET d = d + 1e-16 WHERE id = 77"))
        .unwrap();
    let checked = rows(&mut client, "CHECK TABLE b", ["MSG_TYPE", "MSG_TEXT"]).await;
    let text = &checked[0][1];
    assert!(text.contains(group.as_str()) && text.contains("(id = 77)"), "{checked:?}");
}
