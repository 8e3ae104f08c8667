//! Framing: a payload travels in packets of at most 16 MiB - 1, each with a length of three bytes and a sequence number.
//!
//! A payload of 0xFFFFFF bytes or more is cut into full packets and a shorter last one, which is empty when the length is
//! a multiple. Sequence numbers count packets, not payloads, and wrap at 256.

use std::borrow::Cow;

/// The longest payload of one packet; a packet of just this length has a successor.
pub const MAX_PAYLOAD: usize = 0xFF_FFFF;

/// Bytes of a packet's header.
pub const HEADER_LENGTH: usize = 4;

/// The header of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Payload bytes, without the header.
    pub length: usize,
    pub sequence: u8,
}

impl Header {
    /// The header at the start of `bytes`; None when fewer than four are there.
    pub fn parse(bytes: &[u8]) -> Option<Header> {
        let [a, b, c, sequence] = *bytes.first_chunk::<HEADER_LENGTH>()?;
        Some(Header { length: u32::from_le_bytes([a, b, c, 0]) as usize, sequence })
    }

    /// The four bytes of the header. `length` must not be above [`MAX_PAYLOAD`].
    pub fn encode(self) -> [u8; HEADER_LENGTH] {
        debug_assert!(self.length <= MAX_PAYLOAD);
        let [a, b, c, ..] = (self.length as u32).to_le_bytes();
        [a, b, c, self.sequence]
    }
}

/// Appends a payload as one or more packets and advances `sequence` past them.
pub fn write_packet(out: &mut Vec<u8>, sequence: &mut u8, payload: &[u8]) {
    let mut rest = payload;
    loop {
        let (part, tail) = rest.split_at(rest.len().min(MAX_PAYLOAD));
        out.extend_from_slice(&Header { length: part.len(), sequence: *sequence }.encode());
        out.extend_from_slice(part);
        *sequence = sequence.wrapping_add(1);
        if part.len() < MAX_PAYLOAD {
            return;
        }
        rest = tail;
    }
}

/// Leaves room for a header, so that the payload can be written in place. Pass the result to [`finish_packet`].
pub fn begin_packet(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_LENGTH]);
    start
}

/// Writes the header that [`begin_packet`] left room for at `start`, and advances `sequence`. A payload of 16 MiB or more
/// is copied once to be split.
pub fn finish_packet(out: &mut Vec<u8>, start: usize, sequence: &mut u8) {
    let length = out.len().saturating_sub(start + HEADER_LENGTH);
    if length >= MAX_PAYLOAD {
        let payload = out.split_off(start + HEADER_LENGTH);
        out.truncate(start);
        write_packet(out, sequence, &payload);
    } else if let Some(header) = out.get_mut(start..start + HEADER_LENGTH) {
        header.copy_from_slice(&Header { length, sequence: *sequence }.encode());
        *sequence = sequence.wrapping_add(1);
    }
}

/// Why a packet is refused. Both end the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// ER_NET_PACKET_TOO_LARGE 1153: the payload is longer than max_allowed_packet.
    #[error("Got a packet bigger than 'max_allowed_packet' bytes ({limit})")]
    TooLarge { limit: usize },
    /// ER_NET_PACKETS_OUT_OF_ORDER 1156.
    #[error("Got packets out of order: sequence {got}, expected {expected}")]
    OutOfOrder { expected: u8, got: u8 },
}

impl PacketError {
    /// The error to send before closing.
    pub fn errno(self) -> crate::errno::Errno {
        match self {
            Self::TooLarge { .. } => crate::errno::NET_PACKET_TOO_LARGE,
            Self::OutOfOrder { .. } => crate::errno::NET_PACKETS_OUT_OF_ORDER,
        }
    }
}

/// What [`Assembler::take`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken<'a> {
    /// The payload is not complete. Call again when the buffer holds at least this many bytes.
    NeedMore { at_least: usize },
    /// A whole payload. `consumed` bytes of the buffer belong to it; `sequence` is that of its last packet.
    Packet { payload: Cow<'a, [u8]>, consumed: usize, sequence: u8 },
}

/// Takes whole payloads out of a receive buffer, checking size and sequence numbers.
///
/// It holds no bytes: an unfinished payload stays in the caller's buffer, whose size the limit bounds.
#[derive(Clone, Debug)]
pub struct Assembler {
    max_payload: usize,
    expected: u8,
    numbered: bool,
}

impl Assembler {
    /// `max_payload` is the longest payload to accept, in bytes, over all its packets. The first sequence number is 0.
    pub fn new(max_payload: usize) -> Self {
        Self { max_payload, expected: 0, numbered: true }
    }

    /// Sets the limit, as after login.
    pub fn set_max_payload(&mut self, max_payload: usize) {
        self.max_payload = max_payload;
    }

    /// From now on packets have any numbers: inside of compressed ones, which are counted instead, some clients begin at 0, and MariaDB's library gives all of them 0.
    pub fn take_any_number(&mut self) {
        self.numbered = false;
    }

    /// Sets the next sequence number: 0 before a command, one more than what was sent before a reply.
    pub fn expect(&mut self, sequence: u8) {
        self.expected = sequence;
    }

    /// The next sequence number: what an answer starts with after a payload was taken.
    pub fn expected(&self) -> u8 {
        self.expected
    }

    /// The payload at the start of `buf`. It is borrowed unless several packets had to be joined.
    pub fn take<'a>(&mut self, buf: &'a [u8]) -> Result<Taken<'a>, PacketError> {
        let mut expected = self.expected;
        let mut end = 0usize;
        let mut total = 0usize;
        loop {
            let Some(header) = Header::parse(buf.get(end..).unwrap_or_default()) else {
                return Ok(Taken::NeedMore { at_least: end + HEADER_LENGTH });
            };
            if self.numbered && header.sequence != expected {
                return Err(PacketError::OutOfOrder { expected, got: header.sequence });
            }
            total += header.length;
            if total > self.max_payload {
                return Err(PacketError::TooLarge { limit: self.max_payload });
            }
            end += HEADER_LENGTH + header.length;
            if buf.len() < end {
                return Ok(Taken::NeedMore { at_least: end });
            }
            expected = header.sequence.wrapping_add(1);
            if header.length < MAX_PAYLOAD {
                break;
            }
        }
        self.expected = expected;
        let payload = join(buf.get(..end).unwrap_or_default(), total);
        Ok(Taken::Packet { payload, consumed: end, sequence: expected.wrapping_sub(1) })
    }
}

/// The payload of the complete packets in `packets`.
fn join(packets: &[u8], total: usize) -> Cow<'_, [u8]> {
    if total < MAX_PAYLOAD {
        return Cow::Borrowed(packets.get(HEADER_LENGTH..).unwrap_or_default());
    }
    let mut payload = Vec::with_capacity(total);
    for part in packets.chunks(MAX_PAYLOAD + HEADER_LENGTH) {
        payload.extend_from_slice(part.get(HEADER_LENGTH..).unwrap_or_default());
    }
    Cow::Owned(payload)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_payload_is_one_packet() {
        let (mut out, mut sequence) = (Vec::new(), 7);
        write_packet(&mut out, &mut sequence, b"abc");
        assert_eq!((out.as_slice(), sequence), (&b"\x03\0\0\x07abc"[..], 8));
    }

    #[test]
    fn a_payload_of_sixteen_mebibytes_gets_an_empty_last_packet() {
        for (length, packets) in
            [(MAX_PAYLOAD - 1, 1u8), (MAX_PAYLOAD, 2), (MAX_PAYLOAD + 1, 2), (2 * MAX_PAYLOAD, 3)]
        {
            let payload: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let (mut out, mut sequence) = (vec![9, 9], 255);
            write_packet(&mut out, &mut sequence, &payload);
            assert_eq!(sequence, 255u8.wrapping_add(packets));

            let (mut in_place, mut second) = (vec![9, 9], 255);
            let start = begin_packet(&mut in_place);
            in_place.extend_from_slice(&payload);
            finish_packet(&mut in_place, start, &mut second);
            assert!(in_place == out && second == sequence, "{length} written in place differs");

            let mut assembler = Assembler::new(usize::MAX);
            assembler.expect(255);
            let Ok(Taken::Packet { payload: joined, consumed, sequence: last }) = assembler.take(&out[2..])
            else {
                panic!("{length} was not taken");
            };
            assert!(joined == payload && consumed == out.len() - 2);
            assert_eq!((last, assembler.expected()), (sequence.wrapping_sub(1), sequence));
        }
    }

    #[test]
    fn packets_inside_of_compressed_ones_may_have_any_numbers() {
        let mut bytes = vec![0xFF, 0xFF, 0xFF, 0];
        bytes.resize(MAX_PAYLOAD + HEADER_LENGTH, 7);
        bytes.extend_from_slice(&[1, 0, 0, 0, 8]);
        let mut assembler = Assembler::new(usize::MAX);
        assert_eq!(assembler.take(&bytes), Err(PacketError::OutOfOrder { expected: 1, got: 0 }));
        assembler.take_any_number();
        let taken = assembler.take(&bytes);
        let Ok(Taken::Packet { payload, consumed, sequence: 0 }) = taken else { panic!("{taken:?}") };
        assert!(payload.len() == MAX_PAYLOAD + 1 && consumed == bytes.len());
    }

    #[test]
    fn a_payload_above_the_limit_is_refused_by_its_header_alone() {
        let mut assembler = Assembler::new(100);
        assert_eq!(assembler.take(&[101, 0, 0, 0]), Err(PacketError::TooLarge { limit: 100 }));
        assert_eq!(assembler.take(&[100, 0, 0, 0]), Ok(Taken::NeedMore { at_least: 104 }));
        let mut joined = Assembler::new(MAX_PAYLOAD + 5);
        let mut bytes = vec![0xFF, 0xFF, 0xFF, 0];
        bytes.resize(MAX_PAYLOAD + HEADER_LENGTH, 0);
        bytes.extend_from_slice(&[6, 0, 0, 1]);
        assert_eq!(joined.take(&bytes), Err(PacketError::TooLarge { limit: MAX_PAYLOAD + 5 }));
    }

    #[test]
    fn a_wrong_sequence_number_is_refused() {
        let mut assembler = Assembler::new(100);
        assert_eq!(assembler.take(&[0, 0, 0, 1]), Err(PacketError::OutOfOrder { expected: 0, got: 1 }));
        assembler.expect(1);
        assert!(matches!(assembler.take(&[0, 0, 0, 1]), Ok(Taken::Packet { consumed: 4, sequence: 1, .. })));
        assert_eq!(assembler.expected(), 2);
    }

    proptest! {
        #[test]
        fn payloads_survive_framing_at_every_cut(
            payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6),
            cut in 0usize..400,
        ) {
            let (mut out, mut sequence) = (Vec::new(), 0);
            for payload in &payloads {
                write_packet(&mut out, &mut sequence, payload);
            }
            let mut assembler = Assembler::new(64);
            let (mut taken, mut offset, mut limit) = (Vec::new(), 0, cut.min(out.len()));
            loop {
                match assembler.take(&out[offset..limit]) {
                    Ok(Taken::Packet { payload, consumed, .. }) => {
                        taken.push(payload.into_owned());
                        offset += consumed;
                    }
                    Ok(Taken::NeedMore { at_least }) => {
                        prop_assert!(offset + at_least > limit);
                        if limit == out.len() {
                            break;
                        }
                        limit = out.len();
                    }
                    Err(error) => prop_assert!(false, "{}", error),
                }
            }
            prop_assert_eq!(taken, payloads);
            prop_assert_eq!(offset, out.len());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), limit in 0usize..80) {
            let mut assembler = Assembler::new(limit);
            if let Ok(Taken::Packet { payload, consumed, .. }) = assembler.take(&bytes) {
                prop_assert!(payload.len() <= limit && consumed <= bytes.len());
            }
        }
    }
}
