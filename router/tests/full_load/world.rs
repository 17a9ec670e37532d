//! A router with a way in for each policy, and a realm for each limit.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use wamp_proto::Serializer;
use wamp_router::realm::{AllowAll, BeyondRate, Limits, MessageRate, RealmOptions};
use wamp_router::{
    Config, ConnectionSettings, Listener, OutboxLimits, Paths, Protocol, RawSocketSettings, Router, Server,
    SlowConsumer, Web, WebSocketSettings,
};

use crate::common::tls::Authority;
use crate::common::{http, soon};
use crate::peer::{AnyStream, Peer};

/// What may wait for a client that is let in to be slow.
pub(crate) const OUTBOX: OutboxLimits =
    OutboxLimits { bytes: 64 << 10, reserve: 16 << 10, policy: SlowConsumer::Disconnect };

/// Messages that may come at once, where there is a rate.
pub(crate) const BURST: u32 = 50;
/// Subscriptions and calls a session may have, where they are few.
pub(crate) const SUBSCRIPTIONS: u64 = 20;
pub(crate) const CALLS: u64 = 8;

/// Bytes the operating system may keep for a connection, each way: without that it would take everything there is.
const SOCKET: u32 = 16 << 10;

/// What the process may grow by. Those who read may be behind by all there is, if the machine is busy; for those who
/// don't, no more waits than may.
pub(crate) const MOST_MEMORY: u64 = 256 << 20;

pub(crate) struct World {
    server: Server,
    monitor: Server,
    web: SocketAddr,
    raw: SocketAddr,
    secure: SocketAddr,
    authority: Authority,
    memory: u64,
}

/// What the metrics say.
pub(crate) struct Metrics(String);

impl Metrics {
    /// A value, by its name with its labels.
    pub(crate) fn sum(&self, name: &str) -> u64 {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name}: {}", self.0)).parse().unwrap()
    }
}

fn with(policy: SlowConsumer) -> WebSocketSettings {
    let connections = ConnectionSettings { outbox: OutboxLimits { policy, ..OUTBOX }, ..Default::default() };
    WebSocketSettings { connections, ..Default::default() }
}

fn rate(per_second: u32, beyond: BeyondRate) -> RealmOptions {
    let [per_second, burst] = [per_second, BURST].map(|number| NonZeroU32::new(number).unwrap());
    let message_rate = Some(MessageRate { per_second, burst, beyond });
    RealmOptions { limits: Limits { message_rate, ..Limits::default() }, ..RealmOptions::default() }
}

fn listener() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    // Connections have it from the socket they come in by.
    socket.set_send_buffer_size(SOCKET).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(1024).unwrap()
}

/// Memory that is there, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10)
}

impl World {
    pub(crate) async fn start() -> Self {
        let small = Limits { subscriptions: SUBSCRIPTIONS as usize, calls: CALLS as usize, ..Limits::default() };
        let everything = RealmOptions { authorizer: Arc::new(AllowAll), ..RealmOptions::default() };
        let router = Router::builder()
            .config(Config::default())
            .realm_with("realm1", everything)
            .realm_with("paced", rate(10 * BURST, BeyondRate::Pause))
            .realm_with("strict", rate(BURST / 5, BeyondRate::Disconnect))
            .realm_with("small", RealmOptions { limits: small, ..RealmOptions::default() })
            .build();
        let server = Server::new(&router);
        let paths = || {
            Paths::new()
                .at("/ws", WebSocketSettings::default())
                .and_then(|paths| paths.at("/newest", with(SlowConsumer::DropNewest)))
                .and_then(|paths| paths.at("/oldest", with(SlowConsumer::DropOldest)))
                .and_then(|paths| paths.at("/disconnect", with(SlowConsumer::Disconnect)))
                .unwrap()
        };
        let authority = Authority::new();
        let both = Protocol::Universal { rawsocket: RawSocketSettings::default(), web: Web::from(paths()) };
        let web = server.listen(Listener::new(listener(), Web::from(paths()))).local_addr().unwrap();
        let raw = server.listen(Listener::new(listener(), RawSocketSettings::default())).local_addr().unwrap();
        let secure = server.listen(Listener::new(listener(), both).tls(authority.tls())).local_addr().unwrap();
        let monitor = Server::monitor(TcpListener::bind("127.0.0.1:0").await.unwrap(), [router]);
        Self { server, monitor, web, raw, secure, authority, memory: memory() }
    }

    async fn stream(&self, address: SocketAddr) -> AnyStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(SOCKET).unwrap();
        let stream = soon(socket.connect(address)).await.unwrap();
        if address == self.secure {
            Box::new(self.authority.over(stream, None).await.unwrap())
        } else {
            Box::new(stream)
        }
    }

    /// Joins over WebSocket, at one of the ways in.
    pub(crate) async fn web(&self, path: &str, serializer: Serializer) -> Peer {
        let url = format!("ws://{}{path}", self.web);
        Peer::web(self.stream(self.web).await, &url, serializer, "realm1").await
    }

    /// Joins over RawSocket.
    pub(crate) async fn raw(&self, serializer: Serializer) -> Peer {
        self.raw_in("realm1", serializer).await
    }

    /// Joins another realm, over RawSocket.
    pub(crate) async fn raw_in(&self, realm: &str, serializer: Serializer) -> Peer {
        Peer::raw(self.stream(self.raw).await, serializer, realm).await
    }

    /// Joins over WebSocket and TLS.
    pub(crate) async fn secure_web(&self, serializer: Serializer) -> Peer {
        Peer::web(self.stream(self.secure).await, "wss://localhost/ws", serializer, "realm1").await
    }

    /// Joins over RawSocket and TLS.
    pub(crate) async fn secure_raw(&self, serializer: Serializer) -> Peer {
        Peer::raw(self.stream(self.secure).await, serializer, "realm1").await
    }

    pub(crate) async fn metrics(&self) -> Metrics {
        let answer = http(self.monitor.local_addr(), "GET /metrics HTTP/1.1\r\nhost: localhost", b"").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        Metrics(answer.body)
    }

    /// What memory has become more since the start.
    pub(crate) fn grown(&self) -> u64 {
        memory().saturating_sub(self.memory)
    }

    pub(crate) async fn shut_down(self) {
        soon(self.server.shutdown()).await;
        soon(self.monitor.shutdown()).await;
    }
}
