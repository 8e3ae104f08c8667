//! Subqueries with EXCEPT or INTERSECT that servers answer by the order of their rows: over temporary tables, and over shards, the order is another.

use super::super::analysis::QueryBlock;
use super::Gatherer;

/// A subquery's operators before its parenthesis.
const COMPARISONS: &[&str] = &["=", "<", ">", "<=", ">=", "<>", "!=", "<=>"];

impl Gatherer<'_> {
    /// Why the answer hangs on the order of rows, if it does. Seen with MariaDB 10.11 and MySQL 9.7 for SOME, ANY and ALL of a subquery that depends on the query around
    /// it, of which they read no more rows than they need and then not all for the next row; and with MySQL for EXCEPT ALL and INTERSECT ALL behind IN, EXISTS, SOME and
    /// ALL.
    pub fn answered_by_order(&self) -> Option<String> {
        let tokens = self.tokens;
        let opens = (1..tokens.len()).filter(|at| tokens.is_op(*at, "("));
        for open in opens {
            let word = open - 1;
            let is_quantified = tokens.is_any_word(word, &["SOME", "ANY", "ALL"])
                && word
                    .checked_sub(1)
                    .is_some_and(|op| COMPARISONS.iter().any(|known| tokens.is_op(op, known)));
            let is_tested = is_quantified || tokens.is_any_word(word, &["IN", "EXISTS"]);
            let range = open + 1..tokens.close(open);
            let set = |at: &usize| tokens.is_any_word(*at, &["EXCEPT", "INTERSECT", "MINUS"]);
            let keeps_equal = !self.request.mode.server.mariadb
                && range.clone().any(|at| set(&at) && tokens.is_word(at + 1, "ALL"));
            if is_tested && keeps_equal {
                return Some("EXCEPT ALL or INTERSECT ALL in a subquery of IN, EXISTS, SOME or ALL, which MySQL answers by the order of rows".to_owned());
            }
            if is_quantified && range.clone().any(|at| set(&at)) && !self.is_independent(range) {
                return Some(format!(
                    "{} of a subquery with EXCEPT or INTERSECT that depends on the query around it, which a server answers by the order of rows",
                    String::from_utf8_lossy(tokens.bytes(word)).to_uppercase()
                ));
            }
        }
        None
    }

    /// Nothing in these tokens depends on the query around them, for certain.
    fn is_independent(&self, range: std::ops::Range<usize>) -> bool {
        let bytes = self.tokens.start(range.start)..self.tokens.start(range.end);
        let inside: Vec<_> =
            self.analysis.blocks.iter().filter(|block| bytes.contains(&block.start)).collect();
        let is_outermost = |block: &&&QueryBlock| {
            !inside.iter().any(|other| other.start != block.start && other.scopes.contains(&block.scope))
        };
        !inside.is_empty() && inside.iter().filter(is_outermost).all(|block| self.is_closed(block))
    }
}
