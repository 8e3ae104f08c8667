//! The door of the DDL parser, and the statements on databases, indexes and whole tables.

use std::ops::Range;

use ostrakon_catalog::column::KeyKind;
use ostrakon_catalog::guard::GuardChange;
use ostrakon_catalog::schema::{DefaultSharding, SequenceKind};

use super::cursor::Cursor;
use super::data_type::Charset;
use super::ddl::Ddl;
use super::key::{PendingKey, index_type, key_options, key_parts, refuse_global_index};
use super::{alter_table, create_table, guard, view};
use crate::RouterError;
use crate::lexer::{SqlMode, Token, TokenKind};

/// What a definition says on the side.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The first construct that sharded tables refuse.
    pub refused: Option<String>,
    /// Text that is not for the servers.
    pub cut: Vec<Range<usize>>,
    /// `AUTO_INCREMENT BY ...`.
    pub sequence: Option<SequenceKind>,
    /// Where the query of AS SELECT begins.
    pub query: Option<usize>,
}

impl Notes {
    pub fn refuse(&mut self, what: &str) {
        self.refused.get_or_insert_with(|| what.to_owned());
    }
}

/// Parses CREATE, ALTER, DROP, TRUNCATE and RENAME of databases, tables and indexes. `None`: it is none of these.
///
/// # Errors
/// 1064 when it is malformed, 1235 for what this version does not do on any kind of table.
pub fn parse_ddl(text: &[u8], tokens: &[Token], mode: SqlMode) -> Result<Option<Ddl>, RouterError> {
    let mut cursor = Cursor::new(text, tokens, mode);
    let c = &mut cursor;
    let ddl = if let Some(ddl) = view::parse(c)? {
        Some(ddl)
    } else if c.accept("CREATE") {
        create(c)?
    } else if c.accept("DROP") {
        drop_object(c)?
    } else if c.accept("ALTER") {
        let _ = c.accept("ONLINE") || c.accept("OFFLINE");
        c.accept("IGNORE");
        if c.accept("TABLE") { Some(alter_table::parse(c)?) } else { None }
    } else if c.accept("TRUNCATE") {
        c.accept("TABLE");
        let table = c.object_name()?;
        lock_wait(c)?;
        Some(Ddl::Truncate(table))
    } else if c.accept_all(&["RENAME", "TABLE"]) || c.accept_all(&["RENAME", "TABLES"]) {
        Some(rename(c)?)
    } else {
        None
    };
    if ddl.is_some() {
        c.finish()?;
    }
    Ok(ddl)
}

fn create(c: &mut Cursor<'_>) -> Result<Option<Ddl>, RouterError> {
    if c.are(&["OR", "REPLACE"]) {
        return Err(RouterError::not_supported("CREATE OR REPLACE; drop the object first"));
    }
    if c.accept_any(&["DATABASE", "SCHEMA"]) {
        return create_database(c).map(Some);
    }
    let temporary = c.accept("TEMPORARY");
    if c.accept("TABLE") {
        return create_table::parse(c, temporary).map(Some);
    }
    if temporary {
        return Ok(None);
    }
    let _ = c.accept("ONLINE") || c.accept("OFFLINE");
    let kind = if c.accept("UNIQUE") {
        KeyKind::Unique
    } else if c.accept("FULLTEXT") {
        KeyKind::FullText
    } else if c.accept("SPATIAL") {
        KeyKind::Spatial
    } else {
        KeyKind::Index
    };
    if c.word_ahead(1, "INDEX") {
        refuse_global_index(c)?;
    }
    if c.accept("INDEX") { create_index(c, kind).map(Some) } else { Ok(None) }
}

fn create_database(c: &mut Cursor<'_>) -> Result<Ddl, RouterError> {
    let if_not_exists = c.accept_all(&["IF", "NOT", "EXISTS"]);
    let name = c.name()?;
    let mut groups = None;
    let mut default_sharding = DefaultSharding::Single;
    let mut guards = GuardChange::default();
    let mut charset = Charset::default();
    while !c.at_end() {
        if c.accept("DBPARTITIONS") {
            c.accept_op("=");
            groups = Some(c.small::<u32>()?);
        } else if c.accept("DEFAULT_SHARDING") {
            c.accept_op("=");
            default_sharding = if c.accept("SINGLE") {
                DefaultSharding::Single
            } else if c.accept("PRIMARY_KEY") {
                DefaultSharding::PrimaryKey
            } else {
                return Err(c.error());
            };
        } else if c.accept("COMMENT") {
            c.accept_op("=");
            c.string()?;
        } else if !guard::option(c, &mut guards)? {
            c.accept("DEFAULT");
            if c.is_any(&["ENCRYPTION", "MODE", "LOCALITY", "PARTITION_MODE"]) {
                let option = c.name()?.to_uppercase();
                return Err(RouterError::not_supported(format_args!("CREATE DATABASE with {option}")));
            }
            if !charset.accept(c)? {
                return Err(c.error());
            }
        }
    }
    let Charset { charset, collation, .. } = charset.completed();
    Ok(Ddl::CreateDatabase {
        name,
        if_not_exists,
        groups,
        default_sharding,
        charset,
        collation,
        guard: guards,
    })
}

/// What follows `CREATE ... INDEX`.
fn create_index(c: &mut Cursor<'_>, kind: KeyKind) -> Result<Ddl, RouterError> {
    refuse_existence_test(c)?;
    let name = c.name()?;
    index_type(c)?;
    c.expect("ON")?;
    let table = c.object_name()?;
    let mut notes = Notes::default();
    let columns = key_parts(c, &mut notes)?;
    key_options(c)?;
    if let Some(refused) = notes.refused {
        return Err(RouterError::not_supported(refused));
    }
    Ok(Ddl::CreateIndex { table, key: PendingKey { name: Some(name), kind, columns }.alone() })
}

/// MariaDB's IF [NOT] EXISTS inside ALTER and on indexes: the catalog could not know what the servers did.
pub(super) fn refuse_existence_test(c: &Cursor<'_>) -> Result<(), RouterError> {
    if c.are(&["IF", "EXISTS"]) || c.are(&["IF", "NOT", "EXISTS"]) {
        return Err(RouterError::not_supported("IF [NOT] EXISTS on columns, keys and in ALTER TABLE"));
    }
    Ok(())
}

fn drop_object(c: &mut Cursor<'_>) -> Result<Option<Ddl>, RouterError> {
    if c.accept_any(&["DATABASE", "SCHEMA"]) {
        let if_exists = c.accept_all(&["IF", "EXISTS"]);
        return Ok(Some(Ddl::DropDatabase { name: c.name()?, if_exists }));
    }
    let temporary = c.accept("TEMPORARY");
    if c.accept_any(&["TABLE", "TABLES"]) {
        let if_exists = c.accept_all(&["IF", "EXISTS"]);
        let mut tables = vec![c.object_name()?];
        while c.accept_op(",") {
            tables.push(c.object_name()?);
        }
        lock_wait(c)?;
        c.accept_any(&["RESTRICT", "CASCADE"]);
        return Ok(Some(Ddl::DropTable { tables, if_exists, temporary }));
    }
    let _ = c.accept("ONLINE") || c.accept("OFFLINE");
    if temporary || !c.accept("INDEX") {
        return Ok(None);
    }
    refuse_existence_test(c)?;
    let name = c.name()?;
    c.expect("ON")?;
    let table = c.object_name()?;
    key_options(c)?;
    Ok(Some(Ddl::DropIndex { table, name }))
}

fn rename(c: &mut Cursor<'_>) -> Result<Ddl, RouterError> {
    refuse_existence_test(c)?;
    let mut pairs = Vec::new();
    loop {
        let from = c.object_name()?;
        lock_wait(c)?;
        c.expect("TO")?;
        pairs.push((from, c.object_name()?));
        if !c.accept_op(",") {
            return Ok(Ddl::Rename(pairs));
        }
    }
}

/// MariaDB's `WAIT n` and `NOWAIT`.
pub(super) fn lock_wait(c: &mut Cursor<'_>) -> Result<(), RouterError> {
    if c.is("WAIT") && matches!(c.ahead(1).kind, TokenKind::Integer | TokenKind::Decimal) {
        c.advance();
        c.advance();
    } else {
        c.accept("NOWAIT");
    }
    Ok(())
}
