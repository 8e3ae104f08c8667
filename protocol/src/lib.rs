//! The MySQL wire protocol in both directions, without IO: bytes in, values or bytes out.
//!
//! Nothing here reads a socket, a clock or a configuration, and nothing knows what SQL means. Every length that comes from
//! the other side is checked before it is used, so arbitrary bytes give a [`DecodeError`], never a panic and never a large
//! allocation.
//!
//! Framing is in [`packet`], login in [`handshake`] and [`auth`], requests in [`command`] and [`statement`], answers in
//! [`response`], [`column`] and [`row`].
#![forbid(unsafe_code)]

pub mod auth;
pub mod capability;
pub mod column;
pub mod command;
pub mod convert;
pub mod errno;
mod error;
mod flags;
pub mod handshake;
pub mod lenenc;
pub mod packet;
pub mod response;
pub mod row;
pub mod statement;
pub mod status;
pub mod value;

pub use capability::Capabilities;
pub use error::DecodeError;
pub use status::Status;
