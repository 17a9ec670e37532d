//! Who keeps the time of a call. Specification: "Call Timeouts" (advanced profile).

mod peer;
mod real;

use std::sync::Arc;
use std::time::Duration;

use peer::{Connection, app, within};
use real::World;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use wamp_client::{App, Details, ErrorKind, Progress, Result, Running, State, handlers, register};

#[register("com.example.wait", forward_timeout)]
async fn wait(State(go_on): State<Notify>, details: Details) -> u64 {
    go_on.notified().await;
    details.timeout.map_or(0, |timeout| timeout.as_millis() as u64)
}

#[register("com.example.parts", forward_timeout)]
async fn parts(State(go_on): State<Notify>, progress: Progress<u64>) -> Result<()> {
    for part in 1.. {
        go_on.notified().await;
        progress.send(part).await?;
    }
    Ok(())
}

async fn joined(app: App, mut peer: peer::Peer) -> (Running, Connection) {
    let (running, connection) = tokio::join!(app.mount(handlers![wait, parts]).start(), async {
        let mut connection = peer.join().await;
        let request = connection.attach("com.example.wait", 11).await;
        assert_eq!(request[2], json!({"forward_timeout": true}));
        connection.attach("com.example.parts", 12).await;
        connection
    });
    (running.expect("it starts"), connection)
}

fn error(answer: &Value) -> (&Value, &Value) {
    (&answer[2], &answer[4])
}

#[tokio::test(start_paused = true)]
async fn a_callee_that_took_the_timeout_over_stops_the_procedure_and_says_so() {
    let (app, peer) = app();
    let go_on = Arc::new(Notify::new());
    let (_running, mut connection) = joined(app.shared_state(Arc::clone(&go_on)), peer).await;
    let started = tokio::time::Instant::now();
    connection.send(json!([68, 1, 11, {"timeout": 5000}])).await;
    let answer = connection.receive().await;
    assert_eq!(error(&answer), (&json!(1), &json!("wamp.error.timeout")));
    assert_eq!(started.elapsed().as_secs(), 5);

    // It has stopped: what would have let it go on lets the next one.
    go_on.notify_one();
    connection.send(json!([68, 2, 11, {"timeout": 5000}])).await;
    connection.expect(json!([70, 2, {}, [5000]])).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_timeout_may_take_for_ever() {
    let (app, peer) = app();
    let go_on = Arc::new(Notify::new());
    let (_running, mut connection) = joined(app.shared_state(Arc::clone(&go_on)), peer).await;
    for (request, details) in [(1, json!({})), (2, json!({"timeout": 0}))] {
        connection.send(json!([68, request, 11, details])).await;
        tokio::time::advance(Duration::from_secs(3600)).await;
        go_on.notify_one();
        connection.expect(json!([70, request, {}, [0]])).await;
    }
}

#[tokio::test(start_paused = true)]
async fn with_progressive_results_it_is_the_time_between_two_of_them() {
    let (app, peer) = app();
    let go_on = Arc::new(Notify::new());
    let (_running, mut connection) = joined(app.shared_state(Arc::clone(&go_on)), peer).await;
    connection.send(json!([68, 1, 12, {"timeout": 5000, "receive_progress": true}])).await;
    let started = tokio::time::Instant::now();
    for part in 1..4 {
        tokio::time::sleep(Duration::from_secs(4)).await;
        go_on.notify_one();
        connection.expect(json!([70, 1, {"progress": true}, [part]])).await;
    }
    let answer = connection.receive().await;
    assert_eq!(error(&answer), (&json!(1), &json!("wamp.error.timeout")));
    assert_eq!(started.elapsed().as_secs(), 17);
}

#[tokio::test(start_paused = true)]
async fn without_progressive_results_parts_are_no_sign_of_life() {
    let (app, peer) = app();
    let go_on = Arc::new(Notify::new());
    let (_running, mut connection) = joined(app.shared_state(Arc::clone(&go_on)), peer).await;
    connection.send(json!([68, 1, 12, {"timeout": 5000}])).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    go_on.notify_one();
    let started = tokio::time::Instant::now();
    let answer = connection.receive().await;
    assert_eq!(error(&answer), (&json!(1), &json!("wamp.error.timeout")));
    assert_eq!(started.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn the_router_leaves_the_time_to_a_callee_that_wants_to_keep_it() {
    let world = World::start().await;
    let go_on = Arc::new(Notify::new());
    let keeps = world.app().shared_state(Arc::clone(&go_on)).mount(handlers![wait, parts]);
    let (_callee, callee) =
        world.run(keeps.register("com.example.other", |details: Details| async move { details.timeout })).await;
    let (_caller, client) = world.client().await;
    let minute = Duration::from_secs(60);
    go_on.notify_one();
    let told: u64 = within(client.call("com.example.wait").timeout(minute)).await.expect("it is answered");
    assert_eq!(told, 60_000);
    let told: Option<Duration> =
        within(client.call("com.example.other").timeout(minute)).await.expect("it is answered");
    assert_eq!(told, None, "the router keeps the time of what does not ask for it");
    let (sender, mut ended) = mpsc::unbounded_channel();
    let stuck = move || {
        let life = Life(sender.clone());
        async move {
            let _life = life;
            std::future::pending::<()>().await;
        }
    };
    within(callee.register("com.example.stuck", stuck).forward_timeout(true)).await.expect("it is free");
    let error = within(client.call::<()>("com.example.stuck").timeout(Duration::from_millis(20))).await;
    assert_eq!(error.expect_err("it takes too long").kind(), ErrorKind::Timeout);
    // Whoever noticed first.
    assert_eq!(within(ended.recv()).await, Some("dropped"));
}

/// Reports when the procedure it is part of is dropped.
struct Life(mpsc::UnboundedSender<&'static str>);

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}
