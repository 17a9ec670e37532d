//! Taking over what a lost session still holds. Crossbar's option `force_reregister`, with what
//! Crossbar makes of it. Other than there, a session takes over from its own authrole only: a
//! procedure of the service's is not to be had by the public.

use std::sync::Arc;

use wamp_proto::Serializer;

use super::receivers;
use super::world::{BASIC_ROLES, World};
use crate::realm::{OwnSessionOnly, RealmOptions};

const REVOKED: &str = r#"[67,0,{"registration":1,"reason":"wamp.error.unregistered"}]"#;

#[test]
fn force_takes_a_procedure_over() {
    let world = World::new();
    let mut stale = world.join("stale");
    let mut fresh = world.join("fresh");
    let mut caller = world.join("caller");
    stale.send(r#"[64,1,{},"com.work"]"#);
    stale.expect(&["[65,1,1]"]);
    fresh.send(r#"[64,1,{"force_reregister":true},"com.work"]"#);
    stale.expect(&[REVOKED]);
    fresh.expect(&["[65,1,2]"]);
    caller.send(r#"[48,1,{},"com.work"]"#);
    fresh.expect(&["[68,1,2,{}]"]);
    stale.send(r#"[66,2,1]"#);
    stale.expect_error(66, 2, "wamp.error.no_such_registration");
}

#[test]
fn force_on_a_free_procedure_just_registers() {
    let mut alice = World::new().join("alice");
    alice.send(r#"[64,1,{"force_reregister":true},"com.work"]"#);
    alice.expect(&["[65,1,1]"]);
}

/// All callees lose it, whatever the policy was, and the new one sets its own. A callee that
/// can't be told is not told.
#[test]
fn force_evicts_all_that_share_a_registration() {
    let world = World::new();
    let mut one = world.join("one");
    let mut two = world.join_as("two", Serializer::Json, BASIC_ROLES);
    for callee in [&mut one, &mut two] {
        callee.send(r#"[64,1,{"invoke":"roundrobin"},"com.work"]"#);
        callee.expect(&["[65,1,1]"]);
    }
    let mut fresh = world.join("fresh");
    fresh.send(r#"[64,1,{"force_reregister":true,"invoke":"last"},"com.work"]"#);
    fresh.expect(&["[65,1,2]"]);
    one.expect(&[REVOKED]);
    two.expect(&[]);
    one.send(r#"[64,2,{"invoke":"last"},"com.work"]"#);
    one.expect(&["[65,2,2]"]);
}

#[test]
fn force_takes_ones_own_over_as_well() {
    let mut options = crate::realm::RealmOptions::default();
    options.limits.registrations = 1;
    let mut alice = World::with(options).join("alice");
    alice.send(r#"[64,1,{},"com.work"]"#);
    alice.expect(&["[65,1,1]"]);
    // What is given up does not count for the limit.
    alice.send(r#"[64,2,{"force_reregister":true},"com.work"]"#);
    alice.expect(&[REVOKED, "[65,2,2]"]);
}

#[test]
fn a_registration_that_is_refused_evicts_nobody() {
    let mut options = crate::realm::RealmOptions::default();
    options.limits.registrations = 1;
    let world = World::with(options);
    let mut holder = world.join("holder");
    holder.send(r#"[64,1,{},"com.work"]"#);
    holder.received();
    let mut greedy = world.join("greedy");
    greedy.send_burst(&[r#"[64,1,{},"com.own"]"#, r#"[64,2,{"force_reregister":true},"com.work"]"#]);
    let received = greedy.received();
    assert!(received[1].contains("router.error.limit_exceeded"), "{received:?}");
    greedy.send(r#"[64,3,{"force_reregister":true,"invoke":"loudest"},"com.work"]"#);
    greedy.expect_error(64, 3, "wamp.error.option_not_allowed");
    holder.expect(&[]);
}

#[test]
fn calls_under_way_are_still_answered_by_the_old_callee() {
    let world = World::new();
    let mut stale = world.join("stale");
    let mut fresh = world.join("fresh");
    let mut caller = world.join("caller");
    stale.send(r#"[64,1,{},"com.work"]"#);
    caller.send(r#"[48,1,{},"com.work"]"#);
    fresh.send(r#"[64,1,{"force_reregister":true},"com.work"]"#);
    stale.expect(&["[65,1,1]", "[68,1,1,{}]", REVOKED]);
    stale.send(r#"[70,1,{},["old"]]"#);
    caller.expect(&[r#"[50,1,{},["old"]]"#]);
}

#[test]
fn watchers_are_told_of_the_end_before_the_beginning() {
    let world = World::new();
    let mut stale = world.join("stale");
    let mut fresh = world.join("fresh");
    stale.send(r#"[64,1,{},"com.work"]"#);
    let mut watcher = world.join("watcher");
    for (event, request) in ["on_create", "on_register", "on_unregister", "on_delete"].into_iter().zip(1..) {
        watcher.send(&format!(r#"[32,{request},{{}},"wamp.registration.{event}"]"#));
    }
    watcher.received();
    fresh.send(r#"[64,1,{"force_reregister":true},"com.work"]"#);
    let received = watcher.received();
    let kinds: Vec<&str> = received.iter().map(|event| &event[..5]).collect();
    assert_eq!(kinds, ["[36,3", "[36,4", "[36,1", "[36,2"], "{received:?}");
    assert!(received[1].ends_with("[stale,1]]"), "{received:?}");
    assert!(received[3].ends_with("[fresh,2]]"), "{received:?}");
}

fn world(authorizer: OwnSessionOnly) -> World {
    let (authenticator, authorizer) = (Arc::new(receivers::Believes), Arc::new(authorizer));
    World::with(RealmOptions { authenticator, authorizer, ..RealmOptions::default() })
}

#[test]
fn by_default_only_ones_own_authrole_is_taken_over() {
    let world = world(OwnSessionOnly::default());
    let mut service = receivers::join(&world, "service", "service");
    let mut public = receivers::join(&world, "public", "public");
    service.send(r#"[64,1,{},"com.work"]"#);
    service.expect(&["[65,1,1]"]);
    public.send(r#"[64,1,{"force_reregister":true},"com.work"]"#);
    public.expect_error(64, 1, "wamp.error.not_authorized");
    service.expect(&[]);
    let mut again = receivers::join(&world, "another", "service");
    again.send(r#"[64,1,{"force_reregister":true},"com.work"]"#);
    again.expect(&["[65,1,2]"]);
    service.expect(&[REVOKED]);
}

#[test]
fn administrators_take_over_from_all() {
    let world = world(OwnSessionOnly::with_administrators(["admin"]));
    let mut service = receivers::join(&world, "service", "service");
    let mut admin = receivers::join(&world, "admin", "admin");
    service.send(r#"[64,1,{},"com.work"]"#);
    admin.send(r#"[64,1,{"force_reregister":true},"com.work"]"#);
    admin.expect(&["[65,1,2]"]);
    service.expect(&["[65,1,1]", REVOKED]);
}
