//! One instance of MariaDB and one of MySQL: not what is advised, and said so, but no answer is wrong for it.

use mysql_async::prelude::Queryable;
use ostrakon::dev::server::ServerKind::{MariaDb, MySql};
use ostrakon_tests::cluster::{TestCluster, refused, run, value};

use super::rows;

#[tokio::test]
async fn tables_over_both_families_hold_and_give_their_rows() {
    let cluster = TestCluster::of(&[MariaDb, MySql]);
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    for (table, clause) in [("s", "DBPARTITION BY HASH(id)"), ("b", "BROADCAST")] {
        let columns = "id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(8,2), at DATETIME(3), d DOUBLE";
        run(&mut client, &format!("CREATE TABLE {table} ({columns}) {clause}")).await;
        let values: Vec<String> = (0..60)
            .map(|id| {
                format!(
                    "({id}, '{}', {id}.25, '2026-01-{:02} 10:00:00.5', {id} / 3)",
                    ["a", "B", "ä", "b "][id % 4],
                    id % 28 + 1
                )
            })
            .collect();
        run(&mut client, &format!("INSERT INTO {table} VALUES {}", values.join(","))).await;
        assert_eq!(value::<u64>(&mut client, &format!("SELECT COUNT(*) FROM {table}")).await, 60);
        let groups: Vec<(String, u64, String)> = client
            .query(format!(
                "SELECT MIN(name), COUNT(*), SUM(price) FROM {table} GROUP BY name ORDER BY MIN(id)"
            ))
            .await
            .unwrap();
        let counted: Vec<u64> = groups.iter().map(|group| group.1).collect();
        // 'a' and 'ä' are equal, and so are 'B' and 'b '.
        assert_eq!(counted, [30, 30], "{groups:?}");
        let ordered: Vec<u32> =
            client.query(format!("SELECT id FROM {table} ORDER BY name, d DESC LIMIT 3")).await.unwrap();
        assert_eq!(ordered, [58, 56, 54]);
        run(
            &mut client,
            &format!("ALTER TABLE {table} ADD COLUMN extra INT DEFAULT 4, ADD KEY by_name (name)"),
        )
        .await;
        assert_eq!(value::<u64>(&mut client, &format!("SELECT SUM(extra) FROM {table}")).await, 240);
    }
    // What the two would make differently is refused, where one of them would not refuse it itself.
    for columns in ["id INT PRIMARY KEY, s VARCHAR(9) CHARACTER SET utf8mb4", "id INT PRIMARY KEY, j JSON"] {
        let (errno, text) = refused(&mut client, &format!("CREATE TABLE odd ({columns}) BROADCAST")).await;
        assert!(errno == 1235 && text.contains("collation"), "{errno} {text}");
    }
    let found = rows(&mut client, "CHECK CLUSTER", ["CHECK_NAME", "STATUS", "FOUND"]).await;
    let version = found.iter().find(|row| row[0] == "version_equal").unwrap();
    assert_eq!(version[1], "warning");
    assert!(version[2].contains("MariaDB") && version[2].contains("MySQL"), "{version:?}");
}
