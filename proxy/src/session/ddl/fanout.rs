//! Physical statements on all groups: one tries first, the others follow in parallel.

use std::rc::Rc;

use ostrakon_catalog::schema::{Database, Group};
use ostrakon_router::sharding::Topology;
use tokio::task::JoinSet;

use crate::backend::pool::Pool;
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::names;
use crate::session::{Failure, Session};

/// The statements of one group, in order.
pub struct GroupWork {
    pub group: Group,
    pub statements: Vec<String>,
}

impl GroupWork {
    /// One statement for each physical table, by group.
    pub fn for_tables(
        database: &Database,
        topology: &Topology,
        render: impl Fn(&str) -> String,
    ) -> Vec<Self> {
        let mut work: Vec<Self> = database
            .groups
            .iter()
            .map(|group| Self { group: group.clone(), statements: Vec::new() })
            .collect();
        for table in topology.tables() {
            if let Some(of_group) = work.get_mut(table.group) {
                of_group.statements.push(render(&table.quoted));
            }
        }
        work.retain(|w| !w.statements.is_empty());
        work
    }
}

/// How far a group came.
struct GroupState {
    group: String,
    done: usize,
    total: usize,
    error: Option<SqlError>,
}

impl Session {
    /// Runs the work; an error tells what each group did. When the very first statement fails, nothing was done and the error is the server's own.
    /// `table`: whose physical names become logical ones in errors.
    pub async fn fan_out(
        &mut self,
        database: &Database,
        table: Option<(&Topology, &str)>,
        mut work: Vec<GroupWork>,
        what: &str,
    ) -> Result<(), Failure> {
        let logical = |e: SqlError| {
            let message = names::logical_text(&e.message, database, table);
            SqlError { message, ..e }
        };
        let Some(first) = work.first_mut() else { return Ok(()) };
        let first_statement = first.statements.remove(0);
        let group = first.group.clone();
        let settings = Rc::clone(&self.settings);
        let pool = self.worker.pool_of(group.instance)?;
        if let (1, Some(e)) = run(&pool, &settings, vec![first_statement]).await {
            return Err(logical(e).into());
        }
        let mut tasks = JoinSet::new();
        for GroupWork { group, statements } in work {
            let pool = self.worker.pool_of(group.instance)?;
            let settings = Rc::clone(&settings);
            tasks.spawn_local(async move {
                let total = statements.len();
                let (left, error) = run(&pool, &settings, statements).await;
                GroupState { group: group.name, done: total - left, total, error }
            });
        }
        let mut states = Vec::new();
        while let Some(state) = tasks.join_next().await {
            states.push(state.map_err(|e| SqlError::other(format!("Internal error (please report): {e}")))?);
        }
        states.sort_by(|a, b| a.group.cmp(&b.group));
        let Some(failed) = states.iter().find_map(|s| s.error.clone()) else { return Ok(()) };
        let each: Vec<String> = states
            .iter()
            .map(|s| match &s.error {
                None => format!("{}: done", s.group),
                Some(e) => format!(
                    "{}: {} of {} done, then error {}: {}",
                    s.group, s.done, s.total, e.errno, e.message
                ),
            })
            .collect();
        let message = format!(
            "{what} failed on some groups and the catalog was not changed; repair or repeat it. {}",
            each.join("; ")
        );
        Err(logical(SqlError { message, ..failed }).into())
    }
}

/// Runs statements in order on one connection; gives how many were not done, and why.
async fn run(pool: &Rc<Pool>, settings: &Rc<Settings>, statements: Vec<String>) -> (usize, Option<SqlError>) {
    let total = statements.len();
    let mut connection = match pool.acquire(false).await {
        Ok(connection) => connection,
        Err(e) => return (total, Some(e)),
    };
    connection.queue_settings(settings);
    for (done, statement) in statements.iter().enumerate() {
        if let Err(e) = connection.query(statement).await {
            return (total - done, Some(e));
        }
    }
    (0, None)
}
