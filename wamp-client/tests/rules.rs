//! Rules of the protocol that clients get wrong: what leaves ours, and what it makes of what a router may send.
//!
//! In the order of the specification: ids, messages, session, publish and subscribe, remote procedures, encodings.

mod peer;

use std::time::Duration;

use peer::{Connection, app, within};
use serde_json::json;
use tokio::sync::mpsc;
use wamp_client::{CancelMode, Client, Details, MatchPolicy, Running, Topic, Value};

async fn joined() -> (Running, Client, Connection) {
    let (app, mut peer) = app();
    let (running, connection) = tokio::join!(app.start(), peer.join());
    let running = running.expect("it starts");
    let client = running.client().clone();
    (running, client, connection)
}

// Ids

#[tokio::test]
async fn request_ids_count_from_1_whatever_is_asked_for_and_anew_in_every_session() {
    let (app, mut peer) = app();
    let app = app.reconnect_delay(Duration::from_millis(1), Duration::from_millis(1));
    let (running, mut connection) = tokio::join!(app.start(), peer.join());
    let running = running.expect("it starts");
    let client = running.client();
    for _ in 0..2 {
        let asked = async {
            client.joined().await.expect("it is joined");
            let subscription = client.subscribe("com.example.a", || async {}).await.expect("it is subscribed");
            client.publish("com.example.b").await.expect("it is sent");
            let registration = client.register("com.example.c", || async {}).await.expect("it is registered");
            client.call::<()>("com.example.d").await.expect("it is answered");
            subscription.unsubscribe().await.expect("it was subscribed");
            registration.unregister().await.expect("it was registered");
        };
        let answered = async {
            connection.attach("com.example.a", 11).await;
            connection.expect(json!([16, 2, {}, "com.example.b"])).await;
            connection.attach("com.example.c", 12).await;
            connection.expect(json!([48, 4, {}, "com.example.d"])).await;
            connection.send(json!([50, 4, {}])).await;
            connection.expect(json!([34, 5, 11])).await;
            connection.send(json!([35, 5])).await;
            connection.expect(json!([66, 6, 12])).await;
            connection.send(json!([67, 6])).await;
        };
        tokio::join!(within(asked), answered);
        connection.send(json!([6, {}, "wamp.close.system_shutdown"])).await;
        connection.expect(json!([6, {}, "wamp.close.goodbye_and_out"])).await;
        connection = peer.join().await;
    }
}

#[tokio::test]
async fn ids_go_up_to_2_to_the_53_and_may_come_as_floats() {
    const MOST: u64 = 1 << 53;
    let (app, mut peer) = app();
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.accept().await;
        connection.receive().await;
        connection.send(json!([2, MOST, {"roles": {"broker": {}, "dealer": {}}}])).await;
        connection
    });
    let running = running.expect("it starts");
    let client = running.client();
    assert_eq!(client.session().map(|session| session.id.get()), Some(MOST));
    let (sender, mut events) = mpsc::unbounded_channel();
    let on_event = move |details: Details| {
        sender.send(details.publication.map(|id| id.get())).expect("the test listens");
        async {}
    };
    let (subscribed, _) =
        tokio::join!(client.subscribe("com.example.a", on_event), connection.attach("com.example.a", MOST));
    subscribed.expect("it is subscribed");
    connection.send(json!([36, MOST, MOST, {}])).await;
    // As JavaScript writes them in some formats.
    connection.send_text(format!("[36,{MOST}.0,4294967296.0,{{}}]")).await;
    assert_eq!(within(events.recv()).await, Some(Some(MOST)));
    assert_eq!(within(events.recv()).await, Some(Some(1 << 32)));
}

#[tokio::test]
async fn ids_of_invocations_may_have_gaps() {
    // Some routers count them for all callees together.
    let (app, mut peer) = app();
    let app = app.register("com.example.add", |a: i64, b: i64| async move { a + b });
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.add", 11).await;
        connection
    });
    let _running = running.expect("it starts");
    for request in [17, 5, 40] {
        assert_eq!(connection.invoke(request, 11, json!([2, 3])).await, json!([70, request, {}, [5]]));
    }
}

// Messages

#[tokio::test]
async fn unknown_keys_are_ignored_and_null_is_absent() {
    let (app, mut peer) = app();
    let (sender, mut events) = mpsc::unbounded_channel();
    let on_event = move |Topic(topic): Topic, details: Details| {
        sender.send((topic, details.trustlevel, details.caller.session, details.retained)).expect("the test listens");
        async {}
    };
    let app = app.subscribe("com.example.a", on_event).register("com.example.b", || async { 7 });
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.accept().await;
        connection.receive().await;
        let roles = json!({"broker": {"x_more": [1]}, "dealer": {"features": {"x_new": true, "call_timeout": null}},
            "janitor": {}});
        connection.send(json!([2, 7, {"roles": roles, "x_motd": {"text": ["hello"]}, "authid": null}])).await;
        connection.attach("com.example.a", 11).await;
        connection.attach("com.example.b", 12).await;
        connection
    });
    let running = running.expect("it starts");
    assert_eq!(running.client().session().and_then(|session| session.authid.clone()), None);
    let details = json!({"topic": null, "trustlevel": null, "publisher": null, "retained": null, "_trace_id": {"a": 1},
        "ppt_scheme": null, "enc_algo": "cryptobox"});
    connection.send(json!([36, 11, 1, details])).await;
    assert_eq!(within(events.recv()).await, Some(("com.example.a".to_owned(), None, None, false)));
    let details = json!({"procedure": null, "caller": null, "timeout": null, "receive_progress": null, "x_more": []});
    connection.send(json!([68, 1, 12, details, null, null])).await;
    connection.expect(json!([70, 1, {}, [7]])).await;
    let call = running.client().call::<i64>("com.example.c");
    let (result, ()) = tokio::join!(call.into_future(), async {
        connection.receive().await;
        connection.send(json!([50, 3, {"progress": null, "callee": 3, "ppt_scheme": ""}, [8]])).await;
    });
    assert_eq!(result.expect("it is answered"), 8);
}

// Session

#[tokio::test]
async fn what_is_announced_is_what_works() {
    let (app, mut peer) = app();
    let starting = tokio::spawn(app.start());
    let hello = peer.accept().await.receive().await;
    let features = |names: &[&str]| {
        let features: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
        json!({"features": features})
    };
    let publisher =
        ["payload_passthru_mode", "publisher_exclusion", "publisher_identification", "subscriber_blackwhite_listing"];
    let subscriber = [
        "pattern_based_subscription",
        "payload_passthru_mode",
        "publication_trustlevels",
        "publisher_identification",
        "subscription_revocation",
    ];
    let caller = [
        "call_canceling",
        "call_timeout",
        "caller_identification",
        "payload_passthru_mode",
        "progressive_call_invocations",
        "progressive_call_results",
    ];
    let callee = [
        "call_canceling",
        "call_timeout",
        "call_trustlevels",
        "caller_identification",
        "pattern_based_registration",
        "payload_passthru_mode",
        "progressive_call_invocations",
        "progressive_call_results",
        "registration_revocation",
        "shared_registration",
    ];
    let expected = json!({"publisher": features(&publisher), "subscriber": features(&subscriber),
        "caller": features(&caller), "callee": features(&callee)});
    assert_eq!(hello[2]["roles"], expected);
    starting.abort();
}

#[tokio::test]
async fn both_spellings_of_an_error_are_one() {
    let (_running, client, mut connection) = joined().await;
    let spellings = [
        ("wamp.error.cancelled", "wamp.error.canceled"),
        ("wamp.error.disclose_me.not_allowed", "wamp.error.option_disallowed.disclose_me"),
    ];
    for (request, (received, meant)) in (1..).zip(spellings) {
        let (result, ()) = tokio::join!(async { client.call::<()>("com.example.a").await }, async {
            connection.receive().await;
            connection.send(json!([8, 48, request, {}, received])).await;
        });
        assert_eq!(result.expect_err("it failed").wamp_uri(), Some(meant));
    }
}

#[tokio::test]
async fn a_message_that_only_a_client_sends_breaks_the_protocol() {
    let (_running, _client, mut connection) = joined().await;
    connection.send(json!([48, 1, {}, "com.example.a"])).await;
    let abort = connection.receive().await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.protocol_violation")));
    assert!(abort[1]["message"].as_str().is_some_and(|text| text.contains("CALL")), "it says which: {abort}");
    assert!(within(connection.next()).await.is_none(), "the transport is dropped");
}

// Publish and subscribe

#[tokio::test]
async fn an_answer_to_a_publication_that_wanted_none_is_for_nobody() {
    let (_running, client, mut connection) = joined().await;
    client.publish("com.example.a").await.expect("it is sent");
    connection.expect(json!([16, 1, {}, "com.example.a"])).await;
    connection.send(json!([17, 1, 5])).await;
    connection.send(json!([8, 16, 1, {}, "wamp.error.not_authorized"])).await;
    let (publication, ()) = tokio::join!(async { client.publish("com.example.a").acknowledge().await }, async {
        connection.expect(json!([16, 2, {"acknowledge": true}, "com.example.a"])).await;
        connection.send(json!([17, 2, 6])).await;
    });
    assert_eq!(publication.expect("it is published").get(), 6);
}

#[tokio::test]
async fn a_publication_that_matches_several_subscriptions_is_an_event_of_each() {
    let (_running, client, mut connection) = joined().await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let on = |which: &'static str| {
        let sender = sender.clone();
        move |Topic(topic): Topic, details: Details| {
            sender.send((which, topic, details.publication.map(|id| id.get()))).expect("the test listens");
            async {}
        }
    };
    let exact = client.subscribe("com.example.a", on("exact"));
    tokio::join!(async { exact.await.expect("it is subscribed") }, connection.attach("com.example.a", 11));
    let prefix = client.subscribe("com.exam", on("prefix")).matching(MatchPolicy::Prefix);
    tokio::join!(async { prefix.await.expect("it is subscribed") }, connection.attach("com.exam", 12));
    connection.send(json!([36, 11, 5, {}])).await;
    assert_eq!(within(events.recv()).await, Some(("exact", "com.example.a".to_owned(), Some(5))));
    connection.send(json!([36, 12, 5, {"topic": "com.example.a"}])).await;
    assert_eq!(within(events.recv()).await, Some(("prefix", "com.example.a".to_owned(), Some(5))));
}

#[tokio::test]
async fn an_event_that_crosses_the_unsubscribe_is_for_nobody() {
    let (_running, client, mut connection) = joined().await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let handler = move |number: i64| {
        sender.send(number).expect("the test listens");
        async {}
    };
    let (subscription, _) =
        tokio::join!(client.subscribe("com.example.a", handler), connection.attach("com.example.a", 11));
    let (ended, ()) = tokio::join!(subscription.expect("it is subscribed").unsubscribe(), async {
        connection.expect(json!([34, 2, 11])).await;
        connection.send(json!([36, 11, 5, {}, [1]])).await;
        connection.send(json!([35, 2])).await;
        connection.send(json!([36, 11, 6, {}, [2]])).await;
    });
    ended.expect("it was subscribed");
    assert_eq!(within(events.recv()).await, None, "the handler is gone, and was not called");
    client.publish("com.example.b").await.expect("the session goes on");
    connection.expect(json!([16, 3, {}, "com.example.b"])).await;
}

#[tokio::test]
async fn a_revocation_of_what_is_not_there_harms_nobody() {
    let (_running, client, mut connection) = joined().await;
    connection.send(json!([35, 0, {"subscription": 99}])).await;
    connection.send(json!([67, 0, {"registration": 99, "reason": "com.example.reason"}])).await;
    connection.send(json!([67, 0, {}])).await;
    client.publish("com.example.b").await.expect("the session goes on");
    connection.expect(json!([16, 1, {}, "com.example.b"])).await;
}

// Remote procedures

#[tokio::test(start_paused = true)]
async fn a_timeout_is_sent_in_milliseconds_and_never_as_0() {
    let (_running, client, mut connection) = joined().await;
    for (request, timeout, millis) in [(1, Duration::from_micros(10), 1), (2, Duration::from_secs(2), 2000)] {
        let call = client.call::<()>("com.example.a").timeout(timeout);
        let (result, ()) = tokio::join!(call.into_future(), async {
            // 0 would be for ever.
            connection.expect(json!([48, request, {"timeout": millis}, "com.example.a"])).await;
        });
        result.expect_err("nobody answers");
        connection.expect(json!([49, request, {"mode": "killnowait"}])).await;
    }
}

#[tokio::test]
async fn a_call_is_canceled_in_the_mode_that_was_asked_for() {
    let (_running, client, mut connection) = joined().await;
    let modes = [(CancelMode::Skip, "skip"), (CancelMode::Kill, "kill"), (CancelMode::KillNoWait, "killnowait")];
    for (request, (mode, word)) in (1..).zip(modes) {
        let call = tokio::spawn(client.call::<()>("com.example.a").on_drop(mode).into_future());
        connection.expect(json!([48, request, {}, "com.example.a"])).await;
        call.abort();
        connection.expect(json!([49, request, {"mode": word}])).await;
        // With `kill` it may be a result as well as an error; either is for nobody.
        let late = if request % 2 == 0 {
            json!([50, request, {}, [1]])
        } else {
            json!([8, 49, request, {}, "wamp.error.canceled"])
        };
        connection.send(late).await;
    }
    client.publish("com.example.b").await.expect("the session goes on");
    connection.expect(json!([16, 4, {}, "com.example.b"])).await;
}

#[tokio::test]
async fn every_interrupt_is_answered_by_one_error_and_only_while_the_call_is_running() {
    let (app, mut peer) = app();
    let app = app.register("com.example.a", |wait: bool| async move {
        if wait {
            std::future::pending::<()>().await;
        }
    });
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.a", 11).await;
        connection
    });
    let _running = running.expect("it starts");
    for (request, options) in [(1, json!({"mode": "kill"})), (2, json!({"mode": "killnowait"})), (3, json!({}))] {
        connection.send(json!([68, request, 11, {}, [true]])).await;
        connection.send(json!([69, request, options])).await;
        connection.expect(json!([8, 68, request, {}, "wamp.error.canceled"])).await;
        // It crossed the error.
        connection.send(json!([69, request, options])).await;
    }
    assert_eq!(connection.invoke(4, 11, json!([false])).await, json!([70, 4, {}]));
    connection.send(json!([69, 4, {}])).await;
    assert_eq!(connection.invoke(5, 11, json!([false])).await, json!([70, 5, {}]), "an answered call is left alone");
}

#[tokio::test]
async fn what_is_not_found_is_null() {
    let (_running, client, mut connection) = joined().await;
    let registrations = client.meta().registrations();
    for (request, answer) in [(1, json!([50, 1, {}, [null]])), (2, json!([50, 2, {}]))] {
        let (found, ()) = tokio::join!(registrations.matching("com.example.a"), async {
            connection.expect(json!([48, request, {}, "wamp.registration.match", ["com.example.a"]])).await;
            connection.send(answer).await;
        });
        assert_eq!(found.expect("it is answered"), None);
    }
    let subscriptions = client.meta().subscriptions();
    let (found, ()) = tokio::join!(subscriptions.matching("com.example.a"), async {
        connection.receive().await;
        connection.send(json!([50, 3, {}, [null]])).await;
    });
    assert_eq!(found.expect("it is answered"), []);
}

#[tokio::test]
async fn who_left_may_be_told_by_its_session_alone() {
    // Routers that are older than the specification's present text say no more.
    let (_running, client, mut connection) = joined().await;
    let (sender, mut left) = mpsc::unbounded_channel();
    let sessions = client.meta().sessions();
    let on_leave = sessions.on_leave(move |session| {
        sender.send(session).expect("the test listens");
        async {}
    });
    let topic = "wamp.session.on_leave";
    tokio::join!(async { on_leave.await.expect("it is subscribed") }, connection.attach(topic, 11));
    connection.event(11, json!([9])).await;
    let session = within(left.recv()).await.expect("it comes");
    assert_eq!((session.session.get(), session.authid, session.authrole), (9, None, None));
}

// Encodings

#[tokio::test]
async fn binary_is_base64_after_a_zero_and_integers_stay_integers() {
    let (_running, client, mut connection) = joined().await;
    let publish =
        client.publish("com.example.a").arg(Value::Bin(vec![0x10, 0xff])).arg(u64::MAX).arg(i64::MIN).arg(2.0);
    publish.await.expect("it is sent");
    let args = json!(["\u{0}EP8=", u64::MAX, i64::MIN, 2.0]);
    connection.expect(json!([16, 1, {}, "com.example.a", args])).await;
    let (result, ()) = tokio::join!(async { client.call_raw("com.example.b").await }, async {
        connection.receive().await;
        connection.send(json!([50, 2, {}, args])).await;
    });
    let result = result.expect("it is answered");
    assert_eq!(result.arg::<Value>(0).expect("it is there"), Value::Bin(vec![0x10, 0xff]));
    assert_eq!(result.arg::<u64>(1).expect("it is there"), u64::MAX);
    assert_eq!(result.arg::<i64>(2).expect("it is there"), i64::MIN);
    assert_eq!(result.arg::<i64>(3).expect("a whole float is one too"), 2);
}
