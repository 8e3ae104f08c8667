//! UPDATE and DELETE by the keys of rows that a query has found: the query, and the statements by key for each physical table.

mod build;
mod identity;

use ostrakon_catalog::column::{Column, ColumnType};

pub(crate) use build::Builder;
use identity::Reading;

use super::bind::{Kind, Reference};
use super::gather::literal;
use super::returning::Returning;
use super::text::Piece;
use super::untyped::{self, Typing, Untyped};
use super::{Arguments, Execution, PhysicalStatement, RoutedPlan};
use crate::RouterError;
use crate::lexer::SqlMode;
use crate::sharding::PointRoute;
use crate::sharding::topology::{PhysicalTable, quote};
use crate::value::Value;

/// A value as SQL text.
pub type Literal = Vec<u8>;

/// A write by keys.
#[derive(Debug)]
pub struct KeyedWrite {
    pub is_delete: bool,
    /// Rows may stay as they are without an error.
    pub ignore: bool,
    /// One row after the other: the statement changes what unique keys hold, and the order decides which rows meet there.
    pub in_order: bool,
    /// It has an ORDER BY.
    pub is_ordered: bool,
    /// In the order of the statement.
    pub targets: Vec<KeyedTarget>,
    /// What the rows of the only target answer with when they are deleted.
    pub returning: Option<Returning>,
    untyped: Vec<Untyped>,
    mode: SqlMode,
    query: Vec<Piece>,
}

impl KeyedWrite {
    /// The query for keys and values, with literals in place of parameters. It locks what it reads.
    pub fn query(&self, arguments: &Arguments<'_>) -> Vec<u8> {
        literal::render(&self.query, arguments, self.mode)
    }

    /// For MySQL: the same with parameter markers, which have the types there that they have in the statement, and which of its parameters they are.
    ///
    /// Errors: 1235 where the types cannot be made the same.
    pub fn marked_query(&self, arguments: &Arguments<'_>) -> Result<(Vec<u8>, Vec<usize>), RouterError> {
        let values = arguments.params.unwrap_or_default();
        match untyped::typing(&self.untyped, values)? {
            Typing::Literals(literals) => {
                Ok(literal::render_marked(&self.query, arguments, self.mode, &literals))
            }
            Typing::ByValues => {
                untyped::check_literals(values)?;
                Ok((self.query(arguments), Vec::new()))
            }
        }
    }
}

/// A table that is written.
#[derive(Debug)]
pub struct KeyedTarget {
    /// Its database, its names, and how its copies' answers combine.
    pub plan: RoutedPlan,
    /// Columns that tell its rows apart: those of a unique key, or of the whole row, and behind them the others that place a row.
    pub keys: Vec<KeyedColumn>,
    /// Position of the first of them in the query's row.
    pub first: usize,
    /// Assignments whose values come from the query.
    pub values: Vec<AssignedValue>,
    /// A row may belong to another physical table afterwards.
    pub moves: Option<Moves>,
    /// No key tells its rows apart: they are found by all that they hold, and there may be several that hold the same.
    pub by_value: bool,
    /// How many rows hold the same must be counted: the query's rows do not tell, since it joins tables.
    pub counts: bool,
    /// How many of `keys` tell rows apart.
    unique: usize,
    mode: SqlMode,
    reference: Reference,
    head: Vec<Piece>,
    set: Vec<Assignment>,
    /// Positions in `keys` of the columns that place a row.
    placing: Vec<usize>,
}

/// A column of a target.
#[derive(Clone, Debug)]
pub struct KeyedColumn {
    pub name: String,
    pub data_type: ColumnType,
    pub nullable: bool,
    pub generated: bool,
    reading: Reading,
}

impl From<&Column> for KeyedColumn {
    fn from(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            nullable: column.nullable,
            generated: column.generated,
            reading: Reading::Value,
        }
    }
}

/// An assignment whose value comes from the query.
#[derive(Clone, Debug)]
pub struct AssignedValue {
    /// Position in the query's row.
    pub position: usize,
    pub column: KeyedColumn,
    /// Position in the unique key, if there is one and the column is in it.
    pub key: Option<usize>,
}

/// Rows that one statement writes.
#[derive(Clone, Copy, Debug)]
pub struct Alike<'r> {
    pub keys: &'r [&'r [Literal]],
    /// The texts of `KeyedTarget::values`.
    pub values: &'r [Literal],
    /// Of rows that hold the same, so many.
    pub limit: Option<u64>,
}

/// What a row that moves consists of.
#[derive(Debug)]
pub struct Moves {
    /// Columns that an INSERT stores, and behind them the generated ones that place a row or are in its key.
    pub columns: Vec<KeyedColumn>,
    /// Where no key tells rows apart, all columns that do, which are read behind the others.
    pub identity: Vec<KeyedColumn>,
    /// Positions in `identity` of those that an UPDATE leaves as they were.
    kept: Vec<usize>,
    /// How many an INSERT stores.
    stored: usize,
    /// Positions in `columns` of those that place a row.
    placing: Vec<usize>,
}

/// One assignment of an UPDATE.
#[derive(Debug)]
enum Assignment {
    /// The user's own text, which reads nothing but the row.
    Text(Vec<Piece>),
    /// Index in `KeyedTarget::values`.
    Value(usize),
}

impl KeyedTarget {
    pub fn name(&self) -> &str {
        &self.reference.table.name
    }

    /// The query's row has no row of this table: an outer join found none. `is_null` tells of a position in `keys`.
    pub fn is_missing(&self, is_null: impl Fn(usize) -> bool) -> bool {
        (0..self.keys.len()).any(|at| self.keys.get(at).is_some_and(|key| !key.nullable) && is_null(at))
    }

    /// The physical table of a row. `keys`: the values of `keys`.
    ///
    /// Errors: those of placing a row.
    pub fn shard_of(&self, keys: &[Value<'_>]) -> Result<usize, RouterError> {
        let placing: Vec<&Value<'_>> = self.placing.iter().filter_map(|at| keys.get(*at)).collect();
        self.shard(&placing)
    }

    /// The physical table of a whole row. `values`: those of `Moves::columns`.
    ///
    /// Errors: those of placing a row.
    pub fn shard_of_row(&self, moves: &Moves, values: &[Value<'_>]) -> Result<usize, RouterError> {
        let placing: Vec<&Value<'_>> = moves.placing.iter().filter_map(|at| values.get(*at)).collect();
        self.shard(&placing)
    }

    fn shard(&self, placing: &[&Value<'_>]) -> Result<usize, RouterError> {
        match self.reference.kind {
            // All copies are written.
            Kind::Single | Kind::Broadcast => Ok(0),
            Kind::Sharded => match self.reference.placer.point(placing) {
                PointRoute::Shard(index) => Ok(index),
                PointRoute::Nothing | PointRoute::Unknown => self.reference.placer.place_row(placing),
            },
        }
    }

    /// The group of a physical table.
    pub fn group_of(&self, shard: usize) -> usize {
        self.reference.placer.topology().get(shard).map_or(0, |table| table.group)
    }

    /// Every group has a copy, which gets the same statements.
    pub fn is_everywhere(&self) -> bool {
        self.reference.kind == Kind::Broadcast
    }

    /// The statements that write a row, on the logical table and with dots in the place of what the query gives: for EXPLAIN.
    pub fn steps(&self, arguments: &Arguments<'_>) -> Vec<Literal> {
        let table = format!("{}.{}", quote(&self.reference.database.name), quote(self.name()));
        let dots = |count: usize| vec![b"...".to_vec(); count];
        let key = dots(self.keys.len());
        let limit: &[u8] = if self.by_value { b" LIMIT ..." } else { b"" };
        let condition = [&condition(&self.keys, &[key.as_slice()]), limit].concat();
        let mut steps = Vec::new();
        if self.counts {
            steps.push(count(&table, b"...", &condition));
        }
        steps.push(self.write(&table, &condition, &dots(self.values.len()), arguments));
        if let Some(moves) = &self.moves {
            let row = dots(moves.columns.len());
            steps.push(moves.read(&table, &self.stored_condition(moves, &key)));
            steps.push([b"DELETE FROM ", table.as_bytes(), &self.unique_condition(&[&key])].concat());
            steps.push(moves.insert(&table, &[&row]));
        }
        steps
    }

    /// Appends the query that counts the rows that are the same, of one physical table or one copy, behind a number that the answer says again.
    pub fn count_into(&self, shard: usize, number: usize, key: &[Literal], out: &mut Execution) {
        let condition = condition(&self.keys, &[key]);
        let number = number.to_string();
        let tables = self.reference.placer.topology().tables();
        for table in tables.iter().filter(|table| table.index == shard) {
            push(table, count(&table.quoted, number.as_bytes(), &condition), |_, _| {}, out);
        }
    }

    /// Appends the statement that writes rows of one physical table, or of each copy.
    pub fn write_into(
        &self,
        shard: usize,
        rows: &Alike<'_>,
        returning: Option<&Returning>,
        arguments: &Arguments<'_>,
        out: &mut Execution,
    ) {
        let mut condition = condition(&self.keys, rows.keys);
        if let Some(limit) = rows.limit {
            condition.extend_from_slice(format!(" LIMIT {limit}").as_bytes());
        }
        let end = |shard: usize, out: &mut Execution| {
            if let Some(returning) = returning {
                returning.push_into(shard, arguments, out);
            }
        };
        self.statements_with(shard, out, |table| self.write(table, &condition, rows.values, arguments), end);
    }

    fn write(&self, table: &str, condition: &[u8], values: &[Literal], arguments: &Arguments<'_>) -> Literal {
        let rendered = |pieces: &[Piece]| literal::render(pieces, arguments, self.mode);
        let mut out = rendered(&self.head);
        out.extend_from_slice(table.as_bytes());
        if !self.set.is_empty() {
            out.extend_from_slice(format!(" AS {} SET ", quote(&self.reference.known_as)).as_bytes());
        }
        for (at, assignment) in self.set.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b", " } else { b"" });
            match assignment {
                Assignment::Text(pieces) => out.extend(rendered(pieces)),
                Assignment::Value(index) => {
                    let name = self.values.get(*index).map(|value| quote(&value.column.name));
                    out.extend_from_slice(name.unwrap_or_default().as_bytes());
                    out.extend_from_slice(b" = ");
                    out.extend(values.get(*index).into_iter().flatten());
                }
            }
        }
        out.extend_from_slice(condition);
        out
    }

    /// Appends the query that reads the row of this unique key. The generated columns in it may have changed: what else is in it finds the row. Where
    /// there is no unique key it reads all rows that the row may be among.
    pub fn read_into(&self, moves: &Moves, shard: usize, key: &[Literal], out: &mut Execution) {
        let condition = self.stored_condition(moves, key);
        self.statements(shard, out, |table| moves.read(table, &condition));
    }

    fn stored_condition(&self, moves: &Moves, key: &[Literal]) -> Vec<u8> {
        let is_kept = |at: usize, column: &KeyedColumn| match self.by_value {
            true => moves.kept.contains(&at),
            false => !column.generated,
        };
        let cells = self.unique_key().iter().zip(key).enumerate();
        let (columns, values): (Vec<KeyedColumn>, Vec<Literal>) = cells
            .filter(|(at, (column, _))| is_kept(*at, column))
            .map(|(_, (column, value))| (column.clone(), value.clone()))
            .unzip();
        if columns.is_empty() { Vec::new() } else { condition(&columns, &[values.as_slice()]) }
    }

    /// The unique key of a row that was read. `key`: what it is but for generated columns.
    pub fn key_of_row(&self, moves: &Moves, key: &[Literal], row: &[Literal]) -> Vec<Literal> {
        let value = |(column, value): (&KeyedColumn, &Literal)| {
            let position = moves.columns.iter().position(|read| column.generated && read.name == column.name);
            position.and_then(|at| row.get(at)).unwrap_or(value).clone()
        };
        self.unique_key().iter().zip(key).map(value).collect()
    }

    /// Appends the statement that takes the rows of these unique keys, or one that holds this, out of the physical table that they leave.
    pub fn remove_into(&self, shard: usize, keys: &[&[Literal]], out: &mut Execution) {
        let condition = self.unique_condition(keys);
        self.statements(shard, out, |table| [b"DELETE FROM ", table.as_bytes(), &condition].concat());
    }

    fn unique_condition(&self, keys: &[&[Literal]]) -> Vec<u8> {
        let limit: &[u8] = if self.by_value { b" LIMIT 1" } else { b"" };
        [&condition(self.unique_key(), keys), limit].concat()
    }

    /// Appends the statement that puts rows into the physical table that they belong to now.
    pub fn insert_into(&self, moves: &Moves, shard: usize, rows: &[&[Literal]], out: &mut Execution) {
        self.statements(shard, out, |table| moves.insert(table, rows));
    }

    fn unique_key(&self) -> &[KeyedColumn] {
        self.keys.get(..self.unique).unwrap_or_default()
    }

    /// Appends a statement for a physical table, or one for each copy.
    fn statements(&self, shard: usize, out: &mut Execution, text: impl Fn(&str) -> Literal) {
        self.statements_with(shard, out, text, |_, _| {});
    }

    /// The same, with what `end` appends.
    fn statements_with(
        &self,
        shard: usize,
        out: &mut Execution,
        text: impl Fn(&str) -> Literal,
        end: impl Fn(usize, &mut Execution),
    ) {
        let everywhere = self.is_everywhere();
        let tables = self.reference.placer.topology().tables();
        for table in tables.iter().filter(|table| everywhere || table.index == shard) {
            push(table, text(&table.quoted), &end, out);
        }
    }
}

impl Moves {
    /// A generated column places the row: what it is after an INSERT must be seen.
    pub fn is_generated(&self) -> bool {
        self.placing.iter().any(|at| *at >= self.stored)
    }

    fn read(&self, table: &str, condition: &[u8]) -> Literal {
        let all = self.columns.iter().chain(&self.identity);
        let columns: Vec<String> = all.map(|column| column.expression("")).collect();
        [format!("SELECT {} FROM {table}", columns.join(", ")).as_bytes(), condition].concat()
    }

    fn insert(&self, table: &str, rows: &[&[Literal]]) -> Literal {
        let stored = self.columns.iter().take(self.stored);
        let names: Vec<String> = stored.map(|column| quote(&column.name)).collect();
        let mut out = format!("INSERT INTO {table} ({}) VALUES ", names.join(", ")).into_bytes();
        for (at, row) in rows.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b", (" } else { b"(" });
            out.extend(row.get(..self.stored).unwrap_or_default().join(&b", "[..]));
            out.push(b')');
        }
        out
    }
}

/// Appends a statement for a physical table, with what `end` appends to it.
fn push(table: &PhysicalTable, text: Literal, end: impl Fn(usize, &mut Execution), out: &mut Execution) {
    let (start, params) = (out.buffer.len(), out.params.len());
    out.buffer.extend(text);
    end(table.index, out);
    out.statements.push(PhysicalStatement {
        group: table.group,
        shard: table.index,
        text: start..out.buffer.len(),
        params: params..out.params.len(),
    });
}

/// The query that counts rows, behind a number. The rows are locked already; as they are now it sees them so.
fn count(table: &str, number: &[u8], condition: &[u8]) -> Literal {
    let from = format!(", COUNT(*) FROM {table}");
    [b"SELECT ", number, from.as_bytes(), condition, b" FOR UPDATE"].concat()
}

/// ` WHERE ...` for the rows of these keys.
fn condition(columns: &[KeyedColumn], keys: &[&[Literal]]) -> Vec<u8> {
    let mut out = b" WHERE ".to_vec();
    if let ([column], false) = (columns, keys.iter().any(|key| key.contains(&b"NULL".to_vec()))) {
        out.extend_from_slice(column.expression("").as_bytes());
        out.extend_from_slice(b" IN (");
        for (at, key) in keys.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b", " } else { b"" });
            out.extend(key.first().into_iter().flatten());
        }
        out.push(b')');
        return out;
    }
    for (at, key) in keys.iter().enumerate() {
        out.extend_from_slice(if at > 0 { b" OR (" } else { b"(" });
        for (at, (column, value)) in columns.iter().zip(*key).enumerate() {
            out.extend_from_slice(if at > 0 { b" AND " } else { b"" });
            out.extend_from_slice(column.expression("").as_bytes());
            if value == b"NULL" {
                out.extend_from_slice(b" IS NULL");
            } else {
                out.extend_from_slice(b" = ");
                out.extend_from_slice(value);
            }
        }
        out.push(b')');
    }
    out
}
