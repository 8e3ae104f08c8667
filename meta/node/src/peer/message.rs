//! What nodes say to each other, as protobuf messages. Raft's own travel in them as bytes.
//!
//! Fields keep their tags for ever; one added later must mean "as before" when it is absent.

/// Raft messages to one peer, in order.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Batch {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub messages: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Empty {}

/// A part of one Raft message that holds a snapshot.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Chunk {
    #[prost(bytes = "vec", tag = "1")]
    pub data: Vec<u8>,
    /// Bytes of the whole message; in the first part.
    #[prost(uint64, tag = "2")]
    pub total: u64,
    /// SHA-256 of the whole message; in the first part.
    #[prost(bytes = "vec", tag = "3")]
    pub checksum: Vec<u8>,
}

/// A node wants to be a member.
#[derive(Clone, PartialEq, prost::Message)]
pub struct JoinRequest {
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(string, tag = "2")]
    pub address: String,
    #[prost(string, tag = "3")]
    pub sql_address: String,
    #[prost(uint64, tag = "4")]
    pub start: u64,
    #[prost(string, tag = "5")]
    pub version: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct JoinAnswer {
    #[prost(bool, tag = "1")]
    pub accepted: bool,
    /// For ever: asking again is of no use.
    #[prost(bool, tag = "2")]
    pub refused: bool,
    #[prost(string, tag = "3")]
    pub reason: String,
    #[prost(uint64, tag = "4")]
    pub cluster: u64,
    /// To be asked instead, when neither accepted nor refused.
    #[prost(uint64, tag = "5")]
    pub leader: u64,
    #[prost(string, tag = "6")]
    pub leader_address: String,
}

/// A change of the members, or of the leader.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ChangeRequest {
    #[prost(enumeration = "Change", tag = "1")]
    pub change: i32,
    #[prost(uint64, tag = "2")]
    pub id: u64,
    #[prost(string, tag = "3")]
    pub address: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
pub enum Change {
    Unknown = 0,
    AddLearner = 1,
    Promote = 2,
    Demote = 3,
    Remove = 4,
    TransferLeadership = 5,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ChangeAnswer {
    #[prost(enumeration = "Changed", tag = "1")]
    pub changed: i32,
    #[prost(string, tag = "2")]
    pub reason: String,
    /// When done: the entry that did it, or a later one.
    #[prost(uint64, tag = "3")]
    pub index: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
pub enum Changed {
    /// It may have been made.
    Unknown = 0,
    Done = 1,
    Refused = 2,
    /// Nothing changed; another node must be asked.
    NotLeader = 3,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct CallRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub request: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct CallAnswer {
    #[prost(bytes = "vec", tag = "1")]
    pub answer: Vec<u8>,
    /// The handler's error; then `answer` is empty.
    #[prost(string, optional, tag = "2")]
    pub failure: Option<String>,
    #[prost(bool, tag = "3")]
    pub no_handler: bool,
}
