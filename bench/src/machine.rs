//! Where and of what figures were taken: the first lines of a report.

use std::fs;
use std::process::Command;

use crate::Outcome;
use crate::arguments::Arguments;
use crate::stage::Programs;

/// One paragraph: the commit, the command, the machine, the programs' versions.
pub fn describe(programs: &Programs, arguments: &Arguments) -> Outcome<String> {
    let command: Vec<String> = std::env::args().skip(1).collect();
    let load = fs::read_to_string("/proc/loadavg")?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib = memory.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    let haproxy = said(Command::new(&programs.haproxy).arg("-v"))?;
    let sysbench = said(Command::new("sysbench").arg("--version"))?;
    Ok(format!(
        "Commit {}, `ostrakon-bench {}`: {} rounds of {} s after one that does not count. {} processors{}, {} GiB, Linux {}, load {} at the \
         start. {}, {}, {}; the floor, HAProxy and the node have {} threads each.\n",
        commit(),
        command.join(" "),
        arguments.rounds(),
        arguments.seconds(),
        std::thread::available_parallelism()?,
        model().map(|name| format!(" ({name})")).unwrap_or_default(),
        kib.map_or(0, |kib| (kib + (1 << 19)) >> 20),
        kernel.trim(),
        load.split_whitespace().next().unwrap_or_default(),
        programs.server.label(),
        haproxy.split(" - ").next().unwrap_or_default(),
        sysbench.split(" (").next().unwrap_or_default(),
        programs.threads,
    ))
}

/// The first line of what a program prints.
fn said(command: &mut Command) -> Outcome<String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("{shown}: {error}. `tools/setup bench` installs what is missing"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The commit of the source, with a word when something was changed since; a source without its history says so.
fn commit() -> String {
    let mut command = Command::new("git");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "describe",
        "--always",
        "--dirty=, changed",
        "--exclude=*",
    ]);
    match command.output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}

fn model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
