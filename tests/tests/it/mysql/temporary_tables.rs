//! Temporary tables, on MySQL.

use super::pair;
use crate::temporary_tables::temporary_tables;

#[tokio::test]
async fn temporary_tables_answer_as_on_one_mysql_server() {
    let mut pair = pair().await;
    temporary_tables(&mut pair).await;
}
