//! Small records and random commands for this crate's tests.

use proptest::prelude::*;

use crate::column::{Column, ColumnDefault, ColumnType, Key, KeyKind};
use crate::command::Command;
use crate::job::{JobAction, JobControl, JobState, JobUpdate, NewJob, Owner};
use crate::name_map::NameMap;
use crate::privilege::{Grants, Privileges, Scope};
use crate::rule::{Partition, Placement, ShardFunction, ShardingRule};
use crate::schema::{
    Database, DefaultSharding, Group, Sequence, SequenceChange, SequenceKind, Table, TableKind,
};
use crate::state::{Catalog, auto_sequence_name};
use crate::user::{AccountName, User, UserChange, UserOptions};
use crate::view::View;

pub fn instance(name: &str) -> Command {
    Command::CreateInstance {
        name: name.to_owned(),
        host: "10.0.0.1".to_owned(),
        port: 3306,
        user: "ostrakon".to_owned(),
        password: "secret".to_owned(),
        tls: Default::default(),
    }
}

/// A database of `groups` groups, all on `instance`.
pub fn database(name: &str, groups: u32, instance: u32) -> Database {
    let group = |n| Group {
        name: format!("{}_{n:04}_GROUP", name.to_uppercase()),
        physical_database: format!("{name}_k3f9_{n:04}"),
        instance,
    };
    Database {
        name: name.to_owned(),
        groups: (0..groups).map(group).collect(),
        default_sharding: DefaultSharding::Single,
        guard: Default::default(),
        charset: "utf8mb4".to_owned(),
        collation: "utf8mb4_bin".to_owned(),
        tables: NameMap::new(),
        sequences: NameMap::new(),
        views: NameMap::new(),
    }
}

pub fn column(name: &str, data_type: ColumnType) -> Column {
    Column {
        name: name.to_owned(),
        data_type,
        nullable: true,
        default: ColumnDefault::Null,
        auto_increment: false,
        generated: false,
        invisible: false,
    }
}

pub fn view(name: &str) -> View {
    View {
        name: name.to_owned(),
        query: "SELECT 1 AS a".to_owned(),
        columns: vec!["a".to_owned()],
        algorithm: Default::default(),
        definer: "root@%".to_owned(),
        invoker: false,
        check: Default::default(),
        modes: vec![("PIPES_AS_CONCAT".to_owned(), true)],
        literal_collation: None,
        character_set_client: "utf8mb4".to_owned(),
        collation_connection: "utf8mb4_general_ci".to_owned(),
        order: Vec::new(),
        updatable: true,
    }
}

pub fn single_table(name: &str) -> Table {
    Table {
        id: 0,
        name: name.to_owned(),
        kind: TableKind::Single,
        columns: vec![column("a", ColumnType::Int { unsigned: false })],
        keys: vec![],
        name_suffix: None,
        physical_base: name.to_owned(),
        allow_full_table_scan: None,
        generated_key: None,
    }
}

/// Sharded by hash of its AUTO_INCREMENT primary key over two groups of two tables.
pub fn sharded_table(name: &str) -> Table {
    let partition =
        || Some(Partition { function: ShardFunction::Hash, columns: vec!["id".to_owned()], count: 2 });
    let rule = ShardingRule {
        db: partition(),
        tb: partition(),
        groups: 2,
        tables_per_group: 2,
        instances: 1,
        placement: Placement::Folded,
    };
    let id = Column {
        nullable: false,
        default: ColumnDefault::None,
        auto_increment: true,
        ..column("id", ColumnType::BigInt { unsigned: true })
    };
    let text = ColumnType::VarChar { charset: Some("utf8mb4".to_owned()), collation: None, length: None };
    let columns = vec!["id".to_owned()];
    Table {
        kind: TableKind::Sharded(rule),
        columns: vec![id, column("note", text)],
        keys: vec![Key { name: "PRIMARY".to_owned(), kind: KeyKind::Primary, columns }],
        name_suffix: Some("AbCd".to_owned()),
        ..single_table(name)
    }
}

pub fn sequence_of(table: &str) -> Sequence {
    Sequence::group(auto_sequence_name(table), 1, 1000)
}

pub fn create_sharded(database: &str, table: &str) -> Command {
    Command::CreateTable {
        database: database.to_owned(),
        table: sharded_table(table),
        sequence: Some(sequence_of(table)),
    }
}

pub fn create_single(database: &str, table: &str) -> Command {
    Command::CreateTable { database: database.to_owned(), table: single_table(table), sequence: None }
}

/// Instance `m1`, database `shop` of two groups, sharded table `orders`, single table `notes`.
pub fn shop() -> Catalog {
    let mut catalog = Catalog::default();
    let commands = [
        instance("m1"),
        Command::CreateDatabase { database: database("shop", 2, 1) },
        create_sharded("shop", "orders"),
        create_single("shop", "notes"),
    ];
    for command in &commands {
        catalog.apply(command).unwrap();
    }
    catalog
}

/// An instance and two databases, then up to `most` random commands.
pub fn any_commands(most: usize) -> impl Strategy<Value = Vec<Command>> {
    prop::collection::vec(any_command(), 0..most).prop_map(|random| {
        let databases = ["d0", "d1"].map(|name| Command::CreateDatabase { database: database(name, 2, 1) });
        std::iter::once(instance("m0")).chain(databases).chain(random).collect()
    })
}

/// Commands over few names, so that most of them meet something that earlier ones left.
fn any_command() -> impl Strategy<Value = Command> {
    let pick = |prefix: &'static str, n: u32| (0..n).prop_map(move |i| format!("{prefix}{i}"));
    let (db, tb) = (move || pick("d", 2), move || pick("t", 3));
    let place = move || (db(), tb());
    let sequence = move || (db(), tb().prop_map(|table| auto_sequence_name(&table)));
    prop_oneof![
        1 => pick("m", 2).prop_map(|name| instance(&name)),
        1 => pick("m", 2).prop_map(|name| Command::DropInstance { name }),
        1 => (db(), 1..3u32, 1..4u32)
            .prop_map(|(name, n, i)| Command::CreateDatabase { database: database(&name, n, i) }),
        1 => db().prop_map(|name| Command::DropDatabase { name }),
        4 => place().prop_map(|(db, tb)| create_sharded(&db, &tb)),
        4 => place().prop_map(|(db, tb)| create_single(&db, &tb)),
        1 => prop::collection::vec(place(), 0..3).prop_map(|tables| Command::DropTables { tables }),
        2 => (place(), 1..12u64, any::<bool>()).prop_map(|((database, name), expected_id, sharded)| {
            let table = if sharded { sharded_table(&name) } else { single_table(&name) };
            let sequence = sharded.then(|| sequence_of(&name));
            Command::ReplaceTable { database, name, table, expected_id, sequence }
        }),
        2 => prop::collection::vec((db(), tb(), tb()), 0..3).prop_map(|steps| {
            let rename = |(db, from, to): (String, String, String)| ((db.clone(), from), (db, to));
            Command::RenameTables { renames: steps.into_iter().map(rename).collect() }
        }),
        4 => (sequence(), prop_oneof![0..2000u64, Just(u64::MAX)])
            .prop_map(|((database, sequence), count)| Command::LeaseRange { database, sequence, count }),
        2 => (sequence(), any::<u16>()).prop_map(|((database, sequence), at)| {
            Command::RaiseSequence { database, sequence, at_least: at.into() }
        }),
        1 => (sequence(), 0..5u64)
            .prop_map(|((database, sequence), start)| Command::ResetSequence { database, sequence, start }),
        3 => (db(), any_sequence())
            .prop_map(|(database, sequence)| Command::CreateSequence { database, sequence }),
        2 => (sequence(), any_change()).prop_map(|((database, sequence), change)| {
            Command::AlterSequence { database, sequence, change }
        }),
        1 => sequence().prop_map(|(database, sequence)| Command::DropSequence { database, sequence }),
        2 => (place(), prop_oneof![Just(None), any::<bool>().prop_map(Some)])
            .prop_map(|((database, name), replace)| Command::PutView { database, view: view(&name), replace }),
        1 => prop::collection::vec(place(), 0..2).prop_map(|views| Command::DropViews { views }),
        1 => (pick("latin", 2), prop::collection::vec(0..2u8, 0..3))
            .prop_map(|(collation, table)| Command::PutCollationFold { collation, table }),
        1 => (pick("s", 2), pick("v", 2)).prop_map(|(name, value)| Command::PutSetting { name, value }),
        3 => prop::collection::vec(any_user_change(), 0..3)
            .prop_map(|changes| Command::ChangeUsers { changes }),
        8 => any_job_command(),
    ]
}

fn any_user_change() -> impl Strategy<Value = UserChange> {
    let account = || {
        (0..3u8, 0..2u8).prop_map(|(name, host)| AccountName {
            name: format!("u{name}"),
            host: if host == 0 { "%".to_owned() } else { "10.%".to_owned() },
        })
    };
    let place = || {
        (0..3u8, any::<u64>()).prop_map(|(place, bits)| {
            let scope = match place {
                0 => Scope::Global,
                1 => Scope::Database("d_".to_owned()),
                _ => Scope::Table("d0".to_owned(), "t0".to_owned()),
            };
            let some = [Privileges::SELECT, Privileges::DROP, Privileges::SUPER, Privileges::GRANT_OPTION];
            let chosen = some.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            (scope, chosen.fold(Privileges::NONE, |set, (_, one)| set | *one))
        })
    };
    prop_oneof![
        4 => (account(), any::<bool>()).prop_map(|(account, old)| UserChange::Create(User {
            name: account.name,
            host: account.host,
            plugin: "mysql_native_password".to_owned(),
            authentication: "*".to_owned(),
            grants: (!old).then(Grants::default),
            locked: false,
            requires_tls: false,
            max_connections: 0,
        })),
        1 => (account(), any::<bool>()).prop_map(|(account, locked)| UserChange::Alter {
            account,
            options: UserOptions { locked: Some(locked), ..UserOptions::default() },
        }),
        1 => account().prop_map(UserChange::Drop),
        1 => (account(), account()).prop_map(|(from, to)| UserChange::Rename { from, to }),
        2 => (account(), place())
            .prop_map(|(account, (scope, privileges))| UserChange::Grant { account, scope, privileges }),
        2 => (account(), place())
            .prop_map(|(account, (scope, privileges))| UserChange::Revoke { account, scope, privileges }),
        1 => account().prop_map(UserChange::RevokeAll),
    ]
}

/// A job of that action, by process 7 of node 1.
pub fn job(action: JobAction) -> NewJob {
    NewJob {
        action,
        statement: "the user's text".to_owned(),
        settings: vec![("sql_mode".to_owned(), "''".to_owned())],
        owner: Owner { node: 1, start: 7 },
        submitted: 1000,
    }
}

fn any_action() -> impl Strategy<Value = JobAction> {
    let pick = |prefix: &'static str, n: u32| (0..n).prop_map(move |i| format!("{prefix}{i}"));
    let place = move || (pick("d", 2), pick("t", 3));
    let with_id = |name: &str, id: u64| Table { id, ..single_table(name) };
    prop_oneof![
        1 => pick("d", 3).prop_map(|name| JobAction::CreateDatabase {
            database: database(&name, 2, 1),
            options: String::new()
        }),
        1 => pick("d", 2).prop_map(|name| {
            let groups = database(&name, 2, 1).groups;
            JobAction::DropDatabase { name, groups }
        }),
        3 => place().prop_map(|(database, name)| JobAction::CreateTable {
            database,
            table: sharded_table(&name),
            text: Default::default(),
            sequence: Some(sequence_of(&name)),
            like: None,
        }),
        2 => (place(), 1..12u64).prop_map(move |((database, name), id)| JobAction::DropTables {
            tables: vec![(database, with_id(&name, id))]
        }),
        2 => (place(), 1..12u64).prop_map(move |((database, name), id)| JobAction::AlterTable {
            database,
            table: with_id(&name, id),
            text: Default::default(),
            undo: None,
        }),
        1 => (pick("d", 2), pick("t", 3), pick("t", 3)).prop_map(|(db, from, to)| JobAction::Rename {
            renames: vec![((db.clone(), from), (db, to))]
        }),
    ]
}

fn any_job_command() -> impl Strategy<Value = Command> {
    let (id, token) = (|| 1..10u64, || 1..4u64);
    let owner = || (0..3u64, 0..3u64).prop_map(|(node, start)| Owner { node, start });
    let state = || {
        prop_oneof![
            Just(None),
            Just(Some(JobState::RollingBack)),
            Just(Some(JobState::Pending)),
            Just(Some(JobState::Done)),
            Just(Some(JobState::RolledBack)),
        ]
    };
    let control =
        || prop_oneof![Just(JobControl::Recover), Just(JobControl::Rollback), Just(JobControl::Cancel)];
    prop_oneof![
        4 => any_action().prop_map(|action| Command::SubmitJob { job: job(action) }),
        1 => (id(), token(), owner()).prop_map(|(job, expected_token, owner)| Command::ClaimJob {
            job,
            expected_token,
            owner
        }),
        3 => (id(), token(), state(), any::<bool>()).prop_map(|(job, token, state, publish)| {
            let setting = Command::PutSetting { name: "published".to_owned(), value: job.to_string() };
            let publish = if publish { vec![setting] } else { Vec::new() };
            let step = Some("rest".to_owned());
            let update = JobUpdate { state, step, publish, ended: Some(2000), ..JobUpdate::default() };
            Command::UpdateJob { job, token, update }
        }),
        1 => (id(), control()).prop_map(|(job, control)| Command::ControlJob { job, control }),
        1 => prop::collection::vec(id(), 0..2).prop_map(|jobs| Command::RemoveJobs { jobs }),
    ]
}

fn any_kind() -> impl Strategy<Value = SequenceKind> {
    prop_oneof![
        (1..4u32).prop_flat_map(|unit_count| {
            (0..unit_count).prop_map(move |unit_index| SequenceKind::Group { unit_count, unit_index })
        }),
        Just(SequenceKind::Simple),
        Just(SequenceKind::Time),
    ]
}

/// Under the names of the tables' sequences, so that everything meets.
fn any_sequence() -> impl Strategy<Value = Sequence> {
    let numbers = (0..3u32, 0..50u64, 1..40u64, 1..5u64);
    (any_kind(), numbers, prop_oneof![1..3000u64, Just(u64::MAX - 1)], any::<bool>()).prop_map(
        |(kind, (table, start_with, inner_step, increment), maximum, cycle)| Sequence {
            inner_step,
            increment,
            maximum,
            cycle,
            ..Sequence::of_kind(kind, auto_sequence_name(&format!("t{table}")), start_with)
        },
    )
}

fn any_change() -> impl Strategy<Value = SequenceChange> {
    use prop::option::of;
    let numbers = (of(0..200u64), of(1..5u64), of(1..3000u64), of(1..40u64));
    (of(any_kind()), numbers, of(any::<bool>())).prop_map(
        |(kind, (start_with, increment, maximum, inner_step), cycle)| SequenceChange {
            kind,
            start_with,
            increment,
            maximum,
            cycle,
            inner_step,
        },
    )
}
