//! The header of the PROXY protocol, versions 1 and 2: what a load balancer says, before anything else, of whose connection it passes on.
//!
//! After "The PROXY protocol", haproxy.org, sections 2.1 and 2.2. The header is taken from the front of a stream of which no byte beyond it may be
//! read before it is whole, so each step says how many bytes it wants. A header that is not exactly right is an error: an address that was guessed
//! would be trusted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How a header of version 2 begins.
pub const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// How a header of version 1 begins.
const PREFIX: &[u8] = b"PROXY ";
/// Longest line of version 1, its end included.
const LINE_MAX: usize = 107;
/// Bytes of version 2 before the addresses.
const FIXED: usize = 16;
/// Longest header of version 2 that is accepted. Its length field could say 64 KiB; addresses take at most 216 bytes, and what balancers add is short.
pub const LENGTH_MAX: usize = 4096;

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The balancer's own, as of a health check; or it does not know.
    Local,
    /// The client's address as the balancer saw it.
    Client(SocketAddr),
}

/// What [`take`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Not whole yet: call again with at least this many bytes, of which none is beyond the header.
    NeedMore { at_least: usize },
    Header {
        origin: Origin,
        /// Bytes of the header.
        consumed: usize,
    },
}

/// Why there is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyHeaderError {
    #[error("no PROXY protocol header")]
    Absent,
    #[error("version {0} of the PROXY protocol")]
    Version(u8),
    #[error("a PROXY protocol header of {0} bytes, of at most {LENGTH_MAX}")]
    TooLong(usize),
    #[error("a malformed PROXY protocol header: {0}")]
    Malformed(&'static str),
}

/// The header at the front of `bytes`.
pub fn take(bytes: &[u8]) -> Result<Taken, ProxyHeaderError> {
    match bytes.first() {
        None => Ok(Taken::NeedMore { at_least: 1 }),
        Some(first) if *first == SIGNATURE[0] => binary(bytes),
        Some(first) if *first == PREFIX[0] => line(bytes),
        Some(_) => Err(ProxyHeaderError::Absent),
    }
}

/// Whether `bytes` go on as `start` does.
fn agrees(bytes: &[u8], start: &[u8]) -> bool {
    bytes.iter().zip(start).all(|(byte, expected)| byte == expected)
}

fn binary(bytes: &[u8]) -> Result<Taken, ProxyHeaderError> {
    if !agrees(bytes, &SIGNATURE) {
        return Err(ProxyHeaderError::Absent);
    }
    let Some(&[.., command, family, high, low]) = bytes.first_chunk::<FIXED>() else {
        return Ok(Taken::NeedMore { at_least: FIXED });
    };
    if command >> 4 != 2 {
        return Err(ProxyHeaderError::Version(command >> 4));
    }
    let consumed = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if consumed > LENGTH_MAX {
        return Err(ProxyHeaderError::TooLong(consumed));
    }
    let Some(rest) = bytes.get(FIXED..consumed) else { return Ok(Taken::NeedMore { at_least: consumed }) };
    let short = ProxyHeaderError::Malformed("it is shorter than its addresses");
    let origin = match (command & 0x0F, family) {
        (0, _) => Origin::Local,
        (1, 0x11) => {
            let [a, b, c, d, _, _, _, _, high, low, ..] = *rest.first_chunk::<12>().ok_or(short)?;
            client(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]))
        }
        (1, 0x21) => {
            let addresses = rest.first_chunk::<36>().ok_or(short)?;
            let address = addresses.first_chunk::<16>().ok_or(short)?;
            let [high, low, ..] = *addresses.last_chunk::<4>().ok_or(short)?;
            client(Ipv6Addr::from(*address), u16::from_be_bytes([high, low]))
        }
        // Nothing is known of it, or it came by a Unix socket of the balancer's machine.
        (1, 0x00 | 0x31) => Origin::Local,
        (1, _) => return Err(ProxyHeaderError::Malformed("a client that does not come by TCP")),
        _ => return Err(ProxyHeaderError::Malformed("an unknown command")),
    };
    Ok(Taken::Header { origin, consumed })
}

fn line(bytes: &[u8]) -> Result<Taken, ProxyHeaderError> {
    if !agrees(bytes, PREFIX) {
        return Err(ProxyHeaderError::Absent);
    }
    let end = bytes.iter().take(LINE_MAX).position(|byte| *byte == b'\n');
    let Some(end) = end else {
        return match bytes.len() < LINE_MAX {
            // Its length is not known before it ends.
            true => Ok(Taken::NeedMore { at_least: bytes.len() + 1 }),
            false => Err(ProxyHeaderError::Malformed("its line does not end")),
        };
    };
    let text = bytes.get(PREFIX.len()..end).and_then(|line| line.strip_suffix(b"\r"));
    let text = text.and_then(|line| std::str::from_utf8(line).ok());
    let text = text.ok_or(ProxyHeaderError::Malformed("its line is no text"))?;
    Ok(Taken::Header { origin: origin(text)?, consumed: end + 1 })
}

/// What follows `PROXY `: `TCP4 source destination port port`, or `UNKNOWN` and anything.
fn origin(text: &str) -> Result<Origin, ProxyHeaderError> {
    let mut words = text.split(' ');
    let family = words.next().unwrap_or_default();
    if family == "UNKNOWN" {
        return Ok(Origin::Local);
    }
    let wrong = ProxyHeaderError::Malformed("its addresses are not those of its family");
    let mut address = || words.next().and_then(|word| word.parse::<IpAddr>().ok()).ok_or(wrong);
    let (source, destination) = (address()?, address()?);
    let mut port = || {
        let word = words.next().unwrap_or_default();
        // Not all that `parse` takes: a sign, zeros before.
        let is_plain = word == "0" || word.starts_with(|c: char| c.is_ascii_digit() && c != '0');
        is_plain.then(|| word.parse::<u16>().ok()).flatten()
    };
    let ports = (port(), port());
    let fits = match family {
        "TCP4" => source.is_ipv4() && destination.is_ipv4(),
        "TCP6" => source.is_ipv6() && destination.is_ipv6(),
        _ => return Err(ProxyHeaderError::Malformed("an unknown family")),
    };
    match (ports, words.next()) {
        ((Some(port), Some(_)), None) if fits => Ok(client(source, port)),
        _ => Err(wrong),
    }
}

fn client(address: impl Into<IpAddr>, port: u16) -> Origin {
    Origin::Client(SocketAddr::new(address.into(), port))
}

#[cfg(test)]
mod tests;
