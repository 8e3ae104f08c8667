//! Work on a gather connection while an eye is kept on the client and on the time: a server that stands still (a full disk, a table that is being
//! altered) must not hold a statement that nobody waits for.
//!
//! **Invariant:** work that is given up leaves a connection with an answer outstanding, which is closed; its temporary tables go with it.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::backend::pool::{Pool, Pooled};
use crate::error::SqlError;
use crate::exec::watch::{self, Watched};
use crate::session::Failure;

/// Work that is done within this time is not watched: watching costs a system call.
const UNWATCHED: Duration = Duration::from_millis(20);

/// How long a statement's gathering may take.
#[derive(Clone, Debug)]
pub struct Deadline {
    pub at: Instant,
    /// What the statement ends with then.
    pub late: SqlError,
}

/// Watches work on one connection.
#[derive(Clone)]
pub struct Guard {
    pool: Rc<Pool>,
    /// The server's number for the connection.
    connection: u32,
    deadline: Deadline,
}

impl Guard {
    pub fn new(connection: &Pooled, deadline: Deadline) -> Self {
        Self { pool: Rc::clone(connection.pool()), connection: connection.id, deadline }
    }

    /// The same for work on another connection.
    pub fn on(&self, connection: &Pooled) -> Self {
        Self::new(connection, self.deadline.clone())
    }

    /// Does the work. When the client leaves, the statement is killed or its time is over, the server is told to end it, and the work is given up.
    pub async fn watch<T>(
        &self,
        work: impl Future<Output = Result<T, SqlError>>,
        watched: Watched<'_>,
    ) -> Result<T, Failure> {
        let Watched { client, entry, statement, .. } = watched;
        let mut work = pin!(work);
        if let Ok(done) = tokio::time::timeout(UNWATCHED, &mut work).await {
            return Ok(done?);
        }
        entry.show_statement(statement);
        let failure = loop {
            if entry.kill.connection.load(Ordering::SeqCst) {
                break Failure::ClientGone;
            }
            if entry.kill.query.swap(false, Ordering::SeqCst) {
                break SqlError::interrupted().into();
            }
            tokio::select! {
                done = &mut work => return Ok(done?),
                () = client.hung_up() => break Failure::ClientGone,
                () = tokio::time::sleep_until(self.deadline.at.into()) => {
                    break self.deadline.late.clone().into();
                }
                () = entry.kill.wake.notified() => {}
            }
        };
        watch::kill_query(&self.pool, self.connection);
        Err(failure)
    }
}
