//! Commands: what decodes encodes to a payload that decodes to the same command.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_protocol::command::Command;

fuzz_target!(|payload: &[u8]| {
    if let Ok(command) = Command::decode(payload) {
        let mut out = Vec::new();
        command.encode(&mut out);
        assert_eq!(Command::decode(&out), Ok(command));
    }
});
