//! How commands reach a node: options, the connection, and statements whose names and strings are quoted.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::output::{self, Failure};
use crate::client::{Answer, Client, ClientError, Login};

/// Which node, as whom, and how answers are printed.
#[derive(Debug, Args)]
pub struct Connecting {
    /// The node's host.
    #[arg(long, global = true, env = "OSTRAKON_HOST", default_value = "127.0.0.1")]
    pub host: String,
    /// The node's port for clients.
    #[arg(long, global = true, env = "OSTRAKON_PORT", default_value_t = 3307)]
    pub port: u16,
    /// Account to log in with.
    #[arg(long, global = true, env = "OSTRAKON_USER", default_value = "root")]
    pub user: String,
    /// Its password. Other users of the machine can see it in the list of processes: the variable or a file is better.
    #[arg(long, global = true, env = "OSTRAKON_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// File whose first line is the password.
    #[arg(long, global = true)]
    pub password_file: Option<PathBuf>,
    /// How answers are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
}

/// A connection to a node.
pub struct Remote {
    client: Client,
    pub format: Format,
}

impl Remote {
    /// Connects and hands over to a command; a failure is printed, and decides the exit code.
    pub fn with(connecting: &Connecting, command: impl FnOnce(&mut Self) -> Result<(), Failure>) -> ExitCode {
        match Self::connect(connecting).and_then(|mut remote| command(&mut remote)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                failure.print(connecting.output);
                failure.exit_code()
            }
        }
    }

    fn connect(connecting: &Connecting) -> Result<Self, Failure> {
        let password = match (&connecting.password, &connecting.password_file) {
            // The file was named, the variable is perhaps for another command.
            (_, Some(path)) => first_line(path)?,
            (Some(password), None) => password.clone(),
            (None, None) => String::new(),
        };
        let login = Login {
            host: connecting.host.clone(),
            port: connecting.port,
            user: connecting.user.clone(),
            password,
            database: None,
        };
        let client = Client::connect(&login).map_err(|error| match error {
            // The node has spoken, and does not want us.
            ClientError::Server { .. } => Failure::of(error),
            error => Failure::Unreachable(format!(
                "node {}:{} cannot be reached: {error}",
                connecting.host, connecting.port
            )),
        })?;
        Ok(Self { client, format: connecting.output })
    }

    /// Runs a statement.
    pub fn query(&mut self, sql: &str) -> Result<Answer, Failure> {
        self.client.query(sql).map_err(Failure::of)
    }

    /// Runs a statement and prints its rows.
    pub fn show(&mut self, sql: &str) -> Result<(), Failure> {
        let answer = self.query(sql)?;
        output::rows(self.format, &answer);
        Ok(())
    }

    /// Runs a statement that changes something, and says that it is done.
    pub fn change(&mut self, sql: &str, done: &str) -> Result<(), Failure> {
        self.query(sql)?;
        let warnings = self.query("SHOW WARNINGS")?;
        output::done(self.format, done, &warnings);
        Ok(())
    }
}

/// A name in backquotes.
pub fn name(name: &str) -> String {
    ostrakon_router::sharding::topology::quote(name)
}

/// `'text'`. Sessions start with backslash escapes.
pub fn text(text: &str) -> String {
    crate::session::result::quote_string(text)
}

/// The first line of a file with a secret.
pub fn first_line(path: &Path) -> Result<String, Failure> {
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A password for somebody else than us: from a file, else from an environment variable, else refused.
pub fn new_password(file: Option<&Path>, variable: &str) -> Result<String, Failure> {
    if let Some(file) = file {
        return first_line(file);
    }
    std::env::var(variable)
        .map_err(|_| Failure::Usage(format!("there is no password: name its file, or set {variable}")))
}
