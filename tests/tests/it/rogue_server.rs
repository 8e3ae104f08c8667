//! A server that answers statements with the request for a file of the node's gets nothing, whatever the statement is.

use std::sync::{Arc, Mutex};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use ostrakon_tests::cluster::{TestCluster, run, value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What makes the line answer in place of the server.
const TRAP: &[u8] = b"trap";

/// What came on connections after they were asked for a file: one entry for each request.
type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

/// A line to `target` that answers every message with the trap in it by the request for /etc/passwd.
async fn rogue_line(target: u16, heard: Heard) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((node, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
            tokio::spawn(pass(node, server, Arc::clone(&heard)));
        }
    });
    port
}

async fn pass(mut node: TcpStream, mut server: TcpStream, heard: Heard) {
    let (mut from_node, mut from_server) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            read = node.read(&mut from_node) => {
                let Ok(read @ 1..) = read else { return };
                if from_node[..read].windows(TRAP.len()).any(|part| part == TRAP) {
                    let _ = node.write_all(b"\x0c\0\0\x01\xfb/etc/passwd").await;
                    let mut after = Vec::new();
                    let _ = node.read_to_end(&mut after).await;
                    heard.lock().unwrap().push(after);
                    return;
                }
                server.write_all(&from_node[..read]).await.unwrap();
            }
            read = server.read(&mut from_server) => {
                let Ok(read @ 1..) = read else { return };
                if node.write_all(&from_server[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn errno(outcome: Result<(), Error>) -> u16 {
    match outcome {
        Err(Error::Server(error)) => error.code,
        other => panic!("not an error of the node's: {other:?}"),
    }
}

async fn text(client: &mut Conn, sql: &str) -> u16 {
    errno(client.query_drop(sql).await)
}

#[tokio::test]
async fn no_statement_sends_a_file_to_a_server_that_asks_for_it() {
    let cluster = TestCluster::start_with(|options| options.instances = 1);
    let mut client = cluster.database("app", "DBPARTITIONS 2").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)) DBPARTITION BY HASH(id)").await;
    run(&mut client, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')").await;
    let heard = Heard::default();
    let port = rogue_line(cluster.cluster.instances[0].port(), Arc::clone(&heard)).await;
    run(&mut client, &format!("ALTER INSTANCE i1 PORT={port}")).await;
    for sql in [
        "SELECT 'trap' FROM t WHERE id = 1",
        "SELECT v FROM t WHERE v <> 'trap' ORDER BY v",
        "SELECT COUNT(*) FROM t a JOIN t b ON a.v > b.v WHERE a.v <> 'trap'",
        "INSERT INTO t VALUES (4, 'trap')",
        "UPDATE t SET v = 'x' WHERE v <> 'trap'",
        "SET @x = 'trap'",
        "SELECT 'trap'",
    ] {
        let errno = text(&mut client, sql).await;
        assert_eq!(errno, 1430, "{sql}");
        let fresh: u64 = value(&mut client, "SELECT COUNT(*) FROM t").await;
        assert_eq!(fresh, 3, "after {sql}");
    }
    for sql in
        ["SELECT 'trap' FROM t WHERE id = ?", "SELECT v FROM t WHERE v <> 'trap' AND id > ? ORDER BY v"]
    {
        assert_eq!(errno(client.exec_drop(sql, (1,)).await), 1430, "{sql}");
    }
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t WHERE v IN ('a', 'b', 'c')").await, 3);
    let heard = heard.lock().unwrap();
    assert!(heard.len() >= 9, "{} requests", heard.len());
    // A connection is closed; at most it says goodbye.
    let quit = b"\x01\0\0\0\x01";
    assert!(heard.iter().all(|after| after.is_empty() || after == quit), "{heard:?}");
}
