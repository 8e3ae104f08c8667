//! CREATE TABLE: columns, keys, options, and where DRDS's own clauses stand.

use ostrakon_catalog::column::{Column, ColumnType};
use ostrakon_catalog::schema::SequenceKind;

use super::column::{ColumnDefinition, column_definition};
use super::cursor::Cursor;
use super::ddl::{CreateTable, Ddl};
use super::definition::Notes;
use super::key::{KeyDefinition, PendingKey, key_definition, named_keys, starts_key};
use super::sharding_clause::{ShardingClauses, starts_clause};
use super::table_option::TableOptions;
use crate::RouterError;

/// Parses what follows `CREATE [TEMPORARY] TABLE`.
pub(super) fn parse(c: &mut Cursor<'_>, temporary: bool) -> Result<Ddl, RouterError> {
    let if_not_exists = c.accept_all(&["IF", "NOT", "EXISTS"]);
    let name = c.object_name()?;
    let mut notes = Notes::default();
    let mut like = None;
    let (mut columns, mut keys) = (Vec::new(), Vec::new());
    if c.accept("LIKE") {
        like = Some(c.object_name()?);
    } else if c.is_op("(") && c.word_ahead(1, "LIKE") {
        c.advance();
        c.advance();
        like = Some(c.object_name()?);
        c.expect_op(")")?;
    } else if c.is_op("(") && !starts_query(c, 1) {
        (columns, keys) = definitions(c, &mut notes)?;
    }
    let mut options = TableOptions::default();
    let mut sharding = ShardingClauses::default();
    tail(c, &mut options, &mut sharding, &mut notes)?;
    if like.is_some() {
        notes.refuse("CREATE TABLE ... LIKE");
    } else if columns.is_empty() && notes.refused.is_none() {
        return Err(c.error());
    }
    let table_charset = options.charset.clone().completed();
    let mut columns: Vec<_> = columns.into_iter().map(|column| column.resolve(&table_charset)).collect();
    let keys = named_keys(keys);
    for key in keys.iter().filter(|key| key.name == "PRIMARY") {
        for column in
            columns.iter_mut().filter(|c| key.columns.iter().any(|k| k.eq_ignore_ascii_case(&c.name)))
        {
            column.nullable = false;
        }
    }
    if notes.sequence == Some(SequenceKind::Time) {
        let narrow = |column: &&Column| {
            column.auto_increment && !matches!(column.data_type, ColumnType::BigInt { .. })
        };
        if let Some(column) = columns.iter().find(narrow) {
            // MySQL's own error for AUTO_INCREMENT on a type that cannot have it.
            let message = format!(
                "Incorrect column specifier for column '{}': AUTO_INCREMENT BY TIME needs BIGINT",
                column.name
            );
            return Err(RouterError::new(1063, "42000", message));
        }
    }
    let mut cut = notes.cut;
    cut.extend(sharding.cut);
    cut.sort_by_key(|range| range.start);
    Ok(Ddl::CreateTable(Box::new(CreateTable {
        name,
        if_not_exists,
        temporary,
        columns,
        keys,
        sharding: sharding.sharding,
        cut,
        sequence: notes.sequence,
        auto_increment: options.auto_increment,
        charset: table_charset.charset,
        collation: table_charset.collation,
        engine: options.engine,
        placement: sharding.placement,
        refused: notes.refused,
        query: notes.query,
        like,
    })))
}

/// True when a query starts `n` tokens ahead.
fn starts_query(c: &Cursor<'_>, n: usize) -> bool {
    ["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|word| c.word_ahead(n, word)) || c.op_ahead(n, "(")
}

/// `( column or key, ... )`
fn definitions(
    c: &mut Cursor<'_>,
    notes: &mut Notes,
) -> Result<(Vec<ColumnDefinition>, Vec<PendingKey>), RouterError> {
    let (mut columns, mut keys) = (Vec::new(), Vec::new());
    c.expect_op("(")?;
    loop {
        if starts_key(c) {
            match key_definition(c, notes)? {
                KeyDefinition::Key(key) => keys.push(key),
                KeyDefinition::Foreign => notes.refuse("FOREIGN KEY"),
                KeyDefinition::Period => notes.refuse("PERIOD FOR"),
                KeyDefinition::Check => {}
            }
        } else {
            let mut column = column_definition(c, notes)?;
            keys.append(&mut column.keys);
            columns.push(column);
        }
        if !c.accept_op(",") {
            break;
        }
    }
    c.expect_op(")")?;
    Ok((columns, keys))
}

/// Everything after the definitions: options and sharding clauses in any order, PARTITION BY, a query.
fn tail(
    c: &mut Cursor<'_>,
    options: &mut TableOptions,
    sharding: &mut ShardingClauses,
    notes: &mut Notes,
) -> Result<(), RouterError> {
    let mut kept = false;
    loop {
        let comma = c.accept_op(",");
        if sharding.accept(c, kept)? {
            continue;
        }
        kept = true;
        if c.at_end() && !comma {
            return Ok(());
        }
        if c.are(&["PARTITION", "BY"]) {
            notes.refuse("PARTITION BY");
            skip_partitioning(c);
        } else if is_query(c) {
            notes.refuse("CREATE TABLE ... AS SELECT");
            if !c.is_any(&["IGNORE", "REPLACE"]) {
                c.accept("AS");
                notes.query = Some(c.start());
            }
            while !c.at_end() {
                c.advance();
            }
        } else if !options.accept(c, notes)? {
            return Err(c.error());
        }
    }
}

/// `[IGNORE | REPLACE] [AS] query`
fn is_query(c: &Cursor<'_>) -> bool {
    let mut c = *c;
    c.accept_any(&["IGNORE", "REPLACE"]);
    c.accept("AS");
    starts_query(&c, 0) && !c.are(&["WITH", "SYSTEM"])
}

/// Reads PARTITION BY with all its partitions, up to one of DRDS's clauses, a query or the end.
fn skip_partitioning(c: &mut Cursor<'_>) {
    c.advance();
    while !c.at_end() && !starts_clause(c) && !c.is_any(&["AS", "SELECT", "IGNORE", "REPLACE"]) {
        if c.is_op("(") && c.skip_parentheses().is_ok() {
            continue;
        }
        c.advance();
    }
}
