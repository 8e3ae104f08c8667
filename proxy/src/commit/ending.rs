//! The statements that end a branch, and reading their answers.

use std::time::Duration;

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

impl Ending {
    pub(super) fn statements(self, branch: &Branch) -> Vec<String> {
        if branch.without_autocommit {
            let end = match self {
                Self::Commit | Self::Release | Self::CommitPrepared => "COMMIT",
                Self::RollBack | Self::RollBackPrepared => "ROLLBACK",
            };
            return vec![end.to_owned(), "SET autocommit = 1".to_owned()];
        }
        match (branch.xid.map(|xid| xid.literal()), self) {
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
            let mut errors = Vec::with_capacity(answers);
            for _ in 0..answers {
                let error = connection.read_queued().await.err();
                match error {
                    Some(e) if connection.is_broken() => return Err(e),
                    error => errors.push(error),
                }
            }
            Ok(errors)
        };
        let result = tokio::time::timeout(limit, reading).await.unwrap_or_else(|_| {
            let text = format!("Group {} did not answer its COMMIT in time", self.name);
            Err(SqlError::new(BACKEND_FAILED, "HY000", text))
        });
        if result.is_err() {
            connection.mark_broken();
            self.unanswered = true;
        }
        result
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
            match &ended {
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
