//! CREATE, ALTER and DROP VIEW.

use ostrakon_catalog::view::{CheckOption, ViewAlgorithm};

use super::cursor::Cursor;
use super::ddl::{CreateView, Ddl, PutMode};
use crate::RouterError;
use crate::lexer::TokenKind;

/// Parses a statement on views. `None`: it is none; the cursor has not moved then.
///
/// # Errors
/// 1064 when it is malformed, 1221 for OR REPLACE with IF NOT EXISTS.
pub(super) fn parse(c: &mut Cursor<'_>) -> Result<Option<Ddl>, RouterError> {
    let before = *c;
    if c.accept_all(&["DROP", "VIEW"]) {
        return drop(c).map(Some);
    }
    let mode = if c.accept_all(&["CREATE", "OR", "REPLACE"]) {
        PutMode::Replace
    } else if c.accept("CREATE") {
        PutMode::New
    } else if c.accept("ALTER") {
        PutMode::Alter
    } else {
        return Ok(None);
    };
    let mut created = CreateView { mode, ..CreateView::default() };
    if !(options(c, &mut created).is_ok() && c.accept("VIEW")) {
        *c = before;
        return Ok(None);
    }
    if mode != PutMode::Alter && c.accept_all(&["IF", "NOT", "EXISTS"]) {
        if mode == PutMode::Replace {
            let message = "Incorrect usage of OR REPLACE and IF NOT EXISTS";
            return Err(RouterError::new(1221, "HY000", message));
        }
        created.if_not_exists = true;
    }
    created.name = c.object_name()?;
    if c.accept_op("(") {
        created.columns.push(c.name()?);
        while c.accept_op(",") {
            created.columns.push(c.name()?);
        }
        c.expect_op(")")?;
    }
    c.expect("AS")?;
    let is_query = c.is_any(&["SELECT", "WITH", "VALUES", "TABLE"]) || c.is_op("(");
    if !is_query {
        return Err(c.error());
    }
    let start = c.start();
    let mut end = start;
    while !c.at_end() {
        if let Some(check) = check_option(c) {
            created.check = check;
            break;
        }
        c.advance();
        end = c.last_end();
    }
    created.query = c.code(&(start..end))?;
    Ok(Some(Ddl::CreateView(Box::new(created))))
}

/// `ALGORITHM = ...`, `DEFINER = ...`, `SQL SECURITY ...`, each where it is named.
fn options(c: &mut Cursor<'_>, created: &mut CreateView) -> Result<(), RouterError> {
    if c.accept("ALGORITHM") {
        c.expect_op("=")?;
        created.algorithm = Some(if c.accept("UNDEFINED") {
            ViewAlgorithm::Undefined
        } else if c.accept("MERGE") {
            ViewAlgorithm::Merge
        } else {
            c.expect("TEMPTABLE")?;
            ViewAlgorithm::TempTable
        });
    }
    if c.accept("DEFINER") {
        c.expect_op("=")?;
        created.definer = definer(c)?;
    }
    if c.accept_all(&["SQL", "SECURITY"]) {
        created.invoker = Some(c.accept("INVOKER"));
        if created.invoker == Some(false) {
            c.expect("DEFINER")?;
        }
    }
    Ok(())
}

/// `user@host`, `user`, `CURRENT_USER`; `None` for the last.
fn definer(c: &mut Cursor<'_>) -> Result<Option<(String, String)>, RouterError> {
    if c.accept("CURRENT_USER") {
        if c.accept_op("(") {
            c.expect_op(")")?;
        }
        return Ok(None);
    }
    let user = c.name_or_string()?;
    // `@host` is one token, as a user variable is.
    let token = c.peek();
    let host = if token.kind == TokenKind::UserVariable {
        let text = String::from_utf8_lossy(c.bytes(token)).into_owned();
        c.advance();
        text.trim_start_matches('@').trim_matches(['`', '\'', '"']).to_owned()
    } else if c.accept_op("@") {
        c.name_or_string()?
    } else {
        "%".to_owned()
    };
    Ok(Some((user, host)))
}

/// `WITH [CASCADED | LOCAL] CHECK OPTION` at the statement's end.
fn check_option(c: &mut Cursor<'_>) -> Option<CheckOption> {
    const FORMS: [(&[&str], CheckOption); 3] = [
        (&["WITH", "CHECK", "OPTION"], CheckOption::Cascaded),
        (&["WITH", "CASCADED", "CHECK", "OPTION"], CheckOption::Cascaded),
        (&["WITH", "LOCAL", "CHECK", "OPTION"], CheckOption::Local),
    ];
    let is_last = |words: &[&str]| c.are(words) && c.ahead(words.len()).kind == TokenKind::End;
    let (words, check) = FORMS.iter().find(|(words, _)| is_last(words))?;
    c.accept_all(words);
    Some(*check)
}

/// What follows `DROP VIEW`.
fn drop(c: &mut Cursor<'_>) -> Result<Ddl, RouterError> {
    let if_exists = c.accept_all(&["IF", "EXISTS"]);
    let mut views = vec![c.object_name()?];
    while c.accept_op(",") {
        views.push(c.object_name()?);
    }
    c.accept_any(&["RESTRICT", "CASCADE"]);
    Ok(Ddl::DropView { views, if_exists })
}
