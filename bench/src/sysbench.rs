//! Runs sysbench, and reads what it says: one line a second, and a histogram of latencies at the end.

use std::io::{BufRead, BufReader, PipeReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::Outcome;
use crate::statistics::Histogram;

/// The script that makes the statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// One of the distribution's, by name.
    Distributed(&'static str),
    /// One of `bench/lua`.
    Own(&'static str),
}

impl Script {
    fn argument(&self) -> PathBuf {
        match self {
            Self::Distributed(name) => PathBuf::from(name),
            Self::Own(name) => {
                PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("lua").join(name).with_extension("lua")
            }
        }
    }
}

/// What sysbench is to do.
#[derive(Clone, Debug)]
pub struct Load {
    pub script: Script,
    /// The script's own options.
    pub options: Vec<String>,
    pub clients: u32,
    pub prepared: bool,
}

/// When it ends.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    Seconds(u64),
    /// After so many runs of the script's event.
    Events(u64),
}

/// What it says at its end.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub latency: Histogram,
    /// Milliseconds of an event.
    pub mean: f64,
}

/// What one line of the report says of the second before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Second {
    /// Seconds since the start.
    pub at: u64,
    pub statements: f64,
    pub errors: f64,
}

/// What several lines say together: means a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    pub statements: f64,
    pub errors: f64,
}

/// How long sysbench has to work so that a second that does not count and `seconds` that do can be read: one more, since clients that stop at the last line
/// would be in the figures. Many clients hold up the thread that reports, so that a line is left out or comes late: for them it works longer.
pub fn lasting(clients: u32, seconds: u32) -> Length {
    Length::Seconds(u64::from(seconds) + 2 + u64::from(clients / 128).min(4))
}

/// A sysbench that runs.
pub struct Running {
    child: Child,
    lines: BufReader<PipeReader>,
    /// Everything it has said, for when it fails.
    said: String,
}

impl Running {
    /// Starts it against a database on 127.0.0.1.
    pub fn start(load: &Load, port: u16, database: &str, length: Length) -> Outcome<Self> {
        let mut command = Command::new("sysbench");
        command.arg(load.script.argument());
        command.args(["--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-user=root"]);
        command.arg(format!("--mysql-port={port}")).arg(format!("--mysql-db={database}"));
        command.args(["--report-interval=1", "--percentile=99", "--histogram=on", "--rand-type=uniform"]);
        command.arg(format!("--threads={}", load.clients));
        match length {
            Length::Seconds(seconds) => command.arg(format!("--time={seconds}")),
            Length::Events(events) => command.arg(format!("--events={events}")).arg("--time=0"),
        };
        command.arg(if load.prepared { "--db-ps-mode=auto" } else { "--db-ps-mode=disable" });
        command.args(&load.options).arg("run");
        let (reader, writer) = std::io::pipe()?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let child = command
            .spawn()
            .map_err(|error| format!("sysbench: {error}. `tools/setup bench` installs what is missing"))?;
        // The command holds the pipe's other end, and its end would never be seen.
        drop(command);
        Ok(Self { child, lines: BufReader::new(reader), said: String::new() })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn line(&mut self) -> Outcome<Option<String>> {
        let mut line = String::new();
        let count = self.lines.read_line(&mut line)?;
        self.said.push_str(&line);
        Ok((count > 0).then_some(line))
    }

    /// Waits for the next second's line.
    pub fn second(&mut self) -> Outcome<Second> {
        while let Some(line) = self.line()? {
            if let Some(second) = parse_second(&line) {
                return Ok(second);
            }
        }
        Err(self.failure("sysbench ended before its time"))
    }

    /// Waits for `seconds` from the line `from` on, and for one more where a line is left out. A line tells the rate since the line before it.
    pub fn rates(&mut self, from: Second, seconds: u32) -> Outcome<Rates> {
        let (mut at, mut counted, mut statements, mut errors) = (from.at, 0.0, 0.0, 0.0);
        while counted < f64::from(seconds) {
            let second = self.second()?;
            let since = second.at.saturating_sub(at) as f64;
            at = second.at;
            counted += since;
            statements += second.statements * since;
            errors += second.errors * since;
        }
        Ok(Rates { statements: statements / counted, errors: errors / counted })
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Outcome<Report> {
        let mut report = Report::default();
        while let Some(line) = self.line()? {
            if let Some((value, count)) = parse_bucket(&line) {
                report.latency.add(value, count);
            } else if let Some(mean) = line.trim_start().strip_prefix("avg:") {
                report.mean = mean.trim().parse()?;
            }
        }
        if self.child.wait()?.success() { Ok(report) } else { Err(self.failure("sysbench failed")) }
    }

    fn failure(&self, what: &str) -> Box<dyn std::error::Error> {
        let last: Vec<&str> = self.said.lines().rev().take(12).collect();
        let said: Vec<&str> = last.into_iter().rev().collect();
        format!("{what}:\n{}", said.join("\n")).into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended by itself, or nobody waits for it any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `[ 2s ] thds: 16 tps: 21834.66 qps: 21834.66 (r/w/o: ...) lat (ms,99%): 4.65 err/s: 0.00 reconn/s: 0.00`
fn parse_second(line: &str) -> Option<Second> {
    let (at, rest) = line.trim_start().strip_prefix('[')?.split_once("s ]")?;
    let after = |name: &str| rest.split_once(name)?.1.split_whitespace().next()?.parse().ok();
    Some(Second { at: at.trim().parse().ok()?, statements: after(" qps: ")?, errors: after(" err/s: ")? })
}

/// `       0.619 |**************************************** 1805`
fn parse_bucket(line: &str) -> Option<(f64, u64)> {
    let (value, rest) = line.split_once('|')?;
    Some((value.trim().parse().ok()?, rest.split_whitespace().last()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_of_each_second_is_read() {
        let line = "[ 2s ] thds: 16 tps: 1091.73 qps: 21834.66 (r/w/o: 21834.66/0.00/0.00) lat (ms,99%): 4.65 err/s: 0.50 reconn/s: 0.00\n";
        assert_eq!(parse_second(line), Some(Second { at: 2, statements: 21834.66, errors: 0.5 }));
        assert_eq!(parse_second("Threads started!\n"), None);
        assert_eq!(parse_second("[ s ] thds: 16"), None);
    }

    /// A sysbench that has said these lines, and ended.
    fn one_that_said(lines: &str) -> Running {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(lines.as_bytes()).unwrap();
        let child = Command::new("true").spawn().unwrap();
        Running { child, lines: BufReader::new(reader), said: String::new() }
    }

    #[test]
    fn a_line_that_is_left_out_does_not_halve_what_is_counted() {
        let line = |at: u32, rate: f64| {
            format!(
                "[ {at}s ] thds: 256 tps: {rate} qps: {rate} (r/w/o: 0/0/0) lat (ms,99%): 4 err/s: 1.00 reconn/s: 0\n"
            )
        };
        let mut running = one_that_said(&[line(1, 50.0), line(3, 100.0), line(4, 7.0)].concat());
        let first = running.second().unwrap();
        assert_eq!(running.rates(first, 2).unwrap(), Rates { statements: 100.0, errors: 1.0 });
        assert!(running.rates(first, 9).unwrap_err().to_string().contains("ended before its time"));
    }

    #[test]
    fn a_histogram_is_read_with_and_without_stars() {
        let text = "Latency histogram (values are in milliseconds)\n       value  ------------- distribution ------------- count\n       \
                    0.031 |                                         6\n       0.619 |**************************************** 1805\n      10.090 |                                         5\n \n";
        let found: Vec<_> = text.lines().filter_map(parse_bucket).collect();
        assert_eq!(found, [(0.031, 6), (0.619, 1805), (10.090, 5)]);
    }
}
