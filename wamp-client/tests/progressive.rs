//! Results and arguments in parts, against the real router.
//! Specification: "Progressive Call Results", "Progressive Call Invocations", "Call Canceling" (advanced profile).

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wamp_client::{
    App, Client, Error, ErrorKind, Part, Parts, Progress, Result, Running, Serializer, State, WampError, handlers,
    register,
};
use wamp_router::{Router, Server};

async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(Duration::from_secs(30), event).await.expect("it happens before the deadline")
}

async fn serve() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the address is free");
    Router::builder().realm("realm1").build().serve(listener, axum::Router::new())
}

fn app(address: SocketAddr) -> App {
    App::new(format!("ws://{address}/ws"))
}

async fn start(app: App) -> (Running, Client) {
    let running = within(app.start()).await.expect("it starts");
    let client = running.client().clone();
    (running, client)
}

#[register("com.example.count")]
async fn count(to: u64, progress: Progress<u64>) -> Result<String> {
    for number in 1..=to {
        progress.send(number).await?;
    }
    Ok(format!("{to} parts, {}", if progress.is_wanted() { "wanted" } else { "unwanted" }))
}

#[register("com.example.fail")]
async fn fail(progress: Progress<u64>) -> Result<(), WampError> {
    progress.send(1).await.map_err(WampError::runtime)?;
    Err(WampError::new("com.example.error.broken"))
}

#[register("com.example.sum")]
async fn sum(first: u64, mut numbers: Parts<u64>, progress: Progress<u64>) -> Result<u64, WampError> {
    let mut sum = first;
    while let Some(number) = numbers.next().await {
        sum += number?;
        progress.send(sum).await.map_err(WampError::runtime)?;
    }
    Ok(sum)
}

#[register("com.example.first")]
async fn first(mut lines: Parts<String>) -> Result<Option<String>, WampError> {
    lines.next().await.transpose()
}

type Lives = mpsc::UnboundedSender<&'static str>;

struct Life(Lives);

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

#[register("com.example.endless")]
async fn endless(State(lives): State<Lives>, progress: Progress<u64>) -> Result<()> {
    let _life = Life(lives.as_ref().clone());
    progress.send(1).await?;
    std::future::pending().await
}

fn callee_app(address: SocketAddr) -> App {
    app(address).mount(handlers![count, fail, sum, first])
}

async fn all<P, T>(parts: wamp_client::Progressive<P, T>) -> Vec<Result<Part<P, T>>> {
    within(parts.collect()).await
}

#[tokio::test]
async fn a_result_comes_in_parts_between_all_serializers() {
    let server = serve().await;
    for callee in Serializer::ALL {
        let (running, _) = start(callee_app(server.local_addr()).serializer(callee)).await;
        for caller in Serializer::ALL {
            let (calling, client) = start(app(server.local_addr()).serializer(caller)).await;
            let mut parts = client.call::<String>("com.example.count").arg(3).progressive::<u64>();
            for number in 1..=3 {
                let part = within(parts.next()).await.expect("there is more").expect("it is a part");
                assert_eq!(part, Part::Progress(number), "{callee} to {caller}");
            }
            let last = within(parts.next()).await.expect("there is more").expect("it is the result");
            assert_eq!(last, Part::Result("3 parts, wanted".to_owned()));
            assert!(within(parts.next()).await.is_none());
            within(calling.stop()).await.expect("it ends well");
        }
        within(running.stop()).await.expect("it ends well");
    }
}

#[tokio::test]
async fn only_the_result_comes_where_no_parts_are_asked_for() {
    let server = serve().await;
    let (_callee, _) = start(callee_app(server.local_addr())).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    let result: String = client.call("com.example.count").arg(3).await.expect("it is answered");
    assert_eq!(result, "3 parts, unwanted");
    let parts = client.call::<String>("com.example.count").arg(3).progressive::<u64>();
    assert_eq!(within(parts.result()).await.expect("it is answered"), "3 parts, wanted");
    let all = all(client.call_raw("com.example.count").arg(0).progressive_raw()).await;
    assert!(matches!(&all[..], [Ok(Part::Result(result))] if result.arg::<String>(0).is_ok()), "{all:?}");
}

#[tokio::test]
async fn an_error_ends_the_parts() {
    let server = serve().await;
    let (_callee, _) = start(callee_app(server.local_addr())).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    let all_of_it = all(client.call::<()>("com.example.fail").progressive::<u64>()).await;
    let [Ok(Part::Progress(1)), Err(error)] = &all_of_it[..] else { panic!("{all_of_it:?}") };
    assert_eq!(error.wamp_uri(), Some("com.example.error.broken"));

    let all_of_it = all(client.call::<String>("com.example.count").arg(5).progressive::<String>()).await;
    assert!(matches!(&all_of_it[..], [Err(Error::Decode { .. })]), "{all_of_it:?}");

    let all_of_it = all(client.call::<()>("com.example.nobody").progressive::<u64>()).await;
    let [Err(error)] = &all_of_it[..] else { panic!("{all_of_it:?}") };
    assert_eq!(error.wamp_uri(), Some("wamp.error.no_such_procedure"));
}

#[tokio::test]
async fn dropping_the_parts_interrupts_the_procedure() {
    let server = serve().await;
    let (lives, mut life) = mpsc::unbounded_channel();
    let (_callee, _) = start(app(server.local_addr()).state(lives).mount(handlers![endless])).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    let mut parts = client.call::<()>("com.example.endless").progressive::<u64>();
    assert!(matches!(within(parts.next()).await, Some(Ok(Part::Progress(1)))));
    assert!(life.try_recv().is_err(), "it is running");
    drop(parts);
    assert_eq!(within(life.recv()).await, Some("dropped"));
}

#[tokio::test]
async fn the_time_between_two_parts_is_limited() {
    let server = serve().await;
    let (lives, mut life) = mpsc::unbounded_channel();
    let (_callee, _) = start(app(server.local_addr()).state(lives).mount(handlers![endless])).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    let call = client.call::<()>("com.example.endless").timeout(Duration::from_millis(50));
    let all_of_it = all(call.progressive::<u64>()).await;
    let Some(Err(error)) = all_of_it.last() else { panic!("{all_of_it:?}") };
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(within(life.recv()).await, Some("dropped"));
}

#[tokio::test]
async fn parts_that_nobody_takes_do_not_fill_the_memory() {
    let server = serve().await;
    let (_callee, _) = start(callee_app(server.local_addr())).await;
    let (_caller, client) = start(app(server.local_addr()).event_queue(4)).await;
    let mut parts = client.call::<String>("com.example.count").arg(1000).progressive::<u64>();
    let mut error = None;
    while let Some(part) = within(parts.next()).await {
        // Everything else of this session goes on meanwhile.
        let _: String = within(client.call("com.example.count").arg(0)).await.expect("it is answered");
        error = part.err();
    }
    assert_eq!(error.expect("it was too slow").kind(), ErrorKind::TooSlow);
}

#[tokio::test]
async fn a_part_after_the_end_is_an_error() {
    let server = serve().await;
    let (sender, mut kept) = mpsc::unbounded_channel();
    let keep = move |progress: Progress<u64>| {
        sender.send(progress).expect("the test listens");
        async { 7 }
    };
    let (_callee, _) = start(app(server.local_addr()).register("com.example.keep", keep)).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    let parts = client.call::<u64>("com.example.keep").progressive::<u64>();
    assert_eq!(within(parts.result()).await.expect("it is answered"), 7);
    let progress = kept.recv().await.expect("it was kept");
    let error = within(progress.send(1)).await.expect_err("the call is over");
    assert_eq!(error.kind(), ErrorKind::Lost);
    assert!(Progress::unwanted().send(1).await.is_ok(), "without a caller there is nothing to do");
}

#[tokio::test]
async fn arguments_are_sent_in_parts_between_all_serializers() {
    let server = serve().await;
    for serializer in Serializer::ALL {
        let (running, _) = start(callee_app(server.local_addr()).serializer(serializer)).await;
        for serializer in Serializer::ALL {
            let (caller, client) = start(app(server.local_addr()).serializer(serializer)).await;
            let call = client.call::<u64>("com.example.sum").arg(1).arg(2).parts(stream::iter([3, 4, 5]));
            assert_eq!(within(call).await.expect("it is answered"), 15);
            // The callee takes a call without parts all the same.
            let call = client.call::<u64>("com.example.sum").arg(1).arg(2).arg(3);
            assert_eq!(within(call).await.expect("it is answered"), 6);
            within(caller.stop()).await.expect("it ends well");
        }
        within(running.stop()).await.expect("it ends well");
    }
}

#[tokio::test]
async fn parts_go_both_ways_at_once() {
    let server = serve().await;
    let (_callee, _) = start(callee_app(server.local_addr())).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    let (sender, mut receiver) = mpsc::channel(1);
    let numbers = stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let mut sums = client.call::<u64>("com.example.sum").arg(0).parts(numbers).progressive::<u64>();
    let mut expected = 0;
    for number in 1..=10 {
        // The next one is only sent when the sum of those before has come.
        sender.send(number).await.expect("the call takes it");
        expected += number;
        let sum = within(sums.next()).await.expect("there is more").expect("it is a part");
        assert_eq!(sum, Part::Progress(expected));
    }
    drop(sender);
    assert!(matches!(within(sums.next()).await, Some(Ok(Part::Result(55)))));
}

#[tokio::test]
async fn a_procedure_may_return_before_it_has_all_arguments() {
    let server = serve().await;
    let (_callee, _) = start(callee_app(server.local_addr())).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    for _ in 0..20 {
        let endless = stream::repeat("line");
        let line = within(client.call::<Option<String>>("com.example.first").parts(endless)).await;
        assert_eq!(line.expect("it is answered").as_deref(), Some("line"));
    }
    // Nothing of what came too late was taken for another call.
    let line: Option<String> = within(client.call("com.example.first")).await.expect("it is answered");
    assert_eq!(line, None);
}

#[tokio::test]
async fn an_argument_that_does_not_fit_is_an_error_in_its_place() {
    let server = serve().await;
    let (_callee, _) = start(callee_app(server.local_addr())).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    let call = client.call::<u64>("com.example.sum").arg(1).parts(stream::iter(["two"]));
    let error = within(call).await.expect_err("it is no number");
    assert_eq!(error.wamp_uri(), Some("wamp.error.invalid_argument"));
}

#[tokio::test]
async fn a_dropped_upload_interrupts_the_procedure() {
    let server = serve().await;
    let (lives, mut life) = mpsc::unbounded_channel();
    let take = move |mut parts: Parts<u64>| {
        let life = Life(lives.clone());
        async move {
            while let Some(part) = parts.next().await {
                part?;
                life.0.send("part").expect("the test listens");
            }
            Ok::<_, WampError>(())
        }
    };
    let (_callee, _) = start(app(server.local_addr()).register("com.example.take", take)).await;
    let (_caller, client) = start(app(server.local_addr())).await;
    let parts = stream::iter([1]).chain(stream::pending());
    let call = tokio::spawn(async move { client.call::<()>("com.example.take").parts(parts).await });
    assert_eq!(within(life.recv()).await, Some("part"));
    call.abort();
    assert_eq!(within(life.recv()).await, Some("dropped"));
}
