//! Cursors: COM_STMT_EXECUTE that asks for one, and COM_STMT_FETCH, packet by packet as one server answers.

use mysql_async::Conn;
use ostrakon_tests::cluster::{TestCluster, run};
use ostrakon_tests::family::on_mysql;
use ostrakon_tests::pair::Pair;
use ostrakon_tests::wire::Wire;

const CURSOR_EXISTS: u16 = 0x40;
const LAST_ROW_SENT: u16 = 0x80;

/// A client that prepares, executes and fetches, and keeps the packets.
struct Client(Wire);

/// What a command was answered: the rows, and the status flags that speak of cursors; or an error's number.
#[derive(Debug, PartialEq)]
enum Answer {
    Columns { count: u8, status: u16 },
    Rows { rows: Vec<Vec<u8>>, status: u16 },
    Ok,
    Error(u16),
}

fn error(packet: &[u8]) -> Option<Answer> {
    (packet[0] == 0xff).then(|| Answer::Error(u16::from_le_bytes([packet[1], packet[2]])))
}

/// The flags of an OK packet with the header of an EOF, whose counts have one byte.
fn status(packet: &[u8]) -> u16 {
    u16::from_le_bytes([packet[3], packet[4]]) & (CURSOR_EXISTS | LAST_ROW_SENT)
}

fn is_end(packet: &[u8]) -> bool {
    packet[0] == 0xfe && packet.len() < 100
}

impl Client {
    async fn packet(&mut self) -> Vec<u8> {
        self.0.read_packet().await.expect("an answer")
    }

    /// The statement's id.
    async fn prepare(&mut self, sql: &str) -> u32 {
        self.0.send_packet(0, &[b"\x16", sql.as_bytes()].concat()).await;
        let ok = self.packet().await;
        assert_eq!(ok[0], 0, "{sql}: {}", String::from_utf8_lossy(&ok));
        let definitions = u16::from_le_bytes([ok[5], ok[6]]) + u16::from_le_bytes([ok[7], ok[8]]);
        for _ in 0..definitions {
            self.packet().await;
        }
        u32::from_le_bytes([ok[1], ok[2], ok[3], ok[4]])
    }

    /// Executes without parameters, with these cursor flags.
    async fn execute(&mut self, id: u32, flags: u8) -> Answer {
        let command = [&[0x17][..], &id.to_le_bytes(), &[flags], &1u32.to_le_bytes()].concat();
        self.0.send_packet(0, &command).await;
        let first = self.packet().await;
        if let Some(error) = error(&first) {
            return error;
        }
        if first[0] == 0 {
            return Answer::Ok;
        }
        for _ in 0..first[0] {
            self.packet().await;
        }
        let mut rows = Vec::new();
        loop {
            let packet = self.packet().await;
            if is_end(&packet) {
                let status = status(&packet);
                return match status & CURSOR_EXISTS {
                    0 => Answer::Rows { rows, status },
                    _ => Answer::Columns { count: first[0], status },
                };
            }
            rows.push(packet);
        }
    }

    async fn fetch(&mut self, id: u32, rows: u32) -> Answer {
        let command = [&[0x1c][..], &id.to_le_bytes(), &rows.to_le_bytes()].concat();
        self.0.send_packet(0, &command).await;
        let mut rows = Vec::new();
        loop {
            let packet = self.packet().await;
            match error(&packet) {
                Some(error) => return error,
                None if is_end(&packet) => return Answer::Rows { rows, status: status(&packet) },
                None => rows.push(packet),
            }
        }
    }

    async fn reset(&mut self, id: u32) -> Answer {
        self.0.send_packet(0, &[&[0x1a][..], &id.to_le_bytes()].concat()).await;
        let packet = self.packet().await;
        error(&packet).unwrap_or(Answer::Ok)
    }
}

async fn table(client: &mut Conn, clause: &str) {
    run(client, &format!("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), f DOUBLE) {clause}")).await;
    let rows: Vec<String> = (1..=25).map(|id| format!("({id}, 'text {id}', {id} / 4)")).collect();
    run(client, &format!("INSERT INTO t VALUES {}", rows.join(", "))).await;
}

#[tokio::test]
async fn rows_are_fetched_as_from_one_server() {
    let mut pair = Pair::start().await;
    table(&mut pair.node, "DBPARTITION BY HASH(id)").await;
    table(&mut pair.plain, "").await;
    let mut node = Client(Wire::log_in(pair.cluster.port(), "app").await);
    let mut plain = Client(Wire::log_in(pair.plain_server.port(), "app").await);
    for sql in [
        "SELECT id, v, f FROM t WHERE id = 7",
        "SELECT id, v, f FROM t ORDER BY id",
        "SELECT v, COUNT(*) FROM t GROUP BY v HAVING COUNT(*) > 5",
        "SELECT a.id, (SELECT MAX(b.f) FROM t b WHERE b.id < a.id) FROM t a JOIN t c ON c.id = a.id + 1 ORDER BY a.id DESC",
        // MySQL has a shorter integer in a cursor than without one.
        if on_mysql() { "SELECT CAST(1 AS SIGNED)" } else { "SELECT 1" },
    ] {
        let (id, other) = (node.prepare(sql).await, plain.prepare(sql).await);
        for (flags, fetches) in
            [(1, &[1, 2, 20, 1, 1, 1, 1][..]), (1, &[30, 1]), (0, &[1]), (1, &[4]), (1, &[0, 3])]
        {
            // A statement that has had a cursor is answered by MySQL 9.7 with an OK packet where its rows belong.
            let (id, other) = match flags == 0 && on_mysql() {
                true => (node.prepare(sql).await, plain.prepare(sql).await),
                false => (id, other),
            };
            let answer = node.execute(id, flags).await;
            assert_eq!(answer, plain.execute(other, flags).await, "{sql}");
            assert_eq!(matches!(answer, Answer::Columns { .. }), flags == 1, "{sql}: {answer:?}");
            for count in fetches {
                assert_eq!(
                    node.fetch(id, *count).await,
                    plain.fetch(other, *count).await,
                    "{sql}: {count} of {fetches:?}"
                );
            }
        }
        // Closed by a reset, with rows left.
        for client in [(&mut node, id), (&mut plain, other)] {
            let (client, id) = client;
            client.execute(id, 1).await;
            assert_eq!(client.reset(id).await, Answer::Ok);
            assert_eq!(client.fetch(id, 1).await, Answer::Error(1421), "{sql}");
        }
    }
    for client in [&mut node, &mut plain] {
        assert_eq!(client.fetch(9999, 1).await, Answer::Error(1243));
        let id = client.prepare("UPDATE t SET v = 'new' WHERE id = 3").await;
        assert_eq!(client.execute(id, 1).await, Answer::Ok);
        assert_eq!(client.fetch(id, 1).await, Answer::Error(1421));
        let id = client.prepare("SELECT id FROM t WHERE id = (SELECT id FROM t)").await;
        assert_eq!(client.execute(id, 1).await, Answer::Error(1242));
    }
}

#[tokio::test]
async fn rows_beyond_the_limit_come_at_once() {
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = "[limits]\ncursor_memory = 100000\n".to_owned();
    });
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v TEXT) DBPARTITION BY HASH(id)").await;
    let rows: Vec<String> = (0..200).map(|id| format!("({id}, '{}')", "x".repeat(1000))).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(", "))).await;
    let mut client = Client(Wire::log_in(cluster.port(), "app").await);
    let all = client.prepare("SELECT id, v FROM t ORDER BY id").await;
    let Answer::Rows { rows, status: 0 } = client.execute(all, 1).await else {
        panic!("a cursor beyond its limit")
    };
    assert_eq!(rows.len(), 200);
    assert_eq!(client.fetch(all, 1).await, Answer::Error(1421));
    // Two cursors that fit, and a third that does not fit beside them.
    let some = "SELECT id, v FROM t WHERE id < 45 ORDER BY id";
    let (first, second, third) =
        (client.prepare(some).await, client.prepare(some).await, client.prepare(some).await);
    for id in [first, second] {
        assert!(matches!(client.execute(id, 1).await, Answer::Columns { .. }));
    }
    assert!(matches!(client.execute(third, 1).await, Answer::Rows { .. }));
    let Answer::Rows { rows, status: LAST_ROW_SENT } = client.fetch(first, 100).await else {
        panic!("no rows")
    };
    assert_eq!(rows.len(), 45);
    // What was fetched to its end holds nothing.
    assert!(matches!(client.execute(third, 1).await, Answer::Columns { .. }));
}
