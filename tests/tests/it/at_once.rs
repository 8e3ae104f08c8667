//! Rows for several groups that are a transaction of their own, prepared in the same write as the statement: what fails, waits or is killed leaves nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon::dev::instance::Instance;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::groups::key_of_each_group;

/// Long after a statement that waits is run in the ordinary way.
const LONG: Duration = Duration::from_millis(2_500);

struct Table {
    cluster: TestCluster,
    client: Conn,
    /// A key of each group.
    keys: Vec<i64>,
}

impl Table {
    /// A table with an empty row in each of four groups.
    async fn start() -> Self {
        let cluster = tokio::task::block_in_place(TestCluster::start);
        let mut client = cluster.database("app", "DBPARTITIONS 4").await;
        run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL) DBPARTITION BY HASH(id)").await;
        let rows: Vec<String> = (0..64).map(|id| format!("({id}, 0)")).collect();
        run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
        let keys = key_of_each_group(&mut client, "t", 4).await;
        let others: Vec<String> = keys.iter().map(ToString::to_string).collect();
        run(&mut client, &format!("DELETE FROM t WHERE id NOT IN ({})", others.join(", "))).await;
        Self { cluster, client, keys }
    }

    /// A statement that gives each group's row this value.
    fn replace(&self, v: u64) -> String {
        let rows: Vec<String> = self.keys.iter().map(|key| format!("({key}, {v})")).collect();
        format!("REPLACE INTO t VALUES {}", rows.join(", "))
    }

    /// The value that all rows have. What another session has committed comes group by group.
    async fn value(&mut self) -> u64 {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let found: Vec<(u64, u64)> =
                self.client.query("SELECT v, COUNT(*) FROM t GROUP BY v").await.unwrap();
            if let [(v, 4)] = found.as_slice() {
                return *v;
            }
            assert!(Instant::now() < end, "{found:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A client that holds the row of this group.
    async fn holder(&self, group: usize) -> Conn {
        let mut holder = self.cluster.client(Some("app")).await;
        run(&mut holder, "BEGIN").await;
        run(&mut holder, &format!("SELECT v FROM t WHERE id = {} FOR UPDATE", self.keys[group])).await;
        holder
    }

    /// XA transactions that are prepared, on all instances.
    fn prepared(&self) -> usize {
        let one = |instance: &Instance| instance.connect().unwrap().query("XA RECOVER").unwrap().rows.len();
        self.cluster.cluster.instances.iter().map(one).sum()
    }

    /// How many branches each transaction has entered that is entered as committed.
    fn branches_of_committed(&self) -> BTreeMap<String, usize> {
        let mut branches = BTreeMap::new();
        let mut gtrids = Vec::new();
        for instance in &self.cluster.cluster.instances {
            let mut direct = instance.connect().unwrap();
            let mut column = |sql: &str| -> Vec<String> {
                let rows = direct.query(sql).unwrap().rows;
                rows.into_iter().map(|row| String::from_utf8(row[0].clone().unwrap()).unwrap()).collect()
            };
            for gtrid in column("SELECT gtrid FROM `__ostrakon`.decision WHERE state = 1") {
                branches.insert(gtrid, 0);
            }
            gtrids.extend(column("SELECT gtrid FROM `__ostrakon`.branch"));
        }
        for gtrid in gtrids {
            *branches.get_mut(&gtrid).expect("a branch of no decision") += 1;
        }
        branches
    }

    /// Deadlocks that the servers have found.
    fn deadlocks(&self) -> u64 {
        let one = |instance: &Instance| -> u64 {
            let sql = "SELECT COUNT FROM information_schema.INNODB_METRICS WHERE NAME = 'lock_deadlocks'";
            instance.connect().unwrap().query(sql).unwrap().first().unwrap().parse().unwrap()
        };
        self.cluster.cluster.instances.iter().map(one).sum()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_waits_is_not_prepared_elsewhere_and_is_done_in_the_end() {
    for group in [0, 3] {
        let mut table = Table::start().await;
        let mut holder = table.holder(group).await;
        let begun = Instant::now();
        let (sql, mut writer) = (table.replace(1), table.cluster.client(Some("app")).await);
        let writing = tokio::spawn(async move { run(&mut writer, &sql).await });
        // It is prepared at once where it does not wait.
        let mut most = 0;
        while begun.elapsed() < Duration::from_millis(900) && most < 2 {
            most = most.max(table.prepared());
        }
        assert!(most >= 2, "{most}");
        tokio::time::sleep(LONG.saturating_sub(begun.elapsed())).await;
        assert_eq!(table.prepared(), 0, "nobody holds others up for long");
        assert_eq!(table.value().await, 0);
        run(&mut holder, "COMMIT").await;
        writing.await.unwrap();
        assert_eq!(table.value().await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_ends_it_however_long_it_has_waited() {
    let mut table = Table::start().await;
    for (group, after) in [(0, Duration::from_millis(300)), (3, Duration::from_millis(300)), (2, LONG)] {
        let mut holder = table.holder(group).await;
        let (sql, mut writer) = (table.replace(1), table.cluster.client(Some("app")).await);
        let id: u64 = value(&mut writer, "SELECT CONNECTION_ID()").await;
        let writing = tokio::spawn(async move {
            let failure = refused(&mut writer, &sql).await;
            // The session goes on.
            assert_eq!(value::<u64>(&mut writer, "SELECT COUNT(*) FROM t").await, 4);
            failure
        });
        tokio::time::sleep(after).await;
        run(&mut table.client, &format!("KILL QUERY {id}")).await;
        assert_eq!(writing.await.unwrap().0, 1317);
        assert_eq!(table.prepared(), 0);
        run(&mut holder, "COMMIT").await;
        assert_eq!(table.value().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_leaves_nothing() {
    let mut table = Table::start().await;
    let mut holder = table.holder(3).await;
    let (sql, mut writer) = (table.replace(1), table.cluster.client(Some("app")).await);
    let left = tokio::time::timeout(Duration::from_millis(300), writer.query_drop(sql)).await;
    assert!(left.is_err(), "{left:?}");
    drop(writer);
    // Nothing is left to the resolver, which would come after five seconds.
    let end = Instant::now() + Duration::from_secs(3);
    while table.prepared() > 0 {
        assert!(Instant::now() < end, "a branch is left prepared");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    run(&mut holder, "COMMIT").await;
    assert_eq!(table.value().await, 0);
    let sql = table.replace(2);
    run(&mut table.client, &sql).await;
    assert_eq!(table.value().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_row_that_fails_undoes_all_and_the_connections_go_on() {
    let mut table = Table::start().await;
    let count = "SELECT COUNT(*) FROM t";
    for failing in 0..4 {
        // All rows are new but one.
        let row =
            |(at, key): (usize, &i64)| format!("({}, 7)", if at == failing { *key } else { key + 64_000 });
        let rows: Vec<String> = table.keys.iter().enumerate().map(row).collect();
        let insert = format!("INSERT INTO t VALUES {}", rows.join(", "));
        assert_eq!(refused(&mut table.client, &insert).await.0, 1062);
        assert_eq!(value::<u64>(&mut table.client, count).await, 4);
        assert_eq!(table.prepared(), 0);
        // Connections that would not commit by themselves any more would lose these.
        for (round, key) in (1..).zip(table.keys.clone()) {
            run(&mut table.client, &format!("UPDATE t SET v = {round} WHERE id = {key}")).await;
        }
        let mut sum = 0;
        for instance in &table.cluster.cluster.instances {
            let mut direct = instance.connect().unwrap();
            let schemas = "SELECT CONCAT('SELECT SUM(v) FROM `', TABLE_SCHEMA, '`.`', TABLE_NAME, '`') \
                           FROM information_schema.TABLES WHERE TABLE_NAME LIKE 't\\_%'";
            for row in direct.query(schemas).unwrap().rows {
                let sql = String::from_utf8(row[0].clone().unwrap()).unwrap();
                sum += direct.query(&sql).unwrap().first().unwrap().parse::<u64>().unwrap();
            }
        }
        assert_eq!(sum, 1 + 2 + 3 + 4, "as the servers have it");
        run(&mut table.client, "UPDATE t SET v = 0").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_have_one_moment_and_those_of_the_commit_the_servers() {
    let mut table = Table::start().await;
    let client = &mut table.client;
    run(
        client,
        "CREATE TABLE log (id INT PRIMARY KEY, at DATETIME(6) DEFAULT NOW(6)) DBPARTITION BY HASH(id)",
    )
    .await;
    let rows = |from: i64| -> String {
        (from..from + 16).map(|id| format!("({id})")).collect::<Vec<_>>().join(", ")
    };
    run(client, &format!("INSERT INTO log (id) VALUES {}", rows(0))).await;
    assert_eq!(value::<u64>(client, "SELECT COUNT(DISTINCT at) FROM log").await, 1);
    run(client, "SET timestamp = 1000000000").await;
    run(client, &format!("INSERT INTO log (id) VALUES {}", rows(16))).await;
    run(client, "SET timestamp = DEFAULT").await;
    let set = "SELECT COUNT(*) FROM log WHERE at = FROM_UNIXTIME(1000000000)";
    assert_eq!(value::<u64>(client, set).await, 16);
    let now = "SELECT COUNT(*) FROM log WHERE at > NOW(6) - INTERVAL 1 MINUTE";
    assert_eq!(value::<u64>(client, now).await, 16);
    for instance in &table.cluster.cluster.instances {
        let mut direct = instance.connect().unwrap();
        for kept in ["decision", "branch"] {
            let old =
                format!("SELECT COUNT(*) FROM `__ostrakon`.{kept} WHERE at < NOW() - INTERVAL 1 MINUTE");
            assert_eq!(direct.query(&old).unwrap().first().as_deref(), Some("0"), "{kept}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_are_told_and_what_warns_is_written_once() {
    let mut table = Table::start().await;
    let client = &mut table.client;
    run(client, "CREATE TABLE log (id INT PRIMARY KEY, n INT DEFAULT 1) DBPARTITION BY HASH(id)").await;
    for round in 0..12 {
        // In each group one row is there already, but in the first round.
        let rows: Vec<String> = (0..16).map(|at| format!("({})", round * 8 + at)).collect();
        run(client, &format!("INSERT IGNORE INTO log (id) VALUES {}", rows.join(", "))).await;
        let warnings: Vec<(String, u16, String)> = client.query("SHOW WARNINGS").await.unwrap();
        assert_eq!(warnings.len(), if round == 0 { 0 } else { 8 }, "{warnings:?}");
        assert!(warnings.iter().all(|(_, code, _)| *code == 1062), "{warnings:?}");
        assert_eq!(value::<i64>(client, "SELECT SUM(n) FROM log").await, 16 + 8 * round);
    }
}

/// They cannot be taken back, so nothing is written twice.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_tables_without_transactions_are_written_once() {
    let mut table = Table::start().await;
    let client = &mut table.client;
    run(client, "CREATE TABLE m (id INT, pad CHAR(2)) ENGINE=MyISAM DBPARTITION BY HASH(id)").await;
    let values: Vec<String> = table.keys.iter().map(|key| format!("({key}, 'abc')")).collect();
    let insert = format!("INSERT INTO m VALUES {}", values.join(", "));
    // What warns is not run a second time.
    run(client, "SET sql_mode = ''").await;
    run(client, &insert).await;
    let warnings: Vec<(String, u16, String)> = client.query("SHOW WARNINGS").await.unwrap();
    assert_eq!(warnings.iter().filter(|(_, code, _)| *code == 1265).count(), 4, "{warnings:?}");
    assert_eq!(value::<u64>(client, "SELECT COUNT(*) FROM m").await, 4);
    run(client, "DELETE FROM m").await;
    // One server holds its table.
    let mut holder = table.cluster.cluster.instances[1].connect().unwrap();
    let physical = "SELECT CONCAT('`', TABLE_SCHEMA, '`.`', TABLE_NAME, '`') FROM information_schema.TABLES \
                    WHERE TABLE_NAME LIKE 'm\\_%' AND ENGINE = 'MyISAM' LIMIT 1";
    let physical = holder.query(physical).unwrap().first().unwrap();
    holder.query(&format!("LOCK TABLES {physical} WRITE")).unwrap();
    let (code, text) = refused(client, &insert).await;
    assert_eq!(code, 1196, "{text}");
    holder.query("UNLOCK TABLES").unwrap();
    let most: u64 = value(client, "SELECT MAX(c) FROM (SELECT COUNT(*) AS c FROM m GROUP BY id) x").await;
    assert_eq!(most, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_writers_that_meet_crosswise_one_is_there_wholly() {
    const WRITERS: u64 = 4;
    const ROUNDS: u64 = 15;
    let mut table = Table::start().await;
    let mut writers = Vec::new();
    let more: Vec<i64> = (0..32).map(|at| 1_000 + at).collect();
    for writer in 0..WRITERS {
        let mut client = table.cluster.client(Some("app")).await;
        let mut keys: Vec<i64> = table.keys.iter().chain(&more).copied().collect();
        writers.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                let v = 1 + writer * ROUNDS + round;
                // Another order each time, so that they wait for each other within a server too.
                let turn = usize::try_from((v * 7) % 36).unwrap();
                keys.rotate_left(turn);
                if v.is_multiple_of(2) {
                    keys.reverse();
                }
                let rows: Vec<String> = keys.iter().map(|key| format!("({key}, {v})")).collect();
                match client.query_drop(format!("REPLACE INTO t VALUES {}", rows.join(", "))).await {
                    Ok(()) => {}
                    // A second deadlock is the client's.
                    Err(mysql_async::Error::Server(e)) if e.code == 1213 => {}
                    Err(e) => panic!("{e}"),
                }
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    println!("{} deadlocks", table.deadlocks());
    assert!(table.deadlocks() > 0, "nobody has met crosswise: this shows nothing");
    // The last one's branches are committed behind its answer.
    let end = Instant::now() + Duration::from_secs(5);
    while table.prepared() > 0 {
        assert!(Instant::now() < end, "a branch is left prepared");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let found: Vec<(u64, u64)> = table.client.query("SELECT v, COUNT(*) FROM t GROUP BY v").await.unwrap();
    assert!(matches!(found.as_slice(), [(_, 36)]), "{found:?}");
    // A deadlock ends the deciding branch, and what stood behind the statement must not have been committed by itself.
    let halves: Vec<_> = table.branches_of_committed().into_iter().filter(|(_, count)| *count != 4).collect();
    assert!(halves.is_empty(), "{halves:?}");
}
