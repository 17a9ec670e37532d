//! A session inside the router, and clients that come from outside.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::{RawValue, to_raw_value};
use wamp_proto::message::options::PublishOptions;
use wamp_proto::{MatchPolicy, error};

use super::{CallError, LocalEvents, LocalSession};
use crate::burst::Burst;
use crate::realm::{Action, Authorizer, BeyondRate, Decision, Grant, Limits, Member, MessageRate, RealmOptions};
use crate::session::Identity;
use crate::tests::world::{Client, World};

const PATIENCE: Duration = Duration::from_secs(20);

fn identity() -> Identity {
    Identity {
        authid: "bridge".into(),
        authrole: "backend".into(),
        authmethod: "local".into(),
        authprovider: "router".into(),
    }
}

fn join(world: &World) -> LocalSession {
    LocalSession::join(world.realm(), identity())
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}

/// Waits until something is so.
async fn until<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let reached = async {
        loop {
            if let Some(reached) = what() {
                return reached;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it should have happened by now")
}

/// What comes to a client next.
async fn arrival(client: &Client) -> Vec<String> {
    until(|| Some(client.received()).filter(|received| !received.is_empty())).await
}

fn callee(world: &World, procedure: &str) -> Client {
    let mut callee = world.join("callee");
    callee.send(&format!(r#"[64,1,{{}},"{procedure}"]"#));
    assert!(callee.received()[0].starts_with("[65,1,"));
    callee
}

fn spawn_call(session: &LocalSession, timeout: Duration) -> tokio::task::JoinHandle<Result<super::Reply, CallError>> {
    let session = session.clone();
    tokio::spawn(async move {
        let (args, kwargs) = (json(&[1, 2]), json(&serde_json::json!({"unit": "m"})));
        session.call("com.add", Some(&args), Some(&kwargs), timeout).await
    })
}

async fn next(events: &mut LocalEvents) -> super::LocalEvent {
    tokio::time::timeout(PATIENCE, events.next()).await.expect("an event in time").expect("an event")
}

#[tokio::test]
async fn calls_go_out_and_answers_come_back() {
    let world = World::new();
    let mut callee = callee(&world, "com.add");
    let session = join(&world);
    let call = spawn_call(&session, PATIENCE);
    let invocation = arrival(&callee).await;
    assert!(invocation[0].ends_with(r#"{},[1,2],{"unit":"m"}]"#), "{invocation:?}");
    callee.send(r#"[70,1,{},[3],{"exact":true}]"#);
    let reply = call.await.unwrap().unwrap();
    assert_eq!((reply.args.unwrap().get(), reply.kwargs.unwrap().get()), ("[3]", r#"{"exact":true}"#));

    let call = spawn_call(&session, PATIENCE);
    arrival(&callee).await;
    callee.send(r#"[8,68,2,{},"com.error.too_large",[1],{"limit":2}]"#);
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(&*error.uri, "com.error.too_large");
    assert_eq!((error.args.unwrap().get(), error.kwargs.unwrap().get()), ("[1]", r#"{"limit":2}"#));

    let error = session.call("com.nobody", None, None, PATIENCE).await.unwrap_err();
    assert_eq!(&*error.uri, error::NO_SUCH_PROCEDURE);
    let error = session.call("com.add", Some(&json("no list")), None, PATIENCE).await.unwrap_err();
    assert_eq!(&*error.uri, error::INVALID_ARGUMENT);
}

#[tokio::test]
async fn a_large_call_right_after_joining_goes_through() {
    let world = World::new();
    let text = "x".repeat(1 << 20);
    let error = join(&world).call("com.nobody", Some(&json(&[&text])), None, PATIENCE).await.unwrap_err();
    assert_eq!(&*error.uri, error::NO_SUCH_PROCEDURE);
    let text = "x".repeat(1 << 24);
    let error = join(&world).call("com.nobody", Some(&json(&[&text])), None, PATIENCE).await.unwrap_err();
    assert_eq!(&*error.uri, error::PAYLOAD_SIZE_EXCEEDED);
}

#[tokio::test]
async fn a_call_nobody_waits_for_is_canceled() {
    let world = World::new();
    let callee = callee(&world, "com.add");
    let session = join(&world);
    let call = spawn_call(&session, PATIENCE);
    arrival(&callee).await;
    call.abort();
    assert_eq!(arrival(&callee).await, [r#"[69,1,{"mode":"killnowait"}]"#]);

    let call = spawn_call(&session, Duration::from_millis(1));
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(&*error.uri, error::TIMEOUT);
    let received = until(|| Some(callee.received()).filter(|received| received.len() == 2)).await;
    assert!(received[1].starts_with("[69,2,"), "{received:?}");
    assert!(session.0.waiting.is_idle());
}

#[tokio::test]
async fn events_come_until_they_are_dropped() {
    let world = World::new();
    let session = join(&world);
    let mut exact = session.subscribe("com.example.a", MatchPolicy::Exact).await.unwrap();
    let mut again = session.subscribe("com.example.a", MatchPolicy::Exact).await.unwrap();
    let mut prefix = session.subscribe("com.example", MatchPolicy::Prefix).await.unwrap();
    let mut publisher = world.join("publisher");
    publisher.send(r#"[16,1,{"disclose_me":true},"com.example.a",[1],{"two":2}]"#);
    for events in [&mut exact, &mut again, &mut prefix] {
        let event = next(events).await;
        assert_eq!(&*event.topic, "com.example.a");
        assert_eq!((event.args.unwrap().get(), event.kwargs.unwrap().get()), ("[1]", r#"{"two":2}"#));
        assert_eq!(event.publisher.unwrap().get(), publisher.id);
        assert_eq!(event.publisher_authrole.as_deref(), Some("anonymous"));
    }
    let count = async || {
        let reply = session.call("wamp.subscription.list", None, None, PATIENCE).await.unwrap();
        let lists: Vec<serde_json::Value> = serde_json::from_str(reply.args.unwrap().get()).unwrap();
        ["exact", "prefix"].map(|policy| lists[0][policy].as_array().unwrap().len())
    };
    assert_eq!(count().await, [1, 1]);
    drop((exact, prefix));
    assert_eq!(count().await, [1, 0], "one of two still listens");
    publisher.send(r#"[16,2,{},"com.example.a",[2]]"#);
    assert_eq!(next(&mut again).await.args.unwrap().get(), "[2]");
    drop(again);
    assert_eq!(count().await, [0, 0]);
    let error = session.subscribe("com..a", MatchPolicy::Exact).await.unwrap_err();
    assert_eq!(&*error.uri, error::INVALID_URI);
}

#[tokio::test]
async fn a_subscription_nobody_waited_for_is_taken_back() {
    let world = World::new();
    let session = join(&world);
    tokio::select! {
        biased;
        _ = session.subscribe("com.example", MatchPolicy::Exact) => panic!("nobody has answered yet"),
        () = std::future::ready(()) => {}
    }
    until(|| session.0.waiting.is_idle().then_some(())).await;
    let reply = session.call("wamp.subscription.list", None, None, PATIENCE).await.unwrap();
    assert_eq!(reply.args.unwrap().get(), r#"[{"exact":[],"prefix":[],"wildcard":[]}]"#);
}

#[tokio::test]
async fn publications_are_acknowledged() {
    let world = World::new();
    let mut subscriber = world.join("subscriber");
    subscriber.send(r#"[32,1,{},"com.example"]"#);
    subscriber.received();
    let session = join(&world);
    let options = PublishOptions { disclose_me: true, ..Default::default() };
    let id = session.publish("com.example", Some(&json(&["é"])), None, options).await.unwrap();
    let event = arrival(&subscriber).await;
    assert!(event[0].contains(r#""publisher_authid":"bridge","publisher_authrole":"backend""#), "{event:?}");
    assert!(event[0].ends_with(r#"["é"]]"#), "{event:?}");
    assert!(id.get() > 0);
    let error = session.publish("wamp.no", None, None, PublishOptions::default()).await.unwrap_err();
    assert_eq!(&*error.uri, error::INVALID_URI);
}

#[tokio::test]
async fn it_is_not_held_to_the_pace_of_clients() {
    let rate = MessageRate { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN, beyond: BeyondRate::Disconnect };
    let limits = Limits { message_rate: Some(rate), ..Limits::default() };
    let session = join(&World::with(RealmOptions { limits, ..RealmOptions::default() }));
    for _ in 0..100 {
        session.call("wamp.session.count", None, None, PATIENCE).await.unwrap();
    }
}

/// Allows the router's own session nothing but to call.
#[derive(Debug)]
struct CallsOnly;

impl Authorizer for CallsOnly {
    fn authorize(&self, member: &Member, action: Action, _: &str) -> Decision {
        (&*member.identity().authrole != "backend" || action == Action::Call).then(Grant::default).into()
    }
}

#[tokio::test]
async fn its_role_says_what_it_may_do() {
    let world = World::with(RealmOptions { authorizer: Arc::new(CallsOnly), ..Default::default() });
    let session = join(&world);
    session.call("wamp.session.count", None, None, PATIENCE).await.unwrap();
    let error = session.publish("com.example", None, None, PublishOptions::default()).await.unwrap_err();
    assert_eq!(&*error.uri, error::NOT_AUTHORIZED);
    let error = session.subscribe("com.example", MatchPolicy::Exact).await.unwrap_err();
    assert_eq!(&*error.uri, error::NOT_AUTHORIZED);
}

#[tokio::test]
async fn it_is_a_session_as_others_are() {
    let world = World::new();
    let mut watcher = world.join("watcher");
    watcher.send(r#"[32,1,{},"wamp.session.on_join"]"#);
    watcher.send(r#"[32,2,{},"wamp.session.on_leave"]"#);
    watcher.received();
    let session = join(&world);
    let clone = session.clone();
    let joined = arrival(&watcher).await;
    for part in [r#""authid":"bridge""#, r#""authmethod":"local""#, r#""authprovider":"router""#, r#""local""#] {
        assert!(joined[0].contains(part), "{joined:?}");
    }
    drop(session);
    clone.call("wamp.session.count", None, None, PATIENCE).await.expect("a clone keeps it there");
    drop(clone);
    let left = arrival(&watcher).await;
    assert!(left[0].contains(r#""bridge""#), "{left:?}");
    watcher.send(r#"[48,3,{},"wamp.session.count"]"#);
    watcher.expect(&["[50,3,{},[1]]"]);
}

#[tokio::test]
async fn a_session_that_was_ended_says_why() {
    let world = World::new();
    let mut callee = callee(&world, "com.add");
    let session = join(&world);
    let mut events = session.subscribe("com.example", MatchPolicy::Exact).await.unwrap();
    let call = spawn_call(&session, PATIENCE);
    arrival(&callee).await;
    callee.send(r#"[48,2,{},"wamp.session.kill_by_authid",["bridge"],{"reason":"com.example.enough"}]"#);
    assert_eq!(&*call.await.unwrap().unwrap_err().uri, "com.example.enough");
    assert!(events.next().await.is_none());
    session.over().await;
    assert!(session.is_over());
    let error = session.call("com.add", None, None, PATIENCE).await.unwrap_err();
    assert_eq!(&*error.uri, "com.example.enough");

    let mut burst = Burst::new();
    world.realms.shut_down(&mut burst);
    burst.end();
    let late = join(&world);
    let error = late.call("com.add", None, None, PATIENCE).await.unwrap_err();
    assert_eq!(&*error.uri, error::close::SYSTEM_SHUTDOWN);
}
