//! What is encoded is what is decoded: in each serializer, and from each into each other.

mod common;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};

use common::{Parts, parts, payload_values, payloads, serializers, values};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, SeqAccess, Visitor};
use wamp_proto::message::options::{EventDetails, InvocationDetails, PublishOptions, ResultDetails};
use wamp_proto::message::{
    Bare, CallResult, Event, EventOpening, Invocation, Message, PlainEvent, Publish, PublishOpening,
};
use wamp_proto::{
    OwnedPayload, Payload, PublicationId, RegistrationId, RequestId, Serializer, SubscriptionId, Value, from_slice,
    to_vec,
};

proptest! {
    #[test]
    fn values_survive_each_serializer(value in values(), serializer in serializers()) {
        let bytes = to_vec(serializer, &value).expect("a value can be encoded");
        prop_assert_eq!(from_slice::<Value>(serializer, &bytes).expect("what was encoded"), value);
    }

    /// But for the last digit of floats, where serde_json is content with being near.
    #[test]
    fn json_agrees_with_serde_json(value in values()) {
        let ours = to_vec(Serializer::Json, &value).expect("a value can be encoded");
        let theirs: serde_json::Value = serde_json::from_slice(&ours).expect("JSON");
        let back = to_vec(Serializer::Json, &theirs).expect("JSON");
        let back: Value = from_slice(Serializer::Json, &back).expect("JSON");
        prop_assert_eq!(comparable(back), comparable(value));
    }

    /// Every type of message, with its payload in any serializer, through two other serializers in turn.
    #[test]
    fn messages_survive_each_serializer_and_transcoding(
        parts in parts(),
        first in serializers(),
        second in serializers(),
    ) {
        for message in parts.messages() {
            let mut frame = Vec::new();
            first.encode(&message, &mut frame);
            let decoded = first.decode(&frame).expect("what was encoded");
            prop_assert_eq!(decoded.name(), message.name());
            if let Ok(text) = str::from_utf8(&frame) {
                prop_assert_eq!(&first.decode_text(text).expect("what was encoded"), &decoded);
            }
            prop_assert_eq!(payload_values(&decoded), payload_values(&message));

            let mut again = Vec::new();
            second.encode(&decoded, &mut again);
            let transcoded = second.decode(&again).expect("what was encoded");
            prop_assert_eq!(payload_values(&transcoded), payload_values(&message));

            // Back in the first serializer, byte for byte: nothing was lost on the way.
            let mut back = Vec::new();
            first.encode(&transcoded, &mut back);
            prop_assert_eq!(first.decode(&back).expect("what was encoded"), decoded);
            prop_assert_eq!(back, frame, "{}", message.name());
        }
    }

    /// Whatever serializer the payload is in, and whichever parts of it are there.
    #[test]
    fn bare_messages_are_encoded_as_all_messages_are(
        (first, second) in (short_or_long_ids(), short_or_long_ids()),
        payload in payloads(),
        (with_args, with_kwargs) in any::<(bool, bool)>(),
        topic in any::<String>(),
        serializer in serializers(),
    ) {
        let payload = payload.as_payload();
        let (args, kwargs) = (payload.args().filter(|_| with_args), payload.kwargs().filter(|_| with_kwargs));
        let payload = Payload::new(payload.serializer(), args, kwargs).expect("it was one before");
        let request = RequestId::known(first);
        let (subscription, publication) = (SubscriptionId::known(first), PublicationId::known(second));
        let registration = RegistrationId::known(second);
        let details = EventDetails::default();
        let event = Message::Event(Event { subscription, publication, details, payload });
        let details = EventDetails { topic: Some(Cow::Borrowed(&topic)), ..EventDetails::default() };
        let event_with_topic = Message::Event(Event { subscription, publication, details, payload });
        let details = InvocationDetails::default();
        let invocation = Message::Invocation(Invocation { request, registration, details, payload });
        let result = Message::Result(CallResult { request, details: ResultDetails::default(), payload });
        let options = PublishOptions::default();
        let publish = Message::Publish(Publish { request, options, topic: Cow::Borrowed(&topic), payload });
        for (message, bare) in [
            (event.clone(), Bare::event(subscription, publication, payload)),
            (invocation, Bare::invocation(request, registration, payload)),
            (result, Bare::result(request, payload)),
            (publish, Bare::publish(request, &topic, payload)),
        ] {
            prop_assert_eq!(bare.code(), message.code());
            let (mut expected, mut found) = (b"before".to_vec(), b"before".to_vec());
            serializer.encode(&message, &mut expected);
            serializer.encode_bare(&bare, &mut found);
            prop_assert_eq!(&found, &expected, "{}", message.name());
        }
        let opening = EventOpening::new(serializer, subscription);
        let (mut expected, mut found) = (b"before".to_vec(), b"before".to_vec());
        serializer.encode(&event, &mut expected);
        opening.encode::<0>(publication, &payload, &mut found);
        prop_assert_eq!(found, expected);
        let (mut expected, mut found) = (b"before".to_vec(), b"before".to_vec());
        expected.extend([0; 4]);
        serializer.encode(&event, &mut expected);
        opening.encode::<4>(publication, &payload, &mut found);
        prop_assert_eq!(found, expected);
        let (mut expected, mut found) = (b"before".to_vec(), b"before".to_vec());
        serializer.encode(&event_with_topic, &mut expected);
        opening.encode_with_topic(publication, &topic, &payload, &mut found);
        prop_assert_eq!(found, expected);
    }

    /// And one that is damaged so as it would be decoded, or not at all.
    #[test]
    fn a_publication_is_read_by_the_opening_of_another_as_it_is_decoded(
        parts in parts(),
        other in parts(),
        serializer in serializers(),
        damage in vec((any::<Index>(), any::<u8>()), 0..3),
    ) {
        let (first, second) = (publish(&parts).expect("a PUBLISH"), publish(&other).expect("a PUBLISH"));
        let encoded = |publish: Publish<'_>| {
            let mut frame = Vec::new();
            serializer.encode(&Message::Publish(publish), &mut frame);
            frame
        };
        let opening = PublishOpening::new(serializer, &encoded(first.clone())).expect("all of ours have one");
        let again = encoded(Publish { request: second.request, payload: second.payload, ..first.clone() });
        let of_as_many_parts = encoded(Publish { request: second.request, ..first.clone() });
        prop_assert!(opening.read(&of_as_many_parts).is_some());
        for mut frame in [of_as_many_parts, again, encoded(second)] {
            for (at, byte) in &damage {
                let at = at.index(frame.len());
                frame[at] = *byte;
            }
            let Some((request, payload)) = opening.read(&frame) else { continue };
            let read = Publish { request, payload, ..first.clone() };
            prop_assert_eq!(serializer.decode(&frame), Ok(Message::Publish(read)));
            if let Ok(text) = str::from_utf8(&frame) {
                prop_assert_eq!(opening.read_text(text), Some((request, payload)));
            }
        }
    }

    /// And one that is damaged so as it would be decoded, or not at all.
    #[test]
    fn a_plain_event_is_read_as_it_is_decoded(
        parts in parts(),
        serializer in serializers(),
        damage in vec((any::<Index>(), any::<u8>()), 0..3),
    ) {
        for message in parts.messages() {
            let mut frame = Vec::new();
            serializer.encode(&message, &mut frame);
            let is_plain = matches!(&message, Message::Event(event) if event.details == EventDetails::default());
            prop_assert_eq!(PlainEvent::read(serializer, &frame).is_some(), is_plain);
            for (at, byte) in &damage {
                let at = at.index(frame.len());
                frame[at] = *byte;
            }
            let Some(PlainEvent { subscription, publication, payload }) = PlainEvent::read(serializer, &frame) else {
                continue;
            };
            let read = Event { subscription, publication, details: EventDetails::default(), payload };
            prop_assert_eq!(serializer.decode(&frame), Ok(Message::Event(read)));
            let kept = payload.placed_in(&frame).keep(frame.clone().into());
            prop_assert_eq!(kept.as_payload(), payload);
        }
    }

    #[test]
    fn a_payload_of_the_same_serializer_is_spliced_through(parts in parts()) {
        for message in parts.messages() {
            let serializer = parts.payload.as_payload().serializer();
            let mut frame = Vec::new();
            serializer.encode(&message, &mut frame);
            if let (Some(args), true) = (parts.payload.as_payload().args(), payload_values(&message).0.is_some()) {
                prop_assert!(frame.windows(args.len()).any(|window| window == args));
            }
        }
    }
}

fn publish(parts: &Parts) -> Option<Publish<'_>> {
    parts.messages().into_iter().find_map(|message| match message {
        Message::Publish(publish) => Some(publish),
        _ => None,
    })
}

/// Ids of any number of digits.
fn short_or_long_ids() -> impl Strategy<Value = u64> {
    (0..54u32).prop_flat_map(|bits| 1..=1u64 << bits)
}

/// Without floats, and with dicts in order.
fn comparable(value: Value) -> Value {
    match value {
        Value::Float(_) => Value::Null,
        Value::List(values) => Value::List(values.into_iter().map(comparable).collect()),
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (key, comparable(value))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Map(entries)
        }
        scalar => scalar,
    }
}

/// Reads nothing of what it is made from.
#[derive(Debug)]
struct Indifferent;

impl<'de> Deserialize<'de> for Indifferent {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

/// Reads the first item of a list only.
#[derive(Debug)]
struct First;

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;

        impl<'de> Visitor<'de> for One {
            type Value = First;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<First, A::Error> {
                items.next_element::<Value>().map(|_| First)
            }
        }
        deserializer.deserialize_seq(One)
    }
}

/// Takes all arguments, each as `T`, and compares with what each is by itself.
fn arguments_as<T: DeserializeOwned + Debug>(payload: &OwnedPayload) {
    let mut taken = payload.as_payload().args_reader();
    let mut raw = payload.as_payload().args_reader();
    loop {
        let alone = raw
            .take_raw()
            .expect("a payload that was made here")
            .map(|bytes| from_slice::<T>(payload.as_payload().serializer(), bytes));
        let is_over = alone.is_none();
        assert_eq!(format!("{:?}", taken.take::<T>()), format!("{:?}", alone.transpose()));
        assert_eq!(taken.position(), raw.position());
        if is_over {
            return;
        }
    }
}

proptest! {
    #[test]
    fn an_argument_is_taken_as_what_it_is_by_itself(payload in payloads()) {
        arguments_as::<Value>(&payload);
        arguments_as::<bool>(&payload);
        arguments_as::<u8>(&payload);
        arguments_as::<i64>(&payload);
        arguments_as::<f64>(&payload);
        arguments_as::<String>(&payload);
        arguments_as::<Option<String>>(&payload);
        arguments_as::<Vec<Value>>(&payload);
        arguments_as::<(Value, i64)>(&payload);
        arguments_as::<BTreeMap<String, Value>>(&payload);
        arguments_as::<IgnoredAny>(&payload);
        arguments_as::<Indifferent>(&payload);
        arguments_as::<First>(&payload);
    }
}
