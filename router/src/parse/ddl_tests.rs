//! Tests of the DDL parser: ALTER TABLE option by option, the small statements, refusals, and that no bytes make it panic.
//! CREATE TABLE of real clients is tested in `tests/parser_corpus.rs`.

use ostrakon_catalog::column::*;
use ostrakon_catalog::schema::DefaultSharding;
use ostrakon_catalog::view::{CheckOption, ViewAlgorithm};
use proptest::prelude::*;

use super::ddl::*;
use super::tests::statement_like;
use super::*;
use crate::RouterError;
use crate::lexer::{SqlMode, tokenize};

fn parse(text: &str) -> Result<Option<Ddl>, RouterError> {
    let tokens = tokenize(text.as_bytes(), SqlMode::default())?;
    parse_ddl(text.as_bytes(), &tokens, SqlMode::default())
}

fn ddl(text: &str) -> Ddl {
    match parse(text) {
        Ok(Some(ddl)) => ddl,
        other => panic!("{text}: {other:?}"),
    }
}

fn changes(options: &str) -> Vec<TableChange> {
    match ddl(&format!("ALTER TABLE t {options}")) {
        Ddl::AlterTable(alter) => alter.changes,
        other => panic!("{options}: {other:?}"),
    }
}

fn create(text: &str) -> CreateTable {
    match ddl(text) {
        Ddl::CreateTable(table) => *table,
        other => panic!("{text}: {other:?}"),
    }
}

fn int(name: &str) -> Column {
    Column {
        name: name.into(),
        data_type: ColumnType::Int { unsigned: false },
        nullable: true,
        default: ColumnDefault::None,
        auto_increment: false,
        generated: false,
        invisible: false,
    }
}

fn key(name: &str, kind: KeyKind, columns: &[&str]) -> Key {
    Key { name: name.into(), kind, columns: columns.iter().map(|&c| c.into()).collect() }
}

fn add(column: Column, position: ColumnPosition) -> TableChange {
    TableChange::AddColumn { column, position, keys: Vec::new() }
}

fn change(old: &str, column: Column, position: ColumnPosition) -> TableChange {
    TableChange::ChangeColumn { old: old.into(), column, position }
}

#[test]
fn alter_table_follows_columns() {
    let not_null = Column { nullable: false, ..int("a") };
    for (options, expected) in [
        ("ADD a INT", vec![add(int("a"), ColumnPosition::Last)]),
        ("ADD COLUMN a INT NOT NULL FIRST", vec![add(not_null.clone(), ColumnPosition::First)]),
        (
            "ADD a INT AFTER `b c`, ADD COLUMN d INT",
            vec![add(int("a"), ColumnPosition::After("b c".into())), add(int("d"), ColumnPosition::Last)],
        ),
        (
            "ADD COLUMN (a INT, d INT, KEY k (a))",
            vec![
                add(int("a"), ColumnPosition::Last),
                add(int("d"), ColumnPosition::Last),
                TableChange::AddKey(key("k", KeyKind::Index, &["a"])),
            ],
        ),
        ("ADD period INT", vec![add(int("period"), ColumnPosition::Last)]),
        (
            "DROP a, DROP COLUMN b CASCADE",
            vec![TableChange::DropColumn("a".into()), TableChange::DropColumn("b".into())],
        ),
        ("MODIFY a INT NOT NULL", vec![change("a", not_null.clone(), ColumnPosition::Unchanged)]),
        ("MODIFY COLUMN a INT AFTER b", vec![change("a", int("a"), ColumnPosition::After("b".into()))]),
        ("CHANGE b a INT NOT NULL FIRST", vec![change("b", not_null.clone(), ColumnPosition::First)]),
        (
            "CHANGE COLUMN b a INT UNIQUE",
            vec![
                change("b", int("a"), ColumnPosition::Unchanged),
                TableChange::AddKey(key("a", KeyKind::Unique, &["a"])),
            ],
        ),
        ("RENAME COLUMN a TO b", vec![TableChange::RenameColumn { old: "a".into(), new: "b".into() }]),
        (
            "ALTER a SET DEFAULT 5, ALTER COLUMN b DROP DEFAULT, ALTER c SET DEFAULT (1+1)",
            vec![
                TableChange::SetDefault { column: "a".into(), default: ColumnDefault::Literal("5".into()) },
                TableChange::SetDefault { column: "b".into(), default: ColumnDefault::None },
                TableChange::SetDefault { column: "c".into(), default: ColumnDefault::Expression },
            ],
        ),
    ] {
        assert_eq!(changes(options), expected, "{options}");
    }
    let added = changes("ADD id INT AUTO_INCREMENT PRIMARY KEY");
    let id = Column { nullable: false, auto_increment: true, ..int("id") };
    let keys = vec![key("PRIMARY", KeyKind::Primary, &["id"])];
    assert_eq!(added, [TableChange::AddColumn { column: id, position: ColumnPosition::Last, keys }]);
}

#[test]
fn alter_table_follows_keys() {
    for (options, expected) in [
        ("ADD INDEX k (a, b(5) DESC)", TableChange::AddKey(key("k", KeyKind::Index, &["a", "b"]))),
        ("ADD KEY (a)", TableChange::AddKey(key("a", KeyKind::Index, &["a"]))),
        ("ADD UNIQUE (a)", TableChange::AddKey(key("a", KeyKind::Unique, &["a"]))),
        ("ADD CONSTRAINT u UNIQUE KEY (a)", TableChange::AddKey(key("u", KeyKind::Unique, &["a"]))),
        ("ADD PRIMARY KEY (a,b)", TableChange::AddKey(key("PRIMARY", KeyKind::Primary, &["a", "b"]))),
        (
            "ADD CONSTRAINT PRIMARY KEY USING BTREE (a)",
            TableChange::AddKey(key("PRIMARY", KeyKind::Primary, &["a"])),
        ),
        (
            "ADD FULLTEXT KEY f (a) WITH PARSER ngram",
            TableChange::AddKey(key("f", KeyKind::FullText, &["a"])),
        ),
        ("ADD SPATIAL INDEX (a)", TableChange::AddKey(key("a", KeyKind::Spatial, &["a"]))),
        (
            "ADD INDEX ((a + 1), b) INVISIBLE",
            TableChange::AddKey(key("functional_index", KeyKind::Index, &["(a + 1)", "b"])),
        ),
        ("DROP INDEX k", TableChange::DropKey("k".into())),
        ("DROP KEY `PRIMARY`", TableChange::DropPrimaryKey),
        ("DROP PRIMARY KEY", TableChange::DropPrimaryKey),
        ("RENAME INDEX a TO b", TableChange::RenameKey { old: "a".into(), new: "b".into() }),
        ("RENAME KEY a TO b", TableChange::RenameKey { old: "a".into(), new: "b".into() }),
        ("ADD CONSTRAINT c CHECK (a > 1) NOT ENFORCED", TableChange::Physical),
        ("DROP CHECK c", TableChange::Physical),
        ("ALTER INDEX k INVISIBLE", TableChange::Physical),
        ("ALTER CHECK c NOT ENFORCED", TableChange::Physical),
    ] {
        assert_eq!(changes(options), [expected], "{options}");
    }
}

#[test]
fn alter_table_follows_options() {
    let charset = |charset: Option<&str>, collation: Option<&str>, convert| TableChange::Charset {
        charset: charset.map(Into::into),
        collation: collation.map(Into::into),
        convert,
    };
    for (options, expected) in [
        ("ENGINE=InnoDB", vec![TableChange::Physical]),
        (
            "ENGINE InnoDB ROW_FORMAT=DYNAMIC COMMENT 'x', ALGORITHM=INPLACE, LOCK NONE",
            vec![TableChange::Physical; 3],
        ),
        ("FORCE", vec![TableChange::Physical]),
        ("DISABLE KEYS", vec![TableChange::Physical]),
        ("ORDER BY a DESC, b", vec![TableChange::Physical]),
        (
            "DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
            vec![charset(Some("utf8mb4"), Some("utf8mb4_bin"), false)],
        ),
        ("COLLATE 'latin1_bin'", vec![charset(Some("latin1"), Some("latin1_bin"), false)]),
        (
            "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            vec![charset(Some("utf8mb4"), Some("utf8mb4_bin"), true)],
        ),
        ("CONVERT TO CHARSET latin1", vec![charset(Some("latin1"), None, true)]),
        ("", vec![]),
    ] {
        assert_eq!(changes(options), expected, "{options}");
    }
    let renamed = |options: &str| match changes(options).as_slice() {
        [TableChange::Rename(name)] => (name.database.clone(), name.name.clone()),
        other => panic!("{options}: {other:?}"),
    };
    assert_eq!(renamed("RENAME u"), (None, "u".into()));
    assert_eq!(renamed("RENAME TO d.u"), (Some("d".into()), "u".into()));
    assert_eq!(renamed("RENAME AS `u`"), (None, "u".into()));
}

#[test]
fn auto_increment_can_be_cut_out_of_alter_table() {
    for (text, left) in [
        ("ALTER TABLE t AUTO_INCREMENT=50", "ALTER TABLE t "),
        ("ALTER TABLE t AUTO_INCREMENT 50, ENGINE=InnoDB", "ALTER TABLE t  ENGINE=InnoDB"),
        ("ALTER TABLE t FORCE, AUTO_INCREMENT = 50", "ALTER TABLE t FORCE"),
        ("ALTER TABLE t FORCE, AUTO_INCREMENT = 50, ADD a INT", "ALTER TABLE t FORCE, ADD a INT"),
        (
            "ALTER TABLE t ENGINE=InnoDB AUTO_INCREMENT=50 COMMENT='x'",
            "ALTER TABLE t ENGINE=InnoDB  COMMENT='x'",
        ),
    ] {
        let Ddl::AlterTable(alter) = ddl(text) else { panic!("{text}") };
        let cut = alter.changes.iter().find_map(|change| match change {
            TableChange::AutoIncrement { value: 50, span } => Some(span.clone()),
            _ => None,
        });
        let cut = cut.unwrap_or_else(|| panic!("{text}: {:?}", alter.changes));
        assert_eq!(format!("{}{}", &text[..cut.start], &text[cut.end..]), left, "{text}");
    }
}

#[test]
fn alter_table_refuses_by_name() {
    for options in [
        "ADD PARTITION (PARTITION p VALUES LESS THAN (1))",
        "DROP PARTITION p1, p2",
        "REMOVE PARTITIONING",
        "PARTITION BY HASH(a) PARTITIONS 4",
        "TRUNCATE PARTITION ALL",
        "DISCARD TABLESPACE",
        "ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES o (id)",
        "DROP FOREIGN KEY f",
        "DROP CONSTRAINT c",
        "ADD SYSTEM VERSIONING",
        "DBPARTITION BY HASH(a)",
        "BROADCAST",
        "SINGLE",
        "ALTER a SET INVISIBLE",
    ] {
        assert!(matches!(changes(options).as_slice(), [TableChange::Refused(_)]), "{options}");
    }
    assert!(matches!(
        changes("ADD a INT REFERENCES o (id)").as_slice(),
        [TableChange::Refused(_), TableChange::AddColumn { .. }]
    ));
}

#[test]
fn databases_are_made_and_dropped() {
    let database =
        |groups, default_sharding, charset: Option<&str>, collation: Option<&str>| Ddl::CreateDatabase {
            name: "d".into(),
            if_not_exists: false,
            groups,
            default_sharding,
            charset: charset.map(Into::into),
            collation: collation.map(Into::into),
            guard: Default::default(),
        };
    use DefaultSharding::{PrimaryKey, Single};
    for (text, expected) in [
        ("CREATE DATABASE d", database(None, Single, None, None)),
        (
            "CREATE SCHEMA `d` DBPARTITIONS 8 DEFAULT_SHARDING = PRIMARY_KEY",
            database(Some(8), PrimaryKey, None, None),
        ),
        (
            "CREATE DATABASE d DEFAULT CHARACTER SET = utf8mb4 DEFAULT COLLATE = utf8mb4_bin DBPARTITIONS=2 DEFAULT_SHARDING=SINGLE",
            database(Some(2), Single, Some("utf8mb4"), Some("utf8mb4_bin")),
        ),
        ("CREATE DATABASE d COLLATE latin1_bin", database(None, Single, Some("latin1"), Some("latin1_bin"))),
        (
            "CREATE DATABASE d /*!40100 DEFAULT CHARACTER SET utf8 */",
            database(None, Single, Some("utf8"), None),
        ),
        ("DROP DATABASE IF EXISTS d", Ddl::DropDatabase { name: "d".into(), if_exists: true }),
        ("DROP SCHEMA d", Ddl::DropDatabase { name: "d".into(), if_exists: false }),
    ] {
        assert_eq!(ddl(text), expected, "{text}");
    }
    assert!(matches!(
        ddl("CREATE DATABASE IF NOT EXISTS d"),
        Ddl::CreateDatabase { if_not_exists: true, .. }
    ));
}

#[test]
fn names_know_where_they_stand() {
    let text = "DROP TABLE IF EXISTS a, `d` . `b``c`, d.e";
    let Ddl::DropTable { tables, if_exists: true, temporary: false } = ddl(text) else { panic!() };
    let spans: Vec<&str> = tables.iter().map(|name| &text[name.span.clone()]).collect();
    assert_eq!(spans, ["a", "`d` . `b``c`", "d.e"]);
    assert_eq!((tables[1].database.as_deref(), tables[1].name.as_str()), (Some("d"), "b`c"));
    assert!(matches!(ddl("DROP TEMPORARY TABLE a CASCADE"), Ddl::DropTable { temporary: true, .. }));

    let text = "RENAME TABLE a TO d.b, c TO e";
    let Ddl::Rename(pairs) = ddl(text) else { panic!() };
    let spans: Vec<_> = pairs.iter().map(|(a, b)| (&text[a.span.clone()], &text[b.span.clone()])).collect();
    assert_eq!(spans, [("a", "d.b"), ("c", "e")]);

    for text in ["TRUNCATE d.t", "TRUNCATE TABLE d.t"] {
        let Ddl::Truncate(name) = ddl(text) else { panic!() };
        assert_eq!(&text[name.span], "d.t");
    }
}

#[test]
fn indexes_are_made_and_dropped() {
    for (text, expected) in [
        ("CREATE INDEX k ON d.t (a, b(3))", key("k", KeyKind::Index, &["a", "b"])),
        (
            "CREATE UNIQUE INDEX k USING BTREE ON d.t (a) COMMENT 'x' ALGORITHM=INPLACE LOCK=NONE",
            key("k", KeyKind::Unique, &["a"]),
        ),
        ("CREATE FULLTEXT INDEX k ON d.t (a)", key("k", KeyKind::FullText, &["a"])),
        ("CREATE SPATIAL INDEX k ON d.t (a)", key("k", KeyKind::Spatial, &["a"])),
    ] {
        let Ddl::CreateIndex { table, key } = ddl(text) else { panic!("{text}") };
        assert_eq!((&text[table.span], key), ("d.t", expected), "{text}");
    }
    let text = "DROP INDEX `k` ON t ALGORITHM=INPLACE, LOCK=NONE";
    assert_eq!(parse(text).unwrap_err().errno, 1064);
    let Ddl::DropIndex { table, name } = ddl("DROP INDEX `k` ON t LOCK=NONE") else { panic!() };
    assert_eq!((table.name.as_str(), name.as_str()), ("t", "k"));
}

#[test]
fn binary_attribute_without_a_known_charset_is_no_string_type() {
    let table = create("CREATE TABLE t (a VARCHAR(5) BINARY, b CHAR(5))");
    assert_eq!(table.columns[0].data_type, ColumnType::Other("varchar binary".into()));
    assert_eq!(
        table.columns[1].data_type,
        ColumnType::Char { charset: None, collation: None, length: Some(5) }
    );
    let table = create("CREATE TABLE t (a VARCHAR(5), b TEXT) CHARSET binary");
    assert_eq!(table.columns[0].data_type, ColumnType::VarBinary);
    assert_eq!(table.columns[1].data_type, ColumnType::Blob);
}

#[test]
fn collation_without_prefix_keeps_the_tables_charset() {
    let table = create("CREATE TABLE t (a VARCHAR(5) COLLATE uca1400_ai_ci) CHARSET utf8mb4");
    let expected = ColumnType::VarChar {
        charset: Some("utf8mb4".into()),
        collation: Some("uca1400_ai_ci".into()),
        length: Some(5),
    };
    assert_eq!(table.columns[0].data_type, expected);
}

#[test]
fn what_no_table_can_have_is_refused() {
    for text in [
        "CREATE TABLE t (a INT AUTO_INCREMENT BY NEW)",
        "CREATE TABLE t (a INT AUTO_INCREMENT BY SIMPLE UNIT COUNT 2 INDEX 0)",
        "CREATE TABLE t (a INT, GLOBAL INDEX g (a) DBPARTITION BY HASH(a))",
        "CREATE TABLE t (a INT, UNIQUE GLOBAL INDEX g (a))",
        "CREATE TABLE t (a INT, CLUSTERED INDEX g (a))",
        "CREATE TABLE t (a INT) LOCALITY='dn=x'",
        "CREATE TABLE t (a INT) DBPARTITION BY FROB(a)",
        "CREATE TABLE t (a INT) DBPARTITION BY STR_HASH(a, 3)",
        "CREATE TABLE t (a INT) DBPARTITION BY STR_HASH(a, -1, -1, 1, 31)",
        "CREATE TABLE t (a INT) TBPARTITION BY YYYYMM_NOLOOP(a)",
        "CREATE TABLE t (a INT) DBPARTITION BY HASH(a, b)",
        "CREATE OR REPLACE TABLE t (a INT)",
        "CREATE GLOBAL INDEX g ON t (a)",
        "CREATE UNIQUE CLUSTERED INDEX g ON t (a)",
        "CREATE INDEX IF NOT EXISTS k ON t (a)",
        "DROP INDEX IF EXISTS k ON t",
        "ALTER TABLE IF EXISTS t ADD a INT",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT",
        "ALTER TABLE t ADD INDEX IF NOT EXISTS k (a)",
        "ALTER TABLE t DROP COLUMN IF EXISTS a",
        "ALTER TABLE t MODIFY a BIGINT AUTO_INCREMENT BY GROUP",
        "CREATE DATABASE d ENCRYPTION='Y'",
        "CREATE DATABASE d MODE='auto'",
    ] {
        match parse(text) {
            Err(error) => assert_eq!(error.errno, 1235, "{text}: {error}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn malformed_definitions_are_syntax_errors() {
    for text in [
        "CREATE TABLE",
        "CREATE TABLE t",
        "CREATE TABLE t ()",
        "CREATE TABLE t (a)",
        "CREATE TABLE t (a INT",
        "CREATE TABLE t (a INT,)",
        "CREATE TABLE t (a INT FROB)",
        "CREATE TABLE t (a INT DEFAULT)",
        "CREATE TABLE t (a INT DEFAULT -)",
        "CREATE TABLE t (a INT) FROB 1",
        "CREATE TABLE t (a INT) ENGINE=",
        "CREATE TABLE t (a INT),",
        "CREATE TABLE t (a INT, KEY)",
        "CREATE TABLE t (a INT, KEY k ())",
        "CREATE TABLE t (a INT) BROADCAST SINGLE",
        "CREATE TABLE t (a INT) BROADCAST,",
        "CREATE TABLE t (a INT) DBPARTITION HASH(a)",
        "CREATE TABLE t (a INT) DBPARTITION BY HASH(a) DBPARTITION BY HASH(a)",
        "CREATE TABLE t (a INT) DBPARTITION BY HASH(a) DBPARTITIONS 5000000000",
        "CREATE TABLE t (a INT) PLACEMENT = MINE",
        "CREATE TABLE t (a INT FIRST)",
        "DROP TABLE",
        "DROP TABLE a b",
        "RENAME TABLE a",
        "TRUNCATE TABLE",
        "ALTER TABLE t FROB",
        "ALTER TABLE t ADD",
        "ALTER TABLE t ADD a INT,",
        "ALTER TABLE t CONVERT TO COLLATE utf8mb4_bin",
        "CREATE DATABASE",
        "CREATE DATABASE d FROB",
        "CREATE INDEX ON t (a)",
    ] {
        match parse(text) {
            Err(error) => assert_eq!(error.errno, 1064, "{text}: {error}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn views_are_parsed_with_all_their_clauses() {
    let view = |text: &str| match parse(text).unwrap() {
        Some(Ddl::CreateView(view)) => *view,
        other => panic!("{text}: {other:?}"),
    };
    let text = "CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`a`@`%` SQL SECURITY INVOKER VIEW d.v (x, `y z`) AS \
                SELECT /* no */ 1, 'a  b' WITH LOCAL CHECK OPTION";
    let made = view(text);
    assert_eq!((made.name.database.as_deref(), made.name.name.as_str()), (Some("d"), "v"));
    assert_eq!((made.mode, made.algorithm), (PutMode::Replace, Some(ViewAlgorithm::Merge)));
    assert_eq!((made.definer, made.invoker), (Some(("a".into(), "%".into())), Some(true)));
    assert_eq!((made.columns, made.check), (vec!["x".into(), "y z".into()], CheckOption::Local));
    assert_eq!(made.query, "SELECT 1, 'a  b'");
    let made = view("create definer = current_user() view if not exists v as (select 1) union select 2");
    assert!(made.if_not_exists && made.definer.is_none() && made.invoker.is_none());
    assert_eq!((made.mode, made.query.as_str()), (PutMode::New, "(select 1) union select 2"));
    let made = view("ALTER DEFINER='a'@'h' VIEW v AS WITH c AS (SELECT 1) SELECT * FROM c WITH CHECK OPTION");
    assert_eq!((made.mode, made.check), (PutMode::Alter, CheckOption::Cascaded));
    assert_eq!(made.definer, Some(("a".into(), "h".into())));
    match parse("DROP VIEW IF EXISTS a, d.b CASCADE").unwrap() {
        Some(Ddl::DropView { views, if_exists: true }) => assert_eq!(views.len(), 2),
        other => panic!("{other:?}"),
    }
    let wrong = parse("CREATE OR REPLACE VIEW IF NOT EXISTS v AS SELECT 1").unwrap_err();
    assert_eq!(wrong.errno, 1221);
    for text in ["CREATE VIEW v AS", "CREATE VIEW v SELECT 1", "CREATE VIEW v () AS SELECT 1", "DROP VIEW"] {
        assert_eq!(parse(text).unwrap_err().errno, 1064, "{text}");
    }
}

#[test]
fn other_statements_are_no_ddl() {
    for text in [
        "SELECT 1",
        "CREATE PROCEDURE p() SELECT 1",
        "ALTER USER a",
        "DROP ROLE v",
        "RENAME USER a TO b",
        "DROP INSTANCE i",
    ] {
        assert_eq!(parse(text).unwrap(), None, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_text_makes_the_ddl_parser_panic(
        head in prop::sample::select(vec!["", "CREATE TABLE t (a INT ", "CREATE TABLE t (a INT) ", "ALTER TABLE t ", "CREATE "]),
        tail in prop_oneof![statement_like(), any::<String>()],
    ) {
        let text = format!("{head}{tail}");
        if let Ok(Some(Ddl::CreateTable(table))) = parse(&text) {
            prop_assert!(text.get(table.name.span.clone()).is_some());
            let mut at = 0;
            for cut in &table.cut {
                prop_assert!(cut.start >= at && text.get(cut.clone()).is_some());
                at = cut.end;
            }
        }
    }
}
