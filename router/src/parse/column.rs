//! Column definitions: type, attributes, and the keys that attributes make.

use ostrakon_catalog::column::{Column, ColumnDefault, ColumnType, KeyKind};

use super::cursor::Cursor;
use super::data_type::{Charset, DataType, data_type};
use super::definition::Notes;
use super::key::{PendingKey, check, references};
use super::sequence::column_kind;
use super::table_option::option_value;
use crate::RouterError;
use crate::lexer::TokenKind;

/// A column whose character set waits for the table's default.
pub(super) struct ColumnDefinition {
    column: Column,
    data_type: DataType,
    /// Keys that attributes make: `UNIQUE`, `PRIMARY KEY`.
    pub keys: Vec<PendingKey>,
}

impl ColumnDefinition {
    /// The column, with the table's default for what it does not say itself.
    pub fn resolve(self, table: &Charset) -> Column {
        Column { data_type: self.data_type.resolve(table), ..self.column }
    }
}

/// Reads `name type attributes...` up to a comma, a closing parenthesis, FIRST, AFTER or the end.
pub(super) fn column_definition(
    c: &mut Cursor<'_>,
    notes: &mut Notes,
) -> Result<ColumnDefinition, RouterError> {
    let name = c.name()?;
    let data_type = data_type(c)?;
    let mut column = Column {
        name,
        data_type: ColumnType::Json,
        nullable: true,
        default: ColumnDefault::None,
        auto_increment: false,
        generated: false,
        invisible: false,
    };
    let mut definition = ColumnDefinition { keys: Vec::new(), column: column.clone(), data_type };
    if definition.data_type.serial {
        column.nullable = false;
        column.auto_increment = true;
        definition.keys.push(PendingKey::of_column(&column.name, KeyKind::Unique));
    }
    while !c.at_end() && !c.is_op(",") && !c.is_op(")") && !c.is_any(&["FIRST", "AFTER"]) {
        let read = value_attribute(c, &mut column, notes)?
            || key_attribute(c, &mut column, &mut definition.keys)?
            || definition.data_type.charset.accept(c)?
            || constraint_attribute(c, notes)?
            || storage_attribute(c, &mut column, notes)?;
        if !read {
            return Err(c.error());
        }
    }
    definition.column = column;
    Ok(definition)
}

/// NULL, DEFAULT, AUTO_INCREMENT, ON UPDATE, generated columns.
fn value_attribute(c: &mut Cursor<'_>, column: &mut Column, notes: &mut Notes) -> Result<bool, RouterError> {
    if c.accept_all(&["NOT", "NULL"]) {
        column.nullable = false;
    } else if c.accept("NULL") {
        column.nullable = true;
    } else if c.accept("DEFAULT") {
        column.default = default_value(c)?;
    } else if c.accept_all(&["ON", "UPDATE"]) {
        if c.peek().kind != TokenKind::Word {
            return Err(c.error());
        }
        c.advance();
        if c.is_op("(") {
            c.skip_parentheses()?;
        }
    } else if c.accept("AUTO_INCREMENT") {
        column.auto_increment = true;
        column.nullable = false;
        auto_increment_by(c, notes)?;
    } else if c.is("AS") || c.are(&["GENERATED", "ALWAYS", "AS"]) {
        generated(c, column, notes)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// `AS (expression) [VIRTUAL | STORED | PERSISTENT]`
fn generated(c: &mut Cursor<'_>, column: &mut Column, notes: &mut Notes) -> Result<(), RouterError> {
    c.accept_all(&["GENERATED", "ALWAYS"]);
    c.expect("AS")?;
    column.generated = true;
    if c.accept_all(&["ROW", "START"]) || c.accept_all(&["ROW", "END"]) {
        notes.refuse("SYSTEM VERSIONING");
        return Ok(());
    }
    c.skip_parentheses()?;
    c.accept_any(&["VIRTUAL", "STORED", "PERSISTENT"]);
    Ok(())
}

/// DRDS's `AUTO_INCREMENT BY kind [UNIT COUNT n INDEX i]`, which no server knows.
fn auto_increment_by(c: &mut Cursor<'_>, notes: &mut Notes) -> Result<(), RouterError> {
    let start = c.start();
    if !c.accept("BY") {
        return Ok(());
    }
    notes.sequence = Some(column_kind(c)?);
    notes.cut.push(start..c.last_end());
    Ok(())
}

/// What follows DEFAULT.
pub(super) fn default_value(c: &mut Cursor<'_>) -> Result<ColumnDefault, RouterError> {
    let start = c.start();
    if c.accept("NULL") {
        return Ok(ColumnDefault::Null);
    }
    if c.is_op("(") {
        c.skip_parentheses()?;
        return Ok(ColumnDefault::Expression);
    }
    if c.is_op("-") || c.is_op("+") {
        c.advance();
        if !is_number(c.peek().kind) {
            return Err(c.error());
        }
    }
    let introducer = c.peek().kind == TokenKind::Word && {
        let word = c.bytes(c.peek());
        word.starts_with(b"_") || word.eq_ignore_ascii_case(b"N")
    };
    if introducer && matches!(c.ahead(1).kind, TokenKind::String | TokenKind::Hex | TokenKind::Bit) {
        c.advance();
    }
    if is_number(c.peek().kind) {
        c.advance();
    } else if c.peek().kind == TokenKind::String {
        c.string()?;
    } else if !c.accept_any(&["TRUE", "FALSE"]) {
        return default_expression(c);
    }
    Ok(ColumnDefault::Literal(c.code(&(start..c.last_end()))?))
}

fn is_number(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Integer | TokenKind::Decimal | TokenKind::Float | TokenKind::Hex | TokenKind::Bit
    )
}

/// `CURRENT_TIMESTAMP(6)`, `uuid()`, `NEXT VALUE FOR s`, `DATE '2020-01-01'`.
fn default_expression(c: &mut Cursor<'_>) -> Result<ColumnDefault, RouterError> {
    if c.peek().kind != TokenKind::Word {
        return Err(c.error());
    }
    if c.accept_all(&["NEXT", "VALUE", "FOR"]) {
        c.object_name()?;
        return Ok(ColumnDefault::Expression);
    }
    c.object_name()?;
    if c.peek().kind == TokenKind::String {
        c.string()?;
    } else if c.is_op("(") {
        c.skip_parentheses()?;
    }
    Ok(ColumnDefault::Expression)
}

/// UNIQUE, PRIMARY KEY, and SERIAL DEFAULT VALUE.
fn key_attribute(
    c: &mut Cursor<'_>,
    column: &mut Column,
    keys: &mut Vec<PendingKey>,
) -> Result<bool, RouterError> {
    if c.accept("UNIQUE") {
        c.accept_any(&["KEY", "INDEX"]);
        keys.push(PendingKey::of_column(&column.name, KeyKind::Unique));
    } else if c.accept_all(&["PRIMARY", "KEY"]) || c.accept("KEY") || c.accept("PRIMARY") {
        column.nullable = false;
        keys.push(PendingKey::of_column(&column.name, KeyKind::Primary));
    } else if c.accept_all(&["SERIAL", "DEFAULT", "VALUE"]) {
        column.nullable = false;
        column.auto_increment = true;
        keys.push(PendingKey::of_column(&column.name, KeyKind::Unique));
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// CHECK, and REFERENCES (which MariaDB enforces and MySQL reads and forgets).
fn constraint_attribute(c: &mut Cursor<'_>, notes: &mut Notes) -> Result<bool, RouterError> {
    if c.accept("CONSTRAINT") {
        if !c.is_any(&["CHECK", "REFERENCES"]) {
            c.name()?;
        }
        if !c.is_any(&["CHECK", "REFERENCES"]) {
            return Err(c.error());
        }
    }
    if c.is("CHECK") {
        check(c)?;
    } else if c.is("REFERENCES") {
        references(c)?;
        notes.refuse("FOREIGN KEY");
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// What only the server cares for.
fn storage_attribute(
    c: &mut Cursor<'_>,
    column: &mut Column,
    notes: &mut Notes,
) -> Result<bool, RouterError> {
    if c.accept("COMMENT") {
        c.accept_op("=");
        c.string()?;
    } else if c.accept("INVISIBLE") {
        column.invisible = true;
    } else if c.accept("VISIBLE") {
        column.invisible = false;
    } else if c.accept_any(&["COLUMN_FORMAT", "STORAGE"]) || c.accept("SRID") {
        c.advance();
    } else if c.accept_all(&["NOT", "SECONDARY"]) {
        // HeatWave's, without meaning here.
    } else if c.accept("COMPRESSED") {
        if c.accept_op("=") {
            option_value(c)?;
        }
    } else if c.accept_all(&["WITH", "SYSTEM", "VERSIONING"])
        || c.accept_all(&["WITHOUT", "SYSTEM", "VERSIONING"])
    {
        notes.refuse("SYSTEM VERSIONING");
    } else if c.is_any(&["ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "REF_SYSTEM_ID"])
        || (c.is_name() && c.op_ahead(1, "="))
    {
        c.advance();
        c.accept_op("=");
        option_value(c)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}
