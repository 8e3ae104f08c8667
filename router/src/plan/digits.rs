//! Quotients and averages have more digits than they show: a server goes on with them where it stores the value itself, and who reads the value and
//! writes it elsewhere has lost them.

use super::tokens::Tokens;
use crate::RouterError;
use crate::lexer::{SqlMode, tokenize};

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
