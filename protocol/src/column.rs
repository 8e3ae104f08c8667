//! Column definitions: name, origin and type of a result's column, one packet for each.
//!
//! This is the form since MySQL 4.1. MariaDB's extended metadata puts a further field before the fixed part: it must never
//! be negotiated ([`Capabilities::UNSUPPORTED`](crate::Capabilities::UNSUPPORTED)), and a definition that has it does not decode.

use crate::DecodeError;
use crate::lenenc::{Reader, write_lenenc_bytes};

/// Bytes of the fixed part, as the definition itself says.
const FIXED_LENGTH: u64 = 0x0C;

/// Number of the `binary` pseudo character set, which numbers, dates and blobs have.
pub const BINARY_CHARSET: u16 = 63;

/// MYSQL_TYPE_* of a column or parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnType(pub u8);

impl ColumnType {
    pub const DECIMAL: Self = Self(0x00);
    pub const TINY: Self = Self(0x01);
    pub const SHORT: Self = Self(0x02);
    pub const LONG: Self = Self(0x03);
    pub const FLOAT: Self = Self(0x04);
    pub const DOUBLE: Self = Self(0x05);
    pub const NULL: Self = Self(0x06);
    pub const TIMESTAMP: Self = Self(0x07);
    pub const LONGLONG: Self = Self(0x08);
    pub const INT24: Self = Self(0x09);
    pub const DATE: Self = Self(0x0A);
    pub const TIME: Self = Self(0x0B);
    pub const DATETIME: Self = Self(0x0C);
    pub const YEAR: Self = Self(0x0D);
    pub const NEWDATE: Self = Self(0x0E);
    pub const VARCHAR: Self = Self(0x0F);
    pub const BIT: Self = Self(0x10);
    /// MySQL 9.
    pub const VECTOR: Self = Self(0xF2);
    pub const JSON: Self = Self(0xF5);
    pub const NEWDECIMAL: Self = Self(0xF6);
    pub const ENUM: Self = Self(0xF7);
    pub const SET: Self = Self(0xF8);
    pub const TINY_BLOB: Self = Self(0xF9);
    pub const MEDIUM_BLOB: Self = Self(0xFA);
    pub const LONG_BLOB: Self = Self(0xFB);
    pub const BLOB: Self = Self(0xFC);
    pub const VAR_STRING: Self = Self(0xFD);
    pub const STRING: Self = Self(0xFE);
    pub const GEOMETRY: Self = Self(0xFF);
}

/// Column flags: bits of [`ColumnDefinition::flags`].
pub mod flag {
    pub const NOT_NULL: u16 = 0x0001;
    pub const PRIMARY_KEY: u16 = 0x0002;
    pub const UNIQUE_KEY: u16 = 0x0004;
    pub const MULTIPLE_KEY: u16 = 0x0008;
    pub const BLOB: u16 = 0x0010;
    pub const UNSIGNED: u16 = 0x0020;
    pub const ZEROFILL: u16 = 0x0040;
    pub const BINARY: u16 = 0x0080;
    pub const ENUM: u16 = 0x0100;
    pub const AUTO_INCREMENT: u16 = 0x0200;
    pub const TIMESTAMP: u16 = 0x0400;
    pub const SET: u16 = 0x0800;
    pub const NO_DEFAULT_VALUE: u16 = 0x1000;
    pub const ON_UPDATE_NOW: u16 = 0x2000;
    pub const NUM: u16 = 0x8000;
}

/// One column of a result, or one parameter of a prepared statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDefinition<'a> {
    /// Always `def`.
    pub catalog: &'a [u8],
    pub schema: &'a [u8],
    /// The table's alias, or its name.
    pub table: &'a [u8],
    /// The table's name as stored.
    pub org_table: &'a [u8],
    /// The column's label.
    pub name: &'a [u8],
    /// The column's name as stored.
    pub org_name: &'a [u8],
    /// Number of the collation.
    pub charset: u16,
    /// Longest value, in bytes or digits.
    pub length: u32,
    pub column_type: ColumnType,
    /// Bits of [`flag`].
    pub flags: u16,
    /// Digits after the point; 0x1F for dynamic.
    pub decimals: u8,
    /// What follows the fixed part: the length-encoded default value in an answer to COM_FIELD_LIST, else empty.
    pub trailer: &'a [u8],
}

impl Default for ColumnDefinition<'_> {
    fn default() -> Self {
        Self {
            catalog: b"def",
            schema: b"",
            table: b"",
            org_table: b"",
            name: b"",
            org_name: b"",
            charset: BINARY_CHARSET,
            length: 0,
            column_type: ColumnType::NULL,
            flags: 0,
            decimals: 0,
            trailer: b"",
        }
    }
}

impl<'a> ColumnDefinition<'a> {
    /// Decodes the payload.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let catalog = reader.lenenc_bytes()?;
        let schema = reader.lenenc_bytes()?;
        let table = reader.lenenc_bytes()?;
        let org_table = reader.lenenc_bytes()?;
        let name = reader.lenenc_bytes()?;
        let org_name = reader.lenenc_bytes()?;
        if reader.lenenc_int()? != FIXED_LENGTH {
            return Err(DecodeError::Malformed("column definition"));
        }
        let charset = reader.u16()?;
        let length = reader.u32()?;
        let column_type = ColumnType(reader.u8()?);
        let flags = reader.u16()?;
        let decimals = reader.u8()?;
        reader.bytes(2)?;
        let trailer = reader.rest();
        Ok(Self {
            catalog,
            schema,
            table,
            org_table,
            name,
            org_name,
            charset,
            length,
            column_type,
            flags,
            decimals,
            trailer,
        })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for text in [self.catalog, self.schema, self.table, self.org_table, self.name, self.org_name] {
            write_lenenc_bytes(out, text);
        }
        out.push(FIXED_LENGTH as u8);
        out.extend_from_slice(&self.charset.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.push(self.column_type.0);
        out.extend_from_slice(&self.flags.to_le_bytes());
        out.extend_from_slice(&[self.decimals, 0, 0]);
        out.extend_from_slice(self.trailer);
    }

    pub fn is_unsigned(&self) -> bool {
        self.flags & flag::UNSIGNED != 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn extended_metadata_is_refused() {
        let mut payload = Vec::new();
        for text in [&b"def"[..], b"", b"t", b"t", b"c", b"c"] {
            write_lenenc_bytes(&mut payload, text);
        }
        payload.extend_from_slice(b"\x06\x00\x04json\x0c\x3f\0\0\0\0\0\xfc\0\0\0\0\0");
        assert_eq!(ColumnDefinition::decode(&payload), Err(DecodeError::Malformed("column definition")));
    }

    proptest! {
        #[test]
        fn definitions_round_trip(
            texts in vec(vec(any::<u8>(), 0..70), 6),
            numbers: (u16, u32, u8, u16, u8),
            trailer in vec(any::<u8>(), 0..10),
        ) {
            let definition = ColumnDefinition {
                catalog: &texts[0],
                schema: &texts[1],
                table: &texts[2],
                org_table: &texts[3],
                name: &texts[4],
                org_name: &texts[5],
                charset: numbers.0,
                length: numbers.1,
                column_type: ColumnType(numbers.2),
                flags: numbers.3,
                decimals: numbers.4,
                trailer: &trailer,
            };
            let mut out = Vec::new();
            definition.encode(&mut out);
            prop_assert_eq!(ColumnDefinition::decode(&out), Ok(definition));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..80)) {
            let _ = ColumnDefinition::decode(&bytes);
        }
    }
}
