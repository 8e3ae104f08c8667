//! A session's alarm: a limit on short waits that costs nothing where the wait is over in time.
//!
//! A timer that is set for each wait is entered in the runtime's wheel and taken out again, and the runtime, where it sleeps, is woken to hear of it: a system
//! call for each statement of a quiet node. This one stays entered from wait to wait, and is only moved on. It rings once after a session's last wait.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// Made with the first wait: an idle client has none.
#[derive(Default)]
pub struct Alarm {
    sleep: RefCell<Option<Pin<Box<Sleep>>>>,
}

impl Alarm {
    /// What `future` comes to within `limit`; `None` when the time is over.
    pub async fn within<F: Future>(&self, limit: Duration, mut future: Pin<&mut F>) -> Option<F::Output> {
        let until = Instant::now() + limit;
        // A second wait at the same time has a timer of its own.
        let mut sleep = match self.sleep.take() {
            Some(mut sleep) => {
                sleep.as_mut().reset(until);
                sleep
            }
            None => Box::pin(tokio::time::sleep_until(until)),
        };
        let output = poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            sleep.as_mut().poll(context).map(|()| None)
        })
        .await;
        self.sleep.replace(Some(sleep));
        output
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn waits_end_with_what_they_wait_for_or_at_the_limit() {
        let alarm = Alarm::default();
        for _ in 0..3 {
            let wait = pin!(tokio::task::yield_now());
            assert_eq!(alarm.within(Duration::from_secs(60), wait).await, Some(()));
            let begun = Instant::now();
            let wait = pin!(std::future::pending::<()>());
            assert_eq!(alarm.within(Duration::from_millis(5), wait).await, None);
            assert!(begun.elapsed() >= Duration::from_millis(5), "{:?}", begun.elapsed());
        }
    }
}
