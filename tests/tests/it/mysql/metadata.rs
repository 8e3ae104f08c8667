//! What tools ask, which names reach a client, what can be prepared and SET, on MySQL.

use ostrakon::dev::server::ServerKind::MySql;

use crate::{physical_names, promises, tools, variables};

#[tokio::test]
async fn what_tools_ask_is_answered_as_by_one_mysql_server() {
    tools::tools_are_answered(MySql).await;
}

#[tokio::test]
async fn no_physical_name_reaches_a_client_on_mysql() {
    physical_names::nothing_leaks(MySql).await;
}

#[tokio::test]
async fn what_can_be_prepared_is_what_a_mysql_server_prepares() {
    promises::preparable(MySql).await;
}

#[tokio::test]
async fn what_cannot_be_set_changes_nothing_on_mysql() {
    promises::what_cannot_be_set(MySql).await;
}

#[tokio::test]
async fn variables_are_read_as_they_were_set_on_mysql() {
    variables::each_variable_is_read_as_it_was_set(MySql).await;
}
