//! Clients that read and append to lists in random transactions, and write down what they asked for and what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, ServerError};
use ostrakon_tests::cluster::options;
use ostrakon_tests::elle::history::{Outcome, Reading, Step, Transaction, parse_list};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::{sleep, timeout};

/// A transaction may take this long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Keys that are written at a time, and how many transactions each of them is among these for.
const LIVELY: u64 = 12;
const LIFE: u64 = 25;
/// SQLSTATE of an outcome that could not be learnt.
const UNKNOWN_OUTCOME: &str = "08007";

/// What all clients of one table share.
#[derive(Debug)]
pub struct Stage {
    pub ports: Vec<u16>,
    /// The table, whose rows are there: key and empty list.
    pub table: &'static str,
    pub keys: u64,
    pub seed: u64,
    begin: Instant,
    stopped: AtomicBool,
    /// Transactions begun, sessions opened, elements made.
    counts: [AtomicU64; 3],
}

impl Stage {
    pub fn new(ports: Vec<u16>, table: &'static str, keys: u64, seed: u64) -> Self {
        let (begin, stopped, counts) = (Instant::now(), AtomicBool::new(false), Default::default());
        Self { ports, table, keys, seed, begin, stopped, counts }
    }

    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn next(&self, which: usize) -> u64 {
        self.counts[which].fetch_add(1, Ordering::Relaxed)
    }

    /// The same clock for all clients, in nanoseconds. Every moment is given once, so that none is both an end and a begin.
    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_nanos()).unwrap()
    }
}

/// One client: its connection, and what it has seen.
pub struct Client {
    stage: Arc<Stage>,
    number: u64,
    random: StdRng,
    reading: Reading,
    turn: usize,
    connection: Option<(u64, Conn)>,
    seen: Vec<Transaction>,
    errors: Vec<String>,
}

/// A step that is yet to be done.
enum Wish {
    Read(Vec<u64>),
    Append(u64),
}

impl Client {
    pub fn new(stage: &Arc<Stage>, number: u64, reading: Reading) -> Self {
        Self {
            stage: Arc::clone(stage),
            number,
            random: StdRng::seed_from_u64(stage.seed.wrapping_mul(1000).wrapping_add(number)),
            reading,
            turn: usize::try_from(number).unwrap(),
            connection: None,
            seen: Vec::new(),
            errors: Vec::new(),
        }
    }

    async fn connection(&mut self) -> Option<(u64, Conn)> {
        while !self.stage.stopped.load(Ordering::Relaxed) {
            if let Some(connection) = self.connection.take() {
                return Some(connection);
            }
            let port = self.stage.ports[self.turn % self.stage.ports.len()];
            match timeout(Duration::from_secs(3), self.open(port)).await {
                Ok(Ok(connection)) => return Some((self.stage.next(1), connection)),
                Ok(Err(Error::Server(error))) => {
                    self.errors.push(format!("{}: {}", error.code, error.message))
                }
                _ => {}
            }
            self.turn += 1;
            sleep(Duration::from_millis(50)).await;
        }
        None
    }

    async fn open(&self, port: u16) -> Result<Conn, Error> {
        let mut connection = Conn::new(options(port, Some("lists"))).await?;
        if self.reading == Reading::Atomic {
            connection.query_drop("SET ostrakon_read_consistency = 'atomic'").await?;
        }
        Ok(connection)
    }

    /// Runs until the stage is stopped; gives its transactions, and its errors in words.
    pub async fn run(mut self) -> (Vec<Transaction>, Vec<String>) {
        while let Some((session, connection)) = self.connection().await {
            let wishes = self.wishes();
            let mut transaction = Transaction {
                session,
                begin: self.stage.now(),
                end: 0,
                reading: self.reading,
                steps: Vec::new(),
                outcome: Outcome::Unknown,
            };
            let kept = self.transact(connection, wishes, &mut transaction).await;
            transaction.end = self.stage.now();
            self.seen.push(transaction);
            match kept {
                Some(connection) => self.connection = Some((session, connection)),
                None => self.turn += 1,
            }
            // A server that is down is not asked as fast as it can refuse.
            let is_well = self.seen.last().is_some_and(|last| last.outcome == Outcome::Committed);
            sleep(Duration::from_millis(if is_well { 1 } else { 20 })).await;
        }
        (self.seen, self.errors)
    }

    /// One to five steps on the keys that are lively now.
    fn wishes(&mut self) -> Vec<Wish> {
        let first = self.stage.next(0) / LIFE;
        let steps = self.random.random_range(1..6);
        let mut wishes = Vec::new();
        for _ in 0..steps {
            let mut key = || (first + self.random.random_range(0..LIVELY)) % self.stage.keys;
            let one = key();
            let (two, three) = (key(), key());
            wishes.push(match self.random.random_range(0..10) {
                0..4 => Wish::Read(vec![one]),
                4..6 => Wish::Read(vec![one, two, three]),
                _ => Wish::Append(one),
            });
        }
        wishes
    }

    /// Runs it; gives the connection back when it can be used further.
    async fn transact(
        &mut self,
        mut connection: Conn,
        wishes: Vec<Wish>,
        transaction: &mut Transaction,
    ) -> Option<Conn> {
        let is_prepared = self.random.random_bool(0.3);
        let is_given_up = self.random.random_bool(0.05);
        let worked = timeout(PATIENCE, self.steps(&mut connection, wishes, is_prepared, transaction)).await;
        transaction.outcome = Outcome::Aborted;
        match worked {
            Ok(Ok(())) => {}
            Ok(Err(Error::Server(error))) => {
                self.note(&error);
                return timeout(PATIENCE, connection.query_drop("ROLLBACK"))
                    .await
                    .ok()?
                    .ok()
                    .map(|()| connection);
            }
            _ => return None,
        }
        if is_given_up {
            return timeout(PATIENCE, connection.query_drop("ROLLBACK"))
                .await
                .ok()?
                .ok()
                .map(|()| connection);
        }
        transaction.outcome = Outcome::Unknown;
        match timeout(PATIENCE, connection.query_drop("COMMIT")).await {
            Ok(Ok(())) => transaction.outcome = Outcome::Committed,
            Ok(Err(Error::Server(error))) => {
                self.note(&error);
                if error.state != UNKNOWN_OUTCOME {
                    transaction.outcome = Outcome::Aborted;
                }
                return None;
            }
            _ => return None,
        }
        Some(connection)
    }

    fn note(&mut self, error: &ServerError) {
        self.errors.push(format!("{}: {}", error.code, error.message));
    }

    async fn steps(
        &mut self,
        connection: &mut Conn,
        wishes: Vec<Wish>,
        is_prepared: bool,
        transaction: &mut Transaction,
    ) -> Result<(), Error> {
        let (table, number) = (self.stage.table, self.number);
        let lock = if self.reading == Reading::Locking { " FOR UPDATE" } else { "" };
        connection.query_drop("BEGIN").await?;
        for wish in wishes {
            match wish {
                Wish::Append(key) => {
                    let element = self.stage.next(2) + 1;
                    // Written down before it is sent: it may be done although no answer comes.
                    transaction.steps.push(Step::Append { key, element });
                    let sql = format!("UPDATE {table} SET v = CONCAT(v, ',{element}') WHERE k = {key}");
                    if is_prepared {
                        connection.exec_drop(sql, ()).await?;
                    } else {
                        connection.query_drop(sql).await?;
                    }
                    assert_eq!(connection.affected_rows(), 1, "client {number}: key {key} has one row");
                }
                Wish::Read(keys) => {
                    let list: Vec<String> = keys.iter().map(u64::to_string).collect();
                    let sql = format!("SELECT k, v FROM {table} WHERE k IN ({}){lock}", list.join(", "));
                    let rows: Vec<(u64, String)> = if is_prepared {
                        connection.exec(sql, ()).await?
                    } else {
                        connection.query(sql).await?
                    };
                    for (key, text) in rows {
                        transaction.steps.push(Step::Read { key, list: parse_list(&text) });
                    }
                }
            }
        }
        Ok(())
    }
}
