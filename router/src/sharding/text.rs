//! Rules as text: what SHOW RULE and SHOW CREATE TABLE print, which CREATE TABLE reads again.

use ostrakon_catalog::rule::{Partition, Placement, ShardFunction};
use ostrakon_catalog::schema::{Table, TableKind};

use super::function;
use super::topology::quote;

/// `HASH(`id`)`, `STR_HASH(`c`, 0, 4, 0, 31)`, `YYYYMM_NOLOOP(`d`) BETWEEN 201601 AND 201912`.
pub fn partition_text(partition: &Partition) -> String {
    let mut arguments: Vec<String> = partition.columns.iter().map(|column| quote(column)).collect();
    let mut bounds = String::new();
    match &partition.function {
        ShardFunction::StrHash { start, end, value_type, seed } => {
            let plain = (*start, *end, *value_type, *seed) == (-1, -1, 0, 31);
            if !plain {
                arguments.extend([start.to_string(), end.to_string(), value_type.to_string()]);
            }
            // A seed with value type 1 is refused in DDL: nothing is hashed then.
            if !plain && *value_type == 0 {
                arguments.push(seed.to_string());
            }
        }
        ShardFunction::RightShift { shift } => arguments.push(shift.to_string()),
        ShardFunction::RangeHash { tail } | ShardFunction::RangeHash1 { tail } => {
            arguments.push(tail.to_string())
        }
        ShardFunction::YyyymmNoloop { from, to }
        | ShardFunction::YyyyweekNoloop { from, to }
        | ShardFunction::YyyyddNoloop { from, to } => bounds = format!(" BETWEEN {from} AND {to}"),
        _ => {}
    }
    format!("{}({}){bounds}", function::name(&partition.function), arguments.join(", "))
}

/// The clause that makes this table again in a database of as many groups.
pub fn table_clause(table: &Table) -> String {
    let rule = match &table.kind {
        TableKind::Single => return "SINGLE".to_owned(),
        TableKind::Broadcast => return "BROADCAST".to_owned(),
        TableKind::Sharded(rule) => rule,
    };
    let mut parts = Vec::new();
    if let Some(db) = &rule.db {
        parts.push(format!("DBPARTITION BY {} DBPARTITIONS {}", partition_text(db), db.count));
    }
    if let Some(tb) = &rule.tb {
        parts.push(format!("TBPARTITION BY {} TBPARTITIONS {}", partition_text(tb), tb.count));
    }
    if rule.placement == Placement::Drds {
        parts.push("PLACEMENT = DRDS".to_owned());
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_as_ddl_reads_them() {
        let of = |function, columns: &[&str]| {
            let columns = columns.iter().map(|c| (*c).to_owned()).collect();
            partition_text(&Partition { function, columns, count: 4 })
        };
        assert_eq!(of(ShardFunction::Hash, &["id"]), "HASH(`id`)");
        let whole = ShardFunction::StrHash { start: -1, end: -1, value_type: 0, seed: 31 };
        assert_eq!(of(whole, &["c"]), "STR_HASH(`c`)");
        let part = ShardFunction::StrHash { start: 0, end: 4, value_type: 1, seed: 31 };
        assert_eq!(of(part, &["c"]), "STR_HASH(`c`, 0, 4, 1)");
        assert_eq!(of(ShardFunction::RangeHash { tail: 3 }, &["a", "b"]), "RANGE_HASH(`a`, `b`, 3)");
    }
}
