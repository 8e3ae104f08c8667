//! Faults at random from a seed: nodes and database servers are killed and stopped, their connections cut. Each blocks until all run again.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use ostrakon::dev::instance::Instance;
use ostrakon::dev::node::Node;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// kill -9 of a node.
    KillNode,
    /// SIGSTOP of a node for one to three seconds: it comes back as if nothing had been.
    StopNode,
    /// kill -9 of a database server.
    KillServer,
    StopServer,
    /// A node and a server die at once.
    KillBoth,
    /// Every connection of one server is killed.
    CutConnections,
}

/// Draws faults like cards: each of the deck once, before any comes again.
pub struct Faults {
    random: StdRng,
    kinds: Vec<Fault>,
    deck: Vec<Fault>,
    told: BTreeMap<Fault, u64>,
    last: Instant,
}

impl Faults {
    /// `kinds`: the deck; one that is there twice comes twice as often.
    pub fn new(seed: u64, kinds: &[Fault]) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self {
            random,
            kinds: kinds.to_owned(),
            deck: Vec::new(),
            told: BTreeMap::new(),
            last: Instant::now(),
        }
    }

    /// Until the next fault.
    pub fn pause(&mut self) -> Duration {
        Duration::from_millis(self.random.random_range(300..1500))
    }

    /// When all ran again after the last fault.
    pub fn last(&self) -> Instant {
        self.last
    }

    fn draw(&mut self) -> Fault {
        if self.deck.is_empty() {
            self.deck.clone_from(&self.kinds);
            self.deck.shuffle(&mut self.random);
        }
        self.deck.pop().expect("the deck is never empty")
    }

    /// The next fault, on one of these nodes or servers.
    pub fn strike(&mut self, nodes: &mut [Node], servers: &mut [Instance]) {
        let fault = self.draw();
        *self.told.entry(fault).or_default() += 1;
        // Drawn always, so that one kind's draws do not move those of the next.
        let (node, server) = (self.random.random_range(0..64usize), self.random.random_range(0..64usize));
        let stopped = Duration::from_millis(self.random.random_range(1000..3000));
        let down = Duration::from_millis(self.random.random_range(0..1500));
        let node = (!nodes.is_empty()).then(|| node % nodes.len());
        let server = server % servers.len();
        match fault {
            Fault::KillNode => {
                let node = &mut nodes[node.expect("there are nodes")];
                node.kill().unwrap();
                std::thread::sleep(down);
                node.restart().unwrap_or_else(|error| panic!("{error}"));
            }
            Fault::StopNode => {
                let process = nodes[node.expect("there are nodes")].process().expect("it runs");
                process.freeze();
                std::thread::sleep(stopped);
                process.thaw();
            }
            Fault::KillServer => {
                let server = &mut servers[server];
                server.kill().unwrap();
                std::thread::sleep(down);
                server.restart().unwrap_or_else(|error| panic!("{error}"));
            }
            Fault::StopServer => {
                let process = servers[server].process().expect("it runs");
                process.freeze();
                std::thread::sleep(stopped);
                process.thaw();
            }
            Fault::KillBoth => {
                let (node, server) = (&mut nodes[node.expect("there are nodes")], &mut servers[server]);
                node.kill().unwrap();
                server.kill().unwrap();
                std::thread::sleep(down);
                server.restart().unwrap_or_else(|error| panic!("{error}"));
                node.restart().unwrap_or_else(|error| panic!("{error}"));
            }
            Fault::CutConnections => cut_connections(&servers[server]),
        }
        self.last = Instant::now();
    }
}

fn cut_connections(server: &Instance) {
    let mut client = server.connect().unwrap_or_else(|error| panic!("{error}"));
    let list = "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'root'";
    let answer = client.query(list).unwrap();
    for row in answer.rows {
        let id = row[0].as_deref().map(String::from_utf8_lossy).expect("a connection has an id");
        // It may have gone by itself.
        let _ = client.query(&format!("KILL {id}"));
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.told.iter().map(|(fault, times)| format!("{times} {fault:?}")).collect();
        f.write_str(&parts.join(", "))
    }
}
