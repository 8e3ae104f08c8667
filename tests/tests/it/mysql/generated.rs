//! Random statements on MySQL, of seeds whose answers no plan of the server's decides (`make diff SERVERS=mysql` plays others).

use ostrakon::dev::server::ServerKind::MySql;

use crate::generated::{SCENARIOS_IN_TEST, play};

/// Tables that are played with.
const SEEDS: u64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_statements_are_answered_as_one_mysql_server_answers_or_refused() {
    play(MySql, FIRST_SEED, SEEDS, SCENARIOS_IN_TEST).await;
}

const FIRST_SEED: u64 = 1;
