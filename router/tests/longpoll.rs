//! WAMP over HTTP long-poll: "HTTP Longpoll Transport" (advanced profile).

#![allow(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod common;

use std::time::Duration;

use common::longpoll::{Poller, Reply, finish, post, request};
use common::{Client, serve, serve_web, serve_with, soon};
use serde_json::{Value, json};
use wamp_proto::Serializer;
use wamp_router::realm::{Action, Authorizer, Authorizing, Decision, Grant, Member, Question, RealmOptions};
use wamp_router::{
    AllowedOrigins, Config, ConnectionSettings, HttpSettings, LongPollSettings, OutboxLimits, Paths, Router, Server,
    Web, WebSocketSettings,
};

const PROTOCOLS: [&str; 6] = [
    "wamp.2.json",
    "wamp.2.json.batched",
    "wamp.2.msgpack",
    "wamp.2.msgpack.batched",
    "wamp.2.cbor",
    "wamp.2.cbor.batched",
];

/// For what must happen because a time is over.
const SHORT: Duration = Duration::from_millis(100);

/// WebSocket, too.
fn web(settings: LongPollSettings) -> Web {
    Paths::simple(WebSocketSettings::default(), axum::Router::new()).at("/lp", settings).unwrap().into()
}

/// With these limits, whatever is spoken.
async fn serve_connections(connections: ConnectionSettings) -> Server {
    let websocket = WebSocketSettings { connections, ..Default::default() };
    let longpoll = LongPollSettings { connections, ..Default::default() };
    serve_web(Paths::simple(websocket, axum::Router::new()).at("/lp", longpoll).unwrap()).await
}

async fn serve_longpoll(settings: LongPollSettings) -> Server {
    serve_with(Config::default(), web(settings)).await
}

async fn serve_default() -> Server {
    serve_longpoll(LongPollSettings::default()).await
}

/// A client that is told which sessions leave.
async fn watcher(server: &Server) -> Client {
    let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
    client.subscribe(1, "wamp.session.on_leave").await;
    client
}

async fn left(watcher: &mut Client) -> u64 {
    let event = watcher.receive().await;
    event[4][0].as_u64().unwrap_or_else(|| panic!("{event}"))
}

fn expect(reply: &Reply, status: u16, error: &str) {
    assert_eq!((reply.status, &reply.json()["error"]), (status, &json!(error)), "{reply:?}");
    assert!(reply.json()["message"].as_str().is_some_and(|message| !message.is_empty()), "{reply:?}");
}

#[tokio::test]
async fn it_is_off_unless_wanted() {
    let server = serve(Config::default()).await;
    let reply = post(server.local_addr(), "/lp/open", "", br#"{"protocols":["wamp.2.json"]}"#).await;
    assert_eq!(reply.status, 404);
}

/// Opening a Session.
#[tokio::test]
async fn the_first_protocol_the_router_speaks_is_chosen() {
    let server = serve_web(Paths::new().at("/some/where/", LongPollSettings::default()).unwrap()).await;
    let open = async |body: &'static str, query| {
        post(server.local_addr(), &format!("/some/where/open{query}"), "", body.as_bytes()).await
    };
    let one = open(r#"{"protocols": ["wamp.3.json", "wamp.2.cbor.batched", "wamp.2.json"], "x": 1}"#, "?x=1").await;
    let other = open(r#"{"protocols": ["wamp.2.json"]}"#, "").await;
    assert_eq!((one.status, &one.json()["protocol"]), (200, &json!("wamp.2.cbor.batched")));
    assert_eq!((other.status, &other.json()["protocol"]), (200, &json!("wamp.2.json")));
    assert!(one.head.contains("cache-control: no-store"), "{one:?}");
    let ids = [one, other].map(|reply| reply.json()["transport"].as_str().unwrap().to_owned());
    assert_ne!(ids[0], ids[1]);
    assert!(ids[0].len() >= 22, "at least 128 bits: {}", ids[0]);

    let refused = open(r#"{"protocols": ["wamp.3.json"]}"#, "").await;
    expect(&refused, 400, "bad_request");
    assert!(refused.json()["message"].as_str().unwrap().contains("wamp.2.msgpack.batched"), "{refused:?}");
    for body in ["", "[]", "{}", r#"{"protocols": "wamp.2.json"}"#, r#"{"protocols": []}"#] {
        expect(&open(body, "").await, 400, "bad_request");
    }
    let long = post(server.local_addr(), "/some/where/open", "", &[b' '; 10_000]).await;
    assert_eq!(long.status, 413);
    let get = request(server.local_addr(), "GET", "/some/where/open", "", b"").await;
    assert_eq!(get.status, 405);
}

/// Receiving WAMP Messages, Sending WAMP Messages.
#[tokio::test]
async fn sessions_of_every_protocol_meet_all_others() {
    let server = serve_default().await;
    for protocol in PROTOCOLS {
        let poller = Poller::join(server.local_addr(), protocol).await;
        let topic = poller.subscribe(1, "com.example.topic").await;
        for serializer in Serializer::ALL {
            let (mut client, _) = Client::join(server.local_addr(), serializer).await;
            client.send(json!([16, 1, {"acknowledge": true}, "com.example.topic", ["\u{1e}\u{18}", 7]])).await;
            let publication = client.receive().await[2].clone();
            assert_eq!(poller.receive().await, [json!([36, topic, publication, {}, ["\u{1e}\u{18}", 7]])]);

            let procedure = format!("com.example.{protocol}.{serializer:?}").to_lowercase();
            client.send(json!([64, 2, {}, procedure])).await;
            assert_eq!(client.receive().await[0], 65);
            poller.send(&[json!([48, 2, {}, procedure, [1]])]).await;
            let invocation = client.receive().await[1].clone();
            client.send(json!([70, invocation, {}, [2]])).await;
            assert_eq!(poller.receive().await, [json!([50, 2, {}, [2]])]);
        }
    }
}

/// Receiving WAMP Messages: the note about what one request returns.
#[tokio::test]
async fn an_answer_holds_one_message_or_all_that_wait() {
    let server = serve_default().await;
    for protocol in PROTOCOLS {
        let poller = Poller::join(server.local_addr(), protocol).await;
        let topic = poller.subscribe(1, "com.example.topic").await;
        let publish = |id: u64| json!([16, id, {"exclude_me": false}, "com.example.topic", [id]]);
        poller.send(&[publish(2), publish(3), publish(4)]).await;
        let mut expected = vec![2, 3, 4].into_iter();
        let mut answers = Vec::new();
        while expected.len() > 0 {
            let messages = poller.receive().await;
            for message in &messages {
                assert_eq!((&message[0], &message[1]), (&json!(36), &json!(topic)));
                assert_eq!(message[4], json!([expected.next().unwrap()]));
            }
            answers.push(messages.len());
        }
        assert_eq!(answers, if protocol.ends_with("batched") { vec![3] } else { vec![1, 1, 1] }, "{protocol}");
    }
}

#[tokio::test]
async fn answers_say_what_they_are_and_are_not_to_be_stored() {
    let server = serve_default().await;
    let types = ["application/json", "application/octet-stream", "application/msgpack", "", "application/cbor", ""];
    for (protocol, media_type) in PROTOCOLS.into_iter().zip(types) {
        let poller = Poller::open(server.local_addr(), protocol).await;
        poller.send(&[json!([1, "realm1", {"roles": {"caller": {}}}])]).await;
        let reply = poller.post("receive", b"").await;
        assert_eq!(reply.status, 200);
        assert!(reply.head.contains(&format!("content-type: {media_type}")), "{reply:?}");
        assert!(reply.head.contains("cache-control: no-store"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_request_to_receive_waits_for_a_message() {
    let server = serve_default().await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    let topic = poller.subscribe(1, "com.example.topic").await;
    let mut waits = poller.poll().await;
    // One at a time; that one is refused does not let the next one in.
    for _ in 0..2 {
        expect(&poller.post("receive", b"").await, 409, "already_receiving");
    }
    server_publishes(&server, "com.example.topic").await;
    let reply = finish(&mut waits).await;
    assert_eq!(reply.status, 200);
    assert_eq!(poller.messages(&reply.body)[0][1], json!(topic));
}

async fn server_publishes(server: &Server, topic: &str) {
    let event = json!({ "topic": topic }).to_string();
    let published = post(server.local_addr(), "/publish", "content-type: application/json\r\n", event.as_bytes()).await;
    assert_eq!(published.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_between_requests() {
    const EVENTS: u64 = 200;
    let server = serve_default().await;
    for protocol in ["wamp.2.json", "wamp.2.cbor.batched"] {
        let poller = Poller::join(server.local_addr(), protocol).await;
        poller.subscribe(1, "com.example.topic").await;
        let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
        let publishes = tokio::spawn(async move {
            for id in 1..=EVENTS {
                client.send(json!([16, id, {"acknowledge": true}, "com.example.topic", [id]])).await;
                assert_eq!(client.receive().await[0], 17);
            }
        });
        let mut received = Vec::new();
        while received.len() < EVENTS as usize {
            received.extend(poller.receive().await.iter().map(|event| event[4][0].as_u64()));
        }
        assert!(received.into_iter().eq((1..=EVENTS).map(Some)), "{protocol}");
        publishes.await.unwrap();
    }
}

#[tokio::test]
async fn a_request_to_receive_waits_only_so_long() {
    let server = serve_longpoll(LongPollSettings { poll_timeout: SHORT, ..Default::default() }).await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    for _ in 0..2 {
        let reply = poller.post("receive", b"").await;
        assert_eq!((reply.status, reply.body.len()), (204, 0), "{reply:?}");
    }
    poller.subscribe(1, "com.example.topic").await;
    // The server gives up on requests before; that must not take a message along.
    let http = HttpSettings { request_timeout: SHORT, ..HttpSettings::default() };
    let server = serve_web(Web { http, ..web(LongPollSettings::default()) }).await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    assert_eq!(poller.post("receive", b"").await.status, 204);
}

#[tokio::test]
async fn who_hangs_up_while_receiving_loses_nothing() {
    let server = serve_default().await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    poller.subscribe(1, "com.example.topic").await;
    drop(poller.poll().await);
    // That the server has seen it is known by being let in again.
    let waits = soon(async {
        loop {
            let reply = poller.post("receive", b"").await;
            if reply.status != 409 {
                break reply;
            }
        }
    });
    let publishes = async {
        loop {
            server_publishes(&server, "com.example.topic").await;
            tokio::task::yield_now().await;
        }
    };
    let reply = tokio::select! { reply = waits => reply, () = publishes => unreachable!() };
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn who_stops_polling_is_taken_for_gone() {
    let second = Duration::from_secs(1);
    let settings = LongPollSettings { session_timeout: second, poll_timeout: second * 5 / 4, ..Default::default() };
    let server = serve_longpoll(settings).await;
    let mut watcher = watcher(&server).await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    // Longer than the timeout, but it polls.
    assert_eq!(poller.post("receive", b"").await.status, 204);
    assert_eq!(left(&mut watcher).await, poller.session);
    for what in ["receive", "send", "close"] {
        expect(&poller.post(what, b"").await, 404, "no_such_transport");
    }
}

#[tokio::test]
async fn who_does_not_introduce_himself_is_not_waited_for() {
    let connections = ConnectionSettings { handshake_timeout: SHORT, ..Default::default() };
    let server = serve_connections(connections).await;
    let poller = Poller::open(server.local_addr(), "wamp.2.json").await;
    let reply = poller.post("receive", b"").await;
    if reply.status == 410 {
        expect(&reply, 410, "transport_closed");
    } else {
        expect(&reply, 404, "no_such_transport");
    }
    expect(&poller.post("send", b"[]").await, 404, "no_such_transport");
}

#[tokio::test]
async fn transports_are_told_apart_by_ids_nobody_guesses() {
    let server = serve_default().await;
    let open = Poller::join(server.local_addr(), "wamp.2.json").await;
    let shorter = open.base[..open.base.len() - 1].to_owned();
    let other = format!("{shorter}{}", if open.base.ends_with('0') { '1' } else { '0' });
    for base in ["/lp/0", "/lp/%00", "/lp/open", &shorter, &other, &open.base.to_uppercase().replace("/LP", "/lp")] {
        if *base == open.base {
            continue;
        }
        let reply = post(server.local_addr(), &format!("{base}/close"), "", b"").await;
        expect(&reply, 404, "no_such_transport");
    }
    assert_eq!(open.post("close", b"").await.status, 204);
}

/// Closing a Session.
#[tokio::test]
async fn closing_ends_the_session_at_once() {
    let server = serve_default().await;
    let mut watcher = watcher(&server).await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    let mut waits = poller.poll().await;
    assert_eq!(poller.post("close", b"").await.status, 204);
    assert_eq!(left(&mut watcher).await, poller.session);
    let reply = finish(&mut waits).await;
    assert_eq!((reply.status, reply.body.len()), (204, 0), "{reply:?}");
    soon(async { while poller.post("close", b"").await.status != 404 {} }).await;
}

/// autobahn-js hangs if the transport is gone by the time it closes it.
#[tokio::test]
async fn goodbye_is_answered_and_the_transport_stays_to_be_closed() {
    let server = serve_default().await;
    let mut watcher = watcher(&server).await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    poller.send(&[json!([6, {}, "wamp.close.close_realm"])]).await;
    assert_eq!(left(&mut watcher).await, poller.session);
    assert_eq!(poller.receive().await, [json!([6, {}, "wamp.close.goodbye_and_out"])]);
    expect(&poller.post("receive", b"").await, 410, "transport_closed");
    assert_eq!(poller.post("close", b"").await.status, 204);
}

#[tokio::test]
async fn after_the_session_the_transport_stays_for_a_while_only() {
    let connections = ConnectionSettings { close_timeout: SHORT, ..Default::default() };
    let server = serve_connections(connections).await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    poller.send(&[json!([6, {}, "wamp.close.close_realm"])]).await;
    soon(async { while poller.post("send", b"[]").await.status != 404 {} }).await;
}

#[tokio::test]
async fn who_is_refused_is_told_by_abort() {
    let server = serve_default().await;
    let poller = Poller::open(server.local_addr(), "wamp.2.json").await;
    poller.send(&[json!([1, "nowhere", {"roles": {"caller": {}}}])]).await;
    let abort = poller.receive().await.remove(0);
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.no_such_realm")));
}

/// Sending WAMP Messages: an error is answered with 400.
#[tokio::test]
async fn what_breaks_the_protocol_ends_the_session() {
    let server = serve_default().await;
    let mut watcher = watcher(&server).await;
    let bodies: [(&str, &[u8]); 10] = [
        ("wamp.2.json", b""),
        ("wamp.2.json", b"[1"),
        ("wamp.2.json", b"[2,1,{}]"),
        ("wamp.2.msgpack", b"\xc1"),
        ("wamp.2.json.batched", b""),
        ("wamp.2.json.batched", br#"[48,1,{},"com.example.procedure"]"#),
        ("wamp.2.json.batched", b"\x1e"),
        ("wamp.2.cbor.batched", b""),
        ("wamp.2.cbor.batched", b"\0\0\0\x05\x80"),
        ("wamp.2.msgpack.batched", b"\0\0\0\x01\x90\0"),
    ];
    for (protocol, body) in bodies {
        let poller = Poller::join(server.local_addr(), protocol).await;
        let reply = poller.post("send", body).await;
        expect(&reply, 400, "wamp.error.protocol_violation");
        let abort = poller.receive().await.remove(0);
        assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.protocol_violation")), "{protocol} {body:?}");
        assert_eq!(left(&mut watcher).await, poller.session);
        assert_eq!(poller.post("close", b"").await.status, 204);
    }
}

#[tokio::test]
async fn messages_of_a_broken_batch_are_not_half_taken() {
    let server = serve_default().await;
    let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
    let topic = client.subscribe(1, "com.example.topic").await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json.batched").await;
    let batch = b"[16,1,{},\"com.example.topic\",[\"broken\"]]\x1e[16,2";
    assert_eq!(poller.post("send", batch).await.status, 400);
    server_publishes(&server, "com.example.topic").await;
    let event = client.receive().await;
    assert_eq!((&event[1], &event[4]), (&json!(topic), &Value::Null), "{event}");
}

/// Requests on several connections may overtake each other.
#[tokio::test]
async fn request_ids_may_come_in_any_order() {
    let server = serve_default().await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    for id in [2, 1, 4, 3] {
        poller.subscribe(id, "com.example.topic").await;
    }
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_taken() {
    let connections = ConnectionSettings { max_message: 3_000_000, max_first_message: 1000, ..Default::default() };
    let server = serve_connections(connections).await;
    let poller = Poller::open(server.local_addr(), "wamp.2.json").await;
    expect(&poller.post("send", &[b' '; 1001]).await, 413, "wamp.error.payload_size_exceeded");
    poller.send(&[json!([1, "realm1", {"roles": {"subscriber": {}, "publisher": {}}}])]).await;
    assert_eq!(poller.receive().await[0][0], 2);
    expect(&poller.post("send", &vec![b' '; 3_000_001]).await, 413, "wamp.error.payload_size_exceeded");
    poller.subscribe(1, "com.example.topic").await;
    // More than other requests may have, and than one write of a socket.
    let long = "x".repeat(2_900_000);
    poller.send(&[json!([16, 2, {"exclude_me": false}, "com.example.topic", [long]])]).await;
    assert_eq!(poller.receive().await[0][4][0].as_str().unwrap().len(), 2_900_000);
}

#[tokio::test]
async fn who_lets_too_much_wait_is_disconnected() {
    let outbox = OutboxLimits { bytes: 1000, reserve: 1000, ..Default::default() };
    let connections = ConnectionSettings { outbox, ..Default::default() };
    let server = serve_connections(connections).await;
    let mut watcher = watcher(&server).await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    poller.subscribe(1, "com.example.topic").await;
    let publish = |id| json!([16, id, {"exclude_me": false}, "com.example.topic", ["x".repeat(600)]]);
    poller.send(&[publish(2), publish(3)]).await;
    assert_eq!(left(&mut watcher).await, poller.session);
    let reply = poller.post("receive", b"").await;
    assert!(matches!(reply.status, 404 | 410), "{reply:?}");
}

#[tokio::test]
async fn there_are_only_so_many_transports() {
    let server = serve_longpoll(LongPollSettings { max_transports: 2, ..Default::default() }).await;
    let one = Poller::join(server.local_addr(), "wamp.2.json").await;
    let _other = Poller::join(server.local_addr(), "wamp.2.json").await;
    let open = async || post(server.local_addr(), "/lp/open", "", br#"{"protocols":["wamp.2.json"]}"#).await;
    expect(&open().await, 503, "too_many");
    assert!(server.connections() >= 2, "they count as connections");
    assert_eq!(one.post("close", b"").await.status, 204);
    soon(async { while open().await.status != 200 {} }).await;
}

#[tokio::test]
async fn transports_are_connections_of_which_there_are_only_so_many() {
    let config = Config { max_connections: 2, ..Config::default() };
    let server = serve_with(config, web(LongPollSettings::default())).await;
    let _one = Poller::join(server.local_addr(), "wamp.2.json").await;
    soon(async {
        // Until the connection of the last request is gone, one more is refused at the door.
        loop {
            let reply = post(server.local_addr(), "/lp/open", "", br#"{"protocols":["wamp.2.json"]}"#).await;
            assert_eq!(reply.status, 503);
            if !reply.body.is_empty() {
                break expect(&reply, 503, "too_many");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pages_of_other_sites_are_kept_out_unless_allowed() {
    let allowed_origins = AllowedOrigins::from_iter(["https://app.example"]);
    let server = serve_longpoll(LongPollSettings { allowed_origins, ..Default::default() }).await;
    let body = br#"{"protocols":["wamp.2.json"]}"#;
    let open = async |method, origin| {
        request(server.local_addr(), method, "/lp/open", &format!("origin: {origin}\r\n"), body).await
    };
    let foreign = open("POST", "https://evil.example").await;
    assert_eq!(foreign.status, 403);
    let same = open("POST", "http://localhost").await;
    assert_eq!(same.status, 200);
    let allowed = open("POST", "https://app.example").await;
    assert_eq!(allowed.status, 200);
    assert!(allowed.head.contains("access-control-allow-origin: https://app.example\r\n"), "{allowed:?}");
    assert!(allowed.head.contains("access-control-allow-credentials: true"), "{allowed:?}");

    let asked = open("OPTIONS", "https://app.example").await;
    assert_eq!(asked.status, 204);
    for header in ["allow-origin: https://app.example", "allow-methods: post", "allow-headers: content-type"] {
        assert!(asked.head.contains(&format!("access-control-{header}")), "{asked:?}");
    }
    for reply in [foreign, same, open("OPTIONS", "https://evil.example").await] {
        assert!(!reply.head.contains("access-control"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_shutdown_says_goodbye_to_who_is_receiving() {
    let config = Config { shutdown_timeout: Duration::MAX, ..Config::default() };
    let server = serve_with(config, web(LongPollSettings::default())).await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    let silent = Poller::open(server.local_addr(), "wamp.2.json").await;
    let between = Poller::join(server.local_addr(), "wamp.2.json").await;
    let mut waits = poller.poll().await;
    let mut waits_for_nothing = silent.poll().await;
    soon(server.shutdown()).await;
    let reply = finish(&mut waits).await;
    let goodbye = poller.messages(&reply.body).remove(0);
    assert_eq!((&goodbye[0], &goodbye[2]), (&json!(6), &json!("wamp.close.system_shutdown")));
    expect(&finish(&mut waits_for_nothing).await, 410, "transport_closed");
    drop(between);
}

#[tokio::test]
async fn others_are_told_the_transport() {
    let server = serve_default().await;
    let poller = Poller::join(server.local_addr(), "wamp.2.json").await;
    let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
    client.send(json!([48, 1, {}, "wamp.session.get", [poller.session]])).await;
    let result = client.receive().await;
    assert_eq!(result[3][0]["transport"]["type"], "longpoll", "{result}");
}

/// Allows everything, once the gate is open.
#[derive(Debug, Default)]
struct Gate(std::sync::Arc<tokio::sync::Notify>);

impl Authorizer for Gate {
    fn authorize(&self, _: &Member, _: Action, _: &str) -> Decision {
        Decision::Ask
    }

    fn ask(&self, _: Question) -> Authorizing {
        let open = self.0.clone();
        Box::pin(async move {
            open.notified().await;
            Ok(Some(Grant::default()))
        })
    }
}

#[tokio::test]
async fn messages_wait_in_order_while_one_is_authorized() {
    let gate = Gate::default();
    let open = gate.0.clone();
    let options = RealmOptions { authorizer: std::sync::Arc::new(gate), ..RealmOptions::default() };
    let connections = ConnectionSettings { max_message: 1000, ..ConnectionSettings::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let router = Router::builder().realm_with("realm1", options).build();
    let server = router.serve(listener, web(LongPollSettings { connections, ..Default::default() }));
    let poller = Poller::join(server.local_addr(), "wamp.2.json.batched").await;
    let publish = |id: u64| json!([16, id, {"acknowledge": true}, "com.example.topic", [id]]);
    poller.send(&[publish(1), publish(2)]).await;
    poller.send(&[publish(3)]).await;
    // There is an end to what may wait.
    let long = json!([16, 4, {}, "com.example.topic", ["x".repeat(900)]]).to_string();
    expect(&poller.post("send", format!("{long}\u{1e}").as_bytes()).await, 503, "busy");
    for id in 1..=3 {
        open.notify_one();
        let published = poller.receive().await;
        assert_eq!([published.len() as u64, published[0][1].as_u64().unwrap()], [1, id], "{published:?}");
    }
    poller.send(&[publish(4), json!([6, {}, "wamp.close.normal"])]).await;
    open.notify_one();
    assert_eq!(poller.receive().await[0][1], 4);
    server.shutdown().await;
}
