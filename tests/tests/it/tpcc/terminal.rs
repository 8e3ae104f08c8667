//! TPC-C's five transactions (clause 2), by a terminal that has a home warehouse and no thinking time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Params};
use ostrakon_tests::cluster::connect;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::conditions::Told;
use super::schema::{DISTRICTS, Scale, last_name};

/// Of a hundred order lines as many come from another warehouse (TPC-C: 1), and of payments (TPC-C: 15).
const REMOTE_LINES: f64 = 0.1;
const REMOTE_PAYMENTS: f64 = 0.3;
/// Deadlock: the transaction is begun again.
const DEADLOCK: u16 = 1213;

/// A transaction that ended otherwise than by COMMIT.
#[derive(Debug)]
pub enum Failure {
    /// New-Order's unused item: one in a hundred.
    Intended,
    Sql(Error),
    /// An answer that is not TPC-C's.
    Wrong(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// What a terminal did and was told.
#[derive(Debug, Default)]
pub struct Report {
    pub told: Told,
    /// How often each transaction was committed.
    pub committed: BTreeMap<&'static str, u64>,
    pub rolled_back: u64,
    pub deadlocks: u64,
    /// New orders and payments of more than one warehouse.
    pub remote: u64,
    /// Errors and wrong answers: none may be.
    pub faults: Vec<String>,
}

impl Report {
    pub fn join(&mut self, other: Self) {
        self.told.new_orders += other.told.new_orders;
        self.told.payments += other.told.payments;
        self.told.delivered += other.told.delivered;
        for (name, times) in other.committed {
            *self.committed.entry(name).or_default() += times;
        }
        self.rolled_back += other.rolled_back;
        self.deadlocks += other.deadlocks;
        self.remote += other.remote;
        self.faults.extend(other.faults);
    }
}

pub struct Terminal {
    connection: Conn,
    scale: Scale,
    home: u64,
    random: StdRng,
    report: Report,
}

/// A number of cents as SQL.
fn money(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

impl Terminal {
    pub async fn new(port: u16, scale: Scale, number: u64, seed: u64) -> Self {
        let connection = connect(port, Some("tpcc")).await;
        let random = StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(number));
        Self { connection, scale, home: number % scale.warehouses + 1, random, report: Report::default() }
    }

    /// Transactions in the mix of clause 5.2.3 until it is told to stop, or one goes wrong.
    pub async fn run(mut self, stop: Arc<AtomicBool>) -> Report {
        while !stop.load(Ordering::Relaxed) && self.report.faults.is_empty() {
            let (name, done) = match self.random.random_range(0..100) {
                0..45 => ("new order", self.new_order().await),
                45..88 => ("payment", self.payment().await),
                88..92 => ("order status", self.order_status().await),
                92..96 => ("delivery", self.delivery().await),
                _ => ("stock level", self.stock_level().await),
            };
            match done {
                Ok(()) => *self.report.committed.entry(name).or_default() += 1,
                Err(failure) => self.failed(name, failure).await,
            }
        }
        self.report
    }

    async fn failed(&mut self, name: &str, failure: Failure) {
        match failure {
            Failure::Intended => self.report.rolled_back += 1,
            Failure::Sql(Error::Server(error)) if error.code == DEADLOCK => self.report.deadlocks += 1,
            Failure::Sql(error) => self.report.faults.push(format!("{name}: {error}")),
            Failure::Wrong(text) => self.report.faults.push(format!("{name}: {text}")),
        }
        if let Err(error) = self.connection.query_drop("ROLLBACK").await {
            self.report.faults.push(format!("ROLLBACK after {name}: {error}"));
        }
    }

    async fn run_sql(&mut self, sql: &str, parameters: impl Into<Params> + Send) -> Result<u64> {
        self.connection.exec_drop(sql, parameters.into()).await?;
        Ok(self.connection.affected_rows())
    }

    async fn rows<T: mysql_async::prelude::FromRow + Send + 'static>(
        &mut self,
        sql: &str,
        parameters: impl Into<Params> + Send,
    ) -> Result<Vec<T>> {
        Ok(self.connection.exec(sql, parameters.into()).await?)
    }

    /// The one row that must be there.
    async fn row<T: mysql_async::prelude::FromRow + Send + 'static>(
        &mut self,
        sql: &str,
        parameters: impl Into<Params> + Send,
    ) -> Result<T> {
        let row: Option<T> = self.connection.exec_first(sql, parameters.into()).await?;
        row.ok_or_else(|| Failure::Wrong(format!("no row: {sql}")))
    }

    /// As many rows as must be changed.
    async fn change(&mut self, sql: &str, parameters: impl Into<Params> + Send) -> Result<()> {
        match self.run_sql(sql, parameters).await? {
            1 => Ok(()),
            rows => Err(Failure::Wrong(format!("{rows} rows changed instead of one: {sql}"))),
        }
    }

    fn district(&mut self) -> u64 {
        self.random.random_range(1..=DISTRICTS)
    }

    fn customer(&mut self) -> u64 {
        self.random.random_range(1..=self.scale.customers)
    }

    fn other_warehouse(&mut self) -> u64 {
        let step = self.random.random_range(1..self.scale.warehouses.max(2));
        (self.home - 1 + step) % self.scale.warehouses + 1
    }

    async fn new_order(&mut self) -> Result<()> {
        let (w, d, c) = (self.home, self.district(), self.customer());
        let count = self.random.random_range(5..=15u64);
        let is_rolled_back = self.random.random_bool(0.01);
        let mut wanted = Vec::new();
        for number in 1..=count {
            let item = if is_rolled_back && number == count {
                self.scale.items + 1
            } else {
                self.random.random_range(1..=self.scale.items)
            };
            let supplier = if self.random.random_bool(REMOTE_LINES) { self.other_warehouse() } else { w };
            wanted.push((number, item, supplier, self.random.random_range(1..=10i64)));
        }
        let all_local = wanted.iter().all(|(_, _, supplier, _)| *supplier == w);
        self.connection.query_drop("BEGIN").await?;
        let _: String = self.row("SELECT w_tax FROM warehouse WHERE w_id = ?", (w,)).await?;
        let (_, order): (String, u64) = self
            .row("SELECT d_tax, d_next_o_id FROM district WHERE d_w_id = ? AND d_id = ? FOR UPDATE", (w, d))
            .await?;
        self.change(
            "UPDATE district SET d_next_o_id = d_next_o_id + 1 WHERE d_w_id = ? AND d_id = ?",
            (w, d),
        )
        .await?;
        let _: (String, String, String) = self
            .row("SELECT c_discount, c_last, c_credit FROM customer WHERE c_w_id = ? AND c_d_id = ? AND c_id = ?", (w, d, c))
            .await?;
        self.change(
            "INSERT INTO orders (o_id, o_d_id, o_w_id, o_c_id, o_entry_d, o_carrier_id, o_ol_cnt, o_all_local) VALUES (?, ?, ?, ?, NOW(), NULL, ?, ?)",
            (order, d, w, c, count, all_local),
        )
        .await?;
        self.change("INSERT INTO new_order (no_o_id, no_d_id, no_w_id) VALUES (?, ?, ?)", (order, d, w))
            .await?;
        let mut lines = Vec::new();
        for (number, item, supplier, quantity) in wanted {
            let price: Option<(i64, String)> = self
                .connection
                .exec_first("SELECT CAST(i_price * 100 AS SIGNED), i_name FROM item WHERE i_id = ?", (item,))
                .await?;
            let Some((price, _)) = price else { return Err(Failure::Intended) };
            let (stock, info): (i64, String) = self
                .row(
                    "SELECT s_quantity, s_dist FROM stock WHERE s_i_id = ? AND s_w_id = ? FOR UPDATE",
                    (item, supplier),
                )
                .await?;
            let left = if stock >= quantity + 10 { stock - quantity } else { stock - quantity + 91 };
            self.change(
                "UPDATE stock SET s_quantity = ?, s_ytd = s_ytd + ?, s_order_cnt = s_order_cnt + 1, s_remote_cnt = s_remote_cnt + ? WHERE s_i_id = ? AND s_w_id = ?",
                (left, quantity, supplier != w, item, supplier),
            )
            .await?;
            let amount = money(price * quantity);
            lines.push(format!(
                "({order}, {d}, {w}, {number}, {item}, {supplier}, NULL, {quantity}, {amount}, '{info}')"
            ));
        }
        let sql = format!(
            "INSERT INTO order_line (ol_o_id, ol_d_id, ol_w_id, ol_number, ol_i_id, ol_supply_w_id, ol_delivery_d, ol_quantity, ol_amount, ol_dist_info) VALUES {}",
            lines.join(", ")
        );
        self.connection.query_drop(sql).await?;
        self.connection.query_drop("COMMIT").await?;
        self.report.told.new_orders += 1;
        self.report.remote += u64::from(!all_local);
        Ok(())
    }

    /// The customer's number: given, or the middle one of those with a last name (clause 2.5.2.2).
    async fn find_customer(&mut self, (w, d): (u64, u64)) -> Result<u64> {
        if self.random.random_bool(0.4) {
            return Ok(self.customer());
        }
        let name = last_name(self.random.random_range(0..self.scale.names()));
        let sql = "SELECT c_id FROM customer WHERE c_w_id = ? AND c_d_id = ? AND c_last = ? ORDER BY c_first";
        let found: Vec<u64> = self.rows(sql, (w, d, name.clone())).await?;
        let middle = found.len().div_ceil(2).checked_sub(1).and_then(|at| found.get(at));
        middle.copied().ok_or_else(|| Failure::Wrong(format!("no customer {name} in {w}, {d}")))
    }

    async fn payment(&mut self) -> Result<()> {
        let (w, d) = (self.home, self.district());
        let is_remote = self.scale.warehouses > 1 && self.random.random_bool(REMOTE_PAYMENTS);
        let (cw, cd) = if is_remote { (self.other_warehouse(), self.district()) } else { (w, d) };
        let amount = money(self.random.random_range(100..=500_000));
        self.connection.query_drop("BEGIN").await?;
        self.change("UPDATE warehouse SET w_ytd = w_ytd + ? WHERE w_id = ?", (&amount, w)).await?;
        let warehouse: String = self.row("SELECT w_name FROM warehouse WHERE w_id = ?", (w,)).await?;
        self.change("UPDATE district SET d_ytd = d_ytd + ? WHERE d_w_id = ? AND d_id = ?", (&amount, w, d))
            .await?;
        let district: String =
            self.row("SELECT d_name FROM district WHERE d_w_id = ? AND d_id = ?", (w, d)).await?;
        let c = self.find_customer((cw, cd)).await?;
        let (credit, data): (String, String) = self
            .row("SELECT c_credit, c_data FROM customer WHERE c_w_id = ? AND c_d_id = ? AND c_id = ? FOR UPDATE", (cw, cd, c))
            .await?;
        let pay = "UPDATE customer SET c_balance = c_balance - ?, c_ytd_payment = c_ytd_payment + ?, c_payment_cnt = c_payment_cnt + 1";
        if credit == "BC" {
            let mut data = format!("{c} {cd} {cw} {d} {w} {amount} | {data}");
            data.truncate(500);
            let sql = format!("{pay}, c_data = ? WHERE c_w_id = ? AND c_d_id = ? AND c_id = ?");
            self.change(&sql, (&amount, &amount, data, cw, cd, c)).await?;
        } else {
            let sql = format!("{pay} WHERE c_w_id = ? AND c_d_id = ? AND c_id = ?");
            self.change(&sql, (&amount, &amount, cw, cd, c)).await?;
        }
        self.change(
            "INSERT INTO history (h_c_id, h_c_d_id, h_c_w_id, h_d_id, h_w_id, h_date, h_amount, h_data) VALUES (?, ?, ?, ?, ?, NOW(), ?, ?)",
            (c, cd, cw, d, w, &amount, format!("{warehouse}    {district}")),
        )
        .await?;
        self.connection.query_drop("COMMIT").await?;
        self.report.told.payments += 1;
        self.report.remote += u64::from(is_remote);
        Ok(())
    }

    async fn order_status(&mut self) -> Result<()> {
        let (w, d) = (self.home, self.district());
        self.connection.query_drop("START TRANSACTION READ ONLY").await?;
        let c = self.find_customer((w, d)).await?;
        let _: (String, String) = self
            .row(
                "SELECT c_balance, c_first FROM customer WHERE c_w_id = ? AND c_d_id = ? AND c_id = ?",
                (w, d, c),
            )
            .await?;
        let sql = "SELECT o_id, o_ol_cnt FROM orders WHERE o_w_id = ? AND o_d_id = ? AND o_c_id = ? ORDER BY o_id DESC LIMIT 1";
        let (order, count): (u64, u64) = self.row(sql, (w, d, c)).await?;
        let sql = "SELECT ol_i_id, ol_supply_w_id, ol_quantity FROM order_line WHERE ol_w_id = ? AND ol_d_id = ? AND ol_o_id = ?";
        let lines: Vec<(u64, u64, u64)> = self.rows(sql, (w, d, order)).await?;
        self.connection.query_drop("COMMIT").await?;
        if lines.len() as u64 != count {
            return Err(Failure::Wrong(format!(
                "order {w}, {d}, {order} has {} lines of {count}",
                lines.len()
            )));
        }
        Ok(())
    }

    async fn delivery(&mut self) -> Result<()> {
        let w = self.home;
        let carrier = self.random.random_range(1..=10u64);
        self.connection.query_drop("BEGIN").await?;
        let mut delivered = 0;
        for d in 1..=DISTRICTS {
            let sql = "SELECT no_o_id FROM new_order WHERE no_w_id = ? AND no_d_id = ? ORDER BY no_o_id LIMIT 1 FOR UPDATE";
            let oldest: Vec<u64> = self.rows(sql, (w, d)).await?;
            let Some(order) = oldest.first().copied() else { continue };
            self.change(
                "DELETE FROM new_order WHERE no_w_id = ? AND no_d_id = ? AND no_o_id = ?",
                (w, d, order),
            )
            .await?;
            let c: u64 = self
                .row(
                    // The order may be younger than this transaction's snapshot.
                    "SELECT o_c_id FROM orders WHERE o_w_id = ? AND o_d_id = ? AND o_id = ? FOR UPDATE",
                    (w, d, order),
                )
                .await?;
            self.change(
                "UPDATE orders SET o_carrier_id = ? WHERE o_w_id = ? AND o_d_id = ? AND o_id = ?",
                (carrier, w, d, order),
            )
            .await?;
            let sql = "UPDATE order_line SET ol_delivery_d = NOW() WHERE ol_w_id = ? AND ol_d_id = ? AND ol_o_id = ?";
            self.run_sql(sql, (w, d, order)).await?;
            let sql =
                "SELECT SUM(ol_amount) FROM order_line WHERE ol_w_id = ? AND ol_d_id = ? AND ol_o_id = ?";
            let amount: String = self.row(sql, (w, d, order)).await?;
            let sql = "UPDATE customer SET c_balance = c_balance + ?, c_delivery_cnt = c_delivery_cnt + 1 WHERE c_w_id = ? AND c_d_id = ? AND c_id = ?";
            self.change(sql, (amount, w, d, c)).await?;
            delivered += 1;
        }
        self.connection.query_drop("COMMIT").await?;
        self.report.told.delivered += delivered;
        Ok(())
    }

    async fn stock_level(&mut self) -> Result<()> {
        let (w, d, threshold) = (self.home, self.district(), self.random.random_range(10..=20u64));
        self.connection.query_drop("BEGIN").await?;
        let next: u64 =
            self.row("SELECT d_next_o_id FROM district WHERE d_w_id = ? AND d_id = ?", (w, d)).await?;
        let sql = "SELECT COUNT(DISTINCT s_i_id) FROM order_line JOIN stock ON s_i_id = ol_i_id AND s_w_id = ol_w_id \
                   WHERE ol_w_id = ? AND ol_d_id = ? AND ol_o_id < ? AND ol_o_id >= ? AND s_w_id = ? AND s_quantity < ?";
        let _: u64 = self.row(sql, (w, d, next, next.saturating_sub(20), w, threshold)).await?;
        self.connection.query_drop("COMMIT").await?;
        Ok(())
    }
}
