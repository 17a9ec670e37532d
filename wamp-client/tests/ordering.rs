//! In what order events are handled, how many at once, and what becomes of those that come too fast. In virtual time.

mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use peer::{Connection, app, within};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};
use wamp_client::{
    App, Client, Lifecycle, Overflow, ProcedureHandler, Running, Subscription, Topic, TopicHandler, handlers, subscribe,
};

const TOPIC: &str = "com.example.event";

/// A handler that reports the number it gets once `gate` lets it through.
fn gated() -> (impl Fn(u64) -> BoxFuture + Send + Sync + 'static, Arc<Semaphore>, mpsc::UnboundedReceiver<u64>) {
    let (handled, reports) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let handler = move |number: u64| -> BoxFuture {
        let (gate, handled) = (Arc::clone(&gate), handled.clone());
        Box::pin(async move {
            gate.acquire().await.expect("the gate is not closed").forget();
            // Nobody listens any more at a test's end.
            let _ = handled.send(number);
        })
    };
    (handler, opened, reports)
}

type BoxFuture = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn start(app: App, peer: &mut peer::Peer) -> (Running, Connection) {
    let (running, connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach(TOPIC, 1).await;
        connection
    });
    (running.expect("it starts"), connection)
}

/// Waits until everything sent so far has been taken by the client: it answers what came after.
async fn settle(client: &Client, connection: &mut Connection) {
    let (answered, ()) = tokio::join!(async { client.call::<()>("com.example.probe").await }, async {
        let call = connection.receive().await;
        assert_eq!(call[3], "com.example.probe");
        connection.send(json!([50, call[1], {}])).await;
    });
    answered.expect("it is answered");
}

async fn events(connection: &mut Connection, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        connection.event(1, json!([number])).await;
    }
}

async fn take(reports: &mut mpsc::UnboundedReceiver<u64>, count: usize) -> Vec<u64> {
    let mut taken = Vec::new();
    for _ in 0..count {
        taken.push(within(reports.recv()).await.expect("the program runs"));
    }
    taken
}

#[tokio::test(start_paused = true)]
async fn the_events_of_a_subscription_are_handled_in_order_however_long_each_takes() {
    let (app, mut peer) = app();
    let (handled, mut reports) = mpsc::unbounded_channel();
    let running = Arc::new(AtomicUsize::new(0));
    let app = app.subscribe(TOPIC, move |number: u64| {
        let (handled, running) = (handled.clone(), Arc::clone(&running));
        async move {
            assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
            sleep(Duration::from_millis(100 - number)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            handled.send(number).expect("the test listens");
        }
    });
    let (_running, mut connection) = start(app, &mut peer).await;
    events(&mut connection, 0..100).await;
    assert_eq!(take(&mut reports, 100).await, (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn several_events_are_handled_at_once_where_that_is_wanted_and_no_more() {
    let (app, mut peer) = app();
    let (started, mut starts) = mpsc::unbounded_channel();
    let handler = TopicHandler::new(TOPIC, move |number: u64| {
        let started = started.clone();
        async move {
            started.send((number, Instant::now())).expect("the test listens");
            sleep(Duration::from_secs(1)).await;
        }
    });
    let (_running, mut connection) = start(app.mount([handler.concurrency(4)]), &mut peer).await;
    let begin = Instant::now();
    events(&mut connection, 0..12).await;
    for number in 0..12 {
        let (event, at) = within(starts.recv()).await.expect("the program runs");
        assert_eq!(event, number, "they begin in order");
        assert_eq!(at.duration_since(begin).as_secs(), number / 4, "four at once");
    }
}

#[tokio::test(start_paused = true)]
async fn subscriptions_do_not_wait_for_each_other() {
    let (app, mut peer) = app();
    let (handler, gate, mut reports) = gated();
    let (quick, mut quick_reports) = mpsc::unbounded_channel();
    let app = app.subscribe(TOPIC, handler).subscribe("com.example.quick", move |number: u64| {
        let quick = quick.clone();
        async move { quick.send(number).expect("the test listens") }
    });
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach(TOPIC, 1).await;
        connection.attach("com.example.quick", 2).await;
        connection
    });
    let _running = running.expect("it starts");
    connection.event(1, json!([1])).await;
    connection.event(2, json!([2])).await;
    assert_eq!(take(&mut quick_reports, 1).await, [2]);
    gate.add_permits(1);
    assert_eq!(take(&mut reports, 1).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn events_of_subscriptions_that_come_in_turn_keep_the_order_of_each() {
    let (app, mut peer) = app();
    let (handler, gate, mut reports) = gated();
    let (other, other_gate, mut other_reports) = gated();
    let app = app.subscribe(TOPIC, handler).subscribe("com.example.other", other);
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach(TOPIC, 1).await;
        connection.attach("com.example.other", 2).await;
        connection
    });
    let running = running.expect("it starts");
    // Runs of one, two and three, and another message among them.
    for number in 0..60 {
        let subscription = if number % 6 < 3 { 1 } else { number % 2 + 1 };
        connection.event(subscription, json!([number])).await;
        if number == 31 {
            settle(running.client(), &mut connection).await;
        }
    }
    gate.add_permits(60);
    other_gate.add_permits(60);
    let is_first = |number: &u64| number % 6 < 3 || number.is_multiple_of(2);
    let (first, second): (Vec<_>, Vec<_>) = (0..60).partition(is_first);
    assert_eq!(take(&mut reports, first.len()).await, first);
    assert_eq!(take(&mut other_reports, second.len()).await, second);
}

/// Has events come in one go, some with their topic and some without.
async fn topics_of_a_pattern(overflow: Overflow) {
    let (app, mut peer) = app();
    let (handled, mut reports) = mpsc::unbounded_channel();
    let handler = TopicHandler::new(TOPIC, move |Topic(topic): Topic, number: u64| {
        let handled = handled.clone();
        async move { drop(handled.send((topic, number))) }
    });
    let app = app.mount([handler.overflow(overflow)]);
    let (_running, mut connection) = start(app, &mut peer).await;
    let topics = [Some("a"), Some("b"), Some("b"), None, None, Some("a"), None, Some("b")];
    let expected = topics.map(|topic| topic.unwrap_or(TOPIC).to_owned()).into_iter().zip(0..);
    let details = topics.map(|topic| topic.map_or_else(|| json!({}), |topic| json!({"topic": topic})));
    connection.send_together((0..).zip(details).map(|(n, details)| json!([36, 1, 100 + n, details, [n]]))).await;
    for event in expected {
        assert_eq!(within(reports.recv()).await, Some(event));
    }
}

#[tokio::test(start_paused = true)]
async fn each_event_of_a_pattern_comes_with_its_own_topic() {
    topics_of_a_pattern(Overflow::DropNewest).await;
    topics_of_a_pattern(Overflow::DropOldest).await;
}

/// Sends ten events to a handler of which three may wait, and says which were handled.
async fn handled_of_ten(overflow: Option<Overflow>) -> (Vec<u64>, u64) {
    let (app, mut peer) = app();
    let (handler, gate, mut reports) = gated();
    let (running, mut connection) = tokio::join!(app.start(), peer.join());
    let running = running.expect("it starts");
    let mut subscribe = running.client().subscribe(TOPIC, handler).queue(3);
    if let Some(policy) = overflow {
        subscribe = subscribe.overflow(policy);
    }
    let (subscription, _) = tokio::join!(subscribe, connection.attach(TOPIC, 1));
    let subscription = subscription.expect("it is subscribed");
    let mut lifecycle = running.client().lifecycle();
    events(&mut connection, 0..10).await;
    settle(running.client(), &mut connection).await;
    let dropped = subscription.dropped();
    let mut told = Vec::new();
    while told.last() != Some(&4) {
        match within(lifecycle.next()).await.expect("the program runs") {
            Lifecycle::Dropped { topic, events } if &*topic == TOPIC => told.push(events),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, [1, 2, 4]);
    gate.add_permits(10);
    let handled = take(&mut reports, 4).await;
    settle(running.client(), &mut connection).await;
    assert!(reports.try_recv().is_err(), "no more are handled");
    (handled, dropped)
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_fast_is_dropped_by_the_policy_and_counted() {
    assert_eq!(handled_of_ten(None).await, (vec![0, 1, 2, 3], 6));
    assert_eq!(handled_of_ten(Some(Overflow::DropNewest)).await, (vec![0, 1, 2, 3], 6));
    assert_eq!(handled_of_ten(Some(Overflow::DropOldest)).await, (vec![0, 7, 8, 9], 6));
}

#[tokio::test(start_paused = true)]
async fn an_event_takes_room_until_its_turn_though_those_before_it_are_handled() {
    for (overflow, expected) in [(Overflow::DropNewest, [1, 2, 3, 4]), (Overflow::DropOldest, [1, 5, 6, 7])] {
        let (app, mut peer) = app();
        let (handler, gate, mut reports) = gated();
        let handler = TopicHandler::new(TOPIC, handler).queue(3).overflow(overflow);
        let (running, mut connection) = start(app.mount([handler]), &mut peer).await;
        events(&mut connection, 0..4).await;
        settle(running.client(), &mut connection).await;
        gate.add_permits(1);
        assert_eq!(take(&mut reports, 1).await, [0]);
        events(&mut connection, 4..8).await;
        settle(running.client(), &mut connection).await;
        gate.add_permits(10);
        assert_eq!(take(&mut reports, 4).await, expected);
        settle(running.client(), &mut connection).await;
        assert!(reports.try_recv().is_err(), "no more are handled");
    }
}

/// The session and the handler share a thread here.
#[tokio::test(start_paused = true)]
async fn what_comes_in_one_go_is_handled_before_the_queue_is_full() {
    let (handled, mut reports) = mpsc::unbounded_channel();
    let on_event = move |number: u64| {
        // Nobody listens any more at a test's end.
        let _ = handled.send(number);
        async {}
    };
    let (app, mut peer) = app();
    let handler = TopicHandler::new(TOPIC, on_event).queue(160);
    let (_running, mut connection) = start(app.mount([handler]), &mut peer).await;
    connection.send_together((0..1000).map(|number| json!([36, 1, number + 1, {}, [number]]))).await;
    assert_eq!(take(&mut reports, 1000).await, Vec::from_iter(0..1000));
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_holds_up_nothing_else() {
    let (app, mut peer) = app();
    let (handler, _gate, _reports) = gated();
    let app = app.event_queue(2).subscribe(TOPIC, handler);
    let (running, mut connection) = start(app, &mut peer).await;
    // Far more than fit; the call in between gets its answer all the same.
    for _ in 0..3 {
        events(&mut connection, 0..1000).await;
        settle(running.client(), &mut connection).await;
    }
}

static REPORTS: std::sync::Mutex<Vec<u64>> = std::sync::Mutex::new(Vec::new());

#[subscribe("com.example.event", concurrency = 2, queue = 1, overflow = "drop_oldest")]
async fn annotated(number: u64) {
    REPORTS.lock().expect("no test panics with it").push(number);
    sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn the_attribute_says_it_as_the_builder_does() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(app.mount(handlers![annotated]), &mut peer).await;
    events(&mut connection, 0..10).await;
    settle(running.client(), &mut connection).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(*REPORTS.lock().expect("no test panics with it"), [0, 1, 9]);
}

async fn subscribed(
    running: &Running,
    connection: &mut Connection,
) -> (Subscription, Arc<Semaphore>, mpsc::UnboundedReceiver<u64>) {
    let (handler, gate, reports) = gated();
    let (subscription, _) = tokio::join!(running.client().subscribe(TOPIC, handler), connection.attach(TOPIC, 1));
    (subscription.expect("it is subscribed"), gate, reports)
}

#[tokio::test(start_paused = true)]
async fn after_an_unsubscribe_the_handler_finishes_what_it_has_and_gets_nothing_more() {
    let (app, mut peer) = app();
    let (running, mut connection) = tokio::join!(app.start(), peer.join());
    let running = running.expect("it starts");
    let (subscription, gate, mut reports) = subscribed(&running, &mut connection).await;
    events(&mut connection, 0..10).await;
    settle(running.client(), &mut connection).await;
    let (ended, ()) = tokio::join!(subscription.unsubscribe(), async {
        let request = connection.receive().await;
        assert_eq!((&request[0], &request[2]), (&json!(34), &json!(1)));
        // These were on their way.
        events(&mut connection, 10..12).await;
        connection.send(json!([35, request[1]])).await;
    });
    ended.expect("it is unsubscribed");
    gate.add_permits(20);
    assert_eq!(take(&mut reports, 1).await, [0], "what was being handled is handled to its end");
    assert_eq!(within(reports.recv()).await, None, "the handler is gone, and got nothing more");
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_end_its_own_subscription() {
    let (app, mut peer) = app();
    let (running, mut connection) = tokio::join!(app.start(), peer.join());
    let running = running.expect("it starts");
    let own = Arc::new(std::sync::Mutex::new(None::<Subscription>));
    let (ended, mut ends) = mpsc::unbounded_channel();
    let mine = Arc::clone(&own);
    let subscribe = running.client().subscribe(TOPIC, move |number: u64| {
        let (own, ended) = (Arc::clone(&mine), ended.clone());
        async move {
            let subscription = own.lock().expect("no test panics with it").take().expect("it is called once");
            subscription.unsubscribe().await.expect("it is unsubscribed");
            ended.send(number).expect("the test listens");
        }
    });
    let (subscription, _) = tokio::join!(subscribe, connection.attach(TOPIC, 1));
    *own.lock().expect("no test panics with it") = Some(subscription.expect("it is subscribed"));
    events(&mut connection, 0..3).await;
    connection.expect(json!([34, 2, 1])).await;
    connection.send(json!([35, 2])).await;
    assert_eq!(take(&mut ends, 1).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_is_called_for_the_next_event() {
    let (app, mut peer) = app();
    let (handled, mut reports) = mpsc::unbounded_channel();
    let app = app.subscribe(TOPIC, move |number: u64| {
        assert_ne!(number, 0, "on purpose");
        let handled = handled.clone();
        async move {
            assert_ne!(number, 1, "on purpose");
            handled.send(number).expect("the test listens");
        }
    });
    let (_running, mut connection) = start(app, &mut peer).await;
    events(&mut connection, 0..3).await;
    assert_eq!(take(&mut reports, 1).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn events_that_came_are_handled_though_the_session_is_gone_and_before_those_of_the_next() {
    let (app, mut peer) = app();
    let (handler, gate, mut reports) = gated();
    let app = app.subscribe(TOPIC, handler);
    let (running, mut connection) = start(app, &mut peer).await;
    events(&mut connection, 0..3).await;
    settle(running.client(), &mut connection).await;
    drop(connection);
    let mut connection = peer.join().await;
    connection.attach(TOPIC, 1).await;
    events(&mut connection, 3..6).await;
    gate.add_permits(6);
    assert_eq!(take(&mut reports, 6).await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_procedures_limit_is_kept_though_the_router_does_not_know_it() {
    let (app, mut peer) = app();
    let slow = ProcedureHandler::new("com.example.slow", || sleep(Duration::from_secs(1))).concurrency(2);
    let app = app.mount([slow]).register("com.example.other", || async {});
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        let register = connection.attach("com.example.slow", 1).await;
        assert_eq!(register[2], json!({"concurrency": 2}));
        connection.attach("com.example.other", 2).await;
        connection
    });
    let _running = running.expect("it starts");
    for request in 1..=2 {
        connection.send(json!([68, request, 1, {}])).await;
    }
    let refused = connection.invoke(3, 1, json!([])).await;
    assert_eq!((&refused[2], &refused[4]), (&json!(3), &json!("wamp.error.unavailable")));
    assert_eq!(connection.invoke(4, 2, json!([])).await, json!([70, 4, {}]), "others don't count");
    let answered = [connection.receive().await, connection.receive().await];
    assert!(answered.iter().all(|answer| answer[0] == 70), "{answered:?}");
    connection.send(json!([68, 5, 1, {}])).await;
    assert_eq!(connection.receive().await, json!([70, 5, {}]), "there is room again");
}
