//! Which transaction depends on which: the graph that a history's lists and times give, its strong components, and shortest ways in it.

use std::collections::{BTreeMap, VecDeque};

use super::history::{History, Outcome};
use super::writes::Fates;

/// Why one transaction stands before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// It wrote the element before the other's.
    WriteWrite,
    /// The other read its element.
    WriteRead,
    /// It did not see the other's element.
    ReadWrite,
    /// It had ended when the other began.
    Time,
}

/// Nodes are transactions by their place in the history, and after them moments in time.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub edges: Vec<Vec<(usize, Edge)>>,
}

impl Graph {
    /// The dependencies of all committed transactions.
    pub fn of(history: &History, fates: &Fates) -> Self {
        let mut graph = Self { edges: vec![Vec::new(); history.transactions.len()] };
        let writer = |key: u64, element: u64| fates.writers.get(&(key, element)).copied();
        for (key, list) in &history.finals {
            for pair in list.windows(2) {
                if let (Some(one), Some(two)) = (writer(*key, pair[0]), writer(*key, pair[1])) {
                    graph.add(one, two, Edge::WriteWrite);
                }
            }
        }
        for (place, transaction) in
            history.transactions.iter().enumerate().filter(|(at, _)| fates.committed[*at])
        {
            for (key, list) in transaction.external_reads() {
                if let Some(from) = list.last().and_then(|last| writer(key, *last)) {
                    graph.add(from, place, Edge::WriteRead);
                }
                let next = history.finals.get(&key).and_then(|all| all.get(list.len()));
                if let Some(unseen) = next.and_then(|next| writer(key, *next)) {
                    graph.add(place, unseen, Edge::ReadWrite);
                }
            }
        }
        graph.add_time(history, fates);
        graph
    }

    fn add(&mut self, from: usize, to: usize, edge: Edge) {
        if from != to && !self.edges[from].contains(&(to, edge)) {
            self.edges[from].push((to, edge));
        }
    }

    /// Each end is a node; the nodes of time follow one another, so that there are as many edges as transactions and not their square.
    fn add_time(&mut self, history: &History, fates: &Fates) {
        let mut ends: BTreeMap<u64, usize> = BTreeMap::new();
        for (place, transaction) in history.transactions.iter().enumerate() {
            if fates.committed[place] && transaction.outcome == Outcome::Committed {
                let moment = *ends.entry(transaction.end).or_insert_with(|| {
                    self.edges.push(Vec::new());
                    self.edges.len() - 1
                });
                self.add(place, moment, Edge::Time);
            }
        }
        let moments: Vec<usize> = ends.values().copied().collect();
        for pair in moments.windows(2) {
            self.add(pair[0], pair[1], Edge::Time);
        }
        for (place, transaction) in
            history.transactions.iter().enumerate().filter(|(at, _)| fates.committed[*at])
        {
            if let Some((_, moment)) = ends.range(..transaction.begin).next_back() {
                self.add(*moment, place, Edge::Time);
            }
        }
    }

    /// Only edges of these kinds.
    pub fn only(&self, kinds: &[Edge]) -> Self {
        let keep = |list: &Vec<(usize, Edge)>| {
            list.iter().filter(|(_, edge)| kinds.contains(edge)).copied().collect()
        };
        Self { edges: self.edges.iter().map(keep).collect() }
    }

    /// Sets of nodes each of which can be reached from each other one (Tarjan, without recursion); single nodes are left out.
    pub fn components(&self) -> Vec<Vec<usize>> {
        const NEW: usize = usize::MAX;
        let count = self.edges.len();
        let (mut index, mut low, mut on_stack) = (vec![NEW; count], vec![0; count], vec![false; count]);
        let (mut stack, mut components, mut next) = (Vec::new(), Vec::new(), 0);
        for root in 0..count {
            if index[root] != NEW {
                continue;
            }
            let mut work = vec![(root, 0)];
            while let Some((node, edge)) = work.pop() {
                if edge == 0 {
                    (index[node], low[node]) = (next, next);
                    next += 1;
                    stack.push(node);
                    on_stack[node] = true;
                } else {
                    let child = self.edges[node][edge - 1].0;
                    low[node] = low[node].min(low[child]);
                }
                let mut at = edge;
                let mut child = None;
                while let Some((to, _)) = self.edges[node].get(at) {
                    at += 1;
                    if index[*to] == NEW {
                        child = Some(*to);
                        break;
                    }
                    if on_stack[*to] {
                        low[node] = low[node].min(index[*to]);
                    }
                }
                if let Some(child) = child {
                    work.push((node, at));
                    work.push((child, 0));
                    continue;
                }
                if low[node] == index[node] {
                    let mut component = Vec::new();
                    while let Some(member) = stack.pop() {
                        on_stack[member] = false;
                        component.push(member);
                        if member == node {
                            break;
                        }
                    }
                    if component.len() > 1 {
                        components.push(component);
                    }
                }
            }
        }
        components
    }

    /// A shortest way by edges of these kinds, with the edges taken.
    pub fn way(&self, from: usize, to: usize, kinds: &[Edge]) -> Option<Vec<(usize, Edge)>> {
        let mut came: BTreeMap<usize, (usize, Edge)> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            for (next, edge) in self.edges[node].iter().filter(|(_, edge)| kinds.contains(edge)) {
                if *next != from && !came.contains_key(next) {
                    came.insert(*next, (node, *edge));
                    queue.push_back(*next);
                }
            }
            if came.contains_key(&to) {
                break;
            }
        }
        let mut way = Vec::new();
        let mut node = to;
        while node != from {
            let (before, edge) = came.get(&node)?;
            way.push((node, *edge));
            node = *before;
        }
        way.reverse();
        Some(way)
    }
}
