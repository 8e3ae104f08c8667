//! One instance: version, settings, privileges, clock, and what databases and tables are on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::{Instance, InstanceTls};

use super::Report;
use super::cluster::CLOCK_MAX_MS;
use super::privileges::Granted;
use crate::backend::connection::Connection;
use crate::backend::tls::is_loopback;
use crate::call::now_ms;
use crate::commit::counters::alarms;
use crate::commit::finish::has_schema;
use crate::commit::resolver::seen;
use crate::commit::safety::{Fault, faults};
use crate::commit::system_schema::SCHEMA;
use crate::error::{BACKEND_UNREACHABLE, SqlError};
use crate::node::ServerInfo;
use crate::session::result::quote_string;

/// So long a branch may be prepared before something is wrong.
const IN_DOUBT_MAX: Duration = Duration::from_secs(30);

/// What the nodes ask of each instance.
pub(super) struct Needs {
    /// Connections that all nodes together may open.
    pub connections: u64,
    /// Length of the longest statement.
    pub packet: u64,
}

/// What an instance told.
pub(super) struct Facts {
    pub version: String,
    variables: BTreeMap<String, String>,
    granted: Granted,
    /// Milliseconds that its clock is off this node's, on top of what the question took.
    clock_off_ms: u64,
    /// What its settings do to commits across groups.
    faults: Vec<Fault>,
    system_schema: bool,
    /// Minutes from UTC to its local time.
    zone_minutes: String,
    /// All databases on it.
    pub databases: BTreeSet<String>,
    /// Tables of our groups' databases: (database, table).
    pub tables: BTreeSet<(String, String)>,
}

/// Asks an instance, over a connection of its own: a pooled one has a session's settings.
pub(super) async fn look(
    instance: &Arc<Instance>,
    catalog: &Catalog,
    limit: Duration,
) -> Result<Facts, SqlError> {
    let late = |_| {
        SqlError::new(BACKEND_UNREACHABLE, "HY000", format!("no connection within {} ms", limit.as_millis()))
    };
    let connecting = Connection::connect(instance, 1, false);
    let mut connection = tokio::time::timeout(limit, connecting).await.map_err(late)??;
    let answer = connection.query("SHOW GLOBAL VARIABLES").await?;
    let variables: BTreeMap<String, String> = (0..answer.rows.len())
        .map(|row| (answer.text(row, 0).to_ascii_lowercase(), answer.text(row, 1)))
        .collect();
    let answer = connection.query("SHOW GRANTS").await?;
    let lines: Vec<String> = (0..answer.rows.len()).map(|row| answer.text(row, 0)).collect();
    let faults = faults(&mut connection).await?;
    let system_schema = has_schema(&mut connection).await?;
    let before = now_ms();
    let answer = connection
        .query("SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED), TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), NOW())")
        .await?;
    let after = now_ms();
    let clock: u64 = answer.text(0, 0).parse().unwrap_or(0);
    let zone_minutes = answer.text(0, 1);
    let answer = connection.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA").await?;
    let databases: BTreeSet<String> = (0..answer.rows.len()).map(|row| answer.text(row, 0)).collect();
    let groups = catalog.databases.values().flat_map(|database| &database.groups);
    let ours: Vec<String> =
        groups.filter(|g| g.instance == instance.id).map(|g| quote_string(&g.physical_database)).collect();
    let mut tables = BTreeSet::new();
    // Few at a time: each database that is named is opened.
    for some in ours.chunks(64) {
        let sql = format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ({})",
            some.join(",")
        );
        let answer = connection.query(&sql).await?;
        tables.extend((0..answer.rows.len()).map(|row| (answer.text(row, 0), answer.text(row, 1))));
    }
    Ok(Facts {
        version: variables.get("version").cloned().unwrap_or_default(),
        granted: Granted::read(lines.iter().map(String::as_str)),
        variables,
        clock_off_ms: clock.saturating_sub(after).max(before.saturating_sub(clock)),
        faults,
        system_schema,
        zone_minutes,
        databases,
        tables,
    })
}

impl Facts {
    fn variable(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> u64 {
        self.variable(name).parse().unwrap_or(0)
    }
}

/// What one instance's facts say by themselves.
pub(super) fn check(report: &mut Report, instance: &Instance, facts: &Facts, needs: &Needs) {
    let object = instance.name.as_str();
    let parsed = ServerInfo::parse_version(&facts.version);
    let oldest = if parsed.mariadb { 101_100 } else { 80_030 };
    match parsed.number >= oldest {
        true => report.ok("instance_version", object, facts.version.as_str()),
        false => report.error(
            "instance_version",
            object,
            facts.version.as_str(),
            "Upgrade the server: MariaDB 10.11 or later, or MySQL 8.0.30 or later",
        ),
    }
    let logs = facts.variable("log_bin") == "ON";
    let expect = [
        (
            "innodb_flush_log_at_trx_commit",
            "1",
            true,
            "Set it to 1: with another value acknowledged commits are lost when the machine fails",
        ),
        (
            "sync_binlog",
            "1",
            logs,
            "Set it to 1: with another value the binary log can lack commits when the machine fails",
        ),
        (
            "binlog_format",
            "ROW",
            logs,
            "Set it to ROW: replicas and moves of groups need rows, not statements",
        ),
        ("lower_case_table_names", "0", true, "Names are case sensitive in the catalog: use a server with 0"),
    ];
    for (name, wanted, applies, advice) in expect {
        let value = facts.variable(name);
        // A server without the variable has no choice in it.
        if !applies || value.is_empty() {
            continue;
        }
        match value == wanted {
            true => report.ok(name, object, value),
            false => report.warning(name, object, value, advice),
        }
    }
    let connections = facts.number("max_connections");
    match connections > needs.connections {
        true => report.ok("max_connections", object, connections.to_string()),
        false => report.warning(
            "max_connections",
            object,
            format!("{connections}, and all nodes together may open {}", needs.connections),
            "Raise max_connections, or lower limits.connections_per_instance and limits.gather_connections_per_instance of the nodes",
        ),
    }
    let packet = facts.number("max_allowed_packet");
    match packet >= needs.packet {
        true => report.ok("max_allowed_packet", object, packet.to_string()),
        false => report.warning(
            "max_allowed_packet",
            object,
            format!("{packet}, and a node takes statements of {}", needs.packet),
            "Raise it to limits.max_allowed_packet: longer statements get error 1153",
        ),
    }
    let missing = facts.granted.missing(parsed.mariadb);
    if missing.is_empty() {
        report.ok("privileges", object, instance.user.as_str());
    } else {
        let advice = match facts.granted.is_partial() {
            true => {
                "They may be granted for some databases, which is not looked into; physical databases have random names, so grant ON *.*"
            }
            false => "GRANT them ON *.*",
        };
        report.warning(
            "privileges",
            object,
            format!("{} lacks {}", instance.user, missing.join(", ")),
            advice,
        );
    }
    match instance.tls {
        InstanceTls::VerifyCa | InstanceTls::VerifyIdentity => {
            report.ok("instance_tls", object, instance.tls.name());
        }
        mode if is_loopback(&instance.host) => report.ok("instance_tls", object, mode.name()),
        mode => report.warning(
            "instance_tls",
            object,
            mode.name(),
            "Whoever can change packets on the way can read passwords and rows: ALTER INSTANCE ... TLS = VERIFY_IDENTITY",
        ),
    }
    check_commits(report, instance, facts);
    match facts.clock_off_ms <= CLOCK_MAX_MS {
        true => report.ok("instance_clock", object, format!("{} ms off", facts.clock_off_ms)),
        false => report.warning(
            "instance_clock",
            object,
            format!("{} ms off this node's clock", facts.clock_off_ms),
            "Let NTP set the clocks: NOW() comes from the instances",
        ),
    }
}

/// Commits across groups: what the server's settings do to them, what they need, what they have left.
fn check_commits(report: &mut Report, instance: &Instance, facts: &Facts) {
    let object = instance.name.as_str();
    for fault in &facts.faults {
        let advice = match fault.refuses {
            true => {
                "Until then transactions that write in several groups are refused here, unless commit_on_unsafe_instances = allow"
            }
            false => "See Operations, Transactions over several groups",
        };
        report.warning("commit_safety", object, fault.text.as_str(), advice);
    }
    if facts.faults.is_empty() {
        report.ok("commit_safety", object, "it keeps what it acknowledges");
    }
    match facts.system_schema {
        true => report.ok("system_schema", object, SCHEMA),
        false => report.warning(
            "system_schema",
            object,
            format!("{SCHEMA} is missing"),
            "Nodes make it within a second: see their logs for what keeps them from it; the account needs CREATE ON *.*",
        ),
    }
    let seen = seen::all().remove(&instance.id);
    let in_doubt = seen.map(|seen| seen.in_doubt).unwrap_or_default();
    let oldest = in_doubt.iter().map(|(_, first)| first.elapsed()).max().unwrap_or_default();
    match oldest < IN_DOUBT_MAX {
        true => report.ok("in_doubt", object, in_doubt.len().to_string()),
        false => report.error(
            "in_doubt",
            object,
            format!("{} prepared branches, the oldest for {} s", in_doubt.len(), oldest.as_secs()),
            "SHOW TRANS INDOUBT says which and why; their rows stay locked. See the nodes' logs for what keeps them from being finished",
        ),
    }
    for alarm in alarms().into_iter().filter(|alarm| alarm.instance == instance.name) {
        let found = format!("transaction {}: {}", alarm.transaction, alarm.text);
        report.error("transaction_alarm", object, found, "It stays listed until the node is started again");
    }
}

/// What must be equal on all instances.
pub(super) fn compare(report: &mut Report, facts: &[(Arc<Instance>, Facts)]) {
    let engine = |f: &Facts| {
        let parsed = ServerInfo::parse_version(&f.version);
        let product = if parsed.mariadb { "MariaDB" } else { "MySQL" };
        format!("{product} {}.{}", parsed.number / 10_000, parsed.number / 100 % 100)
    };
    type Value<'f> = &'f dyn Fn(&Facts) -> String;
    let variable = |name: &'static str| move |f: &Facts| f.variable(name).to_owned();
    let (mode, charset, collation) =
        (variable("sql_mode"), variable("character_set_server"), variable("collation_server"));
    let zone = |f: &Facts| f.zone_minutes.clone();
    let equal: [(&str, Value<'_>, &str); 5] = [
        (
            "version_equal",
            &engine,
            "Run one product and version on all instances: answers are compared and merged",
        ),
        ("sql_mode_equal", &mode, "Set sql_mode to one value on all instances: sessions start with it"),
        ("character_set_equal", &charset, "Set character_set_server to one value on all instances"),
        ("collation_equal", &collation, "Set collation_server to one value on all instances"),
        (
            "time_zone_equal",
            &zone,
            "Set time_zone to one value on all instances: NOW() and TIMESTAMP depend on it",
        ),
    ];
    for (check, value, advice) in equal {
        let mut by_value: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (instance, facts) in facts {
            by_value.entry(value(facts)).or_default().push(&instance.name);
        }
        if by_value.len() <= 1 {
            report.ok(check, "instances", by_value.into_keys().next().unwrap_or_default());
            continue;
        }
        let found: Vec<String> =
            by_value.iter().map(|(value, names)| format!("{}: '{value}'", names.join(", "))).collect();
        report.warning(check, "instances", found.join("; "), advice);
    }
}
