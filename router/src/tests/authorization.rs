//! Who may do what. Specification: "Authorization" (advanced profile).

use std::sync::Arc;

use wamp_proto::{MatchPolicy, Pattern};

use super::receivers::{self, Believes};
use super::world::World;
use crate::realm::{OwnSessionOnly, Permission, Permissions, RealmOptions};

/// The procedures by which one session acts on others.
const ON_OTHERS: [&str; 6] = [
    "wamp.session.kill",
    "wamp.session.kill_by_authid",
    "wamp.session.kill_by_authrole",
    "wamp.session.kill_all",
    "wamp.subscription.remove_subscriber",
    "wamp.registration.remove_callee",
];

#[test]
fn by_default_nobody_acts_on_the_sessions_of_others() {
    let world = World::with(RealmOptions::default());
    let mut alice = world.join("alice");
    let bob = world.join("bob");
    for (request, procedure) in (1..).zip(ON_OTHERS) {
        alice.send(&format!(r#"[48,{request},{{}},"{procedure}",[{}]]"#, bob.id));
        alice.expect_error(48, request, "wamp.error.not_authorized");
    }
    bob.expect(&[]);
    // To look is not to act.
    alice.send(r#"[48,7,{},"wamp.session.count"]"#);
    alice.expect(&["[50,7,{},[2]]"]);
}

#[test]
fn administrators_may_act_on_the_sessions_of_others() {
    let world = World::with(RealmOptions {
        authenticator: Arc::new(Believes),
        authorizer: Arc::new(OwnSessionOnly::with_administrators(["operator"])),
        ..RealmOptions::default()
    });
    let mut alice = receivers::join(&world, "alice", "user");
    let mut bob = receivers::join(&world, "bob", "operator");
    alice.send(&format!(r#"[48,1,{{}},"wamp.session.kill",[{}]]"#, bob.id));
    alice.expect_error(48, 1, "wamp.error.not_authorized");
    bob.send(&format!(r#"[48,1,{{}},"wamp.session.kill",[{}]]"#, alice.id));
    bob.expect(&["[50,1,{}]"]);
    alice.expect(&[r#"[6,{},"wamp.close.killed"]"#, "close 1000"]);
}

fn guarded() -> World {
    let pattern = |policy, uri| Pattern::parse(policy, uri).unwrap();
    let everything = || pattern(MatchPolicy::Prefix, "");
    let public = pattern(MatchPolicy::Prefix, "com.public.");
    let permissions = Permissions::default()
        .role("backend", [Permission::all(everything())])
        .role("operator", [Permission::all(everything()), Permission::all(pattern(MatchPolicy::Prefix, "wamp."))])
        .role(
            "user",
            [Permission {
                subscribe: true,
                publish: true,
                call: true,
                disclose_publisher: true,
                disclose_caller: true,
                ..Permission::none(public)
            }],
        );
    World::with(RealmOptions {
        authenticator: Arc::new(Believes),
        authorizer: Arc::new(permissions),
        ..RealmOptions::default()
    })
}

#[test]
fn a_role_does_what_its_permissions_say_and_nothing_else() {
    let world = guarded();
    let mut user = receivers::join(&world, "alice", "user");
    user.send(r#"[32,1,{},"com.public.news"]"#);
    user.expect(&["[33,1,1]"]);
    let refused = [
        (32, r#"[32,2,{},"com.private.news"]"#),
        (32, r#"[32,3,{"match":"prefix"},"com."]"#),
        (64, r#"[64,4,{},"com.public.add"]"#),
        (16, r#"[16,5,{"acknowledge":true},"com.private.news"]"#),
        (48, r#"[48,6,{},"com.private.add"]"#),
        (48, r#"[48,7,{},"wamp.session.count"]"#),
    ];
    for (request, (kind, message)) in (2..).zip(refused) {
        user.send(message);
        user.expect_error(kind, request, "wamp.error.not_authorized");
    }
    // A role nobody has heard of may nothing.
    let mut stranger = receivers::join(&world, "mallory", "stranger");
    stranger.send(r#"[32,1,{},"com.public.news"]"#);
    stranger.expect_error(32, 1, "wamp.error.not_authorized");
}

#[test]
fn a_permission_for_everything_does_not_end_the_sessions_of_others() {
    let world = guarded();
    let alice = receivers::join(&world, "alice", "user");
    let mut backend = receivers::join(&world, "service", "backend");
    for (request, procedure) in (1..).zip(ON_OTHERS) {
        backend.send(&format!(r#"[48,{request},{{}},"{procedure}",[{}]]"#, alice.id));
        backend.expect_error(48, request, "wamp.error.not_authorized");
    }
    let mut operator = receivers::join(&world, "op", "operator");
    operator.send(&format!(r#"[48,1,{{}},"wamp.session.kill",[{}]]"#, alice.id));
    operator.expect(&["[50,1,{}]"]);
    alice.expect(&[r#"[6,{},"wamp.close.killed"]"#, "close 1000"]);
}

/// Crossbar's `disclose`: the realm discloses who did it, whatever publisher and caller say.
#[test]
fn a_realm_may_disclose_publishers_and_callers() {
    let world = guarded();
    let mut backend = receivers::join(&world, "service", "backend");
    backend.send_burst(&[r#"[32,1,{},"com.public.news"]"#, r#"[64,2,{},"com.public.add"]"#]);
    backend.received();
    let mut alice = receivers::join(&world, "alice", "user");
    alice.send_burst(&[r#"[16,1,{},"com.public.news"]"#, r#"[48,2,{},"com.public.add"]"#]);
    let who = format!(r#""{{}}":{},"{{}}_authid":"alice","{{}}_authrole":"user""#, alice.id);
    let received = backend.received();
    for (frame, role) in received.iter().zip(["publisher", "caller"]) {
        assert!(frame.contains(&who.replace("{}", role)), "{frame}");
    }
    assert_eq!(received.len(), 2);
}
