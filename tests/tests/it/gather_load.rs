//! Rows that are loaded into temporary tables arrive bit for bit: every type, both ways of loading, against the server's own copy.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::Conn;
use ostrakon::backend::connection::Connection;
use ostrakon::backend::pool::{Pool, PoolLimits, Purpose};
use ostrakon::backend::settings::Settings;
use ostrakon::dev::server::ServerKind;
use ostrakon::error::SqlError;
use ostrakon::gather::connection::GatherConnection;
use ostrakon::gather::load::{LoadColumn, Loaded};
use ostrakon_catalog::column::ColumnType;
use ostrakon_catalog::schema::Instance;
use ostrakon_router::lexer::{SqlMode, tokenize};
use ostrakon_router::parse::ddl::Ddl;
use ostrakon_router::parse::parse_ddl;
use ostrakon_router::plan::carriage::carriage;
use ostrakon_tests::cluster::{PlainServer, connect, run, value};
use ostrakon_tests::family::server_of;

/// Types of both families, and literals to store: extremes, and what a text would not tell.
const TYPES: &[(&str, &[&str])] = &[
    ("TINYINT", &["-128", "127", "0"]),
    ("TINYINT UNSIGNED ZEROFILL", &["0", "255"]),
    ("BOOLEAN", &["TRUE", "FALSE"]),
    ("SMALLINT", &["-32768", "32767"]),
    ("MEDIUMINT", &["-8388608", "8388607"]),
    ("INT", &["-2147483648", "2147483647"]),
    ("INT(8) ZEROFILL", &["42", "4294967295"]),
    ("BIGINT", &["-9223372036854775808", "9223372036854775807"]),
    ("BIGINT UNSIGNED", &["18446744073709551615", "9007199254740993"]),
    (
        "DECIMAL(65,30)",
        &["-12345678901234567890123456789012345.123456789012345678901234567890", "0", "1e-30"],
    ),
    ("DECIMAL(10,2) UNSIGNED ZEROFILL", &["12345678.90", "0.01"]),
    (
        "FLOAT",
        &[
            "1.5",
            "-3.25e10",
            "0.1",
            "'-0'",
            "3.40282347e38",
            "1.17549435e-38",
            "1.4e-45",
            "16777217",
            "1e0/3",
        ],
    ),
    ("FLOAT(7,3)", &["1234.567", "-0.001", "0.1"]),
    (
        "DOUBLE",
        &[
            "2.5",
            "-1.7976931348623157e308",
            "2.2250738585072014e-308",
            "5e-324",
            "0.1",
            "'-0'",
            "1e0/3",
            "9007199254740993",
        ],
    ),
    ("DOUBLE(20,2)", &["123.35", "0.1", "999999999999999.99", "1e17", "0.29", "1.005"]),
    ("REAL", &["0.1"]),
    ("BIT(1)", &["b'1'", "b'0'"]),
    ("BIT(9)", &["b'101001001'", "b'1011100'", "b'1010'", "b'0'", "b'1001'"]),
    (
        "BIT(64)",
        &["b'1000000000000000000000000000000000000000000000000000000000000001'", "b'0'", "0x5C4E0A09"],
    ),
    (
        "DATE",
        &[
            "'1000-01-01'",
            "'9999-12-31'",
            "'0000-00-00'",
            "'2024-00-00'",
            "'2024-02-31'",
            "'2024-12-00'",
            "'0001-01-01'",
        ],
    ),
    (
        "DATETIME",
        &["'2024-02-29 23:59:59'", "'0000-00-00 00:00:00'", "'2024-04-31 01:02:03'", "'2024-00-00 01:02:03'"],
    ),
    (
        "DATETIME(6)",
        &["'2024-02-29 23:59:59.123456'", "'9999-12-31 23:59:59.999999'", "'0000-00-00 00:00:00.000001'"],
    ),
    ("DATETIME(2)", &["'2024-02-29 23:59:59.12'"]),
    (
        "TIMESTAMP NULL",
        &["'2024-02-29 23:59:59'", "'0000-00-00'", "'1970-01-01 18:00:01'", "'2038-01-18 20:14:07'"],
    ),
    (
        "TIMESTAMP(6) NULL",
        &[
            "'2024-02-29 23:59:59.123456'",
            "'0000-00-00'",
            "'2038-01-18 20:14:07.999999'",
            "'1970-01-01 18:00:01.000001'",
        ],
    ),
    ("TIMESTAMP(1) NULL", &["'2024-02-29 23:59:59.9'"]),
    ("TIME", &["'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:01'"]),
    ("TIME(6)", &["'-01:02:03.456789'", "'-00:00:00.000001'", "'838:59:59.000000'"]),
    ("YEAR", &["1901", "2155", "0", "2000"]),
    ("CHAR(10)", &["'padded  '", "''", "' lead'", "'grüße 你'"]),
    ("CHAR(10) CHARACTER SET latin1 COLLATE latin1_bin", &["'café\\\\'"]),
    (
        "VARCHAR(100)",
        &[
            "'grüße 你好 🏺'",
            "''",
            "'a\\\\b\\'c\\\"d'",
            "'trailing  '",
            "'tab\\tnl\\ncr\\rnul\\0z\\Z'",
            "'\\\\N'",
            "'NULL'",
        ],
    ),
    ("VARCHAR(100) CHARACTER SET latin1", &["'café'", "x'5c5c0a0900ff'"]),
    ("VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", &["'Bin'"]),
    ("VARCHAR(100) CHARACTER SET utf16", &["'grüße 你好 🏺 \\t\\n\\\\ \\0'", "''"]),
    ("VARCHAR(100) CHARACTER SET ucs2", &["'grüße 你好 \\t\\n\\\\'"]),
    ("VARCHAR(100) CHARACTER SET utf32", &["'grüße 🏺'"]),
    ("CHAR(20) CHARACTER SET utf16", &["'grüße 🏺'", "''"]),
    ("TEXT CHARACTER SET utf16", &["'grüße 🏺 \\n\\\\'"]),
    ("VARCHAR(100) CHARACTER SET gbk", &["'你好'", "x'8c5c8c5c'", "x'815c275c5c'"]),
    ("VARCHAR(100) CHARACTER SET sjis", &["x'835c835c'"]),
    ("VARCHAR(100) CHARACTER SET cp1251", &["'привет'"]),
    ("BINARY(4)", &["x'00ff'", "x'00000000'", "x'5c5c0a09'"]),
    ("VARBINARY(50)", &["x'00010203fffe'", "''", "x'5c4e'", "x'5c30090a0d1a2722'", "x'00'"]),
    ("TINYTEXT", &["'tiny'"]),
    ("TEXT", &["'text\\nwith lines'", "''"]),
    ("MEDIUMTEXT", &["REPEAT('m', 70000)", "REPEAT('\\n', 70000)"]),
    ("LONGTEXT", &["REPEAT('l\\\\', 300)", "REPEAT('x', 3000000)"]),
    ("TINYBLOB", &["x'00'", "''"]),
    ("BLOB", &["x'deadbeef'"]),
    ("MEDIUMBLOB", &["REPEAT(x'ff', 70000)", "REPEAT(x'0009', 200000)"]),
    ("LONGBLOB", &["REPEAT(x'00', 251)"]),
    ("ENUM('one','two','drei ß')", &["'two'", "3", "0"]),
    ("ENUM('','0','2','1')", &["''", "'0'", "'2'", "0", "'1'"]),
    ("ENUM('grüße','b') CHARACTER SET utf16", &["1", "2"]),
    ("SET('a','b','c')", &["'a,c'", "''", "7"]),
    ("SET('','2','grün')", &["1", "0", "6"]),
    (
        "SET('1','2','3','4','5','6','7','8','9','10','11','12','13','14','15','16','17','18','19','20','21','22','23','24','25','26','27','28','29',\
         '30','31','32','33','34','35','36','37','38','39','40','41','42','43','44','45','46','47','48','49','50','51','52','53','54','55','56','57',\
         '58','59','60','61','62','63','64')",
        &["18446744073709551615", "9223372036854775809", "9007199254740993"],
    ),
    (
        "JSON",
        &[
            "'{\"k\": [1, 2.5, null, \"ü\\\\n\", true, 1e300], \"a\": {}}'",
            "'[]'",
            "'\"\"'",
            "'18446744073709551615'",
            "'-0.0'",
            "'null'",
            "'1.0'",
        ],
    ),
    ("POINT", &["ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(1 2)', 4326)"]),
    (
        "GEOMETRY",
        &["ST_GeomFromText('LINESTRING(0 0,1 1)')", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"],
    ),
    ("POLYGON", &["ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"]),
];

/// Types of one family.
const MARIADB_TYPES: &[(&str, &[&str])] = &[
    ("UUID", &["'123e4567-e89b-12d3-a456-426655440000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]),
    ("INET6", &["'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.1'", "'::'", "'5c5c:a09::'"]),
    ("INET4", &["'192.0.2.1'", "'92.9.10.0'"]),
    ("VARCHAR(100) CHARACTER SET utf8mb4 COLLATE uca1400_german2_as_ci", &["'grüße'", "'a  '"]),
    ("VARCHAR(50) COLLATE utf8mb4_nopad_bin", &["'a '"]),
    ("CHAR(5) COLLATE utf8mb4_nopad_bin", &["'a '"]),
];
const MYSQL_TYPES: &[(&str, &[&str])] = &[
    ("VECTOR(3)", &["STRING_TO_VECTOR('[1,2.5,-3]')", "0x5c0a0900000000005c4e5c4e"]),
    ("POINT SRID 4326", &["ST_GeomFromText('POINT(1 2)', 4326)"]),
    ("VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs", &["'grüße'", "'a  '"]),
    ("CHAR(5) COLLATE utf8mb4_0900_bin", &["'a '"]),
    ("JSON", &["JSON_ARRAY(1.25)", "JSON_OBJECT('k', 0.1)"]),
];

/// Documents of MySQL that their text does not tell.
const UNTOLD_JSON: &[&str] = &[
    "JSON_ARRAY(DATE '2024-02-29')",
    "JSON_OBJECT('k', TIMESTAMP '2024-02-29 01:02:03.456')",
    "JSON_ARRAY(CAST('12345678901234567890.123' AS DECIMAL(30,3)))",
    "JSON_ARRAY(1.50)",
    "JSON_ARRAY(x'00ff')",
];

/// A server, a connection that rows come from and a pool of gather connections.
struct Loading {
    _server: PlainServer,
    client: Conn,
    source: Connection,
    pool: Rc<Pool>,
    session: Rc<Settings>,
    mariadb: bool,
}

fn instance(server: &PlainServer) -> Arc<Instance> {
    Arc::new(Instance {
        id: 1,
        name: "plain".into(),
        host: "127.0.0.1".into(),
        port: server.port(),
        user: "root".into(),
        password: String::new(),
        draining: false,
        tls: Default::default(),
    })
}

impl Loading {
    /// `files`: the server takes them.
    async fn start(kind: ServerKind, files: bool) -> Self {
        let server = PlainServer::of(server_of(kind));
        let mut client = connect(server.port(), None).await;
        run(&mut client, &format!("SET GLOBAL local_infile = {}", u8::from(files))).await;
        run(&mut client, "CREATE DATABASE __ostrakon").await;
        run(&mut client, "CREATE DATABASE app CHARACTER SET utf8mb4").await;
        run(&mut client, "USE app").await;
        run(&mut client, "SET time_zone = '-05:00', sql_mode = 'ALLOW_INVALID_DATES'").await;
        // A session whose settings would change values that travel as its client sees them.
        let session = Settings::default()
            .with("time_zone", "'-05:00'".into())
            .with(
                "sql_mode",
                "'PAD_CHAR_TO_FULL_LENGTH,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_BACKSLASH_ESCAPES'".into(),
            )
            .with("character_set_client", "'latin1'".into())
            .with("collation_connection", "'latin1_german1_ci'".into())
            .with("character_set_results", "NULL".into());
        let instance = instance(&server);
        let source = Connection::connect(&instance, 1, false).await.expect("a source");
        let limits = PoolLimits {
            purpose: Purpose::Gather,
            connections: 1,
            wait: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            statements: 1,
        };
        let pool = Pool::new(instance, limits);
        Self {
            _server: server,
            client,
            source,
            pool,
            session: Rc::new(session),
            mariadb: kind == ServerKind::MariaDb,
        }
    }

    async fn gather(&self) -> GatherConnection {
        let connection = self.pool.acquire(false).await.expect("a gather connection");
        GatherConnection::new(connection, &self.session, Rc::new)
    }

    /// Makes a table of this type with these values, and gives the column's type as the router reads it.
    async fn table(&mut self, name: &str, definition: &str, literals: &[&str]) -> ColumnType {
        let create = format!("CREATE TABLE {name} (id INT PRIMARY KEY, c {definition})");
        run(&mut self.client, &create).await;
        for (id, literal) in literals.iter().chain(&["NULL"]).enumerate() {
            run(&mut self.client, &format!("INSERT IGNORE INTO {name} VALUES ({id}, {literal})")).await;
        }
        let stored: usize = value(&mut self.client, &format!("SELECT COUNT(c) FROM {name}")).await;
        assert_eq!(stored, literals.len(), "{definition}: a value became NULL");
        let tokens = tokenize(create.as_bytes(), SqlMode::default()).expect("tokens");
        let ddl = parse_ddl(create.as_bytes(), &tokens, SqlMode::default()).expect("a table");
        let Some(Ddl::CreateTable(table)) = ddl else { panic!("{create} is no CREATE TABLE") };
        table.columns[1].data_type.clone()
    }

    /// Copies a table into `to` of the gather connection, as gather does.
    async fn copy(
        &mut self,
        gather: &mut GatherConnection,
        from: &str,
        to: &str,
        data_type: &ColumnType,
    ) -> Result<Loaded, SqlError> {
        let select = format!("SELECT id, c FROM {from} WHERE FALSE");
        gather.create(to, (&select, false), &[vec!["id".into()]], &[]).await?;
        let columns =
            [("id", &ColumnType::Int { unsigned: false }), ("c", data_type)].map(|(name, data_type)| {
                LoadColumn { name: name.into(), carriage: carriage(data_type, self.mariadb) }
            });
        let values: Vec<String> =
            columns.iter().map(|c| c.carriage.source(&format!("t.`{}`", c.name))).collect();
        self.source.queue_settings(&self.session);
        let rows = self.source.query(&format!("SELECT {} FROM {from} t", values.join(", "))).await?;
        let mut load = gather.load(to, &columns).await?;
        for row in &rows.rows {
            load.row(row.iter().map(|cell| cell.as_deref()))?;
            load.flush_if_full().await?;
        }
        load.end().await
    }
}

/// What is seen of a table: a checksum of its rows' bytes as the server has them in memory, and what expressions give.
async fn seen(
    gather: &mut GatherConnection,
    table: &str,
    data_type: &ColumnType,
    mariadb: bool,
) -> Vec<Vec<String>> {
    let mut probes = vec!["CAST(c AS BINARY)", "LENGTH(c)", "c IS NULL"];
    match data_type {
        ColumnType::Other(name) if !name.starts_with("uuid") && !name.starts_with("inet") => {}
        ColumnType::Other(_) | ColumnType::Date | ColumnType::Time { .. } => probes.push("HEX(c)"),
        ColumnType::Json if !mariadb => probes.push("JSON_TYPE(c)"),
        ColumnType::Timestamp { .. } => probes.push("UNIX_TIMESTAMP(c)"),
        ColumnType::Float | ColumnType::Double => probes.push("c * 1e0"),
        _ => probes.push("CAST(c AS UNSIGNED)"),
    }
    let mut checksum = format!("CHECKSUM TABLE {table} EXTENDED");
    if *data_type == ColumnType::Bit {
        // Aria has single bits beside those that say NULL, InnoDB has not.
        checksum = format!("SELECT '', SUM(c), BIT_XOR(c) FROM {table}");
    }
    let rows = format!("SELECT id, {} FROM {table} ORDER BY id", probes.join(", "));
    let mut all = Vec::new();
    for sql in [checksum, rows] {
        let answer = gather.lease.connection.query(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        // The first column names the table, or is the row's number.
        let cell = |cell: &Option<Vec<u8>>| {
            cell.as_ref()
                .map_or("NULL".into(), |c| String::from_utf8_lossy(&c[..c.len().min(60)]).into_owned())
        };
        all.extend(answer.rows.iter().map(|row| row.iter().skip(1).map(cell).collect::<Vec<_>>()));
    }
    all
}

pub async fn every_type_arrives(kind: ServerKind, files: bool) {
    let mut loading = Loading::start(kind, files).await;
    let own = if loading.mariadb { MARIADB_TYPES } else { MYSQL_TYPES };
    let mut gather = loading.gather().await;
    let mut faults = Vec::new();
    for (number, (definition, literals)) in TYPES.iter().chain(own).enumerate() {
        let (from, to) = (format!("app.t{number}"), temporary(number));
        let data_type = loading.table(&from, definition, literals).await;
        match loading.copy(&mut gather, &from, &to, &data_type).await {
            Ok(loaded) => assert_eq!(loaded.rows, literals.len() as u64 + 1, "{definition}"),
            Err(e) => {
                faults.push(format!("{definition}: {e}"));
                drop(gather);
                gather = loading.gather().await;
                continue;
            }
        }
        let right = seen(&mut gather, &from, &data_type, loading.mariadb).await;
        let got = seen(&mut gather, &to, &data_type, loading.mariadb).await;
        if got != right {
            faults.push(format!("{definition}:\n{got:?}\n{right:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let asked_in_vain = !files && gather.lease.connection.may_send_files();
    assert_eq!(loading.pool.refuses_files.get(), asked_in_vain);
    gather.drop_tables().await;
    drop(gather);
    assert_eq!(loading.pool.counts(), (1, 1), "the connection is kept");
}

/// MySQL: a document whose text does not tell all of it is refused, and the connection is not used again.
pub async fn documents_that_cannot_travel_are_refused(files: bool) {
    let mut loading = Loading::start(ServerKind::MySql, files).await;
    for (number, literal) in UNTOLD_JSON.iter().enumerate() {
        let from = format!("app.t{number}");
        let data_type = loading.table(&from, "JSON", &[literal]).await;
        let mut gather = loading.gather().await;
        let refused = loading.copy(&mut gather, &from, &temporary(number), &data_type).await;
        assert_eq!(refused.map_err(|e| e.errno), Err(1235), "{literal}");
        drop(gather);
        assert_eq!(loading.pool.counts(), (0, 0), "{literal}");
    }
}

/// The quoted name of a temporary table.
fn temporary(number: usize) -> String {
    format!("`__ostrakon`.`gather_{number:04}`")
}

#[tokio::test]
async fn every_type_arrives_in_a_file() {
    every_type_arrives(ServerKind::MariaDb, true).await;
}

#[tokio::test]
async fn every_type_arrives_in_statements() {
    every_type_arrives(ServerKind::MariaDb, false).await;
}
