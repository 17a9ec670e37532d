//! Handlers: how they get their arguments, and what becomes of what they return.

mod peer;

use std::collections::HashMap;
use std::sync::Mutex;

use peer::{app, within};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use wamp_client::{
    App, Caller, Client, Details, Error, Kwargs, MatchPolicy, Procedure, ProcedureHandler, Rest, Results, SessionInfo,
    State, Topic, TopicHandler, WampError, handlers, on_join, register, subscribe,
};

#[register("com.example.add")]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[register("com.example.greet")]
async fn greet(name: String, greeting: Option<String>) -> String {
    format!("{} {name}", greeting.unwrap_or_else(|| "Hello".to_owned()))
}

#[derive(Serialize, Deserialize)]
struct Point {
    x: f64,
    y: f64,
}

#[register("com.example.mirror")]
async fn mirror(point: Point) -> Point {
    Point { x: -point.x, ..point }
}

#[derive(Deserialize)]
struct Style {
    #[serde(default)]
    upper: bool,
}

#[register("com.example.shout")]
async fn shout(Kwargs(style): Kwargs<Style>, Rest(words): Rest<String>) -> String {
    let text = words.join(" ");
    if style.upper { text.to_uppercase() } else { text }
}

#[register("com.example.who")]
async fn who(caller: Caller, Procedure(procedure): Procedure, session: SessionInfo) -> (Option<u64>, String, u64) {
    (caller.session.map(|id| id.get()), procedure, session.id.get())
}

#[register("com.example.nothing")]
async fn nothing() {}

/// An error, though it could be a value as well.
#[derive(Debug, Serialize)]
struct Broken(i64);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "broken: {}", self.0)
    }
}

impl std::error::Error for Broken {}

#[register("com.example.try")]
async fn attempt() -> Result<i64, Broken> {
    Err(Broken(7))
}

type Attempt<T> = Result<T, Broken>;

#[register("com.example.try_by_another_name")]
async fn attempt_by_another_name() -> Attempt<()> {
    Err(Broken(8))
}

#[register("com.example.divide")]
async fn divide(a: i64, b: i64) -> Result<Results, WampError> {
    if b == 0 {
        return Err(WampError::new("com.example.error.zero").arg("b must not be 0").kwarg("a", a));
    }
    Ok(Results::new().arg(a / b).kwarg("remainder", a % b))
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct DiskFull(#[source] std::io::Error);

#[register("com.example.save")]
async fn save() -> Result<(), DiskFull> {
    Err(DiskFull(std::io::Error::other("no space left")))
}

#[register("com.example.anyhow")]
async fn report() -> anyhow::Result<i64> {
    anyhow::bail!("it broke")
}

#[register("com.example.text")]
async fn text(fail: bool) -> Result<i64, String> {
    if fail { Err("as a string".to_owned()) } else { Ok(1) }
}

#[register("com.example.panic")]
async fn panics() -> i64 {
    panic!("on purpose")
}

/// Calls a handler as the router would, and returns the client's answer without its request id.
async fn answer(app: App, peer: &mut peer::Peer, invocation: serde_json::Value) -> serde_json::Value {
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        let request = connection.receive().await;
        connection.send(json!([65, request[1], 5])).await;
        connection
    });
    let running = running.expect("it starts");
    let mut message = json!([68, 1, 5]);
    message.as_array_mut().expect("a list").extend(invocation.as_array().expect("a list").iter().cloned());
    connection.send(message).await;
    let mut answer = connection.receive().await;
    let request_at = if answer[0] == 8 { 2 } else { 1 };
    answer.as_array_mut().expect("a list").remove(request_at);
    within(async { tokio::join!(running.stop(), connection.goodbye()) }).await.0.expect("it ends well");
    answer
}

macro_rules! answers {
    ($handler:ident, $invocation:tt => $answer:tt) => {{
        let (app, mut peer) = app();
        let answered = answer(app.mount(handlers![$handler]), &mut peer, json!($invocation)).await;
        assert_eq!(answered, json!($answer));
    }};
}

#[tokio::test]
async fn arguments_are_taken_in_order_and_decoded() {
    answers!(add, [{}, [2, 3]] => [70, {}, [5]]);
    answers!(add, [{}, [2, 3, "and more"]] => [70, {}, [5]]);
    answers!(add, [{}, [2.0, -3]] => [70, {}, [-1]]);
    answers!(mirror, [{}, [{"x": 1.5, "y": 2.0, "z": null}]] => [70, {}, [{"x": -1.5, "y": 2.0}]]);
}

#[tokio::test]
async fn a_trailing_option_may_be_absent() {
    answers!(greet, [{}, ["Ada"]] => [70, {}, ["Hello Ada"]]);
    answers!(greet, [{}, ["Ada", null]] => [70, {}, ["Hello Ada"]]);
    answers!(greet, [{}, ["Ada", "Good morning"]] => [70, {}, ["Good morning Ada"]]);
}

#[tokio::test]
async fn extractors_take_what_is_not_positional() {
    answers!(shout, [{}, ["a", "b"], {"upper": true}] => [70, {}, ["A B"]]);
    answers!(shout, [{}] => [70, {}, [""]]);
    answers!(who, [{"caller": 9}] => [70, {}, [[9, "com.example.who", 7]]]);
    answers!(who, [{}] => [70, {}, [[null, "com.example.who", 7]]]);
}

#[tokio::test]
async fn what_is_returned_is_the_result() {
    answers!(nothing, [{}] => [70, {}]);
    answers!(divide, [{}, [7, 2]] => [70, {}, [3], {"remainder": 1}]);
    answers!(text, [{}, [false]] => [70, {}, [1]]);
}

#[tokio::test]
async fn errors_reach_the_caller() {
    answers!(divide, [{}, [7, 0]] => [8, 68, {}, "com.example.error.zero", ["b must not be 0"], {"a": 7}]);
    answers!(save, [{}] => [8, 68, {}, "wamp.error.runtime_error", ["the disk is full: no space left"]]);
    answers!(report, [{}] => [8, 68, {}, "wamp.error.runtime_error", ["it broke"]]);
    answers!(text, [{}, [true]] => [8, 68, {}, "wamp.error.runtime_error", ["as a string"]]);
    answers!(attempt, [{}] => [8, 68, {}, "wamp.error.runtime_error", ["broken: 7"]]);
    answers!(attempt_by_another_name, [{}] => [8, 68, {}, "wamp.error.runtime_error", ["broken: 8"]]);
}

#[tokio::test]
async fn an_argument_that_does_not_fit_is_named() {
    answers!(add, [{}, [1, "x"]] => [8, 68, {}, "wamp.error.invalid_argument",
        ["argument 2 (`b`) does not fit i64: invalid type: string \"x\", expected i64"]]);
    answers!(add, [{}, [1]] => [8, 68, {}, "wamp.error.invalid_argument",
        ["argument 2 (`b`) is missing: expected i64"]]);
    answers!(shout, [{}, [1], {"upper": "yes"}] => [8, 68, {}, "wamp.error.invalid_argument",
        ["the keyword arguments do not fit Style: invalid type: string \"yes\", expected a boolean"]]);
    let (app, mut peer) = app();
    let closure = app.register("com.example.double", |number: u8| async move { u16::from(number) * 2 });
    let answered = answer(closure, &mut peer, json!([{}, [300]])).await;
    let expected = "argument 1 does not fit u8: invalid value: integer `300`, expected u8";
    assert_eq!(answered, json!([8, 68, {}, "wamp.error.invalid_argument", [expected]]));
}

#[tokio::test]
async fn annotated_functions_stay_callable() {
    assert_eq!(add(2, 3).await, 5);
    assert_eq!(greet("Ada".to_owned(), None).await, "Hello Ada");
}

#[tokio::test]
async fn a_panic_costs_one_call_and_no_more() {
    let (app, mut peer) = app();
    let (running, mut connection) = tokio::join!(app.mount(handlers![panics, add]).start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.panic", 1).await;
        connection.attach("com.example.add", 2).await;
        connection
    });
    let running = running.expect("it starts");
    let answer = connection.invoke(1, 1, json!([])).await;
    assert_eq!(answer, json!([8, 68, 1, {}, "wamp.error.runtime_error", ["the procedure panicked"]]));
    assert_eq!(connection.invoke(2, 2, json!([1, 2])).await, json!([70, 2, {}, [3]]));
    drop(running);
}

#[derive(Default)]
struct Seen(Mutex<Vec<(String, i64)>>);

#[subscribe("com.example.tick.", matching = "prefix")]
async fn on_tick(State(seen): State<Seen>, Topic(topic): Topic, details: Details, tick: i64, State(done): State<Done>) {
    assert!(details.publication.is_some());
    seen.0.lock().expect("nobody panicked").push((topic, tick));
    if tick == 3 {
        done.0.send(()).expect("the test listens");
    }
    if tick == 2 {
        panic!("on purpose");
    }
}

struct Done(mpsc::UnboundedSender<()>);

#[tokio::test]
async fn events_are_handled_in_order_whatever_happens_to_one() {
    let (app, mut peer) = app();
    let (done, mut is_done) = mpsc::unbounded_channel();
    let seen = std::sync::Arc::new(Seen::default());
    let app = app.shared_state(seen.clone()).state(Done(done)).mount(handlers![on_tick]);
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        let request = connection.attach("com.example.tick.", 1).await;
        assert_eq!(request[2], json!({"match": "prefix"}));
        connection
    });
    let running = running.expect("it starts");
    for args in [json!([1]), json!(["no number"]), json!([2]), json!([3])] {
        connection.send(json!([36, 1, 4, {"topic": "com.example.tick.a"}, args])).await;
    }
    within(is_done.recv()).await;
    let topics: Vec<_> = seen.0.lock().expect("nobody panicked").drain(..).collect();
    assert_eq!(topics, [1, 2, 3].map(|tick| ("com.example.tick.a".to_owned(), tick)));
    drop(running);
}

#[tokio::test]
async fn a_missing_state_is_named_before_anything_is_connected() {
    let (app, mut peer) = app();
    let error = app.state(Seen::default()).mount(handlers![on_tick]).start().await.expect_err("Done is missing");
    let Error::MissingState { handler, state } = error else { panic!("{error}") };
    assert_eq!(handler, "handlers::on_tick");
    assert!(state.ends_with("Done"), "{state}");
    assert!(peer.is_idle());
}

#[on_join]
async fn announce(client: Client, word: State<String>) -> Result<(), Error> {
    client.publish("com.example.hello").arg(word.as_str()).await
}

#[tokio::test]
async fn on_join_runs_when_everything_is_set_up() {
    let (app, mut peer) = app();
    let app = app.state("world".to_owned()).mount(handlers![announce, add]);
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.add", 1).await;
        connection
    });
    connection.expect(json!([16, 2, {}, "com.example.hello", ["world"]])).await;
    drop(running);
}

#[tokio::test]
async fn parameters_are_filled_in_and_options_sent() {
    async fn ignore(_: HashMap<String, i64>) {}
    let (app, mut peer) = app();
    let app = app
        .param("ip", "10.0.0.12")
        .mount([TopicHandler::new("clientconfig.{ip}", ignore).get_retained(true)])
        .mount([ProcedureHandler::new("{ip}..reboot", || async {})
            .matching(MatchPolicy::Wildcard)
            .invoke(wamp_client::InvocationPolicy::RoundRobin)]);
    let (running, ()) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        let request = connection.attach("clientconfig.10.0.0.12", 1).await;
        assert_eq!(request[2], json!({"get_retained": true}));
        let request = connection.attach("10.0.0.12..reboot", 1).await;
        assert_eq!(request[2], json!({"match": "wildcard", "invoke": "roundrobin"}));
    });
    drop(running.expect("it starts"));
}

#[tokio::test]
async fn a_missing_parameter_is_named_before_anything_is_connected() {
    let (app, _peer) = app();
    let error = app.subscribe("clientconfig.{ip}", || async {}).start().await.expect_err("ip is missing");
    assert!(matches!(error, Error::MissingParam { param, .. } if param == "ip"));
}

#[tokio::test]
async fn a_handler_that_falls_behind_loses_events_and_holds_up_nothing() {
    let (app, mut peer) = app();
    let (started, mut starts) = mpsc::unbounded_channel();
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let opened = gate.clone();
    let slow = move |tick: i64| {
        let (started, gate) = (started.clone(), gate.clone());
        async move {
            started.send(tick).expect("the test listens");
            gate.acquire().await.expect("it is never closed").forget();
        }
    };
    let app = app.event_queue(2).subscribe("com.example.tick", slow).mount(handlers![add]);
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.tick", 1).await;
        connection.attach("com.example.add", 2).await;
        connection
    });
    let running = running.expect("it starts");
    connection.event(1, json!([0])).await;
    assert_eq!(within(starts.recv()).await, Some(0));
    for tick in 1..=5 {
        connection.event(1, json!([tick])).await;
    }
    assert_eq!(connection.invoke(1, 2, json!([1, 2])).await, json!([70, 1, {}, [3]]));
    opened.add_permits(10);
    assert_eq!([within(starts.recv()).await, within(starts.recv()).await], [Some(1), Some(2)]);
    connection.event(1, json!([6])).await;
    assert_eq!(within(starts.recv()).await, Some(6), "two waited, three were dropped");
    drop(running);
}
