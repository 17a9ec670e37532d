//! Specification: "Call Trust Levels", "Publication Trust Levels" (advanced profile).

use std::sync::Arc;

use wamp_proto::{MatchPolicy, Pattern, Serializer};

use super::receivers::{self, Believes};
use super::world::{BASIC_ROLES, World};
use crate::history::{History, HistoryRule};
use crate::realm::{Action, Authorizer, Decision, Grant, Member, RealmOptions};

/// Trusts calls of some procedures, and what is published to some topics by who plays a role.
#[derive(Debug)]
struct Trusts;

impl Authorizer for Trusts {
    fn authorize(&self, member: &Member, action: Action, uri: &str) -> Decision {
        let trust_level = match (action, uri) {
            (Action::Call, "com.least") => Some(0),
            (Action::Call, "com.more") => Some(2),
            (Action::Publish, "com.topic") => Some(if *member.identity().authrole == *"boss" { 3 } else { 0 }),
            _ => None,
        };
        Decision::Allow(Grant { trust_level, ..Grant::default() })
    }
}

const TRUSTING: &str =
    r#"{"callee":{"features":{"call_trustlevels":true,"progressive_call_invocations":true,"call_canceling":true}}}"#;

fn world() -> World {
    World::with(RealmOptions { authorizer: Arc::new(Trusts), ..RealmOptions::default() })
}

/// "In an INVOCATION message sent to a Callee. The trustlevel 0 means lowest trust."
#[test]
fn the_callee_is_told_how_far_a_call_is_to_be_trusted() {
    let world = world();
    let mut callee = world.join_as("callee", Serializer::Json, TRUSTING);
    callee.send(r#"[64,1,{"match":"prefix"},"com."]"#);
    callee.received();
    let mut caller = world.join("caller");
    caller.send_burst(&[r#"[48,1,{},"com.least"]"#, r#"[48,2,{},"com.more"]"#, r#"[48,3,{},"com.unknown"]"#]);
    callee.expect(&[
        r#"[68,1,1,{"procedure":"com.least","trustlevel":0}]"#,
        r#"[68,2,1,{"procedure":"com.more","trustlevel":2}]"#,
        r#"[68,3,1,{"procedure":"com.unknown"}]"#,
    ]);
}

#[test]
fn all_pieces_of_a_call_are_trusted_alike() {
    let world = world();
    let mut callee = world.join_as("callee", Serializer::Json, TRUSTING);
    callee.send(r#"[64,1,{},"com.more"]"#);
    callee.received();
    let mut caller = world.join("caller");
    caller.send_burst(&[r#"[48,1,{"progress":true},"com.more"]"#, r#"[48,1,{},"com.more"]"#]);
    callee.expect(&[r#"[68,1,1,{"trustlevel":2,"progress":true}]"#, r#"[68,1,1,{"trustlevel":2}]"#]);
}

/// "Support for this feature MUST be announced by Callees."
#[test]
fn only_callees_that_announced_it_are_told() {
    let world = world();
    let mut callee = world.join_as("callee", Serializer::Json, BASIC_ROLES);
    callee.send(r#"[64,1,{},"com.more"]"#);
    callee.received();
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{},"com.more"]"#);
    callee.expect(&["[68,1,1,{}]"]);
}

/// Without an authorizer that says so, nothing is told.
#[test]
fn by_default_no_level_is_told() {
    let world = World::new();
    let mut callee = world.join_as("callee", Serializer::Json, TRUSTING);
    callee.send(r#"[64,1,{},"com.more"]"#);
    callee.received();
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{},"com.more"]"#);
    callee.expect(&["[68,1,1,{}]"]);
}

/// "Depending on the application defined role of the (authenticated) Publisher", and "on a
/// per-topic basis".
#[test]
fn subscribers_are_told_how_far_a_publication_is_to_be_trusted() {
    let world = World::with(RealmOptions {
        authorizer: Arc::new(Trusts),
        authenticator: Arc::new(Believes),
        ..RealmOptions::default()
    });
    let mut alice = receivers::join(&world, "alice", "user");
    alice.send_burst(&[r#"[32,1,{},"com.topic"]"#, r#"[32,2,{},"com.other"]"#]);
    alice.received();
    let mut bob = receivers::join(&world, "bob", "user");
    let mut carol = receivers::join(&world, "carol", "boss");
    bob.send_burst(&[r#"[16,1,{},"com.topic"]"#, r#"[16,2,{},"com.other"]"#]);
    carol.send_burst(&[r#"[16,1,{},"com.topic"]"#, r#"[16,2,{},"com.other"]"#]);
    alice.expect(&[r#"[36,1,#1,{"trustlevel":0}]"#, "[36,2,#2,{}]", r#"[36,1,#3,{"trustlevel":3}]"#, "[36,2,#4,{}]"]);
}

/// A level is given when the event is published, and stays with it.
#[test]
fn events_kept_have_the_level_they_had() {
    let rule = HistoryRule::new(Pattern::parse(MatchPolicy::Exact, "com.topic").unwrap());
    let world = World::with(RealmOptions {
        authorizer: Arc::new(Trusts),
        history: Some(History::in_memory([rule])),
        ..RealmOptions::default()
    });
    let mut bob = world.join("bob");
    bob.send(r#"[16,1,{"retain":true},"com.topic"]"#);
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{"get_retained":true},"com.topic"]"#);
    alice.expect(&["[33,1,1]", r#"[36,1,#1,{"trustlevel":0,"retained":true}]"#]);
    alice.send(r#"[48,2,{},"wamp.subscription.get_events",[1]]"#);
    assert!(alice.received()[0].contains(r#""details":{"trustlevel":0}"#));
}
