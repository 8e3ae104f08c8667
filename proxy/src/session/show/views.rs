//! SHOW CREATE VIEW, and views in the other SHOWs.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::Database;
use ostrakon_catalog::view::{CheckOption, View};
use ostrakon_router::RouterError;
use ostrakon_router::parse::command::Show;
use ostrakon_router::sharding::topology::quote;

use super::to_result;
use crate::session::result::{Cell, ResultSet};
use crate::session::{Failure, Session};

impl Session {
    /// The view of that name and its database, if it is one.
    pub(in crate::session) fn find_view<'c>(
        &self,
        catalog: &'c Catalog,
        database: Option<&str>,
        name: &str,
    ) -> Result<Option<(&'c Database, &'c View)>, Failure> {
        let database = self.database_or_current(catalog, database)?;
        // A temporary table hides it.
        if self.temporary_table(&database.name, name).is_some() {
            return Ok(None);
        }
        Ok(database.views.get(name).map(|view| (database, &**view)))
    }

    /// SHOW INDEX of a view: its columns, and no row.
    pub(super) async fn no_index(&mut self, show: &Show) -> Result<ResultSet, Failure> {
        let mut lease = self.lease_any().await?;
        let answer = lease.connection.query("SHOW INDEX FROM mysql.plugin WHERE FALSE").await;
        self.release(lease);
        let set = to_result(answer?);
        match &show.filter {
            Some(filter) => self.filter(set, filter).await,
            None => Ok(set),
        }
    }

    /// SHOW CREATE VIEW, and SHOW CREATE TABLE of a view.
    pub(super) fn show_create_view(
        &self,
        catalog: &Catalog,
        database: Option<&str>,
        name: &str,
    ) -> Result<ResultSet, Failure> {
        let Some((_, view)) = self.find_view(catalog, database, name)? else {
            let database = self.database_or_current(catalog, database)?;
            return Err(match database.tables.contains_key(name) {
                true => self.not_of_type(&database.name, name, "VIEW").into(),
                false => RouterError::no_such_table(&database.name, name).into(),
            });
        };
        let mut set =
            ResultSet::text(&["View", "Create View", "character_set_client", "collation_connection"]);
        set.push([
            name.into(),
            definition(view).into(),
            view.character_set_client.as_str().into(),
            view.collation_connection.as_str().into(),
        ]);
        Ok(set)
    }
}

/// As a statement that makes the view anew.
fn definition(view: &View) -> String {
    let (user, host) = view.definer.rsplit_once('@').unwrap_or((&view.definer, "%"));
    let security = if view.invoker { "INVOKER" } else { "DEFINER" };
    let check = match view.check {
        CheckOption::None => "",
        CheckOption::Local => " WITH LOCAL CHECK OPTION",
        CheckOption::Cascaded => " WITH CASCADED CHECK OPTION",
    };
    format!(
        "CREATE ALGORITHM={} DEFINER={}@{} SQL SECURITY {security} VIEW {} AS {}{check}",
        view.algorithm.as_text(),
        quote(user),
        quote(host),
        quote(&view.name),
        view.query
    )
}

/// A view's row of SHOW TABLE STATUS: its name, and a comment that says so.
pub(super) fn status_row(columns: usize, comment: Option<usize>, name: &str) -> Vec<Option<Vec<u8>>> {
    let mut row = vec![None; columns];
    for (at, text) in [(Some(0), name), (comment, "VIEW")] {
        if let Some(cell) = at.and_then(|at| row.get_mut(at)) {
            *cell = Cell::from(text).0;
        }
    }
    row
}
