//! Snapshots travel in parts on a connection of their own, so that they do not hold up heartbeats.

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use prost011::Message as _;
use raft::prelude::{Message, MessageType};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::message::{Chunk, Empty};
use super::{Peers, client, service, text};

/// Bytes of one part.
const CHUNK_BYTES: usize = 256 << 10;
/// Parts that wait for the network.
const CHUNKS: usize = 4;
/// One snapshot at most.
const SNAPSHOT_BYTES_MAX: u64 = 2 << 30;
/// Snapshots that a node takes at once. There is one leader, and one more while an earlier one's is not done.
pub(super) const TAKEN_MAX: usize = 2;
/// Who sends nothing for so long does not hold up another's snapshot.
const PART_LIMIT: Duration = Duration::from_secs(15);
/// One snapshot takes no longer, or is given up and begun anew.
const LIMIT: Duration = Duration::from_secs(300);

/// Sends a snapshot, and tells Raft what became of it.
pub(super) async fn send(peers: Arc<Peers>, message: Message) {
    let to = message.to;
    let bytes = message.encode_to_vec();
    drop(message);
    let length = bytes.len();
    let result = match tokio::time::timeout(LIMIT, transfer(&peers, to, bytes)).await {
        Ok(result) => result,
        Err(_) => Err("it took too long".to_owned()),
    };
    match &result {
        Ok(()) => tracing::info!(node = to, bytes = length, "snapshot sent"),
        Err(reason) => tracing::warn!(node = to, bytes = length, reason, "snapshot not sent"),
    }
    peers.host.report_snapshot(to, result.is_ok());
}

async fn transfer(peers: &Peers, to: u64, bytes: Vec<u8>) -> Result<(), String> {
    let mut channel = Err("its address is not known".to_owned());
    for address in peers.addresses(to) {
        channel = peers.connect(&address).await;
        if channel.is_ok() {
            break;
        }
    }
    let (parts, stream) = mpsc::channel(CHUNKS);
    let mut request = Request::new(ReceiverStream::new(stream));
    let written = peers.identity(to).write(request.metadata_mut());
    written.map_err(|status| text::status(&status))?;
    let mut grpc = client::grpc(channel?);
    grpc.ready().await.map_err(|error| text::whole(&error))?;
    let codec = ProstCodec::<Chunk, Empty>::default();
    let response = grpc.client_streaming(request, PathAndQuery::from_static(service::SNAPSHOT), codec);
    let feed = async move {
        for part in chunks(&bytes) {
            if parts.send(part).await.is_err() {
                // The other side has ended it, and says why.
                break;
            }
        }
    };
    let (answer, ()) = tokio::join!(response, feed);
    answer.map(|_| ()).map_err(|status| text::status(&status))
}

/// The message in parts; the first says how much there is.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk> + '_ {
    let total = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let checksum = Sha256::digest(bytes).to_vec();
    bytes.chunks(CHUNK_BYTES).enumerate().map(move |(number, data)| {
        let (total, checksum) = if number == 0 { (total, checksum.clone()) } else { (0, Vec::new()) };
        Chunk { data: data.to_vec(), total, checksum }
    })
}

/// Takes the parts of one snapshot.
///
/// # Errors
/// When it is not whole, or not what it should be.
pub(super) async fn receive(mut parts: Streaming<Chunk>) -> Result<Message, Status> {
    let whole = async {
        let mut assembly = Assembly::default();
        let late = |_| Err(Status::deadline_exceeded("the snapshot's next part took too long"));
        while let Some(part) = tokio::time::timeout(PART_LIMIT, parts.message()).await.unwrap_or_else(late)? {
            assembly.add(part)?;
        }
        assembly.finish()
    };
    let late = |_| Err(Status::deadline_exceeded("the snapshot took too long"));
    tokio::time::timeout(LIMIT, whole).await.unwrap_or_else(late)
}

#[derive(Default)]
struct Assembly {
    bytes: Vec<u8>,
    total: u64,
    checksum: Vec<u8>,
}

impl Assembly {
    fn add(&mut self, part: Chunk) -> Result<(), Status> {
        if self.bytes.is_empty() {
            (self.total, self.checksum) = (part.total, part.checksum);
        }
        let length = self.bytes.len().saturating_add(part.data.len());
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if length > self.total || length > SNAPSHOT_BYTES_MAX {
            return Err(Status::resource_exhausted("the snapshot is longer than it may be"));
        }
        self.bytes.extend_from_slice(&part.data);
        Ok(())
    }

    fn finish(self) -> Result<Message, Status> {
        if Sha256::digest(&self.bytes).as_slice() != self.checksum {
            return Err(Status::data_loss("the snapshot was damaged or cut on its way"));
        }
        let message = Message::decode(&self.bytes[..])
            .map_err(|error| Status::invalid_argument(format!("no snapshot: {error}")))?;
        match message.get_msg_type() {
            MessageType::MsgSnapshot => Ok(message),
            other => Err(Status::invalid_argument(format!("{other:?} is no snapshot"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use raft::prelude::Snapshot;

    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let snapshot =
            Snapshot { data: (0..length).map(|n| (n % 251) as u8).collect(), ..Snapshot::default() };
        let mut message = Message { to: 2, from: 1, snapshot: Some(snapshot), ..Message::default() };
        message.set_msg_type(MessageType::MsgSnapshot);
        message.encode_to_vec()
    }

    fn assemble(parts: impl IntoIterator<Item = Chunk>) -> Result<Message, Status> {
        let mut assembly = Assembly::default();
        for part in parts {
            assembly.add(part)?;
        }
        assembly.finish()
    }

    #[test]
    fn a_snapshot_is_the_same_after_its_journey() {
        for length in [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 17] {
            let bytes = message(length);
            assert_eq!(assemble(chunks(&bytes)).unwrap().encode_to_vec(), bytes, "{length} bytes");
        }
    }

    #[test]
    fn a_part_that_is_missing_repeated_or_damaged_is_noticed() {
        let bytes = message(3 * CHUNK_BYTES);
        let parts: Vec<_> = chunks(&bytes).collect();
        assert!(assemble(parts[..2].to_vec()).is_err());
        assert!(assemble([parts.clone(), parts[1..2].to_vec()].concat()).is_err());
        let mut damaged = parts.clone();
        damaged[1].data[7] ^= 1;
        assert!(assemble(damaged).is_err());
        assert!(assemble([]).is_err());
    }
}
