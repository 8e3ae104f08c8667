//! A process that the launcher started: known by its pid, trusted only while its command line names our folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::dev::error::DevError;
use crate::dev::files;

/// How long a process may take to end after SIGTERM, and again after SIGKILL.
const END_PATIENCE: Duration = Duration::from_secs(60);

/// How long a started program's command line may take to appear.
const COMMAND_LINE_PATIENCE: Duration = Duration::from_secs(5);

/// A running (or just ended) server or node.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    /// What `/proc/PID/cmdline` must contain: the absolute path of the member's own folder.
    mark: String,
    pid_file: PathBuf,
    /// Present when this very process started it: an ended child stays a zombie until it is waited for.
    child: Option<Child>,
}

/// Whether what is started belongs to the terminal's job, or outlives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Own process group: Ctrl-C in the terminal and the end of the launcher do not touch it.
    Outlives,
    /// Same process group: who ends the test run's group ends it too.
    WithStarter,
    /// Own session, as a service has one: the kernel shares processors between sessions first (autogroup, sched(7)), so a service is scheduled in another way than
    /// a child of the terminal's. Ctrl-C does not touch it.
    Service,
}

/// The same program under setsid(1), which becomes it.
fn in_a_session_of_its_own(command: &Command) -> Command {
    let mut own = Command::new("setsid");
    own.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => own.env(name, value),
            None => own.env_remove(name),
        };
    }
    own
}

impl Process {
    /// Starts `command` with its output in `log`, and writes `DIRECTORY/pid`.
    ///
    /// `directory` must be absolute, and a path in it must occur in the command line.
    pub fn spawn(mut command: Command, directory: &Path, log: &Path, life: Life) -> Result<Self, DevError> {
        let program = command.get_program().to_string_lossy().into_owned();
        if life == Life::Service {
            command = in_a_session_of_its_own(&command);
        }
        let output = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(DevError::file("opening", log))?;
        let errors = output.try_clone().map_err(DevError::file("opening", log))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors).current_dir(directory);
        if life == Life::Outlives {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        let child =
            command.spawn().map_err(|error| DevError::Program { program, detail: error.to_string() })?;
        let mut process = Self { pid: child.id(), ..Self::unstarted(directory, Some(child)) };
        process.wait_for_command_line();
        files::write(&process.pid_file, &format!("{}\n", process.pid))?;
        Ok(process)
    }

    /// The kernel says that a program was started before its command line can be read: for a moment it is empty, as a zombie's is, and
    /// `find` would not know the process (seen in a test on a busy machine).
    fn wait_for_command_line(&mut self) {
        let end = Instant::now() + COMMAND_LINE_PATIENCE;
        while !self.is_ours() && self.runs() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn unstarted(directory: &Path, child: Option<Child>) -> Self {
        // The slash keeps `instance1` from answering for `instance10`.
        Self { pid: 0, mark: format!("{}/", directory.display()), pid_file: directory.join("pid"), child }
    }

    /// The process that `DIRECTORY/pid` names, if it still runs and is still ours.
    pub fn find(directory: &Path) -> Option<Self> {
        let pid = files::read_number(&directory.join("pid"))?;
        let process = Self { pid, ..Self::unstarted(directory, None) };
        process.is_ours().then_some(process)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// True when the pid's command line names our folder: a pid that the kernel gave to somebody else does not. A zombie's is empty.
    fn is_ours(&self) -> bool {
        let Ok(line) = fs::read(format!("/proc/{}/cmdline", self.pid)) else { return false };
        String::from_utf8_lossy(&line).replace('\0', " ").contains(&self.mark)
    }

    /// True while it runs.
    pub fn runs(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => self.is_ours(),
        }
    }

    /// True when the program's file was replaced since the process started (a new build).
    pub fn is_outdated(&self) -> bool {
        fs::read_link(format!("/proc/{}/exe", self.pid))
            .is_ok_and(|exe| exe.to_string_lossy().ends_with(" (deleted)"))
    }

    fn signal(&mut self, signal: Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let (Some(pid), true) = (pid, self.runs()) {
            // It may end between the look and the signal: then there is nothing left to do.
            let _ = kill_process(pid, signal);
        }
    }

    fn wait_end(&mut self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while self.runs() {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Asks it to end (SIGTERM), insists after a minute (SIGKILL), and returns when it is gone.
    pub fn stop(&mut self) -> Result<(), DevError> {
        self.signal(Signal::TERM);
        if self.wait_end(END_PATIENCE) {
            return self.forget();
        }
        self.kill()
    }

    /// kill -9, and returns when it is gone.
    pub fn kill(&mut self) -> Result<(), DevError> {
        self.signal(Signal::KILL);
        if !self.wait_end(END_PATIENCE) {
            return Err(DevError::StillRuns { pid: self.pid });
        }
        self.forget()
    }

    /// Stops it without an end (SIGSTOP): a server that hangs.
    pub fn freeze(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&mut self) {
        self.signal(Signal::CONT);
    }

    fn forget(&self) -> Result<(), DevError> {
        match fs::remove_file(&self.pid_file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(DevError::file("removing", &self.pid_file)(error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        files::absolute(&std::env::temp_dir().join(format!("ostrakon-{name}-{}", std::process::id())))
            .unwrap()
    }

    fn sleeper(directory: &Path, life: Life) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do sleep 0.05; done", &directory.join("x").to_string_lossy()]);
        Process::spawn(command, directory, &directory.join("log"), life).unwrap()
    }

    /// Process group and session (proc_pid_stat(5): the third and the fourth field behind the name).
    fn group_and_session(pid: u32) -> (u32, u32) {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let mut fields = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(2);
        let mut next = || fields.next().unwrap().parse().unwrap();
        (next(), next())
    }

    #[test]
    fn a_life_says_whose_group_and_session_a_process_is_in() {
        let directory = folder("life");
        let (own_group, own_session) = group_and_session(std::process::id());
        for life in [Life::WithStarter, Life::Outlives, Life::Service] {
            let mut process = sleeper(&directory, life);
            let pid = process.pid();
            let expected = match life {
                Life::WithStarter => (own_group, own_session),
                Life::Outlives => (pid, own_session),
                Life::Service => (pid, pid),
            };
            let end = Instant::now() + COMMAND_LINE_PATIENCE;
            // setsid(1) needs a moment.
            while group_and_session(pid) != expected && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(group_and_session(pid), expected, "{life:?}");
            process.stop().unwrap();
        }
        files::remove_directory(&directory).unwrap();
    }

    #[test]
    fn a_started_process_is_found_again_by_its_pid_file_and_stops() {
        let directory = folder("process");
        let mut process = sleeper(&directory, Life::WithStarter);
        assert!(process.runs());
        assert_eq!(Process::find(&directory).map(|p| p.pid()), Some(process.pid()));
        process.stop().unwrap();
        assert!(!process.runs());
        assert!(Process::find(&directory).is_none());
        files::remove_directory(&directory).unwrap();
    }

    #[test]
    fn a_pid_that_belongs_to_another_program_is_not_ours() {
        let directory = folder("stranger");
        // The pid of this very test: it runs, and its command line does not name the folder.
        fs::write(directory.join("pid"), std::process::id().to_string()).unwrap();
        assert!(Process::find(&directory).is_none());
        files::remove_directory(&directory).unwrap();
    }
}
