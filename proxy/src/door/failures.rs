//! Refused logins of one user from one address: after a few of them the next one is looked at only after a delay, which doubles each time.
//!
//! The delay comes before the password is looked at, so guessing is slow whoever guesses right, and it is the same for users that do not exist.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ostrakon_conf::Limits;

use super::counted_as;
use super::recent::Recent;

/// The delay that the first login too many has.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// Logins of one user from one address that may wait for their delays at once: who sends more at a time guesses no faster.
const WAITING_MAX: u32 = 16;
/// After this long without another one, failures are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// Refused logins, by user and address.
pub struct Failures {
    free: u32,
    delay_max: Duration,
    all: Mutex<Recent<(String, IpAddr), Failed>>,
}

#[derive(Debug, Default)]
struct Failed {
    count: u32,
    last: Option<Instant>,
    waiting: u32,
}

/// What a login has to do first.
#[derive(Debug)]
pub enum Wait<'f> {
    Nothing,
    For(Duration, Waiting<'f>),
    /// Too many wait already.
    Refused,
}

/// One that waits.
#[derive(Debug)]
pub struct Waiting<'f> {
    failures: &'f Failures,
    key: (String, IpAddr),
}

impl std::fmt::Debug for Failures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failures").finish_non_exhaustive()
    }
}

impl Failures {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            free: limits.failed_logins,
            // One that waits longer than a login may take would never be answered.
            delay_max: Duration::from_millis(limits.failed_login_delay_ms.min(limits.login_timeout_ms / 2)),
            all: Mutex::default(),
        }
    }

    fn all(&self) -> MutexGuard<'_, Recent<(String, IpAddr), Failed>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a login has to wait before it is looked at.
    pub fn wait(&self, user: &str, address: IpAddr, now: Instant) -> Wait<'_> {
        let key = (user.to_owned(), counted_as(address));
        let mut all = self.all();
        let Some(failed) = all.get_mut(&key) else { return Wait::Nothing };
        if failed.last.is_some_and(|last| now.duration_since(last) > FORGOTTEN_AFTER) {
            all.remove(&key);
            return Wait::Nothing;
        }
        let Some(doublings) = failed.count.checked_sub(self.free) else { return Wait::Nothing };
        let delay = FIRST_DELAY.saturating_mul(1 << doublings.min(20)).min(self.delay_max);
        if delay.is_zero() {
            return Wait::Nothing;
        }
        if failed.waiting >= WAITING_MAX {
            return Wait::Refused;
        }
        failed.waiting += 1;
        Wait::For(delay, Waiting { failures: self, key })
    }

    pub fn failed(&self, user: &str, address: IpAddr, now: Instant) {
        let mut all = self.all();
        let failed = all.touch((user.to_owned(), counted_as(address)));
        failed.count = failed.count.saturating_add(1);
        failed.last = Some(now);
    }

    pub fn succeeded(&self, user: &str, address: IpAddr) {
        self.all().remove(&(user.to_owned(), counted_as(address)));
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(failed) = self.failures.all().get_mut(&self.key) {
            failed.waiting = failed.waiting.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delay_ms(wait: &Wait<'_>) -> Option<u128> {
        match wait {
            Wait::Nothing => Some(0),
            Wait::For(delay, _) => Some(delay.as_millis()),
            Wait::Refused => None,
        }
    }

    #[test]
    fn delays_double_up_to_the_limit_and_end_with_a_right_password() {
        let limits = Limits { failed_logins: 2, failed_login_delay_ms: 1000, ..Limits::default() };
        let failures = Failures::new(&limits);
        let (here, there): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let now = Instant::now();
        for expected in [0, 0, 100, 200, 400, 800, 1000, 1000] {
            assert_eq!(delay_ms(&failures.wait("app", here, now)), Some(expected));
            failures.failed("app", here, now);
        }
        assert_eq!(delay_ms(&failures.wait("app", there, now)), Some(0));
        assert_eq!(delay_ms(&failures.wait("other", here, now)), Some(0));
        (0..100).for_each(|_| failures.failed("app", here, now));
        assert_eq!(delay_ms(&failures.wait("app", here, now)), Some(1000));
        assert_eq!(delay_ms(&failures.wait("app", here, now + FORGOTTEN_AFTER * 2)), Some(0));
        failures.failed("app", here, now);
        failures.succeeded("app", here);
        assert_eq!(delay_ms(&failures.wait("app", here, now)), Some(0));
    }

    #[test]
    fn no_more_than_a_few_wait_at_once() {
        let failures = Failures::new(&Limits { failed_logins: 0, ..Limits::default() });
        let here: IpAddr = "10.0.0.1".parse().unwrap();
        let now = Instant::now();
        assert_eq!(delay_ms(&failures.wait("app", here, now)), Some(0), "there is no failure yet");
        failures.failed("app", here, now);
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| failures.wait("app", here, now)).collect();
        assert!(waiting.iter().all(|wait| matches!(wait, Wait::For(..))));
        assert!(matches!(failures.wait("app", here, now), Wait::Refused));
        waiting.pop();
        assert!(matches!(failures.wait("app", here, now), Wait::For(..)));
    }

    #[test]
    fn a_limit_of_zero_delays_nobody() {
        let failures = Failures::new(&Limits { failed_login_delay_ms: 0, ..Limits::default() });
        let here: IpAddr = "::1".parse().unwrap();
        let now = Instant::now();
        (0..50).for_each(|_| failures.failed("app", here, now));
        assert_eq!(delay_ms(&failures.wait("app", here, now)), Some(0));
    }

    #[test]
    fn a_delay_leaves_time_for_the_login() {
        let failures = Failures::new(&Limits { login_timeout_ms: 500, ..Limits::default() });
        let here: IpAddr = "::1".parse().unwrap();
        let now = Instant::now();
        (0..50).for_each(|_| failures.failed("app", here, now));
        assert_eq!(delay_ms(&failures.wait("app", here, now)), Some(250));
    }
}
