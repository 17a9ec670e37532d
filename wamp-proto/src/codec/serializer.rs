use std::fmt;

/// One of the serializations WAMP messages travel in.
///
/// Each is a feature of the crate, and there is no variant of one that is left out. So a `match` needs an arm for
/// those to come.
///
/// Specification: "Serializers" (basic profile) and the WebSocket subprotocols registered for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Serializer {
    /// JSON, in text frames. Binary values travel as `"\u0000"` followed by base64. Feature `json`.
    #[cfg(feature = "json")]
    Json,
    /// MessagePack, in binary frames. Feature `msgpack`.
    #[cfg(feature = "msgpack")]
    MessagePack,
    /// CBOR (RFC 8949), in binary frames. Feature `cbor`.
    #[cfg(feature = "cbor")]
    Cbor,
}

const COUNT: usize =
    cfg!(feature = "json") as usize + cfg!(feature = "msgpack") as usize + cfg!(feature = "cbor") as usize;

impl Serializer {
    /// All of them, as far as they are compiled in.
    pub const ALL: [Self; COUNT] = [
        #[cfg(feature = "json")]
        Self::Json,
        #[cfg(feature = "msgpack")]
        Self::MessagePack,
        #[cfg(feature = "cbor")]
        Self::Cbor,
    ];

    /// The one to use where nothing is said: JSON, which every peer speaks, or the first there is where it is left out.
    pub const DEFAULT: Self = Self::ALL[0];

    /// The WebSocket subprotocol that stands for it.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            #[cfg(feature = "json")]
            Self::Json => "wamp.2.json",
            #[cfg(feature = "msgpack")]
            Self::MessagePack => "wamp.2.msgpack",
            #[cfg(feature = "cbor")]
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
            #[cfg(feature = "json")]
            Self::Json => 1,
            #[cfg(feature = "msgpack")]
            Self::MessagePack => 2,
            #[cfg(feature = "cbor")]
            Self::Cbor => 3,
        }
    }

    /// The serializer a RawSocket handshake asks for, if it is one of ours.
    pub fn from_rawsocket_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.rawsocket_id() == id)
    }

    /// Whether its WebSocket messages are binary ones.
    pub const fn is_binary(self) -> bool {
        match self {
            #[cfg(feature = "json")]
            Self::Json => false,
            #[cfg(any(feature = "msgpack", feature = "cbor"))]
            _ => true,
        }
    }

    /// The media type of a message, as HTTP has it.
    pub const fn media_type(self) -> &'static str {
        match self {
            #[cfg(feature = "json")]
            Self::Json => "application/json; charset=utf-8",
            #[cfg(feature = "msgpack")]
            Self::MessagePack => "application/msgpack",
            #[cfg(feature = "cbor")]
            Self::Cbor => "application/cbor",
        }
    }

    /// An encoded dict without entries.
    pub(crate) const fn empty_dict(self) -> &'static [u8] {
        match self {
            #[cfg(feature = "json")]
            Self::Json => b"{}",
            #[cfg(feature = "msgpack")]
            Self::MessagePack => &[0x80],
            #[cfg(feature = "cbor")]
            Self::Cbor => &[0xa0],
        }
    }
}

impl fmt::Display for Serializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(feature = "json")]
            Self::Json => "JSON",
            #[cfg(feature = "msgpack")]
            Self::MessagePack => "MessagePack",
            #[cfg(feature = "cbor")]
            Self::Cbor => "CBOR",
        })
    }
}
