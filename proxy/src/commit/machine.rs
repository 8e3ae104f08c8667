//! The commit machine: what follows from what, as a pure function. It does no IO and reads no clock; `run` carries its actions out.
//!
//! Branch 0 decides: it is a plain transaction, and its COMMIT, with the decision row in it, is the commit point. All others are XA branches.
//!
//! ```text
//! Preparing --all there--> Deciding --OK--------------------------> Finishing(Committed) --> Ended
//!     |                       |-- error or lost --> Asking --------/        (committed)
//!     |                                              |  |-----------> Finishing(Aborted) --> Ended
//!     |--any fails-----------------------------------|--------------/       (aborted)
//!                                                    |-- no answer in time --> Ended, outcome not known
//! ```
//!
//! **Invariants:** no XA COMMIT before the deciding COMMIT was acknowledged or a committed decision was read; COMMIT is sent only after every
//! prepare and the decision row were acknowledged; once COMMIT was sent, nothing but its acknowledgement or the arbiter says what it came to.

use super::system_schema::Decision;

/// How a transaction ends, by which branches wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Nobody wrote: all branches are released.
    Release,
    /// One branch wrote, and commits in one phase; the others are released.
    OnePhase { writer: usize },
    /// Several wrote: the machine below.
    TwoPhase,
}

/// `wrote`: by branch, the deciding one first.
pub fn path(wrote: &[bool]) -> Path {
    let mut writers = (0..wrote.len()).filter(|at| wrote.get(*at) == Some(&true));
    match (writers.next(), writers.next()) {
        (None, _) => Path::Release,
        (Some(writer), None) => Path::OnePhase { writer },
        (Some(_), Some(_)) => Path::TwoPhase,
    }
}

/// What is known of one branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// It only read: held until nothing can fail any more for want of its locks, then released.
    Reader,
    /// The prepare, or the deciding branch's decision row, is on its way.
    Sent,
    /// Acknowledged.
    Ready,
    /// The server refused: the connection is good, the branch must be rolled back.
    Refused,
    /// No answer: the connection is gone. The server rolls back what it had not prepared; what it had, the resolver finishes.
    Lost,
    /// Nothing is left to do here.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Preparing,
    Deciding,
    /// The deciding COMMIT's answer is missing or an error: the arbiter is asked.
    Asking,
    Finishing(Decision),
    Ended(Outcome),
}

/// What a transaction came to, as its client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Committed,
    Aborted,
    /// It is decided, or will be, but could not be learnt in time.
    Unknown,
}

/// A commit in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub phase: Phase,
    pub branches: Vec<Branch>,
}

/// What happened. Events that come late or twice change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The branch is prepared; for branch 0: its decision row is in.
    Ready(usize),
    /// The server refused, and the connection can be used.
    Refused(usize),
    /// The connection is lost, or its answer did not come in time and it was closed.
    Lost(usize),
    /// The deciding COMMIT was acknowledged.
    DecisionCommitted,
    /// The deciding COMMIT was answered by an error, or by nothing.
    DecisionDoubtful,
    /// What the arbiter says.
    Arbiter(Decision),
    /// The arbiter could not be asked in time.
    ArbiterSilent,
    /// The branch is committed, or rolled back, as was asked.
    Finished(usize),
    /// It could not be: the resolver will.
    NotFinished(usize),
}

/// What to do next. Actions of one step are independent of one another, and may go out together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Branch row, XA END, XA PREPARE.
    Prepare(usize),
    /// Decision row in the deciding branch, and its branch row if it wrote.
    Record,
    /// COMMIT of the deciding branch.
    Decide,
    /// Enter "aborted" for the transaction from a new connection, and read what is there if that is refused.
    AskArbiter,
    /// Tell the client. Comes once.
    Answer(Outcome),
    /// XA COMMIT.
    Commit(usize),
    /// XA ROLLBACK of an XA branch, ROLLBACK of the deciding one.
    RollBack(usize),
    /// End a branch that only read.
    Release(usize),
    /// Close the connection and leave the branch to the resolver.
    HandOver(usize),
}

impl Action {
    /// The branch that is released.
    pub fn released(self) -> Option<usize> {
        match self {
            Self::Release(at) => Some(at),
            _ => None,
        }
    }
}

/// Begins the commit of a transaction in which several branches wrote (`wrote`, the deciding one first).
pub fn start(wrote: &[bool]) -> (State, Vec<Action>) {
    let mut branches = Vec::with_capacity(wrote.len());
    let mut actions = Vec::with_capacity(wrote.len());
    for (at, wrote) in wrote.iter().enumerate() {
        if at == 0 {
            actions.push(Action::Record);
            branches.push(Branch::Sent);
        } else if *wrote {
            actions.push(Action::Prepare(at));
            branches.push(Branch::Sent);
        } else {
            branches.push(Branch::Reader);
        }
    }
    (State { phase: Phase::Preparing, branches }, actions)
}

/// What follows from an event.
pub fn step(mut state: State, event: Event) -> (State, Vec<Action>) {
    let actions = match state.phase {
        Phase::Preparing => state.prepared(event),
        Phase::Deciding => match event {
            Event::DecisionCommitted => state.finish(Decision::Committed),
            Event::DecisionDoubtful => {
                state.phase = Phase::Asking;
                vec![Action::AskArbiter]
            }
            event => state.released(event),
        },
        Phase::Asking => match event {
            // The deciding connection was closed when its answer was doubtful.
            Event::Arbiter(decision) => state.finish(decision),
            Event::ArbiterSilent => state.give_up(),
            event => state.released(event),
        },
        Phase::Finishing(decision) => state.finished(event, decision),
        Phase::Ended(_) => Vec::new(),
    };
    (state, actions)
}

impl State {
    fn set(&mut self, at: usize, branch: Branch) {
        if let Some(slot) = self.branches.get_mut(at) {
            *slot = branch;
        }
    }

    fn is(&self, at: usize, branch: Branch) -> bool {
        self.branches.get(at) == Some(&branch)
    }

    fn all(&self, branch: Branch) -> impl Iterator<Item = usize> + '_ {
        self.branches.iter().enumerate().filter(move |(_, b)| **b == branch).map(|(at, _)| at)
    }

    /// An answer to a prepare. Nothing is decided before all have come: a connection with an answer outstanding takes no rollback.
    fn prepared(&mut self, event: Event) -> Vec<Action> {
        let (at, branch) = match event {
            Event::Ready(at) => (at, Branch::Ready),
            Event::Refused(at) => (at, Branch::Refused),
            Event::Lost(at) => (at, Branch::Lost),
            _ => return Vec::new(),
        };
        if !(self.is(at, Branch::Sent) || self.is(at, Branch::Reader) && branch == Branch::Lost) {
            return Vec::new();
        }
        self.set(at, branch);
        if self.all(Branch::Sent).next().is_some() {
            return Vec::new();
        }
        let failed = self.all(Branch::Refused).chain(self.all(Branch::Lost)).next().is_some();
        if failed {
            return self.finish(Decision::Aborted);
        }
        self.phase = Phase::Deciding;
        let mut actions = vec![Action::Decide];
        actions.extend(self.all(Branch::Reader).map(Action::Release));
        actions
    }

    /// A branch that only read has ended, or its connection is gone: nothing depends on it.
    fn released(&mut self, event: Event) -> Vec<Action> {
        let (Event::Finished(at) | Event::NotFinished(at) | Event::Lost(at)) = event else {
            return Vec::new();
        };
        if !self.is(at, Branch::Reader) {
            return Vec::new();
        }
        self.set(at, Branch::Done);
        match event {
            Event::Finished(_) => Vec::new(),
            _ => vec![Action::HandOver(at)],
        }
    }

    /// The outcome is certain: the client is told, and every branch is brought to it.
    fn finish(&mut self, decision: Decision) -> Vec<Action> {
        let preparing = self.phase == Phase::Preparing;
        let outcome = match decision {
            Decision::Committed => Outcome::Committed,
            Decision::Aborted => Outcome::Aborted,
        };
        let mut actions = vec![Action::Answer(outcome)];
        for at in 0..self.branches.len() {
            match self.branches.get(at) {
                // Its COMMIT is done, or its connection was closed to ask the arbiter.
                Some(_) if at == 0 && !preparing => self.set(at, Branch::Done),
                Some(Branch::Ready) if decision == Decision::Committed => actions.push(Action::Commit(at)),
                Some(Branch::Ready | Branch::Refused) => actions.push(Action::RollBack(at)),
                Some(Branch::Reader) if preparing => actions.push(Action::Release(at)),
                Some(Branch::Lost) => {
                    self.set(at, Branch::Done);
                    actions.push(Action::HandOver(at));
                }
                _ => {}
            }
        }
        self.phase = Phase::Finishing(decision);
        self.end_if_done(outcome);
        actions
    }

    fn finished(&mut self, event: Event, decision: Decision) -> Vec<Action> {
        let (at, handed_over) = match event {
            Event::Finished(at) => (at, false),
            Event::NotFinished(at) | Event::Lost(at) => (at, true),
            _ => return Vec::new(),
        };
        if matches!(self.branches.get(at), None | Some(Branch::Done)) {
            return Vec::new();
        }
        self.set(at, Branch::Done);
        self.end_if_done(match decision {
            Decision::Committed => Outcome::Committed,
            Decision::Aborted => Outcome::Aborted,
        });
        if handed_over { vec![Action::HandOver(at)] } else { Vec::new() }
    }

    /// The arbiter cannot be had: the prepared branches stay prepared, and the resolver finishes them.
    fn give_up(&mut self) -> Vec<Action> {
        let mut actions = vec![Action::Answer(Outcome::Unknown)];
        // Readers were released, and have not answered: nobody listens for that any more.
        let left = (1..self.branches.len()).filter(|at| !self.is(*at, Branch::Done));
        actions.extend(left.map(Action::HandOver));
        self.branches.fill(Branch::Done);
        self.phase = Phase::Ended(Outcome::Unknown);
        actions
    }

    fn end_if_done(&mut self, outcome: Outcome) {
        if self.branches.iter().all(|branch| *branch == Branch::Done) {
            self.phase = Phase::Ended(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs events through and gives the last step's actions.
    fn after(wrote: &[bool], events: &[Event]) -> (State, Vec<Action>) {
        events.iter().fold(start(wrote), |(state, _), event| step(state, *event))
    }

    #[test]
    fn the_path_depends_on_who_wrote() {
        assert_eq!(path(&[]), Path::Release);
        assert_eq!(path(&[false, false]), Path::Release);
        assert_eq!(path(&[false, true, false]), Path::OnePhase { writer: 1 });
        assert_eq!(path(&[true]), Path::OnePhase { writer: 0 });
        assert_eq!(path(&[false, true, true]), Path::TwoPhase);
    }

    #[test]
    fn all_prepared_then_decided_then_committed() {
        let (state, actions) = start(&[true, true, false]);
        assert_eq!(actions, [Action::Record, Action::Prepare(1)]);
        let (state, actions) = step(state, Event::Ready(1));
        assert_eq!(actions, []);
        let (state, actions) = step(state, Event::Ready(0));
        assert_eq!(actions, [Action::Decide, Action::Release(2)]);
        let (state, actions) = step(state, Event::DecisionCommitted);
        assert_eq!(actions, [Action::Answer(Outcome::Committed), Action::Commit(1)]);
        let (state, _) = step(state, Event::Finished(2));
        let (state, _) = step(state, Event::Finished(1));
        assert_eq!(state.phase, Phase::Ended(Outcome::Committed));
    }

    #[test]
    fn a_refused_prepare_rolls_all_back_once_every_answer_is_in() {
        let (_, actions) = after(&[true, true, true], &[Event::Refused(1), Event::Ready(0)]);
        assert_eq!(actions, []);
        let (_, actions) = after(&[true, true, true], &[Event::Refused(1), Event::Ready(0), Event::Lost(2)]);
        assert_eq!(
            actions,
            [Action::Answer(Outcome::Aborted), Action::RollBack(0), Action::RollBack(1), Action::HandOver(2)]
        );
    }

    #[test]
    fn a_doubtful_decision_is_the_arbiters() {
        let ready = [Event::Ready(0), Event::Ready(1), Event::DecisionDoubtful];
        let (state, actions) = after(&[true, true], &ready);
        assert_eq!(actions, [Action::AskArbiter]);
        let (_, actions) = step(state.clone(), Event::Arbiter(Decision::Committed));
        assert_eq!(actions, [Action::Answer(Outcome::Committed), Action::Commit(1)]);
        let (_, actions) = step(state.clone(), Event::Arbiter(Decision::Aborted));
        assert_eq!(actions, [Action::Answer(Outcome::Aborted), Action::RollBack(1)]);
        let (state, actions) = step(state, Event::ArbiterSilent);
        assert_eq!(actions, [Action::Answer(Outcome::Unknown), Action::HandOver(1)]);
        assert_eq!(step(state, Event::Arbiter(Decision::Committed)).1, []);
    }

    #[test]
    fn no_connection_is_forgotten_when_the_arbiter_is_silent() {
        let doubtful = [Event::Ready(0), Event::Ready(1), Event::DecisionDoubtful];
        let (state, _) = after(&[true, true, false], &doubtful);
        let (_, actions) = step(state, Event::ArbiterSilent);
        assert_eq!(actions, [Action::Answer(Outcome::Unknown), Action::HandOver(1), Action::HandOver(2)]);
    }
}
