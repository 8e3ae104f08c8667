//! Every column type, as text and prepared, single-group and merged: bytes and metadata equal one server's.

use mysql_async::Value;
use ostrakon_tests::pair::Pair;
use ostrakon_tests::wire::Wire;

/// Type, then literals to store.
const TYPES: &[(&str, &[&str])] = &[
    ("TINYINT", &["-128", "127"]),
    ("TINYINT UNSIGNED", &["0", "255"]),
    ("BOOLEAN", &["TRUE", "FALSE"]),
    ("SMALLINT", &["-32768", "32767"]),
    ("SMALLINT UNSIGNED", &["65535"]),
    ("MEDIUMINT", &["-8388608", "8388607"]),
    ("INT", &["-2147483648", "2147483647"]),
    ("INT UNSIGNED ZEROFILL", &["42", "4294967295"]),
    ("BIGINT", &["-9223372036854775808", "9223372036854775807"]),
    ("BIGINT UNSIGNED", &["18446744073709551615"]),
    ("DECIMAL(65,30)", &["-12345678901234567890123456789012345.123456789012345678901234567890", "0"]),
    ("DECIMAL(10,2) UNSIGNED", &["12345678.90"]),
    ("FLOAT", &["1.5", "-3.25e10", "0.1"]),
    ("DOUBLE", &["2.5", "-1.7976931348623157e308", "0.1"]),
    ("BIT(1)", &["b'1'", "b'0'"]),
    ("BIT(64)", &["b'1000000000000000000000000000000000000000000000000000000000000001'"]),
    ("DATE", &["'1000-01-01'", "'9999-12-31'"]),
    ("DATETIME", &["'2024-02-29 23:59:59'"]),
    ("DATETIME(6)", &["'2024-02-29 23:59:59.123456'", "'2024-02-29 00:00:00.000000'"]),
    ("TIMESTAMP NULL", &["'2024-02-29 23:59:59'"]),
    ("TIMESTAMP(3) NULL", &["'2024-02-29 23:59:59.123'"]),
    ("TIME", &["'-838:59:59'", "'838:59:59'", "'00:00:00'"]),
    ("TIME(4)", &["'-01:02:03.4567'", "'12:00:00.0001'"]),
    ("YEAR", &["1901", "2155"]),
    ("CHAR(10)", &["'padded'", "''"]),
    ("VARCHAR(100)", &["'grüße 你好 🏺'", "''", "'a\\\\b\\'c\\\"d'"]),
    ("VARCHAR(100) CHARACTER SET latin1", &["'café'"]),
    ("VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", &["'Bin'"]),
    ("BINARY(4)", &["x'00ff'"]),
    ("VARBINARY(50)", &["x'00010203fffe'", "''"]),
    ("TINYTEXT", &["'tiny'"]),
    ("TEXT", &["'text\\nwith lines'"]),
    ("MEDIUMTEXT", &["REPEAT('m', 70000)"]),
    ("LONGTEXT", &["REPEAT('l', 300)"]),
    ("TINYBLOB", &["x'00'"]),
    ("BLOB", &["x'deadbeef'"]),
    ("MEDIUMBLOB", &["REPEAT(x'ff', 70000)"]),
    ("LONGBLOB", &["REPEAT(x'00', 251)"]),
    ("ENUM('one','two','drei ß')", &["'two'", "3"]),
    ("SET('a','b','c')", &["'a,c'", "''", "7"]),
    ("JSON", &["'{\"k\": [1, 2.5, null, \"ü\"]}'"]),
    ("POINT", &["ST_GeomFromText('POINT(1 2)')"]),
    ("GEOMETRY", &["ST_GeomFromText('LINESTRING(0 0,1 1)')"]),
];

/// Types that no order or equality of a merge has to know.
fn is_spatial(kind: &str) -> bool {
    matches!(kind, "POINT" | "GEOMETRY")
}

#[tokio::test]
async fn every_type_is_read_as_from_one_server_by_text_and_prepared() {
    let mut pair = Pair::start().await;
    for (number, (kind, literals)) in TYPES.iter().enumerate() {
        let table = format!("t{number}");
        pair.create(
            &format!("CREATE TABLE {table} (id INT NOT NULL PRIMARY KEY, v {kind})"),
            "DBPARTITION BY HASH(id)",
        )
        .await;
        let mut rows: Vec<String> =
            literals.iter().enumerate().map(|(id, value)| format!("({id}, {value})")).collect();
        rows.extend(["(100, NULL)".to_owned(), format!("(101, {})", literals[0])]);
        pair.prepare(&format!("INSERT INTO {table} VALUES {}", rows.join(", "))).await;
        for id in [0, 1, 100] {
            pair.same(&format!("SELECT v, id FROM {table} WHERE id = {id}")).await;
            pair.same_prepared(&format!("SELECT v, id FROM {table} WHERE id = ?"), vec![id.into()]).await;
        }
        pair.same(&format!("SELECT id, v FROM {table} ORDER BY id")).await;
        pair.same_prepared(&format!("SELECT id, v FROM {table} ORDER BY id DESC"), vec![]).await;
        pair.same(&format!("SELECT COUNT(v), COUNT(*) FROM {table}")).await;
        if !is_spatial(kind) {
            pair.same_or_refused(&format!("SELECT v, id FROM {table} ORDER BY v, id")).await;
            pair.same_or_refused(&format!("SELECT v, COUNT(*) FROM {table} GROUP BY v ORDER BY v")).await;
            pair.same_or_refused(&format!("SELECT MIN(v), MAX(v) FROM {table}")).await;
            pair.same_or_refused(&format!("SELECT SUM(v), AVG(v) FROM {table}")).await;
            pair.same_or_refused(&format!("SELECT DISTINCT v FROM {table}")).await;
        }
    }
}

#[tokio::test]
async fn parameters_of_every_kind_are_stored_as_sent() {
    let mut pair = Pair::start().await;
    let table = "CREATE TABLE p (id BIGINT NOT NULL PRIMARY KEY, i BIGINT, u BIGINT UNSIGNED, d DOUBLE, s VARCHAR(100), b VARBINARY(300), \
                 dt DATETIME(6), t TIME(6))";
    pair.create(table, "DBPARTITION BY HASH(id)").await;
    let rows: Vec<Vec<Value>> = vec![
        vec![
            1.into(),
            i64::MIN.into(),
            u64::MAX.into(),
            Value::Double(0.1),
            "text ü".into(),
            Value::Bytes(vec![0, 1, 2, 255]),
            Value::Date(2024, 2, 29, 23, 59, 58, 123_456),
            Value::Time(true, 2, 3, 4, 5, 678_900),
        ],
        vec![
            2.into(),
            Value::NULL,
            Value::NULL,
            Value::NULL,
            Value::NULL,
            Value::NULL,
            Value::NULL,
            Value::NULL,
        ],
        vec![
            3.into(),
            "12".into(),
            Value::Int(5),
            Value::Float(1.5),
            Value::Int(77),
            Value::Bytes(vec![b'x'; 251]),
            Value::Date(2024, 1, 1, 0, 0, 0, 0),
            Value::Time(false, 0, 0, 0, 0, 0),
        ],
    ];
    for row in rows {
        pair.same_prepared("INSERT INTO p VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row).await;
    }
    pair.same("SELECT * FROM p ORDER BY id").await;
    pair.same_prepared("SELECT * FROM p WHERE id = ?", vec![1.into()]).await;
    pair.same_prepared(
        "SELECT ? AS a, ? AS b, id FROM p WHERE dt = ?",
        vec![Value::Double(2.5), Value::NULL, Value::Date(2024, 2, 29, 23, 59, 58, 123_456)],
    )
    .await;
}

/// Keys of every type that a shard key can have: a row is found again under each spelling that the server calls equal.
#[tokio::test]
async fn a_row_is_found_by_every_spelling_of_its_shard_key() {
    let mut pair = Pair::start().await;
    let keys: &[(&str, &str, &[&str])] = &[
        ("INT", "42", &["42", "'42'", "42.0", "4.2e1", "'42.0'", "0x2a", "40 + 2", "'42abc'"]),
        ("BIGINT UNSIGNED", "18446744073709551615", &["18446744073709551615", "'18446744073709551615'"]),
        ("VARCHAR(20)", "'Key'", &["'Key'", "'KEY'", "'key '", "'kéy'", "N'key'", "CONCAT('K', 'ey')"]),
        ("VARCHAR(20) COLLATE utf8mb4_bin", "'Key'", &["'Key'", "'Key '", "'KEY'"]),
    ];
    for (number, (kind, stored, spellings)) in keys.iter().enumerate() {
        let table = format!("k{number}");
        pair.create(
            &format!("CREATE TABLE {table} (k {kind} NOT NULL PRIMARY KEY, v INT)"),
            "DBPARTITION BY HASH(k)",
        )
        .await;
        pair.prepare(&format!("INSERT INTO {table} VALUES ({stored}, 1)")).await;
        for spelling in *spellings {
            pair.same_set(&format!("SELECT v FROM {table} WHERE k = {spelling}")).await;
            pair.same_set(&format!("SELECT v FROM {table} WHERE k IN ({spelling})")).await;
        }
    }
}

#[tokio::test]
async fn dates_as_shard_keys_place_and_find_rows() {
    let mut pair = Pair::start().await;
    let table = "CREATE TABLE e (id INT NOT NULL, at DATETIME NOT NULL, KEY (id))";
    pair.create(table, "DBPARTITION BY YYYYMM(at) TBPARTITION BY YYYYMM(at) TBPARTITIONS 2").await;
    let rows: Vec<String> =
        (0..120).map(|n| format!("({n}, '2023-11-03 10:00:00' + INTERVAL {} HOUR)", n * 19)).collect();
    let literal: Vec<String> =
        (0..60).map(|n| format!("({n}, '2024-0{}-{:02} 01:02:03')", n % 9 + 1, n % 28 + 1)).collect();
    pair.prepare(&format!("INSERT INTO e VALUES {}", literal.join(","))).await;
    // Expressions as shard key values may be refused, not misplaced.
    for row in rows.iter().take(5) {
        pair.same_or_refused(&format!("INSERT INTO e VALUES {row}")).await;
    }
    pair.same("SELECT id, at FROM e ORDER BY at, id").await;
    pair.same_set("SELECT id FROM e WHERE at = '2024-03-03 01:02:03'").await;
    pair.same_set("SELECT id FROM e WHERE at >= '2024-03-01' AND at < '2024-05-01'").await;
    pair.same_set("SELECT id FROM e WHERE at BETWEEN '2024-02-10' AND '2024-02-12 23:59:59'").await;
}

#[tokio::test]
async fn long_data_is_put_together_before_the_statement_runs() {
    let mut pair = Pair::start().await;
    pair.create("CREATE TABLE l (id INT PRIMARY KEY, v LONGBLOB)", "DBPARTITION BY HASH(id)").await;
    for port in [pair.cluster.port(), pair.plain_server.port()] {
        let mut wire = Wire::log_in(port, "app").await;
        wire.send_packet(0, b"\x16INSERT INTO l VALUES (?, ?)").await;
        let prepared = wire.read_packet().await.unwrap();
        assert_eq!(prepared[0], 0);
        let id = prepared[1..5].to_vec();
        // Definitions of the two parameters.
        wire.read_packet().await.unwrap();
        wire.read_packet().await.unwrap();
        for piece in 0..50u8 {
            // COM_STMT_SEND_LONG_DATA to parameter 1 has no answer.
            wire.send_packet(0, &[b"\x18".as_slice(), &id, &[1, 0], &vec![piece; 100_000]].concat()).await;
        }
        // COM_STMT_EXECUTE: no cursor, once, no NULL, types LONG and LONG_BLOB, and the value of parameter 0 only.
        let execute = [b"\x17".as_slice(), &id, &[0, 1, 0, 0, 0, 0, 1, 3, 0, 0xfb, 0, 1, 0, 0, 0]].concat();
        wire.send_packet(0, &execute).await;
        let done = wire.read_packet().await.unwrap();
        assert_eq!(done[0], 0, "{}", String::from_utf8_lossy(&done));
    }
    pair.same("SELECT id, LENGTH(v), SHA2(v, 256) FROM l WHERE id = 1").await;
}
