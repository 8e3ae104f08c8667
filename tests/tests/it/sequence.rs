//! AUTO_INCREMENT and LAST_INSERT_ID(): unique over all groups, and told as one MySQL would.

use std::collections::BTreeSet;

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, run, value};

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
