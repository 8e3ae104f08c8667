//! What reaches the Raft thread: its inbox, with a bound for what comes from the network.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use ostrakon_catalog::Outcome;
use ostrakon_catalog::node::NodeRecord;
use raft::prelude::Message;
use tokio::sync::oneshot;

use crate::error::{MetaError, ProposeError};
use crate::members::MemberChange;

/// Messages of peers that wait for the Raft thread; more are dropped, as a network might.
const WAITING_MAX: usize = 4096;

pub(super) type Reply<T> = oneshot::Sender<Result<T, ProposeError>>;

pub(super) enum Input {
    Propose {
        command: Vec<u8>,
        reply: Reply<Outcome>,
    },
    Read {
        reply: Reply<()>,
    },
    Change {
        wish: Wish,
        reply: Reply<Changed>,
    },
    /// From peers.
    Messages(Vec<Message>),
    Unreachable(u64),
    Snapshot {
        peer: u64,
        delivered: bool,
    },
    /// The node cannot go on.
    Fail(MetaError),
    /// `done` is told when the store is closed.
    Stop {
        done: Option<oneshot::Sender<()>>,
    },
}

/// Something for the leader.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// With the record of a node that asks to join.
    Member(MemberChange, Option<NodeRecord>),
    Transfer(u64),
    /// To whichever voter has most of the log: this node stops.
    HandOver,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Changed {
    /// By this entry of the log, or one before it.
    Done { index: u64 },
    /// Another node must be asked, now or when it leads.
    NotLeader,
}

/// The Raft thread has ended.
#[derive(Debug)]
pub(super) struct Ended;

/// The way in.
#[derive(Clone)]
pub(super) struct Inbox {
    sender: Sender<Input>,
    waiting: Arc<AtomicUsize>,
}

impl Inbox {
    pub fn new(sender: Sender<Input>) -> Self {
        Self { sender, waiting: Arc::default() }
    }

    /// # Errors
    /// When the Raft thread has ended.
    pub fn send(&self, input: Input) -> Result<(), Ended> {
        self.sender.send(input).map_err(|_| Ended)
    }

    /// Messages from the network: dropped when too many wait already.
    pub fn receive(&self, messages: Vec<Message>) {
        let count = messages.len();
        if self.waiting.load(Ordering::Relaxed).saturating_add(count) > WAITING_MAX {
            tracing::debug!(count, "messages of peers dropped: too many wait");
            return;
        }
        self.waiting.fetch_add(count, Ordering::Relaxed);
        // When the thread has ended, nobody wants them.
        let _ = self.send(Input::Messages(messages));
    }

    /// So many messages wait no more.
    pub fn taken(&self, count: usize) {
        self.waiting.fetch_sub(count, Ordering::Relaxed);
    }
}
