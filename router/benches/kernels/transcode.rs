//! Payloads from one serializer to another, in the EVENT they are in.

use std::hint::black_box;

use wamp_proto::Serializer;

use super::kernel::Kernel;
use super::messages::{TEMPLATES, decode, frame, measurements, payload};

pub(crate) fn kernels() -> Vec<Kernel> {
    let payloads =
        [("text 128", payload(128)), ("measurements 4", measurements(4)), ("text 64 KiB", payload(64 << 10))];
    let mut kernels = Vec::new();
    for from in Serializer::ALL {
        for to in Serializer::ALL.into_iter().filter(|to| *to != from) {
            for (name, payload) in &payloads {
                let frame = frame(from, TEMPLATES[1].1, payload);
                kernels.push(Kernel::new(format!("{from} to {to} {name}"), move || {
                    // It borrows from its frame, and is there as long as the program.
                    let message = decode(from, frame.clone().leak());
                    let mut out = Vec::new();
                    move || {
                        out.clear();
                        to.encode(black_box(&message), &mut out);
                        black_box(&out);
                    }
                }));
            }
        }
    }
    kernels
}
