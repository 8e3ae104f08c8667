//! Every place of a commit over several groups, and of its recovery, is stopped by a crash, an error, a delay and a lost connection: within 30 s no
//! branch of ours is left prepared, all of the transaction is there or nothing, and what was acknowledged is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon::failpoint::all_places;
use ostrakon_tests::cluster::{TestCluster, run};
use tokio::task::block_in_place;

const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than the resolver leaves a living coordinator alone: a slow one is overtaken.
const DEEDS: [&str; 4] = ["crash", "error", "sleep 7000", "drop"];
/// What the tests below stop; every place begins with one of these.
const TESTED: [&str; 4] = ["commit/", "finish/", "resolver/re", "resolver/purge/"];

fn places(prefix: &str) -> impl Iterator<Item = &'static str> {
    all_places().iter().copied().filter(move |place| place.starts_with(prefix))
}

/// How the groups are written.
#[derive(Clone, Copy)]
enum Way {
    /// A transaction, and its COMMIT.
    Transaction,
    /// Rows that are a transaction of their own: all is prepared in the same write as the statement.
    Rows,
}

struct Matrix {
    cluster: TestCluster,
    client: Conn,
    round: u64,
}

impl Matrix {
    async fn start() -> Self {
        let cluster = block_in_place(TestCluster::start);
        let mut client = cluster.database("app", "DBPARTITIONS 4").await;
        run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL) DBPARTITION BY HASH(id)").await;
        run(&mut client, "INSERT INTO t VALUES (1,0),(2,0),(3,0),(4,0),(5,0),(6,0),(7,0),(8,0)").await;
        Self { cluster, client, round: 0 }
    }

    async fn set(&mut self, place: &str, deed: &str) -> usize {
        let reached = self.reached(place);
        run(&mut self.client, &format!("SET ostrakon_failpoints = '{place}={deed}'")).await;
        reached
    }

    /// How often the node has said that it came by.
    fn reached(&self, place: &str) -> usize {
        let log = std::fs::read_to_string(self.cluster.cluster.node().log_file()).unwrap();
        log.lines().filter(|line| line.contains("failpoint: ") && line.contains(place)).count()
    }

    async fn wait(&mut self, told: &str, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < end, "{told}: not so after {} s: {what}", PATIENCE.as_secs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn start_again_if_crashed(&mut self, told: &str, deed: &str) {
        if deed != "crash" {
            return;
        }
        self.wait(told, "the node has crashed", |matrix| !matrix.cluster.cluster.node_mut().runs()).await;
        block_in_place(|| self.cluster.cluster.node_mut().restart()).unwrap();
        self.client = self.cluster.client(Some("app")).await;
    }

    /// Prepared branches of ours, on all instances.
    fn prepared(&self) -> usize {
        let one = |instance: &ostrakon::dev::instance::Instance| {
            let answer = instance.connect().unwrap().query("XA RECOVER").unwrap();
            let format = ostrakon::commit::xid::FORMAT_ID.to_string();
            answer.rows.iter().filter(|row| row[0].as_deref() == Some(format.as_bytes())).count()
        };
        self.cluster.cluster.instances.iter().map(one).sum()
    }

    /// A transaction that writes in all groups is stopped at the place.
    async fn commit(&mut self, place: &'static str, deed: &str, way: Way) {
        let told = format!("{place}={deed}");
        self.round += 1;
        let round = self.round;
        let reached = self.set(place, deed).await;
        let answer = match way {
            Way::Transaction => {
                run(&mut self.client, "BEGIN").await;
                run(&mut self.client, &format!("UPDATE t SET v = {round}")).await;
                self.client.query_drop("COMMIT").await
            }
            Way::Rows => {
                let rows: Vec<String> = (1..=8).map(|id| format!("({id}, {round})")).collect();
                self.client.query_drop(format!("REPLACE INTO t VALUES {}", rows.join(", "))).await
            }
        };
        self.start_again_if_crashed(&told, deed).await;
        self.wait(&told, "the place was reached", |matrix| matrix.reached(place) > reached).await;
        self.wait(&told, "no branch is left prepared", |matrix| matrix.prepared() == 0).await;
        self.client = self.cluster.client(Some("app")).await;
        let found: Vec<u64> = self.client.query("SELECT DISTINCT v FROM t").await.unwrap();
        assert_eq!(
            found.len(),
            1,
            "{told}: half of the transaction is there: {found:?}; COMMIT said {answer:?}"
        );
        match answer {
            Ok(()) => assert_eq!(found, [round], "{told}: acknowledged, and not there"),
            Err(mysql_async::Error::Server(e)) if e.state != "08007" => {
                assert_ne!(found, [round], "{told}: there, though COMMIT said {e}");
            }
            Err(_) => {}
        }
        // Nothing is locked.
        run(&mut self.client, &format!("UPDATE t SET v = {round}")).await;
        self.wait(&told, "the last one has ended", |matrix| matrix.prepared() == 0).await;
    }

    /// A branch that a crash has left is being finished, and that is stopped at the place.
    async fn recovery(&mut self, place: &'static str, deed: &str) {
        let told = format!("{place}={deed}");
        self.round += 1;
        let gtrids = [format!("o1.1.88.1.{:x}", self.round), format!("o1.1.88.2.{:x}", self.round)];
        let mut arbiter = self.cluster.cluster.instances[0].connect().unwrap();
        arbiter
            .query(&format!(
                "INSERT INTO `__ostrakon`.decision (gtrid, state, branches) VALUES ('{}', 1, 'a,b')",
                gtrids[0]
            ))
            .unwrap();
        let reached = self.set(place, deed).await;
        for gtrid in &gtrids {
            let mut holder = self.cluster.cluster.instances[1].connect().unwrap();
            let id = holder.query("SELECT CONNECTION_ID()").unwrap().first().unwrap();
            let xid = format!("'{gtrid}','1.{id}.0',{}", ostrakon::commit::xid::FORMAT_ID);
            let row = format!(
                "INSERT INTO `__ostrakon`.branch (gtrid, ordinal, name, branches) VALUES ('{gtrid}', 1, 'b', 'a,b')"
            );
            for sql in [format!("XA START {xid}"), row, format!("XA END {xid}"), format!("XA PREPARE {xid}")]
            {
                holder.query(&sql).unwrap();
            }
        }
        self.start_again_if_crashed(&told, deed).await;
        self.wait(&told, "the place was reached", |matrix| matrix.reached(place) > reached).await;
        self.wait(&told, "no branch is left prepared", |matrix| matrix.prepared() == 0).await;
        let mut other = self.cluster.cluster.instances[1].connect().unwrap();
        for (gtrid, state, rows) in [(&gtrids[0], "1", "1"), (&gtrids[1], "2", "0")] {
            let sql = format!("SELECT state FROM `__ostrakon`.decision WHERE gtrid = '{gtrid}'");
            assert_eq!(arbiter.query(&sql).unwrap().first().as_deref(), Some(state), "{told}: {gtrid}");
            let sql = format!("SELECT COUNT(*) FROM `__ostrakon`.branch WHERE gtrid = '{gtrid}'");
            assert_eq!(other.query(&sql).unwrap().first().as_deref(), Some(rows), "{told}: {gtrid}");
        }
    }

    /// Old rows go, but for those of a branch that is prepared.
    async fn purge(&mut self, place: &'static str, deed: &str) {
        let told = format!("{place}={deed}");
        let mut arbiter = self.cluster.cluster.instances[0].connect().unwrap();
        let count =
            "SELECT COUNT(*) FROM `__ostrakon`.decision WHERE gtrid IN ('o1.1.88.3.1', 'o1.1.88.3.2')";
        let reached = self.set(place, deed).await;
        arbiter
            .query(
                "INSERT INTO `__ostrakon`.decision (gtrid, state, branches, at) VALUES \
                 ('o1.1.88.3.1', 1, 'a,b', NOW() - INTERVAL 25 HOUR), ('o1.1.88.3.2', 1, 'a,b', NOW() - INTERVAL 23 HOUR)",
            )
            .unwrap();
        self.start_again_if_crashed(&told, deed).await;
        self.wait(&told, "the place was reached", |matrix| matrix.reached(place) > reached).await;
        self.wait(&told, "the old row is gone", |_| {
            arbiter.query(count).unwrap().first().as_deref() == Some("1")
        })
        .await;
        arbiter.query("DELETE FROM `__ostrakon`.decision WHERE gtrid = 'o1.1.88.3.2'").unwrap();
    }

    async fn commits(deed: &'static str) {
        let halves = [(0, Way::Transaction), (1, Way::Transaction), (0, Way::Rows), (1, Way::Rows)];
        at_once(halves.map(|(half, way)| async move {
            let mut matrix = Self::start().await;
            for place in places(TESTED[0]).skip(half).step_by(2) {
                matrix.commit(place, deed, way).await;
            }
            assert!(matrix.round >= 4);
        }))
        .await;
    }

    async fn recoveries(prefix: &'static str) {
        at_once(DEEDS.map(|deed| async move {
            let mut matrix = Self::start().await;
            for place in places(prefix) {
                matrix.recovery(place, deed).await;
            }
            assert!(matrix.round >= 4);
        }))
        .await;
    }
}

/// Each has a cluster of its own, and most of what they do is waiting.
async fn at_once<const N: usize>(runs: [impl Future<Output = ()> + Send + 'static; N]) {
    for run in runs.map(tokio::spawn) {
        run.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_a_commit() {
    Matrix::commits(DEEDS[0]).await;
}

/// A literal of such a session is other bytes than of the resolver's connections.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_a_commit_of_a_session_with_wide_characters() {
    let mut matrix = Matrix::start().await;
    for way in [Way::Transaction, Way::Rows] {
        for place in ["commit/prepare/after", "commit/decide/after", "commit/finish/before"] {
            run(&mut matrix.client, "SET collation_connection = 'utf16_general_ci'").await;
            matrix.commit(place, DEEDS[0], way).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_a_commit() {
    Matrix::commits(DEEDS[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_overtaken() {
    Matrix::commits(DEEDS[2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_in_a_commit() {
    Matrix::commits(DEEDS[3]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_finished_by_another() {
    Matrix::recoveries(TESTED[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_that_is_stopped() {
    Matrix::recoveries(TESTED[2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_is_stopped() {
    at_once(DEEDS.map(|deed| async move {
        let mut matrix = Matrix::start().await;
        for place in places(TESTED[3]) {
            matrix.purge(place, deed).await;
        }
    }))
    .await;
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn every_place_of_the_code_has_its_case() {
    let known: BTreeSet<&str> = all_places().iter().copied().collect();
    for place in &known {
        let cases = TESTED.iter().filter(|prefix| place.starts_with(**prefix)).count();
        assert_eq!(cases, 1, "{place}");
    }
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../proxy/src"), &mut files);
    let mut used = BTreeSet::new();
    for file in files.iter().filter(|file| file.file_name().is_some_and(|name| name != "failpoint.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        // A literal that reads like one of these places is one.
        for literal in
            text.split('"').filter(|literal| TESTED.iter().any(|prefix| literal.starts_with(prefix)))
        {
            assert!(known.contains(literal), "{}: {literal} is not registered", file.display());
            used.insert(literal.to_owned());
        }
    }
    let unused: Vec<_> = known.iter().filter(|place| !used.contains(**place)).collect();
    assert!(unused.is_empty(), "registered, and nowhere in the code: {unused:?}");
}
