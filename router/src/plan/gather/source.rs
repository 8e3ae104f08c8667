//! One source of a gathered statement: a reference to a table, or a query that the shards answer, whose rows go into a temporary table.

use std::sync::Arc;

use ostrakon_catalog::schema::{Database, Table};

use super::super::bind::Kind;
use super::super::text::Piece;
use super::super::{Arguments, RoutedPlan};
use super::{Gather, Link, literal};
use crate::lexer::SqlMode;
use crate::sharding::topology::quote;

/// A temporary table, and where its rows come from.
#[derive(Debug)]
pub struct Source {
    /// Name of the temporary table, in [`GATHER_DATABASE`].
    pub table: String,
    pub database: Arc<Database>,
    /// The table that it reads; `None`: a whole query, whose answer the shards make.
    pub(super) reference: Option<usize>,
    /// Its columns; empty for a whole query, which names its own.
    pub columns: Vec<SourceColumn>,
    /// Indexes that help the statement's joins.
    pub keys: Vec<Vec<String>>,
    /// The primary key, where MySQL must know it: with ONLY_FULL_GROUP_BY what depends on it may stand beside GROUP BY.
    pub primary: Vec<String>,
    /// Only rows whose values other sources have are needed.
    pub links: Vec<Link>,
    pub(super) mode: SqlMode,
    /// Groups that have all its tables, for a whole query.
    pub(super) groups: Vec<usize>,
    /// SELECT and FROM, or the whole query.
    pub(super) head: Vec<Piece>,
    pub(super) conditions: Vec<Vec<Piece>>,
    /// FOR UPDATE and the like.
    pub(super) tail: String,
}

#[derive(Debug)]
pub struct SourceColumn {
    pub name: String,
    pub data_type: ostrakon_catalog::column::ColumnType,
}

impl Source {
    /// The query that gives this source's rows: text on logical tables, with literals in place of parameters.
    /// `keys`: further conditions.
    pub fn query(&self, arguments: &Arguments<'_>, keys: &[String]) -> Vec<u8> {
        let mut out = literal::render(&self.head, arguments, self.mode);
        let mut word: &[u8] = b" WHERE (";
        let own = self.conditions.iter().map(|pieces| literal::render(pieces, arguments, self.mode));
        for condition in own.chain(keys.iter().map(|key| key.clone().into_bytes())) {
            out.extend_from_slice(word);
            out.extend_from_slice(&condition);
            out.push(b')');
            word = b" AND (";
        }
        out.extend_from_slice(self.tail.as_bytes());
        out
    }

    /// How many conditions of its own it has.
    pub fn conditions(&self) -> usize {
        self.conditions.len()
    }

    /// A table that is the same in several groups, or in one: each group that has it could answer by itself.
    pub fn is_copied(&self, gather: &Gather) -> bool {
        let reference = self.reference.and_then(|reference| gather.references.get(reference));
        reference.is_some_and(|reference| reference.kind != Kind::Sharded)
    }

    /// The one table that it reads is such a one.
    pub fn is_of(&self, gather: &Gather, which: impl Fn(&Table) -> bool) -> bool {
        let reference = self.reference.and_then(|reference| gather.references.get(reference));
        reference.is_some_and(|reference| which(&reference.table))
    }

    /// The physical tables of one group that it reads, or all of them, by name: for what the servers know of their sizes.
    pub fn physical_tables<'s>(&'s self, gather: &'s Gather) -> impl Iterator<Item = (usize, &'s str)> {
        let reference = self.reference.and_then(|reference| gather.references.get(reference));
        let tables = reference.map(|reference| reference.placer.topology().tables()).unwrap_or_default();
        tables.iter().map(|table| (table.group, &*table.name))
    }

    /// A query without rows on physical tables of that group, which has the columns' types; `None` where the group has no such tables. `plan` is that
    /// of the source's query.
    pub fn shape(
        &self,
        gather: &Gather,
        plan: &RoutedPlan,
        arguments: &Arguments<'_>,
        group: usize,
    ) -> Option<String> {
        let Some(reference) = self.reference else {
            let text = String::from_utf8(plan.alone_in(group, arguments)?).ok()?;
            return Some(format!("WITH `q` AS ({text}) SELECT * FROM `q` WHERE FALSE"));
        };
        let reference = gather.references.get(reference)?;
        let table = reference.placer.topology().tables().iter().find(|table| table.group == group)?;
        let names: Vec<String> = self.columns.iter().map(|column| quote(&column.name)).collect();
        Some(format!("SELECT {} FROM {} WHERE FALSE", names.join(", "), table.quoted))
    }

    /// A whole inner query, not a table.
    pub fn is_query(&self) -> bool {
        self.reference.is_none()
    }

    /// Groups that have physical tables of this source.
    pub fn groups(&self, gather: &Gather) -> Vec<usize> {
        let Some(reference) = self.reference.and_then(|reference| gather.references.get(reference)) else {
            return self.groups.clone();
        };
        let mut groups: Vec<usize> =
            reference.placer.topology().tables().iter().map(|table| table.group).collect();
        groups.dedup();
        groups
    }
}
