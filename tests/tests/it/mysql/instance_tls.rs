//! MySQL's own certificates, and caching_sha2_password's full way over TLS.

use ostrakon::dev::server::ServerKind::MySql;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::family::server_of;

/// The certificates that a MySQL server makes for itself have an authority and name no host.
#[tokio::test]
async fn a_password_goes_by_tls_to_a_server_with_certificates_of_its_own() {
    let cluster = TestCluster::start_with(|options| {
        options.servers = vec![server_of(MySql)];
        options.instances = 1;
        let authority = options.directory.join("instance1/data/ca.pem");
        options.node_settings = format!("[instance_tls]\nauthority = {:?}", authority.to_string_lossy());
    });
    let mut direct = cluster.cluster.instances[0].connect().unwrap();
    let password = "Ein längeres Wort, \"das\" nicht in einen Block passt? Doch.";
    direct.query(&format!("CREATE USER sealed@'127.0.0.1' IDENTIFIED BY '{password}' REQUIRE SSL")).unwrap();
    direct.query("GRANT ALL ON *.* TO sealed@'127.0.0.1'").unwrap();
    let mut client = cluster.client(None).await;
    let account = format!("ALTER INSTANCE i1 USER='sealed' PASSWORD='{password}'");
    assert!(refused(&mut client, &account).await.1.contains("Access denied"));
    for tls in ["REQUIRED", "VERIFY_CA"] {
        // An empty cache: the whole way.
        direct.query("FLUSH PRIVILEGES").unwrap();
        run(&mut client, &format!("{account} TLS={tls}")).await;
        assert_eq!(value::<u64>(&mut client, "SELECT 1").await, 1);
    }
    let (_, text) = refused(&mut client, "ALTER INSTANCE i1 TLS=VERIFY_IDENTITY").await;
    assert!(text.contains("not valid for"), "{text}");
    let encrypted = direct
        .query(
            "SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_USER = 'sealed' \
             AND CONNECTION_TYPE <> 'SSL/TLS'",
        )
        .unwrap();
    assert_eq!(encrypted.first().as_deref(), Some("0"));
}
