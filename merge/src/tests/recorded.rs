//! Answers recorded from MariaDB 10.11: the same statement on three slices of a table and on the whole of it.
//!
//! `vectors/answers.txt` has for each case and form of rows the packets of each slice's answer (`source`: column definitions,
//! then rows, in hexadecimal), and the rows of the whole table's answer (`answer`). Merged rows must equal those byte for byte.

use ostrakon_router::merge::{
    Aggregate, ColumnRef, CompareOp, GroupSpec, Having, HavingOperand, Limit, MergeSpec, Operand,
};

use super::super::*;
use super::kit::{SortKey, descending, drive, key};

const ANSWERS: &str = include_str!("../vectors/answers.txt");

/// Payloads of packets.
type Payloads = Vec<Vec<u8>>;

#[derive(Default)]
struct Recorded {
    name: String,
    binary: bool,
    /// Column definitions and rows of each source.
    sources: Vec<(Payloads, Payloads)>,
    answer: Payloads,
    in_answer: bool,
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn cases() -> Vec<Recorded> {
    let mut cases: Vec<Recorded> = Vec::new();
    for line in ANSWERS.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "case" {
            let (name, form) = rest.split_once(' ').unwrap();
            cases.push(Recorded { name: name.into(), binary: form == "binary", ..Default::default() });
            continue;
        }
        let case = cases.last_mut().unwrap();
        match word {
            "source" => case.sources.push(Default::default()),
            "answer" => case.in_answer = true,
            "column" => case.sources.last_mut().unwrap().0.push(bytes(rest)),
            "row" if case.in_answer => case.answer.push(bytes(rest)),
            "row" => case.sources.last_mut().unwrap().1.push(bytes(rest)),
            _ => panic!("unknown line: {line}"),
        }
    }
    cases
}

fn weighed(column: usize, weight: usize) -> SortKey {
    SortKey { weight: Some(ColumnRef::Hidden(weight)), ..key(column) }
}

fn hidden_key(column: usize) -> SortKey {
    SortKey { value: ColumnRef::Hidden(column), ..key(0) }
}

fn ordered(hidden: usize, input_order: Vec<SortKey>) -> MergeSpec {
    MergeSpec { hidden, input_order, ..Default::default() }
}

fn grouped(hidden: usize, keys: usize, outputs: Vec<Aggregate>) -> MergeSpec {
    let keys: Vec<SortKey> = (0..keys).map(key).collect();
    let group = GroupSpec { keys: keys.clone(), outputs, hidden_outputs: Vec::new(), having: None };
    MergeSpec { group: Some(group), ..ordered(hidden, keys) }
}

fn limited(spec: MergeSpec, offset: u64, count: u64) -> MergeSpec {
    let limit = Limit { offset: Operand::Constant(offset), count: Operand::Constant(count) };
    MergeSpec { limit: Some(limit), ..spec }
}

fn average(pair: usize) -> Aggregate {
    Aggregate::Avg { sum: ColumnRef::Hidden(2 * pair), count: ColumnRef::Hidden(2 * pair + 1) }
}

/// What the planner would say of each recorded statement.
fn spec(name: &str) -> MergeSpec {
    use Aggregate::{Count, First, Max, Min, Sum};
    let (min, max) = (Min { weight: None }, Max { weight: None });
    match name {
        "union" => MergeSpec::default(),
        // SELECT s, id, weight ORDER BY s, id
        "order_string" | "order_bin" => ordered(1, vec![weighed(0, 0), key(1)]),
        // SELECT s, id, dt, weight ORDER BY s DESC, id DESC LIMIT 5, 15
        "order_string_down" => {
            let keys = vec![SortKey { descending: true, ..weighed(0, 0) }, descending(1)];
            limited(ordered(1, keys), 5, 15)
        }
        // SELECT id, d5, dt ORDER BY d5 DESC, dt, id
        "order_decimal" => ordered(0, vec![descending(1), key(2), key(0)]),
        // SELECT tm, vb, id ORDER BY tm, vb, id
        "order_time" => ordered(0, vec![key(0), key(1), key(2)]),
        // SELECT bu, x, y, id ORDER BY y, bu DESC, x, id
        "order_numbers" => ordered(0, vec![key(2), descending(0), key(1), key(3)]),
        // SELECT id, f, e, ts, f + 0e0, e + 0, UNIX_TIMESTAMP(ts) ORDER BY f, e, ts, id
        "order_through" => ordered(3, vec![hidden_key(0), hidden_key(1), hidden_key(2), key(0)]),
        // SELECT DISTINCT k, d2 < 0, y ORDER BY k, d2 < 0, y
        "distinct" => MergeSpec { distinct: true, ..ordered(0, vec![key(0), key(1), key(2)]) },
        // SELECT k, COUNT(*), SUM(d5), AVG(d5), SUM(i), AVG(i), SUM(x), AVG(x), MIN(dt), MAX(tm), MIN(sb), MAX(bu), SUM(d2), AVG(d2),
        // MIN(vb), MAX(dd), AVG(bu), SUM(y), MAX(e), then SUM and COUNT of each AVG, weights of MIN(sb) and MAX(e)
        "groups" => {
            let weighed = |hidden| Some(ColumnRef::Hidden(hidden));
            let outputs = vec![
                First,
                Count,
                Sum,
                average(0),
                Sum,
                average(1),
                Sum,
                average(2),
                min,
                max,
                Min { weight: weighed(10) },
                max,
                Sum,
                average(3),
                min,
                max,
                average(4),
                Sum,
                Max { weight: weighed(11) },
            ];
            grouped(12, 1, outputs)
        }
        // SELECT k, y, SUM(i), COUNT(d2), SUM(x) GROUP BY k, y HAVING NOT (SUM(i) > 100.5 OR SUM(x) < 1e1)
        "groups_having" => {
            let compare = |column, op, number: &str| Having::Compare {
                column: ColumnRef::Visible(column),
                op,
                with: HavingOperand::Number(number.into()),
            };
            let either = vec![compare(2, CompareOp::Greater, "100.5"), compare(4, CompareOp::Less, "1e1")];
            let mut spec = grouped(0, 2, vec![First, First, Sum, Count, Sum]);
            spec.group.as_mut().unwrap().having = Some(Having::Not(Box::new(Having::Or(either))));
            spec
        }
        // SELECT y, COUNT(*), SUM(d2) GROUP BY y ORDER BY SUM(d2) DESC, y LIMIT 1, 3
        "groups_sorted" => {
            let spec = limited(grouped(0, 1, vec![First, Count, Sum]), 1, 3);
            MergeSpec { output_order: Some(vec![descending(2), key(0)]), ..spec }
        }
        // SELECT COUNT(*), COUNT(s), SUM(d5), MIN(i), MAX(f), AVG(d5), 'x', SUM(d5), COUNT(d5)
        "whole" | "whole_empty" => grouped(2, 0, vec![Count, Count, Sum, min, max, average(0), First]),
        _ => panic!("no specification for {name}"),
    }
}

fn merged(case: &Recorded) -> Vec<Vec<u8>> {
    let definitions: Vec<Vec<ColumnDefinition<'_>>> = case
        .sources
        .iter()
        .map(|(columns, _)| columns.iter().map(|column| ColumnDefinition::decode(column).unwrap()).collect())
        .collect();
    let mut collations = Collations::default();
    collations
        .insert(&CollationName::new(b"utf8mb4_general_ci").unwrap(), Some(PadRule::Pad(b"\0 "[..].into())));
    collations.insert(&CollationName::new(b"utf8mb4_bin").unwrap(), Some(PadRule::Pad(b"\0\0 "[..].into())));
    collations
        .insert(&CollationName::new(b"latin1_swedish_ci").unwrap(), Some(PadRule::Pad(b" "[..].into())));
    let merge = Merge::new(MergeInput {
        spec: &spec(&case.name),
        columns: &definitions[0],
        format: if case.binary { RowFormat::Binary } else { RowFormat::Text },
        sources: case.sources.len(),
        limits: MergeLimits { memory: 1 << 24 },
        numbers: &|_| None,
        collations: Arc::default(),
    })
    .unwrap();
    definitions[1..].iter().for_each(|columns| merge.check_columns(columns).unwrap());
    let rows: Vec<Vec<Vec<u8>>> = case.sources.iter().map(|(_, rows)| rows.clone()).collect();
    drive(merge, &rows, &collations).unwrap().rows
}

#[test]
fn merged_slices_equal_the_whole_tables_answer() {
    let cases = cases();
    assert_eq!(cases.len(), 28);
    for case in &cases {
        let (mut rows, mut expected) = (merged(case), case.answer.clone());
        if case.name == "union" {
            rows.sort();
            expected.sort();
        }
        let difference = rows.iter().zip(&expected).find(|(row, expected)| row != expected);
        assert_eq!(difference, None, "{} {}", case.name, if case.binary { "binary" } else { "text" });
        assert_eq!(rows.len(), expected.len(), "{}", case.name);
    }
}
