//! The network: messages under way, and the links that are cut.

use std::collections::BTreeSet;

use raft::prelude::Message;

use crate::random::Random;

#[derive(Default)]
pub struct Network {
    under_way: Vec<Message>,
    /// (from, to): one way only, so that a node may hear and not be heard.
    cuts: BTreeSet<(u64, u64)>,
}

impl Network {
    pub fn send(&mut self, messages: Vec<Message>) {
        self.under_way.extend(messages);
    }

    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    pub fn cut(&mut self, from: u64, to: u64) {
        self.cuts.insert((from, to));
    }

    pub fn heal(&mut self) {
        self.cuts.clear();
    }

    pub fn is_cut(&self, message: &Message) -> bool {
        self.cuts.contains(&(message.from, message.to))
    }

    /// The next message to arrive, or to be lost: the oldest, or (`any`) any one.
    pub fn take(&mut self, random: &mut Random, any: bool) -> Option<Message> {
        match self.under_way.len() {
            0 => None,
            _ if !any => Some(self.under_way.remove(0)),
            length => Some(self.under_way.swap_remove(random.index(length))),
        }
    }

    /// One of the messages under way will arrive twice. False when there is none.
    pub fn repeat(&mut self, random: &mut Random) -> bool {
        if self.under_way.is_empty() {
            return false;
        }
        let message = random.pick(&self.under_way).clone();
        self.under_way.push(message);
        true
    }

    /// Takes all messages of which `lost` is true.
    pub fn take_all(&mut self, lost: impl Fn(&Message) -> bool) -> Vec<Message> {
        let (lost, kept) = std::mem::take(&mut self.under_way).into_iter().partition(lost);
        self.under_way = kept;
        lost
    }
}
