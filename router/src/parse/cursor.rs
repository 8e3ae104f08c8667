//! A cursor over one statement's tokens: what every flat parser here is written with.

use std::borrow::Cow;
use std::ops::Range;

use super::ddl::ObjectName;
use crate::RouterError;
use crate::lexer::{SqlMode, Token, TokenKind, decode_identifier, decode_string};

/// Reads tokens from left to right; past the last one it sees `End` for ever.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
    at: usize,
    mode: SqlMode,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a [u8], tokens: &'a [Token], mode: SqlMode) -> Self {
        Self { text, tokens, at: 0, mode }
    }

    pub fn mode(&self) -> SqlMode {
        self.mode
    }

    /// The token `n` places ahead; 0 is the next one.
    pub fn ahead(&self, n: usize) -> Token {
        let end = self.tokens.last().map_or(0, |token| token.end);
        let beyond = Token { kind: TokenKind::End, start: end, end, hole: None };
        self.tokens.get(self.at + n).copied().unwrap_or(beyond)
    }

    pub fn peek(&self) -> Token {
        self.ahead(0)
    }

    pub fn bytes(&self, token: Token) -> &'a [u8] {
        token.text(self.text)
    }

    pub fn advance(&mut self) -> Token {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    pub fn at_end(&self) -> bool {
        self.peek().kind == TokenKind::End
    }

    /// Byte offset of the next token.
    pub fn start(&self) -> usize {
        self.peek().start as usize
    }

    /// Byte offset after the last token read.
    pub fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.end as usize)
    }

    /// The token before the next one.
    pub fn previous(&self) -> Option<Token> {
        self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).copied()
    }

    // --- words

    /// True when the token `n` places ahead is this unquoted word.
    pub fn word_ahead(&self, n: usize, word: &str) -> bool {
        let token = self.ahead(n);
        token.kind == TokenKind::Word && self.bytes(token).eq_ignore_ascii_case(word.as_bytes())
    }

    pub fn is(&self, word: &str) -> bool {
        self.word_ahead(0, word)
    }

    pub fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// True when the words follow one another from here.
    pub fn are(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(n, word)| self.word_ahead(n, word))
    }

    pub fn accept(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    pub fn accept_any(&mut self, words: &[&str]) -> bool {
        let found = self.is_any(words);
        self.at += usize::from(found);
        found
    }

    /// Reads all the words, or none.
    pub fn accept_all(&mut self, words: &[&str]) -> bool {
        let found = self.are(words);
        self.at += if found { words.len() } else { 0 };
        found
    }

    pub fn expect(&mut self, word: &str) -> Result<(), RouterError> {
        if self.accept(word) { Ok(()) } else { Err(self.error()) }
    }

    // --- punctuation

    pub fn op_ahead(&self, n: usize, op: &str) -> bool {
        let token = self.ahead(n);
        token.kind == TokenKind::Op && self.bytes(token) == op.as_bytes()
    }

    pub fn is_op(&self, op: &str) -> bool {
        self.op_ahead(0, op)
    }

    pub fn accept_op(&mut self, op: &str) -> bool {
        let found = self.is_op(op);
        self.at += usize::from(found);
        found
    }

    pub fn expect_op(&mut self, op: &str) -> Result<(), RouterError> {
        if self.accept_op(op) { Ok(()) } else { Err(self.error()) }
    }

    // --- names

    /// True for a token that can be a name.
    pub fn is_name(&self) -> bool {
        matches!(self.peek().kind, TokenKind::Word | TokenKind::QuotedIdent)
    }

    /// An identifier without its quotes.
    pub fn name(&mut self) -> Result<String, RouterError> {
        if !self.is_name() {
            return Err(self.error());
        }
        let raw = self.bytes(self.peek());
        if std::str::from_utf8(raw).is_err() {
            return Err(self.error());
        }
        self.at += 1;
        Ok(decode_identifier(raw).into_owned())
    }

    /// `name` or `database.name`.
    pub fn object_name(&mut self) -> Result<ObjectName, RouterError> {
        let start = self.start();
        let first = self.name()?;
        let (database, name) = if self.accept_op(".") { (Some(first), self.name()?) } else { (None, first) };
        Ok(ObjectName { database, name, span: start..self.last_end() })
    }

    /// A name, or a string in its place, as `CHARSET 'utf8mb4'` and `ENGINE = "InnoDB"` allow.
    pub fn name_or_string(&mut self) -> Result<String, RouterError> {
        if self.peek().kind == TokenKind::String { self.string() } else { self.name() }
    }

    // --- literals

    /// A character literal, decoded; adjacent ones are one.
    pub fn string(&mut self) -> Result<String, RouterError> {
        let mut out: Option<Cow<'a, [u8]>> = None;
        while self.peek().kind == TokenKind::String {
            let part = decode_string(self.bytes(self.peek()), self.mode);
            out = Some(match out {
                None => part,
                Some(before) => Cow::Owned([before.as_ref(), part.as_ref()].concat()),
            });
            self.at += 1;
        }
        let bytes = out.ok_or_else(|| self.error())?;
        String::from_utf8(bytes.into_owned()).map_err(|_| self.error())
    }

    /// An unsigned integer literal.
    pub fn unsigned(&mut self) -> Result<u64, RouterError> {
        let token = self.peek();
        if token.kind != TokenKind::Integer {
            return Err(self.error());
        }
        let value = std::str::from_utf8(self.bytes(token)).ok().and_then(|digits| digits.parse().ok());
        let value = value.ok_or_else(|| self.error())?;
        self.at += 1;
        Ok(value)
    }

    /// An integer literal that must fit a smaller type.
    pub fn small<T: TryFrom<u64>>(&mut self) -> Result<T, RouterError> {
        let before = *self;
        T::try_from(self.unsigned()?).map_err(|_| before.error())
    }

    /// An integer literal with a sign before it, perhaps.
    pub fn signed(&mut self) -> Result<i64, RouterError> {
        let before = *self;
        let negative = self.accept_op("-");
        if !negative {
            self.accept_op("+");
        }
        let value = i64::try_from(self.unsigned()?).map_err(|_| before.error())?;
        Ok(if negative { -value } else { value })
    }

    // --- spans

    /// Reads up to the next comma or closing parenthesis of this level, or the end.
    pub fn skip_expression(&mut self) -> Range<usize> {
        let start = self.start();
        while !self.at_end() && !self.is_op(",") && !self.is_op(")") {
            if self.is_op("(") && self.skip_parentheses().is_ok() {
                continue;
            }
            self.at += 1;
        }
        start..self.last_end().max(start)
    }

    /// Reads `( ... )` with all that it holds. Does not move when it is not closed.
    pub fn skip_parentheses(&mut self) -> Result<Range<usize>, RouterError> {
        let before = *self;
        let start = self.start();
        self.expect_op("(")?;
        let mut depth = 1u32;
        while depth > 0 {
            if self.at_end() {
                *self = before;
                return Err(self.error());
            }
            if self.is_op("(") {
                depth += 1;
            } else if self.is_op(")") {
                depth -= 1;
            }
            self.at += 1;
        }
        Ok(start..self.last_end())
    }

    /// The code in a range of the text: comments and version comment markers left out, a space where the text has a gap.
    ///
    /// # Errors
    /// 1064 when it is not UTF-8.
    pub fn code(&self, range: &Range<usize>) -> Result<String, RouterError> {
        let mut out = Vec::with_capacity(range.len());
        let mut last_end = range.start;
        for token in self.tokens {
            if (token.start as usize) < range.start || (token.end as usize) > range.end {
                continue;
            }
            if token.start as usize > last_end {
                out.push(b' ');
            }
            out.extend_from_slice(self.bytes(*token));
            last_end = token.end as usize;
        }
        String::from_utf8(out).map_err(|_| self.error())
    }

    // --- ends and errors

    /// Nothing may follow.
    pub fn finish(&self) -> Result<(), RouterError> {
        if self.at_end() { Ok(()) } else { Err(self.error()) }
    }

    /// 1064 at the next token, worded as the servers do.
    pub fn error(&self) -> RouterError {
        let end = self.tokens.last().map_or(self.text.len(), |token| token.end as usize);
        let rest = self.text.get(self.start()..end).unwrap_or_default();
        let near = String::from_utf8_lossy(rest.get(..80).unwrap_or(rest));
        let before = self.text.get(..self.start()).unwrap_or_default();
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        RouterError::syntax(format_args!("near '{near}' at line {line}"))
    }
}
