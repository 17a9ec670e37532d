//! Whole sessions over real WebSockets, with a client library of somebody else.

mod common;

use common::{Client, serve, serve_web, soon};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use wamp_proto::Serializer;
use wamp_router::{Config, ConnectionSettings, Paths, WebSocketSettings};

#[tokio::test]
async fn events_and_calls_pass_between_all_serializers() {
    let server = serve(Config::default()).await;
    let address = server.local_addr();
    for from in Serializer::ALL {
        for to in Serializer::ALL {
            let (mut one, _) = Client::join(address, from).await;
            let (mut other, _) = Client::join(address, to).await;
            let args = json!([1, -5, "ä\"\n", [null, true], 1.5]);
            let kwargs = json!({"key": {"nested": [1]}});

            let subscription = other.subscribe(1, "com.example.topic").await;
            one.send(json!([16, 1, {"acknowledge": true}, "com.example.topic", args, kwargs])).await;
            let published = one.receive().await;
            assert_eq!((&published[0], &published[1]), (&json!(17), &json!(1)));
            let event = other.receive().await;
            assert_eq!(event, json!([36, subscription, published[2], event[3], args, kwargs]));

            other.send(json!([64, 2, {}, "com.example.procedure"])).await;
            let registered = other.receive().await;
            one.send(json!([48, 2, {}, "com.example.procedure", args, kwargs])).await;
            let invocation = other.receive().await;
            assert_eq!(invocation, json!([68, invocation[1], registered[2], invocation[3], args, kwargs]));
            other.send(json!([70, invocation[1], {}, [2]])).await;
            let result = one.receive().await;
            assert_eq!((&result[0], &result[1], &result[3]), (&json!(50), &json!(2), &json!([2])), "{from:?} {to:?}");
        }
    }
}

#[tokio::test]
async fn the_first_known_subprotocol_is_taken_and_none_refused() {
    let server = serve(Config::default()).await;
    let mut client = Client::try_connect(server.local_addr(), "wamp.2.ubjson, wamp.2.json, wamp.2.cbor").await.unwrap();
    client.send(json!([1, "realm1", {"roles": {"caller": {}}}])).await;
    assert_eq!(client.receive().await[0], 2);

    match Client::try_connect(server.local_addr(), "mqtt").await {
        Err(Error::Http(response)) => {
            assert_eq!(response.status(), 400);
            let body = String::from_utf8(response.into_body().unwrap()).unwrap();
            assert!(body.contains("wamp.2.json, wamp.2.msgpack, wamp.2.cbor"), "{body}");
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("should have been refused"),
    }
}

#[tokio::test]
async fn goodbye_is_answered_before_the_close() {
    let server = serve(Config::default()).await;
    let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
    client.send(json!([6, {}, "wamp.close.close_realm"])).await;
    let goodbye = client.receive().await;
    assert_eq!((&goodbye[0], &goodbye[2]), (&json!(6), &json!("wamp.close.goodbye_and_out")));
    assert_eq!(client.closed().await.unwrap().code, CloseCode::Normal);
}

#[tokio::test]
async fn a_violation_is_aborted_before_the_close() {
    let server = serve(Config::default()).await;
    let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
    client.send(json!([16, 5, {}, "com.example.topic"])).await;
    let abort = client.receive().await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.protocol_violation")));
    assert_eq!(client.closed().await.unwrap().code, CloseCode::Protocol);

    let mut client = Client::connect(server.local_addr(), Serializer::Json).await;
    client.send(json!([1, "no.such.realm", {"roles": {"caller": {}}}])).await;
    let abort = client.receive().await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.no_such_realm")));
}

#[tokio::test]
async fn whoever_drops_the_connection_has_left() {
    let server = serve(Config::default()).await;
    let (mut watcher, _) = Client::join(server.local_addr(), Serializer::Json).await;
    watcher.subscribe(1, "wamp.session.on_leave").await;
    let (client, session) = Client::join(server.local_addr(), Serializer::Json).await;
    drop(client);
    assert_eq!(watcher.receive().await[4][0], session);
}

#[tokio::test]
async fn messages_in_fragments_and_of_any_length() {
    let server = serve(Config::default()).await;
    let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
    let subscription = client.subscribe(1, "com.example.topic").await;
    let fragment = |text: &'static str, opcode, last| Message::Frame(Frame::message(text, OpCode::Data(opcode), last));
    for part in [
        fragment(r#"[16,2,{"exclude_me":false},"com.ex"#, Data::Text, false),
        Message::Ping("between".into()),
        fragment("", Data::Continue, false),
        fragment(r#"ample.topic",["whole"]]"#, Data::Continue, true),
    ] {
        soon(client.socket.send(part)).await.unwrap();
    }
    assert_eq!(soon(client.socket.next()).await.unwrap().unwrap(), Message::Pong("between".into()));
    let event = client.receive().await;
    assert_eq!((&event[1], &event[4]), (&json!(subscription), &json!(["whole"])));

    for (request, length) in [1, 60, 70, 65_000, 66_000, 1_000_000, 5_000_000].into_iter().enumerate() {
        let long = "x".repeat(length);
        client.send(json!([16, request + 3, {"exclude_me": false}, "com.example.topic", [long]])).await;
        assert_eq!(client.receive().await[4][0].as_str().unwrap().len(), length);
    }
}

#[tokio::test]
async fn what_breaks_the_framing_is_closed_with_its_code() {
    let settings = ConnectionSettings { max_message: 1000, ..ConnectionSettings::default() };
    let server = serve_web(Paths::simple(
        WebSocketSettings { connections: settings, ..Default::default() },
        axum::Router::new(),
    ))
    .await;
    let table = [
        ("binary on a text connection", Message::binary(vec![1, 2, 3]), CloseCode::Unsupported),
        ("too long", Message::text("x".repeat(1001)), CloseCode::Size),
        (
            "a continuation of nothing",
            Message::Frame(Frame::message("x", OpCode::Data(Data::Continue), true)),
            CloseCode::Protocol,
        ),
        ("no UTF-8", Message::Frame(Frame::message(vec![0xFF], OpCode::Data(Data::Text), true)), CloseCode::Invalid),
    ];
    for (rule, message, code) in table {
        let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
        soon(client.socket.send(message)).await.unwrap();
        assert_eq!(client.closed().await.unwrap().code, code, "{rule}");
    }
    let (mut client, _) = Client::join(server.local_addr(), Serializer::Cbor).await;
    soon(client.socket.send(Message::text("[]"))).await.unwrap();
    assert_eq!(client.closed().await.unwrap().code, CloseCode::Unsupported);
}

/// Many receivers, each of whom gets every event once and in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fan_out_keeps_the_order() {
    const RECEIVERS: usize = 50;
    const EVENTS: u64 = 400;
    let server = serve(Config::default()).await;
    let address = server.local_addr();
    let mut receivers = Vec::new();
    for index in 0..RECEIVERS {
        let (mut client, _) = Client::join(address, Serializer::ALL[index % 3]).await;
        client.subscribe(1, "com.example.topic").await;
        receivers.push(tokio::spawn(async move {
            for expected in 0..2 * EVENTS {
                let event = client.receive().await;
                assert_eq!(event[4], json!([expected / 2]), "two publishers take turns");
            }
        }));
    }
    let (mut one, _) = Client::join(address, Serializer::Json).await;
    let (mut other, _) = Client::join(address, Serializer::MessagePack).await;
    for event in 0..EVENTS {
        for publisher in [&mut one, &mut other] {
            publisher.send(json!([16, event + 1, {"acknowledge": true}, "com.example.topic", [event]])).await;
            assert_eq!(publisher.receive().await[0], 17);
        }
    }
    for receiver in receivers {
        soon(receiver).await.unwrap();
    }
}
