//! The rows that wait: one for each source, the smallest in front.
//!
//! Without an order any row that comes is the next one, and only one is held.

use std::cmp::Ordering;

use super::error::MergeError;
use super::key::Keys;
use super::row::Row;

/// What a merge does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The next row was put into the caller's place.
    Row,
    /// First a row of this source is needed, or its end.
    Need(usize),
    /// First a row of any source is needed, or the end of one.
    NeedAny,
    /// No source has more.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its next row is needed.
    Waiting,
    /// Its row is in the heap.
    Ready,
    Finished,
}

/// All sources of a merge.
#[derive(Debug)]
pub(super) struct Sources {
    states: Vec<State>,
    rows: Vec<Row>,
    /// Ready sources as a binary heap by row, then by number, so that equal rows come in the order of their sources.
    heap: Vec<usize>,
    /// Sources that wait, and perhaps some that do no more.
    needs: Vec<usize>,
    /// False: rows are taken as they come.
    ordered: bool,
    /// The heap's first entry is a source whose row is taken: its next row takes the place, mostly without going far down.
    vacant: bool,
    unfinished: usize,
}

impl Sources {
    pub(super) fn new(count: usize, ordered: bool) -> Self {
        Self {
            states: vec![State::Waiting; count],
            rows: vec![Row::default(); count],
            heap: Vec::with_capacity(count),
            needs: (0..count).rev().collect(),
            ordered,
            vacant: false,
            unfinished: count,
        }
    }

    /// Whether a row of this source can be taken in now.
    pub(super) fn wants(&self, source: usize) -> bool {
        self.states.get(source) == Some(&State::Waiting) && (self.ordered || self.heap.is_empty())
    }

    /// A source that must be read before anything else can happen; `None` when there is none, or any would do.
    pub(super) fn needs(&self) -> Option<usize> {
        self.needs.iter().rev().copied().find(|source| self.ordered && self.wants(*source))
    }

    /// The place for a source's next row, to be filled before `place`.
    pub(super) fn slot(&mut self, source: usize) -> Result<&mut Row, MergeError> {
        if !self.wants(source) {
            return Err(MergeError::Internal("a row of a source that none was asked of"));
        }
        self.rows.get_mut(source).ok_or(MergeError::Internal("a source that does not exist"))
    }

    /// The row in the source's slot is complete.
    pub(super) fn place(&mut self, source: usize, keys: &Keys) {
        if let Some(state) = self.states.get_mut(source) {
            *state = State::Ready;
            if std::mem::take(&mut self.vacant) {
                self.sink(keys);
            } else {
                self.heap.push(source);
                self.rise(keys);
            }
        }
    }

    /// No more rows come from this source. One that it has still counts.
    pub(super) fn finish(&mut self, source: usize, keys: &Keys) -> Result<(), MergeError> {
        match self.states.get_mut(source) {
            Some(state @ State::Waiting) => {
                *state = State::Finished;
                self.unfinished -= 1;
                if std::mem::take(&mut self.vacant) {
                    self.heap.swap_remove(0);
                    self.sink(keys);
                }
                Ok(())
            }
            _ => Err(MergeError::Internal("the end of a source that no row was asked of")),
        }
    }

    /// Moves the next row to `target`, whose buffer is used again for the source.
    pub(super) fn take(&mut self, target: &mut Row) -> Taken {
        if self.ordered {
            while let Some(source) = self.needs.last() {
                if self.states.get(*source) == Some(&State::Waiting) {
                    return Taken::Need(*source);
                }
                self.needs.pop();
            }
        }
        let Some(first) = self.heap.first().copied() else {
            return if self.unfinished == 0 { Taken::End } else { Taken::NeedAny };
        };
        if let (Some(row), Some(state)) = (self.rows.get_mut(first), self.states.get_mut(first)) {
            std::mem::swap(row, target);
            *state = State::Waiting;
        }
        if self.ordered {
            // No other source waits now, so the next one to be placed or finished is this one.
            self.needs.push(first);
            self.vacant = true;
        } else {
            self.heap.clear();
        }
        Taken::Row
    }

    /// Whether the source at heap position `left` comes before the one at `right`.
    fn before(&self, keys: &Keys, left: usize, right: usize) -> bool {
        let (Some(left), Some(right)) = (self.heap.get(left), self.heap.get(right)) else { return false };
        let (Some(a), Some(b)) = (self.rows.get(*left), self.rows.get(*right)) else { return false };
        keys.compare(a, b).then(left.cmp(right)) == Ordering::Less
    }

    /// Moves the last entry up to its place.
    fn rise(&mut self, keys: &Keys) {
        let mut position = self.heap.len().saturating_sub(1);
        while position > 0 && self.before(keys, position, (position - 1) / 2) {
            self.heap.swap(position, (position - 1) / 2);
            position = (position - 1) / 2;
        }
    }

    /// Moves the first entry down to its place.
    fn sink(&mut self, keys: &Keys) {
        let mut position = 0;
        loop {
            let (left, right) = (2 * position + 1, 2 * position + 2);
            let child = if self.before(keys, right, left) { right } else { left };
            if !self.before(keys, child, position) {
                return;
            }
            self.heap.swap(child, position);
            position = child;
        }
    }
}
