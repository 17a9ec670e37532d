//! Patterns: prints every event below `com.example.`, and beyond that the status of each machine.
//!
//! ```sh
//! cargo run -p wamp-client --example watch
//! cargo run -p wamp-client --example pubsub        # something to see
//! ```

use wamp_client::{App, Details, Rest, Topic, Value, subscribe};

/// A prefix matches all that begins with the same characters. `Rest` takes whatever arguments there are.
#[subscribe("com.example.", matching = "prefix")]
async fn on_anything(Topic(topic): Topic, details: Details, Rest(args): Rest<Value>) -> serde_json::Result<()> {
    let publication = details.publication.map(|id| id.to_string()).unwrap_or_default();
    println!("{topic} {} [{publication}]", serde_json::to_string(&args)?);
    Ok(())
}

/// An empty component stands for any one: `com.example.machine.a.status` matches, and `….b.status` as well.
#[subscribe("com.example.machine..status", matching = "wildcard")]
async fn on_status(Topic(topic): Topic, status: String) {
    let machine = topic.split('.').nth(3).unwrap_or_default();
    println!("machine {machine} is {status}");
}

#[tokio::main]
async fn main() -> wamp_client::Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    App::new(router).realm("realm1").discover().run().await
}
