//! What happened in the runs: runs in which nothing went wrong, or nothing went well, would show nothing.

macro_rules! happenings {
    ($($name:ident $least:literal $text:literal)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Happened { $($name),* }

        /// With how often each must have happened in 100,000 runs at least.
        pub const ALL: &[(Happened, u64, &str)] = &[$((Happened::$name, $least, $text)),*];
    };
}

happenings! {
    Transactions 310_000 "transactions"
    Committed 85_000 "answered committed, by the machine"
    Aborted 46_000 "answered aborted, by the machine"
    Unknown 520 "answered unknown, by the machine"
    OnePhase 24_000 "committed in one phase"
    NoAnswer 42_000 "never answered"
    FailedEarly 100_000 "failed before their commit"
    Cuts 110_000 "connections cut"
    Stalls 450_000 "connections that stood still for a while"
    ServerCrashes 190_000 "servers that crashed"
    ExecutedUnanswered 49_000 "commands that a crash left executed and unanswered"
    CoordinatorCrashes 67_000 "coordinators that crashed"
    CoordinatorStops 110_000 "coordinators that stopped and went on"
    ResolverCrashes 110_000 "resolvers that crashed"
    Timeouts 42_000 "answers that were not waited for"
    Refusals 18_000 "statements refused"
    Waits 100_000 "inserts of a decision that waited for another's"
    LockTimeouts 26_000 "lock waits that timed out"
    Deadlocks 8_900 "deadlocks"
    Duplicates 110_000 "decisions that were there already"
    Overtaken 1_600 "coordinators overtaken by a resolver"
    DoubtfulCommitted 1_200 "doubtful commits that the arbiter found committed"
    DoubtfulAborted 4_800 "doubtful commits that the arbiter aborted"
    ResolvedCommitted 12_000 "branches committed by a resolver"
    ResolvedAborted 42_000 "branches rolled back by a resolver"
    Nota 6_400 "XAER_NOTA for a branch that is there"
    NotaGone 71_000 "XAER_NOTA for a branch that is not there"
    Kills 4_500 "owners killed"
    RollbacksUndone 6_400 "acknowledged rollbacks that a crash undid"
    Ghosts 560 "prepares lost by the engine that came back"
    Empty 19 "empty branches refused with 1402"
    Resets 75_000 "connections reset"
    HalfOpen 280_000 "connections whose server never heard of their end"
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts([u64; ALL.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; ALL.len()])
    }
}

impl Counts {
    pub fn add(&mut self, what: Happened) {
        self.0[what as usize] += 1;
    }

    pub fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, other)| *mine += other);
    }

    /// What happened less often than it should have in that many runs.
    pub fn too_few(&self, runs: u64) -> Vec<&'static str> {
        let few = |(what, least, _): &&(Happened, u64, _)| self.0[*what as usize] < least * runs / 100_000;
        ALL.iter().filter(few).map(|(_, _, text)| *text).collect()
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        ALL.iter().try_for_each(|(what, _, text)| writeln!(f, "  {:>10} {text}", self.0[*what as usize]))
    }
}
