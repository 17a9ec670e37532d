//! A program that calls the procedure of `hello`, tells everybody the sum, and ends.
//!
//! ```sh
//! cargo run -p wamp-client --example hello          # in a terminal of its own
//! cargo run -p wamp-client --example call
//! ```

use std::time::Duration;

use wamp_client::App;

#[tokio::main]
async fn main() -> wamp_client::Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    let running = App::new(router).realm("realm1").start().await?;
    let client = running.client();

    let sum: i64 = client.call("com.example.add").arg(2).arg(3).timeout(Duration::from_secs(5)).await?;
    println!("2 + 3 = {sum}");
    client.publish("com.example.event").arg(format!("the sum is {sum}")).acknowledge().await?;

    running.stop().await
}
