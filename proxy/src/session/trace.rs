//! TRACE and EXPLAIN ANALYZE: what a statement sent to the servers, with what came back.

use std::time::Instant;

use ostrakon_router::lexer::{self, Template};

use super::result::ResultSet;
use super::{Failure, Session};
use crate::error::SqlError;

/// How a physical statement served the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that answers.
    Pass,
    /// One of those whose rows are merged.
    Merge,
    /// One of a write's.
    Write,
    /// Brings rows to a temporary table.
    Source,
    /// Answers from temporary tables.
    Gathered,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Merge => "merge",
            Self::Write => "write",
            Self::Source => "source",
            Self::Gathered => "gathered",
        }
    }
}

/// A physical statement that was sent.
#[derive(Clone, Debug)]
pub struct Traced {
    pub role: Role,
    /// The group's name; that of the instance for what ran over temporary tables.
    pub place: String,
    pub statement: String,
    /// Rows that came back, or that a write affected.
    pub rows: u64,
    /// Bytes of these rows.
    pub bytes: u64,
}

/// What a traced statement has sent so far.
#[derive(Debug)]
pub struct Trace {
    pub begun: Instant,
    /// Loading a temporary table: what is merged now is a source's.
    pub loading: bool,
    pub sent: Vec<(Traced, Instant)>,
}

impl Trace {
    fn new() -> Self {
        Self { begun: Instant::now(), loading: false, sent: Vec::new() }
    }
}

impl Session {
    /// Notes what was sent, if the statement is traced.
    pub fn note_sent(&mut self, role: Role, place: &str, statement: &[u8], rows: u64, bytes: u64) {
        let Some(trace) = &mut self.trace else { return };
        let role = if trace.loading { Role::Source } else { role };
        let statement = String::from_utf8_lossy(statement).into_owned();
        let traced = Traced { role, place: place.to_owned(), statement, rows, bytes };
        trace.sent.push((traced, Instant::now()));
    }

    /// What is merged from now on loads a temporary table, or no longer does.
    pub fn trace_loading(&mut self, loading: bool) {
        if let Some(trace) = &mut self.trace {
            trace.loading = loading;
        }
    }

    /// `TRACE statement`: answers the statement; SHOW TRACE tells what it sent.
    pub async fn trace_statement(&mut self, inner: &[u8], more: bool) -> Result<(), Failure> {
        let mut template = Template::default();
        lexer::scan(inner, self.mode, &mut template)?;
        self.trace = Some(Box::new(Trace::new()));
        let answered = Box::pin(self.run_text(inner, &template, more)).await;
        self.last_trace = self.trace.take();
        answered
    }

    /// SHOW TRACE: of the last traced statement.
    pub fn show_trace(&self) -> ResultSet {
        let mut set = ResultSet::text(&["ID", "TIME_MS", "TYPE", "GROUP_NAME", "ROWS", "BYTES", "STATEMENT"])
            .integer("ID")
            .integer("ROWS")
            .integer("BYTES");
        let Some(trace) = &self.last_trace else { return set };
        for (index, (sent, at)) in trace.sent.iter().enumerate() {
            set.push([
                (index as u64).into(),
                milliseconds(*at - trace.begun).into(),
                sent.role.name().into(),
                sent.place.as_str().into(),
                sent.rows.into(),
                sent.bytes.into(),
                sent.statement.as_str().into(),
            ]);
        }
        set
    }

    /// EXPLAIN ANALYZE: runs a query, throws its rows away, and counts them.
    pub async fn explain_analyze(&mut self, inner: &[u8]) -> Result<ResultSet, Failure> {
        let mut template = Template::default();
        lexer::scan(inner, self.mode, &mut template)?;
        self.trace = Some(Box::new(Trace::new()));
        let counted = Box::pin(self.count_rows(inner, &template)).await;
        let trace = self.trace.take();
        let (rows, bytes) = counted?;
        let mut set = ResultSet::text(&["TYPE", "GROUP_NAME", "ROWS", "BYTES", "UNTIL_MS", "STATEMENT"])
            .integer("ROWS")
            .integer("BYTES");
        let Some(trace) = trace else { return Ok(set) };
        for (sent, at) in &trace.sent {
            set.push([
                sent.role.name().into(),
                sent.place.as_str().into(),
                sent.rows.into(),
                sent.bytes.into(),
                milliseconds(*at - trace.begun).into(),
                sent.statement.as_str().into(),
            ]);
        }
        let total = milliseconds(trace.begun.elapsed());
        let text = String::from_utf8_lossy(inner.get(..template.length).unwrap_or_default()).into_owned();
        set.push(["answer".into(), "".into(), rows.into(), bytes.into(), total.into(), text.into()]);
        Ok(set)
    }

    async fn count_rows(&mut self, inner: &[u8], template: &Template) -> Result<(u64, u64), Failure> {
        use ostrakon_router::plan::{Plan, StatementClass};
        let text = inner.get(..template.length).unwrap_or_default();
        let (plan, expanded) = self.plan_expanded(text, template).await?;
        let Plan::Routed(plan) = &*plan else {
            return Err(
                SqlError::not_supported("EXPLAIN ANALYZE of a statement that no group answers").into()
            );
        };
        if !matches!(plan.class, StatementClass::Read | StatementClass::LockingRead) {
            return Err(
                SqlError::not_supported("EXPLAIN ANALYZE of a write: it would write; TRACE runs it").into()
            );
        }
        if !plan.assigned.is_empty() {
            return Err(SqlError::not_supported(
                "EXPLAIN ANALYZE of an assignment to a user variable; TRACE runs it",
            )
            .into());
        }
        let own = super::dispatch::Input { text, template, values: None };
        let input = expanded.as_ref().map_or(own, |expanded| expanded.input(None));
        let mut counting = Counting::default();
        let rows = self.query_rows(plan, input, &mut counting).await?;
        Ok((rows, counting.bytes))
    }
}

/// Milliseconds with three digits behind the point.
fn milliseconds(time: std::time::Duration) -> String {
    format!("{}.{:03}", time.as_millis(), time.subsec_micros() % 1000)
}

/// Counts rows and throws them away.
#[derive(Default)]
struct Counting {
    bytes: u64,
}

impl crate::exec::rows::Rows for Counting {
    fn columns(&mut self, _: &[ostrakon_protocol::column::ColumnDefinition<'_>]) -> Result<(), SqlError> {
        Ok(())
    }

    fn row(&mut self, row: &[u8]) -> Result<(), SqlError> {
        self.bytes += row.len() as u64;
        Ok(())
    }

    fn settle(&mut self) -> std::pin::Pin<Box<dyn Future<Output = Result<(), SqlError>> + '_>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_full(&self) -> bool {
        false
    }

    fn guard(&self) -> Option<&crate::gather::guard::Guard> {
        None
    }
}
