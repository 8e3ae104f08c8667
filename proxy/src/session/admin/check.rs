//! CHECK CLUSTER, which `ostrakon doctor` prints: nodes, instances, the catalog against what is on the instances. Nothing is changed.

mod cluster;
mod instance;
mod objects;
mod privileges;

use std::sync::Arc;
use std::time::Duration;

use crate::session::result::ResultSet;
use crate::session::{Failure, Session};

/// What was checked, with what was found.
struct Report {
    set: ResultSet,
}

impl Report {
    fn new() -> Self {
        Self { set: ResultSet::text(&["CHECK_NAME", "OBJECT", "STATUS", "FOUND", "ADVICE"]) }
    }

    fn ok(&mut self, check: &str, object: &str, found: impl Into<String>) {
        self.set.push([check.into(), object.into(), "ok".into(), found.into().into(), "".into()]);
    }

    fn warning(&mut self, check: &str, object: &str, found: impl Into<String>, advice: impl Into<String>) {
        let (found, advice) = (found.into(), advice.into());
        self.set.push([check.into(), object.into(), "warning".into(), found.into(), advice.into()]);
    }

    fn error(&mut self, check: &str, object: &str, found: impl Into<String>, advice: impl Into<String>) {
        let (found, advice) = (found.into(), advice.into());
        self.set.push([check.into(), object.into(), "error".into(), found.into(), advice.into()]);
    }
}

impl Session {
    pub(super) async fn check_cluster(&mut self) -> Result<ResultSet, Failure> {
        let mut report = Report::new();
        let healths = self.check_nodes(&mut report).await;
        let catalog = self.catalog();
        // What all nodes together may open to one instance. A node that does not answer is taken for one like this.
        let own = self.worker.node.config.limits.backend_connections() as u64;
        let connections =
            healths.iter().map(|health| health.as_ref().map_or(own, |h| h.connections_per_instance));
        let needs = instance::Needs {
            connections: connections.sum(),
            packet: self.worker.node.config.limits.max_allowed_packet as u64,
        };
        let limit = Duration::from_millis(self.worker.node.config.limits.connect_timeout_ms);
        let mut facts = Vec::new();
        for instance in catalog.instances.values() {
            // A DBA may have had enough of a slow one.
            let looked = tokio::select! {
                looked = instance::look(instance, &catalog, limit) => looked,
                () = crate::session::killed_statement(self.entry()) => {
                    return Err(crate::error::SqlError::interrupted().into());
                }
                () = self.client.hung_up() => return Err(Failure::ClientGone),
            };
            match looked {
                Ok(found) => {
                    report.ok("instance_reachable", &instance.name, found.version.as_str());
                    instance::check(&mut report, instance, &found, &needs);
                    facts.push((Arc::clone(instance), found));
                }
                Err(e) => report.error(
                    "instance_reachable",
                    &instance.name,
                    e.message,
                    "Start the server, or correct its address or account with ALTER INSTANCE",
                ),
            }
        }
        instance::compare(&mut report, &facts);
        // Newer than the listing of tables: what was made meanwhile must not be taken for a leftover.
        objects::check(&mut report, &self.catalog(), &catalog, &facts)?;
        Ok(report.set)
    }
}
