//! What the kernel says of processes: their CPU time, in nanoseconds, and how busy the whole machine was.

use std::collections::HashMap;
use std::fs;

use crate::Outcome;

/// CPU time of each thread of a process, in nanoseconds. /proc/PID/stat has threads that have ended too, but counts hundredths of a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threads(HashMap<u32, u64>);

impl Threads {
    pub fn read(pid: u32) -> Outcome<Self> {
        let mut all = HashMap::new();
        let folder = format!("/proc/{pid}/task");
        for entry in fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))? {
            let entry = entry?;
            let thread = entry.file_name().to_string_lossy().parse()?;
            // A thread may end between the look into the folder and this one.
            let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) else { continue };
            all.insert(thread, on_cpu(&text).ok_or_else(|| format!("{folder}/{thread}/schedstat: {text}"))?);
        }
        Ok(Self(all))
    }

    /// What the threads have used since `earlier`; one that has begun since, all of it. What one that has ended since used is not known, so
    /// both are to be read while all connections are open.
    pub fn since(&self, earlier: &Self) -> u64 {
        let used =
            |(thread, now): (&u32, &u64)| now.saturating_sub(earlier.0.get(thread).copied().unwrap_or(0));
        self.0.iter().map(used).sum()
    }
}

/// `time on a processor, time waited for one, slices`, the first two in nanoseconds.
fn on_cpu(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// Processor time of the whole machine since its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// In hundredths of a second, of all processors.
    busy: u64,
    all: u64,
}

impl Machine {
    pub fn read() -> Outcome<Self> {
        Self::parse(&fs::read_to_string("/proc/stat")?).ok_or_else(|| "/proc/stat is not as expected".into())
    }

    /// `cpu  user nice system idle iowait irq softirq steal guest guest_nice`; guests are in user and nice already.
    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = line.split_whitespace().map_while(|field| field.parse().ok()).take(8).collect();
        let [_, _, _, idle, waiting, ..] = ticks.as_slice() else { return None };
        let all = ticks.iter().sum();
        Some(Self { busy: all - idle - waiting, all })
    }

    /// Seconds of processors that were busy since then, and all that there were.
    pub fn since(&self, earlier: &Self) -> (f64, f64) {
        let seconds = |after: u64, before: u64| after.saturating_sub(before) as f64 / 100.0;
        (seconds(self.busy, earlier.busy), seconds(self.all, earlier.all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_have_begun_count_wholly_and_those_that_have_ended_do_not() {
        let threads = |all: &[(u32, u64)]| Threads(all.iter().copied().collect());
        let (before, after) = (threads(&[(1, 100), (2, 50)]), threads(&[(1, 130), (3, 7)]));
        assert_eq!(after.since(&before), 37);
        assert_eq!(on_cpu("640673 3675869 3\n"), Some(640_673));
        assert_eq!(on_cpu(""), None);
    }

    #[test]
    fn the_machines_time_is_read_without_counting_guests_twice() {
        let before = Machine::parse("cpu  100 0 50 800 50 0 0 0 30 0\ncpu0 1 2 3\n");
        assert_eq!(before, Some(Machine { busy: 150, all: 1000 }));
        let after = Machine { busy: 350, all: 1400 };
        assert_eq!(before.map(|before| after.since(&before)), Some((2.0, 4.0)));
        assert_eq!(Machine::parse("cpu  1 2"), None);
        assert_eq!(Machine::parse("intr 1"), None);
    }
}
