//! `scan(...)`: a statement on logical tables that runs on each physical table by itself, or on some of them.

use super::bind::{Kind, Reference};
use super::text::render;
use super::{Arguments, Body, Execution, RoutedPlan};
use crate::RouterError;

/// Which physical tables a scan takes: those that all of its parts name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanPlaces {
    /// Logical tables that the hint names; none: the statement's.
    pub tables: Vec<String>,
    /// Groups; `None`: all.
    pub groups: Option<Vec<usize>>,
    /// Indexes of physical tables; `None`: all.
    pub indexes: Option<Vec<usize>>,
    /// Names of physical tables, one for each logical one; empty: all.
    pub real_tables: Vec<Vec<String>>,
}

impl RoutedPlan {
    /// Appends a physical statement for each place of the scan.
    ///
    /// Errors: 1146 for a table that is not there; 1235 for statements that cannot run on each physical table.
    pub fn scan_into(
        &self,
        arguments: &Arguments<'_>,
        places: &ScanPlaces,
        out: &mut Execution,
    ) -> Result<(), RouterError> {
        let Body::Tables(tables) = &self.body else {
            return Err(RouterError::not_supported("the hint SCAN for INSERT and REPLACE"));
        };
        if !self.assigned.is_empty() {
            return Err(RouterError::not_supported("the hint SCAN with assignments to user variables"));
        }
        if tables.apart || tables.everywhere {
            return Err(RouterError::not_supported(
                "the hint SCAN for tables of several databases and for writes to broadcast tables",
            ));
        }
        let sharded: Vec<&Reference> =
            tables.references.iter().filter(|reference| reference.kind == Kind::Sharded).collect();
        let Some(lead) = sharded.first() else {
            return Err(RouterError::not_supported("the hint SCAN for a statement without a sharded table"));
        };
        let groups = |reference: &Reference| -> Vec<usize> {
            reference.placer.topology().tables().iter().map(|table| table.group).collect()
        };
        let lead_groups = groups(lead);
        if sharded.iter().any(|reference| groups(reference) != lead_groups) {
            return Err(RouterError::not_supported(
                "the hint SCAN for tables whose physical tables do not stand side by side",
            ));
        }
        if tables.references.iter().any(|reference| reference.kind == Kind::Single) {
            return Err(RouterError::not_supported("the hint SCAN for a single table beside sharded ones"));
        }
        let named = places.named(&sharded)?;
        places.check_real_tables(&named)?;
        for (index, group) in lead_groups.into_iter().enumerate() {
            if !places.takes(&named, index, group) {
                continue;
            }
            let index_of = |reference: usize| match tables.references.get(reference).map(|found| found.kind) {
                Some(Kind::Broadcast) => group,
                _ => index,
            };
            render(&tables.alone, arguments, tables.mode, &tables.references, (group, index), index_of, out);
        }
        if out.statements.is_empty() {
            return Err(RouterError::new(1105, "HY000", "The hint SCAN takes no physical table".to_owned()));
        }
        Ok(())
    }
}

impl ScanPlaces {
    /// The references that the hint names, in its order; all when it names none.
    fn named<'r>(&self, sharded: &[&'r Reference]) -> Result<Vec<&'r Reference>, RouterError> {
        if self.tables.is_empty() {
            return Ok(sharded.to_vec());
        }
        let find = |name: &String| {
            let found = sharded.iter().find(|reference| reference.table.name == *name);
            let unknown = || {
                RouterError::new(
                    1146,
                    "42S02",
                    format!("Table '{name}' of the hint SCAN is no sharded table of the statement"),
                )
            };
            found.copied().ok_or_else(unknown)
        };
        self.tables.iter().map(find).collect()
    }

    fn check_real_tables(&self, named: &[&Reference]) -> Result<(), RouterError> {
        for names in &self.real_tables {
            if names.len() != named.len() {
                return Err(RouterError::syntax(format_args!(
                    "REAL_TABLE in the hint SCAN: '{}' has {} names for {} tables",
                    names.join(","),
                    names.len(),
                    named.len()
                )));
            }
            let exists = named.first().is_some_and(|reference| {
                (0..reference.placer.topology().len()).any(|index| are_at(names, named, index))
            });
            if !exists {
                return Err(RouterError::new(
                    1146,
                    "42S02",
                    format!(
                        "Physical table '{}' of the hint SCAN doesn't exist: see SHOW TOPOLOGY",
                        names.join(",")
                    ),
                ));
            }
        }
        Ok(())
    }

    fn takes(&self, named: &[&Reference], index: usize, group: usize) -> bool {
        self.groups.as_ref().is_none_or(|groups| groups.contains(&group))
            && self.indexes.as_ref().is_none_or(|indexes| indexes.contains(&index))
            && (self.real_tables.is_empty()
                || self.real_tables.iter().any(|names| are_at(names, named, index)))
    }
}

/// The names are those of the references' physical tables at `index`.
fn are_at(names: &[String], named: &[&Reference], index: usize) -> bool {
    names.iter().zip(named).all(|(name, reference)| {
        reference.placer.topology().get(index).is_some_and(|table| table.name.eq_ignore_ascii_case(name))
    })
}
