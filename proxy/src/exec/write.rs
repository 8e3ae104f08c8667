//! Scattered writes: the same statement, or parts of it, on several physical tables; one OK for all.
//!
//! Outside of a transaction the parts run in one transaction on each group, and all are committed only when all succeeded. Until commit across
//! groups lands this is not atomic over a crash between the COMMITs; an error then names what each group did.

use std::ops::Range;

use ostrakon_catalog::schema::Group;
use ostrakon_router::lexer::{Keyword, leading_keyword};
use ostrakon_router::plan::{Combine, Execution, RoutedPlan, StatementClass};

use super::lease::Lease;
use super::names::Names;
use super::send::{self, Sending};
use crate::backend::connection::Answer;
use crate::error::SqlError;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

/// The statements of one group: a range of the execution's.
pub struct Part {
    pub group: Group,
    pub statements: Range<usize>,
}

/// The execution's statements by group, in order.
pub fn parts(plan: &RoutedPlan, execution: &Execution) -> Result<Vec<Part>, SqlError> {
    let mut parts: Vec<(usize, Range<usize>)> = Vec::new();
    for (index, statement) in execution.statements.iter().enumerate() {
        match parts.last_mut() {
            Some((group, range)) if *group == statement.group => range.end = index + 1,
            _ => parts.push((statement.group, index..index + 1)),
        }
    }
    let groups = plan.database.as_ref().map(|d| d.groups.as_slice()).unwrap_or_default();
    let part = |(group, statements): (usize, Range<usize>)| {
        let group = groups.get(group).cloned();
        let group =
            group.ok_or_else(|| SqlError::other("Internal error (please report): a plan names no group"))?;
        Ok(Part { group, statements })
    };
    parts.into_iter().map(part).collect()
}

impl Session {
    /// Runs a write on several physical tables.
    pub async fn scatter_write(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        input: Input<'_>,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        if plan.class == StatementClass::WriteReturning {
            return Err(SqlError::not_supported("RETURNING from several physical tables").into());
        }
        let parts = parts(plan, execution)?;
        let names = Names::of(plan);
        if self.transaction.applies() {
            match parts.as_slice() {
                [part] => self.check_writer(&part.group)?,
                _ => {
                    return Err(SqlError::not_supported(format!(
                        "a statement that writes in {} groups inside a transaction: commit across groups is not there yet. \
                         Nothing of it was done; outside of a transaction it runs",
                        parts.len()
                    ))
                    .into());
                }
            }
        }
        let groups: Vec<Group> = parts.iter().map(|p| p.group.clone()).collect();
        let mut leases = self.lease_all(&groups).await?;
        let own_transaction = leases.iter().all(|l| !l.in_transaction);
        if let Err(e) = send::ready_all(&mut leases, execution, &parts, sending).await {
            for lease in leases {
                self.release(lease);
            }
            return Err(self.logical_error(e, names).into());
        }
        let answers = self.run_parts(plan, execution, &parts, &mut leases, sending, own_transaction).await;
        let answers = match answers {
            Ok(answers) => answers,
            Err(e) => {
                if own_transaction {
                    roll_back(&mut leases).await;
                } else {
                    for mut lease in leases {
                        undo_statement(&mut lease, execution, &e).await;
                        self.release(lease);
                    }
                }
                return Err(self.logical_error(e, names).into());
            }
        };
        let mut warnings = 0u64;
        // Each copy of a broadcast table warns of the same.
        let warning = if plan.combine == Combine::Broadcast { 1 } else { usize::MAX };
        for (lease, answers) in leases.iter_mut().zip(&answers).take(warning) {
            let count: u64 = answers.iter().map(|a| u64::from(a.warnings)).sum();
            if plan.combine == Combine::Broadcast && warnings > 0 {
                // The other copies say the same.
                continue;
            }
            warnings += count;
            if count > 0 && self.warnings.len() < 64 {
                self.fetch_warnings(lease, names).await;
            }
        }
        if own_transaction {
            commit(&mut leases).await?;
        }
        for lease in leases {
            self.release(lease);
        }
        let (affected, info) = combine(plan, input, &answers, warnings);
        self.row_count = i64::try_from(affected).unwrap_or(i64::MAX);
        let last_insert_id = execution.first_generated.filter(|_| affected > 0).unwrap_or(0);
        self.ok(affected, last_insert_id, info.as_bytes(), more);
        Ok(())
    }

    /// Sends everything, then reads everything. The first error is the statement's.
    async fn run_parts(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        parts: &[Part],
        leases: &mut [Lease],
        sending: Sending<'_>,
        own_transaction: bool,
    ) -> Result<Vec<Vec<Answer>>, SqlError> {
        // Copies must be equal: NOW() is one moment for all, unless the session has set one.
        let moment =
            own_transaction && plan.combine == Combine::Broadcast && self.settings.get("timestamp").is_none();
        let now = now();
        for (part, lease) in parts.iter().zip(leases.iter_mut()) {
            if moment {
                lease.connection.queue_prefix(&format!("SET timestamp={now}"));
            }
            if own_transaction {
                lease.connection.queue_prefix("START TRANSACTION");
                lease.connection.in_transaction = true;
            } else if part.statements.len() > 1 {
                lease.connection.queue_prefix(STATEMENT_START);
            }
            let statements = execution.statements.get(part.statements.clone()).unwrap_or_default();
            send::queue(&mut lease.connection, execution, statements, sending)?;
            lease.connection.flush().await?;
        }
        let mut all = Vec::with_capacity(parts.len());
        let mut failed = None;
        for (part, lease) in parts.iter().zip(leases.iter_mut()) {
            if let Err(e) = lease.connection.read_prefix().await {
                failed.get_or_insert(e);
                continue;
            }
            let mut answers = Vec::with_capacity(part.statements.len());
            for _ in part.statements.clone() {
                match lease.connection.read_queued_as(sending.response_kind()).await {
                    Ok(answer) => answers.push(answer),
                    Err(e) => {
                        failed.get_or_insert(e);
                    }
                }
            }
            all.push(answers);
        }
        if moment {
            for lease in leases.iter_mut() {
                if let Err(e) = lease.connection.query("SET timestamp=DEFAULT").await {
                    lease.connection.mark_broken();
                    failed.get_or_insert(e);
                }
            }
        }
        failed.map_or(Ok(all), Err)
    }
}

/// Where a statement of several physical statements began, inside of the client's transaction: one that fails undoes all of itself, and no more.
const STATEMENT_START: &str = "SAVEPOINT `__ostrakon_statement`";

/// Takes back what a failed statement's other parts did in the client's transaction. Its start was marked, or the connection is broken.
async fn undo_statement(lease: &mut Lease, execution: &Execution, e: &SqlError) {
    let connection = &mut lease.connection;
    // One statement undoes itself, and a deadlock has undone everything.
    if execution.statements.len() < 2 || connection.is_broken() || e.ends_transaction() {
        return;
    }
    // Where it cannot be undone the transaction must not go on.
    if connection.query("ROLLBACK TO SAVEPOINT `__ostrakon_statement`").await.is_err() {
        connection.mark_broken();
    }
}

/// Seconds since 1970 with microseconds, as `SET timestamp` takes them.
fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:06}", since.as_secs(), since.subsec_micros())
}

async fn roll_back(leases: &mut [Lease]) {
    for lease in leases.iter_mut().filter(|l| !l.connection.is_broken()) {
        match lease.connection.query("ROLLBACK").await {
            Ok(_) => lease.connection.in_transaction = false,
            Err(_) => lease.connection.mark_broken(),
        }
    }
}

/// Commits each group's transaction, all in parallel.
async fn commit(leases: &mut [Lease]) -> Result<(), SqlError> {
    for lease in leases.iter_mut() {
        lease.connection.queue_query(b"COMMIT");
        // A failed write shows when its answer is read.
        let _ = lease.connection.flush().await;
    }
    let mut states = Vec::with_capacity(leases.len());
    let mut failed = None;
    for lease in leases.iter_mut() {
        match lease.connection.read_queued().await {
            Ok(_) => {
                lease.connection.in_transaction = false;
                states.push(format!("{}: committed", lease.group.name));
            }
            Err(e) => {
                lease.connection.mark_broken();
                states.push(format!("{}: not known ({})", lease.group.name, e.message));
                failed = Some(e);
            }
        }
    }
    match failed {
        None => Ok(()),
        // One group has no others to differ from: its own error says all.
        Some(e) if states.len() == 1 => Err(e),
        Some(e) => Err(SqlError::new(
            e.errno,
            "08007",
            format!(
                "The statement was committed on some groups only, which commit across groups will prevent. {}",
                states.join("; ")
            ),
        )),
    }
}

/// Affected rows and the info text of all answers.
fn combine(plan: &RoutedPlan, input: Input<'_>, answers: &[Vec<Answer>], warnings: u64) -> (u64, String) {
    if plan.combine == Combine::Broadcast {
        // Each copy says the same; one is the answer.
        return answers
            .iter()
            .flatten()
            .next()
            .map(|a| (a.affected_rows, a.info.clone()))
            .unwrap_or_default();
    }
    let affected = answers.iter().flatten().map(|a| a.affected_rows).sum();
    let inserts = matches!(leading_keyword(input.template), Keyword::Insert | Keyword::Replace);
    // The word may stand in a name too; it decides about nothing but this text.
    let updates = input.text.windows(9).any(|word| word.eq_ignore_ascii_case(b"DUPLICATE"));
    let infos: Vec<String> = answers
        .iter()
        .flatten()
        .map(|a| match inserts && a.info.is_empty() {
            // A server says nothing for one row.
            true => one_row_info(a.affected_rows, updates),
            false => a.info.clone(),
        })
        .collect();
    (affected, add_info(infos.iter().map(String::as_str), warnings))
}

/// The info of an INSERT or REPLACE of one row, as its part of several rows' info: no row affected is one left out by IGNORE, or one that
/// ON DUPLICATE KEY UPDATE (`updates`) left as it was, which is not counted; each row above one was replaced or updated.
fn one_row_info(affected: u64, updates: bool) -> String {
    let duplicates = if affected == 0 { u64::from(!updates) } else { affected - 1 };
    format!("Records: 1  Duplicates: {duplicates}  Warnings: 0")
}

/// `Records: 2  Duplicates: 0  Warnings: 0` of several statements, with each number added up. `Warnings` is the count of all.
fn add_info<'a>(infos: impl Iterator<Item = &'a str>, warnings: u64) -> String {
    let mut labels: Vec<(String, u64)> = Vec::new();
    for info in infos {
        let mut label = String::new();
        for word in info.split_whitespace() {
            match word.parse::<u64>() {
                Ok(number) => {
                    match labels.iter_mut().find(|(l, _)| *l == label) {
                        Some((_, sum)) => *sum += number,
                        None => labels.push((label.clone(), number)),
                    }
                    label.clear();
                }
                Err(_) => {
                    if !label.is_empty() {
                        label.push(' ');
                    }
                    label.push_str(word);
                }
            }
        }
    }
    for (label, sum) in &mut labels {
        if label == "Warnings:" {
            *sum = warnings;
        }
    }
    labels.iter().map(|(label, sum)| format!("{label} {sum}")).collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::{add_info, one_row_info};

    #[test]
    fn a_duplicate_left_as_it_was_counts_only_for_ignore() {
        let duplicates = |affected, updates| one_row_info(affected, updates).contains("Duplicates: 1");
        assert!(duplicates(0, false) && duplicates(2, true) && duplicates(2, false));
        assert!(!duplicates(0, true) && !duplicates(1, true));
    }

    #[test]
    fn the_numbers_of_info_texts_add_up() {
        let infos = ["Rows matched: 2  Changed: 1  Warnings: 0", "Rows matched: 3  Changed: 3  Warnings: 1"];
        assert_eq!(add_info(infos.into_iter(), 1), "Rows matched: 5  Changed: 4  Warnings: 1");
        assert_eq!(add_info(["", ""].into_iter(), 0), "");
    }
}
