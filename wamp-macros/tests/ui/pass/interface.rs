//! Interfaces that must go on compiling, under the strictest lints of a user's crate.

#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, unused, clippy::all)]

use std::collections::HashMap;

use wamp_client::{App, Caller, Client, Details, Publish, Unacknowledged, WampError, interface};

/// A public one.
#[interface]
pub trait Calculator {
    /// Arguments named like what the added code itself has names for.
    #[procedure("com.calc.add", invoke = "random", force_reregister)]
    async fn add(&self, client: i64, call: Option<u8>, source: String, event: (), r#type: u8) -> i64;

    /// With errors.
    #[procedure("com.calc.divide", concurrency = 2)]
    async fn divide(&self, a: i64, b: i64, #[extract] caller: Caller) -> Result<HashMap<String, i64>, WampError>;

    /// Left out.
    #[cfg(any())]
    #[procedure("com.calc.left_out")]
    async fn left_out(&self, no_such_type: NoSuchType) -> NoSuchType;

    /// A topic.
    #[topic("com.calc.done", retained, queue = 8)]
    fn done(n: i64, handler: String, #[extract] details: Details);
}

/// Topics only, and a private one.
#[interface(named)]
trait News {
    #[topic("com.news.{client}.{topic}")]
    fn happened(text: String);
}

/// Procedures only.
#[interface(named,)]
#[allow(clippy::too_many_arguments)]
trait Clock {
    #[procedure("com.clock.now")]
    async fn now(&self) -> u64;
}

#[derive(Debug)]
struct Abacus;

impl Calculator for Abacus {
    async fn add(&self, client: i64, _: Option<u8>, _: String, (): (), _: u8) -> i64 {
        client
    }

    async fn divide(&self, _: i64, _: i64, _: Caller) -> Result<HashMap<String, i64>, WampError> {
        Ok(HashMap::new())
    }
}

impl Clock for Abacus {
    fn now(&self) -> impl Future<Output = u64> + Send {
        std::future::ready(0)
    }
}

fn publish(client: Client) -> Publish<Unacknowledged> {
    NewsClient::new(client, "a", "b").happened("nothing".to_owned())
}

async fn use_both(client: Client) -> Result<u64, Box<dyn std::error::Error>> {
    let _event = publish(client.clone());
    CalculatorClient::new(client.clone()).divide(1, 2).await?;
    Ok(ClockClient::new(client).now().await?)
}

fn main() {
    let news = NewsSubscriber::new("station", "topic".to_owned())
        .on_happened(|text| async move { println!("{text}") })
        .on_happened(|text| async move { text.parse::<i64>().map(drop) });
    let abacus = std::sync::Arc::new(Abacus);
    let _app = App::new("ws://localhost:8080/ws")
        .mount(CalculatorCallee::new(abacus.clone()))
        .mount(ClockCallee::new(abacus))
        .mount(news);
    let _ = use_both;
}
