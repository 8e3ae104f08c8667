//! Scattered queries: the rows of several physical statements stream through the merge to the client.
//!
//! Each group answers over one connection; its physical tables' statements follow each other there. Where the merge wants a row of a later
//! statement first, the earlier ones' rows wait in memory, within `limits.merge_memory`.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ostrakon_catalog::schema::Group;
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_protocol::lenenc::write_lenenc_int;
use ostrakon_router::lexer::{HoleKind, hole_value};
use ostrakon_router::merge::MergeSpec;
use ostrakon_router::plan::{Execution, RoutedPlan};

use super::feed::{Feed, Reading, any_source, feed_source};
use super::lease::Lease;
use super::names::Names;
use super::send::{self, Sending};
use super::stopwatch::Stopwatch;
use super::warned::ONCE;
use super::watch::{self};
use super::weights;
use super::write::{Part, parts};
use crate::error::{INTERRUPTED, SqlError};
use crate::frontend::WRITE_SIZE;
use crate::gather::guard::Guard;
use crate::session::dispatch::Input;
use crate::session::trace::Role;
use crate::session::{Failure, Session, Warning};
use ostrakon_merge::{
    CollationName, Merge, MergeError, MergeInput, MergeLimits, Number, Pushed, RowFormat, Step,
};

impl From<MergeError> for Failure {
    fn from(e: MergeError) -> Self {
        let (errno, sqlstate) = e.code();
        Failure::Sql(SqlError::new(errno, sqlstate, e.to_string()))
    }
}

/// A statement over several physical tables of a group that took less than this is run again for its warnings, which a server lists of the last one only.
const ASKED_AGAIN: Duration = Duration::from_secs(1);

/// A query that failed.
struct Ended {
    failure: Failure,
    /// The transaction has ended with it on some server.
    transaction: bool,
}

impl Ended {
    fn statement(e: SqlError) -> Self {
        Self { failure: e.into(), transaction: false }
    }
}

/// Writes all parts before any answer is read.
async fn send_parts(
    leases: &mut [Lease],
    execution: &Execution,
    parts: &[Part],
    sending: Sending<'_>,
) -> Result<(), SqlError> {
    for (part, lease) in parts.iter().zip(leases.iter_mut()) {
        let statements = execution.statements.get(part.statements.clone()).unwrap_or_default();
        send::queue(&mut lease.connection, execution, statements, sending)?;
    }
    for lease in leases.iter_mut() {
        lease.connection.flush().await?;
    }
    for lease in leases.iter_mut() {
        lease.connection.read_prefix().await?;
    }
    Ok(())
}

/// A scattered query.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    pub plan: &'a RoutedPlan,
    pub execution: &'a Execution,
    pub spec: &'a MergeSpec,
    pub input: Input<'a>,
    pub sending: Sending<'a>,
    /// `sql_select_limit`, where it counts.
    pub at_most: Option<u64>,
}

/// Where merged rows go.
pub enum Sink<'s> {
    /// To the client, with column definitions before them.
    Client,
    /// To a table, or into memory.
    Rows(&'s mut dyn Rows),
}

/// Takes rows of a query that is not the client's own.
pub trait Rows {
    /// The columns, before the first row.
    fn columns(&mut self, columns: &[ColumnDefinition<'_>]) -> Result<(), SqlError>;
    /// One row, as the text protocol has it.
    fn row(&mut self, row: &[u8]) -> Result<(), SqlError>;
    /// Time to pass on what has come so far, when there is much of it.
    fn settle(&mut self) -> Pin<Box<dyn Future<Output = Result<(), SqlError>> + '_>>;
    fn is_full(&self) -> bool;
    /// Who watches that; `None`: it never waits.
    fn guard(&self) -> Option<&Guard>;
}

impl Session {
    /// Runs a scattered query and streams the merged rows.
    pub async fn merge_rows(&mut self, query: Query<'_>, more: bool) -> Result<(), Failure> {
        // Each physical table's rows are not the statement's: those are counted here.
        let session = Rc::clone(&self.settings);
        let at_most = session.get("sql_select_limit").and_then(|limit| limit.trim_matches('\'').parse().ok());
        if let Some(at_most) = at_most {
            self.settings = self.worker.intern(session.without("sql_select_limit"));
            let cut = Query { at_most: query.spec.limit.is_none().then_some(at_most), ..query };
            let merged = Box::pin(self.merge_groups(cut, more)).await;
            self.settings = session;
            return merged;
        }
        self.merge_groups(query, more).await
    }

    async fn merge_groups(&mut self, query: Query<'_>, more: bool) -> Result<(), Failure> {
        if self.could_merge_shared(query)
            && query.plan.quickness.is_proven()
            && self.merge_shared(query, more).await?
        {
            return Ok(());
        }
        let names = Names::of(query.plan);
        let mut parts = parts(query.plan, query.execution)?;
        let alone = self.wants_agreement() && !self.transaction.applies();
        if alone {
            let groups: Vec<Group> = parts.iter().map(|p| p.group.clone()).collect();
            self.begin_consistent_statement(&groups).await?;
            let rows = Box::pin(self.merge_parts(query, parts, &mut Sink::Client)).await;
            // Before the client is answered: what it reads of the session then is outside of a transaction.
            self.rollback_all().await;
            return self.end_of_rows(rows, names, more);
        }
        if !query.spec.input_order.is_empty() && !self.transaction.applies() {
            parts = self.one_by_one(parts);
        }
        let rows = self.merge_parts(query, parts, &mut Sink::Client).await;
        self.end_of_rows(rows, names, more)
    }

    /// Runs a query of one or several physical statements, and gives its rows to `rows` instead of the client. Returns how many there were.
    pub async fn fetch_rows(&mut self, query: Query<'_>, rows: &mut dyn Rows) -> Result<u64, Failure> {
        let parts = parts(query.plan, query.execution)?;
        let names = Names::of(query.plan);
        match Box::pin(self.merge_parts(query, parts, &mut Sink::Rows(rows))).await {
            Err(Failure::Sql(e)) => Err(self.logical_error(self.entry().kill.as_victim(e), names).into()),
            fetched => fetched,
        }
    }

    fn end_of_rows(
        &mut self,
        rows: Result<u64, Failure>,
        names: Names<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        match rows {
            Ok(rows) => {
                self.found_rows = rows;
                self.row_count = -1;
                self.write_rows_end(more);
                Ok(())
            }
            Err(Failure::Sql(e)) => Err(self.logical_error(self.entry().kill.as_victim(e), names).into()),
            Err(e) => Err(e),
        }
    }

    /// Streams the rows of these parts, without the end. Returns how many.
    async fn merge_parts(
        &mut self,
        query: Query<'_>,
        parts: Vec<Part>,
        sink: &mut Sink<'_>,
    ) -> Result<u64, Failure> {
        let groups: Vec<Group> = parts.iter().map(|p| p.group.clone()).collect();
        let leases = self.lease_all(&groups).await?;
        let (leases, rows) = self.merge_leases(query, leases, &parts, sink).await;
        for lease in leases {
            self.release(lease);
        }
        match rows {
            Err(Ended { failure, transaction }) => {
                if transaction {
                    self.rollback_all().await;
                }
                Err(failure)
            }
            Ok(rows) => Ok(rows),
        }
    }

    /// Gives the rows of a query over one connection, which no group's tables need, to `rows`. Returns the connection, unless it is lost.
    pub async fn fetch_over(
        &mut self,
        query: Query<'_>,
        lease: Lease,
        rows: &mut dyn Rows,
    ) -> (Option<Lease>, Result<u64, Failure>) {
        let parts = [Part { group: lease.group.clone(), statements: 0..1 }];
        let sink = &mut Sink::Rows(rows);
        let (mut leases, rows) = Box::pin(self.merge_leases(query, vec![lease], &parts, sink)).await;
        (leases.pop(), rows.map_err(|ended| ended.failure))
    }

    /// Sends the parts over their connections and streams their rows. The connections that can be used again come back.
    async fn merge_leases(
        &mut self,
        query: Query<'_>,
        mut leases: Vec<Lease>,
        parts: &[Part],
        sink: &mut Sink<'_>,
    ) -> (Vec<Lease>, Result<u64, Ended>) {
        let Query { execution, sending, .. } = query;
        match send::ready_all(&mut leases, execution, parts, sending).await {
            Ok(warnings) => self.warnings.unplaced += warnings,
            Err(e) => return (leases, Err(Ended::statement(e))),
        }
        if let Err(e) = send_parts(&mut leases, execution, parts, sending).await {
            return (Vec::new(), Err(Ended::statement(e)));
        }
        let begun = Instant::now();
        let pools = leases.iter().map(|lease| lease.connection.pool());
        let stopwatch = self.could_merge_shared(query).then(|| Stopwatch::start(pools));
        let kind = sending.response_kind();
        let mut feeds: Vec<Feed> = leases
            .into_iter()
            .zip(parts)
            .map(|(lease, part)| Feed::new(lease, part.statements.clone(), kind))
            .collect();
        let streamed = self.stream(&mut feeds, query, sink, stopwatch.as_ref()).await;
        if self.trace.is_some() {
            self.note_feeds(&feeds, execution);
        }
        let (leases, longest, streamed) = self.finish_feeds(feeds, streamed, query, begun).await;
        match stopwatch {
            Some(stopwatch) if matches!(&streamed, Err(Ended { failure: Failure::ClientGone, .. })) => {
                stopwatch.is_left(query.plan);
            }
            Some(stopwatch) => {
                let is_clean = streamed.is_ok() && self.warnings.is_empty();
                stopwatch.stop(query.plan, is_clean.then_some(longest));
            }
            None => {}
        }
        (leases, streamed)
    }

    /// Ordered rows of several physical tables are wanted side by side: outside of a transaction each gets a connection of its own, where the
    /// pools allow it, so that no rows have to wait in memory.
    fn one_by_one(&self, parts: Vec<Part>) -> Vec<Part> {
        let limits = &self.worker.node.config.limits;
        let total: usize = parts.iter().map(|p| p.statements.len()).sum();
        if total > (limits.connections_per_instance / 8).max(8) {
            return parts;
        }
        let split = |part: Part| {
            let group = part.group;
            part.statements.map(move |at| Part { group: group.clone(), statements: at..at + 1 })
        };
        parts.into_iter().flat_map(split).collect()
    }

    /// What the trace tells of them.
    fn note_feeds(&mut self, feeds: &[Feed], execution: &Execution) {
        for feed in feeds {
            let statements = execution.statements.get(feed.sources.clone()).unwrap_or_default();
            for (statement, (rows, bytes)) in statements.iter().zip(&feed.counts) {
                // Temporary tables are in no group; their instance's name stands in its place.
                let group = &feed.lease.group;
                let role = match execution.statements.len() {
                    1 if group.physical_database.is_empty() && !group.name.is_empty() => Role::Gathered,
                    1 => Role::Pass,
                    _ => Role::Merge,
                };
                self.note_sent(role, &feed.lease.group.name, execution.text(statement), *rows, *bytes);
            }
        }
    }

    /// Drains what is left, collects warnings, and returns the connections, and the bytes of the longest answer.
    async fn finish_feeds(
        &mut self,
        mut feeds: Vec<Feed>,
        mut streamed: Result<u64, Failure>,
        query: Query<'_>,
        begun: Instant,
    ) -> (Vec<Lease>, u64, Result<u64, Ended>) {
        let names = Names::of(query.plan);
        let mut held = 0;
        let mut gone = matches!(streamed, Err(Failure::ClientGone));
        let mut ended = false;
        let interrupted = matches!(&streamed, Err(Failure::Sql(e)) if e.errno == INTERRUPTED);
        if interrupted || streamed.is_err() && self.entry().kill.victim.load(Ordering::Relaxed) {
            // KILL, or the end of a deadlock's victim, was passed on to one group; it is the statement that must end.
            for feed in feeds.iter_mut().filter(|feed| feed.is_kept() && !feed.ended()) {
                let pool = Rc::clone(feed.lease.connection.pool());
                watch::interrupt(&mut feed.lease.connection, &pool);
            }
        }
        let mut leases = Vec::with_capacity(feeds.len());
        let mut longest = 0;
        for mut feed in feeds {
            if feed.lease.connection.is_broken() {
                // Nothing more comes.
            } else if gone
                || (streamed.is_err()
                    && !feed.lease.connection.has_locks
                    && !feed.lease.connection.keeps_tables
                    && (!feed.lease.in_transaction || self.transaction.is_statement()))
            {
                // The answer is of no use any more. In the client's transaction, and with its locks, the connection is: it is read to the end there.
                if !feed.ended() {
                    let pool = Rc::clone(feed.lease.connection.pool());
                    watch::abandon(&mut feed.lease.connection, &pool);
                }
            } else {
                let reading = Reading { watched: self.watched(), held: &mut held, budget: 0 };
                if let Err(e) = feed.drain(&reading).await {
                    gone |= matches!(e, Failure::ClientGone);
                    feed.lease.connection.mark_broken();
                    if streamed.is_ok() || gone {
                        streamed = Err(e);
                    }
                } else if streamed.is_err() && !self.keeps_transaction(&mut feed.lease).await {
                    ended = true;
                } else if !feed.warned.is_empty() {
                    self.add_warnings(&mut feed, query, begun.elapsed() < ASKED_AGAIN).await;
                } else if feed.left > 0 {
                    let listed = self.asked_warnings(&mut feed.lease, names).await;
                    let is_once = |warning: &Warning| ONCE.contains(&warning.code);
                    let once: Vec<Warning> = listed.into_iter().filter(is_once).collect();
                    self.warnings.unplaced += feed.left.saturating_sub(once.len() as u64);
                    self.warnings.add(once, 0, self.warning_limit());
                }
            }
            longest = longest.max(feed.bytes);
            leases.push(feed.lease);
        }
        (leases, longest, streamed.map_err(|failure| Ended { failure, transaction: ended }))
    }

    /// Adds what the sources of a group have warned of. A server lists the warnings of its last statement: `again` runs earlier ones once more for theirs.
    async fn add_warnings(&mut self, feed: &mut Feed, query: Query<'_>, again: bool) {
        let names = Names::of(query.plan);
        let mut told = Vec::with_capacity(feed.warned.len());
        // The last one's first: the others are lists of statements that have not run yet.
        for (source, count) in std::mem::take(&mut feed.warned).into_iter().rev() {
            let is_listed = source + 1 == feed.sources.end || again && self.repeat(feed, query, source).await;
            let listed =
                if is_listed { self.asked_warnings(&mut feed.lease, names).await } else { Vec::new() };
            told.push((listed, count));
        }
        for (listed, count) in told.into_iter().rev() {
            self.warnings.add(listed, count, self.warning_limit());
        }
    }

    /// Runs one source's statement again and throws its rows away. False where it fails: its answer has been given already.
    async fn repeat(&self, feed: &mut Feed, query: Query<'_>, source: usize) -> bool {
        let statements = query.execution.statements.get(source..=source).unwrap_or_default();
        let Query { execution, sending, .. } = query;
        let connection = &mut feed.lease.connection;
        let ready = send::ready(connection, execution, statements, sending).await;
        if ready.and_then(|_| send::queue(connection, execution, statements, sending)).is_err() {
            return false;
        }
        let sent = connection.flush().await;
        let sources = std::mem::replace(&mut feed.sources, source..source + 1);
        feed.start_at(source);
        let reading = Reading { watched: self.watched(), held: &mut 0, budget: 0 };
        let read = match sent {
            Ok(()) => feed.drain(&reading).await,
            Err(e) => Err(e.into()),
        };
        feed.sources = sources;
        if read.is_err() {
            feed.lease.connection.mark_broken();
        }
        read.is_ok()
    }

    /// Feeds the merge until it is done. Returns the rows that went out.
    async fn stream(
        &mut self,
        feeds: &mut [Feed],
        query: Query<'_>,
        sink: &mut Sink<'_>,
        stopwatch: Option<&Stopwatch>,
    ) -> Result<u64, Failure> {
        let mut held = 0;
        let budget = self.worker.node.config.limits.merge_memory;
        for feed in feeds.iter_mut() {
            let reading = Reading { watched: self.watched(), held: &mut held, budget };
            feed.read_columns(&reading).await?;
        }
        if let Some(stopwatch) = stopwatch {
            stopwatch.answers();
        }
        let Some(first) = feeds.first() else { return Ok(0) };
        let payloads = first.columns.clone();
        let columns = send::decode_columns(&payloads)?;
        let sources = feeds.last().map_or(0, |f| f.sources.end);
        let mut merge = self.new_merge(query, &columns, sources)?;
        for feed in feeds.iter().skip(1) {
            merge.check_columns(&send::decode_columns(&feed.columns)?)?;
        }
        match sink {
            Sink::Client => self.write_columns(&columns, merge.visible(), Names::of(query.plan)),
            Sink::Rows(rows) => rows.columns(columns.get(..merge.visible()).unwrap_or_default())?,
        }
        let mut rows = 0u64;
        let mut row = Vec::new();
        loop {
            if query.at_most == Some(rows) {
                return Ok(rows);
            }
            let step = match sink {
                Sink::Client => self.client.packet_or_nothing(|out| match merge.next(out) {
                    Ok(Step::Row) => (true, Ok(Step::Row)),
                    other => (false, other),
                })?,
                Sink::Rows(sink) => {
                    row.clear();
                    let step = merge.next(&mut row)?;
                    if step == Step::Row {
                        sink.row(&row)?;
                    }
                    step
                }
            };
            let source = match step {
                Step::Row => {
                    rows += 1;
                    match sink {
                        Sink::Client if self.client.output.len() >= WRITE_SIZE => self.flush_window().await?,
                        Sink::Client => {}
                        Sink::Rows(rows) if rows.is_full() => match rows.guard().cloned() {
                            Some(guard) => guard.watch(rows.settle(), self.watched()).await?,
                            None => rows.settle().await?,
                        },
                        Sink::Rows(_) => {}
                    }
                    continue;
                }
                Step::Done => return Ok(rows),
                Step::NeedRow(source) => source,
                Step::NeedAny => any_source(feeds, &merge),
            };
            let here = match feeds.iter_mut().find(|feed| feed.sources.contains(&source)) {
                Some(feed) => feed.push_here(&mut merge, source, &mut row)?,
                None => None,
            };
            let mut pushed = match here {
                Some(pushed) => pushed,
                None => {
                    let reading = Reading { watched: self.watched(), held: &mut held, budget };
                    feed_source(feeds, &mut merge, source, &mut row, reading).await?
                }
            };
            while let Pushed::Unknown(collation) = pushed {
                self.learn_weights(feeds, &mut merge, source, &collation).await?;
                pushed = merge.push_row(source, &row)?;
            }
        }
    }

    /// The merge of a query's answers, the first of which has these columns.
    pub(super) fn new_merge(
        &self,
        query: Query<'_>,
        columns: &[ColumnDefinition<'_>],
        sources: usize,
    ) -> Result<Merge, MergeError> {
        let Query { spec, input, sending, .. } = query;
        let mode = self.mode;
        let number = |hole: usize| {
            let value = input.template.holes.get(hole)?;
            if value.kind == HoleKind::Parameter {
                let nth =
                    input.template.holes.iter().take(hole).filter(|h| h.kind == HoleKind::Parameter).count();
                return Number::from_value(input.values?.get(nth)?);
            }
            Number::from_value(&hole_value(input.text, value, mode))
        };
        Merge::new(MergeInput {
            spec,
            columns,
            format: match sending {
                Sending::Text => RowFormat::Text,
                Sending::Prepared(_) => RowFormat::Binary,
            },
            sources,
            limits: MergeLimits { memory: self.worker.node.config.limits.merge_memory },
            numbers: &number,
            collations: Arc::clone(&self.worker.node.server.load().weights),
        })
    }

    /// Asks the instance that has sent a string how its collation's weights compare.
    async fn learn_weights(
        &self,
        feeds: &[Feed],
        merge: &mut Merge,
        source: usize,
        collation: &CollationName,
    ) -> Result<(), Failure> {
        let feed = feeds.iter().find(|feed| feed.sources.contains(&source));
        let feed = feed.ok_or_else(|| {
            SqlError::other("Internal error (please report): a string of a source that does not exist")
        })?;
        let instance = &feed.lease.connection.pool().instance;
        merge.know(Box::pin(weights::learn(&self.worker.node, instance, collation)).await?);
        Ok(())
    }

    pub(super) fn write_columns(
        &mut self,
        columns: &[ColumnDefinition<'_>],
        visible: usize,
        names: Names<'_>,
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        self.client.packet_with(&mut scratch, |out| write_lenenc_int(out, visible as u64));
        for column in columns.iter().take(visible) {
            let logical = names.logical(column);
            self.client.packet_with(&mut scratch, |out| logical.as_ref().unwrap_or(column).encode(out));
        }
        self.write_columns_end(&mut scratch);
        self.scratch = scratch;
    }
}
