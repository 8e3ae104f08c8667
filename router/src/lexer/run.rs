//! The one loop that reads SQL bytes and tells a sink what it found. It allocates nothing.

use super::comment::{self, Comment};
use super::ordinal::Ordinals;
use super::{HoleKind, SqlMode, TokenKind, keyword, number};
use crate::RouterError;

/// What the loop found; offsets are bytes of the text. Each method gets a range that starts where it says; ranges come in order and do
/// not overlap; what lies between them is white space.
pub(super) trait Sink {
    /// An unquoted word.
    fn word(&mut self, start: usize, end: usize);
    /// A quoted identifier, a variable, or an integer that must stay in the template (an ordinal of ORDER BY).
    fn verbatim(&mut self, kind: TokenKind, start: usize, end: usize);
    /// A literal, parameter marker or comment.
    fn hole(&mut self, kind: HoleKind, start: usize, end: usize);
    /// Punctuation.
    fn op(&mut self, start: usize, end: usize);
    /// An optimiser hint `/*+ ... */` or a DRDS hint.
    fn hint(&mut self, start: usize, end: usize, tddl: bool);
    /// `/*!50100` or the `*/` that closes it: markers of a comment that is code.
    fn code_marker(&mut self, start: usize, end: usize);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Bad,
    Space,
    Letter,
    /// x, X, b, B: perhaps a hexadecimal or bit literal.
    Prefix,
    Digit,
    Single,
    Double,
    Backtick,
    Dash,
    Hash,
    Slash,
    Star,
    At,
    Dot,
    Question,
    Semicolon,
    Open,
    Close,
    Comma,
    Backslash,
    Op,
}

const CLASS: [Class; 256] = classes();
/// True for bytes inside an unquoted identifier.
pub(super) const IDENT: [bool; 256] = ident_bytes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Op; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        table[i] = match byte {
            b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ' => Class::Space,
            0..0x20 | 0x7f => Class::Bad,
            b'x' | b'X' | b'b' | b'B' => Class::Prefix,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | 0x80.. => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'\'' => Class::Single,
            b'"' => Class::Double,
            b'`' => Class::Backtick,
            b'-' => Class::Dash,
            b'#' => Class::Hash,
            b'/' => Class::Slash,
            b'*' => Class::Star,
            b'@' => Class::At,
            b'.' => Class::Dot,
            b'?' => Class::Question,
            b';' => Class::Semicolon,
            b'(' => Class::Open,
            b')' => Class::Close,
            b',' => Class::Comma,
            b'\\' => Class::Backslash,
            _ => Class::Op,
        };
        i += 1;
    }
    table
}

const fn ident_bytes() -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = matches!(i as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' | 0x80..);
        i += 1;
    }
    table
}

/// True when the byte at `at` can be inside an unquoted identifier.
#[inline(always)]
pub(super) fn is_ident(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|&byte| IDENT[byte as usize])
}

#[inline(always)]
pub(super) fn is_space(byte: u8) -> bool {
    CLASS[byte as usize] == Class::Space
}

/// End of the run of identifier bytes from `at` on.
#[inline(always)]
pub(super) fn word_end(text: &[u8], mut at: usize) -> usize {
    while is_ident(text, at) {
        at += 1;
    }
    at
}

/// Reads one statement and returns where it ends: at its `;` or at the end of the text.
///
/// # Errors
/// 1064 for an unterminated string, identifier or comment, a control character, a malformed `x'..'` or `b'..'`.
#[inline(always)]
pub(super) fn run<S: Sink>(text: &[u8], mode: SqlMode, sink: &mut S) -> Result<usize, RouterError> {
    if u32::try_from(text.len()).is_err() {
        return Err(RouterError::syntax("the statement is longer than 4 GiB"));
    }
    let mut at = 0;
    let mut in_code = false;
    let mut compound = None;
    let mut ordinals = Ordinals::default();
    while let Some(&byte) = text.get(at) {
        let start = at;
        match CLASS[byte as usize] {
            Class::Space => at += 1,
            Class::Letter => at = words(text, start, word_end(text, start + 1), sink, &mut ordinals),
            Class::Prefix => {
                if text.get(at + 1) == Some(&b'\'') {
                    let kind = if byte | 0x20 == b'x' { HoleKind::Hex } else { HoleKind::Bit };
                    at = number::quoted_digits(text, start, kind).ok_or_else(|| bad_literal(text, start))?;
                    sink.hole(kind, start, at);
                    ordinals.other();
                } else {
                    at = words(text, start, word_end(text, start + 1), sink, &mut ordinals);
                }
            }
            Class::Digit => {
                let (kind, end) = number::number(text, start);
                at = end;
                match kind {
                    None => at = words(text, start, end, sink, &mut ordinals),
                    Some(HoleKind::Integer) if ordinals.here() => {
                        sink.verbatim(TokenKind::Integer, start, end);
                        ordinals.other();
                    }
                    Some(kind) => {
                        sink.hole(kind, start, end);
                        ordinals.other();
                    }
                }
            }
            Class::Single => {
                at = string_end(text, start, !mode.no_backslash_escapes)
                    .ok_or_else(|| unterminated(text, start))?;
                sink.hole(HoleKind::String, start, at);
                ordinals.other();
            }
            Class::Double => {
                let escapes = !mode.no_backslash_escapes && !mode.ansi_quotes;
                at = string_end(text, start, escapes).ok_or_else(|| unterminated(text, start))?;
                if mode.ansi_quotes {
                    sink.verbatim(TokenKind::QuotedIdent, start, at);
                } else {
                    sink.hole(HoleKind::String, start, at);
                }
                ordinals.other();
            }
            Class::Backtick => {
                at = string_end(text, start, false).ok_or_else(|| unterminated(text, start))?;
                sink.verbatim(TokenKind::QuotedIdent, start, at);
                ordinals.other();
            }
            Class::Open => {
                at += 1;
                sink.op(start, at);
                ordinals.open();
            }
            Class::Close => {
                at += 1;
                sink.op(start, at);
                ordinals.close();
            }
            Class::Comma => {
                at += 1;
                sink.op(start, at);
                ordinals.comma();
            }
            Class::Question => {
                at += 1;
                sink.hole(HoleKind::Parameter, start, at);
                ordinals.other();
            }
            Class::Dot => {
                if text.get(at + 1).is_some_and(u8::is_ascii_digit) {
                    let (kind, end) = number::fraction(text, start);
                    at = end;
                    sink.hole(kind, start, end);
                } else {
                    at += 1;
                    sink.op(start, at);
                    // After a dot everything is a name, keywords too.
                    if is_ident(text, at) {
                        let end = word_end(text, at);
                        sink.word(at, end);
                        at = end;
                    }
                }
                ordinals.other();
            }
            Class::At => {
                let (kind, end) = variable(text, start, mode)?;
                at = end;
                match kind {
                    Some(kind) => sink.verbatim(kind, start, end),
                    None => sink.op(start, end),
                }
                ordinals.other();
            }
            Class::Dash if comment::is_dash_comment(text, at) => {
                at = comment::line_end(text, at);
                sink.hole(HoleKind::Comment, start, at);
            }
            Class::Hash => {
                at = comment::line_end(text, at);
                sink.hole(HoleKind::Comment, start, at);
            }
            Class::Slash => match comment::classify(text, at, mode.server)? {
                Comment::None => {
                    at = op_end(text, start);
                    sink.op(start, at);
                    ordinals.other();
                }
                Comment::Plain(end) => {
                    at = end;
                    sink.hole(HoleKind::Comment, start, end);
                }
                Comment::Hint { end, tddl } => {
                    at = end;
                    sink.hint(start, end, tddl);
                }
                Comment::Code(body) => {
                    at = body;
                    in_code = true;
                    sink.code_marker(start, body);
                }
            },
            Class::Star if in_code && text.get(at + 1) == Some(&b'/') => {
                at += 2;
                in_code = false;
                sink.code_marker(start, at);
            }
            Class::Semicolon => {
                if !*compound.get_or_insert_with(|| keyword::has_body(text, mode)) {
                    if in_code {
                        return Err(RouterError::not_supported("a `;` inside a version comment"));
                    }
                    return Ok(at);
                }
                at += 1;
                sink.op(start, at);
                ordinals = Ordinals::default();
            }
            Class::Backslash if text.get(at + 1) == Some(&b'N') => {
                at += 2;
                sink.word(start, at);
                ordinals.other();
            }
            Class::Dash | Class::Star | Class::Backslash | Class::Op => {
                at = op_end(text, start);
                sink.op(start, at);
                ordinals.other();
            }
            Class::Bad => return Err(syntax_near("a control character outside a string", text, start)),
        }
    }
    if in_code {
        return Err(RouterError::syntax("a version comment is not closed"));
    }
    Ok(at)
}

/// A word, and the names that follow it after dots without white space: in `t.1a` and `t.order`, what follows the dot is a name.
#[inline(always)]
fn words<S: Sink>(text: &[u8], start: usize, mut end: usize, sink: &mut S, ordinals: &mut Ordinals) -> usize {
    sink.word(start, end);
    if text.get(end) != Some(&b'.') || !is_ident(text, end + 1) {
        ordinals.word(text.get(start..end).unwrap_or_default());
        return end;
    }
    while text.get(end) == Some(&b'.') && is_ident(text, end + 1) {
        let name_end = word_end(text, end + 1);
        sink.op(end, end + 1);
        sink.word(end + 1, name_end);
        end = name_end;
    }
    ordinals.other();
    end
}

/// One past the closing quote of what opens at `at`; a doubled quote is content. `None`: not closed.
#[inline(always)]
pub(super) fn string_end(text: &[u8], at: usize, escapes: bool) -> Option<usize> {
    let quote = *text.get(at)?;
    let mut i = at + 1;
    loop {
        let rest = text.get(i..)?;
        let found = if escapes { memchr::memchr2(quote, b'\\', rest)? } else { memchr::memchr(quote, rest)? };
        i += found;
        // Skips the byte after a backslash, and a doubled quote.
        if text.get(i) == Some(&b'\\') || text.get(i + 1) == Some(&quote) {
            i += 2;
        } else {
            return Some(i + 1);
        }
    }
}

/// `@name`, `@'name'`, `@@name`, `@@scope.name`; a lonely `@` is punctuation.
fn variable(text: &[u8], start: usize, mode: SqlMode) -> Result<(Option<TokenKind>, usize), RouterError> {
    let at = start + 1;
    match text.get(at) {
        Some(&quote @ (b'\'' | b'"' | b'`')) => {
            let escapes =
                !mode.no_backslash_escapes && (quote == b'\'' || (quote == b'"' && !mode.ansi_quotes));
            let end = string_end(text, at, escapes).ok_or_else(|| unterminated(text, at))?;
            Ok((Some(TokenKind::UserVariable), end))
        }
        Some(b'@') => {
            let mut end = system_name(text, at + 1)?;
            while text.get(end) == Some(&b'.') {
                end = system_name(text, end + 1)?;
            }
            Ok((Some(TokenKind::SystemVariable), end))
        }
        Some(&byte) if IDENT[byte as usize] || byte == b'.' => {
            let mut end = at;
            while is_ident(text, end) || text.get(end) == Some(&b'.') {
                end += 1;
            }
            Ok((Some(TokenKind::UserVariable), end))
        }
        _ => Ok((None, at)),
    }
}

fn system_name(text: &[u8], at: usize) -> Result<usize, RouterError> {
    if text.get(at) == Some(&b'`') {
        return string_end(text, at, false).ok_or_else(|| unterminated(text, at));
    }
    Ok(word_end(text, at))
}

/// The longest operator that starts at `at`.
#[inline(always)]
fn op_end(text: &[u8], at: usize) -> usize {
    let byte = |i: usize| text.get(at + i).copied().unwrap_or(0);
    let length = match (byte(0), byte(1), byte(2)) {
        (b'<', b'=', b'>') | (b'-', b'>', b'>') => 3,
        (b'<', b'=' | b'<' | b'>', _)
        | (b'>', b'=' | b'>', _)
        | (b'-', b'>', _)
        | (b'!' | b':', b'=', _)
        | (b'|', b'|', _)
        | (b'&', b'&', _) => 2,
        _ => 1,
    };
    at + length
}

#[cold]
fn unterminated(text: &[u8], at: usize) -> RouterError {
    syntax_near("a quote is not closed", text, at)
}

#[cold]
fn bad_literal(text: &[u8], at: usize) -> RouterError {
    syntax_near("a malformed hexadecimal or bit literal", text, at)
}

/// 1064 with the text from `at` on, shortened as the servers do.
#[cold]
pub(super) fn syntax_near(what: &str, text: &[u8], at: usize) -> RouterError {
    let rest = text.get(at..).unwrap_or_default();
    let near = String::from_utf8_lossy(rest.get(..80).unwrap_or(rest));
    RouterError::syntax(format_args!("{what} near '{near}'"))
}
