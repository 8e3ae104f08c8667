//! Every row of `placement.csv`: function, layout and topology together give the group and the name.

use std::borrow::Cow;

use ostrakon_catalog::rule::{Partition, Placement, ShardFunction, ShardingRule};
use ostrakon_catalog::schema::TableKind;
use ostrakon_router::sharding::function::{hash, period_suffix};
use ostrakon_router::sharding::key::{Date, Key, KeyType};
use ostrakon_router::sharding::layout::{Layout, LayoutKind};
use ostrakon_router::sharding::topology::Topology;

use super::fixture;

struct Row {
    function: String,
    params: String,
    key_type: String,
    key: String,
    second: String,
    databases: u32,
    tables: Option<u32>,
    mode: String,
}

#[test]
fn all_placement_rows_agree() {
    let mut rows = 0;
    let mut failures = 0;
    for record in fixture::data("placement.csv").records() {
        let record = record.expect("a row of the vectors");
        let field = |n: usize| record[n].to_owned();
        let row = Row {
            function: field(0),
            params: field(1),
            key_type: field(2),
            key: field(3),
            second: field(4),
            databases: record[5].parse().expect("D"),
            tables: record[6].parse().ok(),
            mode: field(7),
        };
        let expected = (record[8].parse::<usize>().expect("db_index"), field(10));
        let number = expected.1.trim_start_matches('_').parse().unwrap_or(0_u64);
        assert_eq!(
            number,
            record[9].parse::<u64>().expect("table_index"),
            "the vectors agree with themselves"
        );
        let actual = place(&row);
        rows += 1;
        if actual != expected {
            failures += 1;
            println!("{record:?}: got {actual:?}");
        }
    }
    assert_eq!(rows, 12_005);
    assert_eq!(failures, 0);
}

/// (group, text after the logical name).
fn place(row: &Row) -> (usize, String) {
    let function = function(&row.function, &row.params);
    if let ShardFunction::YyyymmNoloop { .. }
    | ShardFunction::YyyyddNoloop { .. }
    | ShardFunction::YyyyweekNoloop { .. } = function
    {
        let date = match key(&row.key_type, &row.key) {
            Some(Key::Date(date)) => date,
            _ => Date::new(1970, 1, 1),
        };
        return (0, format!("_{}", period_suffix(&function, date).expect("a NOLOOP function")));
    }
    let rule = rule(row, function);
    let layout = Layout::of(&rule);
    let index = match layout.kind() {
        LayoutKind::Split => {
            let half = |partition: Option<&Partition>, part: &dyn Fn(u64) -> usize| {
                partition.map_or(0, |p| part(hash_of(row, p)))
            };
            let group = half(rule.db.as_ref(), &|h| layout.group(h));
            layout.index(group, half(rule.tb.as_ref(), &|h| layout.table(h)))
        }
        _ => layout.joint(hash_of(row, rule.db.as_ref().expect("one key for both"))),
    };
    let table = fixture::table("t", TableKind::Sharded(rule), Vec::new());
    let topology = Topology::new(&table, &fixture::database(row.databases as usize)).expect("a topology");
    let found = topology.get(index).expect("an index of the topology");
    (found.group, found.name.strip_prefix('t').expect("the logical name").to_owned())
}

fn rule(row: &Row, function: ShardFunction) -> ShardingRule {
    let range = matches!(function, ShardFunction::RangeHash { .. } | ShardFunction::RangeHash1 { .. });
    let tables = row.tables.expect("T");
    let part = |function: &ShardFunction, columns: &[&str], count| Partition {
        function: function.clone(),
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        count,
    };
    let (first, other): (&[&str], &[&str]) =
        if range { (&["c1", "c2"], &["d1", "d2"]) } else { (&["c"], &["d"]) };
    let db = part(&function, first, row.databases);
    let (db, tb) = match row.mode.as_str() {
        "same_key" => (Some(db), Some(part(&function, first, tables))),
        "separate" if row.second != "\\N" && !range => {
            (Some(part(&ShardFunction::Hash, &["b"], row.databases)), Some(part(&function, other, tables)))
        }
        "separate" => (Some(db), Some(part(&function, other, tables))),
        "db_only" => (Some(db), None),
        "tb_only" => (None, Some(part(&function, first, tables))),
        mode => panic!("unknown mode {mode}"),
    };
    let instances = row.params.strip_prefix("inst=").map_or(1, |i| i.parse().expect("I"));
    ShardingRule {
        db,
        tb,
        groups: row.databases,
        tables_per_group: tables,
        instances,
        placement: Placement::Drds,
    }
}

fn hash_of(row: &Row, partition: &Partition) -> u64 {
    let (name, value) = match partition.columns.first().map(String::as_str) {
        Some("b") => ("bigint", &row.second),
        _ => (row.key_type.as_str(), &row.key),
    };
    let key = key(name, value).or_else(|| key(name, &row.second)).expect("one of the two columns is there");
    let key_type = KeyType::of(&fixture::column_type(name)).expect("a key type");
    hash(&partition.function, key_type, &key).expect("a key that the function places")
}

/// `None`: the column is absent from the condition.
fn key(key_type: &str, text: &str) -> Option<Key<'static>> {
    if text == "\\A" {
        return None;
    }
    if text == "\\N" {
        return Some(Key::Null);
    }
    Some(match key_type {
        "varchar" => Key::Text(Cow::Owned(unescape(text))),
        "date" | "datetime" | "timestamp" => {
            let part = |range: std::ops::Range<usize>| text[range].parse::<u16>().expect("a date");
            Key::Date(Date::new(part(0..4), part(5..7) as u8, part(8..10) as u8))
        }
        _ => Key::Int(text.parse().expect("an integer")),
    })
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('x') => {
                let hex: String = chars.by_ref().take(2).collect();
                out.push(char::from(u8::from_str_radix(&hex, 16).expect("two hex digits")));
            }
            other => out.push(other.expect("an escape")),
        }
    }
    out
}

pub fn function(name: &str, params: &str) -> ShardFunction {
    let numbers: Vec<i64> = params.split(';').filter_map(|p| p.parse().ok()).collect();
    let number = |n: usize, default: i64| numbers.get(n).copied().unwrap_or(default);
    let bounds = || (String::new(), String::new());
    match name {
        "HASH" => ShardFunction::Hash,
        "UNI_HASH" => ShardFunction::UniHash,
        "STR_HASH" => ShardFunction::StrHash {
            start: number(0, -1) as i32,
            end: number(1, -1) as i32,
            value_type: number(2, 0) as u8,
            seed: number(3, 31) as u32,
        },
        "RIGHT_SHIFT" => ShardFunction::RightShift { shift: number(0, 0) },
        "RANGE_HASH" => ShardFunction::RangeHash { tail: number(0, 0) as u32 },
        "RANGE_HASH1" => ShardFunction::RangeHash1 { tail: number(0, 0) as u32 },
        "MM" => ShardFunction::Mm,
        "DD" => ShardFunction::Dd,
        "WEEK" => ShardFunction::Week,
        "MMDD" => ShardFunction::Mmdd,
        "YYYYMM" => ShardFunction::Yyyymm,
        "YYYYWEEK" => ShardFunction::Yyyyweek,
        "YYYYDD" => ShardFunction::Yyyydd,
        "YYYYMM_OPT" => ShardFunction::YyyymmOpt,
        "YYYYWEEK_OPT" => ShardFunction::YyyyweekOpt,
        "YYYYDD_OPT" => ShardFunction::YyyyddOpt,
        "YYYYMM_NOLOOP" => {
            let (from, to) = bounds();
            ShardFunction::YyyymmNoloop { from, to }
        }
        "YYYYWEEK_NOLOOP" => {
            let (from, to) = bounds();
            ShardFunction::YyyyweekNoloop { from, to }
        }
        "YYYYDD_NOLOOP" => {
            let (from, to) = bounds();
            ShardFunction::YyyyddNoloop { from, to }
        }
        other => panic!("unknown function {other}"),
    }
}
