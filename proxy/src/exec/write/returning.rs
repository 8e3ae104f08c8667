//! Writes that return rows: statement after statement on each connection, all connections at once.
//!
//! Rows that nobody reads yet could fill the way back while the next statement fills the way there, so a connection gets its next statement when the
//! last one's answer was read.

use std::rc::Rc;

use super::{Answers, Part, Write};
use crate::backend::connection::Answer;
use crate::error::{INTERRUPTED, SqlError};
use crate::exec::lease::Lease;
use crate::exec::pass::NOTHING_GENERATED;
use crate::exec::returned::{Places, Returned};
use crate::exec::{send, watch};
use crate::session::{Failure, Session};

impl Session {
    /// Runs the parts over their connections, whose prefixes are queued. `keep`: the first part's rows are the answer, or all parts' are.
    pub(super) async fn run_returning(
        &mut self,
        write: &Write<'_>,
        parts: &[Part],
        leases: &mut [Lease],
        keep: impl Fn(usize) -> bool,
        returned: &mut Returned,
        answered: &mut Answers,
    ) -> Result<(), Failure> {
        let mut answers: Vec<Vec<Answer>> = parts.iter().map(|_| Vec::new()).collect();
        let rounds = parts.iter().map(|part| part.statements.len()).max().unwrap_or(0);
        for round in 0..rounds {
            for (part, lease) in parts.iter().zip(leases.iter_mut()) {
                let statements = write.execution.statements.get(part.statements.clone()).unwrap_or_default();
                let Some(statement) = statements.get(round..=round) else { continue };
                if write.plan.hides_generated {
                    lease.connection.queue_prefix(NOTHING_GENERATED);
                }
                send::queue(&mut lease.connection, write.execution, statement, write.sending)?;
                // A failed write shows when its answer is read.
                let _ = lease.connection.flush().await;
            }
            let mut failed: Option<SqlError> = None;
            for (index, ((part, lease), answers)) in
                parts.iter().zip(leases.iter_mut()).zip(&mut answers).enumerate()
            {
                let at = part.statements.start + round;
                if at >= part.statements.end {
                    continue;
                }
                if failed.as_ref().is_some_and(|e| e.errno == INTERRUPTED) {
                    // The KILL was passed on to one group; it is meant for the statement.
                    let pool = Rc::clone(lease.connection.pool());
                    watch::interrupt(&mut lease.connection, &pool);
                }
                match self.read_returning(write, at, lease, keep(index), returned, answered).await {
                    Ok(answer) => answers.push(answer),
                    Err(Failure::Sql(mut e)) => {
                        write.numbering().renumber(at, &mut e.message);
                        failed.get_or_insert(e);
                    }
                    Err(e) => return Err(e),
                }
            }
            if let Some(e) = failed {
                return Err(self.entry().kill.as_victim(e).into());
            }
        }
        answered.all.extend(answers);
        Ok(())
    }

    /// Reads one answer, and asks for what it does not tell.
    async fn read_returning(
        &mut self,
        write: &Write<'_>,
        at: usize,
        lease: &mut Lease,
        keep: bool,
        returned: &mut Returned,
        answered: &mut Answers,
    ) -> Result<Answer, Failure> {
        let pool = Rc::clone(lease.connection.pool());
        let connection = &mut lease.connection;
        while connection.has_prefix() {
            watch::packet(connection, &pool, self.watched()).await?;
            connection.read_one_prefix().await?;
        }
        let places = Places {
            first: write.first_row,
            numbers: write.execution.row_numbers.get(at).map(Vec::as_slice),
        };
        let kind = write.sending.response_kind();
        let mut answer = returned.read(lease, kind, places, keep, self.watched()).await?;
        if answer.warnings > 0 && keep {
            answered.warned.push((at, lease.connection.query("SHOW WARNINGS").await?));
            answered.warnings += u64::from(answer.warnings);
        }
        // They are asked for already.
        answer.warnings = 0;
        if write.plan.hides_generated && answer.affected_rows > 0 {
            let generated = lease.connection.query("SELECT LAST_INSERT_ID() LIMIT 1").await?;
            answer.last_insert_id = generated.text(0, 0).parse().unwrap_or(0);
        }
        Ok(answer)
    }
}
