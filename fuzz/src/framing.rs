//! A stream of frames means the same in whatever pieces it arrives.
//!
//! Of the input, the first byte says what the router takes, the second how the stream is cut; the rest is the stream.

use wamp_proto::Serializer;
use wamp_proto::rawsocket::{Handshake, MAGIC};
use wamp_router::transport::{Accept, Decoder, Event, FrameError, rawsocket, websocket};

const ACCEPTS: [Accept; 3] = [Accept::Text, Accept::Binary, Accept::Any];
const LIMITS: [usize; 4] = [16, 125, 1000, 70_000];

/// What was decoded, apart from the buffers it was decoded from.
#[derive(Debug, PartialEq)]
enum Decoded {
    Message(bool, Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
    Error(FrameError),
}

/// Checks a stream of WebSocket frames.
pub fn check_websocket(input: &[u8]) {
    check(input, |accept, limit| Decoder::WebSocket(websocket::Decoder::new(accept, limit)));
}

/// Checks a stream of RawSocket frames, and its first bytes as a handshake.
pub fn check_rawsocket(input: &[u8]) {
    check(input, |accept, limit| Decoder::RawSocket(rawsocket::Decoder::new(accept, limit)));
    if let Some(bytes) = input.get(2..).and_then(|stream| stream.first_chunk().copied()) {
        check_handshake(bytes);
    }
}

fn check(input: &[u8], decoder: impl Fn(Accept, usize) -> Decoder) {
    let [settings, cut, stream @ ..] = input else { return };
    let accept = ACCEPTS[usize::from(*settings) % ACCEPTS.len()];
    let limit = LIMITS[usize::from(*settings) / ACCEPTS.len() % LIMITS.len()];
    let whole = decode(decoder(accept, limit), stream, |_| stream.len());
    for decoded in &whole {
        if let Decoded::Message(binary, body) = decoded {
            assert!(body.len() <= limit, "{} bytes where {limit} are taken", body.len());
            assert!(*binary || std::str::from_utf8(body).is_ok(), "text is UTF-8");
            assert!(accept == Accept::Any || *binary == (accept == Accept::Binary), "{accept:?}");
        }
    }
    let cut = usize::from(*cut);
    assert_eq!(decode(decoder(accept, limit), stream, |_| 1), whole, "byte for byte");
    assert_eq!(decode(decoder(accept, limit), stream, |at| 1 + at * 7 % (cut + 1)), whole, "in pieces");
}

/// Feeds a decoder with a stream, in pieces whose size depends on where they begin.
fn decode(mut decoder: Decoder, stream: &[u8], size: impl Fn(usize) -> usize) -> Vec<Decoded> {
    let mut decoded = Vec::new();
    let mut input = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let end = stream.len().min(at + size(at));
        input.extend_from_slice(&stream[at..end]);
        at = end;
        loop {
            let before = input.clone();
            let (consumed, event) = match decoder.next(&mut input) {
                Ok(step) => (step.consumed, step.event.map(owned)),
                Err(error) => {
                    decoded.push(Decoded::Error(error));
                    return decoded;
                }
            };
            assert_eq!(input[consumed..], before[consumed..], "what is not consumed is not touched");
            input.drain(..consumed);
            let Some(event) = event else { break };
            assert!(consumed > 0 || input.is_empty(), "an event takes bytes");
            let close = matches!(event, Decoded::Close(_));
            decoded.push(event);
            if close {
                return decoded;
            }
        }
    }
    decoded
}

fn owned(event: Event<'_>) -> Decoded {
    match event {
        Event::Message(message) => Decoded::Message(message.is_binary(), message.body().to_vec()),
        Event::Ping(payload) => Decoded::Ping(payload.to_vec()),
        Event::Pong => Decoded::Pong,
        Event::Close(code) => Decoded::Close(code.map(|code| code.get())),
    }
}

fn check_handshake(bytes: [u8; 4]) {
    match Handshake::from_client(bytes) {
        Ok(handshake) => assert_eq!(handshake.encode(), bytes),
        Err(error) => {
            let reply = error.reply();
            assert_eq!(reply[0], MAGIC);
            for serializer in Serializer::ALL {
                assert!(Handshake::from_server(reply, serializer).is_err(), "a refusal is understood as one");
            }
        }
    }
    for serializer in Serializer::ALL {
        if let Ok(granted) = Handshake::from_server(bytes, serializer) {
            assert_eq!(granted.encode(), bytes);
        }
    }
}
