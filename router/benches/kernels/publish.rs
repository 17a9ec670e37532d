//! PUBLISH from the bytes of the publisher to the outboxes of the subscribers.

use wamp_proto::Serializer;
use wamp_router::burst::Burst;

use super::kernel::Kernel;
use super::messages::{TEMPLATES, frame, payload};
use super::world::World;

pub(crate) const EXACT: &str = r#"[32,1,{},"com.example.device.4711.temperature"]"#;
const PREFIX: &str = r#"[32,1,{"match":"prefix"},"com.example.device."]"#;
const WILDCARD: &str = r#"[32,1,{"match":"wildcard"},"com.example.device..temperature"]"#;

pub(crate) fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    for serializer in [Serializer::Json, Serializer::MessagePack] {
        for (policy, first, others) in [
            ("exact", EXACT, EXACT),
            ("prefix", PREFIX, PREFIX),
            ("wildcard", WILDCARD, WILDCARD),
            ("exact, one prefix", PREFIX, EXACT),
        ] {
            for receivers in [1, 10, 1000].into_iter().filter(|&receivers| receivers > 1 || first == others) {
                for messages in [1, 16] {
                    let name = format!("{serializer} {policy} {messages} to {receivers}");
                    let both = (first, others);
                    kernels.push(Kernel::new(name, move || publish(serializer, both, receivers, messages)));
                }
            }
        }
    }
    kernels
}

/// A burst of some messages of 128 bytes to some receivers, of which one may subscribe otherwise than the others.
fn publish(
    serializer: Serializer,
    (first, others): (&str, &str),
    receivers: usize,
    messages: usize,
) -> impl FnMut() + use<> {
    let world = World::new();
    let subscriptions = std::iter::once(first).chain(std::iter::repeat_n(others, receivers - 1));
    let subscribers: Vec<_> = subscriptions.map(|subscribe| world.join(serializer, &[subscribe])).collect();
    let mut publisher = world.join(serializer, &[]);
    let message = frame(serializer, TEMPLATES[0].1, &payload(128));
    let mut burst = Burst::new();
    move || {
        let _ = &subscribers;
        publisher.receive(std::iter::repeat_n(&message[..], messages), &mut burst);
    }
}
