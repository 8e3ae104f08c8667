//! A commit that begins in the same write as the statements of its transaction: what makes each branch ready stands behind them in one train.
//!
//! Nobody looks between at what the statements came to, so what stands behind a statement that failed must do no harm:
//! - the deciding branch is opened by `SET autocommit = 0`. After an error that ends the transaction, what follows begins another one, which nobody commits;
//! - an XA branch refuses all that follows such an error (1399, 1614; tried: MariaDB 10.11, MySQL 9.7);
//! - after other errors a branch is prepared without what the statement was to write, and rolled back like that.
//!
//! The deciding COMMIT is no part of the train: it is sent when all statements and all that makes ready were acknowledged, as `machine` demands.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::background;
use super::machine;
use super::run::{Commit, PREPARE_LIMIT, Rows, follow, place, preparing};
use crate::error::SqlError;
use crate::exec::lease::Lease;
use crate::failpoint::{self, Reached};
use crate::session::{Failure, Session};

/// What is queued behind the statements of a transaction.
pub struct Train {
    /// How many answers it brings, by branch.
    queued: Vec<usize>,
    begun: Instant,
}

impl Session {
    /// Queues what makes the transaction's branches ready behind the statements that are queued on them. All of them write; the leases are in the branches' order.
    ///
    /// Errors: nothing was sent, and the connections cannot be used any more.
    pub async fn couple(&mut self, leases: &mut [Lease]) -> Result<Train, SqlError> {
        let coupled = self.couple_all(leases).await;
        if coupled.is_err() {
            for lease in leases {
                lease.connection.mark_broken();
            }
        }
        coupled
    }

    async fn couple_all(&mut self, leases: &mut [Lease]) -> Result<Train, SqlError> {
        let branches = &self.transaction.branches;
        let (Some(id), true) = (self.transaction.id, branches.len() == leases.len()) else {
            return Err(SqlError::other(
                "Internal error (please report): a write over several groups without a branch in each",
            ));
        };
        let rows = Rows::of(id, branches);
        let settings = self.settings_of_commits();
        let begun = Instant::now();
        let mut queued = Vec::with_capacity(leases.len());
        let wrote: Vec<bool> = branches.iter().map(|branch| branch.wrote).collect();
        let (_, actions) = machine::start(&wrote);
        for ((branch, lease), action) in branches.iter().zip(leases).zip(actions) {
            if failpoint::reach(place(action).0).await? == Reached::Drop {
                lease.connection.sever();
            }
            let changes = lease.connection.queue_settings_behind(&settings);
            let statements = preparing(branch, &rows);
            for statement in &statements {
                lease.connection.queue_query(statement.as_bytes());
            }
            queued.push(changes + statements.len());
        }
        Ok(Train { queued, begun })
    }

    /// Commits the transaction, whose statements have all been done.
    ///
    /// Errors: those of `commit_all`.
    pub async fn commit_train(&mut self, train: Train) -> Result<(), Failure> {
        let Some(id) = self.transaction.id else {
            return Err(
                SqlError::other("Internal error (please report): a train without a transaction").into()
            );
        };
        self.worker.node.commits.two_phase.fetch_add(1, Ordering::Relaxed);
        let mut commit = Commit::new(id, self.transaction.end());
        let wrote: Vec<bool> = commit.branches.iter().map(|branch| branch.wrote).collect();
        let (state, actions) = machine::start(&wrote);
        let mut events = Vec::with_capacity(actions.len());
        for (action, answers) in actions.into_iter().zip(train.queued) {
            let limit = PREPARE_LIMIT.saturating_sub(train.begun.elapsed());
            events.extend(commit.receive(action, answers, limit).await);
        }
        let (state, actions) = follow(state, events);
        self.go_on(commit, state, actions).await
    }

    /// Rolls the transaction back, whatever its statements and what stands behind them came to, and whichever answers were read. Returns the groups where not
    /// all of it could be rolled back.
    pub async fn take_back(&mut self) -> Vec<String> {
        background::take_back(self.transaction.end()).await
    }

    /// The same without waiting, for a client that is gone. Nothing of it can be committed: a branch that is prepared need not wait for a resolver.
    pub fn take_back_behind(&mut self) {
        background::take_back_behind(&self.worker, self.transaction.end());
    }
}
