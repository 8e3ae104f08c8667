//! A third opinion: what a server of the other family answers to a statement that the cluster and the plain server answer differently.

use mysql_async::Conn;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{PlainServer, connect, run};
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::family::server_of;
use ostrakon_tests::likeness::Likeness;
use ostrakon_tests::statement;

use super::world::{Scenario, World, spelled};

/// Collations that one family has alone, and the nearest one that the other has.
const COLLATIONS: &[(&str, &str)] = &[
    ("utf8mb4_0900_ai_ci", "utf8mb4_unicode_520_ci"),
    ("utf8mb4_0900_as_cs", "utf8mb4_bin"),
    ("utf8mb4_0900_bin", "utf8mb4_bin"),
    ("utf8mb4_general_nopad_ci", "utf8mb4_general_ci"),
    ("utf8mb4_nopad_bin", "utf8mb4_bin"),
];

impl World {
    /// Whether a server of the other family answers a query with the cluster's rows, or has the cluster's after a write. No opinion on several
    /// statements, or where it does not know the words, is none.
    pub async fn is_seconded(&mut self, scenario: &Scenario) -> bool {
        let [tree] = scenario.statements.as_slice() else { return false };
        let (sql, way) = spelled(scenario, tree);
        let mysql = self.servers.mysql;
        let other = self.servers.other.get_or_init(|| {
            PlainServer::of(server_of(if mysql { ServerKind::MariaDb } else { ServerKind::MySql }))
        });
        let mut client = connect(other.port(), None).await;
        let database = format!("g{}", self.seed);
        run(&mut client, &format!("DROP DATABASE IF EXISTS {database}")).await;
        run(&mut client, &format!("CREATE DATABASE {database}")).await;
        run(&mut client, &format!("USE {database}")).await;
        run(&mut client, "SET SESSION time_zone = '+00:00'").await;
        for table in &self.tables {
            let named = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
            let create = COLLATIONS.iter().fold(table.create(false), named);
            for sql in [Some(create), table.insert(&table.rows)].into_iter().flatten() {
                if let Outcome::Error { .. } = outcome(&mut client, &sql, &Way::Text).await {
                    return false;
                }
            }
        }
        if statement::is_write(&sql) {
            let named: Vec<&str> =
                self.named(scenario).iter().map(|at| self.tables[*at].name.as_str()).collect();
            let node = rows_after(&mut self.node, &sql, &way, &named).await;
            let other = rows_after(&mut client, &sql, &way, &named).await;
            return node
                .zip(other)
                .is_some_and(|(node, other)| node.iter().zip(&other).all(|(a, b)| same_rows(a, b)));
        }
        let likeness = scenario.likeness(&sql);
        let answer = likeness.comparable(&outcome(&mut client, &sql, &way).await);
        let node = likeness.comparable(&outcome(&mut self.node, &sql, &way).await);
        same_rows(&node, &answer)
    }
}

/// The families give some columns other types: rows count.
fn same_rows(one: &Outcome, other: &Outcome) -> bool {
    matches!((one, other), (Outcome::Rows { rows, .. }, Outcome::Rows { rows: others, .. }) if rows == others)
}

/// The rows of these tables after a write that is rolled back; none where it fails.
async fn rows_after(client: &mut Conn, sql: &str, way: &Way, tables: &[&str]) -> Option<Vec<Outcome>> {
    run(client, "BEGIN").await;
    let answer = outcome(client, sql, way).await;
    let mut rows = Vec::new();
    for table in tables {
        let all = outcome(client, &format!("SELECT * FROM {table}"), &Way::Text).await;
        rows.push(Likeness::default().comparable(&all));
    }
    run(client, "ROLLBACK").await;
    (!matches!(answer, Outcome::Error { .. })).then_some(rows)
}
