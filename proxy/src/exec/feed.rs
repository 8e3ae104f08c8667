//! The answers of one group to a scattered query, source after source, read packet by packet as the merge wants rows.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use bytes::Buf;
use ostrakon_protocol::packet::{HEADER_LENGTH, MAX_PAYLOAD};
use ostrakon_protocol::response::ErrPacket;
use ostrakon_protocol::scanner::{Event, ResponseKind, ResponseScanner, Scan};

use super::lease::Lease;
use super::send;
use super::watch::{self, Watched};
use crate::error::{BACKEND_FAILED, SqlError};
use crate::session::Failure;
use ostrakon_merge::{Merge, Pushed};

/// One group's answers, in the order of its statements.
pub struct Feed {
    pub lease: Lease,
    /// Sources that this connection answers, by the merge's numbers.
    pub sources: Range<usize>,
    /// The source whose answer is being read.
    pub current: usize,
    pub scanner: ResponseScanner,
    pub kind: ResponseKind,
    /// Column definitions of the current source.
    pub columns: Vec<Vec<u8>>,
    pub columns_complete: bool,
    /// Rows read ahead, by source.
    pub waiting: Vec<VecDeque<Vec<u8>>>,
    /// A row of 16 MiB or more, in parts.
    pub partial: Vec<u8>,
    /// Sources that have warned, and how often.
    pub warned: Vec<(usize, u64)>,
    /// Warnings of an answer that was not read to its end: of what is deprecated, and of rows that the client's statement does not have.
    pub left: u64,
    /// Rows and their bytes, by source.
    pub counts: Vec<(u64, u64)>,
    /// Of all packets so far.
    pub bytes: u64,
}

/// What a feed came to.
pub enum Fed {
    Row,
    End,
}

/// Shared by all feeds of a statement.
pub struct Reading<'a> {
    pub watched: Watched<'a>,
    /// Bytes of rows read ahead.
    pub held: &'a mut usize,
    pub budget: usize,
}

impl Feed {
    pub fn new(lease: Lease, sources: Range<usize>, kind: ResponseKind) -> Self {
        Self {
            scanner: ResponseScanner::new(kind, lease.connection.capabilities),
            current: sources.start,
            waiting: vec![VecDeque::new(); sources.len()],
            counts: vec![(0, 0); sources.len()],
            lease,
            sources,
            kind,
            columns: Vec::new(),
            columns_complete: false,
            partial: Vec::new(),
            bytes: 0,
            warned: Vec::new(),
            left: 0,
        }
    }

    /// Its connection is the client's transaction's, or has locks or temporary tables of its session.
    pub fn is_kept(&self) -> bool {
        let connection = &self.lease.connection;
        self.lease.in_transaction || connection.has_locks || connection.keeps_tables
    }

    pub fn ended(&self) -> bool {
        self.current >= self.sources.end
    }

    /// The next packet's event of the current source; its payload is in `payload`.
    pub async fn packet(&mut self, reading: &Reading<'_>, payload: &mut Vec<u8>) -> Result<Event, Failure> {
        loop {
            let connection = &mut self.lease.connection;
            match self.scanner.next(&connection.input) {
                Scan::Broken(e) => {
                    connection.mark_broken();
                    return Err(SqlError::new(
                        BACKEND_FAILED,
                        "HY000",
                        format!("Malformed answer from a group: {e}"),
                    )
                    .into());
                }
                Scan::NeedMore { at_least } => {
                    let pool = Rc::clone(connection.pool());
                    watch::fill(connection, at_least, &pool, reading.watched).await?;
                }
                Scan::Packet { event: Event::LocalInfile, .. } => {
                    connection.mark_broken();
                    return Err(SqlError::new(
                        BACKEND_FAILED,
                        "HY000",
                        "Malformed answer from a group: the server asked for a local file",
                    )
                    .into());
                }
                Scan::Packet { length, event } => {
                    let packet = connection.input.split_to(length);
                    payload.clear();
                    payload.extend_from_slice(packet.get(HEADER_LENGTH..).unwrap_or_default());
                    drop(packet);
                    connection.trim(length);
                    self.bytes += length as u64;
                    return Ok(event);
                }
            }
        }
    }

    /// Reads up to the first row of the current source.
    pub async fn read_columns(&mut self, reading: &Reading<'_>) -> Result<(), Failure> {
        let mut payload = Vec::new();
        let mut expected = u64::MAX;
        while !self.columns_complete {
            match self.packet(reading, &mut payload).await? {
                Event::ColumnCount(count) => expected = count,
                Event::Column => self.columns.push(std::mem::take(&mut payload)),
                Event::Err => return Err(self.failed(&payload)),
                Event::ColumnsEof => {}
                _ => {
                    self.lease.connection.mark_broken();
                    return Err(SqlError::other(
                        "Internal error (please report): a scattered query without columns",
                    )
                    .into());
                }
            }
            let has_eof = !self
                .lease
                .connection
                .capabilities
                .contains(ostrakon_protocol::capability::Capabilities::DEPRECATE_EOF);
            self.columns_complete =
                self.columns.len() as u64 == expected && (!has_eof || payload.first() == Some(&0xFE));
        }
        Ok(())
    }

    /// An ERR ended the current source's answer; the group's further statements still answer.
    pub fn failed(&mut self, payload: &[u8]) -> Failure {
        self.next_source();
        match ErrPacket::decode(payload) {
            Ok(err) => SqlError::from(err).into(),
            Err(e) => {
                self.lease.connection.mark_broken();
                SqlError::new(BACKEND_FAILED, "HY000", e.to_string()).into()
            }
        }
    }

    pub fn next_source(&mut self) {
        self.lease.connection.answered();
        self.start_at(self.current + 1);
    }

    /// The answer of that source comes next.
    pub fn start_at(&mut self, source: usize) {
        self.current = source;
        self.columns.clear();
        self.columns_complete = false;
        self.scanner = ResponseScanner::new(self.kind, self.lease.connection.capabilities);
    }

    /// One row of the current source into `row`, or its end.
    pub async fn row_of_current(&mut self, reading: &Reading<'_>, row: &mut Vec<u8>) -> Result<Fed, Failure> {
        loop {
            let event = self.packet(reading, row).await?;
            if let (Event::Row | Event::Continuation, Some(counts)) =
                (event, self.counts.get_mut(self.current - self.sources.start))
            {
                counts.0 += u64::from(event == Event::Row);
                counts.1 += row.len() as u64;
            }
            match event {
                Event::Row if row.len() == MAX_PAYLOAD => self.partial = std::mem::take(row),
                Event::Row => return Ok(Fed::Row),
                Event::Continuation => {
                    self.partial.extend_from_slice(row);
                    if row.len() < MAX_PAYLOAD {
                        *row = std::mem::take(&mut self.partial);
                        return Ok(Fed::Row);
                    }
                }
                Event::RowsEnd => {
                    let warnings = u64::from(self.scanner.warnings());
                    self.warned.extend((warnings > 0).then_some((self.current, warnings)));
                    self.next_source();
                    return Ok(Fed::End);
                }
                Event::Err => return Err(self.failed(row)),
                _ => {
                    self.lease.connection.mark_broken();
                    return Err(SqlError::other(
                        "Internal error (please report): an unexpected packet among rows",
                    )
                    .into());
                }
            }
        }
    }

    /// Gives the merge the next row of a source, where it is here already. A row that the merge must know something for is in `row` then.
    pub fn push_here(
        &mut self,
        merge: &mut Merge,
        source: usize,
        row: &mut Vec<u8>,
    ) -> Result<Option<Pushed>, Failure> {
        let at = source - self.sources.start;
        let is_next = self.current == source
            && self.columns_complete
            && self.partial.is_empty()
            && self.waiting.get(at).is_some_and(VecDeque::is_empty);
        let connection = &mut self.lease.connection;
        let Some(length) = is_next.then(|| self.scanner.row(&connection.input)).flatten() else {
            return Ok(None);
        };
        let payload = connection.input.get(HEADER_LENGTH..length).unwrap_or_default();
        if let Some((rows, bytes)) = self.counts.get_mut(at) {
            *rows += 1;
            *bytes += payload.len() as u64;
        }
        let pushed = merge.push_row(source, payload)?;
        if pushed != Pushed::Taken {
            row.clear();
            row.extend_from_slice(payload);
        }
        connection.input.advance(length);
        connection.trim(length);
        self.bytes += length as u64;
        Ok(Some(pushed))
    }

    /// Reads and throws away what is left, so that the connection can be used again.
    pub async fn drain(&mut self, reading: &Reading<'_>) -> Result<(), Failure> {
        let mut row = Vec::new();
        while !self.ended() {
            match self.packet(reading, &mut row).await? {
                Event::RowsEnd => {
                    self.left += u64::from(self.scanner.warnings());
                    self.next_source();
                }
                Event::Err | Event::Ok => self.next_source(),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A source that can give something: one whose bytes are here already, if there is any.
pub fn any_source(feeds: &[Feed], merge: &Merge) -> usize {
    let ready = |f: &&Feed| !f.ended() && merge.wants(f.current);
    let with_data = feeds.iter().filter(ready).find(|f| !f.lease.connection.input.is_empty());
    match with_data.or_else(|| feeds.iter().find(ready)) {
        Some(feed) => feed.current,
        None => feeds.iter().flat_map(|f| f.sources.clone()).find(|s| merge.wants(*s)).unwrap_or(0),
    }
}

/// Gives the merge the next row of a source, or its end. The row is in `row` then, for a merge that must know something first.
pub async fn feed_source(
    feeds: &mut [Feed],
    merge: &mut Merge,
    source: usize,
    row: &mut Vec<u8>,
    reading: Reading<'_>,
) -> Result<Pushed, Failure> {
    let Some(feed) = feeds.iter_mut().find(|f| f.sources.contains(&source)) else {
        return Err(
            SqlError::other("Internal error (please report): the merge asks for an unknown source").into()
        );
    };
    let at = source - feed.sources.start;
    if let Some(waiting) = feed.waiting.get_mut(at).and_then(VecDeque::pop_front) {
        *reading.held -= waiting.len();
        *row = waiting;
        return Ok(merge.push_row(source, row)?);
    }
    // Rows of earlier statements on this connection come first; they wait.
    while feed.current < source {
        prepare_source(feed, merge, &reading).await?;
        let earlier = feed.current - feed.sources.start;
        if let Fed::Row = feed.row_of_current(&reading, row).await? {
            *reading.held += row.len();
            if *reading.held > reading.budget {
                return Err(SqlError::new(
                    1038,
                    "HY001",
                    format!(
                        "Out of sort memory: rows of several physical tables of a group need more than {} bytes (limits.merge_memory)",
                        reading.budget
                    ),
                )
                .into());
            }
            if let Some(queue) = feed.waiting.get_mut(earlier) {
                queue.push_back(std::mem::take(row));
            }
        }
    }
    if feed.current == source {
        prepare_source(feed, merge, &reading).await?;
        if let Fed::Row = feed.row_of_current(&reading, row).await? {
            return Ok(merge.push_row(source, row)?);
        }
    }
    merge.finish_source(source)?;
    Ok(Pushed::Taken)
}

/// Reads and checks the columns of the feed's current source, if that was not done.
pub async fn prepare_source(feed: &mut Feed, merge: &Merge, reading: &Reading<'_>) -> Result<(), Failure> {
    if !feed.columns_complete {
        feed.read_columns(reading).await?;
        merge.check_columns(&send::decode_columns(&feed.columns)?)?;
    }
    Ok(())
}
