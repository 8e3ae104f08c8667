//! The socket of a backend connection, plain or TLS.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::BufMut;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::read_buffer;

/// So long a connection waits for a place in the backlog of a Unix socket, and so long between two looks.
const BACKLOG_WAIT: Duration = Duration::from_secs(10);
const BACKLOG_PAUSE: Duration = Duration::from_millis(2);

/// An instance's socket.
pub enum Stream {
    Plain(TcpStream),
    /// To a server on this machine.
    Local(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// While TLS is being set up, or after it failed.
    Closed,
}

impl Stream {
    /// Over TCP.
    pub async fn open(host: &str, port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((host, port)).await?;
        let _ = stream.set_nodelay(true);
        Ok(Self::Plain(stream))
    }

    /// To the server that listens at a Unix socket.
    pub async fn open_local(path: &Path) -> io::Result<Self> {
        let begun = Instant::now();
        loop {
            match UnixStream::connect(path).await {
                // As many connections as the server lets wait do so already. TCP would wait for a place, this does not.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && begun.elapsed() < BACKLOG_WAIT => {
                    tokio::time::sleep(BACKLOG_PAUSE).await;
                }
                connected => return connected.map(Self::Local),
            }
        }
    }

    /// Nobody but this machine sees what goes over it.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// Nothing has come that nobody asked for, the end of the connection neither. Costs no system call unless something has come.
    pub fn is_quiet(&self) -> bool {
        let look = match self {
            Self::Plain(stream) => stream.try_read(&mut [0]),
            Self::Local(stream) => stream.try_read(&mut [0]),
            Self::Tls(stream) => {
                let (socket, _) = stream.get_ref();
                // What is there belongs to TLS: it stays.
                socket.try_io(Interest::READABLE, || {
                    SockRef::from(socket).peek(&mut [MaybeUninit::uninit(); 1])
                })
            }
            Self::Closed => return false,
        };
        matches!(look, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    pub async fn read_buf(&mut self, buffer: &mut impl BufMut) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(buffer).await,
            Self::Local(stream) => stream.read_buf(buffer).await,
            Self::Tls(stream) => stream.read_buf(buffer).await,
            Self::Closed => Ok(0),
        }
    }

    /// Reads once by the thread's buffer, and gives what came to `take`.
    pub async fn read_short(&mut self, mut take: impl FnMut(&[u8]) -> usize) -> io::Result<usize> {
        poll_fn(|context| match self {
            Self::Plain(stream) => read_buffer::poll_read(stream, context, &mut take),
            Self::Local(stream) => read_buffer::poll_read(stream, context, &mut take),
            Self::Tls(stream) => read_buffer::poll_read(stream, context, &mut take),
            Self::Closed => Poll::Ready(Ok(0)),
        })
        .await
    }

    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Local(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
            Self::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The same connection under TLS, to the server that `host` names.
    pub async fn encrypt(self, client: Arc<ClientConfig>, host: &str) -> io::Result<Self> {
        let Self::Plain(stream) = self else { return Err(io::ErrorKind::NotConnected.into()) };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Self::Tls(Box::new(TlsConnector::from(client).connect(name, stream).await?)))
    }

    /// Closes it without a word.
    pub fn sever(&self) -> io::Result<()> {
        let socket = match self {
            Self::Plain(stream) => SockRef::from(stream),
            Self::Local(stream) => SockRef::from(stream),
            Self::Tls(stream) => SockRef::from(stream.get_ref().0),
            Self::Closed => return Ok(()),
        };
        socket.shutdown(Shutdown::Both)
    }
}
