use std::time::Instant;

use wamp_client::register;

#[register("com.example.now")]
async fn now() -> Instant {
    Instant::now()
}

fn main() {}
