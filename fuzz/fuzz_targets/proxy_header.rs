//! The PROXY protocol's header: no byte beyond it is asked for, and what comes in pieces is what comes at once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_protocol::proxy_header::{LENGTH_MAX, ProxyHeaderError, Taken, take};

fuzz_target!(|bytes: &[u8]| {
    let (mut asked, mut steps) = (0, 0);
    let end = loop {
        steps += 1;
        assert!(steps <= LENGTH_MAX);
        match take(&bytes[..asked]) {
            Ok(Taken::NeedMore { at_least }) => {
                assert!(at_least > asked && at_least <= LENGTH_MAX);
                if at_least > bytes.len() {
                    break None;
                }
                asked = at_least;
            }
            Ok(Taken::Header { consumed, origin }) => {
                assert_eq!(consumed, asked);
                break Some(Ok((consumed, origin)));
            }
            Err(error) => break Some(Err(error)),
        }
    };
    match (take(bytes), end) {
        (Ok(Taken::Header { consumed, origin }), Some(Ok(stepped))) => assert_eq!((consumed, origin), stepped),
        (Ok(Taken::NeedMore { .. }), None) => {}
        // The first bytes can be wrong before all of them are there.
        (Err(ProxyHeaderError::Absent), Some(Err(ProxyHeaderError::Absent)) | None) => {}
        (Err(error), Some(Err(stepped))) => assert_eq!(error, stepped),
        (whole, stepped) => panic!("{whole:?} at once, {stepped:?} in pieces"),
    }
});
