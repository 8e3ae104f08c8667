//! The bank on both families at once: a branch on MySQL and one on MariaDB, of servers that die.

use ostrakon::dev::server::ServerKind::{MariaDb, MySql};

use crate::bank;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bank_over_a_mysql_and_a_mariadb_server_loses_nothing_and_halves_nothing() {
    bank::over_groups(&[MySql, MariaDb], 4).await;
}
