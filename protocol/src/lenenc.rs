//! Integers and strings of the protocol: a checked cursor over a payload, and the writers.

use crate::DecodeError;

/// A cursor over a payload. Every read is checked; after an error the position is undefined.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    /// Bytes not read yet.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, left in place.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, tail)) = self.rest.split_at_checked(count) else {
            return Err(DecodeError::Truncated { wanted: count as u64, left: self.rest.len() });
        };
        self.rest = tail;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((head, tail)) = self.rest.split_first_chunk::<N>() else {
            return Err(DecodeError::Truncated { wanted: N as u64, left: self.rest.len() });
        };
        self.rest = tail;
        Ok(*head)
    }

    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Three bytes, little endian.
    pub fn u24(&mut self) -> Result<u32, DecodeError> {
        self.array().map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
    }

    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// The bytes before the next zero byte, which is skipped.
    pub fn null_terminated(&mut self) -> Result<&'a [u8], DecodeError> {
        let end = self.rest.iter().position(|byte| *byte == 0).ok_or(DecodeError::Unterminated)?;
        let text = self.bytes(end)?;
        self.bytes(1)?;
        Ok(text)
    }

    /// The bytes before the next zero byte, or all that are left where there is none: old servers and some clients leave
    /// the last terminator out.
    pub fn null_terminated_or_rest(&mut self) -> &'a [u8] {
        match self.rest.iter().position(|byte| *byte == 0) {
            Some(end) => {
                let (text, tail) = self.rest.split_at(end);
                self.rest = tail.get(1..).unwrap_or_default();
                text
            }
            None => self.rest(),
        }
    }

    /// A length-encoded integer. NULL (0xFB) and 0xFF are errors.
    pub fn lenenc_int(&mut self) -> Result<u64, DecodeError> {
        match self.u8()? {
            byte @ (0xFB | 0xFF) => Err(DecodeError::LengthPrefix(byte)),
            0xFC => self.u16().map(u64::from),
            0xFD => self.u24().map(u64::from),
            0xFE => self.u64(),
            byte => Ok(u64::from(byte)),
        }
    }

    /// A length-encoded string. NULL is an error.
    ///
    /// Of a length in eight bytes the lower four count, as for servers (`get_param_length` in their sql_prepare.cc): Node's mysql2 does not write the
    /// upper ones as zeros, and no packet is that long.
    pub fn lenenc_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.lenenc_int()? & u64::from(u32::MAX);
        let left = self.rest.len();
        let count = usize::try_from(length).map_err(|_| DecodeError::Truncated { wanted: length, left })?;
        self.bytes(count)
    }

    /// A length-encoded string, or NULL (0xFB): a cell of a text row.
    pub fn lenenc_bytes_or_null(&mut self) -> Result<Option<&'a [u8]>, DecodeError> {
        if self.peek() == Some(0xFB) {
            self.bytes(1)?;
            return Ok(None);
        }
        self.lenenc_bytes().map(Some)
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
}

/// Appends a length-encoded integer in its shortest form.
pub fn write_lenenc_int(out: &mut Vec<u8>, value: u64) {
    let bytes = value.to_le_bytes();
    match value {
        0..=0xFA => out.extend_from_slice(&bytes[..1]),
        0xFB..=0xFFFF => {
            out.push(0xFC);
            out.extend_from_slice(&bytes[..2]);
        }
        0x1_0000..=0xFF_FFFF => {
            out.push(0xFD);
            out.extend_from_slice(&bytes[..3]);
        }
        _ => {
            out.push(0xFE);
            out.extend_from_slice(&bytes);
        }
    }
}

/// Appends a length-encoded string.
pub fn write_lenenc_bytes(out: &mut Vec<u8>, text: &[u8]) {
    write_lenenc_int(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// Appends a string and its zero byte. A zero byte inside the string would end it early for the reader, so the string is
/// cut there.
pub fn write_null_terminated(out: &mut Vec<u8>, text: &[u8]) {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    out.extend_from_slice(text.get(..end).unwrap_or(text));
    out.push(0);
}

/// The bytes that [`write_lenenc_int`] writes for `value`.
pub fn lenenc_int_size(value: u64) -> usize {
    match value {
        0..=0xFA => 1,
        0xFB..=0xFFFF => 3,
        0x1_0000..=0xFF_FFFF => 4,
        _ => 9,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers_take_the_form_that_the_manual_gives() {
        for (value, expected) in [
            (0xFA, vec![0xFA]),
            (0xFB, vec![0xFC, 0xFB, 0]),
            (0xFFFF, vec![0xFC, 0xFF, 0xFF]),
            (0x1_0000, vec![0xFD, 0, 0, 1]),
            (0xFF_FFFF, vec![0xFD, 0xFF, 0xFF, 0xFF]),
            (0x100_0000, vec![0xFE, 0, 0, 0, 1, 0, 0, 0, 0]),
        ] {
            let mut out = Vec::new();
            write_lenenc_int(&mut out, value);
            assert_eq!(out, expected);
            assert_eq!(lenenc_int_size(value), expected.len());
        }
    }

    #[test]
    fn null_and_error_prefixes_are_not_integers() {
        assert_eq!(Reader::new(&[0xFB]).lenenc_int(), Err(DecodeError::LengthPrefix(0xFB)));
        assert_eq!(Reader::new(&[0xFF, 0, 0]).lenenc_int(), Err(DecodeError::LengthPrefix(0xFF)));
        assert_eq!(Reader::new(&[0xFB]).lenenc_bytes_or_null(), Ok(None));
    }

    #[test]
    fn a_length_beyond_the_payload_is_refused_before_allocation() {
        let huge = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1];
        assert!(matches!(Reader::new(&huge).lenenc_bytes(), Err(DecodeError::Truncated { left: 1, .. })));
        let untidy = [0xFE, 2, 0, 0, 0, 2, 0, 0, 0, b'a', b'b'];
        assert_eq!(Reader::new(&untidy).lenenc_bytes(), Ok(&b"ab"[..]));
    }

    #[test]
    fn a_zero_byte_inside_a_terminated_string_cuts_it() {
        let mut out = Vec::new();
        write_null_terminated(&mut out, b"ab\0cd");
        assert_eq!(out, b"ab\0");
    }

    proptest! {
        #[test]
        fn integers_round_trip(value: u64) {
            let mut out = Vec::new();
            write_lenenc_int(&mut out, value);
            prop_assert_eq!(out.len(), lenenc_int_size(value));
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.lenenc_int(), Ok(value));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn strings_round_trip(text in proptest::collection::vec(any::<u8>(), 0..400), tail: u8) {
            let mut out = Vec::new();
            write_lenenc_bytes(&mut out, &text);
            out.push(tail);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.lenenc_bytes(), Ok(text.as_slice()));
            prop_assert_eq!(reader.rest(), &[tail][..]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() && reader.lenenc_bytes_or_null().is_ok() {}
            let _ = Reader::new(&bytes).null_terminated();
            let left = Reader::new(&bytes).null_terminated_or_rest().len();
            prop_assert!(left <= bytes.len());
        }
    }
}
