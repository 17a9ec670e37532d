//! State that handlers share: a counter that can be read and moved by calls, and says when it has moved.
//!
//! ```sh
//! cargo run -p wamp-client --example counter
//! ```

use std::sync::Mutex;

use wamp_client::{App, Client, Result, State, WampError, register};

#[derive(Default)]
struct Counter {
    value: Mutex<i64>,
}

impl Counter {
    fn add(&self, step: i64) -> Option<i64> {
        let mut value = self.value.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *value = value.checked_add(step)?;
        Some(*value)
    }
}

/// Moves the counter, by 1 where the caller does not say by how much, and tells everybody who is interested.
#[register("com.example.counter.add")]
async fn add(counter: State<Counter>, client: Client, step: Option<i64>) -> Result<i64> {
    let overflow = || WampError::new("com.example.counter.error.overflow").arg("the counter would be too large");
    let value = counter.add(step.unwrap_or(1)).ok_or_else(overflow)?;
    client.publish("com.example.counter.moved").arg(value).await?;
    Ok(value)
}

#[register("com.example.counter.get")]
async fn get(counter: State<Counter>) -> Option<i64> {
    counter.add(0)
}

#[tokio::main]
async fn main() -> Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    App::new(router).realm("realm1").state(Counter::default()).discover().run().await
}
