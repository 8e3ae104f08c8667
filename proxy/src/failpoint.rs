//! Failpoints: a test makes a place in a job, a commit or a recovery crash the node, fail, wait, or lose its connection. Release builds have none.
//!
//! `OSTRAKON_FAILPOINTS="alter_table/first/before=crash; commit/decide/after=drop"` at the start of the node, or in a session
//! `SET ostrakon_failpoints = '...'`. Deeds: `crash` (abort the process), `error`, `sleep MILLISECONDS`; not in jobs, `drop`; in jobs, `panic`. Each
//! works once. `truncate_table/statement/send` and so on is between the last look at who owns a job and its statement's first byte: it knows `stop`
//! only (SIGSTOP to the process).

use crate::error::SqlError;
use crate::job::steps::{Point, Step};

/// The places of commits and of their recovery. Those of jobs are `job::steps::all_steps`.
pub const PLACES: [&str; 18] = [
    // A session commits (`commit::run`): its branches are prepared, the decision row is entered, the deciding branch's COMMIT, the XA COMMITs.
    "commit/prepare/before",
    "commit/prepare/after",
    "commit/record/before",
    "commit/record/after",
    "commit/decide/before",
    "commit/decide/after",
    "commit/finish/before",
    "commit/finish/after",
    // A branch is finished by another than its session (`commit::finish`).
    "finish/arbitrate/before",
    "finish/arbitrate/after",
    "finish/branch/before",
    "finish/branch/after",
    // The resolver's rounds (`commit::resolver`).
    "resolver/recover/before",
    "resolver/recover/after",
    "resolver/resolve/before",
    "resolver/resolve/after",
    "resolver/purge/before",
    "resolver/purge/after",
];

/// The step and point of `KIND/statement/send`.
const SEND: &str = "statement/send";

/// What a place is to do with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Reached {
    /// Nothing.
    GoOn,
    /// Close it (`Connection::sever`), and go on.
    Drop,
}

/// What a failpoint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(debug_assertions), allow(dead_code))]
enum Deed {
    Crash,
    Error,
    Sleep(u64),
    Drop,
    Panic,
    Stop,
}

/// Every place of commits and recovery, as failpoints name them.
pub fn all_places() -> &'static [&'static str] {
    &PLACES
}

/// Reads `place=deed` pairs.
///
/// Errors: the pair that cannot be read.
#[cfg_attr(not(debug_assertions), allow(dead_code))]
fn parse(text: &str) -> Result<Vec<(String, Deed)>, String> {
    let mut points = Vec::new();
    for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let unknown = || format!("'{pair}' is no failpoint");
        let (place, deed) = pair.split_once('=').ok_or_else(unknown)?;
        let place = place.trim().to_ascii_lowercase();
        let of_commit = PLACES.contains(&place.as_str());
        let of_jobs = || {
            crate::job::steps::all_steps()
                .iter()
                .any(|(kind, step, point)| format!("{}/{step}/{point}", kind.to_ascii_lowercase()) == place)
        };
        let is_send = crate::job::steps::KINDS.iter().any(|kind| place == send_place(kind));
        if !is_send && !of_commit && !of_jobs() {
            return Err(unknown());
        }
        let deed = match deed.trim().split_once(' ') {
            None if deed.trim() == "stop" && is_send => Deed::Stop,
            _ if is_send => return Err(unknown()),
            None if deed.trim() == "crash" => Deed::Crash,
            None if deed.trim() == "error" => Deed::Error,
            None if deed.trim() == "drop" && of_commit => Deed::Drop,
            None if deed.trim() == "panic" && !of_commit => Deed::Panic,
            Some(("sleep", millis)) => Deed::Sleep(millis.trim().parse().map_err(|_| unknown())?),
            _ => return Err(unknown()),
        };
        points.push((place, deed));
    }
    Ok(points)
}

#[cfg(debug_assertions)]
mod set {
    use std::sync::{LazyLock, Mutex, PoisonError};

    use super::{Deed, parse};

    static POINTS: LazyLock<Mutex<Vec<(String, Deed)>>> = LazyLock::new(|| {
        let text = std::env::var("OSTRAKON_FAILPOINTS").unwrap_or_default();
        Mutex::new(parse(&text).unwrap_or_else(|e| {
            tracing::error!(error = %e, "OSTRAKON_FAILPOINTS cannot be read, and is left out");
            Vec::new()
        }))
    });

    pub fn replace(text: &str) -> Result<(), String> {
        *POINTS.lock().unwrap_or_else(PoisonError::into_inner) = parse(text)?;
        Ok(())
    }

    pub fn take(place: &str) -> Option<Deed> {
        let mut points = POINTS.lock().unwrap_or_else(PoisonError::into_inner);
        let at = points.iter().position(|(name, _)| name == place)?;
        Some(points.remove(at).1)
    }
}

/// Sets the failpoints of this process anew.
///
/// Errors: the pair that cannot be read, and any text in a release build.
pub fn set(text: &str) -> Result<(), String> {
    #[cfg(debug_assertions)]
    return set::replace(text);
    #[cfg(not(debug_assertions))]
    Err(format!("this build has no failpoints: '{text}'"))
}

/// Does what a failpoint at a job's step says.
///
/// Errors: 1105, when it says so.
pub async fn pass(kind: &str, step: Step, point: Point) -> Result<(), SqlError> {
    #[cfg(debug_assertions)]
    {
        let place = format!("{}/{}/{}", kind.to_ascii_lowercase(), step.name(), point.name());
        let _ = act(&place).await?;
    }
    #[cfg(not(debug_assertions))]
    let _ = (kind, step, point);
    Ok(())
}

/// Does what a failpoint at a place of a commit or of a recovery says: `place` is one of `PLACES`.
///
/// Errors: 1105, when it says so.
pub async fn reach(place: &'static str) -> Result<Reached, SqlError> {
    #[cfg(debug_assertions)]
    {
        if !PLACES.contains(&place) {
            return Err(SqlError::other(format!("Internal error (please report): {place} is no failpoint")));
        }
        act(place).await
    }
    #[cfg(not(debug_assertions))]
    {
        let _ = place;
        Ok(Reached::GoOn)
    }
}

#[cfg(debug_assertions)]
async fn act(place: &str) -> Result<Reached, SqlError> {
    match set::take(place) {
        None => Ok(Reached::GoOn),
        Some(Deed::Crash) => {
            tracing::error!(place, "failpoint: the process aborts");
            std::process::abort();
        }
        Some(Deed::Error) => {
            tracing::info!(place, "failpoint: an error");
            Err(SqlError::other(format!("Failpoint {place}")))
        }
        Some(Deed::Sleep(millis)) => {
            tracing::info!(place, millis, "failpoint: waits");
            tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
            Ok(Reached::GoOn)
        }
        Some(Deed::Drop) => {
            tracing::info!(place, "failpoint: the connection is closed");
            Ok(Reached::Drop)
        }
        Some(Deed::Panic) => panic!("failpoint {place}"),
        Some(Deed::Stop) => {
            stop(place);
            Ok(Reached::GoOn)
        }
    }
}

#[cfg_attr(not(debug_assertions), allow(dead_code))]
fn send_place(kind: &str) -> String {
    format!("{}/{SEND}", kind.to_ascii_lowercase())
}

/// The process may be stopped here. When it is let go on, this thread does nothing before it sends the job's statement.
pub fn stop_before_sending(kind: &str) {
    #[cfg(debug_assertions)]
    {
        let place = send_place(kind);
        if set::take(&place) == Some(Deed::Stop) {
            stop(&place);
        }
    }
    #[cfg(not(debug_assertions))]
    let _ = kind;
}

#[cfg(debug_assertions)]
fn stop(place: &str) {
    use rustix::process::{Signal, getpid, kill_process};

    tracing::info!(place, "failpoint: the process stops");
    match kill_process(getpid(), Signal::STOP) {
        // Another thread takes the signal, perhaps, and stops this one a moment later: it must not go on before.
        Ok(()) => std::thread::sleep(std::time::Duration::from_millis(200)),
        Err(e) => tracing::error!(place, error = %e, "the process did not stop"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_deeds_are_read_and_unknown_ones_refused() {
        let points = parse(
            "alter_table/first/before=crash; CREATE_TABLE/rest/middle = sleep 20 ;commit/decide/after=drop",
        )
        .unwrap();
        assert_eq!(
            points,
            [
                ("alter_table/first/before".to_owned(), Deed::Crash),
                ("create_table/rest/middle".to_owned(), Deed::Sleep(20)),
                ("commit/decide/after".to_owned(), Deed::Drop),
            ]
        );
        assert!(parse("alter_table/first/sometime=crash").is_err());
        assert!(parse("alter_table/first/before=smile").is_err());
        assert!(parse("alter_table/first/before=drop").is_err());
        assert!(parse("alter_table/first/before").is_err());
        assert!(parse("commit/decide/sometime=crash").is_err());
        let stop = [("truncate_table/statement/send".to_owned(), Deed::Stop)];
        assert_eq!(parse("truncate_table/statement/send=stop").unwrap(), stop);
        assert!(parse("truncate_table/statement/send=error").is_err());
        assert!(parse("commit/decide/before=panic").is_err());
    }

    #[tokio::test]
    async fn a_failpoint_works_once_and_only_where_it_is_registered() {
        set("resolver/purge/before=drop; resolver/purge/after=error").unwrap();
        assert_eq!(reach("resolver/purge/before").await, Ok(Reached::Drop));
        assert_eq!(reach("resolver/purge/before").await, Ok(Reached::GoOn));
        assert_eq!(reach("resolver/purge/after").await.unwrap_err().errno, 1105);
        assert!(reach("resolver/purge/never").await.is_err());
    }
}
