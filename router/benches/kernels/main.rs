//! The kernels of the router: what is done with every message, each by itself.
//!
//! `cargo bench -p wamp-router` says how long each takes; `cargo xtask bench-kernels` runs the same ones under callgrind
//! and says how many instructions each takes, which no other load on the machine changes. See docs/kernels.md.

mod calls;
mod codec;
mod kernel;
mod messages;
mod patterns;
mod publish;
mod sessions;
mod transcode;
mod websocket;
mod world;

use kernel::{Group, Kernel};

/// Makes a group of benchmarks of each function that returns kernels, and a list of all.
macro_rules! groups {
    ($($group:ident: $kernels:path,)*) => {
        $(
            #[divan::bench(args = $kernels())]
            fn $group(bencher: divan::Bencher<'_, '_>, kernel: &Kernel) {
                kernel.time(bencher);
            }
        )*

        const GROUPS: &[Group] = &[$((stringify!($group), $kernels)),*];
    };
}

groups! {
    decode: codec::decode,
    encode: codec::encode,
    transcode: transcode::kernels,
    patterns: patterns::kernels,
    websocket: websocket::kernels,
    publish: publish::kernels,
    call: calls::kernels,
    session: sessions::kernels,
}

fn main() {
    if !kernel::count_if_asked(GROUPS) {
        divan::main();
    }
}
