//! CREATE, ALTER and DROP INSTANCE. A server that cannot be used is refused before the catalog knows it.

use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::schema::{Instance, InstanceTls};
use ostrakon_router::parse::administration::{Admin, InstanceChange};

use crate::backend::connection::Connection;
use crate::backend::tls::is_loopback;
use crate::commit::finish::ensure_schema;
use crate::error::SqlError;
use crate::secret;
use crate::session::result::quote_string;
use crate::session::{Failure, Session, Warning};

impl Session {
    /// Gives the number of changed instances.
    pub(super) async fn change_instance(&mut self, admin: &Admin) -> Result<u64, Failure> {
        match admin {
            Admin::CreateInstance { name, host, port, user, password, tls } => {
                let new = Instance {
                    id: 0,
                    name: name.clone(),
                    host: host.clone(),
                    port: *port,
                    user: user.clone(),
                    password: self.encrypted(name, &password.0).await?,
                    draining: false,
                    tls: tls.unwrap_or_else(|| usual_tls(host)),
                };
                let mut connection = self.try_out(&new).await?;
                // Now: a transaction whose snapshot is older than the tables could not use them. The resolver makes up for it where it cannot be.
                if let Err(e) = ensure_schema(&mut connection).await {
                    let message = format!(
                        "The tables for transactions over several groups are not there yet: {}",
                        e.message
                    );
                    self.warnings.push(Warning { level: "Warning".into(), code: e.errno, message });
                }
                self.propose(CatalogCommand::CreateInstance {
                    name: new.name,
                    host: new.host,
                    port: new.port,
                    user: new.user,
                    password: new.password,
                    tls: new.tls,
                })
                .await?;
                crate::session::collations::learn_server(&self.worker).await;
                self.mode.server = self.worker.node.server.load().parsed;
                Ok(1)
            }
            Admin::AlterInstance { name, change } => self.alter_instance(name, change).await,
            Admin::DropInstance { name } => {
                if let Some(instance) = self.catalog().instance_by_name(name) {
                    self.check_nothing_in_doubt(instance.id).await?;
                }
                self.propose(CatalogCommand::DropInstance { name: name.clone() }).await?;
                Ok(1)
            }
            _ => Ok(0),
        }
    }

    async fn alter_instance(&mut self, name: &str, change: &InstanceChange) -> Result<u64, Failure> {
        let catalog = self.catalog();
        let unknown =
            || ostrakon_catalog::outcome::Rejection::UnknownInstance { name: name.to_owned() }.to_string();
        let current =
            catalog.instance_by_name(name).ok_or_else(|| SqlError::new(1477, "HY000", unknown()))?;
        let password = match &change.password {
            Some(password) => Some(self.encrypted(name, &password.0).await?),
            None => None,
        };
        if change.draining.is_none() {
            let altered = Instance {
                host: change.host.clone().unwrap_or_else(|| current.host.clone()),
                port: change.port.unwrap_or(current.port),
                user: change.user.clone().unwrap_or_else(|| current.user.clone()),
                password: password.clone().unwrap_or_else(|| current.password.clone()),
                tls: change.tls.unwrap_or(current.tls),
                ..(**current).clone()
            };
            let mut connection = self.try_out(&altered).await?;
            self.check_holds_groups(&mut connection, &altered).await?;
        }
        let before = catalog.revision;
        self.propose(CatalogCommand::AlterInstance {
            name: name.to_owned(),
            host: change.host.clone(),
            port: change.port,
            user: change.user.clone(),
            password,
            draining: change.draining,
            tls: change.tls,
        })
        .await?;
        Ok(u64::from(self.catalog().revision != before))
    }

    /// An instance that cannot be reached is refused now, not at the first statement.
    async fn try_out(&self, instance: &Instance) -> Result<Connection, Failure> {
        let limit = std::time::Duration::from_millis(self.worker.node.config.limits.connect_timeout_ms);
        let trial = async {
            let mut connection = Connection::connect(instance, 1, false).await?;
            connection.query("SELECT 1").await?;
            Ok::<_, SqlError>(connection)
        };
        match tokio::time::timeout(limit, trial).await {
            Ok(connection) => Ok(connection?),
            Err(_) => Err(SqlError::new(
                crate::error::BACKEND_UNREACHABLE,
                "HY000",
                format!(
                    "Instance '{}' did not answer within {} ms (limits.connect_timeout_ms)",
                    instance.name,
                    limit.as_millis()
                ),
            )
            .into()),
        }
    }

    /// At another address there must be the same data: a server without the groups' databases is another server.
    async fn check_holds_groups(
        &self,
        connection: &mut Connection,
        instance: &Instance,
    ) -> Result<(), Failure> {
        let catalog = self.catalog();
        let groups = catalog.databases.values().flat_map(|database| &database.groups);
        let needed: Vec<&str> =
            groups.filter(|g| g.instance == instance.id).map(|g| g.physical_database.as_str()).collect();
        if needed.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = needed.iter().map(|name| quote_string(name)).collect();
        let answer = connection
            .query(&format!(
                "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ({})",
                names.join(",")
            ))
            .await?;
        let there: Vec<String> = (0..answer.rows.len()).map(|row| answer.text(row, 0)).collect();
        match needed.iter().find(|name| !there.iter().any(|found| found == *name)) {
            None => Ok(()),
            Some(missing) => Err(SqlError::other(format!(
                "The server at {}:{} does not hold physical database '{missing}' of instance '{}', or does not show it to user '{}': \
                 it is another server, or the account lacks privileges; nothing was changed",
                instance.host, instance.port, instance.name, instance.user
            ))
            .into()),
        }
    }

    /// The form in which a password goes into the catalog.
    async fn encrypted(&self, instance: &str, password: &str) -> Result<String, Failure> {
        let key = secret::node_key()
            .ok_or_else(|| SqlError::other("Internal error (please report): the node has no key file"))?;
        let refused = |e: &dyn std::fmt::Display| {
            SqlError::other(format!("The password of instance '{instance}' cannot be encrypted: {e}"))
        };
        crate::upkeep::agree_on_key(&self.worker.node.meta, key).await.map_err(|e| refused(&e))?;
        Ok(key.encrypt(instance, password).map_err(|e| refused(&e))?)
    }
}

/// Where CREATE INSTANCE does not say: nobody listens on loopback, and everywhere else the server has to prove which one it is.
fn usual_tls(host: &str) -> InstanceTls {
    if is_loopback(host) { InstanceTls::Disabled } else { InstanceTls::VerifyIdentity }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_plain_unless_it_is_said() {
        for (host, is_plain) in [
            ("127.0.0.1", true),
            ("127.8.0.1", true),
            ("::1", true),
            ("localhost", true),
            ("10.0.0.1", false),
            ("localhost.example", false),
            ("db1", false),
        ] {
            assert_eq!(usual_tls(host).is_disabled(), is_plain, "{host}");
        }
    }
}
