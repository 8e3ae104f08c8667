//! What a merge refuses: everything that it could get wrong.

use ostrakon_protocol::column::ColumnType;
use ostrakon_router::merge::{Aggregate, ColumnRef, CompareOp, GroupSpec, Having, HavingOperand, MergeSpec};

use super::super::*;
use super::kit::{Case, column, decimal_column, key, row, string_key, text_column, weight, weight_of};

fn ordered_by_first() -> MergeSpec {
    MergeSpec { input_order: vec![key(0)], ..Default::default() }
}

fn refusal(spec: MergeSpec, columns: Vec<ColumnDefinition<'static>>, format: RowFormat) -> String {
    let error = Case::new(spec, columns, Vec::new()).run(format).unwrap_err();
    assert_eq!(error.code(), (1235, "42000"), "{error}");
    error.to_string()
}

#[test]
fn keys_without_a_rule_are_refused_before_the_first_row() {
    let mut enumeration = text_column("e");
    enumeration.flags = 0x100;
    let mut uuid = column("u", ColumnType::STRING);
    (uuid.charset, uuid.flags) = (45, 0xA0);
    let mut rounded = column("r", ColumnType::DOUBLE);
    (rounded.decimals, rounded.org_name) = (2, b"");
    for refused in [
        text_column("s"),
        enumeration,
        uuid,
        rounded,
        column("f", ColumnType::FLOAT),
        column("j", ColumnType::JSON),
        column("b", ColumnType::BIT),
        column("g", ColumnType::GEOMETRY),
    ] {
        let name = String::from_utf8_lossy(refused.name).into_owned();
        let message = refusal(ordered_by_first(), vec![refused], RowFormat::Text);
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
}

#[test]
fn floats_are_exact_in_binary_rows() {
    let case = Case::new(
        ordered_by_first(),
        vec![column("f", ColumnType::FLOAT)],
        vec![vec![row(["2.5"])], vec![row(["1.5"])]],
    );
    assert_eq!(case.run(RowFormat::Binary).unwrap().rows[0][2..], 1.5_f32.to_le_bytes());
}

fn by_weight(weights: [&[u8]; 2]) -> Result<Vec<Vec<u8>>, MergeError> {
    let spec = MergeSpec { hidden: 1, input_order: vec![string_key(0, 0)], ..Default::default() };
    let source = |weight: &[u8]| vec![vec![Some(b"x".to_vec()), Some(weight.to_vec())]];
    let sources = vec![source(weights[0]), source(weights[1])];
    Case::new(spec, vec![text_column("s"), weight()], sources).run(RowFormat::Text).map(|answer| answer.rows)
}

#[test]
fn unknown_and_mixed_collations_are_refused() {
    assert!(by_weight([b"latin1_swedish_ci:X", b"latin1_swedish_ci:X"]).is_ok());
    let unknown = by_weight([b"utf8mb4_uca1400_as_cs:X", b"utf8mb4_uca1400_as_cs:X"]).unwrap_err();
    assert!(unknown.to_string().contains("utf8mb4_uca1400_as_cs"), "{unknown}");
    let mixed = by_weight([b"latin1_swedish_ci:X", b"utf8mb4_nopad_bin:X"]).unwrap_err();
    assert!(mixed.to_string().contains("on another"), "{mixed}");
    let odd = by_weight([b"no' name:X", b"no' name:X"]).unwrap_err();
    assert!(odd.to_string().contains("no' name"), "{odd}");
    assert!(matches!(by_weight([b"X", b"X"]), Err(MergeError::Value(_))));
}

#[test]
fn a_string_without_its_weight_is_refused_but_null_is_not() {
    let spec = || MergeSpec { hidden: 1, input_order: vec![string_key(0, 0)], ..Default::default() };
    let columns = || vec![text_column("s"), weight()];
    let lost = Case::new(spec(), columns(), vec![vec![vec![Some(b"x".to_vec()), None]]]);
    assert!(matches!(lost.run(RowFormat::Text), Err(MergeError::Unsupported(_))));
    Case::new(spec(), columns(), vec![vec![vec![None, None]]]).gives(&[vec![None]]);
}

#[test]
fn a_server_that_orders_otherwise_is_found_out() {
    let unordered = vec![vec![row(["2"]), row(["1"])]];
    let case = Case::new(ordered_by_first(), vec![column("n", ColumnType::LONG)], unordered);
    let error = case.run(RowFormat::Text).unwrap_err();
    assert!(error.to_string().contains("`n`"), "{error}");
}

/// Servers sort by the first 1024 bytes only. That is their answer too, unless equal rows must meet.
#[test]
fn strings_that_differ_late_may_come_unordered_but_not_into_distinct() {
    let long = |end: &str| {
        let text = format!("{}{end}", "a".repeat(1100));
        let weight = weight_of(&text);
        vec![Some(text.into_bytes()), Some(weight)]
    };
    let spec = MergeSpec { hidden: 1, input_order: vec![string_key(0, 0)], ..Default::default() };
    let mut case = Case::new(spec, vec![text_column("s"), weight()], vec![vec![long("b"), long("a")]]);
    case.gives(&[long("b")[..1].to_vec(), long("a")[..1].to_vec()]);
    case.spec.distinct = true;
    assert!(matches!(case.run(RowFormat::Text), Err(MergeError::Unsupported(_))));
}

fn aggregated(
    output: Aggregate,
    column: ColumnDefinition<'static>,
    cells: [&str; 2],
) -> Result<(), MergeError> {
    let group =
        GroupSpec { keys: Vec::new(), outputs: vec![output], hidden_outputs: Vec::new(), having: None };
    let spec = MergeSpec { group: Some(group), ..Default::default() };
    let sources = cells.map(|cell| vec![row([cell])]).to_vec();
    Case::new(spec, vec![column], sources).run(RowFormat::Text).map(drop)
}

#[test]
fn aggregates_of_unfit_types_are_refused() {
    for output in
        [Aggregate::Min { weight: None }, Aggregate::Max { weight: None }, Aggregate::Sum, Aggregate::Count]
    {
        let error = aggregated(output, text_column("s"), ["1", "2"]).unwrap_err();
        assert_eq!(error.code().0, 1235, "{error}");
    }
    assert!(aggregated(Aggregate::Max { weight: None }, column("b", ColumnType::BIT), ["1", "2"]).is_err());
}

#[test]
fn sums_beyond_their_type_are_out_of_range() {
    let max = i64::MAX.to_string();
    let error =
        aggregated(Aggregate::Count, column("c", ColumnType::LONGLONG), [max.as_str(), "1"]).unwrap_err();
    assert_eq!(error.code(), (1690, "22003"));
    let nines = "9".repeat(65);
    let error = aggregated(Aggregate::Sum, decimal_column("d", 0), [nines.as_str(), "1"]).unwrap_err();
    assert_eq!(error.code(), (1690, "22003"));
    let mut double = column("d", ColumnType::DOUBLE);
    double.decimals = 31;
    let error = aggregated(Aggregate::Sum, double, ["1.7e308", "1.7e308"]).unwrap_err();
    assert_eq!(error.code(), (1690, "22003"));
}

#[test]
fn cells_that_are_no_values_are_refused() {
    let error = aggregated(Aggregate::Sum, decimal_column("d", 0), ["1", "x"]).unwrap_err();
    assert_eq!(error, MergeError::Value("d".into()));
    let mut case =
        Case::new(ordered_by_first(), vec![column("n", ColumnType::LONG)], vec![vec![row(["1x"])]]);
    assert_eq!(case.run(RowFormat::Text).unwrap_err(), MergeError::Value("n".into()));
    case.sources = vec![vec![row(["1", "2"])]];
    assert_eq!(case.run(RowFormat::Text).unwrap_err().code().0, 1105);
}

#[test]
fn having_compares_numbers_only() {
    let refused = |column: ColumnDefinition<'static>, with: HavingOperand| {
        let having = Having::Compare { column: ColumnRef::Visible(0), op: CompareOp::Eq, with };
        let group = GroupSpec {
            keys: vec![key(0)],
            outputs: vec![Aggregate::First],
            hidden_outputs: Vec::new(),
            having: Some(having),
        };
        let spec = MergeSpec { group: Some(group), ..ordered_by_first() };
        Case::new(spec, vec![column], Vec::new()).run(RowFormat::Text).is_err()
    };
    let number = || HavingOperand::Number("1".into());
    assert!(refused(column("d", ColumnType::DATE), number()));
    assert!(refused(column("n", ColumnType::LONG), HavingOperand::Number("x".into())));
    assert!(refused(column("n", ColumnType::LONG), HavingOperand::Hole(0)));
    assert!(!refused(column("n", ColumnType::LONG), number()));
}

#[test]
fn sources_must_return_the_same_columns() {
    let merge = Merge::new(MergeInput {
        spec: &ordered_by_first(),
        columns: &[column("n", ColumnType::LONG), text_column("s")],
        format: RowFormat::Binary,
        sources: 2,
        limits: MergeLimits { memory: 0 },
        numbers: &|_| None,
        collations: Arc::default(),
    })
    .unwrap();
    let mut longer = text_column("s");
    longer.column_type = ColumnType::BLOB;
    assert_eq!(merge.check_columns(&[column("n", ColumnType::LONG), longer]), Ok(()));
    assert!(merge.check_columns(&[column("n", ColumnType::LONGLONG), text_column("s")]).is_err());
    assert!(merge.check_columns(&[column("n", ColumnType::LONG)]).is_err());
}

#[test]
fn rows_out_of_turn_and_impossible_specifications_are_internal_errors() {
    let columns = || vec![column("n", ColumnType::LONG)];
    let mut merge = Merge::new(MergeInput {
        spec: &ordered_by_first(),
        columns: &columns(),
        format: RowFormat::Text,
        sources: 2,
        limits: MergeLimits { memory: 0 },
        numbers: &|_| None,
        collations: Arc::default(),
    })
    .unwrap();
    assert_eq!(merge.needs(), Some(0));
    assert_eq!(merge.push_row(0, b"\x011").unwrap(), Pushed::Taken);
    assert_eq!(merge.needs(), Some(1));
    assert!(matches!(merge.push_row(0, b"\x011"), Err(MergeError::Internal(_))));
    assert!(matches!(merge.finish_source(0), Err(MergeError::Internal(_))));
    assert!(matches!(merge.push_row(2, b"\x011"), Err(MergeError::Internal(_))));
    merge.finish_source(1).unwrap();
    assert_eq!(merge.next(&mut Vec::new()), Ok(Step::Row));

    for spec in [
        MergeSpec { hidden: 1, ..Default::default() },
        MergeSpec { visible: Some(2), ..Default::default() },
        MergeSpec { input_order: vec![key(1)], ..Default::default() },
        MergeSpec { distinct: true, ..Default::default() },
    ] {
        let error = Case::new(spec, columns(), Vec::new()).run(RowFormat::Text).unwrap_err();
        assert!(matches!(error, MergeError::Internal(_)), "{error}");
    }
}
