//! Quotients and averages have more digits than they show: a server goes on with them where it stores the value itself, and who reads the value and
//! writes it elsewhere has lost them.

use std::ops::Range;

use super::tokens::Tokens;
use crate::RouterError;
use crate::lexer::{SqlMode, TokenKind, tokenize};

/// Functions that give all digits that their value has.
const EXACT: &[&str] =
    &["CAST", "CONVERT", "ROUND", "TRUNCATE", "FLOOR", "CEIL", "CEILING", "FORMAT", "COUNT"];

/// Words that begin a clause behind FROM.
const CLAUSES: &[&str] = &["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT"];

/// Whether a query may answer with a value that has more digits than it shows, if it is a DECIMAL.
///
/// Errors: those of reading its tokens.
pub fn hides_digits(text: &[u8], mode: SqlMode) -> Result<bool, RouterError> {
    let tokens = Tokens::new(text, tokenize(text, mode)?);
    let is_average = |at: usize| tokens.is_word(at, "AVG") && tokens.is_op(at + 1, "(");
    Ok(values_have(&tokens, CLAUSES, EXACT, &|at| tokens.is_op(at, "/") || is_average(at)))
}

/// Words between SELECT and its first column.
const OPTIONS: &[&str] = &[
    "ALL",
    "HIGH_PRIORITY",
    "STRAIGHT_JOIN",
    "SQL_SMALL_RESULT",
    "SQL_BIG_RESULT",
    "SQL_NO_CACHE",
    "SQL_CACHE",
];

/// Words behind the columns.
const ENDS: &[&str] =
    &["FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "INTO", "FOR", "LOCK", "PROCEDURE"];

/// Functions of all rows of a group.
const AGGREGATES: &[&str] = &["AVG", "SUM", "MIN", "MAX", "COUNT"];

/// Operators that are words.
const OPERATORS: &[&str] = &[
    "DIV", "MOD", "AND", "OR", "XOR", "NOT", "IS", "IN", "LIKE", "BETWEEN", "BINARY", "COLLATE", "REGEXP",
    "RLIKE", "INTERVAL",
];

/// Digits behind the point that `with_all_digits` shows.
pub const ALL_DIGITS: u8 = 30;
/// And in front of it.
pub const LEADING_DIGITS: u8 = 65 - ALL_DIGITS;

/// The query with these of its columns, DECIMALs, so that they show all digits that they have.
///
/// `None`: one server stores what it has by then, which hangs on its plan (a UNION, DISTINCT or GROUP BY whose rows are sorted), the columns are not written
/// one by one, or the query cannot run twice.
///
/// Errors: those of reading its tokens.
pub fn with_all_digits(text: &[u8], mode: SqlMode, wanted: &[bool]) -> Result<Option<Vec<u8>>, RouterError> {
    let tokens = Tokens::new(text, tokenize(text, mode)?);
    let (select, count) = (tokens.behind_with(), tokens.len());
    let has = |words: &[&str]| tokens.find(select, count, |at| tokens.is_any_word(at, words)) < count;
    let runs_once = |at: usize| tokens.is_op(at, ":=") || tokens.is_word(at, "NEXTVAL");
    let is_grouped = has(&["GROUP"]);
    if !tokens.is_word(select, "SELECT")
        || tokens.is_any_word(select + 1, &["DISTINCT", "DISTINCTROW"])
        || has(&["UNION", "INTERSECT", "EXCEPT", "MINUS"])
        || has(&["ORDER"]) && (is_grouped || joins(&tokens, select))
        || is_grouped && has(&["ROLLUP"])
        || has(&["OVER"])
        || (0..count).any(runs_once)
    {
        return Ok(None);
    }
    let mut first = select + 1;
    while tokens.is_any_word(first, OPTIONS) {
        first += 1;
    }
    if tokens.is_any_word(first, &["SQL_BUFFER_RESULT", "SQL_CALC_FOUND_ROWS"]) {
        return Ok(None);
    }
    let end = tokens.find(first, count, |at| tokens.is_any_word(at, ENDS));
    // Beside windows an expression is a column of the temporary table that they are worked out on.
    if (first..end).any(|at| tokens.is_word(at, "OVER")) {
        return Ok(None);
    }
    let items = tokens.split(first, end);
    let is_star = |item: &Range<usize>| item.end.checked_sub(1).is_none_or(|last| tokens.is_op(last, "*"));
    if items.len() != wanted.len() || items.iter().any(is_star) {
        return Ok(None);
    }
    let mut out = Vec::new();
    let mut copied = 0;
    for (item, _) in items.iter().zip(wanted).filter(|(_, wanted)| **wanted) {
        let aggregates = |at: usize| tokens.is_any_word(at, AGGREGATES) && tokens.is_op(at + 1, "(");
        if is_grouped && !item.clone().any(aggregates) {
            return Ok(None);
        }
        let (start, end) = (tokens.start(item.start), tokens.end(behind_value(&tokens, item) - 1));
        out.extend_from_slice(text.get(copied..start).unwrap_or_default());
        out.extend_from_slice(b"CAST(");
        out.extend_from_slice(text.get(start..end).unwrap_or_default());
        out.extend_from_slice(format!(" AS DECIMAL(65, {ALL_DIGITS}))").as_bytes());
        copied = end;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    Ok(Some(out))
}

/// Whether a query works out each row by itself, and no quotient is one of constants, which a server works out by itself too.
///
/// Errors: those of reading its tokens.
pub fn is_row_by_row(text: &[u8], mode: SqlMode) -> Result<bool, RouterError> {
    let tokens = Tokens::new(text, tokenize(text, mode)?);
    let groups = |at: usize| {
        tokens.is_any_word(at, AGGREGATES) && tokens.is_op(at + 1, "(")
            || tokens.is_any_word(at, &["GROUP", "OVER", "DISTINCT", "UNION", "INTERSECT", "EXCEPT"])
    };
    let (first, count) = (tokens.behind_with() + 1, tokens.len());
    let end = tokens.find(first, count, |at| tokens.is_any_word(at, ENDS));
    let is_name = |at: usize| matches!(tokens.kind(at), TokenKind::Word | TokenKind::QuotedIdent);
    let is_constant =
        |item: &Range<usize>| item.clone().any(|at| tokens.is_op(at, "/")) && !item.clone().any(is_name);
    Ok(!(0..count).any(groups) && !tokens.split(first, end).iter().any(is_constant))
}

/// Whether the query at that token has more than one table.
fn joins(tokens: &Tokens<'_>, select: usize) -> bool {
    let end = tokens.len();
    let from = tokens.find(select, end, |at| tokens.is_word(at, "FROM"));
    let behind = tokens.find(from, end, |at| at > from && tokens.is_any_word(at, ENDS));
    let is_join = |at: usize| tokens.is_op(at, ",") || tokens.is_any_word(at, &["JOIN", "STRAIGHT_JOIN"]);
    tokens.find(from, behind, is_join) < behind
}

/// The token behind a column's value: its name, with AS or without, or what follows.
fn behind_value(tokens: &Tokens<'_>, item: &Range<usize>) -> usize {
    let (last, before) = (item.end.saturating_sub(1), item.end.saturating_sub(2));
    if item.len() < 2 {
        return item.end;
    }
    if tokens.is_word(before, "AS") {
        return before;
    }
    let is_name = matches!(tokens.kind(last), TokenKind::Word | TokenKind::QuotedIdent | TokenKind::String);
    let is_operator = match tokens.kind(before) {
        TokenKind::Op => !tokens.is_op(before, ")"),
        _ => tokens.is_any_word(before, OPERATORS),
    };
    if is_name && !tokens.is_word(last, "END") && !is_operator { last } else { item.end }
}

/// Whether a quotient stands where a group's rows may be added up: what each shard says of it has lost digits. (An average of columns is put together
/// from sums and counts.)
pub(crate) fn adds_quotients(tokens: &Tokens<'_>) -> bool {
    values_have(tokens, &["WHERE", "LIMIT"], &[], &|at| tokens.is_op(at, "/"))
}

/// Whether such a token stands outside of these clauses and these functions' arguments.
fn values_have(tokens: &Tokens<'_>, clauses: &[&str], calls: &[&str], is_it: &dyn Fn(usize) -> bool) -> bool {
    // For each parenthesis that is open, whether it counts, and whether the clause in it does.
    let mut open = vec![(true, true)];
    for at in 0..tokens.len() {
        let (around, now) = open.last().copied().unwrap_or((true, true));
        let is_clause = tokens.is_any_word(at, CLAUSES);
        if tokens.is_op(at, "(") {
            let inside = now && !(at > 0 && tokens.is_any_word(at - 1, calls));
            open.push((inside, inside));
        } else if tokens.is_op(at, ")") && open.len() > 1 {
            open.pop();
        } else if is_clause || tokens.is_word(at, "SELECT") {
            // The next query of a UNION begins anew.
            if let Some(last) = open.last_mut() {
                last.1 = around && !(is_clause && tokens.is_any_word(at, clauses));
            }
        } else if now && is_it(at) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_and_averages_among_the_values_hide_digits() {
        let hides = |text: &str| hides_digits(text.as_bytes(), SqlMode::default()).unwrap();
        for text in [
            "SELECT a / 3 FROM t",
            "SELECT 1, (SELECT AVG(a) FROM t)",
            "SELECT x FROM (SELECT a / 3 x FROM t) d",
            "SELECT a FROM t WHERE b > 1 UNION SELECT AVG(a) FROM t",
            "SELECT COALESCE(AVG(a), 0) FROM t GROUP BY b",
            "SELECT MAX((SELECT a / 2)) FROM t ORDER BY 1",
        ] {
            assert!(hides(text), "{text}");
        }
        for text in [
            "SELECT SUM(a) * 2 FROM t",
            "SELECT CAST(AVG(a) AS DECIMAL(20,10)), ROUND(a / 3, 2) FROM t",
            "SELECT a FROM t WHERE a / 2 > (SELECT AVG(a) FROM t) ORDER BY a / 3",
            "SELECT '/', a DIV 2 FROM t /* a / b */",
            "SELECT a FROM t GROUP BY a HAVING AVG(b) > 1",
        ] {
            assert!(!hides(text), "{text}");
        }
    }

    #[test]
    fn a_query_shows_all_digits_of_its_decimals() {
        let shown = |text: &str, wanted: &[bool]| {
            let text = with_all_digits(text.as_bytes(), SqlMode::default(), wanted).unwrap();
            text.map(|text| String::from_utf8(text).unwrap().replace(" AS DECIMAL(65, 30))", ")#"))
        };
        for (text, expected) in [
            ("SELECT 1, a / 3 FROM t ORDER BY 2", "SELECT 1, CAST(a / 3)# FROM t ORDER BY 2"),
            (
                "SELECT STRAIGHT_JOIN b, AVG(a) AS x FROM t",
                "SELECT STRAIGHT_JOIN b, CAST(AVG(a))# AS x FROM t",
            ),
            (
                "SELECT b, SUM(a) / COUNT(*) `x` FROM t GROUP BY b",
                "SELECT b, CAST(SUM(a) / COUNT(*))# `x` FROM t GROUP BY b",
            ),
            ("SELECT b, (SELECT AVG(a) FROM u) x", "SELECT b, CAST((SELECT AVG(a) FROM u))# x"),
            ("SELECT b, CASE WHEN b THEN a / 3 END", "SELECT b, CAST(CASE WHEN b THEN a / 3 END)#"),
            ("SELECT b, a / c DIV d", "SELECT b, CAST(a / c DIV d)#"),
            ("SELECT b, a / 3 'x' FROM t", "SELECT b, CAST(a / 3)# 'x' FROM t"),
            (
                "WITH w AS (SELECT 1 x) SELECT b, x / 3 FROM w",
                "WITH w AS (SELECT 1 x) SELECT b, CAST(x / 3)# FROM w",
            ),
        ] {
            assert_eq!(shown(text, &[false, true]).as_deref(), Some(expected));
        }
        for text in [
            "SELECT 1, a / 3 FROM t UNION SELECT 1, 2",
            "SELECT DISTINCT 1, a / 3 FROM t",
            "SELECT a, a / 3 FROM t GROUP BY 1, 2",
            "SELECT a, AVG(b) FROM t GROUP BY a ORDER BY 2",
            "SELECT a, AVG(b) OVER () FROM t",
            "SELECT a, b / 3 FROM t, u ORDER BY 2",
            "SELECT a, b / 3 FROM t JOIN u ON t.id = u.id WHERE c = 1 ORDER BY 2",
            "SELECT t.*, a / 3 FROM t",
            "SELECT *, a / 3, 2 FROM t",
            "SELECT @a := 1, a / 3 FROM t",
            "SELECT SQL_BUFFER_RESULT a, a / 3 FROM t",
        ] {
            assert_eq!(shown(text, &[false, true]), None, "{text}");
        }
    }

    #[test]
    fn a_quotient_of_constants_is_worked_out_by_itself() {
        let by_row = |text: &str| is_row_by_row(text.as_bytes(), SqlMode::default()).unwrap();
        assert!(by_row("SELECT id + 5, a / 3 FROM t ORDER BY id"));
        assert!(!by_row("SELECT id + 5, (0.5 / 3) FROM t ORDER BY id"));
        assert!(!by_row("SELECT id + 5, SUM(a / 3) FROM t"));
    }

    #[test]
    fn quotients_that_groups_may_add_up_are_found_in_each_clause_but_where() {
        let adds = |text: &str| {
            let tokens = tokenize(text.as_bytes(), SqlMode::default()).unwrap();
            adds_quotients(&Tokens::new(text.as_bytes(), tokens))
        };
        for text in [
            "SELECT SUM(a / 3) FROM t",
            "SELECT ROUND(SUM(a / 3), 2) FROM t",
            "SELECT SUM(a) FROM t WHERE b = 1 HAVING SUM(a / 3) > 2",
            "SELECT b FROM t WHERE b = 1 GROUP BY b ORDER BY SUM(a / 3) LIMIT 2",
            "SELECT SUM(x) FROM (SELECT a / 3 x FROM t WHERE b = 1) d",
        ] {
            assert!(adds(text), "{text}");
        }
        for text in [
            "SELECT SUM(a) FROM t WHERE a / 2 > 3",
            "SELECT SUM(a) FROM t WHERE b IN (SELECT c / 2 FROM u) GROUP BY d",
        ] {
            assert!(!adds(text), "{text}");
        }
    }
}
