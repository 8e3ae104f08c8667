//! DRDS hints in a statement: where they stand, and the statement without them.

use std::ops::Range;

use super::run::{Sink, run};
use super::{HoleKind, SqlMode, TokenKind};
use crate::RouterError;

/// Words that may stand before the statement whose hint it is.
const BEFORE: &[&str] = &["EXPLAIN", "DESC", "DESCRIBE", "EXTENDED", "ANALYZE", "TRACE"];

/// Hints are taken out of a statement; blanks stand in their place, so that all else keeps its offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unhinted {
    /// The whole text. Only its first statement has lost its hints.
    pub text: Vec<u8>,
    /// Byte ranges of the hints, comment marks included.
    pub hints: Vec<Range<usize>>,
}

/// Takes the DRDS hints out of the first statement in `text`.
///
/// # Errors
/// 1064 as `scan`; 1235 for a hint that stands neither before the statement nor behind its first word.
pub fn take_hints(text: &[u8], mode: SqlMode) -> Result<Unhinted, RouterError> {
    let mut sink = HintSink { text, hints: Vec::new(), words: 0, other: false, misplaced: false };
    run(text, mode, &mut sink)?;
    if sink.misplaced {
        return Err(RouterError::not_supported(
            "a DRDS hint in this place; it stands before the statement, or behind its first word",
        ));
    }
    let hints = sink.hints;
    let mut text = text.to_vec();
    for byte in hints.iter().flat_map(|hint| hint.clone()) {
        if let Some(byte) = text.get_mut(byte).filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
    }
    Ok(Unhinted { text, hints })
}

struct HintSink<'a> {
    text: &'a [u8],
    hints: Vec<Range<usize>>,
    /// Words so far, without those of EXPLAIN.
    words: usize,
    /// Something else than words and parentheses came.
    other: bool,
    misplaced: bool,
}

impl Sink for HintSink<'_> {
    fn word(&mut self, start: usize, end: usize) {
        let word = self.text.get(start..end).unwrap_or_default();
        let explains =
            self.words == 0 && BEFORE.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
        self.words += usize::from(!explains);
    }

    fn verbatim(&mut self, _: TokenKind, _: usize, _: usize) {
        self.other = true;
    }

    fn hole(&mut self, kind: HoleKind, _: usize, _: usize) {
        self.other |= kind != HoleKind::Comment;
    }

    fn op(&mut self, start: usize, end: usize) {
        self.other |= self.text.get(start..end) != Some(b"(");
    }

    fn hint(&mut self, start: usize, end: usize, tddl: bool) {
        if tddl {
            self.misplaced |= self.words > 1 || self.other;
            self.hints.push(start..end);
        }
    }

    fn code_marker(&mut self, _: usize, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (String, Vec<String>) {
        let taken = take_hints(text.as_bytes(), SqlMode::default()).unwrap();
        let hints = taken.hints.iter().map(|hint| text[hint.clone()].to_owned()).collect();
        (String::from_utf8(taken.text).unwrap(), hints)
    }

    #[test]
    fn hints_become_blanks_before_the_statement_and_behind_its_first_word() {
        for (text, rest) in [
            ("/*+TDDL:a*/ SELECT 1", "            SELECT 1"),
            ("SELECT /!TDDL:a*/ 1; SELECT /*TDDL:b*/ 2", "SELECT            1; SELECT /*TDDL:b*/ 2"),
            ("(SELECT /*!TDDL:a*/1)", "(SELECT            1)"),
            ("-- x\n/!+TDDL:\na*/UPDATE t SET a = 1", "-- x\n        \n   UPDATE t SET a = 1"),
            ("EXPLAIN SELECT /*+TDDL:a*/ 1", "EXPLAIN SELECT             1"),
            ("SELECT /*+ MAX_EXECUTION_TIME(1) */ 1", "SELECT /*+ MAX_EXECUTION_TIME(1) */ 1"),
        ] {
            let (plain, hints) = taken(text);
            assert_eq!(plain, rest);
            assert_eq!(plain.len(), text.len());
            assert_eq!(hints.len(), usize::from(rest != text));
        }
        let (_, hints) = taken("/*+TDDL:a*/ SELECT /*+TDDL:b*/ '/*+TDDL:c*/'");
        assert_eq!(hints, ["/*+TDDL:a*/", "/*+TDDL:b*/"]);
    }

    #[test]
    fn hints_elsewhere_are_refused() {
        for text in [
            "SELECT a /*+TDDL:a*/ FROM t",
            "SELECT 1 /*+TDDL:a*/",
            "SELECT a, (SELECT /*+TDDL:a*/ 1)",
            "INSERT INTO /*+TDDL:a*/ t VALUES (1)",
        ] {
            assert_eq!(take_hints(text.as_bytes(), SqlMode::default()).unwrap_err().errno, 1235, "{text}");
        }
        assert_eq!(take_hints(b"SELECT /*+TDDL:a", SqlMode::default()).unwrap_err().errno, 1064);
    }
}
