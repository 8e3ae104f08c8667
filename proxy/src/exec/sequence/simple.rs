//! SIMPLE: each grant is an entry of the log. Statements that wait at the same time share one, in the order in which they came.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ostrakon_meta::ProposeError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{Held, Ledger, Source};
use crate::error::SqlError;

/// Statements that wait.
#[derive(Debug, Default)]
pub(super) struct Line {
    queue: Mutex<Queue>,
    leases: AtomicU64,
    waits: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    asking: Vec<Ask>,
    /// Somebody proposes for them.
    served: bool,
}

#[derive(Debug)]
struct Ask {
    count: usize,
    values: Vec<u64>,
    answer: oneshot::Sender<Result<Vec<u64>, SqlError>>,
}

impl Line {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn held(&self) -> Held {
        Held {
            leases: self.leases.load(Ordering::Relaxed),
            waits: self.waits.load(Ordering::Relaxed),
            ..Held::default()
        }
    }
}

/// Waits for `count` values.
pub(super) async fn take(
    source: &Arc<Source>,
    ledger: &impl Ledger,
    control: &Handle,
    count: usize,
) -> Result<Vec<u64>, SqlError> {
    source.line.waits.fetch_add(1, Ordering::Relaxed);
    let (answer, answered) = oneshot::channel();
    let starts = {
        let mut queue = source.line.queue();
        queue.asking.push(Ask { count, values: Vec::with_capacity(count), answer });
        !std::mem::replace(&mut queue.served, true)
    };
    if starts {
        // Not in this statement: its client may leave, and others wait.
        let (source, ledger) = (Arc::clone(source), ledger.clone());
        control.spawn(async move { serve(&source, &ledger).await });
    }
    // Closed only when the node stops.
    answered.await.unwrap_or_else(|_| Err(source.name.unavailable(ProposeError::Stopped)))
}

/// Serves the line until it is empty.
async fn serve(source: &Source, ledger: &impl Ledger) {
    let mut asking: Vec<Ask> = Vec::new();
    loop {
        {
            let mut queue = source.line.queue();
            asking.append(&mut queue.asking);
            // Whoever has left takes no value.
            asking.retain(|ask| !ask.answer.is_closed());
            if asking.is_empty() {
                queue.served = false;
                return;
            }
        }
        let missing: usize = asking.iter().map(|ask| ask.count - ask.values.len()).sum();
        match source.name.lease(ledger, missing as u64).await {
            Ok(range) => {
                source.line.leases.fetch_add(1, Ordering::Relaxed);
                let by = usize::try_from(range.increment.max(1)).unwrap_or(usize::MAX);
                let mut values = (range.first..=range.last).step_by(by);
                asking.iter_mut().for_each(|ask| {
                    let missing = ask.count - ask.values.len();
                    ask.values.extend(values.by_ref().take(missing));
                });
                // Near the end of the numbers a range can be short: the others ask again.
                let filled = asking.iter().take_while(|ask| ask.values.len() == ask.count).count();
                for ask in asking.drain(..filled) {
                    // An error: the client has gone with its values.
                    let _ = ask.answer.send(Ok(ask.values));
                }
            }
            Err(e) => {
                let error = source.name.unavailable(e);
                for ask in asking.drain(..) {
                    let _ = ask.answer.send(Err(error.clone()));
                }
            }
        }
    }
}
