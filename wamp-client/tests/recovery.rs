//! Subscriptions with history: what was missed without a session comes when there is one again. Real routers, real
//! sockets, and a proxy between them. Specification: "Event History" (advanced profile).

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use support::proxy::{Proxy, Weather};
use support::{Station, app, start, until, within};
use tokio::sync::{Semaphore, mpsc};
use wamp_client::{
    Client, Details, Lifecycle, LifecycleEvents, MatchPolicy, Recovered, Running, Serializer, Subscribe, TopicHandler,
    handlers, subscribe,
};
use wamp_proto::Pattern;
use wamp_router::history::{History, HistoryRule};
use wamp_router::realm::RealmOptions;

/// What a handler saw: the number that was published, its topic, and whether it was recovered.
type Seen = (u64, String, bool);

fn rule() -> HistoryRule {
    HistoryRule::new(Pattern::parse(MatchPolicy::Prefix, "com.log.").expect("it is a pattern"))
}

/// A realm that keeps its events as long as the test runs.
fn keeping(rule: HistoryRule) -> impl Fn() -> RealmOptions {
    let history = History::in_memory([rule]);
    move || RealmOptions { history: Some(history.clone()), ..RealmOptions::default() }
}

/// A subscriber behind a proxy, a publisher that is not, and what the subscriber sees.
struct Scene {
    proxy: Proxy,
    publisher: Client,
    subscriber: Client,
    seen: mpsc::UnboundedReceiver<Seen>,
    lifecycle: LifecycleEvents,
    _running: [Running; 2],
}

async fn scene(router: SocketAddr, serializer: Serializer, shape: impl FnOnce(Subscribe) -> Subscribe) -> Scene {
    let proxy = Proxy::to(router).await;
    let (sender, seen) = mpsc::unbounded_channel();
    let (subscribing, subscriber) = start(app(proxy.address).serializer(serializer)).await;
    let lifecycle = subscriber.lifecycle();
    let on_event = move |number: u64, details: Details| {
        sender.send((number, details.uri.to_string(), details.recovered)).expect("the test listens");
        async {}
    };
    within(shape(subscriber.subscribe("com.log.a", on_event).history())).await.expect("it is subscribed");
    let (publishing, publisher) = start(app(router)).await;
    Scene { proxy, publisher, subscriber, seen, lifecycle, _running: [subscribing, publishing] }
}

impl Scene {
    async fn publish(&self, topic: &str, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            within(self.publisher.publish(topic).arg(number).acknowledge()).await.expect("it is published");
        }
    }

    async fn sees(&mut self, numbers: impl IntoIterator<Item = u64>, recovered: bool) {
        for number in numbers {
            let (seen, _, was_recovered) = within(self.seen.recv()).await.expect("it comes");
            assert_eq!((seen, was_recovered), (number, recovered));
        }
    }

    /// Cuts the link, does something meanwhile, and gives what became of it.
    async fn away(&mut self, meanwhile: impl AsyncFnOnce(&Self)) -> (u64, Recovered) {
        self.proxy.set(Weather::Dark);
        self.proxy.cut();
        until(&mut self.lifecycle, |event| matches!(event, Lifecycle::Lost(_)).then_some(())).await;
        meanwhile(self).await;
        self.proxy.set(Weather::Clear);
        self.recovered().await
    }

    async fn recovered(&mut self) -> (u64, Recovered) {
        until(&mut self.lifecycle, |event| match event {
            Lifecycle::Recovered { events, recovered, .. } => Some((*events, *recovered)),
            _ => None,
        })
        .await
    }
}

#[tokio::test]
async fn what_was_missed_comes_in_order_before_what_is_new() {
    let station = Station::start(keeping(rule())).await;
    for serializer in Serializer::ALL {
        let mut scene = scene(station.address, serializer, |subscribe| subscribe).await;
        scene.publish("com.log.a", 0..3).await;
        scene.sees(0..3, false).await;
        for round in 1..=3 {
            let first = round * 10;
            // More than one page.
            let outcome = scene.away(async |scene| scene.publish("com.log.a", first..first + 250).await).await;
            assert_eq!(outcome, (250, Recovered::Complete));
            scene.publish("com.log.a", [7]).await;
            scene.sees(first..first + 250, true).await;
            scene.sees([7], false).await;
        }
        assert_eq!(scene.away(async |_| {}).await, (0, Recovered::Complete));
        assert!(scene.seen.try_recv().is_err(), "nothing comes twice");
    }
}

#[tokio::test]
async fn patterns_recover_all_their_topics() {
    let station = Station::start(keeping(rule())).await;
    for (policy, uri) in [(MatchPolicy::Prefix, "com.log."), (MatchPolicy::Wildcard, "com.log..x")] {
        let (sender, mut seen) = mpsc::unbounded_channel();
        let mut scene = scene(station.address, Serializer::Json, |subscribe| subscribe).await;
        let on_event = move |number: u64, details: Details| {
            sender.send((number, details.uri.to_string())).expect("the test listens");
            async {}
        };
        let subscribing = scene.subscriber.subscribe(uri, on_event).matching(policy).history();
        within(subscribing).await.expect("it is subscribed");
        scene.publish("com.log.b.x", [1]).await;
        assert_eq!(within(seen.recv()).await, Some((1, "com.log.b.x".to_owned())));
        let missed = async |scene: &Scene| {
            scene.publish("com.log.c.x", [2]).await;
            scene.publish("com.log.b.x", [3]).await;
        };
        // The scene's own subscription recovers too.
        scene.away(missed).await;
        for expected in [(2, "com.log.c.x".to_owned()), (3, "com.log.b.x".to_owned())] {
            assert_eq!(within(seen.recv()).await, Some(expected));
        }
    }
}

#[tokio::test]
async fn a_slow_handler_loses_nothing_of_what_is_recovered() {
    let station = Station::start(keeping(rule())).await;
    let proxy = Proxy::to(station.address).await;
    let (sender, mut seen) = mpsc::unbounded_channel();
    let turns = Arc::new(Semaphore::new(1));
    let taking = turns.clone();
    let on_event = move |number: u64| {
        let (sender, taking) = (sender.clone(), taking.clone());
        async move {
            taking.acquire().await.expect("it stays open").forget();
            sender.send(number).expect("the test listens");
        }
    };
    let (_subscribing, subscriber) = start(app(proxy.address)).await;
    let mut lifecycle = subscriber.lifecycle();
    within(subscriber.subscribe("com.log.a", on_event).history().queue(3)).await.expect("it is subscribed");
    let (_publishing, publisher) = start(app(station.address)).await;
    let publish = async |numbers: std::ops::Range<u64>| {
        for number in numbers {
            within(publisher.publish("com.log.a").arg(number).acknowledge()).await.expect("it is published");
        }
    };
    publish(0..1).await;
    assert_eq!(within(seen.recv()).await, Some(0));
    proxy.cut();
    until(&mut lifecycle, |event| matches!(event, Lifecycle::Lost(_)).then_some(())).await;
    publish(1..50).await;
    within(subscriber.joined()).await.expect("it joins again");
    // While it is recovering, more come live.
    publish(50..100).await;
    turns.add_permits(1000);
    for number in 1..100 {
        assert_eq!(within(seen.recv()).await, Some(number));
    }
    let recovered = until(&mut lifecycle, |event| match event {
        Lifecycle::Recovered { recovered, .. } => Some(*recovered),
        _ => None,
    });
    assert_eq!(recovered.await, Recovered::Complete);
}

#[tokio::test]
async fn a_history_that_is_too_short_is_a_gap_and_gives_what_it_has() {
    let station = Station::start(keeping(HistoryRule { events: 5, ..rule() })).await;
    let (told, mut gaps) = mpsc::unbounded_channel();
    let on_recovered = move |recovered| told.send(recovered).expect("the test listens");
    let mut scene = scene(station.address, Serializer::Json, |subscribe| subscribe.on_recovered(on_recovered)).await;
    scene.publish("com.log.a", 0..3).await;
    scene.sees(0..3, false).await;
    let outcome = scene.away(async |scene| scene.publish("com.log.a", 3..23).await).await;
    assert_eq!(outcome, (5, Recovered::Gap));
    scene.sees(18..23, true).await;
    let outcome = scene.away(async |scene| scene.publish("com.log.a", 23..26).await).await;
    assert_eq!(outcome, (3, Recovered::Complete), "from here on it is whole again");
    scene.sees(23..26, true).await;
    assert_eq!(
        [within(gaps.recv()).await, within(gaps.recv()).await],
        [Some(Recovered::Gap), Some(Recovered::Complete)]
    );
}

#[tokio::test]
async fn a_router_without_history_and_one_that_forgot_are_gaps() {
    let station = Station::start(RealmOptions::default).await;
    let mut without = scene(station.address, Serializer::Json, |subscribe| subscribe).await;
    without.publish("com.log.a", [1]).await;
    without.sees([1], false).await;
    let outcome = without.away(async |scene| scene.publish("com.log.a", [2]).await).await;
    assert_eq!(outcome, (0, Recovered::Gap));
    without.publish("com.log.a", [3]).await;
    without.sees([3], false).await;

    // Anew at every start.
    let forgets = || RealmOptions { history: Some(History::in_memory([rule()])), ..RealmOptions::default() };
    let mut station = Station::start(forgets).await;
    let mut scene = scene(station.address, Serializer::Json, |subscribe| subscribe).await;
    scene.publish("com.log.a", [1]).await;
    scene.sees([1], false).await;
    station.restart().await;
    assert_eq!(scene.recovered().await, (0, Recovered::Gap));
}

#[tokio::test]
async fn who_saw_nothing_misses_nothing_either() {
    let station = Station::start(keeping(rule())).await;
    let (_publishing, publisher) = start(app(station.address)).await;
    within(publisher.publish("com.log.a").arg(0).acknowledge()).await.expect("it is published");
    let mut scene = scene(station.address, Serializer::Json, |subscribe| subscribe).await;
    // What the client asked for its place was asked before this, on the same connection.
    let subscriptions = scene.subscriber.meta().subscriptions();
    within(subscriptions.lookup("com.log.a", MatchPolicy::Exact)).await.expect("it is told");
    let outcome = scene.away(async |scene| scene.publish("com.log.a", 1..4).await).await;
    assert_eq!(outcome, (3, Recovered::Complete));
    scene.sees(1..4, true).await;
}

#[tokio::test]
async fn events_on_disk_are_recovered_from_a_router_that_was_restarted() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("history.sqlite");
    let options = move || {
        let history = History::sqlite([rule()], &path).expect("it is a history");
        RealmOptions { history: Some(history), ..RealmOptions::default() }
    };
    let mut station = Station::start(options).await;
    let mut scene = scene(station.address, Serializer::Cbor, |subscribe| subscribe).await;
    scene.publish("com.log.a", [0]).await;
    scene.sees([0], false).await;
    for round in 1..=3 {
        scene.proxy.set(Weather::Dark);
        scene.proxy.cut();
        until(&mut scene.lifecycle, |event| matches!(event, Lifecycle::Lost(_)).then_some(())).await;
        scene.publish("com.log.a", [2 * round - 1]).await;
        station.restart().await;
        within(scene.publisher.joined()).await.expect("it joins again");
        scene.publish("com.log.a", [2 * round]).await;
        scene.proxy.set(Weather::Clear);
        assert_eq!(scene.recovered().await, (2, Recovered::Complete));
        scene.sees([2 * round - 1, 2 * round], true).await;
    }
}

#[subscribe("com.log.annotated", history)]
async fn annotated(_number: u64) {}

#[tokio::test]
async fn an_attribute_asks_for_it_too() {
    let station = Station::start(keeping(rule())).await;
    let proxy = Proxy::to(station.address).await;
    let built = TopicHandler::new("com.log.built", |_: u64| async {}).history(true);
    let app = app(proxy.address).heartbeat(Duration::from_secs(5)).mount(handlers![annotated]).mount([built]);
    let mut lifecycle = app.lifecycle();
    let (_running, _) = start(app).await;
    proxy.cut();
    let mut topics = Vec::new();
    for _ in 0..2 {
        topics.push(
            until(&mut lifecycle, |event| match event {
                Lifecycle::Recovered { topic, .. } => Some(topic.to_string()),
                _ => None,
            })
            .await,
        );
    }
    topics.sort();
    assert_eq!(topics, ["com.log.annotated", "com.log.built"]);
}
