//! The merge specification: how the rows that several physical statements return become one answer.
//!
//! The planner writes it, `proxy/src/merge` carries it out. Columns are counted from 0 in the rows that the shards return. The
//! planner appends hidden columns (sort values, weights, partial aggregates) after the user's; the merge takes them off again.

/// How to merge. All shards return the same columns: the user's `visible` ones first, then hidden ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MergeSpec {
    /// Columns that the client sees. `None`: the select list has a `*`, so it is the total less `hidden`.
    pub visible: Option<usize>,
    /// Hidden columns at the end of each row.
    pub hidden: usize,
    /// The order in which every physical statement returns its rows. Empty: none, rows are taken as they come.
    pub input_order: Vec<SortKey>,
    /// Rows that are equal in all `input_order` keys are one row: SELECT DISTINCT. (Then `input_order` ends with every visible column.)
    pub distinct: bool,
    /// Set for aggregates, with or without GROUP BY.
    pub group: Option<GroupSpec>,
    /// Order of the finished rows where it is not `input_order`: the finished rows are sorted in memory, within the budget.
    pub output_order: Option<Vec<SortKey>>,
    pub limit: Option<Limit>,
}

/// Where a column is, in a row that a shard returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnRef {
    /// The n-th column from the left.
    Visible(usize),
    /// The n-th hidden column: total - hidden + n.
    Hidden(usize),
}

/// SQL of a weight column: the collation's name, a colon, and the weights of `expression`; NULL for NULL.
///
/// The name must travel with the weights: how a shorter string is padded depends on the collation, and a column definition
/// does not tell it (it carries the collation of `character_set_results` for every character column).
// The cast: MySQL would convert the weights to the name's character set otherwise, and refuses (error 3854, seen with 9.7).
pub fn weight_expression(expression: &str) -> String {
    format!("CONCAT(CAST(COLLATION({expression}) AS BINARY), ':', WEIGHT_STRING({expression}))")
}

/// One sort key. NULL sorts first, last when descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// The value, used when its type is a number, a date or binary. Some types do not show their order in what they print,
    /// so this is a hidden column then: `e + 0` for ENUM and SET (ordered by number), `e + 0e0` for FLOAT (the text
    /// protocol prints 6 digits of it), `UNIX_TIMESTAMP(e)` for TIMESTAMP (an hour that daylight saving repeats).
    pub value: ColumnRef,
    /// Column made by [`weight_expression`], used when the value is a character string (of any collation but `binary`, so of
    /// `utf8mb4_bin` too). A string key without it is refused by the merge.
    pub weight: Option<ColumnRef>,
    pub descending: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct GroupSpec {
    /// Rows equal in these keys are one group; the rows come ordered by `input_order`, which starts with the keys in some
    /// order. Empty: all rows are one group (and no row at all still gives one answer row, from `on_empty` shards' rows).
    pub keys: Vec<SortKey>,
    /// How each visible column is made. Same length as the visible columns.
    pub outputs: Vec<Aggregate>,
    /// Aggregates that only HAVING or ORDER BY use: (hidden column that holds and receives it, how).
    pub hidden_outputs: Vec<(usize, Aggregate)>,
    pub having: Option<Having>,
}

/// How a column of a group is made from its partial rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// The first partial row's value: a group key or a value that depends on it.
    First,
    /// COUNT: the sum of the partial counts, BIGINT.
    Count,
    /// SUM of partial sums, exact for decimals, double for approximate types; NULL when all are NULL.
    Sum,
    Min {
        /// Hidden weight column when the value is a string: [`weight_expression`] of `MIN(e)`.
        weight: Option<ColumnRef>,
    },
    Max {
        weight: Option<ColumnRef>,
    },
    /// Quotient of two hidden partials, with the scale that the column's definition has (MySQL: scale + div_precision_increment).
    Avg {
        sum: ColumnRef,
        count: ColumnRef,
    },
}

/// LIMIT. The physical statements carry `LIMIT offset + count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub offset: Operand,
    pub count: Operand,
}

/// A row count that is known at planning or only with the statement's literals and parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    Constant(u64),
    /// The n-th hole of the template (a literal, or a parameter marker).
    Hole(usize),
}

/// HAVING over merged aggregates: what the merge can decide exactly.
#[derive(Clone, Debug, PartialEq)]
pub enum Having {
    And(Vec<Having>),
    Or(Vec<Having>),
    Not(Box<Having>),
    /// `column op number`; NULL on either side is unknown, and unknown rejects the row (three-valued logic inside AND, OR, NOT).
    Compare {
        column: ColumnRef,
        op: CompareOp,
        with: HavingOperand,
    },
    IsNull {
        column: ColumnRef,
        negated: bool,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum HavingOperand {
    /// A numeric literal or parameter.
    Hole(usize),
    /// Another numeric column.
    Column(ColumnRef),
    /// A number that stands in the template itself.
    Number(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
}
