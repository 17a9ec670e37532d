//! Full load over real sockets, with everything going on at once: every sequence number is looked at.
//!
//! Publishers send as fast as they can. Nobody who reads what it gets may miss an event, get one twice or out of order,
//! whatever happens to others meanwhile: subscribers that do not read, that hang up or are killed, calls under way, and
//! sessions that run into their limits.

#![allow(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod events;
mod limits;
mod peer;
mod slow;
mod world;

use std::collections::BTreeSet;

use serde_json::json;
use tokio::task::JoinSet;
use wamp_proto::Serializer;

use common::soon;
use events::{EVENTS, PUBLISHERS, Seen, TOPIC, WIDE};
use slow::Slow;
use world::{OUTBOX, World};

/// Slow subscribers of each kind: one a serializer.
const SLOW: usize = Serializer::ALL.len();

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_policies_and_limits_hold_at_full_load() {
    let world = World::start().await;
    let mut others = JoinSet::new();

    // Those who read: over WebSocket, RawSocket and TLS, in all serializers, to the topic and to a pattern.
    let mut readers = JoinSet::new();
    for serializer in Serializer::ALL {
        for mut peer in [
            world.web("/ws", serializer).await,
            world.raw(serializer).await,
            world.secure_web(serializer).await,
            world.secure_raw(serializer).await,
        ] {
            peer.ask(json!([32, 1, {}, TOPIC])).await;
            readers.spawn(events::read(peer));
        }
    }
    let mut by_pattern = world.raw(Serializer::Cbor).await;
    by_pattern.ask(json!([32, 1, {"match": "prefix"}, "com.wide."])).await;
    let mut by_topic = world.web("/ws", Serializer::Json).await;
    by_topic.ask(json!([32, 1, {}, WIDE])).await;
    for peer in [by_pattern, by_topic] {
        readers.spawn(events::read(peer));
    }

    // Those who do not read until everything is published.
    let mut slow = Vec::new();
    for path in ["/newest", "/oldest", "/disconnect"] {
        for serializer in Serializer::ALL {
            slow.push(Slow::subscribe(&world, path, serializer).await);
        }
    }
    let mut leaving: BTreeSet<u64> = slow.iter().filter(|slow| slow.path == "/disconnect").map(Slow::session).collect();

    // Those who go in the midst of it.
    for serializer in Serializer::ALL {
        let mut hangs_up = world.web("/ws", serializer).await;
        hangs_up.ask(json!([32, 1, {}, TOPIC])).await;
        leaving.insert(hangs_up.session());
        others.spawn(events::hang_up(hangs_up));
        let mut killed = world.raw(serializer).await;
        killed.ask(json!([32, 1, {}, TOPIC])).await;
        leaving.insert(killed.session());
        let killer = world.web("/ws", serializer).await;
        others.spawn(events::be_killed(killed, killer));
    }
    let mut watcher = world.raw(Serializer::Json).await;
    watcher.ask(json!([32, 1, {}, "wamp.session.on_leave"])).await;
    let watcher = tokio::spawn(events::watch(watcher, leaving));

    // All of this at once.
    let mut publishers = JoinSet::new();
    for number in 0..2 * PUBLISHERS {
        let peer = match number % 2 {
            0 => world.web("/ws", Serializer::ALL[number % 3]).await,
            _ => world.raw(Serializer::ALL[number % 3]).await,
        };
        let topic = if number < PUBLISHERS { TOPIC } else { WIDE };
        publishers.spawn(events::publish(peer, number % PUBLISHERS, topic));
    }
    calls::begin(&world, &mut others).await;
    limits::begin(&world, &mut others).await;
    while let Some(done) = publishers.join_next().await {
        done.unwrap();
    }
    let mut last = world.web("/ws", Serializer::Json).await;
    last.ask(json!([16, 1, {"acknowledge": true}, TOPIC, ["end"]])).await;
    last.ask(json!([16, 2, {"acknowledge": true}, WIDE, ["end"]])).await;
    let mut read = Vec::new();
    while let Some(reader) = readers.join_next().await {
        read.push(reader.unwrap());
    }
    while let Some(done) = others.join_next().await {
        done.unwrap();
    }
    soon(watcher).await.unwrap();

    // Those who read have read it all, so what waits now waits for those who do not.
    let metrics = world.metrics().await;
    let waiting = metrics.sum("wamp_outbox_bytes{realm=\"realm1\"}");
    let (most, all) = (OUTBOX.bytes + OUTBOX.reserve, 2 * SLOW);
    assert!(waiting > 0 && waiting <= (all * most) as u64, "{waiting} bytes wait, {all} times {most} may");
    let longest = metrics.sum("wamp_outbox_longest_bytes{realm=\"realm1\"}");
    assert!(longest <= most as u64, "{longest} bytes wait for one client");
    assert_eq!(metrics.sum("wamp_slow_consumers_disconnected_total"), SLOW as u64);
    assert!(metrics.sum("wamp_rate_limited_total") > 0);
    assert!(world.grown() < world::MOST_MEMORY, "{} bytes of memory", world.grown());

    // They read now.
    let mut missed = 0;
    let mut after = JoinSet::new();
    for slow in slow {
        let (peer, seen) = slow.catch_up().await;
        if let Some(peer) = peer {
            missed += (PUBLISHERS * EVENTS + 1) as u64 - seen;
            after.spawn(events::read_again(peer));
        }
    }
    let metrics = world.metrics().await;
    let dropped = |reason: &str| metrics.sum(&format!("wamp_events_dropped_total{{reason=\"{reason}\"}}"));
    let (newest, oldest) = (dropped("slow_consumer_newest"), dropped("slow_consumer_oldest"));
    assert!(newest > 0 && oldest > 0, "{newest} and {oldest}");
    assert_eq!(newest + oldest, missed, "what did not arrive is what was dropped");

    // Whoever has caught up misses nothing more.
    for peer in read {
        after.spawn(events::read_again(peer));
    }
    last.ask(json!([16, 3, {"acknowledge": true}, TOPIC, ["again"]])).await;
    last.ask(json!([16, 4, {"acknowledge": true}, WIDE, ["again"]])).await;
    while let Some(done) = after.join_next().await {
        done.unwrap();
    }
    drop(last);
    world.shut_down().await;
}

impl Seen {
    /// Nothing has come yet.
    fn new() -> Self {
        Self([0; PUBLISHERS])
    }
}
