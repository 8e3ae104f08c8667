//! The nodes and what happens to them: kill -9, a stop of two seconds, and replacement.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, connect};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::clients::Stage;

pub const NODES: u16 = 3;
/// How long a SIGSTOP lasts.
const STOPPED: Duration = Duration::from_secs(2);
/// How long the group may take to have its voters again.
const VOTERS_PATIENCE: Duration = Duration::from_secs(60);

pub struct Nodes {
    pub cluster: TestCluster,
    random: StdRng,
    strikes: u64,
    told: BTreeMap<&'static str, u64>,
}

impl Nodes {
    pub fn start(seed: u64) -> Self {
        let cluster = super::start_cluster();
        Self { cluster, random: StdRng::seed_from_u64(seed), strikes: 0, told: BTreeMap::new() }
    }

    pub fn ports(&self) -> Vec<u16> {
        self.cluster.cluster.nodes.iter().map(|node| node.port()).collect()
    }

    /// Until the next fault.
    pub fn pause(&mut self) -> Duration {
        Duration::from_millis(self.random.random_range(200..1200))
    }

    pub fn told(&self) -> String {
        let parts: Vec<_> = self.told.iter().map(|(what, times)| format!("{times} {what}")).collect();
        parts.join(", ")
    }

    fn tell(&mut self, what: &'static str) {
        *self.told.entry(what).or_default() += 1;
    }

    /// One fault. Blocks until the node runs again.
    pub fn strike(&mut self, stage: &Stage) {
        self.strikes += 1;
        let node = self.random.random_range(0..self.cluster.cluster.nodes.len());
        // The short loop has one of these too.
        if NODES >= 3 && self.strikes % 8 == 5 {
            return self.replace(node, stage);
        }
        if self.strikes % 4 == 2 {
            return self.freeze(node);
        }
        self.tell("kills");
        self.kill(node);
        // Sometimes long enough for the others to have a new leader, sometimes not.
        std::thread::sleep(Duration::from_millis(self.random.random_range(0..2500)));
        self.restart(node);
    }

    fn freeze(&mut self, node: usize) {
        self.tell("stops");
        let process = self.cluster.cluster.nodes[node].process().expect("it runs");
        process.freeze();
        std::thread::sleep(STOPPED);
        process.thaw();
    }

    pub fn kill(&mut self, node: usize) {
        self.cluster.cluster.nodes[node].kill().unwrap();
    }

    pub fn restart(&mut self, node: usize) {
        self.cluster.cluster.nodes[node].restart().unwrap_or_else(|error| panic!("{error}"));
    }

    /// A node dies for good, is taken out, and another one joins in its place.
    fn replace(&mut self, node: usize, stage: &Stage) {
        self.tell("replacements");
        let mut dead = self.cluster.cluster.nodes.remove(node);
        dead.kill().unwrap();
        stage.set_ports(self.ports());
        self.administrate(&format!("ALTER CLUSTER REMOVE NODE {}", dead.number()));
        self.cluster.cluster.add_node().unwrap_or_else(|error| panic!("{error}"));
        stage.set_ports(self.ports());
        self.cluster.cluster.wait_for_voters().unwrap_or_else(|error| panic!("{error}"));
    }

    /// A statement of a DBA, who tries again while the group has no leader.
    fn administrate(&self, sql: &str) {
        let end = Instant::now() + VOTERS_PATIENCE;
        loop {
            let node = &self.cluster.cluster.nodes[0];
            let said = node.connect().map_err(|error| error.to_string());
            let said = said.and_then(|mut client| client.query(sql).map_err(|error| error.to_string()));
            match said {
                Ok(_) => return,
                // The answer to the first try was lost.
                Err(text) if text.contains("is not a member") || text.contains("There is no node") => return,
                Err(text) => assert!(Instant::now() < end, "{sql}: {text}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub async fn client(&self, node: usize) -> Conn {
        connect(self.ports()[node], Some("app")).await
    }

    /// Which of the nodes leads; waits until one does.
    pub async fn leader(&self) -> usize {
        let end = Instant::now() + VOTERS_PATIENCE;
        let mut client = self.client(0).await;
        loop {
            let rows: Vec<Row> = client.query("SHOW NODES").await.unwrap();
            let roles: Vec<(u64, String)> =
                rows.iter().map(|row| (row.get("ID").unwrap(), row.get("ROLE").unwrap())).collect();
            let leader = roles.iter().find(|(_, role)| role == "leader").map(|(id, _)| *id);
            let place =
                leader.and_then(|id| self.cluster.cluster.nodes.iter().position(|node| node.number() == id));
            if let Some(place) = place {
                return place;
            }
            assert!(Instant::now() < end, "no leader: {roles:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A node that is not this one.
    pub fn another(&self, node: usize) -> usize {
        (node + 1) % self.cluster.cluster.nodes.len()
    }

    pub async fn wait_for_voters(&self) {
        tokio::task::block_in_place(|| self.cluster.cluster.wait_for_voters())
            .unwrap_or_else(|error| panic!("{error}"));
    }
}
