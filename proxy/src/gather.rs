//! Gather: rows of many physical tables go into temporary tables of one server, which runs the statement over them.
//!
//! `connection` is where that happens, `load` brings rows there, `run` takes a statement through.

pub mod connection;
pub mod load;
mod run;
