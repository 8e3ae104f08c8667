//! A small blocking SQL client for setting up clusters: text statements of one user over TCP, whole results in memory.
//!
//! Accounts of the launcher have an empty password, and the answer to every challenge of every plugin is then empty too; another
//! password is refused here. Tests and applications use real clients.

use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::dev::error::DevError;

/// Longest silence of a server inside one statement.
const READ_PATIENCE: Duration = Duration::from_secs(120);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

// Capability flags of the handshake (Protocol::CapabilityFlags).
const LONG_PASSWORD: u32 = 1;
const CONNECT_WITH_DB: u32 = 1 << 3;
const PROTOCOL_41: u32 = 1 << 9;
const TRANSACTIONS: u32 = 1 << 13;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;
const DEPRECATE_EOF: u32 = 1 << 24;

/// Where and as whom to connect.
#[derive(Clone, Debug)]
pub struct Login {
    pub port: u16,
    pub user: String,
    pub database: Option<String>,
}

impl Login {
    /// `root` on 127.0.0.1, without a default database.
    pub fn root(port: u16) -> Self {
        Self { port, user: "root".to_owned(), database: None }
    }
}

/// Why a connection or a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The server's own error.
    #[error("{message} (error {errno}, SQLSTATE {sqlstate})")]
    Server { errno: u16, sqlstate: String, message: String },
    /// Bytes that this client does not understand.
    #[error("unexpected packet: {0}")]
    Protocol(&'static str),
}

/// The answer to one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Column labels; empty for a statement without a result set.
    pub columns: Vec<String>,
    /// Rows as text; `None` is NULL.
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
    pub affected_rows: u64,
    pub last_insert_id: u64,
    pub warnings: u16,
}

impl Answer {
    /// The first column of the first row as text.
    pub fn first(&self) -> Option<String> {
        let value = self.rows.first()?.first()?.as_ref()?;
        Some(String::from_utf8_lossy(value).into_owned())
    }
}

/// A connection.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    sequence: u8,
}

impl Client {
    /// Connects and logs in.
    pub fn connect(login: &Login) -> Result<Self, ClientError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, login.port));
        let stream = TcpStream::connect_timeout(&address, CONNECT_PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_PATIENCE))?;
        stream.set_write_timeout(Some(READ_PATIENCE))?;
        let mut client = Self { stream: BufReader::new(stream), sequence: 0 };
        client.log_in(login)?;
        Ok(client)
    }

    fn log_in(&mut self, login: &Login) -> Result<(), ClientError> {
        let greeting = self.read_packet()?;
        if greeting.first() == Some(&0xff) {
            return Err(server_error(&greeting));
        }
        let mut flags =
            LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH | DEPRECATE_EOF;
        flags &= server_capabilities(&greeting)?;
        if login.database.is_some() {
            flags |= CONNECT_WITH_DB;
        }
        if flags & DEPRECATE_EOF == 0 {
            return Err(ClientError::Protocol("a server without CLIENT_DEPRECATE_EOF"));
        }
        let mut reply = flags.to_le_bytes().to_vec();
        reply.extend_from_slice(&(1u32 << 24).to_le_bytes());
        // utf8mb4_general_ci: known to MariaDB and MySQL.
        reply.push(45);
        reply.extend_from_slice(&[0; 23]);
        reply.extend_from_slice(login.user.as_bytes());
        // End of the user's name; then an authentication answer of length 0.
        reply.extend_from_slice(&[0, 0]);
        if let Some(database) = &login.database {
            reply.extend_from_slice(database.as_bytes());
            reply.push(0);
        }
        reply.extend_from_slice(b"mysql_native_password\0");
        self.write_packet(&reply)?;
        loop {
            let packet = self.read_packet()?;
            match packet.first() {
                Some(0) => return Ok(()),
                Some(0xff) => return Err(server_error(&packet)),
                // Switch to another plugin: an empty password answers every challenge with nothing.
                Some(0xfe) => self.write_packet(&[])?,
                // More data of caching_sha2_password: 3 is "fast path was enough"; OK follows.
                Some(1) if packet.get(1) == Some(&3) => {}
                _ => return Err(ClientError::Protocol("during login")),
            }
        }
    }

    /// Runs one statement (COM_QUERY).
    pub fn query(&mut self, sql: &str) -> Result<Answer, ClientError> {
        self.sequence = 0;
        let mut command = vec![3];
        command.extend_from_slice(sql.as_bytes());
        self.write_packet(&command)?;
        let head = self.read_packet()?;
        match head.first() {
            Some(0) => ok_answer(&head),
            Some(0xff) => Err(server_error(&head)),
            Some(0xfb) => Err(ClientError::Protocol("LOAD DATA LOCAL is not served here")),
            _ => self.read_result(&head),
        }
    }

    /// Runs one statement; a failure names it.
    pub fn setup(&mut self, sql: &str) -> Result<Answer, DevError> {
        let shown: String = sql.chars().take(200).collect();
        self.query(sql).map_err(|source| DevError::Setup { statement: shown, source })
    }

    fn read_result(&mut self, head: &[u8]) -> Result<Answer, ClientError> {
        let count = Reader(head).length()?;
        let mut answer = Answer::default();
        for _ in 0..count {
            let packet = self.read_packet()?;
            let mut reader = Reader(&packet);
            // Catalog, schema, table, original table: then the label.
            for _ in 0..4 {
                reader.string()?;
            }
            answer.columns.push(String::from_utf8_lossy(reader.string()?.unwrap_or_default()).into_owned());
        }
        loop {
            let packet = self.read_packet()?;
            match packet.first() {
                Some(0xff) => return Err(server_error(&packet)),
                // A row may start with 0xfe too (a value of 16 MiB and more); the closing packet is short.
                Some(0xfe) if packet.len() < 0xff_ffff => {
                    answer.warnings = ok_answer(&packet)?.warnings;
                    return Ok(answer);
                }
                _ => {
                    let mut reader = Reader(&packet);
                    let row = (0..count).map(|_| Ok(reader.string()?.map(<[u8]>::to_vec)));
                    answer.rows.push(row.collect::<Result<_, ClientError>>()?);
                }
            }
        }
    }

    /// Reads one packet, joining those of 16 MiB and more.
    fn read_packet(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut packet = Vec::new();
        loop {
            let mut header = [0; 4];
            self.stream.read_exact(&mut header)?;
            let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
            self.sequence = header[3].wrapping_add(1);
            let before = packet.len();
            (&mut self.stream).take(u64::from(length)).read_to_end(&mut packet)?;
            if packet.len() - before != length as usize {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            if length < 0xff_ffff {
                return Ok(packet);
            }
        }
    }

    fn write_packet(&mut self, payload: &[u8]) -> Result<(), ClientError> {
        let mut rest = payload;
        loop {
            let (part, after) = rest.split_at(rest.len().min(0xff_ffff));
            let length =
                u32::try_from(part.len()).map_err(|_| ClientError::Protocol("packet length"))?.to_le_bytes();
            let mut bytes = vec![length[0], length[1], length[2], self.sequence];
            bytes.extend_from_slice(part);
            self.stream.get_mut().write_all(&bytes)?;
            self.sequence = self.sequence.wrapping_add(1);
            if part.len() < 0xff_ffff {
                return Ok(());
            }
            rest = after;
        }
    }
}

/// Capabilities of the server's greeting (Protocol::HandshakeV10): two halves around the character set and the status.
fn server_capabilities(greeting: &[u8]) -> Result<u32, ClientError> {
    let short = ClientError::Protocol("a short greeting");
    let end = greeting
        .iter()
        .skip(1)
        .position(|byte| *byte == 0)
        .ok_or(ClientError::Protocol("a greeting without version"))?;
    // Version and its end, thread id 4, salt 8, filler 1.
    let at = 1 + end + 1 + 4 + 8 + 1;
    match greeting.get(at..at + 7) {
        Some(&[a, b, _, _, _, c, d]) => Ok(u32::from_le_bytes([a, b, c, d])),
        _ => Err(short),
    }
}

fn ok_answer(packet: &[u8]) -> Result<Answer, ClientError> {
    let mut reader = Reader(packet.get(1..).unwrap_or_default());
    let affected_rows = reader.length()?;
    let last_insert_id = reader.length()?;
    let warnings = match reader.0 {
        [_, _, low, high, ..] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    };
    Ok(Answer { affected_rows, last_insert_id, warnings, ..Answer::default() })
}

fn server_error(packet: &[u8]) -> ClientError {
    let errno = match packet {
        [_, low, high, ..] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    };
    let rest = String::from_utf8_lossy(packet.get(3..).unwrap_or_default()).into_owned();
    let (sqlstate, message) = match rest.strip_prefix('#').and_then(|text| text.split_at_checked(5)) {
        Some((state, message)) => (state.to_owned(), message.to_owned()),
        None => ("HY000".to_owned(), rest),
    };
    ClientError::Server { errno, sqlstate, message }
}

/// Length-encoded integers and strings of a packet, from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ClientError> {
        let (head, rest) =
            self.0.split_at_checked(count).ok_or(ClientError::Protocol("a packet that ends early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn number(&mut self, bytes: usize) -> Result<u64, ClientError> {
        Ok(self.take(bytes)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn length(&mut self) -> Result<u64, ClientError> {
        match self.number(1)? {
            0xfc => self.number(2),
            0xfd => self.number(3),
            0xfe => self.number(8),
            small => Ok(small),
        }
    }

    /// A string, or `None` for NULL.
    fn string(&mut self) -> Result<Option<&'a [u8]>, ClientError> {
        if self.0.first() == Some(&0xfb) {
            self.take(1)?;
            return Ok(None);
        }
        let length = self.length()?;
        self.take(usize::try_from(length).map_err(|_| ClientError::Protocol("a string's length"))?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_packet_gives_number_state_and_text() {
        let packet = [b"\xff\x7a\x04#42S02".as_slice(), b"Table 'a.b' doesn't exist"].concat();
        let ClientError::Server { errno, sqlstate, message } = server_error(&packet) else {
            panic!("not a server error")
        };
        assert_eq!(
            (errno, sqlstate.as_str(), message.as_str()),
            (1146, "42S02", "Table 'a.b' doesn't exist")
        );
    }

    #[test]
    fn a_length_that_leaves_the_packet_is_refused() {
        assert!(Reader(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, b'a']).string().is_err());
        assert!(Reader(&[5, b'a']).string().is_err());
        assert_eq!(Reader(&[1, b'a']).string().unwrap(), Some(b"a".as_slice()));
        assert_eq!(Reader(&[0xfb]).string().unwrap(), None);
    }
}
