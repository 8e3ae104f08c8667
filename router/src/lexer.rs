//! The byte lexer: one pass makes the template and its holes; a second, on a plan-cache miss only, makes tokens.

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
    /// A comment that is not code: a hole of no width in the template.
    Comment,
}

/// One hole: where it is in the text, and where in the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    pub kind: HoleKind,
    /// Byte range in the statement's text.
    pub start: u32,
    pub end: u32,
    /// Byte offset of its marker in the template.
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
}
