//! Statements that bring rows to another physical table or copy: by key, and so that a row that has changed meanwhile is left alone.

use std::collections::{BTreeMap, BTreeSet};

use ostrakon_catalog::column::ColumnType;
use ostrakon_catalog::schema::Table;
use ostrakon_router::sharding::PhysicalTable;
use ostrakon_router::sharding::topology::quote;

use super::Target;
use super::finding::Repair;
use super::key::{RowKey, Writing, literal};
use super::probe::{Cells, Probe};
use crate::error::SqlError;

/// Keys in one statement.
const BATCH: usize = 100;
/// Bytes of rows that one plan writes as text for one physical table.
const TEXT_MAX: u64 = 16 << 20;

/// The columns of a table that can be written, and how their values are read so that nothing is lost.
pub struct RowText {
    /// Quoted name, expression, how a literal of it is written.
    columns: Vec<(String, String, Writing)>,
}

impl RowText {
    /// Errors: the column whose values have no exact literal here.
    pub fn of(table: &Table) -> Result<Self, String> {
        let mut columns = Vec::with_capacity(table.columns.len());
        for column in table.columns.iter().filter(|c| !c.generated) {
            let name = quote(&column.name);
            let (expression, writing) = match &column.data_type {
                // A FLOAT prints six digits; as a DOUBLE all that it holds.
                ColumnType::Float | ColumnType::Double => (format!("({name} + 0e0)"), Writing::Number),
                ColumnType::Bit => (format!("({name} + 0)"), Writing::Number),
                ColumnType::TinyInt { .. }
                | ColumnType::SmallInt { .. }
                | ColumnType::MediumInt { .. }
                | ColumnType::Int { .. }
                | ColumnType::BigInt { .. }
                | ColumnType::Decimal { .. }
                | ColumnType::Year => (name.clone(), Writing::Number),
                ColumnType::Date
                | ColumnType::DateTime { .. }
                | ColumnType::Timestamp { .. }
                | ColumnType::Time { .. } => (name.clone(), Writing::Quoted),
                ColumnType::Char { .. }
                | ColumnType::VarChar { .. }
                | ColumnType::Text { .. }
                | ColumnType::Enum
                | ColumnType::Set
                | ColumnType::Json => (name.clone(), Writing::Text),
                ColumnType::Binary | ColumnType::VarBinary | ColumnType::Blob => {
                    (name.clone(), Writing::Bytes)
                }
                ColumnType::Other(kind) if ["uuid", "inet6", "inet4"].contains(&kind.as_str()) => {
                    (name.clone(), Writing::Text)
                }
                ColumnType::Other(kind) => return Err(format!("column {name} is of type {kind}")),
            };
            columns.push((name, expression, writing));
        }
        Ok(Self { columns })
    }

    /// The columns, for INSERT.
    pub fn names(&self) -> String {
        self.columns.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// What to SELECT.
    pub fn expressions(&self) -> String {
        self.columns.iter().map(|(_, expression, _)| expression.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Bytes of a row, for SELECT.
    fn length(&self) -> String {
        self.columns
            .iter()
            .map(|(name, ..)| format!("COALESCE(LENGTH({name}),0)"))
            .collect::<Vec<_>>()
            .join("+")
    }

    /// One row's values, for INSERT.
    pub fn values(&self, row: &[Option<Vec<u8>>]) -> String {
        let literals =
            self.columns.iter().zip(row).map(|((.., writing), cell)| literal(cell.as_deref(), *writing));
        literals.collect::<Vec<_>>().join(", ")
    }

    /// True for the row as it was read.
    pub fn unchanged(&self, row: &[Option<Vec<u8>>]) -> String {
        let same = self.columns.iter().zip(row).map(|((name, _, writing), cell)| {
            let value = literal(cell.as_deref(), *writing);
            // Equal by their bytes: a collation may call other texts equal too.
            match writing {
                Writing::Text if cell.is_some() => {
                    format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY) <=> CAST({value} AS BINARY)")
                }
                _ => format!("{name} <=> {value}"),
            }
        });
        same.collect::<Vec<_>>().join(" AND ")
    }
}

/// Rows of these keys with all that can be written, by their key.
///
/// Errors: those of the instance; 1105 when the rows are too long for a plan.
pub async fn rows_of(
    probe: &Probe,
    target: &Target,
    table: &PhysicalTable,
    key: &RowKey,
    text: &RowText,
    keys: &[&Cells],
) -> Result<BTreeMap<Cells, Cells>, SqlError> {
    let mut found = BTreeMap::new();
    let Some(group) = target.group(table) else { return Ok(found) };
    let mut length = 0_u64;
    for batch in keys.chunks(BATCH) {
        let rows = any_of(key, batch);
        let sql = format!("SELECT SUM({}) FROM {} WHERE {rows}", text.length(), table.quoted);
        let answer = probe.ask(group.instance, &sql).await?;
        length = length.saturating_add(answer.text(0, 0).parse().unwrap_or(0));
        if length > TEXT_MAX {
            return Err(SqlError::other(format!(
                "the rows have more than {TEXT_MAX} bytes, too many to write them into a plan: copy them with a tool for dumps"
            )));
        }
        let sql = format!("SELECT {}, {} FROM {} WHERE {rows}", key.list(), text.expressions(), table.quoted);
        for mut row in probe.ask(group.instance, &sql).await?.rows {
            let rest = row.split_off(key.len().min(row.len()));
            found.insert(row, rest);
        }
    }
    Ok(found)
}

/// `(a = 1) OR (a = 2)`
pub fn any_of(key: &RowKey, keys: &[&Cells]) -> String {
    keys.iter().map(|values| format!("({})", key.equals(values))).collect::<Vec<_>>().join(" OR ")
}

/// Moves rows from one physical table to another.
pub async fn moves(
    probe: &Probe,
    target: &Target,
    key: &RowKey,
    from: &PhysicalTable,
    to: &PhysicalTable,
    keys: &[&Cells],
) -> Vec<Repair> {
    let text = match RowText::of(&target.table) {
        Ok(text) => text,
        Err(why) => {
            let reason = format!(
                "rows cannot be written as text ({why}): INSERT them again through a node, then delete them here"
            );
            return vec![Repair::nothing_safe(Some(target.group_name(from)), reason)];
        }
    };
    let instance = |table: &PhysicalTable| target.group(table).map(|group| group.instance);
    let together = instance(from) == instance(to);
    let read = async {
        let taken = taken(probe, target, to, key, keys).await?;
        let (both, alone): (Vec<&Cells>, Vec<&Cells>) = keys.iter().partition(|key| taken.contains(**key));
        let here = rows_of(probe, target, from, key, &text, if together { &both } else { keys }).await?;
        let there = rows_of(probe, target, to, key, &text, &both).await?;
        Ok::<_, SqlError>((alone, here, there))
    };
    let (alone, here, there) = match read.await {
        Ok(read) => read,
        Err(e) => {
            let reason = format!("the rows could not be read: {e}");
            return vec![Repair::nothing_safe(Some(target.group_name(from)), reason)];
        }
    };
    let mut repairs = Vec::new();
    for (values, other) in &there {
        repairs.push(match here.get(values) {
            Some(row) if other == row => Repair::on(
                target.group_name(from),
                format!(
                    "DELETE FROM {} WHERE {} AND {}",
                    from.quoted,
                    key.equals(values),
                    text.unchanged(row)
                ),
                format!("the same row is in {} already, where it belongs", target.place(to)),
            ),
            _ => Repair::nothing_safe(
                Some(target.group_name(from)),
                format!(
                    "another row {} is in {}: decide which one is right, and delete the other",
                    key.show(values),
                    target.place(to)
                ),
            ),
        });
    }
    if together {
        for batch in alone.chunks(BATCH) {
            repairs.extend(on_one_instance(target, key, &text, from, to, batch));
        }
    } else {
        for values in alone {
            if let Some(row) = here.get(values) {
                repairs.extend(over_two_instances(target, key, &text, from, to, values, row));
            }
        }
    }
    repairs
}

/// Which of these keys a physical table has.
async fn taken(
    probe: &Probe,
    target: &Target,
    table: &PhysicalTable,
    key: &RowKey,
    keys: &[&Cells],
) -> Result<BTreeSet<Cells>, SqlError> {
    let mut found = BTreeSet::new();
    let Some(group) = target.group(table) else { return Ok(found) };
    for batch in keys.chunks(BATCH) {
        let sql = format!("SELECT {} FROM {} WHERE {}", key.list(), table.quoted, any_of(key, batch));
        found.extend(probe.ask(group.instance, &sql).await?.rows);
    }
    Ok(found)
}

fn on_one_instance(
    target: &Target,
    key: &RowKey,
    text: &RowText,
    from: &PhysicalTable,
    to: &PhysicalTable,
    keys: &[&Cells],
) -> Vec<Repair> {
    let group = target.group_name(to);
    let (names, rows) = (text.names(), any_of(key, keys));
    let reason = format!(
        "{} rows of {} belong in {}: one transaction",
        keys.len(),
        target.place(from),
        target.place(to)
    );
    [
        "START TRANSACTION".to_owned(),
        format!("INSERT INTO {} ({names}) SELECT {names} FROM {} WHERE {rows}", to.quoted, from.quoted),
        format!("DELETE FROM {} WHERE {rows}", from.quoted),
        "COMMIT".to_owned(),
    ]
    .into_iter()
    .map(|statement| Repair::on(group, statement, reason.as_str()))
    .collect()
}

fn over_two_instances(
    target: &Target,
    key: &RowKey,
    text: &RowText,
    from: &PhysicalTable,
    to: &PhysicalTable,
    values: &Cells,
    row: &Cells,
) -> Vec<Repair> {
    let (source, destination) = (target.group_name(from), target.group_name(to));
    let reason =
        format!("row {} of {} belongs in {}", key.show(values), target.place(from), target.place(to));
    let insert = format!("INSERT INTO {} ({}) VALUES ({})", to.quoted, text.names(), text.values(row));
    let delete =
        format!("DELETE FROM {} WHERE {} AND {}", from.quoted, key.equals(values), text.unchanged(row));
    let deleted = format!(
        "{reason}: it must delete 1 row; if it deletes none the row has changed, so ROLLBACK both and make the plan again"
    );
    let zone = |group| Repair::on(group, "SET time_zone = '+00:00'".to_owned(), "times are written in UTC");
    vec![
        zone(destination),
        zone(source),
        Repair::on(destination, "START TRANSACTION".to_owned(), reason.as_str()),
        Repair::on(source, "START TRANSACTION".to_owned(), reason.as_str()),
        Repair::on(destination, insert, reason.as_str()),
        Repair::on(source, delete, deleted),
        Repair::on(destination, "COMMIT".to_owned(), "first here, so that the row is never lost"),
        Repair::on(source, "COMMIT".to_owned(), reason),
    ]
}
