//! Statements about the cluster itself: nodes, instances, accounts, settings, the catalog's backup, the check of everything.

mod backup;
mod check;
mod grant;
mod guard;
mod instance;
mod nodes;
mod trans;
mod user;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_router::parse::administration::Admin;

use super::result::ResultSet;
use super::{Failure, Session};
use crate::setting::{self, Setting};

/// What a statement gives: rows, or the number of changed ones.
enum Given {
    Rows(ResultSet),
    Changed(u64),
}

impl Session {
    /// Carries out a statement of administration and appends its answer.
    pub(super) async fn administer(&mut self, admin: &Admin, text: &[u8], more: bool) -> Result<(), Failure> {
        // Without its password.
        let shown = ostrakon_router::parse::redact(text, self.mode);
        self.entry().show_statement(&shown);
        // As MySQL does before statements about accounts and servers.
        if !matches!(admin, Admin::BackupCatalog | Admin::CheckCluster | Admin::ResolveTransaction { .. }) {
            self.commit_all().await?;
        }
        match self.carry_out(admin).await? {
            Given::Rows(rows) => self.answer(rows, more),
            Given::Changed(count) => {
                self.row_count = i64::try_from(count).unwrap_or(i64::MAX);
                self.ok(count, 0, b"", more);
                Ok(())
            }
        }
    }

    async fn carry_out(&mut self, admin: &Admin) -> Result<Given, Failure> {
        match admin {
            Admin::CreateInstance { .. } | Admin::AlterInstance { .. } | Admin::DropInstance { .. } => {
                self.change_instance(admin).await.map(Given::Changed)
            }
            Admin::CreateUser { accounts, options, if_not_exists } => {
                self.create_users(accounts, *options, *if_not_exists).await.map(Given::Changed)
            }
            Admin::AlterUser { accounts, options, if_exists } => {
                self.alter_users(accounts, *options, *if_exists).await.map(Given::Changed)
            }
            Admin::SetPassword { account, identified } => {
                self.set_password(account, identified).await.map(Given::Changed)
            }
            Admin::RenameUser { renames } => self.rename_users(renames).await.map(Given::Changed),
            Admin::DropUser { accounts, if_exists } => {
                self.drop_users(accounts, *if_exists).await.map(Given::Changed)
            }
            Admin::Grant { granted, level, accounts, options } => {
                self.grant(granted, level, accounts, *options).await.map(Given::Changed)
            }
            Admin::Revoke { granted, level, accounts, if_exists, ignores_unknown } => {
                self.revoke(granted, level, accounts, *if_exists, *ignores_unknown).await.map(Given::Changed)
            }
            Admin::RevokeAll { accounts, ignores_unknown } => {
                self.revoke_all(accounts, *ignores_unknown).await.map(Given::Changed)
            }
            Admin::AddNode { .. }
            | Admin::RemoveNode { .. }
            | Admin::PromoteNode { .. }
            | Admin::DemoteNode { .. }
            | Admin::DrainNode { .. }
            | Admin::TransferLeader { .. } => {
                self.change_nodes(admin).await?;
                Ok(Given::Changed(0))
            }
            Admin::SetSetting { name, value } => {
                let setting = Setting::find(name)?;
                let value = setting.check(value)?;
                self.propose(CatalogCommand::PutSetting { name: setting.name.to_owned(), value }).await?;
                Ok(Given::Changed(0))
            }
            Admin::ResetSetting { name } => {
                let name = Setting::find(name)?.name.to_owned();
                self.propose(CatalogCommand::DropSetting { name }).await?;
                Ok(Given::Changed(0))
            }
            Admin::AlterDatabase { .. } | Admin::GuardTable { .. } => {
                self.change_guard(admin).await?;
                Ok(Given::Changed(0))
            }
            Admin::BackupCatalog => self.backup_catalog().await.map(Given::Rows),
            Admin::CheckCluster => self.check_cluster().await.map(Given::Rows),
            Admin::ResolveTransaction { id } => self.resolve_transaction(id).await.map(Given::Rows),
        }
    }
}

/// SHOW SETTINGS.
pub(super) fn settings(catalog: &Catalog) -> ResultSet {
    let mut set = ResultSet::text(&["NAME", "VALUE", "DEFAULT_VALUE", "ALLOWED", "DESCRIPTION"]);
    for setting in setting::SETTINGS {
        set.push([
            setting.name.into(),
            setting.value(catalog).into(),
            setting.default.into(),
            setting.kind.text().into(),
            setting.description.into(),
        ]);
    }
    set
}
