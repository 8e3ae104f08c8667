//! Rows of a result: text rows (COM_QUERY) and binary rows (COM_STMT_EXECUTE), read cell by cell without copying.

use crate::DecodeError;
use crate::convert;
use crate::lenenc::{Reader, write_lenenc_bytes};
use crate::value::{BinaryValue, ValueType};

/// First byte of a binary row.
const BINARY_ROW_HEADER: u8 = 0x00;
/// A NULL cell of a text row.
const TEXT_NULL: u8 = 0xFB;
/// Bit of the first column in a binary row's NULL bitmap; the two before it are not used.
const ROW_BITMAP_OFFSET: usize = 2;

/// The cells of a text row, in order; None is NULL. Ends after the first error.
#[derive(Clone, Debug)]
pub struct TextRow<'a> {
    reader: Reader<'a>,
}

impl<'a> TextRow<'a> {
    /// `payload` is that of a whole row.
    pub fn new(payload: &'a [u8]) -> Self {
        Self { reader: Reader::new(payload) }
    }
}

impl<'a> Iterator for TextRow<'a> {
    type Item = Result<Option<&'a [u8]>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let cell = self.reader.lenenc_bytes_or_null();
        if cell.is_err() {
            self.reader.rest();
        }
        Some(cell)
    }
}

/// Appends a cell of a text row.
pub fn write_text_cell(out: &mut Vec<u8>, cell: Option<&[u8]>) {
    match cell {
        Some(text) => write_lenenc_bytes(out, text),
        None => out.push(TEXT_NULL),
    }
}

/// A cell of a binary row that is not NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinaryCell<'a> {
    pub value_type: ValueType,
    /// The value's bytes, without a length prefix.
    pub raw: &'a [u8],
}

impl<'a> BinaryCell<'a> {
    pub fn value(&self) -> Result<BinaryValue<'a>, DecodeError> {
        BinaryValue::decode(self.raw, self.value_type)
    }
}

/// Reading binary rows.
pub struct BinaryRow;

impl BinaryRow {
    /// The cells of a row whose columns have `types`, in order; None is NULL.
    pub fn cells<'a, 't>(
        payload: &'a [u8],
        types: &'t [ValueType],
    ) -> Result<BinaryCells<'a, 't>, DecodeError> {
        let mut reader = Reader::new(payload);
        match reader.u8()? {
            BINARY_ROW_HEADER => {}
            byte => return Err(DecodeError::UnexpectedHeader { what: "a binary row", byte }),
        }
        let nulls = reader.bytes(bitmap_length(types.len(), ROW_BITMAP_OFFSET))?;
        Ok(BinaryCells { reader, nulls, types: types.iter(), bit: ROW_BITMAP_OFFSET })
    }
}

/// The cells of a binary row. Ends after the first error.
#[derive(Clone, Debug)]
pub struct BinaryCells<'a, 't> {
    reader: Reader<'a>,
    nulls: &'a [u8],
    types: std::slice::Iter<'t, ValueType>,
    bit: usize,
}

impl<'a> Iterator for BinaryCells<'a, '_> {
    type Item = Result<Option<BinaryCell<'a>>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let value_type = *self.types.next()?;
        let null = bit_is_set(self.nulls, self.bit);
        self.bit += 1;
        if null {
            return Some(Ok(None));
        }
        let cell = value_type.read_raw(&mut self.reader).map(|raw| Some(BinaryCell { value_type, raw }));
        if cell.is_err() {
            self.types = [].iter();
        }
        Some(cell)
    }
}

/// Writes one binary row, cell by cell, at the end of a buffer.
#[derive(Debug)]
pub struct BinaryRowWriter<'o> {
    out: &'o mut Vec<u8>,
    bitmap: usize,
    column: usize,
    columns: usize,
}

impl<'o> BinaryRowWriter<'o> {
    /// Appends the header of a row of `columns` cells. Just as many must be written after it.
    pub fn begin(out: &'o mut Vec<u8>, columns: usize) -> Self {
        out.push(BINARY_ROW_HEADER);
        let bitmap = out.len();
        out.resize(bitmap + bitmap_length(columns, ROW_BITMAP_OFFSET), 0);
        Self { out, bitmap, column: 0, columns }
    }

    /// The next cell is NULL.
    pub fn null(&mut self) {
        set_bit(self.out, self.bitmap, self.column + ROW_BITMAP_OFFSET);
        self.advance();
    }

    /// The next cell, by value.
    pub fn value(&mut self, value: &BinaryValue<'_>, value_type: ValueType) -> Result<(), DecodeError> {
        value.encode(value_type, self.out)?;
        self.advance();
        Ok(())
    }

    /// The next cell, copied from another binary row.
    pub fn cell(&mut self, cell: Option<BinaryCell<'_>>) -> Result<(), DecodeError> {
        match cell {
            None => self.null(),
            Some(cell) => {
                cell.value_type.write_raw(cell.raw, self.out)?;
                self.advance();
            }
        }
        Ok(())
    }

    /// The next cell, from the cell of a text row.
    pub fn text(&mut self, cell: Option<&[u8]>, value_type: ValueType) -> Result<(), DecodeError> {
        match cell {
            None => self.null(),
            Some(text) => {
                convert::text_to_binary(text, value_type, self.out)?;
                self.advance();
            }
        }
        Ok(())
    }

    fn advance(&mut self) {
        debug_assert!(self.column < self.columns, "more cells than columns");
        self.column += 1;
    }
}

/// Bytes of a NULL bitmap for `count` values, the first of which has bit `offset`.
pub(crate) fn bitmap_length(count: usize, offset: usize) -> usize {
    (count + offset).div_ceil(8)
}

pub(crate) fn bit_is_set(bitmap: &[u8], bit: usize) -> bool {
    bitmap.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
}

/// Sets a bit of the bitmap that starts at `start` in `out`.
pub(crate) fn set_bit(out: &mut [u8], start: usize, bit: usize) {
    if let Some(byte) = out.get_mut(start + bit / 8) {
        *byte |= 1 << (bit % 8);
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::column::ColumnType;
    use crate::value::tests::typed_value;

    #[test]
    fn a_malformed_text_row_ends_after_the_error() {
        let cells: Vec<_> = TextRow::new(b"\x01a\xfb\x05bc").collect();
        assert_eq!(cells[..2], [Ok(Some(&b"a"[..])), Ok(None)]);
        assert!(cells[2].is_err() && cells.len() == 3);
    }

    #[test]
    fn the_bitmap_of_a_binary_row_starts_at_its_third_bit() {
        let tiny = ValueType::new(ColumnType::TINY, false);
        let mut out = Vec::new();
        let mut row = BinaryRowWriter::begin(&mut out, 7);
        row.null();
        for number in 1..6 {
            row.value(&BinaryValue::Int(number), tiny).unwrap();
        }
        row.null();
        assert_eq!(out, [0, 0b0000_0100, 0b0000_0001, 1, 2, 3, 4, 5]);
    }

    proptest! {
        #[test]
        fn text_rows_round_trip(cells in vec(proptest::option::of(vec(any::<u8>(), 0..300)), 0..8)) {
            let mut out = Vec::new();
            for cell in &cells {
                write_text_cell(&mut out, cell.as_deref());
            }
            let read: Result<Vec<_>, _> = TextRow::new(&out).map(|cell| cell.map(|text| text.map(<[u8]>::to_vec))).collect();
            prop_assert_eq!(read, Ok(cells));
        }

        #[test]
        fn binary_rows_round_trip(cells in vec((typed_value(), any::<bool>()), 0..20)) {
            let types: Vec<_> = cells.iter().map(|((value_type, _), _)| *value_type).collect();
            let mut out = Vec::new();
            let mut row = BinaryRowWriter::begin(&mut out, cells.len());
            for ((value_type, value), null) in &cells {
                match null {
                    true => row.null(),
                    false => row.value(&value.value(), *value_type).unwrap(),
                }
            }
            let mut copied = Vec::new();
            let mut copy = BinaryRowWriter::begin(&mut copied, cells.len());
            for (cell, ((_, value), null)) in BinaryRow::cells(&out, &types).unwrap().zip(&cells) {
                let cell = cell.unwrap();
                copy.cell(cell).unwrap();
                prop_assert_eq!(cell.map(|cell| cell.value().unwrap()), (!null).then(|| value.value()));
            }
            prop_assert_eq!(copied, out);
        }

        #[test]
        fn arbitrary_rows_never_panic(bytes in vec(any::<u8>(), 0..60), types in vec(any::<(u8, bool)>(), 0..12)) {
            let types: Vec<_> = types.iter().map(|(column, sign)| ValueType::new(ColumnType(*column), *sign)).collect();
            prop_assert!(TextRow::new(&bytes).count() <= bytes.len());
            if let Ok(cells) = BinaryRow::cells(&bytes, &types) {
                prop_assert!(cells.flatten().flatten().filter_map(|cell| cell.value().ok()).count() <= types.len());
            }
        }
    }
}
