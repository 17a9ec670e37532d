use std::io::Cursor;

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

use super::*;

fn lengths() -> impl Iterator<Item = usize> {
    (0..300).chain([65_535, 65_536, 70_000])
}

/// What the library writes as a server.
fn of_the_library(message: Message) -> Vec<u8> {
    let mut server = WebSocket::from_raw_socket(Cursor::new(Vec::new()), Role::Server, None);
    server.send(message).expect("memory takes it");
    server.get_ref().get_ref().clone()
}

#[test]
fn frames_of_another_implementation_are_taken_however_they_arrive() {
    for length in lengths() {
        let content = vec![b'x'; length];
        let bytes = of_the_library(Message::Binary(content.clone().into()));
        let mut received = BytesMut::new();
        let (last, others) = bytes.split_last().expect("there is a header");
        for part in others.chunks(others.len().div_ceil(3)) {
            received.extend_from_slice(part);
            assert_eq!(take(&mut received, 1 << 20), Ok(None));
        }
        received.extend_from_slice(&[*last, 0x81]);
        let frame = Frame { kind: Kind::Binary, fin: true, content: content.into() };
        assert_eq!(take(&mut received, 1 << 20), Ok(Some(frame)));
        assert_eq!(received, &[0x81][..], "what comes next stays");
    }
}

#[test]
fn another_implementation_takes_our_frames() {
    let mut masks = Masks::new();
    for length in lengths() {
        let content: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let mut out = BytesMut::new();
        put(&mut out, Kind::Binary, masks.next(), &content);
        assert!(out.len() <= length + LONGEST_HEADER);
        let mut server = WebSocket::from_raw_socket(Cursor::new(out.to_vec()), Role::Server, None);
        assert_eq!(server.read().expect("it is a message"), Message::Binary(content.into()));
    }
}

#[test]
fn masks_differ() {
    let mut masks = Masks::new();
    let mut drawn: Vec<_> = (0..1000).map(|_| masks.next()).collect();
    drawn.sort_unstable();
    drawn.dedup();
    assert!(drawn.len() > 990, "{} of 1000", drawn.len());
}

#[test]
fn broken_rules_are_told() {
    for (bytes, expected) in [
        (&[0xC1, 0][..], "reserved bits"),
        (&[0x83, 0], "unknown type 3"),
        (&[0x81, 0x80], "a mask"),
        (&[0x09, 0], "a control frame"),
        (&[0x89, 126, 0, 126], "a control frame"),
        (&[0x82, 126, 0x10, 0x01], "more than 4096 bytes"),
        (&[0x82, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "more than 4096 bytes"),
    ] {
        let problem = take(&mut BytesMut::from(bytes), 4096).expect_err("a rule is broken");
        assert!(problem.contains(expected), "{problem}");
    }
}
