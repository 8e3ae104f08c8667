//! SET: each value is checked by a server when it is set, read back, and carried by the session from then on.

mod tables;

use std::rc::Rc;

use ostrakon_catalog::privilege::Privileges;
use ostrakon_protocol::column::flag;
use ostrakon_router::lexer::{self, Template, Token, TokenKind};
use ostrakon_router::parse::command::{Assignment, SetValue};
use ostrakon_router::plan::{Combine, Execution, NamedLocks, Plan};

use super::dispatch::Input;
use super::result::quote_string;
use super::{Failure, Session, tracking};
use crate::account::rights::Missing;
use crate::backend::connection::Answer;
use crate::backend::pool::Pooled;
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::names::Names;
use crate::exec::pass::listed_warnings;
use crate::secret::hex;
use ostrakon_router::sharding::topology::quote;

/// MySQL's column types that hold numbers, by protocol number: DECIMAL, TINY, SHORT, LONG, FLOAT, DOUBLE, LONGLONG, INT24, YEAR, NEWDECIMAL.
const NUMERIC_TYPES: [u8; 10] = [0, 1, 2, 3, 4, 5, 8, 9, 13, 246];

/// DECIMAL and NEWDECIMAL.
const DECIMAL_TYPES: [u8; 2] = [0, 246];

/// BIGINT, which a variable of integers has.
const LONGLONG: u8 = 8;

/// Character sets in which every ASCII byte means itself and nothing else, so that the lexer reads the text right.
const CLIENT_CHARSETS: [&str; 11] = [
    "utf8mb4", "utf8mb3", "utf8", "ascii", "latin1", "latin2", "latin5", "latin7", "cp1250", "cp1251",
    "binary",
];

/// Variables of a fresh connection that are ours and not the server's global default, so that DEFAULT has to be read back.
const CONNECTION_DEFAULTS: [&str; 3] =
    ["character_set_client", "character_set_results", "collation_connection"];

/// What an expression is called where it is planned as a query: a name of ours, or the planner would give it one that says what stood there.
const NAME: &str = "__ostrakon";

/// The character set of a collation.
fn charset_of(collation: &str) -> &str {
    collation.split('_').next().unwrap_or_default()
}

/// A changed setting: its name, and its value as SQL text or `None` for the default.
type Change = (String, Option<String>);

impl Session {
    /// All assignments of one SET or none. As on a server each expression sees what was there before the SET: `SET @a = 1, @b = @a` gives `@b`
    /// the old value (tried: MariaDB 10.11).
    pub async fn set(&mut self, assignments: &[Assignment]) -> Result<(), Failure> {
        let base = Rc::clone(&self.settings);
        let tracked = self.tracks_state();
        let (mode, own, last_insert_id) = (self.mode, self.own, self.last_insert_id);
        let result = self.set_each(assignments, &base).await;
        if result.is_ok() {
            // MariaDB tells it of the SET that turns this on, too.
            if tracked || self.mode.server.mariadb {
                self.note_state();
            }
        } else {
            self.forget_changes();
            self.settings = base;
            (self.mode, self.own, self.last_insert_id) = (mode, own, last_insert_id);
        }
        result
    }

    async fn set_each(&mut self, assignments: &[Assignment], base: &Rc<Settings>) -> Result<(), Failure> {
        for assignment in assignments {
            match assignment {
                Assignment::Names { charset, collation } => {
                    self.set_names(charset.as_deref(), collation.as_deref(), base).await?
                }
                Assignment::CharacterSet(charset) => self.set_names(charset.as_deref(), None, base).await?,
                Assignment::Session { name, value } => self.set_session(name, value, base).await?,
                Assignment::User { name, value } => self.set_user_variable(name, value, base).await?,
                Assignment::Global { name, .. } => {
                    return Err(SqlError::not_supported(format!(
                        "SET GLOBAL {name}: global variables belong to the instances, set them there"
                    ))
                    .into());
                }
            }
        }
        Ok(())
    }

    async fn set_session(
        &mut self,
        name: &str,
        value: &SetValue,
        base: &Rc<Settings>,
    ) -> Result<(), Failure> {
        if let Some(own) = name.strip_prefix("ostrakon_") {
            return self.set_own(own, value);
        }
        if name == "drds_transaction_policy" {
            return self.set_drds_policy(value);
        }
        let text = match value {
            SetValue::Default => "DEFAULT",
            SetValue::Expression(text) => text.as_str(),
        };
        match name {
            "autocommit" => {
                let text = self.evaluated(text, base).await?;
                self.set_autocommit(&text).await
            }
            "last_insert_id" | "identity" => {
                self.last_insert_id = parse_number(name, &self.evaluated(text, base).await?)?;
                Ok(())
            }
            "insert_id" | "rand_seed1" | "rand_seed2" | "pseudo_thread_id" | "sql_log_bin" | "gtid_next"
            | "pseudo_slave_mode" | "max_allowed_packet" => {
                Err(SqlError::not_supported(format!("SET {name} over shared backend connections")).into())
            }
            _ => self.set_variable(name, text, base).await,
        }
    }

    async fn set_autocommit(&mut self, text: &str) -> Result<(), Failure> {
        let on = match text.trim().trim_matches(['\'', '"']).to_ascii_lowercase().as_str() {
            "1" | "on" | "true" | "default" => true,
            "0" | "off" | "false" => false,
            other => {
                return Err(SqlError::new(
                    1231,
                    "42000",
                    format!("Variable 'autocommit' can't be set to the value of '{other}'"),
                )
                .into());
            }
        };
        if on && !self.transaction.autocommit {
            self.commit_all().await?;
        }
        self.transaction.autocommit = on;
        self.note_variable("autocommit", if on { "ON" } else { "OFF" }.to_owned());
        Ok(())
    }

    /// Lets a server check `SET name = text`, reads the value back and keeps it.
    pub async fn set_session_variable(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let base = Rc::clone(&self.settings);
        self.set_variable(name, text, &base).await
    }

    async fn set_variable(&mut self, name: &str, text: &str, base: &Rc<Settings>) -> Result<(), Failure> {
        // The name goes into SQL text as it is.
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')) {
            return Err(SqlError::new(1193, "HY000", format!("Unknown system variable '{name}'")).into());
        }
        // Setting one of the two sets the other, and the collation says both.
        let kept = if name == "character_set_connection" { "collation_connection" } else { name };
        let expression = self.server_expression(text)?;
        let sql = format!("SET SESSION {name} = {expression}");
        let (answer, connection) =
            self.try_on_server(&sql, &format!("SELECT @@SESSION.{kept}, @@sql_mode LIMIT 1"), base).await?;
        if name == "sql_auto_is_null" && answer.text(0, 0) == "1" {
            return Err(SqlError::not_supported("SET sql_auto_is_null = 1").into());
        }
        tracking::check(name, &answer.text(0, 0))?;
        let is_default = text.eq_ignore_ascii_case("DEFAULT") && !CONNECTION_DEFAULTS.contains(&kept);
        let value = (!is_default).then(|| literal(&answer, 0));
        self.keep_settings(vec![(kept.to_owned(), value)], base, connection)?;
        let told = match name {
            "character_set_connection" => charset_of(&answer.text(0, 0)).to_owned(),
            _ => answer.text(0, 0),
        };
        self.note_variable(name, told);
        if name == "sql_mode" {
            self.follow_sql_mode(&answer.text(0, 1));
        }
        Ok(())
    }

    async fn set_names(
        &mut self,
        charset: Option<&str>,
        collation: Option<&str>,
        base: &Rc<Settings>,
    ) -> Result<(), Failure> {
        // The first administrator's client says SET NAMES before there is an instance to ask.
        let is_default = charset.is_none_or(|c| c.eq_ignore_ascii_case("utf8mb4")) && collation.is_none();
        if is_default && self.catalog().instances.is_empty() {
            return Ok(());
        }
        let mut sql = match charset {
            Some(charset) => format!("SET NAMES {}", quote_string(charset)),
            None => "SET NAMES DEFAULT".to_owned(),
        };
        if let Some(collation) = collation {
            sql.push_str(&format!(" COLLATE {}", quote_string(collation)));
        }
        let read = "SELECT @@character_set_client, @@character_set_results, @@collation_connection LIMIT 1";
        let (answer, connection) = self.try_on_server(&sql, read, base).await?;
        let names = CONNECTION_DEFAULTS.iter().enumerate();
        let changes = names.map(|(at, name)| ((*name).to_owned(), Some(literal(&answer, at)))).collect();
        self.keep_settings(changes, base, connection)?;
        self.note_variable("character_set_client", answer.text(0, 0));
        self.note_variable("character_set_connection", charset_of(&answer.text(0, 2)).to_owned());
        self.note_variable("character_set_results", answer.text(0, 1));
        Ok(())
    }

    async fn set_user_variable(
        &mut self,
        name: &str,
        value: &SetValue,
        base: &Rc<Settings>,
    ) -> Result<(), Failure> {
        let text = match value {
            SetValue::Default => {
                return Err(ostrakon_router::RouterError::syntax("a user variable has no DEFAULT").into());
            }
            SetValue::Expression(text) => text.as_str(),
        };
        if self.set_from_tables(name, text, base).await? {
            return Ok(());
        }
        let expression = self.value_expression(text)?;
        let set = format!("SET @{} = {expression}", quote(name));
        let read = read_variable(name);
        let (answer, connection) = self.try_on_server(&set, &read, base).await?;
        self.keep_settings(vec![(format!("@{name}"), Some(user_literal(&answer)?))], base, connection)
    }

    /// The value of an expression over no tables, as SQL text that gives it its type and collation again.
    pub(super) async fn value_of(&mut self, expression: &str) -> Result<String, Failure> {
        // A variable by itself is known here.
        let key = expression.trim().to_lowercase();
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if key.strip_prefix('@').is_some_and(is_name) {
            return Ok(self.settings.get(&key).unwrap_or("NULL").to_owned());
        }
        let base = Rc::clone(&self.settings);
        let expression = self.value_expression(expression)?;
        let set = format!("SET @{} = {expression}", quote(NAME));
        let (answer, mut connection) = self.try_on_server(&set, &read_variable(NAME), &base).await?;
        let value = user_literal(&answer)?;
        // No variable has these types, and an expression has.
        let typed = connection.query(&format!("SELECT {expression} LIMIT 1")).await?;
        let temporal = typed.columns.first().and_then(|column| match column.column_type {
            7 | 12 => Some("TIMESTAMP"),
            10 => Some("DATE"),
            11 => Some("TIME"),
            _ => None,
        });
        let with = base.with(&format!("@{NAME}"), value.clone());
        connection.adopt(&self.worker.intern(with));
        match (temporal, typed.text(0, 0)) {
            (Some(kind), text) if !text.is_empty() => Ok(format!("{kind}'{text}'")),
            _ => Ok(value),
        }
    }

    /// Takes the values of user variables that a statement on this connection has assigned. Where they cannot be had the connection is closed, so that no other session sees
    /// them, and so is the client's: it was told that they are set.
    pub async fn follow_variables(&mut self, connection: &mut Pooled, names: &[String]) {
        if connection.is_broken() {
            return;
        }
        let mut values = Vec::with_capacity(names.len());
        for name in names {
            match connection.query(&read_variable(name)).await.and_then(|answer| user_literal(&answer)) {
                Ok(value) => values.push((format!("@{name}"), value)),
                Err(e) => {
                    tracing::warn!(variable = name, error = %e.message, "a user variable's value is lost, and its session ends");
                    connection.mark_broken();
                    self.leave = true;
                    return;
                }
            }
        }
        let with = |settings: &Settings| {
            values.iter().fold(settings.clone(), |settings, (name, value)| settings.with(name, value.clone()))
        };
        let changed = with(connection.settings());
        connection.adopt(&self.worker.intern(changed));
        self.settings = self.worker.intern(with(&self.settings));
    }

    /// The value of what is no plain word or number, asked from a server.
    async fn evaluated(&mut self, text: &str, base: &Rc<Settings>) -> Result<String, Failure> {
        if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'\'' | b'"' | b'_')) {
            return Ok(text.to_owned());
        }
        let read = format!("SELECT {} LIMIT 1", self.server_expression(text)?);
        let (answer, mut connection) = self.try_on_server("SET @`__ostrakon` = NULL", &read, base).await?;
        connection.adopt(base);
        Ok(answer.text(0, 0))
    }

    /// Values that a column cannot hold are errors: the session says so, or else the server by itself.
    pub async fn is_strict(&mut self) -> Result<bool, Failure> {
        let mode = match self.settings.get("sql_mode") {
            Some(mode) => mode.to_owned(),
            None => {
                let base = Rc::clone(&self.settings);
                self.evaluated("@@SESSION.sql_mode", &base).await?
            }
        };
        Ok(mode.contains("STRICT_"))
    }

    /// A value for a system variable as any server may read it: a word is one of the variable's own; functions and variables that mean the session become literals.
    ///
    /// Errors: 1235 for one that reads tables, which only a plan may send to a server.
    fn server_expression(&mut self, text: &str) -> Result<String, Failure> {
        match ["(", "@@", ":="].iter().any(|mark| text.contains(mark)) {
            true => self.planned_expression(text),
            false => Ok(text.to_owned()),
        }
    }

    /// As above, of an expression with a value of its own, in which no word is one.
    fn value_expression(&mut self, text: &str) -> Result<String, Failure> {
        const VALUES: [&[u8]; 3] = [b"NULL", b"TRUE", b"FALSE"];
        let bytes = text.as_bytes();
        let is_plain = |token: &Token| match token.kind {
            TokenKind::Word => {
                let word = token.text(bytes).to_ascii_uppercase();
                VALUES.contains(&word.as_slice()) || word.starts_with(b"_")
            }
            TokenKind::SystemVariable | TokenKind::QuotedIdent => false,
            TokenKind::Op => !matches!(token.text(bytes), b"(" | b":="),
            _ => true,
        };
        match lexer::tokenize(bytes, self.mode).is_ok_and(|tokens| tokens.iter().all(is_plain)) {
            true => Ok(text.to_owned()),
            false => self.planned_expression(text),
        }
    }

    fn planned_expression(&mut self, text: &str) -> Result<String, Failure> {
        let rendered = self.without_tables(&format!("SELECT {text} AS `{NAME}`"))?;
        Ok(expression_of(&rendered)?)
    }

    /// Plans a query that names no table and gives its text for a server.
    ///
    /// Errors: those of planning; 1235 when it does name one.
    pub fn without_tables(&mut self, text: &str) -> Result<String, Failure> {
        let mut template = Template::default();
        lexer::scan(text.as_bytes(), self.mode, &mut template)?;
        let catalog = self.catalog();
        let plan = self.plan(text.as_bytes(), &template, &catalog)?;
        let Plan::Routed(plan) = &*plan else {
            return Err(ostrakon_router::RouterError::syntax("an expression was expected").into());
        };
        // It reads no tables, but may read files.
        if !self.may_do_everything() && plan.needs.iter().any(|need| self.rights.allow(need, None).is_err()) {
            return Err(self.denial(Missing::Global(Privileges::FILE)).into());
        }
        if template.next.is_some()
            || plan.database.is_some()
            || !plan.tables.is_empty()
            || matches!(plan.combine, Combine::Gather(_))
            || !plan.nextvals.is_empty()
            || !plan.assigned.is_empty()
            || plan.locks != NamedLocks::None
        {
            return Err(SqlError::not_supported(
                "tables, named locks, sequences and assignments to user variables in an expression of SET, SHOW, PREPARE or EXECUTE",
            )
            .into());
        }
        let input = Input { text: text.as_bytes(), template: &template, values: None };
        let mut execution = Execution::default();
        plan.route_into(&self.arguments(plan, input, &[], &[]), &mut execution)?;
        let statement = execution.statements.first();
        Ok(statement.map(|s| String::from_utf8_lossy(execution.text(s)).into_owned()).unwrap_or_default())
    }

    /// Runs `set` on some backend connection with the settings `base`, then `read`, which has a LIMIT of its own (`sql_select_limit` may be 0). The caller gives the connection its new settings by
    /// `keep_settings`, or drops it: it is marked broken until then.
    async fn try_on_server(
        &mut self,
        set: &str,
        read: &str,
        base: &Rc<Settings>,
    ) -> Result<(Answer, Pooled), Failure> {
        let catalog = self.catalog();
        let mut last = SqlError::other("There is no instance yet: add one with CREATE INSTANCE");
        for instance in catalog.instances.values() {
            let mut connection = match self.worker.pool(instance).acquire(self.found_rows_mode()).await {
                Ok(connection) => connection,
                Err(e) => {
                    last = e;
                    continue;
                }
            };
            connection.queue_settings(base);
            // A failed SET changes nothing, so the connection keeps the session's settings.
            let done = connection.query(set).await?;
            connection.mark_broken();
            if done.warnings > 0 {
                let warnings = connection.query("SHOW WARNINGS").await?;
                self.warnings.extend(listed_warnings(&warnings, Names::none()));
            }
            let answer = connection.query(read).await?;
            return Ok((answer, connection));
        }
        Err(last.into())
    }

    /// Takes changes into the session. The connection on which they were tried has `base` and these.
    fn keep_settings(
        &mut self,
        changes: Vec<Change>,
        base: &Rc<Settings>,
        mut connection: Pooled,
    ) -> Result<(), Failure> {
        let with = |settings: &Settings| {
            changes.iter().fold(settings.clone(), |settings, (name, value)| match value {
                Some(value) => settings.with(name, value.clone()),
                None => settings.without(name),
            })
        };
        let changed = with(&self.settings);
        if let Some(charset) = changed.get("character_set_client") {
            let charset = charset.trim_matches('\'');
            if !CLIENT_CHARSETS.contains(&charset) {
                return Err(SqlError::new(
                    1231,
                    "42000",
                    format!("Variable 'character_set_client' can't be set to the value of '{charset}'; use utf8mb4"),
                )
                .into());
            }
        }
        let tried = with(base);
        self.settings = self.worker.intern(changed);
        connection.adopt(&self.worker.intern(tried));
        Ok(())
    }

    /// The lexer and the planner follow the modes that change how text is read.
    fn follow_sql_mode(&mut self, value: &str) {
        let has = |mode: &str| value.split(',').any(|m| m.eq_ignore_ascii_case(mode));
        self.mode.ansi_quotes = has("ANSI_QUOTES");
        self.mode.no_backslash_escapes = has("NO_BACKSLASH_ESCAPES");
        self.mode.pipes_as_concat = has("PIPES_AS_CONCAT");
        self.mode.high_not_precedence = has("HIGH_NOT_PRECEDENCE");
        self.mode.no_auto_value_on_zero = has("NO_AUTO_VALUE_ON_ZERO");
    }

    /// True when statements come in a character set in which only ASCII bytes mean what UTF-8 says they mean.
    pub fn reads_ascii_only(&self) -> bool {
        self.settings.get("character_set_client").is_some_and(|charset| {
            !matches!(charset.trim_matches('\''), "utf8mb4" | "utf8mb3" | "utf8" | "binary" | "ascii")
        })
    }
}

/// The expression of a query `SELECT ... AS NAME`, as the planner wrote it.
fn expression_of(query: &str) -> Result<String, SqlError> {
    let expression =
        query.strip_prefix("SELECT ").and_then(|rest| rest.strip_suffix(&format!(" AS `{NAME}`")));
    let expression = expression.map(str::to_owned);
    expression.ok_or_else(|| SqlError::other("Internal error (please report): an expression is no query"))
}

fn parse_number(name: &str, text: &str) -> Result<u64, SqlError> {
    text.trim().parse().map_err(|_| {
        SqlError::new(1232, "42000", format!("Incorrect argument type to variable '{name}': {text}"))
    })
}

/// A value that a server answered, as SQL text.
fn literal(answer: &Answer, column: usize) -> String {
    let cell = answer.rows.first().and_then(|r| r.get(column)).cloned().flatten();
    let numeric = answer.columns.get(column).is_some_and(|c| NUMERIC_TYPES.contains(&c.column_type));
    match cell {
        None => "NULL".to_owned(),
        Some(bytes) if numeric => String::from_utf8_lossy(&bytes).into_owned(),
        Some(bytes) => quote_string(&String::from_utf8_lossy(&bytes)),
    }
}

/// Asks for a user variable's value, and what `user_literal` must know of it.
fn read_variable(name: &str) -> String {
    let quoted = quote(name);
    format!("SELECT @{quoted}, COLLATION(@{quoted}), CHARSET(@{quoted}), HEX(@{quoted}) LIMIT 1")
}

/// A user variable's value as SQL text that gives it its type and collation again.
fn user_literal(answer: &Answer) -> Result<String, SqlError> {
    let cell = answer.rows.first().and_then(|r| r.first()).cloned().flatten();
    let Some(column) = answer.columns.first() else { return Ok("NULL".to_owned()) };
    let digits = answer.rows.first().and_then(|row| row.get(3)).is_some_and(Option::is_some);
    Ok(match cell {
        None => "NULL".to_owned(),
        Some(bytes) if matches!(column.column_type, 4 | 5) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            // An exponent makes it a double: without one it would be a decimal.
            if text.contains('e') { text } else { format!("{text}e0") }
        }
        Some(bytes) if NUMERIC_TYPES.contains(&column.column_type) => {
            let mut text = String::from_utf8_lossy(&bytes).into_owned();
            // With a point a decimal, without one it would be an integer.
            if DECIMAL_TYPES.contains(&column.column_type) && !text.contains('.') {
                text.push('.');
            }
            let unsigned = column.column_type == LONGLONG && column.flags & flag::UNSIGNED != 0;
            if unsigned { format!("CAST({text} AS UNSIGNED)") } else { text }
        }
        Some(bytes) if answer.text(0, 2) == "binary" => format!("x'{}'", hex(&bytes)),
        // HEX() of a long one is NULL.
        Some(_) if !digits => {
            return Err(SqlError::not_supported(
                "a user variable with a value that has more digits than the servers' max_allowed_packet",
            ));
        }
        // In hexadecimal and with its own character set: neither the session's character sets nor its sql_mode change what is read.
        Some(_) => {
            format!("_{} x'{}' COLLATE {}", answer.text(0, 2), answer.text(0, 3), answer.text(0, 1))
        }
    })
}
