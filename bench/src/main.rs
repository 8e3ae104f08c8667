//! `ostrakon-bench`: runs workloads against one server directly, through the floor, HAProxy and a node, in turns, and prints what each cost.

mod arguments;
mod calls;
mod clock;
mod data;
mod machine;
mod report;
mod round;
mod stage;
mod statistics;
mod sysbench;
mod workload;

use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};

use crate::arguments::Arguments;
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
        workload::all().iter().for_each(|workload| println!("{:<20} {}", workload.name, workload.about));
        return Ok(());
    }
    let workloads = arguments.workloads()?;
    let programs = arguments.programs()?;
    if !calls::can_count() {
        eprintln!("perf stat cannot count system calls here: the columns `calls` and `switches` stay empty.");
    }
    let stage = Stage::start(&arguments.directory()?, &programs)?;
    let head = machine::describe(&programs, arguments)?;
    println!("{head}");
    let mut results = Vec::new();
    for workload in workloads {
        let result = measure(&stage, workload, arguments)?;
        println!("{}", result.markdown());
        results.push(result.json());
    }
    if let Some(path) = &arguments.json {
        let all: Value = json!({ "about": head, "workloads": results });
        std::fs::write(path, format!("{all:#}\n")).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// Rounds of one workload: in each, every target has its turn. The first round is thrown away.
fn measure(stage: &Stage, workload: Workload, arguments: &Arguments) -> Outcome<Results> {
    let targets = Target::ALL;
    let (rounds, seconds) = (arguments.rounds(), arguments.seconds());
    if let Some(sql) = workload.before {
        stage.client(Target::Direct, Some(stage.database(Target::Direct, workload.database)))?.setup(sql)?;
        stage.client(Target::Node, Some(workload.database))?.setup(sql)?;
    }
    let mut kept = Vec::new();
    for number in 0..=rounds {
        let mut round = Vec::new();
        for target in targets {
            eprintln!("{}, round {number} of {rounds}: {} ...", workload.name, target.name());
            let seconds = if number == 0 { 1 } else { seconds };
            round.push((target, round::measure(stage, target, &workload, seconds)?));
        }
        if number > 0 {
            kept.push(round);
        }
    }
    let mut counted = Vec::new();
    if calls::can_count() {
        for target in targets {
            counted.extend(calls::count(stage, target, &workload)?.map(|calls| (target, calls)));
        }
    }
    Ok(Results { workload, rounds: kept, calls: counted })
}
