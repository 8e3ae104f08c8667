//! Nodes, voters, the key file, jobs and settings.

use std::time::Duration;

use ostrakon_catalog::job::JobState;

use super::Report;
use crate::call::{Health, ask_health, known_nodes, now_ms};
use crate::session::Session;
use crate::setting;

/// Entries of the log that a node may be behind.
const LAG_MAX: u64 = 1_000;
/// Clocks may differ by so much, in milliseconds, on top of what the question took.
pub(super) const CLOCK_MAX_MS: u64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(2);

impl Session {
    /// Gives each node's answer, in the order of their numbers.
    pub(super) async fn check_nodes(&self, report: &mut Report) -> Vec<Result<Health, String>> {
        let node = &self.worker.node;
        let meta = &node.meta;
        let own_version = env!("CARGO_PKG_VERSION");
        let mut healths = Vec::new();
        // One after the other: the clock is compared with the moments before and after.
        for id in known_nodes(meta) {
            let object = format!("node {id}");
            let before = now_ms();
            let health = ask_health(meta, id, PATIENCE).await;
            let after = now_ms();
            match &health {
                Err(e) => report.error(
                    "node_reachable",
                    &object,
                    e.as_str(),
                    "Start the node, or take it out for ever with ALTER CLUSTER REMOVE NODE",
                ),
                Ok(health) => {
                    report.ok("node_reachable", &object, format!("{} clients", health.sessions));
                    match health.version == own_version {
                        true => report.ok("node_version", &object, own_version),
                        false => report.warning(
                            "node_version",
                            &object,
                            format!("{}, this node has {own_version}", health.version),
                            "Finish the upgrade: all nodes are to run one version",
                        ),
                    }
                    let lag = meta.status().last_index.saturating_sub(health.applied);
                    match lag <= LAG_MAX {
                        true => report.ok("node_lag", &object, format!("{lag} entries")),
                        false => report.warning(
                            "node_lag",
                            &object,
                            format!("{lag} entries"),
                            "See the node's log: its disk or its network may be slow",
                        ),
                    }
                    let off =
                        health.clock_ms.saturating_sub(after).max(before.saturating_sub(health.clock_ms));
                    match off <= CLOCK_MAX_MS {
                        true => report.ok("node_clock", &object, format!("{off} ms off")),
                        false => report.warning(
                            "node_clock",
                            &object,
                            format!("{off} ms off this node's clock"),
                            "Let NTP set the clocks: TIME sequences and job times depend on them",
                        ),
                    }
                    match &health.key_fault {
                        None => report.ok("key_file", &object, "readable by its owner alone"),
                        Some(fault) => report.error(
                            "key_file",
                            &object,
                            fault.as_str(),
                            "Restore the key file on that node before it is restarted",
                        ),
                    }
                }
            }
            healths.push(health);
        }
        self.check_voters(report);
        self.check_catalog(report);
        healths
    }

    fn check_voters(&self, report: &mut Report) {
        let meta = &self.worker.node.meta;
        match meta.status().leader {
            Some(leader) => report.ok("leader", "cluster", format!("node {leader}")),
            None => report.error(
                "leader",
                "cluster",
                "no leader is known",
                "A majority of the voters must run and reach one another; until then DDL and new sequence ranges are refused",
            ),
        }
        let voters = meta.members().iter().filter(|member| member.voter).count() as u64;
        let wanted = setting::number(&meta.load(), "voters");
        match voters {
            _ if voters == wanted => report.ok("voters", "cluster", voters.to_string()),
            1 => report.warning(
                "voters",
                "cluster",
                "1: the catalog is on one disk only",
                "Add nodes, or ALTER CLUSTER SET voters = 1 where one is meant; keep backups of the catalog",
            ),
            _ => report.warning(
                "voters",
                "cluster",
                format!("{voters}, the setting voters is {wanted}"),
                "Add nodes, or ALTER CLUSTER PROMOTE or DEMOTE NODE",
            ),
        }
    }

    fn check_catalog(&self, report: &mut Report) {
        let catalog = self.catalog();
        let parked: Vec<_> = catalog.jobs.values().filter(|job| job.state == JobState::Pending).collect();
        if parked.is_empty() {
            report.ok("parked_jobs", "catalog", "none");
        }
        for job in parked {
            let why = job.error.as_ref().map_or("", |error| error.message.as_str());
            report.warning(
                "parked_jobs",
                &format!("job {}", job.id),
                format!("{}: {why}", job.action.kind()),
                format!("RECOVER DDL {0} or ROLLBACK DDL {0}", job.id),
            );
        }
        for name in setting::unknown(&catalog) {
            report.warning(
                "settings",
                name,
                "this version does not know it",
                "A newer version has set it: finish the upgrade",
            );
        }
        let plain = |stored: &str| !stored.is_empty() && !crate::secret::is_encrypted(stored);
        for instance in catalog.instances.values().filter(|instance| plain(&instance.password)) {
            report.warning(
                "password",
                &instance.name,
                "not encrypted in the catalog",
                "The leader encrypts it at its start: see its log",
            );
        }
    }
}
