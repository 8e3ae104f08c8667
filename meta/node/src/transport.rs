//! How messages leave this node for its peers.

use raft::prelude::Message;

/// Carries Raft's messages. May lose, repeat and reorder them, and must not block: the Raft thread calls it.
pub trait Transport: Send + 'static {
    /// Sends each message to its `to`. A snapshot's fate must be told with `Driver::report_snapshot`, a peer that cannot be
    /// reached with `Driver::report_unreachable`, or Raft goes on waiting for that peer.
    fn send(&mut self, messages: Vec<Message>);
}

/// For a group of one: there is nobody to send to.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPeers;

impl Transport for NoPeers {
    fn send(&mut self, messages: Vec<Message>) {
        debug_assert!(messages.is_empty(), "a group of one has no peers");
    }
}

/// Either.
pub(crate) enum Carrier {
    None(NoPeers),
    Peers(crate::peer::PeerTransport),
}

impl Transport for Carrier {
    fn send(&mut self, messages: Vec<Message>) {
        match self {
            Self::None(nobody) => nobody.send(messages),
            Self::Peers(peers) => peers.send(messages),
        }
    }
}

/// Collects what would be sent, for tests that play the network.
impl Transport for Vec<Message> {
    fn send(&mut self, messages: Vec<Message>) {
        self.extend(messages);
    }
}
