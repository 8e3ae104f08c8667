//! Hosts of accounts: patterns of addresses. A node looks no names up, so a host is an address, a network, or a pattern of an address's text.

use std::net::IpAddr;

use ostrakon_catalog::privilege::matches;

/// A host, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    Address(IpAddr),
    /// `localhost`: whoever is on the node's own machine.
    Loopback,
    /// `10.0.0.0/8`, `10.0.0.0/255.0.0.0`.
    Network {
        address: IpAddr,
        bits: u8,
    },
    /// With `%` or `_` for parts of the text.
    Text(String),
}

impl HostPattern {
    /// `None` for what is no address, network or pattern: a name, above all.
    pub fn parse(host: &str) -> Option<Self> {
        if host == "localhost" {
            return Some(Self::Loopback);
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical()));
        }
        if let Some((address, mask)) = host.split_once('/') {
            let address = address.parse::<IpAddr>().ok()?;
            let bits = mask_bits(mask, address)?;
            // As a server: an address with bits outside of its mask matches nothing, so it is none.
            return (masked(address, bits) == address).then_some(Self::Network { address, bits });
        }
        let is_of_address = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '%' | '_');
        let has_wildcard = host.contains(['%', '_']);
        (has_wildcard && host.chars().all(is_of_address)).then(|| Self::Text(host.to_owned()))
    }

    pub fn matches(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        match self {
            Self::Address(address) => *address == peer,
            Self::Loopback => peer.is_loopback(),
            Self::Network { address, bits } => {
                address.is_ipv4() == peer.is_ipv4() && masked(peer, *bits) == *address
            }
            Self::Text(pattern) => matches(pattern, &peer.to_string()),
        }
    }

    /// The more specific, the greater.
    pub fn rank(&self) -> (u8, usize) {
        match self {
            Self::Address(_) => (3, 0),
            Self::Loopback => (2, 0),
            Self::Network { bits, .. } => (1, usize::from(*bits)),
            Self::Text(pattern) => (0, pattern.find(['%', '_']).unwrap_or(pattern.len())),
        }
    }
}

/// How many bits a mask has: `8`, `255.0.0.0`.
fn mask_bits(mask: &str, address: IpAddr) -> Option<u8> {
    let most = if address.is_ipv4() { 32 } else { 128 };
    if mask.bytes().all(|byte| byte.is_ascii_digit()) {
        return mask.parse().ok().filter(|bits| *bits <= most);
    }
    match (mask.parse::<IpAddr>().ok()?, address) {
        (IpAddr::V4(mask), IpAddr::V4(_)) => {
            let bits = u32::from(mask);
            let length = bits.leading_ones();
            (bits.checked_shl(length).unwrap_or(0) == 0).then_some(length as u8)
        }
        _ => None,
    }
}

fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((u32::from(address) & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6((u128::from(address) & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_match_as_on_a_server_that_looks_no_names_up() {
        for (host, peer, expected) in [
            ("%", "10.0.0.1", true),
            ("%", "::1", true),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.10", false),
            ("10.0.0.%", "10.0.0.10", true),
            ("10.0.0.%", "10.0.1.0", false),
            ("10.0.0._", "10.0.0.7", true),
            ("10.0.0._", "10.0.0.17", false),
            ("localhost", "127.0.0.1", true),
            ("localhost", "127.3.2.1", true),
            ("localhost", "::1", true),
            ("localhost", "10.0.0.1", false),
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/255.255.0.0", "10.0.9.9", true),
            ("10.0.0.0/255.255.0.0", "10.1.9.9", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fd12::1", true),
            ("::1", "::1", true),
            ("fe80:%", "fe80::1", true),
        ] {
            let pattern = HostPattern::parse(host).unwrap();
            assert_eq!(pattern.matches(peer.parse().unwrap()), expected, "{host} {peer}");
        }
    }

    #[test]
    fn what_is_no_address_is_no_host() {
        for host in [
            "app1",
            "app1.example.com",
            "%.example.com",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/255.0.255.0",
            "a/8",
            "",
        ] {
            assert_eq!(HostPattern::parse(host), None, "{host}");
        }
    }
}
