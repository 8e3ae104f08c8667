//! What goes wrong in one run, and how often: each fault is absent from some runs, since one fault can hide what another would show.

use crate::random::Random;

/// In 4096 chances each.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pub cut: u64,
    pub half_open: bool,
    pub crash_server: u64,
    pub crash_coordinator: u64,
    pub stop_coordinator: u64,
    pub crash_resolver: u64,
    /// Of one answer of a coordinator's branch.
    pub timeout: u64,
    /// Of one statement.
    pub refuse: u64,
    /// The arbiter's connections kill the deciding one first.
    pub kill_first: bool,
    /// A connection's packets are held up.
    pub stall: u64,
    /// Rounds of resolvers, against a coordinator's steps.
    pub resolvers: usize,
    /// Resolvers take everything that is prepared for orphaned.
    pub impatient: bool,
}

impl Faults {
    pub fn of(random: &mut Random) -> Self {
        let mut maybe = |most: u64| if random.one_in(3) { 0 } else { 1 + random.below(most) };
        Self {
            cut: maybe(64),
            half_open: maybe(3) > 1,
            crash_server: maybe(12),
            crash_coordinator: maybe(16),
            stop_coordinator: maybe(32),
            crash_resolver: maybe(32),
            timeout: maybe(64),
            refuse: maybe(128),
            kill_first: maybe(3) > 1,
            stall: maybe(128),
            resolvers: 1 + maybe(6) as usize,
            impatient: maybe(3) > 1,
        }
    }
}
