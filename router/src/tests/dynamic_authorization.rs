//! A procedure says what the sessions of a role may do. Specification: "Authorization" (advanced profile).

use std::sync::Arc;

use serde_json::{Value, json};
use wamp_proto::{MatchPolicy, Pattern};

use super::receivers::{self, Believes};
use super::world::{Client, World};
use crate::connection::Flow;
use crate::realm::{Permission, Permissions, RealmOptions};

/// The role `user` may do what `com.authorize` says, `backend` may do everything.
fn world() -> World {
    let everything = Pattern::parse(MatchPolicy::Prefix, "").unwrap();
    let permissions = Permissions::default()
        .role("backend", [Permission::all(everything)])
        .authorizer("user", "com.authorize")
        .authorizer("hermit", "com.nowhere");
    World::with(RealmOptions {
        authenticator: Arc::new(Believes),
        authorizer: Arc::new(permissions),
        ..RealmOptions::default()
    })
}

fn register(client: &mut Client, request: u64) -> Value {
    assert_eq!(client.send(&json!([64, request, {}, "com.authorize"]).to_string()), Flow::Continue);
    serde_json::from_str(&client.received()[0]).unwrap()
}

/// Takes the question, and answers it.
async fn answer(authorizer: &mut Client, answer: Value) -> Value {
    let invocation = authorizer.next().await;
    assert_eq!(invocation[0], 68, "{invocation}");
    let _ = authorizer.send(&json!([70, invocation[1], {}, [answer]]).to_string());
    invocation[4].clone()
}

fn publish(client: &mut Client, request: u64, topic: &str) -> Flow {
    client.send(&json!([16, request, {"acknowledge": true}, topic]).to_string())
}

#[tokio::test]
async fn a_procedure_says_what_a_role_may_do() {
    let world = world();
    let mut authorizer = receivers::join(&world, "judge", "backend");
    register(&mut authorizer, 1);
    let mut alice = receivers::join(&world, "alice", "user");
    assert_eq!(alice.send(r#"[32,1,{"match":"prefix"},"com."]"#), Flow::Pause);
    let (asked, flow) = tokio::join!(answer(&mut authorizer, json!(true)), alice.resumed());
    assert_eq!(flow, Flow::Continue);
    alice.expect(&["[33,1,1]"]);
    assert_eq!([&asked[1], &asked[2], &asked[3]], [&json!("com."), &json!("subscribe"), &json!({"match": "prefix"})]);
    let details = &asked[0];
    assert_eq!([&details["authid"], &details["authrole"], &details["realm"]], ["alice", "user", "realm1"]);
    assert_eq!(details["session"], alice.id);

    assert_eq!(publish(&mut alice, 2, "com.topic"), Flow::Pause);
    tokio::join!(answer(&mut authorizer, json!(false)), alice.resumed());
    alice.expect_error(16, 2, "wamp.error.not_authorized");
    // Whoever answers nonsense, or an error, or does not exist, decides nothing.
    assert_eq!(publish(&mut alice, 3, "com.topic"), Flow::Pause);
    tokio::join!(answer(&mut authorizer, json!("yes")), alice.resumed());
    alice.expect_error(16, 3, "wamp.error.authorization_failed");
    assert_eq!(publish(&mut alice, 4, "com.topic"), Flow::Pause);
    let fail = async {
        let invocation = authorizer.next().await;
        let _ = authorizer.send(&json!([8, 68, invocation[1], {}, "com.error.broken"]).to_string());
    };
    tokio::join!(fail, alice.resumed());
    alice.expect_error(16, 4, "wamp.error.authorization_failed");
    let mut hermit = receivers::join(&world, "hermit", "hermit");
    assert_eq!(publish(&mut hermit, 1, "com.topic"), Flow::Pause);
    hermit.resumed().await;
    hermit.expect_error(16, 1, "wamp.error.authorization_failed");
}

#[tokio::test]
async fn an_answer_for_good_is_asked_for_once() {
    let world = world();
    let mut authorizer = receivers::join(&world, "judge", "backend");
    let registered = register(&mut authorizer, 1);
    let mut alice = receivers::join(&world, "alice", "user");
    assert_eq!(publish(&mut alice, 1, "com.topic"), Flow::Pause);
    tokio::join!(answer(&mut authorizer, json!({"allow": true, "cache": true})), alice.resumed());
    alice.received();
    let mut bob = receivers::join(&world, "bob", "user");
    assert_eq!(publish(&mut bob, 1, "com.topic"), Flow::Continue, "it holds for the role");
    assert_eq!(publish(&mut bob, 2, "com.other"), Flow::Pause);
    tokio::join!(answer(&mut authorizer, json!({"allow": false, "cache": true})), bob.resumed());
    bob.received();
    assert_eq!(publish(&mut bob, 3, "com.other"), Flow::Continue, "a refusal is an answer");
    bob.expect_error(16, 3, "wamp.error.not_authorized");
    // Another authorizer may be of another mind.
    let _ = authorizer.send(&json!([66, 2, registered[2]]).to_string());
    assert_eq!(publish(&mut bob, 4, "com.topic"), Flow::Pause);
    bob.resumed().await;
    bob.expect_error(16, 4, "wamp.error.authorization_failed");
    authorizer.received();
    register(&mut authorizer, 3);
    assert_eq!(publish(&mut bob, 5, "com.topic"), Flow::Pause);
    tokio::join!(answer(&mut authorizer, json!({"allow": true, "cache": true})), bob.resumed());
    authorizer.vanish();
    assert_eq!(publish(&mut bob, 6, "com.topic"), Flow::Pause);
}

#[tokio::test]
async fn whoever_answers_is_not_asked_about() {
    let world = world();
    let mut backend = receivers::join(&world, "judge", "backend");
    register(&mut backend, 1);
    let mut authorizer = receivers::join(&world, "judge", "user");
    assert_eq!(authorizer.send(r#"[64,1,{"force_reregister":true},"com.authorize"]"#), Flow::Pause);
    tokio::join!(answer(&mut backend, json!(true)), authorizer.resumed());
    backend.received();
    let taken = authorizer.received();
    assert!(taken[0].contains("take the procedure over"), "only sessions of its role may: {taken:?}");
    drop(backend);
    let permissions = Permissions::default().authorizer("user", "com.authorize");
    // There is nobody to ask who may be the first to answer: another role has to allow that.
    assert_eq!(authorizer.send(r#"[64,2,{},"com.authorize"]"#), Flow::Pause);
    authorizer.resumed().await;
    authorizer.expect_error(64, 2, "wamp.error.authorization_failed");
    world.realm().set_authorizer(Arc::new(crate::realm::AllowAll));
    assert_eq!(authorizer.send(r#"[64,3,{},"com.authorize"]"#), Flow::Continue);
    world.realm().set_authorizer(Arc::new(permissions));
    authorizer.received();
    // While it works on an answer it may need what it would be asked about.
    let mut alice = receivers::join(&world, "alice", "user");
    assert_eq!(publish(&mut alice, 1, "com.topic"), Flow::Pause);
    let decide = async {
        let invocation = authorizer.next().await;
        assert_eq!(publish(&mut authorizer, 4, "com.log"), Flow::Pause);
        assert_eq!(authorizer.resumed().await, Flow::Continue);
        authorizer.expect(&["[17,4,#1]"]);
        let _ = authorizer.send(&json!([70, invocation[1], {}, [true]]).to_string());
    };
    tokio::join!(decide, alice.resumed());
    alice.expect(&["[17,1,#2]"]);
}

/// Authorizers of the time before 2017 take three arguments.
#[tokio::test]
async fn an_older_authorizer_is_asked_as_it_was() {
    let world = world();
    let mut authorizer = receivers::join(&world, "judge", "backend");
    register(&mut authorizer, 1);
    for error in ["f() takes 3 positional arguments but 4 were given", "f() takes exactly 3 arguments (4 given)"] {
        let mut alice = receivers::join(&world, "alice", "user");
        assert_eq!(publish(&mut alice, 1, "com.topic"), Flow::Pause);
        let old = async {
            let invocation = authorizer.next().await;
            assert_eq!(invocation[4].as_array().unwrap().len(), 4);
            let error = json!([8, 68, invocation[1], {}, "wamp.error.runtime_error", [error]]);
            let _ = authorizer.send(&error.to_string());
            answer(&mut authorizer, json!(true)).await
        };
        let (asked, _) = tokio::join!(old, alice.resumed());
        assert_eq!(asked.as_array().unwrap()[1..], [json!("com.topic"), json!("publish")]);
        assert!(alice.received()[0].starts_with("[17,1,"));
    }
}

/// The router's own session goes with the permissions it was needed for.
#[tokio::test]
async fn a_replaced_authorizer_asks_nobody_any_more() {
    let world = world();
    let mut authorizer = receivers::join(&world, "judge", "backend");
    register(&mut authorizer, 1);
    let mut alice = receivers::join(&world, "alice", "user");
    for (request, sessions) in [(1, 3), (2, 3)] {
        assert_eq!(publish(&mut alice, request, "com.topic"), Flow::Pause);
        tokio::join!(answer(&mut authorizer, json!(true)), alice.resumed());
        assert_eq!(world.realm().session_count(), sessions, "the same session asks again");
    }
    world.realm().set_authorizer(Arc::new(crate::realm::AllowAll));
    let left = async {
        while world.realm().session_count() > 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), left).await.expect("it should have left by now");
    alice.received();
    assert_eq!(publish(&mut alice, 3, "com.topic"), Flow::Continue);
    world.realm().set_authorizer(Arc::new(Permissions::default()));
    publish(&mut alice, 4, "com.topic");
    assert!(alice.received()[1].contains("not_authorized"));
}

/// The default role of the router's own sessions is nobody else's.
#[tokio::test]
async fn trusted_is_only_who_comes_from_within() {
    let world = world();
    let mut mallory = receivers::join(&world, "mallory", crate::realm::TRUSTED);
    publish(&mut mallory, 1, "com.topic");
    mallory.expect_error(16, 1, "wamp.error.not_authorized");

    // With an authorizer the role is one like others; only the router's own session needs no permission to ask.
    let mut authorizer = receivers::join(&world, "judge", "backend");
    register(&mut authorizer, 1);
    let permissions = Permissions::default().authorizer(crate::realm::TRUSTED, "com.authorize");
    world.realm().set_authorizer(Arc::new(permissions));
    assert_eq!(publish(&mut mallory, 2, "com.topic"), Flow::Pause);
    tokio::join!(answer(&mut authorizer, json!(true)), mallory.resumed());
    mallory.expect(&["[17,2,#1]"]);
}
