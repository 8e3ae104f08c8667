//! The floor: a forwarder that moves bytes between each client and a connection of its own to one server, and does nothing else.
//!
//! What it spends on a statement is what no proxy gets around as long as each statement has its own reads and writes. A thread for each
//! core, each with a listener on the same port (SO_REUSEPORT) and an edge-triggered epoll; a read that does not fill the buffer is the
//! last one before the next wait.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

const BUFFER: usize = 64 << 10;
const BACKLOG: i32 = 4096;
/// No descriptor is that high.
const LISTENER: Token = Token(usize::MAX - 1);

/// One socket of a pair. Connections stand in a table by their file descriptors, and so does their token.
struct End {
    stream: TcpStream,
    peer: usize,
    /// What this socket has not taken yet; while there is any, the peer is not read.
    unsent: Vec<u8>,
    /// It has told its end, and tells nothing more: it is read until there is nothing left.
    read_closed: bool,
}

/// What became of a step: the pair goes on, or one side is gone.
#[derive(PartialEq, Eq)]
enum State {
    Open,
    Closed,
}

struct Forwarder {
    poll: Poll,
    listener: TcpListener,
    backend: SocketAddr,
    ends: Vec<Option<End>>,
    buffer: Vec<u8>,
}

impl Forwarder {
    fn new(address: SocketAddr, backend: SocketAddr) -> std::io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let mut listener = TcpListener::from_std(socket.into());
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self { poll, listener, backend, ends: Vec::new(), buffer: vec![0; BUFFER] })
    }

    fn run(&mut self) -> std::io::Result<()> {
        let mut events = Events::with_capacity(256);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            let mut knocks = false;
            for event in &events {
                if event.token() == LISTENER {
                    knocks = true;
                    continue;
                }
                let Token(at) = event.token();
                let mut state = State::Open;
                if event.is_writable() {
                    state = self.flush(at);
                }
                if event.is_read_closed()
                    && let Some(end) = self.ends.get_mut(at).and_then(Option::as_mut)
                {
                    end.read_closed = true;
                }
                if state == State::Open && (event.is_readable() || event.is_read_closed()) {
                    state = self.forward(at);
                }
                if state == State::Closed || event.is_error() {
                    self.close(at);
                }
            }
            // Last, so that no event of this round that was meant for a closed socket meets a new one of the same number.
            if knocks {
                self.accept()?;
            }
        }
    }

    fn accept(&mut self) -> std::io::Result<()> {
        loop {
            let mut client = match self.listener.accept() {
                Ok((client, _)) => client,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            // A client whose server does not answer is let go of: it sees a closed connection, as it would there.
            let Ok(backend) = std::net::TcpStream::connect(self.backend) else { continue };
            backend.set_nonblocking(true)?;
            let mut backend = TcpStream::from_std(backend);
            let (near, far) = (usize_of(client.as_raw_fd()), usize_of(backend.as_raw_fd()));
            for (stream, at) in [(&mut client, near), (&mut backend, far)] {
                stream.set_nodelay(true)?;
                let interest = Interest::READABLE | Interest::WRITABLE;
                self.poll.registry().register(stream, Token(at), interest)?;
            }
            let last = near.max(far);
            if self.ends.len() <= last {
                self.ends.resize_with(last + 1, || None);
            }
            self.ends[near] = Some(End { stream: client, peer: far, unsent: Vec::new(), read_closed: false });
            self.ends[far] =
                Some(End { stream: backend, peer: near, unsent: Vec::new(), read_closed: false });
        }
    }

    /// Reads what is there and writes it to the peer, until a read is short.
    fn forward(&mut self, at: usize) -> State {
        loop {
            let Some(peer) = self.ends.get(at).and_then(Option::as_ref).map(|end| end.peer) else {
                return State::Open;
            };
            if self.ends[peer].as_ref().is_none_or(|end| !end.unsent.is_empty()) {
                return State::Open;
            }
            let Some(end) = &mut self.ends[at] else { return State::Open };
            let read_closed = end.read_closed;
            let count = match end.stream.read(&mut self.buffer) {
                Ok(0) => return State::Closed,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return State::Open,
                Err(_) => return State::Closed,
            };
            let Some(peer) = &mut self.ends[peer] else { return State::Closed };
            match send(&mut peer.stream, &self.buffer[..count]) {
                Ok(sent) if sent < count => peer.unsent.extend_from_slice(&self.buffer[sent..count]),
                Ok(_) => {}
                Err(_) => return State::Closed,
            }
            if count < self.buffer.len() && !read_closed {
                return State::Open;
            }
        }
    }

    /// Writes what a full socket has left over, and goes on with its peer once that is gone.
    fn flush(&mut self, at: usize) -> State {
        let Some(end) = self.ends.get_mut(at).and_then(Option::as_mut) else { return State::Open };
        if end.unsent.is_empty() {
            return State::Open;
        }
        match send(&mut end.stream, &end.unsent) {
            Ok(sent) => {
                end.unsent.drain(..sent);
            }
            Err(_) => return State::Closed,
        }
        // The peer's edge may have come while it was not read.
        if end.unsent.is_empty() {
            let peer = end.peer;
            self.forward(peer)
        } else {
            State::Open
        }
    }

    fn close(&mut self, at: usize) {
        let Some(end) = self.ends.get_mut(at).and_then(Option::take) else { return };
        if let Some(peer) = self.ends.get_mut(end.peer) {
            *peer = None;
        }
    }
}

/// How much of it the socket takes.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

fn usize_of(descriptor: i32) -> usize {
    usize::try_from(descriptor).expect("an open socket's descriptor is not negative")
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ([port, backend, threads] | [port, backend, threads, _]) = arguments.as_slice() else {
        return Err("usage: ostrakon-floor PORT SERVERS_PORT THREADS [MARK] (both ports on 127.0.0.1; MARK is for whoever looks for it)".into());
    };
    let local =
        |port: &str| Ok::<_, std::num::ParseIntError>(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?)));
    let (address, backend) = (local(port)?, local(backend)?);
    let mut forwarders = Vec::new();
    for _ in 0..threads.parse::<usize>()? {
        forwarders.push(Forwarder::new(address, backend)?);
    }
    std::thread::scope(|scope| {
        let all: Vec<_> = forwarders.iter_mut().map(|one| scope.spawn(|| one.run())).collect();
        all.into_iter().try_for_each(|one| one.join().expect("a forwarder does not panic"))
    })?;
    Ok(())
}
