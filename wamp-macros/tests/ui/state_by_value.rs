use std::sync::Mutex;

use wamp_client::register;

struct Counter {
    calls: Mutex<u64>,
}

#[register("com.example.count")]
async fn count(counter: Counter) -> u64 {
    *counter.calls.lock().expect("nobody panicked")
}

fn main() {}
