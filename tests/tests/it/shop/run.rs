//! Runs cases on a cluster and a plain server, by text and prepared, and compares all that a client sees.

use std::collections::BTreeMap;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{PlainServer, TestCluster, connect, run};
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::family::server_of;
use ostrakon_tests::likeness::Likeness;
use ostrakon_tests::statement::{self, is_query, is_write};

use super::by_plan;
use super::file::{self, Case};

/// The moment that all cases take for now.
const NOW: &str = "SET timestamp = 1718454896";

/// A table of the schema: its name in lower case, the statements that fill it, and its rows then.
struct Table {
    name: String,
    broadcast: bool,
    fill: Vec<String>,
    rows: Outcome,
}

/// A route as EXPLAIN tells it.
struct Route {
    /// pass, merge, gather, scatter, broadcast, refused, error, or `-` for what EXPLAIN does not take.
    mode: String,
    sends: Vec<(String, String)>,
}

impl Route {
    /// Any instance can answer, because no table is read.
    fn is_anywhere(&self) -> bool {
        self.sends.iter().all(|(group, _)| group == "(any)")
    }
}

/// Groups and the statements that they get.
fn sends(rows: &[Row]) -> Vec<(String, String)> {
    let text = |row: &Row, name: &str| row.get::<Option<String>, _>(name).flatten().unwrap_or_default();
    let mut all: Vec<_> = rows.iter().map(|row| (text(row, "GROUP_NAME"), text(row, "STATEMENT"))).collect();
    all.sort();
    all
}

/// Both servers with the shop's tables, and what was found so far.
pub struct Shop {
    node: Conn,
    plain: Conn,
    tables: Vec<Table>,
    topic: String,
    /// By topic, by the way that EXPLAIN names.
    routes: BTreeMap<String, BTreeMap<String, usize>>,
    /// The last statement compared was answered with an error.
    failed: bool,
    in_transaction: bool,
    /// Texts are sent with TRACE.
    traced: bool,
    /// Tables that a write has left changed for a case that reads its traces.
    left: Vec<usize>,
    /// The case goes through temporary tables.
    gathered: bool,
    /// Refused by the cluster, and not listed: by reason.
    pub refusals: BTreeMap<String, Vec<String>>,
    pub differences: Vec<String>,
    /// Queries whose column types or warnings are one thing or another on the plain server, as its plan is.
    by_plan: Vec<String>,
    kind: ServerKind,
    /// Each case by text and prepared, and each write in a transaction and by itself; else one of these.
    pub all_ways: bool,
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

/// The warnings of the last statement. Which row of the statement each is about is counted on each shard anew.
pub async fn warnings(client: &mut Conn) -> Outcome {
    let mut answer = outcome(client, "SHOW WARNINGS", &Way::Text).await.labels_only();
    if let Outcome::Rows { rows, .. } = &mut answer {
        for value in rows.iter_mut().flatten() {
            if let Value::Bytes(bytes) = value
                && let Some(at) = bytes.windows(8).position(|part| part == b" at row ")
            {
                bytes.truncate(at);
            }
        }
    }
    answer
}

/// There were more warnings than the list has place for.
fn is_cut(listed: &Outcome, count: u16) -> bool {
    matches!(listed, Outcome::Rows { rows, .. } if rows.len() < usize::from(count))
}

/// Warnings without their texts.
fn codes(mut listed: Outcome) -> Outcome {
    if let Outcome::Rows { rows, .. } = &mut listed {
        rows.iter_mut().for_each(|row| row.truncate(2));
    }
    listed
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
                    broadcast: statement.to_uppercase().contains("/*SHARD BROADCAST"),
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
            failed: false,
            in_transaction: false,
            traced: true,
            left: Vec::new(),
            gathered: false,
            refusals: BTreeMap::new(),
            differences: Vec::new(),
            by_plan: Vec::new(),
            kind,
            all_ways: std::env::var("OSTRAKON_ALL_WAYS").is_ok_and(|text| text == "1"),
            servers: (cluster, plain_server),
        };
        for at in 0..shop.tables.len() {
            shop.fill(at).await;
            shop.tables[at].rows = shop.rows(at).await.1;
        }
        shop
    }

    async fn both(&mut self, sql: &str) {
        tokio::join!(run(&mut self.node, sql), run(&mut self.plain, sql));
    }

    async fn fill(&mut self, table: usize) {
        for statement in self.tables[table].fill.clone() {
            self.both(&statement).await;
        }
    }

    /// All rows of a table, on the cluster and on the plain server.
    async fn rows(&mut self, table: usize) -> (Outcome, Outcome) {
        let sql = format!("SELECT * FROM {}", self.tables[table].name);
        let (node, plain) = tokio::join!(
            outcome(&mut self.node, &sql, &Way::Text),
            outcome(&mut self.plain, &sql, &Way::Text)
        );
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

    /// Runs one case in all ways; by text alone, with nothing behind it, where the next one reads what it leaves in the session.
    pub async fn run(&mut self, case: &Case, is_read_next: bool) {
        if self.topic != case.topic {
            self.begin_topic(&case.topic).await;
        }
        if case.reset {
            self.reset().await;
        }
        self.traced = !(case.session || is_read_next);
        self.gathered = case.gathered;
        if !self.traced {
            let answered = self.compare(case, &Way::Text, "session").await;
            if answered && !case.session && is_write(&case.sql) {
                self.left = self.tables_of(case);
            }
            return;
        }
        for at in std::mem::take(&mut self.left) {
            let name = self.tables[at].name.clone();
            self.both(&format!("DELETE FROM {name}")).await;
            self.fill(at).await;
        }
        let route = self.route(case).await;
        self.gathered = route.mode == "gather";
        *self.routes.entry(case.topic.clone()).or_default().entry(route.mode.clone()).or_default() += 1;
        let (by_text, prepared) = match (self.all_ways, case.line % 2) {
            (true, _) => (true, true),
            (false, odd) => (odd == 0, odd == 1),
        };
        if is_write(&case.sql) {
            // Text and prepared, in a transaction and by itself, in turn.
            let text_first = case.line % 4 < 2;
            let ways = [Way::Text, Way::Prepared(Vec::new())];
            let [first, second] = if text_first { [&ways[0], &ways[1]] } else { [&ways[1], &ways[0]] };
            let alone_only = !self.all_ways && !prepared;
            if alone_only || self.write_in_transaction(case, first, &route).await && self.all_ways {
                self.write_alone(case, second, &route).await;
            }
            return;
        }
        let mut answered = None;
        if by_text || !is_query(&case.sql) {
            let is_answered = self.compare(case, &Way::Text, "text").await;
            if is_answered {
                self.same_route(case, &route).await;
            }
            answered = Some(is_answered);
        }
        if prepared && is_query(&case.sql) && answered != Some(false) {
            answered = Some(self.compare(case, &Way::Prepared(Vec::new()), "prepared").await);
        }
        // EXPLAIN must say what then happens.
        if is_query(&case.sql) && answered == Some(route.mode == "refused") {
            self.found(case, "EXPLAIN", &format!("  EXPLAIN says {}", route.mode));
        }
    }

    /// A write in a transaction that is rolled back; false when it is refused.
    async fn write_in_transaction(&mut self, case: &Case, way: &Way, route: &Route) -> bool {
        let tables = self.tables_of(case);
        self.both("BEGIN").await;
        self.in_transaction = true;
        let answered = self.compare(case, way, "in a transaction").await;
        if answered {
            if matches!(way, Way::Text) {
                self.same_route(case, route).await;
            }
            self.same_tables(case, &tables, "in a transaction").await;
        }
        self.both("ROLLBACK").await;
        self.in_transaction = false;
        for at in tables.iter().filter(|_| answered) {
            let (node, _) = self.rows(*at).await;
            if node != self.tables[*at].rows {
                let text = format!("  {} is not what it was", self.tables[*at].name);
                self.found(case, "rolled back", &text);
            }
        }
        answered
    }

    /// A write by itself; the tables are filled again afterwards.
    async fn write_alone(&mut self, case: &Case, way: &Way, route: &Route) {
        let tables = self.tables_of(case);
        if !self.compare(case, way, "by itself").await {
            return;
        }
        if matches!(way, Way::Text) {
            self.same_route(case, route).await;
        }
        let changed = self.same_tables(case, &tables, "by itself").await;
        if case.after.is_some() {
            // What it changed is not only what is compared.
            self.refill(case).await;
        }
        for at in changed {
            let name = self.tables[at].name.clone();
            self.both(&format!("DELETE FROM {name}")).await;
            self.fill(at).await;
        }
    }

    /// Fills the tables that a case names.
    async fn refill(&mut self, case: &Case) {
        let words = statement::words(&case.sql);
        for at in
            (0..self.tables.len()).filter(|at| words.contains(&self.tables[*at].name)).collect::<Vec<_>>()
        {
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
        // What a text sends to the servers is compared with EXPLAIN.
        let sql = match way {
            Way::Text if self.traced && (is_query(&case.sql) || is_write(&case.sql)) => {
                format!("TRACE {}", case.sql)
            }
            _ => case.sql.clone(),
        };
        let (node, plain) = if is_query(&case.sql) {
            // Both at once; what is refused did no harm on the plain server.
            tokio::join!(outcome(&mut self.node, &sql, way), outcome(&mut self.plain, &case.sql, way))
        } else {
            let node = outcome(&mut self.node, &sql, way).await;
            if node.is_refusal() && case.refused.is_some() {
                return false;
            }
            (node, outcome(&mut self.plain, &case.sql, way).await)
        };
        let (node_warnings, plain_warnings) = (self.node.get_warnings(), self.plain.get_warnings());
        self.failed = matches!(node, Outcome::Error { .. });
        if node.is_refusal() && !plain.is_refusal() {
            let Outcome::Error { message, .. } = &node else { return false };
            if case.refused.is_none() {
                let at = format!("{}:{}", case.topic, case.line);
                self.refusals.entry(message.clone()).or_default().push(at);
            }
            if is_write(&case.sql) && !self.in_transaction {
                self.refill(case).await;
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
        if !is_query(&case.sql) && !is_write(&case.sql) {
            // SHOW and its like: their columns are of the server's own tables.
            let (node, plain) = (node.labels_only(), plain.labels_only());
            if let Some(text) = Likeness::default().difference(&node, &plain) {
                self.found(case, when, &text);
            }
            return true;
        }
        let likeness = Likeness {
            ordered: statement::is_ordered(&case.sql) && !case.sorted,
            approximate: case.approximate,
            gathered: self.gathered,
            ..Likeness::default()
        };
        if let Some(text) = likeness.difference(&node, &plain) {
            let same = |(answer, _): &(Outcome, Outcome)| likeness.difference(&node, answer).is_none();
            // Other rows are another answer, whatever the plan.
            let is_shape = likeness.difference(&node.clone().labels_only(), &plain.labels_only()).is_none();
            if !(is_shape && self.is_by_plan(case, way, same).await) {
                self.found(case, when, &text);
            }
        } else if node_warnings + plain_warnings > 0 {
            let (mut node, mut plain) = (warnings(&mut self.node).await, warnings(&mut self.plain).await);
            if is_cut(&node, node_warnings) && is_cut(&plain, plain_warnings) {
                // Which of them are listed is by the order in which rows are read.
                (node, plain) = (codes(node), codes(plain));
            }
            // How often an expression is evaluated, and warns, is the plan's.
            let (node, plain) = (each_once(node), each_once(plain));
            if let Some(text) = Likeness::default().difference(&node, &plain) {
                let same = |(_, warned): &(Outcome, Outcome)| each_once(warned.clone()) == node;
                if !self.is_by_plan(case, way, same).await {
                    self.found(case, when, &format!("  warnings:\n{text}"));
                }
            }
        }
        true
    }

    /// Whether the plain server gives the cluster's answer too, by another plan.
    async fn is_by_plan(
        &mut self,
        case: &Case,
        way: &Way,
        same: impl Fn(&(Outcome, Outcome)) -> bool,
    ) -> bool {
        if case.session || self.in_transaction {
            return false;
        }
        let answers = match is_query(&case.sql) {
            true => by_plan::answers(&mut self.plain, self.kind, &case.sql, way).await,
            false => {
                let warned = by_plan::write_warnings(&mut self.plain, &case.sql).await;
                vec![(warned.clone(), warned)]
            }
        };
        let given = answers.iter().any(same);
        if given {
            self.by_plan.push(format!("{}:{}", case.topic, case.line));
        }
        given
    }

    /// Whether any group can answer: all of the case's tables are broadcast, or it has none.
    fn reads_any_copy(&self, case: &Case) -> bool {
        is_query(&case.sql) && self.tables_of(case).iter().all(|at| self.tables[*at].broadcast)
    }

    /// What EXPLAIN says of a case.
    async fn route(&mut self, case: &Case) -> Route {
        let mut route = Route { mode: "-".to_owned(), sends: Vec::new() };
        if !is_write(&case.sql) && !is_query(&case.sql) {
            return route;
        }
        let rows: Result<Vec<Row>, _> = self.node.query(format!("EXPLAIN {}", case.sql)).await;
        match rows {
            Ok(rows) => {
                if let Some(mode) = rows.first().and_then(|row| row.get("MODE")) {
                    route.mode = mode;
                }
                route.sends = sends(&rows);
            }
            Err(mysql_async::Error::Server(error)) if error.code == 1235 => route.mode = "refused".to_owned(),
            Err(mysql_async::Error::Server(_)) => route.mode = "error".to_owned(),
            Err(error) => panic!("EXPLAIN {}: {error}", case.sql),
        }
        route
    }

    /// What was sent must be what EXPLAIN said; of what is gathered only that it was, because keys of small sources go to big ones.
    async fn same_route(&mut self, case: &Case, route: &Route) {
        if route.mode == "-" || route.mode == "error" || self.failed {
            return;
        }
        let rows: Vec<Row> = self.node.query("SHOW TRACE").await.expect("SHOW TRACE");
        let mut roles: Vec<String> = rows.iter().filter_map(|row| row.get("TYPE")).collect();
        roles.sort();
        roles.dedup();
        let expected: &[&str] = match route.mode.as_str() {
            "pass" => &["pass", "write"],
            "merge" => &["merge"],
            "scatter" | "broadcast" => &["write"],
            "gather" => &["gathered", "source"],
            _ => &[],
        };
        let is_gathered = route.mode == "gather";
        // EXPLAIN tells how rows are found, and what is written of each; which rows those are, only the run knows.
        let rows_first = route.sends.iter().any(|(place, _)| place == "(where each row belongs)");
        if rows_first {
            return;
        }
        // EXPLAIN takes no value from a sequence.
        let is_insert = matches!(statement::words(&case.sql)[0].as_str(), "insert" | "replace");
        let wrong = roles.iter().any(|role| !expected.contains(&role.as_str()))
            || (is_gathered && !roles.iter().any(|role| role == "gathered"))
            || (!is_gathered
                && !is_insert
                && !rows.is_empty()
                && sends(&rows) != route.sends
                && !route.is_anywhere()
                && !self.reads_any_copy(case));
        if wrong {
            let text =
                format!("  EXPLAIN: {} {:?}\n  TRACE: {roles:?} {:?}", route.mode, route.sends, sends(&rows));
            self.found(case, "trace", &text.chars().take(1200).collect::<String>());
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
        println!("  as the plain server by another plan: {}", self.by_plan.join(", "));
        for (reason, cases) in &self.refusals {
            println!(
                "  {} refused and not listed: {reason} ({})",
                cases.len(),
                cases[..cases.len().min(5)].join(" ")
            );
        }
    }
}
