//! Specification: "Pattern-based Subscription" and "Pattern-based Registration" (advanced profile).

use super::world::World;

#[test]
fn a_prefix_is_one_of_the_string() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{"match":"prefix"},"com.myapp.topic.emergency"]"#);
    alice.expect(&["[33,1,1]"]);
    let topics = [
        "com.myapp.topic.emergency.11",
        "com.myapp.topic.emergency-low",
        "com.myapp.topic.emergency.a.b",
        "com.myapp.topic.emergency",
    ];
    for (index, topic) in topics.iter().enumerate() {
        let number = index + 1;
        bob.send(&format!(r#"[16,{number},{{}},"{topic}"]"#));
        alice.expect(&[&format!(r#"[36,1,#{number},{{"topic":"{topic}"}}]"#)]);
    }
    bob.send(r#"[16,5,{},"com.myapp.topic.emerge"]"#);
    alice.expect(&[]);
}

#[test]
fn a_wildcard_is_for_one_component() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send(r#"[32,1,{"match":"wildcard"},"com.myapp..userevent"]"#);
    alice.expect(&["[33,1,1]"]);
    bob.send(r#"[16,1,{},"com.myapp.foo.userevent"]"#);
    alice.expect(&[r#"[36,1,#1,{"topic":"com.myapp.foo.userevent"}]"#]);
    bob.send_burst(&[
        r#"[16,2,{},"com.myapp.foo.userevent.bar"]"#,
        r#"[16,3,{},"com.myapp.foo.user"]"#,
        r#"[16,4,{},"com.myapp2.foo.userevent"]"#,
    ]);
    alice.expect(&[]);
}

#[test]
fn an_event_comes_once_for_each_matching_subscription() {
    let world = World::new();
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    alice.send_burst(&[
        r#"[32,1,{},"com.a.b"]"#,
        r#"[32,2,{"match":"prefix"},"com.a"]"#,
        r#"[32,3,{"match":"wildcard"},"com..b"]"#,
    ]);
    alice.expect(&["[33,1,1]", "[33,2,2]", "[33,3,3]"]);
    bob.send_burst(&[r#"[16,1,{},"com.a.b",[1]]"#, r#"[16,2,{},"com.a.b",[2]]"#]);
    let topic = r#"{"topic":"com.a.b"}"#;
    alice.expect(&[
        "[36,1,#1,{},[1]]",
        &format!("[36,2,#1,{topic},[1]]"),
        &format!("[36,3,#1,{topic},[1]]"),
        "[36,1,#2,{},[2]]",
        &format!("[36,2,#2,{topic},[2]]"),
        &format!("[36,3,#2,{topic},[2]]"),
    ]);
}

#[test]
fn one_topic_with_another_policy_is_another_subscription() {
    let mut alice = World::new().join("alice");
    alice.send_burst(&[
        r#"[32,1,{},"com.a"]"#,
        r#"[32,2,{"match":"prefix"},"com.a"]"#,
        r#"[32,3,{"match":"wildcard"},"com.a"]"#,
    ]);
    alice.expect(&["[33,1,1]", "[33,2,2]", "[33,3,3]"]);
}

/// RPC 1 to 7 of the chapter. Its call of `a1.b2.c33.d4.e5` is missing: the chapter's own rule,
/// that a prefix is one of the string, gives it to RPC 2 (`a1.b2.c3`).
#[test]
fn the_best_registration_gets_the_call() {
    let world = World::new();
    let mut callee = world.join("callee");
    let mut caller = world.join("caller");
    callee.send_burst(&[
        r#"[64,1,{},"a1.b2.c3.d4.e55"]"#,
        r#"[64,2,{"match":"prefix"},"a1.b2.c3"]"#,
        r#"[64,3,{"match":"prefix"},"a1.b2.c3.d4"]"#,
        r#"[64,4,{"match":"wildcard"},"a1.b2..d4.e5"]"#,
        r#"[64,5,{"match":"wildcard"},"a1.b2.c33..e5"]"#,
        r#"[64,6,{"match":"wildcard"},"a1.b2..d4.e5..g7"]"#,
        r#"[64,7,{"match":"wildcard"},"a1.b2..d4..f6.g7"]"#,
    ]);
    callee.expect(&["[65,1,1]", "[65,2,2]", "[65,3,3]", "[65,4,4]", "[65,5,5]", "[65,6,6]", "[65,7,7]"]);
    for (number, (procedure, registration)) in [
        ("a1.b2.c3.d4.e55", 1),
        ("a1.b2.c3.d98.e74", 2),
        ("a1.b2.c3.d4.e325", 3),
        ("a1.b2.c55.d4.e5", 4),
        ("a1.b2.c33.d4.e5", 2),
        ("a1.b2.c88.d4.e5.f6.g7", 6),
    ]
    .into_iter()
    .enumerate()
    {
        let number = number + 1;
        caller.send(&format!(r#"[48,{number},{{}},"{procedure}"]"#));
        let details = if registration == 1 { "{}".to_owned() } else { format!(r#"{{"procedure":"{procedure}"}}"#) };
        callee.expect(&[&format!("[68,{number},{registration},{details}]")]);
        caller.expect(&[]);
    }
    caller.send(r#"[48,7,{},"a2.b2.c2.d2.e2"]"#);
    caller.expect_error(48, 7, "wamp.error.no_such_procedure");
}

/// A pattern that covers reserved procedures does not get calls to them.
#[test]
fn reserved_procedures_are_answered_by_the_router_only() {
    let world = World::new();
    let mut callee = world.join("callee");
    let mut caller = world.join("caller");
    callee.send_burst(&[r#"[64,1,{"match":"prefix"},""]"#, r#"[64,2,{"match":"wildcard"},".."]"#]);
    callee.expect(&["[65,1,1]", "[65,2,2]"]);
    caller.send(r#"[48,1,{},"wamp.session.count"]"#);
    caller.expect(&["[50,1,{},[2]]"]);
    caller.send(r#"[48,2,{},"wamp.nothing.here"]"#);
    caller.expect_error(48, 2, "wamp.error.no_such_procedure");
    callee.expect(&[]);
}
