//! Session tracking, on MySQL.

use super::pair;
use crate::tracking::changes_are_told;

#[tokio::test]
async fn changes_are_told_as_by_one_mysql_server() {
    changes_are_told(&mut pair().await).await;
}
