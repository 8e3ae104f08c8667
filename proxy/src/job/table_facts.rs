//! What only a server knows of a table that it has made: its columns and keys for the catalog, and properties that cannot be kept.

use std::rc::Rc;
use std::time::Duration;

use ostrakon_catalog::column::{Column, Key};
use ostrakon_catalog::command::Command;
use ostrakon_catalog::schema::{Group, Table, TableKind};
use ostrakon_router::lexer::SqlMode;
use ostrakon_router::sharding::fold::{self, CollationFold};
use ostrakon_router::sharding::rule;

use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::session::definition;
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
        if extra.contains("on update") && is_key(table, &column) {
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

/// True when the column takes part in placing the table's rows.
pub fn is_key(table: &Table, column: &str) -> bool {
    table.rule().is_some_and(|rule| {
        let partitions = [&rule.db, &rule.tb].into_iter().flatten();
        partitions.flat_map(|p| &p.columns).any(|c| c.eq_ignore_ascii_case(column))
    })
}
