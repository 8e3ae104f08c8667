//! Framing: a stream cut into pieces gives the payloads of the whole stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_protocol::packet::{Assembler, Taken};

const LIMIT: usize = 4096;

fuzz_target!(|input: (Vec<u8>, usize)| {
    let (bytes, cut) = input;
    let whole = payloads(&bytes, bytes.len());
    let pieces = payloads(&bytes, cut % (bytes.len() + 1));
    assert_eq!(whole, pieces);
});

/// All payloads when the stream first comes up to `cut`; None in the end stands for an error.
fn payloads(bytes: &[u8], cut: usize) -> Vec<Option<Vec<u8>>> {
    let mut assembler = Assembler::new(LIMIT);
    let (mut found, mut start) = (Vec::new(), 0);
    for end in [cut, bytes.len()] {
        loop {
            match assembler.take(&bytes[start..end.max(start)]) {
                Ok(Taken::Packet { payload, consumed, .. }) => {
                    assert!(payload.len() <= LIMIT);
                    found.push(Some(payload.into_owned()));
                    start += consumed;
                }
                Ok(Taken::NeedMore { at_least }) => {
                    assert!(start + at_least > end);
                    break;
                }
                Err(_) => {
                    found.push(None);
                    return found;
                }
            }
        }
    }
    found
}
