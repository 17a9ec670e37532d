//! The real router, over real sockets.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::future::IntoFuture;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use wamp_client::{App, Client, Running};
use wamp_router::{Router, Server};

/// Waits for what must happen.
pub(crate) async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(Duration::from_secs(30), event).await.expect("it happens before the deadline")
}

/// A router and those who connect to it.
pub(crate) struct World {
    server: Server,
}

impl World {
    /// A router with the realm `realm1`.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        Self { server: Router::builder().realm("realm1").build().serve(listener, axum::Router::new()) }
    }

    /// A program for the router.
    pub(crate) fn app(&self) -> App {
        let url = format!("ws://{}/ws", self.server.local_addr());
        App::new(url).reconnect_delay(Duration::from_millis(10), Duration::from_millis(100))
    }

    /// Starts a program.
    pub(crate) async fn run(&self, app: App) -> (Running, Client) {
        let running = within(app.start()).await.expect("it starts");
        let client = running.client().clone();
        (running, client)
    }

    /// One that only calls.
    pub(crate) async fn client(&self) -> (Running, Client) {
        self.run(self.app()).await
    }
}
