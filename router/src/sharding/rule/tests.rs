//! Tests of rule validation.

use ostrakon_catalog::column::{ColumnDefault, ColumnType};

use super::*;
use crate::parse::ddl::PartitionClause;

fn column(name: &str, data_type: ColumnType) -> Column {
    Column {
        name: name.into(),
        data_type,
        nullable: false,
        default: ColumnDefault::None,
        auto_increment: false,
        generated: false,
        invisible: false,
    }
}

fn key(name: &str, kind: KeyKind, columns: &[&str]) -> Key {
    Key { name: name.into(), kind, columns: columns.iter().map(|c| (*c).to_owned()).collect() }
}

fn columns() -> Vec<Column> {
    let text = ColumnType::VarChar {
        charset: Some("utf8mb4".into()),
        collation: Some("utf8mb4_general_ci".into()),
        length: None,
    };
    vec![
        column("id", ColumnType::BigInt { unsigned: false }),
        column("user_id", ColumnType::Int { unsigned: false }),
        column("email", text),
        column("at", ColumnType::DateTime { fsp: 0 }),
        column("stamp", ColumnType::Timestamp { fsp: 0 }),
    ]
}

fn clause(function: ShardFunction, columns: &[&str], count: Option<u32>) -> Option<PartitionClause> {
    Some(PartitionClause { function, columns: columns.iter().map(|c| (*c).to_owned()).collect(), count })
}

struct Case {
    clause: ShardingClause,
    columns: Vec<Column>,
    keys: Vec<Key>,
    placement: Placement,
    default_sharding: DefaultSharding,
    unique_scope_global: bool,
}

impl Case {
    fn new(db: Option<PartitionClause>, tb: Option<PartitionClause>) -> Self {
        Self {
            clause: ShardingClause::Sharded { db, tb },
            columns: columns(),
            keys: vec![key("PRIMARY", KeyKind::Primary, &["id"])],
            placement: Placement::Folded,
            default_sharding: DefaultSharding::PrimaryKey,
            unique_scope_global: false,
        }
    }

    fn resolve(&self) -> Result<(TableKind, Vec<String>), RouterError> {
        resolve(&RuleRequest {
            table: "t",
            clause: &self.clause,
            columns: &self.columns,
            keys: &self.keys,
            placement: self.placement,
            groups: 4,
            instances: 2,
            default_sharding: self.default_sharding,
            unique_scope_global: self.unique_scope_global,
        })
    }

    fn rule(&self) -> ShardingRule {
        match self.resolve().expect("a rule").0 {
            TableKind::Sharded(rule) => rule,
            kind => panic!("not sharded: {kind:?}"),
        }
    }

    fn refusal(&self) -> String {
        self.resolve().expect_err("refused").message
    }
}

#[test]
fn counts_are_completed_from_the_database() {
    let rule =
        Case::new(clause(ShardFunction::Hash, &["id"], None), clause(ShardFunction::Hash, &["id"], Some(8)))
            .rule();
    assert_eq!((rule.groups, rule.tables_per_group), (4, 8));
    assert_eq!(rule.db.expect("db").count, 4);
    let wrong = Case::new(clause(ShardFunction::Hash, &["id"], Some(3)), None);
    assert!(wrong.refusal().contains("4 groups"));
}

#[test]
fn hash_without_a_column_is_of_the_primary_key() {
    let mut case = Case::new(clause(ShardFunction::Hash, &[], None), None);
    assert_eq!(case.rule().db.expect("db").columns, ["id"]);
    case.keys = vec![key("PRIMARY", KeyKind::Primary, &["id", "user_id"])];
    assert!(case.refusal().contains("several columns"));
    case.keys.clear();
    assert!(case.refusal().contains("without a primary key"));
}

#[test]
fn the_default_is_the_databases() {
    let mut case = Case::new(None, None);
    case.clause = ShardingClause::Default;
    assert_eq!(case.rule().db.expect("db").columns, ["id"]);
    case.keys = vec![key("PRIMARY", KeyKind::Primary, &["id", "user_id"])];
    let (kind, warnings) = case.resolve().expect("single");
    assert_eq!(kind, TableKind::Single);
    assert!(warnings[0].contains("several columns"));
    case.keys = vec![key("PRIMARY", KeyKind::Primary, &["at"])];
    assert_eq!(case.resolve().expect("single").0, TableKind::Single);
    case.default_sharding = DefaultSharding::Single;
    assert_eq!(case.resolve().expect("single"), (TableKind::Single, Vec::new()));
}

#[test]
fn more_than_8192_tables_are_refused() {
    let most = Case::new(
        clause(ShardFunction::Hash, &["id"], None),
        clause(ShardFunction::Hash, &["id"], Some(2048)),
    );
    assert_eq!(most.rule().tables_per_group, 2048);
    let more = Case::new(
        clause(ShardFunction::Hash, &["id"], None),
        clause(ShardFunction::Hash, &["id"], Some(2049)),
    );
    assert!(more.refusal().contains("8192"));
}

#[test]
fn a_unique_key_without_the_shard_key_warns_or_is_refused() {
    let mut case = Case::new(clause(ShardFunction::Hash, &["user_id"], None), None);
    case.keys.push(key("uk_email", KeyKind::Unique, &["email"]));
    case.keys.push(key("uk_both", KeyKind::Unique, &["email", "USER_ID"]));
    let (_, warnings) = case.resolve().expect("accepted");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[1].contains("uk_email") && warnings[1].contains("user_id"));
    case.columns[0].auto_increment = true;
    let (_, warnings) = case.resolve().expect("accepted");
    assert_eq!(warnings.len(), 1, "the sequence keeps the primary key unique");
    case.unique_scope_global = true;
    assert!(case.refusal().contains("uk_email"));
}

#[test]
fn the_second_range_hash_column_keeps_unique_only_if_the_first_is_never_null() {
    let range = ShardFunction::RangeHash1 { tail: 4 };
    let mut case = Case::new(clause(range, &["id", "user_id"], None), None);
    case.keys = vec![key("uk", KeyKind::Unique, &["user_id"])];
    assert!(case.resolve().expect("accepted").1.is_empty());
    case.columns[0].nullable = true;
    assert_eq!(case.resolve().expect("accepted").1.len(), 1);
}

#[test]
fn generated_columns_are_taken_and_timestamps_refused() {
    let mut case = Case::new(clause(ShardFunction::Hash, &["id"], None), None);
    case.columns[0].generated = true;
    assert!(case.resolve().is_ok());
    let stamp = Case::new(clause(ShardFunction::Yyyymm, &["stamp"], None), None);
    assert!(stamp.refusal().contains("time zone"));
    let missing = Case::new(clause(ShardFunction::Hash, &["nowhere"], None), None);
    assert_eq!(missing.resolve().expect_err("refused").errno, 1072);
}

#[test]
fn drds_placement_of_strings_warns() {
    let mut case = Case::new(clause(ShardFunction::Hash, &["email"], None), None);
    case.keys.clear();
    assert_eq!(
        folds_needed(&TableKind::Sharded(case.rule()), &case.columns),
        [("utf8mb4_general_ci".to_owned(), "utf8mb4".to_owned())]
    );
    case.placement = Placement::Drds;
    let (kind, warnings) = case.resolve().expect("accepted");
    assert!(warnings[0].contains("as written"));
    assert!(folds_needed(&kind, &case.columns).is_empty());
}

#[test]
fn uneven_spreads_warn() {
    let opt = ShardFunction::YyyymmOpt;
    let mut case = Case::new(clause(opt.clone(), &["at"], None), clause(opt, &["at"], Some(3)));
    case.keys.clear();
    assert!(case.resolve().expect("accepted").1.is_empty());
    let range = ShardFunction::RangeHash { tail: 4 };
    let mut case = Case::new(
        clause(range.clone(), &["id", "user_id"], None),
        clause(range, &["id", "user_id"], Some(2)),
    );
    case.keys.clear();
    assert!(case.resolve().expect("accepted").1[0].contains("one in 2"));
}
