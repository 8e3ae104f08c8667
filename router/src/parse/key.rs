//! Keys and constraints: their definitions, and the names that the servers give to nameless ones.

use ostrakon_catalog::column::{Key, KeyKind};

use super::cursor::Cursor;
use super::definition::Notes;
use super::table_option::option_value;
use crate::RouterError;
use crate::lexer::TokenKind;

/// A key whose name may still have to be found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PendingKey {
    pub name: Option<String>,
    pub kind: KeyKind,
    pub columns: Vec<String>,
}

impl PendingKey {
    pub fn of_column(column: &str, kind: KeyKind) -> Self {
        Self { name: None, kind, columns: vec![column.to_owned()] }
    }

    /// The key by itself, when no other names are known: a nameless one is called after its first column.
    pub fn alone(self) -> Key {
        named_keys(vec![self]).remove(0)
    }
}

/// Gives names as the servers do, in the order of definition: `PRIMARY`; the given one; else the first column's, with `_2`, `_3`, ...
/// when that is taken.
pub(super) fn named_keys(pending: Vec<PendingKey>) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::with_capacity(pending.len());
    for PendingKey { name, kind, columns } in pending {
        let name = match (kind, name) {
            (KeyKind::Primary, _) => "PRIMARY".to_owned(),
            (_, Some(name)) => name,
            (_, None) => {
                let first = columns.first().map_or("", String::as_str);
                let base = if first.starts_with('(') { "functional_index" } else { first };
                free_key_name(base, |name| keys.iter().any(|key| key.name.eq_ignore_ascii_case(name)))
            }
        };
        keys.push(Key { name, kind, columns });
    }
    keys
}

/// The name of a nameless key whose first column is `base`, where `taken` names are in use: `base`, `base_2`, `base_3`, ...; never PRIMARY.
pub fn free_key_name(base: &str, taken: impl Fn(&str) -> bool) -> String {
    if !base.eq_ignore_ascii_case("PRIMARY") && !taken(base) {
        return base.to_owned();
    }
    let numbered = (2u32..).map(|n| format!("{base}_{n}")).find(|name| !taken(name));
    numbered.unwrap_or_default()
}

/// What a definition that is no column is.
pub(super) enum KeyDefinition {
    Key(PendingKey),
    /// A foreign key, with its name.
    Foreign,
    Check,
    /// `PERIOD FOR ...`
    Period,
}

/// True when a key or constraint starts here, and not a column.
pub(super) fn starts_key(c: &Cursor<'_>) -> bool {
    const RESERVED: [&str; 9] =
        ["CONSTRAINT", "PRIMARY", "UNIQUE", "INDEX", "KEY", "FULLTEXT", "SPATIAL", "FOREIGN", "CHECK"];
    c.is_any(&RESERVED)
        || c.are(&["PERIOD", "FOR"])
        || (c.is_any(&["GLOBAL", "CLUSTERED", "VECTOR", "LOCAL"])
            && (c.word_ahead(1, "INDEX") || c.word_ahead(1, "KEY") || c.word_ahead(1, "UNIQUE")))
}

/// Reads a key or constraint.
pub(super) fn key_definition(c: &mut Cursor<'_>, notes: &mut Notes) -> Result<KeyDefinition, RouterError> {
    let mut symbol = None;
    if c.accept("CONSTRAINT") && !c.is_any(&["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"]) {
        symbol = Some(c.name()?);
    }
    refuse_global_index(c)?;
    let kind = if c.accept_all(&["PRIMARY", "KEY"]) {
        KeyKind::Primary
    } else if c.accept("UNIQUE") {
        refuse_global_index(c)?;
        c.accept_any(&["KEY", "INDEX"]);
        KeyKind::Unique
    } else if c.accept("FOREIGN") {
        c.expect("KEY")?;
        c.accept_all(&["IF", "NOT", "EXISTS"]);
        if !c.is_op("(") {
            c.name()?;
        }
        key_parts(c, notes)?;
        references(c)?;
        return Ok(KeyDefinition::Foreign);
    } else if c.is("CHECK") {
        check(c)?;
        return Ok(KeyDefinition::Check);
    } else if c.accept_all(&["PERIOD", "FOR"]) {
        c.name()?;
        c.skip_parentheses()?;
        return Ok(KeyDefinition::Period);
    } else if symbol.is_some() {
        return Err(c.error());
    } else if c.accept("FULLTEXT") {
        c.accept_any(&["KEY", "INDEX"]);
        KeyKind::FullText
    } else if c.accept("SPATIAL") {
        c.accept_any(&["KEY", "INDEX"]);
        KeyKind::Spatial
    } else if c.accept_any(&["INDEX", "KEY"]) {
        KeyKind::Index
    } else {
        return Err(c.error());
    };
    c.accept_all(&["IF", "NOT", "EXISTS"]);
    let name = key_name(c)?.or(symbol);
    let columns = key_parts(c, notes)?;
    key_options(c)?;
    Ok(KeyDefinition::Key(PendingKey { name, kind, columns }))
}

/// DRDS's global secondary indexes, its clustered ones, and MariaDB's vector indexes.
pub(super) fn refuse_global_index(c: &Cursor<'_>) -> Result<(), RouterError> {
    if c.is_any(&["GLOBAL", "CLUSTERED", "LOCAL"]) {
        return Err(RouterError::not_supported(
            "global and clustered indexes (GLOBAL INDEX, CLUSTERED INDEX)",
        ));
    }
    if c.is("VECTOR") {
        return Err(RouterError::not_supported("VECTOR INDEX"));
    }
    Ok(())
}

/// `[name] [USING type]`
fn key_name(c: &mut Cursor<'_>) -> Result<Option<String>, RouterError> {
    let mut name = None;
    if c.is_name() && !c.is("USING") && !is_type_clause(c) {
        name = Some(c.name()?);
    }
    index_type(c)?;
    Ok(name)
}

fn is_type_clause(c: &Cursor<'_>) -> bool {
    c.is("TYPE") && c.ahead(1).kind == TokenKind::Word
}

/// `USING BTREE`, `TYPE HASH`
pub(super) fn index_type(c: &mut Cursor<'_>) -> Result<bool, RouterError> {
    let found = c.is("USING") || is_type_clause(c);
    if found {
        c.advance();
        c.name()?;
    }
    Ok(found)
}

/// `(column [(length)] [ASC | DESC], (expression), ...)`
pub(super) fn key_parts(c: &mut Cursor<'_>, notes: &mut Notes) -> Result<Vec<String>, RouterError> {
    c.expect_op("(")?;
    let mut columns = Vec::new();
    loop {
        if c.is_op("(") {
            let range = c.skip_parentheses()?;
            columns.push(c.code(&range)?);
        } else {
            columns.push(c.name()?);
            if c.is_op("(") {
                c.skip_parentheses()?;
            }
        }
        c.accept_any(&["ASC", "DESC"]);
        if c.accept_all(&["WITHOUT", "OVERLAPS"]) {
            notes.refuse("WITHOUT OVERLAPS");
        }
        if !c.accept_op(",") {
            break;
        }
    }
    c.expect_op(")")?;
    Ok(columns)
}

/// What may follow the parts; nothing of it matters to the catalog.
pub(super) fn key_options(c: &mut Cursor<'_>) -> Result<(), RouterError> {
    while !c.at_end() && !c.is_op(",") && !c.is_op(")") {
        if c.is_any(&["COVERING", "DBPARTITION", "TBPARTITION", "PARTITION"]) {
            return Err(RouterError::not_supported(
                "global indexes (an index with COVERING or its own sharding)",
            ));
        }
        if c.accept_any(&["VISIBLE", "INVISIBLE", "IGNORED", "NOWAIT"]) || c.accept_all(&["NOT", "IGNORED"]) {
            continue;
        }
        if index_type(c)? {
            continue;
        }
        if c.accept_all(&["WITH", "PARSER"]) {
            c.name()?;
            continue;
        }
        let known = [
            "KEY_BLOCK_SIZE",
            "COMMENT",
            "ALGORITHM",
            "LOCK",
            "WAIT",
            "ENGINE_ATTRIBUTE",
            "SECONDARY_ENGINE_ATTRIBUTE",
        ];
        if !(c.is_any(&known) || c.is_name() && c.op_ahead(1, "=")) {
            return Err(c.error());
        }
        c.advance();
        c.accept_op("=");
        option_value(c)?;
    }
    Ok(())
}

/// `CHECK (expression) [[NOT] ENFORCED]`
pub(super) fn check(c: &mut Cursor<'_>) -> Result<(), RouterError> {
    c.expect("CHECK")?;
    c.skip_parentheses()?;
    let _ = c.accept("ENFORCED") || c.accept_all(&["NOT", "ENFORCED"]);
    Ok(())
}

/// `REFERENCES t [(columns)] [MATCH x] [ON DELETE x] [ON UPDATE x]`
pub(super) fn references(c: &mut Cursor<'_>) -> Result<(), RouterError> {
    c.expect("REFERENCES")?;
    c.object_name()?;
    if c.is_op("(") {
        c.skip_parentheses()?;
    }
    if c.accept("MATCH") {
        c.name()?;
    }
    while c.are(&["ON", "DELETE"]) || c.are(&["ON", "UPDATE"]) {
        c.advance();
        c.advance();
        let read = c.accept_any(&["RESTRICT", "CASCADE"])
            || c.accept_all(&["SET", "NULL"])
            || c.accept_all(&["SET", "DEFAULT"])
            || c.accept_all(&["NO", "ACTION"]);
        if !read {
            return Err(c.error());
        }
    }
    Ok(())
}
