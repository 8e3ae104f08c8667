//! A raw client that does what no library would: stops in any state, sends garbage, leaves without a word.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// CLIENT_DEPRECATE_EOF: results end with an OK packet.
pub const DEPRECATE_EOF: u32 = 1 << 24;

/// A connection whose bytes the test decides.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
}

impl Wire {
    /// Connects, and reads nothing yet.
    pub async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap_or_else(|error| panic!("port {port}: {error}"));
        Self { stream }
    }

    /// A connection that is there.
    pub fn over(stream: TcpStream) -> Self {
        Self { stream }
    }

    /// Connects and logs in as `root` with an empty password; `database` may be empty.
    pub async fn log_in(port: u16, database: &str) -> Self {
        Self::try_log_in(port, database).await.unwrap_or_else(|reason| panic!("port {port}: {reason}"))
    }

    /// As [`Wire::log_in`], where nobody may listen, or die in the middle of it.
    pub async fn try_log_in(port: u16, database: &str) -> Result<Self, String> {
        Self::log_in_with(port, database, 0).await.map(|(wire, _)| wire)
    }

    /// As [`Wire::try_log_in`], with more capabilities than [`Wire::login`] has; gives the OK packet, too.
    pub async fn log_in_with(port: u16, database: &str, more: u32) -> Result<(Self, Vec<u8>), String> {
        Self::log_in_by(port, &Self::login_with(database, DEPRECATE_EOF | more)).await
    }

    /// As [`Wire::log_in_with`], by this packet.
    pub async fn log_in_by(port: u16, login: &[u8]) -> Result<(Self, Vec<u8>), String> {
        let connecting = TcpStream::connect(("127.0.0.1", port)).await;
        let mut wire = Self { stream: connecting.map_err(|error| error.to_string())? };
        let greeting = wire.read_packet().await.ok_or("no greeting")?;
        if greeting.first() != Some(&10) {
            return Err(format!("not a greeting: {}", String::from_utf8_lossy(&greeting)));
        }
        wire.send_packet(1, login).await;
        loop {
            let packet = wire.read_packet().await.ok_or("no answer to the login")?;
            match packet.first() {
                Some(0) => return Ok((wire, packet)),
                // A switch to another plugin: an empty password answers with nothing.
                Some(0xfe) => wire.send_packet(3, &[]).await,
                Some(1) => {}
                _ => return Err(format!("login refused: {}", String::from_utf8_lossy(&packet))),
            }
        }
    }

    /// HandshakeResponse41 of `root` without a password: PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, DEPRECATE_EOF, TRANSACTIONS,
    /// and CONNECT_WITH_DB.
    pub fn login(database: &str) -> Vec<u8> {
        Self::login_with(database, DEPRECATE_EOF)
    }

    /// As [`Wire::login`], with these flags in place of DEPRECATE_EOF.
    pub fn login_with(database: &str, further: u32) -> Vec<u8> {
        let mut flags: u32 = 1 | 1 << 9 | 1 << 13 | 1 << 15 | 1 << 19 | further;
        if !database.is_empty() {
            flags |= 1 << 3;
        }
        let mut packet = flags.to_le_bytes().to_vec();
        packet.extend_from_slice(&(1u32 << 30).to_le_bytes());
        packet.push(45);
        packet.extend_from_slice(&[0; 23]);
        packet.extend_from_slice(b"root\0\0");
        if !database.is_empty() {
            packet.extend_from_slice(database.as_bytes());
            packet.push(0);
        }
        packet.extend_from_slice(b"mysql_native_password\0");
        packet
    }

    /// One packet with its header; payloads below 16 MiB only.
    pub async fn send_packet(&mut self, sequence: u8, payload: &[u8]) {
        let mut bytes = u32::try_from(payload.len()).unwrap().to_le_bytes();
        assert_eq!(bytes[3], 0, "too long for one packet");
        bytes[3] = sequence;
        self.send_raw(&[bytes.as_slice(), payload].concat()).await;
    }

    /// COM_QUERY, without waiting for the answer.
    pub async fn send_query(&mut self, sql: &str) {
        self.send_packet(0, &[b"\x03", sql.as_bytes()].concat()).await;
    }

    /// Any bytes. A peer that has closed already is no failure.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next packet's payload; `None` when the peer has closed.
    pub async fn read_packet(&mut self) -> Option<Vec<u8>> {
        self.read_numbered().await.map(|(_, payload)| payload)
    }

    /// The next packet's number and payload; `None` when the peer has closed.
    pub async fn read_numbered(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).await.ok()?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((header[3], payload))
    }

    /// Reads until the peer closes, and gives how many bytes came.
    pub async fn read_to_end(&mut self) -> usize {
        let mut sink = Vec::new();
        self.stream.read_to_end(&mut sink).await.unwrap_or(0)
    }

    /// The socket.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }
}
