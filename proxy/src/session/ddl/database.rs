//! CREATE DATABASE and DROP DATABASE: groups spread evenly over the instances.

use ostrakon_catalog::guard::{Guard, GuardChange};
use ostrakon_catalog::job::JobAction;
use ostrakon_catalog::schema::{Database, DefaultSharding, Group};
use rand::Rng;

use crate::error::SqlError;
use crate::session::{Failure, Session};

/// Longest name of a logical database: the physical name adds 10 characters and may have 64.
const NAME_CHARS_MAX: usize = 54;
const GROUPS_MAX: u32 = 1024;

/// What CREATE DATABASE says.
pub struct NewDatabase<'a> {
    pub name: &'a str,
    pub groups: Option<u32>,
    pub default_sharding: DefaultSharding,
    pub charset: Option<&'a str>,
    pub collation: Option<&'a str>,
    pub guard: GuardChange,
}

impl Session {
    pub(super) fn create_database(
        &mut self,
        new: NewDatabase<'_>,
        if_not_exists: bool,
    ) -> Result<Option<JobAction>, Failure> {
        let catalog = self.catalog();
        let name = new.name;
        if catalog.database(name).is_some() {
            let message = format!("Can't create database '{name}'; database exists");
            if if_not_exists {
                self.note(1007, message);
                return Ok(None);
            }
            return Err(SqlError::new(1007, "HY000", message).into());
        }
        if name.chars().count() > NAME_CHARS_MAX || name.is_empty() {
            return Err(SqlError::new(
                1059,
                "42000",
                format!("Identifier name '{name}' is too long (at most {NAME_CHARS_MAX} characters)"),
            )
            .into());
        }
        if ["information_schema", "mysql", "performance_schema", "sys", "__ostrakon"]
            .contains(&name.to_ascii_lowercase().as_str())
        {
            return Err(
                SqlError::new(1044, "42000", format!("Access denied: '{name}' is a system schema")).into()
            );
        }
        let instances: Vec<u32> = catalog.instances.values().filter(|i| !i.draining).map(|i| i.id).collect();
        if instances.is_empty() {
            return Err(SqlError::other(
                "There is no instance to put groups on, or all of them drain: add one with CREATE INSTANCE name HOST='...' PORT=... USER='...' PASSWORD='...'",
            )
            .into());
        }
        let per_instance = self.worker.node.config.limits.groups_per_instance;
        let count = new.groups.unwrap_or(instances.len() as u32 * per_instance);
        if count == 0 || count > GROUPS_MAX {
            return Err(SqlError::new(
                1231,
                "42000",
                format!("DBPARTITIONS must be from 1 to {GROUPS_MAX}, it is {count}"),
            )
            .into());
        }
        let groups = spread(name, count, &instances);
        let mut options = String::new();
        if let Some(charset) = new.charset {
            options.push_str(&format!(" CHARACTER SET {charset}"));
        }
        if let Some(collation) = new.collation {
            options.push_str(&format!(" COLLATE {collation}"));
        }
        let database = Database {
            name: name.to_owned(),
            groups,
            default_sharding: new.default_sharding,
            guard: Guard::default().changed(new.guard),
            // What the first server makes of the options.
            charset: String::new(),
            collation: String::new(),
            tables: Default::default(),
            sequences: Default::default(),
            views: Default::default(),
        };
        Ok(Some(JobAction::CreateDatabase { database, options }))
    }

    pub(super) fn drop_database(
        &mut self,
        name: &str,
        if_exists: bool,
    ) -> Result<Option<JobAction>, Failure> {
        let catalog = self.catalog();
        let Some(database) = catalog.database(name) else {
            let message = format!("Can't drop database '{name}'; database doesn't exist");
            if if_exists {
                self.note(1008, message);
                return Ok(None);
            }
            return Err(SqlError::new(1008, "HY000", message).into());
        };
        Ok(Some(JobAction::DropDatabase { name: name.to_owned(), groups: database.groups.clone() }))
    }
}

/// Groups in placement order: blocks of neighbours on each instance, as even as the counts allow.
fn spread(name: &str, count: u32, instances: &[u32]) -> Vec<Group> {
    let mut random = rand::rng();
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let part: String = (0..4).map(|_| char::from(letters[random.random_range(0..letters.len())])).collect();
    (0..count)
        .map(|index| {
            let at = u64::from(index) * instances.len() as u64 / u64::from(count);
            let physical_database = format!("{name}_{part}_{index:04}");
            Group {
                name: format!("{}_GROUP", physical_database.to_uppercase()),
                physical_database,
                instance: instances[(at as usize).min(instances.len() - 1)],
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn groups_are_spread_evenly_in_blocks() {
        let of = |count, instances: &[u32]| {
            spread("d", count, instances).iter().map(|g| g.instance).collect::<Vec<_>>()
        };
        assert_eq!(of(4, &[1, 2]), [1, 1, 2, 2]);
        assert_eq!(of(5, &[1, 2]), [1, 1, 1, 2, 2]);
        assert_eq!(of(1, &[7, 8]), [7]);
        assert_eq!(of(8, &[1, 2, 3]), [1, 1, 1, 2, 2, 2, 3, 3]);
    }
}
