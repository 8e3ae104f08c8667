//! Tests of key conversion under MySQL's rules.

use std::ops::Bound;

use ostrakon_catalog::column::{Column, ColumnDefault, ColumnType};
use proptest::prelude::*;

use super::*;

fn key(data_type: ColumnType) -> KeyColumn {
    with(data_type, |_| {})
}

fn with(data_type: ColumnType, change: impl FnOnce(&mut Column)) -> KeyColumn {
    let mut column = Column {
        name: "c".into(),
        data_type,
        nullable: true,
        default: ColumnDefault::None,
        auto_increment: false,
        generated: false,
        invisible: false,
    };
    change(&mut column);
    KeyColumn::new(0, &column, Placement::Folded, &|_| None).expect("a key column")
}

fn int() -> KeyColumn {
    key(ColumnType::Int { unsigned: false })
}

fn text_column() -> ColumnType {
    ColumnType::VarChar {
        charset: Some("utf8mb4".into()),
        collation: Some("utf8mb4_bin".into()),
        length: None,
    }
}

fn text(s: &str) -> Value<'_> {
    Value::Text(s.as_bytes().into())
}

fn decimal(s: &str) -> Value<'_> {
    Value::Decimal(s.into())
}

fn stored(column: &KeyColumn, value: &Value<'_>) -> Result<Key<'static>, u16> {
    column.assign(value).map(owned).map_err(|error| error.errno)
}

fn date(year: u16, month: u8, day: u8) -> Key<'static> {
    Key::Date(Date::new(year, month, day))
}

#[test]
fn integers_are_stored_with_mysqls_rounding() {
    for (value, expected) in [
        (text("12"), 12),
        (text(" 12 "), 12),
        (text("1.5"), 2),
        (text("-1.5"), -2),
        (decimal("2.5"), 3),
        (decimal("-0.4"), 0),
        (Value::Double(2.5), 2),
        (Value::Double(3.5), 4),
        (Value::UInt(7), 7),
    ] {
        assert_eq!(stored(&int(), &value), Ok(Key::Int(expected)), "{value:?}");
    }
}

#[test]
fn integers_that_the_column_cannot_hold_are_errors() {
    for (value, errno) in [
        (text("abc"), 1366),
        (text("12abc"), 1265),
        (text(" -1x"), 1265),
        (text(""), 1366),
        (text("1e2"), 1235),
        (Value::Int(1 << 31), 1264),
        (decimal("99999999999999999999999999999999999999999"), 1264),
        (Value::Double(f64::NAN), 1235),
        (Value::Bytes(b"5".as_slice().into()), 1235),
    ] {
        assert_eq!(stored(&int(), &value), Err(errno), "{value:?}");
    }
    let unsigned = key(ColumnType::BigInt { unsigned: true });
    assert_eq!(stored(&unsigned, &Value::Int(-1)), Err(1264));
    assert_eq!(stored(&unsigned, &Value::UInt(u64::MAX)), Ok(Key::Int(u64::MAX.into())));
}

#[test]
fn nulls_and_defaults_follow_the_column() {
    assert_eq!(stored(&int(), &Value::Null), Ok(Key::Null));
    assert_eq!(stored(&int(), &Value::Default), Ok(Key::Null));
    let strict = with(ColumnType::Int { unsigned: false }, |c| c.nullable = false);
    assert_eq!(stored(&strict, &Value::Null), Err(1048));
    assert_eq!(stored(&strict, &Value::Default), Err(1364));
    let literal = with(text_column(), |c| c.default = ColumnDefault::Literal("'it''s'".into()));
    assert_eq!(stored(&literal, &Value::Default), Ok(Key::Text("it's".into())));
    let computed = with(text_column(), |c| c.default = ColumnDefault::Expression);
    assert_eq!(stored(&computed, &Value::Default), Err(1235));
    let escaped = with(text_column(), |c| c.default = ColumnDefault::Literal(r"'a\'b'".into()));
    assert_eq!(stored(&escaped, &Value::Default), Err(1235));
    let sequence = with(ColumnType::Int { unsigned: false }, |c| c.auto_increment = true);
    assert_eq!(stored(&sequence, &Value::Default), Err(1235));
}

#[test]
fn dates_are_stored_from_every_common_format() {
    let day = key(ColumnType::DateTime { fsp: 0 });
    for value in [
        text("2020-02-29"),
        text("2020-2-29"),
        text("20-02-29"),
        text("2020/02/29 10:11:12"),
        text("2020-02-29T23:59:59.4"),
        text("20200229"),
        text("200229"),
        text("20200229101112"),
        Value::Int(20_200_229),
        Value::UInt(20_200_229_101_112),
        Value::DateTime { year: 2020, month: 2, day: 29, hour: 1, minute: 2, second: 3, micros: 999_999 },
    ] {
        assert_eq!(stored(&day, &value), Ok(date(2020, 2, 29)), "{value:?}");
    }
    assert_eq!(stored(&day, &text("69-01-01")), Ok(date(2069, 1, 1)));
    assert_eq!(stored(&day, &text("70-01-01")), Ok(date(1970, 1, 1)));
    assert_eq!(stored(&day, &text("0000-00-00")), Ok(Key::Date(Date::ZERO)));
}

#[test]
fn dates_that_servers_read_differently_are_errors() {
    let day = key(ColumnType::DateTime { fsp: 3 });
    for (value, errno) in [
        (text("2021-02-29"), 1292),
        (text("2020-13-01"), 1292),
        (text("2020-01-01 24:00:00"), 1292),
        (text("yesterday"), 1292),
        (text("2020-01-01 10:00:00+08:00"), 1235),
        (text("10:11:12"), 1235),
        (text("2020-00-15"), 1235),
        (text("2020-05-00"), 1235),
        (text("2020-01-01 23:59:59.9996"), 1235),
        (Value::Double(20_200_101.0), 1235),
        (Value::Int(101), 1235),
    ] {
        assert_eq!(stored(&day, &value), Err(errno), "{value:?}");
    }
    assert_eq!(stored(&day, &text("2020-01-01 23:59:59.9994")), Ok(date(2020, 1, 1)));
}

#[test]
fn text_is_stored_without_trailing_spaces_and_in_its_character_set() {
    let column = key(text_column());
    assert_eq!(stored(&column, &text("ab  ")), Ok(Key::Text("ab".into())));
    assert_eq!(stored(&column, &Value::Int(-7)), Ok(Key::Text("-7".into())));
    assert_eq!(stored(&column, &decimal("1.50")), Ok(Key::Text("1.50".into())));
    assert_eq!(stored(&column, &decimal(".5")), Err(1235));
    assert_eq!(stored(&column, &decimal("007")), Err(1235));
    assert_eq!(stored(&column, &Value::Double(1.0)), Err(1235));
    assert_eq!(stored(&column, &Value::Text(b"\xFF".as_slice().into())), Err(1366));
    let latin1 = key(ColumnType::Char {
        charset: Some("latin1".into()),
        collation: Some("latin1_bin".into()),
        length: None,
    });
    assert_eq!(stored(&latin1, &text("é€")), Ok(Key::Text("é€".into())));
    assert_eq!(stored(&latin1, &text("漢")), Err(1366));
}

#[test]
fn text_that_a_lax_server_would_cut_is_refused() {
    for char_type in [true, false] {
        let (charset, collation, length) = (Some("utf8mb4".into()), Some("utf8mb4_bin".into()), Some(3));
        let column = key(match char_type {
            true => ColumnType::Char { charset, collation, length },
            false => ColumnType::VarChar { charset, collation, length },
        });
        assert_eq!(stored(&column, &text("äöü")), Ok(Key::Text("äöü".into())));
        assert_eq!(stored(&column, &text("äöü   ")), Ok(Key::Text("äöü".into())));
        assert_eq!(stored(&column, &text("äöüx")), Err(1406));
        assert_eq!(stored(&column, &text("abc x")), Err(1406));
        assert_eq!(stored(&column, &Value::Bytes(b"abcd".as_slice().into())), Err(1406));
        assert_eq!(stored(&column, &Value::Int(-100)), Err(1406));
    }
}

#[test]
fn comparisons_are_exact_only_where_one_key_can_match() {
    let exact = |n| Comparison::Exact(Key::Int(n));
    for (value, expected) in [
        (text("5"), exact(5)),
        (decimal("5.0"), exact(5)),
        (Value::Double(5.0), exact(5)),
        (Value::Null, Comparison::Never),
        (text("5abc"), Comparison::Unknown),
        (text("5e0"), Comparison::Unknown),
        (decimal("5.5"), Comparison::Unknown),
        (Value::Double(5.5), Comparison::Unknown),
        (Value::Double(9_007_199_254_740_992.0), Comparison::Unknown),
        (text("9007199254740993"), Comparison::Unknown),
        (Value::Bytes(b"5".as_slice().into()), Comparison::Unknown),
        (Value::Int(i64::MAX), Comparison::Unknown),
    ] {
        assert_eq!(int().compare(&value), expected, "{value:?}");
    }
    let column = key(text_column());
    assert_eq!(column.compare(&text("5 ")), Comparison::Exact(Key::Text("5".into())));
    assert_eq!(column.compare(&Value::Int(5)), Comparison::Unknown);
    let day = key(ColumnType::Date);
    assert_eq!(day.compare(&text("2020-01-02 10:00:00")), Comparison::Exact(date(2020, 1, 2)));
    assert_eq!(day.compare(&text("2020/01/02")), Comparison::Unknown);
    assert_eq!(day.compare(&text("2020-01-02 23:59:59.9")), Comparison::Unknown);
    assert_eq!(day.compare(&text("2020-01-32")), Comparison::Unknown);
}

#[test]
fn ranges_widen_to_whole_keys() {
    let range = |low, high| int().range(&low, &high);
    let included = Bound::Included;
    assert_eq!(range(included(Value::Int(3)), Bound::Excluded(Value::Int(7))), KeyRange::Integers(3, 6));
    assert_eq!(range(Bound::Excluded(decimal("2.5")), included(text("7"))), KeyRange::Integers(2, 7));
    assert_eq!(range(included(Value::Int(7)), included(Value::Int(3))), KeyRange::Never);
    assert_eq!(range(included(Value::Null), included(Value::Int(3))), KeyRange::Never);
    assert_eq!(range(Bound::Unbounded, included(text("x"))), KeyRange::Integers(-(1 << 31), (1 << 31) - 1));
    let day = key(ColumnType::DateTime { fsp: 0 });
    let month = day.range(&included(text("2020-02-01")), &Bound::Excluded(text("2020-03-01")));
    assert_eq!(month, KeyRange::Dates(Some(Date::new(2020, 2, 1)), Some(Date::new(2020, 3, 0))));
    let half = day.range(&Bound::Excluded(text("2020-02-01 10:00:00")), &Bound::Unbounded);
    assert_eq!(half, KeyRange::Dates(Some(Date::new(2020, 2, 1)), None));
}

#[test]
fn two_ranges_of_one_column_become_their_overlap() {
    let dates = |low, high| KeyRange::Dates(low, high);
    let (first, last) = (Date::new(2020, 1, 1), Date::new(2020, 6, 1));
    assert_eq!(dates(Some(first), None).intersect(dates(None, Some(last))), dates(Some(first), Some(last)));
    assert_eq!(dates(Some(last), None).intersect(dates(None, Some(first))), KeyRange::Never);
    assert_eq!(KeyRange::Integers(1, 9).intersect(KeyRange::Integers(5, 20)), KeyRange::Integers(5, 9));
    assert_eq!(KeyRange::Unknown.intersect(KeyRange::Integers(5, 20)), KeyRange::Integers(5, 20));
}

#[test]
fn timestamp_and_unknown_collations_are_refused() {
    let refused = |data_type| {
        let column = Column {
            name: "c".into(),
            data_type,
            nullable: true,
            default: ColumnDefault::None,
            auto_increment: false,
            generated: false,
            invisible: false,
        };
        KeyColumn::new(0, &column, Placement::Folded, &|_| None).expect_err("refused").message
    };
    assert!(refused(ColumnType::Timestamp { fsp: 0 }).contains("time zone"));
    let german = ColumnType::VarChar {
        charset: Some("latin1".into()),
        collation: Some("latin1_german2_ci".into()),
        length: None,
    };
    assert!(refused(german).contains("latin1_german2_ci"));
    let unbuilt = ColumnType::VarChar {
        charset: Some("utf8mb4".into()),
        collation: Some("utf8mb4_general_ci".into()),
        length: None,
    };
    assert!(refused(unbuilt).contains("not in the catalog"));
}

proptest! {
    #[test]
    fn any_text_converts_without_panic(s in "\\PC{0,20}", digits in "[-+0-9:. T/]{0,24}") {
        for column in [int(), key(ColumnType::Date), key(ColumnType::DateTime { fsp: 3 }), key(text_column())] {
            for value in [text(&s), text(&digits), Value::Decimal(digits.as_str().into())] {
                let _ = column.assign(&value);
                let _ = column.compare(&value);
                let _ = column.range(&Bound::Included(value.clone()), &Bound::Excluded(value.clone()));
            }
        }
    }

    #[test]
    fn what_is_stored_compares_equal_to_itself(s in "[-]?[0-9]{1,9}([.][0-9]{1,3})?", y in 1000u16..9999, m in 1u8..13, d in 1u8..29) {
        if let (Ok(key), Comparison::Exact(same)) = (int().assign(&text(&s)), int().compare(&text(&s))) {
            prop_assert_eq!(key, same);
        }
        let day = format!("{y:04}-{m:02}-{d:02}");
        let column = key(ColumnType::Date);
        let literal = text(&day);
        let key = column.assign(&literal).expect("a date");
        prop_assert_eq!(column.compare(&literal), Comparison::Exact(key));
    }
}
