//! Options of registrations and subscriptions, and what the router takes back, against the real router.

mod peer;

use std::net::SocketAddr;
use std::sync::Arc;

use peer::within;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use wamp_client::{
    App, Caller, Client, Details, InvocationPolicy, Revocation, Running, State, handlers, register, subscribe,
};
use wamp_router::realm::{AllowAll, RealmOptions};
use wamp_router::{Router, Server};

async fn serve() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the address is free");
    // Whoever joins may take from others what is theirs.
    let options = RealmOptions { authorizer: Arc::new(AllowAll), ..RealmOptions::default() };
    Router::builder().realm_with("realm1", options).build().serve(listener, axum::Router::new())
}

fn app(address: SocketAddr) -> App {
    App::new(format!("ws://{address}/ws"))
}

async fn start(app: App) -> (Running, Client) {
    let running = within(app.start()).await.expect("it starts");
    let client = running.client().clone();
    (running, client)
}

#[register(
    "com.example.",
    matching = "prefix",
    invoke = "roundrobin",
    concurrency = 8,
    force_reregister,
    disclose_caller
)]
async fn everything() {}

#[register("com.other")]
async fn nothing() {}

#[subscribe("com..status", matching = "wildcard", retained)]
async fn on_status() {}

#[tokio::test]
async fn the_router_is_told_what_the_attributes_say() {
    let (app, mut peer) = peer::app();
    let starting = tokio::spawn(app.mount(handlers![everything, nothing, on_status]).start());
    let mut connection = peer.join().await;
    let options = json!({"match": "prefix", "invoke": "roundrobin", "concurrency": 8, "force_reregister": true,
        "disclose_caller": true});
    connection.expect(json!([64, 1, options, "com.example."])).await;
    connection.expect(json!([64, 2, {}, "com.other"])).await;
    connection.expect(json!([32, 3, {"match": "wildcard", "get_retained": true}, "com..status"])).await;
    starting.abort();
}

#[tokio::test]
async fn no_more_calls_run_at_once_than_the_callee_takes() {
    let server = serve().await;
    let (started, mut running) = mpsc::unbounded_channel();
    let go_on = Arc::new(Notify::new());
    let wait = move |State(go_on): State<Notify>| {
        started.send(()).expect("the test listens");
        async move { go_on.notified().await }
    };
    let (_callee, callee) = start(app(server.local_addr()).shared_state(Arc::clone(&go_on))).await;
    callee.register("com.example.wait", wait).concurrency(1).await.expect("it is free");
    let (_caller, client) = start(app(server.local_addr())).await;

    let first = tokio::spawn(client.call::<()>("com.example.wait").into_future());
    within(running.recv()).await.expect("it runs");
    let error = within(client.call::<()>("com.example.wait")).await.expect_err("one call is running");
    assert_eq!(error.wamp_uri(), Some("wamp.error.no_available_callee"));
    go_on.notify_one();
    within(first).await.expect("it does not panic").expect("it is answered");
    go_on.notify_one();
    within(client.call::<()>("com.example.wait")).await.expect("it takes one again");
}

#[tokio::test]
async fn a_procedure_can_be_taken_over() {
    let server = serve().await;
    let (_one, one) = start(app(server.local_addr())).await;
    let (_two, two) = start(app(server.local_addr())).await;
    let old = one.register("com.example.name", || async { "one" }).await.expect("it is free");
    two.register("com.example.name", || async { "two" }).await.expect_err("it is taken");
    let new = two.register("com.example.name", || async { "two" }).force_reregister(true).await.expect("it yields");

    assert!(within(old.revoked()).await.is_some());
    let name: String = within(one.call("com.example.name")).await.expect("it is answered");
    assert_eq!(name, "two");
    // What is taken back is not to be unregistered again, and ends in good order.
    within(old.unregister()).await.expect("there is nothing to do");
    let kept = new.clone();
    let (end, unregistered) = tokio::join!(within(kept.revoked()), within(new.unregister()));
    unregistered.expect("it was registered");
    assert_eq!(end, None, "the program ended it itself");
}

#[tokio::test]
async fn a_subscription_that_is_taken_back_says_why() {
    let server = serve().await;
    let (_one, one) = start(app(server.local_addr())).await;
    let (_two, two) = start(app(server.local_addr())).await;
    let subscription = one.subscribe("com.example.topic", || async {}).await.expect("it is subscribed");
    let id: u64 = within(two.call("wamp.subscription.lookup").arg("com.example.topic")).await.expect("it is there");
    let session = one.session().expect("it is joined").id;
    let removal = two.call::<()>("wamp.subscription.remove_subscriber").arg(id).arg(session);
    within(removal.kwarg("reason", "com.example.reason.enough")).await.expect("it is removed");
    let Revocation { reason, .. } = within(subscription.revoked()).await.expect("the router did it");
    assert_eq!(reason.as_deref(), Some("com.example.reason.enough"));
}

#[tokio::test]
async fn a_caller_is_disclosed_where_the_callee_asks_for_it() {
    let server = serve().await;
    let who = |caller: Caller, details: Details| async move {
        assert_eq!(details.uri.as_ref(), "com.example.who");
        (caller.session, caller.authrole, details.trustlevel)
    };
    let (_callee, callee) = start(app(server.local_addr())).await;
    let registration = callee.register("com.example.who", who).disclose_caller(true);
    registration.invoke(InvocationPolicy::Single).await.expect("it is free");
    let (_caller, client) = start(app(server.local_addr())).await;
    let session = client.session().expect("it is joined");
    let told: (Option<u64>, Option<String>, Option<u64>) =
        within(client.call("com.example.who")).await.expect("it is answered");
    assert_eq!(told.0, Some(session.id.get()));
    assert_eq!(told.1, session.authrole);
}

#[tokio::test]
async fn the_trust_level_is_told() {
    let (sender, mut levels) = mpsc::unbounded_channel();
    let on_event = move |details: Details| {
        sender.send(details.trustlevel).expect("the test listens");
        async {}
    };
    let (app, mut peer) = peer::app();
    let app = app.subscribe("com.example.topic", on_event);
    let app = app.register("com.example.level", |details: Details| async move { details.trustlevel });
    let starting = tokio::spawn(app.start());
    let mut connection = peer.join().await;
    connection.attach("com.example.topic", 11).await;
    connection.attach("com.example.level", 12).await;
    let _running = within(starting).await.expect("it does not panic").expect("it starts");
    connection.send(json!([36, 11, 1, {"trustlevel": 3}])).await;
    assert_eq!(within(levels.recv()).await, Some(Some(3)));
    connection.send(json!([68, 1, 12, {"trustlevel": 2}])).await;
    connection.expect(json!([70, 1, {}, [2]])).await;
}

#[tokio::test]
async fn every_test_that_is_given_must_hold_for_who_gets_an_event() {
    let server = serve().await;
    let (_one, one) = start(app(server.local_addr())).await;
    let (_two, two) = start(app(server.local_addr())).await;
    let (sender, mut heard) = mpsc::unbounded_channel();
    for (client, who) in [(&one, 1), (&two, 2)] {
        let sender = sender.clone();
        let on_event = move |text: String| {
            sender.send((text, who)).expect("the test listens");
            async {}
        };
        within(client.subscribe("com.example.topic", on_event)).await.expect("it is subscribed");
    }
    let id = |client: &Client| client.session().expect("it is joined").id;
    let authid = |client: &Client| client.session().and_then(|session| session.authid.clone()).expect("it has one");
    let (_publisher, publisher) = start(app(server.local_addr())).await;
    let publish = |text: &str| publisher.publish("com.example.topic").arg(text);
    within(publish("one").eligible([id(&one)])).await.expect("it is sent");
    within(publish("two").exclude([id(&one)])).await.expect("it is sent");
    within(publish("one").eligible_authid([authid(&one)])).await.expect("it is sent");
    within(publish("two").exclude_authid([authid(&one)])).await.expect("it is sent");
    within(publish("nobody").eligible_authrole(["admin"])).await.expect("it is sent");
    within(publish("nobody").exclude_authrole(["anonymous"])).await.expect("it is sent");
    within(publish("nobody").eligible([id(&one)]).exclude_authid([authid(&one)])).await.expect("it is sent");
    within(publish("both").eligible_authrole(["anonymous"])).await.expect("it is sent");
    let mut all = Vec::new();
    while all.len() < 6 {
        all.push(within(heard.recv()).await.expect("it comes"));
    }
    all.sort();
    let expected = [("both", 1), ("both", 2), ("one", 1), ("one", 1), ("two", 2), ("two", 2)];
    assert_eq!(all, expected.map(|(text, who)| (text.to_owned(), who)));

    // The publisher itself is left out, unless it wants otherwise.
    within(one.publish("com.example.topic").arg("mine")).await.expect("it is sent");
    within(one.publish("com.example.topic").arg("ours").exclude_me(false)).await.expect("it is sent");
    let mut all = Vec::new();
    while all.len() < 3 {
        all.push(within(heard.recv()).await.expect("it comes"));
    }
    all.sort();
    assert_eq!(all, [("mine", 2), ("ours", 1), ("ours", 2)].map(|(text, who)| (text.to_owned(), who)));
}

#[tokio::test]
async fn who_calls_or_publishes_is_told_only_if_it_wants_to() {
    let server = serve().await;
    let (_callee, callee) = start(app(server.local_addr())).await;
    let who = |caller: Caller| async move { caller.session };
    within(callee.register("com.example.who", who)).await.expect("it is free");
    let (sender, mut publishers) = mpsc::unbounded_channel();
    let on_event = move |publisher: Caller| {
        sender.send(publisher).expect("the test listens");
        async {}
    };
    within(callee.subscribe("com.example.topic", on_event)).await.expect("it is subscribed");
    let (_caller, client) = start(app(server.local_addr())).await;
    let session = client.session().expect("it is joined");
    let told: Option<u64> = within(client.call("com.example.who")).await.expect("it is answered");
    assert_eq!(told, None);
    let told: Option<u64> = within(client.call("com.example.who").disclose_me()).await.expect("it is answered");
    assert_eq!(told, Some(session.id.get()));
    within(client.publish("com.example.topic")).await.expect("it is sent");
    assert_eq!(within(publishers.recv()).await, Some(Caller::default()));
    within(client.publish("com.example.topic").disclose_me()).await.expect("it is sent");
    let publisher = within(publishers.recv()).await.expect("it comes");
    assert_eq!((publisher.session, publisher.authid), (Some(session.id), session.authid.clone()));
    assert_eq!(publisher.authrole, session.authrole);
}
