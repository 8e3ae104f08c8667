//! Rows that are loaded into temporary tables of MySQL arrive bit for bit.

use ostrakon::dev::server::ServerKind::MySql;

use crate::gather_load;

#[tokio::test]
async fn every_type_arrives_in_a_file() {
    gather_load::every_type_arrives(MySql, true).await;
}

/// As MySQL is by default: it takes no files.
#[tokio::test]
async fn every_type_arrives_in_statements() {
    gather_load::every_type_arrives(MySql, false).await;
}

#[tokio::test]
async fn documents_that_cannot_travel_are_refused() {
    gather_load::documents_that_cannot_travel_are_refused(true).await;
    gather_load::documents_that_cannot_travel_are_refused(false).await;
}
