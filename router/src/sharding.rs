//! Sharding: which physical table a row belongs to, what that table is called, and which tables a condition can reach.
//!
//! ```text
//! rule::resolve      CREATE TABLE's clause -> a checked TableKind for the catalog, with warnings
//! Placer::new        table + database -> everything that routing needs, built once for a plan
//!   place_row        INSERT: key values -> the one physical table, or an error; never a guess
//!   point, prune     WHERE: conditions on key columns -> physical tables; may give too many, never too few
//!   topology         physical table index -> group, name, quoted name
//! ```
//! Inside: `convert` (a literal to the key column's type), `fold` (strings that a collation calls equal become one text),
//! `function` (key to hash), `layout` (hash to group and table), `calendar` (the dates behind the date functions).

pub mod calendar;
mod convert;
pub mod fold;
pub mod function;
mod half;
pub mod key;
pub mod layout;
pub mod placer;
pub mod prune;
pub mod rule;
pub mod shard_set;
pub mod text;
pub mod topology;

pub use fold::CollationFold;
pub use placer::{Placer, PointRoute};
pub use prune::ColumnCondition;
pub use shard_set::ShardSet;
pub use topology::{PhysicalTable, Topology};
