//! Nothing is lost: orders are published while the router is away, and handled once each, in order, when it is back.
//!
//! ```sh
//! cargo run -p wamp-router -- --history prefix:com.example.order --history-dir /tmp/history
//! cargo run -p wamp-client --example orders -- take
//! cargo run -p wamp-client --example orders -- place        # a line is an order
//! ```
//!
//! Stop the router, place orders, start it again.

use std::io::BufRead;
use std::time::Duration;

use anyhow::bail;
use tokio::sync::mpsc;
use wamp_client::{App, Client, PublishBuffer, Recovered, TopicHandler};

async fn on_order(order: String) {
    println!("taking {order}");
}

/// Told after every reconnect.
fn on_recovered(recovered: Recovered) {
    match recovered {
        Recovered::Complete => println!("nothing was missed"),
        Recovered::Gap => println!("orders may be missing: ask for all that are open"),
    }
}

async fn place(client: &Client, mut orders: mpsc::Receiver<String>) -> wamp_client::Result<()> {
    while let Some(order) = orders.recv().await {
        // With a buffer this does not fail when there is no session: it waits for one. An acknowledged event is
        // published exactly once, even if the router was lost before it could say so.
        let order_placed =
            client.publish("com.example.order").arg(&order).timeout(Duration::from_secs(600)).acknowledge();
        order_placed.await?;
        println!("placed {order}");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    let app = App::new(router).realm("realm1");
    match std::env::args().nth(1).as_deref() {
        Some("take") => {
            let orders = TopicHandler::new("com.example.order", on_order).on_recovered(on_recovered);
            Ok(app.mount([orders]).run().await?)
        }
        Some("place") => {
            let running = app.publish_buffer(PublishBuffer::new(1000).wait()).start().await?;
            place(running.client(), lines()).await?;
            Ok(running.stop().await?)
        }
        _ => bail!("usage: orders take | orders place"),
    }
}

/// The lines of standard input, read by a thread: reading them blocks.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::io::Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}
