//! DDL jobs on three nodes: the node that runs them dies and stays dead, and another one ends them; what one node has acknowledged is seen on all.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row};
use ostrakon_tests::cluster::{TestCluster, connect, run, value};
use ostrakon_tests::family::on_mysql;
use tokio::task::block_in_place;

use crate::jobs_crash::objects::Object;

/// A job whose owner is gone must have ended after this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a job is when its node dies.
struct Case {
    kind: &'static str,
    /// Failpoints that lead there.
    lead: &'static str,
    place: &'static str,
    done: bool,
}

const fn case(kind: &'static str, place: &'static str) -> Case {
    Case { kind, lead: "", place, done: true }
}

/// A job on its way back.
const fn back(kind: &'static str, lead: &'static str, place: &'static str) -> Case {
    Case { kind, lead, place, done: false }
}

/// All of them are held at their places; the last one takes the node with it.
const OF_A_FOLLOWER: [Case; 5] = [
    case("CREATE_TABLE", "create_table/first/done"),
    case("CREATE_TABLE", "create_table/rest/middle"),
    back("CREATE_TABLE", "create_table/verify/before=error", "create_table/drop/middle"),
    case("TRUNCATE_TABLE", "truncate_table/rest/middle"),
    case("ALTER_TABLE", "alter_table/publish/before"),
];
const OF_THE_LEADER: [Case; 5] = [
    case("ALTER_TABLE", "alter_table/first/done"),
    case("ALTER_TABLE", "alter_table/rest/middle"),
    back("ALTER_TABLE", "alter_table/verify/before=error", "alter_table/undo/middle"),
    case("DROP_TABLE", "drop_table/rest/middle"),
    case("ALTER_TABLE", "alter_table/publish/recorded"),
];

/// Three nodes with the database `app`.
struct Trio {
    test: TestCluster,
    objects: usize,
}

impl Trio {
    async fn start() -> Self {
        let test = TestCluster::start_with(|options| options.nodes = 3);
        drop(test.database("app", "DBPARTITIONS 4").await);
        Self { test, objects: 0 }
    }

    async fn client(&self, node: usize) -> Conn {
        connect(self.test.cluster.nodes[node].port(), Some("app")).await
    }

    async fn clients(&self) -> Vec<Conn> {
        let mut clients = Vec::new();
        for node in 0..self.test.cluster.nodes.len() {
            clients.push(self.client(node).await);
        }
        clients
    }

    /// Waits until there is a leader.
    async fn leader(&self) -> usize {
        let mut client = self.client(0).await;
        let end = Instant::now() + PATIENCE;
        loop {
            let rows: Vec<Row> = client.query("SHOW NODES").await.unwrap();
            let leads = |row: &&Row| row.get::<String, _>("ROLE").unwrap() == "leader";
            if let Some(id) = rows.iter().find(leads).map(|row| row.get::<u64, _>("ID").unwrap()) {
                return self.test.cluster.nodes.iter().position(|node| node.number() == id).unwrap();
            }
            assert!(Instant::now() < end, "there is no leader: {rows:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn others(&self, node: usize) -> [usize; 2] {
        [(node + 1) % 3, (node + 2) % 3]
    }

    /// Lines of a node's log with all of these words.
    fn logged(&self, node: usize, words: &[&str]) -> usize {
        let log = std::fs::read_to_string(self.test.cluster.nodes[node].log_file()).unwrap();
        log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    /// Sends DDL to a node, which stops working on it at this place until it dies. The answer is what the client sees then.
    async fn hold(
        &self,
        node: usize,
        ddl: String,
        lead: &str,
        place: &str,
    ) -> tokio::task::JoinHandle<mysql_async::Result<()>> {
        let mut client = self.client(node).await;
        run(&mut client, &format!("SET ostrakon_failpoints = '{lead}; {place}=sleep 600000'")).await;
        let words = ["failpoint: waits", place];
        let before = self.logged(node, &words);
        let answer = tokio::spawn(async move { client.query_drop(ddl).await });
        let end = Instant::now() + PATIENCE;
        while self.logged(node, &words) == before {
            if answer.is_finished() {
                panic!("{place} was not reached: {:?}", answer.await);
            }
            assert!(Instant::now() < end, "{place} is not reached");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        answer
    }

    async fn is_dead(&mut self, node: usize) {
        let end = Instant::now() + PATIENCE;
        while self.test.cluster.nodes[node].runs() {
            assert!(Instant::now() < end, "node {node} has not crashed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The node dies over these jobs; the others end them and can use their objects, and it has what was done without it when it comes back.
    async fn dies(&mut self, owner: usize, cases: &[Case; 5]) {
        let others = self.others(owner);
        let taken_over = |trio: &Self| -> usize {
            others.iter().map(|node| trio.logged(*node, &["takes the job over"])).sum()
        };
        let before = taken_over(self);
        let mut client = self.client(owner).await;
        let mut objects = Vec::new();
        for case in cases {
            self.objects += 1;
            let object = Object::new(case.kind, self.objects);
            for sql in object.prepare() {
                run(&mut client, &sql).await;
            }
            objects.push((case, object));
        }
        let (last, held) = objects.split_last().unwrap();
        let mut answers = Vec::new();
        for (case, object) in held {
            answers.push((case.place, self.hold(owner, object.ddl(), case.lead, case.place).await));
        }
        let mut survivors = [self.client(others[0]).await, self.client(others[1]).await];
        let statements: BTreeMap<u64, String> = {
            let rows: Vec<Row> = survivors[0].query("SHOW FULL DDL").await.unwrap();
            rows.iter().map(|row| (row.get("JOB_ID").unwrap(), row.get("DDL_STMT").unwrap())).collect()
        };
        assert_eq!(statements.len(), held.len(), "jobs that wait: {statements:?}");
        run(&mut client, &format!("SET ostrakon_failpoints = '{}=crash'", last.0.place)).await;
        let begin = Instant::now();
        let answer = client.query_drop(last.1.ddl()).await;
        assert!(!matches!(answer, Ok(()) | Err(Error::Server(_))), "{}: {answer:?}", last.0.place);
        self.is_dead(owner).await;
        for (place, answer) in answers {
            let answer = answer.await.unwrap();
            assert!(!matches!(answer, Ok(()) | Err(Error::Server(_))), "{place}: {answer:?}");
        }
        no_job_is_left(&mut survivors[0]).await;
        println!("{} jobs were taken over and ended after {:.1?}", cases.len(), begin.elapsed());
        assert_eq!(taken_over(self) - before, cases.len());
        let results: Vec<Row> = survivors[1].query("SHOW DDL RESULT").await.unwrap();
        for (case, object) in held {
            let job = statements.iter().find(|(_, sql)| **sql == object.ddl()).expect("its job was listed").0;
            let result = results.iter().find(|row| row.get::<u64, _>("JOB_ID").unwrap() == *job).unwrap();
            let success = result.get::<String, _>("RESULT_TYPE").unwrap() == "SUCCESS";
            assert_eq!(success, case.done, "{}: {result:?}", case.place);
        }
        for (number, (case, object)) in objects.iter().enumerate() {
            for survivor in &mut survivors {
                object.verify(survivor, case.done, case.place).await;
            }
            object.use_again(&mut survivors[number % 2], case.done, case.place).await;
        }
        self.nothing_is_left_on_the_instances();
        let missed = format!("missed{owner}");
        run(
            &mut survivors[0],
            &format!("CREATE TABLE {missed} (id INT PRIMARY KEY) DBPARTITION BY HASH(id)"),
        )
        .await;
        run(&mut survivors[1], &format!("ALTER TABLE {missed} ADD COLUMN v INT")).await;
        block_in_place(|| {
            self.test.cluster.nodes[owner].restart().unwrap_or_else(|error| panic!("{error}"));
            self.test.cluster.wait_for_voters().unwrap_or_else(|error| panic!("{error}"));
        });
        let mut returned = self.client(owner).await;
        let end = Instant::now() + Duration::from_secs(5);
        while let Err(error) = returned.query_drop(format!("SELECT v FROM {missed}")).await {
            assert!(Instant::now() < end, "the node that was absent does not have the table: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        run(&mut returned, &format!("DROP TABLE {missed}")).await;
    }

    /// The node stops (SIGSTOP) right before it sends the first physical statement of this DDL, whose client never hears of it.
    async fn is_paused_over(&self, node: usize, kind: &str, ddl: &'static str) {
        let place = format!("{kind}/statement/send");
        let words = ["the process stops", place.as_str()];
        let before = self.logged(node, &words);
        let mut client = self.client(node).await;
        run(&mut client, &format!("SET ostrakon_failpoints = '{place}=stop'")).await;
        tokio::spawn(async move {
            // The node wakes one day, and says that the job was another's in the end.
            let _ = client.query_drop(ddl).await;
        });
        let end = Instant::now() + PATIENCE;
        while self.logged(node, &words) == before {
            assert!(Instant::now() < end, "{place} is not reached");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The paused node goes on (SIGCONT); returns when its engine knows that the job is another's, and nothing runs that it may have sent.
    async fn wakes(&mut self, node: usize) {
        let words = ["another process has the job"];
        let before = self.logged(node, &words);
        self.test.cluster.nodes[node].process().expect("it was started").thaw();
        let end = Instant::now() + PATIENCE;
        while self.logged(node, &words) == before {
            assert!(Instant::now() < end, "the owner that was paused does not give the job up");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        while self.test.running_statements() > 0 {
            assert!(Instant::now() < end, "a statement does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Of tables whose names begin with `case`, which have been dropped.
    fn nothing_is_left_on_the_instances(&self) {
        let left = self.physical("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE 'app%' AND TABLE_NAME LIKE 'case%'");
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    /// First columns of the rows that all instances give.
    fn physical(&self, sql: &str) -> Vec<String> {
        let mut found = Vec::new();
        for instance in &self.test.cluster.instances {
            let answer = instance.connect().unwrap().query(sql).unwrap();
            let cells = answer.rows.into_iter().flatten().flatten();
            found.extend(cells.map(|cell| String::from_utf8_lossy(cell.as_ref()).into_owned()));
        }
        found
    }
}

async fn no_job_is_left(client: &mut Conn) {
    let end = Instant::now() + PATIENCE;
    loop {
        let jobs: Vec<Row> = client.query("SHOW FULL DDL").await.unwrap();
        if jobs.is_empty() {
            return;
        }
        let parked = jobs.iter().any(|row| row.get::<String, _>("STATE").unwrap() == "PENDING");
        assert!(!parked && Instant::now() < end, "jobs have not ended: {jobs:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn errno(client: &mut Conn, sql: &str) -> u16 {
    match client.query_drop(sql).await {
        Ok(()) => 0,
        Err(Error::Server(error)) => error.code,
        Err(error) => panic!("{sql}: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_a_follower_and_then_of_the_leader_are_ended_by_others() {
    let mut trio = Trio::start().await;
    let leader = trio.leader().await;
    let follower = trio.others(leader)[0];
    trio.dies(follower, &OF_A_FOLLOWER).await;
    let leader = trio.leader().await;
    trio.dies(leader, &OF_THE_LEADER).await;
}

/// Whether it was sent to the leader or to a follower.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ddl_that_one_node_has_acknowledged_is_at_once_seen_on_the_others() {
    let trio = Trio::start().await;
    let mut clients = trio.clients().await;
    for round in 0..6 {
        let (here, others) = (round % 3, trio.others(round % 3));
        let name = format!("t{round}");
        // What all nodes are asked after the statement, and the error that they must answer, or 0.
        let life = [
            (
                format!("CREATE TABLE {name} (id INT NOT NULL PRIMARY KEY) DBPARTITION BY HASH(id)"),
                format!("INSERT INTO {name} (id) VALUES (#)"),
                0,
            ),
            (
                format!("ALTER TABLE {name} ADD COLUMN v INT"),
                format!("UPDATE {name} SET v = # WHERE id = #"),
                0,
            ),
            (format!("ALTER TABLE {name} DROP COLUMN v"), format!("SELECT v FROM {name}"), 1054),
            (format!("RENAME TABLE {name} TO {name}_new"), format!("SELECT id FROM {name}_new"), 0),
            (format!("DROP TABLE {name}_new"), format!("SELECT id FROM {name}_new"), 1146),
            (
                format!("CREATE DATABASE d{round} DBPARTITIONS 2"),
                format!("CREATE TABLE d{round}.t# (id INT PRIMARY KEY) DBPARTITION BY HASH(id)"),
                0,
            ),
            // MariaDB looks for the table only.
            (
                format!("DROP DATABASE d{round}"),
                format!("SELECT id FROM d{round}.t#"),
                if on_mysql() { 1049 } else { 1146 },
            ),
        ];
        for (ddl, question, expected) in life {
            run(&mut clients[here], &ddl).await;
            for other in others {
                let sql = question.replace('#', &other.to_string());
                assert_eq!(errno(&mut clients[other], &sql).await, expected, "{ddl}, then elsewhere {sql}");
            }
        }
    }
}

/// The direct connection stands for the dead owner's: its statement outlives the node, as a long ALTER does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_owner_s_statement_is_killed_before_the_job_goes_on() {
    let mut trio = Trio::start().await;
    let leader = trio.leader().await;
    let owner = trio.others(leader)[0];
    let mut survivor = trio.client(leader).await;
    run(&mut survivor, "CREATE TABLE s (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut survivor, "INSERT INTO s VALUES (1, 1), (2, 2), (3, 3), (4, 4)").await;
    let ddl = "ALTER TABLE s ADD COLUMN w INT NOT NULL DEFAULT 5".to_owned();
    let answer = trio.hold(owner, ddl, "", "alter_table/rest/before").await;
    let job: u64 = survivor.query_first::<Row, _>("SHOW DDL").await.unwrap().unwrap().get("JOB_ID").unwrap();
    // Somebody reads one of the tables that the job has still to change.
    let (mut holder, mut stale, mut watcher) = {
        let instance = &trio.test.cluster.instances[1];
        (instance.connect().unwrap(), instance.connect().unwrap(), instance.connect().unwrap())
    };
    let table = holder
        .query("SELECT CONCAT('`', TABLE_SCHEMA, '`.`', TABLE_NAME, '`') FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE 'app%' ORDER BY TABLE_SCHEMA DESC LIMIT 1")
        .unwrap()
        .first()
        .unwrap();
    holder.query("BEGIN").unwrap();
    holder.query(&format!("SELECT COUNT(*) FROM {table}")).unwrap();
    stale.query("SET lock_wait_timeout = 600").unwrap();
    let statement = format!("/*ostrakon job={job} token=1*/ ALTER TABLE {table} ADD COLUMN stale INT");
    let stale = std::thread::spawn(move || stale.query(&statement).map(|_| ()));
    let mut running = || -> Vec<String> {
        let sql = format!(
            "SELECT INFO FROM information_schema.PROCESSLIST WHERE INFO LIKE '/*ostrakon job={job} token=%'"
        );
        let cells = watcher.query(&sql).unwrap().rows.into_iter().flatten().flatten();
        cells.map(|cell| String::from_utf8_lossy(cell.as_ref()).into_owned()).collect()
    };
    let end = Instant::now() + PATIENCE;
    while running().is_empty() {
        assert!(Instant::now() < end && !stale.is_finished(), "the statement does not wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    block_in_place(|| trio.test.cluster.nodes[owner].kill().unwrap());
    assert!(answer.await.unwrap().is_err());
    let end = Instant::now() + PATIENCE;
    let mut of_the_next_owner = 0;
    // Until the new owner's own statement waits for the lock.
    while of_the_next_owner == 0 {
        let statements = running();
        let old = statements.iter().filter(|sql| sql.contains("token=1*/")).count();
        of_the_next_owner = statements.len() - old;
        assert!(old == 0 || of_the_next_owner == 0, "both owners' statements run: {statements:?}");
        assert!(Instant::now() < end, "the job does not go on: {statements:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(stale.join().unwrap().is_err(), "the earlier owner's statement was done");
    let jobs: Vec<Row> = survivor.query("SHOW DDL").await.unwrap();
    assert_eq!(jobs.len(), 1, "the job cannot have ended: the table is in use");
    holder.query("COMMIT").unwrap();
    no_job_is_left(&mut survivor).await;
    let columns = |name: &str| {
        let sql = format!(
            "SELECT TABLE_SCHEMA FROM information_schema.COLUMNS WHERE TABLE_SCHEMA LIKE 'app%' AND COLUMN_NAME = '{name}'"
        );
        trio.physical(&sql).len()
    };
    assert_eq!((columns("v"), columns("w"), columns("stale")), (4, 4, 0));
    let mut other = trio.client(trio.others(owner).into_iter().find(|node| *node != leader).unwrap()).await;
    for client in [&mut survivor, &mut other] {
        let rows: Vec<Row> = client.query("CHECK TABLE s").await.unwrap();
        let texts: Vec<String> = rows.iter().map(|row| row.get("MSG_TEXT").unwrap()).collect();
        assert_eq!(texts, ["OK"]);
        assert_eq!(value::<u64>(client, "SELECT COUNT(*) FROM s WHERE w = 5").await, 4);
    }
    run(&mut other, "ALTER TABLE s DROP COLUMN w").await;
}

/// Stopped between its last look at who owns the job and the statement, and let go on when the job has long been ended elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_was_paused_does_nothing_when_it_wakes() {
    let mut trio = Trio::start().await;
    let leader = trio.leader().await;
    let owner = trio.others(leader)[0];
    let mut survivor = trio.client(leader).await;
    for name in ["emptied", "changed"] {
        let sql = format!(
            "CREATE TABLE {name} (id INT NOT NULL PRIMARY KEY, v INT NOT NULL) DBPARTITION BY HASH(id)"
        );
        run(&mut survivor, &sql).await;
    }
    let rows = |first: u32| {
        let rows: Vec<String> = (first..first + 20).map(|id| format!("({id}, {id})")).collect();
        rows.join(",")
    };
    run(&mut survivor, &format!("INSERT INTO emptied VALUES {}", rows(1))).await;
    run(&mut survivor, &format!("INSERT INTO changed VALUES {}", rows(1))).await;
    trio.is_paused_over(owner, "truncate_table", "TRUNCATE TABLE emptied").await;
    no_job_is_left(&mut survivor).await;
    assert_eq!(value::<u64>(&mut survivor, "SELECT COUNT(*) FROM emptied").await, 0);
    run(&mut survivor, &format!("INSERT INTO emptied VALUES {}", rows(101))).await;
    trio.wakes(owner).await;
    assert_eq!(value::<u64>(&mut survivor, "SELECT COUNT(*) FROM emptied").await, 20);

    trio.is_paused_over(owner, "alter_table", "ALTER TABLE changed DROP COLUMN v").await;
    no_job_is_left(&mut survivor).await;
    run(&mut survivor, "ALTER TABLE changed ADD COLUMN v INT NOT NULL DEFAULT 7").await;
    trio.wakes(owner).await;
    let sum = "SELECT COUNT(*) FROM changed WHERE v = 7";
    assert_eq!(value::<u64>(&mut survivor, sum).await, 20);
    for table in ["emptied", "changed"] {
        let rows: Vec<Row> = survivor.query(format!("CHECK TABLE {table}")).await.unwrap();
        let texts: Vec<String> = rows.iter().map(|row| row.get("MSG_TEXT").unwrap()).collect();
        assert_eq!(texts, ["OK"], "{table}");
    }
    // The connections that the pools have kept hold no lock, and serve the next jobs.
    let mut awake = trio.client(owner).await;
    run(&mut awake, "TRUNCATE TABLE changed").await;
    run(&mut awake, "DROP TABLE emptied, changed").await;
}
