//! LOAD DATA LOCAL over a connection: the server asks for a file, and gets rows of ours or a client's file.
//!
//! **Invariant:** a request for a file is answered only between `begin_file` and `end_file`, and only if it names what was asked to be loaded. Any other
//! request breaks the connection wherever it is read; no file of this machine is ever opened for a server.

use ostrakon_catalog::schema::Instance;
use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::packet::{HEADER_LENGTH, Header, write_packet};
use ostrakon_protocol::scanner::{Event, ResponseKind, ResponseScanner, Scan};

use super::{Answer, Connection, READ_SIZE};
use crate::error::SqlError;

/// Bytes of one packet of a file. A server reads a packet as a whole before it takes rows from it.
const PIECE: usize = 2 * READ_SIZE;

/// Temporary tables are nothing for replicas (MariaDB's binary log would have all their rows), and have no primary key.
const FOR_TEMPORARY_TABLES: [&str; 2] =
    ["SET SESSION sql_log_bin = 0", "SET SESSION sql_require_primary_key = 0"];

/// A file that is being sent: the number of its next packet.
pub struct FileSent {
    sequence: u8,
}

impl Connection {
    /// As `connect`, for a connection that loads rows into temporary tables.
    pub async fn connect_for_files(instance: &Instance, statement_limit: usize) -> Result<Self, SqlError> {
        let mut connection = Self::connect(instance, statement_limit, false).await?;
        for statement in FOR_TEMPORARY_TABLES {
            // Without the privilege, or the variable, it is as it was: more work for the server, or an error of its own.
            if let Err(e) = connection.query(statement).await {
                if connection.is_broken() {
                    return Err(e);
                }
                tracing::debug!(instance = %instance.name, statement, error = %e.message, "not for gather connections");
            }
        }
        Ok(connection)
    }

    /// The server takes files from this connection, as far as its greeting says.
    pub fn may_send_files(&self) -> bool {
        self.capabilities.contains(Capabilities::LOCAL_FILES)
    }

    /// Sends a LOAD DATA LOCAL of the file `name` and waits until the server asks for that.
    ///
    /// Errors: what the server answers instead; the connection can be used then, if it is not broken.
    pub async fn begin_file(&mut self, sql: &[u8], name: &str) -> Result<FileSent, SqlError> {
        self.queue_query(sql);
        self.flush().await?;
        self.read_prefix().await?;
        let mut scanner = ResponseScanner::new(ResponseKind::Query, self.capabilities);
        loop {
            match scanner.next(&self.input) {
                Scan::Broken(e) => return Err(self.malformed(&e)),
                Scan::NeedMore { at_least } => self.fill(at_least).await?,
                Scan::Packet { length, event } => {
                    let sequence = Header::parse(&self.input).map_or(0, |header| header.sequence);
                    let packet = self.input.split_to(length);
                    let payload = packet.get(HEADER_LENGTH..).unwrap_or_default();
                    return match event {
                        Event::LocalInfile if payload.get(1..) == Some(name.as_bytes()) => {
                            Ok(FileSent { sequence: sequence.wrapping_add(1) })
                        }
                        Event::Err => {
                            self.answered();
                            Err(self.decode_error(payload))
                        }
                        _ => Err(self.malformed(&"no request for the rows that are to be loaded")),
                    };
                }
            }
        }
    }

    /// Sends more of the file. Waits while the server does not take it.
    pub async fn send_file(&mut self, file: &mut FileSent, bytes: &[u8]) -> Result<(), SqlError> {
        for piece in bytes.chunks(PIECE.min(self.max_packet).max(1)) {
            write_packet(&mut self.output, &mut file.sequence, piece);
            self.flush().await?;
        }
        Ok(())
    }

    /// Ends the file and reads what came of the statement.
    pub async fn end_file(&mut self, mut file: FileSent) -> Result<Answer, SqlError> {
        write_packet(&mut self.output, &mut file.sequence, &[]);
        self.flush().await?;
        self.read_queued().await
    }
}
