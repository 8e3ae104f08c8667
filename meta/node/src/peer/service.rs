//! Answers other nodes: one path for each question, after the check of who asks.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use prost011::Message as _;
use raft::prelude::{EntryType, Message, MessageType};
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

use super::identity::{Identity, REMOVED};
use super::message::{
    Batch, CallAnswer, CallRequest, ChangeAnswer, ChangeRequest, Chunk, Empty, JoinAnswer, JoinRequest,
};
use super::tls::Material;
use super::{KEEP_ALIVE, MESSAGE_BYTES_MAX, Peers, snapshot, text};
use crate::error::{CallError, MetaError};

pub(super) const RAFT: &str = "/ostrakon.peer.v1.Peer/Raft";
pub(super) const SNAPSHOT: &str = "/ostrakon.peer.v1.Peer/Snapshot";
pub(super) const JOIN: &str = "/ostrakon.peer.v1.Peer/Join";
pub(super) const CHANGE: &str = "/ostrakon.peer.v1.Peer/Change";
pub(super) const CALL: &str = "/ostrakon.peer.v1.Peer/Call";
pub(super) const HELLO: &str = "/ostrakon.peer.v1.Peer/Hello";

/// Questions on one connection at once.
const STREAMS_MAX: u32 = 256;

/// # Errors
/// Certificates that cannot be used.
pub(super) fn server(tls: Option<&Material>) -> Result<Server, MetaError> {
    let server = Server::builder()
        .tcp_nodelay(true)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE));
    let Some(tls) = tls else { return Ok(server) };
    // The client's side is tried too, so that a wrong file is found at the start.
    let unusable =
        |error: tonic::transport::Error| MetaError::Config(format!("peer.tls: {}", text::whole(&error)));
    tonic::transport::Endpoint::from_static("https://localhost")
        .tls_config(tls.client())
        .map_err(unusable)?;
    server.tls_config(tls.server()).map_err(unusable)
}

/// Answers until the runtime ends.
pub(super) async fn serve(peers: Arc<Peers>, server: Server, listener: std::net::TcpListener) {
    let host = peers.host.clone();
    let node = peers.node_id;
    let service = service_fn(move |request| {
        let peers = peers.clone();
        async move { Ok::<_, Infallible>(route(peers, request).await) }
    });
    let served = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => {
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            server.serve_with_incoming(service, incoming).await.map_err(|error| text::whole(&error))
        }
        Err(error) => Err(error.to_string()),
    };
    let reason = served.err().unwrap_or_else(|| "it has ended".to_owned());
    host.fail(MetaError::Config(format!("node {node} cannot take connections from other nodes: {reason}")));
}

async fn route(peers: Arc<Peers>, request: http::Request<Body>) -> http::Response<Body> {
    match request.uri().path() {
        RAFT => {
            let take = |from, batches| raft(peers.clone(), from, batches);
            stream(&peers, request, take).await
        }
        SNAPSHOT => {
            let take = |from, parts| receive_snapshot(peers.clone(), from, parts);
            stream(&peers, request, take).await
        }
        JOIN => {
            let answer = |from, question: JoinRequest| {
                let host = peers.host.clone();
                async move {
                    match question.id == from {
                        true => Ok::<JoinAnswer, Status>(host.join(question).await),
                        false => Err(Status::invalid_argument(format!(
                            "node {from} cannot join as node {}",
                            question.id
                        ))),
                    }
                }
            };
            unary(&peers, request, true, answer).await
        }
        CHANGE => {
            let answer = |_, question: ChangeRequest| {
                let host = peers.host.clone();
                async move { Ok::<ChangeAnswer, Status>(host.change(question).await) }
            };
            unary(&peers, request, false, answer).await
        }
        CALL => {
            let answer = |from, question: CallRequest| call(peers.clone(), from, question);
            unary(&peers, request, false, answer).await
        }
        HELLO => {
            let answer = |_, Empty {}| async { Ok::<Empty, Status>(Empty {}) };
            unary(&peers, request, false, answer).await
        }
        path => {
            let reason = format!("node {} has no '{path}': is it of an older version?", peers.node_id);
            Status::unimplemented(reason).into_http()
        }
    }
}

async fn unary<Q, A, F>(
    peers: &Peers,
    request: http::Request<Body>,
    joins: bool,
    mut answer: impl FnMut(u64, Q) -> F,
) -> http::Response<Body>
where
    Q: prost::Message + Default + Send + 'static,
    A: prost::Message + Default + Send + 'static,
    F: Future<Output = Result<A, Status>> + Send,
{
    let mut grpc = Grpc::new(ProstCodec::<A, Q>::default())
        .apply_max_message_size_config(Some(MESSAGE_BYTES_MAX), Some(MESSAGE_BYTES_MAX));
    let service = service_fn(|request: Request<Q>| {
        let checked = check(peers, request.metadata(), joins);
        let answer = checked.map(|identity| answer(identity.from, request.into_inner()));
        async { answer?.await.map(Response::new) }
    });
    grpc.unary(service, request).await
}

async fn stream<Q, F>(
    peers: &Peers,
    request: http::Request<Body>,
    mut take: impl FnMut(u64, Streaming<Q>) -> F,
) -> http::Response<Body>
where
    Q: prost::Message + Default + Send + 'static,
    F: Future<Output = Result<Empty, Status>> + Send,
{
    let mut grpc = Grpc::new(ProstCodec::<Empty, Q>::default())
        .apply_max_message_size_config(Some(MESSAGE_BYTES_MAX), Some(MESSAGE_BYTES_MAX));
    let service = service_fn(|request: Request<Streaming<Q>>| {
        let checked = check(peers, request.metadata(), false);
        let answer = checked.map(|identity| take(identity.from, request.into_inner()));
        async { answer?.await.map(Response::new) }
    });
    grpc.client_streaming(service, request).await
}

/// Who asks, if it may.
fn check(peers: &Peers, headers: &tonic::metadata::MetadataMap, joins: bool) -> Result<Identity, Status> {
    let identity = Identity::read(headers)?;
    let (own, from) = (peers.node_id, identity.from);
    if identity.to != own && !(joins && identity.to == 0) {
        return Err(Status::failed_precondition(format!(
            "this is node {own}, and node {from} asks for node {}: is an address another node's?",
            identity.to
        )));
    }
    let cluster = peers.cluster();
    if cluster == 0 {
        return Err(Status::unavailable(format!("node {own} has not joined yet")));
    }
    if identity.cluster != cluster && !(joins && identity.cluster == 0) {
        return Err(Status::failed_precondition(format!(
            "node {own} is of another cluster than node {from}"
        )));
    }
    if peers.host.catalog().removed_nodes.contains(&from) {
        return Err(Status::new(REMOVED, format!("node {from} was removed from the cluster")));
    }
    if from == own {
        return Err(Status::failed_precondition(format!(
            "node_id {own} is in use by the node at {}",
            peers.advertise
        )));
    }
    if !joins {
        peers.learn(from, identity.address.clone());
    }
    Ok(identity)
}

async fn raft(peers: Arc<Peers>, from: u64, mut batches: Streaming<Batch>) -> Result<Empty, Status> {
    while let Some(batch) = batches.message().await? {
        let mut messages = Vec::with_capacity(batch.messages.len());
        for bytes in batch.messages {
            let message = Message::decode(&bytes[..])
                .map_err(|error| Status::invalid_argument(format!("no Raft message: {error}")))?;
            if !is_usable(&message) || message.from != from || message.to != peers.node_id {
                return Err(Status::invalid_argument(format!(
                    "a Raft message ({:?}, from {} to {}) that node {from} cannot send",
                    message.get_msg_type(),
                    message.from,
                    message.to
                )));
            }
            messages.push(message);
        }
        peers.host.receive(messages);
        // Who was removed meanwhile must hear of it.
        if peers.host.catalog().removed_nodes.contains(&from) {
            return Err(Status::new(REMOVED, format!("node {from} was removed from the cluster")));
        }
    }
    Ok(Empty {})
}

/// Raft panics over some messages that no peer of ours sends.
fn is_usable(message: &Message) -> bool {
    let normal = |kind| {
        matches!(kind, EntryType::EntryNormal | EntryType::EntryConfChange | EntryType::EntryConfChangeV2)
    };
    match message.get_msg_type() {
        MessageType::MsgPropose => {
            !message.entries.is_empty() && message.entries.iter().all(|entry| normal(entry.get_entry_type()))
        }
        MessageType::MsgReadIndex | MessageType::MsgReadIndexResp => message.entries.len() == 1,
        MessageType::MsgAppend => {
            let first = message.index.saturating_add(1);
            message.entries.iter().zip(first..).all(|(entry, index)| entry.index == index)
        }
        MessageType::MsgAppendResponse
        | MessageType::MsgRequestVote
        | MessageType::MsgRequestVoteResponse
        | MessageType::MsgRequestPreVote
        | MessageType::MsgRequestPreVoteResponse
        | MessageType::MsgHeartbeat
        | MessageType::MsgHeartbeatResponse
        | MessageType::MsgTimeoutNow => true,
        // Snapshots come another way; the rest is for a node alone.
        _ => false,
    }
}

async fn receive_snapshot(peers: Arc<Peers>, from: u64, parts: Streaming<Chunk>) -> Result<Empty, Status> {
    let Ok(_turn) = peers.snapshots.try_acquire() else {
        let reason = format!("node {} takes {} snapshots already", peers.node_id, snapshot::TAKEN_MAX);
        return Err(Status::resource_exhausted(reason));
    };
    let message = snapshot::receive(parts).await?;
    if message.from != from || message.to != peers.node_id {
        return Err(Status::invalid_argument("a snapshot of another node, or for another one"));
    }
    peers.host.receive(vec![message]);
    Ok(Empty {})
}

async fn call(peers: Arc<Peers>, from: u64, question: CallRequest) -> Result<CallAnswer, Status> {
    Ok(match peers.host.call(from, question.request).await {
        Ok(answer) => CallAnswer { answer, ..CallAnswer::default() },
        Err(CallError::NoHandler { .. }) => CallAnswer { no_handler: true, ..CallAnswer::default() },
        Err(CallError::Failed { reason, .. }) => {
            CallAnswer { failure: Some(reason), ..CallAnswer::default() }
        }
        Err(error) => CallAnswer { failure: Some(error.to_string()), ..CallAnswer::default() },
    })
}
