//! A program that receives events and offers a procedure. Run a router first: `cargo run -p wamp-router`.

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
    App::new("ws://localhost:8080/ws").realm("realm1").discover().run().await
}
