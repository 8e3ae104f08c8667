//! What a statement starts with: cheap enough for each statement, and enough to tell reads, writes and commands apart.

use super::run::{Sink, run, word_end};
use super::{HoleKind, SqlMode, Template, TokenKind};

/// The first word of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    Select,
    With,
    /// `TABLE t` and `VALUES ROW(...)`.
    Table,
    Values,
    /// `(`: a query in parentheses.
    Parenthesis,
    Insert,
    Replace,
    Update,
    Delete,
    Set,
    Show,
    Use,
    Begin,
    Start,
    Commit,
    Rollback,
    Savepoint,
    Release,
    Create,
    Alter,
    Drop,
    Truncate,
    Rename,
    Explain,
    Kill,
    Load,
    Call,
    Prepare,
    Execute,
    Deallocate,
    Xa,
    /// Another word, or punctuation.
    Other,
    /// Nothing but white space and comments.
    Empty,
}

impl Keyword {
    /// Classifies one word, without regard to case.
    pub fn of(word: &[u8]) -> Self {
        let first = word.first().map_or(0, |byte| byte.to_ascii_lowercase());
        let candidates: &[(&[u8], Self)] = match first {
            b's' => &[
                (b"select", Self::Select),
                (b"set", Self::Set),
                (b"show", Self::Show),
                (b"start", Self::Start),
                (b"savepoint", Self::Savepoint),
            ],
            b'i' => &[(b"insert", Self::Insert)],
            b'u' => &[(b"update", Self::Update), (b"use", Self::Use)],
            b'd' => &[
                (b"delete", Self::Delete),
                (b"drop", Self::Drop),
                (b"desc", Self::Explain),
                (b"describe", Self::Explain),
                (b"deallocate", Self::Deallocate),
            ],
            b'b' => &[(b"begin", Self::Begin)],
            b'c' => &[(b"commit", Self::Commit), (b"create", Self::Create), (b"call", Self::Call)],
            b'r' => &[
                (b"rollback", Self::Rollback),
                (b"replace", Self::Replace),
                (b"release", Self::Release),
                (b"rename", Self::Rename),
            ],
            b'a' => &[(b"alter", Self::Alter)],
            b't' => &[(b"truncate", Self::Truncate), (b"table", Self::Table)],
            b'w' => &[(b"with", Self::With)],
            b'v' => &[(b"values", Self::Values), (b"value", Self::Values)],
            b'e' => &[(b"explain", Self::Explain), (b"execute", Self::Execute)],
            b'k' => &[(b"kill", Self::Kill)],
            b'l' => &[(b"load", Self::Load)],
            b'p' => &[(b"prepare", Self::Prepare)],
            b'x' => &[(b"xa", Self::Xa)],
            _ => &[],
        };
        candidates
            .iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name))
            .map_or(Self::Other, |&(_, keyword)| keyword)
    }
}

/// What the template's statement starts with.
pub fn leading_keyword(template: &Template) -> Keyword {
    let bytes = template.bytes.as_slice();
    let mut at = 0;
    loop {
        match bytes.get(at) {
            None => return Keyword::Empty,
            Some(b'(') => return Keyword::Parenthesis,
            Some(&byte) if byte <= b' ' && (byte > 8 || byte == HoleKind::Comment.marker()) => at += 1,
            // Comments that are left in a template are hints and version comments.
            Some(b'/') => match after_comment_marker(bytes, at) {
                Some(next) => at = next,
                None => return Keyword::Other,
            },
            // The end of a version comment that held nothing.
            Some(b'*') if bytes.get(at + 1) == Some(&b'/') => at += 2,
            Some(_) => return Keyword::of(bytes.get(at..word_end(bytes, at)).unwrap_or_default()),
        }
    }
}

/// Where code goes on after `/*!50100`, `/*M!100100` or a whole hint.
fn after_comment_marker(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let marker = match rest {
        [b'/', b'*', b'!', b'T' | b't' | b'+', ..]
        | [b'/', b'*', b'+' | b'T' | b't', ..]
        | [b'/', b'!', ..] => {
            return memchr::memmem::find(rest, b"*/").map(|end| at + end + 2);
        }
        [b'/', b'*', b'!', ..] => 3,
        [b'/', b'*', b'M', b'!', ..] => 4,
        _ => return None,
    };
    // Five or six digits are the version. The lexer put no marker here: they are not a literal.
    let digits = rest.get(marker..)?.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    Some(at + marker + if digits >= 5 { digits } else { 0 })
}

/// True for a statement whose `;` do not end it: CREATE PROCEDURE, FUNCTION, TRIGGER, EVENT, PACKAGE, ALTER EVENT, BEGIN NOT ATOMIC.
#[cold]
pub(super) fn has_body(text: &[u8], mode: SqlMode) -> bool {
    let mut first = FirstWords::default();
    // A body has `;` in it, so only the text before the first one is read; what cannot be read has no body.
    let head = text.get(..head_end(text)).unwrap_or_default();
    // Errors are the caller's to find: what was read before one is enough.
    let _ = run(head, mode, &mut first);
    let words: Vec<&[u8]> = first.words.iter().filter_map(|range| head.get(range.clone())).collect();
    let is =
        |index: usize, word: &str| words.get(index).is_some_and(|w| w.eq_ignore_ascii_case(word.as_bytes()));
    if is(0, "BEGIN") {
        return is(1, "NOT") && is(2, "ATOMIC");
    }
    if !is(0, "CREATE") && !is(0, "ALTER") {
        return false;
    }
    let bodies = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"];
    let others =
        ["TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA", "USER", "ROLE", "SERVER", "SEQUENCE", "TABLESPACE"];
    for word in words.iter().skip(1) {
        if bodies.iter().any(|body| word.eq_ignore_ascii_case(body.as_bytes())) {
            return true;
        }
        if others.iter().any(|other| word.eq_ignore_ascii_case(other.as_bytes())) {
            return false;
        }
    }
    false
}

/// Enough of the text for the words that decide; never a `;` of code, so that `run` does not come here again.
fn head_end(text: &[u8]) -> usize {
    memchr::memchr(b';', text).unwrap_or(text.len()).min(1024)
}

/// Keeps the first unquoted words.
#[derive(Default)]
struct FirstWords {
    words: Vec<std::ops::Range<usize>>,
}

impl Sink for FirstWords {
    fn word(&mut self, start: usize, end: usize) {
        if self.words.len() < 16 {
            self.words.push(start..end);
        }
    }

    fn verbatim(&mut self, _: TokenKind, _: usize, _: usize) {}

    fn hole(&mut self, _: HoleKind, _: usize, _: usize) {}

    fn op(&mut self, _: usize, _: usize) {}

    fn hint(&mut self, _: usize, _: usize, _: bool) {}

    fn code_marker(&mut self, _: usize, _: usize) {}
}
