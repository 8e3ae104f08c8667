//! `ostrakon-bench`: runs workloads against one server directly, through the floor, HAProxy and a node, in turns, and prints what each cost.

mod arguments;
mod calls;
mod clock;
mod data;
mod growth;
mod machine;
mod memory;
mod merge;
mod part;
mod report;
mod round;
mod stage;
mod statistics;
mod sysbench;
mod variant;
mod workload;

use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Map, Value, json};

use crate::arguments::Arguments;
use crate::part::Part;
use crate::report::Results;
use crate::stage::{Stage, Target};
use crate::workload::Workload;

/// A failure is told to a person and ends the run.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Outcome<()> {
    if arguments.list {
        part::all().iter().for_each(|part| println!("{:<20} {}", part.name(), part.about()));
        return Ok(());
    }
    let parts = arguments.parts()?;
    let programs = arguments.programs()?;
    if !calls::can_count() {
        eprintln!("perf stat cannot count system calls here: the columns `calls` and `switches` stay empty.");
    }
    raise_limit_of_files();
    let mut stage = Stage::start(&arguments.directory()?, &programs)?;
    let head = machine::describe(&programs, arguments)?;
    println!("{head}");
    let (mut results, mut failed) = (Map::new(), Vec::new());
    for part in parts {
        let name = part.name().to_owned();
        match take(&mut stage, part, arguments) {
            Ok((text, figures)) => {
                println!("{text}");
                results.insert(name, figures);
            }
            // The others may take an hour, and are worth as much without this one.
            Err(error) => {
                println!("### {name}\n\nFailed: {error}\n");
                failed.push(name);
            }
        }
    }
    if let Some(path) = &arguments.json {
        let all: Value = json!({ "about": head, "results": results });
        std::fs::write(path, format!("{all:#}\n")).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join(", ").into()) }
}

/// Measures one part, and gives Markdown and JSON.
fn take(stage: &mut Stage, part: Part, arguments: &Arguments) -> Outcome<(String, Value)> {
    let (rounds, seconds) = (arguments.rounds(), arguments.seconds());
    match part {
        Part::Workload(workload) => {
            let result = measure(stage, workload, arguments)?;
            Ok((result.markdown(), result.json()))
        }
        Part::Merge => merge::run(stage, rounds),
        Part::Memory => memory::run(stage),
        Part::Growth(series) => growth::run(stage, series, rounds, seconds),
    }
}

/// As many open files as the system gives: the servers and proxies inherit it.
fn raise_limit_of_files() {
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, whoever needs more files says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// Rounds of one workload: in each, every target has its turn. The first round is thrown away.
fn measure(stage: &Stage, workload: Workload, arguments: &Arguments) -> Outcome<Results> {
    let targets = Target::ALL;
    let (rounds, seconds) = (arguments.rounds(), arguments.seconds());
    if let Some(sql) = workload.before {
        stage.client(Target::Direct, Some(stage.database(Target::Direct, workload.database)))?.setup(sql)?;
        stage.client(Target::Node, Some(workload.database))?.setup(sql)?;
    }
    let place = |target| stage.place(target, workload.database);
    let mut kept = Vec::new();
    for number in 0..=rounds {
        let mut round = Vec::new();
        for target in targets {
            eprintln!("{}, round {number} of {rounds}: {} ...", workload.name, target.name());
            let seconds = if number == 0 { 1 } else { seconds };
            round.push((target, round::measure(&place(target), &workload.load, seconds)?));
        }
        if number > 0 {
            kept.push(round);
        }
    }
    let mut counted = Vec::new();
    let folder = stage.directory().join("perf");
    if calls::can_count() {
        for target in targets {
            counted
                .extend(calls::count(&folder, &place(target), &workload.load)?.map(|calls| (target, calls)));
        }
    }
    Ok(Results { workload, rounds: kept, calls: counted })
}
