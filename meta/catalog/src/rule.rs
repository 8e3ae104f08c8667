//! Sharding rules: which function of which columns places a row. The arithmetic itself is the router's.

use serde::{Deserialize, Serialize};

/// DRDS's sharding functions with their fixed parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ShardFunction {
    Hash,
    UniHash,
    /// `STR_HASH(col[, start, end[, value_type[, seed]]])`; defaults -1, -1, 0, 31.
    StrHash {
        start: i32,
        end: i32,
        value_type: u8,
        seed: u32,
    },
    RightShift {
        shift: i64,
    },
    /// `RANGE_HASH(c1, c2, n)`.
    RangeHash {
        tail: u32,
    },
    /// `RANGE_HASH1(c1, c2, n)`, the even form.
    RangeHash1 {
        tail: u32,
    },
    Mm,
    Dd,
    Week,
    Mmdd,
    Yyyymm,
    Yyyyweek,
    Yyyydd,
    YyyymmOpt,
    YyyyweekOpt,
    YyyyddOpt,
    /// `YYYYMM_NOLOOP(col) BETWEEN from AND to`: the table suffix is the period itself.
    YyyymmNoloop {
        from: String,
        to: String,
    },
    YyyyweekNoloop {
        from: String,
        to: String,
    },
    YyyyddNoloop {
        from: String,
        to: String,
    },
}

/// One `DBPARTITION BY` or `TBPARTITION BY` clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    pub function: ShardFunction,
    /// Shard key columns as written in the rule: one, or two for RANGE_HASH.
    pub columns: Vec<String>,
    /// DBPARTITIONS n or TBPARTITIONS n, resolved: groups D, or tables T per group.
    pub count: u32,
}

/// How the text of a string shard key becomes the hashed text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placement {
    /// Folded to the collation's equality first (ours, the default).
    #[default]
    Folded,
    /// The raw text, as DRDS does: `PLACEMENT = DRDS`.
    Drds,
}

/// A sharded table's whole rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardingRule {
    pub db: Option<Partition>,
    pub tb: Option<Partition>,
    /// Groups D of the logical database when the table was made.
    pub groups: u32,
    /// Tables T in each group.
    pub tables_per_group: u32,
    /// Instances I that the groups were spread over (YYYYMM_OPT needs it).
    pub instances: u32,
    pub placement: Placement,
}
