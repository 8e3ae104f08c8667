//! No byte that a client gets has a physical name in it, whatever goes wrong. (SHOW TOPOLOGY, SHOW GROUPS, EXPLAIN, TRACE and the hint `node` are
//! there to show them.)

use mysql_async::Row;
use mysql_async::prelude::Queryable;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{TestCluster, run};
use ostrakon_tests::family::usual;
use ostrakon_tests::raw::{Answer, Raw};

/// Tables of each kind. Names are long enough to be found in any bytes.
const TABLES: &[&str] = &[
    "CREATE TABLE sharded (id INT NOT NULL, code VARCHAR(20), n INT, s VARCHAR(5), d DATE, j JSON, PRIMARY KEY (id), UNIQUE KEY by_code (code, id), \
     CHECK (n > 0), CHECK (n < 1000)) DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2",
    "CREATE TABLE counted (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n TINYINT NOT NULL, UNIQUE KEY by_n (n)) BROADCAST",
    "CREATE TABLE lonely (id INT NOT NULL PRIMARY KEY, n INT UNIQUE, CONSTRAINT unlucky CHECK (n <> 13)) SINGLE",
];

/// Statements that fail, warn or say nothing special, on one physical table and on many.
const STATEMENTS: &[&str] = &[
    "INSERT INTO sharded (id, code, n) VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4), (5, 'e', 5), (6, 'f', 6)",
    "INSERT INTO counted (n) VALUES (1), (2)",
    "INSERT INTO lonely VALUES (1, 1), (2, 2)",
    // Duplicate keys.
    "INSERT INTO sharded (id, n) VALUES (1, 1)",
    "INSERT INTO sharded (id, n) VALUES (11, 1), (12, 1), (2, 1)",
    "INSERT INTO counted (n) VALUES (1)",
    "INSERT INTO lonely VALUES (3, 1)",
    "UPDATE counted SET n = 1",
    "UPDATE lonely SET n = 1",
    "UPDATE sharded SET code = 'a', id = 1 WHERE id = 2",
    "INSERT INTO lonely SELECT id, n FROM sharded",
    "INSERT IGNORE INTO sharded (id, n) VALUES (1, 1), (2, 2)",
    "SHOW WARNINGS",
    "INSERT IGNORE INTO counted (n) VALUES (1), (2)",
    "SHOW WARNINGS",
    "INSERT INTO sharded (id, n) VALUES (1, 1) ON DUPLICATE KEY UPDATE nothing = 5",
    "INSERT INTO sharded (id, n) VALUES (1, 1) ON DUPLICATE KEY UPDATE n = sharded.nothing",
    "INSERT INTO lonely VALUES (1, 1) ON DUPLICATE KEY UPDATE n = 13",
    // Constraints.
    "INSERT INTO sharded (id, n) VALUES (21, -1)",
    "INSERT INTO sharded (id, n) VALUES (21, 5000)",
    "UPDATE sharded SET n = -1",
    "UPDATE sharded SET n = n + 5000 WHERE id = 1",
    "INSERT INTO lonely VALUES (5, 13)",
    // Values.
    "INSERT INTO sharded (id, s) VALUES (22, 'much too long')",
    "UPDATE sharded SET s = 'much too long'",
    "UPDATE sharded SET d = '2024-99-99'",
    "UPDATE sharded SET j = 'no document'",
    "UPDATE counted SET n = 5000 + id",
    "INSERT INTO counted (n) VALUES (NULL)",
    "INSERT INTO lonely (n) VALUES (5)",
    "UPDATE sharded SET n = 99999999999",
    "SELECT n * 9223372036854775807 * 2 FROM sharded",
    "SELECT n * 9223372036854775807 * 2 FROM sharded ORDER BY id",
    "SELECT 1 - CAST(n AS UNSIGNED) - 5 FROM sharded WHERE id = 1",
    "SELECT (SELECT id FROM sharded) FROM sharded",
    "SELECT (SELECT id FROM counted) FROM counted",
    "SELECT d + INTERVAL 1 DAY, s + 1, 1 / 0 FROM sharded ORDER BY id",
    "SHOW WARNINGS",
    "SELECT id FROM sharded WHERE code = 5 ORDER BY n",
    "SHOW WARNINGS",
    "SHOW COUNT(*) WARNINGS",
    "SET sql_mode = ''",
    "INSERT INTO sharded (id, s, n, d) VALUES (31, 'much too long', 'x', 'never'), (32, 'much too long', 1, '2024-99-99')",
    "SHOW WARNINGS",
    "UPDATE sharded SET s = 'much too long', n = 'x1'",
    "SHOW WARNINGS",
    "UPDATE counted SET n = 5000 WHERE id = 1",
    "SHOW WARNINGS",
    "SHOW ERRORS",
    "SET sql_mode = DEFAULT",
    // Names.
    "SELECT nothing FROM sharded",
    "SELECT sharded.nothing FROM sharded WHERE id = 1",
    "SELECT app.sharded.nothing FROM sharded ORDER BY id",
    "SELECT id FROM sharded a JOIN counted b USING (id) WHERE a.id = 1",
    "SELECT id FROM sharded, lonely WHERE sharded.id = 1",
    "SELECT a.n FROM sharded a JOIN lonely b ON a.n = b.nothing",
    "SELECT COUNT(*), id FROM sharded WHERE id = 1 GROUP BY n",
    "SELECT id, n FROM sharded GROUP BY n",
    "UPDATE sharded SET nothing = 1",
    "UPDATE sharded SET n = nothing WHERE id = 1",
    "DELETE FROM sharded WHERE nothing = 1",
    "INSERT INTO sharded (nothing) VALUES (1)",
    "INSERT INTO sharded (id, id) VALUES (1, 1)",
    "INSERT INTO lonely VALUES (1)",
    "SELECT * FROM nothing",
    "SELECT * FROM sharded FORCE INDEX (nothing) WHERE id = 1",
    "SELECT * FROM sharded PARTITION (p0)",
    "SELECT MATCH (code) AGAINST ('x') FROM sharded",
    "SELECT no_such_function(n) FROM sharded",
    "SELECT _utf8mb4'a' COLLATE utf8mb4_bin = code COLLATE utf8mb4_general_ci FROM sharded ORDER BY id",
    "SELECT code FROM sharded WHERE code COLLATE latin1_bin = 'a'",
    // Definitions.
    "ALTER TABLE sharded ADD COLUMN n INT",
    "ALTER TABLE sharded DROP COLUMN nothing",
    "ALTER TABLE sharded ADD UNIQUE KEY alone (n)",
    "ALTER TABLE counted ADD CONSTRAINT small CHECK (n < 1)",
    "ALTER TABLE lonely ADD CONSTRAINT small CHECK (n < 1)",
    "ALTER TABLE lonely ADD INDEX x (nothing)",
    "ALTER TABLE lonely DROP INDEX nothing",
    "ALTER TABLE lonely MODIFY n VARCHAR(99999)",
    "ALTER TABLE lonely MODIFY n TINYINT, ADD FOREIGN KEY (n) REFERENCES nothing (id)",
    "ALTER TABLE sharded MODIFY code VARCHAR(20) NOT NULL",
    "ALTER TABLE counted RENAME COLUMN nothing TO something",
    "CREATE TABLE sharded (id INT PRIMARY KEY)",
    "CREATE TABLE other (id INT, id INT) DBPARTITION BY HASH(id)",
    "CREATE TABLE other (id INT PRIMARY KEY, g INT AS (nothing + 1)) DBPARTITION BY HASH(id)",
    "CREATE INDEX by_n ON counted (n)",
    "DROP TABLE nothing",
    "TRUNCATE TABLE nothing",
    "RENAME TABLE nothing TO something",
    "CREATE VIEW broken AS SELECT nothing FROM sharded",
    // What tells of tables.
    "SHOW CREATE TABLE sharded",
    "SHOW CREATE TABLE lonely",
    "SHOW INDEX FROM sharded",
    "SHOW FULL COLUMNS FROM sharded",
    "SHOW TABLE STATUS",
    "SHOW OPEN TABLES",
    "SHOW FULL PROCESSLIST",
    "CHECK TABLE sharded, counted, lonely",
    "SELECT * FROM information_schema.TABLES WHERE TABLE_SCHEMA <> 'information_schema'",
    "SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA <> 'information_schema'",
    "SELECT * FROM information_schema.STATISTICS",
    "SELECT * FROM information_schema.KEY_COLUMN_USAGE",
    "SELECT * FROM information_schema.TABLE_CONSTRAINTS",
    "SELECT * FROM information_schema.CHECK_CONSTRAINTS",
    "SELECT * FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA <> 'information_schema'",
    "SELECT * FROM information_schema.SCHEMATA",
    "SELECT * FROM information_schema.PROCESSLIST",
    "SELECT * FROM information_schema.FILES",
    "SELECT DATABASE(), USER(), CURRENT_USER(), CONNECTION_ID()",
    // Ways to answer.
    "SELECT * FROM sharded WHERE id = 1",
    "SELECT * FROM sharded",
    "SELECT a.*, b.* FROM sharded a JOIN counted b ON a.n = b.n",
    "SELECT a.*, b.* FROM sharded a JOIN sharded b ON a.n = b.id",
    "SELECT x.n FROM (SELECT n, COUNT(*) c FROM sharded GROUP BY n) x JOIN lonely ON lonely.n = x.n",
    "SELECT * FROM lonely",
    "SELECT n FROM sharded UNION SELECT n FROM lonely",
    "HANDLER sharded OPEN",
    "ANALYZE TABLE sharded",
    "OPTIMIZE TABLE lonely",
];

/// Physical names of the database and its tables; and those of temporary tables.
async fn names(cluster: &TestCluster) -> Vec<String> {
    let mut client = cluster.client(Some("app")).await;
    let groups: Vec<Row> = client.query("SHOW GROUPS").await.unwrap();
    let mut names: Vec<String> =
        groups.iter().map(|row| row.get::<String, _>("PHYSICAL_DATABASE").unwrap()).collect();
    for table in ["sharded", "counted", "lonely"] {
        let rows: Vec<Row> = client.query(format!("SHOW TOPOLOGY FROM {table}")).await.unwrap();
        let physical = rows.iter().map(|row| row.get::<String, _>("TABLE_NAME").unwrap());
        names.extend(physical.filter(|name| name != table));
    }
    names.sort();
    names.dedup();
    assert!(names.len() > 6, "{names:?}");
    names.push("gather_0".to_owned());
    names.push("gather_s0".to_owned());
    names.push("__ostrakon".to_owned());
    names
}

/// The first physical name in an answer, in any letter case.
fn leaked<'n>(bytes: &[u8], names: &'n [String]) -> Option<&'n String> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    names.iter().find(|name| text.contains(&name.to_lowercase()))
}

fn look(found: &mut Vec<String>, how: &str, sql: &str, answer: &Answer, names: &[String]) {
    let bytes = answer.bytes();
    if let Some(name) = leaked(&bytes, names) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let at = text.to_lowercase().find(&name.to_lowercase()).unwrap_or(0);
        let around: String = text.get(at.saturating_sub(80)..).unwrap_or(&text).chars().take(200).collect();
        found.push(format!("{how}: {sql}\n  {name}: ...{around}"));
    }
}

pub async fn nothing_leaks(kind: ServerKind) {
    let cluster = TestCluster::of(&[kind]);
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    for table in TABLES {
        run(&mut client, table).await;
    }
    let names = names(&cluster).await;
    let mut raw = Raw::log_in(cluster.port(), "app", true).await;
    let mut old = Raw::log_in(cluster.port(), "app", false).await;
    let (mut found, mut errors) = (Vec::new(), 0);
    for sql in STATEMENTS {
        let answer = raw.query(sql).await;
        errors += usize::from(answer.errno().is_some());
        look(&mut found, "text", sql, &answer, &names);
        if answer.errno().is_some() {
            look(&mut found, "its SHOW WARNINGS", sql, &raw.query("SHOW WARNINGS").await, &names);
        }
        match old.prepare(sql).await {
            Ok(prepared) => {
                let described = Answer { columns: prepared.columns.clone(), ..Answer::default() };
                look(&mut found, "prepared", sql, &described, &names);
                let answer = old.execute(prepared.id, &[]).await;
                look(&mut found, "executed", sql, &answer, &names);
                look(&mut found, "its SHOW WARNINGS", sql, &old.query("SHOW WARNINGS").await, &names);
            }
            Err(refused) => {
                let answer = Answer { single: Some(refused), ..Answer::default() };
                look(&mut found, "prepared", sql, &answer, &names);
            }
        }
    }
    assert!(errors > 50, "{errors} statements failed: most of them are there to fail");
    waits(&cluster, &names, &mut found).await;
    assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
}

/// A lock that is not given, and a deadlock on one server.
async fn waits(cluster: &TestCluster, names: &[String], found: &mut Vec<String>) {
    let mut holder = Raw::log_in(cluster.port(), "app", true).await;
    let mut waiter = Raw::log_in(cluster.port(), "app", true).await;
    waiter.query("SET innodb_lock_wait_timeout = 1").await;
    for transaction in [&mut holder, &mut waiter] {
        transaction.query("BEGIN").await;
    }
    holder.query("UPDATE lonely SET n = n + 100 WHERE id = 1").await;
    let answer = waiter.query("UPDATE lonely SET n = 50 WHERE id = 1").await;
    assert_eq!(answer.errno(), Some(1205));
    look(found, "a lock that is not given", "UPDATE", &answer, names);
    waiter.query("ROLLBACK").await;
    waiter.query("BEGIN").await;
    waiter.query("UPDATE lonely SET n = 60 WHERE id = 2").await;
    waiter.query("SET innodb_lock_wait_timeout = 20").await;
    let sql = "UPDATE lonely SET n = 70 WHERE id = 1";
    waiter.command(&[b"\x03", sql.as_bytes()].concat()).await;
    let one = holder.query("UPDATE lonely SET n = 80 WHERE id = 2").await;
    holder.query("ROLLBACK").await;
    let other = waiter.answer().await;
    assert!(one.errno().or(other.errno()) == Some(1213), "one of the two is a deadlock's victim");
    look(found, "a deadlock", sql, &one, names);
    look(found, "a deadlock", sql, &other, names);
}

#[tokio::test]
async fn no_physical_name_reaches_a_client() {
    nothing_leaks(usual()).await;
}
