use proptest::prelude::*;

use super::*;

const KEY: [u8; 4] = [0xA1, 0x02, 0xF3, 0x44];

/// A masked frame with the first byte as given and the payload's length in its shortest form.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        length @ ..126 => out.push(0x80 | length as u8),
        length @ ..65_536 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&KEY);
    let body = out.len();
    out.extend_from_slice(payload);
    Mask::new(KEY).apply(&mut out[body..]);
    out
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

fn text(text: &str) -> Seen {
    Seen::Text(text.as_bytes().to_vec())
}

/// Feeds `pieces` one read after the other, as a connection does.
fn decode(decoder: &mut Decoder, pieces: &[&[u8]]) -> (Vec<Seen>, Option<FrameError>) {
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
            seen.push(match step.event {
                None => break,
                Some(Event::Message(Message::Text(text))) => Seen::Text(text.into()),
                Some(Event::Message(Message::Binary(body))) => Seen::Binary(body.to_vec()),
                Some(Event::Ping(payload)) => Seen::Ping(payload.to_vec()),
                Some(Event::Pong) => Seen::Pong,
                Some(Event::Close(code)) => Seen::Close(code.map(CloseCode::get)),
            });
        }
        buffer.drain(..at);
        assert!(buffer.len() <= 14 + 125, "no more than a control frame is ever left over");
    }
    (seen, None)
}

/// Decodes `bytes` whole and byte by byte, which must give the same.
fn check(accept: Accept, max_message: usize, bytes: &[u8]) -> (Vec<Seen>, Option<FrameError>) {
    let whole = decode(&mut Decoder::new(accept, max_message), &[bytes]);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode(&mut Decoder::new(accept, max_message), &single), whole);
    whole
}

fn accepted(bytes: &[u8]) -> Vec<Seen> {
    let (seen, error) = check(Accept::Any, 1 << 20, bytes);
    assert_eq!(error, None);
    seen
}

fn refused(bytes: &[u8]) -> FrameError {
    check(Accept::Any, 1 << 20, bytes).1.expect("should be refused")
}

#[test]
fn messages_of_every_length_form() {
    for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
        let payload = vec![b'x'; length];
        assert_eq!(accepted(&frame(0x81, &payload)), [Seen::Text(payload.clone())], "{length}");
        assert_eq!(accepted(&frame(0x82, &payload)), [Seen::Binary(payload.clone())], "{length}");
    }
}

#[test]
fn fragments_with_control_frames_between_them() {
    let bytes = [
        frame(0x01, b"one "),
        frame(0x89, b"ping"),
        frame(0x00, b"two "),
        frame(0x8A, b"unasked"),
        frame(0x00, b""),
        frame(0x80, b"three"),
        frame(0x82, &[0xFF]),
        frame(0x88, &[]),
    ];
    let seen = accepted(&bytes.concat());
    let expected =
        [Seen::Ping(b"ping".to_vec()), Seen::Pong, text("one two three"), Seen::Binary(vec![0xFF]), Seen::Close(None)];
    assert_eq!(seen, expected);
}

#[test]
fn empty_fragments_make_an_empty_message() {
    assert_eq!(accepted(&[frame(0x01, b""), frame(0x00, b""), frame(0x80, b"")].concat()), [text("")]);
}

#[test]
fn rules_of_the_header() {
    let table: &[(&str, &[u8], FrameError)] = &[
        ("RSV1", &[0xC1, 0x80], FrameError::ReservedBits),
        ("RSV2", &[0xA1, 0x80], FrameError::ReservedBits),
        ("RSV3", &[0x91, 0x80], FrameError::ReservedBits),
        ("RSV on a control frame", &[0xC9, 0x80], FrameError::ReservedBits),
        ("opcode 3", &[0x83, 0x80], FrameError::UnknownType(3)),
        ("opcode 7", &[0x87, 0x80], FrameError::UnknownType(7)),
        ("opcode 11", &[0x8B, 0x80], FrameError::UnknownType(11)),
        ("opcode 15", &[0x8F, 0x80], FrameError::UnknownType(15)),
        ("unmasked", &[0x81, 0x05], FrameError::Unmasked),
        ("unmasked control", &[0x89, 0x00], FrameError::Unmasked),
        ("fragmented ping", &[0x09, 0x80], FrameError::FragmentedControl),
        ("fragmented close", &[0x08, 0x80], FrameError::FragmentedControl),
        ("long ping", &[0x89, 0xFE], FrameError::LongControl),
        ("long close", &[0x88, 0xFF], FrameError::LongControl),
        ("125 in 16 bits", &[0x81, 0xFE, 0, 125], FrameError::LengthForm),
        ("65535 in 64 bits", &[0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], FrameError::LengthForm),
        ("2^63", &[0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], FrameError::LengthRange),
    ];
    for (rule, bytes, error) in table {
        assert_eq!(refused(bytes), *error, "{rule}");
        assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
    }
}

#[test]
fn rules_of_fragments() {
    let table = [
        ("nothing to continue", frame(0x80, b"x"), FrameError::NothingToContinue),
        ("nothing to continue, not the last", frame(0x00, b"x"), FrameError::NothingToContinue),
        ("message in a message", [frame(0x01, b"x"), frame(0x81, b"y")].concat(), FrameError::UnfinishedMessage),
        ("start in a message", [frame(0x01, b"x"), frame(0x02, b"y")].concat(), FrameError::UnfinishedMessage),
        (
            "continuation after the end",
            [frame(0x01, b"x"), frame(0x80, b"y"), frame(0x80, b"z")].concat(),
            FrameError::NothingToContinue,
        ),
    ];
    for (rule, bytes, error) in table {
        assert_eq!(refused(&bytes), error, "{rule}");
    }
}

#[test]
fn text_is_utf8() {
    let euro = "€".as_bytes();
    assert_eq!(accepted(&frame(0x81, "κόσμε 😀".as_bytes())), [text("κόσμε 😀")]);
    assert_eq!(accepted(&[frame(0x01, &euro[..1]), frame(0x80, &euro[1..])].concat()), [text("€")]);
    assert_eq!(accepted(&frame(0x82, &[0xFF, 0xFE])), [Seen::Binary(vec![0xFF, 0xFE])]);
    let invalid: &[&[u8]] = &[b"\xFF", b"abc\xC0\xAFdef", b"\xED\xA0\x80", b"\xF4\x90\x80\x80", b"cut \xE2\x82"];
    for bytes in invalid {
        assert_eq!(refused(&frame(0x81, bytes)), FrameError::Utf8, "{bytes:?}");
        assert_eq!(refused(&[frame(0x01, bytes), frame(0x80, b"")].concat()), FrameError::Utf8, "{bytes:?}");
    }
    assert_eq!(FrameError::Utf8.close_code(), CloseCode::INVALID_PAYLOAD);
}

/// A peer learns of its mistake before it has sent the rest.
#[test]
fn invalid_text_is_refused_before_the_message_ends() {
    let mut bytes = frame(0x01, b"fine \xF4\x90\x80\x80 and much more");
    bytes.truncate(6 + 7);
    assert_eq!(refused(&bytes), FrameError::Utf8);
}

#[test]
fn messages_have_a_limit() {
    let limit = |limit, bytes: &[u8]| check(Accept::Any, limit, bytes);
    let too_big = Some(FrameError::TooBig { limit: 10 });
    assert_eq!(limit(10, &frame(0x81, b"0123456789")), (vec![text("0123456789")], None));
    assert_eq!(limit(10, &frame(0x81, b"01234567890")), (vec![], too_big));
    let fragments = [frame(0x01, b"01234"), frame(0x00, b"56789"), frame(0x80, b"")];
    assert_eq!(limit(10, &fragments.concat()), (vec![text("0123456789")], None));
    assert_eq!(limit(10, &[frame(0x01, b"01234"), frame(0x80, b"567890")].concat()), (vec![], too_big));
    let huge = [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4];
    assert_eq!(limit(10, &huge), (vec![], too_big), "refused by the header alone");
    assert_eq!(FrameError::TooBig { limit: 10 }.close_code(), CloseCode::TOO_BIG);
}

#[test]
fn a_declared_length_allocates_nothing() {
    let mut decoder = Decoder::new(Accept::Any, usize::MAX);
    let header = [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4];
    assert_eq!(decode(&mut decoder, &[&header, b"abc"]), (vec![], None));
    let assembly = decoder.assembly.as_ref().expect("a frame is under way");
    assert!(assembly.bytes.capacity() <= 96 << 10, "at most a buffer of the pool");
}

#[test]
fn kinds_fit_the_serializer() {
    let with = |accept, first| check(accept, 100, &frame(first, b"x"));
    assert_eq!(with(Accept::Text, 0x81), (vec![text("x")], None));
    assert_eq!(with(Accept::Text, 0x82), (vec![], Some(FrameError::UnexpectedBinary)));
    assert_eq!(with(Accept::Text, 0x02), (vec![], Some(FrameError::UnexpectedBinary)));
    assert_eq!(with(Accept::Binary, 0x82), (vec![Seen::Binary(b"x".to_vec())], None));
    assert_eq!(with(Accept::Binary, 0x81), (vec![], Some(FrameError::UnexpectedText)));
    assert_eq!(FrameError::UnexpectedText.close_code(), CloseCode::UNSUPPORTED);
}

#[test]
fn close_frames() {
    assert_eq!(accepted(&frame(0x88, b"")), [Seen::Close(None)]);
    assert_eq!(accepted(&frame(0x88, b"\x03\xE8")), [Seen::Close(Some(1000))]);

    assert_eq!(
        accepted(&frame(0x88, &[b"\x0F\xA0".as_slice(), "bye ☂".as_bytes()].concat())),
        [Seen::Close(Some(4000))]
    );
    assert_eq!(accepted(&frame(0x88, &[b"\x03\xE8".as_slice(), &[b'x'; 123]].concat())), [Seen::Close(Some(1000))]);
    let table: &[(&[u8], FrameError)] = &[
        (b"\x03", FrameError::MalformedClose),
        (b"\x03\xE7", FrameError::InvalidCloseCode(999)),
        (b"\x03\xED", FrameError::InvalidCloseCode(1005)),
        (b"\x03\xEE", FrameError::InvalidCloseCode(1006)),
        (b"\x03\xF7", FrameError::InvalidCloseCode(1015)),
        (b"\x0B\xB7", FrameError::InvalidCloseCode(2999)),
        (b"\x13\x88", FrameError::InvalidCloseCode(5000)),
        (b"\x03\xE8\xFF", FrameError::Utf8),
    ];
    for (payload, error) in table {
        assert_eq!(refused(&frame(0x88, payload)), *error);
    }
}

#[test]
fn an_idle_decoder_holds_no_memory() {
    let mut decoder = Decoder::new(Accept::Any, 1 << 20);
    let bytes = [frame(0x01, &[b'x'; 50_000]), frame(0x80, &[b'x'; 50_000])].concat();
    assert_eq!(decode(&mut decoder, &[&bytes]).0.len(), 1);
    assert!(decoder.assembly.is_none());
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof!["[a-zé€😀]{0,60}".prop_map(String::into_bytes), Just(vec![b'y'; 3_000])];
    (prop_oneof![Just(0x81), Just(0x82), Just(0x01), Just(0x00), Just(0x80), Just(0x89), Just(0x8A)], payload).prop_map(
        |(first, payload)| match first {
            0x89 | 0x8A => frame(first, &payload[..payload.len().min(125)]),
            first => frame(first, &payload),
        },
    )
}

proptest! {
    /// However the network cuts the stream, the messages are the same, and so is the mistake.
    #[test]
    fn splits_make_no_difference(
        frames in proptest::collection::vec(any_frame(), 1..12),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let bytes = frames.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut start = 0;
        for cut in cuts {
            pieces.push(&bytes[start..cut]);
            start = cut;
        }
        pieces.push(&bytes[start..]);
        let whole = decode(&mut Decoder::new(Accept::Any, 10_000), &[&bytes]);
        let split = decode(&mut Decoder::new(Accept::Any, 10_000), &pieces);
        prop_assert_eq!(split, whole);
    }

    #[test]
    fn a_message_in_any_fragments_is_the_message(
        message in "[a-zé€😀]{0,200}",
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(message.len() + 1)).collect();
        cuts.extend([0, message.len()]);
        cuts.sort_unstable();
        let last = cuts.len() - 2;
        let bytes: Vec<u8> = cuts.windows(2).enumerate().flat_map(|(index, cut)| {
            let first = if index == 0 { 0x01 } else { 0x00 } | if index == last { 0x80 } else { 0 };
            frame(first, &message.as_bytes()[cut[0]..cut[1]])
        }).collect();
        prop_assert_eq!(accepted(&bytes), [text(&message)]);
    }

    #[test]
    fn garbage_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), masked in any::<bool>()) {
        if masked && bytes.len() > 1 {
            bytes[0] &= 0x8F;
            bytes[1] |= 0x80;
        }
        let _ = check(Accept::Any, 200, &bytes);
    }
}
