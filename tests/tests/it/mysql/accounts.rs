//! Accounts of a real MySQL server, brought over by their hashes.

use std::process::Command;

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{run, value};

use super::pair;
use crate::accounts::log_in;

/// The mariadb command line client with TLS, or without.
fn logs_in(port: u16, password: &str, tls: bool) -> bool {
    let mut client = Command::new("mariadb");
    client.args(["-h", "127.0.0.1", "-P", &port.to_string(), "-u", "moved", "-N"]);
    client.arg(format!("--password={password}")).args(["-e", "SELECT CURRENT_USER()"]);
    client.arg(if tls { "--ssl" } else { "--skip-ssl" });
    let output = client.output().expect("tools/setup test installs the client");
    output.status.success() && ostrakon_tests::program::text(&output).contains("moved@%")
}

#[tokio::test]
async fn an_account_of_a_server_logs_in_with_its_password() {
    let mut pair = pair().await;
    let port = pair.cluster.port();
    run(&mut pair.plain, "CREATE USER moved IDENTIFIED WITH caching_sha2_password BY 'Pw1#aÄ'").await;
    let hash: Vec<u8> =
        value(&mut pair.plain, "SELECT authentication_string FROM mysql.user WHERE user = 'moved'").await;
    let digits: String = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    run(&mut pair.node, &format!("CREATE USER moved IDENTIFIED WITH 'caching_sha2_password' AS 0x{digits}"))
        .await;
    // The client has to send the password itself, which it does by TLS alone.
    assert!(log_in(port, "moved", "Pw1#aÄ", None).await.is_err());
    assert!(!logs_in(port, "wrong", true));
    assert!(!logs_in(port, "Pw1#aÄ", false));
    assert!(logs_in(port, "Pw1#aÄ", true));
    // Now the node knows what a scramble is checked against.
    assert!(log_in(port, "moved", "Pw1#aÄ", None).await.is_ok());
    assert_eq!(log_in(port, "moved", "wrong", None).await.err(), Some(1045));
    // As MySQL prints it, with another password.
    run(&mut pair.plain, "ALTER USER moved IDENTIFIED BY 'other'").await;
    run(&mut pair.plain, "SET print_identified_with_as_hex = ON").await;
    let printed: String = value(&mut pair.plain, "SHOW CREATE USER moved").await;
    run(&mut pair.node, "DROP USER moved").await;
    run(&mut pair.node, &printed).await;
    assert!(log_in(port, "moved", "Pw1#aÄ", None).await.is_err());
    assert!(!logs_in(port, "Pw1#aÄ", true));
    assert!(logs_in(port, "other", true));
    assert!(log_in(port, "moved", "other", None).await.is_ok());
    // What MySQL says that its administrator may do is understood.
    let granted: Vec<String> = pair.plain.query("SHOW GRANTS").await.unwrap();
    for grant in granted.iter().filter(|grant| !grant.contains("PROXY")) {
        let (privileges, to) = grant.rsplit_once(" TO ").expect("a grant");
        let option = if to.contains("WITH GRANT OPTION") { " WITH GRANT OPTION" } else { "" };
        run(&mut pair.node, &format!("{privileges} TO moved{option}")).await;
    }
    let granted: Vec<String> = pair.node.query("SHOW GRANTS FOR moved").await.unwrap();
    assert_eq!(granted, ["GRANT ALL PRIVILEGES ON *.* TO `moved`@`%` WITH GRANT OPTION"]);
}
