//! What the catalog promises its users, checked without its own code: on each command of the committed log, before and after.

use std::collections::{BTreeMap, BTreeSet};

use ostrakon_catalog::job::{Job, JobControl, JobId};
use ostrakon_catalog::node::NodeId;
use ostrakon_catalog::schema::SequenceKind;
use ostrakon_catalog::{Catalog, Command, Outcome, Rejection};

use crate::totals::Totals;

#[derive(Default)]
pub struct Rules {
    /// Values given, by the epoch of their sequence.
    given: BTreeMap<u64, BTreeSet<u64>>,
    /// The next value of a SIMPLE sequence, by epoch, where it is certain.
    following: BTreeMap<u64, u64>,
    /// Who may change a job.
    tokens: BTreeMap<JobId, u64>,
    /// The last thing that a job has published.
    published: BTreeMap<String, String>,
    /// Holder, and the time under which values may have been given.
    workers: BTreeMap<u16, (Option<NodeId>, u64)>,
    removed: BTreeSet<NodeId>,
}

type Answer = Result<Outcome, Rejection>;

impl Rules {
    pub fn applied(
        &mut self,
        before: &Catalog,
        after: &Catalog,
        command: &Command,
        answer: &Answer,
        totals: &mut Totals,
    ) {
        assert!(after.version >= before.version && after.revision >= before.revision);
        assert!(answer.is_ok() || before == after, "a refused command changed something: {command:?}");
        if before != after {
            assert!(after.revision > before.revision, "no new revision: {command:?}");
        }
        match command {
            Command::LeaseRange { database, sequence, .. } => {
                if let Ok(Outcome::Range { first, last, increment, epoch }) = answer {
                    let values = (*first..=*last).step_by(*increment as usize);
                    self.leased(before, (database, sequence), values, *epoch, totals);
                }
            }
            Command::RaiseSequence { database, sequence, .. } => {
                if let Some(sequence) = before.sequence(database, sequence) {
                    self.following.remove(&sequence.epoch);
                }
            }
            Command::SubmitJob { .. }
            | Command::ClaimJob { .. }
            | Command::UpdateJob { .. }
            | Command::ControlJob { .. } => self.job(before, after, command, answer, totals),
            Command::RegisterNode { node } => {
                assert!(answer.is_err() || !self.removed.contains(&node.id), "node {} is back", node.id);
            }
            Command::RemoveNode { node } if answer.is_ok() => {
                self.removed.insert(*node);
                self.free_workers(*node);
            }
            Command::TakeTimeWorker { node, now, ceiling } => {
                if let Ok(Outcome::TimeWorker { worker }) = answer {
                    self.took_worker(*worker, *node, *now, *ceiling, totals);
                }
            }
            Command::RaiseTimeCeiling { node, worker, ceiling } if answer.is_ok() => {
                let known = self.workers.get_mut(worker).expect("a worker that was never taken");
                assert_eq!(known.0, Some(*node), "worker {worker} is not node {node}'s");
                known.1 = known.1.max(*ceiling);
            }
            _ => {}
        }
    }

    /// No value of one epoch is given twice; those of a SIMPLE sequence follow one another.
    fn leased(
        &mut self,
        before: &Catalog,
        (database, name): (&str, &str),
        values: impl Iterator<Item = u64>,
        epoch: u64,
        totals: &mut Totals,
    ) {
        let sequence = before.sequence(database, name).expect("a range of a sequence that is not there");
        assert_eq!(sequence.epoch, epoch, "a range of another epoch");
        let simple = sequence.kind == SequenceKind::Simple;
        totals.count(if simple { "ranges leased, SIMPLE" } else { "ranges leased, GROUP" });
        let mut any = false;
        for value in values {
            any = true;
            assert!(value <= sequence.maximum, "{database}.{name} gave {value}, above its maximum");
            let again = simple && sequence.cycle && value == sequence.start_with;
            if again {
                totals.count("SIMPLE sequences that began anew");
                self.given.remove(&epoch);
                self.following.remove(&epoch);
            }
            assert!(
                self.given.entry(epoch).or_default().insert(value),
                "{database}.{name} gave {value} twice in epoch {epoch}"
            );
            if simple {
                let expected = self.following.insert(epoch, value.saturating_add(sequence.increment));
                assert!(
                    expected.is_none_or(|expected| expected == value),
                    "{database}.{name} left a gap at {value}"
                );
            }
        }
        assert!(any, "an empty range of {database}.{name}");
    }

    fn job(
        &mut self,
        before: &Catalog,
        after: &Catalog,
        command: &Command,
        answer: &Answer,
        totals: &mut Totals,
    ) {
        match (command, answer) {
            (Command::SubmitJob { .. }, Ok(Outcome::Job { id, token })) => {
                totals.count("jobs submitted");
                assert!(self.tokens.insert(*id, *token).is_none(), "job {id} twice");
            }
            (Command::ClaimJob { job, expected_token, .. }, Ok(Outcome::Job { id, token })) => {
                totals.count("jobs taken over");
                assert_eq!((job, &self.tokens[job]), (id, expected_token), "claimed with a stale token");
                assert!(
                    self.tokens.insert(*id, *token).is_some_and(|old| old < *token),
                    "token {token} again"
                );
            }
            (Command::UpdateJob { job, token, update }, Ok(_)) => {
                totals.count("job updates");
                assert_eq!(self.tokens[job], *token, "job {job} was changed with a stale token");
                assert!(before.jobs[job].state.is_active(), "job {job} was changed after its end");
                for command in &update.publish {
                    if let Command::PutSetting { name, value } = command {
                        self.published.insert(name.clone(), value.clone());
                    }
                }
            }
            (Command::UpdateJob { job, token, .. }, Err(_))
                if self.tokens.get(job).is_some_and(|current| current != token) =>
            {
                totals.count("job updates with a stale token, refused");
            }
            (Command::ControlJob { job, control }, Ok(_)) => {
                totals.count("jobs controlled");
                // An owner that was working on it does not know of its new direction.
                if *control != JobControl::Cancel {
                    let token = after.jobs[job].token;
                    assert!(
                        self.tokens.insert(*job, token).is_some_and(|old| old < token),
                        "the token stayed"
                    );
                }
            }
            _ => {}
        }
        let unfinished: Vec<&Job> =
            after.jobs.values().map(|job| &**job).filter(|job| job.state.is_unfinished()).collect();
        for (at, one) in unfinished.iter().enumerate() {
            for other in &unfinished[at + 1..] {
                let locks = other.action.locks();
                let both =
                    one.action.locks().into_iter().find(|lock| locks.iter().any(|l| l.conflicts(lock)));
                assert!(both.is_none(), "jobs {} and {} both hold {both:?}", one.id, other.id);
            }
        }
    }

    /// No two holders of one number may give values of the same time.
    fn took_worker(&mut self, worker: u16, node: NodeId, now: u64, ceiling: u64, totals: &mut Totals) {
        totals.count("time workers taken");
        self.free_workers(node);
        let known = self.workers.entry(worker).or_default();
        assert!(known.0.is_none(), "worker {worker} is node {:?}'s, and was given to node {node}", known.0);
        assert!(known.1 <= now, "worker {worker}: times up to {} may be given twice, from {now} on", known.1);
        *known = (Some(node), ceiling);
    }

    fn free_workers(&mut self, node: NodeId) {
        self.workers.values_mut().filter(|known| known.0 == Some(node)).for_each(|known| known.0 = None);
    }

    /// What was published is there, all of it and nothing else.
    pub fn at_the_end(&self, catalog: &Catalog) {
        let found: BTreeMap<String, String> = catalog
            .settings
            .iter()
            .filter(|(name, _)| name.starts_with("job"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        assert_eq!(found, self.published, "what jobs have published");
    }
}
