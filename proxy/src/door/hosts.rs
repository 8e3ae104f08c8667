//! Addresses that have sent what is no login, time after time: after `limits.max_connect_errors` of them without a login between, they are blocked.
//!
//! What counts is what a client never does: a malformed handshake, a login that takes too long. A wrong password does not (see `failures`), nor does
//! a connection that is closed without a byte, as the checks of load balancers are. Loopback is never blocked: a DBA on the machine can always get in.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ostrakon_conf::Limits;

use super::counted_as;
use super::recent::Recent;
use crate::error::SqlError;

/// Errors in a row, by address.
pub struct Hosts {
    errors_max: u64,
    errors: Mutex<Recent<IpAddr, u64>>,
}

impl Hosts {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { errors_max: limits.max_connect_errors, errors: Mutex::default() }
    }

    fn errors(&self) -> MutexGuard<'_, Recent<IpAddr, u64>> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Errors: 1129 for an address that is blocked.
    pub fn check(&self, address: IpAddr) -> Result<(), SqlError> {
        let errors = self.errors().get(&counted_as(address)).copied().unwrap_or(0);
        if errors < self.errors_max {
            return Ok(());
        }
        let message = format!(
            "Host '{address}' is blocked because of many connection errors; unblock with FLUSH HOSTS on this node (limits.max_connect_errors)"
        );
        Err(SqlError::new(1129, "HY000", message))
    }

    /// A connection of this address ended with what is no login.
    pub fn failed(&self, address: IpAddr) {
        if address.is_loopback() {
            return;
        }
        let errors = {
            let mut all = self.errors();
            let errors = all.touch(counted_as(address));
            *errors += 1;
            *errors
        };
        if errors == self.errors_max {
            tracing::warn!(%address, errors, "blocked because of many connection errors; FLUSH HOSTS unblocks it");
        }
    }

    /// A login from this address was right.
    pub fn succeeded(&self, address: IpAddr) {
        self.errors().remove(&counted_as(address));
    }

    /// FLUSH HOSTS.
    pub fn forget(&self) {
        self.errors().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_blocked_after_errors_in_a_row() {
        let hosts = Hosts::new(&Limits { max_connect_errors: 3, ..Limits::default() });
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (four, six) = (address("10.1.2.3"), address("2001:db8::1"));
        for address in [four, six] {
            hosts.failed(address);
            hosts.failed(address);
            hosts.succeeded(address);
            hosts.failed(address);
            hosts.failed(address);
            assert!(hosts.check(address).is_ok(), "{address}");
            hosts.failed(address);
            assert_eq!(hosts.check(address).unwrap_err().errno, 1129, "{address}");
        }
        assert!(hosts.check(address("10.1.2.4")).is_ok());
        assert!(hosts.check(address("2001:db8::2")).is_err(), "of the same network");
        assert!(hosts.check(address("2001:db8:0:1::1")).is_ok());
        hosts.forget();
        assert!(hosts.check(four).is_ok() && hosts.check(six).is_ok());
        (0..10).for_each(|_| hosts.failed(address("127.0.0.1")));
        assert!(hosts.check(address("127.0.0.1")).is_ok(), "loopback is never blocked");
    }
}
