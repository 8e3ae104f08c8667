//! Subqueries that MySQL answers wrongly over temporary tables by a plan that one server does not take for its tables.

use super::pair;

#[tokio::test]
async fn a_subquery_in_the_condition_of_an_outer_join_gives_no_row_twice() {
    let mut pair = pair().await;
    pair.create(
        "CREATE TABLE a (id INT, k INT NOT NULL, v BIGINT, d DATE, p INT, PRIMARY KEY (k, id))",
        "DBPARTITION BY HASH(k)",
    )
    .await;
    pair.create(
        "CREATE TABLE b (id INT, k INT)",
        "DBPARTITION BY HASH(k) TBPARTITION BY HASH(k) TBPARTITIONS 2",
    )
    .await;
    pair.prepare(
        "INSERT INTO a VALUES (4, 2, 6, '2024-01-01', 6), (6, -1, -5, '2024-03-06', 19), (7, 1, 6, '2024-02-29', 8), (8, 9, 9, '2024-01-01', NULL), \
         (9, 12, 100, '2024-01-01', 13), (10, 12, 0, '2023-12-31', 16), (11, 5, NULL, NULL, 16), (12, 9, 5, '2025-01-05', 8)",
    )
    .await;
    pair.prepare("INSERT INTO b VALUES (4, 2), (6, 100), (19, 6), (20, 9), (21, 2)").await;
    let sql = "SELECT SUM(a.k) OVER (PARTITION BY a.d) FROM a RIGHT JOIN a r ON EXISTS \
               (SELECT x.d FROM a x JOIN b y ON y.k = x.k JOIN a z ON x.v = z.p) WHERE r.v = 9";
    pair.same_set(sql).await;
}
