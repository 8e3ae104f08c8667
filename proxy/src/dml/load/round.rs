//! One round of a load: each physical table gets its lines, all groups at the same time.

use std::rc::Rc;
use std::sync::Arc;

use ostrakon_catalog::schema::Group;
use ostrakon_router::plan::{Apart, LOADED_FILE, Load};
use tokio::task::JoinSet;

use super::cut::Batch;
use super::{Loaded, guarded};
use crate::backend::connection::{Answer, Connection, FileSent};
use crate::error::SqlError;
use crate::exec::lease::Lease;
use crate::exec::names::Names;
use crate::exec::pass::NOTHING_GENERATED;
use crate::exec::warned::{Numbering, merge_repeated, row_of};
use crate::session::dispatch::Input;
use crate::session::trace::Role;
use crate::session::{Failure, Session};

/// The loads of one group, in order.
struct Part {
    group: Group,
    loads: Vec<One>,
}

/// What is loaded into one physical table.
struct One {
    /// Its number among all of the round.
    index: usize,
    sql: Vec<u8>,
    batch: Rc<Batch>,
}

/// What a load came to.
pub(super) struct Outcome {
    pub answer: Answer,
    /// What SHOW WARNINGS listed.
    pub listed: Option<Answer>,
    /// The first AUTO_INCREMENT value that the server has made; its answer does not say.
    pub generated: Option<u64>,
}

/// What became of a part.
struct Ended {
    lease: Lease,
    outcomes: Vec<(usize, Outcome)>,
    failed: Option<(usize, SqlError)>,
}

impl Session {
    /// Loads these batches. A batch for copies is everyone's. A batch without lines does nothing, but the server looks at the statement.
    pub(super) async fn load_round(
        &mut self,
        load: &Load,
        apart: &Apart,
        batches: Vec<(usize, Rc<Batch>)>,
        input: Input<'_>,
        loaded: &mut Loaded,
    ) -> Result<(), Failure> {
        let groups =
            load.plan.database.as_ref().map(|database| database.groups.as_slice()).unwrap_or_default();
        let targets: Vec<(usize, Rc<Batch>)> = match (apart.everywhere, batches.as_slice()) {
            (true, [(_, batch)]) if !batch.lines.is_empty() => {
                (0..groups.len()).map(|group| (group, Rc::clone(batch))).collect()
            }
            _ => batches,
        };
        let lines: Vec<Vec<usize>> = targets.iter().map(|(_, batch)| batch.lines.clone()).collect();
        let arguments = self.text_arguments(input);
        let mut parts: Vec<(usize, Part)> = Vec::new();
        for (index, (shard, batch)) in targets.into_iter().enumerate() {
            let one = One { index, sql: load.statement(shard, &arguments), batch };
            let number = load.group_of(shard);
            match parts.iter_mut().find(|(known, _)| *known == number) {
                Some((_, part)) => part.loads.push(one),
                None => {
                    let group = groups.get(number).cloned();
                    let group = group.ok_or_else(|| {
                        SqlError::other("Internal error (please report): a table without a group")
                    })?;
                    parts.push((number, Part { group, loads: vec![one] }));
                }
            }
        }
        parts.sort_by_key(|(number, _)| *number);
        let mut parts: Vec<Part> = parts.into_iter().map(|(_, part)| part).collect();
        // Writes of the same copies queue up in the first group, and never wait for each other crosswise.
        let later = if apart.everywhere && parts.len() > 1 { parts.split_off(1) } else { Vec::new() };
        for parts in [parts, later] {
            if !parts.is_empty() {
                self.load_parts(load, apart, parts, &lines, loaded).await?;
            }
        }
        Ok(())
    }

    async fn load_parts(
        &mut self,
        load: &Load,
        apart: &Apart,
        parts: Vec<Part>,
        lines: &[Vec<usize>],
        loaded: &mut Loaded,
    ) -> Result<(), Failure> {
        let names = Names::of(&load.plan);
        let groups: Vec<Group> = parts.iter().map(|part| part.group.clone()).collect();
        self.check_participants(&groups).await?;
        let leases = self.lease_all(&groups).await?;
        for part in parts.iter().filter(|part| part.loads.iter().any(|one| !one.batch.lines.is_empty())) {
            self.transaction.note_write(&part.group);
        }
        let targets: Vec<_> =
            leases.iter().map(|lease| (Rc::clone(lease.connection.pool()), lease.connection.id)).collect();
        let texts: Vec<(usize, String, Vec<u8>)> = match self.trace.is_some() {
            true => parts.iter().flat_map(Part::texts).collect(),
            false => Vec::new(),
        };
        let clean = clean_up(apart);
        let mut tasks = JoinSet::new();
        for (lease, part) in leases.into_iter().zip(parts) {
            tasks.spawn_local(run(lease, part.loads, clean.clone(), load.plan.hides_generated));
        }
        let entry = Arc::clone(self.entry());
        let mut kills = Vec::new();
        // When the session is to end the tasks go with it, and so do their connections.
        let ended = guarded(&entry, &targets, &mut kills, tasks.join_all()).await?;
        let interrupted = !kills.is_empty();
        let mut kills: Vec<_> = kills.into_iter().map(Some).collect();
        let (mut failed, mut gone, mut leases) =
            (None::<(usize, SqlError)>, false, Vec::with_capacity(ended.len()));
        let numbering = Numbering { rows: lines, first_row: 0 };
        let mut warned = Vec::new();
        let mut count = 0;
        for Ended { mut lease, outcomes, failed: fault } in ended {
            let counts = !apart.everywhere || outcomes.iter().all(|(index, _)| *index == 0);
            for (index, Outcome { answer, listed, generated }) in outcomes.into_iter().filter(|_| counts) {
                loaded.generated = loaded.generated.or(generated);
                loaded.affected += answer.affected_rows;
                loaded.infos.push(answer.info);
                count += u64::from(answer.warnings);
                warned.extend(listed.map(|listed| (index, listed)));
                if let Some((_, group, text)) = texts.iter().find(|(known, ..)| *known == index) {
                    self.note_sent(Role::Write, group, text, answer.affected_rows, 0);
                }
            }
            // Each target has its KILLs: all of them were sent to all.
            let at = targets.iter().position(|(pool, id)| {
                *id == lease.connection.id && Rc::ptr_eq(pool, lease.connection.pool())
            });
            for kill in kills.iter_mut().skip(at.unwrap_or(0)).step_by(targets.len().max(1)) {
                kill.take().into_iter().for_each(|kill| lease.connection.expect_kill(kill));
            }
            if let Some((index, mut e)) = fault {
                numbering.renumber(index, &mut e.message);
                // One server would have come to the first line first.
                let row = row_of(&e.message).map_or(usize::MAX, |(_, row)| row);
                if failed.as_ref().is_none_or(|(first, _)| row < *first) {
                    failed = Some((row, e));
                }
            }
            leases.push(lease);
        }
        let mut failed = failed.map(|(_, e)| e);
        if failed.is_none() && interrupted {
            failed = Some(SqlError::interrupted());
        }
        for mut lease in leases {
            if failed.is_some() {
                gone |= !self.keeps_transaction(&mut lease).await;
            }
            self.release(lease);
        }
        if gone {
            self.rollback_all().await;
        }
        if let Some(e) = failed {
            return Err(self.logical_error(self.entry().kill.as_victim(e), names).into());
        }
        if count > 0 {
            warned.sort_by_key(|(index, _)| *index);
            let limit = self.warning_limit();
            self.warnings.add(numbering.in_order(&warned, names), count, limit);
            merge_repeated(&mut self.warnings);
        }
        Ok(())
    }
}

impl Part {
    fn texts(&self) -> impl Iterator<Item = (usize, String, Vec<u8>)> + '_ {
        self.loads.iter().map(|one| (one.index, self.group.name.clone(), one.sql.clone()))
    }
}

/// What takes the last line's fields out of the variables that they were in: a connection has no session of its own.
fn clean_up(apart: &Apart) -> Option<String> {
    let variables: Vec<String> =
        (0..apart.variables.len()).map(|index| format!("@__ostrakon_load_{index} = NULL")).collect();
    (!variables.is_empty()).then(|| format!("SET {}", variables.join(", ")))
}

async fn run(mut lease: Lease, loads: Vec<One>, clean: Option<String>, hides_generated: bool) -> Ended {
    let mut outcomes = Vec::with_capacity(loads.len());
    for One { index, sql, batch } in loads {
        match load_one(&mut lease, &sql, &batch, hides_generated).await {
            Ok(outcome) => outcomes.push((index, outcome)),
            Err(e) => return Ended { lease, outcomes, failed: Some((index, e)) },
        }
    }
    if let Some(clean) = clean
        && lease.connection.query(&clean).await.is_err()
    {
        lease.connection.mark_broken();
    }
    Ended { lease, outcomes, failed: None }
}

async fn load_one(
    lease: &mut Lease,
    sql: &[u8],
    batch: &Batch,
    hides_generated: bool,
) -> Result<Outcome, SqlError> {
    let connection = &mut lease.connection;
    if hides_generated {
        connection.queue_prefix(NOTHING_GENERATED);
    }
    let mut file = connection.begin_file(sql, LOADED_FILE).await?;
    connection.send_file(&mut file, &batch.bytes).await?;
    outcome(connection, file, hides_generated).await
}

/// Ends a file, and asks what became of its rows.
pub(super) async fn outcome(
    connection: &mut Connection,
    file: FileSent,
    hides_generated: bool,
) -> Result<Outcome, SqlError> {
    let answer = connection.end_file(file).await?;
    let listed = match answer.warnings {
        0 => None,
        _ => Some(connection.query("SHOW WARNINGS").await?),
    };
    let generated = match hides_generated {
        true => connection.query("SELECT LAST_INSERT_ID()").await?.text(0, 0).parse().ok(),
        false => None,
    };
    Ok(Outcome { answer, listed, generated: generated.filter(|id| *id > 0) })
}
