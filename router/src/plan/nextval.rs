//! `s.NEXTVAL`: where a statement asks for values of sequences, and where they can be put in exactly.
//!
//! A value is taken once for each place in the text, before the statement runs. So it stands only where a server would evaluate it once:
//! in the rows of INSERT and REPLACE, and in the select list of a query without tables.

use std::ops::Range;
use std::sync::Arc;

use ostrakon_catalog::column::ColumnType;
use ostrakon_catalog::schema::SequenceKind;

use super::layout::Layout;
use super::special::Special;
use super::text::{Edit, Piece, text};
use super::tokens::Tokens;
use super::{Request, SequenceName};
use crate::RouterError;
use crate::lexer::TokenKind;
use crate::parse::command::{Command, NextColumn};
use crate::sharding::topology::quote;

/// One place: tokens from the first name to NEXTVAL.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    pub tokens: Range<usize>,
    pub database: Option<String>,
    pub sequence: String,
}

impl Next {
    /// The place whose word NEXTVAL is the token `at`; `None` when that is no such place.
    pub fn at(tokens: &Tokens<'_>, at: usize) -> Option<Self> {
        let name_before = |dot: usize| {
            let name = dot.checked_sub(1).filter(|_| tokens.is_op(dot, "."))?;
            Some((name, tokens.name(name)?))
        };
        let (first, sequence) = name_before(at.checked_sub(1)?)?;
        let qualifier = first.checked_sub(1).and_then(name_before);
        let (start, database) = match qualifier {
            Some((start, database)) => (start, Some(database)),
            None => (first, None),
        };
        Some(Self { tokens: start..at + 1, database, sequence })
    }

    /// DRDS's name of the column: the sequence and NEXTVAL, in capital letters.
    fn label(&self) -> String {
        format!("{}.NEXTVAL", self.sequence.to_uppercase())
    }

    fn is(&self, range: &Range<usize>) -> bool {
        self.tokens == *range
    }
}

/// A SELECT of nothing but NEXTVALs, which needs no server: `SELECT [db.]s.NEXTVAL [[AS] a], ... [FROM DUAL] [WHERE COUNT = n]`.
pub(crate) fn values_only(tokens: &Tokens<'_>) -> Option<Command> {
    let end = tokens.len();
    if !tokens.is_word(0, "SELECT") {
        return None;
    }
    let tail = tokens.find(1, end, |at| tokens.is_any_word(at, &["FROM", "WHERE"]));
    let mut columns = Vec::new();
    for item in tokens.split(1, tail) {
        let last = (item.start..item.end).find(|at| is_nextval(tokens, *at))?;
        let next = Next::at(tokens, last).filter(|next| next.tokens.start == item.start)?;
        let label = match item.end - (last + 1) {
            0 => next.label(),
            1 if !tokens.is_word(last + 1, "AS") => tokens.name(last + 1)?,
            2 if tokens.is_word(last + 1, "AS") => tokens.name(last + 2)?,
            _ => return None,
        };
        columns.push(NextColumn { database: next.database, sequence: next.sequence, label });
    }
    let mut at = tail;
    if tokens.are_words(at, &["FROM", "DUAL"]) {
        at += 2;
    }
    let mut count = 1;
    if tokens.are_words(at, &["WHERE", "COUNT"])
        && tokens.is_op(at + 2, "=")
        && tokens.kind(at + 3) == TokenKind::Integer
    {
        count = std::str::from_utf8(tokens.bytes(at + 3)).ok()?.parse().ok()?;
        at += 4;
    }
    (at == end).then_some(Command::NextValues { columns, count })
}

/// True for the word NEXTVAL behind a name.
pub(crate) fn is_nextval(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.kind(at) == TokenKind::Word
        && tokens.bytes(at).eq_ignore_ascii_case(b"NEXTVAL")
        && at > 1
        && tokens.is_op(at - 1, ".")
        && !tokens.is_op(at + 1, "(")
}

/// The sequences that are asked for, in the order of their places.
///
/// Errors: 1046 without a database, 4091 for one that is not there.
pub(crate) fn bind(request: &Request<'_>, nexts: &[Next]) -> Result<Vec<SequenceName>, RouterError> {
    let mut bound: Vec<SequenceName> = Vec::with_capacity(nexts.len());
    for next in nexts {
        let database = match &next.database {
            Some(database) => database.as_str(),
            None => request.database.ok_or_else(RouterError::no_database)?,
        };
        if let Some(same) = bound.last().filter(|(d, s)| **d == *database && **s == *next.sequence) {
            let same = same.clone();
            bound.push(same);
            continue;
        }
        if request.catalog.database(database).is_none() {
            return Err(RouterError::unknown_database(database));
        }
        if request.catalog.sequence(database, &next.sequence).is_none() {
            return Err(unknown(database, &next.sequence));
        }
        bound.push((Arc::from(database), Arc::from(next.sequence.as_str())));
    }
    Ok(bound)
}

/// ER_UNKNOWN_SEQUENCES 4091, MariaDB's.
pub fn unknown(database: &str, sequence: &str) -> RouterError {
    RouterError::new(4091, "42S02", format!("Unknown SEQUENCE: '{database}.{sequence}'"))
}

/// Errors: 1235 when the statement asks for a value in such a place.
pub(crate) fn refuse(special: &Special, place: &str) -> Result<(), RouterError> {
    match special.nexts.first() {
        None => Ok(()),
        Some(next) => Err(RouterError::not_supported(format_args!(
            "{}.NEXTVAL in {place}; take the value with SELECT {0}.NEXTVAL first",
            next.sequence
        ))),
    }
}

/// Values in the select list of a query: each place gets its value, and an item that is nothing else gets DRDS's label.
///
/// Errors: 1235 where a value for each row would be needed, or where it is not sure that none is.
pub(crate) fn in_query(tokens: &Tokens<'_>, special: &mut Special) -> Result<(), RouterError> {
    if special.nexts.is_empty() {
        return Ok(());
    }
    let selects = (0..tokens.len())
        .filter(|at| tokens.is_any_word(*at, &["SELECT", "VALUES", "TABLE", "WITH"]))
        .count();
    if selects != 1 || !tokens.is_word(0, "SELECT") {
        return refuse(special, "a subquery, UNION or WITH");
    }
    let layout = Layout::new(tokens, 0);
    let from = tokens.find(1, tokens.len(), |at| tokens.is_word(at, "FROM"));
    if from < tokens.len() && !tokens.is_word(from + 1, "DUAL") {
        return refuse(special, "a query on tables");
    }
    if tokens.find(1, tokens.len(), |at| tokens.is_word(at, "WHERE")) < tokens.len() {
        return refuse(special, "a query with WHERE (but WHERE COUNT = n, when all columns are NEXTVAL)");
    }
    for (index, next) in special.nexts.iter().enumerate() {
        let (first, last) = (next.tokens.start, next.tokens.end - 1);
        let holder = layout.items.iter().find(|item| item.start <= first && last < item.end);
        let Some(item) = holder else { return refuse(special, "a clause behind the select list") };
        let mut pieces = vec![Piece::Next { index, typed: true }];
        if next.is(item) {
            pieces.push(text(format!(" AS {}", quote(&next.label()))));
        }
        special.edits.push(Edit::new(tokens.start(first)..tokens.end(last), pieces));
    }
    Ok(())
}

/// Values in the rows of an INSERT: token ranges of the rows.
///
/// Errors: 1235 for a place behind the rows, which a server evaluates for each of them.
pub(crate) fn in_rows(
    tokens: &Tokens<'_>,
    special: &mut Special,
    rows: &[Range<usize>],
) -> Result<(), RouterError> {
    for (index, next) in special.nexts.iter().enumerate() {
        let (first, last) = (next.tokens.start, next.tokens.end - 1);
        if !rows.iter().any(|row| row.start <= first && last < row.end) {
            return refuse(special, "this place of an INSERT");
        }
        let piece = Piece::Next { index, typed: false };
        special.edits.push(Edit::new(tokens.start(first)..tokens.end(last), vec![piece]));
    }
    Ok(())
}

/// TIME values need 63 bits.
///
/// Errors: 1235 for a TIME sequence and a column that is not BIGINT.
pub(crate) fn check_column(
    request: &Request<'_>,
    name: &SequenceName,
    column: &str,
    data_type: &ColumnType,
) -> Result<(), RouterError> {
    let is_time = request.catalog.sequence(&name.0, &name.1).is_some_and(|s| s.kind == SequenceKind::Time);
    if is_time && !matches!(data_type, ColumnType::BigInt { .. }) {
        return Err(RouterError::not_supported(format_args!(
            "a value of TIME sequence '{}' for column '{column}', which is not BIGINT",
            name.1
        )));
    }
    Ok(())
}
