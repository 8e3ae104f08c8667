//! Table locks (LOCK TABLES): a connection to each group has the physical tables' locks, and is its session's alone for as long.
//!
//! With READ locks only, statements go over connections of the pools as ever: nobody writes these tables, and everybody may read them. With a WRITE
//! lock all statements go over the connections that have the locks, because nobody else gets at the tables. These take no XA START
//! (error 1400, both families), so what a statement or a transaction writes in several groups is committed in each of them by itself (decision 0009).

use std::cmp::Reverse;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostrakon_catalog::Catalog;
use ostrakon_catalog::privilege::Privileges;
use ostrakon_catalog::schema::{Database, Group, Table};
use ostrakon_router::RouterError;
use ostrakon_router::access::Need;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::parse::command::{Command, LockedTable};
use ostrakon_router::plan::{Plan, RoutedPlan, TableName};
use ostrakon_router::sharding::Topology;
use ostrakon_router::sharding::topology::quote;

use super::lease::Lease;
use super::watch;
use crate::backend::leavings;
use crate::backend::pool::{Keeper, Pooled};
use crate::error::{BACKEND_FAILED, DEADLOCK, LOCK_WAIT_TIMEOUT, NO_SUCH_TABLE, SqlError};
use crate::session::{Failure, Session};

/// While a group's locks are held another group's are waited for no longer than this, in seconds: whoever holds those may wait for ours.
const WAIT_HOLDING_S: u64 = 1;
/// How long LOCK TABLES waits when neither it nor `lock_wait_timeout` says: MariaDB's default, in seconds.
const WAIT_S: u64 = 86_400;
/// A DDL job has changed the tables between a look at the catalog and the lock: so many times it is looked at again.
const LOOKS: u32 = 5;

/// What a session has locked.
pub struct TableLocks {
    tables: Vec<Locked>,
    holders: Vec<Holder>,
    /// Some table may be written.
    writes: bool,
    /// The running statement goes over the connections that have the locks.
    engaged: bool,
}

struct Locked {
    database: Arc<str>,
    table: Arc<str>,
    writes: bool,
}

/// Where the connection rests that has a group's locks, while neither a statement nor the transaction uses it.
struct Holder {
    group: Group,
    keeper: Rc<Keeper>,
    /// It has so many views for its locks.
    views: usize,
}

/// What one group is to lock.
struct Wanted {
    group: Group,
    /// Physical tables by their own names, and whether one of the locks writes.
    bare: Vec<(String, bool)>,
    /// With the names that statements give them: the table, its name there, and whether it is written.
    aliased: Vec<(String, String, bool)>,
}

/// What one group is sent.
struct Locking {
    /// Views to be made first.
    views: Vec<String>,
    statement: String,
}

impl Wanted {
    /// LOCK TABLES takes each name once in a database, and the physical tables of one logical table are all known by the same. A view has the name inside,
    /// and with the view the server locks the table by it (tried: MariaDB 10.11, MySQL 9.7). `connection` makes the views' names unlike others'.
    fn locking(&self, connection: u32, writes: bool) -> Locking {
        let how = |writes: bool| if writes { "WRITE" } else { "READ" };
        let mut list: Vec<String> =
            self.bare.iter().map(|(table, writes)| format!("{table} {}", how(*writes))).collect();
        let mut views = Vec::new();
        // Other sessions' connections read what is not written, by whatever name.
        if writes {
            let mut names: Vec<&str> = Vec::new();
            for (table, known_as, writes) in &self.aliased {
                if names.contains(&known_as.as_str()) {
                    let view = leavings::quoted(&leavings::name(leavings::LOCKS, connection, views.len()));
                    views.push(format!(
                        "CREATE OR REPLACE SQL SECURITY INVOKER VIEW {view} AS SELECT * FROM {table} AS {}",
                        quote(known_as)
                    ));
                    list.push(format!("{view} {}", how(*writes)));
                } else {
                    names.push(known_as);
                    list.push(format!("{table} AS {} {}", quote(known_as), how(*writes)));
                }
            }
        }
        Locking { views, statement: format!("LOCK TABLES {}", list.join(", ")) }
    }
}

impl TableLocks {
    /// All that is needed is locked, as it is needed.
    fn cover<'n>(
        &self,
        needs: impl Iterator<Item = &'n Need>,
        current: Option<&str>,
    ) -> Result<(), SqlError> {
        let written = Privileges::INSERT | Privileges::UPDATE | Privileges::DELETE;
        for need in needs {
            let (database, table, writes) = match need {
                Need::Table { database, table, all } => (database, table, all.has_any(written)),
                // Of all privileges any one will do to see a table; of fewer, to lock rows of it.
                Need::AnyOnTable { database, table, any } => {
                    (database, table, *any != Privileges::ALL_OF_TABLE)
                }
                Need::Database { .. } | Need::SeeDatabase { .. } | Need::Global { .. } => continue,
            };
            let home = database.as_deref().or(current);
            let Some(locked) = self.find(home, table) else {
                let text = format!("Table '{table}' was not locked with LOCK TABLES");
                return Err(SqlError::new(1100, "HY000", text));
            };
            if writes && !locked.writes {
                let text = format!("Table '{table}' was locked with a READ lock and can't be updated");
                return Err(SqlError::new(1099, "HY000", text));
            }
        }
        Ok(())
    }

    fn find(&self, database: Option<&str>, table: &str) -> Option<&Locked> {
        self.tables.iter().find(|locked| Some(&*locked.database) == database && &*locked.table == table)
    }
}

impl Session {
    /// `LOCK TABLES`: gives back what was locked before, and commits what is open.
    ///
    /// Errors: 1066 for two of one name, 1146, 1205 after `wait` seconds or `lock_wait_timeout`. Nothing is locked then.
    pub async fn lock_tables(&mut self, tables: &[LockedTable], wait: Option<u64>) -> Result<(), Failure> {
        self.commit_all().await?;
        self.give_table_locks_back().await;
        if self.has_temporary_tables() {
            return Err(SqlError::not_supported("LOCK TABLES in a session with temporary tables").into());
        }
        for (at, locked) in tables.iter().enumerate() {
            let known_as = |locked: &LockedTable| {
                (
                    locked.name.database.clone(),
                    locked.alias.clone().unwrap_or_else(|| locked.name.name.clone()),
                )
            };
            let own = known_as(locked);
            if tables.iter().take(at).any(|other| known_as(other) == own) {
                let text = format!("Not unique table/alias: '{}'", own.1);
                return Err(SqlError::new(1066, "42000", text).into());
            }
        }
        let asked = self.settings.get("lock_wait_timeout").and_then(|literal| literal.parse().ok());
        let until =
            Instant::now() + Duration::from_secs(wait.or(asked).unwrap_or(WAIT_S).min(10 * 365 * WAIT_S));
        for look in 1.. {
            let catalog = self.catalog();
            let (resolved, wanted) = self.what_to_lock(&catalog, tables).await?;
            match self.take_table_locks(&wanted, until).await {
                Ok(holders) => {
                    let writes = resolved.iter().any(|locked| locked.writes);
                    self.table_locks =
                        Some(Box::new(TableLocks { tables: resolved, holders, writes, engaged: false }));
                    return Ok(());
                }
                // A job has dropped, moved or made them anew meanwhile.
                Err(Failure::Sql(e)) if e.errno == NO_SUCH_TABLE && look < LOOKS => {
                    self.newest_catalog().await;
                    self.warnings.clear();
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// `UNLOCK TABLES`: commits what is open, if there were locks.
    pub async fn unlock_tables(&mut self) -> Result<(), Failure> {
        if self.table_locks.is_none() {
            return Ok(());
        }
        let committed = self.commit_all().await;
        self.give_table_locks_back().await;
        committed
    }

    /// The transaction has ended. A connection that does not answer is closed, which unlocks too.
    pub async fn give_table_locks_back(&mut self) {
        let Some(locks) = self.table_locks.take() else { return };
        give_back(locks.holders).await;
    }

    /// The tables and what is to be locked where, in one order for all sessions. A view stands for the tables that it reads.
    async fn what_to_lock(
        &mut self,
        catalog: &Catalog,
        tables: &[LockedTable],
    ) -> Result<(Vec<Locked>, Vec<Wanted>), Failure> {
        let mut resolved: Vec<Locked> = Vec::new();
        let mut wanted: Vec<Wanted> = Vec::new();
        for LockedTable { name, alias, writes } in tables {
            let database = self.database_of(catalog, name)?;
            if let Some(table) = database.tables.get(&name.name) {
                let known_as = alias.as_deref().unwrap_or(&name.name);
                enter(&database, table, known_as, *writes, &mut resolved, &mut wanted)?;
            } else if database.views.contains_key(&name.name) {
                resolved.push(Locked {
                    database: database.name.as_str().into(),
                    table: name.name.as_str().into(),
                    writes: *writes,
                });
                for (database, table) in self.tables_of_view(&database.name, &name.name).await? {
                    let home = catalog.database(&database);
                    let found = home.and_then(|home| Some((home, home.tables.get(&table)?)));
                    let (home, found) = found.ok_or_else(|| RouterError::no_such_table(&database, &table))?;
                    // With a view its tables are locked by their own names too (tried: MariaDB 10.11, MySQL 9.7).
                    enter(home, found, &table, *writes, &mut resolved, &mut wanted)?;
                }
            } else {
                return Err(RouterError::no_such_table(&database.name, &name.name).into());
            }
        }
        wanted.sort_by(|a, b| {
            (a.group.instance, &a.group.physical_database)
                .cmp(&(b.group.instance, &b.group.physical_database))
        });
        Ok((resolved, wanted))
    }

    async fn tables_of_view(
        &mut self,
        database: &str,
        view: &str,
    ) -> Result<Vec<(Arc<str>, Arc<str>)>, Failure> {
        let text = format!("SELECT 1 FROM {}.{}", quote(database), quote(view)).into_bytes();
        let mut template = Template::default();
        lexer::scan(&text, self.mode, &mut template)?;
        let (plan, _) = self.plan_own_expanded(&text, &template).await?;
        let Plan::Routed(plan) = &*plan else { return Ok(Vec::new()) };
        let names = plan.tables.iter();
        Ok(names.map(|name| (Arc::clone(&name.logical_database), Arc::clone(&name.logical_table))).collect())
    }

    /// Locks group after group. One that is busy is waited for when nothing is held: then it comes first.
    async fn take_table_locks(&mut self, wanted: &[Wanted], until: Instant) -> Result<Vec<Holder>, Failure> {
        let groups: Vec<Group> = wanted.iter().map(|wanted| wanted.group.clone()).collect();
        let mut leases = self.lease_apart(&groups).await?;
        let writes = wanted.iter().flat_map(|wanted| &wanted.bare).any(|(_, writes)| *writes);
        let mut lockings = Vec::with_capacity(leases.len());
        for (lease, wanted) in leases.iter_mut().zip(wanted) {
            let locking = wanted.locking(lease.connection.id, writes);
            if !locking.views.is_empty() {
                self.worker.ensure_system_schema(lease.group.instance).await?;
                let deserted = leavings::deserted(&mut lease.connection, leavings::LOCKS).await?;
                leavings::drop_views(&mut lease.connection, &deserted).await?;
            }
            for view in &locking.views {
                let made = lease.connection.query(view).await;
                made.map_err(|e| denied(e, lease.connection.instance()))?;
            }
            lockings.push(locking);
        }
        let mut order: Vec<usize> = (0..leases.len()).collect();
        loop {
            let mut busy = None;
            for (turn, at) in order.iter().enumerate() {
                let (Some(lease), Some(locking)) = (leases.get_mut(*at), lockings.get(*at)) else { continue };
                let left = until.saturating_duration_since(Instant::now()).as_secs();
                let wait = if turn == 0 { left } else { left.min(WAIT_HOLDING_S) };
                match self.lock_group(lease, &locking.statement, wait).await {
                    Ok(()) => {}
                    Err(Failure::Sql(e)) if e.errno == LOCK_WAIT_TIMEOUT || e.errno == DEADLOCK => {
                        if Instant::now() >= until || left == 0 {
                            give_back(hold(leases, &lockings)).await;
                            return Err(e.into());
                        }
                        busy = Some(*at);
                        break;
                    }
                    Err(e) => {
                        give_back(hold(leases, &lockings)).await;
                        return Err(e);
                    }
                }
            }
            let Some(busy) = busy else { break };
            for lease in leases.iter_mut().filter(|lease| lease.connection.has_locks) {
                lease.connection.query("UNLOCK TABLES").await?;
                lease.connection.has_locks = false;
            }
            order.sort_by_key(|at| Reverse(*at == busy));
        }
        Ok(hold(leases, &lockings))
    }

    async fn lock_group(&mut self, lease: &mut Lease, statement: &str, wait: u64) -> Result<(), Failure> {
        // MariaDB takes 0, MySQL 1 at least.
        let wait = wait.max(u64::from(!self.mode.server.mariadb));
        let settings = self.settings.with("lock_wait_timeout", wait.to_string());
        let settings = self.worker.intern(settings);
        let connection = &mut lease.connection;
        connection.queue_settings(&settings);
        connection.has_locks = true;
        connection.queue_query(statement.as_bytes());
        // A failed write shows when the answer is read.
        let _ = connection.flush().await;
        let pool = Rc::clone(connection.pool());
        while connection.has_prefix() {
            watch::packet(connection, &pool, self.watched()).await?;
            connection.read_one_prefix().await?;
        }
        watch::packet(connection, &pool, self.watched()).await?;
        match connection.read_queued().await {
            Ok(_) => Ok(()),
            Err(e) => {
                // It has locked none of them.
                connection.has_locks = false;
                let e = denied(self.entry().kill.as_victim(e), connection.instance());
                Err(self.logical_error(e, crate::exec::names::Names::none()).into())
            }
        }
    }

    /// The statement uses only what is locked, as it is locked. Nothing is asked of a session without locks.
    ///
    /// Errors: 1100 for a table that is not locked, 1099 for one that may only be read, 1192 for DDL. When a connection with locks is lost the session
    /// ends: it believes in an order that is gone.
    pub fn obey_table_locks(&mut self, plan: &Plan) -> Result<(), Failure> {
        if self.table_locks.is_none() {
            return Ok(());
        }
        self.look_after_table_locks()?;
        let current = self.database.clone();
        let Some(locks) = &mut self.table_locks else { return Ok(()) };
        locks.engaged = false;
        let needs = match plan {
            Plan::Routed(plan) => &plan.needs,
            Plan::Load(load) => &load.plan.needs,
            // Planned again, with the views' queries.
            Plan::Views(expansion) => {
                let own = expansion.needs.iter().filter(|need| need.definer.is_none() && !need.in_view);
                return locks.cover(own.map(|need| &need.need), current.as_deref()).map_err(Failure::from);
            }
            Plan::Command(command) => {
                let waits = matches!(**command, Command::CheckTable { .. }) && locks.writes;
                return if waits { Err(active_locks().into()) } else { Ok(()) };
            }
            Plan::Ddl(_) => return Err(active_locks().into()),
        };
        locks.cover(needs.iter(), current.as_deref())?;
        locks.engaged = locks.writes;
        Ok(())
    }

    /// A gather's own connection is none that has the locks, and would wait for them: it cannot read what they keep everybody else from.
    ///
    /// Errors: 1235.
    pub fn refuse_gather_of_locked(&self, plan: &RoutedPlan) -> Result<(), SqlError> {
        let Some(locks) = self.table_locks.as_ref().filter(|locks| locks.engaged) else { return Ok(()) };
        let written = |name: &&TableName| {
            locks.find(Some(&name.logical_database), &name.logical_table).is_some_and(|locked| locked.writes)
        };
        plan.tables.iter().find(written).map_or(Ok(()), |name| {
            Err(SqlError::not_supported(format!(
                "a query over several shards that is gathered ({}), on table '{}', which this session has locked with WRITE: UNLOCK TABLES first",
                plan.reason, name.logical_table
            )))
        })
    }

    /// What reads tables over a connection that has none of the locks would wait for its own session.
    ///
    /// Errors: 1235.
    pub fn refuse_under_write_locks(&self, what: &str) -> Result<(), SqlError> {
        match self.table_locks.as_ref().is_some_and(|locks| locks.writes) {
            true => Err(SqlError::not_supported(format!(
                "{what} while this session has a table locked with WRITE: UNLOCK TABLES first"
            ))),
            false => Ok(()),
        }
    }

    /// What follows is no statement over tables that are locked.
    pub fn disengage_table_locks(&mut self) {
        if let Some(locks) = &mut self.table_locks {
            locks.engaged = false;
        }
    }

    fn look_after_table_locks(&mut self) -> Result<(), Failure> {
        let Some(locks) = &self.table_locks else { return Ok(()) };
        let in_branch = |group: &Group| {
            let mut branches = self.transaction.branches.iter();
            let branch = branches.find(|branch| branch.is_in(group));
            let connection = branch.and_then(|branch| branch.connection.as_ref());
            connection.is_some_and(|connection| !connection.is_broken() && connection.is_alive())
        };
        let is_lost = |holder: &Holder| !holder.keeper.is_alive() && !in_branch(&holder.group);
        let Some(lost) = locks.holders.iter().find(|holder| is_lost(holder)) else { return Ok(()) };
        let text = format!(
            "The connection with this session's table locks in group {} was lost, and they are free. This connection ends: make a new one",
            lost.group.name
        );
        self.table_locks = None;
        self.leave = true;
        Err(SqlError::new(BACKEND_FAILED, "HY000", text).into())
    }

    /// The connection that has the group's locks, where the running statement is to use it.
    pub fn take_lock_holder(&self, group: &Group) -> Option<Pooled> {
        let locks = self.table_locks.as_ref().filter(|locks| locks.engaged)?;
        let is_its = |holder: &&Holder| {
            holder.group.instance == group.instance
                && holder.group.physical_database == group.physical_database
        };
        locks.holders.iter().find(is_its)?.keeper.take()
    }
}

fn hold(leases: Vec<Lease>, lockings: &[Locking]) -> Vec<Holder> {
    let hold = |(mut lease, locking): (Lease, &Locking)| {
        let keeper = Rc::default();
        lease.connection.keep(&keeper);
        Holder { group: lease.group, keeper, views: locking.views.len() }
    };
    leases.into_iter().zip(lockings).map(hold).collect()
}

/// Unlocks in all groups at once. A connection that does not answer is closed, which unlocks too.
async fn give_back(holders: Vec<Holder>) {
    let taken = |holder: Holder| {
        let mut connection = holder.keeper.take()?;
        connection.let_go();
        Some((connection, holder.views))
    };
    let mut connections: Vec<(Pooled, usize)> = holders.into_iter().filter_map(taken).collect();
    for (connection, _) in &mut connections {
        connection.queue_query(b"UNLOCK TABLES");
        let _ = connection.flush().await;
    }
    for (connection, _) in &mut connections {
        let unlocked = match connection.read_prefix().await {
            Ok(()) => connection.read_queued().await,
            Err(e) => Err(e),
        };
        connection.has_locks = unlocked.is_err();
    }
    for (connection, views) in connections.iter_mut().filter(|(connection, _)| !connection.is_broken()) {
        let names: Vec<String> =
            (0..*views).map(|number| leavings::name(leavings::LOCKS, connection.id, number)).collect();
        if let Err(e) = leavings::drop_views(connection, &names).await {
            tracing::warn!(instance = %connection.instance(), error = %e.message, "views of LOCK TABLES are left behind");
        }
    }
}

/// What an instance's account may not do is told without physical names.
fn denied(e: SqlError, instance: &str) -> SqlError {
    match e.errno {
        // ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR.
        1044 | 1142 | 1227 => SqlError::new(
            1227,
            "42000",
            format!(
                "Access denied; the account of instance '{instance}' needs LOCK TABLES, and CREATE VIEW for tables with TBPARTITIONS: \
                 GRANT LOCK TABLES, CREATE VIEW ON *.* there"
            ),
        ),
        _ => e,
    }
}

/// ER_LOCK_OR_ACTIVE_TRANSACTION.
fn active_locks() -> SqlError {
    let text =
        "Can't execute the given command because you have active locked tables or an active transaction";
    SqlError::new(1192, "HY000", format!("{text}: UNLOCK TABLES first"))
}

/// Enters a table: the lock is for its own name, which some physical statements use, and for the one that it has in the client's.
fn enter(
    database: &Database,
    table: &Table,
    known_as: &str,
    writes: bool,
    resolved: &mut Vec<Locked>,
    wanted: &mut Vec<Wanted>,
) -> Result<(), Failure> {
    match resolved.iter_mut().find(|l| *l.database == *database.name && *l.table == *table.name) {
        Some(known) => known.writes |= writes,
        None => resolved.push(Locked {
            database: database.name.as_str().into(),
            table: table.name.as_str().into(),
            writes,
        }),
    }
    for physical in Topology::new(table, database)?.tables() {
        let Some(group) = database.groups.get(physical.group) else { continue };
        let same = |w: &Wanted| {
            w.group.instance == group.instance && w.group.physical_database == group.physical_database
        };
        let at = wanted.iter().position(same).unwrap_or_else(|| {
            wanted.push(Wanted { group: group.clone(), bare: Vec::new(), aliased: Vec::new() });
            wanted.len() - 1
        });
        let Some(at) = wanted.get_mut(at) else { continue };
        match at.bare.iter_mut().find(|(table, _)| **table == *physical.quoted) {
            Some((_, known)) => *known |= writes,
            None => at.bare.push((physical.quoted.to_string(), writes)),
        }
        // A physical table may have its logical table's name.
        let entry = (physical.quoted.to_string(), known_as.to_owned(), writes);
        if *physical.name != *known_as && !at.aliased.contains(&entry) {
            at.aliased.push(entry);
        }
    }
    Ok(())
}
