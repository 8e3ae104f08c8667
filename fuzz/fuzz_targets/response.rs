//! Responses: the relay writes whole, numbered packets only, and the same ones whatever pieces its input comes in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_protocol::packet::{HEADER_LENGTH, Header, write_packet};
use ostrakon_protocol::relay::{NoRewrite, Relay, StatusPatch};
use ostrakon_protocol::scanner::ResponseKind;
use ostrakon_protocol::{Capabilities, DecodeError};

const KINDS: [ResponseKind; 6] = [
    ResponseKind::Query,
    ResponseKind::Execute,
    ResponseKind::Prepare,
    ResponseKind::FieldList,
    ResponseKind::Fetch,
    ResponseKind::Simple,
];

fuzz_target!(|input: (Vec<Vec<u8>>, u8, [bool; 4], usize)| {
    let (payloads, kind, flags, cut) = input;
    let mut bytes = Vec::new();
    let mut sequence = 1;
    payloads.iter().for_each(|payload| write_packet(&mut bytes, &mut sequence, payload));
    let mut backend = Capabilities::PROTOCOL_41;
    backend.set(Capabilities::DEPRECATE_EOF, flags[0]);
    backend.set(Capabilities::SESSION_TRACK, flags[1]);
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let relay = Relay::new(kind, backend, flags[2], flags[3], 1);

    let (whole, error) = run(relay.clone(), &bytes, bytes.len());
    let (pieces, same) = run(relay, &bytes, cut % (bytes.len() + 1));
    assert_eq!((&whole, error), (&pieces, same));
    numbered(&whole);
});

fn run(mut relay: Relay, bytes: &[u8], cut: usize) -> (Vec<u8>, Option<DecodeError>) {
    let (mut out, mut start) = (Vec::new(), 0);
    for end in [cut, bytes.len()] {
        match relay.push(&bytes[start..end.max(start)], &mut NoRewrite, StatusPatch::default(), &mut out) {
            Ok(used) => start += used,
            Err(error) => return (out, Some(error)),
        }
    }
    (out, None)
}

fn numbered(mut out: &[u8]) {
    let mut sequence = 1u8;
    while let Some(header) = Header::parse(out) {
        assert_eq!(header.sequence, sequence);
        sequence = sequence.wrapping_add(1);
        out = &out[HEADER_LENGTH + header.length..];
    }
    assert!(out.is_empty());
}
