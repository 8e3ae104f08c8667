//! What connected clients cost: memory of those that are idle and of those that work, and what a proxy does while nothing is asked of it.

use std::fs;
use std::time::Duration;

use ostrakon::client::Client;
use serde_json::{Value, json};

use crate::Outcome;
use crate::clock::Threads;
use crate::data;
use crate::report::{show, table};
use crate::stage::{SHARDED, Stage, Target};
use crate::sysbench::{Load, Running, Script, lasting};

/// Clients of the node at most.
const MOST: u32 = 10_000;
/// Clients of every proxy.
const MANY: u32 = 1_000;
/// Until memory and threads have come to rest.
const REST: Duration = Duration::from_secs(2);
/// How long idle clients are watched.
const WATCHED: Duration = Duration::from_secs(10);
/// Seconds that active clients work.
const ACTIVE_SECONDS: u32 = 4;

/// What was seen of one proxy with so many clients.
struct Footprint {
    target: Target,
    clients: u32,
    /// Resident memory before the clients came, in KiB.
    empty: f64,
    /// For each client, in KiB: logged in, and after one statement each.
    idle: f64,
    after_one: f64,
    /// The most while all of them work, in KiB for each; not measured with very many.
    active: Option<f64>,
    /// CPU of a login, in microseconds.
    login: f64,
    /// While all are idle: CPU in milliseconds a second, and wake-ups a second.
    cpu: f64,
    wake_ups: f64,
}

/// Measures a proxy that has just been started.
fn measure(stage: &mut Stage, target: Target, clients: u32, works: bool) -> Outcome<Footprint> {
    stage.restart(target)?;
    let pid = stage.proxy(target).ok_or("only a proxy has a footprint")?;
    // The first client makes it open what all share.
    ask(&mut stage.client(target, Some(SHARDED))?, 1)?;
    std::thread::sleep(REST);
    let empty = resident(pid)?;
    let before = Threads::read(pid)?;
    let mut connected = Vec::new();
    for _ in 0..clients {
        connected.push(stage.client(target, Some(SHARDED))?);
    }
    let login = Threads::read(pid)?.since(&before) as f64 / 1000.0 / f64::from(clients);
    std::thread::sleep(REST);
    let each = |now: f64| (now - empty) / f64::from(clients);
    let idle = each(resident(pid)?);
    let (before, woken) = (Threads::read(pid)?, wake_ups(pid)?);
    std::thread::sleep(WATCHED);
    let seconds = WATCHED.as_secs_f64();
    let wake_ups = (wake_ups(pid)?.saturating_sub(woken)) as f64 / seconds;
    let cpu = Threads::read(pid)?.since(&before) as f64 / 1e6 / seconds;
    for (number, client) in connected.iter_mut().enumerate() {
        ask(client, number as u64 % data::ROWS + 1)?;
    }
    let after_one = each(resident(pid)?);
    drop(connected);
    let active = if works { Some(each(peak(stage, target, pid, clients)?)) } else { None };
    Ok(Footprint { target, clients, empty, idle, after_one, active, login, cpu, wake_ups })
}

fn ask(client: &mut Client, id: u64) -> Outcome<()> {
    client.setup(&format!("SELECT c FROM sbtest1 WHERE id={id}"))?;
    Ok(())
}

/// The most memory while as many clients of sysbench ask as fast as they can.
fn peak(stage: &Stage, target: Target, pid: u32, clients: u32) -> Outcome<f64> {
    let options = vec!["--tables=1".to_owned(), format!("--table-size={}", data::ROWS)];
    let script = Script::Distributed("oltp_point_select");
    let load = Load { script, options, clients, prepared: false };
    let mut running = Running::start(&load, stage.port(target), SHARDED, lasting(clients, ACTIVE_SECONDS))?;
    let mut most = 0.0_f64;
    for _ in 0..ACTIVE_SECONDS {
        running.second()?;
        most = most.max(resident(pid)?);
    }
    running.finish()?;
    Ok(most)
}

/// Resident memory in KiB.
fn resident(pid: u32) -> Outcome<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    field(&text, "Rss:").map(|kib| kib as f64).ok_or_else(|| "smaps_rollup has no Rss".into())
}

/// How often threads of a process have gone to sleep: each of them has been woken, or will be.
fn wake_ups(pid: u32) -> Outcome<u64> {
    let mut all = 0;
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end between the look into the folder and this one.
        let Ok(text) = fs::read_to_string(entry?.path().join("status")) else { continue };
        all += field(&text, "voluntary_ctxt_switches:").ok_or("status has no switches")?;
    }
    Ok(all)
}

/// The number after a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

/// Measures all proxies, and gives Markdown and JSON.
pub fn run(stage: &mut Stage) -> Outcome<(String, Value)> {
    let wanted = [
        (Target::Floor, MANY, true),
        (Target::HaProxy, MANY, true),
        (Target::Node, MANY, true),
        (Target::Node, MOST, false),
    ];
    let mut found = Vec::new();
    for (target, clients, works) in wanted {
        eprintln!("memory: {clients} clients of {} ...", target.name());
        found.push(measure(stage, target, clients, works)?);
    }
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let heads = [
        "",
        "clients",
        "empty KiB",
        "KiB each, idle",
        "after one statement",
        "active (most)",
        "µs of a login",
        "idle: CPU ms/s",
        "wake-ups/s",
    ];
    let text = format!(
        "### memory\n\nResident memory of a proxy that has just been started, over the number of its clients; kernel memory is not in it.\n\n{}",
        table(&heads, &rows)
    );
    Ok((text, json!(found.iter().map(as_json).collect::<Vec<_>>())))
}

fn row(one: &Footprint) -> Vec<String> {
    vec![
        one.target.name().to_owned(),
        one.clients.to_string(),
        show(Some(one.empty), 0),
        show(Some(one.idle), 1),
        show(Some(one.after_one), 1),
        show(one.active, 1),
        show(Some(one.login), 0),
        show(Some(one.cpu), 2),
        show(Some(one.wake_ups), 1),
    ]
}

fn as_json(one: &Footprint) -> Value {
    json!({
        "target": one.target.name(), "clients": one.clients, "empty_kib": one.empty, "idle_kib": one.idle, "after_one_kib": one.after_one,
        "active_kib": one.active, "login_us": one.login, "idle_cpu_ms": one.cpu, "idle_wake_ups": one.wake_ups,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_at_the_beginning_of_a_line() {
        let text = "55cf-7ffe ---p [rollup]\nRss:                1776 kB\nnonvoluntary_ctxt_switches:\t9\nvoluntary_ctxt_switches:\t4\n";
        assert_eq!(field(text, "Rss:"), Some(1776));
        assert_eq!(field(text, "voluntary_ctxt_switches:"), Some(4));
        assert_eq!(field(text, "Pss:"), None);
    }
}
