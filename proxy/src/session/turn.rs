//! Giving way: a session that streams much lets the others of its worker run in between.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// So long a session runs while others wait. What the runtime counts by itself are reads, 128 of them: a merge takes a tenth of a second for that many.
const LENGTH: Duration = Duration::from_millis(1);

/// Since when the session has run without a wait.
#[derive(Debug)]
pub struct Turn {
    since: Cell<Instant>,
}

impl Default for Turn {
    fn default() -> Self {
        Self { since: Cell::new(Instant::now()) }
    }
}

impl Turn {
    /// The session has waited: others ran.
    pub fn begin(&self) {
        self.since.set(Instant::now());
    }

    /// Lets others run, when the session has run for long.
    pub async fn give_way(&self) {
        if self.since.get().elapsed() >= LENGTH {
            tokio::task::yield_now().await;
            self.begin();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn who_never_waits_lets_others_run() {
        let ran = Rc::new(Cell::new(false));
        let other = Rc::clone(&ran);
        let local = tokio::task::LocalSet::new();
        local.spawn_local(async move { other.set(true) });
        local
            .run_until(async {
                let turn = Turn::default();
                let begun = Instant::now();
                while !ran.get() {
                    assert!(begun.elapsed() < Duration::from_secs(10), "the other did not run");
                    turn.give_way().await;
                }
            })
            .await;
    }
}
