//! LOAD DATA LOCAL INFILE: the same rows, counts and warnings as on one server, in whatever pieces the file comes; what cannot be loaded leaves nothing.

use bytes::Bytes;
use futures_util::StreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use ostrakon::dev::instance::Instance;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::family::on_mysql;
use ostrakon_tests::pair::Pair;

/// What a load came to: affected rows, warnings, info, or the error's number.
type Came = Result<(u64, u16, String), u16>;

/// Loads a file that comes in pieces of that many bytes.
async fn load(conn: &mut Conn, sql: &str, file: &[u8], piece: usize) -> Came {
    let pieces: Vec<_> = file.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    conn.set_infile_handler(async move { Ok(futures_util::stream::iter(pieces).boxed()) });
    match conn.query_drop(sql).await {
        Ok(()) => Ok((conn.affected_rows(), conn.get_warnings(), conn.info().into_owned())),
        Err(Error::Server(e)) => Err(e.code),
        Err(e) => panic!("{sql}: {e}"),
    }
}

/// SHOW WARNINGS, sorted: duplicates that are left out are not numbered.
async fn warnings(conn: &mut Conn) -> Vec<(String, u16, String)> {
    let mut listed: Vec<(String, u16, String)> = conn.query("SHOW WARNINGS").await.unwrap();
    listed.sort();
    listed
}

/// Loads on both, compares what came of it, the warnings and the table; returns it.
async fn same(pair: &mut Pair, sql: &str, file: &[u8], table: &str) -> Came {
    let mut came = Err(0);
    for piece in [1 << 20, 7] {
        let node = load(&mut pair.node, sql, file, piece).await;
        let plain = load(&mut pair.plain, sql, file, piece).await;
        assert_eq!(node, plain, "\nleft: node, right: plain server\n{sql}");
        pair.same("SELECT ROW_COUNT()").await;
        let warned = [warnings(&mut pair.node).await, warnings(&mut pair.plain).await];
        // After an error a server lists what it has met before, too.
        if node.is_ok() {
            assert_eq!(warned[0], warned[1], "\nleft: node, right: plain server\n{sql}");
        }
        pair.same_set(&format!("SELECT * FROM {table}")).await;
        if piece == 7 {
            // The table stays as it is for the next statement.
            came = node;
        } else {
            pair.prepare(&format!("DELETE FROM {table} WHERE loaded = 1")).await;
        }
    }
    came
}

#[tokio::test]
async fn files_are_loaded_as_on_one_server() {
    let mut pair = Pair::start().await;
    allow_files(&pair.cluster);
    allow_files_of(&pair.plain_server.instance);
    files_are_loaded(&mut pair).await;
}

/// MySQL's servers take no files unless they are told to.
pub(crate) fn allow_files(cluster: &TestCluster) {
    cluster.cluster.instances.iter().for_each(allow_files_of);
}

pub(crate) fn allow_files_of(server: &Instance) {
    server.connect().unwrap().query("SET GLOBAL local_infile = ON").unwrap();
}

pub(crate) async fn files_are_loaded(pair: &mut Pair) {
    let columns = "(id INT PRIMARY KEY, s VARCHAR(10) NOT NULL, d DECIMAL(8,2), t DATETIME, b BLOB, loaded INT DEFAULT 1) \
                   DEFAULT CHARACTER SET utf8mb4";
    let layouts = [
        ("sharded", "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2"),
        ("single", "SINGLE"),
        ("broadcast", "BROADCAST"),
    ];
    for (table, layout) in layouts {
        pair.create(&format!("CREATE TABLE {table} {columns}"), layout).await;
        let lines: String =
            (1..=500).map(|n| format!("{n}\tname {n}\t{n}.25\t2026-01-{:02}\tx\\ty\n", n % 28 + 1)).collect();
        let plain = format!("LOAD DATA LOCAL INFILE 'any' INTO TABLE {table} (id, s, d, t, b)");
        let came = same(pair, &plain, lines.as_bytes(), table).await;
        assert_eq!(came, Ok((500, 0, "Records: 500  Deleted: 0  Skipped: 0  Warnings: 0".into())));
        // Duplicates are left out, or replaced.
        let again = b"3\tagain\t1\t2026-02-01\tz\n1000\tnew\t\\N\t\\N\t\\N\n";
        same(pair, &plain, again, table).await.unwrap();
        pair.prepare(&format!("DELETE FROM {table} WHERE id = 1000")).await;
        same(pair, &plain.replace("INTO", "IGNORE INTO"), again, table).await.unwrap();
        same(pair, &plain.replace("INTO", "REPLACE INTO"), again, table).await.unwrap();
        // What does not fit is stored as far as it does, with warnings: a client's file cannot be stopped.
        let odd = b"2000\ttoo long a name\tabc\t2026-13-01\tx\n2001\ta\n2002\tb\t1\t2026-01-01\tx\ty\tz\n2003\t\\N\t\t\t\n";
        pair.prepare(&format!("DELETE FROM {table} WHERE id > 900")).await;
        same(pair, &plain, odd, table).await.unwrap();
        assert!(same(pair, &plain.replace("INTO", "REPLACE INTO"), odd, table).await.is_err());
        // Quotes, prefixes, lines to leave out, other ends of lines, expressions.
        let csv = format!(
            "LOAD DATA LOCAL INFILE 'any' INTO TABLE {table} CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' \
             LINES STARTING BY '>' TERMINATED BY '\\r\\n' IGNORE 2 LINES (id, @name, @price, t) \
             SET s = UPPER(@name), d = @price * 2, b = CONCAT(@name, '-', @price)"
        );
        let text = b"id,name\r\nsecond\r\n>3000,\"a, \"\"b\"\"\",1.5,NULL\r\nnoise>3001,\"two\nlines\",2,\"NULL\"\r\n\r\n>3002,\xC3\xA9,,2026-01-01 10:00:00\r\n";
        pair.prepare("SET @name = 'before'").await;
        same(pair, &csv, text, table).await.unwrap();
        pair.same("SELECT @name, @price").await;
        // Without a list, and nothing at all.
        same(
            pair,
            &format!("LOAD DATA LOCAL INFILE 'any' INTO TABLE app.{table}"),
            b"4000\ta\t1\t2026-01-01\tb\t1\n",
            table,
        )
        .await
        .unwrap();
        same(pair, &plain, b"", table).await.unwrap();
        // What is wrong with the statement is said before any file is read.
        for wrong in
            ["(id, missing)", "(id, s) SET missing = 1", "FIELDS TERMINATED BY 'ab' ENCLOSED BY 'ab' (id)"]
        {
            let sql = format!("LOAD DATA LOCAL INFILE 'any' INTO TABLE {table} {wrong}");
            assert!(same(pair, &sql, b"1\n", table).await.is_err(), "{sql}");
        }
        // In a transaction.
        pair.prepare("BEGIN").await;
        pair.prepare(&format!("INSERT INTO {table} (id, s) VALUES (5000, 'kept')")).await;
        assert!(load(&mut pair.node, &plain.replace("INTO", "REPLACE INTO"), odd, 10).await.is_err());
        assert!(load(&mut pair.plain, &plain.replace("INTO", "REPLACE INTO"), odd, 10).await.is_err());
        pair.same_set(&format!("SELECT * FROM {table}")).await;
        same(pair, &plain, b"5001\tx\t1\t2026-01-01\tb\n", table).await.unwrap();
        pair.prepare("COMMIT").await;
        pair.same_set(&format!("SELECT * FROM {table}")).await;
        pair.prepare("BEGIN").await;
        same(pair, &plain, b"5002\tx\t1\t2026-01-01\tb\n", table).await.unwrap();
        pair.prepare("ROLLBACK").await;
        pair.same_set(&format!("SELECT * FROM {table}")).await;
    }
}

#[tokio::test]
async fn auto_increment_values_are_the_sequences() {
    let mut pair = Pair::start().await;
    allow_files(&pair.cluster);
    allow_files_of(&pair.plain_server.instance);
    for (table, layout) in [
        ("a", "DBPARTITION BY HASH(id)"),
        ("b", "BROADCAST"),
        ("c", "SINGLE"),
        ("d", "DBPARTITION BY HASH(k)"),
    ] {
        let columns = "(id BIGINT AUTO_INCREMENT PRIMARY KEY, k INT, s VARCHAR(20), loaded INT DEFAULT 1)";
        pair.create(&format!("CREATE TABLE {table} {columns}"), layout).await;
        for (sql, file) in [
            ("(k, s)", &b"1\tone\n2\ttwo\n3\tthree\n"[..]),
            ("FIELDS TERMINATED BY ',' LINES STARTING BY '#' (k, s)", b"#1,a\n#2,b\nno,c\n"),
            ("(id, k, s)", b"\\N\t5\tnull\n0\t6\tzero\n1000\t7\tgiven\n\\N\t8\tlast\n"),
        ] {
            let sql = format!("LOAD DATA LOCAL INFILE 'any' INTO TABLE {table} {sql}");
            let node = load(&mut pair.node, &sql, file, 5).await.unwrap();
            let plain = load(&mut pair.plain, &sql, file, 5).await.unwrap();
            assert_eq!(node, plain, "{sql}");
            pair.same_set(&format!("SELECT k, s FROM {table}")).await;
            let told: u64 = value(&mut pair.node, "SELECT LAST_INSERT_ID()").await;
            let first = if sql.contains("(id") {
                "null"
            } else if sql.contains("FIELDS") {
                "a"
            } else {
                "one"
            };
            let stored: u64 =
                value(&mut pair.node, &format!("SELECT id FROM {table} WHERE s = '{first}'")).await;
            assert_eq!(told, stored, "{sql}");
        }
        let ids: Vec<u64> = pair.node.query(format!("SELECT id FROM {table} ORDER BY id")).await.unwrap();
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!((ids.len(), distinct.len(), ids.contains(&1000)), (9, 9, true), "{ids:?}");
        let last: u64 = value(&mut pair.node, &format!("SELECT id FROM {table} WHERE s = 'last'")).await;
        assert!(last > 1000, "{last}");
    }
}

#[tokio::test]
async fn long_files_come_in_rounds_and_a_fault_at_the_end_leaves_nothing() {
    let cluster = TestCluster::start();
    allow_files(&cluster);
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(200)) DBPARTITION BY HASH(id)").await;
    let mut file: Vec<u8> =
        (0..60_000).flat_map(|n| format!("{n}\t{}\n", "x".repeat(100)).into_bytes()).collect();
    let sql = "LOAD DATA LOCAL INFILE 'any' REPLACE INTO TABLE t";
    let whole = file.len();
    file.extend_from_slice(b"no number\tx\n");
    assert_eq!(load(&mut client, sql, &file, 64 << 10).await, Err(1366), "placing the last line");
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t").await, 0);
    file.truncate(whole);
    let came = load(&mut client, sql, &file, 64 << 10).await;
    assert_eq!(came, Ok((60_000, 0, "Records: 60000  Deleted: 0  Skipped: 0  Warnings: 0".into())));
    assert_eq!(value::<u64>(&mut client, "SELECT SUM(id) FROM t").await, 1_799_970_000);
    assert_eq!(cluster.open_transactions(), 0);
    // A client that goes away in the middle of its file.
    let mut gone = cluster.client(Some("app")).await;
    run(&mut gone, "CREATE TABLE u (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    let never = futures_util::stream::iter([Ok(Bytes::from_static(b"1\n2\n3\n"))])
        .chain(futures_util::stream::pending());
    gone.set_infile_handler(async move { Ok(never.boxed()) });
    let loading = gone.query_drop("LOAD DATA LOCAL INFILE 'any' INTO TABLE u");
    assert!(tokio::time::timeout(std::time::Duration::from_millis(300), loading).await.is_err());
    drop(gone);
    for _ in 0..100 {
        if cluster.open_transactions() == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM u").await, 0);
}

#[tokio::test]
async fn what_cannot_be_loaded_is_refused_before_the_file_is_asked_for() {
    let cluster = TestCluster::start();
    allow_files(&cluster);
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "CREATE VIEW w AS SELECT * FROM t").await;
    for (sql, errno) in [
        ("LOAD DATA INFILE '/etc/passwd' INTO TABLE t", 1235),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t FIELDS TERMINATED BY '' (id, v)", 1235),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t CHARACTER SET utf16 (id, v)", 1235),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t (v) SET id = v + 1", 1235),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t (id) SET v = (SELECT MAX(v) FROM t)", 1235),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t PARTITION (p0) (id)", 1235),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t (id, id)", 1110),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE missing", 1146),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t (id,", 1064),
        ("LOAD XML LOCAL INFILE 'x' INTO TABLE t", 1235),
        ("EXPLAIN LOAD DATA LOCAL INFILE 'x' INTO TABLE t", 1064),
        // MySQL prepares no LOAD DATA.
        (
            "PREPARE s FROM 'LOAD DATA LOCAL INFILE ''x'' INTO TABLE t SET v = ?'",
            if on_mysql() { 1295 } else { 1235 },
        ),
    ] {
        assert_eq!(refused(&mut client, sql).await.0, errno, "{sql}");
    }
    let prepare = "PREPARE s FROM 'LOAD DATA LOCAL INFILE ''x'' INTO TABLE t'";
    if on_mysql() {
        assert_eq!(refused(&mut client, prepare).await.0, 1295);
    } else {
        run(&mut client, prepare).await;
        assert_eq!(load(&mut client, "EXECUTE s", b"7\t8\n", 9).await.map(|came| came.0), Ok(1));
    }
    assert_eq!(
        load(&mut client, "LOAD DATA LOCAL INFILE 'x' INTO TABLE t (@i, v) SET id = @i", b"1\t2\n", 9)
            .await
            .map(|came| came.0),
        Ok(1)
    );
    assert_eq!(value::<u64>(&mut client, "SELECT v FROM t WHERE id = 1").await, 2);
}
