//! `wamp call`.

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use wamp_client::{Kwargs, Progress, Rest, Results, WampError};

use crate::support::{Started, World, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_printed_as_what_it_is() {
    let world = World::new().await;
    let client = &world.client;
    client.register("com.example.add", |a: i64, b: i64| async move { a + b }).await.unwrap();
    client.register("com.example.nothing", || async {}).await.unwrap();
    let greet = |name: String| async move { format!("hello {name}") };
    client.register("com.example.greet", greet).await.unwrap();
    let divide = |a: i64, b: i64| async move { Results::new().arg(a / b).kwarg("remainder", a % b) };
    client.register("com.example.divide", divide).await.unwrap();

    assert_eq!(world.output(&["call", "com.example.add", "2", "-3"]).await, "-1");
    assert_eq!(world.output(&["call", "com.example.nothing"]).await, "null");
    assert_eq!(world.output(&["call", "com.example.nothing", "--raw"]).await, "");
    assert_eq!(world.output(&["call", "com.example.greet", "Ada"]).await, "\"hello Ada\"");
    assert_eq!(world.output(&["call", "com.example.greet", "Ada", "--raw"]).await, "hello Ada");
    let divided = world.output(&["call", "com.example.divide", "7", "2"]).await;
    assert_eq!(divided, r#"{"args":[3],"kwargs":{"remainder":1}}"#);
    assert_eq!(world.output(&["call", "com.example.add", "2", "3", "--full"]).await, r#"{"args":[5],"kwargs":{}}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_come_from_standard_input_too() {
    let world = World::new().await;
    let echo = |Rest(args): Rest<wamp_client::Value>, Kwargs(kwargs): Kwargs<wamp_client::Value>| async move {
        Results::new().arg(args).kwarg("kwargs", kwargs)
    };
    world.client.register("com.example.echo", echo).await.unwrap();
    for (input, args) in [("[1,\n 2]\n", json!([1, 2])), ("text of\ntwo lines\n", json!(["text of\ntwo lines"]))] {
        let printed = world.output_of(&["call", "com.example.echo", "-"], input).await;
        let printed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(printed["args"], json!([args]));
    }
    // Binary data, in the text that WAMP has for it, comes back as it was.
    let binary = r#"["\u0000AP8="]"#;
    for serializer in ["json", "msgpack", "cbor"] {
        let arguments = ["call", "com.example.echo", "-", "--serializer", serializer];
        let printed: Value = serde_json::from_str(&world.output_of(&arguments, binary).await).unwrap();
        assert_eq!(printed["args"], json!([["\u{0}AP8="]]), "{serializer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_printed_as_they_come() {
    let world = World::new().await;
    let (arrived, gate) = tokio::sync::watch::channel(false);
    let copy = move |files: u64, progress: Progress<u64>| {
        let mut gate = gate.clone();
        async move {
            progress.send(1).await?;
            gate.wait_for(|open| *open).await.map_err(WampError::runtime)?;
            progress.send(files).await?;
            Ok::<_, wamp_client::Error>("done")
        }
    };
    world.client.register("com.example.copy", copy).await.unwrap();
    let mut caller = Started::new(world.wamp(&["call", "com.example.copy", "2", "--progress"]));
    assert_eq!(caller.json().await, json!({"part": 1}));
    // The first was there before the second was sent.
    arrived.send(true).unwrap();
    assert_eq!(caller.json().await, json!({"part": 2}));
    assert_eq!(caller.json().await, json!({"result": "done"}));
    assert_eq!(caller.ended().await.good(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_has_its_own_exit_code() {
    let world = World::new().await;
    world.client.register("com.example.never", std::future::pending::<()>).await.unwrap();
    let error = world.run(&["call", "com.example.never", "--timeout", "50ms"]).await.failed(124);
    assert!(error.contains("50ms") && error.contains("com.example.never") && error.contains("--timeout"), "{error}");
}

/// Tells when it is dropped.
struct Life(mpsc::UnboundedSender<&'static str>);

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_cancels_the_call() {
    let mut world = World::new().await;
    let (sender, mut life) = mpsc::unbounded_channel();
    let slow = move || {
        let life = Life(sender.clone());
        async move {
            let _ = life.0.send("started");
            std::future::pending::<()>().await;
        }
    };
    world.client.register("com.example.slow", slow).await.unwrap();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let caller = Started::new(world.wamp(&["call", "com.example.slow"]));
        assert_eq!(within(life.recv()).await, Some("started"));
        caller.signal(signal);
        assert_eq!(caller.ended().await.failed(code), "");
        assert_eq!(within(life.recv()).await, Some("dropped"));
        world.left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_told_with_all_it_carries() {
    let world = World::new().await;
    let fail = || async {
        let error = WampError::new("com.example.error.broken").arg("it is broken").arg(7);
        Err::<(), _>(error.kwarg("part", "wheel"))
    };
    world.client.register("com.example.fail", fail).await.unwrap();
    let error = world.run(&["call", "com.example.fail"]).await.failed(1);
    assert_eq!(error, "error: com.example.error.broken: it is broken\n       7\n       part=\"wheel\"\n");
    let error = world.run(&["call", "com.example.fail", "--json"]).await.failed(1);
    let error: Value = serde_json::from_str(&error).unwrap();
    assert_eq!(error["error"], "com.example.error.broken");
    assert_eq!((&error["args"], &error["kwargs"]), (&json!(["it is broken", 7]), &json!({"part": "wheel"})));
}
