//! The byte lexer: one pass makes the template and its holes; a second, on a plan-cache miss only, makes tokens.
//!
//! Both passes are the same loop (`lexer::run`) with another sink, so they agree by construction on what is a literal, a comment or the
//! end of a statement. The rules are those of the servers' own lexer (`sql_lex.cc` of MySQL 8 and MariaDB 10.11). Text is UTF-8, or any character set in
//! which no byte below 0x80 is part of a longer character (not GBK, Big5 or SJIS).

mod comment;
mod hint;
mod keyword;
mod literal;
mod number;
mod ordinal;
mod run;
mod template;
#[cfg(test)]
mod tests;
mod token;

pub use hint::{Unhinted, take_hints};
pub use keyword::{Keyword, leading_keyword};
pub use literal::{decode_identifier, decode_string, hole_value, literal_value};
pub use template::{offset_in_template, offset_in_text, scan};
pub use token::{Token, TokenKind, plain_text, tokenize};

/// What of the session changes how text is read. Part of the plan-cache key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SqlMode {
    pub ansi_quotes: bool,
    pub no_backslash_escapes: bool,
    pub pipes_as_concat: bool,
    pub high_not_precedence: bool,
    pub no_auto_value_on_zero: bool,
    /// Decides which `/*!NNNNN */` and `/*M!NNNNNN */` comments are code.
    pub server: ServerVersion,
}

/// The version that version comments are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerVersion {
    pub mariadb: bool,
    /// 80036 for 8.0.36, 101119 for 10.11.19.
    pub number: u32,
}

impl Default for ServerVersion {
    fn default() -> Self {
        Self { mariadb: true, number: 101100 }
    }
}

/// What was cut out of the text to make the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoleKind {
    /// An unsigned integer literal (the sign stays in the template).
    Integer,
    /// 1.5, .5, 1.
    Decimal,
    /// 1e5
    Float,
    /// 'text' with its quotes; also "text" unless ANSI_QUOTES.
    String,
    /// 0xFF, x'FF'
    Hex,
    /// 0b1, b'1'
    Bit,
    /// `?`: a parameter marker. Counted among the holes, so that parameter n is the n-th hole of this kind.
    Parameter,
    /// A comment that is not code. It is white space, so it has a marker too: `a/**/b` is not `ab`.
    Comment,
}

impl HoleKind {
    /// The byte that stands for a hole of this kind in the template. Outside quotes and hints no other byte below 0x09 can be in a
    /// template: the lexer refuses control characters.
    pub fn marker(self) -> u8 {
        match self {
            Self::Integer => 1,
            Self::Decimal => 2,
            Self::Float => 3,
            Self::String => 4,
            Self::Hex => 5,
            Self::Bit => 6,
            Self::Parameter => 7,
            Self::Comment => 8,
        }
    }
}

/// One hole: where it is in the text, and where in the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    pub kind: HoleKind,
    /// Byte range in the statement's text.
    pub start: u32,
    pub end: u32,
    /// Byte offset of its marker (one byte) in the template.
    pub template_at: u32,
}

/// The template of one statement; buffers are kept between statements.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// The text with each literal replaced by one marker byte, so equal templates are equal statements but for literals.
    pub bytes: Vec<u8>,
    pub holes: Vec<Hole>,
    /// xxh3 of `bytes`.
    pub hash: u64,
    /// Byte length of this statement in the text, without its `;`. The rest, after the `;`, is the next statement of a multi-statement.
    pub length: usize,
    /// Byte offset where the next statement starts, if there is a non-blank one.
    pub next: Option<usize>,
    /// The statement has a DRDS hint (`/*+TDDL: ... */`, `/!TDDL: ... */` and their like), verbatim in `bytes`.
    pub has_tddl_hint: bool,
}

impl Template {
    /// Bytes of memory that its lists hold, used or not.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity() + self.holes.capacity() * size_of::<Hole>()
    }
}
