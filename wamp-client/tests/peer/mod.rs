//! A router that does only what the test says, over a pipe in memory: so time can be virtual, and every message that
//! leaves the client is looked at.

#![allow(dead_code, reason = "each test file uses its part")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use wamp_client::App;

/// The deadline of everything a test waits for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Where the client's connections arrive.
pub(crate) struct Peer {
    connections: mpsc::UnboundedReceiver<DuplexStream>,
}

/// One connection of the client.
pub(crate) struct Connection {
    socket: WebSocketStream<DuplexStream>,
}

/// An App that connects to the peer.
pub(crate) fn app() -> (App, Peer) {
    let (sender, connections) = mpsc::unbounded_channel();
    let app = App::new("ws://localhost/ws").realm("realm1").connect_with(move || {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let sent = sender.send(far).map_err(|_| std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        async move { sent.map(|()| near) }
    });
    (app, Peer { connections })
}

/// Awaits something that must happen.
pub(crate) async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(DEADLINE, event).await.expect("it happens before the deadline")
}

impl Peer {
    /// The client's next connection, after the WebSocket handshake.
    pub(crate) async fn accept(&mut self) -> Connection {
        self.accept_with(None).await.0
    }

    /// The same, and the cookie it shows; it is asked to keep another.
    pub(crate) async fn accept_with_cookie(&mut self, set: &'static str) -> (Connection, Option<String>) {
        self.accept_with(Some(set)).await
    }

    async fn accept_with(&mut self, set: Option<&'static str>) -> (Connection, Option<String>) {
        let mut cookie = None;
        let stream = within(self.connections.recv()).await.expect("the client connects");
        #[allow(clippy::result_large_err, reason = "tungstenite's own type")]
        let choose = |request: &Request, mut response: Response| {
            assert_eq!(request.headers()[header::SEC_WEBSOCKET_PROTOCOL], "wamp.2.json");
            response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("wamp.2.json"));
            if let Some(set) = set {
                response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static(set));
            }
            let shown = request.headers().get(header::COOKIE);
            cookie = shown.map(|shown| shown.to_str().expect("it is text").to_owned());
            Ok(response)
        };
        let accepted = within(tokio_tungstenite::accept_hdr_async(stream, choose)).await;
        (Connection { socket: accepted.expect("it is a WebSocket") }, cookie)
    }

    /// The client's next connection, joined by a router that does everything.
    pub(crate) async fn join(&mut self) -> Connection {
        let mut connection = self.accept().await;
        connection.welcome(json!({"call_canceling": true, "call_timeout": true})).await;
        connection
    }

    /// No connection is waiting.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.connections.try_recv().is_err()
    }
}

impl Connection {
    /// Takes the HELLO and sends a WELCOME of a dealer with these features.
    pub(crate) async fn welcome(&mut self, dealer: Value) {
        let roles = json!({"broker": {}, "dealer": {"features": dealer}});
        self.welcome_with(json!({"roles": roles, "realm": "realm1", "authrole": "anonymous"})).await;
    }

    /// Takes the HELLO and sends a WELCOME with these details.
    pub(crate) async fn welcome_with(&mut self, details: Value) {
        let hello = self.receive().await;
        assert_eq!((&hello[0], &hello[1]), (&json!(1), &json!("realm1")));
        self.send(json!([2, 7, details])).await;
    }

    /// The client's next message.
    pub(crate) async fn receive(&mut self) -> Value {
        within(self.next()).await.expect("the connection stands")
    }

    /// The client's next message; nothing at the end of the connection.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).expect("it is JSON")),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// Asserts what the client's next message is.
    pub(crate) async fn expect(&mut self, expected: Value) {
        assert_eq!(self.receive().await, expected);
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: String) {
        within(self.socket.send(Message::Text(text.into()))).await.expect("the connection stands");
    }

    /// Sends messages that arrive together.
    pub(crate) async fn send_together(&mut self, messages: impl IntoIterator<Item = Value>) {
        for message in messages {
            let message = Message::Text(message.to_string().into());
            within(self.socket.feed(message)).await.expect("the connection stands");
        }
        within(self.socket.flush()).await.expect("the connection stands");
    }

    /// Answers a SUBSCRIBE or REGISTER with this id.
    pub(crate) async fn attach(&mut self, uri: &str, id: u64) -> Value {
        let request = self.receive().await;
        assert_eq!(request[3], uri);
        let answer = request[0].as_u64().expect("a message has a type") + 1;
        self.send(json!([answer, request[1], id])).await;
        request
    }

    /// Makes a call of the registration, and returns the answer.
    pub(crate) async fn invoke(&mut self, request: u64, registration: u64, args: Value) -> Value {
        self.send(json!([68, request, registration, {}, args])).await;
        self.receive().await
    }

    /// Sends an event by the subscription.
    pub(crate) async fn event(&mut self, subscription: u64, args: Value) {
        self.send(json!([36, subscription, 1, {}, args])).await;
    }

    /// Reads on without ever answering, not even pings.
    pub(crate) async fn silence(self) -> DuplexStream {
        self.socket.into_inner()
    }

    /// Takes the GOODBYE and answers it; before that the UNREGISTERs that a program ends with.
    pub(crate) async fn goodbye(&mut self) {
        let goodbye = loop {
            match self.receive().await {
                unregister if unregister[0] == 66 => self.send(json!([67, unregister[1]])).await,
                goodbye => break goodbye,
            }
        };
        assert_eq!(goodbye, json!([6, {}, "wamp.close.close_realm"]));
        self.send(json!([6, {}, "wamp.close.goodbye_and_out"])).await;
    }
}
