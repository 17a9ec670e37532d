//! A pool of workers: several programs register the same procedure, and the router deals the calls out to them.
//!
//! ```sh
//! cargo run -p wamp-client --example workers -- work Anna
//! cargo run -p wamp-client --example workers -- work Bert
//! cargo run -p wamp-client --example workers -- ask 10
//! ```

use std::time::Duration;

use anyhow::{Context, bail};
use wamp_client::{App, State, handlers, register};

struct Worker {
    name: String,
}

/// Without `invoke` a procedure has one callee, and the second worker would be refused.
#[register("com.example.square", invoke = "roundrobin")]
async fn square(worker: State<Worker>, number: u64) -> (u64, String) {
    println!("squaring {number}");
    (number.saturating_mul(number), worker.name.clone())
}

/// Asks for many squares, and waits for all of them at once.
async fn ask(app: App, count: u64) -> anyhow::Result<()> {
    let running = app.start().await?;
    let mut calls = tokio::task::JoinSet::new();
    for number in 1..=count {
        let call = running.client().call::<(u64, String)>("com.example.square").arg(number);
        calls.spawn(async move { (number, call.timeout(Duration::from_secs(5)).await) });
    }
    while let Some(Ok((number, answer))) = calls.join_next().await {
        match answer {
            Ok((square, worker)) => println!("{number} * {number} = {square}, says {worker}"),
            Err(error) => println!("{number} * {number} is not known: {error}"),
        }
    }
    running.stop().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    let app = App::new(router).realm("realm1");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["work", name] => Ok(app.state(Worker { name: name.to_owned() }).mount(handlers![square]).run().await?),
        ["ask", count] => ask(app, count.parse().context("COUNT is no number")?).await,
        _ => bail!("usage: workers work NAME | workers ask COUNT"),
    }
}
