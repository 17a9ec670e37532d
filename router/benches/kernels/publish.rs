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
        for (policy, subscribe) in [("exact", EXACT), ("prefix", PREFIX), ("wildcard", WILDCARD)] {
            for receivers in [1, 10, 1000] {
                for messages in [1, 16] {
                    let name = format!("{serializer} {policy} {messages} to {receivers}");
                    kernels.push(Kernel::new(name, move || publish(serializer, subscribe, receivers, messages)));
                }
            }
        }
    }
    kernels
}

/// A burst of some messages of 128 bytes to some receivers.
fn publish(serializer: Serializer, subscribe: &str, receivers: usize, messages: usize) -> impl FnMut() + use<> {
    let world = World::new();
    let subscribers: Vec<_> = (0..receivers).map(|_| world.join(serializer, &[subscribe])).collect();
    let mut publisher = world.join(serializer, &[]);
    let message = frame(serializer, TEMPLATES[0].1, &payload(128));
    let mut burst = Burst::new();
    move || {
        let _ = &subscribers;
        publisher.receive(std::iter::repeat_n(&message[..], messages), &mut burst);
    }
}
