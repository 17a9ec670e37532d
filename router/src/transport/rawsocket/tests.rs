use proptest::prelude::*;

use super::*;
use crate::encoding::Framing;

fn frame(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let framing = Framing::RawSocket { max_length: rawsocket::MAX_LENGTH as u32 };
    framing.frame(true, &mut out, |out| out.extend_from_slice(body)).unwrap();
    out
}

/// Feeds `pieces` one read after the other; answers the bodies of messages, pings as `p:…`.
fn decode(decoder: &mut Decoder, pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut seen = Vec::new();
    let mut buffer = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let mut at = 0;
        loop {
            let step = match decoder.next(&mut buffer[at..]) {
                Ok(step) => step,
                Err(error) => return (seen, Some(error)),
            };
            at += step.consumed;
            match step.event {
                None => break,
                Some(Event::Message(message)) => seen.push(message.body().to_vec()),
                Some(Event::Ping(payload)) => seen.push([b"p:", payload].concat()),
                Some(Event::Pong) => seen.push(b"pong".to_vec()),
                Some(Event::Close(_)) => panic!("RawSocket has no close frame"),
            }
        }
        buffer.drain(..at);
        assert!(buffer.len() < FrameHeader::SIZE);
    }
    (seen, None)
}

fn check(accept: Accept, bytes: &[u8]) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let whole = decode(&mut Decoder::new(accept, 100), &[bytes]);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode(&mut Decoder::new(accept, 100), &single), whole);
    whole
}

#[test]
fn frames_of_all_types() {
    let bytes = [frame(b"one"), vec![1, 0, 0, 2, b'h', b'i'], vec![2, 0, 0, 0], frame(b""), frame(b"two")].concat();
    let expected = [b"one".as_slice(), b"p:hi", b"pong", b"", b"two"];
    assert_eq!(check(Accept::Binary, &bytes), (expected.map(<[u8]>::to_vec).to_vec(), None));
}

#[test]
fn rules_of_the_header() {
    let table: &[(&[u8], FrameError)] = &[
        (&[0x10, 0, 0, 0], FrameError::ReservedBits),
        (&[0x80, 0, 0, 0], FrameError::ReservedBits),
        (&[0x03, 0, 0, 0], FrameError::UnknownType(3)),
        (&[0x07, 0, 0, 0], FrameError::UnknownType(7)),
        (&[0x08, 0, 0, 1], FrameError::LengthRange),
        (&[0x00, 0, 0, 101], FrameError::TooBig { limit: 100 }),
        (&[0x08, 0, 0, 0], FrameError::TooBig { limit: 100 }),
    ];
    for (bytes, error) in table {
        assert_eq!(check(Accept::Binary, bytes), (vec![], Some(*error)), "{bytes:?}");
    }
}

#[test]
fn the_longest_frame_there_is() {
    let body = vec![7; 1 << 24];
    let bytes = frame(&body);
    let mut decoder = Decoder::new(Accept::Binary, 1 << 24);
    let pieces: Vec<&[u8]> = bytes.chunks(64 << 10).collect();
    let (seen, error) = decode(&mut decoder, &pieces);
    assert_eq!(error, None);
    assert!(seen == [body]);
}

#[test]
fn text_is_utf8() {
    assert_eq!(check(Accept::Text, &frame(b"\xFF")), (vec![], Some(FrameError::Utf8)));
    assert_eq!(check(Accept::Binary, &frame(b"\xFF")), (vec![b"\xFF".to_vec()], None));
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = check(Accept::Text, &bytes);
    }
}
