//! Instances on this machine that are reached by a Unix socket, which costs about half of TCP over loopback.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ostrakon_catalog::schema::Instance;

/// The running node's, by host and port: a process is one node.
static SOCKETS: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();

/// Takes `instance_sockets` over. Once, when the node starts.
pub fn open(sockets: &BTreeMap<String, PathBuf>) {
    SOCKETS.get_or_init(|| sockets.clone());
}

/// The socket of the server at the instance's address. By address and not by name: an instance that is moved to another machine is not looked for here.
pub fn socket(instance: &Instance) -> Option<&'static Path> {
    let sockets = SOCKETS.get().filter(|sockets| !sockets.is_empty())?;
    sockets.get(&format!("{}:{}", instance.host, instance.port)).map(PathBuf::as_path)
}
