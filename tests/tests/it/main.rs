//! Integration tests on real servers: one binary, one module for each subject.

mod admin;
mod big;
mod chaos;
mod check_table;
mod clients;
mod crash;
mod crud;
mod ddl;
mod differential;
mod garbage;
mod job_statements;
mod jobs;
mod jobs_crash;
mod jobs_takeover;
mod kill;
mod launcher;
mod leak;
mod merge;
mod prepared;
mod sequence;
mod sequence_nodes;
mod session;
mod show;
mod sysbench;
mod transaction;
mod types;
