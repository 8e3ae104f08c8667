//! Connections between the nodes of a cluster.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Address and port for other nodes.
    pub listen: SocketAddr,
    /// `host:port` that other nodes use for this one; empty: as `listen`.
    #[serde(default)]
    pub advertise: String,
    /// `host:port` of members of a cluster: with an empty `data_directory` this node joins it. Without meaning afterwards.
    #[serde(default)]
    pub join: Vec<String>,
    /// With it, both sides of a connection show a certificate. Without it, whoever reaches the port may join.
    #[serde(default)]
    pub tls: Option<PeerTls>,
}

/// PEM files. A certificate is for the host in `advertise`, and for server and client use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerTls {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Who must have signed the other side's certificate.
    pub authority: PathBuf,
}

impl Peer {
    /// Where other nodes reach this one.
    pub fn advertised(&self) -> String {
        match self.advertise.as_str() {
            "" => self.listen.to_string(),
            advertise => advertise.to_owned(),
        }
    }

    pub(crate) fn validate(&self, faults: &mut Vec<String>) {
        if self.advertise.is_empty() && self.listen.ip().is_unspecified() {
            faults.push(format!(
                "peer.advertise is empty, and other nodes cannot reach peer.listen {}: set it to this node's host:port",
                self.listen
            ));
        }
        if self.listen.port() == 0 {
            faults.push("peer.listen must have a port".to_owned());
        }
        if !self.advertise.is_empty() && !is_address(&self.advertise) {
            faults.push(format!("peer.advertise is '{}', it must be host:port", self.advertise));
        }
        for (index, address) in self.join.iter().enumerate().filter(|(_, address)| !is_address(address)) {
            faults.push(format!("peer.join[{index}] is '{address}', it must be host:port"));
        }
    }
}

fn is_address(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"/@?#".contains(c);
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && host.chars().all(plain) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}
