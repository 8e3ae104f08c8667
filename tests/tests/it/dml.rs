//! Writes that need rows first: each statement runs on the cluster and on a plain server, and afterwards their tables are equal.

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{run, shorten};
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::pair::Pair;

/// Every type whose value could change on its way through a literal.
const TYPES: &str = "id INT NOT NULL PRIMARY KEY, u BIGINT UNSIGNED, d DECIMAL(20,5), f FLOAT, g DOUBLE, g2 DOUBLE(10,2), b BIT(10), \
     da DATE, dt DATETIME(3), ts TIMESTAMP(6) NULL, ti TIME(2), y YEAR, c CHAR(5), v VARCHAR(40), l VARCHAR(20) CHARACTER SET latin1, \
     bi BINARY(3), vb VARBINARY(20), bl BLOB, tx TEXT, e ENUM('a','b'), s SET('x','y','z'), z INT(6) ZEROFILL";

async fn filled() -> Pair {
    let mut pair = Pair::start().await;
    pair.create(
        &format!("CREATE TABLE src ({TYPES})"),
        "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2",
    )
    .await;
    pair.create(&format!("CREATE TABLE dst ({TYPES})"), "DBPARTITION BY HASH(id)").await;
    pair.create("CREATE TABLE o (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL, n VARCHAR(20), UNIQUE KEY (k, n))", "DBPARTITION BY HASH(k)").await;
    pair.create("CREATE TABLE b (id INT NOT NULL PRIMARY KEY, n VARCHAR(20), t DECIMAL(10,2))", "BROADCAST")
        .await;
    pair.create("CREATE TABLE s (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n VARCHAR(20), q INT)", "")
        .await;
    pair.create(
        "CREATE TABLE dd (k DATE NOT NULL, n VARCHAR(20) NOT NULL, x INT, PRIMARY KEY (k, n))",
        "DBPARTITION BY YYYYMM(k)",
    )
    .await;
    pair.create("CREATE TABLE st (k VARCHAR(20) NOT NULL PRIMARY KEY, x INT)", "DBPARTITION BY HASH(k)")
        .await;
    let rows: Vec<String> = (1..=40i64)
        .map(|n| match n % 10 {
            0 => format!("({n}{})", ",NULL".repeat(21)),
            _ => format!(
                "({n},{},{}.{n:05},{n}.123456789,{n}.1e{},{n}.25,{},'2024-0{}-1{}','2024-03-0{} 10:11:12.{n:03}','2024-06-01 01:02:03.{n:06}','-{n}:02:03.{n:02}',\
                 20{n:02},'c{}','v''\\\\ä{n}€','lä{n}',x'FF0{}00',x'00FF27{:02X}',x'80{:02X}','text {n}\\n\\0',{},'x,z',{n})",
                u64::MAX - n as u64,
                n * 3,
                n % 5 - 2,
                n % 1024,
                n % 9 + 1,
                n % 9,
                n % 9 + 1,
                n % 4,
                n % 10,
                n,
                n,
                if n % 2 == 0 { "'a'" } else { "'b'" },
            ),
        })
        .collect();
    pair.prepare(&format!("INSERT INTO src VALUES {}", rows.join(","))).await;
    pair.prepare("INSERT INTO b VALUES (1,'one',1.5),(2,'two',2.25),(3,'three',NULL)").await;
    pair.prepare("INSERT INTO s (n, q) VALUES ('p',1),('q',2),('r',3)").await;
    pair.prepare("INSERT INTO o (k, n) VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d'),(5,'e')").await;
    pair
}

const TABLES: [&str; 7] = ["src", "dst", "o", "b", "s", "dd", "st"];

/// A statement on both: what differs in its answer, in its warnings, in the tables afterwards.
async fn differences(pair: &mut Pair, sql: &str, way: &Way) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, node: String, plain: String| {
        if node != plain {
            found.push(format!("{}\n  {what}\n    node:  {node}\n    plain: {plain}", shorten(sql)));
        }
    };
    let node = outcome(&mut pair.node, sql, way).await;
    let plain = outcome(&mut pair.plain, sql, way).await;
    let (said, expected) = (format!("{node:?}"), format!("{plain:?}"));
    if comparable(node) != comparable(plain) {
        compare("answer", said, expected);
    }
    type Warnings = Vec<(String, u16, String)>;
    let node: Warnings = pair.node.query("SHOW WARNINGS").await.unwrap();
    let plain: Warnings = pair.plain.query("SHOW WARNINGS").await.unwrap();
    // An error's text names the server's own objects.
    let text = |list: Warnings| {
        let lines = list.into_iter().map(|(level, code, text)| match level.as_str() {
            "Error" => format!("{code}"),
            _ => format!("{level} {code} {text}"),
        });
        lines.collect::<Vec<_>>().join("; ")
    };
    compare("warnings", text(node), text(plain));
    for table in TABLES {
        // One server leaves gaps in what it generates after a query's rows, sequences leave none.
        let rows = match table {
            "o" => "SELECT k, n FROM o".to_owned(),
            "s" => "SELECT n, q FROM s".to_owned(),
            _ => format!("SELECT * FROM {table}"),
        };
        let node = outcome(&mut pair.node, &rows, &Way::Text).await.sorted();
        let plain = outcome(&mut pair.plain, &rows, &Way::Text).await.sorted();
        if let (Outcome::Rows { rows: node, .. }, Outcome::Rows { rows: plain, .. }) = (&node, &plain) {
            let only = |some: &[Vec<Value>], others: &[Vec<Value>]| {
                let lines = some.iter().filter(|row| !others.contains(row)).take(3);
                lines
                    .map(|row| row.iter().map(|v| v.as_sql(false)).collect::<Vec<_>>().join(","))
                    .collect::<Vec<_>>()
                    .join(" / ")
            };
            compare(
                table,
                format!("{} {}", node.len(), only(node, plain)),
                format!("{} {}", plain.len(), only(plain, node)),
            );
        } else {
            compare(table, format!("{node:?}"), format!("{plain:?}"));
        }
    }
    found
}

/// Without what names a server's own objects, and without the exact numbers that gaps decide.
fn comparable(outcome: Outcome) -> Outcome {
    match outcome.without_message() {
        Outcome::Done { affected_rows, last_insert_id, warnings, info } => {
            Outcome::Done { affected_rows, last_insert_id: last_insert_id.map(|_| 1), warnings, info }
        }
        other => other,
    }
}

async fn same_tables(pair: &mut Pair, after: &str) {
    all_same(pair, &[("DO 0", Vec::new())]).await;
    println!("equal after {after}");
}

/// Each statement, prepared where it has values.
async fn all_same(pair: &mut Pair, statements: &[(&str, Vec<Value>)]) {
    let mut found = Vec::new();
    for (sql, values) in statements {
        let way = if values.is_empty() { Way::Text } else { Way::Prepared(values.clone()) };
        found.extend(differences(pair, sql, &way).await);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn texts<'s>(statements: &[&'s str]) -> Vec<(&'s str, Vec<Value>)> {
    statements.iter().map(|sql| (*sql, Vec::new())).collect()
}

const INSERTS: &[&str] = &[
    "INSERT INTO dst SELECT * FROM src ORDER BY id",
    "INSERT INTO dst SELECT * FROM src WHERE id = 5",
    "INSERT IGNORE INTO dst SELECT * FROM src WHERE id < 9 ORDER BY id",
    "REPLACE INTO dst SELECT * FROM src WHERE id < 9",
    "REPLACE INTO dst (id, v, d) SELECT id, UPPER(v), d * 2 FROM src WHERE id BETWEEN 5 AND 15",
    "INSERT INTO dst SELECT * FROM src WHERE FALSE",
    "INSERT INTO dst (id) SELECT id, u FROM src",
    "INSERT INTO dst (id, nothing) SELECT id, u FROM src",
    "INSERT INTO dst (id) SELECT id + 100 FROM src ON DUPLICATE KEY UPDATE v = 'x'",
    "INSERT INTO dst (id, v) SELECT id + 95, n FROM s ON DUPLICATE KEY UPDATE v = CONCAT(VALUES(v), '-', dst.id), u = 7",
    "INSERT INTO o (k, n) SELECT q, n FROM s ORDER BY id",
    "SELECT LAST_INSERT_ID()",
    "INSERT INTO o (k, n) SELECT id, 'from src' FROM src WHERE id < 12 ORDER BY id",
    "INSERT INTO o (k, n) SELECT id, n FROM b WHERE id = 2",
    "INSERT INTO o SELECT id + 1000, k, CONCAT(n, '!') FROM o WHERE k < 3 ORDER BY id",
    "INSERT IGNORE INTO o (k, n) SELECT 1, 'a' UNION ALL SELECT 2, 'zz'",
    "INSERT INTO b SELECT id + 10, v, d FROM src WHERE id < 30 ORDER BY id",
    "INSERT INTO b (id, n) SELECT MAX(id) + 100, COUNT(*) FROM src",
    "INSERT INTO b (id, n, t) VALUES (100, 'x', 1) ON DUPLICATE KEY UPDATE n = 'y'",
    "INSERT INTO s (n, q) SELECT n, k FROM o ORDER BY id",
    "INSERT INTO s (n, q) SELECT 'count', COUNT(*) FROM src JOIN o ON o.k = src.id",
    "INSERT INTO s (q, n) SELECT k, GROUP_CONCAT(n ORDER BY n) FROM o GROUP BY k ORDER BY k",
    "INSERT INTO dd SELECT da, v, id FROM src WHERE da IS NOT NULL ORDER BY id",
    "INSERT INTO dd SELECT DATE(dt), CONCAT('t', id), y FROM src WHERE da IS NOT NULL ORDER BY id",
    "INSERT INTO st SELECT v, id FROM src WHERE v IS NOT NULL ORDER BY id",
    "INSERT INTO st SELECT id, f FROM src ORDER BY id",
    "INSERT INTO st SELECT CONCAT(k, ' '), 1 FROM st WHERE k = '4'",
    "REPLACE INTO st SELECT k, x + 1 FROM st WHERE x < 20",
    "INSERT INTO o (k, n) (SELECT 70, 'seventy')",
    "INSERT INTO o (k, n) VALUES (1, 'a')",
    "INSERT INTO o (k, n) SELECT 8, 'new' UNION SELECT 1, 'a' UNION SELECT 9, 'newer'",
    "INSERT INTO st SELECT NULL, 2",
    "INSERT INTO st SELECT k, 1 FROM st WHERE k = '1' UNION ALL SELECT '1', 2",
    "INSERT INTO st SELECT 'too long for twenty characters', 1",
];

const CHANGES: &[&str] = &[
    // ORDER BY and LIMIT over shards.
    "UPDATE src SET v = 'first', y = 2000 ORDER BY id DESC LIMIT 3",
    "UPDATE src SET d = d + 1, g = d WHERE id > 5 ORDER BY v, id LIMIT 7",
    "UPDATE src SET v = 'first' ORDER BY id DESC LIMIT 3",
    "DELETE FROM src WHERE id > 30 ORDER BY id LIMIT 2",
    "DELETE FROM src WHERE v LIKE 'nothing' LIMIT 2",
    // Subqueries on other shards.
    "UPDATE src SET v = 'in o' WHERE id IN (SELECT k FROM o WHERE n > 'b')",
    "UPDATE src SET d = (SELECT MAX(k) FROM o) WHERE id < 4",
    "UPDATE src SET d = (SELECT MAX(q) FROM s WHERE s.q <= src.id), v = CONCAT(v, '+') WHERE id BETWEEN 2 AND 9",
    "DELETE FROM src WHERE id = (SELECT MAX(k) FROM o)",
    "DELETE FROM s WHERE q IN (SELECT k FROM o WHERE n = 'c')",
    // Several tables.
    "UPDATE src JOIN o ON o.k = src.id SET src.v = o.n, src.y = 2001",
    "UPDATE src, s SET src.v = CONCAT(s.n, '-', src.id), s.n = 'seen' WHERE s.q = src.id",
    "UPDATE src a LEFT JOIN o b ON b.k = a.id SET a.l = COALESCE(b.n, 'none') WHERE a.id < 12",
    "UPDATE o JOIN b ON b.id = o.k SET o.n = b.n",
    "UPDATE src JOIN o ON o.k < src.id SET src.g = src.g + 1 WHERE src.id < 15",
    "DELETE src FROM src JOIN o ON o.k = src.id WHERE o.n = 'e'",
    "DELETE a, x FROM src a JOIN s x ON x.q = a.id WHERE a.id < 3",
    "DELETE FROM a USING src AS a WHERE a.id = 20",
    "DELETE a FROM s a WHERE a.q = 1",
    // Broadcast tables.
    "UPDATE b SET n = (SELECT MAX(v) FROM src) WHERE id = 1",
    "UPDATE b SET t = 9 ORDER BY id DESC LIMIT 1",
    "UPDATE b JOIN src ON src.id = b.id SET b.n = src.v, b.t = src.d",
    "DELETE FROM b WHERE id IN (SELECT k FROM o) LIMIT 1",
    // Rows that move.
    "UPDATE o SET k = k + 100",
    "UPDATE o SET k = 7, n = CONCAT(n, '!') WHERE k IN (101, 102) ORDER BY id",
    "UPDATE o SET k = 7 WHERE n = 'a!' OR n = 'c'",
    "UPDATE src SET id = id + 1000 WHERE id > 20",
    "UPDATE src SET id = id + 1 WHERE id BETWEEN 5 AND 9",
    "UPDATE src SET id = id + 1 WHERE id BETWEEN 5 AND 9 ORDER BY id DESC",
    "UPDATE src SET id = 2000, v = 'moved' WHERE id = 12",
    "UPDATE src SET id = 2000 WHERE id = 13",
    "UPDATE src SET id = NULL WHERE id = 14",
    "UPDATE src SET id = 'abc' WHERE id = 14",
    "UPDATE src JOIN s ON s.q = src.id SET src.id = src.id + 3000",
    "UPDATE src SET id = (SELECT MAX(id) + 1 FROM b) + 5000 WHERE id = 15",
    "UPDATE o SET k = k WHERE n <> ''",
    "UPDATE st SET k = CONCAT(k, 'x') WHERE x < 5",
    "UPDATE dd SET k = k + INTERVAL 1 MONTH WHERE x < 9",
    "UPDATE src SET nothing = 1 LIMIT 1",
    "UPDATE src SET d = 'abc' ORDER BY id LIMIT 1",
    "UPDATE IGNORE src SET y = 99999 ORDER BY id LIMIT 1",
];

#[tokio::test]
async fn rows_are_found_first_and_changed_by_their_keys() {
    let mut pair = filled().await;
    pair.prepare("INSERT INTO st SELECT v, id FROM src WHERE v IS NOT NULL").await;
    pair.prepare("INSERT INTO dd SELECT da, v, id FROM src WHERE da IS NOT NULL").await;
    all_same(&mut pair, &texts(CHANGES)).await;
}

#[tokio::test]
async fn rows_are_changed_by_their_keys_in_a_transaction_and_by_prepared_statements() {
    let mut pair = filled().await;
    let statements = [
        (
            "UPDATE src SET v = ? WHERE id > ? ORDER BY id LIMIT 4",
            vec![Value::from("it's \\"), Value::from(3)],
        ),
        (
            "UPDATE src JOIN o ON o.k = src.id SET src.v = CONCAT(o.n, ?) WHERE o.k < ?",
            vec![Value::from("?"), Value::from(4)],
        ),
        ("DELETE FROM src WHERE id IN (SELECT k FROM o WHERE k > ?) ", vec![Value::from(3)]),
        ("UPDATE o SET k = ? WHERE k = ?", vec![Value::from(77), Value::from(2)]),
        ("UPDATE src SET id = id + ? WHERE id > ?", vec![Value::from(500), Value::from(30)]),
        // Fails after rows have moved, and leaves nothing of itself.
        ("UPDATE src SET id = IF(id < 20, id + ?, 1) WHERE id BETWEEN 10 AND 30", vec![Value::from(600)]),
    ];
    pair.prepare("BEGIN").await;
    all_same(&mut pair, &statements).await;
    pair.prepare("ROLLBACK").await;
    same_tables(&mut pair, "ROLLBACK").await;
    pair.prepare("BEGIN").await;
    pair.prepare("DELETE FROM dst").await;
    all_same(&mut pair, &statements).await;
    pair.prepare("COMMIT").await;
    same_tables(&mut pair, "COMMIT").await;
}

#[tokio::test]
async fn rows_of_any_query_are_inserted_into_any_table() {
    let mut pair = filled().await;
    all_same(&mut pair, &texts(INSERTS)).await;
}

#[tokio::test]
async fn rows_of_a_query_are_inserted_by_prepared_statements() {
    let mut pair = filled().await;
    let statements = [
        (
            "INSERT INTO dst (id, v, f) SELECT id, CONCAT(v, ?), f FROM src WHERE id < ? ON DUPLICATE KEY UPDATE v = ?",
            vec![Value::from("it's"), Value::from(20), Value::from("dup")],
        ),
        (
            "INSERT INTO dst (id, v, f) SELECT id, CONCAT(v, ?), f FROM src WHERE id < ? ON DUPLICATE KEY UPDATE v = ?",
            vec![Value::from("a\\b"), Value::from(25), Value::from("dup")],
        ),
        (
            "INSERT INTO o (k, n) SELECT id, ? FROM src ORDER BY id LIMIT ?",
            vec![Value::from("p"), Value::from(3)],
        ),
    ];
    all_same(&mut pair, &statements).await;
}

#[tokio::test]
async fn rows_of_a_query_are_inserted_in_the_session_s_transaction() {
    let mut pair = filled().await;
    pair.prepare("BEGIN").await;
    let statements = [
        "INSERT INTO o (k, n) VALUES (50, 'mine')",
        "INSERT INTO dst (id, v) SELECT k + 500, n FROM o",
        // Fails in its last row, and leaves nothing of itself.
        "INSERT INTO dst (id, v) SELECT id + 700, v FROM src UNION ALL SELECT 501, 'again'",
        "INSERT INTO b SELECT id + 10, v, NULL FROM src WHERE id < 5",
    ];
    all_same(&mut pair, &texts(&statements)).await;
    pair.prepare("ROLLBACK").await;
    same_tables(&mut pair, "ROLLBACK").await;
    pair.prepare("BEGIN").await;
    all_same(&mut pair, &texts(&statements)).await;
    pair.prepare("COMMIT").await;
    same_tables(&mut pair, "COMMIT").await;
}

#[tokio::test]
async fn many_batches_are_one_statement() {
    let mut pair = filled().await;
    let ten = "(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
    let numbers = format!(
        "SELECT a.d * 1000 + b.d * 100 + c.d * 10 + e.d + 10000 AS i FROM {ten} a, {ten} b, {ten} c, {ten} e WHERE a.d < 4"
    );
    let statements = [
        format!("INSERT INTO o (k, n) SELECT i, 'x' FROM ({numbers}) q ORDER BY i"),
        // The duplicate is in the last of the batches.
        format!("INSERT INTO dst (id) SELECT i FROM ({numbers}) q UNION ALL SELECT 10000"),
        format!(
            "INSERT IGNORE INTO dst (id, y) SELECT i, IF(i = 13500, 99999, 2000) FROM ({numbers}) q ORDER BY i"
        ),
        format!("INSERT INTO s (q) SELECT i FROM ({numbers}) q ORDER BY i"),
        "REPLACE INTO b SELECT id, n, q FROM s".to_owned(),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    all_same(&mut pair, &texts(&statements)).await;
}

#[tokio::test]
async fn other_character_sets_and_modes_store_the_same() {
    let mut pair = filled().await;
    for setting in [
        "SET NAMES latin1",
        "SET NAMES utf8mb4, sql_mode = 'NO_BACKSLASH_ESCAPES'",
        "SET sql_mode = 'ANSI'",
        "SET time_zone = '+03:00'",
    ] {
        pair.prepare(setting).await;
        pair.prepare("DELETE FROM dst").await;
        pair.prepare("INSERT INTO dst SELECT * FROM src").await;
        run(&mut pair.node, "SET NAMES utf8mb4").await;
        run(&mut pair.plain, "SET NAMES utf8mb4").await;
        same_tables(&mut pair, setting).await;
    }
}
