//! Random tables, rules, rows and statements from a seed: each statement runs on one plain server and on a cluster, and must be answered
//! alike or be refused. A difference is made small and printed with its seed.
//!
//! `make diff SEED=n COUNT=n` plays COUNT scenarios beginning with the tables of seed n; `ONLY=n` that one of the seed.

mod aggregate;
mod expression;
mod query;
mod schema;
mod scope;
mod shrink;
mod tree;
mod types;
mod world;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{PlainServer, TestCluster, server_of};
use tokio::sync::Mutex;

use crate::bank::number;
use shrink::Shrunk;
use world::{Servers, Verdict, World};

/// Scenarios on the tables of one seed.
const SCENARIOS: u64 = 250;
/// Seeds that `make test` plays, and scenarios of each.
const SEEDS: u64 = 4;
const SCENARIOS_IN_TEST: u64 = 120;
/// After so many differences a run stops.
const ENOUGH: usize = 12;

/// How many differences of one kind are made small and shown; of wrong rows all.
const SHOWN: u64 = 3;

/// What all seeds together showed.
#[derive(Debug, Default)]
struct Tally {
    same: u64,
    slow: u64,
    unstable: u64,
    /// Differences, by what differs.
    kinds: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    differences: Vec<String>,
}

/// The text of a refusal without names.
fn reason(message: &str) -> String {
    let mut text = String::new();
    for (number, part) in message.split('\'').enumerate() {
        text.push_str(if number % 2 == 0 { part } else { "'...'" });
    }
    text.chars().take(160).collect()
}

/// Plays scenarios of one seed.
async fn play_seed(servers: Arc<Servers>, seed: u64, count: u64, tally: Arc<Mutex<Tally>>) {
    let only = std::env::var("OSTRAKON_DIFF_ONLY").ok().map(|text| text.parse::<u64>().expect("ONLY=n"));
    let mut world = World::new(Arc::clone(&servers), seed).await;
    for number in (0..count).filter(|number| only.is_none_or(|only| only == *number)) {
        let scenario = world.scenario(number);
        let verdict = world.play(&scenario).await;
        match verdict {
            Verdict::Same => tally.lock().await.same += 1,
            Verdict::Slow => tally.lock().await.slow += 1,
            Verdict::Refused(text) => *tally.lock().await.refused.entry(reason(&text)).or_default() += 1,
            Verdict::Different { kind, text } => {
                let seen = {
                    let mut tally = tally.lock().await;
                    let seen = tally.kinds.entry(kind.clone()).or_default();
                    *seen += 1;
                    *seen
                };
                if seen > SHOWN && kind != "rows" && kind != "tables" {
                    continue;
                }
                let tables = world.tables.clone();
                let shrunk = shrink::shrink(&mut world, scenario.clone(), kind.clone()).await;
                let shown = match shrunk {
                    Shrunk::Small(small) => Some((small.scenario, small.text)),
                    Shrunk::Once => Some((scenario, format!("  only once, and not again:\n{text}"))),
                    Shrunk::Unstable => {
                        let first = scenario.statements[0].text();
                        println!("-- seed {seed}, scenario {number}: depends on the order of rows: {first}");
                        None
                    }
                };
                let mut tally = tally.lock().await;
                match shown {
                    None => {
                        tally.unstable += 1;
                        tally.kinds.entry(kind).and_modify(|count| *count -= 1);
                    }
                    Some((scenario, text)) => {
                        let text = format!(
                            "-- seed {seed}, scenario {number}: {kind}\n{}{text}",
                            world.show(&scenario)
                        );
                        println!("{text}");
                        tally.differences.push(text);
                    }
                }
                drop(tally);
                for (at, table) in tables.into_iter().enumerate() {
                    world.set_rows(at, table.rows).await;
                }
            }
        }
        if tally.lock().await.differences.len() >= ENOUGH {
            break;
        }
    }
    world.close().await;
}

async fn play(kind: ServerKind, first: u64, seeds: u64, count: u64) {
    let servers = Arc::new(Servers {
        cluster: TestCluster::of(&[kind, kind]),
        plain: PlainServer::of(server_of(kind)),
        mysql: kind == ServerKind::MySql,
    });
    let tally = Arc::new(Mutex::new(Tally::default()));
    let next = Arc::new(AtomicU64::new(first));
    let mut players = Vec::new();
    for _ in 0..number("OSTRAKON_DIFF_PLAYERS", 2) {
        let (servers, tally, next) = (Arc::clone(&servers), Arc::clone(&tally), Arc::clone(&next));
        players.push(tokio::spawn(async move {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + seeds || tally.lock().await.differences.len() >= ENOUGH {
                    return;
                }
                play_seed(Arc::clone(&servers), seed, count, Arc::clone(&tally)).await;
            }
        }));
    }
    for player in players {
        player.await.expect("a player does not panic");
    }
    let tally = tally.lock().await;
    let refused: u64 = tally.refused.values().sum();
    println!(
        "{} the same, {} different {:?}, {refused} refused, {} whose answer depends on the order of rows, {} too slow on the plain server",
        tally.same,
        tally.differences.len(),
        tally.kinds,
        tally.unstable,
        tally.slow
    );
    let mut reasons: Vec<_> = tally.refused.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (reason, count) in reasons {
        println!("  refused {count}: {reason}");
    }
    assert!(
        tally.differences.is_empty(),
        "{} differences:\n{}",
        tally.differences.len(),
        tally.differences.join("\n")
    );
    assert!(tally.same > 0, "nothing was answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_statements_are_answered_as_one_server_answers_or_refused() {
    let kind = match std::env::var("OSTRAKON_SERVERS").as_deref() {
        Ok("mysql") => ServerKind::MySql,
        _ => ServerKind::MariaDb,
    };
    let count = number("OSTRAKON_DIFF_COUNT", SEEDS * SCENARIOS_IN_TEST);
    let scenarios = if count > SEEDS * SCENARIOS_IN_TEST { SCENARIOS } else { SCENARIOS_IN_TEST };
    play(kind, number("OSTRAKON_DIFF_SEED", 1), count.div_ceil(scenarios), scenarios).await;
}
