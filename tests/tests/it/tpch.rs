//! TPC-H's 22 queries on sharded tables and on one server, in turn: the answers must be the same, and the times are printed side by side.
//!
//! `make tpch SCALE=0.1` runs it on more rows.

mod queries;
mod rows;

use std::time::{Duration, Instant};

use mysql_async::{Conn, Value};
use ostrakon::dev::server::Sizing;
use ostrakon_tests::cluster::{PlainServer, TestCluster, connect, run};
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::family::{self, server_of};
use ostrakon_tests::likeness::Likeness;

use queries::Query;
use rows::{Maker, Scale, TABLES};

/// Rows of one INSERT.
const BATCH: usize = 1000;
/// So many values are tried until a query finds rows.
const TRIES: usize = 500;

/// The scale that is asked for; a small one otherwise.
fn scale() -> Scale {
    let text = std::env::var("OSTRAKON_TPCH_SCALE").unwrap_or_else(|_| "0.001".to_owned());
    Scale(text.parse().unwrap_or_else(|_| panic!("OSTRAKON_TPCH_SCALE={text} is no number")))
}

/// Loads into both at once.
struct Load {
    clients: [Conn; 2],
    waiting: Vec<(&'static str, Vec<String>)>,
}

impl Load {
    async fn row(&mut self, table: &'static str, row: String) {
        match self.waiting.iter_mut().find(|(name, _)| *name == table) {
            Some((_, rows)) => rows.push(row),
            None => self.waiting.push((table, vec![row])),
        }
        let full = self.waiting.iter_mut().find(|(_, rows)| rows.len() >= BATCH);
        if let Some((table, rows)) = full {
            let (table, rows) = (*table, std::mem::take(rows));
            self.send(table, &rows).await;
        }
    }

    async fn send(&mut self, table: &str, rows: &[String]) {
        if rows.is_empty() {
            return;
        }
        let sql = format!("INSERT INTO {table} VALUES {}", rows.join(", "));
        let [node, plain] = &mut self.clients;
        tokio::join!(run(node, &sql), run(plain, &sql));
    }

    async fn finish(&mut self) {
        for (table, rows) in std::mem::take(&mut self.waiting) {
            self.send(table, &rows).await;
        }
    }
}

/// All rows of all tables.
async fn load(clients: [Conn; 2], scale: Scale) {
    let mut load = Load { clients, waiting: Vec::new() };
    let mut maker = Maker::new(scale, 1);
    for row in maker.regions() {
        load.row("region", row).await;
    }
    for row in maker.nations() {
        load.row("nation", row).await;
    }
    for key in 1..=scale.suppliers() {
        load.row("supplier", maker.supplier(key)).await;
    }
    for key in 1..=scale.customers() {
        load.row("customer", maker.customer(key)).await;
    }
    for key in 1..=scale.parts() {
        load.row("part", maker.part(key)).await;
        for row in maker.part_suppliers(key) {
            load.row("partsupp", row).await;
        }
    }
    for number in 0..scale.orders() {
        let (order, lines) = maker.order(number);
        load.row("orders", order).await;
        for line in lines {
            load.row("lineitem", line).await;
        }
    }
    load.finish().await;
}

/// Whether an answer says something: it has a row, and not only one of NULLs.
fn has_rows(answer: &Outcome) -> bool {
    let Outcome::Rows { rows, .. } = answer else { panic!("the plain server: {answer:?}") };
    rows.iter().flatten().any(|value| *value != Value::NULL)
}

async fn timed(client: &mut Conn, sql: &str) -> (Outcome, Duration) {
    let begun = Instant::now();
    let answer = outcome(client, sql, &Way::Text).await;
    (answer, begun.elapsed())
}

/// The query with values for which the plain server finds rows.
async fn with_rows(plain: &mut Conn, query: &Query) -> String {
    for number in 0..query.tries().min(TRIES) {
        let sql = query.with(number);
        if has_rows(&outcome(plain, &sql, &Way::Text).await) {
            return sql;
        }
    }
    panic!("query {} finds no rows", query.number);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tpch_is_answered_as_by_one_server() {
    let scale = scale();
    let server = server_of(family::usual());
    let sizing = if scale.0 < 0.02 { Sizing::TEST } else { Sizing::DEVELOPMENT };
    let cluster = TestCluster::start_with(|options| {
        options.servers = vec![server.clone()];
        options.sizing = sizing.clone();
    });
    let plain_server = PlainServer::sized(server.clone(), sizing.clone());
    let mut node = cluster.database("tpch", "DBPARTITIONS = 4").await;
    let mut plain = connect(plain_server.port(), None).await;
    run(&mut plain, "CREATE DATABASE tpch").await;
    run(&mut plain, "USE tpch").await;
    for (table, columns, clause) in TABLES {
        run(&mut node, &format!("CREATE TABLE {table} ({columns}) {clause}")).await;
        run(&mut plain, &format!("CREATE TABLE {table} ({columns})")).await;
    }
    let begun = Instant::now();
    load([cluster.client(Some("tpch")).await, connect(plain_server.port(), Some("tpch")).await], scale).await;
    println!("scale {}: {} orders loaded in {:.1?}", scale.0, scale.orders(), begun.elapsed());
    let (mut different, mut sums) = (Vec::new(), [Duration::ZERO; 2]);
    println!("query    one server       cluster  way     rows");
    for query in queries::all() {
        let sql = with_rows(&mut plain, &query).await;
        // The first run warms both up.
        let (first, _) = timed(&mut node, &sql).await;
        let (expected, plain_time) = timed(&mut plain, &sql).await;
        let (answer, node_time) = timed(&mut node, &sql).await;
        let mode = mode(&mut node, &sql).await;
        let count = match &expected {
            Outcome::Rows { rows, .. } => rows.len(),
            _ => 0,
        };
        println!(
            "{:>5} {:>10.1} ms {:>10.1} ms  {mode:<7} {count}",
            query.number,
            plain_time.as_secs_f64() * 1e3,
            node_time.as_secs_f64() * 1e3
        );
        sums[0] += plain_time;
        sums[1] += node_time;
        let likeness = Likeness { ordered: true, gathered: mode == "gather", ..Likeness::default() };
        for answer in [&first, &answer] {
            if let Some(text) = likeness.difference(answer, &expected) {
                different.push(format!("query {}: {sql}\n{text}", query.number));
            }
        }
    }
    println!("  all {:>10.1} ms {:>10.1} ms", sums[0].as_secs_f64() * 1e3, sums[1].as_secs_f64() * 1e3);
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

/// The way that EXPLAIN names.
async fn mode(client: &mut Conn, sql: &str) -> String {
    use mysql_async::prelude::Queryable;
    let rows: Vec<mysql_async::Row> = client.query(format!("EXPLAIN {sql}")).await.unwrap_or_default();
    rows.first().and_then(|row| row.get("MODE")).unwrap_or_else(|| "refused".to_owned())
}
