//! What all clients see of the run: what goes on now, and when it is over. And how long their statements took.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

use mysql_async::{Conn, Error, Opts};
use ostrakon_tests::cluster::options;

/// A statement that has waited for a lock took longer.
const LATE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Short statements only.
    Calm,
    /// All kinds of statements.
    Mixed,
    /// The same while a server is dead, or was until just now: statements may fail.
    Down,
}

pub struct Stage {
    port: u16,
    phase: AtomicU8,
    over: AtomicBool,
    /// Sessions that may be killed, by their places; 0: none.
    pub victims: [AtomicU32; 3],
}

impl Stage {
    pub fn new(port: u16) -> Self {
        let (phase, over) = (AtomicU8::new(Phase::Calm as u8), AtomicBool::new(false));
        Self { port, phase, over, victims: Default::default() }
    }

    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }

    pub async fn last(&self, phase: Phase, time: Duration) {
        self.enter(phase);
        tokio::time::sleep(time).await;
    }

    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Calm,
            1 => Phase::Mixed,
            _ => Phase::Down,
        }
    }

    pub fn stop(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// A client of the node, which is never down; but the driver's first questions go to a server.
    pub async fn client(&self) -> Conn {
        loop {
            let before = self.phase();
            let options: Opts = options(self.port, Some("app")).into();
            match Conn::new(options).await {
                Ok(client) => return client,
                Err(error) => self.must_be_down(before, &error),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// An error of what was begun in the phase `before` is one only while a server is down.
    pub fn must_be_down(&self, before: Phase, error: &Error) {
        let now = self.phase();
        assert!(before == Phase::Down || now == Phase::Down, "in phase {before:?}, now {now:?}: {error}");
    }
}

/// How long one client's statements took, by the phase in which they began and ended.
#[derive(Default)]
pub struct Times {
    all: Vec<(Phase, Duration)>,
    /// Statements that failed while a server was down.
    pub failed: u64,
}

impl Times {
    pub fn add(&mut self, phase: Phase, took: Duration) {
        self.all.push((phase, took));
    }

    pub fn join(&mut self, other: Self) {
        self.all.extend(other.all);
        self.failed += other.failed;
    }

    pub fn of(&self, phase: Phase) -> Summary {
        let mut times: Vec<Duration> =
            self.all.iter().filter(|(of, _)| *of == phase).map(|(_, took)| *took).collect();
        times.sort();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        let longest = times.last().copied().unwrap_or_default();
        let late = times.iter().filter(|took| **took >= LATE).count();
        Summary { count: times.len(), p50: at(50), p99: at(99), longest, late }
    }
}

pub struct Summary {
    pub count: usize,
    pub p50: Duration,
    pub p99: Duration,
    pub longest: Duration,
    /// How many took a second or more.
    pub late: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, p50, p99, longest, late } = self;
        write!(
            f,
            "{count} statements, p50 {p50:.1?}, p99 {p99:.1?}, longest {longest:.1?}, {late} of {LATE:?} or more"
        )
    }
}
