//! How WAMP is spoken on a connection: serializers, sizes and times.

use std::time::Duration;

use wamp_proto::Serializer;

use super::section::Section;
use crate::connection::ConnectionSettings;

/// How WAMP is spoken on the connections of a way in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WireSettings {
    /// The serializers clients may choose from.
    pub(crate) serializers: Vec<Serializer>,
    /// What a connection may cost, and how long it may take.
    pub(crate) connections: ConnectionSettings,
}

/// The longest message Crossbar.io can be told to take.
const MAX_MESSAGE: usize = 64 << 20;

const SERIALIZERS: [(&str, Serializer); 3] =
    [("json", Serializer::Json), ("msgpack", Serializer::MessagePack), ("cbor", Serializer::Cbor)];

/// Reads `serializers` and `options` of a WebSocket.
pub(super) fn websocket(section: &Section<'_>) -> WireSettings {
    let mut connections = ConnectionSettings::default();
    if let Some(options) = section.section("options") {
        max_message(&options, &mut connections);
        let set = |time: &mut Duration, key| {
            if let Some(value) = options.milliseconds(key) {
                // Zero is never.
                *time = if value.is_zero() { Duration::MAX } else { value };
            }
        };
        set(&mut connections.handshake_timeout, "open_handshake_timeout");
        set(&mut connections.close_timeout, "close_handshake_timeout");
        set(&mut connections.ping_interval, "auto_ping_interval");
        set(&mut connections.ping_timeout, "auto_ping_timeout");
        // What a peer need not know to speak RFC 6455 with us, and what it says we do anyway.
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
            "enable_webstatus",
            "external_port",
            "fail_by_drop",
            "flash_policy",
            "mask_server_frames",
            "max_frame_size",
            "require_masked_client_frames",
            "require_websocket_subprotocol",
            "show_server_version",
            "tcp_nodelay",
            "validate_utf8",
        ]);
        // Read by whoever serves it.
        options.has("allowed_origins");
        options.has("allow_null_origin");
        options.finish();
    }
    WireSettings { serializers: serializers(section), connections }
}

/// Reads `serializers` (`serializer` in version 1) and `options` of a RawSocket.
pub(super) fn rawsocket(section: &Section<'_>) -> WireSettings {
    let mut connections = ConnectionSettings::default();
    max_message(section, &mut connections);
    if let Some(options) = section.section("options") {
        max_message(&options, &mut connections);
        options.finish();
    }
    let one = section.choice("serializer", &SERIALIZERS);
    WireSettings { serializers: one.map_or_else(|| serializers(section), |one| vec![one]), connections }
}

fn max_message(section: &Section<'_>, connections: &mut ConnectionSettings) {
    if let Some(bytes) = section.count("max_message_size", 1..=MAX_MESSAGE) {
        connections.max_message = bytes;
        connections.max_first_message = connections.max_first_message.min(bytes);
    }
}

fn serializers(section: &Section<'_>) -> Vec<Serializer> {
    let all = || SERIALIZERS.map(|(_, serializer)| serializer).to_vec();
    if !section.has("serializers") {
        return all();
    }
    let mut chosen: Vec<Serializer> = Vec::new();
    for item in section.list("serializers") {
        match item.raw() {
            super::document::Value::Text(name) if matches!(name.as_str(), "ubjson" | "flatbuffers") => {
                item.problem(format!("not supported: there is no {name} here; all clients that have it have cbor too"));
            }
            _ => chosen.extend(item.choice(&SERIALIZERS).filter(|serializer| !chosen.contains(serializer))),
        }
    }
    chosen
}
