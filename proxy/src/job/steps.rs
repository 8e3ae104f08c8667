//! The steps of each kind of job, forward and back, and the points at which a test can stop them.

use ostrakon_catalog::job::JobAction;

/// One step. Its name is in the catalog and in SHOW DDL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Looks whether the job can be done, and changes nothing.
    Preflight,
    /// The first physical object: what a server refuses is refused here, with nothing done.
    First,
    /// The other physical objects, in parallel.
    Rest,
    /// Looks whether all physical tables have become equal.
    Verify,
    /// The catalog's change.
    Publish,
    /// Waits until the live nodes have the catalog's change.
    Settle,
    /// Back: what was created goes.
    Drop,
    /// Back: what was changed is changed back.
    Undo,
}

impl Step {
    pub fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::First => "first",
            Self::Rest => "rest",
            Self::Verify => "verify",
            Self::Publish => "publish",
            Self::Settle => "settle",
            Self::Drop => "drop",
            Self::Undo => "undo",
        }
    }

    /// Works on several physical objects at once.
    pub fn is_parallel(self) -> bool {
        matches!(self, Self::Rest | Self::Drop | Self::Undo)
    }

    /// It is recorded as the next step before it begins. The others change nothing outside of the catalog, so that a crash in them may
    /// repeat the step before as well. FIRST of what is created needs none either: a repeated CREATE finds its own.
    pub fn is_recorded(self, kind: &str) -> bool {
        match self {
            Self::Preflight | Self::Verify | Self::Publish => false,
            Self::First => !is_creating(kind),
            Self::Rest | Self::Settle | Self::Drop | Self::Undo => true,
        }
    }
}

use Step::{Drop, First, Preflight, Publish, Rest, Settle, Undo, Verify};

/// The steps of a job, in order.
pub fn steps(action: &JobAction) -> &'static [Step] {
    forward(action.kind())
}

/// The steps that take it back. Empty: before its first physical object is changed nothing has to be, and afterwards nothing can be.
pub fn steps_back(action: &JobAction) -> &'static [Step] {
    backward(action.kind())
}

fn forward(kind: &str) -> &'static [Step] {
    match kind {
        "CREATE_DATABASE" => &[Preflight, First, Rest, Publish, Settle],
        "CREATE_TABLE" => &[Preflight, First, Rest, Verify, Publish, Settle],
        "ALTER_TABLE" => &[Preflight, First, Rest, Verify, Publish, Settle],
        "TRUNCATE_TABLE" => &[Preflight, First, Rest, Publish, Settle],
        // The catalog forgets it as soon as the servers have agreed: nobody plans a statement for what is half gone.
        "DROP_TABLE" | "DROP_DATABASE" => &[Preflight, First, Publish, Settle, Rest],
        "RENAME_TABLE" => &[Publish, Settle],
        _ => &[],
    }
}

fn backward(kind: &str) -> &'static [Step] {
    match kind {
        "CREATE_DATABASE" | "CREATE_TABLE" => &[Drop],
        "ALTER_TABLE" => &[Undo],
        _ => &[],
    }
}

fn is_creating(kind: &str) -> bool {
    matches!(kind, "CREATE_DATABASE" | "CREATE_TABLE")
}

/// All kinds of jobs, as SHOW DDL names them.
pub const KINDS: [&str; 7] = [
    "CREATE_DATABASE",
    "DROP_DATABASE",
    "CREATE_TABLE",
    "DROP_TABLE",
    "TRUNCATE_TABLE",
    "ALTER_TABLE",
    "RENAME_TABLE",
];

/// Where a step can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// It begins.
    Before,
    /// One group of several has finished.
    Middle,
    /// Its work is done, and not recorded.
    Done,
    /// The catalog says that it is done.
    Recorded,
}

impl Point {
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Middle => "middle",
            Self::Done => "done",
            Self::Recorded => "recorded",
        }
    }
}

/// Every place at which a job can be stopped: (kind, step, point), as failpoints name them.
pub fn all_steps() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut all = Vec::new();
    for kind in KINDS {
        for list in [forward(kind), backward(kind)] {
            for (at, step) in list.iter().enumerate() {
                let ends_recorded = list.get(at + 1).is_none_or(|next| next.is_recorded(kind));
                let points = [
                    (Point::Before, true),
                    (Point::Middle, step.is_parallel()),
                    (Point::Done, true),
                    (Point::Recorded, ends_recorded),
                ];
                for (point, _) in points.into_iter().filter(|(_, is)| *is) {
                    all.push((kind, step.name(), point.name()));
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_steps_and_what_is_created_can_go_back() {
        for kind in KINDS {
            assert!(forward(kind).contains(&Publish), "{kind}");
            assert_eq!(is_creating(kind), backward(kind) == [Drop], "{kind}");
        }
    }

    #[test]
    fn nothing_that_cannot_be_repeated_unseen_begins_without_a_record() {
        for kind in KINDS {
            for step in forward(kind).iter().chain(backward(kind)) {
                let changes_servers = matches!(step, First | Rest | Drop | Undo);
                assert!(!changes_servers || step.is_recorded(kind) || is_creating(kind), "{kind} {step:?}");
            }
        }
    }

    #[test]
    fn the_list_names_each_place_once() {
        let all = all_steps();
        let mut distinct = all.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), all.len());
        assert!(all.contains(&("ALTER_TABLE", "rest", "middle")));
        assert!(all.contains(&("ALTER_TABLE", "undo", "recorded")));
        assert!(!all.contains(&("ALTER_TABLE", "verify", "recorded")));
    }
}
