//! Typed configuration: one TOML file, read and validated as a whole before any port opens.
//!
//! Every fault is reported at once, with the field's name and what to do. Unknown fields are faults: a typo must not become a default.

mod limits;
mod metrics;
mod network;
mod peer;
mod proxy_protocol;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use limits::Limits;
pub use metrics::Metrics;
pub use network::Network;
pub use peer::{Peer, PeerTls};
pub use proxy_protocol::ProxyProtocol;
use serde::Deserialize;

/// The whole configuration of one node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// This node's number in the Raft group, from 1. Fixed for the life of `data_directory`.
    #[serde(default = "one")]
    pub node_id: u64,
    /// Where the catalog's log and snapshots live. Restart to change.
    pub data_directory: PathBuf,
    /// Address and port for MySQL clients. Restart to change.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Worker threads, each with its own listener, sessions and backend connections; 0: one for each core. Restart to change.
    #[serde(default)]
    pub workers: usize,
    /// How the kernel schedules workers. Restart to change.
    #[serde(default)]
    pub worker_scheduling: WorkerScheduling,
    /// Version string that clients see; empty: that of the first instance with `-ostrakon` added.
    #[serde(default)]
    pub server_version: String,
    /// File with the key that encrypts the instances' passwords: the same on all nodes of a cluster. Without the field `instance.key` in
    /// `data_directory`; the first node of a cluster makes it at its first start. Restart to change.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// PEM file of the RSA private key under which clients without TLS send their passwords, where they must (`caching_sha2_password`). Without the
    /// field `login-key.pem` in `data_directory`, which the node makes when a client first asks for it. Restart to change.
    #[serde(default)]
    pub login_key_file: Option<PathBuf>,
    /// Connections between nodes. Without a section this node stays alone. Restart to change.
    #[serde(default)]
    pub peer: Option<Peer>,
    /// Numbers for monitoring over HTTP. Without a section there are none. Restart to change.
    #[serde(default)]
    pub metrics: Option<Metrics>,
    /// TLS to clients. Without a section a self-signed certificate is made in `data_directory` at the first start.
    #[serde(default)]
    pub tls: Tls,
    /// TLS to the instances: how this node knows their certificates. Restart to change.
    #[serde(default)]
    pub instance_tls: InstanceTls,
    /// Unix sockets of instances on this machine, by the `host:port` that the catalog has for them. Restart to change.
    #[serde(default)]
    pub instance_sockets: BTreeMap<String, PathBuf>,
    /// Load balancers that say whose connections they pass on. Without a section a connection is whoever opened it. Restart to change.
    #[serde(default)]
    pub proxy_protocol: Option<ProxyProtocol>,
    /// Who may log in. An empty password is accepted on a loopback `listen` address only.
    #[serde(default)]
    pub users: Vec<User>,
    #[serde(default)]
    pub limits: Limits,
}

/// The policy of sched(7) that workers run under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkerScheduling {
    /// SCHED_BATCH: a worker that wakes does not interrupt whoever runs, and finds more to do when its turn comes.
    #[default]
    Batch,
    /// What the node was started under.
    Normal,
}

/// TLS to clients.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the certificate chain.
    pub certificate: Option<PathBuf>,
    /// PEM file of the private key.
    pub key: Option<PathBuf>,
    /// A client without TLS is refused with error 3159.
    #[serde(default)]
    pub required: bool,
}

/// TLS to the instances that have it; see CREATE INSTANCE.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceTls {
    /// PEM file of the authorities that sign the instances' certificates. Without it no certificate can be verified.
    pub authority: Option<PathBuf>,
    /// PEM files of the certificate and the key that this node shows to an instance that asks for them.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

/// An account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub name: String,
    #[serde(default)]
    pub password: String,
    /// `mysql_native_password` or `caching_sha2_password`.
    #[serde(default)]
    pub plugin: AuthPlugin,
    /// Logs in over TLS only; else error 1045, whatever the password.
    #[serde(default)]
    pub require_tls: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum AuthPlugin {
    #[serde(rename = "mysql_native_password")]
    Native,
    #[default]
    #[serde(rename = "caching_sha2_password")]
    CachingSha2,
}

/// `sun_path` of unix(7), with the byte that ends it.
const SOCKET_PATH: usize = 107;

fn one() -> u64 {
    1
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 3307))
}

/// Why a configuration was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: {message}", path.display())]
    Syntax { path: PathBuf, message: String },
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

impl Config {
    /// Reads and validates the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let config: Self = toml::from_str(&text)
            .map_err(|e| ConfigError::Syntax { path: path.to_owned(), message: e.to_string() })?;
        config.validate()?;
        Ok(config)
    }

    /// Where the key of the instances' passwords is.
    pub fn key_path(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.data_directory.join("instance.key"))
    }

    /// Checks each field and the relations between fields; all faults are reported together.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut faults = Vec::new();
        if self.node_id == 0 {
            faults.push("node_id must be 1 or more".to_owned());
        }
        if self.users.is_empty() {
            faults.push("users is empty: nobody could log in; add a [[users]] section".to_owned());
        }
        for (index, user) in self.users.iter().enumerate() {
            if user.name.is_empty() || user.name.len() > 80 {
                faults.push(format!("users[{index}].name must have 1 to 80 characters"));
            }
            if self.users[..index].iter().any(|u| u.name == user.name) {
                faults.push(format!("users[{index}].name '{}' is there twice", user.name));
            }
            if user.password.is_empty() && !self.listen.ip().is_loopback() {
                faults.push(format!(
                    "users[{index}] '{}' has an empty password, which is accepted only when listen is a loopback address (it is {})",
                    user.name, self.listen
                ));
            }
        }
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            faults.push("tls.certificate and tls.key go together: set both or none".to_owned());
        }
        if self.instance_tls.certificate.is_some() != self.instance_tls.key.is_some() {
            faults.push(
                "instance_tls.certificate and instance_tls.key go together: set both or none".to_owned(),
            );
        }
        for (address, socket) in &self.instance_sockets {
            let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
                faults.push(format!(
                    "instance_sockets.\"{address}\" must be an instance's host and port, as in \"127.0.0.1:3306\""
                ));
            }
            if socket.as_os_str().len() > SOCKET_PATH {
                faults.push(format!(
                    "instance_sockets.\"{address}\" has {} bytes, and a socket's path at most {SOCKET_PATH}",
                    socket.as_os_str().len()
                ));
            }
            if !socket.is_absolute() {
                faults.push(format!(
                    "instance_sockets.\"{address}\" must be a path from the root, as in \"/run/mysqld/mysqld.sock\""
                ));
            }
        }
        if let Some(balancers) = &self.proxy_protocol {
            balancers.validate(&mut faults);
        }
        if self.workers > 256 {
            faults.push(format!("workers is {}, at most 256 are possible", self.workers));
        }
        if let Some(peer) = &self.peer {
            peer.validate(&mut faults);
        }
        if let Some(metrics) = &self.metrics {
            let peer = self.peer.as_ref().map(|peer| ("peer.listen", peer.listen));
            let others: Vec<_> = [("listen", self.listen)].into_iter().chain(peer).collect();
            metrics.validate(&others, &mut faults);
        }
        self.limits.validate(&mut faults);
        if faults.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|e| e.to_string())?;
        config.validate().map_err(|e| e.to_string())?;
        Ok(config)
    }

    #[test]
    fn the_example_file_is_valid() {
        parse(include_str!("../examples/node.toml")).unwrap();
    }

    #[test]
    fn sockets_have_an_address_and_a_whole_path() {
        let with = |line: &str| {
            parse(&format!("data_directory = 'd'\n[[users]]\nname = 'root'\n[instance_sockets]\n{line}"))
        };
        with("'127.0.0.1:3306' = '/run/mysqld/mysqld.sock'").unwrap();
        for address in ["i1", "127.0.0.1", "127.0.0.1:port", ":3306"] {
            let error = with(&format!("'{address}' = '/run/mysqld/mysqld.sock'")).unwrap_err();
            assert!(error.contains("host and port"), "{error}");
        }
        let error = with("'127.0.0.1:3306' = 'mysqld.sock'").unwrap_err();
        assert!(error.contains("from the root"), "{error}");
        let error = with(&format!("'127.0.0.1:3306' = '/{}'", "x".repeat(107))).unwrap_err();
        assert!(error.contains("has 108 bytes"), "{error}");
    }

    #[test]
    fn an_unknown_field_is_a_fault() {
        let error = parse("data_directory = 'd'\nlisten_port = 3307\n[[users]]\nname = 'root'").unwrap_err();
        assert!(error.contains("listen_port"), "{error}");
    }

    #[test]
    fn a_peer_section_must_say_where_the_node_is_reached() {
        let parse =
            |peer: &str| parse(&format!("data_directory = 'd'\n[[users]]\nname = 'root'\n[peer]\n{peer}"));
        let config = parse("listen = '127.0.0.1:3308'\njoin = ['h:1']").unwrap();
        assert_eq!(config.peer.unwrap().advertised(), "127.0.0.1:3308");
        assert!(parse("listen = '0.0.0.0:3308'").unwrap_err().contains("peer.advertise"));
        assert!(parse("listen = '0.0.0.0:3308'\nadvertise = 'node1.example:3308'").is_ok());
        assert!(parse("listen = '127.0.0.1:3308'\nadvertise = 'node1'").unwrap_err().contains("host:port"));
        assert!(parse("listen = '127.0.0.1:3308'\njoin = ['h:x']").unwrap_err().contains("peer.join[0]"));
        assert!(parse("listen = '127.0.0.1:3308'\n[peer.tls]\nkey = 'k'").is_err());
    }

    #[test]
    fn metrics_are_off_by_default_and_have_a_port_of_their_own() {
        let parse = |sections: &str| {
            parse(&format!("data_directory = 'd'\n[[users]]\nname = 'root'\npassword = 'x'\n{sections}"))
        };
        assert!(parse("").unwrap().metrics.is_none());
        let config = parse("[metrics]\nlisten = '127.0.0.1:9104'").unwrap();
        assert_eq!(config.metrics.unwrap().listen, "127.0.0.1:9104".parse().unwrap());
        assert!(parse("[metrics]").unwrap_err().contains("listen"));
        assert!(parse("[metrics]\nlisten = '127.0.0.1:0'").unwrap_err().contains("must have a port"));
        assert!(parse("[metrics]\nlisten = '0.0.0.0:3307'").unwrap_err().contains("which listen (127"));
        let peer = "[peer]\nlisten = '127.0.0.1:3308'\n[metrics]\nlisten =";
        assert!(parse(&format!("{peer} '127.0.0.1:3308'")).unwrap_err().contains("which peer.listen"));
        assert!(parse(&format!("{peer} '127.0.0.2:3308'")).is_ok());
    }

    #[test]
    fn balancers_are_addresses_and_networks() {
        let parse = |from: &str| {
            parse(&format!("data_directory = 'd'\n[[users]]\nname = 'root'\n[proxy_protocol]\n{from}"))
        };
        let balancers =
            parse("from = ['10.0.0.5', '10.1.0.0/16', '2001:db8::/32']").unwrap().proxy_protocol.unwrap();
        for (address, is_one) in [
            ("10.0.0.5", true),
            ("10.0.0.6", false),
            ("10.1.255.1", true),
            ("10.2.0.1", false),
            ("::ffff:10.1.0.1", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(balancers.are_at(address.parse().unwrap()), is_one, "{address}");
        }
        assert!(parse("from = []").unwrap_err().contains("proxy_protocol.from"));
        assert!(parse("from = ['balancer.example']").unwrap_err().contains("balancer.example"));
        assert!(parse("from = ['10.0.0.0/33']").unwrap_err().contains("10.0.0.0/33"));
        assert!(parse("from = ['10.0.0.1/8']").unwrap_err().contains("10.0.0.0/8"));
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let error =
            parse("data_directory = 'd'\nnode_id = 0\nlisten = '0.0.0.0:3307'\n[[users]]\nname = 'root'")
                .unwrap_err();
        assert!(error.contains("node_id") && error.contains("empty password"), "{error}");
    }
}
