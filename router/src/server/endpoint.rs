//! Where a server listens.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use super::UnixSocket;

/// What a server listens on.
#[derive(Debug)]
pub enum Endpoint {
    /// A TCP port.
    Tcp(TcpListener),
    /// A unix socket, whose file is removed when the server stops listening on it.
    Unix(UnixSocket),
}

impl From<TcpListener> for Endpoint {
    fn from(listener: TcpListener) -> Self {
        Endpoint::Tcp(listener)
    }
}

impl From<UnixSocket> for Endpoint {
    fn from(socket: UnixSocket) -> Self {
        Endpoint::Unix(socket)
    }
}

impl Endpoint {
    /// The address, if it is a TCP port.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Endpoint::Tcp(listener) => listener.local_addr().ok(),
            Endpoint::Unix(_) => None,
        }
    }
}

/// A TCP port to listen on, with its options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpPort {
    /// Address and port; port 0 picks a free one.
    pub address: SocketAddr,
    /// Connections that may wait to be accepted. Default: 1024.
    pub backlog: u32,
    /// Whether other processes may listen on the same port, too, if they say so as well: the operating system then
    /// spreads the connections over them. Default: no.
    pub shared: bool,
    /// How long what was sent may stay unacknowledged before the operating system takes the connection for dead.
    /// Default: what it does by itself.
    pub user_timeout: Option<Duration>,
}

impl TcpPort {
    /// The port as it is by default.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, backlog: 1024, shared: false, user_timeout: None }
    }

    /// Listens. Has to be called in a tokio runtime.
    ///
    /// # Errors
    ///
    /// What the operating system says: the port is taken, or may not be listened on.
    pub fn bind(&self) -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, Some(Protocol::TCP))?;
        // A port whose last connections the operating system still remembers can be had.
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(self.shared)?;
        if self.user_timeout.is_some() {
            // Accepted connections have it from their listener.
            socket.set_tcp_user_timeout(self.user_timeout)?;
        }
        socket.bind(&self.address.into())?;
        socket.listen(i32::try_from(self.backlog).unwrap_or(i32::MAX))?;
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket.into())
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_port_is_shared_only_where_both_say_so() {
        let alone = TcpPort::new(([127, 0, 0, 1], 0).into());
        let first = alone.bind().unwrap();
        let same = |shared| TcpPort { address: first.local_addr().unwrap(), shared, ..alone };
        assert_eq!(same(false).bind().unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(same(true).bind().unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let shared = TcpPort { shared: true, ..alone };
        let first = shared.bind().unwrap();
        TcpPort { address: first.local_addr().unwrap(), ..shared }.bind().unwrap();
    }

    #[tokio::test]
    async fn accepted_connections_have_the_user_timeout() {
        let user_timeout = Some(Duration::from_millis(1500));
        let listener = TcpPort { user_timeout, ..TcpPort::new(([127, 0, 0, 1], 0).into()) }.bind().unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        assert_eq!(socket2::SockRef::from(&accepted).tcp_user_timeout().unwrap(), user_timeout);
    }
}
