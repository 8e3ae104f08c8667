//! Results that the session writes itself, in the text or the binary protocol, and COM_FIELD_LIST.

use ostrakon_protocol::Status;
use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::column::{BINARY_CHARSET, ColumnDefinition, ColumnType, flag};
use ostrakon_protocol::lenenc::write_lenenc_int;
use ostrakon_protocol::response::{EofPacket, OkPacket};
use ostrakon_protocol::row::{BinaryRowWriter, write_text_cell};
use ostrakon_protocol::value::ValueType;

use ostrakon_router::access::Need;
use ostrakon_router::parse::command::Command;

use super::result::{CellType, ResultSet};
use super::{Failure, Session};
use crate::backend::connection::Connection;
use crate::error::SqlError;
use crate::exec::send;

/// utf8mb4_general_ci.
const UTF8MB4: u16 = 45;

impl Session {
    /// Appends a result set of our own, in the protocol that the statement came in.
    pub fn write_result(&mut self, set: &ResultSet, more: bool) {
        let binary = self.binary_results;
        let mut scratch = std::mem::take(&mut self.scratch);
        self.client.packet_with(&mut scratch, |out| write_lenenc_int(out, set.columns.len() as u64));
        for column in definitions(set) {
            self.client.packet(&column);
        }
        self.write_columns_end(&mut scratch);
        for row in &set.rows {
            self.client.packet_with(&mut scratch, |out| {
                if binary {
                    let mut writer = BinaryRowWriter::begin(out, row.len());
                    for (cell, (_, kind)) in row.iter().zip(&set.columns) {
                        // A cell that is not of its type cannot be: we made it.
                        if writer.text(cell.as_deref(), value_type(*kind)).is_err() {
                            writer.null();
                        }
                    }
                } else {
                    for cell in row {
                        write_text_cell(out, cell.as_deref());
                    }
                }
            });
        }
        self.scratch = scratch;
        self.write_rows_end(more);
    }

    /// The EOF between column definitions and rows, for clients that want one.
    pub fn write_columns_end(&mut self, scratch: &mut Vec<u8>) {
        if !self.client_has(Capabilities::DEPRECATE_EOF) {
            let end = EofPacket { warnings: 0, status: self.status() };
            self.client.packet_with(scratch, |out| end.encode(out));
        }
    }

    /// The end of a result set: EOF, or OK with EOF's header.
    pub fn write_rows_end(&mut self, more: bool) {
        self.write_rows_end_with(if more { Status::MORE_RESULTS_EXISTS } else { Status::default() });
    }

    /// The end of rows with one more status flag.
    pub(super) fn write_rows_end_with(&mut self, flag: Status) {
        let mut status = self.status();
        status.insert(flag);
        let warnings = self.warning_count();
        let capabilities = self.client.capabilities;
        let mut scratch = std::mem::take(&mut self.scratch);
        if self.client_has(Capabilities::DEPRECATE_EOF) {
            let ok = OkPacket { header: 0xFE, status, warnings, ..OkPacket::default() };
            self.client.packet_with(&mut scratch, |out| ok.encode(out, capabilities));
        } else {
            let end = EofPacket { warnings, status };
            self.client.packet_with(&mut scratch, |out| end.encode(out));
        }
        self.scratch = scratch;
    }

    /// The columns of a SHOW that is prepared, as its rows would say them now; none for commands without rows.
    pub(super) async fn columns_of_command(
        &mut self,
        command: &Command,
        text: &[u8],
    ) -> Result<Vec<Vec<u8>>, Failure> {
        match command {
            Command::Show(show) => Ok(definitions(&Box::pin(self.show(show)).await?)),
            Command::ShowPassed => {
                let mut lease = self.lease_any().await?;
                let prepared = send::prepare(&mut lease.connection, text).await;
                self.release(lease);
                Ok(prepared?.1)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// COM_FIELD_LIST: the columns of a table, each with its default value.
    pub async fn field_list(&mut self, table: &[u8], wildcard: &[u8]) -> Result<(), Failure> {
        let table = String::from_utf8_lossy(table).into_owned();
        let wildcard = String::from_utf8_lossy(wildcard).into_owned();
        let catalog = self.catalog();
        let database_name = self.current_database()?.to_owned();
        self.allow(Need::see_table(None, &table)).await?;
        let physical = self.first_physical(&catalog, None, &table)?;
        let mut lease = self.lease(&physical.group).await?;
        let described = described(&mut lease.connection, &physical.quoted).await;
        self.release(lease);
        let (columns, defaults) = described?;
        let mut scratch = std::mem::take(&mut self.scratch);
        for column in &columns {
            let definition = ColumnDefinition::decode(column).map_err(|e| SqlError::other(e.to_string()))?;
            let name = String::from_utf8_lossy(definition.name).into_owned();
            if !wildcard.is_empty() && !super::result::like(&wildcard, &name) {
                continue;
            }
            let default =
                defaults.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_deref());
            let mut trailer = Vec::new();
            write_text_cell(&mut trailer, default);
            let definition = ColumnDefinition {
                schema: database_name.as_bytes(),
                table: table.as_bytes(),
                org_table: table.as_bytes(),
                trailer: &trailer,
                ..definition
            };
            self.client.packet_with(&mut scratch, |out| definition.encode(out));
        }
        self.scratch = scratch;
        self.write_rows_end(false);
        Ok(())
    }
}

/// Column definitions of a physical table as its server sends them, and the columns' default values.
async fn described(
    connection: &mut Connection,
    quoted: &str,
) -> Result<(Vec<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>), SqlError> {
    let (_, columns) = send::prepare(connection, format!("SELECT * FROM {quoted}").as_bytes()).await?;
    let shown = connection.query(&format!("SHOW COLUMNS FROM {quoted}")).await?;
    let default = |row: usize| shown.rows.get(row).and_then(|r| r.get(4)).cloned().flatten();
    Ok((columns, (0..shown.rows.len()).map(|row| (shown.text(row, 0), default(row))).collect()))
}

/// The column definitions of a result of our own.
fn definitions(set: &ResultSet) -> Vec<Vec<u8>> {
    let columns = set.columns.iter().enumerate().map(|(index, (name, kind))| {
        let cells = set.rows.iter().filter_map(|row| row.get(index)).flatten();
        let mut encoded = Vec::new();
        definition(name, *kind, cells.map(Vec::len).max().unwrap_or(0)).encode(&mut encoded);
        encoded
    });
    columns.collect()
}

fn value_type(kind: CellType) -> ValueType {
    match kind {
        CellType::Text => ValueType::new(ColumnType::VAR_STRING, false),
        CellType::Integer => ValueType::new(ColumnType::LONGLONG, true),
        CellType::Signed => ValueType::new(ColumnType::LONGLONG, false),
    }
}

/// `longest`: bytes of the longest value.
fn definition(name: &str, kind: CellType, longest: usize) -> ColumnDefinition<'_> {
    let base = ColumnDefinition { name: name.as_bytes(), ..ColumnDefinition::default() };
    match kind {
        CellType::Text => ColumnDefinition {
            charset: UTF8MB4,
            length: u32::try_from(longest.max(64) * 4).unwrap_or(u32::MAX),
            column_type: ColumnType::VAR_STRING,
            ..base
        },
        CellType::Integer => ColumnDefinition {
            charset: BINARY_CHARSET,
            length: 21,
            column_type: ColumnType::LONGLONG,
            flags: flag::UNSIGNED | flag::BINARY | flag::NUM,
            ..base
        },
        CellType::Signed => ColumnDefinition {
            charset: BINARY_CHARSET,
            length: 21,
            column_type: ColumnType::LONGLONG,
            flags: flag::BINARY | flag::NUM,
            ..base
        },
    }
}
