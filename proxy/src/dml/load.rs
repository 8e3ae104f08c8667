//! LOAD DATA LOCAL: the client's file goes to its physical tables, all in one transaction.
//!
//! A file for one physical table flows through as it comes. One that is cut into lines is loaded in rounds: lines come together for each physical table, and when they
//! are enough all tables get theirs, group by group at the same time. No more than a round is held.

mod cut;
mod round;

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostrakon_catalog::auto_sequence_name;
use ostrakon_protocol::Capabilities;
use ostrakon_router::plan::{Apart, LOADED_FILE, Load};
use tokio::task::JoinHandle;

use super::Done;
use crate::backend::pool::Pool;
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::names::Names;
use crate::exec::pass::{NOTHING_GENERATED, listed_warnings};
use crate::exec::watch;
use crate::exec::write::add_info;
use crate::registry::SessionEntry;
use crate::secret::hex;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session, killed, killed_statement};
use cut::{Cutting, Wanted};
use round::Outcome;

/// Seconds that a client may be silent in the middle of its file, where its session has not set `net_read_timeout`.
const READ_TIMEOUT: u64 = 30;

/// What the loads came to.
#[derive(Default)]
struct Loaded {
    affected: u64,
    infos: Vec<String>,
    /// The first AUTO_INCREMENT value that a server has made.
    generated: Option<u64>,
}

/// The values of `Apart::variables` in the last line.
type Variables = Vec<Option<Vec<u8>>>;

impl Session {
    /// Runs a LOAD DATA LOCAL, and answers.
    pub async fn load_data(&mut self, load: &Load, input: Input<'_>, more: bool) -> Result<(), Failure> {
        if !self.client_has(Capabilities::LOCAL_FILES) {
            return Err(self.no_files().into());
        }
        if load.by_database && self.settings.get("character_set_database").is_some() {
            return Err(SqlError::not_supported(
                "LOAD DATA without CHARACTER SET in a session that has set character_set_database",
            )
            .into());
        }
        self.warnings.clear();
        self.entry().show_statement(&self.current);
        let frame = self.open_frame().await?;
        let done = match &load.apart {
            None => self.load_whole(load, input).await.map(|done| (done, Variables::new())),
            Some(apart) => self.load_apart(load, apart, input).await,
        };
        let (done, variables) = self.close_frame(frame, done).await?;
        if let Some(apart) = &load.apart {
            self.keep_variables(apart, &variables);
        }
        self.row_count = i64::try_from(done.affected).unwrap_or(i64::MAX);
        if let Some(generated) = done.generated {
            self.last_insert_id = generated;
        }
        self.ok(done.affected, done.insert_id, done.info.as_bytes(), more);
        Ok(())
    }

    /// ER_LOAD_INFILE_CAPABILITY_DISABLED, ER_CLIENT_LOCAL_FILES_DISABLED: as a server says it to a client that has not announced that it sends files.
    fn no_files(&self) -> SqlError {
        match self.mode.server.mariadb {
            true => SqlError::new(
                4166,
                "HY000",
                "The used command is not allowed because the MariaDB server or client has disabled the local infile capability",
            ),
            false => SqlError::new(
                3948,
                "42000",
                "Loading local data is disabled; this must be enabled on both the client and server sides",
            ),
        }
    }

    /// Asks the client for its file.
    async fn ask_for_file(&mut self, load: &Load) -> Result<(), Failure> {
        let mut request = vec![0xFB];
        request.extend_from_slice(&load.file);
        self.client.packet(&request);
        self.flush_client().await
    }

    /// Reads the next packet of the client's file into `packet`: empty at its end. A KILL QUERY is noted in `interrupted`; the file is read to its end all the same,
    /// or the client would not listen.
    async fn read_file(&mut self, packet: &mut Vec<u8>, interrupted: &mut bool) -> Result<(), Failure> {
        let seconds =
            self.settings.get("net_read_timeout").and_then(|text| text.trim_matches('\'').parse().ok());
        let limit = Duration::from_secs(seconds.unwrap_or(READ_TIMEOUT));
        let entry = Arc::clone(self.entry());
        self.client.expect_reply();
        loop {
            tokio::select! {
                biased;
                () = killed(&entry) => return Err(Failure::ClientGone),
                () = killed_statement(&entry) => *interrupted = true,
                read = tokio::time::timeout(limit, self.client.read_payload(packet)) => {
                    // After a fault in the middle of a file nobody knows where a command begins.
                    return read.ok().and_then(Result::ok).ok_or(Failure::ClientGone);
                }
            }
        }
    }

    /// The rest of a file that nobody wants.
    async fn drain_file(&mut self) -> Result<(), Failure> {
        let (mut packet, mut interrupted) = (Vec::new(), false);
        loop {
            self.read_file(&mut packet, &mut interrupted).await?;
            if packet.is_empty() {
                return Ok(());
            }
        }
    }

    /// Loads the file as it is into the only physical table.
    async fn load_whole(&mut self, load: &Load, input: Input<'_>) -> Result<Done, Failure> {
        let names = Names::of(&load.plan);
        let group = load.plan.database.as_ref().and_then(|database| database.groups.get(load.group_of(0)));
        let group = group
            .cloned()
            .ok_or_else(|| SqlError::other("Internal error (please report): a table without a group"))?;
        let sql = load.statement(0, &self.text_arguments(input));
        self.check_participants(std::slice::from_ref(&group)).await?;
        let mut lease = self.lease(&group).await?;
        self.transaction.note_write(&group);
        let hides = load.plan.hides_generated;
        if hides {
            lease.connection.queue_prefix(NOTHING_GENERATED);
        }
        let entry = Arc::clone(self.entry());
        let targets = [(Rc::clone(lease.connection.pool()), lease.connection.id)];
        let mut kills = Vec::new();
        let mut interrupted = false;
        let loaded = async {
            let begun =
                guarded(&entry, &targets, &mut kills, lease.connection.begin_file(&sql, LOADED_FILE)).await?;
            let mut file = match begun {
                Ok(file) => file,
                Err(e) => return Ok(Err(e)),
            };
            self.ask_for_file(load).await?;
            let mut packet = Vec::new();
            loop {
                self.read_file(&mut packet, &mut interrupted).await?;
                if interrupted && kills.is_empty() {
                    kills.extend(targets.iter().map(|(pool, id)| watch::kill_query(pool, *id)));
                }
                if packet.is_empty() {
                    break;
                }
                let sent = lease.connection.send_file(&mut file, &packet);
                if let Err(e) = guarded(&entry, &targets, &mut kills, sent).await? {
                    self.drain_file().await?;
                    return Ok(Err(e));
                }
            }
            let ended = round::outcome(&mut lease.connection, file, hides);
            guarded(&entry, &targets, &mut kills, ended).await
        };
        let outcome = match loaded.await {
            Ok(outcome) => outcome,
            Err(e) => {
                let pool = Rc::clone(lease.connection.pool());
                watch::abandon(&mut lease.connection, &pool);
                return Err(e);
            }
        };
        for kill in kills {
            lease.connection.expect_kill(kill);
        }
        let outcome = match outcome {
            Ok(_) if interrupted => Err(SqlError::interrupted()),
            outcome => outcome,
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(e) => {
                let kept = self.keeps_transaction(&mut lease).await;
                self.release(lease);
                if !kept {
                    self.rollback_all().await;
                }
                return Err(self.logical_error(e, names).into());
            }
        };
        self.release(lease);
        let Outcome { answer, listed, generated } = outcome;
        if let Some(listed) = listed {
            self.warnings.add(listed_warnings(&listed, names), answer.warnings.into(), self.warning_limit());
        }
        Ok(Done { affected: answer.affected_rows, insert_id: 0, generated, info: answer.info })
    }

    /// Cuts the file into lines, and loads each where its row belongs.
    async fn load_apart(
        &mut self,
        load: &Load,
        apart: &Apart,
        input: Input<'_>,
    ) -> Result<(Done, Variables), Failure> {
        // A load of nothing: what is wrong with the statement shows before the client is asked for its file.
        let mut loaded = Loaded::default();
        self.load_round(load, apart, vec![(0, Rc::default())], input, &mut loaded).await?;
        self.ask_for_file(load).await?;
        let mut cutting = Cutting::new(load, apart, self.worker.node.config.limits.max_allowed_packet);
        let (mut packet, mut interrupted) = (Vec::new(), false);
        loop {
            self.read_file(&mut packet, &mut interrupted).await?;
            let is_last = packet.is_empty();
            cutting.add(&packet);
            let taken = match interrupted {
                true => Err(SqlError::interrupted().into()),
                false => self.load_lines(&mut cutting, apart, is_last, input, &mut loaded).await,
            };
            match taken {
                Ok(()) if is_last => break,
                Ok(()) => {}
                Err(Failure::Sql(e)) => {
                    if !is_last {
                        self.drain_file().await?;
                    }
                    return Err(e.into());
                }
                Err(e) => return Err(e),
            }
        }
        let info = add_info(loaded.infos.iter().map(String::as_str), self.warnings.count());
        let generated = cutting.first_generated.filter(|_| loaded.affected > 0).or(loaded.generated);
        Ok((Done { affected: loaded.affected, insert_id: 0, generated, info }, cutting.variables))
    }

    /// Takes the lines that have come, and loads them when there are enough, or there will be no more.
    async fn load_lines(
        &mut self,
        cutting: &mut Cutting<'_>,
        apart: &Apart,
        is_last: bool,
        input: Input<'_>,
        loaded: &mut Loaded,
    ) -> Result<(), Failure> {
        cutting.skip()?;
        loop {
            let mut values = Vec::new();
            if let Some((database, table)) = cutting.sequence() {
                let Wanted { values: count, largest } = cutting.wanted()?;
                let node = &self.worker.node;
                let sequence = auto_sequence_name(table);
                if let Some(largest) = largest {
                    // Before anything is written, or another session could be given the value meanwhile.
                    node.sequences.raise(&node.meta, database, &sequence, largest).await?;
                }
                if count > 0 {
                    values = node.sequences.take(&node.meta, database, &sequence, count).await?;
                }
            }
            cutting.take(&values)?;
            let is_full = cutting.is_full();
            if !is_full && !is_last {
                return Ok(());
            }
            let batches = cutting.batches();
            if !batches.is_empty() {
                self.load_round(cutting.load, apart, batches, input, loaded).await?;
            }
            if !is_full {
                return Ok(());
            }
        }
    }

    /// The session's variables have what the last line has given them.
    fn keep_variables(&mut self, apart: &Apart, values: &[Option<Vec<u8>>]) {
        let mut settings = Settings::clone(&self.settings);
        for ((name, _), value) in apart.variables.iter().zip(values) {
            let literal = match value {
                None => "NULL".to_owned(),
                Some(bytes) => format!("_{} x'{}'", apart.charset, hex(bytes)),
            };
            settings = settings.with(&format!("@{name}"), literal);
        }
        self.settings = self.worker.intern(settings);
    }
}

/// Does some work on backend connections, through which KILLs of this session go on. `kills`: those that are on their way.
///
/// Errors: ClientGone when the session is to end; the connections must not be used again then.
async fn guarded<T>(
    entry: &SessionEntry,
    targets: &[(Rc<Pool>, u32)],
    kills: &mut Vec<JoinHandle<()>>,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            () = killed(entry) => {
                targets.iter().for_each(|(pool, id)| drop(watch::kill_query(pool, *id)));
                return Err(Failure::ClientGone);
            }
            () = killed_statement(entry) => {
                kills.extend(targets.iter().map(|(pool, id)| watch::kill_query(pool, *id)));
            }
        }
    }
}
