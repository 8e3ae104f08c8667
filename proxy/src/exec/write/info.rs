//! What the OK of a scattered write says: the numbers of all answers, added up.

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
    let infos: Vec<String> = answers
        .iter()
        .flatten()
        .map(|a| match inserts && a.info.is_empty() {
            // A server says nothing for one row.
            true => one_row_info(a.affected_rows, &input),
            false => a.info.clone(),
        })
        .collect();
    (affected, add_info(infos.iter().map(String::as_str), warnings))
}

/// The info of an INSERT or REPLACE of one row, as its part of several rows' info: no row affected is one left out by IGNORE, or one that
/// ON DUPLICATE KEY UPDATE left as it was, which is not counted; each row above one was replaced or updated, which does not count
/// as a duplicate beside IGNORE.
pub fn one_row_info(affected: u64, input: &Input<'_>) -> String {
    let duplicates = duplicates(affected, input.updates(), input.ignores());
    format!("Records: 1  Duplicates: {duplicates}  Warnings: 0")
}

fn duplicates(affected: u64, updates: bool, ignores: bool) -> u64 {
    match affected {
        0 => u64::from(!updates),
        _ if updates && ignores => 0,
        _ => affected - 1,
    }
}

/// `Records: 2  Duplicates: 0  Warnings: 0` of several statements, with each number added up. `Warnings` is the count of all.
pub fn add_info<'a>(infos: impl Iterator<Item = &'a str>, warnings: u64) -> String {
    let mut labels: Vec<(String, u64)> = Vec::new();
    for info in infos {
        let mut label = String::new();
        for word in info.split_whitespace() {
            match word.parse::<u64>() {
                Ok(number) => {
                    match labels.iter_mut().find(|(l, _)| *l == label) {
                        Some((_, sum)) => *sum += number,
                        None => labels.push((label.clone(), number)),
                    }
                    label.clear();
                }
                Err(_) => {
                    if !label.is_empty() {
                        label.push(' ');
                    }
                    label.push_str(word);
                }
            }
        }
    }
    for (label, sum) in &mut labels {
        if label == "Warnings:" {
            *sum = warnings;
        }
    }
    labels.iter().map(|(label, sum)| format!("{label} {sum}")).collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::{add_info, duplicates};

    #[test]
    fn a_duplicate_left_as_it_was_counts_only_for_ignore() {
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
