//! What a server's settings do to a prepare that it has acknowledged: a commit across groups is worth as much as its weakest server.

use std::collections::BTreeMap;

use crate::backend::connection::Connection;
use crate::error::SqlError;
use crate::node::ServerInfo;

/// Something that a server does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub text: String,
    /// An acknowledged commit across groups can be lost or half there, or its recovery is not possible. Otherwise it is for the DBA to know.
    pub refuses: bool,
}

/// What decides.
#[derive(Debug, Default)]
struct Facts {
    mariadb: bool,
    /// As 80030 for 8.0.30.
    version: u32,
    variables: BTreeMap<String, String>,
    /// Lines of SHOW GRANTS.
    grants: Vec<String>,
    /// Replicas that read this server's binary log now.
    replicas: u64,
}

/// Milliseconds that are as good as for ever for a commit that waits for a replica.
const AS_GOOD_AS_EVER_MS: u64 = 3_600_000;

/// Asks a server; empty: it keeps what it acknowledges.
pub async fn faults(connection: &mut Connection) -> Result<Vec<Fault>, SqlError> {
    let parsed = ServerInfo::parse_version(&connection.version);
    let mut facts = Facts { mariadb: parsed.mariadb, version: parsed.number, ..Facts::default() };
    let answer = connection.query("SHOW GLOBAL VARIABLES").await?;
    facts.variables = (0..answer.rows.len())
        .map(|row| (answer.text(row, 0).to_ascii_lowercase(), answer.text(row, 1)))
        .collect();
    if facts.mariadb {
        // Without PROCESS the account sees none, which CHECK CLUSTER says too.
        let sql = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'";
        facts.replicas = connection.query(sql).await?.text(0, 0).parse().unwrap_or(0);
    } else {
        let answer = connection.query("SHOW GRANTS").await?;
        facts.grants = (0..answer.rows.len()).map(|row| answer.text(row, 0).to_ascii_uppercase()).collect();
    }
    Ok(judge(&facts))
}

fn judge(facts: &Facts) -> Vec<Fault> {
    let value = |name: &str| facts.variables.get(name).map_or("", String::as_str);
    let on = |name: &str| matches!(value(name), "ON" | "1");
    let mut faults = Vec::new();
    let mut refuse = |text: String| faults.push(Fault { text, refuses: true });
    let flush = value("innodb_flush_log_at_trx_commit");
    // MariaDB's 3 syncs more than 1.
    if !(flush == "1" || facts.mariadb && flush == "3") {
        refuse(format!(
            "innodb_flush_log_at_trx_commit is {flush}: what was acknowledged as prepared or committed is lost when the machine fails; set it to 1"
        ));
    }
    if on("log_bin") && value("sync_binlog") != "1" {
        refuse(format!(
            "sync_binlog is {}: when the machine fails the binary log lacks transactions, and prepared ones may be rolled back; set it to 1",
            value("sync_binlog")
        ));
    }
    if on("wsrep_on") {
        refuse("wsrep_on is ON: Galera refuses XA transactions; use a server without it".to_owned());
    }
    if on("innodb_rollback_on_timeout") {
        refuse(
            "innodb_rollback_on_timeout is ON: a lock wait timeout ends one group's part of a transaction and leaves the others; set it to OFF"
                .to_owned(),
        );
    }
    if !facts.mariadb && facts.version < 80_030 {
        refuse("MySQL before 8.0.30 can lose prepared transactions in a crash; upgrade".to_owned());
    }
    let privileged = |line: &String| {
        line.contains(" ON *.*") && (line.contains("XA_RECOVER_ADMIN") || line.starts_with("GRANT ALL "))
    };
    if !facts.mariadb && !facts.grants.iter().any(privileged) {
        refuse(
            "the account lacks XA_RECOVER_ADMIN: what a crash leaves prepared could not be found; GRANT XA_RECOVER_ADMIN ON *.* to it"
                .to_owned(),
        );
    }
    let mut warn = |text: String| faults.push(Fault { text, refuses: false });
    if facts.mariadb && facts.replicas > 0 {
        warn(
            "replicas of MariaDB: after a crash of this server its binary log may hold an XA COMMIT twice (MDEV-21469). On each replica set \
             slave_skip_errors=1397 and gtid_strict_mode=OFF, or run it without a binary log; it is not seen from here whether they are set"
                .to_owned(),
        );
    }
    for (enabled, timeout) in [
        ("rpl_semi_sync_master_enabled", "rpl_semi_sync_master_timeout"),
        ("rpl_semi_sync_source_enabled", "rpl_semi_sync_source_timeout"),
    ] {
        let limit = value(timeout).parse::<u64>().unwrap_or(0);
        if on(enabled) && limit < AS_GOOD_AS_EVER_MS {
            warn(format!(
                "{timeout} is {limit} ms: a commit that no replica has confirmed for so long is acknowledged all the same, and a failover loses it; \
                 set it to {AS_GOOD_AS_EVER_MS} or more"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(mariadb: bool, variables: &[(&str, &str)]) -> Facts {
        let durable = [("innodb_flush_log_at_trx_commit", "1"), ("sync_binlog", "1"), ("log_bin", "ON")];
        let all = durable.iter().chain(variables);
        Facts {
            mariadb,
            version: if mariadb { 101_119 } else { 90_704 },
            variables: all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            grants: vec!["GRANT ALL PRIVILEGES ON *.* TO `ROOT`@`%`".to_owned()],
            replicas: 0,
        }
    }

    fn refused(facts: &Facts) -> Vec<bool> {
        judge(facts).iter().map(|fault| fault.refuses).collect()
    }

    #[test]
    fn a_durable_server_has_no_faults() {
        assert!(judge(&facts(true, &[])).is_empty());
        assert!(judge(&facts(false, &[])).is_empty());
        assert!(judge(&facts(true, &[("innodb_flush_log_at_trx_commit", "3")])).is_empty());
        assert!(judge(&facts(true, &[("log_bin", "OFF"), ("sync_binlog", "0")])).is_empty());
    }

    #[test]
    fn what_loses_an_acknowledged_prepare_is_refused() {
        for variable in [
            ("innodb_flush_log_at_trx_commit", "2"),
            ("innodb_flush_log_at_trx_commit", "0"),
            ("sync_binlog", "0"),
            ("sync_binlog", "1000"),
            ("wsrep_on", "ON"),
            ("innodb_rollback_on_timeout", "ON"),
        ] {
            assert_eq!(refused(&facts(true, &[variable])), [true], "{variable:?}");
        }
        assert_eq!(refused(&facts(false, &[("innodb_flush_log_at_trx_commit", "3")])), [true]);
        assert_eq!(refused(&Facts { version: 80_029, ..facts(false, &[]) }), [true]);
        assert_eq!(refused(&Facts { grants: Vec::new(), ..facts(false, &[]) }), [true]);
        let listed = vec!["GRANT SELECT, XA_RECOVER_ADMIN ON *.* TO `O`@`%`".to_owned()];
        assert!(refused(&Facts { grants: listed, ..facts(false, &[]) }).is_empty());
    }

    #[test]
    fn replication_is_warned_of() {
        assert_eq!(refused(&Facts { replicas: 1, ..facts(true, &[]) }), [false]);
        assert!(refused(&Facts { replicas: 1, ..facts(false, &[]) }).is_empty());
        let semi = [("rpl_semi_sync_master_enabled", "ON"), ("rpl_semi_sync_master_timeout", "10000")];
        assert_eq!(refused(&facts(true, &semi)), [false]);
        let semi = [("rpl_semi_sync_source_enabled", "ON"), ("rpl_semi_sync_source_timeout", "86400000")];
        assert!(refused(&facts(false, &semi)).is_empty());
    }
}
