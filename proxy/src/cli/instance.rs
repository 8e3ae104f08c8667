//! `ostrakon instance`: database servers.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::connection::{Remote, name, new_password, text};
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum InstanceCommand {
    /// Instances and how many groups each has.
    List,
    /// Make a server known.
    Add {
        instance: String,
        #[command(flatten)]
        server: Server,
    },
    /// Change a server's address, account or password.
    Alter {
        instance: String,
        #[command(flatten)]
        server: Server,
    },
    /// No new groups on it.
    Drain { instance: String },
    /// New groups on it again.
    Undrain { instance: String },
    /// Forget a server that no group is on.
    Remove { instance: String },
}

/// The server itself; --host, --port, --user and --password are about the node.
#[derive(Debug, Args)]
pub struct Server {
    /// The server's host.
    #[arg(long)]
    server_host: Option<String>,
    /// The server's port [default for a new one: 3306].
    #[arg(long)]
    server_port: Option<u16>,
    /// Account on the server [default for a new one: root].
    #[arg(long)]
    server_user: Option<String>,
    /// File whose first line is the account's password [or the variable OSTRAKON_SERVER_PASSWORD].
    #[arg(long)]
    server_password_file: Option<PathBuf>,
    /// TLS to the server [default for a new one: disabled on loopback, verify_identity elsewhere].
    #[arg(long, value_parser = ["disabled", "required", "verify_ca", "verify_identity"])]
    server_tls: Option<String>,
}

const PASSWORD_VARIABLE: &str = "OSTRAKON_SERVER_PASSWORD";

impl Server {
    fn properties(&self) -> Result<String, Failure> {
        let mut out = String::new();
        for (property, value) in [("HOST", &self.server_host), ("USER", &self.server_user)] {
            if let Some(value) = value {
                out.push_str(&format!(" {property} = {}", text(value)));
            }
        }
        if let Some(port) = self.server_port {
            out.push_str(&format!(" PORT = {port}"));
        }
        if let Some(tls) = &self.server_tls {
            out.push_str(&format!(" TLS = {tls}"));
        }
        let given = self.server_password_file.is_some() || std::env::var_os(PASSWORD_VARIABLE).is_some();
        if given {
            let password = new_password(self.server_password_file.as_deref(), PASSWORD_VARIABLE)?;
            out.push_str(&format!(" PASSWORD = {}", text(&password)));
        }
        Ok(out)
    }
}

impl InstanceCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        match self {
            Self::List => remote.show("SHOW INSTANCES"),
            Self::Add { instance, server } => {
                if server.server_host.is_none() {
                    return Err(Failure::Usage("--server-host is needed".to_owned()));
                }
                let sql = format!("CREATE INSTANCE {}{}", name(instance), server.properties()?);
                remote.change(&sql, &format!("Instance {instance} was added."))
            }
            Self::Alter { instance, server } => {
                let properties = server.properties()?;
                if properties.is_empty() {
                    return Err(Failure::Usage("there is nothing to change: see --help".to_owned()));
                }
                let sql = format!("ALTER INSTANCE {}{properties}", name(instance));
                remote.change(&sql, &format!("Instance {instance} was changed."))
            }
            Self::Drain { instance } => remote.change(
                &format!("ALTER INSTANCE {} DRAIN", name(instance)),
                &format!("Instance {instance} takes no new groups."),
            ),
            Self::Undrain { instance } => remote.change(
                &format!("ALTER INSTANCE {} UNDRAIN", name(instance)),
                &format!("Instance {instance} takes new groups."),
            ),
            Self::Remove { instance } => remote.change(
                &format!("DROP INSTANCE {}", name(instance)),
                &format!("Instance {instance} was removed."),
            ),
        }
    }
}
