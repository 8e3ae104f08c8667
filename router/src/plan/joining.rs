//! FROM clauses: binds their tables, and walks join trees for what each kind of join tells of keys.
//!
//! What a join's ON says holds for all rows of an inner join (*firm*), but only for matches of an outer one.

use super::analysis::{Analyst, CteMention, Outer, Tree};
use super::bind::{Entry, Through};
use super::classes::{Classes, ColumnId};
use super::condition::{Condition, Reader, equal_as_keys};
use super::spread::{self, Spread};
use super::tree::{Column, Compare, Expr, Join, JoinKind, Query, Source};
use crate::RouterError;

/// A FROM clause after binding.
pub(super) enum Bound<'q> {
    Table(usize),
    Closed(Spread),
    /// A table of information_schema.
    System(usize, Spread),
    Join(&'q Join, Box<Bound<'q>>, Box<Bound<'q>>),
}

impl Bound<'_> {
    pub fn tree(&self) -> Tree {
        match self {
            Self::Table(reference) => Tree::Table(*reference),
            Self::Closed(_) => Tree::Closed,
            Self::System(reference, _) => Tree::System(*reference),
            Self::Join(join, left, right) => {
                let columns = join.on.iter().flat_map(Expr::columns);
                Tree::Join {
                    kind: join.kind,
                    natural: join.natural,
                    on: columns.map(|column| column.span().start).min(),
                    left: Box::new(left.tree()),
                    right: Box::new(right.tree()),
                }
            }
        }
    }
}

/// One side of a join after its analysis.
pub(super) struct Side {
    pub spread: Spread,
    /// Equalities that hold for all its rows.
    pub facts: Classes,
    pub references: Vec<usize>,
}

/// What an outer join (or the inside of its extended side) tells of some references.
pub(super) struct Local {
    /// Its ON condition, which holds for the rows of `targets` that match.
    pub condition: Condition<ColumnId>,
    pub targets: Vec<usize>,
    /// Equalities that hold for matches. They also carry the block's firm conditions to `targets`: rows that could only match rows
    /// which WHERE rejects anyway are not needed.
    pub classes: Classes,
}

/// Tables of one FROM: as many as a server joins (MAX_TABLES less the three for its own use).
const TABLES_MAX: usize = 61;

impl Analyst<'_> {
    /// Errors: those of the names; 1116 for more tables than a server joins.
    pub(super) fn bind<'q>(&mut self, source: &'q Source, scope: usize) -> Result<Bound<'q>, RouterError> {
        if self.binder.scopes.get(scope).is_some_and(|scope| scope.entries.len() >= TABLES_MAX) {
            let message = format!("Too many tables; MySQL can only use {TABLES_MAX} tables in a join");
            return Err(RouterError::new(1116, "HY000", message));
        }
        Ok(match source {
            Source::Table { name, alias } if self.binder.is_cte(name) => {
                let known_as =
                    alias.clone().or(name.last().map(|part| part.text.clone())).unwrap_or_default();
                self.enter(scope, known_as, None);
                self.reads_cte = true;
                self.cte_mentions.extend(name.last().map(|part| CteMention {
                    name: part.text.clone(),
                    span: part.span.clone(),
                    has_alias: alias.is_some(),
                }));
                Bound::Closed(Spread::Copies)
            }
            Source::Table { name, alias } => {
                if let Some(system) = self.binder.system_table(name, alias.as_deref())? {
                    return Ok(self.system(scope, system));
                }
                let reference = self.binder.table(name, alias.as_deref())?;
                let found = &mut self.binder.references[reference];
                found.bare = scope == self.body && alias.is_none() && self.bare.contains(&found.known_as);
                let known_as = found.known_as.clone();
                self.enter(scope, known_as, Some(reference));
                Bound::Table(reference)
            }
            Source::Derived { query, alias, lateral } => {
                let inside = self.binder.scopes.len();
                let spread = self.derived(query, scope, *lateral)?;
                self.enter(scope, alias.clone().unwrap_or_default(), None);
                if !lateral {
                    self.look_through(scope, query, inside);
                }
                Bound::Closed(spread)
            }
            Source::Other { inside, alias } => {
                self.note(scope, &Expr::Other(inside.clone()));
                self.enter(scope, alias.clone().unwrap_or_default(), None);
                for query in &inside.queries {
                    self.query(query, None, None)?;
                }
                Bound::Closed(Spread::Never("a table function".into()))
            }
            Source::Join(join) => {
                let left = self.bind(&join.left, scope)?;
                let right = self.bind(&join.right, scope)?;
                Bound::Join(join, Box::new(left), Box::new(right))
            }
        })
    }

    fn derived(&mut self, query: &Query, scope: usize, lateral: bool) -> Result<Spread, RouterError> {
        let parent =
            if lateral { Some(scope) } else { self.binder.scopes.get(scope).and_then(|scope| scope.parent) };
        let outer = parent.map(|scope| Outer {
            scope,
            sharded: Vec::new(),
            firm: Classes::default(),
            conditions: Vec::new(),
        });
        let block = self.query(query, outer.as_ref(), None)?;
        Ok(match block.spread {
            Spread::Sharded(_) => Spread::Never("a derived table on sharded tables".into()),
            Spread::Copies if query.limited => Spread::Never("LIMIT in a derived table".into()),
            _ if lateral => Spread::Never("a LATERAL table".into()),
            other => other,
        })
    }

    /// A table of information_schema: where the node brings its rows no group has them.
    fn system<'q>(&mut self, scope: usize, index: usize) -> Bound<'q> {
        let reference = &self.binder.system[index];
        let spread = match reference.is_brought() {
            true => Spread::Never(format!("{}.{}", reference.table.schema, reference.table.name)),
            false => Spread::Copies,
        };
        let name = reference.known_as.clone();
        if let Some(scope) = self.binder.scopes.get_mut(scope) {
            scope.entries.push(Entry { name, reference: None, system: Some(index), through: Through::new() });
        }
        Bound::System(index, spread)
    }

    fn enter(&mut self, scope: usize, name: String, reference: Option<usize>) {
        if let Some(scope) = self.binder.scopes.get_mut(scope) {
            scope.entries.push(Entry { name, reference, system: None, through: Through::new() });
        }
    }

    /// Walks a join tree. `inherited`: equalities that the nodes above ask of this one's rows. `firm`: the node's own conditions
    /// hold for every row of the block.
    pub(super) fn join_tree(
        &mut self,
        bound: &Bound<'_>,
        scope: usize,
        inherited: &Classes,
        firm: bool,
        conditions: &mut Vec<Condition<ColumnId>>,
        local: &mut Vec<Local>,
    ) -> Side {
        let (join, left, right) = match bound {
            Bound::Table(index) => {
                let spread = Spread::of(*index, &self.binder.references[*index]);
                return Side { spread, facts: Classes::default(), references: vec![*index] };
            }
            Bound::Closed(spread) | Bound::System(_, spread) => {
                return Side { spread: spread.clone(), facts: Classes::default(), references: Vec::new() };
            }
            Bound::Join(join, left, right) => (join, left, right),
        };
        let mut own = self.facts(join.on.as_ref(), scope);
        self.merged_columns(join, left, right, scope, &mut own);
        let down = inherited.with(&own);
        let condition = join.on.as_ref().map(|on| self.read(on, scope));
        if join.kind == JoinKind::Inner {
            let left = self.join_tree(left, scope, &down, firm, conditions, local);
            let right = self.join_tree(right, scope, &down, firm, conditions, local);
            let facts = own.with(&left.facts).with(&right.facts);
            let all = inherited.with(&facts);
            let spread = spread::inner(&self.binder.references, left.spread, right.spread, &all);
            let references: Vec<usize> = left.references.into_iter().chain(right.references).collect();
            match condition {
                Some(condition) if firm => conditions.push(condition),
                Some(condition) => local.push(Local { condition, targets: references.clone(), classes: all }),
                None => {}
            }
            return Side { spread, facts, references };
        }
        let (kept, extended) = if join.kind == JoinKind::Left { (left, right) } else { (right, left) };
        let kept = self.join_tree(kept, scope, inherited, firm, conditions, local);
        let extended = self.join_tree(extended, scope, &down, false, conditions, local);
        let all = down.with(&kept.facts).with(&extended.facts);
        if let (Spread::Sharded(a), Spread::Sharded(b)) = (&kept.spread, &extended.spread)
            && let Some(edge) = spread::tie(&self.binder.references, a, b, &all)
        {
            self.edges.push(edge);
        }
        for reference in &extended.references {
            self.binder.references[*reference].nullable = true;
        }
        let condition = condition.unwrap_or(Condition::All);
        local.push(Local { condition, targets: extended.references.clone(), classes: all.clone() });
        let spread = spread::outer(&self.binder.references, kept.spread, extended.spread, &all);
        let references = kept.references.into_iter().chain(extended.references).collect();
        Side { spread, facts: kept.facts, references }
    }

    /// USING and NATURAL: equal columns, and names that need no qualifier.
    fn merged_columns(
        &mut self,
        join: &Join,
        left: &Bound<'_>,
        right: &Bound<'_>,
        scope: usize,
        facts: &mut Classes,
    ) {
        let (mut left_side, mut right_side) = (Vec::new(), Vec::new());
        let known = collect(left, &mut left_side) & collect(right, &mut right_side);
        if join.natural
            && !known
            && let Some(scope) = self.binder.scopes.get_mut(scope)
        {
            scope.opaque = true;
        }
        let mut names = join.using.clone();
        if join.natural && known {
            for reference in &right_side {
                names.extend(
                    self.binder.references[*reference].table.columns.iter().map(|column| column.name.clone()),
                );
            }
        }
        for name in names {
            let find = |side: &[usize]| -> Option<ColumnId> {
                let mut found = side.iter().filter_map(|index| {
                    self.binder.references[*index].table.column(&name).map(|(ordinal, _)| (*index, ordinal))
                });
                found.next().filter(|_| found.next().is_none())
            };
            let is_left =
                left_side.iter().any(|index| self.binder.references[*index].table.column(&name).is_some());
            if join.natural && !is_left {
                continue;
            }
            let value = match (find(&left_side), find(&right_side)) {
                (Some(a), Some(b)) => {
                    self.equate(facts, a, b);
                    known.then_some(if join.kind == JoinKind::Right { b } else { a })
                }
                _ => None,
            };
            if let Some(scope) = self.binder.scopes.get_mut(scope) {
                scope.merged.insert(0, (name, value));
            }
        }
    }

    pub(super) fn read(&self, expr: &Expr, scope: usize) -> Condition<ColumnId> {
        let resolve = |column: &Column| self.binder.resolve(scope, column);
        Reader { tokens: self.tokens, mode: self.mode, resolve: &resolve }.read(expr)
    }

    /// Equalities of columns that an AND of conditions asks for.
    pub(super) fn facts(&self, expr: Option<&Expr>, scope: usize) -> Classes {
        let mut classes = Classes::default();
        if let Some(expr) = expr {
            self.collect_facts(expr, scope, &mut classes);
        }
        classes
    }

    fn collect_facts(&self, expr: &Expr, scope: usize, classes: &mut Classes) {
        match expr {
            Expr::And(parts) => parts.iter().for_each(|part| self.collect_facts(part, scope, classes)),
            Expr::Compare { op: Compare::Eq, left, right } => {
                let (Expr::Column(a), Expr::Column(b)) = (left.as_ref(), right.as_ref()) else { return };
                let resolve = |column: &Column| self.binder.resolve(scope, column);
                let reader = Reader { tokens: self.tokens, mode: self.mode, resolve: &resolve };
                if !reader.is_whole(a.span().start, b.span().end) {
                    return;
                }
                if let (Some(a), Some(b)) = (resolve(a), resolve(b)) {
                    self.equate(classes, a, b);
                }
            }
            _ => {}
        }
    }

    /// Notes `a = b`, where that is equality of keys.
    pub(super) fn equate(&self, classes: &mut Classes, a: ColumnId, b: ColumnId) {
        let data_type = |id: ColumnId| {
            self.binder
                .references
                .get(id.0)
                .and_then(|r| r.table.columns.get(id.1))
                .map(|column| &column.data_type)
        };
        if let (Some(left), Some(right)) = (data_type(a), data_type(b))
            && equal_as_keys(left, right)
        {
            classes.equate(a, b);
        }
    }
}

/// Collects the references below a node; false when there are tables whose columns are not known.
fn collect(bound: &Bound<'_>, found: &mut Vec<usize>) -> bool {
    match bound {
        Bound::Table(index) => {
            found.push(*index);
            true
        }
        Bound::Closed(_) | Bound::System(..) => false,
        Bound::Join(_, left, right) => collect(left, found) & collect(right, found),
    }
}
