//! Headers as the specification and balancers write them, and what is not quite one.

use proptest::prelude::*;

use super::*;

/// A header of version 2 with these addresses.
fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend_from_slice(&[0x20 | command, family]);
    bytes.extend_from_slice(&u16::try_from(rest.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(rest);
    bytes
}

fn whole(bytes: &[u8], origin: Origin) -> Result<Taken, ProxyHeaderError> {
    Ok(Taken::Header { origin, consumed: bytes.len() })
}

fn address(text: &str) -> Origin {
    Origin::Client(text.parse().unwrap())
}

#[test]
fn clients_of_both_families_are_told() {
    let four = header(1, 0x11, &[10, 1, 2, 3, 192, 168, 0, 1, 0xC0, 0x01, 0x0C, 0xEB]);
    assert_eq!(take(&four), whole(&four, address("10.1.2.3:49153")));
    let mut six = [0; 36];
    six[15] = 1;
    six[32..].copy_from_slice(&[0, 80, 0x0C, 0xEB]);
    let six = header(1, 0x21, &six);
    assert_eq!(take(&six), whole(&six, address("[::1]:80")));
    for (line, expected) in [
        ("PROXY TCP4 10.1.2.3 192.168.0.1 49153 3307\r\n", address("10.1.2.3:49153")),
        ("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", address("[2001:db8::1]:0")),
        ("PROXY UNKNOWN\r\n", Origin::Local),
        ("PROXY UNKNOWN anything at all\r\n", Origin::Local),
    ] {
        assert_eq!(take(line.as_bytes()), whole(line.as_bytes(), expected), "{line}");
    }
}

#[test]
fn what_follows_the_addresses_is_skipped_and_what_follows_the_header_is_left() {
    let mut bytes = header(1, 0x11, &[10, 1, 2, 3, 192, 168, 0, 1, 0, 1, 0, 2, 0x04, 0, 1, 0]);
    let consumed = bytes.len();
    bytes.extend_from_slice(b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n");
    assert_eq!(take(&bytes), Ok(Taken::Header { origin: address("10.1.2.3:1"), consumed }));
}

#[test]
fn a_balancers_own_connection_is_its_own() {
    for bytes in
        [header(0, 0, &[]), header(0, 0x11, &[1; 12]), header(1, 0, &[9; 3]), header(1, 0x31, &[0; 216])]
    {
        assert_eq!(take(&bytes), whole(&bytes, Origin::Local));
    }
}

#[test]
fn what_is_not_exactly_a_header_is_none() {
    use ProxyHeaderError::{Absent, Malformed, TooLong, Version};
    for (bytes, error) in [
        (&b"\x4a\0\0\x01"[..], Absent),
        (b"\r\n\r\n\0\r\nQUIT ", Absent),
        (b"PROXX", Absent),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", Malformed("its addresses are not those of its family")),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", Malformed("its addresses are not those of its family")),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n", Malformed("its addresses are not those of its family")),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", Malformed("its addresses are not those of its family")),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n", Malformed("its addresses are not those of its family")),
        (b"PROXY TCP4 ::1 ::2 1 2\r\n", Malformed("its addresses are not those of its family")),
        (b"PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n", Malformed("its addresses are not those of its family")),
        (b"PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", Malformed("an unknown family")),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", Malformed("its line is no text")),
        (&[b"PROXY UNKNOWN ".as_slice(), &[b'x'; 100]].concat(), Malformed("its line does not end")),
        (&[SIGNATURE.as_slice(), &[0x11, 0x11, 0, 12]].concat(), Version(1)),
        (&[SIGNATURE.as_slice(), &[0x21, 0x11, 0xFF, 0xFF]].concat(), TooLong(65551)),
        (&header(1, 0x12, &[0; 12]), Malformed("a client that does not come by TCP")),
        (&header(2, 0x11, &[0; 12]), Malformed("an unknown command")),
        (&header(1, 0x11, &[0; 11]), Malformed("it is shorter than its addresses")),
        (&header(1, 0x21, &[0; 35]), Malformed("it is shorter than its addresses")),
    ] {
        assert_eq!(take(bytes), Err(error), "{}", String::from_utf8_lossy(bytes));
    }
}

/// Feeds `bytes` as a socket would that gives what is asked for and no more: what came of it, and how many bytes were asked for.
fn read(bytes: &[u8]) -> (Result<Taken, ProxyHeaderError>, usize) {
    let mut asked = 0;
    loop {
        match take(&bytes[..asked]) {
            Ok(Taken::NeedMore { at_least }) if at_least <= bytes.len() => {
                assert!(at_least > asked);
                asked = at_least;
            }
            other => return (other, asked),
        }
    }
}

proptest! {
    #[test]
    fn headers_are_read_without_a_byte_beyond_them(
        source: (IpAddr, u16),
        destination: IpAddr,
        extra in proptest::collection::vec(any::<u8>(), 0..100),
        tail in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let (ip, port) = source;
        let octets = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        let mut rest = octets(ip);
        let length = rest.len();
        rest.extend_from_slice(&octets(destination));
        rest.resize(length * 2, 7);
        rest.extend_from_slice(&port.to_be_bytes());
        rest.extend_from_slice(&[1, 2]);
        rest.extend_from_slice(&extra);
        let mut headers = vec![header(1, if ip.is_ipv4() { 0x11 } else { 0x21 }, &rest)];
        let (family, other) = match ip {
            IpAddr::V4(_) => ("TCP4", "127.0.0.1"),
            IpAddr::V6(_) => ("TCP6", "::1"),
        };
        headers.push(format!("PROXY {family} {ip} {other} {port} 1\r\n").into_bytes());
        for bytes in headers {
            let consumed = bytes.len();
            let stream = [bytes, tail.clone()].concat();
            let expected = Ok(Taken::Header { origin: Origin::Client(SocketAddr::new(ip, port)), consumed });
            prop_assert_eq!(read(&stream), (expected, consumed));
            for cut in 0..consumed {
                let (part, _) = read(&stream[..cut]);
                prop_assert!(matches!(part, Ok(Taken::NeedMore { .. })), "{part:?} after {cut} bytes");
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        start in 0usize..3,
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let start = [&b""[..], &SIGNATURE, PREFIX][start];
        let stream = [start, &bytes].concat();
        if let (Ok(Taken::Header { consumed, .. }), asked) = read(&stream) {
            prop_assert_eq!(consumed, asked);
        }
        let _ = take(&stream);
    }
}
