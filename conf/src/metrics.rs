//! Where a node gives its metrics.

use std::net::SocketAddr;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Address and port for `GET /metrics`. Plain HTTP without a login: whoever reaches it reads the numbers and the instances' names.
    pub listen: SocketAddr,
}

impl Metrics {
    /// `others`: fields with addresses that this node listens on, too.
    pub(crate) fn validate(&self, others: &[(&str, SocketAddr)], faults: &mut Vec<String>) {
        if self.listen.port() == 0 {
            faults.push("metrics.listen must have a port".to_owned());
        }
        for (name, other) in others.iter().filter(|(_, other)| overlap(self.listen, *other)) {
            faults.push(format!(
                "metrics.listen is {}, which {name} ({other}) takes already: give it another port",
                self.listen
            ));
        }
    }
}

/// Whether only one of them can be listened on.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let any = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && (any || a.ip() == b.ip())
}
