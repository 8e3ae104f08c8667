//! What a client passes before its login is looked at: balancers that say who comes, limits on who may try, and logins that are none.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row};
use ostrakon_protocol::Capabilities;
use ostrakon_protocol::handshake::encode_ssl_request;
use ostrakon_tests::balancer::{self, balancer, header};
use ostrakon_tests::cluster::{TestCluster, options, run, value};
use ostrakon_tests::family::on_mysql;
use ostrakon_tests::program;
use ostrakon_tests::wire::Wire;

const LIMITS: &str = "[proxy_protocol]\nfrom = ['127.0.0.2']\n[limits]\nlogin_timeout_ms = 2000\nmax_connect_errors = 3\n\
                      unauthenticated_connections_per_address = 4\nfailed_logins = 1\nfailed_login_delay_ms = 400";

fn cluster(settings: &str) -> TestCluster {
    TestCluster::start_with(|options| {
        options.instances = 1;
        options.node_settings = settings.to_owned();
    })
}

/// The number and the text of an error packet.
fn error(packet: Option<Vec<u8>>) -> (u16, String) {
    let packet = packet.expect("an answer");
    assert_eq!(packet.first(), Some(&0xff), "no error: {packet:?}");
    (u16::from_le_bytes([packet[1], packet[2]]), String::from_utf8_lossy(&packet[3..]).into_owned())
}

/// The outcome of a login by a real client.
async fn login(port: u16, user: &str, password: &str) -> Result<Conn, u16> {
    let login = Conn::new(options(port, None).user(Some(user)).pass(Some(password)));
    login.await.map_err(|error| match error {
        Error::Server(error) => error.code,
        other => panic!("not an error of the server's: {other}"),
    })
}

/// A connection by a balancer, on which the client has said nothing yet.
async fn behind_balancer(node: u16, address: &str) -> Wire {
    let mut wire = Wire::over(balancer::connect(node).await);
    wire.send_raw(&header(Some(address))).await;
    wire
}

#[tokio::test]
async fn who_comes_by_a_balancer_is_who_it_says_and_is_limited_as_that() {
    let cluster = cluster(LIMITS);
    let mut client = cluster.client(None).await;
    run(&mut client, "CREATE USER app IDENTIFIED BY 'right'").await;
    clients_have_their_own_addresses(&cluster, &mut client).await;
    clients_say_what_they_are(cluster.port(), &mut client).await;
    nobody_else_says_who_he_is(cluster.port()).await;
    hosts_are_blocked_and_flushed(cluster.port(), &mut client).await;
    guesses_take_longer_and_longer(cluster.port()).await;
    logins_wait_for_a_place(cluster.port()).await;
    let shown: Vec<(String, String)> = client.query("SHOW VARIABLES LIKE 'ostrakon_%login%'").await.unwrap();
    let shown: Vec<String> = shown.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let expected =
        ["ostrakon_failed_login_delay_ms=400", "ostrakon_failed_logins=1", "ostrakon_login_timeout_ms=2000"];
    assert_eq!(shown, expected);
    let errors: Option<(String, u64)> =
        client.query_first("SHOW VARIABLES LIKE 'max_connect_errors'").await.unwrap();
    assert_eq!(errors.expect("a row").1, 3);
}

async fn clients_have_their_own_addresses(cluster: &TestCluster, client: &mut Conn) {
    for (header, host, shown) in [
        (header(Some("10.9.8.7:4444")), "10.9.8.7", "10.9.8.7:4444"),
        (b"PROXY TCP4 10.9.8.6 127.0.0.1 555 3307\r\n".to_vec(), "10.9.8.6", "10.9.8.6:555"),
        (b"PROXY TCP6 2001:db8::7 ::1 555 3307\r\n".to_vec(), "2001:db8::7", "[2001:db8::7]:555"),
        (header(None), "127.0.0.2", "127.0.0.2:"),
    ] {
        let port = balancer(cluster.port(), header).await;
        let mut other = login(port, "root", "").await.expect("a login by the balancer");
        assert_eq!(value::<String>(&mut other, "SELECT USER()").await, format!("root@{host}"));
        let id: u64 = value(&mut other, "SELECT CONNECTION_ID()").await;
        let listed: Vec<Row> = client.query("SHOW PROCESSLIST").await.unwrap();
        let row = listed.iter().find(|row| row.get::<u64, _>("Id") == Some(id)).expect("it is listed");
        let text: String = row.get("Host").expect("a host");
        assert!(text.starts_with(shown), "{text} for {shown}");
    }
    assert_eq!(value::<String>(client, "SELECT USER()").await, "root@127.0.0.1");
}

async fn clients_say_what_they_are(node: u16, client: &mut Conn) {
    let mut command = std::process::Command::new("mariadb");
    command.args(["--no-defaults", "-N", "-h127.0.0.1", &format!("-P{node}"), "-uroot"]);
    let question = "SELECT CONNECTION_ID(); SHOW CONNECTION ATTRIBUTES WHERE ATTR_NAME IN ('_client_name', 'program_name')";
    command.arg(format!("-e{question}"));
    let said = tokio::task::spawn_blocking(move || program::must(&mut command)).await.unwrap();
    let id = said.lines().next().unwrap_or_default();
    for (name, value) in [("_client_name", "libmariadb"), ("program_name", "mysql")] {
        assert!(said.contains(&format!("{id}\t{name}\t{value}\t")), "{said}");
    }
    let left: Vec<Row> =
        client.query("SHOW CONNECTION ATTRIBUTES WHERE ATTR_VALUE = 'libmariadb'").await.unwrap();
    assert!(left.is_empty(), "of a client that is gone: {left:?}");
    // COM_PROCESS_INFO: the columns of SHOW PROCESSLIST.
    let columns = if on_mysql() { 8 } else { 9 };
    let mut wire = Wire::log_in(node, "").await;
    wire.send_packet(0, &[0x0a]).await;
    assert_eq!(wire.read_packet().await, Some(vec![columns]));
}

async fn nobody_else_says_who_he_is(node: u16) {
    // A header from where no balancer is, before the greeting is read and in place of a login.
    for header in [header(Some("10.0.0.1:1")), b"PROXY TCP4 10.0.0.1 127.0.0.1 1 2\r\n".to_vec()] {
        let mut wire = Wire::connect(node).await;
        wire.send_raw(&header).await;
        wire.send_packet(1, &Wire::login("")).await;
        assert_eq!(wire.read_packet().await.expect("a greeting").first(), Some(&10));
        assert_eq!(error(wire.read_packet().await).0, 1043);
        assert_eq!(wire.read_to_end().await, 0);
    }
    // A balancer that says nothing of who comes, or nonsense, or says it twice.
    for (sent, text) in [
        (Vec::new(), "no PROXY protocol header came in time"),
        (b"\x4e\0\0\x01".to_vec(), "no PROXY protocol header"),
        (b"PROXY TCP4 10.0.0.1\r\n".to_vec(), "malformed PROXY protocol header"),
    ] {
        let mut wire = Wire::over(balancer::connect(node).await);
        wire.send_raw(&sent).await;
        let (errno, said) = error(wire.read_packet().await);
        assert!(errno == 1043 && said.contains(text), "{errno}: {said}");
    }
    let mut wire = behind_balancer(node, "10.0.0.9:1").await;
    wire.send_raw(&header(Some("10.0.0.8:1"))).await;
    assert_eq!(wire.read_packet().await.expect("a greeting").first(), Some(&10));
    assert_eq!(error(wire.read_packet().await).0, 1043);
}

async fn hosts_are_blocked_and_flushed(node: u16, client: &mut Conn) {
    let first_byte = async |address: &str| {
        let mut wire = behind_balancer(node, address).await;
        wire.read_packet().await.expect("an answer")[0]
    };
    // Checks of a balancer, and wrong passwords, are nothing to hold against an address.
    let port = balancer(node, header(Some("10.0.1.1:1"))).await;
    for _ in 0..5 {
        drop(behind_balancer(node, "10.0.1.1:1").await);
        assert_eq!(login(port, "nobody", "x").await.unwrap_err(), 1045);
    }
    assert_eq!(first_byte("10.0.1.1:2").await, 10);
    for _ in 0..3 {
        let mut wire = behind_balancer(node, "10.0.1.1:3").await;
        wire.read_packet().await.expect("a greeting");
        wire.send_packet(1, b"no login").await;
        assert_eq!(error(wire.read_packet().await).0, 1043);
    }
    let mut wire = behind_balancer(node, "10.0.1.1:4").await;
    let (errno, text) = error(wire.read_packet().await);
    assert!(
        errno == 1129 && text.contains("Host '10.0.1.1' is blocked") && text.contains("FLUSH HOSTS"),
        "{text}"
    );
    assert_eq!(first_byte("10.0.1.2:1").await, 10);
    run(client, "FLUSH LOCAL HOSTS").await;
    assert_eq!(first_byte("10.0.1.1:5").await, 10);
}

async fn guesses_take_longer_and_longer(node: u16) {
    for user in ["app", "nobody_else"] {
        let port = balancer(node, header(Some("10.0.2.1:1"))).await;
        let mut took = Vec::new();
        for _ in 0..4 {
            let start = Instant::now();
            assert_eq!(login(port, user, "wrong").await.unwrap_err(), 1045);
            took.push(start.elapsed());
        }
        // One is free, then 100, 200, and 400 ms.
        for (took, delay) in took.iter().zip([0, 100, 200, 400]) {
            assert!(*took >= Duration::from_millis(delay), "{user}: {took:?} where {delay} ms are due");
        }
    }
    // The right one waits too, and ends it. Another address does not wait.
    let (here, there) =
        (balancer(node, header(Some("10.0.2.1:1"))).await, balancer(node, header(Some("10.0.2.2:1"))).await);
    let start = Instant::now();
    login(there, "app", "right").await.expect("it is right");
    let elsewhere = start.elapsed();
    let start = Instant::now();
    login(here, "app", "right").await.expect("it is right");
    assert!(start.elapsed() >= Duration::from_millis(400) && elsewhere < Duration::from_millis(400));
    let start = Instant::now();
    assert_eq!(login(here, "app", "wrong").await.unwrap_err(), 1045);
    assert!(start.elapsed() < Duration::from_millis(400), "it was forgotten");
}

async fn logins_wait_for_a_place(node: u16) {
    // Four places for an address: fifty log in one after the other.
    let port = balancer(node, header(Some("10.0.3.1:1"))).await;
    let logins: Vec<_> = (0..50).map(|_| tokio::spawn(login(port, "root", ""))).collect();
    let mut clients = Vec::new();
    for login in logins {
        clients.push(login.await.unwrap().expect("a login"));
    }
    // Who never goes on holds them until his time is over, and nobody of another address up.
    let mut silent = Vec::new();
    for _ in 0..4 {
        let mut wire = behind_balancer(node, "10.0.3.1:2").await;
        assert_eq!(wire.read_packet().await.expect("a greeting").first(), Some(&10));
        silent.push(wire);
    }
    let mut fifth = behind_balancer(node, "10.0.3.1:3").await;
    let early = tokio::time::timeout(Duration::from_millis(300), fifth.read_packet()).await;
    assert!(early.is_err(), "a fifth of that address is served");
    let other = balancer(node, header(Some("10.0.3.2:1"))).await;
    login(other, "root", "").await.expect("there are places for other addresses");
    silent.clear();
    assert_eq!(fifth.read_packet().await.expect("a greeting").first(), Some(&10));
}

/// COM_QUERY, as a packet with a number.
async fn query(wire: &mut Wire, sequence: u8, sql: &str) {
    wire.send_packet(sequence, &[b"\x03", sql.as_bytes()].concat()).await;
}

/// A login for `user` that names `plugin`, with `proof`.
fn response(user: &str, proof: &[u8], plugin: &str) -> Vec<u8> {
    let login = Wire::login("");
    let mut packet = login[..32].to_vec();
    packet.extend_from_slice(user.as_bytes());
    packet.extend_from_slice(&[0, u8::try_from(proof.len()).unwrap()]);
    packet.extend_from_slice(proof);
    packet.extend_from_slice(plugin.as_bytes());
    packet.push(0);
    packet
}

#[tokio::test]
async fn a_login_cannot_be_gone_around() {
    let cluster = cluster(
        "[proxy_protocol]\nfrom = ['127.0.0.2']\n[tls]\nrequired = true\n[limits]\nfailed_login_delay_ms = 0\n\
         [[users]]\nname = 'sealed'\npassword = 'Sealed1'\nrequire_tls = true",
    );
    let mut client = cluster.client(None).await;
    run(&mut client, "CREATE USER app IDENTIFIED BY 'right'").await;
    commands_are_no_part_of_a_login(cluster.port()).await;
    nothing_is_smuggled_before_tls(cluster.port()).await;
    strangers_are_told_no_more_than_others(cluster.port()).await;
    tls_is_required(cluster.port()).await;
    let databases: Vec<String> = client.query("SHOW DATABASES LIKE 'smuggled%'").await.unwrap();
    assert!(databases.is_empty(), "{databases:?}");
}

/// Before the login, while another plugin is asked for, and after a refusal.
async fn commands_are_no_part_of_a_login(node: u16) {
    for sequence in [0, 1] {
        let mut wire = Wire::connect(node).await;
        wire.read_packet().await.expect("a greeting");
        query(&mut wire, sequence, "CREATE DATABASE smuggled1").await;
        assert_eq!(error(wire.read_packet().await).0, 1043);
        assert_eq!(wire.read_to_end().await, 0);
    }
    for (sequence, errno) in [(0, 1043), (3, 1045)] {
        let mut wire = Wire::connect(node).await;
        wire.read_packet().await.expect("a greeting");
        wire.send_packet(1, &response("app", b"", "mysql_native_password")).await;
        assert_eq!(wire.read_packet().await.expect("a switch").first(), Some(&0xfe));
        query(&mut wire, sequence, "CREATE DATABASE smuggled2").await;
        query(&mut wire, 0, "CREATE DATABASE smuggled3").await;
        assert_eq!(error(wire.read_packet().await).0, errno);
        assert_eq!(wire.read_to_end().await, 0);
    }
    // A large packet is refused by its header.
    let mut wire = Wire::connect(node).await;
    wire.read_packet().await.expect("a greeting");
    wire.send_raw(&[0x01, 0x40, 0, 1]).await;
    assert_eq!(error(wire.read_packet().await).0, 1043);
}

/// What is sent behind the request for TLS, in clear text, is neither a login nor a command.
async fn nothing_is_smuggled_before_tls(node: u16) {
    let mut request = Vec::new();
    encode_ssl_request(&mut request, Capabilities(u64::from(u32::MAX)), 1 << 24, 45);
    let packet = |sequence: u8, payload: &[u8]| {
        [&[u8::try_from(payload.len()).unwrap(), 0, 0, sequence], payload].concat()
    };
    let login = Wire::login("");
    let mut wire = Wire::connect(node).await;
    wire.read_packet().await.expect("a greeting");
    let command = packet(0, b"\x03CREATE DATABASE smuggled4");
    wire.send_raw(&[packet(1, &request), packet(2, &login), command].concat()).await;
    assert_eq!(wire.read_packet().await, None, "an answer to clear text");
}

/// The same packets for a name that nobody has as for a wrong password, by either plugin.
async fn strangers_are_told_no_more_than_others(node: u16) {
    let told = async |user: &'static str, plugin: &str, proof: &[u8]| {
        let mut wire = Wire::connect(node).await;
        wire.read_packet().await.expect("a greeting");
        wire.send_packet(1, &response(user, proof, plugin)).await;
        let mut told = Vec::new();
        while let Some(packet) = wire.read_packet().await {
            let is_switch = packet.first() == Some(&0xfe);
            told.push(match is_switch {
                // All but the salt.
                true => packet[..packet.len() - 21].to_vec(),
                false => String::from_utf8_lossy(&packet).replace(user, "USER").into_bytes(),
            });
            if is_switch {
                wire.send_packet(3, &[7; 32]).await;
            }
        }
        told
    };
    for (plugin, proof) in [
        ("caching_sha2_password", &[7; 32][..]),
        ("caching_sha2_password", b""),
        ("mysql_native_password", &[7; 20]),
        ("other_plugin", b""),
    ] {
        let (known, unknown) = (told("app", plugin, proof).await, told("ghost", plugin, proof).await);
        assert_eq!(known, unknown, "{plugin}");
        assert!(String::from_utf8_lossy(known.last().unwrap()).contains("Access denied for user"));
    }
}

async fn tls_is_required(node: u16) {
    // Of who is not on this machine; and of an account that wants it, of all.
    let far = balancer(node, header(Some("10.0.0.1:1"))).await;
    assert_eq!(login(far, "root", "").await.unwrap_err(), 3159);
    assert_eq!(login(far, "ghost", "x").await.unwrap_err(), 3159);
    login(node, "root", "").await.expect("nobody listens on loopback");
    assert_eq!(login(node, "sealed", "Sealed1").await.unwrap_err(), 1045);
    assert_eq!(login(node, "sealed", "wrong").await.unwrap_err(), 1045);
    for port in [far, node] {
        let mut command = std::process::Command::new("mariadb");
        command.args(["--no-defaults", "-N", "-h127.0.0.1", &format!("-P{port}"), "-usealed", "-pSealed1"]);
        command.args(["--ssl", "--skip-ssl-verify-server-cert", "-eSELECT CURRENT_USER()"]);
        let said = tokio::task::spawn_blocking(move || program::must(&mut command)).await.unwrap();
        assert!(said.contains("sealed@"), "{said}");
    }
}
