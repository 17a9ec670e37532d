//! Opening a session, and ending it.

use wamp_proto::Serializer;
use wamp_router::burst::Burst;

use super::kernel::Kernel;
use super::messages::frame;
use super::world::{HELLO, World};

/// From HELLO to WELCOME, and then the connection breaks.
pub(crate) fn kernels() -> Vec<Kernel> {
    let open = |serializer: Serializer| {
        Kernel::new(format!("{serializer} open and leave"), move || {
            let world = World::new();
            let hello = frame(serializer, HELLO, "");
            let mut burst = Burst::new();
            move || {
                let mut client = world.connect(serializer);
                client.receive([&hello[..]], &mut burst);
                client.session.close(&mut burst);
                burst.end();
            }
        })
    };
    [Serializer::Json, Serializer::MessagePack].into_iter().map(open).collect()
}
