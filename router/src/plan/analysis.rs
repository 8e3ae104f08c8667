//! Analysis of a query: binds every block, collects what is known of shard keys, and decides whether the whole may run shard by shard.
//!
//! Two kinds of knowledge are kept apart. *Firm* equalities and conditions hold for every row that leaves the block (WHERE, inner joins).
//! Those of an outer join's ON, or inside its NULL-extended side, hold for matches only: they tie and prune that side alone.

use std::ops::Range;
use std::sync::Arc;

use ostrakon_catalog::schema::Database;

use super::bind::{Binder, Kind, Reference};
use super::classes::{Classes, ColumnId};
use super::condition::{Condition, equal_as_keys};
use super::joining::{Bound, Local, Side};
use super::spread::{self, Spread};
use super::system::SystemReference;
use super::tokens::Tokens;
use super::tree::{Body, Expr, Item, JoinKind, Query, Select, Source};
use super::{Request, TableName};
use crate::RouterError;
use crate::lexer::SqlMode;

/// What is known of a statement's tables.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub database: Option<Arc<Database>>,
    pub references: Vec<Reference>,
    /// Tables of information_schema.
    pub system: Vec<SystemReference>,
    pub names: Vec<TableName>,
    /// For each reference, what the statement asks of its shard key.
    pub conditions: Vec<Condition<usize>>,
    /// (from, to): `to` needs no physical table that `from` does not need.
    pub edges: Vec<(usize, usize)>,
    /// The references whose physical tables go together by index, or why the statement cannot run shard by shard.
    pub scatter: Result<Vec<usize>, String>,
    /// Qualifiers to rewrite.
    pub qualifiers: Vec<(std::ops::Range<usize>, usize)>,
    /// Qualifiers to leave out.
    pub system_qualifiers: Vec<std::ops::Range<usize>>,
    /// Equalities that hold for every row of the outermost block.
    pub firm: Classes,
    /// Every table is a broadcast table, and nothing depends on which copy is read.
    pub copies: bool,
    /// The query's SELECTs, outer ones first.
    pub blocks: Vec<QueryBlock>,
    /// Scope of the outermost query's body, behind its WITH.
    pub body: usize,
    /// Where WITH queries are read.
    pub cte_mentions: Vec<CteMention>,
}

/// A WITH query in a FROM clause.
#[derive(Debug)]
pub(crate) struct CteMention {
    pub name: String,
    pub span: Range<usize>,
    pub has_alias: bool,
}

impl Analysis {
    /// Tables of more than one logical database: no group has them all.
    pub fn is_mixed(&self) -> bool {
        let mut databases = self.references.iter().map(|reference| &reference.database.name);
        databases.next().is_some_and(|first| databases.any(|other| other != first))
    }

    /// No group can answer: it has not all tables.
    pub fn is_apart(&self) -> bool {
        self.is_mixed() || self.system.iter().any(SystemReference::is_brought)
    }
}

/// What part of its query a SELECT is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryPart {
    /// All of it, with ORDER BY and LIMIT.
    Whole,
    /// What follows WITH.
    BehindWith,
    /// A branch of a UNION and the like.
    Branch,
}

/// One SELECT of the statement.
#[derive(Debug)]
pub(crate) struct QueryBlock {
    /// Byte offset of the word SELECT.
    pub start: usize,
    pub scope: usize,
    pub from: Vec<Tree>,
    /// A `*` in the select list.
    pub star: bool,
    /// Each item is a column, a number that is made of many rows, or the least or greatest value of a column: values that a table's columns can stand for. (A literal
    /// gives way to a column's collation where two meet, a column does not.)
    pub plain: bool,
    pub part: QueryPart,
    /// It reads a WITH query, in itself or below.
    pub reads_cte: bool,
    /// What stands in it and below: references, scopes, and the binder's mentions.
    pub references: Range<usize>,
    pub scopes: Range<usize>,
    pub mentions: Range<usize>,
}

/// A FROM clause, as far as it says which conditions may go to which table.
#[derive(Debug)]
pub(crate) enum Tree {
    Table(usize),
    /// A derived table and the like.
    Closed,
    /// A table of information_schema.
    System(usize),
    Join {
        kind: JoinKind,
        natural: bool,
        /// Byte offset of the first column in ON.
        on: Option<usize>,
        left: Box<Tree>,
        right: Box<Tree>,
    },
}

impl Tree {
    /// Appends the references in it.
    pub fn tables(&self, found: &mut Vec<usize>) {
        match self {
            Self::Table(reference) => found.push(*reference),
            Self::Closed | Self::System(_) => {}
            Self::Join { left, right, .. } => {
                left.tables(found);
                right.tables(found);
            }
        }
    }
}

/// What an inner block may use of the blocks around it.
pub(super) struct Outer {
    pub scope: usize,
    pub sharded: Vec<usize>,
    pub firm: Classes,
    pub conditions: Vec<Condition<ColumnId>>,
}

/// What a block tells the one around it.
pub(super) struct Block {
    pub spread: Spread,
    pub firm: Classes,
}

/// The scope of a bound top-level block, for those who look at its columns afterwards.
pub(crate) struct Analyst<'x> {
    pub binder: Binder<'x>,
    pub(super) tokens: &'x Tokens<'x>,
    pub(super) mode: SqlMode,
    pub(super) edges: Vec<(usize, usize)>,
    pub(super) conditions: Vec<Condition<usize>>,
    /// Tables of the outermost block that get no alias: what a DELETE empties.
    pub bare: Vec<String>,
    blocks: Vec<QueryBlock>,
    /// How many queries are being read, one in the other.
    depth: usize,
    /// Scope of the outermost query's body, behind its WITH.
    pub(super) body: usize,
    /// A WITH query was read, in the block that is analysed or below.
    pub(super) reads_cte: bool,
    pub(super) cte_mentions: Vec<CteMention>,
}

impl<'x> Analyst<'x> {
    pub fn new(request: &'x Request<'x>, tokens: &'x Tokens<'x>) -> Self {
        Self {
            binder: Binder::new(request),
            tokens,
            mode: request.mode,
            edges: Vec::new(),
            conditions: Vec::new(),
            bare: Vec::new(),
            blocks: Vec::new(),
            depth: 0,
            body: 0,
            reads_cte: false,
            cte_mentions: Vec::new(),
        }
    }

    /// Analyses a whole statement. The outermost block's scope is the binder's first.
    pub fn run(mut self, query: &Query) -> Result<(Analysis, Binder<'x>), RouterError> {
        let block = self.query(query, None, None)?;
        self.conditions.resize(self.binder.references.len(), Condition::All);
        let references = self.binder.references.clone();
        let copies = block.spread == Spread::Copies && !query.limited;
        let scatter = scatter(block.spread, &references);
        let mut analysis = Analysis {
            database: self.binder.database.clone(),
            names: self.binder.table_names(),
            conditions: self.conditions,
            edges: self.edges,
            scatter,
            qualifiers: self.binder.qualifiers.clone(),
            system_qualifiers: self.binder.system_qualifiers.clone(),
            firm: block.firm,
            references,
            system: self.binder.system.clone(),
            copies,
            blocks: self.blocks,
            body: self.body,
            cte_mentions: self.cte_mentions,
        };
        if analysis.is_mixed() {
            analysis.scatter = Err("tables of several databases".into());
        }
        analysis.copies &= !analysis.is_apart();
        Ok((analysis, self.binder))
    }

    pub(super) fn query(
        &mut self,
        query: &Query,
        outer: Option<&Outer>,
        equal: Option<ColumnId>,
    ) -> Result<Block, RouterError> {
        let known = self.binder.ctes.len();
        self.depth += 1;
        for cte in &query.with {
            // Only a recursive one sees itself: otherwise its own name inside it is a table's.
            if query.recursive {
                self.binder.ctes.push(cte.name.clone());
                self.query(&cte.query, None, None)?;
            } else {
                self.query(&cte.query, None, None)?;
                self.binder.ctes.push(cte.name.clone());
            }
        }
        if self.depth == 1 {
            self.body = self.binder.scopes.len();
        }
        let mut block = match &query.body {
            Body::Select(select) => {
                let part = if query.with.is_empty() { QueryPart::Whole } else { QueryPart::BehindWith };
                self.select(select, &query.order_by, outer, equal, part)?
            }
            other => {
                let mut spread = Spread::Copies;
                self.branches(other, outer, &mut spread)?;
                Block { spread, firm: Classes::default() }
            }
        };
        self.depth -= 1;
        self.binder.ctes.truncate(known);
        if !query.with.is_empty() {
            block.spread = Spread::Never("a WITH query".into());
        }
        Ok(block)
    }

    /// The branches of a UNION and the like: never shard by shard.
    fn branches(
        &mut self,
        body: &Body,
        outer: Option<&Outer>,
        spread: &mut Spread,
    ) -> Result<(), RouterError> {
        let (found, what) = match body {
            Body::Set(left, right) => {
                self.branches(left, outer, spread)?;
                return self.branches(right, outer, spread);
            }
            Body::Select(select) => {
                (self.select(select, &[], outer, None, QueryPart::Branch)?.spread, "a UNION")
            }
            Body::Nested(query) => {
                let found = self.query(query, outer, None)?.spread;
                let limited = query.limited && found == Spread::Copies;
                (
                    if limited { Spread::Never("LIMIT in parentheses".into()) } else { found },
                    "a query in parentheses",
                )
            }
            Body::Values(flat) => {
                let scope = self.binder.open_scope(outer.map(|outer| outer.scope));
                let outer =
                    Outer { scope, sharded: Vec::new(), firm: Classes::default(), conditions: Vec::new() };
                self.note(scope, &Expr::Other(flat.clone()));
                let mut inside = Spread::Copies;
                for query in &flat.queries {
                    inside = spread::subquery(
                        inside,
                        self.query(query, Some(&outer), None)?.spread,
                        query.limited,
                        false,
                    );
                }
                (inside, "VALUES")
            }
        };
        let closed = match found {
            Spread::Sharded(_) => Spread::Never(format!("{what} on sharded tables")),
            other => other,
        };
        let before = std::mem::replace(spread, Spread::Copies);
        *spread = match (before, closed) {
            (Spread::Never(reason), _) | (_, Spread::Never(reason)) => Spread::Never(reason),
            (Spread::Single, _) | (_, Spread::Single) => Spread::Single,
            (other, _) => other,
        };
        Ok(())
    }

    fn select(
        &mut self,
        select: &Select,
        order_by: &[Expr],
        outer: Option<&Outer>,
        equal: Option<ColumnId>,
        part: QueryPart,
    ) -> Result<Block, RouterError> {
        let before = self.extent();
        let reads_cte = std::mem::take(&mut self.reads_cte);
        let scope = self.binder.open_scope(outer.map(|outer| outer.scope));
        let mut bound = Vec::new();
        let at = self.blocks.len();
        let star = select.items.iter().any(|item| matches!(item, Item::Star));
        self.blocks.push(QueryBlock {
            start: select.start,
            scope,
            from: Vec::new(),
            star,
            plain: select.items.iter().all(is_plain),
            part,
            reads_cte: false,
            references: 0..0,
            scopes: 0..0,
            mentions: 0..0,
        });
        for source in &select.from {
            bound.push(self.bind(source, scope)?);
        }
        self.blocks[at].from = bound.iter().map(Bound::tree).collect();
        let mut local = Vec::new();
        let mut conditions = Vec::new();
        let mut known = self.facts(select.filter.as_ref(), scope);
        if let (Some(outer_column), Some(column)) = (equal, self.only_column(select, scope)) {
            self.equate(&mut known, outer_column, column);
        }
        let mut side = Side { spread: Spread::Copies, facts: known, references: Vec::new() };
        for source in &bound {
            let inherited = side.facts.clone();
            let next = self.join_tree(source, scope, &inherited, true, &mut conditions, &mut local);
            side.facts.add(&next.facts);
            side.spread = spread::inner(&self.binder.references, side.spread, next.spread, &side.facts);
            side.references.extend(next.references);
        }
        if let Some(filter) = &select.filter {
            conditions.push(self.read(filter, scope));
        }
        if select.odd {
            side.spread = Spread::Never("a clause that the planner does not know".into());
        }
        self.prune_inside(select, scope);
        let firm = outer.map_or_else(|| side.facts.clone(), |outer| outer.firm.with(&side.facts));
        if let Some(outer) = outer {
            conditions.extend(outer.conditions.iter().cloned());
        }
        self.settle(&side.references, &conditions, &firm, &local);
        let inside = Outer { scope, sharded: Vec::new(), firm, conditions };
        let spread = self.expressions(select, order_by, side.spread, inside)?;
        let spread = self.tie_to(outer, spread, &side.facts);
        let after = self.extent();
        let block = &mut self.blocks[at];
        block.references = before[0]..after[0];
        block.scopes = before[1]..after[1];
        block.mentions = before[2]..after[2];
        block.reads_cte = self.reads_cte;
        self.reads_cte |= reads_cte;
        Ok(Block { spread, firm: side.facts })
    }

    /// How many references, scopes and mentions there are so far.
    fn extent(&self) -> [usize; 3] {
        [self.binder.references.len(), self.binder.scopes.len(), self.binder.mentions.len()]
    }

    /// For a block inside another: an edge from the outer reference that it is tied to.
    fn tie_to(&mut self, outer: Option<&Outer>, spread: Spread, facts: &Classes) -> Spread {
        if let (Some(outer), Spread::Sharded(mine)) = (outer, &spread)
            && let Some((from, to)) = spread::tie(&self.binder.references, &outer.sharded, mine, facts)
        {
            self.edges.push((from, to));
        }
        spread
    }

    /// Looks at the columns and subqueries of all expressions of a block.
    fn expressions(
        &mut self,
        select: &Select,
        order_by: &[Expr],
        mut spread: Spread,
        mut inside: Outer,
    ) -> Result<Spread, RouterError> {
        let scope = inside.scope;
        let mut exprs: Vec<&Expr> = Vec::new();
        for item in &select.items {
            match item {
                Item::Expr { expr, .. } => exprs.push(expr),
                Item::TableStar(parts) => {
                    // A server without a current database would look for one first.
                    if let [table] = parts.as_slice()
                        && !self.binder.is_named(scope, &table.text)
                    {
                        return Err(RouterError::new(
                            1051,
                            "42S02",
                            format!("Unknown table '{}'", table.text),
                        ));
                    }
                    let star = super::tree::Name { text: "*".into(), span: 0..0 };
                    let parts: Vec<_> = parts.iter().cloned().chain([star]).collect();
                    self.binder.note(scope, &parts);
                }
                Item::Star => {}
            }
        }
        exprs.extend(&select.group_by);
        exprs.extend(&select.having);
        exprs.extend(order_by);
        for source in &select.from {
            source_expressions(source, &mut exprs);
        }
        let mut queries: Vec<(&Query, Option<ColumnId>)> = Vec::new();
        for expr in exprs {
            self.note(scope, expr);
            queries.extend(expr.queries().into_iter().map(|query| (query, None)));
        }
        if let Some(filter) = &select.filter {
            self.note(scope, filter);
            self.filter_queries(filter, scope, true, &mut queries);
        }
        for (query, equal) in queries {
            inside.sharded = match &spread {
                Spread::Sharded(references) => references.clone(),
                _ => Vec::new(),
            };
            let block = self.query(query, Some(&inside), equal)?;
            let is_tied = match &block.spread {
                Spread::Sharded(references) => {
                    spread::tie(&self.binder.references, &inside.sharded, references, &block.firm).is_some()
                }
                _ => false,
            };
            spread = spread::subquery(spread, block.spread, query.limited, is_tied);
        }
        Ok(spread)
    }

    /// Subqueries of a WHERE. Where only TRUE counts (under AND and OR), `k IN (SELECT c ...)` is as good as an EXISTS with `c = k`.
    fn filter_queries<'q>(
        &self,
        expr: &'q Expr,
        scope: usize,
        only_true: bool,
        found: &mut Vec<(&'q Query, Option<ColumnId>)>,
    ) {
        match expr {
            Expr::And(parts) | Expr::Or(parts) if only_true => {
                parts.iter().for_each(|part| self.filter_queries(part, scope, true, found));
            }
            Expr::InQuery { expr: left, query, negated: false } if only_true => {
                let equal = match left.as_ref() {
                    Expr::Column(column) if !query.limited => self.binder.resolve(scope, column),
                    _ => None,
                };
                found.push((query, equal));
                found.extend(left.queries().into_iter().map(|query| (query, None)));
            }
            other => found.extend(other.queries().into_iter().map(|query| (query, None))),
        }
    }

    /// The column that `x IN (SELECT column ...)` compares with, when the block has nothing that works on more than one row.
    fn only_column(&self, select: &Select, scope: usize) -> Option<ColumnId> {
        let [Item::Expr { expr: Expr::Column(column), .. }] = select.items.as_slice() else { return None };
        if !select.group_by.is_empty() || select.having.is_some() || select.rollup || select.odd {
            return None;
        }
        self.binder.resolve(scope, column)
    }

    pub(super) fn note(&mut self, scope: usize, expr: &Expr) {
        for column in expr.columns() {
            self.binder.note(scope, &column.parts);
        }
    }

    /// Gives each reference of a finished block its conditions.
    fn settle(
        &mut self,
        references: &[usize],
        conditions: &[Condition<ColumnId>],
        firm: &Classes,
        local: &[Local],
    ) {
        self.conditions.resize(self.binder.references.len(), Condition::All);
        let nullable =
            |index: usize| self.binder.references.get(index).is_none_or(|reference| reference.nullable);
        for index in references {
            let reference = &self.binder.references[*index];
            if reference.kind != Kind::Sharded {
                continue;
            }
            let keys = usable_keys(reference);
            let mut mine = Condition::All;
            for condition in conditions {
                mine = mine.both(condition.for_reference(*index, &keys, firm, &nullable));
            }
            for part in local.iter().filter(|part| part.targets.contains(index)) {
                let classes = firm.with(&part.classes);
                for condition in conditions.iter().chain([&part.condition]) {
                    mine = mine.both(condition.for_reference(*index, &keys, &classes, &nullable));
                }
            }
            self.conditions[*index] = mine;
        }
    }
}

/// Key columns whose conditions may prune. Not TIMESTAMP: what a literal means depends on the session's time zone.
pub(super) fn usable_keys(reference: &Reference) -> Vec<usize> {
    let is_usable = |ordinal: &&usize| {
        let column = reference.table.columns.get(**ordinal);
        column.is_some_and(|column| {
            equal_as_keys(&column.data_type, &column.data_type) || is_text(&column.data_type)
        })
    };
    reference.placer.key_ordinals().iter().filter(is_usable).copied().collect()
}

fn is_plain(item: &Item) -> bool {
    const NUMBERS: &[&str] = &["COUNT", "SUM", "AVG"];
    let Item::Expr { expr, .. } = item else { return true };
    match expr {
        Expr::Column(_) => true,
        Expr::Call(call) if call.window || call.special => false,
        Expr::Call(call) if NUMBERS.contains(&call.name.as_str()) => true,
        Expr::Call(call) if ["MIN", "MAX"].contains(&call.name.as_str()) => {
            matches!(call.args.as_slice(), [Expr::Column(_)])
        }
        _ => false,
    }
}

fn is_text(data_type: &ostrakon_catalog::column::ColumnType) -> bool {
    use ostrakon_catalog::column::ColumnType::{Char, Text, VarChar};
    matches!(data_type, Char { .. } | VarChar { .. } | Text { .. })
}

fn scatter(spread: Spread, references: &[Reference]) -> Result<Vec<usize>, String> {
    match spread {
        Spread::Sharded(class) => {
            let apart = references.iter().enumerate().find(|(index, reference)| match reference.kind {
                Kind::Sharded => !class.contains(index),
                Kind::Single => true,
                Kind::Broadcast => false,
            });
            match apart {
                None => Ok(class),
                Some((_, reference)) => Err(format!("table '{}' beside the others", reference.table.name)),
            }
        }
        Spread::Never(reason) => Err(reason),
        Spread::Copies | Spread::Single => Err("sharded tables inside a query on other tables".into()),
    }
}

/// ON conditions and table functions' arguments.
fn source_expressions<'q>(source: &'q Source, found: &mut Vec<&'q Expr>) {
    if let Source::Join(join) = source {
        found.extend(&join.on);
        source_expressions(&join.left, found);
        source_expressions(&join.right, found);
    }
}
