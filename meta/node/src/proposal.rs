//! A proposal's bytes in a log entry: who asks, since when, and the command.
//!
//! A proposal may reach the log twice, since a node repeats it after a change of leader. So each carries a request id, and a
//! repeated one gets the first one's answer (see `machine`).

/// Names one proposal among all that were ever made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct RequestId {
    /// The proposing node.
    pub node: u64,
    /// Drawn at random at each start of that node, so that the counter may begin anew.
    pub start: u64,
    pub counter: u64,
}

/// What an entry of the log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal<'a> {
    pub id: RequestId,
    /// Last index that the proposer had applied when it first proposed: all entries of this proposal come after it.
    pub since: u64,
    /// In the catalog's encoding.
    pub command: &'a [u8],
}

const FORMAT_VERSION: u8 = 1;
const HEADER_LENGTH: usize = 1 + 4 * 8;

impl<'a> Proposal<'a> {
    /// Version byte, node, start, counter, since (big-endian), command.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LENGTH + self.command.len());
        bytes.push(FORMAT_VERSION);
        for number in [self.id.node, self.id.start, self.id.counter, self.since] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(self.command);
        bytes
    }

    /// `None` for bytes that `encode` of this version did not write.
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        if *version != FORMAT_VERSION {
            return None;
        }
        let (node, rest) = number(rest)?;
        let (start, rest) = number(rest)?;
        let (counter, rest) = number(rest)?;
        let (since, command) = number(rest)?;
        Some(Self { id: RequestId { node, start, counter }, since, command })
    }
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (head, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*head), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposal_decodes_as_it_was_and_cut_bytes_do_not() {
        let id = RequestId { node: 1, start: u64::MAX, counter: 7 };
        let proposal = Proposal { id, since: 99, command: b"abc" };
        let bytes = proposal.encode();
        assert_eq!(Proposal::decode(&bytes), Some(proposal));
        assert!((0..HEADER_LENGTH).all(|length| Proposal::decode(&bytes[..length]).is_none()));
        assert_eq!(Proposal::decode(&[&[2], &bytes[1..]].concat()), None, "another version");
    }
}
