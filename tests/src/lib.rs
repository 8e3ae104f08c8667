//! Test kit: clusters of real servers that a test owns, a plain server beside them, and comparison of what the two answer.
//!
//! Each test starts its own cluster, in about a second, from a template data directory, and takes it down; nothing is shared, so
//! tests run in any order and at once. A cluster of a failed test leaves its folder behind, with the logs.

pub mod balancer;
pub mod branches;
pub mod cluster;
pub mod compare;
pub mod elle;
pub mod family;
pub mod groups;
pub mod likeness;
pub mod pair;
pub mod physical;
pub mod place;
pub mod program;
pub mod raw;
pub mod slow_line;
pub mod statement;
pub mod wire;
