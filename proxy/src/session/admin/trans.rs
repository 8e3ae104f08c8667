//! SHOW TRANS, SHOW TRANS INDOUBT, SHOW TRANS 'id', RESOLVE TRANS 'id': what is open on all nodes, what is prepared on all instances, and what
//! one transaction came to.

use std::time::Duration;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::InstanceId;

use crate::call::{self, Call, NodeTransaction};
use crate::commit::finish::{arbitrate, finish_branch};
use crate::commit::inspect::{self, Outcome};
use crate::commit::resolver::{is_gone, seen};
use crate::commit::system_schema::Decision;
use crate::commit::xid::TransactionId;
use crate::error::SqlError;
use crate::session::result::{Cell, ResultSet};
use crate::session::{Failure, Session};

/// How long a node may take to tell its transactions.
const PATIENCE: Duration = Duration::from_secs(2);

impl Session {
    /// SHOW TRANS: of all nodes. `full`: with the groups' names.
    pub(in crate::session) async fn transactions(&self, full: bool) -> ResultSet {
        let mut set = ResultSet::text(&[
            "TRANS_ID",
            "TYPE",
            "DURATION_MS",
            "STATE",
            "PROCESS_ID",
            "NODE",
            "USER",
            "HOST",
            "DATABASE",
            "GROUPS",
            "WRITES",
            "GROUP_NAMES",
        ]);
        for name in ["DURATION_MS", "PROCESS_ID", "NODE", "GROUPS", "WRITES"] {
            set = set.integer(name);
        }
        let meta = &self.worker.node.meta;
        let nodes = call::known_nodes(meta);
        let told = call::ask_each::<Vec<NodeTransaction>>(meta, nodes, &Call::Transactions, PATIENCE).await;
        for (node, told) in told {
            match told {
                Ok(open) => open.iter().for_each(|open| push_open(&mut set, node, open)),
                Err(why) => {
                    let none = || Cell(None);
                    let state = format!("node does not answer: {why}");
                    set.push([
                        none(),
                        none(),
                        none(),
                        state.into(),
                        none(),
                        node.into(),
                        none(),
                        none(),
                        none(),
                        none(),
                        none(),
                        none(),
                    ]);
                }
            }
        }
        if !full {
            set.columns.pop();
            for row in &mut set.rows {
                row.pop();
            }
        }
        set
    }

    /// SHOW TRANS INDOUBT: what all instances hold prepared.
    pub(in crate::session) async fn in_doubt(&self) -> ResultSet {
        let mut set = ResultSet::text(&[
            "INSTANCE",
            "GROUP_NAME",
            "TRANS_ID",
            "BRANCH",
            "AGE_S",
            "OWNER_NODE",
            "OWNER_STATE",
            "DECISION",
        ]);
        for name in ["BRANCH", "AGE_S", "OWNER_NODE"] {
            set = set.integer(name);
        }
        let (catalog, limit) = (self.catalog(), self.ask_limit());
        let seen = seen::all();
        for listing in inspect::list_all(&catalog, limit).await {
            let instance = listing.instance.name.as_str();
            let prepared = match listing.prepared {
                Ok(prepared) => prepared,
                Err(e) => {
                    let none = || Cell(None);
                    let why = format!("cannot be asked: {}", e.message);
                    set.push([instance.into(), none(), none(), none(), none(), none(), none(), why.into()]);
                    continue;
                }
            };
            for one in prepared {
                let (id, owner) = (one.xid.transaction, one.xid.transaction.owner);
                let first = seen
                    .get(&listing.instance.id)
                    .and_then(|seen| seen.in_doubt.iter().find(|(xid, _)| *xid == one.xid));
                let decision = match inspect::record(&catalog, id, limit).await {
                    Ok(Some(record)) if record.decision == Decision::Committed => "committed".to_owned(),
                    Ok(Some(_)) => "rolled back".to_owned(),
                    Ok(None) => "none yet".to_owned(),
                    Err(e) => format!("not known: {}", e.message),
                };
                set.push([
                    instance.into(),
                    one.group.into(),
                    id.to_string().into(),
                    u64::from(one.xid.ordinal).into(),
                    first.map_or(0, |(_, at)| at.elapsed().as_secs()).into(),
                    owner.node.into(),
                    if is_gone(&catalog, owner) { "gone" } else { "registered" }.into(),
                    decision.into(),
                ]);
            }
        }
        set
    }

    /// SHOW TRANS 'id'.
    pub(in crate::session) async fn transaction_outcome(&self, id: &str) -> Result<ResultSet, Failure> {
        let id = parse_id(id)?;
        let (outcome, groups, remark) =
            inspect::outcome(&self.catalog(), id, self.ask_limit()).await.map_err(|e| {
                SqlError::other(format!(
                    "It cannot be learnt now what transaction '{id}' came to: {}; ask again",
                    e.message
                ))
            })?;
        let mut set = ResultSet::text(&["TRANS_ID", "OUTCOME", "GROUP_NAMES", "REMARK"]);
        let outcome = match outcome {
            Outcome::Committed => "committed",
            Outcome::RolledBack => "rolled back",
            Outcome::Undecided => "not decided yet",
            Outcome::Unknown => "unknown",
        };
        set.push([id.to_string().into(), outcome.into(), groups.into(), remark.into()]);
        Ok(set)
    }

    /// RESOLVE TRANS 'id': asks the arbiter now, and finishes what is prepared.
    pub(super) async fn resolve_transaction(&mut self, text: &str) -> Result<ResultSet, Failure> {
        let id = parse_id(text)?;
        let (catalog, limit) = (self.catalog(), self.ask_limit());
        let listings = inspect::list_all(&catalog, limit).await;
        let mut held = Vec::new();
        for listing in &listings {
            let prepared = listing.prepared.iter().flatten();
            held.extend(
                prepared.filter(|one| one.xid.transaction == id).map(|one| (listing.instance.id, one.xid)),
            );
        }
        // Without a branch there is nothing to decide, and entering "aborted" for a transaction whose record was removed would be a lie.
        if !held.is_empty() {
            let arbiter = self.worker.pool_of(id.instance)?;
            let decision = {
                let mut connection = arbiter.acquire(false).await?;
                arbitrate(&mut connection, id).await?
            };
            for (instance, xid) in held {
                let pool = self.worker.pool_of(instance)?;
                finish_branch(&pool, &xid, decision).await?;
            }
        }
        self.transaction_outcome(text).await
    }

    /// DROP INSTANCE must not take the arbiter, or what is to be decided, away from a transaction.
    ///
    /// Errors: 1105 with what is prepared.
    pub(super) async fn check_nothing_in_doubt(&self, instance: InstanceId) -> Result<(), Failure> {
        let catalog: &Catalog = &self.catalog();
        let seen = seen::all();
        for listing in inspect::list_all(catalog, self.ask_limit()).await {
            let at = listing.instance.id;
            // A server that is not there is known by what it has listed last.
            let prepared: Vec<_> = match listing.prepared {
                Ok(prepared) => prepared.into_iter().map(|one| one.xid).collect(),
                Err(_) => seen
                    .get(&at)
                    .map_or_else(Vec::new, |seen| seen.in_doubt.iter().map(|(xid, _)| *xid).collect()),
            };
            let needed = prepared.iter().find(|xid| at == instance || xid.transaction.instance == instance);
            if let Some(xid) = needed {
                return Err(SqlError::other(format!(
                    "Instance '{}' holds a prepared branch of transaction '{}', which the instance to be dropped holds or decides; \
                     wait until it is finished (SHOW TRANS INDOUBT, RESOLVE TRANS). Nothing was changed",
                    listing.instance.name, xid.transaction
                ))
                .into());
            }
        }
        Ok(())
    }

    fn ask_limit(&self) -> Duration {
        Duration::from_millis(self.worker.node.config.limits.connect_timeout_ms)
    }
}

fn parse_id(text: &str) -> Result<TransactionId, SqlError> {
    text.trim().parse().map_err(|_| {
        SqlError::new(
            1231,
            "42000",
            format!(
                "'{text}' is not the id of a transaction: it looks like o1.1.2.9f3c.1a, as SHOW TRANS and errors show it"
            ),
        )
    })
}

fn push_open(set: &mut ResultSet, node: u64, open: &NodeTransaction) {
    set.push([
        open.id.clone().into(),
        if open.id.is_some() { "XA" } else { "LOCAL" }.into(),
        open.duration_ms.into(),
        if open.executing { "executing" } else { "idle" }.into(),
        u64::from(open.connection).into(),
        node.into(),
        open.user.as_str().into(),
        open.host.as_str().into(),
        open.database.clone().into(),
        open.groups.len().into(),
        open.writes.into(),
        open.groups.join(" ").into(),
    ]);
}
