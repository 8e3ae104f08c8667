//! Tests of the flat parser: each form of each statement, and that no bytes make it panic.

use proptest::prelude::*;

use super::command::*;
use super::*;
use crate::RouterError;
use crate::lexer::{SqlMode, tokenize};

fn parse(text: &str) -> Result<Option<Command>, RouterError> {
    let tokens = tokenize(text.as_bytes(), SqlMode::default())?;
    parse_command(text.as_bytes(), &tokens, SqlMode::default())
}

fn command(text: &str) -> Command {
    match parse(text) {
        Ok(Some(command)) => command,
        other => panic!("{text}: {other:?}"),
    }
}

fn show(text: &str) -> Show {
    match command(text) {
        Command::Show(show) => show,
        other => panic!("{text}: {other:?}"),
    }
}

fn set(text: &str) -> Vec<Assignment> {
    match command(text) {
        Command::Set(assignments) => assignments,
        other => panic!("{text}: {other:?}"),
    }
}

fn expression(text: &str) -> SetValue {
    SetValue::Expression(text.into())
}

fn session(name: &str, value: SetValue) -> Assignment {
    Assignment::Session { name: name.into(), value }
}

fn global(name: &str, value: SetValue) -> Assignment {
    Assignment::Global { name: name.into(), value }
}

fn user(name: &str, value: SetValue) -> Assignment {
    Assignment::User { name: name.into(), value }
}

#[test]
fn transactions_begin_and_end() {
    let begin = |read_only, consistent_snapshot| Command::Begin { read_only, consistent_snapshot };
    for (text, expected) in [
        ("BEGIN", begin(None, false)),
        ("begin work", begin(None, false)),
        ("START TRANSACTION", begin(None, false)),
        ("START TRANSACTION READ ONLY", begin(Some(true), false)),
        ("START TRANSACTION READ WRITE, WITH CONSISTENT SNAPSHOT", begin(Some(false), true)),
        ("START TRANSACTION /*!40100 WITH CONSISTENT SNAPSHOT */", begin(None, true)),
        ("COMMIT", Command::Commit { chain: false, release: false }),
        ("COMMIT WORK AND CHAIN NO RELEASE", Command::Commit { chain: true, release: false }),
        ("COMMIT AND NO CHAIN RELEASE", Command::Commit { chain: false, release: true }),
        ("ROLLBACK WORK RELEASE", Command::Rollback { chain: false, release: true }),
        ("ROLLBACK AND CHAIN", Command::Rollback { chain: true, release: false }),
        ("SAVEPOINT `a b`", Command::Savepoint("a b".into())),
        ("ROLLBACK TO SAVEPOINT sp", Command::RollbackTo("sp".into())),
        ("rollback work to sp", Command::RollbackTo("sp".into())),
        ("RELEASE SAVEPOINT sp", Command::ReleaseSavepoint("sp".into())),
    ] {
        assert_eq!(command(text), expected, "{text}");
    }
}

#[test]
fn set_transaction_keeps_its_scope() {
    let set = |scope, isolation, read_only| Command::SetTransaction { scope, isolation, read_only };
    for (text, expected) in [
        ("SET TRANSACTION READ ONLY", set(TransactionScope::Next, None, Some(true))),
        (
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            set(TransactionScope::Session, Some(Isolation::ReadCommitted), None),
        ),
        (
            "set local transaction isolation level serializable, read write",
            set(TransactionScope::Session, Some(Isolation::Serializable), Some(false)),
        ),
        (
            "SET GLOBAL TRANSACTION READ WRITE, ISOLATION LEVEL REPEATABLE READ",
            set(TransactionScope::Global, Some(Isolation::RepeatableRead), Some(false)),
        ),
        (
            "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
            set(TransactionScope::Next, Some(Isolation::ReadUncommitted), None),
        ),
    ] {
        assert_eq!(command(text), expected, "{text}");
    }
}

#[test]
fn set_takes_every_form_of_assignment() {
    let names = |charset: Option<&str>, collation: Option<&str>| Assignment::Names {
        charset: charset.map(Into::into),
        collation: collation.map(Into::into),
    };
    for (text, expected) in [
        ("SET autocommit=0", vec![session("autocommit", expression("0"))]),
        ("SET @@session.autocommit = OFF", vec![session("autocommit", expression("OFF"))]),
        ("SET @@LOCAL.`Sql_Mode` := ''", vec![session("sql_mode", expression("''"))]),
        ("SET @@wait_timeout=DEFAULT", vec![session("wait_timeout", SetValue::Default)]),
        (
            "SET SESSION sql_mode=concat(@@sql_mode,',STRICT_TRANS_TABLES'), x = 1",
            vec![
                session("sql_mode", expression("concat(@@sql_mode,',STRICT_TRANS_TABLES')")),
                session("x", expression("1")),
            ],
        ),
        (
            "SET a=1, @@session.b=2, GLOBAL c=3, d=4, @@g=7, LOCAL e=5, f=6, @X:=5",
            vec![
                session("a", expression("1")),
                session("b", expression("2")),
                global("c", expression("3")),
                global("d", expression("4")),
                session("g", expression("7")),
                session("e", expression("5")),
                session("f", expression("6")),
                user("x", expression("5")),
            ],
        ),
        (
            "SET @@global.a = 1, @@persist.b = 2, PERSIST c = 3",
            vec![global("a", expression("1")), global("b", expression("2")), global("c", expression("3"))],
        ),
        ("SET NAMES utf8mb4", vec![names(Some("utf8mb4"), None)]),
        (
            "SET NAMES 'UTF8' COLLATE 'utf8_bin', character_set_results = NULL",
            vec![names(Some("utf8"), Some("utf8_bin")), session("character_set_results", expression("NULL"))],
        ),
        ("/*!40101 SET NAMES DEFAULT */", vec![names(None, None)]),
        ("SET CHARACTER SET latin1", vec![Assignment::CharacterSet(Some("latin1".into()))]),
        ("SET CHARSET DEFAULT", vec![Assignment::CharacterSet(None)]),
        (
            "SET @`a b` = (SELECT 1, 2) , @'c' = 'x'",
            vec![user("a b", expression("(SELECT 1, 2)")), user("c", expression("'x'"))],
        ),
        (
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            vec![
                user("old_sql_mode", expression("@@SQL_MODE")),
                session("sql_mode", expression("'NO_AUTO_VALUE_ON_ZERO'")),
            ],
        ),
        ("SET session = 1", vec![session("session", expression("1"))]),
        ("SET a = 1 /* c */ + /*!40000 2 */", vec![session("a", expression("1 + 2"))]),
        ("SET hot.key_buffer_size = 1", vec![session("hot.key_buffer_size", expression("1"))]),
        (
            "SET transaction_isolation='READ-COMMITTED'",
            vec![session("transaction_isolation", expression("'READ-COMMITTED'"))],
        ),
    ] {
        assert_eq!(set(text), expected, "{text}");
    }
}

#[test]
fn malformed_flat_statements_are_syntax_errors() {
    for text in [
        "SET",
        "SET a",
        "SET a =",
        "SET a = , b = 1",
        "SET a = 1,",
        "SET a = 1)",
        "SET NAMES",
        "SET NAMES = utf8",
        "SET TRANSACTION",
        "SET TRANSACTION READ ONLY, READ WRITE",
        "SET @@ = 1",
        "COMMIT AND CHAIN RELEASE",
        "ROLLBACK TO",
        "RELEASE sp",
        "START",
        "BEGIN 1",
        "USE",
        "USE a.b",
        "SHOW",
        "SHOW FROBS",
        "SHOW TABLES FROM",
        "SHOW FULL DATABASES",
        "SHOW TABLES LIKE",
        "SHOW TABLES WHERE",
        "SHOW CREATE TABLE",
        "SHOW COUNT(1) WARNINGS",
        "SHOW GLOBAL TABLES",
        "DESC",
        "EXPLAIN FORMAT=JSON",
        "CREATE INSTANCE a PORT=1",
        "CREATE INSTANCE a HOST='b' PORT=70000",
        "CREATE INSTANCE a HOST='b' HOST='c'",
        "CREATE INSTANCE a HOST='b' COLOUR='c'",
        "DROP INSTANCE",
    ] {
        match parse(text) {
            Err(error) => assert_eq!(error.errno, 1064, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let error = parse("SHOW\nTABLES FROM 'x' LIKE 1").unwrap_err();
    assert_eq!(error.message, "You have an error in your SQL syntax: near ''x' LIKE 1' at line 2");
    assert_eq!(parse(" -- nothing").unwrap_err().errno, 1065);
}

#[test]
fn show_names_what_ostrakon_answers() {
    use ShowWhat::*;
    let shop = || Some("shop".to_owned());
    let t = || "t".to_owned();
    for (text, expected) in [
        ("SHOW DATABASES", Databases),
        ("show schemas", Databases),
        ("SHOW TABLES", Tables { full: false, database: None }),
        ("SHOW FULL TABLES IN `shop`", Tables { full: true, database: shop() }),
        ("SHOW TABLE STATUS FROM shop", TableStatus { database: shop() }),
        ("SHOW CREATE TABLE shop.`t`", CreateTable { database: shop(), table: t() }),
        (
            "SHOW CREATE DATABASE IF NOT EXISTS shop",
            CreateDatabase { database: "shop".into(), if_not_exists: true },
        ),
        ("SHOW CREATE SCHEMA shop", CreateDatabase { database: "shop".into(), if_not_exists: false }),
        ("SHOW COLUMNS FROM t", Columns { full: false, extended: false, database: None, table: t() }),
        (
            "SHOW FULL FIELDS FROM t FROM shop",
            Columns { full: true, extended: false, database: shop(), table: t() },
        ),
        (
            "SHOW EXTENDED FULL COLUMNS IN x.t IN shop",
            Columns { full: true, extended: true, database: shop(), table: t() },
        ),
        ("DESCRIBE shop.t", Columns { full: false, extended: false, database: shop(), table: t() }),
        ("EXPLAIN t", Columns { full: false, extended: false, database: None, table: t() }),
        ("SHOW INDEX FROM t IN shop", Index { database: shop(), table: t() }),
        ("SHOW KEYS FROM shop.t", Index { database: shop(), table: t() }),
        ("SHOW WARNINGS", Warnings { count: false, limit: None }),
        ("SHOW WARNINGS LIMIT 2, 5", Warnings { count: false, limit: Some((2, 5)) }),
        ("SHOW ERRORS LIMIT 5 OFFSET 1", Errors { count: false, limit: Some((1, 5)) }),
        ("SHOW COUNT(*) WARNINGS", Warnings { count: true, limit: None }),
        ("SHOW COUNT ( * ) ERRORS", Errors { count: true, limit: None }),
        ("SHOW PROCESSLIST", Processlist { full: false }),
        ("SHOW FULL PROCESSLIST", Processlist { full: true }),
        ("SHOW CONNECTION ATTRIBUTES", ConnectionAttributes),
        ("SHOW RULE", Rule { full: false, database: None, table: None }),
        ("SHOW FULL RULE FROM shop.t", Rule { full: true, database: shop(), table: Some(t()) }),
        ("SHOW TOPOLOGY FROM t", Topology { database: None, table: t() }),
        ("SHOW PARTITIONS FROM t", Partitions { database: None, table: t() }),
        ("SHOW BROADCASTS", Broadcasts),
        ("SHOW NODE", Node),
        ("SHOW DATASOURCES", Datasources),
        ("SHOW SEQUENCES", Sequences),
        ("SHOW INSTANCES", Instances),
        ("SHOW GROUPS", Groups),
        ("SHOW HELP", Help),
        ("SHOW VARIABLES", Variables { global: false }),
        ("SHOW SESSION VARIABLES", Variables { global: false }),
        ("SHOW GLOBAL VARIABLES", Variables { global: true }),
        ("SHOW STATUS", Status { global: false }),
        ("SHOW SESSION STATUS", Status { global: false }),
        ("SHOW GLOBAL STATUS", Status { global: true }),
    ] {
        assert_eq!(show(text), Show { what: expected, like: None, filter: None }, "{text}");
    }
}

#[test]
fn show_keeps_pattern_and_filter() {
    assert_eq!(show("SHOW TABLES LIKE 'a\\_%'").like.as_deref(), Some("a\\_%"));
    assert_eq!(show("SHOW VARIABLES LIKE 'it''s'").like.as_deref(), Some("it's"));
    let filtered = show("SHOW INDEX FROM t WHERE Key_name = 'PRIMARY' AND/* c */x IN (1, 2)");
    assert_eq!(filtered.filter.as_deref(), Some("Key_name = 'PRIMARY' AND x IN (1, 2)"));
    assert_eq!(show("DESC t `a b`").like.as_deref(), Some("a b"));
    assert_eq!(show("DESC t 'a%'").like.as_deref(), Some("a%"));
}

#[test]
fn show_about_the_server_is_passed() {
    for text in [
        "SHOW ENGINES",
        "SHOW STORAGE ENGINES",
        "SHOW CHARACTER SET LIKE 'utf8%'",
        "SHOW CHARSET",
        "SHOW COLLATION WHERE `Default` = 'Yes'",
        "SHOW PLUGINS",
        "SHOW PRIVILEGES",
        "SHOW PROFILES",
    ] {
        assert_eq!(command(text), Command::ShowPassed, "{text}");
    }
}

#[test]
fn explain_finds_the_inner_statement() {
    for (text, inner, server) in [
        ("EXPLAIN SELECT 1", "SELECT 1", false),
        ("DESC UPDATE t SET a=1", "UPDATE t SET a=1", false),
        ("EXPLAIN (SELECT 1)", "(SELECT 1)", false),
        ("EXPLAIN EXTENDED SELECT 1", "SELECT 1", true),
        ("EXPLAIN FORMAT=JSON SELECT 1", "SELECT 1", true),
        ("EXPLAIN FORMAT = 'tree' DELETE FROM t", "DELETE FROM t", true),
        ("EXPLAIN ANALYZE FORMAT=TREE SELECT 1", "SELECT 1", true),
        ("EXPLAIN EXECUTE SELECT 1", "SELECT 1", true),
        (
            "EXPLAIN PARTITIONS WITH a AS (SELECT 1) SELECT * FROM a",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            true,
        ),
        ("EXPLAIN TABLE t", "TABLE t", false),
    ] {
        let Command::Explain { inner: range, server: found } = command(text) else { panic!("{text}") };
        assert_eq!((&text[range], found), (inner, server), "{text}");
    }
}

#[test]
fn small_statements_are_read() {
    assert_eq!(command("USE `a``b`"), Command::Use("a`b".into()));
    assert_eq!(command("KILL 5"), Command::Kill { query: false, id: 5 });
    assert_eq!(command("KILL CONNECTION 5"), Command::Kill { query: false, id: 5 });
    assert_eq!(command("KILL QUERY 18446744073709551615"), Command::Kill { query: true, id: u64::MAX });
    for text in [
        "FLUSH PRIVILEGES",
        "FLUSH TABLES",
        "/*!40000 ALTER TABLE `t` DISABLE KEYS */",
        "ALTER TABLE shop.t ENABLE KEYS",
    ] {
        assert_eq!(command(text), Command::Nothing, "{text}");
    }
}

#[test]
fn hosts_are_flushed_and_tables_of_that_name_are_not() {
    for text in [
        "FLUSH HOSTS",
        "FLUSH LOCAL HOSTS",
        "FLUSH NO_WRITE_TO_BINLOG PRIVILEGES, HOSTS",
        "FLUSH /*!40101 LOCAL */ HOSTS",
    ] {
        assert_eq!(command(text), Command::FlushHosts, "{text}");
    }
    for text in ["FLUSH TABLES hosts", "FLUSH LOCAL TABLE t, hosts", "FLUSH STATUS"] {
        assert_eq!(command(text), Command::Nothing, "{text}");
    }
}

#[test]
fn refused_statements_are_refused_by_name() {
    for (text, name) in [
        ("FLUSH TABLES WITH READ LOCK", "FLUSH TABLES ... WITH READ LOCK"),
        ("XA START 'x'", "XA"),
        ("LOAD XML LOCAL INFILE 'x' INTO TABLE t", "LOAD XML"),
        ("CALL p()", "CALL"),
        ("HANDLER t OPEN", "HANDLER"),
        ("DROP ROLE r", "DROP ROLE"),
        ("SET ROLE NONE", "SET ROLE"),
        ("SET DEFAULT ROLE r", "SET DEFAULT ROLE"),
        ("SET STATEMENT max_statement_time=1 FOR SELECT 1", "SET STATEMENT"),
        ("CREATE DEFINER=CURRENT_USER() PROCEDURE p() SELECT 1", "CREATE PROCEDURE"),
        (
            "CREATE DEFINER = 'a'@'b' TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a=1; SET @b=2",
            "CREATE TRIGGER",
        ),
        ("CREATE AGGREGATE FUNCTION f RETURNS INT SONAME 'x'", "CREATE FUNCTION"),
        ("/*!50106 CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1 */", "CREATE EVENT"),
        ("CREATE OR REPLACE SEQUENCE s", "CREATE SEQUENCE"),
        ("ALTER DATABASE d CHARACTER SET utf8", "ALTER DATABASE"),
        ("ANALYZE TABLE t", "ANALYZE"),
        ("RESET MASTER", "RESET"),
        ("SHUTDOWN", "SHUTDOWN"),
        ("DO LAST_INSERT_ID(7)", "LAST_INSERT_ID in DO"),
        ("KILL USER a", "KILL of anything but a connection's number"),
        ("SHOW PROCEDURE CODE p", "SHOW PROCEDURE CODE"),
        ("SHOW FULL SLOW", "SHOW FULL SLOW"),
        ("EXPLAIN FOR CONNECTION 4", "EXPLAIN FOR CONNECTION"),
        ("EXPLAIN SHARDING SELECT 1", "EXPLAIN SHARDING"),
        ("START SLAVE", "START SLAVE"),
        ("BEGIN NOT ATOMIC SELECT 1; END", "BEGIN NOT ATOMIC"),
    ] {
        assert_eq!(command(text), Command::Refused(name.into()), "{text}");
    }
}

#[test]
fn other_statements_are_left_to_the_other_parsers() {
    for text in [
        "SELECT 1",
        "(SELECT 1)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "INSERT INTO t VALUES (1)",
        "CREATE TABLE role (user INT)",
        "CREATE DATABASE user",
        "CREATE INDEX role ON user (a)",
        "CREATE SPATIAL INDEX role ON user (a)",
        "DROP TABLE role",
        "DROP TEMPORARY TABLE role",
        "ALTER TABLE user ADD role INT",
        "ALTER TABLE t DISABLE KEYS, ADD a INT",
        "TRUNCATE t",
        "RENAME TABLE a TO b",
        "FROBNICATE",
    ] {
        assert_eq!(parse(text).unwrap(), None, "{text}");
    }
}

/// Statement-like text from words that the parsers know.
pub(super) fn statement_like() -> impl Strategy<Value = String> {
    let words = prop::sample::select(
        "SET SHOW BEGIN START COMMIT ROLLBACK CREATE TABLE ALTER DROP INDEX t a `b` 'c' 1 2.5 ( ) , = := . @x @@y SESSION GLOBAL TRANSACTION \
         NAMES EXPLAIN DESC KILL FLUSH INSTANCE HOST PORT LIKE WHERE FROM DATABASE IF NOT EXISTS INT VARCHAR PRIMARY KEY UNIQUE DEFAULT NULL \
         DBPARTITION BY HASH TBPARTITION TBPARTITIONS BROADCAST ENGINE CHARSET COLLATE COMMENT ADD COLUMN MODIFY CHANGE RENAME TO AS SELECT \
         REFERENCES ON UPDATE CHECK GENERATED ALWAYS AUTO_INCREMENT ENUM FIRST AFTER TRUNCATE * - ; /*!40000 */ DECIMAL UNSIGNED YYYYMM"
            .split_whitespace()
            .collect::<Vec<_>>(),
    );
    prop::collection::vec(words, 0..20).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_text_makes_the_flat_parser_panic(text in prop_oneof![statement_like(), any::<String>()]) {
        if let Ok(Some(Command::Explain { inner, .. })) = parse(&text) {
            prop_assert!(text.get(inner).is_some());
        }
    }
}
