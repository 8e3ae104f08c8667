//! What gathered statements may bring together: rows, bytes and time of each, and bytes of all that one user runs at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ostrakon_conf::Limits;

use super::guard::Deadline;
use super::load::Loaded;
use crate::error::SqlError;

/// Bytes that each user's gathered statements hold on this node.
#[derive(Debug, Default)]
pub struct Users {
    held: Mutex<HashMap<String, Arc<AtomicU64>>>,
}

impl Users {
    fn of(&self, user: &str) -> Arc<AtomicU64> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() > 1000 {
            held.retain(|_, bytes| Arc::strong_count(bytes) > 1);
        }
        Arc::clone(held.entry(user.to_owned()).or_default())
    }
}

/// One statement's.
pub struct Budget {
    rows: u64,
    bytes: u64,
    time: Duration,
    user_bytes: u64,
    begun: Instant,
    /// What the statement has gathered.
    used: Loaded,
    user: Arc<AtomicU64>,
}

impl Budget {
    pub fn new(limits: &Limits, users: &Users, user: &str) -> Self {
        Self {
            rows: limits.gather_rows,
            bytes: limits.gather_bytes,
            time: Duration::from_secs(limits.gather_time_s),
            user_bytes: limits.gather_bytes_per_user,
            begun: Instant::now(),
            used: Loaded::default(),
            user: users.of(user),
        }
    }

    /// Time that is left.
    pub fn left(&self) -> Duration {
        self.time.saturating_sub(self.begun.elapsed())
    }

    /// Adds what came.
    ///
    /// Errors: 1104 for too many rows or bytes, 1226 for the user's bytes, 3024 for the time, each with its limit's name.
    pub fn add(&mut self, rows: u64, bytes: u64) -> Result<(), SqlError> {
        self.used.rows += rows;
        self.used.bytes += bytes;
        let held = self.user.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let too_big = |what: &str, limit: u64, name: &str| {
            Err(SqlError::new(
                1104,
                "42000",
                format!(
                    "The SELECT would gather more than {limit} {what} (limits.{name}); give the shard key or narrower conditions"
                ),
            ))
        };
        if self.used.rows > self.rows {
            return too_big("rows", self.rows, "gather_rows");
        }
        if self.used.bytes > self.bytes {
            return too_big("bytes", self.bytes, "gather_bytes");
        }
        if held > self.user_bytes {
            return Err(SqlError::new(
                1226,
                "42000",
                format!(
                    "The user's statements would gather more than {} bytes at once on this node (limits.gather_bytes_per_user)",
                    self.user_bytes
                ),
            ));
        }
        if self.begun.elapsed() > self.time {
            return Err(self.out_of_time());
        }
        Ok(())
    }

    /// When the time is over.
    pub fn deadline(&self) -> Deadline {
        let at = self.begun.checked_add(self.time).unwrap_or(self.begun);
        Deadline { at, late: self.out_of_time() }
    }

    pub fn out_of_time(&self) -> SqlError {
        SqlError::new(
            3024,
            "HY000",
            format!(
                "Query execution was interrupted, maximum statement execution time exceeded: gathering took more than {} s (limits.gather_time_s)",
                self.time.as_secs()
            ),
        )
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.user.fetch_sub(self.used.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { gather_rows: 10, gather_bytes: 100, gather_bytes_per_user: 150, ..Limits::default() }
    }

    #[test]
    fn each_limit_is_named() {
        let users = Users::default();
        let mut one = Budget::new(&limits(), &users, "a");
        assert!(one.add(10, 10).is_ok());
        assert!(one.add(1, 1).is_err_and(|e| e.errno == 1104 && e.message.contains("gather_rows")));
        let mut two = Budget::new(&limits(), &users, "b");
        assert!(two.add(1, 101).is_err_and(|e| e.errno == 1104 && e.message.contains("gather_bytes)")));
    }

    #[test]
    fn a_users_bytes_are_counted_together_and_given_back() {
        let users = Users::default();
        let mut one = Budget::new(&limits(), &users, "a");
        assert!(one.add(1, 90).is_ok());
        let mut two = Budget::new(&limits(), &users, "a");
        assert!(two.add(1, 90).is_err_and(|e| e.errno == 1226));
        drop(one);
        drop(two);
        let mut three = Budget::new(&limits(), &users, "a");
        assert!(three.add(1, 100).is_ok());
    }
}
