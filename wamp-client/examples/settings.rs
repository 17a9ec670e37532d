//! Settings from afar: each machine takes those that are published for it, at once and whenever they change; the router
//! keeps the last ones for a machine that comes later.
//!
//! ```sh
//! cargo run -p wamp-client --example settings -- run attic
//! cargo run -p wamp-client --example settings -- set attic 250
//! ```

use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use wamp_client::{App, Client, Result, State, handlers, on_join, subscribe};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Settings {
    interval_ms: u64,
}

/// The settings that hold. Who waits for `changed()` learns of new ones.
type Current = watch::Sender<Settings>;

/// `{machine}` is filled in at join. `retained` asks for the settings that were published before.
#[subscribe("com.example.settings.{machine}", retained)]
async fn on_settings(settings: Settings, current: State<Current>) {
    println!("every {} ms from now on", settings.interval_ms);
    current.send_replace(settings);
}

/// Measures as often as the settings say, also when they change while it waits.
#[on_join]
async fn measure(client: Client, current: State<Current>) -> Result<()> {
    let mut settings = current.subscribe();
    loop {
        let interval = Duration::from_millis(settings.borrow_and_update().interval_ms);
        tokio::select! {
            () = tokio::time::sleep(interval) => client.publish("com.example.measured").arg(42).await?,
            _ = settings.changed() => {}
        }
    }
}

async fn set(app: App, machine: &str, interval_ms: u64) -> anyhow::Result<()> {
    let running = app.start().await?;
    let topic = format!("com.example.settings.{machine}");
    running.client().publish(topic).arg(Settings { interval_ms }).retain().acknowledge().await?;
    println!("{machine} measures every {interval_ms} ms");
    running.stop().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    let app = App::new(router).realm("realm1");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["run", machine] => {
            let current = Current::new(Settings { interval_ms: 1000 });
            Ok(app.param("machine", machine).state(current).mount(handlers![on_settings, measure]).run().await?)
        }
        ["set", machine, interval] => set(app, machine, interval.parse().context("the interval is no number")?).await,
        _ => bail!("usage: settings run MACHINE | settings set MACHINE MILLISECONDS"),
    }
}
