//! Node registrations, and the worker numbers of TIME sequences.

use std::sync::Arc;

use super::Change;
use crate::node::{NodeId, NodeRecord, TIME_WORKERS, TimeWorker};
use crate::outcome::{Outcome, Rejection};
use crate::state::Catalog;

impl Catalog {
    pub(super) fn register_node(&mut self, record: &NodeRecord) -> Result<(Change, Outcome), Rejection> {
        if record.id == 0 {
            return Err(Rejection::Malformed { reason: "a node without a number".to_owned() });
        }
        if self.removed_nodes.contains(&record.id) {
            return Err(Rejection::NodeRemoved { node: record.id });
        }
        let outdated = |known: &NodeRecord| {
            known.start != record.start && record.started != 0 && record.started < known.started
        };
        if self.nodes.get(&record.id).is_some_and(|known| **known == *record || outdated(known)) {
            return Ok((Change::Nothing, Outcome::Done));
        }
        self.nodes.insert(record.id, Arc::new(record.clone()));
        Ok((Change::Position, Outcome::Done))
    }

    pub(super) fn remove_node(&mut self, id: NodeId) -> Result<(Change, Outcome), Rejection> {
        if self.nodes.remove(&id).is_none() {
            return Err(Rejection::UnknownNode { node: id });
        }
        self.removed_nodes.insert(id);
        for worker in self.time_workers.values_mut().filter(|worker| worker.holder == Some(id)) {
            worker.holder = None;
        }
        Ok((Change::Position, Outcome::Done))
    }

    pub(super) fn drain_node(&mut self, id: NodeId, draining: bool) -> Result<(Change, Outcome), Rejection> {
        let record = self.nodes.get_mut(&id).ok_or(Rejection::UnknownNode { node: id })?;
        if record.draining == draining {
            return Ok((Change::Nothing, Outcome::Done));
        }
        Arc::make_mut(record).draining = draining;
        Ok((Change::Position, Outcome::Done))
    }

    /// Gives `node` a worker number none of whose values has a time above `now`, and takes its others away. Milliseconds since 1970.
    pub(super) fn take_time_worker(
        &mut self,
        node: NodeId,
        now: u64,
        ceiling: u64,
    ) -> Result<(Change, Outcome), Rejection> {
        if !self.nodes.contains_key(&node) {
            return Err(Rejection::UnknownNode { node });
        }
        let usable =
            |worker: &TimeWorker| worker.ceiling <= now && worker.holder.is_none_or(|holder| holder == node);
        // Its own number first, if the clock has passed what it may have given.
        let own =
            self.time_workers.iter().find(|(_, w)| w.holder == Some(node) && usable(w)).map(|(n, _)| *n);
        let free = || (0..TIME_WORKERS).find(|n| self.time_workers.get(n).is_none_or(usable));
        let Some(worker) = own.or_else(free) else { return Err(Rejection::NoTimeWorker) };
        for (_, other) in
            self.time_workers.iter_mut().filter(|(n, w)| **n != worker && w.holder == Some(node))
        {
            other.holder = None;
        }
        self.time_workers.insert(worker, TimeWorker { holder: Some(node), ceiling });
        Ok((Change::Position, Outcome::TimeWorker { worker }))
    }

    pub(super) fn raise_time_ceiling(
        &mut self,
        node: NodeId,
        worker: u16,
        ceiling: u64,
    ) -> Result<(Change, Outcome), Rejection> {
        match self.time_workers.get_mut(&worker) {
            Some(known) if known.holder == Some(node) => {
                known.ceiling = known.ceiling.max(ceiling);
                Ok((Change::Position, Outcome::Done))
            }
            _ => Err(Rejection::NoTimeWorker),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    fn register(catalog: &mut Catalog, start: u64, started: u64) -> u64 {
        let node = NodeRecord { id: 1, start, started, ..NodeRecord::default() };
        assert_eq!(catalog.apply(&Command::RegisterNode { node }), Ok(Outcome::Done));
        catalog.nodes[&1].start
    }

    #[test]
    fn an_older_start_that_is_registered_late_replaces_nothing() {
        let mut catalog = Catalog::default();
        assert_eq!(register(&mut catalog, 11, 100), 11);
        assert_eq!(register(&mut catalog, 22, 200), 22);
        assert_eq!(register(&mut catalog, 11, 100), 22, "it came late");
        assert_eq!(register(&mut catalog, 33, 201), 33);
        // A program that knows no order.
        assert_eq!(register(&mut catalog, 44, 0), 44);
        assert_eq!(register(&mut catalog, 55, 1), 55);
    }
}
