//! Deadlocks whose servers are MySQL's, and of both families.

use ostrakon::dev::server::ServerKind::{MariaDb, MySql};
use ostrakon_tests::cluster::TestCluster;

use crate::deadlock::rings_end;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_that_wait_crosswise_on_mysql_cost_one_victim() {
    rings_end(&TestCluster::of(&[MySql]), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_over_both_families_costs_one_victim() {
    rings_end(&TestCluster::of(&[MariaDb, MySql]), 2).await;
}
