//! Rust's mysql_async in the matrix: it runs inside of the test.

use std::fmt::Write as _;

use mysql_async::prelude::{Query as _, Queryable};
use mysql_async::{Conn, OptsBuilder, Params, Row as Values, SslOpts, TxOpts, Value};
use ostrakon_tests::cluster::options;
use ostrakon_tests::place;

use super::table::Outcome;
use super::{PASSWORD, bytes, rows, scripts};

type Error = Box<dyn std::error::Error + Send + Sync>;

const SETTINGS: &str = "SET time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION'";
const MOMENTS: [&str; 5] = ["c_datetime", "c_seconds", "c_timestamp", "c_time", "c_time6"];
const TEXTS: [&str; 8] =
    ["c_char", "c_varchar", "c_latin", "c_tinytext", "c_text", "c_longtext", "c_enum", "c_set"];
const BYTES: [&str; 6] = ["c_binary", "c_varbinary", "c_tinyblob", "c_blob", "c_longblob", "c_point"];

/// Runs all checks; what they say is what a client's program would.
pub async fn checks(name: &str, port: u16) -> Outcome {
    let mut text = format!("version: {}\n", version());
    let well = match all(name, port, &mut text).await {
        Ok(()) => true,
        Err(error) => {
            let _ = writeln!(text, "{error}");
            false
        }
    };
    Outcome { text, well }
}

/// The driver's version: Cargo.lock has it.
fn version() -> String {
    let lock = std::fs::read_to_string(place::repository().join("Cargo.lock")).unwrap_or_default();
    let entry = lock.split("[[package]]").find(|entry| entry.contains("name = \"mysql_async\"\n"));
    entry.and_then(|entry| entry.split('"').nth(3)).unwrap_or_default().to_owned()
}

async fn connect(
    name: &str,
    port: u16,
    user: &str,
    change: impl FnOnce(OptsBuilder) -> OptsBuilder,
) -> Result<Conn, Error> {
    let database = format!("matrix_{name}");
    let mut wanted = options(port, Some(&database)).user(Some(user)).init(vec![SETTINGS]);
    if user != "root" {
        wanted = wanted.pass(Some(PASSWORD));
    }
    Ok(Conn::new(change(wanted)).await?)
}

async fn all(name: &str, port: u16, text: &mut String) -> Result<(), Error> {
    for (plugin, tls) in
        [("sha2", false), ("sha2", true), ("rsa", false), ("native", false), ("native", true)]
    {
        let user = format!("{plugin}_{name}");
        let column = if tls { format!("{plugin} tls") } else { plugin.to_owned() };
        // Its certificate is its own.
        let encryption = tls.then(|| SslOpts::default().with_danger_accept_invalid_certs(true));
        let mut client = connect(name, port, &user, |options| options.ssl_opts(encryption)).await?;
        let cipher: Option<(String, String)> = client.query_first("SHOW STATUS LIKE 'Ssl_cipher'").await?;
        if cipher.is_none_or(|(_, cipher)| cipher.is_empty() == tls) {
            return Err(format!("{column}: TLS is not as asked for").into());
        }
        let who: Option<String> = client.query_first("SELECT CURRENT_USER()").await?;
        if who.as_deref() != Some(&format!("{user}@%")) {
            return Err(format!("logged in as {who:?}").into());
        }
        read(&mut client, &column).await?;
        client.disconnect().await?;
        writeln!(text, "passed: {column}")?;
    }
    text.push_str("passed: text\npassed: binary\n");
    let mut client =
        connect(name, port, "root", |options| options.compression(mysql_async::Compression::fast())).await?;
    read(&mut client, "compressed").await?;
    text.push_str("passed: compressed\n");
    let mut client = connect(name, port, "root", |options| options).await?;
    for prepared in [false, true] {
        write_rows(&mut client, prepared).await?;
    }
    text.push_str("none: write text: parameters are of prepared statements only\npassed: write binary\n");
    transact(&mut client).await?;
    text.push_str("passed: transaction\n");
    errors(&mut client).await?;
    text.push_str("passed: errors\n");
    big(&mut client).await?;
    text.push_str("passed: big\n");
    stream(&mut client).await?;
    text.push_str("passed: stream\n");
    Ok(())
}

/// A moment without zeros at the end of its fraction.
fn fraction(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A value as expected.tsv writes it; of floating point numbers, the number.
fn canonical(name: &str, value: &Value) -> Option<String> {
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"));
    Some(match value {
        Value::NULL => return None,
        Value::Bytes(bytes) if BYTES.contains(&name) => hex(bytes),
        Value::Bytes(bytes) if name.starts_with("c_bit") => {
            bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)).to_string()
        }
        Value::Bytes(bytes) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            match name {
                "c_float" => text.parse::<f32>().map_or(text, |number| number.to_string()),
                "c_double" => text.parse::<f64>().map_or(text, |number| number.to_string()),
                "c_year" => text.parse::<u16>().map_or(text, |number| number.to_string()),
                _ if MOMENTS.contains(&name) => fraction(&text).to_owned(),
                _ => text,
            }
        }
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Date(year, month, day, ..) if name == "c_date" => format!("{year:04}-{month:02}-{day:02}"),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}");
            fraction(&text).to_owned()
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let (sign, hours) = (if *negative { "-" } else { "" }, days * 24 + u32::from(*hours));
            fraction(&format!("{sign}{hours:02}:{minutes:02}:{seconds:02}.{micros:06}")).to_owned()
        }
    })
}

/// What the expected file says of a value.
fn expected(file: &str, id: u32, name: &str) -> Option<String> {
    let line = file.lines().find_map(|line| line.strip_prefix(&format!("{id}\t{name}\t")))?;
    let text = line.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\");
    Some(match name {
        "c_float" => text.parse::<f32>().map_or(text, |number| number.to_string()),
        "c_double" => text.parse::<f64>().map_or(text, |number| number.to_string()),
        _ if MOMENTS.contains(&name) => fraction(&text).to_owned(),
        _ => text,
    })
}

fn check_rows(how: &str, rows: &[Values]) -> Result<(), Error> {
    let file = std::fs::read_to_string(scripts().join("expected.tsv"))?;
    if rows.len() != 5 {
        return Err(format!("{how}: {} rows", rows.len()).into());
    }
    for (row, id) in rows.iter().zip(1..) {
        for (column, at) in row.columns_ref().iter().zip(0..).skip(1) {
            let name = column.name_str();
            let value = row.as_ref(at).ok_or("a value is there")?;
            let (got, wanted) = (canonical(&name, value), expected(&file, id, &name));
            if got != wanted {
                return Err(format!("{how}: {name} of row {id} is {got:?}, expected {wanted:?}").into());
            }
        }
    }
    Ok(())
}

async fn read(client: &mut Conn, how: &str) -> Result<(), Error> {
    let rows: Vec<Values> = client.query("SELECT * FROM every_type ORDER BY id").await?;
    check_rows(&format!("{how}, text"), &rows)?;
    let rows: Vec<Values> = client.exec("SELECT * FROM every_type WHERE id <= ? ORDER BY id", (5,)).await?;
    check_rows(&format!("{how}, binary"), &rows)?;
    let mut rows: Vec<Values> = Vec::new();
    for id in 1..=5 {
        rows.extend(client.exec_first("SELECT * FROM every_type WHERE id = ?", (id,)).await?);
    }
    check_rows(&format!("{how}, by key"), &rows)
}

/// Rows that were read, as text or as typed values, are written with parameters, and compared by the server.
async fn write_rows(client: &mut Conn, typed: bool) -> Result<(), Error> {
    "DELETE FROM written".ignore(&mut *client).await?;
    let rows: Vec<Values> = if typed {
        client.exec("SELECT * FROM every_type ORDER BY id", ()).await?
    } else {
        client.query("SELECT * FROM every_type ORDER BY id").await?
    };
    let names: Vec<String> = rows
        .first()
        .ok_or("rows")?
        .columns_ref()
        .iter()
        .map(|column| column.name_str().into_owned())
        .collect();
    let insert = format!("INSERT INTO written VALUES ({})", vec!["?"; names.len()].join(", "));
    for row in rows {
        client.exec_drop(&insert, Params::Positional(row.unwrap())).await?;
    }
    let same = names.iter().skip(1).map(|name| {
        let bytes = TEXTS.contains(&name.as_str()) || BYTES.contains(&name.as_str());
        if bytes { format!("HEX(e.{name}) <=> HEX(w.{name})") } else { format!("e.{name} <=> w.{name}") }
    });
    let same: Vec<String> = same.collect();
    let sql =
        format!("SELECT {} FROM every_type e JOIN written w ON e.id = w.id ORDER BY e.id", same.join(", "));
    let compared: Vec<Values> = client.query(sql).await?;
    if compared.len() != 5 {
        return Err(format!("{} rows were written", compared.len()).into());
    }
    for (row, id) in compared.into_iter().zip(1..) {
        for (value, name) in row.unwrap().iter().zip(names.iter().skip(1)) {
            if mysql_async::from_value_opt::<i64>(value.clone())? != 1 {
                return Err(format!("typed {typed}: {name} of row {id} is not what was written").into());
            }
        }
    }
    Ok(())
}

async fn transact(client: &mut Conn) -> Result<(), Error> {
    for commit in [false, true] {
        let mut transaction = client.start_transaction(TxOpts::default()).await?;
        for id in 1..=3 {
            transaction
                .exec_drop("UPDATE account SET balance = balance + ? WHERE id = ?", ("7.50", id))
                .await?;
        }
        if commit {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        let balances: Vec<String> = client.query("SELECT balance FROM account ORDER BY id").await?;
        let wanted = if commit { ["107.50", "57.50", "7.50"] } else { ["100.00", "50.00", "0.00"] };
        if balances != wanted {
            return Err(format!("commit {commit}: {balances:?}").into());
        }
    }
    Ok(())
}

async fn errors(client: &mut Conn) -> Result<(), Error> {
    for (sql, number, state) in [
        ("SELECT * FROM no_such_table", 1146, "42S02"),
        ("SELEKT 1", 1064, "42000"),
        ("INSERT INTO account VALUES (1, NULL, 0)", 1062, "23000"),
        ("SELECT no_such_column FROM account", 1054, "42S22"),
    ] {
        for result in [client.query_drop(sql).await, client.exec_drop(sql, ()).await] {
            match result {
                Err(mysql_async::Error::Server(error)) if error.code == number && error.state == state => {}
                other => return Err(format!("{sql}: {other:?}").into()),
            }
        }
    }
    Ok(client.ping().await?)
}

async fn big(client: &mut Conn) -> Result<(), Error> {
    let body: Vec<u8> = (0..=255).cycle().take(bytes() / 256 * 256).collect();
    client.exec_drop("INSERT INTO big VALUES (?, ?)", (1, &body)).await?;
    let got: Option<Vec<u8>> = client.exec_first("SELECT body FROM big WHERE id = ?", (1,)).await?;
    if got != Some(body) {
        return Err("a big parameter is not what came back".into());
    }
    Ok(())
}

async fn stream(client: &mut Conn) -> Result<(), Error> {
    let mut result = client.query_iter("SELECT id, body FROM matrix_many.many ORDER BY id").await?;
    let mut count = 0_usize;
    while let Some(row) = result.next().await? {
        let (id, body): (usize, String) = mysql_async::from_row_opt(row)?;
        count += 1;
        if id != count || body != format!("row number {count}") {
            return Err(format!("row {count} is {id}, {body}").into());
        }
    }
    if count == rows() { Ok(()) } else { Err(format!("{count} rows").into()) }
}
