//! DDL jobs on real servers: what a crash, a failure or a lock in the middle leaves is finished or taken back.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};

/// A table over eight physical ones with forty rows.
async fn sharded(cluster: &TestCluster) -> mysql_async::Conn {
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(
        &mut client,
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT, w INT, KEY by_w (w)) DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2",
    )
    .await;
    let rows: Vec<String> = (0..40).map(|id| format!("({id}, {id}, {})", id % 3)).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    client
}

/// How many physical columns or indexes of that name the instances have.
fn physical(cluster: &TestCluster, table: &str, column: &str, name: &str) -> usize {
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.{table} WHERE table_schema LIKE 'app%' AND {column} = '{name}'"
    );
    let of = |instance: &ostrakon::dev::instance::Instance| -> usize {
        instance.connect().unwrap().query(&sql).unwrap().first().unwrap().parse().unwrap()
    };
    cluster.cluster.instances.iter().map(of).sum()
}

fn columns(cluster: &TestCluster, name: &str) -> usize {
    physical(cluster, "columns", "column_name", name)
}

async fn no_job_is_left(client: &mut mysql_async::Conn) {
    for _ in 0..150 {
        if client.query::<mysql_async::Row, _>("SHOW DDL").await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("jobs are left: {:?}", client.query::<mysql_async::Row, _>("SHOW FULL DDL").await);
}

/// The statement's node aborts at the failpoint; after the restart the job ends without anybody's help.
async fn crash(cluster: &mut TestCluster, failpoint: &str, sql: &str) -> mysql_async::Conn {
    let mut client = cluster.client(Some("app")).await;
    run(&mut client, &format!("SET ostrakon_failpoints = '{failpoint}=crash'")).await;
    let outcome = client.query_drop(sql).await;
    assert!(
        !matches!(outcome, Ok(()) | Err(mysql_async::Error::Server(_))),
        "{failpoint}: the node did not crash: {outcome:?}"
    );
    cluster.cluster.nodes[0].restart().unwrap();
    let mut client = cluster.client(Some("app")).await;
    no_job_is_left(&mut client).await;
    client
}

#[tokio::test]
async fn an_alter_goes_on_after_a_crash_wherever_it_was() {
    let mut cluster = TestCluster::start();
    drop(sharded(&cluster).await);
    for (number, place) in
        ["first/before", "first/done", "rest/middle", "rest/done", "verify/done", "publish/recorded"]
            .iter()
            .enumerate()
    {
        let name = format!("x{number}");
        let sql = format!("ALTER TABLE t ADD COLUMN {name} INT NOT NULL DEFAULT 7");
        let mut client = crash(&mut cluster, &format!("alter_table/{place}"), &sql).await;
        assert_eq!(columns(&cluster, &name), 8, "{place}");
        let count: u64 = value(&mut client, &format!("SELECT COUNT(*) FROM t WHERE {name} = 7")).await;
        assert_eq!(count, 40, "{place}");
    }
}

#[tokio::test]
async fn a_create_goes_on_after_a_crash_and_a_drop_is_completed() {
    let mut cluster = TestCluster::start();
    drop(sharded(&cluster).await);
    for (number, place) in ["first/done", "rest/middle", "publish/before"].iter().enumerate() {
        let name = format!("u{number}");
        let sql = format!("CREATE TABLE {name} (id INT PRIMARY KEY) DBPARTITION BY HASH(id)");
        let mut client = crash(&mut cluster, &format!("create_table/{place}"), &sql).await;
        run(&mut client, &format!("INSERT INTO {name} VALUES (1), (2), (3), (4), (5), (6), (7), (8)")).await;
        assert_eq!(value::<u64>(&mut client, &format!("SELECT COUNT(*) FROM {name}")).await, 8, "{place}");
    }
    let mut client = crash(&mut cluster, "drop_table/rest/middle", "DROP TABLE t").await;
    assert_eq!(columns(&cluster, "w"), 0);
    assert_eq!(refused(&mut client, "SELECT * FROM t").await.0, 1146);
}

#[tokio::test]
async fn a_unique_key_that_one_shard_refuses_is_nowhere_afterwards() {
    let cluster = TestCluster::start();
    let mut client = sharded(&cluster).await;
    // The last physical table gets two rows with one value.
    let mut direct = cluster.cluster.instances[1].connect().unwrap();
    let name = direct
        .query("SELECT CONCAT('`', table_schema, '`.`', table_name, '`') FROM information_schema.tables WHERE table_schema LIKE 'app%' ORDER BY table_schema DESC, table_name DESC LIMIT 1")
        .unwrap();
    direct
        .query(&format!("INSERT INTO {} VALUES (1001, 7000, 1), (1002, 7000, 1)", name.first().unwrap()))
        .unwrap();
    let (errno, message) = refused(
        &mut client,
        "ALTER TABLE t ADD UNIQUE u (v), ADD COLUMN extra INT, COMMENT = 'x', DROP INDEX by_w",
    )
    .await;
    assert_eq!(errno, 1062, "{message}");
    assert!(message.contains("7000"), "{message}");
    assert_eq!(physical(&cluster, "statistics", "index_name", "u"), 0);
    assert_eq!(physical(&cluster, "statistics", "index_name", "by_w"), 8);
    assert_eq!(columns(&cluster, "extra"), 0);
    assert_eq!(physical(&cluster, "tables", "table_comment", "x"), 0);
    no_job_is_left(&mut client).await;
    run(&mut client, "ALTER TABLE t ADD COLUMN extra INT").await;
    assert_eq!(columns(&cluster, "extra"), 8);
}

#[tokio::test]
async fn a_change_that_waits_for_one_shard_does_not_hold_its_other_statements_up() {
    let cluster = TestCluster::start();
    let mut client = sharded(&cluster).await;
    let mut holder = cluster.client(Some("app")).await;
    run(&mut holder, "BEGIN").await;
    run(&mut holder, "SELECT * FROM t WHERE id = 3").await;
    let mut altering = cluster.client(Some("app")).await;
    let alter = tokio::spawn(async move { run(&mut altering, "ALTER TABLE t ADD COLUMN x INT").await });
    let begin = Instant::now();
    let mut slowest = Duration::ZERO;
    while begin.elapsed() < Duration::from_secs(7) {
        let one = Instant::now();
        run(&mut client, "SELECT id FROM t WHERE id = 3").await;
        slowest = slowest.max(one.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!alter.is_finished(), "the change did not wait for the open transaction");
    assert!(slowest < Duration::from_secs(5), "a statement waited {slowest:?} behind the change");
    run(&mut holder, "COMMIT").await;
    tokio::time::timeout(Duration::from_secs(20), alter).await.expect("the change goes on").unwrap();
    assert_eq!(columns(&cluster, "x"), 8);
}

#[tokio::test]
async fn a_dropped_column_that_stops_half_way_is_parked_and_recovered() {
    let cluster = TestCluster::start();
    let mut client = sharded(&cluster).await;
    run(&mut client, "SET ostrakon_failpoints = 'alter_table/rest/middle=error'").await;
    let (_, message) = refused(&mut client, "ALTER TABLE t DROP COLUMN v").await;
    assert!(message.contains("RECOVER DDL") && message.contains("GROUP"), "{message}");
    let row: mysql_async::Row = client.query_first("SHOW DDL").await.unwrap().expect("the job is listed");
    let job: u64 = row.get("JOB_ID").unwrap();
    // The object is held, and who wants it learns by whom at once.
    let (errno, message) = refused(&mut client, "ALTER TABLE t ADD COLUMN y INT").await;
    assert!(errno == 1205 && message.contains(&format!("DDL job {job}")), "{errno} {message}");
    // What is gone does not come back; the job can still be completed.
    let (_, message) = refused(&mut client, &format!("ROLLBACK DDL {job}")).await;
    assert!(message.contains("brings them back"), "{message}");
    run(&mut client, &format!("RECOVER DDL {job}")).await;
    assert_eq!(columns(&cluster, "v"), 0);
    run(&mut client, "INSERT INTO t VALUES (100, 1), (101, 1), (102, 1)").await;
    run(&mut client, "ALTER TABLE t ADD COLUMN y INT").await;
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t").await, 43);
}

#[tokio::test]
async fn a_statement_that_does_not_wait_is_told_its_job() {
    let cluster = TestCluster::start();
    let mut client = sharded(&cluster).await;
    run(&mut client, "SET ostrakon_ddl_async = ON").await;
    run(&mut client, "ALTER TABLE t ADD COLUMN x INT").await;
    let warnings: Vec<(String, u16, String)> = client.query("SHOW WARNINGS").await.unwrap();
    assert!(warnings.iter().any(|(_, _, text)| text.starts_with("DDL job ")), "{warnings:?}");
    no_job_is_left(&mut client).await;
    assert_eq!(columns(&cluster, "x"), 8);
    run(&mut client, "SET ostrakon_ddl_async = OFF").await;
    run(&mut client, "ALTER TABLE t DROP COLUMN x").await;
    assert_eq!(columns(&cluster, "x"), 0);
}

/// The number of the one job that is parked.
async fn parked(client: &mut mysql_async::Conn) -> u64 {
    let row: mysql_async::Row = client.query_first("SHOW DDL").await.unwrap().expect("the job is listed");
    assert_eq!(row.get::<String, _>("STATE").unwrap(), "PENDING");
    row.get("JOB_ID").unwrap()
}

#[tokio::test]
async fn a_killed_statement_whose_job_cannot_go_back_says_which_job_it_is() {
    let cluster = TestCluster::start();
    let mut client = sharded(&cluster).await;
    let mut other = cluster.client(Some("app")).await;
    let id = value::<u64>(&mut client, "SELECT CONNECTION_ID()").await;
    run(
        &mut client,
        "SET ostrakon_failpoints = 'alter_table/rest/before=sleep 1500; alter_table/rest/middle=error'",
    )
    .await;
    let dropping = tokio::spawn(async move { refused(&mut client, "ALTER TABLE t DROP COLUMN v").await });
    while columns(&cluster, "v") == 8 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    run(&mut other, &format!("KILL QUERY {id}")).await;
    let (errno, message) = dropping.await.unwrap();
    let job = parked(&mut other).await;
    let tells = message.contains(&format!("RECOVER DDL {job}")) && message.contains("interrupted");
    assert!(errno == 1317 && tells, "{errno} {message}");
    run(&mut other, &format!("RECOVER DDL {job}")).await;
    assert_eq!(columns(&cluster, "v"), 0);
}

#[tokio::test]
async fn a_job_that_makes_the_engine_panic_is_parked_and_others_go_on() {
    let cluster = TestCluster::start();
    let mut client = sharded(&cluster).await;
    run(&mut client, "SET ostrakon_failpoints = 'alter_table/rest/before=panic'").await;
    let (errno, message) = refused(&mut client, "ALTER TABLE t ADD COLUMN x INT").await;
    let job = parked(&mut client).await;
    assert!(errno == 1105 && message.contains(&format!("DDL job {job} made the engine panic")), "{message}");
    run(&mut client, "CREATE TABLE other (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    run(&mut client, &format!("ROLLBACK DDL {job}")).await;
    assert_eq!(columns(&cluster, "x"), 0);
    run(&mut client, "ALTER TABLE t ADD COLUMN x INT").await;
}

#[tokio::test]
async fn a_change_that_somebody_made_to_a_physical_table_is_not_taken_for_the_job_s() {
    let mut cluster = TestCluster::start();
    let mut client = sharded(&cluster).await;
    let first = "SELECT CONCAT('`', table_schema, '`.`', table_name, '`') FROM information_schema.tables WHERE table_schema LIKE 'app%' ORDER BY table_schema, table_name LIMIT 1";
    let mut direct = cluster.cluster.instances[0].connect().unwrap();
    let first = direct.query(first).unwrap().first().unwrap();
    run(&mut client, "SET ostrakon_failpoints = 'alter_table/first/before=crash'").await;
    assert!(client.query_drop("ALTER TABLE t ADD COLUMN x INT").await.is_err());
    direct.query(&format!("ALTER TABLE {first} ADD COLUMN dba INT")).unwrap();
    cluster.cluster.nodes[0].restart().unwrap();
    let mut client = cluster.client(Some("app")).await;
    let end = Instant::now() + Duration::from_secs(30);
    let remark = loop {
        let row: Option<mysql_async::Row> = client.query_first("SHOW DDL").await.unwrap();
        let row = row.expect("the job did not take the other's change for its own");
        if row.get::<String, _>("STATE").unwrap() == "PENDING" {
            break row.get::<String, _>("REMARK").unwrap();
        }
        assert!(Instant::now() < end, "the job is not parked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(remark.contains("neither the one before the change nor the one after it"), "{remark}");
    assert_eq!((columns(&cluster, "dba"), columns(&cluster, "x")), (1, 0), "{remark}");
    assert_eq!(
        physical(&cluster, "tables", "table_name", &format!("ostrakon_job_{}", parked(&mut client).await)),
        0
    );
    direct.query(&format!("ALTER TABLE {first} DROP COLUMN dba")).unwrap();
    let job = parked(&mut client).await;
    run(&mut client, &format!("RECOVER DDL {job}")).await;
    assert_eq!(columns(&cluster, "x"), 8);
}
