//! Assignments of ON DUPLICATE KEY UPDATE after which a row may belong to another physical table.

use std::ops::Range;

use super::layout::{Layout, assigned_at};
use super::update_assignments;
use crate::plan::bind::{Kind, Reference};
use crate::plan::tokens::Tokens;

/// What an assignment makes of a column.
#[derive(PartialEq)]
enum Becomes {
    /// What it is.
    Same,
    /// The value of the row that is inserted.
    Inserted,
    Other,
}

/// A shard key column that may place the row elsewhere afterwards.
///
/// The row that is updated is in the physical table of the one that is inserted. So it stays there if the shard key stays, and if all of
/// its columns become those of the row that is inserted.
pub(super) fn moved(tokens: &Tokens<'_>, layout: &Layout, reference: &Reference) -> Option<String> {
    if reference.kind != Kind::Sharded {
        return None;
    }
    let mut inserted = Vec::new();
    let mut first = None;
    for part in update_assignments(tokens, layout) {
        let equals = assigned_at(tokens, &part);
        let name = equals.checked_sub(1).and_then(|at| tokens.name(at)).unwrap_or_default();
        let Some((ordinal, column)) = reference.table.column(&name) else { continue };
        if !reference.moves_by(ordinal) {
            continue;
        }
        match becomes(tokens, &(equals + 1..part.end), &column.name, layout, reference) {
            Becomes::Same => {}
            Becomes::Inserted => {
                inserted.push(ordinal);
                first.get_or_insert(name);
            }
            Becomes::Other => return Some(name),
        }
    }
    let mut placing = (0..reference.table.columns.len()).filter(|ordinal| reference.moves_by(*ordinal));
    let is_whole = placing.all(|ordinal| inserted.contains(&ordinal));
    first.filter(|_| !is_whole)
}

fn becomes(
    tokens: &Tokens<'_>,
    value: &Range<usize>,
    column: &str,
    layout: &Layout,
    reference: &Reference,
) -> Becomes {
    // MySQL names the row: VALUES (...) AS new.
    let is_named = tokens.is_word(layout.tail, "AS") && !tokens.is_op(layout.tail + 2, "(");
    let alias = tokens.name(layout.tail + 1).filter(|_| is_named);
    let is_values = tokens.is_any_word(value.start, &["VALUES", "VALUE"])
        && tokens.is_op(value.start + 1, "(")
        && tokens.close(value.start + 1) + 1 == value.end;
    let name = if is_values { value.start + 2..value.end.saturating_sub(1) } else { value.clone() };
    let is_column = |at: usize| tokens.name(at).is_some_and(|name| name.eq_ignore_ascii_case(column));
    let owner = match name.len() {
        1 if is_column(name.start) => None,
        3 if tokens.is_op(name.start + 1, ".") && is_column(name.start + 2) => tokens.name(name.start),
        _ => return Becomes::Other,
    };
    match owner {
        Some(owner) if Some(&owner) == alias.as_ref() && !is_values => Becomes::Inserted,
        Some(owner) if owner != reference.table.name => Becomes::Other,
        _ if is_values => Becomes::Inserted,
        _ => Becomes::Same,
    }
}
