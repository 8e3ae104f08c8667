//! Split, then merged, is the whole: random rows over random sources against a plain sort and plain sums.

use std::collections::BTreeMap;

use ostrakon_protocol::column::ColumnType;
use ostrakon_router::merge::{Aggregate, ColumnRef, GroupSpec, Limit, MergeSpec, Operand};
use proptest::prelude::*;

use super::super::*;
use super::kit::{self, Case, SortKey, column, decimal_column, key, string_key, text_column, weight};

/// A row of the model: a number, cents, a string; each may be NULL.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    number: Option<i32>,
    cents: Option<i64>,
    text: Option<String>,
}

fn model() -> impl Strategy<Value = Model> {
    (
        proptest::option::weighted(0.9, -3..4_i32),
        proptest::option::weighted(0.9, -300..300_i64),
        proptest::option::weighted(0.9, "[aAbB \t]{0,3}"),
    )
        .prop_map(|(number, cents, text)| Model { number, cents, text })
}

/// Rows, each with its source.
fn split(rows: impl Strategy<Value = Model>) -> impl Strategy<Value = Vec<Vec<Model>>> {
    proptest::collection::vec(proptest::collection::vec(rows, 0..12), 1..6)
}

fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// PAD SPACE, without case.
fn folded(text: &str) -> Vec<u8> {
    let mut bytes = text.to_ascii_uppercase().into_bytes();
    bytes.resize(4, b' ');
    bytes
}

fn columns() -> Vec<ColumnDefinition<'static>> {
    vec![column("number", ColumnType::LONG), decimal_column("cents", 2), text_column("text"), weight()]
}

fn cells(row: &Model) -> kit::Row {
    let text = |value: Option<String>| value.map(String::into_bytes);
    vec![
        text(row.number.map(|number| number.to_string())),
        text(row.cents.map(money)),
        text(row.text.clone()),
        row.text.as_deref().map(kit::weight_of),
    ]
}

/// The keys of a case: which column, descending or not.
fn sort_keys(order: &[(usize, bool)]) -> Vec<SortKey> {
    let sort_key = |column| if column == 2 { string_key(2, 0) } else { key(column) };
    order
        .iter()
        .map(|(column, descending)| SortKey { descending: *descending, ..sort_key(*column) })
        .collect()
}

fn compare(order: &[(usize, bool)], a: &Model, b: &Model) -> Ordering {
    let one = |column: usize| match column {
        0 => a.number.cmp(&b.number),
        1 => a.cents.cmp(&b.cents),
        _ => a.text.as_deref().map(folded).cmp(&b.text.as_deref().map(folded)),
    };
    let directed = |(column, descending): &(usize, bool)| {
        if *descending { one(*column).reverse() } else { one(*column) }
    };
    order.iter().map(directed).fold(Ordering::Equal, Ordering::then)
}

/// The visible part of the expected rows.
fn visible(rows: &[Model]) -> Vec<kit::Row> {
    rows.iter().map(|row| cells(row)[..3].to_vec()).collect()
}

fn case(spec: MergeSpec, sources: &[Vec<Model>]) -> Case {
    let sources = sources.iter().map(|rows| rows.iter().map(cells).collect()).collect();
    Case::new(MergeSpec { hidden: 1, ..spec }, columns(), sources)
}

fn order() -> impl Strategy<Value = Vec<(usize, bool)>> {
    proptest::sample::subsequence(vec![0, 1, 2], 1..=3).prop_shuffle().prop_flat_map(|columns| {
        let count = columns.len();
        proptest::collection::vec(any::<bool>(), count)
            .prop_map(move |directions| columns.iter().copied().zip(directions).collect())
    })
}

proptest! {
    #[test]
    fn merged_rows_equal_the_sorted_whole(
        mut sources in split(model()),
        order in order(),
        limit in proptest::option::of((0..10_u64, 0..30_u64)),
    ) {
        sources.iter_mut().for_each(|rows| rows.sort_by(|a, b| compare(&order, a, b)));
        let mut whole = sources.concat();
        whole.sort_by(|a, b| compare(&order, a, b));
        let (offset, count) = limit.unwrap_or((0, u64::MAX));
        let expected: Vec<Model> = whole
            .into_iter()
            .skip(usize::try_from(offset).unwrap())
            .take(usize::try_from(count).unwrap_or(usize::MAX))
            .collect();
        let limit = limit.map(|(offset, count)| Limit { offset: Operand::Constant(offset), count: Operand::Constant(count) });
        case(MergeSpec { input_order: sort_keys(&order), limit, ..Default::default() }, &sources).gives(&visible(&expected));
    }

    #[test]
    fn distinct_gives_each_value_once(mut sources in split(model())) {
        let order = [(0, false), (1, true), (2, false)];
        sources.iter_mut().for_each(|rows| rows.sort_by(|a, b| compare(&order, a, b)));
        let mut whole = sources.concat();
        whole.sort_by(|a, b| compare(&order, a, b));
        whole.dedup_by(|b, a| compare(&order, a, b) == Ordering::Equal);
        let spec = MergeSpec { input_order: sort_keys(&order), distinct: true, ..Default::default() };
        case(spec, &sources).gives(&visible(&whole));
    }

    #[test]
    fn a_second_sort_is_stable(mut sources in split(model()), second in order()) {
        let first = [(0, false)];
        sources.iter_mut().for_each(|rows| rows.sort_by(|a, b| compare(&first, a, b)));
        let mut whole = sources.concat();
        whole.sort_by(|a, b| compare(&first, a, b));
        whole.sort_by(|a, b| compare(&second, a, b));
        let output_order = Some(sort_keys(&second));
        let spec = MergeSpec { input_order: sort_keys(&first), output_order, ..Default::default() };
        case(spec, &sources).gives(&visible(&whole));
    }

    #[test]
    fn partial_aggregates_equal_the_aggregates_of_the_whole(sources in split(model())) {
        let group = GroupSpec {
            keys: vec![key(0)],
            outputs: vec![
                Aggregate::First,
                Aggregate::Count,
                Aggregate::Sum,
                Aggregate::Min { weight: None },
                Aggregate::Max { weight: None },
                Aggregate::Avg { sum: ColumnRef::Hidden(0), count: ColumnRef::Hidden(1) },
            ],
            hidden_outputs: Vec::new(),
            having: None,
        };
        let spec = MergeSpec { hidden: 2, input_order: vec![key(0)], group: Some(group), ..Default::default() };
        let columns = vec![
            column("k", ColumnType::LONG),
            column("COUNT", ColumnType::LONGLONG),
            decimal_column("SUM", 2),
            decimal_column("MIN", 2),
            decimal_column("MAX", 2),
            decimal_column("AVG", 6),
            decimal_column("sum", 2),
            column("count", ColumnType::LONGLONG),
        ];
        let partials = sources.iter().map(|rows| aggregate(rows)).collect();
        let expected: Vec<kit::Row> = aggregate(&sources.concat()).iter().map(|row| row[..6].to_vec()).collect();
        Case::new(spec, columns, partials).gives(&expected);
    }

    #[test]
    fn arbitrary_bytes_never_panic(payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..4)) {
        for format in [RowFormat::Text, RowFormat::Binary] {
            let merge = Merge::new(MergeInput {
                spec: &MergeSpec { hidden: 1, input_order: sort_keys(&[(0, false), (1, true), (2, false)]), ..Default::default() },
                columns: &columns(),
                format,
                sources: payloads.len(),
                limits: MergeLimits { memory: 1 << 20 },
                numbers: &|_| None,
                collations: Arc::default(),
            })
            .unwrap();
            let sources: Vec<Vec<Vec<u8>>> = payloads.iter().map(|payload| vec![payload.clone()]).collect();
            let _ = kit::drive(merge, &sources, &kit::collations());
        }
    }
}

/// Aggregates of rows by number, as one server would give them, with the partials SUM and COUNT behind.
fn aggregate(rows: &[Model]) -> Vec<kit::Row> {
    let mut groups: BTreeMap<Option<i32>, Vec<&Model>> = BTreeMap::new();
    rows.iter().for_each(|row| groups.entry(row.number).or_default().push(row));
    let text = |value: Option<String>| value.map(String::into_bytes);
    groups
        .into_iter()
        .map(|(number, rows)| {
            let cents: Vec<i64> = rows.iter().filter_map(|row| row.cents).collect();
            let count = i64::try_from(cents.len()).unwrap();
            let sum = (count > 0).then(|| cents.iter().sum::<i64>());
            vec![
                text(number.map(|number| number.to_string())),
                text(Some(rows.len().to_string())),
                text(sum.map(money)),
                text(cents.iter().min().copied().map(money)),
                text(cents.iter().max().copied().map(money)),
                text(sum.map(|sum| average(sum, count))),
                text(sum.map(money)),
                text(Some(count.to_string())),
            ]
        })
        .collect()
}

/// Six decimals, half away from zero.
fn average(cents: i64, count: i64) -> String {
    let millionths = (cents.abs() * 10_000 * 2 + count) / (count * 2);
    let sign = if cents < 0 && millionths != 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}
