//! Who may do what. Specification: "Authorization" (advanced profile).

use std::sync::Arc;

use super::receivers::{self, Believes};
use super::world::World;
use crate::realm::{OwnSessionOnly, RealmOptions};

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
