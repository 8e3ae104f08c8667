//! The clauses of LOAD DATA, by token.

use std::ops::Range;

use super::lines::Format;
use crate::RouterError;
use crate::lexer::{HoleKind, SqlMode, TokenKind, literal_value};
use crate::plan::tokens::Tokens;
use crate::plan::tree::Name;
use crate::value::Value;

/// Where the clauses stand, and what they say.
pub(super) struct Clauses {
    pub local: bool,
    /// Token of the file's name, and the name.
    pub file: (usize, Vec<u8>),
    pub replaces: bool,
    pub table: Vec<Name>,
    /// Index of the first token behind the table.
    pub behind_table: usize,
    pub charset: Option<String>,
    pub fields: Vec<u8>,
    pub enclosed: Vec<u8>,
    /// `None`: not given.
    pub escaped: Option<Vec<u8>>,
    pub starting: Vec<u8>,
    pub lines: Vec<u8>,
    /// IGNORE n LINES: its tokens, and n.
    pub skipped: Option<(Range<usize>, u64)>,
    /// Token indexes of `(` and `)` of the list of columns.
    pub list: Option<(usize, usize)>,
    /// Index behind the last clause before the list.
    pub list_place: usize,
    /// The assignments of SET, each a range of tokens.
    pub set: Vec<Range<usize>>,
}

/// Reads them.
///
/// Errors: 1064; 1235 for PARTITION and what else is not there.
pub(super) fn clauses(tokens: &Tokens<'_>, mode: SqlMode) -> Result<Clauses, RouterError> {
    let mut reader = Reader { tokens, mode, at: 2 };
    reader.any(&["LOW_PRIORITY", "CONCURRENT"]);
    let local = reader.any(&["LOCAL"]);
    reader.expect("INFILE")?;
    let file = (reader.at, reader.string()?);
    let replaces = reader.any(&["REPLACE"]);
    if !replaces {
        reader.any(&["IGNORE"]);
    }
    reader.expect("INTO")?;
    reader.expect("TABLE")?;
    let table = reader.table()?;
    if tokens.is_word(reader.at, "PARTITION") {
        return Err(RouterError::not_supported("PARTITION (...) in LOAD DATA"));
    }
    let mut found = Clauses {
        local,
        file,
        replaces,
        table,
        behind_table: reader.at,
        charset: None,
        fields: b"\t".to_vec(),
        enclosed: Vec::new(),
        escaped: None,
        starting: Vec::new(),
        lines: b"\n".to_vec(),
        skipped: None,
        list: None,
        list_place: 0,
        set: Vec::new(),
    };
    reader.formats(&mut found)?;
    if tokens.is_word(reader.at, "IGNORE") {
        let start = reader.at;
        let digits = String::from_utf8_lossy(tokens.bytes(start + 1)).into_owned();
        reader.at += 2;
        if !reader.any(&["LINES", "ROWS"]) {
            return Err(reader.near());
        }
        found.skipped = Some((start..reader.at, digits.parse().map_err(|_| reader.near())?));
    }
    found.list_place = reader.at;
    if tokens.is_op(reader.at, "(") {
        let close = tokens.close(reader.at);
        found.list = Some((reader.at, close));
        reader.at = close + 1;
    }
    if reader.any(&["SET"]) {
        found.set = tokens.split(reader.at, tokens.len());
        reader.at = tokens.len();
    }
    if reader.at < tokens.len() { Err(reader.near()) } else { Ok(found) }
}

impl Clauses {
    /// How the file is cut into lines and fields, for a file that is taken apart.
    ///
    /// Errors: 1083 as servers have it; 1235 for what cannot be cut here.
    pub fn format(&self, charset: &str, mode: SqlMode) -> Result<Format, RouterError> {
        let wrong = || {
            RouterError::new(
                1083,
                "42000",
                "Field separator argument is not what is expected; check the manual",
            )
        };
        let one = |text: &[u8]| match text {
            [] => Ok(None),
            [byte] => Ok(Some(*byte)),
            _ => Err(wrong()),
        };
        let refuse = |what: &str| {
            Err(RouterError::not_supported(format_args!(
                "{what} in LOAD DATA into a table of several physical tables"
            )))
        };
        let texts = [&self.fields, &self.enclosed, &self.starting, &self.lines];
        if texts.into_iter().chain(&self.escaped).any(|text| !text.is_ascii()) {
            return refuse("a separator of other than ASCII characters");
        }
        let escaped = match &self.escaped {
            Some(given) => one(given)?,
            None if mode.no_backslash_escapes => None,
            None => Some(b'\\'),
        };
        let format = Format {
            fields: self.fields.clone(),
            enclosed: one(&self.enclosed)?,
            escaped,
            starting: self.starting.clone(),
            lines: self.lines.clone(),
            utf8: matches!(charset, "utf8mb4" | "utf8mb3" | "utf8"),
        };
        if !CHARSETS.contains(&charset) {
            return refuse(&format!("character set {charset}"));
        }
        if format.fields.is_empty() {
            return refuse("fields of a fixed length (FIELDS TERMINATED BY '')");
        }
        if format.lines.is_empty() || format.lines == format.fields {
            return refuse("lines that end as fields end");
        }
        let digits = |byte: &u8| byte.is_ascii_digit();
        if format
            .enclosed
            .iter()
            .chain(&format.escaped)
            .chain(&format.fields)
            .chain(&format.lines)
            .any(digits)
        {
            return refuse("a digit as a separator");
        }
        Ok(format)
    }
}

/// Character sets of files that can be cut: in them a byte of ASCII is always that character.
const CHARSETS: [&str; 12] = [
    "utf8mb4", "utf8mb3", "utf8", "ascii", "binary", "latin1", "latin2", "latin5", "latin7", "cp1250",
    "cp1251", "cp850",
];

struct Reader<'a, 't> {
    tokens: &'a Tokens<'t>,
    mode: SqlMode,
    at: usize,
}

impl Reader<'_, '_> {
    fn near(&self) -> RouterError {
        let text = self.tokens.text.get(self.tokens.start(self.at)..).unwrap_or_default();
        let near: String = String::from_utf8_lossy(text).chars().take(80).collect();
        RouterError::syntax(format_args!("LOAD DATA near '{near}'"))
    }

    fn any(&mut self, words: &[&str]) -> bool {
        let is = self.tokens.is_any_word(self.at, words);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, word: &str) -> Result<(), RouterError> {
        if self.any(&[word]) { Ok(()) } else { Err(self.near()) }
    }

    fn string(&mut self) -> Result<Vec<u8>, RouterError> {
        let kind = match self.tokens.kind(self.at) {
            TokenKind::String => HoleKind::String,
            TokenKind::Hex => HoleKind::Hex,
            TokenKind::Bit => HoleKind::Bit,
            _ => return Err(self.near()),
        };
        match literal_value(self.tokens.bytes(self.at), kind, self.mode) {
            Value::Text(bytes) | Value::Bytes(bytes) => {
                self.at += 1;
                Ok(bytes.into_owned())
            }
            _ => Err(self.near()),
        }
    }

    fn table(&mut self) -> Result<Vec<Name>, RouterError> {
        let mut table = Vec::new();
        loop {
            let name = self.tokens.name(self.at).ok_or_else(|| self.near())?;
            table.push(Name { text: name, span: self.tokens.start(self.at)..self.tokens.end(self.at) });
            self.at += 1;
            if !self.tokens.is_op(self.at, ".") || table.len() > 1 {
                return Ok(table);
            }
            self.at += 1;
        }
    }

    /// CHARACTER SET, FIELDS and LINES.
    fn formats(&mut self, found: &mut Clauses) -> Result<(), RouterError> {
        if self.tokens.are_words(self.at, &["CHARACTER", "SET"]) || self.tokens.is_word(self.at, "CHARSET") {
            self.at += if self.any(&["CHARSET"]) { 0 } else { 2 };
            let name = match self.tokens.kind(self.at) {
                TokenKind::String => String::from_utf8_lossy(&self.string()?).into_owned(),
                _ => {
                    let name = self.tokens.name(self.at).ok_or_else(|| self.near())?;
                    self.at += 1;
                    name
                }
            };
            found.charset = Some(name.to_lowercase());
        }
        if self.any(&["FIELDS", "COLUMNS"]) {
            loop {
                let optionally = self.any(&["OPTIONALLY"]);
                let clause = match () {
                    () if self.any(&["ENCLOSED"]) => &mut found.enclosed,
                    () if optionally => return Err(self.near()),
                    () if self.any(&["TERMINATED"]) => &mut found.fields,
                    () if self.any(&["ESCAPED"]) => found.escaped.get_or_insert_default(),
                    () => break,
                };
                self.expect("BY")?;
                *clause = self.string()?;
            }
        }
        if self.any(&["LINES"]) {
            loop {
                let clause = match () {
                    () if self.any(&["STARTING"]) => &mut found.starting,
                    () if self.any(&["TERMINATED"]) => &mut found.lines,
                    () => break,
                };
                self.expect("BY")?;
                *clause = self.string()?;
            }
        }
        Ok(())
    }
}
