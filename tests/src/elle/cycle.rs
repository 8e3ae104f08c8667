//! Circles of dependencies: G0, G1c, and with locking reads also G-single, G2 and lost updates.

use std::collections::BTreeMap;

use super::graph::{Edge, Graph};
use super::history::History;
use super::writes::Fates;
use super::{Anomaly, Kind};

/// Whatever reads were like, writes and what was read of them follow the order of the commits; so does time.
const OF_COMMITS: [Edge; 3] = [Edge::WriteWrite, Edge::WriteRead, Edge::Time];
const OF_WRITES: [Edge; 2] = [Edge::WriteWrite, Edge::Time];
const ALL: [Edge; 4] = [Edge::WriteWrite, Edge::WriteRead, Edge::ReadWrite, Edge::Time];

/// The circles that must not be.
pub fn check(history: &History, fates: &Fates, is_locking: bool) -> Vec<Anomaly> {
    let graph = Graph::of(history, fates);
    let mut found = Vec::new();
    circles(history, &graph, &OF_WRITES, &[(Kind::G0, Edge::WriteWrite, &OF_WRITES)], &mut found);
    circles(history, &graph, &OF_COMMITS, &[(Kind::G1c, Edge::WriteRead, &OF_COMMITS)], &mut found);
    if is_locking {
        let rules: [(Kind, Edge, &[Edge]); 2] =
            [(Kind::GSingle, Edge::ReadWrite, &OF_COMMITS), (Kind::G2, Edge::ReadWrite, &ALL)];
        circles(history, &graph, &ALL, &rules, &mut found);
        lost_updates(history, fates, &mut found);
    }
    found
}

/// In each component of the graph of these edges: the first rule by which an edge of its kind can be closed to a circle.
fn circles(
    history: &History,
    graph: &Graph,
    kinds: &[Edge],
    rules: &[(Kind, Edge, &[Edge])],
    found: &mut Vec<Anomaly>,
) {
    let graph = graph.only(kinds);
    for component in graph.components() {
        let circle = rules.iter().find_map(|(kind, first, others)| {
            let edges =
                component.iter().flat_map(|from| graph.edges[*from].iter().map(move |edge| (*from, *edge)));
            let mut edges = edges.filter(|(_, (to, edge))| edge == first && component.contains(to));
            edges.find_map(|(from, (to, edge))| {
                let mut way = vec![(to, edge)];
                way.extend(graph.way(to, from, others)?);
                Some((*kind, from, way))
            })
        });
        if let Some((kind, from, way)) = circle {
            found.push(Anomaly { kind, text: told(history, from, &way) });
        }
    }
}

/// The circle in words.
fn told(history: &History, from: usize, way: &[(usize, Edge)]) -> String {
    let mut text = format!("{:?}", history.transactions.get(from));
    for (node, edge) in way {
        // Moments in time are steps between two transactions.
        if let Some(transaction) = history.transactions.get(*node) {
            text.push_str(&format!("\n  {edge:?} -> {transaction:?}"));
        }
    }
    text
}

/// Two transactions that read the same list and both appended to it.
fn lost_updates(history: &History, fates: &Fates, found: &mut Vec<Anomaly>) {
    let mut readers: BTreeMap<(u64, &[u64]), usize> = BTreeMap::new();
    for (place, transaction) in history.transactions.iter().enumerate().filter(|(at, _)| fates.committed[*at])
    {
        for (key, list) in transaction.external_reads() {
            let appends = transaction.appends().any(|(other, _)| other == key);
            if let Some(first) = appends.then(|| readers.insert((key, list), place)).flatten() {
                let text = format!("key {key}: {:?} and {transaction:?}", history.transactions[first]);
                found.push(Anomaly { kind: Kind::LostUpdate, text });
            }
        }
    }
}
