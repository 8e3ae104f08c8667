//! Copies of a broadcast table that differ: row counts, then checksums by chunk of the primary key, then the rows themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ostrakon_catalog::column::ColumnType;
use ostrakon_catalog::schema::Table;
use ostrakon_router::sharding::PhysicalTable;
use ostrakon_router::sharding::topology::quote;

use super::copies::{self, CopyDifferences};
use super::finding::{Finding, Repair};
use super::key::RowKey;
use super::probe::{Cells, Probe};
use super::structure::Structure;
use super::{SHOWN, Target};
use crate::error::SqlError;

/// Rows of one checksum.
const CHUNK: usize = 1000;
/// Different rows of a chunk that are kept: one copy may have many more rows than the others.
const CHUNK_ROWS_MAX: usize = 20_000;
/// Different rows that one plan mends.
const PLANNED: usize = 500;
/// A write reaches the copies one after the other: what differs is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Chunks that are looked at again; later ones count as they are.
const LOOKS: usize = 5;

/// Rows of one chunk, each with its checksum in every copy.
type Versions = BTreeMap<Cells, Vec<Option<Vec<u8>>>>;

/// Compares the copies that have the same definition.
pub async fn check(
    probe: &Probe,
    target: &Target,
    structure: &Structure,
    plan: bool,
    findings: &mut Vec<Finding>,
) {
    let copies: Vec<&PhysicalTable> =
        structure.alike.iter().filter_map(|index| target.topology.get(*index)).collect();
    if copies.len() < target.topology.len() {
        findings.push(Finding::note("copies that are missing or defined otherwise are not compared"));
    }
    let key = structure.reference.as_ref().and_then(|reference| RowKey::of(&target.table, reference));
    let comparison = Comparison { probe, target, copies, sum: row_checksum(&target.table), key };
    let mut found = match comparison.run(if plan { PLANNED } else { SHOWN }).await {
        Ok(found) => found,
        Err((copy, e)) => {
            findings.push(Finding::error(format!("{}: {e}", target.place(copy)), Vec::new()));
            return;
        }
    };
    found.key = comparison.key.clone();
    findings.extend(copies::findings(probe, target, &comparison.copies, &found, plan).await);
}

/// A checksum over all values of a row. Not MD5: MySQL 9.6 and later have it only where a component was installed.
fn row_checksum(table: &Table) -> String {
    let each = table.columns.iter().filter(|c| !c.generated).map(|column| {
        let name = quote(&column.name);
        let exact = match column.data_type {
            // These print less than they hold.
            ColumnType::Float | ColumnType::Double => format!("{name} + 0e0"),
            ColumnType::Bit => format!("{name} + 0"),
            _ => name,
        };
        format!("IFNULL(SHA2({exact},256),'N')")
    });
    format!("SHA2(CONCAT_WS(',',{}),256)", each.collect::<Vec<_>>().join(","))
}

type Failed<'a> = (&'a PhysicalTable, SqlError);

struct Comparison<'a> {
    probe: &'a Probe,
    target: &'a Target,
    copies: Vec<&'a PhysicalTable>,
    sum: String,
    key: Option<RowKey>,
}

impl<'a> Comparison<'a> {
    async fn ask(&self, copy: &'a PhysicalTable, sql: &str) -> Result<Vec<Cells>, Failed<'a>> {
        let Some(group) = self.target.group(copy) else { return Ok(Vec::new()) };
        self.probe.ask(group.instance, sql).await.map(|answer| answer.rows).map_err(|e| (copy, e))
    }

    async fn run(&self, keep: usize) -> Result<CopyDifferences, Failed<'a>> {
        let mut found = CopyDifferences::new(self.copies.len());
        for (index, copy) in self.copies.iter().enumerate() {
            let rows = self.ask(copy, &format!("SELECT COUNT(*) FROM {}", copy.quoted)).await?;
            let count = rows.first().and_then(|row| row.first()).and_then(|cell| number(cell.as_deref()));
            if let Some(slot) = found.rows.get_mut(index) {
                *slot = count.unwrap_or(0);
            }
        }
        match &self.key {
            Some(key) => self.by_chunks(key, keep, &mut found).await?,
            None => self.as_a_whole(&mut found).await?,
        }
        Ok(found)
    }

    /// Sums of one range of all copies.
    async fn sums(&self, range: &str) -> Result<Vec<Cells>, Failed<'a>> {
        let mut sums = Vec::with_capacity(self.copies.len());
        for copy in &self.copies {
            let sql = format!(
                "SELECT COUNT(*), SUM(CAST(CONV(LEFT({},16),16,10) AS UNSIGNED)) FROM {}{range}",
                self.sum, copy.quoted
            );
            sums.push(self.ask(copy, &sql).await?.into_iter().next().unwrap_or_default());
        }
        Ok(sums)
    }

    /// Without a key rows cannot be named, only counted and summed.
    async fn as_a_whole(&self, found: &mut CopyDifferences) -> Result<(), Failed<'a>> {
        let mut sums = self.sums("").await?;
        for _ in 1..LOOKS {
            if all_equal(&sums) {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            sums = self.sums("").await?;
        }
        if !all_equal(&sums) {
            found.whole = Some(sums);
        }
        Ok(())
    }

    async fn by_chunks(
        &self,
        key: &RowKey,
        keep: usize,
        found: &mut CopyDifferences,
    ) -> Result<(), Failed<'a>> {
        // The copy with the most rows leads, so that the others' chunks are no longer than its own, mostly.
        let most = found.rows.iter().enumerate().max_by_key(|(_, rows)| **rows).map_or(0, |(index, _)| index);
        let Some(leader) = self.copies.get(most) else { return Ok(()) };
        let (mut last, mut looks): (Option<Cells>, usize) = (None, 0);
        loop {
            let after = last.as_ref().map(|at| key.after(at));
            let sql = format!(
                "SELECT {0} FROM {1}{2} ORDER BY {0} LIMIT 1 OFFSET {3}",
                key.list(),
                leader.quoted,
                after.as_ref().map(|c| format!(" WHERE {c}")).unwrap_or_default(),
                CHUNK - 1
            );
            let upper = self.ask(leader, &sql).await?.into_iter().next();
            let bounds: Vec<String> =
                after.into_iter().chain(upper.as_ref().map(|at| key.up_to(at))).collect();
            let range = match bounds.is_empty() {
                true => String::new(),
                false => format!(" WHERE {}", bounds.join(" AND ")),
            };
            if !all_equal(&self.sums(&range).await?) {
                self.chunk(key, &range, looks < LOOKS, keep, found).await?;
                looks += 1;
            }
            match upper {
                Some(at) => last = Some(at),
                None => return Ok(()),
            }
        }
    }

    /// The rows of a chunk whose sums differ.
    async fn chunk(
        &self,
        key: &RowKey,
        range: &str,
        again: bool,
        keep: usize,
        found: &mut CopyDifferences,
    ) -> Result<(), Failed<'a>> {
        let mut versions = Versions::new();
        for (index, copy) in self.copies.iter().enumerate() {
            let order = format!("{range} ORDER BY {} LIMIT {CHUNK_ROWS_MAX}", key.list());
            self.take(key, copy, index, &order, &mut versions).await?;
        }
        versions.retain(|_, row| !all_equal(row));
        if again && !versions.is_empty() {
            tokio::time::sleep(LOOK_AGAIN).await;
            let keys: Vec<Cells> = versions.keys().cloned().collect();
            versions.clear();
            for (index, copy) in self.copies.iter().enumerate() {
                for batch in keys.chunks(100) {
                    let any = super::mend::any_of(key, &batch.iter().collect::<Vec<_>>());
                    self.take(key, copy, index, &format!(" WHERE {any}"), &mut versions).await?;
                }
            }
            versions.retain(|_, row| !all_equal(row));
        }
        for (row, checksums) in versions {
            found.add(row, checksums, keep);
        }
        Ok(())
    }

    async fn take(
        &self,
        key: &RowKey,
        copy: &'a PhysicalTable,
        index: usize,
        rest: &str,
        versions: &mut Versions,
    ) -> Result<(), Failed<'a>> {
        let sql = format!("SELECT {}, {} FROM {}{rest}", key.list(), self.sum, copy.quoted);
        for mut row in self.ask(copy, &sql).await? {
            let checksum = row.pop().flatten();
            if versions.len() >= CHUNK_ROWS_MAX && !versions.contains_key(&row) {
                continue;
            }
            let of_row = versions.entry(row).or_insert_with(|| vec![None; self.copies.len()]);
            if let Some(slot) = of_row.get_mut(index) {
                *slot = checksum;
            }
        }
        Ok(())
    }
}

fn all_equal<T: PartialEq>(all: &[T]) -> bool {
    all.windows(2).all(|pair| pair.first() == pair.last())
}

fn number(cell: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(cell?).ok()?.parse().ok()
}

/// The version that more than half of the copies have; `None` when there is none.
pub(super) fn majority(checksums: &[Option<Vec<u8>>]) -> Option<&Option<Vec<u8>>> {
    let distinct: BTreeSet<&Option<Vec<u8>>> = checksums.iter().collect();
    distinct.into_iter().find(|one| checksums.iter().filter(|c| c == one).count() * 2 > checksums.len())
}

/// What a copy without a key is told by.
pub(super) fn nothing_safe_without_a_key(group: &str) -> Repair {
    Repair::nothing_safe(
        Some(group),
        "without a primary key that can be followed, rows cannot be named: choose the right copy and load the others from it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_is_more_than_half() {
        let of = |versions: &[&str]| -> Vec<Option<Vec<u8>>> {
            versions.iter().map(|v| (!v.is_empty()).then(|| v.as_bytes().to_vec())).collect()
        };
        assert_eq!(majority(&of(&["a", "a", "b"])), Some(&Some(b"a".to_vec())));
        assert_eq!(majority(&of(&["", "", "b"])), Some(&None));
        assert_eq!(majority(&of(&["a", "b"])), None);
        assert_eq!(majority(&of(&["a", "a", "b", "b"])), None);
    }
}
