//! The one error of every decoder: what was expected, and what came.

/// Bytes that are not what the protocol says. The peer is broken or hostile: the connection cannot be used any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A field wants more bytes than the payload has left.
    #[error("payload ends early: {wanted} bytes wanted, {left} left")]
    Truncated { wanted: u64, left: usize },
    /// A string that should end with a zero byte does not.
    #[error("string without its terminating zero byte")]
    Unterminated,
    /// The first byte of a length-encoded integer is 0xFB (NULL) or 0xFF where a number must stand.
    #[error("byte {0:#04x} does not start a length-encoded integer")]
    LengthPrefix(u8),
    /// A packet starts with a byte that is not legal for it.
    #[error("{what} cannot start with byte {byte:#04x}")]
    UnexpectedHeader { what: &'static str, byte: u8 },
    /// A field has a value that the protocol does not allow.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// Text that must be UTF-8 is not.
    #[error("{0} is not valid UTF-8")]
    NotUtf8(&'static str),
    /// The client speaks the protocol from before MySQL 4.1.
    #[error("the client uses the handshake from before MySQL 4.1, which is not supported")]
    OldHandshake,
    /// The server speaks a handshake version other than 10.
    #[error("the server's handshake version is {0}; only version 10 is supported")]
    HandshakeVersion(u8),
    /// A binary value of a type that never travels in the binary protocol.
    #[error("unknown type {0} of a binary value")]
    UnknownType(u8),
    /// COM_STMT_EXECUTE without parameter types, and none are known from an earlier execution.
    #[error("parameter types are missing in the first execution of a statement")]
    MissingParameterTypes,
    /// A packet of a response does not carry the sequence number that follows its predecessor's: the connection is out of
    /// step, and what it sends may belong to another statement.
    #[error("packet out of order in a response: sequence {got}, expected {expected}")]
    OutOfOrder { expected: u8, got: u8 },
    /// The server asks for a local file (0xFB). A proxy never allows that towards its backends.
    #[error("the server asked for a local file")]
    LocalInfile,
}
