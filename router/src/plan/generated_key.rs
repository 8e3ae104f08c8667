//! Generated columns that place rows: which columns they read, and a table on which a server works them out before a row has its place.

use ostrakon_catalog::column::{Column, ColumnDefault, ColumnType, GeneratedKey};
use ostrakon_catalog::schema::Table;

use super::tokens::Tokens;
use crate::RouterError;
use crate::lexer::{SqlMode, TokenKind, tokenize};
use crate::sharding::topology::quote;

/// What depends on variables of the session although servers take it: time zone, language, `default_week_format`, `default_regex_flags`,
/// `block_encryption_mode`.
const UNSTABLE: &[&str] = &[
    "AES_DECRYPT",
    "AES_ENCRYPT",
    "CONVERT_TZ",
    "DATE_FORMAT",
    "DAYNAME",
    "FROM_UNIXTIME",
    "MONTHNAME",
    "REGEXP",
    "REGEXP_INSTR",
    "REGEXP_LIKE",
    "REGEXP_REPLACE",
    "REGEXP_SUBSTR",
    "RLIKE",
    "STR_TO_DATE",
    "TIME_FORMAT",
    "UNIX_TIMESTAMP",
    "WEEK",
];

/// A column as the server prints it.
struct Part<'a> {
    column: &'a Column,
    tokens: Tokens<'a>,
}

/// What `table` needs to place rows by generated columns; `None` where it does not. `lines`: the definitions of its columns as a server prints them, in
/// their order, and `options` what it prints behind them.
///
/// Errors: 1235 for an expression whose value is not certain for every session.
pub fn generated_key(
    table: &Table,
    lines: &[String],
    options: &str,
    mode: SqlMode,
) -> Result<Option<GeneratedKey>, RouterError> {
    let is_key = |column: &&Column| column.generated && table.is_placed_by(&column.name);
    let Some(key) = table.columns.iter().find(is_key) else { return Ok(None) };
    let unread = || {
        RouterError::not_supported(format_args!(
            "generated shard key column '{}' of table '{}': its definition cannot be read",
            key.name, table.name
        ))
    };
    if lines.len() != table.columns.len() {
        return Err(unread());
    }
    let mut parts = Vec::with_capacity(lines.len());
    for (column, line) in table.columns.iter().zip(lines) {
        let tokens = Tokens::new(line.as_bytes(), tokenize(line.as_bytes(), mode)?);
        if tokens.name(0).is_none_or(|name| !name.eq_ignore_ascii_case(&column.name)) {
            return Err(unread());
        }
        parts.push(Part { column, tokens });
    }
    let mut needed: Vec<&Part<'_>> = parts.iter().filter(|part| is_key(&part.column)).collect();
    let mut at = 0;
    while let Some(part) = needed.get(at).copied() {
        part.check().map_err(|why| {
            RouterError::not_supported(format_args!(
                "shard key '{}' of table '{}', a generated column: {why}",
                key.name, table.name
            ))
        })?;
        let read = parts.iter().filter(|other| part.reads(&other.column.name));
        let read: Vec<&Part<'_>> =
            read.filter(|other| !needed.iter().any(|known| std::ptr::eq(*known, *other))).collect();
        needed.extend(read);
        at += 1;
    }
    let mut number = "ostrakon_row".to_owned();
    while table.column(&number).is_some() {
        number.push('_');
    }
    let mut definition = format!("({} INT NOT NULL PRIMARY KEY", quote(&number));
    // In the table's order.
    for part in parts.iter().filter(|part| needed.iter().any(|known| std::ptr::eq(*known, *part))) {
        definition.push_str(", ");
        definition.push_str(&part.worked_out());
    }
    definition.push_str(") ENGINE=InnoDB");
    let before_texts = options.split('\'').next().unwrap_or_default();
    for word in before_texts.split_whitespace() {
        if word.starts_with("CHARSET=") || word.starts_with("COLLATE=") {
            definition.push(' ');
            definition.push_str(word);
        }
    }
    let columns = needed.iter().map(|part| part.column.name.clone()).collect();
    Ok(Some(GeneratedKey { columns, definition, number }))
}

impl Part<'_> {
    /// The tokens of the expression in its parentheses; empty for a column that is stored as it comes.
    fn expression(&self) -> std::ops::Range<usize> {
        let tokens = &self.tokens;
        let open =
            tokens.find(0, tokens.len(), |at| tokens.is_word(at, "AS") && tokens.is_op(at + 1, "(")) + 1;
        if open >= tokens.len() || !self.column.generated {
            return 0..0;
        }
        open..tokens.close(open) + 1
    }

    fn reads(&self, name: &str) -> bool {
        let is_it = |at: usize| {
            // Servers quote all names of columns there.
            self.tokens.kind(at) == TokenKind::QuotedIdent
                && self.tokens.name(at).is_some_and(|word| word.eq_ignore_ascii_case(name))
        };
        self.expression().any(is_it)
    }

    /// Errors: why another session, or a statement that does not say so, could give the column another value.
    fn check(&self) -> Result<(), String> {
        let (tokens, name) = (&self.tokens, &self.column.name);
        if matches!(self.column.data_type, ColumnType::Timestamp { .. }) {
            return Err(format!(
                "'{name}' is a TIMESTAMP, which depends on the session's time zone; use DATETIME"
            ));
        }
        if self.column.generated {
            let expression = self.expression();
            if expression.is_empty() {
                return Err(format!("the expression of '{name}' cannot be read"));
            }
            for at in expression {
                if tokens.is_op(at, "/") {
                    return Err("the digits of a / depend on div_precision_increment; use DIV".into());
                }
                if let Some(word) = UNSTABLE.iter().find(|word| tokens.is_word(at, word)) {
                    return Err(format!("{word} depends on the session's variables"));
                }
            }
            return Ok(());
        }
        if self.column.auto_increment {
            return Err(format!("it reads AUTO_INCREMENT column '{name}'"));
        }
        if (0..tokens.len()).any(|at| tokens.are_words(at, &["ON", "UPDATE"])) {
            return Err(format!("'{name}' has ON UPDATE: each UPDATE would move the row"));
        }
        let is_now = |at: usize| tokens.is_any_word(at + 1, &["CURRENT_TIMESTAMP", "NOW"]);
        let mut words = 0..tokens.len();
        match self.column.default {
            ColumnDefault::Expression if !words.any(|at| tokens.is_word(at, "DEFAULT") && is_now(at)) => {
                Err(format!("the DEFAULT of '{name}' is an expression"))
            }
            _ => Ok(()),
        }
    }

    /// The column in the table that works the others out: stored, so that the server asks for an expression that has one value, and without a CHECK,
    /// which is for the row where it belongs.
    fn worked_out(&self) -> String {
        let tokens = &self.tokens;
        let line = String::from_utf8_lossy(tokens.text);
        let behind = self.expression().end;
        if behind > 0 && tokens.is_word(behind, "VIRTUAL") {
            let (start, end) = (tokens.start(behind), tokens.end(behind));
            let part = |range: std::ops::Range<usize>| line.get(range).unwrap_or_default().to_owned();
            return part(0..start) + "STORED" + &part(end..line.len());
        }
        let check =
            tokens.find(0, tokens.len(), |at| tokens.is_word(at, "CHECK") && tokens.is_op(at + 1, "("));
        match check < tokens.len() {
            true => {
                let behind = tokens.end(tokens.close(check + 1));
                let part = |range: std::ops::Range<usize>| line.get(range).unwrap_or_default().trim();
                format!("{} {}", part(0..tokens.start(check)), part(behind..line.len())).trim_end().to_owned()
            }
            false => line.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
