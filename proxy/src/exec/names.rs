//! Physical names never reach a client: column definitions and error texts get the logical ones.

use ostrakon_catalog::schema::Database;
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_router::plan::{RoutedPlan, TableName};
use ostrakon_router::sharding::Topology;

/// The names of one statement's tables.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    tables: &'a [TableName],
    database: Option<&'a Database>,
}

impl<'a> Names<'a> {
    pub fn of(plan: &'a RoutedPlan) -> Self {
        Self { tables: &plan.tables, database: plan.database.as_deref() }
    }

    /// No table is named.
    pub fn none() -> Self {
        Self { tables: &[], database: None }
    }

    /// Some physical name may have to be replaced.
    pub fn is_active(&self) -> bool {
        !self.tables.is_empty()
    }

    fn of_physical(&self, physical: &[u8]) -> Option<&TableName> {
        self.tables
            .iter()
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
        for table in self.tables {
            out = replace_name(&out, &table.physical_prefix, &table.logical_table);
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

/// Replaces each word that starts with `prefix` and goes on with name characters by `logical`.
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
        out.push_str(if inside_word { word } else { logical });
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::replace_name;

    #[test]
    fn physical_names_in_a_text_become_logical() {
        let text = "Table 'shop_ab12_0001.t_order_x7Qa_03' doesn't exist";
        let text = replace_name(text, "t_order_x7Qa", "t_order");
        let text = replace_name(&text, "shop_ab12_0001", "shop");
        assert_eq!(text, "Table 'shop.t_order' doesn't exist");
        assert_eq!(replace_name("my_t_order_x7Qa_1", "t_order_x7Qa", "t_order"), "my_t_order_x7Qa_1");
    }
}
