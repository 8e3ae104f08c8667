//! The lines and fields of a file of LOAD DATA, cut as the servers cut them (READ_INFO in their sql_load.cc), so that each line can go where its row belongs.

use std::ops::Range;

use crate::RouterError;

/// What the clauses FIELDS and LINES say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// FIELDS TERMINATED BY; not empty.
    pub fields: Vec<u8>,
    pub enclosed: Option<u8>,
    pub escaped: Option<u8>,
    /// LINES STARTING BY; may be empty.
    pub starting: Vec<u8>,
    /// LINES TERMINATED BY; not empty.
    pub lines: Vec<u8>,
    /// The file's characters may have several bytes.
    pub utf8: bool,
}

/// A field of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its bytes in the line, with quotes and escapes.
    pub raw: Range<usize>,
    is_null: bool,
    value: Range<usize>,
}

/// One line, cut. Reused from line to line.
#[derive(Debug, Default)]
pub struct Line {
    values: Vec<u8>,
    /// As many as the statement wants, or fewer where the line has no more.
    pub fields: Vec<Field>,
    /// Where the first field begins: behind what LINES STARTING BY names.
    pub start: usize,
    /// Bytes of all of it, with its end.
    pub length: usize,
}

impl Line {
    /// The value of a field; `None`: NULL.
    pub fn value(&self, field: &Field) -> Option<&[u8]> {
        (!field.is_null).then(|| self.values.get(field.value.clone()).unwrap_or_default())
    }
}

/// What was found at the beginning of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Line,
    /// The line goes on in bytes that are not there yet.
    More,
    /// There is no further line.
    End,
}

/// Why there is no line: what ends the attempt to cut one.
enum Stop {
    More,
    Invalid,
}

impl Format {
    /// Cuts the line that `bytes` begin with into at most `wanted` fields. `last`: no more bytes follow.
    ///
    /// Errors: 1300 for bytes that are no UTF-8, in which servers do not agree where a field ends.
    pub fn cut(
        &self,
        bytes: &[u8],
        wanted: usize,
        last: bool,
        line: &mut Line,
    ) -> Result<Found, RouterError> {
        let mut cutter = Cutter { format: self, bytes, at: 0, last, ended: false };
        match cutter.line(wanted, line) {
            Ok(found) => Ok(found),
            Err(Stop::More) => Ok(Found::More),
            Err(Stop::Invalid) => {
                let near = String::from_utf8_lossy(bytes.get(cutter.at..).unwrap_or_default());
                let near: String = near.chars().take(20).collect();
                Err(RouterError::new(1300, "HY000", format!("Invalid utf8mb4 character string: '{near}'")))
            }
        }
    }

    /// Leaves out the line that `bytes` begin with, as IGNORE n LINES does: nothing is a field in it.
    ///
    /// Errors: as those of `cut`.
    pub fn skip(&self, bytes: &[u8], last: bool, line: &mut Line) -> Result<Found, RouterError> {
        let plain = Self { starting: Vec::new(), ..self.clone() };
        plain.cut(bytes, 0, last, line)
    }
}

struct Cutter<'a> {
    format: &'a Format,
    bytes: &'a [u8],
    at: usize,
    last: bool,
    /// The line's end was found.
    ended: bool,
}

impl Cutter<'_> {
    /// The next byte; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<u8>, Stop> {
        match self.bytes.get(self.at) {
            Some(byte) => {
                self.at += 1;
                Ok(Some(*byte))
            }
            None if self.last => Ok(None),
            None => Err(Stop::More),
        }
    }

    /// Takes `text` if it stands here.
    fn takes(&mut self, text: &[u8]) -> Result<bool, Stop> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(text) {
            self.at += text.len();
            return Ok(true);
        }
        if !self.last && text.starts_with(rest) { Err(Stop::More) } else { Ok(false) }
    }

    fn line(&mut self, wanted: usize, line: &mut Line) -> Result<Found, Stop> {
        line.values.clear();
        line.fields.clear();
        while !self.format.starting.is_empty() && !self.takes(&self.format.starting)? {
            if self.next()?.is_none() {
                return Ok(Found::End);
            }
        }
        line.start = self.at;
        if self.next()?.is_none() {
            return Ok(Found::End);
        }
        self.at = line.start;
        while line.fields.len() < wanted && !self.ended {
            let from = self.at;
            if self.next()?.is_none() {
                break;
            }
            self.at = from;
            self.field(line)?;
        }
        if !self.ended {
            self.rest()?;
        }
        line.length = self.at;
        Ok(Found::Line)
    }

    fn field(&mut self, line: &mut Line) -> Result<(), Stop> {
        let start = self.at;
        let value = line.values.len();
        let Format { fields, enclosed, escaped, lines, utf8, .. } = self.format;
        let quote = enclosed.filter(|quote| self.bytes.get(start) == Some(quote));
        // A field that opens with a quote and never closes has the quote as its first character.
        let mut values = line.values.len();
        if let Some(quote) = quote {
            self.at += 1;
            line.values.push(quote);
            values += 1;
        }
        let mut has_null = false;
        let (end, is_enclosed) = loop {
            let before = self.at;
            let Some(mut byte) = self.next()? else {
                self.ended = true;
                break (before, false);
            };
            if Some(byte) == *escaped {
                let Some(next) = self.next()? else {
                    line.values.push(byte);
                    self.ended = true;
                    break (self.at, false);
                };
                if escaped != enclosed || next == byte {
                    has_null |= next == b'N';
                    line.values.push(unescaped(next));
                    continue;
                }
                self.at -= 1;
                byte = escaped.unwrap_or(byte);
            }
            if quote.is_none() {
                self.at = before;
                if self.takes(lines)? {
                    self.ended = true;
                    break (before, false);
                }
                self.at = before + 1;
            }
            if Some(byte) == quote {
                let after = self.at;
                match self.next()? {
                    Some(next) if next == byte => {
                        line.values.push(byte);
                        continue;
                    }
                    None => {
                        self.ended = true;
                        break (after, true);
                    }
                    Some(_) => self.at = after,
                }
                if self.takes(lines)? {
                    self.ended = true;
                    break (after, true);
                }
                if self.takes(fields)? {
                    break (after, true);
                }
            } else if quote.is_none() {
                self.at = before;
                if self.takes(fields)? {
                    break (before, false);
                }
                self.at = before + 1;
            }
            line.values.push(byte);
            if *utf8 {
                let length = self.tail(byte)?;
                line.values.extend_from_slice(self.bytes.get(self.at..self.at + length).unwrap_or_default());
                self.at += length;
            }
        };
        let from = if is_enclosed { values } else { value };
        let text = line.values.get(from..).unwrap_or_default();
        let is_null =
            (text.len() == 1 && has_null) || (!is_enclosed && enclosed.is_some() && text == b"NULL");
        line.fields.push(Field { raw: start..end, is_null, value: from..line.values.len() });
        Ok(())
    }

    /// Goes to the line's end over fields that nobody wants; quotes mean nothing there.
    fn rest(&mut self) -> Result<(), Stop> {
        loop {
            if self.takes(&self.format.lines)? {
                return Ok(());
            }
            let Some(byte) = self.next()? else { return Ok(()) };
            if Some(byte) == self.format.escaped {
                self.next()?;
            } else if self.format.utf8 {
                self.at += self.tail(byte)?;
            }
        }
    }

    /// How many bytes of a character follow its first one.
    fn tail(&self, first: u8) -> Result<usize, Stop> {
        let length = match first {
            0xC2..=0xDF => 1,
            0xE0..=0xEF => 2,
            0xF0..=0xF4 => 3,
            // Others are characters, or faults, of one byte.
            _ => return Ok(0),
        };
        let tail = self.bytes.get(self.at..).unwrap_or_default();
        let tail = tail.get(..length).unwrap_or(tail);
        if tail.iter().any(|byte| !(0x80..=0xBF).contains(byte)) {
            return Err(Stop::Invalid);
        }
        match tail.len() == length {
            true => Ok(length),
            false if self.last => Err(Stop::Invalid),
            false => Err(Stop::More),
        }
    }
}

fn unescaped(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'0' => 0,
        b'Z' => 26,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn format(fields: &str, enclosed: Option<u8>, escaped: Option<u8>) -> Format {
        Format {
            fields: fields.into(),
            enclosed,
            escaped,
            starting: Vec::new(),
            lines: b"\n".to_vec(),
            utf8: true,
        }
    }

    /// All lines of a file, each as its values; NULL is `~`.
    fn all(format: &Format, file: &[u8], wanted: usize) -> Vec<Vec<String>> {
        let (mut line, mut at, mut rows) = (Line::default(), 0, Vec::new());
        while format.cut(&file[at..], wanted, true, &mut line).unwrap() == Found::Line {
            at += line.length;
            let text =
                |field| line.value(field).map_or("~".into(), |v| String::from_utf8_lossy(v).into_owned());
            rows.push(line.fields.iter().map(text).collect());
        }
        rows
    }

    #[test]
    fn tabs_newlines_and_backslashes() {
        let plain = format("\t", None, Some(b'\\'));
        assert_eq!(all(&plain, b"1\ta\\tb\n2\t\\N\n", 2), [["1", "a\tb"], ["2", "~"]]);
        assert_eq!(all(&plain, b"1\ta\\\nb\n2", 2), [vec!["1", "a\nb"], vec!["2"]]);
        assert_eq!(all(&plain, b"\n1\t2\t3\\\n4\n5\t\n", 2), [vec![""], vec!["1", "2"], vec!["5", ""]]);
        assert_eq!(all(&plain, b"NULL\t\\Nx\n", 2), [["NULL", "Nx"]], "without quotes NULL is a word");
    }

    #[test]
    fn quotes() {
        let csv = format(",", Some(b'"'), Some(b'\\'));
        assert_eq!(
            all(&csv, b"\"a,\"\"b\",\"c\nd\"\nNULL,\"NULL\"\n", 2),
            [["a,\"b", "c\nd"], ["~", "NULL"]]
        );
        assert_eq!(all(&csv, b"\"a\"b\",c\n", 2), [["a\"b", "c"]], "a quote that ends nothing");
        assert_eq!(all(&csv, b"a\"b,\"c", 2), [["a\"b", "\"c"]], "one that is never closed");
        let doubled = format(",", Some(b'"'), Some(b'"'));
        assert_eq!(all(&doubled, b"\"fie\"\"ld1\",\"fi\\eld2\"\n", 2), [["fie\"ld1", "fi\\eld2"]]);
    }

    #[test]
    fn lines_with_a_prefix_and_long_ends() {
        let odd =
            Format { starting: b"xxx".to_vec(), lines: b"\r\n".to_vec(), ..format("||", None, Some(b'\\')) };
        assert_eq!(
            all(&odd, b"xxx1||2\r\nsomething xxx3|4||\r5\r\nno more", 2),
            [["1", "2"], ["3|4", "\r5"]]
        );
    }

    #[test]
    fn what_is_no_utf8_is_refused() {
        let plain = format("\t", None, Some(b'\\'));
        let mut line = Line::default();
        assert!(plain.cut(b"a\xC3\tb\n", 2, true, &mut line).is_err());
        assert_eq!(plain.cut(b"a\xC3", 2, false, &mut line), Ok(Found::More));
        let binary = Format { utf8: false, ..plain };
        assert_eq!(binary.cut(b"a\xC3\tb\n", 2, true, &mut line), Ok(Found::Line));
        assert_eq!(line.fields[0].raw, 0..2);
    }

    #[test]
    fn skipped_lines_know_no_quotes() {
        let csv = Format { starting: b">".to_vec(), ..format(",", Some(b'"'), Some(b'\\')) };
        let mut line = Line::default();
        assert_eq!(csv.skip(b"\"a\nb\"\n", true, &mut line), Ok(Found::Line));
        assert_eq!(line.length, 3);
    }

    proptest! {
        /// Pieces of any size give the same lines, and every byte belongs to one.
        #[test]
        fn lines_do_not_depend_on_how_the_bytes_come(
            file in proptest::collection::vec(proptest::sample::select(b"a1,\"\\\n\r|N\xC3\xA9".to_vec()), 0..60),
            enclosed in proptest::option::of(Just(b'"')),
            escaped in proptest::option::of(proptest::sample::select(vec![b'\\', b'"'])),
            long in any::<bool>(), utf8 in any::<bool>(), wanted in 1usize..4,
        ) {
            let format = Format {
                lines: if long { b"\r\n".to_vec() } else { b"\n".to_vec() },
                utf8,
                ..format(",", enclosed, escaped)
            };
            let mut line = Line::default();
            let mut at = 0;
            while at < file.len() {
                let whole = format.cut(&file[at..], wanted, true, &mut line);
                let Ok(Found::Line) = whole else { break };
                let (length, fields) = (line.length, line.fields.clone());
                prop_assert!(length > 0 && at + length <= file.len());
                for end in at..=file.len() {
                    match format.cut(&file[at..end], wanted, false, &mut line) {
                        Ok(Found::Line) => {
                            prop_assert_eq!((line.length, &line.fields), (length, &fields));
                            break;
                        }
                        Ok(found) => prop_assert_eq!(found, Found::More),
                        Err(_) => prop_assert!(false, "an error that more bytes take back"),
                    }
                }
                at += length;
            }
        }
    }
}
