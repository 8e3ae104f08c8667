//! Where the rows of a joined table lie: on every group alike, in the default group, or cut by shard so that each result row is made
//! on exactly one shard.
//!
//! This decides whether a statement may run on several physical tables side by side. The rules are one function for each kind of join; what
//! they do not allow is `Never`, with the reason for the error and for EXPLAIN.

use super::bind::{Kind, Reference};
use super::classes::Classes;
use super::condition::equal_as_keys;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Spread {
    /// The same rows in every group.
    Copies,
    /// In group 0 only.
    Single,
    /// Each row on one shard; these references' keys tell which, and they are tied to each other.
    Sharded(Vec<usize>),
    Never(String),
}

impl Spread {
    pub fn of(index: usize, reference: &Reference) -> Self {
        match reference.kind {
            Kind::Single => Self::Single,
            Kind::Broadcast => Self::Copies,
            Kind::Sharded => Self::Sharded(vec![index]),
        }
    }
}

/// True when equal rows of the two references lie in physical tables of the same index and group, and `classes` has their keys equal.
pub(crate) fn tied(references: &[Reference], a: usize, b: usize, classes: &Classes) -> bool {
    let (Some(left), Some(right)) = (references.get(a), references.get(b)) else { return false };
    let (left_keys, right_keys) = (left.placer.key_ordinals(), right.placer.key_ordinals());
    let pairs = || left_keys.iter().zip(right_keys);
    left.kind == Kind::Sharded
        && right.kind == Kind::Sharded
        && left_keys.len() == right_keys.len()
        && !left_keys.is_empty()
        && pairs().all(|(l, r)| classes.same((a, *l), (b, *r)))
        && pairs().all(|(l, r)| match (left.table.columns.get(*l), right.table.columns.get(*r)) {
            (Some(l), Some(r)) => equal_as_keys(&l.data_type, &r.data_type),
            _ => false,
        })
        && left_keys.iter().all(|key| left.places_equal_together(*key))
        && right_keys.iter().all(|key| right.places_equal_together(*key))
        && left.placer.co_located_with(&right.placer)
}

/// The first pair of tied references, one of each side.
pub(crate) fn tie(
    references: &[Reference],
    left: &[usize],
    right: &[usize],
    classes: &Classes,
) -> Option<(usize, usize)> {
    left.iter().find_map(|a| right.iter().find(|b| tied(references, *a, **b, classes)).map(|b| (*a, *b)))
}

fn off_key(references: &[Reference], left: &[usize], right: &[usize]) -> Spread {
    let name = |side: &[usize]| {
        side.first().and_then(|index| references.get(*index)).map_or("?", |reference| &reference.table.name)
    };
    Spread::Never(format!("a join of '{}' and '{}' that is not on their shard keys", name(left), name(right)))
}

const WITH_SINGLE: &str = "a join of a single table with a sharded one";

/// Inner join, cross join, comma.
pub(crate) fn inner(references: &[Reference], left: Spread, right: Spread, classes: &Classes) -> Spread {
    use Spread::{Copies, Never, Sharded, Single};
    match (left, right) {
        (Never(reason), _) | (_, Never(reason)) => Never(reason),
        (Copies, other) | (other, Copies) => other,
        (Single, Single) => Single,
        (Single, Sharded(_)) | (Sharded(_), Single) => Never(WITH_SINGLE.into()),
        (Sharded(a), Sharded(b)) => match tie(references, &a, &b, classes) {
            Some(_) => Sharded(a.into_iter().chain(b).collect()),
            None => off_key(references, &a, &b),
        },
    }
}

/// Outer join that keeps all rows of `kept`. Rows kept on every group alike may not meet a sharded inner side: each group would extend
/// them with NULL on its own.
pub(crate) fn outer(references: &[Reference], kept: Spread, extended: Spread, classes: &Classes) -> Spread {
    use Spread::{Copies, Never, Sharded, Single};
    match (kept, extended) {
        (Never(reason), _) | (_, Never(reason)) => Never(reason),
        (kept, Copies) => kept,
        (Copies | Single, Single) => Single,
        (Copies, Sharded(_)) => Never(
            "an outer join that keeps the rows of a broadcast table and looks for them in a sharded one"
                .into(),
        ),
        (Single, Sharded(_)) | (Sharded(_), Single) => Never(WITH_SINGLE.into()),
        (Sharded(a), Sharded(b)) => match tie(references, &a, &b, classes) {
            Some(_) => Sharded(a.into_iter().chain(b).collect()),
            None => off_key(references, &a, &b),
        },
    }
}

/// A subquery inside a block: what it reads must be where the block's row is. `tie` tells whether the two are tied.
pub(crate) fn subquery(block: Spread, inside: Spread, limited: bool, is_tied: bool) -> Spread {
    use Spread::{Copies, Never, Sharded, Single};
    match (block, inside) {
        (Never(reason), _) | (_, Never(reason)) => Never(reason),
        (Sharded(_), Copies) if limited => Never("LIMIT in a subquery on a broadcast table".into()),
        (block, Copies) => block,
        (Copies | Single, Single) => Single,
        (Sharded(_), Single) | (Single, Sharded(_)) => {
            Never("a subquery on a single table beside a sharded one".into())
        }
        (Copies, Sharded(_)) => {
            Never("a subquery on a sharded table inside a query on broadcast tables".into())
        }
        (Sharded(a), Sharded(b)) if is_tied => Sharded(a.into_iter().chain(b).collect()),
        (Sharded(_), Sharded(_)) => {
            Never("a subquery on a sharded table that is not tied to the outer query by its shard key".into())
        }
    }
}
