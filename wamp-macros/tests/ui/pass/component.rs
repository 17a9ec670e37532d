//! Components that must go on compiling, under the strictest lints of a user's crate.

#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, unused, clippy::all)]

use wamp_client::{App, Client, component};

/// A public one.
#[derive(Debug, Clone)]
pub struct Counter {
    /// Its name.
    pub name: String,
    id: u64,
}

#[component]
/// With documentation.
#[allow(clippy::unused_async)]
impl Counter {
    /// A constant.
    pub const NONE: u64 = 0;

    /// Not a handler.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// A parameter named like what the added code itself has names for.
    #[register("com.counter.{self.name}.{self.id}.{ip}.add")]
    pub async fn add(&self, component: i64, source: i64, needs: Option<String>) -> i64 {
        component + source + i64::from(needs.is_some())
    }

    #[subscribe("com.counter.event")]
    async fn on_event(&self, mut text: String) {
        text.push('!');
        println!("{} {text}", self.name);
    }

    #[on_join]
    async fn for_ever(&self, client: Client) -> ! {
        loop {
            let _ = client.publish("com.counter.alive").await;
        }
    }
}

fn main() {
    let counter = Counter { name: "red".to_owned(), id: Counter::NONE };
    let _app = App::new("ws://localhost:8080/ws")
        .param("ip", "10.0.0.1")
        .component(counter.clone())
        .component(std::sync::Arc::new(counter));
}
