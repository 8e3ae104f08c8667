//! TPC-C over shards: its five transactions with COMMIT across warehouses, and its consistency conditions, checked through a node and where the rows are.
//!
//! `make tpcc` runs it longer; `OSTRAKON_TPCC_FULL=1` loads warehouses of TPC-C's own size.

mod conditions;
mod schema;
mod terminal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::{FromRow, Queryable};
use ostrakon_tests::cluster::{PlainServer, TestCluster, connect, run};
use ostrakon_tests::physical;

use crate::bank::number;
use conditions::{Customer, Line, Order, Payment, Rows, Stock};
use schema::Scale;
use terminal::{Report, Terminal};

const TERMINALS: u64 = 9;

/// Three warehouses, on two instances, so that payments and order lines of others cross groups and instances.
fn scale() -> Scale {
    let warehouses = number("OSTRAKON_TPCC_WAREHOUSES", 3);
    match number("OSTRAKON_TPCC_FULL", 0) {
        0 => Scale { warehouses, items: 300, customers: 30 },
        _ => Scale { warehouses, items: 100_000, customers: 3000 },
    }
}

/// Rows of a table, through a node or a server, or from the physical tables.
enum Source<'a> {
    Client(&'a mut Conn),
    Physical(&'a TestCluster, &'a mut Conn),
}

impl Source<'_> {
    async fn rows<T: FromRow + Send + 'static>(&mut self, table: &str, columns: &str) -> Vec<T> {
        match self {
            Self::Client(client) => client.query(format!("SELECT {columns} FROM {table}")).await.unwrap(),
            Self::Physical(cluster, client) => {
                let tables = physical::tables(cluster, client, table).await;
                physical::rows::<T>(&tables, columns).await.into_iter().map(|(_, row)| row).collect()
            }
        }
    }

    async fn all(&mut self) -> Rows {
        let cents = |column: &str| format!("CAST({column} * 100 AS SIGNED)");
        let mut rows = Rows::default();
        let columns = format!("w_id, {}", cents("w_ytd"));
        rows.warehouses = self.rows::<(u64, i64)>("warehouse", &columns).await.into_iter().collect();
        let columns = format!("d_w_id, d_id, d_next_o_id, {}", cents("d_ytd"));
        for (w, d, next, ytd) in self.rows("district", &columns).await {
            rows.districts.insert((w, d), (next, ytd));
        }
        let columns = format!("c_w_id, c_d_id, c_id, {}, {}", cents("c_balance"), cents("c_ytd_payment"));
        for (w, d, c, balance, ytd_payment) in self.rows("customer", &columns).await {
            rows.customers.insert((w, d, c), Customer { balance, ytd_payment });
        }
        let columns = format!("h_c_w_id, h_c_d_id, h_c_id, h_w_id, h_d_id, {}", cents("h_amount"));
        for (cw, cd, c, w, d, amount) in self.rows("history", &columns).await {
            rows.payments.push(Payment { customer: (cw, cd, c), at: (w, d), amount });
        }
        let columns = "o_w_id, o_d_id, o_id, o_c_id, o_carrier_id IS NOT NULL, o_ol_cnt";
        for (w, d, id, customer, is_carried, lines) in self.rows("orders", columns).await {
            rows.orders.insert((w, d, id), Order { customer, is_carried, lines });
        }
        rows.new_orders = self.rows("new_order", "no_w_id, no_d_id, no_o_id").await.into_iter().collect();
        let columns = format!(
            "ol_w_id, ol_d_id, ol_o_id, ol_i_id, ol_supply_w_id, ol_delivery_d IS NOT NULL, ol_quantity, {}",
            cents("ol_amount")
        );
        for (w, d, o, item, supplier, is_delivered, quantity, amount) in
            self.rows("order_line", &columns).await
        {
            rows.lines.push(Line { order: (w, d, o), item, supplier, is_delivered, quantity, amount });
        }
        for (w, item, ytd, orders, remote) in
            self.rows("stock", "s_w_id, s_i_id, s_ytd, s_order_cnt, s_remote_cnt").await
        {
            rows.stock.insert((w, item), Stock { ytd, orders, remote });
        }
        rows
    }
}

/// Terminals work for a time; nothing but deadlocks and New-Order's own rollbacks may go wrong.
async fn business(ports: &[u16], scale: Scale, seconds: u64, seed: u64) -> Report {
    let stop = Arc::new(AtomicBool::new(false));
    let mut terminals = Vec::new();
    for number in 0..TERMINALS {
        let port = ports[usize::try_from(number).unwrap() % ports.len()];
        let terminal = Terminal::new(port, scale, number, seed).await;
        terminals.push(tokio::spawn(terminal.run(Arc::clone(&stop))));
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut report = Report::default();
    for terminal in terminals {
        report.join(terminal.await.expect("a terminal does not panic"));
    }
    println!(
        "{seconds} s, {TERMINALS} terminals: {:?}, {} over several warehouses; {} rolled back as they should, {} deadlocks",
        report.committed, report.remote, report.rolled_back, report.deadlocks
    );
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
    assert!(report.committed.len() == 5, "not every transaction was run: {:?}", report.committed);
    assert!(report.remote > 0 || scale.warehouses == 1, "no transaction was of several warehouses");
    report
}

fn judge(rows: &Rows, scale: Scale, report: &Report, from: &str) {
    let wrong = conditions::violations(rows, scale, &report.told);
    assert!(
        wrong.is_empty(),
        "{from}: {} violations, the first: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(10)]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tpcc_on_a_plain_server_keeps_its_conditions() {
    let plain = PlainServer::start();
    let mut client = connect(plain.port(), None).await;
    run(&mut client, "CREATE DATABASE tpcc").await;
    run(&mut client, "USE tpcc").await;
    let scale = Scale { warehouses: 2, items: 100, customers: 10 };
    schema::create(&mut client, false).await;
    schema::load(plain.port(), scale, 1).await;
    let rows = Source::Client(&mut client).all().await;
    judge(&rows, scale, &Report::default(), "after the load");
    let report = business(&[plain.port()], scale, 3, 1).await;
    judge(&Source::Client(&mut client).all().await, scale, &report, "on the server");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tpcc_over_groups_keeps_its_conditions() {
    let scale = scale();
    let seconds = number("OSTRAKON_TPCC_SECONDS", 8);
    let seed = number("OSTRAKON_TPCC_SEED", rand::random::<u32>().into());
    let groups = number("OSTRAKON_TPCC_GROUPS", 4);
    println!("OSTRAKON_TPCC_SEED={seed} {scale:?}, {groups} groups");
    let cluster = TestCluster::start();
    let mut client = cluster.database("tpcc", &format!("DBPARTITIONS {groups}")).await;
    schema::create(&mut client, true).await;
    let begin = Instant::now();
    schema::load(cluster.port(), scale, seed).await;
    println!("loaded in {:.1?}", begin.elapsed());
    judge(&Source::Client(&mut client).all().await, scale, &Report::default(), "after the load");
    let report = business(&[cluster.port()], scale, seconds, seed).await;
    let through = Source::Client(&mut client).all().await;
    judge(&through, scale, &report, "through the node");
    let direct = Source::Physical(&cluster, &mut client).all().await;
    judge(&direct, scale, &report, "in the physical tables");
}
