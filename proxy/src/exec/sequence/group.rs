//! GROUP: ranges leased through the catalog and given out from memory.
//!
//! Taking values is one compare-and-swap on the range in use. When half of it is used the next one is leased in the background, so that
//! a statement waits only when values go faster than the log. Ranges begin small and double while they last less than a second.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::{Held, Leased, Ledger, Name, Taken};
use crate::error::SqlError;

/// A range that lasts less makes the next one twice as large.
const SHORT: Duration = Duration::from_secs(1);
/// A range that lasts longer makes the next one half as large.
const LONG: Duration = Duration::from_secs(10);
/// After a failed lease in the background, before the next one.
const RETRY: Duration = Duration::from_secs(1);

/// The range in use.
#[derive(Debug)]
struct Range {
    next: AtomicU64,
    last: u64,
    /// Past this value half is used.
    half: u64,
}

impl Range {
    fn new(first: u64, last: u64) -> Self {
        Self { next: AtomicU64::new(first), last, half: first + last.saturating_sub(first) / 2 }
    }

    /// Nothing is left in it.
    fn empty() -> Self {
        Self { next: AtomicU64::new(1), last: 0, half: 0 }
    }

    fn is_used_up(&self) -> bool {
        self.next.load(Ordering::Acquire) > self.last
    }

    /// Appends up to `wanted` values.
    fn take(&self, wanted: usize, values: &mut Vec<u64>) {
        let wanted = wanted as u64;
        let step = |next: u64| {
            let left = self.last.checked_sub(next)?.checked_add(1)?;
            Some(next + left.min(wanted))
        };
        if let Ok(first) = self.next.fetch_update(Ordering::AcqRel, Ordering::Acquire, step) {
            let end = step(first).unwrap_or(first);
            values.extend(first..end);
        }
    }
}

/// The ranges of one epoch of a sequence.
#[derive(Debug)]
pub(super) struct Ranges {
    epoch: u64,
    smallest: u64,
    largest: u64,
    current: ArcSwap<Range>,
    /// Ranges behind the current one: as `Rest::spare`, to be seen without its lock.
    spares: AtomicUsize,
    /// A lease runs in the background.
    fetching: AtomicBool,
    /// Held for a moment when a range is used up, comes, or is raised over; never over a wait.
    rest: Mutex<Rest>,
    /// One lease at a time, so that waiting statements share its range.
    turn: tokio::sync::Mutex<()>,
    leases: AtomicU64,
    waits: AtomicU64,
}

#[derive(Debug)]
struct Rest {
    spare: VecDeque<(u64, u64)>,
    /// No value under it is given: what explicit values have passed.
    floor: u64,
    size: u64,
    leased: Option<Instant>,
    raised: Option<Instant>,
}

impl Ranges {
    pub fn new(epoch: u64, inner_step: u64) -> Self {
        let smallest = (inner_step / 100).max(1);
        Self {
            epoch,
            smallest,
            largest: inner_step.saturating_mul(10),
            current: ArcSwap::from_pointee(Range::empty()),
            spares: AtomicUsize::new(0),
            fetching: AtomicBool::new(false),
            rest: Mutex::new(Rest {
                spare: VecDeque::new(),
                floor: 0,
                size: smallest,
                leased: None,
                raised: None,
            }),
            turn: tokio::sync::Mutex::new(()),
            leases: AtomicU64::new(0),
            waits: AtomicU64::new(0),
        }
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `count` values without waiting, or those that there were.
    pub fn try_take(&self, count: usize) -> Result<Vec<u64>, Vec<u64>> {
        let mut values = Vec::with_capacity(count);
        self.fill(count, &mut values);
        if values.len() == count { Ok(values) } else { Err(values) }
    }

    fn fill(&self, count: usize, values: &mut Vec<u64>) {
        loop {
            self.current.load().take(count - values.len(), values);
            if values.len() == count || !self.advance() {
                return;
            }
        }
    }

    /// Puts the next range in place of one that is used up; false when there is none.
    fn advance(&self) -> bool {
        let mut rest = self.rest();
        if !self.current.load().is_used_up() {
            return true;
        }
        let Some((first, last)) = rest.spare.pop_front() else { return false };
        self.spares.store(rest.spare.len(), Ordering::Release);
        self.current.store(std::sync::Arc::new(Range::new(first, last)));
        true
    }

    /// Waits for what is missing of `count` values.
    pub async fn wait(
        &self,
        ledger: &impl Ledger,
        name: &Name,
        mut values: Vec<u64>,
        count: usize,
    ) -> Result<Taken, SqlError> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        let _turn = self.turn.lock().await;
        loop {
            // Another statement, or the background, may have leased a range while this one waited.
            self.fill(count, &mut values);
            if values.len() == count {
                return Ok(Taken::Values(values));
            }
            let asked = self.next_size().max((count - values.len()) as u64);
            let range = name.lease(ledger, asked).await.map_err(|e| name.unavailable(e))?;
            if !self.add(range) {
                return Ok(Taken::Other(range));
            }
        }
    }

    /// Half of the range in use is used, and no other is there or under way.
    pub fn is_low(&self) -> bool {
        let current = self.current.load();
        current.next.load(Ordering::Relaxed) > current.half
            && self.spares.load(Ordering::Relaxed) == 0
            && !self.fetching.load(Ordering::Relaxed)
    }

    /// True for the one who is to call `fetch`.
    pub fn begin_fetch(&self) -> bool {
        !self.fetching.swap(true, Ordering::AcqRel)
    }

    /// Leases one range ahead.
    pub async fn fetch(&self, ledger: &impl Ledger, name: &Name) {
        let turn = self.turn.lock().await;
        let leased = match self.spares.load(Ordering::Acquire) {
            0 => name.lease(ledger, self.next_size()).await.map(|range| self.add(range)),
            _ => Ok(true),
        };
        drop(turn);
        if let Err(e) = leased {
            // Not a disaster yet: the other half is there.
            tracing::warn!(database = %name.database, sequence = %name.sequence, "no range was leased ahead: {e}");
            tokio::time::sleep(RETRY).await;
        }
        self.fetching.store(false, Ordering::Release);
    }

    /// How many values the next lease asks for.
    fn next_size(&self) -> u64 {
        let mut rest = self.rest();
        let now = Instant::now();
        match rest.leased.map(|at| now.duration_since(at)) {
            Some(lasted) if lasted < SHORT => rest.size = rest.size.saturating_mul(2).min(self.largest),
            Some(lasted) if lasted > LONG => rest.size = (rest.size / 2).max(self.smallest),
            _ => {}
        }
        rest.leased = Some(now);
        rest.size
    }

    /// A range was granted; false when it belongs to another epoch.
    pub fn add(&self, range: Leased) -> bool {
        if range.epoch != self.epoch {
            return false;
        }
        self.leases.fetch_add(1, Ordering::Relaxed);
        let mut rest = self.rest();
        let first = range.first.max(rest.floor);
        if first <= range.last {
            rest.spare.push_back((first, range.last));
            self.spares.store(rest.spare.len(), Ordering::Release);
        }
        true
    }

    /// No value under `at_least` is given from now on. True when the ranges here reach that far, so that the catalog need not know.
    pub fn raise(&self, at_least: u64) -> bool {
        if self.current.load().next.load(Ordering::Acquire) >= at_least {
            return true;
        }
        let mut rest = self.rest();
        rest.floor = rest.floor.max(at_least);
        let current = self.current.load();
        current.next.fetch_max(at_least, Ordering::AcqRel);
        let mut reaches = current.last >= at_least;
        rest.spare.retain(|(_, last)| *last >= at_least);
        if let Some((first, _)) = rest.spare.front_mut() {
            *first = at_least.max(*first);
            reaches = true;
        }
        self.spares.store(rest.spare.len(), Ordering::Release);
        reaches
    }

    /// This raise of the catalog's position came soon after another.
    pub fn raises_fast(&self) -> bool {
        let now = Instant::now();
        self.rest().raised.replace(now).is_some_and(|before| now.duration_since(before) < SHORT)
    }

    pub fn held(&self) -> Held {
        let rest = self.rest();
        let current = self.current.load();
        let used = (current.next.load(Ordering::Acquire), current.last);
        let ranges = std::iter::once(used).filter(|(next, last)| next <= last);
        Held {
            ranges: ranges.chain(rest.spare.iter().copied()).collect(),
            size: rest.size,
            leases: self.leases.load(Ordering::Relaxed),
            waits: self.waits.load(Ordering::Relaxed),
            worker: None,
        }
    }
}
