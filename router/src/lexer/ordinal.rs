//! Which integers are column ordinals: `ORDER BY 2` and `ORDER BY 3` are different statements, so their numbers stay in the template.
//!
//! Every integer that stands directly in an ORDER BY or GROUP BY clause is kept, and in parentheses that open where an expression of the
//! clause starts (`ORDER BY (2)` is an ordinal too). Keeping too many is safe: it only costs plan-cache entries.

/// What the last token was, as far as it matters here.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    OrderOrGroup,
    /// BY of the clause, a comma, an open parenthesis: an expression starts here.
    Start,
}

/// Follows the tokens of one statement.
#[derive(Clone, Copy, Default)]
pub(super) struct Ordinals {
    depth: u32,
    /// Bit n: at parenthesis depth n the tokens are in such a clause.
    clauses: u64,
    last: Last,
}

impl Ordinals {
    /// True when an integer that stands here must be kept.
    #[inline(always)]
    pub fn here(&self) -> bool {
        // Beyond 64 levels nothing is known, and keeping is safe.
        self.depth >= 64 || self.clauses >> self.depth & 1 == 1
    }

    #[inline(always)]
    pub fn word(&mut self, word: &[u8]) {
        let last = self.last;
        self.last = Last::Other;
        match word {
            [b'b' | b'B', b'y' | b'Y'] => {
                if last == Last::OrderOrGroup && self.depth < 64 {
                    self.clauses |= 1 << self.depth;
                    self.last = Last::Start;
                }
            }
            [b'o' | b'O' | b'g' | b'G', b'r' | b'R', _, _, _] => {
                if word.eq_ignore_ascii_case(b"order") || word.eq_ignore_ascii_case(b"group") {
                    self.last = Last::OrderOrGroup;
                }
            }
            _ => {
                if self.clauses != 0 && self.here() && ends_clause(word) && self.depth < 64 {
                    self.clauses &= !(1 << self.depth);
                }
            }
        }
    }

    /// Any token that is not one of the others.
    #[inline(always)]
    pub fn other(&mut self) {
        self.last = Last::Other;
    }

    #[inline(always)]
    pub fn comma(&mut self) {
        self.last = Last::Start;
    }

    #[inline(always)]
    pub fn open(&mut self) {
        let transparent = self.here() && self.last == Last::Start;
        self.depth += 1;
        if self.depth < 64 {
            let bit = 1 << self.depth;
            self.clauses = if transparent { self.clauses | bit } else { self.clauses & !bit };
        }
        self.last = Last::Start;
    }

    #[inline(always)]
    pub fn close(&mut self) {
        if self.depth < 64 && self.depth > 0 {
            self.clauses &= !(1 << self.depth);
        }
        self.depth = self.depth.saturating_sub(1);
        self.last = Last::Other;
    }
}

/// Words that cannot be inside the clause: reserved on both servers (WINDOW and RETURNING can be column names on one of them).
#[cold]
fn ends_clause(word: &[u8]) -> bool {
    const ENDS: [&[u8]; 10] = [
        b"LIMIT",
        b"HAVING",
        b"FOR",
        b"LOCK",
        b"INTO",
        b"PROCEDURE",
        b"UNION",
        b"EXCEPT",
        b"INTERSECT",
        b"ON",
    ];
    ENDS.iter().any(|end| word.eq_ignore_ascii_case(end))
}
