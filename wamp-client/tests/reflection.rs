//! What programs tell of their procedures, read back from the real router.
//! Specification: "Interface Reflection" (advanced profile).

mod real;

use real::{World, within};
use serde_json::{Value, json};
use wamp_client::{App, Caller, Client, Kwargs, State, WampError, component, handlers, interface, register};

/// Adds two numbers.
///
/// Large ones too.
#[register("com.calc.add")]
async fn add(a: i64, b: Option<i64>, _caller: Caller, _unit: State<String>) -> i64 {
    a + b.unwrap_or_default()
}

#[register("com.calc.{place}.nothing")]
async fn nothing(_: Kwargs<Value>) {}

struct Counter {
    name: &'static str,
}

#[component]
impl Counter {
    /// Counts.
    #[register("com.counter.{self.name}.count")]
    async fn count(&self, words: Vec<(String, u8)>) -> Result<usize, WampError> {
        Ok(words.len() + self.name.len())
    }
}

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError {
    /// There is no such number.
    #[error("can't divide by zero")]
    #[wamp("com.calc.error.division_by_zero")]
    DivisionByZero,
}

#[interface(named)]
trait Calculator {
    /// Divides.
    #[procedure("com.calc.divide")]
    async fn divide(&self, a: i64, b: i64, #[extract] caller: Caller) -> Result<i64, CalcError>;

    /// A number was found.
    #[topic("com.calc.found")]
    fn found(number: i64);
}

struct Abacus;

impl Calculator for Abacus {
    async fn divide(&self, a: i64, b: i64, _: Caller) -> Result<i64, CalcError> {
        a.checked_div(b).ok_or(CalcError::DivisionByZero)
    }
}

fn program(app: App) -> App {
    app.state(String::new())
        .param("place", "lab")
        .mount(handlers![add, nothing])
        .component(Counter { name: "red" })
        .mount(CalculatorCallee::new(Abacus))
        .register("com.calc.closure", |a: i64| async move { a })
}

async fn list(client: &Client, kind: &str) -> Vec<String> {
    within(client.call(format!("wamp.reflection.{kind}.list"))).await.expect("it is told")
}

async fn describe(client: &Client, kind: &str, uri: &str) -> Value {
    within(client.call(format!("wamp.reflection.{kind}.describe")).arg(uri)).await.expect("it is told")
}

#[tokio::test]
async fn documentation_and_arguments_can_be_read_by_others() {
    let world = World::start().await;
    // The same session asks, so that its own declarations have come before.
    let (running, client) = world.run(program(world.app())).await;
    let procedures = ["com.calc.add", "com.calc.divide", "com.calc.lab.nothing", "com.counter.red.count"];
    assert_eq!(list(&client, "procedure").await, procedures);
    assert_eq!(list(&client, "topic").await, ["com.calc.found"]);
    assert_eq!(list(&client, "error").await, ["com.calc.error.division_by_zero"]);

    let (_other, other) = world.client().await;
    let arguments = json!([{ "name": "a", "type": "i64" }, { "name": "b", "type": "Option<i64>" }]);
    let expected = json!({ "doc": "Adds two numbers.\n\nLarge ones too.", "arguments": arguments, "returns": "i64" });
    assert_eq!(describe(&other, "procedure", "com.calc.add").await, expected);
    assert_eq!(describe(&other, "procedure", "com.calc.lab.nothing").await, json!({ "arguments": [] }));
    let arguments = json!([{ "name": "words", "type": "Vec<(String,u8)>" }]);
    let expected = json!({ "doc": "Counts.", "arguments": arguments, "returns": "Result<usize,WampError>" });
    assert_eq!(describe(&other, "procedure", "com.counter.red.count").await, expected);
    let arguments = json!([{ "name": "a", "type": "i64" }, { "name": "b", "type": "i64" }]);
    let returns = "Result<i64,CalcError>";
    let expected = json!({ "doc": "Divides.", "arguments": arguments, "by_keyword": true, "returns": returns });
    assert_eq!(describe(&other, "procedure", "com.calc.divide").await, expected);
    let arguments = json!([{ "name": "number", "type": "i64" }]);
    let expected = json!({ "doc": "A number was found.", "arguments": arguments, "by_keyword": true });
    assert_eq!(describe(&other, "topic", "com.calc.found").await, expected);
    let expected = json!({ "doc": "There is no such number." });
    assert_eq!(describe(&other, "error", "com.calc.error.division_by_zero").await, expected);
    assert_eq!(describe(&other, "procedure", "com.calc.closure").await, Value::Null);

    // It goes with the session that told it.
    within(running.stop()).await.expect("it ends in good order");
    for kind in ["procedure", "topic", "error"] {
        assert!(list(&other, kind).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_attached_while_the_program_runs_comes_and_goes_too() {
    let world = World::start().await;
    let (_callee, callee) = world.client().await;
    let registration = within(callee.register("com.calc.closure", |a: i64| async move { a })).await;
    let registration = registration.expect("it is registered");
    // A closure tells nothing of itself.
    assert!(list(&callee, "procedure").await.is_empty());
    let description = json!({ "doc": "By hand." });
    let define = callee.call::<()>("wamp.reflect.define").arg("procedure").arg("com.calc.closure").arg(&description);
    within(define).await.expect("it is the session's own");
    assert_eq!(describe(&callee, "procedure", "com.calc.closure").await, description);
    within(registration.unregister()).await.expect("it is unregistered");
    assert_eq!(describe(&callee, "procedure", "com.calc.closure").await, Value::Null);
}

#[tokio::test]
async fn a_program_may_keep_it_to_itself() {
    let world = World::start().await;
    let (_running, client) = world.run(program(world.app()).reflect(false)).await;
    for kind in ["procedure", "topic", "error"] {
        assert!(list(&client, kind).await.is_empty());
    }
}
