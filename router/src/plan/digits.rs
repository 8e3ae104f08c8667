//! Quotients and averages have more digits than they show: a server goes on with them where it stores the value itself, and who reads the value and
//! writes it elsewhere has lost them.

use super::tokens::Tokens;
use crate::RouterError;
use crate::lexer::{SqlMode, tokenize};

/// Functions that give all digits that their value has.
const EXACT: &[&str] =
    &["CAST", "CONVERT", "ROUND", "TRUNCATE", "FLOOR", "CEIL", "CEILING", "FORMAT", "COUNT"];

/// Clauses that give no values.
const CLAUSES: &[&str] = &["WHERE", "HAVING", "ORDER", "LIMIT", "GROUP"];

/// Whether a query may answer with a value that has more digits than it shows, if it is a DECIMAL.
///
/// Errors: those of reading its tokens.
pub fn hides_digits(text: &[u8], mode: SqlMode) -> Result<bool, RouterError> {
    let tokens = Tokens::new(text, tokenize(text, mode)?);
    let is_average = |at: usize| tokens.is_word(at, "AVG") && tokens.is_op(at + 1, "(");
    Ok(values_have(&tokens, CLAUSES, &|at| tokens.is_op(at, "/") || is_average(at)))
}

/// Whether a quotient stands where a group's rows are added up: what each shard says of it has lost digits. (An average of columns is put together from
/// sums and counts.)
pub(crate) fn adds_quotients(tokens: &Tokens<'_>) -> bool {
    values_have(tokens, &["WHERE", "LIMIT"], &|at| tokens.is_op(at, "/"))
}

/// Whether such a token stands outside of these clauses, and not in a function that gives all digits.
fn values_have(tokens: &Tokens<'_>, clauses: &[&str], is_it: &dyn Fn(usize) -> bool) -> bool {
    // For each parenthesis that is open, whether what stands inside gives values.
    let mut gives = vec![true];
    for at in 0..tokens.len() {
        let now = gives.last().copied().unwrap_or(true);
        if tokens.is_op(at, "(") {
            gives.push(now && !(at > 0 && tokens.is_any_word(at - 1, EXACT)));
        } else if tokens.is_op(at, ")") && gives.len() > 1 {
            gives.pop();
        } else if tokens.is_any_word(at, clauses) {
            if let Some(last) = gives.last_mut() {
                *last = false;
            }
        } else if tokens.is_word(at, "SELECT") {
            // The next query of a UNION.
            let around =
                gives.len().checked_sub(2).and_then(|outer| gives.get(outer)).copied().unwrap_or(true);
            let begins = at == 0 || tokens.is_op(at - 1, "(");
            if let (false, Some(last)) = (begins, gives.last_mut()) {
                *last = around;
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
}
