//! A short query of several groups over connections that other sessions use at the same time: the answers are there as a whole when they are merged.
//!
//! **Invariant:** as in `shared.rs`: what is not as it should be is not answered from here.

use std::time::Instant;

use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_protocol::packet::HEADER_LENGTH;
use ostrakon_protocol::scanner::{Event, ResponseKind, ResponseScanner, Scan};

use super::names::Names;
use super::rows::Query;
use super::shared::Handed;
use crate::session::{Failure, Session};
use ostrakon_merge::{Merge, Pushed, Step};
use ostrakon_router::plan::Run;

/// An answer that is read.
struct Answer<'a> {
    scanner: ResponseScanner,
    rest: &'a [u8],
}

impl<'a> Answer<'a> {
    fn new(packets: &'a [u8], kind: ResponseKind, capabilities: Capabilities) -> Self {
        Self { scanner: ResponseScanner::new(kind, capabilities), rest: packets }
    }

    /// The next packet's event and payload. `None`: there is none, or it is an error.
    fn packet(&mut self) -> Option<(Event, &'a [u8])> {
        let Scan::Packet { length, event } = self.scanner.next(self.rest) else { return None };
        let (packet, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        (event != Event::Err).then_some((event, packet.get(HEADER_LENGTH..)?))
    }

    /// The payloads of the column definitions.
    fn columns(&mut self, capabilities: Capabilities) -> Option<Vec<ColumnDefinition<'a>>> {
        let (Event::ColumnCount(count), _) = self.packet()? else { return None };
        let mut columns = Vec::new();
        for _ in 0..count {
            let (Event::Column, payload) = self.packet()? else { return None };
            columns.push(ColumnDefinition::decode(payload).ok()?);
        }
        if !capabilities.contains(Capabilities::DEPRECATE_EOF) {
            let (Event::ColumnsEof, _) = self.packet()? else { return None };
        }
        Some(columns)
    }

    /// Gives a merge the next row, or the end of the rows.
    fn feed(&mut self, merge: &mut Merge, source: usize) -> Option<()> {
        let payload = match self.scanner.row(self.rest) {
            Some(length) => {
                let (packet, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                packet.get(HEADER_LENGTH..)?
            }
            None => {
                let (Event::RowsEnd, _) = self.packet()? else { return None };
                return merge.finish_source(source).ok();
            }
        };
        (merge.push_row(source, payload).ok()? == Pushed::Taken).then_some(())
    }

    /// Whether it is one of rows, without warnings, to its end.
    fn ends_well(mut self) -> bool {
        while !self.scanner.finished() {
            // Rows beyond what the query wants.
            let run = self.scanner.rows(self.rest);
            self.rest = self.rest.get(run.bytes..).unwrap_or_default();
            if self.packet().is_none() {
                return false;
            }
        }
        self.scanner.warnings() == 0
    }
}

impl Session {
    /// The query may go over shared connections once it is known to be short.
    pub(super) fn could_merge_shared(&self, query: Query<'_>) -> bool {
        query.at_most.is_none()
            && !self.wants_agreement()
            && self.could_share(query.plan, query.execution, query.sending)
    }

    /// Runs the query's statements over shared connections and answers the client; false when it is to be run over connections of its own.
    pub(super) async fn merge_shared(&mut self, query: Query<'_>, more: bool) -> Result<bool, Failure> {
        let Query { plan, execution, sending, .. } = query;
        self.flush_window().await?;
        let statements = execution.statements.iter();
        let handed = statements.map(|statement| self.hand_in(plan, execution, statement, sending));
        let Some(handed) = handed.collect::<Option<Vec<Handed>>>() else { return Ok(false) };
        let begun = Instant::now();
        let limit = handed.iter().map(Handed::limit).min().unwrap_or_default();
        for one in &handed {
            if let Err(run) = one.wait(self.alarm(), limit.saturating_sub(begun.elapsed())).await {
                run.into_iter().for_each(|run| plan.quickness.note(run));
                let left = limit.saturating_sub(begun.elapsed());
                handed.into_iter().for_each(|one| one.leave(left));
                return Ok(false);
            }
        }
        let (written, sequence) = (self.client.output.len(), self.client.sequence);
        let merged = self.merge_answers(query, &handed);
        match merged {
            Some(rows) => {
                self.found_rows = rows;
                self.row_count = -1;
                self.write_rows_end(more);
            }
            None => {
                self.client.output.truncate(written);
                self.client.sequence = sequence;
            }
        }
        let worst = handed.iter().map(Handed::run).max().filter(|_| merged.is_some());
        plan.quickness.note(worst.unwrap_or(Run::Slow));
        Ok(merged.is_some())
    }

    /// Appends the columns and rows that the answers make, and counts the rows. `None`: one of them is an error, or has warnings, or they cannot be merged yet.
    fn merge_answers(&mut self, query: Query<'_>, handed: &[Handed]) -> Option<u64> {
        let packets: Vec<_> = handed.iter().map(|one| (one.answer(), one.pipeline.capabilities())).collect();
        let kind = query.sending.response_kind();
        let mut answers: Vec<Answer<'_>> =
            packets.iter().map(|(packets, capabilities)| Answer::new(packets, kind, *capabilities)).collect();
        let mut columns = Vec::with_capacity(answers.len());
        for (answer, (_, capabilities)) in answers.iter_mut().zip(&packets) {
            columns.push(answer.columns(*capabilities)?);
        }
        let first = columns.first()?;
        let mut merge = self.new_merge(query, first, answers.len()).ok()?;
        for others in columns.iter().skip(1) {
            merge.check_columns(others).ok()?;
        }
        self.write_columns(first, merge.visible(), Names::of(query.plan));
        let mut rows = 0;
        loop {
            let step = self.client.packet_or_nothing(|out| {
                let step = merge.next(out);
                (step == Ok(Step::Row), step)
            });
            let source = match step.ok()? {
                Step::Row => {
                    rows += 1;
                    continue;
                }
                Step::Done => break,
                Step::NeedRow(source) => source,
                Step::NeedAny => (0..answers.len()).find(|source| merge.wants(*source))?,
            };
            answers.get_mut(source)?.feed(&mut merge, source)?;
        }
        answers.into_iter().all(Answer::ends_well).then_some(rows)
    }
}
