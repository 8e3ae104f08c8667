//! The lines of a client's file on their way into the batches of physical tables.

use std::collections::BTreeMap;
use std::rc::Rc;

use ostrakon_router::plan::{Apart, Found, Line, Load, Needs, SequenceName};

use crate::error::SqlError;

/// Bytes of lines that are held before they are loaded.
pub(super) const ROUND: usize = 4 << 20;

/// Lines for one physical table.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub bytes: Vec<u8>,
    /// Their numbers in the file, from 0, without those that are left out.
    pub lines: Vec<usize>,
}

/// What lines need from the table's sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// So many values.
    pub values: usize,
    /// The largest value that a line brings.
    pub largest: Option<u64>,
}

/// A file that is being cut.
pub(super) struct Cutting<'a> {
    pub load: &'a Load,
    apart: &'a Apart,
    /// Bytes that one line may have.
    limit: usize,
    input: Vec<u8>,
    /// Bytes of `input` that are done with.
    at: usize,
    /// No bytes follow.
    last: bool,
    /// A line that was not whole is cut again when there are so many bytes: twice as many each time, so a long line costs no more than twice its length.
    retry: usize,
    skips: u64,
    line: Line,
    batches: BTreeMap<usize, Batch>,
    held: usize,
    lines: usize,
    pub first_generated: Option<u64>,
    /// Of the last line, the fields of `Apart::variables`.
    pub variables: Vec<Option<Vec<u8>>>,
}

impl<'a> Cutting<'a> {
    pub fn new(load: &'a Load, apart: &'a Apart, limit: usize) -> Self {
        Self {
            load,
            apart,
            limit,
            input: Vec::new(),
            at: 0,
            last: false,
            retry: 0,
            skips: apart.skipped,
            line: Line::default(),
            batches: BTreeMap::new(),
            held: 0,
            lines: 0,
            first_generated: None,
            variables: Vec::new(),
        }
    }

    pub fn sequence(&self) -> Option<&'a SequenceName> {
        self.apart.sequence.as_ref()
    }

    /// Adds the next bytes of the file; none: that was all.
    pub fn add(&mut self, bytes: &[u8]) {
        self.last |= bytes.is_empty();
        if self.at > 0 {
            self.input.drain(..self.at);
            self.at = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    /// Lines that can be loaded.
    pub fn is_full(&self) -> bool {
        self.held >= ROUND
    }

    /// Cuts the line at that place of the input. False: there is none yet.
    fn cut(&mut self, at: usize) -> Result<bool, SqlError> {
        let rest = self.input.get(at..).unwrap_or_default();
        if rest.len() < self.retry && !self.last {
            return Ok(false);
        }
        let found = match self.skips > 0 {
            true => self.apart.format.skip(rest, self.last, &mut self.line),
            false => self.apart.format.cut(rest, self.apart.wanted, self.last, &mut self.line),
        };
        match found.map_err(|e| self.in_line(e.into()))? {
            Found::Line => {
                self.retry = 0;
                Ok(true)
            }
            Found::More if rest.len() > self.limit => Err(self.in_line(SqlError::new(
                1153,
                "08S01",
                format!("Got a packet bigger than 'max_allowed_packet' bytes: a line of LOAD DATA has more than {}", self.limit),
            ))),
            Found::More => {
                self.retry = rest.len() * 2;
                Ok(false)
            }
            Found::End => Ok(false),
        }
    }

    fn in_line(&self, e: SqlError) -> SqlError {
        SqlError {
            message: format!(
                "{} (line {} of the file)",
                e.message,
                self.lines as u64 + self.apart.skipped + 1
            ),
            ..e
        }
    }

    /// Leaves out the lines of IGNORE n LINES.
    pub fn skip(&mut self) -> Result<(), SqlError> {
        while self.skips > 0 && self.cut(self.at)? {
            self.at += self.line.length;
            self.skips -= 1;
        }
        if self.last {
            self.skips = 0;
        }
        Ok(())
    }

    /// What the lines that `take` will take need. `skip` comes before.
    pub fn wanted(&mut self) -> Result<Wanted, SqlError> {
        let mut wanted = Wanted::default();
        let (mut at, mut held, lines, retry) = (self.at, self.held, self.lines, self.retry);
        while self.skips == 0 && held < ROUND && self.cut(at)? {
            match self.load.needs(self.apart, &self.line).map_err(|e| self.in_line(e.into()))? {
                Needs::Value => wanted.values += 1,
                Needs::Nothing { given } => wanted.largest = wanted.largest.max(given),
            }
            at += self.line.length;
            held += self.line.length;
            self.lines += 1;
        }
        // All of them will be looked at again.
        (self.lines, self.retry) = (lines, retry);
        Ok(wanted)
    }

    /// Puts lines into batches until a round is full or no whole line is left. `values`: as many as `wanted` has said.
    pub fn take(&mut self, values: &[u64]) -> Result<(), SqlError> {
        let mut values = values.iter().copied();
        while self.skips == 0 && !self.is_full() && self.cut(self.at)? {
            let needs = self.load.needs(self.apart, &self.line).map_err(|e| self.in_line(e.into()))?;
            let value = match needs {
                Needs::Value => values.next(),
                Needs::Nothing { .. } => None,
            };
            self.first_generated = self.first_generated.or(value);
            let shard = self.load.place(self.apart, &self.line, value).map_err(|e| self.in_line(e.into()))?;
            let bytes = self.input.get(self.at..).unwrap_or_default();
            let batch = self.batches.entry(shard).or_default();
            self.load.write(self.apart, bytes, &self.line, value, &mut batch.bytes);
            batch.lines.push(self.lines);
            if !self.apart.variables.is_empty() {
                let value = |(_, index): &(String, usize)| {
                    let field = self.line.fields.get(*index)?;
                    self.line.value(field).map(<[u8]>::to_vec)
                };
                self.variables = self.apart.variables.iter().map(value).collect();
            }
            self.at += self.line.length;
            self.held += self.line.length;
            self.lines += 1;
        }
        Ok(())
    }

    /// The batches, which are gone from here.
    pub fn batches(&mut self) -> Vec<(usize, Rc<Batch>)> {
        self.held = 0;
        std::mem::take(&mut self.batches).into_iter().map(|(shard, batch)| (shard, Rc::new(batch))).collect()
    }
}
