//! The steps of the hot path take no more instructions than they did: counts by callgrind, which are the same on every run, compared with
//! `bench/instructions.txt`. Times are for `make bench`.
//!
//! `OSTRAKON_UPDATE=1` writes the file anew. Counts are those of the dev profile with one compiler: with another one they may be a third off.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

use ostrakon_tests::{place, program};

/// Calls between the two counts that are taken.
const CALLS: u64 = 10;
/// What may be more or less, of a thousand: with the same compiler (an incremental build differs by 3 % from one that is not), and with another one.
const TOLERANCE: [u64; 2] = [100, 330];

/// All instructions of a program that calls the step so often.
fn collected(step: &str, calls: u64) -> u64 {
    let program = place::beside("ostrakon-steps");
    // Paths and variables stand on the stack, and how far it is shifted by them shows in the counts.
    let said = program::must(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "./ostrakon-steps"])
            .args([step, &format!("{calls:02}")])
            .current_dir(program.parent().unwrap())
            .env_clear()
            .env("PATH", "/usr/bin:/bin"),
    );
    let count = said.lines().find_map(|line| line.split_once("Collected :")).map(|(_, count)| count.trim());
    count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("callgrind said no count:\n{said}"))
}

#[test]
fn steps_of_the_hot_path_take_no_more_instructions_than_they_did() {
    let path = place::repository().join("bench/instructions.txt");
    let compiler = program::must(Command::new("rustc").arg("--version"));
    let compiler = compiler.trim();
    let steps = program::must(&mut Command::new(place::beside("ostrakon-steps")));
    let mut text = format!(
        "# Instructions of each step of the hot path, dev profile; OSTRAKON_UPDATE=1 writes them anew.\n{compiler}\n"
    );
    let mut counts = BTreeMap::new();
    for line in steps.lines() {
        let mut words = line.split(' ');
        let (name, times) = (words.next().unwrap(), words.next().unwrap());
        let calls = collected(name, 1 + CALLS) - collected(name, 1);
        let count = calls / CALLS / times.parse::<u64>().unwrap();
        writeln!(text, "{name} {count}").unwrap();
        counts.insert(name, count);
    }
    println!("{text}");
    if std::env::var_os("OSTRAKON_UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let tolerance = TOLERANCE[usize::from(kept.lines().nth(1) != Some(compiler))];
    let mut differences = Vec::new();
    for line in kept.lines().skip(2) {
        let (name, before) = line.split_once(' ').unwrap();
        let before: u64 = before.parse().unwrap();
        let now = counts.remove(name).unwrap_or_else(|| panic!("there is no step {name}"));
        if now.abs_diff(before) * 1000 > before * tolerance {
            differences.push(format!("{name}: {before} before, {now} now"));
        }
    }
    assert!(counts.is_empty(), "not in the file: {counts:?}");
    assert!(
        differences.is_empty(),
        "OSTRAKON_UPDATE=1 writes bench/instructions.txt anew, where this is meant: {differences:?}"
    );
}
