//! provisional
use super::load::Load;
use crate::error::SqlError;
use crate::exec::lease::Lease;
pub struct GatherConnection {
    pub lease: Lease,
    tables: Vec<String>,
}
impl GatherConnection {
    pub fn new(lease: Lease) -> Self {
        Self { lease, tables: Vec::new() }
    }
    pub async fn create(&mut self, table: &str, select: &str, keys: &[Vec<String>]) -> Result<(), SqlError> {
        let keys: Vec<String> = keys
            .iter()
            .map(|k| {
                format!(
                    "KEY ({})",
                    k.iter().map(|c| format!("`{}`", c.replace('`', "``"))).collect::<Vec<_>>().join(", ")
                )
            })
            .collect();
        let keys = if keys.is_empty() { String::new() } else { format!("({})", keys.join(", ")) };
        self.lease.connection.query(&format!("CREATE TEMPORARY TABLE {table} {keys} AS {select}")).await?;
        self.lease.connection.has_tables = true;
        self.tables.push(table.to_owned());
        Ok(())
    }
    pub async fn create_as(&mut self, table: &str, definition: &str) -> Result<(), SqlError> {
        self.lease.connection.query(definition).await?;
        self.lease.connection.has_tables = true;
        self.tables.push(table.to_owned());
        Ok(())
    }
    pub async fn load(&mut self, table: &str) -> Result<Load<'_>, SqlError> {
        Ok(Load {
            connection: &mut self.lease.connection,
            table: table.to_owned(),
            text: String::new(),
            rows: 0,
            bytes: 0,
        })
    }
    pub async fn drop_tables(&mut self) -> Result<(), SqlError> {
        for table in std::mem::take(&mut self.tables) {
            if let Err(e) = self.lease.connection.query(&format!("DROP TEMPORARY TABLE {table}")).await {
                self.lease.connection.mark_broken();
                return Err(e);
            }
        }
        Ok(())
    }
}
