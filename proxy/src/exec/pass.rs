//! Pass: one group answers, and its packets go to the client as they come. No row is decoded; one window is held in memory.

use std::sync::Arc;

use bytes::Buf;
use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_protocol::relay::{ColumnRewrite, Relay, ResultEnd, Seen, StatusPatch};
use ostrakon_protocol::response::ErrPacket;
use ostrakon_protocol::scanner::ResponseKind;
use ostrakon_protocol::status::Status;
use ostrakon_router::plan::{Execution, NamedLocks, RoutedPlan, StatementClass};

use super::lease::Lease;
use super::names::Names;
use super::send::{self, Sending};
use super::stopwatch::Stopwatch;
use super::watch;
use crate::backend::connection::Answer;
use crate::error::{BACKEND_FAILED, SqlError};
use crate::frontend::WRITE_SIZE;
use crate::registry::Kill;
use crate::session::trace::Role;
use crate::session::{Failure, Session, Warning, Warnings};

/// Puts logical names into what goes through, and remembers the error for SHOW WARNINGS.
pub(super) struct Rewriter<'a> {
    names: Names<'a>,
    kill: &'a Kill,
    error: Option<SqlError>,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(names: Names<'a>, kill: &'a Kill) -> Self {
        Self { names, kill, error: None }
    }
}

impl ColumnRewrite for Rewriter<'_> {
    fn is_active(&self) -> bool {
        self.names.is_active()
    }

    fn rewrite(&mut self, definition: &ColumnDefinition<'_>, out: &mut Vec<u8>) -> bool {
        match self.names.logical(definition) {
            Some(logical) => {
                logical.encode(out);
                true
            }
            None => false,
        }
    }

    fn rewrite_error(&mut self, error: &ErrPacket<'_>, out: &mut Vec<u8>) -> bool {
        let sqlstate = String::from_utf8_lossy(&error.sqlstate).into_owned();
        let message = error.message_text();
        let error = self.names.error(SqlError { errno: error.code, sqlstate, message: message.to_string() });
        let error = self.kill.as_victim(error);
        ErrPacket::with_state(error.errno, &error.sqlstate, &error.message).encode(out);
        self.error = Some(error);
        true
    }
}

/// What the session asks or notes after an answer went through.
#[derive(Clone, Copy, Default)]
pub struct After<'a> {
    /// First AUTO_INCREMENT value that the sequence gave; the OK packet says it.
    pub generated: Option<u64>,
    /// The OK packet's value may be one that the statement gave itself, which LAST_INSERT_ID() does not follow: ask which it is.
    pub ask_insert_id: bool,
    /// SQL_CALC_FOUND_ROWS: ask how many rows there would have been.
    pub ask_found_rows: bool,
    /// User variables that the statement assigns.
    pub variables: &'a [String],
    /// The rows are those of a write: FOUND_ROWS() stays as it was, and the end of the rows says nothing of AUTO_INCREMENT values.
    pub returning: bool,
    /// The server may have made some all the same: ask.
    pub hides_generated: bool,
    /// Is told when the answer begins.
    pub stopwatch: Option<&'a Stopwatch>,
}

/// What LAST_INSERT_ID() is where no value is made: one that another session made over this connection would be taken for this statement's.
pub const NOTHING_GENERATED: &str = "SET LAST_INSERT_ID = 0";

/// So many bytes of rows are written from the buffer that they were read into; fewer are copied, and go out together with what comes next.
const FROM_WHERE_THEY_ARE: usize = WRITE_SIZE / 2;

/// What went through to the client.
#[derive(Clone, Copy, Debug)]
pub enum Relayed {
    Answer { rows: u64, bytes: u64 },
    Error { ends_transaction: bool },
}

impl Session {
    /// Runs the execution's only statement and passes its answer through.
    pub async fn pass(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        let could_share = self.could_share(plan, execution, sending);
        if could_share
            && plan.quickness.is_proven()
            && self.pass_shared(plan, execution, sending, more).await?
        {
            return Ok(());
        }
        // Boxed: of a thousand clients most share, and need no room for the other way.
        Box::pin(self.pass_alone(plan, execution, sending, could_share, more)).await
    }

    /// The same over a connection of its own. `could_share`: it might share one, were it known to be short.
    async fn pass_alone(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        sending: Sending<'_>,
        could_share: bool,
        more: bool,
    ) -> Result<(), Failure> {
        let Some(statement) = execution.statements.first() else {
            return Err(SqlError::other("Internal error (please report): nothing to pass").into());
        };
        let mut lease = match &plan.database {
            None if plan.locks != NamedLocks::None => Box::pin(self.lease_locks()).await?,
            None => Box::pin(self.lease_any()).await?,
            Some(database) => {
                let group = database.groups.get(statement.group);
                let group =
                    group.ok_or_else(|| SqlError::other("Internal error (please report): no such group"))?;
                let writes = plan.class.writes();
                if writes {
                    Box::pin(self.check_participants(std::slice::from_ref(group))).await?;
                }
                let lease = self.lease(group).await?;
                if writes {
                    self.transaction.note_write(group);
                }
                lease
            }
        };
        let pool = lease.connection.pool();
        let stopwatch = could_share.then(|| Stopwatch::start(std::iter::once(pool)));
        let statements = std::slice::from_ref(statement);
        let queued = match send::ready(&mut lease.connection, execution, statements, sending).await {
            Ok(_) => {
                if plan.hides_generated {
                    lease.connection.queue_prefix(NOTHING_GENERATED);
                }
                send::queue(&mut lease.connection, execution, statements, sending)
            }
            Err(e) => Err(e),
        };
        if let Err(e) = queued {
            match plan.locks {
                NamedLocks::None => self.release(lease),
                locks => self.keep_locks(lease, locks, false),
            }
            return Err(self.logical_error(e, Names::of(plan)).into());
        }
        let writes = plan.class.writes();
        let generated = execution.first_generated.filter(|_| writes && !plan.sets_last_id);
        let after = After {
            generated: generated.filter(|_| plan.class == StatementClass::Write),
            ask_insert_id: writes && (plan.sets_last_id || plan.sequence.is_none()),
            ask_found_rows: plan.calc_found_rows,
            variables: &plan.assigned,
            returning: plan.class == StatementClass::WriteReturning,
            hides_generated: plan.hides_generated,
            stopwatch: stopwatch.as_ref(),
        };
        let place = self.trace.is_some().then(|| lease.group.name.clone());
        let relayed = match plan.locks {
            NamedLocks::None => {
                let relayed = self.relay(lease, sending.response_kind(), Names::of(plan), after, more).await;
                let bytes = relayed.as_ref().ok().map(|(_, bytes)| *bytes);
                match after.stopwatch {
                    Some(stopwatch) if matches!(relayed, Err(Failure::ClientGone)) => stopwatch.is_left(plan),
                    Some(stopwatch) => stopwatch.stop(plan, bytes.filter(|_| self.warnings.is_empty())),
                    None => {}
                }
                relayed?
            }
            locks => {
                let mut lease = lease;
                let kind = sending.response_kind();
                let relayed = self.relay_answer(&mut lease, kind, Names::of(plan), after, more).await;
                let done = matches!(relayed, Ok(Relayed::Answer { .. }));
                self.keep_locks(lease, locks, done);
                match relayed? {
                    Relayed::Answer { rows, bytes } => (rows, bytes),
                    Relayed::Error { .. } => return Err(Failure::Told),
                }
            }
        };
        if let Some(first) = generated.filter(|_| after.returning && relayed.0 > 0) {
            self.last_insert_id = first;
        }
        if let (Some(place), (rows, bytes)) = (place, relayed) {
            self.note_sent(Role::Pass, &place, execution.text(statement), rows, bytes);
        }
        Ok(())
    }

    /// Sends a text as it is and passes the answer through.
    pub async fn pass_text(
        &mut self,
        mut lease: Lease,
        text: &[u8],
        names: Names<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        if self.binary_results {
            let prepared = send::prepare(&mut lease.connection, text).await;
            let (statement, _) = match prepared {
                Ok(prepared) => prepared,
                Err(e) => {
                    self.release(lease);
                    return Err(e.into());
                }
            };
            send::queue_without_params(&mut lease.connection, statement.id)?;
            return self.relay(lease, ResponseKind::Execute, names, After::default(), more).await.map(|_| ());
        }
        if let Err(e) = lease.connection.check_size(text.len() + 1) {
            self.release(lease);
            return Err(e.into());
        }
        lease.connection.queue_query(text);
        self.relay(lease, ResponseKind::Query, names, After::default(), more).await.map(|_| ())
    }

    /// Reads the answer of the one statement that is queued on the lease, forwards it, and gives the lease back. Returns how many
    /// rows and bytes there were.
    async fn relay(
        &mut self,
        mut lease: Lease,
        kind: ResponseKind,
        names: Names<'_>,
        after: After<'_>,
        more: bool,
    ) -> Result<(u64, u64), Failure> {
        let relayed = self.relay_answer(&mut lease, kind, names, after, more).await?;
        self.release(lease);
        match relayed {
            Relayed::Answer { rows, bytes } => Ok((rows, bytes)),
            Relayed::Error { ends_transaction } => {
                if ends_transaction {
                    Box::pin(self.rollback_all()).await;
                }
                Err(Failure::Told)
            }
        }
    }

    /// Reads the answer of the one statement that is queued on the lease and forwards it.
    pub async fn relay_answer(
        &mut self,
        lease: &mut Lease,
        kind: ResponseKind,
        names: Names<'_>,
        after: After<'_>,
        more: bool,
    ) -> Result<Relayed, Failure> {
        lease.connection.flush().await?;
        lease.connection.read_prefix().await?;
        let mut relay = self.relay_from(lease.connection.capabilities, kind);
        relay.overrides.last_insert_id = after.generated;
        let patch = self.status_patch(lease.in_transaction, more);
        let entry = Arc::clone(self.entry());
        let mut bytes = 0;
        let mut rewriter = Rewriter::new(names, &entry.kill);
        loop {
            let connection = &mut *lease.connection;
            if connection.input.len() >= FROM_WHERE_THEY_ARE {
                let run = relay.rows_in_place(&mut connection.input, patch, &mut self.client.output);
                let packets = connection.input.get(..run).unwrap_or_default();
                match run >= FROM_WHERE_THEY_ARE {
                    true => self.flush_window_with(packets).await?,
                    false => self.client.output.extend_from_slice(packets),
                }
                connection.input.advance(run);
                bytes += run as u64;
            }
            let pushed = relay.push(&connection.input, &mut rewriter, patch, &mut self.client.output);
            let consumed = match pushed {
                Ok(consumed) => consumed,
                Err(e) => {
                    connection.mark_broken();
                    self.client.sequence = relay.sequence();
                    return Err(SqlError::new(
                        BACKEND_FAILED,
                        "HY000",
                        format!("Malformed answer from a group: {e}"),
                    )
                    .into());
                }
            };
            connection.input.advance(consumed);
            bytes += consumed as u64;
            if relay.finished() {
                break;
            }
            if let Some(stopwatch) = after.stopwatch.filter(|_| bytes > 0) {
                stopwatch.answers();
            }
            // Back-pressure: nothing more is read while the client does not take what it has.
            self.flush_window().await?;
            let pool = std::rc::Rc::clone(lease.connection.pool());
            let filled = watch::fill(&mut lease.connection, relay.need(), &pool, self.watched()).await;
            if let Err(e) = filled {
                self.client.sequence = relay.sequence();
                return Err(e);
            }
        }
        lease.connection.answered();
        self.client.sequence = relay.sequence();
        let seen = relay.seen();
        if let Some(end) = seen.end {
            self.note_end(end, seen.rows, after.returning, !after.variables.is_empty());
        }
        let answered = self.after_answer(lease, seen.clone(), rewriter.error, names, after, bytes).await;
        if !after.variables.is_empty() {
            Box::pin(self.follow_variables(&mut lease.connection, after.variables)).await;
        }
        answered
    }

    /// What the session learns from an answer that went through.
    async fn after_answer(
        &mut self,
        lease: &mut Lease,
        seen: Seen,
        error: Option<SqlError>,
        names: Names<'_>,
        after: After<'_>,
        bytes: u64,
    ) -> Result<Relayed, Failure> {
        let warnings = seen.end.map_or(0, |end| end.warnings);
        if let Some(error) = error {
            self.row_count = -1;
            self.warnings = Warnings::of(Warning {
                level: "Error".into(),
                code: error.errno,
                message: error.message.clone(),
            });
            let ends_transaction = error.ends_transaction() || !Box::pin(self.keeps_transaction(lease)).await;
            return Ok(Relayed::Error { ends_transaction });
        }
        if after.ask_found_rows && !self.mode.server.mariadb {
            // On MySQL what SHOW WARNINGS shows counts for FOUND_ROWS(), and asking that empties the list, which has this warning at least.
            if let Some(end) = seen.end {
                Box::pin(self.ask_after(lease, after, end, seen.rows)).await;
                self.warnings.push(Warning {
                    level: "Warning".into(),
                    code: 1287,
                    message: "SQL_CALC_FOUND_ROWS is deprecated and will be removed in a future release. Consider using two separate queries instead.".into(),
                });
            }
            return Ok(Relayed::Answer { rows: seen.rows, bytes });
        }
        if warnings > 0 {
            Box::pin(self.fetch_warnings(lease, names, warnings.into())).await;
        }
        let asks = after.ask_insert_id || after.ask_found_rows || after.hides_generated;
        if let Some(end) = seen.end.filter(|_| asks) {
            Box::pin(self.ask_after(lease, after, end, seen.rows)).await;
        }
        Ok(Relayed::Answer { rows: seen.rows, bytes })
    }

    /// What brings the answer of a backend with these capabilities to the client.
    pub(super) fn relay_from(&self, backend: Capabilities, kind: ResponseKind) -> Relay {
        let deprecates_eof = self.client.capabilities.contains(Capabilities::DEPRECATE_EOF);
        let mut relay = Relay::new(kind, backend, deprecates_eof, false, self.client.sequence);
        relay.overrides.more_warnings = self.warning_count();
        relay
    }

    /// How the status flags that a backend sends differ from this session's.
    pub fn status_patch(&self, in_transaction: bool, more: bool) -> StatusPatch {
        let mut set = 0;
        if self.transaction.autocommit {
            set |= Status::AUTOCOMMIT.0;
        }
        if in_transaction || self.transaction.is_open() {
            set |= Status::IN_TRANS.0;
        }
        if more {
            set |= Status::MORE_RESULTS_EXISTS.0;
        }
        let clear = Status::AUTOCOMMIT.0
            | Status::IN_TRANS.0
            | Status::IN_TRANS_READONLY.0
            | Status::SESSION_STATE_CHANGED.0;
        StatusPatch { clear, set }
    }

    /// `into`: a query whose only row went into variables.
    pub(super) fn note_end(&mut self, end: ResultEnd, rows: u64, returning: bool, into: bool) {
        if end.had_rows {
            self.found_rows = if returning { self.found_rows } else { rows };
            self.row_count = -1;
        } else {
            self.row_count = i64::try_from(end.affected_rows).unwrap_or(i64::MAX);
            if into {
                self.found_rows = end.affected_rows;
            }
        }
    }

    /// Asks the connection that ran a statement for what only it knows. The answer is with the client already: a failure changes nothing of it.
    async fn ask_after(&mut self, lease: &mut Lease, after: After<'_>, end: ResultEnd, rows: u64) {
        let hidden = after.hides_generated && rows > 0;
        let insert_id = hidden || after.ask_insert_id && end.last_insert_id != 0;
        let question = match (insert_id, after.ask_found_rows) {
            (true, _) => "SELECT LAST_INSERT_ID() LIMIT 1",
            (false, true) => "SELECT FOUND_ROWS() LIMIT 1",
            (false, false) => return,
        };
        let answer = lease.connection.query(question).await;
        let Ok(number) = answer.map_err(|_| ()).and_then(|a| a.text(0, 0).parse().map_err(|_| ())) else {
            return;
        };
        match insert_id {
            // A value from another session that was on this connection before differs from what was inserted.
            true if number > 0 && (hidden || number == end.last_insert_id) => self.last_insert_id = number,
            true => {}
            false => self.found_rows = number,
        }
    }

    /// Reads a backend's warnings, since its connection goes to other sessions. The statement is done and its answer may be on its way to the
    /// client: when the warnings cannot be had, that is no error of the statement's.
    pub async fn fetch_warnings(&mut self, lease: &mut Lease, names: Names<'_>, count: u64) {
        let listed = self.asked_warnings(lease, names).await;
        if !listed.is_empty() {
            self.warnings.add(listed, count, self.warning_limit());
        }
    }

    /// A backend's warnings; none where they cannot be had.
    pub async fn asked_warnings(&self, lease: &mut Lease, names: Names<'_>) -> Vec<Warning> {
        match lease.connection.query("SHOW WARNINGS").await {
            Ok(answer) => {
                let mut listed = listed_warnings(&answer, names);
                for warning in listed.iter_mut().filter(|warning| warning.code == SYNTAX) {
                    quote_own_text(&mut warning.message, &self.current);
                }
                listed
            }
            Err(e) => {
                tracing::debug!(error = %e.message, "SHOW WARNINGS failed");
                Vec::new()
            }
        }
    }

    /// An error with logical names.
    pub fn logical_error(&self, e: SqlError, names: Names<'_>) -> SqlError {
        names.error(e)
    }
}

/// ER_PARSE_ERROR: as a warning it is of an optimizer hint.
const SYNTAX: u16 = 1064;
/// How many characters a server shows of a statement from where something is wrong.
const NEAR: usize = 80;

/// What SHOW WARNINGS answered, with logical names.
pub fn listed_warnings(answer: &Answer, names: Names<'_>) -> Vec<Warning> {
    let warning = |row| Warning {
        level: answer.text(row, 0),
        code: answer.text(row, 1).parse().unwrap_or(0),
        message: names.in_text(&answer.text(row, 2)),
    };
    (0..answer.rows.len()).map(warning).collect()
}

/// A server tells where in its statement something is wrong by the text from there on: the client's own text is put in its place, if that is where
/// it is alike up to the first name.
fn quote_own_text(message: &mut String, own: &[u8]) {
    let Some(start) = message.find("near '").map(|at| at + "near '".len()) else { return };
    let end = message.rfind("' at line").filter(|end| *end >= start).unwrap_or(message.len());
    let known = message.get(start..end).and_then(|rest| rest.split('`').next()).unwrap_or_default();
    let own = String::from_utf8_lossy(own);
    let mut places = own.match_indices(known);
    if let (Some((at, _)), None) = (places.next(), places.next()) {
        let rest: String = own.get(at..).unwrap_or_default().chars().take(NEAR).collect();
        message.replace_range(start..end, &rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_own_text_is_quoted() {
        let quoted = |message: &str, own: &str| {
            let mut message = message.to_owned();
            quote_own_text(&mut message, own.as_bytes());
            message
        };
        let told = "Hint syntax error near 'NO_HINT() */ a FROM `d`.`t` AS `t`' at line 1";
        let own = "SELECT /*+ NO_HINT() */ a FROM t";
        assert_eq!(quoted(told, own), "Hint syntax error near 'NO_HINT() */ a FROM t' at line 1");
        assert_eq!(quoted(told, "SELECT 1"), told);
        assert_eq!(quoted("near ''", "SELECT 1"), "near ''");
    }
}
