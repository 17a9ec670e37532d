//! Sessions: how they begin, end, and come back. In virtual time, so that nothing here waits.

mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use peer::{app, within};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wamp_client::{App, Client, Error, ErrorKind, Running};

/// An App with a topic, a procedure and both hooks, which report what happens (to nobody, once a test has seen enough).
fn reporting_app(app: App) -> (App, mpsc::UnboundedReceiver<&'static str>) {
    let (report, reports) = mpsc::unbounded_channel();
    let (joined, left) = (report.clone(), report.clone());
    let app = app
        .subscribe("com.example.event", || async {})
        .register("com.example.add", |a: i64, b: i64| async move { a + b })
        .on_join(move || {
            let _ = joined.send("joined");
            let stopped = Stopped(report.clone());
            async move {
                std::future::pending::<()>().await;
                drop(stopped);
            }
        })
        .on_leave(move || {
            let _ = left.send("left");
            async {}
        });
    (app, reports)
}

/// Reports when the function it is part of is dropped.
struct Stopped(mpsc::UnboundedSender<&'static str>);

impl Drop for Stopped {
    fn drop(&mut self) {
        // The last one is dropped with the test.
        let _ = self.0.send("stopped");
    }
}

async fn set_up(peer: &mut peer::Peer) -> peer::Connection {
    let mut connection = peer.join().await;
    connection.attach("com.example.event", 1).await;
    connection.attach("com.example.add", 2).await;
    connection
}

async fn start(app: App, peer: &mut peer::Peer) -> (Running, peer::Connection) {
    let (running, connection) = tokio::join!(app.start(), set_up(peer));
    (running.expect("it starts"), connection)
}

#[tokio::test(start_paused = true)]
async fn everything_is_set_up_again_exactly_once_after_every_join() {
    let (app, mut peer) = app();
    let (app, mut reports) = reporting_app(app);
    let (running, mut connection) = start(app, &mut peer).await;
    for _ in 0..5 {
        assert_eq!(within(reports.recv()).await, Some("joined"));
        // What was attached at runtime is the program's too.
        let (attached, _) = tokio::join!(
            running.client().subscribe("com.example.more", || async {}),
            connection.attach("com.example.more", 3)
        );
        let attached = attached.expect("it is subscribed");
        drop(connection);
        assert_eq!(within(reports.recv()).await, Some("stopped"));
        assert_eq!(within(reports.recv()).await, Some("left"));
        connection = set_up(&mut peer).await;
        connection.attach("com.example.more", 3).await;
        within(running.client().joined()).await.expect("it joins again");
        let (detached, ()) = tokio::join!(attached.unsubscribe(), async {
            connection.expect(json!([34, 4, 3])).await;
            connection.send(json!([35, 4])).await;
        });
        detached.expect("it is unsubscribed");
        // Nothing else was sent: what comes next is what is asked for next.
        running.client().publish("com.example.probe").await.expect("it is joined");
        connection.expect(json!([16, 5, {}, "com.example.probe"])).await;
        assert!(peer.is_idle(), "there is one connection");
    }
    assert_eq!(within(reports.recv()).await, Some("joined"));
    within(async { tokio::join!(running.stop(), connection.goodbye()) }).await.0.expect("it ends well");
    assert_eq!(within(reports.recv()).await, Some("stopped"));
    assert_eq!(within(reports.recv()).await, Some("left"));
    assert_eq!(within(reports.recv()).await, None, "nothing is left of the program");
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_of_the_router_is_answered_and_followed_by_a_new_session() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(reporting_app(app).0, &mut peer).await;
    connection.send(json!([6, {"message": "restart"}, "wamp.close.system_shutdown"])).await;
    connection.expect(json!([6, {}, "wamp.close.goodbye_and_out"])).await;
    assert_eq!(within(connection.next()).await, None);
    let _connection = set_up(&mut peer).await;
    within(running.client().joined()).await.expect("it joins again");
}

#[tokio::test(start_paused = true)]
async fn a_dead_link_is_found_by_a_ping_without_answer() {
    let (app, mut peer) = app();
    let (app, mut reports) = reporting_app(app.heartbeat(Duration::from_secs(10)));
    let (running, connection) = start(app, &mut peer).await;
    let start = Instant::now();
    // The pipe stays open, but nothing comes from it any more.
    let pipe = connection.silence().await;
    assert_eq!(reports.recv().await, Some("joined"));
    assert_eq!(reports.recv().await, Some("stopped"));
    assert_eq!(start.elapsed().as_secs(), 20, "asked after ten seconds, given up after twenty");
    assert!(running.client().session().is_none());
    drop((set_up(&mut peer).await, pipe));
}

#[tokio::test(start_paused = true)]
async fn a_router_that_answers_pings_is_alive() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(reporting_app(app).0, &mut peer).await;
    let session = running.client().session().expect("it is joined");
    // An hour in which the peer does nothing but answer pings.
    let hour = tokio::time::timeout(Duration::from_secs(3600), connection.next()).await;
    assert!(hour.is_err(), "nothing comes");
    assert!(Arc::ptr_eq(&session, &running.client().session().expect("it is still joined")));
}

#[tokio::test(start_paused = true)]
async fn tries_become_rarer_but_never_rarer_than_the_limit() {
    let (app, mut peer) = app();
    let app = app.reconnect_delay(Duration::from_secs(1), Duration::from_secs(8));
    let (running, connection) = start(reporting_app(app).0, &mut peer).await;
    drop(connection);
    for most in [1, 2, 4, 8, 8, 8] {
        let start = Instant::now();
        drop(peer.accept().await);
        let waited = start.elapsed().as_secs_f64();
        assert!(waited <= f64::from(most) + 0.1, "waited {waited} s, at most {most} s are due");
        assert!(waited >= f64::from(most) / 2.0 - 0.1, "waited {waited} s, at least half of {most} s are due");
    }
    let _connection = set_up(&mut peer).await;
    within(running.client().joined()).await.expect("it joins again");
}

#[tokio::test(start_paused = true)]
async fn requests_without_a_session_fail_at_once() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(reporting_app(app).0, &mut peer).await;
    let client = running.client().clone();
    let (subscription, _) =
        tokio::join!(client.subscribe("com.example.more", || async {}), connection.attach("com.example.more", 3));
    let subscription = subscription.expect("it is subscribed");
    let call = tokio::spawn(async move { client.call::<i64>("com.example.slow").await });
    connection.receive().await;
    drop(connection);
    let lost = within(call).await.expect("it does not panic").expect_err("the session is lost");
    assert_eq!(lost.kind(), ErrorKind::Lost);
    let mut session = peer.accept().await;
    let error = running.client().call::<()>("com.example.any").await.expect_err("there is no session yet");
    assert_eq!(error.kind(), ErrorKind::NotJoined);
    let error = running.client().publish("com.example.any").await.expect_err("there is no session yet");
    assert_eq!(error.kind(), ErrorKind::NotJoined);
    // What was attached can be detached: the router has forgotten it anyway.
    subscription.unsubscribe().await.expect("it takes no router");
    session.welcome(json!({})).await;
    session.attach("com.example.event", 1).await;
    session.attach("com.example.add", 2).await;
    within(running.client().joined()).await.expect("it joins again");
    within(async { tokio::join!(async { running.stop().await }, session.goodbye()) }).await.0.expect("it ends well");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_app_says_so() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(reporting_app(app).0, &mut peer).await;
    let client: Client = running.client().clone();
    within(async { tokio::join!(running.stop(), connection.goodbye()) }).await.0.expect("it ends well");
    assert_eq!(client.call::<()>("com.example.any").await.expect_err("it is stopped").kind(), ErrorKind::Stopped);
    assert_eq!(client.joined().await.expect_err("it is stopped").kind(), ErrorKind::Stopped);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_stops_the_app() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(reporting_app(app).0, &mut peer).await;
    drop(running);
    connection.goodbye().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_session_is_an_error() {
    let (app, mut peer) = app();
    let (started, ()) = tokio::join!(app.start(), async {
        let mut connection = peer.accept().await;
        connection.receive().await;
        connection.send(json!([3, {"message": "no such realm here"}, "wamp.error.no_such_realm"])).await;
    });
    let error = started.expect_err("it is refused");
    let Error::Refused { realm, reason, message } = &error else { panic!("{error}") };
    assert_eq!((realm.as_str(), reason.as_str()), ("realm1", "wamp.error.no_such_realm"));
    assert_eq!(message, "no such realm here");
}

#[tokio::test(start_paused = true)]
async fn a_refused_procedure_is_an_error() {
    let (app, mut peer) = app();
    let (started, mut connection) = tokio::join!(app.register("com.example.add", || async {}).start(), async {
        let mut connection = peer.join().await;
        connection.receive().await;
        connection.send(json!([8, 64, 1, {}, "wamp.error.procedure_already_exists", ["taken"]])).await;
        connection.goodbye().await;
        connection
    });
    let error = started.expect_err("it is refused");
    assert_eq!((error.kind(), error.wamp_uri()), (ErrorKind::Refused, Some("wamp.error.procedure_already_exists")));
    assert_eq!(error.to_string(), "could not register \"com.example.add\"");
    assert_eq!(within(connection.next()).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_abort_is_not_answered_and_what_it_says_of_us_is_final() {
    let (app, mut peer) = app();
    let (mut running, mut connection) = start(reporting_app(app).0, &mut peer).await;
    connection.send(json!([3, {"message": "id 7 is not the next"}, "wamp.error.protocol_violation"])).await;
    assert_eq!(within(connection.next()).await, None, "nothing is said to who does not listen");
    let error = within(running.stopped()).await.expect_err("it would happen again");
    let Error::Closed { reason, message } = &error else { panic!("{error}") };
    assert_eq!((reason.as_str(), message.as_str()), ("wamp.error.protocol_violation", "id 7 is not the next"));
    assert!(peer.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_procedure_that_is_still_taken_is_registered_later() {
    let (app, mut peer) = app();
    let app = app.register("com.example.add", || async {});
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.add", 1).await;
        connection
    });
    let running = running.expect("it starts");
    for _ in 0..3 {
        // The link broke, and the router holds on to the old session.
        drop(connection);
        connection = peer.join().await;
        connection.receive().await;
        connection.send(json!([8, 64, 1, {}, "wamp.error.procedure_already_exists"])).await;
        connection.goodbye().await;
    }
    drop(connection);
    connection = peer.join().await;
    connection.attach("com.example.add", 1).await;
    within(running.client().joined()).await.expect("it joins again");
}

#[tokio::test(start_paused = true)]
async fn a_router_that_breaks_the_protocol_is_told() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(reporting_app(app).0, &mut peer).await;
    connection.send_text("[36,1,\"x\",{}]".to_owned()).await;
    let abort = connection.receive().await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.protocol_violation")));
    assert!(abort[1]["message"].as_str().expect("it says why").contains("EVENT"));
    let _connection = set_up(&mut peer).await;
    within(running.client().joined()).await.expect("it joins again");
}

#[tokio::test]
async fn a_router_that_is_not_there_is_an_error_unless_it_is_waited_for() {
    // Bound, and closed again: nobody listens there.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("ws://{}/ws", listener.local_addr().expect("it is bound"));
    drop(listener);
    let error = App::new(&url).start().await.expect_err("nobody is there");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains(&url), "{error}");

    let (app, mut peer) = app();
    let (running, _connection) = tokio::join!(app.wait_for_router().start(), async {
        drop(peer.accept().await);
        peer.join().await
    });
    drop(running.expect("the second try succeeds"));
}

#[tokio::test(start_paused = true)]
async fn a_router_that_never_answers_is_given_up() {
    let (app, mut peer) = app();
    let (started, _silent) = tokio::join!(app.connect_timeout(Duration::from_secs(5)).start(), peer.accept());
    assert_eq!(started.expect_err("there is no answer").kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn discovering_nothing_is_an_error() {
    let error = App::new("ws://localhost:1/ws").discover().start().await.expect_err("there is nothing");
    assert!(matches!(error, Error::NothingDiscovered));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_before_the_stop_is_still_done() {
    let (app, mut peer) = app();
    let stopping = |client: Client| async move {
        client.publish("com.example.last").await.expect("it is joined");
        client.stop();
        tokio::time::sleep(Duration::from_millis(1)).await;
        "stopped"
    };
    let (running, mut connection) = tokio::join!(app.register("com.example.stop", stopping).start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.stop", 1).await;
        connection
    });
    let mut running = running.expect("it starts");
    connection.send(json!([68, 1, 1, {}])).await;
    connection.expect(json!([16, 2, {}, "com.example.last"])).await;
    connection.expect(json!([66, 3, 1])).await;
    connection.send(json!([67, 3])).await;
    connection.expect(json!([70, 1, {}, ["stopped"]])).await;
    connection.goodbye().await;
    within(running.stopped()).await.expect("it ends well");
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_answer_while_we_set_up_is_given_up() {
    let (app, mut peer) = app();
    let app = app.connect_timeout(Duration::from_secs(5)).subscribe("com.example.event", || async {});
    let (started, _silent) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.receive().await;
        connection
    });
    assert_eq!(started.expect_err("there is no answer").kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_is_asked_for_at_every_join() {
    let (app, mut peer) = app();
    let joins = Arc::new(AtomicU64::new(0));
    let counted = joins.clone();
    let app = app
        .param_with("join", move || counted.load(Ordering::Relaxed).to_string())
        .subscribe("com.example.{join}", || async {});
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.0", 1).await;
        connection
    });
    let _running = running.expect("it starts");
    for join in 1..4 {
        joins.store(join, Ordering::Relaxed);
        drop(connection);
        connection = peer.join().await;
        connection.attach(&format!("com.example.{join}"), 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_or_fails_does_no_harm() {
    let (app, mut peer) = app();
    let app = app
        .on_join(|| async { panic!("on purpose") })
        .on_join(|| async { Err::<(), _>("on purpose") })
        .on_leave(|| async { panic!("on purpose") })
        .register("com.example.add", |a: i64, b: i64| async move { a + b });
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.add", 1).await;
        connection
    });
    let _running = running.expect("it starts");
    assert_eq!(connection.invoke(1, 1, json!([1, 2])).await, json!([70, 1, {}, [3]]));
    drop(connection);
    let mut connection = peer.join().await;
    connection.attach("com.example.add", 1).await;
    assert_eq!(connection.invoke(1, 1, json!([1, 2])).await, json!([70, 1, {}, [3]]));
}
