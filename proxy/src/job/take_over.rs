//! Statements of an earlier owner: ended before the next owner does anything on the same instance.

use std::rc::Rc;
use std::time::Duration;

use ostrakon_catalog::job::JobId;

use super::run::Run;
use crate::backend::pool::Pool;
use crate::error::SqlError;

const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// In front of each physical statement of a job.
pub fn mark(job: JobId, token: u64) -> String {
    format!("/*ostrakon job={job} token={token}*/ ")
}

/// Makes sure that no statement of this job runs on the instance but this process's own. Asked once for each instance, and again when a
/// connection to it was lost.
pub async fn clean(run: &Rc<Run>, pool: &Rc<Pool>) -> Result<(), SqlError> {
    let instance = pool.instance.id;
    if run.is_clean(instance) {
        return Ok(());
    }
    loop {
        let mut connection = pool.acquire(false).await?;
        // Both engines; the statement's own text does not begin with the mark.
        let listed = connection
            .query(&format!(
                "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '/*ostrakon job={} token=%'",
                run.id
            ))
            .await?;
        let own = run.live_connections(pool);
        let ids: Vec<u32> =
            (0..listed.rows.len()).filter_map(|row| listed.text(row, 0).parse().ok()).collect();
        let foreign: Vec<u32> = ids.into_iter().filter(|id| !own.contains(id)).collect();
        if foreign.is_empty() {
            run.note_clean(instance);
            return Ok(());
        }
        for id in foreign {
            tracing::info!(job = run.id, instance = %pool.instance.name, connection = id, "ends an earlier owner's statement");
            // The whole connection: it is a job engine's own, and its owner could send another statement over it.
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
