//! What is encoded is what is decoded: in each serializer, and from each into each other.

mod common;

use common::{parts, payload_values, serializers, values};
use proptest::prelude::*;
use wamp_proto::{Serializer, Value, from_slice, to_vec};

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
