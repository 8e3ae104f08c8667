//! Dumps of a database of all kinds of tables, and what is restored from them: mariadb-dump with its options, mydumper and myloader. Definitions and
//! rows come out as they were.

use std::path::Path;
use std::process::{Command, Stdio};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use ostrakon_tests::cluster::{TestCluster, run};
use ostrakon_tests::family::on_mysql;
use ostrakon_tests::{place, program};

/// Beside the tables of the matrix, which have all types: a table of each kind, and views.
const OBJECTS: &str = "\
CREATE TABLE one (id INT AUTO_INCREMENT PRIMARY KEY, note TEXT, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, KEY n (note(10))) COMMENT = 'it''s \\\\ one';
INSERT INTO one (note, at) VALUES ('a', '2024-01-02 03:04:05'), ('b''c\\\\', '2024-01-02 03:04:05'), (NULL, '1970-01-02 00:00:00');
CREATE TABLE everywhere (code CHAR(2) PRIMARY KEY, name VARCHAR(40) CHARACTER SET latin1) BROADCAST;
INSERT INTO everywhere VALUES ('gr', 'Athína'), ('it', 'Roma');
CREATE TABLE spread (id BIGINT AUTO_INCREMENT PRIMARY KEY, owner INT, more INT AS (owner + 1) STORED, body BLOB) DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2;
INSERT INTO spread (owner, body) VALUES (1, x'00ff27225c0a0d1a'), (2, ''), (3, NULL), (4, 'four'), (5, x'f09f8fba'), (6, x'80'), (7, '7'), (8, '8'), (9, '9');
CREATE TABLE empty (at DATE NOT NULL, id INT NOT NULL, PRIMARY KEY (at, id)) DBPARTITION BY HASH(id) TBPARTITION BY MM(at) TBPARTITIONS 12;
CREATE VIEW owners AS SELECT owner, COUNT(*) AS n FROM spread GROUP BY owner;
CREATE SQL SECURITY INVOKER VIEW names (n) AS SELECT name FROM everywhere WHERE code > 'g'";

/// What a dump may be told, nothing to begin with: tables are locked then, while they are dumped and while they are restored.
const OPTIONS: [&[&str]; 5] = [
    &[],
    &["--single-transaction", "--routines", "--events", "--triggers"],
    &["--single-transaction", "--skip-add-locks", "--hex-blob", "--order-by-primary", "--complete-insert"],
    &["--skip-opt", "--create-options", "--add-drop-table", "--quick", "--set-charset"],
    &["--skip-lock-tables", "--skip-tz-utc", "--skip-extended-insert", "--replace", "--skip-comments"],
];

/// All that there is in a database: for each table and view its definition and its rows.
type Contents = Vec<(String, String, Vec<Vec<Value>>)>;

async fn contents(client: &mut Conn, database: &str) -> Contents {
    run(client, &format!("USE {database}")).await;
    let names: Vec<String> = client.query("SHOW TABLES").await.unwrap();
    let mut found = Vec::new();
    for name in names {
        let shown: Row = client.query_first(format!("SHOW CREATE TABLE {name}")).await.unwrap().unwrap();
        let definition: String = shown.get(1).unwrap();
        let rows: Vec<Row> = client.query(format!("SELECT * FROM {name} ORDER BY 1")).await.unwrap();
        found.push((
            name,
            definition.replace(&format!("`{database}`"), "`shop`"),
            rows.into_iter().map(Row::unwrap).collect(),
        ));
    }
    found
}

async fn same(client: &mut Conn, database: &str, original: &Contents, how: &str) {
    let restored = contents(client, database).await;
    let names = |contents: &Contents| contents.iter().map(|(name, ..)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&restored), names(original), "{how}");
    for ((name, definition, rows), (_, wanted, wanted_rows)) in restored.iter().zip(original) {
        assert_eq!(definition, wanted, "{how}: {name}");
        assert_eq!(rows, wanted_rows, "{how}: rows of {name}");
    }
    // Numbers go on where they were.
    for table in ["one", "spread"] {
        let before: u64 = client.query_first(format!("SELECT MAX(id) FROM {table}")).await.unwrap().unwrap();
        run(client, &format!("INSERT INTO {table} (id) VALUES (NULL)")).await;
        let after: u64 = client.query_first(format!("SELECT MAX(id) FROM {table}")).await.unwrap().unwrap();
        assert!(after > before, "{how}: {table} gave {after} after {before}");
    }
}

/// A program of the servers' with the place of the node.
fn tool(name: &str, port: u16) -> Command {
    let mut command = Command::new(name);
    if name.starts_with("mariadb") {
        command.args(["--no-defaults", "--protocol=tcp"]);
    }
    command.args(["-h", "127.0.0.1", "-P", &port.to_string(), "-u", "root"]);
    command
}

/// Gives a file to the command line client.
fn restore(port: u16, database: Option<&str>, dump: &Path) {
    let mut client = tool("mariadb", port);
    client.args(["--default-character-set=utf8mb4", "--max-allowed-packet=64M"]).args(database);
    program::must(client.stdin(Stdio::from(std::fs::File::open(dump).unwrap())));
}

fn dump(port: u16, options: &[&str], databases: &[&str], file: &Path) -> Vec<u8> {
    let mut dump = tool("mariadb-dump", port);
    dump.args(options).arg(format!("--result-file={}", file.display())).args(databases);
    program::must(&mut dump);
    std::fs::read(file).unwrap()
}

async fn empty_copy(client: &mut Conn) {
    run(client, "DROP DATABASE IF EXISTS copy").await;
    run(client, "CREATE DATABASE copy DBPARTITIONS 4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dumped_is_restored() {
    let cluster = TestCluster::start();
    // mariadb-dump gives generated columns their values, which MySQL refuses (3105).
    let objects = match on_mysql() {
        true => OBJECTS.replace(" more INT AS (owner + 1) STORED,", ""),
        false => OBJECTS.to_owned(),
    };
    let port = cluster.port();
    let mut client = cluster.database("shop", "DBPARTITIONS 4").await;
    let types = std::fs::read_to_string(place::repository().join("tests/clients/table.sql")).unwrap();
    for statement in
        types.split(";\n").chain(objects.split(";\n")).map(str::trim).filter(|text| !text.is_empty())
    {
        run(&mut client, statement).await;
    }
    let mut client = cluster.client(None).await;
    let original = contents(&mut client, "shop").await;
    assert_eq!(original.len(), 10);
    let file = cluster.folder().join("dump.sql");
    for options in OPTIONS {
        let text = dump(port, options, &["shop"], &file);
        let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
        assert_eq!(has(b"0x00FF27225C0A0D1A"), options.contains(&"--hex-blob"), "{options:?}");
        empty_copy(&mut client).await;
        restore(port, Some("copy"), &file);
        same(&mut client, "copy", &original, &format!("{options:?}")).await;
    }
    // From MySQL this version of it leaves out columns with DEFAULT CURRENT_TIMESTAMP: it takes DEFAULT_GENERATED for a generated column.
    if !on_mysql() {
        mydumper(&cluster, &mut client, &original).await;
    }
    // Whole databases: they are made as they were.
    for (more, harm) in [
        ("--no-tablespaces", "DROP TABLE shop.one"),
        ("--add-drop-database", "CREATE TABLE shop.more (id INT)"),
    ] {
        let options = ["--single-transaction", more, "--databases"];
        let original = contents(&mut client, "shop").await;
        dump(port, &options, &["shop"], &file);
        run(&mut client, harm).await;
        restore(port, None, &file);
        same(&mut client, "shop", &original, more).await;
    }
}

/// mydumper asks for a global lock unless it is told not to, and says that it has none.
async fn mydumper(cluster: &TestCluster, client: &mut Conn, original: &Contents) {
    let port = cluster.port();
    let folder = cluster.folder().join("mydumper");
    let folder = folder.to_str().unwrap();
    let refused = tool("mydumper", port).args(["-B", "shop", "-o", folder]).output().unwrap();
    let text = program::text(&refused);
    assert!(!refused.status.success() && text.contains("Not supported: FLUSH TABLES"), "{text}");
    for locks in ["--no-locks", "--lock-all-tables"] {
        std::fs::remove_dir_all(folder).unwrap();
        let options = ["-B", "shop", "-o", folder, "-t", "2", "-G", "-E", "-R", locks];
        program::must(tool("mydumper", port).args(options));
        empty_copy(client).await;
        let options = ["-B", "copy", "-d", folder, "-t", "2", "--overwrite-tables"];
        program::must(tool("myloader", port).args(options));
        same(client, "copy", original, locks).await;
    }
}
