//! A source's text, with literals in place of parameter markers: sources are sent as text however the statement came.

use std::fmt::Write;

use super::super::Arguments;
use super::super::text::{Piece, label};
use crate::lexer::{HoleKind, SqlMode};
use crate::value::{Value, push_string};

/// The text of a source. Its pieces are the user's bytes and the planner's text.
pub(in crate::plan) fn render(pieces: &[Piece], arguments: &Arguments<'_>, mode: SqlMode) -> Vec<u8> {
    write(pieces, arguments, mode, &|_| true)
}

/// `spells`: which of the statement's parameters become literals.
fn write(
    pieces: &[Piece],
    arguments: &Arguments<'_>,
    mode: SqlMode,
    spells: &dyn Fn(usize) -> bool,
) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Copy { from, to, params } => {
                let (from, to) = (from.resolve(arguments.holes), to.resolve(arguments.holes));
                copy(from, to, params.0, arguments, mode, spells, &mut out);
            }
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Session(function) => {
                out.extend_from_slice(arguments.session.literal(*function).as_bytes())
            }
            Piece::Label { from, to } => out.extend_from_slice(label(*from, *to, arguments).as_bytes()),
            // Those of writes and of merges.
            Piece::Table(_) | Piece::Next { .. } | Piece::Limit { .. } => {}
        }
    }
    out
}

/// The same with its parameter markers, but for those of `literals`, and which of the statement's parameters they are.
pub(in crate::plan) fn render_marked(
    pieces: &[Piece],
    arguments: &Arguments<'_>,
    mode: SqlMode,
    literals: &[usize],
) -> (Vec<u8>, Vec<usize>) {
    let parameters = pieces.iter().flat_map(|piece| match piece {
        Piece::Copy { params: (first, count), .. } => *first..first + count,
        _ => 0..0,
    });
    let spells = |parameter: usize| literals.contains(&parameter);
    let marked = parameters.filter(|parameter| !spells(*parameter)).collect();
    (write(pieces, arguments, mode, &spells), marked)
}

fn copy(
    from: usize,
    to: usize,
    first: usize,
    arguments: &Arguments<'_>,
    mode: SqlMode,
    spells: &dyn Fn(usize) -> bool,
    out: &mut Vec<u8>,
) {
    let mut at = from;
    if let Some(params) = arguments.params {
        let markers = arguments.holes.iter().filter(|hole| hole.kind == HoleKind::Parameter);
        let inside = markers.filter(|hole| hole.start as usize >= from && (hole.end as usize) <= to);
        for (index, hole) in inside.enumerate().filter(|(index, _)| spells(first + index)) {
            out.extend_from_slice(arguments.text.get(at..hole.start as usize).unwrap_or_default());
            let value = params.get(first + index).unwrap_or(&Value::Null);
            match is_count(out) {
                true => out.extend_from_slice(count(value).to_string().as_bytes()),
                false => push(value, mode, out),
            }
            at = hole.end as usize;
        }
    }
    out.extend_from_slice(arguments.text.get(at..to).unwrap_or_default());
}

/// What stands before is LIMIT or OFFSET, which take plain numbers.
fn is_count(before: &[u8]) -> bool {
    let text = String::from_utf8_lossy(before.get(before.len().saturating_sub(60)..).unwrap_or_default())
        .to_uppercase();
    let text = text.trim_end();
    let behind_comma = text
        .strip_suffix(',')
        .map(|text| text.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace()));
    text.ends_with(" LIMIT")
        || text.ends_with(" OFFSET")
        || behind_comma.is_some_and(|text| text.ends_with(" LIMIT"))
}

/// One for NULL, which PREPARE has in place of each parameter.
fn count(value: &Value<'_>) -> u64 {
    match value {
        Value::Int(number) => u64::try_from(*number).unwrap_or(1),
        Value::UInt(number) => *number,
        Value::Text(digits) => {
            std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(1)
        }
        _ => 1,
    }
}

/// Appends a value as SQL text of the same type.
fn push(value: &Value<'_>, mode: SqlMode, out: &mut Vec<u8>) {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match value {
        Value::Null | Value::Default => write!(text, "NULL"),
        Value::Int(number) if *number < 0 => write!(text, "({number})"),
        Value::Int(number) => write!(text, "{number}"),
        Value::UInt(number) => write!(text, "{number}"),
        Value::Decimal(digits) => write!(text, "({digits})"),
        Value::Double(number) => write!(text, "({number:e})"),
        Value::Text(bytes) => return push_string(bytes, mode.no_backslash_escapes, out),
        Value::Bytes(bytes) => {
            out.extend_from_slice(b"_binary");
            return push_string(bytes, mode.no_backslash_escapes, out);
        }
        Value::Date { year, month, day } => {
            let kind = if *month == 0 || *day == 0 { "" } else { "DATE" };
            write!(text, "{kind}'{year:04}-{month:02}-{day:02}'")
        }
        Value::DateTime { year, month, day, hour, minute, second, micros } => {
            // A zero date is no literal of its type.
            let kind = if *month == 0 || *day == 0 { "" } else { "TIMESTAMP" };
            write!(
                text,
                "{kind}'{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{}'",
                fraction(*micros)
            )
        }
        Value::Time { negative, hours, minute, second, micros } => {
            let sign = if *negative { "-" } else { "" };
            write!(text, "TIME'{sign}{hours:02}:{minute:02}:{second:02}{}'", fraction(*micros))
        }
    };
    out.extend_from_slice(text.as_bytes());
}

fn fraction(micros: u32) -> String {
    if micros == 0 { String::new() } else { format!(".{micros:06}") }
}
