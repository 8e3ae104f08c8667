//! The compressed protocol, by a library's client and by hand.

use mysql_async::prelude::Queryable;
use mysql_async::{Compression, Conn};
use ostrakon_protocol::Capabilities;
use ostrakon_protocol::handshake::HandshakeResponse;
use ostrakon_tests::cluster::{TestCluster, options, run, value};
use ostrakon_tests::wire::Wire;

#[tokio::test]
async fn a_client_that_compresses_reads_and_writes_what_others_do() {
    let cluster = TestCluster::start();
    let mut plain = cluster.database("app", "").await;
    run(&mut plain, "CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT) DBPARTITION BY HASH(id)").await;
    let asking = options(cluster.port(), Some("app")).compression(Compression::default());
    let mut client = Conn::new(asking).await.unwrap();
    let long: String =
        (0..3_000_000u32).map(|n| char::from(b'a' + (n % 1009 * (n % 1009) % 26) as u8)).collect();
    for (id, text) in [(1, ""), (2, "short"), (3, long.as_str())] {
        client.exec_drop("INSERT INTO t VALUES (?, ?)", (id, text)).await.unwrap();
        run(&mut client, &format!("INSERT INTO t VALUES ({}, '{text}')", id + 10)).await;
        for id in [id, id + 10] {
            let by_text: String = value(&mut client, &format!("SELECT v FROM t WHERE id = {id}")).await;
            let prepared: Option<String> =
                client.exec_first("SELECT v FROM t WHERE id = ?", (id,)).await.unwrap();
            assert!(by_text == text && prepared.as_deref() == Some(text), "{id}");
        }
    }
    let many: Vec<i64> =
        client.query("SELECT a.id FROM t a, t b, t c, t d, t e ORDER BY a.id").await.unwrap();
    assert_eq!(many.len(), 6usize.pow(5));
    assert_eq!(value::<i64>(&mut plain, "SELECT SUM(LENGTH(v)) FROM t").await, 2 * (3_000_000 + 5));
    // Another login on the same connection, whose packets are compressed too.
    client.reset().await.unwrap();
    client.change_user(mysql_async::ChangeUserOpts::new()).await.unwrap();
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM app.t").await, 6);
}

/// Logs in with these flags, and a level.
async fn log_in(port: u16, flag: Capabilities, level: Option<u8>) -> Wire {
    let mut wire = Wire::connect(port).await;
    wire.read_packet().await.expect("a greeting");
    let response = HandshakeResponse {
        capabilities: Capabilities::PROTOCOL_41
            | Capabilities::LONG_PASSWORD
            | Capabilities::TRANSACTIONS
            | Capabilities::DEPRECATE_EOF
            | flag,
        max_packet: 1 << 24,
        charset: 45,
        username: "root".into(),
        plugin: Some("mysql_native_password".into()),
        zstd_level: level,
        ..HandshakeResponse::default()
    };
    let mut payload = Vec::new();
    response.encode(&mut payload);
    wire.send_packet(1, &payload).await;
    assert_eq!(wire.read_packet().await.expect("an answer").first(), Some(&0));
    wire
}

/// A query in a compressed packet, as it is or compressed.
fn query(sql: &str, zstd: bool) -> Vec<u8> {
    let mut plain = u32::to_le_bytes(sql.len() as u32 + 1).to_vec();
    plain.push(3);
    plain.extend_from_slice(sql.as_bytes());
    let (packet, length) = match zstd {
        true => (zstd::bulk::compress(&plain, 1).unwrap(), plain.len() as u32),
        false => (plain, 0),
    };
    let mut out = u32::to_le_bytes(packet.len() as u32).to_vec();
    out.extend_from_slice(&length.to_le_bytes()[..3]);
    out.extend_from_slice(&packet);
    out
}

/// The contents of compressed packets until they end with `end`, and how many bytes they took.
async fn answer(wire: &mut Wire, end: &[u8]) -> (Vec<u8>, usize) {
    use tokio::io::AsyncReadExt;
    let (mut contents, mut bytes) = (Vec::new(), 0);
    for number in 1u8.. {
        let mut header = [0; 7];
        wire.stream().read_exact(&mut header).await.unwrap();
        let [a, b, c, sequence, d, e, f] = header;
        assert_eq!(sequence, number);
        let mut packet = vec![0; u32::from_le_bytes([a, b, c, 0]) as usize];
        wire.stream().read_exact(&mut packet).await.unwrap();
        bytes += packet.len() + header.len();
        match u32::from_le_bytes([d, e, f, 0]) as usize {
            0 => contents.extend_from_slice(&packet),
            length => contents.extend_from_slice(&zstd::bulk::decompress(&packet, length).unwrap()),
        }
        if contents.ends_with(end) {
            break;
        }
    }
    (contents, bytes)
}

#[tokio::test]
async fn zstd_is_spoken_with_the_level_that_the_client_names() {
    let cluster = TestCluster::start();
    let mut sizes = Vec::new();
    for level in [None, Some(1), Some(19), Some(200)] {
        let mut wire = log_in(cluster.port(), Capabilities::ZSTD_COMPRESSION, level.or(Some(3))).await;
        for compressed in [false, true] {
            let sql = "SELECT REPEAT('a text that comes again; ', 50000) AS v, 'and its end'";
            wire.send_raw(&query(sql, compressed)).await;
            // The last packet: an OK with the header of an EOF.
            let (contents, bytes) = answer(&mut wire, &[0xfe, 0, 0, 2, 0, 0, 0]).await;
            assert!(contents.len() > 1_200_000, "{}", contents.len());
            assert!(bytes < contents.len() / 100, "{level:?}: {bytes} bytes");
            sizes.push(bytes);
        }
    }
    assert!(sizes.iter().any(|size| *size != sizes[0]), "the level changes nothing: {sizes:?}");
}

#[tokio::test]
async fn a_packet_that_cannot_be_uncompressed_ends_the_connection_with_an_error() {
    let cluster = TestCluster::start();
    for (flag, level) in [(Capabilities::COMPRESS, None), (Capabilities::ZSTD_COMPRESSION, Some(3))] {
        for (length, packet) in [(100u32, &b"nonsense"[..]), (0xff_ffff, &[0u8; 40][..])] {
            let mut wire = log_in(cluster.port(), flag, level).await;
            let mut bytes = u32::to_le_bytes(packet.len() as u32).to_vec();
            bytes.extend_from_slice(&length.to_le_bytes()[..3]);
            bytes.extend_from_slice(packet);
            wire.send_raw(&bytes).await;
            let (contents, _) = answer(&mut wire, b"packet").await;
            let text = String::from_utf8_lossy(&contents).into_owned();
            assert_eq!(contents.get(4..7), Some(&[0xff, 0x85, 0x04][..]), "1157: {text}");
            assert_eq!(wire.read_to_end().await, 0);
        }
    }
}
