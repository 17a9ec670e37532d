//! A client over whatever transport.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use wamp_proto::{Serializer, from_slice, to_vec};

use crate::common::raw::{RawClient, Stream};
use crate::common::{Client, soon};

pub(crate) type AnyStream = Box<dyn Stream>;

/// A client that has joined.
pub(crate) struct Peer {
    over: Over,
    serializer: Serializer,
    session: u64,
}

enum Over {
    WebSocket(Box<Client<AnyStream>>),
    RawSocket(RawClient<AnyStream>),
}

impl Peer {
    /// Opens a WebSocket and joins.
    pub(crate) async fn web(stream: AnyStream, url: &str, serializer: Serializer, realm: &str) -> Self {
        let client = Client::over(stream, url, serializer.subprotocol(), &[]).await.unwrap();
        Self { over: Over::WebSocket(Box::new(client)), serializer, session: 0 }.join(realm).await
    }

    /// Shakes hands and joins.
    pub(crate) async fn raw(stream: AnyStream, serializer: Serializer, realm: &str) -> Self {
        let client = RawClient::connect(stream, [0x7F, 0xF0 | serializer.rawsocket_id(), 0, 0]).await;
        Self { over: Over::RawSocket(client), serializer, session: 0 }.join(realm).await
    }

    async fn join(mut self, realm: &str) -> Self {
        let progress = json!({"features": {"progressive_call_results": true}});
        let roles = json!({"publisher": {}, "subscriber": {}, "caller": progress, "callee": progress});
        let welcome = self.ask(json!([1, realm, {"roles": roles}])).await;
        assert_eq!(welcome[0], 2, "{welcome}");
        self.session = welcome[1].as_u64().unwrap();
        self
    }

    pub(crate) fn session(&self) -> u64 {
        self.session
    }

    pub(crate) async fn send(&mut self, message: Value) {
        match &mut self.over {
            Over::WebSocket(client) => client.send(message).await,
            Over::RawSocket(client) => client.send(message).await,
        }
    }

    /// Sends messages in one write, so that none of them comes to a connection that has ended meanwhile.
    pub(crate) async fn send_at_once(&mut self, messages: impl IntoIterator<Item = Value>) {
        let Over::RawSocket(client) = &mut self.over else { panic!("for RawSocket only") };
        let mut bytes = Vec::new();
        for message in messages {
            let body = to_vec(self.serializer, &message).unwrap();
            bytes.extend_from_slice(&(body.len() as u32).to_be_bytes());
            bytes.extend_from_slice(&body);
        }
        soon(client.stream.write_all(&bytes)).await.unwrap();
    }

    pub(crate) async fn receive(&mut self) -> Value {
        match &mut self.over {
            Over::WebSocket(client) => client.receive().await,
            Over::RawSocket(client) => client.receive().await,
        }
    }

    /// The next message; none once the connection has ended, in whatever way.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        match &mut self.over {
            Over::WebSocket(client) => match soon(client.socket.next()).await {
                Some(Ok(Message::Text(text))) => Some(from_slice(self.serializer, text.as_bytes()).unwrap()),
                Some(Ok(Message::Binary(bytes))) => Some(from_slice(self.serializer, &bytes).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => None,
                Some(Ok(other)) => panic!("unexpected {other:?}"),
            },
            Over::RawSocket(_) => Some(self.receive().await),
        }
    }

    /// Sends a request and answers what comes for it.
    pub(crate) async fn ask(&mut self, request: Value) -> Value {
        self.send(request).await;
        self.receive().await
    }

    /// Nothing comes any more.
    pub(crate) async fn is_over(&mut self) -> bool {
        match &mut self.over {
            Over::WebSocket(_) => self.next().await.is_none(),
            Over::RawSocket(client) => client.rest().await.is_empty(),
        }
    }
}
