//! Random tables, rules, rows and statements from a seed: each statement runs on one plain server and on a cluster, and must be answered
//! alike or be refused. A difference is made small and printed with its seed. Where the plain server contradicts itself (another order of
//! rows, another plan), or falls, that is counted apart.
//!
//! `make diff SEED=n COUNT=n` plays COUNT scenarios beginning with the tables of seed n; `ONLY=n` that one of the seed.

mod aggregate;
mod expression;
mod odd;
mod opinion;
mod query;
mod schema;
mod scope;
mod shrink;
mod stable;
mod tree;
mod types;
mod world;
mod write;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ostrakon::dev::server::ServerKind;
use ostrakon_tests::family;
use tokio::sync::Mutex;

use crate::bank::number;
use shrink::Shrunk;
use world::{Servers, Verdict, World};

/// Scenarios on the tables of one seed.
const SCENARIOS: u64 = 250;
/// Seeds that `make test` plays, and scenarios of each.
const SEEDS: u64 = 4;
pub const SCENARIOS_IN_TEST: u64 = 120;
/// After so many differences a run stops.
const ENOUGH: usize = 60;
/// After a server has fallen so often, too.
const FALLS: usize = 40;

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
    /// Different rows, answered or stored, of which a server of the other family says that they are right.
    seconded: u64,
    /// Scenarios in which a database server ended by itself.
    fallen: Vec<String>,
}

/// Scenarios of one seed that are still to be played, from that number on.
type Rest = (u64, u64);

/// The text of a refusal without names.
fn reason(message: &str) -> String {
    let mut text = String::new();
    for (number, part) in message.split('\'').enumerate() {
        text.push_str(if number % 2 == 0 { part } else { "'...'" });
    }
    text.chars().take(160).collect()
}

/// Plays scenarios of one seed; `at` is the one that is played.
async fn play_seed(
    servers: Arc<Servers>,
    seed: u64,
    count: u64,
    at: Arc<AtomicU64>,
    tally: Arc<Mutex<Tally>>,
) {
    let only = std::env::var("OSTRAKON_DIFF_ONLY").ok().map(|text| text.parse::<u64>().expect("ONLY=n"));
    let mut world = World::new(Arc::clone(&servers), seed).await;
    let from = at.load(Ordering::Relaxed);
    for number in (from..count).filter(|number| only.is_none_or(|only| only == *number)) {
        at.store(number, Ordering::Relaxed);
        let scenario = world.scenario(number);
        let verdict = world.play(&scenario).await;
        match verdict {
            Verdict::Same => tally.lock().await.same += 1,
            Verdict::Slow => tally.lock().await.slow += 1,
            Verdict::Refused(text) => *tally.lock().await.refused.entry(reason(&text)).or_default() += 1,
            Verdict::Different { kind, text } => {
                assert!(servers.are_alive(), "a server has ended in scenario {number} of seed {seed}");
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
                        println!(
                            "-- seed {seed}, scenario {number}: the plain server contradicts itself: {first}"
                        );
                        None
                    }
                };
                let seconded = match &shown {
                    Some((scenario, _)) if kind == "rows" || kind == "tables" => {
                        world.is_seconded(scenario).await
                    }
                    _ => false,
                };
                let mut tally = tally.lock().await;
                match shown {
                    Some((scenario, text)) if seconded => {
                        tally.seconded += 1;
                        tally.kinds.entry(kind).and_modify(|count| *count -= 1);
                        let shown = world.show(&scenario);
                        println!(
                            "-- seed {seed}, scenario {number}: the other family answers as the cluster\n{shown}{text}"
                        );
                    }
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

/// Plays seeds on these servers until none is left, there is enough, or a server has ended: what is left is played on others.
async fn play_on(servers: Servers, count: u64, left: &Arc<Mutex<VecDeque<Rest>>>, tally: &Arc<Mutex<Tally>>) {
    let servers = Arc::new(servers);
    let mut players = Vec::new();
    for _ in 0..number("OSTRAKON_DIFF_PLAYERS", 2) {
        let (servers, left, tally) = (Arc::clone(&servers), Arc::clone(left), Arc::clone(tally));
        players.push(tokio::spawn(async move {
            while tally.lock().await.differences.len() < ENOUGH {
                let Some((seed, from)) = left.lock().await.pop_front() else { return };
                let at = Arc::new(AtomicU64::new(from));
                let playing =
                    play_seed(Arc::clone(&servers), seed, count, Arc::clone(&at), Arc::clone(&tally));
                if let Err(failure) = tokio::spawn(playing).await {
                    let number = at.load(Ordering::Relaxed);
                    assert!(!servers.are_alive(), "scenario {number} of seed {seed}: {failure}");
                    let text = format!("seed {seed}, scenario {number}: {}", servers.last_words());
                    println!("-- a server ended: {text}");
                    tally.lock().await.fallen.push(text);
                    left.lock().await.push_front((seed, number + 1));
                    return;
                }
            }
        }));
    }
    for player in players {
        player.await.expect("a player does not panic");
    }
}

/// Plays that many seeds, of each that many scenarios, and wants no difference.
pub async fn play(kind: ServerKind, first: u64, seeds: u64, count: u64) {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let left: VecDeque<Rest> = (first..first + seeds).map(|seed| (seed, 0)).collect();
    let left = Arc::new(Mutex::new(left));
    while !left.lock().await.is_empty() {
        play_on(Servers::start(kind), count, &left, &tally).await;
        let tally = tally.lock().await;
        if tally.differences.len() >= ENOUGH || tally.fallen.len() >= FALLS {
            break;
        }
    }
    let tally = tally.lock().await;
    let refused: u64 = tally.refused.values().sum();
    println!(
        "{} the same, {} different {:?}, {refused} refused, {} in which the plain server contradicts itself, {} in which the other family answers as the cluster, {} too slow on the plain server, {} in which a server ended",
        tally.same,
        tally.differences.len(),
        tally.kinds,
        tally.unstable,
        tally.seconded,
        tally.slow,
        tally.fallen.len()
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
    let kind = family::usual();
    let count = number("OSTRAKON_DIFF_COUNT", SEEDS * SCENARIOS_IN_TEST);
    let scenarios = if count > SEEDS * SCENARIOS_IN_TEST { SCENARIOS } else { SCENARIOS_IN_TEST };
    play(kind, number("OSTRAKON_DIFF_SEED", 1), count.div_ceil(scenarios), scenarios).await;
}
