//! What each way to commit costs: statements that the servers get, and processor time of the node, for each transaction.
//!
//! `make bench-commit`. Figures are of a cluster on this machine; the number of statements is exact, and the same everywhere.

use std::fs;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, connect, run};
use ostrakon_tests::groups::key_of_each_group;

const TRANSACTIONS: u32 = 2000;
/// Interleaved, so that a busy moment of the machine meets all ways.
const TURNS: usize = 5;

/// User and system time of a process, in microseconds (`proc(5)`: clock ticks of 10 ms).
fn processor_time(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    ticks * 10_000
}

/// Statements that a server has been sent so far.
async fn questions(servers: &mut [Conn]) -> u64 {
    let mut sum = 0;
    for server in servers {
        let row: Option<Row> = server.query_first("SHOW GLOBAL STATUS LIKE 'Questions'").await.unwrap();
        sum += row.unwrap().get::<String, _>(1).unwrap().parse::<u64>().unwrap();
    }
    sum
}

#[tokio::main]
async fn main() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "CREATE TABLE plain (id INT PRIMARY KEY, v INT) SINGLE").await;
    let rows: Vec<String> = (0..1000).map(|id| format!("({id}, 0)")).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    run(&mut client, "INSERT INTO plain VALUES (1, 0)").await;
    let keys = key_of_each_group(&mut client, "t", 4).await;
    let mut servers = Vec::new();
    for instance in &cluster.cluster.instances {
        servers.push(connect(instance.port(), None).await);
    }
    let node = cluster.cluster.node().pid().unwrap();

    let write = |at: usize| format!("UPDATE t SET v = v + 1 WHERE id = {}", keys[at]);
    let read = |at: usize| format!("SELECT v FROM t WHERE id = {}", keys[at]);
    let ways: Vec<(&str, Vec<String>)> = vec![
        ("two writes of a single table", vec!["UPDATE plain SET v = v + 1 WHERE id = 1".into(); 2]),
        ("two writes in one group", vec![write(0), write(0)]),
        ("a write in one group, a read in another", vec![write(0), read(1)]),
        ("a read in one group, a write in another", vec![read(0), write(1)]),
        ("writes in two groups", vec![write(0), write(1)]),
        ("writes in four groups", vec![write(0), write(1), write(2), write(3)]),
        ("reads in two groups", vec![read(0), read(1)]),
    ];
    let mut times = vec![Vec::new(); ways.len()];
    let mut sent = vec![0; ways.len()];
    for _ in 0..TURNS {
        for (at, (_, statements)) in ways.iter().enumerate() {
            let (time, count) = (processor_time(node), questions(&mut servers).await);
            for _ in 0..TRANSACTIONS {
                run(&mut client, "BEGIN").await;
                for statement in statements {
                    run(&mut client, statement).await;
                }
                run(&mut client, "COMMIT").await;
            }
            times[at].push((processor_time(node) - time) / u64::from(TRANSACTIONS));
            // This question itself is one for each server.
            sent[at] =
                (questions(&mut servers).await - count - servers.len() as u64) / u64::from(TRANSACTIONS);
        }
    }
    println!("{:<42} {:>18} {:>16}", "transaction", "server statements", "node, us (median)");
    for (((name, _), mut times), sent) in ways.into_iter().zip(times).zip(sent) {
        times.sort_unstable();
        println!("{name:<42} {sent:>18} {:>16}", times[TURNS / 2]);
    }
}
