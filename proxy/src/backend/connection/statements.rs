//! Prepared statements of a backend connection, by their texts.

use std::borrow::Cow;

use ostrakon_protocol::command::COM_STMT_CLOSE;

use super::{BackendStatement, Connection};

impl Connection {
    /// What names a statement here: its text, and before it the settings that change how a server reads a text. A server parses once, when it
    /// prepares, so the same text under another `sql_mode` is another statement.
    fn statement_key<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut key = Vec::new();
        for name in ["sql_mode", "character_set_client", "collation_connection"] {
            if let Some(value) = self.settings.get(name) {
                key.extend_from_slice(name.as_bytes());
                key.extend_from_slice(value.as_bytes());
                key.push(0);
            }
        }
        if key.is_empty() {
            return Cow::Borrowed(text);
        }
        key.extend_from_slice(text);
        Cow::Owned(key)
    }

    /// Keeps the statements that are used or prepared from now on until the next call.
    pub fn pin_statements(&mut self) {
        self.pinned_since = self.tick + 1;
    }

    /// The statement of this text, when it is prepared here under the same settings.
    pub fn statement(&mut self, text: &[u8]) -> Option<BackendStatement> {
        let key = self.statement_key(text);
        self.tick += 1;
        let (statement, used) = self.statements.get_mut(&*key)?;
        *used = self.tick;
        Some(statement.clone())
    }

    /// Queues the close of the statements over temporary tables that end: MySQL would type their parameters by their values when the tables are there again.
    pub fn forget_statements_over(&mut self, tables: &str) {
        let tables = tables.as_bytes();
        self.forget_where(|key| key.windows(tables.len()).any(|part| part == tables));
    }

    fn forget_where(&mut self, is_over: impl Fn(&[u8]) -> bool) {
        let over: Vec<_> = self.statements.extract_if(|key, _| is_over(key)).collect();
        for (_, (statement, _)) in over {
            self.close_statement(&statement);
        }
    }

    /// Queues the close of a statement whose text does not come again, and of those of its text for values of other types.
    pub fn forget_statement(&mut self, text: &[u8]) {
        let key = self.statement_key(text).into_owned();
        self.forget_where(|other| {
            other.strip_prefix(&*key).is_some_and(|rest| rest.first().is_none_or(|byte| *byte == 0))
        });
    }

    fn close_statement(&mut self, statement: &BackendStatement) {
        self.write_command(|out| {
            out.push(COM_STMT_CLOSE);
            out.extend_from_slice(&statement.id.to_le_bytes());
        });
    }

    /// Enters a statement that was just prepared; queues the close of the least recently used one above the limit.
    pub fn keep_statement(&mut self, text: &[u8], statement: BackendStatement) {
        let key = self.statement_key(text).into();
        self.tick += 1;
        self.statements.insert(key, (statement, self.tick));
        if self.statements.len() <= self.statement_limit {
            return;
        }
        let oldest = self.statements.iter().min_by_key(|(_, (_, used))| *used);
        let oldest = oldest.filter(|(_, (_, used))| *used < self.pinned_since).map(|(text, _)| text.clone());
        if let Some((old, _)) = oldest.and_then(|text| self.statements.remove(&text)) {
            self.close_statement(&old);
        }
    }
}
