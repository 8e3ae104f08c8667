//! The judgement: every acknowledged row, value, table and index, as each of the nodes shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row};
use ostrakon_tests::cluster::value;

use super::clients::{Ledger, Table};
use super::nodes::Nodes;

/// Every DDL job has ended, as each node sees it.
pub async fn no_job_is_stuck(nodes: &Nodes, patience: Duration) {
    let end = Instant::now() + patience;
    for (place, node) in nodes.cluster.cluster.nodes.iter().enumerate() {
        let mut client = nodes.client(place).await;
        loop {
            let jobs: Vec<Row> = client.query("SHOW FULL DDL").await.unwrap();
            if jobs.is_empty() {
                break;
            }
            assert!(Instant::now() < end, "{}: jobs are stuck: {jobs:?}", node.name());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

pub async fn judge(nodes: &Nodes, ledger: &Ledger) {
    assert!(ledger.wrong.is_empty(), "wrong answers: {:#?}", ledger.wrong);
    values(ledger);
    let mut seen = Vec::new();
    for place in 0..nodes.cluster.cluster.nodes.len() {
        let mut client = nodes.client(place).await;
        rows(&mut client, ledger).await;
        tables(&mut client, ledger).await;
        seen.push(catalog(&mut client).await);
    }
    for other in &seen[1..] {
        for (statement, answer) in &seen[0] {
            assert_eq!(Some(answer), other.get(statement), "two nodes answer {statement} differently");
        }
        assert_eq!(seen[0].len(), other.len());
    }
    // What the servers hold is what the catalog says.
    let mut client = nodes.client(0).await;
    let names: Vec<String> = client.query("SHOW TABLES").await.unwrap();
    for name in names {
        let findings: Vec<(String, String, String, String)> =
            client.query(format!("CHECK TABLE `{name}`")).await.unwrap();
        let bad: Vec<_> = findings.iter().filter(|(.., text)| text != "OK").collect();
        assert!(bad.is_empty(), "CHECK TABLE {name}: {bad:?}");
    }
}

/// No value twice; those of a SIMPLE sequence have gaps only where an answer was lost.
fn values(ledger: &Ledger) {
    for (sequence, values) in &ledger.values {
        let distinct: BTreeSet<_> = values.iter().collect();
        assert_eq!(distinct.len(), values.len(), "sequence {sequence} gave a value twice");
    }
}

async fn rows(client: &mut Conn, ledger: &Ledger) {
    let there: Vec<(u64, u64, u64)> = client.query("SELECT id, client, step FROM t").await.unwrap();
    let count = there.len();
    let there: BTreeMap<u64, (u64, u64)> =
        there.into_iter().map(|(id, client, step)| (id, (client, step))).collect();
    assert_eq!(there.len(), count, "an id is there twice");
    let lost: Vec<_> = ledger.rows.iter().filter(|(id, row)| there.get(id) != Some(row)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged rows are lost: {lost:?}", lost.len(), ledger.rows.len());
    let steps: BTreeSet<_> = there.values().collect();
    assert_eq!(steps.len(), count, "a row is there twice");
}

async fn tables(client: &mut Conn, ledger: &Ledger) {
    for (name, table) in &ledger.tables {
        let shown = definition(client, name).await;
        match (table, shown) {
            (Table::Gone, Some(text)) => panic!("{name} was dropped and is there: {text}"),
            (Table::There { .. }, None) => panic!("{name} was acknowledged and is lost"),
            (Table::There { columns, rows }, Some(text)) => {
                let missing = columns.iter().find(|column| !text.contains(&format!("`{column}`")));
                assert!(missing.is_none(), "{name} has lost column {missing:?}: {text}");
                let count: u64 = value(client, &format!("SELECT COUNT(*) FROM {name}")).await;
                assert_eq!(count, *rows, "rows of {name}");
            }
            (Table::Unknown, Some(_)) => {
                // It works as a whole, in every group.
                let _: u64 = value(client, &format!("SELECT COUNT(*) FROM {name}")).await;
            }
            (Table::Gone | Table::Unknown, None) => {}
        }
    }
    for (table, index) in &ledger.indexes {
        let text = definition(client, table).await.expect("nobody drops it");
        assert!(text.contains(&format!("`{index}`")), "index {index} was acknowledged and is lost: {text}");
    }
}

async fn definition(client: &mut Conn, name: &str) -> Option<String> {
    match client.query_first::<(String, String), _>(format!("SHOW CREATE TABLE {name}")).await {
        Ok(row) => row.map(|(_, text)| text),
        Err(Error::Server(error)) if error.code == 1146 => None,
        Err(error) => panic!("SHOW CREATE TABLE {name}: {error}"),
    }
}

/// Everything that a client can see of the catalog.
async fn catalog(client: &mut Conn) -> BTreeMap<String, Vec<String>> {
    let mut statements: Vec<String> =
        ["SHOW TABLES", "SHOW SEQUENCES", "SHOW INSTANCES", "SHOW GROUPS", "SHOW RULE"]
            .map(str::to_owned)
            .into();
    let names: Vec<String> = client.query("SHOW TABLES").await.unwrap();
    for name in names {
        statements.push(format!("SHOW CREATE TABLE `{name}`"));
        statements.push(format!("SHOW TOPOLOGY FROM `{name}`"));
    }
    let mut seen = BTreeMap::new();
    for statement in statements {
        let rows: Vec<Row> =
            client.query(statement.as_str()).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        let rows = rows.into_iter().map(|row| format!("{:?}", row.unwrap())).collect();
        seen.insert(statement, rows);
    }
    seen
}
