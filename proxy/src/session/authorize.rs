//! Whether the session's account may do what a statement does. Asked where a client's statement has been planned, by whatever way it came; what the
//! node plans for itself to carry it out is not asked about again.
//!
//! For an account that may do everything this is one comparison. A node that is behind might refuse what was granted on another one a moment ago, so it catches
//! up before it refuses.

use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::privilege::Privileges;
use ostrakon_catalog::user::AccountName;
use ostrakon_router::RouterError;
use ostrakon_router::access::{Need, of_command, of_ddl};
use ostrakon_router::parse::command::{Command, Show, ShowWhat};
use ostrakon_router::plan::{Expansion, Plan, RoutedPlan, ViewNeed};
use ostrakon_router::privilege::{first_name, names};

use super::{Failure, Session};
use crate::account::rights::{Missing, Rights};
use crate::error::SqlError;

/// ER_DBACCESS_DENIED_ERROR.
pub fn no_database_access(account: &AccountName, database: &str) -> SqlError {
    SqlError::new(1044, "42000", format!("Access denied for user {account} to database '{database}'"))
}

impl Session {
    /// The account may do what the plan does.
    ///
    /// Errors: 1142 for a table, 1044 for a database, 1227 for what concerns everything, 1449 for a view whose definer is gone.
    pub async fn authorize(&mut self, plan: &Plan) -> Result<(), Failure> {
        self.obey_table_locks(plan)?;
        if self.may_do_everything() {
            return Ok(());
        }
        // What most statements are, without a copy of what they need.
        if let Plan::Routed(plan) = plan {
            let current = self.database.as_deref();
            if plan.needs.iter().all(|need| self.rights.allow(need, current).is_ok()) {
                return Ok(());
            }
        }
        let needs = self.needs(plan);
        self.allow_all(&needs).await
    }

    /// As [`Session::authorize`], for a plan whose text has the queries of views in it: what those read was looked at before.
    pub async fn authorize_expanded(&mut self, plan: &Plan) -> Result<(), Failure> {
        self.obey_table_locks(plan)?;
        if self.may_do_everything() {
            return Ok(());
        }
        let written = |need: &ViewNeed| match &need.need {
            Need::Table { database, table, all } => {
                let all = all.without(Privileges::SELECT);
                let need = Need::Table { database: database.clone(), table: table.clone(), all };
                ViewNeed { definer: None, in_view: false, need }
            }
            other => ViewNeed { definer: None, in_view: false, need: other.clone() },
        };
        let needs: Vec<ViewNeed> = self.needs(plan).iter().map(written).collect();
        self.allow_all(&needs).await
    }

    /// The account may do this.
    pub async fn allow(&mut self, need: Need) -> Result<(), Failure> {
        if self.may_do_everything() {
            return Ok(());
        }
        self.allow_all(&[ViewNeed { definer: None, in_view: false, need }]).await
    }

    /// No check can fail. The account is looked at again when accounts have changed.
    pub fn may_do_everything(&mut self) -> bool {
        if self.rights.is_configured() {
            return true;
        }
        self.refresh_rights();
        self.rights.is_everything()
    }

    fn refresh_rights(&mut self) {
        let catalog = self.worker.node.meta.load();
        if !self.rights.are_current(&catalog) {
            self.rights = Rights::of(&catalog, self.rights.account.clone());
        }
    }

    /// What the account may see of the catalog.
    pub fn visible(&mut self, catalog: Arc<Catalog>) -> Arc<Catalog> {
        match self.may_do_everything() {
            true => catalog,
            false => self.rights.visible(&catalog),
        }
    }

    fn needs(&self, plan: &Plan) -> Vec<ViewNeed> {
        let own = |needs: Vec<Need>| {
            needs.into_iter().map(|need| ViewNeed { definer: None, in_view: false, need }).collect()
        };
        match plan {
            Plan::Routed(plan) => own(self.needs_of_routed(plan)),
            Plan::Views(expansion) => {
                let Expansion { needs, .. } = &**expansion;
                let is_own = |need: &ViewNeed| {
                    need.definer.is_none() && !need.in_view && self.is_of_temporary(&need.need)
                };
                needs.iter().filter(|need| !is_own(need)).cloned().collect()
            }
            Plan::Load(load) => own(self.needs_of_routed(&load.plan)),
            Plan::Ddl(ddl) => {
                let needs = of_ddl(ddl).into_iter();
                match self.is_ddl_of_temporary(ddl) {
                    true => own(needs.filter(|need| !self.is_of_temporary(need)).collect()),
                    false => own(needs.collect()),
                }
            }
            Plan::Command(command) => {
                let mut needs = of_command(command);
                if let Command::Show(Show {
                    what: ShowWhat::CreateTable { .. } | ShowWhat::Columns { .. } | ShowWhat::Index { .. },
                    ..
                }) = command.as_ref()
                {
                    needs.retain(|need| !self.is_of_temporary(need));
                }
                needs.extend(self.definition_of_view(command));
                own(needs)
            }
        }
    }

    /// Who made a temporary table may do everything with it: with that, not with a sequence of its name.
    fn needs_of_routed(&self, plan: &RoutedPlan) -> Vec<Need> {
        let mut needs = plan.needs.clone();
        if plan.nextvals.is_empty() && self.names_temporary(plan) {
            needs.retain(|need| !self.is_of_temporary(need));
        }
        needs
    }

    /// SHOW CREATE TABLE of a view shows its query.
    fn definition_of_view(&self, command: &Command) -> Option<Need> {
        let Command::Show(Show { what: ShowWhat::CreateTable { database, table }, .. }) = command else {
            return None;
        };
        let home = database.as_deref().or(self.database.as_deref())?;
        if self.temporary_table(home, table).is_some() {
            return None;
        }
        self.catalog().view(home, table)?;
        Some(Need::table(Some(home), table, Privileges::SELECT | Privileges::SHOW_VIEW))
    }

    async fn allow_all(&mut self, needs: &[ViewNeed]) -> Result<(), Failure> {
        if self.denied(needs).is_none() {
            return Ok(());
        }
        // It may have been granted on another node a moment ago.
        if let Err(e) = Box::pin(self.worker.node.meta.read_barrier()).await {
            tracing::debug!(error = %e, "privileges are those that this node knows");
        }
        self.refresh_rights();
        self.denied(needs).map_or(Ok(()), |error| Err(error.into()))
    }

    /// Why one of these is not allowed.
    fn denied(&self, needs: &[ViewNeed]) -> Option<SqlError> {
        let current = self.database.as_deref();
        needs.iter().find_map(|need| match &need.definer {
            None => {
                let missing = self.rights.allow(&need.need, current).err()?;
                Some(if need.in_view { self.view_denial(missing) } else { self.denial(missing) })
            }
            Some(definer) => self.denied_to(definer, &need.need),
        })
    }

    /// What a view's definer may not read, nobody reads by the view.
    fn denied_to(&self, definer: &str, need: &Need) -> Option<SqlError> {
        let (name, host) = definer.rsplit_once('@').unwrap_or((definer, "%"));
        if host == "%" && self.is_configured(name) {
            return None;
        }
        let account = AccountName { name: name.to_owned(), host: host.to_owned() };
        let catalog = self.catalog();
        if catalog.user(&account).is_none() {
            let message = format!("The user specified as a definer ({account}) does not exist");
            return Some(SqlError::new(1449, "HY000", message));
        }
        let missing = Rights::of(&catalog, account).allow(need, None).err()?;
        Some(self.view_denial(missing))
    }

    /// What a view's query may not read, with its definer's rights or those of who asks.
    fn view_denial(&self, missing: Missing) -> SqlError {
        match missing {
            Missing::OnTable { database, table, .. } => SqlError::new(
                1356,
                "HY000",
                format!(
                    "View references invalid table(s) or column(s) or function(s) or definer/invoker of view lack rights to use them: \
                     '{database}.{table}' may not be read"
                ),
            ),
            other => self.denial(other),
        }
    }

    /// The error for what is missing, in the words of the servers' family.
    pub(super) fn denial(&self, missing: Missing) -> SqlError {
        let account = &self.rights.account;
        match missing {
            Missing::NoDatabase => RouterError::no_database().into(),
            Missing::OnDatabase(database) => no_database_access(account, &database),
            Missing::OnTable { database, table, privilege } => {
                let place = match self.mode.server.mariadb {
                    true => format!("`{database}`.`{table}`"),
                    false => format!("'{table}'"),
                };
                let (name, peer) = (&account.name, self.client.peer.ip());
                let command = first_name(privilege);
                SqlError::new(
                    1142,
                    "42000",
                    format!("{command} command denied to user '{name}'@'{peer}' for table {place}"),
                )
            }
            Missing::Global(any) => SqlError::new(
                1227,
                "42000",
                format!(
                    "Access denied; you need (at least one of) the {} privilege(s) for this operation",
                    names(any).join(", ")
                ),
            ),
        }
    }

    /// What is not there is not told to those who could not use it.
    pub(super) fn hide_missing(&mut self, error: RouterError, verb: Privileges) -> SqlError {
        let Some(missing) = &error.missing else { return error.into() };
        if self.may_do_everything() {
            return error.into();
        }
        let need = match &missing.table {
            Some(table) => Need::see_table(Some(&missing.database), table),
            None => Need::see_database(Some(&missing.database)),
        };
        match self.rights.allow(&need, None) {
            Ok(()) => error.into(),
            Err(Missing::OnTable { database, table, .. }) => {
                self.denial(Missing::OnTable { database, table, privilege: verb })
            }
            Err(other) => self.denial(other),
        }
    }

    /// The account stands in this node's configuration file.
    pub(super) fn is_configured(&self, name: &str) -> bool {
        self.worker.node.config.users.iter().any(|user| user.name == name)
    }

    /// Whether the account may look at that session, or end it: its own, or all.
    pub(super) fn may_watch(&mut self, account: &str, any: Privileges) -> bool {
        self.may_do_everything() || self.rights.has_any(any) || self.rights.account.to_string() == account
    }
}
