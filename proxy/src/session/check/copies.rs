//! What the copies of a broadcast table have other than most of them, and how they are brought together again.

use std::collections::BTreeMap;

use ostrakon_router::sharding::PhysicalTable;

use super::broadcast::{majority, nothing_safe_without_a_key};
use super::finding::{Finding, Repair};
use super::key::RowKey;
use super::mend::{RowText, rows_of};
use super::probe::{Cells, Probe};
use super::{SHOWN, Target};
use crate::error::SqlError;

/// What one copy has other than most.
#[derive(Clone, Debug, Default)]
struct OfCopy {
    missing: Listed,
    extra: Listed,
    different: Listed,
}

#[derive(Clone, Debug, Default)]
struct Listed {
    count: u64,
    rows: Vec<Cells>,
}

impl Listed {
    fn add(&mut self, row: &Cells, keep: usize) {
        self.count += 1;
        if self.rows.len() < keep {
            self.rows.push(row.clone());
        }
    }
}

/// All differences of a table.
pub struct CopyDifferences {
    /// Rows of each copy.
    pub rows: Vec<u64>,
    pub key: Option<RowKey>,
    /// Count and sum of each copy, when rows have no key and these differ.
    pub whole: Option<Vec<Cells>>,
    copies: Vec<OfCopy>,
    /// No version of these is in more than half of the copies.
    undecided: Listed,
}

impl CopyDifferences {
    pub fn new(copies: usize) -> Self {
        Self {
            rows: vec![0; copies],
            key: None,
            whole: None,
            copies: vec![OfCopy::default(); copies],
            undecided: Listed::default(),
        }
    }

    /// A row that not all copies have alike.
    pub fn add(&mut self, row: Cells, checksums: Vec<Option<Vec<u8>>>, keep: usize) {
        let Some(right) = majority(&checksums) else {
            self.undecided.add(&row, keep);
            return;
        };
        for (copy, checksum) in self.copies.iter_mut().zip(&checksums) {
            match (checksum, right) {
                (one, right) if one == right => {}
                (None, _) => copy.missing.add(&row, keep),
                (_, None) => copy.extra.add(&row, keep),
                _ => copy.different.add(&row, keep),
            }
        }
    }
}

/// Findings for each copy that stands apart, and for rows that no majority decides.
pub async fn findings(
    probe: &Probe,
    target: &Target,
    copies: &[&PhysicalTable],
    found: &CopyDifferences,
    plan: bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(sums) = &found.whole {
        let text = |cell: Option<&Option<Vec<u8>>>| match cell {
            Some(Some(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            _ => "0".to_owned(),
        };
        for (copy, sum) in copies.iter().zip(sums) {
            findings.push(Finding::error(
                format!(
                    "copies differ: {} has {} rows, checksum {}",
                    target.place(copy),
                    text(sum.first()),
                    text(sum.get(1))
                ),
                vec![nothing_safe_without_a_key(target.group_name(copy))],
            ));
        }
        return findings;
    }
    let Some(key) = &found.key else { return findings };
    for (index, (copy, differences)) in copies.iter().zip(&found.copies).enumerate() {
        let mut parts = Vec::new();
        for (listed, what) in [
            (&differences.missing, "missing"),
            (&differences.extra, "too many"),
            (&differences.different, "other than elsewhere"),
        ] {
            if listed.count > 0 {
                let rows: Vec<String> = listed.rows.iter().take(SHOWN).map(|row| key.show(row)).collect();
                parts.push(format!("{} {what}: {}", listed.count, rows.join(", ")));
            }
        }
        if parts.is_empty() {
            continue;
        }
        let rows = found.rows.get(index).copied().unwrap_or(0);
        let text = format!(
            "{}: this copy of {rows} rows differs from most: {}",
            target.place(copy),
            parts.join("; ")
        );
        let repairs = match plan {
            true => repairs(probe, target, copies, found, key, copy, differences).await,
            false => Vec::new(),
        };
        findings.push(Finding::error(text, repairs));
    }
    if found.undecided.count > 0 {
        let rows: Vec<String> = found.undecided.rows.iter().take(SHOWN).map(|row| key.show(row)).collect();
        findings.push(Finding::error(
            format!(
                "copies differ, and no version of {} rows is in most of them: {}",
                found.undecided.count,
                rows.join(", ")
            ),
            vec![Repair::nothing_safe(
                None,
                "no version of these rows is in more than half of the copies: look at them on the instances and write the right one through a node",
            )],
        ));
    }
    findings
}

/// Deletes what is too many or other, then copies what most have: one transaction on the copy.
async fn repairs(
    probe: &Probe,
    target: &Target,
    copies: &[&PhysicalTable],
    found: &CopyDifferences,
    key: &RowKey,
    copy: &PhysicalTable,
    differences: &OfCopy,
) -> Vec<Repair> {
    let group = target.group_name(copy);
    let text = match RowText::of(&target.table) {
        Ok(text) => text,
        Err(why) => {
            return vec![Repair::nothing_safe(
                Some(group),
                format!("rows cannot be written as text ({why}): load this copy from another"),
            )];
        }
    };
    let gone: Vec<&Cells> = differences.extra.rows.iter().chain(&differences.different.rows).collect();
    let wanted: Vec<&Cells> = differences.missing.rows.iter().chain(&differences.different.rows).collect();
    let read = async {
        let mine = rows_of(probe, target, copy, key, &text, &gone).await?;
        Ok::<_, SqlError>((mine, right_rows(probe, target, copies, found, key, &text, &wanted).await?))
    };
    let (mine, right) = match read.await {
        Ok(read) => read,
        Err(e) => return vec![Repair::nothing_safe(Some(group), format!("the rows could not be read: {e}"))],
    };
    let mut repairs = vec![
        Repair::on(group, "SET time_zone = '+00:00'".to_owned(), "times are written in UTC"),
        Repair::on(group, "START TRANSACTION".to_owned(), "this copy alone is changed"),
    ];
    for (values, row) in &mine {
        repairs.push(Repair::on(
            group,
            format!("DELETE FROM {} WHERE {} AND {}", copy.quoted, key.equals(values), text.unchanged(row)),
            format!("row {} is not so in most copies; it must delete 1 row, else ROLLBACK and make the plan again", key.show(values)),
        ));
    }
    for (values, row) in &right {
        repairs.push(Repair::on(
            group,
            format!("INSERT INTO {} ({}) VALUES ({})", copy.quoted, text.names(), text.values(row)),
            format!("row {} as most copies have it", key.show(values)),
        ));
    }
    repairs.push(Repair::on(group, "COMMIT".to_owned(), "this copy alone is changed"));
    let more = [&differences.missing, &differences.extra, &differences.different];
    if more.iter().any(|listed| listed.count > listed.rows.len() as u64) {
        repairs.push(Repair::nothing_safe(
            Some(group),
            "more rows differ: make the plan again when these are mended",
        ));
    }
    repairs
}

/// The rows as most copies have them.
async fn right_rows(
    probe: &Probe,
    target: &Target,
    copies: &[&PhysicalTable],
    found: &CopyDifferences,
    key: &RowKey,
    text: &RowText,
    wanted: &[&Cells],
) -> Result<BTreeMap<Cells, Cells>, SqlError> {
    let mut right = BTreeMap::new();
    for (copy, differences) in copies.iter().zip(&found.copies) {
        let wrong = |row: &Cells| {
            let lists = [&differences.missing, &differences.extra, &differences.different];
            lists.iter().any(|listed| listed.rows.contains(row))
        };
        let here: Vec<&Cells> =
            wanted.iter().copied().filter(|row| !right.contains_key(*row) && !wrong(row)).collect();
        right.extend(rows_of(probe, target, copy, key, text, &here).await?);
        if right.len() == wanted.len() {
            break;
        }
    }
    Ok(right)
}
