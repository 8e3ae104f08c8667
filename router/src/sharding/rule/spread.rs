//! Spread: a function must be able to reach every table of the rule.

use ostrakon_catalog::rule::{Partition, ShardFunction, ShardingRule};

use super::{RuleRequest, clause, is_same_key};
use crate::RouterError;
use crate::sharding::function::name;
use crate::sharding::key::KeyType;

/// Refuses counts that the function cannot reach, as DRDS does; warns of uneven shares, which it accepts.
pub(super) fn check(
    request: &RuleRequest<'_>,
    rule: &ShardingRule,
    warnings: &mut Vec<String>,
) -> Result<(), RouterError> {
    if let Some(tb) = &rule.tb {
        let periods = match tb.function {
            ShardFunction::Mm => Some(12),
            ShardFunction::Dd => Some(31),
            ShardFunction::Week => Some(7),
            ShardFunction::Mmdd => Some(366),
            _ => None,
        };
        if let Some(periods) = periods.filter(|periods| tb.count > *periods) {
            return Err(too_few(&tb.function, u64::from(tb.count), periods.into()));
        }
    }
    if is_same_key(rule) {
        let (groups, tables) = (u64::from(rule.groups), u64::from(rule.tables_per_group));
        if let Some(db) = &rule.db {
            check_joint(request, db, groups, tables)?;
        }
    } else {
        for partition in rule.db.iter().chain(&rule.tb) {
            let wanted = u64::from(partition.count);
            check_tail(request, partition, wanted)?;
        }
    }
    warn_uneven(rule, warnings);
    Ok(())
}

fn check_joint(
    request: &RuleRequest<'_>,
    db: &Partition,
    groups: u64,
    tables: u64,
) -> Result<(), RouterError> {
    match db.function {
        ShardFunction::RangeHash { .. } => check_tail(request, db, groups.max(tables)),
        ShardFunction::RangeHash1 { .. } => check_tail(request, db, groups * tables),
        ShardFunction::RightShift { shift } if groups > 1 => {
            // DRDS lists the tables with 32-bit numbers; what that cannot reach it refuses.
            let bits = 31_u32.saturating_sub((shift & 63) as u32);
            let reached = 1_u64 << bits;
            if reached < groups * tables {
                Err(too_few(&db.function, groups * tables, reached))
            } else {
                Ok(())
            }
        }
        _ => Ok(()),
    }
}

/// RANGE_HASH of numbers: n digits give 10^n values.
fn check_tail(request: &RuleRequest<'_>, partition: &Partition, wanted: u64) -> Result<(), RouterError> {
    let (ShardFunction::RangeHash { tail } | ShardFunction::RangeHash1 { tail }) = partition.function else {
        return Ok(());
    };
    let first = partition.columns.first().map(|column| clause::column(request, column)).transpose()?;
    let is_text = first.is_some_and(|column| KeyType::of(&column.data_type) == Some(KeyType::Text));
    match 10_u64.checked_pow(tail) {
        Some(values) if !is_text && values < wanted => Err(too_few(&partition.function, wanted, values)),
        _ => Ok(()),
    }
}

fn too_few(function: &ShardFunction, wanted: u64, reached: u64) -> RouterError {
    RouterError::not_supported(format_args!(
        "{} over {wanted} physical tables: it can reach {reached} of them",
        name(function)
    ))
}

fn warn_uneven(rule: &ShardingRule, warnings: &mut Vec<String>) {
    let Some(db) = rule.db.as_ref().filter(|_| is_same_key(rule)) else {
        return;
    };
    match db.function {
        ShardFunction::YyyymmOpt if !rule.groups.is_multiple_of(rule.instances) => warnings.push(format!(
            "YYYYMM_OPT spreads {} groups over {} instances unevenly: some groups get no table.",
            rule.groups, rule.instances
        )),
        ShardFunction::RangeHash { .. } if common_divisor(rule.groups, rule.tables_per_group) > 1 => {
            warnings.push(format!(
                "RANGE_HASH reaches one in {} of the physical tables; RANGE_HASH1 spreads evenly.",
                common_divisor(rule.groups, rule.tables_per_group)
            ));
        }
        ShardFunction::StrHash { start, end, .. } if start >= 0 && start == end => {
            warnings
                .push(format!("STR_HASH of the empty part ({start}, {end}) puts every row into one table."));
        }
        _ => {}
    }
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
