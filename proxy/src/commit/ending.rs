//! The statements that end a branch, and reading their answers.

use std::time::{Duration, Instant};

use crate::error::{BACKEND_FAILED, SqlError};
use crate::failpoint::{self, Reached};
use crate::session::transaction::Branch;

/// How a branch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All in one: the only branch that wrote, or a plain one.
    Commit,
    /// It is active.
    RollBack,
    /// It only read: what is cheapest.
    Release,
    /// It is prepared.
    CommitPrepared,
    RollBackPrepared,
}

const AUTOCOMMIT: &str = "SET autocommit = 1";

impl Ending {
    pub(super) fn statements(self, branch: &Branch) -> Vec<String> {
        if branch.without_autocommit {
            return match self {
                Self::Commit | Self::Release | Self::CommitPrepared => {
                    vec!["COMMIT".to_owned(), AUTOCOMMIT.to_owned()]
                }
                // It would commit what a ROLLBACK that fails has left: it is sent when that is done.
                Self::RollBack | Self::RollBackPrepared => vec!["ROLLBACK".to_owned()],
            };
        }
        match (branch.xid.as_ref().map(|xid| &xid.literal), self) {
            (None, Self::Commit | Self::Release | Self::CommitPrepared) => vec!["COMMIT".to_owned()],
            (None, Self::RollBack | Self::RollBackPrepared) => vec!["ROLLBACK".to_owned()],
            (Some(xid), Self::Commit) => vec![format!("XA END {xid}"), format!("XA COMMIT {xid} ONE PHASE")],
            (Some(xid), Self::RollBack | Self::Release) => {
                vec![format!("XA END {xid}"), format!("XA ROLLBACK {xid}")]
            }
            (Some(xid), Self::CommitPrepared) => vec![format!("XA COMMIT {xid}")],
            (Some(xid), Self::RollBackPrepared) => vec![format!("XA ROLLBACK {xid}")],
        }
    }
}

impl Branch {
    /// Sends these statements in one write. How many answers `receive` has to read: none when the connection is lost.
    pub async fn send(&mut self, statements: &[String]) -> usize {
        let Some(connection) = self.connection.as_mut().filter(|c| !c.is_broken()) else { return 0 };
        for statement in statements {
            connection.queue_query(statement.as_bytes());
        }
        // A failed write shows when its answer is read.
        let _ = connection.flush().await;
        statements.len()
    }

    /// A failpoint: nothing in release builds.
    pub async fn reach(&mut self, place: &'static str) -> Result<(), SqlError> {
        if let (Reached::Drop, Some(connection)) = (failpoint::reach(place).await?, self.connection.as_mut())
        {
            connection.sever();
        }
        Ok(())
    }

    pub async fn send_ending(&mut self, ending: Ending) -> usize {
        let statements = ending.statements(self);
        self.send(&statements).await
    }

    /// Reads the answers of what `send` sent, within a time: each statement's error, or none.
    ///
    /// Errors: the connection is lost or silent, and is marked as broken.
    pub async fn receive(
        &mut self,
        answers: usize,
        limit: Duration,
    ) -> Result<Vec<Option<SqlError>>, SqlError> {
        let lost =
            || SqlError::new(BACKEND_FAILED, "HY000", format!("Lost connection to group {}", self.name));
        let usable = self.connection.as_mut().filter(|c| answers > 0 && !c.is_broken());
        let Some(connection) = usable else { return Err(lost()) };
        let reading = async {
            connection.read_prefix().await?;
            let (mut errors, mut warned) = (Vec::with_capacity(answers), false);
            for _ in 0..answers {
                match connection.read_queued().await {
                    Ok(answer) => {
                        warned |= answer.warnings > 0;
                        errors.push(None);
                    }
                    Err(e) if connection.is_broken() => return Err(e),
                    Err(e) => errors.push(Some(e)),
                }
            }
            Ok((errors, warned))
        };
        let result = tokio::time::timeout(limit, reading).await.unwrap_or_else(|_| {
            let text = format!("Group {} did not answer its COMMIT in time", self.name);
            Err(SqlError::new(BACKEND_FAILED, "HY000", text))
        });
        match result {
            Ok((errors, warned)) => {
                self.warned = warned;
                Ok(errors)
            }
            Err(e) => {
                connection.mark_broken();
                self.unanswered = true;
                Err(e)
            }
        }
    }

    /// Reads all answers that are still to come, within a time, whatever they say. Whether the last one is no error.
    ///
    /// Errors: the connection is lost or silent, and is marked as broken.
    pub async fn drain(&mut self, limit: Duration) -> Result<bool, SqlError> {
        let mut good = false;
        let begun = Instant::now();
        while self.connection.as_ref().is_some_and(|connection| connection.has_answers()) {
            let errors = self.receive(1, limit.saturating_sub(begun.elapsed())).await?;
            good = matches!(errors.as_slice(), [None]);
        }
        Ok(good)
    }

    /// Reads the answers that end the branch. Its connection is free afterwards, or marked as broken.
    ///
    /// Errors: the first; XA END's does not matter when the rollback behind it is done.
    pub async fn receive_ending(
        &mut self,
        answers: usize,
        ending: Ending,
        limit: Duration,
    ) -> Result<(), SqlError> {
        let mut errors = self.receive(answers, limit).await?;
        let rolled_back = matches!(ending, Ending::RollBack | Ending::Release);
        let ended = match errors.last() {
            Some(None) if rolled_back => None,
            _ => errors.iter_mut().find_map(Option::take),
        };
        if let Some(connection) = self.connection.as_mut() {
            let rolled_back = matches!(ending, Ending::RollBack | Ending::RollBackPrepared);
            match &ended {
                None if self.without_autocommit && rolled_back => {
                    let restored = tokio::time::timeout(limit, connection.query(AUTOCOMMIT)).await;
                    match restored {
                        Ok(Ok(_)) => connection.in_transaction = false,
                        _ => connection.mark_broken(),
                    }
                }
                None => connection.in_transaction = false,
                Some(_) => connection.mark_broken(),
            }
        }
        ended.map_or(Ok(()), Err)
    }
}

/// Ends all these branches in parallel: writes first, then reads. One that its server does not end is closed, which ends it too.
pub async fn end_all(branches: &mut [Branch], ending: Ending, limit: Duration) {
    let mut sent = Vec::with_capacity(branches.len());
    for branch in branches.iter_mut() {
        sent.push(branch.send_ending(ending).await);
    }
    for (branch, sent) in branches.iter_mut().zip(sent) {
        let _ = branch.receive_ending(sent, ending, limit).await;
    }
}
