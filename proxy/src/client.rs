//! A small blocking SQL client for the command line and the launcher: text statements over TCP, whole results in memory.
//!
//! The sessions' backend connections are another thing: they never block and never hold a result. This one runs where there is no
//! runtime, outside of a node.

use std::io::{BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use ostrakon_protocol::auth::client::{AuthError, ClientAuth, ClientStep, Transport};
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_protocol::command::Command;
use ostrakon_protocol::handshake::{Greeting, HandshakeResponse};
use ostrakon_protocol::lenenc::Reader;
use ostrakon_protocol::packet::{HEADER_LENGTH, Header, MAX_PAYLOAD, write_packet};
use ostrakon_protocol::response::{EOF_HEADER, ERR_HEADER, ErrPacket, OK_HEADER, OkPacket};
use ostrakon_protocol::{Capabilities, DecodeError};

/// Longest silence of a server inside one statement.
const READ_PATIENCE: Duration = Duration::from_secs(120);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// utf8mb4_general_ci: known to MariaDB and MySQL.
const CHARSET: u8 = 45;
const CAPABILITIES: Capabilities = Capabilities(
    Capabilities::LONG_PASSWORD.0
        | Capabilities::PROTOCOL_41.0
        | Capabilities::TRANSACTIONS.0
        | Capabilities::SECURE_CONNECTION.0
        | Capabilities::PLUGIN_AUTH.0
        | Capabilities::DEPRECATE_EOF.0,
);

/// The protocol's column types with numbers: DECIMAL, TINY, SHORT, LONG, FLOAT, DOUBLE, LONGLONG, INT24, YEAR, NEWDECIMAL.
const NUMERIC: [u8; 10] = [0, 1, 2, 3, 4, 5, 8, 9, 13, 246];

/// Where and as whom to connect.
#[derive(Clone)]
pub struct Login {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub database: Option<String>,
}

impl Login {
    /// `root` on 127.0.0.1, without a password and without a default database.
    pub fn root(port: u16) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
            user: "root".to_owned(),
            password: String::new(),
            database: None,
        }
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
    /// Bytes that make no sense.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Login(#[from] AuthError),
    /// The server can do less than this client needs, or asks for what it does not do.
    #[error("not supported here: {0}")]
    Unsupported(&'static str),
}

/// The answer to one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Column labels; empty for a statement without a result set.
    pub columns: Vec<String>,
    /// For each column: its values are numbers.
    pub numeric: Vec<bool>,
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

    fn ended(packet: &[u8]) -> Result<Self, ClientError> {
        let ok = OkPacket::decode(packet, CAPABILITIES)?;
        Ok(Self {
            affected_rows: ok.affected_rows,
            last_insert_id: ok.last_insert_id,
            warnings: ok.warnings,
            ..Self::default()
        })
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
        let stream = connect(login)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_PATIENCE))?;
        stream.set_write_timeout(Some(READ_PATIENCE))?;
        let mut client = Self { stream: BufReader::new(stream), sequence: 0 };
        client.log_in(login)?;
        Ok(client)
    }

    fn log_in(&mut self, login: &Login) -> Result<(), ClientError> {
        let packet = self.read_packet()?;
        if packet.first() == Some(&ERR_HEADER) {
            return Err(server_error(&packet));
        }
        let greeting = Greeting::decode(&packet)?;
        if !greeting.capabilities.contains(Capabilities::DEPRECATE_EOF) {
            return Err(ClientError::Unsupported("a server without CLIENT_DEPRECATE_EOF"));
        }
        // On loopback nobody can change the key on its way; elsewhere it would give the password to whoever can.
        let fetch_server_key = self.stream.get_ref().peer_addr()?.ip().is_loopback();
        let transport = Transport::Plain { fetch_server_key };
        let mut auth =
            ClientAuth::new(login.password.as_bytes(), &greeting.plugin, &greeting.salt, transport);
        let response = HandshakeResponse {
            capabilities: CAPABILITIES,
            max_packet: 1 << 30,
            charset: CHARSET,
            username: login.user.clone(),
            auth_response: auth.initial_response(),
            database: login.database.clone(),
            plugin: Some(auth.plugin().to_owned()),
            attributes: Vec::new(),
            zstd_level: None,
        };
        let mut payload = Vec::new();
        response.encode(&mut payload);
        self.write_packet(&payload)?;
        loop {
            let packet = self.read_packet()?;
            match auth.receive(&packet, CAPABILITIES)? {
                ClientStep::Accepted(_) => return Ok(()),
                ClientStep::Refused(_) => return Err(server_error(&packet)),
                ClientStep::Send(payload) => self.write_packet(&payload)?,
                ClientStep::Wait => {}
            }
        }
    }

    /// Runs one statement (COM_QUERY).
    pub fn query(&mut self, sql: &str) -> Result<Answer, ClientError> {
        self.sequence = 0;
        let mut payload = Vec::new();
        Command::Query(sql.as_bytes()).encode(&mut payload);
        self.write_packet(&payload)?;
        let head = self.read_packet()?;
        match head.first() {
            Some(&OK_HEADER) => Answer::ended(&head),
            Some(&ERR_HEADER) => Err(server_error(&head)),
            Some(0xfb) => Err(ClientError::Unsupported("LOAD DATA LOCAL")),
            _ => self.read_result(&head),
        }
    }

    fn read_result(&mut self, head: &[u8]) -> Result<Answer, ClientError> {
        let count = Reader::new(head).lenenc_int()?;
        let (mut columns, mut numeric) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let packet = self.read_packet()?;
            let definition = ColumnDefinition::decode(&packet)?;
            columns.push(String::from_utf8_lossy(definition.name).into_owned());
            numeric.push(NUMERIC.contains(&definition.column_type.0));
        }
        let mut rows = Vec::new();
        loop {
            let packet = self.read_packet()?;
            match packet.first() {
                Some(&ERR_HEADER) => return Err(server_error(&packet)),
                // A row may start with this byte too (a value of 16 MiB and more); the closing packet is short.
                Some(&EOF_HEADER) if packet.len() < MAX_PAYLOAD => {
                    return Ok(Answer { columns, numeric, rows, ..Answer::ended(&packet)? });
                }
                _ => {
                    let mut reader = Reader::new(&packet);
                    let cells =
                        columns.iter().map(|_| Ok(reader.lenenc_bytes_or_null()?.map(<[u8]>::to_vec)));
                    rows.push(cells.collect::<Result<_, DecodeError>>()?);
                }
            }
        }
    }

    /// Reads one payload, joining the packets of a long one.
    fn read_packet(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut payload = Vec::new();
        loop {
            let mut bytes = [0; HEADER_LENGTH];
            self.stream.read_exact(&mut bytes)?;
            let header = Header::parse(&bytes).ok_or(ClientError::Unsupported("a short header"))?;
            self.sequence = header.sequence.wrapping_add(1);
            // Read as it comes: a header that lies about its length costs nothing.
            let got = (&mut self.stream).take(header.length as u64).read_to_end(&mut payload)?;
            if got != header.length {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            if header.length < MAX_PAYLOAD {
                return Ok(payload);
            }
        }
    }

    fn write_packet(&mut self, payload: &[u8]) -> Result<(), ClientError> {
        let mut bytes = Vec::with_capacity(payload.len() + HEADER_LENGTH);
        write_packet(&mut bytes, &mut self.sequence, payload);
        Ok(self.stream.get_mut().write_all(&bytes)?)
    }
}

/// The first of the host's addresses that answers.
fn connect(login: &Login) -> std::io::Result<TcpStream> {
    let mut failure = std::io::Error::other(format!("{} has no address", login.host));
    for address in (login.host.as_str(), login.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn server_error(packet: &[u8]) -> ClientError {
    match ErrPacket::decode(packet) {
        Ok(error) => ClientError::Server {
            errno: error.code,
            sqlstate: String::from_utf8_lossy(&error.sqlstate).into_owned(),
            message: error.message_text().into_owned(),
        },
        Err(fault) => fault.into(),
    }
}
