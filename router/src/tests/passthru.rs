//! Specification: "Payload Passthru Mode" (advanced profile), of publish and subscribe. For calls
//! see there.

use wamp_proto::Serializer;

use super::world::{ALL_ROLES, BASIC_ROLES, World};
use crate::connection::Flow;

/// The four options, as a publisher sends them and subscribers get them.
const OPTIONS: &str = r#"{"ppt_scheme":"x_ours","ppt_serializer":"cbor","ppt_cipher":"c","ppt_keyid":"k"}"#;

/// "These additional attributes must be forwarded", and the payload is not looked at.
#[test]
fn the_options_go_along() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    bob.send(&format!(r#"[16,1,{OPTIONS},"com.topic",["\u0000AQID"]]"#));
    alice.expect(&[&format!(r#"[36,1,#1,{OPTIONS},["\u0000AQID"]]"#)]);
}

/// "Cases where a Publisher sends a PUBLISH message with payload passthru, without announcing it
/// during HELLO handshake, MUST be treated as PROTOCOL ERRORS."
#[test]
fn a_publisher_has_to_announce_it() {
    let world = World::new();
    let mut bob = world.join_as("bob", Serializer::Json, BASIC_ROLES);
    let _ = bob.send(r#"[16,1,{"ppt_scheme":"x_ours"},"com.topic",["x"]]"#);
    bob.expect_violation("payload_passthru_mode");
    let mut bob = world.join_as("bob", Serializer::Json, ALL_ROLES);
    assert_eq!(bob.send(r#"[16,1,{"ppt_scheme":"x_ours"},"com.topic",["x"]]"#), Flow::Continue);
    // As a caller it may have announced it; it publishes here.
    let caller = r#"{"publisher":{},"caller":{"features":{"payload_passthru_mode":true}}}"#;
    let mut carol = world.join_as("carol", Serializer::Json, caller);
    let _ = carol.send(r#"[16,1,{"ppt_scheme":"x_ours"},"com.topic",["x"]]"#);
    carol.expect_violation("publisher");
}

/// "A Router can recognize that Payload Passthru Mode is in use by checking the existence and
/// non-empty value of this attribute."
#[test]
fn without_a_scheme_it_is_not_in_use() {
    let world = World::new();
    let mut bob = world.join_as("bob", Serializer::Json, BASIC_ROLES);
    for (request, options) in [(1, r#"{"ppt_scheme":""}"#), (2, r#"{"ppt_scheme":null}"#), (3, r#"{"ppt_keyid":"k"}"#)]
    {
        assert_eq!(bob.send(&format!(r#"[16,{request},{options},"com.topic"]"#)), Flow::Continue, "{options}");
    }
    bob.expect(&[]);
}

/// What "cannot be recognized at the protocol level" is for the subscriber to cope with.
#[test]
fn a_subscriber_that_did_not_announce_it_gets_the_event_too() {
    let world = World::new();
    let mut alice = world.join_as("alice", Serializer::Json, BASIC_ROLES);
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    bob.send(&format!(r#"[16,1,{OPTIONS},"com.topic",["x"]]"#));
    alice.expect(&[&format!(r#"[36,1,#1,{OPTIONS},["x"]]"#)]);
}

/// "Payloads are treated as binary": the bytes are the same in every serializer.
#[test]
fn a_binary_payload_stays_what_it_is_between_serializers() {
    for from in Serializer::ALL {
        for to in Serializer::ALL {
            let world = World::new();
            let mut alice = world.join_as("alice", to, ALL_ROLES);
            let mut bob = world.join_as("bob", from, ALL_ROLES);
            alice.send(r#"[32,1,{},"com.topic"]"#);
            alice.received();
            bob.send(&format!(r#"[16,1,{OPTIONS},"com.topic",["\u0000AP/+"]]"#));
            alice.expect(&[&format!(r#"[36,1,#1,{OPTIONS},["\u0000AP/+"]]"#)]);
        }
    }
}

#[test]
fn retained_events_keep_the_options() {
    let world = World::new();
    let mut bob = world.join("bob");
    let options = OPTIONS.replacen('{', r#"{"retain":true,"#, 1);
    bob.send(&format!(r#"[16,1,{options},"com.topic",["x"]]"#));
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{"get_retained":true},"com.topic"]"#);
    let kept = OPTIONS.replacen('{', r#"{"retained":true,"#, 1);
    alice.expect(&["[33,1,1]", &format!(r#"[36,1,#1,{kept},["x"]]"#)]);
}
