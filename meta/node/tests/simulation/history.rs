//! What was asked, what was answered and what was committed, as seen from outside; and the judgement over it at the end.
//!
//! The committed log is run again on an empty catalog, with a memory of all requests that forgets nothing. So each answer must be
//! the one of its request's first entry, each state compared must be the one at its index, and no entry can have counted twice.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::hash::{DefaultHasher, Hash, Hasher};

use ostrakon_catalog::encode::{decode_command, encode_catalog};
use ostrakon_catalog::{Catalog, Command, Outcome, Rejection};
use ostrakon_meta::ProposeError;
use ostrakon_meta::driver::RequestId;
use raft::prelude::{Entry, EntryType};

use crate::rules::Rules;
use crate::totals::Totals;

enum Event {
    Asked(RequestId),
    /// And what the node had applied by then.
    Answered(RequestId, u64, Result<Outcome, ProposeError>),
    /// A read of all that was acknowledged before.
    ReadAsked(RequestId),
    /// And what the node had applied when it was let through.
    ReadAnswered(RequestId, u64),
}

/// Fingerprints of a state: of all of it, and of the catalog alone.
#[derive(Clone, Copy, PartialEq)]
struct Print {
    whole: u64,
    catalog: u64,
}

#[derive(Default)]
pub struct History {
    log: BTreeMap<u64, Entry>,
    states: BTreeMap<u64, Print>,
    events: Vec<Event>,
    commands: BTreeMap<RequestId, Command>,
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// A copy of a proposal that stands further than this from the proposer's applied index does not count (`src/machine.rs`).
const WINDOW: u64 = 4096;

/// A proposal's envelope (`src/proposal.rs`): version, node, start, counter, since, command.
fn open(data: &[u8]) -> (RequestId, u64, &[u8]) {
    let number = |at: usize| u64::from_be_bytes(data[at..at + 8].try_into().unwrap());
    assert_eq!(data[0], 1, "the envelope's version");
    (RequestId { node: number(1), start: number(9), counter: number(17) }, number(25), &data[33..])
}

impl History {
    pub fn asked(&mut self, request: RequestId, command: Command) {
        assert!(self.commands.insert(request, command).is_none(), "{request:?} names two proposals");
        self.events.push(Event::Asked(request));
    }

    /// Gives what was asked for.
    pub fn answered(
        &mut self,
        request: RequestId,
        applied: u64,
        result: &Result<Outcome, ProposeError>,
    ) -> &Command {
        self.events.push(Event::Answered(request, applied, result.clone()));
        &self.commands[&request]
    }

    pub fn read_asked(&mut self, read: RequestId) {
        self.events.push(Event::ReadAsked(read));
    }

    pub fn read_answered(&mut self, read: RequestId, applied: u64) {
        self.events.push(Event::ReadAnswered(read, applied));
    }

    /// Node `node` has applied this entry.
    pub fn committed(&mut self, node: u64, entry: Entry) {
        let known = self.log.entry(entry.index).or_insert_with(|| entry.clone());
        assert!(*known == entry, "node {node} has applied another entry {}", entry.index);
    }

    /// Node `node` has this state at `index`.
    pub fn state(&mut self, node: u64, index: u64, bytes: &[u8], catalog: &Catalog) {
        let print = Print { whole: hash(bytes), catalog: hash(&encode_catalog(catalog)) };
        let known = *self.states.entry(index).or_insert(print);
        assert!(known == print, "node {node} differs at index {index}");
    }

    /// A fingerprint of everything: equal for equal runs.
    pub fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for entry in self.log.values() {
            (entry.index, entry.term, &entry.data).hash(&mut hasher);
        }
        self.events.len().hash(&mut hasher);
        hasher.finish()
    }

    /// Judges the whole run; gives the catalog that it must have ended with.
    pub fn judge(&self, totals: &mut Totals) -> Catalog {
        let (catalog, done) = self.replay(totals);
        self.judge_answers(&done, totals);
        catalog
    }

    fn replay(&self, totals: &mut Totals) -> (Catalog, Done) {
        let (mut catalog, mut rules, mut done) = (Catalog::default(), Rules::default(), Done::new());
        let first = self.log.keys().next().copied().unwrap_or(2);
        for (expected, (index, entry)) in (first..).zip(&self.log) {
            assert_eq!((first, expected), (2, *index), "a committed entry was never seen");
            if entry.get_entry_type() == EntryType::EntryNormal && !entry.data.is_empty() {
                let (request, since, command) = open(&entry.data);
                match done.entry(request) {
                    MapEntry::Occupied(_) => totals.count("copies of a proposal in the log"),
                    MapEntry::Vacant(_) if since + WINDOW < *index => {
                        totals.count("proposals that came too late to count");
                    }
                    MapEntry::Vacant(place) => {
                        let command = decode_command(command).unwrap();
                        assert_eq!(command, self.commands[&request], "entry {index} holds another command");
                        let before = catalog.clone();
                        let answer = catalog.apply(&command);
                        rules.applied(&before, &catalog, &command, &answer, totals);
                        place.insert((*index, answer));
                    }
                }
            }
            if let Some(print) = self.states.get(index) {
                assert!(
                    print.catalog == hash(&encode_catalog(&catalog)),
                    "the state at {index} is not the log's"
                );
            }
        }
        rules.at_the_end(&catalog);
        (catalog, done)
    }

    fn judge_answers(&self, done: &Done, totals: &mut Totals) {
        // The greatest index that a client knew of, when the event came.
        let mut known = 0;
        // And the one known when each read was asked for.
        let mut reads = BTreeMap::new();
        for event in &self.events {
            match event {
                Event::Asked(request) => {
                    if let Some((index, _)) = done.get(request) {
                        assert!(*index > known, "{request:?} came to stand before what was acknowledged");
                    }
                }
                Event::Answered(request, applied, result) => {
                    let command = &self.commands[request];
                    let entry = done.get(request);
                    match result {
                        Err(ProposeError::NoLeader) => {
                            totals.count("refused for want of a leader");
                            assert!(entry.is_none(), "{command:?} was refused and is there");
                        }
                        Err(ProposeError::Rejected(_)) | Ok(_) => {
                            let (index, answer) =
                                entry.unwrap_or_else(|| panic!("{command:?} was answered and is lost"));
                            let answer = answer.clone().map_err(ProposeError::from);
                            assert_eq!(*result, answer, "another answer to {command:?}");
                            assert!(index <= applied, "{command:?} was answered before it was applied here");
                            known = known.max(*index);
                            totals.count(if result.is_ok() {
                                "acknowledged"
                            } else {
                                "rejected by the catalog"
                            });
                        }
                        Err(_) => totals.count("unknown outcomes"),
                    }
                }
                Event::ReadAsked(read) => {
                    reads.insert(*read, known);
                }
                Event::ReadAnswered(read, applied) => {
                    totals.count("reads let through");
                    assert!(
                        *applied >= reads[read],
                        "a read saw an older state than was acknowledged before it"
                    );
                }
            }
        }
    }
}

/// Each request's first entry and what it came to.
type Done = BTreeMap<RequestId, (u64, Result<Outcome, Rejection>)>;
