//! What tools and ORMs ask about databases and tables (tests/data/tools) is answered as one server answers it; what is not stands in the files, with a
//! reason.

use std::path::Path;

use mysql_async::{Conn, Value};
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{connect, run};
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::family::usual;
use ostrakon_tests::pair::Pair;
use ostrakon_tests::place::repository;

/// Columns whose values are another server's own: moments, sizes, estimates, and values that a sequence has leased.
const OWN: &[&str] = &[
    "CREATE_TIME",
    "UPDATE_TIME",
    "CHECK_TIME",
    "TABLE_ROWS",
    "ROWS",
    "AVG_ROW_LENGTH",
    "DATA_LENGTH",
    "MAX_DATA_LENGTH",
    "INDEX_LENGTH",
    "DATA_FREE",
    "AUTO_INCREMENT",
    "CARDINALITY",
    "MAX_INDEX_LENGTH",
];

/// What may be compared of an answer.
#[derive(Clone, Debug, PartialEq)]
enum Like {
    /// Labels and rows, in any order.
    Same,
    /// Labels, and rows that hold the name of the database: what else there is differs.
    AppRows,
    /// Labels.
    Labels,
    /// Labels, and how many rows.
    Count,
    /// Labels, and that there are rows.
    Shape,
    /// Error 1235 with this text in it.
    Refused(String),
}

#[derive(Debug)]
struct Asked {
    line: usize,
    sql: String,
    like: Like,
    only: Option<ServerKind>,
}

/// Statements, one in each line; lines of `-- ` before one say how it is compared.
fn read(file: &Path) -> Vec<Asked> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut asked = Vec::new();
    let (mut like, mut only) = (Like::Same, None);
    for (number, line) in text.lines().enumerate() {
        match line.strip_prefix("-- ") {
            Some("app rows") => like = Like::AppRows,
            Some("only: mysql") => only = Some(ServerKind::MySql),
            Some("only: mariadb") => only = Some(ServerKind::MariaDb),
            Some(note) => {
                like = match note.split_once(": ") {
                    Some(("unlike", _)) => Like::Count,
                    Some(("labels", _)) => Like::Labels,
                    Some(("shape", _)) => Like::Shape,
                    Some(("refused", text)) => Like::Refused(text.to_owned()),
                    _ if asked.is_empty() && number == 0 => Like::Same,
                    _ => panic!("{}:{}: what is '{note}'?", file.display(), number + 1),
                }
            }
            None if line.is_empty() => {}
            None => {
                let sql = line.strip_suffix(';');
                let sql = sql.unwrap_or_else(|| panic!("{}:{}: no ;", file.display(), number + 1));
                let like = std::mem::replace(&mut like, Like::Same);
                asked.push(Asked { line: number + 1, sql: sql.to_owned(), like, only: only.take() });
            }
        }
    }
    asked
}

/// An answer as it may be compared.
fn comparable(answer: Outcome, asked: &Asked) -> Outcome {
    let Outcome::Rows { columns, mut rows } = answer.without_message().labels_only() else { unreachable!() };
    let own: Vec<bool> =
        columns.iter().map(|column| OWN.contains(&column.label.to_ascii_uppercase().as_str())).collect();
    for row in &mut rows {
        for (cell, own) in row.iter_mut().zip(&own) {
            if *own {
                *cell = Value::NULL;
            }
        }
    }
    match asked.like {
        Like::AppRows => rows.retain(|row| row.iter().any(|cell| *cell == Value::from("app"))),
        Like::Count => rows.iter_mut().for_each(|row| row.fill(Value::NULL)),
        Like::Shape => {
            assert!(!rows.is_empty(), "{}: no row", asked.sql);
            rows.clear();
        }
        Like::Labels => rows.clear(),
        Like::Same | Like::Refused(_) => {}
    }
    Outcome::Rows { columns, rows }.sorted()
}

/// The text of SHOW CREATE TABLE without AUTO_INCREMENT; the node has its own clauses behind it.
fn definition(answer: &Outcome) -> Option<String> {
    let Outcome::Rows { columns, rows } = answer else { return None };
    columns.get(1).filter(|column| column.label == "Create Table")?;
    let Some(Value::Bytes(text)) = rows.first()?.get(1) else { return None };
    let text = String::from_utf8_lossy(text).into_owned();
    let Some((before, behind)) = text.split_once(" AUTO_INCREMENT=") else { return Some(text) };
    Some(format!("{before}{}", behind.trim_start_matches(|digit: char| digit.is_ascii_digit())))
}

/// What differs, or nothing.
fn difference(node: Outcome, plain: Outcome, asked: &Asked) -> Option<String> {
    if let Like::Refused(text) = &asked.like {
        let is_refused =
            matches!(&node, Outcome::Error { errno: 1235, message, .. } if message.contains(text));
        return (!is_refused).then(|| format!("{node:?} is not the refusal of {text}"));
    }
    if let (Some(node), Some(plain)) = (definition(&node), definition(&plain)) {
        return (!node.starts_with(&plain)).then(|| format!("node:  {node}\nplain: {plain}"));
    }
    let (node, plain) = match (&node, &plain) {
        (Outcome::Rows { .. }, Outcome::Rows { .. }) => (comparable(node, asked), comparable(plain, asked)),
        _ => (node.clone(), plain.without_message()),
    };
    let same = match &node {
        Outcome::Error { .. } => node.clone().without_message() == plain,
        _ => node == plain,
    };
    (!same).then(|| format!("node:  {node:?}\nplain: {plain:?}"))
}

async fn play(file: &Path, kind: ServerKind, node: &mut Conn, plain: &mut Conn) -> Vec<String> {
    let mut found = Vec::new();
    for asked in read(file).iter().filter(|asked| asked.only.is_none_or(|only| only == kind)) {
        let by_node = outcome(node, &asked.sql, &Way::Text).await;
        let by_plain = outcome(plain, &asked.sql, &Way::Text).await;
        if matches!(asked.like, Like::Refused(_)) && asked.sql.contains("LOCK") {
            run(plain, "UNLOCK TABLES").await;
        }
        if let Some(difference) = difference(by_node, by_plain, asked) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            found.push(format!("{name}:{}: {}\n{difference}", asked.line, asked.sql));
        }
    }
    found
}

pub async fn tools_are_answered(kind: ServerKind) {
    let mut pair = Pair::of(kind).await;
    pair.create(
        "CREATE TABLE customers (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'the key', name VARCHAR(40) NOT NULL, \
         email VARCHAR(80) COLLATE utf8mb4_bin DEFAULT 'none', born DATE, credit DECIMAL(10,2) UNSIGNED DEFAULT 0.5, kind ENUM('a','b') DEFAULT 'a', \
         seen TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3), notes TEXT, KEY by_name (name(10), born), CHECK (credit < 1000000)) COMMENT='people'",
        "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2",
    )
    .await;
    pair.create(
        "CREATE TABLE orders (customer_id BIGINT NOT NULL, id INT NOT NULL, total DOUBLE, PRIMARY KEY (customer_id, id))",
        "DBPARTITION BY HASH(customer_id)",
    )
    .await;
    pair.create("CREATE TABLE country (code CHAR(2) PRIMARY KEY, name VARCHAR(40) UNIQUE)", "BROADCAST")
        .await;
    pair.prepare("CREATE VIEW rich AS SELECT id, name FROM customers WHERE credit > 100").await;
    pair.prepare("INSERT INTO country VALUES ('de', 'Germany'), ('fr', 'France')").await;
    pair.prepare(
        "INSERT INTO customers (id, name, seen) VALUES (1, 'a', NULL), (2, 'b', NULL), (3, 'c', NULL)",
    )
    .await;
    let mut files: Vec<_> = std::fs::read_dir(repository().join("tests/data/tools"))
        .expect("the folder of the tools' statements")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "sql")) {
        let mut node = pair.cluster.client(Some("app")).await;
        let mut plain = connect(pair.plain_server.port(), Some("app")).await;
        found.extend(play(file, kind, &mut node, &mut plain).await);
    }
    assert!(found.is_empty(), "{} differ:\n\n{}", found.len(), found.join("\n\n"));
}

#[tokio::test]
async fn what_tools_ask_is_answered_as_by_one_server() {
    tools_are_answered(usual()).await;
}
