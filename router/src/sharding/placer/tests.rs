//! Tests of placing and pruning: the true shard is never lost.

use std::borrow::Cow;
use std::ops::Bound;

use ostrakon_catalog::column::{Column, ColumnDefault, ColumnType};
use ostrakon_catalog::rule::{Partition, Placement, ShardFunction};
use ostrakon_catalog::schema::{DefaultSharding, Group};
use proptest::prelude::*;

use super::*;

fn column(name: &str, data_type: ColumnType) -> Column {
    Column {
        name: name.into(),
        data_type,
        nullable: true,
        default: ColumnDefault::None,
        auto_increment: false,
        generated: false,
        invisible: false,
    }
}

fn text_type() -> ColumnType {
    ColumnType::VarChar {
        charset: Some("utf8mb4".into()),
        collation: Some("utf8mb4_bin".into()),
        length: None,
    }
}

/// Ordinals: 0 big, 1 big2, 2 small, 3 unsigned, 4 text, 5 day, 6 time.
fn columns() -> Vec<Column> {
    vec![
        column("big", ColumnType::BigInt { unsigned: false }),
        column("big2", ColumnType::BigInt { unsigned: false }),
        column("small", ColumnType::SmallInt { unsigned: false }),
        column("ubig", ColumnType::BigInt { unsigned: true }),
        column("text", text_type()),
        column("day", ColumnType::Date),
        column("at", ColumnType::DateTime { fsp: 0 }),
    ]
}

fn database(groups: u32) -> Database {
    let group =
        |n| Group { name: format!("G{n}"), physical_database: format!("db`{n}"), instance: 1 + n % 2 };
    Database {
        name: "shop".into(),
        groups: (0..groups).map(group).collect(),
        default_sharding: DefaultSharding::Single,
        guard: Default::default(),
        charset: "utf8mb4".into(),
        collation: "utf8mb4_bin".into(),
        tables: Default::default(),
        sequences: Default::default(),
        views: Default::default(),
    }
}

fn table(kind: TableKind) -> Table {
    Table {
        id: 1,
        name: "t".into(),
        kind,
        columns: columns(),
        keys: Vec::new(),
        name_suffix: None,
        physical_base: "t".into(),
        allow_full_table_scan: None,
        generated_key: None,
    }
}

type Clause<'a> = Option<(ShardFunction, &'a [&'a str])>;

fn rule(db: Clause<'_>, tb: Clause<'_>, groups: u32, tables: u32) -> ShardingRule {
    let partition = |(function, columns): (ShardFunction, &[&str]), count| Partition {
        function,
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        count,
    };
    ShardingRule {
        db: db.map(|clause| partition(clause, groups)),
        tables_per_group: if tb.is_some() { tables } else { 1 },
        tb: tb.map(|clause| partition(clause, tables)),
        groups,
        instances: 2,
        placement: Placement::Folded,
    }
}

fn placer(db: Clause<'_>, tb: Clause<'_>, groups: u32, tables: u32) -> Placer {
    let kind = TableKind::Sharded(rule(db, tb, groups, tables));
    Placer::new(&table(kind), &database(groups), &|_| None).expect("a placer")
}

fn both(function: ShardFunction, column: &str, groups: u32, tables: u32) -> Placer {
    let columns = [column];
    placer(Some((function.clone(), &columns)), Some((function, &columns)), groups, tables)
}

fn points<'a>(values: &[Value<'a>]) -> ColumnCondition<'a> {
    ColumnCondition::Points(Cow::Owned(values.to_vec()))
}

#[test]
fn single_and_broadcast_tables_have_their_copies() {
    let single = Placer::new(&table(TableKind::Single), &database(3), &|_| None).expect("a placer");
    assert_eq!(single.place_row(&[]), Ok(0));
    assert_eq!(single.topology().tables()[0].quoted.as_ref(), "`db``0`.`t`");
    let broadcast = Placer::new(&table(TableKind::Broadcast), &database(3), &|_| None).expect("a placer");
    assert_eq!(broadcast.topology().len(), 3);
    assert_eq!(broadcast.topology().get(2).map(|t| t.group), Some(2));
    assert!(broadcast.place_row(&[]).is_err());
    assert!(broadcast.prune(&[]).is_all());
    assert!(single.co_located_with(&single) && !broadcast.co_located_with(&broadcast));
}

#[test]
fn changed_groups_are_refused() {
    let kind = TableKind::Sharded(rule(Some((ShardFunction::Hash, &["big"])), None, 4, 1));
    assert!(Placer::new(&table(kind), &database(5), &|_| None).is_err());
}

#[test]
fn a_point_is_one_shard() {
    let placer = both(ShardFunction::Hash, "big", 4, 4);
    assert_eq!(placer.key_ordinals(), [0]);
    assert_eq!(placer.place_row(&[&Value::Int(-21)]), Ok(5));
    assert_eq!(placer.point(&[&Value::Text(b"21".as_slice().into())]), PointRoute::Shard(5));
    assert_eq!(placer.point(&[&Value::Null]), PointRoute::Nothing);
    assert_eq!(placer.point(&[&Value::Double(1.5)]), PointRoute::Unknown);
    assert_eq!(placer.prune(&[(0, points(&[Value::Int(21), Value::Int(22), Value::Null]))]).count(), 2);
    assert!(placer.prune(&[(0, points(&[Value::Int(21), Value::Double(1.5)]))]).is_all());
    assert!(placer.prune(&[(1, points(&[Value::Int(21)]))]).is_all());
    assert!(placer.prune(&[(0, points(&[Value::Int(21)])), (0, points(&[Value::Int(22)]))]).is_empty());
}

#[test]
fn two_keys_prune_each_on_its_own() {
    let placer = placer(Some((ShardFunction::Hash, &["big"])), Some((ShardFunction::Mm, &["day"])), 4, 12);
    assert_eq!(placer.key_ordinals(), [0, 5]);
    let day = Value::Text(b"2020-05-06".as_slice().into());
    assert_eq!(placer.place_row(&[&Value::Int(6), &day]), Ok(2 * 12 + 5));
    assert_eq!(placer.prune(&[(0, points(&[Value::Int(6)]))]).count(), 12);
    assert_eq!(placer.prune(&[(5, points(std::slice::from_ref(&day)))]).count(), 4);
    let both = [(0, points(&[Value::Int(6)])), (5, points(&[day]))];
    assert_eq!(placer.prune(&both).single(), Some(29));
}

#[test]
fn one_month_of_a_range_is_one_table() {
    let placer = placer(Some((ShardFunction::Hash, &["big"])), Some((ShardFunction::Mm, &["at"])), 2, 12);
    let literal = |s: &'static str| Value::Text(s.as_bytes().into());
    let low = ColumnCondition::Range { low: Bound::Included(literal("2020-02-01")), high: Bound::Unbounded };
    let high = ColumnCondition::Range { low: Bound::Unbounded, high: Bound::Excluded(literal("2020-03-01")) };
    assert!(placer.prune(&[(6, low.clone())]).is_all());
    assert_eq!(placer.prune(&[(6, low), (6, high)]).iter().collect::<Vec<_>>(), [2, 14]);
}

#[test]
fn range_hash_refuses_tails_that_differ() {
    let columns: &[&str] = &["big", "big2"];
    let function = ShardFunction::RangeHash1 { tail: 2 };
    let placer = placer(Some((function.clone(), columns)), Some((function, columns)), 4, 4);
    let place = |a, b| placer.place_row(&[&a, &b]);
    assert_eq!(
        place(Value::Int(117), Value::Int(2017)),
        Ok(placer.prune(&[(1, points(&[Value::Int(17)]))]).iter().max().expect("a shard"))
    );
    assert!(place(Value::Int(117), Value::Int(2018)).is_err());
    assert_eq!(place(Value::Null, Value::Int(17)), Ok(0));
    // Rows with a NULL in the first column lie in table 0, so a search by the second one looks there too.
    assert!(placer.prune(&[(1, points(&[Value::Int(17)]))]).contains(0));
    assert_eq!(placer.prune(&[(0, points(&[Value::Int(17)]))]).count(), 1);
}

#[test]
fn is_null_finds_the_null_shard_only_where_null_is_null() {
    let placer = both(ShardFunction::Hash, "text", 4, 4);
    let null = placer.prune(&[(4, ColumnCondition::IsNull)]);
    assert_eq!(null.single(), placer.place_row(&[&Value::Null]).ok());
    assert_eq!(null.single(), Some(0), "48 mod 16");
    let mut strict = table(TableKind::Sharded(rule(Some((ShardFunction::Yyyydd, &["day"])), None, 4, 1)));
    strict.columns[5].nullable = false;
    let strict = Placer::new(&strict, &database(4), &|_| None).expect("a placer");
    assert!(strict.prune(&[(5, ColumnCondition::IsNull)]).is_all(), "finds zero dates");
}

#[test]
fn tables_are_co_located_by_function_key_and_groups() {
    let hash = both(ShardFunction::Hash, "big", 4, 4);
    assert!(hash.co_located_with(&both(ShardFunction::Hash, "small", 4, 4)));
    assert!(hash.co_located_with(&both(ShardFunction::Hash, "ubig", 4, 4)));
    assert!(!hash.co_located_with(&both(ShardFunction::Hash, "text", 4, 4)));
    assert!(!hash.co_located_with(&both(ShardFunction::Hash, "big", 4, 2)));
    assert!(!hash.co_located_with(&both(ShardFunction::UniHash, "big", 4, 4)));
    // UNI_HASH of -5 is 4 in a BIGINT column and 5 in a SMALLINT one.
    let uni = |column| both(ShardFunction::UniHash, column, 4, 4);
    assert!(!uni("big").co_located_with(&uni("small")));
    assert!(uni("big").co_located_with(&uni("big2")));
    assert!(both(ShardFunction::Mmdd, "day", 4, 4).co_located_with(&both(ShardFunction::Mmdd, "at", 4, 4)));
    let mut moved = hash.clone();
    moved.groups[0].0 = 99;
    assert!(!hash.co_located_with(&moved));
}

#[test]
fn raw_text_is_co_located_only_where_equal_is_identical() {
    let with = |placement, collation: &str| {
        let mut made = rule(Some((ShardFunction::Hash, &["text"])), None, 4, 1);
        made.placement = placement;
        let mut table = table(TableKind::Sharded(made));
        table.columns[4].data_type = ColumnType::VarChar {
            charset: Some("utf8mb4".into()),
            collation: Some(collation.into()),
            length: None,
        };
        Placer::new(&table, &database(4), &|_| None).expect("a placer")
    };
    let folded = with(Placement::Folded, "utf8mb4_bin");
    let raw = with(Placement::Drds, "utf8mb4_bin");
    let exact = with(Placement::Drds, "utf8mb4_nopad_bin");
    assert!(folded.co_located_with(&folded));
    assert!(!raw.co_located_with(&raw) && !folded.co_located_with(&raw));
    assert!(exact.co_located_with(&exact));
}

/// A rule of any function that can be on these columns.
fn any_clause() -> impl Strategy<Value = (ShardFunction, &'static [&'static str])> {
    let integers = prop_oneof![
        Just(ShardFunction::Hash),
        Just(ShardFunction::UniHash),
        (0i64..70).prop_map(|shift| ShardFunction::RightShift { shift })
    ];
    let dates = prop::sample::select(vec![
        ShardFunction::Mm,
        ShardFunction::Dd,
        ShardFunction::Week,
        ShardFunction::Mmdd,
        ShardFunction::Yyyymm,
        ShardFunction::Yyyyweek,
        ShardFunction::Yyyydd,
        ShardFunction::YyyymmOpt,
    ]);
    let columns = |names: &[&'static [&'static str]]| prop::sample::select(names.to_vec());
    let tails = prop_oneof![
        (1u32..6).prop_map(|tail| ShardFunction::RangeHash { tail }),
        (1u32..6).prop_map(|tail| ShardFunction::RangeHash1 { tail })
    ];
    prop_oneof![
        (integers, columns(&[&["big"], &["small"]])),
        (Just(ShardFunction::Hash), columns(&[&["ubig"], &["text"]])),
        (dates, columns(&[&["day"], &["at"]])),
        (tails, columns(&[&["big", "big2"], &["big2", "big"]])),
        (Just(ShardFunction::StrHash { start: -1, end: 3, value_type: 0, seed: 131 }), columns(&[&["text"]])),
    ]
}

/// Values of one row, in ordinal order: near each other, so that ranges meet them.
fn any_row() -> impl Strategy<Value = Vec<Value<'static>>> {
    let day = (2018u16..2022, 1u8..13, 1u8..29, 0u8..24);
    (any::<bool>(), -3000i64..3000, any::<i64>(), any::<u64>(), "[a-c ]{0,4}", day, 0u8..8).prop_map(
        |(large, near, far, unsigned, text, (year, month, day, hour), null)| {
            let big = if large { far } else { near };
            let date = |hour| Value::DateTime { year, month, day, hour, minute: 0, second: 0, micros: 0 };
            let mut row = vec![
                Value::Int(big),
                Value::Int(big),
                Value::Int(near),
                Value::UInt(unsigned),
                Value::Text(text.into_bytes().into()),
                date(0),
                date(hour),
            ];
            if let Some(value) = row.get_mut(usize::from(null)) {
                *value = Value::Null;
            }
            row
        },
    )
}

/// A condition that a row's value satisfies: `extra` is other values, `spread` the ends' distance.
fn satisfied(
    value: &Value<'static>,
    kind: u8,
    spread: i64,
    extra: Vec<Value<'static>>,
) -> ColumnCondition<'static> {
    let around = |by: i64| match value {
        Value::Int(n) => Some(Value::Int(n.saturating_add(by))),
        Value::UInt(n) => Some(Value::UInt(n.saturating_add_signed(by))),
        Value::DateTime { year, month, day, hour, minute, second, micros } => {
            let shifted = (i64::from(*day) + by).clamp(1, 28) as u8;
            Some(Value::DateTime {
                year: *year,
                month: *month,
                day: shifted,
                hour: if shifted == *day { *hour } else { 0 },
                minute: *minute,
                second: *second,
                micros: *micros,
            })
        }
        _ => None,
    };
    match (kind, around(-spread), around(spread)) {
        _ if *value == Value::Null => ColumnCondition::IsNull,
        (0, _, _) => ColumnCondition::Any,
        (1, Some(low), Some(high)) => {
            ColumnCondition::Range { low: Bound::Included(low), high: Bound::Included(high) }
        }
        (2, Some(low), _) if low != *value => {
            ColumnCondition::Range { low: Bound::Excluded(low), high: Bound::Included(value.clone()) }
        }
        (3, _, Some(high)) if high != *value => {
            ColumnCondition::Range { low: Bound::Included(value.clone()), high: Bound::Excluded(high) }
        }
        (4, _, _) => ColumnCondition::Range { low: Bound::Included(value.clone()), high: Bound::Unbounded },
        _ => {
            let mut values = extra;
            values.push(value.clone());
            ColumnCondition::Points(Cow::Owned(values))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn pruning_never_loses_the_row(
        db in any_clause(),
        tb in any_clause(),
        shape in 0u8..4,
        (groups, tables) in (1u32..9, 1u32..12),
        row in any_row(),
        conditions in prop::collection::vec((0usize..7, 0u8..7, 0i64..40, any_row()), 1..4),
    ) {
        let placer = match shape {
            0 => placer(Some(db.clone()), Some(db), groups, tables),
            1 => placer(Some(db), Some(tb), groups, tables),
            2 => placer(Some(db), None, groups, tables),
            _ => placer(None, Some(tb), groups, tables),
        };
        let values: Vec<&Value<'_>> = placer.key_ordinals().iter().map(|ordinal| &row[*ordinal]).collect();
        let shard = placer.place_row(&values);
        // RANGE_HASH rows whose columns disagree are refused; every other row has a place.
        prop_assume!(shard.is_ok());
        let shard = shard.expect("placed");
        prop_assert!(shard < placer.topology().len());
        let conditions: Vec<_> = conditions
            .into_iter()
            .map(|(column, kind, spread, other)| (column, satisfied(&row[column], kind, spread, vec![other[column].clone()])))
            .collect();
        let set = placer.prune(&conditions);
        prop_assert!(set.contains(shard), "{conditions:?} of {row:?} gives {set:?} without {shard}");
        match placer.point(&values) {
            PointRoute::Shard(found) => prop_assert_eq!(found, shard),
            PointRoute::Nothing => prop_assert!(values.iter().any(|v| **v == Value::Null)),
            PointRoute::Unknown => prop_assert!(false, "every value is of its column's type"),
        }
    }
}
