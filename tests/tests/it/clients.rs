//! The client matrix: drivers, mappers and dump tools of many languages against one node, each by all that it can do.
//!
//! A client is a program in tests/clients, or a module here. It is told by its environment where the node is and which database is its own,
//! and says `version: ...`, `passed: <column>`, or `none: <column>: <reason>` for what it has on no server. Values that it reads are compared
//! with tests/clients/expected.tsv; rows that it writes are compared by the server with those of tests/clients/table.sql.
//!
//! `make matrix` runs both tests with a million rows, `SERVERS=mysql` over MySQL. The tables of results are printed, and kept in the test
//! folder. A client whose program is not installed is skipped there, but not where `CI` is set: `tools/setup test` installs all of them.

mod dialect;
mod list;
mod packages;
mod rust;
mod table;

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::Conn;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{TestCluster, run};
use ostrakon_tests::family;
use ostrakon_tests::place;

use list::{Client, Program};
use table::{Outcome, Row, Table};

/// What a driver shows: each way to log in with all values read, both protocols, and what they carry.
const DRIVERS: [&str; 14] = [
    "sha2",
    "sha2 tls",
    "rsa",
    "native",
    "native tls",
    "compressed",
    "text",
    "binary",
    "write text",
    "write binary",
    "transaction",
    "errors",
    "big",
    "stream",
];
/// What a mapper shows.
const MAPPERS: [&str; 8] =
    ["migrate", "alter", "introspection", "models", "transaction", "lock", "admin", "undo"];
/// The password of every account of the matrix.
const PASSWORD: &str = "funeral oration";
/// What MySQL 9.7 keeps of it: a client without TLS must send the password under the node's RSA key.
const SALTED: &str = "0x2441243030412467360B6A7B4A59757146187A4D395C50014B0F233734437A7A4D2F426E54746A3265745569753773557371575467502F477953796436466B3237757A473336";
/// Longer than any client needs on a busy machine.
const TIME: Duration = Duration::from_secs(240);

/// Where the clients' programs and expected values are.
fn scripts() -> PathBuf {
    place::repository().join("tests/clients")
}

/// Rows that every driver takes as they come: `OSTRAKON_MATRIX_ROWS`, a million for `make matrix`.
fn rows() -> usize {
    match std::env::var("OSTRAKON_MATRIX_ROWS") {
        Ok(text) => text.parse().expect("OSTRAKON_MATRIX_ROWS is a number"),
        Err(_) => 20_000,
    }
}

/// Bytes of a big parameter, as many times all byte values: `OSTRAKON_MATRIX_BYTES`. More than 16 MiB need several packets.
fn bytes() -> usize {
    match std::env::var("OSTRAKON_MATRIX_BYTES") {
        Ok(text) => text.parse().expect("OSTRAKON_MATRIX_BYTES is a number"),
        Err(_) => 3_000_000,
    }
}

fn cluster() -> (TestCluster, &'static str) {
    let servers = match family::usual() {
        ServerKind::MySql => "mysql",
        ServerKind::MariaDb => "mariadb",
    };
    (TestCluster::start(), servers)
}

/// The rows that clients take as they come, which all of them share.
async fn fill_many(client: &mut Conn) {
    run(client, "CREATE DATABASE matrix_many").await;
    let table = "matrix_many.many (id INT NOT NULL PRIMARY KEY, body VARCHAR(40) NOT NULL)";
    run(client, &format!("CREATE TABLE {table} DBPARTITION BY HASH(id)")).await;
    let ids: Vec<usize> = (1..=rows()).collect();
    for some in ids.chunks(10_000) {
        let values: Vec<String> = some.iter().map(|id| format!("({id}, 'row number {id}')")).collect();
        run(client, &format!("INSERT INTO matrix_many.many VALUES {}", values.join(","))).await;
    }
}

/// A database and three accounts of the client's own, so that each goes through the first login of an account by itself.
async fn prepare(client: &mut Conn, name: &str, tables: bool) {
    run(client, &format!("CREATE DATABASE matrix_{name}")).await;
    for (user, plugin, proof) in [
        ("sha2", "caching_sha2_password", format!("BY '{PASSWORD}'")),
        ("rsa", "caching_sha2_password", format!("AS {SALTED}")),
        ("native", "mysql_native_password", format!("BY '{PASSWORD}'")),
    ] {
        run(client, &format!("CREATE USER {user}_{name} IDENTIFIED WITH {plugin} {proof}")).await;
        run(client, &format!("GRANT ALL ON *.* TO {user}_{name}")).await;
    }
    if tables {
        run(client, &format!("USE matrix_{name}")).await;
        let script = std::fs::read_to_string(scripts().join("table.sql")).unwrap();
        for statement in script.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
            run(client, statement).await;
        }
    }
}

/// Runs one client, and reads what it says.
async fn play(client: Client, columns: &[&'static str], port: u16, folder: PathBuf) -> Row {
    let said = match (client.program)(&folder) {
        Program::Missing(reason) => return Row::skipped(client.name, &reason),
        Program::Inside => rust::checks(client.name, port).await,
        Program::Command(mut command) => {
            command
                .env("MATRIX_PORT", port.to_string())
                .env("MATRIX_CLIENT", client.name)
                .env("MATRIX_PASSWORD", PASSWORD)
                .env("MATRIX_ROWS", rows().to_string())
                .env("MATRIX_BYTES", bytes().to_string())
                .env("MATRIX_EXPECTED", scripts().join("expected.tsv"))
                .stdin(Stdio::null());
            let mut command = tokio::process::Command::from(*command);
            match tokio::time::timeout(TIME, command.kill_on_drop(true).output()).await {
                Ok(Ok(output)) => {
                    let text = ostrakon_tests::program::text(&output);
                    Outcome { text, well: output.status.success() }
                }
                Ok(Err(error)) => Outcome { text: error.to_string(), well: false },
                Err(_) => Outcome { text: format!("did not end within {TIME:?}"), well: false },
            }
        }
    };
    Row::of(client.name, columns, said)
}

/// All clients of a list, two at a time, over one cluster.
async fn matrix(title: &str, clients: Vec<Client>, columns: &'static [&'static str], with_tables: bool) {
    let (cluster, servers) = cluster();
    let mut root = cluster.client(None).await;
    fill_many(&mut root).await;
    let only = std::env::var("CLIENT").unwrap_or_default();
    let clients: Vec<Client> = clients.into_iter().filter(|client| client.name.contains(&only)).collect();
    let turns = Arc::new(tokio::sync::Semaphore::new(2));
    let mut playing = Vec::new();
    for client in clients {
        prepare(&mut root, client.name, with_tables).await;
        let folder = cluster.folder().join(client.name);
        std::fs::create_dir_all(&folder).unwrap();
        let (turn, port) = (turns.clone().acquire_owned().await.unwrap(), cluster.port());
        playing.push(tokio::spawn(async move {
            let row = play(client, columns, port, folder).await;
            drop(turn);
            row
        }));
    }
    let mut table = Table::new(&format!("{title} over {servers}"), columns);
    for row in playing {
        table.rows.push(row.await.unwrap());
    }
    table.keep(&place::base().join(format!("matrix-{title}-{servers}.txt")));
    table.must_be_green();
}

#[tokio::test(flavor = "multi_thread")]
async fn drivers_of_all_languages() {
    matrix("drivers", list::drivers(), &DRIVERS, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn object_relational_mappers() {
    matrix("mappers", list::mappers(), &MAPPERS, false).await;
}
