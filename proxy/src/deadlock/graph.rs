//! Who waits for whom: cycles, and who is to end. Pure, so that every node that has the same answers chooses the same.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::wait::Backend;

/// A session whose transaction has several connections, and that waits on one of them or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    pub node: u64,
    pub session: u32,
    /// When its transaction began.
    pub began_us: u64,
    pub branches: Vec<Backend>,
}

/// What can wait and be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vertex {
    /// One of the waiters, by its place in the list.
    Waiter(usize),
    /// A connection of nobody who is known to have more of them: a session in one group, or somebody past Ostrakon.
    Connection(Backend),
}

/// A cycle, and the waiter that is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    /// Its place in the list of waiters.
    pub victim: usize,
    /// From the victim on; each waits for the next one, the last one for the victim.
    pub cycle: Vec<Vertex>,
}

type Graph = BTreeMap<Vertex, BTreeSet<Vertex>>;

/// All cycles that end when their victims do. A victim is the youngest waiter of each cycle that it is in; with ties, the one with the
/// greater node and session number.
///
/// `edges`: the servers' own, from the connection that waits to the one that it waits for.
pub fn deadlocks(waiters: &[Waiter], edges: &BTreeSet<(Backend, Backend)>) -> Vec<Deadlock> {
    let owner: BTreeMap<Backend, usize> = waiters
        .iter()
        .enumerate()
        .flat_map(|(index, waiter)| waiter.branches.iter().map(move |backend| (*backend, index)))
        .collect();
    let vertex = |backend: &Backend| match owner.get(backend) {
        Some(index) => Vertex::Waiter(*index),
        None => Vertex::Connection(*backend),
    };
    let mut graph = Graph::new();
    for (from, to) in edges {
        graph.entry(vertex(from)).or_default().insert(vertex(to));
    }
    trim(&mut graph);
    let mut youngest_first: Vec<(usize, &Waiter)> = waiters.iter().enumerate().collect();
    youngest_first.sort_by_key(|(_, waiter)| Reverse((waiter.began_us, waiter.node, waiter.session)));
    let mut found = Vec::new();
    for (victim, _) in youngest_first {
        if graph.is_empty() {
            break;
        }
        // Who is younger is on no cycle any longer: this one is the youngest on each of its own.
        if let Some(cycle) = cycle_through(&graph, Vertex::Waiter(victim)) {
            found.push(Deadlock { victim, cycle });
            graph.remove(&Vertex::Waiter(victim));
            trim(&mut graph);
        }
    }
    found
}

/// Takes out what is on no cycle because it waits for nobody who waits.
fn trim(graph: &mut Graph) {
    let mut waited_by: BTreeMap<Vertex, Vec<Vertex>> = BTreeMap::new();
    let mut free = Vec::new();
    for (from, to) in &*graph {
        for to in to {
            waited_by.entry(*to).or_default().push(*from);
            if !graph.contains_key(to) {
                free.push(*to);
            }
        }
    }
    let mut gone: BTreeSet<Vertex> = free.iter().copied().collect();
    while let Some(vertex) = free.pop() {
        for from in waited_by.get(&vertex).into_iter().flatten() {
            let Some(to) = graph.get_mut(from) else { continue };
            to.remove(&vertex);
            if to.is_empty() {
                graph.remove(from);
                if gone.insert(*from) {
                    free.push(*from);
                }
            }
        }
    }
}

/// The shortest cycle through a vertex.
fn cycle_through(graph: &Graph, start: Vertex) -> Option<Vec<Vertex>> {
    let mut came_from: BTreeMap<Vertex, Vertex> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for next in graph.get(&at).into_iter().flatten() {
            if *next == start {
                let mut cycle = vec![at];
                let mut step = at;
                while let Some(before) = came_from.get(&step) {
                    cycle.push(*before);
                    step = *before;
                }
                cycle.reverse();
                return Some(cycle);
            }
            if !came_from.contains_key(next) {
                came_from.insert(*next, at);
                queue.push_back(*next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backend(instance: u32, connection: u32) -> Backend {
        Backend { instance, connection }
    }

    /// Session `session` of node `node`, with a connection of its number to each instance.
    fn waiter(node: u64, session: u32, began_us: u64, instances: &[u32]) -> Waiter {
        let branches = instances.iter().map(|instance| backend(*instance, session)).collect();
        Waiter { node, session, began_us, branches }
    }

    fn edges(list: &[(u32, u32, u32)]) -> BTreeSet<(Backend, Backend)> {
        list.iter().map(|(instance, from, to)| (backend(*instance, *from), backend(*instance, *to))).collect()
    }

    #[test]
    fn two_that_wait_crosswise_cost_the_younger_one() {
        let waiters = [waiter(1, 10, 100, &[1, 2]), waiter(2, 20, 200, &[1, 2])];
        let found = deadlocks(&waiters, &edges(&[(1, 10, 20), (2, 20, 10)]));
        let cycle = vec![Vertex::Waiter(1), Vertex::Waiter(0)];
        assert_eq!(found, [Deadlock { victim: 1, cycle }]);
    }

    #[test]
    fn a_long_wait_for_one_that_does_not_wait_is_none() {
        let waiters = [waiter(1, 10, 100, &[1, 2]), waiter(1, 20, 200, &[1, 2])];
        assert_eq!(deadlocks(&waiters, &edges(&[(1, 10, 20)])), []);
        assert_eq!(deadlocks(&waiters, &edges(&[(1, 10, 20), (2, 10, 20), (1, 30, 10)])), []);
    }

    #[test]
    fn the_same_number_on_another_instance_is_another_connection() {
        let waiters = [waiter(1, 10, 100, &[1]), waiter(1, 20, 200, &[1])];
        assert_eq!(deadlocks(&waiters, &edges(&[(1, 10, 20), (2, 20, 10)])), []);
    }

    #[test]
    fn a_session_in_one_group_may_be_the_link() {
        // 10 waits on instance 1 for 20, which waits on instance 2 for connection 99, which waits there for 10.
        let waiters = [waiter(1, 10, 300, &[1, 2]), waiter(1, 20, 200, &[1, 2])];
        let found = deadlocks(&waiters, &edges(&[(1, 10, 20), (2, 20, 99), (2, 99, 10)]));
        let cycle = vec![Vertex::Waiter(0), Vertex::Waiter(1), Vertex::Connection(backend(2, 99))];
        assert_eq!(found, [Deadlock { victim: 0, cycle }]);
    }

    #[test]
    fn two_cycles_with_one_in_common_cost_one_victim_when_that_is_the_youngest() {
        let waiters =
            [waiter(1, 10, 100, &[1, 2]), waiter(1, 20, 900, &[1, 2, 3]), waiter(1, 30, 300, &[2, 3])];
        let found = deadlocks(&waiters, &edges(&[(1, 10, 20), (2, 20, 10), (3, 20, 30), (2, 30, 20)]));
        assert_eq!(found.iter().map(|d| d.victim).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_cycle_of_one_server_alone_is_left_to_it() {
        assert_eq!(deadlocks(&[], &edges(&[(1, 10, 20), (1, 20, 10)])), []);
    }

    #[test]
    fn ties_are_broken_by_node_and_session() {
        let waiters = [waiter(2, 5, 100, &[1, 2]), waiter(1, 9, 100, &[1, 2])];
        let found = deadlocks(&waiters, &edges(&[(1, 5, 9), (2, 9, 5)]));
        assert_eq!(found.iter().map(|d| d.victim).collect::<Vec<_>>(), [0]);
    }

    /// True when some cycle through a waiter is left after those waiters are gone.
    fn cycle_is_left(waiters: &[Waiter], edges: &BTreeSet<(Backend, Backend)>, gone: &[usize]) -> bool {
        // Floyd and Warshall, on connections, with the connections of one waiter joined by steps that cost nothing.
        let mut names: BTreeMap<Backend, String> = BTreeMap::new();
        for (from, to) in edges {
            for backend in [from, to] {
                let owner = waiters.iter().position(|w| w.branches.contains(backend));
                let name = owner.map_or_else(|| format!("{backend:?}"), |at| format!("w{at}"));
                names.insert(*backend, name);
            }
        }
        let gone: BTreeSet<String> = gone.iter().map(|at| format!("w{at}")).collect();
        let all: BTreeSet<&String> = names.values().filter(|name| !gone.contains(*name)).collect();
        let mut reach: BTreeSet<(&String, &String)> = edges
            .iter()
            .map(|(from, to)| (&names[from], &names[to]))
            .filter(|(from, to)| all.contains(from) && all.contains(to))
            .collect();
        for via in &all {
            for from in &all {
                for to in &all {
                    if reach.contains(&(*from, *via)) && reach.contains(&(*via, *to)) {
                        reach.insert((*from, *to));
                    }
                }
            }
        }
        all.iter().any(|name| name.starts_with('w') && reach.contains(&(*name, *name)))
    }

    fn random_waiters() -> impl Strategy<Value = Vec<Waiter>> {
        let one = (1..4_u64, 0..5_u64, prop::sample::subsequence(vec![1_u32, 2, 3], 2..=3));
        prop::collection::vec(one, 0..7).prop_map(|list| {
            let numbered = list.into_iter().zip(1_u32..);
            numbered.map(|((node, began, on), session)| waiter(node, session, began, &on)).collect()
        })
    }

    fn random_edges() -> impl Strategy<Value = BTreeSet<(Backend, Backend)>> {
        prop::collection::vec((1..4_u32, 1..9_u32, 1..9_u32), 0..16).prop_map(|list| {
            let waits: Vec<_> = list.into_iter().filter(|(_, from, to)| from != to).collect();
            edges(&waits)
        })
    }

    proptest! {
        #[test]
        fn victims_break_every_cycle_and_each_is_the_youngest_of_one(
            waiters in random_waiters(),
            edges in random_edges(),
        ) {
            let found = deadlocks(&waiters, &edges);
            let victims: Vec<usize> = found.iter().map(|d| d.victim).collect();
            prop_assert!(!cycle_is_left(&waiters, &edges, &victims));
            prop_assert_eq!(found.is_empty(), !cycle_is_left(&waiters, &edges, &[]));
            let age = |at: usize| (waiters[at].began_us, waiters[at].node, waiters[at].session);
            for (nth, Deadlock { victim, cycle }) in found.iter().enumerate() {
                // Without those before it, each one is still needed.
                prop_assert!(cycle_is_left(&waiters, &edges, &victims[..nth]));
                prop_assert_eq!(cycle[0], Vertex::Waiter(*victim));
                for (at, vertex) in cycle.iter().enumerate() {
                    let next = cycle[(at + 1) % cycle.len()];
                    let of = |vertex: Vertex, backend: &Backend| match vertex {
                        Vertex::Waiter(at) => waiters[at].branches.contains(backend),
                        Vertex::Connection(own) => own == *backend,
                    };
                    prop_assert!(edges.iter().any(|(from, to)| of(*vertex, from) && of(next, to)));
                    if let Vertex::Waiter(member) = vertex {
                        prop_assert!(age(*member) <= age(*victim));
                    }
                }
            }
        }

        #[test]
        fn the_order_of_the_answers_does_not_matter(
            (waiters, shuffled) in random_waiters().prop_flat_map(|w| (Just(w.clone()), Just(w).prop_shuffle())),
            edges in random_edges(),
        ) {
            let named = |list: &[Waiter]| -> BTreeSet<(u64, u32)> {
                deadlocks(list, &edges).iter().map(|d| (list[d.victim].node, list[d.victim].session)).collect()
            };
            prop_assert_eq!(named(&waiters), named(&shuffled));
        }
    }
}
