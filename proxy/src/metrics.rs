//! Metrics of one node, for Prometheus: what is counted elsewhere, read when somebody asks.
//!
//! **Invariant:** nothing here is on the statement path, and no question leaves the node: a scrape is as cheap when an instance is down.

pub mod exposition;
pub mod server;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::InstanceId;
use ostrakon_meta::Role;

use crate::commit::Commits;
use crate::commit::counters::{COUNTERS, Counters};
use crate::commit::resolver::seen::{self, Seen};
use crate::node::Node;
use exposition::{Exposition, Kind};

/// All values of this moment.
pub fn text(node: &Node) -> String {
    let mut exposition = Exposition::default();
    let out = &mut exposition;
    out.family("ostrakon_build_info", Kind::Gauge, "Version of the program; always 1.").with(
        "version",
        env!("CARGO_PKG_VERSION"),
        1,
    );
    out.family("ostrakon_client_connections", Kind::Gauge, "Clients that are connected.")
        .value(node.registry.count());
    commits(out, &node.commits);
    out.family(
        "ostrakon_deadlocks_total",
        Kind::Counter,
        "Deadlocks over several groups whose victim was a session of this node.",
    )
    .value(node.deadlocks.count());
    recovery(out, &COUNTERS);
    in_doubt(out, &node.meta.load(), &seen::all(), Instant::now());
    raft(out, node.meta.status().role, node.meta.applied());
    exposition.into_text()
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn commits(out: &mut Exposition, commits: &Commits) {
    let mut paths = out.family(
        "ostrakon_commits_total",
        Kind::Counter,
        "Transactions that came to COMMIT, by what they needed: nothing was written, one group or several groups wrote.",
    );
    paths.with("path", "released", get(&commits.released));
    paths.with("path", "one_phase", get(&commits.one_phase));
    paths.with("path", "two_phase", get(&commits.two_phase));
    out.family(
        "ostrakon_commits_aborted_total",
        Kind::Counter,
        "Transactions over several groups that were rolled back at COMMIT.",
    )
    .value(get(&commits.aborted));
    out.family(
        "ostrakon_commits_unknown_total",
        Kind::Counter,
        "COMMITs whose outcome the client could not be told (SQLSTATE 08007).",
    )
    .value(get(&commits.unknown));
}

fn recovery(out: &mut Exposition, counters: &Counters) {
    let mut resolved = out.family(
        "ostrakon_resolved_branches_total",
        Kind::Counter,
        "Prepared branches that were finished for a session that could not, by decision.",
    );
    resolved.with("decision", "commit", get(&counters.resolved_commits));
    resolved.with("decision", "rollback", get(&counters.resolved_rollbacks));
    let others = [
        (
            "ostrakon_unknown_branches_total",
            "Answers XAER_NOTA (1397) for a branch that had to be finished.",
            &counters.nota,
        ),
        (
            "ostrakon_lost_branches_total",
            "Answers XA_RBROLLBACK (1402) for a branch that had to be committed.",
            &counters.rolled_back_branches,
        ),
        (
            "ostrakon_killed_branch_owners_total",
            "Connections ended because they held a prepared branch that another one had to finish.",
            &counters.killed_owners,
        ),
        (
            "ostrakon_transaction_alarms_total",
            "Alarms about transactions, which CHECK CLUSTER shows as transaction_alarm.",
            &counters.alarms,
        ),
    ];
    for (name, help, counter) in others {
        out.family(name, Kind::Counter, help).value(get(counter));
    }
}

/// An instance that was not asked yet has no sample; one that never answered has none of its branches, which nobody knows.
fn in_doubt(out: &mut Exposition, catalog: &Catalog, seen: &BTreeMap<InstanceId, Seen>, now: Instant) {
    let named = || {
        seen.iter()
            .filter_map(|(id, seen)| catalog.instances.get(id).map(|known| (known.name.as_str(), seen)))
    };
    let mut up = out.family(
        "ostrakon_instance_up",
        Kind::Gauge,
        "1 when the instance answered this node's last question for prepared branches, 0 when not.",
    );
    for (name, seen) in named() {
        up.with("instance", name, u8::from(seen.failure.is_none()));
    }
    let mut count = out.family(
        "ostrakon_in_doubt_branches",
        Kind::Gauge,
        "Prepared branches when the instance last answered, those of commits under way among them.",
    );
    for (name, seen) in named().filter(|(_, seen)| seen.answered.is_some()) {
        count.with("instance", name, seen.in_doubt.len());
    }
    let mut oldest = out.family(
        "ostrakon_in_doubt_oldest_age_seconds",
        Kind::Gauge,
        "How long this node has seen the oldest of them; 0 when there is none.",
    );
    for (name, seen) in named().filter(|(_, seen)| seen.answered.is_some()) {
        let first = seen.in_doubt.iter().map(|(_, first)| *first).min();
        let age = first.map_or(0.0, |first| now.saturating_duration_since(first).as_secs_f64());
        oldest.with("instance", name, age);
    }
}

fn raft(out: &mut Exposition, role: Role, applied: u64) {
    let mut roles = out.family(
        "ostrakon_raft_role",
        Kind::Gauge,
        "1 for this node's part in the Raft group, 0 for the others.",
    );
    for known in [Role::Follower, Role::Candidate, Role::Leader, Role::Stopped] {
        roles.with("role", &known.to_string(), u8::from(known == role));
    }
    out.family("ostrakon_raft_applied_index", Kind::Gauge, "Last entry of the log that the catalog shows.")
        .value(applied);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use ostrakon_catalog::job::Owner;
    use ostrakon_catalog::schema::Instance;

    use super::*;
    use crate::commit::xid::{TransactionId, Xid};

    fn written(write: impl FnOnce(&mut Exposition)) -> String {
        let mut exposition = Exposition::default();
        write(&mut exposition);
        exposition.into_text()
    }

    fn samples(text: &str) -> Vec<&str> {
        text.lines().filter(|line| !line.starts_with('#')).collect()
    }

    #[test]
    fn each_counter_of_commits_has_its_own_sample() {
        let all = Commits::default();
        let counters = [&all.released, &all.one_phase, &all.two_phase, &all.aborted, &all.unknown];
        for (counter, value) in counters.into_iter().zip(11..) {
            counter.store(value, Ordering::Relaxed);
        }
        let text = written(|out| commits(out, &all));
        assert_eq!(
            samples(&text),
            [
                "ostrakon_commits_total{path=\"released\"} 11",
                "ostrakon_commits_total{path=\"one_phase\"} 12",
                "ostrakon_commits_total{path=\"two_phase\"} 13",
                "ostrakon_commits_aborted_total 14",
                "ostrakon_commits_unknown_total 15",
            ]
        );
    }

    #[test]
    fn each_counter_of_recovery_has_its_own_sample() {
        let counters = Counters {
            resolved_commits: 1.into(),
            resolved_rollbacks: 2.into(),
            nota: 3.into(),
            rolled_back_branches: 4.into(),
            killed_owners: 5.into(),
            alarms: 6.into(),
        };
        let text = written(|out| recovery(out, &counters));
        assert_eq!(
            samples(&text),
            [
                "ostrakon_resolved_branches_total{decision=\"commit\"} 1",
                "ostrakon_resolved_branches_total{decision=\"rollback\"} 2",
                "ostrakon_unknown_branches_total 3",
                "ostrakon_lost_branches_total 4",
                "ostrakon_killed_branch_owners_total 5",
                "ostrakon_transaction_alarms_total 6",
            ]
        );
    }

    #[test]
    fn what_is_not_known_of_an_instance_is_not_said() {
        let mut catalog = Catalog::default();
        for (id, name) in [(1, "calm"), (2, "busy"), (3, "silent"), (4, "new")] {
            let instance = Instance {
                id,
                name: name.to_owned(),
                host: String::new(),
                port: 0,
                user: String::new(),
                password: String::new(),
                draining: false,
                tls: Default::default(),
            };
            catalog.instances.insert(id, Arc::new(instance));
        }
        let now = Instant::now() + Duration::from_secs(100);
        let branch = |counter: u64, seconds: u64| {
            let transaction = TransactionId { instance: 1, owner: Owner { node: 1, start: 1 }, counter };
            (Xid { transaction, ordinal: 1, connection: 7, deciding: 8 }, now - Duration::from_secs(seconds))
        };
        let answered = Some(now);
        let seen = BTreeMap::from([
            (1, Seen { in_doubt: Vec::new(), answered, failure: None }),
            (2, Seen { in_doubt: vec![branch(1, 2), branch(2, 9)], answered, failure: Some("gone".into()) }),
            (3, Seen { in_doubt: Vec::new(), answered: None, failure: Some("refused".into()) }),
            // Dropped from the catalog since.
            (9, Seen { in_doubt: Vec::new(), answered, failure: None }),
        ]);
        let text = written(|out| in_doubt(out, &catalog, &seen, now));
        assert_eq!(
            samples(&text),
            [
                "ostrakon_instance_up{instance=\"calm\"} 1",
                "ostrakon_instance_up{instance=\"busy\"} 0",
                "ostrakon_instance_up{instance=\"silent\"} 0",
                "ostrakon_in_doubt_branches{instance=\"calm\"} 0",
                "ostrakon_in_doubt_branches{instance=\"busy\"} 2",
                "ostrakon_in_doubt_oldest_age_seconds{instance=\"calm\"} 0",
                "ostrakon_in_doubt_oldest_age_seconds{instance=\"busy\"} 9",
            ]
        );
    }

    #[test]
    fn one_role_is_the_nodes() {
        let text = written(|out| raft(out, Role::Leader, 42));
        assert_eq!(
            samples(&text),
            [
                "ostrakon_raft_role{role=\"follower\"} 0",
                "ostrakon_raft_role{role=\"candidate\"} 0",
                "ostrakon_raft_role{role=\"leader\"} 1",
                "ostrakon_raft_role{role=\"stopped\"} 0",
                "ostrakon_raft_applied_index 42",
            ]
        );
    }
}
