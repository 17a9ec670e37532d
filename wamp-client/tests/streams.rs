//! Procedures that return streams, against the real router.
//! Specification: "Progressive Call Results" (advanced profile).

mod codecs;
mod peer;
mod real;

use codecs::Secret;
use futures_util::{Stream, StreamExt, stream};
use real::{World, within};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use wamp_client::{App, Part, Serializer, State, Value, WampError, handlers, register, subscribe};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    number: u64,
    text: String,
}

fn line(number: u64) -> Line {
    Line { number, text: format!("line {number}") }
}

#[register("com.example.lines")]
async fn lines(to: u64) -> impl Stream<Item = Line> {
    stream::iter((1..=to).map(line))
}

#[register("com.example.checked")]
async fn checked(to: u64) -> Result<impl Stream<Item = Result<u64, WampError>>, WampError> {
    if to > 10 {
        return Err(WampError::invalid_argument("too many"));
    }
    Ok(stream::iter(1..=to).map(|number| match number {
        3 => Err(WampError::new("com.example.error.three").arg("there is no 3")),
        number => Ok(number),
    }))
}

#[register("com.example.units")]
async fn units() -> impl Stream<Item = ()> {
    stream::iter([(), ()])
}

#[register("com.example.much")]
async fn much() -> impl Stream<Item = String> {
    stream::repeat("x".repeat(1 << 20))
}

fn callee(world: &World) -> App {
    let squares = |to: u64| async move { stream::iter((1..=to).map(|number| number * number)) };
    world
        .app()
        .codec(Secret::new("blue"))
        .mount(handlers![lines, checked, units, much])
        .register("com.example.squares", squares)
}

#[tokio::test]
async fn items_are_parts_for_a_caller_who_asks_for_them() {
    let world = World::start().await;
    for serializer in Serializer::ALL {
        let (callee, _) = world.run(callee(&world).serializer(serializer)).await;
        let (_caller, client) = world.run(world.app()).await;
        let parts = client.call::<()>("com.example.lines").arg(3).progressive::<Line>();
        let parts: Vec<_> = within(parts.map(|part| part.expect("it is a part")).collect()).await;
        let expected = [1, 2, 3].map(|number| Part::Progress(line(number)));
        assert_eq!(parts[..3], expected, "{serializer}");
        assert_eq!(parts[3..], [Part::Result(())], "the last result is empty");
        within(callee.stop()).await.expect("it ends in good order");
    }
}

#[tokio::test]
async fn items_are_a_list_for_any_other_caller() {
    let world = World::start().await;
    for serializer in Serializer::ALL {
        let (callee, _) = world.run(callee(&world).serializer(serializer)).await;
        let (_caller, client) = world.run(world.app()).await;
        let all: Vec<Line> = within(client.call("com.example.lines").arg(3)).await.expect("it is answered");
        assert_eq!(all, [1, 2, 3].map(line), "{serializer}");
        let none: Vec<Line> = within(client.call("com.example.lines").arg(0)).await.expect("it is answered");
        assert_eq!(none, []);
        let squares: Vec<u64> = within(client.call("com.example.squares").arg(4)).await.expect("it is answered");
        assert_eq!(squares, [1, 4, 9, 16]);
        let units: Vec<Value> = within(client.call("com.example.units")).await.expect("it is answered");
        assert_eq!(units, [Value::Null, Value::Null]);
        within(callee.stop()).await.expect("it ends in good order");
    }
}

#[tokio::test]
async fn an_item_that_is_an_error_is_the_answer() {
    let world = World::start().await;
    let (_callee, _) = world.run(callee(&world)).await;
    let (_caller, client) = world.run(world.app()).await;
    let two: Vec<u64> = within(client.call("com.example.checked").arg(2)).await.expect("it is answered");
    assert_eq!(two, [1, 2]);
    let error = within(client.call::<Vec<u64>>("com.example.checked").arg(4)).await.expect_err("3 fails");
    assert_eq!(error.wamp_uri(), Some("com.example.error.three"));
    let parts: Vec<_> = within(client.call::<()>("com.example.checked").arg(4).progressive::<u64>().collect()).await;
    let [Ok(Part::Progress(1)), Ok(Part::Progress(2)), Err(error)] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!(error.wamp_uri(), Some("com.example.error.three"));
    let error = within(client.call::<Vec<u64>>("com.example.checked").arg(11)).await.expect_err("it is too much");
    assert_eq!(error.wamp_uri(), Some("wamp.error.invalid_argument"), "it failed before it had a stream");
}

#[tokio::test]
async fn a_stream_without_end_does_not_fill_the_memory() {
    let world = World::start().await;
    let (_callee, _) = world.run(callee(&world)).await;
    let (_caller, client) = world.run(world.app()).await;
    let error = within(client.call::<Vec<String>>("com.example.much")).await.expect_err("it has no end");
    assert_eq!(error.wamp_uri(), Some("wamp.error.payload_size_exceeded"));
}

type Words = mpsc::UnboundedSender<&'static str>;

struct Life(Words);

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

#[register("com.example.endless")]
async fn endless(State(lives): State<Words>) -> impl Stream<Item = u64> {
    let life = Life(lives.as_ref().clone());
    stream::unfold((0, life), |(number, life)| async move {
        if number == 2 {
            std::future::pending::<()>().await;
        }
        Some((number, (number + 1, life)))
    })
}

#[tokio::test]
async fn a_caller_who_gives_up_ends_the_stream() {
    let world = World::start().await;
    let (lives, mut life) = mpsc::unbounded_channel();
    let (_callee, _) = world.run(world.app().state(lives).mount(handlers![endless])).await;
    let (_caller, client) = world.run(world.app()).await;
    let mut parts = client.call::<()>("com.example.endless").progressive::<u64>();
    for number in 0..2 {
        assert!(matches!(within(parts.next()).await, Some(Ok(Part::Progress(part))) if part == number));
    }
    assert!(life.try_recv().is_err(), "it is running");
    drop(parts);
    assert_eq!(within(life.recv()).await, Some("dropped"));
}

#[tokio::test]
async fn parts_of_a_stream_are_encoded_like_the_call() {
    let world = World::start().await;
    let (_callee, _) = world.run(callee(&world)).await;
    let (_caller, client) = world.run(world.app()).await;
    let call = client.call_raw("com.example.squares").arg(2).passthru(Secret::new("blue"));
    let parts: Vec<_> = within(call.progressive_raw().collect()).await;
    assert_eq!(parts.len(), 3);
    for part in parts {
        let (Part::Progress(result) | Part::Result(result)) = part.expect("it is decoded");
        assert_eq!(result.passthru().and_then(|passthru| passthru.keyid.as_deref()), Some("blue"));
    }
    let call = client.call::<Vec<u64>>("com.example.squares").arg(2).passthru(Secret::new("blue"));
    assert_eq!(within(call).await.expect("it is answered"), [1, 4]);
}

#[subscribe("com.example.go")]
async fn on_go(State(lives): State<Words>) -> impl Stream<Item = ()> {
    let lives = lives.as_ref().clone();
    stream::iter(["one", "two"]).map(move |word| lives.send(word).expect("the test listens"))
}

#[tokio::test]
async fn for_an_event_a_stream_is_run_to_its_end() {
    let (app, mut peer) = peer::app();
    let (lives, mut words) = mpsc::unbounded_channel();
    let starting = tokio::spawn(app.state(lives).mount(handlers![on_go]).start());
    let mut connection = peer.join().await;
    connection.attach("com.example.go", 11).await;
    let _running = within(starting).await.expect("it does not panic").expect("it starts");
    connection.event(11, json!([])).await;
    assert_eq!(within(words.recv()).await, Some("one"));
    assert_eq!(within(words.recv()).await, Some("two"));
}
