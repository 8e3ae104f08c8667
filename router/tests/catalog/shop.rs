//! The fixed catalog of the plan snapshots: database `shop` with 4 groups on 2 instances, its tables from DDL text; and an empty `other`.

use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::column::GeneratedKey;
use ostrakon_catalog::schema::{Database, DefaultSharding, Group, Table};
use ostrakon_router::lexer::{SqlMode, tokenize};
use ostrakon_router::parse::ddl::{CreateTable, Ddl};
use ostrakon_router::parse::parse_ddl;
use ostrakon_router::sharding::rule::{RuleRequest, resolve};

const GROUPS: u32 = 4;

pub fn catalog() -> Catalog {
    let mut shop = database("shop");
    for (index, sql) in include_str!("tables.sql").lines().enumerate() {
        let sql = sql.trim_end_matches(';').as_bytes();
        let tokens = tokenize(sql, SqlMode::default()).unwrap();
        let Some(Ddl::CreateTable(created)) = parse_ddl(sql, &tokens, SqlMode::default()).unwrap() else {
            panic!("not a CREATE TABLE: line {}", index + 1);
        };
        let table = table(index as u64 + 1, *created);
        shop.tables.insert(table.name.as_str().to_owned(), Arc::new(table));
    }
    let mut other = database("other");
    let copy = shop.tables["bc"].clone();
    other.tables.insert("bc", copy);
    let mut catalog = Catalog { version: 1, ..Catalog::default() };
    catalog.databases.insert("shop".into(), Arc::new(shop));
    catalog.databases.insert("other".into(), Arc::new(other));
    catalog
}

fn database(name: &str) -> Database {
    let groups = (0..GROUPS).map(|index| Group {
        name: format!("{}_{index:04}_GROUP", name.to_uppercase()),
        physical_database: format!("{name}_{index}"),
        instance: index % 2 + 1,
    });
    Database {
        name: name.into(),
        groups: groups.collect(),
        default_sharding: DefaultSharding::Single,
        guard: Default::default(),
        charset: "utf8mb4".into(),
        collation: "utf8mb4_bin".into(),
        tables: Default::default(),
        sequences: Default::default(),
        views: Default::default(),
    }
}

fn table(id: u64, created: CreateTable) -> Table {
    let request = RuleRequest {
        table: &created.name.name,
        clause: &created.sharding,
        columns: &created.columns,
        keys: &created.keys,
        placement: created.placement,
        groups: GROUPS,
        instances: 2,
        default_sharding: DefaultSharding::Single,
        unique_scope_global: false,
    };
    let (kind, _) = resolve(&request).unwrap();
    Table {
        id,
        generated_key: (created.name.name == "gk").then(generated_key),
        name: created.name.name.clone(),
        kind,
        columns: created.columns,
        keys: created.keys,
        name_suffix: None,
        physical_base: created.name.name,
        allow_full_table_scan: None,
    }
}

/// What a server's definition of table `gk` comes to.
fn generated_key() -> GeneratedKey {
    GeneratedKey {
        columns: ["g", "a", "b"].map(str::to_owned).into(),
        definition: "(`n` INT, `a` INT, `b` INT DEFAULT 3, `g` INT AS (`a` + `b`) STORED)".to_owned(),
        number: "n".to_owned(),
    }
}
