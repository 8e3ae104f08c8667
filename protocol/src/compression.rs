//! The compressed protocol: after the login the bytes of both directions travel in compressed packets (MySQL's manual, "Compressed Packet").
//!
//! A compressed packet has a header of seven bytes, its length, its number, and the length that its contents have when they are not compressed, or 0 where they are as they
//! are. What it holds is a piece of the stream of ordinary packets: it may hold many of them, or a part of one.

mod codec;

use bytes::{Buf, BytesMut};

/// Bytes of the header.
const HEADER_LENGTH: usize = 7;
/// Longest contents of one packet that is sent, in bytes.
const CONTENTS_MAX: usize = 1 << 20;
/// What is shorter is not worth it (MIN_COMPRESS_LENGTH of the servers).
const WORTH_IT: usize = 50;

/// How contents are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Zlib,
    /// With the level that the client asked for.
    Zstd(u8),
}

/// One client's compression.
#[derive(Debug)]
pub struct Compression {
    algorithm: Algorithm,
    /// Bytes from the socket that are no whole packet yet.
    pub input: BytesMut,
    /// Number of the next packet to the client.
    sequence: u8,
}

impl Compression {
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, input: BytesMut::new(), sequence: 0 }
    }

    /// Appends the contents of the next packet, at most 16 MiB; false where it is not whole yet.
    ///
    /// Errors: contents that are not what the header says; the stream cannot be read any further.
    pub fn next(&mut self, contents: &mut BytesMut) -> std::io::Result<bool> {
        let Some(&[a, b, c, sequence, d, e, f]) = self.input.first_chunk::<HEADER_LENGTH>() else {
            return Ok(false);
        };
        let length = u32::from_le_bytes([a, b, c, 0]) as usize;
        let plain = u32::from_le_bytes([d, e, f, 0]) as usize;
        let Some(packet) = self.input.get(HEADER_LENGTH..HEADER_LENGTH + length) else { return Ok(false) };
        self.sequence = sequence.wrapping_add(1);
        if plain == 0 {
            contents.extend_from_slice(packet);
        } else {
            // No room is made for what is only said.
            if plain > self.algorithm.gives_at_most(length) {
                return Err(std::io::ErrorKind::InvalidData.into());
            }
            let start = contents.len();
            contents.resize(start + plain, 0);
            let room = contents.get_mut(start..).unwrap_or_default();
            if !self.algorithm.decompress(packet, room) {
                contents.truncate(start);
                return Err(std::io::ErrorKind::InvalidData.into());
            }
        }
        self.input.advance(HEADER_LENGTH + length);
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        Ok(true)
    }

    /// Puts `contents` into packets, and these in their place.
    pub fn wrap(&mut self, contents: &mut Vec<u8>) {
        let packets = contents.len().div_ceil(CONTENTS_MAX);
        let mut out = Vec::with_capacity(contents.len() + packets * HEADER_LENGTH);
        for part in contents.chunks(CONTENTS_MAX) {
            let start = out.len();
            out.resize(start + HEADER_LENGTH + part.len(), 0);
            let Some((header, room)) = out.get_mut(start..).and_then(|out| out.split_first_chunk_mut())
            else {
                continue;
            };
            let compressed = if part.len() < WORTH_IT { None } else { self.algorithm.compress(part, room) };
            let (length, plain) = match compressed {
                Some(length) if length < part.len() => (length, part.len()),
                _ => {
                    room.copy_from_slice(part);
                    (part.len(), 0)
                }
            };
            let [a, b, c, _] = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
            let [d, e, f, _] = u32::try_from(plain).unwrap_or(u32::MAX).to_le_bytes();
            *header = [a, b, c, self.sequence, d, e, f];
            out.truncate(start + HEADER_LENGTH + length);
            self.sequence = self.sequence.wrapping_add(1);
        }
        *contents = out;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALGORITHMS: [Algorithm; 3] = [Algorithm::Zlib, Algorithm::Zstd(3), Algorithm::Zstd(255)];

    #[test]
    fn long_contents_come_back() {
        let long: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        for algorithm in ALGORITHMS {
            let mut one = Compression::new(algorithm);
            let mut wrapped = long.clone();
            one.wrap(&mut wrapped);
            assert!(wrapped.len() < long.len() / 10, "{algorithm:?}: {}", wrapped.len());
            assert_eq!(one.sequence, 3, "packets");
            let mut other = Compression::new(algorithm);
            let mut contents = BytesMut::new();
            for part in wrapped.chunks(777) {
                other.input.extend_from_slice(part);
                while other.next(&mut contents).unwrap() {}
            }
            assert_eq!(contents, long);
            assert_eq!(other.sequence, 3);
        }
    }

    #[test]
    fn a_packet_that_holds_more_than_it_says_is_an_error() {
        for algorithm in ALGORITHMS {
            for says in [1, 999, 1001, 0xFF_FFFF] {
                let mut packet = vec![7; 1000];
                Compression::new(algorithm).wrap(&mut packet);
                packet[4..7].copy_from_slice(&u32::to_le_bytes(says)[..3]);
                let mut compression = Compression::new(algorithm);
                compression.input.extend_from_slice(&packet);
                let mut contents = BytesMut::new();
                assert!(compression.next(&mut contents).is_err(), "{algorithm:?}: {says}");
                assert!(contents.is_empty());
                // These few bytes cannot give 16 MiB: no room is made for them.
                assert!(says < 0xFF_FFFF || contents.capacity() == 0, "{algorithm:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn contents_come_back(parts in proptest::collection::vec(proptest::collection::vec(0u8..4, 0..300), 0..6)) {
            for algorithm in ALGORITHMS {
                let (mut one, mut other) = (Compression::new(algorithm), Compression::new(algorithm));
                let mut contents = BytesMut::new();
                for part in &parts {
                    let mut wrapped = part.clone();
                    one.wrap(&mut wrapped);
                    other.input.extend_from_slice(&wrapped);
                    while other.next(&mut contents).unwrap() {}
                }
                prop_assert_eq!(&contents[..], parts.concat());
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for algorithm in ALGORITHMS {
                let mut compression = Compression::new(algorithm);
                compression.input.extend_from_slice(&bytes);
                while let Ok(true) = compression.next(&mut BytesMut::new()) {}
            }
        }
    }
}
