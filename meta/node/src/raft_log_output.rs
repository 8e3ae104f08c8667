//! Raft's own log lines (slog) as tracing events.

use std::fmt::{Arguments, Write};

use slog::{Drain, KV, Key, Level, Never, OwnedKVList, Record, Serializer};

/// A slog logger whose lines go to tracing under the target `raft`.
pub(crate) fn logger() -> slog::Logger {
    slog::Logger::root(ToTracing, slog::o!())
}

struct ToTracing;

impl Drain for ToTracing {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record, inherited: &OwnedKVList) -> Result<(), Never> {
        // Before any formatting: Raft says much at debug level.
        match record.level() {
            Level::Critical | Level::Error => tracing::error!(target: "raft", "{}", line(record, inherited)),
            Level::Warning => tracing::warn!(target: "raft", "{}", line(record, inherited)),
            Level::Info => tracing::info!(target: "raft", "{}", line(record, inherited)),
            Level::Debug => tracing::debug!(target: "raft", "{}", line(record, inherited)),
            Level::Trace => tracing::trace!(target: "raft", "{}", line(record, inherited)),
        }
        Ok(())
    }
}

/// The message, then `key=value` pairs.
fn line(record: &Record, inherited: &OwnedKVList) -> String {
    let mut text = Line(record.msg().to_string());
    // A value that cannot be written is left out: a log line must not fail its caller.
    let _ = record.kv().serialize(record, &mut text);
    let _ = inherited.serialize(record, &mut text);
    text.0
}

struct Line(String);

impl Serializer for Line {
    fn emit_arguments(&mut self, key: Key, value: &Arguments) -> slog::Result {
        write!(self.0, " {key}={value}")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_holds_message_and_values() {
        let own = slog::o!("id" => 1).into();
        let text = line(
            &slog::record!(Level::Info, "", &format_args!("became leader"), slog::b!("term" => 3)),
            &own,
        );
        assert_eq!(text, "became leader term=3 id=1");
    }
}
