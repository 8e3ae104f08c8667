//! Columns and keys of a logical table: what placement, pruning and merging must know of them.

use serde::{Deserialize, Serialize};

/// A column's type, as far as placement and comparison need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnType {
    TinyInt {
        unsigned: bool,
    },
    SmallInt {
        unsigned: bool,
    },
    MediumInt {
        unsigned: bool,
    },
    Int {
        unsigned: bool,
    },
    BigInt {
        unsigned: bool,
    },
    /// `DECIMAL(precision, scale)`.
    Decimal {
        precision: u8,
        scale: u8,
        unsigned: bool,
    },
    Float,
    Double,
    Bit,
    Year,
    Date,
    /// Fraction digits 0 to 6, as in `DATETIME(fsp)`.
    DateTime {
        fsp: u8,
    },
    Timestamp {
        fsp: u8,
    },
    Time {
        fsp: u8,
    },
    /// CHAR(n); lower-case charset and collation names, resolved from column, table, database defaults; `None` when only
    /// the server knows.
    Char {
        charset: Option<String>,
        collation: Option<String>,
        /// Characters that the column holds; `None` in catalogs written before lengths were kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<u32>,
    },
    VarChar {
        charset: Option<String>,
        collation: Option<String>,
        /// As for CHAR.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<u32>,
    },
    /// TINYTEXT to LONGTEXT.
    Text {
        charset: Option<String>,
        collation: Option<String>,
    },
    Binary,
    VarBinary,
    /// TINYBLOB to LONGBLOB.
    Blob,
    Enum,
    Set,
    Json,
    /// Anything else (spatial, UUID, INET6, ...), by its lower-case name.
    Other(String),
}

impl ColumnType {
    /// True for TINYINT to BIGINT.
    pub fn is_integer(&self) -> bool {
        matches!(
            self,
            Self::TinyInt { .. }
                | Self::SmallInt { .. }
                | Self::MediumInt { .. }
                | Self::Int { .. }
                | Self::BigInt { .. }
        )
    }
}

/// The DEFAULT of a column, as far as an INSERT that leaves it out needs it for placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnDefault {
    /// No DEFAULT clause.
    None,
    Null,
    /// A literal, as the user wrote it.
    Literal(String),
    /// An expression (CURRENT_TIMESTAMP, ...): only the server can evaluate it.
    Expression,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// As written; column names compare without case.
    pub name: String,
    pub data_type: ColumnType,
    pub nullable: bool,
    pub default: ColumnDefault,
    pub auto_increment: bool,
    /// GENERATED ALWAYS AS, virtual or stored.
    pub generated: bool,
    /// MySQL's INVISIBLE: left out of `SELECT *` and of column-less INSERT.
    pub invisible: bool,
}

/// Generated columns that place a row: what they are made from, and a table that works them out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedKey {
    /// They, and all columns that they read, by way of other generated columns too.
    pub columns: Vec<String>,
    /// What stands behind the name in the CREATE TABLE of that table.
    pub definition: String,
    /// Its column that numbers the rows.
    pub number: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyKind {
    Primary,
    Unique,
    Index,
    FullText,
    Spatial,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// `PRIMARY` for the primary key; as written or as MySQL would name it otherwise.
    pub name: String,
    pub kind: KeyKind,
    /// Column names in key order. An expression part is kept as its text in parentheses.
    pub columns: Vec<String>,
}
