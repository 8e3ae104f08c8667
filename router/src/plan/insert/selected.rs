//! Columns of the query that ON DUPLICATE KEY UPDATE of an INSERT ... SELECT reads: the query gives them too, behind what is inserted, and a
//! literal stands in the place of each.

use std::ops::Range;

use ostrakon_catalog::column::ColumnType;

use super::layout::{Layout, assigned_at};
use super::update_assignments;
use crate::RouterError;
use crate::lexer::TokenKind;
use crate::plan::Request;
use crate::plan::bind::{Binder, Reference, Scope};
use crate::plan::keys::has_aggregate;
use crate::plan::tokens::Tokens;
use crate::plan::tree::{Body, Item, Query, Select};
use crate::plan::unresolved::{derived, has_column};

/// How a column is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// It is all that is assigned to a column of this type.
    Whole(ColumnType),
    /// It is part of an expression. `compared`: with values of this kind.
    Part { compared: Option<Comparable> },
}

/// Values that compare as literals as they compare as columns. (Of a text the collation decides, and a number beside a date is another thing as a literal.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparable {
    Number,
    Date,
    DateTime,
    Time,
}

/// A column that is read.
pub(super) struct Selected {
    /// Its tokens.
    pub tokens: Range<usize>,
    pub reading: Reading,
}

/// What may stand beside such a column: nothing whose result has another type where it is a literal.
const CALLS: &[&str] = &[
    "VALUES",
    "VALUE",
    "IF",
    "IFNULL",
    "COALESCE",
    "CONCAT",
    "LEFT",
    "RIGHT",
    "CHAR_LENGTH",
    "ABS",
    "FLOOR",
    "CEIL",
    "CEILING",
    "SIGN",
    "MOD",
    "NULLIF",
    "GREATEST",
    "LEAST",
];
const WORDS: &[&str] = &[
    "AND", "OR", "XOR", "NOT", "IS", "NULL", "TRUE", "FALSE", "CASE", "WHEN", "THEN", "ELSE", "END", "DIV",
    "MOD", "BETWEEN",
];
const COMPARISONS: &[&str] = &["=", "<=>", "<>", "!=", "<", "<=", ">", ">="];
/// What compares and is no operator between two operands.
const COMPARING: &[&str] = &["NULLIF", "GREATEST", "LEAST", "BETWEEN"];

/// The columns that are read, in the order of the text; inside, why they cannot be.
///
/// Errors: 1052 for a column that the table and the query's tables have.
pub(super) fn find(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    layout: &Layout,
    target: &Reference,
    binder: &Binder<'_>,
    query: Option<(&Query, usize)>,
) -> Result<Result<Vec<Selected>, String>, RouterError> {
    let mut found = Vec::new();
    let plain = query.and_then(|(query, scope)| match &query.body {
        Body::Select(select) => Some(Plain { query, select, scope: binder.scopes.get(scope)? }),
        _ => None,
    });
    let finder = Finder { mariadb: request.mode.server.mariadb, tokens, target, binder, plain };
    for part in update_assignments(tokens, layout) {
        let equals = assigned_at(tokens, &part);
        let value = equals + 1..part.end;
        let mentions = finder.mentions(&value)?;
        let names: Vec<&Range<usize>> = mentions.iter().filter(|m| m.selected).map(|m| &m.tokens).collect();
        let [first, ..] = names.as_slice() else { continue };
        let text = |range: &Range<usize>| {
            let bytes = tokens.text.get(tokens.start(range.start)..tokens.end(range.end - 1));
            String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
        };
        if let Err(why) = finder.can_give() {
            return Ok(Err(format!(
                "with the selected column '{}' in ON DUPLICATE KEY UPDATE{why}; use VALUES(column)",
                text(first)
            )));
        }
        let assigned = equals.checked_sub(1).and_then(|at| tokens.name(at)).unwrap_or_default();
        let readings = match (target.table.column(&assigned), **first == value) {
            (Some((_, column)), true) => Ok(vec![Reading::Whole(column.data_type.clone())]),
            _ => finder.readings(&value, &mentions),
        };
        match readings {
            Ok(readings) => found.extend(
                names
                    .iter()
                    .zip(readings)
                    .map(|(name, reading)| Selected { tokens: (*name).clone(), reading }),
            ),
            Err(why) => {
                return Ok(Err(format!(
                    "with the selected column '{}' in ON DUPLICATE KEY UPDATE {why}; use VALUES(column)",
                    text(first)
                )));
            }
        }
    }
    Ok(Ok(found))
}

/// A column that an expression names.
struct Mention {
    tokens: Range<usize>,
    /// It is the query's.
    selected: bool,
    /// Type of the target's column.
    data_type: Option<ColumnType>,
}

impl Mention {
    fn comparable(&self) -> Option<Comparable> {
        match self.data_type.as_ref()? {
            ColumnType::Decimal { .. } | ColumnType::Float | ColumnType::Double => Some(Comparable::Number),
            integer if integer.is_integer() => Some(Comparable::Number),
            ColumnType::Date => Some(Comparable::Date),
            ColumnType::DateTime { .. } => Some(Comparable::DateTime),
            ColumnType::Time { .. } => Some(Comparable::Time),
            _ => None,
        }
    }
}

struct Finder<'f> {
    mariadb: bool,
    tokens: &'f Tokens<'f>,
    target: &'f Reference,
    binder: &'f Binder<'f>,
    plain: Option<Plain<'f>>,
}

/// A query that is one SELECT.
struct Plain<'f> {
    query: &'f Query,
    select: &'f Select,
    scope: &'f Scope,
}

impl Finder<'_> {
    /// The columns that a value names. Of words that are neither the target's columns nor known to be the query's the server says what they are.
    fn mentions(&self, value: &Range<usize>) -> Result<Vec<Mention>, RouterError> {
        let tokens = self.tokens;
        let mut found = Vec::new();
        let mut at = value.start;
        while at < value.end {
            let is_values = tokens.is_any_word(at, &["VALUES", "VALUE"]) && tokens.is_op(at + 1, "(");
            let inner = if is_values { at + 2 } else { at };
            let mut names: Vec<String> = tokens.name(inner).into_iter().collect();
            let mut end = inner + 1;
            while !names.is_empty() && tokens.is_op(end, ".") {
                names.extend(tokens.name(end + 1));
                end += 2;
            }
            // A text behind a word is a literal: DATE'2024-01-01'.
            let is_call = !is_values && (tokens.is_op(end, "(") || tokens.kind(end) == TokenKind::String);
            let is_word = names.len() == 1 && !is_values && tokens.is_any_word(inner, WORDS);
            let Some(name) = names.last().filter(|_| !is_call && !is_word) else {
                at += 1;
                continue;
            };
            let column = self.target.table.column(name).map(|(_, column)| column);
            let own = is_values || self.is_own(&names);
            if own && !is_values && column.is_some() && self.can_give().is_ok() && self.has_too(&names) {
                let place = if self.mariadb { "UPDATE" } else { "field list" };
                let message = format!("Column '{}' in {place} is ambiguous", names.join("."));
                return Err(RouterError::new(1052, "23000", message));
            }
            let end = if is_values { tokens.close(at + 1) + 1 } else { end };
            let selected = !own && (names.len() > 1 || self.gives(name));
            if own || selected {
                let data_type = column.filter(|_| own).map(|column| column.data_type.clone());
                found.push(Mention { tokens: at..end, selected, data_type });
            }
            at = end;
        }
        Ok(found)
    }

    /// The name means the target's column.
    fn is_own(&self, names: &[String]) -> bool {
        let target = self.target;
        match names {
            [name] => target.table.column(name).is_some(),
            [table, _] => *table == target.table.name,
            [database, table, _] => *database == target.database.name && *table == target.table.name,
            _ => false,
        }
    }

    /// The query's tables have a column that is named like this one of the target's.
    fn has_too(&self, names: &[String]) -> bool {
        let (Some(plain), Some(name)) = (&self.plain, names.last()) else { return false };
        plain.scope.entries.iter().any(|entry| {
            let named = match names {
                [_] => true,
                [table, _] => entry.name == *table,
                _ => false,
            };
            let reference = entry.reference.and_then(|index| self.binder.references.get(index));
            named
                && match reference {
                    Some(reference) => reference.table.column(name).is_some(),
                    None => self.derives(plain, &entry.name, name) == Some(true),
                }
        })
    }

    /// Whether the derived table gives a column of that name; `None` where its text does not tell.
    fn derives(&self, plain: &Plain<'_>, table: &str, column: &str) -> Option<bool> {
        has_column(derived(&plain.select.from, table)?, column)
    }

    /// One of the query's tables has the column, or a derived table has it, or may have it from a table inside.
    fn gives(&self, name: &str) -> bool {
        let is_somewhere = || {
            let mut others = self.binder.references.iter().filter(|other| other.span != self.target.span);
            others.any(|other| other.table.column(name).is_some())
        };
        let Some(plain) = &self.plain else { return is_somewhere() };
        plain.scope.entries.iter().any(|entry| match entry.reference {
            Some(index) => {
                self.binder.references.get(index).is_some_and(|found| found.table.column(name).is_some())
            }
            None => self.derives(plain, &entry.name, name).unwrap_or_else(is_somewhere),
        })
    }

    /// Whether the query can give a column more.
    ///
    /// Errors: why not. Where it groups, or is a UNION, a server knows no such column either.
    fn can_give(&self) -> Result<(), &'static str> {
        let Some(Plain { query, select, .. }) = &self.plain else {
            return Err(" of a query that is not one plain SELECT");
        };
        if select.distinct {
            return Err(" of a query with DISTINCT");
        }
        let items = select.items.iter().filter_map(|item| match item {
            Item::Expr { expr, .. } => Some(expr),
            _ => None,
        });
        let mut all = items.chain(&select.having).chain(&query.order_by);
        if !select.group_by.is_empty() || select.rollup || all.any(has_aggregate) {
            return Err(" of a query with GROUP BY or aggregates");
        }
        if select.from.is_empty() || select.odd || query.odd {
            return Err(" of this query");
        }
        Ok(())
    }

    /// How the query's columns are read in an expression.
    ///
    /// Errors: why a literal could mean something else than the column.
    fn readings(&self, value: &Range<usize>, mentions: &[Mention]) -> Result<Vec<Reading>, String> {
        let tokens = self.tokens;
        let named = |at: usize| mentions.iter().any(|mention| mention.tokens.contains(&at));
        for at in value.clone().filter(|at| !named(*at)) {
            let is_known = match tokens.kind(at) {
                TokenKind::Word if tokens.is_op(at + 1, "(") => {
                    tokens.is_any_word(at, CALLS) || is_word(tokens, at)
                }
                TokenKind::Word => is_word(tokens, at),
                TokenKind::Op => {
                    let ops = ["(", ")", ",", "+", "-", "*", "/", "%"];
                    ops.iter().chain(COMPARISONS).any(|op| tokens.is_op(at, op))
                }
                TokenKind::Integer | TokenKind::Decimal | TokenKind::Float => true,
                TokenKind::String | TokenKind::Parameter => true,
                _ => false,
            };
            if !is_known {
                let word = String::from_utf8_lossy(tokens.bytes(at));
                return Err(format!("beside '{word}'"));
            }
        }
        let compares = |at: usize| COMPARISONS.iter().any(|op| tokens.is_op(at, op));
        let is_simple = |at: usize| self.pair(at, value, mentions).is_some();
        let selects_case = |at: usize| tokens.is_word(at, "CASE") && !tokens.is_word(at + 1, "WHEN");
        let is_odd = value.clone().any(|at| {
            !named(at)
                && (tokens.is_any_word(at, COMPARING) || selects_case(at) || compares(at) && !is_simple(at))
        });
        // What all is, where it is not known which of it meets which.
        let all = if is_odd { Some(self.kind_of_all(value, mentions)?) } else { None };
        let mut readings = Vec::new();
        for mention in mentions.iter().filter(|mention| mention.selected) {
            let mut compared = all;
            for at in value.clone().filter(|at| !named(*at) && compares(*at)) {
                let Some((left, right)) = self.pair(at, value, mentions) else { continue };
                let other = match (left.start == mention.tokens.start, right.start == mention.tokens.start) {
                    (true, _) => right,
                    (_, true) => left,
                    _ => continue,
                };
                let other = self.kind_of_all(&other, mentions)?;
                if compared.is_some_and(|kind| kind != other) {
                    return Err("compared with values of several kinds".into());
                }
                compared = Some(other);
            }
            readings.push(Reading::Part { compared });
        }
        Ok(readings)
    }

    /// The operands of the comparison at a token, if each is a column or a literal and nothing more.
    fn pair(
        &self,
        at: usize,
        value: &Range<usize>,
        mentions: &[Mention],
    ) -> Option<(Range<usize>, Range<usize>)> {
        let tokens = self.tokens;
        let ending = |end: usize| {
            let named = mentions.iter().find(|mention| mention.tokens.end == end);
            named.map_or(end.saturating_sub(1)..end, |mention| mention.tokens.clone())
        };
        let starting = |start: usize| {
            let named = mentions.iter().find(|mention| mention.tokens.start == start);
            named.map_or(start..start + 1, |mention| mention.tokens.clone())
        };
        let (left, right) = (ending(at), starting(at + 1));
        let is_operand = |range: &Range<usize>| {
            let is_mention = mentions.iter().any(|mention| mention.tokens == *range);
            let literal = [
                TokenKind::Integer,
                TokenKind::Decimal,
                TokenKind::Float,
                TokenKind::String,
                TokenKind::Parameter,
            ];
            is_mention || literal.contains(&tokens.kind(range.start))
        };
        let opens = |at: usize| {
            tokens.is_op(at, "(")
                || tokens.is_op(at, ",")
                || tokens.is_any_word(at, &["AND", "OR", "XOR", "WHEN", "NOT"])
        };
        let closes = |at: usize| {
            tokens.is_op(at, ")")
                || tokens.is_op(at, ",")
                || tokens.is_any_word(at, &["AND", "OR", "XOR", "THEN"])
        };
        let begins = left.start == value.start || left.start > value.start && opens(left.start - 1);
        let ends = right.end == value.end || right.end < value.end && closes(right.end);
        (left.start >= value.start && begins && ends && is_operand(&left) && is_operand(&right))
            .then_some((left, right))
    }

    /// What kind all columns and literals of a piece are; of the query's columns that is seen when they are there.
    fn kind_of_all(&self, piece: &Range<usize>, mentions: &[Mention]) -> Result<Comparable, String> {
        let inside =
            |mention: &&Mention| piece.start <= mention.tokens.start && mention.tokens.end <= piece.end;
        let mut kind = None;
        for mention in mentions.iter().filter(inside).filter(|mention| !mention.selected) {
            let one = mention.comparable().ok_or("compared with what is neither a number nor a date")?;
            if kind.is_some_and(|kind| kind != one) {
                return Err("compared with values of several kinds".into());
            }
            kind = Some(one);
        }
        let literals = |at: usize| !mentions.iter().any(|mention| mention.tokens.contains(&at));
        for at in piece.clone().filter(|at| literals(*at)) {
            let is_number =
                matches!(self.tokens.kind(at), TokenKind::Integer | TokenKind::Decimal | TokenKind::Float);
            if matches!(self.tokens.kind(at), TokenKind::String | TokenKind::Parameter) {
                return Err("compared with a literal that is no number".into());
            }
            if is_number && kind.is_some_and(|kind| kind != Comparable::Number) {
                return Err("compared with values of several kinds".into());
            }
            if is_number {
                kind = Some(Comparable::Number);
            }
        }
        Ok(kind.unwrap_or(Comparable::Number))
    }
}

fn is_word(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.is_any_word(at, WORDS)
}
