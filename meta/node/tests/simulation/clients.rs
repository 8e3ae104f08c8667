//! Clients and owners of jobs: which command comes next, from what the node that is asked shows them.
//!
//! An owner goes on with its jobs after its process has died, as a message that was under way may: its token must stop it.

use ostrakon_catalog::job::{JobControl, JobId, JobState, JobUpdate, NewJob, Owner};
use ostrakon_catalog::node::NodeRecord;
use ostrakon_catalog::schema::SequenceChange;
use ostrakon_catalog::user::User;
use ostrakon_catalog::{Catalog, Command, Outcome};

use crate::random::Random;
use crate::records;

/// A job that some process takes for its own.
struct Held {
    job: JobId,
    token: u64,
    step: u64,
}

#[derive(Default)]
pub struct Clients {
    held: Vec<Held>,
    /// (node, worker), as the nodes were told.
    workers: Vec<(u64, u16)>,
    /// Counts what must differ each time.
    mark: u64,
}

/// Who asks: a process of a node, and the time on its clock.
#[derive(Clone, Copy)]
pub struct Asker {
    pub owner: Owner,
    pub now: u64,
}

impl Clients {
    pub fn command(&mut self, random: &mut Random, catalog: &Catalog, asker: Asker) -> Command {
        self.mark += 1;
        // Until there is something to work on.
        if catalog.instances.is_empty() || random.one_in(40) {
            return self.instance(random);
        }
        if catalog.databases.is_empty() || random.one_in(40) {
            let instance = *random.pick(&catalog.instances.keys().copied().collect::<Vec<_>>());
            let name = database_name(random);
            return Command::CreateDatabase { database: records::database(&name, instance, self.mark) };
        }
        match random.below(100) {
            0..=24 => self.sequence(random, catalog),
            25..=44 => self.table(random, catalog),
            45..=84 => self.job(random, catalog, asker),
            85..=95 => self.node(random, catalog, asker),
            _ => self.rest(random),
        }
    }

    /// What the asker has learned from an answer.
    pub fn told(&mut self, command: &Command, outcome: &Outcome) {
        match (command, outcome) {
            (Command::SubmitJob { .. } | Command::ClaimJob { .. }, Outcome::Job { id, token }) => {
                self.held.push(Held { job: *id, token: *token, step: 0 });
            }
            (Command::TakeTimeWorker { node, .. }, Outcome::TimeWorker { worker }) => {
                self.workers.push((*node, *worker));
            }
            _ => {}
        }
    }

    fn instance(&self, random: &mut Random) -> Command {
        let name = format!("m{}", random.below(5));
        match random.below(6) {
            0 => Command::DropInstance { name },
            1 => Command::AlterInstance {
                name,
                host: Some(format!("h{}", self.mark)),
                port: None,
                user: None,
                password: None,
                draining: Some(random.one_in(2)),
                tls: None,
            },
            _ => Command::CreateInstance {
                name,
                host: "h".to_owned(),
                port: 1,
                user: String::new(),
                password: String::new(),
                tls: Default::default(),
            },
        }
    }

    fn sequence(&self, random: &mut Random, catalog: &Catalog) -> Command {
        let known: Vec<(String, String)> = catalog
            .databases
            .values()
            .flat_map(|home| home.sequences.keys().map(|name| (home.name.clone(), name.to_owned())))
            .collect();
        let new = format!("s{}", random.below(5));
        if known.is_empty() || random.one_in(10) {
            let (database, sequence) = (database_name(random), records::sequence(random, &new));
            return Command::CreateSequence { database, sequence };
        }
        let (database, sequence) = random.pick(&known).clone();
        match random.below(40) {
            0 => Command::DropSequence { database, sequence },
            1 => Command::ResetSequence { database, sequence, start: random.below(5) },
            2..=3 => {
                let model = records::sequence(random, &new);
                let start_with = random.one_in(2).then_some(model.start_with);
                let maximum = Some(model.maximum);
                let change = SequenceChange {
                    kind: Some(model.kind),
                    start_with,
                    maximum,
                    increment: Some(model.increment),
                    cycle: Some(model.cycle),
                    inner_step: Some(model.inner_step),
                };
                Command::AlterSequence { database, sequence, change }
            }
            4..=7 => {
                let at_least =
                    catalog.sequence(&database, &sequence).map_or(0, |s| s.next) + random.below(40);
                Command::RaiseSequence { database, sequence, at_least: at_least.saturating_sub(20) }
            }
            _ => Command::LeaseRange { database, sequence, count: 1 + random.below(12) },
        }
    }

    fn table(&self, random: &mut Random, catalog: &Catalog) -> Command {
        let (database, name) = (database_name(random), table_name(random));
        let (table, sequence) = records::table(&name, random.one_in(2), self.mark);
        match random.below(12) {
            0..=1 => Command::DropTables { tables: vec![(database, name)] },
            2..=3 => {
                let other = table_name(random);
                Command::RenameTables { renames: vec![((database.clone(), name), (database, other))] }
            }
            4..=5 => {
                let expected_id = catalog.table(&database, &name).map_or(1, |table| table.id);
                Command::ReplaceTable { database, name, table, expected_id, sequence }
            }
            6 if random.one_in(3) => Command::DropDatabase { name: database },
            _ => Command::CreateTable { database, table, sequence },
        }
    }

    fn job(&mut self, random: &mut Random, catalog: &Catalog, asker: Asker) -> Command {
        let unfinished: Vec<_> = catalog.jobs.values().filter(|job| job.state.is_unfinished()).collect();
        match random.below(20) {
            0..=11 if !self.held.is_empty() => self.update(random),
            // Its owner is taken for dead, rightly or not.
            12..=14 if !unfinished.is_empty() => {
                let job = random.pick(&unfinished);
                Command::ClaimJob { job: job.id, expected_token: job.token, owner: asker.owner }
            }
            15 if !unfinished.is_empty() => {
                let control = *random.pick(&[JobControl::Recover, JobControl::Rollback, JobControl::Cancel]);
                Command::ControlJob { job: random.pick(&unfinished).id, control }
            }
            16 if !catalog.jobs.is_empty() => {
                let jobs: Vec<JobId> = catalog.jobs.keys().copied().collect();
                Command::RemoveJobs { jobs: vec![*random.pick(&jobs)] }
            }
            _ => {
                let (database, name) = (database_name(random), table_name(random));
                let action = records::action(random, &database, &name, self.mark);
                let (statement, settings) = (format!("statement {}", self.mark), Vec::new());
                let job = NewJob { action, statement, settings, owner: asker.owner, submitted: asker.now };
                Command::SubmitJob { job }
            }
        }
    }

    fn update(&mut self, random: &mut Random) -> Command {
        let at = random.index(self.held.len());
        let held = &mut self.held[at];
        held.step += 1;
        let (job, token) = (held.job, held.token);
        let mut update = JobUpdate {
            step: Some(format!("step {}", held.step)),
            groups_done: vec![format!("G{}", random.below(3))],
            ..JobUpdate::default()
        };
        update.facts.insert(format!("f{}", random.below(3)), self.mark.to_string());
        update.publish.push(Command::PutSetting { name: format!("job{job}"), value: self.mark.to_string() });
        if random.one_in(4) {
            // May well be refused, and must take the setting with it.
            update
                .publish
                .push(Command::DropTables { tables: vec![(database_name(random), table_name(random))] });
        }
        if random.one_in(3) {
            let states = [JobState::Done, JobState::RolledBack, JobState::Pending, JobState::RollingBack];
            update.state = Some(*random.pick(&states));
            update.ended = Some(self.mark);
        }
        // It may end, and its owner may not hear of it: then it goes on, and must be refused.
        if random.one_in(8) {
            self.held.swap_remove(at);
        }
        Command::UpdateJob { job, token, update }
    }

    fn node(&self, random: &mut Random, catalog: &Catalog, asker: Asker) -> Command {
        let node = asker.owner.node;
        let ceiling = asker.now + random.below(300);
        match random.below(10) {
            0..=3 => Command::TakeTimeWorker { node, now: asker.now, ceiling },
            4..=6 if !self.workers.is_empty() => {
                let (node, worker) = *random.pick(&self.workers);
                Command::RaiseTimeCeiling { node, worker, ceiling }
            }
            7 => Command::DrainNode { node, draining: random.one_in(2) },
            // A machine that is gone for good.
            8 if random.one_in(4) && !catalog.nodes.is_empty() => {
                Command::RemoveNode { node: 100 + random.below(3) }
            }
            8 => register(Owner { node: 100 + random.below(3), start: self.mark }),
            _ => register(asker.owner),
        }
    }

    fn rest(&self, random: &mut Random) -> Command {
        let name = format!("x{}", random.below(4));
        match random.below(6) {
            0 => Command::DropSetting { name },
            1 => Command::DropUser { name },
            2..=3 => Command::PutUser {
                user: User {
                    name,
                    plugin: "mysql_native_password".to_owned(),
                    authentication: self.mark.to_string(),
                    host: "%".to_owned(),
                    grants: None,
                    locked: false,
                    requires_tls: false,
                    max_connections: 0,
                },
                replace: random.one_in(2),
            },
            4 => Command::PutCollationFold {
                collation: format!("c{}", random.below(3)),
                table: vec![random.below(2) as u8],
            },
            _ => Command::PutSetting { name, value: self.mark.to_string() },
        }
    }
}

/// What each process does first.
pub fn register(owner: Owner) -> Command {
    let node = NodeRecord { id: owner.node, start: owner.start, ..NodeRecord::default() };
    Command::RegisterNode { node }
}

fn database_name(random: &mut Random) -> String {
    format!("d{}", random.below(2))
}

fn table_name(random: &mut Random) -> String {
    format!("t{}", random.below(4))
}
