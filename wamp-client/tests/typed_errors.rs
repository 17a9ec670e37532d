//! Errors as enums, against the real router: what a procedure returns is what its caller gets.

mod real;

use real::{World, within};
use serde::{Deserialize, Serialize};
use wamp_client::{CallError, Client, Error, ErrorKind, Serializer, TypedError, Value, WampError, handlers, register};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Range {
    from: i64,
    to: Option<i64>,
}

#[derive(Debug, PartialEq, thiserror::Error, WampError)]
#[wamp(prefix = "com.calc.error")]
enum CalcError {
    /// There is no such number.
    #[error("can't divide by zero")]
    #[wamp(".division_by_zero")]
    DivisionByZero,
    #[error("{0} and {1} are too large together")]
    #[wamp(".overflow")]
    Overflow(i64, i64),
    #[error("{given} is not in the range")]
    #[wamp("com.limits.error.range")]
    Range { given: i64, range: Range, r#type: Option<String> },
}

/// Some of the same errors, with a place for those that it does not know.
#[derive(Debug, PartialEq, thiserror::Error, WampError)]
enum AnyError {
    #[error("can't divide by zero")]
    #[wamp("com.calc.error.division_by_zero")]
    DivisionByZero,
    #[error(transparent)]
    #[wamp(other)]
    Other(#[from] WampError),
}

fn range(given: i64) -> CalcError {
    CalcError::Range { given, range: Range { from: 1, to: None }, r#type: Some("small".to_owned()) }
}

fn fail(how: &str) -> CalcError {
    match how {
        "zero" => CalcError::DivisionByZero,
        "overflow" => CalcError::Overflow(i64::MAX, -1),
        _ => range(-7),
    }
}

#[register("com.calc.fail")]
async fn typed(how: String) -> Result<i64, CalcError> {
    Err(fail(&how))
}

#[register("com.calc.fail_in_a_report")]
async fn reported(how: String) -> anyhow::Result<i64> {
    Err(fail(&how))?;
    Ok(0)
}

#[register("com.calc.fail_by_uri")]
async fn by_uri(uri: String, argument: Value) -> Result<i64, WampError> {
    Err(WampError::new(uri).arg(argument))
}

#[register("com.calc.relay")]
async fn relay(client: Client, how: String) -> Result<i64, WampError> {
    Ok(client.call("com.calc.fail").arg(how).errors::<CalcError>().await?)
}

async fn failing(client: &Client, procedure: &str, how: &str) -> Error {
    let call = client.call::<i64>(procedure).arg(how);
    within(call).await.expect_err("it was asked to fail")
}

#[tokio::test]
async fn a_caller_gets_back_what_the_procedure_returned() {
    let world = World::start().await;
    for serializer in Serializer::ALL {
        let callee = world.app().serializer(serializer).mount(handlers![typed, reported, relay]);
        let callee =
            callee.register("com.calc.fail_in_a_closure", |how: String| async move { Err::<i64, _>(fail(&how)) });
        let (callee, _) = world.run(callee).await;
        let (_caller, client) = world.client().await;
        for how in ["zero", "overflow", "range"] {
            for procedure in
                ["com.calc.fail", "com.calc.fail_in_a_closure", "com.calc.fail_in_a_report", "com.calc.relay"]
            {
                let error = failing(&client, procedure, how).await;
                assert_eq!(error.to(), Some(fail(how)), "{procedure} by {serializer}");
            }
        }
        within(callee.stop()).await.expect("it ends in good order");
    }
}

#[tokio::test]
async fn what_travels_is_what_the_documentation_says() {
    let world = World::start().await;
    let (_callee, _) = world.run(world.app().mount(handlers![typed])).await;
    let (_caller, client) = world.client().await;
    let mut answers = Vec::new();
    for how in ["zero", "overflow", "range"] {
        let error = failing(&client, "com.calc.fail", how).await;
        answers.push(error.wamp().expect("the callee answered").clone());
    }
    let range = Range { from: 1, to: None };
    let expected = [
        WampError::new("com.calc.error.division_by_zero").arg("can't divide by zero"),
        WampError::new("com.calc.error.overflow").arg(i64::MAX).arg(-1),
        WampError::new("com.limits.error.range")
            .arg("-7 is not in the range")
            .kwarg("given", -7)
            .kwarg("range", range)
            .kwarg("type", "small"),
    ];
    assert_eq!(answers, expected);
}

#[tokio::test]
async fn a_call_tells_the_procedure_s_errors_from_others() {
    let world = World::start().await;
    let (_callee, _) = world.run(world.app().mount(handlers![typed, by_uri])).await;
    let (_caller, client) = world.client().await;
    let call = client.call::<i64>("com.calc.fail").arg("zero").errors::<CalcError>();
    let error = within(call).await.expect_err("it was asked to fail");
    assert_eq!(error.procedure(), Some(&CalcError::DivisionByZero));
    assert_eq!(error.to_string(), "can't divide by zero");

    let call = client.call::<i64>("com.calc.nobody").errors::<CalcError>();
    let error = within(call).await.expect_err("nobody has registered it");
    let CallError::Other(error) = error else { panic!("{error:?} is none of the procedure's") };
    assert_eq!(error.wamp_uri(), Some("wamp.error.no_such_procedure"));

    // The URI of an error of ours, but not its arguments.
    for argument in [Value::Null, Value::Str("text".to_owned())] {
        let call = client.call::<i64>("com.calc.fail_by_uri").arg("com.calc.error.overflow").arg(argument);
        let error = within(call.errors::<CalcError>()).await.expect_err("it was asked to fail");
        assert!(matches!(&error, CallError::Other(error) if error.kind() == ErrorKind::Wamp), "{error:?}");
    }
}

#[tokio::test]
async fn the_catch_all_holds_what_no_variant_stands_for() {
    let world = World::start().await;
    let (_callee, _) = world.run(world.app().mount(handlers![typed])).await;
    let (_caller, client) = world.client().await;
    assert_eq!(failing(&client, "com.calc.fail", "zero").await.to(), Some(AnyError::DivisionByZero));
    let other = failing(&client, "com.calc.fail", "overflow").await.to();
    let expected = WampError::new("com.calc.error.overflow").arg(i64::MAX).arg(-1);
    assert_eq!(other, Some(AnyError::Other(expected.clone())));
    // And it travels on as it came.
    assert_eq!(other.map(WampError::from), Some(expected));
}

#[test]
fn the_uris_are_known_with_their_documentation() {
    assert_eq!(
        CalcError::URIS,
        [
            ("com.calc.error.division_by_zero", "There is no such number."),
            ("com.calc.error.overflow", ""),
            ("com.limits.error.range", ""),
        ]
    );
}
