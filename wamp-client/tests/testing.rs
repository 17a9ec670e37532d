//! `wamp_client::testing`: programs without a router, and with one in the process, in virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use wamp_client::testing::Harness;
use wamp_client::{
    App, Caller, Client, Details, Error, ErrorKind, Kwargs, MatchPolicy, Part, Parts, Progress, Serializer, State,
    Topic, TopicHandler, WampError, handlers, on_join, on_leave, register, subscribe,
};
use wamp_router::Router;

#[derive(Debug, Default)]
struct Total {
    sum: AtomicU64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Reading {
    sensor: String,
    celsius: f64,
}

#[register("com.example.add")]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Sums up what it gets, and publishes the sum.
#[subscribe("com.example.amount")]
async fn on_amount(amount: u64, total: State<Total>, client: Client) -> wamp_client::Result<()> {
    let sum = total.sum.fetch_add(amount, Ordering::Relaxed) + amount;
    client.publish("com.example.total").arg(sum).kwarg("unit", "m").retain().acknowledge().await?;
    Ok(())
}

/// Needs another program.
#[register("com.example.greet")]
async fn greet(id: u64, client: Client) -> wamp_client::Result<String> {
    let name: String = client.call("com.example.name_of").arg(id).timeout(Duration::from_secs(5)).await?;
    Ok(format!("Hello {name}"))
}

#[register("com.example.delete")]
async fn delete(id: u64, caller: Caller) -> Result<u64, WampError> {
    match caller.authrole.as_deref() {
        Some("admin") => Ok(id),
        role => Err(WampError::new("com.example.error.forbidden").arg(format!("{role:?} may not delete {id}"))),
    }
}

#[register("com.example.count")]
async fn count(to: u32, progress: Progress<u32>) -> wamp_client::Result<&'static str> {
    for part in 1..=to {
        sleep(Duration::from_secs(60)).await;
        progress.send(part).await?;
    }
    Ok("done")
}

#[register("com.example.sum")]
async fn sum(mut numbers: Parts<i64>) -> Result<i64, WampError> {
    let mut sum = 0;
    while let Some(number) = numbers.next().await {
        sum += number?;
    }
    Ok(sum)
}

#[on_join]
async fn announce(client: Client) -> wamp_client::Result<()> {
    let name: String = client.call("com.example.name_of").arg(0).await?;
    client.publish("com.example.here").arg(name).await
}

#[on_leave]
async fn note(total: State<Total>) {
    total.sum.store(u64::MAX, Ordering::Relaxed);
}

/// The program under test, as its `main` would have it.
fn app() -> App {
    App::new("wss://router.example.com/ws")
        .realm("factory")
        .state(Total::default())
        .mount(handlers![add, on_amount, greet, delete, count, sum])
}

#[tokio::test]
async fn a_procedure_is_called_with_arguments_and_gives_its_result_or_error() {
    for serializer in Serializer::ALL {
        let harness = Harness::start(app().serializer(serializer)).await.expect("it starts");
        let sum: i64 = harness.call("com.example.add").arg(2).arg(3).await.expect("it is answered");
        assert_eq!(sum, 5);
        let error = harness.call::<i64>("com.example.add").arg(2).arg("three").await.expect_err("it is a text");
        assert_eq!(error.wamp_uri(), Some("wamp.error.invalid_argument"));
        let message = error.wamp().and_then(WampError::message).expect("it says why");
        assert!(message.starts_with("argument 2 (`b`) does not fit i64"), "{message}");
        harness.stop().await.expect("it ends well");
    }
}

#[tokio::test]
async fn what_the_program_has_not_registered_or_subscribed_is_told_with_what_it_has() {
    let harness = Harness::start(app()).await.expect("it starts");
    let error = harness.call::<i64>("com.example.ad").arg(2).await.expect_err("it is not registered");
    assert_eq!(error.wamp_uri(), Some("wamp.error.no_such_procedure"));
    let message = error.to_string();
    assert!(
        message.contains("com.example.ad (") && message.contains("com.example.add, com.example.count"),
        "{message}"
    );
    let error = harness.event("com.example.amounts").arg(2).await.expect_err("it is not subscribed");
    assert!(error.to_string().contains("(it is to com.example.amount)"), "{error}");
}

#[tokio::test]
async fn an_event_is_handled_when_it_was_awaited_and_what_came_of_it_is_here() {
    let harness = Harness::start(app()).await.expect("it starts");
    harness.event("com.example.amount").arg(2).await.expect("it is handled");
    harness.event("com.example.amount").arg(40).await.expect("it is handled");
    let sent = harness.sent().await;
    assert_eq!(sent.iter().map(|sent| sent.arg::<u64>(0)).collect::<Vec<_>>(), [2, 42]);
    assert_eq!(sent[1].uri(), "com.example.total");
    assert_eq!(sent[1].kwarg::<String>("unit"), "m");
    assert_eq!(sent[1].args::<(u64,)>(), (42,));
    assert!(sent[1].is_retained() && sent[1].is_acknowledged());
    assert_eq!(sent[1].to_string(), "published \"com.example.total\" with 42, unit: \"m\"");
    assert!(harness.sent().await.is_empty(), "it was taken");
}

#[tokio::test]
async fn an_event_that_can_not_be_handled_is_an_error() {
    let app = app()
        .subscribe("com.example.fails", || async { Err::<(), _>("on purpose") })
        .subscribe("com.example.panics", || async { panic!("on purpose") });
    let harness = Harness::start(app).await.expect("it starts");
    let error = harness.event("com.example.amount").arg("two").await.expect_err("it is a text");
    assert_eq!(error.wamp_uri(), Some("wamp.error.invalid_argument"));
    let error = harness.event("com.example.fails").await.expect_err("the handler fails");
    assert!(error.to_string().contains("on purpose"), "{error}");
    let error = harness.event("com.example.panics").await.expect_err("the handler panics");
    assert!(error.to_string().contains("the event handler panicked"), "{error}");
}

#[tokio::test]
async fn all_handlers_of_an_event_are_waited_for_and_told_of_it() {
    let told = Arc::new(AtomicU64::new(0));
    let handler = |policy, topic: &'static str| {
        let told = Arc::clone(&told);
        let count = move |Topic(topic): Topic, details: Details, reading: Reading| {
            let told = Arc::clone(&told);
            async move {
                assert_eq!((topic.as_str(), details.retained), ("com.example.reading.oven", true));
                assert_eq!(reading.sensor, "oven");
                tokio::task::yield_now().await;
                told.fetch_add(1, Ordering::Relaxed);
            }
        };
        TopicHandler::new(topic, count).matching(policy)
    };
    let handlers = [
        handler(MatchPolicy::Exact, "com.example.reading.oven"),
        handler(MatchPolicy::Exact, "com.example.reading.oven"),
        handler(MatchPolicy::Prefix, "com.example.reading."),
        handler(MatchPolicy::Wildcard, "com.example..oven"),
        handler(MatchPolicy::Prefix, "com.example.other."),
    ];
    let harness = Harness::start(App::new("ws://localhost/ws").mount(handlers)).await.expect("it starts");
    let reading = Reading { sensor: "oven".to_owned(), celsius: 200.5 };
    harness.event("com.example.reading.oven").arg(reading).retain().await.expect("it is handled");
    assert_eq!(told.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn the_test_answers_the_programs_calls() {
    let setup = Harness::of(app().mount(handlers![announce]));
    let names = |id: u64, Kwargs(_): Kwargs<std::collections::HashMap<String, String>>| async move {
        match id {
            0 => Ok("the program"),
            1 => Ok("Alice"),
            _ => Err(WampError::new("com.example.error.no_such_user").arg(format!("there is no user {id}"))),
        }
    };
    let harness = setup.answer("com.example.name_of", names).start().await.expect("it starts");
    // What happens at join is answered too.
    assert_eq!(harness.published("com.example.here").await.arg::<String>(0), "the program");
    assert_eq!(harness.call::<String>("com.example.greet").arg(1).await.expect("it is answered"), "Hello Alice");
    let error = harness.call::<String>("com.example.greet").arg(2).await.expect_err("there is no such user");
    assert_eq!(error.wamp_uri(), Some("com.example.error.no_such_user"));
    let calls: Vec<u64> = harness.sent().await.iter().map(|call| call.arg(0)).collect();
    assert_eq!(calls, [0, 1, 2]);
}

#[tokio::test]
async fn a_call_that_the_test_does_not_answer_fails_and_says_so() {
    let harness = Harness::start(app()).await.expect("it starts");
    let error = harness.call::<String>("com.example.greet").arg(1).await.expect_err("nobody answers");
    assert_eq!(error.wamp_uri(), Some("wamp.error.no_such_procedure"));
    let message = error.to_string();
    assert!(message.contains("the test answers no call of com.example.name_of (it answers nothing)"), "{message}");
    assert_eq!(harness.called("com.example.name_of").await.arg::<u64>(0), 1);
}

#[tokio::test]
async fn who_calls_is_told_as_the_test_says() {
    let harness = Harness::start(app()).await.expect("it starts");
    let error = harness.call::<u64>("com.example.delete").arg(7).await.expect_err("it does not say who calls");
    assert_eq!(error.wamp_uri(), Some("com.example.error.forbidden"));
    let admin = harness.peer_as("alice", "admin");
    assert_eq!(admin.call::<u64>("com.example.delete").arg(7).await.expect("she may"), 7);
    let user = harness.peer_as("bob", "user");
    let error = user.call::<u64>("com.example.delete").arg(7).await.expect_err("he may not");
    assert!(error.to_string().contains("Some(\"user\") may not delete 7"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn parts_go_both_ways() {
    let app = app().register("com.example.watch", |client: Client| async move {
        let mut copy = client.call::<String>("com.example.copy").progressive::<u32>();
        let mut parts = 0;
        while let Some(part) = copy.next().await {
            match part? {
                Part::Progress(part) => parts += part,
                Part::Result(result) => return Ok(format!("{result} after {parts}")),
            }
        }
        Err(Error::Stopped)
    });
    let copy = |progress: Progress<u32>| async move {
        for part in 1..=3 {
            progress.send(part).await?;
        }
        Ok::<_, Error>("copied")
    };
    let harness = Harness::of(app).answer("com.example.copy", copy).start().await.expect("it starts");
    // Of the program's result …
    let begin = Instant::now();
    let mut counting =
        harness.call::<String>("com.example.count").arg(3).timeout(Duration::from_secs(100)).progressive();
    for expected in 1..=3 {
        let part = counting.next().await.expect("there is more").expect("it is a number");
        assert_eq!(part, Part::Progress(expected));
    }
    assert_eq!(counting.next().await.expect("there is more").expect("it is the end"), Part::Result("done".to_owned()));
    assert_eq!(begin.elapsed().as_secs(), 180, "in virtual time");
    // … of its arguments …
    let sum = harness.call::<i64>("com.example.sum").arg(1).parts(stream::iter([2, 3, 4])).await;
    assert_eq!(sum.expect("it is answered"), 10);
    // … and of a result that the test gives.
    let watched: String = harness.call("com.example.watch").await.expect("it is answered");
    assert_eq!(watched, "copied after 6");
}

#[tokio::test]
async fn the_tests_peer_is_a_client_like_any_other() {
    let harness = Harness::start(app()).await.expect("it starts");
    let (sender, mut totals) = tokio::sync::mpsc::unbounded_channel();
    let on_total = move |total: u64| {
        let sender = sender.clone();
        async move { sender.send(total).expect("the test listens") }
    };
    let subscription = harness.peer().subscribe("com.example.total", on_total).await.expect("it is subscribed");
    harness.event("com.example.amount").arg(3).await.expect("it is handled");
    assert_eq!(totals.recv().await, Some(3));
    subscription.unsubscribe().await.expect("it is unsubscribed");
    let names =
        harness.peer().register("com.example.name_of", |_: u64| async { "Bob" }).await.expect("it is registered");
    assert_eq!(harness.call::<String>("com.example.greet").arg(1).await.expect("it is answered"), "Hello Bob");
    names.unregister().await.expect("it is unregistered");
    harness.call::<String>("com.example.greet").arg(1).await.expect_err("nobody answers");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_the_program_passes_in_virtual_time() {
    let never = |_: u64| std::future::pending::<String>();
    let harness = Harness::of(app()).answer("com.example.name_of", never).start().await.expect("it starts");
    let begin = Instant::now();
    let error = harness.call::<String>("com.example.greet").arg(1).await.expect_err("nobody answers");
    assert!(error.to_string().contains("no answer within 5s to the call of com.example.name_of"), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_test_gives_up_interrupts_the_procedure() {
    struct Dropped(tokio::sync::mpsc::UnboundedSender<()>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.send(()).expect("the test listens");
        }
    }
    let (sender, mut dropped) = tokio::sync::mpsc::unbounded_channel();
    let app = app().register("com.example.forever", move || {
        let dropped = Dropped(sender.clone());
        async move {
            std::future::pending::<()>().await;
            drop(dropped);
        }
    });
    let harness = Harness::start(app).await.expect("it starts");
    let call = harness.call::<()>("com.example.forever").timeout(Duration::from_secs(3));
    assert_eq!(call.await.expect_err("it takes for ever").kind(), ErrorKind::Timeout);
    assert_eq!(dropped.recv().await, Some(()));
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_found_again_after_the_programs_own_delay() {
    let app = app().reconnect_delay(Duration::from_secs(100), Duration::from_secs(100)).mount(handlers![announce]);
    let answer = |_: u64| async { "the program" };
    let harness = Harness::of(app).answer("com.example.name_of", answer).start().await.expect("it starts");
    harness.published("com.example.here").await;
    for _ in 0..3 {
        let begin = Instant::now();
        harness.disconnect();
        // Joining again runs the on_join functions again. A minute is too short to wait for that.
        sleep(Duration::from_secs(100)).await;
        harness.published("com.example.here").await;
        assert!((50..=100).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
        assert_eq!(harness.call::<i64>("com.example.add").arg(2).arg(3).await.expect("it is answered"), 5);
        harness.event("com.example.amount").arg(1).await.expect("it is handled");
        let total = harness.published("com.example.total").await;
        assert_eq!(total.uri(), "com.example.total");
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_that_falls_silent_is_found_out_by_the_heartbeat() {
    let app = app().heartbeat(Duration::from_secs(20)).reconnect_delay(Duration::ZERO, Duration::ZERO);
    let harness = Harness::start(app).await.expect("it starts");
    let mut lifecycle = harness.client().lifecycle();
    let begin = Instant::now();
    harness.fall_silent();
    let lost = lifecycle.next().await.expect("the program runs");
    assert!(matches!(lost, wamp_client::Lifecycle::Lost(_)), "{lost:?}");
    assert_eq!(begin.elapsed().as_secs(), 40, "asked after twenty seconds, given up after forty");
    assert_eq!(harness.call::<i64>("com.example.add").arg(2).arg(3).await.expect("it is answered again"), 5);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_published_is_told_with_what_was() {
    let harness = Arc::new(Harness::start(app()).await.expect("it starts"));
    harness.event("com.example.amount").arg(2).await.expect("it is handled");
    let waiting = Arc::clone(&harness);
    let panicked = tokio::spawn(async move { waiting.published("com.example.sum").await }).await;
    let panic = panicked.expect_err("there is no such event").into_panic();
    let message = panic.downcast_ref::<String>().expect("it is a text");
    assert!(message.contains("tests/testing.rs:"), "{message}");
    assert!(message.contains("has not published \"com.example.sum\" within 60s"), "{message}");
    assert!(message.contains("\n  published \"com.example.total\" with 2, unit: \"m\""), "{message}");
}

#[tokio::test]
async fn what_does_not_fit_is_told_with_all_of_it() {
    let harness = Harness::start(app()).await.expect("it starts");
    harness.event("com.example.amount").arg(2).await.expect("it is handled");
    let total = harness.published("com.example.total").await;
    let told = |decode: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode)).expect_err("it does not fit");
        panic.downcast_ref::<String>().expect("it is a text").clone()
    };
    let message = told(&|| drop(total.arg::<String>(0)));
    assert!(message.starts_with("argument 1 is no alloc::string::String: "), "{message}");
    assert!(message.ends_with("published \"com.example.total\" with 2, unit: \"m\""), "{message}");
    assert!(told(&|| _ = total.arg::<u64>(1)).starts_with("argument 2 is missing: published"));
    assert!(told(&|| _ = total.kwarg::<u64>("units")).starts_with("argument \"units\" is missing: published"));
    assert!(told(&|| drop(total.kwargs::<Reading>())).starts_with("the arguments by keyword is no testing::Reading"));
    assert_eq!((total.arg::<Option<u64>>(1), total.kwarg::<Option<u64>>("units")), (None, None));
}

#[tokio::test]
async fn the_end_of_a_program_can_be_tested() {
    let total = Arc::new(Total::default());
    let app = App::new("ws://localhost/ws").shared_state(Arc::clone(&total)).mount(handlers![on_amount, note]);
    let harness = Harness::start(app).await.expect("it starts");
    let peer = harness.peer().clone();
    harness.stop().await.expect("it ends well");
    assert_eq!(total.sum.load(Ordering::Relaxed), u64::MAX, "the on_leave function ran");
    assert_eq!(peer.call::<()>("com.example.any").await.expect_err("it has ended").kind(), ErrorKind::Stopped);
}

#[tokio::test]
async fn what_a_program_lacks_is_found_by_its_test() {
    let error = Harness::start(App::new("ws://localhost/ws").mount(handlers![on_amount])).await;
    assert!(matches!(error, Err(Error::MissingState { .. })), "{error:?}");
    let twice = app().register("com.example.add", || async {});
    let error = Harness::start(twice).await.expect_err("it is registered twice");
    assert_eq!(error.wamp_uri(), Some("wamp.error.procedure_already_exists"));
}

#[tokio::test]
async fn everything_annotated_can_be_tested_as_it_is_found() {
    let setup = Harness::of(App::new("ws://localhost/ws").state(Total::default()).discover());
    let harness = setup.answer("com.example.name_of", |_: u64| async { "all" }).start().await.expect("it starts");
    assert_eq!(harness.published("com.example.here").await.arg::<String>(0), "all");
    assert_eq!(harness.call::<i64>("com.example.add").arg(2).arg(3).await.expect("it is answered"), 5);
}

/// With a router in the process: two lines.
fn in_process(router: &Router) -> App {
    let router = router.clone();
    App::over(move || router.connect_in_process())
}

#[tokio::test(start_paused = true)]
async fn a_router_in_the_process_works_in_virtual_time() {
    let router = Router::builder().realm("realm1").build();
    let program = in_process(&router).state(Total::default()).mount(handlers![add, greet, on_amount, count]);
    let program = program.start().await.expect("it starts");
    let names = in_process(&router).register("com.example.name_of", |id: u64| async move {
        sleep(Duration::from_secs(if id == 0 { 3600 } else { 4 })).await;
        "Alice"
    });
    let names = names.start().await.expect("it starts");
    let begin = Instant::now();
    let caller = names.client();
    assert_eq!(caller.call::<String>("com.example.greet").arg(1).await.expect("it is answered"), "Hello Alice");
    assert_eq!(begin.elapsed().as_secs(), 4);
    // A timeout of the program, which the router does not see to any sooner.
    let error = caller.call::<String>("com.example.greet").arg(0).await.expect_err("it takes an hour");
    assert!(error.to_string().contains("no answer within 5s"), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 9);
    // An hour of silence, and of heartbeats that are answered.
    let session = program.client().session().expect("it is joined");
    sleep(Duration::from_secs(3600)).await;
    assert!(Arc::ptr_eq(&session, &program.client().session().expect("it is still joined")));
    names.stop().await.expect("it ends well");
    program.stop().await.expect("it ends well");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_the_router_ends_is_found_again_in_virtual_time() {
    let router = Router::builder().realm("realm1").build();
    let connections = Arc::new(std::sync::Mutex::new(Vec::new()));
    let held = Arc::clone(&connections);
    // Each pipe goes through the test, which can cut it.
    let over = {
        let router = router.clone();
        move || {
            let (near, mut far) = tokio::io::duplex(4096);
            let mut pipe = router.connect_in_process();
            let copying = tokio::spawn(async move { tokio::io::copy_bidirectional(&mut far, &mut pipe).await });
            held.lock().expect("no test panics with it").push(copying.abort_handle());
            near
        }
    };
    let app = App::over(over).reconnect_delay(Duration::from_secs(100), Duration::from_secs(100));
    let program = app.mount(handlers![add]).start().await.expect("it starts");
    let caller = in_process(&router).start().await.expect("it starts");
    let begin = Instant::now();
    connections.lock().expect("no test panics with it")[0].abort();
    let mut lifecycle = program.client().lifecycle();
    while !matches!(lifecycle.next().await.expect("the program runs"), wamp_client::Lifecycle::Joined(_)) {}
    assert!((50..=100).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    assert_eq!(caller.client().call::<i64>("com.example.add").arg(2).arg(3).await.expect("it is answered"), 5);
}
