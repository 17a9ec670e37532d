//! Sends every WebSocket message back, over the very framing and connection layer the router
//! uses, so that test suites for WebSocket servers (Autobahn|Testsuite) can be run against it.
//!
//! ```text
//! cargo run -p wamp-router --example websocket_echo -- 9001
//! ```

use std::sync::Arc;

use anyhow::Context;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wamp_proto::Serializer;
use wamp_router::ConnectionSettings;
use wamp_router::connection::{Flow, Handler, Heartbeat, Incoming, run_tcp};
use wamp_router::outbox::{Append, Class, Encoding, Framing, Outbox, OutboxLimits};
use wamp_router::transport::Accept;
use wamp_router::transport::websocket::handshake::accept_key;

struct Echo {
    outbox: Arc<Outbox>,
    replies: Vec<u8>,
}

impl Handler for Echo {
    fn on_burst(&mut self, incoming: &mut Incoming<'_>) {
        incoming.for_each(|message| {
            let echoed = Framing::WebSocket.frame(message.is_binary(), &mut self.replies, |out| {
                out.extend_from_slice(message.body());
            });
            debug_assert!(echoed.is_ok(), "a WebSocket frame has room for any message");
            Flow::Continue
        });
        if !self.replies.is_empty() && self.outbox.append(&self.replies, Class::Reply) == Append::First {
            self.outbox.flush();
        }
        self.replies.clear();
    }

    fn on_end(&mut self) {}
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).context("usage: websocket_echo PORT")?.parse::<u16>()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("ws://{}", listener.local_addr()?);
    let limits = OutboxLimits { bytes: 64 << 20, ..OutboxLimits::default() };
    let heartbeat = Heartbeat::new(ConnectionSettings { outbox: limits, ..ConnectionSettings::default() });
    tokio::spawn(heartbeat.clone().run());
    loop {
        let (socket, _) = listener.accept().await?;
        let heartbeat = heartbeat.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(socket, &heartbeat).await {
                eprintln!("{error:#}");
            }
        });
    }
}

async fn serve(mut socket: TcpStream, heartbeat: &Heartbeat) -> anyhow::Result<()> {
    let mut received = Vec::new();
    let head = loop {
        anyhow::ensure!(socket.read_buf(&mut received).await? > 0, "closed in the handshake");
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            break received.drain(..end + 4).collect::<Vec<u8>>();
        }
    };
    let mut headers = HeaderMap::new();
    for line in std::str::from_utf8(&head)?.lines().skip(1) {
        if let Some((name, value)) = line.split_once(':') {
            headers.append(name.parse::<HeaderName>()?, value.trim().parse::<HeaderValue>()?);
        }
    }
    let accept = accept_key(&headers)?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
    );
    socket.write_all(answer.as_bytes()).await?;
    // The serializer is of no consequence where nothing is serialized.
    let encoding = Encoding { serializer: Serializer::Json, framing: Framing::WebSocket };
    run_tcp(socket, received, encoding, Accept::Any, heartbeat, |outbox| Echo { outbox, replies: Vec::new() }).await;
    Ok(())
}
