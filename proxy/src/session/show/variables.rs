//! SHOW VARIABLES: a server's under the session's settings, with those of the node and of the session in place.

use super::super::result::ResultSet;
use super::super::{Failure, Session};
use super::to_result;

/// Where a variable of ours goes.
enum Place {
    /// Among the server's.
    Added,
    /// In place of the server's, if it has one of that name.
    Known,
}

type Own = (Place, &'static str, String);

impl Session {
    pub async fn variables(&mut self, global: bool) -> Result<ResultSet, Failure> {
        let mut lease = self.lease_any().await?;
        let scope = if global { "GLOBAL" } else { "SESSION" };
        let answer = lease.connection.query(&format!("SHOW {scope} VARIABLES")).await;
        self.release(lease);
        let mut set = to_result(answer?);
        let mut own = self.of_node();
        if !global {
            own.extend(self.of_session());
        }
        for (place, name, value) in own {
            let known = set
                .rows
                .iter_mut()
                .find(|row| row.first().and_then(Option::as_deref) == Some(name.as_bytes()));
            match (known, place) {
                (Some(row), _) => *row = vec![Some(name.into()), Some(value.into_bytes())],
                (None, Place::Added) => set.rows.push(vec![Some(name.into()), Some(value.into_bytes())]),
                (None, Place::Known) => {}
            }
        }
        set.rows.sort();
        Ok(set)
    }

    fn of_node(&self) -> Vec<Own> {
        let node = &self.worker.node;
        let limits = &node.config.limits;
        let known = |name: &'static str, value: String| (Place::Known, name, value);
        let added = |name: &'static str, value: String| (Place::Added, name, value);
        vec![
            known("version", node.version()),
            known("hostname", "ostrakon".into()),
            known("port", node.config.listen.port().to_string()),
            known("max_connections", limits.max_connections.to_string()),
            known("max_allowed_packet", limits.max_allowed_packet.to_string()),
            // Binary logs and GTIDs are each instance's own: none of them tells what the cluster wrote.
            known("log_bin", "OFF".into()),
            known("gtid_mode", "OFF".into()),
            added("ostrakon_connections_per_instance", limits.connections_per_instance.to_string()),
            added(
                "ostrakon_gather_connections_per_instance",
                limits.gather_connections_per_instance.to_string(),
            ),
            added("ostrakon_gather_rows", limits.gather_rows.to_string()),
            added("ostrakon_gather_bytes", limits.gather_bytes.to_string()),
            added("ostrakon_gather_time_s", limits.gather_time_s.to_string()),
            added(
                "ostrakon_shared_connections_per_instance",
                limits.shared_connections_per_instance.to_string(),
            ),
            added(
                "ostrakon_statements_per_shared_connection",
                limits.statements_per_shared_connection.to_string(),
            ),
            added("ostrakon_gather_bytes_per_user", limits.gather_bytes_per_user.to_string()),
            added("ostrakon_connection_wait_ms", limits.connection_wait_ms.to_string()),
            added("ostrakon_connect_timeout_ms", limits.connect_timeout_ms.to_string()),
            added("ostrakon_login_timeout_ms", limits.login_timeout_ms.to_string()),
            added("ostrakon_unauthenticated_connections", limits.unauthenticated_connections.to_string()),
            added(
                "ostrakon_unauthenticated_connections_per_address",
                limits.unauthenticated_connections_per_address.to_string(),
            ),
            known("max_connect_errors", limits.max_connect_errors.to_string()),
            added("ostrakon_failed_logins", limits.failed_logins.to_string()),
            added("ostrakon_failed_login_delay_ms", limits.failed_login_delay_ms.to_string()),
            added("ostrakon_merge_memory", limits.merge_memory.to_string()),
            added("ostrakon_cursor_memory", limits.cursor_memory.to_string()),
            added(
                "ostrakon_prepared_statements_per_client",
                limits.prepared_statements_per_client.to_string(),
            ),
            added(
                "ostrakon_prepared_statements_per_backend",
                limits.prepared_statements_per_backend.to_string(),
            ),
            added("ostrakon_plan_cache_entries", limits.plan_cache_entries.to_string()),
            added("ostrakon_groups_per_instance", limits.groups_per_instance.to_string()),
            added("ostrakon_physical_tables_per_table", limits.physical_tables_per_table.to_string()),
        ]
    }

    fn of_session(&self) -> Vec<Own> {
        let on = |on: bool| if on { "ON" } else { "OFF" }.to_owned();
        let unique_scope = if self.own.unique_scope_global { "global" } else { "physical" };
        let id = self.entry().id.to_string();
        vec![
            (Place::Known, "autocommit", on(self.transaction.autocommit)),
            (Place::Known, "last_insert_id", self.last_insert_id.to_string()),
            (Place::Known, "identity", self.last_insert_id.to_string()),
            (Place::Known, "pseudo_thread_id", id),
            (Place::Known, "in_transaction", u8::from(self.transaction.is_open()).to_string()),
            (Place::Added, "ostrakon_unique_scope", unique_scope.into()),
            (Place::Added, "ostrakon_ddl_async", on(self.own.ddl_async)),
            (Place::Added, "ostrakon_read_consistency", self.own.read_consistency.as_text().into()),
        ]
    }
}
