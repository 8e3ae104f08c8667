//! Raft's messages to one peer: a bounded queue, a stream of batches, a new connection when it breaks.
//!
//! What cannot be sent is dropped, and Raft is told: it sends again what is still of use.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::uri::PathAndQuery;
use prost011::Message as _;
use raft::prelude::{Message, MessageType};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use super::identity::REMOVED;
use super::message::{Batch, Empty};
use super::{Peers, client, service, snapshot, text};
use crate::error::MetaError;
use crate::transport::Transport;

/// Messages that wait for one peer.
const QUEUE_MESSAGES: usize = 4096;
/// Their bytes. One message is taken in any case.
const QUEUE_BYTES: usize = 64 << 20;
/// Bytes of one batch, if it has more than one message.
const BATCH_BYTES: usize = 1 << 20;
/// Batches between the queue and the connection.
const BATCHES: usize = 4;
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// The Raft thread's end of all links.
pub(crate) struct PeerTransport {
    peers: Arc<Peers>,
    links: HashMap<u64, Link>,
}

struct Link {
    queue: mpsc::Sender<Vec<u8>>,
    bytes: Arc<AtomicUsize>,
}

impl PeerTransport {
    pub fn new(peers: Arc<Peers>) -> Self {
        Self { peers, links: HashMap::new() }
    }

    fn queue(&mut self, to: u64, message: Vec<u8>) {
        let peers = &self.peers;
        let link = self.links.entry(to).or_insert_with(|| Link::open(peers, to));
        let length = message.len();
        let waiting = link.bytes.load(Ordering::Relaxed);
        let fits = waiting == 0 || waiting + length <= QUEUE_BYTES;
        if !fits || link.queue.try_send(message).is_err() {
            self.peers.host.report_unreachable(to);
            return;
        }
        link.bytes.fetch_add(length, Ordering::Relaxed);
    }
}

impl Transport for PeerTransport {
    fn send(&mut self, messages: Vec<Message>) {
        for message in messages {
            if message.get_msg_type() == MessageType::MsgSnapshot {
                self.peers.runtime.spawn(snapshot::send(self.peers.clone(), message));
            } else {
                self.queue(message.to, message.encode_to_vec());
            }
        }
    }
}

impl Link {
    fn open(peers: &Arc<Peers>, to: u64) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE_MESSAGES);
        let bytes = Arc::new(AtomicUsize::new(0));
        peers.runtime.spawn(Sender { peers: peers.clone(), to, messages, bytes: bytes.clone() }.run());
        Self { queue, bytes }
    }
}

/// The transport's end of one link.
struct Sender {
    peers: Arc<Peers>,
    to: u64,
    messages: mpsc::Receiver<Vec<u8>>,
    bytes: Arc<AtomicUsize>,
}

impl Sender {
    async fn run(mut self) {
        let mut backoff = BACKOFF_MIN;
        let mut said = String::new();
        for attempt in 0usize.. {
            let Some(first) = self.messages.recv().await else { return };
            self.taken(&first);
            let begun = Instant::now();
            let Err(failure) = self.stream(attempt, first).await else { return };
            self.peers.host.report_unreachable(self.to);
            if failure.removed {
                self.peers.host.fail(MetaError::Removed { node: self.peers.node_id });
                return;
            }
            // Once for each reason, or a node that is down would fill the log.
            if failure.reason != said {
                tracing::warn!(node = self.to, reason = failure.reason, "no connection to a node");
                said = failure.reason;
            }
            if begun.elapsed() > BACKOFF_MAX {
                backoff = BACKOFF_MIN;
                said.clear();
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
            // Old by now; Raft sends again what counts.
            while let Ok(message) = self.messages.try_recv() {
                self.taken(&message);
            }
        }
    }

    fn taken(&self, message: &[u8]) {
        self.bytes.fetch_sub(message.len(), Ordering::Relaxed);
    }

    /// Sends until the connection breaks, or nobody sends any more.
    async fn stream(&mut self, attempt: usize, first: Vec<u8>) -> Result<(), Failure> {
        let addresses = self.peers.addresses(self.to);
        let address = match addresses.len() {
            0 => return Err(Failure::new("its address is not known")),
            length => &addresses[attempt % length],
        };
        let channel = self.peers.connect(address).await.map_err(Failure::new)?;
        let (batches, stream) = mpsc::channel(BATCHES);
        let mut request = Request::new(ReceiverStream::new(stream));
        self.peers.identity(self.to).write(request.metadata_mut())?;
        let mut grpc = client::grpc(channel);
        grpc.ready().await.map_err(|error| Failure::new(text::whole(&error)))?;
        let codec = ProstCodec::<Batch, Empty>::default();
        let mut response =
            pin!(grpc.client_streaming(request, PathAndQuery::from_static(service::RAFT), codec));
        let mut next = Some(first);
        loop {
            let batch = self.batch(next.take());
            if !batch.messages.is_empty() {
                tokio::select! {
                    biased;
                    answer = &mut response => return Err(ended(answer)),
                    sent = batches.send(batch) => if sent.is_err() {
                        return Err(ended(response.await));
                    },
                }
            }
            tokio::select! {
                biased;
                answer = &mut response => return Err(ended(answer)),
                message = self.messages.recv() => match message {
                    None => return Ok(()),
                    Some(message) => {
                        self.taken(&message);
                        next = Some(message);
                    }
                },
            }
        }
    }

    /// The message, and what else waits.
    fn batch(&mut self, first: Option<Vec<u8>>) -> Batch {
        let mut bytes = first.as_ref().map_or(0, Vec::len);
        let mut messages: Vec<_> = first.into_iter().collect();
        while !messages.is_empty() && bytes < BATCH_BYTES {
            let Ok(message) = self.messages.try_recv() else { break };
            self.taken(&message);
            bytes += message.len();
            messages.push(message);
        }
        Batch { messages }
    }
}

struct Failure {
    reason: String,
    removed: bool,
}

impl Failure {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), removed: false }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self { reason: text::status(&status), removed: status.code() == REMOVED }
    }
}

fn ended(answer: Result<tonic::Response<Empty>, Status>) -> Failure {
    match answer {
        Ok(_) => Failure::new("it has closed the connection"),
        Err(status) => status.into(),
    }
}
