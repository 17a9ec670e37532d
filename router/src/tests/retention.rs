//! Specification: "Event Retention" (advanced profile).

use super::world::World;

#[test]
fn a_new_subscriber_gets_the_retained_event_if_it_asks() {
    let world = World::new();
    let mut sensor = world.join("sensor");
    sensor.send_burst(&[
        r#"[16,1,{"retain":true,"acknowledge":true},"com.sensor",[20]]"#,
        r#"[16,2,{"retain":true,"acknowledge":true},"com.sensor",[21]]"#,
        r#"[16,3,{},"com.sensor",[22]]"#,
    ]);
    sensor.received();
    // It outlives its publisher.
    sensor.vanish();
    let mut alice = world.join("alice");
    alice.send_burst(&[r#"[32,1,{"get_retained":true},"com.sensor"]"#]);
    alice.expect(&["[33,1,1]", r#"[36,1,#2,{"retained":true},[21]]"#]);
    let mut bob = world.join("bob");
    bob.send(r#"[32,1,{},"com.sensor"]"#);
    bob.expect(&["[33,1,1]"]);
}

#[test]
fn an_event_is_live_for_those_already_there() {
    let world = World::new();
    let mut sensor = world.join("sensor");
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{"get_retained":true},"com.sensor"]"#);
    alice.expect(&["[33,1,1]"]);
    sensor.send(r#"[16,1,{"retain":true},"com.sensor",[20]]"#);
    alice.expect(&["[36,1,#1,{},[20]]"]);
}

/// "The most recent Retained Event that they would have received."
#[test]
fn a_subscriber_gets_the_latest_event_that_was_for_it() {
    let world = World::new();
    let mut sensor = world.join("sensor");
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    let (alice_id, bob_id) = (alice.id, bob.id);
    sensor.send_burst(&[
        r#"[16,1,{"retain":true,"acknowledge":true},"com.a",["all"]]"#,
        &format!(r#"[16,2,{{"retain":true,"acknowledge":true,"eligible":[{alice_id}]}},"com.a",["alice"]]"#),
        &format!(r#"[16,3,{{"retain":true,"acknowledge":true,"eligible":[{bob_id}]}},"com.a",["bob"]]"#),
    ]);
    sensor.received();
    alice.send(r#"[32,1,{"get_retained":true},"com.a"]"#);
    alice.expect(&["[33,1,1]", r#"[36,1,#2,{"retained":true},["alice"]]"#]);
    bob.send(r#"[32,1,{"get_retained":true},"com.a"]"#);
    bob.expect(&["[33,1,1]", r#"[36,1,#3,{"retained":true},["bob"]]"#]);
    let mut carol = world.join("carol");
    carol.send(r#"[32,1,{"get_retained":true},"com.a"]"#);
    carol.expect(&["[33,1,1]", r#"[36,1,#1,{"retained":true},["all"]]"#]);
}

/// What a publisher published itself it would not have received.
#[test]
fn a_publisher_gets_the_latest_event_of_another() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[16,1,{"retain":true,"acknowledge":true},"com.a",["alice"]]"#);
    bob.send_burst(&[
        r#"[16,1,{"retain":true,"acknowledge":true},"com.a",["bob"]]"#,
        r#"[16,2,{"retain":true,"acknowledge":true},"com.a",["bob again"]]"#,
    ]);
    alice.received();
    bob.received();
    bob.send(r#"[32,3,{"get_retained":true},"com.a"]"#);
    bob.expect(&["[33,3,1]", r#"[36,1,#1,{"retained":true},["alice"]]"#]);
    alice.send(r#"[32,2,{"get_retained":true},"com.a"]"#);
    alice.expect(&["[33,2,1]", r#"[36,1,#3,{"retained":true},["bob again"]]"#]);
}

#[test]
fn a_pattern_gets_the_retained_event_of_each_topic() {
    let world = World::new();
    let mut sensor = world.join("sensor");
    sensor.send_burst(&[
        r#"[16,1,{"retain":true,"disclose_me":true},"com.s.a",["a"]]"#,
        r#"[16,2,{"retain":true},"com.s.b",["b"]]"#,
        r#"[16,3,{"retain":true},"com.t",["t"]]"#,
    ]);
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{"match":"prefix","get_retained":true},"com.s"]"#);
    let mut received = alice.received();
    assert_eq!(received.remove(0), "[33,1,1]");
    received.sort_by_key(|event| event.contains("com.s.b"));
    assert!(received[0].contains(r#""topic":"com.s.a","publisher":sensor"#), "{received:?}");
    assert!(received[1].ends_with(r#"{"topic":"com.s.b","retained":true},["b"]]"#), "{received:?}");
    assert_eq!(received.len(), 2);
}

#[test]
fn only_so_many_topics_have_a_retained_event() {
    let mut options = crate::realm::RealmOptions::default();
    options.limits.retained_topics = 1;
    options.limits.retained_bytes = 16;
    let world = World::with(options);
    let mut sensor = world.join("sensor");
    sensor.send_burst(&[
        r#"[16,1,{"retain":true},"com.a",["a"]]"#,
        r#"[16,2,{"retain":true},"com.b",["b"]]"#,
        r#"[16,3,{"retain":true},"com.a",["much too long to keep"]]"#,
    ]);
    let mut alice = world.join("alice");
    alice.send_burst(&[r#"[32,1,{"get_retained":true},"com.a"]"#, r#"[32,2,{"get_retained":true},"com.b"]"#]);
    alice.expect(&["[33,1,1]", r#"[36,1,#1,{"retained":true},["a"]]"#, "[33,2,2]"]);
}
