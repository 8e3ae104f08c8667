//! Routing of an execution: prune every reference on the new literals, then one statement, one for each physical table, or a refusal.

use super::bind::{Kind, Reference};
use super::condition::{Condition, point};
use super::text::{Piece, render};
use super::values::{Operand, Values};
use super::{Arguments, Combine, Execution, StatementClass};
use crate::RouterError;
use crate::lexer::SqlMode;
use crate::sharding::{PointRoute, ShardSet};

/// A statement on tables that exist: SELECT, UPDATE, DELETE, and INSERT that goes as one.
#[derive(Debug)]
pub(crate) struct Tables {
    pub mode: SqlMode,
    /// Groups of the logical database; 0 when no table is named.
    pub groups: usize,
    pub references: Vec<Reference>,
    pub conditions: Vec<Condition<usize>>,
    pub edges: Vec<(usize, usize)>,
    /// References whose tables go together by index when there are several.
    pub class: Option<Vec<usize>>,
    /// No group can do it by itself: tables of several databases, or a write that needs rows first wherever they are.
    pub apart: bool,
    /// A write to broadcast tables: the same text to every group.
    pub everywhere: bool,
    /// Some table may not be scanned.
    pub guarded: bool,
    /// What each lone sharded reference is compared with.
    pub points: Vec<Option<Vec<Operand>>>,
    /// Text for one physical statement.
    pub alone: Vec<Piece>,
    /// Text when there are several.
    pub many: Vec<Piece>,
}

impl Tables {
    /// Fills in what follows from the references.
    pub fn prepare(&mut self) {
        self.guarded = self.is_guarded();
        self.points = self
            .references
            .iter()
            .zip(&self.conditions)
            .map(|(reference, condition)| match reference.kind {
                Kind::Sharded => condition.point(reference.placer.key_ordinals()),
                _ => None,
            })
            .collect();
    }

    pub fn alone_in(&self, group: usize, arguments: &Arguments<'_>) -> Option<Vec<u8>> {
        let mut indexes = Vec::with_capacity(self.references.len());
        for reference in &self.references {
            let tables = reference.placer.topology().tables();
            indexes.push(tables.iter().find(|table| table.group == group)?.index);
        }
        let mut out = Execution::default();
        let index_of = |reference: usize| indexes.get(reference).copied().unwrap_or(0);
        render(&self.alone, arguments, self.mode, &self.references, (group, 0), index_of, &mut out);
        Some(out.buffer)
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.references.iter().any(|reference| reference.kind == kind)
    }

    /// Errors: 1235 with the reason when several physical tables are needed and the statement is possible on one only.
    pub fn route(
        &self,
        class: StatementClass,
        combine: &Combine,
        arguments: &Arguments<'_>,
        out: &mut Execution,
    ) -> Result<(), RouterError> {
        if self.apart {
            return Self::apart(combine, out);
        }
        if self.everywhere {
            for group in 0..self.groups {
                render(&self.alone, arguments, self.mode, &self.references, (group, group), |_| group, out);
            }
            return Ok(());
        }
        if !self.has(Kind::Sharded) {
            let group = self.any_group(class, arguments);
            render(
                &self.alone,
                arguments,
                self.mode,
                &self.references,
                (group, group),
                self.copy_in(group),
                out,
            );
            return Ok(());
        }
        let values = Values {
            text: arguments.text,
            holes: arguments.holes,
            params: arguments.params,
            mode: self.mode,
        };
        if let Some((group, shard)) = self.only_point(&values) {
            let index_of = |reference: usize| self.index_in(reference, group, shard);
            render(&self.alone, arguments, self.mode, &self.references, (group, shard), index_of, out);
            return Ok(());
        }
        let sets = self.sets(&values);
        if let Some((group, indexes)) = self.together(&sets) {
            let shard = self
                .references
                .iter()
                .zip(&indexes)
                .find(|(reference, _)| reference.kind == Kind::Sharded)
                .map_or(0, |(_, index)| *index);
            let index_of = |reference: usize| indexes.get(reference).copied().unwrap_or(0);
            render(&self.alone, arguments, self.mode, &self.references, (group, shard), index_of, out);
            return Ok(());
        }
        if matches!(combine, Combine::Never(_) | Combine::Gather(_) | Combine::RowsFirst(_)) {
            return Self::apart(combine, out);
        }
        if self.guarded || out.forbids_scans {
            out.full_scan = self.full_scan(&sets, &values, out.forbids_scans);
        }
        self.scatter(&sets, arguments, out)
    }

    /// No one group can answer, and no merge can combine.
    fn apart(combine: &Combine, out: &mut Execution) -> Result<(), RouterError> {
        match combine {
            Combine::Gather(_) | Combine::RowsFirst(_) => {
                out.gathers = true;
                Ok(())
            }
            Combine::Never(reason) => Err(RouterError::not_supported(format_args!(
                "{reason}, over more than one physical table; give the shard key so that one is enough"
            ))),
            _ => Err(RouterError::not_supported("tables of several databases in one statement")),
        }
    }

    /// A group for tables that are the same everywhere, or the default group for single tables. Locks and writes always take
    /// the same copy.
    fn any_group(&self, class: StatementClass, arguments: &Arguments<'_>) -> usize {
        if self.groups == 0 || self.has(Kind::Single) || class != StatementClass::Read {
            return 0;
        }
        match arguments.preferred_group {
            Some(group) if group < self.groups => group,
            _ => arguments.spread % self.groups,
        }
    }

    fn copy_in(&self, group: usize) -> impl Fn(usize) -> usize + '_ {
        move |reference| self.index_in(reference, group, 0)
    }

    /// The physical table of a reference in a group, `shard` for sharded ones.
    fn index_in(&self, reference: usize, group: usize, shard: usize) -> usize {
        match self.references.get(reference).map(|reference| reference.kind) {
            Some(Kind::Sharded) => shard,
            Some(Kind::Broadcast) => group,
            Some(Kind::Single) | None => 0,
        }
    }

    /// The way of most statements: one sharded reference whose key is given, and nothing beside it but copies.
    fn only_point(&self, values: &Values<'_>) -> Option<(usize, usize)> {
        let mut found = None;
        for (reference, operands) in self.references.iter().zip(&self.points) {
            match reference.kind {
                Kind::Single => return None,
                Kind::Broadcast => {}
                Kind::Sharded if found.is_some() => return None,
                Kind::Sharded => found = Some((reference, operands.as_ref()?)),
            }
        }
        let (reference, operands) = found?;
        match point(&reference.placer, operands, values) {
            PointRoute::Shard(index) => Some((reference.placer.topology().get(index)?.group, index)),
            PointRoute::Nothing | PointRoute::Unknown => None,
        }
    }

    /// The physical tables that each reference needs; `None` for those that are not sharded.
    fn sets(&self, values: &Values<'_>) -> Vec<Option<ShardSet>> {
        let mut sets: Vec<Option<ShardSet>> = self
            .references
            .iter()
            .zip(&self.conditions)
            .map(|(reference, condition)| match reference.kind {
                Kind::Sharded => Some(condition.shards(&reference.placer, values)),
                _ => None,
            })
            .collect();
        for _ in 0..self.edges.len() {
            for (from, to) in &self.edges {
                let Some(source) = sets.get(*from).cloned().flatten() else { continue };
                if let Some(Some(target)) = sets.get_mut(*to) {
                    target.intersect(&source);
                }
            }
        }
        sets
    }

    /// One group with one physical table for each reference, if that is all that is needed.
    fn together(&self, sets: &[Option<ShardSet>]) -> Option<(usize, Vec<usize>)> {
        let mut group = self.has(Kind::Single).then_some(0);
        for (reference, set) in self.references.iter().zip(sets) {
            let Some(set) = set else { continue };
            if set.is_empty() {
                continue;
            }
            let table = reference.placer.topology().get(set.single()?)?;
            match group {
                Some(known) if known != table.group => return None,
                _ => group = Some(table.group),
            }
        }
        let mates = self.class.as_deref().unwrap_or_default();
        let common = mates.iter().find_map(|mate| sets.get(*mate)?.as_ref()?.single());
        let group = group.or_else(|| self.first_group())?;
        let mut indexes = Vec::with_capacity(sets.len());
        for (position, (reference, set)) in self.references.iter().zip(sets).enumerate() {
            let index = match set.as_ref().map(|set| set.single()) {
                None => self.index_in(position, group, 0),
                Some(Some(index)) => index,
                Some(None) => {
                    let tables = reference.placer.topology().tables();
                    let mate = common.filter(|_| mates.contains(&position));
                    mate.or_else(|| {
                        tables.iter().find(|table| table.group == group).map(|table| table.index)
                    })?
                }
            };
            indexes.push(index);
        }
        Some((group, indexes))
    }

    /// The group to ask when no row can match: the answer's shape still comes from a server.
    fn first_group(&self) -> Option<usize> {
        let sharded = self.references.iter().find(|reference| reference.kind == Kind::Sharded)?;
        sharded.placer.topology().get(0).map(|table| table.group)
    }

    fn scatter(
        &self,
        sets: &[Option<ShardSet>],
        arguments: &Arguments<'_>,
        out: &mut Execution,
    ) -> Result<(), RouterError> {
        let class = self.class.as_deref().unwrap_or_default();
        let mut needed: Option<ShardSet> = None;
        for index in class {
            let Some(set) = sets.get(*index).and_then(Option::as_ref) else { continue };
            match &mut needed {
                Some(needed) => needed.union(set),
                None => needed = Some(set.clone()),
            }
        }
        let lead = class.first().and_then(|index| self.references.get(*index));
        let (Some(needed), Some(lead)) = (needed, lead) else {
            return Err(RouterError::not_supported("this statement over several physical tables"));
        };
        for index in needed.iter() {
            let Some(table) = lead.placer.topology().get(index) else { continue };
            let index_of = |reference: usize| self.index_in(reference, table.group, index);
            render(&self.many, arguments, self.mode, &self.references, (table.group, index), index_of, out);
        }
        Ok(())
    }
}
