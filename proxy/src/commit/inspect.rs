//! What the servers say of transactions now: prepared branches of all instances, and one transaction's outcome.

use std::sync::Arc;
use std::time::Duration;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::Instance;
use tokio::task::JoinSet;

use super::finish::recovered;
use super::resolver::is_gone;
use super::system_schema::Decision;
use super::xid::{TransactionId, Xid};
use crate::backend::connection::Connection;
use crate::error::{BACKEND_UNREACHABLE, SqlError};

/// A prepared branch.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub xid: Xid,
    /// The group, by the branch's own row.
    pub group: Option<String>,
}

/// What one instance lists.
pub struct Listing {
    pub instance: Arc<Instance>,
    pub prepared: Result<Vec<Prepared>, SqlError>,
}

/// What is recorded of a transaction.
#[derive(Clone, Debug)]
pub struct Record {
    pub decision: Decision,
    /// Groups that wrote; empty when it was rolled back by whoever found it.
    pub groups: String,
}

/// What a transaction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Committed,
    RolledBack,
    /// It is under way, or the resolver will decide it.
    Undecided,
    /// No record: it never came to a commit over several groups, or it is older than the records.
    Unknown,
}

/// A connection of its own, within a time.
async fn connect(instance: &Instance, limit: Duration) -> Result<Connection, SqlError> {
    match tokio::time::timeout(limit, Connection::connect(instance, 1, false)).await {
        Ok(connection) => connection,
        Err(_) => Err(silent(instance, limit)),
    }
}

fn silent(instance: &Instance, limit: Duration) -> SqlError {
    let text = format!("Instance '{}' did not answer within {} ms", instance.name, limit.as_millis());
    SqlError::new(BACKEND_UNREACHABLE, "HY000", text)
}

/// Asks all instances at once.
pub async fn list_all(catalog: &Catalog, limit: Duration) -> Vec<Listing> {
    let mut asked = JoinSet::new();
    for instance in catalog.instances.values() {
        let instance = Arc::clone(instance);
        asked.spawn_local(async move {
            let asking = tokio::time::timeout(limit, list(&instance, limit));
            let prepared = asking.await.unwrap_or_else(|_| Err(silent(&instance, limit)));
            Listing { instance, prepared }
        });
    }
    let mut listings = asked.join_all().await;
    listings.sort_by(|one, other| one.instance.name.cmp(&other.instance.name));
    listings
}

async fn list(instance: &Instance, limit: Duration) -> Result<Vec<Prepared>, SqlError> {
    let mut connection = connect(instance, limit).await?;
    let xids = recovered(&mut connection).await?;
    if !xids.is_empty() {
        // A prepared branch's row is not committed.
        connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED").await?;
    }
    let mut prepared = Vec::with_capacity(xids.len());
    for xid in xids {
        let (id, ordinal) = (xid.transaction, xid.ordinal);
        let gtrid = id.literal();
        let sql =
            format!("SELECT name FROM `__ostrakon`.branch WHERE gtrid = {gtrid} AND ordinal = {ordinal}");
        let group = connection.query(&sql).await.ok().map(|answer| answer.text(0, 0));
        prepared.push(Prepared { xid, group: group.filter(|name| !name.is_empty()) });
    }
    Ok(prepared)
}

/// What the deciding instance has recorded. `None`: nothing.
pub async fn record(
    catalog: &Catalog,
    id: TransactionId,
    limit: Duration,
) -> Result<Option<Record>, SqlError> {
    let Some(instance) = catalog.instances.get(&id.instance) else {
        return Err(SqlError::other(format!(
            "Instance number {} that decides transaction '{id}' is not in the catalog",
            id.instance
        )));
    };
    let asking = async {
        let mut connection = connect(instance, limit).await?;
        // What is entered and not committed is nothing yet.
        let gtrid = id.literal();
        let sql = format!("SELECT state, branches FROM `__ostrakon`.decision WHERE gtrid = {gtrid}");
        match connection.query(&sql).await {
            Ok(answer) => {
                let decision = Decision::from_code(&answer.text(0, 0));
                Ok(decision.map(|decision| Record { decision, groups: answer.text(0, 1) }))
            }
            Err(e) if e.is_missing() => Ok(None),
            Err(e) => Err(e),
        }
    };
    tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| Err(silent(instance, limit)))
}

/// A transaction's outcome, the groups that wrote, and what there is to say.
pub async fn outcome(
    catalog: &Catalog,
    id: TransactionId,
    limit: Duration,
) -> Result<(Outcome, String, String), SqlError> {
    // The branches first: what is finished between the two questions has a record.
    let listings = list_all(catalog, limit).await;
    if let Some(Record { decision, groups }) = record(catalog, id, limit).await? {
        return Ok(match decision {
            Decision::Committed => (Outcome::Committed, groups, String::new()),
            Decision::Aborted => (Outcome::RolledBack, groups, String::new()),
        });
    }
    let holds = |listing: &Listing| {
        listing.prepared.as_ref().is_ok_and(|all| all.iter().any(|one| one.xid.transaction == id))
    };
    let holders: Vec<&str> = listings
        .iter()
        .filter(|listing| holds(listing))
        .map(|listing| listing.instance.name.as_str())
        .collect();
    if !holders.is_empty() {
        let text = format!("prepared on {}; it will be decided within seconds", holders.join(", "));
        return Ok((Outcome::Undecided, String::new(), text));
    }
    let silent: Vec<&str> = listings
        .iter()
        .filter(|listing| listing.prepared.is_err())
        .map(|listing| listing.instance.name.as_str())
        .collect();
    if !silent.is_empty() {
        let text = format!("{} cannot be asked for branches of it", silent.join(", "));
        return Ok((Outcome::Undecided, String::new(), text));
    }
    if !is_gone(catalog, id.owner) {
        let text = "no record: it has not come to its COMMIT, wrote in one group only, was rolled back, or is older than transaction_log_retention_h";
        return Ok((Outcome::Unknown, String::new(), text.to_owned()));
    }
    let text = "no record and no branch: it was rolled back, or is older than transaction_log_retention_h";
    Ok((Outcome::Unknown, String::new(), text.to_owned()))
}
