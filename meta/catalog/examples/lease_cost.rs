//! What a lease costs by the size of its database: `cargo run --release -p ostrakon-catalog --example lease_cost`.
//!
//! The catalog is published after each lease, as a node does at the worst: so the next one copies what it changes.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostrakon_catalog::column::{Column, ColumnDefault, ColumnType};
use ostrakon_catalog::rule::{Partition, Placement, ShardFunction, ShardingRule};
use ostrakon_catalog::schema::{Database, DefaultSharding, Group, Sequence, Table, TableKind};
use ostrakon_catalog::{Catalog, Command, NameMap, auto_sequence_name};

const LEASES: u32 = 200;

/// One group, and sharded tables of two columns with a sequence each.
fn catalog(tables: usize) -> Catalog {
    let text = str::to_owned;
    let mut catalog = Catalog::default();
    let group = Group { name: text("G"), physical_database: text("p"), instance: 1 };
    let database = Database {
        name: text("d"),
        groups: vec![group],
        default_sharding: DefaultSharding::Single,
        guard: Default::default(),
        charset: text("utf8mb4"),
        collation: text("utf8mb4_bin"),
        tables: NameMap::new(),
        sequences: NameMap::new(),
        views: NameMap::new(),
    };
    let (name, host, user) = (text("i"), text("h"), text("u"));
    let (password, tls) = (String::new(), Default::default());
    let instance = Command::CreateInstance { name, host, port: 3306, user, password, tls };
    let all = (0..tables).map(create_table);
    for command in [instance, Command::CreateDatabase { database }].into_iter().chain(all) {
        catalog.apply(&command).expect("the sample is valid");
    }
    catalog
}

fn create_table(number: usize) -> Command {
    let name = format!("table_{number}");
    let column = |name: &str, auto_increment| Column {
        name: name.to_owned(),
        data_type: ColumnType::BigInt { unsigned: false },
        nullable: false,
        default: ColumnDefault::None,
        auto_increment,
        generated: false,
        invisible: false,
    };
    let by = |columns: &str| Partition {
        function: ShardFunction::Hash,
        columns: vec![columns.to_owned()],
        count: 1,
    };
    let rule = ShardingRule {
        db: Some(by("v")),
        tb: None,
        groups: 1,
        tables_per_group: 1,
        instances: 1,
        placement: Placement::Folded,
    };
    let table = Table {
        id: 0,
        name: name.clone(),
        kind: TableKind::Sharded(rule),
        columns: vec![column("id", true), column("v", false)],
        keys: vec![],
        name_suffix: Some("AbCd".to_owned()),
        physical_base: name.clone(),
        allow_full_table_scan: None,
        generated_key: None,
    };
    let sequence = Some(Sequence::group(auto_sequence_name(&name), 1, 1000));
    Command::CreateTable { database: "d".to_owned(), table, sequence }
}

fn main() {
    println!("{:>10} {:>14} {:>14}", "tables", "median µs", "longest µs");
    for tables in [10, 100, 1000, 10_000] {
        let mut catalog = Arc::new(catalog(tables));
        let lease = Command::LeaseRange {
            database: "d".to_owned(),
            sequence: auto_sequence_name("table_5"),
            count: 1000,
        };
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..LEASES {
            let published = Arc::clone(&catalog);
            let began = Instant::now();
            Arc::make_mut(&mut catalog).apply(&lease).expect("the sequence is there");
            // The last reader of the old state pays for its end.
            drop(black_box(published));
            times.push(began.elapsed());
        }
        times.sort();
        let micros = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e6);
        println!("{tables:>10} {:>14.1} {:>14.1}", micros(times.get(times.len() / 2)), micros(times.last()));
    }
}
