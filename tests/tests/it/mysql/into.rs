//! SELECT ... INTO user variables, on MySQL.

use super::pair;
use crate::into::variables_are_set;

#[tokio::test]
async fn variables_are_set_as_on_one_mysql_server() {
    variables_are_set(&mut pair().await).await;
}
