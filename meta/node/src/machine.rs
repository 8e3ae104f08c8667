//! The replicated state: the catalog, and the answers of recent proposals, so that a repeated one is not applied twice.
//!
//! A proposal carries the index `since` after which all its copies stand in the log. Answers are kept for `WINDOW` entries; a copy
//! that is further than that from its `since` is not applied at all. So either the first copy's answer is still there, or this
//! copy is too late: never applied twice, with bounded memory, and the same on every node.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ostrakon_catalog::encode::{DecodeError, decode_catalog, decode_command, encode_catalog};
use ostrakon_catalog::{Catalog, Outcome, Rejection};
use serde::{Deserialize, Serialize};

use crate::error::MetaError;
use crate::proposal::{Proposal, RequestId};

/// Entries of the log for which answers are kept.
pub(crate) const WINDOW: u64 = 4096;

const FORMAT_VERSION: u8 = 1;

pub(crate) type Answer = Result<Outcome, Rejection>;

/// What became of an entry.
#[derive(Debug, PartialEq)]
pub(crate) enum Applied {
    /// Now, or at its first copy.
    Answered(Answer),
    /// Too far from its `since`: not applied.
    TooLate,
}

#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// Names the group among all groups; 0: not named yet.
    cluster: u64,
    catalog: Arc<Catalog>,
    answers: BTreeMap<RequestId, Answer>,
    /// (index, request) in log order: what leaves the window next.
    order: VecDeque<(u64, RequestId)>,
}

/// The snapshot's bytes after the version byte.
#[derive(Serialize, Deserialize)]
struct Saved {
    #[serde(with = "bytes")]
    catalog: Vec<u8>,
    answers: Vec<(u64, RequestId, Answer)>,
    /// Absent in what older programs wrote.
    #[serde(default, skip_serializing_if = "is_zero")]
    cluster: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Machine {
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// A state that no group has had before.
    pub fn of(cluster: u64, catalog: Catalog) -> Self {
        Self { cluster, catalog: Arc::new(catalog), ..Self::default() }
    }

    /// Names the group among all groups; 0: not named yet.
    pub fn cluster(&self) -> u64 {
        self.cluster
    }

    pub fn set_cluster(&mut self, cluster: u64) {
        self.cluster = cluster;
    }

    /// The answer of a proposal that was applied, while it is in the window.
    pub fn answer(&self, id: &RequestId) -> Option<&Answer> {
        self.answers.get(id)
    }

    /// Applies the log's entry `index`.
    ///
    /// # Errors
    /// An entry that this program cannot read: the node must stop, since others may have applied it.
    pub fn apply(&mut self, index: u64, data: &[u8]) -> Result<(RequestId, Applied), MetaError> {
        let proposal = Proposal::decode(data).ok_or(MetaError::Envelope { index })?;
        self.forget_before(index.saturating_sub(WINDOW));
        if proposal.since.saturating_add(WINDOW) < index {
            return Ok((proposal.id, Applied::TooLate));
        }
        if let Some(answer) = self.answers.get(&proposal.id) {
            return Ok((proposal.id, Applied::Answered(answer.clone())));
        }
        let unreadable = |source: DecodeError| MetaError::Entry { index, source };
        let answer = if proposal.command.is_empty() {
            // A change of the members that the catalog need not know of.
            Ok(Outcome::Done)
        } else {
            let command = decode_command(proposal.command).map_err(unreadable)?;
            // Copied only when the last state was published; within a batch of entries it is changed in place.
            Arc::make_mut(&mut self.catalog).apply(&command)
        };
        self.answers.insert(proposal.id, answer.clone());
        self.order.push_back((index, proposal.id));
        Ok((proposal.id, Applied::Answered(answer)))
    }

    /// Notes that a change of the members was not made, so that no copy of it is.
    pub fn refuse(&mut self, index: u64, id: RequestId, reason: &str) {
        self.answers.insert(id, Err(Rejection::MembersRefused { reason: reason.to_owned() }));
        self.order.push_back((index, id));
    }

    /// The whole state: equal states give equal bytes.
    pub fn save(&self) -> Vec<u8> {
        let answer = |(index, id): &(u64, RequestId)| Some((*index, *id, self.answers.get(id)?.clone()));
        let answers = self.order.iter().filter_map(answer).collect();
        let saved = Saved { catalog: encode_catalog(&self.catalog), answers, cluster: self.cluster };
        let mut bytes = vec![FORMAT_VERSION];
        // PANIC-FREE: a Vec takes all bytes, and the records hold only numbers, strings and lists of known length.
        rmp_serde::encode::write_named(&mut bytes, &saved).expect("plain records always encode");
        bytes
    }

    /// # Errors
    /// For bytes of a newer program, and for bytes that are no snapshot.
    pub fn restore(bytes: &[u8]) -> Result<Self, MetaError> {
        let unreadable = |reason: String| MetaError::Snapshot(reason);
        let body = match bytes.split_first() {
            Some((&FORMAT_VERSION, body)) => body,
            Some((version, _)) => {
                return Err(unreadable(format!(
                    "it is in format {version}, and this program knows {FORMAT_VERSION}"
                )));
            }
            None => return Err(unreadable("it is empty".to_owned())),
        };
        let saved: Saved = rmp_serde::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
        let catalog = decode_catalog(&saved.catalog).map_err(|error| unreadable(error.to_string()))?;
        ostrakon_catalog::validate::whole(&catalog).map_err(|error| unreadable(error.to_string()))?;
        let mut machine = Self::of(saved.cluster, catalog);
        for (index, id, answer) in saved.answers {
            machine.order.push_back((index, id));
            machine.answers.insert(id, answer);
        }
        Ok(machine)
    }

    fn forget_before(&mut self, index: u64) {
        while let Some((at, id)) = self.order.front() {
            if *at >= index {
                break;
            }
            self.answers.remove(id);
            self.order.pop_front();
        }
    }
}

/// The catalog's own bytes, as one byte string.
pub(crate) mod bytes {
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a byte string")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use ostrakon_catalog::Command;
    use ostrakon_catalog::encode::encode_command;

    use super::*;

    fn entry(counter: u64, since: u64) -> Vec<u8> {
        let (name, host) = (format!("m{counter}"), "h".to_owned());
        let (user, password, tls) = (String::new(), String::new(), Default::default());
        let command = encode_command(&Command::CreateInstance { name, host, port: 1, user, password, tls });
        Proposal { id: RequestId { node: 1, start: 5, counter }, since, command: &command }.encode()
    }

    fn outcome(id: u32) -> Applied {
        Applied::Answered(Ok(Outcome::Instance { id }))
    }

    #[test]
    fn a_repeated_proposal_gets_its_first_answer() {
        let mut machine = Machine::default();
        assert_eq!(machine.apply(2, &entry(1, 1)).unwrap().1, outcome(1));
        assert_eq!(machine.apply(3, &entry(2, 1)).unwrap().1, outcome(2));
        assert_eq!(machine.apply(4, &entry(1, 1)).unwrap().1, outcome(1));
        assert_eq!(machine.catalog().instances.len(), 2);
    }

    #[test]
    fn a_copy_is_applied_once_or_too_late_wherever_it_stands() {
        for distance in [WINDOW - 1, WINDOW, WINDOW + 1] {
            let mut machine = Machine::default();
            machine.apply(2, &entry(1, 1)).unwrap();
            // Another entry, so that the window moves before the copy comes.
            machine.apply(distance, &entry(2, distance - 1)).unwrap();
            let copy = machine.apply(1 + distance, &entry(1, 1)).unwrap().1;
            let expected = if distance <= WINDOW { outcome(1) } else { Applied::TooLate };
            assert_eq!(copy, expected, "at distance {distance}");
            assert_eq!(machine.catalog().instances.len(), 2);
        }
    }

    #[test]
    fn a_restored_machine_is_the_same_and_remembers_answers() {
        let mut machine = Machine::default();
        machine.apply(2, &entry(1, 1)).unwrap();
        machine.apply(3, &entry(1, 1)).unwrap();
        let mut restored = Machine::restore(&machine.save()).unwrap();
        assert_eq!(restored.save(), machine.save());
        assert_eq!(restored.apply(4, &entry(1, 1)).unwrap().1, outcome(1));
        assert_eq!(restored.catalog().instances.len(), 1);
    }

    #[test]
    fn a_named_group_keeps_its_name_and_an_older_snapshot_has_none() {
        let mut machine = Machine::default();
        let unnamed = machine.save();
        assert!(!unnamed.windows(7).any(|bytes| bytes == b"cluster"), "as older programs wrote it");
        assert_eq!(Machine::restore(&unnamed).unwrap().cluster(), 0);
        machine.set_cluster(77);
        assert_eq!(Machine::restore(&machine.save()).unwrap().cluster(), 77);
    }

    #[test]
    fn unknown_bytes_stop_the_machine() {
        let mut machine = Machine::default();
        assert!(matches!(machine.apply(2, b"\x02rest"), Err(MetaError::Envelope { index: 2 })));
        let id = RequestId { node: 1, start: 1, counter: 1 };
        let newer = Proposal { id, since: 1, command: b"\x09rest" }.encode();
        assert!(matches!(machine.apply(3, &newer), Err(MetaError::Entry { index: 3, .. })));
        assert!(Machine::restore(b"\x02").unwrap_err().to_string().contains("format 2"));
        assert!(Machine::restore(b"").is_err());
    }
}
