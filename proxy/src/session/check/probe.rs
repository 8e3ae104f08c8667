//! Questions to instances with settings that are always the same, so that values print alike everywhere; KILL reaches the one that runs.

use std::cell::RefCell;
use std::rc::Rc;

use ostrakon_catalog::schema::InstanceId;
use ostrakon_protocol::packet::HEADER_LENGTH;
use ostrakon_protocol::response::ErrPacket;
use ostrakon_protocol::row::TextRow;
use ostrakon_protocol::scanner::{Event, ResponseKind, ResponseScanner, Scan};

use crate::backend::connection::Answer;
use crate::backend::pool::{Pool, Pooled};
use crate::backend::settings::Settings;
use crate::error::{BACKEND_FAILED, SqlError};
use crate::exec::watch;
use crate::worker::Worker;

/// Cells of one row.
pub type Cells = Vec<Option<Vec<u8>>>;

/// Asks on one connection at a time.
pub struct Probe {
    worker: Rc<Worker>,
    settings: Rc<Settings>,
    /// The connection that answers now.
    running: RefCell<Option<(Rc<Pool>, u32)>>,
}

impl Probe {
    pub fn new(worker: &Rc<Worker>) -> Self {
        // Identifiers in backticks, backslashes that escape; no hour of a TIMESTAMP comes twice.
        let settings =
            Settings::default().with("sql_mode", "''".to_owned()).with("time_zone", "'+00:00'".to_owned());
        Self { worker: Rc::clone(worker), settings: worker.intern(settings), running: RefCell::new(None) }
    }

    pub fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    async fn connection(&self, instance: InstanceId) -> Result<Pooled, SqlError> {
        let pool = self.worker.pool_of(instance)?;
        let mut connection = pool.acquire(false).await?;
        connection.queue_settings(&self.settings);
        *self.running.borrow_mut() = Some((pool, connection.id));
        Ok(connection)
    }

    /// A small answer.
    pub async fn ask(&self, instance: InstanceId, sql: &str) -> Result<Answer, SqlError> {
        let mut connection = self.connection(instance).await?;
        let answer = connection.query(sql).await;
        self.running.borrow_mut().take();
        answer
    }

    /// An answer of any length, row by row.
    pub async fn stream(&self, instance: InstanceId, sql: &str) -> Result<Rows, SqlError> {
        let mut connection = self.connection(instance).await?;
        connection.queue_query(sql.as_bytes());
        connection.flush().await?;
        connection.read_prefix().await?;
        let scanner = ResponseScanner::new(ResponseKind::Query, connection.capabilities);
        Ok(Rows { connection, scanner })
    }

    /// The rows of `stream` are read, or given up: its connection is no longer this check's.
    pub fn done(&self) {
        self.running.borrow_mut().take();
    }

    /// Ends what runs now.
    pub fn kill(&self) {
        if let Some((pool, id)) = self.running.borrow_mut().take() {
            watch::kill_query(&pool, id);
        }
    }
}

/// The rows of a long answer; no more than a buffer of them is in memory. Dropped before its end, it takes its connection along.
pub struct Rows {
    connection: Pooled,
    scanner: ResponseScanner,
}

impl Rows {
    /// The next row; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Cells>, SqlError> {
        while !self.scanner.finished() {
            match self.scanner.next(&self.connection.input) {
                Scan::Broken(e) => return Err(self.broken(&e)),
                Scan::NeedMore { at_least } => self.connection.fill(at_least).await?,
                Scan::Packet { length, event } => {
                    let packet = self.connection.input.split_to(length);
                    let payload = packet.get(HEADER_LENGTH..).unwrap_or_default();
                    match event {
                        Event::Row => {
                            let cells: Result<Cells, _> = TextRow::new(payload)
                                .map(|cell| cell.map(|c| c.map(<[u8]>::to_vec)))
                                .collect();
                            return cells.map(Some).map_err(|e| self.broken(&e));
                        }
                        Event::Err => {
                            let error = match ErrPacket::decode(payload) {
                                Ok(err) => SqlError::from(err),
                                Err(e) => self.broken(&e),
                            };
                            self.connection.answered();
                            return Err(error);
                        }
                        // Keys are no longer than some kilobytes.
                        Event::Continuation | Event::LocalInfile => {
                            return Err(self.broken(&"more than was asked for"));
                        }
                        Event::RowsEnd => self.connection.answered(),
                        _ => {}
                    }
                }
            }
        }
        Ok(None)
    }

    fn broken(&mut self, why: &dyn std::fmt::Display) -> SqlError {
        self.connection.mark_broken();
        let instance = self.connection.instance().to_owned();
        SqlError::new(BACKEND_FAILED, "HY000", format!("Malformed answer from instance '{instance}': {why}"))
    }
}
