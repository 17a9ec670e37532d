//! A serving router, and clients of it that have nothing in common with its code.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

pub(crate) mod longpoll;
pub(crate) mod raw;
pub(crate) mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use wamp_proto::{Serializer, from_slice, to_vec};
use wamp_router::{Config, Router, Server, Web};

/// Longer than anything here takes, shorter than a person waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that has to happen.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it should have happened by now")
}

pub(crate) async fn serve(config: Config) -> Server {
    serve_with(config, axum::Router::new()).await
}

pub(crate) async fn serve_web(web: impl Into<Web>) -> Server {
    serve_with(Config::default(), web).await
}

pub(crate) async fn serve_with(config: Config, http: impl Into<Web>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Router::builder().realm("realm1").config(config).build().serve(listener, http)
}

/// A WAMP client that knows messages only as lists.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) socket: WebSocketStream<S>,
    serializer: Serializer,
    /// The cookie it was given: `name=value`.
    pub(crate) cookie: Option<String>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, serializer: Serializer) -> Self {
        Self::try_connect(address, serializer.subprotocol()).await.unwrap()
    }

    pub(crate) async fn try_connect(address: SocketAddr, subprotocols: &str) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        Self::over(stream, &format!("ws://{address}/ws"), subprotocols, &[]).await
    }

    /// Connects and joins; answers the session id too.
    pub(crate) async fn join(address: SocketAddr, serializer: Serializer) -> (Self, u64) {
        let mut client = Self::connect(address, serializer).await;
        let session = client.say_hello().await;
        (client, session)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Opens a WebSocket on a stream, with further headers.
    pub(crate) async fn over(
        stream: S,
        url: &str,
        subprotocols: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = url.into_client_request()?;
        if !subprotocols.is_empty() {
            request.headers_mut().insert("sec-websocket-protocol", subprotocols.parse().unwrap());
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, response) = soon(tokio_tungstenite::client_async(request, stream)).await?;
        let chosen = response.headers().get("sec-websocket-protocol").map(|chosen| chosen.to_str().unwrap());
        let serializer = chosen.map_or(Serializer::Json, |chosen| Serializer::from_subprotocol(chosen).unwrap());
        let set = response.headers().get("set-cookie").map(|set| set.to_str().unwrap());
        let cookie = set.map(|set| set.split(';').next().unwrap().to_owned());
        Ok(Self { socket, serializer, cookie })
    }

    /// Joins; answers the session id.
    pub(crate) async fn say_hello(&mut self) -> u64 {
        let client = self;
        let roles = json!({"publisher": {}, "subscriber": {}, "caller": {}, "callee": {}});
        client.send(json!([1, "realm1", {"roles": roles}])).await;
        let welcome = client.receive().await;
        assert_eq!(welcome[0], 2, "{welcome}");
        welcome[1].as_u64().unwrap()
    }

    pub(crate) async fn send(&mut self, message: Value) {
        let bytes = to_vec(self.serializer, &message).unwrap();
        let message = match self.serializer {
            Serializer::Json => Message::text(String::from_utf8(bytes).unwrap()),
            _ => Message::binary(bytes),
        };
        soon(self.socket.send(message)).await.unwrap();
    }

    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            match soon(self.socket.next()).await.expect("the stream goes on").unwrap() {
                Message::Text(text) if self.serializer == Serializer::Json => {
                    return from_slice(self.serializer, text.as_bytes()).unwrap();
                }
                Message::Binary(bytes) if self.serializer != Serializer::Json => {
                    return from_slice(self.serializer, &bytes).unwrap();
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    /// Subscribes; answers the subscription's id.
    pub(crate) async fn subscribe(&mut self, request: u64, topic: &str) -> u64 {
        self.send(json!([32, request, {}, topic])).await;
        let subscribed = self.receive().await;
        assert_eq!((&subscribed[0], &subscribed[1]), (&json!(33), &json!(request)));
        subscribed[2].as_u64().unwrap()
    }

    /// Waits for the close frame; what comes before it is passed over.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match soon(self.socket.next()).await {
                Some(Ok(Message::Close(frame))) => return frame,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// An answer to an HTTP request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Sends a request as it stands, and reads to the end of the connection.
pub(crate) async fn http(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!("{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    socket.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    answer(&mut socket).await
}

pub(crate) async fn answer(socket: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    soon(socket.read_to_end(&mut bytes)).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).expect("a status").parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.into() }
}
