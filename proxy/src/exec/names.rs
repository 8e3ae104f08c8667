//! Physical names never reach a client: column definitions and error texts get the logical ones.

use ostrakon_catalog::schema::Database;
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_router::plan::{GATHER_DATABASE, Gather, RoutedPlan, TableName};
use ostrakon_router::sharding::Topology;

use crate::error::SqlError;

/// ER_CANT_REOPEN_TABLE.
const CANNOT_REOPEN: u16 = 1137;

/// ER_CANT_AGGREGATE_2COLLATIONS, _3COLLATIONS, _NCOLLATIONS.
const COLLATIONS_MIXED: [u16; 3] = [1267, 1270, 1271];

/// ER_WRONG_FIELD_WITH_GROUP.
const NOT_GROUPED: u16 = 1055;

/// ER_NO_DB_ERROR.
const NO_DATABASE: u16 = 1046;

/// ER_SP_DOES_NOT_EXIST.
const UNKNOWN_FUNCTION: u16 = 1305;

/// The names of one statement's tables.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    tables: &'a [TableName],
    /// Of temporary tables.
    gathered: &'a [TableName],
    /// The answer of a WITH query is stored in one of them.
    stores_query: bool,
    database: Option<&'a Database>,
}

impl<'a> Names<'a> {
    pub fn of(plan: &'a RoutedPlan) -> Self {
        Self { tables: &plan.tables, gathered: &[], stores_query: false, database: plan.database.as_deref() }
    }

    /// Temporary tables of a gathered statement.
    pub fn of_gather(gather: &'a Gather, plan: &'a RoutedPlan) -> Self {
        Self { gathered: &gather.names, stores_query: !gather.made.is_empty(), ..Self::of(plan) }
    }

    /// No table is named.
    pub fn none() -> Self {
        Self { tables: &[], gathered: &[], stores_query: false, database: None }
    }

    /// An error with logical names. A temporary table that a server cannot open twice is none that the user knows.
    pub fn error(&self, e: SqlError) -> SqlError {
        if e.errno == CANNOT_REOPEN && !self.gathered.is_empty() {
            return SqlError::not_supported(
                "a table inside a nested WITH query that is read several times, over several groups on MySQL",
            );
        }
        if COLLATIONS_MIXED.contains(&e.errno) && self.stores_query {
            // A literal gives way to another text's collation; the column that it was stored in does not.
            return SqlError::not_supported(format!(
                "a text of a WITH query that is read several times beside one of another collation; give one of them a COLLATE ({})",
                self.in_text(&e.message)
            ));
        }
        if e.errno == NOT_GROUPED && self.stores_query {
            // MySQL 9.7 says so of a subquery of the query that is stored, and not of the same subquery where the query stands.
            return SqlError::not_supported(format!(
                "a WITH query that is read several times ({})",
                self.in_text(&e.message)
            ));
        }
        if e.errno == NO_DATABASE && self.is_active() {
            // All tables have their database. MySQL looks for an unknown function in the current one, which our connections do not have.
            return SqlError::new(
                UNKNOWN_FUNCTION,
                "42000",
                "A function that this statement calls does not exist",
            );
        }
        SqlError { message: self.in_text(&e.message), ..e }
    }

    /// Some physical name may have to be replaced.
    pub fn is_active(&self) -> bool {
        !self.tables.is_empty() || !self.gathered.is_empty()
    }

    fn of_physical(&self, physical: &[u8]) -> Option<&TableName> {
        self.tables
            .iter()
            .chain(self.gathered)
            .filter(|t| physical.starts_with(t.physical_prefix.as_bytes()))
            .max_by_key(|t| t.physical_prefix.len())
    }

    /// Puts logical names into a column definition.
    pub fn logical<'d>(&'d self, definition: &ColumnDefinition<'d>) -> Option<ColumnDefinition<'d>> {
        if definition.org_table.is_empty() && definition.schema.is_empty() {
            return None;
        }
        let name = self.of_physical(definition.org_table)?;
        let mut changed = definition.clone();
        changed.schema = name.logical_database.as_bytes();
        changed.org_table = name.logical_table.as_bytes();
        if definition.table == definition.org_table {
            changed.table = name.logical_table.as_bytes();
        }
        Some(changed)
    }

    /// Puts logical names into an error or warning text.
    pub fn in_text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for table in self.tables.iter().chain(self.gathered) {
            out = replace_name(&out, &table.physical_prefix, &table.logical_table);
        }
        if !self.gathered.is_empty() {
            // MySQL writes the database before a column's table where it is not the current one.
            for database in [format!("`{GATHER_DATABASE}`."), format!("{GATHER_DATABASE}.")] {
                out = out.replace(&database, "");
            }
        }
        if let Some(database) = self.database {
            for group in &database.groups {
                out = replace_name(&out, &group.physical_database, &database.name);
            }
        }
        out
    }
}

/// Puts logical names into a text about one table and its database.
pub fn logical_text(text: &str, database: &Database, table: Option<(&Topology, &str)>) -> String {
    let mut out = text.to_owned();
    if let Some((topology, logical)) = table {
        out = replace_name(&out, topology.prefix(), logical);
    }
    for group in &database.groups {
        // Group names contain the physical database's, in upper case: they stay.
        out = replace_name(&out, &group.physical_database, &database.name);
    }
    out
}

/// Puts a table's logical name into what SHOW CREATE TABLE printed of a physical one: `CREATE TABLE `t_x7Qa_0` (`, and into the names that
/// MySQL makes for constraints. With ANSI_QUOTES names stand in double quotes.
pub fn in_definition(text: &mut String, logical: &str) {
    const STARTS: [&str; 2] = ["CREATE TABLE ", "CREATE TEMPORARY TABLE "];
    let Some(start) = STARTS.iter().find(|start| text.starts_with(**start)) else { return };
    let Some(mark) = text.strip_prefix(start).and_then(|rest| rest.chars().next()) else { return };
    if mark != '`' && mark != '"' {
        return;
    }
    let name = start.len() + 1;
    let Some(length) = text.get(name..).and_then(|rest| rest.find(mark)) else { return };
    // A quote inside of the name is doubled.
    let doubled = |text: &str| text.replace(mark, &format!("{mark}{mark}"));
    let mut end = name + length;
    while text.get(end + 1..).is_some_and(|rest| rest.starts_with(mark)) {
        let Some(more) = text.get(end + 2..).and_then(|rest| rest.find(mark)) else { return };
        end += 2 + more;
    }
    let Some(physical) = text.get(name..end).map(str::to_owned) else { return };
    let logical = doubled(logical);
    text.replace_range(name..end, &logical);
    for made in CONSTRAINTS {
        let own = |name: &str| format!("\n  CONSTRAINT {mark}{name}{made}");
        *text = text.replace(&own(&physical), &own(&logical));
    }
}

/// The logical name of a constraint that a server has named by its table; `None` for names that were given.
pub fn constraint(name: &str, physical: &str, logical: &str) -> Option<String> {
    let number = name.strip_prefix(physical)?;
    CONSTRAINTS.iter().any(|made| number.starts_with(made)).then(|| format!("{logical}{number}"))
}

/// What MySQL adds to a table's name for a constraint's; a number follows.
const CONSTRAINTS: [&str; 2] = ["_chk_", "_ibfk_"];

/// Replaces each word that starts with `prefix` and goes on with name characters by `logical`; of a constraint's name only the table's.
fn replace_name(text: &str, prefix: &str, logical: &str) -> String {
    if prefix.is_empty() {
        return text.to_owned();
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let inside_word = out.chars().next_back().is_some_and(is_word);
        let after = from[prefix.len()..].find(|c: char| !is_word(c)).map_or(from.len(), |n| prefix.len() + n);
        let (word, tail) = from.split_at(after);
        if inside_word {
            out.push_str(word);
        } else {
            let rest_of_name = word.get(prefix.len()..).unwrap_or_default();
            let constraint = CONSTRAINTS.iter().find_map(|mark| rest_of_name.find(mark));
            out.push_str(logical);
            out.push_str(constraint.and_then(|at| rest_of_name.get(at..)).unwrap_or_default());
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{Names, TableName, in_definition, replace_name};
    use crate::error::SqlError;

    #[test]
    fn collations_that_storing_has_made_are_no_error_of_the_users() {
        let mixed = || SqlError::new(1267, "HY000", "Illegal mix of collations".to_owned());
        let stored = Names { stores_query: true, ..Names::none() };
        assert_eq!((stored.error(mixed()).errno, Names::none().error(mixed()).errno), (1235, 1267));
    }

    #[test]
    fn no_temporary_database_is_named() {
        let table = TableName {
            physical_prefix: "gather_0000".into(),
            logical_table: "t".into(),
            logical_database: "d".into(),
        };
        let names = Names { gathered: std::slice::from_ref(&table), ..Names::none() };
        assert_eq!(
            names.in_text("column 'min(__ostrakon.r.b)' of `__ostrakon`.`gather_0000`"),
            "column 'min(r.b)' of `t`"
        );
    }

    #[test]
    fn a_definition_names_the_logical_table_and_its_constraints() {
        let shown = "CREATE TABLE `t_x7Qa_00` (\n  CONSTRAINT `t_x7Qa_00_chk_1` CHECK (1),\n  CONSTRAINT `t_x7Qa_00b` CHECK (2)\n)";
        let expected =
            "CREATE TABLE `t` (\n  CONSTRAINT `t_chk_1` CHECK (1),\n  CONSTRAINT `t_x7Qa_00b` CHECK (2)\n)";
        for quote in ["`", "\""] {
            let mut text = shown.replace('`', quote);
            in_definition(&mut text, "t");
            assert_eq!(text, expected.replace('`', quote));
        }
        let mut text = "CREATE TABLE `a``b_x7Qa` (\n)".to_owned();
        in_definition(&mut text, "a`b");
        assert_eq!(text, "CREATE TABLE `a``b` (\n)");
    }

    #[test]
    fn physical_names_in_a_text_become_logical() {
        let text = "Table 'shop_ab12_0001.t_order_x7Qa_03' doesn't exist";
        let text = replace_name(text, "t_order_x7Qa", "t_order");
        let text = replace_name(&text, "shop_ab12_0001", "shop");
        assert_eq!(text, "Table 'shop.t_order' doesn't exist");
        let text = "Check constraint 't_order_x7Qa_03_chk_1' is violated.";
        assert_eq!(
            replace_name(text, "t_order_x7Qa", "t_order"),
            "Check constraint 't_order_chk_1' is violated."
        );
        assert_eq!(replace_name("my_t_order_x7Qa_1", "t_order_x7Qa", "t_order"), "my_t_order_x7Qa_1");
    }
}
