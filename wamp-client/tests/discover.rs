//! `.discover()` finds what is annotated, wherever it is.

mod peer;

use std::collections::BTreeSet;

use peer::app;
use serde_json::json;
use wamp_client::{App, Error, State, handlers, on_join, register, subscribe};

#[subscribe("com.example.event")]
async fn on_event(_text: String) {}

mod deeper {
    pub(crate) mod down {
        #[wamp_client::register("com.example.add")]
        pub(crate) async fn add(a: i64, b: i64) -> i64 {
            a + b
        }
    }
}

#[register("com.example.state")]
async fn state(State(text): State<String>) -> String {
    text.as_ref().clone()
}

#[on_join]
async fn joined(client: wamp_client::Client) -> wamp_client::Result<()> {
    client.publish("com.example.joined").await
}

#[tokio::test]
async fn everything_annotated_is_attached_once() {
    let (app, mut peer) = app();
    let app = app.mount(handlers![deeper::down::add]);
    let (running, mut connection) = tokio::join!(app.state("shared".to_owned()).discover().start(), async {
        let mut connection = peer.join().await;
        let mut attached = BTreeSet::new();
        for id in 1..=3 {
            let request = connection.receive().await;
            let answer = request[0].as_u64().expect("a message has a type") + 1;
            connection.send(json!([answer, request[1], id])).await;
            attached.insert(request[3].as_str().expect("it is a URI").to_owned());
        }
        let expected = ["com.example.add", "com.example.event", "com.example.state"].map(str::to_owned);
        assert_eq!(attached, BTreeSet::from(expected));
        connection
    });
    connection.expect(json!([16, 4, {}, "com.example.joined"])).await;
    drop(running);
}

#[tokio::test]
async fn a_missing_state_is_named_before_anything_is_connected() {
    let error = App::new("ws://localhost:1/ws").discover().start().await.expect_err("the state is missing");
    assert!(matches!(&error, Error::MissingState { handler, .. } if handler == "discover::state"), "{error}");
}

#[tokio::test]
async fn annotated_functions_can_be_called() {
    assert_eq!(deeper::down::add(1, 2).await, 3);
    assert_eq!(state(State::new("text".to_owned())).await, "text");
}
