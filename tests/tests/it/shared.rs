//! Short statements of several clients over connections that they share: fewer connections, and nothing of one client reaches another.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use ostrakon::dev::instance::Instance;
use ostrakon_tests::cluster::{TestCluster, connect, run, value};
use ostrakon_tests::physical;

/// Runs of a template after which it is known to be short.
const PROVEN: usize = 20;
const ROWS: i64 = 200;

/// One worker, so that its clients meet.
fn start(more: &str) -> TestCluster {
    TestCluster::start_with(|options| options.node_settings = format!("workers = 1\n{more}"))
}

async fn table(client: &mut Conn, name: &str) {
    run(
        client,
        &format!(
            "CREATE TABLE {name} (id INT PRIMARY KEY, v INT, at TIMESTAMP NULL) DBPARTITION BY HASH(id)"
        ),
    )
    .await;
    let rows: Vec<String> =
        (0..ROWS).map(|id| format!("({id}, {}, FROM_UNIXTIME({}))", id * 7, 1_000_000_000 + id)).collect();
    run(client, &format!("INSERT INTO {name} VALUES {}", rows.join(", "))).await;
}

/// A client in the time zone so many hours east: a session's settings are its own, also where it shares a connection.
async fn in_zone(cluster: &TestCluster, zone: i64) -> Conn {
    let mut client = cluster.client(Some("app")).await;
    if zone > 0 {
        run(&mut client, &format!("SET time_zone = '+0{zone}:00'")).await;
    }
    client
}

/// So often that the node knows it for short.
async fn prove(client: &mut Conn, template: impl Fn(i64) -> String) {
    for id in 0..PROVEN as i64 {
        let _: Vec<Row> = client.query(template(id)).await.unwrap();
    }
}

fn by_id(id: i64) -> String {
    format!("SELECT v FROM t WHERE id = {id}")
}

fn time_by_id(id: i64) -> String {
    format!("SELECT at FROM t WHERE id = {id}")
}

#[tokio::test]
async fn many_clients_use_few_connections_and_each_gets_its_own_answer() {
    let cluster = start("");
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    table(&mut first, "t").await;
    prove(&mut first, by_id).await;
    prove(&mut first, time_by_id).await;
    let mut tasks = Vec::new();
    for number in 0..60i64 {
        let zone = number % 3;
        let mut client = in_zone(&cluster, zone).await;
        tasks.push(tokio::spawn(async move {
            for round in 0..60i64 {
                let id = (number * 13 + round) % ROWS;
                assert_eq!(value::<i64>(&mut client, &by_id(id)).await, id * 7);
                let at: String = value(&mut client, &time_by_id(id)).await;
                let minute_and_second = 46 * 60 + 40 + id;
                let told = format!(
                    "2001-09-09 0{}:{:02}:{:02}",
                    1 + zone,
                    minute_and_second / 60,
                    minute_and_second % 60
                );
                assert_eq!(at, told, "client {number}");
            }
            client
        }));
    }
    let mut clients = Vec::new();
    for task in tasks {
        clients.push(task.await.unwrap());
    }
    few_connections(&cluster);
}

#[tokio::test]
async fn errors_and_warnings_stay_with_their_statement() {
    let cluster = start("");
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    table(&mut first, "t").await;
    run(&mut first, "CREATE TABLE s (k INT, v INT) BROADCAST").await;
    run(&mut first, "INSERT INTO s VALUES (1, 1), (2, 2), (2, 3)").await;
    let warns = |id: i64| format!("SELECT MOD(10, v) FROM t WHERE id = {id}");
    let fails = |id: i64| {
        let k = if id == 77 { 2 } else { 1 };
        format!("SELECT (SELECT s.v FROM s WHERE s.k = {k}) FROM t WHERE id = {id}")
    };
    prove(&mut first, by_id).await;
    prove(&mut first, |id| warns(id + 1)).await;
    prove(&mut first, fails).await;
    let mut tasks = Vec::new();
    for number in 0..30i64 {
        let mut client = cluster.client(Some("app")).await;
        tasks.push(tokio::spawn(async move {
            for round in 0..40i64 {
                let id = (number * 7 + round) % ROWS;
                match (number + round) % 5 {
                    0 => {
                        // Division by 0.
                        let none: Option<Option<i64>> = client.query_first(warns(0)).await.unwrap();
                        assert_eq!(none, Some(None));
                        let warnings: Vec<(String, u16, String)> =
                            client.query("SHOW WARNINGS").await.unwrap();
                        assert_eq!(warnings.iter().map(|w| w.1).collect::<Vec<_>>(), [1365], "{warnings:?}");
                    }
                    1 => {
                        let failed = client.query_drop(fails(77)).await;
                        assert!(
                            matches!(&failed, Err(mysql_async::Error::Server(e)) if e.code == 1242),
                            "{failed:?}"
                        );
                    }
                    _ => {
                        assert_eq!(value::<i64>(&mut client, &by_id(id)).await, id * 7);
                        let warnings: Vec<Row> = client.query("SHOW WARNINGS").await.unwrap();
                        assert!(warnings.is_empty(), "{warnings:?}");
                        assert_eq!(value::<i64>(&mut client, "SELECT FOUND_ROWS()").await, 1);
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// Sixty clients at once would have had up to sixty to each of the two instances. A few have had one of their own: the machine was slow.
fn few_connections(cluster: &TestCluster) {
    let connections = cluster.backend_connections();
    assert!(connections < 60, "{connections} backend connections");
}

/// The value of a row by its number, as text or by a prepared statement.
async fn ask(client: &mut Conn, table: &str, id: i64, prepared: bool) -> i64 {
    match prepared {
        false => value(client, &format!("SELECT v FROM {table} WHERE id = {id}")).await,
        true => {
            let sql = format!("SELECT v FROM {table} WHERE id = ?");
            client.exec_first(sql, (id,)).await.unwrap().expect("a row")
        }
    }
}

/// Of the moment in row 1.
async fn year(client: &mut Conn, sql: &str) -> u16 {
    let at: Option<Value> = client.exec_first(sql, (1,)).await.unwrap();
    let Some(Value::Date(year, ..)) = at else { panic!("{at:?}") };
    year
}

#[tokio::test]
async fn prepared_statements_share_and_each_execution_gets_its_own_answer() {
    let cluster = start("");
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    table(&mut first, "t").await;
    table(&mut first, "changed").await;
    const BY_ID: &str = "SELECT v, at FROM t WHERE id = ?";
    const WARNS: &str = "SELECT MOD(10, v) FROM t WHERE id = ?";
    const CHANGED: &str = "SELECT at FROM changed WHERE id = ?";
    for id in 0..PROVEN as i64 {
        for sql in [BY_ID, WARNS, CHANGED] {
            let _: Vec<Row> = first.exec(sql, (id + 1,)).await.unwrap();
        }
    }
    let mut tasks = Vec::new();
    for number in 0..60i64 {
        let zone = number % 3;
        let mut client = in_zone(&cluster, zone).await;
        tasks.push(tokio::spawn(async move {
            for round in 0..40i64 {
                let id = (number * 13 + round) % ROWS;
                // The number as a number, as a text, and none at all.
                let row: Option<(i64, Value)> = match round % 3 {
                    0 => client.exec_first(BY_ID, (id.to_string(),)).await.unwrap(),
                    _ => client.exec_first(BY_ID, (id,)).await.unwrap(),
                };
                let (v, at) = row.expect("a row");
                assert_eq!(v, id * 7);
                let Value::Date(2001, 9, 9, hour, ..) = at else { panic!("{at:?}") };
                assert_eq!(i64::from(hour), 1 + zone, "client {number}");
                let none: Option<Row> = client.exec_first(BY_ID, (Value::NULL,)).await.unwrap();
                assert!(none.is_none());
            }
            assert_eq!(year(&mut client, CHANGED).await, 2001);
            client
        }));
    }
    let mut clients = Vec::new();
    for task in tasks {
        clients.push(task.await.unwrap());
    }
    few_connections(&cluster);
    // A template that has warned is not shared for a while, so these come behind.
    for (number, client) in clients.iter_mut().enumerate() {
        let divisor = if number % 4 == 3 { 0 } else { 3 };
        let rest: Option<Option<i64>> = client.exec_first(WARNS, (divisor,)).await.unwrap();
        let warnings: Vec<Row> = client.query("SHOW WARNINGS").await.unwrap();
        match divisor {
            0 => assert!(rest == Some(None) && warnings.len() == 1, "{rest:?} {warnings:?}"),
            _ => assert!(rest == Some(Some(10)) && warnings.is_empty(), "{rest:?} {warnings:?}"),
        }
    }
    // What was prepared before a table changed is what it was to no server.
    run(&mut first, "ALTER TABLE changed MODIFY at DATE NULL").await;
    for client in &mut clients {
        assert_eq!(year(client, CHANGED).await, 2001);
    }
    run(&mut first, "ALTER TABLE changed DROP COLUMN at").await;
    for client in &mut clients {
        let failed = client.exec_first::<Row, _, _>(CHANGED, (1,)).await;
        assert!(matches!(&failed, Err(mysql_async::Error::Server(e)) if e.code == 1054), "{failed:?}");
        assert_eq!(ask(client, "t", 3, true).await, 21);
    }
}

#[tokio::test]
async fn queries_of_several_groups_share_and_are_merged() {
    let cluster = start("");
    let mut first = cluster.database("app", "DBPARTITIONS 4").await;
    table(&mut first, "t").await;
    const SUM: &str = "SELECT COUNT(*), SUM(v) FROM t WHERE id BETWEEN ? AND ?";
    const TOP: &str = "SELECT id, v FROM t WHERE id BETWEEN ? AND ? ORDER BY v DESC, id LIMIT 5";
    const KEYS: &str = "SELECT id FROM t WHERE id IN (?, ?)";
    const WARNS: &str = "SELECT MOD(10, v) FROM t WHERE id BETWEEN ? AND ?";
    let text = |sql: &str, low: i64, high: i64| {
        let low = low.to_string();
        sql.replacen('?', &low, 1).replacen('?', &high.to_string(), 1)
    };
    for _ in 0..PROVEN {
        for sql in [SUM, TOP, KEYS, WARNS] {
            let _: Vec<Row> = first.query(text(sql, 10, 20)).await.unwrap();
            let _: Vec<Row> = first.exec(sql, (10, 20)).await.unwrap();
        }
    }
    let mut tasks = Vec::new();
    for number in 0..60i64 {
        let mut client = cluster.client(Some("app")).await;
        tasks.push(tokio::spawn(async move {
            for round in 0..20i64 {
                let low = (number * 13 + round) % (ROWS - 30);
                let high = low + 20;
                let prepared = round % 2 == 0;
                let (count, sum): (i64, i64) = match prepared {
                    true => client.exec_first(SUM, (low, high)).await.unwrap().unwrap(),
                    false => client.query_first(text(SUM, low, high)).await.unwrap().unwrap(),
                };
                assert_eq!((count, sum), (21, (low..=high).map(|id| id * 7).sum()));
                let top: Vec<(i64, i64)> = match prepared {
                    true => client.exec(TOP, (low, high)).await.unwrap(),
                    false => client.query(text(TOP, low, high)).await.unwrap(),
                };
                let expected: Vec<_> = (0..5).map(|back| (high - back, (high - back) * 7)).collect();
                assert_eq!(top, expected);
                assert_eq!(value::<i64>(&mut client, "SELECT FOUND_ROWS()").await, 5);
                let mut keys: Vec<i64> = client.query(text(KEYS, low, high)).await.unwrap();
                keys.sort_unstable();
                assert_eq!(keys, [low, high]);
                // Division by 0, of one row of many.
                let rests: Vec<Option<i64>> = client.query(text(WARNS, 0, 20)).await.unwrap();
                assert_eq!(rests.iter().filter(|rest| rest.is_none()).count(), 1);
                let warnings: Vec<Row> = client.query("SHOW WARNINGS").await.unwrap();
                assert_eq!(warnings.len(), 1);
            }
            client
        }));
    }
    let mut clients = Vec::new();
    for task in tasks {
        clients.push(task.await.unwrap());
    }
}

#[tokio::test]
async fn what_a_session_has_by_itself_is_seen_by_its_short_statements_and_by_no_others() {
    let cluster = start("");
    let mut own = cluster.database("app", "DBPARTITIONS 2").await;
    table(&mut own, "t").await;
    let mut other = cluster.client(Some("app")).await;
    prove(&mut own, by_id).await;
    let sum = || "SELECT SUM(v) FROM t WHERE id IN (5, 6, 7, 8)".to_owned();
    let whole: i64 = (5..=8).map(|id| id * 7).sum();
    prove(&mut own, |_| sum()).await;
    for prepared in [false, true] {
        for id in 0..PROVEN as i64 {
            ask(&mut own, "t", id, prepared).await;
        }
    }
    for (begin, end) in [("BEGIN", "ROLLBACK"), ("SET autocommit = 0", "ROLLBACK")] {
        run(&mut own, begin).await;
        run(&mut own, "UPDATE t SET v = v + 1000 WHERE id IN (5, 6)").await;
        for prepared in [false, true] {
            assert_eq!(ask(&mut own, "t", 5, prepared).await, 1035, "{begin}");
            assert_eq!(ask(&mut other, "t", 5, prepared).await, 35, "{begin}");
        }
        assert_eq!(value::<i64>(&mut own, &sum()).await, whole + 2000, "{begin}");
        assert_eq!(value::<i64>(&mut other, &sum()).await, whole, "{begin}");
        run(&mut own, end).await;
    }
    run(&mut own, "SET autocommit = 1").await;
    // A snapshot stays what it was.
    run(&mut own, "START TRANSACTION WITH CONSISTENT SNAPSHOT").await;
    assert_eq!(ask(&mut own, "t", 5, false).await, 35);
    run(&mut other, "UPDATE t SET v = 36 WHERE id = 5").await;
    assert_eq!(ask(&mut own, "t", 5, false).await, 35);
    assert_eq!(ask(&mut other, "t", 5, false).await, 36);
    run(&mut own, "COMMIT").await;
    assert_eq!(ask(&mut own, "t", 5, false).await, 36);
    // A temporary table of the same name.
    run(&mut own, "CREATE TEMPORARY TABLE t (id INT PRIMARY KEY, v INT)").await;
    run(&mut own, "INSERT INTO t VALUES (5, 1)").await;
    for prepared in [false, true] {
        assert_eq!(ask(&mut own, "t", 5, prepared).await, 1);
        assert_eq!(ask(&mut other, "t", 5, prepared).await, 36);
    }
    run(&mut own, "DROP TEMPORARY TABLE t").await;
    assert_eq!(ask(&mut own, "t", 5, false).await, 36);
}

/// What the instances say of themselves, together.
fn status(cluster: &TestCluster, name: &str) -> u64 {
    let of = |instance: &Instance| {
        let answer = instance.connect().unwrap().query(&format!("SHOW GLOBAL STATUS LIKE '{name}'")).unwrap();
        String::from_utf8_lossy(answer.rows[0][1].as_deref().unwrap()).parse::<u64>().unwrap()
    };
    cluster.cluster.instances.iter().map(of).sum()
}

#[tokio::test]
async fn long_answers_that_make_a_short_one_are_not_shared() {
    let cluster = start("");
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    table(&mut first, "t").await;
    run(&mut first, "CREATE TABLE many (id INT PRIMARY KEY, k VARCHAR(60) NOT NULL) DBPARTITION BY HASH(id)")
        .await;
    let rows: Vec<String> = (0..4000).map(|id| format!("({id}, REPEAT('{id:05}', 12))")).collect();
    run(&mut first, &format!("INSERT INTO many VALUES {}", rows.join(", "))).await;
    prove(&mut first, by_id).await;
    let top = "SELECT id, COUNT(*) FROM many GROUP BY id, k ORDER BY COUNT(*), id LIMIT 2";
    let opened = || status(&cluster, "Connections");
    let before = opened();
    for _ in 0..3 * PROVEN {
        let rows: Vec<(i64, i64)> = first.query(top).await.unwrap();
        assert_eq!(rows, [(0, 1), (1, 1)]);
        assert_eq!(value::<i64>(&mut first, &by_id(3)).await, 21);
    }
    // Two by each question of ours; a few for the two groups at first.
    let opened = opened() - before;
    assert!(opened < 3 * PROVEN as u64 / 2, "{opened} connections were opened");
}

#[tokio::test]
async fn a_template_that_takes_a_while_again_and_again_is_not_shared() {
    const CLIENTS: usize = 2;
    let cluster = start("[limits]\nshared_connections_per_instance = 1\n");
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    run(&mut first, "CREATE TABLE one (id INT PRIMARY KEY, v INT)").await;
    let rows: Vec<String> = (0..ROWS).map(|id| format!("({id}, {id})")).collect();
    run(&mut first, &format!("INSERT INTO one VALUES {}", rows.join(", "))).await;
    let joined = |n: i64| {
        format!("SELECT COUNT(*) FROM one a JOIN one b JOIN one c WHERE a.id < {n} AND b.v + c.v >= a.id")
    };
    // So many rows of the first table that it takes some 20 ms, the least of three times; asked by another template.
    let mut n = 1;
    let mut long_enough = 0;
    while long_enough < 3 {
        let begun = Instant::now();
        let _: i64 = value(&mut first, &format!("{} AND TRUE", joined(n))).await;
        if begun.elapsed() >= Duration::from_millis(15) {
            long_enough += 1;
        } else {
            n *= 2;
            long_enough = 0;
        }
    }
    prove(&mut first, |_| joined(0)).await;
    let mut tasks = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = cluster.client(Some("app")).await;
        let sql = joined(n);
        tasks.push(tokio::spawn(async move {
            loop {
                let _: i64 = value(&mut client, &sql).await;
            }
        }));
    }
    // Over the connection that is shared there would be one at a time.
    let running = "SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Query' AND info LIKE '%JOIN%' AND id <> CONNECTION_ID()";
    let tables = physical::tables(&cluster, &mut first, "one").await;
    let mut watcher = connect(tables.first().expect("a physical table").port, None).await;
    let begun = Instant::now();
    let mut at_once = 0;
    while at_once < 20 {
        assert!(begun.elapsed() < Duration::from_secs(40), "seldom two at once, with {n} rows");
        at_once += usize::from(value::<i64>(&mut watcher, running).await > 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_slow_statement_holds_up_nobody() {
    held_up(false).await;
}

#[tokio::test]
async fn a_slow_prepared_statement_holds_up_nobody() {
    held_up(true).await;
}

async fn held_up(prepared: bool) {
    const HELD: Duration = Duration::from_secs(4);
    let cluster = start("[limits]\nshared_connections_per_instance = 1\n");
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    table(&mut first, "t").await;
    table(&mut first, "slow").await;
    for id in 0..PROVEN as i64 {
        ask(&mut first, "t", id, prepared).await;
        ask(&mut first, "slow", id, prepared).await;
    }
    // Both were short. From now on one is not: its table is locked on the servers.
    let mut holders = Vec::new();
    for locked in physical::tables(&cluster, &mut first, "slow").await {
        let mut holder = connect(locked.port, None).await;
        run(&mut holder, &format!("LOCK TABLES {} WRITE", locked.name)).await;
        holders.push(holder);
    }
    let begun = Instant::now();
    let mut slow = Vec::new();
    for id in 0..8i64 {
        let mut client = cluster.client(Some("app")).await;
        slow.push(tokio::spawn(async move {
            assert_eq!(ask(&mut client, "slow", id, prepared).await, id * 7);
            Instant::now()
        }));
    }
    let mut short = Vec::new();
    for number in 0..20i64 {
        let mut client = cluster.client(Some("app")).await;
        short.push(tokio::spawn(async move {
            let mut times = Vec::new();
            for round in 0..40i64 {
                let id = (number + round) % ROWS;
                let asked = Instant::now();
                assert_eq!(ask(&mut client, "t", id, prepared).await, id * 7);
                times.push(asked.elapsed());
            }
            (Instant::now(), times)
        }));
    }
    let mut times = Vec::new();
    let mut last = begun;
    for task in short {
        let (ended, took) = task.await.unwrap();
        last = last.max(ended);
        times.extend(took);
    }
    times.sort();
    println!(
        "short statements beside slow ones: p50 {:?}, p99 {:?}, longest {:?}",
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        times[times.len() - 1]
    );
    tokio::time::sleep(HELD.saturating_sub(begun.elapsed())).await;
    let freed = Instant::now();
    for mut holder in holders {
        run(&mut holder, "UNLOCK TABLES").await;
    }
    for task in slow {
        assert!(task.await.unwrap() >= freed, "a read of a locked table was answered");
    }
    assert!(last < freed, "short statements waited for the slow ones");
}
