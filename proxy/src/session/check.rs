//! CHECK TABLE: one logical table against its physical ones, the catalog and the rule; with REPAIR PLAN, what would mend it.
//!
//! Nothing is changed. Errors of instances are rows of the answer; what is read at once is bounded, whatever the tables' size.

mod broadcast;
mod copies;
mod definition;
mod finding;
mod key;
mod mend;
mod placement;
mod probe;
mod sequence;
mod structure;

use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::job::ObjectLock;
use ostrakon_catalog::schema::{Database, Group, Table, TableKind};
use ostrakon_router::parse::command::CheckMode;
use ostrakon_router::parse::ddl::ObjectName;
use ostrakon_router::sharding::{PhysicalTable, Topology};

use super::result::{Cell, ResultSet};
use super::{Failure, Session};
use crate::error::SqlError;
use finding::{Finding, Level};
use probe::Probe;

/// Rows that one finding names.
const SHOWN: usize = 10;

/// The table that is checked, and all that belongs to it.
struct Target {
    catalog: Arc<Catalog>,
    database: Arc<Database>,
    table: Arc<Table>,
    topology: Topology,
}

impl Target {
    fn group(&self, table: &PhysicalTable) -> Option<&Group> {
        self.database.groups.get(table.group)
    }

    fn group_name(&self, table: &PhysicalTable) -> &str {
        self.group(table).map_or("", |group| group.name.as_str())
    }

    /// `GROUP.physical_table`, as SHOW TOPOLOGY tells both.
    fn place(&self, table: &PhysicalTable) -> String {
        format!("{}.{}", self.group_name(table), table.name)
    }
}

impl Session {
    /// The answer of CHECK TABLE. The session's transaction is committed first, as MySQL does.
    pub(super) async fn check_tables(
        &mut self,
        tables: &[ObjectName],
        mode: CheckMode,
    ) -> Result<ResultSet, Failure> {
        self.commit_all().await?;
        let mut names = Vec::with_capacity(tables.len());
        for table in tables {
            let database = match &table.database {
                Some(database) => database.clone(),
                None => self.current_database()?.to_owned(),
            };
            names.push((database, table.name.clone()));
        }
        self.entry().show_statement(&self.current);
        let catalog = self.newest_catalog().await;
        let probe = Probe::new(&self.worker);
        let mut set = match mode {
            CheckMode::RepairPlan => {
                ResultSet::text(&["TABLE", "STEP", "GROUP_NAME", "STATEMENT", "REASON"]).integer("STEP")
            }
            CheckMode::Quick | CheckMode::Full => ResultSet::text(&["TABLE", "OP", "MSG_TYPE", "MSG_TEXT"]),
        };
        for (database, table) in &names {
            let full_name = format!("{database}.{table}");
            let work = check(&probe, &catalog, database, table, mode);
            tokio::select! {
                findings = work => match (findings, mode) {
                    (Err(e), CheckMode::RepairPlan) => return Err(e.into()),
                    (Err(e), _) => {
                        set.push([full_name.as_str().into(), "check".into(), "Error".into(), e.message.into()]);
                        set.push([full_name.into(), "check".into(), "status".into(), "Operation failed".into()]);
                    }
                    (Ok(findings), CheckMode::RepairPlan) => plan_rows(&mut set, &full_name, findings),
                    (Ok(findings), _) => check_rows(&mut set, &full_name, findings),
                },
                () = super::killed_statement(self.entry()) => {
                    probe.kill();
                    return Err(SqlError::interrupted().into());
                }
                () = self.client.hung_up() => {
                    probe.kill();
                    return Err(Failure::ClientGone);
                }
            }
        }
        Ok(set)
    }
}

/// Everything that is wrong with one table.
///
/// Errors: 1049, 1146; 1235 for a rule that cannot be carried out.
async fn check(
    probe: &Probe,
    catalog: &Arc<Catalog>,
    database: &str,
    name: &str,
    mode: CheckMode,
) -> Result<Vec<Finding>, SqlError> {
    use ostrakon_router::RouterError;
    let found = catalog.database(database).ok_or_else(|| RouterError::unknown_database(database))?;
    let table = found.tables.get(name).ok_or_else(|| RouterError::no_such_table(database, name))?;
    let topology = Topology::new(table, found)?;
    let target = Target {
        catalog: Arc::clone(catalog),
        database: Arc::clone(found),
        table: Arc::clone(table),
        topology,
    };
    let mut findings = Vec::new();
    let lock = ObjectLock::Table(database.to_owned(), name.to_owned());
    for job in catalog.jobs.values().filter(|job| job.state.is_unfinished()) {
        if job.action.locks().iter().any(|held| held.conflicts(&lock)) {
            findings.push(Finding::note(format!(
                "DDL job {} ({}) works on it: what differs may be its doing",
                job.id,
                job.state.name()
            )));
        }
    }
    let structure = structure::check(probe, &target, &mut findings).await;
    if mode != CheckMode::Quick {
        let plan = mode == CheckMode::RepairPlan;
        match target.table.kind {
            TableKind::Single => {}
            TableKind::Broadcast => broadcast::check(probe, &target, &structure, plan, &mut findings).await,
            TableKind::Sharded(_) => placement::check(probe, &target, &structure, plan, &mut findings).await,
        }
        sequence::check(probe, &target, &structure, &mut findings).await;
    }
    let now = probe.worker().node.meta.catalog();
    if now.table(database, name).map(|t| t.id) != Some(target.table.id) {
        findings.push(Finding::note("its definition was changed meanwhile: check it again"));
    }
    Ok(findings)
}

fn check_rows(set: &mut ResultSet, table: &str, findings: Vec<Finding>) {
    let errors = findings.iter().filter(|f| f.level == Level::Error).count();
    for finding in findings {
        set.push([table.into(), "check".into(), finding.level.name().into(), finding.text.into()]);
    }
    let status = match errors {
        0 => "OK".to_owned(),
        n => format!("{n} errors; CHECK TABLE ... REPAIR PLAN says what would mend them"),
    };
    set.push([table.into(), "check".into(), "status".into(), status.into()]);
}

fn plan_rows(set: &mut ResultSet, table: &str, findings: Vec<Finding>) {
    let mut step = 0_u64;
    for finding in findings {
        if finding.level == Level::Error && finding.repairs.is_empty() && !finding.covered {
            step += 1;
            let reason = format!("nothing is proposed for: {}", finding.text);
            set.push([table.into(), step.into(), Cell(None), Cell(None), reason.into()]);
        }
        for repair in finding.repairs {
            step += 1;
            set.push([
                table.into(),
                step.into(),
                repair.group.into(),
                repair.statement.into(),
                repair.reason.into(),
            ]);
        }
    }
}
