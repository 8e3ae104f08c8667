//! The matrix's results: what each client has said, as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// What a client's program said, and whether it ended well.
pub struct Outcome {
    pub text: String,
    pub well: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Cell {
    Passed,
    /// The client does not have it, on any server.
    None,
    Failed,
}

/// One client.
pub struct Row {
    name: &'static str,
    version: String,
    cells: BTreeMap<&'static str, Cell>,
    reasons: Vec<String>,
    skipped: Option<String>,
    failure: Option<String>,
}

impl Row {
    /// A client whose program is not here.
    pub fn skipped(name: &'static str, reason: &str) -> Self {
        let skipped = Some(reason.to_owned());
        Self {
            name,
            version: String::new(),
            cells: BTreeMap::new(),
            reasons: Vec::new(),
            skipped,
            failure: None,
        }
    }

    /// Reads what a client has said. A column that it has not spoken of has failed.
    pub fn of(name: &'static str, columns: &[&'static str], said: Outcome) -> Self {
        let mut row = Self::skipped(name, "");
        row.skipped = None;
        row.cells = columns.iter().map(|column| (*column, Cell::Failed)).collect();
        for line in said.text.lines() {
            let (what, rest) = line.split_once(": ").unwrap_or_default();
            let (column, reason) = rest.split_once(": ").unwrap_or((rest, ""));
            match (what, columns.iter().find(|known| **known == column)) {
                ("version", _) => row.version = rest.to_owned(),
                ("passed", Some(column)) => {
                    row.cells.insert(column, Cell::Passed);
                }
                ("none", Some(column)) => {
                    row.cells.insert(column, Cell::None);
                    row.reasons.push(format!("{name}, {column}: {reason}"));
                }
                ("passed" | "none", None) => panic!("{name} speaks of {column}, which is no column"),
                _ => {}
            }
        }
        if !said.well || row.cells.values().any(|cell| *cell == Cell::Failed) {
            row.failure = Some(said.text);
        }
        row
    }
}

/// All clients.
pub struct Table {
    title: String,
    columns: &'static [&'static str],
    pub rows: Vec<Row>,
}

impl Table {
    pub fn new(title: &str, columns: &'static [&'static str]) -> Self {
        Self { title: title.to_owned(), columns, rows: Vec::new() }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n{:24} {:18}", self.title, "client", "version");
        for column in self.columns {
            let _ = write!(text, " {column}");
        }
        text.push('\n');
        for row in &self.rows {
            let _ = write!(text, "{:24} {:18}", row.name, row.version);
            if let Some(reason) = &row.skipped {
                let _ = write!(text, " skipped: {reason}");
            } else {
                for column in self.columns {
                    let cell = match row.cells.get(column) {
                        Some(Cell::Passed) => "ok",
                        Some(Cell::None) => "-",
                        _ => "FAILED",
                    };
                    let _ = write!(text, " {cell:width$}", width = column.len());
                }
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        for reason in self.rows.iter().flat_map(|row| &row.reasons) {
            let _ = writeln!(text, "-: {reason}");
        }
        text
    }

    /// Prints the table, and writes it into a file.
    pub fn keep(&self, file: &Path) {
        println!("{}", self.text());
        std::fs::write(file, self.text())
            .unwrap_or_else(|error| panic!("writing {}: {error}", file.display()));
    }

    /// Fails where a client has failed; where `CI` is set also where one was skipped.
    pub fn must_be_green(&self) {
        let failures: Vec<String> = self
            .rows
            .iter()
            .filter_map(|row| Some(format!("== {}\n{}", row.name, row.failure.as_ref()?)))
            .collect();
        assert!(failures.is_empty(), "{}\n{}", self.text(), failures.join("\n"));
        let skipped = self.rows.iter().any(|row| row.skipped.is_some());
        assert!(!skipped || std::env::var_os("CI").is_none(), "skipped in CI:\n{}", self.text());
    }
}
