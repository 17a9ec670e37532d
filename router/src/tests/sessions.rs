//! Specification: "Sessions", "Protocol Errors", "IDs" (basic profile).

use wamp_proto::{Features, Message, Serializer};

use super::world::{ALL_ROLES, BASIC_ROLES, World};
use crate::burst::Burst;
use crate::connection::Flow;

#[test]
fn hello_is_answered_with_welcome() {
    let world = World::new();
    for serializer in Serializer::ALL {
        let mut client = world.connect_with(serializer, true, usize::MAX);
        client.send(&format!(r#"[1,"realm1",{{"agent":"test","roles":{BASIC_ROLES}}}]"#));
        let frames = client.outbox.drain();
        let frame = client.outbox.encoding().framing.split(&frames).next().unwrap();
        let Message::Welcome(welcome) = serializer.decode(frame.body).unwrap() else { panic!("no WELCOME") };
        let details = welcome.details;
        assert_eq!(details.realm.as_deref(), Some("realm1"));
        assert_eq!(details.authrole.as_deref(), Some("anonymous"));
        assert_eq!(details.authmethod.as_deref(), Some("anonymous"));
        assert_eq!(details.authprovider.as_deref(), Some("static"));
        assert_eq!(details.authid.unwrap().len(), 24);
        assert!(details.agent.unwrap().starts_with("wamp-router-"));
        assert!(details.roles.broker.unwrap().contains(Features::SESSION_META_API));
        assert!(details.roles.dealer.unwrap().contains(Features::SESSION_META_API));
        assert!(details.roles.dealer.unwrap().contains(Features::PROGRESSIVE_CALL_INVOCATIONS));
    }
}

/// An authid is something others rely on (`eligible_authid`): who is anonymous doesn't choose it.
#[test]
fn an_anonymous_client_does_not_choose_its_authid() {
    let world = World::new();
    let mut client = world.connect();
    client.send(r#"[1,"realm1",{"authid":"admin","authrole":"admin","roles":{"caller":{}}}]"#);
    assert!(!client.received()[0].contains("admin"));
}

#[test]
fn an_unknown_realm_is_aborted() {
    let mut client = World::new().connect();
    let flow = client.send(r#"[1,"elsewhere",{"roles":{"caller":{}}}]"#);
    assert!(matches!(flow, Flow::Close(..)));
    client.expect(&[
        r#"[3,{"message":"the realm \"elsewhere\" does not exist"},"wamp.error.no_such_realm"]"#,
        "close 1008",
    ]);
}

#[test]
fn a_realm_that_is_no_uri_is_aborted() {
    let mut client = World::new().connect();
    let _ = client.send(r#"[1,"some where",{"roles":{"caller":{}}}]"#);
    assert!(client.received()[0].contains("wamp.error.invalid_uri"));
}

#[test]
fn authmethods_without_anonymous_are_aborted() {
    let mut client = World::new().connect();
    let _ = client.send(r#"[1,"realm1",{"authmethods":["ticket"],"roles":{"caller":{}}}]"#);
    assert!(client.received()[0].contains("wamp.error.no_matching_auth_method"));
    let mut client = World::new().connect();
    let _ = client.send(r#"[1,"realm1",{"authmethods":["ticket","anonymous"],"roles":{"caller":{}}}]"#);
    assert!(client.session.as_ref().unwrap().is_joined());
}

#[test]
fn a_client_must_play_a_role() {
    for hello in [r#"[1,"realm1",{}]"#, r#"[1,"realm1",{"roles":{}}]"#, r#"[1,"realm1",{"roles":{"broker":{}}}]"#] {
        let mut client = World::new().connect();
        let _ = client.send(hello);
        client.expect_violation("none of the roles");
    }
}

#[test]
fn nothing_comes_before_hello() {
    for (message, name) in [
        (r#"[16,1,{},"com.topic"]"#, "PUBLISH"),
        (r#"[32,1,{},"com.topic"]"#, "SUBSCRIBE"),
        (r#"[48,1,{},"com.procedure"]"#, "CALL"),
        (r#"[6,{},"wamp.close.close_realm"]"#, "GOODBYE"),
        (r#"[8,68,1,{},"com.error"]"#, "ERROR"),
        (r#"[33,1,1]"#, "SUBSCRIBED"),
        (r#"[17,1,1]"#, "PUBLISHED"),
        (r#"[35,1]"#, "UNSUBSCRIBED"),
        (r#"[50,1,{}]"#, "RESULT"),
        (r#"[65,1,1]"#, "REGISTERED"),
        (r#"[67,1]"#, "UNREGISTERED"),
        (r#"[68,1,1,{}]"#, "INVOCATION"),
        (r#"[5,"signature",{}]"#, "AUTHENTICATE"),
    ] {
        let mut client = World::new().connect();
        let flow = client.send(message);
        assert!(matches!(flow, Flow::Close(..)), "{name}");
        client.expect_violation(name);
    }
}

#[test]
fn hello_comes_once_and_welcome_never() {
    for (message, name) in [
        (r#"[1,"realm1",{"roles":{"caller":{}}}]"#, "HELLO"),
        (r#"[2,1,{"roles":{"broker":{}}}]"#, "WELCOME"),
        (r#"[4,"ticket",{}]"#, "CHALLENGE"),
        (r#"[5,"signature",{}]"#, "AUTHENTICATE"),
    ] {
        let world = World::new();
        let mut client = world.join("client");
        let flow = client.send(message);
        assert!(matches!(flow, Flow::Close(..)), "{name}");
        client.expect_violation(&format!("received {name} message after session was established"));
        assert!(world.realm().is_empty());
    }
}

#[test]
fn a_client_does_not_send_what_only_routers_send() {
    for (message, name) in [
        (r#"[17,1,1]"#, "PUBLISHED"),
        (r#"[33,1,1]"#, "SUBSCRIBED"),
        (r#"[35,1]"#, "UNSUBSCRIBED"),
        (r#"[36,1,1,{}]"#, "EVENT"),
        (r#"[50,1,{}]"#, "RESULT"),
        (r#"[65,1,1]"#, "REGISTERED"),
        (r#"[67,1]"#, "UNREGISTERED"),
        (r#"[68,1,1,{}]"#, "INVOCATION"),
        (r#"[69,1,{}]"#, "INTERRUPT"),
    ] {
        let mut client = World::new().join("client");
        let _ = client.send(message);
        client.expect_violation(name);
    }
}

#[test]
fn a_message_needs_its_role() {
    for (message, role) in [
        (r#"[16,1,{},"com.topic"]"#, "publisher"),
        (r#"[32,1,{},"com.topic"]"#, "subscriber"),
        (r#"[34,1,1]"#, "subscriber"),
        (r#"[48,1,{},"com.procedure"]"#, "caller"),
        (r#"[49,1,{}]"#, "caller"),
        (r#"[64,1,{},"com.procedure"]"#, "callee"),
        (r#"[66,1,1]"#, "callee"),
        (r#"[70,1,{}]"#, "callee"),
        (r#"[8,68,1,{},"com.error"]"#, "callee"),
    ] {
        let others: Vec<String> = ["publisher", "subscriber", "caller", "callee"]
            .iter()
            .filter(|other| **other != role)
            .map(|other| format!(r#""{other}":{{}}"#))
            .collect();
        let roles = format!("{{{}}}", others.join(","));
        let mut client = World::new().join_as("client", Serializer::Json, &roles);
        let _ = client.send(message);
        client.expect_violation(&format!("did not announce the role {role}"));
    }
}

#[test]
fn malformed_messages_end_the_session() {
    for frame in [
        "",
        "{}",
        "[]",
        "nonsense",
        "[999]",
        r#"["16"]"#,
        "[16]",
        r#"[16,1,{}]"#,
        r#"[16,1,[],"com.topic"]"#,
        r#"[16,1,{"acknowledge":1},"com.topic"]"#,
        r#"[16,1,{},7]"#,
        r#"[16,1,{},"com.topic",{}]"#,
        r#"[16,1,{},"com.topic",[],[]]"#,
        r#"[16,1,{},"com.topic"] trailing"#,
        r#"[16,-1,{},"com.topic"]"#,
        r#"[32,9007199254740993,{},"com.topic"]"#,
    ] {
        let world = World::new();
        let mut client = world.join("client");
        let flow = client.send(frame);
        assert!(matches!(flow, Flow::Close(..)), "{frame}");
        client.expect_violation("malformed message");
        assert!(world.realm().is_empty());
    }
}

#[test]
fn goodbye_is_answered() {
    let world = World::new();
    let mut client = world.join("client");
    let flow = client.send(r#"[6,{},"wamp.close.close_realm"]"#);
    assert!(matches!(flow, Flow::Close(..)));
    client.expect(&[r#"[6,{},"wamp.close.goodbye_and_out"]"#, "close 1000"]);
    assert!(world.realm().is_empty());
}

#[test]
fn abort_is_never_answered() {
    let world = World::new();
    let mut client = world.join("client");
    let flow = client.send(r#"[3,{},"wamp.error.protocol_violation"]"#);
    assert!(matches!(flow, Flow::Close(..)));
    client.outbox.flush();
    client.expect(&["close 1000"]);
    assert!(world.realm().is_empty());

    let mut client = world.connect();
    let _ = client.send(r#"[3,{},"wamp.close.normal"]"#);
    client.outbox.flush();
    client.expect(&["close 1000"]);
}

#[test]
fn nothing_is_sent_after_goodbye() {
    let world = World::new();
    let mut subscriber = world.join("subscriber");
    let mut publisher = world.join("publisher");
    subscriber.send(r#"[32,1,{},"com.topic"]"#);
    subscriber.received();
    // The publisher's run is gathered, the subscriber leaves, the run is handed out.
    let now = world.now();
    let mut burst = Burst::new();
    let _ = publisher.session.as_mut().unwrap().on_frame(br#"[16,1,{},"com.topic"]"#, &mut burst, now);
    subscriber.send(r#"[6,{},"wamp.close.close_realm"]"#);
    burst.end();
    subscriber.outbox.flush();
    subscriber.expect(&[r#"[6,{},"wamp.close.goodbye_and_out"]"#, "close 1000"]);
}

#[test]
fn request_ids_count_from_one() {
    for (message, name) in [
        (r#"[16,2,{},"com.topic"]"#, "PUBLISH"),
        (r#"[32,2,{},"com.topic"]"#, "SUBSCRIBE"),
        (r#"[34,2,1]"#, "UNSUBSCRIBE"),
        (r#"[48,2,{},"com.procedure"]"#, "CALL"),
        (r#"[64,2,{},"com.procedure"]"#, "REGISTER"),
        (r#"[66,2,1]"#, "UNREGISTER"),
    ] {
        let mut client = World::new().join("client");
        let flow = client.send(message);
        assert!(matches!(flow, Flow::Close(..)), "{name}");
        client.expect_violation(&format!("{name} has the request id 2, but 1 was due"));
    }
}

#[test]
fn the_abort_for_a_request_id_names_the_option_that_relaxes_it() {
    let mut client = World::new().join("client");
    let _ = client.send(r#"[16,4711,{},"com.topic"]"#);
    client.expect_violation("sequential_request_ids");

    let mut client = World::new().connect_with(Serializer::Json, false, usize::MAX);
    client.hello("client", ALL_ROLES);
    client.send_burst(&[r#"[16,4711,{"acknowledge":true},"com.a"]"#, r#"[16,12,{"acknowledge":true},"com.a"]"#]);
    client.expect(&["[17,4711,#1]", "[17,12,#2]"]);
}

/// One sequence for all requests of a session, and another one for what comes from the router.
#[test]
fn request_ids_are_counted_per_direction() {
    let world = World::new();
    let mut client = world.join("client");
    client.send_burst(&[
        r#"[64,1,{},"com.echo"]"#,
        r#"[32,2,{},"com.topic"]"#,
        r#"[48,3,{},"com.echo"]"#,
        r#"[48,4,{},"com.echo"]"#,
    ]);
    client.expect(&["[65,1,1]", "[33,2,1]", "[68,1,1,{}]", "[68,2,1,{}]"]);
}

#[test]
fn a_vanished_session_leaves_nothing_behind() {
    let world = World::new();
    let mut client = world.join("client");
    client.send_burst(&[
        r#"[32,1,{},"com.topic"]"#,
        r#"[32,2,{"match":"prefix"},"com"]"#,
        r#"[64,3,{},"com.echo"]"#,
        r#"[48,4,{"timeout":1000},"com.echo"]"#,
    ]);
    assert!(!world.realm().is_empty());
    client.vanish();
    assert!(world.realm().is_empty());
}

#[test]
fn shutdown_says_goodbye_to_all_and_lets_nobody_join() {
    let world = World::new();
    let one = world.join("one");
    let mut two = world.join("two");
    let mut burst = Burst::new();
    world.realms.shut_down(&mut burst);
    burst.end();
    let goodbye = r#"[6,{"message":"the router is shutting down"},"wamp.close.system_shutdown"]"#;
    one.expect(&[goodbye, "close 1001"]);
    two.expect(&[goodbye, "close 1001"]);
    // Its reply is all that is still expected of a client.
    assert!(matches!(two.send(r#"[6,{},"wamp.close.goodbye_and_out"]"#), Flow::Close(..)));
    two.expect(&[]);
    assert!(world.realm().is_empty());

    let mut late = world.connect();
    let _ = late.send(r#"[1,"realm1",{"roles":{"caller":{}}}]"#);
    assert!(late.received()[0].contains("wamp.close.system_shutdown"));
}
