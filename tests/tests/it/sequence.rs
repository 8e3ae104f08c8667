//! Sequences, AUTO_INCREMENT and LAST_INSERT_ID(): unique over all groups, and told as one MySQL would.

use std::collections::BTreeSet;

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};

const TABLE: &str = "CREATE TABLE a (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT)";

#[tokio::test]
async fn generated_keys_are_unique_over_clients_and_the_ok_packet_agrees_with_the_function() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    let mut other = cluster.client(Some("app")).await;
    let mut seen = BTreeSet::new();
    for round in 0..50 {
        let writer = if round % 2 == 0 { &mut client } else { &mut other };
        run(writer, &format!("INSERT INTO a (v) VALUES ({round})")).await;
        let packet = writer.last_insert_id().expect("an id was made");
        assert_eq!(value::<u64>(writer, "SELECT LAST_INSERT_ID()").await, packet);
        assert_eq!(value::<i32>(writer, &format!("SELECT v FROM a WHERE id = {packet}")).await, round);
        assert!(seen.insert(packet), "{packet} was given twice");
    }
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM a").await, 50);
}

#[tokio::test]
async fn a_multi_row_insert_reports_its_first_id_and_takes_consecutive_ones() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    run(&mut client, "INSERT INTO a (v) VALUES (1), (2), (3), (4), (5)").await;
    let first = client.last_insert_id().expect("an id was made");
    let ids: Vec<(u64, i32)> = client.query("SELECT id, v FROM a ORDER BY id").await.unwrap();
    let expected: Vec<(u64, i32)> = (0..5).map(|n| (first + n as u64, n + 1)).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn zero_null_and_default_ask_for_a_key_and_a_given_key_is_kept() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    run(&mut client, "INSERT INTO a VALUES (5, 50)").await;
    assert_eq!(value::<i32>(&mut client, "SELECT v FROM a WHERE id = 5").await, 50);
    for asking in ["0", "NULL", "DEFAULT"] {
        run(&mut client, &format!("INSERT INTO a VALUES ({asking}, 1)")).await;
        let id = client.last_insert_id().expect("an id was made");
        assert_ne!(id, 5);
        assert_eq!(
            value::<i32>(&mut client, &format!("SELECT v FROM a WHERE id = {id}")).await,
            1,
            "{asking}"
        );
    }
    run(&mut client, "SET sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')").await;
    run(&mut client, "INSERT INTO a VALUES (0, 9)").await;
    assert_eq!(value::<i32>(&mut client, "SELECT v FROM a WHERE id = 0").await, 9);
}

#[tokio::test]
async fn last_insert_id_is_the_sessions_own_and_survives_other_statements() {
    let cluster = TestCluster::start();
    let mut one = cluster.database("app", "").await;
    run(&mut one, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    let mut two = cluster.client(Some("app")).await;
    run(&mut one, "INSERT INTO a (v) VALUES (1)").await;
    let id = one.last_insert_id().unwrap();
    run(&mut two, "INSERT INTO a (v) VALUES (2)").await;
    run(&mut one, "SELECT COUNT(*) FROM a").await;
    run(&mut one, "UPDATE a SET v = 3").await;
    assert_eq!(value::<u64>(&mut one, "SELECT LAST_INSERT_ID()").await, id);
    assert_eq!(value::<u64>(&mut one, "SELECT id FROM a WHERE id = LAST_INSERT_ID()").await, id);
    let mut three = cluster.client(Some("app")).await;
    assert_eq!(value::<u64>(&mut three, "SELECT LAST_INSERT_ID()").await, 0);
}

#[tokio::test]
async fn keys_are_unique_after_a_kill_of_the_node() {
    let mut cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    for round in 0..3 {
        for _ in 0..5 {
            run(&mut client, &format!("INSERT INTO a (v) VALUES ({round})")).await;
        }
        cluster.cluster.node_mut().restart().unwrap();
        client = cluster.client(Some("app")).await;
    }
    // A key given twice would have failed with 1062, or shown as two rows here.
    let ids: Vec<u64> = client.query("SELECT id FROM a").await.unwrap();
    assert_eq!(ids.len(), 15);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>().len(), 15);
}

#[tokio::test]
async fn a_generated_value_never_meets_an_explicit_one_of_the_same_statement() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE au (id BIGINT AUTO_INCREMENT PRIMARY KEY, c INT) DBPARTITION BY HASH(c)")
        .await;
    run(&mut client, "INSERT INTO au VALUES (NULL, 1), (2, 2), (NULL, 3)").await;
    run(&mut client, "INSERT INTO au (c) VALUES (4), (5)").await;
    run(&mut client, "INSERT INTO au VALUES (500, 6)").await;
    run(&mut client, "INSERT INTO au (c) VALUES (7)").await;
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM au").await, 7);
    let ids: Vec<u64> = client.query("SELECT id FROM au ORDER BY id").await.unwrap();
    let mut distinct = ids.clone();
    distinct.dedup();
    assert_eq!(ids, distinct, "an id is there twice");
    assert!(value::<u64>(&mut client, "SELECT id FROM au WHERE c = 7").await > 500);
}

#[tokio::test]
async fn sequences_of_each_kind_are_made_shown_altered_and_dropped() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE SEQUENCE g").await;
    run(&mut client, "CREATE GROUP SEQUENCE u START WITH 5 UNIT COUNT 3 INDEX 1").await;
    run(&mut client, "CREATE SIMPLE SEQUENCE s START WITH 10 INCREMENT BY 5 MAXVALUE 25 CYCLE").await;
    run(&mut client, "CREATE TIME SEQUENCE t").await;
    let shown: Vec<mysql_async::Row> = client.query("SHOW SEQUENCES").await.unwrap();
    let texts = |row: mysql_async::Row| row.unwrap().into_iter().map(text).collect::<Vec<_>>().join(" ");
    let shown: Vec<String> = shown.into_iter().map(texts).collect();
    assert_eq!(
        shown,
        [
            "g 1 1 0 100000 N/A N/A N/A N/A GROUP",
            "s 10 N/A N/A N/A 5 10 25 Y SIMPLE",
            "t N/A N/A N/A N/A N/A N/A N/A N/A TIME",
            "u 5 3 1 100000 N/A N/A N/A N/A GROUP",
        ]
    );
    let names = async |client: &mut mysql_async::Conn, clauses: &str| -> Vec<String> {
        let rows: Vec<mysql_async::Row> = client.query(format!("SHOW SEQUENCES {clauses}")).await.unwrap();
        rows.into_iter().map(|row| text(row.unwrap().remove(0))).collect()
    };
    assert_eq!(names(&mut client, "LIKE 'g%'").await, ["g"]);
    assert_eq!(names(&mut client, "WHERE TYPE = 'GROUP' ORDER BY NAME DESC").await, ["u", "g"]);
    assert_eq!(names(&mut client, "ORDER BY NAME DESC LIMIT 1, 2").await, ["t", "s"]);
    assert_eq!(value::<u64>(&mut client, "SELECT u.NEXTVAL").await, 100_001, "the first block is another's");
    let values: Vec<u64> = client.query("SELECT s.NEXTVAL FROM dual WHERE COUNT = 6").await.unwrap();
    assert_eq!(values, [10, 15, 20, 25, 10, 15]);
    run(&mut client, "ALTER SEQUENCE s START WITH 20 NOCYCLE").await;
    assert_eq!(value::<u64>(&mut client, "SELECT app.s.nextval").await, 20);
    assert_eq!(value::<u64>(&mut client, "SELECT s.NEXTVAL").await, 25);
    assert_eq!(refused(&mut client, "SELECT s.NEXTVAL").await.0, 4084);
    run(&mut client, "ALTER SEQUENCE s CHANGE TO GROUP START WITH 1000").await;
    assert_eq!(value::<u64>(&mut client, "SELECT s.NEXTVAL").await, 1000);
    assert_eq!(refused(&mut client, "ALTER SEQUENCE u CHANGE TO SIMPLE START WITH 1").await.0, 4082);
    run(&mut client, "CONVERT ALL SEQUENCES FROM GROUP TO SIMPLE").await;
    assert!(value::<u64>(&mut client, "SELECT s.NEXTVAL").await > 1000);
    assert_eq!(names(&mut client, "WHERE TYPE = 'SIMPLE'").await, ["g", "s"], "units stay as they are");
    assert_eq!(refused(&mut client, "CREATE SEQUENCE g").await.0, 1050);
    run(&mut client, "CREATE SEQUENCE IF NOT EXISTS g").await;
    run(&mut client, "DROP SEQUENCE g").await;
    assert_eq!(refused(&mut client, "DROP SEQUENCE g").await.0, 4091);
    run(&mut client, "DROP SEQUENCE IF EXISTS g").await;
    assert_eq!(refused(&mut client, "SELECT g.NEXTVAL").await.0, 4091);
    assert_eq!(refused(&mut client, "SELECT g.NEXTVAL + 1").await.0, 4091);
}

fn text(value: mysql_async::Value) -> String {
    match value {
        mysql_async::Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    }
}

#[tokio::test]
async fn next_values_have_drdss_labels_and_stand_in_expressions() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE SEQUENCE s").await;
    let labels = async |client: &mut mysql_async::Conn, sql: &str| -> (Vec<String>, Vec<u64>) {
        let row: mysql_async::Row = client.query_first(sql).await.unwrap().unwrap();
        let labels = row.columns_ref().iter().map(|c| c.name_str().into_owned()).collect();
        let values = (0..row.len()).map(|at| row.get::<u64, _>(at).unwrap()).collect();
        (labels, values)
    };
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let found = labels(&mut client, "SELECT s.nextval, app.s.NEXTVAL AS b, s.NEXTVAL c FROM DUAL").await;
    assert_eq!(found, (named(&["S.NEXTVAL", "b", "c"]), vec![1, 2, 3]));
    let found = labels(&mut client, "SELECT s.nextval, s.NEXTVAL + 100, 7").await;
    assert_eq!(found, (named(&["S.NEXTVAL", "s.NEXTVAL + 100", "7"]), vec![4, 105, 7]));
    let prepared: Option<(u64, u64)> =
        client.exec_first("SELECT s.NEXTVAL, s.NEXTVAL + ?", (10,)).await.unwrap();
    assert_eq!(prepared, Some((6, 17)));
    let prepared: Vec<u64> = client.exec("SELECT s.NEXTVAL FROM dual WHERE COUNT = 3", ()).await.unwrap();
    assert_eq!(prepared, [8, 9, 10]);
    run(&mut client, "CREATE TABLE t (id BIGINT PRIMARY KEY, n INT) DBPARTITION BY HASH(id)").await;
    for sql in [
        "SELECT s.NEXTVAL FROM t",
        "SELECT (SELECT s.NEXTVAL)",
        "SELECT s.NEXTVAL UNION SELECT 1",
        "SELECT 1 WHERE s.NEXTVAL = 1",
        "SELECT s.NEXTVAL, 1 FROM dual WHERE COUNT = 2",
        "UPDATE t SET n = s.NEXTVAL",
        "DELETE FROM t WHERE id = s.NEXTVAL",
        "INSERT INTO t VALUES (1, 2) ON DUPLICATE KEY UPDATE n = s.NEXTVAL",
        "INSERT INTO t SELECT s.NEXTVAL, 1",
        "SELECT s.CURRVAL",
        "SELECT s.NEXTVAL WHERE COUNT = 100001",
    ] {
        assert_eq!(refused(&mut client, sql).await.0, 1235, "{sql}");
    }
    assert_eq!(value::<u64>(&mut client, "SELECT s.NEXTVAL").await, 11, "what is refused takes nothing");
}

#[tokio::test]
async fn next_values_are_inserted_also_as_the_shard_key() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE SEQUENCE s").await;
    run(&mut client, "CREATE TIME SEQUENCE ts").await;
    for (table, clause) in [("h", "DBPARTITION BY HASH(id)"), ("b", "BROADCAST"), ("o", "SINGLE")] {
        run(&mut client, &format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY, n BIGINT, i INT) {clause}"))
            .await;
        let before: u64 = value(&mut client, "SELECT s.NEXTVAL").await;
        let sql = format!("INSERT INTO {table} VALUES (s.NEXTVAL, s.NEXTVAL * 10, 1), (s.NEXTVAL, 0, 2)");
        run(&mut client, &sql).await;
        let insert = format!("INSERT INTO {table} (i, id) VALUES (?, s.NEXTVAL), (?, app.s.NEXTVAL)");
        client.exec_drop(&insert, (3, 4)).await.unwrap();
        client.exec_drop(&insert, (5, 6)).await.unwrap();
        run(&mut client, &format!("INSERT INTO {table} SET i = 7, id = s.NEXTVAL")).await;
        let rows: Vec<(u64, i32)> =
            client.query(format!("SELECT id, i FROM {table} ORDER BY i")).await.unwrap();
        let expected = [1, 3, 4, 5, 6, 7, 8].map(|n| before + n);
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), expected, "{table}");
        for (id, i) in rows {
            let found: Option<i32> =
                client.query_first(format!("SELECT i FROM {table} WHERE id = {id}")).await.unwrap();
            assert_eq!(found, Some(i), "{table}");
        }
        assert_eq!(
            value::<u64>(&mut client, &format!("SELECT n FROM {table} WHERE i = 1")).await,
            (before + 2) * 10
        );
        run(&mut client, &format!("INSERT INTO {table} VALUES (ts.NEXTVAL, 0, 8)")).await;
        let narrow = format!("INSERT INTO {table} VALUES (1, 0, ts.NEXTVAL)");
        assert_eq!(refused(&mut client, &narrow).await.0, 1235);
    }
}

#[tokio::test]
async fn an_auto_increment_column_names_its_kind_and_shows_it() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    let create = async |client: &mut mysql_async::Conn, table: &str, by: &str, data_type: &str| {
        let sql = format!(
            "CREATE TABLE {table} (id {data_type} NOT NULL AUTO_INCREMENT BY {by} PRIMARY KEY, v INT) DBPARTITION BY HASH(v)"
        );
        client.query_drop(sql).await
    };
    for (table, by) in [("s", "SIMPLE"), ("t", "TIME"), ("u", "GROUP UNIT COUNT 2 INDEX 1")] {
        create(&mut client, table, by, "BIGINT").await.unwrap();
        let shown: (String, String) =
            client.query_first(format!("SHOW CREATE TABLE {table}")).await.unwrap().unwrap();
        assert!(shown.1.contains(&format!("AUTO_INCREMENT BY {by},")), "{}", shown.1);
        run(&mut client, &format!("INSERT INTO {table} (v) VALUES (1), (2), (3)")).await;
        let next = format!("SELECT AUTO_SEQ_{table}.NEXTVAL > MAX(id) FROM {table}");
        assert_eq!(refused(&mut client, &next).await.0, 1235);
        let next: u64 = value(&mut client, &format!("SELECT AUTO_SEQ_{table}.NEXTVAL")).await;
        assert!(next > value::<u64>(&mut client, &format!("SELECT MAX(id) FROM {table}")).await);
    }
    let ids: Vec<u64> = client.query("SELECT id FROM s WHERE v > 0 ORDER BY id").await.unwrap();
    assert_eq!(ids, [1, 2, 3]);
    let ids: Vec<u64> = client.query("SELECT id FROM u WHERE v > 0 ORDER BY id").await.unwrap();
    assert_eq!(ids, [100_001, 100_002, 100_003]);
    let ids: Vec<u64> = client.query("SELECT id FROM t WHERE v > 0 ORDER BY id").await.unwrap();
    assert!(ids[0] > 1 << 58 && ids.len() == 3, "{ids:?}");
    assert_eq!(value::<u64>(&mut client, "SELECT LAST_INSERT_ID() > 0").await, 1);
    assert!(create(&mut client, "n", "TIME", "INT").await.unwrap_err().to_string().contains("1063"));
    let single = "CREATE TABLE o (id BIGINT AUTO_INCREMENT BY SIMPLE PRIMARY KEY) SINGLE";
    assert_eq!(refused(&mut client, single).await.0, 1235);
    // What SHOW CREATE TABLE printed makes the same table.
    let shown: (String, String) = client.query_first("SHOW CREATE TABLE u").await.unwrap().unwrap();
    run(&mut client, "DROP TABLE u").await;
    run(&mut client, &shown.1).await;
    let again: (String, String) = client.query_first("SHOW CREATE TABLE u").await.unwrap().unwrap();
    assert_eq!(again.1, shown.1);
}

#[tokio::test]
async fn a_fast_sequence_is_fetched_ahead() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE SEQUENCE s").await;
    let started = std::time::Instant::now();
    let mut last = 0;
    while started.elapsed() < std::time::Duration::from_secs(2) {
        let values: Vec<u64> = client.query("SELECT s.NEXTVAL FROM dual WHERE COUNT = 100").await.unwrap();
        assert!(values[0] > last && values.len() == 100);
        last = values[99];
        // Slow enough for the slowest disk, and still many ranges.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let held: mysql_async::Row = client.query_first("INSPECT SEQUENCE RANGE FOR s").await.unwrap().unwrap();
    let (leases, waits): (u64, u64) = (held.get("LEASES").unwrap(), held.get("WAITS").unwrap());
    assert!(leases > 2, "{leases} leases");
    assert!(waits <= 3, "{waits} waits in {leases} leases");
    run(&mut client, "CLEAR SEQUENCE CACHE FOR s").await;
    let held: mysql_async::Row = client.query_first("INSPECT SEQUENCE RANGE FOR s").await.unwrap().unwrap();
    assert_eq!(held.get::<String, _>("RANGE").unwrap(), "");
    assert!(value::<u64>(&mut client, "SELECT s.NEXTVAL").await > last);
}
