//! `ostrakon doctor`: is everything as it should be?

use super::connection::Remote;
use super::output::{self, Failure};

/// Prints all that was checked. An error among it is a failure of the command.
pub fn run(remote: &mut Remote) -> Result<(), Failure> {
    let answer = remote.query("CHECK CLUSTER")?;
    output::rows(remote.format, &answer);
    let status = answer.columns.iter().position(|column| column == "STATUS");
    let is_error = |row: &Vec<Option<Vec<u8>>>| {
        status.and_then(|at| row.get(at)).and_then(Option::as_deref) == Some(b"error")
    };
    if answer.rows.iter().any(is_error) { Err(Failure::Told) } else { Ok(()) }
}
