//! Tests of leases: kinds, units, ends and cycles; ranges never overlap within an epoch.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::samples::*;
use crate::schema::{Sequence, SequenceChange, SequenceKind};

const SIMPLE: SequenceKind = SequenceKind::Simple;

/// A catalog with sequence `shop.s`, which `change` has changed.
fn with(kind: SequenceKind, change: impl FnOnce(&mut Sequence)) -> Catalog {
    let mut catalog = shop();
    let mut sequence = Sequence::of_kind(kind, "s".to_owned(), 1);
    change(&mut sequence);
    catalog.apply(&Command::CreateSequence { database: "shop".to_owned(), sequence }).unwrap();
    catalog
}

/// First and last value of a lease.
fn lease(catalog: &mut Catalog, count: u64) -> Result<(u64, u64), Rejection> {
    let (database, sequence) = ("shop".to_owned(), "s".to_owned());
    match catalog.apply(&Command::LeaseRange { database, sequence, count })? {
        Outcome::Range { first, last, .. } => Ok((first, last)),
        other => panic!("a lease answered {other:?}"),
    }
}

fn raise(catalog: &mut Catalog, at_least: u64) {
    let (database, sequence) = ("shop".to_owned(), "s".to_owned());
    catalog.apply(&Command::RaiseSequence { database, sequence, at_least }).unwrap();
}

fn alter(catalog: &mut Catalog, change: SequenceChange) -> Result<Outcome, Rejection> {
    let (database, sequence) = ("shop".to_owned(), "s".to_owned());
    catalog.apply(&Command::AlterSequence { database, sequence, change })
}

#[test]
fn a_cluster_leases_only_its_own_blocks() {
    let kind = |unit_index| SequenceKind::Group { unit_count: 3, unit_index };
    let mut catalog = with(kind(1), |s| s.inner_step = 10);
    assert_eq!(lease(&mut catalog, 4), Ok((11, 14)), "block 0 is another cluster's");
    assert_eq!(lease(&mut catalog, 100), Ok((15, 20)), "no further than the block");
    assert_eq!(lease(&mut catalog, 100), Ok((41, 50)));
    raise(&mut catalog, 45);
    raise(&mut catalog, 65);
    assert_eq!(lease(&mut catalog, 1), Ok((71, 71)));
    let mut first = with(kind(0), |s| s.inner_step = 10);
    assert_eq!(lease(&mut first, 100), Ok((1, 10)));
    assert_eq!(lease(&mut first, 2), Ok((31, 32)));
}

#[test]
fn units_stay_as_they_were_made() {
    let kind = SequenceKind::Group { unit_count: 3, unit_index: 1 };
    let mut catalog = with(kind, |_| {});
    let to = |kind| SequenceChange { kind: Some(kind), ..SequenceChange::default() };
    assert_eq!(alter(&mut catalog, to(SIMPLE)).unwrap_err().errno(), 4082);
    let other = SequenceKind::Group { unit_count: 3, unit_index: 2 };
    assert_eq!(alter(&mut catalog, to(other)).unwrap_err().errno(), 4082);
    let step = SequenceChange { inner_step: Some(7), ..SequenceChange::default() };
    assert_eq!(alter(&mut catalog, step).unwrap_err().errno(), 4082);
    let start = SequenceChange { start_with: Some(150_000), ..SequenceChange::default() };
    alter(&mut catalog, start).unwrap();
    assert_eq!(lease(&mut catalog, 1), Ok((150_000, 150_000)));
}

#[test]
fn a_simple_sequence_goes_by_its_increment_to_its_end() {
    let mut catalog = with(SIMPLE, |s| (s.increment, s.maximum) = (5, 18));
    assert_eq!(lease(&mut catalog, 1), Ok((1, 1)));
    assert_eq!(lease(&mut catalog, 2), Ok((6, 11)));
    assert_eq!(lease(&mut catalog, 9), Ok((16, 16)));
    let rejection = lease(&mut catalog, 1).unwrap_err();
    assert_eq!((rejection.errno(), rejection.sqlstate()), (4084, "HY000"));
    let change = SequenceChange { cycle: Some(true), ..SequenceChange::default() };
    alter(&mut catalog, change).unwrap();
    assert_eq!(lease(&mut catalog, 3), Ok((1, 11)));
    assert_eq!(lease(&mut catalog, 3), Ok((16, 16)), "a range never goes round");
    assert_eq!(lease(&mut catalog, 3), Ok((1, 11)));
}

#[test]
fn numbers_end_without_overflow() {
    let mut simple = with(SIMPLE, |s| (s.increment, s.maximum) = (u64::MAX / 2, u64::MAX - 1));
    assert_eq!(lease(&mut simple, u64::MAX), Ok((1, 1 << 63)));
    assert_eq!(lease(&mut simple, 1).unwrap_err().errno(), 4084);
    let kind = SequenceKind::Group { unit_count: 2, unit_index: 1 };
    let mut units = with(kind, |s| s.inner_step = u64::MAX / 2);
    assert_eq!(lease(&mut units, u64::MAX), Ok((u64::MAX / 2 + 1, u64::MAX - 1)));
    assert_eq!(lease(&mut units, 1).unwrap_err().errno(), 1467);
}

#[test]
fn nothing_is_leased_of_a_time_sequence() {
    let mut catalog = with(SequenceKind::Time, |_| {});
    assert_eq!(lease(&mut catalog, 1).unwrap_err().errno(), 1105);
    let revision = catalog.revision;
    raise(&mut catalog, 1 << 60);
    assert_eq!(catalog.revision, revision, "it has no position");
}

#[test]
fn each_alteration_is_an_epoch() {
    let mut catalog = with(SIMPLE, |_| {});
    let epoch = |catalog: &Catalog| catalog.sequence("shop", "s").unwrap().epoch;
    let (before, version) = (epoch(&catalog), catalog.version);
    alter(&mut catalog, SequenceChange::default()).unwrap();
    assert!(epoch(&catalog) > before);
    assert_eq!(catalog.version, version + 1);
}

proptest! {
    /// Within an epoch each range lies above the one before, whatever the kind, but for a cycle; a unit's values lie in its blocks.
    #[test]
    fn leased_ranges_never_overlap_within_an_epoch(commands in any_commands(150)) {
        let mut catalog = Catalog::default();
        let mut last_of: BTreeMap<u64, u64> = BTreeMap::new();
        for command in &commands {
            let before = match command {
                Command::LeaseRange { database, sequence, .. } => catalog.sequence(database, sequence).cloned(),
                _ => None,
            };
            let Ok(Outcome::Range { first, last, increment, epoch }) = catalog.apply(command) else { continue };
            let before = before.unwrap();
            prop_assert!(first <= last && last < u64::MAX);
            prop_assert_eq!((last - first) % increment, 0);
            prop_assert_eq!(epoch, before.epoch);
            prop_assert!(last <= before.maximum);
            let above = last_of.get(&epoch).is_none_or(|given| *given < first);
            prop_assert!(above || before.cycle);
            if let SequenceKind::Group { unit_count: unit_count @ 2.., unit_index } = before.kind {
                let block = |value: u64| (value - 1) / before.inner_step;
                prop_assert_eq!(block(first), block(last));
                prop_assert_eq!(block(first) % u64::from(unit_count), u64::from(unit_index));
            }
            last_of.insert(epoch, last);
        }
    }
}
