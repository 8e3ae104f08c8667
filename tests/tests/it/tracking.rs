//! Session tracking: the OK packets of a client with CLIENT_SESSION_TRACK are those of one server.

use ostrakon_protocol::Capabilities;
use ostrakon_protocol::response::OkPacket;
use ostrakon_tests::pair::Pair;
use ostrakon_tests::wire::Wire;

/// CLIENT_SESSION_TRACK.
const SESSION_TRACK: u32 = 1 << 23;

/// The next packet without its changes, and these, sorted: servers have no order of variables. Of an error the number counts.
async fn told(wire: &mut Wire) -> (Vec<u8>, Vec<Vec<u8>>) {
    let packet = wire.read_packet().await.expect("an answer");
    if packet[0] == 0xFF {
        return (packet[..3].to_vec(), Vec::new());
    }
    let ok = OkPacket::decode(&packet, Capabilities(SESSION_TRACK.into())).expect("an OK packet");
    let mut changes = Vec::new();
    let mut rest = ok.session_state;
    while let [_, length, ..] = rest {
        let (change, more) = rest.split_at(2 + usize::from(*length));
        changes.push(change.to_vec());
        rest = more;
    }
    changes.sort();
    (packet[..packet.len() - ok.session_state.len()].to_vec(), changes)
}

#[tokio::test]
async fn changes_are_told_as_by_one_server() {
    changes_are_told(&mut Pair::start().await).await;
}

pub(crate) async fn changes_are_told(pair: &mut Pair) {
    pair.create("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "DBPARTITION BY HASH(id)").await;
    pair.prepare("CREATE DATABASE other").await;
    let ports = [pair.cluster.port(), pair.plain_server.port()];
    for database in ["", "app"] {
        let mut told = Vec::new();
        for port in ports {
            told.push(Wire::log_in_with(port, database, SESSION_TRACK).await.unwrap().1);
        }
        assert_eq!(told[0], told[1], "login with database '{database}'");
    }
    let mut node = Wire::log_in_with(ports[0], "app", SESSION_TRACK).await.unwrap().0;
    let mut plain = Wire::log_in_with(ports[1], "app", SESSION_TRACK).await.unwrap().0;
    for sql in [
        "USE app",
        "USE nowhere",
        "SET NAMES utf8mb4",
        "SET NAMES latin1",
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SET time_zone = '+01:00', sql_mode = ''",
        "SET time_zone = DEFAULT",
        "SET character_set_connection = latin1",
        "SET character_set_connection = utf8mb4",
        "SET autocommit = 0",
        "SET autocommit = 1",
        "SET @a = 1",
        "SET group_concat_max_len = 4096",
        "DO 1",
        // Information texts have another form beside tracked changes.
        "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)",
        "INSERT INTO t VALUES (4, 1)",
        "UPDATE t SET v = 7 WHERE id = 2",
        "UPDATE t SET v = 8 WHERE id > 0",
        "DELETE FROM t WHERE id = 3",
        "SET session_track_state_change = 1",
        "SET @a = 2",
        "USE other",
        "SET sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'",
        "DO 1",
        "SET sql_mode = ''",
        "SET session_track_system_variables = 'group_concat_max_len, sql_mode'",
        "SET group_concat_max_len = 2048, sql_mode = 'NO_ZERO_DATE', time_zone = '+02:00'",
        "SET group_concat_max_len = 99, time_zone = 'nowhere'",
        "SET session_track_schema = 0",
        "USE app",
        "SET session_track_schema = 1",
        "SET session_track_state_change = 0",
        "USE other",
        "DROP DATABASE other",
    ] {
        node.send_query(sql).await;
        plain.send_query(sql).await;
        let told = [told(&mut node).await, told(&mut plain).await];
        assert_eq!(told[0], told[1], "{sql}");
    }
    // What is not told here is not promised.
    node.send_query("SET session_track_transaction_info = 'STATE'").await;
    assert_eq!(node.read_packet().await.unwrap()[..3], [0xFF, 0xD3, 0x04]);
    // A client that has not asked is told nothing.
    let mut quiet = Wire::log_in(ports[0], "app").await;
    quiet.send_query("USE app").await;
    assert_eq!(quiet.read_packet().await.unwrap(), [0, 0, 0, 2, 0, 0, 0]);
}
