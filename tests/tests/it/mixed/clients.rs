//! The clients: each knows the answer to what it asks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use ostrakon_tests::cluster::{options, value};
use ostrakon_tests::physical::PhysicalTable;
use rand::Rng;

use super::ROWS;
use super::stage::{Phase, Stage, Times};

/// ER_QUERY_INTERRUPTED.
const INTERRUPTED: u16 = 1317;
/// A range of so many rows is a short statement.
const FEW: i64 = 10;

const SUM: &str = "SELECT COUNT(*), SUM(v) FROM t WHERE id BETWEEN ? AND ?";
const LIST: &str = "SELECT id, v, pad FROM t WHERE id BETWEEN ? AND ? ORDER BY id";

/// As column `pad` has it.
pub fn pad(id: i64) -> String {
    format!("{id:-^100}")
}

fn random(below: i64) -> i64 {
    rand::rng().random_range(0..below)
}

/// Asks for one row as text or prepared, or for a few of both groups. Wrong answers end the test.
async fn ask_short(client: &mut Conn, number: i64) -> Result<(), Error> {
    let id = random(ROWS - FEW);
    match number % 4 {
        0 => {
            let row: Option<(i64, String)> =
                client.query_first(format!("SELECT v, pad FROM t WHERE id = {id}")).await?;
            assert_eq!(row, Some((id * 7, pad(id))));
        }
        1 => {
            let row: Option<i64> = client.exec_first("SELECT v FROM t WHERE id = ?", (id,)).await?;
            assert_eq!(row, Some(id * 7));
        }
        2 => ask_sum(client, id, FEW).await?,
        _ => ask_list(client, id, FEW).await?,
    }
    Ok(())
}

async fn ask_sum(client: &mut Conn, first: i64, count: i64) -> Result<(), Error> {
    let sums: Option<(i64, i64)> = client.exec_first(SUM, (first, first + count - 1)).await?;
    assert_eq!(sums, Some((count, (first..first + count).sum::<i64>() * 7)));
    Ok(())
}

async fn ask_list(client: &mut Conn, first: i64, count: i64) -> Result<(), Error> {
    let text = LIST.replacen('?', &first.to_string(), 1).replacen('?', &(first + count - 1).to_string(), 1);
    let rows: Vec<(i64, i64, String)> = client.query(text).await?;
    assert!(rows.into_iter().eq((first..first + count).map(|id| (id, id * 7, pad(id)))));
    Ok(())
}

/// Goes on after an error, where one may be: with a new connection.
async fn after(stage: &Stage, before: Phase, client: &mut Conn, error: Error) {
    stage.must_be_down(before, &error);
    tokio::time::sleep(Duration::from_millis(20)).await;
    *client = stage.client().await;
}

pub async fn short(stage: Arc<Stage>, number: i64) -> Times {
    let mut times = Times::default();
    let mut client = stage.client().await;
    while !stage.is_over() {
        let (before, begun) = (stage.phase(), Instant::now());
        match ask_short(&mut client, number).await {
            Ok(()) if stage.phase() == before => times.add(before, begun.elapsed()),
            Ok(()) => {}
            Err(error) => {
                times.failed += 1;
                after(&stage, before, &mut client, error).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times
}

/// The templates of short statements, with literals that make them long.
pub async fn long(stage: Arc<Stage>, number: i64) -> u64 {
    let mut client = stage.client().await;
    let mut asked = 0;
    while !stage.is_over() {
        let before = stage.phase();
        let first = random(ROWS / 3);
        let done = match (number + asked as i64) % 3 {
            0 => ask_sum(&mut client, first, ROWS / 2).await,
            1 => ask_list(&mut client, first, ROWS / 2).await,
            _ => ask_short(&mut client, asked as i64).await,
        };
        match done {
            Ok(()) => asked += 1,
            Err(error) => after(&stage, before, &mut client, error).await,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    asked
}

/// A short statement on a table that is mostly locked.
pub async fn waiting(stage: Arc<Stage>, number: i64) -> u64 {
    let mut client = stage.client().await;
    let mut asked = 0;
    while !stage.is_over() {
        let before = stage.phase();
        let id = random(ROWS);
        let row: Result<Option<i64>, Error> = match number % 2 {
            0 => client.query_first(format!("SELECT v FROM slow WHERE id = {id}")).await,
            _ => client.exec_first("SELECT v FROM slow WHERE id = ?", (id,)).await,
        };
        match row {
            Ok(row) => {
                assert_eq!(row, Some(id * 7));
                asked += 1;
            }
            Err(error) => after(&stage, before, &mut client, error).await,
        }
    }
    asked
}

/// Leaves in the middle of an answer, or before there is one.
pub async fn leaving(stage: Arc<Stage>, number: i64) -> u64 {
    let mut asked = 0;
    while !stage.is_over() {
        let mut client = stage.client().await;
        let time = Duration::from_micros(200 + random(3_000) as u64);
        let _ = match number % 3 {
            0 => tokio::time::timeout(time, ask_list(&mut client, 0, ROWS)).await.map(drop),
            1 => tokio::time::timeout(time, client.query_drop("SELECT v FROM slow WHERE id = 1"))
                .await
                .map(drop),
            _ => tokio::time::timeout(time, ask_short(&mut client, asked as i64)).await.map(drop),
        };
        asked += 1;
        drop(client);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    asked
}

/// A client whose statements somebody kills: each is answered, or says that it was interrupted.
pub async fn killed(stage: Arc<Stage>, number: i64) -> u64 {
    let mut client = stage.client().await;
    let mut asked = 0;
    let victim = &stage.victims[number as usize];
    while !stage.is_over() {
        victim.store(client.id(), Ordering::SeqCst);
        let before = stage.phase();
        match ask_short(&mut client, asked as i64).await {
            Ok(()) => asked += 1,
            Err(Error::Server(error)) if error.code == INTERRUPTED => asked += 1,
            // It may have been the whole session's end.
            Err(error) => {
                let is_gone = !matches!(&error, Error::Server(_));
                match is_gone {
                    true => client = stage.client().await,
                    false => after(&stage, before, &mut client, error).await,
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    asked
}

/// Ends statements and sessions of the clients above.
pub async fn killing(stage: Arc<Stage>) -> u64 {
    let mut client = stage.client().await;
    let mut kills = 0u64;
    while !stage.is_over() {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let victim = stage.victims[random(3) as usize].load(Ordering::SeqCst);
        if victim == 0 {
            continue;
        }
        let whole = if kills % 10 == 9 { "" } else { "QUERY " };
        // The session may have ended meanwhile.
        let _ = client.query_drop(format!("KILL {whole}{victim}")).await;
        kills += 1;
    }
    kills
}

/// Locks a physical table on its server, for as long as `held`, again and again.
pub async fn holding(stage: Arc<Stage>, table: PhysicalTable, held: Duration) -> u64 {
    let mut locked = 0;
    while !stage.is_over() {
        if stage.phase() == Phase::Down {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        // Its server may have died a moment ago.
        let Ok(mut holder) = Conn::new(options(table.port, None)).await else { continue };
        let begun = Instant::now();
        if holder.query_drop(format!("LOCK TABLES {} WRITE", table.name)).await.is_ok() {
            while begun.elapsed() < held && !stage.is_over() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            if holder.query_drop("UNLOCK TABLES").await.is_ok() {
                locked += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // At the end all is readable.
    let mut client = stage.client().await;
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM slow").await, ROWS);
    locked
}
