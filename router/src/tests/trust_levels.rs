//! Specification: "Call Trust Levels" (advanced profile).

use std::sync::Arc;

use wamp_proto::Serializer;

use super::world::{BASIC_ROLES, World};
use crate::realm::{Action, Authorizer, Member, RealmOptions};

/// Trusts calls of some procedures.
#[derive(Debug)]
struct Trusts;

impl Authorizer for Trusts {
    fn allows(&self, _: &Member, _: Action, _: &str) -> bool {
        true
    }

    fn trust_level(&self, _: &Member, action: Action, uri: &str) -> Option<u64> {
        match (action, uri) {
            (Action::Call, "com.least") => Some(0),
            (Action::Call, "com.more") => Some(2),
            _ => None,
        }
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
