//! Failpoints: a test makes a job's step crash the node, fail, or wait. Release builds have none.
//!
//! `OSTRAKON_FAILPOINTS="alter_table/first/before=crash; create_table/rest/middle=sleep 500"` at the start of the node, or in a session
//! `SET ostrakon_failpoints = '...'`. Kinds: `crash` (abort the process), `error`, `sleep MILLISECONDS`; each works once.

use super::steps::{Point, Step};
use crate::error::SqlError;

/// What a failpoint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Crash,
    Error,
    Sleep(u64),
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
        let known = super::steps::all_steps()
            .iter()
            .any(|(kind, step, point)| format!("{}/{step}/{point}", kind.to_ascii_lowercase()) == place);
        if !known {
            return Err(unknown());
        }
        let deed = match deed.trim().split_once(' ') {
            None if deed.trim() == "crash" => Deed::Crash,
            None if deed.trim() == "error" => Deed::Error,
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

/// Does what a failpoint here says.
///
/// Errors: 1105, when it says so.
pub async fn pass(kind: &str, step: Step, point: Point) -> Result<(), SqlError> {
    #[cfg(debug_assertions)]
    {
        let place = format!("{}/{}/{}", kind.to_ascii_lowercase(), step.name(), point.name());
        match set::take(&place) {
            None => {}
            Some(Deed::Crash) => {
                tracing::error!(place, "failpoint: the process aborts");
                std::process::abort();
            }
            Some(Deed::Error) => return Err(SqlError::other(format!("Failpoint {place}"))),
            Some(Deed::Sleep(millis)) => {
                tracing::info!(place, millis, "failpoint: the job waits");
                tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
            }
        }
    }
    #[cfg(not(debug_assertions))]
    let _ = (kind, step, point);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_deeds_are_read_and_unknown_ones_refused() {
        let points = parse("alter_table/first/before=crash; CREATE_TABLE/rest/middle = sleep 20 ;").unwrap();
        assert_eq!(
            points,
            [
                ("alter_table/first/before".to_owned(), Deed::Crash),
                ("create_table/rest/middle".to_owned(), Deed::Sleep(20))
            ]
        );
        assert!(parse("alter_table/first/sometime=crash").is_err());
        assert!(parse("alter_table/first/before=smile").is_err());
        assert!(parse("alter_table/first/before").is_err());
    }
}
