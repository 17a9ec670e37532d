//! Specification: "Calling and Invocations", "Caller Leaving" and "Callee Leaving During an RPC
//! Invocation", "Remote Procedure Call Ordering" (basic profile), "Progressive Call Results"
//! (advanced profile).

use wamp_proto::Serializer;

use super::world::{BASIC_ROLES, Client, World};
use crate::connection::Flow;

/// A callee of `com.work` and a caller.
pub(super) fn pair(world: &World) -> (Client, Client) {
    let mut callee = world.join("callee");
    callee.send(r#"[64,1,{},"com.work"]"#);
    callee.expect(&["[65,1,1]"]);
    (callee, world.join("caller"))
}

#[test]
fn a_call_goes_to_the_callee_and_its_result_back() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    caller.send(r#"[48,1,{},"com.work",[1,"a"],{"k":2}]"#);
    callee.expect(&[r#"[68,1,1,{},[1,"a"],{"k":2}]"#]);
    callee.send(r#"[70,1,{},[3],{"l":4}]"#);
    caller.expect(&[r#"[50,1,{},[3],{"l":4}]"#]);
    callee.expect(&[]);
}

#[test]
fn an_error_goes_back_to_the_caller() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    caller.send(r#"[48,1,{},"com.work"]"#);
    callee.send(r#"[8,68,1,{},"com.error.protected",["why"],{"severity":3}]"#);
    caller.expect(&[r#"[8,48,1,{},"com.error.protected",["why"],{"severity":3}]"#]);
}

/// Spellings the specification has two of are accepted in both and passed on in the first.
#[test]
fn an_error_uri_is_spelled_one_way() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    for (request, given, passed_on) in [
        (1, "wamp.error.cancelled", "wamp.error.canceled"),
        (2, "wamp.error.canceled", "wamp.error.canceled"),
        (3, "wamp.error.disclose_me.not_allowed", "wamp.error.option_disallowed.disclose_me"),
        (4, "wamp.error.option_disallowed.disclose_me", "wamp.error.option_disallowed.disclose_me"),
        (5, "wamp.error.of_our_own", "wamp.error.of_our_own"),
    ] {
        caller.send(&format!(r#"[48,{request},{{}},"com.work"]"#));
        callee.send(&format!(r#"[8,68,{request},{{}},"{given}"]"#));
        caller.expect(&[&format!(r#"[8,48,{request},{{}},"{passed_on}"]"#)]);
    }
    // What is no URI could end the caller's session.
    caller.send(r#"[48,6,{},"com.work"]"#);
    callee.send(r#"[8,68,6,{},"went wrong!"]"#);
    caller.expect_error(48, 6, "wamp.error.invalid_uri");
}

#[test]
fn a_call_to_nobody_is_refused() {
    let mut caller = World::new().join("caller");
    caller.send(r#"[48,1,{},"com.nothing"]"#);
    caller.expect_error(48, 1, "wamp.error.no_such_procedure");
    caller.send(r#"[48,2,{},"no uri"]"#);
    caller.expect_error(48, 2, "wamp.error.invalid_uri");
}

#[test]
fn invocation_ids_count_per_callee() {
    let world = World::new();
    let (mut one, mut caller) = pair(&world);
    let mut two = world.join("two");
    two.send(r#"[64,1,{},"com.two"]"#);
    two.received();
    caller.send_burst(&[
        r#"[48,1,{},"com.work"]"#,
        r#"[48,2,{},"com.two"]"#,
        r#"[48,3,{},"com.nothing"]"#,
        r#"[48,4,{},"com.work"]"#,
        r#"[48,5,{},"com.two"]"#,
    ]);
    one.expect(&["[68,1,1,{}]", "[68,2,1,{}]"]);
    two.expect(&["[68,1,2,{}]", "[68,2,2,{}]"]);
    two.send(r#"[70,2,{},["second of two"]]"#);
    one.send_burst(&[r#"[70,2,{},["second of one"]]"#, r#"[70,1,{},["first of one"]]"#]);
    let received = caller.received();
    assert!(received[0].contains("no_such_procedure"));
    assert_eq!(
        received[1..],
        [r#"[50,5,{},["second of two"]]"#, r#"[50,4,{},["second of one"]]"#, r#"[50,1,{},["first of one"]]"#]
    );
}

/// "Callee A will first receive an invocation corresponding to Call 1 and then Call 2."
#[test]
fn invocations_keep_the_order_of_the_calls() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    callee.send(r#"[64,2,{},"com.other"]"#);
    callee.received();
    caller.send_burst(&[r#"[48,1,{},"com.work",[1]]"#, r#"[48,2,{},"com.other",[2]]"#, r#"[48,3,{},"com.work",[3]]"#]);
    callee.expect(&["[68,1,1,{},[1]]", "[68,2,2,{},[2]]", "[68,3,1,{},[3]]"]);
}

#[test]
fn a_session_can_call_itself() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send_burst(&[r#"[64,1,{},"com.echo"]"#, r#"[48,2,{},"com.echo",["me"]]"#]);
    alice.expect(&["[65,1,1]", r#"[68,1,1,{},["me"]]"#]);
    alice.send(r#"[70,1,{},["me"]]"#);
    alice.expect(&[r#"[50,2,{},["me"]]"#]);
    // Waiting for oneself does not keep one from going, nor is it answered.
    alice.send_burst(&[r#"[48,3,{},"com.echo"]"#, r#"[6,{},"wamp.close.close_realm"]"#]);
    alice.expect(&["[68,2,1,{}]", r#"[6,{},"wamp.close.goodbye_and_out"]"#, "close 1000"]);
    assert!(world.realm().is_empty());
}

#[test]
fn the_answer_to_an_invocation_never_made_is_a_violation() {
    for answer in [r#"[70,1,{}]"#, r#"[8,68,1,{},"com.error"]"#, r#"[70,7,{}]"#] {
        let world = World::new();
        let (mut callee, _caller) = pair(&world);
        assert!(matches!(callee.send(answer), Flow::Close(..)));
        callee.expect_violation("never made");
    }
}

#[test]
fn a_clients_error_is_about_an_invocation() {
    for kind in [16, 32, 48, 64, 70, 1] {
        let world = World::new();
        let (mut callee, mut caller) = pair(&world);
        caller.send(r#"[48,1,{},"com.work"]"#);
        callee.received();
        let _ = callee.send(&format!(r#"[8,{kind},1,{{}},"com.error"]"#));
        callee.expect_violation("REQUEST.Type");
    }
}

/// A second answer comes too late; it is dropped and does no harm.
#[test]
fn a_call_is_answered_once() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    caller.send(r#"[48,1,{},"com.work"]"#);
    callee.received();
    callee.send_burst(&[r#"[70,1,{},[1]]"#, r#"[70,1,{},[2]]"#, r#"[8,68,1,{},"com.error"]"#]);
    caller.expect(&["[50,1,{},[1]]"]);
    assert!(callee.session.as_ref().unwrap().is_joined());
}

#[test]
fn a_callee_that_leaves_cancels_its_calls() {
    let world = World::new();
    for goodbye in [true, false] {
        let (mut callee, mut caller) = pair(&world);
        caller.send_burst(&[r#"[48,1,{},"com.work"]"#, r#"[48,2,{},"com.work"]"#]);
        if goodbye {
            callee.send(r#"[6,{},"wamp.close.close_realm"]"#);
        } else {
            callee.vanish();
        }
        let mut received = caller.received();
        received.sort();
        assert!(received[0].starts_with(r#"[8,48,1,{},"wamp.error.canceled""#), "{received:?}");
        assert!(received[1].starts_with(r#"[8,48,2,{},"wamp.error.canceled""#), "{received:?}");
        assert_eq!(received.len(), 2);
        caller.vanish();
        // The registration ids go on counting; the realm is the same.
        if goodbye {
            let mut next = world.join("next");
            next.send(r#"[64,1,{},"com.unrelated"]"#);
            next.vanish();
            return;
        }
    }
}

#[test]
fn a_caller_that_leaves_interrupts_its_calls() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    caller.send(r#"[48,1,{},"com.work"]"#);
    callee.received();
    caller.vanish();
    callee.expect(&[r#"[69,1,{"mode":"killnowait"}]"#]);
    // Its answer is for nobody.
    assert_eq!(callee.send(r#"[70,1,{},[1]]"#), Flow::Continue);
    callee.expect(&[]);
}

#[test]
fn a_callee_without_canceling_is_not_interrupted() {
    let world = World::new();
    let mut callee = world.join_as("callee", Serializer::Json, BASIC_ROLES);
    callee.send(r#"[64,1,{},"com.work"]"#);
    callee.received();
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{},"com.work"]"#);
    callee.received();
    caller.vanish();
    callee.expect(&[]);
}

#[test]
fn unregistering_does_not_end_invocations() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    caller.send(r#"[48,1,{},"com.work"]"#);
    callee.send_burst(&[r#"[66,2,1]"#, r#"[70,1,{},["done"]]"#]);
    caller.expect(&[r#"[50,1,{},["done"]]"#]);
}

/// A callee that does not read is given up, and its callers are told at once.
#[test]
fn a_call_that_cannot_be_delivered_is_refused() {
    let world = World::new();
    // The callee's wire takes nothing.
    let mut callee = world.connect_with(Serializer::Json, true, 4096);
    callee.hello("callee", super::world::ALL_ROLES);
    callee.send(r#"[64,1,{},"com.work"]"#);
    callee.received();
    let mut caller = world.join("caller");
    let payload = "x".repeat(1 << 20);
    let mut request = 0;
    let refused = loop {
        request += 1;
        caller.send(&format!(r#"[48,{request},{{}},"com.work",["{payload}"]]"#));
        let received = caller.received();
        if !received.is_empty() {
            break received;
        }
        assert!(request < 20, "a callee that reads nothing was sent 20 MiB");
    };
    assert!(refused[0].starts_with(&format!(r#"[8,48,{request},{{}},"wamp.error.unavailable""#)), "{refused:?}");
    // The callee's connection notices that its outbox is closed, and ends.
    callee.vanish();
    assert_eq!(caller.received().len(), usize::try_from(request).unwrap() - 1);
}

#[test]
fn a_session_may_wait_for_only_so_many_calls() {
    let mut options = crate::realm::RealmOptions::default();
    options.limits.calls = 2;
    let world = World::with(options);
    let (mut callee, mut caller) = pair(&world);
    caller.send_burst(&[r#"[48,1,{},"com.work"]"#, r#"[48,2,{},"com.work"]"#]);
    caller.expect(&[]);
    caller.send(r#"[48,3,{},"com.work"]"#);
    caller.expect_error(48, 3, "router.error.limit_exceeded");
    callee.send(r#"[70,1,{}]"#);
    caller.send(r#"[48,4,{},"com.work"]"#);
    caller.expect(&["[50,1,{}]"]);
}

#[test]
fn progressive_results_end_with_a_final_one() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    caller.send(r#"[48,1,{"receive_progress":true},"com.work"]"#);
    callee.expect(&[r#"[68,1,1,{"receive_progress":true}]"#]);
    callee.send_burst(&[r#"[70,1,{"progress":true},[1]]"#, r#"[70,1,{"progress":true}]"#, r#"[70,1,{},[2]]"#]);
    caller.expect(&[r#"[50,1,{"progress":true},[1]]"#, r#"[50,1,{"progress":true}]"#, "[50,1,{},[2]]"]);
    // Or with an error.
    caller.send(r#"[48,2,{"receive_progress":true},"com.work"]"#);
    callee.send_burst(&[
        r#"[70,2,{"progress":true},[1]]"#,
        r#"[8,68,2,{},"com.error"]"#,
        r#"[70,2,{"progress":true}]"#,
    ]);
    caller.expect(&[r#"[50,2,{"progress":true},[1]]"#, r#"[8,48,2,{},"com.error"]"#]);
}

#[test]
fn progressive_results_come_only_if_asked_for() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    caller.send(r#"[48,1,{},"com.work"]"#);
    callee.expect(&["[68,1,1,{}]"]);
    callee.send_burst(&[r#"[70,1,{"progress":true},[1]]"#, r#"[70,1,{},[2]]"#]);
    caller.expect(&["[50,1,{},[2]]"]);
}

/// A callee that has not announced them is not told that the caller would take them.
#[test]
fn progressive_results_have_to_be_announced() {
    let world = World::new();
    let mut callee = world.join_as("callee", Serializer::Json, BASIC_ROLES);
    callee.send(r#"[64,1,{},"com.work"]"#);
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{"receive_progress":true},"com.work"]"#);
    callee.expect(&["[65,1,1]", "[68,1,1,{}]"]);
}

/// autobahn-js announces progressive results without canceling, and works on other routers.
#[test]
fn progressive_results_do_not_need_canceling() {
    let world = World::new();
    let roles = r#"{"callee":{"features":{"progressive_call_results":true}}}"#;
    let mut callee = world.join_as("callee", Serializer::Json, roles);
    callee.send(r#"[64,1,{},"com.work"]"#);
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{"receive_progress":true},"com.work"]"#);
    callee.expect(&["[65,1,1]", r#"[68,1,1,{"receive_progress":true}]"#]);
    // And `kill` behaves as `skip`.
    caller.send(r#"[49,1,{"mode":"kill"}]"#);
    caller.expect_error(48, 1, "wamp.error.canceled");
    callee.expect(&[]);
}

#[test]
fn passthru_goes_along_both_ways() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    let options = r#"{"ppt_scheme":"x_ours","ppt_keyid":"k"}"#;
    caller.send(&format!(r#"[48,1,{options},"com.work",["x"]]"#));
    callee.expect(&[&format!(r#"[68,1,1,{options},["x"]]"#)]);
    callee.send(&format!(r#"[70,1,{options},["y"]]"#));
    caller.expect(&[&format!(r#"[50,1,{options},["y"]]"#)]);
    caller.send(r#"[48,2,{},"com.work"]"#);
    callee.send(&format!(r#"[8,68,2,{options},"com.error",["z"]]"#));
    caller.expect(&[&format!(r#"[8,48,2,{options},"com.error",["z"]]"#)]);
}

#[test]
fn passthru_needs_both_sides() {
    let world = World::new();
    let mut basic = world.join_as("basic", Serializer::Json, BASIC_ROLES);
    basic.send(r#"[64,1,{},"com.basic"]"#);
    basic.received();
    let (mut callee, mut caller) = pair_as(&world, "com.full");
    caller.send(r#"[48,1,{"ppt_scheme":"x_ours"},"com.basic",["x"]]"#);
    caller.expect_error(48, 1, "wamp.error.feature_not_supported");
    basic.expect(&[]);
    // The callee answers in passthru mode a caller that can't take it.
    basic.send(r#"[48,2,{},"com.full"]"#);
    callee.received();
    callee.send(r#"[70,1,{"ppt_scheme":"x_ours"},["x"]]"#);
    basic.expect_error(48, 2, "wamp.error.feature_not_supported");
    callee.expect_error(70, 1, "wamp.error.feature_not_supported");
    // Nobody may use what it has not announced.
    let _ = basic.send(r#"[48,3,{"ppt_scheme":"x_ours"},"com.full",["x"]]"#);
    basic.expect_violation("payload_passthru_mode");
}

fn pair_as(world: &World, procedure: &str) -> (Client, Client) {
    let mut callee = world.join("callee");
    callee.send(&format!(r#"[64,1,{{}},"{procedure}"]"#));
    callee.received();
    (callee, world.join("caller"))
}

#[test]
fn a_call_crosses_serializers() {
    let world = World::new();
    for (index, serializer) in Serializer::ALL.into_iter().enumerate() {
        let mut callee = world.join_as("callee", serializer, BASIC_ROLES);
        callee.send(r#"[64,1,{},"com.work"]"#);
        callee.received();
        for serializer in Serializer::ALL {
            let mut caller = world.join_as("caller", serializer, BASIC_ROLES);
            caller.send(r#"[48,1,{},"com.work",[1.5,"ü",null],{"k":[1]}]"#);
            let received = callee.received();
            assert!(received[0].ends_with(r#"{},[1.5,"ü",null],{"k":[1]}]"#), "{received:?}");
            let invocation: u64 = received[0].split(',').nth(1).unwrap().parse().unwrap();
            callee.send(&format!(r#"[70,{invocation},{{}},[{index}]]"#));
            caller.expect(&[&format!("[50,1,{{}},[{index}]]")]);
        }
        callee.vanish();
    }
}
