//! This node's record in the catalog: put there at each start, and again whenever it is not what it should be.

use std::sync::Arc;

use ostrakon_catalog::encode::encode_command;
use ostrakon_catalog::node::NodeRecord;
use ostrakon_catalog::{Catalog, Command};

use crate::config::MetaConfig;
use crate::driver::{Driver, RequestId};
use crate::store::LogStore;

pub(super) struct Registration {
    record: NodeRecord,
    /// Under way.
    proposal: Option<RequestId>,
}

impl Registration {
    pub fn new(config: &MetaConfig, start: u64) -> Self {
        let record = NodeRecord {
            id: config.node_id,
            peer_address: config.peer.as_ref().map(|peer| peer.advertise.clone()).unwrap_or_default(),
            sql_address: config.sql_address.clone(),
            start,
            version: config.version.clone(),
            draining: false,
        };
        Self { record, proposal: None }
    }

    /// Proposes the record when the catalog has another one and no proposal is under way.
    pub fn keep<S: LogStore>(&mut self, driver: &mut Driver<S>) {
        if self.proposal.is_none()
            && driver.leader().is_some()
            && driver.has_joined()
            && !self.is_known(driver.catalog())
        {
            let node = self.record.clone();
            self.proposal = Some(driver.propose(&encode_command(&Command::RegisterNode { node })));
        }
    }

    /// A proposal was answered: if it was ours, and failed, the next `keep` tries again.
    pub fn answered(&mut self, id: &RequestId) {
        if self.proposal.as_ref() == Some(id) {
            self.proposal = None;
        }
    }

    /// What somebody else may set in our record is left as it is, for this start.
    fn is_known(&self, catalog: &Arc<Catalog>) -> bool {
        catalog.nodes.get(&self.record.id).is_some_and(|known| {
            NodeRecord { draining: self.record.draining, ..(**known).clone() } == self.record
        })
    }
}
