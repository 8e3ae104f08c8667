//! LOAD DATA LOCAL INFILE, on MySQL.

use super::pair;
use crate::load_data::{allow_files, allow_files_of, files_are_loaded};

#[tokio::test]
async fn files_are_loaded_as_on_one_mysql_server() {
    let mut pair = pair().await;
    allow_files(&pair.cluster);
    allow_files_of(&pair.plain_server.instance);
    files_are_loaded(&mut pair).await;
}
