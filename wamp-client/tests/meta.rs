//! What the router tells about itself, against the real router.
//! Specification: "Session Meta API", "Registration Meta API", "Subscription Meta API", "Event History",
//! "Session Testament" (advanced profile).

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wamp_client::{
    App, Client, Details, InvocationPolicy, MatchPolicy, Running, Serializer, SessionId, TestamentScope, Topic, Value,
};
use wamp_proto::Pattern;
use wamp_router::history::{History, HistoryRule};
use wamp_router::realm::{AllowAll, RealmOptions};
use wamp_router::{Router, Server};

async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(Duration::from_secs(30), event).await.expect("it happens before the deadline")
}

async fn serve() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the address is free");
    let kept = Pattern::parse(MatchPolicy::Prefix, "com.log.").expect("it is a pattern");
    let history = Some(History::in_memory([HistoryRule::new(kept)]));
    // Whoever joins may end the sessions of others.
    let options = RealmOptions { authorizer: Arc::new(AllowAll), history, ..RealmOptions::default() };
    Router::builder().realm_with("realm1", options).build().serve(listener, axum::Router::new())
}

fn app(address: SocketAddr) -> App {
    App::new(format!("ws://{address}/ws")).reconnect_delay(Duration::from_millis(10), Duration::from_millis(20))
}

async fn start(app: App) -> (Running, Client) {
    let running = within(app.start()).await.expect("it starts");
    let client = running.client().clone();
    (running, client)
}

fn id_of(client: &Client) -> SessionId {
    client.session().expect("it is joined").id
}

#[tokio::test]
async fn sessions_are_counted_listed_and_described() {
    let server = serve().await;
    for serializer in Serializer::ALL {
        let (one, first) = start(app(server.local_addr()).serializer(serializer)).await;
        let (two, second) = start(app(server.local_addr())).await;
        let sessions = first.meta().sessions();
        assert_eq!(within(sessions.count()).await.expect("it is told"), 2);
        assert_eq!(within(sessions.count_of(["anonymous"])).await.expect("it is told"), 2);
        assert_eq!(within(sessions.count_of(["admin"])).await.expect("it is told"), 0);
        assert_eq!(within(sessions.list_of(["admin"])).await.expect("it is told"), []);
        let mut listed = within(sessions.list()).await.expect("it is told");
        listed.sort_by_key(|id| id.get());
        let mut expected = [id_of(&first), id_of(&second)];
        expected.sort_by_key(|id| id.get());
        assert_eq!(listed, expected);
        let details = within(sessions.get(id_of(&second))).await.expect("it is told");
        assert_eq!(details.session, id_of(&second));
        assert_eq!(details.authrole, second.session().and_then(|session| session.authrole.clone()));
        let gone = id_of(&second);
        within(two.stop()).await.expect("it ends well");
        let error = within(sessions.get(gone)).await.expect_err("it is gone");
        assert_eq!(error.wamp_uri(), Some("wamp.error.no_such_session"));
        within(one.stop()).await.expect("it ends well");
    }
}

#[tokio::test]
async fn sessions_are_ended_in_every_way_there_is() {
    let server = serve().await;
    let (_one, first) = start(app(server.local_addr())).await;
    let (left, mut leaves) = mpsc::unbounded_channel();
    let on_leave = move || {
        let _ = left.send(());
        async {}
    };
    let (_two, second) = start(app(server.local_addr()).on_leave(on_leave)).await;
    let sessions = first.meta().sessions();

    let victim = id_of(&second);
    within(sessions.kill(victim).reason("com.example.reason.test").message("a test")).await.expect("it is ended");
    within(leaves.recv()).await.expect("it learns");
    let again = within(second.joined()).await.expect("it joins again");
    assert_ne!(again.id, victim);
    within(sessions.kill(victim)).await.expect_err("it is gone");

    let authid = again.authid.clone().expect("it has one");
    assert_eq!(within(sessions.kill_by_authid(&authid)).await.expect("it is ended"), [again.id]);
    within(leaves.recv()).await.expect("it learns");
    let again = within(second.joined()).await.expect("it joins again");
    let authrole = again.authrole.clone().expect("it has one");
    assert_eq!(within(sessions.kill_by_authrole(&authrole)).await.expect("it is ended"), 1);
    within(leaves.recv()).await.expect("it learns");
    within(second.joined()).await.expect("it joins again");
    assert_eq!(within(sessions.kill_all()).await.expect("it is ended"), 1);
    within(leaves.recv()).await.expect("it learns");
}

#[tokio::test]
async fn registrations_are_found_and_taken_back() {
    let server = serve().await;
    let (_one, first) = start(app(server.local_addr())).await;
    let (_two, second) = start(app(server.local_addr())).await;
    let registering = first.register("com.example.", || async {}).matching(MatchPolicy::Prefix);
    let registration = registering.invoke(InvocationPolicy::RoundRobin).await.expect("it is free");

    let registrations = second.meta().registrations();
    let found = within(registrations.lookup("com.example.", MatchPolicy::Prefix)).await.expect("it is told");
    let id = found.expect("it is there");
    assert_eq!(within(registrations.lookup("com.example", MatchPolicy::Exact)).await.expect("it is told"), None);
    assert_eq!(within(registrations.matching("com.example.add")).await.expect("it is told"), Some(id));
    assert_eq!(within(registrations.matching("com.other")).await.expect("it is told"), None);
    let list = within(registrations.list()).await.expect("it is told");
    assert_eq!((list.exact, list.prefix, list.wildcard), (vec![], vec![id], vec![]));
    let details = within(registrations.get(id)).await.expect("it is told");
    assert_eq!((details.uri.as_str(), details.matching.as_str()), ("com.example.", "prefix"));
    assert_eq!(details.invoke, "roundrobin");
    assert_eq!(within(registrations.callees(id)).await.expect("it is told"), [id_of(&first)]);
    assert_eq!(within(registrations.count_callees(id)).await.expect("it is told"), 1);

    let removal = registrations.remove_callee(id, id_of(&first), Some("com.example.reason.test"));
    within(removal).await.expect("it is taken back");
    let revocation = within(registration.revoked()).await.expect("the router did it");
    assert_eq!(revocation.reason.as_deref(), Some("com.example.reason.test"));
    let error = within(registrations.get(id)).await.expect_err("it is gone");
    assert_eq!(error.wamp_uri(), Some("wamp.error.no_such_registration"));
}

#[tokio::test]
async fn subscriptions_are_found_and_taken_back() {
    let server = serve().await;
    let (_one, first) = start(app(server.local_addr())).await;
    let (_two, second) = start(app(server.local_addr())).await;
    let subscription = first.subscribe("com..status", || async {}).matching(MatchPolicy::Wildcard);
    let subscription = subscription.await.expect("it is subscribed");

    let subscriptions = second.meta().subscriptions();
    let found = within(subscriptions.lookup("com..status", MatchPolicy::Wildcard)).await.expect("it is told");
    let id = found.expect("it is there");
    assert_eq!(within(subscriptions.matching("com.example.status")).await.expect("it is told"), [id]);
    assert_eq!(within(subscriptions.matching("com.example.other")).await.expect("it is told"), []);
    let list = within(subscriptions.list()).await.expect("it is told");
    // There also is one by prefix, which keeps the history.
    assert_eq!((list.exact, list.wildcard), (vec![], vec![id]));
    let details = within(subscriptions.get(id)).await.expect("it is told");
    assert_eq!((details.uri.as_str(), details.matching.as_str()), ("com..status", "wildcard"));
    assert_eq!(within(subscriptions.subscribers(id)).await.expect("it is told"), [id_of(&first)]);
    assert_eq!(within(subscriptions.count_subscribers(id)).await.expect("it is told"), 1);

    within(subscriptions.remove_subscriber(id, id_of(&first), None)).await.expect("it is taken back");
    assert!(within(subscription.revoked()).await.is_some());
}

#[tokio::test]
async fn past_events_are_told_to_all_serializers() {
    let server = serve().await;
    let (_publisher, publisher) = start(app(server.local_addr()).serializer(Serializer::Cbor)).await;
    // What nobody has subscribed to has no subscription to ask about.
    publisher.subscribe("com.log.", || async {}).matching(MatchPolicy::Prefix).await.expect("it is subscribed");
    let mut publications = Vec::new();
    for number in 1..=4 {
        let topic = if number % 2 == 1 { "com.log.odd" } else { "com.log.even" };
        let event = publisher.publish(topic).arg(number).kwarg("unit", "m").acknowledge();
        publications.push(within(event).await.expect("it is published"));
    }
    for serializer in Serializer::ALL {
        let (running, client) = start(app(server.local_addr()).serializer(serializer)).await;
        let subscriptions = client.meta().subscriptions();
        let found = within(subscriptions.lookup("com.log.", MatchPolicy::Prefix)).await.expect("it is told");
        let id = found.expect("it is there");
        let numbers = |history: wamp_client::History| async move {
            let past = within(history).await.expect("they are told");
            let numbers: Vec<i64> = past.events.iter().map(|event| event.arg(0).expect("it is a number")).collect();
            (numbers, past.more)
        };
        assert_eq!(numbers(subscriptions.events(id)).await, (vec![1, 2, 3, 4], false));
        assert_eq!(numbers(subscriptions.events(id).reverse().limit(2)).await, (vec![4, 3], true));
        assert_eq!(numbers(subscriptions.events(id).topic("com.log.even")).await, (vec![2, 4], false));
        let from_second = subscriptions.events(id).from_publication(publications[1]);
        assert_eq!(numbers(from_second.before_publication(publications[3])).await, (vec![2, 3], false));
        let after_second = subscriptions.events(id).after_publication(publications[1]);
        assert_eq!(numbers(after_second.until_publication(publications[2])).await, (vec![3], false));

        let all = within(subscriptions.events(id)).await.expect("they are told").events;
        let (first, last) = (&all[0], &all[3]);
        assert_eq!((first.publication, first.details.topic.as_deref()), (publications[0], Some("com.log.odd")));
        let kwargs: Value = first.kwargs().expect("any value does");
        assert_eq!(kwargs.get("unit"), Some(&Value::Str("m".to_owned())));
        first.arg::<i64>(1).expect_err("there is no other");
        let until = subscriptions.events(id).until_time(&last.timestamp).from_time(&first.timestamp);
        assert_eq!(numbers(until).await.0, [1, 2, 3, 4]);
        let none = subscriptions.events(id).after_time(&last.timestamp);
        assert_eq!(numbers(none).await.0, [] as [i64; 0]);
        let none = subscriptions.events(id).before_time(&first.timestamp);
        assert_eq!(numbers(none).await.0, [] as [i64; 0]);
        within(running.stop()).await.expect("it ends well");
    }
}

#[tokio::test]
async fn a_testament_is_published_when_the_session_is_gone() {
    let server = serve().await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let on_event = move |Topic(topic): Topic, text: Option<String>, details: Details| {
        let sent = (topic, text, details.caller.session);
        sender.send(sent).expect("the test listens");
        async {}
    };
    let (_heir, heir) = start(app(server.local_addr())).await;
    heir.subscribe("com.will.", on_event).matching(MatchPolicy::Prefix).await.expect("it is subscribed");

    for serializer in Serializer::ALL {
        let (running, client) = start(app(server.local_addr()).serializer(serializer)).await;
        within(client.testament("com.will.withdrawn").scope(TestamentScope::Detached)).await.expect("it is left");
        within(client.flush_testaments(TestamentScope::Detached)).await.expect("it is withdrawn");
        let others = client.testament("com.will.others").eligible([id_of(&client)]);
        within(others).await.expect("it is left");
        let testament = client.testament("com.will.open").arg("all of it").kwarg("unit", "m").disclose_me();
        within(testament.eligible([id_of(&heir)])).await.expect("it is left");
        within(client.testament("com.will.empty")).await.expect("it is left");
        let testator = id_of(&client);
        assert!(events.try_recv().is_err(), "it is still there");
        within(running.stop()).await.expect("it ends well");
        let event = within(events.recv()).await.expect("it comes");
        assert_eq!(event, ("com.will.open".to_owned(), Some("all of it".to_owned()), Some(testator)));
        let event = within(events.recv()).await.expect("it comes");
        assert_eq!(event, ("com.will.empty".to_owned(), None, None));
    }
}
