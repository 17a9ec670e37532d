//! The inputs of the fuzz targets that are kept in fuzz/: those to begin with, and those that once went wrong.

#[allow(unreachable_pub, reason = "public in the crate it is shared with")]
#[path = "../../fuzz/src/framing.rs"]
mod framing;
#[allow(unreachable_pub, reason = "public in the crate it is shared with")]
#[path = "../../fuzz/src/inputs.rs"]
mod inputs;
#[allow(unreachable_pub, reason = "public in the crate it is shared with")]
#[path = "../../fuzz/src/realm/mod.rs"]
mod realm;

#[test]
fn websocket() {
    inputs::replay("websocket", framing::check_websocket);
}

#[test]
fn rawsocket() {
    inputs::replay("rawsocket", framing::check_rawsocket);
}

#[test]
fn realm() {
    inputs::replay("realm", realm::check);
}
