//! `ostrakon job`: DDL jobs.

use clap::Subcommand;

use super::connection::Remote;
use super::output::{self, Failure};

#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Jobs that have not ended.
    List {
        /// Jobs that have ended, and their results.
        #[arg(long)]
        ended: bool,
    },
    /// All that is known of one job.
    Show { id: u64 },
    /// Let a parked job go on.
    Recover { id: u64 },
    /// Take a parked job back.
    Rollback { id: u64 },
    /// Take a running job back.
    Cancel { id: u64 },
    /// Take an ended or parked job off the list. What a parked one has done stays.
    Remove { id: u64 },
}

impl JobCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        let (verb, id, done) = match self {
            Self::List { ended: false } => return remote.show("SHOW FULL DDL"),
            Self::List { ended: true } => return remote.show("SHOW DDL RESULT"),
            Self::Show { id } => return show(remote, *id),
            Self::Recover { id } => ("RECOVER", id, "went on to its end"),
            Self::Rollback { id } => ("ROLLBACK", id, "was taken back"),
            Self::Cancel { id } => ("CANCEL", id, "is asked to go back"),
            Self::Remove { id } => ("REMOVE", id, "was removed"),
        };
        remote.change(&format!("{verb} DDL {id}"), &format!("Job {id} {done}."))
    }
}

/// The job's row, of the unfinished ones or of the finished.
fn show(remote: &mut Remote, id: u64) -> Result<(), Failure> {
    let wanted = id.to_string();
    for sql in ["SHOW FULL DDL", "SHOW DDL RESULT"] {
        let mut answer = remote.query(sql)?;
        answer.rows.retain(|row| row.first().and_then(Option::as_deref) == Some(wanted.as_bytes()));
        if !answer.rows.is_empty() {
            output::rows(remote.format, &answer);
            return Ok(());
        }
    }
    Err(Failure::Server {
        errno: 1105,
        sqlstate: "HY000".to_owned(),
        message: format!("There is no DDL job {id}: see ostrakon job list"),
    })
}
