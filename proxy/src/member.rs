//! Opens this node's part of the cluster's catalog, and waits until a node that joins has it.

use ostrakon_conf::Config;
use ostrakon_meta::{MetaConfig, MetaNode, PeerConfig, PeerTls};
use tokio::runtime::Runtime;

use crate::node::{StartError, stop_signal};

/// The catalog's settings in a configuration.
pub fn meta_config(config: &Config) -> MetaConfig {
    let peer = config.peer.as_ref().map(|peer| PeerConfig {
        listen: peer.listen,
        advertise: peer.advertised(),
        tls: peer.tls.clone().map(|tls| PeerTls {
            certificate: tls.certificate,
            key: tls.key,
            authority: tls.authority,
        }),
    });
    MetaConfig {
        peer,
        join: config.peer.as_ref().map(|peer| peer.join.clone()).unwrap_or_default(),
        sql_address: config.listen.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..MetaConfig::new(config.node_id, config.data_directory.join("catalog"))
    }
}

/// A node that joins has the catalog when this returns; any other has its own, and need not reach the others. `None`: it was told to
/// stop meanwhile.
///
/// # Errors
/// When there will be no catalog.
pub fn open(config: &Config, runtime: &Runtime) -> Result<Option<MetaNode>, StartError> {
    let meta = MetaNode::open(meta_config(config)).map_err(|e| StartError::Meta(e.to_string()))?;
    let ready = runtime.block_on(async {
        tokio::select! {
            biased;
            reason = meta.stopped() => Err(StartError::Catalog(reason)),
            result = meta.caught_up() => match result {
                Ok(()) => Ok(true),
                // The reason follows.
                Err(_) => Err(StartError::Catalog(meta.stopped().await)),
            },
            () = stop_signal() => Ok(false),
        }
    });
    match ready {
        Ok(true) => Ok(Some(meta)),
        ended => {
            runtime.block_on(meta.shutdown());
            ended.map(|_| None)
        }
    }
}
