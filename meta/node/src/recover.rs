//! What is left when the group is lost: a catalog from a backup, or from the store of one node, as a new group of one.
//!
//! Both work on the directory of a node that does not run, and all other nodes of the old group must have been stopped for good: the
//! new group has another name, so old nodes cannot come back to it, but they could still write to the instances.
//!
//! Changes that the catalog does not know may have been made, so what must be unique is moved out of their way. Sequences go on
//! `skip` values later; no worker number of TIME sequences is given before a moment that no old node can have used. DDL jobs that
//! were running wait for a decision, since more may have been done than they know.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ostrakon_catalog::Catalog;
use ostrakon_catalog::job::{JobError, JobState};
use ostrakon_catalog::node::{NodeId, TIME_WORKERS, TimeWorker};
use ostrakon_catalog::schema::{Sequence, SequenceKind};
use raft::prelude::{ConfState, EntryType, HardState};

use crate::backup;
use crate::driver::snapshot_of;
use crate::error::MetaError;
use crate::log::conf_change_of;
use crate::machine::Machine;
use crate::node::random;
use crate::store::{Image, LogBatch, LogStart, LogStore, RocksStore};

/// A good `skip` where nothing better is known: a node's range in memory is no longer.
pub const SKIP: u64 = 1_000_000;
/// Milliseconds that a TIME sequence may be ahead of the clock, and two clocks of each other.
const TIME_MARGIN: u64 = 10_000;

/// Makes the store of a new group of one in an empty directory, with the catalog of a backup.
///
/// # Errors
/// When the directory holds a store already, the bytes are no backup, or the number was a removed node's.
pub fn restore(directory: &Path, node_id: u64, backup: &[u8], skip: u64) -> Result<(), MetaError> {
    let mut catalog = backup::decode(backup)?.catalog;
    let mut store = RocksStore::open(directory)?;
    if store.load()?.is_some() {
        return Err(MetaError::Config(format!(
            "{} holds a catalog already: a backup is restored into an empty data_directory",
            directory.display()
        )));
    }
    if node_id == 0 || catalog.removed_nodes.contains(&node_id) {
        return Err(MetaError::Removed { node: node_id });
    }
    begin_anew(&mut catalog, node_id, skip, now());
    write(&mut store, node_id, LogStart { index: 1, term: 1 }, catalog)
}

/// Makes the store of a node a group of one, with all that its log holds, confirmed or not.
///
/// # Errors
/// When there is no catalog in the directory, or it cannot be read.
pub fn force_new_group(directory: &Path, skip: u64) -> Result<(), MetaError> {
    if !directory.is_dir() {
        return Err(MetaError::Config(format!("there is no catalog in {}", directory.display())));
    }
    let mut store = RocksStore::open(directory)?;
    let image = store.load()?.filter(|image| image.snapshot.get_metadata().index > 0);
    let image =
        image.ok_or_else(|| MetaError::Config(format!("there is no catalog in {}", directory.display())))?;
    let mut catalog = replay(&image)?;
    begin_anew(&mut catalog, image.node_id, skip, now());
    let last =
        image.entries.back().map_or(image.start, |entry| LogStart { index: entry.index, term: entry.term });
    // A term of its own, so that nothing of it is taken for something older.
    let at = LogStart { index: last.index + 1, term: image.hard_state.term.max(last.term) + 1 };
    write(&mut store, image.node_id, at, catalog)
}

/// The catalog after the whole log.
fn replay(image: &Image) -> Result<Catalog, MetaError> {
    let mut machine = Machine::restore(image.snapshot.get_data())?;
    let applied = image.snapshot.get_metadata().index;
    for entry in image.entries.iter().filter(|entry| entry.index > applied) {
        match entry.get_entry_type() {
            _ if entry.data.is_empty() => {}
            EntryType::EntryNormal => {
                machine.apply(entry.index, &entry.data)?;
            }
            _ => {
                let context = conf_change_of(entry)?.context;
                if !context.is_empty() {
                    machine.apply(entry.index, &context)?;
                }
            }
        }
    }
    Ok(Catalog::clone(machine.catalog()))
}

/// Takes the old group out of a catalog, and moves what must be unique out of its way.
fn begin_anew(catalog: &mut Catalog, own: NodeId, skip: u64, now: u64) {
    for node in std::mem::take(&mut catalog.nodes).into_keys().filter(|node| *node != own) {
        catalog.removed_nodes.insert(node);
    }
    catalog.removed_nodes.remove(&own);
    for worker in 0..TIME_WORKERS {
        let ceiling = catalog.time_workers.get(&worker).map_or(0, |known| known.ceiling);
        let ceiling = ceiling.max(now.saturating_add(TIME_MARGIN));
        catalog.time_workers.insert(worker, TimeWorker { holder: None, ceiling });
    }
    for database in catalog.databases.values_mut() {
        for sequence in Arc::make_mut(database).sequences.values_mut() {
            let sequence = Arc::make_mut(sequence);
            catalog.last_epoch += 1;
            sequence.epoch = catalog.last_epoch;
            advance(sequence, skip);
        }
    }
    for job in catalog.jobs.values_mut().filter(|job| job.state.is_active()) {
        let job = Arc::make_mut(job);
        job.state = JobState::Pending;
        job.token += 1;
        let message =
            "the catalog was restored while it ran: RECOVER DDL goes on, ROLLBACK DDL goes back".to_owned();
        job.error = Some(JobError { errno: 1105, sqlstate: "HY000".to_owned(), message });
    }
    catalog.version += 1;
    catalog.revision += 1;
}

fn advance(sequence: &mut Sequence, skip: u64) {
    let step = match sequence.kind {
        SequenceKind::Time => return,
        // Its values come again in any case.
        SequenceKind::Simple if sequence.cycle => return,
        SequenceKind::Simple => sequence.increment.saturating_mul(skip),
        SequenceKind::Group { unit_count, .. } => {
            // Whole rounds, so that it stays in the blocks that are this cluster's.
            let round = sequence.inner_step.saturating_mul(u64::from(unit_count)).max(1);
            skip.div_ceil(round).saturating_mul(round)
        }
    };
    // What is beyond the maximum has run out, and says so.
    sequence.next = sequence.next.saturating_add(step);
}

/// Writes the first state of a new group, in place of all that the store holds.
fn write(store: &mut RocksStore, node_id: u64, at: LogStart, catalog: Catalog) -> Result<(), MetaError> {
    let members = ConfState { voters: vec![node_id], ..ConfState::default() };
    let data = Machine::of(random() | 1, catalog).save();
    store.write(&LogBatch {
        node_id: Some(node_id),
        hard_state: Some(HardState { term: at.term, vote: 0, commit: at.index }),
        discard_log: true,
        start: Some(at),
        snapshot: Some(snapshot_of(data, at, members)),
        sync: true,
        ..LogBatch::default()
    })?;
    Ok(())
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
    u64::try_from(now).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use ostrakon_catalog::schema::{Database, DefaultSharding, Group};
    use ostrakon_catalog::{Command, NameMap, Outcome};

    use super::*;
    use crate::{MetaConfig, MetaNode};

    fn lease() -> Command {
        Command::LeaseRange { database: "d".to_owned(), sequence: "s".to_owned(), count: 10 }
    }

    async fn fill(node: &MetaNode) {
        let (name, host) = ("m1".to_owned(), "h".to_owned());
        let (user, password, tls) = ("u".to_owned(), "p".to_owned(), Default::default());
        node.propose(Command::CreateInstance { name, host, port: 1, user, password, tls }).await.unwrap();
        let group = Group { name: "D_G".to_owned(), physical_database: "d_0".to_owned(), instance: 1 };
        let database = Database {
            name: "d".to_owned(),
            groups: vec![group],
            default_sharding: DefaultSharding::Single,
            guard: Default::default(),
            charset: "utf8mb4".to_owned(),
            collation: "utf8mb4_bin".to_owned(),
            tables: NameMap::new(),
            sequences: NameMap::new(),
            views: NameMap::new(),
        };
        node.propose(Command::CreateDatabase { database }).await.unwrap();
        let sequence = Sequence::group("s".to_owned(), 1, 100);
        node.propose(Command::CreateSequence { database: "d".to_owned(), sequence }).await.unwrap();
    }

    async fn leased(node: &MetaNode) -> (u64, u64) {
        match node.propose(lease()).await.unwrap() {
            Outcome::Range { first, last, .. } => (first, last),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_restored_catalog_is_the_old_one_and_gives_no_value_twice() {
        let directory = tempfile::tempdir().unwrap();
        let node = MetaNode::open(MetaConfig::new(1, directory.path().join("old"))).unwrap();
        fill(&node).await;
        let bytes = node.backup().await.unwrap();
        // Given out after the backup.
        let mut last = 0;
        for _ in 0..20 {
            last = leased(&node).await.1;
        }
        let old = node.catalog();
        node.shutdown().await;
        let new = directory.path().join("new");
        restore(&new, 7, &bytes, 5_000).unwrap();
        let node = MetaNode::open(MetaConfig::new(7, &new)).unwrap();
        assert!(leased(&node).await.0 > last);
        let catalog = node.catalog();
        assert_eq!(catalog.instances, old.instances);
        assert_eq!(catalog.nodes.keys().collect::<Vec<_>>(), [&7]);
        assert!(catalog.removed_nodes.contains(&1));
        assert_ne!(catalog.databases["d"].sequences["s"].epoch, old.databases["d"].sequences["s"].epoch);
        let early = Command::TakeTimeWorker { node: 7, now: super::now(), ceiling: u64::MAX };
        assert!(node.propose(early).await.is_err(), "a moment that an old node may have used");
        let later = Command::TakeTimeWorker { node: 7, now: super::now() + TIME_MARGIN, ceiling: u64::MAX };
        node.propose(later).await.unwrap();
        node.shutdown().await;
        let error = restore(&new, 7, &bytes, 0).unwrap_err();
        assert!(error.to_string().contains("holds a catalog already"), "{error}");
        assert!(restore(&directory.path().join("x"), 7, &bytes[1..], 0).is_err());
    }

    #[tokio::test]
    async fn a_store_alone_becomes_a_group_of_one_with_all_that_it_has() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("node");
        assert!(force_new_group(&path, 0).is_err());
        let node = MetaNode::open(MetaConfig::new(3, &path)).unwrap();
        fill(&node).await;
        let before = leased(&node).await;
        let old = node.catalog();
        node.shutdown().await;
        force_new_group(&path, 1_000).unwrap();
        let node = MetaNode::open(MetaConfig::new(3, &path)).unwrap();
        let catalog = node.catalog();
        assert_eq!((&catalog.instances, catalog.databases.len()), (&old.instances, 1));
        assert!(leased(&node).await.0 >= before.1 + 1_000);
        assert_eq!(node.members().len(), 1);
        node.shutdown().await;
    }
}
