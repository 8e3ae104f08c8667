//! Rust's sqlx in the matrix.

use std::collections::HashMap;
use std::error::Error;

use futures_util::TryStreamExt;
use sqlx::mysql::types::MySqlTime;
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlRow, MySqlSslMode};
use sqlx::types::time::{Date, OffsetDateTime, PrimitiveDateTime};
use sqlx::{Column, ConnectOptions, Connection, Executor, MySqlConnection, Row, TypeInfo, ValueRef};

type Failure = Box<dyn Error + Send + Sync>;

const MOMENTS: [&str; 5] = ["c_datetime", "c_seconds", "c_timestamp", "c_time", "c_time6"];
const BYTES: [&str; 6] = ["c_binary", "c_varbinary", "c_tinyblob", "c_blob", "c_longblob", "c_point"];
/// The driver has no zero dates.
const DATES: [&str; 4] = ["c_date", "c_datetime", "c_seconds", "c_timestamp"];

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn number(name: &str) -> usize {
    env(name).parse().unwrap_or_else(|_| panic!("{name} is no number"))
}

fn must(is_right: bool, what: impl Into<String>) -> Result<(), Failure> {
    if is_right { Ok(()) } else { Err(what.into().into()) }
}

fn passed(column: &str) {
    println!("passed: {column}");
}

async fn connect(user: &str, tls: bool) -> Result<MySqlConnection, Failure> {
    let options = MySqlConnectOptions::new()
        .host("127.0.0.1")
        .port(env("MATRIX_PORT").parse()?)
        .username(user)
        .database(&format!("matrix_{}", env("MATRIX_CLIENT")))
        .ssl_mode(if tls { MySqlSslMode::Required } else { MySqlSslMode::Disabled });
    let options = if user == "root" { options } else { options.password(&env("MATRIX_PASSWORD")) };
    let mut connection = options.connect().await?;
    connection.execute("SET sql_mode = 'NO_ENGINE_SUBSTITUTION'").await?;
    Ok(connection)
}

/// A moment without zeros at the end of its fraction.
fn fraction(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

fn day(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

fn moment(at: PrimitiveDateTime) -> String {
    let (hour, minute, second, micros) = at.as_hms_micro();
    fraction(&format!("{} {hour:02}:{minute:02}:{second:02}.{micros:06}", day(at.date())))
}

/// A value as expected.tsv writes it.
fn canonical(row: &MySqlRow, at: usize) -> Result<Option<String>, Failure> {
    let name = row.column(at).name();
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(None);
    }
    let kind = value.type_info().name().to_owned();
    Ok(Some(match (name, kind.as_str()) {
        (name, _) if BYTES.contains(&name) => row
            .try_get_unchecked::<Vec<u8>, _>(at)?
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02X}")),
        (name, _) if name.starts_with("c_bit") => row.try_get_unchecked::<u64, _>(at)?.to_string(),
        ("c_year", _) => row.try_get_unchecked::<u16, _>(at)?.to_string(),
        (_, "FLOAT") => row.try_get_unchecked::<f32, _>(at)?.to_string(),
        (_, "DOUBLE") => row.try_get_unchecked::<f64, _>(at)?.to_string(),
        (_, "DATE") => day(row.try_get(at)?),
        (_, "DATETIME") => moment(row.try_get(at)?),
        (_, "TIMESTAMP") => {
            let at: OffsetDateTime = row.try_get(at)?;
            moment(PrimitiveDateTime::new(at.date(), at.time()))
        }
        (_, "TIME") => {
            let time: MySqlTime = row.try_get(at)?;
            let sign = if time.sign().is_negative() { "-" } else { "" };
            let (hours, minutes, seconds) = (time.hours(), time.minutes(), time.seconds());
            fraction(&format!("{sign}{hours:02}:{minutes:02}:{seconds:02}.{:06}", time.microseconds()))
        }
        (_, kind) if kind.ends_with("INT UNSIGNED") => row.try_get_unchecked::<u64, _>(at)?.to_string(),
        (_, kind) if kind.ends_with("INT") => row.try_get_unchecked::<i64, _>(at)?.to_string(),
        _ => row.try_get_unchecked::<String, _>(at)?,
    }))
}

type Expected = HashMap<(usize, String), String>;

fn expected() -> Result<Expected, Failure> {
    let file = std::fs::read_to_string(env("MATRIX_EXPECTED"))?;
    let mut values = Expected::new();
    for line in file.lines() {
        let mut parts = line.splitn(3, '\t');
        let (Some(id), Some(name), Some(text)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\");
        let text = match name {
            "c_float" => text.parse::<f32>()?.to_string(),
            "c_double" => text.parse::<f64>()?.to_string(),
            name if MOMENTS.contains(&name) => fraction(&text),
            _ => text,
        };
        values.insert((id.parse()?, name.to_owned()), text);
    }
    Ok(values)
}

fn check_rows(how: &str, rows: &[MySqlRow], expected: &Expected) -> Result<(), Failure> {
    must(rows.len() == 5, format!("{how}: {} rows", rows.len()))?;
    for (row, id) in rows.iter().zip(1..) {
        for column in row.columns().iter().skip(1) {
            let wanted = expected.get(&(id, column.name().to_owned()));
            if wanted.is_some_and(|text| text.starts_with("0000-00-00") && DATES.contains(&column.name())) {
                continue;
            }
            let got = canonical(row, column.ordinal())
                .map_err(|e| format!("{how}: {} of row {id}: {e}", column.name()))?;
            must(
                got.as_ref() == wanted,
                format!("{how}: {} of row {id} is {got:?}, expected {wanted:?}", column.name()),
            )?;
        }
    }
    Ok(())
}

async fn read(client: &mut MySqlConnection, how: &str, expected: &Expected) -> Result<(), Failure> {
    let rows = sqlx::raw_sql("SELECT * FROM every_type ORDER BY id").fetch_all(&mut *client).await?;
    check_rows(&format!("{how}, text"), &rows, expected)?;
    let rows = sqlx::query("SELECT * FROM every_type WHERE id <= ? ORDER BY id")
        .bind(5)
        .fetch_all(&mut *client)
        .await?;
    check_rows(&format!("{how}, binary"), &rows, expected)?;
    let mut rows = Vec::new();
    for id in 1..=5 {
        rows.push(
            sqlx::query("SELECT * FROM every_type WHERE id = ?").bind(id).fetch_one(&mut *client).await?,
        );
    }
    check_rows(&format!("{how}, by key"), &rows, expected)
}

/// Values of each of the driver's types, compared by the server.
async fn write(client: &mut MySqlConnection) -> Result<(), Failure> {
    client.execute("DELETE FROM written").await?;
    let rows =
        sqlx::query("SELECT * FROM every_type WHERE id < 5 ORDER BY id").fetch_all(&mut *client).await?;
    let names: Vec<String> = rows[0].columns().iter().map(|column| column.name().to_owned()).collect();
    let insert =
        format!("INSERT INTO written ({}) VALUES ({})", names.join(", "), vec!["?"; names.len()].join(", "));
    for row in &rows {
        let mut query = sqlx::query(&insert);
        for (at, column) in row.columns().iter().enumerate() {
            query = match column.type_info().name() {
                "FLOAT" => query.bind(row.try_get_unchecked::<Option<f32>, _>(at)?),
                "DOUBLE" => query.bind(row.try_get_unchecked::<Option<f64>, _>(at)?),
                "DATE" => query.bind(row.try_get::<Option<Date>, _>(at)?),
                "DATETIME" => query.bind(row.try_get::<Option<PrimitiveDateTime>, _>(at)?),
                "TIMESTAMP" => query.bind(row.try_get::<Option<OffsetDateTime>, _>(at)?),
                "TIME" => query.bind(row.try_get::<Option<MySqlTime>, _>(at)?),
                "YEAR" => query.bind(row.try_get_unchecked::<Option<u16>, _>(at)?),
                kind if kind.ends_with("INT UNSIGNED") || kind == "BIT" => {
                    query.bind(row.try_get_unchecked::<Option<u64>, _>(at)?)
                }
                kind if kind.ends_with("INT") => query.bind(row.try_get_unchecked::<Option<i64>, _>(at)?),
                _ if BYTES.contains(&column.name()) => {
                    query.bind(row.try_get_unchecked::<Option<Vec<u8>>, _>(at)?)
                }
                _ => query.bind(row.try_get_unchecked::<Option<String>, _>(at)?),
            };
        }
        let done = query.execute(&mut *client).await?;
        must(done.rows_affected() == 1, "a row was written")?;
    }
    let same: Vec<String> =
        names.iter().skip(1).map(|name| format!("HEX(e.{name}) <=> HEX(w.{name}) AS {name}")).collect();
    let compared = format!(
        "SELECT e.id, {} FROM every_type e JOIN written w ON e.id = w.id ORDER BY e.id",
        same.join(", ")
    );
    let compared = client.fetch_all(compared.as_str()).await?;
    must(compared.len() == 4, format!("{} rows were written", compared.len()))?;
    for row in &compared {
        for (at, name) in names.iter().enumerate().skip(1) {
            must(row.try_get_unchecked::<i64, _>(at)? == 1, format!("{name} is not what was written"))?;
        }
    }
    passed("write binary");
    Ok(())
}

async fn transact(client: &mut MySqlConnection) -> Result<(), Failure> {
    for commit in [false, true] {
        let mut transaction = client.begin().await?;
        for id in 1..=3 {
            let update =
                sqlx::query("UPDATE account SET balance = balance + ? WHERE id = ?").bind("7.50").bind(id);
            must(update.execute(&mut *transaction).await?.rows_affected() == 1, "an account")?;
        }
        if commit {
            // One inside is a savepoint.
            let mut inner = transaction.begin().await?;
            inner.execute("DELETE FROM account").await?;
            inner.rollback().await?;
            transaction.commit().await?;
        } else {
            // As one that is dropped.
            drop(transaction);
        }
        let rows = client.fetch_all("SELECT balance FROM account ORDER BY id").await?;
        let balances =
            rows.iter().map(|row| row.try_get_unchecked::<String, _>(0)).collect::<Result<Vec<_>, _>>()?;
        let wanted = if commit { ["107.50", "57.50", "7.50"] } else { ["100.00", "50.00", "0.00"] };
        must(balances == wanted, format!("commit {commit}: {balances:?}"))?;
    }
    passed("transaction");
    Ok(())
}

async fn errors(client: &mut MySqlConnection) -> Result<(), Failure> {
    for (sql, number, state) in [
        ("SELECT * FROM no_such_table", 1146, "42S02"),
        ("SELEKT 1", 1064, "42000"),
        ("INSERT INTO account VALUES (1, NULL, 0)", 1062, "23000"),
        ("SELECT no_such_column FROM account", 1054, "42S22"),
    ] {
        for result in
            [sqlx::raw_sql(sql).execute(&mut *client).await, sqlx::query(sql).execute(&mut *client).await]
        {
            let error = result.err().ok_or("no error")?;
            let told =
                error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
            let is_right = told.is_some_and(|told| told.number() == number && told.code() == Some(state));
            must(is_right, format!("{sql}: {error}"))?;
        }
    }
    client.ping().await?;
    passed("errors");
    Ok(())
}

async fn big(client: &mut MySqlConnection) -> Result<(), Failure> {
    let body: Vec<u8> = (0..=255).cycle().take(number("MATRIX_BYTES") / 256 * 256).collect();
    sqlx::query("INSERT INTO big VALUES (?, ?)").bind(1).bind(&body).execute(&mut *client).await?;
    let got: Vec<u8> =
        sqlx::query_scalar("SELECT body FROM big WHERE id = ?").bind(1).fetch_one(&mut *client).await?;
    must(got == body, "a big parameter is not what came back")?;
    passed("big");
    Ok(())
}

async fn stream(client: &mut MySqlConnection) -> Result<(), Failure> {
    let mut rows = sqlx::query("SELECT id, body FROM matrix_many.many ORDER BY id").fetch(client);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        count += 1;
        let (id, body): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
        must(id == count && body == format!("row number {id}"), format!("row {count} is {id}, {body}"))?;
    }
    must(usize::try_from(count)? == number("MATRIX_ROWS"), format!("{count} rows"))?;
    passed("stream");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    println!("version: {}", "0.8.6");
    let expected = expected()?;
    for (plugin, tls) in [("sha2", true), ("native", false), ("native", true)] {
        let user = format!("{plugin}_{}", env("MATRIX_CLIENT"));
        let column = if tls { format!("{plugin} tls") } else { plugin.to_owned() };
        let mut client = connect(&user, tls).await?;
        let who: String = sqlx::query_scalar("SELECT CURRENT_USER()").fetch_one(&mut client).await?;
        must(who == format!("{user}@%"), format!("logged in as {who}"))?;
        let cipher =
            client.fetch_one("SHOW STATUS LIKE 'Ssl_cipher'").await?.try_get_unchecked::<String, _>(1)?;
        must(cipher.is_empty() != tls, format!("{column}: TLS is not as asked for"))?;
        read(&mut client, &column, &expected).await?;
        client.close().await?;
        passed(&column);
    }
    passed("text");
    passed("binary");
    println!("none: write text: parameters are of prepared statements only");
    println!("none: compressed: not in the driver");
    // MySQL asks for the password under its RSA key then.
    println!("none: sha2: the driver's proof (0.8) hashes salt and password in the wrong order");
    println!(
        "none: rsa: where its plugin is switched the driver (0.8) hides the password by the greeting's salt"
    );
    let mut client = connect("root", false).await?;
    write(&mut client).await?;
    transact(&mut client).await?;
    errors(&mut client).await?;
    big(&mut client).await?;
    stream(&mut client).await
}
