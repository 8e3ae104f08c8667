//! The command line.

use std::path::PathBuf;

use clap::Parser;
use ostrakon::dev::files;
use ostrakon::dev::server::DatabaseServer;

use crate::Outcome;
use crate::part::{self, Part};
use crate::stage::Programs;

/// Measures what a hop through a node costs, beside a byte forwarder (the floor) and HAProxy.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Few workloads, 3 rounds of 2 seconds.
    #[arg(long)]
    pub short: bool,
    /// Only what has one of these in its name, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Rounds that count. Default: 5, in the short form 3.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: Option<u32>,
    /// Seconds of each run. Default: 4, in the short form 2.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: Option<u32>,
    /// Clients of every workload, in place of its own number.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    clients: Option<u32>,
    /// Writes everything that was measured to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Prints the names of all that can be measured.
    #[arg(long)]
    pub list: bool,
    /// The program that is measured. Default: the one beside this one.
    #[arg(long, env = "OSTRAKON_BINARY")]
    ostrakon: Option<PathBuf>,
    /// The floor's program. Default: the one beside this one.
    #[arg(long)]
    floor: Option<PathBuf>,
    /// A database server's binary (mariadbd or mysqld). Default: the MariaDB server of this machine, else MySQL's.
    #[arg(long)]
    mysqld: Option<PathBuf>,
    /// Where servers and rows live. Default: `bench` in the target folder.
    #[arg(long, env = "OSTRAKON_BENCH_DIRECTORY")]
    directory: Option<PathBuf>,
}

impl Arguments {
    pub fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.short { 3 } else { 5 })
    }

    pub fn seconds(&self) -> u32 {
        self.seconds.unwrap_or(if self.short { 2 } else { 4 })
    }

    /// What is to be measured, in order.
    pub fn parts(&self) -> Outcome<Vec<Part>> {
        let mut all = part::all();
        if self.only.is_empty() {
            all.retain(|part| !self.short || part.is_short());
        } else {
            all.retain(|part| self.only.iter().any(|only| part.name().contains(only.as_str())));
        }
        if all.is_empty() {
            return Err(format!("nothing's name holds {}: --list prints them", self.only.join(" or ")).into());
        }
        for part in &mut all {
            if let (Part::Workload(workload), Some(clients)) = (part, self.clients) {
                workload.load.clients = clients;
            }
        }
        Ok(all)
    }

    /// The programs, each of which must be there.
    pub fn programs(&self) -> Outcome<Programs> {
        let near = |name: &str| -> Outcome<PathBuf> { Ok(std::env::current_exe()?.with_file_name(name)) };
        let ostrakon = self.ostrakon.clone().map_or_else(|| near("ostrakon"), Ok)?;
        let floor = self.floor.clone().map_or_else(|| near("ostrakon-floor"), Ok)?;
        for program in [&ostrakon, &floor] {
            if !program.is_file() {
                return Err(format!("{} is missing: `make bench` builds it", program.display()).into());
            }
        }
        let haproxy = files::find_program("haproxy");
        Ok(Programs {
            ostrakon: std::fs::canonicalize(ostrakon)?,
            floor: std::fs::canonicalize(floor)?,
            haproxy: haproxy.ok_or("haproxy is missing: `tools/setup bench` installs it")?,
            server: DatabaseServer::find(self.mysqld.as_deref())?,
            threads: std::thread::available_parallelism()?.get(),
        })
    }

    /// Where servers and rows live.
    pub fn directory(&self) -> Outcome<PathBuf> {
        if let Some(directory) = &self.directory {
            return Ok(directory.clone());
        }
        let program = std::env::current_exe()?;
        let target = program
            .ancestors()
            .nth(2)
            .ok_or("this program stands in no target folder: name a --directory")?;
        Ok(target.join("bench"))
    }
}
