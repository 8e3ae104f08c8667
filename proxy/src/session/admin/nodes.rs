//! SHOW NODES and ALTER CLUSTER: who is in the cluster, what becomes of whom.

use std::collections::BTreeMap;
use std::time::Duration;

use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::outcome::Rejection;
use ostrakon_meta::MemberChange;
use ostrakon_router::parse::administration::Admin;

use crate::call::{Call, Health, ask_each, known_nodes};
use crate::error::SqlError;
use crate::session::result::{Cell, ResultSet};
use crate::session::{Failure, Session};

/// How long a node may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(2);

impl Session {
    /// SHOW NODES: the catalog's records, Raft's members, and what each node says of itself.
    pub(in crate::session) async fn cluster_nodes(&self) -> Result<ResultSet, Failure> {
        let mut set = ResultSet::text(&[
            "ID",
            "ROLE",
            "STATE",
            "PEER_ADDRESS",
            "SQL_ADDRESS",
            "VERSION",
            "APPLIED",
            "LAG",
            "SESSIONS",
        ]);
        for name in ["ID", "APPLIED", "LAG", "SESSIONS"] {
            set = set.integer(name);
        }
        let meta = &self.worker.node.meta;
        let leader = meta.status().leader;
        let healths: BTreeMap<u64, Result<Health, String>> =
            ask_each(meta, known_nodes(meta), &Call::Health, PATIENCE).await;
        let newest = healths.values().filter_map(|health| Some(health.as_ref().ok()?.last_index)).max();
        let (catalog, members) = (self.catalog(), meta.members());
        for (id, health) in healths {
            let member = members.iter().find(|member| member.id == id);
            let record = catalog.nodes.get(&id);
            let role = match member {
                _ if leader == Some(id) => "leader",
                Some(member) if member.voter => "voter",
                Some(_) => "learner",
                // Registered, and taken out since, or not yet in.
                None => "none",
            };
            let draining = record.is_some_and(|record| record.draining);
            let state = match (&health, draining) {
                (Err(_), _) => "unreachable",
                (Ok(_), true) => "draining",
                (Ok(_), false) => "alive",
            };
            let health = health.ok();
            let peer = record.map(|r| r.peer_address.clone()).filter(|address| !address.is_empty());
            let peer =
                peer.or_else(|| member.map(|m| m.address.clone()).filter(|address| !address.is_empty()));
            let number = |n: Option<u64>| Cell(n.map(|n| n.to_string().into_bytes()));
            let applied = health.as_ref().map(|h| h.applied);
            set.push([
                id.into(),
                role.into(),
                state.into(),
                peer.into(),
                record.map(|r| r.sql_address.clone()).into(),
                health.as_ref().map(|h| h.version.clone()).or(record.map(|r| r.version.clone())).into(),
                number(applied),
                number(newest.zip(applied).map(|(newest, applied)| newest.saturating_sub(applied))),
                number(health.map(|h| h.sessions)),
            ]);
        }
        Ok(set)
    }

    /// ALTER CLUSTER about nodes and the leader.
    pub(super) async fn change_nodes(&mut self, admin: &Admin) -> Result<(), Failure> {
        let meta = self.worker.node.meta.clone();
        let change = match admin {
            Admin::AddNode { node, address } => {
                if self.catalog().removed_nodes.contains(node) {
                    return Err(rejected(&Rejection::NodeRemoved { node: *node }));
                }
                MemberChange::AddLearner { id: *node, address: address.clone() }
            }
            Admin::PromoteNode { node } => MemberChange::Promote { id: self.known(*node)? },
            Admin::DemoteNode { node } => MemberChange::Demote { id: self.known(*node)? },
            Admin::RemoveNode { node } => MemberChange::Remove { id: self.known(*node)? },
            Admin::DrainNode { node, draining } => {
                let command = CatalogCommand::DrainNode { node: self.known(*node)?, draining: *draining };
                self.propose(command).await?;
                return Ok(());
            }
            Admin::TransferLeader { to } => {
                let to = self.known(*to)?;
                return Ok(meta.transfer_leadership(to).await.map_err(SqlError::from)?);
            }
            _ => return Ok(()),
        };
        // A node's record comes and goes by the same entry of the log. What follows on this session must see it.
        meta.change_members(change).await.map_err(SqlError::from)?;
        Ok(meta.read_barrier().await.map_err(SqlError::from)?)
    }

    /// A number that belongs to a node.
    fn known(&self, node: u64) -> Result<u64, Failure> {
        let meta = &self.worker.node.meta;
        let is = known_nodes(meta).contains(&node);
        if is { Ok(node) } else { Err(rejected(&Rejection::UnknownNode { node })) }
    }
}

fn rejected(rejection: &Rejection) -> Failure {
    SqlError::new(rejection.errno(), rejection.sqlstate(), rejection.to_string()).into()
}
