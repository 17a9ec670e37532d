//! Frames no honest peer sends: refused with an error that names what is wrong, never a panic, never memory that the
//! frame's own size does not justify.

mod common;

use common::{parts, serializers};
use proptest::collection::vec;
use proptest::prelude::*;
use wamp_proto::{DecodeErrorKind, MAX_DEPTH, Serializer, Value, from_slice};

fn error(serializer: Serializer, frame: &[u8]) -> wamp_proto::DecodeError {
    serializer.decode(frame).expect_err("a frame against the rules")
}

fn json_error(frame: &str) -> String {
    error(Serializer::Json, frame.as_bytes()).to_string()
}

proptest! {
    #[test]
    fn garbage_never_panics(serializer in serializers(), bytes in vec(any::<u8>(), 0..300)) {
        let _ = serializer.decode(&bytes);
        let _ = from_slice::<Value>(serializer, &bytes);
    }

    #[test]
    fn json_like_garbage_never_panics(text in r#"[\[\]{}",:\\u0-9eE.tfnrulsa +\-]{0,80}"#) {
        let ours = from_slice::<Value>(Serializer::Json, text.as_bytes());
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        // serde_json has a few opinions of its own: no lone surrogates, no floats beyond f64.
        if theirs.is_ok() {
            prop_assert!(ours.is_ok(), "{text}: {ours:?}");
        } else if ours.is_ok() {
            let reason = theirs.expect_err("checked").to_string();
            prop_assert!(reason.contains("surrogate") || reason.contains("hex escape") || reason.contains("out of range"), "{text}: {reason}");
        }
    }

    #[test]
    fn a_damaged_frame_never_panics_and_what_it_yields_can_be_encoded(
        parts in parts(),
        serializer in serializers(),
        target in serializers(),
        damage in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<proptest::sample::Index>(),
    ) {
        for message in parts.messages() {
            let mut frame = Vec::new();
            serializer.encode(&message, &mut frame);
            prop_assert!(serializer.decode(&frame[..cut.index(frame.len())]).is_err(), "a part of a frame is no frame");
            for (at, byte) in &damage {
                let at = at.index(frame.len());
                frame[at] = *byte;
            }
            if let Ok(decoded) = serializer.decode(&frame) {
                let mut out = Vec::new();
                target.encode(&decoded, &mut out);
                prop_assert!(target.decode(&out).is_ok());
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_in_each_serializer() {
    let lists = |depth: usize, open: &[u8], leaf: &[u8], close: &[u8]| {
        [open.repeat(depth), leaf.to_vec(), close.repeat(depth)].concat()
    };
    for (serializer, open, leaf, close) in [
        (Serializer::Json, &b"["[..], &b"1"[..], &b"]"[..]),
        (Serializer::MessagePack, &[0x91], &[1], &[]),
        (Serializer::Cbor, &[0x81], &[1], &[]),
        (Serializer::Cbor, &[0x9f], &[1], &[0xff]),
        (Serializer::Json, br#"{"a":"#, b"1", b"}"),
        (Serializer::MessagePack, &[0x81, 0xa1, b'a'], &[1], &[]),
        (Serializer::Cbor, &[0xa1, 0x61, b'a'], &[1], &[]),
    ] {
        assert!(from_slice::<Value>(serializer, &lists(MAX_DEPTH, open, leaf, close)).is_ok());
        for depth in [MAX_DEPTH + 1, 100_000] {
            let value = lists(depth, open, leaf, close);
            let refused = from_slice::<Value>(serializer, &value).expect_err("too deep");
            assert_eq!(refused.kind(), &DecodeErrorKind::TooDeep, "{serializer}");
        }
    }
    let frame = format!("[16,1,{{}},\"com.example\",[{}{}]]", "[".repeat(1000), "]".repeat(1000));
    assert_eq!(error(Serializer::Json, frame.as_bytes()).kind(), &DecodeErrorKind::TooDeep);
}

#[test]
fn tags_in_a_row_do_not_recurse() {
    let tagged = [vec![0xc1; 1_000_000], vec![1]].concat();
    assert_eq!(from_slice::<Value>(Serializer::Cbor, &tagged).ok(), Some(Value::Uint(1)));
}

#[test]
fn huge_declared_lengths_are_refused_before_anything_is_allocated() {
    let max = u32::MAX.to_be_bytes();
    let long = |head: u8, length: &[u8]| [&[head], length].concat();
    for (serializer, frame) in [
        (Serializer::MessagePack, long(0xdd, &max)),
        (Serializer::MessagePack, long(0xdf, &max)),
        (Serializer::MessagePack, long(0xdb, &max)),
        (Serializer::MessagePack, long(0xc6, &max)),
        (Serializer::MessagePack, long(0xc9, &[max.as_slice(), &[1]].concat())),
        (Serializer::Cbor, long(0x9b, &[0xff; 8])),
        (Serializer::Cbor, long(0xbb, &[0xff; 8])),
        (Serializer::Cbor, long(0x7b, &[0xff; 8])),
        (Serializer::Cbor, long(0x5b, &[0xff; 8])),
        (Serializer::Cbor, long(0x9a, &max)),
    ] {
        let refused = error(serializer, &frame);
        assert!(matches!(refused.kind(), DecodeErrorKind::LengthBeyondFrame { .. }), "{frame:02x?}: {refused}");
    }
}

#[test]
fn each_mistake_is_named_with_its_place() {
    for (frame, message) in [
        ("", "the frame ends inside a value (at byte 0)"),
        ("[16,1,{}", "the frame ends inside a value"),
        ("{}", "expected a list, as every WAMP message is one, found a dict"),
        ("[99]", "99 is no WAMP message type"),
        ("[\"16\"]", "expected a non-negative integer, found a string"),
        ("[16,1]", "PUBLISH.Options: the element is missing"),
        ("[16,1,{}]", "PUBLISH.Topic: the element is missing"),
        ("[16,1,[],\"a\"]", "PUBLISH.Options: expected a dict, found a list"),
        ("[16,1,{\"exclude_me\":1},\"a\"]", "PUBLISH.Options.exclude_me: expected a bool, found an integer"),
        (
            "[16,1,{\"eligible\":[1,\"x\"]},\"a\"]",
            "PUBLISH.Options.eligible: expected a non-negative integer, found a string",
        ),
        ("[16,9007199254740993,{},\"a\"]", "PUBLISH.Request: 9007199254740993 is no id"),
        ("[16,-1,{},\"a\"]", "PUBLISH.Request: expected a non-negative integer, found an integer"),
        ("[16,1,{},\"a\",{}]", "PUBLISH.Arguments: expected a list of arguments, found a dict"),
        ("[16,1,{},\"a\",[],[]]", "PUBLISH.Arguments: expected a dict of keyword arguments, found a list"),
        ("[16,1,{},\"a\",[],{},1]", "PUBLISH.end of the message: the message has more elements than its type defines"),
        ("[17,1,0]", "PUBLISHED.Publication: 0 is no id"),
        ("[16,1,{},\"a\"] 1", "bytes are left after the end of the value"),
        ("[16,1,{},\"a\",[1,]]", "a comma stands before the end of a list or dict"),
        ("[16,1,{},\"a\",[01]]", "expected a comma, or the end of the list or dict"),
        ("[16,1,{},\"a\",[\"\\x\"]]", "unknown escape in a string"),
        ("[16,1,{},\"a\",[\"\n\"]]", "a control character stands unescaped in a string"),
        ("[16,1,{},\"a\",[{1:2}]]", "expected a string as key"),
        ("[16,1,{},\"a\",[nul]]", "expected a JSON value"),
    ] {
        let refused = json_error(frame);
        assert!(refused.contains(message), "{frame}\n  has: {refused}\n  not: {message}");
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    assert_eq!(error(Serializer::Json, b"[16,1,{},\"a\",[\"\xff\"]]").kind(), &DecodeErrorKind::InvalidUtf8);
    assert_eq!(
        error(Serializer::MessagePack, b"\x95\x10\x01\x80\xa1a\x91\xa1\xff").kind(),
        &DecodeErrorKind::InvalidUtf8
    );
    assert_eq!(error(Serializer::Cbor, b"\x85\x10\x01\xa0\x61a\x81\x61\xff").kind(), &DecodeErrorKind::InvalidUtf8);
}
