//! Parameters that have no type of their own where a write gives values to columns: MySQL gives them that of the column, and prepares the statement again
//! by the types of all values where one does not fit (Prepared_statement::check_parameter_types). In a query by itself it would take them for strings.

use std::ops::Range;

use ostrakon_catalog::column::ColumnType;

use super::tokens::Tokens;
use crate::RouterError;
use crate::lexer::{SqlMode, tokenize};
use crate::value::Value;

/// Functions whose answer has the type of their arguments.
const OF_ARGUMENTS: &[&str] = &["COALESCE", "IFNULL", "NULLIF", "GREATEST", "LEAST"];

/// One such parameter.
#[derive(Debug)]
pub(super) struct Untyped {
    /// Which of the statement's.
    parameter: usize,
    /// Type of the column that it goes into.
    column: ColumnType,
    /// Something is worked out of it.
    computed: bool,
}

/// How a query by itself gets the types that its parameters have in the write.
#[derive(Debug, PartialEq)]
pub(super) enum Typing {
    /// With these parameters as literals.
    Literals(Vec<usize>),
    /// By the types of all values.
    ByValues,
}

/// Those of a value for a column.
pub(super) fn find(tokens: &Tokens<'_>, value: Range<usize>, column: &ColumnType) -> Vec<Untyped> {
    let named = tokens.find(value.start, value.end, |at| tokens.is_word(at, "AS"));
    let mut parameters = Vec::new();
    let Some(computed) = collect(tokens, value.start..named, &mut parameters) else { return Vec::new() };
    let untyped = |parameter| Untyped { parameter, column: column.clone(), computed };
    parameters.into_iter().map(untyped).collect()
}

/// Appends the parameters that an expression's value is made of, if it has no other type than theirs, and says whether it is worked out of them.
fn collect(tokens: &Tokens<'_>, range: Range<usize>, found: &mut Vec<usize>) -> Option<bool> {
    let Range { start, end } = range;
    if start + 1 == end {
        found.push(tokens.parameter(start)?);
        return Some(false);
    }
    if start >= end {
        return None;
    }
    if tokens.is_op(start, "(") && tokens.close(start) + 1 == end {
        return collect(tokens, start + 1..end - 1, found);
    }
    let mut all = |ranges: Vec<Range<usize>>| {
        let mut computed = false;
        for range in ranges {
            computed |= collect(tokens, range, found)?;
        }
        Some(computed)
    };
    if tokens.is_op(start + 1, "(") && tokens.close(start + 1) + 1 == end {
        let mut arguments = tokens.split(start + 2, end - 1);
        return match () {
            () if tokens.is_any_word(start, OF_ARGUMENTS) => all(arguments),
            () if tokens.is_word(start, "IF") && arguments.len() == 3 => {
                arguments.remove(0);
                all(arguments)
            }
            () => None,
        };
    }
    if tokens.is_word(start, "CASE") && tokens.is_word(end - 1, "END") {
        return all(results(tokens, start + 1, end - 1)?);
    }
    let is_sign = |at: usize| ["+", "-", "*", "/", "%"].iter().any(|op| tokens.is_op(at, op));
    let is_operator = |at: &usize| is_sign(*at) || tokens.is_any_word(*at, &["DIV", "MOD"]);
    let mut operands = Vec::new();
    let mut at = start;
    let mut first = start;
    while at < end {
        if is_operator(&at) {
            operands.push(first..at);
            first = at + 1;
        }
        at = if tokens.is_op(at, "(") { tokens.close(at) + 1 } else { at + 1 };
    }
    operands.push(first..end);
    if operands.len() < 2 {
        return None;
    }
    // What stands before a sign is empty.
    operands.retain(|operand| !operand.is_empty());
    all(operands).map(|_| true)
}

/// What stands behind THEN and ELSE of a CASE without others inside.
fn results(tokens: &Tokens<'_>, start: usize, end: usize) -> Option<Vec<Range<usize>>> {
    let next = |from: usize| {
        tokens.find(from, end, |at| tokens.is_any_word(at, &["CASE", "WHEN", "THEN", "ELSE", "END"]))
    };
    let mut found = Vec::new();
    let mut at = next(start);
    while at < end {
        let behind = next(at + 1);
        match () {
            () if tokens.is_any_word(at, &["THEN", "ELSE"]) => found.push(at + 1..behind),
            () if tokens.is_word(at, "WHEN") => {}
            () => return None,
        }
        at = behind;
    }
    Some(found)
}

/// Errors: 1235 where something is worked out of a parameter that has its column's type.
pub(super) fn typing(untyped: &[Untyped], values: &[Value<'_>]) -> Result<Typing, RouterError> {
    let mut literals = Vec::new();
    for Untyped { parameter, column, computed } in untyped {
        let Some(value) = values.get(*parameter) else { continue };
        let is_string = matches!(value, Value::Text(_) | Value::Bytes(_));
        if matches!(value, Value::Null | Value::Default) || is_string && !computed {
            continue;
        }
        if *computed || *column == ColumnType::Json {
            return Err(RouterError::not_supported(
                "a value that is worked out of parameters alone, or a parameter for JSON that is no string, in rows that are read before they are written: it \
                 has the type of the column that it goes into; say which by CAST",
            ));
        }
        if !fits(column, value) {
            return Ok(Typing::ByValues);
        }
        literals.push(*parameter);
    }
    Ok(Typing::Literals(literals))
}

/// Whether literals in place of parameters have the types of their values.
///
/// Errors: 1235 for DECIMALs, which have more digits as parameters.
pub(super) fn check_literals(values: &[Value<'_>]) -> Result<(), RouterError> {
    match values.iter().any(|value| matches!(value, Value::Decimal(_))) {
        true => Err(RouterError::not_supported(
            "a DECIMAL beside a parameter of another type than its column, in a write whose rows are read first",
        )),
        false => Ok(()),
    }
}

/// Whether a query takes the least or greatest of a parameter: MySQL 9.7 answers NULL for it in a prepared SELECT over a join beside COUNT(DISTINCT ...), and its
/// value in an INSERT.
///
/// Errors: those of reading its tokens.
pub fn aggregates_parameters(text: &[u8], mode: SqlMode) -> Result<bool, RouterError> {
    let tokens = Tokens::new(text, tokenize(text, mode)?);
    let is_call = |at: usize| tokens.is_any_word(at, &["MIN", "MAX"]) && tokens.is_op(at + 1, "(");
    let is_parameter = |open: usize| {
        let close = tokens.close(open);
        let value = (open + 1..close).find(|at| !tokens.is_any_word(*at, &["DISTINCT", "ALL"]));
        value.is_some_and(|at| at + 1 == close && tokens.parameter(at).is_some())
    };
    Ok((0..tokens.len()).any(|at| is_call(at) && is_parameter(at + 1)))
}

/// Whether a parameter of the column's type takes a value that is no string.
fn fits(column: &ColumnType, value: &Value<'_>) -> bool {
    let is_integer = matches!(value, Value::Int(_) | Value::UInt(_));
    let is_number = is_integer || matches!(value, Value::Decimal(_) | Value::Double(_));
    match column {
        ColumnType::TinyInt { unsigned }
        | ColumnType::SmallInt { unsigned }
        | ColumnType::MediumInt { unsigned }
        | ColumnType::Int { unsigned }
        | ColumnType::BigInt { unsigned } => match value {
            Value::Int(_) => !unsigned,
            Value::UInt(_) => *unsigned,
            _ => false,
        },
        ColumnType::Bit => matches!(value, Value::UInt(_)),
        ColumnType::Year => is_integer,
        ColumnType::Decimal { .. } => is_integer || matches!(value, Value::Decimal(_)),
        ColumnType::Float | ColumnType::Double => is_number,
        ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => true,
        ColumnType::Date => is_number || matches!(value, Value::Date { .. }),
        ColumnType::Time { .. } => !matches!(value, Value::Date { .. }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT: ColumnType = ColumnType::Int { unsigned: false };

    #[test]
    fn parameters_without_a_type_are_found() {
        let found = |value: &str| {
            let tokens =
                Tokens::new(value.as_bytes(), tokenize(value.as_bytes(), SqlMode::default()).unwrap());
            let list = find(&tokens, 0..tokens.len(), &INT);
            list.iter().map(|untyped| (untyped.parameter, untyped.computed)).collect::<Vec<_>>()
        };
        for value in ["?", "(?)", "? AS x"] {
            assert_eq!(found(value), [(0, false)], "{value}");
        }
        for value in ["COALESCE(?, (?))", "CASE WHEN a = 1 THEN ? ELSE ? END", "IF(a > 1, ?, ?)"] {
            assert_eq!(found(value), [(0, false), (1, false)], "{value}");
        }
        assert_eq!(found("IF(? > a, ?, ?)"), [(1, false), (2, false)]);
        assert_eq!(found("-?"), [(0, true)]);
        assert_eq!(found("? * (? + ?)"), [(0, true), (1, true), (2, true)]);
        for value in ["a", "1", "? + a", "COALESCE(?, 1)", "CONCAT(?)", "(SELECT ?)", "? = 1", "a + 1"] {
            assert_eq!(found(value), [], "{value}");
        }
    }

    #[test]
    fn the_least_of_a_parameter_is_found() {
        let found = |text: &str| aggregates_parameters(text.as_bytes(), SqlMode::default()).unwrap();
        for text in ["SELECT MIN(?) FROM t", "select a, max( distinct ? ) from t"] {
            assert!(found(text), "{text}");
        }
        for text in ["SELECT MIN(a) FROM t WHERE b = ?", "SELECT MIN(? + a)", "SELECT 'MIN(?)'", "SELECT ?"] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_types_all() {
        let untyped = |parameter, column| Untyped { parameter, column, computed: false };
        let untyped = [untyped(0, INT), untyped(1, ColumnType::Year)];
        let typed = |values: [Value<'_>; 2]| typing(&untyped, &values).unwrap();
        assert_eq!(typed([Value::Int(1), Value::UInt(2)]), Typing::Literals(vec![0, 1]));
        assert_eq!(typed([Value::Null, Value::UInt(2)]), Typing::Literals(vec![1]));
        assert_eq!(typed([Value::UInt(1), Value::UInt(2)]), Typing::ByValues);
        assert_eq!(typed([Value::Int(1), Value::Double(2.0)]), Typing::ByValues);
    }
}
