//! The section `[proxy_protocol]`: load balancers that begin each connection with a header of the PROXY protocol.

use std::net::IpAddr;

use serde::Deserialize;

use crate::Network;

/// Who begins with a header.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyProtocol {
    /// Their addresses and networks. A connection from one of them must begin with a header; one from elsewhere must not.
    pub from: Vec<Network>,
}

impl ProxyProtocol {
    /// Whether connections from this address begin with a header.
    pub fn are_at(&self, address: IpAddr) -> bool {
        self.from.iter().any(|network| network.contains(address))
    }

    pub(crate) fn validate(&self, faults: &mut Vec<String>) {
        if self.from.is_empty() {
            faults.push(
                "proxy_protocol.from is empty: name the load balancers' addresses, or leave the section out"
                    .to_owned(),
            );
        }
    }
}
