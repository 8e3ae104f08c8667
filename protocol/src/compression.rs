//! The compressed protocol: after the login the bytes of both directions travel in compressed packets (MySQL's manual, "Compressed Packet").
//!
//! A compressed packet has a header of seven bytes, its length, its number, and the length that its contents have when they are not compressed, or 0 where they are as they
//! are. What it holds is a piece of the stream of ordinary packets: it may hold many of them, or a part of one.

use std::io::Write;

use bytes::{Buf, BytesMut};
use flate2::write::{ZlibDecoder, ZlibEncoder};

/// Bytes of the header.
const HEADER_LENGTH: usize = 7;
/// Longest contents of one packet that is sent, in bytes.
const CONTENTS_MAX: usize = 1 << 20;
/// What is shorter is not worth it (MIN_COMPRESS_LENGTH of the servers).
const WORTH_IT: usize = 50;
/// Levels of zstd's 22 that are used: beyond them a long answer would hold the worker's other clients up.
const LEVELS: std::ops::RangeInclusive<i32> = 1..=9;

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
        match plain {
            0 => contents.extend_from_slice(packet),
            _ => contents.extend_from_slice(&self.algorithm.decompress(packet, plain)?),
        }
        self.input.advance(HEADER_LENGTH + length);
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        Ok(true)
    }

    /// The packets that `contents` travel in.
    pub fn wrap(&mut self, contents: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(contents.len() / 2 + HEADER_LENGTH);
        for part in contents.chunks(CONTENTS_MAX) {
            let compressed = if part.len() < WORTH_IT { None } else { Some(self.algorithm.compress(part)?) };
            let (packet, plain) = match &compressed {
                Some(compressed) if compressed.len() < part.len() => (compressed.as_slice(), part.len()),
                _ => (part, 0),
            };
            let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
            out.extend_from_slice(length(packet.len()).get(..3).unwrap_or_default());
            out.push(self.sequence);
            out.extend_from_slice(length(plain).get(..3).unwrap_or_default());
            out.extend_from_slice(packet);
            self.sequence = self.sequence.wrapping_add(1);
        }
        Ok(out)
    }
}

impl Algorithm {
    fn compress(self, plain: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Zlib => {
                let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(plain)?;
                encoder.finish()
            }
            Self::Zstd(level) => {
                zstd::bulk::compress(plain, i32::from(level).clamp(*LEVELS.start(), *LEVELS.end()))
            }
        }
    }

    /// Contents of so many bytes, which is at most 16 MiB: no more is made, whatever the packet holds.
    fn decompress(self, packet: &[u8], plain: usize) -> std::io::Result<Vec<u8>> {
        let contents = match self {
            Self::Zlib => {
                let mut decoder = ZlibDecoder::new(Bounded { bytes: Vec::new(), limit: plain });
                decoder.write_all(packet)?;
                decoder.finish()?.bytes
            }
            Self::Zstd(_) => zstd::bulk::decompress(packet, plain)?,
        };
        match contents.len() == plain {
            true => Ok(contents),
            false => Err(std::io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Takes no more than so many bytes.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + more.len() > self.limit {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
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
            let wrapped = one.wrap(&long).unwrap();
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
                let compressed = algorithm.compress(&[7; 1000]).unwrap();
                let mut packet = vec![compressed.len() as u8, 0, 0, 0];
                packet.extend_from_slice(&u32::to_le_bytes(says)[..3]);
                packet.extend_from_slice(&compressed);
                let mut compression = Compression::new(algorithm);
                compression.input.extend_from_slice(&packet);
                assert!(compression.next(&mut BytesMut::new()).is_err(), "{algorithm:?}: {says}");
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
                    let wrapped = one.wrap(part).unwrap();
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
