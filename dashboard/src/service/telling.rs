//! What the service tells the pages.

use std::time::Duration;

use tokio::time::{self, Instant, MissedTickBehavior};
use wamp_client::{Client, Definition, State, handlers, on_join, on_leave};

use super::{FleetService, is_end};
use crate::fleet::{News, Samples};

/// Samples in one event for every page.
pub(super) const SAMPLES: &str = "fleet.samples";

/// The pause after an event with samples: what comes meanwhile goes together into the next.
/// A frame of a screen, which is as often as a page can show anything.
const FRAME: Duration = Duration::from_micros(16_667);

/// The longest silence: after that an event says that there are no samples, by which a page
/// knows that it is the machines that are silent and not the service.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How often the router is asked whether anybody listens to samples.
const LOOK: Duration = Duration::from_secs(1);

pub(super) fn all() -> impl IntoIterator<Item = Definition> {
    handlers![tell, look_for_watchers, forget_samples]
}

/// Publishes what is new, as long as the session lasts; news that aren't told then wait for the
/// next. Of a machine that appears, the news comes before its first sample, and of one that is
/// forgotten no sample comes after that news.
#[on_join]
pub(super) async fn tell(client: Client, State(service): State<FleetService>) {
    let mut told = Instant::now();
    loop {
        tokio::select! {
            biased;
            news = service.next_news() => match tell_news(&client, &news).await {
                Err(error) if is_end(&error) => return service.tell_later(&news),
                Err(error) => tracing::warn!(%error, "news not published"),
                Ok(()) => {}
            },
            samples = next_samples(&service, told) => {
                told = Instant::now();
                match client.publish(SAMPLES).arg(&samples).await {
                    Err(error) if is_end(&error) => return,
                    Err(error) => tracing::warn!(%error, "samples not published"),
                    Ok(()) => {}
                }
            }
        }
    }
}

/// Finds out whether anybody listens to samples, so that for nobody none are gathered.
#[on_join]
async fn look_for_watchers(client: Client, State(service): State<FleetService>) {
    let mut looks = time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        match client.meta().subscriptions().matching(SAMPLES).await {
            Ok(subscriptions) if subscriptions.is_empty() => {}
            Err(error) if is_end(&error) => return,
            // Where the router can't say, there may be somebody.
            Ok(_) | Err(_) => service.watched(),
        }
    }
}

/// In the next session they would be old.
#[on_leave]
async fn forget_samples(State(service): State<FleetService>) {
    while !service.take_samples().is_empty() {}
}

async fn tell_news(client: &Client, news: &News) -> wamp_client::Result<()> {
    match news {
        News::Settings(settings) => {
            client.publish(format!("clientconfig.{}", settings.id)).arg(settings).await?;
            // For agents that know only their address.
            if !settings.ip.is_empty() && settings.ip != settings.id.as_str() {
                client.publish(format!("clientconfig.{}", settings.ip)).arg(settings).await?;
            }
        }
        News::Machine(status) => client.publish("fleet.machine").arg(status).await?,
        News::Forgotten(id) => client.publish("fleet.forgotten").arg(id).await?,
    }
    Ok(())
}

/// Waits for samples, from a frame after the last ones were `told`; none, if none come for long.
///
/// Cancel safe: what wasn't returned is still to be told.
async fn next_samples(service: &FleetService, told: Instant) -> Samples {
    time::sleep_until(told + FRAME).await;
    let silent = time::timeout_at(told + HEARTBEAT, service.next_samples()).await;
    silent.unwrap_or_default()
}
