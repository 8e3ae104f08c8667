//! The MySQL wire protocol in both directions, without IO: bytes in, values or bytes out.
//!
//! Nothing here reads a socket, a clock or a configuration, and nothing knows what SQL means. Every length that comes from
//! the other side is checked before it is used, so arbitrary bytes give a [`DecodeError`], never a panic and never a large
//! allocation.
//!
//! Framing is in [`packet`], what a load balancer says before in [`proxy_header`], login in [`handshake`] and [`auth`], requests in [`command`] and [`statement`], answers in
//! [`response`], [`mod@column`] and [`row`]; [`compression`] is around all packets. [`scanner`] and [`relay`] are the hot path: they find the end of an answer, and
//! forward it, looking at packet headers only.
#![forbid(unsafe_code)]

pub mod auth;
pub mod capability;
pub mod column;
pub mod command;
pub mod compression;
pub mod convert;
pub mod errno;
mod error;
mod flags;
pub mod handshake;
pub mod lenenc;
pub mod packet;
pub mod proxy_header;
pub mod relay;
pub mod response;
#[cfg(test)]
mod response_model;
pub mod row;
pub mod scanner;
pub mod statement;
pub mod status;
pub mod value;

pub use capability::Capabilities;
pub use error::DecodeError;
pub use status::Status;
