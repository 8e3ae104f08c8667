//! Every event in every state that any events lead to, late and repeated ones among them: no panic, and the machine's invariants.

use std::collections::BTreeSet;

use ostrakon::commit::machine::{Action, Branch, Event, Outcome, Path, Phase, State, path, start, step};
use ostrakon::commit::system_schema::Decision;

/// What has happened up to a state, as bits by branch where there are several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Past {
    /// Asked to prepare, or to record the decision; and the first answer that came.
    asked: u8,
    ready: u8,
    failed: u8,
    decided: bool,
    asked_arbiter: bool,
    answered: bool,
    told: u8,
    /// Asked to commit, roll back or release; ended; handed over.
    finishing: u8,
    ended: u8,
    handed_over: u8,
}

const BRANCHES: [Branch; 6] =
    [Branch::Reader, Branch::Sent, Branch::Ready, Branch::Refused, Branch::Lost, Branch::Done];

fn phase_number(phase: Phase) -> u8 {
    match phase {
        Phase::Preparing => 0,
        Phase::Deciding => 1,
        Phase::Asking => 2,
        Phase::Finishing(decision) => 2 + decision.code(),
        Phase::Ended(Outcome::Committed) => 5,
        Phase::Ended(Outcome::Aborted) => 6,
        Phase::Ended(Outcome::Unknown) => 7,
    }
}

/// A state as something that can be ordered.
fn key(state: &State) -> (u8, Vec<usize>) {
    let branch = |branch: &Branch| BRANCHES.iter().position(|other| other == branch).unwrap();
    (phase_number(state.phase), state.branches.iter().map(branch).collect())
}

/// All events, with two branches that there are not.
fn events(branches: usize) -> Vec<Event> {
    let mut events = vec![
        Event::DecisionCommitted,
        Event::DecisionDoubtful,
        Event::Arbiter(Decision::Committed),
        Event::Arbiter(Decision::Aborted),
        Event::ArbiterSilent,
    ];
    for at in (0..branches + 1).chain([usize::MAX]) {
        events.extend([Event::Ready(at), Event::Refused(at), Event::Lost(at)]);
        events.extend([Event::Finished(at), Event::NotFinished(at)]);
    }
    events
}

impl Past {
    fn of_start(actions: &[Action]) -> Self {
        let asked = actions.iter().fold(0, |asked, action| match action {
            Action::Record => asked | 1,
            Action::Prepare(at) => asked | 1 << at,
            action => panic!("{action:?} at the start"),
        });
        Self { asked, ..Self::default() }
    }

    /// Notes an event and the actions that follow, and checks them against all that was before.
    fn follow(mut self, before: &State, event: Event, actions: &[Action], after: &State) -> Self {
        let bit = |at: usize| 1_u8.checked_shl(at as u32).unwrap_or(0);
        let there = (1_u8 << before.branches.len()) - 1;
        let answered = self.ready | self.failed;
        match event {
            Event::Ready(at) => self.ready |= bit(at) & self.asked & !answered,
            Event::Refused(at) => self.failed |= bit(at) & self.asked & !answered,
            // Who only read loses its locks.
            Event::Lost(at) if !self.decided => self.failed |= bit(at) & there & !answered,
            Event::Finished(at) => self.ended |= bit(at) & self.finishing,
            _ => {}
        }
        let committed = matches!(
            (before.phase, event),
            (Phase::Deciding, Event::DecisionCommitted)
                | (Phase::Asking, Event::Arbiter(Decision::Committed))
        );
        let mut finishing = 0;
        for action in actions {
            match *action {
                Action::Prepare(_) | Action::Record => panic!("asked twice"),
                Action::Decide => {
                    assert!(!self.decided, "decided twice");
                    assert_eq!(self.ready, self.asked, "decided before every branch was ready");
                    assert_eq!(self.failed, 0, "decided although a branch failed");
                    self.decided = true;
                }
                Action::AskArbiter => {
                    assert!(self.decided && !self.asked_arbiter && event == Event::DecisionDoubtful);
                    self.asked_arbiter = true;
                }
                Action::Answer(outcome) => {
                    assert!(!self.answered, "answered twice");
                    self.answered = true;
                    self.told = match outcome {
                        Outcome::Committed => 1,
                        Outcome::Aborted => 2,
                        Outcome::Unknown => 3,
                    };
                    match outcome {
                        Outcome::Committed => assert!(committed, "answered committed for no reason"),
                        Outcome::Aborted => assert!(
                            !self.decided || event == Event::Arbiter(Decision::Aborted),
                            "answered aborted after the commit went out"
                        ),
                        Outcome::Unknown => assert_eq!(event, Event::ArbiterSilent),
                    }
                }
                Action::Commit(at) => {
                    assert!(committed, "branch {at} committed before the decision");
                    assert_ne!(at, 0, "the deciding branch committed twice");
                    assert_ne!(self.ready & bit(at), 0, "branch {at} committed unprepared");
                    finishing |= bit(at);
                }
                Action::RollBack(at) => {
                    let aborted = before.phase == Phase::Asking && event == Event::Arbiter(Decision::Aborted);
                    assert!(aborted || !self.decided, "branch {at} rolled back, perhaps decided");
                    assert!(at != 0 || !self.decided, "the deciding branch rolled back after its commit");
                    finishing |= bit(at);
                }
                Action::Release(at) => {
                    assert_eq!(self.asked & bit(at), 0, "branch {at} wrote, and is released");
                    finishing |= bit(at);
                }
                Action::HandOver(at) => {
                    assert_eq!(self.handed_over & bit(at), 0, "branch {at} handed over twice");
                    assert_eq!(self.ended & bit(at), 0, "branch {at} handed over after its end");
                    self.handed_over |= bit(at);
                }
            }
        }
        // A branch is finished once, and not when its connection is given up.
        assert_eq!(finishing & (self.finishing | self.handed_over), 0, "finished twice: {actions:?}");
        assert_eq!(finishing & !there, 0, "no such branch: {actions:?}");
        self.finishing |= finishing;
        let outcome = match after.phase {
            Phase::Ended(Outcome::Committed) => 1,
            Phase::Ended(Outcome::Aborted) => 2,
            Phase::Ended(Outcome::Unknown) => 3,
            _ => 0,
        };
        if outcome != 0 {
            assert!(self.answered && self.told == outcome, "ended without its answer, or with another one");
            // The deciding branch's connection is settled by its COMMIT's answer.
            let decided = u8::from(self.decided);
            assert_eq!(self.ended | self.handed_over | decided, there, "a branch is forgotten: {self:?}");
        }
        self
    }
}

/// Whatever is lost, the end is reached: nothing is waited for for ever.
fn ends(state: &State, mut past: Past) {
    let count = state.branches.len();
    let mut state = state.clone();
    let losses = (0..count).map(Event::Lost);
    for event in losses.clone().chain([Event::DecisionDoubtful, Event::ArbiterSilent]).chain(losses) {
        let (next, actions) = step(state.clone(), event);
        past = past.follow(&state, event, &actions, &next);
        state = next;
    }
    assert!(matches!(state.phase, Phase::Ended(_)), "it does not end: {state:?}");
}

fn explore(wrote: &[bool]) -> usize {
    let (state, actions) = start(wrote);
    let past = Past::of_start(&actions);
    let mut seen = BTreeSet::from([(key(&state), past)]);
    let mut open = vec![(state, past)];
    let events = events(wrote.len());
    let mut pairs = 0;
    while let Some((state, past)) = open.pop() {
        for event in &events {
            let (next, actions) = step(state.clone(), *event);
            let then = past.follow(&state, *event, &actions, &next);
            assert_eq!(step(next.clone(), *event), (next.clone(), Vec::new()), "twice: {state:?} {event:?}");
            if let Phase::Ended(_) = state.phase {
                assert_eq!((&next, &actions), (&state, &Vec::new()), "after its end: {event:?}");
            }
            pairs += 1;
            if seen.insert((key(&next), then)) {
                ends(&next, then);
                open.push((next, then));
            }
        }
    }
    pairs
}

#[test]
fn every_event_in_every_state_keeps_the_invariants() {
    let mut pairs = 0;
    for count in 2..=3 {
        for bits in 0..1_u32 << count {
            let wrote: Vec<bool> = (0..count).map(|at| bits & (1 << at) != 0).collect();
            if path(&wrote) == Path::TwoPhase {
                pairs += explore(&wrote);
            }
        }
    }
    pairs += explore(&[true, true, false, false]);
    println!("{pairs} pairs of a state and an event");
    assert!(pairs > 100_000, "only {pairs} pairs: the states were not reached");
}
