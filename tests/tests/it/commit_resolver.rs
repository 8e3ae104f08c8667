//! Branches that a crash has left prepared are brought to what their transaction's deciding instance says, whoever held them.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use ostrakon::client::Client;
use ostrakon_tests::cluster::{TestCluster, refused, run};

const PATIENCE: Duration = Duration::from_secs(30);
/// "DRDS": branches with another number are not ours.
const FORMAT: u32 = 0x4452_4453;

/// The first value of the first row; empty when there is none.
fn first(client: &mut Client, sql: &str) -> String {
    client.query(sql).unwrap_or_else(|error| panic!("{sql}: {error}")).first().unwrap_or_default()
}

fn must(client: &mut Client, sql: &str) {
    client.query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Xids that an instance lists, as gtrid and branch qualifier in one.
fn prepared(client: &mut Client) -> Vec<String> {
    let answer = client.query("XA RECOVER").unwrap();
    let data = |row: &Vec<Option<Vec<u8>>>| row.get(3).cloned().flatten().unwrap_or_default();
    answer.rows.iter().map(|row| String::from_utf8_lossy(&data(row)).into_owned()).collect()
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "not so after {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

struct Left {
    cluster: TestCluster,
    /// The instance that decides, and the one with the branches.
    arbiter: Client,
    other: Client,
}

impl Left {
    /// Two instances with the system schema, which the node makes by itself, and a table on the second.
    fn start() -> Self {
        let cluster = TestCluster::start();
        let [arbiter, other] = [0, 1].map(|at: usize| cluster.cluster.instances[at].connect().unwrap());
        let mut left = Self { cluster, arbiter, other };
        let there = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '__ostrakon'";
        for client in [&mut left.arbiter, &mut left.other] {
            wait("each instance has the system schema", || first(client, there) == "2");
        }
        must(&mut left.other, "CREATE DATABASE raw");
        must(&mut left.other, "CREATE TABLE raw.t (id VARCHAR(64) PRIMARY KEY) ENGINE=InnoDB");
        left
    }

    /// A branch with a write, prepared as a session of a node would, by a process that there never was. Gives the connection that holds it.
    fn prepare(&self, gtrid: &str) -> Client {
        self.prepare_decided_by(gtrid, 0)
    }

    /// As `prepare`, with the number of the deciding branch's connection.
    fn prepare_decided_by(&self, gtrid: &str, deciding: u32) -> Client {
        let mut holder = self.cluster.cluster.instances[1].connect().unwrap();
        let id = first(&mut holder, "SELECT CONNECTION_ID()");
        let xid = format!("'{gtrid}','1.{id}.{deciding}',{FORMAT}");
        must(&mut holder, &format!("XA START {xid}"));
        must(&mut holder, &format!("INSERT INTO raw.t VALUES ('{gtrid}')"));
        must(
            &mut holder,
            &format!(
                "INSERT INTO `__ostrakon`.branch (gtrid, ordinal, name, branches) VALUES ('{gtrid}', 1, 'b', 'a,b')"
            ),
        );
        must(&mut holder, &format!("XA END {xid}"));
        must(&mut holder, &format!("XA PREPARE {xid}"));
        holder
    }

    fn decide(&mut self, gtrid: &str, state: u8) {
        let sql = format!(
            "INSERT INTO `__ostrakon`.decision (gtrid, state, branches) VALUES ('{gtrid}', {state}, 'a,b')"
        );
        must(&mut self.arbiter, &sql);
    }

    fn decision(&mut self, gtrid: &str) -> String {
        first(&mut self.arbiter, &format!("SELECT state FROM `__ostrakon`.decision WHERE gtrid = '{gtrid}'"))
    }

    fn written(&mut self, gtrid: &str) -> bool {
        first(&mut self.other, &format!("SELECT COUNT(*) FROM raw.t WHERE id = '{gtrid}'")) == "1"
    }

    fn wait_until_gone(&mut self, gtrid: &str) {
        let other = &mut self.other;
        wait("the branch is finished", || !prepared(other).iter().any(|xid| xid.starts_with(gtrid)));
    }
}

#[test]
fn what_is_not_decided_is_rolled_back_and_what_is_decided_follows() {
    let mut left = Left::start();
    let [open, committed, aborted] = ["o1.1.77.5.1", "o1.1.77.5.2", "o1.1.77.5.3"];
    left.decide(committed, 1);
    left.decide(aborted, 2);
    for gtrid in [open, committed, aborted] {
        drop(left.prepare(gtrid));
    }
    for (gtrid, state, is_written) in [(open, "2", false), (committed, "1", true), (aborted, "2", false)] {
        left.wait_until_gone(gtrid);
        assert_eq!(left.decision(gtrid), state, "{gtrid}");
        assert_eq!(left.written(gtrid), is_written, "{gtrid}");
    }
}

/// As when the coordinator's host vanishes without a word: its server keeps the deciding branch open, and with it the decision's key.
#[test]
fn a_deciding_branch_that_nobody_will_end_is_ended() {
    let mut left = Left::start();
    let gtrid = "o1.1.77.5.d";
    let mut deciding = left.cluster.cluster.instances[0].connect().unwrap();
    let number = first(&mut deciding, "SELECT CONNECTION_ID()").parse().unwrap();
    must(&mut deciding, "START TRANSACTION");
    must(
        &mut deciding,
        &format!("INSERT INTO `__ostrakon`.decision (gtrid, state, branches) VALUES ('{gtrid}', 1, 'a,b')"),
    );
    drop(left.prepare_decided_by(gtrid, number));
    left.wait_until_gone(gtrid);
    assert_eq!(left.decision(gtrid), "2");
    assert!(!left.written(gtrid));
    assert!(deciding.query("COMMIT").is_err(), "the deciding branch's connection is still there");
}

/// MariaDB answers XAER_NOTA for a branch as long as the connection that prepared it is there.
#[test]
fn a_branch_is_finished_though_its_connection_lives() {
    let mut left = Left::start();
    let gtrid = "o1.1.77.6.a";
    left.decide(gtrid, 1);
    let mut holder = left.prepare(gtrid);
    left.wait_until_gone(gtrid);
    assert!(left.written(gtrid));
    if first(&mut left.other, "SELECT VERSION()").contains("MariaDB") {
        assert!(holder.query("SELECT 1").is_err(), "the connection that held the branch is still there");
    }
}

#[tokio::test]
async fn foreign_branches_and_those_without_an_arbiter_are_left_alone() {
    let mut left = Left::start();
    let mut foreign = left.cluster.cluster.instances[1].connect().unwrap();
    for sql in ["XA START 'o1.1.77.8.1','1.1',7", "INSERT INTO raw.t VALUES ('foreign')"] {
        must(&mut foreign, sql);
    }
    for sql in ["XA END 'o1.1.77.8.1','1.1',7", "XA PREPARE 'o1.1.77.8.1','1.1',7"] {
        must(&mut foreign, sql);
    }
    drop(foreign);
    let mut binary = left.cluster.cluster.instances[1].connect().unwrap();
    for sql in
        ["XA START X'ff00fe',X'00',9", "INSERT INTO raw.t VALUES ('binary')", "XA END X'ff00fe',X'00',9"]
    {
        must(&mut binary, sql);
    }
    must(&mut binary, "XA PREPARE X'ff00fe',X'00',9");
    drop(binary);
    drop(left.prepare("o1.999.77.8.2"));
    // One that is resolved says that the resolver has come by, twice.
    drop(left.prepare("o1.1.77.8.3"));
    left.wait_until_gone("o1.1.77.8.3");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(prepared(&mut left.other).len(), 3);
    let log = std::fs::read_to_string(left.cluster.cluster.node().log_file()).unwrap();
    let alarms = log.lines().filter(|line| line.contains("ALARM") && line.contains("o1.999.77.8.2")).count();
    assert_eq!(alarms, 1, "{log}");
    // The server's own statements go on meanwhile.
    let mut client = left.cluster.client(None).await;
    run(&mut client, "CREATE DATABASE app").await;
}

/// Some branch is committed and the arbiter knows of no decision: it has lost one. Rolling the rest back would hide that.
#[test]
fn a_lost_decision_is_an_alarm_and_nothing_is_guessed() {
    let mut left = Left::start();
    let gtrid = "o1.1.77.a.1";
    must(
        &mut left.other,
        &format!(
            "INSERT INTO `__ostrakon`.branch (gtrid, ordinal, name, branches) VALUES ('{gtrid}', 2, 'c', 'b,c')"
        ),
    );
    drop(left.prepare(gtrid));
    let log = left.cluster.cluster.node().log_file();
    wait("the alarm is raised", || {
        let log = std::fs::read_to_string(log).unwrap();
        log.lines().any(|line| {
            line.contains("ALARM") && line.contains(gtrid) && line.contains("has lost the decision")
        })
    });
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(prepared(&mut left.other).len(), 1);
    assert_eq!(left.decision(gtrid), "");
}

/// What a DBA sees of it, while nobody can finish it: the arbiter's table is locked.
#[tokio::test]
async fn a_prepared_transaction_is_shown_and_its_outcome_told() {
    let mut left = Left::start();
    let (open, committed) = ("o1.1.77.9.1", "o1.1.77.9.2");
    left.decide(committed, 1);
    let mut lock = left.cluster.cluster.instances[0].connect().unwrap();
    must(&mut lock, "LOCK TABLES `__ostrakon`.decision READ");
    drop(left.prepare(open));
    let mut client = left.cluster.client(None).await;
    let rows: Vec<mysql_async::Row> = client.query("SHOW TRANS INDOUBT").await.unwrap();
    let text = |row: &mysql_async::Row, name: &str| row.get::<String, _>(name).unwrap();
    let listed: Vec<_> = rows
        .iter()
        .map(|row| {
            ["INSTANCE", "GROUP_NAME", "TRANS_ID", "OWNER_STATE", "DECISION"].map(|name| text(row, name))
        })
        .collect();
    assert_eq!(listed, [["i2", "b", open, "gone", "none yet"]]);
    let mut outcome = async |id: &str| -> String {
        let row: mysql_async::Row =
            client.query_first(format!("SHOW TRANS '{id}'")).await.unwrap().expect("one row");
        row.get("OUTCOME").unwrap()
    };
    assert_eq!(outcome(open).await, "not decided yet");
    assert_eq!(outcome(committed).await, "committed");
    assert_eq!(outcome("o1.1.77.9.3").await, "unknown");
    must(&mut lock, "UNLOCK TABLES");
    let row: mysql_async::Row =
        client.query_first(format!("RESOLVE TRANS '{open}'")).await.unwrap().expect("one row");
    assert_eq!(row.get::<String, _>("OUTCOME").unwrap(), "rolled back");
    assert_eq!(prepared(&mut left.other), Vec::<String>::new());
    assert_eq!(refused(&mut client, "SHOW TRANS 'nonsense'").await.0, 1231);
    let (errno, text) = refused(&mut client, "SHOW TRANS 'o1.99.1.1.1'").await;
    assert!(errno == 1105 && text.contains("not in the catalog"), "{text}");
}

/// Servers of tests do not sync at a commit, which is refused unless the DBA says otherwise.
#[tokio::test]
async fn a_server_that_does_not_keep_what_it_acknowledges_is_refused() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "ALTER CLUSTER RESET commit_on_unsafe_instances").await;
    let (errno, text) = refused(&mut client, "INSERT INTO t VALUES (1,1),(2,2),(3,3),(4,4)").await;
    assert!(errno == 1235 && text.contains("innodb_flush_log_at_trx_commit is 2"), "{errno} {text}");
    run(&mut client, "INSERT INTO t VALUES (1,1)").await;
    run(&mut client, "ALTER CLUSTER SET commit_on_unsafe_instances = allow").await;
    run(&mut client, "INSERT INTO t VALUES (2,2),(3,3),(4,4)").await;
    let found: Vec<String> =
        client.query_map("CHECK CLUSTER", |row: mysql_async::Row| row.get(0).unwrap()).await.unwrap();
    assert!(found.iter().any(|check| check == "commit_safety"), "{found:?}");
}
