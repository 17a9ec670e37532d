//! How much a sample takes on the wire.

use std::borrow::Cow;

use wamp_agent::{Figures, Load, Percent, Sample, Sender, Space};
use wamp_proto::{Message, PayloadBuilder, RequestId, Serializer, message::Publish, to_vec};

/// A machine at work: 8 cores, 3 mounts, 16 GiB of memory, 2 GiB of swap, some traffic.
fn figures() -> Figures {
    let space = |used, total| Space { used, total };
    let disk = |mount: &str, used, total| (mount.to_owned(), space(used, total));
    Figures {
        cpus: Some([3.0, 1.0, 0.0, 12.0, 45.0, 3.0, 100.0, 7.0].map(Percent::new).to_vec()),
        memory: Some(space(8_123_456_512, 16_777_216_000)),
        swap: Some(space(52_428_800, 2_147_479_552)),
        disks: Some(vec![
            disk("/", 12_413_231_104, 97_572_749_312),
            disk("/home", 198_402_711_552, 502_468_108_288),
            disk("/var", 21_003_567_104, 52_571_410_432),
        ]),
        net: Some([12_345, 123_456]),
        io: Some([4096, 1_234_567]),
        load: Some([0.52, 0.58, 0.59].map(Load::new)),
        uptime: Some(1_234_567),
    }
}

/// Bytes of the dictionary alone, and of the whole PUBLISH message.
fn sizes(serializer: Serializer) -> (usize, usize) {
    let figures = figures();
    let sender = Sender { id: "9f3a61c2b7", ip: Some("10.0.0.12"), name: "web-1" };
    let sample = Sample::new(sender, 3, &figures);
    let dictionary = to_vec(serializer, &sample).unwrap().len();

    let mut payload = PayloadBuilder::new(serializer);
    payload.arg(&sample).unwrap();
    let payload = payload.finish();
    let publish = Publish {
        request: RequestId::new(86_400).unwrap(),
        options: Default::default(),
        topic: Cow::Borrowed("clientstats"),
        payload: payload.as_payload(),
    };
    let mut message = Vec::new();
    serializer.encode(&Message::Publish(publish), &mut message);
    (dictionary, message.len())
}

#[test]
fn a_sample_is_small() {
    let [json, msgpack, cbor] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor].map(sizes);
    println!("dictionary and message: JSON {json:?}, MessagePack {msgpack:?}, CBOR {cbor:?}");
    // Sizes in bytes are a third of it: eleven digits in JSON, nine bytes in the others.
    assert!(msgpack.0 <= 240 && msgpack.1 <= 261, "MessagePack {msgpack:?}");
    assert!(cbor.0 <= 242 && cbor.1 <= 263, "CBOR {cbor:?}");
    assert!(json.0 <= 335 && json.1 <= 365, "JSON {json:?}");
}
