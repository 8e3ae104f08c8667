//! The tables of the differential test: every kind of shard key, and beside it one column of each type.

use rand::Rng;
use rand::rngs::StdRng;

use super::literals::{self, Kind};

/// A table; `clause` is for the cluster only.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// Type of the shard key `k`.
    pub key: &'static str,
    pub kind: Kind,
    pub clause: &'static str,
    /// Type of a second shard key `k2`, for RANGE_HASH; else INT and no key.
    pub second: bool,
}

const fn table(name: &'static str, key: &'static str, kind: Kind, clause: &'static str) -> Table {
    Table { name, key, kind, clause, second: false }
}

/// All tables. A key that may be NULL has no NOT NULL.
pub const TABLES: &[Table] = &[
    table("ti", "INT NOT NULL", Kind::Int, "DBPARTITION BY HASH(k) TBPARTITION BY HASH(k) TBPARTITIONS 2"),
    table("tj", "INT NOT NULL", Kind::Int, "DBPARTITION BY HASH(k) TBPARTITION BY HASH(k) TBPARTITIONS 2"),
    table("tn", "INT", Kind::Int, "DBPARTITION BY HASH(k)"),
    table(
        "tb",
        "BIGINT UNSIGNED NOT NULL",
        Kind::Int,
        "DBPARTITION BY HASH(k) TBPARTITION BY HASH(k) TBPARTITIONS 3",
    ),
    table(
        "tr",
        "BIGINT NOT NULL",
        Kind::Int,
        "DBPARTITION BY RIGHT_SHIFT(k, 2) TBPARTITION BY RIGHT_SHIFT(k, 2) TBPARTITIONS 2",
    ),
    table("tu", "BIGINT", Kind::Int, "DBPARTITION BY UNI_HASH(k) TBPARTITION BY UNI_HASH(k) TBPARTITIONS 2"),
    table("tt", "TINYINT", Kind::Int, "TBPARTITION BY HASH(k) TBPARTITIONS 4"),
    table(
        "vg",
        "VARCHAR(12) COLLATE utf8mb4_general_ci",
        Kind::Text,
        "DBPARTITION BY HASH(k) TBPARTITION BY HASH(k) TBPARTITIONS 2",
    ),
    table(
        "vh",
        "VARCHAR(12) COLLATE utf8mb4_general_ci",
        Kind::Text,
        "DBPARTITION BY HASH(k) TBPARTITION BY HASH(k) TBPARTITIONS 2",
    ),
    table("vu", "VARCHAR(12) COLLATE utf8mb4_unicode_ci NOT NULL", Kind::Text, "DBPARTITION BY HASH(k)"),
    table("vb", "VARCHAR(12) COLLATE utf8mb4_bin NOT NULL", Kind::Text, "DBPARTITION BY STR_HASH(k, 0, 2)"),
    table(
        "vl",
        "VARCHAR(12) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
        Kind::Text,
        "DBPARTITION BY UNI_HASH(k)",
    ),
    table("cg", "CHAR(8) COLLATE utf8mb4_general_ci NOT NULL", Kind::Text, "DBPARTITION BY HASH(k)"),
    table("dd", "DATE", Kind::Date, "TBPARTITION BY DD(k) TBPARTITIONS 5"),
    table(
        "dm",
        "DATETIME NOT NULL",
        Kind::Date,
        "DBPARTITION BY YYYYWEEK(k) TBPARTITION BY YYYYWEEK(k) TBPARTITIONS 3",
    ),
    table("de", "DATE NOT NULL", Kind::Date, "DBPARTITION BY YYYYMM(k)"),
    table("dt", "DATETIME(3)", Kind::Date, "DBPARTITION BY YYYYDD(k)"),
    Table {
        name: "rh",
        key: "BIGINT NOT NULL",
        kind: Kind::Int,
        clause: "DBPARTITION BY RANGE_HASH(k, k2, 3)",
        second: true,
    },
    table("bc", "INT NOT NULL", Kind::Int, "BROADCAST"),
    table("sg", "INT NOT NULL", Kind::Int, "SINGLE"),
];

/// The columns behind `k`, with the kind of their literals.
pub const COLUMNS: &[(&str, Kind)] = &[
    ("id", Kind::Int),
    ("k2", Kind::Int),
    ("a", Kind::Int),
    ("b", Kind::Text),
    ("c", Kind::Text),
    ("d", Kind::Text),
    ("e", Kind::Text),
    ("n", Kind::Decimal),
    ("f", Kind::Double),
    ("t", Kind::Date),
    ("m", Kind::Date),
    ("s", Kind::Enum),
];

impl Table {
    /// CREATE TABLE without the clause.
    pub fn create(&self) -> String {
        let second = if self.second { "BIGINT NOT NULL" } else { "INT" };
        let unique =
            if self.key.contains("NOT NULL") { "PRIMARY KEY (k, id)" } else { "UNIQUE KEY u (k, id)" };
        format!(
            "CREATE TABLE {} (k {}, id INT NOT NULL, k2 {second}, a INT, b VARCHAR(20) COLLATE utf8mb4_general_ci, \
             c VARCHAR(20) COLLATE utf8mb4_unicode_ci, d VARCHAR(20) COLLATE utf8mb4_bin, e VARCHAR(20) CHARACTER SET latin1, \
             n DECIMAL(10,3), f DOUBLE, t DATE, m DATETIME(3), s ENUM('z','y','x','') NOT NULL DEFAULT 'y', {unique})",
            self.name, self.key
        )
    }

    /// An INSERT of rows that every server stores as written.
    pub fn fill(&self, rng: &mut StdRng) -> String {
        let rows: Vec<String> = (1..=36)
            .map(|id| {
                let nullable = |rng: &mut StdRng, kind: Kind| match rng.random_range(0..7) {
                    0 => "NULL".to_owned(),
                    _ => literals::stored(rng, kind),
                };
                let key = if self.key.contains("NOT NULL") || rng.random_range(0..8) > 0 {
                    literals::stored(rng, self.kind)
                } else {
                    "NULL".to_owned()
                };
                let second = if self.second { key.clone() } else { nullable(rng, Kind::Int) };
                let mut values = vec![key, id.to_string(), second];
                for (_, kind) in &COLUMNS[2..COLUMNS.len() - 1] {
                    values.push(nullable(rng, *kind));
                }
                values.push(literals::stored(rng, Kind::Enum));
                format!("({})", values.join(", "))
            })
            .collect();
        format!("INSERT INTO {} VALUES {}", self.name, rows.join(", "))
    }
}
