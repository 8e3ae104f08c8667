//! Work that costs a worker's time, one step of one client at a time, and between two steps whatever else the worker has to do.
//!
//! A TLS handshake takes a millisecond in the middle of a worker's thread. A thousand at once make logins slow, and no statement wait for more than one step.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake, Waker};

use tokio::sync::Semaphore;

/// The turns of one worker: first come, first served.
pub struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

/// Remembers that the work can go on, which the same task's other wake-ups do not say.
struct Ready {
    is_set: AtomicBool,
    task: Waker,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.is_set.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl Turns {
    /// Runs `work` to its end, each step in a turn of its own. While it waits for its client it has none.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        let task = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let ready = Arc::new(Ready { is_set: AtomicBool::new(true), task });
        let waker = Waker::from(Arc::clone(&ready));
        loop {
            poll_fn(|_| match ready.is_set.swap(false, Ordering::Acquire) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            })
            .await;
            // It is never closed: an error cannot come, and would let the work run.
            let turn = self.0.acquire().await;
            let mut context = std::task::Context::from_waker(&waker);
            if let Poll::Ready(output) = work.as_mut().poll(&mut context) {
                return output;
            }
            // The other tasks of this thread run before the next turn begins.
            tokio::task::yield_now().await;
            drop(turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    /// Work of several steps; between them it waits as for a socket, woken by another task.
    async fn steps(count: usize, taken: Rc<Cell<usize>>) {
        for _ in 0..count {
            taken.set(taken.get() + 1);
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn others_run_between_two_steps() {
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let turns = Rc::new(Turns::default());
                let taken = Rc::new(Cell::new(0));
                let work: Vec<_> = (0..50)
                    .map(|_| {
                        let (turns, taken) = (Rc::clone(&turns), Rc::clone(&taken));
                        tokio::task::spawn_local(async move { turns.run(steps(3, taken)).await })
                    })
                    .collect();
                let mut most = 0;
                while taken.get() < 150 {
                    let before = taken.get();
                    tokio::task::yield_now().await;
                    most = most.max(taken.get() - before);
                }
                for one in work {
                    one.await.unwrap();
                }
                assert_eq!(taken.get(), 150);
                assert!(most <= 2, "{most} steps between two of another task's");
            })
            .await;
    }
}
