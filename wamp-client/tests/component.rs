//! Components, against the real router: values whose methods are handlers.

mod real;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use real::{World, within};
use tokio::sync::mpsc;
use wamp_client::{
    App, Caller, Client, Error, MatchPolicy, Procedure, SessionInfo, State, TopicHandler, WampError, component,
};

#[derive(Debug)]
struct Counter {
    name: &'static str,
    count: AtomicI64,
    said: mpsc::UnboundedSender<String>,
}

#[component]
impl Counter {
    fn new(name: &'static str) -> (Self, mpsc::UnboundedReceiver<String>) {
        let (said, heard) = mpsc::unbounded_channel();
        (Self { name, count: AtomicI64::new(0), said }, heard)
    }

    fn say(&self, text: String) {
        self.said.send(text).expect("the test listens");
    }

    /// Adds to the count.
    #[register("com.{place}.counter.{self.name}.add")]
    async fn add(&self, n: i64) -> Result<i64, WampError> {
        if n < 0 {
            return Err(WampError::invalid_argument("n must not be negative"));
        }
        Ok(self.count.fetch_add(n, Ordering::Relaxed) + n)
    }

    #[wamp_client::register("com.counter.{self.name}.", matching = "prefix")]
    async fn anything(&self, Procedure(procedure): Procedure, _: Caller, unit: State<String>) -> String {
        format!("{procedure} in {}", *unit)
    }

    #[subscribe("com.counter.reset")]
    async fn on_reset(&self, to: Option<i64>) {
        self.count.store(to.unwrap_or_default(), Ordering::Relaxed);
        self.say("reset".to_owned());
    }

    #[on_join]
    async fn joined(&self, client: Client, session: SessionInfo) -> wamp_client::Result<()> {
        self.say(format!("joined {}", session.realm));
        client.publish("com.counter.here").arg(self.name).await
    }

    #[on_leave]
    async fn left(&self) {
        self.say("left".to_owned());
    }

    #[cfg(any())]
    #[register("com.example.left_out")]
    async fn left_out(&self, no_such_type: NoSuchType) {}
}

fn with_counters(app: App) -> App {
    app.param("place", "lab").state("litres".to_owned())
}

#[tokio::test]
async fn methods_are_procedures_and_subscribers() {
    let world = World::start().await;
    let (_caller, client) = world.client().await;
    let (counter, mut heard) = Counter::new("red");
    let (running, _) = world.run(with_counters(world.app()).component(counter)).await;
    assert_eq!(within(heard.recv()).await.as_deref(), Some("joined realm1"));

    let sum: i64 = within(client.call("com.lab.counter.red.add").arg(2)).await.expect("it is answered");
    assert_eq!(sum, 2);
    let refused = within(client.call::<i64>("com.lab.counter.red.add").arg(-2)).await.expect_err("it is negative");
    assert_eq!(refused.wamp_uri(), Some("wamp.error.invalid_argument"));
    let unfit = within(client.call::<i64>("com.lab.counter.red.add").arg("two")).await.expect_err("it is text");
    let text = unfit.wamp().and_then(WampError::message).expect("it says why").to_owned();
    assert!(text.starts_with("argument 1 (`n`) does not fit i64"), "{text}");
    let anything: String = within(client.call("com.counter.red.paint")).await.expect("it is answered");
    assert_eq!(anything, "com.counter.red.paint in litres");

    within(client.publish("com.counter.reset").arg(40).acknowledge()).await.expect("it is published");
    assert_eq!(within(heard.recv()).await.as_deref(), Some("reset"));
    let sum: i64 = within(client.call("com.lab.counter.red.add").arg(2)).await.expect("it is answered");
    assert_eq!(sum, 42);

    within(running.stop()).await.expect("it ends in good order");
    assert_eq!(within(heard.recv()).await.as_deref(), Some("left"));
}

#[tokio::test]
async fn each_of_several_values_has_uris_and_state_of_its_own() {
    let world = World::start().await;
    let (_caller, client) = world.client().await;
    let (red, _heard_of_red) = Counter::new("red");
    let (blue, _heard_of_blue) = Counter::new("blue");
    // The program holds one of them, and calls its methods too.
    let blue = Arc::new(blue);
    let app = with_counters(world.app()).component(red).component(Arc::clone(&blue));
    let (_running, _) = world.run(app).await;
    assert_eq!(blue.add(10).await, Ok(10));
    for (name, expected) in [("red", 1), ("blue", 11)] {
        let sum: i64 = within(client.call(format!("com.lab.counter.{name}.add")).arg(1)).await.expect("it is answered");
        assert_eq!(sum, expected, "{name}");
    }
}

#[tokio::test]
async fn what_a_method_lacks_is_missed_before_the_program_connects() {
    let (counter, _heard) = Counter::new("red");
    let app = App::new("ws://localhost:1/ws").param("place", "lab").component(counter);
    let error = within(app.start()).await.expect_err("it has no state");
    let Error::MissingState { handler, .. } = error else { panic!("{error:?}") };
    assert!(handler.ends_with("Counter::anything"), "{handler}");
    let (counter, _heard) = Counter::new("red");
    let error = within(App::new("ws://localhost:1/ws").state("litres".to_owned()).component(counter).start()).await;
    assert!(matches!(error, Err(Error::MissingParam { param, .. }) if param == "place"));
}

/// A component of any type, which shares a topic with another handler.
struct Cell<T> {
    value: T,
}

#[component]
impl<T: Clone + Send + Sync + serde::Serialize + 'static> Cell<T> {
    #[register("com.cell.get")]
    async fn get(&self) -> T {
        self.value.clone()
    }
}

#[tokio::test]
async fn a_generic_type_can_be_a_component() {
    let world = World::start().await;
    let handler = TopicHandler::new("com.counter.", || async {}).matching(MatchPolicy::Prefix);
    let app = world.app().component(Cell { value: vec!["a", "b"] }).mount([handler]);
    let (_running, client) = world.run(app).await;
    let got: Vec<String> = within(client.call("com.cell.get")).await.expect("it is answered");
    assert_eq!(got, ["a", "b"]);
}
