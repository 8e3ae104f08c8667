//! Columns of a view, as a server says them: of a temporary table that has the view's columns and no row.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::InstanceId;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::{Combine, Execution, Plan};
use ostrakon_router::sharding::topology::quote;

use super::to_result;
use crate::backend::leavings;
use crate::error::SqlError;
use crate::gather::connection::GatherConnection;
use crate::gather::guard::Guard;
use crate::gather::source::temporary_name;
use crate::gather::system::Row;
use crate::session::result::ResultSet;
use crate::session::{Failure, Session};

impl Session {
    /// `SHOW [FULL] COLUMNS` of a view. `kind`: the statement up to the table's name.
    pub(in crate::session) async fn view_columns(
        &mut self,
        catalog: &Catalog,
        database: &str,
        view: &str,
        kind: &str,
    ) -> Result<ResultSet, Failure> {
        let (mut place, table) = self.table_like_view(catalog, database, view).await?;
        let shown = place.ask(&format!("{kind} {table}")).await;
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

    /// A view's rows of information_schema.COLUMNS: what `select`, which ends with a condition on TABLE_SCHEMA, says of a table with its columns. That is no
    /// temporary one, of which servers say nothing there.
    pub(crate) async fn view_column_rows(
        &mut self,
        catalog: &Catalog,
        database: &str,
        view: &str,
        select: &str,
        guard: &Guard,
    ) -> Result<Vec<Row>, Failure> {
        let (mut place, table) = self.table_like_view(catalog, database, view).await?;
        let name = leavings::name(leavings::COLUMNS, place.lease.connection.id, 0);
        // A server that is being backed up makes no table: it is no wait for ever.
        let guard = guard.on(&place.lease.connection);
        let rows = guard.watch(described(&mut place, &table, &name, select), self.watched()).await?;
        place.drop_tables().await;
        Ok(rows)
    }

    /// A temporary table with a view's columns, and where it is.
    async fn table_like_view(
        &mut self,
        catalog: &Catalog,
        database: &str,
        view: &str,
    ) -> Result<(GatherConnection, String), Failure> {
        self.refuse_under_write_locks("the columns of a view")?;
        // Once through a derived table, as a server makes a view's columns: two of them, or none, give other defaults (tried: MariaDB 10.11).
        let query = format!("SELECT * FROM {}.{}", quote(database), quote(view));
        let (mut place, shape) = self.shape_of(catalog, &query, view).await?;
        let table = temporary_name("view_columns");
        let made = place.create(&table, (&format!("{shape} LIMIT 0"), true), &[], &[]).await;
        if let Err(e) = made {
            place.drop_tables().await;
            // Its text has physical names.
            return Err(match e.is_of_connection() {
                true => e.into(),
                false => SqlError::invalid_view(database, view).into(),
            });
        }
        Ok((place, table))
    }

    /// A place, and the query on what is there.
    async fn shape_of(
        &mut self,
        catalog: &Catalog,
        query: &str,
        view: &str,
    ) -> Result<(GatherConnection, String), Failure> {
        let refuse = || SqlError::not_supported(format!("the columns of view '{view}'"));
        let mut template = Template::default();
        lexer::scan(query.as_bytes(), self.mode, &mut template)?;
        let (plan, expanded) = self.plan_own_expanded(query.as_bytes(), &template).await?;
        let (Plan::Routed(plan), Some(expanded)) = (&*plan, &expanded) else { return Err(refuse().into()) };
        let input = expanded.input(None);
        let arguments = self.arguments(plan, input, &[], &[]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let here: Option<(InstanceId, String)> = match &plan.database {
            Some(database) => database.groups.iter().enumerate().find_map(|(at, group)| {
                plan.alone_in(at, &arguments).map(|shape| (group.instance, text(&shape)))
            }),
            None => {
                let mut execution = Execution::default();
                plan.route_into(&arguments, &mut execution)?;
                let statement = execution.statements.first().filter(|_| !execution.gathers);
                let instance = catalog.instances.keys().next();
                instance.zip(statement).map(|(at, statement)| (*at, text(execution.text(statement))))
            }
        };
        match (here, &plan.combine) {
            (Some((instance, shape)), _) => {
                // Not of the gather connections: who asks may hold one, and wait for another that does the same.
                self.worker.ensure_system_schema(instance).await?;
                let connection = self.worker.pool_of(instance)?.acquire(false).await?;
                let place = GatherConnection::new(connection, &self.settings, |settings| {
                    self.worker.intern(settings)
                });
                Ok((place, shape))
            }
            (None, Combine::Gather(gather)) => {
                let (place, shape) = Box::pin(self.gathered_empty(plan, gather, input)).await?;
                Ok((place, text(&shape)))
            }
            (None, _) => Err(refuse().into()),
        }
    }
}

/// What `select` says of a lasting table made like `table`, which goes again.
async fn described(
    place: &mut GatherConnection,
    table: &str,
    name: &str,
    select: &str,
) -> Result<Vec<Row>, SqlError> {
    let connection = &mut place.lease.connection;
    let mut deserted = leavings::deserted(connection, leavings::COLUMNS).await?;
    deserted.push(name.to_owned());
    leavings::drop_tables(connection, &deserted).await?;
    let lasting = leavings::quoted(name);
    place.ask(&format!("CREATE TABLE {lasting} LIKE {table}")).await?;
    let schema = leavings::SCHEMA;
    let rows = place.ask(&format!("{select} = '{schema}' AND TABLE_NAME = '{name}'")).await;
    let dropped = leavings::drop_tables(&mut place.lease.connection, &[name.to_owned()]).await;
    let rows = rows?.rows;
    dropped.map(|()| rows)
}
