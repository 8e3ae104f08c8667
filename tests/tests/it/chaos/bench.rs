//! sysbench's own inserts as one more load: its report says how many were acknowledged, and the tables must have at least so many rows.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::program;
use tokio::task::JoinHandle;

use super::clients::Stage;

const TABLES: u64 = 4;
/// Rows of a table before the load.
const ROWS: u64 = 50;
const THREADS: u64 = 2;
/// Seconds of one run, then each goes on to another node.
const RUN: &str = "--time=3";
/// Statements a second of one run: other loads and the nodes' starts need the machine too.
const RATE: &str = "--rate=80";
/// What a client of a dying node sees: it connects again and goes on. 1062 is not among them, since it would be an id that came twice.
const IGNORED: &str = "--mysql-ignore-errors=2002,2003,2006,2013,2055,1053,1105,1158,1159,1160,1161,1184,1205,1213,1317,1412,1429,1430,1467";

/// What sysbench was told.
#[derive(Debug, Default)]
pub struct Bench {
    runs: u64,
    /// Without a report, because there was no node to connect to, or it met an error that it does not ignore.
    failed: u64,
    acknowledged: u64,
    ignored: u64,
    /// Why runs failed, by sysbench's words.
    reasons: BTreeMap<String, u64>,
}

impl Bench {
    pub fn join(&mut self, other: Self) {
        self.runs += other.runs;
        self.failed += other.failed;
        self.acknowledged += other.acknowledged;
        self.ignored += other.ignored;
        for (reason, times) in other.reasons {
            *self.reasons.entry(reason).or_default() += times;
        }
    }

    /// One run of sysbench against one node.
    fn run(&mut self, port: u16) {
        let output = oltp_insert(port).args([RUN, RATE, IGNORED, "--forced-shutdown=2", "run"]).output();
        let said = program::text(&output.expect("sysbench is there: `tools/setup test` installs it"));
        self.runs += 1;
        match program::figure(&said, "transactions:") {
            Some(transactions) => {
                self.acknowledged += transactions;
                self.ignored += program::figure(&said, "ignored errors:").unwrap_or(0);
            }
            None => self.failed += 1,
        }
        for line in said.lines().filter(|line| line.starts_with("FATAL:")) {
            let reason = line.split(" for query").next().unwrap_or(line);
            *self.reasons.entry(reason.chars().take(160).collect()).or_default() += 1;
        }
    }

    /// Every acknowledged row is there, none came twice, and no statement met another's id.
    pub async fn judge(&self, client: &mut Conn) {
        let doubled: Vec<_> = self.reasons.keys().filter(|reason| reason.contains("error 1062")).collect();
        assert!(doubled.is_empty(), "an id was given twice: {doubled:?}");
        let mut rows = 0;
        for table in 1..=TABLES {
            let mut ids: Vec<u64> =
                client.query(format!("SELECT id FROM sbtest.sbtest{table}")).await.unwrap();
            rows += ids.len() as u64;
            ids.sort_unstable();
            let twice = ids.windows(2).find(|pair| pair[0] == pair[1]);
            assert_eq!(twice, None, "ids of sbtest{table}");
            let findings: Vec<(String, String, String, String)> =
                client.query(format!("CHECK TABLE sbtest.sbtest{table}")).await.unwrap();
            assert!(findings.iter().all(|(.., text)| text == "OK"), "sbtest{table}: {findings:?}");
        }
        let inserted = rows - TABLES * ROWS;
        assert!(
            inserted >= self.acknowledged,
            "{inserted} rows of {} that were acknowledged",
            self.acknowledged
        );
        if self.failed == 0 {
            // What was not acknowledged: an ignored error, or what each thread was at when its run ended.
            let most = self.acknowledged + self.ignored + self.runs * THREADS;
            assert!(inserted <= most, "{inserted} rows, {most} at most were sent");
        }
    }

    /// A run in which nothing was done proves nothing.
    pub fn must_show_something(&self, kills: u64) {
        assert!(self.acknowledged > 20 * kills, "sysbench did little: {self}");
    }
}

impl fmt::Display for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "sysbench oltp_insert: {} runs, {} without a report; {} rows acknowledged, {} errors",
            self.runs, self.failed, self.acknowledged, self.ignored
        )?;
        for (reason, times) in &self.reasons {
            writeln!(f, "  {times} times {reason}")?;
        }
        Ok(())
    }
}

fn oltp_insert(port: u16) -> Command {
    // A run ends by itself; one that does not, because its node hangs, is ended.
    let mut command = Command::new("timeout");
    command.args(["--kill-after=1", "30", "sysbench", "oltp_insert", "--db-driver=mysql"]);
    command.args(["--mysql-host=127.0.0.1", "--mysql-user=root", "--mysql-db=sbtest"]);
    command.args([
        format!("--mysql-port={port}"),
        format!("--tables={TABLES}"),
        format!("--table-size={ROWS}"),
        format!("--threads={THREADS}"),
    ]);
    command
}

/// Makes sysbench's tables, sharded by their ids.
pub async fn prepare(client: &mut Conn, port: u16) {
    client.query_drop("CREATE DATABASE sbtest DEFAULT_SHARDING = PRIMARY_KEY DBPARTITIONS 4").await.unwrap();
    tokio::task::block_in_place(|| program::must(oltp_insert(port).arg("prepare")));
}

/// One sysbench after the other, each against the next node.
pub fn start(stage: &Arc<Stage>, number: usize) -> JoinHandle<Bench> {
    let stage = Arc::clone(stage);
    tokio::task::spawn_blocking(move || {
        let mut bench = Bench::default();
        let mut turn = number;
        while stage.goes_on() {
            bench.run(stage.port(turn));
            turn += 1;
            std::thread::sleep(Duration::from_millis(100));
        }
        bench
    })
}
