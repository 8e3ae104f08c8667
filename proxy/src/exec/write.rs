//! Scattered writes: the same statement, or parts of it, on several physical tables; one OK for all.
//!
//! Outside of a transaction such a statement is a transaction by itself: all of it is there, or nothing.

mod at_once;
mod info;
mod returning;

pub use info::{RowKind, add_info, combine};

use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;

use ostrakon_catalog::schema::Group;
use ostrakon_router::plan::{Combine, Execution, RoutedPlan, StatementClass};

use super::lease::Lease;
use super::names::Names;
use super::returned::Returned;
use super::send::{self, Sending};
use super::warned::{Numbering, merge_repeated};
use super::watch;
use crate::backend::connection::Answer;
use crate::error::{INTERRUPTED, SqlError};
use crate::session::dispatch::Input;
use crate::session::trace::Role;
use crate::session::{Failure, Session};

/// The statements of one group: a range of the execution's.
#[derive(Clone)]
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

/// How the statements of a write go out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// All at once.
    Together,
    /// The first group's, and when they are done all others: writes of the same copies queue up in the first group, and never wait for each other
    /// crosswise.
    FirstGroupFirst,
    /// Group by group.
    OneByOne,
}

impl Order {
    fn of(plan: &RoutedPlan) -> Self {
        match plan.combine {
            Combine::Broadcast => Self::FirstGroupFirst,
            _ => Self::Together,
        }
    }
}

impl Session {
    /// Runs part of a statement in the transaction that is open. `first_row`: how many of the statement's rows earlier parts had.
    pub async fn write_part(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        first_row: usize,
    ) -> Result<Vec<Vec<Answer>>, Failure> {
        let parts = parts(plan, execution)?;
        let write =
            Write { plan, execution, sending: Sending::Text, parts, first_row, again: false, patience: None };
        self.write_parts(&write, Order::of(plan), None).await
    }

    /// The same for statements that return rows. What they affect is how many.
    pub async fn write_part_returning(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        first_row: usize,
        sending: Sending<'_>,
        returned: &mut Returned,
    ) -> Result<Vec<Vec<Answer>>, Failure> {
        let parts = parts(plan, execution)?;
        let write = Write { plan, execution, sending, parts, first_row, again: false, patience: None };
        self.write_parts(&write, Order::of(plan), Some(returned)).await
    }

    /// Runs a write on several physical tables. Outside of a transaction it is one by itself.
    pub async fn scatter_write(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        input: Input<'_>,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        let limit = self.worker.node.config.limits.merge_memory;
        let mut returned = (plan.class == StatementClass::WriteReturning).then(|| Returned::new(limit));
        let parts = parts(plan, execution)?;
        let write = Write { plan, execution, sending, parts, first_row: 0, again: true, patience: None };
        let order = Order::of(plan);
        let answers = if self.transaction.applies() {
            self.write_parts(&write, order, returned.as_mut()).await?
        } else {
            let next = (self.transaction.next_isolation, self.transaction.next_read_only);
            let at_once = match returned.is_none() && self.prepares_at_once(&write, order) {
                true => self.write_at_once(&write).await,
                false => Ok(None),
            };
            let ran = match at_once {
                Ok(None) => {
                    (self.transaction.next_isolation, self.transaction.next_read_only) = next;
                    self.write_alone(&write, order, returned.as_mut()).await
                }
                Ok(Some(answers)) => Ok(answers),
                Err(e) => Err(e),
            };
            match ran {
                // Two such statements have met crosswise, which they could not have done on one server. Nothing of this one is there, and nobody was told.
                Err(Failure::Sql(e)) if e.ends_transaction() && write.parts.len() > 1 => {
                    self.warnings.clear();
                    if let Some(returned) = &mut returned {
                        returned.clear();
                    }
                    (self.transaction.next_isolation, self.transaction.next_read_only) = next;
                    self.write_alone(&write, Order::OneByOne, returned.as_mut()).await?
                }
                answers => answers?,
            }
        };
        if let Some(returned) = returned {
            if let Some(first) = execution.first_generated.filter(|_| !returned.is_empty()) {
                self.last_insert_id = first;
            }
            return self.answer_returned(returned, Names::of(plan), more).await;
        }
        let warnings = self.warnings.count();
        let (affected, info) = combine(plan, input, &answers, warnings);
        self.row_count = i64::try_from(affected).unwrap_or(i64::MAX);
        let id = execution.first_generated.or(execution.last_explicit);
        let last_insert_id = id.filter(|_| affected > 0).unwrap_or(0);
        self.ok(affected, last_insert_id, info.as_bytes(), more);
        Ok(())
    }

    /// As a transaction of its own.
    async fn write_alone(
        &mut self,
        write: &Write<'_>,
        order: Order,
        returned: Option<&mut Returned>,
    ) -> Result<Vec<Vec<Answer>>, Failure> {
        self.transaction.begin_statement();
        let begun = Instant::now();
        match self.write_parts(write, order, returned).await {
            Ok(answers) => {
                self.note_quickness(write, begun);
                self.commit_all().await?;
                Ok(answers)
            }
            Err(e) => {
                self.rollback_all().await;
                Err(e)
            }
        }
    }

    /// Runs the parts in the transaction that is open. One that fails undoes the whole statement, and no more.
    async fn write_parts(
        &mut self,
        write: &Write<'_>,
        order: Order,
        returned: Option<&mut Returned>,
    ) -> Result<Vec<Vec<Answer>>, Failure> {
        let Write { plan, execution, sending, parts, .. } = write;
        let names = Names::of(plan);
        let mut leases = self.lease_parts(parts).await?;
        let mut begun = 0;
        let ran = match send::ready_all(&mut leases, execution, parts, *sending).await {
            Ok(_) => self.run_parts(write, &mut leases, order, returned, &mut begun).await,
            Err(e) => Err(e.into()),
        };
        let Answers { all: answers, mut warned, warnings: mut count } = match ran {
            Ok(answers) => answers,
            Err(Failure::Sql(e)) => {
                let mut gone = false;
                for (at, mut lease) in leases.into_iter().enumerate() {
                    if !self.transaction.is_statement() && !e.ends_transaction() {
                        gone |= !self.keeps_transaction(&mut lease).await;
                        // Elsewhere the mark is that of an earlier statement, which stays.
                        if at < begun {
                            undo_statement(&mut lease, execution, &e).await;
                        }
                    }
                    self.release(lease);
                }
                if gone {
                    self.rollback_all().await;
                }
                return Err(self.logical_error(e, names).into());
            }
            Err(e) => {
                for lease in &mut leases {
                    let pool = Rc::clone(lease.connection.pool());
                    watch::abandon(&mut lease.connection, &pool);
                }
                return Err(e);
            }
        };
        for ((lease, part), answers) in leases.iter_mut().zip(parts).zip(&answers).take(write.warning_parts())
        {
            count += answers.iter().map(|answer| u64::from(answer.warnings)).sum::<u64>();
            if answers.last().is_some_and(|answer| answer.warnings > 0)
                && let Ok(answer) = lease.connection.query("SHOW WARNINGS").await
            {
                warned.push((part.statements.end.saturating_sub(1), answer));
            }
        }
        self.note_warnings(write, warned, count);
        self.note_parts(write, &leases, &answers);
        for mut lease in leases {
            if let (false, Sending::Prepared(_)) = (write.again, write.sending) {
                for statement in &execution.statements {
                    lease.connection.forget_statement(execution.text(statement));
                }
            }
            self.release(lease);
        }
        Ok(answers)
    }

    /// A connection for each part, in the transaction that is open, which writes there from now on.
    async fn lease_parts(&mut self, parts: &[Part]) -> Result<Vec<Lease>, Failure> {
        let groups: Vec<Group> = parts.iter().map(|part| part.group.clone()).collect();
        self.check_participants(&groups).await?;
        let leases = self.lease_all(&groups).await?;
        for group in &groups {
            self.transaction.note_write(group);
        }
        Ok(leases)
    }

    /// What the servers have listed is the client's list.
    fn note_warnings(&mut self, write: &Write<'_>, mut warned: Vec<(usize, Answer)>, count: u64) {
        if count > 0 {
            warned.sort_by_key(|(statement, _)| *statement);
            let limit = self.warning_limit();
            self.warnings.add(write.numbering().in_order(&warned, Names::of(write.plan)), count, limit);
            merge_repeated(&mut self.warnings);
        }
    }

    /// For TRACE.
    fn note_parts(&mut self, write: &Write<'_>, leases: &[Lease], answers: &[Vec<Answer>]) {
        if self.trace.is_none() {
            return;
        }
        let execution = write.execution;
        for ((part, lease), answers) in write.parts.iter().zip(leases).zip(answers) {
            let statements = execution.statements.get(part.statements.clone()).unwrap_or_default();
            for (statement, answer) in statements.iter().zip(answers) {
                let text = execution.text(statement);
                self.note_sent(Role::Write, &lease.group.name, text, answer.affected_rows, 0);
            }
        }
    }

    /// Sends the parts and reads their answers. The first error is the statement's, and by then nothing is outstanding. `begun`: how many were sent,
    /// the first of them, or would have been.
    async fn run_parts(
        &mut self,
        write: &Write<'_>,
        leases: &mut [Lease],
        order: Order,
        mut returned: Option<&mut Returned>,
        begun: &mut usize,
    ) -> Result<Answers, Failure> {
        // Copies must be equal: NOW() is one moment for all, unless the session has set one.
        let copies = matches!(write.plan.combine, Combine::Broadcast);
        let moment = (copies && self.settings.get("timestamp").is_none())
            .then(|| self.worker.intern(self.settings.with("timestamp", now())));
        let mut answers = Answers::default();
        let mut rest = leases;
        let mut at = 0;
        while !rest.is_empty() {
            let together = match order {
                Order::Together => rest.len(),
                Order::FirstGroupFirst if at > 0 => rest.len(),
                Order::FirstGroupFirst | Order::OneByOne => 1,
            };
            let (now, later) = rest.split_at_mut(together);
            let parts = write.parts.get(at..at + together).unwrap_or_default();
            for (at, (part, lease)) in (at..).zip(parts.iter().zip(now.iter_mut())) {
                let asks = write.asks(at);
                if let Some(moment) = &moment {
                    lease.connection.queue_settings(moment);
                }
                if write.execution.statements.len() > 1 && !self.transaction.is_statement() {
                    lease.connection.queue_prefix(STATEMENT_START);
                }
                *begun = at + 1;
                if returned.is_some() {
                    continue;
                }
                for (number, statement) in part.statements.clone().enumerate() {
                    if number > 0 && asks {
                        lease.connection.queue_query(b"SHOW WARNINGS");
                    }
                    let statement = write.execution.statements.get(statement..=statement).unwrap_or_default();
                    send::queue(&mut lease.connection, write.execution, statement, write.sending)?;
                }
            }
            if let Some(returned) = returned.as_deref_mut() {
                // Each copy returns the same.
                let keep = |index: usize| !copies || at + index == 0;
                self.run_returning(write, parts, now, keep, returned, &mut answers).await?;
                at += together;
                rest = later;
                continue;
            }
            for lease in now.iter_mut() {
                // A failed write shows when its answer is read.
                let _ = lease.connection.flush().await;
            }
            self.read_parts(write, at, now, &mut answers).await?;
            at += together;
            rest = later;
        }
        Ok(answers)
    }

    async fn read_parts(
        &mut self,
        write: &Write<'_>,
        first: usize,
        leases: &mut [Lease],
        answered: &mut Answers,
    ) -> Result<(), Failure> {
        let mut failed: Option<SqlError> = None;
        for ((at, part), lease) in write.parts.iter().enumerate().skip(first).zip(leases) {
            let asks = write.asks(at);
            // The last one is asked when all are done, unless something follows at once.
            let asked = part.statements.end.saturating_sub(usize::from(write.patience.is_none()));
            let pool = Rc::clone(lease.connection.pool());
            let is_late = write.patience.is_some_and(|patience| patience.is_lost());
            if !is_late && failed.as_ref().is_some_and(|e| e.errno == INTERRUPTED) {
                // The KILL was passed on to one group; it is meant for the statement.
                watch::interrupt(&mut lease.connection, &pool);
            }
            let mut answers = Vec::with_capacity(part.statements.len());
            let waiting = async {
                let connection = &mut lease.connection;
                let watched = watch::Watched { patience: write.patience, ..self.watched() };
                while connection.has_prefix() {
                    watch::packet(connection, &pool, watched).await?;
                    connection.read_one_prefix().await?;
                }
                for at in part.statements.clone() {
                    watch::packet(connection, &pool, watched).await?;
                    match connection.read_queued_as(write.sending.response_kind()).await {
                        Ok(answer) => answers.push(answer),
                        Err(mut e) => {
                            write.numbering().renumber(at, &mut e.message);
                            failed.get_or_insert(e);
                        }
                    }
                    if asks && at < asked {
                        match connection.read_queued().await {
                            Ok(listed) if listed.rows.is_empty() => {}
                            Ok(listed) => answered.warned.push((at, listed)),
                            Err(e) if connection.is_broken() => return Err(e.into()),
                            // The statements behind it are still to be waited for.
                            Err(e) => {
                                failed.get_or_insert(e);
                            }
                        }
                    }
                }
                Ok(())
            };
            match waiting.await {
                Ok(()) => {}
                Err(Failure::Sql(e)) => {
                    failed.get_or_insert(e);
                }
                Err(e) => return Err(e),
            }
            answered.all.push(answers);
        }
        failed.map_or(Ok(()), |e| Err(self.entry().kill.as_victim(e).into()))
    }
}

/// One write on several physical tables.
struct Write<'a> {
    plan: &'a RoutedPlan,
    execution: &'a Execution,
    sending: Sending<'a>,
    parts: Vec<Part>,
    /// Rows of the client's statement that came before these.
    first_row: usize,
    /// The same texts come again: a prepared statement is worth keeping.
    again: bool,
    /// How long the statements may take, where there is another way to run them.
    patience: Option<&'a watch::Patience>,
}

impl Write<'_> {
    /// Of how many parts the warnings count: each copy of a broadcast table warns of the same.
    fn warning_parts(&self) -> usize {
        if matches!(self.plan.combine, Combine::Broadcast) { 1 } else { usize::MAX }
    }

    /// Whether a part's statements are asked for their warnings at once: what follows would clear them.
    fn asks(&self, part: usize) -> bool {
        part < self.warning_parts()
    }

    fn numbering(&self) -> Numbering<'_> {
        Numbering { rows: &self.execution.row_numbers, first_row: self.first_row }
    }
}

/// What the statements of a write were answered.
#[derive(Default)]
struct Answers {
    /// Those of each part.
    all: Vec<Vec<Answer>>,
    /// What SHOW WARNINGS listed behind a statement, by the statement's index.
    warned: Vec<(usize, Answer)>,
    /// Warnings that their answers do not count any more.
    warnings: u64,
}

/// Where a statement of several physical statements began: one that fails undoes all of itself, and no more of its transaction.
const STATEMENT_START: &str = "SAVEPOINT `__ostrakon_statement`";

/// Takes back what a failed statement's other parts did in the client's transaction. Its start was marked, or the connection is broken.
async fn undo_statement(lease: &mut Lease, execution: &Execution, e: &SqlError) {
    let connection = &mut lease.connection;
    // One statement undoes itself, and a deadlock has undone everything.
    if execution.statements.len() < 2 || connection.is_broken() || e.ends_transaction() {
        return;
    }
    match connection.query("ROLLBACK TO SAVEPOINT `__ostrakon_statement`").await {
        Ok(_) => {}
        // The statement failed before this part was sent.
        Err(e) if e.errno == NO_SAVEPOINT => {}
        // Where it cannot be undone the transaction must not go on.
        Err(_) => connection.mark_broken(),
    }
}

/// ER_SP_DOES_NOT_EXIST.
const NO_SAVEPOINT: u16 = 1305;

/// Seconds since 1970 with microseconds, as `SET timestamp` takes them.
pub fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:06}", since.as_secs(), since.subsec_micros())
}
