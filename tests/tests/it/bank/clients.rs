//! The bank's clients: writers move amounts in transactions of every form, readers sum up all accounts. Each writes down what it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use ostrakon_tests::cluster::options;
use ostrakon_tests::wire::Wire;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tokio::time::{sleep, timeout};

use super::ledger::{Ledger, Outcome, Transfer};

/// A transaction may take this long: a server that is started again, or a wait for a lock of a branch that nobody has resolved yet.
const PATIENCE: Duration = Duration::from_secs(30);
/// Ids of one writer.
const IDS: u64 = 1_000_000_000;
/// SQLSTATE of an outcome that could not be learnt.
const UNKNOWN_OUTCOME: &str = "08007";

/// What all clients of a run share.
#[derive(Debug)]
pub struct Stage {
    /// Where nodes, or a plain server, listen.
    pub ports: Vec<u16>,
    pub accounts: u64,
    pub seed: u64,
    stopped: AtomicBool,
}

impl Stage {
    pub fn new(ports: Vec<u16>, accounts: u64, seed: u64) -> Self {
        Self { ports, accounts, seed, stopped: AtomicBool::new(false) }
    }

    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }
}

/// A client and its connection, which comes and goes.
#[derive(Debug)]
pub struct Client {
    stage: Arc<Stage>,
    number: u64,
    random: StdRng,
    /// Which node is next.
    turn: usize,
    connection: Option<Conn>,
    ledger: Ledger,
}

/// How a transaction is written.
#[derive(Debug)]
struct Form {
    prepared: bool,
    autocommit_off: bool,
    lock_first: bool,
    savepoint: bool,
    roll_back: bool,
}

/// An error after which nothing of the transaction may be there.
fn is_definite(error: &mysql_async::ServerError) -> bool {
    error.state != UNKNOWN_OUTCOME
}

impl Client {
    pub fn new(stage: &Arc<Stage>, number: u64) -> Self {
        let random = StdRng::seed_from_u64(stage.seed.wrapping_mul(1000).wrapping_add(number));
        let turn = usize::try_from(number).unwrap();
        Self { stage: Arc::clone(stage), number, random, turn, connection: None, ledger: Ledger::default() }
    }

    fn port(&self) -> u16 {
        self.stage.ports[self.turn % self.stage.ports.len()]
    }

    /// A connection to some node; `None` when it is time to stop.
    async fn connection(&mut self) -> Option<Conn> {
        while self.stage.goes_on() {
            if let Some(connection) = self.connection.take() {
                return Some(connection);
            }
            let opening = Conn::new(options(self.port(), Some("bank")));
            match timeout(Duration::from_secs(3), opening).await {
                Ok(Ok(connection)) => return Some(connection),
                _ => {
                    self.turn += 1;
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
        None
    }

    /// Writes until it is told to stop.
    pub async fn write(mut self) -> Ledger {
        for step in 1u64.. {
            let Some(mut connection) = self.connection().await else { break };
            let errors = self.ledger.error_count();
            let id = self.number * IDS + step;
            match self.random.random_range(0..100) {
                0..5 => {
                    let (one, two) = (2 * id, 2 * id + 1);
                    let sql = format!("INSERT INTO twin (id, step) VALUES ({one}, {step}), ({two}, {step})");
                    let outcome = self.single(connection, &sql).await;
                    self.ledger.twins.insert(id, outcome);
                }
                5..10 => {
                    let outcome =
                        self.single(connection, &format!("INSERT INTO note (id) VALUES ({id})")).await;
                    self.ledger.notes.insert(id, outcome);
                }
                10..16 => {
                    self.connection = Some(connection);
                    let transfer = self.transfer(id);
                    let outcome = self.walk_away(&transfer).await;
                    self.ledger.transfers.insert(id, (transfer, outcome));
                }
                _ => {
                    let transfer = self.transfer(id);
                    let (outcome, is_well) = self.transact(&mut connection, &transfer).await;
                    if is_well {
                        self.connection = Some(connection);
                    } else {
                        self.turn += 1;
                    }
                    self.ledger.transfers.insert(id, (transfer, outcome));
                }
            }
            // Not all that the machine can do: it has nodes and servers to start as well. One that is down is asked more seldom.
            let is_well = errors == self.ledger.error_count();
            sleep(Duration::from_millis(if is_well { 2 } else { 20 })).await;
        }
        self.ledger
    }

    fn transfer(&mut self, id: u64) -> Transfer {
        let payer = self.random.random_range(0..self.stage.accounts);
        let payee = (payer + self.random.random_range(1..self.stage.accounts)) % self.stage.accounts;
        Transfer { id, payer, payee, amount: self.random.random_range(1..100) }
    }

    fn note(&mut self, error: &Error, what: &str) {
        match error {
            Error::Server(error) => {
                self.ledger.failed(error.code, format!("{what}: {} ({})", error.message, error.state));
            }
            error => self.ledger.failed(0, format!("{what}: {error}")),
        }
    }

    /// One statement that is a transaction of its own, over several groups.
    async fn single(&mut self, mut connection: Conn, sql: &str) -> Outcome {
        match timeout(PATIENCE, connection.query_drop(sql)).await {
            Ok(Ok(())) => {
                self.connection = Some(connection);
                return Outcome::Acknowledged;
            }
            Ok(Err(error)) => {
                self.note(&error, "INSERT");
                self.turn += 1;
                match error {
                    Error::Server(error) if is_definite(&error) => return Outcome::Refused,
                    _ => {}
                }
            }
            Err(_) => self.ledger.failed(0, "INSERT: no answer".to_owned()),
        }
        Outcome::Unknown
    }

    /// One transfer in a transaction. Gives true when the connection can be used further.
    async fn transact(&mut self, connection: &mut Conn, transfer: &Transfer) -> (Outcome, bool) {
        let form = Form {
            prepared: self.random.random_bool(0.3),
            autocommit_off: self.random.random_bool(0.1),
            lock_first: self.random.random_bool(0.2),
            savepoint: self.random.random_bool(0.1),
            roll_back: self.random.random_bool(0.05),
        };
        let statements = self.statements(transfer, &form);
        let work = async {
            for sql in &statements {
                if form.prepared && !sql.starts_with("SAVEPOINT") && !sql.starts_with("ROLLBACK") {
                    connection.exec_drop(sql, ()).await?;
                } else {
                    connection.query_drop(sql).await?;
                }
            }
            Ok::<_, Error>(())
        };
        let done = match timeout(PATIENCE, work).await {
            Ok(done) => done,
            Err(_) => {
                self.ledger.failed(0, "a transaction: no answer".to_owned());
                return (Outcome::Refused, false);
            }
        };
        if let Err(error) = &done {
            self.note(error, "a transaction");
        }
        match done {
            // COMMIT was not sent: nothing may be there, whatever happens from here on.
            Err(Error::Server(_)) => (Outcome::Refused, self.roll_back(connection, &form).await),
            Err(_) => (Outcome::Refused, false),
            Ok(()) if form.roll_back => (Outcome::Refused, self.roll_back(connection, &form).await),
            Ok(()) => self.commit(connection, &form).await,
        }
    }

    async fn roll_back(&mut self, connection: &mut Conn, form: &Form) -> bool {
        self.end(connection, "ROLLBACK", form).await.is_ok()
    }

    async fn commit(&mut self, connection: &mut Conn, form: &Form) -> (Outcome, bool) {
        match self.end(connection, "COMMIT", form).await {
            Ok(()) => (Outcome::Acknowledged, true),
            Err(Some(Error::Server(error))) if is_definite(&error) => (Outcome::Refused, false),
            Err(_) => (Outcome::Unknown, false),
        }
    }

    /// COMMIT or ROLLBACK; the error is `None` when no answer came.
    async fn end(&mut self, connection: &mut Conn, sql: &str, form: &Form) -> Result<(), Option<Error>> {
        let result = match timeout(PATIENCE, connection.query_drop(sql)).await {
            Ok(result) => result.map_err(Some),
            Err(_) => Err(None),
        };
        match &result {
            Ok(()) => {}
            Err(Some(error)) => self.note(error, sql),
            Err(None) => self.ledger.failed(0, format!("{sql}: no answer")),
        }
        if result.is_ok() && form.autocommit_off {
            // Nothing is open: this commits nothing.
            if let Err(error) = connection.query_drop("SET autocommit = 1").await {
                self.note(&error, "SET autocommit");
            }
        }
        result
    }

    /// BEGIN and the writes, in an order of their own, so that each group is the first one now and then.
    fn statements(&mut self, transfer: &Transfer, form: &Form) -> Vec<String> {
        let Transfer { id, payer, payee, amount } = *transfer;
        let change = |account: u64, by: i64| {
            format!("UPDATE account SET balance = balance + {by} WHERE id = {account}")
        };
        let side = |account: u64, by: i64| format!("({id}, {account}, {by})");
        let history = "INSERT INTO history (transfer, account, amount) VALUES";
        let mut writes = vec![
            change(payer, -amount),
            change(payee, amount),
            format!(
                "INSERT INTO transfer (id, payer, payee, amount) VALUES ({id}, {payer}, {payee}, {amount})"
            ),
        ];
        if self.random.random_bool(0.5) {
            writes.push(format!("{history} {}, {}", side(payer, -amount), side(payee, amount)));
        } else {
            writes.push(format!("{history} {}", side(payer, -amount)));
            writes.push(format!("{history} {}", side(payee, amount)));
        }
        writes.shuffle(&mut self.random);
        if form.savepoint {
            let place = self.random.random_range(0..=writes.len());
            let undone =
                ["SAVEPOINT s".to_owned(), change(payee, 1_000_000), "ROLLBACK TO SAVEPOINT s".to_owned()];
            writes.splice(place..place, undone);
        }
        if form.lock_first {
            writes
                .insert(0, format!("SELECT balance FROM account WHERE id IN ({payer}, {payee}) FOR UPDATE"));
        }
        writes.insert(0, if form.autocommit_off { "SET autocommit = 0" } else { "BEGIN" }.to_owned());
        writes
    }

    /// A client that leaves without a word: in the middle of a transaction, or right after it has sent COMMIT.
    async fn walk_away(&mut self, transfer: &Transfer) -> Outcome {
        let form = Form {
            prepared: false,
            autocommit_off: false,
            lock_first: self.random.random_bool(0.2),
            savepoint: false,
            roll_back: false,
        };
        let mut statements = self.statements(transfer, &form);
        let is_early = self.random.random_bool(0.5);
        if is_early {
            statements.truncate(self.random.random_range(1..=statements.len()));
        }
        let opening = timeout(PATIENCE, Wire::try_log_in(self.port(), "bank")).await;
        let Ok(Ok(mut wire)) = opening else { return Outcome::Refused };
        for sql in &statements {
            wire.send_query(sql).await;
            let Ok(Some(first)) = timeout(PATIENCE, wire.read_packet()).await else {
                return Outcome::Refused;
            };
            if first.first() == Some(&0xff) {
                return Outcome::Refused;
            }
            // The rest of an answer with rows: definitions, rows, and a packet that begins as this one.
            if sql.starts_with("SELECT") {
                loop {
                    match timeout(PATIENCE, wire.read_packet()).await {
                        Ok(Some(packet)) if packet.first() == Some(&0xfe) => break,
                        Ok(Some(packet)) if packet.first() != Some(&0xff) => {}
                        _ => return Outcome::Refused,
                    }
                }
            }
        }
        if is_early {
            return Outcome::Refused;
        }
        wire.send_query("COMMIT").await;
        sleep(Duration::from_micros(self.random.random_range(0..3000))).await;
        Outcome::Unknown
    }

    /// Sums up all accounts, in one statement or in two of one transaction, by reads that see each transaction wholly or not at all.
    pub async fn read(mut self) -> Ledger {
        let half = self.stage.accounts / 2;
        while let Some(mut connection) = self.connection().await {
            let in_two = self.random.random_bool(0.5);
            let reading = async {
                connection.query_drop("SET ostrakon_read_consistency = 'atomic'").await?;
                if !in_two {
                    let sql = "SELECT SUM(balance) FROM account";
                    return connection.query_first::<i64, _>(sql).await;
                }
                connection.query_drop("START TRANSACTION READ ONLY").await?;
                let low = format!("SELECT SUM(balance) FROM account WHERE id < {half}");
                let high = format!("SELECT SUM(balance) FROM account WHERE id >= {half}");
                let low = connection.query_first::<i64, _>(low).await?;
                let high = connection.query_first::<i64, _>(high).await?;
                connection.query_drop("COMMIT").await?;
                Ok(low.zip(high).map(|(low, high)| low + high))
            };
            match timeout(PATIENCE, reading).await {
                Ok(Ok(Some(sum))) => {
                    *self.ledger.sums.entry(sum).or_default() += 1;
                    self.connection = Some(connection);
                }
                Ok(Ok(None)) => self.ledger.wrong.push("a SUM gave no number".to_owned()),
                Ok(Err(error)) => {
                    self.note(&error, "a read of the sum");
                    self.turn += 1;
                }
                Err(_) => self.ledger.failed(0, "a read of the sum: no answer".to_owned()),
            }
            sleep(Duration::from_millis(5)).await;
        }
        self.ledger
    }
}
