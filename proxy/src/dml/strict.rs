//! What a query warns of is an error in a write of a strict mode that works it out itself.

use crate::error::SqlError;
use crate::session::warnings::DEPRECATED;
use crate::session::{Failure, Session, Warning};

/// What a strict mode makes an error of while rows are written: division by zero, a value that its function cannot read, and numbers and
/// texts that are cut or out of range.
const STRICT_ERRORS: [(u16, &str); 5] =
    [(1365, "22012"), (1292, "22007"), (1264, "22003"), (1366, "22007"), (1690, "22003")];

impl Session {
    /// `before`: how many warnings there were before the query.
    ///
    /// Errors: what one server's write would fail with; 1235 where that is not certain.
    pub(super) async fn refuse_warnings(&mut self, before: usize) -> Result<(), Failure> {
        let is_quiet = self.warnings.is_empty() && self.warnings.unplaced == 0;
        if is_quiet || !self.is_strict().await? {
            return Ok(());
        }
        if self.warnings.unplaced > 0 {
            return Err(SqlError::not_supported(
                "rows that are read before they are written, with a LIMIT, and values that warn: which of the rows they are of is not known",
            )
            .into());
        }
        if self.warnings.count() > self.warnings.iter().count() as u64 {
            return Err(SqlError::not_supported(
                "a value that warns where max_error_count is too low to say of what",
            )
            .into());
        }
        let counts = |warning: &&Warning| warning.level == "Warning" && warning.code != DEPRECATED;
        let Some(warning) = self.warnings.iter().skip(before).find(counts) else { return Ok(()) };
        let error = match STRICT_ERRORS.iter().find(|(code, _)| *code == warning.code) {
            Some((code, state)) => SqlError::new(*code, state, warning.message.clone()),
            None => SqlError::not_supported(format!("a value that warns: {}", warning.message)),
        };
        Err(error.into())
    }
}
