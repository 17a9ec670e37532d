//! Specification: "Call Canceling", "Call Timeouts" (advanced profile).

use wamp_proto::Serializer;

use super::calls::pair;
use super::world::{BASIC_ROLES, Client, World};
use crate::connection::Flow;

/// A callee and a caller with call 1 under way, with these options.
fn calling(world: &World, options: &str) -> (Client, Client) {
    let (callee, mut caller) = pair(world);
    caller.send(&format!(r#"[48,1,{options},"com.work"]"#));
    assert_eq!(callee.received().len(), 1);
    (callee, caller)
}

#[test]
fn skip_answers_the_caller_and_tells_the_callee_nothing() {
    let world = World::new();
    let (mut callee, mut caller) = calling(&world, "{}");
    caller.send(r#"[49,1,{"mode":"skip"}]"#);
    caller.expect_error(48, 1, "wamp.error.canceled");
    callee.expect(&[]);
    assert_eq!(callee.send(r#"[70,1,{}]"#), Flow::Continue);
    caller.expect(&[]);
}

#[test]
fn kill_waits_for_the_callee() {
    let world = World::new();
    for answer in [r#"[8,68,1,{},"wamp.error.canceled"]"#, r#"[70,1,{},["finished first"]]"#] {
        let world = if answer.starts_with("[70") { World::new() } else { world.clone() };
        let (mut callee, mut caller) = calling(&world, "{}");
        caller.send(r#"[49,1,{"mode":"kill"}]"#);
        caller.expect(&[]);
        callee.expect(&[r#"[69,1,{"mode":"kill"}]"#]);
        // It is told once.
        caller.send(r#"[49,1,{"mode":"kill"}]"#);
        callee.expect(&[]);
        callee.send(answer);
        assert_eq!(caller.received().len(), 1);
    }
}

#[test]
fn killnowait_does_both_at_once() {
    for cancel in [r#"[49,1,{"mode":"killnowait"}]"#, r#"[49,1,{}]"#] {
        let world = World::new();
        let (mut callee, mut caller) = calling(&world, "{}");
        caller.send(cancel);
        caller.expect_error(48, 1, "wamp.error.canceled");
        callee.expect(&[r#"[69,1,{"mode":"killnowait"}]"#]);
        // Whatever the callee still says is ignored.
        assert_eq!(callee.send(r#"[8,68,1,{},"wamp.error.canceled"]"#), Flow::Continue);
        caller.expect(&[]);
    }
}

#[test]
fn a_callee_without_canceling_is_skipped() {
    for mode in ["skip", "kill", "killnowait"] {
        let world = World::new();
        let mut callee = world.join_as("callee", Serializer::Json, BASIC_ROLES);
        callee.send(r#"[64,1,{},"com.work"]"#);
        let mut caller = world.join("caller");
        caller.send(r#"[48,1,{},"com.work"]"#);
        callee.received();
        caller.send(&format!(r#"[49,1,{{"mode":"{mode}"}}]"#));
        caller.expect_error(48, 1, "wamp.error.canceled");
        callee.expect(&[]);
    }
}

#[test]
fn what_is_answered_can_no_longer_be_canceled() {
    let world = World::new();
    let (mut callee, mut caller) = calling(&world, "{}");
    callee.send(r#"[70,1,{}]"#);
    caller.expect(&["[50,1,{}]"]);
    assert_eq!(caller.send(r#"[49,1,{}]"#), Flow::Continue);
    caller.expect(&[]);
    callee.expect(&[]);
}

#[test]
fn an_unknown_mode_is_a_violation() {
    let world = World::new();
    let (_callee, mut caller) = calling(&world, "{}");
    let _ = caller.send(r#"[49,1,{"mode":"gently"}]"#);
    caller.expect_violation("gently");
}

/// Milliseconds; the callee is interrupted as by killnowait.
#[test]
fn a_call_times_out() {
    let world = World::new();
    let (mut callee, caller) = calling(&world, r#"{"timeout":100}"#);
    world.pass(99);
    caller.expect(&[]);
    world.pass(1);
    caller.expect_error(48, 1, "wamp.error.timeout");
    callee.expect(&[r#"[69,1,{"mode":"killnowait"}]"#]);
    assert_eq!(callee.send(r#"[70,1,{}]"#), Flow::Continue);
    caller.expect(&[]);
    assert_eq!(world.realm().next_deadline(), None);
}

#[test]
fn a_timeout_of_zero_is_none() {
    let world = World::new();
    let (mut callee, caller) = calling(&world, r#"{"timeout":0}"#);
    assert_eq!(world.realm().next_deadline(), None);
    world.pass(1_000_000_000);
    callee.send(r#"[70,1,{}]"#);
    caller.expect(&["[50,1,{}]"]);
}

#[test]
fn a_timeout_beyond_all_clocks_is_none() {
    let world = World::new();
    let (_callee, caller) = calling(&world, r#"{"timeout":9007199254740992}"#);
    world.pass(1_000_000_000);
    caller.expect(&[]);
}

#[test]
fn an_answer_ends_the_timeout() {
    let world = World::new();
    let (mut callee, caller) = calling(&world, r#"{"timeout":100}"#);
    callee.send(r#"[70,1,{}]"#);
    caller.expect(&["[50,1,{}]"]);
    assert_eq!(world.realm().next_deadline(), None);
}

/// "The time between received YIELD messages", where results come one by one.
#[test]
fn with_progressive_results_the_timeout_is_the_gap() {
    let world = World::new();
    let (mut callee, caller) = calling(&world, r#"{"timeout":100,"receive_progress":true}"#);
    for _ in 0..3 {
        world.pass(99);
        callee.send(r#"[70,1,{"progress":true}]"#);
        caller.expect(&[r#"[50,1,{"progress":true}]"#]);
    }
    world.pass(100);
    caller.expect_error(48, 1, "wamp.error.timeout");
    callee.expect(&[r#"[69,1,{"mode":"killnowait"}]"#]);
}

#[test]
fn a_callee_may_keep_time_itself() {
    let world = World::new();
    let mut callee = world.join("callee");
    callee.send(r#"[64,1,{"forward_timeout":true},"com.work"]"#);
    callee.received();
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{"timeout":100},"com.work"]"#);
    callee.expect(&[r#"[68,1,1,{"timeout":100}]"#]);
    assert_eq!(world.realm().next_deadline(), None);
    callee.send(r#"[8,68,1,{},"wamp.error.timeout"]"#);
    caller.expect(&[r#"[8,48,1,{},"wamp.error.timeout"]"#]);
}

/// One that has not announced it does not get to.
#[test]
fn forward_timeout_has_to_be_announced() {
    let world = World::new();
    let mut callee = world.join_as("callee", Serializer::Json, BASIC_ROLES);
    callee.send(r#"[64,1,{"forward_timeout":true},"com.work"]"#);
    callee.received();
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{"timeout":100},"com.work"]"#);
    callee.expect(&["[68,1,1,{}]"]);
    world.pass(100);
    caller.expect_error(48, 1, "wamp.error.timeout");
}

#[test]
fn the_alarm_rings_when_a_deadline_is_sooner() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let world = World::new();
    let rung = Arc::new(AtomicUsize::new(0));
    let count = rung.clone();
    world.realm().set_alarm(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let (_callee, mut caller) = pair(&world);
    for (request, timeout, expected) in [(1, 100, 1), (2, 200, 1), (3, 50, 2), (4, 0, 2)] {
        caller.send(&format!(r#"[48,{request},{{"timeout":{timeout}}},"com.work"]"#));
        assert_eq!(rung.load(Ordering::Relaxed), expected);
    }
    let soonest = world.now() + std::time::Duration::from_millis(50);
    assert_eq!(world.realm().next_deadline(), Some(soonest));
}
