//! MySQL, not MariaDB, as the backend: what the two answer differently, and what has to work on both.
//!
//! `make test` leaves these out by name where there is no MySQL server (tools/without-mysql). `make test-mysql` runs all other tests on MySQL.

mod accounts;
mod backend;
mod deadlock;
mod gather_load;
mod generated;
mod generated_key;
mod instance_tls;
mod into;
mod load_data;
mod loads;
mod metadata;
mod mix;
mod named;
mod parameters;
mod semijoin;
mod shop;
mod table_locks;
mod tables;
mod temporary_tables;
mod tracking;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon::dev::server::ServerKind::MySql;
use ostrakon_tests::cluster::{TestCluster, refused};
use ostrakon_tests::pair::Pair;

use crate::{collations, gather, merge};

/// Instances of MySQL.
fn cluster() -> TestCluster {
    TestCluster::of(&[MySql])
}

/// A cluster of MySQL beside a plain MySQL server.
async fn pair() -> Pair {
    Pair::of(MySql).await
}

/// Some columns of all rows, as text.
async fn rows<const N: usize>(client: &mut Conn, sql: &str, columns: [&str; N]) -> Vec<[String; N]> {
    let rows: Vec<Row> = client.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let text =
        |row: &Row, name: &str| row.get::<Option<String>, _>(name).expect("a column").unwrap_or_default();
    rows.iter().map(|row| columns.map(|name| text(row, name))).collect()
}

#[tokio::test]
async fn ordered_and_aggregated_answers_equal_one_servers() {
    let mut pair = merge::fill(pair().await).await;
    for sql in merge::ORDERED {
        pair.same(sql).await;
    }
    for sql in merge::UNORDERED {
        pair.same_set(sql).await;
    }
}

#[tokio::test]
async fn what_neither_passes_nor_merges_is_gathered() {
    let mut pair = gather::fill(pair().await).await;
    for sql in gather::QUERIES.iter().filter(|sql| !sql.contains("ROLLUP")) {
        pair.same(sql).await;
        if !sql.contains("FOUND_ROWS") {
            pair.same_prepared(sql, Vec::new()).await;
        }
    }
    // The tables that rows are gathered in have no key.
    pair.prepare("SET sql_require_primary_key = ON").await;
    for sql in gather::QUERIES.iter().filter(|sql| !sql.contains("ROLLUP")).take(10) {
        pair.same(sql).await;
    }
    assert_eq!(refused(&mut pair.node, "CREATE TABLE keyless (id INT) SINGLE").await.0, 3750);
}

#[tokio::test]
async fn what_cannot_be_merged_exactly_is_refused_and_never_wrong() {
    let mut pair = merge::fill(pair().await).await;
    for sql in merge::OPEN {
        pair.same_or_refused(sql).await;
    }
    pair.same("SELECT * FROM m ORDER BY id").await;
}

/// Collations of MySQL's own and such that both families have: with and without PAD SPACE, of one level and of several.
const COLLATIONS: &[(&str, &str)] = &[
    ("utf8mb4", "utf8mb4_0900_ai_ci"),
    ("utf8mb4", "utf8mb4_0900_as_ci"),
    ("utf8mb4", "utf8mb4_0900_as_cs"),
    ("utf8mb4", "utf8mb4_0900_bin"),
    ("utf8mb4", "utf8mb4_de_pb_0900_ai_ci"),
    ("utf8mb4", "utf8mb4_ja_0900_as_cs_ks"),
    ("utf8mb4", "utf8mb4_sv_0900_as_cs"),
    ("utf8mb4", "utf8mb4_zh_0900_as_cs"),
    ("utf8mb4", "utf8mb4_bin"),
    ("utf8mb4", "utf8mb4_general_ci"),
    ("utf8mb4", "utf8mb4_unicode_ci"),
    ("utf8mb4", "utf8mb4_unicode_520_ci"),
    ("latin1", "latin1_swedish_ci"),
    ("latin1", "latin1_german2_ci"),
    ("latin1", "latin1_bin"),
];

/// Each is a word in several spellings that some collations call equal.
const WORDS: &[&str] = &[
    "a", "A", "a ", "ä", "Á", "", " ", "ss", "ß", "SS", "z", "Z ", "å", "aa", "ae", "æ", "\t", "a\t", "o",
    "ø", "10", "9",
];
/// Not in latin1.
const UNICODE: &[&str] = &["か", "カ", "ガ", "が", "き", "好", "你", "🏺", "é", "e\u{301}", "ﬁ", "fi"];

#[tokio::test]
async fn strings_of_every_collation_are_ordered_and_grouped_as_by_one_server() {
    let mut pair = pair().await;
    for (number, (charset, collation)) in COLLATIONS.iter().enumerate() {
        let table = format!("c{number}");
        let column = format!("s VARCHAR(20) CHARACTER SET {charset} COLLATE {collation}");
        pair.create(
            &format!("CREATE TABLE {table} (id INT PRIMARY KEY, {column})"),
            "DBPARTITION BY HASH(id)",
        )
        .await;
        let words = WORDS.iter().chain(UNICODE.iter().filter(|_| *charset == "utf8mb4"));
        let values: Vec<String> = words.enumerate().map(|(id, word)| format!("({id}, '{word}')")).collect();
        pair.prepare(&format!("INSERT INTO {table} VALUES {}, (900, NULL)", values.join(","))).await;
        pair.same(&format!("SELECT s, id FROM {table} ORDER BY s, id")).await;
        pair.same(&format!("SELECT s, id FROM {table} ORDER BY s DESC, id LIMIT 7, 9")).await;
        // Which spelling stands for a group is the server's choice; how many there are is not.
        pair.same(&format!("SELECT COUNT(*), MIN(id), MAX(id) FROM {table} GROUP BY s ORDER BY MIN(id)"))
            .await;
        pair.same(&format!("SELECT COUNT(*) n, MIN(id) i FROM {table} GROUP BY s HAVING n > 1 ORDER BY i"))
            .await;
        pair.same_or_refused(&format!("SELECT HEX(MIN(s)), HEX(MAX(s)) FROM {table}")).await;
        pair.same_set(&format!("SELECT id FROM {table} WHERE s = 'A'")).await;
    }
}

#[tokio::test]
async fn of_a_collation_that_is_not_known_an_instance_is_asked() {
    collations::asks_when_first_needed(pair().await).await;
}

/// Strings that a collation calls equal lie together, whatever their spelling.
#[tokio::test]
async fn a_string_shard_key_follows_its_collation() {
    let mut pair = pair().await;
    for (number, collation) in
        ["utf8mb4_0900_ai_ci", "utf8mb4_0900_bin", "utf8mb4_general_ci", "utf8mb4_unicode_ci"]
            .iter()
            .enumerate()
    {
        let table = format!("k{number}");
        pair.create(
            &format!("CREATE TABLE {table} (k VARCHAR(20) COLLATE {collation} PRIMARY KEY, v INT)"),
            "DBPARTITION BY HASH(k)",
        )
        .await;
        let words: Vec<&&str> = WORDS.iter().chain(UNICODE).collect();
        for (v, word) in words.iter().enumerate() {
            // A duplicate to the collation is one here too, or it lies elsewhere and is taken.
            pair.same(&format!("INSERT INTO {table} VALUES ('{word}', {v})")).await;
        }
        for word in words {
            pair.same_set(&format!("SELECT k, v FROM {table} WHERE k = '{word}'")).await;
            pair.same_prepared(&format!("SELECT v FROM {table} WHERE k = ?"), vec![(**word).into()]).await;
        }
        pair.same(&format!("UPDATE {table} SET v = 1000 WHERE k IN ('A', 'SS', '你')")).await;
        pair.same(&format!("DELETE FROM {table} WHERE k = 'Z'")).await;
        pair.same_set(&format!("SELECT * FROM {table}")).await;
    }
}

#[tokio::test]
async fn errors_are_mysqls() {
    let mut pair = pair().await;
    pair.create("CREATE TABLE t (id INT PRIMARY KEY, v INT, CHECK (v < 100))", "DBPARTITION BY HASH(id)")
        .await;
    pair.prepare("INSERT INTO t VALUES (1, 1), (2, 2)").await;
    for sql in [
        "INSERT INTO t VALUES (1, 9)",
        "INSERT INTO t VALUES (5, 500)",
        "INSERT INTO t VALUES (6, 1, 2)",
        "INSERT INTO t (id, nosuch) VALUES (7, 1)",
        "SELECT nosuch FROM t WHERE id = 1",
        "SELECT id, COUNT(*) FROM t WHERE id = 1",
        "SELECT * FROM t WHERE id = 1 GROUP BY v",
        "SELECT * FROM nosuch",
        "SELECT 1 / 0",
        "SELECT @@nosuch",
        "SELECT @@tx_isolation",
        "SET SESSION tx_isolation = 'SERIALIZABLE'",
        "SET nosuch = 1",
        "SET sql_mode = 'NOSUCH'",
        "UPDATE t SET v = 'x' WHERE id = 1",
        "UPDATE t SET v = 999 WHERE id = 2",
        "SELECT ST_GeomFromText('nonsense')",
        "SELECT JSON_EXTRACT('{', '$')",
    ] {
        pair.same(sql).await;
    }
    // A constraint that the server named has the logical table's name.
    let (_, text) = ostrakon_tests::cluster::refused(&mut pair.node, "INSERT INTO t VALUES (5, 500)").await;
    assert_eq!(text, "Check constraint 't_chk_1' is violated.");
}

#[tokio::test]
async fn a_list_of_warnings_ends_with_the_next_statement() {
    let mut pair = pair().await;
    pair.create("CREATE TABLE t (id INT PRIMARY KEY, v TINYINT)", "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO t VALUES (1, 1)").await;
    for next in [
        "SHOW WARNINGS",
        "SELECT 1",
        "SELECT @@warning_count",
        "SET @x = 1",
        "BEGIN",
        "COMMIT",
        "SELECT v FROM t",
    ] {
        pair.same("INSERT IGNORE INTO t VALUES (1, 3)").await;
        pair.same_labels(next).await;
        pair.same_labels("SHOW WARNINGS").await;
    }
}

#[tokio::test]
async fn a_with_query_that_mysql_cannot_store_is_refused() {
    let mut pair = pair().await;
    pair.create("CREATE TABLE t (id INT PRIMARY KEY, b BIT(5) NOT NULL)", "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO t VALUES (1, 1), (2, 2)").await;
    let twice = |items: &str| {
        format!("WITH w AS (SELECT {items} FROM (SELECT b FROM t) r) SELECT COUNT(*) FROM w x JOIN w y")
    };
    let (errno, text) = ostrakon_tests::cluster::refused(&mut pair.node, &twice("r.b c, r.b d")).await;
    assert!(errno == 1235 && text.contains("of type BIT twice"), "{errno}: {text}");
    pair.same(&twice("r.b c, r.b + 0 d")).await;
    // Names that are the same are the client's own error.
    pair.same(&twice("r.b c, r.b c")).await;
}
