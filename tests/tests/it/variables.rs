//! `@@variables` of every spelling say what the session has SET, and a statement has one NOW() on all shards.

use mysql_async::prelude::Queryable;
use mysql_async::{Row, Value};
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{run, value};
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::family::usual;
use ostrakon_tests::pair::Pair;

/// Not tried: what would change how the test itself speaks, what needs a value that no other has, and (`pseudo_...`) what is another's number.
const LEFT_OUT: &[&str] = &[
    "autocommit",
    "character_set_client",
    "character_set_results",
    "character_set_connection",
    "collation_connection",
    "character_set_database",
    "collation_database",
    "identity",
    "last_insert_id",
    "pseudo_thread_id",
    "pseudo_replica_mode",
    "pseudo_slave_mode",
    "sql_select_limit",
    "max_execution_time",
    "max_statement_time",
    "timestamp",
    "max_allowed_packet",
    "session_track_system_variables",
];

/// A server takes no temporary table where these are set, or sets them where there is none: they are not read beside one.
const NOT_BESIDE_TABLES: &[&str] =
    &["binlog_format", "gtid_domain_id", "require_row_format", "sql_require_primary_key"];

/// A value that is not the one there is, as SQL.
fn other_value(name: &str, present: &str) -> String {
    match (name, present) {
        ("sql_mode", _) => "'ANSI_QUOTES,STRICT_TRANS_TABLES'".to_owned(),
        ("time_zone", _) => "'+05:30'".to_owned(),
        ("tx_isolation" | "transaction_isolation", _) => "'SERIALIZABLE'".to_owned(),
        ("lc_messages" | "lc_time_names", _) => "'de_DE'".to_owned(),
        (_, "ON") => "OFF".to_owned(),
        (_, "OFF") => "ON".to_owned(),
        (_, number) if number.parse::<f64>().is_ok() => {
            // A step that keeps what servers round (blocks of 1024) and stays above what they allow at least.
            number
                .parse::<u64>()
                .map_or_else(|_| "1".to_owned(), |number| (number / 2 / 1024 * 1024).max(1).to_string())
        }
        (_, text) => format!("'{text}'"),
    }
}

/// The only cell of an answer, or its errno.
fn cell(answer: Outcome) -> Result<Value, u16> {
    match answer {
        Outcome::Rows { rows, .. } => {
            Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).unwrap_or(Value::NULL))
        }
        Outcome::Error { errno, .. } => Err(errno),
        Outcome::Done { .. } => Ok(Value::NULL),
    }
}

pub async fn each_variable_is_read_as_it_was_set(kind: ServerKind) {
    let mut pair = Pair::of(kind).await;
    pair.create("CREATE TABLE t (id INT NOT NULL PRIMARY KEY)", "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO t VALUES (1), (2), (3)").await;
    let present: Vec<(String, String)> = pair.plain.query("SHOW SESSION VARIABLES").await.unwrap();
    let (mut tried, mut refused, mut found) = (0, Vec::new(), Vec::new());
    for (name, present) in present.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())) {
        let set = format!("SET SESSION {name} = {}", other_value(name, present));
        let by_plain = outcome(&mut pair.plain, &set, &Way::Text).await;
        if matches!(by_plain, Outcome::Error { .. }) {
            continue;
        }
        let by_node = outcome(&mut pair.node, &set, &Way::Text).await;
        if by_node.is_refusal() {
            refused.push(name.clone());
            // Some have no default.
            let _ = pair.plain.query_drop(format!("SET SESSION {name} = DEFAULT")).await;
            continue;
        }
        tried += 1;
        if let Outcome::Error { message, .. } = by_node {
            found.push(format!("{set}: {message}"));
            run(&mut pair.plain, &format!("SET SESSION {name} = DEFAULT")).await;
            continue;
        }
        for sql in [
            format!("SELECT @@{name}"),
            format!("SELECT @@session.{name} FROM t WHERE id = 2"),
            format!("SELECT @@local.{name} FROM t ORDER BY id LIMIT 1"),
            format!("SELECT MAX(@@SESSION.`{name}`) FROM t"),
            format!(
                "SELECT VARIABLE_VALUE FROM {} WHERE VARIABLE_NAME = '{name}'",
                match kind {
                    ServerKind::MariaDb => "information_schema.SESSION_VARIABLES",
                    ServerKind::MySql => "performance_schema.session_variables",
                }
            ),
        ] {
            if sql.contains("_schema.") && NOT_BESIDE_TABLES.contains(&name.as_str()) {
                continue;
            }
            let node = cell(outcome(&mut pair.node, &sql, &Way::Text).await);
            let plain = cell(outcome(&mut pair.plain, &sql, &Way::Text).await);
            if node != plain {
                found.push(format!("{set}; {sql}\n  node {node:?}, plain {plain:?}"));
            }
        }
        let reset = format!("SET SESSION {name} = DEFAULT");
        let (node, plain) = (
            outcome(&mut pair.node, &reset, &Way::Text).await,
            outcome(&mut pair.plain, &reset, &Way::Text).await,
        );
        if matches!(node, Outcome::Error { .. }) != matches!(plain, Outcome::Error { .. }) {
            found.push(format!("{reset}: {node:?}, plain {plain:?}"));
        }
    }
    assert!(found.is_empty(), "{} of {tried} differ:\n{}", found.len(), found.join("\n"));
    assert!(tried > 60, "{tried} variables were tried");
    assert!(refused.len() < 20, "refused: {refused:?}");
}

#[tokio::test]
async fn variables_are_read_as_they_were_set() {
    each_variable_is_read_as_it_was_set(usual()).await;
}

#[tokio::test]
async fn a_statement_has_one_now_on_all_shards() {
    let mut pair = Pair::start().await;
    run(
        &mut pair.node,
        "CREATE TABLE n (id INT NOT NULL PRIMARY KEY, at DATETIME(6), ts TIMESTAMP(6) NULL, d DATE) DBPARTITION BY HASH(id) \
         TBPARTITION BY HASH(id) TBPARTITIONS 4",
    )
    .await;
    let rows: Vec<String> =
        (0..64).map(|id| format!("({id}, NOW(6), CURRENT_TIMESTAMP(6), CURDATE())")).collect();
    run(&mut pair.node, &format!("INSERT INTO n VALUES {}", rows.join(","))).await;
    let different = "SELECT COUNT(DISTINCT at) + COUNT(DISTINCT ts) + COUNT(DISTINCT d) FROM n";
    assert_eq!(value::<i64>(&mut pair.node, different).await, 3, "an INSERT");
    run(&mut pair.node, "UPDATE n SET at = NOW(6), ts = SYSDATE(6) WHERE id >= 0").await;
    assert_eq!(value::<i64>(&mut pair.node, "SELECT COUNT(DISTINCT at) FROM n").await, 1, "an UPDATE");
    let statement =
        pair.node.prep("UPDATE n SET at = NOW(6), ts = LOCALTIMESTAMP(6) WHERE id >= ?").await.unwrap();
    pair.node.exec_drop(&statement, (0,)).await.unwrap();
    assert_eq!(
        value::<i64>(&mut pair.node, "SELECT COUNT(DISTINCT at) + COUNT(DISTINCT ts) FROM n").await,
        2,
        "prepared"
    );
    for sql in [
        "SELECT DISTINCT NOW(6) FROM n",
        "SELECT id, UTC_TIMESTAMP(6) FROM n ORDER BY id",
        "SELECT UNIX_TIMESTAMP(NOW(6)), MIN(id) FROM n GROUP BY id",
    ] {
        let rows: Vec<Row> = pair.node.query(sql).await.unwrap();
        let column = usize::from(sql.contains("id,"));
        let mut moments: Vec<String> = rows.iter().map(|row| format!("{:?}", row[column])).collect();
        moments.dedup();
        assert_eq!(moments.len(), 1, "{sql}: {moments:?}");
    }
}
