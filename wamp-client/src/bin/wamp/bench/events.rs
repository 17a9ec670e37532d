//! Events: each publisher goes on when what it published has arrived everywhere.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use wamp_client::Client;

use super::histogram::Histogram;
use super::report::{Report, number};
use super::{Load, SILENCE, progress, start};
use crate::failure::Failure;
use crate::output::Output;
use crate::target::Target;

/// What a publisher may still send.
struct Credit {
    room: Semaphore,
    /// With how many subscribers each event that is under way has not arrived. Its place is its number, modulo how many
    /// may be under way: a subscriber gets a publisher's events in order, so they are everywhere in order, too.
    missing: Box<[AtomicU32]>,
    subscribers: u32,
}

impl Credit {
    fn new(in_flight: usize, subscribers: u32) -> Self {
        let missing = (0..in_flight).map(|_| AtomicU32::new(subscribers)).collect();
        Self { room: Semaphore::new(in_flight), missing, subscribers }
    }

    /// An event has arrived with one subscriber more.
    fn arrived(&self, event: u64) {
        let place = usize::try_from(event % self.missing.len() as u64).unwrap_or_default();
        let missing = &self.missing[place];
        if missing.fetch_sub(1, Ordering::Relaxed) == 1 {
            missing.store(self.subscribers, Ordering::Relaxed);
            self.room.add_permits(1);
        }
    }
}

pub(super) async fn measure(
    target: &Target,
    topic: &str,
    load: &Load,
    subscribers: u32,
    output: &Output,
) -> Result<Report, Failure> {
    let in_flight = usize::try_from(load.in_flight).unwrap_or(usize::MAX);
    let credits: Arc<[Credit]> = (0..load.clients).map(|_| Credit::new(in_flight, subscribers)).collect();
    let epoch = std::time::Instant::now();
    // All that is under way may wait for one subscriber.
    let queue = in_flight * credits.len();
    let receivers = start(subscribers, || target.app().event_queue(queue)).await?;
    let mut latencies = Vec::new();
    for receiver in &receivers {
        let latency = Arc::new(Mutex::new(Histogram::default()));
        latencies.push(Arc::clone(&latency));
        let credits = Arc::clone(&credits);
        let on_event = move |sent: u64, publisher: usize, event: u64| {
            let taken = epoch.elapsed().saturating_sub(Duration::from_nanos(sent));
            latency.lock().unwrap_or_else(PoisonError::into_inner).record(taken);
            if let Some(credit) = credits.get(publisher) {
                credit.arrived(event);
            }
            async {}
        };
        receiver.client().subscribe(topic.to_owned(), on_event).await?;
    }
    let publishers = start(load.clients, || target.app()).await?;
    let done = AtomicU64::new(0);
    let started = Instant::now();
    let publishing = try_join_all((0..).zip(&publishers).map(|(number, publisher)| {
        let client = publisher.client().clone();
        let share = load.share(number, started);
        let credit = &credits[usize::try_from(number).unwrap_or_default()];
        Publisher { client, topic, number, credit, epoch, done: &done }.publish(load, share)
    }));
    let sent = tokio::select! {
        sent = publishing => sent?,
        () = progress::show(load, &done, started, output) => Vec::new(),
    };
    let elapsed = started.elapsed();
    for running in publishers.into_iter().chain(receivers) {
        running.stop().await?;
    }
    let mut latency = Histogram::default();
    for one in latencies {
        latency.merge(&one.lock().unwrap_or_else(PoisonError::into_inner));
    }
    let who = format!("{}, {}", number(load.clients, "publisher"), number(subscribers, "subscriber"));
    Ok(Report { what: "events", who, load: load.clone(), elapsed, sent: sent.iter().sum(), latency })
}

struct Publisher<'a> {
    client: Client,
    topic: &'a str,
    number: u32,
    credit: &'a Credit,
    /// What the times in events count from.
    epoch: std::time::Instant,
    done: &'a AtomicU64,
}

impl Publisher<'_> {
    /// Publishes until it is enough and all has arrived; says how many that were.
    async fn publish(self, load: &Load, (events, until): (u64, Option<Instant>)) -> Result<u64, Failure> {
        let text = load.text();
        let mut sent = 0;
        while sent < events && until.is_none_or(|until| Instant::now() < until) {
            room(self.credit, 1).await?;
            let now = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.client.publish(self.topic).arg(now).arg(self.number).arg(sent).arg(&text).await?;
            sent += 1;
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        room(self.credit, load.in_flight).await?;
        Ok(sent)
    }
}

/// Waits until so many may be sent, and takes that.
async fn room(credit: &Credit, events: u32) -> Result<(), Failure> {
    match timeout(SILENCE, credit.room.acquire_many(events)).await {
        Ok(Ok(permits)) => permits.forget(),
        _ => {
            return Err(Failure::Other(format!(
                "events were lost: none arrived for {SILENCE:?}. A smaller --in-flight takes less room in the router"
            )));
        }
    }
    Ok(())
}
