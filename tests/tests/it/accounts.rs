//! Accounts with hosts and privileges: who gets in, what they may do by every way in, what they see, and what a plain server says to the same.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use ostrakon_tests::cluster::{TestCluster, options, refused, run, value};
use ostrakon_tests::family::on_mysql;
use ostrakon_tests::pair::Pair;

/// A client of that account, or the error's number.
pub async fn log_in(port: u16, user: &str, password: &str, database: Option<&str>) -> Result<Conn, u16> {
    let options = options(port, database).user(Some(user)).pass(Some(password));
    match Conn::new(options).await {
        Ok(client) => Ok(client),
        Err(Error::Server(error)) => Err(error.code),
        Err(error) => panic!("{user}: {error}"),
    }
}

async fn client(port: u16, user: &str, database: Option<&str>) -> Conn {
    let connecting = log_in(port, user, "pw", database).await;
    connecting.unwrap_or_else(|errno| panic!("{user}: error {errno}"))
}

/// 0, or the error's number.
async fn errno(client: &mut Conn, sql: &str) -> u16 {
    match client.query_drop(sql).await {
        Ok(()) => 0,
        Err(Error::Server(error)) => error.code,
        Err(error) => panic!("{sql}: {error}"),
    }
}

/// Two tables and a view of `app`, one table of `other`, on both.
async fn pair() -> Pair {
    let mut pair = Pair::start().await;
    for table in ["a", "b"] {
        pair.create(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, v INT)"), "DBPARTITION BY HASH(id)")
            .await;
        pair.prepare(&format!("INSERT INTO {table} VALUES (1, 10), (2, 20), (3, 30)")).await;
    }
    for sql in [
        "CREATE DATABASE other",
        "CREATE TABLE other.t (id INT PRIMARY KEY, v INT)",
        "INSERT INTO other.t VALUES (1, 1)",
        "CREATE VIEW app.shown AS SELECT id FROM other.t",
        "CREATE SQL SECURITY INVOKER VIEW app.asked AS SELECT id FROM other.t",
        "CREATE USER reader IDENTIFIED BY 'pw', writer IDENTIFIED BY 'pw', nobody IDENTIFIED BY 'pw'",
        "GRANT SELECT, SHOW VIEW ON app.* TO reader",
        "GRANT INSERT ON app.a TO writer",
    ] {
        pair.prepare(sql).await;
    }
    pair
}

/// What the account may not do, and some of what it may.
const STATEMENTS: &[(&str, &[&str])] = &[
    (
        "reader",
        &[
            "SELECT * FROM a",
            "SELECT COUNT(*) FROM a JOIN b USING (v)",
            "SELECT * FROM shown",
            "SELECT * FROM asked",
            "SELECT * FROM other.t",
            "SELECT * FROM other.nosuch",
            "SELECT * FROM nosuch",
            "SELECT * FROM a, other.t",
            "SELECT (SELECT COUNT(*) FROM other.t)",
            "SELECT * FROM a WHERE id IN (SELECT id FROM other.t)",
            "WITH q AS (SELECT * FROM other.t) SELECT * FROM q",
            "SELECT id FROM a UNION SELECT id FROM other.t",
            "SELECT d.id FROM (SELECT * FROM other.t) d",
            "SELECT COUNT(*) INTO @n FROM other.t",
            "SET @n = (SELECT COUNT(*) FROM other.t)",
            "DO (SELECT COUNT(*) FROM other.t)",
            "PREPARE s FROM 'SELECT * FROM other.t'",
            "PREPARE s FROM 'SELECT * FROM a'",
            "EXECUTE s",
            "INSERT INTO a VALUES (9, 9)",
            "REPLACE INTO a VALUES (9, 9)",
            "INSERT INTO a SELECT * FROM b",
            "UPDATE a SET v = 1",
            "UPDATE a SET v = 1 WHERE id = 1",
            "UPDATE a, b SET a.v = b.v WHERE a.id = b.id",
            "DELETE FROM a",
            "DELETE FROM a WHERE id = 1",
            "TRUNCATE TABLE a",
            "DROP TABLE a",
            "DROP TABLE nosuch",
            "ALTER TABLE a ADD COLUMN x INT",
            "CREATE INDEX k ON a (v)",
            "CREATE TABLE n (id INT PRIMARY KEY)",
            "RENAME TABLE a TO c",
            "CREATE VIEW w AS SELECT * FROM a",
            "DROP VIEW shown",
            "SHOW CREATE TABLE a",
            "SHOW CREATE VIEW shown",
            "SHOW TABLES FROM other",
            "DESCRIBE other.t",
            "USE other",
            "USE nosuch",
            "CREATE DATABASE more",
            "DROP DATABASE app",
            "CREATE USER more IDENTIFIED BY 'pw'",
            "DROP USER nobody",
            "RENAME USER nobody TO somebody",
            "GRANT SELECT ON app.* TO nobody",
            "GRANT SELECT ON app.a TO nobody",
            "GRANT SELECT ON *.* TO nobody",
            "REVOKE SELECT ON app.* FROM writer",
            "SHOW GRANTS",
            "SHOW GRANTS FOR writer",
            "KILL 999999",
            "BEGIN",
            "COMMIT",
            "SET sql_mode = DEFAULT",
        ],
    ),
    (
        "writer",
        &[
            "INSERT INTO a VALUES (50, 1)",
            "INSERT INTO a SELECT 51, 1",
            "SELECT * FROM a",
            "INSERT INTO a SELECT * FROM b",
            "INSERT INTO a VALUES (60, (SELECT COUNT(*) FROM b))",
            "REPLACE INTO a VALUES (50, 2)",
            "INSERT INTO a VALUES (50, 1) ON DUPLICATE KEY UPDATE v = 3",
            "INSERT INTO b VALUES (50, 1)",
            "SHOW CREATE TABLE a",
            "SHOW CREATE TABLE b",
            "DELETE FROM a",
        ],
    ),
    ("nobody", &["SELECT 1", "SELECT * FROM app.a", "USE app", "SHOW TABLES FROM app", "SHOW GRANTS"]),
];

/// A node refuses with MariaDB's numbers; MySQL's server has others for these.
const OTHERWISE_ON_MYSQL: [(&str, (u16, u16)); 2] =
    [("UPDATE a, b SET a.v = b.v WHERE a.id = b.id", (1142, 1143)), ("SHOW GRANTS FOR writer", (1044, 1142))];

#[tokio::test]
async fn an_account_may_do_what_it_was_granted_as_on_one_server() {
    let mut pair = pair().await;
    let mut different = Vec::new();
    for (user, statements) in STATEMENTS {
        let database = (*user != "nobody").then_some("app");
        let mut node = client(pair.cluster.port(), user, database).await;
        let mut plain = client(pair.plain_server.port(), user, database).await;
        for sql in *statements {
            let (ours, theirs) = (errno(&mut node, sql).await, errno(&mut plain, sql).await);
            let known =
                OTHERWISE_ON_MYSQL.iter().any(|(its, numbers)| sql == its && *numbers == (ours, theirs));
            if ours != theirs && !(on_mysql() && known) {
                different.push(format!("{user}: {sql}: {ours}, and on a plain server {theirs}"));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    for database in ["other", "nosuch"] {
        for port in [pair.cluster.port(), pair.plain_server.port()] {
            assert_eq!(log_in(port, "reader", "pw", Some(database)).await.err(), Some(1044), "{database}");
        }
    }
    // What only a node has.
    let port = pair.cluster.port();
    let mut reader = client(port, "reader", Some("app")).await;
    let (_, text) = refused(&mut reader, "SELECT * FROM other.t").await;
    assert!(text.starts_with("SELECT command denied to user 'reader'@'127.0.0.1' for table"), "{text}");
    for (sql, expected) in [
        ("EXPLAIN SELECT * FROM other.t", 1142),
        ("EXPLAIN ANALYZE SELECT * FROM other.t", 1142),
        ("TRACE SELECT * FROM other.t", 1142),
        ("EXPLAIN SELECT * FROM a", 0),
        ("SELECT * FROM a WHERE id = 1 FOR UPDATE", 1142),
        ("/*+TDDL:node(0)*/ SELECT 1", 1227),
        ("/*+TDDL:scan()*/ SELECT * FROM a", 0),
        ("/*+TDDL:scan()*/ DELETE FROM a", 1142),
        ("SHOW TOPOLOGY FROM a", 0),
        ("SHOW TOPOLOGY FROM other.t", 1142),
        ("SHOW RULE FROM a", 0),
        ("CREATE SEQUENCE s", 1142),
        ("ALTER TABLE a SET ALLOW_FULL_TABLE_SCAN = OFF", 1142),
        ("ALTER DATABASE app SET ALLOW_FULL_TABLE_SCAN = OFF", 1044),
        ("CHECK TABLE other.t", 1142),
        ("ALTER CLUSTER SET voters = 3", 1227),
        ("ALTER CLUSTER DRAIN NODE 1", 1227),
        ("CREATE INSTANCE i HOST='127.0.0.1' USER='x'", 1227),
        ("BACKUP CATALOG", 1227),
        ("CHECK CLUSTER", 1227),
        ("RESOLVE TRANS 'x'", 1227),
        ("RECOVER DDL ALL", 1227),
        ("SHOW DDL", 1227),
        ("SHOW NODES", 1227),
        ("SHOW INSTANCES", 1227),
        ("SHOW TRANS", 1227),
        ("SHOW SETTINGS", 1227),
        ("SHOW USERS", 1227),
        ("SET GLOBAL max_connections = 1", 1227),
        ("SET SESSION binlog_format = 'ROW'", 1227),
        ("SHOW STATUS LIKE 'Uptime'", 0),
        ("SHOW CHARACTER SET WHERE EXISTS (SELECT 1 FROM mysql.user)", 1227),
        ("DO LOAD_FILE('/etc/passwd')", 1227),
        ("SELECT LOAD_FILE('/etc/passwd')", 1227),
        ("SET @f = LOAD_FILE('/etc/passwd')", 1227),
    ] {
        assert_eq!(errno(&mut reader, sql).await, expected, "{sql}");
    }
    seen_and_ended(&mut pair, &mut reader).await;
    grants_change_under_open_sessions(&mut pair).await;
}

/// What is listed, and whose sessions can be ended.
async fn seen_and_ended(pair: &mut Pair, reader: &mut Conn) {
    let listed: Vec<String> = reader.query("SHOW DATABASES").await.unwrap();
    assert_eq!(listed, ["app", "information_schema"]);
    let listed: Vec<String> =
        reader.query("SELECT schema_name FROM information_schema.schemata ORDER BY 1").await.unwrap();
    assert_eq!(listed, ["app", "information_schema"]);
    let mut writer = client(pair.cluster.port(), "writer", Some("app")).await;
    let listed: Vec<String> = writer.query("SHOW TABLES").await.unwrap();
    assert_eq!(listed, ["a"]);
    let listed: Vec<String> = writer
        .query("SELECT table_name FROM information_schema.tables WHERE table_schema IN ('app', 'other')")
        .await
        .unwrap();
    assert_eq!(listed, ["a"]);
    let users: Vec<mysql_async::Row> = reader.query("SHOW PROCESSLIST").await.unwrap();
    assert!(users.iter().all(|row| row.get::<String, _>("User").as_deref() == Some("reader")));
    let of_writer: u64 = value(&mut writer, "SELECT CONNECTION_ID()").await;
    let (code, text) = refused(reader, &format!("KILL {of_writer}")).await;
    assert_eq!((code, text), (1095, format!("You are not owner of thread {of_writer}")));
    let mut another = client(pair.cluster.port(), "writer", None).await;
    run(&mut another, &format!("KILL {of_writer}")).await;
    assert!(writer.query_drop("SELECT 1").await.is_err());
}

/// A grant counts with the next statement, also for what is prepared; and grants can be given on.
async fn grants_change_under_open_sessions(pair: &mut Pair) {
    let port = pair.cluster.port();
    let root = &mut pair.node;
    let mut nobody = client(port, "nobody", None).await;
    assert_eq!(errno(&mut nobody, "SELECT * FROM app.a").await, 1142);
    run(root, "GRANT SELECT ON `a%`.* TO nobody WITH GRANT OPTION").await;
    let prepared = nobody.prep("SELECT v FROM app.a WHERE id = ?").await.unwrap();
    let v: Option<i64> = nobody.exec_first(&prepared, (2,)).await.unwrap();
    assert_eq!(v, Some(20));
    // Not for a wider pattern, nor for more than one has.
    for sql in ["GRANT SELECT ON `%`.* TO writer", "GRANT UPDATE ON app.* TO writer"] {
        assert_eq!(errno(&mut nobody, sql).await, 1044, "{sql}");
    }
    run(&mut nobody, "GRANT SELECT ON app.b TO writer").await;
    let mut writer = client(port, "writer", Some("app")).await;
    run(&mut writer, "INSERT INTO a SELECT id + 100, v FROM b").await;
    run(root, "REVOKE SELECT ON `a%`.* FROM nobody").await;
    let outcome: Result<Option<i64>, Error> = nobody.exec_first(&prepared, (2,)).await;
    assert!(matches!(outcome, Err(Error::Server(ref e)) if e.code == 1142), "{outcome:?}");
    // A dropped account's session may do nothing more.
    run(root, "DROP USER writer").await;
    assert_eq!(errno(&mut writer, "INSERT INTO a VALUES (1000, 1)").await, 1142);
    // A view is read with its definer's rights.
    for sql in [
        "CREATE USER maker IDENTIFIED BY 'pw'",
        "GRANT SELECT ON other.t TO maker",
        "GRANT CREATE VIEW, SELECT ON app.* TO maker",
    ] {
        run(root, sql).await;
    }
    let mut maker = client(port, "maker", Some("app")).await;
    run(&mut maker, "CREATE VIEW made AS SELECT v FROM other.t").await;
    run(root, "GRANT DROP ON app.* TO maker").await;
    for sql in ["CREATE DEFINER = root VIEW x AS SELECT 1 AS a", "ALTER VIEW shown AS SELECT 1 AS id"] {
        assert_eq!(errno(&mut maker, sql).await, 1227, "{sql}");
    }
    let mut reader = client(port, "reader", Some("app")).await;
    assert_eq!(value::<i64>(&mut reader, "SELECT v FROM made").await, 1);
    run(root, "REVOKE SELECT ON other.t FROM maker").await;
    assert_eq!(errno(&mut reader, "SELECT v FROM made").await, 1356);
    run(root, "DROP USER maker").await;
    assert_eq!(errno(&mut reader, "SELECT v FROM made").await, 1449);
}

#[tokio::test]
async fn who_gets_in_and_from_where() {
    let cluster = TestCluster::start();
    let mut root = cluster.database("app", "").await;
    let port = cluster.port();
    let current =
        |mut client: Conn| async move { value::<String>(&mut client, "SELECT CURRENT_USER()").await };
    for host in ["%", "10.%", "127.0.0.0/8", "127.%"] {
        run(&mut root, &format!("CREATE USER app@'{host}' IDENTIFIED BY '{host}'")).await;
    }
    // The network is the most specific that matches.
    assert_eq!(current(log_in(port, "app", "127.0.0.0/8", None).await.unwrap()).await, "app@127.0.0.0/8");
    assert_eq!(log_in(port, "app", "%", None).await.err(), Some(1045));
    run(&mut root, "RENAME USER app@'10.%' TO app@localhost").await;
    assert_eq!(current(log_in(port, "app", "10.%", None).await.unwrap()).await, "app@localhost");
    run(&mut root, "DROP USER app@localhost, app@'127.0.0.0/8', app@'127.%'").await;
    assert_eq!(current(log_in(port, "app", "%", None).await.unwrap()).await, "app@%");
    run(&mut root, "CREATE USER far@'10.0.0.1' IDENTIFIED BY 'pw', ''@localhost IDENTIFIED BY 'pw'").await;
    assert_eq!(current(client(port, "far", None).await).await, "@localhost");
    run(&mut root, "DROP USER ''@localhost").await;
    assert_eq!(log_in(port, "far", "pw", None).await.err(), Some(1045));
    // A grant is for one of them.
    run(&mut root, "GRANT ALL ON app.* TO far@'10.0.0.1'").await;
    let no_such_account = if on_mysql() { 1410 } else { 1133 };
    assert_eq!(refused(&mut root, "GRANT ALL ON app.* TO far").await.0, no_such_account);

    let mut app = log_in(port, "app", "%", None).await.unwrap();
    run(&mut app, "SET PASSWORD = 'own'").await;
    run(&mut app, "ALTER USER CURRENT_USER() IDENTIFIED BY 'own2'").await;
    assert_eq!(log_in(port, "app", "own", None).await.err(), Some(1045));
    for sql in ["SET PASSWORD FOR far@'10.0.0.1' = 'x'", "ALTER USER app ACCOUNT LOCK", "DROP USER app"] {
        assert_eq!(errno(&mut app, sql).await, 1227, "{sql}");
    }
    run(&mut root, "ALTER USER app ACCOUNT LOCK").await;
    let locked = log_in(port, "app", "own2", None).await.err();
    assert!(matches!(locked, Some(3118 | 4151)), "{locked:?}");
    assert_eq!(log_in(port, "app", "wrong", None).await.err(), Some(1045));
    run(&mut root, "ALTER USER app WITH MAX_USER_CONNECTIONS 2 ACCOUNT UNLOCK").await;
    let second = log_in(port, "app", "own2", None).await.unwrap();
    assert_eq!(log_in(port, "app", "own2", None).await.err(), Some(1226));
    second.disconnect().await.unwrap();
    // The place is free when the node has seen the client go.
    let mut freed = None;
    for _ in 0..100 {
        freed = log_in(port, "app", "own2", None).await.ok();
        if freed.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    drop(freed.expect("a place"));
    run(&mut root, "ALTER USER app REQUIRE SSL").await;
    assert_eq!(log_in(port, "app", "own2", None).await.err(), Some(1045));
    as_they_are_printed(&mut root).await;
    // Who makes accounts does not become an administrator by it.
    run(&mut root, "CREATE USER clerk IDENTIFIED BY 'pw', boss IDENTIFIED BY 'pw'").await;
    run(&mut root, "GRANT CREATE USER ON *.* TO clerk").await;
    run(&mut root, "GRANT ALL ON *.* TO boss").await;
    let mut clerk = client(port, "clerk", None).await;
    for sql in ["SET PASSWORD FOR boss = 'x'", "ALTER USER boss ACCOUNT LOCK", "DROP USER boss"] {
        assert_eq!(errno(&mut clerk, sql).await, 1227, "{sql}");
    }
    assert_eq!(errno(&mut clerk, "GRANT SUPER ON *.* TO clerk").await, 1045);
    run(&mut clerk, "CREATE USER made IDENTIFIED BY 'pw'").await;
    for (sql, expected) in [
        ("CREATE USER root@'10.%' IDENTIFIED BY 'x'", 1396),
        ("GRANT SELECT ON *.* TO root", 1396),
        ("CREATE USER a@'app.example.com' IDENTIFIED BY 'x'", 1235),
        ("CREATE USER a IDENTIFIED WITH mysql_native_password AS 'x'", 1827),
        ("GRANT SUPER ON app.* TO clerk", 1221),
        ("GRANT EXECUTE ON app.x TO clerk", 1144),
        ("GRANT SELECT ON app.nosuch TO clerk", 1146),
        ("REVOKE SELECT ON app.* FROM clerk", 1141),
        ("SHOW GRANTS FOR nosuch", 1141),
    ] {
        assert_eq!(errno(&mut root, sql).await, expected, "{sql}");
    }
}

/// What SHOW GRANTS and SHOW CREATE USER print makes the same account again.
async fn as_they_are_printed(root: &mut Conn) {
    for sql in [
        "CREATE USER 'odd`name'@'10.%' IDENTIFIED WITH mysql_native_password BY 'x' REQUIRE SSL WITH MAX_USER_CONNECTIONS 3 ACCOUNT LOCK",
        "GRANT PROCESS, SELECT ON *.* TO 'odd`name'@'10.%' WITH GRANT OPTION",
        "GRANT ALL PRIVILEGES ON `a\\_b%`.* TO 'odd`name'@'10.%'",
        "GRANT SELECT, INSERT, CREATE, GRANT OPTION ON app.`t 1` TO 'odd`name'@'10.%'",
        "GRANT BACKUP_ADMIN, CREATE ROLE ON *.* TO 'odd`name'@'10.%'",
    ] {
        run(root, sql).await;
    }
    let warnings: Vec<(String, u16, String)> = root.query("SHOW WARNINGS").await.unwrap();
    assert_eq!(warnings.iter().map(|(_, code, _)| *code).collect::<Vec<_>>(), [3929, 3929]);
    let name = "'odd`name'@'10.%'";
    let made: String = value(root, &format!("SHOW CREATE USER {name}")).await;
    let granted: Vec<String> = root.query(format!("SHOW GRANTS FOR {name}")).await.unwrap();
    assert_eq!(
        granted,
        [
            "GRANT SELECT, PROCESS ON *.* TO `odd``name`@`10.%` WITH GRANT OPTION",
            "GRANT ALL PRIVILEGES ON `a\\_b%`.* TO `odd``name`@`10.%`",
            "GRANT SELECT, INSERT, CREATE ON `app`.`t 1` TO `odd``name`@`10.%` WITH GRANT OPTION",
        ]
    );
    run(root, &format!("DROP USER {name}")).await;
    run(root, &made).await;
    for grant in &granted {
        run(root, grant).await;
    }
    assert_eq!(value::<String>(root, &format!("SHOW CREATE USER {name}")).await, made);
    let again: Vec<String> = root.query(format!("SHOW GRANTS FOR {name}")).await.unwrap();
    assert_eq!(again, granted);
    run(root, &format!("REVOKE ALL PRIVILEGES, GRANT OPTION FROM {name}")).await;
    let left: Vec<String> = root.query(format!("SHOW GRANTS FOR {name}")).await.unwrap();
    assert_eq!(left, ["GRANT USAGE ON *.* TO `odd``name`@`10.%`"]);
}
