//! SET: each value is checked by a server when it is set, read back, and carried by the session from then on.

use ostrakon_router::parse::command::{Assignment, SetValue};

use super::result::quote_string;
use super::transaction::quote_identifier;
use super::{Failure, Session};
use crate::backend::connection::Answer;
use crate::backend::pool::Pooled;
use crate::backend::settings::Settings;
use crate::error::SqlError;

/// MySQL's column types that hold numbers, by protocol number: DECIMAL, TINY, SHORT, LONG, FLOAT, DOUBLE, LONGLONG, INT24, YEAR, NEWDECIMAL.
const NUMERIC_TYPES: [u8; 10] = [0, 1, 2, 3, 4, 5, 8, 9, 13, 246];
/// BIT, and the collation number of binary strings.
const BINARY_CHARSET: u16 = 63;

/// Character sets in which every ASCII byte means itself and nothing else, so that the lexer reads the text right.
const CLIENT_CHARSETS: [&str; 11] = [
    "utf8mb4", "utf8mb3", "utf8", "ascii", "latin1", "latin2", "latin5", "latin7", "cp1250", "cp1251",
    "binary",
];

impl Session {
    /// All assignments of one SET, in order; those before a failing one stay, as the ones after it never run.
    pub async fn set(&mut self, assignments: &[Assignment]) -> Result<(), Failure> {
        for assignment in assignments {
            match assignment {
                Assignment::Names { charset, collation } => {
                    self.set_names(charset.as_deref(), collation.as_deref()).await?
                }
                Assignment::CharacterSet(charset) => self.set_names(charset.as_deref(), None).await?,
                Assignment::Session { name, value } => self.set_session(name, value).await?,
                Assignment::User { name, value } => self.set_user_variable(name, value).await?,
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

    async fn set_session(&mut self, name: &str, value: &SetValue) -> Result<(), Failure> {
        if let Some(own) = name.strip_prefix("ostrakon_") {
            return self.set_own(own, value);
        }
        let text = match value {
            SetValue::Default => "DEFAULT",
            SetValue::Expression(text) => text.as_str(),
        };
        match name {
            "autocommit" => self.set_autocommit(text).await,
            "last_insert_id" | "identity" => {
                self.last_insert_id = parse_number(name, text)?;
                Ok(())
            }
            "insert_id" | "pseudo_thread_id" | "sql_log_bin" | "gtid_next" | "pseudo_slave_mode"
            | "max_allowed_packet" => {
                Err(SqlError::not_supported(format!("SET {name} over shared backend connections")).into())
            }
            _ => self.set_session_variable(name, text).await,
        }
    }

    fn set_own(&mut self, name: &str, value: &SetValue) -> Result<(), Failure> {
        let text = match value {
            SetValue::Default => String::new(),
            SetValue::Expression(text) => text.trim().trim_matches(['\'', '"']).to_ascii_lowercase(),
        };
        match (name, text.as_str()) {
            ("unique_scope", "global") => self.own.unique_scope_global = true,
            ("unique_scope", "table" | "physical" | "") => self.own.unique_scope_global = false,
            ("unique_scope", other) => {
                return Err(SqlError::new(
                    1231,
                    "42000",
                    format!("Variable 'ostrakon_unique_scope' can't be set to the value of '{other}' (physical or global)"),
                )
                .into());
            }
            _ => {
                return Err(SqlError::new(
                    1193,
                    "HY000",
                    format!("Unknown system variable 'ostrakon_{name}'"),
                )
                .into());
            }
        }
        Ok(())
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
        Ok(())
    }

    /// Lets a server check `SET name = text`, reads the value back and keeps it.
    pub async fn set_session_variable(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let name = canonical(name);
        let sql = format!("SET SESSION {name} = {text}");
        let (answer, connection) =
            self.try_on_server(&sql, &format!("SELECT @@SESSION.{name}, @@sql_mode")).await?;
        let changed = if text.eq_ignore_ascii_case("DEFAULT") {
            self.settings.without(name)
        } else {
            self.settings.with(name, literal(&answer, 0))
        };
        if name == "sql_mode" {
            self.follow_sql_mode(&answer.text(0, 1));
        }
        self.keep_settings(changed, connection)
    }

    async fn set_names(&mut self, charset: Option<&str>, collation: Option<&str>) -> Result<(), Failure> {
        let mut sql = match charset {
            Some(charset) => format!("SET NAMES {}", quote_string(charset)),
            None => "SET NAMES DEFAULT".to_owned(),
        };
        if let Some(collation) = collation {
            sql.push_str(&format!(" COLLATE {}", quote_string(collation)));
        }
        let read = "SELECT @@character_set_client, @@character_set_results, @@collation_connection";
        let (answer, connection) = self.try_on_server(&sql, read).await?;
        let settings = self
            .settings
            .with("character_set_client", literal(&answer, 0))
            .with("character_set_results", literal(&answer, 1))
            .with("collation_connection", literal(&answer, 2));
        self.keep_settings(settings, connection)
    }

    async fn set_user_variable(&mut self, name: &str, value: &SetValue) -> Result<(), Failure> {
        let text = match value {
            SetValue::Default => {
                return Err(ostrakon_router::RouterError::syntax("a user variable has no DEFAULT").into());
            }
            SetValue::Expression(text) => text.as_str(),
        };
        let quoted = quote_identifier(name);
        let (answer, connection) = self
            .try_on_server(
                &format!("SET @{quoted} = {text}"),
                &format!("SELECT @{quoted}, COLLATION(@{quoted})"),
            )
            .await?;
        let value = user_literal(&answer);
        let settings = self.settings.with(&format!("@{name}"), value);
        self.keep_settings(settings, connection)
    }

    /// Runs `set` on some backend connection with the session's settings, then `read`. The caller gives the connection its new settings by
    /// `keep_settings`, or drops it: it is marked broken until then.
    async fn try_on_server(&mut self, set: &str, read: &str) -> Result<(Answer, Pooled), Failure> {
        let catalog = self.catalog();
        let Some(instance) = catalog.instances.values().next() else {
            return Err(SqlError::other("There is no instance yet: add one with CREATE INSTANCE").into());
        };
        let mut connection = self.worker.pool(instance).acquire(self.found_rows_mode()).await?;
        connection.queue_settings(&self.settings);
        // A failed SET changes nothing, so the connection keeps the session's settings.
        connection.query(set).await?;
        connection.mark_broken();
        let answer = connection.query(read).await?;
        Ok((answer, connection))
    }

    fn keep_settings(&mut self, settings: Settings, mut connection: Pooled) -> Result<(), Failure> {
        if let Some(charset) = settings.get("character_set_client") {
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
        self.settings = self.worker.intern(settings);
        connection.adopt(&self.settings);
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

/// One name for each variable.
fn canonical(name: &str) -> &str {
    match name {
        "sql_big_selects" => name,
        "character_set_connection" => "collation_connection",
        _ => name,
    }
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

/// A user variable's value as SQL text that gives it its type and collation again.
fn user_literal(answer: &Answer) -> String {
    let cell = answer.rows.first().and_then(|r| r.first()).cloned().flatten();
    let Some(column) = answer.columns.first() else { return "NULL".to_owned() };
    match cell {
        None => "NULL".to_owned(),
        Some(bytes) if matches!(column.column_type, 4 | 5) => {
            format!("{}e0", String::from_utf8_lossy(&bytes))
        }
        Some(bytes) if NUMERIC_TYPES.contains(&column.column_type) => {
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Some(bytes) if column.charset == BINARY_CHARSET => {
            format!("x'{}'", hex(&bytes))
        }
        Some(bytes) => {
            // Hexadecimal where a backslash would depend on NO_BACKSLASH_ESCAPES.
            let text = match bytes.contains(&b'\\') {
                true => format!("CONVERT(x'{}' USING utf8mb4)", hex(&bytes)),
                false => quote_string(&String::from_utf8_lossy(&bytes)),
            };
            match answer.text(0, 1).as_str() {
                "" => text,
                collation => format!("{text} COLLATE {collation}"),
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
