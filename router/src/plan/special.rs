//! Functions and variables that mean the session, not the server: literals are put in their place; what cannot work through a shared
//! connection is refused by name.

use super::SessionFunction;
use super::nextval::{Next, is_nextval};
use super::text::{Edit, Piece};
use super::tokens::Tokens;
use crate::RouterError;
use crate::lexer::TokenKind;

/// What a statement's tokens say beside its tables.
#[derive(Debug, Default)]
pub(crate) struct Special {
    /// Literals in place of session functions.
    pub edits: Vec<Edit>,
    /// `LAST_INSERT_ID(expression)`: tells the session a new value through the OK packet.
    pub sets_last_id: bool,
    /// A function whose value differs from copy to copy.
    pub varies: Option<String>,
    /// The present moment is asked for.
    pub reads_time: bool,
    /// User variables that are read, lower case, without the `@`.
    pub variables: Vec<String>,
    /// User variables that the statement assigns, as those that are read.
    pub assigned: Vec<String>,
    /// Functions of named locks.
    pub locks: NamedLocks,
    /// Places that ask for a value of a sequence, in the order of the text.
    pub nexts: Vec<Next>,
}

/// Functions without arguments that become literals.
const FUNCTIONS: &[(&str, SessionFunction)] = &[
    ("LAST_INSERT_ID", SessionFunction::LastInsertId),
    ("FOUND_ROWS", SessionFunction::FoundRows),
    ("ROW_COUNT", SessionFunction::RowCount),
    ("DATABASE", SessionFunction::Database),
    ("SCHEMA", SessionFunction::Database),
    ("CONNECTION_ID", SessionFunction::ConnectionId),
    ("USER", SessionFunction::User),
    ("SESSION_USER", SessionFunction::User),
    ("SYSTEM_USER", SessionFunction::User),
    ("CURRENT_USER", SessionFunction::CurrentUser),
    ("VERSION", SessionFunction::Version),
];

/// Variables of the session that become literals; also with `session.` or `local.` before the name.
const VARIABLES: &[(&str, SessionFunction)] = &[
    ("last_insert_id", SessionFunction::LastInsertIdVariable),
    ("identity", SessionFunction::LastInsertIdVariable),
    ("autocommit", SessionFunction::Autocommit),
    ("warning_count", SessionFunction::WarningCount),
    ("error_count", SessionFunction::ErrorCount),
    ("in_transaction", SessionFunction::InTransaction),
    ("pseudo_thread_id", SessionFunction::PseudoThreadId),
    // The servers have it for sessions too.
    ("max_allowed_packet", SessionFunction::MaxAllowedPacket),
];

/// Variables of the node, which are the same for all sessions: also with `global.` before the name.
const GLOBAL_VARIABLES: &[(&str, SessionFunction)] = &[
    ("version", SessionFunction::VersionVariable),
    ("port", SessionFunction::Port),
    ("hostname", SessionFunction::Hostname),
    ("max_allowed_packet", SessionFunction::MaxAllowedPacket),
    ("log_bin", SessionFunction::LogBin),
    ("gtid_mode", SessionFunction::GtidMode),
];

const LOCKS: &[&str] = &["GET_LOCK", "RELEASE_LOCK", "RELEASE_ALL_LOCKS", "IS_FREE_LOCK", "IS_USED_LOCK"];

/// What a statement does with named locks. They belong to a session of one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamedLocks {
    #[default]
    None,
    /// It takes, releases or looks at some.
    Used,
    /// It releases all of them, and nothing else.
    AllReleased,
}

const SEQUENCES: &[&str] = &["NEXTVAL", "LASTVAL", "SETVAL"];

/// Functions that give another value on each server or in each call.
pub(crate) const VARYING: &[&str] = &[
    "RAND",
    "UUID",
    "UUID_SHORT",
    "UUID_V4",
    "UUID_V7",
    "SYS_GUID",
    "SYSDATE",
    "RANDOM_BYTES",
    "LOAD_FILE",
    "SLEEP",
    "BENCHMARK",
    "ROWNUM",
];

/// The moment at which the statement began.
pub(super) const MOMENTS: &[&str] = &[
    "NOW",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "CURDATE",
    "CURRENT_DATE",
    "CURTIME",
    "CURRENT_TIME",
    "UTC_DATE",
    "UTC_TIME",
    "UTC_TIMESTAMP",
    "UNIX_TIMESTAMP",
];

/// Reads the statement's tokens.
///
/// Errors: 1235 for named locks, and functions of sequences that are not there.
pub(crate) fn special(tokens: &Tokens<'_>) -> Result<Special, RouterError> {
    let mut found = Special::default();
    for at in 0..tokens.len() {
        match tokens.kind(at) {
            TokenKind::Word => word(tokens, at, &mut found)?,
            TokenKind::SystemVariable => system_variable(tokens, at, &mut found),
            TokenKind::UserVariable => {
                let name = user_variable(tokens, at);
                if name.starts_with("__ostrakon") {
                    return Err(RouterError::not_supported(
                        "user variables whose names begin with __ostrakon",
                    ));
                }
                // The last one is the one that was found.
                found.variables.retain(|known| *known != name);
                found.variables.push(name);
                if tokens.is_op(at + 1, ":=") {
                    found.assigned.extend(found.variables.last().cloned());
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The name of the user variable at that token, lower case.
fn user_variable(tokens: &Tokens<'_>, at: usize) -> String {
    let name = String::from_utf8_lossy(tokens.bytes(at)).trim_start_matches('@').to_lowercase();
    name.trim_matches(|quote| matches!(quote, '\'' | '"' | '`')).to_owned()
}

/// The user variables in a range of tokens, by their names.
pub(crate) fn user_variables<'t>(
    tokens: &'t Tokens<'_>,
    range: std::ops::Range<usize>,
) -> impl Iterator<Item = String> + 't {
    let is_variable = |at: &usize| tokens.kind(*at) == TokenKind::UserVariable;
    range.filter(is_variable).map(|at| user_variable(tokens, at))
}

/// Errors: 1235 for a statement that assigns a user variable where that is not possible.
pub(crate) fn refuse_assignment(special: &Special) -> Result<(), RouterError> {
    match special.assigned.as_slice() {
        [] => Ok(()),
        _ => Err(RouterError::not_supported("assignment to a user variable inside a write; use SET")),
    }
}

/// Errors: 1235 for named locks anywhere but in a query without tables.
pub(crate) fn refuse_locks(locks: NamedLocks) -> Result<(), RouterError> {
    match locks {
        NamedLocks::None => Ok(()),
        _ => Err(RouterError::not_supported(
            "named locks (GET_LOCK and its like) in other than a query without tables, or DO",
        )),
    }
}

fn word(tokens: &Tokens<'_>, at: usize, found: &mut Special) -> Result<(), RouterError> {
    if at > 0 && tokens.is_op(at - 1, ".") {
        if is_nextval(tokens, at) {
            found.nexts.extend(Next::at(tokens, at));
        } else if at > 1 && !tokens.is_op(at + 1, "(") && tokens.bytes(at).eq_ignore_ascii_case(b"CURRVAL") {
            return Err(RouterError::not_supported("CURRVAL; NEXTVAL gives the next value of a sequence"));
        }
        return Ok(());
    }
    found.reads_time |= tokens.is_any_word(at, MOMENTS);
    if (tokens.is_any_word(at, &["NEXT", "PREVIOUS"]) && tokens.are_words(at + 1, &["VALUE", "FOR"]))
        || (tokens.is_any_word(at, SEQUENCES) && tokens.is_op(at + 1, "("))
    {
        return Err(RouterError::not_supported(
            "MariaDB's functions of sequences; s.NEXTVAL gives the next value",
        ));
    }
    if tokens.is_word(at, "CURRENT_USER") && !tokens.is_op(at + 1, "(") {
        found.edits.push(replace(tokens, at, at, SessionFunction::CurrentUser));
        return Ok(());
    }
    if !tokens.is_op(at + 1, "(") {
        return Ok(());
    }
    if tokens.is_word(at, "IS_USED_LOCK") {
        return Err(RouterError::not_supported(
            "IS_USED_LOCK: it tells the number of a server's connection, not of a client's",
        ));
    }
    if tokens.is_any_word(at, LOCKS) {
        let all = found.locks != NamedLocks::Used && tokens.is_word(at, "RELEASE_ALL_LOCKS");
        found.locks = if all { NamedLocks::AllReleased } else { NamedLocks::Used };
    }
    if tokens.is_any_word(at, VARYING) {
        found.varies = Some(String::from_utf8_lossy(tokens.bytes(at)).to_uppercase());
    }
    let function = FUNCTIONS.iter().find(|(name, _)| tokens.is_word(at, name));
    match function {
        Some((_, function)) if tokens.is_op(at + 2, ")") => {
            found.edits.push(replace(tokens, at, at + 2, *function))
        }
        Some((_, SessionFunction::LastInsertId)) => found.sets_last_id = true,
        _ => {}
    }
    Ok(())
}

fn system_variable(tokens: &Tokens<'_>, at: usize, found: &mut Special) {
    let text = String::from_utf8_lossy(tokens.bytes(at)).to_lowercase().replace('`', "");
    let name = text.trim_start_matches('@');
    let of_session = name.strip_prefix("session.").or(name.strip_prefix("local."));
    let of_node = name.strip_prefix("global.");
    let found_in = |list: &[(&str, SessionFunction)], name: Option<&str>| {
        list.iter().find(|(known, _)| Some(*known) == name).map(|(_, function)| *function)
    };
    let function = found_in(VARIABLES, of_session.or(of_node.is_none().then_some(name)))
        .or_else(|| found_in(GLOBAL_VARIABLES, of_node.or(of_session.is_none().then_some(name))));
    match function {
        Some(function) => found.edits.push(replace(tokens, at, at, function)),
        None => found.varies = Some(text),
    }
}

fn replace(tokens: &Tokens<'_>, first: usize, last: usize, function: SessionFunction) -> Edit {
    Edit::new(tokens.start(first)..tokens.end(last), vec![Piece::Session(function)])
}
