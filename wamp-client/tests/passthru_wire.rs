//! Payload passthru mode as it is on the wire, with a router that does only what the test says.
//! Specification: "Payload Passthru Mode" (advanced profile).

mod codecs;
mod peer;

use codecs::{Mqtt, Secret};
use futures_util::stream;
use peer::{Connection, Peer, app, within};
use serde_json::{Value, json};
use wamp_client::{App, Client, Error, ErrorKind, Part, Parts, Results, Running, WampError};

/// What `Mqtt::packed` makes of the argument 7: `{"args":[7],"kwargs":{}}` in base64.
const SEVEN: &str = "\u{0}eyJhcmdzIjpbN10sImt3YXJncyI6e319";
/// And of none.
const NOTHING: &str = "\u{0}eyJhcmdzIjpbXSwia3dhcmdzIjp7fX0=";

fn keys() -> Value {
    json!({"ppt_scheme": "mqtt", "ppt_serializer": "json"})
}

/// Joined to a router that announces everything, after the endpoints are attached.
async fn joined(app: App, mut peer: Peer, attach: &[(&str, u64)]) -> (Running, Client, Connection) {
    let (running, connection) = tokio::join!(app.start(), async {
        let mut connection = peer.accept().await;
        connection.receive().await;
        let features = json!({"payload_passthru_mode": true, "progressive_call_invocations": true});
        let roles = json!({"broker": {"features": features}, "dealer": {"features": features}});
        connection.send(json!([2, 7, {"roles": roles}])).await;
        for (uri, id) in attach {
            connection.attach(uri, *id).await;
        }
        connection
    });
    let running = running.expect("it starts");
    let client = running.client().clone();
    (running, client, connection)
}

#[tokio::test]
async fn the_arguments_are_one_binary_item_and_the_options_say_how_it_is_encoded() {
    let (app, peer) = app();
    let (_running, client, mut connection) = joined(app, peer, &[]).await;
    client.publish("com.example.a").arg(7).passthru(Mqtt::packed()).await.expect("it is sent");
    connection.expect(json!([16, 1, keys(), "com.example.a", [SEVEN]])).await;
    client.publish("com.example.a").arg(7).passthru(Mqtt::native()).await.expect("it is sent");
    let native = json!({"ppt_scheme": "mqtt", "ppt_serializer": "native"});
    connection.expect(json!([16, 2, native, "com.example.a", [7]])).await;
    client.publish("com.example.a").kwarg("a", 7).passthru(Secret::new("blue")).await.expect("it is sent");
    let sent = connection.receive().await;
    let expected =
        json!({"ppt_scheme": "x_secret", "ppt_serializer": "cbor", "ppt_cipher": "x_toy", "ppt_keyid": "blue"});
    assert_eq!(sent[2], expected);
    assert!(sent[4][0].as_str().is_some_and(|text| text.starts_with('\u{0}')), "it is binary: {sent}");
    assert_eq!((sent.as_array().map(Vec::len), sent[4].as_array().map(Vec::len)), (Some(5), Some(1)));
}

#[tokio::test]
async fn every_message_of_a_call_says_how_it_is_encoded() {
    let (app, peer) = app();
    let (_running, client, mut connection) = joined(app, peer, &[]).await;
    let call = client.call::<i64>("com.example.a").arg(7).parts(stream::iter([7])).passthru(Mqtt::packed());
    let mut parts = call.progressive::<i64>();
    let options = json!({"ppt_scheme": "mqtt", "ppt_serializer": "json", "receive_progress": true, "progress": true});
    let more = json!({"ppt_scheme": "mqtt", "ppt_serializer": "json", "progress": true});
    let (part, ()) = tokio::join!(parts.next(), async {
        connection.expect(json!([48, 1, options, "com.example.a", [SEVEN]])).await;
        connection.expect(json!([48, 1, more, "com.example.a", [SEVEN]])).await;
        connection.expect(json!([48, 1, keys(), "com.example.a", [NOTHING]])).await;
        connection.send(json!([50, 1, more, [SEVEN]])).await;
    });
    assert_eq!(part.expect("there is one").expect("it is decoded"), Part::Progress(7));
    connection.send(json!([50, 1, keys(), [SEVEN]])).await;
    assert_eq!(within(parts.next()).await.expect("there is one").expect("it is decoded"), Part::Result(7));
}

#[tokio::test]
async fn a_call_that_came_encoded_is_answered_so_be_it_a_result_a_part_or_an_error() {
    let (app, peer) = app();
    let fail = || async { Err::<(), _>(WampError::new("com.example.error.broken").arg(7)) };
    let app = app.codec(Mqtt::packed()).register("com.example.seven", |a: i64| async move { Results::new().arg(a) });
    let app = app.register("com.example.fail", fail);
    let app = app.register("com.example.stream", || async { stream::iter([7]) });
    let attach = [("com.example.seven", 11), ("com.example.fail", 12), ("com.example.stream", 13)];
    let (_running, _client, mut connection) = joined(app, peer, &attach).await;
    connection.send(json!([68, 1, 11, keys(), [SEVEN]])).await;
    connection.expect(json!([70, 1, keys(), [SEVEN]])).await;
    connection.send(json!([68, 2, 12, keys(), [NOTHING]])).await;
    connection.expect(json!([8, 68, 2, keys(), "com.example.error.broken", [SEVEN]])).await;
    let details = json!({"ppt_scheme": "mqtt", "ppt_serializer": "json", "receive_progress": true});
    connection.send(json!([68, 3, 13, details, [NOTHING]])).await;
    let part = json!({"ppt_scheme": "mqtt", "ppt_serializer": "json", "progress": true});
    connection.expect(json!([70, 3, part, [SEVEN]])).await;
    connection.expect(json!([70, 3, keys(), [NOTHING]])).await;
    connection.send(json!([68, 4, 11, {}, [7]])).await;
    connection.expect(json!([70, 4, {}, [7]])).await;
}

#[tokio::test]
async fn a_call_that_can_not_be_decoded_is_refused_in_plain() {
    let (app, peer) = app();
    let app = app.codec(Mqtt::packed()).register("com.example.seven", |a: i64| async move { a });
    let (_running, _client, mut connection) = joined(app, peer, &[("com.example.seven", 11)]).await;
    connection.send(json!([68, 1, 11, {"ppt_scheme": "x_other"}, [SEVEN]])).await;
    let text = "there is no codec for payloads in the scheme \"x_other\"";
    connection.expect(json!([8, 68, 1, {}, "wamp.error.feature_not_supported", [text]])).await;
    let text = "the payload can't be decoded in the scheme \"mqtt\"";
    // No binary item, two of them, no piece, and a serializer that the codec does not know.
    let undecodable =
        [(keys(), json!([7])), (keys(), json!([SEVEN, SEVEN])), (keys(), json!(["\u{0}AAAA"])), (keys(), json!([]))];
    let unknown = (json!({"ppt_scheme": "mqtt", "ppt_serializer": "flatbuffers"}), json!([SEVEN]));
    for (request, (details, args)) in (2..).zip(undecodable.into_iter().chain([unknown])) {
        connection.send(json!([68, request, 11, details, args])).await;
        connection.expect(json!([8, 68, request, {}, "wamp.error.invalid_argument", [text]])).await;
    }
    // What does not fit the procedure is the procedure's answer, and encoded.
    connection.send(json!([68, 9, 11, keys(), [NOTHING]])).await;
    let answer = connection.receive().await;
    assert_eq!((&answer[3], &answer[4]), (&keys(), &json!("wamp.error.invalid_argument")));
}

#[tokio::test]
async fn more_arguments_that_can_not_be_decoded_are_an_error_in_their_place() {
    let (app, peer) = app();
    let sum = |mut numbers: Parts<i64>| async move {
        let (mut sum, mut errors) = (0, 0);
        while let Some(number) = numbers.next().await {
            match number {
                Ok(number) => sum += number,
                Err(_) => errors += 1,
            }
        }
        vec![sum, errors]
    };
    let app = app.codec(Mqtt::packed()).register("com.example.sum", sum);
    let (_running, _client, mut connection) = joined(app, peer, &[("com.example.sum", 11)]).await;
    let more = json!({"ppt_scheme": "mqtt", "ppt_serializer": "json", "progress": true});
    connection.send(json!([68, 1, 11, more, [SEVEN]])).await;
    connection.send(json!([68, 1, 11, more, ["\u{0}AAAA"]])).await;
    connection.send(json!([68, 1, 11, keys(), [SEVEN]])).await;
    // `{"args":[[14,1]],"kwargs":{}}`
    connection.expect(json!([70, 1, keys(), ["\u{0}eyJhcmdzIjpbWzE0LDFdXSwia3dhcmdzIjp7fX0="]])).await;
}

#[tokio::test]
async fn an_answer_that_can_not_be_decoded_is_an_error_that_says_so() {
    let (app, peer) = app();
    let (_running, client, mut connection) = joined(app, peer, &[]).await;
    let call = || client.call::<i64>("com.example.a").passthru(Mqtt::packed());
    // In a scheme that this side has no codec for, and in one that it has.
    let answers = [json!([50, 1, {"ppt_scheme": "x_other"}, [SEVEN]]), json!([50, 2, keys(), ["\u{0}AAAA"]])];
    for (answer, name) in answers.into_iter().zip(["x_other", "mqtt"]) {
        let (result, ()) = tokio::join!(call().into_future(), async {
            connection.receive().await;
            connection.send(answer).await;
        });
        let error = result.expect_err("it can't be decoded");
        assert!(matches!(&error, Error::Passthru { scheme, .. } if scheme == name), "{error:?}");
    }
    // Which error it is does not depend on what it says.
    let (result, ()) = tokio::join!(call().into_future(), async {
        connection.receive().await;
        connection.send(json!([8, 48, 3, {"ppt_scheme": "x_other"}, "com.example.error.broken", [SEVEN]])).await;
    });
    assert_eq!(result.expect_err("it failed").wamp_uri(), Some("com.example.error.broken"));
    // An answer in plain is one.
    let (result, ()) = tokio::join!(call().into_future(), async {
        connection.receive().await;
        connection.send(json!([50, 4, {}, [7]])).await;
    });
    assert_eq!(result.expect("it is answered"), 7);
}

#[tokio::test]
async fn a_part_that_can_not_be_decoded_ends_the_call() {
    let (app, peer) = app();
    let (_running, client, mut connection) = joined(app, peer, &[]).await;
    let mut parts = client.call::<i64>("com.example.a").progressive::<i64>();
    let (part, ()) = tokio::join!(parts.next(), async {
        connection.receive().await;
        connection.send(json!([50, 1, {"ppt_scheme": "x_other", "progress": true}, [SEVEN]])).await;
    });
    assert!(matches!(part, Some(Err(Error::Passthru { .. }))), "{part:?}");
    assert!(within(parts.next()).await.is_none());
}

#[tokio::test]
async fn a_router_that_does_not_announce_it_is_not_sent_any() {
    let (app, mut peer) = app();
    let (running, mut connection) = tokio::join!(app.start(), peer.join());
    let running = running.expect("it starts");
    let client = running.client();
    let call = client.call::<()>("com.example.a").passthru(Mqtt::packed());
    let published = client.publish("com.example.a").passthru(Mqtt::packed());
    let acknowledged = client.publish("com.example.a").passthru(Mqtt::packed()).acknowledge();
    let errors = [
        within(call).await.expect_err("the router can't do it"),
        within(published).await.expect_err("the router can't do it"),
        within(acknowledged).await.expect_err("the router can't do it"),
    ];
    for error in errors {
        assert!(matches!(error, Error::Unsupported { feature: "payload passthru mode", .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    client.publish("com.example.b").await.expect("it is sent");
    connection.expect(json!([16, 1, {}, "com.example.b"])).await;
}
