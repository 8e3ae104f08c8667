//! Every kind of DDL job is stopped at every point of every step, by a crash and by an error: its effect is whole or not there at all, nothing is
//! left behind, and its objects can be used again.

mod cases;
pub mod objects;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, refused, run};

use cases::{CASES, Case, End};
use objects::Object;

/// A job that is resumed must end within this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a job is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopped {
    Crash,
    Error,
}

/// A job that has not ended.
struct Unfinished {
    id: u64,
    state: String,
    remark: String,
}

async fn unfinished(client: &mut Conn) -> Vec<Unfinished> {
    let rows: Vec<Row> = client.query("SHOW DDL").await.unwrap();
    rows.iter()
        .map(|row| Unfinished {
            id: row.get("JOB_ID").unwrap(),
            state: row.get("STATE").unwrap(),
            remark: row.get("REMARK").unwrap(),
        })
        .collect()
}

/// Waits until no job is worked on; what is parked then.
async fn at_rest(client: &mut Conn, place: &str) -> Option<Unfinished> {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut jobs = unfinished(client).await;
        assert!(jobs.len() <= 1, "{place}: one job was started, there are {}", jobs.len());
        match jobs.pop() {
            None => return None,
            Some(job) if job.state == "PENDING" => return Some(job),
            Some(job) => assert!(
                Instant::now() < end,
                "{place}: job {} is {} for too long: {}",
                job.id,
                job.state,
                job.remark
            ),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// RESULT_TYPE of the last job that has ended.
async fn last_result(client: &mut Conn) -> (String, String) {
    let rows: Vec<Row> = client.query("SHOW DDL RESULT").await.unwrap();
    let row = rows.first().expect("a job has ended");
    (row.get("RESULT_TYPE").unwrap(), row.get("RESULT_CONTENT").unwrap())
}

struct Matrix {
    cluster: TestCluster,
    client: Conn,
    number: usize,
}

impl Matrix {
    async fn start() -> Self {
        let cluster = TestCluster::start();
        let client = cluster.database("app", "DBPARTITIONS 4").await;
        Self { cluster, client, number: 0 }
    }

    /// All points of these kinds, by a crash and by an error.
    async fn all_of(kinds: &[&str]) {
        let mut matrix = Self::start().await;
        for case in CASES.iter().filter(|case| kinds.contains(&case.kind)) {
            for point in case.points.split(' ') {
                matrix.one(case, point, Stopped::Crash).await;
                matrix.one(case, point, Stopped::Error).await;
            }
        }
        matrix.nothing_is_left().await;
    }

    async fn one(&mut self, case: &Case, point: &str, stopped: Stopped) {
        self.number += 1;
        let place = format!("{}/{}/{point}", case.kind.to_ascii_lowercase(), case.step);
        let told = format!("{place} ({stopped:?})");
        let object = Object::new(case.kind, self.number);
        for sql in object.prepare() {
            run(&mut self.client, &sql).await;
        }
        let deed = if stopped == Stopped::Crash { "crash" } else { "error" };
        let points = format!("{}; {place}={deed}", case.lead);
        run(&mut self.client, &format!("SET ostrakon_failpoints = '{points}'")).await;
        let answer = self.client.query_drop(object.ddl()).await;
        let end = match stopped {
            Stopped::Crash => {
                // The last record may have told the client before the crash came; what it was told stays true.
                let told_before = match &answer {
                    Ok(()) => point == "recorded" && case.crash == End::Done,
                    Err(mysql_async::Error::Server(_)) => point == "recorded" && case.crash == End::Back,
                    Err(_) => true,
                };
                assert!(told_before, "{told}: {answer:?}");
                self.start_again(&told).await;
                case.crash
            }
            Stopped::Error => case.error,
        };
        let parked = at_rest(&mut self.client, &told).await;
        let end = match (end, parked) {
            (End::Done | End::Back, None) => end,
            (End::ParkedThen(then), Some(job)) => {
                assert!(job.remark.contains(&format!("Failpoint {place}")), "{told}: {}", job.remark);
                self.recover(&object, &job, *then, &told).await;
                *then
            }
            (expected, parked) => {
                panic!("{told}: {expected:?} was expected, it is parked: {:?}", parked.map(|job| job.remark))
            }
        };
        if stopped == Stopped::Error {
            // What the statement said is what is true.
            let said_done = answer.is_ok();
            assert_eq!(said_done, case.error == End::Done, "{told}: {answer:?}");
        }
        let (result, content) = last_result(&mut self.client).await;
        assert_eq!(result == "SUCCESS", end == End::Done, "{told}: {result} {content}");
        object.verify(&mut self.client, end == End::Done, &told).await;
        object.use_again(&mut self.client, end == End::Done, &told).await;
        assert!(unfinished(&mut self.client).await.is_empty(), "{told}: a job is left");
        self.nothing_of_it_is_left(&told).await;
    }

    async fn start_again(&mut self, told: &str) {
        let node = self.cluster.cluster.node_mut();
        let end = Instant::now() + PATIENCE;
        while node.runs() {
            assert!(Instant::now() < end, "{told}: the node has not crashed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        node.restart().unwrap_or_else(|error| panic!("{told}: {error}"));
        self.client = self.cluster.client(Some("app")).await;
    }

    /// A parked job keeps its object from others, until RECOVER DDL finishes it.
    async fn recover(&mut self, object: &Object, job: &Unfinished, then: End, told: &str) {
        let mut kept = Vec::new();
        for sql in object.conflicting() {
            kept.push(refused(&mut self.client, &sql).await);
        }
        let named = format!("DDL job {}", job.id);
        let locked = kept.iter().any(|(errno, message)| *errno == 1205 && message.contains(&named));
        assert!(locked, "{told}: {kept:?}");
        let sql = format!("RECOVER DDL {}", job.id);
        if let Err(error) = self.client.query_drop(&sql).await {
            panic!("{told}: {sql} ({then:?}): {error}");
        }
    }

    /// The case's object is dropped: of `app` no physical table is left, and of other databases nothing.
    async fn nothing_of_it_is_left(&mut self, told: &str) {
        let mut left = BTreeSet::new();
        for instance in &self.cluster.cluster.instances {
            let mut direct = instance.connect().unwrap();
            let sql = "SELECT CONCAT(SCHEMA_NAME, '.') FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'case%' UNION ALL \
                       SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE 'app%'";
            left.extend(direct.query(sql).unwrap().rows.into_iter().flatten().flatten());
        }
        assert!(left.is_empty(), "{told}: left behind: {left:?}");
    }

    async fn nothing_is_left(&mut self) {
        assert!(unfinished(&mut self.client).await.is_empty());
        assert!(self.number > 10, "only {} cases were run", self.number);
    }
}

#[test]
fn every_place_of_the_code_has_its_case() {
    let known: BTreeSet<(String, String, String)> = ostrakon::job::steps::all_steps()
        .into_iter()
        .map(|(kind, step, point)| (kind.to_owned(), step.to_owned(), point.to_owned()))
        .collect();
    let mut covered = BTreeSet::new();
    for case in CASES {
        for point in case.points.split(' ') {
            let place = (case.kind.to_owned(), case.step.to_owned(), point.to_owned());
            assert!(covered.insert(place.clone()), "{place:?} is there twice");
        }
    }
    let missing: Vec<_> = known.difference(&covered).collect();
    assert!(missing.is_empty(), "the engine can be stopped here, and no case does it: {missing:?}");
    let gone: Vec<_> = covered.difference(&known).collect();
    assert!(gone.is_empty(), "these places are no longer there: {gone:?}");
    let run: BTreeSet<&str> = TESTED.iter().flat_map(|kinds| kinds.iter().copied()).collect();
    assert_eq!(run, ostrakon::job::steps::KINDS.into_iter().collect(), "a kind that no test runs");
}

/// The kinds of each test below.
const TESTED: [&[&str]; 4] = [
    &["CREATE_DATABASE", "RENAME_TABLE"],
    &["DROP_DATABASE", "TRUNCATE_TABLE"],
    &["CREATE_TABLE", "DROP_TABLE"],
    &["ALTER_TABLE"],
];

#[tokio::test]
async fn databases_made_and_tables_renamed() {
    Matrix::all_of(TESTED[0]).await;
}

#[tokio::test]
async fn databases_dropped_and_tables_emptied() {
    Matrix::all_of(TESTED[1]).await;
}

#[tokio::test]
async fn tables_made_and_dropped() {
    Matrix::all_of(TESTED[2]).await;
}

#[tokio::test]
async fn tables_altered() {
    Matrix::all_of(TESTED[3]).await;
}
