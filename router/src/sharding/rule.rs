//! Rules: a CREATE TABLE's sharding clause, checked as DRDS checks it, becomes the table's kind.
//!
//! `tests/data/naming.csv` holds what DRDS refuses; `tests/vectors/naming.rs` lists where this differs, and why.

mod clause;
mod spread;
mod unique;

use ostrakon_catalog::column::{Column, Key, KeyKind};
use ostrakon_catalog::rule::{Partition, Placement, ShardFunction, ShardingRule};
use ostrakon_catalog::schema::{DefaultSharding, TableKind};

use super::convert::{Wanted, check_text};
use super::key::KeyType;
use super::layout::is_same_key;
use crate::RouterError;
use crate::parse::ddl::ShardingClause;

/// DRDS's limit of physical tables for one logical table.
const TABLES_MAX: u64 = 8192;

/// What a rule is made from.
#[derive(Clone, Copy, Debug)]
pub struct RuleRequest<'a> {
    /// Logical name, for messages.
    pub table: &'a str,
    pub clause: &'a ShardingClause,
    pub columns: &'a [Column],
    pub keys: &'a [Key],
    pub placement: Placement,
    /// Groups D of the logical database.
    pub groups: u32,
    /// Instances I that the groups are spread over.
    pub instances: u32,
    pub default_sharding: DefaultSharding,
    /// Refuse unique keys that lack the shard key, instead of warning.
    pub unique_scope_global: bool,
}

/// Checks a clause and completes it: counts, HASH()'s column, the database's default.
///
/// Returns the table's kind and the warnings that CREATE TABLE gives.
///
/// Errors: 1235 for what DRDS refuses and what would be placed wrongly, 1072 for a column that does not exist.
pub fn resolve(request: &RuleRequest<'_>) -> Result<(TableKind, Vec<String>), RouterError> {
    let (db, tb) = match request.clause {
        ShardingClause::Single => return Ok((TableKind::Single, Vec::new())),
        ShardingClause::Broadcast => return Ok((TableKind::Broadcast, Vec::new())),
        ShardingClause::Default => return default_kind(request),
        ShardingClause::Sharded { db, tb } => (db, tb),
    };
    let db = db.as_ref().map(|c| clause::group_partition(request, c)).transpose()?;
    let tb = tb.as_ref().map(|c| clause::table_partition(request, c)).transpose()?;
    sharded(request, db, tb)
}

/// No clause: single, or HASH of a primary key of one column where the database says so.
fn default_kind(request: &RuleRequest<'_>) -> Result<(TableKind, Vec<String>), RouterError> {
    if request.default_sharding == DefaultSharding::Single {
        return Ok((TableKind::Single, Vec::new()));
    }
    let single = |why: &str| {
        let warning = format!(
            "Table '{}' is a single table, in the default group only: {why}. Write DBPARTITION BY to shard it.",
            request.table
        );
        Ok((TableKind::Single, vec![warning]))
    };
    let Some(primary) = request.keys.iter().find(|key| key.kind == KeyKind::Primary) else {
        return single("it has no primary key");
    };
    let [column] = primary.columns.as_slice() else {
        return single("its primary key has several columns");
    };
    let partition =
        Partition { function: ShardFunction::Hash, columns: vec![column.clone()], count: request.groups };
    match clause::check(request, &partition) {
        Ok(()) => sharded(request, Some(partition), None),
        Err(refusal) => single(&refusal.message),
    }
}

fn sharded(
    request: &RuleRequest<'_>,
    db: Option<Partition>,
    tb: Option<Partition>,
) -> Result<(TableKind, Vec<String>), RouterError> {
    let tables_per_group = tb.as_ref().map_or(1, |tb| tb.count);
    let total = u64::from(if db.is_some() { request.groups } else { 1 }) * u64::from(tables_per_group);
    if db.is_none() && tb.is_none() {
        return Err(RouterError::not_supported(
            "a sharding clause without DBPARTITION BY and TBPARTITION BY",
        ));
    }
    if total > TABLES_MAX {
        return Err(RouterError::not_supported(format_args!(
            "{total} physical tables for table '{}': the limit is {TABLES_MAX}",
            request.table
        )));
    }
    if let (Some(db), Some(tb)) = (&db, &tb) {
        clause::check_pair(db, tb)?;
    }
    let rule = ShardingRule {
        db,
        tb,
        groups: request.groups,
        tables_per_group,
        instances: request.instances.max(1),
        placement: request.placement,
    };
    let mut warnings = Vec::new();
    spread::check(request, &rule, &mut warnings)?;
    unique::check(request, &rule, &mut warnings)?;
    raw_text_warning(request, &rule, &mut warnings);
    Ok((TableKind::Sharded(rule), warnings))
}

/// `PLACEMENT = DRDS` leaves equal strings apart; the user must know.
fn raw_text_warning(request: &RuleRequest<'_>, rule: &ShardingRule, warnings: &mut Vec<String>) {
    if rule.placement != Placement::Drds {
        return;
    }
    for column in key_columns(request, rule) {
        let folds = check_text(column, Placement::Folded).map(|(_, wanted)| wanted);
        if KeyType::of(&column.data_type) == Some(KeyType::Text) && folds != Ok(Wanted::Bytewise) {
            warnings.push(format!(
                "PLACEMENT = DRDS hashes '{}' as written: values that its collation calls equal can lie on different shards, \
                 and are then not found by each other.",
                column.name
            ));
        }
    }
}

/// Columns of the rule, each once.
fn key_columns<'a>(request: &RuleRequest<'a>, rule: &ShardingRule) -> Vec<&'a Column> {
    let names = rule.db.iter().chain(&rule.tb).flat_map(|partition| &partition.columns);
    let mut columns: Vec<&Column> = Vec::new();
    for name in names {
        if let Ok(column) = clause::column(request, name)
            && !columns.iter().any(|known| known.name == column.name)
        {
            columns.push(column);
        }
    }
    columns
}

/// Warnings for unique keys that an ALTER TABLE or CREATE INDEX adds (`request.keys`) to a table of this rule; the request's clause
/// does not matter.
///
/// Errors: 1235 with `unique_scope_global`.
pub fn unique_scope_warnings(
    request: &RuleRequest<'_>,
    rule: &ShardingRule,
) -> Result<Vec<String>, RouterError> {
    let mut warnings = Vec::new();
    unique::check(request, rule, &mut warnings)?;
    Ok(warnings)
}

/// Folds that the catalog must hold before rows of the table can be placed: (collation, character set) for `fold::fold_queries`.
pub fn folds_needed(kind: &TableKind, columns: &[Column]) -> Vec<(String, String)> {
    let TableKind::Sharded(rule) = kind else {
        return Vec::new();
    };
    let mut needed = Vec::new();
    for name in rule.db.iter().chain(&rule.tb).flat_map(|partition| &partition.columns) {
        let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        if let Some(Ok((charset, Wanted::Weights { collation }))) =
            column.map(|c| check_text(c, rule.placement))
        {
            let fold = (collation, charset.name().to_owned());
            if !needed.contains(&fold) {
                needed.push(fold);
            }
        }
    }
    needed
}

#[cfg(test)]
mod tests;
