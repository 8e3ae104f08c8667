//! SHOW of what no logical database has: the servers' columns, and no row.

use ostrakon_catalog::Catalog;
use ostrakon_router::parse::command::{Absent, Scope};

use super::super::result::ResultSet;
use super::super::{Failure, Session};

impl Session {
    /// Errors: 1046 and 1049 where the statement needs a database; the server's own, for a statement that it does not know.
    pub(super) async fn show_absent(
        &mut self,
        catalog: &Catalog,
        absent: &Absent,
    ) -> Result<ResultSet, Failure> {
        let words = absent.words;
        let sql = match &absent.scope {
            Scope::Database(name) if self.means_information_schema(name.as_deref()) => {
                format!("SHOW {words} FROM mysql WHERE FALSE")
            }
            Scope::Database(name) => {
                self.database_or_current(catalog, name.as_deref())?;
                format!("SHOW {words} FROM mysql WHERE FALSE")
            }
            Scope::Server { filtered: true } => format!("SHOW {words} WHERE FALSE"),
            Scope::Server { filtered: false } => format!("SHOW {words}"),
        };
        let mut set = self.described(&sql).await?;
        set.rows.clear();
        Ok(set)
    }
}
