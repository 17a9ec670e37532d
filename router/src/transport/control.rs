//! Control frames sent to a peer, and close codes (RFC 6455, sections 5.5 and 7.4).

use wamp_proto::rawsocket::{FrameHeader, FrameKind};

use crate::encoding::Framing;

/// Why a WebSocket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// The server is going down.
    pub const GOING_AWAY: Self = Self(1001);
    /// The peer broke the framing's rules, or WAMP's.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A kind of message that was not agreed upon: text for a binary serializer or the reverse.
    pub const UNSUPPORTED: Self = Self(1003);
    /// A text message that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// A rule of this server, such as a time limit.
    pub const POLICY: Self = Self(1008);
    /// A message longer than the server takes.
    pub const TOO_BIG: Self = Self(1009);
    /// Something failed in the server.
    pub const INTERNAL: Self = Self(1011);

    /// A code a peer may send in a close frame, or `None`: below 1000, reserved for local use
    /// (1005, 1006, 1015) or not assigned.
    pub fn received(code: u16) -> Option<Self> {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999).then_some(Self(code))
    }

    /// The code's number.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// Bytes of reason a close frame holds besides its code.
const REASON_MAX: usize = 123;

impl Framing {
    /// Appends what tells the peer that the stream ends here: a WebSocket close frame. RawSocket
    /// has none, it ends with the stream.
    pub fn close_frame(self, code: CloseCode, reason: &str, out: &mut Vec<u8>) {
        match self {
            Framing::WebSocket => {
                let reason = &reason[..reason.floor_char_boundary(REASON_MAX)];
                out.extend_from_slice(&[0x88, reason.len() as u8 + 2]);
                out.extend_from_slice(&code.get().to_be_bytes());
                out.extend_from_slice(reason.as_bytes());
            }
            Framing::RawSocket { .. } => {}
        }
    }
}

impl Framing {
    /// Appends a ping, which the peer has to answer with a pong.
    pub fn ping_frame(self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self {
            Framing::WebSocket => &[0x89, 0],
            Framing::RawSocket { .. } => &[1, 0, 0, 0],
        });
    }

    /// Appends the answer to a ping with this payload.
    pub fn pong_frame(self, payload: &[u8], out: &mut Vec<u8>) {
        match self {
            // A WebSocket ping holds at most 125 bytes, or it was refused.
            Framing::WebSocket => out.extend_from_slice(&[0x8A, payload.len() as u8]),
            Framing::RawSocket { .. } => {
                let header = FrameHeader { kind: FrameKind::Pong, length: payload.len() };
                out.extend_from_slice(&header.encode());
            }
        }
        out.extend_from_slice(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_a_peer_may_send() {
        let allowed = [1000, 1001, 1002, 1003, 1007, 1008, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
        let refused = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
        for code in allowed {
            assert_eq!(CloseCode::received(code).map(CloseCode::get), Some(code));
        }
        for code in refused {
            assert_eq!(CloseCode::received(code), None, "{code}");
        }
    }

    #[test]
    fn a_pong_is_as_long_as_its_ping() {
        // It echoes what the peer itself has sent, whatever messages it takes.
        let rawsocket = Framing::RawSocket { max_length: 512 };
        for (framing, length, header) in [
            (Framing::WebSocket, 125, [0x8A, 125].as_slice()),
            (rawsocket, 300, &[2, 0, 1, 44]),
            (rawsocket, 1 << 24, &[0x0A, 0, 0, 0]),
        ] {
            let mut out = Vec::new();
            framing.pong_frame(&vec![7; length], &mut out);
            assert_eq!(&out[..header.len()], header);
            assert_eq!(out.len(), header.len() + length);
        }
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let mut out = Vec::new();
        Framing::WebSocket.close_frame(CloseCode::NORMAL, &"ä".repeat(100), &mut out);
        assert_eq!(out[..4], [0x88, 124, 0x03, 0xE8]);
        assert_eq!(std::str::from_utf8(&out[4..]).unwrap(), "ä".repeat(61));
    }
}
