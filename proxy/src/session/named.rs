//! PREPARE, EXECUTE and DEALLOCATE PREPARE as SQL: statements that a session keeps under a name.

use std::rc::Rc;

use ostrakon_router::RouterError;
use ostrakon_router::lexer::{self, Keyword, SqlMode, Template, leading_keyword};
use ostrakon_router::parse::command::{Command, PreparedCommand, ShowWhat};
use ostrakon_router::plan::{Plan, with_literals};

use super::hint::Unhinted;
use super::prepared::Origin;
use super::result::quote_string;
use super::{Failure, Session};
use crate::error::SqlError;
use crate::secret::from_hex;

/// A statement with a name.
#[derive(Debug)]
pub(super) struct Named {
    text: Vec<u8>,
    params: usize,
    origin: Origin,
}

fn unknown(name: &str, command: &str) -> SqlError {
    SqlError::new(1243, "HY000", format!("Unknown prepared statement handler ({name}) given to {command}"))
}

/// ER_UNSUPPORTED_PS.
pub(super) fn not_preparable() -> SqlError {
    SqlError::new(1295, "HY000", "This command is not supported in the prepared statement protocol yet")
}

/// What MySQL does not prepare, and MariaDB does (tried: 9.7, 10.11).
pub(super) fn is_text_only(command: &Command) -> bool {
    match command {
        Command::Begin { .. }
        | Command::Savepoint(_)
        | Command::RollbackTo(_)
        | Command::ReleaseSavepoint(_)
        | Command::Use(_)
        | Command::CheckTable { .. }
        | Command::LockTables { .. }
        | Command::UnlockTables => true,
        Command::Show(show) => matches!(
            show.what,
            ShowWhat::Warnings { count: false, .. } | ShowWhat::Errors { count: false, .. }
        ),
        _ => false,
    }
}

impl Session {
    /// Carries one of them out, and answers it.
    pub(super) async fn prepared_command(
        &mut self,
        command: &PreparedCommand,
        more: bool,
    ) -> Result<(), Failure> {
        match command {
            PreparedCommand::Prepare { name, source } => {
                // It is gone, whatever comes.
                self.statements.named.remove(&name.to_lowercase());
                self.statements.check_limit(&self.worker)?;
                let named = self.prepare_named(source).await?;
                self.statements.named.insert(name.to_lowercase(), Rc::new(named));
                self.row_count = 0;
                self.ok(0, 0, b"Statement prepared", more);
                return Ok(());
            }
            PreparedCommand::Execute { name, values } => {
                let named = self.statements.named.get(&name.to_lowercase()).map(Rc::clone);
                let named = named.ok_or_else(|| unknown(name, "EXECUTE"))?;
                return self.execute_named(&named, values, more).await;
            }
            PreparedCommand::ExecuteImmediate { source, values } => {
                let named = self.prepare_named(source).await?;
                return self.execute_named(&named, values, more).await;
            }
            PreparedCommand::Deallocate(name) => {
                let gone = self.statements.named.remove(&name.to_lowercase());
                gone.ok_or_else(|| unknown(name, "DEALLOCATE PREPARE"))?;
            }
        }
        self.row_count = 0;
        self.ok(0, 0, b"", more);
        Ok(())
    }

    /// The statement whose text an expression gives, as far as it can be checked before it runs.
    async fn prepare_named(&mut self, source: &str) -> Result<Named, Failure> {
        let literal = self.value_of(source).await?;
        let text = match literal.as_str() {
            "NULL" => "NULL".to_owned(),
            literal => text_of(literal).ok_or_else(|| RouterError::syntax(format!("near '{literal}'")))?,
        };
        let raw = text.as_bytes();
        let mut template = Template::default();
        lexer::scan(raw, self.mode, &mut template)?;
        let params = if template.has_tddl_hint {
            let Unhinted { text, template, hint } = self.take_hints(raw)?;
            let timer = self.begin_hint(&hint);
            let params = Box::pin(self.check_named(&text, &template)).await;
            self.end_hint(timer, params)?
        } else {
            Box::pin(self.check_named(raw, &template)).await?
        };
        Ok(Named { text: text.into_bytes(), params, origin: self.origin() })
    }

    /// Lets the planner and a server look at it. Returns how many markers it has.
    async fn check_named(&mut self, text: &[u8], template: &Template) -> Result<usize, Failure> {
        if leading_keyword(template) == Keyword::Use {
            return Err(not_preparable().into());
        }
        let (plan, params, _) = self.plan_to_prepare(text, template).await?;
        match &*plan {
            Plan::Routed(_) => Ok(params),
            Plan::Load(_) | Plan::Command(_) | Plan::Ddl(_) | Plan::Views(_) if params > 0 => {
                Err(SqlError::not_supported("parameters in this kind of statement").into())
            }
            Plan::Load(_) | Plan::Command(_) | Plan::Ddl(_) | Plan::Views(_) => Ok(0),
        }
    }

    async fn execute_named(&mut self, named: &Named, values: &[String], more: bool) -> Result<(), Failure> {
        if values.len() != named.params {
            return Err(SqlError::new(1210, "HY000", "Incorrect arguments to EXECUTE").into());
        }
        self.check_mode(&named.origin)?;
        let mut literals = Vec::with_capacity(values.len());
        for value in values {
            let literal = self.value_of(value).await?;
            literals.push(parameter(literal, self.mode)?);
        }
        let text = match literals.is_empty() {
            true => named.text.clone(),
            false => with_literals(&named.text, &literals, self.mode)?,
        };
        let database = std::mem::replace(&mut self.database, named.origin.database.clone());
        let ran = self.run_named(&text, more).await;
        self.return_to(database);
        ran
    }

    async fn run_named(&mut self, text: &[u8], more: bool) -> Result<(), Failure> {
        let mut template = Template::default();
        lexer::scan(text, self.mode, &mut template)?;
        if template.has_tddl_hint {
            let Unhinted { text, template, hint } = self.take_hints(text)?;
            let timer = self.begin_hint(&hint);
            let ran = Box::pin(self.run_text(&text, &template, more)).await;
            return self.end_hint(timer, ran);
        }
        Box::pin(self.run_text(text, &template, more)).await
    }
}

/// The text of a string literal of [`Session::value_of`]; `None` for other values.
fn text_of(literal: &str) -> Option<String> {
    let (charset, digits) = string(literal)?;
    let is_utf8 = matches!(charset, "utf8mb4" | "utf8mb3" | "utf8" | "ascii" | "binary");
    // In these every byte of ASCII means itself.
    let has_ascii = is_utf8 || charset.starts_with("latin") || charset.starts_with("cp125");
    String::from_utf8(from_hex(digits)?).ok().filter(|text| is_utf8 || has_ascii && text.is_ascii())
}

/// Character set and hexadecimal digits of `_charset x'digits' COLLATE collation`, and of `x'digits'`.
fn string(literal: &str) -> Option<(&str, &str)> {
    if let Some(digits) = literal.strip_prefix("x'") {
        return Some(("binary", digits.strip_suffix('\'')?));
    }
    let (charset, rest) = literal.strip_prefix('_')?.split_once(" x'")?;
    Some((charset, rest.split_once('\'')?.0))
}

/// A value as the parameter that it becomes: a string in the connection's character set, which gives way to a column's collation, as a variable's with COLLATE would not.
///
/// Errors: 1235 for a string whose characters cannot be told.
fn parameter(literal: String, mode: SqlMode) -> Result<String, SqlError> {
    let Some((charset, digits)) = string(&literal) else { return Ok(literal) };
    match text_of(&literal) {
        _ if charset == "binary" => Ok(format!("_binary x'{digits}'")),
        Some(text) if mode.no_backslash_escapes => Ok(format!("'{}'", text.replace('\'', "''"))),
        Some(text) => Ok(quote_string(&text)),
        None => Err(SqlError::not_supported(format!(
            "a value of EXECUTE ... USING in character set {charset}; CONVERT it to utf8mb4"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_parameters() {
        let parameter = |literal: &str| parameter(literal.to_owned(), SqlMode::default()).unwrap_or_default();
        assert_eq!(parameter("_utf8mb4 x'C3A9' COLLATE utf8mb4_bin"), "'é'");
        assert_eq!(parameter("_latin1 x'6127' COLLATE latin1_bin"), "'a'''");
        assert_eq!(parameter("_latin1 x'E9' COLLATE latin1_bin"), "", "refused");
        assert_eq!(parameter("_utf16 x'00410042' COLLATE utf16_bin"), "", "refused");
        assert_eq!(parameter("x'00FF'"), "_binary x'00FF'");
        for literal in ["5", "-1.50", "2e0", "NULL", "CAST(5 AS UNSIGNED)"] {
            assert_eq!(parameter(literal), literal);
        }
    }
}
