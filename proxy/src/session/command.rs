//! Commands of the protocol, and the flat statements that the session answers.

use std::rc::Rc;

use ostrakon_catalog::privilege::Privileges;
use ostrakon_protocol::Capabilities;
use ostrakon_protocol::command::Command as Com;
use ostrakon_router::access::Need;
use ostrakon_router::lexer::{self, SqlMode, TokenKind};
use ostrakon_router::parse::command::{Command, Show, ShowWhat};

use super::information_schema::usable_database;
use super::result::ResultSet;
use super::transaction::Transaction;
use super::{Failure, OwnVariables, Session, cursor, login};
use crate::error::SqlError;
use crate::exec::names::Names;

impl Session {
    /// Answers one command; false when the session is over.
    pub async fn command(&mut self, payload: &[u8]) -> bool {
        // Each way is boxed by itself, and further in whatever branches off from that of a cached statement: the state of a command is as large as the largest
        // of its ways, whether it is gone or not.
        self.disengage_table_locks();
        let command = match Com::decode(payload) {
            Ok(command) => command,
            Err(e) => {
                self.error(&SqlError::new(1835, "HY000", format!("Malformed communication packet: {e}")));
                return true;
            }
        };
        let result = match command {
            Com::Quit => return false,
            Com::Query(text) => return Box::pin(self.query(text)).await,
            Com::Ping => {
                self.ok(0, 0, b"", false);
                Ok(())
            }
            Com::InitDb(name) => {
                let name = String::from_utf8_lossy(name).into_owned();
                Box::pin(self.use_database(&name)).await.map(|()| self.ok(0, 0, b"", false))
            }
            Com::FieldList { table, wildcard } => Box::pin(self.field_list(table, wildcard)).await,
            Com::StmtPrepare(text) => Box::pin(self.prepare(text)).await,
            Com::StmtExecute { id, flags, rest, .. } if flags & cursor::READ_ONLY != 0 => {
                Box::pin(self.open_cursor(id, rest)).await
            }
            Com::StmtExecute { id, rest, .. } => Box::pin(self.execute_statement(id, rest)).await,
            Com::StmtFetch { id, rows } => Box::pin(self.fetch_cursor(id, rows)).await,
            Com::StmtSendLongData { id, param, data } => {
                // No answer, whatever happens: an error comes with the execute.
                self.statements.long_data(id, param, data, self.worker.node.config.limits.max_allowed_packet);
                return true;
            }
            Com::StmtClose(id) => {
                self.statements.close(id);
                return true;
            }
            Com::StmtReset(id) => self.reset_statement(id),
            Com::ResetConnection => {
                Box::pin(self.reset()).await;
                self.ok(0, 0, b"", false);
                Ok(())
            }
            Com::ChangeUser(rest) => return Box::pin(self.change_user(rest)).await,
            Com::SetOption(option) => self.set_option(option),
            Com::Statistics => {
                self.statistics();
                Ok(())
            }
            Com::ProcessInfo => return Box::pin(self.query(b"SHOW PROCESSLIST")).await,
            Com::ProcessKill(id) => self.kill(id.into(), false).map(|()| self.ok(0, 0, b"", false)),
            other => Err(SqlError::new(
                1047,
                "08S01",
                format!("Command {:#04x} of the protocol is not supported yet", other.code()),
            )
            .into()),
        };
        match result {
            Ok(()) | Err(Failure::Told) => true,
            Err(Failure::Sql(e)) => {
                self.error(&e);
                true
            }
            Err(Failure::ClientGone) => false,
        }
    }

    /// Carries out a flat statement and appends its answer.
    pub async fn run_command(&mut self, command: &Command, text: &[u8], more: bool) -> Result<(), Failure> {
        if !matches!(
            command,
            Command::Show(Show { what: ShowWhat::Warnings { .. } | ShowWhat::Errors { .. }, .. })
        ) {
            self.warnings.clear();
        }
        match command {
            Command::Begin { read_only, consistent_snapshot } => {
                self.begin(*read_only, *consistent_snapshot).await?
            }
            Command::Commit { chain, release } => {
                self.end_transaction(true, *chain).await?;
                return self.finish_transaction(*release, more).await;
            }
            Command::Rollback { chain, release } => {
                self.end_transaction(false, *chain).await?;
                return self.finish_transaction(*release, more).await;
            }
            Command::Savepoint(name) => self.savepoint(name).await?,
            Command::RollbackTo(name) => self.rollback_to(name).await?,
            Command::ReleaseSavepoint(name) => self.release_savepoint(name).await?,
            Command::SetTransaction { scope, isolation, read_only } => {
                self.set_transaction(*scope, *isolation, *read_only).await?;
            }
            Command::Use(name) => self.use_database(name).await?,
            Command::Set(assignments) => self.set(assignments).await?,
            Command::Kill { query, id } => self.kill(*id, *query)?,
            Command::Show(show) => {
                let result = self.show(show).await?;
                // What it lists is no warning of its own.
                let (listed, found) = (std::mem::take(&mut self.warnings), self.found_rows);
                self.answer(result, more)?;
                self.warnings = listed;
                // Nor does FOUND_ROWS() count its rows, on either server; COUNT(*) is a row as any other.
                if let ShowWhat::Warnings { count: false, .. } | ShowWhat::Errors { count: false, .. } =
                    show.what
                {
                    self.found_rows = found;
                }
                return Ok(());
            }
            Command::ShowPassed => return self.pass_to_any(text, more).await,
            Command::Explain { inner, server } => {
                if *server {
                    return Err(SqlError::not_supported(
                        "EXPLAIN FORMAT, EXTENDED and EXECUTE: EXPLAIN shows the physical statements, explain those on their instance",
                    )
                    .into());
                }
                let result = self.explain(text.get(inner.clone()).unwrap_or_default()).await?;
                return self.answer(result, more);
            }
            Command::ExplainAnalyze(inner) => {
                let result = self.explain_analyze(text.get(inner.clone()).unwrap_or_default()).await?;
                return self.answer(result, more);
            }
            Command::Trace(inner) => {
                return self.trace_statement(text.get(inner.clone()).unwrap_or_default(), more).await;
            }
            Command::Evaluate(inner) => {
                self.evaluate(text.get(inner.clone()).unwrap_or_default()).await?;
            }
            Command::Admin(admin) => return self.administer(admin, text, more).await,
            Command::Job(statement) => self.control_jobs(statement).await?,
            Command::CheckTable { tables, mode } => {
                let result = self.check_tables(tables, *mode).await?;
                return self.answer(result, more);
            }
            Command::Sequence(statement) => {
                self.warnings.clear();
                if let Some(result) = self.sequence_statement(statement).await? {
                    return self.answer(result, more);
                }
            }
            Command::NextValues { columns, count } => {
                self.warnings.clear();
                let result = self.next_values(columns, *count).await?;
                return self.answer(result, more);
            }
            Command::LockTables { tables, wait } => self.lock_tables(tables, *wait).await?,
            Command::UnlockTables => self.unlock_tables().await?,
            Command::FlushHosts => self.worker.node.door.hosts.forget(),
            Command::Prepared(command) => return self.prepared_command(command, more).await,
            Command::Refused(what) => return Err(SqlError::not_supported(what).into()),
            Command::Nothing => {}
        }
        self.row_count = 0;
        self.ok(0, 0, b"", more);
        Ok(())
    }

    async fn finish_transaction(&mut self, release: bool, more: bool) -> Result<(), Failure> {
        self.row_count = 0;
        self.ok(0, 0, b"", more && !release);
        if release {
            let _ = self.client.flush().await;
            return Err(Failure::ClientGone);
        }
        Ok(())
    }

    /// Appends a result set of our own.
    pub fn answer(&mut self, result: ResultSet, more: bool) -> Result<(), Failure> {
        self.found_rows = result.rows.len() as u64;
        self.row_count = -1;
        self.write_result(&result, more);
        Ok(())
    }

    /// A statement that describes a server: any backend answers, with the session's settings.
    async fn pass_to_any(&mut self, text: &[u8], more: bool) -> Result<(), Failure> {
        let tokens = lexer::tokenize(text, self.mode)?;
        // A WHERE is the server's to evaluate, with the rights that the node has there.
        const READS: [&[u8]; 4] = [b"SELECT", b"TABLE", b"WITH", b"LOAD_FILE"];
        let reads = tokens.iter().any(|token| {
            let is = |word: &&[u8]| token.text(text).eq_ignore_ascii_case(word);
            token.kind == TokenKind::Word && READS.iter().any(is)
        });
        if reads {
            self.allow(Need::administration()).await?;
        }
        let assigns = tokens.iter().any(|token| token.kind == TokenKind::Op && token.text(text) == b":=");
        if assigns {
            return Err(SqlError::not_supported("an assignment to a user variable in SHOW; use SET").into());
        }
        let lease = self.lease_any().await?;
        self.pass_text(lease, text, Names::none(), more).await
    }

    /// `USE`, COM_INIT_DB.
    async fn use_database(&mut self, name: &str) -> Result<(), Failure> {
        self.allow(Need::see_database(Some(name))).await?;
        self.database = Some(usable_database(&self.catalog(), name)?);
        self.note_database();
        self.publish_identity();
        Ok(())
    }

    /// COM_RESET_CONNECTION without its answer: as after login, but for the account, the current database and the capabilities.
    async fn reset(&mut self) {
        self.rollback_all().await;
        self.transaction = Transaction::default();
        self.statements.clear();
        self.settings = Rc::clone(&self.first_settings);
        self.mode = SqlMode { server: self.worker.node.server.load().parsed, ..SqlMode::default() };
        self.own = OwnVariables::default();
        self.last_insert_id = 0;
        self.found_rows = 0;
        self.row_count = 0;
        self.warnings.clear();
        self.last_trace = None;
        // The server frees them when the connection is closed.
        self.locks = None;
        self.table_locks = None;
        self.temporary = None;
    }

    /// COM_CHANGE_USER: another login, and all that a session has is as after it; false where it fails, which ends the connection.
    async fn change_user(&mut self, payload: &[u8]) -> bool {
        self.reset().await;
        let worker = Rc::clone(&self.worker);
        // Its place among the account's connections is free for the next login.
        self.counted = None;
        let login = login::change_user(&worker, &mut self.client, payload);
        let Ok(Some(account)) = tokio::time::timeout(login::limit(&worker), login).await else {
            return false;
        };
        self.first_settings = worker.intern(account.settings());
        self.registration.describe(&account.attributes);
        self.settings = Rc::clone(&self.first_settings);
        (self.user, self.database) = (account.user.into(), account.database);
        (self.rights, self.counted) = (account.rights, account.counted);
        self.publish_identity();
        true
    }

    /// COM_SET_OPTION: several statements in one query on (0) or off (1). The answer is an EOF, or OK for clients that want none.
    fn set_option(&mut self, option: u16) -> Result<(), Failure> {
        match option {
            0 => self.client.capabilities.insert(Capabilities::MULTI_STATEMENTS),
            1 => self.client.capabilities.remove(Capabilities::MULTI_STATEMENTS),
            _ => return Err(SqlError::new(1047, "08S01", "Unknown command").into()),
        }
        self.write_rows_end(false);
        Ok(())
    }

    /// COM_STATISTICS: one packet with a line of text.
    fn statistics(&mut self) {
        let registry = &self.worker.node.registry;
        let text = format!(
            "Uptime: {}  Threads: {}  Questions: 0  Slow queries: 0  Opens: 0  Open tables: 0  Queries per second avg: 0.000",
            registry.uptime().as_secs(),
            registry.all().len()
        );
        self.client.packet(text.as_bytes());
    }

    /// KILL: of one's own sessions, or with SUPER of all.
    fn kill(&mut self, id: u64, query: bool) -> Result<(), Failure> {
        let entry = u32::try_from(id).ok().and_then(|id| self.worker.node.registry.get(id));
        if let Some(entry) = entry
            && !self.may_watch(&entry.identity().account, Privileges::SUPER)
        {
            return Err(SqlError::new(1095, "HY000", format!("You are not owner of thread {id}")).into());
        }
        let killed = u32::try_from(id).is_ok_and(|id| self.worker.node.registry.kill(id, query));
        if killed {
            Ok(())
        } else {
            Err(SqlError::new(1094, "HY000", format!("Unknown thread id: {id}")).into())
        }
    }
}
