//! A RawSocket client that knows messages only as lists.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use wamp_proto::{Serializer, from_slice, to_vec};
use wamp_router::{Config, Listener, RawSocketSettings, Server, UnixSocket};

use super::{serve, soon};

/// A server that also listens for RawSocket, at the address answered.
pub(crate) async fn served(config: Config) -> (Server, SocketAddr) {
    served_with(config, RawSocketSettings::default()).await
}

pub(crate) async fn served_with(config: Config, settings: RawSocketSettings) -> (Server, SocketAddr) {
    let server = serve(config).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.listen(Listener::new(listener, settings)).local_addr().unwrap();
    (server, address)
}

/// Listens on a unix socket, too.
pub(crate) fn serve_unix(server: &Server, path: &Path) {
    let socket = UnixSocket::bind(path, UnixSocket::DEFAULT_MODE).unwrap();
    server.listen(Listener::new(socket, RawSocketSettings::default()));
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct RawClient<S> {
    pub(crate) stream: S,
    pub(crate) session: u64,
    serializer: Serializer,
}

impl<S: Stream> RawClient<S> {
    /// Shakes hands and joins; takes messages of up to 16 MiB.
    pub(crate) async fn join(stream: S, serializer: Serializer) -> Self {
        Self::join_with(stream, [0x7F, 0xF0 | serializer.rawsocket_id(), 0, 0]).await
    }

    pub(crate) async fn join_with(stream: S, handshake: [u8; 4]) -> Self {
        let mut client = Self::connect(stream, handshake).await;
        let roles = json!({"publisher": {}, "subscriber": {}, "caller": {}, "callee": {}});
        client.send(json!([1, "realm1", {"roles": roles}])).await;
        let welcome = client.receive().await;
        assert_eq!(welcome[0], 2, "{welcome}");
        client.session = welcome[1].as_u64().unwrap();
        client
    }

    pub(crate) async fn connect(mut stream: S, handshake: [u8; 4]) -> Self {
        stream.write_all(&handshake).await.unwrap();
        let serializer = Serializer::from_rawsocket_id(handshake[1] & 15).unwrap();
        Self::shaken(stream, serializer).await
    }

    /// Whether hands are shaken at all, asking for JSON.
    pub(crate) async fn shakes_hands(mut stream: S) -> bool {
        stream.write_all(&[0x7F, 0xF1, 0, 0]).await.is_ok() && soon(stream.read_exact(&mut [0; 4])).await.is_ok()
    }

    /// A client whose handshake is sent already.
    pub(crate) async fn shaken(mut stream: S, serializer: Serializer) -> Self {
        let mut reply = [0; 4];
        soon(stream.read_exact(&mut reply)).await.unwrap();
        assert_eq!((reply[0], reply[1] & 15, &reply[2..]), (0x7F, serializer.rawsocket_id(), [0, 0].as_slice()));
        Self { stream, session: 0, serializer }
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_frame(0, &to_vec(self.serializer, &message).unwrap()).await;
    }

    pub(crate) async fn send_frame(&mut self, kind: u8, body: &[u8]) {
        let length = (body.len() as u32).to_be_bytes();
        // 2^24 is a bit in the byte of the kind.
        let header = [kind | length[0] << 3, length[1], length[2], length[3]];
        soon(self.stream.write_all(&[&header, body].concat())).await.unwrap();
    }

    pub(crate) async fn frame(&mut self) -> Frame {
        let mut header = [0; 4];
        soon(self.stream.read_exact(&mut header)).await.unwrap();
        let length = u32::from_be_bytes([header[0] >> 3, header[1], header[2], header[3]]);
        let mut body = vec![0; length as usize];
        soon(self.stream.read_exact(&mut body)).await.unwrap();
        Frame { kind: header[0] & 7, body }
    }

    pub(crate) async fn receive(&mut self) -> Value {
        let frame = self.frame().await;
        assert_eq!(frame.kind, 0);
        from_slice(self.serializer, &frame.body).unwrap()
    }

    /// Reads to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        soon(self.stream.read_to_end(&mut rest)).await.unwrap();
        rest
    }
}
