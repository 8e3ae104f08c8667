//! Where the rows of a logical table really are, read on the instances themselves and not through a node.

use std::collections::BTreeMap;

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Row};

use crate::cluster::{TestCluster, connect};

/// One physical table, or a table of a plain server.
#[derive(Clone, Debug)]
pub struct PhysicalTable {
    pub group: String,
    /// Of its instance.
    pub port: u16,
    /// Database and table, quoted.
    pub name: String,
}

impl PhysicalTable {
    /// A table of a server without Ostrakon.
    pub fn plain(port: u16, database: &str, table: &str) -> Self {
        Self { group: "plain".to_owned(), port, name: format!("`{database}`.`{table}`") }
    }

    /// These columns of all its rows, in any order.
    pub async fn rows<T: FromRow + Send + 'static>(&self, columns: &str) -> Vec<T> {
        let mut client = connect(self.port, None).await;
        let sql = format!("SELECT {columns} FROM {}", self.name);
        let rows = client.query(&sql).await.unwrap_or_else(|error| panic!("{}: {sql}: {error}", self.group));
        // A read in a snapshot of its own, which ends here.
        let _ = client.disconnect().await;
        rows
    }
}

/// The physical tables of `table`, of the database that `client` uses.
pub async fn tables(cluster: &TestCluster, client: &mut Conn, table: &str) -> Vec<PhysicalTable> {
    let groups: Vec<Row> = client.query("SHOW GROUPS").await.unwrap();
    let text =
        |row: &Row, name: &str| -> String { row.get(name).unwrap_or_else(|| panic!("{name}: {row:?}")) };
    let places: BTreeMap<String, (String, String)> = groups
        .iter()
        .map(|row| (text(row, "GROUP_NAME"), (text(row, "INSTANCE"), text(row, "PHYSICAL_DATABASE"))))
        .collect();
    let topology: Vec<Row> = client.query(format!("SHOW TOPOLOGY FROM {table}")).await.unwrap();
    let physical = |row: &Row| {
        let group = text(row, "GROUP_NAME");
        let (instance, database) = &places[&group];
        let instance = cluster.cluster.instances.iter().find(|one| one.name() == instance);
        let port = instance.expect("the group's instance is one of the cluster's").port();
        PhysicalTable { group, port, name: format!("`{database}`.`{}`", text(row, "TABLE_NAME")) }
    };
    topology.iter().map(physical).collect()
}

/// These columns of all rows of all these tables, with the group of each.
pub async fn rows<T: FromRow + Send + 'static>(tables: &[PhysicalTable], columns: &str) -> Vec<(String, T)> {
    let mut all = Vec::new();
    for table in tables {
        all.extend(table.rows::<T>(columns).await.into_iter().map(|row| (table.group.clone(), row)));
    }
    all
}
