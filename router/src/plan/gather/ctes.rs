//! WITH queries that are read several times. MySQL opens the tables of a WITH query once for each time, and a temporary table can be open only once in
//! a statement (error 1137): such a query is made into tables of its own first. Of WITH queries that nothing reads no rows are gathered; MySQL, which does not
//! look into them, does not get them.

use std::ops::Range;

use super::super::fallback::with_queries;
use super::super::text::{Cutter, Edit, Piece, text};
use super::{GATHER_DATABASE, Gatherer, table_name};
use crate::sharding::topology::quote;

/// A table that is made from a query over temporary tables, before the statement runs.
#[derive(Debug)]
pub struct Made {
    pub table: String,
    /// Copies of it, for those who read it too.
    pub copies: Vec<String>,
    pub(super) query: Vec<Piece>,
}

/// `name [(columns)] AS (query)`
struct Definition {
    name: String,
    /// Bytes of all of it, and of the query.
    whole: Range<usize>,
    inside: Range<usize>,
    /// Tokens of the query.
    query: Range<usize>,
}

impl Gatherer<'_> {
    /// Bytes of the statement's own WITH queries that it does not read, nor any that it reads. A name counts wherever it stands.
    pub(super) fn unread(&self) -> Vec<Range<usize>> {
        let tokens = self.tokens;
        let (_, _, mut rest) = self.definitions();
        let mut reading: Vec<_> = std::iter::once(tokens.behind_with()..tokens.len()).collect();
        while let Some(range) = reading.pop() {
            let is_read = |definition: &mut Definition| {
                range
                    .clone()
                    .any(|at| tokens.name(at).is_some_and(|name| name.eq_ignore_ascii_case(&definition.name)))
            };
            reading.extend(rest.extract_if(.., is_read).map(|definition| definition.query));
        }
        rest.into_iter().map(|definition| definition.whole).collect()
    }

    /// The WITH queries to make, and the edits that read them. `first`: the number of the first table.
    pub(super) fn made(
        &self,
        edits: &[Edit],
        first: usize,
        unread: &[Range<usize>],
    ) -> (Vec<Made>, Vec<Edit>) {
        let (start, recursive, definitions) = self.definitions();
        let mut made: Vec<Made> = Vec::new();
        let mut read: Vec<Edit> = Vec::new();
        let mut kept: Vec<Range<usize>> = Vec::new();
        // A name that is given twice may mean either in a mention.
        let mut names: Vec<String> =
            with_queries(self.tokens).into_iter().map(|name| name.to_lowercase()).collect();
        names.sort_unstable();
        if self.request.mode.server.mariadb || names.windows(2).any(|pair| pair[0] == pair[1]) {
            return (made, read);
        }
        let with = |kept: &[Range<usize>], read: &[Edit]| {
            let all = edits.iter().chain(read).cloned().collect();
            let cutter = Cutter::new(self.cutter.holes, all);
            let mut pieces = Vec::new();
            for range in kept {
                let word = if recursive { "WITH RECURSIVE " } else { "WITH " };
                pieces.push(text(if pieces.is_empty() { word } else { ", " }));
                pieces.extend(cutter.range(range.start, range.end));
            }
            pieces
        };
        let is_unread = |at: usize| unread.iter().any(|range| range.contains(&at));
        for definition in definitions.iter().filter(|definition| !is_unread(definition.whole.start)) {
            let mentions: Vec<_> = self
                .analysis
                .cte_mentions
                .iter()
                .filter(|mention| mention.name.eq_ignore_ascii_case(&definition.name))
                .filter(|mention| {
                    !definition.inside.contains(&mention.span.start) && !is_unread(mention.span.start)
                })
                .collect();
            if mentions.len() < 2 {
                kept.push(definition.whole.clone());
                continue;
            }
            let table = table_name(first + made.len());
            let mut query = with(&[kept.as_slice(), std::slice::from_ref(&definition.whole)].concat(), &read);
            query.push(text(format!(" SELECT * FROM {}", quote(&definition.name))));
            let mut copies = Vec::new();
            for (at, mention) in mentions.iter().enumerate() {
                let name = if at == 0 { table.clone() } else { format!("{table}_{at}") };
                let alias =
                    if mention.has_alias { String::new() } else { format!(" AS {}", quote(&mention.name)) };
                let place = format!("{}.{}{alias}", quote(GATHER_DATABASE), quote(&name));
                read.push(Edit::new(mention.span.clone(), vec![text(place)]));
                if at > 0 {
                    copies.push(name);
                }
            }
            made.push(Made { table, copies, query });
        }
        if let (false, Some(last)) = (made.is_empty() && unread.is_empty(), definitions.last()) {
            let rest = with(&kept, &read);
            read.push(Edit::new(start..last.whole.end, rest));
        }
        (made, read)
    }

    /// The definitions of the statement's own WITH, with the byte where it starts and whether it is RECURSIVE.
    fn definitions(&self) -> (usize, bool, Vec<Definition>) {
        let tokens = self.tokens;
        let mut definitions = Vec::new();
        let recursive = tokens.is_word(1, "RECURSIVE");
        if !tokens.is_word(0, "WITH") {
            return (0, false, definitions);
        }
        for (at, open) in tokens.with_queries() {
            let close = tokens.close(open);
            let Some(name) = tokens.name(at) else { break };
            let inside = tokens.start(open)..tokens.end(close);
            definitions.push(Definition {
                name,
                whole: tokens.start(at)..tokens.end(close),
                inside,
                query: open..close,
            });
        }
        (tokens.start(0), recursive, definitions)
    }
}
