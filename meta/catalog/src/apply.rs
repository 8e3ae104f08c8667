//! `apply`: the one way in which the catalog changes. Pure: the state and the command decide everything.
//!
//! **Invariant:** a refused command leaves the state as it was, byte for byte; each arm checks all, then writes.
//! **Invariant:** `version` grows only when something a plan may depend on has changed, `revision` when anything has.

mod job;
mod node;
mod sequence;
mod table;
mod user;
mod view;

use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::command::Command;
use crate::guard::GuardChange;
use crate::outcome::{Outcome, Rejection};
use crate::schema::{Database, Instance};
use crate::state::{Catalog, CollationFold};
use crate::validate;

/// What an arm did, for the counters.
enum Change {
    Nothing,
    /// A sequence's position alone.
    Position,
    Schema,
}

impl Catalog {
    /// Applies one command. The same command on the same state gives the same state and answer on every node.
    ///
    /// # Errors
    /// A `Rejection` says why the command was refused; the state is then unchanged.
    pub fn apply(&mut self, command: &Command) -> Result<Outcome, Rejection> {
        let (change, outcome) = self.dispatch(command)?;
        match change {
            Change::Nothing => {}
            Change::Position => self.revision += 1,
            Change::Schema => {
                self.revision += 1;
                self.version += 1;
            }
        }
        Ok(outcome)
    }

    fn dispatch(&mut self, command: &Command) -> Result<(Change, Outcome), Rejection> {
        match command {
            Command::CreateInstance { name, host, port, user, password, tls } => {
                let new = Instance {
                    id: 0,
                    name: name.clone(),
                    host: host.clone(),
                    port: *port,
                    user: user.clone(),
                    password: password.clone(),
                    draining: false,
                    tls: *tls,
                };
                self.create_instance(new)
            }
            Command::DropInstance { name } => self.drop_instance(name),
            Command::CreateDatabase { database } => self.create_database(database),
            Command::DropDatabase { name } => self.drop_database(name),
            Command::CreateTable { database, table, sequence } => {
                self.create_table(database, table, sequence.as_ref())
            }
            Command::DropTables { tables } => self.drop_tables(tables),
            Command::ReplaceTable { database, name, table, expected_id, sequence } => {
                self.replace_table(database, name, table, *expected_id, sequence.as_ref())
            }
            Command::RenameTables { renames } => self.rename_tables(renames),
            Command::LeaseRange { database, sequence, count } => self.lease_range(database, sequence, *count),
            Command::RaiseSequence { database, sequence, at_least } => {
                self.raise(database, sequence, *at_least)
            }
            Command::ResetSequence { database, sequence, start } => self.reset(database, sequence, *start),
            Command::PutCollationFold { collation, table } => self.put_fold(collation, table),
            Command::PutSetting { name, value } => Ok(self.put_setting(name, value)),
            Command::DropSetting { name } => self.drop_setting(name),
            Command::AlterInstance { name, .. } => self.alter_instance(name, command),
            Command::CreateSequence { database, sequence } => self.create_sequence(database, sequence),
            Command::AlterSequence { database, sequence, change } => {
                self.alter_sequence(database, sequence, change)
            }
            Command::DropSequence { database, sequence } => self.drop_sequence(database, sequence),
            Command::RegisterNode { node } => self.register_node(node),
            Command::RemoveNode { node } => self.remove_node(*node),
            Command::DrainNode { node, draining } => self.drain_node(*node, *draining),
            Command::TakeTimeWorker { node, now, ceiling } => self.take_time_worker(*node, *now, *ceiling),
            Command::RaiseTimeCeiling { node, worker, ceiling } => {
                self.raise_time_ceiling(*node, *worker, *ceiling)
            }
            Command::SubmitJob { job } => self.submit_job(job),
            Command::ClaimJob { job, expected_token, owner } => self.claim_job(*job, *expected_token, *owner),
            Command::UpdateJob { job, token, update } => self.update_job(*job, *token, update),
            Command::ControlJob { job, control } => self.control_job(*job, *control),
            Command::RemoveJobs { jobs } => self.remove_jobs(jobs),
            Command::PutUser { user, replace } => self.put_user(user, *replace),
            Command::DropUser { name } => self.drop_user(name),
            Command::ChangeUsers { changes } => self.change_users(changes),
            Command::AlterDatabase { name, change } => self.alter_database(name, *change),
            Command::GuardTable { database, table, allow_full_table_scan } => {
                self.guard_table(database, table, *allow_full_table_scan)
            }
            Command::PutView { database, view, replace } => self.put_view(database, view, *replace),
            Command::DropViews { views } => self.drop_views(views),
        }
    }

    fn create_instance(&mut self, new: Instance) -> Result<(Change, Outcome), Rejection> {
        validate::new_instance(self, &new)?;
        let id = next_number(self.last_instance, "instance numbers are used up")?;
        self.last_instance = id;
        self.instances.insert(id, Arc::new(Instance { id, ..new }));
        Ok((Change::Schema, Outcome::Instance { id }))
    }

    fn drop_instance(&mut self, name: &str) -> Result<(Change, Outcome), Rejection> {
        let unknown = || Rejection::UnknownInstance { name: name.to_owned() };
        let id = self.instance_by_name(name).ok_or_else(unknown)?.id;
        for database in self.databases.values() {
            if let Some(group) = database.groups.iter().find(|group| group.instance == id) {
                let (group, database) = (group.name.clone(), database.name.clone());
                return Err(Rejection::InstanceInUse { name: name.to_owned(), group, database });
            }
        }
        self.instances.remove(&id);
        Ok((Change::Schema, Outcome::Done))
    }

    fn alter_instance(&mut self, name: &str, command: &Command) -> Result<(Change, Outcome), Rejection> {
        let Command::AlterInstance { host, port, user, password, draining, tls, .. } = command else {
            return Err(Rejection::Malformed { reason: "not an ALTER INSTANCE".to_owned() });
        };
        let unknown = || Rejection::UnknownInstance { name: name.to_owned() };
        let current = self.instance_by_name(name).ok_or_else(unknown)?;
        let new = Instance {
            id: current.id,
            name: current.name.clone(),
            host: host.as_ref().unwrap_or(&current.host).clone(),
            port: port.unwrap_or(current.port),
            user: user.as_ref().unwrap_or(&current.user).clone(),
            password: password.as_ref().unwrap_or(&current.password).clone(),
            draining: draining.unwrap_or(current.draining),
            tls: tls.unwrap_or(current.tls),
        };
        if new == **current {
            return Ok((Change::Nothing, Outcome::Done));
        }
        if new.host.is_empty() || new.port == 0 {
            return Err(Rejection::Malformed {
                reason: format!("instance '{name}' without a host or a port"),
            });
        }
        self.instances.insert(new.id, Arc::new(new));
        Ok((Change::Schema, Outcome::Done))
    }

    fn drop_setting(&mut self, name: &str) -> Result<(Change, Outcome), Rejection> {
        match self.settings.remove(name) {
            Some(_) => Ok((Change::Schema, Outcome::Done)),
            None => Ok((Change::Nothing, Outcome::Done)),
        }
    }

    fn create_database(&mut self, database: &Database) -> Result<(Change, Outcome), Rejection> {
        validate::new_database(self, database)?;
        self.databases.insert(database.name.clone(), Arc::new(database.clone()));
        Ok((Change::Schema, Outcome::Done))
    }

    fn drop_database(&mut self, name: &str) -> Result<(Change, Outcome), Rejection> {
        match self.databases.remove(name) {
            Some(_) => Ok((Change::Schema, Outcome::Done)),
            None => Err(Rejection::NoDatabaseToDrop { name: name.to_owned() }),
        }
    }

    fn alter_database(&mut self, name: &str, change: GuardChange) -> Result<(Change, Outcome), Rejection> {
        let guard = self.need_database(name)?.guard;
        if guard.changed(change) == guard {
            return Ok((Change::Nothing, Outcome::Done));
        }
        self.database_mut(name)?.guard = guard.changed(change);
        Ok((Change::Schema, Outcome::Done))
    }

    fn put_fold(&mut self, collation: &str, table: &[u8]) -> Result<(Change, Outcome), Rejection> {
        validate::collation_name(collation)?;
        match self.folds.entry(collation.to_owned()) {
            Entry::Vacant(slot) => {
                slot.insert(CollationFold(Arc::from(table)));
                Ok((Change::Schema, Outcome::Done))
            }
            Entry::Occupied(known) if *known.get().0 == *table => Ok((Change::Nothing, Outcome::Done)),
            Entry::Occupied(_) => Err(Rejection::FoldDiffers { collation: collation.to_owned() }),
        }
    }

    fn put_setting(&mut self, name: &str, value: &str) -> (Change, Outcome) {
        if self.setting(name) == Some(value) {
            return (Change::Nothing, Outcome::Done);
        }
        self.settings.insert(name.to_owned(), value.to_owned());
        (Change::Schema, Outcome::Done)
    }

    /// The database, for reading.
    fn need_database(&self, name: &str) -> Result<&Arc<Database>, Rejection> {
        self.databases.get(name).ok_or_else(|| Rejection::UnknownDatabase { name: name.to_owned() })
    }

    /// The database, for writing: copied first when a published snapshot shares it.
    fn database_mut(&mut self, name: &str) -> Result<&mut Database, Rejection> {
        let database = self.databases.get_mut(name);
        let database = database.ok_or_else(|| Rejection::UnknownDatabase { name: name.to_owned() })?;
        Ok(Arc::make_mut(database))
    }
}

/// The number after `last`.
fn next_number<N: TryFrom<u64> + Into<u64>>(last: N, exhausted: &str) -> Result<N, Rejection> {
    let next = last.into().checked_add(1).and_then(|next| N::try_from(next).ok());
    next.ok_or_else(|| Rejection::Malformed { reason: exhausted.to_owned() })
}

#[cfg(test)]
mod sequence_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod user_tests;
#[cfg(test)]
mod view_tests;
