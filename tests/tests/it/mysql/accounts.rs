//! Accounts of a real MySQL server, brought over by their hashes.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use mysql_async::prelude::Queryable;
use ostrakon_protocol::Capabilities;
use ostrakon_protocol::auth::SALT_LENGTH;
use ostrakon_protocol::auth::caching_sha2::encrypt_password;
use ostrakon_protocol::handshake::{Greeting, HandshakeResponse};
use ostrakon_tests::cluster::{run, value};
use ostrakon_tests::pair::Pair;
use ostrakon_tests::wire::Wire;

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

/// A login up to where the server wants the password itself, and the salt to hide it with.
async fn asked(port: u16, user: &str) -> (Wire, [u8; SALT_LENGTH]) {
    let mut wire = Wire::connect(port).await;
    let greeting = Greeting::decode(&wire.read_packet().await.unwrap()).unwrap();
    let response = HandshakeResponse {
        capabilities: Capabilities::PROTOCOL_41 | Capabilities::SECURE_CONNECTION | Capabilities::PLUGIN_AUTH,
        max_packet: 1 << 24,
        charset: 45,
        username: user.to_owned(),
        auth_response: vec![7; 32],
        database: None,
        plugin: Some("caching_sha2_password".to_owned()),
        attributes: Vec::new(),
        zstd_level: None,
    };
    let mut payload = Vec::new();
    response.encode(&mut payload);
    wire.send_packet(1, &payload).await;
    assert_eq!(wire.read_packet().await.unwrap(), [1, 4], "{user}");
    (wire, greeting.salt)
}

/// Whether the answer is OK; else it is error 1045, and the connection is closed.
async fn is_let_in(wire: &mut Wire) -> bool {
    let answer = wire.read_packet().await.expect("an answer");
    if answer[0] == 0 {
        return true;
    }
    assert_eq!(&answer[..3], [0xff, 0x15, 0x04], "{}", String::from_utf8_lossy(&answer));
    assert_eq!(wire.read_to_end().await, 0);
    false
}

/// The exchange under the node's key, packet by packet, by accounts that nobody has logged in to yet.
async fn raw_logins(pair: &mut Pair, hash: &str) {
    let port = pair.cluster.port();
    let mut accounts = 0;
    let shown: (String, String) = pair
        .node
        .query_first("SHOW STATUS LIKE 'caching\\_sha2\\_password\\_rsa\\_public\\_key'")
        .await
        .unwrap()
        .expect("MySQL has this status");
    let pem = shown.1.as_bytes();
    let good = |password: &[u8], salt: &[u8; SALT_LENGTH]| encrypt_password(password, salt, pem).unwrap();
    type Send<'s> = &'s dyn Fn(&[u8; SALT_LENGTH]) -> Vec<u8>;
    let cases: [(&str, bool, Send<'_>, bool); 9] = [
        ("the password", true, &|salt| good("Pw1#aÄ".as_bytes(), salt), true),
        ("by a client that has the key", false, &|salt| good("Pw1#aÄ".as_bytes(), salt), true),
        ("another password", true, &|salt| good(b"wrong", salt), false),
        ("the longest password", true, &|salt| good(&[b'x'; 213], salt), false),
        ("for another salt", true, &|_| good("Pw1#aÄ".as_bytes(), &[1; SALT_LENGTH]), false),
        ("a byte less", true, &|salt| good(b"wrong", salt)[1..].to_vec(), false),
        ("no ciphertext", true, &|_| vec![0xff; 256], false),
        ("the key twice", true, &|_| vec![2], false),
        ("nothing", false, &|_| Vec::new(), false),
    ];
    for (case, asks, send, right) in cases {
        accounts += 1;
        let user = format!("raw_{accounts}");
        run(
            &mut pair.node,
            &format!("CREATE USER {user} IDENTIFIED WITH 'caching_sha2_password' AS 0x{hash}"),
        )
        .await;
        let (mut wire, salt) = asked(port, &user).await;
        let mut number = 3;
        if asks {
            wire.send_packet(3, &[2]).await;
            assert_eq!(wire.read_packet().await.unwrap(), [b"\x01", pem].concat());
            number = 5;
        }
        wire.send_packet(number, &send(&salt)).await;
        assert_eq!(is_let_in(&mut wire).await, right, "{case}");
    }
    let path = pair.cluster.folder().join("node1/data/login-key.pem");
    let mode =
        std::fs::metadata(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
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
    assert!(!logs_in(port, "wrong", true));
    // Without TLS the client sends the password under the node's key.
    assert_eq!(log_in(port, "moved", "wrong", None).await.err(), Some(1045));
    assert!(log_in(port, "moved", "Pw1#aÄ", None).await.is_ok());
    raw_logins(&mut pair, &digits).await;
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
