//! Literals: plain ones that fill tables, and every odd spelling that a statement may compare or store.

use mysql_async::Value;
use rand::Rng;
use rand::rngs::StdRng;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int,
    Decimal,
    Double,
    Text,
    Date,
    Enum,
}

/// One of a list.
pub fn pick<'a, T: ?Sized>(rng: &mut StdRng, list: &[&'a T]) -> &'a T {
    list[rng.random_range(0..list.len())]
}

const INTS: &[&str] = &["0", "1", "2", "3", "4", "5", "7", "8", "10", "12", "19", "33", "64", "100", "127"];
const DECIMALS: &[&str] =
    &["0", "0.5", "-0.5", "1.000", "1.001", "2.5", "-3.125", "99.999", "1234567.891", "7"];
const DOUBLES: &[&str] = &["0", "0.25", "-0.25", "1.5", "2", "-1024.75", "7", "1e3", "3.5e2"];
const TEXTS: &[&str] = &[
    "''", "'a'", "'A'", "'b'", "'B'", "'a '", "'ä'", "'Ä'", "'á'", "'ab'", "'AB'", "'aB '", "'ß'", "'ss'",
    "'7'", "'07'", "'7 '", "'a''b'", "'a_c'", "'zz'", "'é'", "'e'", "'abc'", "'ABC'", "'10'",
];
const DATES: &[&str] = &[
    "'2024-01-01'",
    "'2024-01-31'",
    "'2024-02-29'",
    "'2023-12-31'",
    "'2024-03-05'",
    "'2022-07-17'",
    "'1999-11-30'",
    "'2024-12-30'",
    "'2024-01-31'",
    "'2025-01-05'",
];
const TIMES: &[&str] = &[" 00:00:00", " 10:11:12", " 23:59:59", " 12:00:00"];
const ENUMS: &[&str] = &["'x'", "'y'", "'z'", "''"];

/// A literal that its column stores as it is.
pub fn stored(rng: &mut StdRng, kind: Kind) -> String {
    match kind {
        Kind::Int => pick(rng, INTS).to_owned(),
        Kind::Decimal => pick(rng, DECIMALS).to_owned(),
        Kind::Double => pick(rng, DOUBLES).to_owned(),
        Kind::Text => pick(rng, TEXTS).to_owned(),
        Kind::Date => pick(rng, DATES).to_owned(),
        Kind::Enum => pick(rng, ENUMS).to_owned(),
    }
}

const ODD_INTS: &[&str] = &[
    "-1",
    "-0",
    "+7",
    "(7)",
    "((8))",
    "7.0",
    "7.5",
    "6.5",
    "7e0",
    "0.7e1",
    "'7'",
    "'7 '",
    "' 7'",
    "'07'",
    "'7abc'",
    "'7.5'",
    "'7e0'",
    "'+7'",
    "0x07",
    "x'07'",
    "b'111'",
    "0b111",
    "TRUE",
    "FALSE",
    "NULL",
    "7+0",
    "3+4",
    "'abc'",
    "''",
    "' '",
    "255",
    "256",
    "32768",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e30",
    "-7",
    "- 7",
    "-(7)",
    "!0",
    "007",
    "7.",
    "7.49999999999999999999",
    "'7\\0'",
    "DATE '2024-01-31'",
    "'2024-01-31'",
    "\"7\"",
    "N'7'",
    "_utf8mb4'7'",
    "_binary'7'",
    "'7' '0'",
    "1.5e1",
    "ABS(-7)",
    "'0x07'",
    "'-7'",
    "-'7'",
    "~0",
    "CAST(7 AS SIGNED)",
    "7 DIV 1",
    "14/2",
    "'\\t7'",
    "'7\\n'",
    "'１'",
    "128",
    "-128",
    "-129",
    "7 COLLATE utf8mb4_bin",
];
const ODD_TEXTS: &[&str] = &[
    "7",
    "07",
    "7.0",
    "7.50",
    "0",
    "-0.0",
    "10",
    "NULL",
    "TRUE",
    "x'61'",
    "0x61",
    "0x6162",
    "b'01100001'",
    "N'a'",
    "n'A'",
    "_utf8mb4'a'",
    "_latin1'a'",
    "_latin1'\\xe4'",
    "_binary'a'",
    "'a' 'b'",
    "\"ab\"",
    "'a  '",
    "'   '",
    "' a'",
    "CONCAT('a','b')",
    "('a')",
    "'a\\'b'",
    "'a\\_c'",
    "'a\\\\b'",
    "'a%'",
    "'ａ'",
    "'Ａ'",
    "'æ'",
    "'ae'",
    "'ŀ'",
    "'😀'",
    "'€'",
    "'ſ'",
    "'SS'",
    "'S'",
    "'ẞ'",
    "'ä'",
    "'a\\0'",
    "'\\0'",
    "'\\n'",
    "'a\\n'",
    "'a\\t'",
    "'i'",
    "'İ'",
    "'ı'",
    "'0123456789ab'",
    "'0123456789ab '",
    "'0123456789abc'",
    "'12345678'",
    "'123456789'",
    "'12345678  '",
    "1e1",
    "1e100",
    "0.1e1",
    "12345678901234",
    "DATE '2024-01-31'",
    "'a' COLLATE utf8mb4_bin",
    "'A' COLLATE utf8mb4_general_ci",
    "UPPER('a')",
    "BINARY 'a'",
    "CAST('a' AS BINARY)",
    "'7abc'",
    "1+6",
    "'ﬀ'",
    "'ff'",
    "'\u{200b}a'",
    "'a\u{301}'",
    "'Å'",
    "'\u{212b}'",
    "'µ'",
    "'μ'",
    "x'e4'",
    "x'c3a4'",
    "x'ff'",
    "'日本'",
    "-7",
    "+7",
];
const ODD_DATES: &[&str] = &[
    "'2024-1-5'",
    "'20240131'",
    "20240131",
    "20240131101112",
    "'2024-01-31 10:11:12'",
    "'2024-01-31 00:00:00'",
    "'2024-01-31 23:59:59.999'",
    "'2024-01-31 23:59:59.9999'",
    "DATE '2024-01-31'",
    "DATE'2024-02-29'",
    "TIMESTAMP '2024-01-31 10:11:12'",
    "{d '2024-01-31'}",
    "{ts '2024-01-31 00:00:00'}",
    "'24-01-31'",
    "'2024/01/31'",
    "'2024-02-30'",
    "'2024-00-10'",
    "'0000-00-00'",
    "''",
    "NULL",
    "'abc'",
    "'2024-01-31 '",
    "' 2024-01-31'",
    "'2024-01-31T10:11:12'",
    "'2024-01-31 10:11'",
    "'2024-01-31 10'",
    "0",
    "240131",
    "20240131.0",
    "20240131.5",
    "2.0240131e7",
    "'2024.01.31'",
    "'2024-01-31x'",
    "'2024-01-31 10:11:12 '",
    "'2024-01-31 10:11:12x'",
    "CURRENT_DATE",
    "NOW()",
    "'2024-01-31' + INTERVAL 1 DAY",
    "TIME '10:11:12'",
    "'10:11:12'",
    "TRUE",
    "'9999-12-31'",
    "'1000-01-01'",
    "'0001-01-01'",
    "x'323032342D30312D3331'",
    "'2024-01-01 00:00:00.000001'",
    "'2023-12-31 24:00:00'",
    "'2024-01-31 10:11:60'",
    "'2024-01-31 10:11:12.0004'",
    "'2024-01-31 10:11:12.0005'",
    "'2024-01-31 10:11:12+01:00'",
    "'２０２４-01-31'",
    "N'2024-01-31'",
    "_utf8mb4'2024-01-31'",
    "-20240131",
    "'700101'",
    "'2024-01-31 00:00:00.000'",
    "'2024-12-30 00:00:00'",
    "'99991231'",
];
const ODD_ENUMS: &[&str] = &["1", "2", "0", "NULL", "'X'", "'x '", "'w'", "'1'", "1.0", "5"];
const ODD_NUMBERS: &[&str] = &[
    "'0.5'",
    "5e-1",
    "NULL",
    "'abc'",
    "TRUE",
    "1/2",
    "0.50000",
    "0x1",
    "'2.5x'",
    "-0.0",
    "1e400",
    "99999999.999",
    "12345678.9995",
    "7",
];

/// A literal in any spelling; mostly of the column's own kind.
pub fn any(rng: &mut StdRng, kind: Kind) -> String {
    if rng.random_range(0..14) == 0 {
        let other = [Kind::Int, Kind::Decimal, Kind::Double, Kind::Text, Kind::Date, Kind::Enum]
            [rng.random_range(0..6)];
        return if rng.random() { stored(rng, other) } else { odd(rng, other) };
    }
    if rng.random_range(0..3) > 0 { stored(rng, kind) } else { odd(rng, kind) }
}

fn odd(rng: &mut StdRng, kind: Kind) -> String {
    match kind {
        Kind::Int => pick(rng, ODD_INTS).to_owned(),
        Kind::Text => pick(rng, ODD_TEXTS).to_owned(),
        Kind::Date if rng.random_range(0..4) == 0 => {
            format!("{}{}'", stored(rng, Kind::Date).trim_end_matches('\''), pick(rng, TIMES))
        }
        Kind::Date => pick(rng, ODD_DATES).to_owned(),
        Kind::Enum => pick(rng, ODD_ENUMS).to_owned(),
        Kind::Decimal | Kind::Double => pick(rng, ODD_NUMBERS).to_owned(),
    }
}

/// A parameter for a column of this kind; mostly of its own kind.
pub fn parameter(rng: &mut StdRng, kind: Kind) -> Value {
    let date = |rng: &mut StdRng| {
        let days = [(2024, 1, 31), (2024, 2, 29), (2023, 12, 31), (2024, 1, 1), (2022, 7, 17)];
        let (year, month, day) = days[rng.random_range(0..days.len())];
        let times = [(0, 0, 0, 0), (10, 11, 12, 0), (23, 59, 59, 999_900), (23, 59, 59, 0)];
        let (hour, minute, second, micros) = times[rng.random_range(0..times.len())];
        Value::Date(year, month, day, hour, minute, second, micros)
    };
    let text = |literal: String| Value::from(literal.trim_matches('\'').replace("''", "'"));
    let kind = if rng.random_range(0..10) == 0 { Kind::Double } else { kind };
    match (kind, rng.random_range(0..6)) {
        (_, 0) if rng.random() => Value::NULL,
        (Kind::Date, 0..3) => date(rng),
        (Kind::Date, _) => text(stored(rng, Kind::Date)),
        (Kind::Int, 0) => Value::UInt([7, 8, 255, u64::MAX][rng.random_range(0..4)]),
        (Kind::Int, 1) => text(stored(rng, Kind::Int)),
        (Kind::Int, 2) => Value::Double([7.0, 7.5, 6.5, 1e30, -0.0][rng.random_range(0..5)]),
        (Kind::Int, _) => Value::Int([1, 2, 3, 4, 5, 7, 8, 10, 12, -1, i64::MIN][rng.random_range(0..11)]),
        (Kind::Text | Kind::Enum, 1) => Value::Int(7),
        (Kind::Text | Kind::Enum, _) => text(stored(rng, kind)),
        (Kind::Decimal | Kind::Double, 1..3) => text(stored(rng, Kind::Decimal)),
        (Kind::Decimal | Kind::Double, 3) => Value::Float(1.5),
        (Kind::Decimal | Kind::Double, _) => {
            Value::Double([0.25, 1.5, 7.0, -1024.75][rng.random_range(0..4)])
        }
    }
}
