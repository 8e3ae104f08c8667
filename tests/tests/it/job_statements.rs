//! Statements about DDL jobs: columns, errors, and that none of them is taken for something else.

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};

const DDL: &str = "JOB_ID,OBJECT_SCHEMA,OBJECT_NAME,JOB_TYPE,PHASE,STATE,PROGRESS,START_TIME,END_TIME,ELAPSED_TIME(MS),REMARK,PHY_PROCESS,\
                   BACKFILL_PROGRESS";

#[tokio::test]
async fn show_ddl_has_drds_columns() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 2").await;
    let full = format!("{DDL},PARENT_JOB_ID,SERVER,NEW_OBJECT_NAME,DDL_STMT");
    for (sql, expected) in [
        ("SHOW DDL", DDL),
        ("SHOW FULL DDL", full.as_str()),
        ("SHOW DDL WHERE STATE = 'PENDING'", DDL),
        ("SHOW DDL RESULT LIKE '1%'", "JOB_ID,SCHEMA_NAME,OBJECT_NAME,DDL_TYPE,RESULT_TYPE,RESULT_CONTENT"),
    ] {
        let result = client.query_iter(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let labels: Vec<_> = result.columns_ref().iter().map(|c| c.name_str().into_owned()).collect();
        assert_eq!(labels.join(","), expected, "{sql}");
        result.drop_result().await.unwrap();
    }
}

#[tokio::test]
async fn jobs_that_do_not_exist_are_errors_and_all_of_none_is_fine() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 2").await;
    for sql in
        ["RECOVER DDL 999", "ROLLBACK DDL 999", "CANCEL DDL 999", "REMOVE DDL 999", "RECOVER DDL 998, 999"]
    {
        let (errno, message) = refused(&mut client, sql).await;
        assert_eq!(errno, 1105, "{sql}");
        assert!(message.contains("no DDL job 99"), "{sql}: {message}");
    }
    for sql in ["RECOVER DDL ALL", "CANCEL DDL ALL", "REMOVE DDL ALL PENDING", "REMOVE DDL ALL COMPLETED"] {
        run(&mut client, sql).await;
    }
    for sql in ["CHANGE DDL 1", "INSPECT DDL CACHE", "CLEAR DDL CACHE"] {
        assert_eq!(refused(&mut client, sql).await.0, 1235, "{sql}");
    }
}

#[tokio::test]
async fn rollback_ddl_does_not_roll_a_transaction_back() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 2").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "BEGIN").await;
    run(&mut client, "INSERT INTO t VALUES (1, 1)").await;
    refused(&mut client, "ROLLBACK DDL 999").await;
    assert_eq!(refused(&mut client, "ROLLBACK DDL").await.0, 1064);
    run(&mut client, "COMMIT").await;
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t").await, 1);
}
