//! What statements that the session answers need.
//!
//! Nothing is needed here where the answer shows only what the account may see (SHOW DATABASES), where the statement holds another one that is checked by
//! itself (EXPLAIN, PREPARE), and where it depends on whom it is about (KILL, ALTER USER, GRANT): what carries those out asks.

use ostrakon_catalog::privilege::Privileges;

use super::Need;
use crate::parse::administration::Admin;
use crate::parse::command::{Assignment, Command, LockedTable, SequenceStatement, ShowWhat};
use crate::parse::ddl::ObjectName;

/// Session variables that only a DBA sets: they change what an instance writes into its binary log, or says of itself.
const OF_THE_SERVER: &[&str] =
    &["binlog_", "gtid_", "sql_log_", "server_", "rpl_", "wsrep_", "debug", "skip_replication", "original_"];

pub fn of_command(command: &Command) -> Vec<Need> {
    match command {
        Command::Begin { .. }
        | Command::Commit { .. }
        | Command::Rollback { .. }
        | Command::Savepoint(_)
        | Command::RollbackTo(_)
        | Command::ReleaseSavepoint(_)
        | Command::SetTransaction { .. } => Vec::new(),
        Command::Use(name) => vec![Need::see_database(Some(name))],
        Command::Set(assignments) => assignments.iter().filter_map(of_assignment).collect(),
        Command::Kill { .. } => Vec::new(),
        Command::Show(show) => of_show(&show.what),
        Command::ShowPassed => Vec::new(),
        Command::Explain { .. }
        | Command::ExplainAnalyze(_)
        | Command::Trace(_)
        | Command::Evaluate(_)
        | Command::Prepared(_) => Vec::new(),
        Command::Admin(admin) => of_admin(admin),
        // A job shows other accounts' statements, and what it does to their tables.
        Command::Job(_) => vec![Need::administration()],
        Command::CheckTable { tables, .. } => tables
            .iter()
            .map(|table| Need::table(table.database.as_deref(), &table.name, Privileges::SELECT))
            .collect(),
        Command::Sequence(statement) => of_sequence(statement),
        Command::NextValues { columns, .. } => columns
            .iter()
            .map(|column| Need::table(column.database.as_deref(), &column.sequence, Privileges::INSERT))
            .collect(),
        Command::FlushHosts => vec![Need::administration()],
        // They do nothing.
        Command::LockTables { tables, .. } => {
            let all = Privileges::SELECT | Privileges::LOCK_TABLES;
            let need = |locked: &LockedTable| {
                let ObjectName { database, name, .. } = &locked.name;
                Need::table(database.as_deref(), name, all)
            };
            tables.iter().map(need).collect()
        }
        Command::UnlockTables | Command::Refused(_) | Command::Nothing => Vec::new(),
    }
}

fn of_assignment(assignment: &Assignment) -> Option<Need> {
    match assignment {
        Assignment::Session { name, .. } => {
            let is_the_servers = OF_THE_SERVER.iter().any(|prefix| name.starts_with(prefix));
            is_the_servers.then(Need::administration)
        }
        Assignment::Global { .. } => Some(Need::administration()),
        Assignment::Names { .. } | Assignment::CharacterSet(_) | Assignment::User { .. } => None,
    }
}

fn of_show(what: &ShowWhat) -> Vec<Need> {
    /// PROCESS is what shows other accounts' work.
    const WATCH: Need = Need::Global { any: PROCESS_OR_SUPER };
    let one = |need| vec![need];
    match what {
        ShowWhat::Databases
        | ShowWhat::Processlist { .. }
        | ShowWhat::ConnectionAttributes
        // Empty lists.
        | ShowWhat::Absent(_)
        | ShowWhat::Warnings { .. }
        | ShowWhat::Errors { .. }
        | ShowWhat::Trace
        | ShowWhat::Variables { .. }
        | ShowWhat::Status { .. }
        | ShowWhat::Grants(_)
        | ShowWhat::CreateUser(_)
        | ShowWhat::Help => Vec::new(),
        ShowWhat::Tables { database, .. }
        | ShowWhat::TableStatus { database }
        | ShowWhat::Rule { database, table: None, .. } => one(Need::see_database(database.as_deref())),
        ShowWhat::CreateDatabase { database, .. } => one(Need::see_database(Some(database))),
        ShowWhat::CreateTable { database, table }
        | ShowWhat::Columns { database, table, .. }
        | ShowWhat::Index { database, table }
        | ShowWhat::Topology { database, table }
        | ShowWhat::Partitions { database, table }
        | ShowWhat::Rule { database, table: Some(table), .. } => {
            one(Need::see_table(database.as_deref(), table))
        }
        ShowWhat::CreateView { database, view } => {
            one(Need::table(database.as_deref(), view, Privileges::SELECT | Privileges::SHOW_VIEW))
        }
        ShowWhat::Broadcasts | ShowWhat::Node | ShowWhat::Sequences => one(Need::see_database(None)),
        ShowWhat::Users => one(Need::Global { any: Privileges::CREATE_USER }),
        ShowWhat::Datasources
        | ShowWhat::Ddl { .. }
        | ShowWhat::DdlResult
        | ShowWhat::Instances
        | ShowWhat::Groups
        | ShowWhat::Nodes
        | ShowWhat::Settings
        | ShowWhat::Trans { .. }
        | ShowWhat::TransInDoubt
        | ShowWhat::TransOutcome(_)
        | ShowWhat::Deadlocks { .. } => one(WATCH),
    }
}

const PROCESS_OR_SUPER: Privileges = Privileges::PROCESS.or(Privileges::SUPER);

fn of_admin(admin: &Admin) -> Vec<Need> {
    match admin {
        Admin::CreateInstance { .. }
        | Admin::AlterInstance { .. }
        | Admin::DropInstance { .. }
        | Admin::AddNode { .. }
        | Admin::RemoveNode { .. }
        | Admin::PromoteNode { .. }
        | Admin::DemoteNode { .. }
        | Admin::DrainNode { .. }
        | Admin::TransferLeader { .. }
        | Admin::SetSetting { .. }
        | Admin::ResetSetting { .. }
        | Admin::BackupCatalog
        | Admin::CheckCluster
        | Admin::ResolveTransaction { .. } => vec![Need::administration()],
        Admin::CreateUser { .. }
        | Admin::DropUser { .. }
        | Admin::RenameUser { .. }
        | Admin::RevokeAll { .. } => vec![Need::Global { any: Privileges::CREATE_USER }],
        // Of whom, and of what.
        Admin::AlterUser { .. } | Admin::SetPassword { .. } | Admin::Grant { .. } | Admin::Revoke { .. } => {
            Vec::new()
        }
        Admin::AlterDatabase { name, .. } => vec![Need::database(name.as_deref(), Privileges::ALTER)],
        Admin::GuardTable { table, .. } => {
            vec![Need::table(table.database.as_deref(), &table.name, Privileges::ALTER)]
        }
    }
}

fn of_sequence(statement: &SequenceStatement) -> Vec<Need> {
    let on =
        |name: &crate::parse::ddl::ObjectName, all| Need::table(name.database.as_deref(), &name.name, all);
    let whole = |all| Need::database(None, all);
    match statement {
        SequenceStatement::Create { name, .. } => vec![on(name, Privileges::CREATE)],
        SequenceStatement::Alter { name, .. } => vec![on(name, Privileges::ALTER)],
        SequenceStatement::Drop { names, .. } => {
            names.iter().map(|name| on(name, Privileges::DROP)).collect()
        }
        SequenceStatement::Inspect(Some(name)) => vec![on(name, Privileges::SELECT)],
        SequenceStatement::Inspect(None) => vec![whole(Privileges::SELECT)],
        SequenceStatement::ClearCache(Some(name)) => vec![on(name, Privileges::ALTER)],
        SequenceStatement::ClearCache(None) | SequenceStatement::ConvertAll { .. } => {
            vec![whole(Privileges::ALTER)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::of_ddl;
    use crate::lexer::{SqlMode, tokenize};
    use crate::parse::{parse_command, parse_ddl};

    /// What a statement needs, as text: the privilege's name and the place.
    fn needs(text: &str) -> String {
        let mode = SqlMode::default();
        let tokens = tokenize(text.as_bytes(), mode).unwrap();
        let needs = match parse_command(text.as_bytes(), &tokens, mode).unwrap() {
            Some(command) => of_command(&command),
            None => of_ddl(&parse_ddl(text.as_bytes(), &tokens, mode).unwrap().expect(text)),
        };
        let place = |database: &Option<std::sync::Arc<str>>| database.as_deref().unwrap_or("?").to_owned();
        let shown = needs.iter().map(|need| match need {
            Need::Table { database, table, all } => {
                format!("{} {}.{table}", crate::privilege::names(*all).join("+"), place(database))
            }
            Need::AnyOnTable { database, table, .. } => format!("any {}.{table}", place(database)),
            Need::Database { database, all } => {
                format!("{} {}", crate::privilege::names(*all).join("+"), place(database))
            }
            Need::SeeDatabase { database } => format!("any {}", place(database)),
            Need::Global { any } => crate::privilege::names(*any).join("|"),
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn statements_need_what_they_need_on_a_server() {
        for (text, expected) in [
            ("BEGIN", ""),
            ("USE d", "any d"),
            ("SET sql_mode = ''", ""),
            ("SET binlog_format = 'ROW'", "SUPER"),
            ("SET GLOBAL x = 1", "SUPER"),
            ("SHOW DATABASES", ""),
            ("SHOW TABLES", "any ?"),
            ("SHOW CREATE TABLE d.t", "any d.t"),
            ("SHOW CREATE VIEW v", "SELECT+SHOW VIEW ?.v"),
            ("DESCRIBE t", "any ?.t"),
            ("SHOW TOPOLOGY FROM t", "any ?.t"),
            ("SHOW RULE", "any ?"),
            ("SHOW NODES", "PROCESS|SUPER"),
            ("SHOW DDL", "PROCESS|SUPER"),
            ("SHOW TRANS", "PROCESS|SUPER"),
            ("SHOW USERS", "CREATE USER"),
            ("SHOW PROCESSLIST", ""),
            ("FLUSH HOSTS", "SUPER"),
            ("CREATE USER a IDENTIFIED BY 'p'", "CREATE USER"),
            ("DROP USER a", "CREATE USER"),
            ("RENAME USER a TO b", "CREATE USER"),
            ("CREATE INSTANCE i HOST='h' USER='u'", "SUPER"),
            ("ALTER CLUSTER SET voters = 3", "SUPER"),
            ("BACKUP CATALOG", "SUPER"),
            ("CHECK CLUSTER", "SUPER"),
            ("RECOVER DDL 1", "SUPER"),
            ("ALTER DATABASE d SET ALLOW_FULL_TABLE_SCAN = OFF", "ALTER d"),
            ("ALTER TABLE t SET ALLOW_FULL_TABLE_SCAN = OFF", "ALTER ?.t"),
            ("LOCK TABLES a READ, d.b AS c WRITE", "SELECT+LOCK TABLES ?.a, SELECT+LOCK TABLES d.b"),
            ("UNLOCK TABLES", ""),
            ("CHECK TABLE a, d.b", "SELECT ?.a, SELECT d.b"),
            ("CREATE SEQUENCE s", "CREATE ?.s"),
            ("DROP SEQUENCE s", "DROP ?.s"),
            ("CREATE DATABASE d", "CREATE d"),
            ("DROP DATABASE d", "DROP d"),
            ("CREATE TABLE t (a INT)", "CREATE ?.t"),
            ("CREATE TEMPORARY TABLE t (a INT)", "CREATE TEMPORARY TABLES ?"),
            ("CREATE TABLE t LIKE d.u", "CREATE ?.t, SELECT d.u"),
            ("CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES u (a))", "CREATE ?.t, REFERENCES ?"),
            ("DROP TABLE a, b", "DROP ?.a, DROP ?.b"),
            ("TRUNCATE t", "DROP ?.t"),
            ("RENAME TABLE a TO b", "DROP+ALTER ?.a, INSERT+CREATE ?.b"),
            ("ALTER TABLE t ADD COLUMN b INT", "ALTER ?.t"),
            ("ALTER TABLE t RENAME TO u", "ALTER ?.t, DROP+ALTER ?.t, INSERT+CREATE ?.u"),
            ("CREATE INDEX k ON t (a)", "INDEX ?.t"),
            ("DROP INDEX k ON t", "INDEX ?.t"),
            ("CREATE VIEW v AS SELECT 1", "CREATE VIEW ?.v"),
            ("CREATE OR REPLACE VIEW v AS SELECT 1", "DROP+CREATE VIEW ?.v"),
            ("DROP VIEW v", "DROP ?.v"),
        ] {
            assert_eq!(needs(text), expected, "{text}");
        }
    }
}
