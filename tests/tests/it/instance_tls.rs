//! TLS to the instances: every connection of a node obeys the instance's mode, and a line that meddles gets no password.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon::backend::connection::Connection;
use ostrakon::dev::server::ServerKind;
use ostrakon_catalog::schema::{Instance, InstanceTls};
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::family::server_of;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A certificate for `localhost`, one for a node, the authority that has signed them, and another authority.
struct Certificates {
    authority: PathBuf,
    other: PathBuf,
    server: PathBuf,
    key: PathBuf,
    node: PathBuf,
    node_key: PathBuf,
}

impl Certificates {
    fn make(folder: &Path) -> Self {
        let authority = |name: &str| {
            let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
            parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = parameters.self_signed(&key).unwrap();
            (rcgen::Issuer::new(parameters, key), certificate.pem())
        };
        let file = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (issuer, pem) = authority("instances");
        let (_, other) = authority("others");
        let signed = |names: Vec<String>| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut parameters = rcgen::CertificateParams::new(names).unwrap();
            // Servers take no certificate for the authority's own name.
            parameters.distinguished_name.push(rcgen::DnType::CommonName, "signed");
            (parameters.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
        };
        let (server, key) = signed(vec!["localhost".to_owned()]);
        let (node, node_key) = signed(Vec::new());
        Self {
            authority: file("ca.pem", pem),
            other: file("other-ca.pem", other),
            server: file("server.pem", server),
            key: file("server-key.pem", key),
            node: file("node.pem", node),
            node_key: file("node-key.pem", node_key),
        }
    }
}

/// On all instances an account that lets nobody in without TLS, and one that wants a certificate of the client's.
fn require_tls(cluster: &TestCluster) {
    for instance in &cluster.cluster.instances {
        let mut direct = instance.connect().unwrap();
        for host in ["localhost", "127.0.0.1"] {
            for (user, requires) in [("sealed", "SSL"), ("certified", "ISSUER '/CN=instances'")] {
                let user = format!("{user}@'{host}'");
                direct
                    .query(&format!("CREATE USER {user} IDENTIFIED BY 'Sealed1' REQUIRE {requires}"))
                    .unwrap();
                direct.query(&format!("GRANT ALL ON *.* TO {user}")).unwrap();
            }
        }
    }
}

async fn told(client: &mut Conn, sql: &str) -> String {
    refused(client, sql).await.1
}

/// Everything that a node connects to instances for.
async fn every_kind_of_work(cluster: &TestCluster, client: &mut Conn) {
    run(client, "CREATE DATABASE app DBPARTITIONS 4").await;
    run(client, "USE app").await;
    run(client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(client, "INSERT INTO t VALUES (1,1),(2,2),(3,3),(4,4),(5,5),(6,6),(7,7),(8,8)").await;
    run(client, "BEGIN").await;
    run(client, "UPDATE t SET v = v + 1").await;
    run(client, "COMMIT").await;
    run(client, "ALTER TABLE t ADD COLUMN w INT").await;
    assert_eq!(value::<u64>(client, "SELECT SUM(v) FROM t").await, 44);
    // Gathered, by LOAD DATA LOCAL.
    let join = "SELECT COUNT(*) FROM t a JOIN t b ON a.v > b.v";
    assert_eq!(value::<u64>(client, join).await, 28);
    let id: u64 = value(client, "SELECT CONNECTION_ID()").await;
    let mut other = cluster.client(None).await;
    let killer = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        run(&mut other, &format!("KILL QUERY {id}")).await;
    });
    assert_eq!(refused(client, "SELECT SLEEP(30) FROM t WHERE id = 1 FOR UPDATE").await.0, 1317);
    killer.await.unwrap();
    let found: Vec<Row> = client.query("CHECK CLUSTER").await.unwrap();
    let text = |row: &Row, name: &str| row.get::<String, _>(name).unwrap();
    let failed: Vec<String> =
        found.iter().filter(|row| text(row, "STATUS") == "error").map(|row| text(row, "FOUND")).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let reached = found.iter().filter(|row| text(row, "CHECK_NAME") == "instance_reachable").count();
    assert_eq!(reached, 2);
}

#[tokio::test]
async fn connections_to_instances_obey_their_modes() {
    let mut made = None;
    let cluster = TestCluster::start_with(|options| {
        let certificates = Certificates::make(&options.directory);
        options.servers = vec![server_of(ServerKind::MariaDb)];
        options.server_extra = vec![
            format!("--ssl-cert={}", certificates.server.display()),
            format!("--ssl-key={}", certificates.key.display()),
            format!("--ssl-ca={}", certificates.authority.display()),
        ];
        options.node_settings = format!(
            "[instance_tls]\nauthority = {:?}\ncertificate = {:?}\nkey = {:?}",
            certificates.authority.to_string_lossy(),
            certificates.node.to_string_lossy(),
            certificates.node_key.to_string_lossy()
        );
        made = Some(certificates);
    });
    let certificates = made.unwrap();
    require_tls(&cluster);
    let mut client = cluster.client(None).await;
    let account = "USER='sealed' PASSWORD='Sealed1'";
    // The mode that loopback has by itself.
    assert!(told(&mut client, &format!("ALTER INSTANCE i1 {account}")).await.contains("Access denied"));
    run(&mut client, &format!("ALTER INSTANCE i1 {account} TLS=REQUIRED")).await;
    run(&mut client, &format!("ALTER INSTANCE i2 {account} TLS=VERIFY_CA")).await;
    let text = told(&mut client, "ALTER INSTANCE i2 TLS=VERIFY_IDENTITY").await;
    assert!(text.contains("not valid for name") && text.contains("TLS = VERIFY_IDENTITY"), "{text}");
    run(&mut client, "ALTER INSTANCE i2 HOST='localhost' TLS=VERIFY_IDENTITY").await;
    assert!(told(&mut client, "ALTER INSTANCE i1 TLS=DISABLED").await.contains("Access denied"));
    let shown: Vec<Row> = client.query("SHOW INSTANCES").await.unwrap();
    let modes: Vec<String> = shown.iter().map(|row| row.get("TLS").unwrap()).collect();
    assert_eq!(modes, ["REQUIRED", "VERIFY_IDENTITY"]);
    // An account that wants to see the node's certificate, which it has shown all along.
    let certified = "ALTER INSTANCE i1 USER='certified' PASSWORD='Sealed1'";
    run(&mut client, certified).await;
    assert!(told(&mut client, &format!("{certified} TLS=DISABLED")).await.contains("Access denied"));
    every_kind_of_work(&cluster, &mut client).await;
    meddling_lines_get_nothing(&cluster, &mut client).await;
    another_authority_is_not_believed(&cluster, &certificates).await;
}

/// What a line does to the first bytes of a server: to its greeting.
type Meddle = fn(Vec<u8>) -> Vec<u8>;

/// Listens on a port of its own and passes connections on to `target`, whose greeting it changes.
async fn meddling_line(target: u16, meddle: Meddle) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut node, _)) = listener.accept().await {
            let mut server = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
            let mut greeting = vec![0; 4096];
            let read = server.read(&mut greeting).await.unwrap();
            greeting.truncate(read);
            let _ = node.write_all(&meddle(greeting)).await;
            let _ = tokio::io::copy_bidirectional(&mut node, &mut server).await;
        }
    });
    port
}

/// The greeting without its offer of TLS.
fn hide_tls(mut greeting: Vec<u8>) -> Vec<u8> {
    // Header, protocol, version with its zero byte, connection number, half of the salt and a zero byte; then the flags.
    let version = greeting[5..].iter().position(|byte| *byte == 0).unwrap();
    greeting[5 + version + 1 + 4 + 9 + 1] &= !0x08;
    greeting
}

/// A packet behind the greeting, before TLS: an OK for the login that is to come.
fn smuggle_ok(mut greeting: Vec<u8>) -> Vec<u8> {
    greeting.extend_from_slice(b"\x07\0\0\x02\0\0\0\x02\0\0\0");
    greeting
}

async fn meddling_lines_get_nothing(cluster: &TestCluster, client: &mut Conn) {
    let target = cluster.cluster.instances[0].port();
    for (meddle, expected) in
        [(hide_tls as Meddle, "the server offers no TLS (TLS = REQUIRED)"), (smuggle_ok, "bytes before TLS")]
    {
        let port = meddling_line(target, meddle).await;
        let text = told(client, &format!("ALTER INSTANCE i1 PORT={port}")).await;
        assert!(text.contains(expected), "{text}");
    }
}

/// In this process, whose authority is another one, and which has no certificate to show.
async fn another_authority_is_not_believed(cluster: &TestCluster, certificates: &Certificates) {
    let authority = Some(certificates.other.clone());
    ostrakon::backend::tls::open(&ostrakon_conf::InstanceTls { authority, ..Default::default() }).unwrap();
    for (user, tls, expected) in [
        ("sealed", InstanceTls::Required, None),
        ("certified", InstanceTls::Required, Some("Access denied")),
        ("sealed", InstanceTls::VerifyCa, Some("UnknownIssuer")),
        ("sealed", InstanceTls::VerifyIdentity, Some("UnknownIssuer")),
    ] {
        let instance = Arc::new(Instance {
            id: 1,
            name: "i1".into(),
            host: "localhost".into(),
            port: cluster.cluster.instances[0].port(),
            user: user.into(),
            password: "Sealed1".into(),
            draining: false,
            tls,
        });
        let failure = Connection::connect(&instance, 1, false).await.err().map(|e| e.message);
        assert_eq!(failure.is_some(), expected.is_some(), "{failure:?}");
        assert!(failure.unwrap_or_default().contains(expected.unwrap_or_default()), "{tls:?}");
    }
}
