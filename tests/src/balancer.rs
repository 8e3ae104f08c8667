//! A load balancer between a client and a node, which says whose connection it passes on, or something else.

use std::net::{Ipv4Addr, SocketAddr};

use ostrakon_protocol::proxy_header::SIGNATURE;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Where balancers are: a node's clients are at 127.0.0.1.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A header of version 2 for a client at `address`; `None`: the balancer speaks for itself.
pub fn header(address: Option<&str>) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    let Some(address) = address else {
        bytes.extend_from_slice(&[0x20, 0, 0, 0]);
        return bytes;
    };
    let Ok(SocketAddr::V4(address)) = address.parse() else {
        panic!("{address} is no IPv4 address and port")
    };
    bytes.extend_from_slice(&[0x21, 0x11, 0, 12]);
    bytes.extend_from_slice(&address.ip().octets());
    bytes.extend_from_slice(&[127, 0, 0, 1]);
    bytes.extend_from_slice(&address.port().to_be_bytes());
    bytes.extend_from_slice(&[0x0C, 0xEB]);
    bytes
}

/// A connection to a node from where balancers are, on which nothing has been said yet.
pub async fn connect(node: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((ADDRESS, 0).into()).unwrap();
    socket.connect((Ipv4Addr::LOCALHOST, node).into()).await.unwrap()
}

/// Listens on a port of its own and passes every connection on to `node`, after `header`. Gives the port.
pub async fn balancer(node: u16, header: Vec<u8>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let header = header.clone();
            tokio::spawn(async move {
                let mut server = connect(node).await;
                if server.write_all(&header).await.is_ok() {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    port
}
