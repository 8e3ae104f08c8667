//! A million rows in order, merged from four groups: beside what the slowest group alone takes to send its part, and the same rows of one group.

use serde_json::{Value, json};

use crate::Outcome;
use crate::clock::Threads;
use crate::data::{self, Layout};
use crate::report::{show, spread, table};
use crate::stage::{Stage, Target, WHOLE};
use crate::statistics::Spread;
use crate::sysbench::{Length, Load, Running, Script};

/// The database with four groups.
const FOUR: &str = "four";

/// One run: milliseconds until the client has all rows, and CPU of the node.
#[derive(Clone, Copy, Debug)]
struct Run {
    milliseconds: f64,
    node: f64,
}

/// One statement, by one client, that takes all rows and drops them.
fn once(stage: &Stage, port: u16, database: &str, sql: &str) -> Outcome<Run> {
    let node = stage.proxy(Target::Node).ok_or("the node does not run")?;
    let options = vec![format!("--statement={sql}")];
    let load = Load { script: Script::Own("statement"), options, clients: 1, prepared: false };
    let before = Threads::read(node)?;
    let milliseconds = Running::start(&load, port, database, Length::Events(1))?.finish()?.mean;
    let node = Threads::read(node)?.since(&before) as f64 / 1e6;
    Ok(Run { milliseconds, node })
}

/// Loads the rows if they are not there, runs each statement in turns, and gives Markdown and JSON.
pub fn run(stage: &Stage, rounds: u32) -> Outcome<(String, Value)> {
    eprintln!("merge: loading {} rows, unless they are there ...", data::NUMBERS);
    stage
        .client(Target::Node, None)?
        .setup(&format!("CREATE DATABASE IF NOT EXISTS {FOUR} DBPARTITIONS 4"))?;
    for (database, layout) in [(FOUR, Layout::Sharded), (WHOLE, Layout::Whole)] {
        data::load_numbers(&mut stage.client(Target::Node, Some(database))?, layout)?;
    }
    let parts = stage.physical(FOUR, "numbers")?;
    let node = stage.port(Target::Node);
    let sql = |table: &str| format!("SELECT id, k, pad FROM {table} ORDER BY id");
    let (mut merges, mut passes, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
    // The first round is thrown away.
    for number in 0..=rounds {
        eprintln!("merge, round {number} of {rounds} ...");
        let merge = once(stage, node, FOUR, &sql("numbers"))?;
        let pass = once(stage, node, WHOLE, &sql("numbers"))?;
        let mut longest = 0.0_f64;
        for (port, part) in &parts {
            longest = longest.max(once(stage, *port, "mysql", &sql(part))?.milliseconds);
        }
        if number > 0 {
            merges.push(merge);
            passes.push(pass);
            slowest.push(longest);
        }
    }
    let time = |runs: &[Run]| Spread::of(runs.iter().map(|run| run.milliseconds));
    let cpu = |runs: &[Run]| Spread::of(runs.iter().map(|run| run.node));
    let over_part = Spread::of(merges.iter().zip(&slowest).map(|(merge, part)| merge.milliseconds / part));
    let over_pass = Spread::of(merges.iter().zip(&passes).map(|(merge, pass)| merge.node / pass.node));
    let a_row = |runs: &[Run]| cpu(runs).map(|spread| spread.median * 1e6 / data::NUMBERS as f64);
    let line =
        |what: &str, time, cpu, row| vec![what.to_owned(), spread(time, 0), spread(cpu, 0), show(row, 0)];
    let rows = [
        line("merge of 4 groups", time(&merges), cpu(&merges), a_row(&merges)),
        line("pass of one group with all rows", time(&passes), cpu(&passes), a_row(&passes)),
        line("the slowest group's part, from its server", Spread::of(slowest), None, None),
    ];
    let text = format!(
        "### merge\n\n`SELECT id, k, pad FROM numbers ORDER BY id`, {} rows of some 80 bytes, one client that takes all of them; four groups on two servers.\n\n{}\n\
         Time over the slowest group's part: {}. CPU of the node over that of the pass: {}.\n",
        data::NUMBERS,
        table(&["", "ms", "node CPU ms", "ns a row"], &rows),
        spread(over_part, 2),
        spread(over_pass, 2)
    );
    let all = |spread: Option<Spread>| spread.map(|one| json!([one.median, one.least, one.most]));
    let figures = json!({
        "merge_ms": all(time(&merges)), "merge_cpu_ms": all(cpu(&merges)), "pass_ms": all(time(&passes)), "pass_cpu_ms": all(cpu(&passes)),
        "over_slowest_part": all(over_part), "cpu_over_pass": all(over_pass),
    });
    Ok((text, figures))
}
