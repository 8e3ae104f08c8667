//! Layout: from hashes to a physical table, in the five ways that DRDS's functions place rows.

use ostrakon_catalog::rule::{ShardFunction, ShardingRule};

/// How a rule's hashes become a topology index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    kind: LayoutKind,
    /// Groups that hold tables.
    groups: u64,
    /// Tables in each group.
    tables: u64,
    /// `Interleaved` only: topology index of each global table number.
    order: Vec<usize>,
}

/// Where the numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutKind {
    /// HASH and the running date functions on one key: h mod (D*T) is the table, tables run on over the groups.
    Spread,
    /// UNI_HASH, STR_HASH, RIGHT_SHIFT, RANGE_HASH1 on one key: the group first, so it does not depend on T.
    TwoStep,
    /// RANGE_HASH on one pair of columns: group and table independent, from the same hash.
    Modulo,
    /// YYYYMM_OPT on one key: consecutive tables on different instances.
    Interleaved,
    /// Two keys, or one clause only: group and table each from its own hash.
    Split,
}

impl Layout {
    /// The layout of a rule.
    pub fn of(rule: &ShardingRule) -> Self {
        let kind = layout_kind(rule);
        let groups = if rule.db.is_some() { u64::from(rule.groups.max(1)) } else { 1 };
        let tables = u64::from(rule.tables_per_group.max(1));
        let order = match kind {
            LayoutKind::Interleaved => interleaved_order(rule, groups * tables),
            _ => Vec::new(),
        };
        Self { kind, groups, tables, order }
    }

    pub fn kind(&self) -> LayoutKind {
        self.kind
    }

    /// Groups that hold tables.
    pub fn groups(&self) -> usize {
        self.groups as usize
    }

    /// Tables in each group.
    pub fn tables(&self) -> usize {
        self.tables as usize
    }

    /// Topology index of a table by its group and its position in the group (every layout but `Interleaved`).
    pub fn index(&self, group: usize, table: usize) -> usize {
        group * self.tables() + table
    }

    /// `Split`: the group of the group key's hash.
    pub fn group(&self, hash: u64) -> usize {
        (hash % self.groups) as usize
    }

    /// `Split`: the position in the group of the table key's hash.
    pub fn table(&self, hash: u64) -> usize {
        (hash % self.tables) as usize
    }

    /// One key for both: the topology index of its hash.
    pub fn joint(&self, hash: u64) -> usize {
        match self.kind {
            LayoutKind::Spread => (hash % (self.groups * self.tables)) as usize,
            LayoutKind::TwoStep => {
                let table = (hash / self.groups) % self.tables;
                self.index(self.group(hash), table as usize)
            }
            LayoutKind::Modulo | LayoutKind::Split => self.index(self.group(hash), self.table(hash)),
            LayoutKind::Interleaved => {
                let number = hash % (self.groups * self.tables);
                self.order.get(number as usize).copied().unwrap_or(0)
            }
        }
    }
}

fn layout_kind(rule: &ShardingRule) -> LayoutKind {
    let Some(db) = rule.db.as_ref().filter(|_| is_same_key(rule)) else {
        return LayoutKind::Split;
    };
    match db.function {
        ShardFunction::UniHash
        | ShardFunction::StrHash { .. }
        | ShardFunction::RightShift { .. }
        | ShardFunction::RangeHash1 { .. } => LayoutKind::TwoStep,
        ShardFunction::RangeHash { .. } => LayoutKind::Modulo,
        ShardFunction::YyyymmOpt if rule.tables_per_group > 1 => LayoutKind::Interleaved,
        _ => LayoutKind::Spread,
    }
}

/// True when both clauses name the same function, parameters and columns. Column names compare by case, as DRDS compares them.
pub(crate) fn is_same_key(rule: &ShardingRule) -> bool {
    match (&rule.db, &rule.tb) {
        (Some(db), Some(tb)) => db.function == tb.function && db.columns == tb.columns,
        _ => false,
    }
}

/// (group, global number) of each table of an interleaved layout, in topology order: by group, then by number.
pub(crate) fn interleaved_slots(rule: &ShardingRule, total: u64) -> Vec<(usize, u64)> {
    let group =
        |number| interleaved_group(number, u64::from(rule.groups.max(1)), u64::from(rule.instances.max(1)));
    let mut slots: Vec<(usize, u64)> = (0..total).map(|number| (group(number), number)).collect();
    slots.sort_unstable();
    slots
}

fn interleaved_order(rule: &ShardingRule, total: u64) -> Vec<usize> {
    let mut order = vec![0; total as usize];
    for (index, (_, number)) in interleaved_slots(rule, total).into_iter().enumerate() {
        if let Some(slot) = order.get_mut(number as usize) {
            *slot = index;
        }
    }
    order
}

/// The group of a global table number over D groups and I instances. Where I does not divide D, groups get uneven shares, as in DRDS.
fn interleaved_group(number: u64, groups: u64, instances: u64) -> usize {
    let d = number % groups;
    ((d / instances + (d % instances) * (groups / instances)) % groups) as usize
}
