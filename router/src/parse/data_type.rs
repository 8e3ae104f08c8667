//! Column types: every name that MySQL and MariaDB give them, and the character set that a string column ends up with.

use ostrakon_catalog::column::ColumnType;

use super::cursor::Cursor;
use crate::RouterError;
use crate::lexer::TokenKind;

/// Character set and collation as far as one clause names them, lower case.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Charset {
    pub charset: Option<String>,
    pub collation: Option<String>,
    /// The attribute BINARY of a string type: the `_bin` collation of whatever character set it has.
    pub binary: bool,
}

impl Charset {
    /// `CHARACTER SET x`, `CHARSET x`, `COLLATE y` from here, each perhaps with `=`; false when there is none.
    pub fn accept(&mut self, c: &mut Cursor<'_>) -> Result<bool, RouterError> {
        if c.accept_all(&["CHARACTER", "SET"]) || c.accept_all(&["CHAR", "SET"]) || c.accept("CHARSET") {
            c.accept_op("=");
            self.charset = if c.accept("DEFAULT") { None } else { Some(c.name_or_string()?.to_lowercase()) };
            return Ok(true);
        }
        if c.accept("COLLATE") {
            c.accept_op("=");
            self.collation =
                if c.accept("DEFAULT") { None } else { Some(c.name_or_string()?.to_lowercase()) };
            return Ok(true);
        }
        Ok(false)
    }

    /// The same with the character set that a lonely collation implies.
    pub fn completed(mut self) -> Self {
        if self.charset.is_none() {
            self.charset = self.collation.as_deref().and_then(charset_of);
        }
        self
    }
}

/// The character set of a collation, from its name. MariaDB's `uca1400_...` go with several: `None`.
pub(super) fn charset_of(collation: &str) -> Option<String> {
    let charset = collation.split('_').next().unwrap_or(collation);
    (charset != "uca1400").then(|| charset.to_owned())
}

/// A type with what its own words say of its character set.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DataType {
    pub base: ColumnType,
    pub charset: Charset,
    /// SERIAL: BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE.
    pub serial: bool,
}

impl DataType {
    /// The column's type. What the column's own clauses say beats the table's default; a character set without collation means that
    /// set's default collation, not the table's.
    pub fn resolve(self, table: &Charset) -> ColumnType {
        let own = self.charset.completed();
        let (charset, mut collation) = match (&own.charset, &own.collation) {
            (None, None) => (table.charset.clone(), table.collation.clone()),
            (None, Some(_)) => (table.charset.clone(), own.collation.clone()),
            (Some(_), _) => (own.charset.clone(), own.collation.clone()),
        };
        if own.binary {
            match &charset {
                Some(charset) => collation = Some(format!("{charset}_bin")),
                // The database's character set decides; nothing is known here, so nothing is assumed.
                None => return unknown_binary(self.base),
            }
        }
        let bytes = charset.as_deref() == Some("binary");
        match self.base {
            ColumnType::Char { .. } if bytes => ColumnType::Binary,
            ColumnType::VarChar { .. } if bytes => ColumnType::VarBinary,
            ColumnType::Text { .. } if bytes => ColumnType::Blob,
            ColumnType::Char { length, .. } => ColumnType::Char { charset, collation, length },
            ColumnType::VarChar { length, .. } => ColumnType::VarChar { charset, collation, length },
            ColumnType::Text { .. } => ColumnType::Text { charset, collation },
            other => other,
        }
    }
}

fn unknown_binary(base: ColumnType) -> ColumnType {
    match base {
        ColumnType::Char { .. } => ColumnType::Other("char binary".into()),
        ColumnType::VarChar { .. } => ColumnType::Other("varchar binary".into()),
        ColumnType::Text { .. } => ColumnType::Other("text binary".into()),
        other => other,
    }
}

const CHAR: ColumnType = ColumnType::Char { charset: None, collation: None, length: Some(1) };
const VARCHAR: ColumnType = ColumnType::VarChar { charset: None, collation: None, length: None };
const TEXT: ColumnType = ColumnType::Text { charset: None, collation: None };

/// Reads a type with its lengths and modifiers.
///
/// # Errors
/// 1064 when no type stands here.
pub(super) fn data_type(c: &mut Cursor<'_>) -> Result<DataType, RouterError> {
    if c.peek().kind != TokenKind::Word {
        return Err(c.error());
    }
    let word = c.name()?.to_uppercase();
    if let Some(base) = number(c, &word)? {
        return Ok(plain(base));
    }
    if let Some(base) = temporal(c, &word)? {
        return Ok(plain(base));
    }
    if let Some(string) = string(c, &word)? {
        return Ok(string);
    }
    if word == "SERIAL" {
        return Ok(DataType { serial: true, ..plain(ColumnType::BigInt { unsigned: true }) });
    }
    let base = match word.as_str() {
        "BINARY" | "RAW" => ColumnType::Binary,
        "VARBINARY" => ColumnType::VarBinary,
        "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => ColumnType::Blob,
        "JSON" => ColumnType::Json,
        other => ColumnType::Other(other.to_lowercase()),
    };
    if c.is_op("(") {
        c.skip_parentheses()?;
    }
    Ok(plain(base))
}

fn plain(base: ColumnType) -> DataType {
    DataType { base, charset: Charset::default(), serial: false }
}

fn number(c: &mut Cursor<'_>, word: &str) -> Result<Option<ColumnType>, RouterError> {
    let (mut first, mut second) = (None, None);
    let base = match word {
        "DOUBLE" => {
            c.accept("PRECISION");
            word
        }
        "BOOL" | "BOOLEAN" => return Ok(Some(ColumnType::TinyInt { unsigned: false })),
        "TINYINT" | "INT1" | "SMALLINT" | "INT2" | "MEDIUMINT" | "INT3" | "MIDDLEINT" | "INT" | "INTEGER"
        | "INT4" | "BIGINT" | "INT8" | "DECIMAL" | "DEC" | "NUMERIC" | "FIXED" | "NUMBER" | "FLOAT"
        | "FLOAT4" | "FLOAT8" | "REAL" | "BIT" => word,
        _ => return Ok(None),
    };
    if c.accept_op("(") {
        first = Some(c.small::<u8>()?);
        if c.accept_op(",") {
            second = Some(c.small::<u8>()?);
        }
        c.expect_op(")")?;
    }
    let mut unsigned = false;
    while c.is_any(&["SIGNED", "UNSIGNED", "ZEROFILL"]) {
        unsigned |= !c.is("SIGNED");
        c.advance();
    }
    Ok(Some(match base {
        "TINYINT" | "INT1" => ColumnType::TinyInt { unsigned },
        "SMALLINT" | "INT2" => ColumnType::SmallInt { unsigned },
        "MEDIUMINT" | "INT3" | "MIDDLEINT" => ColumnType::MediumInt { unsigned },
        "INT" | "INTEGER" | "INT4" => ColumnType::Int { unsigned },
        "BIGINT" | "INT8" => ColumnType::BigInt { unsigned },
        "BIT" => ColumnType::Bit,
        "FLOAT" | "FLOAT4" if second.is_some() || first.is_none_or(|precision| precision <= 24) => {
            ColumnType::Float
        }
        "FLOAT" | "FLOAT4" | "FLOAT8" | "DOUBLE" | "REAL" => ColumnType::Double,
        // DECIMAL(0) is DECIMAL(10,0) too.
        _ => ColumnType::Decimal {
            precision: first.filter(|&n| n > 0).unwrap_or(10),
            scale: second.unwrap_or(0),
            unsigned,
        },
    }))
}

fn temporal(c: &mut Cursor<'_>, word: &str) -> Result<Option<ColumnType>, RouterError> {
    if !matches!(word, "DATE" | "TIME" | "DATETIME" | "TIMESTAMP" | "YEAR") {
        return Ok(None);
    }
    let mut fsp = 0;
    if c.accept_op("(") {
        fsp = c.small::<u8>()?;
        c.expect_op(")")?;
    }
    Ok(Some(match word {
        "DATE" => ColumnType::Date,
        "TIME" => ColumnType::Time { fsp },
        "DATETIME" => ColumnType::DateTime { fsp },
        "TIMESTAMP" => ColumnType::Timestamp { fsp },
        _ => ColumnType::Year,
    }))
}

fn string(c: &mut Cursor<'_>, word: &str) -> Result<Option<DataType>, RouterError> {
    let mut national = false;
    let mut base = match word {
        "CHAR" | "CHARACTER" => {
            if c.accept("VARYING") {
                VARCHAR
            } else {
                CHAR
            }
        }
        "VARCHAR" | "VARCHARACTER" | "VARCHAR2" => VARCHAR,
        "NATIONAL" => {
            national = true;
            let varchar = c.accept_any(&["VARCHAR", "VARCHARACTER"]);
            if !varchar && !c.accept_any(&["CHAR", "CHARACTER"]) {
                return Err(c.error());
            }
            if c.accept("VARYING") || varchar { VARCHAR } else { CHAR }
        }
        "NCHAR" => {
            national = true;
            if c.accept_any(&["VARYING", "VARCHAR", "VARCHARACTER"]) { VARCHAR } else { CHAR }
        }
        "NVARCHAR" => {
            national = true;
            VARCHAR
        }
        "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "CLOB" => TEXT,
        "LONG" => {
            if c.accept("VARBINARY") || c.accept_all(&["BINARY", "VARYING"]) {
                return Ok(Some(plain(ColumnType::Blob)));
            }
            if c.accept_any(&["CHAR", "CHARACTER"]) {
                c.expect("VARYING")?;
            } else {
                c.accept_any(&["VARCHAR", "VARCHARACTER"]);
            }
            TEXT
        }
        "ENUM" => ColumnType::Enum,
        "SET" => ColumnType::Set,
        _ => return Ok(None),
    };
    match &mut base {
        ColumnType::Char { length, .. } | ColumnType::VarChar { length, .. } if c.accept_op("(") => {
            *length = Some(c.small::<u32>()?);
            c.expect_op(")")?;
        }
        ColumnType::Enum | ColumnType::Set => _ = c.skip_parentheses()?,
        _ if c.is_op("(") => _ = c.skip_parentheses()?,
        _ => {}
    }
    let mut charset = Charset::default();
    if national {
        charset.charset = Some("utf8mb3".into());
    }
    string_modifiers(c, &mut charset)?;
    Ok(Some(DataType { base, charset, serial: false }))
}

fn string_modifiers(c: &mut Cursor<'_>, charset: &mut Charset) -> Result<(), RouterError> {
    loop {
        if c.accept("BINARY") {
            charset.binary = true;
        } else if c.accept("ASCII") {
            charset.charset = Some("latin1".into());
        } else if c.accept("UNICODE") {
            charset.charset = Some("ucs2".into());
        } else if c.accept("BYTE") {
            charset.charset = Some("binary".into());
        } else if !charset.accept(c)? {
            return Ok(());
        }
    }
}
