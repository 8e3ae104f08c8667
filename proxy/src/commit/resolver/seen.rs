//! What the resolver of this process has seen last, for SHOW, CHECK CLUSTER and metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use ostrakon_catalog::schema::InstanceId;

use crate::commit::xid::Xid;

/// One instance as it was last asked.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Our prepared branches, with the moment at which each was seen first.
    pub in_doubt: Vec<(Xid, Instant)>,
    /// When it has answered last.
    pub answered: Option<Instant>,
    /// Why it has not, when it was asked since.
    pub failure: Option<String>,
}

static SEEN: Mutex<BTreeMap<InstanceId, Seen>> = Mutex::new(BTreeMap::new());

fn with<T>(act: impl FnOnce(&mut BTreeMap<InstanceId, Seen>) -> T) -> T {
    act(&mut SEEN.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The instance has listed these.
pub fn answered(instance: InstanceId, in_doubt: Vec<(Xid, Instant)>) {
    let seen = Seen { in_doubt, answered: Some(Instant::now()), failure: None };
    with(|all| all.insert(instance, seen));
}

/// The instance could not be asked. What it had listed may be there still.
pub fn failed(instance: InstanceId, failure: String) {
    with(|all| {
        let empty = Seen { in_doubt: Vec::new(), answered: None, failure: None };
        all.entry(instance).or_insert(empty).failure = Some(failure);
    });
}

/// Forgets the instances that the catalog does not have.
pub fn keep(has: impl Fn(InstanceId) -> bool) {
    with(|all| all.retain(|id, _| has(*id)));
}

/// All instances.
pub fn all() -> BTreeMap<InstanceId, Seen> {
    with(|all| all.clone())
}
