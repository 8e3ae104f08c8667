//! Whole queries inside a gathered statement whose answers the shards make: derived tables, WITH queries and subqueries that depend on nothing
//! around them, and that would pass or merge by themselves. Their answers are gathered instead of their tables.

use std::ops::Range;

use ostrakon_catalog::column::ColumnType;

use super::super::analysis::{QueryBlock, QueryPart};
use super::super::bind::Kind;
use super::super::digits::hides_digits;
use super::super::keys::AGGREGATES;
use super::super::layout::Layout;
use super::super::select::is_shards_own;
use super::super::text::Cutter;
use super::super::tree::Column;
use super::super::{Request, StatementClass};
use super::{Gatherer, Source};
use crate::lexer::{Template, TokenKind, scan};

/// Longest name of a column, in characters.
const NAME_CHARS_MAX: usize = 64;

/// A query that is gathered whole.
pub(super) struct Pushed {
    /// References in it.
    pub references: Range<usize>,
    /// Bytes of its text, without the parentheses.
    pub text: Range<usize>,
    /// A table of FROM or WITH that a server makes before it reads it, and does not merge into the query around it.
    pub is_made: bool,
}

/// The most rows that LIMIT can name: it keeps a server from merging a derived table, and leaves no row out.
const ALL_ROWS: &str = " LIMIT 18446744073709551615";

impl Pushed {
    /// What stands in its place, with its rows in `table`, a quoted name. A server answers some queries otherwise over a merged table
    /// (MariaDB's GROUP BY ... WITH ROLLUP of its columns, which loses the NULL), so that what it would make is made here too.
    pub fn read(&self, table: &str) -> String {
        format!("SELECT * FROM {table}{}", if self.is_made { ALL_ROWS } else { "" })
    }
}

impl Gatherer<'_> {
    /// The outermost queries that may be gathered whole.
    pub(super) fn pushed(&self, class: StatementClass) -> Vec<Pushed> {
        let mut pushed: Vec<Pushed> = Vec::new();
        if class != StatementClass::Read || self.analysis.is_mixed() {
            return pushed;
        }
        for block in &self.analysis.blocks {
            let inside = |known: &Pushed| known.text.contains(&block.start);
            if !pushed.iter().any(inside)
                && let Some(text) = self.is_pushable(block)
            {
                let is_made = self.is_made(block);
                pushed.push(Pushed { references: block.references.clone(), text, is_made });
            }
        }
        pushed
    }

    /// The type of a query's only column, if it is a table's.
    pub(super) fn only_column(&self, block: &Pushed) -> Option<&ColumnType> {
        let layout = Layout::new(self.tokens, self.tokens.at_byte(block.text.start)?);
        let [item] = layout.items.as_slice() else { return None };
        let range = self.tokens.start(item.start)..self.tokens.end(item.end.checked_sub(1)?);
        let (scope, parts) = self.binder.mentions.iter().find(|(_, parts)| {
            parts.first().is_some_and(|first| first.span.start == range.start)
                && parts.last().is_some_and(|last| last.span.end == range.end)
        })?;
        let (reference, ordinal) = self.binder.resolve(*scope, &Column { parts: parts.clone() })?;
        self.analysis.references.get(reference)?.table.columns.get(ordinal).map(|column| &column.data_type)
    }

    pub(super) fn block_source(&self, block: &Pushed, table: String) -> Source {
        let first = &self.analysis.references[block.references.start];
        let has_single =
            self.analysis.references[block.references.clone()].iter().any(|found| found.kind == Kind::Single);
        let groups = if has_single { 1 } else { first.database.groups.len() };
        Source {
            table,
            database: first.database.clone(),
            reference: None,
            columns: Vec::new(),
            keys: Vec::new(),
            primary: Vec::new(),
            links: Vec::new(),
            mode: self.request.mode,
            groups: (0..groups).collect(),
            head: Cutter::new(self.cutter.holes, Vec::new()).range(block.text.start, block.text.end),
            conditions: Vec::new(),
            tail: String::new(),
        }
    }

    /// The text of a block that may be gathered whole.
    fn is_pushable(&self, block: &QueryBlock) -> Option<Range<usize>> {
        let tokens = self.tokens;
        let select = tokens.at_byte(block.start)?;
        if block.reads_cte
            || !block.plain
            || block.references.is_empty()
            || self.is_counted_union(block, select)
        {
            return None;
        }
        let layout = Layout::new(tokens, select);
        let end = match block.part {
            QueryPart::Whole => self.end_of_query(select)?,
            QueryPart::Branch => self.end_of_branch(select, &layout)?,
            QueryPart::BehindWith => return None,
        };
        if end < select + 2 {
            return None;
        }
        let text = tokens.start(select)..tokens.end(end - 1);
        if self.analysis.system.iter().any(|reference| text.contains(&reference.span.start)) {
            return None;
        }
        // Whether shards can answer hangs on the value then.
        let has_marker = layout.having.clone().any(|at| tokens.kind(at) == TokenKind::Parameter);
        // Digits that a value has and does not show a UNION or an expression around a subquery may show; a derived table's column has lost them.
        let query = self.request.text.get(text.clone()).unwrap_or_default();
        let hides = || hides_digits(query, self.request.mode).unwrap_or(true);
        if has_marker || !self.is_table(block, select) && hides() {
            return None;
        }
        let plain = self.is_closed(block)
            && self.has_plain_columns(block, &layout)
            && self.is_printed_exactly(select..end)
            && self.is_steady(select..end);
        (plain && self.is_answered_by_shards(text.clone())).then_some(text)
    }

    /// A table of FROM or WITH whose rows are not those of its tables.
    fn is_made(&self, block: &QueryBlock) -> bool {
        let tokens = self.tokens;
        let Some(select) = tokens.at_byte(block.start).filter(|_| block.part == QueryPart::Whole) else {
            return false;
        };
        let layout = Layout::new(tokens, select);
        let mut made = [&layout.group, &layout.having, &layout.limit].into_iter();
        let items = || layout.items.iter().cloned().flatten();
        self.is_table(block, select)
            && (layout.distinct.is_some()
                || made.any(|clause| !clause.is_empty())
                || items().any(|at| self.is_aggregate(at)))
    }

    /// A derived table, or a WITH query.
    fn is_table(&self, block: &QueryBlock, select: usize) -> bool {
        let words = ["FROM", "JOIN", "STRAIGHT_JOIN", "AS"];
        block.part == QueryPart::Whole && self.tokens.is_any_word(select.saturating_sub(2), &words)
    }

    /// A branch of a UNION where a server takes `*` for one column: in EXISTS.
    fn is_counted_union(&self, block: &QueryBlock, select: usize) -> bool {
        const SETS: &[&str] = &["UNION", "EXCEPT", "INTERSECT", "ALL", "DISTINCT"];
        let tokens = self.tokens;
        let is_branch = block.part != QueryPart::Whole || {
            let open = select.saturating_sub(1);
            tokens.is_any_word(open.saturating_sub(1), SETS)
                || tokens.is_any_word(tokens.close(open) + 1, SETS)
        };
        is_branch && (0..tokens.len()).any(|at| tokens.is_word(at, "EXISTS"))
    }

    /// The parenthesis that closes a query, which is not the statement: that one's rows have an order.
    fn end_of_query(&self, select: usize) -> Option<usize> {
        let tokens = self.tokens;
        let open = select.checked_sub(1)?;
        let is_statement = (0..=open).all(|at| tokens.is_op(at, "("));
        let close = tokens.close(open);
        (tokens.is_op(open, "(") && !is_statement && close < tokens.len()).then_some(close)
    }

    /// The end of a branch of a UNION that makes fewer rows of many, without what belongs to the whole UNION.
    fn end_of_branch(&self, select: usize, layout: &Layout) -> Option<usize> {
        let tokens = self.tokens;
        let items = layout.items.first()?.start..layout.items.last()?.end;
        let shrinks = !layout.group.is_empty() || items.clone().any(|at| self.is_aggregate(at));
        let end = tokens.find(select, layout.end, |at| tokens.is_any_word(at, &["ORDER", "LIMIT"]));
        (shrinks && !layout.calc_found_rows).then_some(end)
    }

    fn is_aggregate(&self, at: usize) -> bool {
        self.tokens.is_any_word(at, AGGREGATES) && self.tokens.is_op(at + 1, "(")
    }

    /// Nothing in it means a column of a query around it.
    pub(super) fn is_closed(&self, block: &QueryBlock) -> bool {
        let binder = self.binder;
        let is_inner = |scope: &usize| block.scopes.contains(scope);
        binder.mentions.get(block.mentions.clone()).unwrap_or_default().iter().all(|(scope, parts)| {
            if let Some((reference, _)) = binder.resolve(*scope, &Column { parts: parts.clone() }) {
                return block.references.contains(&reference);
            }
            let mut at = Some(*scope).filter(is_inner);
            while let Some(inner) = at.and_then(|index| binder.scopes.get(index)) {
                // A name that is not certain may be anything that this scope has.
                let named =
                    |name: &str| inner.entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name));
                match parts.as_slice() {
                    [_] if !inner.entries.is_empty() => return self.is_outermost(block),
                    [.., table, _] if named(&table.text) => return true,
                    _ => {}
                }
                at = inner.parent.filter(is_inner);
            }
            self.is_outermost(block)
        })
    }

    /// No query around it has tables that it could mean.
    fn is_outermost(&self, block: &QueryBlock) -> bool {
        self.binder.scopes.get(block.scope).is_some_and(|scope| scope.parent.is_none())
    }

    /// No expression in it makes a value whose text is not the value: a FLOAT, or MySQL's JSON, which may have decimals in it.
    fn is_printed_exactly(&self, range: Range<usize>) -> bool {
        let tokens = self.tokens;
        let makes_json = |at: usize| {
            let name = tokens.bytes(at).get(..4).unwrap_or_default();
            tokens.kind(at) == TokenKind::Word && name.eq_ignore_ascii_case(b"JSON")
        };
        let mariadb = self.request.mode.server.mariadb;
        !range.into_iter().any(|at| tokens.is_word(at, "FLOAT") || !mariadb && makes_json(at))
    }

    /// All columns of its answer have names that a table can have, and types whose text is the value.
    fn has_plain_columns(&self, block: &QueryBlock, layout: &Layout) -> bool {
        let tokens = self.tokens;
        let is_plain = |data_type: &ColumnType| {
            !matches!(
                data_type,
                ColumnType::Float
                    | ColumnType::Timestamp { .. }
                    | ColumnType::Bit
                    | ColumnType::Enum
                    | ColumnType::Set
                    | ColumnType::Json
                    | ColumnType::Other(_)
            )
        };
        let mut all = Vec::new();
        for tree in &block.from {
            tree.tables(&mut all);
        }
        if layout.items.iter().any(Range::is_empty) || self.has_equal_names(&all, layout) {
            return false;
        }
        for item in &layout.items {
            let (start, end) = (tokens.start(item.start), tokens.end(item.end - 1));
            if tokens.name(item.end - 1).is_some_and(|name| name.is_empty() || name.ends_with(' ')) {
                return false;
            }
            if end - start > NAME_CHARS_MAX && !(item.start..item.end).any(|at| tokens.is_word(at, "AS")) {
                return false;
            }
            if (item.start..item.end)
                .any(|at| tokens.is_op(at, "*") && (at == item.start || tokens.is_op(at - 1, ".")))
            {
                let columns =
                    all.iter().flat_map(|reference| &self.analysis.references[*reference].table.columns);
                if !columns.map(|column| &column.data_type).all(is_plain) {
                    return false;
                }
            }
            let mentions = self.binder.mentions.get(block.mentions.clone()).unwrap_or_default();
            for (scope, parts) in mentions {
                let within =
                    parts.first().is_some_and(|part| part.span.start >= start && part.span.end <= end);
                if !within {
                    continue;
                }
                if let Some((reference, ordinal)) =
                    self.binder.resolve(*scope, &Column { parts: parts.clone() })
                {
                    let column = self.analysis.references[reference].table.columns.get(ordinal);
                    if !column.is_some_and(|column| is_plain(&column.data_type)) {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Two columns of one name, which a table cannot have, or a name that depends on a literal.
    fn has_equal_names(&self, tables: &[usize], layout: &Layout) -> bool {
        let tokens = self.tokens;
        let mut names: Vec<String> = Vec::new();
        for item in &layout.items {
            let last = item.end - 1;
            if tokens.is_op(last, "*") {
                if layout.items.len() > 1 || tables.len() > 1 {
                    return true;
                }
                continue;
            }
            let bytes = tokens.start(item.start)..tokens.end(last);
            let text = String::from_utf8_lossy(tokens.text.get(bytes).unwrap_or_default()).into_owned();
            let name = match tokens.name(last) {
                Some(name) => name,
                None if item.clone().any(|at| tokens.get(at).hole.is_some()) => return true,
                None => text,
            };
            names.push(name.to_lowercase());
        }
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// By itself it would pass or merge.
    fn is_answered_by_shards(&self, text: Range<usize>) -> bool {
        let text = self.request.text.get(text).unwrap_or_default();
        let mut template = Template::default();
        if scan(text, self.request.mode, &mut template).is_err() || template.next.is_some() {
            return false;
        }
        let request = Request { text, template: &template, ..*self.request };
        is_shards_own(&request)
    }
}
