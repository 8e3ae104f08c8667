//! Tokens for the parsers: made on a plan-cache miss only. Their hole indices are those of `scan`.

use super::run::{Sink, run};
use super::{HoleKind, SqlMode};
use crate::RouterError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An unquoted identifier or a keyword; also `\N`.
    Word,
    /// `` `name` ``, or `"name"` with ANSI_QUOTES; quotes included.
    QuotedIdent,
    /// A character literal with its quotes. An introducer (`_utf8mb4`, `N`) is a Word before it.
    String,
    Integer,
    Decimal,
    Float,
    Hex,
    Bit,
    /// `?`
    Parameter,
    /// Punctuation, the longest operator that fits: `->>`, `<=>`, `:=`, `(`.
    Op,
    /// `@name`, `@'name'`, `` @`name` ``
    UserVariable,
    /// `@@name`, `@@scope.name`
    SystemVariable,
    /// After the last token; an empty range at the statement's end.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    /// Byte range in the text.
    pub start: u32,
    pub end: u32,
    /// Index in `Template::holes` of a literal or parameter marker; `None` for all else, and for integers that stay in the template.
    pub hole: Option<u32>,
}

impl Token {
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The token's bytes in the text that it was made from.
    pub fn text<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        text.get(self.range()).unwrap_or_default()
    }
}

/// Tokens of the first statement in `text`, with an `End` last. Comments are skipped, version comments that are code are opened.
///
/// # Errors
/// 1064 as `scan`; 1235 for a DRDS hint, which this version does not obey.
pub fn tokenize(text: &[u8], mode: SqlMode) -> Result<Vec<Token>, RouterError> {
    let mut sink = TokenSink { tokens: Vec::with_capacity(text.len() / 4 + 2), holes: 0, tddl: false };
    let end = run(text, mode, &mut sink)?;
    if sink.tddl {
        return Err(RouterError::not_supported("DRDS hints (/*+TDDL: ... */); leave the hint out"));
    }
    sink.push(TokenKind::End, end, end, false);
    Ok(sink.tokens)
}

struct TokenSink {
    tokens: Vec<Token>,
    holes: u32,
    tddl: bool,
}

impl TokenSink {
    fn push(&mut self, kind: TokenKind, start: usize, end: usize, is_hole: bool) {
        let hole = is_hole.then_some(self.holes);
        self.holes += u32::from(is_hole);
        self.tokens.push(Token { kind, start: start as u32, end: end as u32, hole });
    }
}

impl Sink for TokenSink {
    fn word(&mut self, start: usize, end: usize) {
        self.push(TokenKind::Word, start, end, false);
    }

    fn verbatim(&mut self, kind: TokenKind, start: usize, end: usize) {
        self.push(kind, start, end, false);
    }

    fn hole(&mut self, kind: HoleKind, start: usize, end: usize) {
        let kind = match kind {
            HoleKind::Integer => TokenKind::Integer,
            HoleKind::Decimal => TokenKind::Decimal,
            HoleKind::Float => TokenKind::Float,
            HoleKind::String => TokenKind::String,
            HoleKind::Hex => TokenKind::Hex,
            HoleKind::Bit => TokenKind::Bit,
            HoleKind::Parameter => TokenKind::Parameter,
            HoleKind::Comment => {
                self.holes += 1;
                return;
            }
        };
        self.push(kind, start, end, true);
    }

    fn op(&mut self, start: usize, end: usize) {
        self.push(TokenKind::Op, start, end, false);
    }

    fn hint(&mut self, _: usize, _: usize, tddl: bool) {
        self.tddl |= tddl;
    }

    fn code_marker(&mut self, _: usize, _: usize) {}
}

/// The first statement of `text` with each comment, hint and version comment marker overwritten by spaces, so that a parser that does
/// not know them reads the same code at the same byte offsets. Line feeds in comments stay, so lines keep their numbers.
///
/// # Errors
/// As `tokenize`.
pub fn plain_text(text: &[u8], mode: SqlMode) -> Result<Vec<u8>, RouterError> {
    let mut sink = BlankSink { bytes: text.to_vec(), tddl: false };
    let end = run(text, mode, &mut sink)?;
    if sink.tddl {
        return Err(RouterError::not_supported("DRDS hints (/*+TDDL: ... */); leave the hint out"));
    }
    sink.bytes.truncate(end);
    Ok(sink.bytes)
}

struct BlankSink {
    bytes: Vec<u8>,
    tddl: bool,
}

impl BlankSink {
    fn blank(&mut self, start: usize, end: usize) {
        for byte in self.bytes.get_mut(start..end).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
}

impl Sink for BlankSink {
    fn word(&mut self, _: usize, _: usize) {}

    fn verbatim(&mut self, _: TokenKind, _: usize, _: usize) {}

    fn hole(&mut self, kind: HoleKind, start: usize, end: usize) {
        if kind == HoleKind::Comment {
            self.blank(start, end);
        }
    }

    fn op(&mut self, _: usize, _: usize) {}

    fn hint(&mut self, start: usize, end: usize, tddl: bool) {
        self.tddl |= tddl;
        self.blank(start, end);
    }

    fn code_marker(&mut self, start: usize, end: usize) {
        self.blank(start, end);
    }
}
