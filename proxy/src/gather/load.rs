//! Loading rows into a temporary table: LOAD DATA LOCAL, or INSERT of many rows where the server takes no files.
//!
//! **Invariant:** what a server stores is what came, byte for byte. It says how many rows it took and how many warnings it has, and any number that
//! was not expected is an error of the statement.
//!
//! No more than a window and one row is held; who loads waits while the server does not take it.

use ostrakon_router::plan::carriage::Carriage;
use ostrakon_router::sharding::topology::quote;

use super::connection::{GatherConnection, changed};
use crate::backend::connection::{Connection, FileSent};
use crate::error::SqlError;

/// Bytes that are held before they are sent.
const WINDOW: usize = 256 << 10;

/// The file that a server asks for: there is no such file, and nothing else is given.
const FILE: &str = "ostrakon-rows";

/// ER_CLIENT_LOCAL_FILES_DISABLED, ER_LOAD_INFILE_CAPABILITY_DISABLED, ER_NOT_ALLOWED_COMMAND: the server takes no files.
const NO_FILES: [u16; 3] = [3948, 4166, 1148];

/// A column that is loaded.
#[derive(Clone, Debug)]
pub struct LoadColumn {
    pub name: String,
    pub carriage: Carriage,
}

/// What was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub rows: u64,
    /// Bytes of all values.
    pub bytes: u64,
}

/// How rows go to the server.
enum Way {
    File(FileSent),
    /// INSERT.
    Insert {
        /// The statement up to the first row.
        head: String,
        /// What stands before, between and after the copies of each column's value.
        around: Vec<Vec<String>>,
        /// The answer of the last one is still to be read.
        waits: bool,
    },
}

/// A load under way. Dropped before its end, it leaves a connection that is closed.
pub struct Load<'a> {
    gather: &'a mut GatherConnection,
    table: String,
    columns: Vec<LoadColumn>,
    way: Way,
    /// Rows that are not sent yet.
    buffer: Vec<u8>,
    loaded: Loaded,
    /// Rows that the server says it has stored.
    stored: u64,
    /// Warnings that the server has, and those that it must have.
    warnings: u64,
    expected_warnings: u64,
}

impl GatherConnection {
    /// Begins to load these columns of a table (a quoted name) that was created here.
    pub async fn load(&mut self, table: &str, columns: &[LoadColumn]) -> Result<Load<'_>, SqlError> {
        let loading = std::rc::Rc::clone(&self.loading);
        self.lease.connection.queue_settings(&loading);
        let file = match self.lease.connection.may_send_files()
            && !self.lease.connection.pool().refuses_files.get()
        {
            true => self.begin_file(table, columns).await?,
            false => None,
        };
        let way = match file {
            Some(file) => Way::File(file),
            None => Way::Insert {
                head: insert_head(table, columns),
                around: columns.iter().map(around_value).collect(),
                waits: false,
            },
        };
        Ok(Load {
            gather: self,
            table: table.to_owned(),
            columns: columns.to_vec(),
            way,
            buffer: Vec::new(),
            loaded: Loaded::default(),
            stored: 0,
            warnings: 0,
            expected_warnings: 0,
        })
    }

    /// None: the server takes no files, which is remembered.
    async fn begin_file(
        &mut self,
        table: &str,
        columns: &[LoadColumn],
    ) -> Result<Option<FileSent>, SqlError> {
        let sql = load_statement(table, columns);
        match self.lease.connection.begin_file(sql.as_bytes(), FILE).await {
            Ok(file) => Ok(Some(file)),
            Err(e) if NO_FILES.contains(&e.errno) && !self.lease.connection.is_broken() => {
                tracing::info!(instance = self.lease.connection.instance(), error = %e.message, "rows are inserted, not loaded");
                self.lease.connection.pool().refuses_files.set(true);
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

impl Load<'_> {
    /// It is time to send what is held.
    pub fn is_full(&self) -> bool {
        self.buffer.len() >= WINDOW
    }

    /// Rows and bytes so far.
    pub fn loaded(&self) -> Loaded {
        self.loaded
    }

    /// Adds a row: for each column its value as the source's server printed it, None for NULL.
    pub fn row<'v>(&mut self, values: impl Iterator<Item = Option<&'v [u8]>>) -> Result<(), SqlError> {
        let start = self.buffer.len();
        if let Way::Insert { head, .. } = &self.way {
            match start {
                0 => self.buffer.extend_from_slice(head.as_bytes()),
                _ => self.buffer.push(b','),
            }
            self.buffer.push(b'(');
        }
        let mut count = 0;
        for value in values {
            let Some(column) = self.columns.get(count) else { return Err(misfit()) };
            if let Some(value) = value {
                self.loaded.bytes += value.len() as u64;
                if column.carriage.is_lost(value) {
                    return Err(lost(&column.name));
                }
                self.expected_warnings += u64::from(column.carriage.is_warned_of(value));
            }
            match &self.way {
                Way::File(_) => {
                    if count > 0 {
                        self.buffer.push(b'\t');
                    }
                    write_in_file(&mut self.buffer, value);
                }
                Way::Insert { around, .. } => {
                    if count > 0 {
                        self.buffer.push(b',');
                    }
                    let around = around.get(count).map(Vec::as_slice).unwrap_or_default();
                    write_in_statement(&mut self.buffer, around, value);
                }
            }
            count += 1;
        }
        if count < self.columns.len() {
            return Err(misfit());
        }
        self.buffer.push(match self.way {
            Way::File(_) => b'\n',
            Way::Insert { .. } => b')',
        });
        self.loaded.rows += 1;
        Ok(())
    }

    /// Sends what has come together when that is a window.
    pub async fn flush_if_full(&mut self) -> Result<(), SqlError> {
        if self.buffer.len() >= WINDOW { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), SqlError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let connection = &mut *self.gather.lease.connection;
        match &mut self.way {
            Way::File(file) => connection.send_file(file, &self.buffer).await?,
            Way::Insert { waits, .. } => {
                connection.check_size(self.buffer.len() + 1)?;
                // One is stored while the next one comes together.
                if *waits {
                    let answer = connection.read_queued().await?;
                    self.stored += answer.affected_rows;
                    self.warnings += u64::from(answer.warnings);
                }
                connection.queue_query(&self.buffer);
                *waits = true;
                connection.flush().await?;
                connection.read_prefix().await?;
            }
        }
        self.buffer.clear();
        if self.buffer.capacity() > 2 * WINDOW {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    /// Ends the load: all rows are stored, as they came.
    pub async fn end(mut self) -> Result<Loaded, SqlError> {
        self.flush().await?;
        let connection = &mut *self.gather.lease.connection;
        match self.way {
            Way::File(file) => {
                let answer = connection.end_file(file).await?;
                self.stored += answer.affected_rows;
                self.warnings += match answer.warnings {
                    // As many or more.
                    u16::MAX => warning_count(connection).await?,
                    count => u64::from(count),
                };
            }
            Way::Insert { waits: true, .. } => {
                let answer = connection.read_queued().await?;
                self.stored += answer.affected_rows;
                self.warnings += u64::from(answer.warnings);
            }
            Way::Insert { waits: false, .. } => {}
        }
        if self.warnings != self.expected_warnings {
            let why = self.gather.first_warning().await;
            return Err(changed(&self.table, "loading it", &why));
        }
        if self.stored != self.loaded.rows {
            let why = format!("{} rows were sent, {} are stored", self.loaded.rows, self.stored);
            return Err(changed(&self.table, "loading it", &why));
        }
        Ok(self.loaded)
    }
}

/// Warnings of the last statement, where an OK packet cannot say it.
async fn warning_count(connection: &mut Connection) -> Result<u64, SqlError> {
    let answer = connection.query("SELECT @@warning_count").await?;
    answer.text(0, 0).parse().map_err(|_| SqlError::other("a server does not say how many warnings it has"))
}

fn load_statement(table: &str, columns: &[LoadColumn]) -> String {
    let mut fields = Vec::with_capacity(columns.len());
    let mut set = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        match column.carriage.load() {
            None => fields.push(quote(&column.name)),
            Some(wrap) => {
                let variable = format!("@__ostrakon_{index}");
                set.push(format!("{} = {}", quote(&column.name), wrap(&variable)));
                fields.push(variable);
            }
        }
    }
    let set = if set.is_empty() { String::new() } else { format!(" SET {}", set.join(", ")) };
    format!(
        "LOAD DATA LOCAL INFILE '{FILE}' INTO TABLE {table} CHARACTER SET binary ({}){set}",
        fields.join(", ")
    )
}

fn insert_head(table: &str, columns: &[LoadColumn]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "))
}

/// The expression that stores a column's value, cut where the value goes.
fn around_value(column: &LoadColumn) -> Vec<String> {
    match column.carriage.load() {
        None => vec![String::new(), String::new()],
        Some(wrap) => wrap("\0").split('\0').map(str::to_owned).collect(),
    }
}

/// A value of a file with fields that end with a tab, lines that end with a newline, and backslashes before what would be read otherwise.
fn write_in_file(out: &mut Vec<u8>, value: Option<&[u8]>) {
    let Some(value) = value else { return out.extend_from_slice(b"\\N") };
    write_escaped(out, value, |byte| match byte {
        b'\\' => Some(b'\\'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0 => Some(b'0'),
        _ => None,
    });
}

/// A value of a statement: a binary string in quotes, which is bytes where bytes are stored and a number where a number is.
fn write_in_statement(out: &mut Vec<u8>, around: &[String], value: Option<&[u8]>) {
    let Some(value) = value else { return out.extend_from_slice(b"NULL") };
    for (index, text) in around.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b"_binary'");
            write_escaped(out, value, |byte| match byte {
                b'\\' => Some(b'\\'),
                b'\'' => Some(b'\''),
                0 => Some(b'0'),
                _ => None,
            });
            out.push(b'\'');
        }
        out.extend_from_slice(text.as_bytes());
    }
}

/// Copies `bytes`, with a backslash and another byte in place of those for which `escape` gives one.
fn write_escaped(out: &mut Vec<u8>, bytes: &[u8], escape: impl Fn(u8) -> Option<u8>) {
    out.reserve(bytes.len() + 2);
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| escape(*byte).is_some()) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((byte, tail)) = special.split_first() {
            out.push(b'\\');
            out.push(escape(*byte).unwrap_or(*byte));
            rest = tail;
        }
    }
    out.extend_from_slice(rest);
}

fn misfit() -> SqlError {
    SqlError::other(
        "Internal error (please report): a gathered row has another number of values than its table",
    )
}

fn lost(column: &str) -> SqlError {
    SqlError::not_supported(format!(
        "gathering column '{column}': a JSON document there has a value that its text does not tell (a date, binary data, a decimal of \
         another form than a double's)"
    ))
}

#[cfg(test)]
mod tests {
    use ostrakon_catalog::column::ColumnType;
    use ostrakon_router::plan::carriage::carriage;

    use super::*;

    fn columns() -> Vec<LoadColumn> {
        let column =
            |name: &str, data_type| LoadColumn { name: name.into(), carriage: carriage(&data_type, true) };
        vec![
            column("a`b", ColumnType::Blob),
            column("t", ColumnType::Timestamp { fsp: 0 }),
            column("e", ColumnType::Enum),
        ]
    }

    #[test]
    fn statements_name_columns_and_undo_what_was_selected() {
        assert_eq!(
            load_statement("`__ostrakon`.`gather_1`", &columns()),
            "LOAD DATA LOCAL INFILE 'ostrakon-rows' INTO TABLE `__ostrakon`.`gather_1` CHARACTER SET binary \
             (`a``b`, @__ostrakon_1, @__ostrakon_2) SET `t` = IF(@__ostrakon_1 = 0, '0000-00-00', FROM_UNIXTIME(@__ostrakon_1)), \
             `e` = CAST(@__ostrakon_2 AS UNSIGNED)"
        );
        let head = insert_head("`__ostrakon`.`g`", &columns());
        assert_eq!(head, "INSERT INTO `__ostrakon`.`g` (`a``b`, `t`, `e`) VALUES ");
    }

    #[test]
    fn values_are_escaped_for_where_they_stand() {
        let value: &[u8] = b"a\\b\tc\nd\0e'f";
        let mut file = Vec::new();
        write_in_file(&mut file, Some(value));
        file.push(b'\t');
        write_in_file(&mut file, None);
        assert_eq!(file, b"a\\\\b\\tc\\nd\\0e'f\t\\N");
        let mut statement = Vec::new();
        let columns = columns();
        for column in &columns[..2] {
            write_in_statement(&mut statement, &around_value(column), Some(b"1'\0"));
        }
        write_in_statement(&mut statement, &[], None);
        assert_eq!(
            statement,
            b"_binary'1\\'\\0'IF(_binary'1\\'\\0' = 0, '0000-00-00', FROM_UNIXTIME(_binary'1\\'\\0'))NULL"
        );
    }
}
