//! One connection to an instance: queued commands, answers as bytes or as small results.
//!
//! Commands are queued into one buffer and written together; answers are read in the same order. **Invariant:** `outstanding` counts the
//! commands whose answers were not read to the end; a connection with any goes back to no pool.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use foldhash::quality::RandomState;
use ostrakon_catalog::schema::Instance;
use ostrakon_protocol::Status;
use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_protocol::command::COM_QUERY;
use ostrakon_protocol::packet::{HEADER_LENGTH, MAX_PAYLOAD, begin_packet, finish_packet, write_packet};
use ostrakon_protocol::response::{ErrPacket, OkPacket};
use ostrakon_protocol::row::TextRow;
use ostrakon_protocol::scanner::{Event, ResponseKind, ResponseScanner, Scan};
use ostrakon_protocol::value::ValueType;
use ostrakon_router::sharding::topology::quote;
use tokio::task::JoinHandle;

mod file;
mod login;
mod statements;
mod stream;

pub use file::FileSent;
pub use statements::{Fit, PrepareAnswer};
use stream::Stream;

use super::settings::Settings;
use crate::backend::local;
use crate::error::{BACKEND_FAILED, BACKEND_UNREACHABLE, SqlError};
use crate::read_buffer::READ_SIZE;

/// So long a KILL QUERY may take once its statement has ended.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// So much in one read is of a long answer, of which more comes: it is read to where it stays.
const LONG_READ: usize = 16 << 10;

/// utf8mb4_general_ci: both engines know it, and every session's difference is counted from it.
const UTF8MB4_GENERAL_CI: u8 = 45;

/// A prepared statement on this connection.
#[derive(Clone, Debug)]
pub struct BackendStatement {
    pub id: u32,
    pub params: u16,
    /// The types that MySQL has given to the parameters by their places; none of MariaDB's, which go by their values.
    pub types: Rc<[ValueType]>,
    /// What MySQL has warned of as it read the text, such as a constant that is no date: its executions do not warn of that again.
    pub warnings: u64,
}

/// A connection to an instance.
pub struct Connection {
    stream: Stream,
    instance: String,
    /// Bytes from the server, not yet taken.
    pub input: BytesMut,
    /// The answer that is read is a long one.
    is_long: bool,
    /// Commands not yet written.
    output: Vec<u8>,
    /// The server's number for this connection, for KILL.
    pub id: u32,
    pub version: String,
    pub capabilities: Capabilities,
    settings: Rc<Settings>,
    /// By text, each with the tick of its last use.
    statements: HashMap<Box<[u8]>, (BackendStatement, u64), RandomState>,
    tick: u64,
    statement_limit: usize,
    found_rows: bool,
    outstanding: u32,
    /// OK answers of queued SET and START TRANSACTION that come before the statement's answer.
    prefix: u32,
    /// START TRANSACTION was sent.
    pub in_transaction: bool,
    broken: bool,
    /// It has temporary tables: no other session may have it.
    pub has_tables: bool,
    /// It has named locks or table locks of its session: no other may have it.
    pub has_locks: bool,
    /// It has temporary tables that its session made.
    pub keeps_tables: bool,
    /// It has a current database, which names in no other statement may be looked up in.
    has_database: bool,
    /// A KILL QUERY was sent to it: no other session may have it.
    kill_sent: bool,
    /// Those KILL QUERYs that are on their way, and may come after the statement has ended.
    kills: Vec<JoinHandle<()>>,
    /// The server's max_allowed_packet, in bytes.
    max_packet: usize,
    /// Statements used since this tick are not evicted: they are about to run.
    pinned_since: u64,
}

/// A small answer, decoded.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub columns: Vec<AnswerColumn>,
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
    pub affected_rows: u64,
    pub last_insert_id: u64,
    pub warnings: u16,
    /// The server has a transaction open, as its OK says.
    pub in_transaction: bool,
    /// The text of an OK, such as `Records: 2  Duplicates: 0  Warnings: 0`.
    pub info: String,
}

#[derive(Clone, Debug)]
pub struct AnswerColumn {
    pub name: String,
    /// As MySQL's protocol numbers types.
    pub column_type: u8,
    pub charset: u16,
    pub flags: u16,
    /// Of no table.
    pub is_expression: bool,
}

impl Answer {
    /// The cell of a row and column as text; empty for NULL or where there is none.
    pub fn text(&self, row: usize, column: usize) -> String {
        let cell = self.rows.get(row).and_then(|r| r.get(column)).and_then(Option::as_ref);
        cell.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    }
}

impl Connection {
    /// Connects and logs in. Errors name the instance, not its address: clients see them.
    pub async fn connect(
        instance: &Instance,
        statement_limit: usize,
        found_rows: bool,
    ) -> Result<Self, SqlError> {
        let socket = local::socket(instance);
        let failed = |what: String| {
            tracing::warn!(instance = %instance.name, host = %instance.host, port = instance.port, socket = socket.map(|path| path.display().to_string()), error = %what, "cannot connect");
            SqlError::new(
                BACKEND_UNREACHABLE,
                "HY000",
                format!("Can't connect to instance '{}': {what}", instance.name),
            )
        };
        let stream = match socket {
            Some(path) => Stream::open_local(path).await,
            None => Stream::open(&instance.host, instance.port).await,
        };
        let mut connection = Self {
            stream: stream.map_err(|e| failed(e.to_string()))?,
            instance: instance.name.clone(),
            input: BytesMut::new(),
            is_long: false,
            output: Vec::new(),
            id: 0,
            version: String::new(),
            capabilities: Capabilities::default(),
            settings: Rc::default(),
            statements: HashMap::default(),
            tick: 0,
            statement_limit,
            found_rows,
            outstanding: 0,
            prefix: 0,
            in_transaction: false,
            broken: false,
            has_tables: false,
            has_locks: false,
            keeps_tables: false,
            has_database: false,
            kill_sent: false,
            kills: Vec::new(),
            max_packet: usize::MAX,
            pinned_since: u64::MAX,
        };
        connection.login(instance).await.map_err(|e| failed(e.message))?;
        let answer = connection.query("SELECT @@max_allowed_packet, @@port").await?;
        connection.max_packet = answer.text(0, 0).parse().unwrap_or(usize::MAX);
        let port = answer.text(0, 1);
        // Two servers on one machine: rows of one must not go to the other.
        if socket.is_some() && port != instance.port.to_string() {
            return Err(failed(format!(
                "its Unix socket leads to the server at port {port}: see instance_sockets in the node's configuration"
            )));
        }
        Ok(connection)
    }

    // ---- state

    /// A reused connection whose server has not closed it: no readiness event came, so this costs no system call.
    pub fn is_alive(&self) -> bool {
        self.stream.is_quiet()
    }

    /// Logged in with CLIENT_FOUND_ROWS.
    pub fn found_rows(&self) -> bool {
        self.found_rows
    }

    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Any session may have it.
    pub fn is_reusable(&self) -> bool {
        self.is_at_rest() && !self.kill_sent && !self.has_tables && !self.has_locks && !self.keeps_tables
    }

    /// Nothing is under way on it, and no name in a statement would be looked up in a wrong place.
    pub fn is_at_rest(&self) -> bool {
        !self.broken
            && self.outstanding == 0
            && self.prefix == 0
            && !self.in_transaction
            && !self.has_database
            && self.input.is_empty()
            && self.output.is_empty()
    }

    /// Commands are queued that are not written.
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// The connection must not be used again.
    pub fn mark_broken(&mut self) {
        self.broken = true;
    }

    /// Closes the connection without a word, as a network does that fails: what is read or written next fails.
    pub fn sever(&mut self) {
        if let Err(e) = self.stream.sever() {
            tracing::debug!(instance = %self.instance, error = %e, "the connection was closed already");
        }
    }

    /// Notes that a KILL QUERY was sent to this connection.
    pub fn note_kill(&mut self) {
        self.kill_sent = true;
    }

    /// Notes that `kill` sends a KILL QUERY to this connection. The next command waits for it.
    pub fn expect_kill(&mut self, kill: JoinHandle<()>) {
        self.kill_sent = true;
        self.kills.push(kill);
    }

    /// A KILL QUERY is on its way.
    pub fn expects_kill(&self) -> bool {
        self.kills.iter().any(|kill| !kill.is_finished())
    }

    /// Whether the server takes a command of so many bytes. It would close the connection over a longer one, and its error is lost when
    /// that happens while the command is still being written.
    ///
    /// Errors: 1153.
    pub fn check_size(&self, bytes: usize) -> Result<(), SqlError> {
        if bytes <= self.max_packet {
            return Ok(());
        }
        Err(SqlError::new(
            1153,
            "08S01",
            format!(
                "Got a packet bigger than 'max_allowed_packet' bytes: the statement has {bytes}, instance '{}' takes {}",
                self.instance, self.max_packet
            ),
        ))
    }

    /// A SET that was read back made these the connection's settings.
    pub fn adopt(&mut self, settings: &Rc<Settings>) {
        self.settings = Rc::clone(settings);
        self.broken = false;
    }

    pub fn settings(&self) -> &Rc<Settings> {
        &self.settings
    }

    pub fn instance(&self) -> &str {
        &self.instance
    }

    // ---- queueing

    /// Queues what brings the connection to the session's settings; its OK is read by `read_prefix`.
    pub fn queue_settings(&mut self, target: &Rc<Settings>) {
        if let Some(sql) = self.change_settings(target) {
            self.queue_prefix(&sql);
        }
    }

    /// The same behind statements that are queued: its answer stands behind theirs. How many answers that is, one or none.
    pub fn queue_settings_behind(&mut self, target: &Rc<Settings>) -> usize {
        let Some(sql) = self.change_settings(target) else { return 0 };
        self.queue_query(sql.as_bytes());
        1
    }

    /// The connection has these settings once the server has run what is returned.
    fn change_settings(&mut self, target: &Rc<Settings>) -> Option<String> {
        if Rc::ptr_eq(&self.settings, target) {
            return None;
        }
        let before = std::mem::replace(&mut self.settings, Rc::clone(target));
        before.difference(target)
    }

    /// Names without a database are this one's from now on. The connection goes back to no pool.
    pub fn queue_database(&mut self, name: &str) {
        self.has_database = true;
        self.queue_prefix(&format!("USE {}", quote(name)));
    }

    /// Queues a statement whose answer is an OK that `read_prefix` takes.
    pub fn queue_prefix(&mut self, sql: &str) {
        self.write_query(sql.as_bytes());
        self.prefix += 1;
    }

    /// Queues a statement; its answer must be read to the end.
    pub fn queue_query(&mut self, sql: &[u8]) {
        self.write_query(sql);
        self.outstanding += 1;
    }

    /// Queues commands as they go over the wire; their answers must be read to the end.
    pub fn queue_commands(&mut self, packets: &[u8], commands: u32) {
        self.output.extend_from_slice(packets);
        self.outstanding += commands;
    }

    /// Queues a command whose payload `encode` writes; its answer must be read to the end.
    pub fn queue_command(&mut self, encode: impl FnOnce(&mut Vec<u8>)) {
        self.write_command(encode);
        self.outstanding += 1;
    }

    fn write_query(&mut self, sql: &[u8]) {
        if sql.len() + 1 < MAX_PAYLOAD {
            self.write_command(|out| {
                out.push(COM_QUERY);
                out.extend_from_slice(sql);
            });
        } else {
            let mut payload = Vec::with_capacity(sql.len() + 1);
            payload.push(COM_QUERY);
            payload.extend_from_slice(sql);
            write_packet(&mut self.output, &mut 0, &payload);
        }
    }

    fn write_command(&mut self, encode: impl FnOnce(&mut Vec<u8>)) {
        let start = begin_packet(&mut self.output);
        encode(&mut self.output);
        finish_packet(&mut self.output, start, &mut 0);
    }

    // ---- IO

    /// Writes what is queued, behind every KILL QUERY that is meant for what ran before. One that finds no statement does nothing.
    pub async fn flush(&mut self) -> Result<(), SqlError> {
        for kill in std::mem::take(&mut self.kills) {
            if tokio::time::timeout(KILL_LIMIT, kill).await.is_err() {
                // Who reads the answer of what was not sent must not wait for it.
                self.sever();
                return Err(self.lost("a KILL QUERY for its last statement has not come to its end"));
            }
        }
        let result = self.stream.write_all(&self.output).await;
        self.output.clear();
        if self.output.capacity() > READ_SIZE * 4 {
            self.output = Vec::new();
        }
        result.map_err(|e| self.lost(&e.to_string()))
    }

    /// Reads more bytes into `input`, which is to hold `need` bytes in the end (a packet's length, at most 16 MiB): one allocation of the
    /// right size, however long the packet. Who waits for a short answer holds none.
    pub async fn fill(&mut self, need: usize) -> Result<(), SqlError> {
        let missing = need.saturating_sub(self.input.len());
        let read = if self.is_long || missing > LONG_READ {
            let wanted = missing.max(READ_SIZE);
            self.input.reserve(wanted);
            // Not all that the allocation could take: a second long packet would be in memory before anyone asks for it.
            self.stream.read_buf(&mut (&mut self.input).limit(wanted)).await
        } else {
            let Self { stream, input, .. } = self;
            let take = |bytes: &[u8]| {
                input.extend_from_slice(bytes);
                bytes.len()
            };
            stream.read_short(take).await
        };
        match read {
            Ok(0) => Err(self.lost("the server closed the connection")),
            Ok(read) => {
                self.is_long |= read >= LONG_READ;
                Ok(())
            }
            Err(e) => Err(self.lost(&e.to_string())),
        }
    }

    /// Gives back the buffer of a packet of `taken` bytes: what is left of it would keep all of its memory.
    pub fn trim(&mut self, taken: usize) {
        if taken > READ_SIZE * 2 {
            self.input = BytesMut::from(&self.input[..]);
        }
    }

    /// One answer of several that are in `input` was read to its end.
    pub fn count_answered(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
    }

    /// One answer was read to its end.
    pub fn answered(&mut self) {
        self.count_answered();
        self.shrink();
    }

    /// Gives the memory of an answer back.
    pub fn shrink(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
            self.is_long = false;
        }
    }

    fn lost(&mut self, why: &str) -> SqlError {
        self.broken = true;
        SqlError::new(
            BACKEND_FAILED,
            "HY000",
            format!("Lost connection to instance '{}' during query: {why}", self.instance),
        )
    }

    fn malformed(&mut self, why: &dyn std::fmt::Display) -> SqlError {
        self.broken = true;
        SqlError::new(
            BACKEND_FAILED,
            "HY000",
            format!("Malformed packet from instance '{}': {why}", self.instance),
        )
    }

    fn decode_error(&mut self, payload: &[u8]) -> SqlError {
        match ErrPacket::decode(payload) {
            Ok(err) => SqlError::from(err),
            Err(e) => self.malformed(&e),
        }
    }

    // ---- answers

    /// Answers are outstanding that `read_one_prefix` takes.
    pub fn has_prefix(&self) -> bool {
        self.prefix > 0
    }

    /// Reads the OKs of queued settings and of the opening of a transaction.
    pub async fn read_prefix(&mut self) -> Result<(), SqlError> {
        while self.has_prefix() {
            self.read_one_prefix().await?;
        }
        Ok(())
    }

    /// Reads one of them. A failure breaks the connection: what was queued behind it ran with the wrong settings, or outside of the transaction.
    pub async fn read_one_prefix(&mut self) -> Result<(), SqlError> {
        self.prefix = self.prefix.saturating_sub(1);
        let answer = self.read_answer(ResponseKind::Query).await;
        self.broken |= answer.is_err();
        answer.map(|_| ())
    }

    /// Answers are still to come.
    pub fn has_answers(&self) -> bool {
        self.prefix > 0 || self.outstanding > 0
    }

    /// Reads the answer of a queued statement.
    pub async fn read_queued(&mut self) -> Result<Answer, SqlError> {
        self.read_queued_as(ResponseKind::Query).await
    }

    /// The same for an execution; its rows must be none.
    pub async fn read_queued_as(&mut self, kind: ResponseKind) -> Result<Answer, SqlError> {
        let answer = self.read_answer(kind).await;
        self.answered();
        answer
    }

    /// Sends one statement and reads its answer: for small results and control work.
    pub async fn query(&mut self, sql: &str) -> Result<Answer, SqlError> {
        self.query_bytes(sql.as_bytes()).await
    }

    /// The same for text that need not be UTF-8.
    pub async fn query_bytes(&mut self, sql: &[u8]) -> Result<Answer, SqlError> {
        self.queue_query(sql);
        self.flush().await?;
        self.read_prefix().await?;
        self.read_queued().await
    }

    async fn read_answer(&mut self, kind: ResponseKind) -> Result<Answer, SqlError> {
        let mut scanner = ResponseScanner::new(kind, self.capabilities);
        let mut answer = Answer::default();
        let mut error = None;
        while !scanner.finished() {
            match scanner.next(&self.input) {
                Scan::Broken(e) => return Err(self.malformed(&e)),
                Scan::NeedMore { at_least } => self.fill(at_least).await?,
                Scan::Packet { length, event } => {
                    let packet = self.input.split_to(length);
                    let payload = packet.get(HEADER_LENGTH..).unwrap_or_default();
                    match event {
                        Event::Ok => {
                            let ok = OkPacket::decode(payload, self.capabilities)
                                .map_err(|e| self.malformed(&e))?;
                            answer.affected_rows = ok.affected_rows;
                            answer.last_insert_id = ok.last_insert_id;
                            answer.warnings = ok.warnings;
                            answer.in_transaction = ok.status.contains(Status::IN_TRANS);
                            answer.info = String::from_utf8_lossy(ok.info).into_owned();
                        }
                        Event::Err => error = Some(self.decode_error(payload)),
                        Event::Column => {
                            let def = ColumnDefinition::decode(payload).map_err(|e| self.malformed(&e))?;
                            answer.columns.push(AnswerColumn {
                                name: String::from_utf8_lossy(def.name).into_owned(),
                                column_type: def.column_type.0,
                                charset: def.charset,
                                flags: def.flags,
                                is_expression: def.org_name.is_empty(),
                            });
                        }
                        Event::Row => {
                            let cells = TextRow::new(payload)
                                .map(|cell| cell.map(|c| c.map(<[u8]>::to_vec)))
                                .collect::<Result<Vec<_>, _>>()
                                .map_err(|e| self.malformed(&e))?;
                            answer.rows.push(cells);
                        }
                        Event::RowsEnd => answer.warnings = scanner.warnings(),
                        Event::LocalInfile => {
                            return Err(self.malformed(&"the server asked for a local file"));
                        }
                        _ => {}
                    }
                }
            }
        }
        match error {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }
}
