//! How many calls a callee takes at once. Crossbar's option `concurrency`; the specification has
//! only the error.

use wamp_proto::Serializer;

use super::world::{BASIC_ROLES, Client, World};

/// Callees of `com.work`, all with these options.
fn callees<const N: usize>(world: &World, names: [&str; N], options: &str) -> [Client; N] {
    names.map(|name| {
        let mut callee = world.join(name);
        callee.send(&format!(r#"[64,1,{options},"com.work"]"#));
        callee.expect(&["[65,1,1]"]);
        callee
    })
}

fn call(caller: &mut Client, request: u64) {
    caller.send(&format!(r#"[48,{request},{{}},"com.work"]"#));
}

#[track_caller]
fn expect_busy(caller: &Client, request: u64) {
    caller.expect_error(48, request, "wamp.error.no_available_callee");
}

/// Nothing waits in the router: what no callee takes is refused at once.
#[test]
fn a_call_beyond_the_limit_is_refused() {
    let world = World::new();
    let [callee] = callees(&world, ["callee"], r#"{"concurrency":2}"#);
    let mut caller = world.join("caller");
    call(&mut caller, 1);
    call(&mut caller, 2);
    assert_eq!(callee.received().len(), 2);
    call(&mut caller, 3);
    expect_busy(&caller, 3);
    callee.expect(&[]);
}

#[test]
fn every_end_of_a_call_makes_room_for_another() {
    type End = fn(&mut Client, &mut Client, &World);
    let ends: [(&str, End); 7] = [
        ("result", |callee, _, _| drop(callee.send("[70,1,{}]"))),
        ("error", |callee, _, _| drop(callee.send(r#"[8,68,1,{},"com.error"]"#))),
        ("skip", |_, caller, _| drop(caller.send(r#"[49,1,{"mode":"skip"}]"#))),
        ("killnowait", |_, caller, _| drop(caller.send(r#"[49,1,{"mode":"killnowait"}]"#))),
        ("kill", |callee, caller, _| {
            caller.send(r#"[49,1,{"mode":"kill"}]"#);
            callee.send(r#"[8,68,1,{},"wamp.error.canceled"]"#);
        }),
        ("timeout", |_, _, world| world.pass(100)),
        ("leaving", |_, caller, _| caller.vanish()),
    ];
    for (how, end) in ends {
        let world = World::new();
        let [mut callee] = callees(&world, ["callee"], r#"{"concurrency":1}"#);
        let mut caller = world.join("caller");
        let mut other = world.join("other");
        caller.send(r#"[48,1,{"timeout":100},"com.work"]"#);
        callee.received();
        call(&mut other, 1);
        expect_busy(&other, 1);
        end(&mut callee, &mut caller, &world);
        callee.received();
        call(&mut other, 2);
        callee.expect(&["[68,2,1,{}]"]);
        call(&mut other, 3);
        assert!(other.received()[0].contains("no_available_callee"), "after {how} there was room for two");
    }
}

/// A progressive result is not the end of a call, nor is a CANCEL that waits for the callee.
#[test]
fn what_does_not_end_a_call_makes_no_room() {
    let world = World::new();
    let [mut callee] = callees(&world, ["callee"], r#"{"concurrency":1}"#);
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{"receive_progress":true},"com.work"]"#);
    callee.send(r#"[70,1,{"progress":true}]"#);
    caller.expect(&[r#"[50,1,{"progress":true}]"#]);
    call(&mut caller, 2);
    expect_busy(&caller, 2);
    caller.send(r#"[49,1,{"mode":"kill"}]"#);
    call(&mut caller, 3);
    expect_busy(&caller, 3);
}

#[test]
fn a_call_that_is_refused_takes_no_room() {
    let world = World::new();
    let mut callee = world.join_as("callee", Serializer::Json, BASIC_ROLES);
    callee.send(r#"[64,1,{"concurrency":1},"com.work"]"#);
    callee.received();
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{"ppt_scheme":"x_ours"},"com.work"]"#);
    caller.expect_error(48, 1, "wamp.error.feature_not_supported");
    call(&mut caller, 2);
    callee.expect(&["[68,1,1,{}]"]);
}

/// Those that are full are passed over, and turns are taken among the others.
#[test]
fn a_full_callee_is_passed_over() {
    let world = World::new();
    let [mut one, two, three] = callees(&world, ["one", "two", "three"], r#"{"invoke":"roundrobin","concurrency":1}"#);
    let mut caller = world.join("caller");
    for request in 1..=3 {
        call(&mut caller, request);
    }
    for callee in [&one, &two, &three] {
        callee.expect(&["[68,1,1,{}]"]);
    }
    call(&mut caller, 4);
    expect_busy(&caller, 4);
    one.send("[70,1,{}]");
    caller.expect(&["[50,1,{}]"]);
    call(&mut caller, 5);
    one.expect(&["[68,2,1,{}]"]);
}

#[test]
fn turns_go_on_after_one_that_is_passed_over() {
    let world = World::new();
    let [one] = callees(&world, ["one"], r#"{"invoke":"roundrobin","concurrency":1}"#);
    let others = callees(&world, ["two", "three"], r#"{"invoke":"roundrobin"}"#);
    let mut caller = world.join("caller");
    call(&mut caller, 1);
    assert_eq!(one.received().len(), 1);
    for request in 2..=9 {
        call(&mut caller, request);
        let [two, three] = [0, 1].map(|other: usize| others[other].received().len());
        assert_eq!((two, three), if request % 2 == 0 { (1, 0) } else { (0, 1) }, "call {request}");
    }
    one.expect(&[]);
}

#[test]
fn first_and_last_go_on_to_the_next_one() {
    for (policy, order) in [("first", [0, 1, 2]), ("last", [2, 1, 0])] {
        let world = World::new();
        let options = format!(r#"{{"invoke":"{policy}","concurrency":1}}"#);
        let callees = callees(&world, ["one", "two", "three"], &options);
        let mut caller = world.join("caller");
        for (index, request) in order.into_iter().zip(1..) {
            call(&mut caller, request);
            assert_eq!(callees[index].received().len(), 1, "{policy}, call {request}");
        }
        call(&mut caller, 4);
        expect_busy(&caller, 4);
    }
}

#[test]
fn random_finds_the_only_one_that_is_free() {
    let world = World::new();
    let [mut one, mut two] = callees(&world, ["one", "two"], r#"{"invoke":"random","concurrency":1}"#);
    let mut caller = world.join("caller");
    for request in 1..=2 {
        call(&mut caller, request);
    }
    for request in 3..=50 {
        // The one that got a call last answers.
        let callee = if request % 2 == 0 { &mut one } else { &mut two };
        let Some(invocation) = callee.received().pop() else { panic!("call {} did not come", request - 2) };
        let invocation: u64 = invocation.split(',').nth(1).unwrap().parse().unwrap();
        callee.send(&format!("[70,{invocation},{{}}]"));
        assert_eq!(caller.received().len(), 1);
        call(&mut caller, request);
        caller.expect(&[]);
    }
}

/// Each callee has its own limit, for each of its registrations, or none.
#[test]
fn limits_are_each_callees_own() {
    let world = World::new();
    let mut one = world.join("one");
    let mut two = world.join("two");
    one.send_burst(&[r#"[64,1,{"invoke":"first","concurrency":1},"com.work"]"#, r#"[64,2,{},"com.free"]"#]);
    one.expect(&["[65,1,1]", "[65,2,2]"]);
    two.send(r#"[64,1,{"invoke":"first"},"com.work"]"#);
    two.expect(&["[65,1,1]"]);
    let mut caller = world.join("caller");
    for request in 1..=4 {
        call(&mut caller, request);
    }
    caller.send(r#"[48,5,{},"com.free"]"#);
    caller.expect(&[]);
    one.expect(&["[68,1,1,{}]", "[68,2,2,{}]"]);
    assert_eq!(two.received().len(), 3);
}

#[test]
fn a_limit_of_zero_makes_no_sense() {
    let mut callee = World::new().join("callee");
    callee.send(r#"[64,1,{"concurrency":0},"com.work"]"#);
    callee.expect_error(64, 1, "wamp.error.option_not_allowed");
}
