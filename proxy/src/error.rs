//! The one error that becomes an ERR packet: MySQL's number, SQLSTATE and a text for a DBA.

use ostrakon_meta::ProposeError;
use ostrakon_protocol::response::ErrPacket;
use ostrakon_router::RouterError;

/// ER_CONNECT_TO_FOREIGN_DATA_SOURCE: an instance cannot be reached. (2003 is a number of client libraries: from a server they take it for a malformed
/// packet.)
pub const BACKEND_UNREACHABLE: u16 = 1429;
/// ER_QUERY_ON_FOREIGN_DATA_SOURCE: an instance's connection broke, or it answered what no server should.
pub const BACKEND_FAILED: u16 = 1430;

/// ER_BAD_DB_ERROR.
pub const UNKNOWN_DATABASE: u16 = 1049;
/// ER_DUP_ENTRY.
pub const DUPLICATE_KEY: u16 = 1062;
/// ER_NO_SUCH_TABLE.
pub const NO_SUCH_TABLE: u16 = 1146;
/// ER_LOCK_WAIT_TIMEOUT.
pub const LOCK_WAIT_TIMEOUT: u16 = 1205;
/// ER_LOCK_DEADLOCK.
pub const DEADLOCK: u16 = 1213;
/// ER_QUERY_INTERRUPTED.
pub const INTERRUPTED: u16 = 1317;

/// An error that the client sees.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ERROR {errno} ({sqlstate}): {message}")]
pub struct SqlError {
    pub errno: u16,
    pub sqlstate: String,
    pub message: String,
}

impl SqlError {
    pub fn new(errno: u16, sqlstate: &str, message: impl Into<String>) -> Self {
        Self { errno, sqlstate: sqlstate.to_owned(), message: message.into() }
    }

    /// After KILL, in the servers' own words.
    pub fn interrupted() -> Self {
        Self::interrupted_but("")
    }

    /// After KILL, with what goes on all the same.
    pub fn interrupted_but(what: &str) -> Self {
        Self::new(INTERRUPTED, "70100", format!("Query execution was interrupted{what}"))
    }

    /// ER_QUERY_TIMEOUT 3024: the statement has had the time that its hint gives it.
    pub fn timed_out(limit_ms: u64) -> Self {
        Self::new(
            3024,
            "HY000",
            format!(
                "Query execution was interrupted, the hint SOCKET_TIMEOUT({limit_ms}) gives it {limit_ms} ms"
            ),
        )
    }

    /// The table or its database is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self.errno, NO_SUCH_TABLE | UNKNOWN_DATABASE)
    }

    /// It is of the way to a server, of a limit or of a KILL, and not of the statement: 1040, 1205, 1317, 1429, 1430, 1969 and 3024 for a time that is over, 1226.
    pub fn is_of_connection(&self) -> bool {
        const CODES: [u16; 8] =
            [1040, LOCK_WAIT_TIMEOUT, 1226, INTERRUPTED, BACKEND_UNREACHABLE, BACKEND_FAILED, 1969, 3024];
        CODES.contains(&self.errno)
    }

    /// ER_VIEW_INVALID 1356, in the servers' own words.
    pub fn invalid_view(database: &str, view: &str) -> Self {
        let text = format!(
            "View '{database}.{view}' references invalid table(s) or column(s) or function(s) or definer/invoker of view lack rights to use them"
        );
        Self::new(1356, "HY000", text)
    }

    /// ER_LOCK_DEADLOCK 1213, in the servers' own words.
    pub fn deadlock() -> Self {
        Self::new(DEADLOCK, "40001", "Deadlock found when trying to get lock; try restarting transaction")
    }

    /// ER_NOT_SUPPORTED_YET 1235.
    pub fn not_supported(what: impl std::fmt::Display) -> Self {
        Self::new(1235, "42000", format!("Not supported: {what}"))
    }

    /// ER_UNKNOWN_ERROR 1105: something that no other number says.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(1105, "HY000", message)
    }

    /// ER_CON_COUNT_ERROR 1040, when an instance's connections are all in use for too long.
    /// `limit`: the setting that bounds them.
    pub fn no_connection(instance: &str, waited_ms: u64, limit: &str) -> Self {
        Self::new(
            1040,
            "08004",
            format!(
                "Too many connections: none to instance '{instance}' became free within {waited_ms} ms \
                 ({limit}, limits.connection_wait_ms)"
            ),
        )
    }

    /// ER_CONNECTION_KILLED 1927: a branch of the transaction is gone, and the rest was rolled back.
    pub fn lost_branch() -> Self {
        Self::new(
            1927,
            "70100",
            "Connection to a group of this transaction was lost; the transaction was rolled back",
        )
    }

    /// The server rolled the whole transaction back: 1213 deadlock, 1205 with innodb_rollback_on_timeout is the server's own affair.
    pub fn ends_transaction(&self) -> bool {
        self.errno == DEADLOCK || self.errno == 1614
    }
}

impl From<RouterError> for SqlError {
    fn from(e: RouterError) -> Self {
        Self::new(e.errno, e.sqlstate, e.message)
    }
}

impl From<ProposeError> for SqlError {
    fn from(e: ProposeError) -> Self {
        match e {
            ProposeError::Rejected(r) => Self::new(r.errno(), r.sqlstate(), r.to_string()),
            ProposeError::Refused { reason } => Self::other(reason),
            other => Self::other(format!("The catalog did not take the change: {other}")),
        }
    }
}

impl From<ErrPacket<'_>> for SqlError {
    fn from(e: ErrPacket<'_>) -> Self {
        Self::new(e.code, &String::from_utf8_lossy(&e.sqlstate), e.message_text())
    }
}
