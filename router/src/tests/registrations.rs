//! Specification: "Registering and Unregistering" (basic profile), "Shared Registration",
//! "Caller Identification" (advanced profile).

use super::world::{Client, World};

#[test]
fn a_procedure_is_registered_once() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[64,1,{},"com.add"]"#);
    alice.expect(&["[65,1,1]"]);
    bob.send(r#"[64,1,{},"com.add"]"#);
    bob.expect_error(64, 1, "wamp.error.procedure_already_exists");
    // Nor a second time by the same session.
    alice.send(r#"[64,2,{},"com.add"]"#);
    alice.expect_error(64, 2, "wamp.error.procedure_already_exists");
    // With another match policy it is another procedure.
    bob.send(r#"[64,2,{"match":"prefix"},"com.add"]"#);
    bob.expect(&["[65,2,2]"]);
}

#[test]
fn unregistered_is_unregistered() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send_burst(&[r#"[64,1,{},"com.add"]"#, r#"[66,2,1]"#]);
    alice.expect(&["[65,1,1]", "[67,2]"]);
    bob.send(r#"[48,1,{},"com.add"]"#);
    bob.expect_error(48, 1, "wamp.error.no_such_procedure");
    alice.send(r#"[66,3,1]"#);
    alice.expect_error(66, 3, "wamp.error.no_such_registration");
    // Nor can another's registration be ended.
    bob.send(r#"[64,2,{},"com.add"]"#);
    bob.expect(&["[65,2,2]"]);
    alice.send(r#"[66,4,2]"#);
    alice.expect_error(66, 4, "wamp.error.no_such_registration");
}

/// What is remembered of the procedure that was called last is not remembered for too long.
#[test]
fn a_procedure_called_again_is_the_one_there_is() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send_burst(&[
        r#"[64,1,{"match":"prefix"},"com"]"#,
        r#"[48,2,{},"com.add"]"#,
        r#"[64,3,{},"com.add"]"#,
        r#"[48,4,{},"com.add"]"#,
        r#"[48,5,{},"com.add"]"#,
        "[66,6,2]",
        r#"[48,7,{},"com.add"]"#,
        r#"[64,8,{},"com.add"]"#,
        r#"[48,9,{},"com.add"]"#,
        "[66,10,3]",
        "[66,11,1]",
    ]);
    alice.expect(&[
        "[65,1,1]",
        r#"[68,1,1,{"procedure":"com.add"}]"#,
        "[65,3,2]",
        "[68,2,2,{}]",
        "[68,3,2,{}]",
        "[67,6]",
        r#"[68,4,1,{"procedure":"com.add"}]"#,
        "[65,8,3]",
        "[68,5,3,{}]",
        "[67,10]",
        "[67,11]",
    ]);
    alice.send_burst(&[r#"[48,12,{},"com.add"]"#]);
    alice.expect_error(48, 12, "wamp.error.no_such_procedure");
}

#[test]
fn registrations_end_with_their_session() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[64,1,{},"com.add"]"#);
    alice.vanish();
    bob.send_burst(&[r#"[48,1,{},"com.add"]"#, r#"[64,2,{},"com.add"]"#]);
    let received = bob.received();
    assert!(received[0].contains("wamp.error.no_such_procedure"), "{received:?}");
    assert_eq!(received[1], "[65,2,2]");
}

#[test]
fn nobody_registers_reserved_procedures() {
    let mut alice = World::new().join("alice");
    let refused = [
        (1, r#"{}"#, "wamp.session.count"),
        (2, r#"{}"#, "wamp"),
        (3, r#"{"match":"prefix"}"#, "wamp."),
        (4, r#"{"match":"wildcard"}"#, "wamp..count"),
        (5, r#"{}"#, "com..add"),
        (6, r#"{}"#, ""),
    ];
    for (request, options, procedure) in refused {
        alice.send(&format!(r#"[64,{request},{options},"{procedure}"]"#));
        alice.expect_error(64, request, "wamp.error.invalid_uri");
    }
    alice.send(r#"[64,7,{"invoke":"loudest"},"com.add"]"#);
    alice.expect_error(64, 7, "wamp.error.option_not_allowed");
}

#[test]
fn a_session_may_hold_only_so_many_registrations() {
    let mut options = crate::realm::RealmOptions::default();
    options.limits.registrations = 1;
    let mut alice = World::with(options).join("alice");
    alice.send(r#"[64,1,{},"com.a"]"#);
    alice.received();
    alice.send(r#"[64,2,{},"com.b"]"#);
    alice.expect_error(64, 2, "router.error.limit_exceeded");
    alice.send_burst(&[r#"[66,3,1]"#, r#"[64,4,{},"com.b"]"#]);
    alice.expect(&["[67,3]", "[65,4,2]"]);
}

/// Three callees that share `com.work`, and a caller.
fn shared(policy: &str) -> (World, [Client; 3], Client) {
    let world = World::new();
    let callees = ["one", "two", "three"].map(|name| {
        let mut callee = world.join(name);
        callee.send(&format!(r#"[64,1,{{"invoke":"{policy}"}},"com.work"]"#));
        callee.expect(&["[65,1,1]"]);
        callee
    });
    let caller = world.join("caller");
    (world, callees, caller)
}

/// Calls once, and tells which callee it went to.
fn called(callees: &[Client], caller: &mut Client, request: u64) -> usize {
    caller.send(&format!(r#"[48,{request},{{}},"com.work"]"#));
    let got: Vec<usize> = callees.iter().map(|callee| callee.received().len()).collect();
    assert_eq!(got.iter().sum::<usize>(), 1, "{got:?}");
    got.iter().position(|&got| got == 1).unwrap()
}

#[test]
fn roundrobin_takes_turns() {
    let (_world, callees, mut caller) = shared("roundrobin");
    let turns: Vec<usize> = (1..=6).map(|request| called(&callees, &mut caller, request)).collect();
    assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn first_and_last_go_by_the_order_of_registration() {
    let (_world, mut callees, mut caller) = shared("first");
    assert_eq!(called(&callees, &mut caller, 1), 0);
    assert_eq!(called(&callees, &mut caller, 2), 0);
    callees[0].vanish();
    caller.received();
    assert_eq!(called(&callees, &mut caller, 3), 1);

    let (_world, mut callees, mut caller) = shared("last");
    assert_eq!(called(&callees, &mut caller, 1), 2);
    callees[2].vanish();
    caller.received();
    assert_eq!(called(&callees, &mut caller, 2), 1);
}

#[test]
fn random_reaches_all() {
    let (_world, callees, mut caller) = shared("random");
    let mut reached = [0; 3];
    for request in 1..=200 {
        reached[called(&callees, &mut caller, request)] += 1;
    }
    assert!(reached.iter().all(|&calls| calls > 20), "{reached:?}");
}

#[test]
fn a_shared_registration_is_joined_with_its_own_policy_only() {
    let (world, mut callees, _caller) = shared("roundrobin");
    let mut late = world.join("late");
    for (request, options) in [(1, "{}"), (2, r#"{"invoke":"single"}"#), (3, r#"{"invoke":"first"}"#)] {
        late.send(&format!(r#"[64,{request},{options},"com.work"]"#));
        late.expect_error(64, request, "wamp.error.procedure_already_exists");
    }
    // It stands until the last callee is gone.
    for callee in &mut callees {
        callee.send(r#"[66,2,1]"#);
        callee.expect(&["[67,2]"]);
    }
    late.send(r#"[64,4,{},"com.work"]"#);
    late.expect(&["[65,4,2]"]);
}

#[test]
fn a_caller_is_disclosed_if_either_side_wants_it() {
    let world = super::receivers::world();
    let mut callee = super::receivers::join(&world, "callee", "service");
    let mut caller = super::receivers::join(&world, "carl", "user");
    callee.send_burst(&[r#"[64,1,{},"com.plain"]"#, r#"[64,2,{"disclose_caller":true},"com.curious"]"#]);
    callee.expect(&["[65,1,1]", "[65,2,2]"]);
    caller.send_burst(&[
        r#"[48,1,{},"com.plain"]"#,
        r#"[48,2,{"disclose_me":true},"com.plain"]"#,
        r#"[48,3,{},"com.curious"]"#,
    ]);
    let disclosed = format!(r#"{{"caller":{},"caller_authid":"carl","caller_authrole":"user"}}"#, caller.id);
    callee.expect(&["[68,1,1,{}]", &format!("[68,2,1,{disclosed}]"), &format!("[68,3,2,{disclosed}]")]);
}
