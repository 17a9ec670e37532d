//! What the router tells of what happens, against the real router, and who gets a testament.
//! Specification: "Session Meta API", "Registration Meta API", "Subscription Meta API", "Session Testament" (advanced
//! profile).

mod peer;
mod real;

use real::{World, within};
use serde_json::json;
use tokio::sync::mpsc;
use wamp_client::{Client, InvocationPolicy, Serializer, SessionId, TestamentScope};

fn id_of(client: &Client) -> SessionId {
    client.session().expect("it is joined").id
}

#[tokio::test]
async fn sessions_that_come_and_go_are_told() {
    let world = World::start().await;
    for serializer in Serializer::ALL {
        let (watching, watcher) = world.run(world.app().serializer(serializer)).await;
        let (joined, mut joins) = mpsc::unbounded_channel();
        let (left, mut leaves) = mpsc::unbounded_channel();
        let sessions = watcher.meta().sessions();
        let on_join = sessions.on_join(move |session| {
            joined.send(session).expect("the test listens");
            async {}
        });
        let on_join = within(on_join).await.expect("it is subscribed");
        let on_leave = sessions.on_leave(move |session| {
            left.send(session).expect("the test listens");
            async {}
        });
        within(on_leave).await.expect("it is subscribed");

        let (running, client) = world.run(world.app()).await;
        let session = client.session().expect("it is joined");
        let told = within(joins.recv()).await.expect("it comes");
        assert_eq!((told.session, &told.authid, &told.authrole), (session.id, &session.authid, &session.authrole));
        within(running.stop()).await.expect("it ends in good order");
        let told = within(leaves.recv()).await.expect("it comes");
        assert_eq!((told.session, &told.authid, &told.authrole), (session.id, &session.authid, &session.authrole));

        within(on_join.unsubscribe()).await.expect("it was subscribed");
        assert!(within(joins.recv()).await.is_none(), "nothing is told any more");
        within(watching.stop()).await.expect("it ends in good order");
    }
}

#[tokio::test]
async fn registrations_are_told_in_their_order() {
    let world = World::start().await;
    let (_watching, watcher) = world.run(world.app()).await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let registrations = watcher.meta().registrations();
    let tell = |what: &'static str| {
        let sender = sender.clone();
        move |session: SessionId, id: wamp_client::RegistrationId| {
            sender.send((what, session, id)).expect("the test listens");
            async {}
        }
    };
    let created = sender.clone();
    let on_create = registrations.on_create(move |session, details| {
        assert_eq!((details.uri.as_str(), details.invoke.as_str()), ("com.example.add", "roundrobin"));
        created.send(("create", session, details.id)).expect("the test listens");
        async {}
    });
    within(on_create).await.expect("it is subscribed");
    within(registrations.on_register(tell("register"))).await.expect("it is subscribed");
    within(registrations.on_unregister(tell("unregister"))).await.expect("it is subscribed");
    within(registrations.on_delete(tell("delete"))).await.expect("it is subscribed");

    let (_one, one) = world.run(world.app()).await;
    let (_two, two) = world.run(world.app()).await;
    let mut next = async || within(events.recv()).await.expect("it comes");
    // Each is a subscription of its own, and they don't wait for each other: what of it is told is not ordered here.
    let register =
        |client: &Client| client.register("com.example.add", || async {}).invoke(InvocationPolicy::RoundRobin);
    let first = within(register(&one)).await.expect("it is free");
    let (event, session, id) = next().await;
    assert_eq!(session, id_of(&one));
    let mut both = [event, next().await.0];
    both.sort_unstable();
    assert_eq!(both, ["create", "register"]);
    let second = within(register(&two)).await.expect("it is shared");
    assert_eq!(next().await, ("register", id_of(&two), id));
    within(first.unregister()).await.expect("it was registered");
    assert_eq!(next().await, ("unregister", id_of(&one), id));
    within(second.unregister()).await.expect("it was registered");
    let mut both = [next().await, next().await];
    both.sort_unstable_by_key(|event| event.0);
    assert_eq!(both, [("delete", id_of(&two), id), ("unregister", id_of(&two), id)]);
}

#[tokio::test]
async fn subscriptions_are_told() {
    let world = World::start().await;
    let (_watching, watcher) = world.run(world.app()).await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let subscriptions = watcher.meta().subscriptions();
    let tell = |what: &'static str| {
        let sender = sender.clone();
        move |session: SessionId, id: wamp_client::SubscriptionId| {
            sender.send((what, session, id)).expect("the test listens");
            async {}
        }
    };
    let (_one, one) = world.run(world.app()).await;
    let created = sender.clone();
    let subscriber = id_of(&one);
    let on_create = subscriptions.on_create(move |session, details| {
        // The watcher's own subscriptions are told too.
        if session == subscriber {
            assert_eq!((details.uri.as_str(), details.matching.as_str()), ("com.example.topic", "exact"));
            created.send(("create", session, details.id)).expect("the test listens");
        }
        async {}
    });
    within(on_create).await.expect("it is subscribed");
    within(subscriptions.on_unsubscribe(tell("unsubscribe"))).await.expect("it is subscribed");
    within(subscriptions.on_delete(tell("delete"))).await.expect("it is subscribed");
    let subscribed = tell("subscribe");
    let on_subscribe = subscriptions.on_subscribe(move |session, id| {
        if session == subscriber {
            drop(subscribed(session, id));
        }
        async {}
    });
    within(on_subscribe).await.expect("it is subscribed");

    let mut next = async || within(events.recv()).await.expect("it comes");
    let subscription = within(one.subscribe("com.example.topic", || async {})).await.expect("it is subscribed");
    let mut both = [next().await, next().await];
    both.sort_unstable_by_key(|event| event.0);
    let id = both[0].2;
    assert_eq!(both, [("create", subscriber, id), ("subscribe", subscriber, id)]);
    within(subscription.unsubscribe()).await.expect("it was subscribed");
    let mut both = [next().await, next().await];
    both.sort_unstable_by_key(|event| event.0);
    assert_eq!(both, [("delete", subscriber, id), ("unsubscribe", subscriber, id)]);
}

#[tokio::test]
async fn the_options_of_a_testament_are_those_of_a_publication() {
    let (app, mut peer) = peer::app();
    let (running, mut connection) = tokio::join!(app.start(), peer.join());
    let running = running.expect("it starts");
    let client = running.client();
    let one = id_of(client);
    let testament = client
        .testament("com.example.will")
        .arg(1)
        .kwarg("unit", "m")
        .scope(TestamentScope::Detached)
        .retain()
        .disclose_me()
        .eligible([one])
        .eligible_authid(["ann"])
        .eligible_authrole(["heir"])
        .exclude([one])
        .exclude_authid(["bob"])
        .exclude_authrole(["guest"]);
    let (left, ()) = tokio::join!(testament, async {
        let options = json!({"exclude": [7], "exclude_authid": ["bob"], "exclude_authrole": ["guest"], "eligible": [7],
            "eligible_authid": ["ann"], "eligible_authrole": ["heir"], "disclose_me": true, "retain": true});
        let args = json!(["com.example.will", [1], {"unit": "m"}]);
        let kwargs = json!({"publish_options": options, "scope": "detached"});
        connection.expect(json!([48, 1, {}, "wamp.session.add_testament", args, kwargs])).await;
        connection.send(json!([50, 1, {}])).await;
    });
    left.expect("it is left");
    let (left, ()) = tokio::join!(client.testament("com.example.will"), async {
        let kwargs = json!({"publish_options": {}, "scope": "destroyed"});
        let args = json!(["com.example.will", [], {}]);
        connection.expect(json!([48, 2, {}, "wamp.session.add_testament", args, kwargs])).await;
        connection.send(json!([50, 2, {}])).await;
    });
    left.expect("it is left");
}

#[tokio::test]
async fn a_testament_reaches_only_those_it_is_for() {
    let world = World::start().await;
    let (_heir, heir) = world.run(world.app()).await;
    let (_other, other) = world.run(world.app()).await;
    let (sender, mut heard) = mpsc::unbounded_channel();
    for (client, who) in [(&heir, "heir"), (&other, "other")] {
        let sender = sender.clone();
        let on_event = move |text: String| {
            sender.send((who, text)).expect("the test listens");
            async {}
        };
        within(client.subscribe("com.example.will", on_event)).await.expect("it is subscribed");
    }
    let (running, client) = world.run(world.app()).await;
    let authid = |client: &Client| client.session().and_then(|session| session.authid.clone()).expect("it has one");
    let will = |text: &str| client.testament("com.example.will").arg(text);
    within(will("not other").exclude([id_of(&other)])).await.expect("it is left");
    within(will("not heir").exclude_authid([authid(&heir)])).await.expect("it is left");
    within(will("nobody").exclude_authrole(["anonymous"])).await.expect("it is left");
    within(will("heir").eligible_authid([authid(&heir)])).await.expect("it is left");
    within(running.stop()).await.expect("it ends in good order");
    let mut texts = Vec::new();
    for _ in 0..3 {
        texts.push(within(heard.recv()).await.expect("it comes"));
    }
    texts.sort();
    let expected = [("heir", "heir"), ("heir", "not other"), ("other", "not heir")];
    assert_eq!(texts, expected.map(|(who, text)| (who, text.to_owned())));
}
