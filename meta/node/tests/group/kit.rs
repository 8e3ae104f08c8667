//! Starts nodes on disks in memory and on free ports, and waits for what they should come to.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use ostrakon_catalog::Command;
use ostrakon_meta::store::MemoryStore;
use ostrakon_meta::{MetaConfig, MetaError, MetaNode, PeerConfig, PeerTls};

pub const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
pub struct Group {
    pub nodes: BTreeMap<u64, MetaNode>,
    pub disks: BTreeMap<u64, MemoryStore>,
    pub addresses: BTreeMap<u64, SocketAddr>,
    pub tls: Option<PeerTls>,
    pub snapshot_entries: Option<u64>,
}

impl Group {
    /// That many voters.
    pub async fn of(count: u64) -> Self {
        let mut group = Self::default();
        group.grow(count).await;
        group
    }

    pub async fn grow(&mut self, count: u64) {
        self.start(1, &[]).unwrap();
        for id in 2..=count {
            self.join(id).await;
        }
        let voters: Vec<_> = (1..=count.min(3)).collect();
        self.until("all vote", |node| node.members().iter().filter(|m| m.voter).count() == voters.len())
            .await;
    }

    /// A new node, until it has the catalog.
    pub async fn join(&mut self, id: u64) {
        let known = self.address(*self.nodes.keys().next().unwrap());
        self.start(id, &[known]).unwrap();
        tokio::time::timeout(PATIENCE, self.nodes[&id].caught_up()).await.unwrap().unwrap();
    }

    pub fn address(&mut self, id: u64) -> String {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        self.addresses.entry(id).or_insert_with(free).to_string()
    }

    pub fn config(&mut self, id: u64, join: &[String]) -> MetaConfig {
        let advertise = self.address(id);
        let listen = advertise.parse().unwrap();
        let defaults = MetaConfig::new(id, "unused");
        MetaConfig {
            peer: Some(PeerConfig { listen, advertise, tls: self.tls.clone() }),
            join: join.to_vec(),
            snapshot_entries: self.snapshot_entries.unwrap_or(defaults.snapshot_entries),
            ..defaults
        }
    }

    pub fn start(&mut self, id: u64, join: &[String]) -> Result<(), MetaError> {
        let config = self.config(id, join);
        let disk = self.disks.entry(id).or_default().clone();
        let node = MetaNode::start(config, disk)?;
        self.nodes.insert(id, node);
        Ok(())
    }

    /// Its handle goes, without a farewell.
    pub fn kill(&mut self, id: u64) {
        drop(self.nodes.remove(&id).unwrap());
    }

    pub async fn stop(&mut self, id: u64) {
        self.nodes.remove(&id).unwrap().shutdown().await;
    }

    pub fn node(&self, id: u64) -> &MetaNode {
        &self.nodes[&id]
    }

    pub async fn leader(&self) -> u64 {
        self.until("a leader is known", |node| node.status().leader.is_some()).await;
        self.nodes.values().find_map(|node| node.status().leader).unwrap()
    }

    /// Waits until it is so on all nodes.
    pub async fn until(&self, what: &str, holds: impl Fn(&MetaNode) -> bool) {
        let begun = Instant::now();
        while !self.nodes.values().all(&holds) {
            let states: Vec<_> = self.nodes.values().map(|node| (node.status(), node.members())).collect();
            assert!(begun.elapsed() < PATIENCE, "{what}: not in time; {states:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub fn put(name: &str, value: &str) -> Command {
    Command::PutSetting { name: name.to_owned(), value: value.to_owned() }
}
