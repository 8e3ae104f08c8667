//! Limits: what one client, one statement and one node may use. Over a limit a client gets the MySQL error that it knows.

use serde::Deserialize;

/// All limits. Shown by `SHOW VARIABLES LIKE 'ostrakon%'`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Client connections of this node; one more gets error 1040.
    pub max_connections: u32,
    /// Largest command from a client in bytes (1 KiB to 1 GiB); a larger one gets error 1153.
    pub max_allowed_packet: usize,
    /// Backend connections to one instance, all workers of this node together (at least one for each worker).
    pub connections_per_instance: usize,
    /// Connections to one instance that gathered statements use, besides the others, all workers of this node together (at least one for
    /// each worker).
    pub gather_connections_per_instance: usize,
    /// Of `connections_per_instance`, those that short statements of several clients may share, all workers of this node together. 0: none.
    pub shared_connections_per_instance: usize,
    /// Statements that may be under way on one of these.
    pub statements_per_shared_connection: usize,
    /// Rows, bytes of their values, and seconds that one gathered statement may take.
    pub gather_rows: u64,
    pub gather_bytes: u64,
    pub gather_time_s: u64,
    /// Bytes that the gathered statements of one user may hold at once on this node.
    pub gather_bytes_per_user: u64,
    /// How long a statement waits for a backend connection, in milliseconds; then error 1040.
    pub connection_wait_ms: u64,
    /// How long connecting to an instance may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a client may take to log in, in milliseconds.
    pub login_timeout_ms: u64,
    /// Clients that may log in at the same time, in all and from one address; one more waits. Within `login_timeout_ms` it logs in or gets error 1040.
    pub unauthenticated_connections: usize,
    pub unauthenticated_connections_per_address: usize,
    /// Connections in a row from one address that end with what is no login; then it is blocked with error 1129 until FLUSH HOSTS.
    pub max_connect_errors: u64,
    /// Refused logins in a row of one user from one address before a delay comes before the next one.
    pub failed_logins: u32,
    /// What that delay grows to, in milliseconds, but to no more than half of what a login may take; 0: there is none.
    pub failed_login_delay_ms: u64,
    /// Rows held in memory by one merge, in bytes; over it error 1038.
    pub merge_memory: usize,
    /// Rows that the cursors of one client hold, in bytes; a larger answer comes without a cursor.
    pub cursor_memory: usize,
    /// Prepared statements of one client; one more gets error 1461.
    pub prepared_statements_per_client: usize,
    /// Prepared statements kept on one backend connection; the least recently used is closed.
    pub prepared_statements_per_backend: usize,
    /// Plans kept by one worker.
    pub plan_cache_entries: usize,
    /// Groups made for each instance by CREATE DATABASE without DBPARTITIONS.
    pub groups_per_instance: u32,
    /// Physical tables that one CREATE TABLE may make.
    pub physical_tables_per_table: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_allowed_packet: 64 << 20,
            connections_per_instance: 512,
            gather_connections_per_instance: 64,
            shared_connections_per_instance: 16,
            statements_per_shared_connection: 16,
            gather_rows: 50_000_000,
            gather_bytes: 8 << 30,
            gather_time_s: 900,
            gather_bytes_per_user: 32 << 30,
            connection_wait_ms: 10_000,
            connect_timeout_ms: 5_000,
            login_timeout_ms: 10_000,
            unauthenticated_connections: 1_024,
            unauthenticated_connections_per_address: 64,
            max_connect_errors: 100,
            failed_logins: 3,
            failed_login_delay_ms: 5_000,
            merge_memory: 256 << 20,
            cursor_memory: 8 << 20,
            prepared_statements_per_client: 16_382,
            prepared_statements_per_backend: 512,
            plan_cache_entries: 4_096,
            groups_per_instance: 8,
            physical_tables_per_table: 8_192,
        }
    }
}

impl Limits {
    /// All backend connections that this node may open to one instance.
    pub fn backend_connections(&self) -> usize {
        self.connections_per_instance.saturating_add(self.gather_connections_per_instance)
    }

    pub(crate) fn validate(&self, faults: &mut Vec<String>) {
        let mut range = |name: &str, value: u64, low: u64, high: u64| {
            if value < low || value > high {
                faults.push(format!("limits.{name} is {value}, it must be from {low} to {high}"));
            }
        };
        range("max_connections", self.max_connections.into(), 1, 1_000_000);
        range("max_allowed_packet", self.max_allowed_packet as u64, 1 << 10, 1 << 30);
        range("connections_per_instance", self.connections_per_instance as u64, 1, 100_000);
        let gather = self.gather_connections_per_instance as u64;
        range("gather_connections_per_instance", gather, 1, 100_000);
        let shared = self.shared_connections_per_instance as u64;
        range("shared_connections_per_instance", shared, 0, 100_000);
        let under_way = self.statements_per_shared_connection as u64;
        range("statements_per_shared_connection", under_way, 1, 1_000);
        range("gather_rows", self.gather_rows, 1, 1 << 40);
        range("gather_bytes", self.gather_bytes, 1 << 10, 1 << 50);
        range("gather_time_s", self.gather_time_s, 1, 1 << 30);
        range("gather_bytes_per_user", self.gather_bytes_per_user, 1 << 10, 1 << 50);
        range("connection_wait_ms", self.connection_wait_ms, 1, 3_600_000);
        range("connect_timeout_ms", self.connect_timeout_ms, 1, 600_000);
        range("login_timeout_ms", self.login_timeout_ms, 100, 600_000);
        range("unauthenticated_connections", self.unauthenticated_connections as u64, 1, 1_000_000);
        let per_address = self.unauthenticated_connections_per_address as u64;
        range("unauthenticated_connections_per_address", per_address, 1, 1_000_000);
        range("max_connect_errors", self.max_connect_errors, 1, u64::MAX);
        range("failed_logins", self.failed_logins.into(), 0, 1_000_000);
        range("failed_login_delay_ms", self.failed_login_delay_ms, 0, 600_000);
        range("merge_memory", self.merge_memory as u64, 1 << 16, 1 << 40);
        range("cursor_memory", self.cursor_memory as u64, 1 << 10, 1 << 40);
        range("prepared_statements_per_client", self.prepared_statements_per_client as u64, 1, 1_000_000);
        range("prepared_statements_per_backend", self.prepared_statements_per_backend as u64, 1, 100_000);
        range("plan_cache_entries", self.plan_cache_entries as u64, 1, 10_000_000);
        range("groups_per_instance", self.groups_per_instance.into(), 1, 1_024);
        range("physical_tables_per_table", self.physical_tables_per_table.into(), 1, 1 << 20);
    }
}
