//! Broken rules, one at a time: the simulation must find each of them, or it shows nothing.

use ostrakon::commit::machine::{self, Action, Branch, Event, Outcome, Phase, State};
use ostrakon::commit::system_schema::Decision;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// COMMIT goes out before the last prepare is acknowledged.
    DecideEarly,
    /// COMMIT goes out although the decision row was refused with 1062, as if it were sent in one train with the row.
    DecideOverDuplicate,
    /// The decision row goes in whatever became of the statement before it in the train, which may have ended the transaction.
    DecideBlindly,
    /// Branches are committed, and the client told so, when the deciding COMMIT has no answer.
    CommitWhenDoubtful,
    /// The client alone is told so.
    AnswerCommittedWhenDoubtful,
    /// Branches are committed when the deciding COMMIT has no answer; the client has to wait.
    CommitBranchesWhenDoubtful,
    /// A deciding COMMIT that has no answer is taken for failed.
    AbortWhenDoubtful,
    /// Whoever cannot ask the arbiter rolls back.
    AbortWhenArbiterIsSilent,
    /// A branch that was refused is forgotten.
    ForgetRefused,
    /// A connection with a prepared branch goes back to the pool, which resets it.
    PoolPrepared,
    /// The resolver reads the decision, and rolls back where there is none.
    ResolveWithoutArbiter,
    /// The resolver takes 1062 for "committed".
    DuplicateIsCommitted,
    /// The resolver takes XAER_NOTA for done.
    NotaIsDone,
}

pub const ALL: [Mutant; 13] = [
    Mutant::DecideEarly,
    Mutant::DecideOverDuplicate,
    Mutant::DecideBlindly,
    Mutant::CommitWhenDoubtful,
    Mutant::AnswerCommittedWhenDoubtful,
    Mutant::CommitBranchesWhenDoubtful,
    Mutant::AbortWhenDoubtful,
    Mutant::AbortWhenArbiterIsSilent,
    Mutant::ForgetRefused,
    Mutant::PoolPrepared,
    Mutant::ResolveWithoutArbiter,
    Mutant::DuplicateIsCommitted,
    Mutant::NotaIsDone,
];

impl Mutant {
    /// The machine's step, broken.
    pub fn step(self, mut state: State, event: Event) -> (State, Vec<Action>) {
        let prepared = |state: &State| -> Vec<usize> {
            (1..state.branches.len()).filter(|at| state.branches[*at] == Branch::Ready).collect()
        };
        match (self, event, state.phase) {
            (Self::DecideEarly, Event::Ready(_), Phase::Preparing) => {
                let one = state.branches.iter().position(|branch| *branch == Branch::Sent);
                let (mut state, actions) = machine::step(state, event);
                let mut rest =
                    state.branches.iter_mut().enumerate().filter(|(_, branch)| **branch == Branch::Sent);
                match (rest.next(), rest.next()) {
                    (Some((at, last)), None) if one.is_some() && at != 0 => {
                        *last = Branch::Ready;
                        state.phase = Phase::Deciding;
                        (state, vec![Action::Decide])
                    }
                    _ => (state, actions),
                }
            }
            (Self::CommitWhenDoubtful, Event::DecisionDoubtful, Phase::Deciding) => {
                machine::step(state, Event::DecisionCommitted)
            }
            (Self::AbortWhenDoubtful, Event::DecisionDoubtful, Phase::Deciding) => {
                state.phase = Phase::Asking;
                machine::step(state, Event::Arbiter(Decision::Aborted))
            }
            (Self::AnswerCommittedWhenDoubtful, Event::DecisionDoubtful, Phase::Deciding) => {
                let (state, mut actions) = machine::step(state, event);
                actions.push(Action::Answer(Outcome::Committed));
                (state, actions)
            }
            (Self::AnswerCommittedWhenDoubtful, Event::Arbiter(_) | Event::ArbiterSilent, Phase::Asking) => {
                let (state, mut actions) = machine::step(state, event);
                actions.retain(|action| !matches!(action, Action::Answer(_)));
                (state, actions)
            }
            (Self::CommitBranchesWhenDoubtful, Event::DecisionDoubtful, Phase::Deciding) => {
                let (state, mut actions) = machine::step(state, event);
                actions.extend(prepared(&state).into_iter().map(Action::Commit));
                (state, actions)
            }
            (Self::AbortWhenArbiterIsSilent, Event::ArbiterSilent, Phase::Asking) => {
                machine::step(state, Event::Arbiter(Decision::Aborted))
            }
            (Self::ForgetRefused, Event::Refused(at), Phase::Preparing) if at != 0 => {
                machine::step(state, Event::Ready(at))
            }
            _ => machine::step(state, event),
        }
    }
}
