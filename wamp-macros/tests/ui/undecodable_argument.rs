use std::time::Instant;

use wamp_client::subscribe;

#[subscribe("com.example.event")]
async fn on_event(text: String, at: Instant) {
    println!("{text} {at:?}");
}

fn main() {}
