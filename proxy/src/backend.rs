//! The backend side: connections to instances, what settings they have, and the pools that share them between sessions.

pub mod connection;
pub mod leavings;
pub mod local;
pub mod pipeline;
pub mod pool;
pub mod settings;
pub mod tls;
