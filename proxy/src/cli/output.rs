//! What commands print: tables for people, JSON for programs, failures with an exit code.

use std::process::ExitCode;

use super::connection::Format;
use crate::client::{Answer, ClientError};

/// Exit status for a node that cannot be reached (EX_UNAVAILABLE of sysexits.h).
const EX_UNAVAILABLE: u8 = 69;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// The server refused it.
    Server {
        errno: u16,
        sqlstate: String,
        message: String,
    },
    Unreachable(String),
    /// What the command line or a file of the user's says makes no sense.
    Usage(String),
    /// Something is wrong, and has been printed.
    Told,
}

impl Failure {
    /// A statement failed, or the connection broke under it.
    pub fn of(error: ClientError) -> Self {
        match error {
            ClientError::Server { errno, sqlstate, message } => Self::Server { errno, sqlstate, message },
            error => Self::Unreachable(format!("the connection to the node failed: {error}")),
        }
    }

    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Server { .. } | Self::Told => ExitCode::FAILURE,
            Self::Unreachable(_) => ExitCode::from(EX_UNAVAILABLE),
            Self::Usage(_) => ExitCode::from(super::EX_USAGE),
        }
    }

    /// On standard error.
    pub fn print(&self, format: Format) {
        let (code, sqlstate, message) = match self {
            Self::Server { errno, sqlstate, message } => (Some(*errno), Some(sqlstate.as_str()), message),
            Self::Unreachable(message) | Self::Usage(message) => (None, None, message),
            Self::Told => return,
        };
        match format {
            Format::Table => match code {
                Some(code) => eprintln!("ostrakon: {message} (error {code})"),
                None => eprintln!("ostrakon: {message}"),
            },
            Format::Json => {
                let code = code.map_or_else(|| "null".to_owned(), |code| code.to_string());
                let sqlstate = sqlstate.map_or_else(|| "null".to_owned(), string);
                eprintln!("{{\"code\":{code},\"sqlstate\":{sqlstate},\"message\":{}}}", string(message));
            }
        }
    }
}

/// Rows, on standard output.
pub fn rows(format: Format, answer: &Answer) {
    match format {
        Format::Table => print(&table(answer)),
        Format::Json => print(&format!("{}\n", json(answer))),
    }
}

/// A change was made; warnings go with it.
pub fn done(format: Format, what: &str, warnings: &Answer) {
    let texts: Vec<String> = warnings
        .rows
        .iter()
        .filter_map(|row| Some(String::from_utf8_lossy(row.get(2)?.as_ref()?).into_owned()))
        .collect();
    match format {
        Format::Table => {
            print(&format!("{what}\n"));
            for text in texts {
                eprintln!("ostrakon: warning: {text}");
            }
        }
        Format::Json => {
            let texts: Vec<String> = texts.iter().map(|text| string(text)).collect();
            print(&format!("{{\"done\":{},\"warnings\":[{}]}}\n", string(what), texts.join(",")));
        }
    }
}

/// A closed pipe (`| head`) is no failure.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Columns side by side; numbers to the right, NULL as `NULL`.
fn table(answer: &Answer) -> String {
    let cell = |value: &Option<Vec<u8>>| match value {
        Some(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            // A control character would break the table, or the terminal.
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
        }
        None => "NULL".to_owned(),
    };
    let rows: Vec<Vec<String>> = answer.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let widths: Vec<usize> = answer
        .columns
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
            cells.chain([name.chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[String], numbers: bool| {
        let mut out = String::new();
        for (at, cell) in cells.iter().enumerate() {
            let width = widths.get(at).copied().unwrap_or(0);
            let right = numbers && answer.numeric.get(at) == Some(&true);
            let separator = if at == 0 { "" } else { "  " };
            match right {
                true => out.push_str(&format!("{separator}{cell:>width$}")),
                false => out.push_str(&format!("{separator}{cell:<width$}")),
            }
        }
        format!("{}\n", out.trim_end())
    };
    let mut out = line(&answer.columns, true);
    for row in &rows {
        out.push_str(&line(row, true));
    }
    out
}

/// An array of objects: labels in lower case, numbers as numbers.
fn json(answer: &Answer) -> String {
    let object = |row: &Vec<Option<Vec<u8>>>| {
        let fields: Vec<String> = answer
            .columns
            .iter()
            .zip(row)
            .enumerate()
            .map(|(at, (label, value))| {
                let numeric = answer.numeric.get(at) == Some(&true);
                format!("{}:{}", string(&label.to_lowercase()), json_value(value.as_deref(), numeric))
            })
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    let objects: Vec<String> = answer.rows.iter().map(object).collect();
    format!("[{}]", objects.join(","))
}

fn json_value(value: Option<&[u8]>, numeric: bool) -> String {
    let Some(bytes) = value else { return "null".to_owned() };
    let text = String::from_utf8_lossy(bytes);
    // What is no number for JSON (leading zeros, `nan`) stays text.
    match numeric && serde_json::from_str::<serde_json::Number>(&text).is_ok() {
        true => text.into_owned(),
        false => string(&text),
    }
}

/// A JSON string.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        let cell = |text: &str| Some(text.as_bytes().to_vec());
        Answer {
            columns: vec!["ID".into(), "Name".into()],
            numeric: vec![true, false],
            rows: vec![vec![cell("10"), cell("a\"b\n")], vec![None, cell("7")], vec![cell("007"), None]],
            ..Answer::default()
        }
    }

    #[test]
    fn json_has_numbers_nulls_and_escapes() {
        let text = json(&answer());
        assert_eq!(text, r#"[{"id":10,"name":"a\"b\n"},{"id":null,"name":"7"},{"id":"007","name":null}]"#);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn tables_are_aligned() {
        assert_eq!(table(&answer()), "  ID  Name\n  10  a\"b\nNULL  7\n 007  NULL\n");
    }
}
