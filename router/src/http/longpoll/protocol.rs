//! What the bodies of requests and answers hold: one message, or a batch of them.

use wamp_proto::Serializer;

use crate::outbox::Framing;

/// Ends each message of a batch in JSON, where it can't occur.
const RECORD_SEPARATOR: u8 = 0x1E;

/// The protocols, by name.
pub(super) const NAMES: [&str; 6] = [
    "wamp.2.json.batched",
    "wamp.2.json",
    "wamp.2.msgpack.batched",
    "wamp.2.msgpack",
    "wamp.2.cbor.batched",
    "wamp.2.cbor",
];

/// A serializer, and whether a body holds one message or as many as there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Protocol {
    pub(super) serializer: Serializer,
    batched: bool,
}

impl Protocol {
    pub(super) fn named(name: &str) -> Option<Self> {
        let unbatched = name.strip_suffix(".batched");
        let serializer = Serializer::from_subprotocol(unbatched.unwrap_or(name))?;
        Some(Self { serializer, batched: unbatched.is_some() })
    }

    /// What the body of an answer is. A batch is of no type that has a name.
    pub(super) fn content_type(self) -> &'static str {
        match self.serializer {
            _ if self.batched => "application/octet-stream",
            serializer => serializer.media_type(),
        }
    }

    /// Moves messages into the body of an answer, if there is room: the first of `frames`, or all
    /// of them. Answers how many bytes of `frames` are done with.
    pub(super) fn fill(self, body: &mut Vec<u8>, framing: Framing, frames: &[u8]) -> usize {
        let room = match self.batched {
            true => usize::MAX,
            false => usize::from(body.is_empty()),
        };
        let mut done = 0;
        for frame in framing.split(frames).take(room) {
            done += frame.whole.len();
            match self.serializer {
                _ if !self.batched => body.extend_from_slice(frame.body),
                Serializer::Json => {
                    body.extend_from_slice(frame.body);
                    body.push(RECORD_SEPARATOR);
                }
                _ => {
                    // No frame is longer than 16 MiB.
                    body.extend_from_slice(&(frame.body.len() as u32).to_be_bytes());
                    body.extend_from_slice(frame.body);
                }
            }
        }
        done
    }

    /// The messages in the body of a request.
    ///
    /// # Errors
    ///
    /// What is wrong with the batch.
    pub(super) fn split(self, body: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
        match self.serializer {
            _ if !self.batched => Ok(vec![body]),
            _ if body.is_empty() => Err("a batch holds at least one message"),
            Serializer::Json => {
                let records = body.strip_suffix(&[RECORD_SEPARATOR]);
                let records = records.ok_or("each message of a batch ends with a record separator, octet 0x1e")?;
                Ok(records.split(|byte| *byte == RECORD_SEPARATOR).collect())
            }
            _ => split_by_length(body),
        }
    }
}

fn split_by_length(mut body: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = body.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        let (message, rest) = rest.split_at_checked(length).ok_or("the last message of the batch is cut off")?;
        messages.push(message);
        body = rest;
    }
    if body.is_empty() { Ok(messages) } else { Err("each message of a batch begins with its length in four octets") }
}

#[cfg(test)]
mod tests {
    use wamp_proto::rawsocket::MAX_LENGTH;

    use super::*;

    const FRAMING: Framing = Framing::RawSocket { max_length: MAX_LENGTH as u32 };

    fn frames(bodies: &[&[u8]]) -> Vec<u8> {
        let mut frames = Vec::new();
        for body in bodies {
            FRAMING.frame(true, &mut frames, |out| out.extend_from_slice(body)).unwrap();
        }
        frames
    }

    /// Specification: "HTTP Longpoll Transport", Opening a Session.
    #[test]
    fn there_are_six_protocols() {
        for name in NAMES {
            let protocol = Protocol::named(name).unwrap();
            assert!(name.starts_with(protocol.serializer.subprotocol()));
            assert_eq!(protocol.batched, name.ends_with(".batched"));
        }
        for name in ["", "wamp.2", "wamp.2.json.batched.batched", "wamp.2.ubjson", ".batched", "wamp.1.json"] {
            assert_eq!(Protocol::named(name), None, "{name:?}");
        }
    }

    /// Specification: "HTTP Longpoll Transport", Receiving WAMP Messages.
    #[test]
    fn unbatched_is_one_message_at_a_time() {
        let queued = frames(&[b"[1]", b"[2,2]"]);
        for serializer in Serializer::ALL {
            let protocol = Protocol { serializer, batched: false };
            let mut body = Vec::new();
            let done = protocol.fill(&mut body, FRAMING, &queued);
            assert_eq!((body.as_slice(), done), (b"[1]".as_slice(), 4 + 3));
            assert_eq!(protocol.fill(&mut body, FRAMING, &queued[done..]), 0, "one answer, one message");
            assert_eq!(protocol.split(&body).unwrap(), [b"[1]"]);
        }
    }

    /// Specification: "Message Batching" (advanced profile).
    #[test]
    fn batches_are_the_bytes_of_the_specification() {
        let queued = frames(&[b"[1]", b"[2,2]"]);
        let batch = |serializer| {
            let mut body = Vec::new();
            let done = Protocol { serializer, batched: true }.fill(&mut body, FRAMING, &queued);
            assert_eq!(done, queued.len());
            body
        };
        assert_eq!(batch(Serializer::Json), b"[1]\x1e[2,2]\x1e");
        assert_eq!(batch(Serializer::MessagePack), b"\0\0\0\x03[1]\0\0\0\x05[2,2]");
        assert_eq!(batch(Serializer::Cbor), b"\0\0\0\x03[1]\0\0\0\x05[2,2]");
        for serializer in Serializer::ALL {
            let protocol = Protocol { serializer, batched: true };
            assert_eq!(protocol.split(&batch(serializer)).unwrap(), [b"[1]".as_slice(), b"[2,2]"]);
        }
    }

    /// RawSocket says 2^24 in another way than 32 bits do.
    #[test]
    fn the_longest_message_has_its_length_in_32_bits() {
        let longest = vec![0; MAX_LENGTH];
        let mut body = Vec::new();
        Protocol { serializer: Serializer::Cbor, batched: true }.fill(&mut body, FRAMING, &frames(&[&longest]));
        assert_eq!((&body[..4], body.len()), ([1, 0, 0, 0].as_slice(), 4 + MAX_LENGTH));
    }

    /// Specification: "Message Batching" (advanced profile).
    #[test]
    fn what_is_no_batch_is_refused() {
        for serializer in Serializer::ALL {
            Protocol { serializer, batched: true }.split(b"").unwrap_err();
        }
        let json = Protocol { serializer: Serializer::Json, batched: true };
        json.split(b"[1]").unwrap_err();
        json.split(b"[1]\x1e[2]").unwrap_err();
        assert_eq!(json.split(b"\x1e").unwrap(), [b""], "for the decoder to refuse");
        let cbor = Protocol { serializer: Serializer::Cbor, batched: true };
        cbor.split(b"\0\0\0\x04abc").unwrap_err();
        cbor.split(b"\0\0\0\x03abc\0\0").unwrap_err();
        cbor.split(b"\xff\xff\xff\xff").unwrap_err();
    }
}
