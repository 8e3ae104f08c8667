//! Passwords out of a statement's text, for lists and logs that show statements.

use std::borrow::Cow;

use crate::lexer::{SqlMode, TokenKind, tokenize};

/// What stands where a password was, and all that follows it.
const HIDDEN: &[u8] = b"<secret>";

/// The text of a statement about accounts or instances up to where its password begins; any other text as it is. What cannot be read as
/// tokens is hidden as a whole: a typo must not show a password.
pub fn redact(text: &[u8], mode: SqlMode) -> Cow<'_, [u8]> {
    let Ok(tokens) = tokenize(text, mode) else { return Cow::Borrowed(HIDDEN) };
    let is = |token: &&crate::lexer::Token, words: &[&str]| {
        token.kind == TokenKind::Word
            && words.iter().any(|word| token.text(text).eq_ignore_ascii_case(word.as_bytes()))
    };
    let verb = tokens.first().is_some_and(|first| is(&first, &["CREATE", "ALTER", "SET", "GRANT"]));
    let about =
        |token: &&crate::lexer::Token| is(token, &["USER", "INSTANCE", "SERVER", "PASSWORD", "GRANT"]);
    // `CREATE OR REPLACE USER` is the longest beginning.
    if !verb || !tokens.iter().take(4).any(|token| about(&token)) {
        return Cow::Borrowed(text);
    }
    match tokens.iter().find(|token| is(token, &["PASSWORD", "IDENTIFIED"])) {
        None => Cow::Borrowed(text),
        Some(word) => {
            let mut out = text.get(..word.end as usize).unwrap_or_default().to_vec();
            out.push(b' ');
            out.extend_from_slice(HIDDEN);
            Cow::Owned(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_password_is_hidden_and_nothing_else() {
        for (text, expected) in [
            ("SELECT password FROM t WHERE password = 'a'", "SELECT password FROM t WHERE password = 'a'"),
            ("CREATE TABLE t (password TEXT)", "CREATE TABLE t (password TEXT)"),
            ("DROP USER u", "DROP USER u"),
            ("ALTER INSTANCE i HOST='h'", "ALTER INSTANCE i HOST='h'"),
            (
                "CREATE INSTANCE i HOST='h' PASSWORD='s3' USER='u'",
                "CREATE INSTANCE i HOST='h' PASSWORD <secret>",
            ),
            ("/* x */ alter instance i password s3", "/* x */ alter instance i password <secret>"),
            ("CREATE USER 'u'@'%' IDENTIFIED WITH x BY 's3'", "CREATE USER 'u'@'%' IDENTIFIED <secret>"),
            ("CREATE OR REPLACE USER u IDENTIFIED BY 's3'", "CREATE OR REPLACE USER u IDENTIFIED <secret>"),
            ("SET PASSWORD FOR u = 's3'", "SET PASSWORD <secret>"),
            ("CREATE INSTANCE i PASSWORD='s3", "<secret>"),
        ] {
            let shown = redact(text.as_bytes(), SqlMode::default());
            assert_eq!(String::from_utf8_lossy(&shown), expected);
        }
    }
}
