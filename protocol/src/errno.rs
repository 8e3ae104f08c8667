//! The MySQL error numbers that a proxy sends or acts on, each with its SQLSTATE.

/// An error number with the SQLSTATE that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno {
    pub code: u16,
    pub sqlstate: [u8; 5],
}

/// SQLSTATE of an error that has none of its own.
pub const GENERAL_SQLSTATE: [u8; 5] = *b"HY000";

macro_rules! errnos {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $state:literal;)*) => {
        $($(#[$doc])* pub const $name: Errno = Errno { code: $code, sqlstate: *$state };)*

        /// Every error of this table, by number.
        pub const ALL: &[Errno] = &[$($name),*];
    };
}

errnos! {
    /// Too many connections.
    CON_COUNT_ERROR = 1040, b"08004";
    /// Bad handshake.
    HANDSHAKE_ERROR = 1043, b"08S01";
    /// Access denied for a user to a database.
    DBACCESS_DENIED_ERROR = 1044, b"42000";
    /// Access denied for a user: unknown, or a wrong password.
    ACCESS_DENIED_ERROR = 1045, b"28000";
    /// No database selected.
    NO_DB_ERROR = 1046, b"3D000";
    /// Unknown command.
    UNKNOWN_COM_ERROR = 1047, b"08S01";
    /// A column cannot be NULL.
    BAD_NULL_ERROR = 1048, b"23000";
    /// Unknown database.
    BAD_DB_ERROR = 1049, b"42000";
    /// The table exists already.
    TABLE_EXISTS_ERROR = 1050, b"42S01";
    /// DROP of an unknown table.
    BAD_TABLE_ERROR = 1051, b"42S02";
    /// A column name is ambiguous.
    NON_UNIQ_ERROR = 1052, b"23000";
    /// The server is shutting down.
    SERVER_SHUTDOWN = 1053, b"08S01";
    /// Unknown column.
    BAD_FIELD_ERROR = 1054, b"42S22";
    /// A duplicate value in a unique key.
    DUP_ENTRY = 1062, b"23000";
    /// Syntax error.
    PARSE_ERROR = 1064, b"42000";
    /// The query was empty.
    EMPTY_QUERY = 1065, b"42000";
    /// KILL of an unknown thread.
    NO_SUCH_THREAD = 1094, b"HY000";
    /// KILL of another user's thread.
    KILL_DENIED_ERROR = 1095, b"HY000";
    /// An error without a number of its own.
    UNKNOWN_ERROR = 1105, b"HY000";
    /// Unknown character set.
    UNKNOWN_CHARACTER_SET = 1115, b"42000";
    /// The host is blocked after many failed connections.
    HOST_IS_BLOCKED = 1129, b"HY000";
    /// The host may not connect.
    HOST_NOT_PRIVILEGED = 1130, b"HY000";
    /// INSERT with another number of values than of columns.
    WRONG_VALUE_COUNT_ON_ROW = 1136, b"21S01";
    /// A privilege on a table is missing.
    TABLEACCESS_DENIED_ERROR = 1142, b"42000";
    /// The table does not exist.
    NO_SUCH_TABLE = 1146, b"42S02";
    /// The command is not allowed with this server.
    NOT_ALLOWED_COMMAND = 1148, b"42000";
    /// A packet longer than max_allowed_packet.
    NET_PACKET_TOO_LARGE = 1153, b"08S01";
    /// Packets out of order.
    NET_PACKETS_OUT_OF_ORDER = 1156, b"08S01";
    /// An error while reading from the network.
    NET_READ_ERROR = 1158, b"08S01";
    /// A time-out while reading from the network.
    NET_READ_INTERRUPTED = 1159, b"08S01";
    /// An error while writing to the network.
    NET_ERROR_ON_WRITE = 1160, b"08S01";
    /// A time-out while writing to the network.
    NET_WRITE_INTERRUPTED = 1161, b"08S01";
    /// The connection is given up before login.
    NEW_ABORTING_CONNECTION = 1184, b"08S01";
    /// Unknown system variable.
    UNKNOWN_SYSTEM_VARIABLE = 1193, b"HY000";
    /// The user has too many connections.
    TOO_MANY_USER_CONNECTIONS = 1203, b"42000";
    /// A lock was not had in time.
    LOCK_WAIT_TIMEOUT = 1205, b"HY000";
    /// Wrong arguments, among them those of COM_STMT_EXECUTE.
    WRONG_ARGUMENTS = 1210, b"HY000";
    /// A deadlock: the transaction was rolled back.
    LOCK_DEADLOCK = 1213, b"40001";
    /// A limit of the user's account is reached.
    USER_LIMIT_REACHED = 1226, b"42000";
    /// A privilege is missing.
    SPECIFIC_ACCESS_DENIED_ERROR = 1227, b"42000";
    /// A variable only has a session value.
    LOCAL_VARIABLE = 1228, b"HY000";
    /// A variable only has a global value.
    GLOBAL_VARIABLE = 1229, b"HY000";
    /// A variable cannot be set to that value.
    WRONG_VALUE_FOR_VAR = 1231, b"42000";
    /// A variable cannot be set to a value of that type.
    WRONG_TYPE_FOR_VAR = 1232, b"42000";
    /// This version does not do it.
    NOT_SUPPORTED_YET = 1235, b"42000";
    /// A variable is of another scope, or read only.
    INCORRECT_GLOBAL_LOCAL_VAR = 1238, b"HY000";
    /// Unknown prepared statement.
    UNKNOWN_STMT_HANDLER = 1243, b"HY000";
    /// The client speaks no authentication that the server asks for.
    NOT_SUPPORTED_AUTH_MODE = 1251, b"08004";
    /// A server option forbids the statement (`--read-only`).
    OPTION_PREVENTS_STATEMENT = 1290, b"HY000";
    /// The statement cannot be prepared.
    UNSUPPORTED_PS = 1295, b"HY000";
    /// The statement was killed.
    QUERY_INTERRUPTED = 1317, b"70100";
    /// A prepared statement has more than 65,535 parameters.
    PS_MANY_PARAM = 1390, b"HY000";
    /// XA: unknown xid.
    XAER_NOTA = 1397, b"XAE04";
    /// XA: not allowed in this state.
    XAER_RMFAIL = 1399, b"XAE07";
    /// XA: the branch was rolled back.
    XA_RBROLLBACK = 1402, b"XA100";
    /// max_prepared_stmt_count is reached.
    MAX_PREPARED_STMT_COUNT_REACHED = 1461, b"42000";
    /// No partition takes the value.
    NO_PARTITION_FOR_GIVEN_VALUE = 1526, b"HY000";
    /// SET TRANSACTION while a transaction is open.
    CANT_CHANGE_TX_CHARACTERISTICS = 1568, b"25001";
    /// A write in a read-only transaction.
    CANT_EXECUTE_IN_READ_ONLY_TRANSACTION = 1792, b"25006";
    /// Malformed communication packet.
    MALFORMED_PACKET = 1835, b"HY000";
    /// The server is read only.
    READ_ONLY_MODE = 1836, b"HY000";
    /// The connection was killed (MariaDB).
    CONNECTION_KILLED = 1927, b"70100";
    /// The statement took longer than max_statement_time (MariaDB).
    STATEMENT_TIMEOUT = 1969, b"70100";
    /// The statement took longer than max_execution_time.
    QUERY_TIMEOUT = 3024, b"HY000";
    /// The account wants an encrypted connection.
    SECURE_TRANSPORT_REQUIRED = 3159, b"HY000";
    /// The client was idle for longer than wait_timeout.
    CLIENT_INTERACTION_TIMEOUT = 4031, b"HY000";
}

/// The SQLSTATE of an error number, HY000 for one that is not in the table.
pub fn sqlstate_of(code: u16) -> [u8; 5] {
    match ALL.binary_search_by_key(&code, |errno| errno.code) {
        Ok(found) => ALL.get(found).map_or(GENERAL_SQLSTATE, |errno| errno.sqlstate),
        Err(_) => GENERAL_SQLSTATE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_without_duplicates() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn unknown_numbers_have_the_general_state() {
        assert_eq!(sqlstate_of(1045), *b"28000");
        assert_eq!(sqlstate_of(1), GENERAL_SQLSTATE);
    }
}
