//! Whether a write may ask for the present moment, by its words or by its tables: then all its physical statements are given one.

use std::ops::Range;

use ostrakon_catalog::column::{ColumnDefault, ColumnType};
use ostrakon_catalog::schema::Table;

use super::shareable::BEFORE_PARENTHESIS;
use super::special::MOMENTS;
use super::tokens::Tokens;
use crate::lexer::TokenKind;

/// A server may fill a column of it with the moment, or make a date of a time with it: `DEFAULT CURRENT_TIMESTAMP`, `ON UPDATE`, a TIME beside a DATE.
pub(super) fn of_table(table: &Table) -> bool {
    table.columns.iter().any(|column| {
        let is_temporal = matches!(
            column.data_type,
            ColumnType::Date
                | ColumnType::DateTime { .. }
                | ColumnType::Timestamp { .. }
                | ColumnType::Time { .. }
                | ColumnType::Year
                | ColumnType::Other(_)
        );
        is_temporal || column.generated || column.default == ColumnDefault::Expression
    })
}

/// Words beside those of `MOMENTS`: a time of the day is of today where it becomes a date, and a parameter may be one.
const TEMPORAL: [&str; 5] = ["DATE", "INTERVAL", "SYSDATE", "TIME", "TIMESTAMP"];

/// One of these words asks for it, or calls what we do not know.
pub(super) fn in_tokens(tokens: &Tokens<'_>, mut range: Range<usize>) -> bool {
    range.any(|at| match tokens.kind(at) {
        TokenKind::Word => {
            tokens.is_any_word(at, MOMENTS)
                || tokens.is_any_word(at, &TEMPORAL)
                || tokens.is_op(at + 1, "(") && !tokens.is_any_word(at, &BEFORE_PARENTHESIS)
        }
        TokenKind::QuotedIdent => tokens.is_op(at + 1, "("),
        TokenKind::SystemVariable => true,
        // `{t '10:00'}`
        _ => tokens.is_op(at, "{"),
    })
}
