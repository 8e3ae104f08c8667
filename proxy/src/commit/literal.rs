//! Literals in statements that go over a session's connections: bytes, whatever its character sets and SQL mode are. Under
//! `collation_connection = utf16_general_ci` a server stores `'o1'` as four bytes, and starts an XA transaction of that name.

/// Each byte's two digits, one byte after the other.
const DIGITS: [u8; 512] = {
    let mut digits = [0; 512];
    let hex = b"0123456789abcdef";
    let mut byte = 0;
    while byte < 256 {
        digits[2 * byte] = hex[byte >> 4];
        digits[2 * byte + 1] = hex[byte & 15];
        byte += 1;
    }
    digits
};

pub fn bytes(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "''".to_owned();
    }
    let mut literal = Vec::with_capacity(2 + 2 * bytes.len());
    literal.extend_from_slice(b"0x");
    for byte in bytes {
        let at = 2 * usize::from(*byte);
        literal.extend_from_slice(DIGITS.get(at..at + 2).unwrap_or_default());
    }
    String::from_utf8(literal).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_are_there() {
        assert_eq!(bytes(b""), "''");
        assert_eq!(bytes("G_1é\0'".as_bytes()), "0x475f31c3a90027");
    }
}
