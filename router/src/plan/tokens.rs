//! A cursor-free view of the statement's tokens: questions that the planner asks by index.

use std::ops::Range;

use crate::lexer::{Token, TokenKind, decode_identifier};

/// Tokens of one statement, with the text that they were made from.
pub(crate) struct Tokens<'a> {
    pub text: &'a [u8],
    list: Vec<Token>,
    /// Indexes of the parameter markers.
    parameters: Vec<usize>,
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a [u8], list: Vec<Token>) -> Self {
        let is_marker = |(_, token): &(usize, &Token)| token.kind == TokenKind::Parameter;
        let parameters = list.iter().enumerate().filter(is_marker).map(|(index, _)| index).collect();
        Self { text, list, parameters }
    }

    /// Number of tokens, without the end mark.
    pub fn len(&self) -> usize {
        self.list.len().saturating_sub(1)
    }

    /// True when `/*!` or `/*M!` stands before the token at `first` or behind it.
    pub fn has_version_comment(&self, first: usize) -> bool {
        (first..=self.len()).any(|index| {
            let start = index.checked_sub(1).map_or(0, |before| self.end(before));
            let between = self.text.get(start..self.start(index)).unwrap_or_default();
            between.windows(3).any(|bytes| bytes == b"/*!")
                || between.windows(4).any(|bytes| bytes == b"/*M!")
        })
    }

    /// White space in which a comment that is code begins or ends. A piece of the text may hold one mark without the other, so the marks go: all tokens
    /// here are code for the servers behind.
    pub fn code_marks(&self) -> impl Iterator<Item = Range<usize>> {
        let gaps = (0..=self.len()).map(|index| {
            let start = index.checked_sub(1).map_or(0, |before| self.end(before));
            start..self.start(index)
        });
        gaps.filter(|gap| {
            let between = self.text.get(gap.clone()).unwrap_or_default();
            let count = |mark: &[u8]| between.windows(mark.len()).filter(|bytes| *bytes == mark).count();
            count(b"/*!") + count(b"/*M!") > 0 || count(b"*/") != count(b"/*")
        })
    }

    /// The token at `index`; the end mark beyond the last.
    pub fn get(&self, index: usize) -> Token {
        let end = Token { kind: TokenKind::End, start: 0, end: 0, hole: None };
        self.list.get(index).or(self.list.last()).copied().unwrap_or(end)
    }

    pub fn kind(&self, index: usize) -> TokenKind {
        self.get(index).kind
    }

    pub fn bytes(&self, index: usize) -> &'a [u8] {
        self.get(index).text(self.text)
    }

    /// Byte offset of the token's first byte.
    pub fn start(&self, index: usize) -> usize {
        self.get(index).start as usize
    }

    /// Byte offset behind the token's last byte.
    pub fn end(&self, index: usize) -> usize {
        self.get(index).end as usize
    }

    /// True for the unquoted word `word`, in any case, that is not a column's name behind a full stop.
    pub fn is_word(&self, index: usize, word: &str) -> bool {
        self.kind(index) == TokenKind::Word
            && self.bytes(index).eq_ignore_ascii_case(word.as_bytes())
            && !(index > 0 && self.is_op(index - 1, "."))
    }

    pub fn is_any_word(&self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(index, word))
    }

    /// True for the words one after the other.
    pub fn are_words(&self, index: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(n, word)| self.is_word(index + n, word))
    }

    pub fn is_op(&self, index: usize, op: &str) -> bool {
        self.kind(index) == TokenKind::Op && self.bytes(index) == op.as_bytes()
    }

    /// The name in an identifier token.
    pub fn name(&self, index: usize) -> Option<String> {
        match self.kind(index) {
            TokenKind::Word | TokenKind::QuotedIdent => {
                Some(decode_identifier(self.bytes(index)).into_owned())
            }
            _ => None,
        }
    }

    /// Which parameter the marker at `index` is, counted from 0.
    pub fn parameter(&self, index: usize) -> Option<usize> {
        self.parameters.binary_search(&index).ok()
    }

    /// Index of the `)` that closes the `(` at `open`; the number of tokens when there is none.
    pub fn close(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for index in open..self.len() {
            if self.is_op(index, "(") {
                depth += 1;
            } else if self.is_op(index, ")") {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
        }
        self.len()
    }

    /// The queries of the WITH that the statement begins with: the name's index, and that of the parenthesis which opens the query.
    pub fn with_queries(&self) -> Vec<(usize, usize)> {
        let mut queries = Vec::new();
        if !self.is_word(0, "WITH") {
            return queries;
        }
        let mut at = if self.is_word(1, "RECURSIVE") { 2 } else { 1 };
        while self.name(at).is_some() {
            let after = if self.is_op(at + 1, "(") { self.close(at + 1) + 1 } else { at + 1 };
            if !(self.is_word(after, "AS") && self.is_op(after + 1, "(")) {
                break;
            }
            queries.push((at, after + 1));
            at = self.close(after + 1) + 1;
            if !self.is_op(at, ",") {
                break;
            }
            at += 1;
        }
        queries
    }

    /// Index of the first token behind the WITH that the statement begins with; 0 where there is none.
    pub fn behind_with(&self) -> usize {
        self.with_queries().last().map_or(0, |(_, open)| self.close(*open) + 1)
    }

    /// The token that starts at this byte.
    pub fn at_byte(&self, start: usize) -> Option<usize> {
        self.list.binary_search_by_key(&(start as u32), |token| token.start).ok()
    }

    /// The token that ends at this byte.
    pub fn ending_at(&self, end: usize) -> Option<usize> {
        let found = self.list.partition_point(|token| (token.end as usize) < end);
        (self.end(found) == end && found < self.len()).then_some(found)
    }

    /// First index from `from` on, before `to`, outside parentheses, where `found` holds; `to` when there is none.
    pub fn find(&self, from: usize, to: usize, found: impl Fn(usize) -> bool) -> usize {
        let mut index = from;
        while index < to {
            if found(index) {
                return index;
            }
            if self.is_op(index, "(") {
                index = self.close(index);
            }
            index += 1;
        }
        to
    }

    /// The parts between commas that stand outside parentheses.
    pub fn split(&self, from: usize, to: usize) -> Vec<std::ops::Range<usize>> {
        let mut parts = Vec::new();
        let mut start = from;
        loop {
            let comma = self.find(start, to, |index| self.is_op(index, ","));
            parts.push(start..comma);
            if comma >= to {
                return parts;
            }
            start = comma + 1;
        }
    }
}
