//! Physical statements of a step: in parallel over groups, with short waits for locks and many tries, so that no shard's other statements queue
//! up behind a DDL statement that waits.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ostrakon_catalog::job::JobUpdate;
use ostrakon_catalog::schema::Group;
use tokio::task::JoinSet;

use super::definition::{self, Definition};
use super::engine::CONNECTIONS_PER_INSTANCE;
use super::fence::Fenced;
use super::run::{Run, Stop};
use super::steps::{Point, Step};
use super::{rehearsal, take_over, undo};
use crate::backend::pool::Pool;
use crate::error::{BACKEND_FAILED, BACKEND_UNREACHABLE, DEADLOCK, LOCK_WAIT_TIMEOUT, SqlError};
use crate::exec::watch;
use crate::failpoint;

/// How long an instance may be out of reach before the step fails.
const REACH_LIMIT: Duration = Duration::from_secs(10);
/// Between tries: the first pause, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// Between records of which groups have finished.
const PROGRESS: Duration = Duration::from_millis(500);

/// What is to be done to one physical object.
#[derive(Clone, Debug)]
pub enum Operation {
    /// `done`: what the server answers when an earlier try has done it.
    Run {
        sql: String,
        done: &'static [u16],
    },
    /// An ALTER, told by the definitions whether it was done.
    Change {
        sql: String,
    },
    /// Takes a `Change` back. `known`: the statement that does, where comparing the definitions would not find it.
    Undo {
        known: Option<String>,
    },
    Read,
}

/// A physical table, or a physical database when `name` is empty.
#[derive(Clone, Debug)]
pub struct Object {
    pub name: String,
    pub operation: Operation,
}

/// A group's part of a step.
#[derive(Clone, Debug)]
pub struct GroupWork {
    pub group: Group,
    pub objects: Vec<Object>,
}

/// What was read of a physical table.
#[derive(Clone, Debug)]
pub struct Shown {
    pub group: String,
    /// Of the server.
    pub version: String,
    pub definition: Definition,
}

/// How far a group came.
#[derive(Debug)]
pub struct GroupState {
    pub group: String,
    pub done: usize,
    pub total: usize,
    pub error: Option<SqlError>,
    pub shown: Vec<Shown>,
}

impl GroupState {
    /// For the error that a client sees.
    pub fn describe(&self) -> String {
        match &self.error {
            None => format!("{}: done", self.group),
            Some(e) => format!(
                "{}: {} of {} done, then error {}: {}",
                self.group, self.done, self.total, e.errno, e.message
            ),
        }
    }
}

/// Another session's lock was in the way.
pub fn is_lock(e: &SqlError) -> bool {
    matches!(e.errno, LOCK_WAIT_TIMEOUT | DEADLOCK)
}

/// The instance cannot be reached, or went away during the statement: whether it was done is not known.
pub fn is_lost(e: &SqlError) -> bool {
    // 1053: server shutdown; 1927: connection killed.
    matches!(e.errno, BACKEND_UNREACHABLE | BACKEND_FAILED | 1040 | 1053 | 1927)
}

/// Does the work of a step; groups that the catalog has as done are left out. `may_cancel`: the job can go back from here, so CANCEL ends the
/// statements that run.
pub async fn perform(
    run: &Rc<Run>,
    step: Step,
    work: Vec<GroupWork>,
    may_cancel: bool,
) -> Result<Vec<GroupState>, Stop> {
    let known_done = run.groups_done(step);
    let mut queues: Vec<(u32, VecDeque<GroupWork>)> = Vec::new();
    for part in work.into_iter().filter(|part| !known_done.contains(&part.group.name)) {
        match queues.iter_mut().find(|(instance, _)| *instance == part.group.instance) {
            Some((_, queue)) => queue.push_back(part),
            None => queues.push((part.group.instance, [part].into())),
        }
    }
    let mut tasks = JoinSet::new();
    for (_, queue) in queues {
        let side_by_side = queue.len().min(CONNECTIONS_PER_INSTANCE - 1);
        let queue = Rc::new(std::cell::RefCell::new(queue));
        for _ in 0..side_by_side {
            let (run, queue) = (Rc::clone(run), Rc::clone(&queue));
            tasks.spawn_local(async move {
                let mut states = Vec::new();
                loop {
                    let Some(part) = queue.borrow_mut().pop_front() else { return states };
                    let state = group(&run, part).await;
                    if state.error.is_none() {
                        run.finished.borrow_mut().insert(state.group.clone());
                        if step.is_parallel()
                            && let Err(e) = failpoint::pass(run.kind, step, Point::Middle).await
                        {
                            states.push(GroupState { error: Some(e), ..state });
                            continue;
                        }
                    }
                    states.push(state);
                }
            });
        }
    }
    let mut states = Vec::new();
    let mut recorded = Instant::now();
    let mut revisions = run.worker.node.meta.revisions();
    loop {
        run.look(may_cancel)?;
        if step.is_parallel() && recorded.elapsed() > PROGRESS {
            recorded = Instant::now();
            let groups_done: Vec<String> =
                std::mem::take(&mut *run.finished.borrow_mut()).into_iter().collect();
            if !groups_done.is_empty() {
                run.record(JobUpdate { groups_done, ..JobUpdate::default() }).await?;
            }
        }
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(Ok(of_task)) => states.extend(of_task),
                Some(Err(e)) => return Err(Stop::error(SqlError::other(format!("Internal error (please report): {e}")))),
                None => break,
            },
            _ = revisions.changed() => {}
            () = tokio::time::sleep(PROGRESS) => {}
        }
    }
    run.finished.borrow_mut().clear();
    states.sort_by(|a, b| a.group.cmp(&b.group));
    Ok(states)
}

/// Works on one group's objects in order.
async fn group(run: &Rc<Run>, work: GroupWork) -> GroupState {
    let GroupWork { group, objects } = work;
    let total = objects.len();
    let mut state = GroupState { group: group.name.clone(), done: 0, total, error: None, shown: Vec::new() };
    let mut held = None;
    for one in objects {
        match object(run, &group, &one, &mut held).await {
            Ok(shown) => state.shown.extend(shown),
            Err(e) => {
                state.error = Some(run.logical(e));
                break;
            }
        }
        state.done += 1;
    }
    if let Some(fenced) = held {
        fenced.lower().await;
    }
    state
}

/// Works on one object until it is done or fails for good. `held`: the group's connection, from one object to the next.
async fn object(
    run: &Rc<Run>,
    group: &Group,
    object: &Object,
    held: &mut Option<Fenced>,
) -> Result<Option<Shown>, SqlError> {
    let started = Instant::now();
    let mut lost_since: Option<Instant> = None;
    // An earlier try, perhaps another process's, may have done it.
    let mut check = run.resumed.get();
    let mut pause = PAUSES.0;
    loop {
        run.may_act().await?;
        let tried = match run.worker.pool_of(group.instance) {
            Ok(pool) => attempt(run, &pool, group, object, check, held).await,
            Err(e) => return Err(e),
        };
        // Other jobs wait for connections, too.
        if tried.is_err()
            && let Some(fenced) = held.take()
        {
            fenced.lower().await;
        }
        match tried {
            Ok(shown) => return Ok(shown),
            Err(e) if is_lost(&e) => {
                let since = *lost_since.get_or_insert_with(Instant::now);
                if !run.patient.get() || since.elapsed() > REACH_LIMIT {
                    return Err(e);
                }
                check = true;
                // What was sent over the lost connection may still run there.
                run.forget_clean(group.instance);
            }
            Err(e) if is_lock(&e) => {
                if started.elapsed() + pause > run.lock_limit(group.instance).await {
                    return Err(e);
                }
                lost_since = None;
                // It may have come after the statement, from the look at what that has made.
                check |= matches!(object.operation, Operation::Change { .. });
            }
            Err(e) => return Err(e),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// One try.
async fn attempt(
    run: &Rc<Run>,
    pool: &Rc<Pool>,
    group: &Group,
    object: &Object,
    check: bool,
    held: &mut Option<Fenced>,
) -> Result<Option<Shown>, SqlError> {
    let (database, name) = (group.physical_database.as_str(), object.name.as_str());
    if matches!(object.operation, Operation::Read) {
        let mut connection = pool.acquire(false).await?;
        take_over::clean(run, pool, &mut connection).await?;
        connection.queue_settings(&run.reading);
        let definition = definition::read(&mut connection, database, name).await?;
        return Ok(Some(Shown {
            group: group.name.clone(),
            version: connection.version.clone(),
            definition,
        }));
    }
    let connection = match held {
        Some(connection) => {
            take_over::clean(run, pool, connection).await?;
            connection
        }
        None => held.insert(Fenced::raise(run, pool).await?),
    };
    let version = connection.version.clone();
    match &object.operation {
        Operation::Read => Ok(None),
        Operation::Run { sql, done } => match statement(run, pool, connection, sql).await {
            Err(e) if check && done.contains(&e.errno) => Ok(None),
            ended => ended.map(|()| None),
        },
        Operation::Change { sql } => {
            if check {
                connection.queue_settings(&run.reading);
                let found = definition::read(connection, database, name).await?;
                rehearsal::learn(run, connection, group, &found).await?;
                if run.is_changed(&version, &found, &group.name)? {
                    return Ok(None);
                }
            }
            statement(run, pool, connection, sql).await?;
            if !run.after.borrow().contains_key(&version) {
                connection.queue_settings(&run.reading);
                let found = definition::read(connection, database, name).await?;
                run.after.borrow_mut().insert(version, found);
            }
            Ok(None)
        }
        Operation::Undo { known } => {
            connection.queue_settings(&run.reading);
            let found = definition::read(connection, database, name).await?;
            rehearsal::learn(run, connection, group, &found).await?;
            let back = run.way_back(&version, &found, known.as_deref(), &group.name)?;
            let Some(clauses) = back else { return Ok(None) };
            let sql = match clauses {
                Back::Statement(sql) => sql,
                Back::Clauses(clauses) => {
                    let clauses = Definition::own_name_in(&clauses.join(", "), name);
                    let quote = ostrakon_router::sharding::topology::quote;
                    format!("ALTER TABLE {}.{} {clauses}", quote(database), quote(name))
                }
            };
            statement(run, pool, connection, &sql).await?;
            connection.queue_settings(&run.reading);
            let found = definition::read(connection, database, name).await?;
            match run.before.borrow().get(&version) == Some(&found) {
                true => Ok(None),
                false => Err(SqlError::other("the definition is not what it was before")),
            }
        }
    }
}

/// How a changed table becomes what it was.
#[derive(Debug)]
pub enum Back {
    Statement(String),
    Clauses(Vec<String>),
}

impl Run {
    /// True when the change was made to the table with this definition, false when it is still to be made.
    ///
    /// Errors: it is neither.
    fn is_changed(&self, version: &str, found: &Definition, group: &str) -> Result<bool, SqlError> {
        let (before, after) = (self.before.borrow(), self.after.borrow());
        match (before.get(version), after.get(version)) {
            // Where the change changes no definition (FORCE, ORDER BY), it is made again.
            (Some(before), _) if before == found => Ok(false),
            (_, Some(after)) if after == found => Ok(true),
            _ => Err(strange(group)),
        }
    }

    /// How the table becomes what it was; `None` when it is.
    ///
    /// Errors: there is no way back.
    pub fn way_back(
        &self,
        version: &str,
        found: &Definition,
        known: Option<&str>,
        group: &str,
    ) -> Result<Option<Back>, SqlError> {
        let (before, after) = (self.before.borrow(), self.after.borrow());
        let Some(before) = before.get(version) else { return Err(strange(group)) };
        if before == found {
            return Ok(None);
        }
        if after.get(version) != Some(found) {
            return Err(strange(group));
        }
        if let Some(known) = known {
            return Ok(Some(Back::Statement(known.to_owned())));
        }
        match undo::clauses(before, found) {
            Some(clauses) if !clauses.is_empty() => Ok(Some(Back::Clauses(clauses))),
            _ => Err(SqlError::other(format!(
                "{group}: the change has lost or rewritten values, nothing brings them back"
            ))),
        }
    }
}

fn strange(group: &str) -> SqlError {
    SqlError::other(format!(
        "{group}: the physical table's definition is neither the one before the change nor the one after it (see CHECK TABLE)"
    ))
}

/// Runs one statement of the job, marked as its own, and open to a kill from `Run::interrupt`.
async fn statement(
    run: &Rc<Run>,
    pool: &Rc<Pool>,
    connection: &mut Fenced,
    sql: &str,
) -> Result<(), SqlError> {
    // Waiting for the connection, or for this process to run at all, may have taken long.
    run.may_act().await?;
    connection.queue_settings(&run.settings);
    let id = connection.id;
    run.connections.borrow_mut().push((Rc::clone(pool), id));
    let marked = format!("{}{sql}", take_over::mark(run.id, run.token));
    failpoint::stop_before_sending(run.kind);
    let ended = connection.query(&marked).await.map(|_| ());
    if ended.is_ok() {
        run.touched.set(true);
    }
    run.connections.borrow_mut().retain(|(of, other)| *other != id || !Rc::ptr_eq(of, pool));
    if run.interrupted() {
        // The KILL may come yet.
        connection.note_kill();
    }
    ended
}

impl Run {
    /// Ends the statements that run.
    pub fn interrupt(&self) {
        for (pool, id) in &*self.connections.borrow() {
            watch::kill_query(pool, *id);
        }
    }
}
