//! The commit machine against model servers: coordinators that die or stop, resolvers that race, servers and connections that fail, as a seed
//! has it; and every event in every state.
//!
//! `OSTRAKON_COMMIT_SEED=n` runs one seed alone and tells what happens in it; `make simulate-commit SEEDS=n FROM=m` runs more of them than `make test`.

mod coordinator;
mod counts;
mod every_event;
mod faults;
mod mutants;
mod random;
mod resolver;
mod rules;
mod server;
mod wire;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use counts::Counts;
use mutants::Mutant;
use world::World;

/// In `make test`.
const SEEDS: u64 = 100_000;
/// Seeds in which each broken rule must have shown.
const MUTANT_SEEDS: u64 = 20_000;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Plays the seeds of one thread. The world is used again: building it would be most of a run's time.
fn play(seeds: impl Iterator<Item = u64>, told: bool) -> Counts {
    let mut world = World::new(None);
    world.told = told;
    for seed in seeds {
        let end = catch_unwind(AssertUnwindSafe(|| world.play(seed)));
        let found = match end {
            Ok(Ok(_)) => continue,
            Ok(Err(found)) => found,
            Err(_) => "see above".to_owned(),
        };
        panic!("seed {seed} failed: {found}; OSTRAKON_COMMIT_SEED={seed} runs it alone");
    }
    world.counts
}

#[test]
fn a_transaction_is_there_wholly_or_not_at_all() {
    let only = variable("OSTRAKON_COMMIT_SEED");
    let from = only.or(variable("OSTRAKON_COMMIT_FROM")).unwrap_or(0);
    let seeds = only.map(|_| 1).or(variable("OSTRAKON_COMMIT_SEEDS")).unwrap_or(SEEDS);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64).min(seeds);
    let players: Vec<_> = (0..threads)
        .map(|thread| {
            std::thread::spawn(move || {
                play((from + thread..from + seeds).step_by(threads as usize), only.is_some())
            })
        })
        .collect();
    let mut counts = Counts::default();
    for player in players {
        match player.join() {
            Ok(played) => counts.join(&played),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    println!("{seeds} seeds from {from}:\n{counts}");
    let few = counts.too_few(seeds);
    assert!(seeds < 1_000 || few.is_empty(), "too few {few:?}:\n{counts}");
}

#[test]
fn a_seed_gives_the_same_run_again() {
    let prints = || {
        let mut world = World::new(None);
        (0..50).map(|seed| world.play(seed)).collect::<Vec<_>>()
    };
    assert_eq!(prints(), prints());
    let mut alone = World::new(None);
    assert_eq!(alone.play(49), prints()[49]);
}

/// The first seed in which the broken rule shows.
fn found(mutant: Mutant) -> Option<(u64, String)> {
    let mut world = World::new(Some(mutant));
    (0..MUTANT_SEEDS).find_map(|seed| match catch_unwind(AssertUnwindSafe(|| world.play(seed))) {
        Ok(Ok(_)) => None,
        Ok(Err(found)) => Some((seed, found)),
        Err(panic) => {
            let text = panic.downcast::<String>().map_or_else(|_| "a panic".to_owned(), |text| *text);
            Some((seed, text))
        }
    })
}

#[test]
fn each_broken_rule_is_found() {
    for mutant in mutants::ALL {
        let (seed, how) = found(mutant).unwrap_or_else(|| panic!("{mutant:?} is not found"));
        println!("{mutant:?}: seed {seed}: {how}");
    }
}
