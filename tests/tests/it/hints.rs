//! DRDS's hints and the scatter guard. (The client library takes `:name` in a prepared statement for a parameter, so a blank stands behind the colon there.)

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, connect, refused, run, value};

const ROWS: u64 = 40;

/// Two sharded tables side by side, one that is sharded otherwise, one broadcast, one single.
async fn shop(cluster: &TestCluster) -> Conn {
    let mut client = cluster.database("shop", "DBPARTITIONS 4").await;
    for sql in [
        "CREATE TABLE orders (id INT PRIMARY KEY, customer INT NOT NULL, total INT NOT NULL) DBPARTITION BY HASH(id)",
        "CREATE TABLE items (order_id INT, n INT, PRIMARY KEY (order_id, n)) DBPARTITION BY HASH(order_id)",
        "CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20)) DBPARTITION BY HASH(name)",
        "CREATE TABLE currencies (code CHAR(3) PRIMARY KEY) BROADCAST",
        "CREATE TABLE notes (id INT PRIMARY KEY, text VARCHAR(20))",
        "INSERT INTO currencies VALUES ('EUR'), ('USD')",
        "INSERT INTO notes VALUES (1, 'a'), (2, 'b')",
    ] {
        run(&mut client, sql).await;
    }
    let rows = |row: &dyn Fn(u64) -> String| (0..ROWS).map(row).collect::<Vec<_>>().join(",");
    run(&mut client, &format!("INSERT INTO orders VALUES {}", rows(&|id| format!("({id}, {}, 7)", id % 5))))
        .await;
    run(&mut client, &format!("INSERT INTO items VALUES {}", rows(&|id| format!("({id}, 1)")))).await;
    run(&mut client, &format!("INSERT INTO customers VALUES {}", rows(&|id| format!("({id}, 'c{id}')"))))
        .await;
    client
}

/// Group and name of each physical table.
async fn topology(client: &mut Conn, table: &str) -> Vec<(String, String)> {
    let rows: Vec<Row> = client.query(format!("SHOW TOPOLOGY FROM {table}")).await.unwrap();
    rows.iter().map(|row| (row.get("GROUP_NAME").unwrap(), row.get("TABLE_NAME").unwrap())).collect()
}

async fn numbers(client: &mut Conn, sql: &str) -> Vec<u64> {
    let mut rows: Vec<u64> = client.query(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    rows.sort_unstable();
    rows
}

async fn warnings(client: &mut Conn) -> Vec<(String, u16, String)> {
    client.query("SHOW WARNINGS").await.unwrap()
}

#[tokio::test]
async fn node_sends_the_text_to_groups_as_it_is() {
    let cluster = TestCluster::start();
    let mut client = shop(&cluster).await;
    let tables = topology(&mut client, "orders").await;
    assert_eq!(tables.len(), 4);
    let (group, table) = tables[1].clone();
    let here: Vec<u64> = numbers(&mut client, &format!("/*+TDDL:node(1)*/ SELECT id FROM {table}")).await;
    assert!(!here.is_empty() && here.len() < ROWS as usize, "{here:?}");
    let both = format!("SELECT id FROM {table} WHERE id >= 0");
    for hinted in [
        format!("/!TDDL:node('{group}')*/ {both}"),
        format!("/*!TDDL:node({group})*/{both}"),
        format!("/!+TDDL: node('1') */ {both}"),
        format!("SELECT /*+TDDL:node(1)*/ id FROM {table} WHERE id >= 0"),
    ] {
        assert_eq!(numbers(&mut client, &hinted).await, here, "{hinted}");
    }
    // The physical names are the same in all groups: rows of several are united.
    let all = format!("/*+TDDL:node(0, '1,2', 3)*/ SELECT id FROM {table}");
    assert_eq!(numbers(&mut client, &all).await, (0..ROWS).collect::<Vec<_>>());
    let counts = numbers(&mut client, &format!("/*+TDDL:node(0,1)*/ SELECT COUNT(*) FROM {table}")).await;
    assert_eq!(counts.len(), 2, "each group answers for itself");
    let sql = format!("/*+TDDL:random_node('0,1,2,3', 1)*/ SELECT COUNT(*) FROM {table}");
    assert_eq!(numbers(&mut client, &sql).await.len(), 1);
    // Prepared, with parameters.
    for nodes in ["1", "0,1"] {
        let sql = format!("/*+TDDL: node({nodes})*/ SELECT id FROM {table} WHERE id >= ? AND customer < ?");
        let mut rows: Vec<u64> = client.exec(&sql, (0, 100)).await.unwrap();
        rows.sort_unstable();
        let text = format!("/*+TDDL:node({nodes})*/ SELECT id FROM {table} WHERE id >= 0 AND customer < 100");
        assert_eq!(rows, numbers(&mut client, &text).await);
        assert!(rows.len() >= here.len());
    }
    // What is not a query.
    let shown: Vec<String> = client.query("/*+TDDL:node(1)*/ SHOW TABLES").await.unwrap();
    assert!(shown.contains(&table), "{shown:?}");
    let session: (u64, String) =
        client.query_first("/*+TDDL:node(1)*/ SELECT CONNECTION_ID(), DATABASE()").await.unwrap().unwrap();
    assert_eq!(session, (value(&mut client, "SELECT CONNECTION_ID()").await, "shop".to_owned()));
    for (sql, errno) in [
        (format!("/*+TDDL:node(1)*/ DROP TABLE {table}"), 1235),
        ("/*+TDDL:node(1)*/ SET autocommit = 0".to_owned(), 1235),
        ("/*+TDDL:node(4)*/ SELECT 1".to_owned(), 1105),
        ("/*+TDDL:node('nowhere')*/ SELECT 1".to_owned(), 1105),
        ("/*+TDDL:node(1)*/ SELECT * FROM orders".to_owned(), 1146),
        ("/*+TDDL:node()*/ SELECT 1".to_owned(), 1064),
    ] {
        let told = refused(&mut client, &sql).await;
        assert_eq!(told.0, errno, "{sql}: {told:?}");
    }
    // The same text without the hint is another statement.
    assert_eq!(refused(&mut client, &format!("SELECT id FROM {table} WHERE id >= 0")).await.0, 1146);
    no_current_database(&cluster).await;
}

/// No connection that has a current database goes to other statements.
async fn no_current_database(cluster: &TestCluster) {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let mut left = 0;
        for instance in &cluster.cluster.instances {
            let mut server = connect(instance.port(), None).await;
            left += value::<u64>(
                &mut server,
                "SELECT COUNT(*) FROM information_schema.processlist WHERE db LIKE 'shop%'",
            )
            .await;
        }
        if left == 0 {
            return;
        }
        assert!(Instant::now() < until, "{left} connections have a current database");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn node_writes_in_the_sessions_transaction() {
    let cluster = TestCluster::start();
    let mut client = shop(&cluster).await;
    let (_, table) = topology(&mut client, "orders").await[0].clone();
    run(&mut client, "BEGIN").await;
    run(&mut client, &format!("/*+TDDL:node(0,1)*/ UPDATE {table} SET total = total + 1 WHERE id >= 0"))
        .await;
    let changed = client.affected_rows();
    assert!(changed > 0 && changed < ROWS);
    assert_eq!(value::<u64>(&mut client, "SELECT SUM(total) FROM orders").await, 7 * ROWS + changed);
    run(&mut client, "SELECT * FROM notes").await;
    run(&mut client, "ROLLBACK").await;
    assert_eq!(value::<u64>(&mut client, "SELECT SUM(total) FROM orders").await, 7 * ROWS);
    // Without a transaction several groups are one by themselves.
    run(&mut client, &format!("/*+TDDL:node(0,1,2,3)*/ UPDATE {table} SET total = 8 WHERE id >= 0")).await;
    assert_eq!(client.affected_rows(), ROWS);
    let (errno, _) =
        refused(&mut client, &format!("/*+TDDL:node(0,1)*/ INSERT INTO {table} VALUES (1000, 1, NULL)"))
            .await;
    assert_eq!(errno, 1048);
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM orders").await, ROWS);
    assert_eq!(cluster.open_transactions(), 0);
    no_current_database(&cluster).await;
}

#[tokio::test]
async fn scan_runs_on_each_physical_table() {
    let cluster = TestCluster::start();
    let mut client = shop(&cluster).await;
    let tables = topology(&mut client, "orders").await;
    let counts = numbers(&mut client, "/*+TDDL:scan()*/ SELECT COUNT(*) FROM orders").await;
    assert_eq!((counts.len(), counts.iter().sum::<u64>()), (4, ROWS));
    let by_two = numbers(&mut client, "/*+TDDL:scan(node='0,3')*/ SELECT COUNT(*) FROM orders").await;
    assert_eq!(by_two.len(), 2);
    let named = format!(
        "/*+TDDL:scan('orders', real_table=('{}', '{}'))*/ SELECT DISTINCT customer FROM orders",
        tables[0].1, tables[0].1
    );
    assert!(numbers(&mut client, &named).await.len() > 5, "physical names are the same in all groups");
    let named =
        format!("/*+TDDL:scan('orders', real_table='{}', node=2)*/ SELECT id FROM orders", tables[2].1);
    let on_two = format!("/*+TDDL:node(2)*/ SELECT id FROM {}", tables[2].1);
    let on_two = numbers(&mut client, &on_two).await;
    assert_eq!(numbers(&mut client, &named).await, on_two);
    // The condition chooses the physical table; the statement has none on its key.
    let one =
        numbers(&mut client, "/*+TDDL:scan('orders', condition='orders.id = 6')*/ SELECT id FROM orders")
            .await;
    assert!(one.contains(&6) && one.len() < ROWS as usize, "{one:?}");
    // What cannot be merged runs on each by itself.
    let joined = "/*+TDDL:scan()*/ SELECT o.id FROM orders o JOIN items i ON o.id = i.order_id JOIN currencies c WHERE c.code = 'EUR'";
    assert_eq!(numbers(&mut client, joined).await, (0..ROWS).collect::<Vec<_>>());
    let ranked = "/*+TDDL:scan()*/ SELECT ROW_NUMBER() OVER (ORDER BY id) FROM orders ORDER BY id LIMIT 1";
    assert_eq!(numbers(&mut client, ranked).await, [1, 1, 1, 1]);
    let sql = "/*+TDDL: scan()*/ SELECT COUNT(*) FROM orders WHERE id >= ?";
    assert_eq!(client.exec::<u64, _, _>(sql, (0,)).await.unwrap().iter().sum::<u64>(), ROWS);
    run(&mut client, "/*+TDDL:scan(node=1)*/ UPDATE orders SET total = 9 WHERE total = 7").await;
    let changed = client.affected_rows();
    assert!(changed > 0 && changed < ROWS);
    run(&mut client, "/*+TDDL:scan()*/ UPDATE orders SET total = 9").await;
    assert_eq!(client.affected_rows(), ROWS - changed);
    let rows: Vec<Row> =
        client.query("EXPLAIN /*+TDDL:scan(node='1,2')*/ SELECT COUNT(*) FROM orders").await.unwrap();
    let modes: Vec<String> = rows.iter().map(|row| row.get("MODE").unwrap()).collect();
    assert_eq!(modes, ["scan", "scan"]);
    for (sql, errno) in [
        ("/*+TDDL:scan()*/ INSERT INTO orders VALUES (1000, 1, 1)", 1235),
        ("/*+TDDL:scan()*/ SELECT * FROM notes", 1235),
        ("/*+TDDL:scan()*/ SELECT * FROM orders, notes", 1235),
        ("/*+TDDL:scan('nothing')*/ SELECT * FROM orders", 1146),
        ("/*+TDDL:scan('orders', real_table='nothing')*/ SELECT * FROM orders", 1146),
        ("/*+TDDL:scan('orders', real_table='a,b')*/ SELECT * FROM orders", 1064),
        ("/*+TDDL:scan('orders', condition='1; DROP TABLE orders')*/ SELECT * FROM orders", 1064),
        ("/*+TDDL:scan(node=7)*/ SELECT * FROM orders", 1105),
        ("/*+TDDL:scan()*/ CREATE TABLE x (id INT)", 1235),
    ] {
        let told = refused(&mut client, sql).await;
        assert_eq!(told.0, errno, "{sql}: {told:?}");
    }
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM orders").await, ROWS);
}

#[tokio::test]
async fn full_scans_are_refused_where_the_database_says_so() {
    let cluster = TestCluster::start();
    let mut client = shop(&cluster).await;
    let mut other = cluster.client(Some("shop")).await;
    let scans = [
        ("SELECT COUNT(*) FROM orders", 1104),
        ("SELECT * FROM orders WHERE customer = 3", 1104),
        ("SELECT * FROM orders WHERE id > 3 ORDER BY id", 1104),
        ("SELECT * FROM orders WHERE id = 3 OR customer = 3", 1104),
        ("SELECT * FROM orders o JOIN items i ON o.id = i.order_id", 1104),
        ("SELECT * FROM orders o JOIN customers c ON o.customer = c.id WHERE o.id = 1", 1104),
        ("SELECT * FROM orders WHERE total > (SELECT AVG(total) FROM orders)", 1104),
        ("UPDATE orders SET total = 1", 1175),
        ("DELETE FROM orders WHERE customer = 3", 1175),
    ];
    let others = [
        "SELECT * FROM orders WHERE id = 3",
        "SELECT * FROM orders WHERE id IN (1, 2, 3, 4, 5, 6, 7, 8, 9)",
        "SELECT * FROM orders WHERE id IN (1, 2) OR id = 7",
        "SELECT * FROM orders o JOIN items i ON o.id = i.order_id WHERE o.id IN (1, 2, 3, 4, 5, 6, 7, 8)",
        "SELECT * FROM currencies",
        "SELECT COUNT(*) FROM notes",
        "UPDATE notes SET text = 'c'",
        "DELETE FROM orders WHERE id IN (1000, 1001)",
        "INSERT INTO orders VALUES (2000, 1, 1), (2001, 1, 1)",
    ];
    run(&mut client, "ALTER DATABASE shop SET allow_full_table_scan = OFF").await;
    for (sql, errno) in scans {
        let (told, text) = refused(&mut other, sql).await;
        assert_eq!(told, errno, "{sql}: {text}");
        assert!(text.contains("ALLOW_FULL_TABLE_SCAN") && text.contains("'shop."), "{sql}: {text}");
        if !text.contains("customers") {
            assert!(text.contains("'shop.orders'") || text.contains("'shop.items'"), "{sql}: {text}");
        }
        // It is explained all the same.
        let rows: Vec<Row> = other.query(format!("EXPLAIN {sql}")).await.unwrap();
        let reasons: Vec<String> = rows.iter().map(|row| row.get("REASON").unwrap()).collect();
        assert!(reasons.iter().any(|reason| reason.contains("would be refused: ")), "{sql}: {reasons:?}");
    }
    let (errno, _) = match other.exec_drop("SELECT * FROM orders WHERE customer = ?", (3,)).await {
        Err(mysql_async::Error::Server(e)) => (e.code, e.message),
        told => panic!("{told:?}"),
    };
    assert_eq!(errno, 1104);
    for sql in others {
        run(&mut other, sql).await;
    }
    run(&mut other, "DELETE FROM orders WHERE id IN (2000, 2001)").await;
    // One statement may be let through, and only that one.
    for hint in
        ["ALLOW_FULL_TABLE_SCAN=true", "cmd_extra(ALLOW_FULL_TABLE_SCAN=TRUE, MERGE_CONCURRENT=FALSE)"]
    {
        let sql = format!("/*+TDDL:{hint}*/ SELECT COUNT(*) FROM orders");
        assert_eq!(value::<u64>(&mut other, &sql).await, ROWS);
        let sql = format!("/*+TDDL: {hint}*/ SELECT COUNT(*) FROM orders WHERE total < ?");
        assert_eq!(other.exec_first::<u64, _, _>(sql, (100,)).await.unwrap(), Some(ROWS));
        let join = "SELECT COUNT(*) FROM orders o JOIN customers c ON o.customer = c.id";
        assert_eq!(value::<u64>(&mut other, &format!("/*+TDDL:{hint}*/ {join}")).await, ROWS);
        assert_eq!(refused(&mut other, "SELECT COUNT(*) FROM orders").await.0, 1104);
    }
    // Who names the physical tables knows what he does.
    assert_eq!(numbers(&mut other, "/*+TDDL:scan()*/ SELECT COUNT(*) FROM orders").await.len(), 4);
    shown_and_set_for_one_table(&mut other).await;
    run(&mut client, "ALTER DATABASE SET allow_full_table_scan = ON").await;
    for (sql, _) in scans {
        if sql.starts_with("SELECT") {
            run(&mut other, sql).await;
            let told = refused(&mut other, &format!("/*+TDDL:ALLOW_FULL_TABLE_SCAN=FALSE*/ {sql}")).await;
            assert_eq!(told.0, 1104, "{sql}");
        }
    }
}

async fn shown_and_set_for_one_table(client: &mut Conn) {
    let made: (String, String) = client.query_first("SHOW CREATE DATABASE shop").await.unwrap().unwrap();
    assert!(made.1.ends_with(" ALLOW_FULL_TABLE_SCAN = OFF"), "{}", made.1);
    // It makes such a database again.
    run(client, &made.1.replace("`shop`", "again")).await;
    let again: (String, String) = client.query_first("SHOW CREATE DATABASE again").await.unwrap().unwrap();
    assert_eq!(again.1, made.1.replace("`shop`", "`again`"));
    let rule = "SHOW FULL RULE FROM orders";
    let allowed = |row: Row| row.get::<u64, _>("ALLOW_FULL_TABLE_SCAN").unwrap();
    assert_eq!(allowed(client.query_first(rule).await.unwrap().unwrap()), 0);
    run(client, "ALTER TABLE orders SET ALLOW_FULL_TABLE_SCAN = ON").await;
    assert_eq!(allowed(client.query_first(rule).await.unwrap().unwrap()), 1);
    assert_eq!(value::<u64>(client, "SELECT COUNT(*) FROM orders").await, ROWS);
    assert_eq!(refused(client, "SELECT COUNT(*) FROM items").await.0, 1104);
    // It outlives a change of the table.
    run(client, "ALTER TABLE orders ADD COLUMN remark VARCHAR(10)").await;
    assert_eq!(value::<u64>(client, "SELECT COUNT(*) FROM orders").await, ROWS);
    run(client, "ALTER TABLE orders SET ALLOW_FULL_TABLE_SCAN = DEFAULT").await;
    assert_eq!(refused(client, "SELECT COUNT(*) FROM orders").await.0, 1104);
    assert_eq!(refused(client, "ALTER TABLE notes SET ALLOW_FULL_TABLE_SCAN = OFF").await.0, 1235);
    assert_eq!(refused(client, "ALTER TABLE nothing SET ALLOW_FULL_TABLE_SCAN = OFF").await.0, 1146);
    assert_eq!(refused(client, "ALTER DATABASE nothing SET ALLOW_FULL_TABLE_SCAN = OFF").await.0, 1049);
}

#[tokio::test]
async fn writes_of_whole_tables_are_refused_where_the_database_says_so() {
    let cluster = TestCluster::start();
    let mut client = shop(&cluster).await;
    let (_, table) = topology(&mut client, "orders").await[0].clone();
    run(&mut client, "ALTER DATABASE shop FORBID_EXECUTE_DML_ALL = ON").await;
    let whole = [
        "UPDATE orders SET total = 1".to_owned(),
        "DELETE FROM orders".to_owned(),
        "DELETE FROM currencies".to_owned(),
        "UPDATE notes SET text = 'WHERE LIMIT'".to_owned(),
        format!("/*+TDDL:node(0)*/ DELETE FROM {table}"),
        "/*+TDDL:scan()*/ DELETE FROM orders".to_owned(),
    ];
    for sql in &whole {
        let (errno, text) = refused(&mut client, sql).await;
        assert_eq!(errno, 1175, "{sql}: {text}");
        assert!(text.contains("FORBID_EXECUTE_DML_ALL"), "{sql}: {text}");
    }
    let rows: Vec<Row> = client.query("EXPLAIN DELETE FROM orders").await.unwrap();
    assert_eq!(rows.len(), 4);
    assert!(rows[0].get::<String, _>("REASON").unwrap().starts_with("would be refused: "));
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM orders").await, ROWS);
    run(&mut client, "DELETE FROM notes LIMIT 1").await;
    run(&mut client, "UPDATE orders SET total = 1 WHERE total > 1000").await;
    run(&mut client, "TRUNCATE TABLE items").await;
    run(&mut client, "/*+TDDL:FORBID_EXECUTE_DML_ALL=FALSE*/ UPDATE orders SET total = 3").await;
    assert_eq!(client.affected_rows(), ROWS);
    run(&mut client, "DELETE /*+TDDL:cmd_extra(FORBID_EXECUTE_DML_ALL=false)*/ FROM orders").await;
    assert_eq!(client.affected_rows(), ROWS);
    run(&mut client, "ALTER DATABASE shop FORBID_EXECUTE_DML_ALL = OFF").await;
    let (errno, _) = refused(&mut client, "/*+TDDL:FORBID_EXECUTE_DML_ALL=TRUE*/ DELETE FROM notes").await;
    assert_eq!(errno, 1175);
    run(&mut client, "DELETE FROM notes").await;
}

#[tokio::test]
async fn socket_timeout_ends_one_statement() {
    let cluster = TestCluster::start();
    let mut client = shop(&cluster).await;
    let mut holder = cluster.client(Some("shop")).await;
    run(&mut holder, "BEGIN").await;
    for id in 1..=4 {
        run(&mut holder, &format!("UPDATE orders SET total = 100 WHERE id = {id}")).await;
    }
    run(&mut client, "BEGIN").await;
    run(&mut client, "UPDATE orders SET total = 50 WHERE id = 20").await;
    for sql in [
        "/*+TDDL:SOCKET_TIMEOUT(300)*/ UPDATE orders SET total = 0 WHERE id = 1",
        "/*+TDDL:cmd_extra(SOCKET_TIMEOUT=300)*/ UPDATE orders SET total = 0 WHERE id IN (1, 2, 3, 4)",
    ] {
        let begun = Instant::now();
        let (errno, text) = refused(&mut client, sql).await;
        assert_eq!(errno, 3024, "{sql}: {text}");
        assert!(text.contains("SOCKET_TIMEOUT(300)"), "{text}");
        assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(20), "{sql}: {:?}", begun.elapsed());
        // The transaction goes on, and no other statement is hurt.
        tokio::time::sleep(Duration::from_millis(350)).await;
        assert_eq!(value::<u64>(&mut client, "SELECT total FROM orders WHERE id = 20").await, 50);
    }
    let prepared = client
        .exec_drop("/*+TDDL: SOCKET_TIMEOUT(300)*/ UPDATE orders SET total = ? WHERE id = 1", (0,))
        .await;
    match prepared {
        Err(mysql_async::Error::Server(e)) => assert_eq!(e.code, 3024, "{}", e.message),
        told => panic!("{told:?}"),
    }
    run(&mut holder, "ROLLBACK").await;
    run(&mut client, "/*+TDDL:SOCKET_TIMEOUT(20000)*/ UPDATE orders SET total = 51 WHERE id = 1").await;
    run(&mut client, "COMMIT").await;
    let sum: u64 = value(&mut client, "SELECT SUM(total) FROM orders").await;
    assert_eq!(sum, 7 * (ROWS - 2) + 50 + 51);
    assert_eq!(cluster.open_transactions(), 0);
}

#[tokio::test]
async fn what_a_hint_cannot_do_is_said() {
    let cluster = TestCluster::start();
    let mut client = shop(&cluster).await;
    for sql in [
        "/*+TDDL:BKA_JOIN(orders, items)*/ SELECT COUNT(*) FROM orders WHERE id = 1",
        "SELECT /*+TDDL:BKA_JOIN(orders, items)*/ COUNT(*) FROM orders",
        "/*+TDDL:BKA_JOIN(orders, items)*/ SELECT COUNT(*) FROM orders o JOIN customers c ON o.customer = c.id",
    ] {
        run(&mut client, sql).await;
        assert_eq!(client.get_warnings(), 1, "{sql}");
        let told = warnings(&mut client).await;
        assert_eq!(told.len(), 1, "{sql}: {told:?}");
        assert_eq!((told[0].0.as_str(), told[0].1), ("Warning", 1235));
        assert!(told[0].2.contains("BKA_JOIN"), "{told:?}");
    }
    run(&mut client, "SELECT COUNT(*) FROM orders").await;
    assert_eq!(warnings(&mut client).await, []);
    // Where rows come from makes no difference without replicas.
    for hint in ["master()", "slave()", "follower()", "slave() SQL_DELAY_CUTOFF(5)"] {
        assert_eq!(
            value::<u64>(&mut client, &format!("/*+TDDL:{hint}*/ SELECT COUNT(*) FROM orders")).await,
            ROWS
        );
        assert_eq!(warnings(&mut client).await, [], "{hint}");
    }
    for (sql, errno) in [
        ("/*+TDDL:ADD_LMT(1)*/ SELECT COUNT(*) FROM orders", 1235),
        ("/*+TDDL:something()*/ SELECT COUNT(*) FROM orders", 1235),
        ("/*+TDDL:{'type':'direct'}*/ SELECT COUNT(*) FROM orders", 1235),
        ("SELECT COUNT(*) /*+TDDL:node(0)*/ FROM orders", 1235),
        ("/*+TDDL:node(0*/ SELECT 1", 1064),
    ] {
        assert_eq!(refused(&mut client, sql).await.0, errno, "{sql}");
    }
    // Several statements in one text: a hint is its own statement's.
    let mut result = client
        .query_iter("/*+TDDL:scan()*/ SELECT COUNT(*) FROM orders; SELECT COUNT(*) FROM orders; /*+TDDL:scan()*/ SELECT 1 FROM orders WHERE id = 1")
        .await
        .unwrap();
    assert_eq!(result.collect::<u64>().await.unwrap().len(), 4);
    assert_eq!(result.collect::<u64>().await.unwrap(), [ROWS]);
    assert_eq!(result.collect::<u64>().await.unwrap(), [1]);
    drop(result);
    // A comment that only looks like one.
    assert_eq!(value::<String>(&mut client, "SELECT '/*+TDDL:node(0)*/'").await, "/*+TDDL:node(0)*/");
}
