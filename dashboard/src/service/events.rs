//! What the service hears, and what it says.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{self, MissedTickBehavior};
use wamp_client::{Caller, Client, Definition, Error, ErrorKind, State, handlers, on_join, subscribe};
use wamp_proto::SessionId;

use super::FleetService;
use crate::fleet::{News, Sample};

/// How often silence is looked for.
const TICK: Duration = Duration::from_secs(1);
/// Ticks from one look at the router's list of sessions to the next. Their leaving is told at
/// once; this is for what was said while the service was away or too busy to listen.
const LOOK_AROUND: u64 = 30;
/// Ticks from one note of who is online to the next.
const NOTE: u64 = 60;

pub(super) fn all() -> impl IntoIterator<Item = Definition> {
    handlers![on_sample, on_leave, tell_news, keep_time]
}

#[subscribe("clientstats")]
async fn on_sample(sample: Sample, publisher: Caller, State(service): State<FleetService>) {
    service.sampled(publisher.session, sample);
}

#[subscribe("wamp.session.on_leave")]
async fn on_leave(session: SessionId, service: State<FleetService>) {
    service.left(session);
}

/// Publishes what is new, as long as the session lasts; what isn't told then waits for the next.
#[on_join]
pub(super) async fn tell_news(client: Client, service: State<FleetService>) {
    loop {
        let news = service.next_news().await;
        match tell(&client, &news).await {
            Ok(()) => {}
            Err(error) if is_end(&error) => return service.tell_later(&news),
            Err(error) => tracing::warn!(%error, "news not published"),
        }
    }
}

async fn tell(client: &Client, news: &News) -> wamp_client::Result<()> {
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

/// Does what has to be done again and again, as long as the session lasts.
#[on_join]
async fn keep_time(client: Client, service: State<FleetService>) {
    let mut ticks = time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in 0u64.. {
        ticks.tick().await;
        if tick % LOOK_AROUND == 0 {
            match look_around(&client, &service).await {
                Ok(()) => {}
                Err(error) if is_end(&error) => return,
                Err(error) => tracing::warn!(%error, "sessions not known"),
            }
        }
        service.tick();
        if tick % NOTE == NOTE - 1
            && let Err(error) = service.store_seen().await
        {
            tracing::warn!(%error, "last times not stored");
        }
    }
}

/// Finds out which agents left unheard.
async fn look_around(client: &Client, service: &FleetService) -> wamp_client::Result<()> {
    // Known first: who joins after the router has made its list must not be missed in it.
    let known = service.sessions();
    if known.is_empty() {
        return Ok(());
    }
    let alive: HashSet<SessionId> = client.call("wamp.session.list").await?;
    service.reconcile(&known, &alive);
    Ok(())
}

/// Whether the session is over, which is nothing to report: the program is being stopped, or has
/// reported already that it lost the session.
fn is_end(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotJoined | ErrorKind::Lost | ErrorKind::Stopped)
}
