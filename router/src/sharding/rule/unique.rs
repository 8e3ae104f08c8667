//! Unique keys: one that lacks the shard key is unique inside each physical table only.

use ostrakon_catalog::column::{Key, KeyKind};
use ostrakon_catalog::rule::{Partition, ShardingRule};

use super::{RuleRequest, clause};
use crate::RouterError;
use crate::sharding::half::is_range_hash;

/// Warns of unique keys that sharding weakens, or refuses them.
pub(super) fn check(
    request: &RuleRequest<'_>,
    rule: &ShardingRule,
    warnings: &mut Vec<String>,
) -> Result<(), RouterError> {
    for key in request.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique)) {
        let missing = missing_columns(request, rule, key);
        if missing.is_empty() || holds_sequence(request, key) {
            continue;
        }
        let text = format!(
            "Key '{}' of table '{}' lacks shard key column '{}', so it is unique inside each physical table only: \
             add that column to the key, or shard by the key's own columns.",
            key.name,
            request.table,
            missing.join("', '")
        );
        if request.unique_scope_global {
            return Err(RouterError::not_supported(text));
        }
        warnings.push(text);
    }
    Ok(())
}

/// A key with the AUTO_INCREMENT column: its sequence keeps it unique over all tables.
fn holds_sequence(request: &RuleRequest<'_>, key: &Key) -> bool {
    let generated = request.columns.iter().find(|column| column.auto_increment);
    generated.is_some_and(|column| has(key, &column.name))
}

/// Shard key columns that the key needs and does not have.
fn missing_columns<'r>(request: &RuleRequest<'_>, rule: &'r ShardingRule, key: &Key) -> Vec<&'r str> {
    let mut missing: Vec<&str> = Vec::new();
    for partition in rule.db.iter().chain(&rule.tb) {
        if is_placed_by(request, partition, key) {
            continue;
        }
        if let Some(column) = partition.columns.first()
            && !missing.iter().any(|known| known.eq_ignore_ascii_case(column))
        {
            missing.push(column);
        }
    }
    missing
}

/// Rows equal in the key are placed alike. Either of RANGE_HASH's columns decides the place, but the second one only where the first
/// cannot be NULL: a NULL there decides.
fn is_placed_by(request: &RuleRequest<'_>, partition: &Partition, key: &Key) -> bool {
    match (is_range_hash(&partition.function), partition.columns.as_slice()) {
        (true, [first, second]) => {
            let nullable = clause::column(request, first).is_ok_and(|column| column.nullable);
            has(key, first) || (has(key, second) && !nullable)
        }
        (_, columns) => columns.iter().all(|column| has(key, column)),
    }
}

fn has(key: &Key, column: &str) -> bool {
    key.columns.iter().any(|part| part.eq_ignore_ascii_case(column))
}
