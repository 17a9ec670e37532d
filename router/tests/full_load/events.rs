//! Publishers, and subscribers that read what they get.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::peer::Peer;

pub(crate) const TOPIC: &str = "com.load.topic";
/// One that has two subscriptions, whose events the router does not gather.
pub(crate) const WIDE: &str = "com.wide.topic";
pub(crate) const PUBLISHERS: usize = 4;
/// What each of them publishes.
pub(crate) const EVENTS: usize = 2_000;

/// Events a subscriber gets before it hangs up, or is killed.
const ENOUGH: u64 = 300;

/// The next number of each publisher.
#[derive(Debug)]
pub(crate) struct Seen(pub(crate) [u64; PUBLISHERS]);

impl Seen {
    /// What an event says, if it is one of the publishers'.
    fn parse(event: &Value) -> Option<(usize, u64)> {
        assert_eq!(event[0], 36, "{event}");
        Some((event[4][0].as_u64()? as usize, event[4][1].as_u64().unwrap()))
    }

    /// Takes an event that has to be the publisher's next; answers whether it was a publisher's at all.
    pub(crate) fn next(&mut self, event: &Value) -> bool {
        let Some((publisher, number)) = Self::parse(event) else { return false };
        assert_eq!(number, self.0[publisher], "of publisher {publisher}");
        self.0[publisher] += 1;
        true
    }

    /// Takes an event that has to be later than the ones before; answers whether it was a publisher's at all.
    pub(crate) fn later(&mut self, event: &Value) -> bool {
        let Some((publisher, number)) = Self::parse(event) else { return false };
        assert!(number >= self.0[publisher], "{number} of publisher {publisher}, after {}", self.0[publisher]);
        self.0[publisher] = number + 1;
        true
    }

    fn count(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Publishes everything, and waits until it is.
pub(crate) async fn publish(mut peer: Peer, publisher: usize, topic: &str) {
    let text = "x".repeat(600);
    for number in 0..EVENTS {
        let last = number + 1 == EVENTS;
        peer.send(json!([16, number + 1, {"acknowledge": last}, topic, [publisher, number, text]])).await;
    }
    let published = peer.receive().await;
    assert_eq!((&published[0], &published[1]), (&json!(17), &json!(EVENTS)));
}

/// Reads everything there is, which has to be complete.
pub(crate) async fn read(mut peer: Peer) -> Peer {
    let mut seen = Seen::new();
    loop {
        let event = peer.receive().await;
        if !seen.next(&event) {
            assert_eq!(event[4], json!(["end"]));
            assert_eq!(seen.0, [EVENTS as u64; PUBLISHERS]);
            return peer;
        }
    }
}

/// Reads the one event that comes when all have caught up.
pub(crate) async fn read_again(mut peer: Peer) {
    assert_eq!(peer.receive().await[4], json!(["again"]));
}

/// Reads some and drops the connection.
pub(crate) async fn hang_up(mut peer: Peer) {
    let mut seen = Seen::new();
    while seen.count() < ENOUGH {
        assert!(seen.next(&peer.receive().await));
    }
}

/// Reads some, is killed, and reads what comes before that is told.
pub(crate) async fn be_killed(mut peer: Peer, mut killer: Peer) {
    let mut seen = Seen::new();
    while seen.count() < ENOUGH {
        assert!(seen.next(&peer.receive().await));
    }
    let reason = "com.load.killed";
    let killed = killer.ask(json!([48, 1, {}, "wamp.session.kill", [peer.session()], {"reason": reason}])).await;
    assert_eq!((&killed[0], &killed[1]), (&json!(50), &json!(1)), "{killed}");
    loop {
        let message = peer.receive().await;
        if message[0] == 6 {
            assert_eq!(message[2], reason);
            break;
        }
        if !seen.next(&message) {
            assert_eq!(message[4], json!(["end"]), "it was all published before");
        }
    }
    assert!(peer.is_over().await);
}

/// Waits until all these sessions have left.
pub(crate) async fn watch(mut peer: Peer, mut leaving: BTreeSet<u64>) {
    while !leaving.is_empty() {
        let left = peer.receive().await[4][0].as_u64().unwrap();
        leaving.remove(&left);
    }
}
