//! A server that asks for a file which it was not offered gets none: the connection is closed without a byte.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostrakon::backend::pool::{Pool, PoolLimits, Purpose};
use ostrakon_catalog::schema::Instance;
use ostrakon_protocol::handshake::Greeting;
use ostrakon_protocol::packet::write_packet;
use ostrakon_protocol::response::OkPacket;
use ostrakon_protocol::{Capabilities, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// All that came after the request for a file.
struct Heard {
    after: Vec<u8>,
}

async fn packet(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await.ok()?;
    let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.ok()?;
    Some(payload)
}

async fn send(stream: &mut TcpStream, mut sequence: u8, payload: &[u8]) {
    let mut out = Vec::new();
    write_packet(&mut out, &mut sequence, payload);
    stream.write_all(&out).await.expect("the client reads");
}

/// A server that takes any login, answers OK to everything, and asks for `file` when it is sent a statement with `trap` in it.
async fn server(trap: &'static str, file: &'static str) -> (Arc<Instance>, JoinHandle<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let greeting = Greeting {
            protocol: Greeting::PROTOCOL,
            server_version: "8.4.0".into(),
            connection_id: 7,
            salt: [b'x'; 20],
            capabilities: Capabilities(u64::from(u32::MAX)),
            charset: 45,
            status: Status::AUTOCOMMIT,
            plugin: "mysql_native_password".into(),
        };
        let mut payload = Vec::new();
        greeting.encode(&mut payload);
        send(&mut stream, 0, &payload).await;
        packet(&mut stream).await.expect("a login");
        let mut ok = Vec::new();
        OkPacket { status: Status::AUTOCOMMIT, ..OkPacket::default() }.encode(&mut ok, Capabilities::EMPTY);
        send(&mut stream, 2, &ok).await;
        let mut heard = Heard { after: Vec::new() };
        while let Some(command) = packet(&mut stream).await {
            if String::from_utf8_lossy(&command).contains(trap) {
                let request = [&[0xFB], file.as_bytes()].concat();
                send(&mut stream, 1, &request).await;
                let _ = stream.read_to_end(&mut heard.after).await;
                break;
            }
            send(&mut stream, 1, &ok).await;
        }
        heard
    });
    let instance = Instance {
        id: 1,
        name: "evil".into(),
        host: "127.0.0.1".into(),
        port,
        user: "root".into(),
        password: String::new(),
        draining: false,
        tls: Default::default(),
    };
    (Arc::new(instance), serving)
}

fn pool(instance: Arc<Instance>, purpose: Purpose) -> Rc<Pool> {
    let limits = PoolLimits {
        purpose,
        connections: 1,
        wait: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(5),
        statements: 1,
    };
    Pool::new(instance, limits)
}

#[tokio::test]
async fn a_file_that_was_not_offered_is_not_sent() {
    for purpose in [Purpose::Statements, Purpose::Gather] {
        let (instance, serving) = server("SELECT 1", "/etc/passwd").await;
        let pool = pool(instance, purpose);
        let mut connection = pool.acquire(false).await.expect("a connection");
        let refused = connection.query("SELECT 1").await.map_err(|e| e.errno);
        assert_eq!(refused.err(), Some(1430));
        assert!(connection.is_broken());
        drop(connection);
        assert_eq!(pool.counts(), (0, 0), "it went back to the pool");
        let heard = serving.await.expect("the server ends");
        assert_eq!(heard.after, b"", "bytes were sent to {purpose:?}");
    }
}

#[tokio::test]
async fn another_file_than_the_one_offered_is_not_sent() {
    let (instance, serving) = server("LOAD DATA", "/etc/passwd").await;
    let pool = pool(instance, Purpose::Gather);
    let mut connection = pool.acquire(false).await.expect("a connection");
    let begun = connection.begin_file(b"LOAD DATA LOCAL INFILE 'rows' INTO TABLE t", "rows").await;
    assert_eq!(begun.map(|_| ()).map_err(|e| e.errno), Err(1430));
    drop(connection);
    assert_eq!(pool.counts(), (0, 0));
    assert_eq!(serving.await.expect("the server ends").after, b"");
}

#[tokio::test]
async fn the_file_that_was_offered_is_sent() {
    let (instance, serving) = server("LOAD DATA", "rows").await;
    let pool = pool(instance, Purpose::Gather);
    let mut connection = pool.acquire(false).await.expect("a connection");
    let mut file = connection
        .begin_file(b"LOAD DATA LOCAL INFILE 'rows' INTO TABLE t", "rows")
        .await
        .expect("a request");
    connection.send_file(&mut file, b"one\ntwo\n").await.expect("sent");
    drop(connection);
    assert_eq!(pool.counts(), (0, 0), "a connection in the middle of a file went back to the pool");
    assert_eq!(serving.await.expect("the server ends").after, b"\x08\0\0\x02one\ntwo\n");
}
