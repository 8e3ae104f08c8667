//! What compresses and decompresses the contents of packets: one of each kind for a thread, since each packet's contents stand for themselves.
//!
//! A compressor's tables take hundreds of kilobytes: they are neither made for each packet, nor kept by each client that waits.

use std::cell::RefCell;

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};
use zstd::bulk::{Compressor, Decompressor};

use super::Algorithm;

/// Levels of zstd's 22 that are used: beyond them a long answer would hold the worker's other clients up.
const LEVELS: std::ops::RangeInclusive<i32> = 1..=9;

/// Bytes that one byte of deflate can give: two bits stand for 258 bytes at most.
const DEFLATE_GIVES: usize = 1032;
/// Bytes that a block of zstd can give; the shortest has four bytes.
const ZSTD_BLOCK_GIVES: usize = 128 << 10;
const ZSTD_BLOCK_MIN: usize = 4;

/// Made when they are first used.
#[derive(Default)]
struct Codecs {
    deflate: Option<Compress>,
    inflate: Option<Decompress>,
    zstd: Option<Compressor<'static>>,
    unzstd: Option<Decompressor<'static>>,
}

thread_local! {
    static CODECS: RefCell<Codecs> = RefCell::default();
}

impl Algorithm {
    /// Compresses into `room`: how many bytes, or `None` where they have no room.
    pub(super) fn compress(self, plain: &[u8], room: &mut [u8]) -> Option<usize> {
        CODECS.with_borrow_mut(|codecs| match self {
            Self::Zlib => {
                let deflate =
                    codecs.deflate.get_or_insert_with(|| Compress::new(flate2::Compression::default(), true));
                deflate.reset();
                let status = deflate.compress(plain, room, FlushCompress::Finish).ok()?;
                let length = usize::try_from(deflate.total_out()).ok()?;
                (status == Status::StreamEnd).then_some(length)
            }
            Self::Zstd(level) => {
                let zstd = codecs.zstd.get_or_insert_default();
                zstd.set_compression_level(i32::from(level).clamp(*LEVELS.start(), *LEVELS.end())).ok()?;
                zstd.compress_to_buffer(plain, room).ok()
            }
        })
    }

    /// Fills `room` with what a packet holds; false where that is anything else than so many bytes.
    pub(super) fn decompress(self, packet: &[u8], room: &mut [u8]) -> bool {
        CODECS.with_borrow_mut(|codecs| match self {
            Self::Zlib => {
                let inflate = codecs.inflate.get_or_insert_with(|| Decompress::new(true));
                inflate.reset(true);
                let status = inflate.decompress(packet, room, FlushDecompress::Finish);
                let passed = (inflate.total_in(), inflate.total_out());
                matches!(status, Ok(Status::StreamEnd)) && passed == (packet.len() as u64, room.len() as u64)
            }
            Self::Zstd(_) => {
                let unzstd = codecs.unzstd.get_or_insert_default();
                unzstd.decompress_to_buffer(packet, room).is_ok_and(|length| length == room.len())
            }
        })
    }

    /// The most that so many compressed bytes can give.
    pub(super) fn gives_at_most(self, packet: usize) -> usize {
        match self {
            Self::Zlib => packet.saturating_mul(DEFLATE_GIVES),
            Self::Zstd(_) => (packet / ZSTD_BLOCK_MIN).saturating_mul(ZSTD_BLOCK_GIVES),
        }
    }
}
