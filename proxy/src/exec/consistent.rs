//! Reads over several groups that see all of a transaction or nothing of it (`ostrakon_read_consistency = 'atomic'`), on unmodified servers.
//!
//! A transaction that writes in several groups leaves a row in `__ostrakon.branch` with each branch's writes. A reader opens a snapshot in each group, and
//! reads these rows in the same snapshots: where one shows a transaction that another one should show and does not, the latter's XA COMMIT is on
//! its way, and its snapshot is taken anew. When all agree, the statement runs in them. No writer waits for this, no clock and no central
//! node is asked, and it holds over crashes, because the evidence is in the snapshots.
//!
//! Rows are looked at by age, which needs a proof that none is missed. Say group X shows transaction T, and group Y, which T wrote too, does not. T's branch in
//! Y was prepared before T's commit point. Either that was before XA RECOVER was asked on Y's connection, which comes before Y's snapshot: then T
//! is listed there, and is looked for in X by its key, however old. Or it was later: then T's row in X is younger than the question by no more than a
//! coordinator takes to prepare all branches (`PREPARE_LIMIT`), and is among the recent rows, which are taken from so far back.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ostrakon_catalog::schema::Group;
use ostrakon_router::parse::command::Isolation;

use super::lease::Lease;
use crate::backend::connection::Answer;
use crate::backend::settings::Settings;
use crate::commit::barrier::Barrier;
use crate::commit::system_schema::{select_recent, select_these};
use crate::commit::{PREPARE_LIMIT, finish};
use crate::error::{LOCK_WAIT_TIMEOUT, SqlError};
use crate::session::{Failure, ReadConsistency, Session};

/// So long snapshots may go on to disagree: a branch is late by that much only when its instance or its coordinator is gone.
const AGREE_LIMIT: Duration = Duration::from_secs(20);
/// What a round may take before its rows are too old; doubled with each round that took longer.
const ROUND: Duration = Duration::from_secs(1);

/// After so many rounds commits come faster than snapshots: they are held for one more.
const ROUNDS: u32 = 8;
/// For so long at most.
const HELD: Duration = Duration::from_secs(1);

/// What one group's snapshot shows of transactions over several groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// By gtrid: the groups that wrote.
    shown: BTreeMap<String, Rc<str>>,
    /// Prepared on its instance before the snapshot was taken.
    prepared: BTreeSet<String>,
}

impl Session {
    /// Reads of this session are to be atomic, and its transaction has not begun to read.
    pub fn wants_agreement(&self) -> bool {
        self.own.read_consistency != ReadConsistency::Shard
            && !self.transaction.is_statement()
            && !self.transaction.agreed
            // Nobody writes what is locked, and whoever did has finished.
            && self.table_locks.is_none()
            && self.transaction.branches.is_empty()
    }

    /// Opens a transaction that only reads, for one statement: its snapshots in these groups agree. Whoever calls this ends it.
    pub async fn begin_consistent_statement(&mut self, groups: &[Group]) -> Result<(), Failure> {
        self.transaction.begin_statement();
        self.transaction.read_only = Some(true);
        // Below it a snapshot lasts for one statement only, and these are several.
        self.transaction.next_isolation = Some(Isolation::RepeatableRead);
        let agreed = self.take_agreed_snapshots(groups).await;
        if agreed.is_err() {
            self.rollback_all().await;
        }
        agreed
    }

    /// At the first statement of the client's transaction: all groups of its database are opened, since it may read in any of them later.
    pub async fn begin_consistent_transaction(&mut self, needed: &[Group]) -> Result<(), Failure> {
        let isolation =
            self.transaction.next_isolation.is_none_or(|level| level == Isolation::RepeatableRead);
        let session =
            ["tx_isolation", "transaction_isolation"].iter().find_map(|name| self.settings.get(name));
        let session =
            session.is_none_or(|level| level.trim_matches('\'').eq_ignore_ascii_case("REPEATABLE-READ"));
        if !isolation || !session {
            return Err(SqlError::not_supported(
                "ostrakon_read_consistency = 'atomic' in a transaction that is not REPEATABLE READ",
            )
            .into());
        }
        let asked = self.transaction.next_isolation.replace(Isolation::RepeatableRead);
        self.transaction.agreed = true;
        let catalog = self.catalog();
        let database = self.database.as_deref().and_then(|name| catalog.database(name));
        let mut groups = database.map(|database| database.groups.clone()).unwrap_or_default();
        groups.extend(needed.iter().filter(|group| !groups.contains(group)).cloned().collect::<Vec<_>>());
        let agreed = self.take_agreed_snapshots(&groups).await;
        if agreed.is_err() {
            // Nothing was done in the branches, and the client has not ended its transaction.
            self.withdraw_all().await;
            self.transaction.next_isolation = asked;
        }
        agreed
    }

    async fn take_agreed_snapshots(&mut self, groups: &[Group]) -> Result<(), Failure> {
        for instance in groups.iter().map(|group| group.instance).collect::<BTreeSet<_>>() {
            self.worker.ensure_system_schema(instance).await?;
        }
        let mut leases = Box::pin(self.lease_all(groups)).await?;
        let agreed = self.agree(&mut leases).await;
        for lease in leases {
            self.release(lease);
        }
        agreed
    }

    async fn agree(&mut self, leases: &mut [Lease]) -> Result<(), Failure> {
        // The times of rows are compared with the server's own, in a zone without summer.
        let plain = self.settings.without("timestamp").with("time_zone", "'+00:00'".to_owned());
        let plain = self.worker.intern(plain);
        let begun = Instant::now();
        let mut round = ROUND;
        let mut seen = vec![Seen::default(); leases.len()];
        let mut stale: BTreeSet<usize> = (0..leases.len()).collect();
        let mut first = true;
        let mut rounds = 0;
        let mut barrier = None;
        while !stale.is_empty() {
            if rounds == ROUNDS || rounds == 0 && self.own.read_consistency == ReadConsistency::Snapshot {
                // What was seen before is older than the moment that comes now.
                drop(barrier.take());
                barrier = Some((self.close_barrier().await?, Instant::now()));
                stale = (0..leases.len()).collect();
            }
            rounds += 1;
            if begun.elapsed() > AGREE_LIMIT {
                let names: Vec<&str> =
                    stale.iter().filter_map(|at| leases.get(*at)).map(|l| l.group.name.as_str()).collect();
                return Err(SqlError::new(
                    LOCK_WAIT_TIMEOUT,
                    "HY000",
                    format!(
                        "A committed transaction is not finished in {} within {} s (SHOW TRANS INDOUBT has its branch); \
                         an atomic read has to wait for it: try again",
                        names.join(", "),
                        AGREE_LIMIT.as_secs()
                    ),
                )
                .into());
            }
            let back = PREPARE_LIMIT + begun.elapsed() + round;
            let asked = Instant::now();
            self.open_snapshots(leases, &mut seen, &stale, first, &plain, back).await?;
            first = false;
            if asked.elapsed() > round {
                // Rows may be older by now than what was asked for.
                round *= 2;
                rounds = if self.own.read_consistency == ReadConsistency::Snapshot { 0 } else { rounds };
                continue;
            }
            let outlived = barrier.as_ref().is_some_and(|(_, closed)| closed.elapsed() > HELD);
            self.look_for_prepared(leases, &mut seen).await?;
            stale = behind(leases, &seen);
            if self.own.read_consistency == ReadConsistency::Snapshot && (outlived || !stale.is_empty()) {
                // One moment for all, or none.
                (rounds, stale) = (0, (0..leases.len()).collect());
            }
            tracing::debug!(took = ?asked.elapsed(), behind = stale.len(), groups = leases.len(), "a round of an atomic read");
            if !stale.is_empty() {
                // An XA COMMIT takes about a sync.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        drop(barrier);
        Ok(())
    }

    async fn close_barrier(&self) -> Result<Barrier, SqlError> {
        let (barrier, failed) = Barrier::close(&self.worker.node, HELD).await;
        let strict = self.own.read_consistency == ReadConsistency::Snapshot;
        match failed.first() {
            Some((node, reason)) if strict => Err(SqlError::other(format!(
                "A read with ostrakon_read_consistency = 'snapshot' needs every node to hold its commits for a moment, and node {node} does not \
                 ({reason}). Try again, or remove the node if it is gone for good (ALTER CLUSTER REMOVE NODE)"
            ))),
            _ => Ok(barrier),
        }
    }

    /// Opens, or opens anew, the snapshots `which`, and reads what they show.
    async fn open_snapshots(
        &self,
        leases: &mut [Lease],
        seen: &mut [Seen],
        which: &BTreeSet<usize>,
        first: bool,
        plain: &Rc<Settings>,
        back: Duration,
    ) -> Result<(), SqlError> {
        for (_, lease) in leases.iter_mut().enumerate().filter(|(at, _)| which.contains(at)) {
            if !first {
                for statement in self.transaction.reopen(&lease.group) {
                    lease.connection.queue_prefix(&statement);
                }
            }
            lease.connection.queue_settings(plain);
            // Before the snapshot, which the first SELECT takes.
            lease.connection.queue_query(b"XA RECOVER");
            let recent = select_recent(&lease.group.name, back.as_secs() + 1);
            lease.connection.queue_query(recent.as_bytes());
            let _ = lease.connection.flush().await;
        }
        for (at, lease) in leases.iter_mut().enumerate().filter(|(at, _)| which.contains(at)) {
            lease.connection.read_prefix().await?;
            let prepared = lease.connection.read_queued().await;
            let recent = lease.connection.read_queued().await?;
            let prepared = finish::ours(&prepared?).into_iter().map(|xid| xid.transaction.to_string());
            if let Some(slot) = seen.get_mut(at) {
                *slot = Seen { prepared: prepared.collect(), shown: BTreeMap::new() };
                slot.add(&recent);
            }
        }
        Ok(())
    }

    /// Looks in each snapshot for what was prepared elsewhere: it may be older than the recent rows.
    async fn look_for_prepared(&self, leases: &mut [Lease], seen: &mut [Seen]) -> Result<(), SqlError> {
        let prepared: BTreeSet<String> = seen.iter().flat_map(|seen| seen.prepared.iter().cloned()).collect();
        if prepared.is_empty() {
            return Ok(());
        }
        let mut asked = Vec::new();
        for (at, (lease, seen)) in leases.iter_mut().zip(seen.iter()).enumerate() {
            let unseen: Vec<&str> =
                prepared.iter().filter(|id| !seen.shown.contains_key(*id)).map(String::as_str).collect();
            if !unseen.is_empty() {
                lease.connection.queue_query(select_these(&lease.group.name, &unseen).as_bytes());
                let _ = lease.connection.flush().await;
                asked.push(at);
            }
        }
        for at in asked {
            if let (Some(lease), Some(seen)) = (leases.get_mut(at), seen.get_mut(at)) {
                seen.add(&lease.connection.read_queued().await?);
            }
        }
        Ok(())
    }
}

impl Seen {
    fn add(&mut self, rows: &Answer) {
        for row in 0..rows.rows.len() {
            self.shown.insert(rows.text(row, 0), rows.text(row, 1).into());
        }
    }
}

/// The snapshots that lack what another one shows.
fn behind(leases: &[Lease], seen: &[Seen]) -> BTreeSet<usize> {
    let names: Vec<&str> = leases.iter().map(|lease| lease.group.name.as_str()).collect();
    lacking(&names, seen)
}

fn lacking(names: &[&str], seen: &[Seen]) -> BTreeSet<usize> {
    let mut lacking = BTreeSet::new();
    let shown = seen.iter().flat_map(|seen| &seen.shown);
    for (id, groups) in shown {
        for (at, name) in names.iter().enumerate() {
            let has = seen.get(at).is_some_and(|seen| seen.shown.contains_key(id));
            if !has && groups.split(',').any(|group| group == *name) {
                lacking.insert(at);
            }
        }
    }
    lacking
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(shown: &[(&str, &str)]) -> Seen {
        let shown = shown.iter().map(|(id, groups)| ((*id).to_owned(), Rc::from(*groups))).collect();
        Seen { shown, prepared: BTreeSet::new() }
    }

    #[test]
    fn a_snapshot_that_lacks_a_branch_of_its_own_is_behind() {
        let names = ["G0", "G1", "G2"];
        let first = seen(&[("a", "G0,G1"), ("b", "G0,G10")]);
        assert_eq!(lacking(&names, &[first.clone(), seen(&[("a", "G0,G1")]), seen(&[])]), BTreeSet::new());
        assert_eq!(lacking(&names, &[first.clone(), seen(&[]), seen(&[])]), BTreeSet::from([1]));
        let third = seen(&[("c", "G0,G2,G1")]);
        assert_eq!(lacking(&names, &[first, seen(&[]), third]), BTreeSet::from([0, 1]));
    }
}
