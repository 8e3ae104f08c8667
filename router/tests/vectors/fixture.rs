//! Tables and databases that vector rows are tried on.

use ostrakon_catalog::column::{Column, ColumnDefault, ColumnType};
use ostrakon_catalog::schema::{Database, DefaultSharding, Group, Table, TableKind};

pub fn data(file: &str) -> csv::Reader<std::fs::File> {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    csv::Reader::from_path(path).expect("the vectors are part of the crate")
}

pub fn database(groups: usize) -> Database {
    let group = |index| Group {
        name: format!("SHOP_{index:04}_GROUP"),
        physical_database: format!("shop_k3f9_{index:04}"),
        instance: 1,
    };
    Database {
        name: "shop".into(),
        groups: (0..groups).map(group).collect(),
        default_sharding: DefaultSharding::Single,
        guard: Default::default(),
        charset: "utf8mb4".into(),
        collation: "utf8mb4_bin".into(),
        tables: Default::default(),
        sequences: Default::default(),
        views: Default::default(),
    }
}

pub fn column(name: &str, data_type: ColumnType) -> Column {
    Column {
        name: name.into(),
        data_type,
        nullable: true,
        default: ColumnDefault::None,
        auto_increment: false,
        generated: false,
        invisible: false,
    }
}

pub fn table(name: &str, kind: TableKind, columns: Vec<Column>) -> Table {
    Table {
        id: 1,
        name: name.into(),
        kind,
        columns,
        keys: Vec::new(),
        name_suffix: None,
        physical_base: name.into(),
        allow_full_table_scan: None,
        generated_key: None,
    }
}

/// The type that a vector names. TIMESTAMP's zone conversion comes before the function, so its rows are tried as DATETIME.
pub fn column_type(name: &str) -> ColumnType {
    let (base, unsigned) = match name.strip_suffix(" unsigned") {
        Some(base) => (base, true),
        None => (name, false),
    };
    match base {
        "tinyint" => ColumnType::TinyInt { unsigned },
        "smallint" => ColumnType::SmallInt { unsigned },
        "mediumint" => ColumnType::MediumInt { unsigned },
        "int" => ColumnType::Int { unsigned },
        "bigint" => ColumnType::BigInt { unsigned },
        "varchar" => ColumnType::VarChar {
            charset: Some("utf8mb4".into()),
            collation: Some("utf8mb4_bin".into()),
            length: None,
        },
        "date" => ColumnType::Date,
        "datetime" | "timestamp" => ColumnType::DateTime { fsp: 0 },
        other => panic!("unknown type {other}"),
    }
}
