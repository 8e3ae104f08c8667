//! Why a merge stops, with the MySQL error that the client sees.

use ostrakon_protocol::DecodeError;

/// A merge that cannot give one server's answer. What was sent to the client before is a correct beginning of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// No exact rule exists for what the statement needs.
    #[error("Not supported: {0}")]
    Unsupported(String),
    /// Rows that must be sorted here do not fit.
    #[error(
        "Out of sort memory: the rows to sort take more than limits.merge_memory ({limit} bytes); add a LIMIT, or raise the limit"
    )]
    OverBudget {
        /// In bytes.
        limit: usize,
    },
    /// LIMIT with something else than a whole number from 0 up.
    #[error("Incorrect arguments to LIMIT")]
    Limit,
    /// An aggregate does not fit its column's type.
    #[error("{0} value is out of range in the merged result")]
    OutOfRange(String),
    /// A server sent a row that is none.
    #[error("Malformed row from a server: {0}")]
    Row(#[from] DecodeError),
    /// A server sent a cell that is no value of its column's type.
    #[error("Malformed value from a server in column `{0}`")]
    Value(String),
    /// A fault of this program: the specification and the columns do not fit together, or rows were pushed out of turn.
    #[error("Internal error (please report): merge: {0}")]
    Internal(&'static str),
}

impl MergeError {
    /// MySQL's error number and SQLSTATE.
    pub fn code(&self) -> (u16, &'static str) {
        match self {
            Self::Unsupported(_) => (1235, "42000"),
            Self::OverBudget { .. } => (1038, "HY001"),
            Self::Limit => (1210, "HY000"),
            Self::OutOfRange(_) => (1690, "22003"),
            Self::Row(_) | Self::Value(_) | Self::Internal(_) => (1105, "HY000"),
        }
    }

    pub(super) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::Unsupported(what.to_string())
    }
}
