//! Builds columns, rows and merges for tests. Rows are written as text cells and run in both forms.

use ostrakon_protocol::column::ColumnType;
use ostrakon_protocol::row::{BinaryRowWriter, write_text_cell};
use ostrakon_protocol::value::ValueType;
use ostrakon_router::merge::ColumnRef;

pub use ostrakon_router::merge::SortKey;

use super::super::*;

/// Cells as text; `None` is NULL.
pub type Row = Vec<Option<Vec<u8>>>;

pub fn row<const N: usize>(cells: [&str; N]) -> Row {
    cells.iter().map(|cell| Some(cell.as_bytes().to_vec())).collect()
}

pub fn column(name: &'static str, column_type: ColumnType) -> ColumnDefinition<'static> {
    ColumnDefinition { name: name.as_bytes(), org_name: name.as_bytes(), column_type, ..Default::default() }
}

pub fn decimal_column(name: &'static str, decimals: u8) -> ColumnDefinition<'static> {
    ColumnDefinition { decimals, ..column(name, ColumnType::NEWDECIMAL) }
}

/// A string, as every string comes under SET NAMES utf8mb4.
pub fn text_column(name: &'static str) -> ColumnDefinition<'static> {
    ColumnDefinition { charset: 45, ..column(name, ColumnType::VAR_STRING) }
}

pub fn weight() -> ColumnDefinition<'static> {
    column("weight", ColumnType::VAR_STRING)
}

/// The weight cell of a string in `latin1_swedish_ci`, for ASCII.
pub fn weight_of(text: &str) -> Vec<u8> {
    format!("latin1_swedish_ci:{}", text.to_ascii_uppercase()).into_bytes()
}

pub fn key(column: usize) -> SortKey {
    SortKey { value: ColumnRef::Visible(column), weight: None, descending: false }
}

pub fn descending(column: usize) -> SortKey {
    SortKey { descending: true, ..key(column) }
}

pub fn string_key(column: usize, hidden_weight: usize) -> SortKey {
    SortKey { weight: Some(ColumnRef::Hidden(hidden_weight)), ..key(column) }
}

/// The payload of a row.
pub fn encode(format: RowFormat, columns: &[ColumnDefinition<'_>], cells: &Row) -> Vec<u8> {
    let mut payload = Vec::new();
    match format {
        RowFormat::Text => cells.iter().for_each(|cell| write_text_cell(&mut payload, cell.as_deref())),
        RowFormat::Binary => {
            let mut writer = BinaryRowWriter::begin(&mut payload, cells.len());
            for (cell, column) in cells.iter().zip(columns) {
                writer.text(cell.as_deref(), ValueType::from(column)).unwrap();
            }
        }
    }
    payload
}

pub fn collations() -> Collations {
    let mut collations = Collations::default();
    collations
        .insert(&CollationName::new(b"latin1_swedish_ci").unwrap(), Some(PadRule::Pad(b" "[..].into())));
    collations.insert(&CollationName::new(b"utf8mb4_nopad_bin").unwrap(), Some(PadRule::NoPad));
    collations
}

/// A merge and its sources.
pub struct Case {
    pub spec: MergeSpec,
    pub columns: Vec<ColumnDefinition<'static>>,
    pub sources: Vec<Vec<Row>>,
    pub numbers: Vec<Option<Number>>,
    pub memory: usize,
    /// The answer's order does not count.
    pub any_order: bool,
}

/// What came out.
#[derive(Debug)]
pub struct Answer {
    pub rows: Vec<Vec<u8>>,
    /// Rows that were asked of the sources.
    pub read: usize,
}

impl Case {
    pub fn new(spec: MergeSpec, columns: Vec<ColumnDefinition<'static>>, sources: Vec<Vec<Row>>) -> Self {
        Self { spec, columns, sources, numbers: Vec::new(), memory: 1 << 24, any_order: false }
    }

    /// Runs the merge in both forms of rows and compares.
    pub fn gives(&self, expected: &[Row]) {
        for format in [RowFormat::Text, RowFormat::Binary] {
            let mut expected: Vec<Vec<u8>> =
                expected.iter().map(|cells| encode(format, &self.columns, cells)).collect();
            let mut rows = self.run(format).unwrap().rows;
            if self.any_order {
                expected.sort();
                rows.sort();
            }
            assert_eq!(rows, expected, "{format:?}");
        }
    }

    pub fn run(&self, format: RowFormat) -> Result<Answer, MergeError> {
        let payloads = |rows: &Vec<Row>| {
            rows.iter().map(|cells| encode(format, &self.columns, cells)).collect::<Vec<_>>()
        };
        let sources: Vec<Vec<Vec<u8>>> = self.sources.iter().map(payloads).collect();
        drive(self.merge(format)?, &sources, &collations())
    }

    /// The merge that knows no collation yet.
    pub fn merge(&self, format: RowFormat) -> Result<Merge, MergeError> {
        Merge::new(MergeInput {
            spec: &self.spec,
            columns: &self.columns,
            format,
            sources: self.sources.len(),
            limits: MergeLimits { memory: self.memory },
            numbers: &|hole| self.numbers.get(hole).cloned().flatten(),
            collations: Arc::default(),
        })
    }
}

/// The executor's loop; `collations` is what the servers say when they are asked.
pub fn drive(
    mut merge: Merge,
    sources: &[Vec<Vec<u8>>],
    collations: &Collations,
) -> Result<Answer, MergeError> {
    let mut learnt = Collations::default();
    let mut answer = Answer { rows: Vec::new(), read: 0 };
    let mut next = vec![0; sources.len()];
    let mut turn = 0;
    loop {
        let mut out = Vec::new();
        let source = match merge.next(&mut out)? {
            Step::Row => {
                answer.rows.push(out);
                continue;
            }
            Step::Done => return Ok(answer),
            Step::NeedRow(source) => source,
            Step::NeedAny => {
                // Whichever: here one after the other, the last first.
                turn += 1;
                (0..sources.len())
                    .map(|index| (turn + index) % sources.len())
                    .find(|source| merge.wants(*source))
                    .unwrap()
            }
        };
        match sources[source].get(next[source]) {
            Some(payload) => {
                answer.read += 1;
                while let Pushed::Unknown(collation) = merge.push_row(source, payload)? {
                    assert!(!learnt.knows(&collation), "{collation:?} is asked of twice");
                    learnt.insert(&collation, collations.rule(collation.as_str().as_bytes()).cloned());
                    merge.know(Arc::new(learnt.clone()));
                }
            }
            None => merge.finish_source(source)?,
        }
        next[source] += 1;
    }
}
