//! Messages out of the frames of a WebSocket.

use std::hint::black_box;

use wamp_proto::Serializer;
use wamp_router::transport::{Accept, Decoder, Event, Step, websocket};

use super::kernel::Kernel;
use super::messages::{TEMPLATES, frame, payload};

/// A message as a client sends it.
fn masked(message: &[u8], binary: bool) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![if binary { 0x82 } else { 0x81 }];
    match u16::try_from(message.len()) {
        Ok(length @ ..126) => frame.push(0x80 | length as u8),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((message.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(message.iter().zip(MASK.into_iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

pub(crate) fn kernels() -> Vec<Kernel> {
    let cases = [
        ("1 frame", Serializer::Json, 1, 128),
        ("16 frames", Serializer::Json, 16, 128),
        ("16 frames", Serializer::MessagePack, 16, 128),
        ("1 frame of 64 KiB", Serializer::Json, 1, 64 << 10),
    ];
    let kernel = |(name, serializer, count, bytes): (&str, Serializer, usize, usize)| {
        Kernel::new(format!("{serializer} {name}"), move || {
            let binary = serializer.is_binary();
            let read = masked(&frame(serializer, TEMPLATES[0].1, &payload(bytes)), binary).repeat(count);
            let accept = if binary { Accept::Binary } else { Accept::Text };
            let mut decoder = Decoder::WebSocket(websocket::Decoder::new(accept, 1 << 20));
            // Frames are unmasked in place: each time there is something new to unmask.
            let mut input = read.clone();
            move || {
                input.copy_from_slice(&read);
                let mut at = 0;
                while let Ok(Step { consumed, event: Some(Event::Message(message)) }) = decoder.next(&mut input[at..]) {
                    black_box(message);
                    at += consumed;
                }
                assert_eq!(at, input.len(), "all frames are whole");
            }
        })
    };
    cases.into_iter().map(kernel).collect()
}
