//! Nodes in one process that speak to each other over real connections on loopback.

mod kit;
mod membership;
mod replication;
mod security;
