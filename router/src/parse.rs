//! Statement parsers: flat statements and DDL on our own tokens, SELECT and DML through sqlparser behind one door.

mod admin;
pub mod command;
mod cursor;
pub mod ddl;
mod explain;
mod flat;
mod set;
mod show;
#[cfg(test)]
mod tests;
mod transaction;

pub use flat::parse_command;
