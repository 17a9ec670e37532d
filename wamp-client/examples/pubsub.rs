//! A program that publishes an event a second and prints those of others. Start it two or three times.
//!
//! ```sh
//! cargo run -p wamp-client --example pubsub -- Anna
//! cargo run -p wamp-client --example pubsub -- Bert
//! ```

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wamp_client::{App, Client, Result, State, on_join, subscribe};

/// What an event carries: any type that serde knows.
#[derive(Debug, Serialize, Deserialize)]
struct Tick {
    from: String,
    count: u64,
}

struct Clock {
    name: String,
    ticks: AtomicU64,
}

#[subscribe("com.example.tick")]
async fn on_tick(tick: Tick) {
    println!("tick {} of {}", tick.count, tick.from);
}

/// Runs for as long as the session lasts. After a reconnect it runs anew; the count goes on, since it is in the state.
#[on_join]
async fn publish_ticks(client: Client, clock: State<Clock>) -> Result<()> {
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    loop {
        every_second.tick().await;
        let count = clock.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        client.publish("com.example.tick").arg(Tick { from: clock.name.clone(), count }).await?;
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    let name = std::env::args().nth(1).unwrap_or_else(|| "somebody".to_owned());
    let clock = Clock { name, ticks: AtomicU64::new(0) };
    App::new(router).realm("realm1").state(clock).discover().run().await
}
