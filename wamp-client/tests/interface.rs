//! Interfaces, against the real router: two programs that share a trait.

mod real;

use std::sync::Arc;
use std::time::Duration;

use real::{World, within};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use wamp_client::{
    CallError, Caller, Client, Details, Error, InvocationPolicy, MatchPolicy, Serializer, State, Value, WampError,
    interface,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Debug, PartialEq, thiserror::Error, WampError)]
#[wamp(prefix = "com.calc.error")]
enum CalcError {
    #[error("can't divide by zero")]
    #[wamp(".division_by_zero")]
    DivisionByZero,
    #[error("{given} is beyond {limit}")]
    #[wamp(".limit")]
    Limit { given: i64, limit: i64 },
}

/// What both programs of these tests share.
#[interface]
trait Calculator {
    /// Adds two numbers.
    #[procedure("com.calc.add", invoke = "roundrobin")]
    async fn add(&self, a: i64, b: i64) -> i64;

    /// Divides, unless it can't.
    #[procedure("com.calc.divide")]
    async fn divide(&self, a: i64, b: i64) -> Result<i64, CalcError>;

    #[procedure("com.calc.mirror")]
    async fn mirror(&self, point: Point, only_x: Option<bool>) -> Point;

    #[procedure("com.calc.forget")]
    async fn forget(&self);

    #[procedure("com.calc.try_any", disclose_caller)]
    async fn try_any(
        &self,
        uri: String,
        #[extract] caller: Caller,
        #[extract] unit: State<String>,
    ) -> Result<(), WampError>;

    /// A number was found.
    #[topic("com.calc.found")]
    fn found(number: i64, by: Option<String>);

    #[topic("com.calc.status", retained)]
    fn status(#[extract] details: Details, status: String);
}

struct Abacus;

impl Calculator for Abacus {
    async fn add(&self, a: i64, b: i64) -> i64 {
        a + b
    }

    async fn divide(&self, a: i64, b: i64) -> Result<i64, CalcError> {
        if a > 100 {
            return Err(CalcError::Limit { given: a, limit: 100 });
        }
        a.checked_div(b).ok_or(CalcError::DivisionByZero)
    }

    async fn mirror(&self, point: Point, only_x: Option<bool>) -> Point {
        let y = if only_x.unwrap_or_default() { point.y } else { -point.y };
        Point { x: -point.x, y }
    }

    async fn forget(&self) {}

    async fn try_any(&self, uri: String, caller: Caller, State(unit): State<String>) -> Result<(), WampError> {
        Err(WampError::new(uri).arg(caller.session).arg(&*unit))
    }
}

#[tokio::test]
async fn a_typed_client_calls_a_checked_implementation() {
    let world = World::start().await;
    for (callee, caller) in Serializer::ALL.into_iter().zip(Serializer::ALL.into_iter().rev()) {
        let app = world.app().serializer(callee).state("metres".to_owned()).mount(CalculatorCallee::new(Abacus));
        let (callee, _) = world.run(app).await;
        let (_caller, client) = world.run(world.app().serializer(caller)).await;
        let calculator = CalculatorClient::new(client.clone());
        assert_eq!(within(calculator.add(2, 3)).await.expect("it is answered"), 5);
        assert_eq!(within(calculator.divide(7, 2)).await.expect("it is answered"), 3);
        let point = Point { x: 1.5, y: 2.0 };
        let mirrored = within(calculator.mirror(point.clone(), None)).await.expect("it is answered");
        assert_eq!(mirrored, Point { x: -1.5, y: -2.0 });
        let mirrored = within(calculator.mirror(point, Some(true)).timeout(Duration::from_secs(9))).await;
        assert_eq!(mirrored.expect("it is answered"), Point { x: -1.5, y: 2.0 });
        within(calculator.forget()).await.expect("it is answered");

        for (a, b, expected) in
            [(7, 0, CalcError::DivisionByZero), (101, 1, CalcError::Limit { given: 101, limit: 100 })]
        {
            let failed = within(calculator.divide(a, b).timeout(Duration::from_secs(9))).await;
            assert_eq!(failed.expect_err("it can't be").procedure(), Some(&expected));
        }
        let failed = within(calculator.try_any("com.example.error.any".to_owned())).await;
        let id = client.session().expect("it is joined").id;
        let expected = WampError::new("com.example.error.any").arg(id).arg("metres");
        assert!(matches!(failed, Err(CallError::Procedure(error)) if error == expected));
        within(callee.stop()).await.expect("it ends in good order");

        let failed = within(calculator.divide(7, 2)).await;
        assert!(matches!(failed, Err(CallError::Other(Error::Wamp(_)))), "{failed:?}");
    }
}

#[tokio::test]
async fn what_travels_is_what_others_expect() {
    let world = World::start().await;
    let (_callee, client) = world.run(world.app().state(String::new()).mount(CalculatorCallee::new(Abacus))).await;
    // By hand, as a program in another language would.
    let sum: i64 = within(client.call("com.calc.add").arg(2).arg(3)).await.expect("it is answered");
    assert_eq!(sum, 5);
    let unfit = within(client.call::<i64>("com.calc.add").arg(2).arg("three")).await.expect_err("it is text");
    let text = unfit.wamp().and_then(WampError::message).expect("it says why").to_owned();
    assert!(text.starts_with("argument 2 (`b`) does not fit i64"), "{text}");
    let nothing = within(client.call_raw("com.calc.forget")).await.expect("it is answered");
    assert_eq!(nothing.args::<Value>().expect("they are values"), []);
    let registrations = client.meta().registrations();
    let id = within(registrations.lookup("com.calc.add", MatchPolicy::Exact)).await.expect("it is told");
    let details = within(registrations.get(id.expect("it is registered"))).await.expect("it is told");
    assert_eq!(details.invoke, InvocationPolicy::RoundRobin.as_str());
}

#[tokio::test]
async fn events_reach_handlers_of_their_type() {
    let world = World::start().await;
    let (said, mut heard) = mpsc::unbounded_channel();
    let (status, mut statuses) = mpsc::unbounded_channel();
    let handlers = CalculatorSubscriber::new()
        .on_found(move |number, by| {
            let said = said.clone();
            async move { said.send((number, by)).expect("the test listens") }
        })
        .on_status(move |details, text| {
            let status = status.clone();
            async move { status.send((details.uri.to_string(), details.retained, text)) }
        });
    let (_publisher, client) = world.client().await;
    let publisher = CalculatorClient::new(client);
    within(publisher.status("ready".to_owned()).retain().acknowledge()).await.expect("it is published");
    let (_subscriber, _) = world.run(world.app().mount(handlers)).await;
    within(publisher.found(42, Some("me".to_owned())).acknowledge()).await.expect("it is published");
    assert_eq!(within(heard.recv()).await, Some((42, Some("me".to_owned()))));
    let expected = ("com.calc.status".to_owned(), true, "ready".to_owned());
    assert_eq!(within(statuses.recv()).await, Some(expected));
}

#[tokio::test]
async fn a_client_subscribes_while_it_runs() {
    let world = World::start().await;
    let (_running, client) = world.client().await;
    let calculator = CalculatorClient::new(client);
    let (said, mut heard) = mpsc::unbounded_channel();
    let subscription = within(calculator.on_found(move |number, _| {
        let said = said.clone();
        async move { said.send(number).expect("the test listens") }
    }));
    let subscription = subscription.await.expect("it is subscribed");
    within(calculator.found(7, None).exclude_me(false).acknowledge()).await.expect("it is published");
    assert_eq!(within(heard.recv()).await, Some(7));
    within(subscription.unsubscribe()).await.expect("it is unsubscribed");
    assert_eq!(within(heard.recv()).await, None);
}

/// One whose arguments travel by keyword, and whose URIs have parameters.
#[interface(named)]
trait Machine {
    #[procedure("com.machine.{id}.{part}.set")]
    async fn set(&self, value: i64, r#type: Option<String>) -> Result<String, WampError>;

    #[topic("com.machine.{id}.changed")]
    fn changed(value: i64, r#type: Option<String>);
}

struct Valve {
    name: &'static str,
}

impl Machine for Valve {
    async fn set(&self, value: i64, r#type: Option<String>) -> Result<String, WampError> {
        Ok(format!("{} {value} {type:?}", self.name))
    }
}

#[tokio::test]
async fn arguments_travel_by_keyword_if_asked_for_and_uris_have_parameters() {
    let world = World::start().await;
    let left = Arc::new(Valve { name: "left" });
    let app = world.app().mount(MachineCallee::new(Arc::clone(&left), "m1", "left")).mount(MachineCallee::new(
        Valve { name: "right" },
        "m1",
        "right",
    ));
    let (said, mut heard) = mpsc::unbounded_channel();
    let app = app.mount(MachineSubscriber::new("m1").on_changed(move |value, r#type| {
        let said = said.clone();
        async move { said.send((value, r#type)).expect("the test listens") }
    }));
    let (_callee, _) = world.run(app).await;
    let (_caller, client) = world.client().await;
    for (part, expected) in [("left", "left 1 Some(\"a\")"), ("right", "right 1 Some(\"a\")")] {
        let machine = MachineClient::new(client.clone(), "m1", part);
        let set = within(machine.set(1, Some("a".to_owned()))).await.expect("it is answered");
        assert_eq!(set, expected);
        within(machine.changed(1, None).acknowledge()).await.expect("it is published");
        assert_eq!(within(heard.recv()).await, Some((1, None)));
    }
    assert_eq!(left.set(2, None).await, Ok("left 2 None".to_owned()));

    // By hand, and without the keyword that must be there.
    let call = client.call::<String>("com.machine.m1.left.set").kwarg("type", "b").kwarg("value", 3);
    assert_eq!(within(call).await.expect("it is answered"), "left 3 Some(\"b\")");
    let failed = within(client.call::<String>("com.machine.m1.left.set").arg(3)).await.expect_err("it has no value");
    let text = failed.wamp().and_then(WampError::message).expect("it says why");
    assert_eq!(text, "keyword argument `value` is missing: expected i64");
}

/// A program can have both ends at once: its own client is an extractor.
#[interface]
trait Relay {
    #[procedure("com.relay.add")]
    async fn add(&self, a: i64, b: i64, #[extract] client: Client) -> Result<i64, WampError>;
}

struct ToTheCalculator;

impl Relay for ToTheCalculator {
    async fn add(&self, a: i64, b: i64, client: Client) -> Result<i64, WampError> {
        let calculator = CalculatorClient::new(client);
        let sum = calculator.add(a, b).await.map_err(WampError::runtime)?;
        Ok(calculator.divide(sum, 0).await?)
    }
}

#[tokio::test]
async fn an_error_of_one_interface_passes_through_another() {
    let world = World::start().await;
    let app = world.app().state(String::new()).mount(CalculatorCallee::new(Abacus));
    let (_running, client) = world.run(app.mount(RelayCallee::new(ToTheCalculator))).await;
    let failed = within(RelayClient::new(client).add(1, 2)).await.expect_err("it divides by zero");
    let CallError::Procedure(error) = failed else { panic!("{failed:?} is none of the procedure's") };
    assert_eq!(error.uri(), "com.calc.error.division_by_zero");
}
