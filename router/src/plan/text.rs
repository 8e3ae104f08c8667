//! Physical text: the user's own bytes with pieces put in their place, kept relative to the literals so that it fits every text of the
//! same template.

use super::bind::Reference;
use super::tokens::Tokens;
use super::values::{Operand, Values};
use super::{Arguments, Execution, ParamSource, PhysicalStatement, SessionFunction};
use crate::lexer::{Hole, HoleKind, SqlMode};

/// A place in any text of the template: so many bytes behind a hole's end, or from the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Anchor {
    hole: Option<usize>,
    delta: usize,
}

impl Anchor {
    pub fn new(holes: &[Hole], at: usize) -> Self {
        let before = holes.partition_point(|hole| hole.end as usize <= at);
        match before.checked_sub(1).and_then(|index| holes.get(index).map(|hole| (index, hole))) {
            Some((index, hole)) => Self { hole: Some(index), delta: at - hole.end as usize },
            None => Self { hole: None, delta: at },
        }
    }

    pub fn resolve(self, holes: &[Hole]) -> usize {
        let base = self.hole.and_then(|index| holes.get(index)).map_or(0, |hole| hole.end as usize);
        base + self.delta
    }
}

/// Part of a physical statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    /// The user's bytes. `params`: index of the first parameter marker in them, and how many there are.
    Copy {
        from: Anchor,
        to: Anchor,
        params: (usize, usize),
    },
    /// The user's bytes as a quoted name: the label that an expression had before something in it was replaced.
    Label {
        from: Anchor,
        to: Anchor,
    },
    /// The planner's own text.
    Text(Box<str>),
    /// The physical table of a reference, quoted, with its database.
    Table(usize),
    Session(SessionFunction),
    /// The value of a sequence, by its place in the statement. `typed`: a BIGINT however short it is.
    Next {
        index: usize,
        typed: bool,
    },
    /// `offset + count` as LIMIT's number.
    Limit {
        offset: Option<Operand>,
        count: Operand,
    },
}

/// A replacement of the user's bytes; empty ranges insert.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub start: usize,
    pub end: usize,
    pub pieces: Vec<Piece>,
}

impl Edit {
    pub fn new(range: std::ops::Range<usize>, pieces: Vec<Piece>) -> Self {
        Self { start: range.start, end: range.end, pieces }
    }

    pub fn cut(range: std::ops::Range<usize>) -> Self {
        Self::new(range, Vec::new())
    }
}

/// Takes the marks of comments that are code out of the text, for cutting pieces that may hold one without the other.
pub(crate) fn marks(tokens: &Tokens<'_>) -> Vec<Edit> {
    tokens.code_marks().map(|gap| Edit::new(gap, vec![text(" ")])).collect()
}

/// Makes pieces from ranges of the text and edits.
pub(crate) struct Cutter<'a> {
    pub holes: &'a [Hole],
    pub edits: Vec<Edit>,
    /// Where the parameter markers start, in order.
    markers: Vec<usize>,
}

impl<'a> Cutter<'a> {
    pub fn new(holes: &'a [Hole], edits: Vec<Edit>) -> Self {
        let markers = holes
            .iter()
            .filter(|hole| hole.kind == HoleKind::Parameter)
            .map(|hole| hole.start as usize)
            .collect();
        Self { holes, edits, markers }
    }

    /// The bytes from `start` to `end` with all edits inside.
    pub fn range(&self, start: usize, end: usize) -> Vec<Piece> {
        let mut edits: Vec<&Edit> =
            self.edits.iter().filter(|edit| edit.start >= start && edit.end <= end).collect();
        edits.sort_by_key(|edit| (edit.start, edit.end));
        let mut pieces = Vec::new();
        let mut at = start;
        for edit in edits {
            // An edit inside one that was made already is part of the bytes that it replaced.
            if edit.start < at {
                continue;
            }
            self.copy(at, edit.start, &mut pieces);
            pieces.extend(edit.pieces.iter().cloned());
            at = edit.end;
        }
        self.copy(at, end, &mut pieces);
        pieces
    }

    /// True when something inside is replaced.
    pub fn touches(&self, start: usize, end: usize) -> bool {
        self.edits.iter().any(|edit| edit.start >= start && edit.end <= end)
    }

    fn copy(&self, start: usize, end: usize, pieces: &mut Vec<Piece>) {
        if start >= end {
            return;
        }
        let first = self.markers.partition_point(|marker| *marker < start);
        let inside = self.markers.partition_point(|marker| *marker < end) - first;
        pieces.push(Piece::Copy {
            from: Anchor::new(self.holes, start),
            to: Anchor::new(self.holes, end),
            params: (first, inside),
        });
    }

    pub fn label(&self, start: usize, end: usize) -> Piece {
        Piece::Label { from: Anchor::new(self.holes, start), to: Anchor::new(self.holes, end) }
    }
}

pub(crate) fn text(text: impl Into<Box<str>>) -> Piece {
    Piece::Text(text.into())
}

/// Longest label that is kept, in bytes: MySQL's limit for aliases is 256 characters.
pub(super) const LABEL_MAX: usize = 255;

/// Appends one physical statement. `index_of` gives each reference's physical table.
pub(crate) fn render(
    pieces: &[Piece],
    arguments: &Arguments<'_>,
    mode: SqlMode,
    references: &[Reference],
    target: (usize, usize),
    index_of: impl Fn(usize) -> usize,
    out: &mut Execution,
) {
    let (text_from, params_from) = (out.buffer.len(), out.params.len());
    for piece in pieces {
        push(piece, arguments, mode, references, &index_of, out);
    }
    out.statements.push(PhysicalStatement {
        group: target.0,
        shard: target.1,
        text: text_from..out.buffer.len(),
        params: params_from..out.params.len(),
    });
}

pub(crate) fn push(
    piece: &Piece,
    arguments: &Arguments<'_>,
    mode: SqlMode,
    references: &[Reference],
    index_of: &impl Fn(usize) -> usize,
    out: &mut Execution,
) {
    match piece {
        Piece::Copy { from, to, params } => {
            let (from, to) = (from.resolve(arguments.holes), to.resolve(arguments.holes));
            out.buffer.extend_from_slice(arguments.text.get(from..to).unwrap_or_default());
            if arguments.params.is_some() {
                out.params.extend((params.0..params.0 + params.1).map(ParamSource::Client));
            }
        }
        Piece::Label { from, to } => {
            out.buffer.extend_from_slice(label(*from, *to, arguments).as_bytes());
        }
        Piece::Text(text) => out.buffer.extend_from_slice(text.as_bytes()),
        Piece::Table(reference) => {
            let table = references
                .get(*reference)
                .and_then(|found| found.placer.topology().get(index_of(*reference)));
            debug_assert!(table.is_some());
            out.buffer.extend_from_slice(table.map_or("``", |table| &table.quoted).as_bytes());
        }
        Piece::Session(function) => {
            out.buffer.extend_from_slice(arguments.session.literal(*function).as_bytes());
        }
        Piece::Next { index, typed } => push_next(*index, *typed, arguments, mode, out),
        Piece::Limit { offset, count } => push_limit(*offset, *count, arguments, mode, out),
    }
}

/// The user's bytes as a quoted name.
pub(crate) fn label(from: Anchor, to: Anchor, arguments: &Arguments<'_>) -> String {
    label_of(from, to, arguments.text, arguments.holes)
}

/// That of a text with these holes.
pub(crate) fn label_of(from: Anchor, to: Anchor, text: &[u8], holes: &[Hole]) -> String {
    let (from, to) = (from.resolve(holes), to.resolve(holes));
    let label = String::from_utf8_lossy(text.get(from..to).unwrap_or_default()).into_owned();
    let cut = label.char_indices().map(|(at, _)| at).take_while(|at| *at <= LABEL_MAX).last().unwrap_or(0);
    let kept = if label.len() > LABEL_MAX { label.get(..cut).unwrap_or_default() } else { label.as_str() };
    crate::sharding::topology::quote(kept.trim())
}

/// A parameter in a prepared statement, so that its text stays the same.
fn push_next(index: usize, typed: bool, arguments: &Arguments<'_>, mode: SqlMode, out: &mut Execution) {
    // Routing has counted them.
    let value = arguments.nextvals.get(index).copied().unwrap_or_default();
    if arguments.params.is_some() {
        // MySQL gives a parameter its type by what stands beside it: another parameter would make it a DOUBLE.
        out.buffer.extend_from_slice(match i64::try_from(value) {
            _ if mode.server.mariadb => b"?",
            Ok(_) => b"CAST(? AS SIGNED)",
            Err(_) => b"CAST(? AS UNSIGNED)",
        });
        out.params.push(ParamSource::Number(value));
        return;
    }
    let written = match (typed, i64::try_from(value)) {
        (false, _) => value.to_string(),
        (true, Ok(_)) => format!("CAST('{value:021}' AS SIGNED)"),
        (true, Err(_)) => format!("CAST('{value:021}' AS UNSIGNED)"),
    };
    out.buffer.extend_from_slice(written.as_bytes());
}

fn push_limit(
    offset: Option<Operand>,
    count: Operand,
    arguments: &Arguments<'_>,
    mode: SqlMode,
    out: &mut Execution,
) {
    let values = Values { text: arguments.text, holes: arguments.holes, params: arguments.params, mode };
    let number = |operand| values.count(operand).unwrap_or(u64::MAX);
    let total = number(count).saturating_add(offset.map_or(0, number));
    let bound = [Some(count), offset]
        .into_iter()
        .flatten()
        .any(|operand| matches!(operand, Operand::Parameter { .. }));
    if bound && arguments.params.is_some() {
        out.buffer.push(b'?');
        out.params.push(ParamSource::Number(total));
    } else {
        out.buffer.extend_from_slice(total.to_string().as_bytes());
    }
}
