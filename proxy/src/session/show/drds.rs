//! DRDS's own SHOW statements, with DRDS's columns: rules, topology, groups, sequences.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::rule::Partition;
use ostrakon_catalog::schema::{Database, Table, TableKind};
use ostrakon_router::RouterError;
use ostrakon_router::sharding::{Topology, function, text as rule_text};

use crate::session::result::{Cell, ResultSet};
use crate::session::{Failure, Session};

impl Session {
    pub(super) fn rules(
        &self,
        catalog: &Catalog,
        full: bool,
        database: Option<&str>,
        table: Option<&str>,
    ) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, database)?;
        let tables = selected(database, table)?;
        if full {
            return self.full_rules(database, &tables);
        }
        let mut set = ResultSet::text(&[
            "ID",
            "TABLE_NAME",
            "BROADCAST",
            "DB_PARTITION_KEY",
            "DB_PARTITION_POLICY",
            "DB_PARTITION_COUNT",
            "TB_PARTITION_KEY",
            "TB_PARTITION_POLICY",
            "TB_PARTITION_COUNT",
        ])
        .integer("ID")
        .integer("BROADCAST");
        for (id, table) in tables.iter().enumerate() {
            let rule = table.rule();
            let (db_key, db_policy, db_count) = partition_cells(rule.and_then(|r| r.db.as_ref()));
            let (tb_key, tb_policy, tb_count) = partition_cells(rule.and_then(|r| r.tb.as_ref()));
            set.push([
                id.into(),
                table.name.as_str().into(),
                u64::from(table.kind == TableKind::Broadcast).into(),
                db_key.into(),
                db_policy.into(),
                db_count.into(),
                tb_key.into(),
                tb_policy.into(),
                tb_count.into(),
            ]);
        }
        Ok(set)
    }

    pub(super) fn full_rules(&self, database: &Database, tables: &[&Table]) -> Result<ResultSet, Failure> {
        let mut set = ResultSet::text(&[
            "ID",
            "TABLE_NAME",
            "BROADCAST",
            "JOIN_GROUP",
            "ALLOW_FULL_TABLE_SCAN",
            "DB_NAME_PATTERN",
            "DB_RULES_STR",
            "TB_NAME_PATTERN",
            "TB_RULES_STR",
            "PARTITION_KEYS",
            "DEFAULT_DB_INDEX",
        ])
        .integer("ID")
        .integer("BROADCAST")
        .integer("ALLOW_FULL_TABLE_SCAN");
        let default = database.groups.first().map(|g| g.name.clone()).unwrap_or_default();
        for (id, table) in tables.iter().enumerate() {
            let topology = Topology::new(table, database)?;
            let rule = table.rule();
            let text = |p: Option<&Partition>| p.map(rule_text::partition_text);
            let mut keys: Vec<String> =
                rule.iter().flat_map(|r| [&r.db, &r.tb]).flatten().flat_map(|p| p.columns.clone()).collect();
            keys.dedup();
            let databases: Vec<&str> = database.groups.iter().map(|g| g.physical_database.as_str()).collect();
            set.push([
                id.into(),
                table.name.as_str().into(),
                u64::from(table.kind == TableKind::Broadcast).into(),
                Cell(None),
                u64::from(table.allows_full_scan(database)).into(),
                rule.map(|_| databases.join(",")).into(),
                text(rule.and_then(|r| r.db.as_ref())).into(),
                topology.prefix().into(),
                text(rule.and_then(|r| r.tb.as_ref())).into(),
                keys.join(" ").into(),
                default.as_str().into(),
            ]);
        }
        Ok(set)
    }

    pub(super) fn topology(
        &self,
        catalog: &Catalog,
        database: Option<&str>,
        table: &str,
    ) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, database)?;
        let mut set = ResultSet::text(&["ID", "GROUP_NAME", "TABLE_NAME"]).integer("ID");
        for found in selected(database, Some(table))? {
            for physical in Topology::new(found, database)?.tables() {
                let group = database.groups.get(physical.group).map(|g| g.name.clone()).unwrap_or_default();
                set.push([physical.index.into(), group.into(), (*physical.name).into()]);
            }
        }
        Ok(set)
    }

    pub(super) fn partitions(
        &self,
        catalog: &Catalog,
        database: Option<&str>,
        table: &str,
    ) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, database)?;
        let mut set = ResultSet::text(&["KEYS"]);
        for table in selected(database, Some(table))? {
            let partitions = table.rule().into_iter().flat_map(|r| [&r.db, &r.tb]).flatten();
            let mut keys: Vec<&str> = partitions.flat_map(|p| &p.columns).map(String::as_str).collect();
            keys.sort_unstable();
            keys.dedup();
            if !keys.is_empty() {
                set.push([keys.join(",").into()]);
            }
        }
        Ok(set)
    }

    pub(super) fn broadcasts(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, None)?;
        let mut set = ResultSet::text(&["ID", "TABLE_NAME"]).integer("ID");
        let broadcast = database.tables.values().filter(|t| t.kind == TableKind::Broadcast);
        for (id, table) in broadcast.enumerate() {
            set.push([id.into(), table.name.as_str().into()]);
        }
        Ok(set)
    }

    pub(super) fn nodes(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, None)?;
        let mut set = ResultSet::text(&[
            "ID",
            "NAME",
            "MASTER_READ_COUNT",
            "SLAVE_READ_COUNT",
            "MASTER_READ_PERCENT",
            "SLAVE_READ_PERCENT",
        ])
        .integer("ID");
        for (id, group) in database.groups.iter().enumerate() {
            // Reads are not counted by group yet: NULL, not a number that would be wrong.
            set.push([
                id.into(),
                group.name.as_str().into(),
                Cell(None),
                Cell(None),
                "100%".into(),
                "0%".into(),
            ]);
        }
        Ok(set)
    }

    pub(super) fn datasources(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, None)?;
        let counts = self.worker.pool_counts();
        let mut set = ResultSet::text(&[
            "ID",
            "SCHEMA",
            "NAME",
            "GROUP",
            "URL",
            "USER",
            "TYPE",
            "ACTIVE_COUNT",
            "POOLING_COUNT",
        ])
        .integer("ID")
        .integer("ACTIVE_COUNT")
        .integer("POOLING_COUNT");
        for (id, group) in database.groups.iter().enumerate() {
            let Some(instance) = catalog.instance(group.instance) else { continue };
            let (open, idle) = counts
                .iter()
                .find(|(name, ..)| *name == instance.name)
                .map_or((0, 0), |(_, open, idle)| (*open, *idle));
            set.push([
                id.into(),
                database.name.as_str().into(),
                instance.name.as_str().into(),
                group.name.as_str().into(),
                format!("mysql://{}:{}/{}", instance.host, instance.port, group.physical_database).into(),
                instance.user.as_str().into(),
                "mysql".into(),
                (open - idle).into(),
                idle.into(),
            ]);
        }
        Ok(set)
    }

    pub(super) fn groups(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
        let mut set =
            ResultSet::text(&["ID", "DATABASE", "GROUP_NAME", "PHYSICAL_DATABASE", "INSTANCE"]).integer("ID");
        let selected = self.database.as_deref();
        for database in catalog.databases.values().filter(|d| selected.is_none_or(|name| d.name == name)) {
            for (id, group) in database.groups.iter().enumerate() {
                let instance = catalog.instance(group.instance).map(|i| i.name.clone()).unwrap_or_default();
                set.push([
                    id.into(),
                    database.name.as_str().into(),
                    group.name.as_str().into(),
                    group.physical_database.as_str().into(),
                    instance.into(),
                ]);
            }
        }
        Ok(set)
    }
}

pub(super) fn instances(catalog: &Catalog) -> ResultSet {
    let mut set = ResultSet::text(&["ID", "NAME", "HOST", "PORT", "USER", "GROUPS", "STATE", "TLS"])
        .integer("ID")
        .integer("PORT")
        .integer("GROUPS");
    for (id, instance) in &catalog.instances {
        let groups = catalog.databases.values().flat_map(|d| &d.groups).filter(|g| g.instance == *id).count();
        set.push([
            u64::from(*id).into(),
            instance.name.as_str().into(),
            instance.host.as_str().into(),
            u64::from(instance.port).into(),
            instance.user.as_str().into(),
            groups.into(),
            if instance.draining { "draining" } else { "active" }.into(),
            instance.tls.name().into(),
        ]);
    }
    set
}

pub(super) fn help() -> ResultSet {
    let mut set = ResultSet::text(&["STATEMENT", "DESCRIPTION", "EXAMPLE"]);
    for (statement, description, example) in [
        ("SHOW RULE [FROM t]", "Sharding rules of the current database's tables", "SHOW RULE FROM orders"),
        ("SHOW FULL RULE [FROM t]", "Rules with patterns and keys", "SHOW FULL RULE"),
        ("SHOW TOPOLOGY FROM t", "Physical tables of a table", "SHOW TOPOLOGY FROM orders"),
        ("SHOW PARTITIONS FROM t", "Shard key columns of a table", "SHOW PARTITIONS FROM orders"),
        ("SHOW BROADCASTS", "Broadcast tables", "SHOW BROADCASTS"),
        ("SHOW NODE", "Groups of the current database", "SHOW NODE"),
        ("SHOW GROUPS", "Groups with physical database and instance", "SHOW GROUPS"),
        ("SHOW DATASOURCES", "Backend connections by group", "SHOW DATASOURCES"),
        ("SHOW INSTANCES", "Instances", "SHOW INSTANCES"),
        ("SHOW SEQUENCES", "Sequences of the current database", "SHOW SEQUENCES"),
        ("SHOW [FULL] DDL", "DDL jobs that have not ended", "SHOW FULL DDL"),
        (
            "CHECK TABLE t [, t2] [QUICK | REPAIR PLAN]",
            "Compares physical tables with one another, the catalog and the rule",
            "CHECK TABLE orders",
        ),
        ("SHOW DDL RESULT", "What became of the last DDL jobs", "SHOW DDL RESULT"),
        ("RECOVER DDL {ALL | id [, id]}", "Lets parked DDL jobs go on", "RECOVER DDL 7"),
        ("ROLLBACK DDL id [, id]", "Takes parked DDL jobs back", "ROLLBACK DDL 7"),
        ("CANCEL DDL {ALL | id [, id]}", "Takes running DDL jobs back", "CANCEL DDL 7"),
        (
            "REMOVE DDL {ALL COMPLETED | ALL PENDING | id [, id]}",
            "Takes finished or parked DDL jobs off the list",
            "REMOVE DDL ALL COMPLETED",
        ),
        (
            "EXPLAIN statement",
            "Physical statements, and how they combine",
            "EXPLAIN SELECT * FROM orders WHERE id = 1",
        ),
        (
            "CREATE INSTANCE name HOST='h' PORT=n USER='u' PASSWORD='p'",
            "Adds a server",
            "CREATE INSTANCE i1 HOST='127.0.0.1' PORT=3306 USER='root'",
        ),
        (
            "ALTER INSTANCE name {HOST='h' ... | DRAIN | UNDRAIN}",
            "Changes a server",
            "ALTER INSTANCE i1 DRAIN",
        ),
        ("DROP INSTANCE name", "Removes a server without groups", "DROP INSTANCE i1"),
        ("SHOW NODES", "Nodes of the cluster", "SHOW NODES"),
        (
            "SHOW CONNECTION ATTRIBUTES",
            "What clients say of themselves",
            "SHOW CONNECTION ATTRIBUTES WHERE ATTR_NAME = 'program_name'",
        ),
        (
            "ALTER CLUSTER {ADD | REMOVE | PROMOTE | DEMOTE | DRAIN | UNDRAIN} NODE n",
            "Changes the cluster's nodes",
            "ALTER CLUSTER DRAIN NODE 2",
        ),
        (
            "ALTER CLUSTER TRANSFER LEADER TO NODE n",
            "Makes a voter the leader",
            "ALTER CLUSTER TRANSFER LEADER TO NODE 2",
        ),
        ("SHOW SETTINGS", "Settings of the cluster", "SHOW SETTINGS"),
        (
            "ALTER CLUSTER {SET name = value | RESET name}",
            "Changes a setting",
            "ALTER CLUSTER SET voters = 5",
        ),
        ("SHOW USERS", "Accounts", "SHOW USERS"),
        (
            "{CREATE | ALTER} USER name IDENTIFIED [WITH plugin] BY 'p'",
            "Makes or changes an account",
            "CREATE USER app IDENTIFIED BY 'secret'",
        ),
        ("DROP USER name", "Removes an account", "DROP USER app"),
        ("SHOW [FULL] TRANS", "Open transactions of all nodes", "SHOW TRANS"),
        ("SHOW TRANS INDOUBT", "Branches that the instances hold prepared", "SHOW TRANS INDOUBT"),
        ("SHOW TRANS 'id'", "What a transaction came to", "SHOW TRANS 'o1.1.2.9f3c.1a'"),
        (
            "RESOLVE TRANS 'id'",
            "Decides and finishes a prepared transaction now",
            "RESOLVE TRANS 'o1.1.2.9f3c.1a'",
        ),
        (
            "SHOW {GLOBAL | LOCAL} DEADLOCKS",
            "Deadlocks over several groups that all nodes, or this one, have ended",
            "SHOW GLOBAL DEADLOCKS",
        ),
        ("BACKUP CATALOG", "The catalog in one row", "BACKUP CATALOG"),
        ("CHECK CLUSTER", "Looks for what is wrong", "CHECK CLUSTER"),
    ] {
        set.push([statement.into(), description.into(), example.into()]);
    }
    set
}

fn selected<'d>(database: &'d Database, table: Option<&str>) -> Result<Vec<&'d Table>, Failure> {
    match table {
        None => Ok(database.tables.values().map(|t| &**t).collect()),
        Some(name) => {
            let found =
                database.tables.get(name).ok_or_else(|| RouterError::no_such_table(&database.name, name))?;
            Ok(vec![found])
        }
    }
}

/// Key, policy, count of a rule's half, as SHOW RULE prints them; empty where there is none.
fn partition_cells(partition: Option<&Partition>) -> (String, String, String) {
    match partition {
        None => Default::default(),
        Some(p) => {
            (p.columns.join(","), function::name(&p.function).to_ascii_lowercase(), p.count.to_string())
        }
    }
}
