//! Publications like the one before, which are not decoded as all messages are: nobody is to notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wamp_proto::Serializer;

use super::limits;
use super::world::{ALL_ROLES, World};
use crate::connection::Flow;
use crate::metrics::tally;
use crate::realm::{Action, Authorizer, BeyondRate, Decision, Member, RealmOptions};

/// So many publications are enough for all of them to be known by what they begin with.
const PUBLISHED: [&str; 3] =
    [r#"[16,1,{},"com.topic",["a"]]"#, r#"[16,2,{},"com.topic",["b"]]"#, r#"[16,3,{},"com.topic",["c"]]"#];

#[test]
fn events_come_in_order_whatever_is_between_them() {
    for serializer in Serializer::ALL {
        let world = World::new();
        let mut alice = world.join("alice");
        let mut bob = world.join_as("bob", serializer, ALL_ROLES);
        alice.send_burst(&[r#"[32,1,{},"com.topic"]"#, r#"[32,2,{},"com.other"]"#]);
        alice.expect(&["[33,1,1]", "[33,2,2]"]);
        bob.send_burst(&PUBLISHED);
        bob.send_burst(&[
            r#"[16,4,{},"com.topic",["d"]]"#,
            r#"[16,5,{},"com.topic",["e"]]"#,
            r#"[16,6,{},"com.topic",["f"],{"key":1}]"#,
            r#"[16,7,{},"com.topic"]"#,
            r#"[16,8,{},"com.other",["g"]]"#,
            r#"[16,9,{},"com.topic",["h"]]"#,
            r#"[16,10,{"acknowledge":true},"com.topic",["i"]]"#,
            r#"[16,11,{"exclude_me":false},"com.topic",["j"]]"#,
            r#"[16,12,{},"com.topic",["k"]]"#,
        ]);
        alice.expect(&[
            r#"[36,1,#1,{},["a"]]"#,
            r#"[36,1,#2,{},["b"]]"#,
            r#"[36,1,#3,{},["c"]]"#,
            r#"[36,1,#4,{},["d"]]"#,
            r#"[36,1,#5,{},["e"]]"#,
            r#"[36,1,#6,{},["f"],{"key":1}]"#,
            r#"[36,1,#7,{}]"#,
            r#"[36,2,#8,{},["g"]]"#,
            r#"[36,1,#9,{},["h"]]"#,
            r#"[36,1,#10,{},["i"]]"#,
            r#"[36,1,#11,{},["j"]]"#,
            r#"[36,1,#12,{},["k"]]"#,
        ]);
        bob.expect(&["[17,10,#10]"]);
    }
}

/// What is gathered is handed out when it is much, in the middle of a burst: those behind it begin anew.
#[test]
fn none_is_lost_where_there_is_too_much_to_gather() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.expect(&["[33,1,1]"]);
    let long = "d".repeat(200_000);
    let fourth = format!(r#"[16,4,{{}},"com.topic",["{long}"]]"#);
    let [first, second, third] = PUBLISHED;
    bob.send_burst(&[
        first,
        second,
        third,
        &fourth,
        r#"[16,5,{},"com.topic",["e"]]"#,
        r#"[16,6,{},"com.topic",["f"]]"#,
        r#"[16,7,{},"com.topic",["g"]]"#,
    ]);
    alice.expect(&[
        r#"[36,1,#1,{},["a"]]"#,
        r#"[36,1,#2,{},["b"]]"#,
        r#"[36,1,#3,{},["c"]]"#,
        &format!(r#"[36,1,#4,{{}},["{long}"]]"#),
        r#"[36,1,#5,{},["e"]]"#,
        r#"[36,1,#6,{},["f"]]"#,
        r#"[36,1,#7,{},["g"]]"#,
    ]);
}

#[test]
fn who_publishes_gets_no_event_unless_asked_for() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.expect(&["[33,1,1]"]);
    alice.send_burst(&[
        r#"[16,2,{},"com.topic"]"#,
        r#"[16,3,{},"com.topic"]"#,
        r#"[16,4,{},"com.topic"]"#,
        r#"[16,5,{"exclude_me":false},"com.topic"]"#,
        r#"[16,6,{},"com.topic"]"#,
    ]);
    alice.expect(&["[36,1,#1,{}]"]);
}

#[test]
fn each_is_checked_as_all_messages_are() {
    for broken in [
        r#"[16,5,{},"com.topic",["d"]]"#,
        r#"[16,4,{},"com.topic",["d"],1]"#,
        r#"[16,4,{},"com.topic",["d"],{},1]"#,
        r#"[16,4,{},"com.topic",["d]]"#,
        r#"[16,4,{},"com.topic",["d"]]]"#,
        r#"[16,4,{},"com.topic",{}]"#,
    ] {
        let world = World::new();
        let mut alice = world.join("alice");
        let mut bob = world.join("bob");
        alice.send(r#"[32,1,{},"com.topic"]"#);
        alice.expect(&["[33,1,1]"]);
        let frames: Vec<_> = PUBLISHED.iter().chain([&broken]).map(|frame| frame.as_bytes().to_vec()).collect();
        assert!(matches!(bob.send_frames(&frames), Flow::Close(..)), "{broken}");
        alice.expect(&[r#"[36,1,#1,{},["a"]]"#, r#"[36,1,#2,{},["b"]]"#, r#"[36,1,#3,{},["c"]]"#]);
    }
}

#[test]
fn who_subscribes_or_leaves_between_two_is_taken_account_of() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    let mut carol = world.join("carol");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.expect(&["[33,1,1]"]);
    carol.send_burst(&PUBLISHED);
    alice.expect(&[r#"[36,1,#1,{},["a"]]"#, r#"[36,1,#2,{},["b"]]"#, r#"[36,1,#3,{},["c"]]"#]);
    bob.send(r#"[32,1,{"match":"prefix"},"com."]"#);
    bob.expect(&["[33,1,2]"]);
    alice.send(r#"[34,2,1]"#);
    alice.expect(&["[35,2]"]);
    carol.send_burst(&[r#"[16,4,{},"com.topic"]"#, r#"[16,5,{},"com.topic"]"#]);
    alice.expect(&[]);
    bob.expect(&[r#"[36,2,#4,{"topic":"com.topic"}]"#, r#"[36,2,#5,{"topic":"com.topic"}]"#]);
}

#[test]
fn subscriptions_side_by_side_get_all_events_in_order() {
    for serializer in Serializer::ALL {
        let world = World::new();
        let mut alice = world.join("alice");
        let mut bob = world.join_as("bob", serializer, ALL_ROLES);
        let mut carol = world.join_as("carol", serializer, ALL_ROLES);
        alice.send(r#"[32,1,{},"com.to\"pic"]"#);
        alice.expect(&["[33,1,1]"]);
        bob.send(r#"[32,1,{"match":"prefix"},"com."]"#);
        bob.expect(&["[33,1,2]"]);
        carol.send_burst(&[r#"[32,1,{"match":"wildcard"},"com."]"#, r#"[32,2,{},"com.other"]"#]);
        carol.expect(&["[33,1,3]", "[33,2,4]"]);
        carol.send_burst(&[
            r#"[16,3,{},"com.to\"pic",["a"]]"#,
            r#"[16,4,{},"com.to\"pic",["b"]]"#,
            r#"[16,5,{},"com.to\"pic",["c"]]"#,
            r#"[16,6,{},"com.to\"pic",["d"]]"#,
            r#"[16,7,{"exclude_me":false},"com.to\"pic",["e"]]"#,
            r#"[16,8,{},"com.other",["f"]]"#,
            r#"[16,9,{},"com.other",["g"]]"#,
            r#"[16,10,{},"com.to\"pic"]"#,
        ]);
        bob.expect(&[
            r#"[36,2,#1,{"topic":"com.to\"pic"},["a"]]"#,
            r#"[36,2,#2,{"topic":"com.to\"pic"},["b"]]"#,
            r#"[36,2,#3,{"topic":"com.to\"pic"},["c"]]"#,
            r#"[36,2,#4,{"topic":"com.to\"pic"},["d"]]"#,
            r#"[36,2,#5,{"topic":"com.to\"pic"},["e"]]"#,
            r#"[36,2,#6,{"topic":"com.other"},["f"]]"#,
            r#"[36,2,#7,{"topic":"com.other"},["g"]]"#,
            r#"[36,2,#8,{"topic":"com.to\"pic"}]"#,
        ]);
        alice.expect(&[
            r#"[36,1,#1,{},["a"]]"#,
            r#"[36,1,#2,{},["b"]]"#,
            r#"[36,1,#3,{},["c"]]"#,
            r#"[36,1,#4,{},["d"]]"#,
            r#"[36,1,#5,{},["e"]]"#,
            r#"[36,1,#8,{}]"#,
        ]);
        carol.expect(&[r#"[36,3,#5,{"topic":"com.to\"pic"},["e"]]"#]);
    }
}

#[test]
fn acknowledgments_come_after_what_their_publisher_was_sent_before() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.expect(&["[33,1,1]"]);
    bob.send(r#"[32,1,{},"com.topic"]"#);
    bob.expect(&["[33,1,1]"]);
    bob.send_burst(&[
        r#"[16,2,{"acknowledge":true},"com.topic",["a"]]"#,
        r#"[16,3,{"acknowledge":true},"com.topic",["b"]]"#,
        r#"[16,4,{"acknowledge":true,"exclude_me":false},"com.topic",["c"]]"#,
        r#"[16,5,{"acknowledge":true,"exclude_me":false},"com.topic",["d"]]"#,
        r#"[16,6,{"acknowledge":true},"com.topic",["e"]]"#,
    ]);
    alice.expect(&[
        r#"[36,1,#1,{},["a"]]"#,
        r#"[36,1,#2,{},["b"]]"#,
        r#"[36,1,#3,{},["c"]]"#,
        r#"[36,1,#4,{},["d"]]"#,
        r#"[36,1,#5,{},["e"]]"#,
    ]);
    bob.expect(&[
        "[17,2,#1]",
        "[17,3,#2]",
        r#"[36,1,#3,{},["c"]]"#,
        "[17,4,#3]",
        r#"[36,1,#4,{},["d"]]"#,
        "[17,5,#4]",
        "[17,6,#5]",
    ]);
}

#[test]
fn who_has_two_subscriptions_gets_a_publication_by_both_before_the_next() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send_burst(&[r#"[32,1,{},"com.topic"]"#, r#"[32,2,{"match":"prefix"},"com."]"#]);
    alice.expect(&["[33,1,1]", "[33,2,2]"]);
    bob.send_burst(&PUBLISHED);
    alice.expect(&[
        r#"[36,1,#1,{},["a"]]"#,
        r#"[36,2,#1,{"topic":"com.topic"},["a"]]"#,
        r#"[36,1,#2,{},["b"]]"#,
        r#"[36,2,#2,{"topic":"com.topic"},["b"]]"#,
        r#"[36,1,#3,{},["c"]]"#,
        r#"[36,2,#3,{"topic":"com.topic"},["c"]]"#,
    ]);
}

/// Allows all, until it changes its mind.
#[derive(Debug)]
struct Moody(Arc<AtomicBool>);

impl Authorizer for Moody {
    fn authorize(&self, _: &Member, action: Action, _: &str) -> Decision {
        if action == Action::Publish && self.0.load(Ordering::Relaxed) { Decision::Deny } else { Decision::PLAIN }
    }
}

#[test]
fn the_authorizer_is_asked_again_by_what_is_read_later() {
    let denies = Arc::new(AtomicBool::new(false));
    let authorizer = Arc::new(Moody(denies.clone()));
    let world = World::with(RealmOptions { authorizer, ..RealmOptions::default() });
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.expect(&["[33,1,1]"]);
    bob.send_burst(&PUBLISHED);
    alice.expect(&[r#"[36,1,#1,{},["a"]]"#, r#"[36,1,#2,{},["b"]]"#, r#"[36,1,#3,{},["c"]]"#]);
    denies.store(true, Ordering::Relaxed);
    bob.send_burst(&[r#"[16,4,{},"com.topic"]"#, r#"[16,5,{},"com.topic"]"#]);
    alice.expect(&[]);
}

#[tokio::test]
async fn each_counts_for_the_rate_its_session_has_to_keep() {
    let world = limits::world(limits::rate(BeyondRate::Pause));
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.expect(&["[33,1,1]"]);
    let [first, second, third] = PUBLISHED;
    assert_eq!(bob.send_burst(&[first, second, third, r#"[16,4,{},"com.topic"]"#]), Flow::Pause);
}

#[test]
fn each_is_counted() {
    const PUBLISH: usize = 16;
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    let before = tally::totals();
    bob.send_burst(&PUBLISHED);
    let after = tally::totals();
    // Other tests count, too.
    assert!(after.received[PUBLISH] - before.received[PUBLISH] >= 3);
    let bytes: usize = PUBLISHED.iter().map(|frame| frame.len()).sum();
    assert!(after.received_bytes - before.received_bytes >= bytes as u64);
}

/// What else is done between two publications may end what the first one was allowed by.
#[test]
fn another_topic_of_the_same_subscription_is_decided_about_by_itself() {
    let world = World::with(RealmOptions { authorizer: Arc::new(Denies("com.denied")), ..RealmOptions::default() });
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{"match":"prefix"},"com."]"#);
    alice.expect(&["[33,1,1]"]);
    bob.send_burst(&[
        r#"[16,1,{},"com.topic",["a"]]"#,
        r#"[16,2,{},"com.topic",["b"]]"#,
        r#"[16,3,{},"com.topic",["c"]]"#,
        r#"[16,4,{},"com.denied",["d"]]"#,
        r#"[16,5,{},"com.denied",["e"]]"#,
        r#"[16,6,{},"com.denied",["f"]]"#,
        r#"[16,7,{},"com.topic",["g"]]"#,
    ]);
    alice.expect(&[
        r#"[36,1,#1,{"topic":"com.topic"},["a"]]"#,
        r#"[36,1,#2,{"topic":"com.topic"},["b"]]"#,
        r#"[36,1,#3,{"topic":"com.topic"},["c"]]"#,
        r#"[36,1,#4,{"topic":"com.topic"},["g"]]"#,
    ]);
}

/// Allows all but to publish to one topic.
#[derive(Debug)]
struct Denies(&'static str);

impl Authorizer for Denies {
    fn authorize(&self, _: &Member, action: Action, uri: &str) -> Decision {
        if action == Action::Publish && uri == self.0 { Decision::Deny } else { Decision::PLAIN }
    }
}
