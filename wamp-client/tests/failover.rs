//! Sessions over links and routers that fail: real routers, real sockets, and a proxy between them.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use support::proxy::{Proxy, Weather};
use support::{Station, app, impatient, joined, start, until, url, within};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wamp_client::{App, ErrorKind, Lifecycle, MatchPolicy};
use wamp_router::realm::{AllowAll, RealmOptions};

fn open() -> RealmOptions {
    RealmOptions { authorizer: Arc::new(AllowAll), ..RealmOptions::default() }
}

/// Where nobody listens.
async fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    listener.local_addr().expect("it is bound")
}

#[tokio::test]
async fn the_next_router_takes_over_and_the_first_is_not_forgotten() {
    let mut first = Station::start(open).await;
    let mut second = Station::start(open).await;
    let app = impatient(App::new(url(first.address)).or(url(second.address)));
    let mut events = app.lifecycle();
    let connects = async |events: &mut _| {
        let mut urls = Vec::new();
        until(events, |event| {
            if let Lifecycle::Connecting { url } = event {
                urls.push(url.clone());
            }
            matches!(event, Lifecycle::Joined(_)).then_some(())
        })
        .await;
        urls.last().cloned().expect("it connects before it joins")
    };
    let (_running, client) = start(app.register("com.example.add", |a: i64, b: i64| async move { a + b })).await;
    assert_eq!(connects(&mut events).await, url(first.address));

    first.stop().await;
    assert_eq!(connects(&mut events).await, url(second.address));
    let sum: i64 = client.call("com.example.add").arg(2).arg(3).await.expect("it is registered there too");
    assert_eq!(sum, 5);

    first.start_again().await;
    second.stop().await;
    assert_eq!(connects(&mut events).await, url(first.address));
}

#[tokio::test]
async fn each_router_has_its_own_transport() {
    let station = Station::start(open).await;
    let app = App::new(format!("rs://{}", nowhere().await)).or(url(station.address));
    let (running, _) = start(app).await;
    within(running.stop()).await.expect("it ends well");
}

#[tokio::test]
async fn without_any_router_the_program_ends_after_one_round_or_as_many_tries_as_it_has() {
    let nobody = nowhere().await;
    let two = || impatient(App::new(url(nobody)).or(format!("rs://{nobody}")));
    let connects = |app: App| async move {
        let mut events = app.lifecycle();
        let error = within(app.start()).await.expect_err("nobody is there");
        assert_eq!(error.kind(), ErrorKind::Connect);
        let mut tries = 0;
        while let Some(event) = within(events.next()).await {
            tries += u32::from(matches!(event, Lifecycle::Connecting { .. }));
        }
        tries
    };
    assert_eq!(connects(two()).await, 2);
    assert_eq!(connects(two().wait_for_router().most_tries(5)).await, 5);
}

#[tokio::test]
async fn what_was_attached_is_attached_exactly_once_after_every_kind_of_loss() {
    let mut station = Station::start(open).await;
    let proxy = Proxy::to(station.address).await;
    let app_of_receiver = app(proxy.address)
        .heartbeat(Duration::from_millis(100))
        .subscribe("com.example.tick", |_: u64| async {})
        .register("com.example.add", |a: i64, b: i64| async move { a + b });
    let mut events = app_of_receiver.lifecycle();
    let (_receiver, _) = start(app_of_receiver).await;
    joined(&mut events).await;
    for round in 0..8 {
        match round % 4 {
            0 => proxy.cut(),
            1 => station.restart().await,
            2 => proxy.set(Weather::Dark),
            _ => {
                proxy.set(Weather::Slow(Duration::from_millis(10)));
                proxy.cut();
            }
        }
        until(&mut events, |event| matches!(event, Lifecycle::Lost(_)).then_some(())).await;
        if round % 4 == 2 {
            // The router has not noticed: the new session finds the procedure taken by the old one, until the weather
            // clears and the end of the old link comes through.
            proxy.set(Weather::Clear);
        }
        joined(&mut events).await;
        let (_watching, watcher) = start(app(station.address)).await;
        let subscriptions = watcher.meta().subscriptions();
        let subscription = within(subscriptions.lookup("com.example.tick", MatchPolicy::Exact)).await;
        let subscription = subscription.expect("it is told").expect("it is subscribed");
        // A session that died unnoticed may share it for a moment; this session has it once at most by its nature, so
        // what is looked at is the number of its own subscriptions and registrations.
        let sessions = within(subscriptions.subscribers(subscription)).await.expect("it is told");
        assert!(!sessions.is_empty());
        assert_eq!(within(subscriptions.list()).await.expect("it is told").exact, [subscription]);
        let registrations = within(watcher.meta().registrations().list()).await.expect("it is told").exact;
        let [registration] = registrations[..] else { panic!("{registrations:?}") };
        assert_eq!(within(watcher.meta().registrations().count_callees(registration)).await.expect("it is told"), 1);
        let sum: i64 = within(watcher.call("com.example.add").arg(2).arg(3)).await.expect("it is answered");
        assert_eq!(sum, 5);
        proxy.set(Weather::Clear);
    }
}

#[tokio::test]
async fn a_link_that_has_gone_dark_is_found_by_its_silence() {
    let station = Station::start(open).await;
    let proxy = Proxy::to(station.address).await;
    let interval = Duration::from_millis(200);
    let app = app(proxy.address).heartbeat(interval).connect_timeout(interval);
    let mut events = app.lifecycle();
    let (_running, client) = start(app).await;
    joined(&mut events).await;
    proxy.set(Weather::Dark);
    let dark = Instant::now();
    until(&mut events, |event| matches!(event, Lifecycle::Lost(_)).then_some(())).await;
    assert!(dark.elapsed() >= interval, "it was not silent for long enough");
    assert!(client.session().is_none());
    // In the dark there is no session to be had, and that is noticed too.
    let failed = |event: &Lifecycle| match event {
        Lifecycle::Failed(error) => Some(error.kind()),
        _ => None,
    };
    assert_eq!(until(&mut events, failed).await, ErrorKind::Timeout);
    proxy.set(Weather::Clear);
    joined(&mut events).await;
    assert!(proxy.connections() >= 3);
}

#[tokio::test]
async fn a_session_that_is_ended_for_good_ends_the_program() {
    let station = Station::start(open).await;
    let (_admin, admin) = start(app(station.address)).await;
    let (mut victim, client) = start(app(station.address)).await;
    let mut events = client.lifecycle();
    let session = client.session().expect("it is joined").id;
    let killing = admin.meta().sessions().kill(session).reason("wamp.error.not_authorized").message("go away");
    within(killing).await.expect("it is ended");
    let error = within(victim.stopped()).await.expect_err("it is ended for good");
    assert!(error.is_final(), "{error}");
    assert_eq!(error.to_string(), "the router closed the session: wamp.error.not_authorized (go away)");
    let last = until(&mut events, |event| match event {
        Lifecycle::Stopped(error) => Some(error.clone()),
        _ => None,
    });
    assert!(last.await.is_some_and(|error| error.is_final()));
    assert!(within(events.next()).await.is_none(), "nothing comes after the end");
    assert!(within(client.lifecycle().next()).await.is_none());
    let error = client.call::<()>("com.example.any").await.expect_err("it has ended");
    assert_eq!(error.kind(), ErrorKind::Stopped);
}

#[tokio::test]
async fn a_realm_that_is_nowhere_ends_the_program_and_one_that_is_somewhere_does_not() {
    let station = Station::start(open).await;
    let there = url(station.address);
    let error = within(impatient(App::new(&there)).realm("realm2").wait_for_router().start()).await;
    assert!(error.expect_err("there is no such realm").is_final());
    let both = impatient(App::new(&there).or(&there)).realm("realm2").wait_for_router();
    assert!(within(both.start()).await.expect_err("there is no such realm").is_final());
    // Of the other router nothing is known: it may have the realm.
    let mut events = {
        let app = impatient(App::new(&there).or(url(nowhere().await))).realm("realm2").wait_for_router();
        let events = app.lifecycle();
        tokio::spawn(async move { app.most_tries(6).start().await.map(drop) });
        events
    };
    let rounds = async {
        let mut rounds = 0;
        while let Some(event) = within(events.next()).await {
            rounds += u32::from(matches!(event, Lifecycle::Retrying { .. }));
        }
        rounds
    };
    assert_eq!(rounds.await, 2);
}

#[tokio::test]
async fn a_slow_reader_is_told_that_it_missed_something() {
    let station = Station::start(open).await;
    let proxy = Proxy::to(station.address).await;
    let (_running, client) = start(app(proxy.address)).await;
    let (mut slow, mut quick) = (client.lifecycle(), client.lifecycle());
    let (tell, mut told) = mpsc::unbounded_channel();
    for _ in 0..40 {
        proxy.cut();
        until(&mut quick, |event| {
            tell.send(()).expect("the test listens");
            matches!(event, Lifecycle::Joined(_)).then_some(())
        })
        .await;
    }
    let mut total = 0;
    while told.try_recv().is_ok() {
        total += 1;
    }
    let Some(Lifecycle::Missed(missed)) = within(slow.next()).await else { panic!("it was told nothing") };
    assert_eq!(missed, total - 64, "64 of {total} are kept");
}
