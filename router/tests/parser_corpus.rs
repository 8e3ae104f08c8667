//! What the parsers find in statements of real clients and of the servers' grammar, against files of expectations.
//!
//! After a change that is meant, `OSTRAKON_UPDATE=1 cargo test -p ostrakon-router --test parser_corpus` writes the files again; read the
//! difference.

use std::fmt::Write as _;
use std::path::Path;

use ostrakon_catalog::column::{Column, ColumnDefault};
use ostrakon_router::RouterError;
use ostrakon_router::lexer::{SqlMode, Template, scan, tokenize};
use ostrakon_router::parse::ddl::{CreateTable, Ddl, PartitionClause, ShardingClause};
use ostrakon_router::parse::{parse_command, parse_ddl};

/// The statements of a file, split as the session would.
fn statements(file: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = file;
    let mut template = Template::default();
    loop {
        scan(rest.as_bytes(), SqlMode::default(), &mut template).expect("the corpus is readable");
        out.push(&rest[..template.length]);
        match template.next {
            Some(next) => rest = &rest[next..],
            None => return out,
        }
    }
}

fn parse(text: &str) -> Result<CreateTable, RouterError> {
    let tokens = tokenize(text.as_bytes(), SqlMode::default())?;
    match parse_ddl(text.as_bytes(), &tokens, SqlMode::default())? {
        Some(Ddl::CreateTable(table)) => Ok(*table),
        other => panic!("{text}: {other:?}"),
    }
}

fn described(text: &str, table: &CreateTable) -> String {
    let mut out = format!("table {}", &text[table.name.span.clone()]);
    for (set, word) in [(table.if_not_exists, "if not exists"), (table.temporary, "temporary")] {
        out += if set { " " } else { "" };
        out += if set { word } else { "" };
    }
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(out, " {name}={value}").expect("writing to a string");
        }
    };
    option("charset", table.charset.clone());
    option("collation", table.collation.clone());
    option("engine", table.engine.clone());
    option("auto_increment", table.auto_increment.map(|n| n.to_string()));
    option("refused", table.refused.clone().map(|r| format!("{r:?}")));
    option("like", table.like.as_ref().map(|like| text[like.span.clone()].to_owned()));
    out.push('\n');
    table.columns.iter().for_each(|column| out += &described_column(column));
    for key in &table.keys {
        writeln!(out, "  key {:?} {:?} {:?}", key.name, key.kind, key.columns).expect("writing to a string");
    }
    match &table.sharding {
        ShardingClause::Default => {}
        ShardingClause::Single => out += "  single\n",
        ShardingClause::Broadcast => out += "  broadcast\n",
        ShardingClause::Sharded { db, tb } => {
            let clause = |word: &str, part: &Option<PartitionClause>| match part {
                Some(PartitionClause { function, columns, count }) => {
                    format!("  {word} {function:?} {columns:?} {count:?}\n")
                }
                None => String::new(),
            };
            out += &clause("db", db);
            out += &clause("tb", tb);
        }
    }
    if !table.cut.is_empty() {
        writeln!(out, "  {:?} sent as: {}", table.placement, sent(text, table)).expect("writing to a string");
    }
    out
}

fn described_column(column: &Column) -> String {
    let mut out = format!("  column {:?} {:?}", column.name, column.data_type);
    for (set, word) in [
        (!column.nullable, " not null"),
        (column.auto_increment, " auto_increment"),
        (column.generated, " generated"),
        (column.invisible, " invisible"),
    ] {
        out += if set { word } else { "" };
    }
    match &column.default {
        ColumnDefault::None => {}
        default => out += &format!(" default {default:?}"),
    }
    out + "\n"
}

/// The statement without what is cut.
fn sent(text: &str, table: &CreateTable) -> String {
    let mut out = String::new();
    let mut at = 0;
    for cut in &table.cut {
        assert!(cut.start >= at, "cuts are in order and apart: {text}");
        out += &text[at..cut.start];
        at = cut.end;
    }
    out + &text[at..]
}

#[test]
fn create_table_of_real_clients_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let file = std::fs::read_to_string(folder.join("create_table.sql")).expect("the corpus");
    let mut found = String::new();
    for text in statements(&file) {
        let table = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        found += &described(text, &table);
    }
    compare(&folder.join("create_table.expected"), &found);
}

/// Checks what was found against the file, or writes the file.
fn compare(path: &Path, found: &str) {
    if std::env::var_os("OSTRAKON_UPDATE").is_some() {
        std::fs::write(path, found).expect("the expectations can be written");
        return;
    }
    let expected = std::fs::read_to_string(path).expect("the expectations");
    for (n, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {}", n + 1, path.display());
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

/// One line that tells what became of a statement.
fn outcome(text: &str) -> String {
    let mode = SqlMode::default();
    let parsed = tokenize(text.as_bytes(), mode).and_then(|tokens| {
        if let Some(command) = parse_command(text.as_bytes(), &tokens, mode)? {
            return Ok(format!("{command:?}"));
        }
        Ok(match parse_ddl(text.as_bytes(), &tokens, mode)? {
            Some(Ddl::CreateTable(table)) => {
                format!(
                    "CreateTable columns {} keys {} refused {:?}",
                    table.columns.len(),
                    table.keys.len(),
                    table.refused
                )
            }
            Some(ddl) => format!("{ddl:?}"),
            None => "not understood".into(),
        })
    });
    parsed.unwrap_or_else(|error| format!("{} {}", error.errno, error.message))
}

#[test]
fn statements_of_the_servers_grammar_are_understood_or_refused_by_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let file = std::fs::read_to_string(folder.join("statements.sql")).expect("the corpus");
    let mut found = String::new();
    for text in file.lines().filter(|line| !line.starts_with("--")) {
        let text = text.trim_end_matches(';');
        let outcome = outcome(text);
        assert!(!outcome.starts_with("1064") && outcome != "not understood", "{text}: {outcome}");
        found += &format!("{text}\n    {outcome}\n");
    }
    compare(&folder.join("statements.expected"), &found);
}
