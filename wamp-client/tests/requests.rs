//! Requests: what leaves the client, and what becomes of the answers.

mod peer;

use std::collections::BTreeMap;
use std::time::Duration;

use peer::{Connection, app, within};
use serde_json::json;
use tokio::time::Instant;
use wamp_client::{CancelMode, Client, Error, ErrorKind, MatchPolicy, Part, PublicationId, Running, SessionId};

async fn joined() -> (Running, Client, Connection) {
    let (app, mut peer) = app();
    let (running, connection) = tokio::join!(app.start(), peer.join());
    let running = running.expect("it starts");
    let client = running.client().clone();
    (running, client, connection)
}

#[tokio::test]
async fn a_call_is_made_and_its_result_decoded() {
    let (_running, client, mut connection) = joined().await;
    let (sum, ()) =
        tokio::join!(async { client.call::<i64>("com.example.add").arg(2).arg(3).kwarg("unit", "m").await }, async {
            connection.expect(json!([48, 1, {}, "com.example.add", [2, 3], {"unit": "m"}])).await;
            connection.send(json!([50, 1, {}, [5]])).await;
        });
    assert_eq!(sum.expect("it is answered"), 5);
}

#[tokio::test]
async fn all_of_a_result_can_be_had() {
    let (_running, client, mut connection) = joined().await;
    let (result, ()) = tokio::join!(async { client.call_raw("com.example.divide").await }, async {
        connection.receive().await;
        connection.send(json!([50, 1, {}, [3, "x"], {"remainder": 1}])).await;
    });
    let result = result.expect("it is answered");
    assert_eq!(result.arg::<i64>(0).expect("it is there"), 3);
    assert_eq!(result.arg::<String>(1).expect("it is there"), "x");
    assert_eq!(result.arg::<Option<i64>>(2).expect("it may be missing"), None);
    assert_eq!(result.kwarg::<i64>("remainder").expect("it is there"), 1);
    assert_eq!(result.kwargs::<BTreeMap<String, i64>>().expect("it fits").len(), 1);
    let error = result.arg::<i64>(1).expect_err("it is a string");
    assert!(matches!(error, Error::Decode { expected: "i64", .. }), "{error}");
    assert_eq!(result.arg::<i64>(2).expect_err("it is missing").kind(), ErrorKind::Codec);
}

#[tokio::test]
async fn unit_takes_any_result() {
    let (_running, client, mut connection) = joined().await;
    for answer in [json!([50, 1, {}]), json!([50, 2, {}, [1, 2]]), json!([50, 3, {}, [], {"a": 1}])] {
        let (done, ()) = tokio::join!(async { client.call::<()>("com.example.log").await }, async {
            connection.receive().await;
            connection.send(answer).await;
        });
        done.expect("it is answered");
    }
}

#[tokio::test]
async fn an_error_answer_is_an_error() {
    let (_running, client, mut connection) = joined().await;
    let (result, ()) = tokio::join!(async { client.call::<i64>("com.example.add").await }, async {
        connection.receive().await;
        connection.send(json!([8, 48, 1, {}, "com.example.error.broken", ["it broke"], {"code": 7}])).await;
    });
    let error = result.expect_err("it failed");
    let wamp = error.wamp().expect("the other side answered");
    assert_eq!((wamp.uri(), wamp.message()), ("com.example.error.broken", Some("it broke")));
    assert_eq!(wamp.kwarg_as::<i64>("code"), Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_canceled_and_forgotten() {
    let (_running, client, mut connection) = joined().await;
    let (result, ()) = tokio::join!(
        async { client.call::<i64>("com.example.slow").timeout(Duration::from_millis(1500)).await },
        connection.expect(json!([48, 1, {"timeout": 1500}, "com.example.slow"]))
    );
    assert_eq!(result.expect_err("nobody answers").kind(), ErrorKind::Timeout);
    connection.expect(json!([49, 1, {"mode": "killnowait"}])).await;
    // The late answer is for nobody, and harms nobody.
    connection.send(json!([50, 1, {}, [5]])).await;
    let (next, ()) = tokio::join!(async { client.call::<i64>("com.example.fast").await }, async {
        connection.expect(json!([48, 2, {}, "com.example.fast"])).await;
        connection.send(json!([50, 2, {}, [6]])).await;
    });
    assert_eq!(next.expect("it is answered"), 6);
}

#[tokio::test]
async fn a_dropped_call_is_canceled() {
    let (_running, client, mut connection) = joined().await;
    let call = tokio::spawn(async move { client.call::<i64>("com.example.slow").await });
    connection.expect(json!([48, 1, {}, "com.example.slow"])).await;
    call.abort();
    connection.expect(json!([49, 1, {"mode": "killnowait"}])).await;
}

#[tokio::test]
async fn an_answered_call_is_not_canceled() {
    let (_running, client, mut connection) = joined().await;
    for request in 1..4 {
        let (result, ()) = tokio::join!(async { client.call::<i64>("com.example.add").await }, async {
            connection.expect(json!([48, request, {}, "com.example.add"])).await;
            connection.send(json!([50, request, {}, [5]])).await;
        });
        result.expect("it is answered");
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_cancel_gets_neither_cancel_nor_timeout() {
    let (app, mut peer) = app();
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.accept().await;
        connection.welcome(json!({})).await;
        connection
    });
    let running = running.expect("it starts");
    let call = running.client().call::<i64>("com.example.slow").timeout(Duration::from_secs(1));
    let (result, ()) = tokio::join!(call, connection.expect(json!([48, 1, {}, "com.example.slow"])));
    assert_eq!(result.expect_err("nobody answers").kind(), ErrorKind::Timeout);
    running.client().publish("com.example.next").await.expect("it is joined");
    connection.expect(json!([16, 2, {}, "com.example.next"])).await;
}

#[tokio::test(start_paused = true)]
async fn every_request_is_bounded() {
    let (app, mut peer) = app();
    let (running, _connection) = tokio::join!(app.request_timeout(Duration::from_secs(3)).start(), peer.join());
    let running = running.expect("it starts");
    let client = running.client();
    let kinds = [
        client.call::<()>("com.example.a").await.map(drop),
        client.publish("com.example.b").acknowledge().await.map(drop),
        client.subscribe("com.example.c", || async {}).await.map(drop),
        client.register("com.example.d", || async {}).await.map(drop),
    ]
    .map(|result| result.expect_err("nobody answers").kind());
    assert_eq!(kinds, [ErrorKind::Timeout; 4]);
}

#[tokio::test(start_paused = true)]
async fn each_publication_waits_as_long_as_it_says() {
    let (_running, client, mut connection) = joined().await;
    let began = Instant::now();
    let published = async |seconds| {
        let publication = client.publish("com.example.tick").acknowledge().timeout(Duration::from_secs(seconds));
        (publication.await.map_err(|error| error.to_string()), began.elapsed().as_secs())
    };
    let (third, first, second, fourth, ()) =
        tokio::join!(published(3), published(1), published(2), published(4), async {
            for request in 1..5 {
                connection.expect(json!([16, request, {"acknowledge": true}, "com.example.tick"])).await;
            }
            connection.send(json!([17, 3, 7])).await;
        });
    let late = |seconds| format!("no answer within {seconds}s to the publication to com.example.tick");
    assert_eq!([first, third, fourth], [1, 3, 4].map(|seconds| (Err(late(seconds)), seconds)));
    assert_eq!(second, (Ok(PublicationId::new(7).expect("it is an id")), 0));
    // Late answers are for nobody, and harm nobody.
    connection.send(json!([17, 1, 8])).await;
    client.publish("com.example.next").await.expect("it is joined");
    connection.expect(json!([16, 5, {}, "com.example.next"])).await;
}

#[tokio::test]
async fn options_of_publications_are_sent() {
    let (_running, client, mut connection) = joined().await;
    client.publish("com.example.tick").arg(1).kwarg("unit", "s").await.expect("it is sent");
    connection.expect(json!([16, 1, {}, "com.example.tick", [1], {"unit": "s"}])).await;

    let someone = SessionId::new(5).expect("it is an id");
    client
        .publish("com.example.tick")
        .exclude_me(false)
        .retain()
        .disclose_me()
        .exclude([someone])
        .exclude_authid(["ada"])
        .exclude_authrole(["guest"])
        .eligible([someone])
        .eligible_authid(["bob"])
        .eligible_authrole(["admin"])
        .await
        .expect("it is sent");
    let options = json!({"exclude_me": false, "retain": true, "disclose_me": true, "exclude": [5],
        "exclude_authid": ["ada"], "exclude_authrole": ["guest"], "eligible": [5], "eligible_authid": ["bob"],
        "eligible_authrole": ["admin"]});
    connection.expect(json!([16, 2, options, "com.example.tick"])).await;
}

#[tokio::test]
async fn an_acknowledged_publication_has_an_id() {
    let (_running, client, mut connection) = joined().await;
    let (publication, ()) = tokio::join!(async { client.publish("com.example.tick").acknowledge().await }, async {
        connection.expect(json!([16, 1, {"acknowledge": true}, "com.example.tick"])).await;
        connection.send(json!([17, 1, 99])).await;
    });
    assert_eq!(publication.expect("it is published").get(), 99);
    let (publication, ()) = tokio::join!(async { client.publish("com.example.tick").acknowledge().await }, async {
        connection.receive().await;
        connection.send(json!([8, 16, 2, {}, "wamp.error.not_authorized"])).await;
    });
    assert_eq!(publication.expect_err("it is refused").wamp_uri(), Some("wamp.error.not_authorized"));
}

#[tokio::test]
async fn an_argument_without_encoding_is_named() {
    let (_running, client, _connection) = joined().await;
    let unencodable = BTreeMap::from([((1, 2), 3)]);
    let error = client.call::<()>("com.example.add").arg(1).arg(&unencodable).await.expect_err("keys are scalars");
    assert!(matches!(&error, Error::Encode { argument, .. } if argument == "2"), "{error}");
    let error = client.publish("com.example.add").kwarg("k", &unencodable).await.expect_err("keys are scalars");
    assert!(matches!(&error, Error::Encode { argument, .. } if argument == "k"), "{error}");
}

#[tokio::test]
async fn handlers_on_one_topic_share_its_subscription() {
    let (_running, client, mut connection) = joined().await;
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let mut subscriptions = Vec::new();
    for name in ["first", "second"] {
        let sender = sender.clone();
        let handler = move |tick: i64| {
            let sender = sender.clone();
            async move { sender.send((name, tick)).expect("the test listens") }
        };
        let (subscription, _) =
            tokio::join!(client.subscribe("com.example.tick", handler), connection.attach("com.example.tick", 9));
        subscriptions.push(subscription.expect("it is subscribed"));
    }
    connection.event(9, json!([1])).await;
    let mut both = [within(events.recv()).await, within(events.recv()).await];
    both.sort();
    assert_eq!(both, [Some(("first", 1)), Some(("second", 1))]);

    // The router hears of it only when the last one goes.
    subscriptions.remove(0).unsubscribe().await.expect("it is local");
    connection.event(9, json!([2])).await;
    assert_eq!(within(events.recv()).await, Some(("second", 2)));
    let (ended, ()) = tokio::join!(subscriptions.remove(0).unsubscribe(), async {
        connection.expect(json!([34, 3, 9])).await;
        connection.send(json!([35, 3])).await;
    });
    ended.expect("it is unsubscribed");
}

#[tokio::test]
async fn a_subscription_that_is_about_to_be_shared_is_kept() {
    let (_running, client, mut connection) = joined().await;
    let (first, _) =
        tokio::join!(client.subscribe("com.example.tick", || async {}), connection.attach("com.example.tick", 9));
    let first = first.expect("it is subscribed");
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |tick: i64| {
        let sender = sender.clone();
        async move { sender.send(tick).expect("the test listens") }
    };
    let (second, ()) = tokio::join!(client.subscribe("com.example.tick", handler), async {
        connection.expect(json!([32, 2, {}, "com.example.tick"])).await;
        // An UNSUBSCRIBE now would end the second subscription with the first.
        first.unsubscribe().await.expect("it is local");
        connection.send(json!([33, 2, 9])).await;
    });
    second.expect("it is subscribed");
    connection.event(9, json!([1])).await;
    assert_eq!(within(events.recv()).await, Some(1));
    client.publish("com.example.probe").await.expect("it is joined");
    connection.expect(json!([16, 3, {}, "com.example.probe"])).await;
}

#[tokio::test]
async fn procedures_come_and_go_at_runtime() {
    let (_running, client, mut connection) = joined().await;
    let (registration, request) = tokio::join!(
        client.register("com.example.", |a: i64| async move { a + 1 }).matching(MatchPolicy::Prefix),
        connection.attach("com.example.", 4)
    );
    assert_eq!(request[2], json!({"match": "prefix"}));
    assert_eq!(connection.invoke(1, 4, json!([1])).await, json!([70, 1, {}, [2]]));
    let (ended, ()) = tokio::join!(registration.expect("it is registered").unregister(), async {
        connection.expect(json!([66, 2, 4])).await;
        connection.send(json!([67, 2])).await;
    });
    ended.expect("it is unregistered");
    // A call that crossed the UNREGISTER.
    assert_eq!(connection.invoke(2, 4, json!([1])).await, json!([8, 68, 2, {}, "wamp.error.no_such_registration"]));
}

#[tokio::test]
async fn an_interrupted_invocation_is_stopped_and_answered() {
    let (_running, client, mut connection) = joined().await;
    let (lives, mut life) = tokio::sync::mpsc::unbounded_channel();
    let handler = move || {
        let life = Life(lives.clone());
        async move {
            life.0.send("started").expect("the test listens");
            std::future::pending::<()>().await;
        }
    };
    let (registration, _) =
        tokio::join!(client.register("com.example.slow", handler), connection.attach("com.example.slow", 4));
    registration.expect("it is registered");
    connection.send(json!([68, 1, 4, {}])).await;
    assert_eq!(within(life.recv()).await, Some("started"));
    connection.send(json!([69, 1, {"mode": "kill"}])).await;
    connection.expect(json!([8, 68, 1, {}, "wamp.error.canceled"])).await;
    assert_eq!(within(life.recv()).await, Some("dropped"));
}

/// Reports when the handler it is part of is dropped.
struct Life(tokio::sync::mpsc::UnboundedSender<&'static str>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.send("dropped").expect("the test listens");
    }
}

#[tokio::test]
async fn too_many_calls_at_once_are_turned_away() {
    let (app, mut peer) = app();
    let app = app.most_invocations(1).register("com.example.slow", std::future::pending::<()>);
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.slow", 4).await;
        connection
    });
    let _running = running.expect("it starts");
    connection.send(json!([68, 1, 4, {}])).await;
    let answer = connection.invoke(2, 4, json!([])).await;
    assert_eq!((&answer[2], &answer[4]), (&json!(2), &json!("wamp.error.unavailable")));
}

#[tokio::test]
async fn a_timeout_is_one_whoever_notices_it_first() {
    let (_running, client, mut connection) = joined().await;
    let call = client.call::<i64>("com.example.slow").timeout(Duration::from_secs(60));
    let (result, ()) = tokio::join!(call, async {
        connection.receive().await;
        connection.send(json!([8, 48, 1, {}, "wamp.error.timeout"])).await;
    });
    assert_eq!(result.expect_err("the router gave up").kind(), ErrorKind::Timeout);
}

async fn joined_with(dealer: serde_json::Value) -> (Running, Client, Connection) {
    let (app, mut peer) = app();
    let (running, connection) = tokio::join!(app.start(), async {
        let mut connection = peer.accept().await;
        connection.welcome(dealer).await;
        connection
    });
    let running = running.expect("it starts");
    let client = running.client().clone();
    (running, client, connection)
}

#[tokio::test]
async fn parts_of_a_result_are_asked_for_and_canceled_as_told() {
    let (_running, client, mut connection) = joined().await;
    let call = client.call::<i64>("com.example.slow").on_drop(CancelMode::Kill);
    let mut parts = call.progressive::<String>();
    let (part, ()) = tokio::join!(parts.next(), async {
        connection.expect(json!([48, 1, {"receive_progress": true}, "com.example.slow"])).await;
        connection.send(json!([50, 1, {"progress": true}, ["half"]])).await;
    });
    assert_eq!(part.expect("there is one").expect("it fits"), Part::Progress("half".to_owned()));
    drop(parts);
    connection.expect(json!([49, 1, {"mode": "kill"}])).await;
}

#[tokio::test]
async fn a_part_that_was_not_asked_for_is_no_result() {
    let (_running, client, mut connection) = joined().await;
    let (result, ()) = tokio::join!(async { client.call::<i64>("com.example.add").await }, async {
        connection.expect(json!([48, 1, {}, "com.example.add"])).await;
        connection.send(json!([50, 1, {"progress": true}, [1]])).await;
        connection.send(json!([50, 1, {}, [2]])).await;
    });
    assert_eq!(result.expect("it is answered"), 2);
}

#[tokio::test]
async fn arguments_in_parts_share_the_id_and_end_with_one_that_says_so() {
    let (_running, client, mut connection) = joined_with(json!({"progressive_call_invocations": true})).await;
    let call = client.call::<i64>("com.example.sum").arg(1).parts(futures_util::stream::iter([2, 3]));
    let (sum, ()) = tokio::join!(call.into_future(), async {
        connection.expect(json!([48, 1, {"progress": true}, "com.example.sum", [1]])).await;
        connection.expect(json!([48, 1, {"progress": true}, "com.example.sum", [2]])).await;
        connection.expect(json!([48, 1, {"progress": true}, "com.example.sum", [3]])).await;
        connection.expect(json!([48, 1, {}, "com.example.sum"])).await;
        connection.send(json!([50, 1, {}, [6]])).await;
    });
    assert_eq!(sum.expect("it is answered"), 6);
}

#[tokio::test]
async fn a_router_that_takes_no_arguments_in_parts_is_not_sent_any() {
    let (_running, client, mut connection) = joined().await;
    let call = client.call::<i64>("com.example.sum").parts(futures_util::stream::iter([2, 3]));
    let error = call.await.expect_err("the router can't do it");
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let (done, ()) = tokio::join!(async { client.call::<()>("com.example.log").await }, async {
        connection.expect(json!([48, 1, {}, "com.example.log"])).await;
        connection.send(json!([50, 1, {}])).await;
    });
    done.expect("it is answered");
}
