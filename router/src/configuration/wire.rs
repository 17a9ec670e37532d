//! How WAMP is spoken on a connection: serializers, sizes and times.

use std::time::Duration;

use wamp_proto::Serializer;

use super::document::Value;
use super::section::Section;
use crate::connection::ConnectionSettings;

/// The longest message Crossbar.io can be told to take.
const MAX_MESSAGE: usize = 64 << 20;

const SERIALIZERS: [(&str, Serializer); 3] =
    [("json", Serializer::Json), ("msgpack", Serializer::MessagePack), ("cbor", Serializer::Cbor)];

/// Reads the `options` of a WebSocket that are about its connections.
pub(super) fn websocket(options: &Section<'_>) -> ConnectionSettings {
    let mut connections = ConnectionSettings::default();
    max_message(options, &mut connections);
    if let Some(bytes) = options.count("max_frame_size", 0..=MAX_MESSAGE) {
        connections.max_frame = if bytes == 0 { usize::MAX } else { bytes };
    }
    let set = |time: &mut Duration, key| {
        if let Some(value) = options.milliseconds(key) {
            *time = if value.is_zero() { Duration::MAX } else { value };
        }
    };
    set(&mut connections.handshake_timeout, "open_handshake_timeout");
    set(&mut connections.close_timeout, "close_handshake_timeout");
    set(&mut connections.ping_interval, "auto_ping_interval");
    set(&mut connections.ping_timeout, "auto_ping_timeout");
    connections.fail_by_drop = options.bool("fail_by_drop").unwrap_or(connections.fail_by_drop);
    connections.tcp_nodelay = options.bool("tcp_nodelay").unwrap_or(connections.tcp_nodelay);
    options.ignored(&[
        "apply_mask",
        "auto_fragment_size",
        "auto_ping_restart_on_any_traffic",
        "auto_ping_size",
        "compression",
        "echo_close_codereason",
        "enable_flash_policy",
        "enable_hybi10",
        "enable_rfc6455",
        "external_port",
        "flash_policy",
        "mask_server_frames",
        "require_masked_client_frames",
        "show_server_version",
        "validate_utf8",
    ]);
    connections
}

/// Reads the `options` of a RawSocket; in version 1 they are those of the transport itself.
pub(super) fn rawsocket(transport: &Section<'_>) -> ConnectionSettings {
    let mut connections = ConnectionSettings::default();
    max_message(transport, &mut connections);
    if let Some(options) = transport.section("options") {
        max_message(&options, &mut connections);
    }
    connections
}

fn max_message(section: &Section<'_>, connections: &mut ConnectionSettings) {
    if let Some(bytes) = section.count("max_message_size", 0..=MAX_MESSAGE) {
        connections.max_message = if bytes == 0 { MAX_MESSAGE } else { bytes };
        connections.max_first_message = connections.max_first_message.min(connections.max_message);
    }
}

/// Reads `serializers`, or `serializer` in version 1.
pub(super) fn serializers(section: &Section<'_>) -> Vec<Serializer> {
    if let Some(one) = section.choice("serializer", &SERIALIZERS) {
        return vec![one];
    }
    if !section.has("serializers") {
        return Serializer::ALL.to_vec();
    }
    let mut chosen: Vec<Serializer> = Vec::new();
    for item in section.list("serializers") {
        match item.raw() {
            Value::Text(name) if matches!(name.as_str(), "ubjson" | "flatbuffers") => {
                item.problem(format!("not supported: there is no {name} here; leave it out, and clients take another"));
            }
            _ => chosen.extend(item.choice(&SERIALIZERS).filter(|serializer| !chosen.contains(serializer))),
        }
    }
    chosen
}
