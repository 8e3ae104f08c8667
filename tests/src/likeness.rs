//! Which differences between two servers' answers are none, and the others in words.

use mysql_async::Value;

use crate::compare::{ColumnShape, Outcome};

/// ENUM_FLAG of column definitions.
const ENUM_FLAG: u16 = 256;
const NOT_NULL_FLAG: u16 = 1;
const BLOB_FLAG: u16 = 16;
const ZEROFILL_FLAG: u16 = 64;
/// How far apart two sums of doubles may be that were added up in another order.
const TOLERANCE: f64 = 1e-9;
/// How much of a difference is shown.
const SHOWN: usize = 1500;

/// How two answers to one statement are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Likeness {
    /// The statement says in which order rows come.
    pub ordered: bool,
    /// Doubles may differ in their last digits.
    pub approximate: bool,
    /// A value may be any of those that its collation calls equal.
    pub loose: bool,
    /// The count of warnings in `Records: 3  Duplicates: 0  Warnings: 1` must be alike. Elsewhere warnings are compared by themselves:
    /// servers convert a condition's constants once for each plan, and warn each time.
    pub exact_info: bool,
    /// The answer comes from temporary tables, in which an expression of a derived table is a column: whether it can be NULL is not compared.
    pub gathered: bool,
    /// Nobody looks at each difference by itself: what a server's column definitions owe to its plan is not compared at all.
    pub any_plan: bool,
}

impl Likeness {
    /// How the answers differ, in words; nothing when they are alike.
    pub fn difference(self, node: &Outcome, plain: &Outcome) -> Option<String> {
        let (first, second) = (self.comparable(node), self.comparable(plain));
        if first == second || (self.approximate && close(&first, &second)) {
            return None;
        }
        Some(shown(&first, &second))
    }

    /// An answer without what a server may choose.
    pub fn comparable(self, outcome: &Outcome) -> Outcome {
        let mut outcome = outcome.clone().without_message();
        match &mut outcome {
            Outcome::Done { warnings, info, .. } => {
                *warnings = 0;
                // With LIMIT 0 a server does not even say that it has matched none.
                if info.starts_with("Rows matched: 0") {
                    info.clear();
                }
                if !self.exact_info
                    && let Some(end) = info.find("Warnings")
                {
                    info.truncate(end);
                }
            }
            // The servers' families have different states for one number.
            Outcome::Error { sqlstate, .. } => sqlstate.clear(),
            Outcome::Rows { columns, rows } => {
                columns.iter_mut().for_each(|column| settle(column, rows.is_empty() || self.gathered));
                columns.iter_mut().filter(|_| self.any_plan).for_each(settle_by_plan);
                if rows.is_empty() && self.any_plan {
                    columns.iter_mut().for_each(|column| column.table.clear());
                }
            }
        }
        if let Outcome::Rows { rows, .. } = &mut outcome
            && self.loose
        {
            rows.iter_mut().flatten().for_each(loosen);
        }
        match self.ordered {
            true => outcome,
            false => self.in_fixed_order(outcome),
        }
    }

    /// Rows sorted; by what is exact first, so that nearly equal doubles stand at one place.
    fn in_fixed_order(self, outcome: Outcome) -> Outcome {
        let Outcome::Rows { columns, mut rows } = outcome else { return outcome };
        let is_exact: Vec<bool> = columns.iter().map(|c| !self.approximate || !is_floating(c)).collect();
        rows.sort_by_cached_key(|row| {
            let part = |wanted: bool| {
                let cells = row.iter().zip(&is_exact).filter(move |(_, exact)| **exact == wanted);
                cells.map(|(value, _)| value.as_sql(false)).collect::<Vec<_>>()
            };
            (part(true), part(false))
        });
        Outcome::Rows { columns, rows }
    }
}

/// A column without what depends on how far a plan was made, or on whether rows went through a temporary table.
fn settle(column: &mut ColumnShape, nullable_unknown: bool) {
    if nullable_unknown {
        // A plan that reads nothing is not optimized, and NOT NULL shows how far it was.
        column.flags &= !NOT_NULL_FLAG;
    }
    if column.kind.contains("STRING") {
        // "Not fixed" or 0, by the plan.
        column.decimals = 0;
        // MIN of an ENUM is one or none, by whether the server went through a temporary table.
        column.flags &= !ENUM_FLAG;
        column.kind = "string".to_owned();
    }
    if column.kind.contains("JSON") {
        // MySQL says "binary" of a column and "utf8mb4" of an expression, and a derived table's column is one or the other by its plan.
        column.character_set = 0;
    }
    if column.kind.contains("BLOB") {
        // Which size of it, and its flag, by whether an expression's rows went through a temporary table.
        column.decimals = 0;
        column.flags &= !BLOB_FLAG;
        column.kind = "blob".to_owned();
    }
}

/// A column without what a temporary table of the server's own makes of it: INT or BIGINT by the digits that an expression shows, VARCHAR or TEXT,
/// YEAR or BIGINT, and zeros in front of a YEAR.
fn settle_by_plan(column: &mut ColumnShape) {
    // A label that is cut at a space cannot be written as an alias.
    column.label.truncate(column.label.trim_end().len());
    if column.kind.ends_with("_LONG") {
        column.kind.push_str("LONG");
    }
    if column.kind == "string" || column.kind == "blob" {
        column.kind = "text".to_owned();
    }
    if column.kind.ends_with("_YEAR") {
        column.flags &= !ZEROFILL_FLAG;
        column.kind = column.kind.replace("_YEAR", "_LONGLONG");
    }
}

fn is_floating(column: &ColumnShape) -> bool {
    column.kind.contains("DOUBLE") || column.kind.contains("FLOAT")
}

/// Alike but for the last digits of floating-point columns.
fn close(first: &Outcome, second: &Outcome) -> bool {
    let (Outcome::Rows { columns, rows }, Outcome::Rows { columns: others, rows: other_rows }) =
        (first, second)
    else {
        return false;
    };
    let near = |column: &ColumnShape, a: &Value, b: &Value| {
        a == b
            || (is_floating(column)
                && match (number(a), number(b)) {
                    (Some(a), Some(b)) => (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(1.0),
                    _ => false,
                })
    };
    let alike = |(a, b): (&Vec<Value>, &Vec<Value>)| {
        columns.iter().zip(a.iter().zip(b)).all(|(column, (a, b))| near(column, a, b))
    };
    columns == others && rows.len() == other_rows.len() && rows.iter().zip(other_rows).all(alike)
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Double(number) => Some(*number),
        Value::Float(number) => Some(f64::from(*number)),
        Value::Bytes(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
        _ => None,
    }
}

/// One spelling for all texts that the collations call equal: without case, accents of the test's words, and trailing spaces.
fn loosen(value: &mut Value) {
    let Value::Bytes(bytes) = value else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let folded: String = text
        .trim_end_matches(' ')
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'ä' | 'á' => 'a',
            'é' => 'e',
            other => other,
        })
        .collect();
    // general_ci calls ß and s equal, unicode_ci ß and ss.
    *bytes = folded.replace("ss", "s").replace('ß', "s").into_bytes();
}

/// What two answers do not have in common.
pub fn shown(node: &Outcome, plain: &Outcome) -> String {
    let (first, second) = (lines(node), lines(plain));
    let (a, b) = (only(&first, &second), only(&second, &first));
    if a.is_empty() && b.is_empty() {
        return format!(
            "  the same rows in another order\n  node:  {}\n  plain: {}",
            cut(&first),
            cut(&second)
        );
    }
    format!(
        "  node:  {} lines, only here: {}\n  plain: {} lines, only here: {}",
        first.len(),
        cut(&a),
        second.len(),
        cut(&b)
    )
}

fn cut(lines: &[String]) -> String {
    lines.join(" ").chars().take(SHOWN).collect()
}

/// The lines of the first list that the second has not, each as often as it is more.
fn only(lines: &[String], others: &[String]) -> Vec<String> {
    let mut rest = others.to_vec();
    let mut missing = Vec::new();
    for line in lines {
        match rest.iter().position(|other| other == line) {
            Some(at) => _ = rest.swap_remove(at),
            None => missing.push(line.clone()),
        }
    }
    missing
}

/// An answer in pieces that can be told apart: columns and rows.
fn lines(outcome: &Outcome) -> Vec<String> {
    let Outcome::Rows { columns, rows } = outcome else { return vec![format!("{outcome:?}")] };
    let columns = columns.iter().map(|c| {
        format!("[{}.{} {} {:x} cs{} .{}]", c.table, c.label, c.kind, c.flags, c.character_set, c.decimals)
    });
    let rows = rows.iter().map(|row| {
        let values: Vec<String> = row.iter().map(|value| value.as_sql(false)).collect();
        format!("({})", values.join(","))
    });
    columns.chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(kind: &str, values: &[&str]) -> Outcome {
        let column = ColumnShape {
            label: "x".to_owned(),
            table: String::new(),
            kind: kind.to_owned(),
            flags: 0,
            character_set: 63,
            decimals: 31,
        };
        let rows = values.iter().map(|value| vec![Value::from(*value)]).collect();
        Outcome::Rows { columns: vec![column], rows }
    }

    #[test]
    fn order_counts_where_the_statement_gives_one() {
        let (a, b) = (rows("MYSQL_TYPE_LONG", &["1", "2"]), rows("MYSQL_TYPE_LONG", &["2", "1"]));
        assert_eq!(Likeness::default().difference(&a, &b), None);
        let ordered = Likeness { ordered: true, ..Likeness::default() };
        assert!(ordered.difference(&a, &b).is_some_and(|text| text.contains("another order")));
        assert!(Likeness::default().difference(&a, &rows("MYSQL_TYPE_LONG", &["1", "2", "2"])).is_some());
    }

    #[test]
    fn only_doubles_may_be_nearly_equal() {
        let near = Likeness { approximate: true, ..Likeness::default() };
        let values = (["0.30000000000000004", "7"], ["0.3", "7"]);
        for (kind, alike) in [("MYSQL_TYPE_DOUBLE", true), ("MYSQL_TYPE_NEWDECIMAL", false)] {
            let found = near.difference(&rows(kind, &values.0), &rows(kind, &values.1));
            assert_eq!(found.is_none(), alike, "{kind}: {found:?}");
        }
        let far =
            near.difference(&rows("MYSQL_TYPE_DOUBLE", &["0.3001"]), &rows("MYSQL_TYPE_DOUBLE", &["0.3"]));
        assert!(far.is_some());
        let exact = Likeness::default();
        assert!(
            exact
                .difference(&rows("MYSQL_TYPE_DOUBLE", &values.0), &rows("MYSQL_TYPE_DOUBLE", &values.1))
                .is_some()
        );
    }

    #[test]
    fn types_and_labels_count() {
        let found = Likeness::default()
            .difference(&rows("MYSQL_TYPE_LONG", &["1"]), &rows("MYSQL_TYPE_LONGLONG", &["1"]));
        assert!(found.is_some_and(|text| text.contains("LONGLONG")));
    }
}
