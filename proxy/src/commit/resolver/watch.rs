//! Which prepared branches nobody will finish any more: a pure function of what was seen when.
//!
//! A branch is prepared for milliseconds in a commit that goes well. Taking one from a coordinator that is only slow is safe, because the arbiter
//! decides, but its transaction fails for nothing; hence the patience.

use std::collections::BTreeMap;
use std::time::Duration;

use ostrakon_catalog::job::Owner;
use ostrakon_catalog::schema::InstanceId;

use crate::commit::xid::Xid;

/// So long a branch may be prepared while its coordinator's process lives.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// And while it seems to be gone: this node may not have heard yet that the process has started.
pub const PATIENCE_WHEN_GONE: Duration = Duration::from_secs(1);

/// What is to be done about a prepared branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its coordinator may be at it.
    Wait,
    /// The arbiter is to be asked, and the branch finished.
    Resolve,
    /// The instance that decides it is not in the catalog: nobody may guess.
    NoArbiter,
}

/// What the catalog says of coordinators and arbiters.
pub struct Known<'a> {
    /// The process is certainly not there any longer.
    pub gone: &'a dyn Fn(Owner) -> bool,
    pub has_instance: &'a dyn Fn(InstanceId) -> bool,
}

/// What one instance has listed, and since when.
#[derive(Debug, Default)]
pub struct Watch {
    first_seen: BTreeMap<Xid, Duration>,
}

impl Watch {
    /// The instance lists these at the moment `now`, by a clock that never goes back. What it has not listed is forgotten: a branch that comes
    /// again is a new one.
    pub fn see(&mut self, listed: &[Xid], now: Duration, known: &Known<'_>) -> Vec<(Xid, Verdict)> {
        let before = std::mem::take(&mut self.first_seen);
        for xid in listed {
            let first = before.get(xid).copied().unwrap_or(now);
            self.first_seen.insert(*xid, first);
        }
        let verdict = |(xid, first): (&Xid, &Duration)| {
            let age = now.saturating_sub(*first);
            let patience = if (known.gone)(xid.transaction.owner) { PATIENCE_WHEN_GONE } else { PATIENCE };
            let verdict = match () {
                () if !(known.has_instance)(xid.transaction.instance) => Verdict::NoArbiter,
                () if age >= patience => Verdict::Resolve,
                () => Verdict::Wait,
            };
            (*xid, verdict)
        };
        self.first_seen.iter().map(verdict).collect()
    }

    /// Branches with the moment at which each was seen first.
    pub fn branches(&self) -> impl Iterator<Item = (&Xid, Duration)> {
        self.first_seen.iter().map(|(xid, first)| (xid, *first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::xid::TransactionId;

    fn xid(instance: InstanceId, start: u64, counter: u64) -> Xid {
        let transaction = TransactionId { instance, owner: Owner { node: 1, start }, counter };
        Xid { transaction, ordinal: 1, connection: 7, deciding: 8 }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const KNOWN: Known<'static> =
        Known { gone: &|owner| owner.start == 1, has_instance: &|instance| instance == 1 };

    fn see(watch: &mut Watch, listed: &[Xid], now: u64) -> Vec<Verdict> {
        watch.see(listed, seconds(now), &KNOWN).into_iter().map(|(_, verdict)| verdict).collect()
    }

    #[test]
    fn a_branch_of_a_living_process_is_left_alone_for_a_while() {
        let (mut watch, branch) = (Watch::default(), xid(1, 2, 1));
        for now in 10..15 {
            assert_eq!(see(&mut watch, &[branch], now), [Verdict::Wait], "{now}");
        }
        assert_eq!(see(&mut watch, &[branch], 15), [Verdict::Resolve]);
        assert_eq!(see(&mut watch, &[branch], 16), [Verdict::Resolve]);
    }

    #[test]
    fn a_branch_of_a_dead_process_is_resolved_when_it_is_seen_again() {
        let (mut watch, branch) = (Watch::default(), xid(1, 1, 1));
        assert_eq!(see(&mut watch, &[branch], 10), [Verdict::Wait]);
        assert_eq!(see(&mut watch, &[branch], 11), [Verdict::Resolve]);
    }

    #[test]
    fn what_goes_and_comes_again_is_new() {
        let (mut watch, branch) = (Watch::default(), xid(1, 2, 1));
        assert_eq!(see(&mut watch, &[branch], 0), [Verdict::Wait]);
        assert_eq!(see(&mut watch, &[], 4), []);
        assert_eq!(see(&mut watch, &[branch], 6), [Verdict::Wait]);
        assert_eq!(watch.branches().next(), Some((&branch, seconds(6))));
    }

    #[test]
    fn an_instance_that_could_not_be_asked_meanwhile_starts_nothing_anew() {
        let (mut watch, branch) = (Watch::default(), xid(1, 2, 1));
        assert_eq!(see(&mut watch, &[branch], 0), [Verdict::Wait]);
        assert_eq!(see(&mut watch, &[branch], 60), [Verdict::Resolve]);
    }

    #[test]
    fn without_its_arbiter_a_branch_is_never_resolved() {
        let (mut watch, branch, other) = (Watch::default(), xid(2, 1, 1), xid(1, 1, 2));
        assert_eq!(see(&mut watch, &[branch, other], 0), [Verdict::Wait, Verdict::NoArbiter]);
        assert_eq!(see(&mut watch, &[branch, other], 100), [Verdict::Resolve, Verdict::NoArbiter]);
    }
}
