//! A real router that can be restarted, and a proxy that breaks the link to it in all the ways links break.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod proxy;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use wamp_client::{App, Client, Lifecycle, LifecycleEvents, Running};
use wamp_router::realm::RealmOptions;
use wamp_router::{Config, Router, Server};

/// The deadline of everything a test waits for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Awaits something that must happen.
pub(crate) async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(DEADLINE, event).await.expect("it happens before the deadline")
}

/// A router at an address, which it keeps over restarts.
pub(crate) struct Station {
    pub(crate) address: SocketAddr,
    options: Box<dyn Fn() -> RealmOptions + Send>,
    server: Option<Server>,
}

impl Station {
    /// One whose `realm1` is made anew, with these options, at every start.
    pub(crate) async fn start(options: impl Fn() -> RealmOptions + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let mut station = Self { address, options: Box::new(options), server: None };
        station.serve(listener);
        station
    }

    fn serve(&mut self, listener: TcpListener) {
        // A client behind a link that is cut or silent can't say goodbye: it is not waited for.
        let config = Config { shutdown_timeout: Duration::from_millis(50), ..Config::default() };
        let router = Router::builder().realm_with("realm1", (self.options)()).config(config).build();
        self.server = Some(router.serve(listener, axum::Router::new()));
    }

    pub(crate) async fn stop(&mut self) {
        within(self.server.take().expect("it is running").shutdown()).await;
    }

    pub(crate) async fn start_again(&mut self) {
        self.serve(TcpListener::bind(self.address).await.expect("the port is free again"));
    }

    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }
}

/// An App for the router at this address that does not wait long between tries.
pub(crate) fn app(address: SocketAddr) -> App {
    impatient(App::new(url(address)))
}

pub(crate) fn impatient(app: App) -> App {
    app.reconnect_delay(Duration::from_millis(5), Duration::from_millis(50))
}

pub(crate) fn url(address: SocketAddr) -> String {
    format!("ws://{address}/ws")
}

pub(crate) async fn start(app: App) -> (Running, Client) {
    let running = within(app.start()).await.expect("it starts");
    let client = running.client().clone();
    (running, client)
}

/// Waits for the event that `wanted` makes something of.
pub(crate) async fn until<T>(events: &mut LifecycleEvents, mut wanted: impl FnMut(&Lifecycle) -> Option<T>) -> T {
    within(async {
        loop {
            let event = events.next().await.expect("the program runs");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    })
    .await
}

pub(crate) async fn joined(events: &mut LifecycleEvents) {
    until(events, |event| matches!(event, Lifecycle::Joined(_)).then_some(())).await;
}
