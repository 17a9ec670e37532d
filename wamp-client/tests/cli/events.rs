//! `wamp pub` and `wamp sub`.

use rustix::process::Signal;
use serde_json::json;

use crate::support::{World, within};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_printed_as_json_lines() {
    let mut world = World::new().await;
    let mut subscriber = world.subscriber(&["sub", "com.example.tick", "--count", "2"]).await;
    let arguments = ["pub", "com.example.tick", "1", "-2.5", "two", "\"3\"", "[null]", "--kw", "unit=s", "-k", "n=7"];
    assert_eq!(world.output(&arguments).await, "");
    let event = subscriber.json().await;
    assert_eq!(event["topic"], "com.example.tick");
    assert_eq!(event["args"], json!([1, -2.5, "two", "3", [null]]));
    assert_eq!(event["kwargs"], json!({"unit": "s", "n": 7}));
    assert!(event["time"].as_str().unwrap().ends_with('Z') && event["publication"].is_u64(), "{event}");
    world.output(&["pub", "com.example.tick", "--string", "1", "--kwargs", "{\"a\":[true]}"]).await;
    let event = subscriber.json().await;
    assert_eq!((&event["args"], &event["kwargs"]), (&json!(["1"]), &json!({"a": [true]})));
    assert_eq!(subscriber.ended().await.good(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_event_has_an_id_in_every_serializer() {
    let mut world = World::new().await;
    let mut subscriber = world.subscriber(&["sub", "com.example.tick", "--count", "3"]).await;
    for serializer in ["json", "msgpack", "cbor"] {
        let printed = world.output(&["pub", "--ack", "com.example.tick", "--serializer", serializer, serializer]).await;
        let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
        let event = subscriber.json().await;
        assert_eq!((&event["publication"], &event["args"][0]), (&printed["publication"], &json!(serializer)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_standard_input_are_events() {
    let mut world = World::new().await;
    let mut subscriber = world.subscriber(&["sub", "com.example.a"]).await;
    let input = "plain text\n\n42\n[1, 2]\r\n{\"args\": [5], \"kwargs\": {\"k\": 6}}\n{\"other\": 1}";
    world.output_of(&["pub", "com.example.a", "-", "--kw", "n=0"], input).await;
    let expected = [
        (json!(["plain text"]), json!({"n": 0})),
        (json!([42]), json!({"n": 0})),
        (json!([1, 2]), json!({"n": 0})),
        (json!([5]), json!({"k": 6, "n": 0})),
        (json!([{"other": 1}]), json!({"n": 0})),
    ];
    let mut printed = String::new();
    for (args, kwargs) in expected {
        let line = subscriber.line().await;
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&event["args"], &event["kwargs"]), (&args, &kwargs));
        printed.push_str(&(line + "\n"));
    }
    // What one prints the other takes: every event arrives as it was.
    let mut other = world.subscriber(&["sub", "com.example.b"]).await;
    world.output_of(&["pub", "com.example.b", "-"], &printed).await;
    for line in printed.lines() {
        let (sent, received): (serde_json::Value, _) = (serde_json::from_str(line).unwrap(), other.json().await);
        assert_eq!((&received["args"], &received["kwargs"]), (&sent["args"], &sent["kwargs"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_repeated_at_an_interval() {
    let mut world = World::new().await;
    let mut subscriber = world.subscriber(&["sub", "com.example.tick", "--raw"]).await;
    let started = std::time::Instant::now();
    world.output(&["pub", "com.example.tick", "x", "--count", "5", "--interval", "20ms"]).await;
    assert!(started.elapsed() >= std::time::Duration::from_millis(80));
    for _ in 0..5 {
        assert_eq!(subscriber.line().await, "x");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_retained_events_and_history_are_printed() {
    let mut world = World::new().await;
    world.output(&["pub", "--ack", "--retain", "com.example.state", "on"]).await;
    let mut retained = world.subscriber(&["sub", "com.example.state", "--retained", "--count", "1"]).await;
    let event = retained.json().await;
    assert_eq!((&event["retained"], &event["args"]), (&json!(true), &json!(["on"])));

    let mut wildcard = world.subscriber(&["sub", "com..state", "-m", "wildcard", "--count", "1"]).await;
    world.output(&["pub", "com.other.state", "off"]).await;
    assert_eq!(wildcard.json().await["topic"], "com.other.state");

    for number in ["1", "2", "3"] {
        world.output(&["pub", "--ack", "com.log.a", number]).await;
    }
    let mut past = world.subscriber(&["sub", "com.log.", "-m", "prefix", "--history", "2"]).await;
    let events = [past.json().await, past.json().await];
    assert_eq!(events.each_ref().map(|event| event["args"][0].as_u64()), [Some(2), Some(3)]);
    assert_eq!(events[0]["topic"], "com.log.a");
    world.output(&["pub", "com.log.b", "4"]).await;
    assert_eq!(past.json().await["args"], json!([4]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_can_be_for_some_sessions_only() {
    let mut world = World::new().await;
    let mut subscriber = world.subscriber(&["sub", "com.example.a", "--raw"]).await;
    let own = world.client.session().unwrap().id.to_string();
    world.output(&["pub", "--ack", "com.example.a", "others", "--eligible", &own]).await;
    world.output(&["pub", "--ack", "com.example.a", "nobody", "--exclude-authrole", "anonymous"]).await;
    world.output(&["pub", "--ack", "com.example.a", "all", "--eligible-authrole", "anonymous"]).await;
    assert_eq!(subscriber.line().await, "all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_ends_it_quietly() {
    let mut world = World::new().await;
    let subscriber = world.subscriber(&["sub", "com.example.tick"]).await.close_output();
    world.output(&["pub", "com.example.tick", "1"]).await;
    let ended = subscriber.ended().await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    // It did not only end, but left.
    world.left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_end_a_subscriber_in_good_order() {
    let mut world = World::new().await;
    for signal in [Signal::INT, Signal::TERM] {
        let subscriber = world.subscriber(&["sub", "com.example.tick"]).await;
        subscriber.signal(signal);
        assert_eq!(subscriber.ended().await.good(), "");
        world.left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_comes_back_to_a_router_that_was_restarted() {
    let mut world = World::new().await;
    let mut subscriber = world.subscriber(&["sub", "com.example.tick", "--raw", "--count", "1"]).await;
    let world = world.restart().await;
    let client = &world.client;
    // Neither knows at once that its session is gone; until both have a new one nothing arrives.
    let publishing = async {
        loop {
            client.joined().await.unwrap();
            if client.publish("com.example.tick").arg("again").acknowledge().await.is_err() {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::select! {
        line = subscriber.line() => assert_eq!(line, "again"),
        () = publishing => {}
    }
    let ended = subscriber.ended().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("there is a session again"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_goodbye() {
    let mut world = World::new().await;
    let (url, mut sent) = world.recorded().await;
    world.output(&["pub", "com.example.tick", "--url", &url]).await;
    let last = |sent: Vec<u8>| String::from_utf8_lossy(&sent).rsplit_once("[6,").map(|(_, rest)| rest.to_owned());
    let goodbye = last(within(sent.recv()).await.unwrap()).expect("there is a GOODBYE");
    assert!(goodbye.contains("wamp.close."), "{goodbye}");

    let subscriber = world.subscriber(&["sub", "com.example.tick", "--url", &url]).await;
    subscriber.signal(Signal::INT);
    assert_eq!(subscriber.ended().await.good(), "");
    assert!(last(within(sent.recv()).await.unwrap()).is_some(), "after a signal, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_history_a_lost_session_leaves_no_gap() {
    let mut world = World::new().await;
    world.client.publish("com.log.a").arg(0).acknowledge().await.unwrap();
    let mut subscriber = world.subscriber(&["sub", "com.log.a", "--history", "1", "--raw", "--count", "22"]).await;
    assert_eq!(subscriber.line().await, "0");
    world.client.publish("com.log.a").arg(1).acknowledge().await.unwrap();
    assert_eq!(subscriber.line().await, "1");
    let sessions = world.client.meta().sessions();
    let own = world.client.session().unwrap().id;
    for other in sessions.list().await.unwrap().into_iter().filter(|session| *session != own) {
        sessions.kill(other).await.unwrap();
    }
    for number in 2..22 {
        world.client.publish("com.log.a").arg(number).acknowledge().await.unwrap();
    }
    for number in 2..22 {
        assert_eq!(subscriber.line().await, number.to_string());
    }
    assert!(!subscriber.ended().await.stderr.contains("may be missing"));
}
