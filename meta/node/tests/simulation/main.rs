//! Drivers on a network that a seed plays: messages are lost, repeated and reordered, links are cut, disks are slow or fail, nodes
//! lose power and start again, while clients change the catalog in every way.
//!
//! `OSTRAKON_SIMULATION_SEED=n` runs one seed alone; `make simulate SEEDS=n FROM=m` runs more of them than `make test`.

mod clients;
mod disk;
mod history;
mod members;
mod network;
mod random;
mod records;
mod rules;
mod totals;
mod weather;
mod world;

use totals::Totals;
use world::World;

/// In `make test`.
const SEEDS: u64 = 1_000;

/// What must have happened in each hundred runs at least: a run in which nothing went wrong, or nothing went well, shows nothing.
const HAPPENED: [(&str, u64); 30] = [
    ("acknowledged", 4_000),
    ("changes of the members refused", 40),
    ("copies of a proposal in the log", 2_000),
    ("deaths between two writes of one round", 250),
    ("job updates", 400),
    ("job updates with a stale token, refused", 400),
    ("jobs controlled", 30),
    ("jobs submitted", 200),
    ("jobs taken over", 200),
    ("learners added", 80),
    ("learners promoted", 60),
    ("links cut one way", 400),
    ("losses of power", 600),
    ("members removed", 40),
    ("messages lost", 8_000),
    ("messages repeated", 1_000),
    ("nodes cut off", 400),
    ("nodes that learned of their removal", 20),
    ("ranges leased, GROUP", 500),
    ("ranges leased, SIMPLE", 300),
    ("reads let through", 300),
    ("reads refused", 100),
    ("refused for want of a leader", 5),
    ("slow disks", 700),
    ("snapshots sent", 80),
    ("splits", 300),
    ("terms with a leader", 200),
    ("strangers ended", 20),
    ("time workers taken", 200),
    ("voters demoted", 25),
];

fn variable(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn run(seed: u64) -> (u64, Totals) {
    let mut world = World::new(seed);
    let print = world.run();
    (print, world.totals)
}

#[test]
fn replicas_agree_whatever_the_network_and_the_power_do() {
    let only = variable("OSTRAKON_SIMULATION_SEED");
    let from = only.or(variable("OSTRAKON_SIMULATION_FROM")).unwrap_or(0);
    let seeds = only.map(|_| 1).or(variable("OSTRAKON_SIMULATION_SEEDS")).unwrap_or(SEEDS);
    let mut totals = Totals::default();
    for seed in from..from + seeds {
        let (_, run) = std::panic::catch_unwind(|| run(seed)).unwrap_or_else(|_| {
            panic!("seed {seed} failed, see above; OSTRAKON_SIMULATION_SEED={seed} runs it alone")
        });
        totals.join(&run);
    }
    println!("{seeds} seeds from {from}:\n{totals}");
    for (what, least) in HAPPENED {
        let found = totals.of(what);
        assert!(seeds < 100 || found >= least * (seeds / 100), "only {found} {what}:\n{totals}");
    }
}

#[test]
fn a_seed_gives_the_same_run_again() {
    for seed in [7, 8, 9] {
        assert_eq!(run(seed), run(seed));
    }
}
