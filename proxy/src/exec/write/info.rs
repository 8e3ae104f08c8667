//! What the OK of a scattered write says: the numbers of all answers, added up.

use std::fmt::Write;

use ostrakon_router::lexer::{Keyword, leading_keyword};
use ostrakon_router::plan::{Combine, RoutedPlan};

use crate::backend::connection::Answer;
use crate::session::dispatch::Input;

/// Affected rows and the info text of all answers.
pub fn combine(plan: &RoutedPlan, input: Input<'_>, answers: &[Vec<Answer>], warnings: u64) -> (u64, String) {
    if matches!(plan.combine, Combine::Broadcast) {
        // Each copy says the same; one is the answer.
        return answers
            .iter()
            .flatten()
            .next()
            .map(|a| (a.affected_rows, a.info.clone()))
            .unwrap_or_default();
    }
    let affected = answers.iter().flatten().map(|a| a.affected_rows).sum();
    let inserts = matches!(leading_keyword(input.template), Keyword::Insert | Keyword::Replace);
    // Which clauses there are is read once, and only where a server says nothing: for one row.
    let is_silent = |a: &Answer| inserts && a.info.is_empty();
    let kind = match answers.iter().flatten().any(is_silent) {
        true => RowKind::of(&input),
        false => RowKind::default(),
    };
    let infos: Vec<String> = answers
        .iter()
        .flatten()
        .map(|a| if is_silent(a) { kind.info(a.affected_rows) } else { a.info.clone() })
        .collect();
    (affected, add_info(infos.iter().map(String::as_str), warnings))
}

/// What becomes of a row that is a duplicate.
#[derive(Clone, Copy, Default)]
pub struct RowKind {
    /// ON DUPLICATE KEY UPDATE.
    updates: bool,
    /// IGNORE.
    ignores: bool,
}

impl RowKind {
    pub fn of(input: &Input<'_>) -> Self {
        Self { updates: input.updates(), ignores: input.ignores() }
    }

    /// The info of an INSERT or REPLACE of one row, as its part of several rows' info.
    pub fn info(self, affected: u64) -> String {
        format!("Records: 1  Duplicates: {}  Warnings: 0", self.duplicates(affected))
    }

    /// No row affected is one left out by IGNORE, or one that ON DUPLICATE KEY UPDATE left as it was, which is not counted; each row above one was
    /// replaced or updated, which does not count as a duplicate beside IGNORE.
    fn duplicates(self, affected: u64) -> u64 {
        match affected {
            0 => u64::from(!self.updates),
            _ if self.updates && self.ignores => 0,
            _ => affected - 1,
        }
    }
}

/// `Records: 2  Duplicates: 0  Warnings: 0` of several statements, with each number added up. `Warnings` is the count of all.
pub fn add_info<'a>(infos: impl Iterator<Item = &'a str>, warnings: u64) -> String {
    let mut sums: Vec<(&str, u64)> = Vec::new();
    for info in infos {
        // A label ends with a colon, and its number follows.
        let mut rest = info;
        while let Some((label, behind)) = rest.split_once(": ") {
            let end = behind.find(' ').unwrap_or(behind.len());
            let (number, next) = behind.split_at(end);
            rest = next.trim_start();
            let Ok(number) = number.parse::<u64>() else { continue };
            match sums.iter_mut().find(|(known, _)| *known == label) {
                Some((_, sum)) => *sum += number,
                None => sums.push((label, number)),
            }
        }
    }
    let mut all = String::with_capacity(48);
    for (label, sum) in sums {
        let sum = if label == "Warnings" { warnings } else { sum };
        let separator = if all.is_empty() { "" } else { "  " };
        // Writing to a string does not fail.
        let _ = write!(all, "{separator}{label}: {sum}");
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{RowKind, add_info};

    #[test]
    fn a_duplicate_left_as_it_was_counts_only_for_ignore() {
        let duplicates = |affected, updates, ignores| RowKind { updates, ignores }.duplicates(affected);
        assert_eq!(
            (duplicates(0, false, true), duplicates(2, true, false), duplicates(2, false, false)),
            (1, 1, 1)
        );
        assert_eq!(
            (duplicates(0, true, false), duplicates(1, true, false), duplicates(2, true, true)),
            (0, 0, 0)
        );
    }

    #[test]
    fn the_numbers_of_info_texts_add_up() {
        let infos = ["Rows matched: 2  Changed: 1  Warnings: 0", "Rows matched: 3  Changed: 3  Warnings: 1"];
        assert_eq!(add_info(infos.into_iter(), 1), "Rows matched: 5  Changed: 4  Warnings: 1");
        assert_eq!(add_info(["", ""].into_iter(), 0), "");
    }
}
