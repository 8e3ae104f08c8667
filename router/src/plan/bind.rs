//! Binding: which catalog table, and which reference to it, a name in the statement means.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use ostrakon_catalog::rule::Placement;
use ostrakon_catalog::schema::{Database, Table, TableKind};

use super::analysis::Analysis;
use super::classes::{Classes, ColumnId};
use super::condition::Condition;
use super::system::SystemReference;
use super::tree::{Column, Name};
use super::{Request, TableName};
use crate::RouterError;
use crate::sharding::Placer;
use crate::sharding::fold::CollationFold;

/// Schemas that every server has for itself.
const SYSTEM: &[&str] = &["information_schema", "mysql", "performance_schema", "sys"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Single,
    Broadcast,
    Sharded,
}

/// One reference to a table: the same table twice is two of them.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub database: Arc<Database>,
    pub table: Arc<Table>,
    pub placer: Arc<Placer>,
    pub kind: Kind,
    /// Byte span of the name as written, with its database.
    pub span: Range<usize>,
    /// The name that columns are qualified with: the alias, or the table's own.
    pub known_as: String,
    pub has_alias: bool,
    /// It gets no alias in the physical text, and its columns are qualified with the physical name: what a DELETE empties cannot have
    /// an alias on every server, or not without a current database.
    pub bare: bool,
    /// An outer join extends it with NULL.
    pub nullable: bool,
}

impl Reference {
    /// True when an UPDATE of the column may make a row belong elsewhere. (A generated column itself is assigned by its server alone.)
    pub fn moves_by(&self, ordinal: usize) -> bool {
        let column = self.table.columns.get(ordinal);
        column.is_some_and(|column| !column.generated && self.table.is_placed_by(&column.name))
    }

    /// What such a column is, for messages.
    pub fn part_in_placing(&self, ordinal: usize) -> &'static str {
        match self.placer.is_key(ordinal) {
            true => "shard key column",
            false => "a column that the generated shard key reads,",
        }
    }

    /// True when values that the key column's comparison calls equal are placed on one shard.
    pub fn places_equal_together(&self, ordinal: usize) -> bool {
        use ostrakon_catalog::column::ColumnType::{Char, Text, Timestamp, VarChar};
        match self.table.columns.get(ordinal).map(|column| &column.data_type) {
            None | Some(Timestamp { .. }) => false,
            Some(Char { collation, .. } | VarChar { collation, .. } | Text { collation, .. }) => {
                collation.as_deref() == Some("binary")
                    || self.table.rule().is_some_and(|rule| rule.placement == Placement::Folded)
            }
            Some(_) => true,
        }
    }
}

/// Names that one query block can see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub entries: Vec<Entry>,
    /// Columns that USING and NATURAL merged, with the reference that gives the value; `None` where that is not certain.
    pub merged: Vec<(String, Option<ColumnId>)>,
    /// A NATURAL join may have merged any column.
    pub opaque: bool,
    pub parent: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub name: String,
    /// `None`: a derived table or the like, whose columns are not known.
    pub reference: Option<usize>,
    /// A table of information_schema, whose columns are not known either.
    pub system: Option<usize>,
    /// Of a derived table that is looked through.
    pub through: Through,
}

/// Columns of a derived table, each with the column of a table inside that it is: what is asked of the one may be asked of the other before the derived
/// table is made. Empty: nothing is known.
pub(crate) type Through = Vec<(String, Option<ColumnId>)>;

pub(crate) struct Binder<'r> {
    request: &'r Request<'r>,
    /// The logical database of the first table that is named.
    pub database: Option<Arc<Database>>,
    pub references: Vec<Reference>,
    /// References to tables of information_schema.
    pub system: Vec<SystemReference>,
    pub scopes: Vec<Scope>,
    /// CTE names in scope, innermost last.
    pub ctes: Vec<String>,
    /// Database-qualified column prefixes (`db`.`t`), with the reference that they mean.
    pub qualifiers: Vec<(Range<usize>, usize)>,
    /// `information_schema.` before names of tables that the node brings.
    pub system_qualifiers: Vec<Range<usize>>,
    /// Every column that is named, with the scope where it stands.
    pub mentions: Vec<(usize, Vec<Name>)>,
    placers: HashMap<u64, Arc<Placer>>,
}

impl<'r> Binder<'r> {
    pub fn new(request: &'r Request<'r>) -> Self {
        Self {
            request,
            database: None,
            references: Vec::new(),
            system: Vec::new(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            qualifiers: Vec::new(),
            system_qualifiers: Vec::new(),
            mentions: Vec::new(),
            placers: HashMap::new(),
        }
    }

    /// The session's current database.
    pub fn current(&self) -> Option<&str> {
        self.request.database
    }

    /// True when the name means a WITH query.
    pub fn is_cte(&self, name: &[Name]) -> bool {
        matches!(name, [only] if self.ctes.contains(&only.text))
    }

    /// Adds a reference to the table of that name.
    ///
    /// Errors: 1046, 1049, 1146, and 1235 for system schemas.
    pub fn table(&mut self, name: &[Name], alias: Option<&str>) -> Result<usize, RouterError> {
        let (database, table_name) = match name {
            [table] => (self.request.database.ok_or_else(RouterError::no_database)?, table),
            [database, table] => (database.text.as_str(), table),
            _ => return Err(RouterError::syntax("table name")),
        };
        let (database, table) = self.lookup(database, &table_name.text)?;
        let span = match name {
            [first, ..] => first.span.start..table_name.span.end,
            [] => table_name.span.clone(),
        };
        let placer = self.placer(&table, &database)?;
        let kind = match table.kind {
            TableKind::Single => Kind::Single,
            TableKind::Broadcast => Kind::Broadcast,
            TableKind::Sharded(_) => Kind::Sharded,
        };
        self.references.push(Reference {
            database,
            table,
            placer,
            kind,
            span,
            known_as: alias.unwrap_or(&table_name.text).to_owned(),
            has_alias: alias.is_some(),
            bare: false,
            nullable: false,
        });
        Ok(self.references.len() - 1)
    }

    fn lookup(&mut self, database: &str, table: &str) -> Result<(Arc<Database>, Arc<Table>), RouterError> {
        let catalog = self.request.catalog;
        let Some(found) = catalog.database(database) else {
            if SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(database)) {
                return Err(RouterError::not_supported(format_args!("tables of '{database}' in a query")));
            }
            // MariaDB looks for the table only (tried: 10.11).
            return Err(match self.request.mode.server.mariadb {
                true => RouterError::no_such_table(database, table),
                false => RouterError::unknown_database(database),
            });
        };
        if table.is_empty() || table.ends_with(' ') {
            return Err(RouterError::new(1103, "42000", format!("Incorrect table name '{table}'")));
        }
        let Some(entry) = found.tables.get(table) else {
            return Err(RouterError::no_such_table(database, table));
        };
        let (found, entry) = (found.clone(), entry.clone());
        self.database.get_or_insert_with(|| found.clone());
        Ok((found, entry))
    }

    fn placer(&mut self, table: &Arc<Table>, database: &Database) -> Result<Arc<Placer>, RouterError> {
        if let Some(placer) = self.placers.get(&table.id) {
            return Ok(placer.clone());
        }
        let catalog = self.request.catalog;
        let folds = |collation: &str| Some(Arc::new(CollationFold::decode(catalog.fold(collation)?).ok()?));
        let placer = Arc::new(Placer::new(table, database, &folds)?);
        self.placers.insert(table.id, placer.clone());
        Ok(placer)
    }

    pub fn open_scope(&mut self, parent: Option<usize>) -> usize {
        self.scopes.push(Scope { parent, ..Scope::default() });
        self.scopes.len() - 1
    }

    /// The reference's column that this name means; `None` when that is not certain.
    pub fn resolve(&self, scope: usize, column: &Column) -> Option<ColumnId> {
        let name = column.name();
        match column.parts.as_slice() {
            [_] => self.resolve_bare(scope, name),
            [table, _] => self.column_of(self.reference_named(scope, None, &table.text)?, name),
            [database, table, _] => {
                self.column_of(self.reference_named(scope, Some(&database.text), &table.text)?, name)
            }
            _ => None,
        }
    }

    fn column_of(&self, reference: usize, name: &str) -> Option<ColumnId> {
        let (ordinal, _) = self.references.get(reference)?.table.column(name)?;
        Some((reference, ordinal))
    }

    fn resolve_bare(&self, scope: usize, name: &str) -> Option<ColumnId> {
        let mut at = Some(scope);
        while let Some(scope) = at.and_then(|index| self.scopes.get(index)) {
            if let Some((_, id)) = scope.merged.iter().find(|(merged, _)| merged.eq_ignore_ascii_case(name)) {
                return *id;
            }
            if scope.opaque {
                return None;
            }
            let mut found = scope.entries.iter().filter_map(|entry| self.column_of(entry.reference?, name));
            match (found.next(), found.next()) {
                (Some(only), None) => return Some(only),
                (Some(_), Some(_)) => return None,
                _ => {}
            }
            if scope.entries.iter().any(|entry| entry.reference.is_none()) {
                return None;
            }
            at = scope.parent;
        }
        None
    }

    /// The reference that a qualifier means: the innermost scope that has the name decides.
    pub fn reference_named(&self, scope: usize, database: Option<&str>, name: &str) -> Option<usize> {
        let mut at = Some(scope);
        while let Some(scope) = at.and_then(|index| self.scopes.get(index)) {
            let mut named = scope.entries.iter().filter(|entry| entry.name == name).peekable();
            if named.peek().is_some() {
                return named.find_map(|entry| {
                    let reference = self.references.get(entry.reference?)?;
                    database
                        .is_none_or(|wanted| reference.database.name == wanted)
                        .then_some(entry.reference?)
                });
            }
            if scope.entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name)) {
                return None;
            }
            at = scope.parent;
        }
        None
    }

    /// True when some scope has a table or derived table of that name.
    pub fn is_named(&self, scope: usize, name: &str) -> bool {
        let mut at = Some(scope);
        while let Some(scope) = at.and_then(|index| self.scopes.get(index)) {
            if scope.entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name)) {
                return true;
            }
            at = scope.parent;
        }
        false
    }

    /// Notes a column's qualifier if it has to be rewritten: one with a database, or any of a bare reference.
    pub fn note(&mut self, scope: usize, parts: &[Name]) {
        self.mentions.push((scope, parts.to_vec()));
        let (found, start, end) = match parts {
            [table, _] => (self.reference_named(scope, None, &table.text), table.span.start, table.span.end),
            [database, table, _] => {
                let found = self.reference_named(scope, Some(&database.text), &table.text);
                (found, database.span.start, table.span.end)
            }
            _ => return,
        };
        let Some(index) = found else { return self.note_system(parts) };
        if parts.len() == 3 || self.references.get(index).is_some_and(|reference| reference.bare) {
            self.qualifiers.push((start..end, index));
        }
    }

    /// The analysis of a statement that names one table and asks nothing of it.
    pub fn alone(&self, reference: Reference) -> Analysis {
        Analysis {
            database: self.database.clone(),
            names: self.table_names(),
            conditions: vec![Condition::All],
            edges: Vec::new(),
            scatter: Err("one table".into()),
            qualifiers: Vec::new(),
            system_qualifiers: Vec::new(),
            firm: Classes::default(),
            copies: false,
            blocks: Vec::new(),
            body: 0,
            cte_mentions: Vec::new(),
            system: Vec::new(),
            references: vec![reference],
        }
    }

    /// Names for the executor, each table once.
    pub fn table_names(&self) -> Vec<TableName> {
        let mut names: Vec<TableName> = Vec::new();
        for reference in &self.references {
            let prefix = reference.placer.topology().prefix();
            if names.iter().all(|known| *known.physical_prefix != *prefix) {
                names.push(TableName {
                    logical_database: reference.database.name.as_str().into(),
                    logical_table: reference.table.name.as_str().into(),
                    physical_prefix: prefix.into(),
                });
            }
        }
        names
    }
}
