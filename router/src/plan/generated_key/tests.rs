//! Tests of what generated shard keys are made from, and of what is refused.

use ostrakon_catalog::rule::{Partition, Placement, ShardFunction, ShardingRule};
use ostrakon_catalog::schema::TableKind;

use super::*;
use crate::parse::ddl::Ddl;
use crate::parse::parse_ddl;

/// Of a table with these columns, as MariaDB prints them, that is sharded by `g`.
fn key_of(lines: &[&str]) -> Result<Option<GeneratedKey>, RouterError> {
    let text = format!("CREATE TABLE t ({})", lines.join(", "));
    let tokens = tokenize(text.as_bytes(), SqlMode::default()).unwrap();
    let Some(Ddl::CreateTable(create)) = parse_ddl(text.as_bytes(), &tokens, SqlMode::default()).unwrap()
    else {
        panic!("{text}");
    };
    let partition = Partition { function: ShardFunction::Hash, columns: vec!["g".into()], count: 4 };
    let rule = ShardingRule {
        db: Some(partition),
        tb: None,
        groups: 4,
        tables_per_group: 1,
        instances: 1,
        placement: Placement::Folded,
    };
    let table = Table {
        id: 1,
        name: "t".into(),
        kind: TableKind::Sharded(rule),
        columns: create.columns,
        keys: create.keys,
        name_suffix: None,
        physical_base: "t".into(),
        allow_full_table_scan: None,
        generated_key: None,
    };
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let options =
        ") ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='x CHARSET=y'";
    generated_key(&table, &lines, options, SqlMode::default())
}

fn refusal(lines: &[&str]) -> String {
    key_of(lines).unwrap_err().message
}

#[test]
fn what_the_key_reads_is_found_by_way_of_other_generated_columns() {
    let key = key_of(&[
        "`id` int(11) NOT NULL",
        "`a` int(11) DEFAULT 5 CHECK (`a` > `id`)",
        "`other` int(11) DEFAULT NULL",
        "`ostrakon_row` int(11) DEFAULT NULL COMMENT 'not `id`'",
        "`g` bigint(20) GENERATED ALWAYS AS (`h` + `ostrakon_row`) VIRTUAL COMMENT 'VIRTUAL'",
        "`h` int(11) GENERATED ALWAYS AS (`A` DIV 10) STORED",
    ]);
    let key = key.unwrap().unwrap();
    assert_eq!(key.columns, ["g", "ostrakon_row", "h", "a"]);
    assert_eq!(
        key.definition,
        "(`ostrakon_row_` INT NOT NULL PRIMARY KEY, `a` int(11) DEFAULT 5, `ostrakon_row` int(11) DEFAULT NULL COMMENT 'not `id`', \
         `g` bigint(20) GENERATED ALWAYS AS (`h` + `ostrakon_row`) STORED COMMENT 'VIRTUAL', \
         `h` int(11) GENERATED ALWAYS AS (`A` DIV 10) STORED) ENGINE=InnoDB CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
    );
}

#[test]
fn a_key_that_is_stored_as_it_comes_needs_nothing() {
    assert_eq!(key_of(&["`g` int(11)", "`h` int(11) GENERATED ALWAYS AS (`g` / 2) VIRTUAL"]).unwrap(), None);
}

#[test]
fn what_a_session_could_change_is_refused() {
    let of = |base: &str, expression: &str| {
        refusal(&[base, &format!("`g` int(11) GENERATED ALWAYS AS ({expression}) STORED")])
    };
    assert!(of("`a` timestamp NULL", "year(`a`)").contains("TIMESTAMP"));
    assert!(of("`a` datetime ON UPDATE current_timestamp()", "year(`a`)").contains("ON UPDATE"));
    assert!(of("`a` int(11) DEFAULT (rand() * 5)", "`a`").contains("DEFAULT"));
    assert!(of("`a` int(11)", "`a` / 2").contains("DIV"));
    assert!(of("`a` int(11)", "from_unixtime(`a`)").contains("FROM_UNIXTIME"));
    assert!(of("`a` int(11) NOT NULL AUTO_INCREMENT", "`a`").contains("AUTO_INCREMENT"));
}

#[test]
fn the_moment_may_be_a_default() {
    let lines = [
        "`a` datetime DEFAULT current_timestamp()",
        "`g` date GENERATED ALWAYS AS (cast(`a` as date)) VIRTUAL",
    ];
    assert_eq!(key_of(&lines).unwrap().unwrap().columns, ["g", "a"]);
}
