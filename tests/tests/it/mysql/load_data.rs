//! LOAD DATA LOCAL INFILE, on MySQL.

use super::pair;
use crate::load_data::files_are_loaded;

#[tokio::test]
async fn files_are_loaded_as_on_one_mysql_server() {
    let mut pair = pair().await;
    // MySQL's servers take no files unless they are told to.
    for sql in ["SET GLOBAL local_infile = ON"] {
        for instance in &pair.cluster.cluster.instances {
            instance.connect().unwrap().query(sql).unwrap();
        }
        ostrakon_tests::cluster::run(&mut pair.plain, sql).await;
    }
    files_are_loaded(&mut pair).await;
}
