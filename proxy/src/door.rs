//! The front door: what a client has to pass before its login is looked at, and what those are remembered by who failed.
//!
//! All of it is of one node, and kept in memory. It is touched when a client comes and when its login ends, never by a statement.

mod failures;
mod hosts;
mod places;
mod recent;
mod turns;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use ostrakon_conf::Limits;

pub use failures::{Failures, Wait};
pub use hosts::Hosts;
pub use places::{Place, Places, places_are_taken};
pub use turns::Turns;

/// What stands between the port and the login.
pub struct Door {
    /// Who may log in at the same time.
    pub places: Arc<Places>,
    /// Addresses that have sent what is no login too often.
    pub hosts: Hosts,
    /// Logins that were refused.
    pub failures: Failures,
}

impl Door {
    pub fn new(limits: &Limits) -> Self {
        Self {
            places: Arc::new(Places::new(limits)),
            hosts: Hosts::new(limits),
            failures: Failures::new(limits),
        }
    }
}

/// By what an address is counted: itself, but the network of an IPv6 address, of which one machine may have all.
fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
    }
}
