//! A statement with literals in place of its markers, for EXECUTE ... USING: the columns keep the names that they have with markers.

use std::ops::Range;

use super::ast::{self, Part};
use super::layout::Layout;
use super::select::{first_block, into_variables, labelled_by_text};
use super::text::LABEL_MAX;
use super::tokens::Tokens;
use crate::RouterError;
use crate::lexer::{SqlMode, TokenKind, tokenize};
use crate::sharding::topology::quote;

/// `literals`: SQL text, as many as the statement has markers.
///
/// Errors: those of reading its tokens; 1235 for a query with markers in a select list that the parser does not know.
pub fn with_literals(text: &[u8], literals: &[String], mode: SqlMode) -> Result<Vec<u8>, RouterError> {
    let tokens = Tokens::new(text, tokenize(text, mode)?);
    let labels = labels(&tokens, mode)?;
    let mut labels = labels.into_iter().peekable();
    let mut literals = literals.iter();
    let mut out = Vec::with_capacity(text.len());
    let mut copied = 0;
    for at in 0..tokens.len() {
        let (start, end) = (tokens.start(at), tokens.end(at));
        if tokens.kind(at) == TokenKind::Parameter {
            out.extend_from_slice(text.get(copied..start).unwrap_or_default());
            copied = end;
            let literal = literals.next().map_or("NULL", String::as_str);
            // What stands beside a marker may stand there without a space.
            out.push(b' ');
            match () {
                () if is_count(&tokens, at) => out.extend_from_slice(count(literal)?.as_bytes()),
                () if !mode.server.mariadb => {
                    return Err(RouterError::not_supported(
                        "values of EXECUTE ... USING elsewhere than in LIMIT: MySQL gives them the types of their places; use the binary protocol",
                    ));
                }
                // A string behind another is a part of it.
                () if literal.starts_with('-') || tokens.kind(at + 1) == TokenKind::String => {
                    out.extend_from_slice(format!("({literal})").as_bytes());
                }
                () => out.extend_from_slice(literal.as_bytes()),
            }
            out.push(b' ');
        }
        while labels.peek().is_some_and(|(behind, _)| *behind == end) {
            out.extend_from_slice(text.get(copied..end).unwrap_or_default());
            copied = end;
            let label = labels.next().map(|(_, label)| label).unwrap_or_default();
            out.extend_from_slice(format!(" AS {}", quote(&label)).as_bytes());
        }
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    Ok(out)
}

/// What stands at that token counts rows: LIMIT and OFFSET take plain numbers.
fn is_count(tokens: &Tokens<'_>, at: usize) -> bool {
    let is_limit = |at: Option<usize>| at.is_some_and(|at| tokens.is_any_word(at, &["LIMIT", "OFFSET"]));
    is_limit(at.checked_sub(1))
        || at.checked_sub(1).is_some_and(|before| tokens.is_op(before, ",")) && is_limit(at.checked_sub(3))
}

/// A count of rows.
///
/// Errors: 1235 for what is no whole number: servers take some of it.
fn count(literal: &str) -> Result<&str, RouterError> {
    let unsigned = literal.strip_prefix("CAST(").and_then(|rest| rest.strip_suffix(" AS UNSIGNED)"));
    // A decimal without a fraction.
    let digits = unsigned.unwrap_or(literal.strip_suffix('.').unwrap_or(literal));
    match !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(digits),
        false => Err(RouterError::not_supported(
            "a value of EXECUTE ... USING for LIMIT that is no integer; SET the variable to one",
        )),
    }
}

/// The names of a query's columns that have a marker and no alias, by the byte behind which they stand.
fn labels(tokens: &Tokens<'_>, mode: SqlMode) -> Result<Vec<(usize, String)>, RouterError> {
    let is_marked = |range: &Range<usize>| range.clone().any(|at| tokens.kind(at) == TokenKind::Parameter);
    let verb = tokens.behind_with();
    let is_query = tokens.is_word(verb, "SELECT") || tokens.is_op(verb, "(");
    if !is_query || !is_marked(&(0..tokens.len())) {
        return Ok(Vec::new());
    }
    let unknown =
        || RouterError::not_supported("values of EXECUTE ... USING in this query; use the binary protocol");
    let into = into_variables(tokens)?;
    let parts = [Part::Tokens(0..into.start), Part::Tokens(into.end..tokens.len())];
    let query = ast::parse(tokens, &parts, mode).map_err(|_| unknown())?;
    let first = first_block(&query.body).ok_or_else(unknown)?;
    let outermost = tokens.at_byte(first.start).ok_or_else(unknown)?;
    let mut named = Vec::new();
    for select in (0..tokens.len()).filter(|at| tokens.is_word(*at, "SELECT")) {
        let items = Layout::new(tokens, select).items;
        if select != outermost {
            let inner = items.iter().filter(|range| is_marked(range) && !has_alias(tokens, range));
            named.extend(inner.map(|range| tokens.start(range.start)..tokens.end(range.end - 1)));
            continue;
        }
        if items.len() != first.items.len() {
            return Err(unknown());
        }
        let outer = first.items.iter().zip(&items).filter(|(_, range)| is_marked(range));
        named.extend(outer.filter_map(|(item, range)| labelled_by_text(tokens, item, range)));
    }
    // Of two that end together the inner one's comes first.
    named.sort_by_key(|bytes| (bytes.end, std::cmp::Reverse(bytes.start)));
    let label = |bytes: Range<usize>| {
        let text = tokens.text.get(bytes.clone()).unwrap_or_default();
        let text = String::from_utf8_lossy(text).trim().to_owned();
        // A server leaves out the parentheses around a marker.
        let bare = text.trim_matches(['(', ')', ' ']);
        let text = if bare == "?" { bare } else { &text };
        let kept = text.char_indices().take_while(|(at, c)| at + c.len_utf8() <= LABEL_MAX).count();
        (bytes.end, text.chars().take(kept).collect())
    };
    Ok(named.into_iter().map(label).collect())
}

/// Words behind which another operand comes, and no alias.
const OPERATORS: &[&str] = &[
    "AND", "OR", "XOR", "NOT", "IS", "IN", "LIKE", "REGEXP", "RLIKE", "BETWEEN", "DIV", "MOD", "COLLATE",
    "BINARY", "INTERVAL", "CASE", "WHEN", "THEN", "ELSE", "ESCAPE",
];

/// Whether a select item inside of the statement has an alias, as far as its last words show.
fn has_alias(tokens: &Tokens<'_>, item: &Range<usize>) -> bool {
    let Some(last) = item.end.checked_sub(1).filter(|last| *last > item.start) else { return false };
    let is_name = matches!(tokens.kind(last), TokenKind::Word | TokenKind::QuotedIdent | TokenKind::String);
    let before = last - 1;
    let is_apart = match tokens.kind(before) {
        TokenKind::Word => !tokens.is_any_word(before, OPERATORS),
        TokenKind::Op => tokens.is_op(before, ")"),
        _ => true,
    };
    is_name && is_apart && !tokens.is_word(last, "END")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::ServerVersion;

    fn mode(mariadb: bool) -> SqlMode {
        SqlMode { server: ServerVersion { mariadb, number: 80_036 }, ..SqlMode::default() }
    }

    fn with(text: &str, literals: &[&str]) -> Result<String, u16> {
        let literals: Vec<String> = literals.iter().map(|literal| (*literal).to_owned()).collect();
        let written = with_literals(text.as_bytes(), &literals, mode(true)).map_err(|e| e.errno)?;
        Ok(String::from_utf8(written).unwrap())
    }

    #[test]
    fn columns_keep_their_names() {
        for (text, expected) in [
            ("SELECT ? + 1, a, ? x FROM t", "SELECT  1  + 1 AS `? + 1`, a,  (-2)  x FROM t"),
            ("SELECT (?)", "SELECT ( 1 ) AS `?`"),
            ("SELECT a FROM t WHERE b =?AND c=?", "SELECT a FROM t WHERE b = 1 AND c= (-2) "),
            ("SELECT a FROM t LIMIT?", "SELECT a FROM t LIMIT 1 "),
            ("SELECT ?'x'", "SELECT  (1) 'x'"),
            ("INSERT INTO t VALUES (?, '?')", "INSERT INTO t VALUES ( 1 , '?')"),
            (
                "WITH w AS (SELECT ? a) SELECT a, ? FROM w",
                "WITH w AS (SELECT  1  a) SELECT a,  (-2)  AS `?` FROM w",
            ),
            ("SELECT * FROM (SELECT ?, f(?)) d", "SELECT * FROM (SELECT  1  AS `?`, f( (-2) ) AS `f(?)`) d"),
            (
                "SELECT v FROM (SELECT CASE WHEN a > ? THEN 1 END v, ? + a b FROM t) d",
                "SELECT v FROM (SELECT CASE WHEN a >  1  THEN 1 END v,  (-2)  + a b FROM t) d",
            ),
            ("SELECT ? INTO @x FROM t", "SELECT  1  AS `?` INTO @x FROM t"),
            ("SELECT a FROM t WHERE b = (SELECT ? AS c)", "SELECT a FROM t WHERE b = (SELECT  1  AS c)"),
        ] {
            assert_eq!(with(text, &["1", "-2"]).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn counts_are_whole_numbers() {
        for text in ["SELECT a FROM t LIMIT ?, ?", "SELECT a FROM t LIMIT ? OFFSET ?", "SELECT ? LIMIT ?"] {
            assert!(
                with(text, &["1", "CAST(2 AS UNSIGNED)"]).unwrap().trim_end().ends_with(['1', '2']),
                "{text}"
            );
            for count in ["'2'", "1.5", "-1", "NULL", "2e0"] {
                assert_eq!(with(text, &["1", count]), Err(1235), "{text}: {count}");
            }
        }
    }

    #[test]
    fn mysqls_types_are_known_for_counts_only() {
        let with = |text: &str| with_literals(text.as_bytes(), &["1".to_owned()], mode(false));
        assert_eq!(with("SELECT a FROM t LIMIT ?").unwrap(), b"SELECT a FROM t LIMIT  1 ");
        assert_eq!(with("SELECT a / ? FROM t").unwrap_err().errno, 1235);
    }
}
