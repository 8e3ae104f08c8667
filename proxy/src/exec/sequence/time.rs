//! TIME: 41 bits of milliseconds, 10 of a worker number that this node alone holds, 12 counted. Nothing is leased but the number.
//!
//! **Invariant:** no value repeats and none is below an earlier one of this node: the last one given is kept, and the clock only moves it up.
//! **Invariant:** no value has a time at or above the ceiling that the catalog holds for the number, so whoever has the number next, after
//! a restart for example, begins above.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use ostrakon_catalog::Rejection;
use ostrakon_catalog::command::Command;
use ostrakon_catalog::outcome::Outcome;
use ostrakon_meta::ProposeError;
use tokio::runtime::Handle;

use super::{Held, Ledger};
use crate::error::SqlError;

/// Milliseconds since 1970. A parameter, so that tests play it.
pub(super) type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The moment that values count from, in milliseconds since 1970: DRDS's, 27 April 2011.
const EPOCH: u64 = 1_303_895_660_503;
/// 41 bits from there on, which a signed BIGINT has room for: until the end of 2080.
const END: u64 = EPOCH + (1 << 41);
const COUNTER_BITS: u32 = 12;
const WORKER_BITS: u32 = 10;
/// How far the ceiling is raised above the clock.
const RESERVE: u64 = 3000;
/// How far the clock may step back, and how far values may run ahead of it.
const TOLERANCE: u64 = 1000;
/// While values are taken the ceiling is raised this often.
const RAISE_EVERY: Duration = Duration::from_secs(1);
/// Rounds of raising without a value taken, after which it ends.
const IDLE_ROUNDS: u32 = 10;
/// Longest wait for the clock to come after the values.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The number that this node holds.
#[derive(Debug)]
struct Number {
    worker: u16,
    ceiling: AtomicU64,
}

/// The node's source of TIME values, one for all sequences.
pub(super) struct Time {
    node: u64,
    clock: Clock,
    /// The last value's time and counter, as one number.
    last: AtomicU64,
    /// The latest time that the clock has shown.
    latest: AtomicU64,
    number: ArcSwapOption<Number>,
    /// One proposal at a time.
    turn: tokio::sync::Mutex<()>,
    /// The ceiling is being kept above the clock.
    kept: AtomicBool,
    used: AtomicBool,
    leases: AtomicU64,
    waits: AtomicU64,
}

/// Why there is no value at once.
#[derive(Debug, PartialEq, Eq)]
enum Lack {
    /// No number, or its ceiling is reached.
    Ceiling,
    /// Values have run too far ahead of the clock.
    Ahead,
    /// The clock stepped back by so many milliseconds.
    SteppedBack(u64),
    /// The clock is before 2011 or after 2080.
    NoTime,
}

impl Time {
    pub fn new(node: u64, clock: Clock) -> Self {
        Self {
            node,
            clock,
            last: AtomicU64::new(0),
            latest: AtomicU64::new(0),
            number: ArcSwapOption::empty(),
            turn: tokio::sync::Mutex::new(()),
            kept: AtomicBool::new(false),
            used: AtomicBool::new(false),
            leases: AtomicU64::new(0),
            waits: AtomicU64::new(0),
        }
    }

    /// `count` values in rising order.
    pub async fn take(
        self: &Arc<Self>,
        ledger: &impl Ledger,
        control: &Handle,
        count: usize,
    ) -> Result<Vec<u64>, SqlError> {
        let mut waited = Duration::ZERO;
        loop {
            match self.try_take(count as u64) {
                Ok(values) => {
                    self.keep_ceiling(ledger, control);
                    return Ok(values);
                }
                Err(Lack::Ceiling) => {
                    self.waits.fetch_add(1, Ordering::Relaxed);
                    let _turn = self.turn.lock().await;
                    if self.lacks_ceiling(count as u64) {
                        self.reserve(ledger, count as u64).await?;
                    }
                }
                Err(Lack::Ahead) if waited < LONGEST_WAIT => {
                    let pause = Duration::from_millis(5);
                    tokio::time::sleep(pause).await;
                    waited += pause;
                }
                Err(Lack::Ahead) => {
                    return Err(refused(
                        "more values were asked for than 4096 for each millisecond".to_owned(),
                    ));
                }
                Err(Lack::SteppedBack(by)) => {
                    tracing::error!(milliseconds = by, "the clock stepped back: TIME sequences wait for it");
                    return Err(refused(format!(
                        "this node's clock stepped back by {by} ms, and values must not repeat; set the clock right, or \
                         restart the node, which takes another worker number"
                    )));
                }
                Err(Lack::NoTime) => {
                    return Err(refused("this node's clock is before 2011 or after 2080".to_owned()));
                }
            }
        }
    }

    fn try_take(&self, count: u64) -> Result<Vec<u64>, Lack> {
        let (now, latest) = self.now()?;
        let number = self.number.load();
        let number = number.as_ref().ok_or(Lack::Ceiling)?;
        let ceiling = number.ceiling.load(Ordering::Acquire);
        let mut last = self.last.load(Ordering::Acquire);
        loop {
            let first = (now << COUNTER_BITS).max(last + 1);
            let end = first + count.saturating_sub(1);
            let time = end >> COUNTER_BITS;
            if time > latest + TOLERANCE {
                return Err(Lack::Ahead);
            }
            if time >= ceiling {
                return Err(Lack::Ceiling);
            }
            match self.last.compare_exchange_weak(last, end, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    return Ok((first..first + count).map(|place| value(place, number.worker)).collect());
                }
                Err(other) => last = other,
            }
        }
    }

    /// The clock, and the latest time that it has shown.
    fn now(&self) -> Result<(u64, u64), Lack> {
        let now = (self.clock)();
        if !(EPOCH..END - 2 * RESERVE).contains(&now) {
            return Err(Lack::NoTime);
        }
        let latest = self.latest.fetch_max(now, Ordering::AcqRel).max(now);
        match latest - now {
            back if back > TOLERANCE => Err(Lack::SteppedBack(back)),
            _ => Ok((now, latest)),
        }
    }

    /// Another statement may have raised it meanwhile.
    fn lacks_ceiling(&self, count: u64) -> bool {
        let last = self.last.load(Ordering::Acquire);
        let place = ((self.clock)() << COUNTER_BITS).max(last + 1) + count;
        let number = self.number.load();
        number.as_ref().is_none_or(|n| place >> COUNTER_BITS >= n.ceiling.load(Ordering::Acquire))
    }

    /// Raises the ceiling over `count` more values, with a new number when there is none or the old one is lost. In turn.
    async fn reserve(&self, ledger: &impl Ledger, count: u64) -> Result<(), SqlError> {
        if let Some(number) = self.number.load_full() {
            match self.raise(ledger, &number, count).await {
                Ok(()) => return Ok(()),
                // Only when this node was removed: another number, if it may have one.
                Err(ProposeError::Rejected(Rejection::NoTimeWorker)) => self.number.store(None),
                Err(e) => return Err(unavailable(e)),
            }
        }
        let (now, _) = self.now().map_err(|_| refused("this node's clock cannot be used".to_owned()))?;
        // Above all that this process has given.
        let now = now.max((self.last.load(Ordering::Acquire) >> COUNTER_BITS) + 1);
        let ceiling = now + RESERVE;
        let worker = match ledger.propose(Command::TakeTimeWorker { node: self.node, now, ceiling }).await {
            Ok(Outcome::TimeWorker { worker }) => worker,
            Ok(other) => return Err(SqlError::other(format!("a worker number was answered with {other:?}"))),
            Err(e) => return Err(unavailable(e)),
        };
        self.leases.fetch_add(1, Ordering::Relaxed);
        // The clock may step back before the first value: those with earlier times are the last holder's.
        self.last.fetch_max((now << COUNTER_BITS) - 1, Ordering::AcqRel);
        self.number.store(Some(Arc::new(Number { worker, ceiling: AtomicU64::new(ceiling) })));
        Ok(())
    }

    async fn raise(&self, ledger: &impl Ledger, number: &Number, count: u64) -> Result<(), ProposeError> {
        let place = self.last.load(Ordering::Acquire) + count;
        let ceiling = (self.clock)().max(place >> COUNTER_BITS) + RESERVE;
        let (node, worker) = (self.node, number.worker);
        ledger.propose(Command::RaiseTimeCeiling { node, worker, ceiling }).await?;
        number.ceiling.fetch_max(ceiling, Ordering::AcqRel);
        Ok(())
    }

    /// Sees to it that the ceiling stays ahead of the clock while values are taken.
    fn keep_ceiling(self: &Arc<Self>, ledger: &impl Ledger, control: &Handle) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        if self.kept.load(Ordering::Relaxed) || self.kept.swap(true, Ordering::AcqRel) {
            return;
        }
        let (time, ledger) = (Arc::clone(self), ledger.clone());
        control.spawn(async move {
            let mut idle = 0;
            while idle < IDLE_ROUNDS {
                tokio::time::sleep(RAISE_EVERY).await;
                idle = if time.used.swap(false, Ordering::Relaxed) { 0 } else { idle + 1 };
                let Some(number) = time.number.load_full() else { break };
                if let Err(e) = time.raise(&ledger, &number, 0).await {
                    tracing::warn!("the ceiling of TIME sequences was not raised: {e}");
                }
            }
            time.kept.store(false, Ordering::Release);
        });
    }

    pub fn held(&self) -> Held {
        let number = self.number.load();
        Held {
            leases: self.leases.load(Ordering::Relaxed),
            waits: self.waits.load(Ordering::Relaxed),
            worker: number.as_ref().map(|n| (n.worker, n.ceiling.load(Ordering::Relaxed))),
            ..Held::default()
        }
    }
}

/// The value at a place in time: `place` is milliseconds and counter as one number.
fn value(place: u64, worker: u16) -> u64 {
    let counter = place & ((1 << COUNTER_BITS) - 1);
    let milliseconds = (place >> COUNTER_BITS).saturating_sub(EPOCH);
    milliseconds << (WORKER_BITS + COUNTER_BITS) | u64::from(worker) << COUNTER_BITS | counter
}

/// The least value that no node can have given by now, whatever its ceiling: where another kind of sequence may go on.
pub fn above(ceiling: u64) -> u64 {
    value((ceiling.max(EPOCH) + 1) << COUNTER_BITS, 0)
}

fn refused(reason: String) -> SqlError {
    SqlError::new(1467, "HY000", format!("Failed to read a value of a TIME sequence: {reason}"))
}

fn unavailable(e: ProposeError) -> SqlError {
    match e {
        ProposeError::Rejected(_) => e.into(),
        other => refused(format!("the catalog reserved no more time for this node ({other})")),
    }
}

#[cfg(test)]
mod tests;
