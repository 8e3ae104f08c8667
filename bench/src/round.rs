//! One run of a workload against one target: statements, and the CPU time of everybody who took part in them.

use std::time::Instant;

use crate::Outcome;
use crate::clock::{Machine, Threads};
use crate::stage::Place;
use crate::statistics::Histogram;
use crate::sysbench::{Load, Rates, Running, lasting};

/// What one run gave. CPU is in microseconds for each statement.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Statements a second.
    pub rate: f64,
    /// Of the proxy; 0 without one.
    pub proxy: f64,
    pub client: f64,
    pub servers: f64,
    /// Share of all processors' time that processes outside of the path took.
    pub foreign: f64,
    /// Errors a second that the workload ignores.
    pub errors: f64,
    pub latency: Histogram,
}

impl Sample {
    /// CPU of the whole path.
    pub fn path(&self) -> f64 {
        self.proxy + self.client + self.servers
    }
}

/// All clocks at one moment.
struct Reading {
    at: Instant,
    proxy: Vec<Threads>,
    client: Vec<Threads>,
    servers: Vec<Threads>,
    machine: Machine,
}

impl Reading {
    fn take(place: &Place, client: u32) -> Outcome<Self> {
        let all = |pids: &[u32]| pids.iter().map(|pid| Threads::read(*pid)).collect::<Outcome<Vec<_>>>();
        Ok(Self {
            at: Instant::now(),
            proxy: all(place.proxy.as_slice())?,
            client: all(&[client])?,
            servers: all(&place.servers)?,
            machine: Machine::read()?,
        })
    }
}

/// Microseconds that processes have used between two readings.
fn used(after: &[Threads], before: &[Threads]) -> f64 {
    let all = after.iter().zip(before).map(|(after, before)| after.since(before));
    all.sum::<u64>() as f64 / 1000.0
}

/// Runs the load for `seconds`, after a second that does not count: clients log in and caches fill.
pub fn measure(place: &Place, load: &Load, seconds: u32) -> Outcome<Sample> {
    let mut running = Running::start(load, place.port, &place.database, lasting(load.clients, seconds))?;
    let first = running.second()?;
    let before = Reading::take(place, running.pid())?;
    let Rates { statements: rate, errors } = running.rates(first, seconds)?;
    let after = Reading::take(place, running.pid())?;
    let latency = running.finish()?.latency;
    let elapsed = (after.at - before.at).as_secs_f64();
    if rate <= 0.0 {
        return Err(format!("port {} answered no statement", place.port).into());
    }
    let statements = rate * elapsed;
    let proxy = used(&after.proxy, &before.proxy) / statements;
    let client = used(&after.client, &before.client) / statements;
    let servers = used(&after.servers, &before.servers) / statements;
    let (busy, all) = after.machine.since(&before.machine);
    let ours = (proxy + client + servers) * statements / 1e6;
    let foreign = ((busy - ours) / all).max(0.0);
    Ok(Sample { rate, proxy, client, servers, foreign, errors, latency })
}
