//! `ostrakon backup`: the catalog in a file. Restoring one is done with all nodes stopped.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Subcommand;

use super::connection::Remote;
use super::output::{self, Failure};
use crate::client::Answer;
use crate::secret::hex;

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Save the catalog. The key file is not in it: keep a copy of that too, elsewhere.
    Create {
        /// File to make (mode 600); one that is there is not overwritten. (--output is how answers are printed.)
        #[arg(long)]
        file: PathBuf,
    },
    /// Make the data of a new cluster's first node from a backup, with all nodes stopped.
    Restore(super::offline::Restore),
}

impl BackupCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        let Self::Create { file } = self else {
            return Err(Failure::Usage("a backup is restored without a node".to_owned()));
        };
        let mut answer = remote.query("BACKUP CATALOG")?;
        let malformed = |what: &str| Failure::Unreachable(format!("the node's answer is malformed: {what}"));
        let cell = |name: &str| {
            let at = answer.columns.iter().position(|column| column == name)?;
            answer.rows.first()?.get(at)?.clone()
        };
        let data = cell("DATA").and_then(|text| BASE64.decode(text).ok());
        let data = data.ok_or_else(|| malformed("no DATA"))?;
        let checksum = hex(ring::digest::digest(&ring::digest::SHA256, &data).as_ref());
        if cell("SHA256") != Some(checksum.into_bytes()) {
            return Err(malformed("DATA and SHA256 disagree"));
        }
        write(file, &data).map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
        without_data(&mut answer);
        output::rows(remote.format, &answer);
        Ok(())
    }
}

/// The bytes are on disk when this returns, under their name as a whole or not at all.
fn write(path: &Path, data: &[u8]) -> std::io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    let temporary = PathBuf::from(temporary);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(data)?;
    file.sync_all()?;
    // Unlike a rename this fails when the name is taken.
    let linked = std::fs::hard_link(&temporary, path);
    std::fs::remove_file(&temporary)?;
    linked?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => std::fs::File::open(parent)?.sync_all(),
        None => std::fs::File::open(".")?.sync_all(),
    }
}

fn without_data(answer: &mut Answer) {
    let Some(at) = answer.columns.iter().position(|column| column == "DATA") else { return };
    answer.columns.remove(at);
    answer.numeric.remove(at);
    for row in &mut answer.rows {
        row.remove(at);
    }
}
