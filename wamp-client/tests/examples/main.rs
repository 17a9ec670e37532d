//! The examples, each run as a program of its own against a real router, and what they print and do.

mod program;

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wamp_client::{App, Client, MatchPolicy, Running};
use wamp_proto::Pattern;
use wamp_router::history::{History, HistoryRule};
use wamp_router::realm::RealmOptions;
use wamp_router::{Router, Server};

use crate::program::Program;

/// Awaits something that must happen.
async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(Duration::from_secs(30), event).await.expect("it happens before the deadline")
}

async fn serve() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the address is free");
    Router::builder().realm("realm1").build().serve(listener, axum::Router::new())
}

/// A router that keeps orders, over restarts.
async fn serve_history(address: SocketAddr, folder: &Path) -> Server {
    let kept = Pattern::parse(MatchPolicy::Exact, "com.example.order").expect("it is a topic");
    let history = History::sqlite([HistoryRule::new(kept)], folder.join("history.sqlite")).expect("there is room");
    let options = RealmOptions { history: Some(history), ..RealmOptions::default() };
    let listener = TcpListener::bind(address).await.expect("the address is free");
    Router::builder().realm_with("realm1", options).build().serve(listener, axum::Router::new())
}

/// A program of the test's own.
async fn join(router: SocketAddr) -> (Running, Client) {
    let running = within(App::new(format!("ws://{router}/ws")).start()).await.expect("it starts");
    let client = running.client().clone();
    (running, client)
}

/// What arrives on a topic from now on.
async fn listen(client: &Client, topic: &'static str) -> mpsc::UnboundedReceiver<i64> {
    let (sender, events) = mpsc::unbounded_channel();
    let on_event = move |value: i64| {
        // The test may have seen enough.
        let _ = sender.send(value);
        async {}
    };
    client.subscribe(topic, on_event).await.expect("it is subscribed");
    events
}

/// Waits until a procedure is registered.
async fn registered(client: &Client, procedure: &str) {
    within(async {
        while client.meta().registrations().matching(procedure).await.expect("it is answered").is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits until so many sessions are subscribed to a topic.
async fn subscribed(client: &Client, topic: &str, sessions: u64) {
    within(async {
        loop {
            let mut count = 0;
            for subscription in client.meta().subscriptions().matching(topic).await.expect("it is answered") {
                count += client.meta().subscriptions().count_subscribers(subscription).await.unwrap_or_default();
            }
            if count >= sessions {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn hello_answers_call_and_hears_of_it() {
    let server = serve().await;
    let (_running, client) = join(server.local_addr()).await;
    let mut hello = Program::start(server.local_addr(), "hello", &[]);
    registered(&client, "com.example.add").await;

    let mut call = Program::start(server.local_addr(), "call", &[]);
    assert_eq!(call.line().await, "2 + 3 = 5");
    assert_eq!(hello.line().await, "received the sum is 5");
    assert!(call.ends().await.success());
}

#[cfg(unix)]
#[tokio::test]
async fn hello_leaves_when_it_is_told_to_end() {
    let server = serve().await;
    let (_running, client) = join(server.local_addr()).await;
    let hello = Program::start(server.local_addr(), "hello", &[]);
    registered(&client, "com.example.add").await;
    assert!(hello.terminate().await.success());
    let gone = client.meta().registrations().matching("com.example.add").await.expect("it is answered");
    assert_eq!(gone, None);
}

#[tokio::test]
async fn pubsub_hears_others_and_not_itself() {
    let server = serve().await;
    let mut anna = Program::start(server.local_addr(), "pubsub", &["Anna"]);
    let mut bert = Program::start(server.local_addr(), "pubsub", &["Bert"]);
    assert!(anna.line().await.ends_with(" of Bert"));
    assert!(bert.line().await.ends_with(" of Anna"));
    assert!(bert.line().await.ends_with(" of Anna"));
}

#[tokio::test]
async fn chat_tells_what_others_say_and_that_they_have_left() {
    let server = serve().await;
    let mut anna = Program::start(server.local_addr(), "chat", &["Anna"]);
    assert_eq!(anna.line().await, "welcome, Anna");
    let mut bert = Program::start(server.local_addr(), "chat", &["Bert"]);
    anna.prints("(Bert is here)").await;

    anna.enter("hello, Bert").await;
    bert.prints("Anna: hello, Bert").await;
    bert.enter("hello, Anna").await;
    assert_eq!(anna.line().await, "Bert: hello, Anna");

    assert!(bert.ends().await.success());
    assert_eq!(anna.line().await, "(Bert has left)");
    let carl = Program::start(server.local_addr(), "chat", &["Carl"]);
    anna.prints("(Carl is here)").await;
    // Cut off, so the router says it for him.
    carl.kill().await;
    assert_eq!(anna.line().await, "(Carl has left)");
}

#[tokio::test]
async fn download_brings_a_file_in_parts() {
    let server = serve().await;
    let (_running, client) = join(server.local_addr()).await;
    let folder = tempfile::tempdir().expect("there is room");
    let (original, copy) = (folder.path().join("original"), folder.path().join("copy"));
    let content: Vec<u8> = (0..200_000_u32).map(|index| (index % 251) as u8).collect();
    std::fs::write(&original, &content).expect("there is room");

    let _offer = Program::start(server.local_addr(), "download", &["offer", &original.to_string_lossy()]);
    registered(&client, "com.example.download").await;
    let mut fetch = Program::start(server.local_addr(), "download", &["fetch", &copy.to_string_lossy()]);
    assert_eq!(fetch.line().await, "65536 bytes so far");
    fetch.prints("200000 bytes so far").await;
    assert!(fetch.line().await.starts_with("all 200000 bytes are in "));
    assert!(fetch.ends().await.success());
    assert_eq!(std::fs::read(&copy).expect("it was written"), content);
}

#[tokio::test]
async fn watch_prints_what_matches() {
    let server = serve().await;
    let (_running, client) = join(server.local_addr()).await;
    let mut watch = Program::start(server.local_addr(), "watch", &[]);
    subscribed(&client, "com.example.machine.attic.status", 2).await;

    client.publish("com.other").arg("unseen").await.expect("it is sent");
    let publication = client.publish("com.example.note").arg("seen").arg(1).acknowledge().await.expect("it is sent");
    assert_eq!(watch.line().await, format!("com.example.note [\"seen\",1] [{publication}]"));
    client.publish("com.example.machine.attic.status").arg("online").await.expect("it is sent");
    watch.prints("machine attic is online").await;
}

#[tokio::test]
async fn counter_counts_and_says_so() {
    let server = serve().await;
    let (_running, client) = join(server.local_addr()).await;
    let mut moved = listen(&client, "com.example.counter.red.moved").await;
    let _counter = Program::start(server.local_addr(), "counter", &[]);
    registered(&client, "com.example.counter.red.add").await;
    registered(&client, "com.example.counter.blue.get").await;

    let add = || client.call::<i64>("com.example.counter.red.add");
    assert_eq!(add().await.expect("it is answered"), 1);
    assert_eq!(add().arg(-5).await.expect("it is answered"), -4);
    assert_eq!((within(moved.recv()).await, within(moved.recv()).await), (Some(1), Some(-4)));
    let blue = client.call::<i64>("com.example.counter.blue.get");
    assert_eq!(blue.await.expect("it is answered"), 0);
    let error = add().arg(i64::MIN).await.expect_err("it is too much");
    assert_eq!(error.wamp_uri(), Some("com.example.counter.error.overflow"));
    assert_eq!(error.wamp().and_then(|error| error.kwarg_as("step")), Some(i64::MIN));
}

#[tokio::test]
async fn workers_share_the_work() {
    let server = serve().await;
    let (_running, client) = join(server.local_addr()).await;
    let _anna = Program::start(server.local_addr(), "workers", &["work", "Anna"]);
    let _bert = Program::start(server.local_addr(), "workers", &["work", "Bert"]);
    registered(&client, "com.example.square").await;
    let registrations = client.meta().registrations();
    let registration =
        registrations.matching("com.example.square").await.expect("it is answered").expect("it is there");
    within(async { while registrations.count_callees(registration).await.expect("it is answered") < 2 {} }).await;

    let mut ask = Program::start(server.local_addr(), "workers", &["ask", "10"]);
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(ask.line().await);
    }
    assert!(answers.iter().any(|answer| answer.starts_with("7 * 7 = 49, says ")), "{answers:?}");
    for worker in ["Anna", "Bert"] {
        assert_eq!(answers.iter().filter(|answer| answer.ends_with(worker)).count(), 5, "{answers:?}");
    }
    assert!(ask.ends().await.success());
}

#[tokio::test]
async fn in_process_needs_no_socket() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut program = Program::start(nowhere, "in_process", &[]);
    assert_eq!(program.line().await, "2 + 3 = 5");
    assert!(program.ends().await.success());
}

#[tokio::test]
async fn calculator_is_the_same_on_both_sides() {
    let server = serve().await;
    let (_running, client) = join(server.local_addr()).await;
    let _serve = Program::start(server.local_addr(), "calculator", &["serve"]);
    let mut listen = Program::start(server.local_addr(), "calculator", &["listen"]);
    registered(&client, "com.example.calculator.divide").await;
    subscribed(&client, "com.example.calculator.divided", 1).await;

    let mut divide = Program::start(server.local_addr(), "calculator", &["divide", "7", "2"]);
    assert_eq!(divide.line().await, "7 / 2 = 3");
    assert_eq!(listen.line().await, "7 / 2 was found to be 3");
    assert!(divide.ends().await.success());
    let mut divide = Program::start(server.local_addr(), "calculator", &["divide", "7", "0"]);
    assert_eq!(divide.line().await, "7 / 0 is nothing");
    assert!(divide.ends().await.success());
}

#[tokio::test]
async fn orders_survive_a_restart_of_the_router() {
    let folder = tempfile::tempdir().expect("there is room");
    let server = serve_history("127.0.0.1:0".parse().expect("it is an address"), folder.path()).await;
    let address = server.local_addr();
    let (running, client) = join(address).await;
    let mut take = Program::start(address, "orders", &["take"]);
    subscribed(&client, "com.example.order", 1).await;
    within(running.stop()).await.expect("nothing is running");
    let mut place = Program::start(address, "orders", &["place"]);
    place.enter("tea").await;
    assert_eq!(place.line().await, "placed tea");
    assert_eq!(take.line().await, "taking tea");

    within(server.shutdown()).await;
    place.enter("milk").await;
    let _server = serve_history(address, folder.path()).await;
    assert_eq!(place.line().await, "placed milk");
    let mut lines = [take.line().await, take.line().await];
    // Whichever of the two programs is back first.
    lines.sort();
    assert_eq!(lines, ["nothing was missed", "taking milk"]);
    assert!(place.ends().await.success());
}

#[tokio::test]
async fn settings_reach_a_machine_that_comes_later_and_one_that_runs() {
    let server = serve().await;
    let (_running, client) = join(server.local_addr()).await;
    let mut set = Program::start(server.local_addr(), "settings", &["set", "attic", "20"]);
    assert_eq!(set.line().await, "attic measures every 20 ms");
    assert!(set.ends().await.success());

    let mut measured = listen(&client, "com.example.measured").await;
    let mut machine = Program::start(server.local_addr(), "settings", &["run", "attic"]);
    assert_eq!(machine.line().await, "every 20 ms from now on");
    assert_eq!((within(measured.recv()).await, within(measured.recv()).await), (Some(42), Some(42)));

    let set = Program::start(server.local_addr(), "settings", &["set", "attic", "50"]);
    assert!(set.ends().await.success());
    assert_eq!(machine.line().await, "every 50 ms from now on");
}
