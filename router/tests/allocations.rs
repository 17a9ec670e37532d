//! How often the hot paths allocate, once they are warm: the kernels of the benchmarks, counted.
//!
//! The crate `allocation-counter` is this program's allocator, and counts for each thread by itself.

// What is measured there is counted here. Not all that the benchmarks need is needed.
#![allow(dead_code, reason = "kernels are shared with the benchmarks")]

#[path = "../benches/kernels/calls.rs"]
mod calls;
#[path = "../benches/kernels/codec.rs"]
mod codec;
#[path = "../benches/kernels/kernel.rs"]
mod kernel;
#[path = "../benches/kernels/messages.rs"]
mod messages;
#[path = "../benches/kernels/patterns.rs"]
mod patterns;
#[path = "../benches/kernels/publish.rs"]
mod publish;
#[path = "../benches/kernels/sessions.rs"]
mod sessions;
#[path = "../benches/kernels/transcode.rs"]
mod transcode;
#[path = "../benches/kernels/websocket.rs"]
mod websocket;
#[path = "../benches/kernels/world.rs"]
mod world;

use wamp_proto::Serializer;
use wamp_router::OutboxLimits;
use wamp_router::burst::Burst;
use wamp_router::outbox::{Encoding, Framing, Outbox};

use kernel::Kernel;
use messages::{TEMPLATES, frame, payload};
use world::{HELLO, World};

/// Room for WELCOME and SUBSCRIBED, and for a few events at most.
const WELCOME_BYTES: usize = 2048;

/// Allocations of so many runs of a kernel that has run before, and its name.
fn count(kernel: &Kernel) -> (String, u64) {
    const RUNS: u64 = 8;
    let mut run = kernel.prepare();
    // Buffers grow until they are large enough.
    (0..32).for_each(|_| run());
    let allocations = allocation_counter::measure(|| (0..RUNS).for_each(|_| run())).count_total;
    assert_eq!(allocations % RUNS, 0, "{kernel} does not do the same each time");
    (kernel.to_string(), allocations / RUNS)
}

/// The kernels that allocate, with how often each time.
fn allocating(kernels: &[Kernel]) -> Vec<(String, u64)> {
    assert!(!kernels.is_empty());
    kernels.iter().map(count).filter(|(_, allocations)| *allocations > 0).collect()
}

#[test]
fn allocations_are_counted() {
    let kernel = Kernel::new("a box and a vector that grows", || {
        || {
            let boxed = std::hint::black_box(Box::new(1));
            let mut grows = Vec::with_capacity(1);
            (0..4).for_each(|nth| grows.push(*boxed + nth));
            std::hint::black_box(grows);
        }
    });
    // One for the box, one for the vector, and one for its growing from 1 to 4.
    assert_eq!(count(&kernel).1, 3);
}

#[test]
fn decoding_allocates_nothing() {
    assert_eq!(allocating(&codec::decode()), []);
}

#[test]
fn encoding_allocates_nothing() {
    assert_eq!(allocating(&codec::encode()), []);
}

#[test]
fn finding_the_patterns_that_match_allocates_nothing() {
    // To make an index of a million would take longer than all other tests.
    assert_eq!(allocating(&patterns::among(&[1, 1000])), []);
}

#[test]
fn unmasking_allocates_nothing() {
    assert_eq!(allocating(&websocket::kernels()), []);
}

#[test]
fn publishing_to_a_subscription_allocates_nothing() {
    assert_eq!(allocating(&publish::kernels()), []);
}

/// What they have not read waits in one buffer each, which grows by doubling.
#[test]
fn receivers_that_do_not_read_cost_the_growth_of_their_queues() {
    const RECEIVERS: usize = 10;
    let world = World::new();
    let encoding = Encoding { serializer: Serializer::Json, framing: Framing::WebSocket };
    let mut subscribers: Vec<_> = (0..RECEIVERS)
        .map(|_| world.connect_by(Outbox::detached_with(encoding, OutboxLimits::default(), WELCOME_BYTES)))
        .collect();
    for subscriber in &mut subscribers {
        subscriber.say(HELLO);
        subscriber.say(publish::EXACT);
    }
    let mut publisher = world.join(Serializer::Json, &[]);
    let message = frame(Serializer::Json, TEMPLATES[0].1, &payload(128));
    let mut burst = Burst::new();
    let mut publish = |times: usize| (0..times).for_each(|_| publisher.receive([&message[..]], &mut burst));
    publish(16);
    // To sixteen times what waits already.
    let allocations = allocation_counter::measure(|| publish(240)).count_total;
    assert!(allocations <= 5 * RECEIVERS as u64, "{allocations}");
}

#[test]
fn a_call_allocates_nothing() {
    assert_eq!(allocating(&calls::kernels()), []);
}

#[test]
fn opening_a_session_allocates_a_few_times() {
    let (_, allocations) = count(&sessions::kernels()[0]);
    assert!(allocations <= 10, "{allocations}");
}

/// What has escapes can't be borrowed from the frame.
#[test]
fn transcoding_allocates_for_strings_with_escapes() {
    for (kernel, allocations) in allocating(&transcode::kernels()) {
        assert!(kernel.starts_with("JSON to ") && kernel.ends_with("measurements 4"), "{kernel}");
        assert_eq!(allocations, 4, "{kernel}: one for each measurement's name");
    }
}
