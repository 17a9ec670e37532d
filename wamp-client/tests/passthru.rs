//! Payloads in encodings of the program's own, against the real router.
//! Specification: "Payload Passthru Mode" (advanced profile).

mod codecs;
mod real;

use codecs::{KEYS, Mqtt, Secret};
use futures_util::{StreamExt, stream};
use real::{World, within};
use tokio::sync::mpsc;
use wamp_client::{
    App, Details, Error, ErrorKind, Part, Parts, Progress, Results, Serializer, Value, WampError, handlers, register,
};

/// What a handler learns of how its message was encoded.
fn keys(details: &Details) -> Option<[Option<String>; 4]> {
    let passthru = details.passthru.as_deref()?;
    let keys = [&passthru.scheme, &passthru.serializer, &passthru.cipher, &passthru.keyid];
    Some(keys.map(|key| key.as_deref().map(str::to_owned)))
}

fn secret(keyid: &str) -> Option<[Option<String>; 4]> {
    Some(["x_secret", "cbor", "x_toy", keyid].map(|key| Some(key.to_owned())))
}

#[register("com.example.divide")]
async fn divide(a: i64, b: i64, details: Details) -> Result<Results, WampError> {
    assert_eq!(keys(&details), secret("blue"));
    match a.checked_div(b) {
        Some(quotient) => Ok(Results::new().arg(quotient).kwarg("remainder", a % b)),
        None => Err(WampError::new("com.example.error.zero").arg("b is 0").kwarg("a", a)),
    }
}

#[register("com.example.sum")]
async fn sum(mut numbers: Parts<i64>, progress: Progress<i64>) -> Result<i64, WampError> {
    let mut sum = 0;
    while let Some(number) = numbers.next().await {
        sum += number?;
        progress.send(sum).await.map_err(WampError::runtime)?;
    }
    Ok(sum)
}

#[register("com.example.plain")]
async fn plain(details: Details) -> bool {
    details.passthru.is_none()
}

fn callee(world: &World) -> App {
    world.app().codec(Secret::new("blue")).mount(handlers![divide, sum, plain])
}

#[tokio::test]
async fn a_call_and_its_result_are_encoded_between_all_serializers() {
    let world = World::start().await;
    for serializer in Serializer::ALL {
        let (callee, _) = world.run(callee(&world).serializer(serializer)).await;
        for serializer in Serializer::ALL {
            let (caller, client) = world.run(world.app().serializer(serializer)).await;
            let call = client.call_raw("com.example.divide").arg(7).arg(2).passthru(Secret::new("blue"));
            let result = within(call).await.expect("it is answered");
            assert_eq!(result.arg::<i64>(0).expect("it is there"), 3);
            assert_eq!(result.kwarg::<i64>("remainder").expect("it is there"), 1);
            let passthru = result.passthru().expect("it was encoded");
            assert_eq!(passthru.scheme.as_deref(), Some("x_secret"));
            assert_eq!(passthru.keyid.as_deref(), Some("blue"));
            within(caller.stop()).await.expect("it ends in good order");
        }
        within(callee.stop()).await.expect("it ends in good order");
    }
}

#[tokio::test]
async fn a_plain_call_is_answered_in_plain_as_ever() {
    let world = World::start().await;
    let (_callee, _) = world.run(callee(&world)).await;
    let (_caller, client) = world.run(world.app()).await;
    let result = within(client.call_raw("com.example.plain")).await.expect("it is answered");
    assert!(result.arg::<bool>(0).expect("it is there"));
    assert!(result.passthru().is_none());
}

#[tokio::test]
async fn an_error_is_encoded_too_and_its_uri_is_not() {
    let world = World::start().await;
    let (_callee, _) = world.run(callee(&world)).await;
    let (_caller, client) = world.run(world.app()).await;
    let call = client.call::<()>("com.example.divide").arg(7).arg(0).passthru(Secret::new("blue"));
    let error = within(call).await.expect_err("it can't be divided");
    let error = error.wamp().expect("the callee answered");
    assert_eq!((error.uri(), error.message()), ("com.example.error.zero", Some("b is 0")));
    assert_eq!(error.kwarg_as::<i64>("a"), Some(7));
}

#[tokio::test]
async fn parts_are_encoded_both_ways() {
    let world = World::start().await;
    let (_callee, _) = world.run(callee(&world)).await;
    let (_caller, client) = world.run(world.app()).await;
    let call = client.call::<i64>("com.example.sum").arg(1).parts(stream::iter([2, 3])).passthru(Secret::new("blue"));
    let parts: Vec<_> = within(call.progressive::<i64>().collect()).await;
    let parts: Vec<_> = parts.into_iter().map(|part| part.expect("it is decoded")).collect();
    assert_eq!(parts, [Part::Progress(1), Part::Progress(3), Part::Progress(6), Part::Result(6)]);
}

#[tokio::test]
async fn an_event_is_encoded_and_a_retained_one_stays_so() {
    let world = World::start().await;
    let (_publisher, publisher) = world.run(world.app()).await;
    let publication = publisher.publish("com.example.topic").arg("a").kwarg("unit", "s").retain();
    within(publication.passthru(Secret::new("blue")).acknowledge()).await.expect("it is published");

    for serializer in Serializer::ALL {
        let (sender, mut events) = mpsc::unbounded_channel();
        let on_event = move |text: String, details: Details| {
            sender.send((text, keys(&details), details.retained)).expect("the test listens");
            async {}
        };
        let app = world.app().serializer(serializer).codec(Secret::new("blue"));
        let (subscriber, client) = world.run(app).await;
        within(client.subscribe("com.example.topic", on_event).get_retained(true)).await.expect("it is subscribed");
        assert_eq!(within(events.recv()).await, Some(("a".to_owned(), secret("blue"), true)));
        let publication = publisher.publish("com.example.topic").arg("b").passthru(Secret::new("blue"));
        within(publication).await.expect("it is sent");
        assert_eq!(within(events.recv()).await, Some(("b".to_owned(), secret("blue"), false)));
        within(subscriber.stop()).await.expect("it ends in good order");
    }
}

#[tokio::test]
async fn an_event_that_can_not_be_read_is_dropped_and_the_next_one_is_handled() {
    let world = World::start().await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let on_event = move |text: String| {
        sender.send(text).expect("the test listens");
        async {}
    };
    let app = world.app().codec(Secret::new("blue")).subscribe("com.example.topic", on_event);
    let (_subscriber, _) = world.run(app).await;
    let (_publisher, publisher) = world.run(world.app()).await;
    let publish = |text: &str| publisher.publish("com.example.topic").arg(text);
    within(publish("no codec").passthru(Mqtt::native())).await.expect("it is sent");
    within(publish("wrong key").passthru(Secret::new("red"))).await.expect("it is sent");
    within(publish("in plain")).await.expect("it is sent");
    within(publish("encoded").passthru(Secret::new("blue"))).await.expect("it is sent");
    assert_eq!(within(events.recv()).await.as_deref(), Some("in plain"));
    assert_eq!(within(events.recv()).await.as_deref(), Some("encoded"));
}

#[tokio::test]
async fn a_callee_without_the_codec_or_the_key_says_so() {
    let world = World::start().await;
    let (_callee, _) = world.run(callee(&world)).await;
    let (_caller, client) = world.run(world.app()).await;
    let call = client.call::<()>("com.example.plain").passthru(Mqtt::packed());
    let error = within(call).await.expect_err("it has no such codec");
    assert_eq!(error.wamp_uri(), Some("wamp.error.feature_not_supported"));
    assert!(error.to_string().contains("\"mqtt\""), "{error}");

    let call = client.call::<()>("com.example.plain").passthru(Secret::new("red"));
    let error = within(call).await.expect_err("it has no such key");
    assert_eq!(error.wamp_uri(), Some("wamp.error.invalid_argument"));
    assert!(!error.to_string().contains("red"), "why it can't be decoded is not told: {error}");
}

#[tokio::test]
async fn what_can_not_be_encoded_is_not_sent() {
    let world = World::start().await;
    let (_callee, _) = world.run(callee(&world)).await;
    let (_caller, client) = world.run(world.app()).await;
    let error = within(client.call::<()>("com.example.plain").passthru(Secret::new("none"))).await;
    let error = error.expect_err("there is no such key");
    assert!(matches!(&error, Error::Passthru { scheme, .. } if scheme == "x_secret"), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Codec);
    let error = within(client.publish("com.example.topic").passthru(Secret::new("none"))).await;
    assert!(matches!(error, Err(Error::Passthru { .. })), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_can_not_be_encoded_is_not_told() {
    let world = World::start().await;
    // It reads what is encoded with any key, but the one it answers with is gone.
    let app = callee(&world).codec(Secret::new("none").reading("blue"));
    let (_callee, _) = world.run(app).await;
    let (_caller, client) = world.run(world.app()).await;
    let call = client.call::<()>("com.example.divide").arg(7).arg(0).passthru(Secret::new("blue"));
    let error = within(call).await.expect_err("it can't answer");
    assert_eq!(error.wamp_uri(), Some("wamp.error.runtime_error"));
    assert!(!error.to_string().contains("b is 0"), "{error}");
}

#[tokio::test]
async fn payloads_of_another_system_go_through_as_they_are() {
    let world = World::start().await;
    for serializer in Serializer::ALL {
        let (sender, mut events) = mpsc::unbounded_channel();
        let on_event = move |bytes: Value, details: Details| {
            let serializer = details.passthru.as_ref().and_then(|passthru| passthru.serializer.clone());
            sender.send((bytes, serializer)).expect("the test listens");
            async {}
        };
        let app = world.app().serializer(serializer).codec(Mqtt::native());
        let (gateway, _) = world.run(app.subscribe("com.example.mqtt", on_event)).await;
        for (codec, expected) in [(Mqtt::native(), "native"), (Mqtt::packed(), "json")] {
            let message = Value::Bin(vec![0x30, 0xff, 0x00]);
            let (publishing, client) = world.run(world.app().serializer(serializer)).await;
            within(client.publish("com.example.mqtt").arg(&message).passthru(codec)).await.expect("it is sent");
            assert_eq!(within(events.recv()).await, Some((message, Some(expected.into()))), "{serializer}");
            within(publishing.stop()).await.expect("it ends in good order");
        }
        within(gateway.stop()).await.expect("it ends in good order");
    }
}

#[tokio::test]
async fn the_key_may_follow_from_the_uri_and_from_the_call() {
    let world = World::start().await;
    let app = world.app().codec(Secret::by_uri()).register("com.example.blue", || async { "kept" });
    let (_callee, _) = world.run(app).await;
    let (_caller, client) = world.run(world.app()).await;
    let result = within(client.call_raw("com.example.blue").passthru(Secret::by_uri())).await.expect("it is answered");
    assert_eq!(result.arg::<String>(0).expect("it is there"), "kept");
    assert_eq!(result.passthru().and_then(|passthru| passthru.keyid.as_deref()), Some("blue"));
    let error = within(client.call_raw("com.example.unknown").passthru(Secret::by_uri())).await;
    assert!(matches!(error, Err(Error::Passthru { .. })), "there is no key for it: {error:?}");
    assert!(KEYS.iter().all(|(name, _)| *name != "unknown"));
}
