//! Waiting for a backend while an eye is kept on the client: who hangs up or is killed cancels the work.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::backend::connection::Connection;
use crate::backend::pool::Pool;
use crate::frontend::Frontend;
use crate::registry::SessionEntry;
use crate::session::Failure;

/// A statement that answers within this time is not watched: watching costs a system call.
const UNWATCHED: Duration = Duration::from_millis(20);

/// Reads more of the backend's answer, `need` bytes in the end. When the client leaves meanwhile, the statement is killed and `ClientGone` returned; KILL QUERY is
/// passed on to the server, whose error then comes as the answer. SHOW PROCESSLIST shows the `statement` from now on.
pub async fn fill(
    connection: &mut Connection,
    need: usize,
    pool: &Rc<Pool>,
    client: &Frontend,
    entry: &SessionEntry,
    statement: &[u8],
) -> Result<(), Failure> {
    if let Ok(filled) = tokio::time::timeout(UNWATCHED, connection.fill(need)).await {
        return Ok(filled?);
    }
    entry.show_statement(statement);
    let mut passed_on = false;
    loop {
        if entry.kill.query.load(Ordering::SeqCst) && !passed_on {
            passed_on = true;
            kill_query(pool, connection.id);
        }
        tokio::select! {
            filled = connection.fill(need) => return Ok(filled?),
            () = client.hung_up() => {
                kill_query(pool, connection.id);
                connection.mark_broken();
                return Err(Failure::ClientGone);
            }
            () = entry.kill.wake.notified() => {}
        }
    }
}

/// Ends the statement that a backend connection runs, over another connection, without waiting.
pub fn kill_query(pool: &Rc<Pool>, id: u32) {
    let pool = Rc::clone(pool);
    tokio::task::spawn_local(async move {
        let killed = match crate::backend::connection::Connection::connect(&pool.instance, 1, false).await {
            Ok(mut connection) => connection.query(&format!("KILL QUERY {id}")).await.map(|_| ()),
            Err(e) => Err(e),
        };
        if let Err(e) = killed {
            // 1094: the statement had ended already.
            tracing::debug!(instance = %pool.instance.name, connection = id, error = %e.message, "KILL QUERY failed");
        }
    });
}
