//! Runs cases on a cluster and a plain server, by text and prepared, and compares all that a client sees.

use std::collections::BTreeMap;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{PlainServer, TestCluster, connect, run, server_of};
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::likeness::Likeness;
use ostrakon_tests::statement::{self, is_query, is_write};

use super::file::{self, Case};

/// The moment that all cases take for now.
const NOW: &str = "SET timestamp = 1718454896";

/// A table of the schema: its name in lower case, the statements that fill it, and its rows then.
struct Table {
    name: String,
    fill: Vec<String>,
    rows: Outcome,
}

/// Both servers with the shop's tables, and what was found so far.
pub struct Shop {
    node: Conn,
    plain: Conn,
    tables: Vec<Table>,
    topic: String,
    /// By topic, by the way that EXPLAIN names.
    routes: BTreeMap<String, BTreeMap<String, usize>>,
    /// Refused by the cluster, and not listed: by reason.
    pub refusals: BTreeMap<String, Vec<String>>,
    pub differences: Vec<String>,
    // Dropped after the clients.
    servers: (TestCluster, PlainServer),
}

/// What the plain server answered, where the case means something else.
fn not_meant(case: &Case, plain: &Outcome) -> Option<String> {
    let is_meant = match plain {
        Outcome::Error { errno, .. } => case.errors.contains(errno),
        Outcome::Rows { rows, .. } => case.errors.is_empty() && rows.is_empty() == case.empty,
        // What a write counts is the case's own affair, but for one that is to change nothing.
        Outcome::Done { affected_rows, .. } => {
            case.errors.is_empty()
                && (!is_write(&case.sql) || (*affected_rows == 0) == case.empty || case.after.is_some())
        }
    };
    (!is_meant).then(|| {
        format!("  the plain server answers what the case does not mean: {:.300}", format!("{plain:?}"))
    })
}

/// Rows without repetitions.
fn each_once(outcome: Outcome) -> Outcome {
    let mut outcome = outcome.sorted();
    if let Outcome::Rows { rows, .. } = &mut outcome {
        rows.dedup();
    }
    outcome
}

impl Shop {
    /// Starts both and fills the tables.
    pub async fn start(kind: ServerKind) -> Self {
        let cluster = TestCluster::of(&[kind, kind]);
        let plain_server = PlainServer::of(server_of(kind));
        let mut node = cluster.database("shop", "DBPARTITIONS = 4").await;
        let mut plain = connect(plain_server.port(), None).await;
        run(&mut plain, "CREATE DATABASE shop").await;
        run(&mut plain, "USE shop").await;
        for statement in file::statements("schema.sql") {
            run(&mut node, &file::schema(&statement, true)).await;
            run(&mut plain, &file::schema(&statement, false)).await;
        }
        let mut tables: Vec<Table> = Vec::new();
        for statement in file::statements("schema.sql") {
            let words = statement::words(&statement);
            if words.get(..2).is_some_and(|start| start == ["create", "table"]) {
                tables.push(Table {
                    name: words[2].clone(),
                    fill: Vec::new(),
                    rows: Outcome::Rows { columns: Vec::new(), rows: Vec::new() },
                });
            }
        }
        for statement in file::statements("data.sql") {
            let words = statement::words(&statement);
            let table = tables.iter_mut().find(|table| table.name == words[2]);
            table.unwrap_or_else(|| panic!("no table for {:.100}", statement)).fill.push(statement);
        }
        let mut shop = Self {
            node,
            plain,
            tables,
            topic: String::new(),
            routes: BTreeMap::new(),
            refusals: BTreeMap::new(),
            differences: Vec::new(),
            servers: (cluster, plain_server),
        };
        for at in 0..shop.tables.len() {
            shop.fill(at).await;
            shop.tables[at].rows = shop.rows(at).await.1;
        }
        shop
    }

    async fn both(&mut self, sql: &str) {
        run(&mut self.node, sql).await;
        run(&mut self.plain, sql).await;
    }

    async fn fill(&mut self, table: usize) {
        for statement in self.tables[table].fill.clone() {
            self.both(&statement).await;
        }
    }

    /// All rows of a table, on the cluster and on the plain server.
    async fn rows(&mut self, table: usize) -> (Outcome, Outcome) {
        let sql = format!("SELECT * FROM {}", self.tables[table].name);
        let node = outcome(&mut self.node, &sql, &Way::Text).await;
        let plain = outcome(&mut self.plain, &sql, &Way::Text).await;
        (Likeness::default().comparable(&node), Likeness::default().comparable(&plain))
    }

    /// Fills all tables anew; generated values begin again.
    async fn reset(&mut self) {
        for at in 0..self.tables.len() {
            let name = self.tables[at].name.clone();
            self.both(&format!("TRUNCATE TABLE {name}")).await;
            self.fill(at).await;
        }
    }

    /// New sessions, so that a topic finds what it expects.
    async fn begin_topic(&mut self, topic: &str) {
        topic.clone_into(&mut self.topic);
        self.node = self.servers.0.client(Some("shop")).await;
        self.plain = connect(self.servers.1.port(), Some("shop")).await;
        self.both(NOW).await;
    }

    /// Runs one case in all ways.
    pub async fn run(&mut self, case: &Case) {
        if self.topic != case.topic {
            self.begin_topic(&case.topic).await;
        }
        if case.reset {
            self.reset().await;
        }
        if case.session {
            self.compare(case, &Way::Text, "session").await;
            return;
        }
        let route = self.route(case).await;
        *self.routes.entry(case.topic.clone()).or_default().entry(route.clone()).or_default() += 1;
        if is_write(&case.sql) {
            self.run_write(case).await;
        } else {
            let answered = self.compare(case, &Way::Text, "text").await;
            if answered && is_query(&case.sql) {
                self.compare(case, &Way::Prepared(Vec::new()), "prepared").await;
            }
            // EXPLAIN must say what then happens.
            if answered != (route != "refused") && is_query(&case.sql) {
                self.found(case, "EXPLAIN", &format!("  EXPLAIN says {route}"));
            }
        }
    }

    /// A write: in a transaction that is rolled back, and by itself, once by text and once prepared.
    async fn run_write(&mut self, case: &Case) {
        let tables = self.tables_of(case);
        let (first, second) = match case.line % 2 {
            0 => (Way::Text, Way::Prepared(Vec::new())),
            _ => (Way::Prepared(Vec::new()), Way::Text),
        };
        self.both("BEGIN").await;
        let answered = self.compare(case, &first, "in a transaction").await;
        if answered {
            self.same_tables(case, &tables, "in a transaction").await;
        }
        self.both("ROLLBACK").await;
        if !answered {
            return;
        }
        for at in &tables {
            let (node, _) = self.rows(*at).await;
            if node != self.tables[*at].rows {
                let name = &self.tables[*at].name;
                self.found(case, "rolled back", &format!("  {name} is not what it was"));
            }
        }
        self.compare(case, &second, "by itself").await;
        let mut changed = self.same_tables(case, &tables, "by itself").await;
        if case.after.is_some() {
            // What it changed is not only what is compared.
            changed = (0..self.tables.len()).collect();
        }
        for at in changed {
            let name = self.tables[at].name.clone();
            self.both(&format!("DELETE FROM {name}")).await;
            self.fill(at).await;
        }
    }

    fn tables_of(&self, case: &Case) -> Vec<usize> {
        let named = case.after.clone().unwrap_or_else(|| statement::words(&case.sql));
        (0..self.tables.len()).filter(|at| named.contains(&self.tables[*at].name)).collect()
    }

    /// Compares whole tables, and gives those that are not what they were filled with.
    async fn same_tables(&mut self, case: &Case, tables: &[usize], when: &str) -> Vec<usize> {
        let mut changed = Vec::new();
        for at in tables {
            let (node, plain) = self.rows(*at).await;
            if let Some(text) = Likeness::default().difference(&node, &plain) {
                let text = format!("  then {}:\n{text}", self.tables[*at].name);
                self.found(case, when, &text);
            }
            if node != self.tables[*at].rows || plain != self.tables[*at].rows {
                changed.push(*at);
            }
        }
        changed
    }

    /// Runs a case's statement on both and compares the answers; false when the cluster refuses it.
    async fn compare(&mut self, case: &Case, way: &Way, when: &str) -> bool {
        let node = outcome(&mut self.node, &case.sql, way).await;
        let node_warnings = self.node.get_warnings();
        let plain = outcome(&mut self.plain, &case.sql, way).await;
        let plain_warnings = self.plain.get_warnings();
        if node.is_refusal() && !plain.is_refusal() {
            let Outcome::Error { message, .. } = &node else { return false };
            if case.refused.is_none() {
                let at = format!("{}:{}", case.topic, case.line);
                self.refusals.entry(message.clone()).or_default().push(at);
            }
            return false;
        }
        if let Some(text) = not_meant(case, &plain) {
            self.found(case, when, &text);
        }
        if let Some(reason) = &case.refused {
            let text = format!("  is answered, and listed as refused ({reason})");
            self.found(case, when, &text);
        }
        let likeness = Likeness {
            ordered: statement::is_ordered(&case.sql) && !case.sorted,
            approximate: case.approximate,
            ..Likeness::default()
        };
        if let Some(text) = likeness.difference(&node, &plain) {
            self.found(case, when, &text);
        } else if node_warnings + plain_warnings > 0 {
            let mut node = outcome(&mut self.node, "SHOW WARNINGS", &Way::Text).await.labels_only();
            let mut plain = outcome(&mut self.plain, "SHOW WARNINGS", &Way::Text).await.labels_only();
            if !is_write(&case.sql) {
                // How often a query evaluates an expression, and warns, is the plan's.
                (node, plain) = (each_once(node), each_once(plain));
            }
            if let Some(text) = Likeness::default().difference(&node, &plain) {
                self.found(case, when, &format!("  warnings:\n{text}"));
            }
        }
        true
    }

    /// The way that EXPLAIN names: pass, merge, gather, scatter, broadcast, refused, or `-` for what it does not explain.
    async fn route(&mut self, case: &Case) -> String {
        if !is_write(&case.sql) && !is_query(&case.sql) {
            return "-".to_owned();
        }
        let rows: Result<Vec<mysql_async::Row>, _> = self.node.query(format!("EXPLAIN {}", case.sql)).await;
        match rows {
            Ok(rows) => {
                let mode = rows.first().and_then(|row| row.get::<String, _>("MODE"));
                mode.unwrap_or_else(|| "-".to_owned())
            }
            Err(mysql_async::Error::Server(error)) if error.code == 1235 => "refused".to_owned(),
            Err(mysql_async::Error::Server(_)) => "error".to_owned(),
            Err(error) => panic!("EXPLAIN {}: {error}", case.sql),
        }
    }

    fn found(&mut self, case: &Case, when: &str, text: &str) {
        let text = format!("{}:{} ({when}) {}\n{text}", case.topic, case.line, case.sql);
        println!("{text}");
        self.differences.push(text);
    }

    /// How many cases went which way, and what was refused.
    pub fn report(&self) {
        let mut all: BTreeMap<&str, usize> = BTreeMap::new();
        for (topic, routes) in &self.routes {
            let counts: Vec<String> =
                routes.iter().map(|(route, count)| format!("{route} {count}")).collect();
            println!("{topic}: {}", counts.join(", "));
            for (route, count) in routes {
                *all.entry(route).or_default() += count;
            }
        }
        println!("all {}: {all:?}", all.values().sum::<usize>());
        for (reason, cases) in &self.refusals {
            println!(
                "  {} refused and not listed: {reason} ({})",
                cases.len(),
                cases[..cases.len().min(5)].join(" ")
            );
        }
    }
}
