//! The compressed protocol: what is wrapped comes back whatever pieces it comes in, arbitrary packets give no more than they say.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use ostrakon_protocol::compression::{Algorithm, Compression};

/// The longest contents that one packet may say it has.
const CONTENTS_MAX: usize = 0xFF_FFFF;

fuzz_target!(|input: (Vec<u8>, Vec<Vec<u8>>, Option<u8>, u16)| {
    let (packets, parts, level, cut) = input;
    let algorithm = level.map_or(Algorithm::Zlib, Algorithm::Zstd);

    let mut arbitrary = Compression::new(algorithm);
    arbitrary.input.extend_from_slice(&packets);
    loop {
        let left = arbitrary.input.len();
        let mut contents = BytesMut::new();
        match arbitrary.next(&mut contents) {
            Ok(true) => assert!(arbitrary.input.len() < left && contents.len() <= CONTENTS_MAX),
            Ok(false) | Err(_) => break,
        }
    }

    let (mut writer, mut reader) = (Compression::new(algorithm), Compression::new(algorithm));
    let mut contents = BytesMut::new();
    for part in &parts {
        let mut wrapped = part.clone();
        writer.wrap(&mut wrapped);
        let (head, tail) = wrapped.split_at(usize::from(cut) % (wrapped.len() + 1));
        for piece in [head, tail] {
            reader.input.extend_from_slice(piece);
            while reader.next(&mut contents).expect("what was wrapped is well formed") {}
        }
    }
    assert_eq!(&contents[..], parts.concat());
});
