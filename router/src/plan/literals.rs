//! A statement with literals in place of its markers, for EXECUTE ... USING: the columns keep the names that they have with markers.

use super::ast::{self, Part};
use super::layout::Layout;
use super::select::{first_block, labelled_by_text};
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
            match () {
                () if is_count(&tokens, at) => out.extend_from_slice(count(literal)?.as_bytes()),
                () if !mode.server.mariadb => {
                    return Err(RouterError::not_supported(
                        "values of EXECUTE ... USING elsewhere than in LIMIT: MySQL gives them the types of their places; use the binary protocol",
                    ));
                }
                () if literal.starts_with('-') => out.extend_from_slice(format!("({literal})").as_bytes()),
                () => out.extend_from_slice(literal.as_bytes()),
            }
        }
        if labels.peek().is_some_and(|(behind, _)| *behind == end) {
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
    let digits = unsigned.unwrap_or(literal);
    match !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(digits),
        false => Err(RouterError::not_supported(
            "a value of EXECUTE ... USING for LIMIT that is no integer; SET the variable to one",
        )),
    }
}

/// The names of the outermost query's columns that have a marker and no alias, by the byte behind which they stand.
fn labels(tokens: &Tokens<'_>, mode: SqlMode) -> Result<Vec<(usize, String)>, RouterError> {
    let is_marked =
        |range: &std::ops::Range<usize>| range.clone().any(|at| tokens.kind(at) == TokenKind::Parameter);
    let verb = tokens.behind_with();
    let is_query = tokens.is_word(verb, "SELECT") || tokens.is_op(verb, "(");
    let is_marked_at_all = is_query && is_marked(&(0..tokens.len()));
    if !is_marked_at_all {
        return Ok(Vec::new());
    }
    let unknown =
        || RouterError::not_supported("values of EXECUTE ... USING in this query; use the binary protocol");
    let query = ast::parse(tokens, &[Part::Tokens(0..tokens.len())], mode).map_err(|_| unknown())?;
    let first = first_block(&query.body).ok_or_else(unknown)?;
    let select = tokens.at_byte(first.start).ok_or_else(unknown)?;
    let layout = Layout::new(tokens, select);
    if layout.items.len() != first.items.len() {
        return Err(unknown());
    }
    let named = first.items.iter().zip(&layout.items).filter(|(_, range)| is_marked(range));
    let named = named.filter_map(|(item, range)| labelled_by_text(tokens, item, range));
    let label = |bytes: std::ops::Range<usize>| {
        let text = tokens.text.get(bytes.clone()).unwrap_or_default();
        // A server leaves out the parentheses around a marker.
        let text = String::from_utf8_lossy(text).trim().to_owned();
        let bare = text.trim_matches(['(', ')', ' ']);
        (bytes.end, if bare == "?" { bare.to_owned() } else { text })
    };
    Ok(named.map(label).collect())
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
            ("SELECT ? + 1, a, ? x FROM t", "SELECT 1 + 1 AS `? + 1`, a, (-2) x FROM t"),
            ("SELECT (?)", "SELECT (1) AS `?`"),
            ("SELECT a FROM t WHERE b = ?", "SELECT a FROM t WHERE b = 1"),
            ("INSERT INTO t VALUES (?, '?')", "INSERT INTO t VALUES (1, '?')"),
            (
                "WITH w AS (SELECT ? a) SELECT a, ? FROM w",
                "WITH w AS (SELECT 1 a) SELECT a, (-2) AS `?` FROM w",
            ),
        ] {
            assert_eq!(with(text, &["1", "-2"]).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn counts_are_whole_numbers() {
        for text in ["SELECT a FROM t LIMIT ?, ?", "SELECT a FROM t LIMIT ? OFFSET ?", "SELECT ? LIMIT ?"] {
            assert!(with(text, &["1", "CAST(2 AS UNSIGNED)"]).unwrap().ends_with(['1', '2']), "{text}");
            for count in ["'2'", "1.5", "-1", "NULL", "2e0"] {
                assert_eq!(with(text, &["1", count]), Err(1235), "{text}: {count}");
            }
        }
    }

    #[test]
    fn mysqls_types_are_known_for_counts_only() {
        let with = |text: &str| with_literals(text.as_bytes(), &["1".to_owned()], mode(false));
        assert_eq!(with("SELECT a FROM t LIMIT ?").unwrap(), b"SELECT a FROM t LIMIT 1");
        assert_eq!(with("SELECT a / ? FROM t").unwrap_err().errno, 1235);
    }
}
