//! Every row of `naming.csv`: rule validation and topology together give the names, or a refusal.

use std::collections::BTreeMap;

use ostrakon_catalog::column::{Column, ColumnType};
use ostrakon_catalog::rule::{Placement, ShardFunction};
use ostrakon_catalog::schema::{DefaultSharding, TableKind};
use ostrakon_router::RouterError;
use ostrakon_router::parse::ddl::{PartitionClause, ShardingClause};
use ostrakon_router::sharding::rule::{RuleRequest, resolve};
use ostrakon_router::sharding::topology::Topology;

use super::fixture;
use super::placement::function;

/// Rows where Ostrakon decides otherwise: (db rule, tb rule, refused here, why).
const DEVIATIONS: &[(&str, &str, bool, &str)] = &[
    ("STR_HASH(s)", "STR_HASH(s,-1,-1)", false, "the two are one function: its defaults are (-1, -1)"),
    (
        "HASH(dec)",
        "HASH(dec)",
        true,
        "the manual does not allow DECIMAL keys, and no vector says where they go",
    ),
    ("HASH(bin)", "HASH(bin)", true, "the manual does not allow BINARY keys; DRDS hashes swapped arguments"),
    ("STR_HASH(s,-1,0)", "STR_HASH(s,-1,0)", true, "DRDS takes the rule and then fails on every key"),
    (
        "STR_HASH(s,1,5,1,31)",
        "STR_HASH(s,1,5,1,31)",
        false,
        "the default seed given is the default seed left out",
    ),
    (
        "\\N",
        "YYYYMM_NOLOOP(d) between 20160101 and 20161231",
        true,
        "DRDS makes two tables where it needs twelve",
    ),
    (
        "HASH(id)",
        "YYYYDD_NOLOOP(d) between 20160101 and 20160105",
        true,
        "DRDS makes two tables where it needs five",
    ),
    (
        "HASH(id)",
        "YYYYWEEK_NOLOOP(d) between 20160101 and 20160201",
        true,
        "DRDS makes two tables where it needs six",
    ),
];

/// The grammar has no way to say TBPARTITIONS without TBPARTITION BY, so the parser refuses it.
const UNWRITABLE: (&str, &str, &str) = ("HASH(id)", "\\N", "4");

#[test]
fn all_naming_rows_agree() {
    let (mut rows, mut failures, mut deviations) = (0, 0, 0);
    for record in fixture::data("naming.csv").records() {
        let record = record.expect("a row of the vectors");
        let row: Vec<&str> = record.iter().collect();
        rows += 1;
        if (row[1], row[2], row[4]) == UNWRITABLE {
            assert_eq!(row[7], "refused");
            deviations += 1;
            continue;
        }
        let actual = names(&row);
        let deviation = DEVIATIONS.iter().find(|(db, tb, _, _)| (*db, *tb) == (row[1], row[2]));
        let agrees = match deviation {
            Some((_, _, refused, _)) => {
                deviations += 1;
                actual.is_err() == *refused
            }
            None if row[7] == "refused" => actual.is_err(),
            None => actual.as_ref().is_ok_and(|actual| *actual == row[10..16]),
        };
        if !agrees {
            failures += 1;
            println!("{row:?}: got {actual:?}");
        }
    }
    assert_eq!(rows, 204);
    assert_eq!(deviations, DEVIATIONS.len() + 1);
    assert_eq!(failures, 0);
}

/// Groups used, tables, first group and its tables, last group and its tables: the row's columns from `dbs_used` on.
fn names(row: &[&str]) -> Result<Vec<String>, RouterError> {
    let groups: u32 = row[3].parse().expect("D");
    let clause = ShardingClause::Sharded { db: clause(row[1], row[3]), tb: clause(row[2], row[4]) };
    let columns = columns();
    let request = RuleRequest {
        table: row[0],
        clause: &clause,
        columns: &columns,
        keys: &[],
        placement: Placement::Folded,
        groups,
        instances: row[5].parse().expect("I"),
        default_sharding: DefaultSharding::Single,
        unique_scope_global: false,
    };
    let (kind, _) = resolve(&request)?;
    assert!(matches!(kind, TableKind::Sharded(_)));
    let mut table = fixture::table(row[0], kind, columns);
    table.name_suffix = (row[6] != "\\N").then(|| row[6].to_owned());
    let topology = Topology::new(&table, &fixture::database(groups as usize))?;
    check_pattern(row, &topology);
    let mut by_group: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    topology.tables().iter().for_each(|t| by_group.entry(t.group).or_default().push(&t.name));
    let label = |group: usize| if row[1] == "\\N" { "default".to_owned() } else { group.to_string() };
    let (first, last) =
        (by_group.first_key_value().expect("a group"), by_group.last_key_value().expect("a group"));
    Ok(vec![
        by_group.len().to_string(),
        topology.len().to_string(),
        label(*first.0),
        listed(first.1),
        label(*last.0),
        listed(last.1),
    ])
}

/// The row's pattern has as many digits in braces as each name ends with.
fn check_pattern(row: &[&str], topology: &Topology) {
    if DEVIATIONS.iter().any(|(db, tb, _, _)| (*db, *tb) == (row[1], row[2])) {
        return;
    }
    let prefix = row[8].split('{').next().expect("text before the number");
    let digits: usize = row[9].parse().expect("pad_digits");
    for table in topology.tables() {
        let number = table.name.strip_prefix(prefix).expect("the prefix");
        assert!(number.len() == digits && number.bytes().all(|b| b.is_ascii_digit()), "{row:?} {table:?}");
    }
}

/// Up to four names whole, more with the middle left out, as the vectors write them.
fn listed(names: &[&str]) -> String {
    match names {
        [first, second, third, .., last] if names.len() > 5 => format!("{first} {second} {third} ... {last}"),
        _ => names.join(" "),
    }
}

fn clause(rule: &str, count: &str) -> Option<PartitionClause> {
    if rule == "\\N" {
        return None;
    }
    let (name, rest) = rule.split_once('(').expect("a function");
    let (inside, _) = rest.split_once(')').expect("a closing parenthesis");
    let arguments: Vec<&str> = inside.split(',').collect();
    let width = if name.starts_with("RANGE_HASH") { 2 } else { 1 };
    let (columns, parameters) = arguments.split_at(width);
    // STR_HASH(s,3): DRDS passes over the 3, so its parser hands on the defaults.
    let parameters = if name == "STR_HASH" && parameters.len() == 1 { &[] } else { parameters };
    Some(PartitionClause {
        function: function(name, &parameters.join(";")),
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        count: count.parse().ok(),
    })
}

fn columns() -> Vec<Column> {
    let text = ColumnType::VarChar {
        charset: Some("utf8mb4".into()),
        collation: Some("utf8mb4_bin".into()),
        length: None,
    };
    vec![
        fixture::column("id", ColumnType::BigInt { unsigned: false }),
        fixture::column("id2", ColumnType::BigInt { unsigned: false }),
        fixture::column("uid", ColumnType::BigInt { unsigned: true }),
        fixture::column("s", text),
        fixture::column("d", ColumnType::DateTime { fsp: 0 }),
        fixture::column("d2", ColumnType::DateTime { fsp: 0 }),
        fixture::column("dec", ColumnType::Decimal { precision: 20, scale: 2, unsigned: false }),
        fixture::column("bin", ColumnType::Binary),
        fixture::column("dbl", ColumnType::Double),
    ]
}

#[test]
fn deviations_name_rows_of_the_file() {
    let rows: Vec<(String, String)> = fixture::data("naming.csv")
        .records()
        .map(|record| record.expect("a row"))
        .map(|record| (record[1].to_owned(), record[2].to_owned()))
        .collect();
    for (db, tb, _, why) in DEVIATIONS {
        let count = rows.iter().filter(|row| (row.0.as_str(), row.1.as_str()) == (*db, *tb)).count();
        assert_eq!(count, 1, "{db} {tb}: {why}");
    }
    assert_eq!(
        function("STR_HASH", ""),
        ShardFunction::StrHash { start: -1, end: -1, value_type: 0, seed: 31 }
    );
}
