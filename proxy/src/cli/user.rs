//! `ostrakon user`: accounts of clients.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::connection::{Remote, new_password, text};
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Accounts, of the node's configuration file and of the catalog.
    List,
    /// Make an account.
    Add {
        account: String,
        #[command(flatten)]
        password: NewPassword,
    },
    /// Give an account another password.
    Password {
        account: String,
        #[command(flatten)]
        password: NewPassword,
    },
    /// Remove an account. Its open connections stay.
    Remove { account: String },
}

#[derive(Debug, Args)]
pub struct NewPassword {
    /// File whose first line is the new password [or the variable OSTRAKON_NEW_PASSWORD].
    #[arg(long)]
    new_password_file: Option<PathBuf>,
    /// How clients prove the password.
    #[arg(long)]
    plugin: Option<AuthPlugin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuthPlugin {
    #[value(name = "caching_sha2_password")]
    CachingSha2,
    #[value(name = "mysql_native_password")]
    Native,
}

impl NewPassword {
    fn clause(&self) -> Result<String, Failure> {
        let with = match self.plugin {
            None => "",
            Some(AuthPlugin::CachingSha2) => " WITH caching_sha2_password",
            Some(AuthPlugin::Native) => " WITH mysql_native_password",
        };
        let password = new_password(self.new_password_file.as_deref(), "OSTRAKON_NEW_PASSWORD")?;
        Ok(format!("IDENTIFIED{with} BY {}", text(&password)))
    }
}

impl UserCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        match self {
            Self::List => remote.show("SHOW USERS"),
            Self::Add { account, password } => remote.change(
                &format!("CREATE USER {}@'%' {}", text(account), password.clause()?),
                &format!("User {account} was added."),
            ),
            Self::Password { account, password } => remote.change(
                &format!("ALTER USER {}@'%' {}", text(account), password.clause()?),
                &format!("User {account} has a new password."),
            ),
            Self::Remove { account } => remote
                .change(&format!("DROP USER {}@'%'", text(account)), &format!("User {account} was removed.")),
        }
    }
}
