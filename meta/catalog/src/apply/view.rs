//! Logical views: put, drop. They share the tables' namespace, and the objects that unfinished jobs hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Change;
use crate::job::ObjectLock;
use crate::outcome::{Outcome, Rejection};
use crate::state::Catalog;
use crate::validate;
use crate::view::View;

impl Catalog {
    pub(super) fn put_view(
        &mut self,
        database: &str,
        view: &View,
        replace: Option<bool>,
    ) -> Result<(Change, Outcome), Rejection> {
        let home = self.need_database(database)?;
        validate::view(view)?;
        let name = &view.name;
        if home.tables.contains_key(name) {
            return Err(match replace {
                None => Rejection::TableExists { name: name.clone() },
                Some(_) => Rejection::NotView { database: database.to_owned(), name: name.clone() },
            });
        }
        match (home.views.get(name), replace) {
            (Some(_), None) => return Err(Rejection::TableExists { name: name.clone() }),
            (None, Some(false)) => {
                return Err(Rejection::NoSuchTable { database: database.to_owned(), table: name.clone() });
            }
            (Some(known), _) if **known == *view => return Ok((Change::Nothing, Outcome::Done)),
            _ => {}
        }
        self.is_free_of_jobs(database, name)?;
        self.database_mut(database)?.views.insert(name.as_str(), Arc::new(view.clone()));
        Ok((Change::Schema, Outcome::Done))
    }

    pub(super) fn drop_views(&mut self, views: &[(String, String)]) -> Result<(Change, Outcome), Rejection> {
        let mut seen = BTreeSet::new();
        let mut unknown = Vec::new();
        for (database, name) in views {
            if !seen.insert((database, name)) {
                return Err(Rejection::TableTwice { name: name.clone() });
            }
            if self.view(database, name).is_none() {
                unknown.push(format!("{database}.{name}"));
            }
            self.is_free_of_jobs(database, name)?;
        }
        if !unknown.is_empty() {
            return Err(Rejection::UnknownTables { names: unknown.join(",") });
        }
        for (database, name) in views {
            self.database_mut(database)?.views.remove(name);
        }
        let change = if views.is_empty() { Change::Nothing } else { Change::Schema };
        Ok((change, Outcome::Done))
    }

    /// No unfinished job makes or removes something of that name, or its database.
    fn is_free_of_jobs(&self, database: &str, name: &str) -> Result<(), Rejection> {
        let lock = ObjectLock::Table(database.to_owned(), name.to_owned());
        for job in self.jobs.values().filter(|job| job.state.is_unfinished()) {
            if job.action.locks().iter().any(|held| held.conflicts(&lock)) {
                let (object, state) = (lock.name(), job.state);
                return Err(Rejection::ObjectLocked { object, job: job.id, state });
            }
        }
        Ok(())
    }
}
