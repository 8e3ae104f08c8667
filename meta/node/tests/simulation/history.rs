//! What was asked, what was answered and what was committed, as seen from outside; and the judgement over it at the end.
//!
//! The committed log is run again on an empty catalog, with a memory of all requests that forgets nothing. So each answer must be
//! the one of its request's first entry, each state compared must be the one at its index, and no entry can have counted twice.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use ostrakon_catalog::encode::{decode_command, encode_catalog};
use ostrakon_catalog::{Catalog, Command, Outcome, Rejection};
use ostrakon_meta::ProposeError;
use ostrakon_meta::driver::RequestId;
use prost011::Message as _;
use raft::prelude::{ConfChangeV2, Entry, EntryType};

use crate::members::Members;
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
    /// `None`: a change of the members.
    commands: BTreeMap<RequestId, Option<Command>>,
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
    pub fn asked(&mut self, request: RequestId, command: Option<Command>) {
        assert!(self.commands.insert(request, command).is_none(), "{request:?} names two proposals");
        self.events.push(Event::Asked(request));
    }

    /// Gives what was asked for.
    pub fn answered(
        &mut self,
        request: RequestId,
        applied: u64,
        result: &Result<Outcome, ProposeError>,
    ) -> Option<&Command> {
        self.events.push(Event::Answered(request, applied, result.clone()));
        self.commands[&request].as_ref()
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

    /// Judges the whole run; gives the catalog and the members that it must have ended with.
    pub fn judge(&self, voters: u64, totals: &mut Totals) -> (Catalog, Members) {
        let mut replay = Replay { members: Members::new(voters), ..Replay::default() };
        let first = self.log.keys().next().copied().unwrap_or(2);
        for (expected, (index, entry)) in (first..).zip(&self.log) {
            assert_eq!((first, expected), (2, *index), "a committed entry was never seen");
            self.replay(entry, &mut replay, totals);
            if let Some(print) = self.states.get(index) {
                let same = print.catalog == hash(&encode_catalog(&replay.catalog));
                assert!(same, "the state at {index} is not the log's");
            }
        }
        replay.rules.at_the_end(&replay.catalog);
        self.judge_answers(&replay.done, totals);
        (replay.catalog, replay.members)
    }

    fn replay(&self, entry: &Entry, replay: &mut Replay, totals: &mut Totals) {
        let change = match entry.get_entry_type() {
            EntryType::EntryNormal => None,
            EntryType::EntryConfChangeV2 => Some(ConfChangeV2::decode(&entry.data[..]).unwrap()),
            EntryType::EntryConfChange => panic!("a change of the members in the older form"),
        };
        let envelope = change.as_ref().map_or(&entry.data, |change| &change.context);
        if envelope.is_empty() {
            return assert!(change.is_none(), "a change of the members that nobody asked for");
        }
        let (request, since, command) = open(envelope);
        if replay.done.contains_key(&request) {
            return totals.count("copies of a proposal in the log");
        }
        if since + WINDOW < entry.index {
            return totals.count("proposals that came too late to count");
        }
        let asked = &self.commands[&request];
        assert_eq!(asked.is_none(), change.is_some(), "entry {} is of another kind", entry.index);
        let mut answer = change
            .as_ref()
            .map_or(Ok(()), |change| replay.members.allow(&change.changes[0], !command.is_empty()));
        let mut outcome = Ok(Outcome::Done);
        if answer.is_ok() && !command.is_empty() {
            let command = decode_command(command).unwrap();
            assert!(
                asked.as_ref().is_none_or(|asked| *asked == command),
                "entry {} holds another command",
                entry.index
            );
            let before = replay.catalog.clone();
            let applied = replay.catalog.apply(&command);
            replay.rules.applied(&before, &replay.catalog, &command, &applied, totals);
            outcome = applied.map_err(ProposeError::from);
        }
        if let Some(change) = &change {
            answer = answer.and(outcome.as_ref().map(|_| ()).map_err(ProposeError::to_string));
            if answer.is_ok() {
                totals.count(replay.members.make(&change.changes[0]));
            } else {
                totals.count("changes of the members refused");
            }
        }
        if let (Err(reason), Ok(_)) = (answer, &outcome) {
            outcome = Err(ProposeError::Refused { reason });
        }
        replay.done.insert(request, (entry.index, outcome));
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
                        Err(ProposeError::Rejected(_) | ProposeError::Refused { .. }) | Ok(_) => {
                            let (index, answer) =
                                entry.unwrap_or_else(|| panic!("{command:?} was answered and is lost"));
                            let same = result == answer
                                || command.is_none() && is_refused(result) && is_refused(answer);
                            assert!(same, "{result:?} was answered, {answer:?} is true: {command:?}");
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

/// Of a refused change of the members the machine keeps less than it tells at first.
fn is_refused(answer: &Result<Outcome, ProposeError>) -> bool {
    let refused = |rejection: &Rejection| {
        matches!(rejection, Rejection::MembersRefused { .. } | Rejection::Malformed { .. })
    };
    match answer {
        Err(ProposeError::Refused { .. }) => true,
        Err(ProposeError::Rejected(rejection)) => refused(rejection),
        _ => false,
    }
}

/// Each request's first entry and what it came to.
type Done = BTreeMap<RequestId, (u64, Result<Outcome, ProposeError>)>;

#[derive(Default)]
struct Replay {
    catalog: Catalog,
    members: Members,
    rules: Rules,
    done: Done,
}
