//! Table options, of CREATE TABLE and of ALTER TABLE: a few that the catalog follows, many that are the server's alone.

use super::cursor::Cursor;
use super::data_type::Charset;
use super::definition::Notes;
use crate::RouterError;
use crate::lexer::TokenKind;

/// Options that the catalog follows.
#[derive(Debug, Default)]
pub(super) struct TableOptions {
    pub auto_increment: Option<u64>,
    pub charset: Charset,
    pub engine: Option<String>,
}

/// Names of options whose `=` may be left out. Others need it.
const KNOWN: [&str; 36] = [
    "AUTOEXTEND_SIZE",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "COMMENT",
    "COMPRESSION",
    "CONNECTION",
    "DELAY_KEY_WRITE",
    "ENCRYPTED",
    "ENCRYPTION",
    "ENCRYPTION_KEY_ID",
    "ENGINE_ATTRIBUTE",
    "IETF_QUOTES",
    "INSERT_METHOD",
    "ITEF_QUOTES",
    "KEY_BLOCK_SIZE",
    "MAX_ROWS",
    "MIN_ROWS",
    "PACK_KEYS",
    "PAGE_CHECKSUM",
    "PAGE_COMPRESSED",
    "PAGE_COMPRESSION_LEVEL",
    "PASSWORD",
    "ROW_FORMAT",
    "SECONDARY_ENGINE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "STATS_AUTO_RECALC",
    "STATS_PERSISTENT",
    "STATS_SAMPLE_PAGES",
    "TABLESPACE",
    "TABLE_CHECKSUM",
    "TRANSACTIONAL",
    "NODEGROUP",
    "MAX_INDEX_LENGTH",
    "ROW_TYPE",
    "RAID_TYPE",
    "GEOMETRY_COLUMNS",
];

impl TableOptions {
    /// Reads one option; false when none starts here.
    pub fn accept(&mut self, c: &mut Cursor<'_>, notes: &mut Notes) -> Result<bool, RouterError> {
        let default = c.is("DEFAULT") && !c.op_ahead(1, "=");
        let mut after = *c;
        if default {
            after.advance();
        }
        if self.charset.accept(&mut after)? {
            *c = after;
            return Ok(true);
        }
        if default {
            return Err(after.error());
        }
        if c.is("ENGINE") || c.are(&["STORAGE", "ENGINE"]) {
            c.accept("STORAGE");
            c.advance();
            c.accept_op("=");
            self.engine = Some(c.name_or_string()?);
        } else if c.accept("AUTO_INCREMENT") {
            c.accept_op("=");
            self.auto_increment = Some(c.unsigned()?);
        } else if c.accept_all(&["DATA", "DIRECTORY"]) || c.accept_all(&["INDEX", "DIRECTORY"]) {
            c.accept_op("=");
            c.string()?;
        } else if c.is("UNION") && (c.op_ahead(1, "=") || c.op_ahead(1, "(")) {
            c.advance();
            c.accept_op("=");
            c.skip_parentheses()?;
            notes.refuse("UNION (MERGE tables)");
        } else if c.accept_all(&["WITH", "SYSTEM", "VERSIONING"]) {
            notes.refuse("SYSTEM VERSIONING");
        } else if c.accept_all(&["START", "TRANSACTION"]) {
            notes.refuse("START TRANSACTION in CREATE TABLE");
        } else if c.is("TABLEGROUP") || c.is("LOCALITY") {
            return Err(RouterError::not_supported("TABLEGROUP and LOCALITY"));
        } else if c.is_any(&KNOWN) || (c.peek().kind == TokenKind::Word && c.op_ahead(1, "=")) {
            if c.is("SEQUENCE") {
                notes.refuse("SEQUENCE tables");
            }
            c.advance();
            c.accept_op("=");
            option_value(c)?;
            if c.accept("STORAGE") {
                c.name()?;
            }
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

/// A word, string or number. A number with a unit (`4M`) is a word.
pub(super) fn option_value(c: &mut Cursor<'_>) -> Result<(), RouterError> {
    match c.peek().kind {
        TokenKind::String => c.string().map(drop),
        TokenKind::Word | TokenKind::QuotedIdent => c.name().map(drop),
        TokenKind::Integer | TokenKind::Decimal | TokenKind::Float | TokenKind::Hex => {
            c.advance();
            Ok(())
        }
        _ => Err(c.error()),
    }
}
