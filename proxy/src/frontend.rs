//! The client's side of a session: its socket (plain or TLS), reading commands, writing answers.
//!
//! Buffers exist while a command is in hand; an idle client keeps none: what it sends is read into one that all of its thread's clients share.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, BytesMut};
use ostrakon_protocol::auth::SALT_LENGTH;
use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::compression::{Algorithm, Compression};
use ostrakon_protocol::packet::{
    Assembler, HEADER_LENGTH, Header, MAX_PAYLOAD, PacketError, Taken, begin_packet, finish_packet,
    write_packet,
};
use ostrakon_protocol::proxy_header::{self, Origin, ProxyHeaderError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::door::Place;
use crate::read_buffer::{self, READ_SIZE};

/// A client's socket.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// While TLS is being set up, or after it failed.
    Closed,
}

/// One client connection.
pub struct Frontend {
    pub stream: Stream,
    input: BytesMut,
    /// Bytes for the client, not yet written.
    pub output: Vec<u8>,
    /// Sequence number of the next packet to the client.
    pub sequence: u8,
    pub capabilities: Capabilities,
    /// That of the greeting. A client that knows no plugins proves itself by it in COM_CHANGE_USER, too.
    pub salt: [u8; SALT_LENGTH],
    /// Where the client is: behind a balancer that says so, not the balancer.
    pub peer: SocketAddr,
    /// Among those who log in, until it has.
    pub place: Option<Box<Place>>,
    assembler: Assembler,
    /// Before login no byte beyond the packet is read: what follows a TLS request belongs to TLS, and a clear-text byte smuggled in there must
    /// not be taken for a command.
    exact: bool,
    kept_back: Option<Box<KeptBack>>,
    compression: Option<Box<Compression>>,
}

/// Output that is not to be written yet.
struct KeptBack {
    bytes: Vec<u8>,
    /// Bytes, beyond which all of it is written after all.
    limit: usize,
}

/// Output is written when it is longer than this, so that a long result holds one window in memory.
pub const WRITE_SIZE: usize = 64 << 10;

/// Why no command came.
#[derive(Debug)]
pub enum ReadError {
    /// The client closed the connection or it broke.
    Gone,
    Packet(PacketError),
    /// A compressed packet that does not hold what it says.
    Uncompress,
    ProxyHeader(ProxyHeaderError),
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl Frontend {
    /// `max_payload`: largest packet that is accepted, in bytes.
    pub fn new(stream: TcpStream, peer: SocketAddr, max_payload: usize, salt: [u8; SALT_LENGTH]) -> Self {
        Self {
            stream: Stream::Plain(stream),
            input: BytesMut::new(),
            output: Vec::new(),
            sequence: 0,
            capabilities: Capabilities::default(),
            salt,
            // A listener for both families has IPv4 addresses in their IPv6 form.
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            place: None,
            assembler: Assembler::new(max_payload),
            exact: true,
            kept_back: None,
            compression: None,
        }
    }

    /// Login is over: reads go ahead, and packets may be longer. From now on both sides may compress.
    pub fn logged_in(&mut self, max_payload: usize, algorithm: Option<Algorithm>) {
        self.exact = false;
        self.place = None;
        if self.input.is_empty() && self.output.is_empty() {
            (self.input, self.output) = (BytesMut::new(), Vec::new());
        }
        self.assembler.set_max_payload(max_payload);
        self.compression = algorithm.map(|algorithm| Box::new(Compression::new(algorithm)));
        if self.compression.is_some() {
            self.assembler.take_any_number();
        }
    }

    /// Reads the header with which a balancer begins, and no byte beyond it; `peer` is the client's address then.
    pub async fn read_proxy_header(&mut self) -> Result<(), ReadError> {
        let mut header = Vec::new();
        loop {
            match proxy_header::take(&header).map_err(ReadError::ProxyHeader)? {
                proxy_header::Taken::Header { origin, .. } => {
                    if let Origin::Client(address) = origin {
                        self.peer = SocketAddr::new(address.ip().to_canonical(), address.port());
                    }
                    return Ok(());
                }
                proxy_header::Taken::NeedMore { at_least } => {
                    let Stream::Plain(stream) = &mut self.stream else { return Err(ReadError::Gone) };
                    let wanted = at_least.saturating_sub(header.len());
                    let mut limited = (&mut header).limit(wanted);
                    if stream.read_buf(&mut limited).await? == 0 {
                        return Err(ReadError::Gone);
                    }
                }
            }
        }
    }

    /// Reads one payload into `payload` (cleared first) and sets the sequence for the answer.
    ///
    /// An error in the packet leaves the connection unusable.
    pub async fn read_payload(&mut self, payload: &mut Vec<u8>) -> Result<(), ReadError> {
        payload.clear();
        loop {
            let mut wanted = HEADER_LENGTH;
            if !self.input.is_empty() {
                match self.assembler.take(&self.input).map_err(ReadError::Packet)? {
                    Taken::Packet { payload: bytes, consumed, sequence } => {
                        payload.extend_from_slice(&bytes);
                        drop(bytes);
                        self.sequence = sequence.wrapping_add(1);
                        match consumed == self.input.len() {
                            true => self.input = BytesMut::new(),
                            false => self.input.advance(consumed),
                        }
                        return Ok(());
                    }
                    Taken::NeedMore { at_least } => wanted = at_least.saturating_sub(self.input.len()).max(1),
                }
            }
            // One after the other, as long as the command is not whole: what many hold could be more than any command may have.
            if let Some(compression) = &mut self.compression
                && compression.next(&mut self.input).map_err(|_| ReadError::Uncompress)?
            {
                continue;
            }
            if self.compression.is_none() && !self.exact && wanted <= READ_SIZE {
                match poll_fn(|context| self.poll_read_short(context, payload)).await? {
                    true => return Ok(()),
                    false => continue,
                }
            }
            let size = if self.exact { wanted } else { READ_SIZE.max(wanted).min(1 << 20) };
            let input = match &mut self.compression {
                Some(compression) => &mut compression.input,
                None => &mut self.input,
            };
            input.reserve(size);
            let mut limited = input.limit(size);
            let read = match &mut self.stream {
                Stream::Plain(stream) => stream.read_buf(&mut limited).await?,
                Stream::Tls(stream) => stream.read_buf(&mut limited).await?,
                Stream::Closed => 0,
            };
            if read == 0 {
                return Err(ReadError::Gone);
            }
        }
    }

    /// Reads once. True when that was all of a command, which is in `payload` then; else what came is in `input`.
    fn poll_read_short(
        &mut self,
        context: &mut Context<'_>,
        payload: &mut Vec<u8>,
    ) -> Poll<Result<bool, ReadError>> {
        let Self { stream, input, assembler, sequence, .. } = self;
        let take = |bytes: &[u8]| {
            if bytes.is_empty() {
                return Err(ReadError::Gone);
            }
            if input.is_empty()
                && let Ok(Taken::Packet { payload: whole, consumed, sequence: last }) = assembler.take(bytes)
            {
                payload.extend_from_slice(&whole);
                *sequence = last.wrapping_add(1);
                input.extend_from_slice(bytes.get(consumed..).unwrap_or_default());
                return Ok(true);
            }
            input.extend_from_slice(bytes);
            Ok(false)
        };
        let read = match stream {
            Stream::Plain(stream) => read_buffer::poll_read(stream, context, take),
            Stream::Tls(stream) => read_buffer::poll_read(stream, context, take),
            Stream::Closed => return Poll::Ready(Err(ReadError::Gone)),
        };
        read.map(|read| read?)
    }

    /// Bytes of a command have come that is not whole yet.
    pub fn has_input(&self) -> bool {
        !self.input.is_empty() || self.compression.as_ref().is_some_and(|found| !found.input.is_empty())
    }

    /// Sequence number for the answer to a command that was refused before it was whole: after the packets of it that came.
    pub fn next_after_refused(&self) -> u8 {
        let whole = self.input.len() / (MAX_PAYLOAD + HEADER_LENGTH);
        u8::try_from(whole % 256).unwrap_or(0).wrapping_add(1)
    }

    /// Starts a command's answer: the next command counts its packets from 0.
    pub fn begin_command(&mut self) {
        self.assembler.expect(0);
    }

    /// The client's next packet goes on counting: a reply within the login.
    pub fn expect_reply(&mut self) {
        self.assembler.expect(self.sequence);
    }

    /// Appends one packet to the output.
    pub fn packet(&mut self, payload: &[u8]) {
        write_packet(&mut self.output, &mut self.sequence, payload);
    }

    /// Appends a packet that may be a part of a longer one: its payload as it is, of 16 MiB at most.
    pub fn part(&mut self, payload: &[u8]) {
        let header = Header { length: payload.len(), sequence: self.sequence };
        self.output.extend_from_slice(&header.encode());
        self.output.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// From now on output is kept back instead of written, as long as it is no more than `limit` bytes.
    pub fn keep_back(&mut self, limit: usize) {
        self.kept_back = Some(Box::new(KeptBack { bytes: Vec::new(), limit }));
    }

    /// All output since `keep_back`; `None` where it is more than the limit, and is written.
    pub fn take_kept_back(&mut self) -> Option<Vec<u8>> {
        let mut kept = *self.kept_back.take()?;
        kept.bytes.append(&mut self.output);
        if kept.bytes.len() <= kept.limit {
            return Some(kept.bytes);
        }
        self.output = kept.bytes;
        None
    }

    /// Appends one packet that `encode` writes.
    pub fn packet_with(&mut self, scratch: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>)) {
        scratch.clear();
        encode(scratch);
        write_packet(&mut self.output, &mut self.sequence, scratch);
    }

    /// The same, where `write` says whether there is one after all.
    pub fn packet_or_nothing<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> (bool, T)) -> T {
        let start = begin_packet(&mut self.output);
        let (is_there, result) = write(&mut self.output);
        match is_there {
            true => finish_packet(&mut self.output, start, &mut self.sequence),
            false => self.output.truncate(start),
        }
        result
    }

    /// Writes all output.
    pub async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        if let Some(kept) = &mut self.kept_back {
            kept.bytes.append(&mut self.output);
            if kept.bytes.len() <= kept.limit {
                return Ok(());
            }
            self.output = std::mem::take(&mut kept.bytes);
            self.kept_back = None;
        }
        if let Some(compression) = &mut self.compression {
            compression.wrap(&mut self.output);
        }
        let result = match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(&self.output).await,
            Stream::Tls(stream) => match stream.write_all(&self.output).await {
                Ok(()) => stream.flush().await,
                Err(e) => Err(e),
            },
            Stream::Closed => Err(io::ErrorKind::NotConnected.into()),
        };
        self.clear_output();
        result
    }

    /// Forgets what was written. The memory of a long packet is given back.
    fn clear_output(&mut self) {
        self.output.clear();
        if self.output.capacity() > WRITE_SIZE * 2 {
            self.output = Vec::new();
        }
    }

    /// Writes all output, and these packets behind it, from where they are. Where they must be kept, compressed or enciphered they are copied first.
    pub async fn flush_with(&mut self, packets: &[u8]) -> io::Result<()> {
        let Self { stream: Stream::Plain(stream), kept_back: None, compression: None, output, .. } = self
        else {
            self.output.extend_from_slice(packets);
            return self.flush().await;
        };
        let result = stream.write_all_buf(&mut Buf::chain(output.as_slice(), packets)).await;
        self.clear_output();
        result
    }

    /// Resolves when the client has closed its side; never when it has sent more commands ahead, or under TLS, where only a
    /// read could tell.
    pub async fn hung_up(&self) {
        if let (Stream::Plain(stream), false) = (&self.stream, self.has_input()) {
            let mut byte = [0u8; 1];
            match stream.peek(&mut byte).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending().await
    }
}
