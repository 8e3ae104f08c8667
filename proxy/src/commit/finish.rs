//! What becomes of a branch whose session could not end it: the arbiter is asked, and the branch is brought to the decision.
//!
//! Sessions use it when a commit goes wrong, the resolver for what crashes left. **Invariants:** nothing here commits a branch without a decision
//! that was read as committed; XAER_NOTA alone never means that a branch is done.

use std::rc::Rc;
use std::time::Duration;

use super::counters::{COUNTERS, count, raise};
use super::system_schema::{self, Decision, SCHEMA};
use super::xid::{TransactionId, Xid};
use crate::backend::connection::{Answer, Connection};
use crate::backend::pool::Pool;
use crate::backend::settings::Settings;
use crate::error::{DUPLICATE_KEY, SqlError};
use crate::failpoint::{self, Reached};
use crate::node::ServerInfo;

/// Tries to finish one branch that is listed and answers XAER_NOTA, and the pause between them.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(120);
/// Looks for the row of a branch that somebody else commits at this moment.
const LOOKS: u32 = 10;

/// Seconds that the arbiter's question waits for a COMMIT that is under way, before it fails with 1205.
const LOCK_WAIT_S: u32 = 1;

/// XAER_NOTA: no such branch, or one that another connection holds.
const NOTA: u16 = 1397;
/// XAER_RMERR: what MySQL answers to XA RECOVER without the privilege for it.
const RM_ERROR: u16 = 1401;
/// XA_RBROLLBACK: MariaDB says it of a branch that has changed nothing.
const ROLLED_BACK: u16 = 1402;

/// A failpoint on a connection's way.
async fn pass(place: &'static str, connection: &mut Connection) -> Result<(), SqlError> {
    if failpoint::reach(place).await? == Reached::Drop {
        connection.sever();
    }
    Ok(())
}

/// Makes the system schema where it is missing. It looks first, so that nothing gets into the binary log each time.
pub async fn ensure_schema(connection: &mut Connection) -> Result<(), SqlError> {
    if has_schema(connection).await? {
        return Ok(());
    }
    for statement in system_schema::CREATE {
        connection.query(statement).await?;
    }
    tracing::info!(instance = connection.instance(), "made the system schema {SCHEMA}");
    Ok(())
}

/// Whether the system schema is there.
pub async fn has_schema(connection: &mut Connection) -> Result<bool, SqlError> {
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{SCHEMA}' AND TABLE_NAME IN ('decision', 'branch')"
    );
    Ok(connection.query(&sql).await?.text(0, 0) == "2")
}

/// Decides a transaction: enters "aborted" for it, and reads what is there when somebody was first. The connection is one to the deciding
/// instance, outside of a transaction. While the coordinator's COMMIT is under way this waits for its end.
///
/// Errors: the outcome is not known; asking again is safe.
pub async fn arbitrate(connection: &mut Connection, id: TransactionId) -> Result<Decision, SqlError> {
    let insert = system_schema::insert_decision(&id.literal(), Decision::Aborted, "''");
    // Not with what a session has SET before, such as READ ONLY.
    connection.queue_settings(&Rc::new(
        Settings::default().with("innodb_lock_wait_timeout", LOCK_WAIT_S.to_string()),
    ));
    pass("finish/arbitrate/before", connection).await?;
    let mut entered = connection.query(&insert).await;
    if let Err(e) = &entered
        && e.is_missing()
    {
        ensure_schema(connection).await?;
        entered = connection.query(&insert).await;
    }
    match entered {
        Ok(_) => {
            // On a server whose autocommit is off nothing is decided yet.
            connection.query("COMMIT").await?;
            pass("finish/arbitrate/after", connection).await?;
            Ok(Decision::Aborted)
        }
        Err(e) if e.errno == DUPLICATE_KEY => {
            let decision = read_decision(connection, id).await;
            connection.query("COMMIT").await?;
            decision?.ok_or_else(|| {
                SqlError::other(format!(
                    "The decision of transaction '{id}' on instance '{}' was removed while it was read; ask again",
                    connection.instance()
                ))
            })
        }
        Err(e) => Err(e),
    }
}

/// The decision as it is committed; `None` when there is none, or none any longer. While somebody enters one this waits for it.
pub async fn read_decision(
    connection: &mut Connection,
    id: TransactionId,
) -> Result<Option<Decision>, SqlError> {
    let sql = format!("{} LOCK IN SHARE MODE", system_schema::select_decision(&id.literal()));
    let answer = match connection.query(&sql).await {
        Ok(answer) => answer,
        Err(e) if e.is_missing() => return Ok(None),
        Err(e) => return Err(e),
    };
    if answer.rows.is_empty() {
        return Ok(None);
    }
    let code = answer.text(0, 0);
    let unreadable = || {
        SqlError::other(format!(
            "The decision of transaction '{id}' on instance '{}' reads '{code}': a newer version wrote it",
            connection.instance()
        ))
    };
    Decision::from_code(&code).map(Some).ok_or_else(unreadable)
}

/// Our branches that the server holds prepared.
pub async fn recovered(connection: &mut Connection) -> Result<Vec<Xid>, SqlError> {
    let answer = match connection.query("XA RECOVER").await {
        Ok(answer) => answer,
        Err(e) if e.errno == RM_ERROR => {
            return Err(SqlError::new(
                e.errno,
                &e.sqlstate,
                format!(
                    "Instance '{}' does not show its prepared transactions: grant XA_RECOVER_ADMIN to its account ({})",
                    connection.instance(),
                    e.message
                ),
            ));
        }
        Err(e) => return Err(e),
    };
    Ok(ours(&answer))
}

/// Our branches in the answer to XA RECOVER.
pub fn ours(answer: &Answer) -> Vec<Xid> {
    let cell = |row: &Vec<Option<Vec<u8>>>, at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    let ours = answer.rows.iter().filter_map(|row| {
        let number = |at| String::from_utf8_lossy(&cell(row, at)).parse::<u64>().ok();
        let gtrid_length = usize::try_from(number(1)?).ok()?;
        Xid::recovered(number(0)?, gtrid_length, &cell(row, 3))
    });
    ours.collect()
}

/// Brings one prepared branch to the decision, whoever has prepared it. Done means: it is finished, by this call or by another.
///
/// Errors: it may be prepared still, and must be tried again: the server cannot be reached, is read-only (1290, 1836), or the connection that holds
/// the branch would not go.
pub async fn finish_branch(pool: &Rc<Pool>, xid: &Xid, decision: Decision) -> Result<(), SqlError> {
    let mut connection = pool.acquire(false).await?;
    connection.queue_settings(&Rc::default());
    let sql = match decision {
        Decision::Committed => format!("XA COMMIT {}", xid.literal()),
        Decision::Aborted => format!("XA ROLLBACK {}", xid.literal()),
    };
    pass("finish/branch/before", &mut connection).await?;
    let mut last = None;
    for attempt in 0..TRIES {
        let e = match connection.query(&sql).await {
            Ok(_) => {
                count(match decision {
                    Decision::Committed => &COUNTERS.resolved_commits,
                    Decision::Aborted => &COUNTERS.resolved_rollbacks,
                });
                pass("finish/branch/after", &mut connection).await?;
                let mariadb = ServerInfo::parse_version(&connection.version).mariadb;
                return match decision {
                    // It answers OK and commits nothing when the connection that had prepared the branch was reset.
                    Decision::Committed if mariadb => look_for_branch(&mut connection, xid).await,
                    _ => Ok(()),
                };
            }
            Err(e) => e,
        };
        match (e.errno, decision) {
            (NOTA, _) => {
                count(&COUNTERS.nota);
                if !recovered(&mut connection).await?.contains(xid) {
                    return match decision {
                        Decision::Committed => look_for_branch(&mut connection, xid).await,
                        Decision::Aborted => Ok(()),
                    };
                }
                // The first time somebody else may be at it.
                if attempt > 0 {
                    end_holder(&mut connection, xid.transaction, xid.connection).await?;
                }
                last = Some(e);
                tokio::time::sleep(PAUSE).await;
            }
            // The branch is gone from the server with this answer.
            (ROLLED_BACK, Decision::Committed) => {
                count(&COUNTERS.rolled_back_branches);
                return look_for_branch(&mut connection, xid).await;
            }
            (ROLLED_BACK, Decision::Aborted) => return Ok(()),
            _ => return Err(e),
        }
    }
    Err(last.unwrap_or_else(|| SqlError::other(format!("Branch {xid} is still held"))))
}

/// Ends the connection `holder` of the transaction, if it is still there and in a transaction: the branch's own, as MariaDB lets no other finish the
/// branch before, or the deciding branch's, which holds the decision's key.
/// Numbers of connections begin anew when a server starts, so one that has no transaction is somebody else.
pub async fn end_holder(
    connection: &mut Connection,
    transaction: TransactionId,
    holder: u32,
) -> Result<(), SqlError> {
    let look =
        format!("SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = {holder}");
    match connection.query(&look).await {
        Ok(answer) if answer.text(0, 0) == "0" => return Ok(()),
        // Without the privilege to look there is only the number to go by.
        Ok(_) => {}
        Err(e) if !connection.is_broken() => {
            tracing::debug!(instance = connection.instance(), error = %e.message, "INNODB_TRX cannot be read");
        }
        Err(e) => return Err(e),
    }
    match connection.query(&format!("KILL {holder}")).await {
        Ok(_) => {
            count(&COUNTERS.killed_owners);
            tracing::info!(instance = connection.instance(), %transaction, holder, "ended the connection that held a branch");
            Ok(())
        }
        // 1094: it has gone by itself.
        Err(e) if e.errno == 1094 => Ok(()),
        Err(e) => Err(e),
    }
}

/// After a branch was committed: its own row must be there, else its writes are not either, and that must not pass in silence.
async fn look_for_branch(connection: &mut Connection, xid: &Xid) -> Result<(), SqlError> {
    let sql = system_schema::select_branch(&xid.transaction.literal(), xid.ordinal);
    for look in 0..LOOKS {
        if look > 0 {
            // Another connection may be committing it.
            tokio::time::sleep(PAUSE).await;
        }
        match connection.query(&sql).await {
            Ok(answer) if answer.rows.is_empty() => {}
            Ok(_) => return Ok(()),
            Err(e) if e.is_missing() => {}
            Err(e) => return Err(e),
        }
    }
    if recovered(connection).await?.contains(xid) {
        return Err(SqlError::other(format!("Branch {xid} is still prepared")));
    }
    raise(
        connection.instance(),
        &xid.transaction.to_string(),
        &format!(
            "Transaction is committed, but its branch {} on this instance is neither prepared nor has it left its row: the branch's writes are lost. \
             Compare with the transaction's other groups (SHOW TRANS '{}'), and restart the server if rows of it stay locked",
            xid.ordinal, xid.transaction
        ),
    );
    Ok(())
}
