//! Specification: "Interface Reflection" (advanced profile); the arguments are those told in `meta::reflection`.

use std::sync::Arc;

use wamp_proto::{Features, MatchPolicy, Pattern, Serializer};

use super::receivers::{self, Believes};
use super::world::{ALL_ROLES, Client, World};
use crate::realm::{AllowAll, Permission, Permissions, RealmOptions};
use crate::session::announced;

/// Calls one of the procedures; the answer without CALL's request id.
fn call(client: &mut Client, procedure: &str, arguments: &str) -> String {
    client.send(&format!(r#"[48,99,{{}},"{procedure}",{arguments}]"#));
    let received = client.received();
    let [answer] = &received[..] else { panic!("not one answer: {received:?}") };
    answer.replacen("99,", "", 1)
}

fn callee(world: &World, name: &str) -> Client {
    let mut callee = world.join(name);
    callee.send(r#"[64,1,{"invoke":"roundrobin"},"com.calc.add"]"#);
    callee.received();
    callee
}

const ADD: &str = r#"["procedure","com.calc.add",{"doc":"Adds.","arguments":[{"name":"a"}]}]"#;

fn client(world: &World) -> Client {
    // Sequential request ids are not what this is about.
    let mut client = world.connect_with(Serializer::Json, false, usize::MAX);
    client.hello("client", ALL_ROLES);
    client
}

#[test]
fn what_a_session_defines_others_can_read() {
    let world = World::new();
    let mut asking = client(&world);
    assert_eq!(call(&mut asking, "wamp.reflection.procedure.list", "[]"), "[50,{},[[]]]");
    let mut callee = callee(&world, "callee");
    callee.send(&format!(r#"[48,2,{{}},"wamp.reflect.define",{ADD}]"#));
    callee.send(r#"[48,3,{},"wamp.reflect.define",["topic","com.calc.done",{"doc":"Done."}]]"#);
    callee.send(r#"[48,4,{},"wamp.reflect.define",["error","com.calc.done",{"doc":"It can't be."}]]"#);
    callee.expect(&["[50,2,{}]", "[50,3,{}]", "[50,4,{}]"]);
    for (kind, uri) in [("procedure", "com.calc.add"), ("topic", "com.calc.done"), ("error", "com.calc.done")] {
        let listed = call(&mut asking, &format!("wamp.reflection.{kind}.list"), "[]");
        assert_eq!(listed, format!(r#"[50,{{}},[["{uri}"]]]"#));
    }
    let described = call(&mut asking, "wamp.reflection.procedure.describe", r#"["com.calc.add"]"#);
    assert_eq!(described, r#"[50,{},[{"doc":"Adds.","arguments":[{"name":"a"}]}]]"#);
    let all = call(&mut asking, "wamp.reflect.describe", r#"["com.calc.done"]"#);
    assert_eq!(all, r#"[50,{},[{"topic":{"doc":"Done."},"error":{"doc":"It can't be."}}]]"#);
    // What nobody has defined.
    assert_eq!(call(&mut asking, "wamp.reflection.topic.describe", r#"["com.calc.add"]"#), "[50,{},[null]]");
    assert_eq!(call(&mut asking, "wamp.reflect.describe", r#"["com.nothing"]"#), "[50,{},[{}]]");
}

#[test]
fn a_definition_belongs_to_its_session_and_goes_with_it() {
    let world = World::new();
    let mut asking = client(&world);
    let (mut one, mut two) = (callee(&world, "one"), callee(&world, "two"));
    one.send(&format!(r#"[48,2,{{}},"wamp.reflect.define",{ADD}]"#));
    two.send(r#"[48,2,{},"wamp.reflect.define",["procedure","com.calc.add",{"doc":"Adds too."}]]"#);
    one.send(r#"[48,3,{},"wamp.reflect.define",["error","com.calc.error",{}]]"#);
    let doc = |asking: &mut Client| call(asking, "wamp.reflection.procedure.describe", r#"["com.calc.add"]"#);
    assert_eq!(doc(&mut asking), r#"[50,{},[{"doc":"Adds too."}]]"#);
    // Defined anew, it replaces what the same session has said before.
    two.send(r#"[48,3,{},"wamp.reflect.define",["procedure","com.calc.add",{"doc":"Still adds."}]]"#);
    assert_eq!(doc(&mut asking), r#"[50,{},[{"doc":"Still adds."}]]"#);
    two.vanish();
    assert_eq!(doc(&mut asking), r#"[50,{},[{"doc":"Adds.","arguments":[{"name":"a"}]}]]"#);
    one.vanish();
    assert_eq!(doc(&mut asking), "[50,{},[null]]");
    assert_eq!(call(&mut asking, "wamp.reflection.error.list", "[]"), "[50,{},[[]]]");
    asking.vanish();
    assert!(world.realm().is_empty());
}

#[test]
fn a_procedure_is_forgotten_when_it_is_unregistered() {
    let world = World::new();
    let mut asking = client(&world);
    let mut callee = callee(&world, "callee");
    callee.send(&format!(r#"[48,2,{{}},"wamp.reflect.define",{ADD}]"#));
    assert_eq!(call(&mut asking, "wamp.reflection.procedure.list", "[]"), r#"[50,{},[["com.calc.add"]]]"#);
    callee.send("[66,3,1]");
    assert_eq!(call(&mut asking, "wamp.reflection.procedure.list", "[]"), "[50,{},[[]]]");
}

#[test]
fn a_definition_is_taken_back_with_null() {
    let world = World::new();
    let mut asking = client(&world);
    for nothing in [",null", ""] {
        assert_eq!(call(&mut asking, "wamp.reflect.define", r#"["topic","com.calc.done",{}]"#), "[50,{}]");
        assert_eq!(call(&mut asking, "wamp.reflection.topic.list", "[]"), r#"[50,{},[["com.calc.done"]]]"#);
        let back = call(&mut asking, "wamp.reflect.define", &format!(r#"["topic","com.calc.done"{nothing}]"#));
        assert_eq!(back, "[50,{}]");
        assert_eq!(call(&mut asking, "wamp.reflection.topic.list", "[]"), "[50,{},[[]]]");
    }
}

#[test]
fn the_first_definition_and_the_end_of_the_last_are_told() {
    let world = World::new();
    let mut watcher = world.join("watcher");
    watcher.send_burst(&[r#"[32,1,{},"wamp.reflect.on_define"]"#, r#"[32,2,{},"wamp.reflect.on_undefine"]"#]);
    watcher.expect(&["[33,1,1]", "[33,2,2]"]);
    let (mut one, mut two) = (callee(&world, "one"), callee(&world, "two"));
    for callee in [&mut one, &mut two] {
        callee.send(&format!(r#"[48,2,{{}},"wamp.reflect.define",{ADD}]"#));
    }
    watcher.expect(&[r#"[36,1,#1,{},["procedure","com.calc.add"]]"#]);
    one.send(r#"[48,3,{},"wamp.reflect.define",["error","com.calc.error",{}]]"#);
    watcher.expect(&[r#"[36,1,#2,{},["error","com.calc.error"]]"#]);
    one.vanish();
    watcher.expect(&[r#"[36,2,#3,{},["error","com.calc.error"]]"#]);
    two.vanish();
    watcher.expect(&[r#"[36,2,#4,{},["procedure","com.calc.add"]]"#]);
}

#[test]
fn only_what_is_a_session_s_own_can_be_defined() {
    let world = World::new();
    let _callee = callee(&world, "callee");
    let mut asking = client(&world);
    let mut refused = |arguments: &str, error: &str| {
        let answer = call(&mut asking, "wamp.reflect.define", arguments);
        assert!(answer.starts_with(&format!(r#"[8,48,{{}},"{error}""#)), "{arguments}: {answer}");
    };
    refused(ADD, "wamp.error.no_such_registration");
    refused(r#"["topic","wamp.session.on_join",{}]"#, "wamp.error.invalid_uri");
    refused(r#"["topic","com calc",{}]"#, "wamp.error.invalid_uri");
    refused(r#"["error","",{}]"#, "wamp.error.invalid_uri");
    refused(r#"["class","com.calc.add",{}]"#, "wamp.error.invalid_argument");
    refused(r#"[1,"com.calc.add",{}]"#, "wamp.error.invalid_argument");
    refused(r#"["topic",1,{}]"#, "wamp.error.invalid_argument");
    refused(r#"["topic"]"#, "wamp.error.invalid_argument");
    refused(r#"["topic","com.calc.done","text"]"#, "wamp.error.invalid_argument");
    refused(r#"["topic","com.calc.done",[1]]"#, "wamp.error.invalid_argument");
    refused("[]", "wamp.error.invalid_argument");
    assert_eq!(call(&mut asking, "wamp.reflection.topic.list", "[]"), "[50,{},[[]]]");
    let answer = call(&mut asking, "wamp.reflection.topic.describe", "[]");
    assert!(answer.starts_with(r#"[8,48,{},"wamp.error.invalid_argument""#), "{answer}");
}

#[test]
fn a_session_may_define_only_so_much() {
    let mut options = RealmOptions { authorizer: Arc::new(AllowAll), ..RealmOptions::default() };
    (options.limits.definitions, options.limits.definition_bytes) = (2, 64);
    let world = World::with(options);
    let mut asking = client(&world);
    let limit = r#"[8,48,{},"router.error.limit_exceeded""#;
    let long = format!(r#"["error","com.one",{{"doc":"{}"}}]"#, "x".repeat(64));
    assert!(call(&mut asking, "wamp.reflect.define", &long).starts_with(limit));
    for uri in ["com.one", "com.two", "com.one"] {
        assert_eq!(call(&mut asking, "wamp.reflect.define", &format!(r#"["error","{uri}",{{}}]"#)), "[50,{}]");
    }
    assert!(call(&mut asking, "wamp.reflect.define", r#"["error","com.three",{}]"#).starts_with(limit));
    assert_eq!(call(&mut asking, "wamp.reflection.error.list", "[]"), r#"[50,{},[["com.one","com.two"]]]"#);
}

/// "A machine readable list and description of WAMP procedures and topics it is authorized to access".
#[test]
fn a_session_reads_only_of_what_it_may_use() {
    let prefix = |uri| Pattern::parse(MatchPolicy::Prefix, uri).unwrap();
    let all = |uri| Permission::all(prefix(uri));
    let permissions = Permissions::default()
        .role("backend", [all("com."), all("wamp.")])
        .role("user", [all("com.public."), all("wamp.")]);
    let world = World::with(RealmOptions {
        authenticator: Arc::new(Believes),
        authorizer: Arc::new(permissions),
        ..RealmOptions::default()
    });
    let mut backend = receivers::join(&world, "service", "backend");
    for (request, topic) in (1..).zip(["com.public.news", "com.private.news"]) {
        let defined = call_next(&mut backend, request, "wamp.reflect.define", &format!(r#"["topic","{topic}",{{}}]"#));
        assert_eq!(defined, format!("[50,{request},{{}}]"));
    }
    let mut user = receivers::join(&world, "alice", "user");
    let listed = call_next(&mut user, 1, "wamp.reflection.topic.list", "[]");
    assert_eq!(listed, r#"[50,1,{},[["com.public.news"]]]"#);
    let described = call_next(&mut user, 2, "wamp.reflection.topic.describe", r#"["com.private.news"]"#);
    assert_eq!(described, "[50,2,{},[null]]");
    let refused = call_next(&mut user, 3, "wamp.reflect.define", r#"["topic","com.private.news",{}]"#);
    assert!(refused.starts_with(r#"[8,48,3,{},"wamp.error.not_authorized""#), "{refused}");
}

fn call_next(client: &mut Client, request: u64, procedure: &str, arguments: &str) -> String {
    client.send(&format!(r#"[48,{request},{{}},"{procedure}",{arguments}]"#));
    client.received().pop().expect("it is answered")
}

#[test]
fn descriptions_cross_serializers() {
    let world = World::new();
    let mut callee = callee(&world, "callee");
    callee.send(&format!(r#"[48,2,{{}},"wamp.reflect.define",{ADD}]"#));
    for serializer in Serializer::ALL {
        let mut asking = world.join_as("asking", serializer, ALL_ROLES);
        let described = call_next(&mut asking, 1, "wamp.reflection.procedure.describe", r#"["com.calc.add"]"#);
        assert_eq!(described, r#"[50,1,{},[{"doc":"Adds.","arguments":[{"name":"a"}]}]]"#, "{serializer}");
    }
}

/// "A peer that acts as a Broker SHOULD announce support for the reflection API", beside its features.
#[test]
fn both_roles_announce_it() {
    let roles = announced::roles(false);
    assert!(roles.broker.is_some_and(|broker| broker.contains(Features::REFLECTION)));
    assert!(roles.dealer.is_some_and(|dealer| dealer.contains(Features::REFLECTION)));
}
