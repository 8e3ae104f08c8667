//! System tables in a query, and what the query asks of them. Their columns are the servers' affair; the node brings the rows of most, with logical
//! names.

mod tables;

use std::ops::Range;

use super::Arguments;
use super::bind::{Binder, Entry};
use super::text::{Edit, text};
use super::tokens::Tokens;
use super::tree::{Column, Compare, Expr, Name};
use super::values::{Operand, Values};
use crate::RouterError;
use crate::lexer::SqlMode;
use crate::sharding::topology::quote;
use crate::value::Value;
pub use tables::{INFORMATION_SCHEMA, SYSTEM_TABLES, SystemRows, SystemTable, table_named};

/// Columns that are sums over all physical tables.
pub const SUMMED: [&str; 5] = ["TABLE_ROWS", "DATA_LENGTH", "MAX_DATA_LENGTH", "INDEX_LENGTH", "DATA_FREE"];

/// One reference to a system table.
#[derive(Clone, Debug)]
pub(crate) struct SystemReference {
    pub table: &'static SystemTable,
    /// Byte span of the name as written, with its database.
    pub span: Range<usize>,
    pub known_as: String,
    pub has_alias: bool,
    /// The current database is its schema, and the statement does not name it.
    pub bare: bool,
}

impl SystemReference {
    /// The node brings its rows; it is not read where it is.
    pub fn is_brought(&self) -> bool {
        self.table.rows != SystemRows::Server
    }

    /// What a server needs that has no current database: the schema before the name of a table that is read where it is.
    pub fn qualified(&self) -> Option<Edit> {
        let is_read = self.bare && !self.is_brought();
        let schema = format!("{}.", quote(self.table.schema));
        is_read.then(|| Edit::new(self.span.start..self.span.start, vec![text(schema)]))
    }
}

/// A value that a condition asks of a row's database or table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wanted {
    Given(Operand),
    /// `DATABASE()`
    CurrentDatabase,
}

/// A condition that names one database or one table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrowing {
    pub reference: usize,
    /// Of the table, not of the database.
    pub is_table: bool,
    pub wanted: Wanted,
}

/// A system table in a gathered statement.
#[derive(Debug)]
pub struct SystemSource {
    /// Name of the temporary table.
    pub table: String,
    pub system: &'static SystemTable,
    /// The statement asks for columns that are summed over all physical tables.
    pub sums: bool,
    mode: SqlMode,
    databases: Vec<Wanted>,
    tables: Vec<Wanted>,
}

impl SystemSource {
    /// The only database whose rows are needed; `None`: rows of all.
    pub fn only_database(&self, arguments: &Arguments<'_>, current: Option<&str>) -> Option<String> {
        self.only(&self.databases, arguments, current)
    }

    /// The only table whose rows are needed.
    pub fn only_table(&self, arguments: &Arguments<'_>) -> Option<String> {
        self.only(&self.tables, arguments, None)
    }

    fn only(&self, wanted: &[Wanted], arguments: &Arguments<'_>, current: Option<&str>) -> Option<String> {
        let values = Values {
            text: arguments.text,
            holes: arguments.holes,
            params: arguments.params,
            mode: self.mode,
        };
        wanted.iter().find_map(|wanted| match wanted {
            Wanted::CurrentDatabase => current.map(str::to_owned),
            Wanted::Given(operand) => match values.get(*operand)? {
                Value::Text(bytes) => String::from_utf8(bytes.into_owned()).ok(),
                _ => None,
            },
        })
    }
}

impl Binder<'_> {
    /// Adds a reference to a system table, if that is what the name means.
    ///
    /// Errors: 1109, 1235.
    pub fn system_table(&mut self, name: &[Name], alias: Option<&str>) -> Result<Option<usize>, RouterError> {
        let Some(table) = tables::find(name, self.current())? else { return Ok(None) };
        let (Some(first), Some(last)) = (name.first(), name.last()) else { return Ok(None) };
        self.system.push(SystemReference {
            table,
            span: first.span.start..last.span.end,
            known_as: alias.unwrap_or(&last.text).to_owned(),
            has_alias: alias.is_some(),
            bare: name.len() == 1,
        });
        Ok(Some(self.system.len() - 1))
    }

    /// Notes `schema.t.c` of a table that gets another name.
    pub fn note_system(&mut self, parts: &[Name]) {
        let [database, table, _] = parts else { return };
        let is_brought = self.system.iter().any(|reference| {
            reference.is_brought()
                && !reference.has_alias
                && reference.known_as == table.text
                && database.text.eq_ignore_ascii_case(reference.table.schema)
        });
        if is_brought {
            self.system_qualifiers.push(database.span.start..table.span.start);
        }
    }

    /// The reference to a table of information_schema that a column of this scope belongs to, when that is certain.
    fn system_of(&self, scope: usize, column: &Column) -> Option<usize> {
        let entries = &self.scopes.get(scope)?.entries;
        match column.parts.as_slice() {
            [_] => {
                let [Entry { system: Some(only), .. }] = entries.as_slice() else { return None };
                Some(*only)
            }
            [.., table, _] => {
                let mut named = entries.iter().filter(|entry| entry.name == table.text);
                let found = named.next()?.system?;
                let by_database = column.parts.len() == 3;
                let is_meant = match by_database {
                    true => {
                        let schema = self.system.get(found)?.table.schema;
                        column.parts.first()?.text.eq_ignore_ascii_case(schema)
                    }
                    false => true,
                };
                (named.next().is_none() && is_meant).then_some(found)
            }
            _ => None,
        }
    }

    /// True for a column that only tables can have here whose columns have labels in upper case.
    pub fn has_upper_label(&self, scope: usize, column: &Column) -> bool {
        let is_upper =
            |index: usize| self.system.get(index).is_some_and(|reference| reference.table.has_upper_labels());
        let all = |entries: &[Entry]| {
            !entries.is_empty() && entries.iter().all(|entry| entry.system.is_some_and(is_upper))
        };
        let alone =
            column.parts.len() == 1 && self.scopes.get(scope).is_some_and(|scope| all(&scope.entries));
        alone || self.system_of(scope, column).is_some_and(is_upper)
    }

    /// What a condition says of one database or one table.
    pub fn narrowing(
        &self,
        tokens: &Tokens<'_>,
        mode: SqlMode,
        scope: usize,
        expr: &Expr,
    ) -> Option<Narrowing> {
        let Expr::Compare { op: Compare::Eq, left, right } = expr else { return None };
        let (column, value) = match (left.as_ref(), right.as_ref()) {
            (Expr::Column(column), value) | (value, Expr::Column(column)) => (column, value),
            _ => return None,
        };
        let wanted = match value {
            Expr::Literal(literal) => Wanted::Given(Operand::of(tokens, literal.span.start, false, mode)?),
            Expr::Call(call)
                if call.args.is_empty() && matches!(call.name.as_str(), "DATABASE" | "SCHEMA") =>
            {
                Wanted::CurrentDatabase
            }
            _ => return None,
        };
        let reference = self.system_of(scope, column)?;
        let system = self.system.get(reference)?;
        let is_database = column.name().eq_ignore_ascii_case(system.table.database);
        let is_table =
            system.table.rows == SystemRows::Tables && column.name().eq_ignore_ascii_case("TABLE_NAME");
        (is_database || is_table).then_some(Narrowing { reference, is_table, wanted })
    }
}

/// Name of the temporary table of a reference.
fn table_name(index: usize) -> String {
    format!("gather_s{index:03}")
}

/// The sources of all references that the node brings, with what the conditions say of them.
pub(crate) fn sources(
    references: &[SystemReference],
    narrowings: &[Narrowing],
    tokens: &Tokens<'_>,
    mode: SqlMode,
) -> Vec<SystemSource> {
    let sums = names_sums(tokens);
    let brought = references.iter().enumerate().filter(|(_, reference)| reference.is_brought());
    brought
        .map(|(index, reference)| {
            let wanted = |is_table: bool| {
                let mine = narrowings
                    .iter()
                    .filter(move |narrowing| narrowing.reference == index && narrowing.is_table == is_table);
                mine.map(|narrowing| narrowing.wanted).collect()
            };
            SystemSource {
                table: table_name(index),
                system: reference.table,
                sums,
                mode,
                databases: wanted(false),
                tables: wanted(true),
            }
        })
        .collect()
}

/// The temporary tables' names in place of the tables'.
pub(crate) fn edits(references: &[SystemReference], database: &str) -> Vec<Edit> {
    let brought = references.iter().enumerate().filter(|(_, reference)| reference.is_brought());
    brought
        .map(|(index, reference)| {
            let alias = match reference.has_alias {
                true => String::new(),
                false => format!(" AS {}", quote(&reference.known_as)),
            };
            let name = format!("{}.{}{alias}", quote(database), quote(&table_name(index)));
            Edit::new(reference.span.clone(), vec![text(name)])
        })
        .collect()
}

/// A summed column is named, or a star that shows it.
fn names_sums(tokens: &Tokens<'_>) -> bool {
    (0..tokens.len()).any(|at| {
        let is_star = tokens.is_op(at, "*") && !(at > 0 && tokens.is_op(at - 1, "("));
        is_star
            || tokens.is_any_word(at, &["NATURAL", "TABLE"])
            || tokens
                .name(at)
                .is_some_and(|name| SUMMED.iter().any(|summed| summed.eq_ignore_ascii_case(&name)))
    })
}

/// Errors: 1235 for a write that reads information_schema.
pub(crate) fn refuse_in_write(references: &[SystemReference]) -> Result<(), RouterError> {
    match references.first() {
        Some(reference) => Err(RouterError::not_supported(format_args!(
            "{}.{} in a statement that writes",
            reference.table.schema, reference.table.name
        ))),
        None => Ok(()),
    }
}
