//! Answers of many groups, merged, equal one server's: order, groups, aggregates, their types.

use ostrakon_tests::pair::Pair;

const TABLE: &str = "CREATE TABLE m (id INT NOT NULL PRIMARY KEY, a INT, b VARCHAR(20), c DECIMAL(10,3), d DATETIME(3), e DOUBLE, \
                     f VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, g BIGINT UNSIGNED, h DATE, k ENUM('z','y','x'))";

async fn filled() -> Pair {
    fill(Pair::start().await).await
}

/// Gives both a table of 150 rows that has NULLs, equal values, and strings that a collation calls equal.
pub async fn fill(mut pair: Pair) -> Pair {
    pair.create(TABLE, "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2").await;
    let words = ["ant", "Ant", "bee", "BEE", "ändern", "andern", "zebra", "", "a", "a "];
    let mut rows = Vec::new();
    for id in 1..=150i64 {
        let null = |value: String, every: i64| if id % every == 0 { "NULL".to_owned() } else { value };
        rows.push(format!(
            "({id}, {}, {}, {}, {}, {}, '{}', {}, {}, {})",
            null((id * 7 % 13 - 4).to_string(), 11),
            null(format!("'{}'", words[(id % 10) as usize]), 17),
            null(format!("{}.{:03}", id * 37 % 900 - 300, id % 1000), 19),
            null(format!("'2024-0{}-1{} 10:00:00.{:03}'", id % 9 + 1, id % 10, id % 7), 23),
            null(format!("{}.25", id % 21 - 9), 13),
            words[(id * 3 % 10) as usize],
            null(format!("{}", 18_446_744_073_709_000_000u64 + (id % 3) as u64), 29),
            null(format!("'2024-01-{:02}'", id % 28 + 1), 31),
            null(format!("'{}'", ["x", "y", "z"][(id % 3) as usize]), 37),
        ));
    }
    pair.prepare(&format!("INSERT INTO m VALUES {}", rows.join(","))).await;
    pair
}

/// Must be answered, in exactly this order.
pub const ORDERED: &[&str] = &[
    "SELECT * FROM m ORDER BY id",
    "SELECT * FROM m ORDER BY id DESC LIMIT 10",
    "SELECT id FROM m ORDER BY id LIMIT 20, 7",
    "SELECT id FROM m ORDER BY id LIMIT 7 OFFSET 145",
    "SELECT id FROM m ORDER BY id LIMIT 0",
    "SELECT a, id FROM m ORDER BY a, id",
    "SELECT a, id FROM m ORDER BY a DESC, id ASC",
    "SELECT b, id FROM m ORDER BY b, id",
    "SELECT f, id FROM m ORDER BY f DESC, id DESC",
    "SELECT c, id FROM m ORDER BY c, id LIMIT 50",
    "SELECT d, id FROM m ORDER BY d, id",
    "SELECT e, id FROM m ORDER BY e, id",
    "SELECT g, id FROM m ORDER BY g, id",
    "SELECT h, id FROM m ORDER BY h DESC, id",
    "SELECT k, id FROM m ORDER BY k, id",
    "SELECT id FROM m ORDER BY a, b, id",
    "SELECT id, a + 1 AS next FROM m ORDER BY next, id",
    "SELECT id, a * 2 FROM m ORDER BY 2, 1",
    "SELECT id FROM m ORDER BY ABS(a), id",
    "SELECT id FROM m WHERE id BETWEEN 10 AND 90 AND a > 0 ORDER BY id",
    "SELECT id, UPPER(b) u FROM m ORDER BY u, id",
    "SELECT COUNT(*) FROM m",
    "SELECT COUNT(a), COUNT(b), COUNT(*) FROM m",
    "SELECT SUM(a), SUM(c), SUM(e), SUM(g) FROM m",
    "SELECT AVG(a), AVG(c), AVG(e) FROM m",
    "SELECT MIN(a), MAX(a), MIN(c), MAX(c), MIN(d), MAX(d), MIN(h), MAX(h) FROM m",
    "SELECT MIN(g), MAX(g), MIN(e), MAX(e) FROM m",
    "SELECT COUNT(*), SUM(a), AVG(a), MIN(a), MAX(b) FROM m WHERE id < 0",
    "SELECT a, COUNT(*) FROM m GROUP BY a ORDER BY a",
    "SELECT a, COUNT(*), SUM(c), AVG(c), MIN(d), MAX(d) FROM m GROUP BY a ORDER BY a",
    "SELECT a, COUNT(*) AS n FROM m GROUP BY a HAVING n > 8 ORDER BY n DESC, a",
    "SELECT a, COUNT(*) FROM m GROUP BY a HAVING COUNT(*) > 8 AND a IS NOT NULL ORDER BY a",
    "SELECT a, k, COUNT(*) FROM m GROUP BY a, k ORDER BY a, k",
    "SELECT k, SUM(c) s FROM m GROUP BY k ORDER BY s DESC",
    "SELECT h, COUNT(*) FROM m GROUP BY h ORDER BY h LIMIT 5",
    "SELECT DISTINCT a FROM m ORDER BY a",
    "SELECT DISTINCT a, k FROM m ORDER BY a, k",
    "SELECT MIN(id) x, COUNT(*) FROM m GROUP BY f ORDER BY x",
    "SELECT YEAR(d) y, MONTH(d) mo, COUNT(*) FROM m GROUP BY y, mo ORDER BY y, mo",
];

/// Must be answered; rows in any order.
pub const UNORDERED: &[&str] = &[
    "SELECT * FROM m",
    "SELECT id, b FROM m WHERE a = 3",
    "SELECT id FROM m WHERE id IN (1, 2, 3, 77, 9999)",
    "SELECT id FROM m WHERE id = 5 OR id = 6 OR id = 7",
    "SELECT id FROM m WHERE NOT (id > 3)",
    "SELECT a, COUNT(*) FROM m GROUP BY a",
    "SELECT MIN(id), COUNT(*) FROM m GROUP BY b",
    "SELECT DISTINCT k FROM m",
    "SELECT 1 FROM m WHERE id < 4",
    "SELECT id, 'const', NOW() IS NULL FROM m WHERE id < 20",
];

/// May be answered right, or refused with 1235; never answered otherwise.
pub const OPEN: &[&str] = &[
    "SELECT MIN(id), COUNT(*) FROM m GROUP BY b ORDER BY MIN(id)",
    "SELECT DISTINCT HEX(f) FROM m WHERE b IS NOT NULL",
    "SELECT COUNT(DISTINCT a) FROM m",
    "SELECT SUM(DISTINCT a) FROM m",
    "SELECT a, GROUP_CONCAT(id ORDER BY id) FROM m GROUP BY a",
    "SELECT ROUND(STDDEV(a), 6), ROUND(VARIANCE(c), 6) FROM m",
    "SELECT BIT_OR(id), BIT_AND(id), BIT_XOR(id) FROM m",
    "SELECT a, COUNT(*) FROM m GROUP BY a WITH ROLLUP",
    "SELECT id, ROW_NUMBER() OVER (ORDER BY id) FROM m",
    "WITH w AS (SELECT id, a FROM m WHERE a > 2) SELECT COUNT(*) FROM w",
    "SELECT COUNT(*) FROM (SELECT a FROM m GROUP BY a) x",
    "SELECT id FROM m WHERE a = (SELECT MAX(a) FROM m)",
    "SELECT x.id FROM m x JOIN m y ON x.a = y.id",
    "SELECT id FROM m WHERE a IN (SELECT id FROM m WHERE id < 4)",
    "SELECT id FROM m WHERE id < 3 UNION SELECT id FROM m WHERE id > 148",
    "SELECT id FROM m WHERE id < 3 UNION ALL SELECT a FROM m WHERE id > 148",
    "SELECT SUM(a) / COUNT(*) FROM m",
    "SELECT MAX(a) - MIN(a) FROM m",
    "SELECT a, SUM(c) + 1 FROM m GROUP BY a",
    "SELECT COUNT(*) FROM m HAVING COUNT(*) > 1000",
    "SELECT MIN(b), MAX(f), MIN(k), MAX(k) FROM m",
    "SELECT a FROM m GROUP BY a HAVING SUM(c) > (SELECT 0)",
    "SELECT SQL_CALC_FOUND_ROWS id FROM m ORDER BY id LIMIT 3",
    "UPDATE m SET a = 0 ORDER BY id LIMIT 5",
    "DELETE FROM m WHERE a = 1 ORDER BY id LIMIT 2",
    "UPDATE m SET id = id + 1000 WHERE id = 1",
    "INSERT INTO m (id, a) SELECT id + 500, a FROM m WHERE id < 10",
    "UPDATE m x JOIN m y ON x.id = y.id SET x.a = y.a + 1",
    "DELETE x FROM m x JOIN m y ON x.a = y.id",
];

#[tokio::test]
async fn ordered_and_aggregated_answers_equal_one_servers() {
    let mut pair = filled().await;
    for sql in ORDERED {
        pair.same(sql).await;
    }
}

#[tokio::test]
async fn unordered_answers_hold_the_same_rows() {
    let mut pair = filled().await;
    for sql in UNORDERED {
        pair.same_set(sql).await;
    }
}

#[tokio::test]
async fn what_cannot_be_merged_exactly_is_refused_and_never_wrong() {
    let mut pair = filled().await;
    for sql in OPEN {
        pair.same_or_refused(sql).await;
    }
    // A refused write left no trace; one that was answered left the same rows on both.
    pair.same("SELECT * FROM m ORDER BY id").await;
}

#[tokio::test]
async fn a_limit_larger_than_memory_would_hold_is_merged_in_a_stream() {
    let mut pair = Pair::start().await;
    pair.create("CREATE TABLE w (id INT PRIMARY KEY, pad VARCHAR(200))", "DBPARTITION BY HASH(id)").await;
    for chunk in 0..10 {
        let rows: Vec<String> =
            (0..1000).map(|n| format!("({}, REPEAT('p', 180))", chunk * 1000 + n)).collect();
        pair.prepare(&format!("INSERT INTO w VALUES {}", rows.join(","))).await;
    }
    pair.same("SELECT * FROM w ORDER BY id LIMIT 5000, 4000").await;
    pair.same("SELECT pad, COUNT(*), MAX(id) FROM w GROUP BY pad ORDER BY pad").await;
}
