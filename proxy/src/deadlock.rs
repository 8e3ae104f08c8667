//! Deadlocks over several instances, which no server sees: found within a second, and ended by one victim.
//!
//! A server ends a cycle of its own transactions. A cycle over two servers would last until `innodb_lock_wait_timeout`, because each sees half of it.
//! Sessions that wait while they hold branches elsewhere say so (`wait`); a thread of each node looks at them (`detector`), asks the
//! servers concerned who waits for whom (`edges`), and joins the answers over the connections of one transaction (`graph`).

pub mod detector;
mod edges;
pub mod graph;
pub mod history;
pub mod wait;
