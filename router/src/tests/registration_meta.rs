//! Specification: "Registration Meta API", "Registration Revocation" (advanced profile).

use wamp_proto::Serializer;

use super::world::{BASIC_ROLES, Client, World};

const EVENTS: [&str; 4] = ["on_create", "on_register", "on_unregister", "on_delete"];

/// A client subscribed to all four events, by subscriptions 1 to 4.
fn watcher(world: &World) -> Client {
    let mut watcher = world.join("watcher");
    for (event, request) in EVENTS.iter().zip(1..) {
        watcher.send(&format!(r#"[32,{request},{{}},"wamp.registration.{event}"]"#));
        watcher.expect(&[&format!("[33,{request},{request}]")]);
    }
    watcher
}

/// The watcher's events: which, and with what arguments.
fn told(watcher: &Client) -> Vec<String> {
    watcher
        .received()
        .iter()
        .map(|event| {
            let subscription: usize = event[4..5].parse().unwrap();
            let arguments = &event[event.find("{},").unwrap() + 3..event.len() - 1];
            format!("{} {arguments}", EVENTS[subscription - 1])
        })
        .collect()
}

/// "A wamp.registration.on_register event MUST be fired subsequent to a
/// wamp.registration.on_create event."
#[test]
fn on_create_comes_before_on_register() {
    let world = World::new();
    let watcher = watcher(&world);
    let mut one = world.join("one");
    let mut two = world.join("two");
    world.pass(1_500);
    for callee in [&mut one, &mut two] {
        callee.send(r#"[64,1,{"match":"prefix","invoke":"last"},"com.work."]"#);
    }
    assert_eq!(
        told(&watcher),
        [
            r#"on_create [one,{"id":1,"created":"2026-01-01T00:00:01.500Z","uri":"com.work.","match":"prefix","invoke":"last"}]"#,
            "on_register [one,1]",
            "on_register [two,1]",
        ]
    );
}

/// "The wamp.registration.on_delete event MUST be preceded by a wamp.registration.on_unregister
/// event."
#[test]
fn on_unregister_comes_before_on_delete() {
    let world = World::new();
    let mut watcher = watcher(&world);
    let mut one = world.join("one");
    let mut two = world.join("two");
    for callee in [&mut one, &mut two] {
        callee.send(r#"[64,1,{"invoke":"first"},"com.work"]"#);
    }
    told(&watcher);
    one.send(r#"[66,2,1]"#);
    assert_eq!(told(&watcher), ["on_unregister [one,1]"]);
    two.send(r#"[66,2,1]"#);
    assert_eq!(told(&watcher), ["on_unregister [two,1]", "on_delete [two,1]"]);
    // What fails changes nothing.
    two.send(r#"[66,3,1]"#);
    watcher.expect(&[]);
    // The watcher's own changes are told to it as well, after their confirmation.
    watcher.send(r#"[64,5,{},"com.mine"]"#);
    let received = watcher.received();
    assert_eq!(received[0], "[65,5,2]");
    assert_eq!(received.len(), 3);
}

#[test]
fn a_session_that_leaves_is_unregistered_before_it_has_left() {
    let world = World::new();
    let mut watcher = watcher(&world);
    watcher.send(r#"[32,5,{},"wamp.session.on_leave"]"#);
    watcher.received();
    let mut killer = world.join("killer");
    for kill in [false, true] {
        let mut callee = world.join("callee");
        callee.send_burst(&[r#"[64,1,{},"com.a"]"#, r#"[64,2,{},"com.b"]"#]);
        watcher.received();
        if kill {
            killer.send(&format!(r#"[48,1,{{}},"wamp.session.kill",[{}]]"#, callee.id));
            killer.expect(&["[50,1,{}]"]);
        } else {
            callee.vanish();
        }
        let received = watcher.received();
        let kinds: Vec<&str> = received.iter().map(|event| &event[..6]).collect();
        assert_eq!(kinds, ["[36,3,", "[36,4,", "[36,3,", "[36,4,", "[36,5,"], "{received:?}");
    }
}

/// "Closing all sessions in the realm will not generate session meta events or testament events."
#[test]
fn kill_all_tells_of_no_registrations() {
    let world = World::new();
    let mut watcher = watcher(&world);
    let mut callee = world.join("callee");
    callee.send(r#"[64,1,{},"com.a"]"#);
    watcher.received();
    watcher.send(r#"[48,5,{},"wamp.session.kill_all"]"#);
    watcher.expect(&["[50,5,{},[1]]"]);
}

#[test]
fn registrations_are_listed_by_match_policy() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send_burst(&[
        r#"[64,1,{},"com.b"]"#,
        r#"[64,2,{"match":"wildcard"},"com..x"]"#,
        r#"[64,3,{"match":"prefix"},"com"]"#,
        r#"[64,4,{},"com.a"]"#,
    ]);
    alice.received();
    alice.send(r#"[48,5,{},"wamp.registration.list"]"#);
    alice.expect(&[r#"[50,5,{},[{"exact":[1,4],"prefix":[3],"wildcard":[2]}]]"#]);
    alice.send_burst(&[r#"[66,6,1]"#, r#"[48,7,{},"wamp.registration.list"]"#]);
    alice.expect(&["[67,6]", r#"[50,7,{},[{"exact":[4],"prefix":[3],"wildcard":[2]}]]"#]);
}

/// `lookup` is by the pattern registered, `match` by what a call would reach; null when absent.
#[test]
fn registrations_are_looked_up_and_matched() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send_burst(&[r#"[64,1,{},"com.a"]"#, r#"[64,2,{"match":"prefix"},"com"]"#]);
    alice.received();
    let asked = [
        (r#""wamp.registration.lookup",["com.a"]"#, "1"),
        (r#""wamp.registration.lookup",["com.a",{"match":"exact"}]"#, "1"),
        (r#""wamp.registration.lookup",["com.a",{"match":"prefix"}]"#, "null"),
        (r#""wamp.registration.lookup",["com",{"match":"prefix","invoke":"single"}]"#, "2"),
        (r#""wamp.registration.lookup",["com",null]"#, "null"),
        (r#""wamp.registration.match",["com.a"]"#, "1"),
        (r#""wamp.registration.match",["com.b"]"#, "2"),
        (r#""wamp.registration.match",["org.a"]"#, "null"),
    ];
    for ((call, found), request) in asked.into_iter().zip(3..) {
        alice.send(&format!("[48,{request},{{}},{call}]"));
        alice.expect(&[&format!("[50,{request},{{}},[{found}]]")]);
    }
}

#[test]
fn a_registration_is_described() {
    let world = World::new();
    let mut one = world.join("one");
    let mut two = world.join("two");
    for callee in [&mut one, &mut two] {
        callee.send(r#"[64,1,{"match":"wildcard","invoke":"roundrobin"},"com..work"]"#);
        callee.received();
    }
    one.send_burst(&[
        r#"[48,2,{},"wamp.registration.get",[1]]"#,
        r#"[48,3,{},"wamp.registration.list_callees",[1]]"#,
        r#"[48,4,{},"wamp.registration.count_callees",[1]]"#,
    ]);
    one.expect(&[
        r#"[50,2,{},[{"id":1,"created":"2026-01-01T00:00:00.000Z","uri":"com..work","match":"wildcard","invoke":"roundrobin"}]]"#,
        "[50,3,{},[[one,two]]]",
        "[50,4,{},[2]]",
    ]);
}

#[test]
fn meta_procedures_refuse_what_is_not_there_and_what_makes_no_sense() {
    let mut alice = World::new().join("alice");
    let refused = [
        (r#""wamp.registration.get",[7]"#, "wamp.error.no_such_registration"),
        (r#""wamp.registration.list_callees",[7]"#, "wamp.error.no_such_registration"),
        (r#""wamp.registration.count_callees",[7]"#, "wamp.error.no_such_registration"),
        (r#""wamp.registration.get""#, "wamp.error.invalid_argument"),
        (r#""wamp.registration.get",["com.a"]"#, "wamp.error.invalid_argument"),
        (r#""wamp.registration.lookup",[]"#, "wamp.error.invalid_argument"),
        (r#""wamp.registration.lookup",[7]"#, "wamp.error.invalid_argument"),
        (r#""wamp.registration.lookup",["com.a",7]"#, "wamp.error.invalid_argument"),
        (r#""wamp.registration.lookup",["com a"]"#, "wamp.error.invalid_uri"),
        (r#""wamp.registration.match",["com..a"]"#, "wamp.error.invalid_uri"),
        (r#""wamp.registration.remove_callee",[7]"#, "wamp.error.invalid_argument"),
        (r#""wamp.registration.remove_callee",[7,8,9]"#, "wamp.error.invalid_argument"),
        (r#""wamp.registration.remove_callee",[7,8]"#, "wamp.error.no_such_session"),
        (r#""wamp.registration.nothing""#, "wamp.error.no_such_procedure"),
    ];
    for ((call, uri), request) in refused.into_iter().zip(1..) {
        alice.send(&format!("[48,{request},{{}},{call}]"));
        alice.expect_error(48, request, uri);
    }
}

/// `[UNREGISTERED, 0, Details]`, with the registration and, if there is one, the reason.
#[test]
fn a_registration_is_revoked() {
    let world = World::new();
    let watcher = watcher(&world);
    let mut admin = world.join("admin");
    let mut callee = world.join("callee");
    let id = callee.id;
    callee.send_burst(&[r#"[64,1,{},"com.a"]"#, r#"[64,2,{},"com.b"]"#, r#"[64,3,{},"com.c"]"#]);
    callee.received();
    told(&watcher);
    admin.send(&format!(r#"[48,1,{{}},"wamp.registration.remove_callee",[1,{id},"moved away"]]"#));
    admin.expect(&["[50,1,{}]"]);
    callee.expect(&[r#"[67,0,{"registration":1,"reason":"moved away"}]"#]);
    assert_eq!(told(&watcher), ["on_unregister [callee,1]", "on_delete [callee,1]"]);
    admin.send(&format!(r#"[48,2,{{}},"wamp.registration.remove_callee",[2,{id}]]"#));
    callee.expect(&[r#"[67,0,{"registration":2}]"#]);
    admin.send(&format!(r#"[48,3,{{}},"wamp.registration.remove_callee",[3,{id}],{{"reason":"enough"}}]"#));
    callee.expect(&[r#"[67,0,{"registration":3,"reason":"enough"}]"#]);
    admin.received();
    // It is gone.
    admin.send(r#"[48,4,{},"com.a"]"#);
    admin.expect_error(48, 4, "wamp.error.no_such_procedure");
    admin.send(&format!(r#"[48,5,{{}},"wamp.registration.remove_callee",[1,{id}]]"#));
    admin.expect_error(48, 5, "wamp.error.no_such_registration");
    callee.send(r#"[66,4,1]"#);
    callee.expect_error(66, 4, "wamp.error.no_such_registration");
}

/// "In this case, the Dealer MUST NOT send an UNREGISTERED message to the Callee."
#[test]
fn a_callee_that_does_not_understand_revocation_is_not_told() {
    let world = World::new();
    let mut admin = world.join("admin");
    let mut callee = world.join_as("callee", Serializer::Json, BASIC_ROLES);
    callee.send(r#"[64,1,{},"com.a"]"#);
    callee.received();
    admin.send(&format!(r#"[48,1,{{}},"wamp.registration.remove_callee",[1,{}]]"#, callee.id));
    admin.expect(&["[50,1,{}]"]);
    callee.expect(&[]);
    admin.send(r#"[48,2,{},"com.a"]"#);
    admin.expect_error(48, 2, "wamp.error.no_such_procedure");
}

#[test]
fn a_revoked_callee_may_still_answer() {
    let world = World::new();
    let mut caller = world.join("caller");
    let mut callee = world.join("callee");
    callee.send(r#"[64,1,{},"com.a"]"#);
    caller.send(r#"[48,1,{},"com.a"]"#);
    caller.send(&format!(r#"[48,2,{{}},"wamp.registration.remove_callee",[1,{}]]"#, callee.id));
    callee.expect(&["[65,1,1]", "[68,1,1,{}]", r#"[67,0,{"registration":1}]"#]);
    callee.send(r#"[70,1,{},["done"]]"#);
    caller.expect(&["[50,2,{}]", r#"[50,1,{},["done"]]"#]);
}
