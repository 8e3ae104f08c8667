//! What only a server knows of a table that it has made: its columns and keys for the catalog, and properties that cannot be kept.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use ostrakon_catalog::column::{Column, Key};
use ostrakon_catalog::command::Command;
use ostrakon_catalog::schema::{Database, Group, Table, TableKind};
use ostrakon_router::lexer::SqlMode;
use ostrakon_router::sharding::Topology;
use ostrakon_router::sharding::fold::{self, CollationFold};
use ostrakon_router::sharding::rule;

use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::job::physical::GroupState;
use crate::session::definition;
use crate::session::result::quote_string;
use crate::worker::Worker;

/// A node that started before its instances goes on asking them what they are.
const LEARN_LIMIT: Duration = Duration::from_secs(30);

/// Functions whose value in a default differs from copy to copy.
pub const VARYING: [&str; 3] = ["uuid", "rand(", "sysdate"];

/// Columns and keys of a physical table.
pub async fn read(
    worker: &Rc<Worker>,
    group: &Group,
    quoted: &str,
) -> Result<(Vec<Column>, Vec<Key>), SqlError> {
    let mut waited = Duration::ZERO;
    while worker.node.server.load().is_assumed() && waited < LEARN_LIMIT {
        tokio::time::sleep(Duration::from_millis(100)).await;
        waited += Duration::from_millis(100);
    }
    let (collations, mode) = {
        let server = worker.node.server.load();
        if server.is_assumed() {
            return Err(SqlError::other("No instance has told its collations yet"));
        }
        (server.collations.clone(), SqlMode { server: server.parsed, ..SqlMode::default() })
    };
    let mut connection = worker.pool_of(group.instance)?.acquire(false).await?;
    // Not the session's settings: SHOW CREATE TABLE quotes by sql_mode.
    connection.queue_settings(&worker.intern(Settings::default()));
    definition::read(&mut connection, quoted, mode, &collations).await
}

/// Refuses column properties that placement or equal copies could not survive, which only the server's own description tells.
pub async fn check_columns(
    worker: &Rc<Worker>,
    table: &Table,
    group: &Group,
    quoted: &str,
) -> Result<(), SqlError> {
    let mut connection = worker.pool_of(group.instance)?.acquire(false).await?;
    let answer = connection.query(&format!("SHOW COLUMNS FROM {quoted}")).await?;
    for row in 0..answer.rows.len() {
        let (column, default, extra) = (answer.text(row, 0), answer.text(row, 4), answer.text(row, 5));
        let (default, extra) = (default.to_ascii_lowercase(), extra.to_ascii_lowercase());
        if extra.contains("on update") && table.is_placed_by(&column) {
            return Err(SqlError::not_supported(format!(
                "ON UPDATE on shard key column '{column}' of table '{}': each UPDATE would move the row",
                table.name
            )));
        }
        if table.kind == TableKind::Broadcast && VARYING.iter().any(|word| default.contains(word)) {
            return Err(SqlError::not_supported(format!(
                "DEFAULT {default} of column '{column}' in broadcast table '{}': its copies would differ",
                table.name
            )));
        }
    }
    Ok(())
}

/// Refuses columns that servers of different versions made with different collations: strings would be equal in one group and not in the next.
pub async fn check_collations(
    worker: &Rc<Worker>,
    database: &Database,
    table: &Table,
    states: &[GroupState],
) -> Result<(), SqlError> {
    let topology = Topology::new(table, database)?;
    // One physical table of each version.
    let mut of_version = BTreeMap::new();
    for shown in states.iter().flat_map(|state| &state.shown) {
        of_version.entry(shown.version.as_str()).or_insert(shown.group.as_str());
    }
    if of_version.len() < 2 {
        return Ok(());
    }
    let mut known: Option<(&str, Vec<(String, String)>)> = None;
    for (version, name) in of_version {
        let place = database.groups.iter().position(|group| group.name == name);
        let physical = place.and_then(|place| topology.tables().iter().find(|t| t.group == place));
        let (Some(group), Some(physical)) = (place.and_then(|place| database.groups.get(place)), physical)
        else {
            continue;
        };
        let sql = format!(
            "SELECT COLUMN_NAME, COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} \
             ORDER BY ORDINAL_POSITION",
            quote_string(&group.physical_database),
            quote_string(&physical.name)
        );
        let answer = worker.pool_of(group.instance)?.acquire(false).await?.query(&sql).await?;
        let columns = (0..answer.rows.len()).map(|row| (answer.text(row, 0), answer.text(row, 1))).collect();
        let Some((first, expected)) = &known else {
            known = Some((version, columns));
            continue;
        };
        let columns: Vec<(String, String)> = columns;
        if let Some((ours, theirs)) = expected.iter().zip(&columns).find(|(ours, theirs)| ours != theirs) {
            let told = |(_, collation): &(String, String)| match collation.as_str() {
                "" => "no collation".to_owned(),
                name => format!("collation {name}"),
            };
            return Err(SqlError::not_supported(format!(
                "column '{}' of table '{}': it has {} on a server of version {first} and {} on one of version {version}; \
                 give it a collation that both have",
                ours.0,
                table.name,
                told(ours),
                told(theirs)
            )));
        }
    }
    Ok(())
}

/// Folds of this table's string shard keys that the catalog lacks: what a collation calls equal is asked from a server, once.
pub async fn missing_folds(
    worker: &Rc<Worker>,
    table: &Table,
    group: &Group,
) -> Result<Vec<Command>, SqlError> {
    let mut commands = Vec::new();
    for (collation, charset) in rule::folds_needed(&table.kind, &table.columns) {
        if worker.node.meta.load().folds.contains_key(&collation) {
            continue;
        }
        let mut connection = worker.pool_of(group.instance)?.acquire(false).await?;
        let mut rows: Vec<(String, String)> = Vec::new();
        for query in fold::fold_queries(&collation, &charset) {
            let answer = connection.query(&query).await?;
            rows.extend((0..answer.rows.len()).map(|row| (answer.text(row, 0), answer.text(row, 1))));
        }
        let pairs = rows.iter().map(|(code, weights)| (code.as_str(), weights.as_str()));
        let table = CollationFold::build(&collation, &charset, pairs)?.encode();
        commands.push(Command::PutCollationFold { collation, table });
    }
    Ok(commands)
}
