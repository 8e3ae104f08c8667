//! Questions to other nodes: connections, requests, and the watch over a leader that is not heard of.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use super::identity::{Identity, REMOVED};
use super::message::{CallAnswer, CallRequest, ChangeAnswer, ChangeRequest, Empty};
use super::{CONNECT_LIMIT, KEEP_ALIVE, MESSAGE_BYTES_MAX, Peers, lock, service, text};
use crate::error::{CallError, MetaError};

/// Without a leader, the others are asked each time whether this node was removed.
const LONELY: Duration = Duration::from_secs(2);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AskError {
    /// It was not asked.
    NoAddress,
    /// It was not asked either.
    Unreachable(String),
    /// No answer came.
    Failed(String),
    Timeout,
    /// The others know that this node was removed.
    Removed,
}

impl Peers {
    pub(super) fn identity(&self, to: u64) -> Identity {
        Identity { cluster: self.cluster(), from: self.node_id, to, address: self.advertise.clone() }
    }

    /// # Errors
    /// An address that cannot be used.
    fn endpoint(&self, address: &str) -> Result<Endpoint, String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
            .map_err(|error| format!("'{address}': {}", text::whole(&error)))?
            .connect_timeout(CONNECT_LIMIT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true);
        match &self.tls {
            None => Ok(endpoint),
            Some(tls) => endpoint.tls_config(tls.client()).map_err(|error| text::whole(&error)),
        }
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn connect(&self, address: &str) -> Result<Channel, String> {
        let endpoint = self.endpoint(address)?;
        let connecting = tokio::time::timeout(2 * CONNECT_LIMIT, endpoint.connect()).await;
        let failed = |reason: String| format!("{address}: {reason}");
        match connecting {
            Ok(result) => result.map_err(|error| failed(text::whole(&error))),
            Err(_) => Err(failed("no answer to the connection".to_owned())),
        }
    }

    /// One question to the node `to` (0: whoever is there) at an address.
    ///
    /// # Errors
    /// When no answer comes.
    pub(super) async fn ask<Q, A>(
        &self,
        address: &str,
        to: u64,
        path: &'static str,
        question: Q,
    ) -> Result<A, AskError>
    where
        Q: prost::Message + Default + 'static,
        A: prost::Message + Default + 'static,
    {
        let known = lock(&self.channels).get(address).cloned();
        let channel = match known {
            Some(channel) => channel,
            None => {
                let channel = self.connect(address).await.map_err(AskError::Unreachable)?;
                lock(&self.channels).insert(address.to_owned(), channel.clone());
                channel
            }
        };
        let mut request = Request::new(question);
        let result = match self.identity(to).write(request.metadata_mut()) {
            Ok(()) => {
                let mut grpc = grpc(channel);
                match grpc.ready().await {
                    Ok(()) => {
                        let codec = ProstCodec::<Q, A>::default();
                        grpc.unary(request, PathAndQuery::from_static(path), codec).await
                    }
                    Err(error) => Err(tonic::Status::unavailable(text::whole(&error))),
                }
            }
            Err(status) => Err(status),
        };
        result.map(tonic::Response::into_inner).map_err(|status| {
            // The next question gets a new connection.
            lock(&self.channels).remove(address);
            match status.code() {
                REMOVED => AskError::Removed,
                _ => AskError::Failed(text::status(&status)),
            }
        })
    }

    /// One question to a node, wherever it is known to be, on the transport's own thread.
    async fn ask_node<Q, A>(
        self: &Arc<Self>,
        node: u64,
        path: &'static str,
        question: Q,
        limit: Duration,
    ) -> Result<A, AskError>
    where
        Q: prost::Message + Default + Clone + 'static,
        A: prost::Message + Default + 'static,
    {
        let peers = self.clone();
        let asking = async move {
            let mut last = AskError::NoAddress;
            for address in peers.addresses(node) {
                match peers.connectable(&address).await {
                    Err(reason) => last = AskError::Unreachable(reason),
                    // Asked once alone: it may have been done although no answer came.
                    Ok(()) => return peers.ask(&address, node, path, question).await,
                }
            }
            Err(last)
        };
        let task = self.runtime.spawn(async move { tokio::time::timeout(limit, asking).await });
        let answer = match task.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(AskError::Timeout),
            Err(_) => Err(AskError::Failed("this node is stopping".to_owned())),
        };
        if answer.as_ref().is_err_and(|error| *error == AskError::Removed) {
            self.host.fail(MetaError::Removed { node: self.node_id });
        }
        answer
    }

    /// Sees to it that a connection is there.
    pub(super) async fn connectable(&self, address: &str) -> Result<(), String> {
        if lock(&self.channels).contains_key(address) {
            return Ok(());
        }
        let channel = self.connect(address).await?;
        lock(&self.channels).insert(address.to_owned(), channel);
        Ok(())
    }

    /// Asks another node's handler.
    pub async fn call(
        self: &Arc<Self>,
        node: u64,
        request: Vec<u8>,
        limit: Duration,
    ) -> Result<Vec<u8>, CallError> {
        let answer: Result<CallAnswer, _> =
            self.ask_node(node, service::CALL, CallRequest { request }, limit).await;
        match answer {
            Ok(answer) if answer.no_handler => Err(CallError::NoHandler { node }),
            Ok(answer) => match answer.failure {
                Some(reason) => Err(CallError::Failed { node, reason }),
                None => Ok(answer.answer),
            },
            Err(AskError::NoAddress) => Err(CallError::UnknownNode { node }),
            Err(AskError::Timeout) => Err(CallError::Timeout { node }),
            Err(AskError::Failed(reason) | AskError::Unreachable(reason)) => {
                Err(CallError::Unreachable { node, reason })
            }
            Err(AskError::Removed) => Err(CallError::Unreachable {
                node,
                reason: "this node was removed from the group".to_owned(),
            }),
        }
    }

    /// Asks the leader for a change.
    pub async fn change(
        self: &Arc<Self>,
        leader: u64,
        request: ChangeRequest,
        limit: Duration,
    ) -> Result<ChangeAnswer, AskError> {
        self.ask_node(leader, service::CHANGE, request, limit).await
    }
}

pub(super) fn grpc(channel: Channel) -> Grpc<Channel> {
    Grpc::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
}

/// A removed node is sent nothing any more, so it would wait for ever: when no leader is heard of, it asks.
pub(super) async fn watch_over(peers: Arc<Peers>) {
    loop {
        tokio::time::sleep(LONELY).await;
        if peers.host.leader().is_some() || peers.cluster() == 0 {
            continue;
        }
        let catalog = peers.host.catalog();
        let told: Vec<u64> = lock(&peers.told).keys().copied().collect();
        let others: BTreeSet<u64> =
            catalog.nodes.keys().copied().chain(told).filter(|id| *id != peers.node_id).collect();
        for node in others {
            let answer: Result<Empty, _> =
                peers.ask_node(node, service::HELLO, Empty {}, CONNECT_LIMIT).await;
            if let Err(error) = answer {
                tracing::debug!(node, ?error, "no leader, and this node does not answer");
            }
        }
    }
}
