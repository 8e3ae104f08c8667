//! Rows of a sharded table that lie in another physical table than their shard key says.

use std::sync::Arc;

use ostrakon_router::sharding::topology::quote;
use ostrakon_router::sharding::{CollationFold, PhysicalTable, Placer};
use ostrakon_router::value::Value;

use super::finding::{Finding, Repair};
use super::key::{RowKey, Writing, literal};
use super::probe::{Cells, Probe, Rows};
use super::structure::Structure;
use super::{SHOWN, Target, mend};
use crate::error::SqlError;

/// Rows read at once.
const CHUNK: usize = 2000;
/// Rows that one plan moves from one physical table.
const PLANNED: usize = 500;

/// A row in the wrong place.
struct Misplaced {
    key: Cells,
    to: usize,
}

/// What one physical table holds that it should not.
#[derive(Default)]
struct Tally {
    rows: u64,
    misplaced: u64,
    listed: Vec<Misplaced>,
    /// Rows whose shard key has no place at all, with the first one's reason.
    unplaced: u64,
    reason: String,
}

struct Scan<'a> {
    probe: &'a Probe,
    placer: &'a Placer,
    /// What a row is shown by, and may be moved by.
    key: Option<&'a RowKey>,
    /// The columns to read: the row's key, then the shard key.
    list: String,
    shown: usize,
    keep: usize,
}

/// Checks each physical table that is there.
pub async fn check(
    probe: &Probe,
    target: &Target,
    structure: &Structure,
    plan: bool,
    findings: &mut Vec<Finding>,
) {
    let folds = |name: &str| CollationFold::from_catalog(&target.catalog, name);
    let placer = match Placer::new(&target.table, &target.database, &folds) {
        Ok(placer) => Arc::new(placer),
        Err(e) => {
            findings.push(Finding::error(format!("rows cannot be placed: {}", e.message), Vec::new()));
            return;
        }
    };
    let key = structure.reference.as_ref().and_then(|reference| RowKey::of(&target.table, reference));
    let columns: Vec<String> = placer
        .key_ordinals()
        .iter()
        .filter_map(|ordinal| target.table.columns.get(*ordinal))
        .map(|column| quote(&column.name))
        .collect();
    let shown = key.as_ref().map_or(0, RowKey::len);
    let list = key.as_ref().map(RowKey::list).into_iter().chain(columns).collect::<Vec<_>>().join(",");
    let keep = if plan { PLANNED } else { SHOWN };
    let scan = Scan { probe, placer: &placer, key: key.as_ref(), list, shown, keep };
    for table in structure.present.iter().filter_map(|index| target.topology.get(*index)) {
        let Some(group) = target.group(table) else { continue };
        let mut tally = Tally::default();
        if let Err(e) = scan.table(group.instance, table, &mut tally).await {
            let text = format!("{}: its rows could not be read: {e}", target.place(table));
            findings.push(Finding::error(text, Vec::new()));
        }
        if tally.unplaced > 0 {
            findings.push(Finding::error(
                format!(
                    "{}: {} rows have a shard key that has no place: {}",
                    target.place(table),
                    tally.unplaced,
                    tally.reason
                ),
                vec![Repair::nothing_safe(
                    Some(&group.name),
                    "rows whose shard key has no place: no statement finds them by their key; correct it or delete them",
                )],
            ));
        }
        if tally.misplaced > 0 {
            findings.push(misplaced(probe, target, table, key.as_ref(), &tally, plan).await);
        }
    }
}

impl Scan<'_> {
    async fn table(&self, instance: u32, table: &PhysicalTable, tally: &mut Tally) -> Result<(), SqlError> {
        let Some(key) = self.key else {
            // Nothing to walk by: one answer, read as it comes.
            let sql = format!("SELECT {} FROM {}", self.list, table.quoted);
            let read = self.stream(instance, table, &sql, tally).await;
            self.probe.done();
            return read;
        };
        let mut last: Option<Cells> = None;
        loop {
            let behind = last.as_ref().map(|at| format!(" WHERE {}", key.after(at))).unwrap_or_default();
            let sql = format!(
                "SELECT {} FROM {}{behind} ORDER BY {} LIMIT {CHUNK}",
                self.list,
                table.quoted,
                key.list()
            );
            let answer = self.probe.ask(instance, &sql).await?;
            let count = answer.rows.len();
            for row in answer.rows {
                let at = row.get(..self.shown).unwrap_or_default().to_vec();
                self.row(table, row, tally);
                last = Some(at);
            }
            if count < CHUNK {
                return Ok(());
            }
        }
    }

    async fn stream(
        &self,
        instance: u32,
        table: &PhysicalTable,
        sql: &str,
        tally: &mut Tally,
    ) -> Result<(), SqlError> {
        let mut rows: Rows = self.probe.stream(instance, sql).await?;
        while let Some(row) = rows.next().await? {
            self.row(table, row, tally);
        }
        Ok(())
    }

    fn row(&self, table: &PhysicalTable, mut row: Cells, tally: &mut Tally) {
        tally.rows += 1;
        let keys = row.split_off(self.shown.min(row.len()));
        let values: Vec<Value<'_>> = keys.iter().map(|cell| value(cell.as_deref())).collect();
        match self.placer.place_row(&values.iter().collect::<Vec<_>>()) {
            Ok(index) if index == table.index => {}
            Ok(index) => {
                tally.misplaced += 1;
                if tally.listed.len() < self.keep {
                    let key = if self.key.is_some() { row } else { keys };
                    tally.listed.push(Misplaced { key, to: index });
                }
            }
            Err(e) => {
                tally.unplaced += 1;
                if tally.reason.is_empty() {
                    tally.reason = e.message;
                }
            }
        }
    }
}

/// A stored value as the router takes it.
fn value(cell: Option<&[u8]>) -> Value<'_> {
    let Some(bytes) = cell else { return Value::Null };
    Value::Text(bytes.into())
}

async fn misplaced(
    probe: &Probe,
    target: &Target,
    table: &PhysicalTable,
    key: Option<&RowKey>,
    tally: &Tally,
    plan: bool,
) -> Finding {
    let show = |row: &Misplaced| {
        let named = match key {
            Some(key) => key.show(&row.key),
            None => {
                let values: Vec<String> =
                    row.key.iter().map(|cell| literal(cell.as_deref(), Writing::Text)).collect();
                format!("shard key ({})", values.join(", "))
            }
        };
        match target.topology.get(row.to) {
            Some(to) => format!("{named} belongs in {}", target.place(to)),
            None => named,
        }
    };
    let listed: Vec<String> = tally.listed.iter().take(SHOWN).map(show).collect();
    let text = format!(
        "{}: {} of {} rows are in the wrong physical table: {}",
        target.place(table),
        tally.misplaced,
        tally.rows,
        listed.join("; ")
    );
    let mut repairs = Vec::new();
    if plan {
        match key {
            None => repairs.push(Repair::nothing_safe(
                Some(target.group_name(table)),
                "misplaced rows of a table without a primary key that can be followed cannot be named one by one: INSERT them again through a node, then delete them here",
            )),
            Some(key) => {
                for (to, rows) in by_destination(&tally.listed) {
                    if let Some(to) = target.topology.get(to) {
                        repairs.extend(mend::moves(probe, target, key, table, to, &rows).await);
                    }
                }
                if tally.misplaced > tally.listed.len() as u64 {
                    repairs.push(Repair::nothing_safe(
                        Some(target.group_name(table)),
                        format!("more than {PLANNED} misplaced rows: make the plan again when these are moved"),
                    ));
                }
            }
        }
    }
    Finding::error(text, repairs)
}

fn by_destination(rows: &[Misplaced]) -> Vec<(usize, Vec<&Cells>)> {
    let mut sorted = std::collections::BTreeMap::<usize, Vec<&Cells>>::new();
    for row in rows {
        sorted.entry(row.to).or_default().push(&row.key);
    }
    sorted.into_iter().collect()
}
