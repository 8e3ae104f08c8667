//! The hand-written cases on MySQL: `tests/data/shop/known/mysql.txt` lists what is refused or differs.

use ostrakon::dev::server::ServerKind::MySql;

#[tokio::test]
async fn every_case_is_answered_as_one_mysql_server_answers() {
    crate::shop::run_all(MySql).await;
}
