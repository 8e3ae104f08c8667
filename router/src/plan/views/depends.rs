//! What a view's text depends on: words of sql_mode, and the collation of literals.

use super::walk::Found;
use crate::lexer::{SqlMode, TokenKind};
use crate::plan::tokens::Tokens;
use crate::plan::tree::Expr;

/// What a query's literals depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literals {
    /// Nothing: there are none, or each is compared with a column.
    Free,
    /// `collation_connection`: one of them may decide a comparison, or be answered.
    OfConnection,
}

/// Words of sql_mode that this text is read by.
pub(super) fn modes(tokens: &Tokens<'_>, mode: SqlMode) -> Vec<(String, bool)> {
    let all = 0..tokens.len();
    let escapes = |at: usize| tokens.kind(at) == TokenKind::String && tokens.bytes(at).contains(&b'\\');
    let found = [
        ("NO_BACKSLASH_ESCAPES", mode.no_backslash_escapes, all.clone().any(escapes)),
        ("PIPES_AS_CONCAT", mode.pipes_as_concat, all.clone().any(|at| tokens.is_op(at, "||"))),
        ("HIGH_NOT_PRECEDENCE", mode.high_not_precedence, all.clone().any(|at| tokens.is_word(at, "NOT"))),
    ];
    found.into_iter().filter(|found| found.2).map(|(word, is_set, _)| (word.to_owned(), is_set)).collect()
}

/// A literal that is compared with a column is compared by the column's collation; any other has that of the connection.
pub(super) fn literals(tokens: &Tokens<'_>, found: &Found<'_>) -> Literals {
    let mut safe = Vec::new();
    let filters = found.selects.iter().flat_map(|select| select.filter.iter().chain(&select.having));
    for filter in filters {
        filter.walk(&mut |expr| compared(expr, &mut safe));
    }
    for at in 0..tokens.len() {
        let is_safe = match tokens.kind(at) {
            TokenKind::String => {
                let start = tokens.start(at);
                let after_like = at > 1 && tokens.is_word(at - 1, "LIKE") && is_column_before(tokens, at - 1);
                safe.contains(&start) || after_like
            }
            TokenKind::Word if tokens.is_any_word(at, &["CAST", "CONVERT"]) && tokens.is_op(at + 1, "(") => {
                let end = tokens.close(at + 1);
                !(at..end).any(|inside| tokens.is_any_word(inside, &["CHAR", "CHARACTER"]))
            }
            _ => true,
        };
        if !is_safe {
            return Literals::OfConnection;
        }
    }
    Literals::Free
}

fn is_column_before(tokens: &Tokens<'_>, like: usize) -> bool {
    let before = like.checked_sub(1);
    let before = before.map(|at| if tokens.is_word(at, "NOT") { at.saturating_sub(1) } else { at });
    before.is_some_and(|at| tokens.name(at).is_some())
}

/// Notes literals beside columns.
fn compared(expr: &Expr, safe: &mut Vec<usize>) {
    let mut note = |value: &Expr| {
        if let Expr::Literal(literal) = value {
            safe.push(literal.span.start);
        }
    };
    match expr {
        Expr::Compare { left, right, .. } => match (left.as_ref(), right.as_ref()) {
            (Expr::Column(_), value) | (value, Expr::Column(_)) => note(value),
            _ => {}
        },
        Expr::In { expr, list, .. } if matches!(expr.as_ref(), Expr::Column(_)) => list.iter().for_each(note),
        Expr::Between { expr, low, high, .. } if matches!(expr.as_ref(), Expr::Column(_)) => {
            note(low);
            note(high);
        }
        _ => {}
    }
}
