//! A program that prints events and offers a procedure.
//!
//! ```sh
//! cargo run -p wamp-router                          # the router, in a terminal of its own
//! cargo run -p wamp-client --example hello
//! cargo run -p wamp-client --example call           # calls it
//! ```
//!
//! `WAMP_URL` says where the router is, in all examples: `ws://localhost:8080/ws`, unless told otherwise.

use wamp_client::{App, register, subscribe};

#[subscribe("com.example.event")]
async fn on_event(text: String) {
    println!("received {text}");
}

#[register("com.example.add")]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[tokio::main]
async fn main() -> wamp_client::Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    App::new(router).realm("realm1").discover().run().await
}
