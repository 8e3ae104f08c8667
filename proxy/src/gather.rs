//! Gather: rows of many physical tables go into temporary tables of one server, which runs the statement over them.
//!
//! `run` takes a statement through: `source` plans where rows come from, `connection` is where they go, `load` brings them there within the `budget`,
//! small ones first, as `statistics` says, under the eye of a `guard`. `system` brings the rows of information_schema.

pub mod budget;
pub mod connection;
pub mod explain;
pub mod guard;
pub mod load;
mod run;
pub mod source;
pub mod statistics;
pub mod system;
mod system_own;
mod system_views;
