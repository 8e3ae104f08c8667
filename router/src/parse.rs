//! Statement parsers: flat statements and DDL on our own tokens, SELECT and DML through sqlparser behind one door.

mod account;
#[cfg(test)]
mod account_tests;
mod admin;
#[cfg(test)]
mod admin_tests;
pub mod administration;
mod alter_table;
mod cluster;
mod column;
pub mod command;
mod create_table;
mod cursor;
mod data_type;
pub mod ddl;
#[cfg(test)]
mod ddl_tests;
mod definition;
mod explain;
mod flat;
mod grant;
mod guard;
pub mod hint;
mod instance;
mod job;
mod key;
mod prepared;
mod redact;
pub mod sequence;
mod set;
mod sharding_clause;
mod show;
mod table_lock;
mod table_option;
#[cfg(test)]
mod tests;
mod transaction;
mod user;
mod view;

pub use definition::parse_ddl;
pub use flat::parse_command;
pub use key::free_key_name;
pub use redact::redact;
