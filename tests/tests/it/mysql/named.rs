//! PREPARE, EXECUTE and DEALLOCATE PREPARE as SQL, on MySQL.

use ostrakon_tests::cluster::{refused, run};

use super::pair;
use crate::named::{statements_keep_their_database, statements_with_names};

#[tokio::test]
async fn statements_with_names_answer_as_on_one_mysql_server() {
    let mut pair = pair().await;
    statements_with_names(&mut pair).await;
    let client = &mut pair.node;
    run(client, "PREPARE typed FROM 'SELECT v / ? FROM t'").await;
    let (errno, message) = refused(client, "EXECUTE typed USING @five").await;
    assert_eq!(errno, 1235, "{message}");
    for sql in ["PREPARE x FROM CONCAT('SELECT ', 1)", "EXECUTE s USING 1, 2", "EXECUTE IMMEDIATE 'SELECT 1'"]
    {
        assert_eq!(refused(client, sql).await.0, 1064, "{sql}");
        assert_eq!(refused(&mut pair.plain, sql).await.0, 1064, "{sql}");
    }
}

#[tokio::test]
async fn a_statement_keeps_the_database_that_it_was_prepared_in_on_mysql() {
    let mut pair = pair().await;
    statements_keep_their_database(&mut pair).await;
}
