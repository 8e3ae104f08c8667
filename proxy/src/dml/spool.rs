//! Rows of a query, kept until it has ended: a connection that still gives rows can take no write.

use std::future::Future;
use std::pin::Pin;

use ostrakon_protocol::column::{ColumnDefinition, ColumnType};
use ostrakon_protocol::row::BinaryRow;
use ostrakon_protocol::value::{BinaryValue, ValueType};

use crate::error::{BACKEND_FAILED, SqlError};
use crate::exec::kept::Kept;
use crate::exec::rows::Rows;
use crate::gather::guard::Guard;

/// What a literal needs to know of the column that its value comes from.
#[derive(Clone, Copy, Debug)]
pub struct SpoolColumn {
    pub column_type: ColumnType,
    pub charset: u16,
    pub flags: u16,
    pub decimals: u8,
    /// Longest value, in bytes or digits.
    pub length: u32,
    /// A DECIMAL that shows more digits than its expression does: how many that shows.
    pub shown: Option<u8>,
    /// A table's, not an expression's.
    pub is_column: bool,
}

impl SpoolColumn {
    fn is_fraction(&self) -> bool {
        self.column_type == ColumnType::NEWDECIMAL && self.decimals > 0
    }
}

/// Rows of the binary protocol, in the order in which they came.
#[derive(Debug)]
pub(super) struct Spool {
    pub columns: Vec<SpoolColumn>,
    types: Vec<ValueType>,
    rows: Kept,
    limit: usize,
    /// Columns that the rows must have.
    expected: Option<usize>,
}

impl Spool {
    /// `limit`: bytes that it may hold (limits.merge_memory). `expected`: how many columns the statement has a place for.
    pub fn new(limit: usize, expected: Option<usize>) -> Self {
        Self { columns: Vec::new(), types: Vec::new(), rows: Kept::new(limit), limit, expected }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Which columns are DECIMALs with a fraction; nothing if no row has such a value.
    pub fn fractions(&self) -> Result<Option<Vec<bool>>, SqlError> {
        let fractions: Vec<bool> = self.columns.iter().map(SpoolColumn::is_fraction).collect();
        if !fractions.contains(&true) {
            return Ok(None);
        }
        for index in 0..self.len() {
            let row = self.row(index)?;
            if row.iter().zip(&fractions).any(|(value, is_fraction)| value.is_some() && *is_fraction) {
                return Ok(Some(fractions));
            }
        }
        Ok(None)
    }

    /// Bytes that may still be held beside these rows.
    pub fn left(&self) -> usize {
        self.limit.saturating_sub(self.rows.bytes())
    }

    /// The values of a row; `None` is NULL.
    pub fn row(&self, index: usize) -> Result<Vec<Option<BinaryValue<'_>>>, SqlError> {
        let broken =
            |e: ostrakon_protocol::DecodeError| SqlError::new(BACKEND_FAILED, "HY000", e.to_string());
        let payload = self.rows.row(index);
        let mut values = Vec::with_capacity(self.types.len());
        for cell in BinaryRow::cells(payload, &self.types).map_err(broken)? {
            values.push(cell.map_err(broken)?.map(|cell| cell.value()).transpose().map_err(broken)?);
        }
        Ok(values)
    }
}

impl Rows for Spool {
    fn columns(&mut self, columns: &[ColumnDefinition<'_>]) -> Result<(), SqlError> {
        if self.expected.is_some_and(|expected| expected != columns.len()) {
            return Err(SqlError::new(1136, "21S01", "Column count doesn't match value count at row 1"));
        }
        self.types = columns.iter().map(ValueType::from).collect();
        let column = |column: &ColumnDefinition<'_>| SpoolColumn {
            column_type: column.column_type,
            charset: column.charset,
            flags: column.flags,
            decimals: column.decimals,
            length: column.length,
            shown: None,
            is_column: !column.org_name.is_empty(),
        };
        self.columns = columns.iter().map(column).collect();
        Ok(())
    }

    fn row(&mut self, row: &[u8]) -> Result<(), SqlError> {
        if !self.rows.push(row) {
            return Err(SqlError::new(
                1038,
                "HY001",
                format!(
                    "Out of memory: the rows that this statement writes by take more than {} bytes (limits.merge_memory); \
                     write them in several statements",
                    self.limit
                ),
            ));
        }
        Ok(())
    }

    fn settle(&mut self) -> Pin<Box<dyn Future<Output = Result<(), SqlError>> + '_>> {
        Box::pin(async { Ok(()) })
    }

    fn is_full(&self) -> bool {
        false
    }

    fn guard(&self) -> Option<&Guard> {
        None
    }
}
