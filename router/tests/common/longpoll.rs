//! A long-poll client that knows messages only as lists.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wamp_proto::{Serializer, from_slice, to_vec};

use super::soon;

/// An answer, whose body may be binary.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Makes one request, on a connection of its own.
pub(crate) async fn post(address: SocketAddr, path: &str, headers: &str, body: &[u8]) -> Reply {
    request(address, "POST", path, headers, body).await
}

pub(crate) async fn request(address: SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> Reply {
    let mut socket = begin(address, method, path, headers, body).await;
    finish(&mut socket).await
}

/// Sends a request, whose answer may take a while.
pub(crate) async fn begin(address: SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    socket.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    socket
}

pub(crate) async fn finish(socket: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    soon(socket.read_to_end(&mut bytes)).await.unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap().to_lowercase();
    let status = head.split(' ').nth(1).expect("a status").parse().unwrap();
    Reply { status, head, body }
}

/// An open transport.
#[derive(Debug, Clone)]
pub(crate) struct Poller {
    pub(crate) address: SocketAddr,
    pub(crate) base: String,
    pub(crate) session: u64,
    serializer: Serializer,
    batched: bool,
}

impl Poller {
    pub(crate) async fn open(address: SocketAddr, protocol: &str) -> Self {
        let wanted = json!({"protocols": [protocol]}).to_string();
        let opened = post(address, "/lp/open", "content-type: application/json\r\n", wanted.as_bytes()).await;
        assert_eq!((opened.status, &opened.json()["protocol"]), (200, &json!(protocol)), "{opened:?}");
        let base = format!("/lp/{}", opened.json()["transport"].as_str().unwrap());
        let unbatched = protocol.trim_end_matches(".batched");
        let serializer = Serializer::from_subprotocol(unbatched).unwrap();
        Self { address, base, session: 0, serializer, batched: unbatched != protocol }
    }

    pub(crate) async fn join(address: SocketAddr, protocol: &str) -> Self {
        let mut poller = Self::open(address, protocol).await;
        let roles = json!({"publisher": {}, "subscriber": {}, "caller": {}, "callee": {}});
        poller.send(&[json!([1, "realm1", {"roles": roles}])]).await;
        let welcome = poller.receive().await.remove(0);
        assert_eq!(welcome[0], 2, "{welcome}");
        poller.session = welcome[1].as_u64().unwrap();
        poller
    }

    pub(crate) async fn post(&self, what: &str, body: &[u8]) -> Reply {
        post(self.address, &format!("{}/{what}", self.base), "", body).await
    }

    /// Begins to receive, and answers once the server waits: of two requests, one is refused.
    pub(crate) async fn poll(&self) -> TcpStream {
        let path = format!("{}/receive", self.base);
        let one = begin(self.address, "POST", &path, "", b"").await;
        let other = begin(self.address, "POST", &path, "", b"").await;
        let (mut refused, waits) = soon(async {
            tokio::select! {
                readable = one.readable() => readable.map(|()| true),
                readable = other.readable() => readable.map(|()| false),
            }
        })
        .await
        .map(|first| if first { (one, other) } else { (other, one) })
        .unwrap();
        let refused = finish(&mut refused).await;
        assert_eq!((refused.status, &refused.json()["error"]), (409, &json!("already_receiving")), "{refused:?}");
        waits
    }

    /// Sends messages: a batch, or one request each.
    pub(crate) async fn send(&self, messages: &[Value]) {
        let messages: Vec<Vec<u8>> = messages.iter().map(|message| to_vec(self.serializer, message).unwrap()).collect();
        let bodies = if self.batched { vec![self.batch(&messages)] } else { messages };
        for body in bodies {
            let sent = self.post("send", &body).await;
            assert_eq!((sent.status, sent.body.as_slice()), (204, [].as_slice()), "{sent:?}");
        }
    }

    fn batch(&self, messages: &[Vec<u8>]) -> Vec<u8> {
        let mut batch = Vec::new();
        for message in messages {
            if self.serializer == Serializer::Json {
                batch.extend_from_slice(message);
                batch.push(0x1E);
            } else {
                batch.extend_from_slice(&(message.len() as u32).to_be_bytes());
                batch.extend_from_slice(message);
            }
        }
        batch
    }

    /// The messages of one request to receive that has some.
    pub(crate) async fn receive(&self) -> Vec<Value> {
        loop {
            let reply = self.post("receive", b"").await;
            match reply.status {
                200 => return self.messages(&reply.body),
                204 => {}
                _ => panic!("{reply:?}"),
            }
        }
    }

    pub(crate) fn messages(&self, mut body: &[u8]) -> Vec<Value> {
        let decode = |message: &[u8]| from_slice(self.serializer, message).unwrap();
        if !self.batched {
            return vec![decode(body)];
        }
        if self.serializer == Serializer::Json {
            assert_eq!(body.last(), Some(&0x1E));
            return body[..body.len() - 1].split(|byte| *byte == 0x1E).map(decode).collect();
        }
        let mut messages = Vec::new();
        while let Some((length, rest)) = body.split_first_chunk() {
            let (message, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
            messages.push(decode(message));
            body = rest;
        }
        assert!(body.is_empty());
        messages
    }

    /// Subscribes; answers the subscription's id.
    pub(crate) async fn subscribe(&self, request: u64, topic: &str) -> u64 {
        self.send(&[json!([32, request, {}, topic])]).await;
        let subscribed = self.receive().await.remove(0);
        assert_eq!((&subscribed[0], &subscribed[1]), (&json!(33), &json!(request)));
        subscribed[2].as_u64().unwrap()
    }
}
