//! Specification: "Progressive Call Invocations" (advanced profile).

use wamp_proto::Serializer;

use super::calls::pair;
use super::world::{ALL_ROLES, BASIC_ROLES, Client, World};
use crate::connection::Flow;

/// A callee and a caller with the first piece of call 1, sent with `progress` and these options.
fn uploading(world: &World, options: &str) -> (Client, Client) {
    let (callee, mut caller) = pair(world);
    caller.send(&format!(r#"[48,1,{{"progress":true{options}}},"com.work",[1]]"#));
    assert_eq!(callee.received().len(), 1);
    (callee, caller)
}

/// "The Caller must send the same Request|id for every CALL and the Dealer must also use the same
/// Request|id with every INVOCATION to the Callee."
#[test]
fn all_pieces_have_the_id_of_the_first() {
    let world = World::new();
    let (mut callee, mut caller) = pair(&world);
    caller.send_burst(&[
        r#"[48,1,{"progress":true},"com.work",[1]]"#,
        r#"[48,2,{},"com.work",["another call"]]"#,
        r#"[48,1,{"progress":true},"com.work",[2],{"k":3}]"#,
        r#"[48,1,{},"com.work"]"#,
    ]);
    callee.expect(&[
        r#"[68,1,1,{"progress":true},[1]]"#,
        r#"[68,2,1,{},["another call"]]"#,
        r#"[68,1,1,{"progress":true},[2],{"k":3}]"#,
        "[68,1,1,{}]",
    ]);
    callee.send_burst(&[r#"[70,1,{},["all"]]"#, "[70,2,{}]"]);
    caller.expect(&[r#"[50,1,{},["all"]]"#, "[50,2,{}]"]);
    caller.send(r#"[48,3,{},"com.work"]"#);
    callee.expect(&["[68,3,1,{}]"]);
}

/// "Treated as protocol errors with the underlying WAMP sessions being aborted: the Caller did
/// not announce the progressive call invocations feature."
#[test]
fn a_caller_must_announce_it() {
    let world = World::new();
    let mut caller = world.join_as("caller", Serializer::Json, BASIC_ROLES);
    let _ = caller.send(r#"[48,1,{"progress":true},"com.work"]"#);
    caller.expect_violation("progressive_call_invocations");
    // Nor may it use an id again.
    let mut caller = world.join_as("caller", Serializer::Json, BASIC_ROLES);
    let _ = caller.send_burst(&[r#"[48,1,{},"com.work"]"#, r#"[48,1,{},"com.work"]"#]);
    caller.expect_violation("CALL has the request id 1, but 2 was due");
}

/// "If a Callee doesn't support this feature, the Dealer MUST respond to the Caller with an
/// wamp.error.feature_not_supported error message." One without canceling counts as such.
#[test]
fn a_callee_must_announce_it_and_canceling() {
    let world = World::new();
    for (features, supported) in [
        ("", false),
        (r#""progressive_call_invocations":true"#, false),
        (r#""call_canceling":true"#, false),
        (r#""progressive_call_invocations":true,"call_cancelling":true"#, true),
    ] {
        let roles = format!(r#"{{"callee":{{"features":{{{features}}}}}}}"#);
        let mut callee = world.join_as("callee", Serializer::Json, &roles);
        callee.send(r#"[64,1,{},"com.work"]"#);
        callee.received();
        let mut caller = world.join("caller");
        caller.send(r#"[48,1,{"progress":true},"com.work"]"#);
        assert_eq!(callee.received().len(), usize::from(supported), "{features}");
        if !supported {
            caller.expect_error(48, 1, "wamp.error.feature_not_supported");
            // What was sent meanwhile is for nobody.
            caller.send(r#"[48,1,{},"com.work"]"#);
            caller.expect(&[]);
        }
        callee.vanish();
    }
}

#[test]
fn the_routers_own_procedures_take_no_pieces() {
    let mut caller = World::new().join("caller");
    caller.send_burst(&[r#"[48,1,{"progress":true},"wamp.session.count"]"#, r#"[48,1,{},"wamp.session.count"]"#]);
    caller.expect_error(48, 1, "wamp.error.feature_not_supported");
}

/// "The Dealer MUST make a first INVOCATION based on <invocation_policy> and then route all
/// subsequent progressive calls to the same Callee."
#[test]
fn all_pieces_go_to_the_same_callee() {
    let world = World::new();
    let mut callees = ["one", "two"].map(|name| {
        let mut callee = world.join(name);
        callee.send(r#"[64,1,{"invoke":"roundrobin"},"com.work"]"#);
        callee.received();
        callee
    });
    let mut caller = world.join("caller");
    for _ in 0..3 {
        caller.send(r#"[48,1,{"progress":true},"com.work"]"#);
    }
    assert_eq!(callees[0].received().len(), 3);
    callees[1].expect(&[]);
    // Even if it has unregistered meanwhile.
    callees[0].send(r#"[66,2,1]"#);
    caller.send(r#"[48,1,{},"com.work"]"#);
    callees[0].expect(&["[67,2]", "[68,1,1,{}]"]);
    callees[0].send(r#"[70,1,{}]"#);
    caller.expect(&["[50,1,{}]"]);
}

/// "Except for progress, items in the Options dictionary of the initiating progressive CALL shall
/// be effective for the entirety of the progressive call request."
#[test]
fn options_are_frozen_by_the_first_piece() {
    let world = super::receivers::world();
    let mut callee = super::receivers::join(&world, "callee", "service");
    let mut caller = super::receivers::join(&world, "carl", "user");
    callee.send(r#"[64,1,{"match":"prefix","forward_timeout":true},"com"]"#);
    callee.received();
    caller.send_burst(&[
        r#"[48,1,{"progress":true,"disclose_me":true,"timeout":500,"receive_progress":true,"ppt_scheme":"x_ours","ppt_keyid":"k"},"com.work",["a"]]"#,
        r#"[48,1,{"progress":true,"disclose_me":false,"timeout":7,"ppt_scheme":"x_other","ppt_cipher":"c"},"com.work",["b"]]"#,
        r#"[48,1,{},"com.work",["c"]]"#,
    ]);
    let details = |progress: &str| {
        let id = caller.id;
        format!(
            r#"{{"procedure":"com.work","caller":{id},"caller_authid":"carl","caller_authrole":"user","timeout":500,"receive_progress":true,{progress}"ppt_scheme":"x_ours","ppt_keyid":"k"}}"#
        )
    };
    let more = details(r#""progress":true,"#);
    callee.expect(&[
        &format!(r#"[68,1,1,{more},["a"]]"#),
        &format!(r#"[68,1,1,{more},["b"]]"#),
        &format!(r#"[68,1,1,{},["c"]]"#, details("")),
    ]);
}

/// An option that comes later has no effect: there is no timeout, and no progress in the results.
#[test]
fn options_of_later_pieces_are_ignored() {
    let world = World::new();
    let (mut callee, mut caller) = uploading(&world, "");
    caller.send(r#"[48,1,{"progress":true,"timeout":10,"receive_progress":true},"com.work"]"#);
    callee.expect(&[r#"[68,1,1,{"progress":true}]"#]);
    world.pass(1_000);
    callee.send(r#"[70,1,{"progress":true}]"#);
    caller.expect(&[]);
}

/// "When a Dealer receives a CALL with a request ID that is greater than one above the watermark
/// … MUST always be treated as a protocol violation."
#[test]
fn a_gap_in_the_ids_is_a_violation() {
    let world = World::new();
    let (_callee, mut caller) = uploading(&world, "");
    let _ = caller.send_burst(&[r#"[48,2,{},"com.work"]"#, r#"[48,4,{},"com.work"]"#]);
    caller.expect_violation("CALL has the request id 4, but 3 was due");
}

/// Only CALL may use an id again.
#[test]
fn other_requests_do_not_use_an_id_again() {
    let world = World::new();
    let (_callee, mut caller) = uploading(&world, "");
    let _ = caller.send(r#"[32,1,{},"com.topic"]"#);
    caller.expect_violation("SUBSCRIBE has the request id 1, but 2 was due");
}

/// "If record.is_progressive_invocation_call() … else abort_session(protocol_violation)"
#[test]
fn a_call_that_came_whole_does_not_go_on() {
    let world = World::new();
    let (_callee, mut caller) = pair(&world);
    let _ = caller.send_burst(&[r#"[48,1,{},"com.work"]"#, r#"[48,1,{"progress":true},"com.work"]"#]);
    caller.expect_violation("takes no more arguments");
}

/// "A call invocation MUST always end in a normal CALL": nothing follows that one.
#[test]
fn nothing_follows_the_last_piece() {
    let world = World::new();
    let (_callee, mut caller) = uploading(&world, "");
    let _ = caller.send_burst(&[r#"[48,1,{},"com.work"]"#, r#"[48,1,{},"com.work"]"#]);
    caller.expect_violation("takes no more arguments");
}

/// "It MUST ignore and discard that CALL message without any further correlated response."
#[test]
fn a_piece_of_a_completed_call_is_dropped() {
    for answer in [r#"[70,1,{}]"#, r#"[8,68,1,{},"com.error"]"#] {
        let world = World::new();
        let (mut callee, mut caller) = uploading(&world, "");
        callee.send(answer);
        assert_eq!(caller.received().len(), 1);
        for options in [r#"{"progress":true}"#, "{}", "{}"] {
            assert_eq!(caller.send(&format!(r#"[48,1,{options},"com.work",[2]]"#)), Flow::Continue);
        }
        caller.expect(&[]);
        callee.expect(&[]);
    }
}

/// `active_call_records.contains(request_id, procedure_uri)`
#[test]
fn a_piece_for_another_procedure_is_dropped() {
    let world = World::new();
    let (mut callee, mut caller) = uploading(&world, "");
    callee.send(r#"[64,2,{},"com.other"]"#);
    callee.received();
    assert_eq!(caller.send(r#"[48,1,{"progress":true},"com.other"]"#), Flow::Continue);
    caller.expect(&[]);
    callee.expect(&[]);
}

#[test]
fn the_callee_may_answer_before_the_last_piece() {
    let world = World::new();
    let (mut callee, mut caller) = uploading(&world, r#","receive_progress":true"#);
    callee.send(r#"[70,1,{"progress":true},["got 1"]]"#);
    caller.expect(&[r#"[50,1,{"progress":true},["got 1"]]"#]);
    caller.send(r#"[48,1,{"progress":true},"com.work",[2]]"#);
    callee.expect(&[r#"[68,1,1,{"receive_progress":true,"progress":true},[2]]"#]);
    callee.send_burst(&[r#"[70,1,{"progress":true},["got 2"]]"#, r#"[70,1,{},["enough"]]"#]);
    caller.expect(&[r#"[50,1,{"progress":true},["got 2"]]"#, r#"[50,1,{},["enough"]]"#]);
}

/// "The Dealer sends an INTERRUPT to the Callee with mode=killnowait."
#[test]
fn a_caller_that_leaves_interrupts_its_upload() {
    let world = World::new();
    let (callee, mut caller) = uploading(&world, "");
    caller.send(r#"[48,1,{"progress":true},"com.work"]"#);
    callee.received();
    caller.vanish();
    callee.expect(&[r#"[69,1,{"mode":"killnowait"}]"#]);
}

/// "The Dealer sends an ERROR message to the Caller with the wamp.error.canceled URI."
#[test]
fn a_callee_that_leaves_cancels_an_upload() {
    let world = World::new();
    let (mut callee, mut caller) = uploading(&world, "");
    callee.vanish();
    caller.expect_error(48, 1, "wamp.error.canceled");
    caller.send(r#"[48,1,{},"com.work"]"#);
    caller.expect(&[]);
}

#[test]
fn an_upload_can_be_canceled() {
    for (mode, told) in [("skip", None), ("killnowait", Some(r#"[69,1,{"mode":"killnowait"}]"#))] {
        let world = World::new();
        let (callee, mut caller) = uploading(&world, "");
        caller.send(&format!(r#"[49,1,{{"mode":"{mode}"}}]"#));
        caller.expect_error(48, 1, "wamp.error.canceled");
        assert_eq!(callee.received().first().map(String::as_str), told);
        caller.send(r#"[48,1,{},"com.work"]"#);
        caller.expect(&[]);
        callee.expect(&[]);
    }
}

/// The caller still waits for the callee, which gets no more of what it was told to stop.
#[test]
fn after_kill_no_more_pieces_go_to_the_callee() {
    let world = World::new();
    let (mut callee, mut caller) = uploading(&world, "");
    caller.send_burst(&[r#"[49,1,{"mode":"kill"}]"#, r#"[48,1,{"progress":true},"com.work"]"#]);
    callee.expect(&[r#"[69,1,{"mode":"kill"}]"#]);
    callee.send(r#"[8,68,1,{},"wamp.error.canceled"]"#);
    caller.expect(&[r#"[8,48,1,{},"wamp.error.canceled"]"#]);
}

/// The time counts from the first CALL on; pieces do not put it off.
#[test]
fn an_upload_times_out() {
    let world = World::new();
    let (callee, mut caller) = uploading(&world, r#","timeout":100"#);
    for _ in 0..3 {
        world.pass(33);
        caller.send(r#"[48,1,{"progress":true},"com.work"]"#);
        callee.expect(&[r#"[68,1,1,{"progress":true}]"#]);
    }
    world.pass(1);
    caller.expect_error(48, 1, "wamp.error.timeout");
    callee.expect(&[r#"[69,1,{"mode":"killnowait"}]"#]);
    caller.send(r#"[48,1,{},"com.work"]"#);
    caller.expect(&[]);
    callee.expect(&[]);
}

/// With progressive results the time is the gap between two of them, as for other calls.
#[test]
fn progressive_results_put_the_timeout_of_an_upload_off() {
    let world = World::new();
    let (mut callee, caller) = uploading(&world, r#","timeout":100,"receive_progress":true"#);
    for _ in 0..3 {
        world.pass(99);
        callee.send(r#"[70,1,{"progress":true}]"#);
        caller.expect(&[r#"[50,1,{"progress":true}]"#]);
    }
    world.pass(100);
    caller.expect_error(48, 1, "wamp.error.timeout");
}

/// All pieces together are one call for the callee's limit.
#[test]
fn an_upload_takes_one_place() {
    let world = World::new();
    let mut callee = world.join("callee");
    callee.send(r#"[64,1,{"concurrency":1},"com.work"]"#);
    callee.received();
    let mut caller = world.join("caller");
    caller.send_burst(&[r#"[48,1,{"progress":true},"com.work"]"#, r#"[48,1,{},"com.work"]"#]);
    assert_eq!(callee.received().len(), 2);
    caller.send(r#"[48,2,{},"com.work"]"#);
    caller.expect_error(48, 2, "wamp.error.no_available_callee");
    callee.send("[70,1,{}]");
    caller.received();
    caller.send(r#"[48,3,{},"com.work"]"#);
    callee.expect(&["[68,2,1,{}]"]);
}

/// A piece that can't be delivered ends the call: the callee must not take the rest for the whole.
#[test]
fn a_piece_that_cannot_be_delivered_ends_the_call() {
    let world = World::new();
    let mut callee = world.connect_with(Serializer::Json, true, 4096);
    callee.hello("callee", ALL_ROLES);
    callee.send(r#"[64,1,{},"com.work"]"#);
    callee.received();
    let mut caller = world.join("caller");
    let piece = "x".repeat(1 << 20);
    let mut received = Vec::new();
    for _ in 0..20 {
        caller.send(&format!(r#"[48,1,{{"progress":true}},"com.work",["{piece}"]]"#));
        received = caller.received();
        if !received.is_empty() {
            break;
        }
    }
    assert!(received[0].starts_with(r#"[8,48,1,{},"wamp.error.unavailable""#), "{received:?}");
    caller.send(r#"[48,1,{},"com.work"]"#);
    caller.expect(&[]);
}

/// A client with any request ids may go on with a call as well; an unknown id is a new call.
#[test]
fn clients_that_number_at_random_may_send_pieces() {
    let world = World::new();
    let (callee, _caller) = pair(&world);
    let mut caller = world.connect_with(Serializer::Json, false, usize::MAX);
    caller.hello("random", ALL_ROLES);
    caller.send_burst(&[
        r#"[48,77,{"progress":true},"com.work"]"#,
        r#"[48,12,{},"com.work"]"#,
        r#"[48,77,{},"com.work"]"#,
    ]);
    callee.expect(&[r#"[68,1,1,{"progress":true}]"#, "[68,2,1,{}]", "[68,1,1,{}]"]);
    caller.send(r#"[48,77,{},"com.work"]"#);
    caller.expect_error(48, 77, "wamp.error.invalid_argument");
}

#[test]
fn pieces_cross_serializers() {
    let world = World::new();
    for serializer in Serializer::ALL {
        let mut callee = world.join_as("callee", serializer, ALL_ROLES);
        callee.send(r#"[64,1,{},"com.work"]"#);
        callee.received();
        for serializer in Serializer::ALL {
            let mut caller = world.join_as("caller", serializer, ALL_ROLES);
            caller.send_burst(&[r#"[48,1,{"progress":true},"com.work",["ü"]]"#, r#"[48,1,{},"com.work",[1.5]]"#]);
            let received = callee.received();
            assert!(received[0].ends_with(r#"{"progress":true},["ü"]]"#), "{received:?}");
            assert!(received[1].ends_with("{},[1.5]]"), "{received:?}");
            caller.vanish();
            callee.received();
        }
        callee.vanish();
    }
}
