//! Small records for the commands of the simulation: databases, tables, sequences, jobs.

use ostrakon_catalog::column::{Column, ColumnDefault, ColumnType, Key, KeyKind};
use ostrakon_catalog::job::{JobAction, PhysicalText};
use ostrakon_catalog::rule::{Partition, Placement, ShardFunction, ShardingRule};
use ostrakon_catalog::schema::{Database, DefaultSharding, Group, Sequence, SequenceKind, Table, TableKind};
use ostrakon_catalog::{NameMap, auto_sequence_name};

use crate::random::Random;

pub fn database(name: &str, instance: u32, mark: u64) -> Database {
    let group = |n| Group {
        name: format!("{}_{n:04}_GROUP", name.to_uppercase()),
        physical_database: format!("{name}_{mark:x}_{n:04}"),
        instance,
    };
    Database {
        name: name.to_owned(),
        groups: (0..2).map(group).collect(),
        default_sharding: DefaultSharding::Single,
        guard: Default::default(),
        charset: "utf8mb4".to_owned(),
        collation: "utf8mb4_bin".to_owned(),
        tables: NameMap::new(),
        sequences: NameMap::new(),
        views: NameMap::new(),
    }
}

/// Single, or sharded by its AUTO_INCREMENT key, which then needs a sequence.
pub fn table(name: &str, sharded: bool, mark: u64) -> (Table, Option<Sequence>) {
    let id = Column {
        name: "id".to_owned(),
        data_type: ColumnType::BigInt { unsigned: true },
        nullable: false,
        default: ColumnDefault::None,
        auto_increment: sharded,
        generated: false,
        invisible: false,
    };
    let columns = vec!["id".to_owned()];
    let partition = Some(Partition { function: ShardFunction::Hash, columns: columns.clone(), count: 2 });
    let rule = ShardingRule {
        db: partition,
        tb: None,
        groups: 2,
        tables_per_group: 1,
        instances: 1,
        placement: Placement::Folded,
    };
    let table = Table {
        id: 0,
        name: name.to_owned(),
        kind: if sharded { TableKind::Sharded(rule) } else { TableKind::Single },
        columns: vec![id],
        keys: vec![Key { name: "PRIMARY".to_owned(), kind: KeyKind::Primary, columns }],
        name_suffix: Some(format!("{mark:x}")),
        physical_base: name.to_owned(),
        allow_full_table_scan: None,
        generated_key: None,
    };
    let sequence = sharded.then(|| Sequence::group(auto_sequence_name(name), 1, 10));
    (table, sequence)
}

pub fn sequence(random: &mut Random, name: &str) -> Sequence {
    let kind = match random.below(4) {
        0 => SequenceKind::Group { unit_count: 3, unit_index: random.below(3) as u32 },
        1 => SequenceKind::Group { unit_count: 1, unit_index: 0 },
        _ => SequenceKind::Simple,
    };
    let start = 1 + random.below(50);
    let inner_step = 1 + random.below(20);
    let mut sequence = Sequence { kind, ..Sequence::group(name.to_owned(), start, inner_step) };
    if kind == SequenceKind::Simple {
        sequence.increment = 1 + random.below(3);
        sequence.cycle = random.one_in(2);
        if random.one_in(2) {
            sequence.maximum = start + random.below(60);
        }
    }
    sequence
}

pub fn action(random: &mut Random, database_name: &str, name: &str, mark: u64) -> JobAction {
    let database_name = database_name.to_owned();
    let (table, sequence) = table(name, random.one_in(2), mark);
    let text = PhysicalText { head: "ALTER TABLE ".to_owned(), tail: " ADD c INT".to_owned() };
    match random.below(8) {
        0 => {
            JobAction::CreateDatabase { database: database(&database_name, 1, mark), options: String::new() }
        }
        1 => JobAction::DropDatabase { name: database_name, groups: Vec::new() },
        2 => JobAction::DropTables { tables: vec![(database_name, table)] },
        3 => JobAction::Truncate { database: database_name, table },
        4 => {
            let other = format!("t{}", random.below(4));
            JobAction::Rename { renames: vec![((database_name.clone(), table.name), (database_name, other))] }
        }
        5 => JobAction::AlterTable { database: database_name, table, text, undo: None },
        _ => JobAction::CreateTable { database: database_name, table, text, sequence, like: None },
    }
}
