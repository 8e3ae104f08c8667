//! Reads that must be current: which wait for the leader's word, and which for entries to be applied here.
//!
//! All that came since the last round share one question to the leader (raft's read index, confirmed by a majority). A question or
//! its answer may be lost, and a new leader knows none: so it is asked again until the time is up.

use std::collections::BTreeMap;

use crate::error::ProposeError;
use crate::proposal::RequestId;

/// Ticks after which a question is asked again.
const REPEAT_TICKS: u64 = 3;

type Answered = (RequestId, Result<(), ProposeError>);

pub(super) struct Reads {
    node: u64,
    start: u64,
    counter: u64,
    now: u64,
    limit_ticks: u64,
    /// Not asked yet.
    fresh: Vec<RequestId>,
    /// By the counter of the question.
    asked: BTreeMap<u64, Asked>,
    /// Answered with this index, which is not applied yet.
    confirmed: BTreeMap<u64, Vec<RequestId>>,
    /// When the reads in `confirmed` and elsewhere are given up.
    deadlines: BTreeMap<RequestId, u64>,
    answers: Vec<Answered>,
}

struct Asked {
    reads: Vec<RequestId>,
    at: u64,
    term: u64,
}

impl Reads {
    pub fn new(node: u64, start: u64, limit_ticks: u64) -> Self {
        Self {
            node,
            start,
            counter: 0,
            now: 0,
            limit_ticks,
            fresh: Vec::new(),
            asked: BTreeMap::new(),
            confirmed: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            answers: Vec::new(),
        }
    }

    pub fn add(&mut self) -> RequestId {
        self.counter += 1;
        let id = RequestId { node: self.node, start: self.start, counter: self.counter };
        self.fresh.push(id);
        self.deadlines.insert(id, self.now + self.limit_ticks);
        id
    }

    pub fn tick(&mut self) {
        self.now += 1;
        let now = self.now;
        let late: Vec<_> = self.deadlines.iter().filter(|(_, at)| **at <= now).map(|(id, _)| *id).collect();
        for id in late {
            // A read changes nothing, so there is nothing unknown about it.
            self.answer(id, Err(ProposeError::NoLeader));
        }
        let deadlines = &self.deadlines;
        let waits = |id: &RequestId| deadlines.contains_key(id);
        self.fresh.retain(waits);
        self.asked.values_mut().for_each(|asked| asked.reads.retain(waits));
        self.asked.retain(|_, asked| !asked.reads.is_empty());
        self.confirmed.values_mut().for_each(|reads| reads.retain(waits));
        self.confirmed.retain(|_, reads| !reads.is_empty());
    }

    /// Hands each question that is due to `ask`.
    pub fn send(&mut self, term: u64, mut ask: impl FnMut(Vec<u8>)) {
        if !self.fresh.is_empty() {
            self.counter += 1;
            let reads = std::mem::take(&mut self.fresh);
            self.asked.insert(self.counter, Asked { reads, at: self.now, term });
            ask(self.context(self.counter));
        }
        let (now, node, start) = (self.now, self.node, self.start);
        for (number, asked) in &mut self.asked {
            if asked.term != term || now >= asked.at + REPEAT_TICKS {
                (asked.at, asked.term) = (now, term);
                ask(context(node, start, *number));
            }
        }
    }

    /// The leader's word: these reads may go on when `index` is applied.
    pub fn confirm(&mut self, context: &[u8], index: u64) {
        let mine = self.context(0);
        let Some((number, rest)) = context.split_last_chunk::<8>().map(|(rest, number)| (number, rest))
        else {
            return;
        };
        if mine.split_last_chunk::<8>().is_none_or(|(own, _)| own != rest) {
            return;
        }
        if let Some(asked) = self.asked.remove(&u64::from_be_bytes(*number)) {
            self.confirmed.entry(index).or_default().extend(asked.reads);
        }
    }

    /// This node has applied everything up to `index`.
    pub fn applied(&mut self, index: u64) {
        while let Some(first) = self.confirmed.first_entry().filter(|first| *first.key() <= index) {
            for id in first.remove() {
                self.answer(id, Ok(()));
            }
        }
    }

    pub fn stop(&mut self) {
        for (id, _) in std::mem::take(&mut self.deadlines) {
            self.answers.push((id, Err(ProposeError::Stopped)));
        }
    }

    pub fn take_answers(&mut self) -> Vec<Answered> {
        std::mem::take(&mut self.answers)
    }

    fn answer(&mut self, id: RequestId, result: Result<(), ProposeError>) {
        if self.deadlines.remove(&id).is_some() {
            self.answers.push((id, result));
        }
    }

    fn context(&self, number: u64) -> Vec<u8> {
        context(self.node, self.start, number)
    }
}

/// Names a question among all of all nodes, for ever: raft takes an equal one for the same.
fn context(node: u64, start: u64, number: u64) -> Vec<u8> {
    [node, start, number].iter().flat_map(|part| part.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(reads: &mut Reads, term: u64) -> Vec<Vec<u8>> {
        let mut questions = Vec::new();
        reads.send(term, |question| questions.push(question));
        questions
    }

    #[test]
    fn reads_share_a_question_and_wait_for_its_index() {
        let mut reads = Reads::new(1, 1, 50);
        let ids = [reads.add(), reads.add()];
        let questions = asked(&mut reads, 3);
        assert_eq!(questions.len(), 1);
        assert!(asked(&mut reads, 3).is_empty());
        // A read that came after the question is not covered by its answer.
        let later = reads.add();
        reads.confirm(&questions[0], 9);
        reads.applied(8);
        assert!(reads.take_answers().is_empty());
        reads.applied(9);
        assert_eq!(reads.take_answers(), ids.map(|id| (id, Ok(()))));
        let questions = asked(&mut reads, 3);
        reads.confirm(&questions[0], 9);
        reads.applied(9);
        assert_eq!(reads.take_answers(), [(later, Ok(()))]);
    }

    #[test]
    fn a_lost_question_is_repeated_and_given_up_in_the_end() {
        let mut reads = Reads::new(1, 1, 8);
        let id = reads.add();
        let first = asked(&mut reads, 3);
        assert_eq!(asked(&mut reads, 4), first, "a new leader knows nothing of it");
        (0..REPEAT_TICKS).for_each(|_| reads.tick());
        assert_eq!(asked(&mut reads, 4), first);
        (0..8).for_each(|_| reads.tick());
        assert_eq!(reads.take_answers(), [(id, Err(ProposeError::NoLeader))]);
        reads.confirm(&first[0], 1);
        reads.applied(1);
        assert!(reads.take_answers().is_empty(), "answered once");
    }

    #[test]
    fn another_nodes_answer_is_nothing_to_us() {
        let mut reads = Reads::new(1, 1, 8);
        reads.add();
        let question = asked(&mut reads, 3).remove(0);
        let mut other = Reads::new(1, 2, 8);
        other.add();
        let theirs = asked(&mut other, 3).remove(0);
        reads.confirm(&theirs, 1);
        reads.confirm(b"short", 1);
        reads.applied(1);
        assert!(reads.take_answers().is_empty());
        reads.confirm(&question, 1);
        reads.applied(1);
        assert_eq!(reads.take_answers().len(), 1);
    }
}
