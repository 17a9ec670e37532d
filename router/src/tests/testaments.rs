//! Specification: "Session Testament" (advanced profile).

use wamp_proto::Serializer;

use super::receivers;
use super::world::{BASIC_ROLES, Client, World};
use crate::realm::RealmOptions;

/// A subscriber of `com.will` by subscription 1, and of `wamp.session.on_leave` by 2.
fn heir(world: &World) -> Client {
    let mut heir = world.join("heir");
    heir.send_burst(&[r#"[32,1,{},"com.will"]"#, r#"[32,2,{},"wamp.session.on_leave"]"#]);
    heir.expect(&["[33,1,1]", "[33,2,2]"]);
    heir
}

/// Adds a testament by call `request`; `rest` are its arguments after the topic.
fn add(client: &mut Client, request: u64, rest: &str) {
    client.send(&format!(r#"[48,{request},{{}},"wamp.session.add_testament",["com.will"{rest}]"#));
    client.expect(&[&format!("[50,{request},{{}}]")]);
}

/// The events of subscription 1, without ids.
fn inherited(heir: &Client) -> Vec<String> {
    let events = heir.received().into_iter().filter(|event| event.starts_with("[36,1,"));
    events.map(|event| event.splitn(4, ',').nth(3).unwrap().to_owned()).collect()
}

#[test]
fn a_testament_is_published_when_the_session_is_gone() {
    let world = World::new();
    let heir = heir(&world);
    let mut mortal = world.join("mortal");
    add(&mut mortal, 1, r#",["Seeya!",1],{"my_name":"app1"}]"#);
    heir.expect(&[]);
    mortal.vanish();
    let received = heir.received();
    assert_eq!(received[0], r#"[36,1,#1,{},["Seeya!",1],{"my_name":"app1"}]"#);
    // And only then it has left.
    assert!(received[1].starts_with("[36,2,#2,{},[mortal,"), "{received:?}");
    assert_eq!(received.len(), 2);
}

#[test]
fn a_testament_is_published_however_the_session_ends() {
    type End = fn(&mut Client, &World);
    let ends: [End; 4] = [
        |mortal, _| drop(mortal.send(r#"[6,{},"wamp.close.close_realm"]"#)),
        |mortal, _| drop(mortal.send(r#"[3,{},"com.enough"]"#)),
        |mortal, _| drop(mortal.send("nonsense")),
        |mortal, world| {
            let mut killer = world.join("killer");
            killer.send(&format!(r#"[48,1,{{}},"wamp.session.kill",[{}]]"#, mortal.id));
            killer.expect(&["[50,1,{}]"]);
        },
    ];
    for end in ends {
        let world = World::new();
        let heir = heir(&world);
        let mut mortal = world.join("mortal");
        add(&mut mortal, 1, "]");
        end(&mut mortal, &world);
        assert_eq!(inherited(&heir), ["{}]"]);
        // Once.
        mortal.vanish();
        assert!(inherited(&heir).is_empty());
        assert!(mortal.received().iter().all(|message| !message.starts_with("[36")));
    }
}

/// "A Router that does not allow Session Resumption MUST send detached-scope Testaments before
/// destroyed-scope Testaments", each "in the order that the Router received them".
#[test]
fn testaments_come_in_order() {
    let world = World::new();
    let heir = heir(&world);
    let mut mortal = world.join("mortal");
    add(&mut mortal, 1, r#",[1]]"#);
    add(&mut mortal, 2, r#",[2],{}],{"scope":"detached"}"#);
    add(&mut mortal, 3, r#",[3],null],{"scope":"destroyed"}"#);
    add(&mut mortal, 4, r#",[4]],{"scope":"detached"}"#);
    add(&mut mortal, 5, r#",null,{"five":5}]"#);
    mortal.vanish();
    assert_eq!(inherited(&heir), ["{},[2],{}]", "{},[4]]", "{},[1]]", "{},[3]]", r#"{},[],{"five":5}]"#]);
}

/// "It MUST still use these two separate buckets to allow wamp.session.flush_testaments to work",
/// and "the default MUST be destroyed".
#[test]
fn testaments_are_flushed_by_scope() {
    for (keywords, left) in
        [("", "detached"), (r#",[],{"scope":"destroyed"}"#, "detached"), (r#",[],{"scope":"detached"}"#, "destroyed")]
    {
        let world = World::new();
        let heir = heir(&world);
        let mut mortal = world.join("mortal");
        add(&mut mortal, 1, r#",["destroyed"]],{"scope":"destroyed"}"#);
        add(&mut mortal, 2, r#",["detached"]],{"scope":"detached"}"#);
        mortal.send(&format!(r#"[48,3,{{}},"wamp.session.flush_testaments"{keywords}]"#));
        mortal.expect(&["[50,3,{}]"]);
        mortal.vanish();
        assert_eq!(inherited(&heir), [format!(r#"{{}},["{left}"]]"#)]);
    }
}

/// "On the specified topic, with the specified arguments, keyword arguments, and publish options."
#[test]
fn the_publish_options_hold() {
    let world = receivers::world();
    let subscribed = |name: &str, role: &str| {
        let mut client = receivers::join(&world, name, role);
        client.send(r#"[32,1,{},"com.will"]"#);
        client.received();
        client
    };
    let (son, daughter) = (subscribed("son", "family"), subscribed("daughter", "family"));
    let stranger = subscribed("stranger", "public");
    let mut mortal = receivers::join(&world, "mortal", "family");
    let id = mortal.id;
    add(
        &mut mortal,
        1,
        r#",[1]],{"publish_options":{"acknowledge":true,"eligible_authrole":["family"],"exclude_authid":["son"],"disclose_me":true,"retain":true}}"#,
    );
    mortal.vanish();
    let disclosed = format!(r#""publisher":{id},"publisher_authid":"mortal","publisher_authrole":"family""#);
    daughter.expect(&[&format!("[36,1,#1,{{{disclosed}}},[1]]")]);
    son.expect(&[]);
    stranger.expect(&[]);
    // It is kept for those who come later.
    let mut late = receivers::join(&world, "late", "family");
    late.send(r#"[32,1,{"get_retained":true},"com.will"]"#);
    late.expect(&["[33,1,1]", &format!(r#"[36,1,#1,{{{disclosed},"retained":true}},[1]]"#)]);
}

/// "Closing all sessions in the realm will not generate session meta events or testament events."
#[test]
fn kill_all_publishes_no_testaments() {
    let world = World::new();
    let mut heir = heir(&world);
    let mut mortal = world.join("mortal");
    add(&mut mortal, 1, "]");
    heir.send(r#"[48,3,{},"wamp.session.kill_all"]"#);
    heir.expect(&["[50,3,{},[1]]"]);
    mortal.vanish();
    heir.expect(&[]);
}

#[test]
fn a_testament_is_refused_where_its_publication_would_be() {
    let mut mortal = World::new().join("mortal");
    let refused = [
        (r#"["wamp.session.on_leave"]"#, "wamp.error.invalid_uri"),
        (r#"["com will"]"#, "wamp.error.invalid_uri"),
        ("[]", "wamp.error.invalid_argument"),
        ("[7]", "wamp.error.invalid_argument"),
        (r#"["com.will",7]"#, "wamp.error.invalid_argument"),
        (r#"["com.will",[],[]]"#, "wamp.error.invalid_argument"),
        (r#"["com.will"],{"scope":"eternal"}"#, "wamp.error.invalid_argument"),
        (r#"["com.will"],{"scope":7}"#, "wamp.error.invalid_argument"),
        (r#"["com.will"],{"publish_options":7}"#, "wamp.error.invalid_argument"),
        (r#"["com.will"],{"publish_options":{"eligible":7}}"#, "wamp.error.invalid_argument"),
    ];
    let mut request = 0;
    for (arguments, uri) in refused {
        request += 1;
        mortal.send(&format!(r#"[48,{request},{{}},"wamp.session.add_testament",{arguments}]"#));
        mortal.expect_error(48, request, uri);
    }
    request += 1;
    mortal.send(&format!(r#"[48,{request},{{}},"wamp.session.flush_testaments",[],{{"scope":"all"}}]"#));
    mortal.expect_error(48, request, "wamp.error.invalid_argument");
}

#[test]
fn a_session_may_leave_only_so_much() {
    let mut options = RealmOptions::default();
    options.limits.testaments = 1;
    options.limits.testament_bytes = 20;
    let world = World::with(options);
    let mut mortal = world.join("mortal");
    mortal.send(&format!(r#"[48,1,{{}},"wamp.session.add_testament",["com.will",["{}"]]]"#, "x".repeat(20)));
    mortal.expect_error(48, 1, "router.error.limit_exceeded");
    add(&mut mortal, 2, r#",["x"]]"#);
    mortal.send(r#"[48,3,{},"wamp.session.add_testament",["com.will"]]"#);
    mortal.expect_error(48, 3, "router.error.limit_exceeded");
}

#[test]
fn testaments_cross_serializers() {
    let world = World::new();
    for serializer in Serializer::ALL {
        let mut heir = world.join_as("heir", serializer, BASIC_ROLES);
        heir.send(r#"[32,1,{},"com.will"]"#);
        heir.received();
        for serializer in Serializer::ALL {
            let mut mortal = world.join_as("mortal", serializer, BASIC_ROLES);
            add(&mut mortal, 1, r#",["ü",[1.5,null]],{"k":{}}],{"publish_options":null,"scope":null}"#);
            mortal.vanish();
            let received = heir.received();
            assert!(received[0].ends_with(r#"{},["ü",[1.5,null]],{"k":{}}]"#), "{received:?}");
        }
        heir.vanish();
    }
}
