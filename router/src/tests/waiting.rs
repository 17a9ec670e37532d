//! Authenticators and authorizers that take their time: the session waits, and goes on in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use tokio::sync::oneshot;
use wamp_proto::message::Authenticate;
use wamp_proto::{MatchPolicy, Serializer};

use super::world::{ALL_ROLES, Client, World};
use crate::connection::Flow;
use crate::realm::{
    Action, AllowAll, Authorizer, Authorizing, Decision, Grant, Member, Question, RealmOptions, Undecided,
};
use crate::session::{
    Admission, Applicant, Authenticator, Challenge, Entrance, Exchange, Identity, Origin, Refusal, Verdict,
};

type Decide = oneshot::Sender<Result<Verdict, Refusal>>;

/// Leaves every verdict to the test.
#[derive(Debug, Clone, Default)]
struct Slow(Arc<Mutex<VecDeque<Decide>>>);

impl Slow {
    fn later(&self) -> Result<Verdict, Refusal> {
        let (decide, verdict) = oneshot::channel();
        self.0.lock().unwrap().push_back(decide);
        Ok(Verdict::Later(Box::pin(async { verdict.await.unwrap() })))
    }

    fn next(&self) -> Decide {
        self.0.lock().unwrap().pop_front().expect("somebody waits")
    }
}

impl Authenticator for Slow {
    fn meet(&self, _: &Applicant<'_>) -> Result<Verdict, Refusal> {
        self.later()
    }
}

impl Exchange for Slow {
    fn answer(self: Box<Self>, _: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        self.later()
    }
}

fn alice() -> Admission {
    let [authid, authrole, authmethod, authprovider] = ["alice", "user", "test", "test"].map(Into::into);
    Identity { authid, authrole, authmethod, authprovider }.into()
}

fn hello(realm: &str) -> String {
    let realm = if realm == "null" { realm.to_owned() } else { format!("{realm:?}") };
    format!(r#"[1,{realm},{{"roles":{ALL_ROLES}}}]"#)
}

fn arriving(realm: &str) -> (World, Slow, Client) {
    let slow = Slow::default();
    let world = World::with(RealmOptions { authenticator: Arc::new(slow.clone()), ..RealmOptions::default() });
    let entrance = Entrance::new("websocket", true);
    entrance.set_authenticator(Some(Arc::new(slow.clone())));
    let mut client = world.connect_by(Arc::new(entrance), Origin::default(), Serializer::Json, usize::MAX);
    assert_eq!(client.send(&hello(realm)), Flow::Pause);
    (world, slow, client)
}

#[test]
fn an_authenticator_may_take_its_time() {
    let (_, slow, mut client) = arriving("realm1");
    assert_eq!(client.poll(), Poll::Pending);
    client.expect(&[]);
    let challenge =
        Challenge { method: "test", extra: wamp_proto::Value::Map(Vec::new()), exchange: Box::new(slow.clone()) };
    slow.next().send(Ok(Verdict::Challenge(challenge))).unwrap();
    assert_eq!(client.poll(), Poll::Ready(Flow::Continue));
    client.expect(&[r#"[4,"test",{}]"#]);
    assert_eq!(client.send(r#"[5,"",{}]"#), Flow::Pause);
    // One thing leads to another.
    slow.next().send(slow.later()).unwrap();
    assert_eq!(client.poll(), Poll::Pending);
    slow.next().send(Ok(Verdict::Admit(alice()))).unwrap();
    assert_eq!(client.poll(), Poll::Ready(Flow::Continue));
    assert!(client.received()[0].starts_with("[2,"));
    assert_eq!(client.poll(), Poll::Ready(Flow::Continue), "there is nothing to wait for");
}

#[test]
fn who_goes_is_not_waited_for() {
    let (world, slow, mut client) = arriving("realm1");
    client.vanish();
    assert!(slow.next().is_closed(), "nobody wants the verdict");
    assert!(world.realm().is_empty());
}

/// A principal may belong to a realm: who asks for none joins that one.
#[test]
fn the_authenticator_may_say_which_realm() {
    for (asked_for, assigned, outcome) in [
        ("realm1", None, "[2,"),
        ("realm1", Some("realm1"), "[2,"),
        ("", Some("realm1"), "[2,"),
        ("null", Some("realm1"), "[2,"),
        ("", None, "[3,"),
        ("", Some("realm2"), "[3,"),
        ("realm1", Some("realm2"), "[3,"),
    ] {
        let (_, slow, mut client) = arriving(asked_for);
        let admission = Admission { realm: assigned.map(Into::into), ..alice() };
        slow.next().send(Ok(Verdict::Admit(admission))).unwrap();
        assert!(client.poll().is_ready());
        let received = client.received();
        assert!(received[0].starts_with(outcome), "{asked_for} {assigned:?}: {received:?}");
        if outcome == "[3," {
            let is_others = asked_for == "realm1";
            let error = if is_others { "wamp.error.authorization_denied" } else { "wamp.error.no_such_realm" };
            assert!(received[0].contains(error), "{received:?}");
        }
    }
}

type Allow = oneshot::Sender<Result<Option<Grant>, Undecided>>;

/// Asks the test about everything but subscriptions.
#[derive(Debug, Clone, Default)]
struct Asks(Arc<Mutex<VecDeque<(Question, Allow)>>>);

impl Asks {
    fn next(&self) -> (Question, Allow) {
        self.0.lock().unwrap().pop_front().expect("somebody asks")
    }
}

impl Authorizer for Asks {
    fn authorize(&self, _: &Member, action: Action, _: &str) -> Decision {
        match action {
            Action::Subscribe(MatchPolicy::Exact) => Decision::Allow(Grant::default()),
            _ => Decision::Ask,
        }
    }

    fn ask(&self, question: Question) -> Authorizing {
        let (allow, answer) = oneshot::channel();
        self.0.lock().unwrap().push_back((question, allow));
        Box::pin(async { answer.await.unwrap() })
    }
}

fn asking() -> (World, Asks) {
    let asks = Asks::default();
    (World::with(RealmOptions { authorizer: Arc::new(asks.clone()), ..RealmOptions::default() }), asks)
}

#[test]
fn a_request_waits_for_the_authorizer_and_is_done_then() {
    let (world, asks) = asking();
    let mut subscriber = world.join("subscriber");
    subscriber.send(r#"[32,1,{},"com.topic"]"#);
    subscriber.received();
    let mut client = world.join("client");
    assert_eq!(client.send(r#"[16,1,{"acknowledge":true,"exclude_me":false},"com.topic",[1]]"#), Flow::Pause);
    let (question, allow) = asks.next();
    assert_eq!((question.action, &*question.uri), (Action::Publish, "com.topic"));
    assert_eq!(question.options, serde_json::json!({"acknowledge": true, "exclude_me": false}));
    assert_eq!(question.member.id().get(), client.id);
    assert_eq!(client.poll(), Poll::Pending);
    client.expect(&[]);
    allow.send(Ok(Some(Grant { disclose: true, trust_level: None }))).unwrap();
    assert_eq!(client.poll(), Poll::Ready(Flow::Continue));
    client.expect(&["[17,1,#1]"]);
    let event = subscriber.received().join("");
    assert!(event.contains(r#""publisher":client"#), "{event}");
    // The answer was for this request only.
    assert_eq!(client.send(r#"[16,2,{},"com.topic"]"#), Flow::Pause);
}

#[test]
fn denied_and_undecidable_are_two_errors() {
    let (world, asks) = asking();
    for (message, kind) in [
        (r#"[48,1,{},"com.add"]"#, 48),
        (r#"[64,1,{},"com.add"]"#, 64),
        (r#"[16,1,{"acknowledge":true},"com.topic"]"#, 16),
        (r#"[32,1,{"match":"prefix"},"com."]"#, 32),
    ] {
        for (answer, uri) in
            [(Ok(None), "wamp.error.not_authorized"), (Err(Undecided("why".into())), "wamp.error.authorization_failed")]
        {
            let mut client = world.join("client");
            assert_eq!(client.send(message), Flow::Pause, "{message}");
            asks.next().1.send(answer).unwrap();
            assert_eq!(client.poll(), Poll::Ready(Flow::Continue));
            client.expect_error(kind, 1, uri);
        }
    }
}

/// Some of the router's own procedures need a permission besides the one to call them.
#[test]
fn what_a_procedure_of_the_router_needs_is_asked_as_well() {
    let (world, asks) = asking();
    let mut client = world.join("client");
    assert_eq!(client.send(r#"[48,1,{},"wamp.session.add_testament",["com.last",[7]]]"#), Flow::Pause);
    for (action, uri) in [(Action::Call, "wamp.session.add_testament"), (Action::Publish, "com.last")] {
        assert_eq!(client.poll(), Poll::Pending);
        let (question, allow) = asks.next();
        assert_eq!((question.action, &*question.uri), (action, uri));
        allow.send(Ok(Some(Grant::default()))).unwrap();
    }
    assert_eq!(client.poll(), Poll::Ready(Flow::Continue));
    client.expect(&["[50,1,{}]"]);
    // It was asked about when there was somebody to wait.
    let mut subscriber = world.join("subscriber");
    subscriber.send(r#"[32,1,{},"com.last"]"#);
    subscriber.received();
    client.vanish();
    assert!(subscriber.received()[0].contains("[7]"));
}

#[test]
fn a_session_that_waits_can_be_ended() {
    let (world, asks) = asking();
    let mut client = world.join("client");
    client.send(r#"[16,1,{},"com.topic"]"#);
    let (_, allow) = asks.next();
    client.vanish();
    assert!(allow.is_closed());
    let mut client = world.join("client");
    client.send(r#"[16,1,{},"com.topic"]"#);
    let mut burst = crate::burst::Burst::new();
    world.realms.shut_down(&mut burst);
    burst.end();
    assert!(matches!(client.poll(), Poll::Ready(Flow::Close(..))));
    drop(client);
    assert!(world.realm().is_empty());
}

#[test]
fn an_authorizer_can_be_replaced() {
    let (world, asks) = asking();
    let mut client = world.join("client");
    assert_eq!(client.send(r#"[16,1,{"acknowledge":true},"com.topic"]"#), Flow::Pause);
    world.realm().set_authorizer(Arc::new(AllowAll));
    asks.next().1.send(Ok(None)).unwrap();
    assert_eq!(client.poll(), Poll::Ready(Flow::Continue));
    client.expect(&["[17,1,#1]"]);
}
