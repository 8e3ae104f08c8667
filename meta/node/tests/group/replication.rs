//! Changes reach every node, outlive a leader, and are read as they are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ostrakon_catalog::Outcome;
use ostrakon_meta::{BoxFuture, CallError, CallHandler, ProposeError};

use crate::kit::{Group, PATIENCE, put};

#[tokio::test]
async fn a_change_may_be_proposed_on_any_node_and_is_seen_there_at_once() {
    let group = Group::of(3).await;
    for round in 0..5 {
        for (id, node) in &group.nodes {
            let value = format!("{round}-{id}");
            assert_eq!(node.propose(put("a", &value)).await, Ok(Outcome::Done));
            assert_eq!(node.load().setting("a"), Some(value.as_str()), "who is answered sees it");
            for other in group.nodes.values() {
                other.read_barrier().await.unwrap();
                assert_eq!(other.load().setting("a"), Some(value.as_str()), "and after a barrier everybody");
            }
        }
    }
    let catalogs: Vec<_> = group.nodes.values().map(|node| node.catalog()).collect();
    assert!(catalogs.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(catalogs[0].nodes.len(), 3);
    for (id, node) in &group.nodes {
        assert_eq!(catalogs[0].nodes[id].start, node.process_start());
    }
}

#[tokio::test]
async fn the_group_goes_on_soon_after_its_leader_has_died() {
    let mut group = Group::of(3).await;
    let mut slowest = Duration::ZERO;
    for round in 0..3 {
        let leader = group.leader().await;
        group.node(leader).propose(put("before", &round.to_string())).await.unwrap();
        group.kill(leader);
        let begun = Instant::now();
        let survivor = group.nodes.values().next().unwrap();
        // A proposal made at once waits for the new leader, and is not lost.
        assert_eq!(survivor.propose(put("after", &round.to_string())).await, Ok(Outcome::Done));
        slowest = slowest.max(begun.elapsed());
        assert_eq!(
            survivor.load().setting("before"),
            Some(round.to_string().as_str()),
            "acknowledged and lost"
        );
        group.start(leader, &[]).unwrap();
        group
            .until("the old leader has caught up", |node| {
                node.load().setting("after") == Some(round.to_string().as_str())
            })
            .await;
    }
    println!("slowest failover: {slowest:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}

#[tokio::test]
async fn a_leader_that_is_stopped_hands_over_first() {
    let mut group = Group::of(3).await;
    for _ in 0..3 {
        let leader = group.leader().await;
        group.stop(leader).await;
        let begun = Instant::now();
        group.nodes.values().next().unwrap().propose(put("a", "1")).await.unwrap();
        // An election would begin after a second at the earliest.
        assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
        group.start(leader, &[]).unwrap();
        group
            .until("all have caught up", |node| {
                node.load().nodes[&leader].start == group.node(leader).process_start()
            })
            .await;
    }
}

#[tokio::test]
async fn without_a_majority_nothing_is_acknowledged_and_the_catalog_is_still_there() {
    let mut group = Group::of(3).await;
    group.node(1).propose(put("a", "1")).await.unwrap();
    group.kill(2);
    group.kill(3);
    let node = group.node(1);
    let result = node.propose(put("a", "2")).await;
    assert!(matches!(result, Err(ProposeError::Timeout | ProposeError::NoLeader)), "{result:?}");
    assert_eq!(node.read_barrier().await, Err(ProposeError::NoLeader));
    assert_eq!(node.load().setting("a"), Some("1"));
    group.stop(1).await;
    // Started again, still alone: it has its catalog, and waits for the others.
    group.start(1, &[]).unwrap();
    assert_eq!(group.node(1).load().setting("a"), Some("1"));
    group.node(1).caught_up().await.unwrap();
    group.start(2, &[]).unwrap();
    group.node(2).propose(put("b", "1")).await.unwrap();
    group.until("both know", |node| node.load().setting("b") == Some("1")).await;
}

#[tokio::test]
async fn a_node_that_was_away_gets_megabytes_as_a_snapshot() {
    let mut group = Group { snapshot_entries: Some(20), ..Group::default() };
    group.grow(3).await;
    group.stop(3).await;
    let value = "x".repeat(100_000);
    for n in 0..100 {
        group.node(1).propose(put(&format!("big{n}"), &value)).await.unwrap();
    }
    let begun = Instant::now();
    group.start(3, &[]).unwrap();
    group.until("the node has caught up", |node| node.load().setting("big99").is_some()).await;
    println!("10 MB of snapshot in {:?}", begun.elapsed());
    assert_eq!(group.node(3).load().settings.len(), 100);
    group.node(3).propose(put("c", "1")).await.unwrap();
    assert_eq!(group.node(3).catalog().setting("big7"), Some(value.as_str()));
    group.node(3).read_barrier().await.unwrap();
    assert!(group.disks[&3].writes() < 60, "entries one by one, no snapshot");
}

struct Adds(u64);

impl CallHandler for Adds {
    fn call(&self, from: u64, request: Vec<u8>) -> BoxFuture<'static, Result<Vec<u8>, String>> {
        let own = self.0;
        Box::pin(async move {
            match &request[..] {
                b"fail" => Err(format!("node {own} has nothing for node {from}")),
                b"sleep" => {
                    tokio::time::sleep(PATIENCE).await;
                    Ok(Vec::new())
                }
                _ => Ok([&request[..], &[from as u8, own as u8]].concat()),
            }
        })
    }
}

#[tokio::test]
async fn nodes_call_each_other() {
    let mut group = Group::of(2).await;
    let limit = Duration::from_secs(2);
    let (one, two) = (group.node(1).clone(), group.node(2).clone());
    assert_eq!(one.call(2, vec![7], limit).await, Err(CallError::NoHandler { node: 2 }));
    one.handle_calls(Arc::new(Adds(1)));
    two.handle_calls(Arc::new(Adds(2)));
    assert_eq!(one.call(2, vec![7], limit).await, Ok(vec![7, 1, 2]));
    assert_eq!(two.call(1, vec![7], limit).await, Ok(vec![7, 2, 1]));
    assert_eq!(two.call(2, vec![7], limit).await, Ok(vec![7, 2, 2]));
    let reason = "node 2 has nothing for node 1".to_owned();
    assert_eq!(one.call(2, b"fail".to_vec(), limit).await, Err(CallError::Failed { node: 2, reason }));
    let short = Duration::from_millis(100);
    assert_eq!(one.call(2, b"sleep".to_vec(), short).await, Err(CallError::Timeout { node: 2 }));
    let large = vec![1; 8 << 20];
    assert_eq!(one.call(2, large.clone(), limit).await.unwrap().len(), large.len() + 2);
    drop(two);
    group.stop(2).await;
    assert!(matches!(one.call(2, vec![7], limit).await, Err(CallError::Unreachable { node: 2, .. })));
    assert_eq!(one.call(9, vec![7], limit).await, Err(CallError::UnknownNode { node: 9 }));
}
