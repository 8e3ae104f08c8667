//! Tests of the running node, thread and all, on memory and on disk.

use std::time::Instant;

use ostrakon_catalog::Rejection;

use super::*;
use crate::CallError;
use crate::store::MemoryStore;

fn config() -> MetaConfig {
    MetaConfig::new(1, "unused")
}

fn put(name: &str, value: &str) -> Command {
    Command::PutSetting { name: name.to_owned(), value: value.to_owned() }
}

#[tokio::test]
async fn a_change_is_visible_when_its_proposer_is_answered() {
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    for n in 0..100 {
        let value = n.to_string();
        node.propose(put("a", &value)).await.unwrap();
        assert_eq!(node.load().setting("a"), Some(value.as_str()));
    }
    node.shutdown().await;
}

#[tokio::test]
async fn a_new_node_leads_at_once() {
    let begun = Instant::now();
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    let status = node.status();
    assert_eq!((status.role, status.leader, status.node_id), (Role::Leader, Some(1), 1));
    assert_eq!((status.applied, status.committed), (status.last_index, status.last_index));
    assert!(begun.elapsed() < Duration::from_millis(500), "no election timeout was waited for");
}

#[tokio::test]
async fn a_rejection_comes_back_with_its_number() {
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    let error = node.propose(Command::DropDatabase { name: "x".to_owned() }).await.unwrap_err();
    assert_eq!(error, ProposeError::Rejected(Rejection::NoDatabaseToDrop { name: "x".to_owned() }));
    assert_eq!((error.errno(), error.sqlstate()), (1008, "HY000"));
}

#[tokio::test]
async fn subscribers_hear_of_versions_until_the_end() {
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    let mut versions = node.subscribe();
    node.propose(put("a", "1")).await.unwrap();
    versions.changed().await.unwrap();
    assert_eq!(*versions.borrow_and_update(), node.load().version);
    node.propose(put("a", "1")).await.unwrap();
    assert!(!versions.has_changed().unwrap(), "nothing changed");
    node.shutdown().await;
    assert!(versions.changed().await.is_err());
}

#[tokio::test]
async fn concurrent_proposals_are_all_answered() {
    let store = MemoryStore::default();
    let node = MetaNode::start(config(), store.clone()).unwrap();
    let before = store.writes();
    let proposals = (0..3000).map(|n| {
        let node = node.clone();
        tokio::spawn(async move { node.propose(put(&format!("s{n}"), "1")).await })
    });
    for proposal in proposals.collect::<Vec<_>>() {
        assert_eq!(proposal.await.unwrap(), Ok(Outcome::Done));
    }
    assert_eq!(node.load().settings.len(), 3000);
    assert!(store.writes() - before < 3000, "proposals share writes");
}

#[tokio::test]
async fn a_broken_disk_stops_the_node_with_a_reason() {
    let store = MemoryStore::default();
    let node = MetaNode::start(config(), store.clone()).unwrap();
    node.propose(put("a", "1")).await.unwrap();
    store.fail_after(0);
    assert_eq!(node.propose(put("a", "2")).await, Err(ProposeError::Stopped));
    let status = node.status();
    assert_eq!(status.role, Role::Stopped);
    assert!(status.stopped.unwrap().contains("the test's disk is broken"));
    assert_eq!(node.propose(put("a", "3")).await, Err(ProposeError::Stopped));
    assert_eq!(node.load().setting("a"), Some("1"), "statements go on with what was acknowledged");
    node.shutdown().await;
}

#[tokio::test]
async fn a_closed_directory_can_be_opened_again_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let config = MetaConfig { snapshot_entries: 7, ..MetaConfig::new(1, directory.path().join("meta")) };
    for round in 0..5 {
        let node = MetaNode::open(config.clone()).unwrap();
        assert_eq!(node.load().settings.len(), round * 10);
        for n in 0..10 {
            node.propose(put(&format!("r{round}n{n}"), "1")).await.unwrap();
        }
        node.shutdown().await;
    }
    let wrong = MetaConfig { node_id: 2, ..config };
    assert!(matches!(MetaNode::open(wrong), Err(MetaError::WrongNode { found: 1, configured: 2 })));
}

#[tokio::test]
async fn shutdown_answers_the_other_handles() {
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    let other = node.clone();
    node.shutdown().await;
    assert_eq!(other.propose(put("a", "1")).await, Err(ProposeError::Stopped));
    assert_eq!(other.status().stopped.as_deref(), Some("shut down"));
}

#[tokio::test]
async fn a_read_barrier_is_answered_and_ends_with_the_node() {
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    let reads: Vec<_> = (0..50)
        .map(|_| {
            tokio::spawn({
                let node = node.clone();
                async move { node.read_barrier().await }
            })
        })
        .collect();
    for read in reads {
        assert_eq!(read.await.unwrap(), Ok(()));
    }
    let other = node.clone();
    node.shutdown().await;
    assert_eq!(other.read_barrier().await, Err(ProposeError::Stopped));
}

#[tokio::test]
async fn each_start_registers_itself_anew() {
    let store = MemoryStore::default();
    let config = MetaConfig { sql_address: "10.0.0.1:3307".to_owned(), ..config() };
    let mut starts = Vec::new();
    for _ in 0..2 {
        let node = MetaNode::start(config.clone(), store.clone()).unwrap();
        let catalog = node.catalog();
        assert_eq!(catalog.nodes[&1].start, node.process_start());
        assert_eq!(catalog.nodes[&1].sql_address, "10.0.0.1:3307");
        starts.push(node.process_start());
        node.propose(Command::DrainNode { node: 1, draining: true }).await.unwrap();
        node.propose(put("a", "1")).await.unwrap();
        assert!(node.load().nodes[&1].draining, "until the next start");
        node.shutdown().await;
    }
    assert_ne!(starts[0], starts[1]);
}

#[tokio::test]
async fn revisions_and_applied_follow_each_change() {
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    let mut revisions = node.revisions();
    revisions.mark_unchanged();
    let before = node.applied();
    node.propose(Command::DrainNode { node: 1, draining: true }).await.unwrap();
    revisions.changed().await.unwrap();
    assert_eq!(*revisions.borrow_and_update(), node.load().revision);
    assert!(node.wait_applied(before + 1, Duration::from_secs(1)).await);
    assert!(!node.wait_applied(before + 100, Duration::from_millis(20)).await);
}

#[tokio::test]
async fn a_failed_disk_is_told_to_whoever_waits_and_a_shutdown_is_not() {
    let store = MemoryStore::default();
    let node = MetaNode::start(config(), store.clone()).unwrap();
    store.fail_after(0);
    assert_eq!(node.propose(put("a", "2")).await, Err(ProposeError::Stopped));
    assert!(node.stopped().await.contains("the test's disk is broken"));
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    let other = node.clone();
    node.shutdown().await;
    assert!(tokio::time::timeout(Duration::from_millis(50), other.stopped()).await.is_err());
}

struct Doubles;

impl CallHandler for Doubles {
    fn call(&self, from: u64, mut request: Vec<u8>) -> crate::BoxFuture<'static, Result<Vec<u8>, String>> {
        Box::pin(async move {
            request.extend_from_slice(&request.clone());
            if request.is_empty() { Err(format!("nothing from {from}")) } else { Ok(request) }
        })
    }
}

#[tokio::test]
async fn a_node_calls_itself() {
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    let limit = Duration::from_secs(1);
    assert_eq!(node.call(1, vec![1], limit).await, Err(CallError::NoHandler { node: 1 }));
    node.handle_calls(Arc::new(Doubles));
    assert_eq!(node.call(1, vec![1], limit).await, Ok(vec![1, 1]));
    let failed = CallError::Failed { node: 1, reason: "nothing from 1".to_owned() };
    assert_eq!(node.call(1, vec![], limit).await, Err(failed));
    assert_eq!(node.call(9, vec![1], limit).await, Err(CallError::UnknownNode { node: 9 }));
}

#[tokio::test]
async fn a_backup_holds_what_was_acknowledged() {
    let node = MetaNode::start(config(), MemoryStore::default()).unwrap();
    node.propose(put("a", "1")).await.unwrap();
    let backup = backup::decode(&node.backup().await.unwrap()).unwrap();
    assert_eq!(backup.catalog.setting("a"), Some("1"));
}
