//! What the service hears, and what it does now and then.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{self, MissedTickBehavior};
use wamp_client::{Caller, Client, Definition, State, handlers, on_join, subscribe};
use wamp_proto::SessionId;

use super::procedures::may_be;
use super::{FleetService, is_end};
use crate::fleet::Sample;

/// How often silence is looked for.
const TICK: Duration = Duration::from_secs(1);
/// Ticks from one look at the router's list of sessions to the next. Their leaving is told at
/// once; this is for what was said while the service was away or too busy to listen.
const LOOK_AROUND: u64 = 30;
/// Ticks from one note of who is online to the next.
const NOTE: u64 = 60;

pub(super) fn all() -> impl IntoIterator<Item = Definition> {
    handlers![on_sample, on_leave, keep_time]
}

#[subscribe("clientstats")]
async fn on_sample(sample: Sample, publisher: Caller, State(service): State<FleetService>) {
    if !may_be(&publisher, &sample.id) {
        return tracing::info!(authid = publisher.authid, machine = %sample.id, "sample of another machine dropped");
    }
    service.sampled(publisher.session, sample);
}

#[subscribe("wamp.session.on_leave")]
async fn on_leave(session: SessionId, service: State<FleetService>) {
    service.left(session);
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
