//! The clients: each writes down what was acknowledged, and what it cannot know. After an error it goes to another node, and never
//! asks for the same thing again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use ostrakon_tests::cluster::options;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Statements of any kind may take this long: a node that is stopped, or waits for a leader.
const PATIENCE: Duration = Duration::from_secs(20);

/// What clients and faults share: where nodes listen, and whether to go on.
pub struct Stage {
    // Held only to copy or replace the list.
    ports: Mutex<Vec<u16>>,
    stopped: AtomicBool,
}

impl Stage {
    pub fn new(ports: Vec<u16>) -> Self {
        Self { ports: Mutex::new(ports), stopped: AtomicBool::new(false) }
    }

    pub fn set_ports(&self, ports: Vec<u16>) {
        *self.ports.lock().unwrap() = ports;
    }

    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }

    pub fn port(&self, turn: usize) -> u16 {
        let ports = self.ports.lock().unwrap();
        ports[turn % ports.len()]
    }
}

/// What a table should be in the end.
#[derive(Clone, Debug, PartialEq)]
pub enum Table {
    /// Acknowledged: with these columns beside `id` and `v`, and empty or with one row.
    There {
        columns: Vec<String>,
        rows: u64,
    },
    Gone,
    /// The last statement about it was not answered.
    Unknown,
}

/// What one client, or all of them, were told.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Rows of `t` by id: client and step.
    pub rows: BTreeMap<u64, (u64, u64)>,
    /// Values of the sequences `g` and `s`.
    pub values: BTreeMap<&'static str, Vec<u64>>,
    pub tables: BTreeMap<String, Table>,
    /// Indexes that tables have: table and name.
    pub indexes: BTreeSet<(&'static str, String)>,
    pub ddl: u64,
    /// Answers that must not be, with the statement.
    pub wrong: Vec<String>,
    /// Errors by number; 0: the connection, or no answer in time.
    pub errors: BTreeMap<u16, (u64, String)>,
}

impl Ledger {
    pub fn join(&mut self, other: Self) {
        for (id, row) in other.rows {
            if let Some(first) = self.rows.insert(id, row) {
                self.wrong.push(format!("id {id} was given to {first:?} and to {row:?}"));
            }
        }
        for (sequence, values) in other.values {
            self.values.entry(sequence).or_default().extend(values);
        }
        self.tables.extend(other.tables);
        self.indexes.extend(other.indexes);
        self.ddl += other.ddl;
        self.wrong.extend(other.wrong);
        for (errno, (times, text)) in other.errors {
            self.errors.entry(errno).or_insert((0, text)).0 += times;
        }
    }

    fn failed(&mut self, error: &Failure) {
        self.errors.entry(error.errno).or_insert((0, error.text.clone())).0 += 1;
    }

    /// A run in which nothing was done proves nothing.
    pub fn must_show_something(&self, kills: u64) {
        let of = |name| self.values.get(name).map_or(0, Vec::len) as u64;
        assert!(self.rows.len() as u64 > 20 * kills, "only {} rows: this proves little", self.rows.len());
        assert!(of("g") > 10 * kills && of("s") > 2 * kills, "few values: {} and {}", of("g"), of("s"));
        assert!(self.ddl > kills, "only {} DDL statements: this proves little", self.ddl);
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, {} DDL statements", self.rows.len(), self.ddl)?;
        for (sequence, values) in &self.values {
            write!(f, ", {} values of {sequence}", values.len())?;
        }
        writeln!(f, " acknowledged")?;
        for (errno, (times, text)) in &self.errors {
            writeln!(f, "  error {errno}, {times} times, first: {text}")?;
        }
        Ok(())
    }
}

/// Why a statement has no answer, or a bad one.
pub struct Failure {
    pub errno: u16,
    pub text: String,
}

/// A client and its connection, which comes and goes.
struct Client {
    stage: Arc<Stage>,
    /// Which node is next.
    turn: usize,
    connection: Option<Conn>,
    ledger: Ledger,
}

impl Client {
    fn new(stage: &Arc<Stage>, number: usize) -> Self {
        Self { stage: Arc::clone(stage), turn: number, connection: None, ledger: Ledger::default() }
    }

    /// A connection to some node; `None` when it is time to stop.
    async fn connection(&mut self) -> Option<Conn> {
        while self.stage.goes_on() {
            if let Some(connection) = self.connection.take() {
                return Some(connection);
            }
            let opening = Conn::new(options(self.stage.port(self.turn), Some("app")));
            match timeout(Duration::from_secs(3), opening).await {
                Ok(Ok(connection)) => return Some(connection),
                _ => {
                    self.turn += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        None
    }

    /// Runs a statement; gives the first value of its answer, if it has one, and the id that it made.
    async fn ask(&mut self, connection: Conn, sql: &str) -> Result<(Option<u64>, Option<u64>), Failure> {
        let asking = async {
            let mut connection = connection;
            let value = connection.query_first::<Option<u64>, _>(sql).await?;
            let id = connection.last_insert_id();
            Ok::<_, Error>((value.flatten(), id, connection))
        };
        let failure = match timeout(PATIENCE, asking).await {
            Ok(Ok((value, id, connection))) => {
                self.connection = Some(connection);
                return Ok((value, id));
            }
            Ok(Err(Error::Server(error))) => {
                Failure { errno: error.code, text: format!("{sql}: {}", error.message) }
            }
            Ok(Err(error)) => Failure { errno: 0, text: format!("{sql}: {error}") },
            Err(_) => Failure { errno: 0, text: format!("{sql}: no answer") },
        };
        self.ledger.failed(&failure);
        self.turn += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(failure)
    }

    async fn insert(mut self, number: u64) -> Ledger {
        for step in 0.. {
            let Some(connection) = self.connection().await else { break };
            let sql = format!("INSERT INTO t (client, step) VALUES ({number}, {step})");
            match self.ask(connection, &sql).await {
                Ok((_, Some(id))) => {
                    if let Some(first) = self.ledger.rows.insert(id, (number, step)) {
                        self.ledger.wrong.push(format!("id {id} twice: {first:?} and step {step}"));
                    }
                }
                Ok((_, None)) => self.ledger.wrong.push(format!("{sql}: no id")),
                Err(failure) if failure.errno == 1062 => self.ledger.wrong.push(failure.text),
                Err(_) => {}
            }
            // Not all that the machine can do: it has nodes to start as well.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.ledger
    }

    async fn next_values(mut self, sequence: &'static str) -> Ledger {
        let sql = format!("SELECT {sequence}.NEXTVAL");
        while let Some(connection) = self.connection().await {
            if let Ok((value, _)) = self.ask(connection, &sql).await {
                match value {
                    Some(value) => self.ledger.values.entry(sequence).or_default().push(value),
                    None => self.ledger.wrong.push(format!("{sql} gave no number")),
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.ledger
    }

    /// The life of one table after the other; one whose statement was not answered is left alone from then on.
    async fn change_tables(mut self, number: u64) -> Ledger {
        for round in 0u64.. {
            let name = format!("d{number}_{round}");
            if self.one_table(&name, round).await.is_none() {
                break;
            }
        }
        self.ledger
    }

    async fn one_table(&mut self, name: &str, round: u64) -> Option<()> {
        let there = |columns: &[&str], rows| Table::There {
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows,
        };
        let create = "(id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)";
        let mut life = vec![
            (format!("CREATE TABLE {name} {create}"), there(&[], 0)),
            (format!("INSERT INTO {name} (id, v) VALUES (7, 7)"), there(&[], 1)),
            (format!("ALTER TABLE {name} ADD COLUMN more INT"), there(&["more"], 1)),
            (format!("TRUNCATE TABLE {name}"), there(&["more"], 0)),
        ];
        // Half of them stay, to be looked at in the end.
        if round.is_multiple_of(2) {
            life.push((format!("DROP TABLE {name}"), Table::Gone));
        }
        for (sql, after) in life {
            let connection = self.connection().await?;
            self.ledger.tables.insert(name.to_owned(), Table::Unknown);
            if self.ask(connection, &sql).await.is_err() {
                break;
            }
            self.ledger.ddl += 1;
            self.ledger.tables.insert(name.to_owned(), after);
        }
        Some(())
    }

    /// Indexes on a table that all others write to.
    async fn change_common_table(mut self, table: &'static str, column: &str) -> Ledger {
        for round in 0u64.. {
            // MySQL allows 64 of them.
            let (name, old) = (format!("i{round}"), format!("i{}", round.saturating_sub(5)));
            let Some(connection) = self.connection().await else { break };
            if self.ask(connection, &format!("ALTER TABLE {table} ADD INDEX {name} ({column})")).await.is_ok()
            {
                self.ledger.ddl += 1;
                self.ledger.indexes.insert((table, name));
            } else {
                self.ledger.tables.insert(table.to_owned(), Table::Unknown);
            }
            if self.ledger.indexes.remove(&(table, old.clone())) {
                let Some(connection) = self.connection().await else { break };
                if self.ask(connection, &format!("ALTER TABLE {table} DROP INDEX {old}")).await.is_ok() {
                    self.ledger.ddl += 1;
                } else {
                    self.ledger.tables.insert(table.to_owned(), Table::Unknown);
                }
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        self.ledger
    }
}

/// Starts them all.
pub fn all(stage: &Arc<Stage>) -> Vec<JoinHandle<Ledger>> {
    let mut started = Vec::new();
    for number in 0..6 {
        started.push(tokio::spawn(Client::new(stage, number).insert(number as u64)));
    }
    for (number, sequence) in ["g", "s", "g", "s"].into_iter().enumerate() {
        started.push(tokio::spawn(Client::new(stage, number).next_values(sequence)));
    }
    for number in 0..2 {
        started.push(tokio::spawn(Client::new(stage, number).change_tables(number as u64)));
    }
    for (number, (table, column)) in [("t", "step"), ("sbtest.sbtest1", "c")].into_iter().enumerate() {
        started.push(tokio::spawn(Client::new(stage, number + 1).change_common_table(table, column)));
    }
    started
}
