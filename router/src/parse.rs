//! Statement parsers: flat statements and DDL on our own tokens, SELECT and DML through sqlparser behind one door.

pub mod command;
pub mod ddl;
