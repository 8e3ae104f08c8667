//! Comments: which are white space, which are hints, and which are code for the server behind (`/*!NNNNN ... */`).

use super::ServerVersion;
use super::run::{is_space, syntax_near};
use crate::RouterError;

/// What a `/` starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comment {
    /// A division.
    None,
    /// White space up to this offset.
    Plain(usize),
    /// `/*+ ... */`, or one of DRDS's forms.
    Hint { end: usize, tddl: bool },
    /// Code from this offset on, closed by the next `*/`.
    Code(usize),
}

/// What the `/` at `at` starts.
///
/// # Errors
/// 1064 for a comment that is not closed.
pub(super) fn classify(text: &[u8], at: usize, server: ServerVersion) -> Result<Comment, RouterError> {
    if let Some(length) = tddl_prefix(text.get(at..).unwrap_or_default()) {
        let end = closing(text, at + length, at)?;
        return Ok(Comment::Hint { end, tddl: true });
    }
    if text.get(at + 1) != Some(&b'*') {
        return Ok(Comment::None);
    }
    match (text.get(at + 2), text.get(at + 3)) {
        (Some(b'+'), _) => Ok(Comment::Hint { end: closing(text, at + 3, at)?, tddl: false }),
        (Some(b'!'), _) => version_comment(text, at, at + 3, false, server),
        (Some(b'M'), Some(b'!')) if server.mariadb => version_comment(text, at, at + 4, true, server),
        _ => Ok(Comment::Plain(closing(text, at + 2, at)?)),
    }
}

/// Length of `/*+TDDL`, `/*TDDL`, `/*!TDDL`, `/!TDDL`, `/!+TDDL`, if `text` starts with one.
fn tddl_prefix(text: &[u8]) -> Option<usize> {
    let mut length = match text {
        [b'/', b'*', b'+' | b'!', ..] => 3,
        [b'/', b'*' | b'!', ..] => 2,
        _ => return None,
    };
    if text.get(length) == Some(&b'+') {
        length += 1;
    }
    let name = text.get(length..length + 4)?;
    name.eq_ignore_ascii_case(b"TDDL").then_some(length + 4)
}

/// A comment with `!`: code when it has no version, or one that the server is not below. MariaDB does not run the versions that are
/// MySQL's alone (50700 to 99999) unless the comment says `M!`.
fn version_comment(
    text: &[u8],
    at: usize,
    body: usize,
    maria_form: bool,
    server: ServerVersion,
) -> Result<Comment, RouterError> {
    let digits =
        text.get(body..).unwrap_or_default().iter().take(6).take_while(|b| b.is_ascii_digit()).count();
    if digits < 5 {
        return Ok(Comment::Code(body));
    }
    let number = text.get(body..body + digits).unwrap_or_default();
    let version = number.iter().fold(0u32, |n, &digit| n * 10 + u32::from(digit - b'0'));
    let not_ours = server.mariadb && !maria_form && (50_700..100_000).contains(&version);
    if version <= server.number && !not_ours {
        return Ok(Comment::Code(body + digits));
    }
    Ok(Comment::Plain(closing_nested(text, body + digits, at)?))
}

/// One past the `*/` that follows `from`.
fn closing(text: &[u8], from: usize, start: usize) -> Result<usize, RouterError> {
    let mut at = from;
    loop {
        let star = text.get(at..).and_then(|rest| memchr::memchr(b'*', rest));
        let Some(star) = star else { return Err(syntax_near("a comment is not closed", text, start)) };
        at += star + 1;
        if text.get(at) == Some(&b'/') {
            return Ok(at + 1);
        }
    }
}

/// As `closing`, for a version comment that is skipped: the servers allow one level of plain comments in it.
fn closing_nested(text: &[u8], from: usize, start: usize) -> Result<usize, RouterError> {
    let mut at = from;
    loop {
        match text.get(at..) {
            Some([b'*', b'/', ..]) => return Ok(at + 2),
            Some([b'/', b'*', ..]) => at = closing(text, at + 2, start)?,
            Some([_, ..]) => at += 1,
            _ => return Err(syntax_near("a comment is not closed", text, start)),
        }
    }
}

/// `--` is a comment only before white space, a control character or the end.
#[inline(always)]
pub(super) fn is_dash_comment(text: &[u8], at: usize) -> bool {
    text.get(at + 1) == Some(&b'-') && text.get(at + 2).is_none_or(|&byte| byte <= b' ' || byte == 0x7f)
}

/// Offset of the line feed that ends a line comment, or the end of the text.
pub(super) fn line_end(text: &[u8], at: usize) -> usize {
    text.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)).map_or(text.len(), |n| at + n)
}

/// Offset of the first byte from `at` on that is neither white space nor a plain comment, or the end of the text.
pub(super) fn skip_blank(text: &[u8], mut at: usize, server: ServerVersion) -> usize {
    while let Some(&byte) = text.get(at) {
        if is_space(byte) {
            at += 1;
        } else if byte == b'#' || (byte == b'-' && is_dash_comment(text, at)) {
            at = line_end(text, at);
        } else {
            match classify(text, at, server) {
                Ok(Comment::Plain(end)) if byte == b'/' => at = end,
                _ => return at,
            }
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARIADB: ServerVersion = ServerVersion { mariadb: true, number: 101_119 };
    const MYSQL: ServerVersion = ServerVersion { mariadb: false, number: 80_036 };

    fn kind(text: &str, server: ServerVersion) -> Comment {
        classify(text.as_bytes(), 0, server).unwrap()
    }

    #[test]
    fn version_comments_are_code_by_the_server_behind() {
        for (text, mariadb, mysql) in [
            ("/*!40101 a*/", true, true),
            ("/*!50699 a*/", true, true),
            ("/*!50700 a*/", false, true),
            ("/*!80000 a*/", false, true),
            ("/*!80037 a*/", false, false),
            ("/*!99999 a*/", false, false),
            ("/*!100100 a*/", true, false),
            ("/*!101200 a*/", false, false),
            ("/*!080036 a*/", false, true),
            ("/*! a*/", true, true),
            ("/*!123 a*/", true, true),
            ("/*M!100100 a*/", true, false),
            ("/*M!50701 a*/", true, false),
            ("/*M! a*/", true, false),
            ("/* a*/", false, false),
        ] {
            assert_eq!(matches!(kind(text, MARIADB), Comment::Code(_)), mariadb, "MariaDB: {text}");
            assert_eq!(matches!(kind(text, MYSQL), Comment::Code(_)), mysql, "MySQL: {text}");
        }
    }

    #[test]
    fn skipped_version_comment_may_hold_a_comment() {
        let text = "/*!99999 a /* b */ c */d";
        assert_eq!(kind(text, MYSQL), Comment::Plain(text.len() - 1));
        // A plain comment does not nest.
        assert_eq!(kind("/* a /* b */ c */", MYSQL), Comment::Plain(12));
    }

    #[test]
    fn drds_hints_are_told_from_comments() {
        for text in [
            "/*+TDDL:node(0)*/",
            "/*TDDL:node(0)*/",
            "/*!TDDL:node(0)*/",
            "/!TDDL:node(0)*/",
            "/!+tddl:x()*/",
        ] {
            assert_eq!(kind(text, MARIADB), Comment::Hint { end: text.len(), tddl: true }, "{text}");
        }
        assert_eq!(kind("/*+ MAX_EXECUTION_TIME(1) */", MYSQL), Comment::Hint { end: 28, tddl: false });
        assert_eq!(kind("/ 2", MYSQL), Comment::None);
        assert_eq!(kind("/!a", MYSQL), Comment::None);
    }

    #[test]
    fn unclosed_comment_is_a_syntax_error() {
        for text in ["/*", "/* *", "/*+ ", "/*!99999 /* */", "/!TDDL:"] {
            assert_eq!(classify(text.as_bytes(), 0, MYSQL).unwrap_err().errno, 1064, "{text}");
        }
    }

    #[test]
    fn dash_comment_needs_white_space_after_it() {
        assert!(is_dash_comment(b"-- a", 0));
        assert!(is_dash_comment(b"--", 0));
        assert!(is_dash_comment(b"--\n", 0));
        assert!(!is_dash_comment(b"--1", 0));
        assert!(!is_dash_comment(b"- -", 0));
    }

    #[test]
    fn blanks_are_skipped_up_to_code() {
        assert_eq!(skip_blank(b" /* a */ -- b\n # c\n x", 0, MYSQL), 20);
        assert_eq!(skip_blank(b" /*!40000 x */", 0, MYSQL), 1);
        assert_eq!(skip_blank(b" /* open", 0, MYSQL), 1);
        assert_eq!(skip_blank(b" -- b", 0, MYSQL), 5);
    }
}
