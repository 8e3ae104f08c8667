//! Where the clauses of the outermost SELECT stand, as token indexes.

use std::ops::Range;

use super::tokens::Tokens;

const MODIFIERS: &[&str] = &[
    "ALL",
    "DISTINCT",
    "DISTINCTROW",
    "HIGH_PRIORITY",
    "STRAIGHT_JOIN",
    "SQL_SMALL_RESULT",
    "SQL_BIG_RESULT",
    "SQL_BUFFER_RESULT",
    "SQL_NO_CACHE",
    "SQL_CACHE",
    "SQL_CALC_FOUND_ROWS",
];

const CLAUSES: &[&str] = &[
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
    "LOCK",
    "INTO",
    "PROCEDURE",
    "UNION",
    "EXCEPT",
    "INTERSECT",
];

/// Clauses of one SELECT. A clause that is absent is an empty range where it would stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    /// Index of DISTINCT or DISTINCTROW.
    pub distinct: Option<usize>,
    pub calc_found_rows: bool,
    /// The select list, one range for each item.
    pub items: Vec<Range<usize>>,
    /// WHERE with its condition.
    pub filter: Range<usize>,
    pub group: Range<usize>,
    pub having: Range<usize>,
    pub order: Range<usize>,
    /// Expressions of GROUP BY and ORDER BY; for the latter without direction, which stands beside.
    pub group_keys: Vec<Range<usize>>,
    pub order_keys: Vec<(Range<usize>, bool)>,
    pub limit: Range<usize>,
    /// Index behind the SELECT's last token.
    pub end: usize,
}

impl Layout {
    /// The layout of the SELECT whose word is at `select`.
    pub fn new(tokens: &Tokens<'_>, select: usize) -> Self {
        let mut distinct = None;
        let mut calc_found_rows = false;
        let mut first = select + 1;
        while tokens.is_any_word(first, MODIFIERS) {
            if tokens.is_any_word(first, &["DISTINCT", "DISTINCTROW"]) {
                distinct = Some(first);
            }
            calc_found_rows |= tokens.is_word(first, "SQL_CALC_FOUND_ROWS");
            first += 1;
        }
        let end = tokens.find(first, tokens.len(), |at| {
            tokens.is_op(at, ")") || tokens.is_any_word(at, &["UNION", "EXCEPT", "INTERSECT"])
        });
        let next =
            |from: usize, words: &[&str]| tokens.find(from, end, |at| starts_clause(tokens, at, words));
        let clause = |word: &str| {
            let start = next(first, &[word]);
            start..next((start + 1).min(end), CLAUSES)
        };
        let items_end = next(first, CLAUSES);
        let (group, having, order) = (clause("GROUP"), clause("HAVING"), clause("ORDER"));
        let limit_start = next(first, &["LIMIT"]);
        let limit_end = tokens.find((limit_start + 1).min(end), end, |at| {
            starts_clause(tokens, at, &["FETCH", "FOR", "LOCK", "INTO", "PROCEDURE"])
        });
        let parts = |clause: &Range<usize>| match clause.is_empty() {
            true => Vec::new(),
            false => tokens.split(clause.start + 2, clause.end),
        };
        let order_keys = parts(&order).into_iter().map(|key| direction(tokens, key)).collect();
        Self {
            distinct,
            calc_found_rows,
            items: tokens.split(first, items_end),
            group_keys: parts(&group),
            order_keys,
            filter: clause("WHERE"),
            group,
            having,
            order,
            limit: limit_start..limit_end,
            end,
        }
    }

    /// Index of the token that a new clause must stand before: LIMIT, a locking clause or the end.
    pub fn tail(&self, tokens: &Tokens<'_>) -> usize {
        let from = self.items.last().map_or(0, |item| item.end);
        tokens.find(from, self.end, |at| {
            starts_clause(
                tokens,
                at,
                &["LIMIT", "OFFSET", "FETCH", "FOR", "LOCK", "INTO", "PROCEDURE", "WINDOW"],
            )
        })
    }

    /// Byte behind the last token before `index`.
    pub fn byte_before(tokens: &Tokens<'_>, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| tokens.end(before))
    }
}

/// True for the word of a clause; FOR ORDER BY and FOR GROUP BY belong to index hints.
fn starts_clause(tokens: &Tokens<'_>, at: usize, words: &[&str]) -> bool {
    tokens.is_any_word(at, words)
        && !(at > 0 && tokens.is_word(at - 1, "FOR"))
        && !(tokens.is_word(at, "FOR") && tokens.is_any_word(at + 1, &["JOIN", "ORDER", "GROUP"]))
}

fn direction(tokens: &Tokens<'_>, key: Range<usize>) -> (Range<usize>, bool) {
    let Some(last) = key.end.checked_sub(1).filter(|last| *last > key.start) else { return (key, false) };
    if tokens.is_word(last, "DESC") {
        (key.start..last, true)
    } else if tokens.is_word(last, "ASC") {
        (key.start..last, false)
    } else {
        (key, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::{SqlMode, tokenize};

    #[test]
    fn clauses_are_found_outside_parentheses_and_index_hints() {
        let sql = b"SELECT DISTINCT a, f(b, c) x FROM t USE INDEX FOR ORDER BY (k) WHERE a IN (SELECT 1 FROM u ORDER BY z) \
            GROUP BY a, b HAVING a > 1 ORDER BY x DESC, 2 LIMIT 3, 4 FOR UPDATE";
        let tokens = Tokens::new(sql, tokenize(sql, SqlMode::default()).unwrap());
        let layout = Layout::new(&tokens, 0);
        let show = |range: &Range<usize>| {
            String::from_utf8_lossy(&sql[tokens.start(range.start)..tokens.end(range.end - 1)]).into_owned()
        };
        assert_eq!(layout.items.iter().map(show).collect::<Vec<_>>(), ["a", "f(b, c) x"]);
        assert_eq!(show(&layout.group), "GROUP BY a, b");
        assert_eq!(show(&layout.having), "HAVING a > 1");
        assert_eq!(show(&layout.order), "ORDER BY x DESC, 2");
        assert_eq!(show(&layout.order_keys[0].0), "x");
        assert!(layout.order_keys[0].1 && !layout.order_keys[1].1);
        assert_eq!(show(&layout.limit), "LIMIT 3, 4");
        assert!(tokens.is_word(layout.tail(&tokens), "LIMIT"));
    }
}
