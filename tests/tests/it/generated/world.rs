//! The tables of one seed on a cluster and on a plain server, and statements that run on both.

use std::sync::{Arc, OnceLock};

use mysql_async::{Conn, Value};
use ostrakon::dev::instance::Instance;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{PlainServer, TestCluster, connect, run};
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::family::server_of;
use ostrakon_tests::likeness::Likeness;
use ostrakon_tests::statement;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::schema::{self, Table};
use super::scope::Generator;
use super::tree::Tree;

/// What all worlds share.
pub struct Servers {
    pub cluster: TestCluster,
    pub plain: PlainServer,
    pub mysql: bool,
    /// One of the other family, once it is asked.
    pub other: OnceLock<PlainServer>,
}

impl Servers {
    pub fn start(kind: ServerKind) -> Self {
        Self {
            cluster: TestCluster::of(&[kind, kind]),
            plain: PlainServer::of(server_of(kind)),
            mysql: kind == ServerKind::MySql,
            other: OnceLock::new(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Instance> {
        self.cluster.cluster.instances.iter().chain([&self.plain.instance])
    }

    /// Whether every database server still answers.
    pub fn are_alive(&self) -> bool {
        self.all().all(|instance| instance.connect().is_ok())
    }

    /// Which servers have ended, and by what signal as far as they wrote it.
    pub fn last_words(&self) -> String {
        let ended = self.all().filter(|instance| instance.connect().is_err());
        let words = ended.map(|instance| {
            let log = instance.log();
            let signal =
                log.lines().rev().find(|line| line.contains("got signal") || line.contains("ssertion"));
            format!("{} ({})", instance.name(), signal.unwrap_or("no reason in its log"))
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// Statements that run one after the other on the first rows.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub statements: Vec<Tree>,
    pub prepared: bool,
    /// In a transaction that is rolled back.
    pub transaction: bool,
    pub approximate: bool,
    pub loose: bool,
}

impl Scenario {
    /// How answers to one of its statements are compared.
    pub fn likeness(&self, sql: &str) -> Likeness {
        Likeness {
            ordered: statement::is_ordered(sql),
            approximate: self.approximate,
            loose: self.loose,
            exact_info: false,
            gathered: true,
            any_plan: true,
        }
    }
}

/// What came of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Same,
    /// By the cluster, with 1235 and this text.
    Refused(String),
    /// The plain server took too long.
    Slow,
    Different {
        kind: String,
        text: String,
    },
}

/// Errors of values that do not fit, or that are there already: of several, servers name the one that they meet first.
const CONVERSION: &[u16] = &[1048, 1062, 1264, 1265, 1292, 1364, 1365, 1366, 1406, 1411, 1690];
/// A statement took longer than it may.
const TOO_LONG: &[u16] = &[1969, 3024];

/// One seed's tables.
pub struct World {
    pub seed: u64,
    pub servers: Arc<Servers>,
    pub tables: Vec<Table>,
    pub node: Conn,
    pub plain: Conn,
    /// Tables that do not hold their first rows.
    changed: Vec<usize>,
}

impl World {
    pub async fn new(servers: Arc<Servers>, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let tables = schema::tables(&mut rng, servers.mysql);
        let groups = 2 + seed % 3;
        let mut node =
            servers.cluster.database(&format!("g{seed}"), &format!("DBPARTITIONS = {groups}")).await;
        let mut plain = connect(servers.plain.port(), None).await;
        run(&mut plain, &format!("CREATE DATABASE g{seed}")).await;
        run(&mut plain, &format!("USE g{seed}")).await;
        for table in &tables {
            run(&mut node, &table.create(true)).await;
            run(&mut plain, &table.create(false)).await;
        }
        let mut world = Self { seed, servers, tables, node, plain, changed: Vec::new() };
        world.connect().await;
        for at in 0..world.tables.len() {
            world.fill(at).await;
        }
        world
    }

    /// New clients.
    async fn connect(&mut self) {
        let database = format!("g{}", self.seed);
        self.node = self.servers.cluster.client(Some(&database)).await;
        self.plain = connect(self.servers.plain.port(), Some(&database)).await;
        let patience = match self.servers.mysql {
            true => "SET SESSION max_execution_time = 5000",
            false => "SET SESSION max_statement_time = 5",
        };
        run(&mut self.plain, patience).await;
        for client in [&mut self.node, &mut self.plain] {
            run(client, "SET SESSION time_zone = '+00:00'").await;
        }
    }

    async fn both(&mut self, sql: &str) {
        tokio::join!(run(&mut self.node, sql), run(&mut self.plain, sql));
    }

    async fn fill(&mut self, at: usize) {
        let insert = self.tables[at].insert(&self.tables[at].rows);
        self.both(&format!("DELETE FROM {}", self.tables[at].name)).await;
        if let Some(insert) = insert {
            self.both(&insert).await;
        }
    }

    /// Other rows in a table, for the next scenarios.
    pub async fn set_rows(&mut self, at: usize, rows: Vec<Vec<String>>) {
        self.tables[at].rows = rows;
        self.fill(at).await;
    }

    /// The scenario of that number.
    pub fn scenario(&self, number: u64) -> Scenario {
        let mut rng = StdRng::seed_from_u64(self.seed.wrapping_mul(1_000_003).wrapping_add(number));
        let mut generator = Generator::new(&mut rng, &self.tables, self.servers.mysql);
        let writes = generator.one_in(3);
        let (prepared, transaction) = (generator.one_in(3), generator.one_in(2));
        let mut statements = Vec::new();
        for number in 0..if writes && generator.one_in(4) { 2 + generator.below(2) } else { 1 } {
            generator.is_later = number > 0;
            statements.push(if writes { generator.write() } else { generator.query() });
        }
        let (approximate, loose) = (generator.approximate, generator.loose);
        Scenario { statements, prepared, transaction: writes && transaction, approximate, loose }
    }

    /// Plays a scenario on both and compares all that a client sees; the tables hold their first rows afterwards.
    pub async fn play(&mut self, scenario: &Scenario) -> Verdict {
        if scenario.transaction {
            self.both("BEGIN").await;
        }
        let mut verdict = Verdict::Same;
        for statement in &scenario.statements {
            verdict = self.compare(scenario, statement).await;
            if verdict != Verdict::Same {
                break;
            }
        }
        if scenario.transaction && !matches!(verdict, Verdict::Different { .. }) {
            self.both("ROLLBACK").await;
        } else if matches!(verdict, Verdict::Different { .. }) {
            // Whatever state that left behind.
            self.connect().await;
        }
        if matches!(verdict, Verdict::Different { .. } | Verdict::Refused(_)) {
            self.changed = self.named(scenario);
        }
        for at in std::mem::take(&mut self.changed) {
            self.fill(at).await;
        }
        verdict
    }

    /// The tables that a scenario names.
    pub fn named(&self, scenario: &Scenario) -> Vec<usize> {
        let words: Vec<String> =
            scenario.statements.iter().flat_map(|tree| statement::words(&tree.text())).collect();
        (0..self.tables.len()).filter(|at| words.contains(&self.tables[*at].name)).collect()
    }

    async fn compare(&mut self, scenario: &Scenario, tree: &Tree) -> Verdict {
        let (sql, way) = spelled(scenario, tree);
        let node = outcome(&mut self.node, &sql, &way).await;
        let node_warnings = self.node.get_warnings();
        if let (true, Outcome::Error { message, .. }) = (node.is_refusal(), &node) {
            // MySQL has errors of that number of its own.
            if !matches!(
                outcome(&mut self.plain, &format!("EXPLAIN {sql}"), &way).await,
                Outcome::Error { errno: 1235, .. }
            ) {
                return Verdict::Refused(message.clone());
            }
            return Verdict::Same;
        }
        let plain = outcome(&mut self.plain, &sql, &way).await;
        let plain_warnings = self.plain.get_warnings();
        let is_delete = statement::words(&sql).first().is_some_and(|word| word == "delete");
        if let Some(verdict) = judge(&node, &plain, is_delete) {
            return verdict;
        }
        let likeness = scenario.likeness(&sql);
        if let Some(mut text) = likeness.difference(&node, &plain) {
            for (name, answer) in [("node", &node), ("plain", &plain)] {
                if let Outcome::Error { message, .. } = answer {
                    text.push_str(&format!("\n  {name} says: {message}"));
                }
            }
            return Verdict::Different {
                kind: kind(&likeness.comparable(&node), &likeness.comparable(&plain)),
                text,
            };
        }
        if !statement::is_write(&sql) || matches!(node, Outcome::Error { .. }) && !scenario.transaction {
            return Verdict::Same;
        }
        if node_warnings + plain_warnings > 0 {
            let (node, plain) = (warnings(&mut self.node).await, warnings(&mut self.plain).await);
            // Of two lists that are too short for their warnings each has those of the rows that it met first.
            let cut = |list: &Warned, count: u16| list.listed < usize::from(count);
            let both_cut = cut(&node, node_warnings) && cut(&plain, plain_warnings);
            let (node, plain) = (node.lines, plain.lines);
            if node != plain && !both_cut {
                let text = format!("  node:  {node:?}\n  plain: {plain:?}");
                return Verdict::Different { kind: "warnings".to_owned(), text };
            }
        }
        self.same_tables(&sql).await
    }

    /// Compares the tables that a write names, and notes which are not as they were.
    async fn same_tables(&mut self, sql: &str) -> Verdict {
        let words = statement::words(sql);
        let named: Vec<usize> =
            (0..self.tables.len()).filter(|at| words.contains(&self.tables[*at].name)).collect();
        let mut verdict = Verdict::Same;
        for at in named {
            let select = format!("SELECT * FROM {}", self.tables[at].name);
            let node = outcome(&mut self.node, &select, &Way::Text).await;
            let plain = outcome(&mut self.plain, &select, &Way::Text).await;
            if let Some(text) = Likeness::default().difference(&node, &plain) {
                let text = format!("  then {}:\n{text}", self.tables[at].name);
                verdict = Verdict::Different { kind: "tables".to_owned(), text };
            }
            if !self.changed.contains(&at) {
                self.changed.push(at);
            }
        }
        verdict
    }

    /// Drops all.
    pub async fn close(mut self) {
        let sql = format!("DROP DATABASE g{}", self.seed);
        self.both(&sql).await;
    }

    /// What one needs to see a difference again.
    pub fn show(&self, scenario: &Scenario) -> String {
        let mut text = String::new();
        for at in self.named(scenario) {
            let table = &self.tables[at];
            text.push_str(&format!("{};\n", table.create(true)));
            if let Some(insert) = table.insert(&table.rows) {
                text.push_str(&format!("{insert};\n"));
            }
        }
        for tree in &scenario.statements {
            let (sql, way) = spelled(scenario, tree);
            match way {
                Way::Text => text.push_str(&format!("{sql};\n")),
                Way::Prepared(values) => {
                    let values: Vec<String> = values.iter().map(|value| value.as_sql(false)).collect();
                    text.push_str(&format!("{sql};  -- prepared, with ({})\n", values.join(", ")));
                }
            }
        }
        if scenario.transaction {
            text.push_str("-- inside of BEGIN and ROLLBACK\n");
        }
        text
    }
}

/// What is decided by the kind of the answers alone.
fn judge(node: &Outcome, plain: &Outcome, is_delete: bool) -> Option<Verdict> {
    if let Outcome::Error { errno, .. } = plain
        && TOO_LONG.contains(errno)
    {
        return Some(Verdict::Slow);
    }
    match (node, plain) {
        // A DELETE ... RETURNING of which the server's plan says that it reads nothing is answered as one that returns nothing to anybody.
        (Outcome::Rows { rows, .. }, Outcome::Done { affected_rows: 0, .. }) if is_delete => {
            rows.is_empty().then_some(Verdict::Same)
        }
        // Where IGNORE bends a value for one server: the values of shard keys are always strict.
        (Outcome::Error { message, .. }, Outcome::Done { .. }) if message.contains("shard key column") => {
            Some(Verdict::Refused(message.clone()))
        }
        (Outcome::Error { errno: a, .. }, Outcome::Error { errno: b, .. }) => {
            (CONVERSION.contains(a) && CONVERSION.contains(b)).then_some(Verdict::Same)
        }
        _ => None,
    }
}

/// How a statement is sent.
pub fn spelled(scenario: &Scenario, tree: &Tree) -> (String, Way) {
    match scenario.prepared {
        false => (tree.text(), Way::Text),
        true => {
            let (sql, values): (String, Vec<Value>) = tree.prepared();
            (sql, Way::Prepared(values))
        }
    }
}

/// What kind of difference there is; a smaller case must show the same kind.
fn kind(node: &Outcome, plain: &Outcome) -> String {
    let word = match (node, plain) {
        (Outcome::Error { errno: a, .. }, Outcome::Error { errno: b, .. }) => {
            return format!("errors {a} and {b}");
        }
        (Outcome::Error { errno, .. }, _) => return format!("an error of the cluster, {errno}"),
        (_, Outcome::Error { errno, .. }) => return format!("an error of the plain server, {errno}"),
        (Outcome::Rows { columns: a, rows: first }, Outcome::Rows { columns: b, rows: second }) => {
            match (a == b, first == second) {
                (_, false) => "rows",
                _ => "columns",
            }
        }
        _ => "counts",
    };
    word.to_owned()
}

/// What SHOW WARNINGS says: how many, and each once.
#[derive(Default)]
struct Warned {
    listed: usize,
    lines: Vec<String>,
}

async fn warnings(client: &mut Conn) -> Warned {
    let answer = outcome(client, "SHOW WARNINGS", &Way::Text).await;
    let Outcome::Rows { rows, .. } = answer else { return Warned::default() };
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| row.iter().map(|value| value.as_sql(false)).collect::<Vec<_>>().join(" "))
        // In which row of a statement something happened depends on the order of rows.
        .map(|line| line.split(" at row ").next().unwrap_or_default().to_owned())
        .collect();
    lines.sort();
    lines.dedup();
    Warned { listed: rows.len(), lines }
}
