//! System calls and context switches of a proxy for each statement, counted by `perf stat`.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use ostrakon::dev::files;
use rustix::process::{Pid, Signal, kill_process};

use crate::Outcome;
use crate::stage::Place;
use crate::sysbench::{Load, Running, lasting};

/// How many seconds are counted.
const SECONDS: u32 = 2;

/// For each statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calls {
    pub system_calls: f64,
    pub switches: f64,
}

/// Whether the kernel lets this user count: perf is there, and tracepoints can be opened.
pub fn can_count() -> bool {
    let mut command = Command::new("perf");
    command.args(["stat", "-x,", "-e", "raw_syscalls:sys_enter", "true"]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.output().is_ok_and(|output| output.status.success() && counts(&output.stderr).len() == 1)
}

/// Counts during a run of the load, with two pipes in `folder`; `None` without a proxy.
pub fn count(folder: &Path, place: &Place, load: &Load) -> Outcome<Option<Calls>> {
    let Some(pid) = place.proxy else { return Ok(None) };
    let mut counter = Counter::start(folder, pid)?;
    let mut running = Running::start(load, place.port, &place.database, lasting(load.clients, SECONDS))?;
    let first = running.second()?;
    counter.tell("enable")?;
    let begun = Instant::now();
    let rates = running.rates(first, SECONDS)?;
    counter.tell("disable")?;
    // Lines tell their seconds rounded.
    let statements = rates.statements * begun.elapsed().as_secs_f64();
    running.finish()?;
    let said = counter.finish()?;
    let [system_calls, switches] = counts(&said)[..] else {
        return Err(format!("perf stat: {}", String::from_utf8_lossy(&said)).into());
    };
    Ok(Some(Calls { system_calls: system_calls / statements, switches: switches / statements }))
}

/// A `perf stat` that counts between two words which it acknowledges: it takes a while to start, and would count what it is not asked for.
struct Counter {
    perf: Child,
    words: File,
    answers: BufReader<File>,
}

impl Counter {
    fn start(folder: &Path, pid: u32) -> Outcome<Self> {
        files::remove_directory(folder)?;
        let folder = files::absolute(folder)?;
        let (words, answers) = (folder.join("words"), folder.join("answers"));
        let mut pipes = Command::new("mkfifo");
        if !pipes.arg(&words).arg(&answers).status()?.success() {
            return Err(format!("mkfifo in {} failed", folder.display()).into());
        }
        // Open for both, so that neither end waits for the other to be opened.
        let open = |path: &Path| OpenOptions::new().read(true).write(true).open(path);
        let (word_pipe, answer_pipe) = (open(&words)?, open(&answers)?);
        let control = format!("--control=fifo:{},{}", words.display(), answers.display());
        let mut command = Command::new("perf");
        command.args(["stat", "-x,", "-e", "raw_syscalls:sys_enter,context-switches", "--delay=-1"]);
        command.arg(control).args(["-p", &pid.to_string()]);
        let perf = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        Ok(Self { perf, words: word_pipe, answers: BufReader::new(answer_pipe) })
    }

    /// Gives a command, and waits until it has been done.
    fn tell(&mut self, word: &str) -> Outcome<()> {
        if let Some(status) = self.perf.try_wait()? {
            return Err(format!("perf stat ended with {status}").into());
        }
        self.words.write_all(format!("{word}\n").as_bytes())?;
        let mut answer = Vec::new();
        self.answers.read_until(b'\n', &mut answer)?;
        // Behind each line perf writes a zero.
        let answer = answer.trim_ascii_end().strip_prefix(b"\0").unwrap_or(answer.trim_ascii_end());
        if answer == b"ack" { Ok(()) } else { Err(format!("perf said {answer:?}").into()) }
    }

    /// Ends it, and gives its figures.
    fn finish(mut self) -> Outcome<Vec<u8>> {
        let pid = i32::try_from(self.perf.id()).ok().and_then(Pid::from_raw).ok_or("perf has no pid")?;
        kill_process(pid, Signal::INT)?;
        let mut said = Vec::new();
        if let Some(mut stream) = self.perf.stderr.take() {
            stream.read_to_end(&mut said)?;
        }
        self.perf.wait()?;
        Ok(said)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        // It has ended, or the run has failed and nobody reads its figures.
        let _ = self.perf.kill();
        let _ = self.perf.wait();
    }
}

/// `21714,,raw_syscalls:sys_enter,4000000000,100.00,,`; what could not be counted has words in place of the number.
fn counts(output: &[u8]) -> Vec<f64> {
    let text = String::from_utf8_lossy(output);
    let first = |line: &str| line.contains(",,").then(|| line.split(',').next()?.parse().ok()).flatten();
    text.lines().filter_map(first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_perf_could_not_count_is_no_figure() {
        let text =
            b"21714,,raw_syscalls:sys_enter,4000000000,100.00,,\n57,,context-switches,4000,100.00,7,/sec\n";
        assert_eq!(counts(text), [21714.0, 57.0]);
        assert_eq!(counts(b"<not supported>,,raw_syscalls:sys_enter,0,100.00,,\n"), [0.0; 0]);
        assert_eq!(counts(b"event syntax error: unknown tracepoint\n"), [0.0; 0]);
    }
}
