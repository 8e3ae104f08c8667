//! CHECK CLUSTER finds what was broken on purpose, names it, and is content with a sound cluster.

use std::os::unix::fs::PermissionsExt;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, run};

use super::{key_file, ostrakon};

/// (check, object) -> (status, found).
async fn checked(client: &mut Conn) -> Vec<[String; 4]> {
    let rows: Vec<Row> = client.query("CHECK CLUSTER").await.unwrap();
    rows.iter()
        .map(|row| ["CHECK_NAME", "OBJECT", "STATUS", "FOUND"].map(|name| row.get(name).unwrap()))
        .collect()
}

fn row<'r>(rows: &'r [[String; 4]], check: &str, object: &str) -> &'r [String; 4] {
    rows.iter()
        .find(|row| row[0] == check && row[1] == object)
        .unwrap_or_else(|| panic!("{check} {object}: {rows:?}"))
}

fn bad(rows: &[[String; 4]]) -> Vec<(&str, &str, &str)> {
    let bad = rows.iter().filter(|row| row[2] != "ok");
    bad.map(|row| (row[0].as_str(), row[1].as_str(), row[2].as_str())).collect()
}

fn physical(client: &mut ostrakon::dev::client::Client, pattern: &str) -> Vec<String> {
    let answer = client.query(&format!("SHOW DATABASES LIKE '{pattern}'")).unwrap();
    answer.rows.iter().map(|row| String::from_utf8(row[0].clone().unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn damage_is_found_and_named() {
    let mut cluster = TestCluster::start_with(|options| {
        // As many as the nodes may open and a few for the test.
        options.server_extra =
            vec!["--max-connections=1000".to_owned(), "--innodb-flush-log-at-trx-commit=1".to_owned()];
    });
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "ALTER CLUSTER SET voters = 1").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    run(&mut client, "CREATE TABLE b (id INT PRIMARY KEY) BROADCAST").await;
    let rows = checked(&mut client).await;
    let expected: [(&str, &str, &str); 0] = [];
    assert_eq!(bad(&rows), expected, "{rows:?}");
    assert_eq!(row(&rows, "missing_objects", "app")[3], "none of 8 tables");
    assert_eq!(ostrakon(&cluster, &["doctor"]).output().unwrap().status.code(), Some(0));

    // A table too few, a table and a database too many, another sql_mode, an account without PROCESS.
    let mut first = cluster.cluster.instances[0].connect().unwrap();
    let database = physical(&mut first, "app%").remove(0);
    let tables = first.query(&format!("SHOW TABLES FROM {database} LIKE 't%'")).unwrap();
    let table = String::from_utf8(tables.rows[0][0].clone().unwrap()).unwrap();
    first.query(&format!("DROP TABLE {database}.{table}")).unwrap();
    first.query(&format!("CREATE TABLE {database}.stranger (id INT)")).unwrap();
    first.query("CREATE DATABASE gone_ab12_0003").unwrap();
    let mut second = cluster.cluster.instances[1].connect().unwrap();
    second.query("SET GLOBAL sql_mode = 'ANSI_QUOTES'").unwrap();
    second.query("CREATE USER 'less'@'%' IDENTIFIED BY 'p'").unwrap();
    second
        .query("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, CREATE TEMPORARY TABLES, CREATE VIEW, LOCK TABLES ON *.* TO 'less'@'%'")
        .unwrap();
    // MySQL alone has it, and wants it.
    let _ = second.query("GRANT XA_RECOVER_ADMIN ON *.* TO 'less'@'%'");
    run(&mut client, "ALTER INSTANCE i2 USER='less' PASSWORD='p'").await;
    let key = key_file(&cluster);
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let rows = checked(&mut client).await;
    assert_eq!(
        bad(&rows),
        [
            ("key_file", "node 1", "error"),
            ("privileges", "i2", "warning"),
            ("sql_mode_equal", "instances", "warning"),
            ("missing_objects", "app", "error"),
            ("unknown_tables", "app", "warning"),
            ("unknown_databases", "i1", "warning"),
        ]
    );
    assert_eq!(row(&rows, "missing_objects", "app")[3], format!("{database}.{table}"));
    assert_eq!(row(&rows, "unknown_tables", "app")[3], format!("{database}.stranger"));
    assert_eq!(row(&rows, "unknown_databases", "i1")[3], "gone_ab12_0003");
    assert_eq!(row(&rows, "privileges", "i2")[3], "less lacks PROCESS");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();

    // A server that is down; the rest is checked all the same.
    cluster.cluster.instances[1].kill().unwrap();
    let rows = checked(&mut client).await;
    assert_eq!(row(&rows, "instance_reachable", "i2")[2], "error");
    assert_eq!(row(&rows, "missing_objects", "app")[3], format!("{database}.{table}"));
    let output = ostrakon(&cluster, &["doctor", "--output", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .any(|row| row["check_name"] == "instance_reachable" && row["status"] == "error")
    );
}
