//! Asks a server which of its connections waits for which.

use std::rc::Rc;
use std::time::Duration;

use ostrakon_catalog::schema::InstanceId;

use super::wait::Backend;
use crate::error::{BACKEND_FAILED, SqlError};
use crate::node::ServerInfo;
use crate::worker::Worker;

/// So long a server may take.
const LIMIT: Duration = Duration::from_secs(1);

/// So many waits of one server are looked at: a hot row with a thousand waiters has half a million.
const MOST: usize = 50_000;

/// InnoDB's waits of MariaDB. Thread 0 is a prepared branch without its connection, which the resolver ends.
const MARIADB: &str = "SELECT DISTINCT w.trx_mysql_thread_id, b.trx_mysql_thread_id FROM information_schema.innodb_lock_waits l \
    JOIN information_schema.innodb_trx w ON w.trx_id = l.requesting_trx_id \
    JOIN information_schema.innodb_trx b ON b.trx_id = l.blocking_trx_id \
    WHERE w.trx_mysql_thread_id <> 0 AND b.trx_mysql_thread_id <> 0";

/// The same of MySQL, which has had no innodb_lock_waits since 8.0.
const MYSQL: &str = "SELECT DISTINCT w.trx_mysql_thread_id, b.trx_mysql_thread_id FROM performance_schema.data_lock_waits l \
    JOIN information_schema.innodb_trx w ON w.trx_id = l.requesting_engine_transaction_id \
    JOIN information_schema.innodb_trx b ON b.trx_id = l.blocking_engine_transaction_id \
    WHERE w.trx_mysql_thread_id <> 0 AND b.trx_mysql_thread_id <> 0";

/// An instance's edges, from the connection that waits to the one that it waits for.
pub async fn ask(worker: Rc<Worker>, instance: InstanceId) -> Result<Vec<(Backend, Backend)>, SqlError> {
    let asking = async {
        let mut connection = worker.pool_of(instance)?.acquire(false).await?;
        let mariadb = ServerInfo::parse_version(&connection.version).mariadb;
        let sql = if mariadb { MARIADB } else { MYSQL };
        connection.query(&format!("{sql} LIMIT {MOST}")).await
    };
    let answer = match tokio::time::timeout(LIMIT, asking).await {
        Ok(answer) => answer?,
        Err(_) => {
            let text = format!("it did not say within {} s who waits for whom", LIMIT.as_secs());
            return Err(SqlError::new(BACKEND_FAILED, "HY000", text));
        }
    };
    let backend = |row: usize, column: usize| {
        let connection = answer.text(row, column).parse().ok()?;
        Some(Backend { instance, connection })
    };
    let edge = |row: usize| backend(row, 0).zip(backend(row, 1));
    Ok((0..answer.rows.len()).filter_map(edge).collect())
}
