//! SHOW and DESCRIBE tell logical objects as one server would; DRDS's own SHOWs have DRDS's columns; EXPLAIN says the route.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, run};
use ostrakon_tests::pair::Pair;

const TABLE: &str = "CREATE TABLE t (id BIGINT NOT NULL AUTO_INCREMENT, name VARCHAR(40) DEFAULT 'x' COMMENT 'a name', \
                     at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (id), KEY by_name (name, at))";

#[tokio::test]
async fn columns_and_indexes_are_told_as_by_one_server() {
    let mut pair = Pair::start().await;
    pair.create(TABLE, "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2").await;
    pair.create("CREATE TABLE other (id INT)", "SINGLE").await;
    for sql in [
        "SHOW TABLES",
        "SHOW TABLES LIKE 't%'",
        "SHOW FULL TABLES",
        "SHOW TABLES FROM app",
        "SHOW COLUMNS FROM t",
        "SHOW COLUMNS FROM t LIKE 'n%'",
        "SHOW FULL COLUMNS FROM t",
        "DESCRIBE t",
        "DESC app.t",
        "DESC t name",
        "DESC nothing",
        "SHOW CREATE TABLE nothing",
    ] {
        pair.same_labels(sql).await;
    }
}

async fn labels(client: &mut Conn, sql: &str) -> (Vec<String>, Vec<Row>) {
    let result = client.query_iter(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let labels = result.columns_ref().iter().map(|column| column.name_str().into_owned()).collect();
    let mut result = result;
    let rows = result.collect().await.unwrap();
    (labels, rows)
}

#[tokio::test]
async fn drds_commands_have_their_columns() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2"))
        .await;
    run(&mut client, "CREATE TABLE b (id INT PRIMARY KEY) BROADCAST").await;
    let expected: &[(&str, &str, usize)] = &[
        (
            "SHOW RULE FROM t",
            "ID,TABLE_NAME,BROADCAST,DB_PARTITION_KEY,DB_PARTITION_POLICY,DB_PARTITION_COUNT,TB_PARTITION_KEY,TB_PARTITION_POLICY,TB_PARTITION_COUNT",
            1,
        ),
        ("SHOW TOPOLOGY FROM t", "ID,GROUP_NAME,TABLE_NAME", 8),
        ("SHOW TOPOLOGY FROM b", "ID,GROUP_NAME,TABLE_NAME", 4),
        ("SHOW BROADCASTS", "ID,TABLE_NAME", 1),
        ("SHOW NODE", "ID,NAME,MASTER_READ_COUNT,SLAVE_READ_COUNT,MASTER_READ_PERCENT,SLAVE_READ_PERCENT", 4),
    ];
    for (sql, columns, count) in expected {
        let (labels, rows) = labels(&mut client, sql).await;
        assert_eq!(labels.join(","), *columns, "{sql}");
        assert_eq!(rows.len(), *count, "{sql}");
    }
    let (_, sequences) = labels(&mut client, "SHOW SEQUENCES").await;
    assert_eq!(sequences.len(), 1);
    let (_, rules) = labels(&mut client, "SHOW RULE").await;
    assert_eq!(rules.len(), 2);
}

#[tokio::test]
async fn show_create_table_can_be_run_again_and_gives_the_same_table() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    for (name, clause) in [
        ("a", "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2"),
        ("b", "BROADCAST"),
        ("c", "DBPARTITION BY HASH(id)"),
    ] {
        run(&mut client, &format!("{} {clause}", TABLE.replace("TABLE t", &format!("TABLE {name}")))).await;
        let show = format!("SHOW CREATE TABLE {name}");
        let (_, first): (String, String) = client.query_first(show.as_str()).await.unwrap().unwrap();
        assert!(first.to_uppercase().contains(clause.split(' ').next().unwrap()), "{first}");
        run(&mut client, &format!("DROP TABLE {name}")).await;
        run(&mut client, &first).await;
        let (_, second): (String, String) = client.query_first(show.as_str()).await.unwrap().unwrap();
        assert_eq!(first, second);
    }
}

async fn explain(client: &mut Conn, sql: &str) -> String {
    let (_, rows) = labels(client, &format!("EXPLAIN {sql}")).await;
    format!("{:?}", rows.into_iter().map(Row::unwrap).collect::<Vec<_>>()).to_lowercase()
}

#[tokio::test]
async fn explain_says_pass_or_merge() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    let one = explain(&mut client, "SELECT * FROM t WHERE id = 5").await;
    assert!(one.contains("pass") && !one.contains("merge"), "{one}");
    let many = explain(&mut client, "SELECT * FROM t ORDER BY name").await;
    assert!(many.contains("merge"), "{many}");
}

#[tokio::test]
async fn field_list_tells_the_columns_as_the_server_does() {
    use ostrakon_protocol::column::{ColumnDefinition, ColumnType};
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 2").await;
    let table = "CREATE TABLE f (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(20) DEFAULT 'x', price DECIMAL(8,2))";
    run(&mut client, &format!("{table} DBPARTITION BY HASH(id)")).await;
    let mut wire = ostrakon_tests::wire::Wire::log_in(cluster.port(), "app").await;
    wire.send_packet(0, b"\x04f\0").await;
    let mut columns = Vec::new();
    loop {
        let packet = wire.read_packet().await.expect("the node closed the connection");
        if packet.first() == Some(&0xFE) && packet.len() < 9 {
            break;
        }
        columns.push(packet);
    }
    let definitions: Vec<_> =
        columns.iter().map(|packet| ColumnDefinition::decode(packet).unwrap()).collect();
    let told: Vec<_> = definitions.iter().map(|d| (d.name, d.column_type, d.decimals, d.org_table)).collect();
    assert_eq!(
        told,
        [
            (&b"id"[..], ColumnType::LONGLONG, 0, &b"f"[..]),
            (b"name", ColumnType::VAR_STRING, 0, b"f"),
            (b"price", ColumnType::NEWDECIMAL, 2, b"f"),
        ]
    );
    assert_eq!(definitions[1].trailer, b"\x01x");
}
