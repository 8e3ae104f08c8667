//! One clause: which function may be where, on which column type, with which parameters; and which two go together.

use ostrakon_catalog::column::{Column, ColumnType, KeyKind};
use ostrakon_catalog::rule::{Partition, ShardFunction};

use super::RuleRequest;
use crate::RouterError;
use crate::parse::ddl::PartitionClause;
use crate::sharding::convert::{check_text, timestamp_refused};
use crate::sharding::function::name;
use crate::sharding::half::{is_date_function, is_date_type, is_range_hash};
use crate::sharding::key::KeyType;

/// DBPARTITION BY.
pub(super) fn group_partition(
    request: &RuleRequest<'_>,
    clause: &PartitionClause,
) -> Result<Partition, RouterError> {
    let function = &clause.function;
    let tables_only = matches!(
        function,
        ShardFunction::Mm
            | ShardFunction::Dd
            | ShardFunction::Week
            | ShardFunction::Mmdd
            | ShardFunction::YyyyweekOpt
            | ShardFunction::YyyyddOpt
    );
    if tables_only {
        return Err(RouterError::not_supported(format_args!(
            "{} in DBPARTITION BY: use it in TBPARTITION BY",
            name(function)
        )));
    }
    if let Some(count) = clause.count.filter(|count| *count != request.groups) {
        return Err(RouterError::not_supported(format_args!(
            "DBPARTITIONS {count}: the database has {} groups, and a sharded table uses all of them",
            request.groups
        )));
    }
    partition(request, clause, request.groups)
}

/// TBPARTITION BY; without a count there is one table in each group, as in DRDS.
pub(super) fn table_partition(
    request: &RuleRequest<'_>,
    clause: &PartitionClause,
) -> Result<Partition, RouterError> {
    let count = clause.count.unwrap_or(1);
    if count == 0 {
        return Err(RouterError::not_supported("TBPARTITIONS 0: at least one table in each group"));
    }
    partition(request, clause, count)
}

fn partition(
    request: &RuleRequest<'_>,
    clause: &PartitionClause,
    count: u32,
) -> Result<Partition, RouterError> {
    let columns = match clause.columns.as_slice() {
        [] if clause.function == ShardFunction::Hash => vec![primary_column(request)?],
        columns => columns.to_vec(),
    };
    let partition = Partition { function: clause.function.clone(), columns, count };
    check(request, &partition)?;
    Ok(partition)
}

/// HASH() hashes the primary key.
fn primary_column(request: &RuleRequest<'_>) -> Result<String, RouterError> {
    let primary = request.keys.iter().find(|key| key.kind == KeyKind::Primary);
    match primary.map(|key| key.columns.as_slice()) {
        Some([column]) => Ok(column.clone()),
        Some(_) => {
            Err(RouterError::not_supported("HASH() of a primary key of several columns: name one column"))
        }
        None => Err(RouterError::not_supported("HASH() of a table without a primary key: name a column")),
    }
}

/// The column of that name, without case.
pub(super) fn column<'a>(request: &RuleRequest<'a>, name: &str) -> Result<&'a Column, RouterError> {
    let found = request.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    found
        .ok_or_else(|| RouterError::new(1072, "42000", format!("Key column '{name}' doesn't exist in table")))
}

/// Function, columns and parameters of one partition.
pub(super) fn check(request: &RuleRequest<'_>, partition: &Partition) -> Result<(), RouterError> {
    let function = &partition.function;
    let range = is_range_hash(function);
    if partition.columns.len() != if range { 2 } else { 1 } {
        return Err(RouterError::not_supported(format_args!(
            "{} of {} columns",
            name(function),
            partition.columns.len()
        )));
    }
    if is_noloop(function) {
        return Err(RouterError::not_supported(format_args!(
            "{}: DRDS itself makes only two tables of it; use {}",
            name(function),
            name(function).trim_end_matches("_NOLOOP")
        )));
    }
    check_parameters(function)?;
    let mut types = Vec::new();
    for name in &partition.columns {
        let column = column(request, name)?;
        types.push(check_column(request, function, column)?);
    }
    let same_class =
        types.windows(2).all(|pair| std::mem::discriminant(&pair[0]) == std::mem::discriminant(&pair[1]));
    if !same_class {
        return Err(RouterError::not_supported(format_args!(
            "{} of columns with different types: both must be integers, or both strings",
            name(function)
        )));
    }
    if let [first, second] = partition.columns.as_slice()
        && first.eq_ignore_ascii_case(second)
    {
        return Err(RouterError::not_supported(format_args!("{} of one column twice", name(function))));
    }
    Ok(())
}

fn is_noloop(function: &ShardFunction) -> bool {
    matches!(
        function,
        ShardFunction::YyyymmNoloop { .. }
            | ShardFunction::YyyyweekNoloop { .. }
            | ShardFunction::YyyyddNoloop { .. }
    )
}

fn check_parameters(function: &ShardFunction) -> Result<(), RouterError> {
    let refuse = |what: String| Err(RouterError::not_supported(what));
    match *function {
        ShardFunction::StrHash { start, end, value_type, seed } => {
            let placed = match (start, end) {
                (-1, -1) => true,
                // DRDS takes (-1, 0) at CREATE TABLE and then fails on every key.
                (-1, 0) | (0, -1) => false,
                (-1, n) | (n, -1) => n > 0,
                (from, to) => from >= 0 && from <= to,
            };
            if !placed {
                return refuse(format!("STR_HASH with the part ({start}, {end})"));
            }
            if value_type > 1 || (value_type == 1 && seed != 31) {
                return refuse(format!("STR_HASH with value type {value_type} and seed {seed}"));
            }
            Ok(())
        }
        ShardFunction::RangeHash { tail: 0 } | ShardFunction::RangeHash1 { tail: 0 } => {
            refuse(format!("{} of the last 0 characters", name(function)))
        }
        ShardFunction::RightShift { shift } if shift < 0 => refuse(format!("RIGHT_SHIFT by {shift} bits")),
        _ => Ok(()),
    }
}

fn check_column(
    request: &RuleRequest<'_>,
    function: &ShardFunction,
    column: &Column,
) -> Result<KeyType, RouterError> {
    let refuse = |why: &str| {
        Err(RouterError::not_supported(format_args!("{} of column '{}': {why}", name(function), column.name)))
    };
    let Some(key_type) = KeyType::of(&column.data_type) else {
        return refuse("shard keys are integers, CHAR and VARCHAR, DATE and DATETIME");
    };
    if matches!(column.data_type, ColumnType::Timestamp { .. }) {
        return Err(timestamp_refused(&column.name));
    }
    match (key_type, is_date_function(function)) {
        (KeyType::Date, false) => return refuse("dates take the date functions only"),
        (KeyType::Integer { .. } | KeyType::Text, true) => {
            return refuse("the date functions take dates only");
        }
        _ => {}
    }
    let unsigned_big = column.data_type == ColumnType::BigInt { unsigned: true };
    match (function, key_type) {
        (ShardFunction::UniHash | ShardFunction::RightShift { .. }, _) if unsigned_big => {
            return refuse("not BIGINT UNSIGNED; use HASH");
        }
        (ShardFunction::RightShift { .. }, KeyType::Text) => return refuse("it takes integers only"),
        (ShardFunction::StrHash { .. }, KeyType::Integer { .. }) => return refuse("it takes strings only"),
        _ => {}
    }
    debug_assert_eq!(is_date_type(&column.data_type), key_type == KeyType::Date);
    if key_type == KeyType::Text {
        check_text(column, request.placement)?;
    }
    Ok(key_type)
}

/// Two clauses on the same column must be one and the same; on different ones they are free.
pub(super) fn check_pair(db: &Partition, tb: &Partition) -> Result<(), RouterError> {
    let shared =
        db.columns.iter().find(|mine| tb.columns.iter().any(|theirs| mine.eq_ignore_ascii_case(theirs)));
    match shared {
        Some(column) if db.function != tb.function => Err(RouterError::not_supported(format_args!(
            "{} and {} with other parameters or functions on the same column '{column}'",
            name(&db.function),
            name(&tb.function)
        ))),
        _ => Ok(()),
    }
}
