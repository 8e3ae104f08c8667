//! Topology: the physical tables of a logical table in order, with their groups and names.

use ostrakon_catalog::rule::{ShardFunction, ShardingRule};
use ostrakon_catalog::schema::{Database, Table, TableKind};

use super::layout::{Layout, LayoutKind, interleaved_slots, is_same_key};
use crate::RouterError;

/// MySQL's limit for an identifier, in characters.
const NAME_CHARS_MAX: usize = 64;
/// `_` and the four characters of the random part.
const SUFFIX_CHARS: usize = 5;

/// One physical table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhysicalTable {
    /// Position in the topology; what `ShardSet`, `PhysicalStatement::shard` and SHOW TOPOLOGY count.
    pub index: usize,
    /// Position of the group in `Database::groups`.
    pub group: usize,
    /// Physical table name, unquoted.
    pub name: Box<str>,
    /// `` `physical database`.`physical table` ``, ready to splice into a statement.
    pub quoted: Box<str>,
}

/// All physical tables of one logical table, ordered by group and then by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    tables: Vec<PhysicalTable>,
    prefix: String,
}

impl Topology {
    /// Lists the physical tables. Single tables have one, in group 0; broadcast tables one in each group.
    ///
    /// Errors: 1235 when the database has fewer groups than the rule was made for.
    pub fn new(table: &Table, database: &Database) -> Result<Self, RouterError> {
        let suffix = table.name_suffix.as_deref();
        let (prefix, slots) = match &table.kind {
            TableKind::Single => (cut_name(&table.physical_base, suffix, 0), vec![(0, None)]),
            TableKind::Broadcast => {
                let copies = (0..database.groups.len()).map(|group| (group, None)).collect();
                (cut_name(&table.physical_base, suffix, 0), copies)
            }
            TableKind::Sharded(rule) => sharded_slots(&table.physical_base, suffix, rule),
        };
        let digits = match &table.kind {
            TableKind::Sharded(rule) => Naming::of(rule).digits,
            _ => 0,
        };
        let mut tables = Vec::with_capacity(slots.len());
        for (index, (group, number)) in slots.into_iter().enumerate() {
            let Some(found) = database.groups.get(group) else {
                return Err(RouterError::not_supported(format_args!(
                    "table '{}' was made for more groups than database '{}' has",
                    table.name, database.name
                )));
            };
            let name = match number {
                Some(number) => format!("{prefix}_{number:0digits$}"),
                None => prefix.clone(),
            };
            let quoted = format!("{}.{}", quote(&found.physical_database), quote(&name));
            tables.push(PhysicalTable { index, group, name: name.into(), quoted: quoted.into() });
        }
        Ok(Self { tables, prefix })
    }

    /// Number of physical tables.
    pub fn len(&self) -> usize {
        self.tables.len()
    }

    /// Never true for a topology of a database with groups.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The table at `index`, `None` beyond the end.
    pub fn get(&self, index: usize) -> Option<&PhysicalTable> {
        self.tables.get(index)
    }

    /// All tables, in index order.
    pub fn tables(&self) -> &[PhysicalTable] {
        &self.tables
    }

    /// Text that every physical name starts with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// How the tables of a rule are numbered.
struct Naming {
    /// Zero-padded width of the number; 0 when there is none.
    digits: usize,
    /// Numbers run on over all groups (`t_00` to `t_31`) instead of starting again in each.
    global: bool,
}

impl Naming {
    fn of(rule: &ShardingRule) -> Self {
        let same_key = is_same_key(rule);
        let tables = rule.tables_per_group;
        if tables <= 1 {
            return Self { digits: 0, global: false };
        }
        let counted = if same_key { u64::from(rule.groups) * u64::from(tables) } else { u64::from(tables) };
        // RANGE_HASH pads as the global form does but numbers each group's tables from 0 (DRDS does so).
        let global = same_key
            && !matches!(rule.db.as_ref().map(|p| &p.function), Some(ShardFunction::RangeHash { .. }));
        Self { digits: counted.to_string().len(), global }
    }
}

/// (group, number) of each table in topology order, and the text before the number.
fn sharded_slots(
    base: &str,
    suffix: Option<&str>,
    rule: &ShardingRule,
) -> (String, Vec<(usize, Option<u64>)>) {
    let naming = Naming::of(rule);
    let same_key = is_same_key(rule);
    let groups = if rule.db.is_some() { rule.groups as usize } else { 1 };
    // DRDS gives this one form no random part.
    let suffix = if same_key && groups == 1 && rule.tables_per_group == 1 { None } else { suffix };
    let number_chars = if naming.digits == 0 { 0 } else { naming.digits + 1 };
    let prefix = cut_name(base, suffix, number_chars);
    let tables = rule.tables_per_group as usize;
    if Layout::of(rule).kind() == LayoutKind::Interleaved {
        let slots = interleaved_slots(rule, (groups * tables) as u64);
        return (prefix, slots.into_iter().map(|(group, number)| (group, Some(number))).collect());
    }
    let mut slots = Vec::with_capacity(groups * tables);
    for group in 0..groups {
        for table in 0..tables {
            let number = if naming.global { group * tables + table } else { table };
            slots.push((group, (naming.digits > 0).then_some(number as u64)));
        }
    }
    (prefix, slots)
}

/// Logical name, `_`, random part; the name is cut so that the whole fits MySQL's 64 characters. Without a random part nothing is cut.
fn cut_name(base: &str, suffix: Option<&str>, number_chars: usize) -> String {
    match suffix {
        Some(suffix) => {
            let keep = NAME_CHARS_MAX.saturating_sub(SUFFIX_CHARS.max(suffix.len() + 1) + number_chars);
            let cut: String = base.chars().take(keep).collect();
            format!("{cut}_{suffix}")
        }
        None => base.to_owned(),
    }
}

/// An identifier in backticks.
pub fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
