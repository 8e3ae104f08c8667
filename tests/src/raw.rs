//! A client that keeps every packet of an answer as it came, and checks that answers are whole.

use crate::wire::{DEPRECATE_EOF, Wire};

/// Headers of packets.
const OK: u8 = 0;
const ERR: u8 = 0xFF;
const END: u8 = 0xFE;

/// A client with or without DEPRECATE_EOF.
#[derive(Debug)]
pub struct Raw {
    wire: Wire,
    deprecates_eof: bool,
    /// Of the next packet.
    number: u8,
}

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// OK or ERR where there are no rows.
    pub single: Option<Vec<u8>>,
    pub columns: Vec<Vec<u8>>,
    pub rows: Vec<Vec<u8>>,
    /// The packet behind the rows: EOF, OK or ERR.
    pub end: Option<Vec<u8>>,
}

/// A prepared statement.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub id: u32,
    pub parameters: Vec<Vec<u8>>,
    pub columns: Vec<Vec<u8>>,
}

impl Raw {
    /// Logs in as `root`.
    pub async fn log_in(port: u16, database: &str, deprecates_eof: bool) -> Self {
        let login = Wire::login_with(database, if deprecates_eof { DEPRECATE_EOF } else { 0 });
        let (wire, _) =
            Wire::log_in_by(port, &login).await.unwrap_or_else(|reason| panic!("port {port}: {reason}"));
        Self { wire, deprecates_eof, number: 0 }
    }

    /// COM_QUERY.
    pub async fn query(&mut self, sql: &str) -> Answer {
        self.command(&[b"\x03", sql.as_bytes()].concat()).await;
        self.answer().await
    }

    /// COM_STMT_PREPARE; an ERR packet where it is refused.
    pub async fn prepare(&mut self, sql: &str) -> Result<Prepared, Vec<u8>> {
        self.command(&[b"\x16", sql.as_bytes()].concat()).await;
        let first = self.packet().await;
        if first.first() != Some(&OK) {
            return Err(first);
        }
        assert_eq!(first.len(), 12, "the answer to COM_STMT_PREPARE");
        let count = |at: usize| usize::from(u16::from_le_bytes([first[at], first[at + 1]]));
        let id = u32::from_le_bytes([first[1], first[2], first[3], first[4]]);
        let parameters = self.definitions(count(7)).await;
        let columns = self.definitions(count(5)).await;
        Ok(Prepared { id, parameters, columns })
    }

    /// COM_STMT_EXECUTE; `rest`: all behind the iteration count.
    pub async fn execute(&mut self, id: u32, rest: &[u8]) -> Answer {
        self.command(&[b"\x17".as_slice(), &id.to_le_bytes(), &[0, 1, 0, 0, 0], rest].concat()).await;
        self.answer().await
    }

    /// A command that has no answer, or whose answer is read by [`Raw::answer`].
    pub async fn command(&mut self, payload: &[u8]) {
        self.number = 1;
        self.wire.send_packet(0, payload).await;
    }

    /// One answer: rows, or one packet.
    pub async fn answer(&mut self) -> Answer {
        let first = self.packet().await;
        if matches!(first.first(), Some(&OK | &ERR)) {
            return Answer { single: Some(first), ..Answer::default() };
        }
        assert_eq!(first.len(), 1, "fewer than 251 columns: {first:?}");
        let mut answer =
            Answer { columns: self.definitions(usize::from(first[0])).await, ..Answer::default() };
        loop {
            let packet = self.packet().await;
            match packet.first() {
                // A row of the text protocol whose first value is longer than 16 MiB begins so too.
                Some(&END) if packet.len() < 1 << 24 => {
                    match self.deprecates_eof {
                        true => assert!(packet.len() >= 7, "an OK packet behind the rows: {packet:?}"),
                        false => assert_eq!(packet.len(), 5, "an EOF packet behind the rows: {packet:?}"),
                    }
                    answer.end = Some(packet);
                    return answer;
                }
                Some(&ERR) => {
                    answer.end = Some(packet);
                    return answer;
                }
                _ => answer.rows.push(packet),
            }
        }
    }

    /// Column definitions, and the EOF packet behind them.
    async fn definitions(&mut self, count: usize) -> Vec<Vec<u8>> {
        let mut definitions = Vec::with_capacity(count);
        for _ in 0..count {
            definitions.push(self.packet().await);
        }
        if count > 0 && !self.deprecates_eof {
            let end = self.packet().await;
            assert!(end.first() == Some(&END) && end.len() == 5, "EOF behind definitions: {end:?}");
        }
        definitions
    }

    async fn packet(&mut self) -> Vec<u8> {
        let (number, payload) = self.wire.read_numbered().await.expect("the server closed the connection");
        assert_eq!(number, self.number, "packets of an answer are numbered one after the other");
        self.number = self.number.wrapping_add(1);
        payload
    }
}

impl Answer {
    /// All bytes that came.
    pub fn bytes(&self) -> Vec<u8> {
        let parts = self.single.iter().chain(&self.columns).chain(&self.rows).chain(&self.end);
        parts.flatten().copied().collect()
    }

    /// The number of the error that it is or ends with.
    pub fn errno(&self) -> Option<u16> {
        errno(self.single.as_ref().or(self.end.as_ref())?)
    }
}

/// The number in an ERR packet.
pub fn errno(packet: &[u8]) -> Option<u16> {
    match packet {
        [ERR, low, high, ..] => Some(u16::from_le_bytes([*low, *high])),
        _ => None,
    }
}
