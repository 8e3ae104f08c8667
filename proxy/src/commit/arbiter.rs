//! What became of a transaction whose deciding COMMIT was not answered: the key of its decision row says so.

use std::rc::Rc;
use std::time::Duration;

use super::finish::{arbitrate, end_holder};
use super::machine::Event;
use super::xid::TransactionId;
use crate::backend::connection::Connection;
use crate::error::{LOCK_WAIT_TIMEOUT, SqlError};
use crate::worker::Worker;

const TRY_AGAIN: Duration = Duration::from_millis(200);

/// Asks until the deciding instance answers or the time is over. `connection`: the deciding branch's, on the server.
pub async fn ask(worker: &Rc<Worker>, id: TransactionId, connection: Option<u32>, limit: Duration) -> Event {
    let asking = async {
        loop {
            match try_once(worker, id, connection).await {
                Ok(event) => return event,
                Err(e) => {
                    tracing::debug!(transaction = %id, error = %e.message, "the arbiter cannot be asked yet")
                }
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    };
    tokio::time::timeout(limit, asking).await.unwrap_or(Event::ArbiterSilent)
}

async fn try_once(worker: &Rc<Worker>, id: TransactionId, owner: Option<u32>) -> Result<Event, SqlError> {
    let pool = worker.pool_of(id.instance)?;
    let mut connection = Connection::connect(&pool.instance, 1, false).await?;
    match arbitrate(&mut connection, id).await {
        Ok(decision) => Ok(Event::Arbiter(decision)),
        // The row is there, not committed: its transaction is open still, and nobody will go on with it.
        Err(e) if e.errno == LOCK_WAIT_TIMEOUT => {
            if let Some(owner) = owner {
                end_holder(&mut connection, id, owner).await?;
            }
            Err(e)
        }
        Err(e) => Err(e),
    }
}
