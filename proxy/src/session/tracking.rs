//! Session tracking: a statement's OK packet tells what it has changed of the session, to clients that want to know (CLIENT_SESSION_TRACK).
//!
//! What is told, and how it stands in the packet, are those of servers (seen: MariaDB 10.11, MySQL 9.7).

use ostrakon_protocol::Capabilities;
use ostrakon_protocol::lenenc::write_lenenc_bytes;

use super::Session;
use crate::backend::settings::Settings;
use crate::error::SqlError;

/// Types of changes on the wire.
const SYSTEM_VARIABLES: u8 = 0;
const SCHEMA: u8 = 1;
const STATE_CHANGE: u8 = 2;

/// The default of `session_track_system_variables`.
const TRACKED: &str =
    "autocommit,character_set_client,character_set_connection,character_set_results,time_zone";

/// Changes that the next OK tells.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Names, lower case, and values.
    variables: Vec<(String, String)>,
    database: bool,
    /// A database was dropped, whichever: a status flag, for every client.
    pub(super) dropped: bool,
    state: bool,
}

impl Session {
    fn tracks(&self) -> bool {
        self.client_has(Capabilities::SESSION_TRACK)
    }

    /// A system variable was set; `value` is what SELECT gives of it.
    pub(super) fn note_variable(&mut self, name: &str, value: String) {
        if self.tracks() {
            self.changes.variables.retain(|(known, _)| known != name);
            self.changes.variables.push((name.to_owned(), value));
        }
    }

    /// Another database is current, or the same again.
    pub(super) fn note_database(&mut self) {
        self.changes.database = self.tracks();
        self.note_state();
    }

    /// Something of the session has changed.
    pub(super) fn note_state(&mut self) {
        self.changes.state |= self.tracks_state();
    }

    /// That something has changed at all is told.
    pub(super) fn tracks_state(&self) -> bool {
        self.tracks() && is_on(&self.settings, "session_track_state_change", false)
    }

    /// Nothing was changed after all.
    pub(super) fn forget_changes(&mut self) {
        self.changes = Changes::default();
    }

    /// The changes as an OK packet carries them; they are told then.
    pub(super) fn take_changes(&mut self) -> Vec<u8> {
        let changes = std::mem::take(&mut self.changes);
        let mut out = Vec::new();
        if changes.variables.is_empty() && !changes.database && !changes.state {
            return out;
        }
        let tracked =
            self.settings.get("session_track_system_variables").map(|literal| literal.trim_matches('\''));
        let tracked = tracked.unwrap_or(TRACKED);
        let is_tracked = |name: &str| {
            tracked.split(',').map(str::trim).any(|known| known == "*" || known.eq_ignore_ascii_case(name))
        };
        for (name, value) in changes.variables.iter().filter(|(name, _)| is_tracked(name)) {
            let mut change = Vec::new();
            write_lenenc_bytes(&mut change, name.as_bytes());
            write_lenenc_bytes(&mut change, value.as_bytes());
            push(&mut out, SYSTEM_VARIABLES, &change);
        }
        if changes.database && is_on(&self.settings, "session_track_schema", true) {
            push_database(&mut out, self.database.as_deref());
        }
        if changes.state {
            push(&mut out, STATE_CHANGE, b"1");
        }
        out
    }
}

fn push(out: &mut Vec<u8>, kind: u8, change: &[u8]) {
    out.push(kind);
    write_lenenc_bytes(out, change);
}

/// The current database as a change; none is an empty name.
pub(super) fn push_database(out: &mut Vec<u8>, name: Option<&str>) {
    let mut change = Vec::new();
    write_lenenc_bytes(&mut change, name.unwrap_or_default().as_bytes());
    push(out, SCHEMA, &change);
}

fn is_on(settings: &Settings, name: &str, default: bool) -> bool {
    settings.get(name).map_or(default, |literal| matches!(literal.trim_matches('\''), "1" | "ON" | "on"))
}

/// Errors: 1235 for what is not told here: a client that was promised it would wait for it.
pub(super) fn check(name: &str, value: &str) -> Result<(), SqlError> {
    let is_told = !matches!(name, "session_track_transaction_info" | "session_track_gtids");
    match is_told || matches!(value, "OFF" | "0") {
        true => Ok(()),
        false => Err(SqlError::not_supported(format!("SET {name} to other than OFF"))),
    }
}
