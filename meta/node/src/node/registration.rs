//! This node's record in the catalog: put there at each start, and again whenever it is not what it should be.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ostrakon_catalog::encode::encode_command;
use ostrakon_catalog::node::NodeRecord;
use ostrakon_catalog::{Catalog, Command};

use crate::config::MetaConfig;
use crate::driver::{Driver, RequestId};
use crate::store::LogStore;

pub(super) struct Registration {
    record: NodeRecord,
    /// Milliseconds since 1970.
    began: u64,
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
            started: 0,
            version: config.version.clone(),
            draining: false,
        };
        let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_millis());
        Self { record, began: u64::try_from(began).unwrap_or(u64::MAX), proposal: None }
    }

    /// Proposes the record when the catalog has another one and no proposal is under way.
    pub fn keep<S: LogStore>(&mut self, driver: &mut Driver<S>) {
        if self.proposal.is_none()
            && driver.leader().is_some()
            && driver.has_joined()
            && !self.is_known(driver.catalog())
        {
            // By the clock, and above every start that is known, should the clock have been set back.
            let known = driver.catalog().nodes.get(&self.record.id);
            let another = known.filter(|known| known.start != self.record.start);
            let after = another.map_or(0, |known| known.started.saturating_add(1));
            self.record.started = self.record.started.max(self.began).max(after);
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
            NodeRecord { draining: self.record.draining, started: self.record.started, ..(**known).clone() }
                == self.record
        })
    }
}
