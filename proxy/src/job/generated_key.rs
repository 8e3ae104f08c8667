//! A table that is to be sharded by generated columns: its expressions are read from the server that has made it, and tried.

use std::rc::Rc;

use ostrakon_catalog::column::GeneratedKey;
use ostrakon_catalog::schema::{Database, Table};
use ostrakon_router::lexer::SqlMode;
use ostrakon_router::plan;
use ostrakon_router::sharding::Topology;

use super::physical::GroupState;
use super::{definition, table_facts};
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::gather::source::temporary_name;
use crate::node::ServerInfo;
use crate::worker::Worker;

/// Servers of two products work out some expressions differently, and one of them does it for all.
///
/// Errors: 1235.
pub fn refuse_two_products(table: &Table, states: &[GroupState]) -> Result<(), SqlError> {
    let mut products = states
        .iter()
        .flat_map(|state| &state.shown)
        .map(|shown| ServerInfo::parse_version(&shown.version).mariadb);
    let first = products.next();
    match products.any(|product| Some(product) != first) {
        true => Err(SqlError::not_supported(format!(
            "a generated shard key of table '{}' over servers of MariaDB and of MySQL",
            table.name
        ))),
        false => Ok(()),
    }
}

/// What the table needs to place rows by; `None` for a table that no generated column shards.
///
/// Errors: 1235 for an expression whose value is not certain.
pub async fn read(
    worker: &Rc<Worker>,
    database: &Database,
    table: &Table,
) -> Result<Option<GeneratedKey>, SqlError> {
    if !table.columns.iter().any(|column| column.generated && table.is_placed_by(&column.name)) {
        return Ok(None);
    }
    let topology = Topology::new(table, database)?;
    let first = topology.get(0).and_then(|physical| Some((physical, database.groups.get(physical.group)?)));
    let Some((physical, group)) = first else { return Ok(None) };
    let (columns, keys) = table_facts::read(worker, group, &physical.quoted).await?;
    let table = Table { columns, keys, ..table.clone() };
    let shown = {
        let mut connection = worker.pool_of(group.instance)?.acquire(false).await?;
        connection.queue_settings(&worker.intern(Settings::default()));
        definition::read(&mut connection, &group.physical_database, &physical.name).await?
    };
    let mode = SqlMode { server: worker.node.server.load().parsed, ..SqlMode::default() };
    let Some(key) = plan::generated_key(&table, &shown.columns, &shown.options, mode)? else {
        return Ok(None);
    };
    let name = temporary_name(topology.prefix());
    let mut place = worker.gather_connection(group.instance, &worker.intern(Settings::default())).await?;
    let made = place.create_as(&name, &key.definition.as_str().into()).await;
    place.drop_tables().await;
    match made {
        Ok(()) => Ok(Some(key)),
        Err(e) if e.errno == 1901 || e.errno / 100 == 31 => Err(SqlError::not_supported(format!(
            "the generated shard key of table '{}': its expression must be one that a STORED column can have ({})",
            table.name, e.message
        ))),
        Err(e) => Err(e),
    }
}
