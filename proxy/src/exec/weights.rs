//! How a collation's weights compare: asked of an instance when a merge first has a string of it, and kept for the node.

use std::sync::Arc;
use std::time::Duration;

use ostrakon_catalog::schema::Instance;

use crate::backend::connection::{Answer, Connection};
use crate::error::{BACKEND_UNREACHABLE, SqlError};
use crate::node::{Node, ServerInfo};
use ostrakon_merge::{CollationName, Collations};

/// What is known of collations, with this one, which `instance` is asked of.
///
/// Over a connection of its own: the statement holds some of the pool's, and another that waits here for one of them could wait for ever.
pub async fn learn(
    node: &Node,
    instance: &Instance,
    collation: &CollationName,
) -> Result<Arc<Collations>, SqlError> {
    let before = node.server.load_full();
    if before.weights.knows(collation) {
        return Ok(Arc::clone(&before.weights));
    }
    let limit = Duration::from_millis(node.config.limits.connect_timeout_ms);
    let asked = tokio::time::timeout(limit, ask(instance, collation, &before.weights)).await;
    let known = asked.unwrap_or_else(|_| {
        let what = format!("no answer within {} ms (limits.connect_timeout_ms)", limit.as_millis());
        Err(SqlError::new(BACKEND_UNREACHABLE, "HY000", what))
    });
    let known = known.map_err(|e| SqlError {
        message: format!(
            "Strings of collation {} from several physical tables could not be put in order: instance '{}' was to be asked how it \
             compares them, which a node does once for each collation. {}",
            collation.as_str(),
            instance.name,
            e.message
        ),
        ..e
    })?;
    tracing::debug!(instance = %instance.name, collation = collation.as_str(), "learnt how the collation's weights compare");
    let known = Arc::new(known);
    node.server.rcu(|now| match Arc::ptr_eq(&now.weights, &before.weights) {
        true => Arc::new(ServerInfo { weights: Arc::clone(&known), ..ServerInfo::clone(now) }),
        // Another version, or another session has learnt something: what is forgotten here is asked again.
        false => Arc::clone(now),
    });
    Ok(known)
}

async fn ask(
    instance: &Instance,
    collation: &CollationName,
    known: &Collations,
) -> Result<Collations, SqlError> {
    let mut known = known.clone();
    let mut connection = Connection::connect(instance, 1, false).await?;
    let mariadb = ServerInfo::parse_version(&connection.version).mariadb;
    let charset = connection.query(&collation.charset_query(mariadb)).await?.text(0, 0);
    let answer = match collation.probe_query(&charset) {
        Some(query) => connection.query(&query).await?,
        None => Answer::default(),
    };
    let row: Vec<Option<&[u8]>> = answer.rows.iter().flatten().map(Option::as_deref).collect();
    known.learn(collation, &row, mariadb);
    Ok(known)
}
