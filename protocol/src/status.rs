//! Server status flags: the 16 bits at the end of every OK and EOF packet.

use crate::flags::flag_set;

/// SERVER_STATUS_* of MySQL's `mysql_com.h`; the last is MariaDB's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

flag_set!(Status);

impl Status {
    /// A transaction is open.
    pub const IN_TRANS: Self = Self(0x0001);
    /// Autocommit is on.
    pub const AUTOCOMMIT: Self = Self(0x0002);
    /// Another result follows in the same response.
    pub const MORE_RESULTS_EXISTS: Self = Self(0x0008);
    /// The statement found no good index.
    pub const NO_GOOD_INDEX_USED: Self = Self(0x0010);
    /// The statement used no index.
    pub const NO_INDEX_USED: Self = Self(0x0020);
    /// A cursor was opened: rows come by COM_STMT_FETCH.
    pub const CURSOR_EXISTS: Self = Self(0x0040);
    /// The cursor has delivered its last row.
    pub const LAST_ROW_SENT: Self = Self(0x0080);
    /// A database was dropped.
    pub const DB_DROPPED: Self = Self(0x0100);
    /// sql_mode has NO_BACKSLASH_ESCAPES: clients quote differently.
    pub const NO_BACKSLASH_ESCAPES: Self = Self(0x0200);
    /// The metadata of a prepared statement has changed since it was prepared.
    pub const METADATA_CHANGED: Self = Self(0x0400);
    /// The statement took longer than long_query_time.
    pub const QUERY_WAS_SLOW: Self = Self(0x0800);
    /// This result set holds the OUT parameters of a procedure.
    pub const PS_OUT_PARAMS: Self = Self(0x1000);
    /// The open transaction is read only.
    pub const IN_TRANS_READONLY: Self = Self(0x2000);
    /// The OK packet carries session state.
    pub const SESSION_STATE_CHANGED: Self = Self(0x4000);
    /// sql_mode has ANSI_QUOTES (MariaDB).
    pub const ANSI_QUOTES: Self = Self(0x8000);
}
