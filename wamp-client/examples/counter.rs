//! A component: a value whose methods are handlers. It is a counter that can be read and moved by calls, and says when it
//! has moved.
//!
//! ```sh
//! cargo run -p wamp-client --example counter
//! ```

use std::sync::Mutex;

use wamp_client::{App, Client, WampError, component};

#[derive(Default)]
struct Counter {
    name: String,
    value: Mutex<i64>,
}

#[derive(Debug, thiserror::Error, WampError)]
enum CounterError {
    #[error("{value} and {step} are too large together")]
    #[wamp("com.example.counter.error.overflow")]
    Overflow { value: i64, step: i64 },
}

#[component]
impl Counter {
    /// Moves the counter, by 1 where the caller does not say by how much, and tells everybody who is interested.
    #[register("com.example.counter.{self.name}.add")]
    async fn add(&self, step: Option<i64>, client: Client) -> anyhow::Result<i64> {
        let value = self.move_by(step.unwrap_or(1))?;
        client.publish(format!("com.example.counter.{}.moved", self.name)).arg(value).await?;
        Ok(value)
    }

    #[register("com.example.counter.{self.name}.get")]
    async fn get(&self) -> i64 {
        *self.value.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A method without an attribute is a method.
    fn move_by(&self, step: i64) -> Result<i64, CounterError> {
        let mut value = self.value.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *value = value.checked_add(step).ok_or(CounterError::Overflow { value: *value, step })?;
        Ok(*value)
    }
}

#[tokio::main]
async fn main() -> wamp_client::Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    let counter = |name: &str| Counter { name: name.to_owned(), ..Counter::default() };
    App::new(router).realm("realm1").component(counter("red")).component(counter("blue")).run().await
}
