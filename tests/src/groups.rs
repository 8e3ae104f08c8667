//! Which keys of a table are in which group, as EXPLAIN says.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

/// One key of `table` (its shard key is `id`) for each group that keys from 0 upwards reach, in the order of the groups' names.
pub async fn key_of_each_group(client: &mut Conn, table: &str, groups: usize) -> Vec<i64> {
    let mut keys: Vec<(String, i64)> = Vec::new();
    for id in 0..1000 {
        if keys.len() == groups {
            break;
        }
        let explain = format!("EXPLAIN SELECT * FROM {table} WHERE id = {id}");
        let explained: Vec<Row> = client.query(explain).await.unwrap();
        let group: String = explained[0].get(0).unwrap();
        if !keys.iter().any(|(known, _)| *known == group) {
            keys.push((group, id));
        }
    }
    assert_eq!(keys.len(), groups, "a thousand keys reach no more groups");
    keys.sort();
    keys.into_iter().map(|(_, id)| id).collect()
}
