//! Specification: "Subscriptions Meta API", "Subscription Revocation" (advanced profile).

use super::world::{BASIC_ROLES, Client, World};
use wamp_proto::Serializer;

/// What clients announce who understand that a subscription is taken back.
const REVOCABLE: &str = r#"{"subscriber":{"features":{"subscription_revocation":true}}}"#;

/// A client that hears of all changes. Its own subscriptions have the ids 1 to 4.
fn listener(world: &World) -> Client {
    let mut listener = world.join("listener");
    listener.send_burst(&[
        r#"[32,1,{},"wamp.subscription.on_create"]"#,
        r#"[32,2,{},"wamp.subscription.on_subscribe"]"#,
        r#"[32,3,{},"wamp.subscription.on_unsubscribe"]"#,
        r#"[32,4,{},"wamp.subscription.on_delete"]"#,
    ]);
    listener.received();
    listener
}

/// A meta event without its publication id, which says nothing.
fn events(client: &Client) -> Vec<String> {
    let strip = |event: String| match event.split_once(",#") {
        Some((start, rest)) => format!("{start},{}", rest.split_once(',').unwrap().1),
        None => event,
    };
    client.received().into_iter().map(strip).collect()
}

#[test]
fn the_feature_is_announced() {
    let mut client = World::new().connect();
    client.send(&format!(r#"[1,"realm1",{{"roles":{BASIC_ROLES}}}]"#));
    let welcome = client.received().remove(0);
    let (_, broker) = welcome.split_once(r#""broker":"#).unwrap();
    assert!(broker.contains(r#""subscription_meta_api":true"#), "{welcome}");
    assert!(broker.contains(r#""subscription_revocation":true"#), "{welcome}");
}

/// "A `wamp.subscription.on_subscribe` event MUST always be fired subsequent to a
/// `wamp.subscription.on_create` event", and `on_delete` "MUST always be preceded by"
/// `on_unsubscribe`.
#[test]
fn a_subscription_is_created_subscribed_unsubscribed_and_deleted() {
    let world = World::new();
    let listener = listener(&world);
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{"match":"prefix"},"com.topic"]"#);
    assert_eq!(
        events(&listener),
        [
            r#"[36,1,{},[alice,{"id":5,"created":"2026-01-01T00:00:00.000Z","uri":"com.topic","match":"prefix"}]]"#,
            "[36,2,{},[alice,5]]"
        ]
    );
    bob.send(r#"[32,1,{"match":"prefix"},"com.topic"]"#);
    assert_eq!(events(&listener), ["[36,2,{},[bob,5]]"]);
    alice.send("[34,2,5]");
    assert_eq!(events(&listener), ["[36,3,{},[alice,5]]"]);
    bob.send("[34,2,5]");
    assert_eq!(events(&listener), ["[36,3,{},[bob,5]]", "[36,4,{},[bob,5]]"]);
}

#[test]
fn subscribing_again_changes_nothing() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    let listener = listener(&world);
    alice.send(r#"[32,2,{},"com.topic"]"#);
    alice.send("[34,3,77]");
    assert_eq!(events(&listener), [""; 0]);
}

/// The confirmation comes first, then what all are told.
#[test]
fn a_session_hears_of_its_own_subscriptions() {
    let mut alice = World::new().join("alice");
    alice.send_burst(&[
        r#"[32,1,{},"wamp.subscription.on_subscribe"]"#,
        r#"[32,2,{},"com.topic"]"#,
        r#"[32,3,{},"wamp.subscription.on_unsubscribe"]"#,
        "[34,4,2]",
    ]);
    assert_eq!(
        events(&alice),
        [
            "[33,1,1]",
            "[36,1,{},[alice,1]]",
            "[33,2,2]",
            "[36,1,{},[alice,2]]",
            "[33,3,3]",
            "[36,1,{},[alice,3]]",
            "[35,4]",
            "[36,3,{},[alice,2]]"
        ]
    );
}

#[test]
fn a_session_that_leaves_is_unsubscribed() {
    let world = World::new();
    let mut listener = listener(&world);
    listener.send(r#"[32,5,{},"wamp.session.on_leave"]"#);
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send_burst(&[r#"[32,1,{},"com.a"]"#, r#"[32,2,{},"com.b"]"#]);
    bob.send(r#"[32,1,{},"com.b"]"#);
    events(&listener);
    alice.vanish();
    let told = events(&listener);
    assert_eq!(told[..3], ["[36,3,{},[alice,6]]", "[36,4,{},[alice,6]]", "[36,3,{},[alice,7]]"]);
    assert!(told[3].starts_with("[36,5,{},[alice,"), "the session's leaving comes last: {told:?}");
    assert_eq!(told.len(), 4);
    let id = bob.id;
    listener.send(&format!(r#"[48,6,{{}},"wamp.session.kill",[{id}]]"#));
    assert_eq!(events(&listener)[..2], ["[36,3,{},[bob,7]]", "[36,4,{},[bob,7]]"]);
}

#[test]
fn list_is_by_match_policy() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send(r#"[48,1,{},"wamp.subscription.list"]"#);
    alice.expect(&[r#"[50,1,{},[{"exact":[],"prefix":[],"wildcard":[]}]]"#]);
    alice.send_burst(&[
        r#"[32,2,{},"com.a"]"#,
        r#"[32,3,{"match":"wildcard"},"com..b"]"#,
        r#"[32,4,{"match":"prefix"},"com"]"#,
        r#"[32,5,{},"com.b"]"#,
        "[34,6,1]",
    ]);
    alice.received();
    alice.send(r#"[48,7,{},"wamp.subscription.list"]"#);
    alice.expect(&[r#"[50,7,{},[{"exact":[4],"prefix":[3],"wildcard":[2]}]]"#]);
}

#[test]
fn lookup_is_for_one_match_policy() {
    let mut alice = World::new().join("alice");
    alice.send_burst(&[r#"[32,1,{},"com.a"]"#, r#"[32,2,{"match":"wildcard"},"com..b"]"#]);
    alice.received();
    for (request, arguments, answer) in [
        (3, r#"["com.a"]"#, "1"),
        (4, r#"["com.a",{"match":"exact"}]"#, "1"),
        (5, r#"["com.a",{"match":"prefix"}]"#, "null"),
        (6, r#"["com..b",{"match":"wildcard"}]"#, "2"),
        (7, r#"["com.x.b"]"#, "null"),
        (8, r#"["com.a",null]"#, "1"),
    ] {
        alice.send(&format!(r#"[48,{request},{{}},"wamp.subscription.lookup",{arguments}]"#));
        alice.expect(&[&format!("[50,{request},{{}},[{answer}]]")]);
    }
    for (request, arguments, error) in [
        (9, "[]", "invalid_argument"),
        (10, "[7]", "invalid_argument"),
        (11, r#"["com.a",7]"#, "invalid_argument"),
        (12, r#"["com..a"]"#, "invalid_uri"),
        (13, r#"["com.a",{"match":"regex"}]"#, "option_not_allowed"),
    ] {
        alice.send(&format!(r#"[48,{request},{{}},"wamp.subscription.lookup",{arguments}]"#));
        alice.expect_error(48, request, &format!("wamp.error.{error}"));
    }
}

#[test]
fn match_is_irrespective_of_match_policy() {
    let mut alice = World::new().join("alice");
    alice.send_burst(&[
        r#"[32,1,{"match":"wildcard"},"com..b"]"#,
        r#"[32,2,{"match":"prefix"},"com"]"#,
        r#"[32,3,{},"com.a.b"]"#,
        r#"[32,4,{},"com.a"]"#,
    ]);
    alice.received();
    alice.send(r#"[48,5,{},"wamp.subscription.match",["com.a.b"]]"#);
    alice.expect(&["[50,5,{},[[1,2,3]]]"]);
    alice.send(r#"[48,6,{},"wamp.subscription.match",["org"]]"#);
    alice.expect(&["[50,6,{},[null]]"]);
    alice.send(r#"[48,7,{},"wamp.subscription.match",["com..b"]]"#);
    alice.expect_error(48, 7, "wamp.error.invalid_uri");
    alice.send(r#"[48,8,{},"wamp.subscription.match"]"#);
    alice.expect_error(48, 8, "wamp.error.invalid_argument");
}

#[test]
fn get_and_the_subscribers_of_a_subscription() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join_as("bob", Serializer::Cbor, BASIC_ROLES);
    world.pass(1_500);
    alice.send(r#"[32,1,{"match":"prefix"},"com"]"#);
    bob.send(r#"[32,1,{"match":"prefix"},"com"]"#);
    alice.received();
    bob.received();
    bob.send(r#"[48,2,{},"wamp.subscription.get",[1]]"#);
    bob.expect(&[r#"[50,2,{},[{"id":1,"created":"2026-01-01T00:00:01.500Z","uri":"com","match":"prefix"}]]"#]);
    bob.send(r#"[48,3,{},"wamp.subscription.list_subscribers",[1]]"#);
    bob.expect(&["[50,3,{},[[alice,bob]]]"]);
    bob.send(r#"[48,4,{},"wamp.subscription.count_subscribers",[1]]"#);
    bob.expect(&["[50,4,{},[2]]"]);
    for (request, procedure) in (5..).step_by(2).zip(["get", "list_subscribers", "count_subscribers"]) {
        bob.send(&format!(r#"[48,{request},{{}},"wamp.subscription.{procedure}",[2]]"#));
        bob.expect_error(48, request, "wamp.error.no_such_subscription");
        let request = request + 1;
        bob.send(&format!(r#"[48,{request},{{}},"wamp.subscription.{procedure}"]"#));
        bob.expect_error(48, request, "wamp.error.invalid_argument");
    }
}

/// `[UNSUBSCRIBED, 0, Details]`, and no event after it.
#[test]
fn a_revoked_subscriber_is_told_which_and_why() {
    let world = World::new();
    let mut listener = listener(&world);
    let mut alice = world.join_as("alice", Serializer::Json, REVOCABLE);
    alice.send_burst(&[r#"[32,1,{},"com.a"]"#, r#"[32,2,{},"com.b"]"#]);
    alice.received();
    events(&listener);
    let id = alice.id;
    let remove = "wamp.subscription.remove_subscriber";
    listener.send(&format!(r#"[48,5,{{}},"{remove}",[5,{id},"no longer authorized"]]"#));
    alice.expect(&[r#"[35,0,{"subscription":5,"reason":"no longer authorized"}]"#]);
    assert_eq!(events(&listener), ["[36,3,{},[alice,5]]", "[36,4,{},[alice,5]]", "[50,5,{}]"]);
    listener.send_burst(&[
        r#"[16,6,{},"com.a"]"#,
        &format!(r#"[48,7,{{}},"{remove}",[6,{id}],{{"reason":"why"}}]"#),
        r#"[16,8,{},"com.b"]"#,
    ]);
    alice.expect(&[r#"[35,0,{"subscription":6,"reason":"why"}]"#]);
    events(&listener);
    alice.send(r#"[32,3,{},"com.a"]"#);
    alice.expect(&["[33,3,7]"]);
    listener.send(&format!(r#"[48,9,{{}},"{remove}",[7,{id}]]"#));
    alice.expect(&[r#"[35,0,{"subscription":7}]"#]);
}

/// "In this case, the Broker MUST NOT send an UNSUBSCRIBED message to the Subscriber."
#[test]
fn a_subscriber_that_knows_no_revocation_is_not_told() {
    let world = World::new();
    let mut operator = world.join("operator");
    let mut alice = world.join_as("alice", Serializer::Json, BASIC_ROLES);
    alice.send(r#"[32,1,{},"com.a"]"#);
    alice.expect(&["[33,1,1]"]);
    let id = alice.id;
    operator.send(&format!(r#"[48,1,{{}},"wamp.subscription.remove_subscriber",[1,{id}]]"#));
    operator.expect(&["[50,1,{}]"]);
    operator.send(r#"[16,2,{},"com.a"]"#);
    alice.expect(&[]);
    alice.send("[34,2,1]");
    alice.expect_error(34, 2, "wamp.error.no_such_subscription");
}

#[test]
fn only_what_is_there_can_be_revoked() {
    let world = World::new();
    let mut operator = world.join("operator");
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{},"com.a"]"#);
    let (id, own) = (alice.id, operator.id);
    for (request, arguments, error) in [
        (1, "[]".to_owned(), "invalid_argument"),
        (2, "[1]".to_owned(), "invalid_argument"),
        (3, format!("[1,{id},7]"), "invalid_argument"),
        (4, format!("[2,{id}]"), "no_such_subscription"),
        (5, format!("[1,{own}]"), "no_such_subscription"),
        (6, "[1,1]".to_owned(), "no_such_session"),
    ] {
        operator.send(&format!(r#"[48,{request},{{}},"wamp.subscription.remove_subscriber",{arguments}]"#));
        operator.expect_error(48, request, &format!("wamp.error.{error}"));
    }
}

/// Whatever happens at once: what is told is one possible order of it, and the one it had.
#[test]
fn changes_are_told_in_their_order_in_parallel() {
    let world = World::new();
    let listener = listener(&world);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let world = world.clone();
            std::thread::spawn(move || {
                for _ in 0..100 {
                    let mut client = world.join("client");
                    client.send(r#"[32,1,{},"com.topic"]"#);
                    client.received();
                    client.vanish();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    listener.outbox.flush();
    // The one subscription to the topic there can be at a time, and how many share it.
    let mut sharing: Option<usize> = None;
    let events = events(&listener);
    for event in &events {
        sharing = match (&event[..5], sharing) {
            ("[36,1", None) => Some(0),
            ("[36,2", Some(sessions)) => Some(sessions + 1),
            ("[36,3", Some(sessions @ 1..)) => Some(sessions - 1),
            ("[36,4", Some(0)) => None,
            _ => panic!("{event} with {sharing:?}"),
        };
    }
    assert_eq!(sharing, None);
    assert!(events.len() >= 2 * 400);
}
