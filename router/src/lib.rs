//! The router: SQL text in, plan out. Values and functions only: no IO, no clock, no randomness, no tokio.
//!
//! `lexer` (template and tokens) -> `parse` (flat statements, DDL; SELECT and DML through sqlparser) -> `plan` (binding, pruning
//! conditions, merge specification) -> `plan::Plan::route_into` (arithmetic on literals, names spliced into the user's own text).

pub mod access;
pub mod error;
pub mod lexer;
pub mod merge;
pub mod parse;
pub mod plan;
pub mod privilege;
pub mod sharding;
pub mod value;

pub use error::RouterError;
