//! The template: the text with literals and comments replaced by markers, and the way between offsets in text and template.

use std::ops::Range;

use super::run::{Sink, run};
use super::{Hole, HoleKind, SqlMode, Template, TokenKind, comment};
use crate::RouterError;

/// Makes the template of the first statement in `text`. Buffers of `out` are used again.
///
/// # Errors
/// 1064 when the text cannot be read (see `RouterError::message`); `out` is not valid then.
pub fn scan(text: &[u8], mode: SqlMode, out: &mut Template) -> Result<(), RouterError> {
    out.bytes.clear();
    out.holes.clear();
    out.bytes.reserve(text.len());
    let mut sink = TemplateSink { text, copied: 0, out, tddl: false };
    let length = run(text, mode, &mut sink)?;
    sink.copy_to(length);
    let tddl = sink.tddl;
    out.has_tddl_hint = tddl;
    out.length = length;
    out.hash = xxhash_rust::xxh3::xxh3_64(&out.bytes);
    out.next = next_statement(text, length, mode);
    Ok(())
}

/// Where the statement after the `;` at `end` starts, if there is more than blanks and comments.
fn next_statement(text: &[u8], end: usize, mode: SqlMode) -> Option<usize> {
    if end >= text.len() {
        return None;
    }
    let code = comment::skip_blank(text, end + 1, mode.server);
    if code >= text.len() {
        return None;
    }
    let rest = text.get(end + 1..)?;
    rest.iter().position(|&byte| !super::run::is_space(byte)).map(|blank| end + 1 + blank)
}

struct TemplateSink<'a> {
    text: &'a [u8],
    /// Everything before this offset is in the template.
    copied: usize,
    out: &'a mut Template,
    tddl: bool,
}

impl TemplateSink<'_> {
    #[inline(always)]
    fn copy_to(&mut self, end: usize) {
        let Some(run) = self.text.get(self.copied..end) else { return };
        // Runs between the literals of an INSERT are a byte or two: a call to memcpy costs more than they do.
        if run.len() <= 4 {
            for &byte in run {
                self.out.bytes.push(byte);
            }
        } else {
            self.out.bytes.extend_from_slice(run);
        }
    }
}

impl Sink for TemplateSink<'_> {
    #[inline(always)]
    fn word(&mut self, _: usize, _: usize) {}

    #[inline(always)]
    fn verbatim(&mut self, _: TokenKind, _: usize, _: usize) {}

    #[inline(always)]
    fn hole(&mut self, kind: HoleKind, start: usize, end: usize) {
        self.copy_to(start);
        self.copied = end;
        let template_at = self.out.bytes.len() as u32;
        self.out.bytes.push(kind.marker());
        self.out.holes.push(Hole { kind, start: start as u32, end: end as u32, template_at });
    }

    #[inline(always)]
    fn op(&mut self, _: usize, _: usize) {}

    fn hint(&mut self, _: usize, _: usize, tddl: bool) {
        self.tddl |= tddl;
    }

    fn code_marker(&mut self, _: usize, _: usize) {}
}

/// Offset in the text of the template's byte at `offset`: markers are at their hole's start, and what follows a marker is after the hole.
pub fn offset_in_text(holes: &[Hole], offset: usize) -> usize {
    let before = holes.partition_point(|hole| (hole.template_at as usize) < offset);
    match before.checked_sub(1).and_then(|last| holes.get(last)) {
        Some(hole) => hole.end as usize + (offset - hole.template_at as usize - 1),
        None => offset,
    }
}

/// Offset in the template of the text's byte at `offset`; bytes inside a hole are at its marker.
pub fn offset_in_template(holes: &[Hole], offset: usize) -> usize {
    let before = holes.partition_point(|hole| (hole.start as usize) < offset);
    match before.checked_sub(1).and_then(|last| holes.get(last)) {
        Some(hole) if offset < hole.end as usize => hole.template_at as usize,
        Some(hole) => hole.template_at as usize + 1 + (offset - hole.end as usize),
        None => offset,
    }
}

impl Template {
    /// As the function `offset_in_text`, for this template's holes.
    pub fn offset_in_text(&self, template_offset: usize) -> usize {
        offset_in_text(&self.holes, template_offset)
    }

    /// Range in the text of a range in the template.
    pub fn text_range(&self, template: Range<usize>) -> Range<usize> {
        self.offset_in_text(template.start)..self.offset_in_text(template.end)
    }

    /// As the function `offset_in_template`, for this template's holes.
    pub fn offset_in_template(&self, text_offset: usize) -> usize {
        offset_in_template(&self.holes, text_offset)
    }

    /// Index of the hole that starts at this byte of the text.
    pub fn hole_at(&self, text_offset: usize) -> Option<usize> {
        self.holes.binary_search_by_key(&text_offset, |hole| hole.start as usize).ok()
    }
}
