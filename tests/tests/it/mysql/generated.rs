//! Random statements on MySQL, of seeds whose answers no plan of the server's decides (`make diff SERVERS=mysql` plays others).

use ostrakon::dev::server::ServerKind::MySql;

use crate::generated::{SCENARIOS_IN_TEST, play};

/// The first of the seeds, and how many.
const SEEDS: (u64, u64) = (950_113, 3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_statements_are_answered_as_one_mysql_server_answers_or_refused() {
    play(MySql, SEEDS.0, SEEDS.1, SCENARIOS_IN_TEST).await;
}
