//! Limits of a session, exceeded. Those of what it holds are where that is tested.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::Poll;

use super::world::{Client, World};
use crate::connection::Flow;
use crate::realm::{AllowAll, BeyondRate, Limits, MessageRate, RealmOptions};

pub(super) fn world(limits: Limits) -> World {
    World::with(RealmOptions { limits, authorizer: Arc::new(AllowAll), ..RealmOptions::default() })
}

/// Three messages at once, and then ten a second.
pub(super) fn rate(beyond: BeyondRate) -> Limits {
    let number = |number| NonZeroU32::new(number).unwrap();
    let message_rate = MessageRate { per_second: number(10), burst: number(3), beyond };
    Limits { message_rate: Some(message_rate), ..Limits::default() }
}

/// A harmless message.
const CANCEL: &str = "[49,1,{}]";

#[tokio::test]
async fn who_sends_too_fast_has_to_wait() {
    let world = world(rate(BeyondRate::Pause));
    let mut alice = world.join("alice");
    let until_paused =
        |client: &mut Client| (1..=10).find(|_| client.send(CANCEL) == Flow::Pause).expect("it is paused at some time");
    assert_eq!(until_paused(&mut alice), 4, "a burst of three, and the one that is too much");
    assert_eq!(alice.poll(), Poll::Pending);
    world.pass(99);
    assert_eq!(alice.poll(), Poll::Pending);
    world.pass(1);
    assert_eq!(alice.poll(), Poll::Ready(Flow::Continue));
    assert_eq!(alice.poll(), Poll::Ready(Flow::Continue), "it waits for nothing more");
    assert_eq!(until_paused(&mut alice), 1, "a second later it may send ten more, not now");
    world.pass(100);
    assert_eq!(alice.poll(), Poll::Ready(Flow::Continue));
    world.pass(10_000);
    assert_eq!(until_paused(&mut alice), 4, "what was not used does not add up");
    alice.expect(&[]);
}

#[tokio::test]
async fn who_waits_can_be_killed() {
    let world = world(rate(BeyondRate::Pause));
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    while alice.send(CANCEL) == Flow::Continue {}
    assert_eq!(alice.poll(), Poll::Pending);
    bob.send(&format!(r#"[48,1,{{}},"wamp.session.kill",[{}]]"#, alice.id));
    assert!(matches!(alice.poll(), Poll::Ready(Flow::Close(..))));
    alice.expect(&[r#"[6,{},"wamp.close.killed"]"#, "close 1000"]);
}

#[tokio::test]
async fn who_sends_too_fast_is_disconnected_where_the_realm_wants_it() {
    let world = world(rate(BeyondRate::Disconnect));
    let mut alice = world.join("alice");
    for _ in 0..3 {
        assert_eq!(alice.send(CANCEL), Flow::Continue);
    }
    assert!(matches!(alice.send(CANCEL), Flow::Close(..)));
    let message = "the session's limit of 10 messages a second is exceeded";
    let abort = format!(r#"[3,{{"message":"{message}"}},"router.error.limit_exceeded"]"#);
    alice.expect(&[&abort, "close 1008"]);
    assert_eq!(world.realm().session_count(), 0);
}

#[test]
fn uris_are_only_so_long() {
    let world = world(Limits { uri_bytes: 8, ..Limits::default() });
    let mut alice = world.join("alice");
    let limit = "router.error.limit_exceeded";
    let requests = [
        (16, r#"{"acknowledge":true},"#),
        (32, "{},"),
        (32, r#"{"match":"prefix"},"#),
        (48, "{},"),
        (64, r#"{"match":"wildcard"},"#),
    ];
    let mut request = 0;
    for (kind, options) in requests {
        request += 1;
        alice.send(&format!(r#"[{kind},{request},{options}"com.long9"]"#));
        alice.expect_error(kind, request, limit);
        request += 1;
        alice.send(&format!(r#"[{kind},{request},{options}"com.long"]"#));
        let answers = alice.received().concat();
        assert!(!answers.contains(limit), "{kind}: {answers}");
    }
}
