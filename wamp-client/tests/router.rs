//! Against the real router, over real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wamp_client::{
    App, Caller, Client, Error, ErrorKind, Kwargs, MatchPolicy, Running, Serializer, State, Topic, Value, WampError,
    handlers, register,
};
use wamp_router::{Router, Server};

const DEADLINE: Duration = Duration::from_secs(30);

async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(DEADLINE, event).await.expect("it happens before the deadline")
}

async fn serve(address: &str) -> Server {
    let listener = TcpListener::bind(address).await.expect("the address is free");
    Router::builder().realm("realm1").build().serve(listener, axum::Router::new())
}

fn app(address: SocketAddr) -> App {
    App::new(format!("ws://{address}/ws")).reconnect_delay(Duration::from_millis(10), Duration::from_millis(100))
}

async fn start(app: App) -> (Running, Client) {
    let running = within(app.start()).await.expect("it starts");
    let client = running.client().clone();
    (running, client)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sample {
    name: String,
    large: u64,
    negative: i64,
    fraction: f64,
    nothing: Option<bool>,
    list: Vec<Sample>,
}

fn sample() -> Sample {
    let inner = Sample {
        name: "\u{0} \" \\ 日本".to_owned(),
        large: u64::MAX,
        negative: i64::MIN,
        fraction: 0.1,
        nothing: None,
        list: Vec::new(),
    };
    Sample { list: vec![inner.clone(), inner.clone()], ..inner }
}

#[register("com.example.echo")]
async fn echo(sample: Sample, Kwargs(kwargs): Kwargs<Value>) -> Result<Sample, WampError> {
    match kwargs.get("fail") {
        Some(_) => Err(WampError::new("com.example.error.asked_for").arg(sample).kwarg("kwargs", kwargs)),
        None => Ok(sample),
    }
}

#[tokio::test]
async fn programs_of_all_serializers_understand_each_other() {
    let server = serve("127.0.0.1:0").await;
    for callee in Serializer::ALL {
        let (sender, mut events) = mpsc::unbounded_channel();
        let on_sample = move |Topic(topic): Topic, sample: Sample, Kwargs(kwargs): Kwargs<Value>| {
            let sender = sender.clone();
            async move { sender.send((topic, sample, kwargs)).expect("the test listens") }
        };
        let app_of_callee = app(server.local_addr()).serializer(callee).mount(handlers![echo]);
        let (running, _) = start(app_of_callee.subscribe("com.example.sample", on_sample)).await;
        for caller in Serializer::ALL {
            let (running, client) = start(app(server.local_addr()).serializer(caller)).await;
            let echoed: Sample = client.call("com.example.echo").arg(sample()).await.expect("it is answered");
            assert_eq!(echoed, sample(), "{caller} to {callee}");

            let failed = client.call::<Sample>("com.example.echo").arg(sample()).kwarg("fail", true).await;
            let error = failed.expect_err("it was asked to fail");
            let error = error.wamp().expect("the callee answered");
            assert_eq!(error.uri(), "com.example.error.asked_for");
            let kwargs: Value = error.kwarg_as("kwargs").expect("it is there");
            assert_eq!(kwargs.get("fail"), Some(&Value::Bool(true)));

            let failed = client.call::<Sample>("com.example.echo").arg("no sample").await;
            let error = failed.expect_err("it is a string");
            assert_eq!(error.wamp_uri(), Some("wamp.error.invalid_argument"));
            let message = error.wamp().and_then(WampError::message).expect("it says why").to_owned();
            assert!(message.starts_with("argument 1 (`sample`) does not fit Sample: "), "{message}");

            let event = client.publish("com.example.sample").arg(sample()).kwarg("from", caller.to_string());
            event.acknowledge().await.expect("it is published");
            let (topic, received, kwargs) = within(events.recv()).await.expect("it arrives");
            assert_eq!((topic.as_str(), received), ("com.example.sample", sample()));
            assert_eq!(kwargs.get("from"), Some(&Value::Str(caller.to_string())));
            within(running.stop()).await.expect("it ends well");
        }
        within(running.stop()).await.expect("it ends well");
    }
    within(server.shutdown()).await;
}

#[tokio::test]
async fn a_restarted_router_finds_everything_set_up_once() {
    let mut server = serve("127.0.0.1:0").await;
    let address = server.local_addr();
    let (sender, mut events) = mpsc::unbounded_channel();
    let on_tick = move |tick: u64| {
        let sender = sender.clone();
        async move { sender.send(tick).expect("the test listens") }
    };
    let (gone, mut leaves) = mpsc::unbounded_channel();
    let leaving = move |app: App| {
        let gone = gone.clone();
        app.on_leave(move || {
            // The last ones leave after the test has seen enough.
            let _ = gone.send(());
            async {}
        })
    };
    let app_of_receiver = app(address).subscribe("com.example.tick", on_tick).register("com.example.add", add);
    let (receiving, receiver) = start(leaving(app_of_receiver)).await;
    let (sending, publisher) = start(leaving(app(address))).await;
    receiver.subscribe("com.example.other", || async {}).await.expect("it is subscribed");

    for tick in 0..3 {
        within(receiver.joined()).await.expect("it joins again");
        within(publisher.joined()).await.expect("it joins again");
        publisher.publish("com.example.tick").arg(tick).acknowledge().await.expect("it is published");
        assert_eq!(within(events.recv()).await, Some(tick));
        let sum: i64 = publisher.call("com.example.add").arg(2).arg(3).await.expect("it is answered");
        assert_eq!(sum, 5);
        // Had it been subscribed twice, a second event would have come before this answer.
        assert!(events.try_recv().is_err(), "one event came twice");

        let sessions = [receiver.session(), publisher.session()].map(|session| session.expect("it is joined").id);
        within(server.shutdown()).await;
        for _ in [&receiver, &publisher] {
            within(leaves.recv()).await.expect("both sessions end");
        }
        assert_eq!(
            publisher.call::<i64>("com.example.add").await.expect_err("it is gone").kind(),
            ErrorKind::NotJoined
        );
        server = serve(&address.to_string()).await;
        let again = within(receiver.joined()).await.expect("it joins again");
        assert!(!sessions.contains(&again.id), "it is a new session");
    }
    within(receiving.stop()).await.expect("it ends well");
    within(sending.stop()).await.expect("it ends well");
    within(server.shutdown()).await;
}

async fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Reports when it is dropped.
struct Life(mpsc::UnboundedSender<&'static str>);

impl Drop for Life {
    fn drop(&mut self) {
        // The last one is dropped with the test.
        let _ = self.0.send("dropped");
    }
}

async fn slow(State(lives): State<mpsc::UnboundedSender<&'static str>>) {
    let life = Life(lives.as_ref().clone());
    life.0.send("started").expect("the test listens");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn dropping_a_call_interrupts_the_procedure() {
    let server = serve("127.0.0.1:0").await;
    let (lives, mut life) = mpsc::unbounded_channel();
    let (_callee, _) = start(app(server.local_addr()).state(lives).register("com.example.slow", slow)).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    let call = tokio::spawn(async move { client.call::<()>("com.example.slow").await });
    assert_eq!(within(life.recv()).await, Some("started"));
    call.abort();
    assert_eq!(within(life.recv()).await, Some("dropped"));
}

#[tokio::test]
async fn a_caller_is_told_what_is_wrong() {
    let server = serve("127.0.0.1:0").await;
    let (_running, client) = start(app(server.local_addr())).await;
    let error = client.call::<()>("com.example.nobody").await.expect_err("nobody has registered it");
    assert_eq!(error.wamp_uri(), Some("wamp.error.no_such_procedure"));
    let error = client.call::<()>("com..nobody").await.expect_err("it is no URI");
    assert_eq!(error.wamp_uri(), Some("wamp.error.invalid_uri"));
    let error = client.register("wamp.mine", || async {}).await.expect_err("it is reserved");
    assert_eq!(error.kind(), ErrorKind::Refused);
    client.register("com.example.once", || async {}).await.expect("it is free");
    let error = client.register("com.example.once", || async {}).await.expect_err("it is taken");
    assert_eq!(error.wamp_uri(), Some("wamp.error.procedure_already_exists"));
}

#[tokio::test]
async fn patterns_retained_events_and_identities_work() {
    let server = serve("127.0.0.1:0").await;
    let (_running, client) = start(app(server.local_addr())).await;
    client.publish("com.example.state").arg("old").retain().acknowledge().await.expect("it is published");

    let (sender, mut events) = mpsc::unbounded_channel();
    let (_other, other) = start(app(server.local_addr())).await;
    let state = sender.clone();
    let on_state = move |Topic(topic): Topic, value: String, details: wamp_client::Details| {
        let sender = state.clone();
        async move { sender.send((topic, value, details.retained)).expect("the test listens") }
    };
    other.subscribe("com.example.state", on_state).get_retained(true).await.expect("it is subscribed");
    let event = within(events.recv()).await.expect("it arrives");
    assert_eq!(event, ("com.example.state".to_owned(), "old".to_owned(), true));

    let on_any = move |Topic(topic): Topic, value: String, caller: Caller| {
        let sender = sender.clone();
        async move { sender.send((topic, value, caller.session.is_some())).expect("the test listens") }
    };
    other.subscribe("com..name", on_any).matching(MatchPolicy::Wildcard).await.expect("it is subscribed");
    client.publish("com.ada.name").arg("Ada").disclose_me().await.expect("it is sent");
    let event = within(events.recv()).await.expect("it arrives");
    assert_eq!(event, ("com.ada.name".to_owned(), "Ada".to_owned(), true));
}

#[tokio::test]
async fn a_realm_that_does_not_exist_is_refused() {
    let server = serve("127.0.0.1:0").await;
    let error = within(app(server.local_addr()).realm("realm2").start()).await.expect_err("there is no realm2");
    assert!(
        matches!(&error, Error::Refused { realm, reason, .. }
        if realm == "realm2" && reason == "wamp.error.no_such_realm"),
        "{error}"
    );
}

#[tokio::test]
async fn a_wrong_path_is_explained() {
    let server = serve("127.0.0.1:0").await;
    let wrong = App::new(format!("ws://{}/", server.local_addr()));
    let error = within(wrong.start()).await.expect_err("there is no WebSocket");
    assert!(matches!(&error, Error::Handshake { problem, .. } if problem.contains("is the path right?")), "{error}");
}

#[tokio::test]
async fn large_messages_pass() {
    let server = serve("127.0.0.1:0").await;
    let (_callee, _) =
        start(app(server.local_addr()).register("com.example.len", |text: String| async move { text.len() })).await;
    let (_caller, client) = start(app(server.local_addr()).serializer(Serializer::Cbor)).await;
    let length: usize = within(client.call("com.example.len").arg("x".repeat(900_000))).await.expect("it is answered");
    assert_eq!(length, 900_000);
}

#[tokio::test]
async fn many_calls_at_once_are_all_answered() {
    let server = serve("127.0.0.1:0").await;
    let (_callee, _) =
        start(app(server.local_addr()).serializer(Serializer::MessagePack).register("com.example.add", add)).await;
    let (_caller, client) = start(app(server.local_addr()).serializer(Serializer::MessagePack)).await;
    let calls: Vec<_> = (0..500)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.call::<i64>("com.example.add").arg(number).arg(1).await })
        })
        .collect();
    for (number, call) in (0..).zip(calls) {
        assert_eq!(within(call).await.expect("it does not panic").expect("it is answered"), number + 1);
    }
}
