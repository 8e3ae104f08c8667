//! SHOW TABLE STATUS: one row for each logical table, of all its physical ones. Each group is asked once.

use std::collections::HashMap;
use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::{Database, Table, TableKind};
use ostrakon_router::parse::command::Show;
use ostrakon_router::sharding::Topology;
use ostrakon_router::sharding::topology::quote;

use super::super::result::{ResultSet, like, quote_string};
use super::super::{Failure, Session};
use super::{to_result, views};
use crate::gather::system::next_of_sequence;

type Row = Vec<Option<Vec<u8>>>;

/// So many tables are named in one question.
const TABLES_OF_A_QUESTION: usize = 500;

/// Columns that add up: Rows, Data_length, Max_data_length, Index_length, Data_free.
const SUMMED: [usize; 5] = [4, 6, 7, 8, 9];

/// Auto_increment.
const NEXT_VALUE: usize = 10;

/// A physical table: its logical one, and whether it is the first of it.
type Physical = (Arc<Table>, bool);

impl Session {
    pub(super) async fn table_status(
        &mut self,
        catalog: &Catalog,
        database: Option<&str>,
        show: &Show,
    ) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, database)?.clone();
        let shown = |name: &&str| show.like.as_deref().is_none_or(|pattern| like(pattern, name));
        let mut set = ResultSet::default();
        let mut found: HashMap<String, Row> = HashMap::new();
        for (group, physical) in database.groups.iter().zip(in_groups(&database, shown)?) {
            let names: Vec<&String> = physical.keys().collect();
            for names in names.chunks(TABLES_OF_A_QUESTION) {
                let list: Vec<String> = names.iter().map(|name| quote_string(name)).collect();
                let sql = format!(
                    "SHOW TABLE STATUS FROM {} WHERE Name IN ({})",
                    quote(&group.physical_database),
                    list.join(", ")
                );
                let mut lease = self.lease(group).await?;
                let answer = lease.connection.query(&sql).await;
                self.release(lease);
                let answered = to_result(answer?);
                set.columns = answered.columns;
                for row in answered.rows {
                    let name = row.first().and_then(Option::as_ref).map(|name| String::from_utf8_lossy(name));
                    let Some((table, is_first)) = name.and_then(|name| physical.get(&*name)) else {
                        continue;
                    };
                    add(&mut found, table, *is_first, row);
                }
            }
        }
        for (name, mut row) in found {
            if let (Some(cell), Some(table)) = (row.get_mut(NEXT_VALUE), database.tables.get(&name))
                && let Some(next) = next_of_sequence(catalog, &database, table)
            {
                *cell = next.map(|next| next.to_string().into_bytes());
            }
            if let Some(cell) = row.first_mut() {
                *cell = Some(name.into_bytes());
            }
            set.rows.push(row);
        }
        let views: Vec<&str> = database.views.keys().filter(shown).collect();
        if set.columns.is_empty() {
            set.columns = self.described("SHOW TABLE STATUS FROM mysql WHERE FALSE").await?.columns;
        }
        let comment = set.columns.iter().position(|(name, _)| name.eq_ignore_ascii_case("Comment"));
        set.rows.extend(views.into_iter().map(|name| views::status_row(set.columns.len(), comment, name)));
        set.rows.sort_by(|a, b| a.first().cmp(&b.first()));
        Ok(set)
    }
}

/// The physical tables of the logical ones that are shown, by group.
fn in_groups(
    database: &Database,
    shown: impl Fn(&&str) -> bool,
) -> Result<Vec<HashMap<String, Physical>>, Failure> {
    let mut groups = vec![HashMap::new(); database.groups.len()];
    for (_, table) in database.tables.iter().filter(|(name, _)| shown(name)) {
        let topology = Topology::new(table, database)?;
        for (index, physical) in topology.tables().iter().enumerate() {
            // A copy of a broadcast table says all of it.
            if index > 0 && matches!(table.kind, TableKind::Broadcast) {
                break;
            }
            if let Some(tables) = groups.get_mut(physical.group) {
                tables.insert(physical.name.to_string(), (Arc::clone(table), index == 0));
            }
        }
    }
    Ok(groups)
}

/// Adds a physical table's row to its logical table's. The first one says what is no number that adds up.
fn add(found: &mut HashMap<String, Row>, table: &Table, is_first: bool, mut row: Row) {
    let number = |cell: Option<&Option<Vec<u8>>>| -> u64 {
        let text = cell.and_then(Option::as_ref).and_then(|cell| std::str::from_utf8(cell).ok());
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    if let Some(before) = found.get_mut(&table.name) {
        for index in SUMMED {
            let sum = number(before.get(index)).saturating_add(number(row.get(index)));
            for cell in [before.get_mut(index), row.get_mut(index)].into_iter().flatten() {
                *cell = Some(sum.to_string().into_bytes());
            }
        }
        if !is_first {
            return;
        }
    }
    found.insert(table.name.clone(), row);
}
