//! Rows by their primary key: conditions that walk a table in chunks and name single rows.

use ostrakon_catalog::column::{Column, ColumnType, KeyKind};
use ostrakon_catalog::schema::Table;
use ostrakon_router::sharding::topology::quote;

use super::definition::{Definition, ElementKind};
use super::probe::Cells;

/// How a value is written so that the server compares it as the column's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    Number,
    /// Dates and times.
    Quoted,
    Text,
    Bytes,
}

impl Writing {
    /// `None`: values of this type do not compare with their own text as ORDER BY orders them.
    fn of(column: &ColumnType) -> Option<Self> {
        match column {
            ColumnType::TinyInt { .. }
            | ColumnType::SmallInt { .. }
            | ColumnType::MediumInt { .. }
            | ColumnType::Int { .. }
            | ColumnType::BigInt { .. }
            | ColumnType::Decimal { .. }
            | ColumnType::Year => Some(Self::Number),
            ColumnType::Date
            | ColumnType::DateTime { .. }
            | ColumnType::Timestamp { .. }
            | ColumnType::Time { .. } => Some(Self::Quoted),
            ColumnType::Char { .. } | ColumnType::VarChar { .. } => Some(Self::Text),
            ColumnType::Binary | ColumnType::VarBinary => Some(Self::Bytes),
            _ => None,
        }
    }
}

/// A value as a literal.
pub fn literal(value: Option<&[u8]>, writing: Writing) -> String {
    let Some(value) = value else { return "NULL".to_owned() };
    let hex = || value.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let plain = |allowed: &dyn Fn(u8) -> bool| {
        value.iter().all(|b| allowed(*b)).then(|| String::from_utf8_lossy(value).into_owned())
    };
    match writing {
        Writing::Number => match plain(&|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
            Some(number) if !value.is_empty() => number,
            _ => format!("x'{}'", hex()),
        },
        Writing::Quoted | Writing::Text => {
            match plain(&|b| (b == b' ' || b.is_ascii_graphic()) && b != b'\'' && b != b'\\') {
                Some(text) => format!("'{text}'"),
                None => format!("_utf8mb4 x'{}'", hex()),
            }
        }
        Writing::Bytes => format!("x'{}'", hex()),
    }
}

/// A primary key that rows can be walked by.
#[derive(Clone, Debug)]
pub struct RowKey {
    /// Quoted name, how its values are written.
    columns: Vec<(String, Writing)>,
}

impl RowKey {
    /// `None` when the table has none, or one whose order cannot be followed.
    pub fn of(table: &Table, definition: &Definition) -> Option<Self> {
        let key = table.keys.iter().find(|key| key.kind == KeyKind::Primary)?;
        let line =
            definition.elements.iter().find(|e| e.kind == ElementKind::Key && e.name == "PRIMARY KEY")?;
        let columns: Vec<(String, Writing)> = key
            .columns
            .iter()
            .map(|name| {
                let (_, column): (_, &Column) = table.column(name)?;
                Some((quote(&column.name), Writing::of(&column.data_type)?))
            })
            .collect::<Option<_>>()?;
        // Parts of columns, and descending ones, would make each chunk a sort of the whole table.
        let whole: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        line.text.starts_with(&format!("PRIMARY KEY ({})", whole.join(","))).then_some(Self { columns })
    }

    /// How many cells it takes.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// The columns, quoted, with commas.
    pub fn list(&self) -> String {
        self.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",")
    }

    fn literals<'k>(&'k self, values: &'k Cells) -> impl Iterator<Item = (&'k str, String)> {
        self.columns
            .iter()
            .zip(values)
            .map(|((name, writing), value)| (name.as_str(), literal(value.as_deref(), *writing)))
    }

    /// `(a > 1) OR (a = 1 AND b > 2)`, with `last` for the comparison of the last column.
    fn compare(&self, values: &Cells, sign: &str, last: &str) -> String {
        let parts: Vec<(&str, String)> = self.literals(values).collect();
        let mut terms = Vec::with_capacity(parts.len());
        for (at, (name, value)) in parts.iter().enumerate() {
            let mut term: Vec<String> = parts.iter().take(at).map(|(n, v)| format!("{n} = {v}")).collect();
            let sign = if at + 1 == parts.len() { last } else { sign };
            term.push(format!("{name} {sign} {value}"));
            terms.push(format!("({})", term.join(" AND ")));
        }
        format!("({})", terms.join(" OR "))
    }

    /// Rows behind this key.
    pub fn after(&self, values: &Cells) -> String {
        self.compare(values, ">", ">")
    }

    /// Rows up to and with this key.
    pub fn up_to(&self, values: &Cells) -> String {
        self.compare(values, "<", "<=")
    }

    /// The row of this key.
    pub fn equals(&self, values: &Cells) -> String {
        self.literals(values)
            .map(|(name, value)| format!("{name} = {value}"))
            .collect::<Vec<_>>()
            .join(" AND ")
    }

    /// For a reader: `(id = 5)`.
    pub fn show(&self, values: &Cells) -> String {
        let parts =
            self.literals(values).map(|(name, value)| format!("{} = {value}", name.trim_matches('`')));
        format!("({})", parts.collect::<Vec<_>>().join(" AND "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_follow_the_order_of_a_key_of_several_columns() {
        let key = RowKey { columns: vec![("`a`".into(), Writing::Number), ("`b`".into(), Writing::Text)] };
        let at = vec![Some(b"5".to_vec()), Some(b"it's".to_vec())];
        assert_eq!(key.after(&at), "((`a` > 5) OR (`a` = 5 AND `b` > _utf8mb4 x'69742773'))");
        assert_eq!(key.up_to(&at), "((`a` < 5) OR (`a` = 5 AND `b` <= _utf8mb4 x'69742773'))");
        let at = vec![Some(b"5".to_vec()), Some(b"x".to_vec())];
        assert_eq!(key.show(&at), "(a = 5 AND b = 'x')");
    }

    #[test]
    fn no_value_can_end_its_literal() {
        for (value, writing, expected) in [
            (&b"1;DROP"[..], Writing::Number, "x'313b44524f50'"),
            (b"", Writing::Number, "x''"),
            (b"-1.5e3", Writing::Number, "-1.5e3"),
            (b"a\\", Writing::Text, "_utf8mb4 x'615c'"),
            (b"2020-01-01", Writing::Quoted, "'2020-01-01'"),
            (b"\xff", Writing::Bytes, "x'ff'"),
        ] {
            assert_eq!(literal(Some(value), writing), expected);
        }
        assert_eq!(literal(None, Writing::Text), "NULL");
    }
}
