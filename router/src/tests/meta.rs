//! Specification: "Session Meta API" (advanced profile).

use wamp_proto::Serializer;

use super::receivers;
use super::world::{BASIC_ROLES, World};

#[test]
fn joining_and_leaving_is_told() {
    let world = receivers::world();
    let mut watcher = receivers::join(&world, "watcher", "monitor");
    watcher.send_burst(&[r#"[32,1,{},"wamp.session.on_join"]"#, r#"[32,2,{},"wamp.session.on_leave"]"#]);
    watcher.expect(&["[33,1,1]", "[33,2,2]"]);
    let mut alice = receivers::join(&world, "alice", "user");
    let id = alice.id;
    watcher.expect(&[&format!(
        r#"[36,1,#1,{{}},[{{"session":{id},"authid":"alice","authrole":"user","authmethod":"test","authprovider":"test","transport":{{"type":"websocket","protocol":"wamp.2.json"}}}}]]"#
    )]);
    alice.vanish();
    watcher.expect(&[&format!(r#"[36,2,#2,{{}},[{id},"alice","user"]]"#)]);
    // However it goes, it is told once.
    let mut bob = receivers::join(&world, "bob", "user");
    watcher.received();
    bob.send(r#"[6,{},"wamp.close.close_realm"]"#);
    bob.vanish();
    watcher.expect(&[&format!(r#"[36,2,#4,{{}},[{},"bob","user"]]"#, bob.id)]);
}

#[test]
fn meta_events_reach_every_serializer() {
    let world = World::new();
    for serializer in Serializer::ALL {
        let mut watcher = world.join_as("watcher", serializer, BASIC_ROLES);
        watcher.send(r#"[32,1,{},"wamp.session.on_leave"]"#);
        watcher.received();
        let mut alice = world.join("alice");
        alice.vanish();
        let received = watcher.received();
        assert!(received[0].contains(r#",[alice,""#) && received[0].ends_with(r#"","anonymous"]]"#), "{received:?}");
        watcher.vanish();
    }
}

#[test]
fn sessions_are_counted_and_listed() {
    let world = receivers::world();
    let mut alice = receivers::join(&world, "alice", "user");
    let bob = receivers::join(&world, "bob", "user");
    let carol = receivers::join(&world, "carol", "boss");
    alice.send_burst(&[
        r#"[48,1,{},"wamp.session.count"]"#,
        r#"[48,2,{},"wamp.session.count",[["boss","nobody"]]]"#,
        r#"[48,3,{},"wamp.session.count",[[]]]"#,
        r#"[48,4,{},"wamp.session.count",[null]]"#,
        r#"[48,5,{},"wamp.session.list",[["boss"]]]"#,
    ]);
    let boss = format!("[50,5,{{}},[[{}]]]", carol.id);
    alice.expect(&["[50,1,{},[3]]", "[50,2,{},[1]]", "[50,3,{},[0]]", "[50,4,{},[3]]", &boss]);
    alice.send(r#"[48,6,{},"wamp.session.list"]"#);
    let listed = &alice.received()[0];
    assert!([&alice, &bob, &carol].iter().all(|client| listed.contains(&client.id.to_string())), "{listed}");
    alice.send(r#"[48,7,{},"wamp.session.count",["boss"]]"#);
    alice.expect_error(48, 7, "wamp.error.invalid_argument");
}

#[test]
fn a_session_is_described() {
    let world = receivers::world();
    let mut alice = receivers::join(&world, "alice", "user");
    let bob = receivers::join(&world, "bob", "boss");
    let id = bob.id;
    alice.send(&format!(r#"[48,1,{{}},"wamp.session.get",[{id}]]"#));
    alice.expect(&[&format!(
        r#"[50,1,{{}},[{{"session":{id},"authid":"bob","authrole":"boss","authmethod":"test","authprovider":"test","transport":{{"type":"websocket","protocol":"wamp.2.json"}}}}]]"#
    )]);
    alice.send(r#"[48,2,{},"wamp.session.get",[1]]"#);
    alice.expect_error(48, 2, "wamp.error.no_such_session");
    for (request, arguments) in [(3, "[]"), (4, r#"["bob"]"#), (5, "[0]")] {
        alice.send(&format!(r#"[48,{request},{{}},"wamp.session.get",{arguments}]"#));
        alice.expect_error(48, request, "wamp.error.invalid_argument");
    }
}

#[test]
fn kill_ends_another_session() {
    let world = receivers::world();
    let mut alice = receivers::join(&world, "alice", "user");
    let mut bob = receivers::join(&world, "bob", "user");
    alice.send(r#"[32,1,{},"wamp.session.on_leave"]"#);
    alice.received();
    bob.send_burst(&[r#"[32,1,{},"com.topic"]"#, r#"[64,2,{},"com.work"]"#]);
    bob.received();
    let id = bob.id;
    alice.send(&format!(r#"[48,2,{{}},"wamp.session.kill",[{id}],{{"reason":"com.enough","message":"go"}}]"#));
    bob.expect(&[r#"[6,{"message":"go"},"com.enough"]"#, "close 1000"]);
    alice.expect(&[&format!(r#"[36,1,#1,{{}},[{id},"bob","user"]]"#), "[50,2,{}]"]);
    // It is gone at once, and its connection's end is not a second leaving.
    alice.send_burst(&[r#"[48,3,{},"wamp.session.count"]"#, r#"[48,4,{},"com.work"]"#]);
    let received = alice.received();
    assert_eq!(received[0], "[50,3,{},[1]]");
    assert!(received[1].contains("no_such_procedure"));
    bob.send(r#"[6,{},"wamp.close.goodbye_and_out"]"#);
    bob.vanish();
    bob.expect(&[]);
    alice.expect(&[]);
}

#[test]
fn kill_has_a_reason_of_its_own() {
    let world = World::new();
    let mut alice = world.join("alice");
    let bob = world.join("bob");
    let (own, other) = (alice.id, bob.id);
    alice.send(&format!(r#"[48,1,{{}},"wamp.session.kill",[{own}]]"#));
    alice.expect_error(48, 1, "wamp.error.no_such_session");
    alice.send(r#"[48,2,{},"wamp.session.kill",[1]]"#);
    alice.expect_error(48, 2, "wamp.error.no_such_session");
    for (request, reason) in [(3, ""), (4, "no uri"), (5, "a..b")] {
        alice.send(&format!(r#"[48,{request},{{}},"wamp.session.kill",[{other}],{{"reason":"{reason}"}}]"#));
        alice.expect_error(48, request, "wamp.error.invalid_uri");
    }
    alice.send(&format!(r#"[48,6,{{}},"wamp.session.kill",[{other}],{{"reason":7}}]"#));
    alice.expect_error(48, 6, "wamp.error.invalid_argument");
    bob.expect(&[]);
    alice.send(&format!(r#"[48,7,{{}},"wamp.session.kill",[{other}]]"#));
    bob.expect(&[r#"[6,{},"wamp.close.killed"]"#, "close 1000"]);
}

#[test]
fn kill_by_authid_and_by_authrole_spare_the_caller() {
    let world = receivers::world();
    let mut alice = receivers::join(&world, "alice", "user");
    let again = receivers::join(&world, "alice", "user");
    let bob = receivers::join(&world, "bob", "user");
    let carol = receivers::join(&world, "carol", "boss");
    alice.send(r#"[48,1,{},"wamp.session.kill_by_authid",["alice"]]"#);
    alice.expect(&[&format!("[50,1,{{}},[[{}]]]", again.id)]);
    again.expect(&[r#"[6,{},"wamp.close.killed"]"#, "close 1000"]);
    alice.send(r#"[48,2,{},"wamp.session.kill_by_authid",["nobody"]]"#);
    alice.expect(&["[50,2,{},[[]]]"]);
    alice.send(r#"[48,3,{},"wamp.session.kill_by_authrole",["user"]]"#);
    alice.expect(&["[50,3,{},[1]]"]);
    bob.expect(&[r#"[6,{},"wamp.close.killed"]"#, "close 1000"]);
    carol.expect(&[]);
}

#[test]
fn kill_all_tells_nobody() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    let carol = world.join("carol");
    for client in [&mut alice, &mut bob] {
        client.send(r#"[32,1,{},"wamp.session.on_leave"]"#);
        client.received();
    }
    alice.send(r#"[48,2,{},"wamp.session.kill_all"]"#);
    alice.expect(&["[50,2,{},[2]]"]);
    bob.expect(&[r#"[6,{},"wamp.close.killed"]"#, "close 1000"]);
    carol.expect(&[r#"[6,{},"wamp.close.killed"]"#, "close 1000"]);
}

/// A killed session's calls end like those of one that left by itself.
#[test]
fn a_killed_callee_cancels_its_calls() {
    let world = World::new();
    let mut callee = world.join("callee");
    callee.send(r#"[64,1,{},"com.work"]"#);
    let mut caller = world.join("caller");
    caller.send(r#"[48,1,{},"com.work"]"#);
    caller.expect(&[]);
    caller.send(&format!(r#"[48,2,{{}},"wamp.session.kill",[{}]]"#, callee.id));
    let received = caller.received();
    assert!(received[0].starts_with(r#"[8,48,1,{},"wamp.error.canceled""#), "{received:?}");
    assert_eq!(received[1], "[50,2,{}]");
}
