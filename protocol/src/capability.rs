//! Capability flags: what client and server agree on at login, MySQL's 32 bits and MariaDB's 32 above them.

use crate::flags::flag_set;

/// CLIENT_* of MySQL's `mysql_com.h` in the lower half, MARIADB_CLIENT_* in the upper half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(pub u64);

flag_set!(Capabilities);

impl Capabilities {
    /// CLIENT_LONG_PASSWORD. MariaDB reads it as CLIENT_MYSQL: where the bit is *clear*, the upper half is on the wire.
    pub const LONG_PASSWORD: Self = Self(1);
    /// Affected rows counts found rows, not changed rows.
    pub const FOUND_ROWS: Self = Self(1 << 1);
    pub const LONG_FLAG: Self = Self(1 << 2);
    /// The handshake response names a database.
    pub const CONNECT_WITH_DB: Self = Self(1 << 3);
    pub const NO_SCHEMA: Self = Self(1 << 4);
    /// zlib compression.
    pub const COMPRESS: Self = Self(1 << 5);
    pub const ODBC: Self = Self(1 << 6);
    /// The client answers LOAD DATA LOCAL.
    pub const LOCAL_FILES: Self = Self(1 << 7);
    pub const IGNORE_SPACE: Self = Self(1 << 8);
    /// The protocol since MySQL 4.1. This crate speaks no other.
    pub const PROTOCOL_41: Self = Self(1 << 9);
    /// The client idles by interactive_timeout.
    pub const INTERACTIVE: Self = Self(1 << 10);
    /// TLS.
    pub const SSL: Self = Self(1 << 11);
    pub const IGNORE_SIGPIPE: Self = Self(1 << 12);
    /// Status flags are sent.
    pub const TRANSACTIONS: Self = Self(1 << 13);
    pub const RESERVED: Self = Self(1 << 14);
    /// The scramble of 20 bytes, with a length byte in the response.
    pub const SECURE_CONNECTION: Self = Self(1 << 15);
    /// COM_QUERY may hold several statements.
    pub const MULTI_STATEMENTS: Self = Self(1 << 16);
    /// COM_QUERY may answer with several results.
    pub const MULTI_RESULTS: Self = Self(1 << 17);
    /// COM_STMT_EXECUTE may answer with several results.
    pub const PS_MULTI_RESULTS: Self = Self(1 << 18);
    /// Authentication plugins are named.
    pub const PLUGIN_AUTH: Self = Self(1 << 19);
    /// The handshake response carries attributes.
    pub const CONNECT_ATTRS: Self = Self(1 << 20);
    /// The auth response has a length-encoded length.
    pub const PLUGIN_AUTH_LENENC: Self = Self(1 << 21);
    pub const CAN_HANDLE_EXPIRED_PASSWORDS: Self = Self(1 << 22);
    /// OK packets carry session state.
    pub const SESSION_TRACK: Self = Self(1 << 23);
    /// No EOF packets: none after the columns, and an OK packet with header 0xFE after the rows.
    pub const DEPRECATE_EOF: Self = Self(1 << 24);
    /// Metadata of a result set may be left out (MySQL 8).
    pub const OPTIONAL_RESULTSET_METADATA: Self = Self(1 << 25);
    pub const ZSTD_COMPRESSION: Self = Self(1 << 26);
    /// COM_QUERY and COM_STMT_EXECUTE carry named attributes (MySQL 8.0.23).
    pub const QUERY_ATTRIBUTES: Self = Self(1 << 27);
    pub const MULTI_FACTOR_AUTHENTICATION: Self = Self(1 << 28);
    pub const SSL_VERIFY_SERVER_CERT: Self = Self(1 << 30);
    pub const REMEMBER_OPTIONS: Self = Self(1 << 31);

    /// MariaDB: progress reports in ERR packets with code 0xFFFF.
    pub const MARIADB_PROGRESS: Self = Self(1 << 32);
    pub const MARIADB_COM_MULTI: Self = Self(1 << 33);
    /// MariaDB: COM_STMT_BULK_EXECUTE.
    pub const MARIADB_STMT_BULK_OPERATIONS: Self = Self(1 << 34);
    /// MariaDB: column definitions carry a further field with the type's name.
    pub const MARIADB_EXTENDED_METADATA: Self = Self(1 << 35);
    /// MariaDB: column definitions may be left out when a prepared statement is executed again.
    pub const MARIADB_CACHE_METADATA: Self = Self(1 << 36);
    pub const MARIADB_BULK_UNIT_RESULTS: Self = Self(1 << 37);

    /// Flags that change the shape of packets in a way that this crate does not decode. They must never be offered to a
    /// client nor asked from a backend: with one of them on, column counts, column definitions or queries would be misread. (Compression is around the packets.)
    pub const UNSUPPORTED: Self = Self(
        Self::OPTIONAL_RESULTSET_METADATA.0
            | Self::QUERY_ATTRIBUTES.0
            | Self::MULTI_FACTOR_AUTHENTICATION.0
            | (u32::MAX as u64) << 32,
    );

    /// MySQL's half.
    pub const fn lower(self) -> u32 {
        self.0 as u32
    }

    /// MariaDB's half.
    pub const fn upper(self) -> u32 {
        (self.0 >> 32) as u32
    }
}
