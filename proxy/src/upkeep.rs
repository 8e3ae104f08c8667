//! What a node does beside serving: it agrees with the cluster on the key of the passwords, and follows a DBA's wish to drain it.

use std::sync::Arc;
use std::time::Duration;

use ostrakon_catalog::command::Command;
use ostrakon_conf::Config;
use ostrakon_meta::{MetaNode, ProposeError, Role};

use crate::node::Node;
use crate::secret::{self, SecretError, SecretKey};
use crate::setting::{self, KEY_FINGERPRINT};

/// Between looks at what a drain still waits for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Reads the key file, and compares it with the cluster's key as far as that is known here yet. Only a node that is a group of its own makes a
/// file: for one that joins others a new key could only be the wrong one.
pub fn open_key(config: &Config, meta: &MetaNode) -> Result<&'static SecretKey, SecretError> {
    let catalog = meta.load();
    let cluster = catalog.setting(KEY_FINGERPRINT);
    let own = meta.node_id();
    let is_alone = matches!(meta.members().as_slice(), [member] if member.id == own && member.voter);
    let key = SecretKey::load(&config.key_path(), cluster.is_none() && is_alone)?;
    key.check(cluster)?;
    Ok(secret::set_node_key(key))
}

/// Makes this node's key the cluster's when there is none yet. Before anything is encrypted with it.
pub async fn agree_on_key(meta: &MetaNode, key: &SecretKey) -> Result<(), AgreeError> {
    if meta.load().setting(KEY_FINGERPRINT).is_none() {
        let (name, value) = (KEY_FINGERPRINT.to_owned(), key.fingerprint().to_owned());
        meta.propose(Command::PutSetting { name, value }).await?;
    }
    Ok(key.check(meta.load().setting(KEY_FINGERPRINT))?)
}

/// Why nothing can be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum AgreeError {
    #[error(transparent)]
    Key(#[from] SecretError),
    #[error(transparent)]
    Propose(#[from] ProposeError),
}

/// Runs until the node stops. Resolves early, with the reason, when the node must not go on.
pub async fn run(node: Arc<Node>, key: &SecretKey) -> String {
    let mut revisions = node.meta.revisions();
    let mut stop = node.stop.subscribe();
    let mut encrypted = false;
    loop {
        let catalog = node.meta.catalog();
        // A node that has just joined learns the cluster's key with the catalog.
        if let Err(e) = key.check(catalog.setting(KEY_FINGERPRINT)) {
            return e.to_string();
        }
        if !encrypted && node.meta.status().role == Role::Leader {
            match encrypt_older(&node.meta, key).await {
                Ok(()) => encrypted = true,
                Err(e) => tracing::warn!(error = %e, "passwords of an older catalog are not encrypted yet"),
            }
        }
        let draining = catalog.nodes.get(&node.meta.node_id()).is_some_and(|record| record.draining);
        drop(catalog);
        let was = node.draining.send_replace(draining);
        if draining != was {
            tracing::info!(draining, "a DBA has changed whether this node drains");
            if draining {
                tokio::spawn(drain(Arc::clone(&node)));
            }
        }
        tokio::select! {
            changed = revisions.changed() => if changed.is_err() {
                return std::future::pending().await;
            },
            // Who leads can change without a change of the catalog.
            () = tokio::time::sleep(Duration::from_secs(5)), if !encrypted => {}
            _ = stop.wait_for(|stop| *stop) => return std::future::pending().await,
        }
    }
}

/// Encrypts passwords that a version before kept as they were.
async fn encrypt_older(meta: &MetaNode, key: &SecretKey) -> Result<(), AgreeError> {
    agree_on_key(meta, key).await?;
    let catalog = meta.catalog();
    let plain = |stored: &str| !stored.is_empty() && !secret::is_encrypted(stored);
    for instance in catalog.instances.values().filter(|instance| plain(&instance.password)) {
        meta.propose(Command::AlterInstance {
            name: instance.name.clone(),
            host: None,
            port: None,
            user: None,
            password: Some(key.encrypt(&instance.name, &instance.password)?),
            draining: None,
            tls: None,
        })
        .await?;
        tracing::info!(instance = %instance.name, "its password is encrypted in the catalog now");
    }
    Ok(())
}

/// Gives leadership away, and closes idle clients when the time for them has passed. Ends when the node is not to drain any more, or stops.
async fn drain(node: Arc<Node>) {
    let begin = tokio::time::Instant::now();
    let mut draining = node.draining.subscribe();
    let mut stop = node.stop.subscribe();
    let mut told = false;
    loop {
        if node.meta.status().role == Role::Leader
            && let Some(to) = successor(&node.meta)
            && let Err(e) = node.meta.transfer_leadership(to).await
        {
            tracing::warn!(to, error = %e, "leadership could not be given away; trying again");
        }
        let left = node.registry.all();
        let patience = Duration::from_secs(setting::number(&node.meta.load(), "drain_timeout_s"));
        if !patience.is_zero() && begin.elapsed() >= patience {
            for entry in &left {
                entry.kill.leave_when_idle();
            }
        }
        if left.is_empty() && !told {
            told = true;
            tracing::info!("drained: no client is left, the node can be stopped");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            changed = draining.wait_for(|draining| !*draining) => {
                drop(changed);
                for entry in node.registry.all() {
                    entry.kill.stay();
                }
                return;
            }
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// The voter that is furthest in the log, among those that the leader hears of and that do not drain themselves.
fn successor(meta: &MetaNode) -> Option<u64> {
    let catalog = meta.load();
    let drains = |id: u64| catalog.nodes.get(&id).is_some_and(|record| record.draining);
    let members = meta.members();
    let fit = members.iter().filter(|member| {
        member.voter && member.active == Some(true) && member.id != meta.node_id() && !drains(member.id)
    });
    fit.max_by_key(|member| member.matched).map(|member| member.id)
}
