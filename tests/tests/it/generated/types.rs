//! Column types, what is stored in them and what they are compared with.

use mysql_async::Value;
use rand::Rng;
use rand::rngs::StdRng;

use super::tree::Tree;

/// What may stand beside each other in a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Int,
    Decimal,
    Double,
    /// By its collation.
    Text(&'static str),
    Bytes,
    Date,
    Moment,
    Time,
    Year,
    Enum,
    Set,
    Bit,
    Json,
}

impl Class {
    /// Whether values that are not the same bytes can be equal, so that a group may be shown by any of them.
    pub fn is_vague(self) -> bool {
        match self {
            Self::Text(collation) => !matches!(collation, "utf8mb4_nopad_bin" | "utf8mb4_0900_bin" | "ascii"),
            Self::Json => true,
            _ => false,
        }
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Decimal | Self::Double)
    }

    pub fn is_text(self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// What GROUP BY, DISTINCT and sorting take without odd rules.
    pub fn is_plain(self) -> bool {
        !matches!(self, Self::Json)
    }
}

/// One of a list.
pub fn pick<'a, T: ?Sized>(rng: &mut StdRng, list: &[&'a T]) -> &'a T {
    list[rng.random_range(0..list.len())]
}

/// A column type as CREATE TABLE takes it.
#[derive(Clone, Debug)]
pub struct Type {
    pub sql: String,
    pub class: Class,
}

const MARIADB_COLLATIONS: &[(&str, &str)] = &[
    ("utf8mb4", "utf8mb4_general_ci"),
    ("utf8mb4", "utf8mb4_unicode_ci"),
    ("utf8mb4", "utf8mb4_bin"),
    ("utf8mb4", "utf8mb4_nopad_bin"),
    ("utf8mb4", "utf8mb4_general_nopad_ci"),
    ("utf8mb4", "utf8mb4_unicode_520_ci"),
    ("latin1", "latin1_swedish_ci"),
    ("latin1", "latin1_bin"),
];

const MYSQL_COLLATIONS: &[(&str, &str)] = &[
    ("utf8mb4", "utf8mb4_general_ci"),
    ("utf8mb4", "utf8mb4_unicode_ci"),
    ("utf8mb4", "utf8mb4_bin"),
    ("utf8mb4", "utf8mb4_0900_ai_ci"),
    ("utf8mb4", "utf8mb4_0900_as_cs"),
    ("utf8mb4", "utf8mb4_0900_bin"),
    ("latin1", "latin1_swedish_ci"),
];

/// A collation, with its character set.
pub fn collation(rng: &mut StdRng, mysql: bool) -> (&'static str, &'static str) {
    let list = if mysql { MYSQL_COLLATIONS } else { MARIADB_COLLATIONS };
    // Often the same one, so that columns can be compared.
    if rng.random_range(0..3) == 0 { list[0] } else { list[rng.random_range(0..list.len())] }
}

/// A type of any class.
pub fn any(rng: &mut StdRng, mysql: bool) -> Type {
    let made = |sql: &str, class| Type { sql: sql.to_owned(), class };
    match rng.random_range(0..24) {
        0..5 => made(
            pick(rng, &["INT", "TINYINT", "SMALLINT", "MEDIUMINT", "BIGINT", "INT", "BOOLEAN"]),
            Class::Int,
        ),
        5..8 => made(pick(rng, &["DECIMAL(10,2)", "DECIMAL(20,6)", "DECIMAL(5,1)"]), Class::Decimal),
        8..10 => made(pick(rng, &["DOUBLE", "FLOAT"]), Class::Double),
        10..15 => {
            let (charset, collation) = collation(rng, mysql);
            let base =
                pick(rng, &["VARCHAR(20)", "VARCHAR(12)", "CHAR(10)", "TEXT", "VARCHAR(400)", "TINYTEXT"]);
            made(&format!("{base} CHARACTER SET {charset} COLLATE {collation}"), Class::Text(collation))
        }
        15 => made(pick(rng, &["VARBINARY(20)", "BLOB", "VARBINARY(12)"]), Class::Bytes),
        16 | 17 => made("DATE", Class::Date),
        18 => made(pick(rng, &["DATETIME", "DATETIME(3)", "TIMESTAMP NULL", "DATETIME(6)"]), Class::Moment),
        19 => made(pick(rng, &["TIME", "TIME(2)"]), Class::Time),
        20 => made("YEAR", Class::Year),
        21 => made("ENUM('z','y','x','w','')", Class::Enum),
        22 => made(pick(rng, &["SET('a','b','c')", "BIT(5)"]), Class::Set).settled(),
        _ => made("JSON", Class::Json),
    }
}

impl Type {
    fn settled(mut self) -> Self {
        if self.sql.starts_with("BIT") {
            self.class = Class::Bit;
        }
        self
    }
}

const INTS: &[&str] = &["0", "1", "1", "2", "2", "3", "4", "5", "6", "7", "9", "12", "-1", "-5", "100"];
const DECIMALS: &[&str] = &["0", "0.5", "-0.5", "1", "1.1", "2.5", "2.5", "-3.1", "99.9", "7", "10.0"];
/// Quarters: sums of them are exact in any order.
const DOUBLES: &[&str] = &["0", "0.25", "-0.25", "1.5", "1.5", "2", "-24.75", "7", "1e3", "3.5"];
const TEXTS: &[&str] = &[
    "", "a", "A", "b", "B", "a ", "ä", "á", "ab", "AB", "aB ", "ß", "ss", "7", "07", "a_c", "zz", "é", "e",
    "abc", "ABC", "10", "b",
];
const DATES: &[&str] = &[
    "2024-01-01",
    "2024-01-31",
    "2024-02-29",
    "2023-12-31",
    "2024-03-05",
    "2022-07-17",
    "1999-11-30",
    "2024-12-30",
    "2024-01-31",
    "2025-01-05",
    "2024-03-06",
];
const MOMENTS: &[&str] = &[
    "2024-01-01 00:00:00",
    "2024-01-31 10:11:12",
    "2024-02-29 23:59:59",
    "2023-12-31 12:00:00",
    "2024-01-31 10:11:12",
    "2022-07-17 06:30:00",
    "2025-01-05 18:45:10",
];
const TIMES: &[&str] = &["00:00:00", "10:11:12", "23:59:59", "-01:30:00", "100:00:01", "10:11:12"];
const YEARS: &[&str] = &["1999", "2022", "2024", "2024", "2025"];
const ENUMS: &[&str] = &["x", "y", "z", "", "w"];
const SETS: &[&str] = &["", "a", "b", "a,b", "a,c", "a,b,c"];
const BITS: &[&str] = &["0", "1", "2", "7", "31"];
const JSONS: &[&str] =
    &["{\"a\": 1}", "{\"a\": 2, \"b\": [1, 2]}", "[1, 2, 3]", "{}", "{\"a\": \"x\"}", "null"];

/// A value of the class, not NULL, as SQL and as a parameter.
pub fn value(rng: &mut StdRng, class: Class) -> (String, Value) {
    let quoted = |text: &str| (format!("'{text}'"), Value::from(text));
    match class {
        Class::Int => {
            let text = pick(rng, INTS);
            (text.to_owned(), Value::Int(text.parse().expect("a number")))
        }
        Class::Year => {
            let text = pick(rng, YEARS);
            (text.to_owned(), Value::Int(text.parse().expect("a number")))
        }
        Class::Bit => {
            let text = pick(rng, BITS);
            (text.to_owned(), Value::Int(text.parse().expect("a number")))
        }
        Class::Decimal => {
            let text = pick(rng, DECIMALS);
            (text.to_owned(), Value::from(text))
        }
        Class::Double => {
            let text = pick(rng, DOUBLES);
            (text.to_owned(), Value::Double(text.parse().expect("a number")))
        }
        Class::Text(_) | Class::Bytes => quoted(pick(rng, TEXTS)),
        Class::Date => quoted(pick(rng, DATES)),
        Class::Moment => quoted(pick(rng, MOMENTS)),
        Class::Time => quoted(pick(rng, TIMES)),
        Class::Enum => quoted(pick(rng, ENUMS)),
        Class::Set => quoted(pick(rng, SETS)),
        Class::Json => quoted(pick(rng, JSONS)),
    }
}

/// The same as a piece of a statement.
pub fn literal(rng: &mut StdRng, class: Class) -> Tree {
    let (text, value) = value(rng, class);
    Tree::Literal(text, value)
}
