//! Columns of a view, as a server says them: of a temporary table that has the view's columns and no row.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::InstanceId;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::{Execution, Plan};
use ostrakon_router::sharding::topology::quote;

use super::to_result;
use crate::error::SqlError;
use crate::gather::source::temporary_name;
use crate::session::result::ResultSet;
use crate::session::{Failure, Session};

impl Session {
    /// `SHOW [FULL] COLUMNS` of a view. `kind`: the statement up to the table's name.
    ///
    /// Errors: 1235 for a view over tables that no one group has.
    pub(in crate::session) async fn view_columns(
        &mut self,
        catalog: &Catalog,
        database: &str,
        view: &str,
        kind: &str,
    ) -> Result<ResultSet, Failure> {
        self.refuse_under_write_locks("the columns of a view")?;
        // Once through a derived table, as a server makes a view's columns: two of them, or none, give other defaults (tried: MariaDB 10.11).
        let query = format!("SELECT * FROM {}.{}", quote(database), quote(view));
        let (instance, shape) = self.shape_of(catalog, &query, view).await?;
        let settings = std::rc::Rc::clone(&self.settings);
        let mut place = self.worker.gather_connection(instance, &settings).await?;
        let table = temporary_name("view_columns");
        let made = place.create(&table, (&format!("{shape} LIMIT 0"), true), &[], &[]).await;
        let shown = match made {
            Ok(()) => place.ask(&format!("{kind} {table}")).await,
            Err(e) => Err(e),
        };
        place.drop_tables().await;
        let mut shown = to_result(shown?);
        // Of a temporary table, which this one is, MySQL says the word NULL there.
        if let Some(extra) = shown.columns.iter().position(|(name, _)| name == "Extra") {
            for cell in shown.rows.iter_mut().filter_map(|row| row.get_mut(extra)) {
                cell.take_if(|text| text == b"NULL");
                cell.get_or_insert_default();
            }
        }
        Ok(shown)
    }

    /// A server, and the query on its own tables of one group.
    async fn shape_of(
        &mut self,
        catalog: &Catalog,
        query: &str,
        view: &str,
    ) -> Result<(InstanceId, String), Failure> {
        let refuse = || {
            SqlError::not_supported(format!(
                "the columns of view '{view}', which no one group has all tables of"
            ))
        };
        let mut template = Template::default();
        lexer::scan(query.as_bytes(), self.mode, &mut template)?;
        let (plan, expanded) = self.plan_own_expanded(query.as_bytes(), &template).await?;
        let (Plan::Routed(plan), Some(expanded)) = (&*plan, &expanded) else { return Err(refuse().into()) };
        let input = expanded.input(None);
        let arguments = self.arguments(plan, input, &[], &[]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let Some(database) = &plan.database else {
            let mut execution = Execution::default();
            plan.route_into(&arguments, &mut execution)?;
            let statement = execution.statements.first().filter(|_| !execution.gathers).ok_or_else(refuse)?;
            let instance = catalog.instances.keys().next().ok_or_else(refuse)?;
            return Ok((*instance, text(execution.text(statement))));
        };
        let found = database.groups.iter().enumerate().find_map(|(at, group)| {
            plan.alone_in(at, &arguments).map(|shape| (group.instance, text(&shape)))
        });
        Ok(found.ok_or_else(refuse)?)
    }
}
