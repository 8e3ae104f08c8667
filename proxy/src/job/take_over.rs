//! What an earlier owner of a job has left on an instance: ended before the next owner does anything there.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use ostrakon_catalog::job::JobId;

use super::fence;
use super::run::Run;
use crate::backend::connection::Connection;
use crate::backend::pool::Pool;
use crate::error::SqlError;

const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// In front of each physical statement of a job.
pub fn mark(job: JobId, token: u64) -> String {
    format!("/*ostrakon job={job} token={token}*/ ")
}

/// Makes sure that no connection for this job is open on the instance but this process's own. Asked once for each instance, and again when a
/// connection to it was lost.
pub async fn clean(run: &Rc<Run>, pool: &Rc<Pool>, connection: &mut Connection) -> Result<(), SqlError> {
    let instance = pool.instance.id;
    if run.is_clean(instance) {
        return Ok(());
    }
    loop {
        let mut foreign = holders(run, connection).await?;
        foreign.extend(statements(run, connection).await?);
        let own = run.fenced_connections(instance);
        foreign.retain(|id| !own.contains(id));
        if foreign.is_empty() {
            run.note_clean(instance);
            return Ok(());
        }
        // Who has slept and lost the job must not end its new owner's.
        run.confirm_owner().await?;
        for id in foreign {
            tracing::info!(job = run.id, instance = %pool.instance.name, connection = id, "ends an earlier owner's connection");
            // Not only what it runs: its owner could send another statement over it.
            match connection.query(&format!("KILL {id}")).await {
                // 1094: it has ended by itself.
                Ok(_) => {}
                Err(e) if e.errno == 1094 => {}
                Err(e) => return Err(e),
            }
        }
        // A killed ALTER goes back first, which takes its time.
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Connections that have one of the job's locks, whether or not they run anything.
async fn holders(run: &Run, connection: &mut Connection) -> Result<BTreeSet<u64>, SqlError> {
    let names = fence::lock_names(run.worker.node.meta.cluster(), run.id);
    let asked: Vec<String> = names.iter().map(|name| format!("IS_USED_LOCK('{name}')")).collect();
    let answer = connection.query(&format!("SELECT {}", asked.join(", "))).await?;
    Ok((0..names.len()).filter_map(|column| answer.text(0, column).parse().ok()).collect())
}

/// Connections that run a statement of the job.
async fn statements(run: &Run, connection: &mut Connection) -> Result<BTreeSet<u64>, SqlError> {
    // Both engines; this statement's own text does not begin with the mark.
    let sql = format!(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '/*ostrakon job={} token=%'",
        run.id
    );
    let listed = connection.query(&sql).await?;
    Ok((0..listed.rows.len()).filter_map(|row| listed.text(row, 0).parse().ok()).collect())
}
