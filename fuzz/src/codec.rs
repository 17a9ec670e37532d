//! A frame is refused, or it means the same in each serializer.

use wamp_proto::message::{PublishOpening, Raw};
use wamp_proto::{DecodeErrorKind, Message, PayloadBuilder, Serializer, Value, from_slice, to_vec};

/// Checks `bytes` as a message and as a value.
pub fn check(serializer: Serializer, bytes: &[u8]) {
    if let Ok(message) = serializer.decode(bytes) {
        check_message(&message);
        check_opening(serializer, bytes, &message);
    }
    let value = from_slice::<Value>(serializer, bytes);
    let raw = Raw::new(serializer, bytes);
    assert_eq!(value.is_ok(), raw.is_ok(), "what is read past can be read: {value:?} {raw:?}");
    if let (Ok(value), Ok(raw)) = (value, raw) {
        check_value(&value, &raw);
    }
}

fn check_message(message: &Message<'_>) {
    let expected = meaning(message);
    for serializer in Serializer::ALL {
        let frame = encoded(serializer, message);
        let decoded = decode(serializer, &frame);
        assert_eq!(meaning(&decoded), expected, "{serializer} changes {message:?}");
        // What the first encoding had to give up (no NaN in JSON) is gone; the next ones lose nothing.
        let settled = encoded(serializer, &decoded);
        assert_eq!(encoded(serializer, &decode(serializer, &settled)), settled, "{message:?}");
    }
}

/// A publication is read by what it begins with as it is decoded.
fn check_opening(serializer: Serializer, frame: &[u8], message: &Message<'_>) {
    let Some(opening) = PublishOpening::new(serializer, frame) else { return };
    let Message::Publish(publish) = message else { panic!("the opening of a PUBLISH, and {message:?}") };
    assert_eq!(opening.read(frame), Some((publish.request, publish.payload)));
}

fn check_value(value: &Value, raw: &Raw<'_>) {
    let expected = canonical(value.clone());
    for serializer in Serializer::ALL {
        let bytes = to_vec(serializer, value).expect("a value has an encoding");
        let decoded: Value = from_slice(serializer, &bytes).expect("what was encoded can be decoded");
        assert_eq!(canonical(decoded), expected, "{serializer}");

        let mut builder = PayloadBuilder::new(serializer);
        builder.arg_raw(raw);
        let payload = builder.finish();
        let args = payload.as_payload().args().expect("one argument").to_vec();
        match from_slice::<Vec<Value>>(serializer, &args) {
            Ok(args) => assert_eq!(canonical(Value::List(args)), Value::List(vec![expected.clone()])),
            Err(error) => assert_eq!(error.kind(), &DecodeErrorKind::TooDeep, "the list around it is one level more"),
        }
    }
}

fn encoded(serializer: Serializer, message: &Message<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    serializer.encode(message, &mut frame);
    frame
}

fn decode(serializer: Serializer, frame: &[u8]) -> Message<'_> {
    serializer.decode(frame).unwrap_or_else(|error| panic!("{serializer} frame {frame:02x?}: {error}"))
}

/// The message as values, comparable whatever it came in.
fn meaning(message: &Message<'_>) -> Value {
    let json = encoded(Serializer::Json, message);
    let mut elements: Vec<Value> = from_slice(Serializer::Json, &json).expect("a message is a list of values");
    for element in &mut elements {
        if let Value::Map(entries) = element {
            entries.retain(|(_, value)| canonical(value.clone()) != Value::Null);
        }
    }
    canonical(Value::List(elements))
}

/// The value without what JSON has no place for: infinities, NaN, and strings that look like binary ones.
fn canonical(value: Value) -> Value {
    match value {
        Value::Float(value) if !value.is_finite() => Value::Null,
        Value::Str(text) if text.starts_with('\0') => {
            let json = to_vec(Serializer::Json, &text).expect("a string has an encoding");
            from_slice(Serializer::Json, &json).expect("what was encoded can be decoded")
        }
        Value::List(values) => Value::List(values.into_iter().map(canonical).collect()),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, canonical(value))).collect()),
        scalar => scalar,
    }
}
