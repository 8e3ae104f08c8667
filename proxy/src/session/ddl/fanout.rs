//! Physical statements on all groups: one tries first, the others follow in parallel.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::Ordering;

use ostrakon_catalog::schema::{Database, Group};
use ostrakon_router::sharding::Topology;
use tokio::task::JoinSet;

use crate::backend::pool::Pool;
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::{names, watch};
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
        // Until the first statement is done nothing is, so who leaves while it waits for a lock ends it. After that only KILL does.
        let running = Rc::new(Running::default());
        let first = run(&pool, &settings, vec![first_statement], &running);
        if let (1, Some(e)) = self.watched(first, &running, true).await {
            return Err(logical(e).into());
        }
        let mut tasks = JoinSet::new();
        for GroupWork { group, statements } in work {
            let pool = self.worker.pool_of(group.instance)?;
            let settings = Rc::clone(&settings);
            let running = Rc::clone(&running);
            tasks.spawn_local(async move {
                let total = statements.len();
                let (left, error) = run(&pool, &settings, statements, &running).await;
                GroupState { group: group.name, done: total - left, total, error }
            });
        }
        let mut states = self.watched(tasks.join_all(), &running, false).await;
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

    /// Drives DDL to its end, which alone tells what it did. KILL ends the statements that still run, and so does a client that leaves if
    /// `by_leaving`.
    async fn watched<T>(&self, work: impl Future<Output = T>, running: &Running, by_leaving: bool) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            let entry = self.entry();
            if entry.kill.query.swap(false, Ordering::SeqCst) {
                running.kill();
            }
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = entry.kill.wake.notified() => {}
                () = self.client.hung_up(), if by_leaving && !running.killed.get() => running.kill(),
            }
        }
    }
}

/// The connections on which a DDL statement's parts run.
#[derive(Default)]
struct Running {
    killed: Cell<bool>,
    connections: RefCell<Vec<(Rc<Pool>, u32)>>,
}

impl Running {
    fn kill(&self) {
        self.killed.set(true);
        for (pool, id) in &*self.connections.borrow() {
            watch::kill_query(pool, *id);
        }
    }
}

/// Runs statements in order on one connection; gives how many were not done, and why.
async fn run(
    pool: &Rc<Pool>,
    settings: &Rc<Settings>,
    statements: Vec<String>,
    running: &Running,
) -> (usize, Option<SqlError>) {
    let total = statements.len();
    let mut connection = match pool.acquire(false).await {
        Ok(connection) => connection,
        Err(e) => return (total, Some(e)),
    };
    let id = connection.id;
    running.connections.borrow_mut().push((Rc::clone(pool), id));
    connection.queue_settings(settings);
    let mut ended = (0, None);
    for (done, statement) in statements.iter().enumerate() {
        let result = match running.killed.get() {
            true => Err(SqlError::new(1317, "70100", "Query execution was interrupted")),
            false => connection.query(statement).await.map(|_| ()),
        };
        if let Err(e) = result {
            ended = (total - done, Some(e));
            break;
        }
    }
    running.connections.borrow_mut().retain(|(of, other)| *other != id || !Rc::ptr_eq(of, pool));
    if running.killed.get() {
        // The KILL may come yet.
        connection.note_kill();
    }
    ended
}
