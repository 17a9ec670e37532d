//! Messages from bytes, and to bytes.

use std::hint::black_box;

use wamp_proto::Serializer;

use super::kernel::Kernel;
use super::messages::{TEMPLATES, decode as decoded, frame, measurements, payload};

/// Bytes of text in a payload.
const SIZES: [usize; 2] = [128, 1024];

/// The frames of large messages: one long string, and many small values.
fn large(serializer: Serializer) -> [(&'static str, Vec<u8>); 3] {
    let publish = |payload: &str| frame(serializer, TEMPLATES[0].1, payload);
    [
        ("text 64 KiB", publish(&payload(64 << 10))),
        ("text 1 MiB", publish(&payload(1 << 20))),
        ("measurements 64 KiB", publish(&measurements(350))),
    ]
}

/// All messages, in each serializer, with the names of both.
fn samples() -> impl Iterator<Item = (String, Serializer, Vec<u8>)> {
    Serializer::ALL.into_iter().flat_map(|serializer| {
        let small = TEMPLATES.iter().flat_map(move |&(name, template)| {
            let sized = move |bytes| (format!("{name} {bytes}"), frame(serializer, template, &payload(bytes)));
            SIZES.into_iter().map(sized)
        });
        let large = large(serializer).map(|(name, frame)| (name.to_owned(), frame));
        small.chain(large).map(move |(name, frame)| (format!("{serializer} {name}"), serializer, frame))
    })
}

pub(crate) fn decode() -> Vec<Kernel> {
    let kernel = |(name, serializer, frame): (String, Serializer, Vec<u8>)| {
        Kernel::new(name, move || {
            let frame = frame.clone();
            move || {
                black_box(decoded(serializer, black_box(&frame)));
            }
        })
    };
    samples().map(kernel).collect()
}

/// Payloads are in the serializer already, as they are where all peers have the same.
pub(crate) fn encode() -> Vec<Kernel> {
    let kernel = |(name, serializer, frame): (String, Serializer, Vec<u8>)| {
        Kernel::new(name, move || {
            // It borrows from its frame, and is there as long as the program.
            let message = decoded(serializer, frame.clone().leak());
            let mut out = Vec::new();
            move || {
                out.clear();
                serializer.encode(black_box(&message), &mut out);
                black_box(&out);
            }
        })
    };
    samples().map(kernel).collect()
}
