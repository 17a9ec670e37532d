//! Specification: "Publish and Subscribe", "Ordering Guarantees" (basic profile).

use wamp_proto::Serializer;

use super::world::{BASIC_ROLES, World};
use crate::connection::Flow;

#[test]
fn an_event_goes_to_the_subscribers() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    let mut carol = world.join("carol");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.expect(&["[33,1,1]"]);
    bob.send(r#"[32,1,{},"com.other"]"#);
    bob.expect(&["[33,1,2]"]);
    carol.send(r#"[16,1,{},"com.topic",["hello",1.5],{"a":null}]"#);
    alice.expect(&[r#"[36,1,#1,{},["hello",1.5],{"a":null}]"#]);
    bob.expect(&[]);
    carol.expect(&[]);
}

#[test]
fn sessions_with_the_same_topic_share_a_subscription_id() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    bob.send(r#"[32,1,{"match":"exact"},"com.topic"]"#);
    alice.expect(&["[33,1,1]"]);
    bob.expect(&["[33,1,1]"]);
}

#[test]
fn subscribing_again_answers_with_the_same_id() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send_burst(&[r#"[32,1,{},"com.topic"]"#, r#"[32,2,{},"com.topic"]"#]);
    alice.expect(&["[33,1,1]", "[33,2,1]"]);
    bob.send(r#"[16,1,{},"com.topic"]"#);
    alice.expect(&["[36,1,#1,{}]"]);
    // And one UNSUBSCRIBE ends it.
    alice.send(r#"[34,3,1]"#);
    alice.expect(&["[35,3]"]);
    bob.send(r#"[16,2,{},"com.topic"]"#);
    alice.expect(&[]);
}

#[test]
fn unsubscribed_is_unsubscribed() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send_burst(&[r#"[32,1,{},"com.topic"]"#, r#"[34,2,1]"#]);
    alice.expect(&["[33,1,1]", "[35,2]"]);
    bob.send(r#"[16,1,{},"com.topic"]"#);
    alice.expect(&[]);
    assert!(alice.send(r#"[34,3,1]"#) == Flow::Continue);
    alice.expect_error(34, 3, "wamp.error.no_such_subscription");
    // Nor can another's subscription be ended.
    bob.send(r#"[32,2,{},"com.topic"]"#);
    bob.expect(&["[33,2,2]"]);
    alice.send(r#"[34,4,2]"#);
    alice.expect_error(34, 4, "wamp.error.no_such_subscription");
}

#[test]
fn a_publication_without_acknowledge_is_answered_by_nothing() {
    let mut alice = World::new().join("alice");
    alice.send_burst(&[
        r#"[16,1,{},"com.topic"]"#,
        r#"[16,2,{"acknowledge":false},"com.topic"]"#,
        r#"[16,3,{},"not a uri"]"#,
        r#"[16,4,{},"wamp.session.on_join"]"#,
    ]);
    alice.expect(&[]);
}

#[test]
fn a_publication_with_acknowledge_is_answered() {
    let mut alice = World::new().join("alice");
    alice.send(r#"[16,1,{"acknowledge":true},"com.topic"]"#);
    alice.expect(&["[17,1,#1]"]);
    alice.send(r#"[16,2,{"acknowledge":true},"not a uri"]"#);
    alice.expect_error(16, 2, "wamp.error.invalid_uri");
}

#[test]
fn nobody_publishes_to_reserved_topics() {
    let mut alice = World::new().join("alice");
    for (request, topic) in [(1, "wamp"), (2, "wamp.session.on_join"), (3, "wamp.x")] {
        alice.send(&format!(r#"[16,{request},{{"acknowledge":true}},"{topic}"]"#));
        alice.expect_error(16, request, "wamp.error.invalid_uri");
    }
    alice.send(r#"[16,4,{"acknowledge":true},"wampum.x"]"#);
    alice.expect(&["[17,4,#1]"]);
}

#[test]
fn invalid_topics_are_refused() {
    let mut alice = World::new().join("alice");
    for (request, topic) in [(1, ""), (2, "com..topic"), (3, "com.topic."), (4, "com.#"), (5, "com. ")] {
        alice.send(&format!(r#"[32,{request},{{}},"{topic}"]"#));
        alice.expect_error(32, request, "wamp.error.invalid_uri");
    }
    alice.send(r#"[32,6,{"match":"regex"},"com.topic"]"#);
    alice.expect_error(32, 6, "wamp.error.option_not_allowed");
}

#[test]
fn options_that_are_null_or_unknown_are_ignored() {
    let mut alice = World::new().join("alice");
    alice.send(r#"[32,1,{"match":null,"get_retained":null,"_ours":[{}],"x_acknowledged":1},"com.topic"]"#);
    alice.expect(&["[33,1,1]"]);
    alice.send(r#"[16,2,{"exclude_me":false,"eligible":null,"x_y":2,"_mine":true},"com.topic"]"#);
    alice.expect(&["[36,1,#1,{}]"]);
}

/// "Subscriber A will first receive Event 1 and then Event 2": one publisher's events, one topic.
#[test]
fn events_of_one_publisher_keep_their_order() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    bob.send_burst(&[
        r#"[16,1,{},"com.topic",[1]]"#,
        r#"[16,2,{"acknowledge":true},"com.topic",[2]]"#,
        r#"[16,3,{},"com.topic",[3]]"#,
    ]);
    alice.expect(&["[36,1,#1,{},[1]]", "[36,1,#2,{},[2]]", "[36,1,#3,{},[3]]"]);
    bob.expect(&["[17,2,#2]"]);
}

/// The same over several topics, where gathered runs change.
#[test]
fn events_of_one_publisher_keep_their_order_across_topics() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send_burst(&[r#"[32,1,{},"com.a"]"#, r#"[32,2,{},"com.b"]"#, r#"[32,3,{"match":"prefix"},"com.c"]"#]);
    alice.received();
    bob.send_burst(&[
        r#"[16,1,{},"com.a",[1]]"#,
        r#"[16,2,{},"com.b",[2]]"#,
        r#"[16,3,{},"com.b",[3]]"#,
        r#"[16,4,{"exclude":[1]},"com.b",[4]]"#,
        r#"[16,5,{},"com.c.x",[5]]"#,
        r#"[16,6,{},"com.a",[6]]"#,
    ]);
    let last_arguments: Vec<String> =
        alice.received().iter().map(|event| event[event.len() - 3..event.len() - 1].to_owned()).collect();
    assert_eq!(last_arguments, ["1]", "2]", "3]", "4]", "5]", "6]"]);
}

/// Events a burst caused before a reply come before it.
#[test]
fn a_reply_does_not_overtake_events() {
    let mut alice = World::new().join("alice");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    alice.send_burst(&[
        r#"[16,2,{"exclude_me":false},"com.topic",[1]]"#,
        r#"[16,3,{"exclude_me":false},"com.topic",[2]]"#,
        r#"[48,4,{},"com.nothing"]"#,
        r#"[16,5,{"exclude_me":false},"com.topic",[3]]"#,
    ]);
    let kinds: Vec<String> = alice.received().iter().map(|message| message[..4].to_owned()).collect();
    assert_eq!(kinds, ["[36,", "[36,", "[8,4", "[36,"]);
}

#[test]
fn subscribed_comes_before_the_first_event() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send_burst(&[r#"[32,1,{},"com.topic"]"#, r#"[16,2,{"exclude_me":false},"com.topic"]"#]);
    alice.expect(&["[33,1,1]", "[36,1,#1,{}]"]);
}

#[test]
fn no_event_follows_unsubscribed() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    let now = world.now();
    let mut burst = crate::burst::Burst::new();
    let _ = bob.session.as_mut().unwrap().on_frame(br#"[16,1,{},"com.topic"]"#, &mut burst, now);
    alice.send(r#"[34,2,1]"#);
    burst.end();
    alice.outbox.flush();
    alice.expect(&["[35,2]"]);
}

#[test]
fn a_publisher_that_is_silent_keeps_nobody_and_finds_who_came_since() {
    let world = World::new();
    let (mut alice, mut bob) = (world.join("alice"), world.join("bob"));
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    bob.send_burst(&[r#"[16,1,{},"com.topic",[1]]"#, r#"[16,2,{},"com.topic",[2]]"#]);
    alice.expect(&["[36,1,#1,{},[1]]", "[36,1,#2,{},[2]]"]);
    let outbox = std::sync::Arc::downgrade(&alice.outbox);
    alice.vanish();
    drop(alice);
    assert!(outbox.upgrade().is_none(), "the publisher holds a receiver that has left");
    let mut carol = world.join("carol");
    carol.send(r#"[32,1,{},"com.topic"]"#);
    carol.expect(&["[33,1,2]"]);
    bob.send(r#"[16,3,{},"com.topic",[3]]"#);
    carol.expect(&["[36,2,#3,{},[3]]"]);
}

#[test]
fn events_with_details_and_without_keep_their_order() {
    let world = World::new();
    let (mut alice, mut bob) = (world.join("alice"), world.join("bob"));
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    bob.send_burst(&[
        r#"[16,1,{},"com.topic",[1]]"#,
        r#"[16,2,{},"com.topic"]"#,
        r#"[16,3,{"disclose_me":true},"com.topic",[3]]"#,
        r#"[16,4,{"acknowledge":true},"com.topic",[4]]"#,
        r#"[16,5,{"exclude_me":true},"com.topic",null,{"five":5}]"#,
        r#"[16,6,{"exclude_me":false},"com.topic",[6]]"#,
        r#"[16,7,{},"com.topic",[7]]"#,
    ]);
    let events = alice.received();
    assert_eq!(events.len(), 7, "{events:?}");
    assert_eq!(events[..2], ["[36,1,#1,{},[1]]", "[36,1,#2,{}]"]);
    assert!(events[2].starts_with(r#"[36,1,#3,{"publisher":bob,"#), "{events:?}");
    let rest = ["[36,1,#4,{},[4]]", r#"[36,1,#5,{},[],{"five":5}]"#, "[36,1,#6,{},[6]]", "[36,1,#7,{},[7]]"];
    assert_eq!(events[3..], rest);
}

#[test]
fn a_payload_reaches_every_serializer() {
    let world = World::new();
    let mut publishers: Vec<_> =
        Serializer::ALL.map(|serializer| world.join_as("publisher", serializer, BASIC_ROLES)).into();
    let mut subscribers: Vec<_> =
        Serializer::ALL.map(|serializer| world.join_as("subscriber", serializer, BASIC_ROLES)).into();
    for subscriber in &mut subscribers {
        subscriber.send(r#"[32,1,{},"com.topic"]"#);
        subscriber.expect(&["[33,1,1]"]);
    }
    let binary = r#""\u0000AAEC/w==""#;
    for (index, publisher) in publishers.iter_mut().enumerate() {
        let payload = format!(r#"[1,-7,9007199254740993,2.5,"ü",null,{binary}],{{"k":{{"n":[true]}}}}"#);
        publisher.send_burst(&[
            &format!(r#"[16,1,{{}},"com.topic",{payload}]"#),
            &format!(r#"[16,2,{{}},"com.topic",{payload}]"#),
        ]);
        for subscriber in &subscribers {
            let (first, second) = (2 * index + 1, 2 * index + 2);
            subscriber
                .expect(&[&format!("[36,1,#{first},{{}},{payload}]"), &format!("[36,1,#{second},{{}},{payload}]")]);
        }
    }
}

#[test]
fn a_session_may_hold_only_so_many_subscriptions() {
    let mut options = crate::realm::RealmOptions::default();
    options.limits.subscriptions = 2;
    let world = World::with(options);
    let mut alice = world.join("alice");
    alice.send_burst(&[r#"[32,1,{},"com.a"]"#, r#"[32,2,{},"com.b"]"#]);
    alice.received();
    alice.send(r#"[32,3,{},"com.c"]"#);
    alice.expect_error(32, 3, "router.error.limit_exceeded");
    // What it has it may ask for again, and what it gives back makes room.
    alice.send_burst(&[r#"[32,4,{},"com.a"]"#, r#"[34,5,2]"#, r#"[32,6,{},"com.c"]"#]);
    alice.expect(&["[33,4,1]", "[35,5]", "[33,6,3]"]);
}

/// What the router itself, or the HTTP bridge, publishes.
#[test]
fn the_router_can_publish() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    let mut burst = crate::burst::Burst::new();
    let payload = wamp_proto::Payload::new(Serializer::Json, Some(b"[1]"), Some(b"{\"a\":2}")).unwrap();
    world.realm().publish("com.topic", payload, &mut burst).unwrap();
    burst.end();
    alice.expect(&[r#"[36,1,#1,{},[1],{"a":2}]"#]);
    for topic in ["wamp.x", "no uri", ""] {
        let refused = world.realm().publish(topic, payload, &mut burst).unwrap_err();
        assert_eq!(refused.error, "wamp.error.invalid_uri");
    }
}
