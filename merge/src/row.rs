//! A row with its cells found: read from a source's payload, or put together from a group; written without hidden columns.

use ostrakon_protocol::DecodeError;
use ostrakon_protocol::lenenc::{Reader, write_lenenc_bytes};
use ostrakon_protocol::value::ValueType;

use super::field::{Field, RowFormat};
use super::key::KeyValue;

/// First byte of a text cell that is NULL.
const TEXT_NULL: u8 = 0xFB;
/// In the bitmap of a binary row the first column has bit 2.
const BITMAP_OFFSET: usize = 2;

/// Where a cell is in `Row::bytes`.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// With its length prefix.
    start: usize,
    /// Without its length prefix.
    value: usize,
    end: usize,
    null: bool,
}

/// One row. Cells follow each other without gaps. Reused: every way to fill it clears it first.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    /// Values of the sort keys, decoded by `Keys::decode`.
    pub keys: Vec<KeyValue>,
}

impl Row {
    /// Takes a payload over and finds its first `wanted` cells.
    pub(super) fn read(
        &mut self,
        format: RowFormat,
        fields: &[Field],
        wanted: usize,
        payload: &[u8],
    ) -> Result<(), DecodeError> {
        self.take(payload);
        match format {
            RowFormat::Text => self.find_text(fields.len(), wanted),
            RowFormat::Binary => self.find_binary(fields, wanted),
        }
    }

    /// Takes a payload over that nothing will look into.
    pub(super) fn take(&mut self, payload: &[u8]) {
        self.clear();
        self.bytes.extend_from_slice(payload);
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
        self.keys.clear();
    }

    fn find_text(&mut self, columns: usize, wanted: usize) -> Result<(), DecodeError> {
        let total = self.bytes.len();
        let mut reader = Reader::new(&self.bytes);
        for _ in 0..wanted {
            let start = total - reader.left();
            let content = reader.lenenc_bytes_or_null()?;
            let end = total - reader.left();
            let length = content.map_or(0, <[u8]>::len);
            self.cells.push(Cell { start, value: end - length, end, null: content.is_none() });
        }
        if reader.is_empty() || wanted < columns {
            Ok(())
        } else {
            Err(DecodeError::Malformed("text row: bytes after the last cell"))
        }
    }

    fn find_binary(&mut self, fields: &[Field], wanted: usize) -> Result<(), DecodeError> {
        let total = self.bytes.len();
        let mut reader = Reader::new(&self.bytes);
        if reader.u8()? != 0 {
            return Err(DecodeError::Malformed("header of a binary row"));
        }
        let bitmap = reader.bytes(bitmap_length(fields.len()))?;
        for (column, field) in fields.iter().enumerate().take(wanted) {
            let bit = column + BITMAP_OFFSET;
            let null = bitmap.get(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0);
            let start = total - reader.left();
            let length = if null { 0 } else { field.wire.read_raw(&mut reader)?.len() };
            let end = total - reader.left();
            self.cells.push(Cell { start, value: end - length, end, null });
        }
        if reader.is_empty() || wanted < fields.len() {
            Ok(())
        } else {
            Err(DecodeError::Malformed("binary row: bytes after the last cell"))
        }
    }

    /// The bytes of a cell, `None` for NULL (and for a column that is not there).
    pub(super) fn value(&self, column: usize) -> Option<&[u8]> {
        let cell = self.cells.get(column).filter(|cell| !cell.null)?;
        self.bytes.get(cell.value..cell.end)
    }

    /// Where the bytes of a cell are, `None` for NULL.
    pub(super) fn span(&self, column: usize) -> Option<std::ops::Range<usize>> {
        let cell = self.cells.get(column).filter(|cell| !cell.null)?;
        Some(cell.value..cell.end)
    }

    /// The bytes of a span that `span` gave.
    pub(super) fn at(&self, span: &std::ops::Range<usize>) -> &[u8] {
        self.bytes.get(span.clone()).unwrap_or_default()
    }

    /// Appends a NULL cell.
    pub(super) fn push_null(&mut self, format: RowFormat) {
        let start = self.bytes.len();
        if format == RowFormat::Text {
            self.bytes.push(TEXT_NULL);
        }
        let end = self.bytes.len();
        self.cells.push(Cell { start, value: end, end, null: true });
    }

    /// Appends a cell. `content` is its text in a text row; in a binary row its bytes without length prefix.
    pub(super) fn push_value(
        &mut self,
        format: RowFormat,
        wire: ValueType,
        content: &[u8],
    ) -> Result<(), DecodeError> {
        let start = self.bytes.len();
        match format {
            RowFormat::Text => write_lenenc_bytes(&mut self.bytes, content),
            RowFormat::Binary => wire.write_raw(content, &mut self.bytes)?,
        }
        let end = self.bytes.len();
        self.cells.push(Cell { start, value: end - content.len(), end, null: false });
        Ok(())
    }

    /// Appends a copy of another row's cell, NULL where it has none.
    pub(super) fn push_copy(
        &mut self,
        format: RowFormat,
        wire: ValueType,
        other: &Self,
        column: usize,
    ) -> Result<(), DecodeError> {
        match other.value(column) {
            Some(content) => self.push_value(format, wire, content),
            None => {
                self.push_null(format);
                Ok(())
            }
        }
    }

    /// Appends the payload of the first `visible` columns to `out`.
    pub(super) fn write(&self, format: RowFormat, visible: usize, out: &mut Vec<u8>) {
        let shown = self.cells.get(..visible).unwrap_or(&self.cells);
        let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return };
        if format == RowFormat::Binary {
            let bitmap = out.len() + 1;
            out.resize(bitmap + bitmap_length(shown.len()), 0);
            for (column, _) in shown.iter().enumerate().filter(|(_, cell)| cell.null) {
                let bit = column + BITMAP_OFFSET;
                if let Some(byte) = out.get_mut(bitmap + bit / 8) {
                    *byte |= 1 << (bit % 8);
                }
            }
        }
        out.extend_from_slice(self.bytes.get(first.start..last.end).unwrap_or_default());
    }

    /// Appends the payload as it came.
    pub(super) fn write_whole(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
    }

    /// Bytes of memory that keeping this row takes.
    pub(super) fn footprint(&self) -> usize {
        size_of::<Self>()
            + self.bytes.capacity()
            + self.cells.capacity() * size_of::<Cell>()
            + self.keys.capacity() * size_of::<KeyValue>()
    }

    /// A copy that holds no spare capacity.
    pub(super) fn compact(&self) -> Self {
        self.clone()
    }
}

fn bitmap_length(columns: usize) -> usize {
    (columns + BITMAP_OFFSET).div_ceil(8)
}
