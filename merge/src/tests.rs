//! What a merge must do, shown on small cases in both forms of rows.

mod kit;
mod properties;
mod recorded;
mod refusals;

use ostrakon_protocol::column::ColumnType;
use ostrakon_router::merge::{
    Aggregate, ColumnRef, CompareOp, GroupSpec, Having, HavingOperand, Limit, MergeSpec, Operand,
};

use super::*;
use kit::{Case, Row, column, decimal_column, descending, key, row, string_key, text_column, weight};

fn limit(offset: u64, count: u64) -> Option<Limit> {
    Some(Limit { offset: Operand::Constant(offset), count: Operand::Constant(count) })
}

fn two_sources() -> Vec<Vec<Row>> {
    vec![
        vec![row(["1", "a"]), row(["3", "c"]), row(["5", "e"])],
        vec![row(["2", "b"]), row(["3", "d"]), row(["4", "f"])],
    ]
}

fn id_and_name(spec: MergeSpec) -> Case {
    Case::new(spec, vec![column("id", ColumnType::LONG), text_column("name")], two_sources())
}

#[test]
fn ordered_rows_interleave_and_equal_ones_come_by_source() {
    let spec = MergeSpec { input_order: vec![key(0)], ..Default::default() };
    id_and_name(spec).gives(&[
        row(["1", "a"]),
        row(["2", "b"]),
        row(["3", "c"]),
        row(["3", "d"]),
        row(["4", "f"]),
        row(["5", "e"]),
    ]);
}

#[test]
fn a_union_gives_every_row_once() {
    let mut case = id_and_name(MergeSpec::default());
    case.any_order = true;
    case.gives(&two_sources().concat());
}

#[test]
fn limit_and_offset_count_merged_rows_and_stop_early() {
    let spec = MergeSpec { input_order: vec![key(0)], limit: limit(1, 2), ..Default::default() };
    let case = id_and_name(spec);
    case.gives(&[row(["2", "b"]), row(["3", "c"])]);
    assert!(case.run(RowFormat::Text).unwrap().read < 6, "rows behind the limit were read");
    let none = MergeSpec { input_order: vec![key(0)], limit: limit(0, 0), ..Default::default() };
    let case = id_and_name(none);
    case.gives(&[]);
    assert_eq!(case.run(RowFormat::Text).unwrap().read, 0);
}

#[test]
fn limits_come_from_holes_too() {
    let bounds = Limit { offset: Operand::Hole(0), count: Operand::Hole(1) };
    let spec = MergeSpec { input_order: vec![key(0)], limit: Some(bounds), ..Default::default() };
    let mut case = id_and_name(spec);
    case.numbers = vec![Some(Number::from(4_u64)), Some(Number::from(10_u64))];
    case.gives(&[row(["4", "f"]), row(["5", "e"])]);
    case.numbers = vec![Some(Number::from(0_u64)), Some(Number::from(-1_i64))];
    assert_eq!(case.run(RowFormat::Text).unwrap_err(), MergeError::Limit);
}

#[test]
fn null_sorts_first_and_last_when_descending() {
    let columns = || vec![column("id", ColumnType::LONG)];
    let up = MergeSpec { input_order: vec![key(0)], ..Default::default() };
    let null = vec![None];
    Case::new(up, columns(), vec![vec![row(["-1"])], vec![null.clone(), row(["-2"])]]).gives(&[
        null.clone(),
        row(["-2"]),
        row(["-1"]),
    ]);
    let down = MergeSpec { input_order: vec![descending(0)], ..Default::default() };
    Case::new(down, columns(), vec![vec![row(["-1"])], vec![row(["-2"]), null.clone()]]).gives(&[
        row(["-1"]),
        row(["-2"]),
        null,
    ]);
}

#[test]
fn numbers_compare_by_value_not_by_text() {
    let sorted = |columns: Vec<_>, left: [&str; 2], right: [&str; 2], expected: [&str; 4]| {
        let spec = MergeSpec { input_order: vec![key(0)], ..Default::default() };
        let sources = vec![left.map(|cell| row([cell])).to_vec(), right.map(|cell| row([cell])).to_vec()];
        Case::new(spec, columns, sources).gives(&expected.map(|cell| row([cell])));
    };
    let mut big = column("n", ColumnType::LONGLONG);
    sorted(vec![big.clone()], ["-9", "10"], ["-10", "9"], ["-10", "-9", "9", "10"]);
    big.flags = 0x20;
    sorted(
        vec![big],
        ["9", "18446744073709551615"],
        ["10", "9223372036854775808"],
        ["9", "10", "9223372036854775808", "18446744073709551615"],
    );
    sorted(
        vec![decimal_column("d", 2)],
        ["-10.50", "9.50"],
        ["-9.50", "10.00"],
        ["-10.50", "-9.50", "9.50", "10.00"],
    );
    let mut double = column("d", ColumnType::DOUBLE);
    double.decimals = 31;
    sorted(vec![double], ["-1e100", "0.5"], ["-2", "1e15"], ["-1e100", "-2", "0.5", "1e15"]);
    let mut time = column("t", ColumnType::TIME);
    time.decimals = 0;
    sorted(
        vec![time],
        ["-100:00:00", "99:00:00"],
        ["-99:00:00", "100:00:00"],
        ["-100:00:00", "-99:00:00", "99:00:00", "100:00:00"],
    );
    sorted(
        vec![column("t", ColumnType::DATETIME)],
        ["0000-00-00 00:00:00", "2024-02-29 00:00:00"],
        ["1000-01-01 00:00:00", "9999-12-31 23:59:59"],
        ["0000-00-00 00:00:00", "1000-01-01 00:00:00", "2024-02-29 00:00:00", "9999-12-31 23:59:59"],
    );
}

#[test]
fn strings_compare_by_padded_weights() {
    let spec = MergeSpec { hidden: 1, input_order: vec![string_key(0, 0)], ..Default::default() };
    let columns = vec![text_column("name"), weight()];
    // 'a' and 'a ' are equal, 'a<TAB>' is less than both, and case does not count.
    let named = |name: &str| vec![Some(name.into()), Some(kit::weight_of(name))];
    let case = Case::new(
        spec,
        columns,
        vec![vec![named("a\t"), named("A "), named("b")], vec![named("a"), named("B"), named("c")]],
    );
    case.gives(&[row(["a\t"]), row(["A "]), row(["a"]), row(["b"]), row(["B"]), row(["c"])]);
}

#[test]
fn a_collation_is_asked_of_once_when_its_first_string_comes() {
    let spec = MergeSpec { hidden: 1, input_order: vec![string_key(0, 0)], ..Default::default() };
    let case = Case::new(spec, vec![text_column("name"), weight()], vec![Vec::new()]);
    let mut merge = case.merge(RowFormat::Text).unwrap();
    let push = |merge: &mut Merge, name: Option<&str>| {
        let cells = vec![name.map(|name| name.as_bytes().to_vec()), name.map(kit::weight_of)];
        let payload = kit::encode(RowFormat::Text, &case.columns, &cells);
        let pushed = merge.push_row(0, &payload).unwrap();
        let step = merge.next(&mut Vec::new()).unwrap();
        (pushed, step)
    };
    assert_eq!(push(&mut merge, None), (Pushed::Taken, Step::Row), "NULL is of none");
    for _ in 0..2 {
        let asked = Pushed::Unknown(CollationName::new(b"latin1_swedish_ci").unwrap());
        assert_eq!(push(&mut merge, Some("a")), (asked, Step::NeedRow(0)));
    }
    merge.know(Arc::new(kit::collations()));
    assert_eq!(push(&mut merge, Some("a")), (Pushed::Taken, Step::Row));
    assert_eq!(push(&mut merge, Some("b")), (Pushed::Taken, Step::Row));
}

#[test]
fn without_padding_a_prefix_is_less() {
    let pad = |rule: &PadRule, left: &[u8], right: &[u8]| key::compare_weights(rule, left, right);
    let padded = PadRule::Pad(b"\x02\x09"[..].into());
    assert_eq!(pad(&PadRule::NoPad, b"\x0E\x33", b"\x0E\x33\x02\x09"), Ordering::Less);
    assert_eq!(pad(&padded, b"\x0E\x33", b"\x0E\x33\x02\x09\x02\x09"), Ordering::Equal);
    assert_eq!(pad(&padded, b"\x0E\x33", b"\x0E\x33\x02\x01"), Ordering::Greater);
    assert_eq!(pad(&padded, b"\x0E\x33\x02\x0A", b"\x0E\x33"), Ordering::Greater);
}

#[test]
fn distinct_rows_come_once_across_sources() {
    let order = vec![key(0), string_key(1, 0)];
    let spec = MergeSpec { hidden: 1, input_order: order, distinct: true, ..Default::default() };
    let columns = vec![column("n", ColumnType::LONG), text_column("s"), weight()];
    let cells = |n: &str, s: &str| vec![Some(n.into()), Some(s.into()), Some(kit::weight_of(s))];
    let sources = vec![
        vec![cells("1", "a"), cells("1", "b")],
        vec![cells("1", "A "), cells("2", "a")],
        vec![cells("1", "B")],
    ];
    Case::new(spec, columns, sources).gives(&[row(["1", "a"]), row(["1", "b"]), row(["2", "a"])]);
}

/// SELECT k, COUNT(*), SUM(d), MIN(s), AVG(d) ... GROUP BY k: hidden are SUM, COUNT and the weight of MIN.
fn grouped() -> (MergeSpec, Vec<ColumnDefinition<'static>>) {
    let spec = MergeSpec {
        hidden: 3,
        input_order: vec![key(0)],
        group: Some(GroupSpec {
            keys: vec![key(0)],
            outputs: vec![
                Aggregate::First,
                Aggregate::Count,
                Aggregate::Sum,
                Aggregate::Min { weight: Some(ColumnRef::Hidden(2)) },
                Aggregate::Avg { sum: ColumnRef::Hidden(0), count: ColumnRef::Hidden(1) },
            ],
            hidden_outputs: Vec::new(),
            having: None,
        }),
        ..Default::default()
    };
    let columns = vec![
        column("k", ColumnType::LONG),
        column("COUNT(*)", ColumnType::LONGLONG),
        decimal_column("SUM(d)", 2),
        text_column("MIN(s)"),
        decimal_column("AVG(d)", 6),
        decimal_column("sum", 2),
        column("count", ColumnType::LONGLONG),
        weight(),
    ];
    (spec, columns)
}

fn partial(k: &str, rows: &str, sum: Option<&str>, min: Option<&str>, count: &str) -> Row {
    let text = |cell: &str| Some(cell.into());
    vec![
        text(k),
        text(rows),
        sum.and_then(text),
        min.and_then(text),
        sum.map(|_| "0.000000".into()),
        sum.and_then(text),
        text(count),
        min.map(kit::weight_of),
    ]
}

fn grouped_sources() -> Vec<Vec<Row>> {
    vec![
        vec![
            partial("1", "3", Some("1.00"), Some("b"), "2"),
            partial("2", "1", None, None, "0"),
            partial("3", "1", Some("-0.50"), Some("x"), "1"),
        ],
        vec![partial("1", "1", Some("1.00"), Some("A"), "1"), partial("2", "2", None, None, "0")],
    ]
}

#[test]
fn groups_combine_partial_aggregates() {
    let (spec, columns) = grouped();
    let nulls = vec![Some("2".into()), Some("3".into()), None, None, None];
    Case::new(spec, columns, grouped_sources()).gives(&[
        row(["1", "4", "2.00", "A", "0.666667"]),
        nulls,
        row(["3", "1", "-0.50", "x", "-0.500000"]),
    ]);
}

#[test]
fn having_follows_three_valued_logic() {
    let compare = |column, op, number: &str| Having::Compare {
        column: ColumnRef::Visible(column),
        op,
        with: HavingOperand::Number(number.into()),
    };
    let keys_of = |having: Having| {
        let (mut spec, columns) = grouped();
        spec.group.as_mut().unwrap().having = Some(having);
        let answer = Case::new(spec, columns, grouped_sources()).run(RowFormat::Text).unwrap();
        let key = |payload: &Vec<u8>| char::from(payload[1]);
        answer.rows.iter().map(key).collect::<String>()
    };
    assert_eq!(keys_of(compare(2, CompareOp::Greater, "1.99")), "1");
    assert_eq!(keys_of(compare(2, CompareOp::LessEq, "2")), "13");
    assert_eq!(keys_of(compare(2, CompareOp::NotEq, "2")), "3");
    // NOT of unknown is unknown; OR with true is true; AND with false is false.
    assert_eq!(keys_of(Having::Not(Box::new(compare(2, CompareOp::Eq, "2")))), "3");
    let sum_or_count = vec![compare(2, CompareOp::Eq, "7"), compare(1, CompareOp::Eq, "3")];
    assert_eq!(keys_of(Having::Or(sum_or_count.clone())), "2");
    assert_eq!(keys_of(Having::Not(Box::new(Having::And(sum_or_count)))), "13");
    assert_eq!(keys_of(Having::IsNull { column: ColumnRef::Visible(2), negated: false }), "2");
    assert_eq!(keys_of(Having::IsNull { column: ColumnRef::Visible(2), negated: true }), "13");
    let with = HavingOperand::Column(ColumnRef::Visible(0));
    assert_eq!(
        keys_of(Having::Compare { column: ColumnRef::Visible(1), op: CompareOp::Greater, with }),
        "12"
    );
}

#[test]
fn finished_groups_are_sorted_again_and_hidden_aggregates_feed_that() {
    let (mut spec, columns) = grouped();
    spec.group.as_mut().unwrap().hidden_outputs = vec![(1, Aggregate::Count)];
    spec.output_order =
        Some(vec![kit::SortKey { value: ColumnRef::Hidden(1), ..descending(0) }, descending(0)]);
    spec.limit = limit(0, 2);
    Case::new(spec, columns, grouped_sources())
        .gives(&[row(["1", "4", "2.00", "A", "0.666667"]), row(["3", "1", "-0.50", "x", "-0.500000"])]);
}

#[test]
fn a_second_sort_by_a_minimum_uses_the_winners_weight() {
    let (mut spec, columns) = grouped();
    spec.output_order = Some(vec![kit::SortKey { descending: true, ..string_key(3, 2) }]);
    let answer = Case::new(spec, columns, grouped_sources()).run(RowFormat::Binary).unwrap();
    // Keys are 4 bytes behind header and bitmap: x (3), A (1), NULL (2).
    assert_eq!(answer.rows.iter().map(|payload| payload[2]).collect::<Vec<_>>(), [3, 1, 2]);
}

fn whole(sources: Vec<Vec<Row>>) -> Case {
    let group = GroupSpec {
        keys: Vec::new(),
        outputs: vec![Aggregate::Count, Aggregate::Max { weight: None }, Aggregate::First],
        hidden_outputs: Vec::new(),
        having: None,
    };
    let spec = MergeSpec { group: Some(group), ..Default::default() };
    let columns = vec![
        column("COUNT(*)", ColumnType::LONGLONG),
        column("MAX(t)", ColumnType::DATE),
        text_column("constant"),
    ];
    Case::new(spec, columns, sources)
}

#[test]
fn aggregates_without_groups_give_one_row() {
    let empty = vec![Some("0".into()), None, None];
    let sources =
        vec![vec![empty.clone()], vec![row(["2", "2024-01-31", "x"])], vec![row(["3", "2024-02-01", "x"])]];
    whole(sources).gives(&[row(["5", "2024-02-01", "x"])]);
    whole(vec![vec![empty.clone()], vec![empty.clone()]]).gives(std::slice::from_ref(&empty));
    whole(vec![Vec::new(), Vec::new()]).gives(&[empty]);
}

#[test]
fn hidden_columns_are_cut_off_and_the_null_bitmap_is_made_anew() {
    let mut columns: Vec<_> = (0..9).map(|_| column("n", ColumnType::SHORT)).collect();
    columns.push(column("hidden", ColumnType::LONG));
    let mut cells: Row = row(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    cells[1] = None;
    cells[8] = None;
    let spec = MergeSpec {
        hidden: 1,
        input_order: vec![kit::SortKey { value: ColumnRef::Hidden(0), ..key(0) }],
        ..Default::default()
    };
    let case = Case::new(spec, columns, vec![vec![cells.clone()], Vec::new()]);
    case.gives(&[cells[..9].to_vec()]);
}

#[test]
fn a_single_source_or_none_is_a_merge_too() {
    let spec = || MergeSpec { input_order: vec![key(0)], ..Default::default() };
    let columns = || vec![column("id", ColumnType::LONG)];
    Case::new(spec(), columns(), Vec::new()).gives(&[]);
    Case::new(spec(), columns(), vec![vec![row(["1"]), row(["1"])]]).gives(&[row(["1"]), row(["1"])]);
}

#[test]
fn a_limited_sort_holds_no_more_than_it_gives() {
    let rows: Vec<Row> =
        (0..20_000).map(|n| row([(n * 7919 % 20_000).to_string().as_str(), "pad"])).collect();
    let spec = MergeSpec { output_order: Some(vec![key(0)]), limit: limit(1, 2), ..Default::default() };
    let mut case =
        Case::new(spec, vec![column("n", ColumnType::LONG), text_column("s")], vec![rows, Vec::new()]);
    case.memory = 1 << 20;
    case.gives(&[row(["1", "pad"]), row(["2", "pad"])]);
    case.spec.limit = None;
    assert_eq!(case.run(RowFormat::Text).unwrap_err(), MergeError::OverBudget { limit: 1 << 20 });
}
