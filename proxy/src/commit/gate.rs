//! The gate before the commit point: readers that need a moment without commits across groups close it for a little while, on every node.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// After a hold commits go on for so long before the next one: readers must not shut writers out.
const PAUSE: Duration = Duration::from_millis(20);
/// No hold lasts longer: who asked for it may be gone.
const LONGEST: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct State {
    /// Holds by token, and when each is over by itself.
    holds: BTreeMap<u64, Instant>,
    /// Commits between their decision and the end of their last branch.
    passing: usize,
    /// The last hold ended then.
    opened: Option<Instant>,
}

/// A node's gate.
#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

/// A commit that is past the gate. Dropped when all of its branches have ended.
#[derive(Debug)]
pub struct Passing(Arc<Gate>);

impl Drop for Passing {
    fn drop(&mut self) {
        self.0.lock().passing -= 1;
        self.0.changed.notify_waiters();
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the gate is held, and passes.
    pub async fn pass(self: &Arc<Self>) -> Passing {
        loop {
            let changed = self.changed.notified();
            let over = {
                let mut state = self.lock();
                let now = Instant::now();
                state.holds.retain(|_, until| *until > now);
                match state.holds.values().max() {
                    None => {
                        state.passing += 1;
                        return Passing(Arc::clone(self));
                    }
                    Some(until) => *until - now,
                }
            };
            let _ = tokio::time::timeout(over, changed).await;
        }
    }

    /// Holds the gate for at most `limit`, and waits until nothing is passing. False, and not held, when that takes longer.
    pub async fn hold(&self, token: u64, limit: Duration) -> bool {
        let until = Instant::now() + limit.min(LONGEST);
        let pause =
            self.lock().opened.map_or(Duration::ZERO, |opened| PAUSE.saturating_sub(opened.elapsed()));
        tokio::time::sleep(pause).await;
        self.lock().holds.insert(token, until);
        loop {
            let changed = self.changed.notified();
            if self.lock().passing == 0 {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if tokio::time::timeout(left, changed).await.is_err() {
                self.release(token);
                return false;
            }
        }
    }

    /// Ends a hold.
    pub fn release(&self, token: u64) {
        let mut state = self.lock();
        if state.holds.remove(&token).is_some() && state.holds.is_empty() {
            state.opened = Some(Instant::now());
        }
        drop(state);
        self.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1);
    const SHORT: Duration = Duration::from_millis(30);

    #[tokio::test]
    async fn a_hold_waits_for_what_passes_and_keeps_the_rest_out() {
        let gate = Arc::new(Gate::default());
        let passing = gate.pass().await;
        assert!(!gate.hold(1, SHORT).await);
        drop(passing);
        assert!(gate.hold(2, LONG).await);
        assert!(tokio::time::timeout(SHORT, gate.pass()).await.is_err());
        gate.release(2);
        drop(tokio::time::timeout(SHORT, gate.pass()).await.unwrap());
    }

    #[tokio::test]
    async fn a_hold_that_nobody_releases_is_over_by_itself() {
        let gate = Arc::new(Gate::default());
        assert!(gate.hold(1, SHORT).await);
        tokio::time::timeout(LONG, gate.pass()).await.unwrap();
    }
}
