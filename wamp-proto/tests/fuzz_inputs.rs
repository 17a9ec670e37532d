//! The inputs of the fuzz targets that are kept in fuzz/: those to begin with, and those that once went wrong.

#[allow(unreachable_pub, reason = "public in the crate it is shared with")]
#[path = "../../fuzz/src/codec.rs"]
mod codec;
#[allow(unreachable_pub, reason = "public in the crate it is shared with")]
#[path = "../../fuzz/src/inputs.rs"]
mod inputs;

use wamp_proto::Serializer;

#[test]
fn json() {
    inputs::replay("json", |input| codec::check(Serializer::Json, input));
}

#[test]
fn msgpack() {
    inputs::replay("msgpack", |input| codec::check(Serializer::MessagePack, input));
}

#[test]
fn cbor() {
    inputs::replay("cbor", |input| codec::check(Serializer::Cbor, input));
}

/// The messages to begin with are ones: else they would test nothing.
#[test]
fn each_message_in_the_corpus_can_be_decoded() {
    for (target, serializer) in
        [("json", Serializer::Json), ("msgpack", Serializer::MessagePack), ("cbor", Serializer::Cbor)]
    {
        let mut names = std::collections::BTreeSet::new();
        inputs::each("corpus", target, |input| {
            let message = serializer.decode(input).expect("a message");
            names.insert(message.name());
        });
        assert_eq!(names.len(), 24, "one of each type: {names:?}");
    }
}
