//! Listening, with room for all who come at once.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, lookup_host};

/// Connections that may wait to be accepted, if the system allows as many. With the usual 128, those of a burst that
/// find no room try again seconds later.
const BACKLOG: u32 = 4_096;

/// Listens on the first address of `host` that can be had.
pub(crate) async fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in lookup_host((host, port)).await? {
        match listen_at(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // The port of a server that has just ended can be taken at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_burst_of_connections_waits_for_nobody_to_accept_it() {
        let listener = listen("localhost", 0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let burst = async {
            let mut streams = Vec::new();
            for _ in 0..500 {
                streams.push(TcpStream::connect(address).await.unwrap());
            }
            streams
        };
        assert!(timeout(Duration::from_secs(30), burst).await.is_ok());
    }
}
