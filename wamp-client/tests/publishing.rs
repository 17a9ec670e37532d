//! Publishing and calling while there is no session: what is kept, what is sent again, and what is told.

mod peer;

use std::time::Duration;

use peer::{Connection, Peer, app, within};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use wamp_client::{App, Client, Error, ErrorKind, PublicationId, PublishBuffer, Result, Running};

const MEMORY: &str = "the first memory";

/// A session with a router of this memory of keys.
async fn join(peer: &mut Peer, memory: Option<&str>) -> Connection {
    let mut connection = peer.accept().await;
    let mut details = json!({"roles": {"broker": {}, "dealer": {"features": {"call_canceling": true}}}});
    if let Some(memory) = memory {
        details["_publication_keys"] = json!(memory);
    }
    connection.welcome_with(details).await;
    connection
}

async fn start(app: App, peer: &mut Peer) -> (Running, Client, Connection) {
    let (running, connection) = tokio::join!(app.start(), join(peer, Some(MEMORY)));
    let running = running.expect("it starts");
    let client = running.client().clone();
    (running, client, connection)
}

/// Loses the session, and waits until the client knows.
async fn lose(client: &Client, connection: Connection) {
    let mut lifecycle = client.lifecycle();
    drop(connection);
    within(async { while !matches!(lifecycle.next().await, Some(wamp_client::Lifecycle::Lost(_))) {} }).await;
}

/// Publishes a number, and waits for the acknowledgment in a task of its own.
fn acknowledged(client: &Client, number: u64) -> JoinHandle<Result<PublicationId>> {
    let publishing = client.publish("com.example.tick").arg(number).acknowledge();
    tokio::spawn(publishing.into_future())
}

/// Lets all tasks run until they wait. In virtual time, so that nothing here waits.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// The arguments of the next publication, and the message.
async fn next(connection: &mut Connection) -> (u64, Value) {
    let publish = connection.receive().await;
    assert_eq!((&publish[0], &publish[3]), (&json!(16), &json!("com.example.tick")));
    (publish[4][0].as_u64().expect("it is a number"), publish)
}

#[tokio::test(start_paused = true)]
async fn without_a_buffer_nothing_is_kept() {
    let (app, mut peer) = app();
    let (_running, client, connection) = start(app, &mut peer).await;
    lose(&client, connection).await;
    let error = client.publish("com.example.tick").await.expect_err("there is no session");
    assert!(matches!(error, Error::NotJoined));
    let error = client.publish("com.example.tick").acknowledge().await.expect_err("there is no session");
    assert!(matches!(error, Error::NotJoined));
}

#[tokio::test(start_paused = true)]
async fn what_was_published_meanwhile_comes_in_order_and_before_what_is_new() {
    let (app, mut peer) = app();
    let (_running, client, connection) = start(app.publish_buffer(PublishBuffer::new(10)), &mut peer).await;
    lose(&client, connection).await;
    let mut waiting = Vec::new();
    for number in 0..6 {
        if number % 2 == 0 {
            client.publish("com.example.tick").arg(number).await.expect("there is room");
        } else {
            waiting.push(acknowledged(&client, number));
            settle().await;
        }
    }
    let mut connection = join(&mut peer, Some(MEMORY)).await;
    within(client.joined()).await.expect("it joins again");
    client.publish("com.example.tick").arg(6).await.expect("it is joined");
    for expected in 0..7 {
        let (number, publish) = next(&mut connection).await;
        assert_eq!(number, expected);
        if publish[2]["acknowledge"] == true {
            connection.send(json!([17, publish[1], 100 + number])).await;
        }
    }
    for (waiting, expected) in waiting.into_iter().zip([101, 103, 105]) {
        let publication = within(waiting).await.expect("it does not panic").expect("it is acknowledged");
        assert_eq!(publication.get(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_buffer_refuses() {
    for buffer in [PublishBuffer::new(3), PublishBuffer::new(100).bytes(3 * 20)] {
        let (app, mut peer) = app();
        let (_running, client, connection) = start(app.publish_buffer(buffer), &mut peer).await;
        lose(&client, connection).await;
        for number in 0..3 {
            client.publish("com.example.tick").arg(number).await.expect("there is room");
        }
        for error in [
            client.publish("com.example.tick").arg(3).await.expect_err("it is full"),
            client.publish("com.example.tick").arg(3).acknowledge().await.expect_err("it is full"),
        ] {
            assert!(matches!(error, Error::BufferFull { .. }), "{error}");
            assert_eq!(error.kind(), ErrorKind::NotJoined);
        }
        let mut connection = join(&mut peer, None).await;
        for number in 0..3 {
            assert_eq!(next(&mut connection).await.0, number);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_oldest_makes_room_if_it_is_to() {
    let (app, mut peer) = app();
    let buffer = PublishBuffer::new(3).drop_oldest().bytes(1000);
    let (_running, client, connection) = start(app.publish_buffer(buffer), &mut peer).await;
    lose(&client, connection).await;
    let oldest = acknowledged(&client, 0);
    settle().await;
    for number in 1..10 {
        client.publish("com.example.tick").arg(number).await.expect("there is room for the newest");
    }
    let error = within(oldest).await.expect("it does not panic").expect_err("it was dropped");
    assert!(matches!(error, Error::BufferFull { events: 3, .. }), "{error}");
    let error = client.publish("com.example.tick").arg("x".repeat(2000)).await.expect_err("it never fits");
    assert!(matches!(error, Error::BufferFull { .. }), "{error}");
    let mut connection = join(&mut peer, None).await;
    for number in 7..10 {
        assert_eq!(next(&mut connection).await.0, number);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_to_waits_for_room() {
    let (app, mut peer) = app();
    let app = app.publish_buffer(PublishBuffer::new(1).wait()).request_timeout(Duration::from_secs(3600));
    let (_running, client, connection) = start(app, &mut peer).await;
    lose(&client, connection).await;
    client.publish("com.example.tick").arg(0).await.expect("there is room");
    let patient = tokio::spawn(client.publish("com.example.tick").arg(1).into_future());
    settle().await;
    let impatient = client.publish("com.example.tick").arg(2).timeout(Duration::from_secs(1)).await;
    assert_eq!(impatient.expect_err("there is no room").kind(), ErrorKind::Timeout);
    assert!(!patient.is_finished());
    let mut connection = join(&mut peer, None).await;
    within(patient).await.expect("it does not panic").expect("it is sent");
    client.publish("com.example.tick").arg(3).await.expect("it is joined");
    for number in [0, 1, 3] {
        assert_eq!(next(&mut connection).await.0, number, "what was given up is not sent");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_acknowledged_is_sent_again_under_its_key() {
    let (app, mut peer) = app();
    let (_running, client, mut connection) = start(app.publish_buffer(PublishBuffer::new(10)), &mut peer).await;
    let first = acknowledged(&client, 0);
    let (_, publish) = next(&mut connection).await;
    let second = acknowledged(&client, 1);
    next(&mut connection).await;
    let key = publish[2]["_publication_key"].as_str().expect("it has a key").to_owned();
    assert!(key.len() == 32 && key.bytes().all(|digit| digit.is_ascii_hexdigit()), "{key}");
    connection.send(json!([17, publish[1], 100])).await;
    within(first).await.expect("it does not panic").expect("it is acknowledged");
    lose(&client, connection).await;
    client.publish("com.example.tick").arg(2).await.expect("there is room");

    // Twice, for the second link breaks too.
    let mut connection = join(&mut peer, Some(MEMORY)).await;
    let (number, once) = next(&mut connection).await;
    assert_eq!(number, 1, "the first was acknowledged");
    assert_eq!(next(&mut connection).await.0, 2);
    lose(&client, connection).await;
    let mut connection = join(&mut peer, Some(MEMORY)).await;
    let (number, again) = next(&mut connection).await;
    assert_eq!((number, &again[2]), (1, &once[2]), "it is the same key");
    assert_ne!(once[2]["_publication_key"], key, "each has its own");
    connection.send(json!([17, again[1], 101])).await;
    let publication = within(second).await.expect("it does not panic").expect("it is acknowledged");
    assert_eq!(publication.get(), 101);
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_know_the_key_is_not_sent_it_again() {
    for memory in [Some("another memory"), None] {
        let (app, mut peer) = app();
        let (_running, client, mut connection) = start(app.publish_buffer(PublishBuffer::new(10)), &mut peer).await;
        let publishing = acknowledged(&client, 0);
        next(&mut connection).await;
        lose(&client, connection).await;
        client.publish("com.example.tick").arg(1).await.expect("there is room");
        let mut connection = join(&mut peer, memory).await;
        let error = within(publishing).await.expect("it does not panic").expect_err("nobody knows");
        assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
        assert_eq!(next(&mut connection).await.0, 1);
        // A router without a memory is not told keys either.
        let publishing = acknowledged(&client, 2);
        let (_, publish) = next(&mut connection).await;
        assert_eq!(publish[2].get("_publication_key").is_some(), memory.is_some());
        if memory.is_none() {
            lose(&client, connection).await;
            let error = within(publishing).await.expect("it does not panic").expect_err("nobody knows");
            assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_publisher_has_given_up_is_not_published_behind_its_back() {
    let (app, mut peer) = app();
    let (_running, client, mut connection) = start(app.publish_buffer(PublishBuffer::new(10)), &mut peer).await;
    let sent = acknowledged(&client, 0);
    next(&mut connection).await;
    lose(&client, connection).await;
    let kept = acknowledged(&client, 1);
    settle().await;
    sent.abort();
    kept.abort();
    client.publish("com.example.tick").arg(2).await.expect("there is room");
    let mut connection = join(&mut peer, Some(MEMORY)).await;
    assert_eq!(next(&mut connection).await.0, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_program_says_so_to_whoever_waits() {
    let (app, mut peer) = app();
    let app = app.publish_buffer(PublishBuffer::new(10)).wait_for_session();
    let (running, client, connection) = start(app, &mut peer).await;
    lose(&client, connection).await;
    let publishing = acknowledged(&client, 0);
    let calling = tokio::spawn(client.call::<()>("com.example.any").into_future());
    settle().await;
    within(running.stop()).await.expect("nothing was running");
    let error = within(publishing).await.expect("it does not panic").expect_err("it is stopped");
    assert_eq!(error.kind(), ErrorKind::Stopped);
    let error = within(calling).await.expect("it does not panic").expect_err("it is stopped");
    assert_eq!(error.kind(), ErrorKind::Stopped);
}

#[tokio::test(start_paused = true)]
async fn calls_fail_or_wait_as_they_are_told() {
    let (app, mut peer) = app();
    let app = app.wait_for_session().request_timeout(Duration::from_secs(3600));
    let (_running, client, connection) = start(app, &mut peer).await;
    lose(&client, connection).await;
    let fast = client.call::<()>("com.example.any").wait_for_session(false).await;
    assert!(matches!(fast.expect_err("there is no session"), Error::NotJoined));
    let impatient = client.call::<()>("com.example.any").timeout(Duration::from_millis(10)).await;
    assert_eq!(impatient.expect_err("it takes longer").kind(), ErrorKind::Timeout);
    let patient = tokio::spawn(client.call::<u64>("com.example.first").into_future());
    settle().await;
    let parts = futures_util::stream::iter([2]);
    let in_parts = tokio::spawn(client.call::<u64>("com.example.second").arg(1).parts(parts).into_future());
    settle().await;
    let mut connection = peer.accept().await;
    connection.welcome(json!({"progressive_call_invocations": true})).await;
    connection.expect(json!([48, 1, {}, "com.example.first"])).await;
    connection.send(json!([50, 1, {}, [7]])).await;
    assert_eq!(within(patient).await.expect("it does not panic").expect("it is answered"), 7);
    connection.expect(json!([48, 2, {"progress": true}, "com.example.second", [1]])).await;
    connection.expect(json!([48, 2, {"progress": true}, "com.example.second", [2]])).await;
    connection.expect(json!([48, 2, {}, "com.example.second"])).await;
    connection.send(json!([50, 2, {}, [8]])).await;
    assert_eq!(within(in_parts).await.expect("it does not panic").expect("it is answered"), 8);
}

#[tokio::test(start_paused = true)]
async fn what_waits_comes_only_when_everything_is_set_up() {
    let (app, mut peer) = app();
    let app = app.wait_for_session().publish_buffer(PublishBuffer::new(10)).subscribe("com.example.event", || async {});
    let (running, connection) = tokio::join!(app.start(), async {
        let mut connection = join(&mut peer, None).await;
        connection.attach("com.example.event", 1).await;
        connection
    });
    let client = running.as_ref().expect("it starts").client().clone();
    lose(&client, connection).await;
    let calling = tokio::spawn(client.call::<()>("com.example.any").into_future());
    client.publish("com.example.tick").arg(0).await.expect("there is room");
    settle().await;
    let mut connection = join(&mut peer, None).await;
    let subscribe = connection.receive().await;
    assert_eq!(subscribe[0], 32);
    client.publish("com.example.tick").arg(1).await.expect("there is room");
    connection.send(json!([33, subscribe[1], 1])).await;
    assert_eq!(next(&mut connection).await.0, 0);
    assert_eq!(next(&mut connection).await.0, 1);
    assert_eq!(connection.receive().await[0], 48);
    calling.abort();
}

#[tokio::test(start_paused = true)]
async fn calls_that_were_given_up_are_not_made() {
    let (app, mut peer) = app();
    let (_running, client, connection) = start(app, &mut peer).await;
    lose(&client, connection).await;
    let dropped = tokio::spawn(client.call::<()>("com.example.dropped").wait_for_session(true).into_future());
    settle().await;
    dropped.abort();
    let made = tokio::spawn(client.call::<()>("com.example.made").wait_for_session(true).into_future());
    settle().await;
    let mut connection = join(&mut peer, None).await;
    connection.expect(json!([48, 1, {}, "com.example.made"])).await;
    connection.send(json!([50, 1, {}])).await;
    within(made).await.expect("it does not panic").expect("it is answered");
}
