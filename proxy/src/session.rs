//! A session: one client from login to goodbye, and all the state that belongs to it.

mod admin;
pub mod authorize;
mod check;
pub mod collations;
mod command;
mod cursor;
mod ddl;
pub mod definition;
mod describe;
pub mod dispatch;
mod entrance;
mod explain;
mod hint;
mod information_schema;
mod job_control;
mod login;
mod named;
mod own;
mod prepared;
pub mod result;
mod sequence;
mod set;
pub mod show;
pub mod temporary;
pub mod trace;
mod tracking;
pub mod transaction;
mod transaction_control;
mod transaction_limits;
pub mod turn;
mod views;
pub mod warnings;
pub mod workspace;

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
pub use warnings::{Warning, Warnings};

use ostrakon_catalog::Catalog;
use ostrakon_catalog::user::AccountName;
use ostrakon_protocol::response::{ErrPacket, OkPacket};
use ostrakon_protocol::{Capabilities, Status};
use ostrakon_router::lexer::SqlMode;
use ostrakon_router::parse::hint::Hint;
use ostrakon_router::plan::{Quickness, SessionFacts, SessionFunction};
use tokio::net::TcpStream;

use crate::account::connections::Counted;
use crate::account::rights::Rights;
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::alarm::Alarm;
use crate::exec::lease::Lease;
use crate::exec::table_locks::TableLocks;
use crate::exec::watch::Watched;
use crate::frontend::{Frontend, ReadError, WRITE_SIZE};
use crate::registry::{Identity, OpenTransaction, Registration, SessionEntry};
use crate::worker::Worker;
pub use own::{OwnVariables, ReadConsistency};
use temporary::Temporary;
use transaction::Transaction;
use transaction_limits::idled;

/// Why a statement did not finish.
#[derive(Debug)]
pub enum Failure {
    /// Tell the client and go on.
    Sql(SqlError),
    /// The client was told already: the error went through with the answer.
    Told,
    /// The client is gone, or was killed: end the session.
    ClientGone,
}

impl From<SqlError> for Failure {
    fn from(e: SqlError) -> Self {
        Self::Sql(e)
    }
}

impl From<ostrakon_router::RouterError> for Failure {
    fn from(e: ostrakon_router::RouterError) -> Self {
        Self::Sql(e.into())
    }
}

impl From<std::io::Error> for Failure {
    fn from(_: std::io::Error) -> Self {
        Self::ClientGone
    }
}

/// A logged-in client.
pub struct Session {
    pub worker: Rc<Worker>,
    pub client: Frontend,
    registration: Registration,
    pub user: Box<str>,
    /// The account that it logged in by, and what that may do.
    pub rights: Rights,
    counted: Option<Counted>,
    pub database: Option<String>,
    pub settings: Rc<Settings>,
    /// As after login: the character set that the client asked for there.
    first_settings: Rc<Settings>,
    pub mode: SqlMode,
    pub own: OwnVariables,
    pub transaction: Transaction,
    pub last_insert_id: u64,
    pub found_rows: u64,
    pub row_count: i64,
    pub warnings: Warnings,
    /// How quick writes in several groups were whose plans are not kept.
    pub quickness_of_uncached: Quickness,
    pub statements: prepared::Statements,
    /// While a command is in hand: what the buffers below go back to, and what its text is taken apart into.
    workspace: Option<Box<workspace::Workspace>>,
    pub scratch: Vec<u8>,
    /// The running statement, for SHOW PROCESSLIST.
    pub current: Vec<u8>,
    /// What SHOW TRANS was told: 0 for no transaction, else its groups, its writes, and one.
    published_extent: usize,
    /// Our own results go out in the binary protocol: the statement came by COM_STMT_EXECUTE.
    pub binary_results: bool,
    /// The session ends with this answer.
    pub leave: bool,
    /// What the running statement's hints say.
    pub hint: Option<Rc<Hint>>,
    /// Of the running statement, when it is traced.
    pub trace: Option<Box<trace::Trace>>,
    last_trace: Option<Box<trace::Trace>>,
    /// The connection with its named locks.
    pub locks: Option<Box<Lease>>,
    /// What LOCK TABLES has locked.
    pub table_locks: Option<Box<TableLocks>>,
    /// Its temporary tables.
    pub temporary: Option<Box<Temporary>>,
    /// What the next OK tells that is new.
    changes: tracking::Changes,
    /// How long it has run without a wait.
    turn: turn::Turn,
    /// Of its short waits.
    alarm: Alarm,
}

/// Serves one client until it leaves.
pub fn serve(worker: Rc<Worker>, stream: TcpStream, peer: SocketAddr) -> impl Future<Output = ()> {
    // Boxed, as is all that is not there for as long as the client is: a task is as large as the largest of its ways, and has room for what it was given.
    let entering = Box::pin(Session::enter(worker, stream, peer));
    async move {
        if let Some(mut session) = entering.await {
            session.run().await;
        }
    }
}

impl Session {
    /// Takes a client in.
    async fn enter(worker: Rc<Worker>, stream: TcpStream, peer: SocketAddr) -> Option<Box<Self>> {
        let _ = stream.set_nodelay(true);
        let client = Frontend::new(stream, peer, login::MAX_LOGIN_PACKET, login::salt());
        let (mut client, registration, account) = entrance::enter(&worker, client).await?;
        client.logged_in(worker.node.config.limits.max_allowed_packet, account.compression);
        let server = worker.node.server.load();
        let mode = SqlMode { server: server.parsed, ..SqlMode::default() };
        let settings = worker.intern(account.settings());
        drop(server);
        let session = Box::new(Self {
            user: account.user.into(),
            rights: account.rights,
            counted: account.counted,
            database: account.database,
            first_settings: Rc::clone(&settings),
            settings,
            mode,
            own: OwnVariables::default(),
            transaction: Transaction::default(),
            last_insert_id: 0,
            found_rows: 0,
            row_count: 0,
            warnings: Warnings::default(),
            quickness_of_uncached: Quickness::presumed(),
            statements: prepared::Statements::default(),
            workspace: None,
            scratch: Vec::new(),
            current: Vec::new(),
            published_extent: 0,
            binary_results: false,
            leave: false,
            hint: None,
            trace: None,
            last_trace: None,
            locks: None,
            table_locks: None,
            temporary: None,
            changes: tracking::Changes::default(),
            turn: turn::Turn::default(),
            alarm: Alarm::default(),
            worker,
            client,
            registration,
        });
        session.publish_identity();
        Some(session)
    }

    /// Reads and answers commands until the client leaves or is killed.
    async fn run(&mut self) {
        loop {
            self.client.begin_command();
            self.put_workspace_back();
            let mut payload = Vec::new();
            let entry = Arc::clone(self.entry());
            // No timer runs for a client without a transaction.
            let idle_limit = self.idle_limit();
            let idle = !self.holds_something();
            let read = tokio::select! {
                biased;
                read = self.client.read_payload(&mut payload) => read,
                () = ended(&entry, idle) => return,
                () = idled(idle_limit) => {
                    if self.client.has_input() {
                        // A long command is on its way.
                        continue;
                    }
                    return Box::pin(self.end_idle_transaction()).await;
                }
            };
            self.take_workspace();
            match read {
                Ok(()) => {}
                Err(ReadError::Gone | ReadError::ProxyHeader(_)) => return,
                Err(ReadError::Packet(e)) => {
                    // The rest of the stream cannot be trusted: say why, then close, as MySQL does.
                    self.client.sequence = self.client.next_after_refused();
                    self.error(&SqlError::new(e.errno().code, "08S01", e.to_string()));
                    let _ = self.client.flush().await;
                    return;
                }
                Err(ReadError::Uncompress) => {
                    self.error(&SqlError::new(1157, "08S01", "Couldn't uncompress communication packet"));
                    let _ = self.client.flush().await;
                    return;
                }
            }
            entry.kill.forget();
            entry.busy_since.store(micros(&entry).max(1), Ordering::Relaxed);
            let go_on = self.command(&payload).await;
            entry.idle();
            self.publish_transaction();
            let over = !go_on || self.leave;
            if self.flush_client().await.is_err() || over || entry.kill.connection.load(Ordering::SeqCst) {
                return;
            }
        }
    }

    /// Closing the session now would take something from its client.
    fn holds_something(&self) -> bool {
        self.transaction.is_open()
            || self.locks.is_some()
            || self.table_locks.is_some()
            || self.temporary.is_some()
    }

    /// Writes all output. A client that does not take it can still be killed.
    pub async fn flush_client(&mut self) -> Result<(), Failure> {
        if self.client.output.is_empty() {
            return Ok(());
        }
        let entry = Arc::clone(self.entry());
        tokio::select! {
            biased;
            flushed = self.client.flush() => Ok(flushed?),
            () = killed(&entry) => Err(Failure::ClientGone),
        }
    }

    /// The same with these packets behind it, and lets others run.
    pub async fn flush_window_with(&mut self, packets: &[u8]) -> Result<(), Failure> {
        let entry = Arc::clone(self.entry());
        tokio::select! {
            biased;
            flushed = self.client.flush_with(packets) => flushed?,
            () = killed(&entry) => return Err(Failure::ClientGone),
        }
        self.turn.give_way().await;
        Ok(())
    }

    /// Writes the output when there is a window full of it, and lets others run.
    pub async fn flush_window(&mut self) -> Result<(), Failure> {
        if self.client.output.len() >= WRITE_SIZE {
            self.flush_client().await?;
            self.turn.give_way().await;
        }
        Ok(())
    }

    pub fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// The session, while it waits for a backend.
    pub fn watched(&self) -> Watched<'_> {
        Watched {
            client: &self.client,
            entry: self.entry(),
            transaction: &self.transaction,
            statement: &self.current,
            turn: &self.turn,
            alarm: &self.alarm,
            patience: None,
        }
    }

    /// As CURRENT_USER() says it.
    pub fn account_name(&self) -> String {
        let AccountName { name, host } = &self.rights.account;
        format!("{name}@{host}")
    }

    pub fn entry(&self) -> &Arc<SessionEntry> {
        &self.registration.entry
    }

    pub fn catalog(&self) -> Arc<Catalog> {
        self.worker.node.meta.catalog()
    }

    /// The catalog with all that any node has acknowledged. A node that cannot reach a quorum warns, and gives what it has.
    pub async fn newest_catalog(&mut self) -> Arc<Catalog> {
        if let Err(e) = self.worker.node.meta.read_barrier().await {
            let message =
                format!("This may be old: the catalog of this node could not be brought up to date: {e}");
            self.warnings.push(Warning { level: "Warning".into(), code: 1105, message });
        }
        self.catalog()
    }

    /// The current database's name, or error 1046.
    pub fn current_database(&self) -> Result<&str, SqlError> {
        self.database.as_deref().ok_or_else(|| ostrakon_router::RouterError::no_database().into())
    }

    /// Tells SHOW PROCESSLIST who this is.
    pub fn publish_identity(&self) {
        let mut identity = self.entry().identity.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *identity = Identity {
            user: self.user.clone(),
            account: self.rights.account.to_string().into(),
            database: self.database.as_deref().map(Into::into),
        };
    }

    /// Tells SHOW TRANS what is open. Nothing is written while that is as it was.
    fn publish_transaction(&mut self) {
        let transaction = &self.transaction;
        let writes = transaction.branches.iter().filter(|branch| branch.wrote).count();
        let extent = if transaction.is_open() { 1 + transaction.branches.len() + (writes << 16) } else { 0 };
        if extent == self.published_extent {
            return;
        }
        self.published_extent = extent;
        let entry = self.entry();
        let mut published = entry.transaction.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if extent == 0 {
            *published = None;
            return;
        }
        let now = OpenTransaction {
            since: published.as_ref().map_or_else(Instant::now, |open| open.since),
            id: transaction.id,
            writes,
            groups: transaction.branches.iter().map(|branch| branch.physical_database.clone()).collect(),
        };
        match &mut *published {
            Some(open) => **open = now,
            None => *published = Some(Box::new(now)),
        }
    }

    /// Status flags for an OK or EOF that we make.
    pub fn status(&self) -> Status {
        let mut status = Status::default();
        if self.transaction.autocommit {
            status.insert(Status::AUTOCOMMIT);
        }
        if self.transaction.is_open() {
            status.insert(Status::IN_TRANS);
        }
        if self.mode.no_backslash_escapes {
            status.insert(Status::NO_BACKSLASH_ESCAPES);
        }
        if self.mode.ansi_quotes && self.mode.server.mariadb {
            status.insert(Status::ANSI_QUOTES);
        }
        status
    }

    /// Appends an OK. `more`: another result of the same command follows.
    pub fn ok(&mut self, affected_rows: u64, last_insert_id: u64, info: &[u8], more: bool) {
        let mut status = self.status();
        if more {
            status.insert(Status::MORE_RESULTS_EXISTS);
        }
        if self.changes.dropped {
            status.insert(Status::DB_DROPPED);
        }
        let changes = self.take_changes();
        let packet = OkPacket {
            header: 0x00,
            affected_rows,
            last_insert_id,
            status,
            warnings: self.warning_count(),
            info,
            session_state: &changes,
        };
        let capabilities = self.client.capabilities;
        let mut scratch = std::mem::take(&mut self.scratch);
        self.client.packet_with(&mut scratch, |out| packet.encode(out, capabilities));
        self.scratch = scratch;
    }

    /// Appends an ERR, and keeps it for SHOW WARNINGS.
    pub fn error(&mut self, error: &SqlError) {
        self.warnings = Warnings::of(Warning {
            level: "Error".into(),
            code: error.errno,
            message: error.message.clone(),
        });
        self.row_count = -1;
        self.forget_changes();
        let packet = ErrPacket::with_state(error.errno, &error.sqlstate, &error.message);
        let mut scratch = std::mem::take(&mut self.scratch);
        self.client.packet_with(&mut scratch, |out| packet.encode(out));
        self.scratch = scratch;
    }

    /// How many warnings a statement may list.
    pub fn warning_limit(&self) -> usize {
        let default = if self.mode.server.mariadb { 64 } else { 1024 };
        self.settings
            .get("max_error_count")
            .and_then(|literal| literal.trim_matches('\'').parse().ok())
            .unwrap_or(default)
    }

    pub fn warning_count(&self) -> u16 {
        u16::try_from(self.warnings.count()).unwrap_or(u16::MAX)
    }

    pub fn client_has(&self, capability: Capabilities) -> bool {
        self.client.capabilities.contains(capability)
    }
}

/// Resolves when this session is to close.
pub async fn killed(entry: &SessionEntry) {
    loop {
        if entry.kill.connection.load(Ordering::SeqCst) {
            return;
        }
        entry.kill.wake.notified().await;
    }
}

/// Resolves when this session is to close, be it only because nothing is open on it.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn has room for its parameters and again for what they are bound to, and every client rests here"
)]
fn ended(entry: &SessionEntry, idle: bool) -> impl Future<Output = ()> {
    async move {
        loop {
            let leave = idle && entry.kill.when_idle.load(Ordering::SeqCst);
            if leave || entry.kill.connection.load(Ordering::SeqCst) {
                return;
            }
            entry.kill.wake.notified().await;
        }
    }
}

/// Resolves when this session's statement is to end; takes the request.
pub async fn killed_statement(entry: &SessionEntry) {
    while !entry.kill.query.swap(false, Ordering::SeqCst) {
        entry.kill.wake.notified().await;
    }
}

fn micros(entry: &SessionEntry) -> u64 {
    u64::try_from(entry.started.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// A plan puts the session's own values in as literals.
impl SessionFacts for Session {
    fn literal(&self, function: SessionFunction) -> String {
        let s = self;
        let text = |t: &str| match s.mode.no_backslash_escapes {
            true => format!("'{}'", t.replace('\'', "''")),
            false => result::quote_string(t),
        };
        // Nullable and BIGINT UNSIGNED, as such variables are.
        let count = |count: u64| format!("IF(TRUE,CAST('{count:021}' AS UNSIGNED),NULL)");
        match function {
            // BIGINT, as the functions are: MariaDB gives a cast INT when its operand is short.
            SessionFunction::LastInsertId => format!("CAST('{:021}' AS UNSIGNED)", s.last_insert_id),
            SessionFunction::LastInsertIdVariable => count(s.last_insert_id),
            // On MySQL the function itself stays in it: a server says that it is deprecated.
            SessionFunction::FoundRows => match s.mode.server.mariadb {
                true => format!("CAST('{:021}' AS SIGNED)", s.found_rows),
                false => format!("IF(TRUE,CAST('{:021}' AS SIGNED),FOUND_ROWS())", s.found_rows),
            },
            SessionFunction::RowCount => format!("CAST('{:021}' AS SIGNED)", s.row_count),
            // Nullable, as the function is.
            SessionFunction::Database => match s.database.as_deref() {
                Some(name) => format!("IF(TRUE,{},NULL)", text(name)),
                None => "NULL".to_owned(),
            },

            SessionFunction::ConnectionId => s.entry().id.to_string(),
            SessionFunction::User => {
                format!("IF(TRUE,{},NULL)", text(&format!("{}@{}", s.user, s.client.peer.ip())))
            }
            SessionFunction::CurrentUser => text(&s.account_name()),
            SessionFunction::Version => text(&s.worker.node.version()),
            SessionFunction::VersionVariable => {
                format!("IF(TRUE,{},NULL)", text(&s.worker.node.version()))
            }
            SessionFunction::Autocommit => {
                format!("IF(TRUE,CAST('{:021}' AS SIGNED),NULL)", u8::from(s.transaction.autocommit))
            }
            SessionFunction::WarningCount => count(s.warnings.count()),
            SessionFunction::ErrorCount => {
                count(s.warnings.iter().filter(|warning| warning.level == "Error").count() as u64)
            }
            SessionFunction::InTransaction => u8::from(s.transaction.is_open()).to_string(),
            SessionFunction::Port => s.worker.node.config.listen.port().to_string(),
            SessionFunction::Hostname => text("ostrakon"),
            SessionFunction::MaxAllowedPacket => s.worker.node.config.limits.max_allowed_packet.to_string(),
            SessionFunction::LogBin => "IF(TRUE,CAST('000000000000000000000' AS SIGNED),NULL)".to_owned(),
            // MariaDB has no such variable.
            SessionFunction::GtidMode if s.mode.server.mariadb => "@@gtid_mode".to_owned(),
            SessionFunction::GtidMode => "IF(TRUE,'OFF',NULL)".to_owned(),
            SessionFunction::PseudoThreadId => count(u64::from(s.entry().id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of what a task of this function holds.
    fn task<A, B, C, F: Future>(_: fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    /// Bytes of the state of a statement as text.
    fn query<'a, F: Future>(_: fn(&'a mut Session, &'a [u8]) -> F) -> usize {
        size_of::<F>()
    }

    /// Bytes of the state of a prepared statement.
    fn execute<'a, F: Future>(_: fn(&'a mut Session, u32, &'a [u8]) -> F) -> usize {
        size_of::<F>()
    }

    /// Each limit is a size that the allocator has, the next above the one that it has for what the test looks at now (with rustc 1.95): a field more does no
    /// harm, and what makes a future as large as it was does. A task has about 96 bytes of the runtime's beside it.
    #[test]
    fn a_client_takes_little_memory() {
        let entry = size_of::<SessionEntry>() + size_of::<[usize; 2]>();
        let idle = [size_of::<Session>(), task(serve), entry];
        let commands = [query(Session::query), execute(Session::execute_statement)];
        for (size, limit) in idle.iter().chain(&commands).zip([1024, 512 - 96, 320, 1280, 1536]) {
            assert!(*size <= limit, "{idle:?}, {commands:?}: {size} is more than {limit} bytes");
        }
    }
}
