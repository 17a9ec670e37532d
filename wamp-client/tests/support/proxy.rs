//! A link between client and router that the test can break.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What becomes of the bytes on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Clear,
    /// Every piece takes so much longer.
    Slow(Duration),
    /// Nothing comes through, and nobody is told. What was on its way arrives when the weather has cleared.
    Dark,
}

/// A TCP proxy.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    link: Arc<Link>,
    accepting: JoinHandle<()>,
}

struct Link {
    target: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Counts how often all connections were cut.
    cuts: watch::Sender<u64>,
    /// Counts the connections there were.
    connections: watch::Sender<u64>,
}

impl Proxy {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let link = Arc::new(Link {
            target,
            weather: watch::Sender::new(Weather::Clear),
            cuts: watch::Sender::new(0),
            connections: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&link)));
        Self { address, link, accepting }
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.link.weather.send_replace(weather);
    }

    /// Cuts all connections there are; what was on its way is lost.
    pub(crate) fn cut(&self) {
        self.link.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> u64 {
        *self.link.connections.borrow()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, link: Arc<Link>) {
    while let Ok((client, _)) = listener.accept().await {
        link.connections.send_modify(|connections| *connections += 1);
        let link = Arc::clone(&link);
        tokio::spawn(async move {
            let mut cuts = link.cuts.subscribe();
            tokio::select! {
                _ = cuts.changed() => {}
                () = carry(client, &link) => {}
            }
        });
    }
}

/// Carries bytes both ways until one end has enough.
async fn carry(client: TcpStream, link: &Link) {
    // A router that is not there: the client's connection closes.
    let Ok(router) = TcpStream::connect(link.target).await else { return };
    for socket in [&client, &router] {
        socket.set_nodelay(true).expect("it is TCP");
    }
    let (from_client, to_client) = client.into_split();
    let (from_router, to_router) = router.into_split();
    tokio::select! {
        () = pump(from_client, to_router, link.weather.subscribe()) => {}
        () = pump(from_router, to_client, link.weather.subscribe()) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut weather: watch::Receiver<Weather>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let now = *weather.borrow();
        if let Weather::Slow(delay) = now {
            sleep(delay).await;
        }
        let clear = weather.wait_for(|weather| *weather != Weather::Dark).await.is_ok();
        if !clear || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    // The end is news too.
    let _ = weather.wait_for(|weather| *weather != Weather::Dark).await;
}
