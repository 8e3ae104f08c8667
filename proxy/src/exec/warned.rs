//! What the physical statements of a write warn of, as one list: in the order of the client's rows, with their numbers.

use std::ops::Range;

use super::names::Names;
use super::pass::listed_warnings;
use crate::backend::connection::Answer;
use crate::session::{Warning, Warnings};

/// The rows of a write's physical statements.
#[derive(Clone, Copy)]
pub struct Numbering<'a> {
    /// Indexes of the rows of each statement in the client's; empty: the same as there.
    pub rows: &'a [Vec<usize>],
    /// Rows of the client's statement that came before these.
    pub first_row: usize,
}

impl Numbering<'_> {
    /// The warnings of all statements, with the rows' numbers in the client's statement, and in the order of its rows where that is known.
    pub fn in_order(&self, warned: &[(usize, Answer)], names: Names<'_>) -> Vec<Warning> {
        let mut all = Vec::new();
        for (statement, listed) in warned {
            let rows = self.rows.get(*statement);
            // A duplicate that IGNORE left out is not numbered: it stands behind the warnings of earlier rows of the same statement.
            let mut row = rows.and_then(|rows| rows.first()).map_or(0, |row| self.first_row + row + 1);
            for mut warning in listed_warnings(listed, names) {
                self.renumber(*statement, &mut warning.message);
                row = row_of(&warning.message).map_or(row, |(_, row)| row);
                all.push((if ONCE.contains(&warning.code) { 0 } else { row }, warning));
            }
        }
        if !self.rows.is_empty() {
            all.sort_by_key(|(row, _)| *row);
        }
        all.into_iter().map(|(_, warning)| warning).collect()
    }

    /// A server counts the rows of its own statement: `at row 2` becomes the row of the client's.
    pub fn renumber(&self, statement: usize, message: &mut String) {
        let rows = self.rows.get(statement);
        if rows.is_none() && self.first_row == 0 {
            return;
        }
        let Some((digits, row)) = row_of(message) else { return };
        let index = row.saturating_sub(1);
        let row = rows.map_or(Some(index), |rows| rows.get(index).copied());
        if let Some(row) = row {
            message.replace_range(digits, &(self.first_row + row + 1).to_string());
        }
    }
}

/// Where the number of `... at row 2` and `Row 2 was truncated ...` stands, and the number.
pub fn row_of(message: &str) -> Option<(Range<usize>, usize)> {
    let digits = match message.strip_prefix("Row ") {
        Some(rest) => 4..4 + rest.find(' ')?,
        None => message.rfind(" at row ")? + " at row ".len()..message.len(),
    };
    let row = message.get(digits.clone())?.parse().ok()?;
    Some((digits, row))
}

/// What a server warns of once in a statement: what is deprecated, and a column without a value and a default (1364).
pub const ONCE: [u16; 5] = [1287, 1364, 1681, 3719, 3778];

/// Each part of a statement warns of what the client's statement is warned of once.
pub fn merge_repeated(warnings: &mut Warnings) {
    let mut seen: Vec<Warning> = Vec::new();
    warnings.retain(|warning| {
        let again = ONCE.contains(&warning.code) && seen.contains(warning);
        seen.push(warning.clone());
        !again
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_counted_in_the_clients_statement() {
        let rows = vec![vec![0, 3], vec![1, 2]];
        let renumbered = |rows: &[Vec<usize>], first_row, statement, text: &str| {
            let mut message = text.to_owned();
            Numbering { rows, first_row }.renumber(statement, &mut message);
            message
        };
        assert_eq!(renumbered(&rows, 0, 0, "Out of range at row 2"), "Out of range at row 4");
        assert_eq!(renumbered(&rows, 10, 1, "Out of range at row 1"), "Out of range at row 12");
        assert_eq!(renumbered(&[], 10, 0, "Out of range at row 1"), "Out of range at row 11");
        assert_eq!(renumbered(&rows, 0, 0, "Duplicate entry '1'"), "Duplicate entry '1'");
        assert_eq!(renumbered(&rows, 0, 1, "Row 2 was truncated; it"), "Row 3 was truncated; it");
    }

    #[test]
    fn what_is_told_once_stays_once() {
        let warning = |code| Warning { level: "Warning".into(), code, message: "same".into() };
        let mut warnings = Warnings::default();
        warnings.add(vec![warning(1364), warning(1062), warning(1364), warning(1062)], 4, 64);
        merge_repeated(&mut warnings);
        assert_eq!(warnings.iter().map(|w| w.code).collect::<Vec<_>>(), [1364, 1062, 1062]);
        assert_eq!(warnings.count(), 3);
    }
}
