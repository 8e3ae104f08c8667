//! ALTER TABLE: every option as the change that the catalog must follow, or a refusal by name.

use ostrakon_catalog::column::{Column, ColumnDefault, Key};

use super::column::{column_definition, default_value};
use super::cursor::Cursor;
use super::data_type::Charset;
use super::ddl::{AlterTable, ColumnPosition, Ddl, TableChange};
use super::definition::{Notes, lock_wait, refuse_existence_test};
use super::key::{KeyDefinition, check, key_definition, named_keys, starts_key};
use super::sharding_clause::{cut_range, starts_clause};
use super::table_option::TableOptions;
use crate::RouterError;

/// Parses what follows `ALTER TABLE`.
pub(super) fn parse(c: &mut Cursor<'_>) -> Result<Ddl, RouterError> {
    refuse_existence_test(c)?;
    let name = c.object_name()?;
    lock_wait(c)?;
    let mut changes = Vec::new();
    if !c.at_end() {
        loop {
            option(c, &mut changes)?;
            if !c.accept_op(",") {
                break;
            }
        }
    }
    c.finish()?;
    Ok(Ddl::AlterTable(Box::new(AlterTable { name, changes })))
}

type Changes = Vec<TableChange>;

fn option(c: &mut Cursor<'_>, changes: &mut Changes) -> Result<(), RouterError> {
    if let Some(refused) = refused(c) {
        changes.push(TableChange::Refused(refused.to_owned()));
        while !c.at_end() {
            c.advance();
        }
        return Ok(());
    }
    if c.accept("ADD") {
        add(c, changes)
    } else if c.accept("DROP") {
        changes.push(drop_part(c)?);
        Ok(())
    } else if c.accept("MODIFY") {
        c.accept("COLUMN");
        refuse_existence_test(c)?;
        change_column(c, None, changes)
    } else if c.accept("CHANGE") {
        c.accept("COLUMN");
        refuse_existence_test(c)?;
        let old = c.name()?;
        change_column(c, Some(old), changes)
    } else if c.accept("ALTER") {
        changes.push(alter_part(c)?);
        Ok(())
    } else if c.accept("RENAME") {
        changes.push(rename(c)?);
        Ok(())
    } else if c.accept_all(&["CONVERT", "TO"]) {
        changes.push(convert(c)?);
        Ok(())
    } else if physical(c)? {
        changes.push(TableChange::Physical);
        Ok(())
    } else {
        table_options(c, changes)
    }
}

/// Options that are refused by their first words.
fn refused(c: &Cursor<'_>) -> Option<&'static str> {
    const PARTITIONS: [&str; 14] = [
        "ADD",
        "DROP",
        "TRUNCATE",
        "COALESCE",
        "REORGANIZE",
        "EXCHANGE",
        "ANALYZE",
        "CHECK",
        "OPTIMIZE",
        "REBUILD",
        "REPAIR",
        "DISCARD",
        "IMPORT",
        "CONVERT",
    ];
    if c.are(&["PARTITION", "BY"])
        || c.are(&["REMOVE", "PARTITIONING"])
        || c.are(&["UPGRADE", "PARTITIONING"])
    {
        return Some("partitioning");
    }
    if c.is_any(&PARTITIONS) && (c.word_ahead(1, "PARTITION") || c.word_ahead(1, "PARTITIONS")) {
        return Some("partitioning");
    }
    if c.are(&["DISCARD", "TABLESPACE"]) || c.are(&["IMPORT", "TABLESPACE"]) {
        return Some("DISCARD and IMPORT TABLESPACE");
    }
    if starts_clause(c) {
        return Some("changing the sharding rule of a table");
    }
    const TEMPORAL: [[&str; 2]; 2] = [["SYSTEM", "VERSIONING"], ["PERIOD", "FOR"]];
    if TEMPORAL.iter().any(|[a, b]| c.are(&["ADD", a, b]) || c.are(&["DROP", a, b])) {
        return Some("SYSTEM VERSIONING and PERIOD");
    }
    if c.are(&["DROP", "FOREIGN", "KEY"]) {
        return Some("FOREIGN KEY");
    }
    if c.are(&["DROP", "CONSTRAINT"]) {
        return Some("DROP CONSTRAINT; say DROP INDEX or DROP CHECK");
    }
    None
}

/// What follows ADD.
fn add(c: &mut Cursor<'_>, changes: &mut Changes) -> Result<(), RouterError> {
    if starts_key(c) {
        return add_key(c, changes);
    }
    c.accept("COLUMN");
    refuse_existence_test(c)?;
    if !c.accept_op("(") {
        let (column, keys, position) = column(c, changes, ColumnPosition::Last)?;
        changes.push(TableChange::AddColumn { column, position, keys });
        return Ok(());
    }
    loop {
        if starts_key(c) {
            add_key(c, changes)?;
        } else {
            let (column, keys, position) = column(c, changes, ColumnPosition::Last)?;
            changes.push(TableChange::AddColumn { column, position, keys });
        }
        if !c.accept_op(",") {
            break;
        }
    }
    c.expect_op(")")
}

fn add_key(c: &mut Cursor<'_>, changes: &mut Changes) -> Result<(), RouterError> {
    let mut ahead = *c;
    while !ahead.at_end() && !ahead.is_op("(") {
        refuse_existence_test(&ahead)?;
        ahead.advance();
    }
    let mut notes = Notes::default();
    let change = match key_definition(c, &mut notes)? {
        KeyDefinition::Key(key) => TableChange::AddKey(key.alone()),
        KeyDefinition::Foreign => TableChange::Refused("FOREIGN KEY".into()),
        KeyDefinition::Period => TableChange::Refused("PERIOD FOR".into()),
        KeyDefinition::Check => TableChange::Physical,
    };
    changes.push(change);
    changes.extend(notes.refused.map(TableChange::Refused));
    Ok(())
}

/// A column definition with its keys, and where it stands.
fn column(
    c: &mut Cursor<'_>,
    changes: &mut Changes,
    unsaid: ColumnPosition,
) -> Result<(Column, Vec<Key>, ColumnPosition), RouterError> {
    let mut notes = Notes::default();
    let mut definition = column_definition(c, &mut notes)?;
    let keys = named_keys(std::mem::take(&mut definition.keys));
    if !notes.cut.is_empty() {
        return Err(RouterError::not_supported("AUTO_INCREMENT BY in ALTER TABLE; leave the BY clause out"));
    }
    changes.extend(notes.refused.map(TableChange::Refused));
    let position = if c.accept("FIRST") {
        ColumnPosition::First
    } else if c.accept("AFTER") {
        ColumnPosition::After(c.name()?)
    } else {
        unsaid
    };
    Ok((definition.resolve(&Charset::default()), keys, position))
}

/// What follows MODIFY (no `old`) or `CHANGE old`.
fn change_column(c: &mut Cursor<'_>, old: Option<String>, changes: &mut Changes) -> Result<(), RouterError> {
    let (column, keys, position) = column(c, changes, ColumnPosition::Unchanged)?;
    let old = old.unwrap_or_else(|| column.name.clone());
    changes.push(TableChange::ChangeColumn { old, column, position });
    changes.extend(keys.into_iter().map(TableChange::AddKey));
    Ok(())
}

/// What follows DROP.
fn drop_part(c: &mut Cursor<'_>) -> Result<TableChange, RouterError> {
    if c.accept_all(&["PRIMARY", "KEY"]) {
        return Ok(TableChange::DropPrimaryKey);
    }
    if c.accept_any(&["INDEX", "KEY"]) {
        refuse_existence_test(c)?;
        let name = c.name()?;
        let primary = name.eq_ignore_ascii_case("PRIMARY");
        return Ok(if primary { TableChange::DropPrimaryKey } else { TableChange::DropKey(name) });
    }
    if c.accept("CHECK") {
        c.name()?;
        return Ok(TableChange::Physical);
    }
    c.accept("COLUMN");
    refuse_existence_test(c)?;
    let name = c.name()?;
    c.accept_any(&["RESTRICT", "CASCADE"]);
    Ok(TableChange::DropColumn(name))
}

/// What follows ALTER: a column's default, or the visibility of an index, a check.
fn alter_part(c: &mut Cursor<'_>) -> Result<TableChange, RouterError> {
    if c.accept_any(&["INDEX", "KEY"]) {
        refuse_existence_test(c)?;
        c.name()?;
        let read = c.accept_any(&["VISIBLE", "INVISIBLE", "IGNORED"]) || c.accept_all(&["NOT", "IGNORED"]);
        return if read { Ok(TableChange::Physical) } else { Err(c.error()) };
    }
    if c.accept_any(&["CHECK", "CONSTRAINT"]) {
        c.name()?;
        let read = c.accept("ENFORCED") || c.accept_all(&["NOT", "ENFORCED"]);
        return if read { Ok(TableChange::Physical) } else { Err(c.error()) };
    }
    c.accept("COLUMN");
    refuse_existence_test(c)?;
    let column = c.name()?;
    if c.accept_all(&["DROP", "DEFAULT"]) {
        return Ok(TableChange::SetDefault { column, default: ColumnDefault::None });
    }
    c.expect("SET")?;
    if c.accept("DEFAULT") {
        return Ok(TableChange::SetDefault { column, default: default_value(c)? });
    }
    if c.accept_any(&["VISIBLE", "INVISIBLE"]) {
        return Ok(TableChange::Refused("ALTER COLUMN ... SET VISIBLE; say MODIFY COLUMN".into()));
    }
    Err(c.error())
}

/// What follows RENAME.
fn rename(c: &mut Cursor<'_>) -> Result<TableChange, RouterError> {
    if c.accept("COLUMN") {
        refuse_existence_test(c)?;
        let (old, new) = renamed(c)?;
        return Ok(TableChange::RenameColumn { old, new });
    }
    if c.accept_any(&["INDEX", "KEY"]) {
        refuse_existence_test(c)?;
        let (old, new) = renamed(c)?;
        return Ok(TableChange::RenameKey { old, new });
    }
    let _ = c.accept_any(&["TO", "AS"]) || c.accept_op("=");
    c.object_name().map(TableChange::Rename)
}

fn renamed(c: &mut Cursor<'_>) -> Result<(String, String), RouterError> {
    let old = c.name()?;
    c.expect("TO")?;
    Ok((old, c.name()?))
}

/// What follows CONVERT TO.
fn convert(c: &mut Cursor<'_>) -> Result<TableChange, RouterError> {
    let mut charset = Charset::default();
    if c.is("COLLATE") || !charset.accept(c)? {
        return Err(c.error());
    }
    if c.is("COLLATE") {
        charset.accept(c)?;
    }
    if charset.charset.is_none() {
        return Ok(TableChange::Refused("CONVERT TO CHARACTER SET DEFAULT; name the character set".into()));
    }
    Ok(TableChange::Charset { charset: charset.charset, collation: charset.collation, convert: true })
}

/// Options that change nothing that the catalog knows.
fn physical(c: &mut Cursor<'_>) -> Result<bool, RouterError> {
    if c.accept("FORCE")
        || c.accept_all(&["ENABLE", "KEYS"])
        || c.accept_all(&["DISABLE", "KEYS"])
        || c.accept_all(&["WITH", "VALIDATION"])
        || c.accept_all(&["WITHOUT", "VALIDATION"])
        || c.accept_all(&["SECONDARY_LOAD"])
        || c.accept_all(&["SECONDARY_UNLOAD"])
    {
        return Ok(true);
    }
    if c.accept_any(&["ALGORITHM", "LOCK"]) {
        c.accept_op("=");
        c.name()?;
        return Ok(true);
    }
    if c.is("CHECK") {
        check(c)?;
        return Ok(true);
    }
    if c.accept_all(&["ORDER", "BY"]) {
        // Its own commas: this is the last option.
        loop {
            c.object_name()?;
            c.accept_any(&["ASC", "DESC"]);
            if !c.accept_op(",") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// One or more table options, which need no comma between them.
fn table_options(c: &mut Cursor<'_>, changes: &mut Changes) -> Result<(), RouterError> {
    let mut options = TableOptions::default();
    let mut notes = Notes::default();
    let mut auto_increment = None;
    let mut read = false;
    loop {
        let before = *c;
        if !options.accept(c, &mut notes)? {
            break;
        }
        if let Some(value) = options.auto_increment.take() {
            let has_comma = before.previous().is_some_and(|token| before.bytes(token) == b",");
            auto_increment =
                Some(TableChange::AutoIncrement { value, span: cut_range(&before, c, read || has_comma) });
        }
        read = true;
    }
    if !read {
        return Err(c.error());
    }
    let charset = options.charset.completed();
    let named = charset.charset.is_some() || charset.collation.is_some();
    if auto_increment.is_none() && !named && notes.refused.is_none() {
        changes.push(TableChange::Physical);
    }
    changes.extend(auto_increment);
    if named {
        let Charset { charset, collation, .. } = charset;
        changes.push(TableChange::Charset { charset, collation, convert: false });
    }
    changes.extend(notes.refused.map(TableChange::Refused));
    Ok(())
}
