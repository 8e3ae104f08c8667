//! LOCK TABLES, on MySQL.

use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::TestCluster;

use super::pair;
use crate::table_locks::{locks_exclude, statements_under_locks};

#[tokio::test]
async fn statements_under_locks_answer_as_on_one_mysql_server() {
    let mut pair = pair().await;
    statements_under_locks(&mut pair).await;
}

#[tokio::test]
async fn locks_exclude_other_sessions_on_mysql() {
    locks_exclude(&TestCluster::of(&[ServerKind::MySql])).await;
}
