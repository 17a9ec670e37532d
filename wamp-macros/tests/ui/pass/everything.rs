//! What must go on compiling, under the strictest lints of a user's crate.

#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, unused, clippy::all)]

use std::collections::HashMap;

use wamp_client::{
    App, Caller, Client, Details, Kwargs, Procedure, Rest, SessionInfo, State, Topic, handlers, on_join, on_leave,
    register, subscribe,
};

/// Settings.
#[derive(Debug)]
pub struct Settings;

#[subscribe("com.example.event")]
async fn on_event(text: String) {
    println!("{text}");
}

#[subscribe("com.example.order", history)]
async fn on_order(_order: u64) {}

#[subscribe("com.example..status", matching = "wildcard", retained)]
async fn on_status(Topic(topic): Topic, details: Details, mut status: Option<HashMap<String, i64>>) {
    println!("{topic} {details:?} {:?}", status.take());
}

#[subscribe("com.example.reading", concurrency = 4, queue = 64, overflow = "drop_oldest")]
async fn on_reading(value: f64) {
    println!("{value}");
}

#[register("com.{machine}.add", invoke = "roundrobin", matching = "prefix",)]
/// A public one, with documentation.
pub async fn add(a: i64, b: i64, State(_settings): State<Settings>) -> Result<i64, std::num::TryFromIntError> {
    Ok(i64::from(i32::try_from(a)?) + b)
}

#[register("com.example.all")]
async fn all(
    caller: Caller,
    Procedure(_procedure): Procedure,
    client: Client,
    Kwargs(kwargs): Kwargs<HashMap<String, String>>,
    Rest(rest): Rest<u8>,
) -> usize {
    println!("{caller:?} {client:?}");
    kwargs.len() + rest.len()
}

#[on_join]
async fn joined(client: Client, session: SessionInfo) -> wamp_client::Result<()> {
    client.publish("com.example.joined").arg(session.id).await
}

#[on_join]
async fn for_ever(client: Client) -> ! {
    loop {
        let _ = client.publish("com.example.alive").await;
    }
}

#[on_leave]
async fn left(_: State<Settings>) {}

mod inner {
    #[wamp_client::register("com.example.inner")]
    pub(crate) async fn on_event() -> &'static str {
        "static text can be returned"
    }
}

fn main() {
    let _app = App::new("ws://localhost:8080/ws")
        .state(Settings)
        .param("machine", "m1")
        .on_join(|client: Client| async move {
            loop {
                let _ = client.publish("com.example.alive").await;
            }
        })
        .mount(handlers![on_event, on_order, on_status, on_reading, add, all, joined, for_ever, left, inner::on_event])
        .discover();
}
