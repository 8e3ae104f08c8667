//! Random tables with random sharding rules and random rows.

use rand::Rng;
use rand::rngs::StdRng;

use super::types::{self, Class, Type, pick};

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub class: Class,
    /// As CREATE TABLE takes it, with its default.
    pub sql: String,
    pub nullable: bool,
    pub default: bool,
}

/// A table, with its rows as literals.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    /// `id`, `p` and the shard key first.
    pub columns: Vec<Column>,
    pub keys: Vec<String>,
    pub clause: String,
    /// A column behind the others that is made from the shard key, and is the real one. No statement names it.
    pub generated: Option<String>,
    pub rows: Vec<Vec<String>>,
}

/// Columns before the random ones: `id`, which is unique in the first rows, `p`, which holds ids of rows, and the shard key.
pub const FIXED: usize = 3;

impl Table {
    /// CREATE TABLE; with the clause for the cluster.
    pub fn create(&self, for_cluster: bool) -> String {
        let columns = self.columns.iter().map(|column| format!("{} {}", column.name, column.sql));
        let parts: Vec<String> =
            columns.chain(self.generated.clone()).chain(self.keys.iter().cloned()).collect();
        let clause = if for_cluster { format!(" {}", self.clause) } else { String::new() };
        format!(
            "CREATE TABLE {} ({}) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci{clause}",
            self.name,
            parts.join(", ")
        )
    }

    /// One INSERT of these rows; nothing where there are none.
    pub fn insert(&self, rows: &[Vec<String>]) -> Option<String> {
        let generated = if self.generated.is_some() { ", DEFAULT" } else { "" };
        let rows: Vec<String> = rows.iter().map(|row| format!("({}{generated})", row.join(", "))).collect();
        (!rows.is_empty()).then(|| format!("INSERT INTO {} VALUES {}", self.name, rows.join(", ")))
    }

    /// The shard key, or what would be one.
    pub fn key(&self) -> &Column {
        &self.columns[2]
    }
}

/// What the shard key is and by which functions.
fn rule(rng: &mut StdRng, name: &str, mysql: bool) -> (Type, String) {
    let key = format!("k{name}");
    let t = rng.random_range(2..4);
    let int = |sql: &str| Type { sql: sql.to_owned(), class: Class::Int };
    match rng.random_range(0..16) {
        0 | 1 => (int("INT"), format!("DBPARTITION BY HASH({key})")),
        2 => (int("INT"), format!("DBPARTITION BY HASH({key}) TBPARTITION BY HASH({key}) TBPARTITIONS {t}")),
        3 => (
            int("BIGINT"),
            format!("DBPARTITION BY UNI_HASH({key}) TBPARTITION BY UNI_HASH({key}) TBPARTITIONS {t}"),
        ),
        4 => (int("SMALLINT"), format!("DBPARTITION BY RIGHT_SHIFT({key}, 1)")),
        5 | 6 => (int("INT"), "DBPARTITION BY HASH(id)".to_owned()),
        7 => (int("INT"), format!("DBPARTITION BY HASH(id) TBPARTITION BY HASH({key}) TBPARTITIONS {t}")),
        8..10 => {
            let collations: &[(&str, &str)] = if mysql {
                &[
                    ("utf8mb4", "utf8mb4_general_ci"),
                    ("utf8mb4", "utf8mb4_0900_ai_ci"),
                    ("utf8mb4", "utf8mb4_bin"),
                ]
            } else {
                &[
                    ("utf8mb4", "utf8mb4_general_ci"),
                    ("utf8mb4", "utf8mb4_unicode_ci"),
                    ("utf8mb4", "utf8mb4_nopad_bin"),
                    ("latin1", "latin1_swedish_ci"),
                ]
            };
            let (charset, collation) = collations[rng.random_range(0..collations.len())];
            let sql = format!("VARCHAR(12) CHARACTER SET {charset} COLLATE {collation}");
            let function = pick(rng, &["HASH", "HASH", "UNI_HASH"]);
            (Type { sql, class: Class::Text(collation) }, format!("DBPARTITION BY {function}({key})"))
        }
        10 => (
            Type { sql: "VARCHAR(12) COLLATE utf8mb4_bin".to_owned(), class: Class::Text("utf8mb4_bin") },
            format!("DBPARTITION BY STR_HASH({key}, 0, 2)"),
        ),
        11 => (
            Type { sql: "DATE".to_owned(), class: Class::Date },
            format!("DBPARTITION BY {}({key})", pick(rng, &["YYYYMM", "YYYYDD", "YYYYWEEK"])),
        ),
        12 => (
            Type { sql: "DATETIME".to_owned(), class: Class::Moment },
            format!(
                "DBPARTITION BY HASH(id) TBPARTITION BY {}({key}) TBPARTITIONS {t}",
                pick(rng, &["WEEK", "DD", "MM", "MMDD"])
            ),
        ),
        13 => (int("INT"), format!("TBPARTITION BY HASH({key}) TBPARTITIONS {t}")),
        14 => (int("INT"), "BROADCAST".to_owned()),
        _ => (int("INT"), "SINGLE".to_owned()),
    }
}

/// A table of that name. Sometimes with the rule of the one before, so that they lie together.
fn table(
    rng: &mut StdRng,
    name: &str,
    before: Option<&(Type, String, String)>,
    mysql: bool,
) -> (Table, (Type, String, String)) {
    let (kind, clause) = match before {
        Some((kind, clause, other)) if rng.random_range(0..3) == 0 => {
            (kind.clone(), clause.replace(&format!("(k{other}"), &format!("(k{name}")))
        }
        _ => rule(rng, name, mysql),
    };
    let rows = [0, 5, 12, 16, 20, 20, 24][rng.random_range(0..7)];
    let key_null = rng.random_range(0..4) == 0;
    let not_null = |null: bool| if null { "" } else { " NOT NULL" };
    let mut columns = vec![
        Column {
            name: "id".to_owned(),
            class: Class::Int,
            sql: "INT NOT NULL".to_owned(),
            nullable: false,
            default: false,
        },
        Column {
            name: "p".to_owned(),
            class: Class::Int,
            sql: "INT".to_owned(),
            nullable: true,
            default: true,
        },
        Column {
            name: format!("k{name}"),
            class: kind.class,
            sql: format!("{}{}", kind.sql, not_null(key_null)),
            nullable: key_null,
            default: key_null,
        },
    ];
    for number in 0..rng.random_range(3..7) {
        let Type { sql, class } = types::any(rng, mysql);
        let null = rng.random_range(0..3) > 0;
        let can_default = !(sql.contains("TEXT")
            || sql.contains("BLOB")
            || sql.contains("JSON")
            || sql.contains("TIMESTAMP"));
        let mut sql = format!("{sql}{}", if sql.contains("NULL") { "" } else { not_null(null) });
        let default = can_default && rng.random_range(0..3) == 0;
        if default {
            sql.push_str(&format!(" DEFAULT {}", types::value(rng, class).0));
        }
        columns.push(Column {
            name: format!("{name}{number}"),
            class,
            nullable: null || sql.contains("TIMESTAMP"),
            default: default || null || sql.contains("TIMESTAMP"),
            sql,
        });
    }
    // A key has all shard keys, or it would be unique inside each physical table only.
    let key = if key_null {
        format!("UNIQUE KEY u (id, k{name})")
    } else if clause.contains("HASH(id)") && !clause.contains("TBPARTITION")
        || clause == "BROADCAST"
        || clause == "SINGLE"
    {
        "PRIMARY KEY (id)".to_owned()
    } else {
        pick(rng, &["PRIMARY KEY (k, id)", "PRIMARY KEY (id, k)"]).replace('k', &format!("k{name}"))
    };
    let mut keys = vec![key];
    let indexable = |c: &&Column| {
        !matches!(c.class, Class::Json)
            && !c.sql.contains("TEXT")
            && !c.sql.contains("BLOB")
            && !c.sql.contains("400")
    };
    for column in columns[1..].iter().filter(indexable) {
        if rng.random_range(0..4) == 0 {
            keys.push(format!("KEY i_{} ({})", column.name, column.name));
        }
    }
    let rows = (1..=rows).map(|id| row(rng, &columns, id, rows)).collect();
    let is_plain = kind.class == Class::Int && clause == format!("DBPARTITION BY HASH(k{name})");
    let stored = pick(rng, &["STORED", "VIRTUAL"]);
    let generated =
        (is_plain && rng.random_range(0..2) == 0).then(|| format!("g{name} INT AS (k{name} DIV 3) {stored}"));
    let own = match generated {
        Some(_) => clause.replace("(k", "(g"),
        None => clause.clone(),
    };
    let made = Table { name: format!("t{name}"), columns, keys, clause: own, generated, rows };
    (made, (kind, clause, name.to_owned()))
}

/// A row with this id; `p` is one of the other rows, or none.
fn row(rng: &mut StdRng, columns: &[Column], id: usize, count: usize) -> Vec<String> {
    let cell = |(at, column): (usize, &Column)| match at {
        0 => id.to_string(),
        1 if rng.random_range(0..4) == 0 => "NULL".to_owned(),
        1 => rng.random_range(1..=count + 2).to_string(),
        _ if column.nullable && rng.random_range(0..6) == 0 => "NULL".to_owned(),
        _ => types::value(rng, column.class).0,
    };
    columns.iter().enumerate().map(cell).collect()
}

/// The tables of a seed.
pub fn tables(rng: &mut StdRng, mysql: bool) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut before = None;
    for name in ["a", "b", "c", "d", "e"].iter().take(rng.random_range(3..6)) {
        let (table, rule) = table(rng, name, before.as_ref(), mysql);
        tables.push(table);
        before = Some(rule);
    }
    tables
}
