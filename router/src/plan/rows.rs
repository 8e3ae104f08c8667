//! INSERT's rows at run time: AUTO_INCREMENT values filled in, each row to its physical table, its own text kept.

use std::ops::Range;

use super::bind::Reference;
use super::insert::generated::GeneratedKeys;
use super::text::{Cutter, Piece, push};
use super::tokens::Tokens;
use super::values::{Operand, Values};
use super::{Arguments, Combine, Execution, ParamSource, PhysicalStatement, SessionFunction};
use crate::RouterError;
use crate::lexer::{HoleKind, SqlMode, literal_value};
use crate::value::Value;

/// A value that decides placement or AUTO_INCREMENT.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Value(Operand),
    Default,
    Session(SessionFunction),
    /// The value of a sequence, by its place in the statement.
    Next(usize),
    /// The row's AUTO_INCREMENT value.
    Auto,
    /// A generated column's, by its place among those that place a row.
    Generated(usize),
}

/// The AUTO_INCREMENT value of a row.
#[derive(Clone, Debug)]
pub(crate) struct AutoValue {
    pub cell: Cell,
    /// Tokens of the value; `None` when the statement does not name the column.
    pub tokens: Option<Range<usize>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub keys: Vec<Cell>,
    pub auto: Option<AutoValue>,
    /// The row's text.
    pub pieces: Vec<Piece>,
    /// Where the generated value stands: pieces before it, and how many of the following it replaces.
    pub auto_at: Option<(usize, usize)>,
}

impl Row {
    /// Cuts the row's text at its AUTO_INCREMENT value. `assigned`: the column's quoted name in the form with SET, where the
    /// value is added as an assignment.
    pub fn cut(
        mut self,
        tokens: &Tokens<'_>,
        cutter: &Cutter<'_>,
        range: &Range<usize>,
        assigned: Option<&str>,
    ) -> Self {
        let start = tokens.start(range.start);
        let end = tokens.end(range.end.saturating_sub(1));
        let Some(auto) = &self.auto else {
            self.pieces = cutter.range(start, end);
            return self;
        };
        match &auto.tokens {
            Some(value) => {
                let (from, to) = (tokens.start(value.start), tokens.end(value.end.saturating_sub(1)));
                self.pieces = cutter.range(start, from);
                let before = self.pieces.len();
                self.pieces.extend(cutter.range(from, to));
                self.auto_at = Some((before, self.pieces.len() - before));
                self.pieces.extend(cutter.range(to, end));
            }
            None => {
                // The value goes last: before the closing parenthesis, or as one more assignment.
                let at = if assigned.is_some() { end } else { tokens.start(range.end.saturating_sub(1)) };
                let empty = assigned.is_none() && tokens.is_op(range.end.saturating_sub(2), "(");
                self.pieces = cutter.range(start, at);
                if !empty {
                    let lead = assigned.map_or(", ".to_owned(), |name| format!(", {name} = "));
                    self.pieces.push(Piece::Text(lead.into()));
                }
                self.auto_at = Some((self.pieces.len(), 0));
                self.pieces.extend(cutter.range(at, end));
            }
        }
        self
    }
}

/// The body of an INSERT whose rows are placed one by one, or go to every copy.
#[derive(Debug)]
pub(crate) struct Rows {
    pub mode: SqlMode,
    pub groups: usize,
    /// Generated columns place the rows.
    pub generated: Option<GeneratedKeys>,
    pub reference: Reference,
    /// A broadcast table: all rows to every group.
    pub everywhere: bool,
    /// Where several physical tables are needed each row is a statement of its own.
    pub one_by_one: bool,
    pub head: Vec<Piece>,
    pub rows: Vec<Row>,
    pub tail: Vec<Piece>,
    /// INSERT IGNORE.
    pub ignores: bool,
}

/// Up to so many rows of an INSERT IGNORE over several physical tables have a statement each.
const APART_ROWS: usize = 16;

/// What an AUTO_INCREMENT column is given.
enum Given {
    Generate,
    Explicit(i128),
}

impl Rows {
    /// How many AUTO_INCREMENT values the rows need.
    ///
    /// Errors: 1235 for a value that is not a number.
    pub fn sequence_values(&self, arguments: &Arguments<'_>) -> Result<usize, RouterError> {
        let values = self.values(arguments);
        let mut count = 0;
        for row in &self.rows {
            if let Some(auto) = &row.auto
                && matches!(self.given(auto, &values, arguments)?, Given::Generate)
            {
                count += 1;
            }
        }
        Ok(count)
    }

    fn values<'v>(&self, arguments: &Arguments<'v>) -> Values<'v> {
        Values { text: arguments.text, holes: arguments.holes, params: arguments.params, mode: self.mode }
    }

    /// Errors: those of placing a row; 1235 when more than one physical table is needed and that is not possible.
    pub fn route(
        &self,
        combine: &Combine,
        arguments: &Arguments<'_>,
        out: &mut Execution,
    ) -> Result<(), RouterError> {
        let values = self.values(arguments);
        let mut generated = arguments.generated.iter().copied();
        // (physical table, row, generated value)
        let mut placed = Vec::with_capacity(self.rows.len());
        for (index, row) in self.rows.iter().enumerate() {
            let given = row.auto.as_ref().map(|auto| self.given(auto, &values, arguments)).transpose()?;
            let (number, fresh) = match given {
                None => (None, None),
                Some(Given::Generate) => {
                    let value = generated.next();
                    out.first_generated = out.first_generated.or(value);
                    (value, value)
                }
                Some(Given::Explicit(number)) => {
                    out.largest_explicit = out.largest_explicit.max(u64::try_from(number).ok());
                    // A negative one is answered as the bits that it has.
                    let bits = u64::try_from(number).ok();
                    let bits = bits.or(i64::try_from(number).ok().map(|number| number as u64));
                    out.last_explicit = bits.or(out.last_explicit);
                    (None, None)
                }
            };
            let shard =
                if self.everywhere { 0 } else { self.place((index, row), number, &values, arguments)? };
            placed.push((shard, index, fresh));
        }
        if self.everywhere {
            for group in 0..self.groups {
                self.statement(&placed, (group, group), arguments, out);
            }
            return Ok(());
        }
        placed.sort_by_key(|(shard, index, _)| (*shard, *index));
        let one_table = placed.windows(2).all(|pair| matches!(pair, [a, b] if a.0 == b.0));
        let parts = placed.chunk_by(|a, b| a.0 == b.0 && (one_table || !self.one_by_one));
        if let Combine::Never(reason) = combine
            && parts.clone().count() > 1
        {
            return Err(RouterError::not_supported(format_args!(
                "{reason} over more than one physical table"
            )));
        }
        let several = parts.clone().nth(1).is_some();
        // A duplicate that is left out warns without its row's number: one row a statement tells it.
        let each = several && self.ignores && self.rows.len() <= APART_ROWS;
        for part in parts.flat_map(|part| part.chunks(if each { 1 } else { part.len() })) {
            if several {
                out.row_numbers.push(part.iter().map(|(_, row, _)| *row).collect());
            }
            let shard = part.first().map_or(0, |(shard, ..)| *shard);
            let group = self.reference.placer.topology().get(shard).map_or(0, |table| table.group);
            self.statement(part, (group, shard), arguments, out);
        }
        Ok(())
    }

    fn given(
        &self,
        auto: &AutoValue,
        values: &Values<'_>,
        arguments: &Arguments<'_>,
    ) -> Result<Given, RouterError> {
        let unknown = || {
            RouterError::not_supported(format_args!(
                "this AUTO_INCREMENT value for table '{}'; give a number",
                self.reference.table.name
            ))
        };
        let literal;
        let value = match &auto.cell {
            Cell::Default | Cell::Auto | Cell::Generated(_) => return Ok(Given::Generate),
            Cell::Value(operand) => values.get(*operand).ok_or_else(unknown)?,
            Cell::Session(function) => {
                literal = arguments.session.literal(*function);
                literal_of(&literal, self.mode)?
            }
            Cell::Next(index) => Value::UInt(arguments.nextvals.get(*index).copied().ok_or_else(unknown)?),
        };
        let number = match value {
            Value::Null | Value::Default => return Ok(Given::Generate),
            Value::Int(number) => i128::from(number),
            Value::UInt(number) => i128::from(number),
            Value::Double(number) if number.is_finite() => number.round() as i128,
            Value::Decimal(text) => rounded(&text).ok_or_else(unknown)?,
            Value::Text(bytes) => std::str::from_utf8(&bytes).ok().and_then(rounded).ok_or_else(unknown)?,
            _ => return Err(unknown()),
        };
        if number == 0 && !self.mode.no_auto_value_on_zero {
            return Ok(Given::Generate);
        }
        Ok(Given::Explicit(number))
    }

    fn place(
        &self,
        (index, row): (usize, &Row),
        number: Option<u64>,
        values: &Values<'_>,
        arguments: &Arguments<'_>,
    ) -> Result<usize, RouterError> {
        if self.reference.placer.topology().len() == 1 {
            return Ok(0);
        }
        let auto = row.auto.as_ref().map(|auto| &auto.cell);
        let literals: Vec<String> = row.keys.iter().map(|cell| session_text(cell, auto, arguments)).collect();
        let mut keys = Vec::with_capacity(row.keys.len());
        for (cell, literal) in row.keys.iter().zip(&literals) {
            let cell = match (cell, auto) {
                (Cell::Auto, _) if number.is_some() => {
                    keys.push(number.map_or(Value::Null, Value::UInt));
                    continue;
                }
                (Cell::Auto, Some(explicit)) => explicit,
                (cell, _) => cell,
            };
            keys.push(match cell {
                Cell::Value(operand) => values.get(*operand).ok_or_else(|| {
                    RouterError::not_supported("this value of a shard key; give a literal or a parameter")
                })?,
                Cell::Default | Cell::Auto => Value::Default,
                Cell::Generated(at) => {
                    let worked_out = arguments.keys.get(index).and_then(|row| row.get(*at));
                    worked_out.cloned().ok_or_else(|| {
                        RouterError::not_supported(
                            "a row of a table that is sharded by a generated column here",
                        )
                    })?
                }
                Cell::Session(_) => literal_of(literal, self.mode)?,
                Cell::Next(index) => arguments.nextvals.get(*index).map_or(Value::Null, |n| Value::UInt(*n)),
            });
        }
        let borrowed: Vec<&Value<'_>> = keys.iter().collect();
        self.reference.placer.place_row(&borrowed)
    }

    fn statement(
        &self,
        rows: &[(usize, usize, Option<u64>)],
        target: (usize, usize),
        arguments: &Arguments<'_>,
        out: &mut Execution,
    ) {
        let (text_from, params_from) = (out.buffer.len(), out.params.len());
        let index_of = |_: usize| target.1;
        let references = std::slice::from_ref(&self.reference);
        let add = |pieces: &[Piece], out: &mut Execution| {
            pieces.iter().for_each(|piece| push(piece, arguments, self.mode, references, &index_of, out));
        };
        add(&self.head, out);
        for (position, (_, index, fresh)) in rows.iter().enumerate() {
            let Some(row) = self.rows.get(*index) else { continue };
            if position > 0 {
                out.buffer.extend_from_slice(b", ");
            }
            match (row.auto_at, fresh) {
                (Some((before, replaced)), Some(value)) => {
                    add(row.pieces.get(..before).unwrap_or_default(), out);
                    self.generated(row, *value, arguments, out);
                    add(row.pieces.get(before + replaced..).unwrap_or_default(), out);
                }
                _ => add(&row.pieces, out),
            }
        }
        add(&self.tail, out);
        out.statements.push(PhysicalStatement {
            group: target.0,
            shard: target.1,
            text: text_from..out.buffer.len(),
            params: params_from..out.params.len(),
        });
    }

    /// A generated value: in a parameter's place as a parameter, so that a prepared statement's text stays the same.
    fn generated(&self, row: &Row, value: u64, arguments: &Arguments<'_>, out: &mut Execution) {
        let is_parameter =
            matches!(&row.auto, Some(AutoValue { cell: Cell::Value(Operand::Parameter { .. }), .. }));
        let added = matches!(&row.auto, Some(AutoValue { tokens: None, .. }));
        if arguments.params.is_some() && (is_parameter || added) {
            out.buffer.push(b'?');
            out.params.push(ParamSource::Number(value));
        } else {
            out.buffer.extend_from_slice(value.to_string().as_bytes());
        }
    }
}

fn session_text(cell: &Cell, auto: Option<&Cell>, arguments: &Arguments<'_>) -> String {
    let cell = match (cell, auto) {
        (Cell::Auto, Some(explicit)) => explicit,
        (cell, _) => cell,
    };
    match cell {
        Cell::Session(function) => arguments.session.literal(*function),
        _ => String::new(),
    }
}

/// The value of a literal that the session gave: a number, a string, NULL, or one of these in the shape that has the function's type,
/// `CAST('012' AS UNSIGNED)` and `IF(TRUE,'name',NULL)`.
///
/// Errors: 1235 for any other text: a value that is not understood must not place a row.
fn literal_of(literal: &str, mode: SqlMode) -> Result<Value<'_>, RouterError> {
    let unknown = || RouterError::not_supported("a session function as this value of a shard key");
    if let Some(cast) = literal.strip_prefix("CAST('") {
        let digits = cast.split('\'').next().unwrap_or_default();
        let signed = || digits.parse().map(Value::Int);
        return digits.parse().map(Value::UInt).or_else(|_| signed()).map_err(|_| unknown());
    }
    let nullable = literal.strip_prefix("IF(TRUE,").and_then(|rest| rest.strip_suffix(",NULL)"));
    let literal = nullable.unwrap_or(literal);
    let kind = match literal.as_bytes().first() {
        Some(b'0'..=b'9') => HoleKind::Integer,
        Some(b'\'') => HoleKind::String,
        _ if literal == "NULL" => return Ok(Value::Null),
        _ => return Err(unknown()),
    };
    Ok(literal_value(literal.as_bytes(), kind, mode))
}

/// A decimal text as an integer, rounded half away from zero as the server rounds.
pub(super) fn rounded(text: &str) -> Option<i128> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i128>() {
        return Some(number);
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.')?;
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
    let up = fraction.bytes().next().is_some_and(|byte| byte >= b'5');
    let number = whole.checked_add(i128::from(up))?;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_session_values_place_a_row_as_what_they_are() {
        let value = |text| literal_of(text, SqlMode::default());
        assert_eq!(value("CAST('000000000000000000013' AS UNSIGNED)").unwrap(), Value::UInt(13));
        assert_eq!(value("CAST('-00000000000000000001' AS SIGNED)").unwrap(), Value::Int(-1));
        assert_eq!(value("IF(TRUE,'shop',NULL)").unwrap(), Value::Text(b"shop"[..].into()));
        assert_eq!(value("NULL").unwrap(), Value::Null);
        assert!(value("@@autocommit").is_err());
    }

    #[test]
    fn decimals_round_as_the_server_rounds_them() {
        assert_eq!(rounded(" 12 "), Some(12));
        assert_eq!(rounded("0.4"), Some(0));
        assert_eq!(rounded("-1.5"), Some(-2));
        assert_eq!(rounded("2.50"), Some(3));
        assert_eq!(rounded(".5"), Some(1));
        assert_eq!(rounded("abc"), None);
        assert_eq!(rounded("1e3"), None);
        assert_eq!(rounded("."), None);
        assert_eq!(rounded("170141183460469231731687303715884105727.5"), None);
    }
}
