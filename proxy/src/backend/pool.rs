//! One worker's connections to one instance: a cap, fair waiting with a deadline, and a guard that never leaks.
//!
//! **Invariant:** a permit is held for as long as its connection exists outside of `idle`; dropping the guard gives both back, and a connection
//! goes back to `idle` only when no byte of an answer is outstanding and no transaction is open on it.

use std::cell::{Cell, RefCell};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostrakon_catalog::schema::Instance;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::Connection;
use super::pipeline::Pipeline;
use super::settings::Settings;
use crate::error::{BACKEND_UNREACHABLE, SqlError};

/// What a pool's connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Statements of sessions, jobs and the like.
    Statements,
    /// Gathered statements: rows are loaded into temporary tables, so the server may ask for a file.
    Gather,
}

impl Purpose {
    /// The setting that bounds such pools.
    fn limit(self) -> &'static str {
        match self {
            Self::Statements => "limits.connections_per_instance",
            Self::Gather => "limits.gather_connections_per_instance",
        }
    }
}

/// How a pool is bounded.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    pub purpose: Purpose,
    /// Connections of this worker to the instance.
    pub connections: usize,
    pub wait: Duration,
    pub connect_timeout: Duration,
    /// Prepared statements kept on one connection.
    pub statements: usize,
}

/// The connections of one worker to one instance.
pub struct Pool {
    pub instance: Arc<Instance>,
    limits: PoolLimits,
    #[expect(
        clippy::vec_box,
        reason = "a connection is large, and goes from hand to hand for each statement: it stays in its box"
    )]
    idle: RefCell<Vec<Box<Connection>>>,
    /// Fair: permits are given in the order in which they were asked for.
    permits: Arc<Semaphore>,
    /// Connections that exist, idle or in use.
    open: Rc<Cell<usize>>,
    /// The server has refused LOAD DATA LOCAL: it is not asked again.
    pub refuses_files: Cell<bool>,
    crowd: Cell<usize>,
    /// Connections that short statements of several sessions share. They go with the pool, when the instance is elsewhere.
    pipelines: RefCell<Vec<Rc<Pipeline>>>,
}

impl Pool {
    pub fn new(instance: Arc<Instance>, limits: PoolLimits) -> Rc<Self> {
        Rc::new(Self {
            instance,
            limits,
            idle: RefCell::new(Vec::new()),
            permits: Arc::new(Semaphore::new(limits.connections)),
            open: Rc::new(Cell::new(0)),
            refuses_files: Cell::new(false),
            crowd: Cell::new(0),
            pipelines: RefCell::default(),
        })
    }

    /// Connections that exist, and how many of them are idle.
    pub fn counts(&self) -> (usize, usize) {
        (self.open.get(), self.idle.borrow().len())
    }

    /// Statements that the server has not answered yet, and which could share a connection but have one of their own, since they are not known to be short.
    pub fn crowd(&self) -> usize {
        self.crowd.get()
    }

    /// One connection: the last one used that is still alive, else a new one.
    ///
    /// `found_rows`: the session's CLIENT_FOUND_ROWS, which is fixed at login and changes what UPDATE counts, so such connections are apart.
    pub async fn acquire(self: &Rc<Self>, found_rows: bool) -> Result<Pooled, SqlError> {
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => Box::pin(self.wait(1)).await?,
        };
        self.with_permit(permit, found_rows).await
    }

    /// `count` connections at once or none: a statement that took them one by one could wait for another that does the same, for ever.
    pub async fn acquire_many(
        self: &Rc<Self>,
        count: usize,
        found_rows: bool,
    ) -> Result<Vec<Pooled>, SqlError> {
        if count > self.limits.connections {
            return Err(SqlError::new(
                1040,
                "08004",
                format!(
                    "The statement needs {count} connections to instance '{}' at once, this worker may have {} ({})",
                    self.instance.name,
                    self.limits.connections,
                    self.limits.purpose.limit()
                ),
            ));
        }
        let mut permit = self.wait(count).await?;
        let mut connections = Vec::with_capacity(count);
        for _ in 1..count {
            if let Some(one) = permit.split(1) {
                connections.push(self.with_permit(one, found_rows).await?);
            }
        }
        connections.push(self.with_permit(permit, found_rows).await?);
        Ok(connections)
    }

    async fn wait(&self, count: usize) -> Result<OwnedSemaphorePermit, SqlError> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        match tokio::time::timeout(self.limits.wait, Arc::clone(&self.permits).acquire_many_owned(count))
            .await
        {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                let waited = u64::try_from(self.limits.wait.as_millis()).unwrap_or(u64::MAX);
                Err(SqlError::no_connection(&self.instance.name, waited, self.limits.purpose.limit()))
            }
        }
    }

    async fn with_permit(
        self: &Rc<Self>,
        permit: OwnedSemaphorePermit,
        found_rows: bool,
    ) -> Result<Pooled, SqlError> {
        while let Some(connection) = self.take_idle(found_rows) {
            if connection.is_alive() {
                return Ok(Pooled::new(connection, self, permit));
            }
            self.open.set(self.open.get() - 1);
        }
        if self.open.get() >= self.limits.connections {
            // Only idle connections of the other kind can fill the cap while a permit is free.
            self.close_one_idle();
        }
        let statements = self.limits.statements;
        let connecting = async {
            match self.limits.purpose {
                Purpose::Statements => Connection::connect(&self.instance, statements, found_rows).await,
                Purpose::Gather => Connection::connect_for_files(&self.instance, statements).await,
            }
        };
        // Boxed, as the wait for a permit is: what seldom happens is to take no room in every session.
        let connecting = Box::pin(connecting);
        let connection = match tokio::time::timeout(self.limits.connect_timeout, connecting).await {
            Ok(Ok(connection)) => Box::new(connection),
            Ok(Err(e)) => return Err(e),
            Err(_) => {
                return Err(SqlError::new(
                    BACKEND_UNREACHABLE,
                    "HY000",
                    format!(
                        "Instance '{}' did not answer a connection within {} ms",
                        self.instance.name,
                        self.limits.connect_timeout.as_millis()
                    ),
                ));
            }
        };
        self.open.set(self.open.get() + 1);
        Ok(Pooled::new(connection, self, permit))
    }

    /// The pipeline for the next statement, among those that a session with these settings can join and that have fewer than `depth_limit` under way: one that is
    /// about to write anyway, as long as it has no more than half of these, so that one more costs no system call; else the one with the fewest. `None`: all are
    /// full, and there are `limit` of them.
    pub fn pipeline(
        self: &Rc<Self>,
        settings: &Rc<Settings>,
        depth_limit: usize,
        limit: usize,
    ) -> Option<Rc<Pipeline>> {
        let mut pipelines = self.pipelines.borrow_mut();
        let depths = || pipelines.iter().filter_map(|known| Some((known.depth_for(settings)?, known)));
        let about_to_write = depths().find(|(depth, _)| depth.unsent > 0 && depth.all < depth_limit / 2);
        let best = about_to_write.or_else(|| depths().min_by_key(|(depth, _)| depth.all));
        if let Some((depth, best)) = best
            && depth.all < depth_limit
        {
            return Some(Rc::clone(best));
        }
        if pipelines.len() >= limit {
            return None;
        }
        let started = Pipeline::start(self);
        pipelines.push(Rc::clone(&started));
        Some(started)
    }

    fn take_idle(&self, found_rows: bool) -> Option<Box<Connection>> {
        let mut idle = self.idle.borrow_mut();
        let at = idle.iter().rposition(|c| c.found_rows() == found_rows)?;
        Some(idle.remove(at))
    }

    fn close_one_idle(&self) {
        let mut idle = self.idle.borrow_mut();
        if !idle.is_empty() {
            idle.remove(0);
            self.open.set(self.open.get() - 1);
        }
    }

    /// Closes what is idle: the instance was dropped or changed.
    pub fn close_idle(&self) {
        let closed = self.idle.borrow_mut().drain(..).count();
        self.open.set(self.open.get() - closed);
    }
}

/// One of a pool's crowd, until dropped.
pub struct Crowded(Rc<Pool>);

impl Crowded {
    pub fn join(pool: &Rc<Pool>) -> Self {
        pool.crowd.set(pool.crowd.get() + 1);
        Self(Rc::clone(pool))
    }

    /// How many the pool has.
    pub fn crowd(&self) -> usize {
        self.0.crowd()
    }
}

impl Drop for Crowded {
    fn drop(&mut self) {
        self.0.crowd.set(self.0.crowd.get() - 1);
    }
}

/// Where a connection rests that one session needs again, for what it has on the server: whoever lets go of it, it comes back here.
#[derive(Default)]
pub struct Keeper {
    slot: RefCell<Option<Pooled>>,
}

impl Keeper {
    /// The connection, unless it is in use, or lost.
    pub fn take(self: &Rc<Self>) -> Option<Pooled> {
        let mut kept = self.slot.take()?;
        kept.keeper = Some(Rc::clone(self));
        Some(kept)
    }

    /// It rests here, and its server has not closed it.
    pub fn is_alive(&self) -> bool {
        self.slot.borrow().as_ref().is_some_and(|kept| kept.is_alive())
    }
}

/// A connection in use. Dropping it returns it to its keeper if it has one, else to the pool if it is clean, and closes it otherwise.
pub struct Pooled {
    connection: Option<Box<Connection>>,
    pool: Rc<Pool>,
    permit: Option<OwnedSemaphorePermit>,
    keeper: Option<Rc<Keeper>>,
}

impl Pooled {
    fn new(connection: Box<Connection>, pool: &Rc<Pool>, permit: OwnedSemaphorePermit) -> Self {
        Self { connection: Some(connection), pool: Rc::clone(pool), permit: Some(permit), keeper: None }
    }

    /// It has something of its session's now: locks, temporary tables.
    pub fn keep(&mut self, keeper: &Rc<Keeper>) {
        self.keeper = Some(Rc::clone(keeper));
    }

    /// It has nothing of the kind any more, or will not have.
    pub fn let_go(&mut self) {
        self.keeper = None;
    }

    pub fn pool(&self) -> &Rc<Pool> {
        &self.pool
    }
}

impl Deref for Pooled {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        // PANIC-FREE: only Drop takes the connection out.
        self.connection.as_deref().expect("a guard holds its connection until it is dropped")
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Connection {
        // PANIC-FREE: only Drop takes the connection out.
        self.connection.as_deref_mut().expect("a guard holds its connection until it is dropped")
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // The session is the other one that knows the keeper.
        if let Some(keeper) = self.keeper.take().filter(|keeper| Rc::strong_count(keeper) > 1)
            && connection.is_at_rest()
        {
            let (connection, pool) = (Some(connection), Rc::clone(&self.pool));
            let kept = Pooled { connection, pool, permit: self.permit.take(), keeper: None };
            keeper.slot.replace(Some(kept));
            return;
        }
        if connection.is_reusable() {
            self.pool.idle.borrow_mut().push(connection);
        } else {
            self.pool.open.set(self.pool.open.get() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use ostrakon_catalog::schema::InstanceTls;
    use tokio::task::LocalSet;

    use super::*;
    use crate::backend::pipeline::Command;

    /// Of an instance that nobody is asked of.
    fn pool() -> Rc<Pool> {
        let instance = Instance {
            id: 1,
            name: "one".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 1,
            user: String::new(),
            password: String::new(),
            draining: false,
            tls: InstanceTls::Disabled,
        };
        let limits = PoolLimits {
            purpose: Purpose::Statements,
            connections: 8,
            wait: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(1),
            statements: 8,
        };
        Pool::new(Arc::new(instance), limits)
    }

    #[tokio::test]
    async fn shared_connections_take_so_many_statements_and_no_more() {
        const EACH: usize = 3;
        const CONNECTIONS: usize = 2;
        let handed_in = async {
            let (pool, settings) = (pool(), Rc::new(Settings::default()));
            let hand_in = |settings: &Rc<Settings>| {
                let pipeline = pool.pipeline(settings, EACH, CONNECTIONS)?;
                let slot = pipeline.hand_in(Command::Query(b"SELECT 1"), settings).expect("it has room");
                Some((pipeline, slot))
            };
            let first: Vec<_> = (0..=EACH).map_while(|_| hand_in(&settings)).collect();
            assert_eq!(first.len(), EACH + 1);
            // Sessions with other settings do not come in between.
            assert!(hand_in(&Rc::new(Settings::default())).is_none());
            let more = std::iter::from_fn(|| hand_in(&settings)).take(EACH * CONNECTIONS);
            let handed: Vec<_> = first.into_iter().chain(more).collect();
            assert_eq!(handed.len(), EACH * CONNECTIONS);
            for (pipeline, _) in &handed {
                assert_eq!(pipeline.depth_for(&settings).map(|depth| depth.all), Some(EACH));
            }
        };
        LocalSet::new().run_until(handed_in).await;
    }
}
