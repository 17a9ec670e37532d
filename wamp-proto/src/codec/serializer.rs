use std::fmt;

/// One of the serializations WAMP messages travel in.
///
/// Specification: "Serializers" (basic profile) and the WebSocket subprotocols registered for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Serializer {
    /// JSON, in text frames. Binary values travel as `"\u0000"` followed by base64.
    Json,
    /// MessagePack, in binary frames.
    MessagePack,
    /// CBOR (RFC 8949), in binary frames.
    Cbor,
}

impl Serializer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Json, Self::MessagePack, Self::Cbor];

    /// The WebSocket subprotocol that stands for it.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "wamp.2.json",
            Self::MessagePack => "wamp.2.msgpack",
            Self::Cbor => "wamp.2.cbor",
        }
    }

    /// The serializer a WebSocket subprotocol stands for, if it is one of ours.
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.subprotocol() == name)
    }

    /// The number that stands for it in a RawSocket handshake.
    pub const fn rawsocket_id(self) -> u8 {
        match self {
            Self::Json => 1,
            Self::MessagePack => 2,
            Self::Cbor => 3,
        }
    }

    /// The serializer a RawSocket handshake asks for, if it is one of ours.
    pub fn from_rawsocket_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.rawsocket_id() == id)
    }

    /// Whether its WebSocket messages are binary ones.
    pub const fn is_binary(self) -> bool {
        !matches!(self, Self::Json)
    }
}

impl fmt::Display for Serializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::MessagePack => "MessagePack",
            Self::Cbor => "CBOR",
        })
    }
}
