//! SHOW and DESCRIBE on logical objects: from the catalog, the session, or the first physical table.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::rule::Partition;
use ostrakon_catalog::schema::{Database, Table, TableKind};
use ostrakon_router::RouterError;
use ostrakon_router::parse::command::{Show, ShowWhat};
use ostrakon_router::sharding::{Topology, text as rule_text};

use super::result::{Cell, CellType, ResultSet, quote_string};
use super::{Failure, Session, Warning};
use crate::backend::connection::Answer;

impl Session {
    /// The rows of a SHOW, filtered.
    pub async fn show(&mut self, show: &Show) -> Result<ResultSet, Failure> {
        let catalog = self.catalog();
        let mut pushed_like = false;
        let mut set = match &show.what {
            ShowWhat::Databases => databases(&catalog),
            ShowWhat::Tables { full, database } => self.tables(&catalog, *full, database.as_deref())?,
            ShowWhat::TableStatus { database } => {
                self.table_status(&catalog, database.as_deref(), show).await?
            }
            ShowWhat::CreateTable { database, table } => {
                self.show_create_table(&catalog, database.as_deref(), table).await?
            }
            ShowWhat::CreateDatabase { database, .. } => create_database(&catalog, database)?,
            ShowWhat::Columns { full, extended, database, table } => {
                pushed_like = true;
                let kind = match (full, extended) {
                    (true, true) => "SHOW EXTENDED FULL COLUMNS FROM",
                    (true, false) => "SHOW FULL COLUMNS FROM",
                    (false, true) => "SHOW EXTENDED COLUMNS FROM",
                    (false, false) => "SHOW COLUMNS FROM",
                };
                self.of_first_physical(&catalog, database.as_deref(), table, kind, show).await?
            }
            ShowWhat::Index { database, table } => {
                pushed_like = true;
                let set = self
                    .of_first_physical(&catalog, database.as_deref(), table, "SHOW INDEX FROM", show)
                    .await?;
                with_first_column(set, table)
            }
            ShowWhat::Warnings { count, limit } => self.diagnostics(*count, *limit, false),
            ShowWhat::Errors { count, limit } => self.diagnostics(*count, *limit, true),
            ShowWhat::Processlist { full } => self.processlist(*full),
            ShowWhat::Rule { full, database, table } => {
                self.rules(&catalog, *full, database.as_deref(), table.as_deref())?
            }
            ShowWhat::Topology { database, table } => self.topology(&catalog, database.as_deref(), table)?,
            ShowWhat::Partitions { database, table } => {
                self.partitions(&catalog, database.as_deref(), table)?
            }
            ShowWhat::Broadcasts => self.broadcasts(&catalog)?,
            ShowWhat::Node => self.nodes(&catalog)?,
            ShowWhat::Datasources => self.datasources(&catalog)?,
            ShowWhat::Sequences => self.sequences(&catalog)?,
            ShowWhat::Instances => instances(&catalog),
            ShowWhat::Groups => self.groups(&catalog)?,
            ShowWhat::Variables { global } => {
                pushed_like = true;
                self.variables(*global, show).await?
            }
            ShowWhat::Help => help(),
        };
        if !pushed_like {
            if let Some(pattern) = &show.like {
                set.keep_like(pattern);
            }
            if let Some(filter) = &show.filter {
                set = self.filter(set, filter).await?;
            }
        }
        Ok(set)
    }

    /// Lets a server evaluate a WHERE over rows of ours.
    async fn filter(&mut self, set: ResultSet, filter: &str) -> Result<ResultSet, Failure> {
        let mut lease = self.lease_any().await?;
        let answer = lease.connection.query(&set.as_select(filter)).await;
        self.release(lease);
        let mut filtered = to_result(answer?);
        filtered.columns = set.columns;
        Ok(filtered)
    }

    fn database_or_current<'c>(
        &self,
        catalog: &'c Catalog,
        name: Option<&str>,
    ) -> Result<&'c Database, Failure> {
        let name = match name {
            Some(name) => name,
            None => self.current_database()?,
        };
        Ok(catalog.database(name).map(|d| &**d).ok_or_else(|| RouterError::unknown_database(name))?)
    }

    fn tables(&self, catalog: &Catalog, full: bool, database: Option<&str>) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, database)?;
        let label = format!("Tables_in_{}", database.name);
        let mut set = match full {
            true => ResultSet::text(&[&label, "Table_type"]),
            false => ResultSet::text(&[&label]),
        };
        for name in database.tables.keys() {
            match full {
                true => set.push([name.as_str().into(), "BASE TABLE".into()]),
                false => set.push([name.as_str().into()]),
            }
        }
        Ok(set)
    }

    /// A SHOW on the first physical table, with LIKE or WHERE pushed.
    async fn of_first_physical(
        &mut self,
        catalog: &Catalog,
        database: Option<&str>,
        table: &str,
        kind: &str,
        show: &Show,
    ) -> Result<ResultSet, Failure> {
        let physical = self.first_physical(catalog, database, table)?;
        let mut sql = format!("{kind} {}", physical.quoted);
        if let Some(like) = &show.like {
            sql.push_str(&format!(" LIKE {}", quote_string(like)));
        } else if let Some(filter) = &show.filter {
            sql.push_str(&format!(" WHERE {filter}"));
        }
        let mut lease = self.lease(&physical.group).await?;
        let answer = lease.connection.query(&sql).await;
        self.release(lease);
        Ok(to_result(answer?))
    }

    async fn show_create_table(
        &mut self,
        catalog: &Catalog,
        database: Option<&str>,
        table: &str,
    ) -> Result<ResultSet, Failure> {
        let physical = self.first_physical(catalog, database, table)?;
        let mut lease = self.lease(&physical.group).await?;
        let answer = lease.connection.query(&format!("SHOW CREATE TABLE {}", physical.quoted)).await;
        self.release(lease);
        let mut text = answer?.text(0, 1);
        // The first quoted word is the physical name: `CREATE TABLE `t_x7Qa_0` (`.
        if let Some(start) = text.find('`')
            && let Some(length) = text[start + 1..].find('`')
        {
            text.replace_range(start..start + length + 2, &super::transaction::quote_identifier(table));
        }
        let owner = match database {
            Some(name) => name.to_owned(),
            None => self.current_database()?.to_owned(),
        };
        let next = catalog.sequence(&owner, &super::dispatch::sequence_name(table)).map(|s| s.next);
        if !matches!(physical.table.kind, TableKind::Single) {
            set_auto_increment(&mut text, next);
        }
        text.push(' ');
        text.push_str(&rule_text::table_clause(&physical.table));
        let mut set = ResultSet::text(&["Table", "Create Table"]);
        set.push([table.into(), text.into()]);
        Ok(set)
    }

    /// One row for each logical table: numbers summed over the physical ones.
    async fn table_status(
        &mut self,
        catalog: &Catalog,
        database: Option<&str>,
        show: &Show,
    ) -> Result<ResultSet, Failure> {
        /// Columns of SHOW TABLE STATUS that add up: Rows, Data_length, Max_data_length, Index_length, Data_free.
        const SUMMED: [usize; 5] = [4, 6, 7, 8, 9];
        let database = self.database_or_current(catalog, database)?.clone();
        let mut set = ResultSet::default();
        for (name, table) in &database.tables {
            if show.like.as_deref().is_some_and(|pattern| !super::result::like(pattern, name)) {
                continue;
            }
            let topology = Topology::new(table, &database)?;
            let mut row: Option<Vec<Option<Vec<u8>>>> = None;
            for physical in topology.tables() {
                let Some(group) = database.groups.get(physical.group) else { continue };
                let sql = format!(
                    "SHOW TABLE STATUS FROM {} WHERE Name = {}",
                    super::transaction::quote_identifier(&group.physical_database),
                    quote_string(&physical.name)
                );
                let mut lease = self.lease(group).await?;
                let answer = lease.connection.query(&sql).await;
                self.release(lease);
                let answer = answer?;
                if set.columns.is_empty() {
                    set.columns = to_result(answer.clone()).columns;
                }
                let Some(found) = answer.rows.into_iter().next() else { continue };
                match (&mut row, matches!(table.kind, TableKind::Broadcast)) {
                    (None, _) => row = Some(found),
                    (Some(_), true) => {}
                    (Some(row), false) => {
                        for index in SUMMED {
                            let number = |cell: Option<&Option<Vec<u8>>>| {
                                cell.and_then(Option::as_ref)
                                    .and_then(|c| std::str::from_utf8(c).ok())
                                    .and_then(|t| t.parse::<u64>().ok())
                                    .unwrap_or(0)
                            };
                            let sum = number(row.get(index)).saturating_add(number(found.get(index)));
                            if let Some(cell) = row.get_mut(index) {
                                *cell = Some(sum.to_string().into_bytes());
                            }
                        }
                    }
                }
            }
            if let Some(mut row) = row {
                if let Some(cell) = row.first_mut() {
                    *cell = Some(name.as_bytes().to_vec());
                }
                set.rows.push(row);
            }
        }
        if set.columns.is_empty() {
            set.columns.push(("Name".into(), CellType::Text));
        }
        Ok(set)
    }

    fn diagnostics(&self, count: bool, limit: Option<(u64, u64)>, errors_only: bool) -> ResultSet {
        let listed: Vec<&Warning> =
            self.warnings.iter().filter(|w| !errors_only || w.level == "Error").collect();
        if count {
            let label = if errors_only { "@@session.error_count" } else { "@@session.warning_count" };
            let mut set = ResultSet::text(&[label]).integer(label);
            set.push([listed.len().into()]);
            return set;
        }
        let (offset, count) = limit.unwrap_or((0, u64::MAX));
        let mut set = ResultSet::text(&["Level", "Code", "Message"]).integer("Code");
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        for warning in listed.into_iter().skip(offset).take(count) {
            set.push([
                warning.level.as_str().into(),
                u64::from(warning.code).into(),
                warning.message.as_str().into(),
            ]);
        }
        set
    }

    fn processlist(&self, full: bool) -> ResultSet {
        let mut set = ResultSet::text(&["Id", "User", "Host", "db", "Command", "Time", "State", "Info"])
            .integer("Id")
            .integer("Time");
        for entry in self.worker.node.registry.all() {
            let (user, database) =
                entry.identity.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let since = entry.busy_since.load(std::sync::atomic::Ordering::Relaxed);
            let now = u64::try_from(entry.started.elapsed().as_micros()).unwrap_or(u64::MAX);
            let statement = entry.statement.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let info =
                statement.map(|text| if full { text.to_string() } else { text.chars().take(100).collect() });
            let command = if since == 0 { "Sleep" } else { "Query" };
            let time = if since == 0 { 0 } else { now.saturating_sub(since) / 1_000_000 };
            set.push([
                u64::from(entry.id).into(),
                user.into(),
                entry.host.as_str().into(),
                database.into(),
                command.into(),
                time.into(),
                "".into(),
                Cell(info.map(String::into_bytes)),
            ]);
        }
        set
    }

    fn rules(
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

    fn full_rules(&self, database: &Database, tables: &[&Table]) -> Result<ResultSet, Failure> {
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
                1u64.into(),
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

    fn topology(&self, catalog: &Catalog, database: Option<&str>, table: &str) -> Result<ResultSet, Failure> {
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

    fn partitions(
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

    fn broadcasts(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, None)?;
        let mut set = ResultSet::text(&["ID", "TABLE_NAME"]).integer("ID");
        let broadcast = database.tables.values().filter(|t| t.kind == TableKind::Broadcast);
        for (id, table) in broadcast.enumerate() {
            set.push([id.into(), table.name.as_str().into()]);
        }
        Ok(set)
    }

    fn nodes(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
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

    fn datasources(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
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

    fn sequences(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, None)?;
        let mut set = ResultSet::text(&[
            "NAME",
            "VALUE",
            "UNIT_COUNT",
            "UNIT_INDEX",
            "INNER_STEP",
            "INCREMENT_BY",
            "START_WITH",
            "MAX_VALUE",
            "CYCLE",
            "TYPE",
        ]);
        for sequence in database.sequences.values() {
            set.push([
                sequence.name.as_str().into(),
                sequence.next.into(),
                "1".into(),
                "0".into(),
                sequence.inner_step.into(),
                "N/A".into(),
                "N/A".into(),
                "N/A".into(),
                "N/A".into(),
                "GROUP".into(),
            ]);
        }
        Ok(set)
    }

    fn groups(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
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

    /// A server's variables under the session's settings, with Ostrakon's own and those that the session holds in place.
    async fn variables(&mut self, global: bool, show: &Show) -> Result<ResultSet, Failure> {
        let mut lease = self.lease_any().await?;
        let scope = if global { "GLOBAL" } else { "SESSION" };
        let answer = lease.connection.query(&format!("SHOW {scope} VARIABLES")).await;
        self.release(lease);
        let mut set = to_result(answer?);
        let node = &self.worker.node;
        let limits = &node.config.limits;
        let mut own: Vec<(String, String)> = vec![
            ("version".into(), node.version()),
            ("hostname".into(), "ostrakon".into()),
            ("port".into(), node.config.listen.port().to_string()),
            ("max_connections".into(), limits.max_connections.to_string()),
            ("max_allowed_packet".into(), limits.max_allowed_packet.to_string()),
            ("ostrakon_connections_per_instance".into(), limits.connections_per_instance.to_string()),
            ("ostrakon_connection_wait_ms".into(), limits.connection_wait_ms.to_string()),
            ("ostrakon_connect_timeout_ms".into(), limits.connect_timeout_ms.to_string()),
            ("ostrakon_login_timeout_ms".into(), limits.login_timeout_ms.to_string()),
            ("ostrakon_merge_memory".into(), limits.merge_memory.to_string()),
            (
                "ostrakon_prepared_statements_per_client".into(),
                limits.prepared_statements_per_client.to_string(),
            ),
            (
                "ostrakon_prepared_statements_per_backend".into(),
                limits.prepared_statements_per_backend.to_string(),
            ),
            ("ostrakon_plan_cache_entries".into(), limits.plan_cache_entries.to_string()),
            ("ostrakon_groups_per_instance".into(), limits.groups_per_instance.to_string()),
            ("ostrakon_physical_tables_per_table".into(), limits.physical_tables_per_table.to_string()),
        ];
        if !global {
            let autocommit = if self.transaction.autocommit { "ON" } else { "OFF" };
            own.push(("autocommit".into(), autocommit.into()));
            let scope = if self.own.unique_scope_global { "global" } else { "physical" };
            own.push(("ostrakon_unique_scope".into(), scope.into()));
        }
        for (name, value) in own {
            set.rows.retain(|row| row.first().and_then(Option::as_deref) != Some(name.as_bytes()));
            set.rows.push(vec![Some(name.into_bytes()), Some(value.into_bytes())]);
        }
        set.rows.sort();
        if let Some(pattern) = &show.like {
            set.keep_like(pattern);
        }
        match &show.filter {
            Some(filter) => self.filter(set, filter).await,
            None => Ok(set),
        }
    }
}

fn databases(catalog: &Catalog) -> ResultSet {
    let mut set = ResultSet::text(&["Database"]);
    for name in catalog.databases.keys() {
        set.push([name.as_str().into()]);
    }
    set
}

fn create_database(catalog: &Catalog, name: &str) -> Result<ResultSet, Failure> {
    let database = catalog.database(name).ok_or_else(|| RouterError::unknown_database(name))?;
    let sharding = match database.default_sharding {
        ostrakon_catalog::schema::DefaultSharding::Single => "SINGLE",
        ostrakon_catalog::schema::DefaultSharding::PrimaryKey => "PRIMARY_KEY",
    };
    let mut set = ResultSet::text(&["Database", "Create Database"]);
    let text = format!(
        "CREATE DATABASE {} DBPARTITIONS {} DEFAULT_SHARDING = {sharding} CHARACTER SET {} COLLATE {}",
        super::transaction::quote_identifier(name),
        database.groups.len(),
        database.charset,
        database.collation
    );
    set.push([name.into(), text.into()]);
    Ok(set)
}

fn instances(catalog: &Catalog) -> ResultSet {
    let mut set = ResultSet::text(&["ID", "NAME", "HOST", "PORT", "USER", "GROUPS"])
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
        ]);
    }
    set
}

fn help() -> ResultSet {
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
        ("DROP INSTANCE name", "Removes a server without groups", "DROP INSTANCE i1"),
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
        Some(p) => (
            p.columns.join(","),
            rule_text::function_name(&p.function).to_ascii_lowercase(),
            p.count.to_string(),
        ),
    }
}

fn to_result(answer: Answer) -> ResultSet {
    let columns = answer.columns.into_iter().map(|c| {
        let kind =
            if matches!(c.column_type, 1 | 2 | 3 | 8 | 9) { CellType::Integer } else { CellType::Text };
        (c.name, kind)
    });
    ResultSet { columns: columns.collect(), rows: answer.rows }
}

fn with_first_column(mut set: ResultSet, value: &str) -> ResultSet {
    for row in &mut set.rows {
        if let Some(cell) = row.first_mut() {
            *cell = Some(value.as_bytes().to_vec());
        }
    }
    set
}

/// The physical table's own AUTO_INCREMENT says nothing: the sequence's next value stands there instead.
fn set_auto_increment(text: &mut String, next: Option<u64>) {
    let Some(options) = text.rfind("\n)") else { return };
    if let Some(at) = text[options..].find(" AUTO_INCREMENT=").map(|at| options + at) {
        let end = text[at + 1..].find(' ').map_or(text.len(), |n| at + 1 + n);
        text.replace_range(at..end, "");
    }
    if let Some(next) = next.filter(|n| *n > 1)
        && let Some(at) = text[options..].find(" DEFAULT CHARSET").map(|at| options + at)
    {
        text.insert_str(at, &format!(" AUTO_INCREMENT={next}"));
    }
}
