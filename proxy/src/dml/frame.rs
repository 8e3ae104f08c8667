//! The transaction that a statement of many steps runs in: the session's, of which a failure takes back this statement alone, or one of its own.

use std::rc::Rc;

use crate::backend::settings::Settings;
use crate::exec::write::now;
use crate::session::{Failure, Session};

/// Where the statement began, in every branch: those that open later set it too.
const START: &str = "__ostrakon_rows_first";

/// What must be put back when the statement ends.
pub(super) struct Frame {
    alone: bool,
    settings: Rc<Settings>,
}

impl Frame {
    /// The client's `character_set_results`.
    pub(super) fn results(&self) -> Option<&str> {
        self.settings.get("character_set_results")
    }
}

impl Session {
    /// Begins: all steps have one moment, and nothing of the session's cuts or converts the rows that they give to one another.
    pub(super) async fn open_frame(&mut self) -> Result<Frame, Failure> {
        let alone = !self.transaction.applies();
        if alone {
            self.transaction.begin_statement();
        } else {
            self.savepoint(START).await?;
        }
        let settings = Rc::clone(&self.settings);
        let mut inner = settings
            .without("sql_select_limit")
            .with("character_set_client", "'utf8mb4'".to_owned())
            .with("character_set_results", "'utf8mb4'".to_owned());
        if settings.get("timestamp").is_none() {
            inner = inner.with("timestamp", now());
        }
        if self.mode.server.mariadb {
            // In a query, not in a write, MariaDB keeps a subquery's value for all rows that are equal by the collations of what it reads.
            let off = match settings.get("optimizer_switch") {
                Some(all) => all.replace("subquery_cache=on", "subquery_cache=off"),
                None => "'default,subquery_cache=off'".to_owned(),
            };
            inner = inner.with("optimizer_switch", off);
        }
        self.settings = self.worker.intern(inner);
        Ok(Frame { alone, settings })
    }

    /// Ends it: commits what was the statement's own, and takes back what failed.
    pub(super) async fn close_frame<T>(
        &mut self,
        frame: Frame,
        done: Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.settings = frame.settings;
        match done {
            Ok(done) if frame.alone => {
                self.commit_all().await?;
                Ok(done)
            }
            Ok(done) => {
                self.release_savepoint(START).await?;
                Ok(done)
            }
            Err(e) => {
                // A deadlock has ended the transaction, here or in the step that it hit.
                let ended = matches!(&e, Failure::Sql(e) if e.ends_transaction());
                if frame.alone || ended {
                    self.rollback_all().await;
                } else if self.transaction.savepoints.iter().any(|name| name == START) {
                    let undone = match self.rollback_to(START).await {
                        Ok(()) => self.release_savepoint(START).await,
                        failed => failed,
                    };
                    if undone.is_err() {
                        // Where it cannot be undone the transaction must not go on.
                        self.rollback_all().await;
                    }
                }
                Err(e)
            }
        }
    }
}
