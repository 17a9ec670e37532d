//! `wamp sessions`, `wamp topics` and `wamp procedures`.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::World;

async fn listed(world: &World, arguments: &[&str]) -> Vec<Value> {
    let listed = world.output(arguments).await;
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_shown_and_ended() {
    let mut world = World::new().await;
    let subscriber = world.subscriber(&["sub", "com.example.tick"]).await;
    let sessions = listed(&world, &["sessions"]).await;
    assert_eq!(sessions.len(), 3, "{sessions:?}");
    assert_eq!(sessions.iter().filter(|session| session["own"] == true).count(), 1);
    assert!(sessions.iter().all(|session| session["authrole"] == "anonymous"));
    world.left().await;

    let own = world.client.session().unwrap().id.get();
    let shown = listed(&world, &["sessions", "show", &own.to_string()]).await;
    assert_eq!(shown[0]["session"], own);
    world.left().await;
    let other = sessions.iter().find(|session| session["own"] == false && session["session"] != own).unwrap();
    let other = other["session"].to_string();
    assert_eq!(world.output(&["sessions", "kill", &other, "--message", "for a test"]).await, "");
    // It was told why, and comes back with a new session.
    world.subscribed().await;
    subscriber.signal(Signal::INT);
    let ended = subscriber.ended().await;
    assert!(ended.stderr.contains("wamp.close.killed") && ended.stderr.contains("for a test"), "{ended:?}");

    let error = world.run(&["sessions", "show", &other]).await.failed(1);
    assert!(error.contains("wamp.error.no_such_session") && error.contains("`wamp sessions`"), "{error}");
    let table = world.output(&["sessions", "--text"]).await;
    let heading = table.lines().next().unwrap();
    assert_eq!(heading.split_whitespace().collect::<Vec<_>>(), ["SESSION", "AUTHID", "AUTHROLE", "AUTHMETHOD"]);
    assert!(table.contains(&own.to_string()) && table.contains(" * "), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_listed_with_their_subscribers() {
    let mut world = World::new().await;
    let _first = world.subscriber(&["sub", "com.example.tick"]).await;
    let _second = world.subscriber(&["sub", "com.example.tick"]).await;
    let _third = world.subscriber(&["sub", "com.example", "--match", "prefix"]).await;
    let topics = listed(&world, &["topics", "com.example"]).await;
    let [prefix, exact] = &topics[..] else { panic!("{topics:?}") };
    assert_eq!([&prefix["topic"], &prefix["match"]], ["com.example", "prefix"]);
    assert_eq!(
        [&exact["topic"], &exact["match"], &exact["subscribers"]],
        [&json!("com.example.tick"), &json!("exact"), &json!(2)]
    );
    let table = world.run(&["topics", "--text", "com.nobody"]).await;
    assert_eq!((table.code, table.stdout.as_str()), (Some(0), ""));
    assert!(table.stderr.contains("nobody"), "{}", table.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn procedures_are_listed_with_their_callees() {
    let mut world = World::new().await;
    let shared = ["register", "com.example.date", "--invoke", "roundrobin", "--", "date"];
    let _first = world.callee(&shared).await;
    let _second = world.callee(&shared).await;
    let procedures = listed(&world, &["procedures"]).await;
    let [procedure] = &procedures[..] else { panic!("{procedures:?}") };
    let known = ["procedure", "match", "invoke"].map(|key| procedure[key].as_str().unwrap());
    assert_eq!(known, ["com.example.date", "exact", "roundrobin"]);
    assert_eq!(procedure["callees"], 2);
    let table = world.output(&["procedures", "--text"]).await;
    assert!(table.starts_with("PROCEDURE") && table.contains("com.example.date"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_programs_tell_about_themselves_is_shown() {
    let world = World::new().await;
    world.client.register("com.calc.add", |a: i64, b: i64| async move { a + b }).await.unwrap();
    world.client.register("com.calc.other", || async {}).await.unwrap();
    let description = json!({"doc": "Adds two numbers.\n\nSlowly.", "arguments": [{"name": "a"}, {"name": "b"}]});
    let define = world.client.call::<()>("wamp.reflect.define");
    define.arg("procedure").arg("com.calc.add").arg(&description).await.unwrap();
    let procedures = listed(&world, &["procedures"]).await;
    let descriptions: Vec<_> = procedures.iter().map(|procedure| procedure.get("description")).collect();
    assert_eq!(descriptions, [Some(&description), None]);
    let table = world.output(&["procedures", "--text"]).await;
    let mut lines = table.lines();
    assert!(lines.next().unwrap().ends_with("ABOUT"), "{table}");
    assert!(lines.next().unwrap().ends_with("(a, b) Adds two numbers."), "{table}");
}
