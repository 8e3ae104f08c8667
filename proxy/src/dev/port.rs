//! Free ports on loopback, below the range that the kernel gives to outgoing connections.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use crate::dev::error::DevError;

/// First port that is tried.
const FIRST: u16 = 11_000;
/// Ports tried; FIRST + SPAN stays below 32768, where Linux starts its own range: a server that is killed and started again
/// on its port must not find an outgoing connection there.
const SPAN: u16 = 21_000;

/// True when nothing listens on `127.0.0.1:port` or `0.0.0.0:port`.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok()
}

/// Waits until a port that was just given up is free again.
pub fn wait_free(port: u16, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    loop {
        if is_free(port) {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A port that is free now. Another process may still take it before it is used: the caller tries again with another one.
pub fn free() -> Result<u16, DevError> {
    for _ in 0..200 {
        let port = FIRST + rand::random::<u16>() % SPAN;
        if is_free(port) {
            return Ok(port);
        }
    }
    Err(DevError::NoPort)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_listened_on_is_not_free() {
        let port = free().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        assert!(!is_free(port));
        drop(listener);
        assert!(wait_free(port, Duration::from_secs(5)));
    }
}
