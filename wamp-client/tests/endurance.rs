//! A hundred restarts of the router, and a link that is cut, darkened and slowed at random moments: what was
//! acknowledged is seen by a subscriber with history, exactly once and in order.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use support::proxy::{Proxy, Weather};
use support::{Station, app, start, until, within};
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::Instant;
use wamp_client::{Details, ErrorKind, Lifecycle, MatchPolicy, PublishBuffer, Recovered};
use wamp_proto::Pattern;
use wamp_router::history::{History, HistoryRule};
use wamp_router::realm::RealmOptions;

const RESTARTS: u64 = 100;

/// Publications that are under way at once: several may be unacknowledged when a link breaks.
const AT_ONCE: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_seen_once_and_in_order_through_a_hundred_restarts() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("history.sqlite");
    let options = move || {
        let pattern = Pattern::parse(MatchPolicy::Exact, "com.example.tick").expect("it is a topic");
        let rule = HistoryRule { events: 100_000, ..HistoryRule::new(pattern) };
        let history = History::sqlite([rule], &path).expect("it is a history");
        RealmOptions { history: Some(history), ..RealmOptions::default() }
    };
    let mut station = Station::start(options).await;
    let links = [Proxy::to(station.address).await, Proxy::to(station.address).await];

    let newest = Arc::new(watch::Sender::new(0_u64));
    let recovered = Arc::new(AtomicU64::new(0));
    let (seen, counted) = (newest.clone(), recovered.clone());
    let on_tick = move |number: u64, details: Details| {
        seen.send_modify(|newest| {
            assert_eq!(number, *newest + 1, "nothing is lost, comes twice, or out of order");
            *newest = number;
        });
        counted.fetch_add(u64::from(details.recovered), Ordering::Relaxed);
        async {}
    };
    let patient = |link: &Proxy| {
        app(link.address).heartbeat(Duration::from_millis(300)).connect_timeout(Duration::from_millis(600))
    };
    let (subscribing, subscriber) = start(patient(&links[0])).await;
    let mut lifecycle = subscriber.lifecycle();
    subscriber.subscribe("com.example.tick", on_tick).history().await.expect("it is subscribed");
    let watching = tokio::spawn(async move {
        let mut gaps = 0;
        while let Some(event) = lifecycle.next().await {
            gaps += u64::from(matches!(event, Lifecycle::Recovered { recovered: Recovered::Gap, .. }));
            assert!(!matches!(event, Lifecycle::Dropped { .. } | Lifecycle::Missed(_)), "{event:?}");
        }
        gaps
    });

    let (publishing, publisher) =
        start(patient(&links[1]).publish_buffer(PublishBuffer::new(1000)).request_timeout(Duration::from_secs(60)))
            .await;
    // Something to begin with, so that the subscriber has a place.
    publisher.publish("com.example.tick").arg(1).acknowledge().await.expect("it is published");
    let mut catching_up = newest.subscribe();
    within(catching_up.wait_for(|newest| *newest == 1)).await.expect("it is there");

    let stop = Arc::new(watch::Sender::new(false));
    let stopping = stop.subscribe();
    let publishing_all = {
        let publisher = publisher.clone();
        tokio::spawn(async move {
            let mut next = 2;
            while !*stopping.borrow() {
                let batch = (next..next + AT_ONCE).map(|number| {
                    // Polled in this order, and so published in it.
                    publisher.publish("com.example.tick").arg(number).acknowledge().into_future()
                });
                for published in futures_util::future::join_all(batch).await {
                    published.expect("it is acknowledged in the end");
                }
                next += AT_ONCE;
            }
            next - 1
        })
    };

    let began = Instant::now();
    for round in 0..RESTARTS {
        // Where in all of this it strikes is left to chance.
        let goal = *newest.borrow() + fastrand::u64(0..3 * AT_ONCE);
        within(catching_up.wait_for(|newest| *newest >= goal)).await.expect("it goes on");
        let link = &links[fastrand::usize(0..2)];
        match round % 10 {
            3 => link.set(Weather::Dark),
            6 => link.set(Weather::Slow(Duration::from_millis(2))),
            _ => link.cut(),
        }
        for _ in 0..fastrand::u32(0..100) {
            yield_now().await;
        }
        station.restart().await;
        link.set(Weather::Clear);
    }
    stop.send_replace(true);
    let last = within(publishing_all).await.expect("all are acknowledged");
    within(catching_up.wait_for(|newest| *newest == last)).await.expect("it is there");
    let mut ending = publisher.lifecycle();
    within(publishing.stop()).await.expect("nothing was running");
    until(&mut ending, |event| matches!(event, Lifecycle::Stopped(_)).then_some(())).await;
    within(subscribing.stop()).await.expect("all events are handled");
    let gaps = within(watching).await.expect("nothing was dropped");
    assert_eq!(gaps, 0, "the history had everything");
    let recovered = recovered.load(Ordering::Relaxed);
    assert!(last > RESTARTS && recovered > 0, "{last} were published, {recovered} of them recovered");
    println!("{last} published, {recovered} recovered, {RESTARTS} restarts in {:?}", began.elapsed());
    assert_eq!(publisher.publish("com.example.tick").await.expect_err("it is stopped").kind(), ErrorKind::Stopped);
}
