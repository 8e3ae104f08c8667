//! Gather: what neither passes nor merges is copied into temporary tables of one server, which runs the user's own statement over them.
//!
//! Each reference to a table is a *source*: a query on that table alone, with the columns that the statement names and the conditions that are about it
//! alone. It is SQL text on logical tables, so that it is planned, pruned and routed as any query is.

mod blocks;
mod columns;
mod ctes;
mod filters;
mod labels;
pub(super) mod literal;
mod setops;
mod source;

use std::sync::Arc;

use ostrakon_catalog::column::KeyKind;

use super::analysis::Analysis;
use super::bind::{Binder, Reference};
use super::carriage::carriage;
use super::classes::ColumnId;
use super::condition::equal_as_keys;
use super::system::{self, Narrowing, SystemSource};
use super::text::{Cutter, Edit, Piece, text};
use super::tokens::Tokens;
use super::tree::Query;
use super::{Arguments, Execution, Request, StatementClass, TableName};
use crate::RouterError;
use crate::lexer::{SqlMode, TokenKind};
use crate::sharding::topology::quote;

pub use ctes::Made;
use filters::Filters;
pub use source::{Source, SourceColumn};

/// The database of the temporary tables: the system schema, which every instance has.
pub const GATHER_DATABASE: &str = "__ostrakon";

/// A gathered statement.
#[derive(Debug)]
pub struct Gather {
    /// Why the statement neither passes nor merges.
    pub reason: Arc<str>,
    /// In the order in which they are loaded.
    pub sources: Vec<Source>,
    /// Tables that are made of them before the statement runs, in this order.
    pub made: Vec<Made>,
    /// Tables of information_schema, which are loaded before those.
    pub system: Vec<SystemSource>,
    /// The temporary tables' names with those that they stand for.
    pub names: Vec<TableName>,
    mode: SqlMode,
    references: Vec<Reference>,
    statement: Vec<Piece>,
}

/// A column whose value another source must have too, or the row is not needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The column as the source's query names it.
    pub column: String,
    /// Name of the other source's table, and of the column there; empty for the only column of a whole query.
    pub table: String,
    pub other: String,
    /// Its values are written without quotes.
    pub is_number: bool,
}

impl Gather {
    /// Appends the statement over the temporary tables, as the execution's only one. `is_direct`: the group whose physical table is read itself in place of
    /// a source's temporary one.
    pub fn statement_into(
        &self,
        arguments: &Arguments<'_>,
        is_direct: &dyn Fn(&str) -> Option<usize>,
        out: &mut Execution,
    ) {
        let pieces = self.over_tables(&self.statement, is_direct);
        super::text::render(&pieces, arguments, self.mode, &self.references, (0, 0), |_| 0, out);
    }
}

impl Gather {
    /// The table that a temporary one stands for.
    pub fn logical_name(&self, table: &str) -> &str {
        self.names.iter().find(|name| *name.physical_prefix == *table).map_or("", |name| &name.logical_table)
    }

    /// The query that makes a table: text over the temporary tables, with literals in place of parameters.
    pub fn made_by(
        &self,
        made: &Made,
        arguments: &Arguments<'_>,
        is_direct: &dyn Fn(&str) -> Option<usize>,
    ) -> Vec<u8> {
        literal::render(&self.over_tables(&made.query, is_direct), arguments, self.mode)
    }

    /// The pieces with the names of what is read in place of the logical tables'.
    fn over_tables(&self, pieces: &[Piece], is_direct: &dyn Fn(&str) -> Option<usize>) -> Vec<Piece> {
        let table = |index: usize| {
            let name = table_name(index);
            let physical = is_direct(&name).and_then(|group| {
                let tables = self.references.get(index)?.placer.topology().tables();
                tables.iter().find(|table| table.group == group)
            });
            match physical {
                Some(physical) => text(physical.quoted.as_ref()),
                None => text(format!("{}.{}", quote(GATHER_DATABASE), quote(&name))),
            }
        };
        let place = |piece: &Piece| match piece {
            Piece::Table(index) => table(*index),
            other => other.clone(),
        };
        pieces.iter().map(place).collect()
    }
}

/// A statement with a GROUP BY, for MySQL.
pub(crate) fn is_grouped(request: &Request<'_>, tokens: &Tokens<'_>) -> bool {
    !request.mode.server.mariadb && (0..tokens.len()).any(|at| tokens.is_word(at, "GROUP"))
}

/// Plans the gathering of an analysed query.
pub(crate) struct Gatherer<'g> {
    pub request: &'g Request<'g>,
    pub tokens: &'g Tokens<'g>,
    pub cutter: &'g Cutter<'g>,
    pub analysis: &'g Analysis,
    pub binder: &'g Binder<'g>,
    /// The statement assigns user variables: what reads one must run in its place.
    pub assigns: bool,
    /// What the parser made of it, if it could.
    pub query: Option<&'g Query>,
    /// It has a GROUP BY, and is for MySQL, which may ask for a primary key then.
    pub groups: bool,
}

impl Gatherer<'_> {
    /// `reason`: why the query does not merge.
    ///
    /// Errors: what cannot be gathered either, and why.
    pub fn plan(&self, reason: String, class: StatementClass) -> Result<Gather, String> {
        let references = &self.analysis.references;
        if references.is_empty() && !self.analysis.is_apart() {
            return Err(reason);
        }
        self.check()?;
        let needed = self.needed()?;
        let filters = self.filters();
        let joined = self.joined_columns(&filters);
        let locking = self.locking(class);
        let unread = self.unread();
        let is_unread = |at: usize| unread.iter().any(|range| range.contains(&at));
        let mut pushed = self.pushed(class);
        pushed.retain(|block| !is_unread(block.text.start));
        let mut sources = Vec::with_capacity(references.len());
        for (index, reference) in references.iter().enumerate() {
            let is_unread = is_unread(reference.span.start);
            let is_cut = is_unread && !self.request.mode.server.mariadb;
            if is_cut || pushed.iter().any(|block| block.references.contains(&index)) {
                continue;
            }
            let ordinals = needed.get(index).cloned().unwrap_or_default();
            let mut source = self.source(index, reference, &ordinals, &filters, &joined, &locking);
            if is_unread {
                source.links.clear();
                source.conditions = vec![vec![text("FALSE")]];
            }
            sources.push(source);
        }
        for (at, block) in pushed.iter().enumerate() {
            let table = table_name(references.len() + at);
            for (column, _) in filters.among.iter().filter(|(_, start)| *start == block.text.start) {
                self.link_among(*column, block, &table, &mut sources);
            }
            sources.push(self.block_source(block, table));
        }
        Ok(self.gather(reason, sources, &pushed, &filters.narrowings, &unread))
    }

    /// The statement over its sources.
    fn gather(
        &self,
        reason: String,
        sources: Vec<Source>,
        pushed: &[blocks::Pushed],
        narrowings: &[Narrowing],
        unread: &[std::ops::Range<usize>],
    ) -> Gather {
        let system = &self.analysis.system;
        let references = &self.analysis.references;
        let mut edits: Vec<Edit> = self.cutter.edits.iter().cloned().chain(self.index_hints()).collect();
        for (at, block) in pushed.iter().enumerate() {
            let name = table_name(references.len() + at);
            edits.push(Edit::new(
                block.text.clone(),
                vec![text(block.read(&format!("{}.{}", quote(GATHER_DATABASE), quote(&name))))],
            ));
        }
        edits.extend(system::edits(system, GATHER_DATABASE));
        edits.extend(self.system_labels());
        let system = system::sources(system, narrowings, self.tokens, self.request.mode);
        let (made, read) = self.made(&edits, references.len() + pushed.len(), unread);
        edits.extend(read);
        let cutter = Cutter::new(self.cutter.holes, edits);
        let statement = cutter.range(0, self.request.template.length);
        let names = references.iter().enumerate().map(|(index, reference)| TableName {
            logical_database: reference.database.name.as_str().into(),
            logical_table: reference.table.name.as_str().into(),
            physical_prefix: table_name(index).into(),
        });
        // What a query has made belongs to no table.
        let without = (0..pushed.len() + made.len()).map(|at| TableName {
            logical_database: "".into(),
            logical_table: "".into(),
            physical_prefix: table_name(references.len() + at).into(),
        });
        let known = system.iter().map(|source| TableName {
            logical_database: source.system.schema.into(),
            logical_table: source.system.name.into(),
            physical_prefix: source.table.as_str().into(),
        });
        Gather {
            reason: reason.into(),
            sources,
            names: names.chain(without).chain(known).collect(),
            made,
            system,
            mode: self.request.mode,
            references: references.clone(),
            statement,
        }
    }

    /// Gathers all tables whole: for a query whose structure is not known.
    pub fn whole(&self, reason: String, class: StatementClass) -> Result<Gather, String> {
        let references = &self.analysis.references;
        if references.is_empty() {
            return Err(reason);
        }
        self.check()?;
        let locking = self.locking(class);
        let mut sources = Vec::with_capacity(references.len());
        for (index, reference) in references.iter().enumerate() {
            if reference.table.columns.iter().any(|column| column.invisible) {
                return Err(format!(
                    "{reason}, on table '{}' with an invisible column",
                    reference.table.name
                ));
            }
            let all: Vec<usize> = (0..reference.table.columns.len()).collect();
            sources.push(self.source(index, reference, &all, &Filters::default(), &[], &locking));
        }
        Ok(self.gather(reason, sources, &[], &[], &[]))
    }

    /// Errors: what the temporary tables would answer otherwise than the tables.
    fn check(&self) -> Result<(), String> {
        if let Some(reason) = self.answered_by_order() {
            return Err(reason);
        }
        for at in 0..self.tokens.len() {
            if self.tokens.is_word(at, "MATCH") && self.tokens.is_op(at + 1, "(") {
                return Err(
                    "MATCH ... AGAINST, whose answer depends on the full-text index of all rows".into()
                );
            }
            if self.tokens.is_word(at, "PARTITION")
                && self.tokens.is_op(at + 1, "(")
                && self.is_behind_table(at)
            {
                return Err("PARTITION (...) of a table".into());
            }
        }
        Ok(())
    }

    fn is_behind_table(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or(0, |before| self.tokens.end(before));
        self.analysis.references.iter().any(|reference| reference.span.end == before)
    }

    /// The locking clause of the sources.
    fn locking(&self, class: StatementClass) -> String {
        if class != StatementClass::LockingRead {
            return String::new();
        }
        let tokens = self.tokens;
        let is_update = (0..tokens.len()).any(|at| tokens.are_words(at, &["FOR", "UPDATE"]));
        let mut clause = String::from(if is_update { " FOR UPDATE" } else { " LOCK IN SHARE MODE" });
        for at in 0..tokens.len() {
            if tokens.is_word(at, "NOWAIT") {
                clause.push_str(" NOWAIT");
            } else if tokens.are_words(at, &["SKIP", "LOCKED"]) {
                clause.push_str(" SKIP LOCKED");
            } else if tokens.is_word(at, "WAIT") && tokens.kind(at + 1) == TokenKind::Integer {
                clause.push_str(&format!(" WAIT {}", String::from_utf8_lossy(tokens.bytes(at + 1))));
            }
        }
        if clause.contains("SHARE") && clause.ends_with("ED") && !self.request.mode.server.mariadb {
            clause = clause.replace("LOCK IN SHARE MODE", "FOR SHARE");
        }
        clause
    }

    fn source(
        &self,
        index: usize,
        reference: &Reference,
        ordinals: &[usize],
        filters: &Filters,
        joined: &[ColumnId],
        locking: &str,
    ) -> Source {
        let columns: Vec<SourceColumn> = ordinals
            .iter()
            .filter_map(|ordinal| reference.table.columns.get(*ordinal))
            .map(|column| SourceColumn { name: column.name.clone(), data_type: column.data_type.clone() })
            .collect();
        let alias = quote(&reference.known_as);
        let values: Vec<String> = columns.iter().map(|column| self.carried(&alias, column)).collect();
        let distinct =
            if self.counts_once() && columns.iter().all(columns::is_exact) { "DISTINCT " } else { "" };
        let head = vec![text(format!(
            "SELECT {distinct}{} FROM {}.{} AS {alias}",
            values.join(", "),
            quote(&reference.database.name),
            quote(&reference.table.name),
        ))];
        let cutter = Cutter::new(self.cutter.holes, self.qualifiers());
        let condition = |range: &std::ops::Range<usize>| {
            cutter.range(self.tokens.start(range.start), self.tokens.end(range.end - 1))
        };
        // Over a key both families' servers take NULL for equal in `a.x = b.x AND a.x <=> b.x` (seen with MariaDB 10.11 and MySQL 9.7).
        let mixes = (0..self.tokens.len()).any(|at| self.tokens.is_op(at, "<=>"));
        let keys = joined
            .iter()
            .filter(|(owner, ordinal)| !mixes && *owner == index && columns::can_be_key(reference, *ordinal))
            .filter_map(|(_, ordinal)| reference.table.columns.get(*ordinal))
            .map(|column| vec![column.name.clone()])
            .collect();
        Source {
            table: table_name(index),
            database: reference.database.clone(),
            reference: Some(index),
            columns,
            keys,
            primary: self.primary(reference, ordinals),
            links: self.links(index, &filters.links),
            groups: Vec::new(),
            mode: self.request.mode,
            head,
            conditions: filters.own.get(index).into_iter().flatten().map(condition).collect(),
            tail: locking.to_owned(),
        }
    }

    /// The primary key of a reference whose columns are all brought, for a grouped statement on MySQL.
    fn primary(&self, reference: &Reference, ordinals: &[usize]) -> Vec<String> {
        if !self.groups {
            return Vec::new();
        }
        let primary = reference.table.keys.iter().find(|key| key.kind == KeyKind::Primary);
        let Some(primary) = primary else { return Vec::new() };
        let is_brought = |name: &String| {
            reference.table.column(name).is_some_and(|(ordinal, _)| ordinals.contains(&ordinal))
        };
        match primary.columns.iter().all(is_brought) {
            true => primary.columns.clone(),
            false => Vec::new(),
        }
    }

    /// Links of one reference, of types whose values can be listed.
    fn links(&self, index: usize, links: &[(ColumnId, ColumnId)]) -> Vec<Link> {
        let column = |(reference, ordinal): ColumnId| {
            let reference = self.analysis.references.get(reference)?;
            Some((reference, reference.table.columns.get(ordinal)?))
        };
        let mut found = Vec::new();
        for (mine, other) in links.iter().filter(|(mine, _)| mine.0 == index) {
            let (Some((reference, own)), Some((_, theirs))) = (column(*mine), column(*other)) else {
                continue;
            };
            // A raw text key may place equal values apart: a list of some would prune the shards of the others.
            let placed_apart = reference.placer.is_key(mine.1) && !reference.places_equal_together(mine.1);
            if placed_apart
                || !columns::can_be_listed(&own.data_type)
                || !equal_as_keys(&own.data_type, &theirs.data_type)
            {
                continue;
            }
            let link = Link {
                column: format!("{}.{}", quote(&reference.known_as), quote(&own.name)),
                table: table_name(other.0),
                other: theirs.name.clone(),
                is_number: own.data_type.is_integer(),
            };
            if !found.contains(&link) {
                found.push(link);
            }
        }
        found
    }

    /// `column IN (SELECT ...)`: the column's table needs only rows with these values.
    fn link_among(&self, column: ColumnId, block: &blocks::Pushed, table: &str, sources: &mut [Source]) {
        let Some(reference) = self.analysis.references.get(column.0) else { return };
        let Some(own) = reference.table.columns.get(column.1) else { return };
        let other = self.only_column(block);
        let placed_apart = reference.placer.is_key(column.1) && !reference.places_equal_together(column.1);
        if placed_apart
            || !columns::can_be_listed(&own.data_type)
            || !other.is_some_and(|other| equal_as_keys(&own.data_type, other))
        {
            return;
        }
        if let Some(source) = sources.iter_mut().find(|source| source.reference == Some(column.0)) {
            source.links.push(Link {
                column: format!("{}.{}", quote(&reference.known_as), quote(&own.name)),
                table: table.to_owned(),
                other: String::new(),
                is_number: own.data_type.is_integer(),
            });
        }
    }

    /// The expression whose text has all of a column's value.
    fn carried(&self, alias: &str, column: &SourceColumn) -> String {
        let carriage = carriage(&column.data_type, self.request.mode.server.mariadb);
        carriage.source(&format!("{alias}.{}", quote(&column.name)))
    }

    /// `db.t.c` becomes `t.c`: in a source the table has the alias that it is known by.
    fn qualifiers(&self) -> Vec<Edit> {
        let known_as =
            |index: &usize| self.analysis.references.get(*index).map(|reference| quote(&reference.known_as));
        let edit = |(span, index): &(std::ops::Range<usize>, usize)| {
            Some(Edit::new(span.clone(), vec![text(known_as(index)?)]))
        };
        self.analysis.qualifiers.iter().filter_map(edit).collect()
    }

    /// Names in index hints that are no index of the table before them.
    ///
    /// Errors: 1176.
    pub fn check_hints(&self) -> Result<(), RouterError> {
        let tokens = self.tokens;
        let is_hint = |at: &usize| {
            tokens.is_any_word(*at, &["USE", "FORCE", "IGNORE"])
                && tokens.is_any_word(at + 1, &["INDEX", "KEY"])
        };
        for at in (0..tokens.len()).filter(is_hint) {
            let before = self.analysis.references.iter().rfind(|found| found.span.end <= tokens.start(at));
            let open = tokens.find(at + 2, tokens.len(), |at| tokens.is_op(at, "("));
            let names = (open + 1..tokens.close(open)).filter_map(|at| tokens.name(at));
            for (reference, name) in
                before.into_iter().flat_map(|found| names.clone().map(move |name| (found, name)))
            {
                if !reference.table.keys.iter().any(|key| key.name.eq_ignore_ascii_case(&name)) {
                    return Err(RouterError::new(
                        1176,
                        "42000",
                        format!("Key '{name}' doesn't exist in table '{}'", reference.known_as),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Index hints: the temporary tables do not have those indexes.
    fn index_hints(&self) -> Vec<Edit> {
        let tokens = self.tokens;
        let mut cuts = Vec::new();
        for at in 0..tokens.len() {
            if !(tokens.is_any_word(at, &["USE", "FORCE", "IGNORE"])
                && tokens.is_any_word(at + 1, &["INDEX", "KEY"]))
            {
                continue;
            }
            let open = tokens.find(at + 2, tokens.len(), |at| tokens.is_op(at, "("));
            let close = tokens.close(open);
            if close < tokens.len() {
                cuts.push(Edit::cut(tokens.start(at)..tokens.end(close)));
            }
        }
        cuts
    }
}

fn table_name(index: usize) -> String {
    format!("gather_{index:04}")
}
