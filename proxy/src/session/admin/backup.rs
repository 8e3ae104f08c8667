//! BACKUP CATALOG: the catalog in one row, as text that any client can keep in a file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::error::SqlError;
use crate::secret::hex;
use crate::session::result::ResultSet;
use crate::session::{Failure, Session};

impl Session {
    pub(super) async fn backup_catalog(&mut self) -> Result<ResultSet, Failure> {
        let meta = &self.worker.node.meta;
        let bytes = meta
            .backup()
            .await
            .map_err(|e| SqlError::other(format!("The catalog cannot be backed up now: {e}")))?;
        let mut set = ResultSet::text(&["NODE", "APPLIED", "BYTES", "SHA256", "DATA"]);
        for name in ["NODE", "APPLIED", "BYTES"] {
            set = set.integer(name);
        }
        set.push([
            meta.node_id().into(),
            meta.applied().into(),
            bytes.len().into(),
            hex(ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref()).into(),
            BASE64.encode(&bytes).into(),
        ]);
        Ok(set)
    }
}
